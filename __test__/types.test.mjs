// The types say what the code does: what must compile compiles, what must not is refused, and so do the examples in
// the documentation comments.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { compilerOptions, ts } from './support/typescript.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const options = { ...compilerOptions, noEmit: true }

const folder = join(root, '__test__', 'types')

/** What the compiler says about modules that exist in memory only, as if they lay in `__test__/types`. */
function compile(modules) {
  const texts = new Map([...modules].map(([name, text]) => [join(folder, name).replaceAll('\\', '/'), text]))
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile } = host
  host.fileExists = (name) => texts.has(name) || fileExists(name)
  host.readFile = (name) => texts.get(name) ?? readFile(name)
  const getSourceFile = host.getSourceFile.bind(host)
  host.getSourceFile = (name, ...rest) =>
    texts.has(name) ? ts.createSourceFile(name, texts.get(name), ...rest) : getSourceFile(name, ...rest)
  const said = new Map([...modules.keys()].map((name) => [name, '']))
  for (const problem of ts.getPreEmitDiagnostics(ts.createProgram([...texts.keys()], options, host))) {
    const name = problem.file === undefined ? '' : basename(problem.file.fileName)
    const text = ts.formatDiagnostic(problem, {
      getCanonicalFileName: (path) => path,
      getCurrentDirectory: () => root,
      getNewLine: () => '\n',
    })
    said.set(name, (said.get(name) ?? '') + text)
  }
  return said
}

/** The symbols that `millstream` exports, as the compiler sees them. */
const exported = (() => {
  const program = ts.createProgram([join(root, 'lib', 'index.ts')], { ...options, noLib: true, types: [] })
  const checker = program.getTypeChecker()
  const module = checker.getSymbolAtLocation(program.getSourceFile(join(root, 'lib', 'index.ts')))
  return checker.getExportsOfModule(module).map((symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    return { name: symbol.name, hasExample: target.getJsDocTags(checker).some(({ name }) => name === 'example') }
  })
})()

/** What the examples may take for granted. */
const preamble = `
import { ${exported.map(({ name }) => name).join(', ')} } from 'millstream'
declare const app: { post(path: string, handler: (req: unknown, res: import('node:http').ServerResponse) => unknown): void }
declare const url: string
declare function nextToken(): Promise<string>
`
const given = {
  stream: 'declare const stream: AIStream',
  response: 'declare const response: StreamingResponse',
  result: 'declare const result: StreamResult',
  adapter: 'declare const adapter: ProviderAdapter',
  completion: 'declare const completion: AsyncIterable<OpenAIChunk>',
  wss: "declare const wss: { on(event: 'connection', listener: (socket: WebSocketLike) => unknown): void }",
  res: "declare const res: import('node:http').ServerResponse",
}

/** The examples of the exported declarations in a file, with the line each stands at. */
function examples(file) {
  const text = readFileSync(file, 'utf8')
  const found = []
  for (const comment of text.matchAll(/\/\*\*[\s\S]*?\*\//g)) {
    const [, example] = /@example\n([\s\S]*?)(?=\n\s*\* @|\n\s*\*\/)/.exec(comment[0]) ?? []
    if (example === undefined) continue
    const line = text.slice(0, comment.index).split('\n').length
    found.push({ line, code: example.replace(/^\s*\* ?/gm, '') })
  }
  return found
}

/** The examples of all of `lib/` as modules. */
function exampleModules() {
  const modules = new Map()
  const files = readdirSync(join(root, 'lib'), { recursive: true }).filter(
    (name) => name.endsWith('.ts') && name !== 'testing.ts',
  )
  for (const file of files) {
    for (const { line, code } of examples(join(root, 'lib', file))) {
      // An example with imports of its own takes nothing for granted.
      const own = /^import /m.test(code)
      const declared = Object.entries(given).filter(
        ([name]) => !new RegExp(`(const|let) ${name}\\b|[(,] *${name}:`).test(code),
      )
      const head = own ? '' : `${preamble}${declared.map(([, declaration]) => declaration).join('\n')}\n`
      modules.set(`${file.replaceAll(/[\\/]/g, '-')}-${line}.mts`, `${head}${code}\nexport {}\n`)
    }
  }
  return modules
}

// One run of the compiler for everything: it takes seconds.
const checked = new Map(
  readdirSync(folder).map((name) => [name.replace(/ts$/, 'mts'), readFileSync(join(folder, name), 'utf8')]),
)
const wrong = `import { AIStream } from 'millstream'\nnew AIStream({ endpoint: '/', model: 5 })\n`
const documented = exampleModules()
const said = compile(new Map([...checked, ...documented, ['wrong.mts', wrong]]))

test('what must compile does, and what must not is refused', () => {
  assert.ok(checked.size > 0)
  for (const name of checked.keys()) assert.equal(said.get(name), '')
})

test('a mistake is noticed', () => {
  assert.match(said.get('wrong.mts'), /Type 'number' is not assignable to type 'string'/)
})

test('every public name has an example', () => {
  const missing = exported.filter(({ hasExample }) => !hasExample).map(({ name }) => name)
  assert.deepEqual(missing, [])
})

test('the examples in the documentation comments compile', () => {
  assert.ok(documented.size > 30, `${documented.size} examples`)
  const problems = [...documented.keys()].map((name) => said.get(name)).filter((problem) => problem !== '')
  assert.deepEqual(problems, [])
})
