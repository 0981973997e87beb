import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get } from 'node:http'
import http2 from 'node:http2'
import { test } from 'node:test'
import express from 'express'
import { SSEEventType, StreamError, StreamingResponse, ValidationError } from 'millstream'
import { mockResponse, parseFrame as parse } from './support/mock-response.mjs'
import { pause, until } from './support/scripted-server.mjs'

/** Runs a route under Express and gives the client's side. */
async function underExpress(route, use = (client) => client.text()) {
  const app = express()
  app.post('/', route)
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const response = await fetch(`http://127.0.0.1:${server.address().port}/`, { method: 'POST' })
    return await use(response)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

test('start sends status 200, four headers and a start event', async () => {
  const text = await underExpress(
    (_req, res) => new StreamingResponse(res).start().end(),
    async (response) => {
      assert.equal(response.status, 200)
      assert.equal(response.headers.get('content-type'), 'text/event-stream')
      assert.equal(response.headers.get('cache-control'), 'no-cache, no-transform')
      assert.equal(response.headers.get('connection'), 'keep-alive')
      assert.equal(response.headers.get('x-accel-buffering'), 'no')
      return response.text()
    },
  )
  const [start, done] = text.split('\n\n').filter(Boolean).map(parse)
  assert.equal(start.event, 'start')
  assert.equal(new Date(start.data.timestamp).toISOString(), start.data.timestamp)
  assert.equal(done.event, 'done')
  assert.ok(done.data.timestamp)
})

test('works with node:http, HTTP/2 and a plain mock', async () => {
  const route = (_req, res) => new StreamingResponse(res).start().sendToken('hi').end()
  const plain = createServer(route).listen(0, '127.0.0.1')
  await once(plain, 'listening')
  const [answer] = await once(get({ port: plain.address().port, host: '127.0.0.1' }), 'response')
  let body = ''
  for await (const piece of answer) body += piece
  assert.match(body, /event: token/)
  plain.close()

  const h2 = http2.createServer(route).listen(0, '127.0.0.1')
  await once(h2, 'listening')
  const session = http2.connect(`http://127.0.0.1:${h2.address().port}`)
  const stream = session.request({ ':path': '/', ':method': 'POST' })
  let frames = ''
  for await (const piece of stream) frames += piece
  assert.match(frames, /event: token/)
  session.close()
  h2.close()

  const mock = mockResponse()
  delete mock.writeHead
  delete mock.on
  new StreamingResponse(mock).start().sendToken('hi').end()
  assert.deepEqual(
    mock.frames.map((frame) => parse(frame).event),
    ['start', 'token', 'done'],
  )
})

test('every frame has its event, an id of its own and JSON data', () => {
  const mock = mockResponse()
  const stream = new StreamingResponse(mock)
  assert.equal(stream.start(), stream)
  const usage = { promptTokens: 1, completionTokens: 2, totalTokens: 3, extra: 'kept' }
  assert.equal(
    stream
      .sendToken('a')
      .sendToken('b', 1)
      .sendUsage(usage)
      .sendError('no')
      .sendError({ error: 'no', code: 'E', details: [1] })
      .sendMetadata({ model: 'm', nested: { a: [1, null] } }),
    stream,
  )
  assert.equal(stream.getMessageCount(), 7)
  stream.end()
  assert.equal(stream.getMessageCount(), 8)
  const frames = mock.frames.map(parse)
  assert.deepEqual(
    frames.slice(1, -1).map(({ event, data }) => [event, data]),
    [
      ['token', { token: 'a' }],
      ['token', { token: 'b', index: 1 }],
      ['usage', usage],
      ['error', { error: 'no' }],
      ['error', { error: 'no', code: 'E', details: [1] }],
      ['metadata', { model: 'm', nested: { a: [1, null] } }],
    ],
  )
  assert.equal(new Set(frames.map(({ id }) => id)).size, frames.length)
  for (const frame of mock.frames) assert.match(frame, /^event: [a-z]+\nid: \d+\ndata: [^\r\n]+\n\n$/)
})

test('any text survives a round trip', () => {
  for (const text of ['line\nbreak', '"quotes" \\', '\u2028\u2029', '🌊 水', 'lone\rCR', '\r\n', '\0', '']) {
    const mock = mockResponse()
    new StreamingResponse(mock).start().sendToken(text)
    assert.equal(parse(mock.frames[1]).data.token, text)
    assert.ok(!mock.frames[1].includes('\r'))
  }
})

test('misuse is said', () => {
  const stream = new StreamingResponse(mockResponse())
  assert.throws(() => stream.sendToken('x'), /^StreamError: Stream not started\. Call start\(\) first\.$/)
  assert.equal(stream.isStreamActive(), false)
  stream.start()
  assert.throws(() => stream.start(), /^StreamError: Stream already started$/)
  const cycle = {}
  cycle.self = cycle
  assert.throws(() => stream.sendMetadata(cycle), /`metadata` to be JSON, got a cycle/)
  assert.throws(() => stream.sendMetadata({ n: 1n }), /`metadata` to be JSON, got a BigInt/)
  assert.throws(() => stream.sendMetadata('x'), /`metadata` to be an object, got "x"/)
  assert.throws(() => stream.sendUsage(null), /`usage` to be an object, got null/)
  assert.throws(() => stream.sendToken(5), /`token` to be a string, got 5/)
  assert.throws(() => stream.sendToken('x', Number.NaN), /`index` to be a finite number, got NaN/)
  assert.throws(() => stream.sendError({}), /`error` to be a string or an object/)
  assert.equal(stream.getMessageCount(), 1)
  for (const make of [
    () => new StreamingResponse(),
    () => new StreamingResponse({}),
    () => new StreamingResponse(mockResponse(), { heartbeatInterval: 0 }),
    () => new StreamingResponse(mockResponse(), { heartBeatInterval: 5 }),
    () => new StreamingResponse(mockResponse(), { customHeaders: { a: 'b\r\nc: d' } }),
    () => new StreamingResponse(mockResponse(), { onClose: 1 }),
  ]) {
    assert.throws(make, ValidationError)
  }
})

test('custom headers are sent and may replace the usual ones', () => {
  const mock = mockResponse()
  new StreamingResponse(mock, { customHeaders: { 'X-App': '1', 'Cache-Control': 'no-store' } }).start()
  assert.equal(mock.headers['X-App'], '1')
  assert.equal(mock.headers['Cache-Control'], 'no-store')
  assert.equal(mock.status, 200)
})

test('end and abort end the response once', () => {
  const ended = mockResponse()
  const stream = new StreamingResponse(ended).start()
  stream.end()
  stream.end()
  stream.abort('late')
  assert.equal(ended.ended, 1)
  assert.deepEqual(
    ended.frames.map((frame) => parse(frame).event),
    ['start', 'done'],
  )
  assert.equal(stream.isStreamActive(), false)
  assert.equal(stream.sendToken('late'), stream)
  assert.equal(ended.frames.length, 2)

  const aborted = mockResponse()
  const failing = new StreamingResponse(aborted).start().sendToken('half')
  failing.abort({ error: 'broke', code: 'E' })
  failing.abort('again')
  failing.end()
  const frames = aborted.frames.map(parse)
  assert.deepEqual(
    frames.map(({ event }) => event),
    ['start', 'token', 'error', 'done'],
  )
  assert.deepEqual(frames[2].data, { error: 'broke', code: 'E' })
  assert.equal(frames[3].data.aborted, true)
  assert.equal(aborted.ended, 1)
})

test('an abort before the start is a real error status', async () => {
  const [status, body] = await underExpress(
    (_req, res) => new StreamingResponse(res).abort('no model'),
    async (response) => [response.status, await response.json()],
  )
  assert.equal(status, 500)
  assert.deepEqual(body, { error: 'no model' })
  const mock = mockResponse()
  new StreamingResponse(mock).end()
  assert.equal(mock.ended, 0)
})

test('a client that left is no error, unless strict; both close hooks run', async () => {
  const seen = { hook: 0, own: 0, signal: 0 }
  const streams = []
  const server = createServer((_req, res) => {
    const strict = streams.length === 1
    const stream = new StreamingResponse(res, { strict, onClose: () => seen.hook++ })
    res.on('close', () => seen.own++)
    stream.signal.addEventListener('abort', () => seen.signal++)
    streams.push(stream.start())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  for (let n = 0; n < 2; n++) {
    const request = get({ port: server.address().port, host: '127.0.0.1' })
    request.on('error', () => {})
    const [response] = await once(request, 'response')
    response.on('error', () => {})
    await once(response, 'data')
    assert.ok(streams[n].isStreamActive())
    request.destroy()
    await until(() => !streams[n].isStreamActive(), 'the stream to notice')
  }
  assert.equal(streams[0].sendToken('x'), streams[0])
  streams[0].end()
  streams[0].abort('x')
  assert.throws(
    () => streams[1].sendToken('x'),
    (error) => StreamError.isInstance(error) && error.message === 'Client disconnected',
  )
  await until(() => seen.own === 2)
  assert.deepEqual(seen, { hook: 2, own: 2, signal: 2 })
  assert.equal(streams[0].getMessageCount(), 1)
  server.close()
})

test('an ordinary end is not taken for a client that left', async () => {
  let left = 0
  await underExpress((_req, res) => {
    const stream = new StreamingResponse(res, { onClose: () => left++ }).start()
    setTimeout(() => stream.sendToken('a').end(), 5)
  })
  await pause(20)
  assert.equal(left, 0)
})

test('heartbeats fill silence, count for nothing, and stop at the end', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const mock = mockResponse()
  const stream = new StreamingResponse(mock, { enableHeartbeat: true, heartbeatInterval: 1000 }).start()
  const beats = () => mock.frames.filter((frame) => frame === ': heartbeat\n\n').length
  t.mock.timers.tick(1000)
  assert.equal(beats(), 1)
  t.mock.timers.tick(1000)
  assert.equal(beats(), 2)
  stream.sendToken('a')
  t.mock.timers.tick(1000)
  assert.equal(beats(), 2)
  t.mock.timers.tick(1000)
  assert.equal(beats(), 3)
  mock.writableNeedDrain = true
  t.mock.timers.tick(3000)
  assert.equal(beats(), 3)
  mock.writableNeedDrain = false
  t.mock.timers.tick(1000)
  assert.equal(beats(), 4)
  assert.equal(stream.getMessageCount(), 2)
  stream.end()
  t.mock.timers.tick(5000)
  assert.equal(beats(), 4)

  const silent = mockResponse()
  new StreamingResponse(silent).start()
  t.mock.timers.tick(120_000)
  assert.equal(silent.frames.length, 1)

  const gone = mockResponse()
  new StreamingResponse(gone, { enableHeartbeat: true, heartbeatInterval: 1000 }).start()
  gone.listeners.close()
  t.mock.timers.tick(5000)
  assert.equal(gone.frames.length, 1)
})

test('a reconnection that cannot be served is told so, and the producer stops', async () => {
  let active
  let aborted
  const app = express()
  app.post('/', (_req, res) => {
    const stream = new StreamingResponse(res).start().sendToken('again')
    active = stream.isStreamActive()
    aborted = stream.signal.aborted
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${server.address().port}/`
  const response = await fetch(url, { method: 'POST', headers: { 'last-event-id': '7' } })
  assert.equal(response.status, 204)
  assert.equal(active, false)
  assert.equal(aborted, true)
  server.closeAllConnections()
  server.close()
})

test('the event names are constants', () => {
  assert.deepEqual(SSEEventType, {
    START: 'start',
    TOKEN: 'token',
    USAGE: 'usage',
    ERROR: 'error',
    METADATA: 'metadata',
    DONE: 'done',
  })
})
