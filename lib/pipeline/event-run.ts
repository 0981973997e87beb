/**
 * One stream on its way through a pipeline. What always holds: events are read when they are asked for, or ahead within a
 * bound; whatever goes wrong, in the source, a stage, a callback or a handler, is told once and closes the source; nobody
 * can take the end of a broken answer for its whole.
 */
import { StreamError, ValidationError } from '../errors.js'
import { Batches } from './batches.js'
import { type EventCallbacks, tellEvent } from './callbacks.js'
import type { StreamEvent } from './events.js'
import { EventReader, type SourceFacts, type StreamSource } from './reader.js'
import { isThenable, type ProcessorSettings, type Stage } from './stages.js'

/** How many processed events may wait for a reader in the background. */
const aheadLimit = 256

export interface RunSettings extends ProcessorSettings {
  callbacks: EventCallbacks
  errors: 'throw' | 'event'
  facts: SourceFacts
}

/** Processes the events of one source, one after the other. */
export class EventRun {
  readonly reader: EventReader
  readonly #settings: RunSettings
  readonly #stages: readonly Stage[]
  readonly #batches: Batches | undefined
  /** The text as it went through, where somebody wants it whole. */
  #text = ''
  #keepsText: boolean
  #failure: { thrown: unknown } | undefined
  /** What is thrown once the event that tells of it was given. */
  #owed: { thrown: unknown } | undefined
  #over = false
  /** The event asked for last: the next one waits for it. */
  #last: Promise<StreamEvent | undefined> | undefined
  readonly #ahead: Ahead | undefined

  constructor(source: StreamSource, settings: RunSettings) {
    this.#settings = settings
    this.reader = new EventReader(source, settings.facts)
    const scope = { metrics: () => this.reader.metrics.read() }
    this.#stages = settings.stages.map((make) => make(scope))
    this.#batches = settings.batches && new Batches(settings.batches)
    this.#keepsText = settings.background || settings.callbacks.onComplete !== undefined
    if (settings.background) {
      this.#ahead = new Ahead(() => this.#step())
      this.#ahead.run()
    }
  }

  get text(): string {
    return this.#text
  }

  /** What went wrong, whoever was told. */
  get failure(): { thrown: unknown } | undefined {
    return this.#failure ?? this.reader.failure
  }

  /** Has the text kept, from the beginning: to be called before anything is read. */
  keepText(): void {
    this.#keepsText = true
  }

  /** The next event, `undefined` after the last. Rejects with what went wrong. */
  next(): Promise<StreamEvent | undefined> {
    if (this.#ahead !== undefined) return this.#ahead.next()
    const next = () => this.#step()
    this.#last = this.#last === undefined ? next() : this.#last.then(next, next)
    return this.#last
  }

  /** Nobody wants more. Resolves when the handler of batches is done with what was processed before. */
  async leave(reason?: unknown): Promise<void> {
    this.reader.leave(reason)
    this.#over = true
    this.#ahead?.stop()
    await this.#batches?.flush()
  }

  /** Whoever reads gets an `aborted_error`. */
  abort(reason: unknown): void {
    this.reader.abort(reason)
  }

  async #step(): Promise<StreamEvent | undefined> {
    while (true) {
      if (this.#over) return this.#end()
      const event = await this.reader.next()
      // Left meanwhile.
      if (this.#over) return this.#end()
      if (event === undefined) {
        this.#over = true
        return this.#end()
      }
      const isLast = event.type === 'complete' || event.type === 'error'
      if (isLast) this.#over = true
      let given: StreamEvent | undefined
      try {
        given = await this.#process(event)
        if (given !== undefined) await this.#tell(given)
      } catch (thrown) {
        return this.#break(thrown)
      }
      if (event.type === 'error' && (this.#settings.errors === 'throw' || given === undefined)) {
        this.#owed = this.reader.failure
      }
      if (given !== undefined) return given
    }
  }

  /** What there is to throw is thrown once; what was gathered is handed on first. */
  async #end(): Promise<undefined> {
    const owed = this.#owed
    this.#owed = undefined
    try {
      await this.#batches?.flush()
    } catch (thrown) {
      if (owed === undefined) throw thrown
    }
    if (owed !== undefined) throw owed.thrown
    return undefined
  }

  /** Through the stages: the event that comes out, or nothing. Waits only for those that have to be waited for. */
  #process(event: StreamEvent): StreamEvent | undefined | PromiseLike<StreamEvent | undefined> {
    return through(this.#stages, 0, event)
  }

  #tell(event: StreamEvent): unknown {
    if (this.#keepsText && event.type === 'delta' && event.choice === undefined) this.#text += event.delta
    const told = tellEvent(this.#settings.callbacks, event, this.#text)
    if (isThenable(told)) return told.then(() => this.#batches?.add(event))
    return this.#batches?.add(event)
  }

  /** A stage, a callback or a handler threw: that is the end, told past the stages. */
  async #break(thrown: unknown): Promise<StreamEvent> {
    this.#over = true
    this.#failure = { thrown }
    this.reader.leave(thrown)
    const { provider } = this.reader.context
    // A stage that knows what is wrong with the answer has said so itself.
    const isOwn = StreamError.isInstance(thrown) && !(thrown instanceof ValidationError)
    const error = isOwn
      ? thrown
      : new StreamError('A stage, a callback or a batch handler of the pipeline threw', {
          type: 'unknown_error',
          code: 'PIPELINE_THREW',
          partialText: this.#text,
          cause: thrown,
          ...(provider !== '' && { provider }),
        })
    if (this.#settings.errors === 'throw') this.#owed = { thrown }
    const event = this.reader.errorEvent(error)
    try {
      await this.#settings.callbacks.onError?.(error, event as StreamEvent & { type: 'error' })
      await this.#batches?.add(event)
    } catch {
      // What broke first is what is told.
    }
    return event
  }
}

function through(
  stages: readonly Stage[],
  from: number,
  event: StreamEvent,
): StreamEvent | undefined | PromiseLike<StreamEvent | undefined> {
  let current = event
  for (let at = from; at < stages.length; at++) {
    const made = (stages[at] as Stage)(current)
    if (made === undefined) return undefined
    if (isThenable(made)) {
      return made.then((settled) =>
        settled === undefined ? undefined : through(stages, at + 1, settled as StreamEvent),
      )
    }
    current = made
  }
  return current
}

/** Steps taken before they are asked for, so many and no more. */
class Ahead {
  readonly #step: () => Promise<StreamEvent | undefined>
  readonly #ready: Promise<StreamEvent | undefined>[] = []
  readonly #waiting: ((step: Promise<StreamEvent | undefined>) => void)[] = []
  #wake: (() => void) | undefined
  #stopped = false
  #done = false

  constructor(step: () => Promise<StreamEvent | undefined>) {
    this.#step = step
  }

  async run(): Promise<void> {
    while (!this.#done) {
      if (this.#ready.length >= aheadLimit && !this.#stopped) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        continue
      }
      const step = this.#step()
      // Whoever asks for it is told.
      const event = await step.catch(() => undefined)
      if (event === undefined) this.#done = true
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#ready.push(step)
      else waiting(step)
    }
    for (const waiting of this.#waiting.splice(0)) waiting(Promise.resolve(undefined))
  }

  next(): Promise<StreamEvent | undefined> {
    const ready = this.#ready.shift()
    if (ready !== undefined) {
      this.#wake?.()
      return ready
    }
    if (this.#done) return Promise.resolve(undefined)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  stop(): void {
    this.#stopped = true
    this.#ready.length = 0
    this.#wake?.()
  }
}
