import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AIStream, StreamError } from 'millstream'
import { done, pause, record, say, serve, token, until, usageFrame } from './support/scripted-server.mjs'

const open = (server, config = {}, options) =>
  new AIStream({ endpoint: `${server.url}/api/chat`, model: 'm', retry: { maxRetries: 0 }, ...config }, options)
const names = (events) => events.map(([name]) => name)
const tokens = (events) => events.filter(([name]) => name === 'token').map(([, text]) => text)

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
