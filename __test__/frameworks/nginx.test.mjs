// nginx in front of Express, with the configuration of examples/nginx: its buffering is as it comes. A control shows that
// it really buffers where an answer doesn't ask it not to.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { MockProvider } from 'millstream/testing'
import { App, ask, behavesAsChatRoute, distinct, freePort, installed, text } from './support.mjs'

const program = process.env.MILLSTREAM_NGINX
const skip = program === undefined ? 'there is no nginx here' : false
const example = readFileSync(new URL('../../examples/nginx/nginx.conf', import.meta.url), 'utf8')

/** An nginx by the example's configuration, on ports of ours, with its files in a folder of ours. */
class Nginx {
  #folder = mkdtempSync(join(tmpdir(), 'millstream-nginx-'))
  #app

  async start(upstream, ...lines) {
    const port = await freePort()
    const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${this.#folder}/${name};`,
    )
    const config = example
      .replace('listen 8080', `listen 127.0.0.1:${port}`)
      .replace('http://127.0.0.1:3000;', [`${upstream};`, ...lines].join('\n'))
      .replace('http {', ['http {', ...folders].join('\n'))
    // The folder is ours alone, and workers of root's nginx would be somebody else.
    const user = process.getuid?.() === 0 ? 'user root;\n' : ''
    writeFileSync(join(this.#folder, 'nginx.conf'), user + config)
    const args = ['-p', this.#folder, '-c', 'nginx.conf', '-e', 'stderr']
    this.#app = await App.start(this.#folder, args, { program, address: `http://127.0.0.1:${port}` })
    return this.#app.url
  }

  async stop() {
    await this.#app?.stop('SIGTERM')
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

const express = (llm, ...clothes) =>
  App.start(installed('apps'), ['express.mjs', '5', ...clothes], { env: { LLM_URL: llm } })

const proxies = {
  'as it comes': [],
  'with gzip': ['gzip on;', 'gzip_types text/event-stream;'],
  'with HTTP/1.1 and keep-alive': ['proxy_http_version 1.1;', 'proxy_set_header Connection "";'],
}

for (const path of ['/relay', '/response']) {
  for (const [way, lines] of Object.entries(proxies)) {
    for (const clothes of [[], ['compression']]) {
      const name = ['Express', ...clothes.map((piece) => `with ${piece}`)].join(' ')
      describe(`${name}, ${path}, behind nginx ${way}`, { skip }, () => {
        const nginx = new Nginx()
        let entrance
        after(() => nginx.stop())
        behavesAsChatRoute({
          start: async (llm) => {
            const app = await express(llm, ...clothes)
            entrance = await nginx.start(app.url, ...lines)
            return app
          },
          entrance: () => entrance,
          path,
          headers: { 'accept-encoding': 'gzip' },
        })
      })
    }
  }
}

describe('nginx that is told to ignore X-Accel-Buffering', { skip }, () => {
  const nginx = new Nginx()
  let provider
  let app
  let url

  before(async () => {
    provider = await MockProvider.start({ text, tokensPerSecond: 25 })
    app = await express(`${provider.url}/v1`)
    url = await nginx.start(app.url, 'proxy_ignore_headers X-Accel-Buffering;')
  })
  after(async () => {
    await nginx.stop()
    await app?.stop('SIGKILL')
    await provider?.close()
  })

  it('holds the answer back, so that the header is what lets it through', async () => {
    for (const path of ['/relay', '/response']) {
      const got = await ask(`${url}${path}`)
      assert.equal(got.tokens.join(''), text)
      assert.ok(distinct(got) <= 2, `${got.tokens.length} tokens came in ${distinct(got)} arrivals`)
    }
  })
})
