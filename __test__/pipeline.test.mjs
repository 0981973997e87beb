// Answers as typed events: what comes in which order, what filters, transformers, callbacks and handlers of batches do to
// it, and that nothing is lost in silence.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import {
  collect,
  createEventProcessor,
  EventProcessor,
  isTextDelta,
  StreamClient,
  StreamError,
  StreamingHelper,
  streamWithEvents,
  ValidationError,
} from 'millstream'
import { MockProvider } from 'millstream/testing'
import { readAll } from './support/async.mjs'
import { until } from './support/scripted-server.mjs'

async function provide(t, options) {
  const mock = await MockProvider.start(options)
  t.after(() => mock.close())
  const local = { baseUrl: `${mock.url}/v1`, model: 'mock' }
  return { mock, client: new StreamClient({ providers: { local }, retry: { maxRetries: 0 } }) }
}

const types = (events) => events.map(({ type }) => type)
const textOf = (events) => events.map((event) => (event.type === 'delta' ? event.delta : '')).join('')

/** Chunks that know whether they were closed. */
function source(chunks, { hang = false } = {}) {
  const state = { closed: 0, pulled: 0 }
  const iterator = {
    async next() {
      if (state.pulled < chunks.length) return { done: false, value: chunks[state.pulled++] }
      return hang ? new Promise(() => {}) : { done: true, value: undefined }
    },
    async return() {
      state.closed++
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]: () => iterator,
  }
  return Object.assign(iterator, { state })
}

const text = (content, index = 0) => ({ type: 'text', content, index })
const words = (count) => Array.from({ length: count }, (_, index) => text(`w${index} `, index))
const finish = { type: 'finish', content: '', finished: true, finishReason: 'stop' }

test('an answer is one start, its text, one usage and one complete, each with all its fields', async (t) => {
  const { client } = await provide(t, { text: 'It follows the valley.' })
  const before = Date.now()
  const processor = createEventProcessor({ predicate: ({ type }) => type !== 'metadata' })
  const events = await readAll(processor.process(client.stream('Hi')))
  assert.deepEqual(types(events), ['start', 'delta', 'delta', 'delta', 'delta', 'usage', 'complete'])
  const [start] = events
  for (const event of events) {
    assert.deepEqual([event.provider, event.model, event.requestId], ['local', 'mock', start.requestId])
    assert.ok(event.timestamp >= before && event.timestamp <= Date.now())
    assert.deepEqual(event.metadata, {})
  }
  assert.match(start.requestId, /./)
  const deltas = events.filter(isTextDelta)
  assert.deepEqual(
    deltas.map(({ delta, chunkIndex, isJson }) => [delta, chunkIndex, isJson]),
    [
      ['It', 0, false],
      [' follows', 1, false],
      [' the', 2, false],
      [' valley.', 3, false],
    ],
  )
  const usage = events.at(-2)
  assert.deepEqual([usage.usage.completionTokens, usage.isEstimated, usage.confidence], [4, false, 1])
  const complete = events.at(-1)
  assert.deepEqual([complete.totalChunks, complete.finishReason], [4, 'stop'])
  assert.deepEqual(complete.finalUsage, usage.usage)
  assert.ok(complete.durationMs > 0)
})

test('the text of the events is the text, whatever it is made of', async (t) => {
  const whole = 'line\nline\r\n\n  indented 👩‍👩‍👧 déjà "quoted" \\ \t end'
  const { client } = await provide(t, { text: whole })
  assert.equal(textOf(await readAll(streamWithEvents(client.stream('Hi')))), whole)
  const empty = await readAll(streamWithEvents(source([text(''), text('a'), text(''), finish])))
  assert.equal(textOf(empty), 'a')
})

test('an estimate says that it is one, and how sure', async () => {
  const usage = { promptTokens: 1, completionTokens: 2, totalTokens: 3, isEstimated: true, confidence: 0.8 }
  const events = await readAll(streamWithEvents(source([text('a'), { ...finish, usage }])))
  const [event] = events.filter(({ type }) => type === 'usage')
  assert.deepEqual([event.isEstimated, event.confidence, event.usage], [true, 0.8, usage])
})

test('several reports of usage are one event, never added up', async () => {
  const report = (promptTokens, completionTokens) => ({
    type: 'usage',
    content: '',
    usage: { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens },
  })
  const events = await readAll(streamWithEvents(source([report(10, 1), text('a'), report(0, 5), finish])))
  assert.deepEqual(types(events), ['start', 'delta', 'usage', 'complete'])
  assert.deepEqual(events[2].usage, { promptTokens: 10, completionTokens: 5, totalTokens: 15 })
})

test('filters and transformers go in the order they were added: functions or objects, at once or later', async () => {
  const seen = []
  const processor = new EventProcessor()
    .addFilter((event) => event.type !== 'start')
    .addTransformer((event) => {
      if (isTextDelta(event)) event.delta = event.delta.toUpperCase()
      return event
    })
    .addFilter({
      stop: 'B ',
      async filter(event) {
        seen.push(event.type)
        return event.delta !== this.stop
      },
    })
    .addTransformer({
      async transform(event) {
        await pause(1)
        return event.type === 'delta' && event.delta === 'C ' ? null : { ...event, metadata: { tagged: true } }
      },
    })
  const events = await readAll(processor.process(source([text('a '), text('b '), text('c '), text('d '), finish])))
  assert.deepEqual(types(events), ['delta', 'delta', 'complete'])
  assert.equal(textOf(events), 'A D ')
  assert.ok(events.every(({ metadata }) => metadata.tagged))
  assert.equal(seen[0], 'delta')
})

test('a stage added later applies to the streams after', async () => {
  const processor = new EventProcessor()
  const first = processor.process(source([text('a'), finish]))
  processor.addFilter(({ type }) => type !== 'delta')
  assert.equal(textOf(await readAll(first)), 'a')
  assert.equal(textOf(await readAll(processor.process(source([text('a'), finish])))), '')
})

for (const [kind, add] of [
  ['filter', (processor, stage) => processor.addFilter(stage)],
  ['transformer', (processor, stage) => processor.addTransformer(stage)],
  ['async transformer', (processor, stage) => processor.addTransformer(async (event) => stage(event))],
]) {
  test(`a ${kind} that throws ends the stream: told as the last event, thrown, and the source closed`, async () => {
    const boom = new Error('boom')
    const processor = new EventProcessor()
    add(processor, (event) => {
      if (event.delta === 'w2 ') throw boom
      return event
    })
    const from = source(words(5), { hang: true })
    const told = []
    const read = []
    await assert.rejects(
      async () => {
        for await (const event of processor.process(from, { onError: (error) => told.push(error) })) read.push(event)
      },
      (error) => error === boom,
    )
    assert.deepEqual(types(read), ['start', 'delta', 'delta', 'error'])
    const { error, errorType, isRetryable } = read.at(-1)
    assert.deepEqual([error.code, errorType, isRetryable], ['PIPELINE_THREW', 'unknown_error', false])
    assert.equal(error.cause, boom)
    assert.deepEqual(told, [error])
    assert.equal(from.state.closed, 1)

    const events = await readAll(processor.process(source(words(5)), { errors: 'event' }))
    assert.equal(events.at(-1).error.cause, boom)
  })
}

test('a transformer that forgets to return is told so', async () => {
  const processor = new EventProcessor().addTransformer(() => {})
  await assert.rejects(
    readAll(processor.process(source([text('a')]))),
    /to return an event, or null to drop it, got undefined/,
  )
})

test('a failure is the last event and then thrown; by choice only the event', async (t) => {
  const { client } = await provide(t, { text: 'one two three four', reset: { afterTokens: 2 } })
  const read = []
  await assert.rejects(
    async () => {
      for await (const event of streamWithEvents(client.stream('Hi'))) read.push(event)
    },
    (error) => StreamError.isInstance(error) && error.partialText === 'one two',
  )
  assert.deepEqual(types(read), ['start', 'delta', 'delta', 'error'])
  const { error, errorType, isRetryable } = read.at(-1)
  assert.equal(errorType, error.type)
  assert.equal(isRetryable, true)

  const quiet = await readAll(streamWithEvents(client.stream('Hi'), { errors: 'event' }))
  assert.deepEqual(types(quiet), ['start', 'delta', 'delta', 'error'])
  await assert.rejects(collect(client.stream('Hi'), { errors: 'event' }), (error) => StreamError.isInstance(error))
})

test('what fails before the answer has no start; a refused key is not worth another try', async (t) => {
  const { client } = await provide(t, { status: 401 })
  const events = await readAll(streamWithEvents(client.stream('Hi'), { errors: 'event' }))
  assert.deepEqual(types(events), ['error'])
  assert.deepEqual([events[0].errorType, events[0].isRetryable], ['auth_error', false])
})

test('no filter can hide a failure', async (t) => {
  const { client } = await provide(t, { text: 'one two three', reset: { afterTokens: 2 } })
  const processor = createEventProcessor({ eventTypes: ['delta'] })
  for (const errors of ['throw', 'event']) {
    await assert.rejects(readAll(processor.process(client.stream('Hi'), { errors })), StreamError)
  }
})

test('whatever a foreign source throws is a StreamError in the event and itself when thrown', async () => {
  const strange = new RangeError('strange')
  async function* broken() {
    yield text('a')
    throw strange
  }
  const read = []
  await assert.rejects(
    async () => {
      for await (const event of streamWithEvents(broken())) read.push(event)
    },
    (error) => error === strange,
  )
  assert.equal(read.at(-1).error.cause, strange)
  await assert.rejects(readAll(streamWithEvents(source([{ what: 1 }]))), { code: 'INVALID_CHUNK' })
})

test('callbacks get the value first and the event second, are awaited, and see what went through', async (t) => {
  const { client } = await provide(t, { text: 'one two' })
  const calls = []
  const loud = new EventProcessor().addTransformer((event) =>
    isTextDelta(event) ? { ...event, delta: event.delta.toUpperCase() } : event,
  )
  const callbacks = {
    prefix: 'x',
    onStart({ provider, model }, event) {
      calls.push([this.prefix, provider, model, event.type])
    },
    async onDelta(delta, event) {
      await pause(2)
      calls.push([delta, event.chunkIndex])
    },
    onUsage: (usage, event) => calls.push([usage.completionTokens, event.isEstimated]),
    onComplete: (whole, event) => calls.push([whole, event.totalChunks]),
    onError: () => calls.push('error'),
  }
  const { prefix, ...named } = callbacks
  const bound = Object.fromEntries(Object.entries(named).map(([name, call]) => [name, call.bind(callbacks)]))
  await collect(client.stream('Hi'), { processor: loud, ...bound })
  assert.deepEqual(calls, [
    [prefix, 'local', 'mock', 'start'],
    ['ONE', 0],
    [' TWO', 1],
    [2, false],
    ['ONE TWO', 2],
  ])
})

test('a callback that throws ends the stream', async (t) => {
  const { mock, client } = await provide(t, { text: 'word '.repeat(2000), tokensPerSecond: 200 })
  const boom = new Error('boom')
  const onDelta = () => {
    throw boom
  }
  await assert.rejects(collect(client.stream('Hi'), { onDelta }), (error) => error === boom)
  await until(() => mock.requests[0].closedByClient)
})

test('leaving the loop, or aborting, closes a source that is silent', async () => {
  const from = source([text('a')], { hang: true })
  for await (const event of streamWithEvents(from)) if (event.type === 'delta') break
  assert.equal(from.state.closed, 1)

  const silent = source([text('a')], { hang: true })
  const events = streamWithEvents(silent)
  setTimeout(() => events.abort('enough'), 20)
  await assert.rejects(readAll(events), (error) => error.type === 'aborted_error' && error.cause === 'enough')
  assert.equal(silent.state.closed, 1)
})

test('a stream of events has one reader', async () => {
  const events = streamWithEvents(source([text('a'), finish]))
  await readAll(events)
  assert.throws(() => events[Symbol.asyncIterator](), { code: 'ALREADY_CONSUMED' })
  await assert.rejects(events.collect(), { code: 'ALREADY_CONSUMED' })
})

test('collected: the text that went through, counts, metrics with the time to the first token', async (t) => {
  const { client } = await provide(t, { text: '{"a": [1, 2]}', tokensPerSecond: 200 })
  const answer = await StreamingHelper.collectWithUsage(await client.stream('Hi'), { json: true })
  assert.equal(answer.getText(), '{"a": [1, 2]}')
  assert.deepEqual(answer.getJson(), { a: [1, 2] })
  assert.deepEqual(
    [answer.finishReason, answer.provider, answer.model, answer.partial],
    ['stop', 'local', 'mock', false],
  )
  const { metrics } = answer
  assert.equal(metrics.totalChars, 13)
  assert.ok(metrics.chunks > 1)
  assert.equal(answer.usage.completionTokens, metrics.chunks)
  assert.ok(metrics.timeToFirstToken > 0 && metrics.timeToFirstToken <= metrics.duration)
  assert.ok(metrics.interTokenLatency > 0)
  assert.equal(metrics.durationSeconds, metrics.duration / 1000)
  assert.ok(Math.abs(metrics.chunksPerSecond * metrics.durationSeconds - metrics.chunks) < 1e-6)
  assert.ok(Math.abs(metrics.charsPerSecond * metrics.durationSeconds - 13) < 1e-6)
  await assert.rejects(
    collect(source([text('no json'), finish])).then((plain) => plain.getJson()),
    { code: 'INVALID_JSON' },
  )
})

test('tool calls, reasoning and metadata go through, and come out as chunks again', async () => {
  const call = {
    id: 'c1',
    index: 0,
    tool: 'weather',
    args: { city: 'Oslo' },
    rawArguments: '{"city":"Oslo"}',
    valid: true,
  }
  const usage = { promptTokens: 1, completionTokens: 2, totalTokens: 3 }
  const chunks = [
    { type: 'reasoning', content: '', reasoning: 'hm', signature: 's' },
    text('a'),
    { type: 'text', content: 'other', index: 1, choice: 1 },
    { type: 'tool-call-delta', content: '', id: 'c1', index: 0, tool: 'weather', argsDelta: '{}' },
    { type: 'tool-call', content: '', ...call },
    { type: 'tool-result', content: '', id: 'c1', tool: 'weather', result: { celsius: 4 } },
    { type: 'metadata', content: '', metadata: { citations: [1] } },
    { type: 'usage', content: '', usage },
    { ...finish, finishReason: 'tool-calls', usage },
  ]
  assert.deepEqual(await readAll(new EventProcessor().process(source(chunks)).chunks), chunks)
  const { toolCalls, reasoning, metadata, finishReason } = await collect(source(chunks))
  assert.deepEqual(
    { toolCalls, reasoning, metadata, finishReason },
    {
      toolCalls: [call],
      reasoning: 'hm',
      metadata: { citations: [1] },
      finishReason: 'tool-calls',
    },
  )
  // A processor behind a processor sees the same.
  const twice = new EventProcessor().process(new EventProcessor({ addCorrelation: 'c' }).process(source(chunks)))
  const events = await readAll(twice)
  assert.equal(events[0].type, 'start')
  assert.deepEqual(
    types(events).filter((type) => type === 'start' || type === 'complete' || type === 'usage').length,
    3,
  )
  assert.equal(events.find(({ type }) => type === 'tool-call').metadata.correlationId, 'c')
})

test('a filter that drops the end does not make a client wait for it', async () => {
  const processor = createEventProcessor({ eventTypes: ['delta'] })
  const chunks = await readAll(processor.process(source([text('a'), finish])).chunks)
  assert.deepEqual(types(chunks), ['text', 'finish'])
})

test('what went through is an answer like any other: read twice, piped, or the body of a web response', async (t) => {
  const { client } = await provide(t, { text: 'one two three' })
  const loud = new EventProcessor().addTransformer((event) =>
    isTextDelta(event) ? { ...event, delta: event.delta.toUpperCase() } : event,
  )
  const result = await loud.process(client.stream('Hi')).toStream()
  assert.equal(await result.text, 'ONE TWO THREE')
  assert.deepEqual(types(await readAll(result)).filter((type) => type === 'text').length, 3)
  assert.deepEqual([result.provider, result.model, (await result.usage).completionTokens], ['local', 'mock', 3])

  const response = loud.process(client.stream('Hi')).toResponse({ format: 'text' })
  assert.equal(await response.text(), 'ONE TWO THREE')
  const body = loud.process(client.stream('Hi')).toReadableStream({ format: 'text' })
  assert.equal(await new Response(body).text(), 'ONE TWO THREE')

  const server = createServer((_request, res) => void loud.process(client.stream('Hi')).pipe(res, { format: 'text' }))
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const url = `http://127.0.0.1:${server.address().port}/`
  assert.equal(await (await fetch(url)).text(), 'ONE TWO THREE')
})

test('a client that is sent a processed answer is told of its failure, and its leaving closes the source', async (t) => {
  const { mock, client } = await provide(t, {
    script: [{ status: 503 }, { text: 'w '.repeat(5000), tokensPerSecond: 500 }],
  })
  const server = createServer((_request, res) => void new EventProcessor().process(client.stream('Hi')).pipe(res))
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const url = `http://127.0.0.1:${server.address().port}/`
  const refused = await fetch(url)
  assert.equal(refused.status, 503)
  assert.equal((await refused.json()).type, 'overloaded_error')

  const leaving = new AbortController()
  const { body } = await fetch(url, { signal: leaving.signal })
  await body.getReader().read()
  leaving.abort()
  await until(() => mock.requests[1].closedByClient)
})

test('text alone can be processed, and read as text alone', async () => {
  async function* plain() {
    yield 'one '
    yield 'two'
  }
  const loud = new EventProcessor({
    transformers: [(event) => (isTextDelta(event) ? { ...event, delta: event.delta.toUpperCase() } : event)],
  })
  assert.deepEqual(await readAll(loud.process(plain(), { provider: 'p', model: 'm' }).textStream), ['ONE ', 'TWO'])
  const { provider, model } = (await readAll(loud.process(plain(), { provider: 'p', model: 'm' })))[0]
  assert.deepEqual([provider, model], ['p', 'm'])
})

test('createEventProcessor: types, providers, predicate', async () => {
  const chunks = [text('a'), text('bb'), finish]
  const read = async (options) =>
    types(await readAll(createEventProcessor(options).process(source(chunks), { provider: 'p' })))
  assert.deepEqual(await read({ eventTypes: ['start', 'delta'] }), ['start', 'delta', 'delta'])
  assert.deepEqual(await read({ providers: ['p', 'q'] }), ['start', 'delta', 'delta', 'complete'])
  assert.deepEqual(await read({ providers: ['q'] }), [])
  assert.deepEqual(await read({ predicate: (event) => event.delta?.length === 2 }), ['delta'])
})

test('createEventProcessor: correlation, timestamps, metrics, each of its own stream', async () => {
  const processor = createEventProcessor({ addCorrelation: true, addTimestamp: true, addMetrics: true })
  const [first, second] = await Promise.all(
    [1, 2].map(() => readAll(processor.process(source([text('a'), text('bb'), finish])))),
  )
  for (const events of [first, second]) {
    assert.equal(new Set(events.map(({ metadata }) => metadata.correlationId)).size, 1)
    assert.ok(events.every(({ metadata, timestamp }) => metadata.processedAt >= timestamp))
    assert.deepEqual(
      events.map(({ metadata }) => metadata.metrics.totalChars),
      [0, 1, 3, 3],
    )
  }
  assert.notEqual(first[0].metadata.correlationId, second[0].metadata.correlationId)
  const [named] = await readAll(createEventProcessor({ addCorrelation: 'mine' }).process(source([finish])))
  assert.equal(named.metadata.correlationId, 'mine')
})

test('batches: full ones at once, the rest at the end, in order, one at a time, each event once', async () => {
  const batches = []
  let inside = 0
  const processor = createEventProcessor({
    batchSize: 4,
    batchTimeoutMs: 0,
    async batchHandler(events) {
      assert.equal(inside++, 0)
      await pause(2)
      inside--
      batches.push(events)
    },
  })
  const events = await readAll(processor.process(source([...words(8), finish])))
  assert.deepEqual(
    batches.map(({ length }) => length),
    [4, 4, 2],
  )
  assert.deepEqual(batches.flat(), events)
})

test('batches: one that is not full is handed on after a time', async () => {
  const batches = []
  const processor = createEventProcessor({
    batchSize: 100,
    batchTimeoutMs: 10,
    batchHandler: (events) => void batches.push(events.length),
  })
  const events = processor.process(source(words(2), { hang: true }))[Symbol.asyncIterator]()
  for (let read = 0; read < 3; read++) await events.next()
  await until(() => batches.length === 1)
  assert.deepEqual(batches, [3])
  await events.return()
})

test('batches: what was gathered is handed on where the stream fails or is left', async () => {
  for (const leave of [true, false]) {
    const gathered = []
    const processor = createEventProcessor({
      batchTimeoutMs: 0,
      batchHandler: (events) => void gathered.push(...events),
    })
    async function* broken() {
      yield* words(3)
      throw new Error('broken')
    }
    let read = 0
    const reading = (async () => {
      for await (const _ of processor.process(broken())) if (++read === 3 && leave) break
    })()
    await (leave ? reading : assert.rejects(reading, /broken/))
    assert.deepEqual(
      types(gathered),
      leave ? ['start', 'delta', 'delta'] : ['start', 'delta', 'delta', 'delta', 'error'],
    )
  }
})

test('batches: a handler that fails ends the stream, whenever it was called', async () => {
  const boom = new Error('boom')
  for (const [batchSize, count] of [
    [2, 10],
    [100, 10],
  ]) {
    const batchHandler = async () => {
      throw boom
    }
    const processor = createEventProcessor({ batchSize, batchTimeoutMs: 0, batchHandler })
    const from = source([...words(count), finish])
    await assert.rejects(readAll(processor.process(from)), (error) => error === boom)
    assert.equal(from.state.closed, 1)
  }
})

test('in the background events are processed ahead of the reader, within a bound', async () => {
  const seen = []
  const processor = createEventProcessor({ background: true, predicate: (event) => seen.push(event.type) })
  const from = source([...words(1000), finish])
  const events = processor.process(from)
  await until(() => seen.length >= 256)
  await pause(20)
  assert.ok(seen.length <= 258, `${seen.length} events ahead`)
  const read = await readAll(events)
  assert.equal(
    textOf(read),
    words(1000)
      .map(({ content }) => content)
      .join(''),
  )
  assert.equal(read.at(-1).type, 'complete')

  // Without it nothing is read before it is asked for.
  const lazy = source([...words(1000), finish])
  const waiting = new EventProcessor().process(lazy)[Symbol.asyncIterator]()
  await pause(10)
  assert.equal(lazy.state.pulled, 0)
  await waiting.return()
})

test('in the background a slow handler does not hold the reader up, and what fails is still told in order', async () => {
  const order = []
  const processor = createEventProcessor({
    background: true,
    batchSize: 2,
    batchTimeoutMs: 0,
    async batchHandler() {
      await pause(5)
      order.push('handled')
    },
  })
  const whole = await processor.process(source([...words(4), finish])).collect()
  assert.equal(whole.text, 'w0 w1 w2 w3 ')
  assert.deepEqual(order, ['handled', 'handled', 'handled'])

  const boom = new Error('boom')
  const failing = createEventProcessor({
    background: true,
    predicate: (event) => {
      if (event.delta === 'w3 ') throw boom
      return true
    },
  })
  const read = []
  await assert.rejects(
    async () => {
      for await (const event of failing.process(source(words(10), { hang: true }))) read.push(event)
    },
    (error) => error === boom,
  )
  assert.deepEqual(types(read), ['start', 'delta', 'delta', 'delta', 'error'])
  const left = source(words(10), { hang: true })
  for await (const _ of failing.process(left, { errors: 'event' })) break
  assert.equal(left.state.closed, 1)
})

test('one processor serves a hundred streams at once, each in order', async (t) => {
  const { client } = await provide(t, { text: 'a b c d e f g h' })
  const processor = createEventProcessor({ addCorrelation: true })
  const answers = await Promise.all(Array.from({ length: 100 }, () => readAll(processor.process(client.stream('Hi')))))
  for (const events of answers) assert.equal(textOf(events), 'a b c d e f g h')
  assert.equal(new Set(answers.map(([{ metadata }]) => metadata.correlationId)).size, 100)
})

test('what is wrong with an option is said', () => {
  const wrong = [
    [{ eventTypes: ['text_delta'] }, /`eventTypes\[0\]` to be one of 'start', 'delta'/],
    [{ eventTypes: 'delta' }, /`eventTypes` to be an array/],
    [{ providers: [''] }, /`providers\[0\]` to be a non-empty string/],
    [{ predicate: 1 }, /`predicate` to be a function/],
    [{ batchSize: 5 }, /`batchSize` to be left out where there is no `batchHandler`/],
    [{ batchSize: 0, batchHandler: () => {} }, /`batchSize` to be a positive integer, got 0/],
    [{ batchTimeoutMs: -1, batchHandler: () => {} }, /`batchTimeoutMs`/],
    [{ background: 1 }, /`background` to be a boolean/],
    [{ filters: [{}] }, /`filters\[0\]` to be a function or an object with a method `filter`/],
    [{ eventType: [] }, /Did you mean `eventTypes`/],
  ]
  for (const [options, message] of wrong) {
    assert.throws(
      () => createEventProcessor(options),
      (error) => error instanceof ValidationError && message.test(error.message),
    )
  }
  assert.throws(() => new EventProcessor().addTransformer({}), /method `transform`/)
  assert.throws(() => new EventProcessor().process('text'), /`stream` to be an answer/)
  assert.throws(() => streamWithEvents(source([]), { processor: {} }), /`processor` to be an EventProcessor/)
  assert.throws(() => streamWithEvents(source([]), { onDelta: 1 }), /`onDelta` to be a function/)
})
