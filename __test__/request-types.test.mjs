// The bodies that providers are sent, held against the types of the providers' own clients.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { compilerOptions, ts } from './support/typescript.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const file = join(root, '__test__', 'request-bodies.mts').replaceAll('\\', '/')

/** What is passed through in words that the caller chose. */
const passedThrough = ['a provider’s own tool', 'a provider’s own part', 'OpenAI’s words to the letter']

const head = `
import type Anthropic from '@anthropic-ai/sdk'
import type { Content, FunctionDeclaration, GenerationConfig, ToolConfig } from '@google/genai'
import type OpenAI from 'openai'

/** With the values of enums in place of the enums, which nothing but themselves may be assigned to. */
type Plain<T> = T extends string ? (string extends T ? T : \`\${T}\`)
  : T extends readonly (infer Item)[] ? Plain<Item>[]
  : T extends object ? { [Key in keyof T]: Plain<T[Key]> } : T

type Bodies = {
  openai: OpenAI.Chat.Completions.ChatCompletionCreateParamsStreaming
  'openai-responses': OpenAI.Responses.ResponseCreateParamsStreaming
  // Which its newest models refuse and its newest types leave out.
  anthropic: Anthropic.MessageCreateParamsStreaming & { temperature?: number; top_p?: number; top_k?: number }
  gemini: {
    contents: Plain<Content>[]
    systemInstruction?: Plain<Content>
    tools?: { functionDeclarations: Plain<FunctionDeclaration>[] }[]
    toolConfig?: Plain<ToolConfig>
    generationConfig?: Plain<GenerationConfig>
  }
}
export const bodies: { [Shape in keyof Bodies]: Record<string, Bodies[Shape]> } = `

/** The problems of the bodies as TypeScript, which checks what stands in a literal for members that nobody knows. */
function problems(bodies, wrong) {
  const text = `${head}${JSON.stringify(bodies, null, 1)}\nexport const wrong: Bodies['anthropic'] = ${JSON.stringify(wrong)}`
  const options = { ...compilerOptions, noEmit: true }
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (name) => name === file || fileExists(name)
  host.readFile = (name) => (name === file ? text : readFile(name))
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, text, ...rest) : getSourceFile.call(host, name, ...rest)
  return ts.getPreEmitDiagnostics(ts.createProgram([file], options, host)).map((problem) => {
    const at = problem.file?.text.slice(0, problem.start).split('\n').length - 1
    const lines = (problem.file?.text ?? '').split('\n').slice(Math.max(0, at - 12), at + 3)
    return `${ts.flattenDiagnosticMessageText(problem.messageText, '\n')}\n${lines.join('\n')}`
  })
}

test('bodies are what the providers’ own clients would send', () => {
  const shapes = ['openai', 'openai-responses', 'anthropic', 'gemini']
  const read = (shape) =>
    JSON.parse(readFileSync(join(root, 'crates', 'wire', 'tests', 'requests', `${shape}.json`), 'utf8'))
  const kept = (shape) =>
    Object.entries(read(shape)).filter(
      ([name, body]) => body.refused === undefined && !passedThrough.includes(name.replaceAll("'", '’')),
    )
  const bodies = Object.fromEntries(shapes.map((shape) => [shape, Object.fromEntries(kept(shape))]))
  for (const shape of shapes) assert.ok(Object.keys(bodies[shape]).length > 15, shape)
  // What they would not send is noticed: one compilation for both, as it takes seconds.
  const wrong = { ...bodies.anthropic['a stop'], stop_sequence: 'END' }
  const [noticed, ...others] = problems(bodies, wrong).reverse()
  assert.match(noticed, /stop_sequence.*does not exist/)
  assert.deepEqual(others, [])
})
