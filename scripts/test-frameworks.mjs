// `npm run test:frameworks`: the packed package in the frameworks people use. The examples that bring a package.json, and
// the apps of the tests, are copied to a temporary folder and install the tarballs there, never the source tree; then
// the tests of __test__/frameworks run against the copies. Arguments name tests: `-- express nextjs`.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findNginx } from './support/nginx.mjs'
import { packBoth } from './support/pack.mjs'
import { main, npm, root, StepError } from './support/process.mjs'
import { runTests } from './support/run-tests.mjs'
import { setUp } from './support/setup.mjs'

const tests = join('__test__', 'frameworks')

await main(async () => {
  const chosen = process.argv.slice(2)
  const names = readdirSync(join(root, tests))
    .filter((name) => name.endsWith('.test.mjs'))
    .map((name) => name.replace('.test.mjs', ''))
  const unknown = chosen.find((name) => !names.includes(name))
  if (unknown !== undefined) throw new StepError(`no tests \`${unknown}\`; there are ${names.join(', ')}`)
  const running = chosen.length > 0 ? chosen : names

  await setUp()
  const home = mkdtempSync(join(tmpdir(), 'millstream-frameworks-'))
  const packed = await packBoth()
  try {
    await install('apps', join(root, tests, 'apps'))
    for (const name of examples())
      if (name !== 'nextjs' || running.includes('nextjs')) await install(name, join(root, 'examples', name))
    const nginx = running.includes('nginx') ? await findNginx(home) : undefined
    const { passed, failed, skipped } = await runTests(
      running.map((name) => join(tests, `${name}.test.mjs`)),
      { MILLSTREAM_FRAMEWORKS: home, MILLSTREAM_NGINX: nginx, NEXT_TELEMETRY_DISABLED: '1' },
    )
    if (failed > 0) process.exitCode = 1
    process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)
  } finally {
    packed.dispose()
    rmSync(home, { recursive: true, force: true, maxRetries: 3 })
  }

  /** A copy that depends on the tarballs, as an app depends on the published package. */
  async function install(name, from) {
    const folder = join(home, name)
    mkdirSync(folder)
    cpSync(from, folder, { recursive: true, filter: (path) => !/[\\/](?:node_modules|\.next)$/.test(path) })
    await npm(['install', '--no-audit', '--no-fund', '--prefer-offline', packed.tarball, packed.platformTarball], {
      cwd: folder,
      progress: `installing ${name}`,
    })
  }
})

function examples() {
  return readdirSync(join(root, 'examples')).filter((name) => existsSync(join(root, 'examples', name, 'package.json')))
}
