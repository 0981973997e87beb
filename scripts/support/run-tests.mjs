// Runs files of tests with `node --test`, one process each, and counts what they did.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root, run, say } from './process.mjs'

/** More than these are no accident. */
const mostFilesAgain = 3

/**
 * Runs the files side by side. The tests talk over real sockets in real time: where a few files fail, they run once more,
 * one after the other, and what they do then counts; it is said that they had to.
 *
 * @param {string[]} files relative to the repository
 * @param {Record<string, string | undefined>} [env] for the tests
 * @returns {Promise<{ passed: number, failed: number, skipped: number }>}
 */
export async function runTests(files, env = {}) {
  const counts = await runOnce(files, env, [])
  const failing = Object.keys(counts).filter((file) => counts[file].failed > 0)
  if (failing.length > 0 && failing.length <= mostFilesAgain && !failing.includes('')) {
    const names = failing.map((file) => relative(root, file))
    say(`\nFailed beside others, once more alone: ${names.join(', ')}`)
    const again = await runOnce(failing, env, ['--test-concurrency=1'])
    for (const file of failing) counts[file] = again[file] ?? counts[file]
    const mended = names.filter((_, index) => counts[failing[index]].failed === 0)
    if (mended.length > 0) say(`\nPassed alone, not beside others: ${mended.join(', ')}`)
  }
  const totals = { passed: 0, failed: 0, skipped: 0 }
  for (const one of Object.values(counts)) for (const key of Object.keys(totals)) totals[key] += one[key]
  return totals
}

/** @returns {Promise<Record<string, { passed: number, failed: number, skipped: number }>>} by file, `''` where none is known */
async function runOnce(files, env, options) {
  const scratch = mkdtempSync(join(tmpdir(), 'millstream-test-'))
  try {
    const written = join(scratch, 'counts.json')
    const reporter = join(root, 'scripts', 'support', 'count-reporter.mjs')
    const { code } = await run(
      process.execPath,
      [
        '--test',
        // A test that hangs fails, and the others run.
        '--test-timeout=300000',
        '--test-reporter=spec',
        '--test-reporter-destination=stdout',
        // As a URL: a Windows path is no module specifier.
        `--test-reporter=${pathToFileURL(reporter)}`,
        `--test-reporter-destination=${written}`,
        ...options,
        ...files,
      ],
      { show: true, allowFailure: true, env },
    )
    const counts = existsSync(written) ? JSON.parse(readFileSync(written, 'utf8')) : {}
    if (code !== 0 && !Object.values(counts).some(({ failed }) => failed > 0)) {
      counts[''] = { passed: 0, failed: 1, skipped: 0 }
    }
    return counts
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
