// `toResponse`, `toReadableStream` and `pipeToWebSocket`: the same answers for servers that speak the web's own types.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { AIStream } from 'millstream'
import { WebSocket, WebSocketServer } from 'ws'
import { ask, formats, parseResponses, pause, provide, RawClient, serve, timeless, until } from './support/relay.mjs'

const text = 'Der Mühlbach "treibt"\n das Rad, 水 flows 🌊.'

describe('a web response', () => {
  for (const format of formats) {
    it(`has the same body as a piped one, in format ${format}`, async (t) => {
      const mock = await provide(t, { text, reasoning: 'Hm.', tokensPerSecond: 300 })
      const { port } = await serve(t, async (res) => (await ask(mock)).pipe(res, { format }))
      const client = await RawClient.connect(t, port)
      await client.get('/').lastChunk()
      const [piped] = parseResponses(client.received)

      const response = (await ask(mock)).toResponse({ format, headers: { 'x-mill': 'yes' } })
      assert.equal(response.status, 200)
      assert.equal(response.headers.get('x-mill'), 'yes')
      for (const name of ['content-type', 'cache-control', 'x-accel-buffering', 'x-vercel-ai-ui-message-stream']) {
        assert.equal(response.headers.get(name) ?? undefined, piped.headers[name])
      }
      assert.equal(timeless(await response.text()), timeless(piped.body))
    })
  }

  it('is there at once, and its body comes token by token', async (t) => {
    const mock = await provide(t, { tokens: 20, tokensPerSecond: 100 })
    const response = (await ask(mock)).toResponse({ format: 'content' })
    let chunks = 0
    for await (const chunk of response.body) {
      assert.ok(chunk instanceof Uint8Array)
      chunks++
    }
    assert.ok(chunks >= 10, `${chunks} chunks`)
  })

  it('tells of a failure in its body and ends it', async (t) => {
    const mock = await provide(t, { text: 'one two three four', firstTokenDelay: 30, error: { afterTokens: 2 } })
    const body = await (await ask(mock)).toResponse().text()
    assert.match(body, /event: token[\s\S]*event: error[\s\S]*"aborted":true/)
    mock.respondWith({ firstTokenDelay: 30, omit: ['start'], error: { afterTokens: 0, message: 'no luck' } })
    const early = (await ask(mock)).toResponse()
    assert.equal(early.status, 200)
    assert.match(await early.text(), /event: start[\s\S]*no luck/)
  })

  it('breaks off in plain text, behind what came', async (t) => {
    const mock = await provide(t, { text: 'one two three four', tokensPerSecond: 50, reset: { afterTokens: 3 } })
    const reader = (await ask(mock)).toResponse({ format: 'text' }).body.getReader()
    let received = ''
    const failed = await (async () => {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return undefined
        received += Buffer.from(value)
      }
    })().catch((error) => error)
    assert.match(received, /^one two/)
    assert.equal(failed.type, 'connection_error')
  })

  it("lets go of the provider when its body is cancelled, or its request's signal fires", async (t) => {
    const mock = await provide(t, { tokens: 10_000, tokensPerSecond: 100 })
    const reader = (await ask(mock)).toResponse().body.getReader()
    await reader.read()
    await reader.cancel()
    assert.equal((await mock.waitForClose(0)).closedByClient, true)

    const controller = new AbortController()
    const request = new Request('http://x/', { signal: controller.signal })
    const response = (await ask(mock)).toResponse({ request })
    await pause(30)
    controller.abort()
    assert.equal((await mock.waitForClose(1)).closedByClient, true)
    assert.ok((await response.text()).length > 0)
  })

  it('is compressed as its request allows, each event at once', async (t) => {
    const mock = await provide(t, { tokens: 30, tokensPerSecond: 100 })
    const request = new Request('http://x/', { headers: { 'accept-encoding': 'gzip' } })
    const response = (await ask(mock)).toResponse({ request, compression: true })
    assert.equal(response.headers.get('content-encoding'), 'gzip')
    assert.equal(response.headers.get('vary'), 'Accept-Encoding')
    const chunks = []
    for await (const chunk of response.body) chunks.push(chunk)
    assert.ok(chunks.length >= 10, `${chunks.length} chunks`)
    assert.equal(gunzipSync(Buffer.concat(chunks)).toString().split('event: token').length, 31)
    const plain = (await ask(mock)).toResponse({ request: new Request('http://x/'), compression: true })
    assert.equal(plain.headers.get('content-encoding'), null)
    assert.match(await plain.text(), /event: done/)
  })

  it('that nobody reads stops the provider', async (t) => {
    const mock = await provide(t, { text: `${'w'.repeat(20_000)} `.repeat(1000) })
    const stream = (await ask(mock)).toReadableStream({ format: 'text' })
    let last = -1
    await until(() => {
      const now = mock.requests[0].bytesSent
      const still = now > 0 && now === last
      last = now
      return still
    })
    await pause(300)
    const sent = mock.requests[0].bytesSent
    assert.ok(sent < 0.8 * 20_000_000, `${sent} bytes were fetched`)
    let length = 0
    for await (const chunk of stream) length += chunk.length
    assert.equal(length, 20_001_000)
  })

  it('can be made of an answer that is over, and of one twice', async (t) => {
    const mock = await provide(t, { text })
    const result = await ask(mock)
    const [one, two] = await Promise.all([
      result.toResponse({ format: 'text' }).text(),
      new Response(result.toReadableStream({ format: 'text' })).text(),
    ])
    assert.deepEqual([one, two], [text, text])
    await result.text
    assert.equal(await result.toResponse({ format: 'text' }).text(), text)
  })

  it('ends in an error frame when a signal fires', async (t) => {
    const mock = await provide(t, { tokens: 10_000, tokensPerSecond: 100 })
    const response = (await ask(mock)).toResponse({ signal: AbortSignal.timeout(100) })
    const body = await response.text()
    assert.match(body, /event: token[\s\S]*event: error[\s\S]*"aborted":true/)
    assert.equal((await mock.waitForClose()).closedByClient, true)
  })

  it('beats in a silence', async (t) => {
    const mock = await provide(t, { text: 'one', firstTokenDelay: 250, omit: ['start'] })
    const body = await (await ask(mock)).toResponse({ heartbeat: 60 }).text()
    const beats = body.split(': heartbeat\n\n').length - 1
    assert.ok(beats >= 1 && beats <= 5, `${beats} heartbeats`)
    assert.match(body, /event: token/)
  })
})

describe('a response whose status is that of the answer', () => {
  it('waits for the first byte or the failure', async (t) => {
    const mock = await provide(t, { text, delayHead: 30 })
    const good = await ask(mock).respond({ format: 'text' })
    assert.deepEqual([good.status, await good.text()], [200, text])
    mock.respondWith({ status: 429, retryAfter: 2 })
    const bad = await ask(mock).respond()
    assert.equal(bad.status, 429)
    assert.equal(bad.headers.get('retry-after'), '2')
    assert.equal((await bad.json()).type, 'rate_limit_error')
  })

  it('is let go of where the request is aborted before', async (t) => {
    const mock = await provide(t, { delayHead: 20_000 })
    const request = new Request('http://x/', { signal: AbortSignal.timeout(100) })
    assert.equal((await ask(mock).respond({ request })).status, 499)
    assert.equal((await mock.waitForClose()).closedByClient, true)
  })
})

describe('a WebSocket', () => {
  async function serveSockets(t, route) {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    await once(server, 'listening')
    t.after(() => {
      for (const client of server.clients) client.terminate()
      server.close()
    })
    server.on('connection', route)
    return `ws://127.0.0.1:${server.address().port}`
  }

  async function connect(t, url) {
    const socket = new WebSocket(url)
    t.after(() => socket.terminate())
    const messages = []
    socket.on('message', (data) => messages.push(JSON.parse(data.toString())))
    await once(socket, 'open')
    return { socket, messages }
  }

  it('gets a message an event, and stays open', async (t) => {
    const mock = await provide(t, { text, tokensPerSecond: 300 })
    let piped
    const url = await serveSockets(t, (socket) => {
      piped = ask(mock).then((result) => result.pipeToWebSocket(socket))
    })
    const { socket, messages } = await connect(t, url)
    await until(() => messages.at(-1)?.type === 'complete')
    await piped
    const pieces = messages.filter(({ type }) => type === 'chunk')
    assert.equal(pieces.map(({ content }) => content).join(''), text)
    assert.equal(messages.at(-1).data.content, text)
    assert.ok(messages.at(-1).data.usage.totalTokens > 0)
    assert.equal(socket.readyState, WebSocket.OPEN)
  })

  it('hears of a failure, before and after the first token', async (t) => {
    const mock = await provide(t, {
      text: 'one two',
      firstTokenDelay: 30,
      error: { afterTokens: 1, message: 'no luck' },
    })
    const url = await serveSockets(t, (socket) => void ask(mock).then((result) => result.pipeToWebSocket(socket)))
    const late = await connect(t, url)
    await until(() => late.messages.at(-1)?.type === 'error')
    assert.match(late.messages.at(-1).error, /no luck/)
    assert.equal(late.messages[0].content, 'one')
    mock.respondWith({ firstTokenDelay: 30, omit: ['start'], error: { afterTokens: 0, message: 'none at all' } })
    const early = await connect(t, url)
    await until(() => early.messages.at(-1)?.type === 'error')
    assert.match(early.messages.at(-1).error, /none at all/)
  })

  it('that closes lets go of the provider; one that is closed gets nothing', async (t) => {
    const mock = await provide(t, { tokens: 10_000, tokensPerSecond: 100 })
    const url = await serveSockets(t, (socket) => void ask(mock).then((result) => result.pipeToWebSocket(socket)))
    const { socket, messages } = await connect(t, url)
    await until(() => messages.length > 3)
    socket.terminate()
    assert.equal((await mock.waitForClose(0)).closedByClient, true)
    await (await ask(mock)).pipeToWebSocket(socket)
    assert.equal((await mock.waitForClose(1)).closedByClient, true)
  })

  it('that is not read holds a bounded amount, and gets everything in the end', async (t) => {
    const words = 1500
    const mock = await provide(t, { text: `${'w'.repeat(20_000)} `.repeat(words).trim() })
    let server
    const url = await serveSockets(t, (socket) => {
      server = socket
      void ask(mock, { retain: false }).then((result) => result.pipeToWebSocket(socket))
    })
    const { socket, messages } = await connect(t, url)
    socket.pause()
    let most = 0
    for (let n = 0; n < 40; n++) {
      await pause(20)
      most = Math.max(most, server?.bufferedAmount ?? 0)
    }
    assert.ok(most > 0 && most < 1024 * 1024, `${most} bytes waited in the socket`)
    assert.ok(mock.requests[0].bytesSent < 0.8 * words * 20_000, `${mock.requests[0].bytesSent} bytes were fetched`)
    socket.resume()
    await until(() => messages.at(-1)?.type === 'complete')
    assert.equal(messages.filter(({ type }) => type === 'chunk').length, words)
  })

  it('is read by AIStream', async (t) => {
    const mock = await provide(t, { text, tokensPerSecond: 300 })
    const url = await serveSockets(t, (socket) => {
      socket.once('message', () => void ask(mock).then((result) => result.pipeToWebSocket(socket)))
    })
    const answer = await new AIStream({ endpoint: url, model: 'any' }).stream('Hi')
    assert.equal(await answer.text, text)
    assert.ok((await answer.usage).totalTokens > 0)
  })

  it('is told by its signal', async (t) => {
    const mock = await provide(t, { tokens: 10_000, tokensPerSecond: 100 })
    const signal = AbortSignal.timeout(150)
    const url = await serveSockets(
      t,
      (socket) => void ask(mock).then((result) => result.pipeToWebSocket(socket, { signal })),
    )
    const { messages } = await connect(t, url)
    await until(() => messages.at(-1)?.type === 'error')
    assert.equal((await mock.waitForClose()).closedByClient, true)
  })
})
