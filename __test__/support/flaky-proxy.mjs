// A TCP proxy whose connections break: after how many bytes of an answer, a test says.
import { once } from 'node:events'
import net from 'node:net'

/**
 * Proxies to `port` until the test `t` is over. `budget(n)` says after how many bytes of answers connection `n` is reset;
 * `Infinity`: never.
 */
export async function flakyProxy(t, port, budget) {
  const sockets = new Set()
  let connections = 0
  let cuts = 0
  const server = net.createServer((client) => {
    const upstream = net.connect(port, '127.0.0.1')
    let left = budget(connections++)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    client.pipe(upstream)
    upstream.on('data', (bytes) => {
      if (bytes.length < left) {
        left -= bytes.length
        client.write(bytes)
        return
      }
      cuts++
      upstream.destroy()
      // What is written before a reset may be lost with it, so the client is first given the time to read it.
      client.write(bytes.subarray(0, left), () => setImmediate(() => client.resetAndDestroy()))
      left = 0
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    get connections() {
      return connections
    },
    get cuts() {
      return cuts
    },
  }
}
