// What is asked: one vocabulary, put into each provider's words by the engine, and refused by name where it has none.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { AIStream, registerProvider, StreamClient, ValidationError } from 'millstream'
import { MockProvider } from 'millstream/testing'

const folder = new URL('../crates/wire/tests/requests/', import.meta.url)
const read = (name) => JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'))
const shapes = readdirSync(folder)
  .filter((name) => name !== 'given.json')
  .map((name) => name.replace(/\.json$/, ''))

let server
let received
before(async () => {
  server = createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    received = JSON.parse(Buffer.concat(chunks).toString())
    response.writeHead(200, { 'content-type': 'text/plain' }).end('{"city":"Oslo"}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
after(() => {
  server.close()
  server.closeAllConnections()
})

/** What a server gets that wants to be asked in this shape. */
async function asked(shape, request, quirks = {}) {
  const baseUrl = `http://127.0.0.1:${server.address().port}`
  const unregister = registerProvider({ name: 'asked', baseUrl, path: 'ask', shape, protocol: 'text', quirks })
  try {
    const client = new StreamClient({ retry: { maxRetries: 0 }, timeout: 5000 })
    received = undefined
    await client.generate({ provider: 'asked', model: 'm-1', ...request })
    return received
  } finally {
    unregister()
  }
}

/** A request of the files, where calls are as the engine has them, in the words of the package. */
function publicly({ messages, ...request }) {
  const call = ({ id, function: { name, arguments: rawArguments } }) => ({ id, tool: name, rawArguments })
  const message = ({ toolCalls, ...said }) => ({ ...said, ...(toolCalls && { toolCalls: toolCalls.map(call) }) })
  return { ...request, messages: messages.map(message) }
}

test('each provider is asked in its own words, and what it has no word for is refused before anything is sent', async () => {
  assert.equal(shapes.length, 12)
  const given = read('given')
  for (const shape of shapes) {
    const bodies = read(shape)
    for (const [name, request] of Object.entries(given)) {
      // There, the maker of a model is known by its id.
      const model = shape.startsWith('bedrock') ? `us.anthropic.${request.model}` : request.model
      const expected = bodies[name]
      const ask = asked(shape, { ...publicly(request), model })
      if (expected.refused === undefined) {
        assert.deepEqual(await ask, expected, `${shape}: ${name}`)
      } else {
        await assert.rejects(ask, (error) => {
          assert.ok(error instanceof ValidationError, `${shape}: ${name}: ${error.stack}`)
          assert.deepEqual([error.field, error.code], [expected.refused, expected.code], `${shape}: ${name}`)
          assert.deepEqual([error.type, error.retryable], ['invalid_request_error', false])
          assert.ok(error.message.includes(`\`${expected.refused}\``), error.message)
          return true
        })
        assert.equal(received, undefined, `${shape}: ${name}`)
      }
    }
  }
})

test('what the request adds to the body has the last word', async () => {
  const extraBody = { temperature: 1, own: { a: [1] }, generationConfig: { topK: 3 } }
  for (const shape of shapes) {
    const body = await asked(shape, { prompt: 'Hi', temperature: 0, model: 'anthropic.m', extraBody })
    assert.deepEqual([body.temperature, body.own], [1, { a: [1] }], shape)
  }
  const { generationConfig } = await asked('gemini', { prompt: 'Hi', temperature: 0.5, extraBody })
  assert.deepEqual(generationConfig, { temperature: 0.5, topK: 3 })
})

test('bytes and URLs are pictures and files', async () => {
  const png = new Uint8Array([0, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0]).subarray(1)
  const content = [
    { type: 'image', image: png },
    { type: 'image', image: new URL('https://example.com/cat.jpg') },
    { type: 'file', data: Buffer.from('%PDF-1.4'), mediaType: 'application/pdf', filename: 'a.pdf' },
  ]
  const { messages } = await asked('anthropic', { messages: [{ role: 'user', content }] })
  const base64 = Buffer.from(png).toString('base64')
  assert.deepEqual(messages[0].content, [
    { type: 'image', source: { type: 'base64', media_type: 'image/png', data: base64 } },
    { type: 'image', source: { type: 'url', url: 'https://example.com/cat.jpg' } },
    {
      type: 'document',
      source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0xLjQ=' },
      title: 'a.pdf',
    },
  ])
  const openai = await asked('openai', { messages: [{ role: 'user', content: content.slice(0, 1) }] })
  assert.equal(openai.messages[0].content[0].image_url.url, `data:image/png;base64,${base64}`)
})

test('the choice of a tool may be said in OpenAI’s words, and the reasoning of an answer as one text', async () => {
  const question = {
    messages: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello.', reasoning: 'A greeting.' },
      { role: 'user', content: 'Go on.' },
    ],
    tools: [{ name: 'clock' }],
    toolChoice: { type: 'function', function: { name: 'clock' } },
  }
  const body = await asked('anthropic', question)
  assert.deepEqual(body.tool_choice, { type: 'tool', name: 'clock' })
  // Without a signature it would be refused.
  assert.deepEqual(body.messages[1].content, [{ type: 'text', text: 'Hello.' }])
  const { messages } = await asked('openai', question, { reasoningField: 'reasoning_content' })
  assert.equal(messages[1].reasoning_content, 'A greeting.')
})

test('a tool in a provider’s own words may be chosen by whatever name it has', async () => {
  const search = { type: 'web_search_20250305', name: 'web_search' }
  const toolChoice = { tool: 'web_search' }
  const body = await asked('anthropic', { prompt: 'Hi', tools: [{ name: 'clock' }, search], toolChoice })
  assert.deepEqual(body.tool_choice, { type: 'tool', name: 'web_search' })
  const beside = await asked('openai', { prompt: 'Hi', extraBody: { tools: [search] }, toolChoice: 'required' })
  assert.deepEqual([beside.tools, beside.tool_choice], [[search], 'required'])
})

test('a developer speaks where the role is known, else the system', async () => {
  const messages = [{ role: 'developer', content: 'Be kind.' }]
  assert.equal((await asked('openai', { messages })).messages[0].role, 'system')
  assert.equal((await asked('openai', { messages }, { developerRole: true })).messages[0].role, 'developer')
  assert.equal((await asked('openai-responses', { messages })).input[0].role, 'developer')
})

test('a conversation is asked in the provider’s words, too, and told what can’t be', async (t) => {
  const baseUrl = `http://127.0.0.1:${server.address().port}`
  t.after(registerProvider({ name: 'asked', baseUrl, path: 'ask', shape: 'ollama', protocol: 'text' }))
  const given = { topK: 40, reasoning: { effort: 'low' }, retry: { maxRetries: 0 } }
  const stream = new AIStream({ provider: 'asked', model: 'm-1', systemPrompt: 'Be brief.', ...given })
  await stream.send('Hi')
  assert.deepEqual(received, {
    model: 'm-1',
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ],
    stream: true,
    think: 'low',
    options: { top_k: 40 },
  })
  received = undefined
  await assert.rejects(stream.send('Go on', { reasoning: { budgetTokens: 9 } }), {
    field: 'reasoning.budgetTokens',
    code: 'UNSUPPORTED_BY_PROVIDER',
  })
  assert.equal(received, undefined)
})

test('what is wrong with a request is told before anything is sent', () => {
  const client = new StreamClient({ providers: { x: { baseUrl: 'http://127.0.0.1:9', model: 'm' } } })
  const part = (part) => ({ messages: [{ role: 'user', content: [part] }] })
  const said = (more) => ({ messages: [{ role: 'user', content: 'Hi', ...more }] })
  const answered = (more) => ({ messages: [{ role: 'assistant', content: 'Hi', ...more }] })
  for (const [request, field, pattern] of [
    [{ prompt: 'a', topK: 0 }, 'topK', /a positive integer, got 0/],
    [{ prompt: 'a', n: 1.5 }, 'n', /a positive integer/],
    [{ prompt: 'a', n: 2 ** 32 }, 'n', /up to 4294967295/],
    [{ prompt: 'a', toolChoice: 'any' }, 'toolChoice', /one of 'auto', 'none', 'required', got "any"/],
    [{ prompt: 'a', toolChoice: { name: 'f' } }, 'toolChoice.name', /Known: tool/],
    [{ prompt: 'a', toolChoice: null }, 'toolChoice', /an object, got null/],
    [{ prompt: 'a', toolChoice: 'required' }, 'toolChoice', /left out where there are no `tools`, got 'required'/],
    [{ prompt: 'a', toolChoice: 'required', tools: [] }, 'toolChoice', /no `tools`/],
    [{ prompt: 'a', toolChoice: { tool: 'f' } }, 'toolChoice', /no `tools`, got \{ tool: 'f' \}/],
    [{ prompt: 'a', toolChoice: { tool: 'b' }, tools: [{ name: 'f' }] }, 'toolChoice', /\('f'\), got \{ tool: 'b' \}/],
    [
      {
        prompt: 'a',
        toolChoice: { type: 'function', function: { name: 'b' } },
        tools: [
          { name: 'f', execute() {} },
          { type: 'function', function: { name: 'g' } },
        ],
      },
      'toolChoice',
      /\('f', 'g'\), got/,
    ],
    [{ prompt: 'a', parallelToolCalls: 'no' }, 'parallelToolCalls', /a boolean/],
    [{ prompt: 'a', tools: [5] }, 'tools[0]', /an object/],
    [{ prompt: 'a', tools: [{ name: '' }] }, 'tools[0].name', /non-empty/],
    [{ prompt: 'a', tools: [{ name: 'f', cacheControl: true }] }, 'tools[0].cacheControl', /an object, got true/],
    [{ prompt: 'a', output: { format: 'xml' } }, 'output.format', /one of 'text', 'json'/],
    [{ prompt: 'a', output: { format: 'structured' } }, 'output.schema', /got none/],
    [{ prompt: 'a', output: { format: 'text', schema: {} } }, 'output.schema', /left out/],
    [{ prompt: 'a', output: { schema: 'x' } }, 'output.schema', /a JSON Schema.*, got "x"/],
    [{ prompt: 'a', output: { schema: {}, name: 'a b' } }, 'output.name', /64 letters/],
    [{ prompt: 'a', reasoning: { effort: 'huge' } }, 'reasoning.effort', /one of 'none', 'minimal'/],
    [{ prompt: 'a', reasoning: { budgetTokens: -1 } }, 'reasoning.budgetTokens', /non-negative/],
    [{ prompt: 'a', reasoning: 'high' }, 'reasoning', /an object, got "high"/],
    [part({ type: 'text' }), 'messages[0].content[0].text', /a string/],
    [part({ type: 'image', image: 5 }), 'messages[0].content[0].image', /an URL, a data URL, base64 or a Uint8Array/],
    [part({ type: 'image', image: new Uint8Array() }), 'messages[0].content[0].image', /some bytes, got none/],
    [part({ type: 'file', data: '' }), 'messages[0].content[0].data', /got an empty string/],
    [part({ type: 'image', image: 'AAAA', mediaType: '' }), 'messages[0].content[0].mediaType', /non-empty/],
    [said({ cacheControl: { type: 'forever' } }), 'messages[0].cacheControl.type', /'ephemeral'/],
    [said({ cacheControl: { type: 'ephemeral', ttl: '2h' } }), 'messages[0].cacheControl.ttl', /'5m', '1h'/],
    [said({ isError: true }), 'messages[0].isError', /left out/],
    [said({ reasoning: 'x' }), 'messages[0].reasoning', /left out/],
    [answered({ reasoning: [{ txt: 'x' }] }), 'messages[0].reasoning[0].txt', /Did you mean .*text/],
    [answered({ reasoning: 5 }), 'messages[0].reasoning', /a string or an array/],
    [
      answered({ toolCalls: [{ id: 'a', tool: 'f', signature: '' }] }),
      'messages[0].toolCalls[0].signature',
      /non-empty/,
    ],
  ]) {
    assert.throws(
      () => client.stream({ provider: 'x', ...request }),
      (error) => {
        assert.ok(error instanceof ValidationError, `${error.stack}`)
        assert.equal(error.field, field)
        assert.match(error.message, pattern)
        return true
      },
    )
  }
})

test('what is wrong with a picture is told by its place, without its bytes', async () => {
  const content = [{ type: 'image', image: 'c2VjcmV0' }]
  await assert.rejects(asked('anthropic', { messages: [{ role: 'user', content }] }), (error) => {
    assert.deepEqual([error.field, error.code], ['messages[0].content[0].mediaType', 'INVALID_ARGUMENT'])
    assert.doesNotMatch(`${error.message}${error.stack}`, /c2VjcmV0/)
    return error instanceof ValidationError
  })
})

test('an answer’s calls and their results are the next question, with each provider', async (t) => {
  const call = { id: 'call_1', name: 'weather', arguments: '{"city":"Oslo"}' }
  const mock = await MockProvider.start({ text: 'I will look.', toolCalls: [call] })
  t.after(() => mock.close())
  const at = { baseUrl: mock.url, apiKey: 'k' }
  const amazon = { baseUrl: mock.url, region: 'us-east-1', accessKeyId: 'id', secretAccessKey: 'secret' }
  const tools = [{ name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } }]
  for (const provider of [
    { vendor: 'openai', ...at, baseUrl: `${mock.url}/v1` },
    { vendor: 'openai', api: 'responses', ...at, baseUrl: `${mock.url}/v1` },
    { vendor: 'anthropic', ...at },
    { vendor: 'google', ...at },
    { vendor: 'cohere', ...at },
    { vendor: 'ollama', baseUrl: `${mock.url}/ollama` },
    { vendor: 'bedrock', ...amazon },
    { vendor: 'bedrock', api: 'invoke', ...amazon },
  ]) {
    const which = `${provider.vendor} ${provider.api ?? ''}`
    const client = new StreamClient({ retry: { maxRetries: 0 }, timeout: 5000 })
    const question = { role: 'user', content: 'How warm is it in Oslo?' }
    const model = 'us.anthropic.m'
    const { text, toolCalls } = await client.generate({ provider, model, messages: [question], tools })
    assert.deepEqual([toolCalls.length, toolCalls[0]?.args], [1, { city: 'Oslo' }], which)
    const { id } = toolCalls[0]
    await client.generate({
      provider,
      model,
      tools,
      messages: [
        question,
        { role: 'assistant', content: text, toolCalls },
        { role: 'tool', toolCallId: id, content: '{"celsius":4}' },
      ],
    })
    const { body } = mock.requests.at(-1)
    const [called, gave] = exchange(body)
    assert.deepEqual(called, [id, 'weather', { city: 'Oslo' }], which)
    assert.deepEqual(gave, [id, { celsius: 4 }], which)
  }
})

/** The one call in a body and its result, wherever its format has them. */
function exchange(body) {
  const parse = (value) => (typeof value === 'string' ? JSON.parse(value) : value)
  let called
  let gave
  const visit = (value) => {
    if (typeof value !== 'object' || value === null) return
    if (value.type === 'function_call') called = [value.call_id, value.name, parse(value.arguments)]
    if (value.type === 'function_call_output') gave = [value.call_id, parse(value.output)]
    if (value.type === 'tool_use') called = [value.id, value.name, value.input]
    if (value.type === 'tool_result') gave = [value.tool_use_id, parse(value.content)]
    if (value.functionCall) called = [value.functionCall.id, value.functionCall.name, value.functionCall.args]
    if (value.functionResponse) gave = [value.functionResponse.id, value.functionResponse.response]
    if (value.toolUse) called = [value.toolUse.toolUseId, value.toolUse.name, value.toolUse.input]
    if (value.toolResult) gave = [value.toolResult.toolUseId, parse(value.toolResult.content[0].text)]
    if (value.tool_calls) {
      const [{ id, function: made }] = value.tool_calls
      called = [id, made.name, parse(made.arguments)]
    }
    if (value.role === 'tool') gave = [value.tool_call_id, parse(value.content)]
    Object.values(value).forEach(visit)
  }
  visit(body)
  return [called, gave]
}

/** What can be refused, by the question of the files that asks for it. */
const members = {
  'a stop': '`stop`',
  'a seed': '`seed`',
  penalties: '`frequencyPenalty`, `presencePenalty`',
  'top k': '`topK`',
  alternatives: '`n`',
  'a named speaker': '`name` of a message',
  'no tool, now': "`toolChoice: 'none'`",
  'some tool': "`toolChoice: 'required'`",
  'this tool': '`toolChoice: { tool }`',
  'one tool at a time': '`parallelToolCalls: false`',
  'any JSON': '`output` without a schema',
  'JSON of a schema': '`output.schema`',
  'an effort': '`reasoning.effort`',
  'a budget': '`reasoning.budgetTokens`',
  pictures: 'pictures',
  'pictures on the web': 'URLs of pictures',
  'a document': 'PDF files',
  'a document on the web': 'URLs of PDF files',
  'a text file': 'text files',
  'a sound': 'sounds',
  'a picture from a tool': 'pictures from tools',
}

test('the documentation says what each format refuses', () => {
  const text = readFileSync(new URL('../docs/requests.md', import.meta.url), 'utf8')
  for (const shape of shapes.filter((name) => name !== 'events')) {
    const bodies = read(shape)
    const refused = Object.entries(members).filter(([name]) => bodies[name].refused !== undefined)
    const row = `| \`${shape}\` | ${refused.map(([, member]) => member).join(', ')} |`
    assert.ok(text.includes(row), `docs/requests.md should say\n${row}`)
  }
})
