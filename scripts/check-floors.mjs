// Keeps the floors of the house: each part may stand only on the parts below it, and only the addon names N-API.
// The Rust side is read from `cargo metadata`, the TypeScript side from what the files of `lib/` load.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { main, root, run, StepError, say } from './support/process.mjs'

/**
 * What a crate may never reach through its normal and build dependencies, directly or by way of others.
 * `wire` has neither time nor I/O; `mock` stands on `wire` alone; only the addon knows N-API.
 */
const forbidden = {
  'millstream-wire': [
    'tokio',
    'reqwest',
    'hyper',
    'mio',
    'napi',
    'napi-derive',
    'napi-sys',
    'millstream-engine',
    'millstream-mock',
  ],
  'millstream-engine': ['napi', 'napi-derive', 'napi-sys', 'millstream-mock'],
  'millstream-tokens': [
    'tokio',
    'reqwest',
    'hyper',
    'mio',
    'napi',
    'napi-derive',
    'napi-sys',
    'millstream-wire',
    'millstream-engine',
    'millstream-mock',
  ],
  'millstream-mock': ['napi', 'napi-derive', 'napi-sys', 'reqwest', 'millstream-engine'],
}

/** The one file of `lib/` that loads the addon. */
const loader = 'native.ts'

/**
 * Breaches of the floors in a `cargo metadata` document.
 *
 * @returns {string[]} one sentence each
 */
export function rustBreaches(metadata, rules = forbidden) {
  const names = new Map(metadata.packages.map(({ id, name }) => [id, name]))
  const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]))
  const breaches = []
  for (const id of metadata.workspace_members) {
    const name = names.get(id)
    const banned = rules[name]
    if (banned === undefined) {
      if (id !== metadata.resolve.root)
        breaches.push(`${name} has no rule in scripts/check-floors.mjs: say what it may stand on`)
      continue
    }
    for (const [reached, path] of reach(id, nodes)) {
      if (banned.includes(names.get(reached)))
        breaches.push(`${[...path, reached].map((step) => names.get(step)).join(' → ')}`)
    }
  }
  return breaches
}

/**
 * Breaches in `lib/`: a file other than the loader that requires or imports a binary or the generated binding.
 *
 * @param {Map<string, string>} files texts by path relative to `lib/`
 */
export function faceBreaches(files) {
  const breaches = []
  for (const [path, text] of files) {
    const loads = text.matchAll(/(?:\brequire\s*\(|\bfrom\s+|\bimport\s*\(?\s*)['"]([^'"]+)['"]/g)
    for (const [, target] of loads) {
      const binary = /\.node$|native\.cjs$|^@millstream\/native/.test(target)
      if (binary && path !== loader) breaches.push(`lib/${path} loads ${target}: only lib/${loader} may`)
    }
  }
  return breaches
}

function reach(from, nodes) {
  const paths = new Map()
  const queue = [[from, []]]
  while (queue.length > 0) {
    const [id, path] = queue.shift()
    for (const { pkg, dep_kinds: kinds } of nodes.get(id)?.deps ?? []) {
      if (paths.has(pkg) || kinds.every(({ kind }) => kind === 'dev')) continue
      paths.set(pkg, [...path, id])
      queue.push([pkg, [...path, id]])
    }
  }
  return paths
}

function faceFiles() {
  const lib = join(root, 'lib')
  const files = readdirSync(lib, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath ?? entry.path, entry.name)
      return [relative(lib, path).replaceAll('\\', '/'), readFileSync(path, 'utf8')]
    }),
  )
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    const { output } = await run('cargo', ['metadata', '--format-version=1', '--locked', '--quiet'])
    const breaches = [...rustBreaches(JSON.parse(output.slice(output.indexOf('{')))), ...faceBreaches(faceFiles())]
    for (const breach of breaches) say(`  ${breach}`)
    if (breaches.length > 0) throw new StepError('a floor stands on one it must not know')
  })
}
