// `millstream/compat/neurolink`: what its options do, and what its results and chunks are.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, beforeEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { NeuroLink } from 'millstream/compat/neurolink'
import { MockProvider } from 'millstream/testing'
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

async function gather(source) {
  const gathered = []
  for await (const chunk of source) gathered.push(chunk)
  return gathered
}

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
    cloudflare: ['/ai/v1/chat/completions', ['authorization', 'Bearer key-1'], { stream: true }],
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
        CLOUDFLARE_BASE_URL: `${mock.url}/ai`,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'key-1',
        AWS_SECRET_ACCESS_KEY: 'secret-1',
        SAGEMAKER_DEFAULT_ENDPOINT: 'endpoint-1',
        AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: mock.url,
      })
      const result = await new NeuroLink().stream({ input, provider, maxTokens: 99, temperature: 0.5 })
      const chunks = await gather(result)
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
      assert.deepEqual((await gather(result.partialObjectStream)).at(-1), { a: [1, 2] })
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
    const result = await new NeuroLink().stream({ input })
    assert.equal(result.partialText, '')
    result.abort()
    process.env.OPENAI_BASE_URL = `${mock.url}/v1`
    mock.respondWith({ status: 401 })
    await assert.rejects(new NeuroLink().stream({ input }), { name: 'APIError', status: 401, type: 'auth_error' })
  })

  it('can be iterated itself, by .stream and by .stream(), as often as one likes', async () => {
    const result = await new NeuroLink().stream({ input })
    const first = await gather(result)
    assert.equal(textOf(first), 'Once upon a time')
    for (const source of [result, result.stream, result.stream(), result]) {
      assert.deepEqual(
        (await gather(source)).map(({ type, content }) => [type, content]),
        first.map(({ type, content }) => [type, content]),
      )
    }
    const [one, other] = await Promise.all([gather(result), gather(result.stream)])
    assert.deepEqual([textOf(one), textOf(other)], ['Once upon a time', 'Once upon a time'])
    assert.equal(mock.requests.length, 1)
  })

  it('refuses a second loop where it is not retained', async () => {
    const result = await new NeuroLink().stream({ input, retain: false })
    assert.equal(textOf(await gather(result)), 'Once upon a time')
    await assert.rejects(gather(result.stream), { code: 'ALREADY_CONSUMED' })
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
      const chunks = await gather(await new NeuroLink(config).stream({ input, ...request }))
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
      assert.equal(textOf(await gather(result.stream)), 'Once upon a time')
    }
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
    const chunks = await gather(await new NeuroLink().stream({ input }))
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
      const chunks = await gather(await neurolink.stream({ input, chunkFormat: 'parts' }))
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
    const chunks = await gather(await neurolink.stream({ input }))
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
      const chunks = await gather(await neurolink.stream({ input, chunkFormat, errors: 'chunk' }))
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
        const texts = check(await gather(result))
        for (const piece of texts.slice(0, -1)) assert.ok(piece.length >= chunkSize, `${piece.length} of ${chunkSize}`)
        assert.deepEqual(
          (await gather(result)).filter(({ type }) => type === 'text').map(({ index }) => index),
          texts.map((_, index) => index),
        )
      }
    }
  })

  it('to so many bytes, or as long as it may wait', async (t) => {
    await sending(t, text, 2)
    const bytes = check(await gather(await new NeuroLink().stream({ input, stream: { bufferSize: 64 } })))
    for (const piece of bytes.slice(0, -1)) assert.ok(Buffer.byteLength(piece) >= 64)
    await sending(t, text, 20, 15)
    const timed = check(await gather(await new NeuroLink().stream({ input, stream: { flushInterval: 25 } })))
    assert.ok(timed.length > 1 && timed.length < text.length / 20, `${timed.length} chunks`)
  })

  it('not at all where chunking is off', async () => {
    const result = await new NeuroLink().stream({ input, stream: { enableChunking: false, bufferSize: 1024 } })
    const texts = (await gather(result)).filter(({ type }) => type === 'text')
    assert.deepEqual(
      texts.map(({ content }) => content),
      pieces,
    )
  })

  it('and given when something else follows, or it fails', async () => {
    mock.respondWith({ text: 'Once upon a time', toolCalls: [{ id: 'c1', name: 'f', arguments: {} }] })
    const output = { streaming: { chunkSize: 1000 } }
    const chunks = await gather(await new NeuroLink().stream({ input, output }))
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
    await assert.rejects(gather(slow), { name: 'TimeoutError', phase: 'total' })
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
    const chunks = await gather(await new NeuroLink().stream({ input, output }))
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
    const failed = await gather(await new NeuroLink().stream({ input, output, errors: 'chunk' }))
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
