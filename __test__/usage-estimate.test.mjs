// Usage that nobody reports, counted while it streams; and what answers cost.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  AIStream,
  calculateCost,
  countTokens,
  estimateRequestTokens,
  MODEL_PRICING,
  registerPrices,
  StreamClient,
  ValidationError,
} from 'millstream'
import * as streaming from 'millstream/streaming'
import {
  chunk,
  delta,
  done,
  doneMark,
  finish,
  pause,
  serve,
  token,
  until,
  usageFrame,
} from './support/scripted-server.mjs'

const words = ['Exact ', 'counts ', 'of str', 'eamed ', 'text: ', '你好', '🎉', ", it's", ' all ', 'there.']
const text = words.join('')
const messages = [{ role: 'user', content: 'How many tokens is that?' }]

/** OpenAI's format, without usage unless one is given. */
function openai({ pieces = words, usage, hang = false, rest = [] } = {}) {
  return async (exchange) => {
    exchange.sse()
    for (const piece of pieces) exchange.write(delta(piece))
    for (const frame of rest) exchange.write(frame)
    if (hang) return exchange.closed
    exchange.write(finish())
    if (usage !== undefined) exchange.write(chunk([], { usage }))
    exchange.response.end(doneMark)
  }
}

async function clientOf(t, answer, config = {}, vendor = {}) {
  const server = await serve(t, answer)
  return new StreamClient({
    providers: { local: { baseUrl: `${server.url}/v1`, ...vendor } },
    defaultModel: 'gpt-4o',
    retry: { maxRetries: 0 },
    ...config,
  })
}

function expected(model, { said = text, confidence = 0.95, systemPrompt } = {}) {
  const promptTokens = estimateRequestTokens(messages, systemPrompt, model).tokens
  const completionTokens = countTokens(said, model).tokens
  const totalTokens = promptTokens + completionTokens
  return { promptTokens, completionTokens, totalTokens, isEstimated: true, confidence }
}

async function read(iterable) {
  const chunks = []
  for await (const piece of iterable) chunks.push(piece)
  return chunks
}

describe('where the provider reports no usage', () => {
  test('there is none, unless it is asked for', async (t) => {
    const client = await clientOf(t, openai())
    const answer = await client.generate({ messages })
    assert.equal(answer.usage, undefined)
    assert.equal(answer.costUsd, undefined)
  })

  test('one estimate comes before the end: exact text, exact request', async (t) => {
    const client = await clientOf(t, openai(), { usage: 'estimate' })
    const heard = []
    const chunks = await read(
      client.stream({ messages, systemPrompt: 'Be brief.', onUsage: (usage) => void heard.push(usage) }),
    )
    const reports = chunks.filter(({ type }) => type === 'usage')
    assert.deepEqual(
      reports.map(({ usage }) => usage),
      [expected('gpt-4o', { systemPrompt: 'Be brief.' })],
    )
    assert.equal(chunks.at(-1).type, 'finish')
    assert.deepEqual(chunks.at(-1).usage, reports[0].usage)
    assert.deepEqual(heard, [reports[0].usage])
  })

  test('a result, a collected answer and a relay have it as well', async (t) => {
    const client = await clientOf(t, openai(), { usage: 'estimate' })
    assert.deepEqual((await client.generate({ messages })).usage, expected('gpt-4o'))
    const result = await client.stream({ messages })
    assert.deepEqual(await result.usage, expected('gpt-4o'))
    const once = await client.stream({ messages, retain: false })
    assert.deepEqual(await once.usage, expected('gpt-4o'))
    const relayed = await (await client.stream({ messages })).toResponse().text()
    const [, json] = /event: usage\n(?:id: .*\n)?data: (.*)\n/.exec(relayed)
    const { promptTokens, completionTokens, isEstimated, confidence } = JSON.parse(json)
    const { promptTokens: prompt, completionTokens: completion } = expected('gpt-4o')
    assert.deepEqual([promptTokens, completionTokens, isEstimated, confidence], [prompt, completion, true, 0.95])
    assert.equal(relayed.match(/event: usage/g).length, 1)
    // Whoever reads the relay learns that it is an estimate.
    const route = await serve(t, ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(relayed)
    })
    const { usage } = await client.generate({ messages, provider: { endpoint: `${route.url}/chat` } })
    assert.deepEqual([usage.isEstimated, usage.confidence, usage.completionTokens], [true, 0.95, completion])
  })

  test('reasoning, tool calls and other alternatives count as completion', async (t) => {
    const call = { index: 0, id: 'c', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } }
    const rest = [
      chunk([{ index: 0, delta: { reasoning_content: 'Let me think.' }, finish_reason: null }]),
      chunk([{ index: 1, delta: { content: 'Other words' }, finish_reason: null }]),
      chunk([{ index: 0, delta: { tool_calls: [call] }, finish_reason: null }]),
    ]
    const client = await clientOf(t, openai({ rest }), { usage: { estimate: 'tiktoken' } })
    const { usage } = await client.generate({ messages })
    const count = (said) => countTokens(said, 'gpt-4o').tokens
    assert.equal(usage.reasoningTokens, count('Let me think.'))
    assert.equal(
      usage.completionTokens,
      count(text) + count('Let me think.') + count('Other wordsweather{"city":"Oslo"}'),
    )
  })

  test('the estimator is chosen by the model, or by the caller', async (t) => {
    const answer = openai()
    const auto = await clientOf(t, answer, { usage: 'estimate' })
    const strange = (await auto.generate({ messages, model: 'claude-3-opus' })).usage
    assert.deepEqual(strange, expected('claude-3-opus', { confidence: 0.75 }))
    assert.equal(strange.completionTokens, Math.ceil(text.length / 4))
    const forced = await auto.generate({ messages, model: 'claude-3-opus', usage: { estimate: 'tiktoken' } })
    assert.deepEqual(forced.usage, expected('o200k_base', { confidence: 0.85 }))
    const characters = await auto.generate({ messages, usage: { estimate: 'character' } })
    assert.deepEqual(characters.usage, expected('unknown', { confidence: 0.75 }))
    const none = await auto.generate({ messages, usage: 'reported' })
    assert.equal(none.usage, undefined)
  })

  test('a decoder in JavaScript changes nothing of that', async (t) => {
    const { registerProvider } = await import('millstream')
    const server = await serve(t, async ({ response }) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      for (const word of words) response.write(`${JSON.stringify({ say: word })}\n`)
      response.end()
    })
    registerProvider({
      name: 'lines-for-estimates',
      baseUrl: server.url,
      path: 'say',
      auth: 'optional',
      framing: 'lines',
      decode: async function* (lines) {
        for await (const line of lines) yield { type: 'text', content: JSON.parse(line).say }
      },
    })
    const client = new StreamClient({ defaultModel: 'gpt-4o', usage: 'estimate', retry: { maxRetries: 0 } })
    const answer = await client.generate({ messages, provider: 'lines-for-estimates' })
    assert.equal(answer.text, text)
    assert.deepEqual(answer.usage, expected('gpt-4o'))
  })
})

describe('where the provider reports usage', () => {
  test('its report is the only one', async (t) => {
    const usage = { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 }
    const client = await clientOf(t, openai({ usage }), { usage: 'estimate' })
    const chunks = await read(client.stream({ messages }))
    const reports = chunks.filter(({ type }) => type === 'usage')
    assert.equal(reports.length, 1)
    const { promptTokens, completionTokens, isEstimated } = reports[0].usage
    assert.deepEqual([promptTokens, completionTokens, isEstimated], [7, 5, undefined])
  })

  test('so it is in a conversation', async (t) => {
    const server = await serve(t, async (exchange) => {
      exchange
        .sse()
        .write(token('Hi'))
        .write(usageFrame({ promptTokens: 3, completionTokens: 1, totalTokens: 4 }))
      exchange.response.end(done())
    })
    const stream = new AIStream({ endpoint: `${server.url}/chat`, model: 'gpt-4o', usage: 'estimate' })
    const heard = []
    stream.on('usage', (usage) => heard.push(usage))
    await stream.send('Hello')
    assert.equal(heard.length, 1)
    assert.deepEqual([heard[0].totalTokens, heard[0].isEstimated], [4, undefined])
  })
})

describe('an answer that does not come to its end', () => {
  test('stopped: its usage is that of the text that was delivered, once', async (t) => {
    const server = await serve(t, async (exchange) => {
      exchange.sse()
      for (const word of words) exchange.write(token(word))
      await exchange.closed
    })
    const costs = []
    const stream = new AIStream({
      endpoint: `${server.url}/chat`,
      model: 'gpt-4o',
      usage: 'estimate',
      onCost: (usage, cost) => costs.push([usage, cost]),
    })
    const heard = []
    let tokens = 0
    stream.on('usage', (usage) => {
      heard.push(usage)
      // What stops already may be stopped again.
      stream.stop()
    })
    stream.on('token', () => {
      if (++tokens === 4) stream.stop()
    })
    await stream.send(messages[0].content)
    const said = stream.getMessages().at(-1)
    assert.equal(said.partial, true)
    assert.equal(said.content, words.slice(0, 4).join(''))
    assert.equal(heard.length, 1)
    assert.deepEqual(heard[0], expected('gpt-4o', { said: said.content }))
    assert.deepEqual(stream.getUsage(), { ...heard[0], partial: true })
    assert.equal(costs.length, 1)
    assert.equal(costs[0][1], calculateCost(heard[0], 'gpt-4o'))
    assert.equal(stream.getCost(), costs[0][1])
  })

  test('aborted by its reader: usage flagged partial', async (t) => {
    const client = await clientOf(t, openai({ hang: true }), { usage: 'estimate' })
    const result = await client.stream({ messages })
    let read = ''
    for await (const piece of result.textStream) {
      read += piece
      if (read === text) break
    }
    assert.deepEqual(await result.usage, { ...expected('gpt-4o'), partial: true })
    assert.equal(client.totalUsage.completionTokens, countTokens(text, 'gpt-4o').tokens)
  })

  test('stopped when the report is in already: its usage is that report', async (t) => {
    const server = await serve(t, async (exchange) => {
      const usage = usageFrame({ promptTokens: 3, completionTokens: 2, totalTokens: 5 })
      exchange.response.writeHead(200, { 'content-type': 'text/event-stream' })
      exchange.response.end(token('One ') + token('two') + usage + done())
    })
    // All of it comes in one delivery.
    const stream = new AIStream(
      { endpoint: `${server.url}/chat`, model: 'gpt-4o', usage: 'estimate' },
      { flushInterval: 200 },
    )
    const heard = []
    stream.on('usage', (usage) => heard.push(usage))
    stream.on('token', (piece) => {
      if (piece !== 'two') return
      const until = performance.now() + 50
      while (performance.now() < until);
      stream.stop()
    })
    await stream.send('Hello')
    assert.equal(stream.getMessages().at(-1).partial, true)
    assert.deepEqual(
      heard.map(({ totalTokens, isEstimated }) => [totalTokens, isEstimated]),
      [[5, undefined]],
    )
  })

  test('stopped before anything came: none', async (t) => {
    const server = await serve(t, async (exchange) => {
      exchange.sse()
      await exchange.closed
    })
    const stream = new AIStream({ endpoint: `${server.url}/chat`, model: 'gpt-4o', usage: 'estimate' })
    stream.on('usage', () => assert.fail('nothing was said'))
    const sent = stream.send('Hello')
    await until(() => server.exchanges.length === 1)
    await pause(20)
    stream.stop()
    await sent
    assert.equal(stream.getUsage().totalTokens, 0)
  })

  test('broken off: what came is counted; refused: nothing is', async (t) => {
    const broken = await clientOf(
      t,
      async (exchange) => {
        exchange.sse()
        for (const word of words) exchange.write(delta(word))
        await pause(50)
        exchange.reset()
      },
      { usage: 'estimate' },
    )
    const chunks = await read(broken.stream({ messages }, { errors: 'chunk' }))
    const reports = chunks.filter(({ type }) => type === 'usage')
    assert.deepEqual(
      reports.map(({ usage }) => usage),
      [expected('gpt-4o')],
    )
    assert.equal(chunks.at(-1).type, 'error')
    const refused = await clientOf(t, ({ response }) => response.writeHead(401).end('{}'), { usage: 'estimate' })
    await assert.rejects(refused.generate({ messages }))
    assert.equal(refused.totalUsage.totalTokens, 0)
  })
})

describe('costs', () => {
  test('are tokens times prices, as documented', () => {
    assert.deepEqual(MODEL_PRICING['gpt-4'], { input: 0.03, output: 0.06 })
    for (const [model, input, output] of [
      ['gpt-4', 0.03, 0.06],
      ['gpt-4-turbo', 0.01, 0.03],
      ['gpt-3.5-turbo', 0.0005, 0.0015],
      ['claude-3-opus', 0.015, 0.075],
      ['claude-3-sonnet', 0.003, 0.015],
      ['claude-3-haiku', 0.00025, 0.00125],
      ['claude-sonnet-4', 0.003, 0.015],
      ['llama-3-70b', 0.0008, 0.0008],
      ['llama-3-8b', 0.0002, 0.0002],
    ]) {
      assert.deepEqual(MODEL_PRICING[model], { input, output }, model)
      assert.equal(calculateCost(1234, 567, model), (1234 / 1000) * input + (567 / 1000) * output)
    }
    assert.equal(streaming.calculateCost, calculateCost)
    assert.equal(streaming.MODEL_PRICING, MODEL_PRICING)
  })

  test('are unknown for models without a price, never nothing', async (t) => {
    assert.equal(calculateCost(1000, 1000, 'no-such-model'), undefined)
    assert.equal(calculateCost(1000, 1000, 'toString'), undefined)
    assert.equal(calculateCost(1000, 1000, 'gpt-4-nobody-knows'), undefined)
    const client = await clientOf(t, openai(), { usage: 'estimate' })
    assert.equal((await client.generate({ messages, model: 'no-such-model' })).costUsd, undefined)
    assert.equal(client.totalCost, 0)
  })

  test('know a model by its dated and prefixed names', () => {
    for (const [name, model] of [
      ['gpt-4o-mini-2024-07-18', 'gpt-4o-mini'],
      ['gpt-4-0613', 'gpt-4'],
      ['claude-3-opus-20240229', 'claude-3-opus'],
      ['claude-3-5-sonnet-latest', 'claude-3-5-sonnet'],
      ['us.anthropic.claude-3-haiku-20240307-v1:0', 'claude-3-haiku'],
      ['claude-opus-4@20250514', 'claude-opus-4'],
      ['models/gemini-2.0-flash-001', 'gemini-2.0-flash'],
      ['openai/gpt-4o', 'gpt-4o'],
    ]) {
      assert.ok(calculateCost(1000, 1000, model) > 0, model)
      assert.equal(calculateCost(1000, 1000, name), calculateCost(1000, 1000, model), name)
    }
    // A model that has a price of its own under its date.
    assert.notEqual(calculateCost(1000, 1000, 'gpt-4o-2024-05-13'), calculateCost(1000, 1000, 'gpt-4o'))
    // The same model elsewhere costs something else.
    assert.notEqual(
      calculateCost(1000, 1000, 'groq/openai/gpt-oss-120b'),
      calculateCost(1000, 1000, 'cerebras/gpt-oss-120b'),
    )
  })

  test('of cached tokens are those of the cache', () => {
    const near = (actual, expected) => assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} and ${expected}`)
    const usage = { promptTokens: 1000, completionTokens: 100, totalTokens: 1100, cachedTokens: 800 }
    near(calculateCost(usage, 'gpt-4o'), (200 * 2.5 + 800 * 1.25 + 100 * 10) / 1e6)
    near(calculateCost(usage, 'gpt-4'), (1000 * 30 + 100 * 60) / 1e6)
    const written = { ...usage, raw: { cache_creation_input_tokens: 150 } }
    near(calculateCost(written, 'claude-sonnet-4-5'), (50 * 3 + 800 * 0.3 + 150 * 3.75 + 100 * 15) / 1e6)
  })

  test("of answers are in the result, the callback and the client's total", async (t) => {
    const usage = { prompt_tokens: 1000, completion_tokens: 500, total_tokens: 1500 }
    const client = await clientOf(t, openai({ usage }), {
      prices: {
        mine: { inputPerMillion: 1, outputPerMillion: 2 },
        'local/gpt-4o': { inputPerMillion: 2, outputPerMillion: 4 },
      },
    })
    const answer = await client.generate({ messages, model: 'mine' })
    assert.equal(answer.costUsd, 0.002)
    const result = await client.stream({ messages })
    assert.equal(await result.costUsd, 0.004)
    assert.equal(client.totalCost.toFixed(6), '0.006000')
    assert.equal(client.totalUsage.totalTokens, 3000)

    const conversation = await serve(t, openai({ usage }))
    const costs = []
    const stream = new AIStream({
      provider: { baseUrl: `${conversation.url}/v1`, apiKey: 'test' },
      model: 'gpt-4',
      usageMode: 'total',
      onCost: (_usage, cost) => costs.push(cost),
    })
    await stream.send('One')
    await stream.send('Two')
    assert.deepEqual(costs, [0.06, 0.12])
    assert.equal(stream.getCost(), 0.12)
    stream.reset()
    assert.equal(stream.getCost(), undefined)
  })

  test('follow registered prices, and refuse what is none', () => {
    assert.equal(calculateCost(1000, 500, 'a-model-of-this-test'), undefined)
    for (const inputPerMillion of [1, 2]) {
      registerPrices({ 'a-model-of-this-test': { inputPerMillion, outputPerMillion: 2 } })
      assert.equal(calculateCost(1000, 500, 'a-model-of-this-test'), (inputPerMillion + 1) / 1000)
    }
    const refused = (call, field) =>
      assert.throws(call, (error) => error instanceof ValidationError && error.field === field)
    refused(() => registerPrices({ m: { inputPerMillion: -1, outputPerMillion: 1 } }), 'prices.m.inputPerMillion')
    refused(() => registerPrices({ m: { inputPerMillion: 1 } }), 'prices.m.outputPerMillion')
    refused(() => registerPrices({ m: MODEL_PRICING['gpt-4'] }), 'prices.m.input')
    refused(() => new StreamClient({ prices: [] }), 'prices')
    refused(() => new StreamClient({ usage: 'guess' }), 'usage')
    refused(() => new StreamClient({ usage: { estimate: 'guess' } }), 'usage.estimate')
    refused(() => calculateCost(-1, 1, 'gpt-4'), 'promptTokens')
  })
})
