/**
 * Consuming streams: CPU per token of the main thread and of the whole process, paced as a server sees it and unpaced.
 * Peers take turns, round after round, each in a process of its own; a run whose text is not the upstream's is void and
 * fails the benchmark.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { connectionsTo } from '../lib/connections.mjs'
import { checkConnections, checkText, digestOf } from '../lib/evidence.mjs'
import { count, range, ratio, table } from '../lib/report.mjs'
import { median, summary } from '../lib/stats.mjs'
import { startSubject } from '../lib/subject.mjs'
import { readReference, startUpstream } from '../lib/upstream.mjs'

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

async function referenceFor(streams, tokens) {
  const upstream = await startUpstream(['--tokens', String(tokens)])
  try {
    const answers = await readReference(upstream.url, streams)
    const short = answers.findIndex((answer) => answer.tokens !== tokens)
    if (short >= 0) throw new Error(`The upstream sent ${answers[short].tokens} tokens instead of ${tokens}`)
    const bytes = answers.reduce((sum, answer) => sum + answer.bytes, 0)
    return { answers, digest: digestOf(answers), bytesPerToken: bytes / (streams * tokens) }
  } finally {
    await upstream.stop()
  }
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

function summed(runs) {
  const over = (pick) => summary(runs.map(pick))
  const steady = runs.filter((run) => run.steady)
  const connections = runs.map((run) => run.connections).filter((count) => count !== null)
  return {
    main: over((run) => run.whole.mainPerToken),
    process: over((run) => run.whole.processPerToken),
    tokensPerSecond: over((run) => (run.steady ?? run.whole).tokensPerSecond),
    loopBusy: over((run) => (run.steady ?? run.whole).loopBusy),
    steadyMain: steady.length === runs.length ? summary(steady.map((run) => run.steady.mainPerToken)) : null,
    steadyProcess: steady.length === runs.length ? summary(steady.map((run) => run.steady.processPerToken)) : null,
    connections: connections.length > 0 ? median(connections) : null,
    runs,
  }
}

const RATIOS = [
  { id: 'P1', case: 'paced-1000', of: 'main', peer: 'openai', most: 1 / 40 },
  { id: 'P1', case: 'paced-1000', of: 'main', peer: 'ai', most: 1 / 120 },
  { id: 'P1', case: 'paced-1000', of: 'main', peer: 'http', most: 1 / 25 },
  { id: 'P2', case: 'paced-200', of: 'process', peer: 'drop', most: 0.75 },
  { id: 'P2', case: 'paced-1000', of: 'process', peer: 'drop', most: 0.75 },
]
const MEASURES = { main: 'main thread', process: 'whole process' }

/** What was wanted and what was reached, as ratios of medians taken in the same run. */
function targets(results) {
  return RATIOS.flatMap(({ id, case: name, of, peer, most }) => {
    const peers = results[name]?.peers
    if (!peers?.millstream || !peers[peer]) return []
    const reached = peers.millstream[of].median / peers[peer][of].median
    const steadyOf = of === 'main' ? 'steadyMain' : 'steadyProcess'
    const steady = peers.millstream[steadyOf] && peers[peer][steadyOf]
    const what = `${MEASURES[of]} per token, ${results[name].title}, of \`${peer}\``
    const open = steady ? peers.millstream[steadyOf].median / peers[peer][steadyOf].median : null
    return [
      { id, what, wanted: `≤ ${ratio(most)}`, reached: ratio(reached), steady: ratio(open), met: reached <= most },
    ]
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
  const head = ['', 'main thread', 'once open', 'whole process', 'once open', 'tokens/s', 'loop busy', 'connections']
  const parts = Object.values(cases).map(({ title, peers }) => {
    const rows = Object.entries(peers).map(([peer, row]) => [
      LABELS[peer],
      range(row.main, 2),
      row.steadyMain ? row.steadyMain.median.toFixed(2) : '',
      range(row.process, 2),
      row.steadyProcess ? row.steadyProcess.median.toFixed(2) : '',
      count(row.tokensPerSecond.median),
      `${Math.round(row.loopBusy.median * 100)} %`,
      row.connections === null ? '' : count(row.connections),
    ])
    return `**${title[0].toUpperCase()}${title.slice(1)}**, µs of CPU per token\n\n${table(head, rows)}`
  })
  return [`Median (range) of ${rounds} rounds.`, ...parts].join('\n\n')
}
