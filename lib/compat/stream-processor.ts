/**
 * {@link StreamProcessor}: pieces of an answer put together, with word of the progress. What always holds: nothing fed is
 * lost or counted twice; of what goes wrong `onError` is told once.
 */
import { checkFunction, checkInteger, checkMilliseconds, checkObject, describe, fail, kindOf } from '../check.js'
import { TimeoutError } from '../errors.js'

/** What a {@link StreamProcessor} is made of. */
export interface StreamProcessorOptions {
  /** Milliseconds from its construction during which chunks are taken. Default 0: no limit. */
  timeout?: number
  /** How many characters are gathered before `onProgress` is told. Default 0: it is told of each chunk. */
  chunkSize?: number
  /** Told of the text so far; awaited. */
  onProgress?(progress: { chunkCount: number; buffer: string }): unknown
  /** Told once, of the first thing that goes wrong. */
  onError?(error: unknown): unknown
}

/** What was put together. */
export interface ProcessedStream<C = { content: string }> {
  content: string
  /** What was fed, in order. */
  chunks: C[]
  totalChunks: number
  /** Milliseconds since the processor was made. */
  processingTime: number
  /** Characters per chunk. */
  averageChunkSize: number
}

/**
 * Puts the chunks of an answer together.
 *
 * @example
 * import { StreamProcessor } from 'millstream/compat/cerebras'
 *
 * const processor = new StreamProcessor({ onProgress: ({ chunkCount }) => console.log(chunkCount) })
 * await processor.processChunk({ content: 'Once upon a time' })
 * console.log(processor.getResult().content)
 */
export class StreamProcessor {
  readonly #timeout: number
  readonly #chunkSize: number
  readonly #onProgress: StreamProcessorOptions['onProgress']
  readonly #onError: StreamProcessorOptions['onError']
  readonly #began = performance.now()
  readonly #chunks: { content: string }[] = []
  #buffer = ''
  /** Characters `onProgress` wasn't told of. */
  #untold = 0
  #failed = false

  constructor(options: StreamProcessorOptions = {}) {
    checkObject(options, 'options', ['timeout', 'chunkSize', 'onProgress', 'onError'])
    this.#timeout = checkMilliseconds(options.timeout ?? 0, 'timeout')
    this.#chunkSize = checkInteger(options.chunkSize ?? 0, 'chunkSize', 0)
    this.#onProgress = options.onProgress && checkFunction(options.onProgress, 'onProgress').bind(options)
    this.#onError = options.onError && checkFunction(options.onError, 'onError').bind(options)
  }

  /** Takes a chunk. Rejects after the time limit (`timeout_error`), or with what `onProgress` threw. */
  async processChunk(chunk: { content: string }): Promise<{ success: true; buffer: string; chunkCount: number }> {
    if (typeof chunk?.content !== 'string') {
      fail(
        'chunk.content',
        'a string',
        typeof chunk === 'object' && chunk !== null ? kindOf(chunk.content) : describe(chunk),
      )
    }
    if (this.#timeout > 0 && performance.now() - this.#began > this.#timeout) {
      const message = `Timeout: a chunk came after the ${this.#timeout} ms that processing may take`
      await this.#fail(
        new TimeoutError(message, { code: 'PROCESSING_TIMEOUT', phase: 'total', partialText: this.#buffer }),
      )
    }
    this.#chunks.push(chunk)
    this.#buffer += chunk.content
    this.#untold += chunk.content.length
    if (this.#untold >= this.#chunkSize) await this.#tell()
    return { success: true, buffer: this.#buffer, chunkCount: this.#chunks.length }
  }

  /** Tells `onProgress` of what it wasn't told of, because it was less than `chunkSize`. */
  async flush(): Promise<void> {
    if (this.#untold > 0) await this.#tell()
  }

  /** What came so far. `onProgress` is told of the rest, as by {@link StreamProcessor.flush}. */
  getResult(): ProcessedStream {
    // What it throws goes to `onError`: there is nobody here to wait for it.
    this.flush().catch(() => {})
    const totalChunks = this.#chunks.length
    return {
      content: this.#buffer,
      chunks: [...this.#chunks],
      totalChunks,
      processingTime: Math.round(performance.now() - this.#began),
      averageChunkSize: totalChunks === 0 ? 0 : this.#buffer.length / totalChunks,
    }
  }

  async #tell(): Promise<void> {
    this.#untold = 0
    try {
      await this.#onProgress?.({ chunkCount: this.#chunks.length, buffer: this.#buffer })
    } catch (error) {
      await this.#fail(error)
    }
  }

  async #fail(error: unknown): Promise<never> {
    const first = !this.#failed
    this.#failed = true
    if (first) await this.#onError?.(error)
    throw error
  }
}
