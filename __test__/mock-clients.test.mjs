// Each provider's own client, and the AI SDK's, against the mock: they read its answers as they read the provider's.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createAmazonBedrock } from '@ai-sdk/amazon-bedrock'
import { createAnthropic } from '@ai-sdk/anthropic'
import { createCohere } from '@ai-sdk/cohere'
import { createGoogleGenerativeAI } from '@ai-sdk/google'
import { createOpenAI } from '@ai-sdk/openai'
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import { DefaultChatTransport, generateText, jsonSchema, readUIMessageStream, stepCountIs, streamText, tool } from 'ai'
import { MockProvider } from 'millstream/testing'
import { Ollama } from 'ollama'
import OpenAI from 'openai'

const text = 'Water turns the wheel: "wasser" \\ 水车 🌊.'
const reasoning = 'Let me think.\nA mill…'
const args = { query: 'mühle am bach', deep: [1, { a: null }] }
const everything = {
  text,
  reasoning,
  toolCalls: [{ name: 'search', id: 'given_1', args }, { name: 'now' }],
}
const question = 'How does a mill work?'
const messages = [{ role: 'user', content: question }]

async function provide(t, options) {
  const mock = await MockProvider.start(options)
  t.after(() => mock.close())
  return mock
}

/** What a tool is called with: JSON text or the value, as the client gives it. */
const parsed = (value) => (typeof value === 'string' ? JSON.parse(value) : value)

describe("OpenAI's client", () => {
  const client = (mock) => new OpenAI({ apiKey: 'sk-test', baseURL: `${mock.url}/v1`, maxRetries: 0 })

  function checkChat({ choices: [{ message, finish_reason }], usage }) {
    assert.equal(message.content, text)
    assert.equal(message.reasoning_content, reasoning)
    assert.deepEqual(
      message.tool_calls.map(({ id, function: { name, arguments: json } }) => [id, name, JSON.parse(json)]),
      [
        ['given_1', 'search', args],
        [message.tool_calls[1].id, 'now', {}],
      ],
    )
    assert.equal(finish_reason, 'tool_calls')
    assert.deepEqual([usage.prompt_tokens, usage.completion_tokens], [6, 13])
    assert.equal(usage.completion_tokens_details.reasoning_tokens, 5)
  }

  it('reads chat completions, streamed and whole', async (t) => {
    const openai = client(await provide(t, everything))
    const stream = openai.chat.completions.stream({
      model: 'm',
      messages,
      stream_options: { include_usage: true },
    })
    let thought = ''
    stream.on('chunk', ({ choices: [choice] }) => {
      thought += choice?.delta.reasoning_content ?? ''
    })
    const { choices, usage } = await stream.finalChatCompletion()
    assert.equal(thought, reasoning)
    choices[0].message.reasoning_content = thought
    checkChat({ choices, usage })
    checkChat(await openai.chat.completions.create({ model: 'm', messages }))
  })

  it('reads legacy completions, streamed and whole', async (t) => {
    const openai = client(await provide(t, everything))
    const request = { model: 'm', prompt: question }
    let said = ''
    let last
    for await (const chunk of await openai.completions.create({ ...request, stream: true })) {
      assert.equal(chunk.object, 'text_completion')
      said += chunk.choices[0].text
      last = chunk
    }
    assert.equal(said, text)
    assert.equal(last.choices[0].finish_reason, 'stop')
    const whole = await openai.completions.create(request)
    assert.equal(whole.choices[0].text, text)
    assert.equal(whole.usage.completion_tokens, 8)
  })

  function checkResponse(response) {
    assert.equal(response.status, 'completed')
    assert.equal(response.output_text, text)
    assert.deepEqual(
      response.output.map(({ type }) => type),
      ['reasoning', 'message', 'function_call', 'function_call'],
    )
    assert.equal(response.output[0].summary[0].text, reasoning)
    assert.deepEqual(JSON.parse(response.output[2].arguments), args)
    assert.equal(response.output[2].call_id, 'given_1')
    assert.equal(response.usage.input_tokens, 6)
    assert.equal(response.usage.output_tokens, 13)
    assert.equal(response.usage.output_tokens_details.reasoning_tokens, 5)
  }

  it('reads responses, streamed and whole', async (t) => {
    const openai = client(await provide(t, everything))
    const request = { model: 'm', input: question }
    const stream = openai.responses.stream(request)
    const deltas = { text: '', reasoning: '', call: '' }
    stream.on('response.output_text.delta', ({ delta, snapshot }) => {
      deltas.text += delta
      assert.equal(snapshot, deltas.text)
    })
    stream.on('response.reasoning_summary_text.delta', ({ delta }) => {
      deltas.reasoning += delta
    })
    stream.on('response.function_call_arguments.delta', ({ delta, output_index }) => {
      if (output_index === 2) deltas.call += delta
    })
    checkResponse(await stream.finalResponse())
    assert.deepEqual([deltas.text, deltas.reasoning], [text, reasoning])
    assert.deepEqual(JSON.parse(deltas.call), args)
    checkResponse(await openai.responses.create(request))
  })

  it('hears why an answer ended early', async (t) => {
    const openai = client(await provide(t, { text: 'one two three four' }))
    const response = await openai.responses
      .stream({ model: 'm', input: question, max_output_tokens: 2 })
      .finalResponse()
    assert.equal(response.status, 'incomplete')
    assert.equal(response.incomplete_details.reason, 'max_output_tokens')
    assert.equal(response.output_text, 'one two')
  })

  it('runs tools: the script goes on with the request that has their result', async (t) => {
    const mock = await provide(t, {
      script: [
        {
          tokens: 0,
          toolCalls: [
            { name: 'weather', args: { city: 'Bern' } },
            { name: 'weather', args: { city: 'Chur' } },
          ],
        },
        { text: 'Sunny in both.' },
      ],
    })
    const asked = []
    const runner = client(mock).chat.completions.runTools({
      model: 'm',
      stream: true,
      messages,
      tools: [
        {
          type: 'function',
          function: {
            name: 'weather',
            parameters: { type: 'object', properties: { city: { type: 'string' } } },
            parse: JSON.parse,
            function: ({ city }) => {
              asked.push(city)
              return 'sunny'
            },
          },
        },
      ],
    })
    assert.equal(await runner.finalContent(), 'Sunny in both.')
    assert.deepEqual(asked, ['Bern', 'Chur'])
    const roles = mock.requests[1].body.messages.map(({ role }) => role)
    assert.deepEqual(roles, ['user', 'assistant', 'tool', 'tool'])
  })

  it('throws what the API reports', async (t) => {
    const mock = await provide(t, { text: 'one two' })
    const openai = client(mock)
    const ask = () => openai.chat.completions.create({ model: 'm', messages, stream: true })
    mock.respondWith({ status: 429 })
    await assert.rejects(ask(), OpenAI.RateLimitError)
    mock.respondWith({ status: 401 })
    await assert.rejects(
      ask(),
      (error) => error instanceof OpenAI.AuthenticationError && error.code === 'invalid_api_key',
    )
    const error = { afterTokens: 1, message: 'Overloaded', type: 'server_error', code: 'busy' }
    mock.respondWith({ text: 'one two', error })
    const read = async (stream) => {
      for await (const _ of await stream);
    }
    await assert.rejects(read(ask()), (error) => error instanceof OpenAI.APIError && /Overloaded/.test(error.message))
    await assert.rejects(
      read(openai.responses.create({ model: 'm', input: question, stream: true })),
      (error) => error instanceof OpenAI.APIError && /Overloaded/.test(error.message),
    )
  })
})

describe("Anthropic's client", () => {
  const client = (mock) => new Anthropic({ apiKey: 'key', baseURL: mock.url, maxRetries: 0 })
  const request = { model: 'm', max_tokens: 100, messages }

  function check(message) {
    assert.deepEqual(
      message.content.map(({ type }) => type),
      ['thinking', 'text', 'tool_use', 'tool_use'],
    )
    const [thinking, said, search, now] = message.content
    assert.equal(thinking.thinking, reasoning)
    assert.ok(thinking.signature.length > 8)
    assert.equal(said.text, text)
    assert.deepEqual([search.id, search.name, search.input], ['given_1', 'search', args])
    assert.deepEqual([now.name, now.input], ['now', {}])
    assert.equal(message.stop_reason, 'tool_use')
    assert.deepEqual([message.usage.input_tokens, message.usage.output_tokens], [6, 13])
  }

  it('reads messages, streamed and whole', async (t) => {
    const anthropic = client(await provide(t, everything))
    const stream = anthropic.messages.stream(request)
    let said = ''
    stream.on('text', (delta) => {
      said += delta
    })
    check(await stream.finalMessage())
    assert.equal(said, text)
    check(await anthropic.messages.create(request))
  })

  it('throws what the API reports', async (t) => {
    const mock = await provide(t, { status: 529 })
    const ask = () => client(mock).messages.stream(request).finalMessage()
    await assert.rejects(ask(), (error) => error instanceof Anthropic.APIError && error.status === 529)
    mock.respondWith({ text: 'one two', error: { afterTokens: 1, message: 'Overloaded', type: 'overloaded_error' } })
    await assert.rejects(ask(), (error) => error instanceof Anthropic.APIError && /Overloaded/.test(error.message))
  })
})

describe("Google's client", () => {
  const client = (mock) => new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl: mock.url } })
  const request = { model: 'gemini-mock', contents: question }

  it('reads generated content, streamed and whole', async (t) => {
    const google = client(await provide(t, everything))
    let last
    const parts = []
    for await (const chunk of await google.models.generateContentStream(request)) {
      last = chunk
      parts.push(...(chunk.candidates[0].content.parts ?? []))
    }
    const whole = await google.models.generateContent(request)
    for (const [response, given] of [
      [last, parts],
      [whole, whole.candidates[0].content.parts],
    ]) {
      const join = (thought) =>
        given.map((part) => (part.text !== undefined && (part.thought ?? false) === thought ? part.text : '')).join('')
      assert.equal(join(false), text)
      assert.equal(join(true), reasoning)
      const calls = given.flatMap(({ functionCall }) => functionCall ?? [])
      assert.deepEqual(
        calls.map(({ name, args }) => [name, args]),
        [
          ['search', args],
          ['now', {}],
        ],
      )
      assert.equal(response.candidates[0].finishReason, 'STOP')
      const { promptTokenCount, candidatesTokenCount, thoughtsTokenCount } = response.usageMetadata
      assert.deepEqual([promptTokenCount, candidatesTokenCount, thoughtsTokenCount], [6, 8, 5])
    }
  })

  it('reads interactions, streamed and whole', async (t) => {
    const google = client(await provide(t, everything))
    const request = { model: 'gemini-mock', input: question }
    const seen = { text: '', thought: '', calls: [], json: [] }
    let completed
    for await (const event of await google.interactions.create({ ...request, stream: true })) {
      if (event.event_type === 'step.start' && event.step.type === 'function_call') {
        seen.calls.push(event.step.name)
        seen.json.push('')
      }
      if (event.event_type === 'step.delta') {
        const { delta } = event
        if (delta.type === 'text') seen.text += delta.text
        if (delta.type === 'thought_summary') seen.thought += delta.content.text
        if (delta.type === 'arguments_delta') seen.json[seen.json.length - 1] += delta.arguments
      }
      if (event.event_type === 'interaction.completed') completed = event.interaction
    }
    assert.deepEqual([seen.text, seen.thought, seen.calls], [text, reasoning, ['search', 'now']])
    assert.deepEqual(seen.json.map(parsed), [args, {}])
    assert.equal(completed.status, 'requires_action')
    assert.equal(completed.usage.total_output_tokens, 8)
    const whole = await google.interactions.create(request)
    assert.deepEqual(
      whole.steps.map(({ type }) => type),
      ['thought', 'model_output', 'function_call', 'function_call'],
    )
    assert.equal(whole.steps[1].content[0].text, text)
  })

  it('throws what the API reports', async (t) => {
    const google = client(await provide(t, { status: 429 }))
    await assert.rejects(google.models.generateContentStream(request), (error) => {
      assert.equal(error.status, 429)
      return /RESOURCE_EXHAUSTED/.test(error.message)
    })
  })
})

describe("Ollama's client", () => {
  it('reads chats and completions, streamed and whole', async (t) => {
    const mock = await provide(t, { ...everything, protocol: 'ollama' })
    const ollama = new Ollama({ host: mock.url })
    const seen = { content: '', thinking: '', calls: [] }
    let last
    for await (const { message, ...rest } of await ollama.chat({ model: 'm', messages, stream: true })) {
      seen.content += message.content
      seen.thinking += message.thinking ?? ''
      seen.calls.push(...(message.tool_calls ?? []))
      last = rest
    }
    const { message, ...whole } = await ollama.chat({ model: 'm', messages })
    for (const [said, end] of [
      [seen, last],
      [{ content: message.content, thinking: message.thinking, calls: message.tool_calls }, whole],
    ]) {
      assert.deepEqual([said.content, said.thinking], [text, reasoning])
      assert.deepEqual(
        said.calls.map(({ function: { name, arguments: given } }) => [name, given]),
        [
          ['search', args],
          ['now', {}],
        ],
      )
      assert.deepEqual([end.done, end.done_reason, end.prompt_eval_count, end.eval_count], [true, 'stop', 6, 13])
    }
    const request = { model: 'm', prompt: question }
    let generated = ''
    for await (const { response } of await ollama.generate({ ...request, stream: true })) generated += response
    assert.equal(generated, text)
    assert.equal((await ollama.generate(request)).response, text)
  })

  it('throws what the API reports', async (t) => {
    const mock = await provide(t, { protocol: 'ollama', status: 404 })
    const ollama = new Ollama({ host: mock.url })
    await assert.rejects(ollama.chat({ model: 'm', messages }), { status_code: 404, message: /not found/ })
    mock.respondWith({ protocol: 'ollama', text: 'a b', error: { afterTokens: 1, message: 'out of memory' } })
    await assert.rejects(
      async () => {
        for await (const _ of await ollama.chat({ model: 'm', messages, stream: true }));
      },
      { message: 'out of memory' },
    )
  })
})

describe('the AI SDK', () => {
  const tools = {
    search: tool({ inputSchema: jsonSchema({ type: 'object', additionalProperties: true }) }),
    now: tool({ inputSchema: jsonSchema({ type: 'object', additionalProperties: true }) }),
  }
  const providers = {
    'OpenAI, chat': (url) => createOpenAI({ apiKey: 'k', baseURL: `${url}/v1` }).chat('m'),
    'OpenAI, responses': (url) => createOpenAI({ apiKey: 'k', baseURL: `${url}/v1` }).responses('m'),
    Anthropic: (url) => createAnthropic({ apiKey: 'k', baseURL: `${url}/v1` })('m'),
    Google: (url) => createGoogleGenerativeAI({ apiKey: 'k', baseURL: `${url}/v1beta` })('m'),
    Bedrock: (url) =>
      createAmazonBedrock({ region: 'eu-west-1', accessKeyId: 'AKID', secretAccessKey: 's', baseURL: url })('m:0'),
    Cohere: (url) => createCohere({ apiKey: 'k', baseURL: `${url}/v2` })('m'),
  }
  /** Providers whose package has no place for the reasoning that the mock sends. */
  const silent = new Set(['OpenAI, chat'])

  for (const [name, model] of Object.entries(providers)) {
    it(`reads answers by its provider package: ${name}`, async (t) => {
      const mock = await provide(t, everything)
      const options = { model: model(mock.url), prompt: question, tools, maxRetries: 0, maxOutputTokens: 100 }
      const errors = []
      const streamed = streamText({ ...options, onError: ({ error }) => errors.push(error) })
      await streamed.consumeStream()
      assert.deepEqual(errors, [])
      for (const result of [streamed, await generateText(options)]) {
        assert.equal(await result.text, text)
        assert.equal((await result.reasoningText) ?? '', silent.has(name) ? '' : reasoning)
        assert.deepEqual(
          (await result.toolCalls).map(({ toolName, input }) => [toolName, input]),
          [
            ['search', args],
            ['now', {}],
          ],
        )
        assert.equal(await result.finishReason, 'tool-calls')
        const { inputTokens, outputTokens } = await result.usage
        assert.deepEqual([inputTokens, outputTokens], [6, 13])
      }
    })

    it(`runs tools over two steps: ${name}`, async (t) => {
      const script = [{ tokens: 0, toolCalls: [{ name: 'search', args }] }, { text: 'Found it.' }]
      const mock = await provide(t, { script })
      const given = []
      const search = tool({
        inputSchema: jsonSchema({ type: 'object', additionalProperties: true }),
        execute: (input) => {
          given.push(input)
          return { found: true }
        },
      })
      const result = streamText({
        model: model(mock.url),
        prompt: question,
        tools: { search },
        stopWhen: stepCountIs(3),
        maxRetries: 0,
      })
      await result.consumeStream()
      assert.equal(await result.text, 'Found it.')
      assert.deepEqual(given, [args])
      assert.match(JSON.stringify(mock.requests[1].body), /found/)
    })

    it(`is told of a refusal: ${name}`, async (t) => {
      const mock = await provide(t, { status: 429 })
      const asked = generateText({ model: model(mock.url), prompt: question, maxRetries: 0 })
      await assert.rejects(asked, (error) => {
        assert.equal(error.statusCode, 429)
        assert.doesNotMatch(error.message, /^(Too Many Requests)?$/, 'the message in the body was read')
        return true
      })
    })
  }

  it('reads its own message stream from the mock', async (t) => {
    const mock = await provide(t, { ...everything, protocol: 'ui-message' })
    const transport = new DefaultChatTransport({ api: `${mock.url}/api/chat` })
    const stream = await transport.sendMessages({
      chatId: 'c',
      trigger: 'submit-message',
      messageId: undefined,
      messages: [{ id: '1', role: 'user', parts: [{ type: 'text', text: question }] }],
      abortSignal: undefined,
    })
    let message
    const errors = []
    for await (const state of readUIMessageStream({ stream, onError: (error) => errors.push(error) })) message = state
    assert.deepEqual(errors, [])
    const join = (kind) => message.parts.flatMap((part) => (part.type === kind ? [part.text] : [])).join('')
    assert.deepEqual([join('text'), join('reasoning')], [text, reasoning])
    const call = message.parts.find(({ type }) => type === 'dynamic-tool' || type === 'tool-search')
    assert.deepEqual(call.input, args)
  })
})
