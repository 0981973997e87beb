import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { AIStream, StreamError } from 'millstream'
import {
  delta,
  done,
  doneMark,
  finish,
  pause,
  record,
  say,
  serve,
  token,
  until,
  usageFrame,
} from './support/scripted-server.mjs'

const open = (server, config = {}, options) =>
  new AIStream({ endpoint: `${server.url}/api/chat`, model: 'm', retry: { maxRetries: 0 }, ...config }, options)

const names = (events) => events.map(([name]) => name)
const tokens = (events) => events.filter(([name]) => name === 'token').map(([, text]) => text)

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
      max_tokens: 5,
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

test('usage, errors and metadata of an app route are heard', async (t) => {
  const server = await serve(t, (exchange) => {
    exchange.sse().write('event: metadata\ndata: {"model":"x","n":1}\n\n').write(token('A'))
    exchange.write('event: error\ndata: {"error":"broke","code":"E_APP"}\n\n')
    exchange.response.end('event: done\ndata: {"aborted":true}\n\n')
  })
  const stream = open(server)
  const events = record(stream)
  await stream.send('x')
  const [, metadata] = events.find(([name]) => name === 'metadata')
  assert.equal(metadata.n, 1)
  const errors = events.filter(([name]) => name === 'error')
  assert.equal(errors.length, 1)
  assert.match(errors[0][1].message, /broke/)
  assert.equal(errors[0][1].partialText, 'A')
  assert.deepEqual(names(events).slice(-2), ['error', 'streaming-end'])
  // No half answer passes for a whole one.
  assert.deepEqual(
    stream.getMessages().map(({ role }) => role),
    ['user'],
  )
})

test('statuses are in the message, and 4xx is asked once', async (t) => {
  for (const [status, type] of [
    [400, 'invalid_request_error'],
    [401, 'auth_error'],
    [403, 'auth_error'],
  ]) {
    const server = await serve(t, ({ response }) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end('{"error":{"message":"no way"}}')
    })
    const stream = open(server, { retry: { initialDelay: 1 } })
    const errors = []
    stream.on('error', (error) => errors.push(error))
    await stream.send('x')
    assert.equal(errors.length, 1)
    assert.ok(errors[0].message.includes(String(status)), errors[0].message)
    assert.match(errors[0].message, /^HTTP \d+: .*no way/)
    assert.equal(errors[0].type, type)
    assert.equal(errors[0].statusCode, status)
    assert.equal(errors[0].name, 'APIError')
    assert.equal(server.exchanges.length, 1)
  }
})

test('network failures say "fetch failed"', async (t) => {
  const server = await serve(t, say('x'))
  await server.close()
  const errors = []
  const stream = open(server, { onError: (error) => errors.push(error) })
  await stream.send('x')
  assert.equal(errors.length, 1)
  assert.ok(errors[0].message.includes('fetch failed'), errors[0].message)
  assert.equal(errors[0].type, 'connection_error')
  assert.equal(errors[0].code, 'ECONNREFUSED')
  assert.ok(errors[0].recoverable)
})

test('send rejects only where nobody listens for errors', async (t) => {
  const server = await serve(t, ({ response }) => response.writeHead(401).end())
  await assert.rejects(open(server).send('x'), (error) => StreamError.isInstance(error) && error.status === 401)
  let heard = 0
  await open(server, { onError: () => heard++ }).send('x')
  const listening = open(server)
  listening.on('error', () => heard++)
  await listening.send('x')
  const both = open(server, { onError: () => heard++ })
  both.on('error', () => heard++)
  await both.send('x')
  assert.equal(heard, 4)
})

test('retries start once, count up, wait as said, and begin anew with each send', async (t) => {
  const server = await serve(t, (exchange) => {
    if (exchange.index % 3 < 2) exchange.response.writeHead(500).end()
    else say('A', 'B')(exchange)
  })
  const stream = open(server, { retry: { maxRetries: 2, initialDelay: 20 } })
  const events = record(stream)
  for (let turn = 1; turn <= 2; turn++) {
    events.length = 0
    await stream.send('x')
    assert.deepEqual(names(events), [
      'message',
      'streaming-start',
      'retry',
      'retry',
      'token',
      'token',
      'message',
      'streaming-end',
    ])
    const retries = events.filter(([name]) => name === 'retry').map(([, retry]) => retry)
    assert.deepEqual(
      retries.map(({ attempt, delay }) => [attempt, delay]),
      [
        [1, 20],
        [2, 40],
      ],
    )
    assert.equal(retries[0].error.status, 500)
    assert.equal(server.exchanges.length, 3 * turn)
  }
  const waits = server.exchanges.slice(1, 3).map(({ at }, index) => at - server.exchanges[index].at)
  assert.ok(waits[0] >= 19 && waits[1] >= 39, String(waits))
})

test('retry options and their aliases have their effect', async (t) => {
  const cases = [
    [{ maxRetries: 3 }, 500, 4],
    [{ maxAttempts: 2 }, 500, 2],
    [{ enabled: false }, 500, 1],
    [{ maxRetries: 1 }, 500, 2],
    [{ retryableStatusCodes: [418] }, 500, 1],
    [{ retryableStatusCodes: [418], maxRetries: 2 }, 418, 3],
    [{ shouldRetry: (_error, attempt) => attempt < 2 }, 500, 2],
    [{ shouldRetry: async (error) => error.status !== 500 }, 500, 1],
  ]
  for (const [retry, status, requests] of cases) {
    const server = await serve(t, ({ response }) => response.writeHead(status).end())
    await assert.rejects(open(server, { retry: { initialDelay: 1, ...retry } }).send('x'))
    assert.equal(server.exchanges.length, requests, JSON.stringify(retry))
  }
  const delays = async (retry) => {
    const server = await serve(t, ({ response }) => response.writeHead(503).end())
    const stream = open(server, { retry })
    const events = record(stream)
    await stream.send('x')
    return events.filter(([name]) => name === 'retry').map(([, { delay }]) => delay)
  }
  assert.deepEqual(await delays({ initialDelay: 10, backoff: 'linear' }), [10, 20, 30])
  assert.deepEqual(await delays({ initialDelay: 10, maxDelay: 25 }), [10, 20, 25])
  assert.deepEqual(await delays({ initialDelay: 5, backoffMultiplier: 3 }), [5, 15, 45])
  const jittered = await delays({ initialDelay: 40, backoff: 'linear', maxRetries: 1, jitter: true })
  assert.ok(jittered[0] >= 20 && jittered[0] <= 60, String(jittered))
})

test('shouldRetry that throws ends the retries, and its error is the cause', async (t) => {
  const server = await serve(t, ({ response }) => response.writeHead(500).end())
  const thrown = new Error('my mistake')
  for (const shouldRetry of [
    () => {
      throw thrown
    },
    async () => {
      throw thrown
    },
  ]) {
    await assert.rejects(open(server, { retry: { shouldRetry, initialDelay: 1 } }).send('x'), (error) => {
      assert.equal(error.status, 500)
      assert.equal(error.cause, thrown)
      return true
    })
  }
  assert.equal(server.exchanges.length, 2)
})

test('retryableErrors narrows which network failures are tried again', async (t) => {
  for (const [retryableErrors, requests] of [
    [['ETIMEDOUT'], 1],
    [['ECONNRESET', 'connection_error'], 2],
  ]) {
    const server = await serve(t, (exchange) => exchange.reset())
    await assert.rejects(open(server, { retry: { retryableErrors, maxRetries: 1, initialDelay: 1 } }).send('x'))
    assert.equal(server.exchanges.length, requests)
  }
})

test('the transport options stand in for retry options that are not given', async (t) => {
  const server = await serve(t, ({ response }) => response.writeHead(500).end())
  const options = { maxReconnectAttempts: 1, reconnectDelay: 15 }
  const stream = open(server, { retry: undefined }, options)
  const events = record(stream)
  await stream.send('x')
  assert.equal(server.exchanges.length, 2)
  assert.equal(events.find(([name]) => name === 'retry')[1].delay, 15)
  await assert.rejects(open(server, { retry: { maxAttempts: 3, initialDelay: 1 } }, options).send('x'))
  assert.equal(server.exchanges.length, 5)
})

test('Retry-After is waited for', async (t) => {
  const server = await serve(t, (exchange) => {
    if (exchange.index === 0) exchange.response.writeHead(429, { 'retry-after-ms': '80' }).end()
    else say('A')(exchange)
  })
  const stream = open(server, { retry: { initialDelay: 1 } })
  const events = record(stream)
  await stream.send('x')
  assert.equal(events.find(([name]) => name === 'retry')[1].delay, 80)
  assert.ok(server.exchanges[1].at - server.exchanges[0].at >= 79)
})

test('a connection that breaks before the answer is tried again, without a token twice', async (t) => {
  const server = await serve(t, (exchange) => {
    if (exchange.index === 0) exchange.reset()
    else say('A', 'B', 'C')(exchange)
  })
  const stream = open(server, { retry: { maxRetries: 2, initialDelay: 1 } })
  const events = record(stream)
  await stream.send('x')
  assert.deepEqual(tokens(events), ['A', 'B', 'C'])
  assert.equal(server.exchanges.length, 2)
})

test('an answer that breaks off after tokens is never started again by itself', async (t) => {
  const server = await serve(t, async (exchange) => {
    exchange.sse().write(token('A')).write(token('B'))
    await pause(30)
    exchange.reset()
  })
  const stream = open(server, { retry: { maxRetries: 3, initialDelay: 1 } })
  const events = record(stream)
  await stream.send('x')
  assert.deepEqual(tokens(events), ['A', 'B'])
  assert.equal(names(events).filter((name) => name.startsWith('streaming')).length, 2)
  const [, error] = events.find(([name]) => name === 'error')
  assert.equal(error.partialText, 'AB')
  assert.equal(server.exchanges.length, 1)
})

test('an answer without its end is not reported as complete', async (t) => {
  const server = await serve(t, (exchange) => {
    exchange.sse().write(token('A'))
    exchange.response.end()
  })
  const stream = open(server)
  const events = record(stream)
  await stream.send('x')
  const [, error] = events.find(([name]) => name === 'error')
  assert.equal(error.type, 'truncated_error')
  assert.equal(error.partialText, 'A')
  assert.equal(stream.getMessages().length, 1)
})

test('silence is a typed timeout, by phase, and the connection is closed', async (t) => {
  for (const [timeout, phase, first] of [
    [{ idle: 60 }, 'idle', token('A')],
    [{ firstContent: 60 }, 'firstContent', ': ping\n\n'],
    [60, 'total', token('A')],
  ]) {
    const server = await serve(t, async (exchange) => {
      exchange.sse().write(first)
      await exchange.closed
    })
    const stream = open(server, { timeout })
    const start = Date.now()
    await assert.rejects(stream.send('x'), (error) => {
      assert.equal(error.type, 'timeout_error')
      assert.equal(error.name, 'TimeoutError')
      assert.equal(error.phase, phase)
      return true
    })
    assert.ok(Date.now() - start < 1000)
    await until(() => server.exchanges[0].left, 'the server to see the connection close')
  }
})

test('keep-alives do not stand in for content', async (t) => {
  const server = await serve(t, async (exchange) => {
    exchange.sse().write(token('A'))
    while (!exchange.left) {
      exchange.write(': ping\n\n')
      await pause(10)
    }
  })
  await assert.rejects(open(server, { timeout: { idle: 5000, contentIdle: 100 } }).send('x'), { phase: 'contentIdle' })
})

test('a page or nothing under status 200 is a typed protocol error', async (t) => {
  for (const body of ['<!doctype html><p>Hello', '']) {
    const server = await serve(t, ({ response }) => {
      response.writeHead(200, { 'content-type': body === '' ? 'text/event-stream' : 'text/html' })
      response.end(body)
    })
    await assert.rejects(open(server).send('x'), (error) => {
      assert.equal(error.type, 'protocol_error')
      return true
    })
  }
})

test('stop closes the connection at once, keeps the text, and is no error', async (t) => {
  const server = await serve(t, async (exchange) => {
    exchange.sse().write(token('A')).write(token('B'))
    await exchange.closed
  })
  const stream = open(server)
  const events = record(stream)
  const sent = stream.send('x')
  await until(() => tokens(events).length === 2)
  const at = Date.now()
  stream.stop()
  assert.equal(stream.getIsStreaming(), false)
  await sent
  await server.exchanges[0].closed
  assert.ok(server.exchanges[0].closedAt - at < 50, String(server.exchanges[0].closedAt - at))
  assert.deepEqual(names(events), ['message', 'streaming-start', 'token', 'token', 'message', 'streaming-end'])
  const { role, content, partial } = stream.getMessages().at(-1)
  assert.deepEqual({ role, content, partial }, { role: 'assistant', content: 'AB', partial: true })
  stream.stop()
})

test('stop inside a handler takes effect at once', async (t) => {
  const server = await serve(t, async (exchange) => {
    exchange.sse().write(token('A') + token('B') + usageFrame({ totalTokens: 900 }) + token('C') + done())
    await exchange.closed
  })
  for (const [event, expected] of [
    ['token', ['A']],
    ['usage', ['A', 'B']],
  ]) {
    const stream = open(server)
    const events = record(stream)
    stream.on(event, () => {
      stream.stop()
      assert.equal(stream.getIsStreaming(), false)
    })
    await stream.send('x')
    assert.deepEqual(tokens(events), expected)
    assert.deepEqual(names(events).slice(-2), ['message', 'streaming-end'])
    assert.equal(stream.getMessages().at(-1).partial, true)
  }
  for (const event of ['message', 'streaming-start']) {
    const stream = open(server)
    const before = server.exchanges.length
    stream.on(event, () => stream.stop())
    await stream.send('x')
    assert.equal(server.exchanges.length, before)
  }
})

test('stop ends a waiting back-off', async (t) => {
  const server = await serve(t, ({ response }) => response.writeHead(500).end())
  const stream = open(server, { retry: { maxRetries: 5, initialDelay: 200 } })
  const events = record(stream)
  stream.on('retry', () => setTimeout(() => stream.stop(), 20))
  const start = Date.now()
  await stream.send('x')
  assert.ok(Date.now() - start < 190)
  await pause(250)
  assert.equal(server.exchanges.length, 1)
  assert.ok(!names(events).includes('error'))
  assert.deepEqual(
    stream.getMessages().map(({ role }) => role),
    ['user'],
  )
})

test('what was counted before a stop is kept, flagged', async (t) => {
  const server = await serve(t, async (exchange) => {
    exchange
      .sse()
      .write(usageFrame({ promptTokens: 10 }))
      .write(token('A'))
    await exchange.closed
  })
  const stream = open(server)
  stream.on('token', () => stream.stop())
  await stream.send('x')
  const { promptTokens, totalTokens, partial } = stream.getUsage()
  assert.deepEqual({ promptTokens, totalTokens, partial }, { promptTokens: 10, totalTokens: 10, partial: true })
})

test('reset stops, forgets and says so', async (t) => {
  const server = await serve(t, async (exchange) => {
    if (exchange.index === 1) return say('fresh')(exchange)
    exchange
      .sse()
      .write(usageFrame({ totalTokens: 5 }))
      .write(token('A'))
    await exchange.closed
  })
  const stream = open(server)
  const events = record(stream)
  const sent = stream.send('x')
  await until(() => tokens(events).length === 1)
  stream.reset()
  assert.deepEqual(stream.getMessages(), [])
  assert.deepEqual(stream.getUsage(), { promptTokens: 0, completionTokens: 0, totalTokens: 0 })
  assert.deepEqual(names(events).slice(-2), ['streaming-end', 'reset'])
  await sent
  await until(() => server.exchanges[0].left, 'the connection to be closed')
  await stream.send('y')
  assert.deepEqual(server.exchanges[1].body.messages, [{ role: 'user', content: 'y' }])
  stream.once('token', () => stream.reset())
  const again = stream.send('z')
  await again
  assert.deepEqual(stream.getMessages(), [])
})

test('retry takes the last answer out and asks again', async (t) => {
  const server = await serve(t, (exchange) => say(`answer ${exchange.index}`)(exchange))
  const stream = open(server)
  await stream.retry()
  assert.equal(server.exchanges.length, 0)
  await stream.send('one')
  await stream.send('two')
  const events = record(stream)
  await stream.retry()
  assert.deepEqual(
    server.exchanges[2].body.messages.map(({ content }) => content),
    ['one', 'answer 0', 'two'],
  )
  assert.deepEqual(names(events), ['streaming-start', 'token', 'message', 'streaming-end'])
  assert.deepEqual(
    stream.getMessages().map(({ content }) => content),
    ['one', 'answer 0', 'two', 'answer 2'],
  )
})

test('retry after a failure, even from its handler, sends the same message', async (t) => {
  const server = await serve(t, (exchange) => {
    if (exchange.index === 0) exchange.response.writeHead(401).end()
    else say('fine')(exchange)
  })
  const stream = open(server, { whenBusy: 'reject' })
  let again
  stream.once('error', () => {
    again = stream.retry()
  })
  await stream.send('x')
  await again
  assert.deepEqual(server.exchanges[1].body.messages, [{ role: 'user', content: 'x' }])
  assert.deepEqual(
    stream.getMessages().map(({ content }) => content),
    ['x', 'fine'],
  )
})

test('a second send waits for the first; answers never mix', async (t) => {
  const server = await serve(t, async (exchange) => {
    exchange.sse()
    for (let n = 0; n < 3; n++) {
      exchange.write(token(`${exchange.index}${n} `))
      await pause(5)
    }
    exchange.response.end(done())
  })
  const stream = open(server)
  const events = record(stream)
  await Promise.all([stream.send('a'), stream.send('b'), stream.send('c')])
  assert.equal(tokens(events).join(''), '00 01 02 10 11 12 20 21 22 ')
  assert.deepEqual(
    stream.getMessages().map(({ content }) => content),
    ['a', '00 01 02 ', 'b', '10 11 12 ', 'c', '20 21 22 '],
  )
  assert.equal(server.exchanges[2].body.messages.length, 5)
})

test('with whenBusy reject, a second send is refused', async (t) => {
  const server = await serve(t, say('A'))
  const stream = open(server, { whenBusy: 'reject', onError: () => assert.fail() })
  const first = stream.send('a')
  await assert.rejects(stream.send('b'), (error) => StreamError.isInstance(error) && error.code === 'BUSY')
  assert.throws(() => stream.stream('c'), { code: 'BUSY' })
  await first
  await stream.send('d')
  assert.equal(server.exchanges.length, 2)
})

test('stop takes waiting sends back', async (t) => {
  const server = await serve(t, async (exchange) => {
    exchange.sse().write(token('A'))
    await exchange.closed
  })
  const stream = open(server)
  const all = [stream.send('a'), stream.send('b'), stream.send('c')]
  await new Promise((resolve) => stream.once('token', resolve))
  stream.stop()
  await Promise.all(all)
  assert.equal(server.exchanges.length, 1)
  assert.deepEqual(
    stream.getMessages().map(({ content }) => content),
    ['a', 'A'],
  )
})

test('a signal stops its own turn only', async (t) => {
  const server = await serve(t, async (exchange) => {
    if (exchange.index === 1) return say('B')(exchange)
    exchange.sse().write(token('A'))
    await exchange.closed
  })
  const stream = open(server)
  const events = record(stream)
  const first = new AbortController()
  const waiting = new AbortController()
  const sends = [
    stream.send('a', { signal: first.signal }),
    stream.send('never', { signal: waiting.signal }),
    stream.send('b'),
  ]
  await until(() => tokens(events).length === 1)
  waiting.abort()
  first.abort()
  await Promise.all(sends)
  await stream.send('late', { signal: AbortSignal.abort() })
  assert.equal(server.exchanges.length, 2)
  assert.deepEqual(
    stream.getMessages().map(({ content, partial }) => [content, partial]),
    [
      ['a', undefined],
      ['A', true],
      ['b', undefined],
      ['B', undefined],
    ],
  )
  assert.ok(!names(events).includes('error'))
})

test('an exception in a handler stops the turn and is what send rejects with', async (t) => {
  const server = await serve(t, async (exchange) => {
    exchange.sse().write(token('A')).write(token('B'))
    await exchange.closed
  })
  const mistake = new Error('my mistake')
  for (const hook of ['onToken', 'event']) {
    const fail = () => {
      throw mistake
    }
    const stream = open(server, { onError: () => assert.fail(), ...(hook === 'onToken' && { onToken: fail }) })
    if (hook === 'event') stream.on('token', fail)
    await assert.rejects(stream.send('x'), (error) => error === mistake)
    await until(() => server.exchanges.at(-1).left, 'the connection to be closed')
    assert.equal(stream.getIsStreaming(), false)
  }
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
