// Express 4 and 5, bare and behind the middleware that people put in front of everything.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { App, ask, behavesAsChatRoute, distinct, installed, text } from './support.mjs'

const wardrobe = [
  [],
  ['helmet', 'morgan'],
  ['compression'],
  ['wrapped'],
  ['compression', 'helmet', 'morgan', 'wrapped'],
]
const headers = { 'accept-encoding': 'gzip' }
/** Where the engine can write to a client's socket by itself. */
const direct = process.platform === 'win32' ? 'write' : 'socket'

for (const version of ['5', '4']) {
  for (const clothes of wardrobe) {
    const name = `Express ${version}, ${clothes.join(', ') || 'bare'}`
    const start = (llm) => App.start(installed('apps'), ['express.mjs', version, ...clothes], { env: { LLM_URL: llm } })

    describe(`pipe in ${name}`, () => {
      behavesAsChatRoute({
        start,
        path: '/relay',
        headers,
        more(shared) {
          it('reports what went out, and by which way', () => reportsWhatWentOut(shared, clothes))
          it('reports a client that left', () => reportsWhoLeft(shared))
          it('compresses where it is told to, each event at once', () => compresses(shared))
        },
      })
    })

    describe(`StreamingResponse in ${name}`, () => {
      behavesAsChatRoute({ start, path: '/response', headers })
    })
  }
}

async function reportsWhatWentOut({ app, provider, url }, clothes) {
  // Paced: an answer that is already there when it is sent on goes out as one piece, by `res.write`.
  provider.respondWith({ text, tokensPerSecond: 100 })
  const got = await ask(`${url}?reports=all`, { headers })
  const report = JSON.parse(await said(app, 'report /relay?reports=all'))
  const bytes = Buffer.byteLength(got.body)
  const wrapped = clothes.includes('compression') || clothes.includes('wrapped')
  assert.equal(got.tokens.join(''), text)
  assert.equal(got.headers['content-encoding'], undefined)
  assert.equal(report.completed, true)
  assert.equal(report.tokens, got.tokens.length)
  assert.equal(report.bytes, bytes)
  assert.equal(report.sink, wrapped ? 'write' : direct)
  assert.ok(report.usage.totalTokens > 0)
  if (clothes.includes('wrapped')) assert.equal(Number(await said(app, 'written /relay?reports=all')), bytes)
  if (clothes.includes('morgan')) assert.equal(await said(app, 'log POST /relay?reports=all'), '200')
}

async function reportsWhoLeft({ app, provider, url }) {
  provider.respondWith({ tokens: 10_000, tokensPerSecond: 100 })
  await ask(`${url}?reports=left`, { headers, leaveAfter: 3 })
  const report = JSON.parse(await said(app, 'report /relay?reports=left'))
  assert.equal(report.completed, false)
  assert.equal(report.error, undefined)
}

async function compresses({ app, provider, url }) {
  provider.respondWith({ text, tokensPerSecond: 25 })
  const query = `?options=${encodeURIComponent('{"compression":true}')}`
  const got = await ask(url + query, { headers })
  assert.equal(got.headers['content-encoding'], 'gzip')
  assert.equal(got.tokens.join(''), text)
  assert.ok(distinct(got) >= got.tokens.length / 2, `${got.tokens.length} tokens came in ${distinct(got)} arrivals`)
  assert.equal(JSON.parse(await said(app, `report /relay${query}`)).bytes, Buffer.byteLength(got.body))
}

/** The rest of the line that begins so, printed or to come. */
async function said(app, beginning) {
  const literal = beginning.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const [, rest] = await app.waitFor(new RegExp(`^${literal} (.*)\\n`, 'm'))
  return rest
}
