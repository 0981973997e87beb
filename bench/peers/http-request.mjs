/** One `http.request` per stream, with as many sockets as there are streams, for the peers that stand on `node:http`. */
import { Agent, request } from 'node:http'
import { chatBody, chatUrl, seedHeader } from '../lib/options.mjs'

/** Returns `post(seed, onResponse)`: resolves when the body has ended. */
export function client(base) {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: Infinity })
  const { hostname, port, pathname } = new URL(chatUrl(base))
  return (seed, onResponse) =>
    new Promise((resolve, reject) => {
      const body = chatBody()
      const headers = {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        'content-length': Buffer.byteLength(body),
        ...seedHeader(seed),
      }
      const call = request({ agent, hostname, port, path: pathname, method: 'POST', headers }, (response) => {
        if (response.statusCode !== 200) {
          response.resume()
          reject(new Error(`HTTP ${response.statusCode}`))
          return
        }
        response.once('error', reject)
        response.once('end', resolve)
        onResponse(response)
      })
      call.once('error', reject)
      call.end(body)
    })
}
