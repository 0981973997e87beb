/**
 * Process under test of the memory benchmark. Nothing of what arrives is kept here, so what grows belongs to the peer.
 * Needs `--expose-gc`: garbage that nobody has collected yet is not what an open stream holds.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { serve } from '../lib/subject.mjs'

const peer = await import(`../peers/${process.argv[2]}.mjs`)
const OPENING_AT_ONCE = 200

async function settledRss() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc()
    await sleep(200)
  }
  return process.memoryUsage.rss()
}

/** Opens one stream; `begun` resolves with its first token, `ended` with its end. */
function openOne(open, seed, counters) {
  let started
  const begun = new Promise((resolve) => {
    started = resolve
  })
  const arrived = () => {
    counters.tokens++
    started()
  }
  const ended = open(seed, { token: arrived, bytesRead: arrived })
  return { begun: Promise.race([begun, ended]), ended }
}

/** RSS with `streams` open and idle after their first token, over RSS before, in bytes per stream. */
async function idle({ warmBase, base, streams }) {
  const warm = peer.create(warmBase)
  const nothing = { token() {}, bytesRead() {} }
  for (let i = 0; i < 3; i++) await Promise.all(Array.from({ length: 50 }, (_, seed) => warm(seed, nothing)))
  const before = await settledRss()

  const open = peer.create(base)
  const counters = { tokens: 0 }
  for (let first = 0; first < streams; first += OPENING_AT_ONCE) {
    const next = Array.from({ length: Math.min(OPENING_AT_ONCE, streams - first) }, (_, i) =>
      openOne(open, first + i, counters),
    )
    for (const { ended } of next) ended.catch((error) => process.send({ failed: error?.stack ?? String(error) }))
    await Promise.all(next.map(({ begun }) => begun))
  }
  return { before, after: await settledRss() }
}

/**
 * Keeps `streams` open for `seconds`, each replaced when it ends, their ends spread over `life` ms, and samples RSS once
 * a second, after three generations in which heaps grow to the size that the work needs.
 */
async function turnover({ base, streams, life, seconds }) {
  const open = peer.create(base)
  const counters = { tokens: 0 }
  let going = true
  let openNow = 0
  let finished = 0
  let failure
  const keepOpen = async (seed) => {
    await sleep((seed * life) / streams)
    while (going) {
      openNow++
      await openOne(open, seed, counters).ended
      openNow--
      finished++
    }
  }
  const all = Array.from({ length: streams }, (_, seed) =>
    keepOpen(seed).catch((error) => {
      failure = error
      going = false
    }),
  )
  await sleep(3 * life)
  const samples = []
  const begin = { finished, tokens: counters.tokens }
  let fewest = openNow
  for (let second = 0; second <= seconds && going; second++) {
    // A regular collection, so that the line shows what is held and not how lazy the collector is.
    if (second % 5 === 0) globalThis.gc()
    samples.push([second, process.memoryUsage.rss()])
    fewest = Math.min(fewest, openNow)
    await sleep(1000)
  }
  const passed = { finished: finished - begin.finished, tokens: counters.tokens - begin.tokens }
  going = false
  await Promise.all(all)
  if (failure) throw failure
  return { samples, open: fewest, ...passed }
}

serve((request) => (request.seconds ? turnover(request) : idle(request)))
