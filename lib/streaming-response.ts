/**
 * {@link StreamingResponse}: one answer to one client, as server-sent events that `AIStream` reads. Here is decided what is
 * sent and when the stream is over; how it gets to the client stands in `streaming-response/`.
 */
import { describe, fail } from './check.js'
import { StreamError } from './errors.js'
import type { ReplayEntry } from './replay.js'
import {
  doneJson,
  type ErrorEvent,
  errorJson,
  errorStatus,
  type MetadataEvent,
  reasoningJson,
  recordJson,
  SSEEventType,
  startJson,
  type ToolCallDeltaEvent,
  type ToolCallEvent,
  tokenJson,
  toolCallDeltaJson,
  toolCallJson,
  type UsageEvent,
} from './streaming-response/events.js'
import {
  type CheckedOptions,
  checkOptions,
  type StreamingResponseOptions,
  splitRequest,
  type WebStreamingResponseOptions,
} from './streaming-response/options.js'
import { Output, type ResponseLike } from './streaming-response/output.js'
import { type PipeSource, pipeInto } from './streaming-response/pipe-from.js'
import { parseEventId, Recording, replayTo } from './streaming-response/recording.js'
import { type Borrower, type TakenResponse, takeOver } from './streaming-response/take-over.js'
import { WebBody } from './streaming-response/web-body.js'
import type { FinishReason, ToolCall, Usage } from './types.js'

export {
  type ErrorEvent,
  type MetadataEvent,
  SSEEventType,
  type ToolCallDeltaEvent,
  type ToolCallEvent,
  type UsageEvent,
} from './streaming-response/events.js'
export type { StreamingResponseOptions, WebStreamingResponseOptions } from './streaming-response/options.js'
export type { ResponseLike } from './streaming-response/output.js'
export type { PipeItem, PipeSource } from './streaming-response/pipe-from.js'
export type { RequestLike } from './streaming-response/web-body.js'

/** Somebody else writes the frames; see `take-over.ts`. */
interface Loan {
  readonly borrower: Borrower
  /** Events that came too late for the borrower. */
  readonly held: [event: string, json: string][]
  /** The app wants the stream to end, by `error` or in peace. */
  end?: { error?: string }
}

/** Names the method by which a web response gets its head before `start`. */
const openHead = Symbol('millstream.openHead')

/** Names the method by which an adapter says how the provider ended the answer. */
export const endWith = Symbol('millstream.endWith')

/**
 * Streams an answer to a client.
 *
 * The events carry ids. Without `replay` an answer is not kept: a client that reconnects with `Last-Event-ID` is told by
 * status 204 that there is nothing to go on with. With it, such a client gets the rest of its answer. Either way
 * `isStreamActive()` is false then, `signal` is aborted, and there is nothing to produce.
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
  /**
   * The same for web responses: `response.response` is the `Response` to return, while the answer is being sent.
   *
   * @example
   * export async function POST(request: Request) {
   *   const stream = StreamingResponse.web({ request })
   *   stream.start().sendToken('Hello').end()
   *   return stream.response
   * }
   */
  static web(options?: WebStreamingResponseOptions): WebStreamingResponse {
    const [request, rest] = splitRequest(options)
    return new WebStreaming(new WebBody(request), rest)
  }

  readonly #response: ResponseLike
  readonly #output: Output
  readonly #options: CheckedOptions
  readonly #producer = new AbortController()
  /** `left`: there is nobody to produce for. */
  #state: 'new' | 'active' | 'ended' | 'left' = 'new'
  #started = false
  /** Whether the head went out before the start, so that a failure can no longer have a status. */
  #opened = false
  /** Whether the client is there. Without a log, nobody is left once it isn't. */
  #present = true
  /** Whether the hook was called. */
  #told = false
  #recording: Recording | undefined
  #streamId: string | undefined
  #prefix = ''
  #sent = 0
  #finishReason: FinishReason | undefined
  #loan: Loan | undefined
  /** Ends the replay to a client that came back. */
  #replaying: AbortController | undefined
  /** Settles once the log has said whether it has what that client wants. */
  #deciding: Promise<void> | undefined

  /** @throws ValidationError where an option is not what it must be. */
  constructor(response: ResponseLike, options?: StreamingResponseOptions) {
    const { setHeader, write, end } = (response ?? {}) as Partial<ResponseLike>
    if (typeof setHeader !== 'function' || typeof write !== 'function' || typeof end !== 'function') {
      fail('response', 'a response with `setHeader`, `write` and `end`', describe(response))
    }
    this.#options = checkOptions(options)
    this.#response = response
    this.#output = new Output(response, () => this.#closed())
  }

  /**
   * Aborts when there is nobody left to produce for: the client left before the end, or the stream was cancelled.
   *
   * @example
   * const answer = await fetch(url, { signal: response.signal })
   */
  get signal(): AbortSignal {
    return this.#producer.signal
  }

  /**
   * With `replay`: the stream's name in the log, once it was started.
   *
   * @example
   * const id = new StreamingResponse(res, { replay: new MemoryReplayLog() }).start().streamId
   */
  get streamId(): string | undefined {
    return this.#streamId
  }

  /**
   * Sends the headers and the `start` event.
   *
   * @example
   * response.start().sendToken('Hello').end()
   */
  start(): this {
    if (this.#started || this.#state === 'ended') throw misuse('Stream already started', 'ALREADY_STARTED')
    this[openHead]()
    this.#started = true
    if (this.#state === 'active') {
      this.#frame(SSEEventType.START, startJson(Date.now()))
      this.#output.beat(true)
    }
    return this
  }

  /** @internal Decides how the request is answered, and sends the head. `atOnce`: without waiting for a log. */
  [openHead](atOnce = false): void {
    if (atOnce && this.#deciding !== undefined) this.#openOnce()
    if (this.#opened || this.#state !== 'new') return
    if (this.#output.isGone) {
      this.#leave(clientLeft())
      return
    }
    if (this.#output.isSent) {
      throw misuse('Expected a response whose headers are not sent yet, got one whose are', 'RESPONSE_ALREADY_SENT')
    }
    const { replay, streamId = crypto.randomUUID() } = this.#options
    const lastEventId = this.#output.requestHeader('last-event-id')
    // An empty one is none: the client has seen no event with an id.
    if (lastEventId) {
      this.#resume(lastEventId)
      if (atOnce && this.#deciding !== undefined) this.#openOnce()
      return
    }
    if (replay !== undefined) {
      this.#recording = new Recording(replay, streamId, {
        cancelled: () => this.cancel(),
        lost: () => {
          if (!this.#present && this.#state === 'active') this.#leave(clientLeft())
        },
      })
      this.#streamId = streamId
      this.#prefix = `${streamId}:`
    }
    this.#openOnce()
    this.#state = 'active'
  }

  #openOnce(): void {
    if (this.#opened) return
    this.#opened = true
    this.#output.open(this.#options)
  }

  /** A client came back: it gets the rest of its answer, or nothing; a new one it gets in no case. */
  #resume(lastEventId: string): void {
    const { replay } = this.#options
    const from = replay === undefined ? undefined : parseEventId(lastEventId)
    if (replay === undefined || from === undefined) {
      this.#output.refuse(204)
      this.#leave(clientLeft())
      return
    }
    const replaying = new AbortController()
    this.#replaying = replaying
    this.#state = 'left'
    this.#producer.abort(
      new StreamError('The client came back for an answer that was made before', {
        type: 'aborted_error',
        code: 'REPLAYED',
      }),
    )
    const decide = (entries: AsyncIterable<ReplayEntry> | undefined): void => {
      this.#deciding = undefined
      // The app may have answered by itself in the meantime.
      if (replaying.signal.aborted || (!this.#opened && this.#output.isSent)) return
      if (entries === undefined && !this.#opened) {
        this.#output.refuse(204)
        return
      }
      this.#openOnce()
      void replayTo(this.#output, entries, from, replaying.signal)
    }
    let entries: ReturnType<typeof replay.read>
    try {
      entries = replay.read(from.streamId, from.number, replaying.signal)
    } catch {
      // A log that can't be read is one that doesn't have it.
    }
    if (entries !== undefined && 'then' in entries) {
      this.#deciding = Promise.resolve(entries).then(decide, () => decide(undefined))
    } else {
      decide(entries)
    }
  }

  /**
   * Sends a piece of the answer's text; `choice` is the number of the alternative, where there are several.
   *
   * @example
   * response.sendToken('Hello').sendToken(' world', 1)
   */
  sendToken(token: string, index?: number, choice?: number): this {
    return this.#send(SSEEventType.TOKEN, tokenJson(token, index, choice))
  }

  /**
   * Sends a piece of the model's reasoning, with the signature that some providers want back.
   *
   * @example
   * response.sendReasoning('The user greets me.')
   */
  sendReasoning(text: string, signature?: string, choice?: number): this {
    return this.#send('reasoning', reasoningJson(text, signature, choice))
  }

  /**
   * Sends a piece of a tool call whose arguments are still being written.
   *
   * @example
   * response.sendToolCallDelta({ id: 'call_1', index: 0, name: 'get_weather', delta: '{"city":"Bern"}' })
   */
  sendToolCallDelta(piece: ToolCallDeltaEvent): this {
    return this.#send('tool_call_delta', toolCallDeltaJson(piece))
  }

  /**
   * Sends a complete tool call, after its pieces or alone.
   *
   * @example
   * response.sendToolCall({ id: 'call_1', index: 0, name: 'get_weather', arguments: { city: 'Bern' } })
   */
  sendToolCall(call: ToolCallEvent | ToolCall): this {
    return this.#send('tool_call', toolCallJson(call))
  }

  /**
   * Sends token counts.
   *
   * @example
   * response.sendUsage({ promptTokens: 10, completionTokens: 20, totalTokens: 30 })
   */
  sendUsage(usage: UsageEvent | Usage): this {
    return this.#send(SSEEventType.USAGE, recordJson(usage, 'usage'))
  }

  /**
   * Sends an error and leaves the stream open; see {@link StreamingResponse.abort}.
   *
   * @example
   * response.sendError({ error: 'Rate limit exceeded', code: 'RATE_LIMIT' })
   */
  sendError(error: string | ErrorEvent | Error): this {
    return this.#send(SSEEventType.ERROR, errorJson(error))
  }

  /**
   * Sends anything else the client should know.
   *
   * @example
   * response.sendMetadata({ model: 'gpt-4', temperature: 0.7 })
   */
  sendMetadata(metadata: MetadataEvent): this {
    return this.#send(SSEEventType.METADATA, recordJson(metadata, 'metadata'))
  }

  /**
   * Sends every item, waiting where the client reads slowly, and resolves with their number. Stops, and stops the source,
   * when there is nobody left to produce for; rejects with what the source throws. The stream stays open.
   *
   * @example
   * await response.pipeFrom(['Hello', ' ', 'world'])
   * response.end()
   */
  async pipeFrom(source: PipeSource): Promise<number> {
    if (!this.#started) throw notStarted()
    return pipeInto(
      {
        signal: this.signal,
        isStreamActive: () => this.isStreamActive(),
        send: (event, json) => this.#send(event, json),
        finish: ({ finishReason }) => {
          this.#finishReason = finishReason
        },
        ready: () => this.ready(),
      },
      source,
    )
  }

  /**
   * Resolves when the client has taken enough of what was sent, or at once where it has, or has left. Whoever produces
   * faster than a client may read waits for it.
   *
   * @example
   * for (const word of 'a very long answer'.split(' ')) {
   *   response.sendToken(word)
   *   await response.ready()
   * }
   */
  async ready(): Promise<void> {
    if (this.#deciding !== undefined) await this.#deciding
    if (this.#recording !== undefined) await this.#recording.ready()
    await this.#output.ready()
  }

  /**
   * Sends the `done` event and ends the response. Again, or before the start: does nothing.
   *
   * @example
   * response.end()
   */
  end(): void {
    if (this.#state === 'active') this.#finish(undefined)
  }

  /**
   * Sends an error, then `done` with `aborted: true`, and ends the response. Before the start nothing was promised yet:
   * then it answers with the error as JSON and its `status`, 500 where it has none. Again: does nothing.
   *
   * @example
   * response.abort('Internal server error')
   */
  abort(error: string | ErrorEvent | Error): void {
    if (this.#state === 'ended' || this.#state === 'left') return
    const json = errorJson(error)
    const status = errorStatus(error)
    if (this.#state === 'active') {
      this.#finish(json)
      return
    }
    this.#state = 'ended'
    // A response that somebody else has begun is theirs to end.
    if (!this.#output.isSent) this.#output.refuse(status, json)
  }

  /**
   * Stops the stream for good: aborts `signal`, so that the producer stops, and tells the client. With `replay` a client
   * that leaves does not do that, since it may come back.
   *
   * @example
   * app.post('/api/chat/stop', (_req, res) => {
   *   response.cancel()
   *   res.writeHead(204).end()
   * })
   */
  cancel(): void {
    if (this.#state === 'ended' || this.#state === 'left') return
    const reason = new StreamError('The answer was cancelled', { type: 'aborted_error', code: 'CANCELLED' })
    // First the client: the producer may have words of its own for it.
    this.abort({ error: reason.message, code: reason.code, type: reason.type, ...(!this.#opened && { status: 503 }) })
    this.#producer.abort(reason)
  }

  /**
   * Whether the stream was started, has not ended, and somebody can still read it: the client, or with `replay` one that
   * comes back.
   *
   * @example
   * while (response.isStreamActive()) response.sendToken(await nextToken())
   */
  isStreamActive(): boolean {
    return this.#started && this.#state === 'active' && this.#loan?.end === undefined
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

  /** @internal The reason that `done` will give. */
  [endWith](reason: FinishReason): void {
    this.#finishReason = reason
  }

  /** @internal Lends the stream to a relay; `undefined` where there is nobody to send to. See `take-over.ts`. */
  [takeOver](borrower: Borrower): TakenResponse | undefined {
    if (!this.#started) throw notStarted()
    if (this.#state === 'left') return undefined
    if (this.#state === 'ended') throw misuse('Stream already ended', 'ALREADY_ENDED')
    if (this.#loan !== undefined) throw misuse('The stream is being written by another answer', 'STREAM_IN_USE')
    const loan: Loan = { borrower, held: [] }
    this.#loan = loan
    this.#output.beat(false)
    this.#output.flush()
    const direct = this.#recording === undefined && this.#output.isPlain && !(this.#response instanceof WebBody)
    return {
      response: direct ? this.#response : undefined,
      lastId: this.#sent,
      idPrefix: this.#prefix,
      heartbeat: this.#options.heartbeat,
      write: (frames, count) => {
        if (this.#loan !== loan || this.#state !== 'active') return true
        this.#sent += count
        this.#put(frames, count > 0)
        return !this.#output.needDrain && this.#recording?.needDrain !== true
      },
      ready: () => this.ready(),
      release: (lastId, over) => {
        if (this.#loan !== loan) return
        this.#loan = undefined
        this.#sent = lastId
        if (this.#state !== 'active') return
        if (over === true) {
          this.#over()
          return
        }
        this.#output.beat(true)
        for (const [event, json] of loan.held) this.#frame(event, json)
        if (loan.end !== undefined) this.#finish(loan.end.error)
      },
    }
  }

  #send(event: string, json: string): this {
    if (!this.#started) throw notStarted()
    const loan = this.#loan
    if (this.#state === 'active' && this.#output.isEnded) this.#closed()
    if (this.#state === 'left') {
      if (this.#options.strict) throw this.#replaying === undefined ? clientLeft() : this.signal.reason
    } else if (this.#state === 'ended' || loan?.end !== undefined) {
      if (this.#options.strict) throw misuse('Stream already ended', 'ALREADY_ENDED')
    } else if (loan === undefined) {
      this.#frame(event, json)
    } else if (loan.held.length > 0 || !loan.borrower.inject(event, json)) {
      loan.held.push([event, json])
    }
    return this
  }

  /** JSON text holds no line end, so one `data:` line takes it. */
  #frame(event: string, json: string): void {
    this.#sent++
    this.#put(`event: ${event}\nid: ${this.#prefix}${this.#sent}\ndata: ${json}\n\n`, true)
  }

  #put(frames: string, kept: boolean): void {
    if (kept) this.#recording?.append(this.#sent, frames)
    this.#output.write(frames)
  }

  #finish(error: string | undefined): void {
    const loan = this.#loan
    if (loan !== undefined) {
      if (loan.end !== undefined) return
      loan.end = error === undefined ? {} : { error }
      loan.borrower.stop()
      return
    }
    if (!this.#started) this.start()
    if (error !== undefined) this.#frame(SSEEventType.ERROR, error)
    this.#frame(SSEEventType.DONE, doneJson(Date.now(), this.#finishReason, error !== undefined))
    this.#over()
  }

  #over(): void {
    this.#state = 'ended'
    this.#recording?.end()
    this.#output.end()
  }

  /** The connection closed before the end. */
  #closed(): void {
    this.#present = false
    if (this.#replaying !== undefined) {
      this.#replaying.abort()
      this.#tell()
    } else if (this.#state === 'ended' || this.#state === 'left') {
      return
    } else if (this.#output.isEnded) {
      // Not the client's doing: the app has ended the response by itself.
      this.#state = 'ended'
      this.#recording?.end()
    } else if (this.#recording?.isKept === true) {
      this.#tell()
    } else {
      this.#leave(clientLeft())
    }
  }

  #leave(reason: StreamError): void {
    this.#state = 'left'
    this.#producer.abort(reason)
    this.#tell()
  }

  #tell(): void {
    if (this.#told) return
    this.#told = true
    this.#options.onClose?.()
  }
}

/**
 * What {@link StreamingResponse.web} gives.
 *
 * @example
 * const stream: WebStreamingResponse = StreamingResponse.web()
 */
export interface WebStreamingResponse extends StreamingResponse {
  /**
   * The response to return. Taken before `start` it promises status 200, and a failure is told within the stream; a log
   * that answers later has to be waited for by `ready()`, or its no can't be status 204.
   *
   * @example
   * const { status, headers } = StreamingResponse.web().start().response
   */
  readonly response: Response
}

class WebStreaming extends StreamingResponse implements WebStreamingResponse {
  readonly #body: WebBody
  #web: Response | undefined

  constructor(body: WebBody, options: StreamingResponseOptions | undefined) {
    super(body, options)
    this.#body = body
  }

  get response(): Response {
    this[openHead](true)
    this.#web ??= this.#body.toResponse()
    return this.#web
  }
}

function misuse(message: string, code: string): StreamError {
  return new StreamError(message, { type: 'invalid_request_error', code })
}

function notStarted(): StreamError {
  return misuse('Stream not started. Call start() first.', 'NOT_STARTED')
}

function clientLeft(): StreamError {
  return new StreamError('Client disconnected', { type: 'connection_error', code: 'CLIENT_DISCONNECTED' })
}
