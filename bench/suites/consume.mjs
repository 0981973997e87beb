/**
 * Consuming streams: CPU per token of the main thread and of the whole process, paced as a server sees it and unpaced.
 * Peers take turns, round after round, each in a process of its own; a run whose text is not the upstream's is void and
 * fails the benchmark.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { connectionsTo } from '../lib/connections.mjs'
import { checkConnections, checkText } from '../lib/evidence.mjs'
import { costTable, ratioTarget, summed } from '../lib/runs.mjs'
import { startSubject } from '../lib/subject.mjs'
import { referenceFor, startUpstream } from '../lib/upstream.mjs'

export const title = 'Consume'
const PEERS = ['millstream', 'ai', 'openai', 'fetch', 'http', 'drop']

/** Every case sends at least 200 tokens a stream. `rate` is tokens per second and stream; 0 means as fast as it goes. */
const CASES = {
  'paced-200': { title: 'paced, 200 streams × 50 tokens/s', streams: 200, tokens: 200, rate: 50, spread: 1000 },
  'paced-1000': { title: 'paced, 1,000 streams × 50 tokens/s', streams: 1000, tokens: 200, rate: 50, spread: 1000 },
  saturated: { title: 'saturated, 64 streams of 800 tokens, unpaced', streams: 64, tokens: 800, rate: 0, spread: 0 },
}
const WARM_UP = { streams: 50, tokens: 200 }

/**
 * @param {{ rounds: number, quick: boolean, peers?: string[], cases?: string[], log(line: string): void }} options
 */
export async function run({ rounds, quick, peers = PEERS, cases, log }) {
  const names = cases ?? (quick ? ['paced-200'] : Object.keys(CASES))
  const results = {}
  for (const name of names) {
    if (!CASES[name]) throw new Error(`Expected a case among ${Object.keys(CASES).join(', ')}, got ${name}`)
    results[name] = await runCase(CASES[name], { rounds, peers, log })
  }
  return { rounds, cases: results, targets: targets(results) }
}

async function runCase({ title, streams, tokens, rate, spread }, { rounds, peers, log }) {
  log(`consume: ${title}`)
  const pace = rate > 0 ? ['--tokens-per-second', String(rate)] : []
  const warm = await startUpstream(['--tokens', String(WARM_UP.tokens)])
  const reference = await referenceFor(streams, tokens)
  const upstream = await startUpstream(['--tokens', String(tokens), ...pace])
  const subjects = new Map()
  const runs = Object.fromEntries(peers.map((peer) => [peer, []]))
  try {
    for (const peer of peers) {
      const subject = startSubject('consume', [peer])
      subjects.set(peer, subject)
      const warmUp = { base: warm.url, streams: WARM_UP.streams, spread: 0, bytesPerToken: 1 }
      await subject.ask(warmUp, 60_000)
      await subject.ask(warmUp, 60_000)
    }
    for (let round = 0; round < rounds; round++) {
      // Another peer begins each round, so that none always follows the same one.
      for (let turn = 0; turn < peers.length; turn++) {
        const peer = peers[(round + turn) % peers.length]
        const subject = subjects.get(peer)
        const request = { base: upstream.url, streams, spread, bytesPerToken: reference.bytesPerToken }
        const answer = subject.ask(request, 180_000)
        const connections = rate > 0 ? await peakConnections(answer, upstream, subject, spread) : null
        const { whole, steady, ...evidence } = await answer
        checkText(peer, evidence, reference)
        checkConnections(peer, connections, streams, steady ?? whole)
        runs[peer].push({ whole, steady, connections })
        log(
          `  round ${round + 1}/${rounds} ${peer}: ${whole.mainPerToken.toFixed(2)} | ` +
            `${whole.processPerToken.toFixed(2)} µs, ${Math.round((steady ?? whole).tokensPerSecond)} tokens/s`,
        )
      }
    }
  } finally {
    for (const subject of subjects.values()) await subject.stop()
    await upstream.stop()
    await warm.stop()
  }
  return { title, streams, tokens, rate, peers: Object.fromEntries(peers.map((peer) => [peer, summed(runs[peer])])) }
}

/** The most connections that the subject was seen to hold at once, looked at every second after all streams were started. */
async function peakConnections(answer, upstream, subject, spread) {
  const port = Number(new URL(upstream.url).port)
  const settled = answer.then(
    () => true,
    () => true,
  )
  let peak = 0
  let wait = spread + 1000
  while (!(await Promise.race([settled, sleep(wait, false)]))) {
    peak = Math.max(peak, connectionsTo(port, subject.pid))
    wait = 1000
  }
  return peak
}

const RATIOS = [
  { id: 'P1', case: 'paced-1000', of: 'main', peer: 'openai', most: 1 / 40 },
  { id: 'P1', case: 'paced-1000', of: 'main', peer: 'ai', most: 1 / 120 },
  { id: 'P1', case: 'paced-1000', of: 'main', peer: 'http', most: 1 / 25 },
  { id: 'P2', case: 'paced-200', of: 'process', peer: 'drop', most: 0.75 },
  { id: 'P2', case: 'paced-1000', of: 'process', peer: 'drop', most: 0.75 },
]

/** What was wanted and what was reached, as ratios of medians taken in the same run. */
function targets(results) {
  return RATIOS.flatMap(({ id, case: name, of, peer, most }) => {
    const peers = results[name]?.peers
    if (!peers?.millstream || !peers[peer]) return []
    const what = `${results[name].title}, of \`${peer}\``
    return [ratioTarget({ id, of, most, what }, peers.millstream, peers[peer])]
  })
}

const LABELS = {
  millstream: 'millstream: `AIStream`, `token` event',
  ai: '`ai`: `streamText().textStream`',
  openai: '`openai`: `for await (chunk of stream)`',
  fetch: '`fetch` + `eventsource-parser` + `JSON.parse`',
  http: '`http.request` + `eventsource-parser` + `JSON.parse`',
  drop: '`http.request`, bytes read and dropped',
}

export function tables({ cases, rounds }) {
  const parts = Object.values(cases).map(({ title, peers }) => {
    const rows = Object.entries(peers).map(([peer, row]) => [LABELS[peer], row])
    return `**${title[0].toUpperCase()}${title.slice(1)}**, µs of CPU per token\n\n${costTable(rows)}`
  })
  return [`Median (range) of ${rounds} rounds.`, ...parts].join('\n\n')
}
