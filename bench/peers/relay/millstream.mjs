/** `StreamHandle.pipe(res)`, and `StreamResult.toResponse()` where the answer is one of the web. */
import { MODEL, PROMPT, seedHeader } from '../../lib/options.mjs'
import { productEntry } from '../../lib/product.mjs'

const { AIStream } = await import(productEntry)

const ask = (base, seed) => {
  const provider = { baseUrl: `${base}/v1` }
  return new AIStream({ provider, model: MODEL, headers: seedHeader(seed) }).stream(PROMPT)
}

/** How many answers went by which sink: a run in which the engine chose another would measure something else. */
export const sinks = { socket: 0, write: 0 }

export const through = (base, options) => async (seed, res) => {
  const report = await ask(base, seed).pipe(res, options)
  if (report.error) throw report.error
  sinks[report.sink]++
}

export const create = (base) => through(base, {})

export const createWeb = (base) => async (seed) => (await ask(base, seed)).toResponse()
