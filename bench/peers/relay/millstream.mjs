/**
 * `StreamClient`, one for the server: `client.stream(…).pipe(res)`, and `StreamResult.toResponse()` where the answer is
 * one of the web.
 */
import { MODEL, PROMPT, seedHeader } from '../../lib/options.mjs'
import { productEntry } from '../../lib/product.mjs'

const { StreamClient } = await import(productEntry)

const clientOf = (base) =>
  new StreamClient({ providers: { upstream: { baseUrl: `${base}/v1` } }, retry: { maxRetries: 0 } })

const requestOf = (seed) => ({
  model: MODEL,
  messages: [{ role: 'user', content: PROMPT }],
  headers: seedHeader(seed),
})

/** How many answers went by which sink: a run in which the engine chose another would measure something else. */
export const sinks = { socket: 0, write: 0 }

export function through(base, options) {
  const client = clientOf(base)
  return async (seed, res) => {
    const report = await client.stream(requestOf(seed)).pipe(res, options)
    if (report.error) throw report.error
    sinks[report.sink]++
  }
}

export const create = (base) => through(base, {})

export function createWeb(base) {
  const client = clientOf(base)
  return async (seed) => (await client.stream(requestOf(seed))).toResponse()
}
