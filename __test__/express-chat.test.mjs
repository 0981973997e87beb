// The example app with a real Express server, a real client and a provider that misbehaves on demand.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { AIStream, StreamError } from 'millstream'
import { MockProvider } from 'millstream/testing'
import { createApp } from '../examples/express-chat/server.mjs'

let provider
let server
let baseUrl

beforeEach(async () => {
  provider = await MockProvider.start()
  const upstream = { provider: { baseUrl: `${provider.url}/v1` }, model: 'm', retry: { maxRetries: 0 } }
  server = createApp(upstream).listen(0, '127.0.0.1')
  await once(server, 'listening')
  baseUrl = `http://127.0.0.1:${server.address().port}`
})

afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await provider.close()
})

const ask = (body, signal) =>
  fetch(`${baseUrl}/api/chat`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  })
const question = { messages: [{ role: 'user', content: 'Why?' }] }

describe('the chat route', () => {
  it('hands the answer on, token by token, with the conversation so far', async () => {
    provider.respondWith({ text: 'It follows the valley.', tokensPerSecond: 100 })
    const client = new AIStream({ endpoint: '/api/chat', baseUrl, model: 'any' })
    const tokens = []
    client.on('token', (token) => tokens.push(token))
    await client.send('Why do millstreams bend?')
    await client.send('And in winter?')
    assert.equal(tokens.join(''), 'It follows the valley.'.repeat(2))
    assert.ok(tokens.length >= 8, `${tokens.length} tokens`)
    assert.ok(client.getUsage().totalTokens > 0)
    assert.deepEqual(
      provider.requests[1].body.messages.map(({ role, content }) => `${role}: ${content}`),
      ['user: Why do millstreams bend?', 'assistant: It follows the valley.', 'user: And in winter?'],
    )
  })

  it('gives a failure before the first byte as a real status', async () => {
    for (const status of [401, 404, 429, 503]) {
      provider.respondWith({ status })
      const response = await ask(question)
      assert.equal(response.status, status)
      assert.match(response.headers.get('content-type'), /application\/json/)
      assert.match((await response.json()).error, new RegExp(`^HTTP ${status}`))
    }
  })

  it('ends in an error and no success where the model breaks off', async () => {
    provider.respondWith({ text: 'one two three four five', reset: { afterTokens: 3 } })
    const client = new AIStream({ endpoint: '/api/chat', baseUrl, model: 'any', retry: { maxRetries: 0 } })
    let ended = 0
    client.on('streaming-end', () => ended++)
    const error = await client.send('Count').then(
      () => assert.fail('a broken answer was taken for a whole one'),
      (reason) => reason,
    )
    assert.ok(StreamError.isInstance(error))
    assert.equal(error.type, 'connection_error')
    assert.match(error.partialText, /^one two/)
  })

  it('lets go of the model when the client leaves, before and after the first byte', async () => {
    for (const answer of [
      { text: 'never said', delayHead: 20_000 },
      { tokens: 10_000, tokensPerSecond: 20 },
    ]) {
      provider.reset()
      provider.respondWith(answer)
      const leave = new AbortController()
      const response = ask(question, leave.signal).then(
        async (answered) => {
          const reader = answered.body.getReader()
          await reader.read()
          leave.abort()
        },
        () => undefined,
      )
      await provider.waitForRequest(0)
      if (answer.delayHead !== undefined) leave.abort()
      await response
      const left = performance.now()
      const request = await provider.waitForClose(0, { timeout: 5000 })
      assert.equal(request.closedByClient, true)
      // The aim is 100 ms; a machine busy with other tests gets some grace.
      assert.ok(performance.now() - left < 1000, `closed after ${performance.now() - left} ms`)
    }
  })

  it('refuses a body without a question, and asks nobody', async () => {
    for (const body of [
      {},
      { messages: 'hi' },
      { messages: [] },
      { messages: [{ role: 'assistant', content: 'x' }] },
    ]) {
      assert.equal((await ask(body)).status, 400)
    }
    assert.equal((await ask({ messages: [{ role: 'wizard', content: 'x' }, ...question.messages] })).status, 400)
    assert.equal(provider.requests.length, 0)
  })
})
