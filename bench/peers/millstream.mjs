/** `AIStream` and its `token` event, one conversation per stream, as a server would open one per request. */
import { chatUrl, MODEL, PROMPT, seedHeader } from '../lib/options.mjs'
import { productEntry } from '../lib/product.mjs'

const { AIStream } = await import(productEntry)

export function create(base) {
  const endpoint = chatUrl(base)
  return async (seed, sink) => {
    const stream = new AIStream({ endpoint, model: MODEL, protocol: 'openai', headers: seedHeader(seed) })
    stream.on('token', (token) => sink.token(token))
    await stream.send(PROMPT)
  }
}
