// docs/differences.md tells why others read recorded answers otherwise. `npm run differential` counts anew and compares, but needs
// the others' packages; here is what can be seen without them.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { reasons } from '../scripts/differential/explained.mjs'

const page = readFileSync(new URL('../docs/differences.md', import.meta.url), 'utf8')

test('every reason for a difference is explained under its heading, and nothing else has one', () => {
  const headings = [...page.matchAll(/^- \*\*(.+?)\.\*\*/gm)].map(([, heading]) => heading)
  assert.ok(reasons.length > 20)
  assert.deepEqual(headings.toSorted(), reasons.toSorted())
})

test('the totals are those of the table', () => {
  const rows = [...page.matchAll(/^\| `.+?\| (\d+) \| (\d+) \| (\d+) \|$/gm)].map((row) => row.slice(1).map(Number))
  const sum = (column) => rows.reduce((all, row) => all + row[column], 0)
  for (const [read, same, otherwise] of rows) assert.equal(same + otherwise, read)
  const [, readings, readers, alike] = page
    .match(/(\d+)\s+readings\s+by\s+(\d+)\s+readers;\s+(\d+)\s+come\s+out\s+alike/)
    .map(Number)
  assert.deepEqual({ readings, readers, alike }, { readings: sum(0), readers: rows.length, alike: sum(1) })
})
