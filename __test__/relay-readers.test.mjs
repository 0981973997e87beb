// Every format read back by the client it is made for, over HTTP: nothing of the answer is lost on the way.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DefaultChatTransport, readUIMessageStream } from 'ai'
import { AIStream } from 'millstream'
import OpenAI from 'openai'
import { ask, formats, provide, serve } from './support/relay.mjs'

const text = 'Der Mühlbach "treibt"\n das Rad,\u2028 水 flows 🌊.'
const answer = {
  text,
  reasoning: 'Let me think.',
  toolCalls: [{ name: 'look', arguments: { at: 'the "wheel"' } }],
  tokensPerSecond: 500,
}
const failing = { text: 'one two three', firstTokenDelay: 30, error: { afterTokens: 2, message: 'mill on fire' } }

/** Serves answers of `mock` in a format, under any path. */
async function relay(t, mock, format) {
  return serve(t, async (res, req) => {
    for await (const _ of req);
    return ask(mock).pipe(res, { format })
  })
}

describe('AIStream', () => {
  for (const format of formats) {
    it(`reads format ${format}`, async (t) => {
      const mock = await provide(t, answer)
      const { url } = await relay(t, mock, format)
      const result = await new AIStream({ endpoint: `${url}/chat`, model: 'any' }).stream('Hi')
      const read = await result.collect()
      assert.equal(read.text, text)
      if (format === 'text') return
      assert.equal(read.reasoning, 'Let me think.')
      assert.deepEqual(
        read.toolCalls.map(({ tool, args }) => ({ tool, args })),
        [{ tool: 'look', args: { at: 'the "wheel"' } }],
      )
      assert.ok(read.usage.totalTokens > 0)
      assert.equal(read.finishReason, 'tool-calls')
    })

    it(`is told of a failure, in format ${format}`, async (t) => {
      const mock = await provide(t, failing)
      const { url } = await relay(t, mock, format)
      const stream = new AIStream({ endpoint: `${url}/chat`, model: 'any', retry: { maxRetries: 0 } })
      const error = await (await stream.stream('Hi')).text.catch((reason) => reason)
      assert.match(error.partialText, /^one/)
      if (format !== 'text') assert.match(error.message, /mill on fire/)
      mock.respondWith({ status: 429, retryAfter: 7 })
      const refused = await stream.stream('Hi').then(assert.fail, (reason) => reason)
      assert.equal(refused.type, 'rate_limit_error')
      assert.equal(refused.retryAfter, 7000)
    })
  }
})

describe('the openai client', () => {
  const open = (url) => new OpenAI({ apiKey: 'none', baseURL: `${url}/v1`, maxRetries: 0 })
  const ask = { model: 'any', stream: true, messages: [{ role: 'user', content: 'Hi' }] }

  it('reads a relayed answer to its end', async (t) => {
    const mock = await provide(t, answer)
    const { url } = await relay(t, mock, 'openai')
    const runner = open(url).chat.completions.stream({ ...ask, stream_options: { include_usage: true } })
    const final = await runner.finalChatCompletion()
    assert.equal(final.choices[0].message.content, text)
    assert.equal(final.choices[0].finish_reason, 'tool_calls')
    const call = final.choices[0].message.tool_calls[0]
    assert.equal(call.function.name, 'look')
    assert.deepEqual(JSON.parse(call.function.arguments), { at: 'the "wheel"' })
    assert.ok(final.usage.total_tokens > 0)
    assert.equal(final.model, 'mock')
  })

  it('throws what failed, before and after the first byte', async (t) => {
    const mock = await provide(t, failing)
    const { url } = await relay(t, mock, 'openai')
    let heard = ''
    const error = await (async () => {
      for await (const chunk of await open(url).chat.completions.create(ask)) {
        heard += chunk.choices[0]?.delta?.content ?? ''
      }
    })().catch((reason) => reason)
    assert.match(heard, /^one two/)
    assert.match(error.message, /mill on fire/)
    mock.respondWith({ status: 429 })
    const refused = await open(url)
      .chat.completions.create(ask)
      .catch((reason) => reason)
    assert.equal(refused.status, 429)
  })
})

describe("the AI SDK's chat", () => {
  /** What `useChat` does with a route. */
  async function chat(url) {
    const transport = new DefaultChatTransport({ api: `${url}/api/chat` })
    const stream = await transport.sendMessages({
      chatId: 'c',
      trigger: 'submit-message',
      messageId: undefined,
      messages: [{ id: '1', role: 'user', parts: [{ type: 'text', text: 'Hi' }] }],
      abortSignal: undefined,
    })
    let message
    const errors = []
    const onError = (error) => errors.push(error)
    for await (const state of readUIMessageStream({ stream, onError })) message = state
    return { message, errors }
  }

  it('reads text, reasoning and tool calls', async (t) => {
    const mock = await provide(t, answer)
    const { url } = await relay(t, mock, 'ui-message')
    const { message, errors } = await chat(url)
    assert.deepEqual(errors, [])
    const textOf = (kind) => message.parts.flatMap((part) => (part.type === kind ? [part.text] : [])).join('')
    assert.equal(textOf('text'), text)
    assert.equal(textOf('reasoning'), 'Let me think.')
    const call = message.parts.find(({ type }) => type === 'dynamic-tool' || type === 'tool-look')
    assert.deepEqual(call.input, { at: 'the "wheel"' })
    assert.equal(message.role, 'assistant')
    assert.ok(message.metadata.usage.totalTokens > 0)
  })

  it('is told of a failure', async (t) => {
    const mock = await provide(t, failing)
    const { url } = await relay(t, mock, 'ui-message')
    const { errors } = await chat(url)
    assert.match(String(errors[0]), /mill on fire/)
    mock.respondWith({ status: 401 })
    await assert.rejects(chat(url), /HTTP 401/)
  })
})

describe('fetch', () => {
  it('reads a line an event, or the text alone', async (t) => {
    const mock = await provide(t, answer)
    const lines = await (await fetch((await relay(t, mock, 'ndjson')).url)).text()
    const events = lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const tokens = events.filter(({ event }) => event === 'token')
    assert.equal(tokens.map(({ data }) => data.token).join(''), text)
    assert.equal(events.at(-1).event, 'done')
    assert.equal(await (await fetch((await relay(t, mock, 'text')).url)).text(), text)
  })

  it('reads `content` and `chunk` as plain frames', async (t) => {
    const mock = await provide(t, { ...answer, reasoning: undefined, toolCalls: undefined })
    const frames = async (format) =>
      (await (await fetch((await relay(t, mock, format)).url)).text())
        .trim()
        .split('\n\n')
        .map((frame) => JSON.parse(frame.slice('data: '.length)))
    const contents = await frames('content')
    assert.equal(contents.map(({ content }) => content ?? '').join(''), text)
    assert.deepEqual(
      contents.map(({ finished }) => finished).filter((finished) => finished === true),
      [true],
    )
    const chunks = await frames('chunk')
    assert.equal(chunks.flatMap(({ type, content }) => (type === 'chunk' ? [content] : [])).join(''), text)
    assert.equal(chunks.at(-1).type, 'complete')
    assert.equal(chunks.at(-1).data.content, text)
  })
})
