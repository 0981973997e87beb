/**
 * An answer on its way to a client: {@link PipeOptions}, {@link PipeReport}, and what they do to a response of Node or
 * of the web. The engine encodes; here is decided where the bytes go, and what a client is told when there are none.
 */
import type { StreamError } from './errors.js'
import type { WireFormat } from './providers.js'
import type { Usage } from './types.js'

/**
 * How an answer is sent on.
 *
 * @example
 * await result.pipe(res, { format: 'openai', heartbeat: 15_000 })
 */
export interface PipeOptions {
  /** Default `'events'`: what `AIStream` and `StreamingResponse` speak. */
  format?: WireFormat
  /**
   * Who writes to a response of Node: the engine to the client's socket, or `res.write`. Default `'auto'`: the socket
   * where it can be written, and the client can't tell the two apart. `'socket'` throws where it can't.
   */
  sink?: 'auto' | 'socket' | 'write'
  /** A comment is sent where nothing else was for so many milliseconds. Default 0: none. */
  heartbeat?: number
  /** Whether to compress as the client's `Accept-Encoding` allows, each event at once. Default false. */
  compression?: boolean
  /** Sent with the usual ones, which they may replace. */
  headers?: Record<string, string>
  /** Ends the answer, which the client is told. */
  signal?: AbortSignal
}

/**
 * What became of an answer that was sent on.
 *
 * @example
 * const { completed, tokens, error }: PipeReport = await result.pipe(res)
 */
export interface PipeReport {
  /** Pieces of text. */
  tokens: number
  /** Bytes of the body, before compression. */
  bytes: number
  sink: 'socket' | 'write'
  /** Whether the answer came to its end, and all of it went out. */
  completed: boolean
  usage?: Usage
  /** Why the answer failed; the client was told. `undefined` also where the client left. */
  error?: StreamError
}
