/**
 * Answers that are JSON: {@link OutputSpec}, its check, and the value an answer's text stands for. What always holds: a
 * value is given only where it matches its schema; what is wrong with one is an {@link OutputError} that says where.
 */
import { checkBoolean, checkObject, checkOneOf, describe, fail } from './check.js'
import { OutputError, type OutputIssue } from './errors.js'
import { JsonStreamDecoder } from './partial-json.js'
import { type CompiledSchema, compileSchema, type JsonSchema, pathText, type Schema } from './schema.js'

/**
 * What the answer is to be. With a schema it is asked for as the provider has it, and the value is checked against it.
 *
 * @example
 * import { type OutputSpec, StreamClient } from 'millstream'
 *
 * const output: OutputSpec<{ rivers: string[] }> = {
 *   schema: {
 *     type: 'object',
 *     properties: { rivers: { type: 'array', items: { type: 'string' } } },
 *     required: ['rivers'],
 *   },
 * }
 * const { object } = await new StreamClient().generate({ model: 'gpt-4o-mini', prompt: 'Three rivers', output })
 * console.log(object?.rivers.length)
 */
export interface OutputSpec<T = unknown> {
  /**
   * `json`: any JSON, by the provider's JSON mode; `structured`: JSON that follows the schema; `text`: as without all this.
   * Default `structured` where there is a schema, else `text`.
   */
  format?: 'text' | 'json' | 'structured'
  /** Of a validation library (Zod, Valibot, ArkType, …), or a JSON Schema. The value is what it makes of the answer. */
  schema?: Schema<T>
  /** What the provider calls the schema, where it wants a name: letters, digits, `_` and `-`, 64 at most. */
  name?: string
  /** Whether the provider is to enforce the schema, where that is a choice. */
  strict?: boolean
  /**
   * When text that is no JSON ends the answer with an `INVALID_JSON` error: `incremental`, at the first character that
   * can't be; `end`: never, and only `object` rejects. Default `incremental`.
   */
  validate?: 'incremental' | 'end'
}

/**
 * A value that is still arriving: any part of it may be missing, and strings may be cut.
 *
 * @example
 * const river: DeepPartial<{ name: string; length: { km: number } }> = { length: {} }
 */
export type DeepPartial<T> = T extends readonly (infer Item)[]
  ? DeepPartial<Item>[]
  : T extends object
    ? { [Key in keyof T]?: DeepPartial<T[Key]> }
    : T

/** What the engine is told (`crates/wire/src/request`). */
export interface WireOutput {
  format: 'json' | 'structured'
  schema?: JsonSchema
  name?: string
  strict?: boolean
}

const keys = ['format', 'schema', 'name', 'strict', 'validate'] as const satisfies readonly (keyof OutputSpec)[]

/** A checked {@link OutputSpec} that asks for JSON, and how to read the answer by it. */
export class OutputPlan<T = unknown> {
  readonly wire: WireOutput
  readonly isIncremental: boolean
  readonly #schema: CompiledSchema<T> | undefined

  constructor(wire: WireOutput, schema: CompiledSchema<T> | undefined, isIncremental: boolean) {
    this.wire = wire
    this.isIncremental = isIncremental
    this.#schema = schema
  }

  /** The value of a text. Rejects with an {@link OutputError}. */
  async read(text: string, provider: string): Promise<T> {
    const value = parseOutput(text, provider)
    const validated = await this.#schema?.validate(value)
    if (validated?.issues !== undefined) throw mismatch(validated.issues, text, provider)
    return validated === undefined ? (value as T) : validated.value
  }
}

/** Checks `output`; `undefined` where it asks for nothing but text. */
export function checkOutput<T>(given: OutputSpec<T>): OutputPlan<T> | undefined {
  checkObject(given, 'output', keys, 'output.')
  const schema = given.schema === undefined ? undefined : compileSchema<T>(given.schema, 'output.schema')
  const format = checkOneOf(given.format ?? (schema === undefined ? 'text' : 'structured'), 'output.format', [
    'text',
    'json',
    'structured',
  ])
  const name = given.name === undefined ? undefined : checkName(given.name)
  const strict = given.strict === undefined ? undefined : checkBoolean(given.strict, 'output.strict')
  const validate = checkOneOf(given.validate ?? 'incremental', 'output.validate', ['incremental', 'end'])
  if (format === 'structured' && schema === undefined)
    fail('output.schema', 'a schema, where one is to be followed', 'none')
  if (format === 'text') {
    const needless = (['schema', 'name', 'strict', 'validate'] as const).find((key) => given[key] !== undefined)
    if (needless !== undefined) fail(`output.${needless}`, 'left out where text is asked for', 'one')
    return undefined
  }
  const wire: WireOutput = { format }
  if (schema !== undefined) wire.schema = schema.json
  if (name !== undefined) wire.name = name
  if (strict !== undefined) wire.strict = strict
  return new OutputPlan(wire, schema, validate === 'incremental')
}

function checkName(name: unknown): string {
  const ok = typeof name === 'string' && /^[\w-]{1,64}$/.test(name)
  return ok ? name : fail('output.name', 'a name of up to 64 letters, digits, `_` and `-`', describe(name))
}

/** The JSON of an answer's text, out of its code fence where it stands in one. Throws an {@link OutputError}. */
export function parseOutput(text: string, provider: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message would quote the answer.
  }
  const decoder = new JsonStreamDecoder({ fences: true })
  try {
    const [value] = [...decoder.feed(text), ...decoder.end()]
    return value
  } catch (error) {
    const { offset, message } = error as OutputError
    throw new OutputError(message.replace(/^Expected JSON/, 'Expected the answer to be JSON'), {
      code: 'INVALID_JSON',
      offset,
      partialText: text,
      ...(provider !== '' && { provider }),
    })
  }
}

function mismatch(issues: readonly OutputIssue[], text: string, provider: string): OutputError {
  const { path, message } = issues[0] as OutputIssue
  const place = path.length === 0 ? '' : ` at \`${pathText(path)}\``
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
  return new OutputError(`Expected the answer to match its schema: ${message}${place}${more}`, {
    code: 'SCHEMA_MISMATCH',
    issues,
    partialText: text,
    ...(provider !== '' && { provider }),
  })
}

/** What a reader of pieces of text sees of the value they are part of. */
export class PartialOutput {
  #decoder = new JsonStreamDecoder({ fences: true })
  #failure: unknown
  #changed = false

  feed(text: string): void {
    if (this.#failure !== undefined) return
    this.#changed = true
    try {
      this.#decoder.feed(text)
    } catch (error) {
      this.#failure = error
    }
  }

  /** Another text begins. */
  reset(): void {
    this.#decoder = new JsonStreamDecoder({ fences: true })
    this.#failure = undefined
    this.#changed = false
  }

  /** The value so far; `undefined` where none has begun. */
  get value(): unknown {
    return this.#decoder.partial
  }

  /** The value so far, where there is more of it than when this was last asked. */
  take(): unknown {
    if (!this.#changed) return undefined
    this.#changed = false
    return this.value
  }

  /** Throws why the text is no JSON, where it can be none. */
  check(provider: string, text: string): void {
    const error = this.#failure
    if (error === undefined) return
    if (!(error instanceof OutputError)) throw error
    throw new OutputError(error.message.replace(/^Expected JSON/, 'Expected the answer to be JSON'), {
      code: 'INVALID_JSON',
      offset: error.offset,
      partialText: text,
      ...(provider !== '' && { provider }),
    })
  }
}
