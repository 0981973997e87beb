/** Memory of relays: what an open, idle one costs, and whether 10,000 at once all come to their end. */
import { readFileSync } from 'node:fs'
import { connectionsTo } from '../lib/connections.mjs'
import { checkCompleted, checkText } from '../lib/evidence.mjs'
import { RELAY_PATH } from '../lib/fronts.mjs'
import { startLoad } from '../lib/load.mjs'
import { count, range, table } from '../lib/report.mjs'
import { summary } from '../lib/stats.mjs'
import { startSubject } from '../lib/subject.mjs'
import { referenceFor, startUpstream } from '../lib/upstream.mjs'

export const title = 'Memory of relays'
const PEERS = {
  millstream: 'millstream: `pipe(res)`',
  'millstream-write': "millstream: `pipe(res, { sink: 'write' })`",
  raw: '`upstreamResponse.pipe(res)`',
  held: 'no relay: a response of Node that stays open',
}
const IDLE_STREAMS = 5000
const OPEN_STREAMS = 10_000
/** One token a second; all streams are open between the last one's beginning and the first one's end. */
const LIFE_TOKENS = 45
const OPENED_PER_SECOND = 500
const TIMEOUT = 180_000
const KIB = 1024

/** @param {{ rounds: number, quick: boolean, log(line: string): void }} options */
export async function run({ quick, rounds, log }) {
  const idle = await runIdle({ streams: quick ? 500 : IDLE_STREAMS, rounds: quick ? 1 : Math.min(rounds, 3), log })
  const many = await runMany({ streams: quick ? 1000 : OPEN_STREAMS, log })
  return { idle, many, targets: targets(idle, many) }
}

const portOf = (url) => Number(new URL(url).port)
const spreadOf = (streams) => Math.ceil((streams * 1000) / OPENED_PER_SECOND)

const jobFor = (ports, streams) => ({
  addresses: ports.map((port) => `127.0.0.1:${port}`),
  transport: 'http',
  path: RELAY_PATH,
  streams,
  spread: spreadOf(streams),
  timeout: TIMEOUT,
})

/** A server that has relayed before, and its resident size. */
async function startServer(peer, warm, upstream) {
  const subject = startSubject('relay', [peer, 'http'], ['--expose-gc'])
  try {
    if (peer !== 'held') {
      const { port } = await subject.ask({ what: 'port', base: warm.url }, TIMEOUT)
      for (let i = 0; i < 3; i++) {
        const load = startLoad({ ...jobFor([port], 100), spread: 0 })
        checkCompleted(peer, (await load.report).streams)
      }
    }
    const { port } = await subject.ask({ what: 'port', base: upstream.url }, TIMEOUT)
    const { rss } = await subject.ask({ what: 'memory' }, TIMEOUT)
    return { subject, port, before: rss }
  } catch (error) {
    await subject.stop()
    throw error
  }
}

async function runIdle({ streams, rounds, log }) {
  log(`relay-memory: ${count(streams)} idle relays`)
  const warm = await startUpstream(['--tokens', '20'])
  // The first token comes at once and the second after a hundred seconds, when the process has long gone.
  const upstream = await startUpstream(['--tokens', '20', '--tokens-per-second', '0.01'])
  const kibibytes = Object.fromEntries(Object.keys(PEERS).map((peer) => [peer, []]))
  try {
    for (let round = 0; round < rounds; round++) {
      for (const peer of Object.keys(PEERS)) {
        const { subject, port, before } = await startServer(peer, warm, upstream)
        const load = startLoad(jobFor([port], streams))
        try {
          await load.begun
          const { rss } = await subject.ask({ what: 'memory' }, TIMEOUT)
          const open = connectionsTo(portOf(upstream.url), subject.pid)
          if (peer !== 'held' && open < streams)
            throw new Error(`${peer} holds ${open} connections for ${streams} relays`)
          const each = (rss - before) / streams / KIB
          kibibytes[peer].push(each)
          log(`  round ${round + 1}/${rounds} ${peer}: ${each.toFixed(1)} KiB a relay`)
        } finally {
          await load.stop()
          await subject.stop()
        }
      }
    }
  } finally {
    await upstream.stop()
    await warm.stop()
  }
  return {
    streams,
    rounds,
    peers: Object.fromEntries(Object.entries(kibibytes).map(([peer, values]) => [peer, summary(values)])),
  }
}

/** A relay has three descriptors in the server: the client's socket, the engine's duplicate of it, the upstream's socket. */
const DESCRIPTORS = 3
const DESCRIPTORS_BESIDE = 500

/** Descriptors that a process may have here; Node raises its own limit to this one. */
function descriptorLimit() {
  const line = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))
  return line && line[1] !== 'unlimited' ? Number(line[1]) : Number.POSITIVE_INFINITY
}

async function runMany({ streams, log }) {
  const limit = descriptorLimit()
  const processes = Math.ceil(streams / Math.floor((limit - DESCRIPTORS_BESIDE) / DESCRIPTORS))
  log(`relay-memory: ${count(streams)} relays at once, ${processes} server process(es), ${limit} descriptors each`)
  if (streams + DESCRIPTORS_BESIDE > limit) {
    throw new Error(
      `The upstream and the clients need ${streams + DESCRIPTORS_BESIDE} descriptors each: raise \`ulimit -n\``,
    )
  }
  const reference = await referenceFor(streams, LIFE_TOKENS)
  const warm = await startUpstream(['--tokens', '20'])
  const upstream = await startUpstream(['--tokens', String(LIFE_TOKENS), '--tokens-per-second', '1'])
  const servers = []
  let load
  try {
    for (let i = 0; i < processes; i++) servers.push(await startServer('millstream', warm, upstream))
    load = startLoad(
      jobFor(
        servers.map(({ port }) => port),
        streams,
      ),
    )
    await load.begun
    const open = servers.reduce((sum, { subject }) => sum + connectionsTo(portOf(upstream.url), subject.pid), 0)
    const sizes = await Promise.all(servers.map(({ subject }) => subject.ask({ what: 'memory' }, TIMEOUT)))
    const grown = sizes.reduce((sum, { rss }, i) => sum + rss - servers[i].before, 0)
    const { streams: got, elapsed } = await load.report
    checkCompleted('millstream', got)
    checkText('millstream', { streams: got.map(({ tokens, hash }) => ({ tokens, hash })) }, reference)
    const tokens = got.reduce((sum, stream) => sum + stream.tokens, 0)
    const result = {
      streams,
      processes,
      limit,
      open,
      completed: got.length,
      tokens,
      perStream: grown / streams / KIB,
      elapsed,
    }
    log(`  ${count(open)} open at once, all came whole, ${result.perStream.toFixed(1)} KiB a relay`)
    return result
  } finally {
    await load?.stop()
    for (const { subject } of servers) await subject.stop()
    await upstream.stop()
    await warm.stop()
  }
}

/** The target is a stream's own. What Node holds for any response that stays open is there without a stream, too. */
function targets(idle, many) {
  const { millstream, raw, held } = idle.peers
  const own = (peer) => peer.median - held.median
  return [
    {
      id: 'P9',
      what: `RSS of the stream in an open idle relay, beside Node's response, ${count(idle.streams)} relays`,
      wanted: '≤ 16 KiB',
      reached: `${own(millstream).toFixed(1)} KiB (raw \`pipe()\`: ${own(raw).toFixed(1)})`,
      met: own(millstream) <= 16,
    },
    {
      id: 'P9',
      what: 'relays open at once, each come whole and once to its client',
      wanted: count(many.streams),
      reached: `${count(many.completed)} (${count(many.open)} at once, in ${many.processes === 1 ? 'one process' : `${many.processes} processes`})`,
      met: many.completed === many.streams && many.open >= many.streams,
    },
  ]
}

function manyLine({ processes, limit }) {
  const why =
    processes > 1 ? `, since a process may have ${count(limit)} descriptors and a relay takes ${DESCRIPTORS}` : ''
  return `Relays at once, one token a second each, in ${processes === 1 ? 'one server process' : `${processes} server processes`}${why}.`
}

export function tables({ idle, many }) {
  const rows = Object.entries(idle.peers).map(([peer, value]) => [PEERS[peer], range(value, 1)])
  const all = table(
    ['relays at once', 'server processes', 'open at once', 'came whole', 'tokens', 'KiB of RSS per relay', 'seconds'],
    [
      [
        count(many.streams),
        count(many.processes),
        count(many.open),
        count(many.completed),
        count(many.tokens),
        many.perStream.toFixed(1),
        (many.elapsed / 1000).toFixed(0),
      ],
    ],
  )
  return [
    `Median (range) of ${idle.rounds} fresh processes.`,
    table([`${count(idle.streams)} open idle relays`, 'KiB of RSS per relay'], rows),
    manyLine(many),
    all,
  ].join('\n\n')
}
