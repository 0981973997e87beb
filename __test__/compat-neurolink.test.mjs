// `millstream/compat/neurolink`: what its options do, and what its results and chunks are.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, beforeEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { NeuroLink } from 'millstream/compat/neurolink'
import { MockProvider } from 'millstream/testing'
import { readAll } from './support/async.mjs'
import { hideProviders } from './support/provider-environment.mjs'
import { serve } from './support/scripted-server.mjs'

const pieces = ['Once', ' upon', ' a', ' time']
const input = { text: 'Tell me a story' }

let mock
let restore

before(async () => {
  mock = await MockProvider.start()
  restore = hideProviders()
})

beforeEach(() => {
  hideProviders()
  Object.assign(process.env, {
    OPENAI_API_KEY: 'openai-key',
    OPENAI_BASE_URL: `${mock.url}/v1`,
    XAI_BASE_URL: `${mock.url}/v1`,
    CEREBRAS_BASE_URL: `${mock.url}/v1`,
  })
  mock.reset()
  mock.respondWith({ text: pieces.join('') })
})

after(async () => {
  restore()
  await mock.close()
})

const textOf = (chunks) => chunks.map(({ content }) => content).join('')
const kinds = (chunks) => [...new Set(chunks.map(({ type }) => type))]

describe('a question', () => {
  it('goes to the provider whose key is in the environment, unless it names one', async () => {
    const asked = async (request = {}, config = {}) => {
      const result = await new NeuroLink(config).stream({ input, ...request })
      assert.equal(await result.text, 'Once upon a time')
      const { headers, body } = mock.requests.at(-1)
      assert.equal(result.selectedModel.modelId, body.model)
      return [result.provider, headers.authorization]
    }
    assert.deepEqual(await asked(), ['openai', 'Bearer openai-key'])
    delete process.env.OPENAI_API_KEY
    process.env.XAI_API_KEY = 'xai-key'
    for (const provider of [undefined, 'auto', 'xai']) {
      assert.deepEqual(await asked({ provider }), ['xai', 'Bearer xai-key'])
    }
    process.env.CEREBRAS_API_KEY = 'cerebras-key'
    assert.deepEqual(await asked(), ['xai', 'Bearer xai-key'])
    assert.deepEqual(await asked({ provider: 'cerebras' }), ['cerebras', 'Bearer cerebras-key'])
    assert.deepEqual(await asked({}, { defaultProvider: 'cerebras' }), ['cerebras', 'Bearer cerebras-key'])
    assert.deepEqual(await asked({}, { providers: { cerebras: { apiKey: 'own' } } }), ['cerebras', 'Bearer own'])
    await assert.rejects(new NeuroLink().stream({ input, provider: 'openai' }), { code: 'MISSING_API_KEY' })
    await assert.rejects(new NeuroLink().stream({ input, provider: 'nobody' }), { code: 'UNKNOWN_PROVIDER' })
  })

  /** What each provider is asked at, who it takes it to come from, and how it is asked to stream. */
  const asked = {
    openai: ['/v1/chat/completions', ['authorization', 'Bearer key-1'], { model: 'gpt-4o-mini', stream: true }],
    anthropic: ['/v1/messages', ['x-api-key', 'key-1'], { model: 'claude-sonnet-4-5', stream: true }],
    'google-ai': ['/v1beta/models/gemini-2.5-flash:streamGenerateContent', ['x-goog-api-key', 'key-1'], {}],
    cerebras: ['/v1/chat/completions', ['authorization', 'Bearer key-1'], { stream: true }],
    xai: ['/v1/chat/completions', ['authorization', 'Bearer key-1'], { model: 'grok-4', stream: true }],
    cloudflare: ['/accounts/account-1/ai/v1/chat/completions', ['authorization', 'Bearer key-1'], { stream: true }],
    sagemaker: [
      '/endpoints/endpoint-1/invocations-response-stream',
      ['authorization', /^AWS4-HMAC-SHA256 Credential=key-1\/\d{8}\/us-east-1\/sagemaker\/aws4_request,/],
      {},
    ],
  }

  for (const [provider, [path, [header, value], body]] of Object.entries(asked)) {
    it(`is put to ${provider} in its own words, and its answer read`, async () => {
      Object.assign(process.env, {
        ...Object.fromEntries(
          ['OPENAI', 'ANTHROPIC', 'CEREBRAS', 'XAI', 'GEMINI'].map((name) => [`${name}_API_KEY`, 'key-1']),
        ),
        ANTHROPIC_BASE_URL: mock.url,
        GOOGLE_GEMINI_BASE_URL: mock.url,
        CLOUDFLARE_API_TOKEN: 'key-1',
        CLOUDFLARE_ACCOUNT_ID: 'account-1',
        CLOUDFLARE_BASE_URL: mock.url,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'key-1',
        AWS_SECRET_ACCESS_KEY: 'secret-1',
        SAGEMAKER_DEFAULT_ENDPOINT: 'endpoint-1',
        AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: mock.url,
      })
      const result = await new NeuroLink().stream({ input, provider, maxTokens: 99, temperature: 0.5 })
      const chunks = await readAll(result)
      assert.equal(textOf(chunks), 'Once upon a time')
      assert.deepEqual([result.provider, chunks.at(-1).finishReason], [provider, 'stop'])
      assert.equal((await result.usage).completionTokens, 4)
      assert.equal(mock.requests.length, 1)
      const [request] = mock.requests
      assert.equal(request.path, path)
      if (typeof value === 'string') assert.equal(request.headers[header], value)
      else assert.match(request.headers[header], value)
      for (const [field, wanted] of Object.entries(body)) assert.equal(request.body[field], wanted, field)
      const said = JSON.stringify(request.body)
      for (const part of ['Tell me a story', '99', '0.5']) assert.ok(said.includes(part), `${part} in ${said}`)
      assert.ok(!said.includes('key-1') && !said.includes('secret-1'))
    })
  }

  it('asks for the model it names, else for the nearest default', async () => {
    const model = async (request = {}, config = {}) => {
      await (await new NeuroLink(config).stream({ input, ...request })).text
      return mock.requests.at(-1).body.model
    }
    assert.equal(await model(), 'gpt-4o-mini')
    process.env.OPENAI_MODEL = 'from-environment'
    assert.equal(await model(), 'from-environment')
    assert.equal(await model({}, { defaultModel: 'default' }), 'default')
    assert.equal(await model({}, { providers: { openai: { model: 'own' } } }), 'own')
    assert.equal(await model({ model: 'asked' }, { providers: { openai: { model: 'own' } } }), 'asked')
  })

  it('sends what it says: text or prompt or messages, the system prompt and the parameters', async () => {
    const neurolink = new NeuroLink()
    await (await neurolink.stream({ input, systemPrompt: 'Be brief.', maxTokens: 9, temperature: 0.5 })).text
    await (await neurolink.stream({ prompt: 'A prompt' })).text
    await (await neurolink.stream({ messages: [{ role: 'user', content: 'A message' }] })).text
    const [first, second, third] = mock.requests.map(({ body }) => body)
    assert.deepEqual(first.messages, [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Tell me a story' },
    ])
    assert.deepEqual([first.max_completion_tokens, first.temperature, first.stream], [9, 0.5, true])
    assert.deepEqual(second.messages, [{ role: 'user', content: 'A prompt' }])
    assert.deepEqual(third.messages, [{ role: 'user', content: 'A message' }])
  })

  it('asks for JSON by a parameter, or where a provider has none, in words', async () => {
    Object.assign(process.env, { ANTHROPIC_API_KEY: 'anthropic-key', ANTHROPIC_BASE_URL: mock.url })
    mock.respondWith({ text: '{"a":1}' })
    const neurolink = new NeuroLink()
    const schema = {
      type: 'object',
      properties: { a: { type: 'number' } },
      required: ['a'],
      additionalProperties: false,
    }
    const output = { format: 'json' }
    assert.deepEqual(await (await neurolink.stream({ input, output })).object, { a: 1 })
    assert.deepEqual(await (await neurolink.stream({ input, output: { format: 'structured' }, schema })).object, {
      a: 1,
    })
    const asked = { input, output, provider: 'anthropic', systemPrompt: 'Be brief.' }
    assert.deepEqual(await (await neurolink.stream(asked)).object, { a: 1 })
    assert.equal((await neurolink.generate(asked)).text, '{"a":1}')
    const [json, structured, ...inWords] = mock.requests.map(({ body }) => body)
    assert.deepEqual(json.response_format, { type: 'json_object' })
    assert.deepEqual(structured.response_format.json_schema.schema, schema)
    assert.equal(inWords.length, 2)
    for (const { system } of inWords) assert.match(JSON.stringify(system), /Be brief\..*Answer with one JSON value/)
  })

  it('gets what its JSON is so far with each piece', async () => {
    mock.respondWith({ text: '{"a":[1, 2]}' })
    const schema = { type: 'object', properties: { a: { type: 'array', items: { type: 'number' } } } }
    for (const chunkFormat of ['chunks', 'parts']) {
      const result = await new NeuroLink().stream({ input, output: { format: 'structured' }, schema, chunkFormat })
      const partials = []
      for await (const chunk of result) if (chunk.content !== '') partials.push(structuredClone(chunk.partial))
      assert.deepEqual(partials.at(-1), { a: [1, 2] })
      assert.deepEqual(result.partialObject, { a: [1, 2] })
      assert.deepEqual((await readAll(result.partialObjectStream)).at(-1), { a: [1, 2] })
    }
  })

  it('keeps its context to itself', async () => {
    const context = { userId: 'user-123', sessionId: 'session-456' }
    const result = await new NeuroLink().stream({ input, context })
    await result.text
    assert.deepEqual(result.metadata.context, context)
    assert.ok(!JSON.stringify(mock.requests).includes('user-123'))
  })

  it('is refused where an option is wrong, misspelt or without effect', async () => {
    const neurolink = new NeuroLink()
    for (const [request, field] of [
      [{}, 'messages'],
      [{ input: {} }, 'input.text'],
      [{ input, prompt: 'x' }, 'input'],
      [{ input, maxToken: 5 }, 'maxToken'],
      [{ input, context: 'x' }, 'context'],
      [{ input, chunkFormat: 'x' }, 'chunkFormat'],
      [{ input, stream: 'yes' }, 'stream'],
      [{ input, stream: { bufferSize: 0 } }, 'stream.bufferSize'],
      [{ input, stream: { flushIntervall: 5 } }, 'stream.flushIntervall'],
      [{ input, output: { streaming: { chunkSize: -1 } } }, 'output.streaming.chunkSize'],
      [{ input, output: { streaming: { bufferSize: 0 } } }, 'output.streaming.bufferSize'],
      [{ input, output: { streaming: { progress: true } } }, 'output.streaming.progress'],
      [{ input, enableAnalytics: true }, 'enableAnalytics'],
      [{ input, analytics: { enabled: true } }, 'analytics'],
      [{ input, enableEvaluation: true }, 'enableEvaluation'],
      [{ input, modelSelection: { requestType: 'completion' } }, 'modelSelection'],
    ]) {
      await assert.rejects(neurolink.stream(request), { name: 'ValidationError', field }, field)
      await assert.rejects(neurolink.generate(request), { name: 'ValidationError', field }, field)
    }
    assert.equal(mock.requests.length, 0)
    for (const [config, field] of [
      [{ analytics: {} }, 'analytics'],
      [{ provider: 'openai' }, 'provider'],
      [{ providers: { openai: { streaming: 'no' } } }, 'providers.openai.streaming'],
      [{ chunkFormat: 'x' }, 'chunkFormat'],
    ]) {
      assert.throws(() => new NeuroLink(config), { name: 'ValidationError', field })
    }
  })
})

describe('an answer', () => {
  it('is there when its head is in, and rejects what fails before', async (t) => {
    const server = await serve(t, async (exchange) => {
      exchange.sse()
      await exchange.closed
    })
    process.env.OPENAI_BASE_URL = server.url
    const result = await new NeuroLink().stream({ input, provider: 'openai' })
    assert.equal(result.partialText, '')
    result.abort()
    process.env.OPENAI_BASE_URL = `${mock.url}/v1`
    mock.respondWith({ status: 401 })
    await assert.rejects(new NeuroLink().stream({ input }), { name: 'APIError', status: 401, type: 'auth_error' })
  })

  it('can be iterated itself, by .stream and by .stream(), as often as one likes', async () => {
    const result = await new NeuroLink().stream({ input })
    const first = await readAll(result)
    assert.equal(textOf(first), 'Once upon a time')
    for (const source of [result, result.stream, result.stream(), result]) {
      assert.deepEqual(
        (await readAll(source)).map(({ type, content }) => [type, content]),
        first.map(({ type, content }) => [type, content]),
      )
    }
    const [one, other] = await Promise.all([readAll(result), readAll(result.stream)])
    assert.deepEqual([textOf(one), textOf(other)], ['Once upon a time', 'Once upon a time'])
    assert.equal(mock.requests.length, 1)
  })

  it('refuses a second loop where it is not retained', async () => {
    const result = await new NeuroLink().stream({ input, retain: false })
    assert.equal(textOf(await readAll(result)), 'Once upon a time')
    await assert.rejects(readAll(result.stream), { code: 'ALREADY_CONSUMED' })
  })

  it('says what is known of it', async () => {
    const began = Date.now()
    const result = await new NeuroLink().stream({ input })
    assert.deepEqual(
      [result.provider, result.model, result.selectedModel, result.fromCache, result.streaming, result.analytics],
      ['openai', 'gpt-4o-mini', { modelId: 'gpt-4o-mini' }, false, true, undefined],
    )
    assert.ok(result.metadata.startTime >= began && result.metadata.startTime <= Date.now())
    assert.equal(await result.text, 'Once upon a time')
    assert.equal(result.metadata.totalChunks, 4)
    assert.equal(await result.finishReason, 'stop')
    assert.equal((await result.usage).completionTokens, 4)
    const { duration, chunks, timeToFirstToken } = await result.performance
    assert.ok(timeToFirstToken > 0 && timeToFirstToken <= duration)
    assert.equal(chunks, 4)
    const { text, metrics } = await result.collect()
    assert.deepEqual([text, metrics.chunks], ['Once upon a time', 4])
  })

  it('counts its chunks as they are read', async () => {
    const result = await new NeuroLink().stream({ input })
    const counts = []
    for await (const chunk of result) if (chunk.type === 'text') counts.push(result.metadata.totalChunks)
    assert.equal(counts.at(-1), 4)
    assert.ok(counts[0] >= 1 && counts.every((count, at) => at === 0 || count >= counts[at - 1]))
  })

  it('closes the connection where its loops are left', async () => {
    mock.respondWith({ tokens: 1000, tokensPerSecond: 100 })
    const neurolink = new NeuroLink()
    for (const [index, options] of [{}, { stream: { flushInterval: 5 } }].entries()) {
      for await (const chunk of await neurolink.stream({ input, ...options })) if (chunk.content !== '') break
      assert.equal((await mock.waitForClose(index)).closedByClient, true)
    }
  })

  it('goes out to clients like any other', async () => {
    const result = await new NeuroLink().stream({ input })
    const response = result.toResponse({ format: 'content' })
    assert.match(await response.text(), /data: \{"content":"Once","finished":false\}/)
  })

  it('is whole at once where it is not to be streamed', async () => {
    const text = '  Two\n\n  indented   lines\n'
    mock.respondWith({ text })
    for (const [request, config] of [
      [{ stream: false }, {}],
      [{}, { providers: { openai: { streaming: false } } }],
    ]) {
      const chunks = await readAll(await new NeuroLink(config).stream({ input, ...request }))
      const texts = chunks.filter(({ type }) => type === 'text')
      assert.deepEqual(
        texts.map(({ content }) => content),
        [text],
      )
      assert.equal(mock.requests.at(-1).body.stream, false)
      assert.equal(chunks.at(-1).finished, true)
    }
  })

  it('of generate is whole, unless a stream is asked for', async () => {
    const neurolink = new NeuroLink()
    const { content, text, provider, model, usage, responseTime } = await neurolink.generate({ input })
    assert.deepEqual(
      [content, text, provider, model, usage.totalTokens],
      ['Once upon a time', 'Once upon a time', 'openai', 'gpt-4o-mini', usage.promptTokens + 4],
    )
    assert.ok(Number.isInteger(responseTime))
    for (const stream of [true, { bufferSize: 4 }]) {
      const result = await neurolink.generate({ input, stream })
      assert.equal(textOf(await readAll(result.stream)), 'Once upon a time')
    }
  })
})

describe('where nobody is named', () => {
  /** Others than the first, who answer in its place. */
  const others = {}

  before(async () => {
    for (const name of ['xai', 'cerebras']) others[name] = await MockProvider.start()
  })

  beforeEach(() => {
    for (const [name, other] of Object.entries(others)) {
      other.reset()
      other.respondWith({ text: `I am ${name}` })
      process.env[`${name.toUpperCase()}_BASE_URL`] = `${other.url}/v1`
      process.env[`${name.toUpperCase()}_API_KEY`] = `${name}-key`
    }
  })

  after(() => Promise.all(Object.values(others).map((other) => other.close())))

  const once = { retry: { maxRetries: 0 } }
  const question = { input: { text: 'A question for one' }, provider: 'auto' }
  const requests = () => [mock, others.xai, others.cerebras].map(({ requests }) => requests.length)

  const overloaded = {
    afterTokens: 0,
    type: 'overloaded_error',
    code: 'overloaded',
    message: 'Overloaded',
    status: 529,
  }
  /** How the first can be down before it says a word, and what is told of it. */
  const down = {
    'refuses the key': [{ status: 401 }, { type: 'auth_error', status: 401 }],
    'forbids it': [{ status: 403 }, { type: 'auth_error', status: 403 }],
    'is out of order': [{ status: 500 }, { type: 'server_error', status: 500 }],
    'is not there for now': [{ status: 503 }, { type: 'overloaded_error', status: 503 }],
    'has too much to do': [{ status: 529 }, { type: 'overloaded_error', status: 529 }],
    'limits the rate': [{ status: 429 }, { type: 'rate_limit_error', status: 429 }],
    'has too much to do, as its stream says': [{ error: overloaded }, { type: 'overloaded_error' }],
    'breaks off before its head': [{ reset: { beforeHead: true } }, { type: 'connection_error' }],
    'breaks off behind its head': [{ reset: { afterTokens: 0 } }, {}],
    'says nothing in time': [{ stall: { afterTokens: 0 } }, { type: 'timeout_error', code: 'FIRST_CONTENT_TIMEOUT' }],
    'sends a page': [{ as: 'html' }, { type: 'protocol_error' }],
  }

  for (const [how, [answer, told]] of Object.entries(down)) {
    it(`the next answers where the first ${how}`, async () => {
      mock.respondWith(answer)
      const neurolink = new NeuroLink({ ...once, timeout: { firstContent: 300 } })
      for (const retain of [true, false]) {
        const result = await neurolink.stream({ ...question, retain })
        assert.deepEqual([result.provider, result.model], ['xai', 'grok-4'])
        const { failures, ...fallback } = result.metadata.fallback
        assert.deepEqual(fallback, { from: 'openai', to: 'xai' })
        const [{ provider, ...failure }] = failures
        assert.equal(provider, 'openai')
        for (const [field, value] of Object.entries(told)) assert.equal(failure[field], value, field)
        assert.ok(typeof failure.code === 'string' && failures.length === 1)
        assert.ok(!/-key|question/.test(JSON.stringify(failures)))
        const chunks = await readAll(result)
        assert.equal(textOf(chunks), 'I am xai')
        assert.deepEqual([chunks.at(-1).finished, chunks.at(-1).usage.completionTokens], [true, 3])
        assert.equal(result.metadata.totalChunks, 3)
      }
      const answered = await neurolink.generate(question)
      assert.deepEqual([answered.provider, answered.content], ['xai', 'I am xai'])
      const { from, to, failures } = answered.metadata.fallback
      assert.deepEqual([from, to, failures.length], ['openai', 'xai', 1])
      assert.deepEqual(requests(), [3, 3, 0])
    })
  }

  it('the next answers where nobody listens, and the one after it where that is down, too', async () => {
    process.env.OPENAI_BASE_URL = 'http://127.0.0.1:1/v1'
    others.xai.respondWith({ status: 500 })
    for (const provider of ['auto', undefined]) {
      const result = await new NeuroLink(once).stream({ ...question, provider })
      assert.equal(await result.text, 'I am cerebras')
      assert.deepEqual(
        [result.provider, result.metadata.fallback.from, result.metadata.fallback.to],
        ['cerebras', 'openai', 'cerebras'],
      )
      assert.deepEqual(
        result.metadata.fallback.failures.map(({ provider, type, code }) => [provider, type, code].slice(0, 2)),
        [
          ['openai', 'connection_error'],
          ['xai', 'server_error'],
        ],
      )
    }
  })

  it('the first answers where it can, and nobody else is asked', async () => {
    const result = await new NeuroLink().stream(question)
    assert.deepEqual([result.provider, result.metadata.fallback], ['openai', undefined])
    assert.equal(await result.text, 'Once upon a time')
    mock.respondWith({ tokens: 0, text: undefined })
    const { metadata, provider } = await new NeuroLink().generate(question)
    assert.deepEqual([provider, metadata.fallback], ['openai', undefined])
    assert.deepEqual(requests(), [2, 0, 0])
  })

  it('the time that went by with others counts', async () => {
    mock.respondWith({ delayHead: 200, status: 503 })
    const result = await new NeuroLink(once).stream(question)
    const { timeToFirstToken, duration } = await result.performance
    assert.ok(timeToFirstToken > 150 && duration >= timeToFirstToken)
    assert.ok((await new NeuroLink(once).generate(question)).responseTime > 150)
  })

  it('the next is asked only after the retries of the one before it', async () => {
    mock.respondWith([{ status: 429 }, { status: 429 }, { text: 'At last' }])
    const retry = { maxRetries: 1, initialDelay: 1 }
    assert.equal((await new NeuroLink({ retry }).generate(question)).content, 'I am xai')
    assert.deepEqual(requests(), [2, 1, 0])
  })

  it('nobody else is asked after the first word', async () => {
    for (const answer of [
      { text: 'Once upon a time', reset: { afterTokens: 2 } },
      { reasoning: 'Hm', text: 'Once', error: { ...overloaded, afterTokens: 1 } },
      { text: 'Once upon a time', error: { ...overloaded, afterTokens: 2 } },
    ]) {
      mock.respondWith(answer)
      for (const retain of [true, false]) {
        const result = await new NeuroLink(once).stream({ ...question, retain })
        assert.equal(result.provider, 'openai')
        const said = []
        const reading = (async () => {
          for await (const { type } of result) said.push(type)
        })()
        await assert.rejects(reading, ({ type }) => /overloaded|connection|truncated/.test(type))
        assert.ok(said.includes('text') || said.includes('reasoning'))
      }
      await assert.rejects(new NeuroLink(once).generate(question), ({ type }) => type !== 'aborted_error')
    }
    assert.deepEqual(requests(), [9, 0, 0])
  })

  it('nobody else is asked what nobody would answer', async () => {
    for (const [answer, type] of [
      [{ status: 400 }, 'invalid_request_error'],
      [{ status: 404 }, 'invalid_request_error'],
      [{ status: 400, body: { error: { code: 'content_policy_violation', message: 'No' } } }, 'content_policy_error'],
    ]) {
      mock.respondWith(answer)
      await assert.rejects(new NeuroLink(once).stream(question), { type })
      await assert.rejects(new NeuroLink(once).generate(question), { type })
    }
    await assert.rejects(new NeuroLink().stream({ ...question, maxTokens: -1 }), { code: 'INVALID_ARGUMENT' })
    assert.deepEqual(requests(), [6, 0, 0])
  })

  it('an abort closes the connection to whoever is being asked, and ends the asking', async () => {
    for (const [index, method] of ['stream', 'generate'].entries()) {
      mock.respondWith(index === 0 ? { stall: { afterTokens: 0 } } : { delayHead: 10_000 })
      const controller = new AbortController()
      const asking = new NeuroLink().stream({ ...question, signal: controller.signal })
      const refused = assert.rejects(asking, ({ type, cause }) => type === 'aborted_error' && cause === method)
      while (mock.requests.length <= index) await new Promise((resolve) => setTimeout(resolve, 5))
      controller.abort(method)
      await refused
      assert.equal((await mock.waitForClose(index)).closedByClient, true)
    }
    assert.deepEqual(requests(), [2, 0, 0])
    // The second in turn.
    mock.respondWith({ status: 503 })
    others.xai.respondWith({ stall: { afterTokens: 0 } })
    const controller = new AbortController()
    const refused = assert.rejects(new NeuroLink(once).generate({ ...question, signal: controller.signal }), {
      type: 'aborted_error',
    })
    while (others.xai.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    controller.abort()
    await refused
    assert.equal((await others.xai.waitForClose(0)).closedByClient, true)
    assert.deepEqual(requests(), [3, 1, 0])
  })

  it('a loop that is left closes the connection to the one that answers', async () => {
    mock.respondWith({ status: 503 })
    others.xai.respondWith({ tokens: 1000, tokensPerSecond: 100 })
    for (const [index, retain] of [true, false].entries()) {
      for await (const { type } of await new NeuroLink(once).stream({ ...question, retain })) if (type === 'text') break
      assert.equal((await others.xai.waitForClose(index)).closedByClient, true)
    }
  })

  it('the last failure is told where all fail, with the others beside it', async () => {
    mock.respondWith({ status: 500 })
    others.xai.respondWith({ status: 401 })
    others.cerebras.respondWith({ status: 429 })
    for (const method of ['stream', 'generate']) {
      const heard = []
      const onError = (error) => heard.push(error)
      const error = await new NeuroLink(once)[method]({ ...question, onError }).catch((error) => error)
      assert.deepEqual([error.provider, error.type], ['cerebras', 'rate_limit_error'])
      assert.ok(error.cause instanceof AggregateError)
      assert.deepEqual(
        error.cause.errors.map(({ provider, type, status }) => [provider, type, status]),
        [
          ['openai', 'server_error', 500],
          ['xai', 'auth_error', 401],
        ],
      )
      assert.match(error.cause.message, /openai \(server_error, .*\), xai \(auth_error, .*\)$/)
      assert.deepEqual(heard, [error])
    }
  })

  it('one without a key is passed over, one that is named is not replaced', async () => {
    delete process.env.OPENAI_API_KEY
    const configured = { providers: { openai: { model: 'gpt-4o' } } }
    const result = await new NeuroLink(configured).stream(question)
    assert.deepEqual([result.provider, result.metadata.fallback], ['xai', undefined])
    others.xai.respondWith({ status: 503 })
    const unavailable = { status: 503, provider: 'xai' }
    await assert.rejects(new NeuroLink(once).stream({ ...question, provider: 'xai' }), unavailable)
    await assert.rejects(new NeuroLink(once).generate({ ...question, provider: 'xai' }), unavailable)
    const preferring = new NeuroLink({ ...once, defaultProvider: 'xai' })
    await assert.rejects(preferring.stream({ input }), unavailable)
    assert.equal((await preferring.stream(question)).metadata.fallback.from, 'xai')
    for (const name of ['XAI', 'CEREBRAS']) delete process.env[`${name}_API_KEY`]
    await assert.rejects(new NeuroLink(configured).stream(question), { code: 'MISSING_API_KEY' })
    await assert.rejects(new NeuroLink().generate(question), { code: 'MISSING_API_KEY' })
  })

  it('each is asked for a model it has', async () => {
    mock.respondWith({ status: 503 })
    await new NeuroLink(once).generate({ ...question, model: 'gpt-4o' })
    assert.deepEqual([mock.requests[0].body.model, others.xai.requests[0].body.model], ['gpt-4o', 'grok-4'])
    const baseUrl = (other) => `${other.url}/v1`
    const providers = {
      west: { baseUrl: baseUrl(mock) },
      east: { baseUrl: baseUrl(others.xai), model: 'llama-east' },
      north: { baseUrl: baseUrl(others.cerebras) },
    }
    others.xai.respondWith({ status: 503 })
    const result = await new NeuroLink({ ...once, providers }).stream({ ...question, model: 'llama' })
    assert.deepEqual([result.provider, result.metadata.fallback.from], ['north', 'west'])
    assert.deepEqual(
      [mock, others.xai, others.cerebras].map(({ requests }) => requests.at(-1).body.model),
      ['llama', 'llama-east', 'llama'],
    )
  })

  it('one that has no way to be asked is passed over, and says less than one that failed', async () => {
    mock.respondWith({ status: 500 })
    process.env.ANTHROPIC_API_KEY = 'anthropic-key'
    process.env.ANTHROPIC_BASE_URL = mock.url
    const told = ({ provider, code }) => (provider === 'anthropic' ? code : provider)
    const { provider, metadata } = await new NeuroLink(once).generate({ ...question, seed: 1 })
    assert.deepEqual([provider, metadata.fallback.failures.map(told)], ['xai', ['openai', 'UNSUPPORTED_BY_PROVIDER']])
    for (const name of ['XAI', 'CEREBRAS']) delete process.env[`${name}_API_KEY`]
    const error = await new NeuroLink(once).stream({ ...question, seed: 1 }).catch((error) => error)
    assert.deepEqual([error.provider, error.status], ['openai', 500])
    assert.match(error.cause.message, /anthropic \(invalid_request_error, UNSUPPORTED_BY_PROVIDER\)$/)
    delete process.env.OPENAI_API_KEY
    await assert.rejects(new NeuroLink().stream({ ...question, seed: 1 }), { code: 'UNSUPPORTED_BY_PROVIDER' })
    assert.deepEqual(requests(), [2, 1, 0])
  })

  it('callbacks hear of the one that answers alone', async () => {
    mock.respondWith({ error: overloaded, metadata: { from: 'openai' } })
    for (const method of ['stream', 'generate']) {
      const heard = []
      const answer = await new NeuroLink(once)[method]({
        ...question,
        onStart: ({ provider }) => heard.push(`start ${provider}`),
        onToken: (token) => heard.push(token),
        onComplete: ({ provider }) => heard.push(`complete ${provider}`),
        onError: ({ provider }) => heard.push(`error ${provider}`),
      })
      await answer.text
      await new Promise((resolve) => setTimeout(resolve, 20))
      assert.deepEqual(heard, ['start xai', 'I', ' am', ' xai', 'complete xai'])
    }
    mock.respondWith({ text: 'Once upon a time', reset: { afterTokens: 2 } })
    for (const method of ['stream', 'generate']) {
      const heard = []
      const asking = new NeuroLink(once)[method]({
        ...question,
        onStart: ({ provider }) => heard.push(`start ${provider}`),
        onError: ({ provider }) => heard.push(`error ${provider}`),
      })
      await assert.rejects(async () => (await asking).collect())
      await new Promise((resolve) => setTimeout(resolve, 20))
      assert.deepEqual(heard, ['start openai', 'error openai'])
    }
  })

  it('what a callback throws ends the asking, and is thrown', async () => {
    const unhandled = []
    const hear = (error) => unhandled.push(error)
    process.on('unhandledRejection', hear)
    try {
      for (const method of ['stream', 'generate']) {
        const onStart = () => {
          throw new RangeError(method)
        }
        for (const callbacks of [{ onStart }, { onStart, onToken() {}, onError() {} }]) {
          const asking = new NeuroLink(once)[method]({ ...question, ...callbacks })
          await assert.rejects(asking, { name: 'RangeError', message: method })
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    } finally {
      process.off('unhandledRejection', hear)
    }
    assert.deepEqual(unhandled, [])
    assert.deepEqual(requests(), [4, 0, 0])
  })

  it('an answer goes out to clients whole, however it is sent', async () => {
    mock.respondWith({ status: 503 })
    others.xai.respondWith({ text: 'word '.repeat(40_000) })
    for (const retain of [true, false]) {
      const result = await new NeuroLink(once).stream({ ...question, retain })
      const body = await result.toResponse({ format: 'text' }).text()
      assert.equal(body, 'word '.repeat(40_000))
    }
  })

  it('tools are run once, and nobody else is asked after a call', async () => {
    mock.respondWith({ status: 503 })
    others.xai.respondWith([{ toolCalls: [{ name: 'now', arguments: {} }] }, { status: 503 }])
    let calls = 0
    const neurolink = new NeuroLink(once)
    neurolink.registerTool('now', { description: 'The time', execute: () => `noon ${++calls}` })
    for (const method of ['stream', 'generate']) {
      others.xai.respondWith([{ toolCalls: [{ name: 'now', arguments: {} }] }, { status: 503 }])
      const asking = neurolink[method](question)
      await assert.rejects(async () => (await asking).collect(), { status: 503, provider: 'xai' })
    }
    assert.equal(calls, 2)
    assert.deepEqual(requests(), [2, 4, 0])
  })
})

describe('its chunks', () => {
  const told = {
    text: 'Hi there',
    reasoning: 'hm',
    toolCalls: [{ id: 'c1', name: 'weather', arguments: { city: 'Oslo' } }],
  }

  it('are text, tool_use, … and a finish', async () => {
    mock.respondWith(told)
    const chunks = await readAll(await new NeuroLink().stream({ input }))
    assert.ok(chunks.every(({ content }) => typeof content === 'string'))
    const of = (wanted) => chunks.filter(({ type }) => type === wanted)
    assert.deepEqual(
      of('text').map(({ content, index }) => [content, index]),
      [
        ['Hi', 0],
        [' there', 1],
      ],
    )
    assert.equal(
      of('reasoning')
        .map(({ reasoning }) => reasoning)
        .join(''),
      'hm',
    )
    const [{ tool, id, args, valid }] = of('tool_use')
    assert.deepEqual([tool, id, args, valid], ['weather', 'c1', { city: 'Oslo' }, true])
    assert.deepEqual(
      chunks.filter(({ finished }) => finished),
      [chunks.at(-1)],
    )
    const { type, finishReason, usage, error } = chunks.at(-1)
    assert.deepEqual(
      [type, finishReason, typeof usage.totalTokens, error],
      ['finish', 'tool-calls', 'number', undefined],
    )
  })

  it('are text-delta, tool-call, … as parts', async () => {
    mock.respondWith(told)
    for (const neurolink of [new NeuroLink({ chunkFormat: 'parts' }), new NeuroLink()]) {
      const chunks = await readAll(await neurolink.stream({ input, chunkFormat: 'parts' }))
      const deltas = chunks.filter(({ type }) => type === 'text-delta')
      assert.deepEqual(
        deltas.map(({ textDelta, content }) => [textDelta, content]),
        [
          ['Hi', 'Hi'],
          [' there', ' there'],
        ],
      )
      const { toolCallId, toolName, args } = chunks.find(({ type }) => type === 'tool-call')
      assert.deepEqual([toolCallId, toolName, args], ['c1', 'weather', { city: 'Oslo' }])
      assert.equal(chunks.at(-1).type, 'finish')
      assert.ok(!kinds(chunks).includes('text') && !kinds(chunks).includes('tool_use'))
    }
  })

  it('tell of registered tools that are run: the call, its result, and how the answer goes on', async () => {
    const neurolink = new NeuroLink()
    const run = []
    neurolink.registerTool('weather', {
      description: 'The weather in a city',
      parameters: { type: 'object', properties: { city: { type: 'string' } } },
      execute: ({ city }) => {
        run.push(city)
        return { celsius: 4 }
      },
    })
    neurolink.registerTool('dice', { execute: () => '6' })
    const script = [told, { text: 'It is cold.' }]
    mock.respondWith(script)
    const chunks = await readAll(await neurolink.stream({ input }))
    const order = chunks.filter(({ type }) => ['text', 'tool_use', 'tool-result', 'finish'].includes(type))
    assert.deepEqual(
      order.map(({ type, content, tool, toolResult }) => [type, content || tool || toolResult]),
      [
        ['text', 'Hi'],
        ['text', ' there'],
        ['tool_use', 'weather'],
        ['tool-result', { name: 'weather', content: '{"celsius":4}' }],
        ['text', 'It'],
        ['text', ' is'],
        ['text', ' cold.'],
        ['finish', undefined],
      ],
    )
    const offered = (request) => request.body.tools?.map(({ function: { name } }) => name)
    assert.deepEqual([run, offered(mock.requests[0])], [['Oslo'], ['weather', 'dice']])
    assert.deepEqual(mock.requests[1].body.messages.at(-1), {
      role: 'tool',
      tool_call_id: 'c1',
      content: '{"celsius":4}',
    })
    mock.reset()
    mock.respondWith({ text: 'Hi' })
    const tools = [
      { name: 'weather', enabled: true },
      { name: 'dice', enabled: false },
    ]
    await (await neurolink.stream({ input, tools })).text
    await (await neurolink.stream({ input, tools: [] })).text
    assert.deepEqual(mock.requests.map(offered), [['weather'], undefined])
    assert.equal(neurolink.unregisterTool('dice'), true)
    const unknown = neurolink.stream({ input, tools: [{ name: 'dice' }] })
    await assert.rejects(unknown, { code: 'UNKNOWN_TOOL', field: 'tools[0].name', message: /'?dice.*'weather'/ })
    assert.throws(() => neurolink.registerTool('x', {}), { name: 'ValidationError', field: 'tool.execute' })
  })

  it('throw a failure, or are one', async () => {
    mock.respondWith({ text: 'Once upon a time', tokensPerSecond: 100, reset: { afterTokens: 2 } })
    const neurolink = new NeuroLink()
    for (const chunkFormat of ['chunks', 'parts']) {
      const seen = []
      const thrown = await neurolink.stream({ input, chunkFormat })
      await assert.rejects(
        async () => {
          for await (const chunk of thrown) seen.push(chunk)
        },
        { type: 'connection_error', partialText: 'Once upon' },
      )
      assert.equal(textOf(seen), 'Once upon')
      const chunks = await readAll(await neurolink.stream({ input, chunkFormat, errors: 'chunk' }))
      const failed = chunks.filter(({ error }) => error !== undefined)
      assert.deepEqual(failed, [chunks.at(-1)])
      assert.deepEqual([failed[0].type, typeof failed[0].error, failed[0].content], ['error', 'string', ''])
    }
  })
})

describe('text is gathered', () => {
  const emoji = '👩‍👩‍👧‍👦'
  const text = `Zażółć gęślą jaźń. ${emoji}${emoji} e\u0301e\u0301 🇳🇴🇸🇪 ${'word '.repeat(40)}\r\n${emoji}`

  /** A server that sends `text` in pieces of one UTF-16 unit or more, so that characters come in parts. */
  async function sending(t, text, size, pause = 0) {
    const server = await serve(t, async (exchange) => {
      exchange.sse()
      const units = [...text]
      for (let at = 0; at < units.length; at += size) {
        const delta = { choices: [{ index: 0, delta: { content: units.slice(at, at + size).join('') } }] }
        exchange.write(`data: ${JSON.stringify(delta)}\n\n`)
        if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
      }
      exchange.write('data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n')
      exchange.response.end('data: [DONE]\n\n')
    })
    process.env.OPENAI_BASE_URL = server.url
  }

  /** The places where a character of `text` begins. */
  const boundaries = new Set([...new Intl.Segmenter().segment(text)].map(({ index }) => index))

  function check(chunks) {
    const texts = chunks.filter(({ type }) => type === 'text').map(({ content }) => content)
    assert.equal(texts.join(''), text)
    let at = 0
    for (const piece of texts) {
      assert.ok(boundaries.has(at), `a character was cut at ${at}`)
      at += piece.length
    }
    return texts
  }

  it('to so many characters at least, never within one', async (t) => {
    for (const size of [1, 3, 1000]) {
      await sending(t, text, size)
      for (const chunkSize of [1, 7, 64, 10_000]) {
        const result = await new NeuroLink().stream({ input, output: { streaming: { chunkSize } } })
        const texts = check(await readAll(result))
        for (const piece of texts.slice(0, -1)) assert.ok(piece.length >= chunkSize, `${piece.length} of ${chunkSize}`)
        assert.deepEqual(
          (await readAll(result)).filter(({ type }) => type === 'text').map(({ index }) => index),
          texts.map((_, index) => index),
        )
      }
    }
  })

  it('to so many bytes, or as long as it may wait', async (t) => {
    await sending(t, text, 2)
    const bytes = check(await readAll(await new NeuroLink().stream({ input, stream: { bufferSize: 64 } })))
    for (const piece of bytes.slice(0, -1)) assert.ok(Buffer.byteLength(piece) >= 64)
    await sending(t, text, 20, 15)
    const timed = check(await readAll(await new NeuroLink().stream({ input, stream: { flushInterval: 25 } })))
    assert.ok(timed.length > 1 && timed.length < text.length / 20, `${timed.length} chunks`)
  })

  it('not at all where chunking is off', async () => {
    const result = await new NeuroLink().stream({ input, stream: { enableChunking: false, bufferSize: 1024 } })
    const texts = (await readAll(result)).filter(({ type }) => type === 'text')
    assert.deepEqual(
      texts.map(({ content }) => content),
      pieces,
    )
  })

  it('and given when something else follows, or it fails', async () => {
    mock.respondWith({ text: 'Once upon a time', toolCalls: [{ id: 'c1', name: 'f', arguments: {} }] })
    const output = { streaming: { chunkSize: 1000 } }
    const chunks = await readAll(await new NeuroLink().stream({ input, output }))
    const order = chunks.map(({ type }) => type).filter((type) => ['text', 'tool_use', 'finish'].includes(type))
    assert.deepEqual(order, ['text', 'tool_use', 'finish'])
    assert.equal(textOf(chunks), 'Once upon a time')
    mock.respondWith({ text: 'Once upon a time', tokensPerSecond: 100, reset: { afterTokens: 2 } })
    const seen = []
    const failing = await new NeuroLink().stream({ input, output })
    await assert.rejects(async () => {
      for await (const chunk of failing) seen.push(chunk)
    })
    assert.equal(textOf(seen), 'Once upon')
  })

  it('within the time and the tries that a stream may take', async () => {
    mock.respondWith([{ status: 503 }, { status: 503 }, { text: 'third' }])
    const neurolink = new NeuroLink()
    const result = await neurolink.stream({ input, stream: { retryAttempts: 2, reconnectDelay: 1 } })
    assert.equal(await result.text, 'third')
    mock.reset()
    mock.respondWith({ status: 503 })
    await assert.rejects(neurolink.stream({ input, stream: { retryAttempts: 1, reconnectDelay: 1 } }), { status: 503 })
    assert.equal(mock.requests.length, 2)
    mock.respondWith({ tokens: 1000, tokensPerSecond: 50 })
    const slow = await neurolink.stream({ input, stream: { timeout: 200, flushInterval: 10 } })
    await assert.rejects(readAll(slow), { name: 'TimeoutError', phase: 'total' })
  })

  it('no further than the buffer that may be under way', async () => {
    const tokens = 20_000
    mock.respondWith({ tokens })
    const result = await new NeuroLink().stream({ input, output: { streaming: { bufferSize: 512 } } })
    const reader = result[Symbol.asyncIterator]()
    await reader.next()
    await new Promise((resolve) => setTimeout(resolve, 200))
    const [{ outcome, tokensSent }] = mock.requests
    assert.deepEqual([outcome, tokensSent < tokens], [undefined, true])
    await reader.return()
    assert.equal((await mock.waitForClose(0)).closedByClient, true)
  })

  it('with word of how far the answer is', async () => {
    const output = { streaming: { chunkSize: 8, enableProgress: true } }
    const chunks = await readAll(await new NeuroLink().stream({ input, output }))
    const progress = chunks.filter(({ type }) => type === 'progress').map(({ progress }) => progress)
    assert.deepEqual(
      progress.map(({ chunkCount, totalBytes, phase }) => [chunkCount, totalBytes, phase]),
      [
        [0, 0, 'initializing'],
        [1, 9, 'streaming'],
        [2, 16, 'streaming'],
        [2, 16, 'complete'],
      ],
    )
    let last = 0
    for (const { elapsedTime } of progress) {
      assert.ok(Number.isInteger(elapsedTime) && elapsedTime >= last)
      last = elapsedTime
    }
    assert.equal(chunks.at(-1).type, 'finish')
    mock.respondWith({ text: 'Once upon a time', tokensPerSecond: 100, reset: { afterTokens: 2 } })
    const failed = await readAll(await new NeuroLink().stream({ input, output, errors: 'chunk' }))
    assert.deepEqual(
      failed.slice(-2).map(({ type, progress }) => [type, progress?.phase]),
      [
        ['progress', 'error'],
        ['error', undefined],
      ],
    )
  })
})

it('has an example that runs', async () => {
  const example = fileURLToPath(new URL('../examples/neurolink.mjs', import.meta.url))
  mock.respondWith([{ text: 'Let me look.', toolCalls: [{ name: 'now', arguments: {} }] }, { text: 'It is late.' }])
  const { stdout } = await promisify(execFile)(process.execPath, [example, 'What time is it?'], { timeout: 20_000 })
  assert.equal(stdout, 'Let me look.\n→ now\nIt is late.\nopenai, gpt-4o-mini: 6 chunks\n')
})
