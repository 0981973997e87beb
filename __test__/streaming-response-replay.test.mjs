import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { test } from 'node:test'
import { EventSource } from 'eventsource'
import { AIStream, MemoryReplayLog, StreamError, StreamingResponse, ValidationError } from 'millstream'
import { readAll } from './support/async.mjs'
import { flakyProxy } from './support/flaky-proxy.mjs'
import { mockResponse, parseFrames, textIn } from './support/mock-response.mjs'
import { listen, slowClient } from './support/response-servers.mjs'
import { pause, until } from './support/scripted-server.mjs'

/** A log that answers everything later, as one in another process does. */
class DistantLog {
  #log
  constructor(options) {
    this.#log = new MemoryReplayLog(options)
    for (const name of ['open', 'append', 'end', 'read', 'cancel', 'delete']) {
      this[name] = async (...args) => {
        await pause(Math.random() * 3)
        return this.#log[name](...args)
      }
    }
  }
}

/** Serves `route(response, request)` and gives the port. */
function serveRoute(t, route) {
  return listen(
    t,
    http.createServer((req, res) => route(res, req)),
  )
}

async function ask(port, lastEventId) {
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers })
  const text = await response.text()
  return { status: response.status, frames: response.status === 200 ? parseFrames(text) : text }
}

const nobody = { cancelled() {}, lost() {} }
const never = new AbortController().signal

for (const [name, Log] of [
  ['in memory', MemoryReplayLog],
  ['in another process', DistantLog],
]) {
  test(`a log ${name}: connections cut at random places cost an AIStream no token and double none`, async (t) => {
    const replay = new Log()
    let produced = 0
    const port = await serveRoute(t, async (res) => {
      const response = new StreamingResponse(res, { replay }).start()
      if (!response.isStreamActive()) return
      produced++
      for (let n = 0; n < 120; n++) {
        response.sendToken(`${n} ü🌊 `)
        // In packets of all sizes, some while the client is away.
        if (n % 7 < 3) await pause(Math.random() * 3)
      }
      response.end()
    })
    const expected = Array.from({ length: 120 }, (_, n) => `${n} ü🌊 `).join('')
    const proxy = await flakyProxy(t, port, () => 300 + Math.floor(Math.random() * 4000))
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const stream = new AIStream({
          endpoint: proxy.url,
          model: 'm',
          retry: { maxRetries: 100, initialDelay: 1, backoff: 'linear', maxDelay: 5 },
        })
        let heard = ''
        stream.on('token', (token) => {
          heard += token
        })
        await stream.send('hi')
        return heard
      }),
    )
    for (const heard of answers) assert.equal(heard, expected)
    assert.ok(proxy.cuts >= 20, `${proxy.cuts} cuts`)
    // One generation each, save where a connection broke before its first token.
    assert.ok(produced >= 20 && produced < proxy.connections, `${produced} of ${proxy.connections}`)
  })
}

test('an EventSource whose connection breaks gets every event once, and is told to stop at the end', async (t) => {
  const replay = new MemoryReplayLog()
  const statuses = []
  const port = await serveRoute(t, async (res) => {
    res.on('close', () => statuses.push(res.statusCode))
    const response = new StreamingResponse(res, { replay }).start()
    // How soon to come back is for the client to know.
    if (res.statusCode === 200) res.write('retry: 10\n\n')
    if (!response.isStreamActive()) return
    for (let n = 0; n < 40; n++) {
      response.sendToken(`${n} `)
      await pause(2)
    }
    response.end()
  })
  const proxy = await flakyProxy(t, port, (n) => (n < 5 ? 900 : Number.POSITIVE_INFINITY))
  const source = new EventSource(proxy.url)
  t.after(() => source.close())
  const ids = []
  let text = ''
  let dones = 0
  source.addEventListener('token', ({ data, lastEventId }) => {
    text += JSON.parse(data).token
    ids.push(lastEventId)
  })
  source.addEventListener('done', () => dones++)
  // It reconnects after `done` as well, as browsers do, and status 204 ends that.
  await until(() => source.readyState === EventSource.CLOSED, 'the EventSource to close', 10_000)
  assert.equal(text, Array.from({ length: 40 }, (_, n) => `${n} `).join(''))
  assert.equal(dones, 1)
  assert.equal(new Set(ids).size, 40)
  assert.equal(statuses.at(-1), 204)
  assert.ok(proxy.cuts >= 3, `${proxy.cuts} cuts`)
})

test('a client that leaves stops nothing: it gets the rest when it comes back, and so does a second one', async (t) => {
  const replay = new MemoryReplayLog()
  const seen = { hook: 0 }
  let stream
  let go
  const streams = []
  const port = await serveRoute(t, async (res) => {
    const response = new StreamingResponse(res, { replay, onClose: () => seen.hook++ }).start()
    streams.push(response)
    if (!response.isStreamActive()) return
    stream = response.sendToken('a').sendToken('b')
    await new Promise((resolve) => {
      go = resolve
    })
    response.sendToken('c').sendToken('d').end()
  })
  const socket = await slowClient(t, port)
  let head = ''
  socket.setEncoding('utf8').on('data', (text) => {
    head += text
  })
  socket.resume()
  await until(() => head.includes('"b"'), 'the first tokens')
  socket.destroy()
  await until(() => seen.hook === 1, 'the close hook')
  assert.equal(stream.isStreamActive(), true)
  assert.equal(stream.signal.aborted, false)
  await stream.ready()

  const afterA = `${stream.streamId}:2`
  const [first, second] = [ask(port, afterA), ask(port, `${stream.streamId}:0`)]
  await until(() => streams.length === 3, 'both to come back')
  go()
  assert.deepEqual(
    (await first).frames.map(({ event, id }) => [event, Number(id.split(':')[1])]),
    [
      ['token', 3],
      ['token', 4],
      ['token', 5],
      ['done', 6],
    ],
  )
  assert.equal(textIn((await second).frames), 'abcd')
  for (const back of streams.slice(1)) {
    assert.equal(back.isStreamActive(), false)
    assert.equal(back.signal.aborted, true)
    assert.equal(back.signal.reason.code, 'REPLAYED')
    assert.equal(back.sendToken('x').getMessageCount(), 0)
  }
  // It is whole now, and stays.
  assert.equal(textIn((await ask(port, afterA)).frames), 'bcd')
  assert.equal((await ask(port, `${stream.streamId}:6`)).status, 204)
})

test('what the log does not know is answered by status 204', async (t) => {
  const replay = new MemoryReplayLog({ ttl: 700 })
  let stream
  const port = await serveRoute(t, (res) => {
    const response = new StreamingResponse(res, { replay }).start()
    if (!response.isStreamActive()) return
    stream = response
    response.sendToken('a').end()
  })
  assert.equal((await ask(port)).status, 200)
  const id = stream.streamId
  for (const lastEventId of [
    '7',
    'x:1',
    `${id}:99`,
    `${id}:-1`,
    `${id}:1e1`,
    `${id}`,
    ':1',
    `${id}:9999999999999999`,
  ]) {
    assert.equal((await ask(port, lastEventId)).status, 204, lastEventId)
  }
  assert.equal((await ask(port, `${id}:1`)).status, 200)
  await until(() => replay.size === 0, 'the answer to expire')
  assert.equal(replay.bytes, 0)
  assert.equal((await ask(port, `${id}:1`)).status, 204)
})

test('an empty Last-Event-ID asks for a new answer', async (t) => {
  const replay = new MemoryReplayLog()
  for (const options of [{}, { replay }]) {
    const port = await serveRoute(t, (res) => new StreamingResponse(res, options).start().sendToken('new').end())
    const socket = await slowClient(t, port, 'Last-Event-ID: \r\nConnection: close\r\n')
    let answer = ''
    socket.setEncoding('utf8').on('data', (text) => {
      answer += text
    })
    socket.resume()
    await once(socket, 'end')
    assert.match(answer, /^HTTP.1\.1 200 .*event: token.*"new"/s)
  }
})

test('an app that answers a client that came back by itself, before a distant log does, breaks nothing', async (t) => {
  const replay = new DistantLog()
  const port = await serveRoute(t, (res) => {
    const response = new StreamingResponse(res, { replay }).start()
    if (response.isStreamActive()) response.sendToken('a').end()
    else res.end('mine')
  })
  const answers = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { 'last-event-id': 'x:1' } })
      return response.text()
    }),
  )
  assert.deepEqual(new Set(answers), new Set(['mine']))
  await pause(20)
})

test('cancelling is explicit, from the response and from the log', async (t) => {
  const replay = new MemoryReplayLog()
  const streams = []
  const port = await serveRoute(t, (res) => {
    const response = new StreamingResponse(res, { replay }).start().sendToken('a')
    if (response.isStreamActive()) streams.push(response)
  })
  for (const cancel of [(stream) => stream.cancel(), (stream) => assert.equal(replay.cancel(stream.streamId), true)]) {
    const asked = ask(port)
    const stream = await until(() => streams.pop(), 'the stream')
    cancel(stream)
    assert.equal(stream.signal.aborted, true)
    assert.equal(stream.signal.reason.code, 'CANCELLED')
    assert.equal(stream.isStreamActive(), false)
    assert.equal(stream.sendToken('late'), stream)
    const { frames } = await asked
    assert.deepEqual(
      frames.map(({ event }) => event),
      ['start', 'token', 'error', 'done'],
    )
    assert.equal(frames[2].data.code, 'CANCELLED')
    assert.equal(frames[3].data.aborted, true)
    // Who comes back is told the same.
    assert.deepEqual((await ask(port, `${stream.streamId}:2`)).frames, frames.slice(2))
    assert.equal(replay.cancel(stream.streamId), false)
    stream.cancel()
  }
  assert.equal(replay.cancel('unknown'), false)

  // Without a log it does the same, and before the start nothing was promised.
  const mock = mockResponse()
  const plain = new StreamingResponse(mock).start()
  plain.cancel()
  assert.equal(plain.signal.aborted, true)
  assert.equal(mock.ended, 1)
  const early = mockResponse()
  const unstarted = new StreamingResponse(early)
  unstarted.cancel()
  assert.equal(early.status, 503)
  assert.equal(unstarted.signal.aborted, true)
})

test('a producer that nobody can hear any more is stopped', async (t) => {
  const replay = new MemoryReplayLog({ ttl: 500 })
  const seen = { hook: 0 }
  let stream
  const port = await serveRoute(t, (res) => {
    stream = new StreamingResponse(res, { replay, onClose: () => seen.hook++ }).start().sendToken('a')
  })
  const socket = await slowClient(t, port)
  await until(() => stream !== undefined, 'the stream')
  await pause(20)
  socket.destroy()
  await until(() => seen.hook === 1, 'the client to leave')
  assert.equal(stream.signal.aborted, false)
  // Nothing is written and nobody reads: the log gives it up, and nobody can come back.
  await until(() => stream.signal.aborted, 'the signal')
  assert.equal(stream.signal.reason.code, 'CLIENT_DISCONNECTED')
  assert.equal(stream.isStreamActive(), false)
  assert.equal(seen.hook, 1)
})

test('a log that fails costs the replay, not the answer', async (t) => {
  for (const fail of [
    () => {
      throw new Error('down')
    },
    () => Promise.reject(new Error('down')),
  ]) {
    class FailingLog extends MemoryReplayLog {
      append(id, last, frames) {
        if (last > 2) return fail()
        super.append(id, last, frames)
      }
    }
    const replay = new FailingLog()
    let hook = 0
    let stream
    let go
    const port = await serveRoute(t, async (res) => {
      stream = new StreamingResponse(res, { replay, onClose: () => hook++ }).start().sendToken('a').sendToken('b')
      await new Promise((resolve) => {
        go = resolve
      })
      await stream.ready()
      stream.sendToken('c').end()
    })
    const asked = ask(port)
    await until(() => go !== undefined, 'the stream')
    await pause(5)
    go()
    assert.equal(textIn((await asked).frames), 'abc')

    // And from then on a client that leaves is gone for good.
    go = undefined
    const socket = await slowClient(t, port)
    await until(() => go !== undefined, 'the second stream')
    await pause(20)
    socket.destroy()
    await until(() => stream.signal.aborted, 'the signal')
    assert.equal(hook, 1)
  }
  class UnreadableLog extends MemoryReplayLog {
    read() {
      throw new Error('down')
    }
  }
  for (const read of [undefined, () => Promise.reject(new Error('down'))]) {
    const replay = new UnreadableLog()
    if (read !== undefined) replay.read = read
    const port = await serveRoute(t, (res) => new StreamingResponse(res, { replay }).start())
    assert.equal((await ask(port, 'abc:1')).status, 204)
  }
})

test('a log that is slow is waited for, and asked for one thing at a time', async () => {
  let open = 0
  let most = 0
  const taken = []
  const slow = async (last, frames) => {
    most = Math.max(most, ++open)
    await pause(5)
    open--
    if (frames !== undefined) taken.push([last, frames.length])
  }
  class SlowLog extends MemoryReplayLog {
    open(id, writer) {
      super.open(id, writer)
      return slow()
    }
    append(id, last, frames) {
      super.append(id, last, frames)
      return slow(last, frames)
    }
  }
  const replay = new SlowLog()
  const response = new StreamingResponse(mockResponse(), { replay }).start()
  let waited = 0
  for (let n = 0; n < 500; n++) {
    const before = performance.now()
    response.sendToken('x'.repeat(1000))
    await response.ready()
    if (performance.now() - before > 1) waited++
  }
  response.end()
  await until(() => taken.at(-1)?.[0] === 502, 'the log')
  assert.equal(most, 1)
  assert.ok(waited > 2, `waited ${waited} times`)
  assert.ok(taken.length < 100, `${taken.length} appends`)
  assert.ok(taken.every(([, size]) => size < 128 * 1024))
})

test('an answer that the app ends by itself is whole in the log too', async (t) => {
  const replay = new MemoryReplayLog()
  for (const sendsOn of [true, false]) {
    let stream
    const port = await serveRoute(t, (res) => {
      stream = new StreamingResponse(res, { replay }).start()
      if (!stream.isStreamActive()) return
      stream.sendToken('a')
      res.end()
      if (sendsOn) stream.sendToken('b')
    })
    await ask(port)
    const { streamId } = stream
    await until(() => !stream.isStreamActive(), 'the end')
    // It is not waited for.
    const { frames } = await ask(port, `${streamId}:1`)
    assert.deepEqual(
      frames.map(({ event }) => event),
      ['token'],
    )
  }
})

test('what is sent from the log is all that was sent: reasoning, calls and usage, and a failure for what failed', async (t) => {
  const replay = new MemoryReplayLog()
  const usage = { promptTokens: 7, completionTokens: 5, totalTokens: 12, reasoningTokens: 3 }
  for (const fails of [false, true]) {
    const port = await serveRoute(t, async (res) => {
      const stream = new StreamingResponse(res, { replay }).start()
      if (!stream.isStreamActive()) return
      stream.sendReasoning('Let me see. ').sendReasoning('Yes.', 'c2ln').sendToken('It is ')
      // Behind the place where the first connection breaks.
      await pause(20)
      stream.sendToken('so.').sendToolCall({ id: 'c1', index: 0, name: 'note', arguments: '{"a":1}' }).sendUsage(usage)
      if (fails) stream.sendError({ error: 'the model fell over', code: 'MODEL_DOWN' })
      stream.end()
    })
    const { frames } = await ask(port)
    const [first] = frames
    const [id] = first.id.split(':')
    const events = ['start', 'reasoning', 'reasoning', 'token', 'token', 'tool_call', 'usage']
    assert.deepEqual(
      frames.map(({ event }) => event),
      [...events, ...(fails ? ['error', 'done'] : ['done'])],
    )
    for (let seen = 0; seen < frames.length; seen++) {
      assert.deepEqual((await ask(port, `${id}:${seen}`)).frames, frames.slice(seen), `${seen} seen`)
    }

    const proxy = await flakyProxy(t, port, (n) => (n === 0 ? 700 : Number.POSITIVE_INFINITY))
    const stream = new AIStream({ endpoint: proxy.url, model: 'm', retry: { maxRetries: 3, initialDelay: 1 } })
    const result = await stream.stream('hi')
    if (fails) {
      await assert.rejects(result.text, { message: /the model fell over/, partialText: 'It is so.' })
    } else {
      const { text, reasoning, toolCalls, usage: told } = await result.collect()
      assert.deepEqual([text, reasoning], ['It is so.', 'Let me see. Yes.'])
      assert.deepEqual([toolCalls.length, toolCalls[0].args, told], [1, { a: 1 }, { ...usage, raw: told.raw }])
    }
    assert.equal(proxy.cuts, 1)
  }
})

test('a replay that loses its log ends with an error, not as if it were whole', async (t) => {
  const replay = new MemoryReplayLog()
  let stream
  const port = await serveRoute(t, (res) => {
    const response = new StreamingResponse(res, { replay }).start().sendToken('a')
    if (response.isStreamActive()) stream = response
  })
  const socket = await slowClient(t, port)
  await until(() => stream !== undefined, 'the stream')
  const back = ask(port, `${stream.streamId}:1`)
  await pause(30)
  replay.delete(stream.streamId)
  const { frames } = await back
  assert.deepEqual(
    frames.map(({ event, data }) => [event, data.token ?? data.code ?? data.aborted]),
    [
      ['token', 'a'],
      ['error', 'REPLAY_LOST'],
      ['done', true],
    ],
  )
  // The client that never left isn't concerned.
  assert.equal(stream.isStreamActive(), true)
  socket.destroy()
  await until(() => stream.signal.aborted, 'the signal')
})

test('a client that comes back and reads slowly is waited for', async (t) => {
  const replay = new MemoryReplayLog()
  let stream
  let most = 0
  const port = await serveRoute(t, (res) => {
    const response = new StreamingResponse(res, { replay }).start()
    if (response.isStreamActive()) {
      stream = response
      // Small frames, so that the log has many entries.
      for (let n = 0; n < 20_000; n++) response.sendToken('x'.repeat(1000))
      response.end()
    } else {
      const timer = setInterval(() => {
        most = Math.max(most, res.writableLength)
      }, 1)
      res.on('close', () => clearInterval(timer))
    }
  })
  assert.equal((await ask(port)).frames.length, 20_002)
  const socket = await slowClient(t, port, `Last-Event-ID: ${stream.streamId}:1\r\n`)
  await pause(300)
  let bytes = 0
  socket.on('data', (piece) => {
    bytes += piece.length
  })
  socket.resume()
  await until(() => bytes > 20_000 * 1000, 'the rest', 20_000)
  assert.ok(most < 256 * 1024, `${most} bytes were buffered`)
})

test('heartbeats and compression serve a client that comes back as well', async (t) => {
  const replay = new MemoryReplayLog()
  let stream
  const options = { replay, enableHeartbeat: true, heartbeatInterval: 10, compressionEnabled: true }
  const port = await serveRoute(t, (res) => {
    const response = new StreamingResponse(res, options).start().sendToken('a')
    if (response.isStreamActive()) stream = response
  })
  const socket = await slowClient(t, port)
  await until(() => stream !== undefined, 'the stream')
  const headers = { 'last-event-id': `${stream.streamId}:1`, 'accept-encoding': 'gzip' }
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers })
  assert.equal(response.headers.get('content-encoding'), 'gzip')
  setTimeout(() => stream.sendToken('b').end(), 60)
  const text = await response.text()
  assert.ok(text.includes(': heartbeat\n\n'))
  assert.equal(textIn(parseFrames(text)), 'ab')
  socket.destroy()
})

test('a stream that is sent from the log says so to strict producers', async (t) => {
  const replay = new MemoryReplayLog()
  const codes = []
  const port = await serveRoute(t, (res) => {
    const response = new StreamingResponse(res, { replay, strict: true, streamId: 'only' })
    try {
      response.start().sendToken('a').end()
    } catch (error) {
      codes.push(StreamError.isInstance(error) && error.code)
      if (!res.headersSent) response.abort(error)
    }
  })
  assert.equal((await ask(port)).status, 200)
  assert.equal(textIn((await ask(port, 'only:1')).frames), 'a')
  // The same name for a second answer would mix the two.
  assert.equal((await ask(port)).status, 500)
  assert.deepEqual(codes, ['REPLAYED', 'STREAM_ID_IN_USE'])
})

test('a log in memory keeps to its bounds, and drops whole streams, those that ended first', async () => {
  const lost = []
  const log = new MemoryReplayLog({ maxBytes: 10_000, maxStreams: 5 })
  const open = (id) => log.open(id, { cancelled() {}, lost: () => lost.push(id) })
  for (const id of ['a', 'b', 'c', 'd', 'e']) open(id)
  log.end('d')
  open('f')
  assert.deepEqual([log.size, lost], [5, []])
  assert.equal(log.read('d', 0, never), undefined)
  open('g')
  assert.deepEqual([log.size, lost], [5, ['a']])

  log.append('b', 1, 'x'.repeat(4000))
  log.append('c', 1, 'x'.repeat(4000))
  assert.ok(log.bytes >= 8000 && log.bytes <= 10_000)
  log.append('e', 1, 'ü'.repeat(1500))
  assert.ok(log.bytes <= 10_000, `${log.bytes}`)
  assert.deepEqual(lost, ['a', 'b'])
  // One that is too big by itself goes too, and what comes after for it is nobody's.
  log.append('g', 1, 'x'.repeat(20_000))
  assert.ok(lost.includes('g'))
  assert.ok(log.bytes <= 10_000)
  const before = log.bytes
  log.append('g', 2, 'x')
  log.append('never', 1, 'x')
  log.end('never')
  log.delete('never')
  assert.equal(log.bytes, before)
  for (const id of ['c', 'e', 'f']) log.delete(id)
  assert.deepEqual([log.size, log.bytes], [0, 0])
})

test('a log in memory can be read while it is written, by many, and let go of', async () => {
  const log = new MemoryReplayLog()
  log.open('s', nobody)
  for (let n = 1; n <= 3; n++) log.append('s', n, `f${n}`)
  const leaving = new AbortController()
  const all = readAll(log.read('s', 0, never))
  const rest = readAll(log.read('s', 3, never))
  const left = readAll(log.read('s', 2, leaving.signal))
  await pause(5)
  leaving.abort()
  assert.deepEqual(await left, [{ last: 3, frames: 'f3' }])
  log.append('s', 5, 'f4f5')
  await pause(1)
  log.append('s', 6, 'f6')
  log.end('s')
  assert.deepEqual(
    (await all).map(({ last, frames }) => [last, frames]),
    [
      [1, 'f1'],
      [2, 'f2'],
      [3, 'f3'],
      [5, 'f4f5'],
      [6, 'f6'],
    ],
  )
  assert.deepEqual(
    (await rest).map(({ last }) => last),
    [5, 6],
  )
  assert.equal(log.read('s', 6, never), undefined)
  assert.equal(log.read('s', 7, never), undefined)

  log.open('d', nobody)
  const dropped = readAll(log.read('d', 0, never))
  await pause(1)
  log.delete('d')
  await assert.rejects(dropped, (error) => error.code === 'REPLAY_LOST')
  for (const options of [{ maxBytes: 0 }, { maxStreams: 0.5 }, { ttl: 0 }, { ttl: -1 }, { tll: 5 }, null, 5]) {
    assert.throws(() => new MemoryReplayLog(options), ValidationError)
  }
  for (const replay of [{}, 5, null, { ...log }]) {
    assert.throws(() => new StreamingResponse(mockResponse(), { replay }), /`replay` to be a ReplayLog with `open`/)
  }
  assert.throws(() => new StreamingResponse(mockResponse(), { streamId: 'x' }), /`streamId` to be left out/)
})

test('a log keeps no process alive', async () => {
  const { execFile } = await import('node:child_process')
  const code = `
    import { MemoryReplayLog, StreamingResponse } from 'millstream'
    const replay = new MemoryReplayLog({ ttl: 600_000 })
    const res = { setHeader() {}, write() {}, end() {} }
    new StreamingResponse(res, { replay, enableHeartbeat: true }).start().sendToken('a')
    console.log(replay.size)`
  const child = execFile(process.execPath, ['--input-type=module', '-e', code], {
    cwd: new URL('..', import.meta.url),
    timeout: 10_000,
  })
  let out = ''
  child.stdout.on('data', (text) => {
    out += text
  })
  const [exit] = await once(child, 'close')
  assert.deepEqual([exit, out], [0, '1\n'])
})
