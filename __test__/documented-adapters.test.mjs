// The published examples that use a provider's own client compile and run here with only their import changed: the
// clients are the real ones, pointed at a mock provider by their environment variables. The examples are read from
// ../shared, where it is; without it there is nothing to compare with.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { AIStream } from 'millstream'
import { MockProvider } from 'millstream/testing'
import { compileFolder, ts } from './support/typescript.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const seeds = join(root, '..', 'shared', 'seeds')
const page = existsSync(seeds) ? readdirSync(seeds).find((name) => name.startsWith('001_')) : undefined
const skip = page === undefined ? 'no ../shared/seeds here' : false

const environment = ['OPENAI_API_KEY', 'OPENAI_BASE_URL', 'ANTHROPIC_API_KEY', 'ANTHROPIC_BASE_URL']
let scratch
let mock

/** The examples that import a provider's client, by what they show, speaking of this package. */
function examples() {
  const text = readFileSync(join(seeds, page), 'utf8')
  const blocks = [...text.matchAll(/```typescript\n([\s\S]*?)```/g)]
    .map(([, code]) => code.replace(/'@[^']+\/(streaming(?:\/adapters)?)'/g, "'millstream/$1'"))
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

/** Express as it is, but its apps listen on any free port and can be found. */
const expressStub = {
  'package.json': '{"name":"express","version":"0.0.0","main":"index.cjs"}',
  'index.cjs': `
    const express = require(${JSON.stringify(createRequire(import.meta.url).resolve('express'))})
    module.exports = () => {
      const app = express()
      app.use(express.json())
      const listen = app.listen.bind(app)
      app.listen = () => app
      globalThis.listenToApp = () => listen(0, '127.0.0.1')
      return app
    }`,
}

function write(folder, files) {
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
}

before(async () => {
  if (skip) return
  scratch = mkdtempSync(join(tmpdir(), 'millstream-adapters-'))
  const packages = join(scratch, 'node_modules')
  write(scratch, { 'package.json': '{"type":"module"}' })
  write(join(packages, 'express'), expressStub)
  symlinkSync(root, join(packages, 'millstream'), 'junction')
  for (const name of ['@types', '@anthropic-ai', 'openai']) {
    symlinkSync(join(root, 'node_modules', name), join(packages, name), 'junction')
  }
  mock = await MockProvider.start({ text: 'Hello there' })
  const values = ['sk-test-0123456789', `${mock.url}/v1`, 'sk-ant-test-0123456789', mock.url]
  for (const [index, name] of environment.entries()) process.env[name] = values[index]
})

after(async () => {
  for (const name of environment) delete process.env[name]
  await mock?.close()
  if (scratch) rmSync(scratch, { recursive: true, force: true })
})

test('every example with a provider’s client compiles with only its import changed', { skip }, () => {
  const modules = Object.entries(examples()).map(([name, code]) => [`${name}.ts`, code])
  write(scratch, Object.fromEntries(modules))
  const { program, problems: found } = compileFolder(
    scratch,
    modules.map(([name]) => join(scratch, name)),
  )
  const problems = found.map(({ file, messageText }) => [
    file?.fileName.slice(scratch.length + 1),
    ts.flattenDiagnosticMessageText(messageText),
  ])
  // The one thing that is wrong with them: today's client wants a limit that the example was printed without.
  assert.equal(problems.length, 1, JSON.stringify(problems))
  assert.equal(problems[0][0], 'anthropic.ts')
  assert.match(problems[0][1], /Property 'max_tokens' is missing/)
  program.emit()
})

const load = (name) => import(pathToFileURL(join(scratch, 'out', `${name}.js`)))

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
  const recording = join(scratch, 'answer.sse')
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
