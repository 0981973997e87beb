/**
 * Pieces of text gathered into larger ones, between events. What always holds: the order of all that is said; pieces are
 * only joined, never cut; what was gathered is given before a failure is told.
 */
import type { StreamEvent } from '../../pipeline.js'

/** Events whose pieces of text have at least `size` characters, but for the last before another event. */
export function gathered(events: AsyncIterable<StreamEvent>, size: number): AsyncIterable<StreamEvent> {
  if (size === 0) return events
  return { [Symbol.asyncIterator]: () => new Gatherer(events[Symbol.asyncIterator](), size) }
}

class Gatherer implements AsyncIterator<StreamEvent> {
  readonly #source: AsyncIterator<StreamEvent>
  readonly #size: number
  #index = 0
  /** What comes after the piece that was given last. */
  #next: StreamEvent | undefined

  constructor(source: AsyncIterator<StreamEvent>, size: number) {
    this.#source = source
    this.#size = size
  }

  async next(): Promise<IteratorResult<StreamEvent>> {
    const next = this.#next
    if (next !== undefined) {
      this.#next = undefined
      return { done: false, value: next }
    }
    let piece: (StreamEvent & { type: 'delta' }) | undefined
    while (true) {
      const step = await this.#source.next()
      const event = step.done === true ? undefined : step.value
      if (event?.type === 'delta' && event.choice === undefined) {
        if (piece === undefined) piece = { ...event, chunkIndex: this.#index++ }
        else piece.delta += event.delta
        if (piece.delta.length >= this.#size) return { done: false, value: piece }
        continue
      }
      if (piece === undefined) return step
      this.#next = event
      return { done: false, value: piece }
    }
  }

  async return(): Promise<IteratorResult<StreamEvent>> {
    this.#next = undefined
    await this.#source.return?.()
    return { done: true, value: undefined }
  }
}
