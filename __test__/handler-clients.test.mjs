// Routes asked by the clients of others: OpenAI's SDK, and the transport of the AI SDK's `useChat`.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { DefaultChatTransport, readUIMessageStream } from 'ai'
import { StreamClient } from 'millstream'
import { MockProvider } from 'millstream/testing'
import OpenAI from 'openai'

async function listen(t, answer, options) {
  const mock = await MockProvider.start(answer)
  const local = { baseUrl: `${mock.url}/v1`, model: 'mock' }
  const client = new StreamClient({ providers: { local }, retry: { maxRetries: 0 } })
  const server = createServer(client.nodeHandler(options))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.closeAllConnections()
    server.close()
    await mock.close()
  })
  return { mock, url: `http://127.0.0.1:${server.address().port}` }
}

test('OpenAI’s SDK streams from a route, gets whole answers, and knows its errors', async (t) => {
  const answer = { text: 'Hello from the mill', toolCalls: [{ id: 'c1', name: 'f', arguments: { a: 1 } }] }
  const { mock, url } = await listen(t, answer, { format: 'openai', model: ['a', 'b'] })
  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-client-000000', maxRetries: 0 })
  const request = { model: 'b', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 50, user: 'u1' }
  const stream = await openai.chat.completions.create({
    ...request,
    stream: true,
    stream_options: { include_usage: true },
  })
  let text = ''
  let call = ''
  let usage
  const reasons = []
  for await (const chunk of stream) {
    const [choice] = chunk.choices
    text += choice?.delta.content ?? ''
    call += choice?.delta.tool_calls?.[0]?.function?.arguments ?? ''
    if (choice?.finish_reason) reasons.push(choice.finish_reason)
    usage = chunk.usage ?? usage
  }
  assert.deepEqual([text, JSON.parse(call), reasons], ['Hello from the mill', { a: 1 }, ['tool_calls']])
  assert.ok(usage.total_tokens > 0)
  assert.deepEqual([mock.requests[0].body.model, mock.requests[0].body.max_tokens], ['b', 50])

  const whole = await openai.chat.completions.create(request)
  assert.equal(whole.choices[0].message.content, 'Hello from the mill')
  assert.equal(whole.choices[0].message.tool_calls[0].function.name, 'f')

  const refused = (change) =>
    openai.chat.completions.create({ ...request, stream: true, ...change }).then(
      () => assert.fail('it should fail'),
      (error) => error,
    )
  const wrong = await refused({ model: 'c' })
  assert.ok(wrong instanceof OpenAI.BadRequestError)
  assert.match(wrong.message, /one of 'a', 'b', got "c"/)
  assert.equal(wrong.param, 'model')
  mock.respondWith({ status: 429 })
  assert.ok((await refused()) instanceof OpenAI.RateLimitError)
  mock.respondWith({ status: 401 })
  const credentials = await refused()
  assert.deepEqual([credentials.status, credentials instanceof OpenAI.AuthenticationError], [502, false])

  mock.respondWith({ tokens: 50, tokensPerSecond: 200, reset: { afterTokens: 5 } })
  const broken = await openai.chat.completions.create({ ...request, stream: true })
  await assert.rejects(async () => {
    for await (const _ of broken);
  })

  mock.respondWith({ tokens: 100_000, tokensPerSecond: 200 })
  const count = mock.requests.length
  const left = await openai.chat.completions.create({ ...request, stream: true })
  for await (const _ of left) break
  assert.equal((await mock.waitForClose(count)).outcome, 'client-left')
})

test('useChat’s transport talks to a route that says nothing about formats', async (t) => {
  const { mock, url } = await listen(t, { text: 'Hello from the mill', reasoning: 'Let me see' })
  const transport = new DefaultChatTransport({ api: `${url}/api/chat` })
  const send = (messages, more) =>
    transport.sendMessages({
      chatId: 'chat-1',
      messageId: undefined,
      trigger: 'submit-message',
      abortSignal: undefined,
      messages,
      ...more,
    })
  const question = { id: 'm1', role: 'user', parts: [{ type: 'text', text: 'Hi' }] }
  let answer
  for await (const message of readUIMessageStream({ stream: await send([question]) })) answer = message
  const said = (message, type) =>
    message.parts
      .filter((part) => part.type === type)
      .map((part) => part.text)
      .join('')
  assert.deepEqual([said(answer, 'text'), said(answer, 'reasoning')], ['Hello from the mill', 'Let me see'])

  // The conversation goes on with what the route sent.
  const next = { id: 'm3', role: 'user', parts: [{ type: 'text', text: 'And?' }] }
  for await (const message of readUIMessageStream({ stream: await send([question, answer, next]) })) answer = message
  assert.deepEqual(mock.requests[1].body.messages, [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello from the mill' },
    { role: 'user', content: 'And?' },
  ])

  mock.respondWith({ status: 429 })
  await assert.rejects(send([question]), /rate_limit_error/)
  mock.respondWith({ tokens: 100_000, tokensPerSecond: 200 })
  const leaving = new AbortController()
  const count = mock.requests.length
  const stream = await send([question], { abortSignal: leaving.signal })
  await stream.getReader().read()
  leaving.abort()
  assert.equal((await mock.waitForClose(count)).outcome, 'client-left')
})
