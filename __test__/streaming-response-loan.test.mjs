// How a relay borrows a started stream; what it is for is tested where answers are relayed.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { MemoryReplayLog, StreamingResponse } from 'millstream'
import { mockResponse, parseFrames } from './support/mock-response.mjs'

const { takeOver } = createRequire(import.meta.url)('../dist/internal.js')

/** Writes tokens by `taken`, and what the app sends meanwhile in its turn. */
function borrow(response, options = {}) {
  const borrower = {
    stopped: 0,
    late: false,
    inject(event, json) {
      if (this.late) return false
      this.write(event, json)
      return true
    },
    stop() {
      this.stopped++
      options.onStop?.()
    },
    write(event, json) {
      this.taken.write(`event: ${event}\nid: ${this.taken.idPrefix}${++this.id}\ndata: ${json}\n\n`, 1)
    },
  }
  borrower.taken = response[takeOver](borrower)
  borrower.id = borrower.taken?.lastId
  return borrower
}

const namesAndIds = (mock) => parseFrames(mock.frames.join('')).map(({ event, id }) => `${event} ${id}`)

test('frames of a borrower and of the app go out in one order, with one numbering', () => {
  for (const replay of [undefined, new MemoryReplayLog()]) {
    const mock = mockResponse()
    const options = replay === undefined ? {} : { replay, streamId: 's' }
    const response = new StreamingResponse(mock, options).start().sendToken('before')
    const borrower = borrow(response)
    const prefix = replay === undefined ? '' : 's:'
    assert.equal(borrower.taken.lastId, 2)
    assert.equal(borrower.taken.idPrefix, prefix)
    assert.equal(borrower.taken.response, replay === undefined ? mock : undefined)
    borrower.write('token', '{"token":"a"}')
    response.sendMetadata({ from: 'app' })
    borrower.write('token', '{"token":"b"}')
    assert.equal(response.isStreamActive(), true)
    borrower.late = true
    response.sendUsage({ promptTokens: 1, completionTokens: 2, totalTokens: 3 })
    borrower.late = false
    // Behind what came too late, or the order would change.
    response.sendToken('second')
    borrower.taken.release(borrower.id)
    borrower.taken.release(99)
    assert.equal(borrower.taken.write('event: lost\n\n', 1), true)
    response.sendToken('after').end()
    assert.deepEqual(
      namesAndIds(mock),
      ['start', 'token', 'token', 'metadata', 'token', 'usage', 'token', 'token', 'done'].map(
        (event, at) => `${event} ${prefix}${at + 1}`,
      ),
    )
    assert.equal(response.getMessageCount(), 9)
    assert.equal(mock.ended, 1)
    assert.equal(borrower.stopped, 0)
  }
})

test('an app that ends or aborts meanwhile stops the borrower, and has its way after the release', () => {
  for (const [act, tail] of [
    [(response) => response.end(), ['done']],
    [(response) => response.abort('no'), ['error', 'done']],
    [(response) => response.cancel(), ['error', 'done']],
  ]) {
    for (const atOnce of [true, false]) {
      const mock = mockResponse()
      const response = new StreamingResponse(mock).start()
      const release = () => borrower.taken.release(borrower.id)
      const borrower = borrow(response, { onStop: () => atOnce && release() })
      borrower.write('token', '{"token":"a"}')
      act(response)
      assert.equal(borrower.stopped, 1)
      assert.equal(response.isStreamActive(), false)
      response.sendToken('too late')
      if (!atOnce) {
        assert.equal(mock.ended, 0)
        act(response)
        release()
      }
      assert.equal(borrower.stopped, 1)
      assert.deepEqual(
        parseFrames(mock.frames.join('')).map(({ event }) => event),
        ['start', 'token', ...tail],
      )
      assert.equal(mock.ended, 1)
    }
  }
})

test('a borrower that has written the end leaves only the response to be ended', () => {
  const replay = new MemoryReplayLog()
  const mock = mockResponse()
  const response = new StreamingResponse(mock, { replay }).start()
  const borrower = borrow(response)
  borrower.write('error', '{"error":"x"}')
  borrower.write('done', '{"aborted":true}')
  borrower.taken.release(borrower.id, true)
  assert.equal(mock.ended, 1)
  assert.equal(response.isStreamActive(), false)
  assert.equal(response.getMessageCount(), 3)
  assert.equal(replay.cancel(response.streamId), false)
})

test('comments of a borrower are for the client, not for the log', async () => {
  const replay = new MemoryReplayLog()
  const mock = mockResponse()
  const response = new StreamingResponse(mock, { replay, streamId: 's' }).start()
  const borrower = borrow(response)
  borrower.taken.write(': heartbeat\n\n', 0)
  borrower.write('token', '{"token":"a"}')
  borrower.taken.release(borrower.id)
  response.end()
  assert.ok(mock.frames.includes(': heartbeat\n\n'))
  let kept = ''
  for await (const { frames } of replay.read('s', 0, new AbortController().signal)) kept += frames
  assert.equal(kept, mock.frames.filter((frame) => !frame.startsWith(':')).join(''))
})

test("the response's own heartbeats rest while it is lent", (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const mock = mockResponse()
  const response = new StreamingResponse(mock, { enableHeartbeat: true, heartbeatInterval: 100 }).start()
  const beats = () => mock.frames.filter((frame) => frame.startsWith(':')).length
  t.mock.timers.tick(100)
  assert.equal(beats(), 1)
  const borrower = borrow(response)
  assert.equal(borrower.taken.heartbeat, 100)
  t.mock.timers.tick(500)
  assert.equal(beats(), 1)
  borrower.taken.release(borrower.id)
  t.mock.timers.tick(200)
  assert.equal(beats(), 3)
  response.end()
})

test('only a stream that is going on can be lent, once at a time', () => {
  const mock = mockResponse()
  const response = new StreamingResponse(mock)
  assert.throws(() => borrow(response), /Stream not started/)
  response.start()
  const borrower = borrow(response)
  assert.throws(() => borrow(response), /The stream is being written by another answer/)
  borrower.taken.release(1)
  const second = borrow(response)
  // The first has nothing to say any more.
  borrower.taken.release(50)
  borrower.taken.write('event: x\n\n', 1)
  assert.equal(second.taken.lastId, 1)
  second.taken.release(1)
  response.end()
  assert.throws(() => borrow(response), /Stream already ended/)

  const left = mockResponse()
  const gone = new StreamingResponse(left).start()
  const late = borrow(gone)
  left.listeners.close()
  assert.equal(gone.signal.aborted, true)
  late.write('token', '{}')
  late.taken.release(5)
  assert.equal(left.frames.length, 1)
  assert.equal(borrow(gone).taken, undefined)
})
