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
  const index = texts[bundles.indexOf('index')]
  return new Map(
    bundles.map((entry, at) => {
      const text = entry === 'index' ? texts[at] : withoutWhatIsIn(index, texts[at])
      return [`${entry}.d.ts`, header(entry) + text]
    }),
  )
}

/**
 * A bundle that imports what `index.d.ts` declares and exports, word for word, instead of declaring it again: a class is
 * one type, whichever entry it came from.
 */
function withoutWhatIsIn(index, bundle) {
  const ts = createRequire(import.meta.url)('typescript')
  const parse = (text) => ts.createSourceFile('bundle.d.ts', text, ts.ScriptTarget.Latest, true)
  const isExported = (statement) =>
    statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true
  const nameOf = (statement) => statement.name?.text ?? statement.declarationList?.declarations[0]?.name.text
  const plain = (statement) =>
    statement
      .getText()
      .replace(/^export /, '')
      .replace(/^declare /, '')
  const grouped = (statements) => groupBy(statements, nameOf)

  const known = grouped(parse(index).statements.filter(isExported))
  const { statements } = parse(bundle)
  const declared = grouped(statements.filter((statement) => nameOf(statement) !== undefined))
  const text = (group) => group.map(plain).join('\n')
  const shared = (name) => known.has(name) && text(known.get(name)) === text(declared.get(name))

  // What the entry's own exports need, and of what is shared nothing but the name.
  const needed = new Set()
  const need = (name) => {
    if (needed.has(name)) return
    needed.add(name)
    if (!declared.has(name) || shared(name)) return
    for (const statement of declared.get(name)) names(statement).forEach(need)
  }
  const names = (node) => {
    const found = ts.isIdentifier(node) ? [node.text] : []
    node.forEachChild((child) => void found.push(...names(child)))
    return found
  }
  const exported = [...declared].filter(([, group]) => group.some(isExported)).map(([name]) => name)
  exported.forEach(need)

  const imports = [...needed].filter((name) => declared.has(name) && shared(name)).sort()
  const again = imports.filter((name) => exported.includes(name))
  const kept = statements.filter((statement) => {
    if (ts.isImportDeclaration(statement)) return names(statement).some((name) => needed.has(name))
    const name = nameOf(statement)
    return name === undefined || (needed.has(name) && !shared(name))
  })
  // Types and classes alike: whoever imports them in turn finds what they are.
  const list = (members) => `{ ${members.join(', ')} }`
  const head = imports.length > 0 ? [`import ${list(imports)} from './index.js';`] : []
  const tail = again.length > 0 ? [`export ${list(again)};`] : []
  const isImport = (statement) => ts.isImportDeclaration(statement)
  const parts = [
    ...kept.filter(isImport).map((statement) => statement.getFullText().trim()),
    ...head,
    ...kept.filter((statement) => !isImport(statement)).map((statement) => statement.getFullText().trim()),
    ...tail,
  ]
  return `${parts.join('\n')}\n`
}

/** As `Map.groupBy`, which Node has from version 21 on. */
function groupBy(values, keyOf) {
  const groups = new Map()
  for (const value of values) {
    const key = keyOf(value)
    groups.set(key, [...(groups.get(key) ?? []), value])
  }
  return groups
}

function header(entry) {
  return `// The public surface of \`lib/${entry}.ts\`, bundled. Written by \`npm run types\`; a change here is a change of the API.\n\n`
}
