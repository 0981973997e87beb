/**
 * An answer's text through `res.write`, compressed where that was agreed on.
 *
 * What always holds: text goes out in order, each call's at once; nothing is written behind the response's end; who
 * writes is told when to wait, and, if so, when to go on.
 */
import { Compressor, type Encoding } from '../compression.js'
import { http } from '../node.js'
import type { NodeResponse } from '../streaming-response/output.js'

/** What a response may have beyond that; a mock need not. */
export interface RelayResponse extends NodeResponse {
  writableFinished?: boolean
  chunkedEncoding?: boolean
  /** False where the client wants the connection closed. */
  shouldKeepAlive?: boolean
  req?: { method?: string; httpVersionMajor?: number; headers?: Record<string, unknown> }
  socket?: { writableNeedDrain?: boolean; destroySoon?(): void; resetAndDestroy?(): unknown } | null
  /** Of HTTP/2. */
  stream?: { destroyed?: boolean; writableFinished?: boolean; close?(code: number): void }
  flushHeaders?(): unknown
  // biome-ignore lint/suspicious/noExplicitAny: the listeners of any emitter
  removeListener?(event: string, listener: (...args: any[]) => void): unknown
}

export interface WriterListener {
  /** After a `write` that returned false: go on. */
  drained(): void
  /** The response has been ended, behind all that was written. */
  ended(): void
  failed(error: Error): void
}

export class Writer {
  readonly #response: RelayResponse
  readonly #listener: WriterListener
  readonly #compressor: Compressor | undefined
  #waits = false
  readonly #onDrain = () => this.#drained()

  constructor(response: RelayResponse, encoding: Encoding | undefined, listener: WriterListener) {
    this.#response = response
    this.#listener = listener
    if (encoding === undefined) return
    this.#compressor = new Compressor(encoding, {
      data: (bytes) => {
        if (!this.#put(bytes)) this.#compressor?.pause()
      },
      drain: () => listener.drained(),
      end: () => this.#end(),
      error: (error) => listener.failed(error),
    })
  }

  /** False: wait for `drained`. Throws what the response throws. */
  write(text: string): boolean {
    return this.#compressor?.write(text) ?? this.#put(text)
  }

  /** Ends the response. */
  end(): void {
    if (this.#compressor === undefined) this.#end()
    else this.#compressor.end()
  }

  /** Frees what it holds; the response is left as it is. */
  dispose(): void {
    this.#compressor?.destroy()
    this.#response.removeListener?.('drain', this.#onDrain)
  }

  #put(chunk: string | Uint8Array): boolean {
    const response = this.#response
    if (response.writableEnded === true || response.destroyed === true) return true
    const taken = response.write(chunk) !== false
    // `flush` of Node's own is an old name of `flushHeaders`, and says so each time.
    if (response.flush !== undefined && response.flush !== oldFlush()) response.flush()
    if (taken || response.on === undefined) return true
    if (!this.#waits) {
      this.#waits = true
      response.on('drain', this.#onDrain)
    }
    return false
  }

  #drained(): void {
    if (this.#compressor === undefined) this.#listener.drained()
    else this.#compressor.resume()
  }

  #end(): void {
    if (this.#response.writableEnded !== true) this.#response.end()
    this.#listener.ended()
  }
}

const oldFlush = () => (http().ServerResponse.prototype as unknown as RelayResponse).flush
