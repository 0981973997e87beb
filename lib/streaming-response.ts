/**
 * {@link StreamingResponse}: one answer to one client, as server-sent events that `AIStream` reads. Frames are formatted
 * here and written at once; Node gathers those of one tick into one packet.
 */
import {
  checkBoolean,
  checkFunction,
  checkHeaders,
  checkMilliseconds,
  checkObject,
  checkString,
  describe,
  fail,
} from './check.js'
import { StreamError, ValidationError } from './errors.js'
import { toJson } from './generation.js'
import type { Usage } from './types.js'

/**
 * The names of the events a {@link StreamingResponse} sends.
 *
 * @example
 * new EventSource('/events').addEventListener(SSEEventType.TOKEN, (event) => console.log(event.data))
 */
export const SSEEventType = {
  START: 'start',
  TOKEN: 'token',
  USAGE: 'usage',
  ERROR: 'error',
  METADATA: 'metadata',
  DONE: 'done',
} as const

/** One of the values of `SSEEventType`. */
export type SSEEventType = (typeof SSEEventType)[keyof typeof SSEEventType]

/**
 * What a {@link StreamingResponse} needs of a response: Express's, `node:http`'s, `node:http2`'s, or a mock's.
 *
 * @example
 * const response: ResponseLike = { setHeader() {}, write: (chunk: string) => process.stdout.write(chunk), end() {} }
 */
export interface ResponseLike {
  setHeader(name: string, value: string): unknown
  write(chunk: string): unknown
  end(chunk?: string): unknown
  writeHead?(status: number): unknown
  // biome-ignore lint/suspicious/noExplicitAny: the listeners of any emitter
  on?(event: string, listener: (...args: any[]) => void): unknown
}

/**
 * Token counts for the client. Further fields are sent along.
 *
 * @example
 * const usage: UsageEvent = { promptTokens: 10, completionTokens: 20, totalTokens: 30, cached: true }
 */
export interface UsageEvent {
  promptTokens: number
  completionTokens: number
  totalTokens: number
  [field: string]: unknown
}

/**
 * An error for the client. Further fields are sent along.
 *
 * @example
 * const error: ErrorEvent = { error: 'Rate limit exceeded', code: 'RATE_LIMIT' }
 */
export interface ErrorEvent {
  error: string
  code?: string
  details?: unknown
  [field: string]: unknown
}

/**
 * Anything the client should know: an object that can be written as JSON.
 *
 * @example
 * const metadata: MetadataEvent = { model: 'gpt-4', temperature: 0.7 }
 */
export type MetadataEvent = Record<string, unknown>

/**
 * Options of a {@link StreamingResponse}.
 *
 * @example
 * const options: StreamingResponseOptions = { enableHeartbeat: true, heartbeatInterval: 15_000 }
 */
export interface StreamingResponseOptions {
  /** Whether a comment is sent where nothing else was for `heartbeatInterval`. Default false. */
  enableHeartbeat?: boolean
  /** In milliseconds. Default 30000. */
  heartbeatInterval?: number
  /** Sent with the four usual ones, which they may replace. */
  customHeaders?: Record<string, string>
  /** Whether sending to a client that has left, or after the end, throws. Default false: it does nothing. */
  strict?: boolean
  /** Called once where the client leaves before the end. */
  onClose?: () => void
}

const optionKeys = [
  'enableHeartbeat',
  'heartbeatInterval',
  'customHeaders',
  'strict',
  'onClose',
] as const satisfies readonly (keyof StreamingResponseOptions)[]

/** What responses of Node have beyond {@link ResponseLike}; a mock need not. */
interface NodeResponse {
  statusCode?: number
  headersSent?: boolean
  writableEnded?: boolean
  writableNeedDrain?: boolean
  destroyed?: boolean
  flushHeaders?(): void
  req?: { httpVersionMajor?: number; headers?: Record<string, unknown> }
}

/**
 * Streams an answer to a client.
 *
 * The events carry ids, so that frames can be told apart; an answer is not kept, though. A client that reconnects with
 * `Last-Event-ID` is therefore told by status 204 that there is nothing to go on with, and `isStreamActive()` is false.
 *
 * @example
 * app.post('/api/chat', async (req, res) => {
 *   const response = new StreamingResponse(res)
 *   response.start()
 *   for (const word of ['Hello', ' ', 'world']) response.sendToken(word)
 *   response.end()
 * })
 */
export class StreamingResponse {
  readonly #response: ResponseLike & NodeResponse
  readonly #headers: Record<string, string>
  readonly #heartbeat: number | undefined
  readonly #strict: boolean
  readonly #onClose: (() => void) | undefined
  readonly #left = new AbortController()
  #state: 'new' | 'active' | 'ended' | 'left' = 'new'
  #sent = 0
  #idle = true
  #timer: ReturnType<typeof setInterval> | undefined

  /** @throws ValidationError where an option is not what it must be. */
  constructor(response: ResponseLike, options?: StreamingResponseOptions) {
    const { setHeader, write, end } = (response ?? {}) as Partial<ResponseLike>
    if (typeof setHeader !== 'function' || typeof write !== 'function' || typeof end !== 'function') {
      fail('response', 'a response with `setHeader`, `write` and `end`', describe(response))
    }
    const given = options === undefined ? {} : (checkObject(options, 'options', optionKeys) as StreamingResponseOptions)
    this.#response = response as ResponseLike & NodeResponse
    this.#headers = given.customHeaders === undefined ? {} : checkHeaders(given.customHeaders, 'customHeaders')
    const interval =
      given.heartbeatInterval === undefined ? 30_000 : checkMilliseconds(given.heartbeatInterval, 'heartbeatInterval')
    if (interval === 0) fail('heartbeatInterval', 'a positive number of milliseconds', '0')
    const beats = given.enableHeartbeat !== undefined && checkBoolean(given.enableHeartbeat, 'enableHeartbeat')
    this.#heartbeat = beats ? interval : undefined
    this.#strict = given.strict !== undefined && checkBoolean(given.strict, 'strict')
    this.#onClose = given.onClose === undefined ? undefined : checkFunction(given.onClose, 'onClose')
  }

  /**
   * Aborts when the client leaves before the end, so that the producer can stop.
   *
   * @example
   * const answer = await fetch(url, { signal: response.signal })
   */
  get signal(): AbortSignal {
    return this.#left.signal
  }

  /**
   * Sends the headers and the `start` event.
   *
   * @example
   * response.start().sendToken('Hello').end()
   */
  start(): this {
    if (this.#state !== 'new') throw misuse('Stream already started', 'ALREADY_STARTED')
    const response = this.#response
    response.on?.('close', () => this.#closed())
    if (response.destroyed === true) {
      this.#closed()
      return this
    }
    if (response.req?.headers?.['last-event-id'] !== undefined) {
      response.statusCode = 204
      response.end()
      this.#leave()
      return this
    }
    const usual: Record<string, string> = {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache, no-transform',
      // RFC 9113 §8.2.2: HTTP/2 knows no such header.
      ...(response.req?.httpVersionMajor === 2 ? undefined : { Connection: 'keep-alive' }),
      'X-Accel-Buffering': 'no',
    }
    for (const [name, value] of Object.entries(usual)) response.setHeader(name, value)
    for (const [name, value] of Object.entries(this.#headers)) response.setHeader(name, value)
    response.writeHead?.(200)
    this.#state = 'active'
    this.#frame(SSEEventType.START, JSON.stringify({ timestamp: new Date().toISOString() }))
    this.#idle = true
    if (this.#heartbeat !== undefined) {
      this.#timer = setInterval(() => this.#beat(), this.#heartbeat)
      this.#timer.unref?.()
    }
    return this
  }

  /**
   * Sends a piece of the answer's text.
   *
   * @example
   * response.sendToken('Hello').sendToken(' world', 1)
   */
  sendToken(token: string, index?: number): this {
    checkString(token, 'token')
    if (index !== undefined && !Number.isFinite(index)) fail('index', 'a finite number', describe(index))
    const text = JSON.stringify(token)
    return this.#send(
      SSEEventType.TOKEN,
      index === undefined ? `{"token":${text}}` : `{"token":${text},"index":${index}}`,
    )
  }

  /**
   * Sends token counts.
   *
   * @example
   * response.sendUsage({ promptTokens: 10, completionTokens: 20, totalTokens: 30 })
   */
  sendUsage(usage: UsageEvent | Usage): this {
    return this.#send(SSEEventType.USAGE, toJson(checkRecord(usage, 'usage'), 'usage'))
  }

  /**
   * Sends an error and leaves the stream open; see {@link StreamingResponse.abort}.
   *
   * @example
   * response.sendError({ error: 'Rate limit exceeded', code: 'RATE_LIMIT' })
   */
  sendError(error: string | ErrorEvent): this {
    return this.#send(SSEEventType.ERROR, errorJson(error))
  }

  /**
   * Sends anything else the client should know.
   *
   * @example
   * response.sendMetadata({ model: 'gpt-4', temperature: 0.7 })
   */
  sendMetadata(metadata: MetadataEvent): this {
    return this.#send(SSEEventType.METADATA, toJson(checkRecord(metadata, 'metadata'), 'metadata'))
  }

  /**
   * Sends the `done` event and ends the response. Again, or before the start: does nothing.
   *
   * @example
   * response.end()
   */
  end(): void {
    if (this.#state !== 'active') return
    this.#finish({ timestamp: new Date().toISOString() })
  }

  /**
   * Sends an error, then `done` with `aborted: true`, and ends the response. Before the start nothing was promised yet:
   * then it answers with status 500 and the error as JSON. Again: does nothing.
   *
   * @example
   * response.abort('Internal server error')
   */
  abort(error: string | ErrorEvent): void {
    if (this.#state === 'ended' || this.#state === 'left') return
    const json = errorJson(error)
    if (this.#state === 'new') {
      this.#state = 'ended'
      this.#response.setHeader('Content-Type', 'application/json')
      if (this.#response.writeHead === undefined) this.#response.statusCode = 500
      else this.#response.writeHead(500)
      this.#response.end(json)
      return
    }
    this.#frame(SSEEventType.ERROR, json)
    this.#finish({ timestamp: new Date().toISOString(), aborted: true })
  }

  /**
   * Whether the stream was started, has not ended, and the client is still there.
   *
   * @example
   * while (response.isStreamActive()) response.sendToken(await nextToken())
   */
  isStreamActive(): boolean {
    return this.#state === 'active'
  }

  /**
   * How many events were sent, `start` and `done` included; heartbeats don't count.
   *
   * @example
   * console.log(response.getMessageCount())
   */
  getMessageCount(): number {
    return this.#sent
  }

  #send(event: SSEEventType, json: string): this {
    switch (this.#state) {
      case 'new':
        throw misuse('Stream not started. Call start() first.', 'NOT_STARTED')
      case 'active':
        this.#frame(event, json)
        break
      case 'ended':
        if (this.#strict) throw misuse('Stream already ended', 'ALREADY_ENDED')
        break
      case 'left':
        if (this.#strict) {
          throw new StreamError('Client disconnected', { type: 'connection_error', code: 'CLIENT_DISCONNECTED' })
        }
    }
    return this
  }

  /** JSON text holds no line end, so one `data:` line takes it. */
  #frame(event: SSEEventType, json: string): void {
    this.#sent++
    this.#idle = false
    this.#response.write(`event: ${event}\nid: ${this.#sent}\ndata: ${json}\n\n`)
  }

  #beat(): void {
    if (this.#idle && this.#response.writableNeedDrain !== true) this.#response.write(': heartbeat\n\n')
    this.#idle = true
  }

  #finish(done: { timestamp: string; aborted?: true }): void {
    this.#frame(SSEEventType.DONE, JSON.stringify(done))
    this.#state = 'ended'
    clearInterval(this.#timer)
    this.#response.end()
  }

  /** The connection closed: that is the client's doing only where the response hadn't been ended. */
  #closed(): void {
    if (this.#state === 'ended' || this.#state === 'left') return
    if (this.#response.writableEnded === true) {
      // Ended behind our back, by the app.
      this.#state = 'ended'
      clearInterval(this.#timer)
      return
    }
    this.#leave()
  }

  #leave(): void {
    this.#state = 'left'
    clearInterval(this.#timer)
    this.#left.abort(new StreamError('Client disconnected', { type: 'connection_error', code: 'CLIENT_DISCONNECTED' }))
    this.#onClose?.()
  }
}

function misuse(message: string, code: string): StreamError {
  return new StreamError(message, { type: 'invalid_request_error', code })
}

function errorJson(error: string | ErrorEvent): string {
  if (typeof error === 'string') return JSON.stringify({ error })
  if (typeof error !== 'object' || error === null || typeof error.error !== 'string') {
    throw new ValidationError(
      `Expected \`error\` to be a string or an object with one in \`error\`, got ${describe(error)}`,
      'error',
    )
  }
  return toJson(error, 'error')
}

function checkRecord<T extends object>(value: T, field: string): T {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? value
    : fail(field, 'an object', describe(value))
}
