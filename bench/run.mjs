#!/usr/bin/env node
/**
 * `npm run bench [-- suite …] [options]`: runs the suites, prints their tables, writes JSON to `bench/results/`, and
 * brings the tables of `bench/README.md` up to date after a full run.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const SUITES = ['consume', 'relay', 'memory', 'relay-memory', 'start', 'first-token', 'partial-json', 'tokens', 'rust']
const USAGE = `Usage: npm run bench -- [suite …] [options]

Suites (all of them where none is named): ${SUITES.join(', ')}

  --quick            small and fast, for a first look; leaves bench/README.md alone
  --long             memory: watch open streams for ten minutes instead of one
  --rounds N         rounds of the consume, relay, memory and tokens suites (5)
  --peers a,b        consume: only these, among millstream, ai, openai, fetch, http, drop
                     relay: among millstream, millstream-write, raw, http, openai, ai
  --cases a,b        consume: only these, among paced-200, paced-1000, saturated
                     relay: among http-200, http-1000, express-200, express-1000, saturated, https, http2, wrapped,
                     web, latency
  --help             this text
`
const here = (name) => fileURLToPath(new URL(name, import.meta.url))

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      long: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      peers: { type: 'string' },
      cases: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const unknown = positionals.find((name) => !SUITES.includes(name))
  if (unknown !== undefined) throw new Error(`Expected a suite among ${SUITES.join(', ')}, got ${unknown}`)
  const rounds = values.rounds === undefined ? (values.quick ? 1 : 5) : Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(`Expected \`--rounds\` to be a positive integer, got ${values.rounds}`)
  }
  return {
    help: values.help,
    suites: positionals.length > 0 ? SUITES.filter((name) => positionals.includes(name)) : SUITES,
    quick: values.quick,
    long: values.long,
    rounds,
    peers: values.peers?.split(','),
    cases: values.cases?.split(','),
  }
}

/** The peers are dependencies of the benchmark alone, and come when it is first run or its lock has changed. */
function installPeers() {
  const installed = here('node_modules/.package-lock.json')
  const wanted = JSON.parse(readFileSync(here('package-lock.json'), 'utf8')).packages
  delete wanted['']
  if (existsSync(installed)) {
    const { packages } = JSON.parse(readFileSync(installed, 'utf8'))
    const same = Object.entries(wanted).every(([path, { version }]) => packages[path]?.version === version)
    if (same) return
  }
  process.stderr.write('Installing the libraries to compare with …\n')
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: here('.'), stdio: 'inherit' })
  if (status !== 0) throw new Error('`npm ci` in bench/ failed')
}

async function main() {
  const options = readArguments()
  if (options.help) {
    process.stdout.write(USAGE)
    return
  }
  installPeers()
  const { requireBuild } = await import('./lib/product.mjs')
  const { describeMachine, machineLine } = await import('./lib/machine.mjs')
  const { replaceBetweenMarkers, targetTable } = await import('./lib/report.mjs')
  if (options.suites.some((name) => name !== 'rust')) requireBuild()

  const machine = describeMachine()
  const begin = performance.now()
  if (machine.load > 0.5) process.stderr.write(`The machine is busy (load ${machine.load.toFixed(1)}): expect noise.\n`)
  const results = { machine, options, suites: {} }
  const log = (line) => process.stderr.write(`${line}\n`)
  mkdirSync(here('results'), { recursive: true })
  const file = here(`results/${machine.date.replaceAll(/[:.]/g, '-')}.json`)

  for (const name of options.suites) {
    const suite = await import(`./suites/${name}.mjs`)
    const result = await suite.run({ ...options, log })
    results.suites[name] = result
    // Written after each suite, so that a failure in a later one loses nothing.
    writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
    const text = [
      `Taken ${machineLine(machine)}`,
      suite.tables(result),
      ...(result.targets.length > 0 ? [targetTable(result.targets)] : []),
    ].join('\n\n')
    process.stdout.write(`\n## ${suite.title}\n\n${text}\n\n`)
    const complete = !options.quick && !options.peers && !options.cases
    if (complete) replaceBetweenMarkers(here('README.md'), name, text)
  }
  log(`${Math.round((performance.now() - begin) / 1000)} s; ${file}`)
}

await main().catch((error) => {
  process.stderr.write(`${error?.stack ?? error}\n`)
  process.exitCode = 1
})
