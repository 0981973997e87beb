// A `node:http` server whose answers a test writes byte by byte. Everything on 127.0.0.1; everything closed at the end.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { pause, until } from './async.mjs'

/**
 * Starts a server that lives as long as the test `t`. `answer(exchange)` is called for each request with
 * `{ index, request, response, text, body, sse(), write(bytes), reset(), closed }`; later `left` says whether the client
 * left before the end, and `closedAt` when.
 */
export async function serve(t, answer) {
  const exchanges = []
  const sockets = new Set()
  let connections = 0
  const server = createServer({ keepAliveTimeout: 5000 }, async (request, response) => {
    const chunks = []
    request.on('error', () => {})
    response.on('error', () => {})
    const exchange = { index: exchanges.length, request, response, at: Date.now(), closedAt: undefined }
    exchanges.push(exchange)
    exchange.closed = new Promise((resolve) => {
      response.on('close', () => {
        exchange.closedAt = Date.now()
        exchange.left = !response.writableFinished
        resolve()
      })
    })
    for await (const chunk of request) chunks.push(chunk)
    exchange.text = Buffer.concat(chunks).toString()
    try {
      exchange.body = JSON.parse(exchange.text)
    } catch {
      exchange.body = undefined
    }
    exchange.sse = (status = 200, headers = {}) => {
      response.writeHead(status, { 'content-type': 'text/event-stream', ...headers })
      response.flushHeaders()
      return exchange
    }
    exchange.write = (text) => {
      response.write(text)
      return exchange
    }
    exchange.reset = () => request.socket.resetAndDestroy()
    try {
      await answer(exchange)
    } catch (error) {
      response.destroy()
      throw error
    }
  })
  server.on('connection', (socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    for (const socket of sockets) socket.destroy()
    if (!server.listening) return
    server.close()
    await once(server, 'close')
  }
  t.after(close)
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    exchanges,
    get connections() {
      return connections
    },
    get openConnections() {
      return sockets.size
    },
    close,
  }
}

/** Frames of `StreamingResponse`. */
export const token = (text) => `event: token\ndata: ${JSON.stringify({ token: text })}\n\n`
export const usageFrame = (usage) => `event: usage\ndata: ${JSON.stringify(usage)}\n\n`
export const done = () => 'event: done\ndata: {}\n\n'

/** Frames of OpenAI's chat completions. */
export const delta = (content, rest = {}) => chunk([{ index: 0, delta: { content }, finish_reason: null, ...rest }])
export const chunk = (choices, rest = {}) =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'answering-model', choices, ...rest })}\n\n`
export const finish = (reason = 'stop') => chunk([{ index: 0, delta: {}, finish_reason: reason }])
export const doneMark = 'data: [DONE]\n\n'

/** An answer of so many tokens in the `events` format. */
export function say(...tokens) {
  return (exchange) => {
    exchange.sse()
    for (const text of tokens) exchange.write(token(text))
    exchange.response.end(done())
  }
}

export { pause, until }

/** Every event of an AIStream in order, as `[name, ...arguments]`. */
export function record(stream, names) {
  const events = []
  for (const name of names ?? [
    'message',
    'streaming-start',
    'token',
    'reasoning',
    'tool-call',
    'usage',
    'metadata',
    'retry',
    'streaming-end',
    'error',
    'reset',
  ]) {
    stream.on(name, (...args) => events.push([name, ...args]))
  }
  return events
}
