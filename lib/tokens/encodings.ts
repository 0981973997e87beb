/** Which encoding a model's tokens are of, as data. Only OpenAI publishes its encodings in a form that can be counted. */

/** OpenAI's encodings, as `tiktoken` names them. */
export const encodingNames = ['o200k_base', 'o200k_harmony', 'cl100k_base', 'p50k_base', 'r50k_base'] as const

/**
 * An encoding of OpenAI's.
 *
 * @example
 * import { type EncodingName, TokenCounter } from 'millstream'
 *
 * const encoding: EncodingName = 'cl100k_base'
 * console.log(new TokenCounter(encoding).push('Hello').tokens)
 */
export type EncodingName = (typeof encodingNames)[number]

/** The beginnings of models' names; of several that fit, the first. A beginning ends where the name does, or at `-`, `.` or `:`. */
const beginnings: readonly (readonly [string, EncodingName])[] = [
  ['gpt-oss', 'o200k_harmony'],
  ['gpt-6', 'o200k_base'],
  ['gpt-5', 'o200k_base'],
  ['gpt-4.5', 'o200k_base'],
  ['gpt-4.1', 'o200k_base'],
  ['gpt-4o', 'o200k_base'],
  ['chatgpt-4o', 'o200k_base'],
  ['gpt-chat-latest', 'o200k_base'],
  ['computer-use', 'o200k_base'],
  ['codex-mini', 'o200k_base'],
  ['o1', 'o200k_base'],
  ['o3', 'o200k_base'],
  ['o4', 'o200k_base'],
  ['gpt-4', 'cl100k_base'],
  ['gpt-3.5', 'cl100k_base'],
  ['gpt-35', 'cl100k_base'],
  ['text-embedding-3', 'cl100k_base'],
  ['text-embedding-ada-002', 'cl100k_base'],
  ['davinci-002', 'cl100k_base'],
  ['babbage-002', 'cl100k_base'],
  ['text-davinci-003', 'p50k_base'],
  ['text-davinci-002', 'p50k_base'],
  ['code-davinci', 'p50k_base'],
  ['code-cushman', 'p50k_base'],
  ['text-davinci-001', 'r50k_base'],
  ['text-curie', 'r50k_base'],
  ['text-babbage', 'r50k_base'],
  ['text-ada', 'r50k_base'],
  ['davinci', 'r50k_base'],
  ['curie', 'r50k_base'],
  ['babbage', 'r50k_base'],
  ['ada', 'r50k_base'],
  ['gpt2', 'r50k_base'],
]

/** The encoding of a model, or of an encoding's own name; `undefined` where none is known. */
export function encodingOf(model: string): EncodingName | undefined {
  if ((encodingNames as readonly string[]).includes(model)) return model as EncodingName
  // `openai/gpt-4o`, `azure/gpt-4o`, `ft:gpt-4o-mini:acme`.
  const name = (model.split('/').at(-1) as string).toLowerCase().replace(/^ft:/, '')
  return beginnings.find(([beginning]) => {
    const next = name[beginning.length]
    return name.startsWith(beginning) && (next === undefined || '-.:@'.includes(next))
  })?.[1]
}
