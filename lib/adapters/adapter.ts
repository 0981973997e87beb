/**
 * What the adapters of all providers have in common: called they give the body of a web response, with `new` they feed a
 * {@link StreamingResponse}. What always holds: both forms say the same, by way of one mapping.
 */
import { describe, fail } from '../check.js'
import { StreamError } from '../errors.js'
import { endWith, type StreamingResponse } from '../streaming-response.js'
import { byteStream } from './byte-stream.js'
import { failureOf } from './failure.js'
import type { AnswerEvent, Mapping } from './mapping.js'
import { type AdapterOptions, type AdapterSource, checkAdapterOptions, checkSource, Source } from './source.js'

/**
 * Sends what a provider's SDK gives through a {@link StreamingResponse}. A response that isn't started yet is started with
 * the first chunk.
 *
 * @example
 * async function relay(adapter: ProviderAdapter<OpenAIChunk>, completion: AsyncIterable<OpenAIChunk>) {
 *   for await (const chunk of completion) adapter.processChunk(chunk)
 *   adapter.onComplete()
 * }
 */
export interface ProviderAdapter<Chunk = unknown> {
  /**
   * Sends what a chunk says. One that can't be read becomes an `error` event.
   *
   * @example
   * for await (const chunk of completion) adapter.processChunk(chunk)
   */
  processChunk(chunk: Chunk): this
  /**
   * Sends what is left to say when all chunks were processed, such as usage. It does not end the response.
   *
   * @example
   * adapter.onComplete()
   * response.end()
   */
  onComplete(): this
  /**
   * Tells the client of a failure, in an `error` event; where nothing was sent yet, by an answer with an error status.
   *
   * @example
   * adapter.handleError(new Error('The provider is down'))
   */
  handleError(error: unknown): this
  /**
   * All of it: sends the stream as fast as the client takes it, stops it when the client leaves, and ends the response.
   * Failures, the provider's early end among them, are told to the client: before the first chunk by a status of their
   * own. Resolves when there is nothing left to do; rejects only where `stream` is no stream or the response was sent by
   * somebody else.
   *
   * @example
   * await new OpenAIAdapter(response).pipeFrom(completion)
   */
  pipeFrom(stream: AdapterSource<Chunk>): Promise<void>
}

/**
 * An adapter as it is exported: to call, or to use with `new`.
 *
 * @example
 * const adapters: AdapterConstructor<never>[] = [OpenAIAdapter, AnthropicAdapter, GeminiAdapter]
 */
export interface AdapterConstructor<Chunk> {
  /** The body of a web response: bytes in the `events` format, made when they are read. */
  (stream: AdapterSource<Chunk>, options?: AdapterOptions): ReadableStream<Uint8Array>
  new (response: StreamingResponse, options?: AdapterOptions): ProviderAdapter<Chunk>
}

/** Methods that are called on a response. */
const needed = ['start', 'sendToken', 'sendUsage', 'sendMetadata', 'sendError', 'end', 'abort'] as const

class ResponseAdapter<Chunk> implements ProviderAdapter<Chunk> {
  readonly #response: StreamingResponse
  readonly #mapping: Mapping
  readonly #options: AdapterOptions
  #begun = false

  constructor(response: StreamingResponse, mapping: Mapping, options?: AdapterOptions) {
    const known = (response ?? {}) as Partial<Record<(typeof needed)[number], unknown>>
    if (needed.some((name) => typeof known[name] !== 'function')) {
      const hint = Symbol.asyncIterator in Object(response) ? '; to adapt a stream, leave out `new`' : ''
      fail('response', `a StreamingResponse${hint}`, describe(response))
    }
    this.#response = response
    this.#options = checkAdapterOptions(options)
    this.#mapping = mapping
  }

  processChunk(chunk: Chunk): this {
    return this.#send(this.#mapping.chunk(chunk))
  }

  onComplete(): this {
    this.#send(this.#mapping.end())
    const { finishReason } = this.#mapping
    if (finishReason !== undefined) this.#response[endWith]?.(finishReason)
    return this
  }

  handleError(error: unknown): this {
    const failure = failureOf(error)
    if (this.#isNew()) this.#response.abort(failure)
    else this.#response.sendError(failure)
    return this
  }

  async pipeFrom(stream: AdapterSource<Chunk>): Promise<void> {
    const response = this.#response
    const source = new Source(checkSource<Chunk>(stream, 'stream', ''), this.#mapping, this.#options)
    const stop = (): void => source.stop()
    response.signal.addEventListener('abort', stop)
    if (response.signal.aborted) stop()
    try {
      while (source.outcome === undefined) {
        this.#send(await source.next())
        // Ended by the app, or by the client before anything was sent.
        if (this.#begun && !response.isStreamActive()) stop()
        else await response.ready()
      }
    } catch (error) {
      stop()
      throw error
    } finally {
      response.signal.removeEventListener('abort', stop)
    }
    const { outcome } = source
    if (outcome === 'stopped') return
    if (outcome !== 'whole') {
      response.abort(outcome)
      return
    }
    this.#begin()
    const { finishReason } = this.#mapping
    if (finishReason !== undefined) response[endWith]?.(finishReason)
    response.end()
  }

  #send(events: AnswerEvent[]): this {
    if (events.length > 0) this.#begin()
    for (const event of events) this.#sendOne(event)
    return this
  }

  #sendOne(event: AnswerEvent): void {
    const response = this.#response
    switch (event.type) {
      case 'token':
        // The first alternative goes without saying.
        if (event.choice === 0) response.sendToken(event.token, event.index)
        else response.sendToken(event.token, event.index, event.choice)
        break
      case 'reasoning':
        if (event.choice === 0) response.sendReasoning(event.text, event.signature)
        else response.sendReasoning(event.text, event.signature, event.choice)
        break
      case 'tool-call-delta':
        response.sendToolCallDelta(event.call)
        break
      case 'tool-call':
        response.sendToolCall(event.call)
        break
      case 'usage':
        response.sendUsage(event.usage)
        break
      case 'metadata':
        response.sendMetadata(event.metadata)
        break
      case 'error':
        response.sendError(event.error)
    }
  }

  #isNew(): boolean {
    return !this.#begun && !this.#response.isStreamActive() && this.#response.getMessageCount() === 0
  }

  #begin(): void {
    if (this.#isNew()) {
      try {
        this.#response.start()
      } catch (error) {
        // Started, and left by the client before the first event.
        if (!StreamError.isInstance(error) || error.code !== 'ALREADY_STARTED') throw error
      }
    }
    this.#begun = true
  }
}

function streamFrom<Chunk>(stream: unknown, mapping: Mapping, options?: AdapterOptions): ReadableStream<Uint8Array> {
  const isResponse = needed.every((name) => typeof Object(stream)[name] === 'function')
  const checked = checkSource<Chunk>(stream, 'stream', isResponse ? '; to adapt to a response, use `new`' : '')
  return byteStream(new Source(checked, mapping, checkAdapterOptions(options)), mapping)
}

/** A class that can be called as well; `instanceof` and `extends` work as with any other. */
export function adapterFor<Chunk>(name: string, mapping: () => Mapping): AdapterConstructor<Chunk> {
  class Adapter extends ResponseAdapter<Chunk> {
    constructor(response: StreamingResponse, options?: AdapterOptions) {
      super(response, mapping(), options)
    }
  }
  Object.defineProperty(Adapter, 'name', { value: name })
  return new Proxy(Adapter, {
    apply: (_target, _self, [stream, options]: [unknown, AdapterOptions | undefined]) =>
      streamFrom<Chunk>(stream, mapping(), options),
  }) as unknown as AdapterConstructor<Chunk>
}
