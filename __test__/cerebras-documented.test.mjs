// The published examples of the callback service, and its route of server-sent events, run here as they are printed, with
// only the service given. They are read from ../shared, where it is; without it there is nothing to compare with.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import express from 'express'
import { AIStream } from 'millstream'
import { cerebrasService, createCerebrasService } from 'millstream/compat/cerebras'
import { MockProvider } from 'millstream/testing'

const seeds = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'shared', 'seeds')
const page = existsSync(seeds) ? readdirSync(seeds).find((name) => name.startsWith('000_')) : undefined
const skip = page === undefined ? 'no ../shared/seeds here' : false

const saved = {}
let mock

before(async () => {
  mock = await MockProvider.start({ text: 'Once upon a time' })
  for (const [name, value] of [
    ['CEREBRAS_API_KEY', 'csk-test-000000'],
    ['CEREBRAS_BASE_URL', `${mock.url}/v1`],
  ]) {
    saved[name] = process.env[name]
    process.env[name] = value
  }
})

after(async () => {
  for (const [name, value] of Object.entries(saved)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  await mock.close()
})

const AsyncFunction = (async () => {}).constructor

/** The page's JavaScript examples that contain `mark`. */
function examples(mark) {
  const text = readFileSync(join(seeds, page), 'utf8')
  return [...text.matchAll(/```javascript\n([\s\S]*?)```/g)]
    .map(([, code]) => code)
    .filter((code) => code.includes(mark))
}

/** Runs the only example with `mark` in it; gives what it printed. */
async function run(mark, given = {}) {
  const found = examples(mark)
  assert.equal(found.length, 1, mark)
  const lines = []
  const print = (...words) => lines.push(words.join(' '))
  const scope = { cerebrasService, console: { log: print, error: print }, ...given }
  await new AsyncFunction(...Object.keys(scope), found[0])(...Object.values(scope))
  return lines
}

test('the example of callbacks', { skip }, async () => {
  mock.respondWith({ text: 'Once upon a time' })
  const lines = await run('// onChunk')
  assert.equal(lines.filter((line) => line.startsWith('New chunk:')).length, 4)
  assert.ok(lines.includes('Full content so far: Once upon'))
  assert.ok(lines.includes('Stream completed: Once upon a time'))
  assert.match(lines.at(-1), /^Processing time: \d+$/)
  const { body } = mock.requests.at(-1)
  assert.deepEqual([body.max_completion_tokens, body.temperature], [1000, 0.7])
})

test('the example of a timeout', { skip }, async () => {
  const lines = await run('timeout: 30000')
  assert.deepEqual(lines.slice(0, 2), ['Generated content: Once upon a time', 'Total chunks: 4'])
  assert.match(lines[2], /^Processing time: \d+$/)
  mock.respondWith({ status: 400 })
  assert.match((await run('timeout: 30000'))[0], /^Generation failed: HTTP 400/)
  mock.respondWith({ text: 'Once upon a time' })
})

test('the example of a test of the connection', { skip }, async () => {
  assert.match((await run('const health ='))[0], /^Streaming healthy - \d+ms response time$/)
  mock.respondWith({ status: 401 })
  assert.deepEqual(await run('const health ='), ['Streaming connection issues detected'])
  mock.respondWith({ text: 'Once upon a time' })
})

test('the example of a processor', { skip }, async () => {
  assert.deepEqual(await run('new cerebrasService.StreamProcessor'), ['Progress: 1 chunks, 17 chars'])
})

test('the example of recovery', { skip }, async () => {
  mock.respondWith({ status: 429, retryAfter: 3600 })
  let retried = 0
  const later = (retry) => retry()
  const given = { prompt: 'x', options: {}, setTimeout: later, retryGeneration: () => retried++ }
  const lines = await run('handleStreamingError(error', given)
  assert.deepEqual(lines.slice(0, 2), ['Error type: rate_limit_error', 'Recoverable: true'])
  assert.match(lines[2], /^Suggestion: .+/)
  assert.equal(retried, 1)
})

test('the example of a configuration', { skip }, async () => {
  const module = {}
  await run('// config/cerebras.js', { module })
  assert.equal(module.exports.optimization.requestQueueSize, 100)
  mock.respondWith({ text: 'configured' })
  assert.equal((await createCerebrasService(module.exports).generateDreamStream('x')).content, 'configured')
})

async function route(t) {
  const router = express.Router()
  await run("router.post('/dream/stream'", { router })
  const server = express().use(express.json(), router).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const url = `http://127.0.0.1:${server.address().port}/dream/stream`
  const post = (body) =>
    fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  return { url, post, events: async (response) => parse(await response.text()) }
}

function parse(text) {
  return text
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame) => JSON.parse(frame.replace(/^data: /, '')))
}

test('the route sends each piece, then the whole', { skip }, async (t) => {
  const { post, events } = await route(t)
  mock.respondWith({ text: 'Once upon a time', tokensPerSecond: 100 })
  const response = await post({ prompt: 'x', options: { maxTokens: 50 } })
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'text/event-stream')
  assert.equal(response.headers.get('cache-control'), 'no-cache')
  assert.equal(response.headers.get('connection'), 'keep-alive')
  const frames = await events(response)
  assert.deepEqual(
    frames.slice(0, -1),
    ['Once', ' upon', ' a', ' time'].map((content) => ({ type: 'chunk', content })),
  )
  const { type, data } = frames.at(-1)
  assert.deepEqual([type, data.content, data.chunkCount], ['complete', 'Once upon a time', 4])
})

test('the route tells of a failure once, and ends', { skip }, async (t) => {
  const { post, events } = await route(t)
  mock.respondWith({ text: 'Once upon a time', tokensPerSecond: 100, reset: { afterTokens: 2 } })
  const frames = await events(await post({ prompt: 'x' }))
  assert.deepEqual(
    frames.map(({ type }) => type),
    ['chunk', 'chunk', 'error'],
  )
  mock.respondWith({ status: 401 })
  const [refused, ...more] = await events(await post({ prompt: 'x' }))
  assert.deepEqual([refused.type, more], ['error', []])
  assert.match(refused.error, /^HTTP 401/)
  // A client that asks for nonsense is told as well.
  const [wrong] = await events(await post({ prompt: 'x', options: { temperature: 'hot' } }))
  assert.match(wrong.error, /`temperature`/)
})

test('what the route sends is read by AIStream', { skip }, async (t) => {
  const { url } = await route(t)
  mock.respondWith({ text: 'Once upon a time' })
  const stream = new AIStream({ endpoint: url, model: 'm', extraBody: { prompt: 'x' } })
  await stream.send('x')
  assert.equal(stream.getMessages().at(-1).content, 'Once upon a time')
})
