/**
 * Process under test of the relay benchmarks: a server that asks the upstream and sends on what it says, through one
 * peer and one front. Counts nothing itself: what arrived is the clients' to say.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { listen } from '../lib/fronts.mjs'
import { mark } from '../lib/meter.mjs'
import { serve } from '../lib/subject.mjs'

const [peerName, front] = process.argv.slice(2)
const peer = await import(`../peers/relay/${peerName}.mjs`)
const ports = new Map()

/** Starts a server before `base`, unless there is one, and says where it listens. */
async function port({ base, tls }) {
  if (!ports.has(base)) ports.set(base, await listen(front, peer, base, tls))
  return { port: ports.get(base) }
}

/** The cost so far. At rest it is exact: a sleeping thread's CPU time is; a running one's is up to a tick old. */
async function cost({ rest }) {
  if (rest) await sleep(20)
  return { ...mark(0), moment: performance.timeOrigin + performance.now(), sinks: { ...peer.sinks } }
}

async function memory() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc()
    await sleep(200)
  }
  return { rss: process.memoryUsage.rss() }
}

const work = { port, cost, memory }
serve((request) => work[request.what](request))
