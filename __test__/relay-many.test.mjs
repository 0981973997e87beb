// Many relays at once through one server: each client gets its own answer, whole and once. `RELAYS` sets how many.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MockProvider } from 'millstream/testing'
import { read, readEvents, startRelay } from './support/relaying.mjs'

const RELAYS = Number(process.env.RELAYS ?? 500)
const TOKENS = 30

/** No two streams have a word in common, so that nothing can stray unseen. */
const textOf = (stream) => Array.from({ length: TOKENS }, (_, at) => `м${stream}·${at}`).join(' ')

test('many relays at once each bring their own answer, whole and once', { timeout: 120_000 }, async () => {
  const mock = await MockProvider.start({ tokensPerSecond: 5, maxRequests: RELAYS + 1 })
  const server = await startRelay(mock.url)
  try {
    const streams = Array.from({ length: RELAYS }, (_, stream) => {
      const sink = stream % 2 === 0 ? 'auto' : 'write'
      return read(server.port, { name: stream, answer: { text: textOf(stream) }, sink })
    })
    for (const [stream, came] of (await Promise.all(streams)).entries()) {
      assert.deepEqual([came.status, came.ended, came.error], [200, true, undefined], `stream ${stream}`)
      const { text, tokens, error, done } = readEvents(came.body)
      assert.equal(text, textOf(stream))
      assert.equal(tokens, TOKENS)
      assert.equal(error, undefined)
      assert.ok(done && !done.aborted)
    }
    assert.ok(mock.peakConnections >= RELAYS, `${mock.peakConnections} were open at once`)
    assert.ok(mock.requests.every(({ outcome }) => outcome === 'complete'))
    const { relays } = await server.settle(({ relays }) => relays.ended === RELAYS)
    assert.deepEqual(relays.refused, [])
    assert.equal(relays.completed, RELAYS)
    const direct = process.platform === 'linux' || process.platform === 'darwin'
    assert.equal(relays.socket, direct ? Math.ceil(RELAYS / 2) : 0, 'the engine wrote to the sockets it could write to')
    await mock.close()
    assert.deepEqual(await server.end(), { code: 0, signal: null, stderr: '' })
  } finally {
    server.kill()
    await mock.close()
  }
})
