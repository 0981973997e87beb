// Compiles `lib/` into what users get: CommonJS and declarations by tsc, then for every entry point of package.json
// a thin ES module over the same CommonJS instance, so that one process never holds the package twice.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bin, main, root } from './support/process.mjs'
import { bundles, entryPoints, surface } from './support/surface.mjs'

await main(async () => {
  const dist = join(root, 'dist')
  rmSync(join(dist, '.stamp'), { force: true })
  mkdirSync(dist, { recursive: true })
  await bin('tsc', ['-p', 'tsconfig.json'])

  const names = surface()
  for (const entry of entryPoints()) {
    const { values, types } = names.get(entry)
    writeFileSync(join(dist, `${entry}.mjs`), esWrapper(entry, values))
    const bundled = bundles.includes(entry)
    const source = bundled ? `../${entry}.js` : '../index.js'
    writeFileSync(join(dist, `${entry}.d.mts`), declarations(source, values, types))
    // An entry without a bundle of its own points at the one of `index`: a class has one identity for the compiler too.
    if (!bundled) writeFileSync(join(dist, `${entry}.d.ts`), declarations(source, values, types))
  }
  writeFileSync(join(dist, '.stamp'), '')
})

function esWrapper(entry, values) {
  return `export {\n${values.map((name) => `  ${name},\n`).join('')}} from './${entry}.js'\n`
}

function declarations(source, values, types) {
  const names = [...values, ...types.map((name) => `type ${name}`)]
  return `export {\n${names.map((name) => `  ${name},\n`).join('')}} from '${source}'\n`
}
