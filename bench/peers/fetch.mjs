/** `fetch`, `eventsource-parser` and `JSON.parse`: what most hand-written code does. */
import { createParser } from 'eventsource-parser'
import { chatBody, chatUrl, seedHeader } from '../lib/options.mjs'

export function create(base) {
  const url = chatUrl(base)
  return async (seed, sink) => {
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream', ...seedHeader(seed) }
    const response = await fetch(url, { method: 'POST', headers, body: chatBody() })
    if (!response.ok) throw new Error(`HTTP ${response.status}`)
    const parser = createParser({
      onEvent({ data }) {
        if (data === '[DONE]') return
        const text = JSON.parse(data).choices[0]?.delta?.content
        if (text) sink.token(text)
      },
    })
    const decoder = new TextDecoder()
    for await (const bytes of response.body) parser.feed(decoder.decode(bytes, { stream: true }))
  }
}
