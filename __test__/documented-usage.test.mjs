// The published examples of the streaming API that apps were written against compile and run here with only their
// import changed. They are read from ../shared, where it is; without it there is nothing to compare with.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { AIStream } from 'millstream'
import { StreamingResponse } from 'millstream/streaming'
import { documentedPage, expressStub, project } from './support/documented.mjs'
import { done, serve, token, until, usageFrame } from './support/scripted-server.mjs'

const { skip, blocks } = documentedPage('001_')

/** The examples, put together into modules that can run. */
function modules() {
  const block = blocks('typescript').map((code) => code.replace(/'@[^']+\/streaming'/g, "'millstream/streaming'"))
  assert.equal(block.length, 42)
  const join = (...numbers) => numbers.map((number) => block[number]).join('\n')
  const scoped = (number) => `{\n${block[number]}}\n`
  const response = 'res: ResponseLike & { on(event: string, listener: () => void): unknown }'
  return {
    'conversation.ts': [
      `import type { Message, Usage } from 'millstream/streaming'`,
      `declare const BUDGET_LIMIT: number`,
      `declare function useEffect(effect: () => () => void, dependencies: unknown[]): void`,
      // Construction, listeners, then the methods.
      join(2, 10, 34, 38, 40, 3, 7, 8, 9, 5, 6, 4, 37),
      scoped(35),
      scoped(41),
      'export { stream }',
    ].join('\n'),
    'complete.ts': `${block[11]}\nexport { stream, messages }`,
    'server.ts': [
      `import { type ResponseLike, StreamingResponse } from 'millstream/streaming'`,
      `export function respond(${response}) {\n${join(14, 15, 16, 17, 18, 21, 22, 19, 20)}}`,
      `export function disconnect(${response}) {\n${block[39]}}`,
      `export function heartbeat(${response}) {\n${block[36]} return stream }`,
    ].join('\n'),
    'outline.ts': block[13],
    'express-complete.ts': block[23],
    'express-short.ts': block[33],
    'next-route.ts': block[32],
  }
}

/** A stand-in for the provider's SDK: the examples are about us. */
const sdk = {
  'package.json':
    '{"name":"openai","version":"0.0.0","type":"module","exports":{".":{"types":"./index.d.ts","default":"./index.js"}}}',
  'index.d.ts': `
    export interface Chunk {
      choices: { delta?: { content?: string | null } }[]
      usage?: { prompt_tokens: number; completion_tokens: number; total_tokens: number }
    }
    export class OpenAI {
      constructor(options?: { apiKey?: string | undefined })
      chat: { completions: { create(request: { model: string; messages: unknown[]; stream: true }): Promise<AsyncIterable<Chunk>> } }
    }
    export default OpenAI`,
  'index.js': `
    async function* answer() {
      yield { choices: [{ delta: { content: 'Hello' } }] }
      yield { choices: [{ delta: { content: ' there' } }] }
      yield { choices: [], usage: { prompt_tokens: 4, completion_tokens: 2, total_tokens: 6 } }
    }
    export class OpenAI {
      chat = { completions: { create: async (request) => {
        if (!Array.isArray(request.messages)) throw new Error('no messages')
        return answer()
      } } }
    }
    export default OpenAI`,
}

let app
before(() => {
  app = project(['@types'], { openai: sdk, express: expressStub })
})
after(() => app.dispose())

test('every example compiles with only its import changed', { skip }, () => {
  assert.deepEqual(app.compile(modules()), [])
})

/** Runs an example and gives what it exports and what it said. */
async function run(name) {
  const { exported, said } = await app.run(name)
  return { said, ...exported }
}

test('the conversation examples run', { skip }, async (t) => {
  const server = await serve(t, (exchange) => {
    exchange.sse().write(token('Hi')).write(token(' there!'))
    exchange.write(usageFrame({ promptTokens: 3, completionTokens: 2, totalTokens: 5 }))
    exchange.response.end(done())
  })
  process.env.MILLSTREAM_BASE_URL = server.url
  globalThis.BUDGET_LIMIT = 1000
  let cleanUp
  globalThis.useEffect = (effect) => {
    cleanUp = effect()
  }
  try {
    const { said, stream } = await run('conversation')
    assert.equal(server.exchanges.length, 2)
    assert.equal(server.exchanges[0].request.url, '/api/chat')
    assert.deepEqual(server.exchanges[0].body.messages, [{ role: 'user', content: 'Hello, how are you?' }])
    assert.deepEqual(server.exchanges[1].body, server.exchanges[0].body)
    for (const line of ['Streaming started', 'Token: Hi', 'Streaming ended', 'Total tokens: 5', 'Conversation reset']) {
      assert.ok(said.includes(line), `${line} in ${said}`)
    }
    assert.deepEqual(stream.getMessages(), [])
    cleanUp()

    const complete = await run('complete')
    assert.ok(complete.said.some((line) => line.includes('Tokens used: 5')))
    assert.equal(complete.messages.length, 2)
    assert.equal(complete.messages[1].content, 'Hi there!')
    assert.deepEqual(complete.stream.getMessages(), [])
  } finally {
    delete process.env.MILLSTREAM_BASE_URL
    delete globalThis.BUDGET_LIMIT
    delete globalThis.useEffect
  }
})

/** What AIStream makes of a route. */
async function ask(url) {
  const stream = new AIStream({ endpoint: url, model: 'gpt-4', retry: { maxRetries: 0 } })
  await stream.send('Hello')
  return { text: stream.getMessages().at(-1).content, usage: stream.getUsage() }
}

test('the Express examples run, and AIStream reads them', { skip }, async (t) => {
  for (const [name, totalTokens] of [
    ['express-complete', 6],
    ['express-short', 0],
  ]) {
    await run(name)
    const server = globalThis.listenToApp()
    t.after(() => server.closeAllConnections())
    t.after(() => server.close())
    await once(server, 'listening')
    const url = `http://127.0.0.1:${server.address().port}/api/chat`
    const { text, usage } = await ask(url)
    assert.equal(text, 'Hello there')
    assert.equal(usage.totalTokens, totalTokens)
    // Without messages the SDK throws, and the example aborts.
    const failed = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
    const frames = await failed.text()
    assert.match(frames, /event: error\nid: \d+\ndata: \{"error":"no messages"\}/)
    assert.match(frames, /"aborted":true/)
  }
  await run('outline')
})

test('the App Router example runs, and AIStream reads it', { skip }, async (t) => {
  const { POST } = await run('next-route')
  const server = await serve(t, async ({ response, text }) => {
    const answer = await POST(new Request('http://localhost/api/chat', { method: 'POST', body: text }))
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    for await (const piece of answer.body) response.write(piece)
    response.end()
  })
  // Its route sends bare tokens and ends: there is no end marker to tell a whole answer from a cut one.
  const stream = new AIStream({ endpoint: `${server.url}/api/chat`, model: 'gpt-4' })
  let text = ''
  stream.on('token', (piece) => {
    text += piece
  })
  const errors = []
  stream.on('error', (error) => errors.push(error.type))
  await stream.send('Hello')
  assert.equal(text, 'Hello there')
  assert.deepEqual(errors, [])
})

test('the server examples run', { skip }, async (t) => {
  const { respond, disconnect, heartbeat } = await run('server')
  let kept
  let gone = false
  const server = createServer((request, res) => {
    if (request.url === '/respond') respond(res)
    else if (request.url === '/heartbeat') kept = heartbeat(res).start()
    else {
      res.on('close', () => {
        gone = true
      })
      disconnect(res)
    }
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  t.after(() => server.closeAllConnections())
  await once(server, 'listening')
  const url = `http://127.0.0.1:${server.address().port}`
  const text = await (await fetch(`${url}/respond`)).text()
  const events = [...text.matchAll(/^event: (.*)$/gm)].map(([, name]) => name)
  assert.deepEqual(events, ['start', 'token', 'token', 'usage', 'error', 'error', 'metadata', 'done'])

  const controller = new AbortController()
  await fetch(url, { signal: controller.signal })
  controller.abort()
  await until(() => gone)
  await fetch(`${url}/heartbeat`)
  assert.ok(kept instanceof StreamingResponse && kept.isStreamActive())
  kept.end()
})
