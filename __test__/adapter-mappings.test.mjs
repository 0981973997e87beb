// What the adapters make of single chunks, those no client of today's sends among them, and of wrong arguments.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AnthropicAdapter, GeminiAdapter, OpenAIAdapter, StreamingResponse, ValidationError } from 'millstream'
import * as fromStreaming from 'millstream/streaming'
import * as fromAdapters from 'millstream/streaming/adapters'
import { parseEvents, summary } from './support/provider-clients.mjs'

/** A response that keeps what is written. */
function fake() {
  const response = { body: '', headers: {}, status: undefined }
  response.setHeader = (name, value) => {
    response.headers[name] = value
  }
  response.writeHead = (status) => {
    response.status = status
  }
  response.write = (text) => {
    response.body += text
    return true
  }
  response.end = (text = '') => {
    response.body += text
  }
  return response
}

/** Name and data of the events that chunks come to, by way of a started response; `start` and `done` aside. */
function eventsOf(Adapter, chunks, { complete = false } = {}) {
  const response = fake()
  const streamingResponse = new StreamingResponse(response)
  streamingResponse.start()
  const adapter = new Adapter(streamingResponse)
  for (const chunk of chunks) adapter.processChunk(chunk)
  if (complete) adapter.onComplete()
  return parseEvents(response.body)
    .slice(1)
    .map(({ event, data }) => [event, data])
}

const delta = (delta, rest) => ({ choices: [{ index: 0, delta, finish_reason: null, ...rest }] })
const block = (index, delta) => ({ type: 'content_block_delta', index, delta })
const parts = (...parts) => ({ candidates: [{ content: { parts }, index: 0 }] })

async function* from(chunks, failure) {
  yield* chunks
  if (failure !== undefined) throw failure
}

const textOf = (stream) => new Response(stream).text()

describe('OpenAIAdapter', () => {
  it('numbers the tokens of all choices, and names the alternative', () => {
    const first = {
      choices: [
        { index: 0, delta: { content: 'First' } },
        { index: 1, delta: { content: 'Second' } },
      ],
    }
    assert.deepEqual(eventsOf(OpenAIAdapter, [first, delta({ content: ' more' })]), [
      ['token', { token: 'First', index: 0 }],
      ['token', { token: 'Second', index: 1, choice: 1 }],
      ['token', { token: ' more', index: 2 }],
    ])
  })

  it('tells the reason for the end, with a warning where it is a bad one', () => {
    for (const [reason, warning] of [
      ['stop', undefined],
      ['length', 'Response truncated due to length limit'],
      ['content_filter', 'Content filtered by moderation system'],
    ]) {
      const events = eventsOf(OpenAIAdapter, [
        delta({}, { finish_reason: reason }),
        delta({}, { finish_reason: reason }),
      ])
      assert.deepEqual(events, [['metadata', { finishReason: reason, ...(warning && { warning }) }]])
    }
  })

  it('gives usage once, however often it comes, and never adds it up', () => {
    const usage = (completion_tokens) => ({
      choices: [],
      usage: { prompt_tokens: 10, completion_tokens, total_tokens: 10 + completion_tokens },
    })
    assert.deepEqual(eventsOf(OpenAIAdapter, [usage(20), usage(20), usage(21)], { complete: true }), [
      ['usage', { promptTokens: 10, completionTokens: 20, totalTokens: 30, provider: 'openai' }],
      ['usage', { promptTokens: 10, completionTokens: 21, totalTokens: 31, provider: 'openai' }],
    ])
    const details = {
      prompt_tokens: 466,
      completion_tokens: 68,
      total_tokens: 800,
      prompt_tokens_details: { cached_tokens: 4, audio_tokens: 1 },
      completion_tokens_details: { reasoning_tokens: 266 },
    }
    const [[, detailed]] = eventsOf(OpenAIAdapter, [{ choices: [], x_groq: { usage: details } }])
    assert.deepEqual(detailed, {
      promptTokens: 466,
      completionTokens: 334,
      totalTokens: 800,
      cachedTokens: 4,
      reasoningTokens: 266,
      audioTokens: 1,
      provider: 'openai',
    })
  })

  it('reports chunks that are none, and survives those with holes', () => {
    for (const chunk of [{ invalid: 'data' }, null, undefined, 'text', 5, [], { choices: 'x' }]) {
      const [[event, { error }]] = eventsOf(OpenAIAdapter, [chunk])
      assert.deepEqual([event, error], ['error', 'Invalid OpenAI chunk format'])
    }
    const holes = [{ choices: [] }, { choices: [{}] }, { choices: [null, 7] }, delta(null), delta({ content: null })]
    assert.deepEqual(eventsOf(OpenAIAdapter, [...holes, delta({ tool_calls: [null, {}] })]), [])
  })

  it('reads reasoning under every name', () => {
    const thought = ['reasoning', { reasoning: 'Hm' }]
    const details = [{ type: 'reasoning.text', text: 'Hm', signature: 's' }]
    for (const [fields, expected] of [
      [{ reasoning_content: 'Hm' }, [thought]],
      [{ reasoning: 'Hm' }, [thought]],
      [{ reasoning_details: details }, [['reasoning', { reasoning: 'Hm', signature: 's' }]]],
      [{ reasoning: 'Hm', reasoning_details: details }, [thought, ['reasoning', { reasoning: '', signature: 's' }]]],
      [{ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] }] }, [thought]],
      [{ reasoning_details: [{ type: 'reasoning.summary', summary: 'Hm' }] }, [thought]],
    ]) {
      assert.deepEqual(eventsOf(OpenAIAdapter, [delta(fields)]), expected)
    }
    const mixed = delta({
      content: [
        { type: 'text', text: 'a' },
        { type: 'reference', ids: [1] },
      ],
    })
    assert.deepEqual(eventsOf(OpenAIAdapter, [mixed]), [
      ['token', { token: 'a', index: 0 }],
      ['metadata', { content: { type: 'reference', ids: [1] } }],
    ])
  })

  it('passes on refusals, annotations and audio', () => {
    assert.deepEqual(
      eventsOf(OpenAIAdapter, [delta({ refusal: "I can't" }), delta({ refusal: null, annotations: [] })]),
      [['metadata', { refusal: "I can't" }]],
    )
    const annotations = [{ type: 'url_citation', url_citation: { url: 'https://example.com' } }]
    assert.deepEqual(eventsOf(OpenAIAdapter, [delta({ annotations })]), [['metadata', { annotations }]])
  })

  it('tells calls apart however the provider numbers them', () => {
    const call = (index, id, name, text) => ({
      ...(index !== undefined && { index }),
      ...(id && { id }),
      type: 'function',
      function: { ...(name && { name }), arguments: text },
    })
    const finish = delta({}, { finish_reason: 'tool_calls' })
    const expected = [
      ['f', '{"a":1}'],
      ['g', '{"b":2}'],
    ]
    for (const pieces of [
      // Numbered, in pieces.
      [call(0, 'x', 'f', ''), call(1, 'y', 'g', '{"b"'), call(0, null, null, '{"a":1}'), call(1, null, null, ':2}')],
      // Numbers left out.
      [call(undefined, 'x', 'f', '{"a"'), call(undefined, null, null, ':1}'), call(undefined, 'y', 'g', '{"b":2}')],
      // Always 0.
      [call(0, 'x', 'f', '{"a":1}'), call(0, 'y', 'g', '{"b":2}')],
      // Neither number nor id.
      [call(undefined, null, 'f', '{"a":1}'), call(undefined, null, 'g', '{"b":2}')],
      // The id with each piece; arguments as an object.
      [call(0, 'x', 'f', '{"a"'), call(0, 'x', null, ':1}'), call(1, 'y', 'g', { b: 2 })],
    ]) {
      const events = eventsOf(OpenAIAdapter, [...pieces.map((piece) => delta({ tool_calls: [piece] })), finish])
      const calls = events.filter(([name]) => name === 'tool_call').map(([, data]) => data)
      assert.deepEqual(
        calls.map(({ name, arguments: text }) => [name, text]),
        expected,
      )
      assert.deepEqual(
        calls.map(({ index }) => index),
        [0, 1],
      )
      assert.notEqual(calls[0].id, calls[1].id)
    }
    // The same tool twice, without any mark of where one ends.
    const twice = [call(undefined, null, 'f', '{"a":1}'), call(undefined, null, 'f', '{"a":2}')]
    const events = eventsOf(OpenAIAdapter, [...twice.map((piece) => delta({ tool_calls: [piece] })), finish])
    assert.equal(events.filter(([name]) => name === 'tool_call').length, 2)
    const old = [
      delta({ function_call: { name: 'f', arguments: '{"a"' } }),
      delta({ function_call: { arguments: ':1}' } }),
    ]
    const [, [, legacy]] = eventsOf(OpenAIAdapter, [...old, finish])
      .filter(([name]) => name !== 'tool_call_delta')
      .reverse()
    assert.deepEqual([legacy.name, legacy.arguments], ['f', '{"a":1}'])
  })

  it('says which calls are not to be run', () => {
    const open = delta({ tool_calls: [{ index: 0, id: 'x', function: { name: 'f', arguments: '{"a":' } }] })
    const cut = eventsOf(OpenAIAdapter, [open, delta({}, { finish_reason: 'length' })]).find(
      ([name]) => name === 'tool_call',
    )
    assert.deepEqual(cut[1], { id: 'x', index: 0, name: 'f', arguments: '{"a":', valid: false })
    const broken = eventsOf(OpenAIAdapter, [open], { complete: true }).find(([name]) => name === 'tool_call')
    assert.equal(broken[1].valid, false)
    const custom = { index: 0, id: 'x', type: 'custom', custom: { name: 'sql', input: 'select "1"' } }
    const [[, free]] = eventsOf(OpenAIAdapter, [
      delta({ tool_calls: [custom] }),
      delta({}, { finish_reason: 'tool_calls' }),
    ])
    assert.deepEqual(free, { id: 'x', index: 0, name: 'sql', arguments: '"select \\"1\\""' })
  })

  it('puts together 100,000 pieces in linear time, and gives up on endless ones', () => {
    const piece = (text) => delta({ tool_calls: [{ index: 0, function: { arguments: text } }] })
    const open = delta({ tool_calls: [{ index: 0, id: 'x', function: { name: 'f', arguments: '"' } }] })
    const response = new StreamingResponse({ setHeader() {}, write() {}, end() {} }).start()
    const adapter = new OpenAIAdapter(response)
    adapter.processChunk(open)
    const started = performance.now()
    for (let count = 0; count < 100_000; count++) adapter.processChunk(piece('}'))
    assert.ok(performance.now() - started < 20_000)
    const events = eventsOf(OpenAIAdapter, [open, piece('a'.repeat(9 * 1024 * 1024))])
    assert.match(events.at(-1)[1].error, /exceed 8 MiB/)
  })

  it('passes on what a server reports within a chunk', () => {
    const chunk = { choices: [], error: { message: 'Overloaded', type: 'overloaded_error', code: 'busy' } }
    const [[event, data]] = eventsOf(OpenAIAdapter, [chunk])
    assert.equal(event, 'error')
    assert.deepEqual(data, { error: 'Overloaded', code: 'busy', type: 'overloaded_error' })
    assert.equal(eventsOf(OpenAIAdapter, [{ error: 'out of memory' }])[0][1].error, 'out of memory')
  })
})

describe('AnthropicAdapter', () => {
  const start = {
    type: 'message_start',
    message: {
      id: 'msg_1',
      model: 'claude',
      role: 'assistant',
      content: [],
      usage: { input_tokens: 15, output_tokens: 1 },
    },
  }
  const stop = { type: 'message_stop' }
  const change = (delta, usage) => ({ type: 'message_delta', delta, usage })

  it('tells who answers, and how it ended, in its own words', () => {
    assert.deepEqual(eventsOf(AnthropicAdapter, [start, { type: 'ping' }, stop]), [
      ['metadata', { messageId: 'msg_1', model: 'claude', role: 'assistant' }],
      ['metadata', { stopReason: 'end_turn' }],
    ])
    assert.deepEqual(eventsOf(AnthropicAdapter, [change({ stop_reason: 'max_tokens' }), stop]), [
      ['metadata', { stopReason: 'max_tokens', warning: 'Response truncated due to length limit' }],
    ])
    const refusal = change({ stop_reason: 'refusal', stop_details: { category: 'cyber' } })
    assert.deepEqual(eventsOf(AnthropicAdapter, [refusal, stop]), [
      [
        'metadata',
        {
          stopReason: 'refusal',
          stopDetails: { category: 'cyber' },
          warning: 'Content filtered by moderation system',
        },
      ],
    ])
  })

  it('gives usage at the end: of each count the last one said, never a sum', () => {
    const chunks = [
      start,
      change({}, { output_tokens: 20 }),
      change({}, { input_tokens: null, output_tokens: 25, cache_read_input_tokens: 5, cache_creation_input_tokens: 2 }),
    ]
    assert.ok(eventsOf(AnthropicAdapter, chunks).every(([name]) => name !== 'usage'))
    assert.deepEqual(eventsOf(AnthropicAdapter, chunks, { complete: true }).at(-1), [
      'usage',
      {
        promptTokens: 22,
        completionTokens: 25,
        totalTokens: 47,
        cachedTokens: 5,
        cacheCreationTokens: 2,
        provider: 'anthropic',
      },
    ])
    assert.deepEqual(eventsOf(AnthropicAdapter, [], { complete: true }), [])
  })

  it('loses no thinking, no signature, no citation and no tool', () => {
    const chunks = [
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
      block(0, { type: 'thinking_delta', thinking: 'Hm' }),
      block(0, { type: 'signature_delta', signature: 'sig' }),
      { type: 'content_block_stop', index: 0 },
      { type: 'content_block_start', index: 1, content_block: { type: 'redacted_thinking', data: 'xyz' } },
      { type: 'content_block_stop', index: 1 },
      { type: 'content_block_start', index: 2, content_block: { type: 'text', text: '' } },
      block(2, { type: 'text_delta', text: 'Hello' }),
      block(2, { type: 'citations_delta', citation: { url: 'u' } }),
      { type: 'content_block_stop', index: 2 },
      { type: 'content_block_start', index: 3, content_block: { type: 'tool_use', id: 't', name: 'f', input: {} } },
      block(3, { type: 'input_json_delta', partial_json: '' }),
      block(3, { type: 'input_json_delta', partial_json: '{"a":' }),
      block(3, { type: 'input_json_delta', partial_json: '1}' }),
      { type: 'content_block_stop', index: 3 },
      {
        type: 'content_block_start',
        index: 4,
        content_block: { type: 'server_tool_use', id: 's', name: 'web', input: {} },
      },
      block(4, { type: 'input_json_delta', partial_json: '{"q":"x"}' }),
      { type: 'content_block_stop', index: 4 },
      {
        type: 'content_block_start',
        index: 5,
        content_block: { type: 'tool_use', id: 'w', name: 'g', input: { b: 2 } },
      },
      { type: 'content_block_stop', index: 5 },
      block(6, { type: 'compaction_delta', content: 'c' }),
    ]
    assert.deepEqual(eventsOf(AnthropicAdapter, chunks), [
      ['reasoning', { reasoning: 'Hm' }],
      ['reasoning', { reasoning: '', signature: 'sig' }],
      ['metadata', { contentBlock: { type: 'redacted_thinking', data: 'xyz' } }],
      ['token', { token: 'Hello', index: 0 }],
      ['metadata', { citation: { url: 'u' } }],
      ['tool_call_delta', { id: 't', index: 0, name: 'f', delta: '' }],
      ['tool_call_delta', { id: 't', index: 0, delta: '{"a":' }],
      ['tool_call_delta', { id: 't', index: 0, delta: '1}' }],
      ['tool_call', { id: 't', index: 0, name: 'f', arguments: '{"a":1}' }],
      ['metadata', { contentBlock: { type: 'server_tool_use', id: 's', name: 'web', input: { q: 'x' } } }],
      ['tool_call_delta', { id: 'w', index: 1, name: 'g', delta: '' }],
      ['tool_call_delta', { id: 'w', index: 1, delta: '{"b":2}' }],
      ['tool_call', { id: 'w', index: 1, name: 'g', arguments: '{"b":2}' }],
      ['metadata', { delta: { type: 'compaction_delta', content: 'c' } }],
    ])
  })

  it('reports what can not be read, what is not known, and what failed', () => {
    assert.equal(eventsOf(AnthropicAdapter, [{ invalid: 'data' }])[0][1].error, 'Invalid Anthropic chunk format')
    assert.deepEqual(eventsOf(AnthropicAdapter, [{ type: 'unknown_type' }]), [
      ['metadata', { warning: 'Unknown chunk type: unknown_type' }],
    ])
    const failure = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
    assert.deepEqual(eventsOf(AnthropicAdapter, [failure]), [
      ['error', { error: 'Overloaded', code: 'overloaded_error', type: 'overloaded_error' }],
    ])
  })

  it('does not take an answer for whole that never stopped', async () => {
    const { errors, done, usage } = summary(parseEvents(await textOf(AnthropicAdapter(from([start])))))
    assert.equal(errors[0].type, 'truncated_error')
    assert.equal(done[0].aborted, true)
    assert.equal(usage.promptTokens, 15)
  })
})

describe('GeminiAdapter', () => {
  it('puts together arguments that come value by value', () => {
    const call = (functionCall) => parts({ functionCall })
    const value = (jsonPath, rest) => call({ partialArgs: [{ jsonPath, ...rest }], willContinue: true })
    const chunks = [
      call({ name: 'f', willContinue: true }),
      value('$.city', { stringValue: 'Ber', willContinue: true }),
      value('$.city', { stringValue: 'n' }),
      value('$.list[0].n', { numberValue: 1 }),
      value('$.list[1].n', { boolValue: true }),
      value('$.__proto__.polluted', { stringValue: 'x' }),
      value('$.list[999999]', { numberValue: 1 }),
      value('no path [', { numberValue: 1 }),
      value("$['a key']", { nullValue: 'NULL_VALUE' }),
      call({}),
    ]
    const events = eventsOf(GeminiAdapter, chunks)
    const [, data] = events.find(([name]) => name === 'tool_call')
    assert.equal(
      data.arguments,
      '{"city":"Bern","list":[{"n":1},{"n":true}],"__proto__":{"polluted":"x"},"a key":null}',
    )
    assert.equal({}.polluted, undefined)
  })

  it('gives thoughts, signatures, calls and whatever else a part holds', () => {
    const chunk = parts(
      { text: 'Hm', thought: true },
      { text: 'Hello', thoughtSignature: 'sig' },
      { functionCall: { name: 'f', args: { a: 1 } } },
      { functionCall: { name: 'f', args: { a: 1 } } },
      { executableCode: { language: 'PYTHON', code: '1' } },
    )
    const call = { name: 'f', arguments: '{"a":1}' }
    assert.deepEqual(eventsOf(GeminiAdapter, [chunk]), [
      ['reasoning', { reasoning: 'Hm' }],
      ['reasoning', { reasoning: '', signature: 'sig' }],
      ['token', { token: 'Hello', index: 0 }],
      ['tool_call_delta', { id: 'call_0', index: 0, name: 'f', delta: '{"a":1}' }],
      ['tool_call', { id: 'call_0', index: 0, ...call }],
      ['tool_call_delta', { id: 'call_1', index: 1, name: 'f', delta: '{"a":1}' }],
      ['tool_call', { id: 'call_1', index: 1, ...call }],
      ['metadata', { part: { executableCode: { language: 'PYTHON', code: '1' } } }],
    ])
  })

  it('gives usage with the end, the last one said', () => {
    const usage = (promptTokenCount, rest) => ({ usageMetadata: { promptTokenCount, ...rest } })
    const end = { candidates: [{ finishReason: 'STOP' }] }
    const counts = { candidatesTokenCount: 2, thoughtsTokenCount: 3, totalTokenCount: 15, cachedContentTokenCount: 4 }
    const chunks = [
      { ...parts({ text: 'a' }), ...usage(10) },
      { ...end, ...usage(10, counts) },
    ]
    assert.deepEqual(eventsOf(GeminiAdapter, chunks, { complete: true }), [
      ['token', { token: 'a', index: 0 }],
      ['metadata', { finishReason: 'STOP' }],
      [
        'usage',
        {
          promptTokens: 10,
          completionTokens: 5,
          totalTokens: 15,
          cachedTokens: 4,
          reasoningTokens: 3,
          provider: 'gemini',
        },
      ],
    ])
  })

  it('reports blocked prompts, filtered answers, failures and what is no chunk', () => {
    const blocked = eventsOf(GeminiAdapter, [{ promptFeedback: { blockReason: 'SAFETY' } }])
    assert.equal(blocked[0][1].warning, 'Content filtered by moderation system')
    assert.equal(blocked[0][1].finishReason, 'SAFETY')
    const filtered = eventsOf(GeminiAdapter, [{ candidates: [{ finishReason: 'SAFETY', finishMessage: 'no' }] }])
    assert.deepEqual(filtered[0][1].finishMessage, 'no')
    assert.equal(eventsOf(GeminiAdapter, [{ nothing: 1 }])[0][1].error, 'Invalid Gemini chunk format')
    const failed = eventsOf(GeminiAdapter, [
      { error: { code: 429, message: 'Slow down', status: 'RESOURCE_EXHAUSTED' } },
    ])
    assert.deepEqual(failed[0][1], {
      error: 'Slow down',
      code: 'RESOURCE_EXHAUSTED',
      type: 'rate_limit_error',
      status: 429,
    })
  })
})

describe('every adapter', () => {
  const all = { OpenAIAdapter, AnthropicAdapter, GeminiAdapter }

  it('is the same by every import, and a class of its own', () => {
    for (const [name, Adapter] of Object.entries(all)) {
      for (const exported of [fromStreaming, fromAdapters])
        assert.equal(Object.entries(exported).find(([own]) => own === name)?.[1], Adapter)
      assert.equal(Adapter.name, name)
      const response = new StreamingResponse(fake())
      const adapter = new Adapter(response)
      assert.ok(adapter instanceof Adapter)
      class Own extends Adapter {}
      assert.ok(new Own(response) instanceof Adapter)
      for (const Other of Object.values(all)) assert.equal(adapter instanceof Other, Other === Adapter)
    }
  })

  it('says what it wants where it is given something else', () => {
    for (const Adapter of Object.values(all)) {
      const response = new StreamingResponse(fake())
      for (const [wrong, message] of [
        [() => Adapter(undefined), /Expected `stream` to be a stream of a provider's SDK .*, got undefined/],
        [() => Adapter('text'), /Expected `stream` .*, got "text"/],
        [() => Adapter(response), /to adapt to a response, use `new`/],
        [
          () => new Adapter(from([])),
          /Expected `response` to be a StreamingResponse; to adapt a stream, leave out `new`/,
        ],
        [() => new Adapter(), /Expected `response` to be a StreamingResponse, got undefined/],
        [() => new Adapter(response, { controler: 1 }), /Unknown option `controler`. Did you mean `controller`\?/],
        [() => Adapter(from([]), { controller: {} }), /Expected `controller` to be an AbortController/],
      ]) {
        assert.throws(wrong, (error) => error instanceof ValidationError && message.test(error.message))
      }
    }
  })

  it('begins a response that was not begun, and gives a failure before that its status', () => {
    const fresh = fake()
    const response = new StreamingResponse(fresh)
    new OpenAIAdapter(response).processChunk(delta({ content: 'Hi' })).onComplete()
    assert.deepEqual(
      parseEvents(fresh.body).map(({ event }) => event),
      ['start', 'token'],
    )
    const failing = fake()
    const error = Object.assign(new Error('Slow down'), { status: 429 })
    new OpenAIAdapter(new StreamingResponse(failing)).handleError(error)
    assert.equal(failing.status, 429)
    assert.deepEqual(JSON.parse(failing.body), {
      error: 'HTTP 429: Slow down',
      code: 'Error',
      type: 'rate_limit_error',
      status: 429,
    })
  })

  it('tells of errors by name and message', () => {
    const response = fake()
    const adapter = new OpenAIAdapter(new StreamingResponse(response).start())
    assert.equal(adapter.handleError(new Error('Test error')), adapter)
    adapter.handleError('String error')
    adapter.handleError({ strange: true })
    assert.deepEqual(summary(parseEvents(response.body)).errors, [
      { error: 'Test error', code: 'Error' },
      { error: 'String error', code: 'STREAM_ERROR' },
      { error: 'Unknown error', code: 'STREAM_ERROR' },
    ])
  })

  it('passes on no key, whatever a message was made of', async () => {
    const keys = ['sk-canary-0123456789abcdef', 'AIzaCanary0123456789', 'gsk_canary0123456789']
    const message = `Headers.append: "Bearer ${keys[0]}" is an invalid header value; ${keys[2]} https://x/?key=${keys[1]}&alt=sse`
    const body = await textOf(OpenAIAdapter(from([], new Error(message))))
    assert.doesNotMatch(body, /canary/i)
    assert.match(body, /invalid header value/)
    const { errors } = summary(parseEvents(await textOf(OpenAIAdapter(from([], new Error('x'.repeat(100_000)))))))
    assert.ok(errors[0].error.length < 3000)
  })

  it('turns a plain iterable into a body that ends with `done`', async () => {
    const hello = [delta({ content: 'Hello' }), delta({ content: ' world' })]
    for (const stream of [from(hello), Promise.resolve(from(hello)), ReadableStream.from?.(hello) ?? from(hello)]) {
      const events = parseEvents(await textOf(OpenAIAdapter(stream)))
      assert.deepEqual(
        events.map(({ event }) => event),
        ['start', 'token', 'token', 'done'],
      )
      assert.equal(events.at(-1).data.aborted, undefined)
    }
    const failed = summary(parseEvents(await textOf(OpenAIAdapter(Promise.reject(new Error('No model'))))))
    assert.deepEqual(failed.errors, [{ error: 'No model', code: 'Error' }])
    const none = summary(parseEvents(await textOf(OpenAIAdapter(Promise.resolve('text')))))
    assert.match(none.errors[0].error, /Expected `stream` to be a stream/)
  })

  it('takes one chunk per read, none before, and tells the iterable when it is left', async () => {
    let asked = 0
    let left = false
    async function* endless() {
      try {
        for (;;) {
          asked++
          yield delta({ content: 'x' })
        }
      } finally {
        left = true
      }
    }
    const reader = OpenAIAdapter(endless()).getReader()
    await new Promise(setImmediate)
    assert.equal(asked, 0)
    await reader.read()
    assert.equal(asked, 0, 'the first event needs no chunk')
    await reader.read()
    await reader.read()
    assert.equal(asked, 2)
    await reader.cancel()
    await new Promise(setImmediate)
    assert.equal(left, true)
    assert.equal(asked, 2)
  })

  it('can be left while the provider is silent, and before its stream is there', async () => {
    let aborted = 0
    const controller = () => ({ signal: new AbortController().signal, abort: () => aborted++ })
    const silent = { controller: controller(), [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }
    const reader = OpenAIAdapter(silent).getReader()
    await reader.read()
    const waiting = reader.read()
    await new Promise(setImmediate)
    await reader.cancel()
    assert.equal((await waiting).done, true)
    assert.equal(aborted, 1)

    let resolve
    const late = new Promise((done) => {
      resolve = done
    })
    const early = OpenAIAdapter(late).getReader()
    await early.read()
    const first = early.read()
    await early.cancel()
    resolve({ ...silent, controller: controller() })
    await first
    await new Promise(setImmediate)
    assert.equal(aborted, 2)

    // Left before the first read.
    await OpenAIAdapter({ ...silent, controller: controller() }).cancel()
    await OpenAIAdapter(Promise.resolve({ ...silent, controller: controller() })).cancel()
    await new Promise(setImmediate)
    assert.equal(aborted, 4)
  })

  it('stops at the first failure, and says what it knows of usage', async () => {
    let left = false
    async function* chunks() {
      try {
        yield { choices: [{ index: 0, delta: { content: 'a' } }] }
        yield { wrong: true }
        yield { choices: [{ index: 0, delta: { content: 'b' } }] }
      } finally {
        left = true
      }
    }
    const events = parseEvents(await textOf(OpenAIAdapter(chunks())))
    assert.deepEqual(
      events.map(({ event }) => event),
      ['start', 'token', 'error', 'done'],
    )
    assert.equal(left, true)
  })
})
