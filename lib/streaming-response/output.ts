/**
 * The way of a {@link StreamingResponse}'s text to one client: headers, packets, compression, back-pressure, heartbeats.
 *
 * What always holds: text is written in order and at once; nothing is written after the end or after the client left, and
 * both free everything that waits, timers included. What is written within one tick leaves as one packet: Node corks the
 * socket of a response by itself. Corking the response as well gains nothing on Node 20, costs more than it saves from
 * Node 22 on, and there loses what is gathered where the app ends the response.
 */
import { Compressor, type Encoding, negotiateEncoding } from '../compression.js'

/**
 * What a {@link StreamingResponse} needs of a response: Express's, `node:http`'s, `node:http2`'s, or a mock's.
 *
 * @example
 * const response: ResponseLike = { setHeader() {}, write: (chunk: string) => process.stdout.write(chunk), end() {} }
 */
export interface ResponseLike {
  setHeader(name: string, value: string): unknown
  /** Given bytes where the answer is compressed. */
  write(chunk: string | Uint8Array): unknown
  end(chunk?: string): unknown
  writeHead?(status: number): unknown
  // biome-ignore lint/suspicious/noExplicitAny: the listeners of any emitter
  on?(event: string, listener: (...args: any[]) => void): unknown
}

/** What responses of Node have beyond {@link ResponseLike}; a mock need not. */
export interface NodeResponse extends ResponseLike {
  statusCode?: number
  headersSent?: boolean
  writableEnded?: boolean
  writableNeedDrain?: boolean
  destroyed?: boolean
  /** False where the client wants the connection closed. */
  shouldKeepAlive?: boolean
  stream?: { destroyed?: boolean }
  req?: { httpVersionMajor?: number; headers?: Record<string, unknown> }
  getHeader?(name: string): unknown
  removeHeader?(name: string): unknown
  /** Express's `compression()` adds it. */
  flush?(): unknown
  destroy?(error?: Error): unknown
}

export interface OutputOptions {
  /** Laid over the usual headers. */
  headers: Record<string, string>
  /** Whether to compress, if the client takes it. */
  compression: boolean
  /** Milliseconds of silence before a comment is sent; 0: never. */
  heartbeat: number
}

export class Output {
  readonly #response: NodeResponse
  readonly #closed: () => void
  #compressor: Compressor | undefined
  #flushing = false
  /** Whether the last write asked to wait for `drain`. */
  #refused = false
  #over = false
  #waiting: (() => void)[] = []
  #timer: ReturnType<typeof setInterval> | undefined
  #heartbeat = 0
  #idle = true

  /** `closed` is called once where the connection closes before {@link Output.end}. */
  constructor(response: ResponseLike, closed: () => void) {
    this.#response = response as NodeResponse
    this.#closed = closed
    // The request closes as soon as its body was read; only the response's `close` tells of the client.
    response.on?.('close', () => this.#close())
    response.on?.('drain', () => this.#drained())
  }

  /** A header of the request. */
  requestHeader(name: string): string | undefined {
    return requestHeader(this.#response, name)
  }

  /** Whether somebody has answered already. */
  get isSent(): boolean {
    return this.#response.headersSent === true || this.#response.writableEnded === true
  }

  /** Whether the app ended the response by itself. */
  get isEnded(): boolean {
    return this.#response.writableEnded === true
  }

  /** Whether the client left before anything was said. */
  get isGone(): boolean {
    return this.#response.destroyed === true || this.#response.stream?.destroyed === true
  }

  /** Whether bytes could as well be written around this object. */
  get isPlain(): boolean {
    return this.#compressor === undefined
  }

  /** Sends the headers of an event stream. */
  open({ headers, compression, heartbeat }: OutputOptions): void {
    const response = this.#response
    const usual: Record<string, string> = {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache, no-transform',
      // RFC 9113 §8.2.2: HTTP/2 knows no such header. A client that wants the connection closed may wait for just that.
      ...(response.req?.httpVersionMajor !== 2 && response.shouldKeepAlive !== false && { Connection: 'keep-alive' }),
      'X-Accel-Buffering': 'no',
    }
    for (const [name, value] of Object.entries(usual)) response.setHeader(name, value)
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    response.removeHeader?.('Content-Length')
    const encoding = compression ? agreeOnEncoding(response) : undefined
    if (encoding !== undefined) this.#compressor = this.#compress(encoding)
    this.#head(200)
    this.#heartbeat = heartbeat
    this.beat(true)
  }

  /** Answers with an error status and JSON, or with a status alone. */
  refuse(status: number, json?: string): void {
    if (json !== undefined) this.#response.setHeader('Content-Type', 'application/json')
    this.#over = true
    this.#head(status)
    this.#response.end(json)
  }

  #head(status: number): void {
    if (this.#response.writeHead === undefined) this.#response.statusCode = status
    else this.#response.writeHead(status)
  }

  write(text: string): void {
    if (this.#over) return
    if (this.isEnded) {
      this.#close()
      return
    }
    this.#idle = false
    if (this.#compressor === undefined) this.#put(text)
    else this.#compressor.write(text)
  }

  /** False: the response asks to wait. */
  #put(chunk: string | Uint8Array): boolean {
    const response = this.#response
    this.#refused = response.write(chunk) === false
    if (response.flush !== undefined && !this.#flushing) {
      this.#flushing = true
      process.nextTick(() => this.flush())
    }
    return !this.#refused
  }

  /** Sends what a middleware holds back, without waiting for the end of the tick. */
  flush(): void {
    if (!this.#flushing) return
    this.#flushing = false
    if (!this.isEnded) this.#response.flush?.()
  }

  /** Whether what was written waits for the client. */
  get needDrain(): boolean {
    if (this.#over) return false
    return this.#compressor?.needDrain ?? this.#refused
  }

  /** Resolves when more may be written, or when there is no use in waiting. */
  ready(): Promise<void> {
    if (!this.needDrain || this.#response.on === undefined) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #drained(): void {
    this.#refused = false
    this.#compressor?.resume()
    if (!this.needDrain) this.#wake()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  /** Switches the heartbeats off, while somebody else has them, and on again. */
  beat(on: boolean): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    if (!on || this.#heartbeat === 0 || this.#over) return
    this.#idle = true
    this.#timer = setInterval(() => {
      if (this.#idle && !this.needDrain && this.#response.writableNeedDrain !== true) this.write(': heartbeat\n\n')
      this.#idle = true
    }, this.#heartbeat)
    this.#timer.unref?.()
  }

  /** Ends the response, behind what was written. */
  end(): void {
    if (this.#over) return
    const ended = this.isEnded
    this.#free()
    if (ended) return
    if (this.#compressor === undefined) this.#response.end()
    else this.#compressor.end()
  }

  #compress(encoding: Encoding): Compressor {
    const compressor = new Compressor(encoding, {
      data: (bytes) => {
        if (this.#response.writableEnded !== true && !this.#put(bytes)) compressor.pause()
      },
      drain: () => this.#wake(),
      end: () => {
        if (this.#response.writableEnded !== true) this.#response.end()
      },
      // The client can't read on: it must learn that this is not the end.
      error: (error) => this.#response.destroy?.(error),
    })
    return compressor
  }

  #close(): void {
    this.#compressor?.destroy()
    if (this.#over) return
    this.#free()
    this.#closed()
  }

  #free(): void {
    this.#over = true
    clearInterval(this.#timer)
    this.#wake()
  }
}

function requestHeader(response: NodeResponse, name: string): string | undefined {
  const value = response.req?.headers?.[name]
  return typeof value === 'string' ? value : undefined
}

/** Agrees with the client on a coding, and says so in the head; `undefined` where it takes none of ours. */
export function agreeOnEncoding(response: NodeResponse): Encoding | undefined {
  const encoding = negotiateEncoding(requestHeader(response, 'accept-encoding'))
  response.setHeader('Vary', withAcceptEncoding(response.getHeader?.('Vary')))
  if (encoding !== undefined) response.setHeader('Content-Encoding', encoding)
  return encoding
}

/** The names of `Vary` with `Accept-Encoding` among them. */
function withAcceptEncoding(vary: unknown): string {
  const known = Array.isArray(vary) ? vary.join(', ') : typeof vary === 'string' ? vary : ''
  if (/(?:^|,)\s*(?:\*|accept-encoding)\s*(?:,|$)/i.test(known)) return known
  return known === '' ? 'Accept-Encoding' : `${known}, Accept-Encoding`
}
