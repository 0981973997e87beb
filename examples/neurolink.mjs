// NeuroLink's names over this package: node examples/neurolink.mjs "How long is the Glomma?"
// Asks the first provider whose key is in the environment, such as OPENAI_API_KEY; OPENAI_BASE_URL leads elsewhere, for
// example to `npx millstream mock`.
import { NeuroLink } from 'millstream/compat/neurolink'

const neurolink = new NeuroLink()
neurolink.registerTool('now', {
  description: 'The time, as ISO 8601',
  execute: () => new Date().toISOString(),
})

const result = await neurolink.stream({
  input: { text: process.argv[2] ?? 'How long is the Glomma?' },
  maxTokens: 500,
  output: { streaming: { chunkSize: 20 } },
})
for await (const chunk of result) {
  if (chunk.type === 'text') console.log(chunk.content)
  if (chunk.type === 'tool_use') console.log(`→ ${chunk.tool}`)
}
console.log(`${result.provider}, ${result.model}: ${result.metadata.totalChunks} chunks`)
