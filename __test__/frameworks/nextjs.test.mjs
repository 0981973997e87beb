// Next.js as it is deployed: `next build` by both bundlers, then `next start` or the standalone server, moved elsewhere.
import assert from 'node:assert/strict'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { run } from '../../scripts/support/process.mjs'
import { App, behavesAsChatRoute, freePort, installed } from './support.mjs'

const bundlers = ['turbopack', 'webpack']
/** Next.js drains, then leaves with the status of the signal. */
const exit = [0, 143]

let folder
before(() => {
  folder = installed('nextjs')
})

async function build(bundler, config) {
  rmSync(join(folder, '.next'), { recursive: true, force: true })
  writeFileSync(join(folder, 'next.config.mjs'), `export default ${JSON.stringify(config)}\n`)
  const { code, output } = await run(process.execPath, [next(), 'build', `--${bundler}`], {
    cwd: folder,
    allowFailure: true,
    timeout: 280_000,
  })
  return { code, output }
}

async function builds(bundler, config) {
  const { code, output } = await build(bundler, config)
  assert.equal(code, 0, output)
}

function next() {
  return join(folder, 'node_modules', 'next', 'dist', 'bin', 'next')
}

async function start(llm) {
  return App.start(folder, [next(), 'start', '-H', '127.0.0.1', '-p', '0'], { env: { LLM_URL: llm } })
}

async function startStandalone(standalone, llm) {
  const port = await freePort()
  const env = { LLM_URL: llm, PORT: `${port}`, HOSTNAME: '127.0.0.1' }
  return App.start(standalone, ['server.js'], { env, address: `http://127.0.0.1:${port}` })
}

describe('Next.js', () => {
  before(() => builds('turbopack', { serverExternalPackages: ['millstream'] }))

  describe('with a route of the App Router', () => {
    behavesAsChatRoute({ start, path: '/api/chat', exit })
  })

  describe('with an API route of the Pages Router', () => {
    behavesAsChatRoute({ start, path: '/api/pages-chat', exit, headers: { 'accept-encoding': 'gzip' } })
  })
})

for (const bundler of bundlers) {
  describe(`the standalone output of ${bundler}, moved elsewhere`, () => {
    const standalone = () => join(folder, '..', `standalone-${bundler}`)

    before(async () => {
      await builds(bundler, { serverExternalPackages: ['millstream'], output: 'standalone' })
      renameSync(join(folder, '.next', 'standalone'), standalone())
    })

    for (const path of ['/api/chat', '/api/pages-chat']) {
      describe(path, () => {
        behavesAsChatRoute({ start: (llm) => startStandalone(standalone(), llm), path, exit })
      })
    }
  })

  describe(`without serverExternalPackages, ${bundler}`, () => {
    it('fails the build at the addon, rather than the server at the first request', async () => {
      const { code, output } = await build(bundler, {})
      assert.notEqual(code, 0)
      assert.match(output, /@millstream[\\/]native-.*\.node/)
    })
  })
}
