// The published examples of NeuroLink compile and run here with only their import changed: those of its client. What they
// say about analysing, evaluating, tools by name and fleets of models is not here.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, beforeEach, test } from 'node:test'
import express from 'express'
import { MockProvider } from 'millstream/testing'
import { documentedPage, project } from './support/documented.mjs'
import { hideProviders } from './support/provider-environment.mjs'

const { skip, blocks } = documentedPage('003_')
const entry = 'millstream/compat/neurolink'
const text = 'Once upon a time'

let mock
let restore
let app

/** The examples as modules that can run. */
function modules() {
  const block = blocks('typescript').map((code) =>
    code.replace(/import \{ NeuroLink \} from "@[^"]+"/, `import { NeuroLink } from "${entry}"`),
  )
  assert.equal(block.length, 33)
  const imported = `import { NeuroLink } from '${entry}'\n`
  const made = `${imported}const neurolink = new NeuroLink()\n`
  const served = `import express from 'express'\n${made}const app = express()\n`
  return {
    'basic.ts': block[0],
    'ready.ts': block[1],
    'tools.ts': block[2],
    'simple.ts': block[3],
    'retry.ts': block[4],
    'timeout.ts': `${imported}${block[5]}export { stream }`,
    'collect.ts': `${imported}${block[6]}export { response }`,
    'automatic.ts': block[7],
    'preference.ts': block[8],
    'throttled.ts': block[9],
    'batch.ts': `${made}${block[10]}export { results }`,
    // As printed, a method of an inner object takes `this` for the cache, and the reader of a cached answer forgets to call
    // its `stream`.
    'cache.ts': block[11]
      .replace('const responseStream', 'const self = this\n    const responseStream')
      .replace('this.cache.set', 'self.cache.set')
      .replace('result1.stream)', 'result1.stream as any)')
      .replace('result2.stream)', '(result2.stream as any)())'),
    'custom.ts': `${made}${block[12]}export { stream }`,
    'json.ts': `${made}${block[13]}export {}`,
    'recovery.ts': block[14],
    'secure.ts': `${block[15].split('\n## ')[0]}`,
    'sagemaker.ts': `${block[21]}export { response }`,
    'settings.ts': `${made}${block[22]}export { stream }\nimport type { StreamConfig as Ours } from '${entry}'\nexport const same = (given: StreamConfig): Ours => given`,
    'options.ts': `${made}${block[23]}export { openaiStream, googleStream }`,
    'express.ts': `${block[26]}export { app }`,
    'sse.ts': `${served}${block[28]}export { app }`,
    'robust.ts': `${made}${block[29]}export { robustStreaming }`,
  }
}

before(async () => {
  restore = hideProviders()
  mock = await MockProvider.start()
  app = project(['@types', 'express'])
})

beforeEach(() => {
  hideProviders()
  Object.assign(process.env, {
    OPENAI_API_KEY: 'openai-key',
    OPENAI_BASE_URL: `${mock.url}/v1`,
    ANTHROPIC_API_KEY: 'anthropic-key',
    ANTHROPIC_BASE_URL: mock.url,
    GEMINI_API_KEY: 'google-key',
    GOOGLE_GEMINI_BASE_URL: mock.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    SAGEMAKER_ENDPOINT: 'endpoint-1',
    AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: mock.url,
  })
  mock.reset()
  mock.respondWith({ text })
})

after(async () => {
  restore()
  app.dispose()
  await mock.close()
})

/** Without strict checks of `undefined`, as some of the examples want it, and with the older interop. */
const options = { strictNullChecks: false, noImplicitAny: false, esModuleInterop: true }

test('every example compiles with only its import changed', { skip }, () =>
  assert.deepEqual(app.compile(modules(), options), []),
)

test('the basic examples print an answer', { skip }, async () => {
  for (const name of ['basic', 'ready', 'simple']) {
    const { written } = await app.run(name)
    assert.equal(written, text, name)
  }
  const { body } = mock.requests.at(-1)
  assert.deepEqual([body.max_completion_tokens, body.temperature], [1000, 0.7])
  mock.respondWith({ text: 'Let me see.', toolCalls: [{ id: 'c1', name: 'weather', arguments: {} }] })
  const { written, said } = await app.run('tools')
  assert.equal(written, 'Let me see.')
  assert.deepEqual(said, ['\n🔧 Using tool: weather'])
})

/** Time passes faster: a tenth of a second is a millisecond. */
const later = setTimeout
const faster = { setTimeout: (call, ms, ...rest) => later(call, Math.ceil(ms / 100), ...rest) }

test('the examples of retries and timeouts', { skip }, async () => {
  // What another provider would refuse as well: else the next one would have answered.
  mock.respondWith([{ status: 400 }, { status: 400 }, { text }])
  const { written, said } = await app.run('retry', faster)
  assert.equal(written, text)
  assert.deepEqual(
    said.map((line) => line.slice(0, 26)),
    ['Attempt 1 failed: HTTP 400', 'Attempt 2 failed: HTTP 400'],
  )
  const { exported } = await app.run('timeout', { setTimeout: (...given) => later(...given).unref() })
  assert.equal(await exported.stream.text, text)
})

test('the examples of collecting and choosing', { skip }, async () => {
  const collected = await app.run('collect')
  assert.deepEqual(collected.exported.response, { fullText: text, chunkCount: 4 })
  assert.deepEqual(collected.said, [`Response: ${text}`, 'Stats: 4 chunks'])
  assert.equal((await app.run('automatic')).written, text)
  assert.equal((await app.run('preference')).written, text)
  assert.match(mock.requests.at(-1).path, /models\/[\w.-]+:streamGenerateContent$/)
})

test('the examples of throttling, batches and a cache', { skip }, async () => {
  assert.equal((await app.run('throttled', faster)).written, text)
  const { exported, said } = await app.run('batch', faster)
  assert.deepEqual(said, ['Completed batch 1', 'Completed batch 2', 'Processed 3 requests'])
  for (const result of exported.results) assert.equal(await result.text, text)
  mock.reset()
  const cached = await app.run('cache', faster)
  assert.equal(cached.written, `${text}${text} `)
  assert.deepEqual(
    cached.said.filter((line) => line.includes('From cache')),
    ['\nFrom cache: false', '\nFrom cache: true'],
  )
  assert.equal(mock.requests.length, 1)
})

test('the examples of settings', { skip }, async () => {
  const { stream } = (await app.run('settings')).exported
  assert.equal(await stream.text, text)
  const { openaiStream, googleStream } = (await app.run('options')).exported
  assert.deepEqual([await openaiStream.text, await googleStream.text], [text, text])
  assert.deepEqual([openaiStream.provider, googleStream.provider], ['openai', 'google-ai'])
  assert.deepEqual([mock.requests[1].body.model, mock.requests[2].path.includes('gemini-2.5-pro')], ['gpt-4o', true])
  const custom = (await app.run('custom')).exported
  assert.equal(await custom.stream.text, text)
  const { path, headers, body } = mock.requests.at(-1)
  assert.deepEqual([path, headers['x-api-key'], body.max_tokens], ['/v1/messages', 'anthropic-key', 2000])
  const planned = { projectName: 'Mill', phases: [{ name: 'one', duration: 'a week', tasks: ['grind'] }] }
  mock.respondWith({ text: JSON.stringify(planned) })
  const { said } = await app.run('json', {})
  assert.match(said.at(-1), /^Partial structure: /)
  const { json_schema: format } = mock.requests.at(-1).body.response_format
  assert.equal(format.schema.properties.projectName.type, 'string')
})

test('the examples of recovery and of filters', { skip }, async () => {
  const { written, said } = await app.run('recovery')
  assert.equal(written, text)
  assert.deepEqual(said, ['Stream completed successfully'])
  mock.respondWith([{ status: 400 }, { text }])
  const { exported, said: lines } = await app.run('robust')
  const { log, warn } = console
  console.log = console.warn = (...words) => lines.push(words.join(' '))
  try {
    await exported.robustStreaming('Hi')
  } finally {
    Object.assign(console, { log, warn })
  }
  assert.match(lines[0], /^Attempt 1 failed: HTTP 400/)
  assert.equal(lines.slice(1).join(''), text)
  mock.respondWith({ text: 'Write to jane.doe@example.com' })
  const secure = await app.run('secure')
  assert.match(secure.said.at(-1), /^Total chunks processed: \d+$/)
})

test('the production service asks SageMaker', { skip }, async () => {
  const { exported } = await app.run('sagemaker')
  assert.equal(exported.response, text)
  const { path, headers } = mock.requests[0]
  assert.equal(path, '/endpoints/endpoint-1/invocations-response-stream')
  assert.match(
    headers.authorization,
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/us-east-1\/sagemaker\/aws4_request/,
  )
})

test('the routes answer', { skip }, async (t) => {
  const serve = async (name) => {
    const { exported } = await app.run(name)
    const server = express().use(express.json(), exported.app).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    t.after(() => server.closeAllConnections())
    return `http://127.0.0.1:${server.address().port}`
  }
  const plain = await serve('express')
  const headers = { 'content-type': 'application/json' }
  const ask = () => fetch(`${plain}/api/stream`, { method: 'POST', headers, body: '{"prompt":"Hi"}' })
  const answer = await ask()
  assert.match(answer.headers.get('content-type'), /^text\/plain/)
  assert.equal(await answer.text(), text)
  mock.respondWith({ status: 400 })
  const refused = await ask()
  assert.equal(refused.status, 500)
  assert.match((await refused.json()).error, /^HTTP 400/)
  mock.respondWith({ text })
  const sse = await serve('sse')
  const events = await (await fetch(`${sse}/api/stream-sse?prompt=Hi`)).text()
  const frames = events
    .trimEnd()
    .split('\n\n')
    .map((frame) => JSON.parse(frame.replace(/^data: /, '')))
  assert.equal(frames.map(({ content }) => content).join(''), text)
  assert.deepEqual(
    frames.filter(({ finished }) => finished),
    [frames.at(-1)],
  )
})
