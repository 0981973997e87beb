/**
 * The body of a web `Response` behind the face of a response of Node, so that one {@link StreamingResponse} serves both.
 * What always holds: what is written within one tick is one chunk; a reader that doesn't read is told by `write` and
 * `writableNeedDrain`; nothing is enqueued after the reader has left.
 */
import type { ResponseLike } from './output.js'

/**
 * What {@link StreamingResponse.web} needs of a request: a web `Request`, or what is like one.
 *
 * @example
 * const request: RequestLike = { headers: new Headers({ 'accept-encoding': 'gzip' }) }
 */
export interface RequestLike {
  headers: { get(name: string): string | null }
  signal?: AbortSignal
}

/** Bytes that may wait for the reader, as in a socket of Node. */
const highWaterMark = 16 * 1024

/** The headers of a request that matter to a stream. */
const heard = ['accept-encoding', 'last-event-id'] as const

export class WebBody implements ResponseLike {
  readonly req: { headers: Record<string, string> }
  readonly #headers = new Headers()
  readonly #stream: ReadableStream<Uint8Array>
  readonly #listeners: Record<string, (() => void)[]> = {}
  readonly #requestSignal: AbortSignal | undefined
  readonly #onAbort = (): void => this.#close()
  // Set by the stream, which calls `start` within its constructor.
  #controller!: ReadableStreamDefaultController<Uint8Array>
  #gathered: (string | Uint8Array)[] = []
  #gatheredBytes = 0
  #needDrain = false
  #status: number | undefined
  #ended = false
  #closed = false
  /** What the reader is told behind what is queued. */
  #failure: Error | undefined

  constructor(request?: RequestLike) {
    this.req = { headers: {} }
    for (const name of heard) {
      const value = request?.headers.get(name)
      if (typeof value === 'string') this.req.headers[name] = value
    }
    this.#stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => this.#pulled(),
        cancel: () => this.#close(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark }),
    )
    this.#requestSignal = request?.signal
    this.#requestSignal?.addEventListener('abort', this.#onAbort, { once: true })
    if (this.#requestSignal?.aborted === true) this.#close()
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.#stream
  }

  /** The response of which this is the body, once its head is decided. */
  toResponse(): Response {
    const status = this.#status ?? 200
    // These have none, and a reader of one would wait.
    const body = status === 204 ? null : this.#stream
    return new Response(body, { status, headers: this.#headers })
  }

  on(event: string, listener: () => void): this {
    this.#listeners[event] = [...(this.#listeners[event] ?? []), listener]
    return this
  }

  getHeader(name: string): string | undefined {
    return this.#headers.get(name) ?? undefined
  }

  setHeader(name: string, value: string): void {
    // The server that sends the response on decides about its connection.
    if (name.toLowerCase() !== 'connection') this.#headers.set(name, value)
  }

  removeHeader(name: string): void {
    this.#headers.delete(name)
  }

  writeHead(status: number): void {
    this.#status = status
  }

  get headersSent(): boolean {
    return this.#status !== undefined
  }

  get writableEnded(): boolean {
    return this.#ended
  }

  get destroyed(): boolean {
    return this.#closed && !this.#ended
  }

  get writableNeedDrain(): boolean {
    return this.#needDrain
  }

  write(chunk: string | Uint8Array): boolean {
    if (this.#ended || this.#closed) return false
    this.#gathered.push(chunk)
    // A UTF-16 unit is up to three bytes; what is gathered within a tick need not be measured closely.
    this.#gatheredBytes += chunk.length
    if (this.#gathered.length === 1) queueMicrotask(() => this.#enqueue())
    this.#needDrain = (this.#controller.desiredSize ?? 0) <= this.#gatheredBytes
    return !this.#needDrain
  }

  end(chunk?: string): void {
    if (this.#ended || this.#closed) return
    if (chunk !== undefined) this.write(chunk)
    this.#enqueue()
    this.#ended = true
    this.#controller.close()
    this.#finish()
  }

  /** The reader gets what was written, then the error. */
  destroy(error?: Error): void {
    if (this.#ended || this.#closed) return
    this.#enqueue()
    this.#failure = error ?? new Error('The response was destroyed')
    this.#finish()
    if (this.#controller.desiredSize === highWaterMark) this.#controller.error(this.#failure)
  }

  #enqueue(): void {
    const gathered = this.#gathered
    if (gathered.length === 0 || this.#closed) return
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#controller.enqueue(joined(gathered))
  }

  #pulled(): void {
    if (this.#failure !== undefined) {
      // Until the queue is empty, the error would take the place of what is in it.
      if (this.#controller.desiredSize === highWaterMark) this.#controller.error(this.#failure)
      return
    }
    if (!this.#needDrain || this.#gatheredBytes > 0) return
    this.#needDrain = false
    for (const listener of this.#listeners.drain ?? []) listener()
  }

  /** The reader or the request is gone. */
  #close(): void {
    if (this.#ended || this.#closed) return
    this.#finish()
    // Where the request was aborted, the server may still be reading.
    try {
      this.#controller.close()
    } catch {
      // Cancelled or errored: closed already.
    }
  }

  #finish(): void {
    this.#closed = true
    this.#gathered = []
    this.#requestSignal?.removeEventListener('abort', this.#onAbort)
    for (const listener of this.#listeners.close ?? []) listener()
  }
}

const encoder = new TextEncoder()

function joined(chunks: (string | Uint8Array)[]): Uint8Array {
  if (chunks.every((chunk) => typeof chunk === 'string')) return encoder.encode(chunks.join(''))
  if (chunks.length === 1) return chunks[0] as Uint8Array
  const parts = chunks.map((chunk) => (typeof chunk === 'string' ? encoder.encode(chunk) : chunk))
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
