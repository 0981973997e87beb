// The published examples of CopilotEdge compile and run here with only their import changed.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { MockProvider } from 'millstream/testing'
import { until } from './support/async.mjs'
import { documentedPage, project } from './support/documented.mjs'
import { hideProviders } from './support/provider-environment.mjs'

const { skip, blocks } = documentedPage('002_')
const entry = 'millstream/compat/copilotedge'

let mock
let restore
let app

/** The examples, put together into modules that can run. What is in none of them draws a page with React. */
function modules() {
  const block = blocks('typescript').map((code) => code.replace(/from 'copilotedge'/, `from '${entry}'`))
  assert.equal(block.length, 18)
  const edge = `import { CopilotEdge } from '${entry}'\nconst given = { apiKey: 'cf-key', accountId: 'account-1' }\n`
  const missing = (code) => code.replace('...]', "{ role: 'user', content: 'Hello' }]")
  const asked = `const response = await new CopilotEdge({ ...given, stream: true }).handleRequest({ messages: [{ role: 'user', content: 'Hi' }] })\n`
  const declared = (...names) =>
    names.map((name) => `declare function ${name}(value: unknown): Promise<void>\n`).join('')
  const inScope = "  apiKey: 'cf-key',\n  accountId: 'account-1',\n  stream: true"
  return {
    'basic.ts': `${block[0]}export { edge }`,
    'route.ts': block[1],
    'instance.ts': `${edge}${declared('processChunk')}${block[2].replace('  stream: true', inScope)}export { edge }`,
    'request.ts': `${edge}const edge = new CopilotEdge(given)\n${block[3]}export { response }`,
    'both.ts': `${edge}const edge = new CopilotEdge(given)\n${block[4]}export { cachedResponse, streamedResponse }`,
    'client.ts': `interface Message { role: string; content: string }\n${block[5]}export { streamChat }`,
    'custom.ts': `${edge}${declared('saveToBuffer', 'updateProgressBar', 'broadcastToWebSocket')}${block[8].replace('  stream: true', inScope)}export { fullText }`,
    'errors.ts': `${edge}const edge = new CopilotEdge({ ...given, maxRetries: 1 })\n${block[9]}export {}`,
    'migration.ts': `${edge.split('\n')[0]}\n{\n${block[10]}}\n${missing(block[11])}export { response }`,
    'callback.ts': `${edge}declare const analytics: { track(name: string, data: object): Promise<void> }\nconst edge = new CopilotEdge({ ...given, stream: true,\n${block[12]} })\nexport { edge }`,
    'interrupted.ts': `${block[13].replace('fetch(', 'export const asked = fetch(')}`,
    'buffer.ts': `${edge}${asked}declare function updateUI(text: string): void\n${block[14]}export { buffer }`,
    'debug.ts': `${edge}${block[15].replace('  debug: true', "  apiKey: 'cf-key',\n  accountId: 'account-1',\n  debug: true")}export { edge }`,
    'types.ts': [
      `import { CopilotEdge, type CopilotEdgeConfig, type StreamingResponse as Ours } from '${entry}'`,
      `type Documented = ${block[7]}`,
      `namespace page {\nexport ${block[16]}\nexport ${block[17]}}`,
      'export const config = (given: page.CopilotEdgeConfig): CopilotEdgeConfig => given',
      'export const result = (given: Ours): page.StreamingResponse => given',
      `export const answer = async (edge: CopilotEdge<true>): Promise<Documented> => edge.handleRequest({ prompt: 'Hi' })`,
    ].join('\n'),
  }
}

before(async () => {
  restore = hideProviders()
  mock = await MockProvider.start({ text: 'Hello\nworld' })
  process.env.CLOUDFLARE_BASE_URL = mock.url
  app = project()
})

after(async () => {
  restore()
  app.dispose()
  await mock.close()
})

const later = setTimeout
const hello = [{ role: 'user', content: 'Hello' }]
const recorded = (list) => async (value) => void list.push(value)

test('every example compiles with only its import changed', { skip }, () =>
  assert.deepEqual(app.compile(modules()), []),
)

test('the basic examples stream', { skip }, async () => {
  const { exported, said } = await app.run('basic')
  const log = console.log
  console.log = (...words) => said.push(words.join(' '))
  try {
    const { stream, getFullResponse } = await exported.edge.handleRequest({ messages: hello })
    for await (const _ of stream) {
      // The callback tells.
    }
    assert.equal(await getFullResponse(), 'Hello\nworld')
  } finally {
    console.log = log
  }
  assert.equal(said.map((line) => line.replace('Received chunk: ', '')).join(''), 'Hello\nworld')

  const chunks = []
  const instance = await app.run('instance', { processChunk: recorded(chunks) })
  globalThis.processChunk = recorded(chunks)
  await (await instance.exported.edge.handleRequest({ messages: hello })).getFullResponse()
  delete globalThis.processChunk
  assert.equal(chunks.join(''), 'Hello\nworld')

  const request = await app.run('request')
  assert.equal(request.exported.response.streaming, true)
  assert.equal(await request.exported.response.getFullResponse(), 'Hello\nworld')

  const { cachedResponse, streamedResponse } = (await app.run('both')).exported
  assert.equal(cachedResponse.choices[0].message.content, 'Hello\nworld')
  assert.equal(await streamedResponse.getFullResponse(), 'Hello\nworld')
})

test('the route streams to the client of the page', { skip }, async () => {
  process.env.CLOUDFLARE_API_TOKEN = 'cf-key'
  process.env.CLOUDFLARE_ACCOUNT_ID = 'account-1'
  const { POST, runtime } = (await app.run('route')).exported
  assert.equal(runtime, 'edge')
  const fetch = (url, init) => POST(new Request(new URL(url, 'http://app.test'), init))
  const { exported, said } = await app.run('client', { fetch })
  const saved = [globalThis.fetch, console.log]
  globalThis.fetch = fetch
  console.log = (line) => said.push(line)
  try {
    await exported.streamChat(hello)
  } finally {
    ;[globalThis.fetch, console.log] = saved
  }
  assert.equal(said.join(''), 'Hello\nworld')
})

test('a client that gives up takes the answer with it', { skip }, async () => {
  process.env.CLOUDFLARE_API_TOKEN = 'cf-key'
  process.env.CLOUDFLARE_ACCOUNT_ID = 'account-1'
  const { POST } = (await app.run('route')).exported
  mock.reset()
  mock.respondWith({ tokens: 1000, tokensPerSecond: 100 })
  const body = JSON.stringify({ messages: hello })
  const fetch = (url, init) => POST(new Request(new URL(url, 'http://app.test'), { ...init, method: 'POST', body }))
  const { exported } = await app.run('interrupted', { fetch, setTimeout: (give) => later(give, 100) })
  await (await exported.asked).text()
  assert.equal((await mock.waitForClose(0)).closedByClient, true)
  mock.respondWith({ text: 'Hello\nworld' })
})

test('the example of custom processing', { skip }, async () => {
  const [saved, sizes, sent] = [[], [], []]
  const globals = {
    saveToBuffer: recorded(saved),
    updateProgressBar: recorded(sizes),
    broadcastToWebSocket: recorded(sent),
  }
  const { exported, said, written } = await app.run('custom', globals)
  assert.equal(exported.fullText, 'Hello\nworld')
  assert.equal(written, 'Hello\nworld')
  assert.deepEqual(said, ['Complete response: Hello\nworld'])
  await until(() => sent.join('') === 'Hello\nworld')
  assert.deepEqual([saved, sizes], [sent, sent.map(({ length }) => length)])
})

test('the example of error handling', { skip }, async () => {
  mock.respondWith({ status: 404 })
  const { said } = await app.run('errors')
  mock.respondWith({ text: 'Hello\nworld' })
  assert.equal(said.length, 1)
  assert.match(said[0], /^Cloudflare API error: HTTP 404/)
})

test('the examples of migration, callbacks, buffers and debugging', { skip }, async () => {
  const migrated = (await app.run('migration')).exported
  assert.equal(await migrated.response.getFullResponse(), 'Hello\nworld')

  const tracked = []
  const { edge } = (await app.run('callback')).exported
  globalThis.analytics = { track: async (name, { size }) => void tracked.push([name, size]) }
  await (await edge.handleRequest({ messages: hello })).getFullResponse()
  delete globalThis.analytics
  assert.ok(tracked.length > 0 && tracked.every(([name, size]) => name === 'chunk_received' && size > 0))

  const drawn = []
  const { exported } = await app.run('buffer', { updateUI: (text) => drawn.push(text) })
  assert.equal(drawn.join('') + exported.buffer, 'Hello\nworld')
  assert.ok(drawn[0].includes('\n'))

  const debugging = (await app.run('debug')).exported
  const { write } = process.stderr
  const { log } = console
  const lines = []
  process.stderr.write = (line) => lines.push(line) > 0
  console.log = (...words) => lines.push(words.join(' '))
  try {
    await (await debugging.edge.handleRequest({ messages: hello })).getFullResponse()
    await until(() => lines.length > 3)
  } finally {
    process.stderr.write = write
    console.log = log
  }
  assert.ok(
    lines.every((line) => line.startsWith('[DEBUG] ')),
    lines.join(),
  )
})
