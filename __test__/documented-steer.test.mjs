// The published examples of the streaming guide in Python, here in JavaScript with the same names in camel case and only the
// imports changed. That none is missing is read from ../shared, where it is.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  AgentRunner,
  EventProcessor,
  HIGH_THROUGHPUT_OPTIONS,
  isTextDelta,
  JSON_MODE_OPTIONS,
  SteerLLMClient,
  StreamingOptions,
} from 'millstream/compat/steer'
import { MockProvider } from 'millstream/testing'

const variables = { OPENAI_API_KEY: 'sk-test-000000', ANTHROPIC_API_KEY: 'sk-ant-test-000000' }
const saved = {}
let mock
const client = new SteerLLMClient()

/** What an example prints, put together. */
let printed = ''
const print = (text, end = '\n') => {
  printed += text + end
}

before(async () => {
  mock = await MockProvider.start()
  Object.assign(variables, { OPENAI_BASE_URL: `${mock.url}/v1`, ANTHROPIC_BASE_URL: mock.url })
  for (const [name, value] of Object.entries(variables)) {
    saved[name] = process.env[name]
    process.env[name] = value
  }
})

beforeEach(() => {
  printed = ''
  mock.reset()
  mock.respondWith({ text: 'Once upon a time' })
})

after(async () => {
  for (const [name, value] of Object.entries(saved)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  await mock.close()
})

/** The examples, by the heading they stand under. */
const examples = {
  'Basic Streaming': async () => {
    for await (const chunk of client.stream('Tell me a story', { model: 'gpt-4o-mini' })) print(chunk, '')
    assert.equal(printed, 'Once upon a time')
  },

  'Streaming with Usage Data': async () => {
    const response = await client.streamWithUsage('Explain quantum computing', { model: 'gpt-4o-mini' })
    print(`Response: ${response.getText()}`)
    print(`Tokens: ${response.usage.totalTokens}`)
    print(`Cost: $${response.costUsd.toFixed(4)}`)
    assert.match(printed, /^Response: Once upon a time\nTokens: [1-9]\d*\nCost: \$0\.\d{4}\n$/)
    assert.ok(response.costUsd > 0)
  },

  StreamingOptions: async () => {
    mock.respondWith({ text: '{"items": [1, 2, 3]}' })
    const options = new StreamingOptions({
      enable_usage_aggregation: true,
      aggregator_type: 'auto',
      enable_json_stream_handler: true,
      validate_json_incrementally: true,
      connection_timeout: 5.0,
      read_timeout: 30.0,
      retry_on_connection_error: true,
      max_reconnect_attempts: 3,
      chunk_size: 1024,
      buffer_size: 8192,
    })
    const response = await client.streamWithUsage('Generate JSON data', {
      model: 'gpt-4o-mini',
      streamingOptions: options,
    })
    assert.deepEqual(response.getJson(), { items: [1, 2, 3] })
    assert.equal(response.metrics.chunks, 1)
  },

  'Preset Configurations': async () => {
    mock.respondWith({ text: '{"name": "Lamp"}' })
    const response = await client.streamWithUsage('Generate product data', {
      model: 'gpt-4o-mini',
      responseFormat: { type: 'json_object' },
      streamingOptions: JSON_MODE_OPTIONS,
    })
    assert.deepEqual(response.getJson(), { name: 'Lamp' })
    assert.deepEqual(mock.requests[0].body.response_format, { type: 'json_object' })
  },

  'Event Callbacks': async () => {
    async function onStart() {
      print('Stream started')
    }
    async function onDelta(text) {
      print(`Received: ${text}`)
    }
    async function onUsage(usage) {
      print(`Usage: ${usage.completionTokens}`)
    }
    async function onComplete(finalText) {
      print(`Complete: ${finalText}`)
    }
    async function onError(error) {
      print(`Error: ${error}`)
    }
    const options = new StreamingOptions({ onStart, onDelta, onUsage, onComplete, onError })
    await client.streamWithUsage('Tell me a joke', { model: 'gpt-4o-mini', streamingOptions: options })
    assert.deepEqual(printed.trim().split('\n'), [
      'Stream started',
      'Received: Once',
      'Received:  upon',
      'Received:  a',
      'Received:  time',
      'Usage: 4',
      'Complete: Once upon a time',
    ])
  },

  'JSON Mode Streaming': async () => {
    mock.respondWith({ text: '{"name": "Lamp", "price": 12.5, "description": "Bright"}' })
    const response = await client.streamWithUsage('Generate a product listing with name, price, and description', {
      model: 'gpt-4o-mini',
      responseFormat: { type: 'json_object' },
      streamingOptions: JSON_MODE_OPTIONS,
    })
    const data = response.getJson()
    print(`Product: ${data.name} - $${data.price}`)
    assert.equal(printed, 'Product: Lamp - $12.5\n')
  },

  'Custom Event Processing': async () => {
    const stream = client.stream('Tell me a story', { model: 'gpt-4o-mini' })

    const processor = new EventProcessor()
    processor.addFilter((event) => event.type !== 'ping')
    function uppercaseTransformer(event) {
      if (isTextDelta(event) && event.delta) event.delta = event.delta.toUpperCase()
      return event
    }
    processor.addTransformer(uppercaseTransformer)
    for await (const event of processor.process(stream)) {
      if (isTextDelta(event)) print(event.delta, '')
    }
    assert.equal(printed, 'ONCE UPON A TIME')
  },

  'Streaming with Agents': async () => {
    mock.respondWith([
      {
        text: 'I will compute it.',
        toolCalls: [{ name: 'factorial', arguments: { n: 10 } }],
        finishReason: 'tool_calls',
      },
      { text: 'It is 3628800.' },
    ])
    const agentDefinition = {
      system: 'You calculate.',
      userTemplate: '{query}',
      model: 'gpt-4o-mini',
      tools: [
        {
          name: 'factorial',
          description: 'The factorial of a number',
          parameters: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
          execute: ({ n }) => Array.from({ length: n }, (_, index) => index + 1).reduce((a, b) => a * b, 1),
        },
      ],
    }

    const runner = new AgentRunner()
    for await (const event of runner.stream({
      definition: agentDefinition,
      variables: { query: 'Calculate factorial of 10' },
      options: { streaming: true },
    })) {
      if (event.type === 'delta') print(event.delta, '')
      else if (event.type === 'tool_call') print(`\n[Tool: ${event.metadata.tool}]`)
    }
    assert.equal(printed, 'I will compute it.\n[Tool: factorial]\nIt is 3628800.')
    const [first, second] = mock.requests.map(({ body }) => body.messages)
    assert.deepEqual(first.at(-1), { role: 'user', content: 'Calculate factorial of 10' })
    assert.deepEqual([second.at(-1).role, second.at(-1).content], ['tool', '3628800'])
  },

  'Retry Configuration': async () => {
    mock.respondWith([
      { reset: { beforeHead: true } },
      { text: 'Once upon', reset: { afterTokens: 1 } },
      { text: 'Once upon a time' },
    ])
    const options = new StreamingOptions({
      retry_on_connection_error: true,
      max_reconnect_attempts: 3,
      reconnect_delay: 0.01,
      preserve_partial_response: true,
    })
    try {
      const response = await client.streamWithUsage('Long running task', {
        model: 'gpt-4o-mini',
        streamingOptions: options,
      })
      print(response.getText())
    } catch (error) {
      print(`Streaming failed after retries: ${error}`)
    }
    assert.equal(printed, 'Once upon a time\n')
    assert.equal(mock.requests.length, 3)
  },

  'Timeout Handling': async () => {
    const options = new StreamingOptions({ connection_timeout: 5.0, read_timeout: 30.0, total_timeout: 300.0 })
    assert.deepEqual([options.connectionTimeout, options.readTimeout, options.totalTimeout], [5000, 30_000, 300_000])
    const response = await client.streamWithUsage('Hi', { model: 'gpt-4o-mini', streamingOptions: options })
    assert.equal(response.getText(), 'Once upon a time')
  },

  'High Throughput Configuration': async () => {
    mock.respondWith({ echo: true })
    async function processBatch(prompts) {
      const tasks = []
      for (const prompt of prompts) {
        const task = client.streamWithUsage(prompt, {
          model: 'gpt-4o-mini',
          streamingOptions: HIGH_THROUGHPUT_OPTIONS,
        })
        tasks.push(task)
      }
      return Promise.all(tasks)
    }
    const responses = await processBatch(['one two', 'three', 'four five six'])
    assert.deepEqual(
      responses.map((response) => response.getText()),
      ['one two', 'three', 'four five six'],
    )
  },

  'Memory Management': async () => {
    const options = new StreamingOptions({ chunk_size: 4096, buffer_size: 65_536, enable_compression: true })
    const response = await client.streamWithUsage('Hi', { model: 'gpt-4o-mini', streamingOptions: options })
    assert.equal(response.getText(), 'Once upon a time')
  },

  OpenAI: async () => {
    const response = await client.streamWithUsage('Generate code', {
      model: 'gpt-4',
      streamingOptions: new StreamingOptions({ enableUsageAggregation: false }),
    })
    assert.equal(response.usage.completionTokens, 4)
    assert.equal(mock.requests[0].body.stream_options.include_usage, true)
  },

  Anthropic: async () => {
    mock.respondWith({ body: cachedAnswer, contentType: 'text/event-stream' })
    const response = await client.streamWithUsage({
      messages: [
        { role: 'system', content: 'You are helpful', cache_control: { type: 'ephemeral' } },
        { role: 'user', content: 'Hello' },
      ],
      model: 'claude-3-haiku-20240307',
      onUsage: ({ cacheInfo }) => assert.equal(cacheInfo.cachedTokens, 1500),
    })
    if (response.usage.cacheInfo) print(`Cached tokens: ${response.usage.cacheInfo.cachedTokens}`)
    assert.equal(printed, 'Cached tokens: 1500\n')
    assert.equal(response.usage.cachedTokens, 1500)
    const { system, messages } = mock.requests[0].body
    assert.deepEqual(system, [{ type: 'text', text: 'You are helpful', cache_control: { type: 'ephemeral' } }])
    assert.equal(messages.length, 1)
  },

  'Migration from Old API': async () => {
    assert.throws(() => client.stream('Hello', 'gpt-4', { returnUsage: true }), /streamWithUsage/)
    const response = await client.streamWithUsage('Hello', 'gpt-4')
    assert.equal(response.getText(), 'Once upon a time')
  },
}

const frame = (data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
const cachedAnswer = [
  {
    type: 'message_start',
    message: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      content: [],
      model: 'claude-3-haiku-20240307',
      stop_reason: null,
      usage: { input_tokens: 10, cache_read_input_tokens: 1500, cache_creation_input_tokens: 0, output_tokens: 1 },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello!' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } },
  { type: 'message_stop' },
]
  .map(frame)
  .join('')

for (const [heading, run] of Object.entries(examples)) test(`the example under "${heading}"`, run)

const seeds = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'shared', 'seeds')
const page = existsSync(seeds) ? readdirSync(seeds).find((name) => name.startsWith('004_')) : undefined

test('every example of the guide is here', { skip: page === undefined ? 'no ../shared/seeds here' : false }, () => {
  let heading = ''
  const published = new Set()
  for (const line of readFileSync(join(seeds, page), 'utf8').split('\n')) {
    if (line.startsWith('```python')) published.add(heading)
    else heading = /^##+ (.*)/.exec(line)?.[1] ?? heading
  }
  assert.deepEqual([...published].sort(), Object.keys(examples).sort())
})
