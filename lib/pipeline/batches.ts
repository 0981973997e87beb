/**
 * Events handed on in groups. What always holds: each event is in one group, in order; one group is with the handler at a
 * time; what the handler throws is told once, to whoever adds or flushes next.
 */
import type { StreamEvent } from './events.js'

export interface BatchSettings {
  size: number
  /** Milliseconds after which a group that isn't full is handed on; 0: never before the end. */
  timeout: number
  handler(events: StreamEvent[]): unknown
}

export class Batches {
  readonly #settings: BatchSettings
  #gathered: StreamEvent[] = []
  #timer: NodeJS.Timeout | undefined
  /** The group that is with the handler, and those before it. */
  #running: Promise<void> = Promise.resolve()
  #busy = false
  #failure: { thrown: unknown } | undefined

  constructor(settings: BatchSettings) {
    this.#settings = settings
  }

  /** A promise where a group is full: whoever waits for it goes no faster than the handler. */
  add(event: StreamEvent): Promise<void> | undefined {
    if (this.#failure !== undefined) return this.#told()
    this.#gathered.push(event)
    if (this.#gathered.length >= this.#settings.size) return this.flush()
    this.#wait()
    return undefined
  }

  /** Hands on what is left, and waits until the handler is done with all. */
  flush(): Promise<void> {
    this.#hand()
    return this.#told()
  }

  #wait(): void {
    if (this.#settings.timeout === 0 || this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      // Groups must not pile up before a slow handler: what comes meanwhile makes this one larger, up to its size.
      if (this.#busy) this.#wait()
      else this.#hand()
    }, this.#settings.timeout)
  }

  #hand(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#gathered.length === 0) return
    const group = this.#gathered
    this.#gathered = []
    this.#busy = true
    const mine = this.#running.then(async () => {
      if (this.#failure === undefined) {
        try {
          await this.#settings.handler(group)
        } catch (thrown) {
          this.#failure = { thrown }
        }
      }
      if (this.#running === mine) this.#busy = false
    })
    this.#running = mine
  }

  async #told(): Promise<void> {
    await this.#running
    const failure = this.#failure
    if (failure === undefined) return
    this.#failure = undefined
    throw failure.thrown
  }
}
