// Published examples that apps were written against: read from ../shared, where it is, put together into modules, compiled
// as a user's project would, and run.
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
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
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

/** Express as it is, but its apps listen on any free port and can be found. */
export const expressStub = {
  'package.json': '{"name":"express","version":"0.0.0","main":"index.cjs"}',
  'index.cjs': `
    const express = require(${JSON.stringify(createRequire(import.meta.url).resolve('express'))})
    module.exports = () => {
      const app = express()
      app.use(express.json())
      const listen = app.listen.bind(app)
      app.listen = () => app
      globalThis.listenToApp = () => listen(0, '127.0.0.1')
      return app
    }`,
}

/**
 * A folder in which modules are compiled and run; `dispose()` removes it. `packages` are those of the repository that it
 * has, `stubs` others, by name, with the texts of their files.
 */
export function project(packages = ['@types'], stubs = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'millstream-documented-'))
  const modules = join(folder, 'node_modules')
  mkdirSync(modules)
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  symlinkSync(root, join(modules, 'millstream'), 'junction')
  for (const name of packages) symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction')
  for (const [name, files] of Object.entries(stubs)) {
    mkdirSync(join(modules, name))
    for (const [file, text] of Object.entries(files)) writeFileSync(join(modules, name, file), text)
  }
  return {
    folder,
    /** Compiles the modules, by the names of their files. What the compiler says of which; `options` are its own. */
    compile(texts, options) {
      const files = Object.entries(texts).map(([name, text]) => {
        const file = join(folder, name)
        writeFileSync(file, text)
        return file
      })
      const { program, problems } = compileFolder(folder, files, options)
      program.emit()
      return problems.map(({ file, messageText }) => {
        const name = file === undefined ? '' : relative(folder, file.fileName)
        return `${name}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
      })
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
