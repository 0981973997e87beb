/**
 * So many things at a time, so many more in a queue, in order. What always holds: a slot is held by one taker until it is
 * given back, and goes to the one who has waited longest.
 */
import { abortedError, StreamError, TimeoutError } from '../errors.js'

export class Slots {
  readonly #limit: number
  readonly #queueSize: number
  #taken = 0
  #queue: (() => void)[] = []

  constructor(limit: number, queueSize: number) {
    this.#limit = limit
    this.#queueSize = queueSize
  }

  /**
   * Waits for a slot and takes it. Rejects at once, with code `QUEUE_FULL`, where too many wait; with code
   * `QUEUE_TIMEOUT` after `timeout` milliseconds (0: never); and where `signal` aborts.
   */
  take(timeout: number, signal: AbortSignal | undefined): Promise<void> {
    const aborted = () => abortedError('The stream was aborted', { partialText: '', cause: signal?.reason })
    if (signal?.aborted) return Promise.reject(aborted())
    if (this.#taken < this.#limit) {
      this.#taken++
      return Promise.resolve()
    }
    if (this.#queue.length >= this.#queueSize) {
      const message = `Too many requests: ${this.#taken} are running and ${this.#queue.length} are waiting`
      return Promise.reject(new StreamError(message, { type: 'queue_full_error', code: 'QUEUE_FULL' }))
    }
    return new Promise((resolve, reject) => {
      const settle = (error?: StreamError) => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        if (error === undefined) return resolve()
        this.#queue = this.#queue.filter((other) => other !== mine)
        reject(error)
      }
      const mine = () => settle()
      const onAbort = () => settle(aborted())
      const late = () => {
        const message = `The request waited ${timeout} ms for its turn`
        settle(new TimeoutError(message, { code: 'QUEUE_TIMEOUT', phase: 'total' }))
      }
      const timer = timeout > 0 ? setTimeout(late, timeout) : undefined
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#queue.push(mine)
    })
  }

  /** Gives a slot back. */
  release(): void {
    const next = this.#queue.shift()
    if (next === undefined) this.#taken--
    else next()
  }
}
