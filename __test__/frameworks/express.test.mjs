// Express 4 and 5, bare and behind the middleware that people put in front of everything.
import { describe } from 'node:test'
import { App, behavesAsChatRoute, installed } from './support.mjs'

const wardrobe = [
  [],
  ['helmet', 'morgan'],
  ['compression'],
  ['wrapped'],
  ['compression', 'helmet', 'morgan', 'wrapped'],
]

for (const version of ['5', '4']) {
  for (const clothes of wardrobe) {
    describe(`StreamingResponse in Express ${version}, ${clothes.join(', ') || 'bare'}`, { concurrency: false }, () => {
      behavesAsChatRoute({
        start: (llm) => App.start(installed('apps'), ['express.mjs', version, ...clothes], { env: { LLM_URL: llm } }),
        path: '/response',
        headers: { 'accept-encoding': 'gzip' },
      })
    })
  }
}
