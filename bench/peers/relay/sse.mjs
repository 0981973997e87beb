/** How the hand-written relays answer: an event per token, as one finds it in tutorials. */
export function beginEvents(res) {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
}

export function sendToken(res, content) {
  res.write(`data: ${JSON.stringify({ content, finished: false })}\n\n`)
}

export function endEvents(res) {
  res.end('data: {"content":"","finished":true}\n\n')
}
