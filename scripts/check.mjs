// `npm run check`: all that can be judged without running the product, as CI judges it. Every check runs, so that one
// round shows all that is wrong; `npm run check -- fmt biome` runs some.
import { join } from 'node:path'
import { packMain } from './support/pack.mjs'
import { bin, main, root, run, StepError, say, since } from './support/process.mjs'
import { buildAddon, buildFace, installPackages } from './support/setup.mjs'

const script = (name, ...args) => run(process.execPath, [join(root, 'scripts', name), ...args])

/** In the order in which they fail soonest. */
const checks = {
  hygiene: () => script('check-hygiene.mjs'),
  locks: () => script('check-locks.mjs'),
  floors: () => script('check-floors.mjs'),
  fmt: async () => {
    await run('cargo', ['fmt', '--all', '--check'])
    // Workspaces of their own.
    for (const folder of ['fuzz', 'bench/load']) {
      await run('cargo', ['fmt', '--check', '--manifest-path', join(root, folder, 'Cargo.toml')])
    }
  },
  biome: () => bin('biome', ['ci', '--colors=off', '--error-on-warnings', '.']),
  tsc: () => bin('tsc', ['-p', 'tsconfig.json', '--noEmit']),
  types: () => script('types.mjs', '--check'),
  package: checkPackage,
  clippy: () =>
    run('cargo', ['clippy', '--workspace', '--all-targets', '--locked', '--', '-D', 'warnings'], {
      progress: 'clippy',
    }),
  doc: () =>
    // The private items too: the documentation of a crate that nobody imports is read by those who work on it.
    run('cargo', ['doc', '--workspace', '--no-deps', '--document-private-items', '--locked'], {
      progress: 'rustdoc',
      env: { RUSTDOCFLAGS: '-D warnings -A rustdoc::private-intra-doc-links' },
    }),
}

await main(async () => {
  const chosen = process.argv.slice(2)
  const unknown = chosen.find((name) => !(name in checks))
  if (unknown !== undefined) throw new StepError(`no check \`${unknown}\`; there are ${Object.keys(checks).join(', ')}`)
  await installPackages()
  const failed = []
  for (const [name, check] of Object.entries(checks)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue
    const start = performance.now()
    try {
      await check()
      say(`✓ ${name} (${since(start)})`)
    } catch (error) {
      if (!(error instanceof StepError)) throw error
      say(`✗ ${name} (${since(start)}): ${error.message}`)
      failed.push(name)
    }
  }
  if (failed.length > 0) throw new StepError(`failed: ${failed.join(', ')}`)
})

/** What npm would upload, as publint and attw see it. */
async function checkPackage() {
  await buildAddon()
  await buildFace()
  const { tarball, dispose } = await packMain()
  try {
    await bin('publint', [tarball, '--strict'])
    // Resolution of Node 10 knows no `exports`, and the package asks for Node 20.
    await bin('attw', [tarball, '--profile', 'node16', '--no-emoji', '--no-color'])
  } finally {
    dispose()
  }
}
