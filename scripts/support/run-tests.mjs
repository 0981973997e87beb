// Runs files of tests with `node --test`, one process each, and counts what they did.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root, run } from './process.mjs'

/**
 * @param {string[]} files relative to the repository
 * @param {Record<string, string | undefined>} [env] for the tests
 * @returns {Promise<{ passed: number, failed: number, skipped: number }>}
 */
export async function runTests(files, env = {}) {
  const scratch = mkdtempSync(join(tmpdir(), 'millstream-test-'))
  try {
    const counts = join(scratch, 'counts.json')
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
        `--test-reporter-destination=${counts}`,
        ...files,
      ],
      { show: true, allowFailure: true, env },
    )
    const totals = existsSync(counts) ? JSON.parse(readFileSync(counts, 'utf8')) : { passed: 0, failed: 0, skipped: 0 }
    if (code !== 0 && totals.failed === 0) totals.failed = 1
    return totals
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
