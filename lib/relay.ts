/**
 * An answer on its way to a client: {@link PipeOptions}, {@link PipeReport}, and what they do to a response of Node or
 * of the web. The engine encodes; here is decided where the bytes go, and what a client is told when there are none.
 */
import type { Answer } from './answer.js'
import { checkObject, describe, fail } from './check.js'
import type { StreamError } from './errors.js'
import type { WireFormat } from './providers.js'
import { checkResponse, pipeToBody, pipeToResponse } from './relay/node-response.js'
import { type RelaySettings, refuse, relaySettings, unavailable } from './relay/options.js'
import { pipeToStreamingResponse, streamingSettings, takesOver } from './relay/streaming-response.js'
import { checkWebSocket, pipeToWebSocket, type WebSocketLike } from './relay/web-socket.js'
import type { RelayResponse } from './relay/writer.js'
import type { ResponseLike } from './streaming-response/output.js'
import { type RequestLike, WebBody } from './streaming-response/web-body.js'
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

/**
 * How an answer is sent on in a web `Response`.
 *
 * @example
 * export const POST = async (request: Request) => {
 *   const result = await stream.stream(await request.text())
 *   return result.toResponse({ request, compression: true } satisfies WebPipeOptions)
 * }
 */
export interface WebPipeOptions extends PipeOptions {
  /** Says whether the client takes compression, and by its `signal` when the client left. */
  request?: RequestLike
}

/**
 * How an answer is sent on to a WebSocket.
 *
 * @example
 * const options: WebSocketPipeOptions = { signal: AbortSignal.timeout(60_000) }
 */
export interface WebSocketPipeOptions {
  /** Ends the answer, which the client is told. */
  signal?: AbortSignal
}

export type { WebSocketLike }

/** `result.pipe`. `async`, so that misuse is a rejection. */
export async function pipe(answer: Answer, response: unknown, options: unknown): Promise<PipeReport> {
  const { setHeader, write, end } = (response ?? {}) as Partial<ResponseLike>
  if (takesOver(response)) return pipeToStreamingResponse(answer, response, streamingSettings(options))
  if (typeof setHeader !== 'function' || typeof write !== 'function' || typeof end !== 'function') {
    fail('response', 'a response with `setHeader`, `write` and `end`, or a StreamingResponse', describe(response))
  }
  const settings = relaySettings(options)
  checkResponse(response as RelayResponse, settings)
  return pipeToResponse(answer, response as RelayResponse, settings)
}

/** `result.toReadableStream`. */
export function toReadableStream(answer: Answer, options: unknown): ReadableStream<Uint8Array> {
  const settings = webSettings(options, [])
  refuse(options, 'headers', '`toResponse` has some')
  refuse(options, 'compression', '`toResponse` can compress')
  return begin(answer, new WebBody(), settings).readable
}

/** `result.toResponse`. */
export function toResponse(answer: Answer, options: unknown): Response {
  const settings = webSettings(options, ['request'])
  return begin(answer, new WebBody(requestOf(options, settings)), settings).toResponse()
}

function begin(answer: Answer, body: WebBody, settings: RelaySettings): WebBody {
  let refused: { error: unknown } | undefined
  const reject = (error: unknown) => {
    refused = { error }
  }
  pipeToBody(answer, body, settings, { resolve: () => {}, reject }, true)
  if (refused !== undefined) throw refused.error
  return body
}

/**
 * A response whose status is that of the answer: resolves when its first byte is there, it failed before, or a heartbeat
 * is due.
 */
export async function respond(answer: Answer, options?: WebPipeOptions): Promise<Response> {
  const settings = webSettings(options, ['request'])
  const body = new WebBody(requestOf(options, settings))
  return new Promise((resolve, reject) => {
    // Whoever left hears nothing of it; but a promise has to be kept.
    const gone = () => resolve(new Response(null, { status: 499 }))
    pipeToBody(answer, body, settings, { resolve: gone, reject, headed: () => resolve(body.toResponse()) }, false)
  })
}

function webSettings(options: unknown, further: readonly string[]): RelaySettings {
  const settings = relaySettings(options, further)
  if (settings.sink === 'socket') throw unavailable('a web response has no socket')
  return settings
}

function requestOf(options: unknown, settings: RelaySettings): RequestLike | undefined {
  const { request } = (options ?? {}) as WebPipeOptions
  if (request === undefined) {
    if (settings.compression) fail('request', 'the request, which says what the client takes', 'undefined')
    return undefined
  }
  const ok = typeof request === 'object' && request !== null && typeof request.headers?.get === 'function'
  return ok ? request : fail('request', 'a web Request', describe(request))
}

/** `result.pipeToWebSocket`. */
export async function sendToWebSocket(answer: Answer, socket: unknown, options: unknown): Promise<void> {
  const given = options === undefined ? {} : checkObject(options, 'options', ['signal'])
  const checked = checkWebSocket(socket)
  await pipeToWebSocket(answer, checked, relaySettings({ ...given, format: 'chunk' }))
}
