/**
 * Formats that JavaScript reads and writes: the types of a provider's own decoder and encoder, and their checks. The
 * engine still does everything around them: connections, retries, clocks, what a status means.
 */
import { checkFunction, checkOneOf, describe, fail } from '../check.js'
import type { ServerSentEvent } from '../event-stream.js'
import type { FedChunk } from '../fed-answer.js'
import type { WireRequest } from '../generation.js'

/**
 * What a decoder gives: chunks, and where the provider says how it calls the answer and the model, that before them.
 *
 * @example
 * const chunk: DecodedChunk = { type: 'text', content: 'Hello', index: 0 }
 */
export type DecodedChunk = FedChunk

/**
 * What a decoder and an encoder are told besides.
 *
 * @example
 * const context: CodecContext = { provider: 'nebula', model: 'nova-1' }
 */
export interface CodecContext {
  /** The name under which it was asked. */
  provider: string
  /** The model asked for. */
  model: string
}

/**
 * A request as every provider's encoder gets it: checked, and the same whoever is asked.
 *
 * @example
 * import type { ProviderRequest } from 'millstream'
 *
 * const encode = ({ model, messages, temperature = 1 }: ProviderRequest) => ({ model, messages, temperature })
 */
export interface ProviderRequest extends Readonly<WireRequest> {}

/**
 * A decoder and an encoder in JavaScript. `decode` gets the body of an answer with a good status: its events (of
 * `text/event-stream`, the default), lines without their ends and without empty ones, or text as it comes, cut anywhere.
 * It ends with a `finish` chunk or with the source; what it throws is the answer's failure. `encode` gives what is sent
 * as JSON.
 *
 * @example
 * import type { ProviderCodec } from 'millstream'
 *
 * const codec: ProviderCodec = {
 *   async *decode(events) {
 *     for await (const { data } of events) {
 *       if (data === '[DONE]') return yield { type: 'finish', content: '', finished: true, finishReason: 'stop' }
 *       yield { type: 'text', content: JSON.parse(data).piece, index: 0 }
 *     }
 *   },
 * }
 */
export type ProviderCodec = {
  encode?(request: ProviderRequest, context: CodecContext): unknown
} & (
  | {
      framing?: 'events'
      decode?(source: AsyncIterable<ServerSentEvent>, context: CodecContext): AsyncIterable<DecodedChunk>
    }
  | {
      framing: 'lines' | 'text'
      decode(source: AsyncIterable<string>, context: CodecContext): AsyncIterable<DecodedChunk>
    }
)

export const codecKeys = ['framing', 'decode', 'encode'] as const

/** A checked {@link ProviderCodec}. */
export interface Codec {
  framing: 'events' | 'lines' | 'text'
  decode: ((source: AsyncIterable<never>, context: CodecContext) => AsyncIterable<DecodedChunk>) | undefined
  encode: ((request: ProviderRequest, context: CodecContext) => unknown) | undefined
}

/** The codec of a definition, if it has one. */
export function readCodec(given: ProviderCodec): Codec | undefined {
  const { framing, decode, encode } = given as { [key in (typeof codecKeys)[number]]?: unknown }
  if (framing !== undefined && decode === undefined) fail('framing', 'left out without `decode`', describe(framing))
  if (decode === undefined && encode === undefined) return undefined
  return {
    framing: framing === undefined ? 'events' : checkOneOf(framing, 'framing', ['events', 'lines', 'text']),
    // Called as methods of the definition, as written there.
    decode:
      decode === undefined ? undefined : (checkFunction(decode, 'decode') as NonNullable<Codec['decode']>).bind(given),
    encode:
      encode === undefined ? undefined : (checkFunction(encode, 'encode') as NonNullable<Codec['encode']>).bind(given),
  }
}
