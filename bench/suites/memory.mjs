/** Memory: what an open, idle stream costs, and whether 10,000 of them stay flat while they come and go. */
import { setTimeout as sleep } from 'node:timers/promises'
import { connectionsTo } from '../lib/connections.mjs'
import { count, range, table } from '../lib/report.mjs'
import { slope, summary } from '../lib/stats.mjs'
import { startSubject } from '../lib/subject.mjs'
import { startUpstream } from '../lib/upstream.mjs'

export const title = 'Memory'
const PEERS = { millstream: 'millstream: `AIStream`', fetch: '`fetch`', drop: '`http.request`' }
const IDLE_STREAMS = 5000
const OPEN_STREAMS = 10_000
/** Tokens in a stream that comes and goes, two of them a second. */
const LIFE_TOKENS = 20
const LIFE_SECONDS = LIFE_TOKENS / 2
const KIB = 1024
const MIB = 1024 * KIB

/** @param {{ rounds: number, quick: boolean, long: boolean, log(line: string): void }} options */
export async function run({ quick, long, rounds, log }) {
  const idle = await runIdle({ streams: quick ? 1000 : IDLE_STREAMS, rounds: quick ? 1 : Math.min(rounds, 3), log })
  const turnover = await runTurnover({
    streams: quick ? 1000 : OPEN_STREAMS,
    seconds: long ? 600 : quick ? 10 : 60,
    log,
  })
  return { idle, turnover, targets: targets(idle, turnover) }
}

async function runIdle({ streams, rounds, log }) {
  log(`memory: ${count(streams)} idle streams`)
  const warm = await startUpstream(['--tokens', '20'])
  // The first token comes at once and the second after a hundred seconds, when the process has long gone.
  const upstream = await startUpstream(['--tokens', '20', '--tokens-per-second', '0.01'])
  const kibibytes = Object.fromEntries(Object.keys(PEERS).map((peer) => [peer, []]))
  try {
    for (let round = 0; round < rounds; round++) {
      for (const peer of Object.keys(PEERS)) {
        const subject = startSubject('memory', [peer], ['--expose-gc'])
        try {
          const request = { warmBase: warm.url, base: upstream.url, streams }
          const { before, after } = await subject.ask(request, 60_000)
          const open = connectionsTo(Number(new URL(upstream.url).port), subject.pid)
          if (open < streams) throw new Error(`${peer} holds ${open} connections for ${streams} streams`)
          kibibytes[peer].push((after - before) / streams / KIB)
          log(`  round ${round + 1}/${rounds} ${peer}: ${((after - before) / streams / KIB).toFixed(1)} KiB a stream`)
        } finally {
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

async function runTurnover({ streams, seconds, log }) {
  log(`memory: ${count(streams)} streams kept open for ${seconds} s, each replaced after ${LIFE_SECONDS} s`)
  const upstream = await startUpstream(['--tokens', String(LIFE_TOKENS), '--tokens-per-second', '2'])
  const subject = startSubject('memory', ['millstream'], ['--expose-gc'])
  try {
    const life = LIFE_SECONDS * 1000
    const request = { base: upstream.url, streams, life, seconds }
    const asked = subject.ask(request, (seconds + 120) * 1000)
    // Looked at in the middle: sockets, not promises, are what is open.
    const look = sleep(3 * life + seconds * 500, undefined, { ref: false }).then(() =>
      connectionsTo(Number(new URL(upstream.url).port), subject.pid),
    )
    const [answer, connections] = await Promise.all([asked, look])
    const { samples } = answer
    const result = {
      streams,
      seconds,
      open: answer.open,
      connections,
      finished: answer.finished,
      tokens: answer.tokens,
      first: samples[0][1] / MIB,
      highest: Math.max(...samples.map(([, rss]) => rss)) / MIB,
      last: samples.at(-1)[1] / MIB,
      slopePerMinute: (slope(samples) * 60) / MIB,
      samples,
    }
    log(
      `  ${result.first.toFixed(0)} → ${result.last.toFixed(0)} MiB, ${result.slopePerMinute.toFixed(2)} MiB a minute`,
    )
    return result
  } finally {
    await subject.stop()
    await upstream.stop()
  }
}

/** By how much the resident size may grow from the first sixth of the time to the last before it counts as growing. */
const FLAT = 0.05

/** Growth between the means of the first and the last sixth of the samples, as a share. */
function growthOf(samples) {
  const sizes = samples.map(([, rss]) => rss)
  const sixth = Math.max(1, Math.floor(sizes.length / 6))
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
  return mean(sizes.slice(-sixth)) / mean(sizes.slice(0, sixth)) - 1
}

function targets(idle, turnover) {
  const growth = growthOf(turnover.samples)
  const perStream = idle.peers.millstream.median
  return [
    {
      id: 'P9',
      what: `RSS per open idle stream, ${count(idle.streams)} streams`,
      wanted: '≤ 16 KiB',
      reached: `${perStream.toFixed(1)} KiB`,
      met: perStream <= 16,
    },
    {
      id: 'P9',
      what: 'streams open at once in one process',
      wanted: count(turnover.streams),
      reached: `${count(turnover.open)} (${count(turnover.connections)} sockets)`,
      // A stream that has just been replaced has no socket for a moment.
      met: Math.min(turnover.open, turnover.connections) >= 0.97 * turnover.streams,
    },
    {
      id: 'P9',
      what: `growth of RSS with ${count(turnover.streams)} streams open, in ${turnover.seconds} s`,
      wanted: '≤ 5 %',
      reached: `${(growth * 100).toFixed(1)} %`,
      met: growth <= FLAT,
    },
  ]
}

export function tables({ idle, turnover }) {
  const rows = Object.entries(idle.peers).map(([peer, value]) => [PEERS[peer], range(value, 1)])
  const kept = table(
    [
      'streams kept open',
      'fewest open',
      'sockets',
      'finished',
      'tokens',
      'RSS at first',
      'highest',
      'at last',
      'slope',
    ],
    [
      [
        `${count(turnover.streams)} for ${turnover.seconds} s`,
        count(turnover.open),
        count(turnover.connections),
        count(turnover.finished),
        count(turnover.tokens),
        `${turnover.first.toFixed(0)} MiB`,
        `${turnover.highest.toFixed(0)} MiB`,
        `${turnover.last.toFixed(0)} MiB`,
        `${turnover.slopePerMinute.toFixed(2)} MiB a minute`,
      ],
    ],
  )
  const idleHead = [`${count(idle.streams)} open idle streams`, 'KiB of RSS per stream']
  return [
    `Median (range) of ${idle.rounds} fresh processes.`,
    table(idleHead, rows),
    `Streams that come and go: each lives ${LIFE_SECONDS} s and is replaced when it ends.`,
    kept,
  ].join('\n\n')
}
