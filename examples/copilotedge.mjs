// CopilotEdge's route in a server of node:http: node examples/copilotedge.mjs, then
//   curl -N localhost:3000 -d '{"messages":[{"role":"user","content":"Hi"}]}'
// Needs CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID; CLOUDFLARE_BASE_URL leads elsewhere, for example to
// `npx millstream mock`.
import { createServer } from 'node:http'
import { CopilotEdge } from 'millstream/compat/copilotedge'

const edge = new CopilotEdge({ stream: true, maxMessages: 20 })

const server = createServer(edge.createNodeHandler())
server.listen(process.env.PORT ?? 3000, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`)
})
