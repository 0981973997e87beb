/**
 * Process under test of the consume benchmark: opens streams through one peer, counts and keeps what arrives, and says
 * what it cost. Checking the text happens after the last mark, outside of what is measured.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { digestOf, hashOf } from '../lib/evidence.mjs'
import { between, mark } from '../lib/meter.mjs'
import { serve } from '../lib/subject.mjs'

const peer = await import(`../peers/${process.argv[2]}.mjs`)
const openers = new Map()

/** Where one stream's tokens go. The same few operations for every peer. */
class Sink {
  text = ''
  tokens = 0
  bytes = 0
  #run

  constructor(run) {
    this.#run = run
  }

  token(text) {
    this.text += text
    this.#run.tokens++
    if (this.tokens++ === 0) this.#run.started()
  }

  bytesRead(length) {
    this.#run.bytes += length
    if (this.bytes === 0) this.#run.started()
    this.bytes += length
  }
}

/**
 * `streams` streams, their starts spread evenly over `spread` ms so that they don't tick in step. Two measures come
 * back: `whole`, from the first request to the last end, and `steady`, from the moment every stream has begun to the
 * first end; null where no such moment exists.
 */
async function consume({ base, streams, spread, bytesPerToken }) {
  if (!openers.has(base)) openers.set(base, peer.create(base))
  const open = openers.get(base)

  let waiting = streams
  let allStarted = null
  let firstEnd = null
  const counted = () => (peer.countsBytes ? run.bytes / bytesPerToken : run.tokens)
  const run = {
    tokens: 0,
    bytes: 0,
    started() {
      if (--waiting === 0) allStarted = mark(counted())
    },
  }
  const sinks = Array.from({ length: streams }, () => new Sink(run))

  // A sleeping thread's CPU time is exact; a running one's is up to a tick old.
  await sleep(20)
  const begin = mark(0)
  const ends = sinks.map(async (sink, seed) => {
    if (spread > 0) await sleep((seed * spread) / streams)
    await open(seed, sink)
    if (allStarted && !firstEnd) firstEnd = mark(counted())
  })
  await Promise.all(ends)
  const lastEnd = performance.now()
  await sleep(20)
  const end = { ...mark(counted()), at: lastEnd }

  const steady = allStarted && firstEnd && firstEnd.tokens > allStarted.tokens ? between(allStarted, firstEnd) : null
  return {
    whole: between(begin, end),
    steady,
    bytes: run.bytes,
    digest: peer.countsBytes ? null : digestOf(sinks),
    // Which stream went wrong is worth knowing when the digests differ; hashes are short enough to send.
    streams: peer.countsBytes
      ? sinks.map(({ bytes }) => ({ bytes }))
      : sinks.map(({ tokens, text }) => ({ tokens, hash: hashOf(text) })),
  }
}

serve(consume)
