// Every provider of the table, over every interface it has, held to the same laws: it is asked where and as it wants to
// be, and whatever it answers arrives as the same kinds of chunks in the same order. Its answers are a mock provider's,
// in its own format.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, before, describe, it } from 'node:test'
import { AIStream, StreamClient, StreamError } from 'millstream'
import { MockProvider } from 'millstream/testing'

const { table } = createRequire(import.meta.url)('../dist/internal.js')

const bearer = { authorization: 'Bearer key-1' }
/**
 * Where and as whom each is asked, under a base URL that ends in the path of its own. `whole`: where a whole answer is
 * asked for, if elsewhere.
 */
const expected = {
  openai: { base: '/v1', apis: { chat: '/v1/chat/completions', responses: '/v1/responses' } },
  anthropic: {
    base: '',
    auth: { 'x-api-key': 'key-1', 'anthropic-version': '2023-06-01' },
    apis: { native: '/v1/messages' },
  },
  google: {
    base: '',
    auth: { 'x-goog-api-key': 'key-1' },
    apis: {
      native: '/v1beta/models/m-1:streamGenerateContent?alt=sse',
      chat: { path: '/v1beta/openai/chat/completions', auth: bearer },
    },
    whole: { native: '/v1beta/models/m-1:generateContent' },
  },
  xai: { base: '/v1', apis: { chat: '/v1/chat/completions', responses: '/v1/responses' } },
  cerebras: { base: '/v1', apis: { chat: '/v1/chat/completions' } },
  groq: { base: '/openai/v1', apis: { chat: '/openai/v1/chat/completions', responses: '/openai/v1/responses' } },
  mistral: { base: '/v1', apis: { chat: '/v1/chat/completions' } },
  deepseek: { base: '', apis: { chat: '/chat/completions', responses: '/responses' } },
  openrouter: { base: '/api/v1', apis: { chat: '/api/v1/chat/completions', responses: '/api/v1/responses' } },
  together: { base: '/v1', apis: { chat: '/v1/chat/completions' } },
  fireworks: {
    base: '/inference/v1',
    apis: { chat: '/inference/v1/chat/completions', responses: '/inference/v1/responses' },
  },
  perplexity: { base: '', apis: { chat: '/chat/completions' } },
  cohere: { base: '', apis: { native: '/v2/chat', chat: '/compatibility/v1/chat/completions' } },
  azure: {
    base: '',
    options: { resource: 'res' },
    auth: { 'api-key': 'key-1' },
    apis: { chat: '/openai/v1/chat/completions', responses: '/openai/v1/responses' },
  },
  cloudflare: {
    base: '/client/v4/accounts/acc/ai',
    options: { accountId: 'acc' },
    model: '@cf/meta/m-1',
    apis: {
      chat: '/client/v4/accounts/acc/ai/v1/chat/completions',
      native: '/client/v4/accounts/acc/ai/run/@cf/meta/m-1',
      responses: '/client/v4/accounts/acc/ai/v1/responses',
    },
  },
  vertex: {
    base: '',
    options: { project: 'p', location: 'l' },
    apis: {
      native: '/v1/projects/p/locations/l/publishers/google/models/m-1:streamGenerateContent?alt=sse',
      chat: '/v1/projects/p/locations/l/endpoints/openapi/chat/completions',
    },
    whole: { native: '/v1/projects/p/locations/l/publishers/google/models/m-1:generateContent' },
  },
  watsonx: {
    base: '',
    options: { project: 'p' },
    apis: { native: '/ml/v1/text/chat_stream?version=2024-10-08' },
    whole: { native: '/ml/v1/text/chat?version=2024-10-08' },
  },
  bedrock: {
    base: '',
    options: { region: 'us-east-1' },
    // Invoke's body is Anthropic's for Anthropic's models only.
    model: 'anthropic.claude-v1:0',
    apis: {
      native: '/model/anthropic.claude-v1%3A0/converse-stream',
      invoke: '/model/anthropic.claude-v1%3A0/invoke-with-response-stream',
    },
    whole: {
      native: '/model/anthropic.claude-v1%3A0/converse',
      invoke: '/model/anthropic.claude-v1%3A0/invoke',
    },
  },
  sagemaker: {
    base: '',
    options: { region: 'us-east-1', endpointName: 'my endpoint' },
    apis: { native: '/endpoints/my%20endpoint/invocations-response-stream' },
    whole: { native: '/endpoints/my%20endpoint/invocations' },
  },
  // The mock's own path for it: without, it is an application's.
  ollama: { base: '', prefix: '/ollama', apis: { native: '/ollama/api/chat', chat: '/ollama/v1/chat/completions' } },
  vllm: { base: '/v1', apis: { chat: '/v1/chat/completions', responses: '/v1/responses' } },
  llamacpp: { base: '/v1', apis: { chat: '/v1/chat/completions' } },
  lmstudio: { base: '/v1', apis: { chat: '/v1/chat/completions', responses: '/v1/responses' } },
}

/** Where each shape has what every request has: [the user's words, the system's, the cap on tokens]. */
const places = {
  openai: ({ messages: [system, user], ...body }) => [
    user.content,
    system.content,
    body.max_tokens ?? body.max_completion_tokens,
  ],
  'openai-responses': ({ input, instructions, max_output_tokens }) => [
    [input.at(-1).content].flat().map((part) => part.text ?? part)[0],
    instructions,
    max_output_tokens,
  ],
  anthropic: ({ messages, system, max_tokens }) => [said(messages[0].content), said(system), max_tokens],
  gemini: ({ contents, systemInstruction, generationConfig }) => [
    said(contents[0].parts),
    said(systemInstruction.parts),
    generationConfig.maxOutputTokens,
  ],
  'workers-ai': ({ messages: [system, user], max_tokens }) => [user.content, system.content, max_tokens],
  ollama: ({ messages: [system, user], options }) => [user.content, system.content, options.num_predict],
  cohere: ({ messages: [system, user], max_tokens }) => [said(user.content), said(system.content), max_tokens],
  watsonx: ({ messages: [system, user], max_tokens }) => [said(user.content), system.content, max_tokens],
  'bedrock-converse': ({ messages, system, inferenceConfig }) => [
    said(messages[0].content),
    said(system),
    inferenceConfig.maxTokens,
  ],
  'bedrock-invoke': ({ messages, system, max_tokens }) => [said(messages[0].content), said(system), max_tokens],
  sagemaker: ({ messages: [system, user], max_tokens }) => [user.content, system.content, max_tokens],
}

/** The text of content that is text or parts. */
function said(content) {
  return typeof content === 'string' ? content : content.map(({ text }) => text).join('')
}

let mock
before(async () => {
  mock = await MockProvider.start({})
})
after(() => mock.close())

/** What a provider that signs is asked with instead of a key. */
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG', sessionToken: 'session-1' }

/** Every provider, over every interface. */
const cases = Object.entries(expected).flatMap(([name, { base, prefix = base, options, auth, apis, whole, model }]) =>
  Object.entries(apis).map(([api, given]) => {
    const { path, auth: own } = typeof given === 'string' ? { path: given } : given
    return {
      title: `${name}, ${api}`,
      name,
      api,
      path,
      whole: whole?.[api] ?? path,
      headers: own ?? auth ?? bearer,
      model: model ?? 'm-1',
      shape: table[name]?.apis[api]?.shape,
      provider: () => ({ vendor: name, api, apiKey: 'key-1', baseUrl: mock.url + prefix, ...options }),
    }
  }),
)

const question = { systemPrompt: 'Be brief.', prompt: 'Where does the river go?', maxTokens: 64 }

/** Asks, and holds whatever comes to the laws. */
async function ask({ provider, model }, answer, request = {}) {
  mock.respondWith(answer)
  const client = new StreamClient({ retry: { maxRetries: 0 }, timeout: 10_000 })
  const chunks = []
  const starts = []
  const handle = client.stream(
    { ...question, provider: provider(), model, errors: 'chunk', onStart: (start) => starts.push(start), ...request },
    {},
  )
  for await (const chunk of handle) chunks.push(chunk)
  obeyLaws(chunks, starts)
  return chunks
}

function obeyLaws(chunks, starts) {
  const kinds = chunks.map(({ type }) => type)
  assert.ok(starts.length <= 1, 'one start')
  assert.ok(kinds.filter((kind) => kind === 'usage').length <= 1, `at most one usage: ${kinds}`)
  const ends = kinds.filter((kind) => kind === 'finish' || kind === 'error')
  assert.equal(ends.length, 1, `one end: ${kinds}`)
  assert.ok(['finish', 'error'].includes(kinds.at(-1)), `nothing after the end: ${kinds}`)
  const texts = chunks.filter(({ type }) => type === 'text')
  assert.deepEqual(
    texts.map(({ index }) => index),
    texts.map((_, index) => index),
  )
  for (const chunk of chunks) assert.equal(typeof chunk.content, 'string')
}

/** Chunks without what belongs to one provider alone: what it says besides, its signatures, how it cuts calls. */
function essence(chunks) {
  const kept = chunks.filter(
    ({ type, reasoning }) => type !== 'metadata' && type !== 'tool-call-delta' && reasoning !== '',
  )
  return kept.map(({ type, content, reasoning, tool, args, usage, finishReason }) => {
    if (type === 'text') return ['text', content]
    if (type === 'reasoning') return ['reasoning', reasoning]
    if (type === 'tool-call') return ['tool-call', tool, args]
    if (type === 'usage') return ['usage', Math.sign(usage.promptTokens), Math.sign(usage.completionTokens)]
    return [type, finishReason]
  })
}

const text = (chunks) => chunks.map(({ content }) => content).join('')
const last = (chunks) => chunks.at(-1)
const answerText = 'It follows the valley — down to the sea. 🌊'

describe('what the table says is tested', () => {
  it('every provider and interface', () => {
    const rows = Object.entries(table).flatMap(([name, { apis }]) => Object.keys(apis).map((api) => `${name}, ${api}`))
    assert.deepEqual(cases.map(({ title }) => title).sort(), rows.sort())
  })

  it('every base URL ends as it is asked here', () => {
    for (const [name, { base, options = {} }] of Object.entries(expected)) {
      const url = new URL(table[name].baseUrl.replace(/\{(\w+)\}/g, (_, option) => options[option] ?? 'x'))
      assert.equal(url.pathname.replace(/\/$/, ''), base, name)
    }
  })
})

for (const given of cases) {
  describe(given.title, () => {
    it('is asked at its place, with its key, in its words', async () => {
      await ask(given, { text: 'ok' })
      const { path, query, headers, body } = mock.requests.at(-1)
      assert.equal(query === undefined ? path : `${path}?${query}`, given.path)
      for (const [name, value] of Object.entries(given.headers)) assert.equal(headers[name], value)
      if (given.headers.authorization === undefined) assert.equal(headers.authorization, undefined)
      const { prompt, systemPrompt, maxTokens } = question
      assert.deepEqual(places[given.shape](body), [prompt, systemPrompt, maxTokens])
      const inPath = /m-1|anthropic/.test(decodeURIComponent(given.path)) || given.name === 'sagemaker'
      if (!inPath) assert.equal(body.model ?? body.model_id, given.model)
    })

    it('answers: text, usage, the end', async () => {
      // Whether the request asks for usage or not, as providers do it that need not be asked.
      const unasked = table[given.name].apis[given.api].quirks?.streamOptions === false
      const chunks = await ask(given, { text: answerText, ...(unasked && { usage: true }) })
      assert.equal(text(chunks), answerText)
      assert.equal(last(chunks).finishReason, 'stop')
      const { usage } = chunks.find(({ type }) => type === 'usage')
      assert.ok(usage.promptTokens > 0 && usage.completionTokens > 0, JSON.stringify(usage))
      assert.equal(usage.totalTokens, usage.promptTokens + usage.completionTokens)
    })

    it('answers whole', async () => {
      const chunks = await ask(given, { text: answerText }, { stream: false })
      const { path, query, body } = mock.requests.at(-1)
      assert.equal(query === undefined ? path : `${path}?${query}`, given.whole)
      assert.notEqual(body.stream, true)
      assert.deepEqual(
        chunks.filter(({ type }) => type === 'text').map(({ content }) => content),
        [answerText],
      )
      assert.equal(last(chunks).finishReason, 'stop')
      assert.ok(chunks.find(({ type }) => type === 'usage').usage.completionTokens > 0)
    })

    it('stops at its limit', async () => {
      const chunks = await ask(given, { text: answerText, finishReason: 'length' })
      assert.equal(last(chunks).finishReason, 'length')
    })

    it('calls a tool', async () => {
      const chunks = await ask(given, {
        text: 'Let me see.',
        toolCalls: [{ name: 'map', arguments: { river: 'Rhine' } }],
      })
      const calls = chunks.filter(({ type }) => type === 'tool-call')
      assert.deepEqual(
        calls.map(({ tool, args }) => [tool, args]),
        [['map', { river: 'Rhine' }]],
      )
      assert.notEqual(calls[0].id, '')
    })

    it('refuses a key, in its own words, without repeating it', async () => {
      const refusing = await MockProvider.start({ apiKey: 'another' })
      try {
        const provider = given.provider()
        provider.baseUrl = provider.baseUrl.replace(mock.url, refusing.url)
        const client = new StreamClient({ retry: { maxRetries: 0 }, timeout: 10_000 })
        await assert.rejects(client.generate({ ...question, provider, model: given.model }), (error) => {
          assert.ok(StreamError.isInstance(error))
          assert.equal(error.provider, given.name)
          assert.ok([400, 401, 403].includes(error.status), `${error.status}`)
          assert.equal(error.type, error.status === 400 ? 'invalid_request_error' : 'auth_error', error.message)
          assert.ok(!error.message.includes('key-1') && error.message.length > 12, error.message)
          return true
        })
      } finally {
        await refusing.close()
      }
    })

    it('refuses a request, in its own words', async () => {
      mock.respondWith({ status: 429, retryAfter: 7 })
      const client = new StreamClient({ retry: { maxRetries: 0 }, timeout: 10_000 })
      await assert.rejects(
        client.generate({ ...question, provider: given.provider(), model: given.model }),
        (error) => {
          assert.deepEqual([error.type, error.status, error.retryAfter], ['rate_limit_error', 429, 7000])
          assert.match(error.message, /^HTTP 429: \S/)
          return true
        },
      )
    })

    it('fails on its way, in its own words', async () => {
      const chunks = await ask(given, { tokens: 20, error: { afterTokens: 5, message: 'The mill stands still.' } })
      const { type, error, cause } = last(chunks)
      assert.equal(type, 'error')
      assert.match(error, /The mill stands still\./)
      assert.equal(cause.partialText, text(chunks))
      assert.notEqual(cause.partialText, '')
    })

    it('breaks off, with what had come', async () => {
      const chunks = await ask(given, { tokens: 20, reset: { afterTokens: 5 } })
      assert.equal(last(chunks).type, 'error')
      assert.notEqual(last(chunks).cause.partialText, '')
    })
  })
}

describe('Amazon', () => {
  for (const [vendor, service, model] of [
    ['bedrock', 'bedrock', 'anthropic.claude-v1:0'],
    ['sagemaker', 'sagemaker', 'm-1'],
  ]) {
    it(`has requests to ${vendor} signed`, async () => {
      const { apiKey: _, ...given } = cases.find(({ name }) => name === vendor).provider()
      const chunks = await ask({ provider: () => ({ ...given, ...credentials }), model }, { text: 'ok' })
      assert.equal(text(chunks), 'ok')
      const { headers } = mock.requests.at(-1)
      const date = headers['x-amz-date'].slice(0, 8)
      const scope = new RegExp(`^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/${date}/us-east-1/${service}/aws4_request,`)
      assert.match(headers.authorization, scope)
      assert.equal(headers['x-amz-security-token'], 'session-1')
      assert.ok(!JSON.stringify(headers).includes(credentials.secretAccessKey))
    })
  }
})

describe('OpenAI, Anthropic and xAI', () => {
  const alike = () => cases.filter(({ title }) => ['openai, chat', 'anthropic, native', 'xai, chat'].includes(title))

  it('give the same events in the same order', async () => {
    const answers = [
      { text: answerText },
      { text: answerText, reasoning: 'Rivers run downhill.' },
      { text: 'Let me see.', toolCalls: [{ name: 'map', arguments: { river: 'Rhine' } }, { name: 'clock' }] },
      { text: answerText, finishReason: 'length' },
    ]
    for (const answer of answers) {
      const [openai, anthropic, xai] = await inTurn(alike(), async (given) => essence(await ask(given, answer)))
      assert.deepEqual(anthropic, openai)
      assert.deepEqual(xai, openai)
    }
  })

  it('are alike to a conversation', async () => {
    mock.respondWith({ text: answerText })
    const told = await inTurn(alike(), async ({ provider, model }) => {
      const stream = new AIStream({ provider: provider(), model, systemPrompt: 'Be brief.' })
      const events = []
      for (const event of ['streaming-start', 'token', 'reasoning', 'usage', 'streaming-end', 'error']) {
        stream.on(event, (value) => events.push(event === 'token' ? value : event))
      }
      await stream.send('Where does the river go?')
      return events
    })
    assert.deepEqual(told[1], told[0])
    assert.deepEqual(told[2], told[0])
  })
})

/** The results of one after the other. */
async function inTurn(items, run) {
  const results = []
  for (const item of items) results.push(await run(item))
  return results
}
