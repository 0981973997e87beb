// A provider with a format of its own: `node examples/custom-provider/nebula.mjs`, with NEBULA_BASE_URL and
// NEBULA_API_KEY set.
import { registerProvider, StreamClient } from 'millstream'

registerProvider({
  name: 'nebula',
  baseUrl: 'https://api.nebula.example',
  baseUrlVariables: ['NEBULA_BASE_URL'],
  keyVariables: ['NEBULA_API_KEY'],
  keyPage: 'https://nebula.example/keys',
  path: 'v1/speak/{model}',
  // What is sent.
  encode: ({ messages, maxTokens, stream = true }) => ({
    turns: messages.map(({ role, content }) => ({ by: role, says: content })),
    limit: maxTokens,
    live: stream,
  }),
  // What comes back: a JSON object a line.
  framing: 'lines',
  async *decode(lines) {
    for await (const line of lines) {
      const { says, thinks, spent } = JSON.parse(line)
      if (thinks) yield { type: 'reasoning', content: '', reasoning: thinks }
      if (says) yield { type: 'text', content: says, index: 0 }
      if (spent) {
        const { asked: promptTokens, answered: completionTokens } = spent
        const usage = { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens }
        yield { type: 'usage', content: '', usage }
        yield { type: 'finish', content: '', finished: true, finishReason: 'stop' }
      }
    }
  },
})

const client = new StreamClient()
const answer = client.stream({ provider: 'nebula', model: 'nova-1', prompt: 'Where does the river go?' })
for await (const { content } of answer) process.stdout.write(content)
console.log(`\n${(await (await answer).usage)?.totalTokens} tokens`)
