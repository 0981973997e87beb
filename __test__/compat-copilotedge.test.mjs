// `millstream/compat/copilotedge`: what its options do, what it gives, and what its routes send.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, beforeEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import express from 'express'
import {
  APIError,
  CopilotEdge,
  createCopilotEdgeHandler,
  supportedModels,
  ValidationError,
} from 'millstream/compat/copilotedge'
import { MockProvider } from 'millstream/testing'
import OpenAI from 'openai'
import { readAll } from './support/async.mjs'
import { hideProviders } from './support/provider-environment.mjs'
import { serve } from './support/scripted-server.mjs'

const key = 'cf-test-0123456789'
const given = { apiKey: key, accountId: 'account-1' }
const hello = { messages: [{ role: 'user', content: 'Hello' }] }
const pieces = ['Once', ' upon', ' a', ' time']

let mock
let restore

before(async () => {
  restore = hideProviders()
  mock = await MockProvider.start()
})

beforeEach(() => {
  hideProviders()
  process.env.CLOUDFLARE_BASE_URL = mock.url
  mock.reset()
  mock.respondWith({ text: pieces.join('') })
})

after(async () => {
  restore()
  await mock.close()
})

function post(handle, body, init = {}) {
  return handle(new Request('http://app.test/api/copilot', { method: 'POST', body: JSON.stringify(body), ...init }))
}

describe('a CopilotEdge', () => {
  it('is refused without a key or an account, and takes them from the environment', async () => {
    const refused = (config, field) =>
      assert.throws(
        () => new CopilotEdge(config),
        (error) => error instanceof ValidationError && error.name === 'ValidationError' && error.field === field,
      )
    refused({ accountId: 'account-1' }, 'apiKey')
    refused({ apiKey: key }, 'accountId')
    Object.assign(process.env, { CLOUDFLARE_API_TOKEN: 'token-1', CLOUDFLARE_ACCOUNT_ID: 'account-2' })
    await new CopilotEdge().handleRequest(hello)
    Object.assign(process.env, { COPILOTEDGE_API_KEY: 'token-2', COPILOTEDGE_ACCOUNT_ID: 'account-3' })
    await new CopilotEdge().handleRequest(hello)
    await new CopilotEdge(given).handleRequest(hello)
    assert.deepEqual(
      mock.requests.map(({ headers, path }) => [headers.authorization, path.split('/')[2]]),
      [
        ['Bearer token-1', 'account-2'],
        ['Bearer token-2', 'account-3'],
        [`Bearer ${key}`, 'account-1'],
      ],
    )
  })

  it('refuses options that are wrong, misspelt or without effect', () => {
    for (const [config, field] of [
      [{ stream: 'yes' }, 'stream'],
      [{ onChunk: 1 }, 'onChunk'],
      [{ model: '' }, 'model'],
      [{ provider: 'openai' }, 'provider'],
      [{ maxRetries: 0 }, 'maxRetries'],
      [{ apiTimeout: -1 }, 'apiTimeout'],
      [{ maxMessages: 0 }, 'maxMessages'],
      [{ streaming: true }, 'streaming'],
      [{ cacheTimeout: 60_000 }, 'cacheTimeout'],
      [{ rateLimit: 60 }, 'rateLimit'],
      [{ fallback: '@cf/meta/llama-3.1-8b-instruct' }, 'fallback'],
      [{ circuitBreakerFailureThreshold: 5 }, 'circuitBreakerFailureThreshold'],
    ]) {
      assert.throws(
        () => new CopilotEdge({ ...given, ...config }),
        (error) => error instanceof ValidationError && error.field === field && !error.message.includes(key),
        field,
      )
      assert.throws(() => createCopilotEdgeHandler(config), { name: 'ValidationError', field })
    }
    assert.throws(() => new CopilotEdge({ ...given, cacheTimeout: 1 }), { code: 'UNSUPPORTED_OPTION' })
  })

  it('gives whole answers unless it is told to stream, by itself or by a request', async () => {
    const kinds = []
    for (const stream of [undefined, false, true]) {
      const edge = new CopilotEdge({ ...given, ...(stream !== undefined && { stream }) })
      for (const asked of [undefined, false, true]) {
        const result = await edge.handleRequest({ ...hello, ...(asked !== undefined && { stream: asked }) })
        kinds.push([stream, asked, result.object])
        await result.getFullResponse?.()
      }
    }
    const [whole, streamed] = ['chat.completion', 'chat.completion.chunk']
    assert.deepEqual(kinds, [
      [undefined, undefined, whole],
      [undefined, false, whole],
      [undefined, true, streamed],
      [false, undefined, whole],
      [false, false, whole],
      [false, true, streamed],
      [true, undefined, streamed],
      [true, false, whole],
      [true, true, streamed],
    ])
    assert.deepEqual(
      mock.requests.map(({ body }) => body.stream),
      kinds.map(([, , object]) => object === streamed),
    )
  })

  it('gives a whole answer as a chat.completion with counted tokens', async () => {
    const answer = await new CopilotEdge(given).handleRequest(hello)
    assert.equal(answer.object, 'chat.completion')
    assert.ok(Math.abs(answer.created - Date.now() / 1000) < 60, `${answer.created}`)
    assert.equal(answer.model, '@cf/meta/llama-3.1-8b-instruct')
    assert.deepEqual(
      answer.choices.map(({ index, message, finish_reason }) => [index, message.role, message.content, finish_reason]),
      [[0, 'assistant', 'Once upon a time', 'stop']],
    )
    const { prompt_tokens, completion_tokens, total_tokens } = answer.usage
    for (const count of [prompt_tokens, completion_tokens, total_tokens]) assert.ok(Number.isInteger(count))
    assert.equal(total_tokens, prompt_tokens + completion_tokens)
    mock.respondWith({ text: pieces.join(''), omit: ['usage'] })
    const { usage } = await new CopilotEdge(given).handleRequest(hello)
    assert.ok(Number.isInteger(usage.prompt_tokens) && usage.prompt_tokens > 0)
    assert.deepEqual([usage.completion_tokens, usage.total_tokens], [4, usage.prompt_tokens + 4])
  })

  it('gives a streamed answer with all its fields', async () => {
    const answer = await new CopilotEdge({ ...given, stream: true }).handleRequest(hello)
    assert.match(answer.id, /^chat-./)
    assert.equal(answer.object, 'chat.completion.chunk')
    assert.ok(Number.isInteger(answer.created) && Math.abs(answer.created - Date.now() / 1000) < 60)
    assert.equal(answer.model, '@cf/meta/llama-3.1-8b-instruct')
    assert.equal(answer.streaming, true)
    for (const method of ['next', 'return', 'throw']) assert.equal(typeof answer.stream[method], 'function')
    assert.deepEqual(await readAll(answer.stream), pieces)
    assert.equal((await answer.usage).completionTokens, 4)
    assert.equal(await answer.finishReason, 'stop')
  })

  it('gives the whole text before, during and after a loop, and the loop again', async () => {
    const edge = new CopilotEdge({ ...given, stream: true })
    const before = await edge.handleRequest(hello)
    assert.equal(await before.getFullResponse(), 'Once upon a time')
    assert.deepEqual(await readAll(before.stream), pieces)

    mock.respondWith({ text: pieces.join(''), tokensPerSecond: 200 })
    const during = await edge.handleRequest(hello)
    const seen = []
    for await (const piece of during.stream) {
      seen.push(piece)
      if (seen.length === 1) assert.equal(await during.getFullResponse(), 'Once upon a time')
    }
    assert.deepEqual(seen, pieces)

    const afterwards = await edge.handleRequest(hello)
    assert.deepEqual(await readAll(afterwards.stream), pieces)
    assert.equal(await afterwards.getFullResponse(), 'Once upon a time')
    assert.deepEqual(await readAll(afterwards.stream), pieces)
    const [one, other] = await Promise.all([readAll(afterwards.stream), readAll(afterwards.stream)])
    assert.deepEqual([one, other], [pieces, pieces])
    assert.equal(mock.requests.length, 3)
  })

  it('has a stream that is a generator: a loop goes on where next() left off', async () => {
    const { stream } = await new CopilotEdge({ ...given, stream: true }).handleRequest(hello)
    assert.deepEqual(await stream.next(), { done: false, value: 'Once' })
    assert.deepEqual(await readAll(stream), pieces.slice(1))
    assert.deepEqual(await stream.next(), { done: true, value: undefined })
    await assert.rejects(stream.throw(new Error('enough')), /enough/)
  })

  it('tells onChunk of each piece in order, and waits for it', async () => {
    const told = []
    let running = 0
    const onChunk = async (chunk) => {
      assert.equal(++running, 1)
      await new Promise((resolve) => setTimeout(resolve, 5))
      running--
      told.push(chunk)
    }
    const edge = new CopilotEdge({ ...given, stream: true, onChunk })
    const answer = await edge.handleRequest(hello)
    assert.deepEqual(await readAll(answer.stream), pieces)
    while (told.length < 4) await new Promise((resolve) => setTimeout(resolve, 5))
    assert.deepEqual(told, pieces)
    await edge.handleRequest({ ...hello, stream: false })
    assert.equal(told.length, 4)
    const own = []
    const other = await edge.handleRequest(hello, { onChunk: (chunk) => own.push(chunk) })
    await other.getFullResponse()
    while (own.length < 4) await new Promise((resolve) => setTimeout(resolve, 5))
    assert.deepEqual([told.length, own], [4, pieces])
  })

  it('asks each model where it is asked', async () => {
    assert.equal(supportedModels.length, 6)
    assert.ok(supportedModels.every(({ streaming }) => streaming))
    for (const { name, endpoint } of supportedModels) {
      mock.reset()
      const edge = new CopilotEdge({ ...given, model: name, stream: true })
      assert.deepEqual(await readAll((await edge.handleRequest(hello)).stream), pieces, name)
      const [{ path, body }] = mock.requests
      const base = '/accounts/account-1/ai'
      assert.equal(path, endpoint === 'chat' ? `${base}/v1/chat/completions` : `${base}/run/${name}`)
      assert.deepEqual([body.stream, body.messages], [true, hello.messages])
      assert.deepEqual(
        [body.max_tokens, body.temperature, body.model],
        [1000, 0.7, endpoint === 'chat' ? name : undefined],
      )
      const whole = await edge.handleRequest({ ...hello, stream: false })
      const [{ message }] = whole.choices
      assert.deepEqual([message.content, whole.usage.completion_tokens, whole.model], ['Once upon a time', 4, name])
    }
    assert.deepEqual(
      supportedModels.filter(({ endpoint }) => endpoint === 'run').map(({ name }) => name),
      ['@cf/openai/gpt-oss-120b', '@cf/openai/gpt-oss-20b'],
    )
  })

  it('sends what a request says, and defaults where it says nothing', async () => {
    const edge = new CopilotEdge(given)
    await edge.handleRequest(hello)
    await edge.handleRequest({ ...hello, temperature: 0, max_tokens: 5, top_p: 0.5, model: 'expensive' })
    await edge.handleRequest(hello, { model: '@cf/mistral/mistral-7b-instruct' })
    assert.deepEqual(
      mock.requests.map(({ body }) => [body.temperature, body.max_tokens, body.top_p, body.model]),
      [
        [0.7, 1000, undefined, '@cf/meta/llama-3.1-8b-instruct'],
        [0, 5, 0.5, '@cf/meta/llama-3.1-8b-instruct'],
        [0.7, 1000, undefined, '@cf/mistral/mistral-7b-instruct'],
      ],
    )
  })

  it('refuses what is no question, and what is too much, before it asks', async () => {
    const edge = new CopilotEdge({
      ...given,
      maxMessages: 2,
      maxMessageSize: 50,
      maxObjectDepth: 4,
      maxRequestSize: 500,
    })
    const message = { role: 'user', content: 'x' }
    for (const [body, code] of [
      [{}, 'INVALID_ARGUMENT'],
      [null, 'INVALID_ARGUMENT'],
      [{ messages: [{ role: 'wizard', content: 'x' }] }, 'INVALID_ARGUMENT'],
      [{ messages: [message, message, message] }, 'TOO_MANY_MESSAGES'],
      [{ messages: [{ role: 'user', content: 'x'.repeat(51) }] }, 'MESSAGE_TOO_LARGE'],
      [{ messages: [message], more: [[[[]]]] }, 'TOO_DEEP'],
      [{ messages: [message], more: 'x'.repeat(500) }, 'REQUEST_TOO_LARGE'],
    ]) {
      await assert.rejects(edge.handleRequest(body), { name: 'ValidationError', code }, code)
    }
    await assert.rejects(edge.handleRequest(hello, { timeout: 5 }), { code: 'UNKNOWN_OPTION' })
    assert.equal(mock.requests.length, 0)
  })

  it('tries again before the first piece, so many times in all', async () => {
    mock.respondWith([{ status: 503, retryAfterMs: 1 }, { status: 503, retryAfterMs: 1 }, { text: 'third' }])
    const edge = new CopilotEdge({ ...given, stream: true })
    assert.equal(await (await edge.handleRequest(hello)).getFullResponse(), 'third')
    mock.reset()
    mock.respondWith({ status: 503, retryAfterMs: 1 })
    await assert.rejects(new CopilotEdge({ ...given, maxRetries: 2 }).handleRequest(hello), { status: 503 })
    assert.equal(mock.requests.length, 2)
  })

  it('waits for a silent server only so long, but for a slow one as long as it speaks', async () => {
    const edge = new CopilotEdge({ ...given, stream: true, apiTimeout: 300, maxRetries: 1 })
    mock.respondWith({ text: 'a b c d e f', tokensPerSecond: 10 })
    assert.equal(await (await edge.handleRequest(hello)).getFullResponse(), 'a b c d e f')
    mock.respondWith({ text: 'a b c', stall: { afterTokens: 1 } })
    const { stream } = await edge.handleRequest(hello)
    await assert.rejects(readAll(stream), { name: 'TimeoutError', partialText: 'a' })
  })

  it('names failures of the API, and keeps their status', async () => {
    mock.respondWith({ status: 404 })
    const edge = new CopilotEdge({ ...given, stream: true })
    await assert.rejects(
      edge.handleRequest(hello),
      (error) => error instanceof APIError && error.name === 'APIError' && error.statusCode === 404,
    )
    await assert.rejects(edge.handleRequest({ ...hello, stream: false }), { name: 'APIError', statusCode: 404 })
  })

  it('closes the connection where a loop is left, or the answer aborted', async () => {
    mock.respondWith({ tokens: 1000, tokensPerSecond: 100 })
    const edge = new CopilotEdge({ ...given, stream: true })
    for await (const _ of (await edge.handleRequest(hello)).stream) break
    assert.equal((await mock.waitForClose(0)).closedByClient, true)
    const controller = new AbortController()
    const answer = await edge.handleRequest(hello, { signal: controller.signal })
    setTimeout(() => controller.abort(), 20)
    await assert.rejects(readAll(answer.stream), { type: 'aborted_error' })
    assert.equal((await mock.waitForClose(1)).closedByClient, true)
    ;(await edge.handleRequest(hello)).abort()
    assert.equal((await mock.waitForClose(2)).closedByClient, true)
  })

  it('forgets what was read of an answer that is not retained', async () => {
    const edge = new CopilotEdge({ ...given, stream: true })
    const answer = await edge.handleRequest(hello, { retain: false })
    assert.deepEqual(await readAll(answer.stream), pieces)
    await assert.rejects(answer.getFullResponse(), { code: 'ALREADY_CONSUMED' })
    await assert.rejects(readAll(answer.stream), { code: 'ALREADY_CONSUMED' })
    const other = await edge.handleRequest(hello, { retain: false })
    assert.equal(await other.getFullResponse(), 'Once upon a time')
  })

  it('says what it does on stderr where it is asked to, but no texts and no keys', async (t) => {
    const lines = []
    t.mock.method(process.stderr, 'write', (line) => lines.push(line))
    const edge = new CopilotEdge({ ...given, stream: true, debug: true, maxRetries: 1 })
    await (await edge.handleRequest({ messages: [{ role: 'user', content: 'a secret' }] })).getFullResponse()
    mock.respondWith({ status: 401, body: { errors: [{ code: 10000, message: `wrong key ${key}` }] } })
    await assert.rejects(edge.handleRequest(hello))
    t.mock.restoreAll()
    assert.equal(lines.length, 5)
    for (const line of lines) assert.match(line, /^\[DEBUG\] @cf\/meta\/llama-3\.1-8b-instruct: .+, \d+ ms\n$/)
    assert.match(
      lines.join(''),
      /asked with 1 message\(s\), streaming.+began.+ended \(stop\), 4 chunk\(s\).+failed with auth_error \(401\)/s,
    )
    assert.doesNotMatch(lines.join(''), new RegExp(`secret|Once|${key}`))
  })
})

describe('its route', () => {
  it('streams what OpenAI’s own client reads to the end', async () => {
    const handle = createCopilotEdgeHandler({ ...given, stream: true })
    const client = new OpenAI({
      apiKey: 'unused',
      baseURL: 'http://app.test/v1',
      maxRetries: 0,
      fetch: (url, init) => handle(new Request(url, init)),
    })
    const stream = await client.chat.completions.create({ model: 'any', stream: true, ...hello })
    const chunks = await readAll(stream)
    assert.equal(chunks[0].choices[0].delta.role, 'assistant')
    assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join(''), 'Once upon a time')
    const reasons = chunks.map(({ choices }) => choices[0]?.finish_reason).filter(Boolean)
    assert.deepEqual(reasons, ['stop'])
    assert.ok(chunks.every(({ id, object }) => id === chunks[0].id && object === 'chat.completion.chunk'))
    const whole = await client.chat.completions.create({ model: 'any', stream: false, ...hello })
    assert.equal(whole.choices[0].message.content, 'Once upon a time')
  })

  it('sends server-sent events with the usual headers, and its own', async () => {
    const response = await post(createCopilotEdgeHandler(given), { ...hello, stream: true })
    const { headers } = response
    assert.equal(response.status, 200)
    assert.equal(headers.get('content-type'), 'text/event-stream')
    assert.match(headers.get('cache-control'), /no-cache/)
    assert.equal(headers.get('x-streaming'), 'true')
    assert.equal(headers.get('x-powered-by'), 'CopilotEdge')
    assert.equal(headers.get('x-copilotedge-model'), '@cf/meta/llama-3.1-8b-instruct')
    assert.match(headers.get('x-copilotedge-latency'), /^\d+ms$/)
    const frames = (await response.text()).trimEnd().split('\n\n')
    assert.equal(frames.at(-1), 'data: [DONE]')
    assert.ok(frames.every((frame) => frame.startsWith('data: ')))
    const whole = await post(createCopilotEdgeHandler(given), hello)
    assert.equal(whole.headers.get('content-type'), 'application/json')
    assert.equal(whole.headers.get('x-streaming'), null)
    assert.equal((await whole.json()).object, 'chat.completion')
  })

  it('tells of failures by status and JSON, before the first byte', async () => {
    const handle = new CopilotEdge({ ...given, stream: true, maxRetries: 1 }).createNextHandler()
    const wrong = await post(handle, { messages: 'Hello' })
    const { error, type, field } = await wrong.json()
    assert.deepEqual([wrong.status, typeof error, type, field], [400, 'string', 'ValidationError', 'messages'])
    assert.equal((await handle(new Request('http://app.test/', { method: 'POST', body: 'no JSON' }))).status, 400)
    assert.equal((await handle(new Request('http://app.test/'))).status, 405)
    assert.equal(mock.requests.length, 0)
    for (const status of [400, 401, 404, 429, 500, 503]) {
      mock.respondWith({ status, ...(status === 429 && { retryAfter: 7 }) })
      for (const stream of [true, false]) {
        const refused = await post(handle, { ...hello, stream })
        const body = await refused.json()
        assert.deepEqual([refused.status, typeof body.error, body.type], [status, 'string', 'APIError'])
        assert.equal(refused.headers.get('retry-after'), status === 429 ? '7' : null)
        assert.ok(!JSON.stringify(body).includes(key))
      }
    }
    mock.respondWith({ reset: { beforeHead: true } })
    const broken = await post(handle, hello)
    assert.deepEqual([broken.status, (await broken.json()).type], [500, 'StreamError'])
  })

  it('tells of a failure after the first byte in the stream, and ends it', async () => {
    mock.respondWith({ text: 'Once upon a time', tokensPerSecond: 100, reset: { afterTokens: 2 } })
    const response = await post(createCopilotEdgeHandler({ ...given, stream: true }), hello)
    assert.equal(response.status, 200)
    const frames = (await response.text()).trimEnd().split('\n\n')
    const failed = frames.map((frame) => frame.slice(6)).filter((data) => data !== '[DONE]' && JSON.parse(data).error)
    assert.equal(failed.length, 1)
    assert.match(JSON.parse(failed[0]).error.message, /./)
  })

  it('can be made without a key, and says so when it is asked', async () => {
    const handle = createCopilotEdgeHandler()
    const refused = await post(handle, hello)
    assert.equal(refused.status, 500)
    assert.match((await refused.json()).error, /CLOUDFLARE_API_TOKEN/)
    Object.assign(process.env, { CLOUDFLARE_API_TOKEN: 'token-1', CLOUDFLARE_ACCOUNT_ID: 'account-2' })
    assert.equal((await post(handle, hello)).status, 200)
  })

  it('tells onChunk of what it streams', async () => {
    const told = []
    const handle = createCopilotEdgeHandler({ ...given, stream: true, onChunk: (chunk) => told.push(chunk) })
    await (await post(handle, hello)).text()
    assert.deepEqual(told, pieces)
  })

  it('lets the answer go with a client that leaves', async () => {
    mock.respondWith({ tokens: 1000, tokensPerSecond: 100 })
    const handle = createCopilotEdgeHandler({ ...given, stream: true })
    const controller = new AbortController()
    const response = await post(handle, hello, { signal: controller.signal })
    const reader = response.body.getReader()
    await reader.read()
    controller.abort()
    assert.equal((await mock.waitForClose(0)).closedByClient, true)
    await (await post(handle, hello)).body.cancel()
    assert.equal((await mock.waitForClose(1)).closedByClient, true)
  })

  it('is the same under Express', async (t) => {
    const edge = new CopilotEdge({ ...given, maxRetries: 1 })
    const app = express()
    app.use(express.json())
    app.post('/route', edge.createNodeHandler())
    app.post('/by-hand', async (req, res) => {
      await (await edge.handleRequest({ ...req.body, stream: true })).pipe(res)
    })
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const ask = (path, body, init) =>
      fetch(`http://127.0.0.1:${server.address().port}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        ...init,
      })
    for (const [path, body] of [
      ['/route', { ...hello, stream: true }],
      ['/by-hand', hello],
    ]) {
      const response = await ask(path, body)
      assert.equal(response.headers.get('content-type'), 'text/event-stream')
      assert.equal(response.headers.get('connection'), 'keep-alive')
      const text = await response.text()
      assert.match(text, /"content":"Once".*"content":" time".*data: \[DONE\]\n\n$/s)
    }
    assert.equal((await (await ask('/route', hello)).json()).choices[0].message.content, 'Once upon a time')
    const wrong = await ask('/route', { messages: 1 })
    assert.deepEqual([wrong.status, (await wrong.json()).type], [400, 'ValidationError'])
    mock.respondWith({ status: 429 })
    const refused = await ask('/route', { ...hello, stream: true })
    assert.deepEqual([refused.status, (await refused.json()).type], [429, 'APIError'])
    mock.reset()
    mock.respondWith({ tokens: 1000, tokensPerSecond: 100 })
    const controller = new AbortController()
    const left = await ask('/route', { ...hello, stream: true }, { signal: controller.signal })
    await left.body.getReader().read()
    controller.abort()
    assert.equal((await mock.waitForClose(0)).closedByClient, true)
  })
})

it('has an example that serves', async (t) => {
  const example = fileURLToPath(new URL('../examples/copilotedge.mjs', import.meta.url))
  const env = { ...process.env, CLOUDFLARE_API_TOKEN: key, CLOUDFLARE_ACCOUNT_ID: 'account-1', PORT: '0' }
  const child = spawn(process.execPath, [example], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill())
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data', { signal: AbortSignal.timeout(10_000) })
  const url = /http:\S+/.exec(line)[0]
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify(hello) })
  assert.match(await answer.text(), /"content":"Once".*data: \[DONE\]\n\n$/s)
})

describe('a hundred megabytes into a slow reader', () => {
  const delta = { index: 0, delta: { content: 'x'.repeat(10_000) }, finish_reason: null }
  const piece = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [delta] })}\n\n`
  const count = 10_486
  const end = `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`

  for (const mode of ['pieces', 'route']) {
    it(`cost less than 32 MB of memory: ${mode}`, async (t) => {
      let paused = 0
      const server = await serve(t, ({ response }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        let sent = 0
        const write = () => {
          while (sent < count) {
            sent++
            if (response.write(piece)) continue
            paused++
            return response.once('drain', write)
          }
          response.end(end)
        }
        write()
      })
      const script = fileURLToPath(new URL('./lifecycle/copilotedge-slow-reader.mjs', import.meta.url))
      const { stdout } = await promisify(execFile)(process.execPath, [script, server.url, mode], { timeout: 120_000 })
      const { size, growth } = JSON.parse(stdout)
      assert.ok(size >= count * 10_000, `${size} bytes`)
      assert.ok(paused > 0, 'the server was made to wait')
      assert.ok(growth < 32, `memory grew by ${growth.toFixed(1)} MB`)
      t.diagnostic(`memory grew by ${growth.toFixed(1)} MB`)
    })
  }
})
