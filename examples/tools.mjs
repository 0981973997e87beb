// A model that looks things up: node examples/tools.mjs "Is the Glomma longer than the Tana?"
// Needs OPENAI_API_KEY; OPENAI_BASE_URL leads elsewhere, for example to `npx millstream mock`.
import { defineTool, StreamClient } from 'millstream'
import { z } from 'zod'

const lengths = new Map([
  ['glomma', 621],
  ['tana', 361],
])

const riverLength = defineTool({
  name: 'river_length',
  description: 'How long a river is, in kilometres',
  parameters: z.object({ river: z.string() }),
  execute: ({ river }) => {
    const kilometres = lengths.get(river.toLowerCase())
    // The model is told, and can say so or try another name.
    if (kilometres === undefined) throw new Error(`no river is called ${river}`)
    return { river, kilometres }
  },
})

const client = new StreamClient({ defaultProvider: 'openai', defaultModel: 'gpt-4o-mini' })
const prompt = process.argv[2] ?? 'Is the Glomma longer than the Tana?'

for await (const chunk of client.stream({ prompt, tools: [riverLength], maxSteps: 3 })) {
  if (chunk.type === 'tool-call') console.log('→', chunk.tool, chunk.rawArguments)
  if (chunk.type === 'tool-result') console.log(chunk.isError ? '✗' : '←', JSON.stringify(chunk.result))
  if (chunk.type === 'text') process.stdout.write(chunk.content)
  if (chunk.type === 'finish') console.log()
}
