// `npm run test:runtimes`: the package's tests once more on newer Node versions, and a smoke test of the packed package on
// Bun. The runtimes come as npm packages into a temporary folder; nothing of the machine is changed.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packBoth } from './support/pack.mjs'
import { main, npm, root, run, StepError, say } from './support/process.mjs'
import { setUp } from './support/setup.mjs'

const nodeVersions = [22, 24]

/** What is judged here is the same on every version: documents, types, tools. */
const independent = [
  'bench',
  'cerebras-documented',
  'conformance',
  'copilotedge-documented',
  'decode-stream',
  'demo',
  'documented-adapters',
  'documented-steer',
  'documented-usage',
  'express-chat',
  'floors',
  'mock',
  'mock-clients',
  'neurolink-documented',
  'promises',
  'providers',
  'readme',
  'recorded-streams',
  'request-types',
  'requests',
  'tokens',
  'types',
]
const files = readdirSync(join(root, '__test__'))
  .filter((name) => name.endsWith('.test.mjs') && !independent.includes(name.slice(0, -'.test.mjs'.length)))
  .map((name) => join('__test__', name))

await main(async () => {
  await setUp()
  const folder = mkdtempSync(join(tmpdir(), 'millstream-runtimes-'))
  const totals = { passed: 0, failed: 0, skipped: 0 }
  try {
    for (const version of nodeVersions) {
      const node = await fetchRuntime(folder, `node${version}`, nodePackage(version), 'node')
      const { output: name } = await run(node, ['--version'])
      say(`\nNode.js ${name.trim()}`)
      const { output, code } = await run(node, [join(root, 'scripts', 'test.mjs'), '--js', ...files], {
        progress: `testing the package on Node.js ${version}`,
        allowFailure: true,
        // Ten thousand streams were enough once.
        env: { FAULTS_STREAMS: '2000' },
      })
      add(totals, output, code)
    }
    const bun = await fetchRuntime(folder, 'bun', bunPackage(), 'bun')
    await smoke(bun, folder, totals)
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  if (totals.failed > 0) process.exitCode = 1
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : ''
  process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed${skipped}\n`)
})

/** Installs a runtime's npm package and answers with the path of its program. */
async function fetchRuntime(folder, name, specifier, program) {
  const home = join(folder, name)
  mkdirSync(home)
  writeFileSync(join(home, 'package.json'), '{ "private": true }\n')
  await npm(['install', '--no-audit', '--no-fund', '--no-save', `runtime@npm:${specifier}`], {
    cwd: home,
    progress: `fetching ${specifier}`,
  })
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const candidates = [join('bin', program + suffix), program + suffix].map((path) =>
    join(home, 'node_modules', 'runtime', path),
  )
  const path = candidates.find((candidate) => existsSync(candidate))
  if (path === undefined) throw new StepError(`${specifier} carries no ${program} where it was looked for`)
  return path
}

// The packages that carry the programs themselves: no install script has to run.
function nodePackage(version) {
  const platform = process.platform === 'win32' ? 'win' : process.platform
  return `node-${platform === 'darwin' && process.arch === 'arm64' ? 'bin-darwin' : platform}-${process.arch}@${version}`
}

function bunPackage() {
  const musl = process.platform === 'linux' && process.report.getReport().header.glibcVersionRuntime === undefined
  const arch = process.arch === 'arm64' ? 'aarch64' : process.arch
  return `@oven/bun-${process.platform === 'win32' ? 'windows' : process.platform}-${arch}${musl ? '-musl' : ''}`
}

async function smoke(bun, folder, totals) {
  const app = join(folder, 'app')
  mkdirSync(app)
  writeFileSync(join(app, 'package.json'), '{ "private": true }\n')
  const packed = await packBoth()
  try {
    await npm(['install', '--offline', '--no-audit', '--no-fund', packed.tarball, packed.platformTarball], { cwd: app })
  } finally {
    packed.dispose()
  }
  for (const name of ['smoke.mjs', 'smoke.cjs', 'smoke-serve.mjs']) {
    copyFileSync(join(root, '__test__', 'support', name), join(app, name))
    const { code, output } = await run(bun, [join(app, name)], {
      cwd: app,
      progress: `streaming an answer on Bun (${name})`,
      allowFailure: true,
      timeout: 60_000,
    })
    if (code !== 0) process.stderr.write(output)
    totals[code === 0 ? 'passed' : 'failed']++
  }
}

function add(totals, output, code) {
  const line = [...output.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm)].at(-1)
  const [passed, failed, skipped] = line === undefined ? [0, 0, 0] : line.slice(1).map((text) => Number(text ?? 0))
  if (code !== 0) process.stderr.write(output)
  else say(`  ${passed} passed, ${failed} failed`)
  totals.passed += passed
  totals.failed += code !== 0 && failed === 0 ? 1 : failed
  totals.skipped += skipped
}
