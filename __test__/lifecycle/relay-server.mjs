// Relays what the provider at `url` says, as a server in production would: asked over IPC to say what it holds, to end.

import { readdirSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import { AIStream } from 'millstream'
import { url } from './support.mjs'

const provider = { baseUrl: `${url}/v1` }
const relays = { begun: 0, ended: 0, completed: 0, socket: 0, write: 0, refused: [] }

const server = createServer((req, res) => {
  const { 'x-mock-fault': answer, 'x-stream': name, 'x-sink': sink } = req.headers
  relays.begun++
  const headers = { 'x-mock-fault': answer, 'x-stream': name }
  const stream = new AIStream({ provider, model: 'm', headers, retry: { maxRetries: 0 }, timeout: 60_000 })
  stream
    .stream('Tell me a story.')
    .pipe(res, { sink })
    .then((report) => {
      relays[report.sink]++
      if (report.completed) relays.completed++
    })
    .catch((error) => relays.refused.push(error?.stack ?? String(error)))
    .finally(() => relays.ended++)
})
// Longer than any pause of a client between two questions on one connection.
server.keepAliveTimeout = 60_000

/** What this process holds open (Linux). */
function descriptors() {
  const links = readdirSync('/proc/self/fd').map((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`)
    } catch {
      // The one by which the folder was read.
      return ''
    }
  })
  const sockets = links.filter((link) => link.startsWith('socket:')).length
  return { sockets, others: links.length - sockets }
}

process.on('message', (message) => {
  if (message === 'state') process.send({ relays, descriptors: descriptors() })
  if (message === 'end') {
    server.close()
    process.disconnect()
  }
})

server.listen({ port: 0, host: '127.0.0.1', backlog: 2048 }, () => {
  process.send({ port: server.address().port, descriptors: descriptors() })
})
