/** `http.request`, `eventsource-parser` and `JSON.parse`: the best that is written by hand. */
import { createParser } from 'eventsource-parser'
import { client } from './http-request.mjs'

export function create(base) {
  const post = client(base)
  return (seed, sink) =>
    post(seed, (response) => {
      const parser = createParser({
        onEvent({ data }) {
          if (data === '[DONE]') return
          const text = JSON.parse(data).choices[0]?.delta?.content
          if (text) sink.token(text)
        },
      })
      response.setEncoding('utf8')
      response.on('data', (text) => parser.feed(text))
    })
}
