// Routes of `node:http` and Express: what they share with web routes is tested there.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import express from 'express'
import { AIStream, StreamClient } from 'millstream'
import { MockProvider } from 'millstream/testing'
import { until } from './support/scripted-server.mjs'

async function provide(t, answer = { text: 'Hello from the mill' }) {
  const mock = await MockProvider.start(answer)
  t.after(() => mock.close())
  const local = { baseUrl: `${mock.url}/v1`, model: 'mock' }
  return { mock, client: new StreamClient({ providers: { local }, retry: { maxRetries: 0 } }) }
}

async function listen(t, listener) {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${server.address().port}`
}

const hi = { messages: [{ role: 'user', content: 'Hi' }] }
const post = (url, body, init) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
  })

test('a route answers with and without a body parser before it', async (t) => {
  const { client } = await provide(t)
  const route = client.nodeHandler()
  const apps = [
    route,
    express().post('/', route),
    express().use(express.json()).post('/', route),
    express()
      .use(express.text({ type: '*/*' }))
      .post('/', route),
    express()
      .use(express.raw({ type: '*/*' }))
      .post('/', route),
    // As where a parser took no interest in the content type.
    express()
      .use((req, _res, next) => {
        req.body = {}
        next()
      })
      .post('/', route),
  ]
  for (const app of apps) {
    const stream = new AIStream({ endpoint: await listen(t, app), model: 'm' })
    await stream.send('Hi')
    assert.equal(stream.getMessages().at(-1).content, 'Hello from the mill')
  }
  const url = await listen(t, route)
  const whole = await (await post(url, { ...hi, stream: false })).json()
  assert.equal(whole.text, 'Hello from the mill')
})

test('mistakes and failures have the statuses of web routes', async (t) => {
  const { mock, client } = await provide(t)
  const url = await listen(t, client.nodeHandler({ headers: { 'X-App': '1' } }))
  const parsed = await listen(t, express().use(express.json()).post('/', client.nodeHandler()))
  const told = async (body, at = url) => {
    const response = await post(at, body)
    const { code } = await response.json()
    return [response.status, code]
  }
  assert.deepEqual(await told('{'), [400, 'INVALID_JSON'])
  assert.deepEqual(await told({}), [400, 'INVALID_ARGUMENT'])
  assert.deepEqual(await told({}, parsed), [400, 'INVALID_ARGUMENT'])
  const deep = JSON.parse(`${'{"a":'.repeat(11)}1${'}'.repeat(11)}`)
  assert.deepEqual(await told(deep), [400, 'TOO_DEEP'])
  assert.deepEqual(await told(deep, parsed), [400, 'TOO_DEEP'])
  const large = { ...hi, padding: 'x'.repeat(1024 * 1024) }
  assert.deepEqual(await told(large), [413, 'REQUEST_TOO_LARGE'])
  const get = await fetch(url)
  assert.deepEqual([get.status, get.headers.get('allow'), get.headers.get('x-app')], [405, 'POST', '1'])
  assert.equal(mock.requests.length, 0)
  for (const [answer, status] of [
    [{ status: 401 }, 502],
    [{ status: 429, retryAfter: 9 }, 429],
    [{ reset: { beforeHead: true } }, 502],
  ]) {
    mock.respondWith(answer)
    for (const at of [url, parsed]) {
      const response = await post(at, hi)
      const { error, type } = await response.json()
      assert.equal(response.status, status)
      if (status === 429) assert.equal(response.headers.get('retry-after'), '9')
      if (type === 'auth_error') assert.equal(error, 'The provider refused the credentials of this server')
    }
  }
})

test('a body that never ends is cut off at the limit', async (t) => {
  const { client } = await provide(t)
  const url = new URL(await listen(t, client.nodeHandler({ maxRequestSize: 100_000 })))
  const socket = connect(Number(url.port), url.hostname)
  t.after(() => socket.destroy())
  let received = ''
  socket.on('data', (data) => {
    received += data
  })
  socket.on('error', () => {})
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n')
  const piece = `${(10_000).toString(16)}\r\n${' '.repeat(10_000)}\r\n`
  const feeding = setInterval(() => socket.writable && socket.write(piece), 1)
  t.after(() => clearInterval(feeding))
  await until(() => socket.closed, 'the connection to be closed')
  assert.match(received, /^HTTP\/1\.1 413 /)
})

test('hooks get the request of the framework', async (t) => {
  const { mock, client } = await provide(t)
  const route = client.nodeHandler({
    authorize: (request) => request.headers.authorization === 'good',
    transform: (question, request) => {
      if (request.query.cached) return Response.json({ cached: true }, { status: 203 })
      return { ...question, extraBody: { user: request.query.user } }
    },
  })
  const url = await listen(t, express().use(express.json()).post('/', route))
  const ask = (query, authorization = 'good') =>
    post(`${url}/?${query}`, hi, { headers: { 'content-type': 'application/json', authorization } })
  assert.equal((await ask('', 'bad')).status, 403)
  const cached = await ask('cached=1')
  assert.deepEqual([cached.status, await cached.json()], [203, { cached: true }])
  assert.equal(mock.requests.length, 0)
  await (await ask('user=u7')).text()
  assert.equal(mock.requests[0].body.user, 'u7')
})

test('what a hook throws is the framework’s to answer', async (t) => {
  const { client } = await provide(t)
  const route = client.nodeHandler({
    authorize() {
      throw new Error('the database is down')
    },
  })
  const failures = []
  const app = express().post('/', route)
  app.use((error, _req, res, _next) => {
    failures.push(error.message)
    res.status(500).end()
  })
  assert.equal((await post(await listen(t, app), hi)).status, 500)
  assert.deepEqual(failures, ['the database is down'])
})

test('a client that leaves closes the connection to the provider, before and after the first byte', async (t) => {
  const { mock, client } = await provide(t, { tokens: 100_000, tokensPerSecond: 200 })
  const url = await listen(t, client.nodeHandler())
  for (const [index, body] of [hi, { ...hi, stream: false }].entries()) {
    const leaving = new AbortController()
    const asked = post(url, body, { signal: leaving.signal }).then((response) => response.text())
    asked.catch(() => {})
    await mock.waitForRequest(index)
    await until(() => mock.requests[index].tokensSent > 3)
    leaving.abort()
    await assert.rejects(asked)
    assert.equal((await mock.waitForClose(index)).outcome, 'client-left')
  }
  mock.respondWith({ delayHead: 20_000 })
  const leaving = new AbortController()
  const asked = post(url, hi, { signal: leaving.signal })
  asked.catch(() => {})
  await mock.waitForRequest(2)
  leaving.abort()
  assert.equal((await mock.waitForClose(2)).outcome, 'client-left')
})
