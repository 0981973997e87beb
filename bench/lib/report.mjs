/** Numbers and tables as Markdown, and the places in README.md where they stand. */
import { readFileSync, writeFileSync } from 'node:fs'

/** `1234567` → `1,234,567`. */
export const count = (value) => Math.round(value).toLocaleString('en-US')

/** Median and range: `12.3 (11.9–14.0)`. */
export function range({ median, min, max }, digits) {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`
}

/** A ratio below a half reads better turned over: `0.025` → `1/40`. */
export function ratio(value) {
  if (value === null || Number.isNaN(value)) return ''
  if (value >= 0.5) return value.toFixed(2)
  const denominator = 1 / value
  return `1/${denominator >= 10 ? Math.round(denominator) : denominator.toFixed(1)}`
}

/** A Markdown table: the first column to the left, the others to the right. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}

/** The table of targets: what was wanted, what was reached. `steady` is the same ratio without opening and closing. */
export function targetTable(targets) {
  const withSteady = targets.some(({ steady }) => steady)
  const row = (name, wanted, reached, steady, met) => [name, wanted, reached, ...(withSteady ? [steady] : []), met]
  const rows = targets.map(({ id, what, wanted, reached, steady = '', met }) =>
    row(`${id}: ${what}`, wanted, reached, steady, met ? 'yes' : 'no'),
  )
  return table(row('measure', 'target', 'reached', 'once open', 'met'), rows)
}

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->` in `file`; throws where the markers are missing. */
export function replaceBetweenMarkers(file, name, text) {
  const from = `<!-- ${name} -->`
  const to = `<!-- /${name} -->`
  const before = readFileSync(file, 'utf8')
  const start = before.indexOf(from)
  const end = before.indexOf(to)
  if (start < 0 || end < start) throw new Error(`Expected the markers \`${from}\` and \`${to}\` in ${file}`)
  writeFileSync(file, `${before.slice(0, start + from.length)}\n\n${text}\n\n${before.slice(end)}`)
}
