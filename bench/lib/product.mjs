/** Where the built product lies: its entry points as its own package.json names them, its binary, its command line. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = new URL('../../', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))

export const productRoot = fileURLToPath(root)
export const productVersion = manifest.version

/** File URL that `import` of the package gives an ES module. */
export const productEntry = new URL(manifest.exports['.'].import.default, root).href

/** Path of the command line tool. */
export const productCli = fileURLToPath(new URL(manifest.bin.millstream, root))

/** Paths of the native binaries beside the manifest. */
export function productBinaries() {
  return readdirSync(root)
    .filter((name) => name.endsWith('.node'))
    .map((name) => fileURLToPath(new URL(name, root)))
}

/** Says what is missing before anything is measured, instead of failing in the middle. */
export function requireBuild() {
  const entry = fileURLToPath(productEntry)
  if (!existsSync(entry) || productBinaries().length === 0) {
    throw new Error(`The product is not built (${entry} or the native binary is missing): run \`npm run build\` first`)
  }
}

/** @param {string} path */
export const toUrl = (path) => pathToFileURL(path).href
