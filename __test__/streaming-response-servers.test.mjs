import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { test } from 'node:test'
import zlib, { brotliDecompressSync, createBrotliDecompress, createGunzip } from 'node:zlib'
import compression from 'compression'
import express from 'express'
import { StreamError, StreamingResponse } from 'millstream'
import { inStep } from './support/in-step.mjs'
import { parseFrames, textIn } from './support/mock-response.mjs'
import { listen, serveHttp, servers, slowClient } from './support/response-servers.mjs'
import { pause, until } from './support/scripted-server.mjs'

/** What this Node can read; zstd came with 22.15. */
const codings = [
  ['gzip', createGunzip],
  ['br', createBrotliDecompress],
  ...(zlib.createZstdDecompress === undefined ? [] : [['zstd', zlib.createZstdDecompress]]),
]

async function textOf(body) {
  let text = ''
  for await (const piece of body) text += piece
  return text
}

for (const [name, start] of Object.entries(servers)) {
  test(`${name}: the answer arrives whole, in order, with its headers`, async (t) => {
    const words = Array.from({ length: 500 }, (_, n) => `w${n} ü🌊\n`)
    const ask = await start(t, async (response) => {
      const stream = new StreamingResponse(response, { customHeaders: { 'X-App': 'mine' } }).start()
      await stream.pipeFrom(words)
      stream.end()
    })
    for (let turn = 0; turn < 2; turn++) {
      const { status, headers, body } = await ask()
      assert.equal(status, 200)
      assert.equal(headers['content-type'], 'text/event-stream')
      assert.equal(headers['cache-control'], 'no-cache, no-transform')
      assert.equal(headers['x-accel-buffering'], 'no')
      assert.equal(headers['x-app'], 'mine')
      assert.equal(headers.connection, name.startsWith('node:http2') ? undefined : 'keep-alive')
      assert.equal(headers['content-length'], undefined)
      body.setEncoding('utf8')
      const frames = parseFrames(await textOf(body))
      assert.equal(frames.length, 502)
      assert.deepEqual(
        frames.map(({ id }) => Number(id)),
        frames.map((_, at) => at + 1),
      )
      assert.equal(textIn(frames), words.join(''))
      assert.equal(frames.at(-1).event, 'done')
    }
  })

  test(`${name}: tokens arrive one by one`, async (t) => {
    const { produce, read } = inStep()
    const ask = await start(t, (response) => produce(new StreamingResponse(response).start()))
    const { body } = await ask()
    await read(body)
  })

  test(`${name}: a client that leaves aborts the signal, runs both close hooks, and is no error`, async (t) => {
    const seen = { hook: 0, own: 0 }
    let stream
    const ask = await start(t, (response) => {
      response.on('close', () => seen.own++)
      stream = new StreamingResponse(response, { onClose: () => seen.hook++ }).start().sendToken('a')
      response.on('error', () => {})
    })
    const { body, leave } = await ask()
    await once(body, 'data')
    assert.equal(stream.isStreamActive(), true)
    const left = performance.now()
    stream.signal.addEventListener('abort', () => {
      seen.after = performance.now() - left
    })
    leave()
    await until(() => stream.signal.aborted, 'the signal')
    assert.ok(seen.after < 1000, `noticed after ${seen.after} ms`)
    assert.equal(stream.signal.reason.code, 'CLIENT_DISCONNECTED')
    await until(() => seen.own === 1, "the app's own hook")
    assert.equal(seen.hook, 1)
    assert.equal(stream.isStreamActive(), false)
    assert.equal(stream.sendToken('b').sendMetadata({}), stream)
    await stream.ready()
    assert.equal(await stream.pipeFrom(['c']), 0)
    stream.end()
    stream.end()
    stream.abort('x')
    assert.equal(stream.getMessageCount(), 2)
  })

  test(`${name}: each event can be read before the next is sent, compressed`, async (t) => {
    const { produce, read } = inStep()
    const ask = await start(t, (response) =>
      produce(new StreamingResponse(response, { compressionEnabled: true }).start()),
    )
    for (const [coding, create] of codings) {
      const { headers, body } = await ask({ 'accept-encoding': coding })
      assert.equal(headers['content-encoding'], coding)
      assert.equal(headers.vary, 'Accept-Encoding')
      assert.equal(headers['cache-control'], 'no-cache, no-transform')
      await read(body.pipe(create()))
    }
  })
}

test('the sends of one tick are one packet', async (t) => {
  const url = await serveHttp(t, (response) => {
    const stream = new StreamingResponse(response).start()
    for (let n = 0; n < 20; n++) stream.sendToken(`t${n}`)
    setTimeout(() => stream.sendToken('later').end(), 50)
  })
  const socket = await slowClient(t, Number(new URL(url).port))
  const packets = []
  socket.on('data', (bytes) => packets.push(bytes.toString('latin1')))
  socket.resume()
  await until(() => packets.join('').includes('event: done'), 'the end')
  assert.match(packets[0], /^HTTP.1\.1 200.*event: start.*"t0".*"t19"/s)
  assert.equal(packets.length, 2)
})

test('the connection is closed behind the answer for a client that wants that, and for HTTP/1.0', async (t) => {
  const url = await serveHttp(t, (response) => new StreamingResponse(response).start().sendToken('a').end())
  const { port } = new URL(url)
  for (const request of ['GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 'GET / HTTP/1.0\r\n\r\n']) {
    const socket = net.connect(Number(port), '127.0.0.1')
    t.after(() => socket.destroy())
    socket.write(request)
    let answer = ''
    const asked = performance.now()
    for await (const bytes of socket) answer += bytes
    assert.match(answer, /event: start.*"a".*event: done/s)
    assert.match(answer, /\r\nConnection: close\r\n/i)
    // Node's keep-alive would hold it for five seconds.
    assert.ok(performance.now() - asked < 3000)
  }
})

test('a slow reader makes `ready` wait, and what is buffered stays below the mark', async (t) => {
  const token = 'x'.repeat(1000)
  let sent = 0
  let most = 0
  let finished = false
  const url = await serveHttp(t, async (response) => {
    const stream = new StreamingResponse(response).start()
    for (; sent < 20_000; sent++) {
      stream.sendToken(token)
      await stream.ready()
      most = Math.max(most, response.writableLength - response.writableHighWaterMark)
    }
    stream.end()
    finished = true
  })
  const socket = await slowClient(t, Number(new URL(url).port))
  await until(() => sent > 10, 'the first tokens')
  for (let before = -1; before !== sent; ) {
    before = sent
    await pause(100)
  }
  // The kernel's buffers are full: nobody sends on.
  assert.ok(sent < 20_000, 'the kernel took everything')
  assert.equal(finished, false)
  let received = 0
  socket.on('data', (bytes) => {
    received += bytes.length
  })
  socket.resume()
  await until(() => finished, 'the end', 20_000)
  await until(() => received > 20_000 * 1000, 'the bytes')
  // The last frame may cross it, and Node gathers the chunks' size lines apart.
  assert.ok(most <= 4096, `${most} bytes above the mark were buffered`)
})

test('pipeFrom keeps pace with a slow reader, on HTTP/2 and compressed as well', async (t) => {
  for (const [name, headers] of [
    ['node:http', {}],
    ['node:http2', {}],
    ['node:http', { 'accept-encoding': 'gzip' }],
  ]) {
    let pulled = 0
    let stream
    async function* source() {
      // Random text, so that compression doesn't hide it.
      for (;;) yield Buffer.from(Array.from({ length: 750 }, () => Math.random() * 256)).toString('base64') + pulled++
    }
    let count
    const ask = await servers[name](t, async (response) => {
      stream = new StreamingResponse(response, { compressionEnabled: true }).start()
      count = await stream.pipeFrom(source())
    })
    const { body, leave } = await ask(headers)
    await once(body, 'readable')
    for (let before = -1; before !== pulled; ) {
      before = pulled
      await pause(150)
    }
    const stalled = pulled
    assert.ok(stalled * 1000 < 32 * 1024 * 1024, `${stalled} items were taken from the source`)
    // Read a little: the source goes on.
    body.on('data', () => {})
    await until(() => pulled > stalled + 10, 'the source to go on')
    leave()
    await until(() => count !== undefined, 'pipeFrom to end')
    assert.ok(count > 10 && count <= pulled)
    assert.equal(stream.isStreamActive(), false)
  }
})

test('`ready` resolves when the client leaves', async (t) => {
  let waiting
  let stream
  const url = await serveHttp(t, async (response) => {
    stream = new StreamingResponse(response).start()
    waiting = (async () => {
      while (!stream.signal.aborted) {
        stream.sendToken('x'.repeat(100_000))
        await stream.ready()
      }
      return 'done'
    })()
  })
  const socket = await slowClient(t, Number(new URL(url).port))
  await until(() => stream !== undefined, 'the request')
  await pause(200)
  socket.destroy()
  assert.equal(await waiting, 'done')
})

test('pipeFrom: what it takes, what it counts, and how it stops', async () => {
  const { mockResponse, parseFrame } = await import('./support/mock-response.mjs')
  const mock = mockResponse()
  const stream = new StreamingResponse(mock)
  await assert.rejects(stream.pipeFrom([]), /Stream not started/)
  stream.start()
  const usage = { promptTokens: 1, completionTokens: 2, totalTokens: 3 }
  const cause = new StreamError('HTTP 500: x', { type: 'server_error', code: 'boom', status: 500 })
  const count = await stream.pipeFrom(
    (async function* () {
      yield 'plain'
      yield { token: 'a', index: 4 }
      yield { content: 'b' }
      yield { text: 'c' }
      yield { reasoning: 'hm', signature: 's' }
      yield { usage }
      yield { metadata: { a: 1 } }
      yield { error: 'oh', code: 'OH' }
      yield { type: 'text', content: 'T', index: 0 }
      yield { type: 'text', content: 'U', index: 1, choice: 1 }
      yield { type: 'reasoning', content: '', reasoning: 'r' }
      yield { type: 'tool-call-delta', content: '', id: 'c', index: 0, tool: 'f', argsDelta: '{}' }
      yield { type: 'tool-call', content: '', id: 'c', index: 0, tool: 'f', args: {}, rawArguments: '{}', valid: true }
      yield { type: 'usage', content: '', usage }
      yield { type: 'metadata', content: '', metadata: { b: 2 } }
      yield { type: 'error', content: '', error: cause.message, cause }
      yield { type: 'finish', content: '', finished: true, finishReason: 'length' }
    })(),
  )
  assert.equal(count, 17)
  assert.equal(stream.isStreamActive(), true)
  stream.end()
  assert.deepEqual(
    mock.frames.slice(1, -1).map((frame) => {
      const { event, data } = parseFrame(frame)
      return [event, data]
    }),
    [
      ['token', { token: 'plain' }],
      ['token', { token: 'a', index: 4 }],
      ['token', { token: 'b' }],
      ['token', { token: 'c' }],
      ['reasoning', { reasoning: 'hm', signature: 's' }],
      ['usage', usage],
      ['metadata', { a: 1 }],
      ['error', { error: 'oh', code: 'OH' }],
      ['token', { token: 'T', index: 0 }],
      ['token', { token: 'U', index: 1, choice: 1 }],
      ['reasoning', { reasoning: 'r' }],
      ['tool_call_delta', { id: 'c', index: 0, name: 'f', delta: '{}' }],
      ['tool_call', { id: 'c', index: 0, name: 'f', arguments: '{}' }],
      ['usage', usage],
      ['metadata', { b: 2 }],
      ['error', { error: 'HTTP 500: x', code: 'boom', type: 'server_error', status: 500 }],
    ],
  )
  assert.equal(parseFrame(mock.frames.at(-1)).data.finishReason, 'length')

  const again = new StreamingResponse(mockResponse()).start()
  for (const source of [5, null, undefined, {}, 'text']) {
    await assert.rejects(again.pipeFrom(source), /`source` to be an async iterable/)
  }
  for (const item of [5, null, {}, { token: 5 }, { type: 'nonsense' }]) {
    let returned = false
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: item }),
        return: async () => {
          returned = true
          return { done: true }
        },
      }),
    }
    await assert.rejects(again.pipeFrom(source), /Expected `\w+(\.type)?` to be/)
    assert.equal(returned, true)
  }
  const failing = (async function* () {
    yield 'x'
    throw new Error('upstream broke')
  })()
  await assert.rejects(again.pipeFrom(failing), /^Error: upstream broke$/)
  assert.equal(again.isStreamActive(), true)
})

test('pipeFrom stops a source that is silent when the client leaves', async (t) => {
  let stream
  let piped
  const returned = []
  const url = await serveHttp(t, (response) => {
    stream = new StreamingResponse(response).start()
    const silent = { next: () => new Promise(() => {}), return: () => returned.push('stopped') }
    piped = stream.pipeFrom({ [Symbol.asyncIterator]: () => silent })
  })
  const socket = await slowClient(t, Number(new URL(url).port))
  await until(() => piped !== undefined, 'the request')
  await pause(20)
  socket.destroy()
  assert.equal(await piped, 0)
  assert.deepEqual(returned, ['stopped'])
})

test('compression halves a long answer, and only where the client takes it', async (t) => {
  const words = 'the quick brown fox jumps over the lazy dog and then some more of it'.split(' ')
  let size = 0
  const url = await serveHttp(t, async (response) => {
    response.setHeader('Vary', 'Origin')
    const stream = new StreamingResponse(response, {
      compressionEnabled: true,
      customHeaders: { 'Content-Length': '5' },
    }).start()
    for (size = 0; size < 100 * 1024; ) {
      const word = ` ${words[Math.floor(Math.random() * words.length)]}`
      stream.sendToken(word)
      size += word.length + 45
      // As models do: one token at a time.
      await new Promise(setImmediate)
    }
    stream.end()
  })
  const raw = (acceptEncoding) =>
    new Promise((resolve, reject) => {
      const headers = acceptEncoding === undefined ? {} : { 'accept-encoding': acceptEncoding }
      http
        .get(url, { headers }, async (response) => {
          const pieces = []
          for await (const piece of response) pieces.push(piece)
          resolve({ headers: response.headers, body: Buffer.concat(pieces) })
        })
        .on('error', reject)
    })
  for (const [accept, coding] of [
    ['gzip', 'gzip'],
    ['br', 'br'],
    ['gzip;q=0.9, br;q=0.1', 'gzip'],
    ['gzip, deflate, br', 'br'],
    ['*', 'br'],
    ['identity', undefined],
    ['gzip;q=0', undefined],
    ['identity;q=1, gzip;q=0.5', undefined],
    ['zstd', zlib.createZstdCompress === undefined ? undefined : 'zstd'],
    ['deflate', undefined],
    ['', undefined],
    [undefined, undefined],
  ]) {
    const { headers, body } = await raw(accept)
    assert.equal(headers['content-encoding'], coding, accept)
    assert.equal(headers.vary, 'Origin, Accept-Encoding')
    assert.equal(headers['content-length'], undefined)
    if (coding === undefined) {
      assert.ok(body.length > size * 0.9, `${body.length} of ${size} bytes`)
      assert.equal(parseFrames(body.toString()).at(-1).event, 'done')
    } else {
      assert.ok(body.length < size / 2, `${coding}: ${body.length} of ${size} bytes`)
    }
    if (coding === 'br') assert.equal(parseFrames(brotliDecompressSync(body).toString()).at(-1).event, 'done')
  }
})

test('tokens arrive one by one behind compression(), whether it compresses or not', async (t) => {
  for (const customHeaders of [{}, { 'Cache-Control': 'no-cache' }]) {
    const { produce, read } = inStep()
    const app = express().use(compression({ threshold: 0 }))
    app.post('/', (_req, res) => produce(new StreamingResponse(res, { customHeaders }).start()))
    const port = await listen(t, http.createServer(app))
    const headers = { 'accept-encoding': 'gzip' }
    const request = http.request({ host: '127.0.0.1', port, method: 'POST', headers }).end()
    const [response] = await once(request, 'response')
    const compressed = customHeaders['Cache-Control'] !== undefined
    assert.equal(response.headers['content-encoding'], compressed ? 'gzip' : undefined)
    await read(compressed ? response.pipe(createGunzip()) : response)
  }
})

test('a slow reader behind compression() makes `ready` wait and go on', async (t) => {
  let sent = 0
  let finished = false
  const app = express().use(compression({ threshold: 0 }))
  app.post('/', async (_req, res) => {
    const stream = new StreamingResponse(res, { customHeaders: { 'Cache-Control': 'no-cache' } }).start()
    const noise = Buffer.from(Array.from({ length: 3000 }, () => Math.random() * 256)).toString('base64')
    for (; sent < 5000; sent++) {
      stream.sendToken(noise.slice(sent % 100) + sent)
      await stream.ready()
      await new Promise(setImmediate)
    }
    stream.end()
    finished = true
  })
  const port = await listen(t, http.createServer(app))
  const socket = await slowClient(t, port, 'Accept-Encoding: gzip\r\n')
  await until(() => sent > 10, 'the first tokens')
  for (let before = -1; before !== sent; ) {
    before = sent
    await pause(150)
  }
  assert.equal(finished, false)
  socket.on('data', () => {})
  socket.resume()
  await until(() => finished, 'the end', 20_000)
})

test('a response that somebody has answered already is refused', async (t) => {
  const errors = []
  const codeOf = (act) => {
    try {
      act()
    } catch (error) {
      return StreamError.isInstance(error) ? error.code : error
    }
  }
  const url = await serveHttp(t, (response) => {
    response.writeHead(200)
    response.write('mine\n')
    const stream = new StreamingResponse(response)
    errors.push(codeOf(() => stream.start()))
    // As in a `catch` of the app: nothing is thrown, and the response stays theirs.
    stream.abort('no')
    response.end('still mine\n')
    errors.push(codeOf(() => new StreamingResponse(response).start()))
  })
  assert.equal(await (await fetch(url)).text(), 'mine\nstill mine\n')
  assert.deepEqual(errors, ['RESPONSE_ALREADY_SENT', 'RESPONSE_ALREADY_SENT'])
})

test('a response that the app ends by itself is ended, and sending on is quiet', async (t) => {
  let stream
  const url = await serveHttp(t, (response) => {
    stream = new StreamingResponse(response, { enableHeartbeat: true, heartbeatInterval: 5 }).start().sendToken('a')
    response.end()
    stream.sendToken('b')
  })
  const frames = parseFrames(await (await fetch(url)).text())
  assert.equal(textIn(frames), 'a')
  await pause(30)
  assert.equal(stream.isStreamActive(), false)
  assert.equal(stream.signal.aborted, false)
})

test('a client that left before the start stops the producer as well', async (t) => {
  const seen = []
  const port = await listen(
    t,
    http.createServer(async (_req, res) => {
      const stream = new StreamingResponse(res, { onClose: () => seen.push('hook') })
      stream.signal.addEventListener('abort', () => seen.push('signal'))
      await once(res, 'close')
      seen.push(stream.start().sendToken('x').isStreamActive())
      const late = new StreamingResponse(res).start()
      seen.push(late.isStreamActive(), late.signal.aborted)
      seen.push('end')
    }),
  )
  const socket = await slowClient(t, port)
  await pause(50)
  socket.destroy()
  await until(() => seen.includes('end'), 'the route')
  assert.deepEqual(seen, ['signal', 'hook', false, false, true, 'end'])
})

test('the request being read to its end is not the client leaving', async (t) => {
  const app = express().use(express.json())
  let closedByRequest = false
  let stream
  app.post('/', async (req, res) => {
    req.on('close', () => {
      closedByRequest = true
    })
    stream = new StreamingResponse(res).start()
    await until(() => closedByRequest, "the request's close")
    await pause(20)
    stream.sendToken(String(stream.signal.aborted)).end()
  })
  const port = await listen(t, http.createServer(app))
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    body: JSON.stringify({ messages: [] }),
    headers: { 'content-type': 'application/json' },
  })
  assert.equal(textIn(parseFrames(await response.text())), 'false')
  assert.equal(closedByRequest, true)
})
