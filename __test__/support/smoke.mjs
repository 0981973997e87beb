// The packed package under another runtime: streams one answer from a provider that it starts itself, and ends. Run by
// scripts/test-runtimes.mjs and package.test.mjs inside a project that has the package installed.
import assert from 'node:assert/strict'
import { AIStream, EventStreamDecoder } from 'millstream'
import { AIStream as SameAIStream } from 'millstream/streaming'
import { MockProvider } from 'millstream/testing'

assert.equal(SameAIStream, AIStream)
assert.equal(new EventStreamDecoder().feed('data: one\n\n')[0]?.data, 'one')

const text = 'Ein Mühlbach treibt das Rad, 水 flows 🌊.'
const provider = await MockProvider.start({ text })
const stream = new AIStream({ provider: { baseUrl: `${provider.url}/v1` }, model: 'mock' })
let heard = ''
stream.on('token', (token) => {
  heard += token
})
await stream.send('Hello')
assert.equal(heard, text)
assert.equal(stream.getMessages().at(-1)?.content, text)
await provider.close()
console.log('ok')
