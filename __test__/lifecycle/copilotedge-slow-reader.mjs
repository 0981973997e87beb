// Reads a stream of 100 MB through CopilotEdge slowly at first, then to its end, and reports how much memory that took:
// the pieces themselves, or the body of its route, as the second argument says.
import { CopilotEdge } from 'millstream/compat/copilotedge'
import { pause, report, url } from './support.mjs'

const edge = new CopilotEdge({ apiKey: 'key', accountId: 'account', baseUrl: url, stream: true })
const messages = [{ role: 'user', content: 'hello' }]
const rss = () => process.memoryUsage.rss() / 2 ** 20

async function source() {
  if (process.argv[3] === 'pieces') return (await edge.handleRequest({ messages }, { retain: false })).stream
  const request = new Request('http://app.test/', { method: 'POST', body: JSON.stringify({ messages }) })
  return (await edge.createNextHandler()(request)).body
}

let size = 0
let reads = 0
let peak = 0
let base = 0
for await (const piece of await source()) {
  if (base === 0) base = rss()
  size += piece.length
  // A consumer that takes its time: two seconds of doing nothing in all, spread over the first part.
  if (++reads <= 200) await pause(10)
  if (reads % 50 === 0) peak = Math.max(peak, rss())
}
report({ size, growth: Math.max(peak, rss()) - base })
