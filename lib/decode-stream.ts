/** A provider's answer that came by some other way than a request of ours. Nothing is decoded here: see `fed-answer.ts`. */
import { checkBoolean, checkInteger, checkObject, checkOneOf, checkString } from './check.js'
import { answerFromBytes, type ByteSource } from './fed-answer.js'
import { protocols, type WireProtocol } from './providers.js'
import { type ErrorMode, resultOf, type StreamResult } from './stream-result.js'

/**
 * How {@link decodeStream} reads.
 *
 * @example
 * const options: DecodeStreamOptions = { protocol: 'anthropic', provider: 'anthropic' }
 */
export interface DecodeStreamOptions {
  /** The format of the bytes. `auto` looks at `contentType` and at the first of them. */
  protocol: 'auto' | WireProtocol
  /** The `content-type` header that came with them; worth giving where `protocol` is `auto`. */
  contentType?: string
  /** For errors and results, where it is known who answers. */
  provider?: string
  /** The model that was asked; the answer's own word goes before it. */
  model?: string
  /**
   * Cap on one event in bytes, up to 256 MiB.
   * @default 8388608
   */
  maxEventBytes?: number
  /**
   * How readers learn of a failure.
   * @default 'throw'
   */
  errors?: ErrorMode
  /**
   * Whether chunks stay after they were read, so that any number of readers see them all.
   * @default true
   */
  retain?: boolean
}

const keys = [
  'protocol',
  'contentType',
  'provider',
  'model',
  'maxEventBytes',
  'errors',
  'retain',
] as const satisfies readonly (keyof DecodeStreamOptions)[]

/**
 * Reads a provider's answer that came some other way: a `fetch` body, a file, a queue. Every format of the engine can be
 * read, and the result is what an answer of the engine's own requests is: chunks, text, usage, `pipe`, `toResponse`.
 *
 * The source is read as fast as the result is, but for 64 KiB. It is let go of (its `return()`, or a stream's `cancel()`)
 * once the answer is complete, or nobody reads it any more. What it throws is the answer's failure.
 *
 * @throws ValidationError for a source or an option that is not what it must be.
 *
 * @example
 * const response = await fetch('http://localhost:11434/api/chat', { method: 'POST', body: '{"model":"llama3.2"}' })
 * if (response.body === null) throw new Error('no body')
 * const answer = decodeStream(response.body, { protocol: 'ollama' })
 * for await (const piece of answer.textStream) process.stdout.write(piece)
 */
export function decodeStream(source: ByteSource, options: DecodeStreamOptions): StreamResult {
  const given = checkObject(options, 'options', keys) as Partial<Record<(typeof keys)[number], unknown>>
  const optional = (name: 'contentType' | 'provider' | 'model') =>
    given[name] === undefined ? undefined : { [name]: checkString(given[name], name) }
  const errors = checkOneOf(given.errors ?? 'throw', 'errors', ['throw', 'chunk'])
  const answer = answerFromBytes(source, {
    protocol: checkOneOf(given.protocol, 'protocol', protocols),
    maxEventBytes: checkInteger(given.maxEventBytes ?? 8 * 1024 * 1024, 'maxEventBytes', 1, 256 * 1024 * 1024),
    retain: checkBoolean(given.retain ?? true, 'retain'),
    ...optional('contentType'),
    ...optional('provider'),
    ...optional('model'),
  })
  return resultOf(answer, errors)
}
