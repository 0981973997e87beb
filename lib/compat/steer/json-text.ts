/**
 * The text of an answer, read as JSON while it comes. What always holds: linear in the text; what it can't read, it says
 * once, with its place.
 */
import { OutputError } from '../../errors.js'
import { JsonStreamDecoder } from '../../partial-json.js'

export class JsonText {
  readonly #validates: boolean
  #decoder: JsonStreamDecoder | undefined
  readonly #values: unknown[] = []
  #failure: OutputError | undefined
  #ended = false
  #length = 0

  /** `validates`: whether what can't be JSON is thrown as soon as it comes, or when the value is asked for. */
  constructor(validates: boolean) {
    this.#validates = validates
  }

  feed(text: string): void {
    this.#length += text.length
    if (this.#failure !== undefined) return
    // Some models put JSON in a Markdown fence; and there may be several values, or a line for each.
    this.#decoder ??= text.trim() === '' ? undefined : newDecoder(text)
    this.#try((decoder) => decoder.feed(text))
    if (this.#failure !== undefined && this.#validates) throw this.#failure
  }

  /** The value, an array of several, or as much as there is of one that was cut. */
  value(): unknown {
    if (!this.#ended) {
      this.#ended = true
      if (this.#failure === undefined) this.#try((decoder) => decoder.end())
      // Cut is what ends too early, and nothing else.
      const { offset } = this.#failure ?? {}
      const partial = offset === this.#length ? this.#decoder?.partial : undefined
      if (partial !== undefined) {
        this.#values.push(partial)
        this.#failure = undefined
      }
    }
    if (this.#failure !== undefined) throw this.#failure
    if (this.#values.length === 0) {
      throw new OutputError('Expected the answer to be JSON, got no text', { code: 'INVALID_JSON', offset: 0 })
    }
    return this.#values.length === 1 ? this.#values[0] : this.#values
  }

  #try(read: (decoder: JsonStreamDecoder) => unknown[]): void {
    if (this.#decoder === undefined) return
    try {
      this.#values.push(...read(this.#decoder))
    } catch (error) {
      if (!(error instanceof OutputError)) throw error
      this.#failure = error
    }
  }
}

function newDecoder(text: string): JsonStreamDecoder {
  return new JsonStreamDecoder(text.trimStart().startsWith('`') ? { fences: true } : { multiple: true })
}
