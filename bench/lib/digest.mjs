/** One short value for all text of all streams, in their order, with the bounds between tokens counted in. */
import { createHash } from 'node:crypto'

/** @param {{ tokens: number, text: string }[]} streams */
export function digestOf(streams) {
  const all = createHash('sha256')
  for (const { tokens, text } of streams) {
    all.update(`${tokens}:${createHash('sha256').update(text).digest('hex')}\n`)
  }
  return all.digest('hex')
}
