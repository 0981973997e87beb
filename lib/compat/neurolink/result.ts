/**
 * What `stream()` gives: an answer that can be iterated itself and by `.stream`, any number of times, with what is known of
 * it beside. What always holds: nothing is kept here; what is asked for at the end is a promise.
 */
import type { PipeOptions, PipeReport, WebPipeOptions, WebSocketLike, WebSocketPipeOptions } from '../../relay.js'
import type { StreamResult } from '../../stream-result.js'
import type { ResponseLike } from '../../streaming-response.js'
import type { TextStream } from '../../text-stream.js'
import type { CollectedResponse, FinishReason, Usage } from '../../types.js'
import type { NeuroLinkChunk } from './chunks.js'
import type { ProviderFallback } from './fallback.js'
import { shownName } from './models.js'
import { type ReadingOptions, read } from './reading.js'

/** When things happened, in milliseconds from the question. */
export interface StreamPerformance {
  timeToFirstToken?: number
  duration: number
  chunks: number
}

/** What is known about an answer at any time. */
export interface StreamMetadata {
  /** Milliseconds since the epoch. */
  readonly startTime: number
  /** Text chunks so far, as the provider sent them: all of them once the answer was read, or waited for, to its end. */
  readonly totalChunks: number
  /** The provider's id of the request, where it gives one. */
  readonly requestId: string | undefined
  /** As given with the question. */
  readonly context: Record<string, unknown> | undefined
  /** Where another provider answers than the one that was asked first. */
  readonly fallback: ProviderFallback | undefined
}

/** What is known of an answer besides itself. */
export interface Circumstances extends Pick<StreamMetadata, 'startTime' | 'requestId' | 'context'> {
  fallback?: ProviderFallback
  /** Milliseconds from the question until this provider was asked. */
  lead: number
}

/** A running answer. Not thenable. */
export interface NeuroLinkResult extends AsyncIterable<NeuroLinkChunk> {
  /** The same chunks; iterate it or call it. Each loop gets all of them. */
  readonly stream: AsyncIterable<NeuroLinkChunk> & (() => AsyncIterable<NeuroLinkChunk>)
  readonly textStream: TextStream
  readonly text: Promise<string>
  readonly usage: Promise<Usage | undefined>
  readonly finishReason: Promise<FinishReason>
  /** The whole text parsed as JSON, and checked against the schema, where there is one. */
  readonly object: Promise<unknown>
  /** What the JSON is so far. */
  readonly partialObject: unknown
  readonly partialObjectStream: AsyncIterable<unknown>
  readonly performance: Promise<StreamPerformance>
  /** Never set: nothing is analysed. */
  readonly analytics: undefined
  readonly metadata: StreamMetadata
  readonly provider: string
  /** The model that answers, as the provider names it, else the one asked for. */
  readonly model: string
  readonly selectedModel: { readonly modelId: string }
  readonly fromCache: false
  readonly streaming: true
  /** The text so far. */
  readonly partialText: string
  getFullResponse(): Promise<string>
  collect(): Promise<CollectedResponse>
  /** Closes the connection; whoever reads gets an `aborted_error`. */
  abort(reason?: unknown): void
  /** As of the engine's results, whose own chunks are sent. */
  pipe(response: ResponseLike, options?: PipeOptions): Promise<PipeReport>
  toResponse(options?: WebPipeOptions): Response
  toReadableStream(options?: PipeOptions): ReadableStream<Uint8Array>
  pipeToWebSocket(socket: WebSocketLike, options?: WebSocketPipeOptions): Promise<void>
}

export class EngineResult implements NeuroLinkResult {
  readonly #result: StreamResult
  readonly #options: ReadingOptions
  readonly #lead: number
  readonly stream: NeuroLinkResult['stream']
  readonly metadata: StreamMetadata
  readonly fromCache = false
  readonly streaming = true
  readonly analytics = undefined

  constructor(result: StreamResult, options: ReadingOptions, circumstances: Circumstances) {
    const { startTime, requestId, context, fallback, lead } = circumstances
    this.#result = result
    this.#options = options
    this.#lead = lead
    const iterable = { [Symbol.asyncIterator]: () => this[Symbol.asyncIterator]() }
    this.stream = Object.assign(() => iterable, iterable)
    this.metadata = {
      startTime,
      get totalChunks() {
        return result.metrics.chunks
      },
      requestId,
      context,
      fallback,
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<NeuroLinkChunk> {
    return read(this.#result, this.#options)
  }

  get textStream(): TextStream {
    return this.#result.textStream
  }

  get text(): Promise<string> {
    return this.#result.text
  }

  get usage(): Promise<Usage | undefined> {
    return this.#result.usage
  }

  get finishReason(): Promise<FinishReason> {
    return this.#result.finishReason
  }

  get object(): Promise<unknown> {
    return this.#result.object
  }

  get partialObject(): unknown {
    return this.#result.partialObject
  }

  get partialObjectStream(): AsyncIterable<unknown> {
    return this.#result.partialObjectStream
  }

  get performance(): Promise<StreamPerformance> {
    const known = this.collect().then(({ metrics: { timeToFirstToken, duration, chunks } }) => ({
      ...(timeToFirstToken !== undefined && { timeToFirstToken: this.#lead + timeToFirstToken }),
      duration: this.#lead + duration,
      chunks,
    }))
    // Often taken from the result and not awaited where reading it throws.
    known.catch(() => {})
    return known
  }

  get provider(): string {
    return shownName(this.#result.provider)
  }

  get model(): string {
    return this.#result.model
  }

  get selectedModel(): { readonly modelId: string } {
    return { modelId: this.#result.model }
  }

  get partialText(): string {
    return this.#result.partialText
  }

  getFullResponse(): Promise<string> {
    return this.text
  }

  collect(): Promise<CollectedResponse> {
    return this.#result.collect()
  }

  abort(reason?: unknown): void {
    this.#result.abort(reason)
  }

  pipe(response: ResponseLike, options?: PipeOptions): Promise<PipeReport> {
    return this.#result.pipe(response, options)
  }

  toResponse(options?: WebPipeOptions): Response {
    return this.#result.toResponse(options)
  }

  toReadableStream(options?: PipeOptions): ReadableStream<Uint8Array> {
    return this.#result.toReadableStream(options)
  }

  pipeToWebSocket(socket: WebSocketLike, options?: WebSocketPipeOptions): Promise<void> {
    return this.#result.pipeToWebSocket(socket, options)
  }
}
