/**
 * The pulled side of an answer: {@link StreamHandle}, which can be awaited or iterated, and {@link StreamResult}, with as
 * many readers as one likes. Nothing here buffers: chunks are kept once, by the {@link Answer}.
 */

import { toChunk } from './answer/entries.js'
import type { Answer } from './answer.js'
import { parsePartialJson } from './partial-json.js'
import {
  type PipeOptions,
  type PipeReport,
  pipe,
  respond,
  sendToWebSocket,
  toReadableStream,
  toResponse,
  type WebPipeOptions,
  type WebSocketLike,
  type WebSocketPipeOptions,
} from './relay.js'
import type { ResponseLike } from './streaming-response/output.js'
import type { StreamingResponse } from './streaming-response.js'
import { type DeepPartial, PartialOutput, parseOutput } from './structured-output.js'
import { bufferText, type TextBufferOptions, type TextStream } from './text-stream.js'
import type { CollectedResponse, FinishReason, StreamChunk, StreamMetrics, Usage } from './types.js'

/**
 * A running answer, to be iterated or awaited. It starts at once and is fetched as fast as it is read. Awaiting it waits
 * for the answer's head and gives the {@link StreamResult}, or throws what failed before. Leaving a loop closes the
 * upstream connection where nobody else reads.
 *
 * A failure that nobody looks at (the handle was neither awaited nor iterated, no `error` listener) becomes an unhandled
 * rejection; an abort never does.
 *
 * @example
 * for await (const chunk of stream.stream('Hello')) process.stdout.write(chunk.content)
 */
export interface StreamHandle<T = unknown> extends PromiseLike<StreamResult<T>>, AsyncIterable<StreamChunk> {
  /** Closes the upstream connection. Whoever still reads gets an `aborted_error` whose `cause` is `reason`. */
  abort(reason?: unknown): void
  /** As {@link StreamResult.pipe}; an answer whose head never comes is told by an error status, too. */
  pipe(response: ResponseLike | StreamingResponse, options?: PipeOptions): Promise<PipeReport>
}

/**
 * An answer whose head is in. Not thenable. Any number of readers at any time see the same chunks, from the first; with
 * `retain: false` there is one reader, and a second throws `ALREADY_CONSUMED`.
 *
 * Iterators end when the answer does; they throw the {@link StreamError} of an answer that failed or was aborted, unless
 * `errors: 'chunk'` asked for an `error` chunk instead.
 *
 * @example
 * const result = await stream.stream('Hello')
 * for await (const piece of result.textStream) process.stdout.write(piece)
 * console.log(await result.usage)
 */
export interface StreamResult<T = unknown> extends AsyncIterable<StreamChunk> {
  /** All chunks; iterate it or call it. */
  readonly stream: AsyncIterable<StreamChunk> & (() => AsyncIterable<StreamChunk>)
  /** The text alone. */
  readonly textStream: TextStream
  /** The whole text. */
  readonly text: Promise<string>
  /**
   * Token counts, `undefined` where none were reported; flagged `partial` after an abort. Asking for it, as for anything
   * that is known only at the end, lets the answer be fetched at full speed.
   */
  readonly usage: Promise<Usage | undefined>
  /** What the answer cost, in US dollars: `undefined` where there is no usage, or no price for the model. */
  readonly costUsd: Promise<number | undefined>
  readonly finishReason: Promise<FinishReason>
  /**
   * The whole text parsed as JSON, out of its code fence where it stands in one; with an `output.schema`, what that makes
   * of it. Rejects with an {@link OutputError} where it is no JSON, or does not match. Of an answer in several steps it is
   * the text of the last.
   */
  readonly object: Promise<T>
  /**
   * The object as it arrives: each time there is more of the text, the value so far, as {@link JsonStreamDecoder} gives it.
   * It is not checked against a schema. While nobody asks for the next one, pieces gather.
   */
  readonly partialObjectStream: AsyncIterable<DeepPartial<T>>
  /** The object as far as it came; `undefined` where none has begun, and with `retain: false`. */
  readonly partialObject: DeepPartial<T> | undefined
  /** The provider's name, `''` for an app's own route. */
  readonly provider: string
  /** The model that answers, as the provider names it, else the one asked for. */
  readonly model: string
  /** The provider's id of the request, where it gives one. */
  readonly requestId: string | undefined
  /** The text so far; `''` with `retain: false`. */
  readonly partialText: string
  /** When things happened so far. Chunks are counted as they come to JavaScript, else at the end. */
  readonly metrics: StreamMetrics
  /** The same as `text`. */
  getFullResponse(): Promise<string>
  /** The whole answer as one object. */
  collect(): Promise<CollectedResponse<T>>
  /** As {@link StreamHandle.abort}. */
  abort(reason?: unknown): void
  /**
   * Sends the answer to a client, as fast as the client reads, and ends the response. An answer that fails before its
   * first byte becomes an error status with `{error, type, code}` as JSON; a later failure stands in the body, in the
   * format's own way (in `text`, the connection breaks off). A client that leaves ends the answer, unless somebody else
   * reads it.
   *
   * A started `StreamingResponse` gets the answer's events in order with what the app sends itself, and is left open; a
   * failure aborts it.
   *
   * Rejects only where nothing can be sent: a response that was sent, wrong options, an answer that has its one reader.
   * What became of the answer and of the client is in the report.
   *
   * While it goes on, what the app writes to `response` comes after what the engine writes to the socket, or between two
   * frames where Node writes; ending `response` ends the answer.
   */
  pipe(response: ResponseLike | StreamingResponse, options?: PipeOptions): Promise<PipeReport>
  /**
   * The answer as a web `Response` of status 200, for Next.js, Hono and their like. A failure stands in its body. Its
   * body is read as fast as the client reads, and cancelled when the client leaves.
   */
  toResponse(options?: WebPipeOptions): Response
  /** The body of that response alone. */
  toReadableStream(options?: PipeOptions): ReadableStream<Uint8Array>
  /**
   * Sends the answer to a WebSocket: messages `{type: 'chunk', content}`, at the end `{type: 'complete', data}` or
   * `{type: 'error', error}`. A socket that closes ends the answer; at the end it stays open.
   */
  pipeToWebSocket(socket: WebSocketLike, options?: WebSocketPipeOptions): Promise<void>
}

/**
 * How readers learn of a failure.
 *
 * @example
 * const errors: ErrorMode = 'chunk'
 * for await (const chunk of stream.stream('Hello', { errors })) if (chunk.type === 'error') console.log(chunk.error)
 */
export type ErrorMode = 'throw' | 'chunk'

type Step<T> = IteratorResult<T, undefined>

interface Waiting<T> {
  resolve(step: Step<T>): void
  reject(error: unknown): void
}

/** One reader's place in an answer. */
class Reader<T> implements AsyncIterableIterator<T, undefined> {
  readonly #answer: Answer
  readonly #mode: ErrorMode
  /** The chunk to give for an entry's chunk, or `undefined` to pass over it. */
  readonly #pick: (chunk: StreamChunk) => T | undefined
  readonly #waiting: Waiting<T>[] = []
  readonly isDeaf: boolean
  /** What picked chunks come to, where they are gathered: asked once nothing more is there, and at the end. */
  readonly #gathered: ((isEnd: boolean) => T | undefined) | undefined
  #position = 0
  #index = 0
  #done = false

  constructor(
    answer: Answer,
    mode: ErrorMode,
    pick: (chunk: StreamChunk) => T | undefined,
    isDeaf = false,
    gathered?: (isEnd: boolean) => T | undefined,
  ) {
    answer.claim(false)
    this.isDeaf = isDeaf
    this.#gathered = gathered
    this.#answer = answer
    this.#mode = mode
    this.#pick = pick
    answer.attach(this)
  }

  next(): Promise<Step<T>> {
    if (this.#waiting.length === 0) {
      try {
        const step = this.#take()
        if (step !== undefined) return Promise.resolve(step)
      } catch (error) {
        return Promise.reject(error)
      }
    }
    this.#answer.flushCredit()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
    })
  }

  /** The reader leaves early: `break`, `return` or an exception in the loop. */
  return(): Promise<Step<T>> {
    if (!this.#done) {
      this.#done = true
      this.#answer.detach(this)
      this.wake()
    }
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Serves those who wait, as far as there is something for them. */
  wake(): void {
    while (this.#waiting.length > 0) {
      let step: Step<T> | undefined
      try {
        step = this.#take()
      } catch (error) {
        this.#waiting.shift()?.reject(error)
        continue
      }
      if (step === undefined) {
        this.#answer.flushCredit()
        return
      }
      this.#waiting.shift()?.resolve(step)
    }
  }

  /** The next step, or `undefined` where it hasn't come. Throws how the answer failed, once. */
  #take(): Step<T> | undefined {
    const answer = this.#answer
    if (this.#done) return { done: true, value: undefined }
    for (let entry = answer.entryAt(this.#position); entry !== undefined; entry = answer.entryAt(this.#position)) {
      const chunk = toChunk(entry, this.#index, answer)
      if (chunk.type === 'text') this.#index++
      answer.advance(++this.#position)
      const value = this.#pick(chunk)
      if (value !== undefined) return { done: false, value }
    }
    const { outcome } = answer
    const gathered = this.#gathered?.(false)
    if (gathered !== undefined) return { done: false, value: gathered }
    if (outcome === undefined) return undefined
    this.#done = true
    answer.detach(this)
    if (outcome.kind === 'complete') this.#gathered?.(true)
    if (outcome.kind === 'complete' || outcome.kind === 'stopped') return { done: true, value: undefined }
    if (this.#mode === 'throw') throw outcome.error
    const value = this.#pick({ type: 'error', content: '', error: outcome.error.message, cause: outcome.error })
    return value === undefined ? { done: true, value: undefined } : { done: false, value }
  }
}

function everything(chunk: StreamChunk): StreamChunk {
  return chunk
}

function textOnly(chunk: StreamChunk): string | undefined {
  return chunk.type === 'text' && chunk.choice === undefined ? chunk.content : undefined
}

/** Every chunk as it is, save that pieces of text that is to be JSON have `partial`. */
function everythingOf(answer: Answer): (chunk: StreamChunk) => StreamChunk {
  if (answer.output === undefined) return everything
  const output = new PartialOutput()
  // Made when it is asked for. Whoever copies or prints a chunk doesn't ask.
  const partial = { get: () => output.value, enumerable: false }
  return (chunk) => (watch(output, chunk) ? Object.defineProperty(chunk, 'partial', partial) : chunk)
}

/** Shows a chunk to `output`; whether it was a piece of the text. */
function watch(output: PartialOutput, chunk: StreamChunk): boolean {
  if (chunk.type === 'text' && chunk.choice === undefined) {
    output.feed(chunk.content)
    return true
  }
  // What the model says next is another answer.
  if (chunk.type === 'tool-result') output.reset()
  return false
}

/** A reader of all chunks from the first. */
export function readChunks(answer: Answer, mode: ErrorMode): AsyncIterableIterator<StreamChunk, undefined> {
  return new Reader(answer, mode, everythingOf(answer))
}

/** A reader of all chunks for callbacks: one whose failure is not heard of unless somebody else listens. */
export function readForCallbacks(answer: Answer): AsyncIterableIterator<StreamChunk, undefined> {
  return new Reader(answer, 'throw', everythingOf(answer), true)
}

/** A reader of the object as it arrives. */
function readObjects(answer: Answer): AsyncIterableIterator<unknown, undefined> {
  const output = new PartialOutput()
  const pick = (chunk: StreamChunk) => {
    watch(output, chunk)
    return undefined
  }
  return new Reader<unknown>(answer, 'throw', pick, false, (isEnd) => {
    if (isEnd) output.check(answer.provider, answer.outputText)
    return output.take()
  })
}

/** The {@link StreamResult} of an answer. Promises are made when they are asked for, so none is ever left alone. */
class AnswerResult implements StreamResult {
  readonly #answer: Answer
  readonly #mode: ErrorMode
  readonly stream: AsyncIterable<StreamChunk> & (() => AsyncIterable<StreamChunk>)
  readonly textStream: TextStream
  #whole: Promise<void> | undefined
  #usage: Promise<Usage | undefined> | undefined
  #finishReason: Promise<FinishReason> | undefined

  constructor(answer: Answer, mode: ErrorMode) {
    this.#answer = answer
    this.#mode = mode
    const iterable: AsyncIterable<StreamChunk> = { [Symbol.asyncIterator]: () => this[Symbol.asyncIterator]() }
    this.stream = Object.assign(() => iterable, iterable)
    // An error chunk has no place among strings: the text's readers are always thrown at.
    const text: AsyncIterable<string> = { [Symbol.asyncIterator]: () => new Reader(answer, 'throw', textOnly) }
    this.textStream = Object.assign(text, { buffered: (options?: TextBufferOptions) => bufferText(text, options) })
  }

  [Symbol.asyncIterator](): AsyncIterator<StreamChunk, undefined> {
    return readChunks(this.#answer, this.#mode)
  }

  get provider(): string {
    return this.#answer.provider
  }

  get model(): string {
    return this.#answer.model
  }

  get requestId(): string | undefined {
    return this.#answer.requestId
  }

  get partialText(): string {
    return this.#answer.textSoFar
  }

  get metrics(): StreamMetrics {
    return this.#answer.metrics
  }

  get text(): Promise<string> {
    return this.#derive(() => this.#answer.textSoFar)
  }

  get object(): Promise<unknown> {
    return this.#derive(() => readObject(this.#answer))
  }

  get partialObjectStream(): AsyncIterable<unknown> {
    return { [Symbol.asyncIterator]: () => readObjects(this.#answer) }
  }

  get partialObject(): unknown {
    return parsePartialJson(this.#answer.outputText, { fences: true }).value
  }

  get usage(): Promise<Usage | undefined> {
    this.#usage ??= this.#afterwards(() => this.#answer.usageSoFar)
    return this.#usage
  }

  get costUsd(): Promise<number | undefined> {
    return this.#afterwards(() => this.#answer.costSoFar)
  }

  get finishReason(): Promise<FinishReason> {
    this.#finishReason ??= this.#afterwards(() => this.#answer.finishReason)
    return this.#finishReason
  }

  getFullResponse(): Promise<string> {
    return this.text
  }

  collect(): Promise<CollectedResponse> {
    return this.#derive(() => collectWithObject(this.#answer))
  }

  abort(reason?: unknown): void {
    this.#answer.abort(reason)
  }

  pipe(response: ResponseLike | StreamingResponse, options?: PipeOptions): Promise<PipeReport> {
    return pipe(this.#answer, response, options)
  }

  toResponse(options?: WebPipeOptions): Response {
    return toResponse(this.#answer, options)
  }

  toReadableStream(options?: PipeOptions): ReadableStream<Uint8Array> {
    return toReadableStream(this.#answer, options)
  }

  pipeToWebSocket(socket: WebSocketLike, options?: WebSocketPipeOptions): Promise<void> {
    return sendToWebSocket(this.#answer, socket, options)
  }

  /** Something made of the whole answer once it is there. */
  #derive<T>(make: () => T | Promise<T>): Promise<T> {
    if (this.#whole === undefined) {
      try {
        this.#answer.claim(true)
      } catch (error) {
        return Promise.reject(error)
      }
      this.#whole = this.#ended(false)
    }
    const derived = this.#whole.then(make)
    // Who aborts knows, and what a reader was told need not be told twice: a promise that is not awaited any more must
    // not become an unhandled rejection then.
    this.#answer.whenEnded(() => {
      if (this.#answer.outcome?.kind === 'aborted' || this.#answer.witnessed) derived.catch(() => {})
    })
    return derived
  }

  /** Something known at the end. Often taken from the result before it is read, and not awaited where reading throws. */
  #afterwards<T>(make: () => T): Promise<T> {
    // Without `retain` it would take the answer away from a reader who comes a moment later.
    if (this.#answer.isUnclaimed) setImmediate(() => this.#answer.drain())
    else this.#answer.drain()
    const known = this.#ended(true).then(make)
    known.catch(() => {})
    return known
  }

  /** The answer's end. An abort is a failure to those who want the whole. */
  #ended(abortIsEnd: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#answer.whenEnded(() => {
        const outcome = this.#answer.outcome
        if (outcome?.kind === 'failed' || (outcome?.kind === 'aborted' && !abortIsEnd)) reject(outcome.error)
        else resolve()
      })
    })
  }
}

/** The {@link StreamResult} of an answer that nobody waits for. */
export function resultOf(answer: Answer, mode: ErrorMode): StreamResult {
  return new AnswerResult(answer, mode)
}

/** The {@link StreamHandle} of an answer. */
export class AnswerHandle implements StreamHandle {
  readonly #answer: Answer
  readonly #mode: ErrorMode
  #result: AnswerResult | undefined
  #looked = false

  constructor(answer: Answer, mode: ErrorMode) {
    this.#answer = answer
    this.#mode = mode
    answer.whenEnded(() => {
      const { outcome } = answer
      if (outcome?.kind !== 'failed' || answer.witnessed) return
      // An error that nobody looks at must not vanish. The failure may be immediate, so callers get one turn of the loop.
      setImmediate(() => {
        if (!this.#looked) void Promise.reject(outcome.error)
      })
    })
  }

  // biome-ignore lint/suspicious/noThenProperty: a handle can be awaited; its result can't.
  then<A = StreamResult, B = never>(
    onFulfilled?: ((result: StreamResult) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#looked = true
    const opened = new Promise<StreamResult>((resolve, reject) => {
      this.#answer.whenOpen(() => {
        const outcome = this.#answer.outcome
        if (!this.#answer.isOpen && (outcome?.kind === 'failed' || outcome?.kind === 'aborted')) reject(outcome.error)
        else resolve(this.#open())
      })
    })
    return opened.then(onFulfilled, onRejected)
  }

  [Symbol.asyncIterator](): AsyncIterator<StreamChunk, undefined> {
    this.#looked = true
    return readChunks(this.#answer, this.#mode)
  }

  abort(reason?: unknown): void {
    this.#answer.abort(reason)
  }

  pipe(response: ResponseLike | StreamingResponse, options?: PipeOptions): Promise<PipeReport> {
    this.#looked = true
    return pipe(this.#answer, response, options)
  }

  /** @internal A web response whose status is that of the answer, as soon as it is known. */
  respond(options?: WebPipeOptions): Promise<Response> {
    this.#looked = true
    return respond(this.#answer, options)
  }

  /** @internal Who was asked, known before anything came. */
  get asked(): { provider: string; model: string } {
    const { provider, model } = this.#answer
    return { provider, model }
  }

  #open(): AnswerResult {
    this.#result ??= new AnswerResult(this.#answer, this.#mode)
    return this.#result
  }
}

/** The whole of an answer that is over. */
export function collect(answer: Answer): CollectedResponse {
  const text = answer.textSoFar
  return {
    text,
    usage: answer.usageSoFar,
    costUsd: answer.costSoFar,
    finishReason: answer.finishReason,
    ...answer.gather(),
    provider: answer.provider,
    model: answer.model,
    partial: answer.outcome?.kind !== 'complete',
    metrics: answer.metrics,
    getText: () => text,
    getJson: <T>() => parseOutput(answer.outputText, answer.provider) as T,
  }
}

/**
 * The same with its object, where JSON was asked for. Of an answer that isn't what was asked for it is left out, and
 * `object` says why.
 */
async function collectWithObject(answer: Answer): Promise<CollectedResponse> {
  const collected = collect(answer)
  if (answer.output === undefined) return collected
  try {
    return { ...collected, object: await readObject(answer) }
  } catch {
    return collected
  }
}

/** The object that an answer's text stands for. */
export async function readObject(answer: Answer): Promise<unknown> {
  const { output, outputText, provider } = answer
  return output === undefined ? parseOutput(outputText, provider) : output.read(outputText, provider)
}
