// Tools that are run: calls, their results and what the model makes of them, as one answer.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { AIStream, decodeStream, defineTool, StreamClient, TimeoutError, ValidationError } from 'millstream'
import { MockProvider } from 'millstream/testing'
import { z } from 'zod'
import { readAll } from './support/async.mjs'
import { until } from './support/scripted-server.mjs'

async function provide(t, options) {
  const mock = await MockProvider.start(options)
  t.after(() => mock.close())
  const local = { baseUrl: `${mock.url}/v1`, model: 'mock' }
  return { mock, client: new StreamClient({ providers: { local }, retry: { maxRetries: 0 } }) }
}

const place = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
const weather = (execute = ({ city }) => ({ city, celsius: 4 })) => ({
  name: 'weather',
  description: 'How warm it is',
  parameters: place,
  execute,
})
const call = (city, id, name = 'weather') => ({ name, id, args: { city } })

/** The kinds of chunks, neighbours of one kind once. */
function kinds(chunks) {
  const all = chunks.map(({ type }) => type).filter((type) => type !== 'tool-call-delta' && type !== 'metadata')
  return all.filter((type, at) => type !== all[at - 1])
}

test('a tool is run, its result goes back, and the answer goes on', async (t) => {
  const { mock, client } = await provide(t, {
    script: [{ text: 'I look.', toolCalls: [call('Oslo', 'c1')] }, { text: 'It is four degrees.' }],
  })
  const given = []
  const tool = weather(async (args, context) => {
    given.push({ args, ...context })
    await pause(5)
    return { celsius: 4 }
  })
  const result = await client.stream({ prompt: 'Oslo?', systemPrompt: 'Be brief.', tools: [tool] })
  const chunks = await readAll(result)
  assert.deepEqual(kinds(chunks), ['text', 'tool-call', 'tool-result', 'text', 'usage', 'finish'])
  const { content: _, ...told } = chunks.find(({ type }) => type === 'tool-result')
  assert.deepEqual(told, { type: 'tool-result', id: 'c1', tool: 'weather', result: { celsius: 4 } })
  assert.deepEqual(
    chunks.filter(({ type }) => type === 'text').map(({ index }) => index),
    [...chunks.filter(({ type }) => type === 'text').keys()],
  )

  assert.deepEqual(given[0].args, { city: 'Oslo' })
  assert.equal(given[0].toolCallId, 'c1')
  assert.ok(given[0].signal instanceof AbortSignal && !given[0].signal.aborted)
  assert.deepEqual(
    given[0].messages.map(({ role }) => role),
    ['user', 'assistant'],
  )

  assert.equal(await result.text, 'I look.It is four degrees.')
  assert.equal(await result.finishReason, 'stop')
  const collected = await result.collect()
  assert.deepEqual(
    collected.toolCalls.map(({ tool, args }) => [tool, args]),
    [['weather', { city: 'Oslo' }]],
  )
  assert.deepEqual(collected.toolResults, [{ id: 'c1', tool: 'weather', result: { celsius: 4 } }])

  assert.equal(mock.requests.length, 2)
  const [first, second] = mock.requests.map(({ body }) => body)
  assert.deepEqual(first.tools, [
    { type: 'function', function: { name: 'weather', description: 'How warm it is', parameters: place } },
  ])
  assert.deepEqual(second.tools, first.tools)
  assert.deepEqual(second.messages.slice(0, 2), first.messages)
  const [assistant, answer] = second.messages.slice(2)
  assert.deepEqual([assistant.role, assistant.content, assistant.tool_calls[0].id], ['assistant', 'I look.', 'c1'])
  assert.deepEqual(JSON.parse(assistant.tool_calls[0].function.arguments), { city: 'Oslo' })
  assert.deepEqual(answer, { role: 'tool', tool_call_id: 'c1', content: '{"celsius":4}' })
})

test('the counts of all turns are added up, and told once', async (t) => {
  const { client } = await provide(t, {
    script: [{ text: 'one two three', toolCalls: [call('Oslo')] }, { text: 'four five' }],
  })
  const alone = await Promise.all([0, 1].map(() => client.generate('Oslo?')))
  const { client: again } = await provide(t, {
    script: [{ text: 'one two three', toolCalls: [call('Oslo')] }, { text: 'four five' }],
  })
  const reports = []
  const answer = await again.generate({ prompt: 'Oslo?', tools: [weather()], onUsage: (usage) => reports.push(usage) })
  assert.equal(answer.usage.completionTokens, alone[0].usage.completionTokens + alone[1].usage.completionTokens)
  assert.equal(answer.usage.totalTokens, answer.usage.promptTokens + answer.usage.completionTokens)
  assert.deepEqual(reports, [answer.usage])
})

test('what a later turn tells again of the answer is told once, what is new or different passes', async (t) => {
  const turn = (delta, finish, tier) => {
    const chunk = (choice) => ({
      id: 'x',
      model: 'm',
      service_tier: tier,
      system_fingerprint: 'fp_1',
      choices: [choice],
    })
    const chunks = [chunk({ index: 0, delta }), chunk({ index: 0, delta: {}, finish_reason: finish })]
    return `${chunks.map((one) => `data: ${JSON.stringify(one)}\n\n`).join('')}data: [DONE]\n\n`
  }
  const lookup = { tool_calls: [{ index: 0, id: 'c', function: { name: 'weather', arguments: '{"city":"Oslo"}' } }] }
  const told = async (...tiers) => {
    const turns = tiers.map((tier, at) => {
      return at === tiers.length - 1 ? turn({ content: 'Cold.' }, 'stop', tier) : turn(lookup, 'tool_calls', tier)
    })
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(turns.shift())
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const local = { baseUrl: `http://127.0.0.1:${server.address().port}/v1`, model: 'm' }
    const client = new StreamClient({ providers: { local }, retry: { maxRetries: 0 } })
    const result = await client.stream({ prompt: '?', tools: [weather()] })
    const chunks = await readAll(result)
    assert.equal(chunks.filter(({ type }) => type === 'tool-result').length, tiers.length - 1)
    return chunks.flatMap((chunk) => (chunk.type === 'metadata' ? Object.entries(chunk.metadata).map(String) : []))
  }
  const names = (entries) => entries.map((entry) => entry.split(',')).filter(([name]) => /tier|fingerprint/i.test(name))
  const alone = await told('default')
  assert.equal(names(alone).length, 2, alone.join(' '))
  assert.deepEqual(await told('default', 'default', 'default'), alone)
  const changed = await told('default', 'flex', 'flex')
  assert.deepEqual(
    names(changed)
      .slice(2)
      .map(([, value]) => value),
    ['flex'],
  )
})

test('calls of one turn are run at the same time, and their results come in the order of the calls', async (t) => {
  const { mock, client } = await provide(t, {
    script: [{ toolCalls: [call('Oslo', 'a'), call('Rome', 'b'), call('Lima', 'c')] }, { text: 'done' }],
  })
  let running = 0
  let most = 0
  const delays = { Oslo: 60, Rome: 5, Lima: 30 }
  const tool = weather(async ({ city }) => {
    most = Math.max(most, ++running)
    await pause(delays[city])
    running--
    return city
  })
  const chunks = await readAll(client.stream({ prompt: '?', tools: [tool] }))
  assert.equal(most, 3)
  const results = chunks.filter(({ type }) => type === 'tool-result')
  assert.deepEqual(
    results.map(({ id, result }) => [id, result]),
    [
      ['a', 'Oslo'],
      ['b', 'Rome'],
      ['c', 'Lima'],
    ],
  )
  assert.deepEqual(
    mock.requests[1].body.messages.slice(2).map((message) => [message.tool_call_id, message.content]),
    [
      ['a', 'Oslo'],
      ['b', 'Rome'],
      ['c', 'Lima'],
    ],
  )
})

test('a tool that throws is told to the model, and the answer goes on', async (t) => {
  const { mock, client } = await provide(t, { script: [{ toolCalls: [call('Oslo', 'c1')] }, { text: 'Sorry.' }] })
  const tool = weather(() => {
    throw new Error('the weather service is down')
  })
  const answer = await client.generate({ prompt: '?', tools: [tool] })
  assert.deepEqual(answer.toolResults, [
    { id: 'c1', tool: 'weather', result: 'the weather service is down', isError: true },
  ])
  assert.ok(answer.text.endsWith('Sorry.'))
  assert.equal(mock.requests[1].body.messages.at(-1).content, 'the weather service is down')
})

test('what a tool gives is JSON, or else an error', async (t) => {
  const values = [undefined, null, 'text', 7, [1], { at: new Date(0), f() {} }, 1n]
  const { client } = await provide(t, {
    script: [{ toolCalls: values.map((_, at) => ({ name: 'give', id: `c${at}`, args: { at } })) }, { text: 'ok' }],
  })
  const give = { name: 'give', execute: ({ at }) => values[at] }
  const { toolResults } = await client.generate({ prompt: '?', tools: [give] })
  const [last, ...others] = toolResults.reverse()
  assert.deepEqual(
    others.reverse().map(({ result }) => result),
    [null, null, 'text', 7, [1], { at: '1970-01-01T00:00:00.000Z' }],
  )
  assert.equal(last.isError, true)
  assert.match(last.result, /BigInt/)
})

test('arguments that do not match the schema are not run, and the model is told why', async (t) => {
  const { mock, client } = await provide(t, {
    script: [
      {
        toolCalls: [
          { name: 'weather', id: 'a', args: { city: 7 } },
          { name: 'when', id: 'b', args: { day: 'x' } },
        ],
      },
      { text: 'ok' },
    ],
  })
  const run = []
  const when = defineTool({
    name: 'when',
    parameters: z.object({ day: z.number() }),
    execute: ({ day }) => run.push(day),
  })
  const { toolResults } = await client.generate({ prompt: '?', tools: [weather((args) => run.push(args)), when] })
  assert.deepEqual(run, [])
  assert.deepEqual(
    toolResults.map(({ isError }) => isError),
    [true, true],
  )
  assert.match(toolResults[0].result, /^The arguments do not match the tool's schema: city: /)
  assert.match(toolResults[1].result, /day: /)
  assert.equal(mock.requests[1].body.messages.at(-1).content, toolResults[1].result)
})

test('arguments are what a schema of a library makes of them', async (t) => {
  const { mock, client } = await provide(t, {
    script: [{ toolCalls: [{ name: 'add', args: { a: '2' } }] }, { text: 'ok' }],
  })
  const add = defineTool({
    name: 'add',
    parameters: z.object({ a: z.coerce.number(), b: z.number().default(40) }),
    execute: ({ a, b }) => a + b,
  })
  const { toolResults } = await client.generate({ prompt: '?', tools: [add] })
  assert.equal(toolResults[0].result, 42)
  assert.equal(mock.requests[0].body.tools[0].function.parameters.properties.b.default, 40)
})

test('arguments that are cut or no JSON are reported with their text, not run, and told to the model', async (t) => {
  const { mock, client } = await provide(t, {
    script: [
      { toolCalls: [{ name: 'weather', id: 'a', arguments: '{"city": "Os' }, call('Rome', 'b')] },
      { text: 'ok' },
    ],
  })
  const run = []
  const chunks = await readAll(client.stream({ prompt: '?', tools: [weather(({ city }) => run.push(city))] }))
  assert.deepEqual(run, ['Rome'])
  const bad = chunks.find(({ type, id }) => type === 'tool-call' && id === 'a')
  assert.deepEqual([bad.valid, bad.args, bad.rawArguments], [false, undefined, '{"city": "Os'])
  const result = chunks.find(({ type, id }) => type === 'tool-result' && id === 'a')
  assert.equal(result.isError, true)
  assert.match(result.result, /not complete, well-formed JSON: \{"city": "Os$/)
  const { tool_calls: calls } = mock.requests[1].body.messages[1]
  const sent = calls.find(({ id }) => id === 'a')
  assert.deepEqual(JSON.parse(sent.function.arguments), {}, 'what is no JSON is not sent as such')
})

test('a call of a tool that is not there names it, and the model is told what there is', async (t) => {
  const { client } = await provide(t, { script: [{ toolCalls: [call('Oslo', 'c1', 'wether')] }, { text: 'ok' }] })
  const answer = await client.generate({ prompt: '?', tools: [weather()] })
  assert.deepEqual(answer.toolResults[0], {
    id: 'c1',
    tool: 'wether',
    result: 'There is no tool `wether`. Known: `weather`',
    isError: true,
  })
  assert.ok(answer.text.endsWith('ok'))
})

test('after the last step its calls are run, and the answer ends', async (t) => {
  const { mock, client } = await provide(t, { toolCalls: [call('Oslo', 'same')] })
  let runs = 0
  const tools = [weather(() => ++runs)]
  const answer = await client.generate({ prompt: '?', tools })
  assert.deepEqual([mock.requests.length, runs, answer.finishReason], [5, 5, 'tool-calls'])
  assert.deepEqual(
    answer.toolResults.map(({ result }) => result),
    [1, 2, 3, 4, 5],
  )
  assert.equal(new Set(answer.toolCalls.map(({ id }) => id)).size, 5, 'ids that come again are told apart')
  assert.deepEqual(
    answer.toolCalls.map(({ index }) => index),
    [0, 1, 2, 3, 4],
  )
  const last = mock.requests[4].body.messages
  const ids = last.filter(({ role }) => role === 'tool').map((message) => message.tool_call_id)
  assert.deepEqual(
    ids,
    last.filter((message) => message.tool_calls).map((message) => message.tool_calls[0].id),
  )
  const once = await client.generate({ prompt: '?', tools, maxSteps: 1 })
  assert.deepEqual([mock.requests.length, once.toolResults.length], [6, 1])
})

test('tools that somebody else runs are left to them', async (t) => {
  const { mock, client } = await provide(t, { script: [{ toolCalls: [call('Oslo', 'a'), call('Oslo', 'b', 'map')] }] })
  const map = { type: 'function', function: { name: 'map', parameters: place } }
  const answer = await client.generate({ prompt: '?', tools: [weather(), map] })
  assert.equal(mock.requests.length, 1)
  assert.equal(answer.finishReason, 'tool-calls')
  assert.deepEqual(
    answer.toolResults.map(({ id }) => id),
    ['a'],
  )
  assert.deepEqual(
    mock.requests[0].body.tools.map((tool) => tool.function.name),
    ['weather', 'map'],
  )
})

test('callbacks hear of calls, results and steps, in order', async (t) => {
  const { client } = await provide(t, {
    script: [{ text: 'I look.', toolCalls: [call('Oslo', 'c1')] }, { text: 'Cold.' }],
  })
  const heard = []
  const answer = await client.generate({
    prompt: '?',
    tools: [weather()],
    onToolCall: ({ id, args }) => heard.push(['call', id, args.city]),
    onToolResult: ({ id, result }) => heard.push(['result', id, result.celsius]),
    onComplete: () => heard.push(['complete']),
  })
  assert.deepEqual(heard, [['call', 'c1', 'Oslo'], ['result', 'c1', 4], ['complete']])
  assert.equal(answer.text, 'I look.Cold.')

  const { client: other } = await provide(t, {
    script: [{ text: 'I look.', toolCalls: [call('Oslo', 'c1')] }, { text: 'Cold.' }],
  })
  const steps = []
  await other.generate({ prompt: '?', tools: [weather()], onStep: (step) => steps.push(step) })
  assert.deepEqual(
    steps.map(({ step, text, finishReason }) => [step, text, finishReason]),
    [
      [1, 'I look.', 'tool-calls'],
      [2, 'Cold.', 'stop'],
    ],
  )
  assert.deepEqual(
    steps[0].messages.map(({ role }) => role),
    ['assistant', 'tool'],
  )
  assert.equal(steps[0].toolResults[0].result.celsius, 4)
  assert.ok(steps.every(({ usage }) => usage.completionTokens > 0))
})

test('what onStep throws ends the answer', async (t) => {
  const { mock, client } = await provide(t, { script: [{ toolCalls: [call('Oslo')] }, { text: 'never' }] })
  const mine = new Error('enough')
  const onStep = () => {
    throw mine
  }
  await assert.rejects(client.generate({ prompt: '?', tools: [weather()], onStep }), mine)
  await assert.rejects(
    readAll(client.stream({ prompt: '?', tools: [weather()], onStep })),
    (error) => error.cause === mine,
  )
  await pause(30)
  assert.equal(mock.requests.length, 2)
})

test('whoever leaves aborts the tools that run, and nothing more is asked', async (t) => {
  const { mock, client } = await provide(t, { toolCalls: [call('Oslo')] })
  const aborted = []
  const tool = weather(async (_, { signal }) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    aborted.push(true)
  })
  for await (const chunk of client.stream({ prompt: '?', tools: [tool] })) if (chunk.type === 'tool-call') break
  await until(() => aborted.length === 1, 'the tool to be aborted')

  const control = new AbortController()
  const running = client.generate({ prompt: '?', tools: [tool], signal: control.signal })
  await until(() => mock.requests.length === 2)
  setTimeout(() => control.abort(new Error('mine')), 20)
  await assert.rejects(running, (error) => error.type === 'aborted_error' && error.cause.message === 'mine')
  await until(() => aborted.length === 2, 'the tool to be aborted')
  assert.equal(mock.requests.length, 2)
})

test('the total timeout spans the tools, and aborts those that run', async (t) => {
  for (const timeout of [300, { total: 300 }]) {
    const { mock, client } = await provide(t, {
      script: [{ text: 'I look.', toolCalls: [call('Oslo'), call('Rome')] }, { text: 'never' }],
    })
    const signals = []
    const tool = weather((_, { signal }) => {
      signals.push(signal)
      return new Promise(() => {})
    })
    const result = client.stream({ prompt: '?', tools: [tool], timeout })
    const chunks = []
    const began = performance.now()
    const error = await (async () => {
      for await (const chunk of result) chunks.push(chunk)
    })().catch((thrown) => thrown)
    assert.ok(error instanceof TimeoutError, String(error))
    const { phase, code, type, message, provider, partialText, attempt } = error
    assert.deepEqual(
      { phase, code, type, message, provider, partialText, attempt },
      {
        phase: 'total',
        code: 'TOTAL_TIMEOUT',
        type: 'timeout_error',
        message: 'total timeout: the answer was not complete within 300 ms',
        provider: 'local',
        partialText: 'I look.',
        attempt: 1,
      },
    )
    assert.ok(performance.now() - began >= 250)
    assert.deepEqual(kinds(chunks), ['text', 'tool-call', 'usage'])
    assert.deepEqual(
      signals.map(({ aborted, reason }) => [aborted, reason.phase]),
      [
        [true, 'total'],
        [true, 'total'],
      ],
    )
    assert.equal(mock.requests.length, 1)
  }
})

test('a later turn has what the turns and tools before it left of the total timeout', async (t) => {
  const { mock, client } = await provide(t, {
    script: [
      { text: 'I look.', toolCalls: [call('Oslo')] },
      { text: 'word '.repeat(2000), tokensPerSecond: 50 },
    ],
  })
  const tool = weather(() => pause(500, 'ok'))
  const began = performance.now()
  await assert.rejects(client.generate({ prompt: '?', tools: [tool], timeout: { total: 1000 } }), (error) => {
    assert.ok(error instanceof TimeoutError, String(error))
    assert.deepEqual([error.phase, error.message.match(/\d+/)[0]], ['total', '1000'])
    assert.match(error.partialText, /^I look\.word word /)
    return true
  })
  // A clock of its own would let the turn go on until 1500 at least.
  assert.ok(performance.now() - began < 1450)
  await until(() => mock.requests[1].closedByClient, 'the connection to close')
})

test('an answer with tools that is over in time leaves no clock behind', async (t) => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const { client } = await provide(t, { script: [{ toolCalls: [call('Oslo')], tokens: 0 }, { text: 'Cold.' }] })
  const before = timers()
  const running = []
  const tool = weather(() => running.push(timers() - before))
  assert.equal((await client.generate({ prompt: '?', tools: [tool], timeout: 60_000 })).text, 'Cold.')
  assert.deepEqual(running, [1])
  assert.equal(timers(), before)

  const { client: left } = await provide(t, { toolCalls: [call('Oslo')] })
  const besides = timers()
  const hangs = weather(() => new Promise(() => {}))
  for await (const chunk of left.stream({ prompt: '?', tools: [hangs], timeout: 60_000 })) {
    if (chunk.type === 'tool-call') break
  }
  await until(() => timers() === besides, 'the clock to stop')
})

test('leaving in the middle of a turn closes the connection to the provider', async (t) => {
  const { mock, client } = await provide(t, { text: 'word '.repeat(2000), tokensPerSecond: 50 })
  for await (const chunk of client.stream({ prompt: '?', tools: [weather()] })) if (chunk.type === 'text') break
  await until(() => mock.requests[0].closedByClient, 'the connection to close')
})

test('a failure of a turn is that of the answer, with what was used until then', async (t) => {
  const { client } = await provide(t, { script: [{ text: 'I look.', toolCalls: [call('Oslo')] }, { status: 429 }] })
  const result = await client.stream({ prompt: '?', tools: [weather()] })
  const chunks = []
  await assert.rejects(
    async () => {
      for await (const chunk of result) chunks.push(chunk)
    },
    { type: 'rate_limit_error', status: 429, provider: 'local', partialText: 'I look.' },
  )
  assert.deepEqual(kinds(chunks), ['text', 'tool-call', 'tool-result', 'usage'])

  const { client: refused } = await provide(t, { status: 401 })
  await assert.rejects(async () => await refused.stream({ prompt: '?', tools: [weather()] }), { type: 'auth_error' })
})

test('a break after a call runs nothing', async (t) => {
  const { client } = await provide(t, { toolCalls: [call('Oslo')], omit: ['finish', 'done'] })
  let runs = 0
  await assert.rejects(client.generate({ prompt: '?', tools: [weather(() => ++runs)] }), { type: 'truncated_error' })
  assert.equal(runs, 0)
})

test('told to call a tool, the model is not told again with the results', async (t) => {
  const { mock, client } = await provide(t, { script: [{ toolCalls: [call('Oslo')] }, { text: 'ok' }] })
  await client.generate({ prompt: '?', tools: [weather()], toolChoice: 'required' })
  assert.deepEqual(
    mock.requests.map(({ body }) => body.tool_choice),
    ['required', 'auto'],
  )
})

test('thoughts and their signatures go back with the calls', async (t) => {
  const mock = await MockProvider.start({
    protocol: 'anthropic',
    script: [{ reasoning: 'I should look.', text: 'I look.', toolCalls: [call('Oslo', 'toolu_1')] }, { text: 'Cold.' }],
  })
  t.after(() => mock.close())
  const client = new StreamClient({
    providers: { anthropic: { baseUrl: `${mock.url}/v1`, apiKey: 'test', model: 'm' } },
  })
  const answer = await client.generate({ provider: 'anthropic', prompt: '?', tools: [weather()], maxTokens: 2000 })
  assert.deepEqual([answer.text, answer.toolResults[0].result.celsius], ['I look.Cold.', 4])
  const [, assistant, user] = mock.requests[1].body.messages
  const [thought] = assistant.content
  assert.deepEqual(
    assistant.content.map(({ type }) => type),
    ['thinking', 'text', 'tool_use'],
  )
  assert.equal(thought.thinking, 'I should look.')
  assert.ok(thought.signature.length > 0)
  assert.deepEqual(user.content[0].type, 'tool_result')
  assert.equal(user.content[0].tool_use_id, assistant.content.at(-1).id)
})

test('structured output is what the model says last', async (t) => {
  const { mock, client } = await provide(t, {
    script: [{ text: 'I look it up.', toolCalls: [call('Oslo')] }, { text: '{"celsius": 4}' }],
  })
  const output = { schema: z.object({ celsius: z.number() }) }
  const result = await client.stream({ prompt: '?', tools: [weather()], output })
  const parts = []
  for await (const part of result.partialObjectStream) parts.push(part)
  assert.deepEqual(parts.at(-1), { celsius: 4 })
  assert.deepEqual(await result.object, { celsius: 4 })
  assert.equal(mock.requests[1].body.response_format.type, 'json_schema')
})

test('an answer with tools is sent on like any other', async (t) => {
  const script = [{ text: 'I look.', toolCalls: [call('Oslo', 'c1')] }, { text: 'Cold.' }]
  for (const [format, pattern] of [
    [
      'events',
      /event: tool_result\nid: .*\ndata: \{"id":"c1","name":"weather","result":\{"city":"Oslo","celsius":4\}\}/,
    ],
    ['ui-message', /"type":"tool-output-available","toolCallId":"c1","output":\{"city":"Oslo","celsius":4\}/],
    ['ndjson', /\{"event":"tool_result","data":/],
    ['text', /^I look\.Cold\.$/],
    ['openai', /"content":"Cold\."/],
  ]) {
    const { client } = await provide(t, { script })
    const response = (await client.stream({ prompt: '?', tools: [weather()] })).toResponse({ format })
    assert.match(await response.text(), pattern, format)
  }
})

test('a route runs tools', async (t) => {
  const { mock, client } = await provide(t, {
    script: [{ text: 'I look.', toolCalls: [call('Oslo', 'c1')] }, { text: 'Cold.' }],
  })
  const route = client.handler({ transform: (question) => ({ ...question, tools: [weather()] }) })
  const body = JSON.stringify({ messages: [{ role: 'user', content: 'Oslo?' }] })
  const text = await (await route(new Request('http://app.test/', { method: 'POST', body }))).text()
  assert.match(text, /event: tool_call\n[\s\S]*event: tool_result\n[\s\S]*"Cold\."[\s\S]*event: done\n/)
  assert.equal(mock.requests.length, 2)

  // What goes out is read back by our own reader.
  const read = await decodeStream(new Response(text).body, { protocol: 'events' }).collect()
  assert.deepEqual(read.toolResults, [{ id: 'c1', tool: 'weather', result: { city: 'Oslo', celsius: 4 } }])
  assert.deepEqual([read.text, read.finishReason], ['I look.Cold.', 'stop'])
})

test('a conversation over a route that runs tools hears of calls and results', async (t) => {
  const { client } = await provide(t, {
    script: [{ text: 'I look.', toolCalls: [call('Oslo', 'c1')] }, { text: 'Cold.' }],
  })
  const route = client.nodeHandler({ transform: (question) => ({ ...question, tools: [weather()] }) })
  const server = createServer(route).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const stream = new AIStream({ endpoint: `http://127.0.0.1:${server.address().port}/`, model: 'm' })
  const heard = []
  stream.on('tool-call', ({ id }) => heard.push(['call', id]))
  stream.on('tool-result', (result) => heard.push(result))
  stream.on('message', ({ content }) => heard.push(content))
  await stream.send('Oslo?')
  assert.deepEqual(heard, [
    'Oslo?',
    ['call', 'c1'],
    { id: 'c1', tool: 'weather', result: { city: 'Oslo', celsius: 4 } },
    'I look.Cold.',
  ])
})

test('the AI SDK reads calls, results and steps', async (t) => {
  const { readUIMessageStream, parseJsonEventStream, uiMessageChunkSchema } = await import('ai')
  const { client } = await provide(t, {
    script: [{ text: 'I look.', toolCalls: [call('Oslo', 'c1'), call('Rome', 'c2')] }, { text: 'Cold.' }],
  })
  const tool = weather(({ city }) => {
    if (city === 'Rome') throw new Error('no such city')
    return { celsius: 4 }
  })
  const body = (await client.stream({ prompt: '?', tools: [tool] })).toReadableStream({ format: 'ui-message' })
  const chunks = parseJsonEventStream({ stream: body, schema: uiMessageChunkSchema }).pipeThrough(
    new TransformStream({
      transform(part, controller) {
        if (!part.success) throw part.error
        controller.enqueue(part.value)
      },
    }),
  )
  let message
  for await (message of readUIMessageStream({ stream: chunks }));
  assert.deepEqual(
    message.parts.map(({ type }) => type),
    ['step-start', 'text', 'tool-weather', 'tool-weather', 'step-start', 'text'],
  )
  const [oslo, rome] = message.parts.filter(({ type }) => type === 'tool-weather')
  assert.deepEqual([oslo.state, oslo.input, oslo.output], ['output-available', { city: 'Oslo' }, { celsius: 4 }])
  assert.deepEqual([rome.state, rome.errorText], ['output-error', 'no such city'])
})

test('what is wrong with a tool is told before anything is sent', async (t) => {
  const { mock, client } = await provide(t, {})
  const refused = (tools, field, rest = {}) =>
    assert.throws(
      () => client.stream({ prompt: '?', tools, ...rest }),
      (error) => {
        assert.ok(error instanceof ValidationError, error.stack)
        assert.equal(error.field, field)
        return true
      },
    )
  refused([{ ...weather(), name: 'what is it' }], 'tools[0].name')
  refused([{ execute() {} }], 'tools[0].name')
  refused([{ ...weather(), execute: 'now' }], 'tools[0].execute')
  refused([{ ...weather(), parameters: 'city' }], 'tools[0].parameters')
  refused([{ ...weather(), parameter: place }], 'tools[0].parameter')
  refused([weather(), weather()], 'tools[1].name')
  refused([{ type: 'function', function: { name: 'f' }, execute() {} }], 'tools[0].execute')
  refused([weather()], 'maxSteps', { maxSteps: 0 })
  refused([weather()], 'n', { n: 2 })
  refused([{ name: 'f' }], 'maxSteps', { maxSteps: 2 })
  refused('weather', 'tools')
  assert.equal(mock.requests.length, 0)
})

// Each has its own words for calls, results, thoughts and signatures.
const wires = {
  openai: ['openai', (url) => ({ baseUrl: `${url}/v1` })],
  'openai-responses': ['openai', (url) => ({ baseUrl: `${url}/v1`, api: 'responses' })],
  anthropic: ['anthropic', (url) => ({ baseUrl: `${url}/v1` })],
  gemini: ['google', (url) => ({ baseUrl: `${url}/v1beta` })],
  cohere: ['cohere', (url) => ({ baseUrl: url })],
  ollama: ['ollama', (url) => ({ baseUrl: `${url}/ollama` })],
  bedrock: ['bedrock', (url) => ({ baseUrl: url, region: 'us-east-1' })],
}

for (const [wire, [provider, config]] of Object.entries(wires)) {
  test(`tools are run over ${wire}`, async (t) => {
    const mock = await MockProvider.start({
      script: [{ text: 'I look.', toolCalls: [call('Oslo'), call('Rome')] }, { text: 'Cold.' }],
    })
    t.after(() => mock.close())
    const providers = { [provider]: { apiKey: 'test-key', ...config(mock.url) } }
    const client = new StreamClient({ providers, retry: { maxRetries: 0 } })
    const tool = weather(({ city }) => {
      if (city === 'Rome') throw new Error('no such city')
      return { city }
    })
    const answer = await client.generate({ provider, model: 'm', prompt: '?', tools: [tool], maxTokens: 100 })
    assert.deepEqual([answer.text, answer.finishReason], ['I look.Cold.', 'stop'])
    assert.deepEqual(
      answer.toolResults.map(({ tool, result }) => [tool, result]),
      [
        ['weather', { city: 'Oslo' }],
        ['weather', 'no such city'],
      ],
    )
    assert.equal(mock.requests.length, 2)
    const again = JSON.stringify(mock.requests[1].body)
    for (const said of ['I look.', 'Rome', 'no such city']) assert.ok(again.includes(said), `${said} goes back`)
  })
}

test('the example looks things up', async (t) => {
  const calls = ['Glomma', 'Nowhere'].map((river) => ({ name: 'river_length', args: { river } }))
  const mock = await MockProvider.start({ script: [{ tokens: 0, toolCalls: calls }, { text: 'Yes, it is.' }] })
  t.after(() => mock.close())
  const file = fileURLToPath(new URL('../examples/tools.mjs', import.meta.url))
  const env = { ...process.env, OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: `${mock.url}/v1` }
  const { stdout } = await promisify(execFile)(process.execPath, [file], { env, timeout: 20_000 })
  assert.deepEqual(stdout.split('\n'), [
    '→ river_length {"river":"Glomma"}',
    '→ river_length {"river":"Nowhere"}',
    '← {"river":"Glomma","kilometres":621}',
    '✗ "no river is called Nowhere"',
    'Yes, it is.',
    '',
  ])
})
