// The published examples that use a provider's own client compile and run here with only their import changed: the
// clients are the real ones, pointed at a mock provider by their environment variables. The examples are read from
// ../shared, where it is; without it there is nothing to compare with.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { AIStream } from 'millstream'
import { MockProvider } from 'millstream/testing'
import { documentedPage, expressStub, project } from './support/documented.mjs'

const page = documentedPage('001_')
const { skip } = page

const environment = ['OPENAI_API_KEY', 'OPENAI_BASE_URL', 'ANTHROPIC_API_KEY', 'ANTHROPIC_BASE_URL']
let app
let mock

/** The examples that import a provider's client, by what they show, speaking of this package. */
function examples() {
  const blocks = page
    .blocks('typescript')
    .map((code) => code.replace(/'@[^']+\/(streaming(?:\/adapters)?)'/g, "'millstream/$1'"))
    .filter((code) => /from '(openai|@anthropic-ai\/sdk)'/.test(code))
  const find = (mark) => {
    const found = blocks.filter((code) => mark.test(code))
    assert.equal(found.length, 1, String(mark))
    return found[0]
  }
  assert.equal(blocks.length, 5)
  const anthropic = asRoute(find(/AnthropicAdapter\(response\)/))
  return {
    openai: asRoute(find(/OpenAIAdapter\(response\)/)),
    anthropic,
    anthropicLimited: anthropic.replace('stream: true', 'max_tokens: 9, stream: true'),
    next: find(/export async function POST/),
    expressComplete: find(/Send usage on last chunk/),
    expressShort: find(/^import express[\s\S]*sendToken/),
  }
}

/** These end with `return new Response(stream)`: the body of a route, whose imports stand at the top. */
function asRoute(code) {
  const lines = code.split('\n')
  const isImport = (line) => line.startsWith('import ')
  const body = lines.filter((line) => !isImport(line)).join('\n')
  return `${lines.filter(isImport).join('\n')}\nexport async function POST(): Promise<Response> {\n${body}\n}\n`
}

before(async () => {
  if (skip) return
  app = project(['@types', '@anthropic-ai', 'openai'], { express: expressStub })
  mock = await MockProvider.start({ text: 'Hello there' })
  const values = ['sk-test-0123456789', `${mock.url}/v1`, 'sk-ant-test-0123456789', mock.url]
  for (const [index, name] of environment.entries()) process.env[name] = values[index]
})

after(async () => {
  for (const name of environment) delete process.env[name]
  await mock?.close()
  app?.dispose()
})

test('every example with a provider’s client compiles with only its import changed', { skip }, () => {
  const modules = Object.entries(examples()).map(([name, code]) => [`${name}.ts`, code])
  const problems = app.compile(Object.fromEntries(modules))
  // The one thing that is wrong with them: today's client wants a limit that the example was printed without.
  assert.equal(problems.length, 1, problems.join('\n'))
  assert.match(problems[0], /^anthropic\.ts: [\s\S]*Property 'max_tokens' is missing/)
})

const load = async (name) => (await app.run(name)).exported

/** A route of the App Router behind a server, as long as the test runs. */
async function route(t, POST) {
  const server = createServer(async (request, response) => {
    const pieces = []
    for await (const piece of request) pieces.push(piece)
    const body = Buffer.concat(pieces)
    const { status, headers, body: stream } = await POST(new Request('http://localhost/', { method: 'POST', body }))
    response.writeHead(status, Object.fromEntries(headers))
    Readable.fromWeb(stream).pipe(response)
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  t.after(() => server.closeAllConnections())
  await once(server, 'listening')
  return `http://127.0.0.1:${server.address().port}/api/chat`
}

/** What AIStream makes of a route. */
async function ask(endpoint) {
  const stream = new AIStream({ endpoint, model: 'gpt-4', retry: { maxRetries: 0 } })
  let text = ''
  stream.on('token', (token) => {
    text += token
  })
  const errors = []
  stream.on('error', (error) => errors.push(error))
  await stream.send('Hello!')
  return { text, errors, usage: stream.getUsage() }
}

test('the OpenAIAdapter example runs, and AIStream reads it', { skip }, async (t) => {
  const { POST } = await load('openai')
  const { text, errors } = await ask(await route(t, POST))
  assert.deepEqual([text, errors], ['Hello there', []])
  const asked = mock.requests.at(-1)
  assert.equal(asked.path, '/v1/chat/completions')
  assert.deepEqual(asked.body, { model: 'gpt-4', messages: [{ role: 'user', content: 'Hello!' }], stream: true })
})

test('the AnthropicAdapter example runs, and AIStream reads it', { skip }, async (t) => {
  // The API refuses a request without a limit; a recording answers any.
  const recording = join(app.folder, 'answer.sse')
  const body = { model: 'm', max_tokens: 9, messages: [], stream: true }
  const recorded = await fetch(`${mock.url}/v1/messages`, { method: 'POST', body: JSON.stringify(body) })
  writeFileSync(recording, await recorded.text())
  mock.respondWith({ replay: recording })
  for (const name of ['anthropic', 'anthropicLimited']) {
    const { POST } = await load(name)
    const { text, errors, usage } = await ask(await route(t, POST))
    assert.deepEqual([text, errors], ['Hello there', []])
    assert.equal(usage.completionTokens, 2)
    assert.equal(mock.requests.at(-1).path, '/v1/messages')
    // With the limit it needs no recording.
    mock.respondWith({ text: 'Hello there' })
  }
})

test('the App Router example runs with the real client, and AIStream and fetch read it', { skip }, async (t) => {
  const { POST } = await load('next')
  const url = await route(t, POST)
  const { text, errors } = await ask(url)
  assert.deepEqual([text, errors], ['Hello there', []])
  const messages = [{ role: 'user', content: 'Hello!' }]
  const response = await fetch(url, { method: 'POST', body: JSON.stringify({ messages }) })
  assert.equal(response.headers.get('content-type'), 'text/event-stream')
  assert.equal(await response.text(), 'data: {"token":"Hello"}\n\ndata: {"token":" there"}\n\n')
})

test('the Express examples run with the real client, and AIStream reads them', { skip }, async (t) => {
  for (const name of ['expressComplete', 'expressShort']) {
    await load(name)
    const server = globalThis.listenToApp()
    t.after(() => server.closeAllConnections())
    t.after(() => server.close())
    await once(server, 'listening')
    const url = `http://127.0.0.1:${server.address().port}/api/chat`
    const { text, errors } = await ask(url)
    assert.deepEqual([text, errors], ['Hello there', []], name)

    // The client throws, and the example aborts.
    mock.respondWith({ status: 401 })
    const failed = await ask(url)
    assert.equal(failed.text, '')
    assert.match(failed.errors[0].message, /401/)
    mock.respondWith({ text: 'Hello there' })
  }
})
