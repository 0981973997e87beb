/** `StreamHandle.pipe(res, { sink: 'write' })`: frames of the engine's through `res.write`. */
import { through } from './millstream.mjs'

export { sinks } from './millstream.mjs'

export const create = (base) => through(base, { sink: 'write' })
