/**
 * An SDK's stream, read through a mapping. What always holds: the stream is asked for a chunk only when the last one's
 * events were taken; it is stopped once, when it isn't wanted any more or has failed; nothing thrown in it gets out.
 */
import { checkObject, describe, fail, kindOf } from '../check.js'
import type { ErrorEvent } from '../streaming-response/events.js'
import { failureOf, truncated } from './failure.js'
import type { AnswerEvent, Mapping } from './mapping.js'

/**
 * A stream of a provider's SDK, or the promise of one.
 *
 * @example
 * const source: AdapterSource<OpenAIChunk> = completion // of `openai.chat.completions.create({ …, stream: true })`
 */
export type AdapterSource<Chunk> = AsyncIterable<Chunk> | PromiseLike<AsyncIterable<Chunk>>

/**
 * Options of an adapter.
 *
 * @example
 * const options: AdapterOptions = { controller: new AbortController() }
 */
export interface AdapterOptions {
  /**
   * Aborted when the answer isn't wanted any more. For a client whose streams can't be closed: give its request this
   * controller's signal.
   */
  controller?: AbortController
}

export function checkAdapterOptions(options: AdapterOptions | undefined): AdapterOptions {
  if (options === undefined) return {}
  const { controller } = checkObject(options, 'options', ['controller']) as AdapterOptions
  const ok = controller === undefined || (typeof controller?.abort === 'function' && controller.signal !== undefined)
  return ok ? options : fail('controller', 'an AbortController', kindOf(controller))
}

export function checkSource<Chunk>(source: unknown, field: string, mistake: string): AdapterSource<Chunk> {
  const { then, [Symbol.asyncIterator]: iterate } = (source ?? {}) as PromiseLike<unknown> & AsyncIterable<Chunk>
  if (typeof then === 'function' || typeof iterate === 'function') return source as AdapterSource<Chunk>
  return fail(
    field,
    `a stream of a provider's SDK (an async iterable or the promise of one)${mistake}`,
    describe(source),
  )
}

/** How an answer ended: as the provider meant it, by a failure, or because nobody wanted it any more. */
export type Outcome = 'whole' | 'stopped' | ErrorEvent

export class Source<Chunk> {
  readonly #source: AdapterSource<Chunk>
  readonly #mapping: Mapping
  readonly #controller: AbortController | undefined
  #stream: AsyncIterable<Chunk> | undefined
  #iterator: AsyncIterator<Chunk> | undefined
  #outcome: Outcome | undefined
  #interrupt: (() => void) | undefined

  constructor(source: AdapterSource<Chunk>, mapping: Mapping, { controller }: AdapterOptions) {
    this.#source = source
    this.#mapping = mapping
    this.#controller = controller
    // A refusal that comes before anybody reads is told to whoever reads then.
    if ('then' in source) source.then(undefined, () => {})
    else this.#stream = source
  }

  /** `undefined` while more is to come. */
  get outcome(): Outcome | undefined {
    return this.#outcome
  }

  /** The events of the next chunk, or of the end; `outcome` says whether they are the last. */
  async next(): Promise<AnswerEvent[]> {
    if (this.#outcome !== undefined) return []
    const interrupted = new Promise<undefined>((resolve) => {
      this.#interrupt = () => resolve(undefined)
    })
    let step: IteratorResult<Chunk> | undefined
    try {
      step = await Promise.race([this.#step(), interrupted])
    } catch (error) {
      return this.#end(failureOf(error))
    }
    if (this.#isOver() || step === undefined) return []
    if (step.done !== true) {
      const events = this.#mapping.chunk(step.value)
      const at = events.findIndex(({ type }) => type === 'error')
      const failure = events[at]
      if (failure?.type !== 'error') return events
      return [...events.slice(0, at), ...this.#end(failure.error)]
    }
    this.#iterator = undefined
    return this.#end(this.#mapping.isCut(this.#fromSdk()) ? truncated() : 'whole')
  }

  /** Nobody wants the rest. */
  stop(): void {
    if (this.#outcome !== undefined) return
    this.#outcome = 'stopped'
    this.#interrupt?.()
    this.#close()
  }

  #isOver(): boolean {
    return this.#outcome !== undefined
  }

  #end(outcome: Outcome): AnswerEvent[] {
    if (this.#isOver()) return []
    this.#outcome = outcome
    const events = this.#mapping.end()
    if (outcome !== 'whole') this.#close()
    // What the mapping still has to complain about is less than what ended the answer.
    return events.filter(({ type }) => type !== 'error')
  }

  async #step(): Promise<IteratorResult<Chunk>> {
    if (this.#iterator === undefined) {
      this.#stream ??= checkSource<Chunk>(await this.#source, 'stream', '') as AsyncIterable<Chunk>
      // It came too late, and was closed.
      if (this.#isOver()) return { done: true, value: undefined }
      this.#iterator = this.#stream[Symbol.asyncIterator]()
    }
    return this.#iterator.next()
  }

  /** Streams of SDKs have the controller of their request. */
  #fromSdk(): boolean {
    return this.#sdkController() !== undefined
  }

  #sdkController(): AbortController | undefined {
    const { controller } = (this.#stream ?? {}) as { controller?: AbortController }
    return typeof controller?.abort === 'function' ? controller : undefined
  }

  #close(): void {
    this.#controller?.abort()
    if (this.#stream === undefined) {
      // Still being asked for: closed when it is there.
      Promise.resolve(this.#source).then(
        (stream) => {
          this.#stream = stream
          this.#closeStream()
        },
        () => {},
      )
    } else {
      this.#closeStream()
    }
  }

  #closeStream(): void {
    this.#sdkController()?.abort()
    // A generator that was never begun is its own iterator.
    const iterator = this.#iterator ?? (this.#stream as Partial<AsyncIterator<Chunk>> | null | undefined)
    this.#iterator = undefined
    if (typeof iterator?.return !== 'function') return
    // Not awaited: a generator that is waiting itself comes to it only later.
    try {
      Promise.resolve(iterator.return()).catch(() => {})
    } catch {
      // An iterator that fails to stop is none of the reader's business.
    }
  }
}
