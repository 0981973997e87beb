/**
 * The chunks of an answer, read as typed events. What always holds: one terminal event, nothing after it; at most one
 * usage event, right before it; leaving closes the source, even where it is silent.
 */
import { classifyError } from '../classify.js'
import { abortedError, StreamError } from '../errors.js'
import type { AnswerHandle, StreamHandle, StreamResult } from '../stream-result.js'
import type { FinishReason, StreamChunk, Usage } from '../types.js'
import type { EventContext, StreamEvent } from './events.js'
import { MetricsRecorder } from './metrics.js'

/**
 * What can be read as events: an answer, anything that gives chunks or text, or the events of another pipeline.
 *
 * @example
 * import { collect, type StreamSource } from 'millstream'
 *
 * async function* canned(): AsyncGenerator<string> {
 *   yield 'It follows '
 *   yield 'the valley.'
 * }
 * const source: StreamSource = canned()
 * console.log((await collect(source)).text)
 */
export type StreamSource =
  | StreamHandle
  | StreamResult
  | AsyncIterable<StreamChunk>
  | AsyncIterable<StreamEvent>
  | AsyncIterable<string>

/** What a reader is told about its source, where that does not say it itself. */
export interface SourceFacts {
  provider: string
  model: string
  json: boolean
}

type Item = StreamChunk | StreamEvent | string

export class EventReader {
  readonly metrics = new MetricsRecorder()
  readonly #source: StreamSource
  readonly #facts: SourceFacts
  readonly #madeId = crypto.randomUUID()
  readonly #queue: StreamEvent[] = []
  #iterator: AsyncIterator<Item> | undefined
  /** What names the provider and the model, where the source does. */
  #answer: Partial<Pick<StreamResult, 'provider' | 'model' | 'requestId'>> = {}
  #begun = false
  /** Looked at, and not yet taken. */
  #first: IteratorResult<Item> | undefined
  #over = false
  #wake: (() => void) | undefined
  #usage: Usage | undefined
  #finishReason: FinishReason | undefined
  #failure: { thrown: unknown } | undefined

  constructor(source: StreamSource, facts: SourceFacts) {
    this.#source = source
    const { asked } = source as Partial<AnswerHandle>
    this.#facts = asked === undefined ? facts : { ...facts, ...asked }
  }

  get usage(): Usage | undefined {
    return this.#usage
  }

  /** `undefined` where the answer did not come to its end. */
  get finishReason(): FinishReason | undefined {
    return this.#finishReason
  }

  /** What the source threw. */
  get failure(): { thrown: unknown } | undefined {
    return this.#failure
  }

  get context(): Pick<EventContext, 'provider' | 'model' | 'requestId'> {
    const { provider, model, requestId } = this.#common()
    return { provider, model, requestId }
  }

  /** The next event; `undefined` after the last. One at a time. Never rejects: a failure is an event. */
  async next(): Promise<StreamEvent | undefined> {
    while (true) {
      const event = this.#queue.shift()
      if (event !== undefined) return event
      if (this.#over) return undefined
      try {
        if (this.#begun) {
          const step = this.#first ?? (await this.#unlessLeft((this.#iterator as AsyncIterator<Item>).next()))
          this.#first = undefined
          if (!this.#over && step !== undefined) this.#take(step)
        } else {
          await this.#begin()
        }
      } catch (thrown) {
        this.#fail(thrown)
      }
    }
  }

  /** Nobody wants more: closes the source at once. Whoever waits for an event gets none. */
  leave(reason?: unknown): void {
    if (!this.#over) this.#end(reason)
  }

  /** Somebody wants nobody to have more: closes the source at once. Whoever reads is told. */
  abort(reason: unknown): void {
    const { provider } = this.context
    this.#fail(abortedError('The stream was aborted', { partialText: '', provider, cause: reason }))
  }

  /** The error event for something thrown here or there. */
  errorEvent(error: StreamError): StreamEvent {
    const isRetryable = error.retryable || error.recoverable
    return { ...this.#common(), type: 'error', error, errorType: error.type, isRetryable }
  }

  async #begin(): Promise<void> {
    this.#begun = true
    const source = this.#source as PromiseLike<StreamResult> & AsyncIterable<Item>
    const opened = typeof source.then === 'function' ? await this.#unlessLeft(source) : source
    if (this.#over || opened === undefined) return
    this.#iterator = opened[Symbol.asyncIterator]() as AsyncIterator<Item>
    if ('provider' in opened) {
      this.#answer = opened
      this.#start()
      return
    }
    // What it gives says what it is: events of another pipeline begin with a start of their own.
    const first = await this.#unlessLeft(this.#iterator.next())
    if (this.#over || first === undefined) return
    if (first.done !== true && isEvent(first.value)) this.#adopt(first.value)
    else this.#start()
    this.#first = first
  }

  #start(): void {
    this.metrics.open()
    this.#give({ ...this.#common(), type: 'start' })
  }

  /** The events of another pipeline say whose they are. */
  #adopt({ provider, model, requestId, type }: StreamEvent): void {
    this.#answer = { provider, model, requestId }
    // Whatever it filters out, this stream has a beginning.
    if (type !== 'start' && type !== 'error') this.#start()
    else this.metrics.open()
  }

  #take(step: IteratorResult<Item>): void {
    if (step.done === true) this.#complete('unknown')
    else if (typeof step.value === 'string') this.#text(step.value)
    else if (isEvent(step.value)) this.#pass(step.value)
    else this.#chunk(step.value)
  }

  #chunk(chunk: StreamChunk): void {
    switch (chunk.type) {
      case 'text':
        this.#text(chunk.content, chunk.choice)
        return
      case 'usage':
        this.#usage = mergeUsage(this.#usage, chunk.usage)
        return
      case 'finish':
        if (chunk.usage !== undefined) this.#usage = chunk.usage
        this.#complete(chunk.finishReason)
        return
      case 'error':
        this.#fail(chunk.cause)
        return
      case 'metadata':
        this.#give({ ...this.#common(), type: 'metadata', metadata: { ...chunk.metadata } })
        return
      case 'reasoning':
      case 'tool-call-delta':
      case 'tool-call':
      case 'tool-result': {
        const { content: _, ...fields } = chunk
        this.#give({ ...this.#common(), ...fields })
        return
      }
      default:
        this.#unnamed(chunk)
    }
  }

  /** A chunk without an event of its own is no less the answer's. */
  #unnamed(chunk: unknown): void {
    const { type, content: _, ...fields } = (chunk ?? {}) as { type?: unknown; content?: unknown }
    if (typeof type === 'string') {
      this.#give({ ...this.#common(), type: 'metadata', metadata: { [type]: fields } })
    } else {
      throw new StreamError('Expected the stream to give chunks, events or text, got something else', {
        type: 'protocol_error',
        code: 'INVALID_CHUNK',
      })
    }
  }

  /** An event of another pipeline. */
  #pass(event: StreamEvent): void {
    switch (event.type) {
      case 'delta':
        this.metrics.text(event.delta.length)
        break
      case 'usage':
        this.#usage = event.usage
        return
      case 'complete':
        this.#usage ??= event.finalUsage
        this.#complete(event.finishReason, event.metadata)
        return
      case 'error':
        this.#fail(event.error)
        return
    }
    this.#give(event)
  }

  #text(delta: string, choice?: number): void {
    const chunkIndex = this.metrics.chunks
    this.metrics.text(delta.length)
    const event: StreamEvent = { ...this.#common(), type: 'delta', delta, chunkIndex, isJson: this.#facts.json }
    if (choice !== undefined) event.choice = choice
    this.#give(event)
  }

  #complete(finishReason: FinishReason, metadata: Record<string, unknown> = {}): void {
    this.#end()
    this.#finishReason = finishReason
    this.#giveUsage()
    const metrics = this.metrics.read()
    const counts = { totalChunks: metrics.chunks, durationMs: metrics.duration, finalUsage: this.#usage, metrics }
    this.#give({ ...this.#common(), metadata, type: 'complete', finishReason, ...counts })
  }

  #fail(thrown: unknown): void {
    if (this.#over) return
    this.#end()
    this.#failure = { thrown }
    this.#giveUsage()
    this.#give(this.errorEvent(asStreamError(thrown)))
  }

  /** Nothing is read after the last event: what is left of the source is closed. */
  #end(reason?: unknown): void {
    this.#over = true
    this.metrics.end()
    try {
      if (this.#iterator === undefined) (this.#source as Partial<StreamHandle>).abort?.(reason)
      // Not awaited: a generator that is waiting itself comes to it only later.
      else Promise.resolve(this.#iterator.return?.()).catch(() => {})
    } catch {
      // A source that fails to stop is none of the reader's business.
    }
    this.#wake?.()
  }

  /** What the source gives, or `undefined` as soon as nobody waits for it any more. */
  #unlessLeft<T>(given: PromiseLike<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.#wake = () => resolve(undefined)
      given.then(resolve, reject)
    })
  }

  #giveUsage(): void {
    const usage = this.#usage as (Usage & { isEstimated?: boolean; confidence?: number }) | undefined
    if (usage === undefined) return
    const isEstimated = usage.isEstimated === true
    const confidence = usage.confidence ?? (isEstimated ? 0.5 : 1)
    this.#give({ ...this.#common(), type: 'usage', usage, isEstimated, confidence })
  }

  #give(event: StreamEvent): void {
    this.#queue.push(event)
  }

  #common(): EventContext {
    const { provider, model, requestId } = this.#answer
    return {
      provider: provider || this.#facts.provider,
      model: model || this.#facts.model,
      requestId: requestId || this.#madeId,
      timestamp: Date.now(),
      metadata: {},
    }
  }
}

/** Chunks have neither. */
function isEvent(item: Item): item is StreamEvent {
  const { timestamp, requestId } = (item ?? {}) as Partial<EventContext>
  return typeof timestamp === 'number' && typeof requestId === 'string'
}

/** Reports complete each other; they are never added up. */
function mergeUsage(before: Usage | undefined, now: Usage): Usage {
  if (before === undefined) return now
  const promptTokens = now.promptTokens || before.promptTokens
  const completionTokens = now.completionTokens || before.completionTokens
  const totalTokens = Math.max(now.totalTokens, promptTokens + completionTokens)
  return { ...before, ...now, promptTokens, completionTokens, totalTokens }
}

export function asStreamError(thrown: unknown): StreamError {
  if (StreamError.isInstance(thrown)) return thrown
  const { type, message, suggestion, recoverable } = classifyError(thrown)
  return new StreamError(message, { type, code: 'SOURCE_FAILED', suggestion, recoverable, cause: thrown })
}
