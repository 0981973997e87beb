/**
 * The JavaScript end of the mailbox: packed batches from the engine become calls on the sessions' listeners. One
 * crossing of N-API per batch, not per token. A listener that throws does not stop the others: its error surfaces as
 * an uncaught exception, as from any event handler.
 */
import {
  binding,
  type NativeFailure,
  type NativeFeed,
  type NativeMailbox,
  type NativePlan,
  type NativePlanHandle,
  type NativeRelayOptions,
  type NativeRelayReport,
  type NativeRequest,
  type Pace,
} from './native.js'

/** What a session tells its owner, in order. After `finish`, `failed` or `cancelled` nothing follows. */
export interface SessionListener {
  /** JSON of `{status, requestId?, elapsed}`: an answer with a success status began. */
  open(json: string): void
  /** JSON of `{id?, model?}`. */
  start(json: string): void
  text(text: string, choice: number): void
  reasoning(text: string, choice: number): void
  reasoningSignature(signature: string, choice: number): void
  /** JSON of `{id, index, tool?, argsDelta, choice}`. */
  toolCallDelta(json: string): void
  /** JSON of `{id, index, tool, arguments, valid, choice}`; `arguments` is the raw JSON text as a string. */
  toolCall(json: string): void
  toolResult(json: string): void
  /** JSON of `{promptTokens?, completionTokens?, totalTokens?, cachedTokens?, reasoningTokens?, audioTokens?, raw?}`. */
  usage(json: string): void
  /** JSON of an object. */
  metadata(json: string): void
  /** JSON of `{attempt, delay, error: NativeError}`: a wait of `delay` ms begins. */
  retry(json: string): void
  /** JSON of `{attempt, error: NativeError}`; answer with `Session.decideRetry`. */
  retryQuestion(json: string): void
  /** JSON of `{reason, raw?}`: the answer is complete. */
  finish(json: string): void
  /** JSON of `NativeError`. */
  failed(json: string): void
  cancelled(): void
  /** A relay has something to send, and wants to know where. */
  relayReady(relay: number): void
  /** Encoded text of a relay that goes through JavaScript, any number of whole frames. */
  frames(text: string, relay: number): void
  /** A relay is over; the session's own end follows once all are. */
  relayed(report: NativeRelayReport, relay: number): void
  /** JSON of `{chunks, firstText?}`: the answer's events follow, joined, since nobody asked for them as they came. */
  summary(json: string): void
  /** Of a fed session that said {@link Room} `full`: whether more is wanted now, or never again. */
  room(room: Room): void
}

/** Whether more is wanted of a fed session's body; the numbers are those of `src/feed.rs`. */
export type Room = 0 | 1 | 2
/** More is wanted. */
export const roomForMore = 0
/** Not before the listener hears of room. What was given is taken nevertheless. */
export const roomFull = 1
/** Nothing is wanted any more. */
export const roomClosed = 2

/** A session whose answer JavaScript brings. */
export interface FedSession extends Session {
  /** The next piece of the body, of any size and cut anywhere. It is copied. */
  feed(bytes: Uint8Array): Room
  feedText(text: string): Room
  /** The next event, where there is no body: the kind and the payload of a record. The end is that of kind `finish`. */
  feedRecord(kind: number, choice: number, payload: string): Room
  feedEnd(): void
  feedFail(failure: NativeFailure): void
}

/** One running session. All methods may be called after its end, without effect. */
export interface Session {
  /** Of a pulled answer: tell the listener of its events, those that came so far first. */
  deliver(): void
  /**
   * Of a pulled answer: fetch it at full speed. Where `keep`, what the listener wasn't told of comes at its end, behind
   * `summary`; else only what an answer without its content has.
   */
  drain(keep: boolean): void
  /** Encodes the answer from its first event for a client. Returns the relay's number. */
  relay(options: NativeRelayOptions): number
  /** After `relayReady`: writes to a duplicate of a socket's descriptor, as chunks of HTTP/1.1 where `chunked`. */
  relayToSocket(relay: number, descriptor: number, chunked: boolean): void
  /** After `relayReady`, or before: the relay's text goes to `frames`. */
  relayToFrames(relay: number): void
  /** Of a relay through JavaScript: so many bytes of its frames were taken by the client. */
  relayCredit(relay: number, bytes: number): void
  /** Adds a hand-made event behind those encoded so far. Format `events` only. */
  relayInject(relay: number, event: string, json: string): void
  /** Nothing more is encoded; what is goes out, then `relayed` follows. */
  relayStop(relay: number): void
  /** The client left: nothing more is written, `relayed` follows. */
  relayDrop(relay: number): void
  /** How many bytes a relay has written so far. */
  relayActivity(relay: number): number
  /** Closes the upstream socket; `cancelled` follows. */
  cancel(): void
  /** Returns credit for events that were consumed; see {@link eventCost}. */
  credit(units: number): void
  decideRetry(goOn: boolean): void
  /**
   * JSON of the usage counted so far, or of one reported that is still on its way here; `undefined` where none is counted,
   * or nothing came. `text`:
   * what the listener was told of the first alternative's text, where it knows.
   */
  estimate(text: string | undefined): string | undefined
  /** The text of the first alternative as far as it is kept. It may be ahead of what the listener was told. */
  text(): string
}

/** Credit units one event takes: its payload in UTF-16 units, plus 64 for the record. */
export function eventCost(payload: string): number {
  return payload.length + 64
}

/** Room for the largest batch (`BATCH_RECORDS` in `src/mailbox.rs`): a count, then three numbers an event. */
const records = new Uint32Array(1 + 3 * 4096)

/** Set in the count where another batch waits (`MORE` in `src/mailbox.rs`). */
const more = 0x8000_0000

/**
 * By the session's number, which the engine keeps small; two tables, because a token needs only the listener, and with
 * thousands of streams each object it touches is one that the processor has to fetch.
 */
const listeners: (SessionListener | undefined)[] = []
const sessions: (RunningSession | undefined)[] = []
let running = 0

let mailbox: NativeMailbox | undefined

function open(): NativeMailbox {
  mailbox ??= new (binding().Mailbox)(deliver)
  return mailbox
}

class RunningSession implements FedSession {
  /** Another session's, once this one is over. */
  readonly #id: number
  /** The text that was kept, once the session is over. */
  #kept: string | undefined

  constructor(id: number) {
    this.#id = id
  }

  cancel(): void {
    if (this.#kept === undefined) open().cancel(this.#id)
  }

  credit(units: number): void {
    if (this.#kept === undefined) open().credit(this.#id, units)
  }

  decideRetry(goOn: boolean): void {
    if (this.#kept === undefined) open().decideRetry(this.#id, goOn)
  }

  feed(bytes: Uint8Array): Room {
    return this.#kept === undefined ? (open().feed(this.#id, bytes) as Room) : roomClosed
  }

  feedText(text: string): Room {
    return this.#kept === undefined ? (open().feedText(this.#id, text) as Room) : roomClosed
  }

  feedRecord(kind: number, choice: number, payload: string): Room {
    return this.#kept === undefined ? (open().feedRecord(this.#id, kind, choice, payload) as Room) : roomClosed
  }

  feedEnd(): void {
    if (this.#kept === undefined) open().feedEnd(this.#id)
  }

  feedFail(failure: NativeFailure): void {
    if (this.#kept === undefined) open().feedFail(this.#id, JSON.stringify(failure))
  }

  estimate(text: string | undefined): string | undefined {
    return this.#kept === undefined ? (open().estimate(this.#id, text) ?? undefined) : undefined
  }

  deliver(): void {
    if (this.#kept === undefined) open().deliver(this.#id)
  }

  drain(keep: boolean): void {
    if (this.#kept === undefined) open().drain(this.#id, keep)
  }

  relay(options: NativeRelayOptions): number {
    return this.#kept === undefined ? open().relay(this.#id, options) : 0
  }

  relayToSocket(relay: number, descriptor: number, chunked: boolean): void {
    if (this.#kept === undefined) open().relayToSocket(this.#id, relay, descriptor, chunked)
  }

  relayToFrames(relay: number): void {
    if (this.#kept === undefined) open().relayToFrames(this.#id, relay)
  }

  relayCredit(relay: number, bytes: number): void {
    if (this.#kept === undefined) open().relayCredit(this.#id, relay, bytes)
  }

  relayInject(relay: number, event: string, json: string): void {
    if (this.#kept === undefined) open().relayInject(this.#id, relay, event, json)
  }

  relayStop(relay: number): void {
    if (this.#kept === undefined) open().relayStop(this.#id, relay)
  }

  relayDrop(relay: number): void {
    if (this.#kept === undefined) open().relayDrop(this.#id, relay)
  }

  relayActivity(relay: number): number {
    return this.#kept === undefined ? open().relayActivity(this.#id, relay) : 0
  }

  text(): string {
    return this.#kept ?? open().text(this.#id)
  }

  /** Its last record is there. */
  close(): void {
    // The number may be given again from here on.
    listeners[this.#id] = undefined
    sessions[this.#id] = undefined
    this.#kept = open().close(this.#id)
    if (--running === 0) open().hold(false)
  }
}

/** What the engine has read. */
const handles = new WeakMap<NativePlan, NativePlanHandle>()

function handleOf(plan: NativePlan): NativePlanHandle {
  let handle = handles.get(plan)
  if (handle === undefined) {
    handle = new (binding().Plan)(JSON.stringify(plan))
    handles.set(plan, handle)
  }
  return handle
}

/** `Pace::of_bits` in `src/session.rs` reads them. */
function bitsOf({ push, retain, deliver }: Pace): number {
  return (push ? 1 : 0) | (retain ? 2 : 0) | (deliver ? 4 : 0)
}

/**
 * Starts a session. Throws only for what the engine can't even try; what is wrong with the request itself is told as the
 * session's failure. `body`: JSON of the canonical request.
 */
export function openSession(
  request: NativeRequest,
  deliver: boolean,
  body: string,
  listener: SessionListener,
): Session {
  const native = open()
  const { plan, target, push, retain } = request
  return run(native, native.open(handleOf(plan), target, body, bitsOf({ push, retain, deliver })), listener)
}

/** Starts a session whose answer the caller brings. */
export function openFedSession(request: NativeFeed, pace: Pace, listener: SessionListener): FedSession {
  const native = open()
  return run(native, native.openFed(JSON.stringify(request), bitsOf(pace)), listener)
}

function run(native: NativeMailbox, id: number, listener: SessionListener): RunningSession {
  const session = new RunningSession(id)
  listeners[id] = listener
  sessions[id] = session
  if (++running === 1) native.hold(true)
  return session
}

/** Takes everything there is. Called by the engine, once per wake. */
function deliver(): void {
  const native = open()
  for (let text = native.take(records); text !== null; text = native.take(records)) {
    const head = records[0]!
    dispatch(text, head & ~more)
    if (head < more) return
  }
}

function dispatch(text: string, count: number): void {
  let from = 0
  for (let at = 1; at <= count; at += 3) {
    const kind = records[at + 1]!
    const to = records[at + 2]!
    const id = records[at]!
    const listener = listeners[id]
    if (listener !== undefined) {
      try {
        // Nearly every event is a piece of the first alternative's text.
        if (kind === 2) listener.text(text.slice(from, to), 0)
        else tell(listener, id, kind, text.slice(from, to))
      } catch (error) {
        raise(error)
      }
    }
    from = to
  }
}

/** The table of record kinds; `Kind` in `src/mailbox.rs` is the other copy. */
function tell(listener: SessionListener, id: number, kind: number, payload: string): void {
  switch (kind & 0xff) {
    case 0:
      return listener.open(payload)
    case 1:
      return listener.start(payload)
    case 2:
      return listener.text(payload, kind >>> 8)
    case 3:
      return listener.reasoning(payload, kind >>> 8)
    case 4:
      return listener.reasoningSignature(payload, kind >>> 8)
    case 5:
      return listener.toolCallDelta(payload)
    case 6:
      return listener.toolCall(payload)
    case 19:
      return listener.toolResult(payload)
    case 7:
      return listener.usage(payload)
    case 8:
      return listener.metadata(payload)
    case 9:
      return listener.retry(payload)
    case 10:
      return listener.retryQuestion(payload)
    case 11:
      sessions[id]?.close()
      return listener.finish(payload)
    case 12:
      sessions[id]?.close()
      return listener.failed(payload)
    case 13:
      sessions[id]?.close()
      return listener.cancelled()
    case 14:
      return listener.frames(payload, kind >>> 8)
    case 15:
      return listener.relayReady(kind >>> 8)
    case 16:
      return listener.relayed(JSON.parse(payload) as NativeRelayReport, kind >>> 8)
    case 17:
      return listener.summary(payload)
    case 18:
      return listener.room((kind >>> 8) as Room)
  }
}

/** As an emitter's handler would: uncaught, but not in the middle of the other sessions' events. */
function raise(error: unknown): void {
  process.nextTick(() => {
    throw error
  })
}
