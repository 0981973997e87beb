import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { APIError, classifyError, handleStreamingError, StreamError, TimeoutError, ValidationError } from 'millstream'

const types = [
  'timeout_error',
  'connection_error',
  'rate_limit_error',
  'auth_error',
  'invalid_request_error',
  'overloaded_error',
  'server_error',
  'protocol_error',
  'truncated_error',
  'content_policy_error',
  'circuit_open_error',
  'queue_full_error',
  'aborted_error',
  'unknown_error',
]

test('every type has a suggestion and knows whether it can be recovered from', () => {
  const recoverable = new Set()
  for (const type of types) {
    const found = classifyError(new StreamError('x', { type, code: 'X' }))
    assert.equal(found.type, type)
    assert.ok(found.suggestion.length > 10, type)
    if (found.recoverable) recoverable.add(type)
  }
  for (const type of ['timeout_error', 'connection_error', 'rate_limit_error', 'server_error']) {
    assert.ok(recoverable.has(type), type)
  }
  for (const type of ['auth_error', 'unknown_error', 'invalid_request_error']) assert.ok(!recoverable.has(type), type)
})

test('classifies by code, status, name and cause', () => {
  const withCode = (code) => Object.assign(new Error('x'), { code })
  const cases = [
    [withCode('ECONNREFUSED'), 'connection_error'],
    [withCode('ECONNRESET'), 'connection_error'],
    [withCode('ENOTFOUND'), 'connection_error'],
    [withCode('CERT_HAS_EXPIRED'), 'connection_error'],
    [withCode('ETIMEDOUT'), 'timeout_error'],
    [withCode('UND_ERR_BODY_TIMEOUT'), 'timeout_error'],
    [new TypeError('fetch failed', { cause: withCode('ECONNREFUSED') }), 'connection_error'],
    [new TypeError('fetch failed', { cause: withCode('UND_ERR_CONNECT_TIMEOUT') }), 'timeout_error'],
    [new TypeError('fetch failed'), 'connection_error'],
    [new TypeError("Cannot read properties of undefined (reading 'x')"), 'unknown_error'],
    [new DOMException('This operation was aborted', 'AbortError'), 'aborted_error'],
    [new DOMException('The operation timed out', 'TimeoutError'), 'timeout_error'],
    [{ status: 401 }, 'auth_error'],
    [{ statusCode: 403 }, 'auth_error'],
    [{ response: { status: 429 } }, 'rate_limit_error'],
    [{ status: 408 }, 'timeout_error'],
    [{ status: 504 }, 'timeout_error'],
    [{ status: 500 }, 'server_error'],
    [{ status: 529 }, 'overloaded_error'],
    [{ status: 404 }, 'invalid_request_error'],
    [{ status: 200 }, 'unknown_error'],
    [new Error('429 in the text says nothing'), 'unknown_error'],
    [new AggregateError([withCode('ECONNREFUSED'), withCode('ECONNREFUSED')], 'all failed'), 'connection_error'],
    [new Error('wrapper', { cause: Object.assign(new Error('inner'), { status: 503 }) }), 'server_error'],
    ['a string', 'unknown_error'],
    [42, 'unknown_error'],
  ]
  for (const [error, type] of cases) assert.equal(classifyError(error).type, type, String(error?.message ?? error))
})

test('classifies the errors of provider SDKs', () => {
  class APIConnectionError extends Error {}
  class RateLimitError extends Error {
    status = 429
    headers = new Headers({ 'retry-after': '2' })
    error = { message: 'slow down', type: 'requests' }
  }
  const quota = Object.assign(new Error('x'), { status: 429, code: 'insufficient_quota', type: 'insufficient_quota' })
  const filtered = Object.assign(new Error('x'), { status: 400, code: 'content_filter' })
  const overloaded = Object.assign(new Error('{"type":"error"}'), {
    status: undefined,
    error: { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
  })
  assert.equal(classifyError(new APIConnectionError('Connection error.')).type, 'connection_error')
  assert.equal(classifyError(overloaded).type, 'overloaded_error')
  assert.equal(classifyError(quota).type, 'rate_limit_error')
  assert.equal(classifyError(filtered).type, 'content_policy_error')
  const limited = classifyError(new RateLimitError('429 slow down'))
  assert.equal(limited.type, 'rate_limit_error')
  assert.equal(limited.retryAfter, 2000)
  assert.equal(limited.status, 429)
})

test('gives back message, time and context', () => {
  const context = { stage: 'warm-up' }
  const before = Date.now()
  const found = handleStreamingError(new Error('boom'), context)
  assert.equal(found.message, 'boom')
  assert.equal(found.context, context)
  assert.ok(found.timestamp >= before && found.timestamp <= Date.now())
  assert.equal(handleStreamingError, classifyError)
})

test('never throws, whatever it is given', () => {
  const hostile = new Proxy(
    {},
    {
      get() {
        throw new Error('no')
      },
      getPrototypeOf() {
        throw new Error('no')
      },
      has() {
        throw new Error('no')
      },
    },
  )
  const cycle = new Error('cycle')
  cycle.cause = cycle
  const two = new Error('a', { cause: new Error('b') })
  two.cause.cause = two
  const getter = Object.defineProperty({}, 'status', {
    get() {
      throw new Error('no')
    },
  })
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  for (const value of [
    undefined,
    null,
    0,
    '',
    Number.NaN,
    10n,
    Symbol('s'),
    true,
    {},
    [],
    () => {},
    hostile,
    cycle,
    two,
    getter,
    proxy,
    Object.create(null),
    { type: '__proto__', code: 'constructor', name: 'toString' },
    { headers: { get: 1 } },
    {
      headers: {
        get() {
          throw new Error('no')
        },
      },
    },
  ]) {
    const found = classifyError(value)
    assert.equal(found.type, 'unknown_error')
    assert.equal(typeof found.message, 'string')
    assert.equal(found.recoverable, false)
    assert.ok(found.suggestion)
  }
})

test('errors are recognised across copies of the package, and by their classes', () => {
  const error = new APIError('HTTP 429: slow down', { type: 'rate_limit_error', code: 'x', status: 429 })
  assert.ok(error instanceof StreamError && error instanceof Error)
  assert.equal(error.name, 'APIError')
  assert.equal(error.statusCode, 429)
  assert.ok(StreamError.isInstance(error))
  // What another copy's class would have made.
  const foreign = Object.assign(new Error('x'), { type: 'auth_error', code: 'y' })
  Object.defineProperty(foreign, Symbol.for('millstream.StreamError'), { value: true })
  assert.ok(StreamError.isInstance(foreign))
  assert.equal(classifyError(foreign).type, 'auth_error')
  for (const other of [new Error('x'), undefined, null, 'x', {}]) assert.ok(!StreamError.isInstance(other))

  const late = new TimeoutError('too late', { code: 'IDLE_TIMEOUT', phase: 'idle' })
  assert.equal(late.phase, 'idle')
  assert.equal(late.type, 'timeout_error')
  const invalid = new ValidationError('no', 'model')
  assert.equal(invalid.field, 'model')
  assert.equal(invalid.name, 'ValidationError')
})

test('an error carries the text in full, and does not print it', () => {
  const text = 'x'.repeat(100_000)
  const error = new StreamError('broke off', { type: 'truncated_error', code: 'T', partialText: text })
  assert.equal(error.partialText, text)
  assert.equal(error.partialContent, text)
  assert.ok(!Object.keys(error).includes('partialText'))
  assert.ok(JSON.stringify(error).length < 2000)
})

test('a wait asked for by date is counted from now', async () => {
  await pause(1)
  const at = new Date(Date.now() + 10_000).toUTCString()
  const { retryAfter } = classifyError({ status: 429, headers: { 'retry-after': at } })
  assert.ok(retryAfter > 7000 && retryAfter <= 10_000, String(retryAfter))
})
