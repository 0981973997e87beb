/** When the pieces of one answer came, as numbers. What always holds: constant memory, whatever comes. */

/**
 * How fast an answer came. Times are counted from the beginning of its reading.
 *
 * @example
 * import { collect, type PipelineMetrics, StreamClient } from 'millstream'
 *
 * const show = ({ timeToFirstToken, charsPerSecond }: PipelineMetrics) => console.log(timeToFirstToken, charsPerSecond)
 * show((await collect(new StreamClient({ defaultModel: 'gpt-4o-mini' }).stream('Hello'))).metrics)
 */
export interface PipelineMetrics {
  /** Pieces of text. */
  chunks: number
  /** Characters of text, in UTF-16 units. */
  totalChars: number
  durationSeconds: number
  /** Milliseconds, the same as `durationSeconds`. */
  duration: number
  chunksPerSecond: number
  charsPerSecond: number
  /** Milliseconds until the head of the answer was in. */
  timeToOpen?: number
  /** Milliseconds until the first text. */
  timeToFirstToken?: number
  /** Mean distance of two pieces of text, in milliseconds; given from the second on. */
  interTokenLatency?: number
}

export class MetricsRecorder {
  readonly #began = performance.now()
  #opened: number | undefined
  #first: number | undefined
  #last = 0
  #ended: number | undefined
  #chunks = 0
  #chars = 0

  get chunks(): number {
    return this.#chunks
  }

  open(): void {
    this.#opened ??= performance.now()
  }

  text(length: number): void {
    this.#chunks++
    this.#chars += length
    if (length === 0) return
    this.#last = performance.now()
    this.#first ??= this.#last
  }

  end(): void {
    this.#ended ??= performance.now()
  }

  read(): PipelineMetrics {
    const began = this.#began
    const duration = (this.#ended ?? performance.now()) - began
    const perSecond = (count: number): number => (duration > 0 ? (count * 1000) / duration : 0)
    return {
      chunks: this.#chunks,
      totalChars: this.#chars,
      durationSeconds: duration / 1000,
      duration,
      chunksPerSecond: perSecond(this.#chunks),
      charsPerSecond: perSecond(this.#chars),
      ...(this.#opened !== undefined && { timeToOpen: this.#opened - began }),
      ...(this.#first !== undefined && { timeToFirstToken: this.#first - began }),
      ...(this.#first !== undefined &&
        this.#chunks > 1 && { interTokenLatency: (this.#last - this.#first) / (this.#chunks - 1) }),
    }
  }
}
