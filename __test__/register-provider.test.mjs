// Providers that an application adds: by description, and with decoders and encoders of its own.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, afterEach, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { AIStream, registerProvider, StreamClient, StreamError, ValidationError } from 'millstream'
import { until } from './support/async.mjs'

let server
let base
let answer = (_request, response) => response.end()
let received = []
let closed = []
before(async () => {
  server = createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    const { url, headers } = request
    received.push({ url, headers, body: JSON.parse(Buffer.concat(chunks).toString()) })
    response.on('close', () => closed.push(response.writableFinished))
    answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${server.address().port}`
})
after(() => {
  server.close()
  server.closeAllConnections()
})

const registered = []
afterEach(() => {
  for (const unregister of registered.splice(0)) unregister()
  received = []
  closed = []
  delete process.env.NEBULA_KEY
})

/** Registers for this test. */
function register(definition) {
  const unregister = registerProvider({ baseUrl: `${base}/v1`, ...definition })
  registered.push(unregister)
  return unregister
}

const client = () => new StreamClient({ retry: { maxRetries: 0 }, timeout: 5000 })
const says = (text, type = 'text/event-stream') => {
  answer = (_, response) => response.writeHead(200, { 'content-type': type }).end(text)
}
const hello = 'data: {"choices":[{"index":0,"delta":{"content":"ok"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

test('a server of OpenAI’s format is one description', async () => {
  says(hello)
  register({
    name: 'nebula',
    aliases: ['neb'],
    keyVariables: ['NEBULA_KEY'],
    keyPage: 'https://nebula.example/keys',
    options: { region: { variables: ['NEBULA_REGION'], default: 'north' } },
    headers: { 'x-region': '{region}', 'x-project': '{project}' },
    body: { team: 'blue' },
    quirks: { maxTokensField: 'max_completion_tokens', streamOptions: false },
  })
  assert.throws(
    () => client().stream({ provider: 'nebula', model: 'm', prompt: 'Hi' }),
    /No API key for provider 'nebula': set NEBULA_KEY or pass `apiKey`. Keys come from https:\/\/nebula.example\/keys/,
  )
  process.env.NEBULA_KEY = 'key-1'
  const result = await client().stream({ provider: 'neb', model: 'm', prompt: 'Hi', maxTokens: 5 })
  assert.equal(await result.text, 'ok')
  assert.equal(result.provider, 'nebula')
  const [{ url, headers, body }] = received
  assert.equal(url, '/v1/chat/completions')
  assert.equal(headers.authorization, 'Bearer key-1')
  assert.deepEqual([headers['x-region'], headers['x-project']], ['north', undefined])
  assert.deepEqual([body.team, body.max_completion_tokens, body.stream_options], ['blue', 5, undefined])
  const stream = new AIStream({ provider: 'nebula', model: 'm' })
  await stream.send('Hi')
  assert.equal(stream.getMessages().at(-1).content, 'ok')
  const configured = new StreamClient({ providers: { nebula: { region: 'south', model: 'm2' } } })
  await configured.generate({ provider: 'nebula', prompt: 'Hi' })
  assert.deepEqual([received.at(-1).headers['x-region'], received.at(-1).body.model], ['south', 'm2'])
})

test('a server that refuses stream_options is asked without them where its description says so', async () => {
  answer = (_, response) => {
    if (received.at(-1).body.stream_options === undefined) {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(hello)
      return
    }
    const error = { message: 'Extra inputs are not permitted: stream_options', type: 'invalid_request_error' }
    response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error }))
  }
  register({ name: 'asks', auth: 'optional' })
  register({ name: 'leaves-out', auth: 'optional', quirks: { streamOptions: false } })
  const ask = async (provider) => (await client().generate({ provider, model: 'm', prompt: 'Hi' })).text
  const refused = {
    type: 'invalid_request_error',
    status: 400,
    message: /Extra inputs are not permitted: stream_options/,
  }
  await assert.rejects(ask('asks'), refused)
  assert.equal(await ask('leaves-out'), 'ok')
  assert.equal(received.length, 2)
})

test('a provider may be like one that is known', async () => {
  says('event: message_stop\ndata: {"type":"message_stop"}\n\n')
  register({ name: 'claude-gateway', like: 'anthropic', baseUrl: base, headers: { 'x-team': 'blue' } })
  const handle = client().stream({
    provider: { vendor: 'claude-gateway', apiKey: 'k' },
    model: 'claude-sonnet-4-5',
    prompt: 'Hi',
  })
  await (await handle).text.catch(() => {})
  const [{ url, headers, body }] = received
  assert.equal(url, '/v1/messages')
  assert.deepEqual([headers['x-api-key'], headers.authorization], ['k', undefined])
  assert.deepEqual([headers['anthropic-version'], headers['x-team']], ['2023-06-01', 'blue'])
  assert.equal(body.max_tokens > 0, true)
})

test('a provider is unknown once it was taken away, and its name is free', () => {
  const first = register({ name: 'nebula' })
  assert.throws(() => register({ name: 'nebula' }), { code: 'PROVIDER_EXISTS' })
  assert.throws(() => register({ name: 'other', aliases: ['nebula'] }), { code: 'PROVIDER_EXISTS' })
  assert.throws(() => register({ name: 'openai' }), { code: 'PROVIDER_EXISTS' })
  assert.throws(() => register({ name: 'gemini' }), { code: 'PROVIDER_EXISTS' })
  first()
  assert.throws(() => client().stream({ provider: 'nebula', model: 'm', prompt: 'Hi' }), { code: 'UNKNOWN_PROVIDER' })
  const second = register({ name: 'nebula' })
  // The first is over: it takes nothing of the second away.
  first()
  assert.throws(() => register({ name: 'nebula' }), { code: 'PROVIDER_EXISTS' })
  second()
})

test('a decoder in JavaScript reads events', async () => {
  says('id: 7\nevent: piece\ndata: {"t":"Hel"}\n\n: ping\n\ndata: {"t":"lo"}\n\ndata: {"think":"hm"}\n\ndata: {"n":3}')
  register({
    name: 'nebula',
    path: 'speak/{model}',
    async *decode(events, context) {
      assert.deepEqual(context, { provider: 'nebula', model: 'nova 1' })
      assert.equal(this.name, 'nebula')
      for await (const { event, data, id } of events) {
        assert.equal(id, '7')
        const { t, think, n } = JSON.parse(data)
        if (t !== undefined) yield { type: 'text', content: event === 'piece' ? t.toUpperCase() : t, index: 0 }
        if (think !== undefined) yield { type: 'reasoning', content: '', reasoning: think }
        if (n === undefined) continue
        yield { type: 'usage', content: '', usage: { promptTokens: 1, completionTokens: n, totalTokens: n + 1 } }
        yield { type: 'finish', content: '', finished: true, finishReason: 'stop' }
      }
    },
  })
  const seen = []
  const { text, reasoning, usage, finishReason } = await client().generate({
    provider: 'nebula',
    model: 'nova 1',
    prompt: 'Hi',
    onChunk: ({ type }) => seen.push(type),
  })
  assert.deepEqual([text, reasoning, usage.completionTokens, finishReason], ['HELlo', 'hm', 3, 'stop'])
  assert.deepEqual(seen, ['text', 'text', 'reasoning', 'usage', 'finish'])
  assert.equal(received[0].url, '/v1/speak/nova%201')
})

test('lines and text come as the server sent them, however they were cut', async () => {
  const pieces = ['{"a":1}\r', '\n\n{"a"', ':2}\n{"a":3}\r\n{"a', '":4}']
  answer = async (_, response) => {
    for (const piece of pieces) {
      response.write(piece)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    response.end()
  }
  async function* decode(source) {
    for await (const content of source)
      yield { type: 'text', content: this.framing === 'lines' ? `<${content}>` : content, index: 0 }
  }
  register({ name: 'by-line', framing: 'lines', decode })
  register({ name: 'as-is', framing: 'text', decode })
  const say = async (provider) => (await client().generate({ provider, model: 'm', prompt: 'Hi' })).text
  assert.equal(await say('by-line'), '<{"a":1}><{"a":2}><{"a":3}><{"a":4}>')
  assert.equal(await say('as-is'), pieces.join(''))
})

test('an encoder in JavaScript makes the body, extraBody has the last word', async () => {
  says('x', 'text/plain')
  register({
    name: 'nebula',
    body: { team: 'blue' },
    framing: 'text',
    encode({ messages, maxTokens, systemPrompt }, { model }) {
      return { model, input: messages.at(-1).content, limit: maxTokens, about: systemPrompt }
    },
    async *decode(source) {
      for await (const content of source) yield { type: 'text', content, index: 0 }
    },
  })
  const question = { provider: 'nebula', model: 'm', prompt: 'Hi \ud83d', maxTokens: 9, systemPrompt: 'S' }
  await client().generate({ ...question, extraBody: { limit: 10 } })
  const input = 'Hi \ufffd'
  assert.deepEqual(received[0].body, { team: 'blue', model: 'm', input, limit: 10, about: 'S' })
  const stream = new AIStream({ provider: 'nebula', model: 'm2' })
  await stream.send('Ho')
  assert.deepEqual(received[1].body, { team: 'blue', model: 'm2', input: 'Ho' })
  // The engine reads the answer where there is no decoder.
  says(hello)
  register({ name: 'half', encode: ({ messages }) => messages.map(({ content }) => content) })
  const { text } = await client().generate({ provider: 'half', model: 'm', prompt: 'Hi' })
  assert.deepEqual([text, received[2].body], ['ok', ['Hi']])
})

test('an encoder that throws is told where the request is made', async () => {
  register({
    name: 'nebula',
    encode() {
      throw new RangeError('too many messages')
    },
  })
  assert.throws(() => client().stream({ provider: 'nebula', model: 'm', prompt: 'Hi' }), RangeError)
  const stream = new AIStream({ provider: 'nebula', model: 'm' })
  await assert.rejects(stream.send('Hi'), (error) => {
    assert.ok(StreamError.isInstance(error))
    assert.match(error.message, /too many messages/)
    return error.cause instanceof RangeError
  })
  assert.equal(received.length, 0)
})

const plain = {
  name: 'nebula',
  async *decode(events) {
    for await (const { data } of events) yield { type: 'text', content: data, index: 0 }
  },
}

test('a status is told as with any provider, after the retries that it is worth', async () => {
  let tries = 0
  answer = (_, response) => {
    tries++
    response.writeHead(tries < 3 ? 503 : 200, { 'content-type': 'text/event-stream' })
    response.end(tries < 3 ? '{"error":{"message":"busy"}}' : 'data: ok\n\n')
  }
  register(plain)
  const retry = { maxRetries: 2, initialDelay: 1 }
  assert.equal((await client().generate({ provider: 'nebula', model: 'm', prompt: 'Hi', retry })).text, 'ok')
  assert.equal(tries, 3)
  tries = 0
  const stream = new AIStream({ provider: 'nebula', model: 'm', retry })
  const retries = []
  stream.on('retry', ({ attempt, error }) => retries.push([attempt, error.status]))
  await stream.send('Hi')
  assert.deepEqual(retries, [
    [1, 503],
    [2, 503],
  ])
  answer = (_, response) => response.writeHead(401).end('{"error":{"message":"Wrong key"}}')
  const handle = client().stream({ provider: 'nebula', model: 'm', prompt: 'Hi' })
  await assert.rejects(
    async () => await handle,
    (error) => {
      assert.deepEqual([error.type, error.status, error.provider], ['auth_error', 401, 'nebula'])
      assert.match(error.message, /Wrong key/)
      assert.notEqual(error.suggestion, '')
      return true
    },
  )
})

test('a body that breaks off, a decoder that throws: both keep the text that was decoded', async () => {
  register(plain)
  answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'content-length': '1000' })
    response.write('data: some \n\ndata: text\n\n')
    setTimeout(() => response.destroy(), 20)
  }
  await assert.rejects(client().generate({ provider: 'nebula', model: 'm', prompt: 'Hi' }), (error) => {
    assert.ok(StreamError.isInstance(error))
    assert.equal(error.partialText, 'some text')
    return true
  })
  says('data: some \n\ndata: bad\n\n')
  register({
    ...plain,
    name: 'strict',
    async *decode(events) {
      for await (const { data } of events) {
        if (data === 'bad') throw new SyntaxError('no such event')
        yield { type: 'text', content: data, index: 0 }
      }
    },
  })
  await assert.rejects(client().generate({ provider: 'strict', model: 'm', prompt: 'Hi' }), (error) => {
    assert.match(error.message, /no such event/)
    assert.ok(error.cause instanceof SyntaxError)
    return error.partialText === 'some '
  })
})

test('nobody wants more: the connection is closed while the decoder waits', async () => {
  register(plain)
  answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: first\n\n')
  }
  for await (const chunk of client().stream({ provider: 'nebula', model: 'm', prompt: 'Hi' })) {
    assert.equal(chunk.content, 'first')
    break
  }
  await until(() => closed.length === 1)
  assert.deepEqual(closed, [false])
  const stream = new AIStream({ provider: 'nebula', model: 'm' })
  stream.on('token', () => stream.stop())
  await stream.send('Hi')
  await until(() => closed.length === 2)
  const controller = new AbortController()
  const handle = client().stream({ provider: 'nebula', model: 'm', prompt: 'Hi', signal: controller.signal })
  const result = await handle
  controller.abort()
  await assert.rejects(result.text, { type: 'aborted_error' })
  await until(() => closed.length === 3)
})

test('a decoded answer is sent on like any other', async () => {
  says('data: one \n\ndata: two\n\n')
  register(plain)
  const result = await client().stream({ provider: 'nebula', model: 'm', prompt: 'Hi' })
  const body = await result.toResponse({ format: 'openai' }).text()
  assert.match(body, /"content":"one "[\s\S]*"content":"two"[\s\S]*\[DONE\]/)
})

test('the example works', async () => {
  const lines = [{ thinks: 'hm' }, { says: 'To the ' }, { says: 'sea.' }, { spent: { asked: 7, answered: 4 } }]
  says(lines.map((line) => `${JSON.stringify(line)}\n`).join(''), 'application/x-ndjson')
  const file = fileURLToPath(new URL('../examples/custom-provider/nebula.mjs', import.meta.url))
  const env = { ...process.env, NEBULA_BASE_URL: base, NEBULA_API_KEY: 'k' }
  const child = execFile(process.execPath, [file], { env, timeout: 20_000 })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (data) => (stdout += data))
  child.stderr.on('data', (data) => (stderr += data))
  const [code] = await once(child, 'close')
  assert.deepEqual([code, stderr, stdout], [0, '', 'To the sea.\n11 tokens\n'])
  const [{ url, headers, body }] = received
  assert.deepEqual([url, headers.authorization], ['/v1/speak/nova-1', 'Bearer k'])
  assert.deepEqual(body, { turns: [{ by: 'user', says: 'Where does the river go?' }], live: true })
})

test('a line longer than allowed is refused', async () => {
  answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' })
    response.end('x'.repeat(5000))
  }
  register({ ...plain, framing: 'lines' })
  const small = new StreamClient({ maxEventBytes: 1000, retry: { maxRetries: 0 } })
  await assert.rejects(small.generate({ provider: 'nebula', model: 'm', prompt: 'Hi' }), { code: 'EVENT_TOO_LARGE' })
})

test('a definition that is not what it must be is refused', () => {
  const refused = (definition, field, pattern) =>
    assert.throws(
      () => register({ name: 'x', ...definition }),
      (error) => {
        assert.ok(error instanceof ValidationError, error.stack)
        assert.equal(error.field, field)
        assert.match(error.message, pattern)
        return true
      },
    )
  refused({ name: 'a b' }, 'name', /letters, digits/)
  refused({ name: 'auto' }, 'name', /not 'auto'/)
  refused({ aliases: 'y' }, 'aliases', /an array of strings/)
  refused({ baseUrl: undefined }, 'baseUrl', /a non-empty string/)
  refused({ baseUrl: 'ftp://x' }, 'baseUrl', /http:, https:/)
  refused({ baseUrl: 'https://{zone}.x' }, 'baseUrl', /a template of options/)
  refused({ path: '{modle}' }, 'path', /a template of options/)
  refused({ like: 'nobody' }, 'like', /a known provider/)
  refused({ like: 'openai', api: 'native' }, 'api', /one of 'chat', 'responses'/)
  refused({ api: 'chat' }, 'api', /left out/)
  refused({ auth: 'basic' }, 'auth', /'bearer', 'optional'/)
  refused({ auth: { header: 'a b' } }, 'auth.header', /header names/)
  refused({ shape: 'xml' }, 'shape', /one of/)
  refused({ protocol: 'auto' }, 'protocol', /one of/)
  refused({ quirks: { topK: 1 } }, 'quirks.topK', /a boolean/)
  refused({ quirks: { maxTokenField: 'x' } }, 'quirks.maxTokenField', /Did you mean/)
  refused({ options: { zone: {} } }, 'options.zone', /Unknown option/)
  refused({ headers: { a: '\n' } }, 'headers.a', /without line breaks/)
  refused({ framing: 'lines' }, 'framing', /without `decode`/)
  refused({ framing: 'frames', decode() {} }, 'framing', /one of 'events', 'lines', 'text'/)
  refused({ decode: 'x' }, 'decode', /a function/)
  refused({ decode() {}, protocol: 'openai' }, 'protocol', /left out/)
  refused({ encode() {}, shape: 'openai' }, 'shape', /left out/)
  refused({ basUrl: 'x' }, 'basUrl', /Did you mean `baseUrl`/)
})
