// What must never be committed: keys, paths of somebody's machine, registry hosts in lock files, lock files with gaps.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { main, root, run, StepError, say } from './support/process.mjs'

/** Keys that tests use say so in themselves. */
const harmless = /canary|test|fake|example|dummy|xxxx/i

const rules = [
  { what: 'a key', pattern: /\b(?:sk|pk|rk)-(?:proj-|ant-|or-)?[A-Za-z0-9_-]{20,}/g, unless: harmless },
  { what: 'a key', pattern: /\b(?:gsk_|xai-|hf_|ghp_|github_pat_|AIza|AKIA)[A-Za-z0-9_-]{16,}/g, unless: harmless },
  { what: 'a private key', pattern: /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/g },
  { what: "a path of somebody's machine", pattern: /(?<![\w.])\/(?:home|Users|root|work)\/[\w.-]+\//g },
  { what: 'where a package was fetched from', pattern: /"resolved":\s*"[^"]+"/g, only: /(?:^|\/)package-lock\.json$/ },
  {
    what: 'where a crate was fetched from',
    pattern: /^source = "(?!registry\+https:\/\/github\.com\/rust-lang\/crates\.io-index")[^"]+"/gm,
    only: /(?:^|\/)Cargo\.lock$/,
  },
]

/**
 * Breaches in one file's text.
 *
 * @returns {string[]} one sentence each; a key is not repeated in it
 */
export function breachesOf(path, text) {
  const breaches = []
  for (const { what, pattern, unless, only } of rules) {
    if (only !== undefined && !only.test(path)) continue
    for (const match of text.matchAll(pattern)) {
      if (unless?.test(match[0])) continue
      const line = text.slice(0, match.index).split('\n').length
      breaches.push(`${path}:${line}: ${what}${what.includes('key') ? '' : ` (${match[0]})`}`)
    }
  }
  return breaches
}

/**
 * Packages that a lock file's entries depend on, by choice or not, but that it does not lock: npm leaves out what a
 * registry did not have, and `npm ci` then refuses the file.
 *
 * @returns {string[]} one sentence each
 */
export function gapsOf(path, text) {
  const { packages } = JSON.parse(text)
  const gaps = []
  for (const [at, { dependencies, optionalDependencies }] of Object.entries(packages)) {
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      // Nearest first, as Node looks for them.
      const folders = at
        .split('/node_modules/')
        .map((_, index, parts) => parts.slice(0, parts.length - index).join('/node_modules/'))
      const places = [...folders.map((folder) => `${folder}/node_modules/${name}`), `node_modules/${name}`]
      if (!places.some((place) => packages[place] !== undefined))
        gaps.push(`${path}: ${at || 'the package'} needs ${name}, which is not locked`)
    }
  }
  return gaps
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    const { output } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'])
    const breaches = []
    for (const path of output.split('\0').filter((name) => name !== '' && !name.endsWith('.node'))) {
      const bytes = readFileIfThere(join(root, path))
      if (bytes === undefined || bytes.includes(0)) continue
      const text = bytes.toString('utf8')
      breaches.push(...breachesOf(path, text))
      if (/(?:^|\/)package-lock\.json$/.test(path)) breaches.push(...gapsOf(path, text))
    }
    for (const breach of breaches) say(`  ${breach}`)
    if (breaches.length > 0) throw new StepError('something is in the tree that must not be committed')
  })
}

/** A file that git lists may have been deleted since. */
function readFileIfThere(path) {
  try {
    return readFileSync(path)
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'EISDIR') return undefined
    throw error
  }
}
