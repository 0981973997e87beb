// `npm test`: its own set-up, then the tests of the Rust crates and those of the package. The last line says how many
// passed. `--rust` or `--js` runs one half; further arguments of the JavaScript half name test files.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { main, root, run, say } from './support/process.mjs'
import { runTests } from './support/run-tests.mjs'
import { setUp } from './support/setup.mjs'

const { values, positionals } = parseArgs({
  options: { rust: { type: 'boolean' }, js: { type: 'boolean' } },
  allowPositionals: true,
})
const both = values.rust !== true && values.js !== true

await main(async () => {
  const totals = { passed: 0, failed: 0, skipped: 0 }
  const halves = []
  if (both || values.rust) halves.push(rustTests)
  if (both || values.js) {
    await setUp()
    halves.push(javascriptTests)
  }
  if (!existsSync(join(root, '..', 'shared', 'fixtures'))) {
    say('No recorded streams at ../shared/fixtures: the tests that read them are skipped.')
  }
  for (const half of halves) {
    const { passed, failed, skipped } = await half()
    totals.passed += passed
    totals.failed += failed
    totals.skipped += skipped
  }
  if (totals.failed > 0) process.exitCode = 1
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : ''
  process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed${skipped}\n`)
})

/** The crates' tests; the addon itself has no Rust tests, since it links only inside Node. */
async function rustTests() {
  const crates = ['--workspace', '--exclude', 'millstream']
  const nextest = (await run('cargo', ['nextest', '--version'], { allowFailure: true })).code === 0
  await run('cargo', ['test', ...crates, '--no-run'], { progress: 'building the Rust tests' })
  const totals = { passed: 0, failed: 0, skipped: 0 }
  const units = nextest
    ? [
        'nextest',
        'run',
        ...crates,
        '--no-fail-fast',
        '--color=never',
        '--status-level=slow',
        '--final-status-level=fail',
      ]
    : ['test', ...crates, '--no-fail-fast', '--tests']
  for (const args of [units, ['test', ...crates, '--no-fail-fast', '--doc']]) {
    const title = args.includes('--doc') ? 'testing the examples in Rust documentation' : 'testing the Rust crates'
    const { code, output } = await run('cargo', args, { progress: title, allowFailure: true })
    const found = countRust(output)
    if (code !== 0) {
      process.stderr.write(output)
      // A crate that does not compile runs no test, and is a failure all the same.
      if (found.failed === 0) found.failed = 1
    }
    say(`  ${found.passed} passed, ${found.failed} failed`)
    totals.passed += found.passed
    totals.failed += found.failed
    totals.skipped += found.skipped
  }
  return totals
}

/** Adds up the closing lines of `cargo nextest run` or `cargo test`. */
function countRust(output) {
  const totals = { passed: 0, failed: 0, skipped: 0 }
  for (const [line] of output.matchAll(/^\s*(?:Summary \[|test result: ).*$/gm)) {
    for (const [, number, word] of line.matchAll(/(\d+) (passed|failed|timed out|exec failed|ignored|skipped)/g)) {
      const key = word === 'passed' ? 'passed' : word === 'ignored' || word === 'skipped' ? 'skipped' : 'failed'
      totals[key] += Number(number)
    }
  }
  return totals
}

/** The package's tests, one process per file. */
function javascriptTests() {
  return runTests(positionals.length > 0 ? positionals : testFiles())
}

function testFiles() {
  return readdirSync(join(root, '__test__'))
    .filter((name) => name.endsWith('.test.mjs'))
    .sort()
    .map((name) => join('__test__', name))
}
