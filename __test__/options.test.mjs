import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { AIStream, StreamError, ValidationError } from 'millstream'

const good = { endpoint: 'http://127.0.0.1:9/api/chat', model: 'm' }
const variables = ['MILLSTREAM_BASE_URL', 'OPENAI_API_KEY', 'OPENAI_BASE_URL', 'CEREBRAS_API_KEY', 'CEREBRAS_BASE_URL']
const saved = {}

beforeEach(() => {
  for (const name of variables) {
    saved[name] = process.env[name]
    delete process.env[name]
  }
})

afterEach(() => {
  for (const name of variables) {
    if (saved[name] === undefined) delete process.env[name]
    else process.env[name] = saved[name]
  }
})

function invalid(make, field, pattern) {
  assert.throws(make, (error) => {
    assert.ok(error instanceof ValidationError, `${error}`)
    assert.ok(StreamError.isInstance(error))
    assert.equal(error.field, field)
    assert.match(error.message, pattern)
    assert.equal(error.attempt, 0)
    return true
  })
}

test('wrong options of an AIStream are typed errors that say what was expected', () => {
  const cases = [
    [undefined, 'config', /an object, got undefined/],
    [{ ...good, model: '' }, 'model', /`model` to be a non-empty string, got ""/],
    [{ ...good, model: 7 }, 'model', /got 7/],
    [{ endpoint: good.endpoint }, 'model', /got undefined/],
    [{ model: 'm' }, 'endpoint', /got neither/],
    [{ ...good, endpoint: 5 }, 'endpoint', /got 5/],
    [{ ...good, endpoint: 'http://' }, 'endpoint', /http:, https:, ws: or wss: URL/],
    [{ ...good, endpoint: 'ftp://x/y' }, 'endpoint', /got one of ftp:/],
    [{ ...good, endpoint: 'http://u:p@x/y' }, 'endpoint', /without user name/],
    [{ ...good, temperature: 'warm' }, 'temperature', /a non-negative number, got "warm"/],
    [{ ...good, temperature: Number.NaN }, 'temperature', /got NaN/],
    [{ ...good, maxTokens: 0 }, 'maxTokens', /a positive integer, got 0/],
    [{ ...good, topP: 1.5 }, 'topP', /from 0 to 1, got 1.5/],
    [{ ...good, stop: [1] }, 'stop', /an array of something else/],
    [{ ...good, seed: 1.5 }, 'seed', /an integer, got 1.5/],
    [{ ...good, extraBody: [] }, 'extraBody', /an object, got an array/],
    [{ ...good, extraBody: { n: 1n } }, 'extraBody', /a BigInt/],
    [{ ...good, extraBody: { stream: false } }, 'extraBody.stream', /always streamed/],
    [{ ...good, headers: [] }, 'headers', /header names and values/],
    [{ ...good, headers: { 'a b': 'x' } }, 'headers', /keys are header names/],
    [{ ...good, onToken: 'x' }, 'onToken', /a function, got "x"/],
    [
      { ...good, endpoint: undefined, provider: { baseUrl: 'http://127.0.0.1:9', maxTokensField: 'n' } },
      'provider.maxTokensField',
      /one of 'max_tokens', 'max_completion_tokens', got "n"/,
    ],
    [{ ...good, protocol: 'telepathy' }, 'protocol', /one of 'auto', 'openai'/],
    [{ ...good, usageMode: 'sum' }, 'usageMode', /one of 'last', 'total', got "sum"/],
    [{ ...good, whenBusy: 'x' }, 'whenBusy', /one of 'queue', 'reject'/],
    [{ ...good, messages: [{ role: 'robot', content: '' }] }, 'messages[0].role', /one of/],
    [{ ...good, messages: [{ role: 'user' }] }, 'messages[0].content', /a string, got undefined/],
    [{ ...good, resume: 'continue' }, 'resume', /goes on from an assistant prefix/],
    [{ ...good, resume: 'x' }, 'resume', /one of 'auto', 'restart', 'none'/],
    [{ ...good, timeout: '5s' }, 'timeout', /milliseconds or an object, got "5s"/],
    [{ ...good, timeout: -1 }, 'timeout', /got -1/],
    [{ ...good, timeout: { idle: Number.POSITIVE_INFINITY } }, 'timeout.idle', /got Infinity/],
    [{ ...good, retry: 3 }, 'retry', /an object, got 3/],
    [
      { ...good, retry: { maxRetries: -1 } },
      'retry.maxRetries',
      /`retry.maxRetries` to be a non-negative integer.*got -1/,
    ],
    [{ ...good, retry: { maxAttempts: 0 } }, 'retry.maxAttempts', /a positive integer.*got 0/],
    [{ ...good, retry: { maxRetries: 1, maxAttempts: 2 } }, 'retry.maxAttempts', /got both/],
    [{ ...good, retry: { backoff: 'random' } }, 'retry.backoff', /one of 'exponential', 'linear'/],
    [{ ...good, retry: { jitter: 2 } }, 'retry.jitter', /from 0 to 1, got 2/],
    [{ ...good, retry: { retryableStatusCodes: [200] } }, 'retry.retryableStatusCodes[0]', /got 200/],
    [{ ...good, retry: { shouldRetry: true } }, 'retry.shouldRetry', /a function/],
    [{ ...good, retry: { retryableErrors: 'ECONNRESET' } }, 'retry.retryableErrors', /an array/],
    [{ ...good, maxEventBytes: 0 }, 'maxEventBytes', /a positive integer/],
  ]
  for (const [config, field, pattern] of cases) invalid(() => new AIStream(config), field, pattern)
})

test('an option that does not exist is an error that names the nearest one', () => {
  invalid(() => new AIStream({ ...good, temprature: 1 }), 'temprature', /Did you mean `temperature`\?/)
  invalid(
    () => new AIStream({ ...good, retry: { maxRetrys: 1 } }),
    'retry.maxRetrys',
    /Did you mean `retry.maxRetries`/,
  )
  invalid(
    () => new AIStream({ ...good, timeout: { firstToken: 1 } }),
    'timeout.firstToken',
    /Known: connect, firstContent/,
  )
  invalid(() => new AIStream(good, { heartbeatInterval: 1 }), 'heartbeatInterval', /Known: transport/)
  assert.doesNotThrow(() => new AIStream({ ...good, temperature: undefined }))
})

test('transport options are checked', () => {
  for (const transport of ['sse', 'websocket', 'http']) assert.doesNotThrow(() => new AIStream(good, { transport }))
  const socket = { endpoint: 'wss://127.0.0.1/chat', model: 'm' }
  assert.doesNotThrow(() => new AIStream(socket, { transport: 'websocket' }))
  invalid(() => new AIStream(socket, { transport: 'sse' }), 'transport', /over WebSocket, got 'sse'/)
  invalid(() => new AIStream(good, { transport: 'pigeon' }), 'transport', /'sse', 'websocket', 'http'/)
  invalid(() => new AIStream(good, { bufferSize: 0 }), 'bufferSize', /positive integer/)
  invalid(() => new AIStream(good, { reconnect: 'no' }), 'reconnect', /a boolean/)
  invalid(() => new AIStream({ ...good, resume: 'auto' }, { reconnect: false }), 'reconnect', /contradict/)
})

test('a relative endpoint without a base names the endpoint', () => {
  invalid(
    () => new AIStream({ endpoint: '/api/chat', model: 'm' }),
    'endpoint',
    /"\/api\/chat" is relative: set `baseUrl`/,
  )
  process.env.MILLSTREAM_BASE_URL = 'http://127.0.0.1:9'
  assert.doesNotThrow(() => new AIStream({ endpoint: '/api/chat', model: 'm' }))
  process.env.MILLSTREAM_BASE_URL = 'nonsense'
  invalid(() => new AIStream({ endpoint: '/api/chat', model: 'm' }), 'MILLSTREAM_BASE_URL', /got "nonsense"/)
})

test('an unknown provider lists the known ones', () => {
  invalid(
    () => new AIStream({ provider: 'openapi', model: 'm' }),
    'provider',
    /Unknown provider "openapi"\. Known: 'openai'/,
  )
  invalid(() => new AIStream({ provider: 'constructor', model: 'm' }), 'provider', /Unknown provider/)
  invalid(() => new AIStream({ provider: {}, model: 'm' }), 'provider.baseUrl', /non-empty string/)
  invalid(() => new AIStream({ provider: { baseUrl: 'x' }, model: 'm' }), 'provider.baseUrl', /URL/)
  invalid(() => new AIStream({ provider: 7, model: 'm' }), 'provider', /got 7/)
})

test('a missing key names the variable and the page where keys come from', () => {
  assert.throws(
    () => new AIStream({ provider: 'openai', model: 'm' }),
    (error) => {
      assert.equal(error.type, 'auth_error')
      assert.equal(error.code, 'MISSING_API_KEY')
      assert.match(error.message, /OPENAI_API_KEY/)
      assert.match(error.message, /platform\.openai\.com/)
      return true
    },
  )
  process.env.OPENAI_API_KEY = 'sk-test-1234567890'
  assert.doesNotThrow(() => new AIStream({ provider: 'openai', model: 'm' }))
})

test('no secret stands in a message about options', () => {
  const canary = 'canary-8f1d'
  const cases = [
    { ...good, apiKey: `${canary}\nx` },
    { ...good, apiKey: { canary } },
    { ...good, headers: { authorization: `${canary}\r\nx: y` } },
    { ...good, headers: { authorization: [canary] } },
    { ...good, endpoint: `http://${canary}:pass@[::` },
    { ...good, endpoint: `//[?key=${canary}` },
    { ...good, endpoint: `relative?key=${canary}` },
    { ...good, endpoint: `https://user:${canary}@host/x` },
  ]
  for (const config of cases) {
    assert.throws(
      () => new AIStream(config),
      (error) => {
        assert.ok(error instanceof ValidationError, `${error}`)
        assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes(canary), error.message)
        return true
      },
    )
  }
})

test('wrong arguments of a call reject, or throw, whoever listens', async () => {
  const stream = new AIStream({ ...good, onError: () => assert.fail('not a failure of the answer') })
  await assert.rejects(stream.send(5), ValidationError)
  await assert.rejects(stream.send('x', { temprature: 1 }), /Did you mean `temperature`/)
  await assert.rejects(stream.send('x', { retain: false }), /Unknown option `retain`/)
  await assert.rejects(stream.send('x', { signal: {} }), /an AbortSignal/)
  assert.throws(() => stream.stream(undefined), ValidationError)
  assert.throws(() => stream.stream('x', { errors: 'swallow' }), /one of 'throw', 'chunk'/)
  assert.deepEqual(stream.getMessages(), [])
})
