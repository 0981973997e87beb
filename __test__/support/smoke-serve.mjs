// The packed package under Bun's own server: a route that answers with a web response, read back by AIStream, and a client
// that leaves. Run by scripts/test-runtimes.mjs inside a project that has the package installed.
import assert from 'node:assert/strict'
import { AIStream, StreamClient } from 'millstream'
import { MockProvider } from 'millstream/testing'

const text = 'Ein Mühlbach treibt das Rad, 水 flows 🌊.'
const provider = await MockProvider.start({ text })
const client = new StreamClient({ providers: { mock: { baseUrl: `${provider.url}/v1`, model: 'm' } } })
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    const { messages } = await request.json()
    const result = await client.stream({ messages, signal: request.signal })
    return result.toResponse()
  },
})

const reader = new AIStream({ endpoint: '/api/chat', baseUrl: `http://127.0.0.1:${server.port}`, model: 'any' })
await reader.send('Hello')
assert.equal(provider.requests.length, 1)
assert.equal(reader.getMessages().at(-1)?.content, text)

provider.reset()
provider.respondWith({ tokens: 10_000, tokensPerSecond: 50 })
for await (const chunk of reader.stream('And on?')) if (chunk.type === 'text' && chunk.index >= 3) break
assert.equal((await provider.waitForClose(0)).closedByClient, true)

await server.stop(true)
await provider.close()
console.log('ok')
