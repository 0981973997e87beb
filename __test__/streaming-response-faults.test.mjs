// Clients that leave anywhere, and calls in any order: nothing throws but misuse, nothing is sent twice or too late, and
// nothing stays behind.
import assert from 'node:assert/strict'
import http from 'node:http'
import net from 'node:net'
import { test } from 'node:test'
import { MemoryReplayLog, StreamError, StreamingResponse } from 'millstream'
import { mockResponse, parseFrames, textIn } from './support/mock-response.mjs'
import { listen } from './support/response-servers.mjs'
import { until } from './support/scripted-server.mjs'

/** Random numbers that a seed brings back (mulberry32). */
function randomness(seed) {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

test('calls in any order: frames are numbered, the end is the end, and only misuse throws', () => {
  const misuse = new Set(['NOT_STARTED', 'ALREADY_STARTED', 'RESPONSE_ALREADY_SENT'])
  let finished = 0
  for (let seed = 0; seed < 2000; seed++) {
    const random = randomness(seed)
    const mock = mockResponse()
    const end = mock.end
    mock.end = function (chunk) {
      this.writableEnded = true
      end.call(this, chunk)
    }
    const replay = seed % 2 === 0 ? new MemoryReplayLog() : undefined
    let hook = 0
    const stream = new StreamingResponse(mock, {
      onClose: () => hook++,
      compressionEnabled: true,
      ...(replay && { replay }),
    })
    let aborts = 0
    stream.signal.addEventListener('abort', () => aborts++)
    const calls = [
      () => stream.start(),
      () => stream.sendToken('a'),
      () => stream.sendUsage({ promptTokens: 1, completionTokens: 1, totalTokens: 2 }),
      () => stream.sendReasoning('r').sendMetadata({ a: 1 }),
      () => stream.sendError('e'),
      () => random(8) === 0 && stream.end(),
      () => random(8) === 0 && stream.abort('x'),
      () => random(8) === 0 && stream.cancel(),
      () => random(8) === 0 && mock.listeners.close(),
      () => random(16) === 0 && mock.ended === 0 && mock.end(),
      () => random(8) === 0 && replay?.delete(stream.streamId ?? ''),
      () => void stream.ready(),
    ]
    if (random(4) > 0) stream.start()
    for (let n = 0; n < 25; n++) {
      try {
        calls[random(calls.length)]()
      } catch (error) {
        assert.ok(StreamError.isInstance(error) && misuse.has(error.code), `seed ${seed}: ${error.stack}`)
      }
    }
    assert.ok(mock.ended <= 1 && hook <= 1 && aborts <= 1, `seed ${seed}`)
    if (mock.status === 500 || mock.status === 503) {
      assert.equal(mock.frames.length, 1)
      continue
    }
    const frames = parseFrames(mock.frames.join(''))
    assert.deepEqual(
      frames.map(({ id }) => Number(id.split(':').at(-1))),
      frames.map((_, at) => at + 1),
      `seed ${seed}`,
    )
    const done = frames.findIndex(({ event }) => event === 'done')
    assert.ok(done === -1 || done === frames.length - 1, `seed ${seed}: frames after the end`)
    if (done === -1) continue
    finished++
    assert.equal(stream.isStreamActive(), false)
    assert.equal(mock.ended, 1)
  }
  assert.ok(finished > 200, `${finished} were finished`)
})

test('clients that leave at random bytes: the others get exactly their text, and every producer is stopped', async (t) => {
  const random = randomness(7)
  const streams = []
  const server = http.createServer(async (_req, res) => {
    const n = streams.length
    const stream = new StreamingResponse(res, { enableHeartbeat: n % 3 === 0, heartbeatInterval: 1 }).start()
    streams.push(stream)
    await stream.pipeFrom(
      (async function* () {
        for (let k = 0; k < 40; k++) {
          yield `${k} ü `
          if (k % 5 === n % 5) await new Promise(setImmediate)
        }
      })(),
    )
    stream.end()
  })
  const port = await listen(t, server)
  const expected = Array.from({ length: 40 }, (_, k) => `${k} ü `).join('')
  let stayed = 0
  const client = (leavesAfter) =>
    new Promise((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1')
      socket.write('GET / HTTP/1.0\r\n\r\n')
      const pieces = []
      let bytes = 0
      socket.on('data', (piece) => {
        pieces.push(piece)
        bytes += piece.length
        if (bytes >= leavesAfter) socket.resetAndDestroy()
      })
      socket.on('error', () => {})
      socket.on('close', () => {
        if (bytes >= leavesAfter) return resolve()
        stayed++
        const text = Buffer.concat(pieces).toString()
        try {
          assert.equal(textIn(parseFrames(text.slice(text.indexOf('\r\n\r\n') + 4))), expected)
          resolve()
        } catch (error) {
          reject(error)
        }
      })
    })
  for (let round = 0; round < 15; round++) {
    await Promise.all(
      Array.from({ length: 40 }, () => client(random(3) === 0 ? Number.POSITIVE_INFINITY : 1 + random(4000))),
    )
  }
  assert.ok(stayed > 100, `${stayed} stayed`)
  await until(() => streams.every((stream) => !stream.isStreamActive()), 'every stream to be over')
  const connections = () =>
    new Promise((resolve, reject) => server.getConnections((e, n) => (e ? reject(e) : resolve(n))))
  for (let tries = 0; (await connections()) > 0; tries++) assert.ok(tries < 1000, 'a connection stayed open')
})
