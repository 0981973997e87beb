// Makes of `lib/` what users get: a few files of CommonJS, since a hundred small ones take twice as long to load, and for
// every entry point of package.json a thin ES module over them, so that one process never holds the package twice.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rollup } from 'rollup'
import { bin, main, root } from './support/process.mjs'
import { bundles, entryPoints, surface } from './support/surface.mjs'

const mit = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`

const compiled = join(root, 'target', 'lib')

await main(async () => {
  const dist = join(root, 'dist')
  const stamp = join(dist, '.stamp')
  rmSync(stamp, { force: true })
  mkdirSync(dist, { recursive: true })
  const started = Date.now()
  rmSync(compiled, { recursive: true, force: true })
  await bin('tsc', ['-p', 'tsconfig.json', '--module', 'esnext', '--moduleResolution', 'bundler', '--removeComments'])
  await bundle(dist, [...entryPoints(), 'cli', 'internal'])

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
  vendor(dist)
  removeOlderThan(dist, started)
  writeFileSync(stamp, '')
})

/**
 * The entry points as CommonJS in one file each, without the walls between modules, and what several share in chunks
 * beside them: `millstream.js` has all that `index` needs.
 */
async function bundle(dist, entries) {
  const bundled = await rollup({
    input: Object.fromEntries(entries.map((entry) => [entry, join(compiled, `${entry}.js`)])),
    external: (id) => id.startsWith('node:'),
    // It would drop a `new RegExp(pattern)` that is there to throw, and there is nothing unused to be dropped.
    treeshake: false,
    onLog: (level, log) => {
      if (level !== 'debug') throw new Error(`bundling: ${log.message}`)
    },
  })
  const inIndex = new Set()
  await bundled.write({
    dir: dist,
    format: 'cjs',
    exports: 'named',
    interop: 'default',
    generatedCode: { constBindings: true, preset: 'es2015' },
    chunkFileNames: '[name].js',
    // One character beyond ASCII, and V8 holds the whole file in two bytes a character.
    plugins: [{ name: 'ascii', renderChunk: (code) => ({ code: code.replace(/[^\t\n\r -~]/g, escaped), map: null }) }],
    manualChunks(id, { getModuleInfo }) {
      if (inIndex.size === 0) follow(join(compiled, 'index.js'), inIndex, getModuleInfo)
      return inIndex.has(id) ? 'millstream' : undefined
    },
  })
  await bundled.close()
}

function escaped(unit) {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function follow(id, found, getModuleInfo) {
  if (found.has(id)) return
  found.add(id)
  for (const next of getModuleInfo(id)?.importedIds ?? []) follow(next, found, getModuleInfo)
}

/** Copies the validator of JSON Schema, so that the package depends on nothing; `lib/schema.ts` loads it. */
function vendor(dist) {
  const source = join(root, 'node_modules', '@cfworker', 'json-schema')
  const { name, version, license, author, repository } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'))
  if (license !== 'MIT') throw new Error(`the licence of ${name} is ${license}: what stands above its files is MIT's`)
  const notice = `/*!\n${name} ${version}, ${repository.url ?? repository}\nCopyright (c) ${author.replace(/ <.*/, '')}\n\n${mit}*/\n`
  const target = join(dist, 'vendor', 'json-schema')
  mkdirSync(target, { recursive: true })
  const compiled = join(source, 'dist', 'commonjs')
  for (const file of readdirSync(compiled).filter((file) => file.endsWith('.js'))) {
    const text = readFileSync(join(compiled, file), 'utf8').replace(/^\/\/# sourceMappingURL=.*\n?/m, '')
    writeFileSync(join(target, file), notice + text)
  }
}

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
