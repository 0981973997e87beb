/** What many runs of one peer come to. */
import { count, range, ratio, table } from './report.mjs'
import { median, summary } from './stats.mjs'

/** Medians and ranges over runs of `{ whole, steady, connections }` (`lib/meter.mjs`); without `steady` where a run has none. */
export function summed(runs) {
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

const MEASURES = { main: 'main thread', process: 'whole process' }
const STEADY = { main: 'steadyMain', process: 'steadyProcess' }

/**
 * The verdict on a ratio of medians taken in the same run: `of` is `'main'` or `'process'`, `ours` and `theirs` are what
 * `summed` gave.
 */
export function ratioTarget({ id, of, most, what, wanted = `≤ ${ratio(most)}` }, ours, theirs) {
  const reached = ours[of].median / theirs[of].median
  const open = ours[STEADY[of]] && theirs[STEADY[of]]
  const steady = open ? ours[STEADY[of]].median / theirs[STEADY[of]].median : null
  return {
    id,
    what: `${MEASURES[of]} per token, ${what}`,
    wanted,
    reached: ratio(reached),
    steady: ratio(steady),
    met: reached <= most,
  }
}

const COST_HEAD = ['', 'main thread', 'once open', 'whole process', 'once open', 'tokens/s', 'loop busy', 'connections']

/** A table of CPU per token, a row per `[label, summed]`. */
export function costTable(rows) {
  const cells = ([label, row]) => [
    label,
    range(row.main, 2),
    row.steadyMain ? row.steadyMain.median.toFixed(2) : '',
    range(row.process, 2),
    row.steadyProcess ? row.steadyProcess.median.toFixed(2) : '',
    count(row.tokensPerSecond.median),
    `${Math.round(row.loopBusy.median * 100)} %`,
    row.connections === null ? '' : count(row.connections),
  ]
  return table(COST_HEAD, rows.map(cells))
}
