// Published examples that apps were written against: read from ../shared, where it is, put together into modules, compiled
// as a user's project would, and run.
import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { compileFolder, ts } from './typescript.mjs'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const seeds = join(root, '..', 'shared', 'seeds')

/** The page whose file begins with `prefix`. */
export function documentedPage(prefix) {
  const page = existsSync(seeds) ? readdirSync(seeds).find((name) => name.startsWith(prefix)) : undefined
  const text = page === undefined ? '' : readFileSync(join(seeds, page), 'utf8')
  // A block that a longer fence opens is never closed where it should be.
  const fences = [...text.matchAll(/^( *)```+(\w+)\n([\s\S]*?)(?=^ *```)/gm)]
  return {
    skip: page === undefined ? 'no ../shared/seeds here' : false,
    /** The blocks in a language, in order. */
    blocks: (language) => fences.filter((fence) => fence[2] === language).map(([, , , code]) => code),
  }
}

/** A folder in which modules are compiled and run; `dispose()` removes it. */
export function project(packages = ['@types']) {
  const folder = mkdtempSync(join(tmpdir(), 'millstream-documented-'))
  const modules = join(folder, 'node_modules')
  mkdirSync(modules)
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  symlinkSync(root, join(modules, 'millstream'), 'junction')
  for (const name of packages) symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction')
  return {
    /** Compiles the modules; whatever the compiler says is a failure. `options` are the compiler's. */
    compile(texts, options) {
      const files = Object.entries(texts).map(([name, text]) => {
        const file = join(folder, name)
        writeFileSync(file, text)
        return file
      })
      const { program, problems } = compileFolder(folder, files, options)
      const host = {
        getCanonicalFileName: (name) => name,
        getCurrentDirectory: () => folder,
        getNewLine: () => '\n',
      }
      assert.equal(ts.formatDiagnostics(problems, host), '')
      program.emit()
    },
    /** Runs a module: what it exports, the lines it logged, and what it wrote. `globals` are there meanwhile. */
    async run(name, globals = {}) {
      const said = []
      const written = []
      const { log, warn, error } = console
      const { write } = process.stdout
      const saved = Object.entries(globals).map(([name]) => [name, Object.getOwnPropertyDescriptor(globalThis, name)])
      for (const [name, value] of Object.entries(globals)) {
        Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
      }
      const line = (...words) => void said.push(words.join(' '))
      Object.assign(console, { log: line, warn: line, error: line })
      process.stdout.write = (text, ...rest) =>
        typeof text === 'string' ? written.push(text) > 0 : write.call(process.stdout, text, ...rest)
      try {
        const exported = await import(pathToFileURL(join(folder, 'out', `${name}.js`)))
        return { exported, said, written: written.join('') }
      } finally {
        Object.assign(console, { log, warn, error })
        process.stdout.write = write
        for (const [name, descriptor] of saved) {
          if (descriptor === undefined) delete globalThis[name]
          else Object.defineProperty(globalThis, name, descriptor)
        }
      }
    },
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  }
}
