/** How much later than the bare bytes a first token reaches its listener, in an idle process. */

import { table } from '../lib/report.mjs'
import { quantile } from '../lib/stats.mjs'
import { startSubject } from '../lib/subject.mjs'
import { startUpstream } from '../lib/upstream.mjs'

export const title = 'First token'
const PEERS = {
  raw: '`http.request`, `data` event',
  millstream: 'millstream, `token` event',
  fetch: '`fetch` + parser',
}
const DELAY = 25
const CASES = {
  together: { title: 'headers and first token together', flags: [] },
  apart: { title: `first token ${DELAY} ms after the headers`, flags: ['--first-token-delay', String(DELAY)] },
}

/** @param {{ quick: boolean, log(line: string): void }} options */
export async function run({ quick, log }) {
  const samples = quick ? 40 : 200
  const cases = {}
  for (const [name, { title, flags }] of Object.entries(CASES)) {
    log(`first token: ${title}, ${samples} times each`)
    const upstream = await startUpstream(['--tokens', '3', ...flags])
    const subject = startSubject('first-token')
    try {
      const request = { base: upstream.url, peers: Object.keys(PEERS), samples, gap: 5 }
      const { times } = await subject.ask(request, 120_000)
      cases[name] = Object.fromEntries(
        Object.entries(times).map(([peer, values]) => [
          peer,
          { p50: quantile(values, 0.5), p99: quantile(values, 0.99) },
        ]),
      )
    } finally {
      await subject.stop()
      await upstream.stop()
    }
  }
  return { samples, cases, targets: targets(cases) }
}

function targets(cases) {
  return Object.entries(cases).map(([name, { raw, millstream }]) => {
    const added = millstream.p50 - raw.p50
    return {
      id: 'P11',
      what: `added before the first \`token\`, ${CASES[name].title}`,
      wanted: '≤ 1 ms',
      reached: `${added.toFixed(2)} ms`,
      met: added <= 1,
    }
  })
}

export function tables({ samples, cases }) {
  const rows = Object.entries(cases).flatMap(([name, peers]) =>
    Object.entries(peers).map(([peer, { p50, p99 }]) => [
      `${CASES[name].title}: ${PEERS[peer]}`,
      p50.toFixed(2),
      (p50 - peers.raw.p50).toFixed(2),
      p99.toFixed(2),
      (p99 - peers.raw.p99).toFixed(2),
    ]),
  )
  const head = ['ms from the call to the first token', 'p50', 'over `http.request`', 'p99', 'over `http.request`']
  return [`${samples} requests each, one at a time, in turn, in one idle process.`, table(head, rows)].join('\n\n')
}
