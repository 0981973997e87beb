// `npm run test:streaming`: the callback service, in five areas: connection, callbacks, timeouts, classification of
// errors, performance. Offline, against a mock provider.
import assert from 'node:assert/strict'
import { setMaxListeners } from 'node:events'
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { StreamError, ValidationError } from 'millstream'
import * as face from 'millstream/compat/cerebras'
import { MockProvider } from 'millstream/testing'
import { delta, doneMark, finish, serve, until } from './support/scripted-server.mjs'

const { cerebrasService, createCerebrasService, StreamProcessor } = face

async function provide(t, answer, config = {}) {
  const mock = await MockProvider.start(answer)
  t.after(() => mock.close())
  return { mock, service: serviceAt(`${mock.url}/v1`, config) }
}

const serviceAt = (baseUrl, config = {}) =>
  createCerebrasService({
    apiKey: 'csk-test-000000',
    baseUrl,
    ...config,
    optimization: { retryDelay: 1, ...config.optimization },
  })

describe('connection', () => {
  test('a healthy connection is reported with its counts', async (t) => {
    const { mock, service } = await provide(t, { text: 'ready to go' })
    const { responseTime, ...report } = await service.testStreamingConnection()
    assert.ok(responseTime > 0)
    assert.deepEqual(report, {
      success: true,
      chunkCount: 3,
      contentLength: 11,
      model: 'llama-4-maverick-17b-128e-instruct',
      provider: 'cerebras',
    })
    await mock.waitForClose()
  })

  test('a connection that is down is reported, not thrown', async () => {
    const { success, type, error } = await serviceAt('http://127.0.0.1:1/v1').testStreamingConnection()
    assert.deepEqual([success, type], [false, 'connection_error'])
    assert.match(error, /^fetch failed/)
  })

  test('a missing key is reported, not thrown', async () => {
    const saved = process.env.CEREBRAS_API_KEY
    delete process.env.CEREBRAS_API_KEY
    try {
      const { success, type, error } = await cerebrasService.testStreamingConnection()
      assert.deepEqual([success, type], [false, 'auth_error'])
      assert.match(error, /CEREBRAS_API_KEY/)
    } finally {
      if (saved !== undefined) process.env.CEREBRAS_API_KEY = saved
    }
  })

  test('the request has the defaults, and what replaces them, a temperature of 0 included', async (t) => {
    const { mock, service } = await provide(t, { text: 'x' }, { systemPrompt: 'Dream' })
    await service.generateDreamStream('A garden')
    assert.equal(mock.requests[0].headers.authorization, 'Bearer csk-test-000000')
    assert.deepEqual(mock.requests[0].body, {
      model: 'llama-4-maverick-17b-128e-instruct',
      messages: [
        { role: 'system', content: 'Dream' },
        { role: 'user', content: 'A garden' },
      ],
      temperature: 0.6,
      max_completion_tokens: 32768,
      top_p: 0.9,
      stream: true,
      stream_options: { include_usage: true },
    })
    await service.generateDreamStream('A garden', { model: 'm', temperature: 0, maxTokens: 5, topP: 0.1, stop: 'END' })
    const { model, temperature, max_completion_tokens, top_p, stop } = mock.requests[1].body
    assert.deepEqual([model, temperature, max_completion_tokens, top_p, stop], ['m', 0, 5, 0.1, ['END']])
    const other = serviceAt(`${mock.url}/v1`, { maxTokensField: 'max_tokens' })
    await other.generateDreamStream('A garden')
    assert.equal(mock.requests[2].body.max_tokens, 32768)
  })

  test('with streaming off, one request gives one chunk', async (t) => {
    const { mock, service } = await provide(t, { text: 'a whole dream' }, { streaming: { enabled: false } })
    const chunks = []
    const { content, chunkCount } = await service.generateDreamStream('x', {}, (chunk) => chunks.push(chunk.content))
    assert.deepEqual([content, chunkCount, chunks], ['a whole dream', 1, ['a whole dream']])
    assert.deepEqual([mock.requests.length, mock.requests[0].body.stream], [1, false])
  })
})

describe('callbacks', () => {
  test('each delta is told in order, each call awaited; then the end, once', async (t) => {
    const { service } = await provide(t, { text: 'one two three' })
    const chunks = []
    const completes = []
    let running = 0
    const result = await service.generateDreamStream(
      'x',
      {},
      async (chunk) => {
        assert.equal(++running, 1)
        await pause(3)
        running--
        chunks.push(chunk)
      },
      async (complete) => {
        await pause(3)
        completes.push(complete)
      },
      () => assert.fail('no error is expected'),
    )
    assert.deepEqual(
      chunks.map(({ content, fullContent, chunkIndex, isComplete }) => [content, fullContent, chunkIndex, isComplete]),
      [
        ['one', 'one', 0, false],
        [' two', 'one two', 1, false],
        [' three', 'one two three', 2, false],
      ],
    )
    for (const { timestamp } of chunks) assert.ok(Math.abs(Date.now() - timestamp) < 10_000)
    assert.deepEqual(completes, [result])
    const { processingTime, usage, ...rest } = result
    assert.ok(processingTime >= 0)
    assert.equal(usage.completionTokens, 3)
    assert.deepEqual(rest, {
      content: 'one two three',
      finishReason: 'stop',
      chunkCount: 3,
      totalChunks: 3,
      averageChunkSize: 13 / 3,
      model: 'llama-4-maverick-17b-128e-instruct',
      isComplete: true,
    })
  })

  test('an end without a reason is an end, and counts that come late count', async (t) => {
    const server = await serve(t, (exchange) => {
      exchange.sse().write(delta('a'))
      if (exchange.index === 1) exchange.write(finish())
      const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }
      exchange.write(`data: ${JSON.stringify({ choices: [], usage })}\n\n`)
      exchange.response.end(doneMark)
    })
    const service = serviceAt(`${server.url}/v1`)
    const completes = []
    for (const finishReason of ['unknown', 'stop']) {
      const result = await service.generateDreamStream('x', {}, null, (complete) => completes.push(complete))
      assert.deepEqual([result.content, result.finishReason, result.usage.totalTokens], ['a', finishReason, 3])
    }
    assert.equal(completes.length, 2)
  })

  test('the first chunk is told before the last is sent', async (t) => {
    let go
    const asked = new Promise((resolve) => {
      go = resolve
    })
    const server = await serve(t, async (exchange) => {
      exchange.sse().write(delta('first'))
      await Promise.race([asked, exchange.closed])
      exchange.write(delta(' last')).write(finish())
      exchange.response.end(doneMark)
    })
    const { content } = await serviceAt(`${server.url}/v1`).generateDreamStream('x', {}, () => go())
    assert.equal(content, 'first last')
  })

  test('a failure is told once, with the text so far, and rejects only where nobody is told', async (t) => {
    const { mock, service } = await provide(t, {
      text: 'one two three four',
      tokensPerSecond: 100,
      reset: { afterTokens: 2 },
    })
    const errors = []
    const result = await service.generateDreamStream(
      'x',
      {},
      () => {},
      assert.fail,
      (error) => errors.push(error),
    )
    assert.equal(errors.length, 1)
    const [{ processingTime, message, suggestion, ...error }] = errors
    assert.deepEqual(error, {
      type: 'connection_error',
      code: error.code,
      recoverable: true,
      partialContent: 'one two',
      chunkCount: 2,
      stage: 'streaming',
    })
    assert.ok(message.length > 0 && suggestion.length > 0 && processingTime >= 0)
    assert.deepEqual([result.isComplete, result.content, result.finishReason], [false, 'one two', 'error'])
    await assert.rejects(service.generateDreamStream('x'), (failure) => {
      assert.ok(StreamError.isInstance(failure))
      assert.equal(failure.partialContent, 'one two')
      return true
    })
    mock.respondWith({ status: 401 })
    await service.generateDreamStream('x', {}, null, null, (failure) => errors.push(failure))
    assert.deepEqual([errors[1].stage, errors[1].type, errors[1].partialContent], ['initialization', 'auth_error', ''])
  })

  test('a callback that throws rejects the call and closes the connection', async (t) => {
    const { mock, service } = await provide(t, { tokens: 10_000, tokensPerSecond: 500 })
    const bug = new Error('a bug')
    const errors = []
    const throwing = async () => {
      throw bug
    }
    const told = service.generateDreamStream('x', {}, throwing, assert.fail, (error) => errors.push(error))
    await assert.rejects(told, (error) => error === bug)
    assert.deepEqual(
      errors.map(({ stage, message }) => [stage, message]),
      [['callback', 'a bug']],
    )
    assert.equal((await mock.waitForClose()).outcome, 'client-left')
    mock.respondWith({ text: 'x' })
    await assert.rejects(service.generateDreamStream('x', {}, null, throwing), (error) => error === bug)
  })

  test('wrong arguments are typed errors, told to onError where there is one', async (t) => {
    const { mock, service } = await provide(t, {})
    const is = (field) => (error) => error instanceof ValidationError && error.field === field
    await assert.rejects(service.generateDreamStream('x', { temprature: 1 }), is('temprature'))
    await assert.rejects(service.generateDreamStream('x', { temperature: 'hot' }), is('temperature'))
    await assert.rejects(service.generateDreamStream(5), is('prompt'))
    await assert.rejects(service.generateDreamStream('x', {}, 'print'), is('onChunk'))
    await assert.rejects(service.generateDreamStreamWithTimeout('x', { timeout: -1 }), is('timeout'))
    const errors = []
    await service.generateDreamStream('', null, null, null, (error) => errors.push(error))
    assert.equal(errors[0].type, 'invalid_request_error')
    assert.equal(mock.requests.length, 0)
    for (const [config, field] of [
      [{ colour: 1 }, 'colour'],
      [{ streaming: { enabled: 'yes' } }, 'streaming.enabled'],
      [{ streaming: { chunksize: 1 } }, 'streaming.chunksize'],
      [{ optimization: { maxConcurrentRequests: 0 } }, 'optimization.maxConcurrentRequests'],
      [{ optimization: { requestQueueSize: -1 } }, 'optimization.requestQueueSize'],
      [{ optimization: { retryAttempts: 1.5 } }, 'optimization.retryAttempts'],
      [{ optimization: { retryDelay: 'x' } }, 'optimization.retryDelay'],
      [{ model: '' }, 'model'],
    ]) {
      assert.throws(() => createCerebrasService(config), is(field))
    }
  })

  test('a processor puts chunks together and tells of the progress', async (t) => {
    const { service } = await provide(t, {})
    for (const Processor of [StreamProcessor, service.StreamProcessor]) {
      const progress = []
      const processor = new Processor({ onProgress: async (now) => progress.push(now) })
      const fed = [{ content: 'Once' }, { content: ' upon' }, { content: ' a time' }]
      for (const chunk of fed) await processor.processChunk(chunk)
      assert.deepEqual(await processor.processChunk({ content: '.' }), {
        success: true,
        buffer: 'Once upon a time.',
        chunkCount: 4,
      })
      assert.deepEqual(
        progress.map(({ chunkCount, buffer }) => [chunkCount, buffer.length]),
        [
          [1, 4],
          [2, 9],
          [3, 16],
          [4, 17],
        ],
      )
      const { processingTime, ...result } = processor.getResult()
      assert.ok(processingTime >= 0)
      assert.deepEqual(result, {
        content: 'Once upon a time.',
        chunks: [...fed, { content: '.' }],
        totalChunks: 4,
        averageChunkSize: 17 / 4,
      })
      assert.equal(progress.length, 4)
      await assert.rejects(processor.processChunk({}), ValidationError)
      await assert.rejects(processor.processChunk(), ValidationError)
    }
    assert.deepEqual(new StreamProcessor().getResult().averageChunkSize, 0)
    assert.throws(() => new StreamProcessor({ chunksize: 1 }), /Did you mean `chunkSize`/)
  })

  test('a processor gathers chunkSize characters per call, and tells of the rest at the end', async (t) => {
    const { service } = await provide(t, {}, { streaming: { chunkSize: 1024 } })
    for (const [make, end] of [
      [(options) => new StreamProcessor({ chunkSize: 1024, ...options }), (processor) => processor.flush()],
      [(options) => new service.StreamProcessor(options), (processor) => processor.getResult()],
    ]) {
      const progress = []
      const processor = make({ onProgress: (now) => void progress.push(now.chunkCount) })
      for (let at = 0; at < 100; at++) await processor.processChunk({ content: 'x' })
      assert.deepEqual(progress, [])
      await end(processor)
      processor.getResult()
      assert.deepEqual(progress, [100])
    }
  })
})

describe('timeouts', () => {
  test('a stalled answer is given up in time, closed, and its text kept', async (t) => {
    const { mock, service } = await provide(t, { text: 'one two three', stall: { afterTokens: 2 } })
    const began = performance.now()
    await assert.rejects(service.generateDreamStreamWithTimeout('x', { timeout: 200 }), (error) => {
      assert.deepEqual([error.type, error.partialContent], ['timeout_error', 'one two'])
      return true
    })
    const took = performance.now() - began
    assert.ok(took >= 195 && took < 2000, `${took} ms`)
    assert.equal((await mock.waitForClose()).outcome, 'client-left')
  })

  test('the configured timeout is the default', async (t) => {
    const { service } = await provide(t, { text: 'a b', stall: { afterTokens: 1 } }, { streaming: { timeout: 100 } })
    await assert.rejects(service.generateDreamStreamWithTimeout('x'), { type: 'timeout_error' })
  })

  test('an answer in time is whole', async (t) => {
    const { service } = await provide(t, { text: 'in good time' })
    const result = await service.generateDreamStreamWithTimeout('x', { timeout: 20_000 })
    assert.deepEqual([result.content, result.totalChunks, result.averageChunkSize], ['in good time', 3, 4])
    assert.ok(result.processingTime >= 0)
  })

  test('a processor takes nothing after its time, and says so once', async () => {
    const errors = []
    const processor = new StreamProcessor({ timeout: 30, onError: (error) => errors.push(error) })
    await processor.processChunk({ content: 'in time' })
    await pause(60)
    for (let at = 0; at < 2; at++) {
      await assert.rejects(processor.processChunk({ content: 'late' }), { type: 'timeout_error' })
    }
    assert.deepEqual([errors.length, errors[0].partialText, processor.getResult().content], [1, 'in time', 'in time'])
  })
})

describe('classification', () => {
  test('failures of the service are classified by what they are', async (t) => {
    const { mock, service } = await provide(t, {}, { optimization: { retryAttempts: 0 } })
    for (const [answer, type, recoverable] of [
      [{ status: 401 }, 'auth_error', false],
      [{ status: 403 }, 'auth_error', false],
      [{ status: 429, body: 'slow down' }, 'rate_limit_error', true],
      [{ status: 500 }, 'server_error', true],
      [{ status: 504 }, 'timeout_error', true],
      [{ reset: { beforeHead: true } }, 'connection_error', true],
    ]) {
      mock.respondWith(answer)
      const failure = await service.generateDream('x').then(assert.fail, (error) => error)
      const context = { context: 'dream_generation' }
      const found = service.handleStreamingError(failure, context)
      assert.deepEqual([found.type, found.recoverable, found.context], [type, recoverable, context])
      assert.ok(found.suggestion.length > 0 && found.message.length > 0)
    }
  })

  test('anything can be classified', () => {
    for (const value of [undefined, null, 5, 'text', {}, new Error('?'), Object.create(null)]) {
      const { type, recoverable, suggestion } = face.handleStreamingError(value)
      assert.deepEqual([type, recoverable], ['unknown_error', false])
      assert.ok(suggestion.length > 0)
    }
    assert.equal(face.handleStreamingError({ code: 'ECONNRESET' }).type, 'connection_error')
  })
})

describe('performance', () => {
  test('so many answers are open at a time, whatever else waits', async (t) => {
    const { mock, service } = await provide(t, { tokens: 20, tokensPerSecond: 200 })
    const results = await Promise.all(Array.from({ length: 8 }, () => service.generateDreamStream('x')))
    assert.ok(results.every(({ chunkCount }) => chunkCount === 20))
    const spans = mock.requests.map(({ receivedAt, elapsed }) => [receivedAt, receivedAt + elapsed])
    const open = spans.map(([began]) => spans.filter(([from, to]) => from <= began && began + 1 < to).length)
    assert.ok(Math.max(...open) <= 5, `${open}`)
    assert.ok(Math.max(...open) > 1, 'they do run at the same time')
  })

  test('one more than may wait is rejected at once', async (t) => {
    const { mock, service } = await provide(t, { tokens: 1000, tokensPerSecond: 20 })
    const controller = new AbortController()
    const { signal } = controller
    setMaxListeners(0, signal)
    const started = Array.from({ length: 105 }, () => service.generateDreamStream('x', { signal }))
    for (const one of started) one.catch(() => {})
    await assert.rejects(service.generateDreamStream('x'), { code: 'QUEUE_FULL', type: 'queue_full_error' })
    await until(() => mock.requests.length === 5)
    // One that gives up waiting makes room for another.
    const late = service.generateDreamStreamWithTimeout('x', { timeout: 50 })
    await assert.rejects(late, { code: 'QUEUE_FULL' })
    controller.abort()
    const ends = await Promise.allSettled(started)
    assert.ok(ends.every(({ reason }) => reason?.type === 'aborted_error'))
    mock.respondWith({ text: 'free again' })
    assert.equal((await service.generateDreamStream('x')).content, 'free again')
    assert.equal(mock.requests.length, 6)
  })

  test('waiting for a turn counts as time', async (t) => {
    const { service } = await provide(
      t,
      { tokens: 50, tokensPerSecond: 50 },
      { optimization: { maxConcurrentRequests: 1 } },
    )
    const first = service.generateDreamStream('x', { timeout: 600 }, null, null, () => {})
    await assert.rejects(service.generateDreamStreamWithTimeout('x', { timeout: 80 }), {
      type: 'timeout_error',
      code: 'QUEUE_TIMEOUT',
    })
    assert.equal((await first).isComplete, false)
  })

  test('a failing request is tried again as often as configured, after the configured wait', async (t) => {
    const fails = { status: 503 }
    const { mock, service } = await provide(
      t,
      { script: [fails, fails, fails, { text: 'at last' }] },
      { optimization: { retryDelay: 40 } },
    )
    assert.equal((await service.generateDreamStream('x')).content, 'at last')
    const times = mock.requests.map(({ receivedAt }) => receivedAt)
    assert.equal(times.length, 4)
    const waits = times.slice(1).map((time, at) => time - times[at])
    for (const [at, least] of [38, 78, 158].entries()) assert.ok(waits[at] >= least, `${waits}`)

    mock.reset()
    mock.respondWith(fails)
    const once = serviceAt(`${mock.url}/v1`, { optimization: { retryAttempts: 0 } })
    await assert.rejects(once.generateDream('x'), { status: 503 })
    assert.equal(mock.requests.length, 1)
  })

  test('tens of thousands of deltas are told one by one', async (t) => {
    const { service } = await provide(t, { tokens: 20_000 })
    let chunks = 0
    const { chunkCount, content } = await service.generateDreamStream('x', {}, () => void chunks++)
    assert.deepEqual([chunks, chunkCount], [20_000, 20_000])
    assert.ok(content.length > 20_000)
  })
})

test('the service is there under every way to import it', () => {
  const required = createRequire(import.meta.url)('millstream/compat/cerebras')
  const names = [
    'generateDreamStream',
    'generateDreamStreamWithTimeout',
    'testStreamingConnection',
    'handleStreamingError',
  ]
  for (const name of [...names, 'StreamProcessor']) {
    for (const service of [cerebrasService, createCerebrasService(), face, required]) {
      assert.equal(typeof service[name], 'function', name)
    }
  }
  assert.equal(required.cerebrasService, cerebrasService)
})
