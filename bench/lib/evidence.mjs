/** What makes a run count: every stream's text arrived whole, over as many connections as there were streams. */
import { createHash } from 'node:crypto'

export const hashOf = (text) => createHash('sha256').update(text).digest('hex')

/**
 * One short value for all text of all streams, in their order, with the number of tokens of each.
 * @param {{ tokens: number, text: string }[]} streams
 */
export function digestOf(streams) {
  const all = createHash('sha256')
  for (const { tokens, text } of streams) {
    all.update(`${tokens}:${hashOf(text)}\n`)
  }
  return all.digest('hex')
}

/** Nobody is fast by losing tokens: every stream's count and text (or length, where nothing is parsed) must be right. */
export function checkText(peer, { digest, streams }, reference) {
  if (digest === reference.digest) return
  if (streams.length !== reference.answers.length) {
    throw new Error(`${peer} reported ${streams.length} streams of ${reference.answers.length}`)
  }
  const wrong = streams.findIndex((stream, seed) => {
    const wanted = reference.answers[seed]
    if ('bytes' in stream) return stream.bytes !== wanted.bytes
    return stream.tokens !== wanted.tokens || stream.hash !== hashOf(wanted.text)
  })
  if (wrong < 0) return
  const got = streams[wrong]
  const wanted = reference.answers[wrong]
  const what =
    'bytes' in got
      ? `${got.bytes} bytes of ${wanted.bytes}`
      : `${got.tokens} tokens of ${wanted.tokens}${got.tokens === wanted.tokens ? ', with another text' : ''}`
  throw new Error(`${peer} did not deliver the upstream's text: stream ${wrong} came out as ${what}`)
}

/** A client that queues requests behind a limit on sockets does less at a time than it was asked to. */
export function checkConnections(peer, connections, streams, { loopBusy }) {
  // One that has no CPU left to open them all in time is slow, not limited; its throughput says so.
  if (connections === null || connections >= streams || loopBusy > 0.9) return
  throw new Error(`${peer} held ${connections} connections at most for ${streams} streams`)
}

/** Of clients of a relay: every stream must have come to its own end, under 200. */
export function checkCompleted(peer, streams) {
  const broken = streams.findIndex(({ status, completed }) => status !== 200 || !completed)
  if (broken < 0) return
  const all = streams.filter(({ status, completed }) => status !== 200 || !completed).length
  const { status, tokens, error } = streams[broken]
  throw new Error(
    `${peer} broke ${all} of ${streams.length} streams: ${broken} after ${tokens} tokens, HTTP ${status}: ${error}`,
  )
}
