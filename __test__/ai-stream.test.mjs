import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { AIStream } from 'millstream'
import { delta, done, doneMark, finish, pause, say, serve, token, usageFrame } from './support/scripted-server.mjs'

const open = (server, config = {}, options) =>
  new AIStream({ endpoint: `${server.url}/api/chat`, model: 'm', retry: { maxRetries: 0 }, ...config }, options)

test('asks nothing before send, and asks with exactly the documented body', async (t) => {
  const server = await serve(t, say('Hi'))
  const stream = open(server, {
    systemPrompt: 'Be brief',
    temperature: 0,
    maxTokens: 50,
    topP: 0.5,
    stop: 'END',
    seed: 7,
    frequencyPenalty: 0.1,
    presencePenalty: -0.1,
    extraBody: { user: 'u1' },
  })
  assert.ok(stream instanceof EventEmitter)
  await pause(20)
  assert.equal(server.exchanges.length, 0)
  await stream.send('Hello')
  const [{ request, body }] = server.exchanges
  assert.equal(request.method, 'POST')
  assert.match(request.headers['content-type'], /^application\/json/)
  assert.deepEqual(body, {
    messages: [{ role: 'user', content: 'Hello' }],
    model: 'm',
    systemPrompt: 'Be brief',
    stream: true,
    temperature: 0,
    maxTokens: 50,
    topP: 0.5,
    stop: ['END'],
    seed: 7,
    frequencyPenalty: 0.1,
    presencePenalty: -0.1,
    user: 'u1',
  })
  const bare = open(server)
  await bare.send('Hello')
  assert.deepEqual(server.exchanges[1].body, {
    messages: [{ role: 'user', content: 'Hello' }],
    model: 'm',
    stream: true,
  })
})

test('speaks chat completions where the endpoint does', async (t) => {
  const server = await serve(t, (exchange) => {
    exchange.sse().write(delta('Hi')).write(finish())
    exchange.response.end(doneMark)
  })
  const configs = [
    { provider: { baseUrl: `${server.url}/v1`, apiKey: 'sk-abcdef123456' }, endpoint: undefined },
    { provider: { baseUrl: `${server.url}/v1/` }, apiKey: 'sk-abcdef123456', endpoint: undefined },
    {
      provider: { baseUrl: `${server.url}/v1`, apiKey: 'sk-abcdef123456', maxTokensField: 'max_completion_tokens' },
      endpoint: undefined,
    },
    { endpoint: `${server.url}/v1/chat/completions`, apiKey: 'sk-abcdef123456' },
    { endpoint: `${server.url}/other`, protocol: 'openai', apiKey: 'sk-abcdef123456' },
    { provider: 'openai', baseUrl: `${server.url}/v1`, apiKey: 'sk-abcdef123456', endpoint: undefined },
  ]
  for (const config of configs) {
    const stream = open(server, { systemPrompt: 'Be brief', maxTokens: 5, stop: ['x'], ...config })
    await stream.send('Hello')
    assert.equal(stream.getMessages().at(-1).content, 'Hi')
    const { request, body } = server.exchanges.at(-1)
    assert.equal(request.url, config.protocol === undefined ? '/v1/chat/completions' : '/other')
    assert.equal(request.headers.authorization, 'Bearer sk-abcdef123456')
    assert.deepEqual(body, {
      messages: [
        { role: 'system', content: 'Be brief' },
        { role: 'user', content: 'Hello' },
      ],
      model: 'm',
      stream: true,
      stream_options: { include_usage: true },
      // OpenAI itself refuses the name that all compatible servers know.
      [config.provider === 'openai' || config.provider?.maxTokensField ? 'max_completion_tokens' : 'max_tokens']: 5,
      stop: ['x'],
    })
  }
})

test('headers override the defaults, whatever their case', async (t) => {
  const server = await serve(t, say('Hi'))
  const stream = open(server, {
    apiKey: 'sk-abcdef123456',
    headers: { AUTHORIZATION: 'Basic abc', 'X-App': '1', 'User-Agent': 'mine' },
  })
  await stream.send('Hello', { headers: { 'x-app': '2' } })
  const { headers, rawHeaders } = server.exchanges[0].request
  assert.equal(headers.authorization, 'Basic abc')
  assert.equal(headers['x-app'], '2')
  assert.equal(headers['user-agent'], 'mine')
  const sent = rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase())
  assert.equal(new Set(sent).size, sent.length)
})

test('relative endpoints resolve against baseUrl, else MILLSTREAM_BASE_URL', async (t) => {
  const server = await serve(t, say('Hi'))
  await open(server, { endpoint: '/api/chat', baseUrl: server.url }).send('a')
  process.env.MILLSTREAM_BASE_URL = `${server.url}/app/`
  try {
    await open(server, { endpoint: '/api/chat' }).send('b')
    await open(server, { endpoint: 'api/chat' }).send('c')
  } finally {
    delete process.env.MILLSTREAM_BASE_URL
  }
  assert.deepEqual(
    server.exchanges.map(({ request }) => request.url),
    ['/api/chat', '/api/chat', '/app/api/chat'],
  )
})

test('the transport option decides what is asked for and how it is read', async (t) => {
  const server = await serve(t, (exchange) => {
    if (exchange.request.headers.accept === 'application/x-ndjson') {
      exchange.response.writeHead(200, { 'content-type': 'text/plain' })
      exchange.response.end('{"token":"line"}\n{"done":true}\n')
    } else {
      say('frame')(exchange)
    }
  })
  const sse = open(server, {}, { transport: 'sse' })
  await sse.send('a')
  assert.equal(server.exchanges[0].request.headers.accept, 'text/event-stream')
  assert.equal(sse.getMessages().at(-1).content, 'frame')
  const lines = open(server, {}, { transport: 'http' })
  await lines.send('a')
  assert.equal(server.exchanges[1].request.headers.accept, 'application/x-ndjson')
  assert.equal(lines.getMessages().at(-1).content, 'line')
})

test('the events of a turn come in the documented order, callbacks before events', async (t) => {
  const usage = { promptTokens: 3, completionTokens: 2, totalTokens: 5 }
  const server = await serve(t, (exchange) => {
    exchange.sse().write(token('A')).write(token('B')).write(usageFrame(usage))
    exchange.response.end(done())
  })
  const heard = []
  const stream = open(server, {
    onToken: (text) => heard.push(['onToken', text]),
    onCost: (cost) => heard.push(['onCost', cost.totalTokens]),
  })
  stream.on('token', (text) => heard.push(['token', text]))
  stream.on('usage', (cost) => heard.push(['usage', cost.totalTokens]))
  stream.on('message', ({ role }) => heard.push(['message', role, stream.getIsStreaming()]))
  stream.on('streaming-start', () => heard.push(['streaming-start', stream.getIsStreaming()]))
  stream.on('streaming-end', () => heard.push(['streaming-end', stream.getIsStreaming()]))
  assert.equal(stream.getIsStreaming(), false)
  await stream.send('Hello')
  assert.deepEqual(heard, [
    ['message', 'user', true],
    ['streaming-start', true],
    ['onToken', 'A'],
    ['token', 'A'],
    ['onToken', 'B'],
    ['token', 'B'],
    ['onCost', 5],
    ['usage', 5],
    ['message', 'assistant', false],
    ['streaming-end', false],
  ])
  assert.equal(stream.getIsStreaming(), false)
})

test('messages and usage are copies, and the history is sent with each turn', async (t) => {
  const server = await serve(t, (exchange) => say(`answer ${exchange.index}`)(exchange))
  const stream = open(server, { messages: [{ role: 'system', content: 'rules' }] })
  await stream.send('one')
  await stream.send('two')
  assert.deepEqual(server.exchanges[1].body.messages, [
    { role: 'system', content: 'rules' },
    { role: 'user', content: 'one' },
    { role: 'assistant', content: 'answer 0' },
    { role: 'user', content: 'two' },
  ])
  const messages = stream.getMessages()
  assert.equal(new Set(messages.map(({ id }) => id)).size, 5)
  for (const { timestamp } of messages) assert.equal(typeof timestamp, 'number')
  messages[1].content = 'changed'
  messages.pop()
  assert.equal(stream.getMessages()[1].content, 'one')
  assert.equal(stream.getMessages().length, 5)
  const usage = stream.getUsage()
  assert.deepEqual(usage, { promptTokens: 0, completionTokens: 0, totalTokens: 0 })
  usage.totalTokens = 9
  assert.equal(stream.getUsage().totalTokens, 0)
})

test('usage is read in every shape, completed, and counted as asked', async (t) => {
  const frames = [
    usageFrame({ promptTokens: 3, completionTokens: 2, totalTokens: 5 }),
    usageFrame({ promptTokens: 3, completionTokens: 4 }),
    `data: ${JSON.stringify({ usage: { promptTokens: 1, completionTokens: 1, totalTokens: 2 } })}\n\n`,
  ]
  const server = await serve(t, (exchange) => {
    exchange
      .sse()
      .write(token('A'))
      .write(frames[exchange.index % frames.length])
    exchange.response.end(done())
  })
  for (const [usageMode, totals] of [
    ['last', [5, 7, 2]],
    ['total', [5, 12, 14]],
  ]) {
    const costs = []
    const stream = open(server, { usageMode, onCost: (usage) => costs.push(usage.totalTokens) })
    for (const total of totals) {
      await stream.send('x')
      assert.equal(stream.getUsage().totalTokens, total)
    }
    assert.deepEqual(costs, totals)
    stream.reset()
    assert.deepEqual(stream.getUsage(), { promptTokens: 0, completionTokens: 0, totalTokens: 0 })
  }
})

test('a usage reported bit by bit is merged, never added up', async (t) => {
  const server = await serve(t, (exchange) => {
    exchange
      .sse()
      .write(usageFrame({ promptTokens: 10 }))
      .write(token('A'))
    exchange.write(usageFrame({ completionTokens: 2 })).write(usageFrame({ completionTokens: 5 }))
    exchange.response.end(done())
  })
  const stream = open(server)
  const seen = []
  stream.on('usage', ({ promptTokens, completionTokens, totalTokens }) =>
    seen.push([promptTokens, completionTokens, totalTokens]),
  )
  await stream.send('x')
  assert.deepEqual(seen, [
    [10, 0, 10],
    [10, 2, 12],
    [10, 5, 15],
  ])
})

test('options of one send add to those of the conversation', async (t) => {
  const server = await serve(t, say('A'))
  const stream = open(server, { temperature: 1, maxTokens: 10 })
  await stream.send('x', { temperature: 0.2, seed: 1 })
  const { temperature, maxTokens, seed } = server.exchanges[0].body
  assert.deepEqual({ temperature, maxTokens, seed }, { temperature: 0.2, maxTokens: 10, seed: 1 })
  await stream.send('x')
  assert.equal(server.exchanges[1].body.temperature, 1)
  const failing = await serve(t, ({ response }) => response.writeHead(500).end())
  await assert.rejects(
    open(failing, { retry: { maxRetries: 0, initialDelay: 1 } }).send('x', { retry: { maxRetries: 2 } }),
  )
  assert.equal(failing.exchanges.length, 3)
  const silent = await serve(t, (exchange) => exchange.sse().closed)
  await assert.rejects(open(silent).send('x', { timeout: 50 }), { phase: 'total' })
})

test('two turns in a row share one connection', async (t) => {
  const server = await serve(t, say('A'))
  const stream = open(server)
  await stream.send('a')
  await stream.send('b')
  assert.equal(server.connections, 1)
})

test('iterating the stream itself gives the running turn, or the next', async (t) => {
  const server = await serve(t, async (exchange) => {
    exchange.sse().write(token('A'))
    await pause(20)
    exchange.write(token('B'))
    exchange.response.end(done())
  })
  const stream = open(server)
  const read = async () => {
    let text = ''
    for await (const chunk of stream) text += chunk.content
    return text
  }
  const next = read()
  const sent = stream.send('x')
  await new Promise((resolve) => stream.once('token', resolve))
  const joined = read()
  assert.deepEqual(await Promise.all([next, joined, sent]), ['AB', 'AB', undefined])
  // Leaving the loop leaves the turn alone.
  const again = stream.send('y')
  for await (const chunk of stream) if (chunk.type === 'text') break
  await again
  assert.equal(stream.getMessages().at(-1).content, 'AB')
  // One that waits can be let go.
  const waiting = stream[Symbol.asyncIterator]()
  const pending = waiting.next()
  await waiting.return()
  assert.deepEqual(await pending, { done: true, value: undefined })
})

test('lone surrogates do not make a message unsendable', async (t) => {
  const server = await serve(t, say('A'))
  await open(server, { systemPrompt: 'x\ud83c' }).send('\udf0a!')
  assert.deepEqual(server.exchanges[0].body.messages, [{ role: 'user', content: '\ufffd!' }])
})

test('tool calls are heard and kept with the message', async (t) => {
  const server = await serve(t, (exchange) => {
    const call = (fn, rest) => ({
      index: 0,
      delta: { tool_calls: [{ index: 0, ...rest, function: fn }] },
      finish_reason: null,
    })
    exchange.sse()
    for (const choice of [
      call({ name: 'weather', arguments: '' }, { id: 'call_1', type: 'function' }),
      call({ arguments: '{"city":' }),
      call({ arguments: '"Ulm"}' }),
    ]) {
      exchange.write(`data: ${JSON.stringify({ id: 'c', model: 'x', choices: [choice] })}\n\n`)
    }
    exchange.write(finish('tool_calls'))
    exchange.response.end(doneMark)
  })
  const stream = open(server, { protocol: 'openai' })
  const calls = []
  stream.on('tool-call', (call) => calls.push(call))
  await stream.send('x')
  const expected = {
    id: 'call_1',
    index: 0,
    tool: 'weather',
    args: { city: 'Ulm' },
    rawArguments: '{"city":"Ulm"}',
    valid: true,
  }
  assert.deepEqual(calls, [expected])
  assert.deepEqual(stream.getMessages().at(-1).toolCalls, [expected])
  // An answer without text is nothing to send back.
  await stream.send('y')
  assert.deepEqual(
    server.exchanges[1].body.messages.map(({ role }) => role),
    ['user', 'user'],
  )
})

test('reasoning is heard apart from the text', async (t) => {
  const server = await serve(t, (exchange) => {
    const think = (text) =>
      exchange.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { reasoning_content: text } }] })}\n\n`)
    exchange.sse()
    think('hm')
    think('m')
    exchange.write(delta('Yes')).write(finish())
    exchange.response.end(doneMark)
  })
  const stream = open(server, { protocol: 'openai' })
  let reasoning = ''
  stream.on('reasoning', (text) => {
    reasoning += text
  })
  await stream.send('x')
  assert.equal(reasoning, 'hmm')
  assert.equal(stream.getMessages().at(-1).content, 'Yes')
})

test('a hundred thousand pieces of a tool call take no more than their share', async (t) => {
  const call = (fields) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta: { tool_calls: [{ index: 0, ...fields }] } }] })}\n\n`
  const server = await serve(t, (exchange) => {
    const pieces = Number(exchange.body.messages.at(-1).content)
    exchange.sse().write(call({ id: 'c', function: { name: 'f', arguments: '"' } }))
    const piece = call({ function: { arguments: 'x' } })
    for (let n = 0; n < pieces / 1000; n++) exchange.write(piece.repeat(1000))
    exchange.write(call({ function: { arguments: '"' } })).write(finish('tool_calls'))
    exchange.response.end(doneMark)
  })
  const timeOf = async (pieces) => {
    const stream = open(server, { protocol: 'openai' })
    const start = performance.now()
    await stream.send(`${pieces}`)
    const [{ args }] = stream.getMessages().at(-1).toolCalls
    assert.ok(args === 'x'.repeat(pieces))
    return performance.now() - start
  }
  await timeOf(1000)
  const few = await timeOf(12_000)
  const many = await timeOf(120_000)
  // Ten times as many; if each were put together or parsed anew with those before it, a hundred times as long.
  assert.ok(many < 40 * Math.max(few, 60), `${few} ms, then ${many} ms`)
})

test('a tool call that was cut is reported as such, or not at all', async (t) => {
  const server = await serve(t, (exchange) => {
    const call = { index: 0, id: 'c', function: { name: 'f', arguments: '{"a":' } }
    exchange.sse().write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { tool_calls: [call] } }] })}\n\n`)
    if (exchange.index === 0) exchange.write(finish('tool_calls')).write(doneMark)
    exchange.response.end()
  })
  const stream = open(server, { protocol: 'openai' })
  const calls = []
  stream.on('tool-call', (call) => calls.push(call))
  await stream.send('x')
  assert.deepEqual(calls, [{ id: 'c', index: 0, tool: 'f', args: undefined, rawArguments: '{"a":', valid: false }])
  await assert.rejects(stream.send('y'), { type: 'truncated_error' })
  assert.ok(calls.every(({ valid }) => !valid))
})
