import assert from 'node:assert/strict'
import http from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { test } from 'node:test'
import { brotliDecompressSync, createGunzip, gunzipSync } from 'node:zlib'
import { AIStream, MemoryReplayLog, StreamError, StreamingResponse, ValidationError } from 'millstream'
import { inStep } from './support/in-step.mjs'
import { parseFrames, textIn } from './support/mock-response.mjs'
import { listen } from './support/response-servers.mjs'
import { pause, until } from './support/scripted-server.mjs'

const requestWith = (headers, init) => new Request('http://127.0.0.1/', { method: 'POST', headers, ...init })

/** Serves `handler(request)`, which gives a web `Response`, as a framework does, and gives the address. */
async function serveWeb(t, handler) {
  const server = http.createServer(async (req, res) => {
    const left = new AbortController()
    res.on('close', () => left.abort())
    const response = await handler(new Request('http://127.0.0.1/', { headers: req.headers, signal: left.signal }))
    res.writeHead(response.status, Object.fromEntries(response.headers))
    if (response.body === null) res.end()
    else await pipeline(Readable.fromWeb(response.body), res).catch(() => {})
  })
  return `http://127.0.0.1:${await listen(t, server)}/`
}

test('a web response has the status, the headers and the frames of any other', async () => {
  const stream = StreamingResponse.web({ customHeaders: { 'X-App': '1', 'Cache-Control': 'no-store' } })
  assert.ok(stream instanceof StreamingResponse)
  assert.equal(stream.isStreamActive(), false)
  assert.equal(stream.start(), stream)
  stream
    .sendToken('Hello', 0)
    .sendToken(' 🌊\r\n', 1)
    .sendUsage({ promptTokens: 1, completionTokens: 2, totalTokens: 3 })
  assert.equal(stream.isStreamActive(), true)
  stream.end()
  assert.equal(stream.getMessageCount(), 5)
  const { response } = stream
  assert.ok(response instanceof Response)
  assert.equal(response, stream.response)
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'text/event-stream')
  assert.equal(response.headers.get('cache-control'), 'no-store')
  assert.equal(response.headers.get('x-accel-buffering'), 'no')
  assert.equal(response.headers.get('x-app'), '1')
  const frames = parseFrames(await response.text())
  assert.deepEqual(
    frames.map(({ event, id }) => [event, id]),
    [
      ['start', '1'],
      ['token', '2'],
      ['token', '3'],
      ['usage', '4'],
      ['done', '5'],
    ],
  )
  assert.equal(textIn(frames), 'Hello 🌊\r\n')
})

test('a route that returns a web response is read by AIStream and by fetch, token by token', async (t) => {
  const { produce, read } = inStep()
  const url = await serveWeb(t, (request) => {
    const stream = StreamingResponse.web({ request })
    void produce(stream.start())
    return stream.response
  })
  await read((await fetch(url)).body)

  const heard = []
  const told = await serveWeb(t, (request) => {
    const stream = StreamingResponse.web({ request })
    const { response } = stream
    void stream
      .start()
      .pipeFrom(['Hello', ' ', 'world'])
      .then(() => stream.end())
    return response
  })
  const stream = new AIStream({ endpoint: told, model: 'm' })
  stream.on('token', (token) => heard.push(token))
  await stream.send('hi')
  assert.deepEqual(heard, ['Hello', ' ', 'world'])
})

test('the sends of one tick are one chunk', async () => {
  const stream = StreamingResponse.web().start()
  const reader = stream.response.body.getReader()
  for (let n = 0; n < 10; n++) stream.sendToken(`t${n}`)
  const first = await reader.read()
  assert.equal(parseFrames(new TextDecoder().decode(first.value)).length, 11)
  stream.sendToken('later').end()
  const second = await reader.read()
  assert.equal(parseFrames(new TextDecoder().decode(second.value)).length, 2)
  assert.equal((await reader.read()).done, true)
})

test('a reader that cancels aborts the signal and runs the hook', async () => {
  for (const leave of [(body) => body.cancel(), async (body) => void (await body.getReader().cancel('enough'))]) {
    let hook = 0
    const stream = StreamingResponse.web({ onClose: () => hook++ })
    const { body } = stream.start().sendToken('a').response
    await pause(1)
    assert.equal(stream.signal.aborted, false)
    await leave(body)
    assert.equal(stream.signal.aborted, true)
    assert.equal(stream.signal.reason.code, 'CLIENT_DISCONNECTED')
    assert.equal(hook, 1)
    assert.equal(stream.isStreamActive(), false)
    assert.equal(stream.sendToken('b'), stream)
    await stream.ready()
    stream.end()
    stream.abort('x')
    assert.equal(stream.getMessageCount(), 2)
  }
  const strict = StreamingResponse.web({ strict: true })
  await strict.start().response.body.cancel()
  assert.throws(() => strict.sendToken('x'), /^StreamError: Client disconnected$/)
})

test('a request that is aborted does so as well, before and after the start', async (t) => {
  let stream
  const url = await serveWeb(t, (request) => {
    stream = StreamingResponse.web({ request }).start().sendToken('a')
    return stream.response
  })
  const controller = new AbortController()
  const response = await fetch(url, { signal: controller.signal })
  await response.body.getReader().read()
  controller.abort()
  await until(() => stream.signal.aborted, 'the signal')

  const early = StreamingResponse.web({ request: requestWith({}, { signal: AbortSignal.abort() }) })
  let hook = 0
  const left = new AbortController()
  const later = StreamingResponse.web({ request: requestWith({}, { signal: left.signal }), onClose: () => hook++ })
  left.abort()
  assert.equal(later.signal.aborted, true)
  assert.equal(hook, 1)
  for (const gone of [early, later]) {
    gone.start().sendToken('x').end()
    assert.equal(gone.isStreamActive(), false)
    assert.equal(gone.signal.aborted, true)
    assert.equal(await gone.response.text(), '')
  }

  // After the end it is nobody's concern.
  const after = new AbortController()
  const ended = StreamingResponse.web({ request: requestWith({}, { signal: after.signal }) }).start()
  ended.end()
  after.abort()
  assert.equal(ended.signal.aborted, false)
  assert.match(await ended.response.text(), /event: done/)
})

test('a reader that does not read makes `ready` and pipeFrom wait', async () => {
  let pulled = 0
  async function* source() {
    for (;;) {
      pulled++
      yield 'x'.repeat(1000)
    }
  }
  const stream = StreamingResponse.web().start()
  const piped = stream.pipeFrom(source())
  await pause(30)
  const stalled = pulled
  assert.ok(stalled > 5 && stalled < 64, `${stalled} items were taken`)
  await pause(30)
  assert.equal(pulled, stalled)
  const reader = stream.response.body.getReader()
  let bytes = 0
  while (bytes < 500_000) bytes += (await reader.read()).value.length
  assert.ok(pulled > 400 && pulled < 700, `${pulled} items were taken`)
  await reader.cancel()
  const count = await piped
  assert.ok(count <= pulled && count > 400)
})

test('a failure before the start is a real status, where nothing was promised yet', async () => {
  const failed = StreamingResponse.web()
  failed.abort({ error: 'no key', code: 'NO_KEY', status: 503 })
  assert.equal(failed.response.status, 503)
  assert.equal(failed.response.headers.get('content-type'), 'application/json')
  assert.deepEqual(await failed.response.json(), { error: 'no key', code: 'NO_KEY', status: 503 })

  const promised = StreamingResponse.web()
  const { response } = promised
  assert.equal(response.status, 200)
  assert.throws(() => promised.sendToken('x'), /Stream not started/)
  promised.abort('no key')
  const frames = parseFrames(await response.text())
  assert.deepEqual(
    frames.map(({ event }) => event),
    ['start', 'error', 'done'],
  )
  assert.equal(frames[2].data.aborted, true)

  const late = StreamingResponse.web()
  const { body } = late.response
  late.start().sendToken('x').end()
  assert.throws(() => late.start(), /Stream already started/)
  assert.equal(textIn(parseFrames(await new Response(body).text())), 'x')
})

test('compression is negotiated with the request, and each event can be read before the next is sent', async (t) => {
  for (const [accept, coding, decompress] of [
    ['gzip', 'gzip', gunzipSync],
    ['gzip, deflate, br', 'br', brotliDecompressSync],
    ['identity', null, (bytes) => bytes],
  ]) {
    const request = requestWith({ 'accept-encoding': accept })
    const stream = StreamingResponse.web({ request, compressionEnabled: true }).start()
    for (let n = 0; n < 300; n++) stream.sendToken(`token ${n}`)
    stream.end()
    const { response } = stream
    assert.equal(response.headers.get('content-encoding'), coding)
    assert.equal(response.headers.get('vary'), 'Accept-Encoding')
    const bytes = Buffer.from(await response.arrayBuffer())
    assert.equal(parseFrames(decompress(bytes).toString()).length, 302)
  }
  const plain = StreamingResponse.web({ compressionEnabled: true }).start()
  plain.end()
  assert.equal(plain.response.headers.get('content-encoding'), null)

  const { produce, read } = inStep()
  const url = await serveWeb(t, (request) => {
    const stream = StreamingResponse.web({ request, compressionEnabled: true })
    void produce(stream.start())
    return stream.response
  })
  const answer = await new Promise((resolve) => http.get(url, { headers: { 'accept-encoding': 'gzip' } }, resolve))
  await read(answer.pipe(createGunzip()))
})

test('a compressed answer waits for its reader and is stopped by it', async () => {
  const request = requestWith({ 'accept-encoding': 'gzip' })
  const stream = StreamingResponse.web({ request, compressionEnabled: true }).start()
  let pulled = 0
  async function* noise() {
    for (; ; pulled++) yield Buffer.from(Array.from({ length: 1500 }, () => Math.random() * 256)).toString('base64')
  }
  const piped = stream.pipeFrom(noise())
  let before = -1
  while (before !== pulled) {
    before = pulled
    await pause(80)
  }
  assert.ok(pulled < 400, `${pulled} items were taken`)
  const reader = stream.response.body.getReader()
  for (let n = 0; n < 20; n++) await reader.read()
  await until(() => pulled > before, 'the source to go on')
  await reader.cancel()
  assert.ok((await piped) <= pulled + 1)
})

test('heartbeats fill silence', async () => {
  const stream = StreamingResponse.web({ enableHeartbeat: true, heartbeatInterval: 10 }).start()
  setTimeout(() => stream.end(), 60)
  assert.match(await stream.response.text(), /event: start.*: heartbeat\n\n.*event: done/s)
})

test('a client that comes back gets the rest, and status 204 where there is none', async () => {
  const none = StreamingResponse.web({ request: requestWith({ 'last-event-id': '5' }) }).start()
  assert.equal(none.isStreamActive(), false)
  assert.equal(none.signal.aborted, true)
  assert.equal(none.response.status, 204)
  assert.equal(none.response.body, null)

  const replay = new MemoryReplayLog()
  const first = StreamingResponse.web({ replay }).start().sendToken('a').sendToken('b')
  await first.response.body.cancel()
  assert.equal(first.signal.aborted, false)
  assert.equal(first.isStreamActive(), true)
  const request = requestWith({ 'last-event-id': `${first.streamId}:2` })
  const back = StreamingResponse.web({ replay, request }).start()
  assert.equal(back.isStreamActive(), false)
  assert.equal(back.response.status, 200)
  first.sendToken('c').end()
  const frames = parseFrames(await back.response.text())
  assert.deepEqual(
    frames.map(({ event, id }) => [event, id]),
    [
      ['token', `${first.streamId}:3`],
      ['token', `${first.streamId}:4`],
      ['done', `${first.streamId}:5`],
    ],
  )
  const stale = StreamingResponse.web({ replay, request: requestWith({ 'last-event-id': 'gone:2' }) })
  assert.equal(stale.response.status, 204)
  stale.start().end()
})

test('a log that answers later can be waited for', async () => {
  const replay = new MemoryReplayLog()
  StreamingResponse.web({ replay, streamId: 's' }).start().sendToken('a').end()
  const read = replay.read.bind(replay)
  replay.read = async (...args) => {
    await pause(5)
    return read(...args)
  }
  const asked = (id) => StreamingResponse.web({ replay, request: requestWith({ 'last-event-id': id }) }).start()

  const known = asked('s:1')
  await known.ready()
  assert.equal(known.response.status, 200)
  assert.equal(textIn(parseFrames(await known.response.text())), 'a')
  const unknown = asked('t:1')
  await unknown.ready()
  assert.equal(unknown.response.status, 204)

  // Who doesn't wait has promised a stream: it says that it has nothing.
  assert.equal(textIn(parseFrames(await asked('s:1').response.text())), 'a')
  const hasty = asked('t:1').response
  assert.equal(hasty.status, 200)
  assert.deepEqual(
    (await hasty.text()).split('\n').filter((line) => line.startsWith('event') || line.includes('REPLAY_LOST')).length,
    3,
  )
})

test('bad options are refused', () => {
  for (const options of [
    { request: {} },
    { request: 'x' },
    { request: null },
    { requests: 1 },
    5,
    { compressionEnabled: 1 },
  ]) {
    assert.throws(() => StreamingResponse.web(options), ValidationError)
  }
  assert.throws(
    () => StreamingResponse.web({ request: 5 }),
    (error) => StreamError.isInstance(error) && /`request` to be a web Request, got 5/.test(error.message),
  )
})
