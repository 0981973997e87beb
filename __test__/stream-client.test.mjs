import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { afterEach, beforeEach, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { AIStream, StreamClient, StreamError, ValidationError } from 'millstream'
import { MockProvider } from 'millstream/testing'
import { say, serve, until } from './support/scripted-server.mjs'

const variables = ['OPENAI_API_KEY', 'OPENAI_BASE_URL', 'CEREBRAS_API_KEY', 'CEREBRAS_BASE_URL', 'MILLSTREAM_BASE_URL']
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

async function provide(t, options) {
  const mock = await MockProvider.start(options)
  t.after(() => mock.close())
  const local = { baseUrl: `${mock.url}/v1`, model: 'mock' }
  return { mock, client: new StreamClient({ providers: { local }, retry: { maxRetries: 0 } }) }
}

const names = ['onStart', 'onChunk', 'onToken', 'onUsage', 'onComplete', 'onError']

/** All callbacks, recording their calls as `[name, value]`. */
function listen() {
  const calls = []
  const callbacks = Object.fromEntries(names.map((name) => [name, (value) => void calls.push([name, value])]))
  return { calls, callbacks, count: (name) => calls.filter(([called]) => called === name).length }
}

async function readAll(iterable) {
  let text = ''
  for await (const chunk of iterable) text += chunk.content
  return text
}

test('a question is answered: streamed, whole, and to callbacks in the documented order', async (t) => {
  const { client } = await provide(t, { text: 'Hello from the mill' })
  assert.equal(await readAll(client.stream('Hi')), 'Hello from the mill')
  const result = await client.stream({ prompt: 'Hi' })
  assert.equal(await result.text, 'Hello from the mill')
  assert.deepEqual([result.provider, result.model], ['local', 'mock'])

  const { calls, callbacks } = listen()
  const answer = await client.generate('Hi', callbacks)
  assert.equal(answer.text, 'Hello from the mill')
  assert.equal(answer.usage.completionTokens, 4)
  const order = calls.map(([name]) => name)
  assert.equal(order[0], 'onStart')
  assert.equal(order.at(-1), 'onComplete')
  assert.deepEqual(calls[0][1], { provider: 'local', model: 'mock', requestId: calls[0][1].requestId })
  assert.deepEqual(
    calls.filter(([name]) => name === 'onToken').map(([, token]) => token),
    ['Hello', ' from', ' the', ' mill'],
  )
  const types = calls.filter(([name]) => name === 'onChunk').map(([, chunk]) => chunk.type)
  assert.deepEqual(
    types.filter((type) => type !== 'metadata'),
    ['text', 'text', 'text', 'text', 'usage', 'finish'],
  )
  for (const [at, [name, value]] of calls.entries()) {
    if (name === 'onToken') assert.equal(calls[at - 1][1].content, value, 'each token after its chunk')
  }
  assert.equal(calls.filter(([name]) => name === 'onUsage').length, 1)
  assert.equal(calls.find(([name]) => name === 'onUsage')[1].totalTokens, answer.usage.totalTokens)
  assert.equal(calls.at(-1)[1].text, answer.text)
  assert.ok(!order.includes('onError'))
})

test('a callback that returns a promise is awaited before anything else is told', async (t) => {
  const { client } = await provide(t, { tokens: 10 })
  let running = 0
  let most = 0
  const heard = []
  const slowly = (name) => async () => {
    most = Math.max(most, ++running)
    await pause(name === 'onToken' ? 1 : 4)
    heard.push(name)
    running--
  }
  await client.generate('Hi', Object.fromEntries(names.map((name) => [name, slowly(name)])))
  assert.equal(most, 1)
  assert.equal(heard.filter((name) => name === 'onToken').length, 10)
  assert.deepEqual([heard[0], heard.at(-1)], ['onStart', 'onComplete'])
})

test('while a callback waits, the provider is read no further', async (t) => {
  const { mock, client } = await provide(t, { tokens: 2_000_000 })
  let go
  const waiting = new Promise((resolve) => {
    go = resolve
  })
  const controller = new AbortController()
  t.after(() => {
    controller.abort()
    go()
  })
  let told = 0
  const generated = client.generate('Hi', {
    signal: controller.signal,
    onChunk: () => {
      told++
      return waiting
    },
  })
  await mock.waitForRequest()
  let sent = -1
  for (let looks = 0; looks < 40 && mock.requests[0].tokensSent !== sent; looks++) {
    sent = mock.requests[0].tokensSent
    await pause(250)
  }
  assert.equal(mock.requests[0].tokensSent, sent, 'nothing more is taken')
  assert.ok(sent > 0)
  assert.ok(sent < 1_000_000, `${sent} tokens were sent`)
  assert.equal(told, 1)
  controller.abort()
  go()
  await assert.rejects(generated, { type: 'aborted_error' })
  assert.equal((await mock.waitForClose()).outcome, 'client-left')
  assert.equal(told, 1, 'an aborted answer is told no further')
})

for (const [kind, thrower] of [
  ['throws', () => assert.fail('no more')],
  ['rejects', async () => assert.fail('no more')],
]) {
  test(`a callback that ${kind} rejects the call and closes the connection`, async (t) => {
    const { mock, client } = await provide(t, { tokens: 10_000, tokensPerSecond: 500 })
    for (const [at, name] of ['onStart', 'onChunk', 'onToken'].entries()) {
      const errors = []
      const { calls, callbacks } = listen()
      const thrown = await client
        .generate('Hi', { ...callbacks, [name]: thrower, onError: (error) => errors.push(error) })
        .then(
          () => undefined,
          (error) => error,
        )
      assert.equal(thrown?.message, 'no more', name)
      assert.equal(errors.length, 1)
      assert.deepEqual([errors[0].type, errors[0].cause], ['aborted_error', thrown])
      assert.ok(!calls.some(([called]) => called === 'onComplete'))
      const request = await mock.waitForClose(at)
      assert.equal(request.outcome, 'client-left')
    }
  })
}

test('a throwing callback ends a handle’s answer, and its reader learns why', async (t) => {
  const { mock, client } = await provide(t, { tokens: 10_000, tokensPerSecond: 500 })
  const bug = new Error('bug')
  const throwing = () => {
    throw bug
  }
  const handle = client.stream('Hi', { onToken: throwing })
  await assert.rejects(readAll(handle), (error) => error.type === 'aborted_error' && error.cause === bug)
  assert.equal((await mock.waitForClose()).outcome, 'client-left')
})

test('what a callback throws, or fails with nobody listening, surfaces as an unhandled rejection', async (t) => {
  const { mock } = await provide(t, { text: 'Hello' })
  const run = (how) =>
    new Promise((resolve) => {
      const script = fileURLToPath(new URL('./support/observe-client.mjs', import.meta.url))
      execFile(process.execPath, [script, `${mock.url}/v1`, how], { timeout: 20_000 }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, stdout, stderr }),
      )
    })
  const runs = ['thrown', 'thrown-at-end', 'failed', 'failed-heard', 'aborted']
  const [thrown, atEnd, failed, heard, aborted] = await Promise.all(runs.map(run))
  assert.deepEqual([thrown.code, atEnd.code, failed.code], [1, 1, 1])
  assert.match(thrown.stderr, /a bug in onToken/)
  assert.match(atEnd.stderr, /a bug in onComplete/)
  assert.match(failed.stderr, /HTTP 401/)
  assert.deepEqual([heard.code, heard.stdout], [0, 'auth_error\n'])
  assert.deepEqual([aborted.code, aborted.stdout], [0, 'aborted_error\n'])
})

test('exactly one of onComplete and onError is called, once', async (t) => {
  const { mock, client } = await provide(t)
  const controller = new AbortController()
  const cases = [
    ['complete', { text: 'a b' }, {}, undefined],
    ['refused', { status: 500 }, {}, 'server_error'],
    ['cut', { tokens: 20, tokensPerSecond: 200, reset: { afterTokens: 5 } }, {}, 'connection_error'],
    ['error inside', { tokens: 20, error: { afterTokens: 5, type: 'overloaded_error' } }, {}, 'overloaded_error'],
    ['too slow', { tokens: 20, stall: { afterTokens: 2 } }, { timeout: { contentIdle: 60 } }, 'timeout_error'],
    ['aborted before', {}, { signal: AbortSignal.abort('enough') }, 'aborted_error'],
    ['aborted', { tokens: 1000, tokensPerSecond: 100 }, { signal: controller.signal }, 'aborted_error'],
  ]
  for (const [what, answer, options, type] of cases) {
    mock.respondWith(answer)
    for (const wanted of [names, ['onComplete', 'onError']]) {
      const { calls, callbacks, count } = listen()
      const given = Object.fromEntries(wanted.map((name) => [name, callbacks[name]]))
      if (what === 'aborted') setTimeout(() => controller.abort('enough'), 60)
      const error = await client.generate('Hi', { ...given, ...options }).then(
        () => undefined,
        (failure) => failure,
      )
      assert.equal(error?.type, type, what)
      assert.deepEqual([count('onComplete'), count('onError')], type === undefined ? [1, 0] : [0, 1], what)
      assert.equal(calls.at(-1)[1].type, type)
      if (type !== undefined) assert.equal(calls.at(-1)[1], error)
      if (type === 'aborted_error') assert.equal(error.cause, 'enough')
      const text = calls.filter(([name]) => name === 'onToken').map(([, token]) => token)
      if (type !== undefined && wanted === names)
        assert.equal(error.partialText, text.join(''), `partial text: ${what}`)
    }
  }
})

test('callbacks that don’t read have the answer fetched; those that read share it with readers', async (t) => {
  const { client } = await provide(t, { tokens: 5000 })
  const whole = await new Promise((resolve, reject) => {
    client.stream('Hi', { onComplete: resolve, onError: reject })
  })
  assert.equal(whole.metrics.chunks, 5000)
  const { callbacks, count } = listen()
  const text = await readAll(client.stream('Hi', callbacks))
  assert.equal(text, whole.text)
  await until(() => count('onComplete') === 1)
  assert.equal(count('onToken'), 5000)
  await assert.rejects(readAll(client.stream('Hi', { onToken() {}, retain: false })), { code: 'ALREADY_CONSUMED' })
})

test('options beside a request win, and callbacks keep their `this`', async (t) => {
  const { mock, client } = await provide(t, { text: 'x' })
  const request = {
    prompt: 'Hi',
    temperature: 1,
    model: 'a',
    heard: undefined,
    onComplete() {
      this.done = true
    },
  }
  delete request.heard
  await client.generate(request, { temperature: 0, model: undefined })
  const { body } = mock.requests[0]
  assert.deepEqual([body.temperature, body.model], [0, 'a'])
})

test('every way to ask arrives as it was meant', async (t) => {
  const { mock, client } = await provide(t, { text: 'x' })
  const ask = async (request) => {
    await client.generate(request)
    return mock.requests.at(-1).body
  }
  const user = { role: 'user', content: 'Hi' }
  for (const request of ['Hi', { prompt: 'Hi' }, { input: { text: 'Hi' } }, { messages: [user] }]) {
    assert.deepEqual((await ask(request)).messages, [user])
  }
  assert.deepEqual((await ask({ prompt: 'Hi', systemPrompt: 'Be brief' })).messages, [
    { role: 'system', content: 'Be brief' },
    user,
  ])
  const parts = [
    { type: 'text', text: 'What is it?' },
    { type: 'image_url', image_url: { url: 'data:image/png;base64,x' } },
  ]
  const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }]
  const body = await ask({
    messages: [
      { role: 'developer', content: 'Be kind' },
      { role: 'user', content: parts, name: 'ann' },
      { role: 'assistant', content: null, toolCalls: [{ id: 'c1', tool: 'f', args: { a: 1 } }] },
      { role: 'tool', toolCallId: 'c1', content: '4' },
      { role: 'assistant', content: 'four', toolCalls: [] },
      { role: 'user', content: 'lone \ud800' },
    ],
    tools,
    maxTokens: 7,
    temperature: 0,
    topP: 0.5,
    stop: 'END',
    seed: 3,
    extraBody: { user: 'u1' },
    headers: { 'x-app': '1' },
  })
  assert.deepEqual(body, {
    model: 'mock',
    stream: true,
    stream_options: { include_usage: true },
    messages: [
      { role: 'system', content: 'Be kind' },
      { role: 'user', content: parts, name: 'ann' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
      },
      { role: 'tool', content: '4', tool_call_id: 'c1' },
      { role: 'assistant', content: 'four' },
      { role: 'user', content: 'lone \ufffd' },
    ],
    tools,
    max_tokens: 7,
    temperature: 0,
    top_p: 0.5,
    stop: ['END'],
    seed: 3,
    user: 'u1',
  })
  assert.equal(mock.requests.at(-1).headers['x-app'], '1')
})

test('a whole answer can be asked for, of models that can’t stream', async (t) => {
  const { mock, client } = await provide(t, { text: 'Hello from the mill' })
  const { calls, callbacks } = listen()
  const answer = await client.generate({ prompt: 'Hi', stream: false, ...callbacks })
  assert.equal(answer.text, 'Hello from the mill')
  assert.equal(answer.usage.completionTokens, 4)
  assert.deepEqual(
    calls.filter(([name]) => name === 'onToken').map(([, token]) => token),
    ['Hello from the mill'],
  )
  const { body } = mock.requests[0]
  assert.deepEqual([body.stream, 'stream_options' in body], [false, false])
})

test('a conversation of AIStream can be asked about', async (t) => {
  const { mock, client } = await provide(t, { text: 'Hello' })
  const chat = new AIStream({ provider: { baseUrl: `${mock.url}/v1` }, model: 'mock' })
  await chat.send('Hi')
  await client.generate({ messages: [...chat.getMessages(), { role: 'user', content: 'And?' }] })
  assert.deepEqual(
    mock.requests[1].body.messages.map(({ role, content }) => [role, content]),
    [
      ['user', 'Hi'],
      ['assistant', 'Hello'],
      ['user', 'And?'],
    ],
  )
})

test('the provider is chosen by name, by URL, by default and by what the environment has', async (t) => {
  const { mock } = await provide(t, { text: 'x' })
  const server = await serve(t, say('from', ' an app'))
  const client = new StreamClient({
    providers: {
      first: { baseUrl: `${mock.url}/v1/`, apiKey: 'sk-first-000000', model: 'm1', headers: { 'x-from': 'config' } },
      openai: { baseUrl: `${mock.url}/v1`, apiKey: 'sk-openai-000000' },
      cerebras: { baseUrl: `${mock.url}/v1`, apiKey: 'sk-cerebras-000000', maxTokensField: 'max_tokens' },
      app: { endpoint: '/api/chat', baseUrl: server.url, apiKey: 'sk-app-000000' },
    },
    defaultModel: 'm0',
    retry: { maxRetries: 0 },
  })
  const asked = async (request) => {
    const { provider, model } = await client.generate({ prompt: 'Hi', maxTokens: 5, ...request })
    const { headers, body } = mock.requests.at(-1)
    return {
      provider,
      model,
      key: headers.authorization,
      limit: body.max_tokens ?? ['completion', body.max_completion_tokens],
    }
  }
  const first = { provider: 'first', model: 'm1', key: 'Bearer sk-first-000000', limit: 5 }
  for (const request of [{}, { provider: 'auto' }, { provider: 'first' }]) assert.deepEqual(await asked(request), first)
  assert.equal(mock.requests.at(-1).headers['x-from'], 'config')
  assert.deepEqual(await asked({ provider: 'openai', model: 'm2' }), {
    provider: 'openai',
    model: 'm2',
    key: 'Bearer sk-openai-000000',
    limit: ['completion', 5],
  })
  assert.deepEqual(await asked({ provider: 'cerebras' }), {
    provider: 'cerebras',
    model: 'm0',
    key: 'Bearer sk-cerebras-000000',
    limit: 5,
  })
  const { provider } = await asked({ provider: { baseUrl: `${mock.url}/v1` } })
  assert.equal(provider, '127.0.0.1')

  const tool = { role: 'tool', toolCallId: 'c1', content: '4' }
  const calls = [{ id: 'c1', tool: 'f', rawArguments: '{"a": 1}' }]
  const answer = await client.generate({
    provider: 'app',
    messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: '', toolCalls: calls }, tool],
    maxTokens: 5,
    systemPrompt: 'Be brief',
  })
  assert.deepEqual([answer.text, answer.provider], ['from an app', 'app'])
  const [{ request, body }] = server.exchanges
  assert.deepEqual([request.url, request.headers.authorization], ['/api/chat', 'Bearer sk-app-000000'])
  assert.deepEqual(body, {
    model: 'm0',
    systemPrompt: 'Be brief',
    stream: true,
    maxTokens: 5,
    messages: [
      { role: 'user', content: 'Hi' },
      {
        role: 'assistant',
        content: '',
        toolCalls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a": 1}' } }],
      },
      tool,
    ],
  })

  process.env.CEREBRAS_API_KEY = 'sk-from-environment'
  process.env.CEREBRAS_BASE_URL = `${mock.url}/v1`
  const bare = new StreamClient()
  assert.equal((await bare.generate({ prompt: 'Hi', model: 'm' })).provider, 'cerebras')
  assert.equal(mock.requests.at(-1).headers.authorization, 'Bearer sk-from-environment')
})

test('the client’s policies apply, and a request’s replace them', async (t) => {
  const { mock } = await provide(t, { status: 500 })
  const local = { baseUrl: `${mock.url}/v1`, model: 'mock' }
  const client = new StreamClient({ providers: { local }, retry: { maxRetries: 2, initialDelay: 1 }, timeout: 60 })
  const tries = async (request) => {
    mock.reset()
    const error = await client.generate({ prompt: 'Hi', ...request }).then(assert.fail, (failure) => failure)
    return [error.type, mock.requests.length]
  }
  assert.deepEqual(await tries({}), ['server_error', 3])
  assert.deepEqual(await tries({ retry: { maxRetries: 1 } }), ['server_error', 2])
  assert.deepEqual(await tries({ retry: { enabled: false } }), ['server_error', 1])
  mock.respondWith({ tokens: 10, stall: { afterTokens: 1 } })
  assert.deepEqual(await tries({}), ['timeout_error', 1])
  assert.deepEqual(await tries({ timeout: { total: 0, contentIdle: 50 } }), ['timeout_error', 1])
})

test('a failure keeps the text, and can come as a chunk', async (t) => {
  const { mock, client } = await provide(t, {
    text: 'one two three four',
    tokensPerSecond: 50,
    reset: { afterTokens: 2 },
  })
  await assert.rejects(client.generate('Hi'), (error) => {
    assert.ok(StreamError.isInstance(error))
    assert.deepEqual([error.type, error.partialText, error.provider], ['connection_error', 'one two', 'local'])
    return true
  })
  const types = []
  for await (const chunk of client.stream('Hi', { errors: 'chunk' })) types.push(chunk.type)
  assert.equal(types.at(-1), 'error')
  mock.respondWith({ status: 401 })
  await assert.rejects(async () => client.stream('Hi'), { type: 'auth_error', status: 401 })
})

test('an abort, a signal and a break close the connection', async (t) => {
  const { mock, client } = await provide(t, { tokens: 10_000, tokensPerSecond: 200 })
  const controller = new AbortController()
  for await (const chunk of client.stream('Hi')) if (chunk.index === 1) break
  const handle = client.stream('Hi')
  for await (const chunk of (await handle).stream) if (chunk.index === 1) break
  const second = client.stream('Hi', { signal: controller.signal })
  await second
  controller.abort('over')
  await assert.rejects(readAll(second), (error) => error.type === 'aborted_error' && error.cause === 'over')
  const third = client.stream('Hi')
  await third
  third.abort()
  for (const index of [0, 1, 2, 3]) assert.equal((await mock.waitForClose(index)).outcome, 'client-left')
  await mock.waitForConnections(0)
})

test('a connection is tested without ever throwing', async (t) => {
  const { mock, client } = await provide(t, { text: 'ready to go' })
  const up = await client.testConnection()
  assert.ok(up.responseTime > 0)
  assert.deepEqual(up, {
    success: true,
    responseTime: up.responseTime,
    chunkCount: 3,
    contentLength: 11,
    model: 'mock',
    provider: 'local',
  })
  const { body } = mock.requests[0]
  assert.equal(body.max_tokens, 16)
  await client.testConnection({ provider: 'local', model: 'other', prompt: 'Say hi', maxTokens: 2 })
  assert.deepEqual([mock.requests[1].body.model, mock.requests[1].body.max_tokens], ['other', 2])

  mock.respondWith({ status: 401 })
  const refused = await client.testConnection('local')
  assert.deepEqual([refused.success, refused.type, mock.requests.length], [false, 'auth_error', 3])
  assert.match(refused.error, /^HTTP 401/)
  assert.deepEqual(JSON.parse(JSON.stringify(refused)), refused)

  mock.respondWith({ tokens: 5, stall: { afterTokens: 2 } })
  const stalled = await client.testConnection({ timeout: 100 })
  assert.deepEqual([stalled.success, stalled.type, stalled.chunkCount], [false, 'timeout_error', 2])
  assert.ok(stalled.responseTime < 5000)
  assert.equal((await mock.waitForClose(3)).outcome, 'client-left')

  for (const [target, type] of [
    [{ provider: { baseUrl: 'http://127.0.0.1:1' }, model: 'm' }, 'connection_error'],
    ['nobody', 'invalid_request_error'],
    ['openai', 'auth_error'],
    [{ colour: 'red' }, 'invalid_request_error'],
    [5, 'invalid_request_error'],
    [null, 'invalid_request_error'],
    [{ signal: AbortSignal.abort() }, 'aborted_error'],
  ]) {
    const { success, error, ...rest } = await client.testConnection(target)
    assert.deepEqual([success, rest.type, rest.chunkCount], [false, type, 0])
    assert.ok(error.length > 10)
  }
})

test('a test of a connection has a limit of its own, whatever the client’s', { timeout: 30_000 }, async (t) => {
  const { mock } = await provide(t, { tokens: 5, stall: { afterTokens: 1 }, keepAlive: 500 })
  const off = { connect: 0, firstContent: 0, idle: 0, contentIdle: 0, total: 0 }
  const client = new StreamClient({ providers: { local: { baseUrl: `${mock.url}/v1`, model: 'm' } }, timeout: off })
  const began = Date.now()
  const { success, type } = await client.testConnection()
  const took = Date.now() - began
  assert.deepEqual([success, type], [false, 'timeout_error'])
  assert.ok(took >= 9_900 && took < 15_000, `${took} ms`)
})

test('wrong requests and configurations are typed errors that say what was expected', () => {
  const client = new StreamClient({ providers: { local: { baseUrl: 'http://127.0.0.1:9/v1', model: 'm' } } })
  const message = (rest) => ({ messages: [{ role: 'user', content: 'Hi' }, rest] })
  const requests = [
    [undefined, 'request', /a string or an object, got undefined/],
    [5, 'request', /got 5/],
    ['', 'prompt', /a non-empty string, got ""/],
    [{}, 'messages', /`messages`, `prompt` or `input.text`, got none/],
    [{ prompt: 'a', messages: [] }, 'prompt', /got `messages` and `prompt`/],
    [{ messages: [] }, 'messages', /at least one message/],
    [{ messages: 'Hi' }, 'messages', /an array of messages, got "Hi"/],
    [{ input: 'Hi' }, 'input', /an object/],
    [{ input: { txt: 'Hi' } }, 'input.txt', /Did you mean `input.text`/],
    [message('x'), 'messages[1]', /an object, got "x"/],
    [message({ role: 'robot', content: '' }), 'messages[1].role', /'assistant', 'tool', got "robot"/],
    [message({ role: 'user' }), 'messages[1].content', /a string or an array of parts, got undefined/],
    [message({ role: 'user', content: null }), 'messages[1].content', /got null/],
    [message({ role: 'user', content: [{ text: 'x' }] }), 'messages[1].content[0]', /with a `type`/],
    [message({ role: 'user', content: [{ type: 'x', n: 1n }] }), 'messages[1].content[0]', /a BigInt/],
    [message({ role: 'user', content: '', tool_calls: [] }), 'messages[1].tool_calls', /Did you mean .*toolCalls/],
    [
      message({ role: 'user', content: '', toolCalls: [{ id: 'a', tool: 'f' }] }),
      'messages[1].toolCalls',
      /only an ass/,
    ],
    [message({ role: 'assistant', toolCalls: [{ tool: 'f' }] }), 'messages[1].toolCalls[0].id', /non-empty/],
    [message({ role: 'tool', content: '4' }), 'messages[1].toolCallId', /non-empty string, got undefined/],
    [message({ role: 'user', content: '', toolCallId: 'x' }), 'messages[1].toolCallId', /left out/],
    [{ prompt: 'a', tools: {} }, 'tools', /an array of tools/],
    [{ prompt: 'a', tools: [{}] }, 'tools[0]', /with a `name`/],
    [{ prompt: 'a', model: '' }, 'model', /non-empty/],
    [{ prompt: 'a', temprature: 1 }, 'temprature', /Did you mean `temperature`/],
    [{ prompt: 'a', temperature: -1 }, 'temperature', /non-negative/],
    [{ prompt: 'a', onChunk: 'x' }, 'onChunk', /a function, got "x"/],
    [{ prompt: 'a', signal: {} }, 'signal', /an AbortSignal/],
    [{ prompt: 'a', retain: 1 }, 'retain', /a boolean/],
    [{ prompt: 'a', errors: 'x' }, 'errors', /'throw', 'chunk'/],
    [{ prompt: 'a', stream: 'no' }, 'stream', /a boolean/],
    [{ prompt: 'a', retry: { maxRetries: -1 } }, 'retry.maxRetries', /got -1/],
    [{ prompt: 'a', timeout: 'x' }, 'timeout', /milliseconds/],
    [{ prompt: 'a', resume: 'x' }, 'resume', /one of/],
    [
      { prompt: 'a', provider: 'nobody' },
      'provider',
      /Unknown provider "nobody". Known: 'local', 'openai', 'anthropic', /,
    ],
    [{ prompt: 'a', provider: {} }, 'provider.baseUrl', /a `baseUrl` or an `endpoint`, got neither/],
    [{ prompt: 'a', provider: { baseUrl: 'nonsense' } }, 'provider.baseUrl', /http:, https:/],
    [{ prompt: 'a', provider: 7 }, 'provider', /an object, got 7/],
    [{ prompt: 'a', provider: 'cerebras' }, 'apiKey', /set CEREBRAS_API_KEY/],
  ]
  const is = (field, pattern) => (error) => {
    assert.ok(error instanceof ValidationError, `${error.stack}`)
    assert.equal(error.field, field)
    assert.match(error.message, pattern)
    return true
  }
  for (const [request, field, pattern] of requests) assert.throws(() => client.stream(request), is(field, pattern))
  assert.throws(() => client.stream('Hi', { prompt: 'Ho' }), is('prompt', /Unknown option/))
  assert.throws(
    () => new StreamClient().stream({ provider: { baseUrl: 'http://127.0.0.1:9' }, prompt: 'a' }),
    is('model', /`defaultModel`, got none/),
  )
  const configs = [
    [5, 'config', /an object/],
    [{ colour: 1 }, 'colour', /Unknown option/],
    [{ providers: [] }, 'providers', /an object of providers/],
    [{ providers: { x: {} } }, 'providers.x.baseUrl', /got neither/],
    [{ providers: { x: 5 } }, 'providers.x', /an object/],
    [{ providers: { auto: { baseUrl: 'http://127.0.0.1' } } }, 'providers', /'auto'/],
    [{ providers: { openai: { apiKey: 'a b' } } }, 'providers.openai.apiKey', /printable ASCII/],
    [{ providers: { openai: { baseUrl: '::' } } }, 'provider.baseUrl', /http:, https:/],
    [{ providers: { openai: { headers: { a: '\n' } } } }, 'providers.openai.headers.a', /without line breaks/],
    [
      { providers: { openai: { baseURL: 'x' } } },
      'providers.openai.baseURL',
      /Did you mean `providers.openai.baseUrl`/,
    ],
    [{ defaultProvider: 'x' }, 'defaultProvider', /Unknown provider "x"/],
    [{ defaultModel: '' }, 'defaultModel', /non-empty/],
    [{ retry: 1 }, 'retry', /an object/],
    [{ flushInterval: -1 }, 'flushInterval', /milliseconds/],
    [{ bufferSize: 0 }, 'bufferSize', /positive/],
    [{ maxEventBytes: 0 }, 'maxEventBytes', /positive/],
  ]
  for (const [config, field, pattern] of configs) assert.throws(() => new StreamClient(config), is(field, pattern))
  for (const key of ['retain', 'errors']) {
    assert.rejects(client.generate({ prompt: 'a', [key]: false }), is(key, /left out/))
  }
})
