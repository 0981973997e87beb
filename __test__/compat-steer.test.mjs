// The client of `millstream/compat/steer`: its names, and that each option has its effect.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { StreamClient } from 'millstream'
import {
  AgentRunner,
  createEventProcessor,
  DEBUG_OPTIONS,
  DEFAULT_OPTIONS,
  EventProcessor,
  HIGH_PERFORMANCE_OPTIONS,
  HIGH_THROUGHPUT_OPTIONS,
  isTextDelta,
  JSON_MODE_OPTIONS,
  LOW_LATENCY_OPTIONS,
  SteerLLMClient,
  StreamError,
  StreamingOptions,
  ValidationError,
} from 'millstream/compat/steer'
import { MockProvider } from 'millstream/testing'
import { readAll } from './support/async.mjs'
import { delta, doneMark, finish, serve, until } from './support/scripted-server.mjs'

const keys = {
  OPENAI_API_KEY: 'sk-test-000000',
  ANTHROPIC_API_KEY: 'sk-ant-test-000000',
  XAI_API_KEY: 'xai-test-000000',
}
const variables = [
  ...Object.keys(keys),
  'OPENAI_BASE_URL',
  'ANTHROPIC_BASE_URL',
  'XAI_BASE_URL',
  'MILLSTREAM_STREAM_READ_TIMEOUT',
  'STEER_STREAM_READ_TIMEOUT',
  'STREAMING_READ_TIMEOUT',
  'STEER_STREAM_MAX_RECONNECTS',
  'STEER_STREAM_RETRY_ON_ERROR',
  'STEER_STREAM_PRESERVE_PARTIAL',
  'STREAMING_CONNECTION_TIMEOUT',
]
const saved = {}
let mock
const client = new SteerLLMClient()
const model = 'gpt-4o-mini'

before(async () => {
  mock = await MockProvider.start()
  for (const name of variables) saved[name] = process.env[name]
})

beforeEach(() => {
  for (const name of variables) delete process.env[name]
  Object.assign(process.env, keys, {
    OPENAI_BASE_URL: `${mock.url}/v1`,
    ANTHROPIC_BASE_URL: mock.url,
    XAI_BASE_URL: `${mock.url}/v1`,
  })
  mock.reset()
  mock.respondWith({ text: 'Once upon a time' })
})

after(async () => {
  for (const [name, value] of Object.entries(saved)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  await mock.close()
})

/** A client of a server that a test writes itself. */
async function scripted(t, answer, config = {}) {
  const server = await serve(t, answer)
  return {
    server,
    client: new SteerLLMClient({ providers: { local: { baseUrl: server.url, model: 'm' } }, ...config }),
  }
}

test('stream gives text, for a prompt or messages, with the model as an option or before them', async () => {
  const messages = [{ role: 'user', content: 'Hi' }]
  for (const stream of [
    client.stream('Hi', { model }),
    client.stream('Hi', model),
    client.stream(messages, model, { max_tokens: 5 }),
    client.stream({ messages, model }),
    client.stream({ messages: 'Hi', model }),
    client.stream({ prompt: 'Hi', model }),
  ]) {
    assert.equal(typeof stream.then, 'undefined')
    assert.deepEqual(await readAll(stream), ['Once', ' upon', ' a', ' time'])
  }
  assert.deepEqual(
    mock.requests.map(({ body }) => body.messages),
    Array(6).fill(messages),
  )
  assert.deepEqual(
    mock.requests.flatMap(({ body }) => body.max_completion_tokens ?? []),
    [5],
  )
})

test('streamWithUsage gives the whole, with its usage, metrics and the model that answered', async () => {
  const response = await client.streamWithUsage('Hi', { model })
  assert.equal(response.getText(), 'Once upon a time')
  assert.equal(response.text, 'Once upon a time')
  assert.deepEqual([response.provider, response.model, response.finishReason], ['openai', model, 'stop'])
  assert.equal(response.usage.completionTokens, 4)
  assert.equal(response.usage.totalTokens, response.usage.promptTokens + 4)
  const { metrics } = response
  assert.deepEqual([metrics.chunks, metrics.totalChars], [4, 16])
  assert.ok(metrics.timeToFirstToken > 0)
  assert.ok(metrics.chunksPerSecond > 0 && metrics.charsPerSecond > metrics.chunksPerSecond)
})

for (const [provider, name] of [
  ['openai', 'gpt-4o-mini'],
  ['anthropic', 'claude-3-haiku-20240307'],
  ['xai', 'grok-3-mini'],
]) {
  test(`${provider} is asked for its models, and its answer is the same events as that of the others`, async () => {
    const types = []
    const eventProcessor = new EventProcessor().addFilter(({ type }) => {
      if (type !== 'metadata') types.push(type)
      return true
    })
    const response = await client.streamWithUsage('Hi', { model: name, streamingOptions: { eventProcessor } })
    assert.equal(response.getText(), 'Once upon a time')
    assert.equal(response.provider, provider)
    assert.deepEqual(types, ['start', 'delta', 'delta', 'delta', 'delta', 'usage', 'complete'])
    assert.equal(response.usage.completionTokens, 4)
    assert.equal(response.finishReason, 'stop')
  })
}

test('usage is asked for in the stream, and comes as one event', async () => {
  const usages = []
  await client.streamWithUsage('Hi', { model, onUsage: (usage) => usages.push(usage) })
  assert.deepEqual(mock.requests[0].body.stream_options, { include_usage: true })
  assert.equal(usages.length, 1)
})

test('returnUsage throws, with the new name', () => {
  for (const options of [
    { model, returnUsage: true },
    { model, return_usage: true },
  ]) {
    assert.throws(
      () => client.stream('Hi', options),
      (error) => error instanceof ValidationError && /streamWithUsage\(\)/.test(error.message),
    )
  }
  assert.equal(mock.requests.length, 0)
})

test('callbacks: in the options or beside the question, the value first and the event second, while it comes', async () => {
  const record = (calls) => ({
    on_start: ({ provider }, event) => void calls.push(['start', provider, event.type]),
    onDelta: async (text, event) => void calls.push([text, event.chunkIndex]),
    onUsage: (usage, event) => void calls.push(['usage', usage.completionTokens, event.confidence]),
    onComplete: (text, event) => void calls.push([text, event.totalChunks]),
  })
  const [inside, beside] = [[], []]
  await client.streamWithUsage('Hi', { model, streamingOptions: new StreamingOptions(record(inside)) })
  await client.streamWithUsage('Hi', { model, ...record(beside) })
  assert.deepEqual(inside, [
    ['start', 'openai', 'start'],
    ['Once', 0],
    [' upon', 1],
    [' a', 2],
    [' time', 3],
    ['usage', 4, 1],
    ['Once upon a time', 4],
  ])
  assert.deepEqual(beside, inside)

  mock.respondWith({ status: 401 })
  const failures = []
  const onError = (error, event) => failures.push([error.type, event.errorType, event.isRetryable])
  await assert.rejects(client.streamWithUsage('Hi', { model, onError }), (error) => error.type === 'auth_error')
  assert.deepEqual(failures, [['auth_error', 'auth_error', false]])
})

test('an event processor changes what is given; no processor and no preset is changed by use', async () => {
  const loud = createEventProcessor({ addCorrelation: true }).addTransformer((event) => {
    if (isTextDelta(event)) event.delta = event.delta.toUpperCase()
    return event
  })
  const streamingOptions = { eventProcessor: loud }
  assert.equal((await readAll(client.stream('Hi', { model, streamingOptions }))).join(''), 'ONCE UPON A TIME')
  assert.equal((await client.streamWithUsage('Hi', { model, streamingOptions })).getText(), 'ONCE UPON A TIME')

  const presets = [
    DEBUG_OPTIONS,
    DEFAULT_OPTIONS,
    HIGH_PERFORMANCE_OPTIONS,
    HIGH_THROUGHPUT_OPTIONS,
    JSON_MODE_OPTIONS,
    LOW_LATENCY_OPTIONS,
  ]
  const before = presets.map((preset) => ({ ...preset }))
  const ids = []
  for (const preset of presets) {
    assert.ok(Object.isFrozen(preset))
    mock.respondWith({ text: '{"a": 1}' })
    const onStart = (_, { metadata }) => ids.push(metadata.correlationId)
    for (let times = 0; times < 2; times++) {
      assert.equal(
        (await client.streamWithUsage('Hi', { model, streamingOptions: preset, onStart })).getText(),
        '{"a": 1}',
      )
    }
  }
  assert.deepEqual(
    presets.map((preset) => ({ ...preset })),
    before,
  )
  const made = ids.filter((id) => id !== undefined)
  assert.equal(made.length, 2)
  assert.equal(new Set(made).size, 2)
  assert.throws(() => {
    JSON_MODE_OPTIONS.readTimeout = 1
  }, TypeError)
})

const jsonMode = { responseFormat: { type: 'json_object' }, streamingOptions: JSON_MODE_OPTIONS }

test('JSON mode: asked for, marked on each delta, and given as an object without losing the text', async () => {
  const text = '{"name": "Lamp {}", "price": 12.5, "tags": ["a\\"}", "ü"]}'
  mock.respondWith({ text })
  const flags = new Set()
  const onDelta = (_, { isJson }) => flags.add(isJson)
  const response = await client.streamWithUsage('Hi', { model, ...jsonMode, onDelta })
  assert.deepEqual(response.getJson(), JSON.parse(text))
  assert.equal(response.getText(), text)
  assert.deepEqual([...flags], [true])
  assert.deepEqual(mock.requests[0].body.response_format, { type: 'json_object' })
})

test('JSON mode: a cut answer is repaired, several values are several, a fence is none of it', async () => {
  const read = async (text, streamingOptions = { enableJsonStreamHandler: true }) => {
    mock.respondWith({ text })
    return (await client.streamWithUsage('Hi', { model, ...jsonMode, streamingOptions })).getJson()
  }
  assert.deepEqual(await read('{"a":{"b":[1,2'), { a: { b: [1, 2] } })
  assert.deepEqual(await read('{"a": "cut in a str'), { a: 'cut in a str' })
  assert.deepEqual(await read('{"n":1}\n{"n":2}\n'), [{ n: 1 }, { n: 2 }])
  assert.deepEqual(await read('```json\n{"n": 1}\n```'), { n: 1 })
  await assert.rejects(read('no json at all'), (error) => error.code === 'INVALID_JSON' && error.offset === 1)
  // Without it the text is parsed when it is there.
  const off = { enableJsonStreamHandler: false }
  assert.deepEqual(await read('{"a": [1]}', off), { a: [1] })
  await assert.rejects(read('{"a": [1', off), { code: 'INVALID_JSON' })
})

test('JSON mode: the first impossible character ends the answer, long before its end', async () => {
  mock.respondWith({ text: `{"a": nope ${'word '.repeat(3000)}`, tokensPerSecond: 300 })
  const failures = []
  const onError = (error, event) => failures.push([error.code, error.offset, event.type])
  const asked = Date.now()
  await assert.rejects(
    client.streamWithUsage('Hi', { model, ...jsonMode, onError }),
    (error) => StreamError.isInstance(error) && error.code === 'INVALID_JSON' && error.offset === 7,
  )
  assert.ok(Date.now() - asked < 5000)
  assert.deepEqual(failures, [['INVALID_JSON', 7, 'error']])
  // Not looked at, it is only text.
  mock.respondWith({ text: 'not json' })
  const unread = await client.streamWithUsage('Hi', { model, ...jsonMode, streamingOptions: DEFAULT_OPTIONS })
  assert.equal(unread.getText(), 'not json')
})

test('each clock runs out alone, and the error names it', async (t) => {
  // Accepts, and never says a word of TLS.
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.after(() => silent.close())
  const unreachable = new SteerLLMClient({
    providers: { local: { baseUrl: `https://127.0.0.1:${silent.address().port}`, model: 'm' } },
  })
  const once_ = { retryOnConnectionError: false }
  const phase = (expected) => (error) => error.type === 'timeout_error' && error.phase === expected
  await assert.rejects(
    unreachable.streamWithUsage('Hi', { streamingOptions: { ...once_, connection_timeout: 0.1 } }),
    phase('connect'),
  )
  mock.respondWith({ text: 'one two three', stall: { afterTokens: 2 } })
  await assert.rejects(
    client.streamWithUsage('Hi', { model, streamingOptions: { ...once_, readTimeout: 100 } }),
    (error) => phase('idle')(error) && error.partialText === 'one two',
  )
  mock.respondWith({ text: 'word '.repeat(1000), tokensPerSecond: 50 })
  await assert.rejects(
    client.streamWithUsage('Hi', { model, streamingOptions: { ...once_, total_timeout: 0.3 } }),
    (error) => phase('total')(error) && error.partialText.startsWith('word'),
  )
})

test('attempts are counted in all, and only where they are wanted', async (t) => {
  const refuse = ({ reset }) => reset()
  const { server, client } = await scripted(t, refuse)
  const ask = (streamingOptions) => assert.rejects(client.streamWithUsage('Hi', { streamingOptions }), StreamError)
  await ask({ reconnect_delay: 0.001, max_reconnect_attempts: 3 })
  assert.equal(server.exchanges.length, 3)
  await ask({ reconnectDelay: 1, maxReconnectAttempts: 1 })
  assert.equal(server.exchanges.length, 4)
  await ask({ reconnectDelay: 1, retryOnConnectionError: false })
  assert.equal(server.exchanges.length, 5)
  process.env.STEER_STREAM_MAX_RECONNECTS = '2'
  await ask({ reconnectDelay: 1 })
  assert.equal(server.exchanges.length, 7)
  process.env.STEER_STREAM_RETRY_ON_ERROR = 'false'
  await ask({ reconnectDelay: 1 })
  assert.equal(server.exchanges.length, 8)
})

test('the delay before the second attempt is what was asked for', async (t) => {
  const { server, client } = await scripted(t, ({ index, sse, reset, response }) => {
    if (index === 0) return reset()
    sse()
    return response.end(delta('a') + finish() + doneMark)
  })
  await client.streamWithUsage('Hi', { streamingOptions: { reconnectDelay: 300 } })
  const [first, second] = server.exchanges
  assert.ok(second.at - first.at >= 290, `${second.at - first.at} ms`)
})

test('an answer that broke off goes on without a word twice, where that is wanted; else it fails with its text', async (t) => {
  const script = async ({ index, sse, write, response, reset }) => {
    sse().write(delta('A ') + delta('B '))
    await pause(30)
    if (index % 2 === 0) return reset()
    write(delta('C') + finish() + doneMark)
    return response.end()
  }
  const { server, client } = await scripted(t, script)
  const read = []
  const onDelta = (text) => void read.push(text)
  const options = { reconnectDelay: 1, preservePartialResponse: true }
  const response = await client.streamWithUsage('Hi', { streamingOptions: options, onDelta })
  assert.equal(response.getText(), 'A B C')
  assert.equal(read.join(''), 'A B C')
  assert.equal(server.exchanges.length, 2)
  await assert.rejects(
    client.streamWithUsage('Hi', { streamingOptions: { reconnectDelay: 1 } }),
    (error) => error.partialText === 'A B ',
  )
  assert.equal(server.exchanges.length, 3)
})

test('the environment has the say where the call has none, under each of its names', async () => {
  mock.respondWith({ text: 'one two three', stall: { afterTokens: 2 } })
  const ask = (streamingOptions = {}) => client.streamWithUsage('Hi', { model, streamingOptions })
  for (const name of ['MILLSTREAM_STREAM_READ_TIMEOUT', 'STEER_STREAM_READ_TIMEOUT', 'STREAMING_READ_TIMEOUT']) {
    process.env[name] = '0.1'
    await assert.rejects(ask({ retryOnConnectionError: false }), { phase: 'idle' })
    delete process.env[name]
  }
  process.env.STEER_STREAM_READ_TIMEOUT = '60'
  await assert.rejects(ask({ readTimeout: 100 }), { phase: 'idle' })
  process.env.STREAMING_CONNECTION_TIMEOUT = 'soon'
  await assert.rejects(ask(), (error) => /STREAMING_CONNECTION_TIMEOUT to be a number/.test(error.message))
})

test('pieces are gathered up to a size, and nothing is lost at the end or before a failure', async () => {
  mock.respondWith({ text: 'word '.repeat(100).trim() })
  const pieces = await readAll(client.stream('Hi', { model, streamingOptions: { chunkSize: 50 } }))
  assert.equal(pieces.join(''), 'word '.repeat(100).trim())
  assert.ok(pieces.slice(0, -1).every(({ length }) => length >= 50))
  assert.ok(pieces.length >= 9 && pieces.length <= 10, `${pieces.length} pieces`)

  mock.respondWith({ text: 'one two three', reset: { afterTokens: 2 } })
  const read = []
  await assert.rejects(async () => {
    for await (const text of client.stream('Hi', { model, streamingOptions: { chunkSize: 1000 } })) read.push(text)
  }, StreamError)
  assert.deepEqual(read, ['one two'])
})

test('buffer size and flush interval are those of the client that asks', async (t) => {
  const made = []
  const { prototype } = StreamClient
  const stream = prototype.stream
  t.mock.method(prototype, 'stream', function (...given) {
    made.push(this)
    return stream.apply(this, given)
  })
  const options = [{}, { bufferSize: 64 }, { buffer_size: 64 }, { flushInterval: 0 }, LOW_LATENCY_OPTIONS]
  for (const streamingOptions of options) {
    assert.equal((await client.streamWithUsage('Hi', { model, streamingOptions })).getText(), 'Once upon a time')
  }
  assert.equal(new Set(made).size, 3)
  // A provider that is far ahead has to wait.
  mock.respondWith({ text: 'word '.repeat(60_000) })
  const held = client.stream('Hi', { model, streamingOptions: { bufferSize: 100 } })[Symbol.asyncIterator]()
  await held.next()
  await pause(150)
  assert.ok(mock.requests.at(-1).tokensSent < 60_000)
  await held.return()
})

test('text that is kept compressed is the same text, and is in the error where the answer fails', async () => {
  const text = 'déjà 👩‍👩‍👧 vu "quoted" \\ '.repeat(8000)
  mock.respondWith({ text })
  const streamingOptions = { enableCompression: true }
  const response = await client.streamWithUsage('Hi', { model, streamingOptions })
  assert.equal(response.getText(), text)
  assert.equal(response.usage.completionTokens > 0, true)
  mock.respondWith({ text: 'one two three', reset: { afterTokens: 2 } })
  await assert.rejects(
    client.streamWithUsage('Hi', { model, streamingOptions }),
    (error) => error.partialText === 'one two',
  )
})

test('a hundred answers at once on one client', async () => {
  mock.respondWith({ echo: true })
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      client.streamWithUsage(`number ${index} of them`, { model, streamingOptions: HIGH_THROUGHPUT_OPTIONS }),
    ),
  )
  for (const [index, answer] of answers.entries()) assert.equal(answer.getText(), `number ${index} of them`)
})

test('leaving the loop closes the connection', async () => {
  mock.respondWith({ text: 'word '.repeat(2000), tokensPerSecond: 200 })
  for await (const _ of client.stream('Hi', { model })) break
  await until(() => mock.requests[0].closedByClient)
})

test('tokens are counted here where the provider counts none, as asked, and say that they are', async () => {
  mock.respondWith({ text: 'Once upon a time, there', omit: ['usage'] })
  const ask = async (streamingOptions) => {
    const events = []
    const onUsage = (usage, event) => events.push([usage, event])
    const { usage } = await client.streamWithUsage('Hi', { model, streamingOptions, onUsage })
    assert.equal(events.length, usage === undefined ? 0 : 1)
    const [[told, event] = []] = events
    assert.deepEqual(told, usage)
    return { usage, event }
  }
  const exact = await ask({})
  assert.equal(exact.usage.completionTokens, 6)
  assert.deepEqual([exact.usage.isEstimated, exact.event.isEstimated], [true, true])
  assert.equal(exact.event.confidence, exact.usage.confidence)
  assert.ok(exact.event.confidence > 0.8 && exact.event.confidence < 1)
  assert.equal((await ask({ aggregatorType: 'tiktoken' })).usage.completionTokens, 6)
  const rough = await ask({ aggregator_type: 'character' })
  assert.equal(rough.usage.completionTokens, Math.ceil('Once upon a time, there'.length / 4))
  assert.ok(rough.event.confidence < exact.event.confidence)
  assert.deepEqual((await ask({ preferTiktoken: false })).usage, rough.usage)
  assert.equal((await ask({ enableUsageAggregation: false })).usage, undefined)
  // What the provider says is what counts.
  mock.respondWith({ text: 'Once upon a time' })
  const told = await ask({})
  assert.deepEqual([told.usage.isEstimated, told.event.isEstimated, told.event.confidence], [undefined, false, 1])
})

test('the cost is a number where the price of the model is known, else nothing', async () => {
  const cost = async (asked, ofClient = client) => (await ofClient.streamWithUsage('Hi', { model: asked })).costUsd
  for (const priced of ['gpt-4o-mini', 'claude-3-haiku-20240307', 'grok-3-mini'])
    assert.ok((await cost(priced)) > 0, priced)
  assert.equal(await cost('gpt-of-nobody'), undefined)
  const own = new SteerLLMClient({ prices: { 'gpt-of-nobody': { inputPerMillion: 0, outputPerMillion: 1_000_000 } } })
  assert.equal(await cost('gpt-of-nobody', own), 4)
})

test('an agent fills its templates, runs its tools, and stops after so many turns', async () => {
  const calls = {
    text: 'Looking.',
    toolCalls: [{ name: 'look', arguments: { at: 'Oslo' } }],
    finishReason: 'tool_calls',
  }
  mock.respondWith([calls, calls, calls])
  const looked = []
  const parameters = { type: 'object', properties: { at: { type: 'string' } }, required: ['at'] }
  const definition = {
    model,
    system: 'You are {role}, and {{like braces}}.',
    user_template: 'What is at {place}?',
    parameters: { max_tokens: 50 },
    tools: [{ name: 'look', parameters, execute: ({ at }) => looked.push(at) }],
  }
  const runner = new AgentRunner(client)
  const variables = { role: 'a scout', place: 'Oslo' }
  const events = await readAll(runner.stream({ definition, variables, options: { max_steps: 2 } }))
  assert.deepEqual(looked, ['Oslo', 'Oslo'])
  const [first] = mock.requests
  assert.deepEqual(first.body.messages.slice(0, 2), [
    { role: 'system', content: 'You are a scout, and {like braces}.' },
    { role: 'user', content: 'What is at Oslo?' },
  ])
  assert.equal(first.body.max_completion_tokens, 50)
  assert.equal(mock.requests.length, 2)
  const tools = events.filter(({ type }) => type.startsWith('tool'))
  assert.deepEqual(
    tools.map(({ type, metadata }) => [type, metadata.tool, metadata.args ?? metadata.result]),
    [
      ['tool_call', 'look', { at: 'Oslo' }],
      ['tool_result', 'look', 1],
      ['tool_call', 'look', { at: 'Oslo' }],
      ['tool_result', 'look', 2],
    ],
  )
  assert.equal(events.at(-1).finishReason, 'tool-calls')
  assert.throws(() => runner.stream({ definition, variables: { role: 'x' } }), /`variables.place` to be given/)
  assert.throws(() => runner.stream({ definition: { ...definition, modle: 1 } }), /Did you mean `definition.model`/)
  assert.equal(mock.requests.length, 2)

  mock.respondWith({ text: 'whole' })
  const whole = await readAll(
    runner.stream({ definition: { model }, variables: { query: 'Hi' }, options: { streaming: false } }),
  )
  assert.equal(mock.requests.at(-1).body.stream, false)
  assert.deepEqual(
    whole.filter(isTextDelta).map(({ delta }) => delta),
    ['whole'],
  )
})

test('what is wrong with an option is said, before anything is sent', async () => {
  const wrong = [
    [{ streamingOptions: { readTimeout: -1 } }, /`readTimeout`/],
    [{ streamingOptions: { read_timeout: 'x' } }, /`read_timeout` to be a non-negative number/],
    [{ streamingOptions: { readTimeout: 1, read_timeout: 1 } }, /either `readTimeout` or `read_timeout`, got both/],
    [{ streamingOptions: { aggregatorType: 'exact' } }, /`aggregatorType` to be one of/],
    [{ streamingOptions: { maxReconnectAttempts: 0 } }, /`maxReconnectAttempts` to be a positive integer/],
    [{ streamingOptions: { eventProcessor: {} } }, /`eventProcessor` to be an EventProcessor/],
    [{ streamingOptions: { chunkSizes: 1 } }, /Did you mean `chunkSize`/],
    [{ responseFormat: { type: 'json' } }, /`responseFormat.type`/],
    [{ temprature: 1 }, /Did you mean `temperature`/],
    [{ onDelta: 1 }, /`onDelta` to be a function/],
  ]
  for (const [options, message] of wrong) {
    assert.throws(
      () => client.stream('Hi', { model, ...options }),
      (error) => error instanceof ValidationError && message.test(error.message),
      JSON.stringify(options),
    )
  }
  assert.throws(() => new StreamingOptions({ chunkSize: -1 }), /`chunkSize` to be a non-negative integer/)
  assert.throws(() => client.stream('Hi', 'a', { model: 'b' }), /`options.model` to be left out/)
  assert.throws(() => client.stream({ messages: 'Hi', model }, { model }), /they stand in the request/)
  assert.throws(() => client.stream({ messages: 'Hi', prompt: 'Hi', model }), /left out beside `messages`/)
  assert.throws(() => client.stream({ prompt: 7, model }), /Expected `prompt` to be a string, got 7/)
  assert.throws(() => client.stream('Hi', { prompt: 'Hi', model }), /the question stands before it/)
  assert.throws(() => new SteerLLMClient({ apiKey: 'x' }), /Unknown option `apiKey`/)
  assert.equal(mock.requests.length, 0)
})
