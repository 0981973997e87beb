// Compiles `lib/` into what users get: CommonJS and declarations by tsc, then for every entry point of package.json
// a thin ES module over the same CommonJS instance, so that one process never holds the package twice.
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bin, main, root } from './support/process.mjs'
import { bundles, entryPoints, surface } from './support/surface.mjs'

await main(async () => {
  const dist = join(root, 'dist')
  const stamp = join(dist, '.stamp')
  rmSync(stamp, { force: true })
  mkdirSync(dist, { recursive: true })
  const started = Date.now()
  await bin('tsc', ['-p', 'tsconfig.json'])

  const names = surface()
  for (const entry of entryPoints()) {
    const { values, types, known } = names.get(entry)
    writeFileSync(join(dist, `${entry}.mjs`), esWrapper(entry, values))
    const bundled = bundles.includes(entry)
    const source = bundled ? `../${entry}.js` : '../index.js'
    writeFileSync(join(dist, `${entry}.d.mts`), declarations(source, values, types, known))
    // An entry without a bundle of its own points at the one of `index`: a class has one identity for the compiler too.
    if (!bundled) writeFileSync(join(dist, `${entry}.d.ts`), declarations(source, values, types, known))
  }
  removeOlderThan(dist, started)
  writeFileSync(stamp, '')
})

/** What an earlier build left and this one did not write belongs to a source file that is gone. */
function removeOlderThan(folder, time) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) removeOlderThan(path, time)
    // File systems with coarse clocks may date a fresh file a little back.
    else if (statSync(path).mtimeMs < time - 2000) rmSync(path)
  }
}

function esWrapper(entry, values) {
  return `export {\n${values.map((name) => `  ${name},\n`).join('')}} from './${entry}.js'\n`
}

function declarations(source, values, types, known) {
  const renamed = (name) => (known.has(name) && known.get(name) !== name ? `${known.get(name)} as ${name}` : name)
  const names = [...values.map(renamed), ...types.map((name) => `type ${renamed(name)}`)]
  return `export {\n${names.map((name) => `  ${name},\n`).join('')}} from '${source}'\n`
}
