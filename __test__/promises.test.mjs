// docs/promises.md names a test for each promise: each of them must exist.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

const root = new URL('../', import.meta.url)

/** Whether a function of that name is there, and is a test. */
function isRustTest(source, name) {
  const test = String.raw`#\[(?:tokio::)?test(?:\([^)]*\))?\]\s*(?:#\[[^\]]*\]\s*)*(?:async\s+)?fn\s+`
  return /^\w+$/.test(name) && new RegExp(`${test}${name}\\(`).test(source)
}

/** The promises that name a test which isn't there, each with what is wrong. */
function broken(document, read) {
  const rows = document.split('\n').filter((line) => line.startsWith('|') && !/^\|(---| promise | sent )/.test(line))
  const wrong = []
  for (const row of rows) {
    const [promise, tests = ''] = row.split('|').slice(1, 3)
    let source
    let named = 0
    for (const [, code] of tests.matchAll(/`([^`]+)`/g)) {
      if (/^(crates|__test__)\//.test(code)) {
        source = read(code)
        continue
      }
      named++
      const names = [`'${code}'`, `"${code}"`, `\`${code}\``]
      const found = source !== undefined && (isRustTest(source, code) || names.some((name) => source.includes(name)))
      if (!found) wrong.push(`${promise.trim()}: ${code}`)
    }
    if (named === 0) wrong.push(`${promise.trim()}: no test`)
  }
  return { rows: rows.length, wrong }
}

test('every promise has a test that exists', () => {
  const document = readFileSync(new URL('docs/promises.md', root), 'utf8')
  const { rows, wrong } = broken(document, (path) => readFileSync(new URL(path, root), 'utf8'))
  assert.ok(rows > 20, `${rows} promises`)
  assert.deepEqual(wrong, [])
})

test('a promise without its test is noticed', () => {
  const read = () => "#[test]\nfn there() {} fn helps() {} it(`where it is so`) it('is so') it(\"it's so\")"
  assert.deepEqual(broken('| kept | `crates/a.rs` `there` |', read).wrong, [])
  assert.deepEqual(broken('| broken | `crates/a.rs` `gone` |', read).wrong, ['broken: gone'])
  // What only helps is no test.
  assert.deepEqual(broken('| broken | `crates/a.rs` `helps` |', read).wrong, ['broken: helps'])
  // However the name is quoted.
  assert.deepEqual(broken("| kept | `__test__/a.mjs` `where it is so`, `is so`, `it's so` |", read).wrong, [])
  assert.deepEqual(broken('| broken | `__test__/a.mjs` `it is so` |', read).wrong, ['broken: it is so'])
  assert.deepEqual(broken('| bare | nothing |', read).wrong, ['bare: no test'])
})
