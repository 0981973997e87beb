/**
 * JSON that is still arriving: {@link JsonStreamDecoder} and {@link parsePartialJson}. The grammar and the repair stand in
 * `crates/wire/src/partial_json.rs`; here values are made of the text that comes from there. What always holds: a value is
 * parsed when somebody asks for it, and once.
 */
import { checkBoolean, checkObject, describe, fail } from './check.js'
import { OutputError } from './errors.js'
import { binding, type NativeBinding } from './native.js'

/**
 * How a {@link JsonStreamDecoder} reads.
 *
 * @example
 * const options: JsonStreamDecoderOptions = { multiple: true }
 * const lines = new JsonStreamDecoder(options).feed('{"n":1}\n{"n":2}\n')
 * console.log(lines.length) // 2
 */
export interface JsonStreamDecoderOptions {
  /**
   * Whether one value may follow another, with or without white space between them: newline-delimited JSON, `{}{}`.
   * @default false
   */
  multiple?: boolean
  /**
   * Whether the value may stand in a Markdown code fence, as models put it that have no JSON mode. Not with `multiple`.
   * @default false
   */
  fences?: boolean
}

/** A reader on the native side, freed when it is collected. */
declare const nativeReader: unique symbol
type NativeReader = { readonly [nativeReader]: never }

declare module './native.js' {
  /** `src/partial_json.rs`. */
  interface NativeBinding {
    jsonReaderNew(multiple: boolean, fences: boolean): NativeReader
    jsonReaderFeed(reader: NativeReader, piece: string | null): string[] | null
    jsonReaderRepaired(reader: NativeReader): string | null
  }
}

/** Pieces longer than this are read in parts: text crosses as one buffer. */
const largestPiece = 16 * 1024 * 1024

/**
 * Reads JSON text piece by piece, natively and in linear time: gives each value that is complete, the value so far at any
 * moment, and the place of the first character that can't be JSON as soon as it comes.
 *
 * The value so far is the text closed where it is whole: a string is cut behind its last character, a number behind the
 * last digit that makes it one (it may still grow), `true`, `false` and `null` count from their first letter, and a name
 * whose value says nothing yet is left out. Nesting beyond 128 is refused.
 *
 * @example
 * const decoder = new JsonStreamDecoder()
 * decoder.feed('{"rivers": ["Glom')
 * console.log(decoder.partial) // { rivers: [ 'Glom' ] }
 * const [whole] = decoder.feed('ma"]}')
 * decoder.end()
 */
export class JsonStreamDecoder {
  readonly #native: NativeBinding
  readonly #reader: NativeReader
  readonly #multiple: boolean
  /** A high surrogate at the end of a piece, whose other half may come with the next. */
  #half = ''
  #failure: OutputError | undefined
  /** The value so far, until more is fed. */
  #partial: { value: unknown } | undefined
  #isComplete = false

  /** @throws ValidationError for an option that is not what it must be. */
  constructor(options: JsonStreamDecoderOptions = {}) {
    const { multiple, fences } = checkOptions(options)
    this.#multiple = multiple
    this.#native = binding()
    this.#reader = this.#native.jsonReaderNew(multiple, fences)
  }

  /**
   * Reads the next piece and gives the values that it completes: one at most, unless there may be several.
   *
   * @throws OutputError with code `INVALID_JSON` and the `offset` of the first impossible character, and from then on.
   *   Values that the same piece completed before it are given first, and the next call throws.
   */
  feed(text: string): unknown[] {
    if (typeof text !== 'string') fail('text', 'a string', describe(text))
    const values: unknown[] = []
    for (let start = 0; start < text.length && this.#failure === undefined; start += largestPiece) {
      this.#read(text.length <= largestPiece ? text : text.slice(start, start + largestPiece), values)
    }
    return this.#given(values)
  }

  /**
   * The text ended. Gives a number that nothing delimited.
   *
   * @throws OutputError with code `INVALID_JSON` where the text ended too early, or was refused before.
   */
  end(): unknown[] {
    const values: unknown[] = []
    if (this.#failure === undefined && this.#half !== '') this.#take(this.#half, values)
    if (this.#failure === undefined) this.#take(null, values)
    return this.#given(values)
  }

  /**
   * The value so far: `undefined` where none has begun that says anything yet, or, of several, where none has begun since
   * the last one ended. Of text that was refused, what stood before the place.
   */
  get partial(): unknown {
    if (this.#partial === undefined) {
      const text = this.partialText
      this.#partial = { value: text === undefined ? undefined : JSON.parse(text) }
    }
    return this.#partial.value
  }

  /** The same as JSON text. */
  get partialText(): string | undefined {
    return this.#native.jsonReaderRepaired(this.#reader) ?? undefined
  }

  /** Whether the one value is whole. Of several it isn't known whether more come: always false. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  #read(piece: string, values: unknown[]): void {
    let whole = this.#half + piece
    this.#half = ''
    const last = whole.charCodeAt(whole.length - 1)
    if (last >= 0xd800 && last < 0xdc00) {
      this.#half = whole.slice(-1)
      whole = whole.slice(0, -1)
    }
    this.#take(whole, values)
  }

  /** Reads a piece, or at `null` the end. */
  #take(piece: string | null, values: unknown[]): void {
    this.#partial = undefined
    for (const told of this.#native.jsonReaderFeed(this.#reader, piece) ?? []) {
      if (told.startsWith('!')) {
        this.#failure = invalidJson(told)
        this.#isComplete = false
        return
      }
      const value: unknown = JSON.parse(told)
      if (!this.#multiple) {
        this.#isComplete = true
        this.#partial = { value }
      }
      values.push(value)
    }
  }

  #given(values: unknown[]): unknown[] {
    if (this.#failure !== undefined && values.length === 0) throw this.#failure
    return values
  }
}

function checkOptions(options: JsonStreamDecoderOptions): Required<JsonStreamDecoderOptions> {
  checkObject(options, 'options', ['multiple', 'fences'])
  const multiple = options.multiple !== undefined && checkBoolean(options.multiple, 'multiple')
  const fences = options.fences !== undefined && checkBoolean(options.fences, 'fences')
  if (multiple && fences) fail('fences', 'left out where there may be several values', 'true')
  return { multiple, fences }
}

/** The error for what the native side tells: `!`, the offset, a space, what is wrong. */
function invalidJson(told: string): OutputError {
  const space = told.indexOf(' ')
  const offset = Number(told.slice(1, space))
  return new OutputError(`Expected JSON: ${told.slice(space + 1)} at offset ${offset}`, {
    code: 'INVALID_JSON',
    offset,
  })
}

/**
 * What {@link parsePartialJson} found.
 *
 * @example
 * const { value, state }: PartialJson = parsePartialJson('{"done": tr')
 * console.log(value, state) // { done: true } partial
 */
export interface PartialJson {
  /** As {@link JsonStreamDecoder.partial}. */
  value: unknown
  /** `partial`: it can still become JSON. `invalid`: it can't, from `offset` on. */
  state: 'complete' | 'partial' | 'invalid'
  /** The place of the first impossible character. */
  offset?: number
}

/**
 * The value of JSON text that may be cut off, as in {@link JsonStreamDecoder}. For text that grows, a decoder doesn't read
 * it again each time.
 *
 * @example
 * import { parsePartialJson } from 'millstream'
 *
 * console.log(parsePartialJson('{"a":{"b":[1,2').value) // { a: { b: [ 1, 2 ] } }
 */
export function parsePartialJson(text: string, options: { fences?: boolean } = {}): PartialJson {
  checkObject(options, 'options', ['fences'])
  const decoder = new JsonStreamDecoder(options)
  try {
    decoder.feed(text)
    // A lone number is delimited by its end alone; whatever else is cut is no failure here.
    if (!decoder.isComplete) decoder.end()
  } catch (error) {
    if (!(error instanceof OutputError)) throw error
    const { offset } = error
    const isCut = offset === undefined || offset >= text.length
    return isCut ? { value: decoder.partial, state: 'partial' } : { value: decoder.partial, state: 'invalid', offset }
  }
  return { value: decoder.partial, state: 'complete' }
}
