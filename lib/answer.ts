/**
 * One answer as it arrives: the listener of one engine session, which keeps what came, feeds any number of readers, and
 * knows how it ended. What always holds: events are kept once, in order; after the end nothing changes; the engine is
 * given credit for exactly what was consumed, so that an answer nobody reads stops being fetched.
 */
import {
  type Entry,
  encoded,
  type Gathered,
  gathered,
  isContent,
  parseToolCall,
  parseToolResult,
} from './answer/entries.js'
import {
  type AnswerOptions,
  type AnswerOwner,
  type AnswerReader,
  type AnswerRelay,
  type EncodedAnswer,
  type Feeder,
  hearNews,
  hearToken,
  isHeard,
  isListening,
  type Outcome,
  type RelayListener,
} from './answer/roles.js'
import { abortedError, fromNative, StreamError } from './errors.js'
import {
  eventCost,
  type FedSession,
  openFedSession,
  openSession,
  type Room,
  type Session,
  type SessionListener,
} from './mailbox.js'
import type { NativeError, NativeFeed, NativeRelayOptions, NativeRelayReport, NativeRequest, Pace } from './native.js'
import { costOf } from './pricing.js'
import type { OutputPlan } from './structured-output.js'
import type { FinishReason, StreamMetrics, Usage } from './types.js'
import { mergeReports, toUsage, type UsageReport } from './usage.js'

const clientLeft = 'The client left'

/** What no answer holds a list of its own for, as long as it is empty: there may be thousands. */
const none: never[] = []

/** The engine is handed consumed credit in pieces of this size at most, or when a reader waits. */
const largestCreditPiece = 8192

/** Read entries are cut off the log, where it isn't retained, once there are so many. */
const trimAt = 1024

export class Answer implements SessionListener {
  // What every token touches comes first, side by side in memory.
  #outcome: Outcome | undefined
  readonly #owner: AnswerOwner | undefined
  /** Whether pieces of text are in the log. Else the engine keeps them, and counts here how much of it was delivered. */
  #logging: boolean
  #delivered = 0
  #chunks = 0
  #firstText: number | undefined
  /** How many chunks the engine counted, where it told of them all at once. */
  #summary: number | undefined

  readonly provider: string
  readonly #options: AnswerOptions
  #session: Session | undefined
  #feeder: Feeder | undefined

  #log: Entry[] = none
  /** Position of the log's first entry in the whole answer. */
  #base = 0
  /** Position up to which entries were consumed. */
  #consumed = 0
  readonly #creditPiece: number
  /** Credit for them that the engine wasn't given yet. */
  #owed = 0
  /** Whether everything counts as consumed when it arrives. */
  #draining: boolean
  /** Whether consumed entries stay. */
  #keeping: boolean
  /** Whether somebody consumes an answer that isn't retained. */
  #claimed = false
  #readers: readonly AnswerReader[] = none
  /** Whether the engine tells of events as they come. */
  #delivering: boolean
  /** Made for the first relay: most answers have none. */
  #relays: Map<number, RelayListener> | undefined
  /** Whether there ever was a relay, whose report tells how the answer ended. */
  #sentOn = false
  /** Whether the last relay's client left. */
  #left = false

  #text = ''
  /** Position up to which entries are in `#text`. */
  #joined = 0
  #report: UsageReport | undefined
  #finishReason: FinishReason = 'unknown'
  #model: string
  /** The answer's own, where the provider gives one. */
  #id: string | undefined
  #requestId: string | undefined
  #witnessed = false
  /** What `shouldRetry` threw. */
  #questionError: unknown

  readonly #created = performance.now()
  #asked = this.#created
  #opened: number | undefined
  #endedAt: number | undefined

  #openWaiters: readonly (() => void)[] = none
  #endWaiters: readonly (() => void)[] = none

  constructor(options: AnswerOptions) {
    this.#options = options
    this.#owner = options.owner
    this.provider = options.provider
    // A piece must be less than the whole, or nobody would ever hand it over.
    this.#creditPiece = Math.min(largestCreditPiece, options.credit / 4)
    this.#model = options.model
    this.#keeping = options.retain
    this.#draining = options.push
    this.#logging = !options.push
    this.#delivering = options.push
  }

  /** Asks for the answer. Not before, so that an answer can wait for its turn. */
  ask(request: NativeRequest, body: string): void {
    const { via } = this.#options
    if (via !== undefined) via.ask(this, request, body)
    else this.#begin((deliver) => openSession(request, deliver, body, this))
  }

  /** It can't be asked for, for this reason. */
  refuse(error: unknown): void {
    if (this.#outcome === undefined) this.#settle({ kind: 'failed', error: this.#refused(error) })
  }

  /** Has it brought by `feeder`, through the session that this returns; `undefined` where the answer is over already. */
  feed(request: NativeFeed, pace: Omit<Pace, 'deliver'>, feeder: Feeder): FedSession | undefined {
    this.#feeder = feeder
    return this.#begin((deliver) => openFedSession(request, { ...pace, deliver }, this))
  }

  #begin<S extends Session>(open: (deliver: boolean) => S): S | undefined {
    if (this.#outcome !== undefined) return undefined
    this.#asked = performance.now()
    this.#delivering ||= this.#readers.length > 0 || (this.#owner?.[isListening]() ?? false)
    try {
      const session = open(this.#delivering)
      this.#session = session
      if (this.#draining && !this.#options.push) session.drain(this.#keeping)
      return session
    } catch (error) {
      this.#settle({ kind: 'failed', error: this.#refused(error) })
      return undefined
    }
  }

  /** Where the text is to be JSON: how to read it. */
  get output(): OutputPlan | undefined {
    return this.#options.output
  }

  /** The text that is to be JSON: where the model spoke again after the results of calls, what it said last. */
  get outputText(): string {
    const last = this.#log.findLastIndex((entry) => typeof entry !== 'string' && entry.kind === 'tool-result')
    if (last === -1) return this.textSoFar
    return this.#log
      .slice(last + 1)
      .filter((entry) => typeof entry === 'string')
      .join('')
  }

  // What is known so far.

  get outcome(): Outcome | undefined {
    return this.#outcome
  }

  /** Whether somebody was there to hear how it ended. */
  get witnessed(): boolean {
    return this.#witnessed
  }

  get isOpen(): boolean {
    return this.#opened !== undefined
  }

  get model(): string {
    return this.#model
  }

  /** The provider's id of it, where it gave one. */
  get id(): string | undefined {
    return this.#id
  }

  get requestId(): string | undefined {
    return this.#requestId
  }

  /** Whether {@link Answer.textSoFar} is the whole text. */
  get keepsText(): boolean {
    return this.#keeping
  }

  /** The text of the first alternative so far; `''` where it isn't kept. Each piece is joined once, however often this is read. */
  get textSoFar(): string {
    if (!this.#keeping) return ''
    if (!this.#logging) return this.#session?.text().slice(0, this.#delivered) ?? this.#text
    // What the engine told all at once is in the log, and with it no more.
    if (!this.#delivering && this.#summary === undefined && this.#session !== undefined) return this.#session.text()
    const end = this.#base + this.#log.length
    let fresh = ''
    for (let at = this.#joined; at < end; at++) {
      const entry = this.#log[at - this.#base]
      if (typeof entry === 'string') fresh += entry
    }
    this.#joined = end
    this.#text += fresh
    return this.#text
  }

  get finishReason(): FinishReason {
    const kind = this.#outcome?.kind
    return kind === 'stopped' || kind === 'aborted' ? 'aborted' : this.#finishReason
  }

  /** What was reported so far, flagged where the answer did not come to its end. */
  get usageSoFar(): Usage | undefined {
    if (this.#report === undefined) return undefined
    const usage = toUsage(this.#report)
    if (this.#outcome !== undefined && this.#outcome.kind !== 'complete') usage.partial = true
    return usage
  }

  /** What it cost so far, in US dollars, where that is known. */
  get costSoFar(): number | undefined {
    const usage = this.usageSoFar
    return usage && this.costOf(usage)
  }

  /** What some usage of this answer costs, in US dollars. */
  costOf(usage: Usage): number | undefined {
    const { provider, prices, model } = this.#options
    return costOf(usage, this.#model, provider, prices) ?? costOf(usage, model, provider, prices)
  }

  get metrics(): StreamMetrics {
    const duration = (this.#endedAt ?? performance.now()) - this.#created
    const metrics: StreamMetrics = { duration, chunks: this.#summary ?? this.#chunks }
    if (this.#opened !== undefined) metrics.timeToOpen = this.#opened - this.#created
    if (this.#firstText !== undefined) metrics.timeToFirstToken = this.#firstText - this.#created
    return metrics
  }

  /** The tool calls, reasoning and metadata that were kept. */
  gather(): Gathered {
    return gathered(this.#log)
  }

  // Readers.

  /**
   * Announces a reader of the answer from its beginning. Throws `ALREADY_CONSUMED` where the answer isn't retained and
   * has one. `whole`: it wants everything at once, which is kept for it.
   */
  claim(whole: boolean): void {
    this.#claimOnce()
    if (!this.#options.retain) this.#keeping = whole
    if (whole) this.drain()
    else this.#deliver()
  }

  #claimOnce(): void {
    if (this.#claimed && !this.#options.retain) {
      throw new StreamError(
        'The stream is not retained (`retain: false`) and already has a reader: read it once, or leave `retain` on',
        { type: 'invalid_request_error', code: 'ALREADY_CONSUMED', provider: this.provider },
      )
    }
    this.#claimed = true
  }

  /** From here on events come as pieces, for a reader. */
  #deliver(): void {
    this.#logText()
    if (this.#delivering) return
    this.#delivering = this.#session !== undefined
    this.#session?.deliver()
  }

  /**
   * From here on everything counts as consumed when it arrives. An answer that isn't retained and has a reader is left
   * to that reader.
   */
  drain(): void {
    if (this.#draining || (this.#claimed && !this.#keeping)) return
    this.#claimed = true
    this.#draining = true
    if (!this.#options.push) this.#session?.drain(this.#keeping)
    this.#consume(this.#base + this.#log.length)
    this.flushCredit()
    if (!this.#keeping) this.#trim()
  }

  /** Whether nobody was announced as the consumer so far. */
  get isUnclaimed(): boolean {
    return !this.#claimed
  }

  attach(reader: AnswerReader): void {
    this.#readers = this.#readers.concat(reader)
  }

  /** A reader wants no more. The last one to leave closes an answer that nobody else consumes. */
  detach(reader: AnswerReader): void {
    const others = this.#readers.filter((other) => other !== reader)
    if (others.length === this.#readers.length) return
    this.#readers = others
    if (!this.#isWanted) this.abort(undefined, 'The stream was closed by its reader')
  }

  /** Somebody who would have consumed it is gone. Closes an answer that nobody else consumes. */
  leave(): void {
    if (!this.#isWanted) this.abort(undefined, clientLeft)
  }

  /** Whether nothing came here that a client waits for. */
  get isEmpty(): boolean {
    return this.#base === 0 && !this.#log.some(isContent)
  }

  /** Whether anybody consumes it. */
  get #isWanted(): boolean {
    return this.#draining || this.#readers.length > 0 || (this.#relays?.size ?? 0) > 0
  }

  /**
   * Sends the answer on to a client, from its first event. Its head must be in, or the answer over. Throws
   * `ALREADY_CONSUMED` where the answer isn't retained and has a consumer.
   */
  relay(options: NativeRelayOptions, listener: RelayListener): AnswerRelay {
    this.#claimOnce()
    this.#sentOn = true
    const session = this.#session
    const id = this.#outcome === undefined && session !== undefined ? session.relay(options) : 0
    if (session === undefined || id === 0) return this.#relayWhole(options, listener)
    this.#relays ??= new Map()
    this.#relays.set(id, listener)
    const leave = (message: string, tell: () => void) => {
      const last = this.#relays?.size === 1 && this.#relays.has(id)
      const unwanted = last && !this.#draining && this.#readers.length === 0
      // Once the engine is told, it may forget the text at any moment.
      const text = unwanted ? this.textSoFar : ''
      tell()
      if (unwanted) this.#abort(undefined, message, text)
    }
    return {
      whole: undefined,
      toSocket: (descriptor, chunked) => session.relayToSocket(id, descriptor, chunked),
      toFrames: () => session.relayToFrames(id),
      credit: (bytes) => session.relayCredit(id, bytes),
      inject: (event, json) => session.relayInject(id, event, json),
      activity: () => session.relayActivity(id),
      stop: () => leave('The response was ended', () => session.relayStop(id)),
      drop: () => leave(clientLeft, () => session.relayDrop(id)),
    }
  }

  /** A relay of an answer that is over, or whose end is on its way here. */
  #relayWhole(options: NativeRelayOptions, listener: RelayListener): AnswerRelay {
    const nothing = () => {}
    const relay = {
      whole: undefined as EncodedAnswer | undefined,
      toSocket: nothing,
      toFrames: nothing,
      credit: nothing,
      inject: nothing,
      activity: () => 0,
      stop: nothing,
      drop: nothing,
    }
    if (this.#outcome !== undefined) relay.whole = this.#encode(options)
    else {
      this.whenEnded(() => {
        relay.whole = this.#encode(options)
        listener.ready()
      })
    }
    return relay
  }

  /** The answer is over: its log is all there is. */
  #encode(options: NativeRelayOptions): EncodedAnswer {
    const outcome = this.#outcome
    let failure: StreamError | undefined
    if (outcome?.kind === 'failed' || outcome?.kind === 'aborted') failure = outcome.error
    else if (outcome?.kind !== 'complete')
      failure = abortedError('The stream was stopped', { provider: this.provider, partialText: this.textSoFar })
    return encoded(this.#log, { ...options, id: this.#id ?? options.id, model: this.#model }, failure)
  }

  /** The entry at a position of the whole answer, or `undefined` where it hasn't come. */
  entryAt(position: number): Entry | undefined {
    return this.#log[position - this.#base]
  }

  /** A reader has read everything before `position`. */
  advance(position: number): void {
    if (position <= this.#consumed) return
    this.#consume(position)
    if (this.#owed >= this.#creditPiece) this.flushCredit()
    if (!this.#keeping && position - this.#base >= trimAt) this.#trim()
  }

  /** Hands the engine what was consumed; readers do so before they wait. */
  flushCredit(): void {
    if (this.#owed === 0) return
    const units = this.#owed
    this.#owed = 0
    if (this.#outcome === undefined) this.#session?.credit(units)
  }

  /** Calls back once the head of the answer is in, or the answer is over. */
  whenOpen(callback: () => void): void {
    if (this.#opened !== undefined || this.#outcome !== undefined) callback()
    else this.#openWaiters = this.#openWaiters.concat(callback)
  }

  /**
   * Calls back once something came that a client waits for, or the answer is over. Events come as pieces from here on, so
   * it must be one that is retained. Whoever waits here consumes nothing, and keeps nothing open.
   */
  whenBegun(callback: () => void): void {
    const isOver = () => !this.isEmpty || this.#outcome !== undefined
    if (isOver()) return callback()
    const watcher: AnswerReader = {
      isDeaf: true,
      wake: () => {
        if (!isOver()) return
        watcher.wake = () => {}
        // Not in the midst of what is being told.
        queueMicrotask(() => {
          this.#readers = this.#readers.filter((reader) => reader !== watcher)
          callback()
        })
      },
    }
    this.#deliver()
    this.#readers = this.#readers.concat(watcher)
  }

  /** Calls back once the answer is over. */
  whenEnded(callback: () => void): void {
    if (this.#outcome !== undefined) callback()
    else this.#endWaiters = this.#endWaiters.concat(callback)
  }

  // Ending it from this side.

  /** Its owner wants no more. */
  stop(): void {
    this.#close({ kind: 'stopped' }, this.textSoFar)
  }

  /** A reader or a signal wants no more. */
  abort(reason: unknown, message = 'The stream was aborted'): void {
    this.#abort(reason, message, this.textSoFar)
  }

  #abort(reason: unknown, message: string, text: string): void {
    if (this.#outcome !== undefined) return
    const context = { provider: this.provider, partialText: text, cause: reason }
    this.#close({ kind: 'aborted', error: abortedError(message, context) }, text)
  }

  // What the engine tells. Nothing is heard after the end.

  open(json: string): void {
    this.#spend(json)
    if (this.#outcome !== undefined || this.#opened !== undefined) return
    this.#opened = performance.now()
    this.#requestId = (JSON.parse(json) as { requestId?: string }).requestId
    this.#open()
  }

  start(json: string): void {
    this.#spend(json)
    const { id, model } = JSON.parse(json) as { id?: string; model?: string }
    if (id) this.#id = id
    if (model) this.#model = model
  }

  text(text: string, choice: number): void {
    if (this.#outcome !== undefined) return
    if (this.#firstText === undefined) this.#firstText = performance.now()
    this.#chunks++
    if (choice === 0) {
      if (this.#logging) this.#keep(text, text)
      else this.#delivered += text.length
      this.#owner?.[hearToken](text)
    } else {
      this.#keep({ kind: 'text', payload: text, choice }, text)
    }
  }

  reasoning(text: string, choice: number): void {
    if (this.#outcome !== undefined) return
    this.#keep({ kind: 'reasoning', payload: text, choice }, text)
    if (choice === 0) this.#owner?.[hearNews](this, { kind: 'reasoning', text })
  }

  reasoningSignature(signature: string, choice: number): void {
    if (this.#outcome === undefined) this.#keep({ kind: 'signature', payload: signature, choice }, signature)
  }

  toolCallDelta(json: string): void {
    if (this.#outcome === undefined) this.#keep({ kind: 'tool-call-delta', payload: json, choice: 0 }, json)
  }

  toolCall(json: string): void {
    if (this.#outcome !== undefined) return
    this.#keep({ kind: 'tool-call', payload: json, choice: 0 }, json)
    this.#owner?.[hearNews](this, { kind: 'tool-call', call: parseToolCall(json) })
  }

  toolResult(json: string): void {
    if (this.#outcome !== undefined) return
    this.#keep({ kind: 'tool-result', payload: json, choice: 0 }, json)
    this.#owner?.[hearNews](this, { kind: 'tool-result', result: parseToolResult(json) })
  }

  usage(json: string): void {
    if (this.#outcome !== undefined) return
    this.#report = mergeReports(this.#report, JSON.parse(json) as UsageReport)
    this.#keep({ kind: 'usage', payload: json, choice: 0 }, json)
    this.#owner?.[hearNews](this, { kind: 'usage', report: this.#report })
  }

  metadata(json: string): void {
    if (this.#outcome !== undefined) return
    this.#keep({ kind: 'metadata', payload: json, choice: 0 }, json)
    this.#owner?.[hearNews](this, { kind: 'metadata', json })
  }

  retry(json: string): void {
    this.#spend(json)
    if (this.#outcome !== undefined || this.#owner === undefined) return
    const { attempt, delay, error } = JSON.parse(json) as { attempt: number; delay: number; error: NativeError }
    this.#owner[hearNews](this, { kind: 'retry', attempt, delay, error: this.#error(error) })
  }

  retryQuestion(json: string): void {
    this.#spend(json)
    const { attempt, error } = JSON.parse(json) as { attempt: number; error: NativeError }
    const decide = (goOn: boolean) => this.#session?.decideRetry(goOn)
    const { shouldRetry, retryableErrors } = this.#options.retry
    const listed =
      error.status !== undefined ||
      (retryableErrors?.some((name) => name === error.type || name === error.code) ?? true)
    if (!listed || shouldRetry === undefined) {
      decide(listed)
      return
    }
    const refuse = (thrown: unknown) => {
      this.#questionError = thrown
      decide(false)
    }
    try {
      Promise.resolve(shouldRetry(this.#error(error), attempt)).then((goOn) => decide(goOn === true), refuse)
    } catch (thrown) {
      refuse(thrown)
    }
  }

  finish(json: string): void {
    if (this.#outcome !== undefined) return
    this.#finishReason = (JSON.parse(json) as { reason: FinishReason }).reason
    this.#keep({ kind: 'finish', payload: json, choice: 0 }, json)
    this.#settle({ kind: 'complete' })
  }

  failed(json: string): void {
    if (this.#outcome !== undefined) return
    const native = JSON.parse(json) as NativeError
    const { failure, via } = this.#options
    const error = failure?.(native) ?? via?.failure(native, this) ?? this.#error(native, this.#questionError)
    this.#settle({ kind: error.type === 'aborted_error' ? 'aborted' : 'failed', error })
  }

  cancelled(): void {
    // Heard here only where the engine shuts down under a running stream: what this side ended is settled already.
    this.abort(undefined, this.#left ? clientLeft : 'The engine closed the stream')
  }

  relayReady(relay: number): void {
    this.#relays?.get(relay)?.ready()
  }

  frames(text: string, relay: number): void {
    this.#relays?.get(relay)?.frames(text)
  }

  relayed(report: NativeRelayReport, relay: number): void {
    const listener = this.#relays?.get(relay)
    this.#relays?.delete(relay)
    listener?.done(report)
    // Without a byte it is the answer that failed, and says so next. Where nothing was told as it came, the engine lets go
    // by itself, and what it has kept comes before `cancelled`.
    const left = !report.flushed && report.bytes > 0 && !this.#isWanted
    if (left && this.#delivering) this.abort(undefined, clientLeft)
    else if (left) this.#left = true
  }

  room(room: Room): void {
    this.#feeder?.room(room)
  }

  summary(json: string): void {
    const { chunks, firstText } = JSON.parse(json) as { chunks: number; firstText?: number }
    this.#summary = chunks
    if (firstText !== undefined) this.#firstText = this.#asked + firstText
  }

  /** `text`: what had come. The engine may forget it once it is told. */
  #close(outcome: Outcome, text: string): void {
    if (this.#outcome !== undefined) return
    if (this.#options.estimating && this.#report === undefined) {
      const json = this.#session?.estimate(this.#keeping ? text : undefined)
      if (json !== undefined) this.usage(json)
      // Whoever was told may have closed it.
      if (this.outcome !== undefined) return
    }
    this.#session?.cancel()
    this.#settle(outcome, text)
  }

  #settle(outcome: Outcome, text?: string): void {
    this.#outcome = outcome
    const heard = this.#sentOn || this.#readers.some((reader) => !reader.isDeaf)
    this.#witnessed = heard || (this.#options.observed?.() ?? this.#owner?.[isHeard]() ?? false)
    this.#endedAt = performance.now()
    if (!this.#logging) this.#text = text ?? this.textSoFar
    else if (!this.#delivering && this.#summary === undefined) this.#logKept(text ?? this.textSoFar)
    this.#session = undefined
    for (const reader of this.#readers) reader.wake()
    this.#open()
    const waiters = this.#endWaiters
    this.#endWaiters = none
    for (const callback of waiters) callback()
    this.#owner?.[hearNews](this, { kind: 'ended', outcome })
  }

  /** Tells those who wait for the head. */
  #open(): void {
    const waiters = this.#openWaiters
    this.#openWaiters = none
    for (const callback of waiters) callback()
  }

  /** It ends before the engine told of anything: the text at least stays. */
  #logKept(text: string): void {
    if (text !== '') this.#log = [...this.#log, text]
  }

  #error(native: NativeError, cause?: unknown): StreamError {
    return fromNative(native, { provider: this.provider, partialText: this.textSoFar, cause })
  }

  /** The engine would not even try, e.g. because its binary is missing. */
  #refused(error: unknown): StreamError {
    if (StreamError.isInstance(error)) return error
    const code = (error as { code?: unknown } | null)?.code
    return new StreamError(error instanceof Error ? error.message : 'The engine refused the request', {
      type: 'unknown_error',
      code: typeof code === 'string' ? code : 'ENGINE_REFUSED',
      provider: this.provider,
      cause: error,
    })
  }

  /** From here on text is logged, for a reader; what came before is its first piece. */
  #logText(): void {
    if (this.#logging) return
    const text = this.textSoFar
    this.#logging = true
    this.#text = ''
    if (text !== '') this.#log = [text, ...this.#log]
  }

  /** Takes an event that readers see. `payload` is what it cost. */
  #keep(entry: Entry, payload: string): void {
    if (this.#draining) {
      this.#consumed++
      if (!this.#options.push) {
        this.#owed += eventCost(payload)
        if (this.#owed >= this.#creditPiece) this.flushCredit()
      }
      if (!this.#keeping) {
        this.#base++
        return
      }
    }
    if (this.#log === none) this.#log = [entry]
    else this.#log.push(entry)
    for (const reader of this.#readers) reader.wake()
  }

  /** Takes an event that readers don't see. */
  #spend(payload: string): void {
    if (this.#options.push) return
    this.#owed += eventCost(payload)
    if (this.#owed >= this.#creditPiece) this.flushCredit()
  }

  /** Marks entries as consumed up to a position. */
  #consume(position: number): void {
    for (let at = this.#consumed; at < position; at++) {
      const entry = this.#log[at - this.#base] as Entry
      this.#owed += eventCost(typeof entry === 'string' ? entry : entry.payload)
      // The log is cut off in pieces; what is in it must not live on until then.
      if (!this.#keeping) this.#log[at - this.#base] = ''
    }
    this.#consumed = position
  }

  /** Forgets what was consumed. */
  #trim(): void {
    this.#log = this.#log.slice(this.#consumed - this.#base)
    this.#base = this.#consumed
  }
}
