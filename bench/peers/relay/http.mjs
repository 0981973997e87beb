/** `http.request` and `eventsource-parser`, each token written with `res.write`: the best that is written by hand. */
import { createParser } from 'eventsource-parser'
import { client } from '../http-request.mjs'
import { beginEvents, endEvents, sendToken } from './sse.mjs'

export function create(base) {
  const post = client(base)
  return async (seed, res) => {
    await post(seed, (response) => {
      beginEvents(res)
      const parser = createParser({
        onEvent({ data }) {
          if (data === '[DONE]') return
          const text = JSON.parse(data).choices[0]?.delta?.content
          if (text) sendToken(res, text)
        },
      })
      response.setEncoding('utf8')
      response.on('data', (text) => parser.feed(text))
    })
    endEvents(res)
  }
}
