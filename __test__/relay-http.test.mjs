// The relay among everything else that happens to a connection: keep-alive, pipelining, HTTP/1.0, HEAD, timeouts, an app
// that touches the response meanwhile, servers that close, every kind of server.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ask, direct, parseResponses, pause, provide, RawClient, serve, until } from './support/relay.mjs'
import { servers } from './support/response-servers.mjs'

const sinks = direct ? ['socket', 'write'] : ['write']
const text = 'The wheel turns, and 水 flows 🌊.'

/** A server that pipes an answer as text by the sink that the path names. */
async function relay(t, mock, options) {
  return serve(t, async (res, req) => (await ask(mock)).pipe(res, { format: 'text', sink: req.url.slice(1) }), options)
}

for (const sink of sinks) {
  describe(`a connection, sink ${sink}`, () => {
    it('serves the next request after an answer', async (t) => {
      const mock = await provide(t, { text, tokensPerSecond: 300 })
      const { port, outcome, sockets } = await relay(t, mock)
      const client = await RawClient.connect(t, port)
      for (let n = 0; n < 5; n++) {
        client.received = Buffer.alloc(0)
        await client.get(`/${sink}`).lastChunk()
        const [response, ...more] = parseResponses(client.received)
        assert.equal(response.body, text)
        assert.equal(more.length, 0)
        assert.equal((await outcome(n)).sink, sink)
      }
      assert.equal(sockets.size, 1)
    })

    it('closes behind the answer where the client asks for that', async (t) => {
      const mock = await provide(t, { text })
      const { port } = await relay(t, mock)
      const client = await RawClient.connect(t, port)
      await client.get(`/${sink}`, 'Connection: close\r\n').ended()
      assert.equal(client.over, 'end')
      const [response] = parseResponses(client.received)
      assert.deepEqual([response.body, response.whole], [text, true])
    })

    it('of HTTP/1.0 gets no chunks, and its end by the close', async (t) => {
      const mock = await provide(t, { text, tokensPerSecond: 300 })
      const { port, outcome } = await relay(t, mock)
      const client = await RawClient.connect(t, port)
      await client.get(`/${sink}`, '', '1.0').ended()
      const [response] = parseResponses(client.received)
      assert.equal(response.headers['transfer-encoding'], undefined)
      assert.equal(response.body, text)
      assert.equal(client.over, 'end')
      const report = await outcome()
      assert.deepEqual([report.completed, report.sink], [true, sink])
    })

    it('gets its 100 first where it expects one', async (t) => {
      const mock = await provide(t, { text })
      const { port } = await relay(t, mock)
      const client = await RawClient.connect(t, port)
      client.send(`POST /${sink} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`)
      await client.until(({ text }) => text.includes('100 Continue'))
      await client.send('{}').lastChunk()
      const whole = client.received
      const [response] = parseResponses(whole.subarray(whole.indexOf('\r\n\r\n') + 4))
      assert.equal(response.body, text)
    })

    it('has its socket timeout kept off by what goes out, and not by silence', async (t) => {
      const mock = await provide(t, { tokens: 60, tokensPerSecond: 50 })
      const { server, port, outcome } = await relay(t, mock)
      server.setTimeout(400)
      const busy = await RawClient.connect(t, port)
      await busy.get(`/${sink}`).lastChunk()
      assert.equal((await outcome()).completed, true)

      mock.respondWith({ tokens: 60, stall: { afterTokens: 5 } })
      const idle = await RawClient.connect(t, port)
      await idle.get(`/${sink}`).ended()
      assert.equal((await outcome(1)).completed, false)
      assert.equal((await mock.waitForClose(1)).closedByClient, true)
    })

    it('is finished by a server that closes in the middle', async (t) => {
      const mock = await provide(t, { tokens: 40, tokensPerSecond: 100 })
      const { server, port, outcome } = await relay(t, mock)
      const client = await RawClient.connect(t, port)
      await client.get(`/${sink}`).until((it) => parseHead(it.text))
      server.close()
      server.closeIdleConnections()
      await client.lastChunk()
      const [response] = parseResponses(client.received)
      assert.equal(response.whole, true)
      assert.equal((await outcome()).completed, true)
    })

    it('broken by closeAllConnections lets go of the provider', async (t) => {
      const mock = await provide(t, { tokens: 10_000, tokensPerSecond: 100 })
      const { server, port, outcome } = await relay(t, mock)
      const client = await RawClient.connect(t, port)
      await client.get(`/${sink}`).until((it) => parseHead(it.text))
      server.closeAllConnections()
      await client.ended()
      assert.equal((await outcome()).completed, false)
      assert.equal((await mock.waitForClose()).closedByClient, true)
    })

    it('breaks off, and lets go of the provider, where the app destroys the response', async (t) => {
      const mock = await provide(t, { tokens: 10_000, tokensPerSecond: 100 })
      const { port, outcome } = await serve(t, async (res) => {
        const piped = (await ask(mock)).pipe(res, { sink })
        setTimeout(() => res.destroy(), 100)
        return piped
      })
      const client = await RawClient.connect(t, port)
      await client.get('/').ended()
      assert.equal(parseResponses(client.received)[0].whole, false)
      const report = await outcome()
      assert.deepEqual([report.completed, report.error], [false, undefined])
      assert.equal((await mock.waitForClose()).closedByClient, true)
    })

    it('stays usable where the app ends the response in the middle', async (t) => {
      const mock = await provide(t, { script: [{ tokens: 10_000, tokensPerSecond: 100 }, { text }] })
      const { port, outcome } = await serve(t, async (res, req) => {
        const piped = (await ask(mock)).pipe(res, { sink, format: 'text' })
        if (req.url === '/cut') setTimeout(() => res.end('-- cut'), 150)
        return piped
      })
      const client = await RawClient.connect(t, port)
      await client.get('/cut').lastChunk()
      const [cut] = parseResponses(client.received)
      assert.match(cut.body, /.-- cut$/)
      const report = await outcome()
      assert.deepEqual([report.completed, report.error], [false, undefined])
      assert.equal((await mock.waitForClose()).closedByClient, true)
      client.received = Buffer.alloc(0)
      await client.get('/next').lastChunk()
      assert.equal(parseResponses(client.received)[0].body, text)
    })

    it('carries what the app writes meanwhile, whole and beside the frames', async (t) => {
      const mock = await provide(t, { tokens: 30, tokensPerSecond: 100 })
      const own = ': from the app 水\n\n'
      const { port, outcome } = await serve(t, async (res) => {
        const piped = (await ask(mock)).pipe(res, { sink, format: 'content' })
        const timer = setInterval(() => res.write(own), 40)
        try {
          return await piped
        } finally {
          clearInterval(timer)
        }
      })
      const client = await RawClient.connect(t, port)
      await client.get('/').lastChunk()
      const [{ body, whole }] = parseResponses(client.received)
      assert.equal(whole, true)
      const count = body.split(own).length - 1
      assert.ok(count >= 2, `${count} comments`)
      const contents = body.split(own).join('').split('\n\n').filter(Boolean)
      assert.equal(contents.filter((frame) => JSON.parse(frame.slice('data: '.length)).content !== '').length, 30)
      assert.equal((await outcome()).completed, true)
    })
  })
}

/** Whether the head and a part of the body are there. */
function parseHead(received) {
  const at = received.indexOf('\r\n\r\n')
  return at !== -1 && received.length > at + 4
}

it('answers pipelined requests in their order, each whole', async (t) => {
  const script = [{ tokens: 30, tokensPerSecond: 100, firstTokenDelay: 150 }, { text: 'second' }, { tokens: 20 }]
  const mock = await provide(t, { script })
  const reports = []
  const { port, outcome } = await serve(t, async (res, req) => {
    // Asked one after the other, so that the script's answers are theirs.
    while (mock.requests.length < Number(req.url.slice(1))) await pause(5)
    const report = await (await ask(mock)).pipe(res, { format: 'text' })
    reports.push(report)
    return report
  })
  const client = await RawClient.connect(t, port)
  client.send([0, 1, 2].map((n) => `GET /${n} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''))
  for (const n of [0, 1, 2]) await outcome(n)
  await client.until(({ text }) => text.split('0\r\n\r\n').length === 4)
  const responses = parseResponses(client.received)
  assert.equal(responses.length, 3)
  assert.ok(responses.every(({ whole }) => whole))
  assert.equal(responses[1].body, 'second')
  const sizes = (lengths) => lengths.sort((a, b) => a - b)
  assert.deepEqual(sizes(reports.map(({ bytes }) => bytes)), sizes(responses.map(({ bytes }) => bytes.length)))
  assert.ok(reports.every(({ completed }) => completed))
})

it('sends the head alone where HEAD asks for it, and lets go of the provider', async (t) => {
  const mock = await provide(t, { tokens: 10_000, tokensPerSecond: 100 })
  const { port, outcome } = await serve(t, (res) => ask(mock).pipe(res))
  const client = await RawClient.connect(t, port)
  client.send('HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  await client.ended()
  const [response] = parseResponses(Buffer.from(client.text.replace(/transfer-encoding: chunked\r\n/i, '')))
  assert.equal(response.status, 200)
  assert.equal(response.headers['content-type'], 'text/event-stream')
  assert.equal(response.body, '')
  assert.equal((await outcome()).completed, false)
  assert.equal((await mock.waitForClose()).closedByClient, true)
})

describe('every kind of server', () => {
  const socketKinds = ['node:http', 'Express 5', 'Express 4', 'Fastify, reply.raw', 'Koa, ctx.res', 'a Unix socket']
  for (const [name, start] of Object.entries(servers)) {
    it(`gets the answer whole: ${name}`, async (t) => {
      const mock = await provide(t, { text, tokensPerSecond: 300 })
      let report
      const request = await start(t, async (response) => {
        report = await ask(mock).pipe(response, { format: 'text', heartbeat: 10_000 })
      })
      const { status, headers, body } = await request()
      let received = ''
      body.setEncoding('utf8')
      for await (const piece of body) received += piece
      assert.equal(status, 200)
      assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
      assert.equal(received, text)
      await until(() => report)
      assert.equal(report.completed, true)
      assert.equal(report.sink, direct && socketKinds.includes(name) ? 'socket' : 'write')
    })

    it(`gets a failure as a status: ${name}`, async (t) => {
      const mock = await provide(t, { status: 429 })
      const request = await start(t, (response) => ask(mock).pipe(response))
      const { status, headers, body } = await request()
      let received = ''
      for await (const piece of body) received += piece
      assert.equal(status, 429)
      assert.match(headers['content-type'], /^application\/json/)
      assert.equal(JSON.parse(received).type, 'rate_limit_error')
    })

    it(`lets go of the provider when the client leaves: ${name}`, async (t) => {
      const mock = await provide(t, { tokens: 10_000, tokensPerSecond: 100 })
      let report
      const request = await start(t, async (response) => {
        report = await ask(mock).pipe(response)
      })
      const { body, leave } = await request()
      await once(body, 'data')
      leave()
      const { closedByClient } = await mock.waitForClose()
      assert.equal(closedByClient, true)
      await until(() => report)
      assert.deepEqual([report.completed, report.error], [false, undefined])
    })

    it(`breaks plain text off so that it is noticed: ${name}`, async (t) => {
      const mock = await provide(t, { text: 'one two three four', tokensPerSecond: 50, reset: { afterTokens: 3 } })
      const request = await start(t, (response) => ask(mock).pipe(response, { format: 'text' }))
      const { body } = await request()
      let received = ''
      await assert.rejects(async () => {
        for await (const piece of body) received += piece
      })
      assert.match(received, /^one/)
    })
  }
})

describe('a process', () => {
  const script = fileURLToPath(new URL('support/relay-process.mjs', import.meta.url))
  for (const how of ['exit', 'worker', 'drain']) {
    it(`ends as it should with relays under way: ${how}`, async (t) => {
      const mock = await provide(
        t,
        how === 'drain' ? { tokens: 30, tokensPerSecond: 100 } : { tokens: 10_000, tokensPerSecond: 100 },
      )
      const child = spawn(process.execPath, [script, how, mock.url], { stdio: ['ignore', 'pipe', 'pipe'] })
      t.after(() => child.kill('SIGKILL'))
      let out = ''
      let err = ''
      child.stdout.on('data', (bytes) => {
        out += bytes
      })
      child.stderr.on('data', (bytes) => {
        err += bytes
      })
      const [code] = await Promise.race([once(child, 'exit'), pause(15_000).then(() => ['late'])])
      assert.deepEqual([code, err], [0, ''])
      assert.equal(out, how === 'drain' ? 'whole\n' : 'begun\n')
      await mock.waitForConnections(0)
    })
  }
})

it('works for a client of node:http that reads at its own pace', async (t) => {
  const mock = await provide(t, { tokens: 2000 })
  const { port, outcome } = await serve(t, async (res) => (await ask(mock)).pipe(res, { format: 'text' }))
  const [response] = await once(http.get({ port, host: '127.0.0.1' }), 'response')
  let received = ''
  for await (const piece of response) {
    received += piece
    await pause(1)
  }
  const report = await outcome()
  assert.equal(report.completed, true)
  assert.equal(Buffer.byteLength(received), report.bytes)
  assert.equal(report.tokens, 2000)
})
