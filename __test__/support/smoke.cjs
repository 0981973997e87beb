// The same as smoke.mjs through `require`.
const assert = require('node:assert/strict')
const { AIStream } = require('millstream')
const { MockProvider } = require('millstream/testing')

async function main() {
  const text = 'One answer, token by token.'
  const provider = await MockProvider.start({ text })
  const stream = new AIStream({ provider: { baseUrl: `${provider.url}/v1` }, model: 'mock' })
  let heard = ''
  for await (const chunk of stream.stream('Hello')) heard += chunk.content
  assert.equal(heard, text)
  await provider.close()
  console.log('ok')
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
