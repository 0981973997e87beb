/**
 * Relaying streams: upstream → server → clients. CPU per token of the server's main thread and whole process, and how long
 * a token is on its way. Peers take turns, round after round, each in a process of its own; a run in which a client did
 * not get exactly the upstream's text is void and fails the benchmark.
 */
import { connectionsTo } from '../lib/connections.mjs'
import { checkCompleted, checkText } from '../lib/evidence.mjs'
import { FRONTS, RELAY_PATH } from '../lib/fronts.mjs'
import { makeCertificate, startLoad, tokensAt } from '../lib/load.mjs'
import { between } from '../lib/meter.mjs'
import { count, range, table } from '../lib/report.mjs'
import { costTable, ratioTarget, summed } from '../lib/runs.mjs'
import { summary } from '../lib/stats.mjs'
import { startSubject } from '../lib/subject.mjs'
import { referenceFor, startUpstream } from '../lib/upstream.mjs'

export const title = 'Relay'

const DIRECT = ['millstream', 'millstream-write']
const BY_HAND = ['raw', 'http', 'openai']
const ELSEWHERE = ['millstream', 'raw']
const paced = { tokens: 200, rate: 50, spread: 1000 }
/** Of an answer that lasts, nearly all is passing on; what a request costs Node itself is in every peer's figure. */
const lasting = { tokens: 1000, rate: 50, spread: 1000 }

/**
 * Every case sends at least 200 tokens a stream. `rate` is tokens per second and stream; 0 means as fast as it goes. `ai`
 * is at the end of its strength with 200 streams.
 */
const CASES = {
  'http-1000': { ...lasting, front: 'http', streams: 1000, peers: [...DIRECT, ...BY_HAND] },
  'http-200': { ...paced, front: 'http', streams: 200, peers: [...DIRECT, ...BY_HAND, 'ai'] },
  'express-1000': { ...lasting, front: 'express', streams: 1000, peers: [...DIRECT, ...BY_HAND] },
  'express-200': { ...paced, front: 'express', streams: 200, peers: [...DIRECT, ...BY_HAND, 'ai'] },
  saturated: { front: 'http', streams: 64, tokens: 800, rate: 0, spread: 0, peers: [...DIRECT, ...BY_HAND] },
  https: { ...paced, front: 'https', streams: 200, peers: ELSEWHERE },
  http2: { ...paced, front: 'http2', streams: 200, peers: ELSEWHERE },
  wrapped: { ...paced, front: 'wrapped', streams: 200, peers: ELSEWHERE },
  web: { ...paced, front: 'web', streams: 200, peers: ELSEWHERE },
  latency: { ...paced, front: 'http', streams: 200, peers: [...DIRECT, 'raw'], stamped: true },
}
const QUICK = ['http-200', 'https', 'latency']
const WARM_UP = { streams: 50, tokens: 200 }
const TIMEOUT = 120_000

const FRONT_NAMES = {
  http: 'plain `http`',
  express: 'Express 5',
  https: 'TLS',
  http2: 'HTTP/2 over TLS',
  wrapped: '`res.write` wrapped by middleware',
  web: 'a web `Response`',
}
const LABELS = {
  millstream: 'millstream: `pipe(res)`',
  'millstream-write': "millstream: `pipe(res, { sink: 'write' })`",
  raw: '`upstreamResponse.pipe(res)`, nothing parsed',
  http: '`http.request` + `eventsource-parser` → `res.write`',
  openai: '`openai` → `res.write`',
  ai: '`ai`: `pipeUIMessageStreamToResponse`',
}
const WEB_LABELS = {
  millstream: 'millstream: `toResponse()`',
  raw: '`new Response((await fetch(…)).body)`, nothing parsed',
}

const titleOf = ({ front, streams, tokens, rate }) =>
  rate > 0
    ? `${FRONT_NAMES[front]}, ${count(streams)} streams × ${rate} tokens/s`
    : `${FRONT_NAMES[front]}, ${count(streams)} streams of ${tokens} tokens, unpaced`

/**
 * @param {{ rounds: number, quick: boolean, peers?: string[], cases?: string[], log(line: string): void }} options
 */
export async function run({ rounds, quick, peers, cases, log }) {
  const names = cases ?? (quick ? QUICK : Object.keys(CASES))
  const unknown = names.find((name) => !CASES[name])
  if (unknown !== undefined) throw new Error(`Expected a case among ${Object.keys(CASES).join(', ')}, got ${unknown}`)
  const tls = makeCertificate()
  const results = {}
  for (const name of names) {
    const wanted = CASES[name].peers.filter((peer) => !peers || peers.includes(peer))
    if (wanted.length > 0) results[name] = await runCase({ ...CASES[name], peers: wanted }, { rounds, tls, log })
  }
  return { rounds, cases: results, targets: targets(results) }
}

async function runCase(which, { rounds, tls, log }) {
  const { front, peers, streams, tokens, rate, stamped = false } = which
  const name = titleOf(which)
  log(`relay: ${name}${stamped ? ', time on the way' : ''}`)
  const pace = rate > 0 ? ['--tokens-per-second', String(rate)] : []
  const stamp = stamped ? ['--fault', '{"stamp":true}'] : []
  const reference = await referenceFor(streams, tokens)
  const warm = await startUpstream(['--tokens', String(WARM_UP.tokens)])
  const upstream = await startUpstream(['--tokens', String(tokens), ...pace, ...stamp])
  const subjects = new Map()
  const runs = Object.fromEntries(peers.map((peer) => [peer, []]))
  try {
    for (const peer of peers) {
      const subject = startSubject('relay', [peer, front])
      subjects.set(peer, subject)
      const warmUp = {
        subject,
        base: warm.url,
        tls,
        front,
        streams: WARM_UP.streams,
        rate: 0,
        spread: 0,
        stamped: false,
      }
      for (let i = 0; i < 2; i++) checkCompleted(peer, (await relay(warmUp)).streams)
    }
    for (let round = 0; round < rounds; round++) {
      // Another peer begins each round, so that none always follows the same one.
      for (let turn = 0; turn < peers.length; turn++) {
        const peer = peers[(round + turn) % peers.length]
        const subject = subjects.get(peer)
        const run = await relay({ ...which, subject, base: upstream.url, tls, stamped })
        const { whole, steady, connections, latency, streams: got } = run
        checkCompleted(peer, got)
        if (rate > 0 && peer.startsWith('millstream')) checkSink(peer, front, run.sinks)
        checkText(
          peer,
          { streams: got.map((stream, seed) => evidenceOf(stream, stamped && reference.hashes[seed])) },
          reference,
        )
        runs[peer].push({ whole, steady, connections, latency })
        log(
          `  round ${round + 1}/${rounds} ${peer}: ${whole.mainPerToken.toFixed(2)} | ` +
            `${whole.processPerToken.toFixed(2)} µs, ${Math.round((steady ?? whole).tokensPerSecond)} tokens/s` +
            (latency ? `, ${latency.p50} µs on the way, p99 ${latency.p99}` : '') +
            (connections !== null && connections < streams ? `, ${connections} streams seen at once` : ''),
        )
      }
    }
  } finally {
    for (const subject of subjects.values()) await subject.stop()
    await upstream.stop()
    await warm.stop()
  }
  return {
    title: name,
    front,
    streams,
    tokens,
    rate,
    peers: Object.fromEntries(peers.map((peer) => [peer, { ...summed(runs[peer]), ...latencies(runs[peer]) }])),
  }
}

/** Times can't be foretold: of stamped tokens only the number counts. */
const evidenceOf = ({ tokens, hash }, foretold) => ({ tokens, hash: foretold || hash })

/** One run: cost of the server from its first connection to its last, and what its clients say. */
async function relay({ subject, base, tls, front, streams, rate, spread, stamped }) {
  let last = Promise.resolve()
  // The answers to two questions could not be told apart.
  const ask = (request) => {
    last = last.then(() => subject.ask(request, TIMEOUT))
    return last
  }
  const { port } = await ask({ what: 'port', base, tls })
  const begin = await ask({ what: 'cost', rest: true })
  const load = startLoad({
    addresses: [`127.0.0.1:${port}`],
    transport: FRONTS[front].transport,
    certificate: tls.certificate,
    path: RELAY_PATH,
    streams,
    spread,
    stamped,
    timeout: TIMEOUT,
  })
  try {
    let connections = null
    // As soon as all have begun, and now and then, for a server that is slow to take them.
    const look = () => {
      if (rate > 0) connections = Math.max(connections, connectionsTo(Number(new URL(base).port), subject.pid))
    }
    const looking = setInterval(look, 1000)
    load.report.catch(() => {}).finally(() => clearInterval(looking))
    load.begun.then(look, () => {})
    const looked = [load.begun, load.ending].map((moment) => moment.then(() => ask({ what: 'cost' })))
    const report = await load.report
    // A run with a stream that never began has no such moment.
    const [open, ending] = (await Promise.allSettled(looked)).map(({ value }) => value)
    const end = await ask({ what: 'cost', rest: true })
    const tokens = report.streams.reduce((sum, stream) => sum + stream.tokens, 0)
    const whole = between({ ...begin, tokens: 0 }, { ...end, tokens })
    return {
      whole: { ...whole, seconds: report.elapsed / 1000, tokensPerSecond: (tokens * 1000) / report.elapsed },
      steady: stretch(open, ending, report),
      connections,
      latency: report.latency,
      sinks: difference(begin.sinks, end.sinks),
      streams: report.streams,
    }
  } finally {
    await load.stop()
  }
}

const difference = (before, after) =>
  Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - before[name]]))

/** A relay that took another way than the one to be measured measures nothing. Of web responses there is but one. */
function checkSink(peer, front, { socket, write }) {
  const other = peer === 'millstream' && FRONTS[front].direct ? write : socket
  if (other > 0)
    throw new Error(`${peer} sent ${socket} answers by the socket and ${write} by write(), through ${front}`)
}

/** From the moment every stream has begun to the first end; null where there is no such stretch worth the name. */
function stretch(open, ending, { timeline }) {
  if (!open || !ending || ending.moment - open.moment < 500) return null
  const at = (mark) => ({ ...mark, tokens: tokensAt(timeline, mark.moment) })
  return between(at(open), at(ending))
}

function latencies(runs) {
  if (!runs.every(({ latency }) => latency)) return {}
  const over = (pick) => summary(runs.map(({ latency }) => pick(latency)))
  return { p50: over(({ p50 }) => p50), p90: over(({ p90 }) => p90), p99: over(({ p99 }) => p99) }
}

const P3 = { raw: 1 / 20, openai: 1 / 50 }

const RATIOS = [
  ...['http-1000', 'express-1000'].flatMap((name) =>
    Object.entries(P3).map(([peer, most]) => ({ id: 'P3', case: name, of: 'main', peer, most })),
  ),
  // With as many streams as it can take.
  ...['http', 'express'].map((front) => ({
    id: 'P3',
    case: `${front}-1000`,
    of: 'main',
    peer: 'ai',
    peerCase: `${front}-200`,
    most: 1 / 200,
  })),
  ...['http-200', 'http-1000', 'express-200', 'express-1000'].map((name) => ({
    id: 'P4',
    case: name,
    of: 'process',
    peer: 'raw',
    most: 0.6,
  })),
  ...['https', 'http2', 'wrapped', 'web'].map((name) => ({ id: 'P5', case: name, of: 'main', peer: 'raw', most: 1 })),
]

function targets(results) {
  const costs = RATIOS.flatMap(({ id, case: name, of, peer, peerCase = name, most }) => {
    const ours = results[name]?.peers.millstream
    const theirs = results[peerCase]?.peers[peer]
    if (!ours || !theirs) return []
    const there = peerCase === name ? '' : ` with ${results[peerCase].streams}`
    const what = `${results[name].title}, of ${peer === 'raw' ? 'raw `pipe()`' : `\`${peer}\``}${there}`
    const wanted = most === 1 ? '< 1' : undefined
    return [ratioTarget({ id, of, most, what, wanted }, ours, theirs)]
  })
  const { millstream, raw } = results.latency?.peers ?? {}
  if (!millstream || !raw) return costs
  const times = ['p50', 'p99'].map((which) => ({
    id: 'P6',
    what: `from the upstream's write to the client's read, ${which}`,
    wanted: `≤ raw \`pipe()\`: ${count(raw[which].median)} µs`,
    reached: `${count(millstream[which].median)} µs`,
    met: millstream[which].median <= raw[which].median,
  }))
  return [...costs, ...times]
}

export function tables({ cases, rounds }) {
  const parts = Object.entries(cases).map(([name, { title, front, peers }]) => {
    const labels = front === 'web' ? WEB_LABELS : LABELS
    const label = (peer) => labels[peer]
    if (name === 'latency') return latencyTable(title, peers, label)
    const rows = Object.entries(peers).map(([peer, row]) => [label(peer), row])
    return `**Through ${title}**, µs of CPU per token\n\n${costTable(rows)}`
  })
  return [`Median (range) of ${rounds} rounds.`, ...parts].join('\n\n')
}

function latencyTable(title, peers, label) {
  const rows = Object.entries(peers).map(([peer, { p50, p90, p99 }]) => [
    label(peer),
    ...[p50, p90, p99].map((value) => range(value, 0)),
  ])
  const head = ["µs from the upstream's write to the client's read", 'p50', 'p90', 'p99']
  return `**Time on the way through ${title}**\n\n${table(head, rows)}`
}
