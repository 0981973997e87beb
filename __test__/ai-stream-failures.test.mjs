import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { AIStream, StreamError } from 'millstream'
import { done, pause, record, say, serve, token, until } from './support/scripted-server.mjs'

const open = (server, config = {}, options) =>
  new AIStream({ endpoint: `${server.url}/api/chat`, model: 'm', retry: { maxRetries: 0 }, ...config }, options)
const names = (events) => events.map(([name]) => name)
const tokens = (events) => events.filter(([name]) => name === 'token').map(([, text]) => text)

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

test('no key stands in an error, even where the server repeats it', async (t) => {
  const key = 'sk-canary-5c1f9a77e0'
  const prompt = 'canary-prompt-77'
  const server = await serve(t, ({ response, request, text }) => {
    response.writeHead(400, { 'content-type': 'application/json', 'x-request-id': 'req-1' })
    response.end(
      JSON.stringify({
        error: { message: `bad ${request.headers.authorization} ${request.headers['x-secret']}`, text },
      }),
    )
  })
  const config = {
    provider: { baseUrl: `${server.url}/v1?sig=${key}` },
    endpoint: undefined,
    apiKey: key,
    headers: { 'x-secret': `${key}-2` },
  }
  await assert.rejects(open(server, config).send(prompt), (error) => {
    assert.equal(error.status, 400)
    assert.equal(error.requestId, 'req-1')
    const everything = `${error.stack}\n${JSON.stringify(error)}\n${inspect(error, { depth: 9, showHidden: true })}`
    assert.ok(!everything.includes(key), everything)
    assert.ok(!everything.includes(prompt), everything)
    return true
  })
  assert.equal(server.exchanges[0].request.headers.authorization, `Bearer ${key}`)
  await server.close()
  await assert.rejects(open(server, config).send(prompt), (error) => !inspect(error, { depth: 9 }).includes(key))
})

test('an event beyond the cap is a typed error', async (t) => {
  const server = await serve(t, async (exchange) => {
    exchange
      .sse()
      .write(token('A'))
      .write(`data: ${'x'.repeat(100_000)}`)
    await exchange.closed
  })
  await assert.rejects(open(server, { maxEventBytes: 10_000 }).send('x'), (error) => {
    assert.equal(error.type, 'protocol_error')
    assert.equal(error.code, 'EVENT_TOO_LARGE')
    assert.equal(error.partialText, 'A')
    return true
  })
  await until(() => server.exchanges[0].left, 'the connection to be closed')
})

test('nothing is asked again once the answer was complete', async (t) => {
  const server = await serve(t, async (exchange) => {
    exchange
      .sse()
      .write(`id: 1\n${token('A')}`)
      .write(done())
    await pause(10)
    exchange.reset()
  })
  const stream = open(server, { retry: { maxRetries: 3, initialDelay: 1 } })
  await stream.send('x')
  await pause(50)
  assert.equal(server.exchanges.length, 1)
  assert.equal(stream.getMessages().at(-1).content, 'A')
})

test('an answer whose events have ids goes on after a break, unless reconnecting is off', async (t) => {
  const server = await serve(t, async (exchange) => {
    const from = Number(exchange.request.headers['last-event-id'] ?? 0)
    exchange.sse()
    for (let id = from + 1; id <= 4; id++) {
      exchange.write(`id: ${id}\n${token(`${id}`)}`)
      await pause(5)
      if (from === 0 && id === 2) return exchange.reset()
    }
    exchange.response.end(done())
  })
  const retry = { maxRetries: 2, initialDelay: 1 }
  const stream = open(server, { retry })
  const events = record(stream)
  await stream.send('x')
  assert.deepEqual(tokens(events), ['1', '2', '3', '4'])
  assert.equal(server.exchanges[1].request.headers['last-event-id'], '2')
  assert.equal(stream.getMessages().at(-1).content, '1234')
  for (const [config, options] of [
    [{ retry }, { reconnect: false }],
    [{ retry, resume: 'none' }, undefined],
  ]) {
    const before = server.exchanges.length
    await assert.rejects(open(server, config, options).send('x'), { partialText: '12' })
    assert.equal(server.exchanges.length, before + 1)
  }
})

test('with resume restart, what was delivered is not delivered again', async (t) => {
  const server = await serve(t, async (exchange) => {
    exchange.sse().write(token('A')).write(token('B'))
    await pause(10)
    if (exchange.index === 0) return exchange.reset()
    exchange.write(token('C'))
    exchange.response.end(done())
  })
  const stream = open(server, { resume: 'restart', retry: { maxRetries: 2, initialDelay: 1 } })
  let text = ''
  stream.on('token', (piece) => {
    text += piece
  })
  await stream.send('x')
  assert.equal(text, 'ABC')
  assert.equal(server.exchanges.length, 2)
})

test('a loop over the stream hears of a failure in place of send', async (t) => {
  const server = await serve(t, (exchange) => exchange.response.writeHead(401).end())
  const stream = open(server)
  const sent = stream.send('x')
  await assert.rejects(
    async () => {
      for await (const _ of stream);
    },
    { status: 401 },
  )
  await sent
})
