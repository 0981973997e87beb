// Clients that leave, and clients that don't read: the provider's connection follows, and memory stays bounded.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import { ask, direct, parseResponses, pause, provide, RawClient, serve, until } from './support/relay.mjs'

const sinks = direct ? ['socket', 'write'] : ['write']

/** How long after `leftAt` the mock saw its client, which is us, leave. */
async function closedAfter(mock, leftAt) {
  const { closedByClient, receivedAt, elapsed } = await mock.waitForClose()
  assert.equal(closedByClient, true)
  return receivedAt + elapsed - leftAt
}

for (const sink of sinks) {
  describe(`a client that leaves, sink ${sink}`, () => {
    for (const [when, answer, begun] of [
      ['before the head', { delayHead: 20_000 }, false],
      ['before the first byte', { firstTokenDelay: 20_000, omit: ['start'] }, false],
      ['in a silence behind the first byte', { tokens: 100, stall: { afterTokens: 3 } }, true],
      ['while tokens come', { tokens: 10_000, tokensPerSecond: 200 }, true],
    ]) {
      for (const how of ['destroy', 'resetAndDestroy']) {
        it(`${when} has the provider's connection closed at once: ${how}`, async (t) => {
          const mock = await provide(t, answer)
          const { port, outcome } = await serve(t, (res) => ask(mock).pipe(res, { sink, format: 'text' }))
          const client = await RawClient.connect(t, port)
          client.get('/')
          await mock.waitForRequest()
          if (begun) await client.until(({ text }) => /\r\n\r\n[\s\S]/.test(text))
          else await pause(50)
          const leftAt = Date.now()
          client.socket[how]()
          const after = await closedAfter(mock, leftAt)
          // 100 ms is what is promised, of a machine that has time.
          assert.ok(after < 1000, `${after} ms`)
          const report = await outcome()
          assert.equal(report.completed, false)
          assert.equal(report.error, undefined)
          assert.equal(report.sink, begun ? sink : 'write')
        })
      }
    }

    it('does not end an answer that somebody else reads', async (t) => {
      const mock = await provide(t, { tokens: 40, tokensPerSecond: 100 })
      const { port, outcome } = await serve(t, async (res) => {
        const result = await ask(mock)
        const text = result.text
        const report = await result.pipe(res, { sink, format: 'text' })
        return { report, text: await text }
      })
      const client = await RawClient.connect(t, port)
      await client.get('/').until(({ text }) => /\r\n\r\n[\s\S]/.test(text))
      client.socket.destroy()
      const { report, text } = await outcome()
      assert.deepEqual([report.completed, report.error], [false, undefined])
      assert.ok(text.length > 40)
      assert.equal((await mock.waitForClose()).outcome, 'complete')
    })

    it('was gone already: quietly nothing is sent', async (t) => {
      const mock = await provide(t, { tokens: 10_000, tokensPerSecond: 100 })
      const { port, outcome } = await serve(t, async (res) => {
        const result = await ask(mock)
        await until(() => res.destroyed)
        return result.pipe(res, { sink })
      })
      const client = await RawClient.connect(t, port)
      client.get('/')
      await mock.waitForRequest()
      client.socket.destroy()
      assert.equal((await outcome()).completed, false)
      assert.equal((await mock.waitForClose()).closedByClient, true)
    })

    it('leaves while bytes of the app are still under way', async (t) => {
      const mock = await provide(t, { tokens: 10_000, tokensPerSecond: 100 })
      const { port, outcome } = await serve(t, async (res) => {
        // More than the kernel takes on, so that the answer has to wait behind it.
        res.socket.write(Buffer.alloc(32 * 1024 * 1024))
        return ask(mock).pipe(res, { sink })
      })
      const client = await RawClient.connect(t, port)
      client.get('/')
      client.socket.pause()
      await mock.waitForRequest()
      await pause(50)
      client.socket.resetAndDestroy()
      assert.equal((await outcome()).completed, false)
      assert.equal((await mock.waitForClose()).closedByClient, true)
    })

    it('at any moment leaves nothing open, and no rejection behind', async (t) => {
      const mock = await provide(t, { tokens: 60, tokensPerSecond: 400, jitter: 0.5 })
      const loud = []
      const onRejection = (error) => loud.push(error)
      process.on('unhandledRejection', onRejection)
      t.after(() => process.off('unhandledRejection', onRejection))
      const { port, sockets } = await serve(t, async (res, req) => {
        const n = Number(req.url.slice(1))
        const controller = new AbortController()
        const handle = ask(mock)
        const piped = handle.pipe(res, { sink, heartbeat: 20, signal: controller.signal })
        // Every third is ended from this side, in one way or another.
        if (n % 9 === 0) setTimeout(() => controller.abort(), n)
        else if (n % 9 === 3) setTimeout(() => handle.abort(), n)
        else if (n % 9 === 6) setTimeout(() => (n % 2 ? res.destroy() : res.end()), n)
        return piped
      })
      const before = openDescriptors()
      const one = async (n) => {
        const client = await RawClient.connect(t, port)
        client.get(`/${n}`)
        await pause((n * 37) % 170)
        client.socket[n % 2 ? 'destroy' : 'resetAndDestroy']()
      }
      for (let n = 0; n < 120; n += 20) await Promise.all(Array.from({ length: 20 }, (_, k) => one(n + k)))
      await until(() => mock.requests.every(({ outcome }) => outcome !== undefined), 'all answers to end')
      await until(() => sockets.size === 0, 'all sockets to close')
      // Both ends of the connections to the provider that wait for another request.
      const left = () => openDescriptors() - 2 * mock.openConnections
      await until(() => left() <= before, `descriptors to be closed: ${left()} of ${before}`)
      assert.deepEqual(loud, [])
    })
  })

  describe(`a client that does not read, sink ${sink}`, () => {
    // More than the kernel takes on for two connections of this machine.
    const word = 'w'.repeat(20_000)
    const text = `${word} `.repeat(1500).trim()

    it('stops the provider, takes no memory, and gets everything when it reads on', async (t) => {
      const mock = await provide(t, { text })
      const { port, outcome } = await serve(t, async (res) => {
        return (await ask(mock, { retain: false })).pipe(res, { sink, format: 'text' })
      })
      const client = await RawClient.connect(t, port)
      client.socket.pause()
      const before = held()
      client.get('/', 'Connection: close\r\n')
      await mock.waitForRequest()
      const sent = await standstill(() => mock.requests[0].bytesSent)
      assert.ok(sent < 0.8 * text.length, `${sent} bytes of ${text.length} were fetched`)
      assert.ok(held() - before < 8 * 2 ** 20, `${held() - before} bytes are held`)
      const pieces = []
      client.socket.removeAllListeners('data')
      client.socket.on('data', (bytes) => pieces.push(bytes)).resume()
      const report = await outcome()
      assert.equal(report.completed, true)
      assert.equal(report.bytes, text.length)
      await client.ended()
      const [response] = parseResponses(Buffer.concat(pieces))
      assert.equal(response.whole, true)
      assert.ok(response.body === text, 'the text is another')
    })

    it('and leaves, is forgotten', async (t) => {
      const mock = await provide(t, { text })
      const { port, outcome } = await serve(t, async (res) => (await ask(mock)).pipe(res, { sink, format: 'text' }))
      const client = await RawClient.connect(t, port)
      client.socket.pause()
      client.get('/')
      await mock.waitForRequest()
      await standstill(() => mock.requests[0].bytesSent)
      const leftAt = Date.now()
      client.socket.resetAndDestroy()
      assert.ok((await closedAfter(mock, leftAt)) < 1000)
      assert.equal((await outcome()).completed, false)
    })

    it('is sent no heartbeats', async (t) => {
      const mock = await provide(t, { text, stall: { afterTokens: 1400 } })
      const { port } = await serve(t, async (res) => {
        return (await ask(mock)).pipe(res, { sink, format: 'content', heartbeat: 40 })
      })
      const client = await RawClient.connect(t, port)
      client.socket.pause()
      client.get('/')
      await mock.waitForRequest()
      await standstill(() => mock.requests[0].bytesSent)
      // Fifty would be due.
      await pause(2000)
      const seen = []
      let size = 0
      client.socket.removeAllListeners('data')
      client.socket.on('data', (bytes) => {
        seen.push(bytes)
        size += bytes.length
      })
      client.socket.resume()
      await until(
        () => size > 1400 * word.length && seen.at(-1).includes('heartbeat'),
        'all of it and a heartbeat',
        15_000,
      )
      const all = Buffer.concat(seen).toString()
      const among = all.slice(0, all.lastIndexOf(word)).split(': heartbeat').length - 1
      assert.ok(among < 20, `${among} heartbeats among the tokens`)
    })
  })
}

/** Waits until a number that grows has not grown for a while. */
async function standstill(read) {
  let last = -1
  for (let still = 0, tries = 0; still < 6; tries++) {
    assert.ok(tries < 200, 'it never stands still')
    await pause(50)
    const now = read()
    still = now === last && now > 0 ? still + 1 : 0
    last = now
  }
  return last
}

/** Bytes that wait in Node's sockets are outside the heap, strings and the engine's own are in it or beside it. */
function held() {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function openDescriptors() {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    // Only Linux shows them so.
    return 0
  }
}
