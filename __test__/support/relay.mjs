// What the tests of the relay share: a provider, an answer of it, a server that pipes it, and clients that look at bytes.
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { AIStream } from 'millstream'
import { MockProvider } from 'millstream/testing'
import { pause, until } from './async.mjs'

export const formats = ['events', 'openai', 'chunk', 'content', 'ui-message', 'ndjson', 'text']

/** Whether the engine writes to sockets here. */
export const direct = process.platform === 'linux' || process.platform === 'darwin'

/** A mock provider that lives as long as the test. */
export async function provide(t, options) {
  const mock = await MockProvider.start(options)
  t.after(() => mock.close())
  return mock
}

/** Asks it. */
export function ask(mock, options) {
  const stream = new AIStream({ provider: { baseUrl: `${mock.url}/v1` }, model: 'mock', retry: { maxRetries: 0 } })
  return stream.stream('Tell me', options)
}

/** Serves `route(res, req)` by `node:http`. `settled` holds what the calls came to, in order. */
export async function serve(t, route, options = {}) {
  const settled = []
  const waiting = []
  const server = http.createServer({ keepAliveTimeout: 5000, ...options }, (req, res) => {
    const index = settled.length
    settled.push(undefined)
    Promise.resolve()
      .then(() => route(res, req))
      .then(
        (value) => ({ value }),
        (error) => {
          res.destroy()
          return { error }
        },
      )
      .then((outcome) => {
        settled[index] = outcome
        for (const wake of waiting.splice(0)) wake()
      })
  })
  const sockets = new Set()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    if (!server.listening) return
    server.close()
    await once(server, 'close')
  })
  const { port } = server.address()
  return {
    server,
    port,
    url: `http://127.0.0.1:${port}`,
    sockets,
    /** What call number `index` came to: its value, or its error thrown. */
    async outcome(index = 0) {
      const timer = setTimeout(() => {
        for (const wake of waiting.splice(0)) wake(new Error('late'))
      }, 8000)
      try {
        while (settled[index] === undefined) {
          const late = await new Promise((resolve) => waiting.push(resolve))
          if (late) throw new Error(`Waited 8 s in vain for call ${index} to settle`)
        }
      } finally {
        clearTimeout(timer)
      }
      if (settled[index].error) throw settled[index].error
      return settled[index].value
    },
  }
}

/** A connection whose every byte is kept. */
export class RawClient {
  received = Buffer.alloc(0)
  /** `end`, `close`, or the error's code. */
  over
  #wake = []

  static async connect(t, target) {
    const client = new RawClient()
    client.socket = typeof target === 'number' ? net.connect(target, '127.0.0.1') : net.connect(target)
    client.socket.on('error', (error) => client.#change(error.code))
    t.after(() => client.socket.destroy())
    await once(client.socket, 'connect')
    client.socket.on('data', (bytes) => {
      client.received = Buffer.concat([client.received, bytes])
      client.#change()
    })
    client.socket.on('end', () => client.#change('end'))
    client.socket.on('close', () => client.#change('close'))
    return client
  }

  #change(over) {
    this.over ??= over
    for (const wake of this.#wake.splice(0)) wake()
  }

  get text() {
    return this.received.toString()
  }

  send(text) {
    this.socket.write(text)
    return this
  }

  get(path = '/', headers = '', version = '1.1') {
    return this.send(`GET ${path} HTTP/${version}\r\nHost: x\r\n${headers}\r\n`)
  }

  async until(condition, what = 'more', timeout = 8000) {
    const end = Date.now() + timeout
    while (!condition(this)) {
      const left = end - Date.now()
      if (left <= 0) {
        const last = this.text.slice(-200)
        throw new Error(`Waited ${timeout} ms in vain for ${what}; over: ${this.over}, last: ${JSON.stringify(last)}`)
      }
      let timer
      await new Promise((resolve) => {
        this.#wake.push(resolve)
        timer = setTimeout(resolve, left)
      })
      clearTimeout(timer)
    }
    return this
  }

  /** Reads up to the last chunk of a chunked body. */
  async lastChunk() {
    await this.until(({ text }) => text.endsWith('0\r\n\r\n'), 'the last chunk')
    return this.text
  }

  async ended() {
    await this.until(({ over }) => over !== undefined, 'the end of the connection')
    return this.text
  }
}

/** Splits responses that were read from one connection. Throws where a byte is out of place. */
export function parseResponses(bytes) {
  const responses = []
  let at = 0
  while (at < bytes.length) {
    const headEnd = bytes.indexOf('\r\n\r\n', at)
    if (headEnd === -1) throw new Error(`a head without an end: ${bytes.subarray(at)}`)
    const [statusLine, ...lines] = bytes.subarray(at, headEnd).toString().split('\r\n')
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    )
    at = headEnd + 4
    const response = { status: Number(statusLine.split(' ')[1]), headers, body: '', whole: true, chunks: 0 }
    const parts = []
    if (headers['transfer-encoding'] === 'chunked') {
      response.whole = false
      while (at < bytes.length) {
        const lineEnd = bytes.indexOf('\r\n', at)
        const size = Number.parseInt(bytes.subarray(at, lineEnd).toString(), 16)
        if (lineEnd === -1 || !/^[0-9a-f]+$/i.test(bytes.subarray(at, lineEnd).toString())) {
          throw new Error(`not a chunk's size: ${JSON.stringify(bytes.subarray(at, at + 40).toString())}`)
        }
        at = lineEnd + 2
        parts.push(bytes.subarray(at, at + size))
        at += size + 2
        if (size === 0) {
          response.whole = true
          break
        }
        response.chunks++
      }
    } else {
      const length = headers['content-length'] === undefined ? bytes.length - at : Number(headers['content-length'])
      parts.push(bytes.subarray(at, at + length))
      at += length
    }
    response.bytes = Buffer.concat(parts)
    response.body = response.bytes.toString()
    responses.push(response)
  }
  return responses
}

/** A body without what differs from one answer to the next. */
export function timeless(body) {
  return body
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'UUID')
    .replaceAll(/chatcmpl-\w+|fp_\w+/g, 'ID')
    .replaceAll(/"created":\d+/g, '"created":0')
    .replaceAll(/"processingTime":\d+/g, '"processingTime":0')
}

export { pause, until }
