// The examples that are one server each, started as their README says.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { App, ask, behavesAsChatRoute, installed } from './support.mjs'

const routes = {
  'express-relay': ['/api/chat'],
  fastify: ['/api/chat', '/api/web'],
  hono: ['/api/chat'],
  koa: ['/api/chat'],
}

for (const [name, paths] of Object.entries(routes)) {
  const start = (llm) => App.start(installed(name), ['server.mjs'], { env: { PORT: '0', LLM_URL: llm } })

  for (const path of paths) {
    describe(`examples/${name}: ${path}`, () => {
      behavesAsChatRoute({ start, path, more: refusesWhatIsNoConversation })
    })
  }

  it(`examples/${name} answers from a stand-in where it is told of no model`, async () => {
    const app = await start(undefined)
    try {
      const got = await ask(`${app.url}/api/chat`, { leaveAfter: 5 })
      assert.equal(got.status, 200)
      assert.ok(got.tokens.length >= 5)
    } finally {
      await app.stop('SIGKILL')
    }
  })
}

function refusesWhatIsNoConversation(shared) {
  it('refuses what is no conversation, and asks nobody', async () => {
    for (const messages of [undefined, 'hi', [], [{ role: 'wizard', content: 'x' }]]) {
      const got = await ask(shared.url, { body: { messages } })
      assert.equal(got.status, 400, got.body)
      assert.equal(typeof JSON.parse(got.body).error, 'string')
    }
    assert.equal(shared.provider.requests.length, 0)
  })
}
