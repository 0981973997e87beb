/** `upstreamResponse.pipe(res)`: the upstream's own bytes, nothing parsed. Of web responses: `new Response(upstream.body)`. */
import { chatBody, chatUrl, seedHeader } from '../../lib/options.mjs'
import { client } from '../http-request.mjs'

export function create(base) {
  const post = client(base)
  return (seed, res) =>
    post(seed, (response) => {
      res.writeHead(200, { 'content-type': response.headers['content-type'], 'cache-control': 'no-cache' })
      response.pipe(res)
    })
}

export function createWeb(base) {
  const url = chatUrl(base)
  return async (seed) => {
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream', ...seedHeader(seed) }
    const upstream = await fetch(url, { method: 'POST', headers, body: chatBody() })
    if (!upstream.ok) throw new Error(`HTTP ${upstream.status}`)
    return new Response(upstream.body, { headers: { 'content-type': upstream.headers.get('content-type') } })
  }
}
