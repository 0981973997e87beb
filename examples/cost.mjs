// What an answer costs, while it is written: node examples/cost.mjs "Tell me about rivers" 0.0005
// Stops at the limit, in US dollars. Needs OPENAI_API_KEY; OPENAI_BASE_URL leads elsewhere, for example to `npx millstream mock`.
import { calculateCost, estimateRequestTokens, StreamClient, TokenCounter } from 'millstream'

const [prompt = 'Tell me about rivers', limit = '0.0005'] = process.argv.slice(2)
const model = 'gpt-4o-mini'
const client = new StreamClient({ defaultProvider: 'openai', defaultModel: model, usage: 'estimate' })

const asked = estimateRequestTokens([{ role: 'user', content: prompt }], undefined, model).tokens
const said = new TokenCounter(model)
const result = await client.stream({ prompt })
for await (const piece of result.textStream) {
  process.stdout.write(piece)
  said.push(piece)
  if (calculateCost(asked, said.tokens, model) > Number(limit)) break
}

const { promptTokens, completionTokens, isEstimated, partial } = await result.usage
console.log(
  `\n${promptTokens} + ${completionTokens} tokens${isEstimated ? ', counted here' : ''}${partial ? ', stopped' : ''}`,
)
console.log(`$${client.totalCost.toFixed(6)}`)
