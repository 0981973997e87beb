import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { AIStream, MemoryReplayLog, StreamError, StreamingResponse, ValidationError } from 'millstream'
import { mockResponse, parseFrame } from './support/mock-response.mjs'
import { serve } from './support/scripted-server.mjs'

const vectors = JSON.parse(
  readFileSync(new URL('../crates/wire/tests/vectors/events-frames.json', import.meta.url), 'utf8'),
)

for (const { name, now, idPrefix, calls } of vectors) {
  test(`writes byte for byte what the engine writes: ${name}`, (t) => {
    t.mock.timers.enable({ apis: ['Date'], now })
    const mock = mockResponse()
    const options = idPrefix === '' ? {} : { replay: new MemoryReplayLog(), streamId: idPrefix.slice(0, -1) }
    const stream = new StreamingResponse(mock, options)
    for (const { call, args, frame } of calls) {
      const before = mock.frames.length
      stream[call](...args)
      assert.equal(mock.frames.slice(before).join(''), frame, call)
    }
    assert.ok(calls.length > 1)
  })
}

test('tool calls, reasoning and the rest reach an AIStream as what they were', async (t) => {
  const server = await serve(t, ({ response }) => {
    new StreamingResponse(response)
      .start()
      .sendMetadata({ model: 'm-1', trace: { id: 7 } })
      .sendReasoning('Let me ', undefined)
      .sendReasoning('see.', 'c2ln')
      .sendToken('One\r\n')
      .sendToken('\u2028two 🌊', 1)
      .sendToolCallDelta({ id: 'call_1', index: 0, name: 'weather', delta: '{"city":' })
      .sendToolCallDelta({ id: 'call_1', index: 0, delta: '"Bern"}' })
      .sendToolCall({ id: 'call_1', index: 0, name: 'weather', arguments: '{"city":"Bern"}' })
      .sendToolCall({ id: 'call_2', index: 1, name: 'time', arguments: { zone: ['CET', 1] } })
      .sendUsage({ promptTokens: 1, completionTokens: 2, totalTokens: 3 })
      .end()
  })
  const stream = new AIStream({ endpoint: server.url, model: 'm' })
  const answer = await (await stream.stream('hi')).collect()
  assert.equal(answer.text, 'One\r\n\u2028two 🌊')
  assert.equal(answer.reasoning, 'Let me see.')
  assert.deepEqual(
    answer.toolCalls.map(({ id, index, tool, args, valid }) => ({ id, index, tool, args, valid })),
    [
      { id: 'call_1', index: 0, tool: 'weather', args: { city: 'Bern' }, valid: true },
      { id: 'call_2', index: 1, tool: 'time', args: { zone: ['CET', 1] }, valid: true },
    ],
  )
  assert.equal(answer.usage.totalTokens, 3)
  assert.deepEqual(answer.metadata.trace, { id: 7 })
})

test('a call as AIStream gives it can be sent on', () => {
  const mock = mockResponse()
  const call = { id: 'c', index: 0, tool: 'f', args: { a: 1 }, rawArguments: '{"a": 1}', valid: true }
  new StreamingResponse(mock)
    .start()
    .sendToolCall(call)
    .sendToolCall({ ...call, valid: false, rawArguments: '{"a' })
  assert.deepEqual(parseFrame(mock.frames[1]).data, { id: 'c', index: 0, name: 'f', arguments: '{"a": 1}' })
  assert.deepEqual(parseFrame(mock.frames[2]).data, { id: 'c', index: 0, name: 'f', arguments: '{"a', valid: false })
})

test('what an app caught can be told as it is', () => {
  const mock = mockResponse()
  const failure = new StreamError('HTTP 429: slow down', { type: 'rate_limit_error', code: 'rate', status: 429 })
  const system = Object.assign(new Error('no route'), { code: 'EHOSTUNREACH', status: 'up' })
  new StreamingResponse(mock).start().sendError(failure).sendError(system).sendError(new TypeError('x'))
  assert.deepEqual(
    mock.frames.slice(1).map((frame) => parseFrame(frame).data),
    [
      { error: 'HTTP 429: slow down', code: 'rate', type: 'rate_limit_error', status: 429 },
      { error: 'no route', code: 'EHOSTUNREACH' },
      { error: 'x' },
    ],
  )
})

test('an abort before the start has the status of its error', () => {
  const answer = (error) => {
    const mock = mockResponse()
    new StreamingResponse(mock).abort(error)
    return [mock.status, JSON.parse(mock.frames[0]), mock.headers['Content-Type'], mock.ended]
  }
  assert.deepEqual(answer({ error: 'slow down', status: 429 }), [
    429,
    { error: 'slow down', status: 429 },
    'application/json',
    1,
  ])
  const failure = new StreamError('HTTP 401: no', { type: 'auth_error', code: 'invalid_api_key', status: 401 })
  assert.equal(answer(failure)[0], 401)
  assert.equal(answer(new Error('boom'))[0], 500)
  assert.equal(answer(Object.assign(new Error('odd'), { status: 200 }))[0], 500)
  for (const status of [200, 399, 600, 404.5, '404', Number.NaN]) {
    assert.throws(() => answer({ error: 'x', status }), /`error\.status` to be an HTTP status from 400 to 599/)
  }
})

test('what JSON cannot carry is refused, and says what was expected', () => {
  const mock = mockResponse()
  const stream = new StreamingResponse(mock).start()
  const cycle = { list: [] }
  cycle.list.push(cycle)
  const call = { id: 'c', index: 0, name: 'f' }
  for (const [send, message] of [
    [() => stream.sendMetadata({ n: 1n }), /`metadata` to be JSON, got a BigInt/],
    [() => stream.sendMetadata(cycle), /`metadata` to be JSON, got a cycle/],
    [() => stream.sendMetadata(() => 1), /`metadata` to be an object, got a function/],
    [() => stream.sendMetadata([1]), /`metadata` to be an object, got an array/],
    [() => stream.sendUsage({ promptTokens: 1n }), /`usage` to be JSON, got a BigInt/],
    [() => stream.sendError({ error: 'x', details: cycle }), /`error` to be JSON, got a cycle/],
    [() => stream.sendToken(null), /`token` to be a string, got null/],
    [() => stream.sendReasoning({}), /`reasoning` to be a string, got an object/],
    [() => stream.sendReasoning('x', 5), /`signature` to be a string, got 5/],
    [() => stream.sendToolCall(null), /`call` to be an object, got null/],
    [() => stream.sendToolCall({ ...call, id: 5, arguments: {} }), /`call\.id` to be a string, got 5/],
    [() => stream.sendToolCall({ ...call, name: undefined, arguments: {} }), /`call\.name` to be a string/],
    [() => stream.sendToolCall({ ...call, index: -1, arguments: {} }), /`call\.index` to be a non-negative integer/],
    [() => stream.sendToolCall(call), /`call\.arguments` to be JSON text or a value/],
    [() => stream.sendToolCall({ ...call, arguments: { n: 1n } }), /`call` to be JSON, got a BigInt/],
    [() => stream.sendToolCallDelta({ id: 'c', index: 0 }), /`piece\.delta` to be a string, got undefined/],
    [() => stream.sendToolCallDelta({ id: 'c', index: 0.5, delta: '' }), /`piece\.index` to be a non-negative integer/],
  ]) {
    assert.throws(send, (error) => error instanceof ValidationError && message.test(error.message), String(message))
  }
  assert.equal(mock.frames.length, 1)
  assert.equal(stream.getMessageCount(), 1)
})

test('line ends never leave their frame', () => {
  for (const text of ['a\nb', 'a\rb', 'a\r\nb', '\n\nevent: error\ndata: {}\n\n', '\rid: 9\r']) {
    const mock = mockResponse()
    const stream = new StreamingResponse(mock).start()
    stream
      .sendToken(text)
      .sendReasoning(text, text)
      .sendMetadata({ [text]: text })
      .sendError(text)
    stream.sendToolCallDelta({ id: text, index: 0, name: text, delta: text })
    stream.end()
    for (const frame of mock.frames) assert.match(frame, /^event: [a-z_]+\nid: \d+\ndata: [^\r\n]+\n\n$/)
    assert.equal(parseFrame(mock.frames[1]).data.token, text)
  }
  for (const headers of [{ 'X-A\r\nX-B': 'c' }, { 'X-A': 'b\nX-C: d' }, { 'X-A': 'b\rc' }, { 'X A': 'b' }]) {
    assert.throws(() => new StreamingResponse(mockResponse(), { customHeaders: headers }), ValidationError)
  }
  for (const streamId of ['a\nb', 'a:b', 'a b', '', 'x'.repeat(129)]) {
    assert.throws(
      () => new StreamingResponse(mockResponse(), { replay: new MemoryReplayLog(), streamId }),
      /`streamId` to be 1 to 128 letters, digits/,
    )
  }
})
