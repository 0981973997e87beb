// What the package exports, read from `lib/` by the compiler: the names of every entry point, and the bundled
// declarations that are checked in at the root.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { root } from './process.mjs'

/** Entry points whose declarations are bundled into one checked-in file at the root. The others only re-export. */
export const bundles = ['index', 'testing', 'compat-cerebras', 'compat-copilotedge', 'compat-neurolink', 'compat-steer']

/** The entry points that package.json promises, as names of files in `lib/`. */
export function entryPoints() {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return Object.values(exports)
    .filter((target) => typeof target === 'object')
    .map((target) => target.require.default.replace(/^\.\/dist\/(.+)\.js$/, '$1'))
}

/**
 * The exported names of every entry point.
 *
 * @returns {Map<string, { values: string[], types: string[], known: Map<string, string> }>} sorted names; what is both
 *   stands under `values`. `known` has the names under which `index` exports the same things
 * @throws where an entry without a bundle exports something that `index` does not
 */
export function surface() {
  const ts = createRequire(import.meta.url)('typescript')
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const files = entryPoints().map((entry) => join(root, 'lib', `${entry}.ts`))
  const program = ts.createProgram(files, { ...options, noEmit: true })
  const checker = program.getTypeChecker()

  const found = new Map()
  const inIndex = new Map()
  for (const entry of entryPoints()) {
    const file = program.getSourceFile(join(root, 'lib', `${entry}.ts`))
    const module = file && checker.getSymbolAtLocation(file)
    if (!module) throw new Error(`lib/${entry}.ts does not exist or exports nothing, but package.json names it`)
    const values = []
    const types = []
    const known = new Map()
    for (const symbol of checker.getExportsOfModule(module)) {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
      if (entry === 'index') inIndex.set(target, symbol.name)
      else if (!bundles.includes(entry)) {
        if (!inIndex.has(target)) {
          throw new Error(
            `lib/${entry}.ts exports \`${symbol.name}\`, which lib/index.ts does not: declare it there too`,
          )
        }
        known.set(symbol.name, inIndex.get(target))
      }
      ;(target.flags & ts.SymbolFlags.Value ? values : types).push(symbol.name)
    }
    found.set(entry, { values: values.sort(), types: types.sort(), known })
  }
  return found
}

/** The bundled declarations of every entry in `bundles`, as texts by file name. */
export function bundledDeclarations() {
  const { generateDtsBundle } = createRequire(import.meta.url)('dts-bundle-generator')
  const entries = bundles.map((entry) => ({
    filePath: join(root, 'lib', `${entry}.ts`),
    output: { noBanner: true, exportReferencedTypes: false, sortNodes: false },
  }))
  const texts = generateDtsBundle(entries, { preferredConfigPath: join(root, 'tsconfig.json') })
  return new Map(bundles.map((entry, at) => [`${entry}.d.ts`, header(entry) + texts[at]]))
}

function header(entry) {
  return `// The public surface of \`lib/${entry}.ts\`, bundled. Written by \`npm run types\`; a change here is a change of the API.\n\n`
}
