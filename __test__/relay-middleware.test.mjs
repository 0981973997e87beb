// The relay behind the middleware people use: tokens arrive one by one, nothing is lost, and the socket is left to Node
// where somebody stands between.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { describe, it } from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import compression from 'compression'
import express from 'express'
import express4 from 'express4'
import helmet from 'helmet'
import morgan from 'morgan'
import { ask, direct, parseResponses, provide, RawClient, serve, until } from './support/relay.mjs'
import { listen } from './support/response-servers.mjs'

/** A client that notes when each piece of the decoded body came. */
async function read(port, headers = {}) {
  const [response] = await once(
    http.get({ host: '127.0.0.1', port, path: '/', headers, agent: false }, () => {}),
    'response',
  )
  const pieces = []
  for await (const piece of response) pieces.push(piece)
  return { status: response.statusCode, headers: response.headers, pieces, bytes: Buffer.concat(pieces) }
}

function decode({ headers, bytes }) {
  const decoder = { gzip: gunzipSync, br: brotliDecompressSync }[headers['content-encoding']]
  return (decoder === undefined ? bytes : decoder(bytes)).toString()
}

const wrapped = (_req, res, next) => {
  const { write } = res
  res.write = function (chunk, ...rest) {
    res.seen = (res.seen ?? 0) + chunk.length
    return write.call(this, chunk, ...rest)
  }
  next()
}

const lines = []
const stacks = {
  'compression()': { use: [compression({ threshold: 0 })], sink: 'write', encoding: 'gzip', accepts: 'gzip' },
  'compression(), a client that takes none': { use: [compression()], sink: 'write', accepts: 'identity' },
  'helmet()': { use: [helmet()], sink: 'socket', header: 'x-content-type-options' },
  'morgan()': { use: [morgan('tiny', { stream: { write: (line) => lines.push(line) } })], sink: 'socket' },
  'a wrapped res.write': { use: [wrapped], sink: 'write' },
  'all of them': { use: [helmet(), morgan('tiny', { stream: { write() {} } }), compression(), wrapped], sink: 'write' },
}

for (const [version, framework] of [
  [5, express],
  [4, express4],
]) {
  for (const [name, { use, sink, encoding, accepts, header }] of Object.entries(stacks)) {
    it(`Express ${version} behind ${name}: token by token, and nothing lost`, async (t) => {
      const mock = await provide(t, { tokens: 40, tokensPerSecond: 100 })
      const app = framework().use(...use)
      let report
      app.get('/', async (_req, res) => {
        report = await ask(mock).pipe(res, { format: 'text', headers: { 'Cache-Control': 'no-cache' } })
      })
      const port = await listen(t, http.createServer(app))
      const answer = await read(port, accepts === undefined ? {} : { 'accept-encoding': accepts })
      assert.equal(answer.status, 200)
      assert.equal(answer.headers['content-encoding'], encoding)
      if (header !== undefined) assert.ok(answer.headers[header])
      assert.ok(answer.pieces.length >= 15, `${answer.pieces.length} pieces`)
      await until(() => report)
      assert.equal(report.sink, direct ? sink : 'write')
      assert.equal(report.completed, true)
      assert.equal(report.tokens, 40)
      const text = decode(answer)
      assert.equal(Buffer.byteLength(text), report.bytes)
      assert.equal(text, await (await ask(mock)).text)
    })
  }

  it(`Express ${version} behind compression(): a client that leaves lets go of the provider`, async (t) => {
    const mock = await provide(t, { tokens: 10_000, tokensPerSecond: 200 })
    const app = framework().use(compression({ threshold: 0 }))
    app.get('/', (_req, res) => void ask(mock).pipe(res))
    const client = await RawClient.connect(t, await listen(t, http.createServer(app)))
    await client.get('/', 'Accept-Encoding: gzip\r\n').until(({ received }) => received.length > 800)
    client.socket.destroy()
    assert.equal((await mock.waitForClose()).closedByClient, true)
  })
}

it('has its line in the log when the answer is out', () => {
  assert.ok(lines.length >= 2)
  for (const line of lines) assert.match(line, /^GET \/ 200/)
})

it('says who stands in the way where the socket was asked for', { skip: !direct }, async (t) => {
  const mock = await provide(t, { text: 'one' })
  const { port, outcome } = await serve(t, async (res) => {
    wrapped(undefined, res, () => {})
    const error = await (await ask(mock)).pipe(res, { sink: 'socket' }).catch((reason) => reason)
    res.end('refused')
    return error
  })
  assert.equal((await read(port)).bytes.toString(), 'refused')
  const error = await outcome()
  assert.equal(error.code, 'SINK_UNAVAILABLE')
  assert.match(error.message, /has replaced `write` of the response/)
})

describe('compression of its own', () => {
  for (const [encoding, accepts] of [
    ['gzip', 'gzip, deflate'],
    ['br', 'gzip;q=0.5, br'],
  ]) {
    it(`sends each token at once, in ${encoding}`, async (t) => {
      const mock = await provide(t, { tokens: 40, tokensPerSecond: 100 })
      const { port, outcome } = await serve(t, (res) => {
        res.setHeader('Vary', 'Origin')
        return ask(mock).pipe(res, { compression: true })
      })
      const answer = await read(port, { 'accept-encoding': accepts })
      assert.equal(answer.headers['content-encoding'], encoding)
      assert.equal(answer.headers.vary, 'Origin, Accept-Encoding')
      assert.ok(answer.pieces.length >= 15, `${answer.pieces.length} pieces`)
      const body = decode(answer)
      assert.equal(body.match(/event: token/g).length, 40)
      const report = await outcome()
      assert.deepEqual([report.completed, report.sink], [true, 'write'])
      assert.equal(report.bytes, Buffer.byteLength(body))
      assert.ok(answer.bytes.length < report.bytes)
    })
  }

  it('is left out for a client that takes none, and the engine writes', async (t) => {
    const mock = await provide(t, { tokens: 20, tokensPerSecond: 200 })
    const { port, outcome } = await serve(t, (res) => ask(mock).pipe(res, { compression: true }))
    const answer = await read(port)
    assert.equal(answer.headers['content-encoding'], undefined)
    assert.equal(answer.headers.vary, 'Accept-Encoding')
    assert.match(answer.bytes.toString(), /event: done/)
    assert.equal((await outcome()).sink, direct ? 'socket' : 'write')
  })

  it('holds back for a client that does not read', async (t) => {
    // Not to be compressed, or it would fit into the kernel's buffers.
    let seed = 1
    const letter = () => {
      seed = (seed * 48271) % 2147483647
      return String.fromCharCode(33 + (seed % 90))
    }
    const word = Array.from({ length: 20_000 }, letter).join('')
    const mock = await provide(t, { text: Array.from({ length: 1200 }, (_, n) => `${n}${word}`).join(' ') })
    const { port, outcome } = await serve(t, async (res) =>
      (await ask(mock, { retain: false })).pipe(res, { compression: true, format: 'text' }),
    )
    const client = await RawClient.connect(t, port)
    client.socket.pause()
    client.get('/', 'Accept-Encoding: gzip\r\nConnection: close\r\n')
    await mock.waitForRequest()
    let last = -1
    await until(
      () => {
        const now = mock.requests[0].bytesSent
        const still = now > 0 && now === last
        last = now
        return still
      },
      'the provider to be stopped',
      8000,
    )
    assert.ok(mock.requests[0].bytesSent < 0.9 * 1200 * word.length, `${mock.requests[0].bytesSent} bytes were fetched`)
    client.socket.resume()
    const report = await outcome()
    assert.equal(report.completed, true)
    await client.ended()
    const [response] = parseResponses(client.received)
    assert.equal(gunzipSync(response.bytes).length, report.bytes)
  })
})
