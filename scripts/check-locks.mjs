// Every lock file says what the manifest beside it asks for, those too that no other check reads: benchmarks and fuzz targets
// are workspaces of their own, which are built long after the change that made their locks stale. Nothing is built here.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { main, root, run, StepError, say } from './support/process.mjs'

/**
 * What an npm lock file and the package beside it disagree on.
 *
 * @param {string} path the lock file's, for the sentences
 * @param {string} lock
 * @param {string} manifest the `package.json` beside it
 * @returns {string[]} one sentence each
 */
export function staleOf(path, lock, manifest) {
  const locked = JSON.parse(lock).packages['']
  const asked = JSON.parse(manifest)
  const stale = []
  for (const field of ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies']) {
    const [before, now] = [locked[field] ?? {}, asked[field] ?? {}]
    for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
      if (before[name] === now[name]) continue
      const [was, is] = [before[name] ?? 'nothing', now[name] ?? 'nothing']
      stale.push(`${path}: \`${field}\` asks for ${name} ${is}, the lock file knows ${was}`)
    }
  }
  return stale
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    const { output } = await run('git', ['ls-files', '-z', '*Cargo.lock', '*package-lock.json'])
    const stale = []
    for (const path of output.split('\0').filter((name) => name !== '')) {
      if (path.endsWith('package-lock.json')) {
        const read = (name) => readFileSync(join(root, name), 'utf8')
        stale.push(...staleOf(path, read(path), read(join(dirname(path), 'package.json'))))
        continue
      }
      // Resolves, and reaches for the network only where a crate was never fetched.
      const manifest = join(root, dirname(path), 'Cargo.toml')
      const { code, output: said } = await run('cargo', ['tree', '--locked', '--quiet', '--manifest-path', manifest], {
        allowFailure: true,
      })
      if (code === 0) continue
      if (!said.includes('--locked')) throw new StepError(`cargo could not read ${path}:\n${said}`)
      stale.push(`${path}: a Cargo.toml asks for something else; \`cargo update --workspace\` beside it writes it anew`)
    }
    for (const sentence of stale) say(`  ${sentence}`)
    if (stale.length > 0) throw new StepError('a lock file is stale')
  })
}
