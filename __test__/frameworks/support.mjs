// What the framework tests share: apps that run from installed copies, a client that looks at each arrival, and the
// behaviour that every chat route must show whatever serves it.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { after, before, beforeEach, it } from 'node:test'
import { createGunzip } from 'node:zlib'
import { EventStreamDecoder } from 'millstream'
import { MockProvider } from 'millstream/testing'

/** Where scripts/test-frameworks.mjs installed the apps and examples, one folder each, with the packed package. */
export function installed(name) {
  const home = process.env.MILLSTREAM_FRAMEWORKS
  if (home === undefined) throw new Error('these tests need installed apps: run `npm run test:frameworks`')
  return join(home, name)
}

/** Two dozen tokens that an encoder, a compressor or a decoder could get wrong. */
export const text = `Ein Mühlbach treibt das Rad: "水 flows" and\nfollows\r\nthe valley 🌊, \u2028 past {"token": 1} and data: x, ${'down '.repeat(10)}to the sea.`

/** A server in a process of its own. */
export class App {
  #child
  #output = ''
  #waiting = new Set()
  #ended

  /**
   * Starts it and waits for an address among what it prints, or for `address` to answer.
   *
   * @param {string} folder where it runs
   * @param {string[]} args of Node, or of `program`
   * @param {{ env?: Record<string, string>, address?: string, program?: string }} [options]
   */
  static async start(folder, args, { env = {}, address, program = process.execPath } = {}) {
    const app = new App()
    app.#child = spawn(program, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    app.#ended = once(app.#child, 'close').then(([code, signal]) => ({ code, signal }))
    for (const stream of [app.#child.stdout, app.#child.stderr])
      stream.setEncoding('utf8').on('data', (part) => app.#heard(part))
    app.url =
      address === undefined
        ? (await app.waitFor(/http:\/\/(?:127\.0\.0\.1|localhost):\d+/))[0].replace('localhost', '127.0.0.1')
        : await app.#answers(address)
    return app
  }

  /** All it has printed. */
  get output() {
    return this.#output
  }

  /** The first match in what it printed or will print. */
  async waitFor(pattern, timeout = 20_000) {
    const deadline = performance.now() + timeout
    for (;;) {
      const found = pattern.exec(this.#output)
      if (found !== null) return found
      const left = deadline - performance.now()
      if (left <= 0 || this.#child.exitCode !== null)
        throw new Error(`no ${pattern} in what it printed:\n${this.#output}`)
      await new Promise((resolve) => {
        const clock = setTimeout(resolve, Math.min(left, 200))
        this.#waiting.add(() => {
          clearTimeout(clock)
          resolve()
        })
      })
    }
  }

  /** Sends a signal and waits for the end; a process that doesn't end is killed, which shows in `signal`. */
  async stop(signal = 'SIGTERM', patience = 10_000) {
    this.#child.kill(signal)
    return this.ended(patience)
  }

  /** How it ended, or will have ended by then. */
  async ended(patience = 10_000) {
    const clock = setTimeout(() => this.#child.kill('SIGKILL'), patience)
    const result = await this.#ended
    clearTimeout(clock)
    return result
  }

  kill(signal) {
    this.#child.kill(signal)
  }

  #heard(part) {
    this.#output += part
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  async #answers(address) {
    for (let tries = 0; tries < 200 && this.#child.exitCode === null; tries++) {
      const up = await new Promise((resolve) => {
        http.get(address, (response) => resolve(response.resume() !== undefined)).once('error', () => resolve(false))
      })
      if (up) return address
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    this.#child.kill('SIGKILL')
    throw new Error(`nothing answers at ${address}:\n${this.#output}`)
  }
}

/** A port that was free a moment ago, for servers that can't choose one themselves. */
export async function freePort() {
  const server = http.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

const question = { messages: [{ role: 'user', content: 'Why?' }] }

/**
 * Asks a route and reads its answer to the end.
 *
 * @param {string} url
 * @param {{ body?: unknown, headers?: Record<string, string>, agent?: http.Agent, leaveAfter?: number, leaveWhen?: Promise<unknown> }} [options]
 *   `leaveAfter` breaks the connection after so many tokens, `leaveWhen` as soon as that is so
 * @returns what came: `arrivals` are the times of reads that brought tokens, `left` is the time at which the client left
 *   and `broken` says whether the body broke off
 */
export function ask(url, { body = question, headers, agent, leaveAfter, leaveWhen } = {}) {
  return new Promise((resolve, reject) => {
    const got = {
      status: 0,
      headers: {},
      body: '',
      events: [],
      tokens: [],
      arrivals: [],
      left: 0,
      port: 0,
      broken: false,
    }
    const request = http.request(url, {
      method: 'POST',
      agent,
      headers: { 'content-type': 'application/json', ...headers },
    })
    const clock = setTimeout(() => request.destroy(new Error(`no end of the answer after 30 s: ${got.body}`)), 30_000)
    const leave = () => {
      got.left = performance.now()
      request.destroy()
    }
    // A decompressor gives its last piece after the connection has closed.
    let read = Promise.resolve()
    request.once('close', async () => {
      clearTimeout(clock)
      await read
      resolve(got)
    })
    request.once('error', (error) => {
      if (got.left === 0) reject(error)
    })
    request.once('response', (response) => {
      got.status = response.statusCode
      got.headers = response.headers
      got.port = response.socket.localPort
      const decoder = new EventStreamDecoder()
      const zipped = response.headers['content-encoding'] === 'gzip'
      const bytes = zipped ? createGunzip() : new PassThrough()
      read = pipeline(response, bytes).catch(() => {
        got.broken = true
      })
      bytes.setEncoding('utf8').on('data', (part) => {
        got.body += part
        const before = got.tokens.length
        for (const { event, data } of decoder.feed(part)) {
          const value = JSON.parse(data)
          got.events.push({ event, value })
          if (event === 'token') got.tokens.push(value.token)
        }
        if (got.tokens.length > before) got.arrivals.push(performance.now())
        if (leaveAfter !== undefined && got.left === 0 && got.tokens.length >= leaveAfter) leave()
      })
    })
    request.end(JSON.stringify(body))
    leaveWhen?.then(leave)
  })
}

/** How many arrivals lie apart by at least half a token's time at 25 tokens a second. */
export function distinct({ arrivals }) {
  let count = 0
  let last = -Infinity
  for (const at of arrivals) {
    if (at - last < 20) continue
    count++
    last = at
  }
  return count
}

/**
 * Declares the tests of one chat route.
 *
 * @param {object} subject
 * @param {(llm: string) => Promise<App>} subject.start starts the app with the model at `llm`
 * @param {string} [subject.path] the route
 * @param {Record<string, string>} [subject.headers] that the client sends
 * @param {(app: App) => string} [subject.entrance] where clients come in, if not at the app itself
 * @param {number[]} [subject.exit] the statuses with which a told-to-end process may end
 * @param {(shared: { provider: MockProvider, app: App, url: string }) => void} [subject.more] declares further tests
 */
export function behavesAsChatRoute({
  start,
  path = '/api/chat',
  headers,
  entrance = (app) => app.url,
  exit = [0],
  more,
}) {
  const shared = { provider: undefined, app: undefined, url: '' }

  before(async () => {
    shared.provider = await MockProvider.start()
    shared.app = await start(`${shared.provider.url}/v1`)
    shared.url = `${entrance(shared.app)}${path}`
  })
  beforeEach(() => shared.provider.reset())
  after(async () => {
    const ended = await shared.app?.stop('SIGKILL')
    await shared.provider?.close()
    return ended
  })

  it('sends the tokens one by one, and the text exactly', async () => {
    shared.provider.respondWith({ text, tokensPerSecond: 25 })
    const got = await ask(shared.url, { headers })
    assert.equal(got.status, 200)
    assert.match(got.headers['content-type'], /^text\/event-stream/)
    assert.equal(got.tokens.join(''), text)
    assert.ok(got.tokens.length >= 20, `${got.tokens.length} tokens`)
    assert.ok(distinct(got) >= got.tokens.length / 2, `${got.tokens.length} tokens came in ${distinct(got)} arrivals`)
    assert.deepEqual(got.events.at(-1)?.event, 'done')
    assert.equal(got.events.at(-1).value.aborted, undefined)
  })

  it('gives a failure before the first byte as a real status', async () => {
    for (const status of [429, 503]) {
      // Retried in no time.
      shared.provider.respondWith({ status, retryAfterMs: 1 })
      const got = await ask(shared.url, { headers })
      assert.equal(got.status, status)
      assert.match(got.headers['content-type'], /^application\/json/)
      const { error, type } = JSON.parse(got.body)
      assert.match(error, new RegExp(`^HTTP ${status}`))
      assert.equal(typeof type, 'string')
    }
  })

  it('tells of a failure in the middle inside the stream', async () => {
    shared.provider.respondWith({ text, tokensPerSecond: 200, reset: { afterTokens: 5 } })
    const got = await ask(shared.url, { headers })
    assert.equal(got.status, 200)
    assert.ok(text.startsWith(got.tokens.join('')) && got.tokens.length > 0, got.body)
    const names = got.events.map(({ event }) => event)
    assert.deepEqual(names.slice(-2), ['error', 'done'])
    assert.equal(got.events.at(-2).value.type, 'connection_error')
    assert.equal(got.events.at(-1).value.aborted, true)
  })

  it('lets go of the model when the client leaves', async () => {
    shared.provider.respondWith({ tokens: 10_000, tokensPerSecond: 25 })
    const got = await ask(shared.url, { headers, leaveAfter: 3 })
    const request = await shared.provider.waitForClose(0)
    assert.equal(request.closedByClient, true)
    assertSoonAfter(got.left)
  })

  it('lets go of the model when the client leaves before the model has answered', async () => {
    shared.provider.respondWith({ text, delayHead: 20_000 })
    const got = await ask(shared.url, { headers, leaveWhen: shared.provider.waitForRequest(0) })
    const request = await shared.provider.waitForClose(0)
    assert.equal(request.closedByClient, true)
    assertSoonAfter(got.left)
  })

  it('serves the next request on the same connection', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    try {
      shared.provider.respondWith({ text })
      const answers = []
      for (let n = 0; n < 3; n++) answers.push(await ask(shared.url, { headers, agent }))
      for (const got of answers) assert.equal(got.tokens.join(''), text)
      assert.equal(new Set(answers.map(({ port }) => port)).size, 1)
    } finally {
      agent.destroy()
    }
  })

  more?.(shared)

  it('brings its answer to an end when the server is told to end, and then ends', async () => {
    shared.provider.respondWith({ text, tokensPerSecond: 25 })
    // Without keep-alive: an idle connection may stay open for as long as the server lets it.
    const answer = ask(shared.url, { headers, agent: false })
    await shared.provider.waitForRequest(0)
    await new Promise((resolve) => setTimeout(resolve, 200))
    shared.app.kill('SIGTERM')
    const got = await answer
    assert.equal(got.tokens.join(''), text)
    assert.equal(got.events.at(-1)?.event, 'done')
    const { code, signal } = await shared.app.ended()
    assert.equal(signal, null, `had to be killed: ${shared.app.output}`)
    assert.ok(exit.includes(code), `ended with ${code}: ${shared.app.output}`)
  })
}

/** The aim is 100 ms; a machine busy with other things gets some grace. */
export function assertSoonAfter(left) {
  const elapsed = performance.now() - left
  assert.ok(elapsed < 1000, `the model's connection was closed after ${elapsed} ms`)
}
