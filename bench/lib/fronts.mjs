/**
 * The servers that answers are relayed through. Each hands the number of the stream and the response to a relay; a relay
 * that fails breaks its response off, which the clients count as a stream lost.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'

export const RELAY_PATH = '/api/chat'

/** Whether the engine can write to a client's socket there, and what clients speak. */
export const FRONTS = {
  http: { direct: true, transport: 'http' },
  express: { direct: true, transport: 'http' },
  https: { direct: false, transport: 'https' },
  http2: { direct: false, transport: 'http2' },
  wrapped: { direct: false, transport: 'http' },
  web: { direct: false, transport: 'http' },
}

/**
 * Starts front `name` on a free port of 127.0.0.1 and resolves with it. `peer` is a module of `peers/relay`.
 * @param {{ key: string, certificate: string }} tls
 */
export async function listen(name, peer, base, tls) {
  const server = await create(name, peer, base, tls)
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
  await once(server, 'listening')
  return server.address().port
}

async function create(name, peer, base, tls) {
  const failed = (res) => (error) => {
    process.stderr.write(`${error?.stack ?? error}\n`)
    res.destroy()
  }
  const seedOf = (req) => Number(req.headers['x-seed'])
  if (name === 'web') {
    const relay = peer.createWeb(base)
    return createServer((req, res) => {
      relay(seedOf(req))
        .then((response) => sendWebResponse(response, res))
        .catch(failed(res))
    })
  }
  const relay = peer.create(base)
  const handle = (req, res) => {
    relay(seedOf(req), res).catch(failed(res))
  }
  switch (name) {
    case 'http':
      return createServer(handle)
    case 'https':
      return createTlsServer({ key: tls.key, cert: tls.certificate }, handle)
    case 'http2':
      return createSecureServer({ key: tls.key, cert: tls.certificate }, handle)
    case 'wrapped':
      return createServer((req, res) => {
        countWrites(res)
        handle(req, res)
      })
    case 'express': {
      const { default: express } = await import('express')
      const app = express()
      app.post(RELAY_PATH, handle)
      return createServer(app)
    }
    default:
      throw new Error(`Expected a server among ${Object.keys(FRONTS).join(', ')}, got ${name}`)
  }
}

/** What middleware that logs or measures does to a response. */
function countWrites(res) {
  const { write } = res
  let bytes = 0
  res.write = (chunk, ...rest) => {
    bytes += chunk.length
    return write.call(res, chunk, ...rest)
  }
  res.once('close', () => {
    if (bytes === 0) process.stderr.write('A response was closed without a byte having gone through it\n')
  })
}

/** What frameworks that speak of web responses do with them on Node. */
async function sendWebResponse(response, res) {
  res.writeHead(response.status, Object.fromEntries(response.headers))
  const reader = response.body.getReader()
  res.once('close', () => reader.cancel().catch(() => {}))
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    if (!res.write(value)) await Promise.race([once(res, 'drain'), once(res, 'close')])
  }
  res.end()
}
