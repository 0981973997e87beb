// Real servers of every kind that a StreamingResponse is written to, each with one route and one client.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import express4 from 'express4'
import fastify from 'fastify'
import Koa from 'koa'
import { certificate } from './certificate.mjs'

/** Listens on a port of its own until the test `t` is over. */
export async function listen(t, server) {
  const sockets = new Set()
  for (const event of ['connection', 'secureConnection']) {
    server.on(event, (socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    })
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    if (!server.listening) return
    server.close()
    await once(server, 'close')
  })
  return server.address().port
}

/** Serves `route(response)` on `http.createServer` and gives the address. */
export async function serveHttp(t, route) {
  return `http://127.0.0.1:${await listen(
    t,
    http.createServer((_req, res) => route(res)),
  )}/`
}

/** Asks by HTTP/1.1 over `module` and gives status, headers, and the body as it comes. */
function ask(module, port) {
  return async (headers = {}) => {
    const options = { host: '127.0.0.1', port, method: 'POST', path: '/', rejectUnauthorized: false }
    options.headers = { 'content-type': 'application/json', ...headers }
    const request = module.request(options).end('{}')
    request.on('error', () => {})
    const [response] = await once(request, 'response')
    response.on('error', () => {})
    return { status: response.statusCode, headers: response.headers, body: response, leave: () => request.destroy() }
  }
}

/** Asks by HTTP/2. */
function ask2(t, url) {
  const session = http2.connect(url, { rejectUnauthorized: false })
  session.on('error', () => {})
  t.after(() => session.destroy())
  return async (headers = {}) => {
    const stream = session.request({ ':path': '/', ':method': 'POST', ...headers })
    stream.on('error', () => {})
    stream.end('{}')
    const [{ ':status': status, ...rest }] = await once(stream, 'response')
    return { status, headers: rest, body: stream, leave: () => stream.close(http2.constants.NGHTTP2_CANCEL) }
  }
}

/**
 * Every kind of server. `start(t, route)` runs one that answers with `route(response)`, a response of its own kind, and
 * gives a function that asks it.
 */
export const servers = {
  'node:http': async (t, route) =>
    ask(
      http,
      await listen(
        t,
        http.createServer((_req, res) => route(res)),
      ),
    ),
  'node:https': async (t, route) => {
    const server = https.createServer(certificate(), (_req, res) => route(res))
    return ask(https, await listen(t, server))
  },
  'node:http2': async (t, route) => {
    const port = await listen(
      t,
      http2.createServer((_req, res) => route(res)),
    )
    return ask2(t, `http://127.0.0.1:${port}`)
  },
  'node:http2 over TLS': async (t, route) => {
    const server = http2.createSecureServer(certificate(), (_req, res) => route(res))
    return ask2(t, `https://127.0.0.1:${await listen(t, server)}`)
  },
  'Express 5': async (t, route) => {
    const app = express().use(express.json())
    app.post('/', (_req, res) => route(res))
    return ask(http, await listen(t, http.createServer(app)))
  },
  'Express 4': async (t, route) => {
    const app = express4().use(express4.json())
    app.post('/', (_req, res) => route(res))
    return ask(http, await listen(t, http.createServer(app)))
  },
  'Fastify, reply.raw': async (t, route) => {
    const app = fastify()
    app.post('/', (_request, reply) => {
      reply.hijack()
      route(reply.raw)
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    t.after(() => {
      app.server.closeAllConnections()
      return app.close()
    })
    return ask(http, app.server.address().port)
  },
  'Koa, ctx.res': async (t, route) => {
    const app = new Koa()
    app.use((ctx) => {
      ctx.respond = false
      route(ctx.res)
    })
    return ask(http, await listen(t, http.createServer(app.callback())))
  },
  'a Unix socket': async (t, route) => {
    const folder = mkdtempSync(join(tmpdir(), 'millstream-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const path = `${folder}/s`
    const server = http.createServer((_req, res) => route(res))
    server.listen(path)
    await once(server, 'listening')
    t.after(() => {
      server.closeAllConnections()
      server.close()
    })
    return async (headers = {}) => {
      const request = http.request({ socketPath: path, method: 'POST', headers }).end('{}')
      request.on('error', () => {})
      const [response] = await once(request, 'response')
      response.on('error', () => {})
      return { status: response.statusCode, headers: response.headers, body: response, leave: () => request.destroy() }
    }
  },
}

if (certificate() === undefined) {
  console.log('No openssl here: the servers with TLS are skipped')
  for (const name of ['node:https', 'node:http2 over TLS']) delete servers[name]
}

/** A client that doesn't read before `resume()`. */
export async function slowClient(t, port, headers = '') {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => {})
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  socket.pause()
  socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n${headers}\r\n`)
  return socket
}
