/**
 * The JavaScript end of the mailbox: packed batches from the engine become calls on the sessions' listeners. One
 * crossing of N-API per batch, not per token. A listener that throws does not stop the others: its error surfaces as
 * an uncaught exception, as from any event handler.
 */
import { binding, type NativeMailbox, type NativeRequest } from './native.js'

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
}

/** One running session. All methods may be called after its end, without effect. */
export interface Session {
  /** Closes the upstream socket; `cancelled` follows. */
  cancel(): void
  /** Returns credit for events that were consumed; see {@link eventCost}. */
  credit(units: number): void
  decideRetry(goOn: boolean): void
}

/** Credit units one event takes: its payload in UTF-16 units, plus 64 for the record. */
export function eventCost(payload: string): number {
  return payload.length + 64
}

/** Room for the largest batch (`BATCH_RECORDS` in `src/mailbox.rs`): a count, then three numbers an event. */
const records = new Uint32Array(1 + 3 * 4096)

const listeners = new Map<number, SessionListener>()

let mailbox: NativeMailbox | undefined

function open(): NativeMailbox {
  mailbox ??= new (binding().Mailbox)(deliver)
  return mailbox
}

/** Starts a session. Throws only for what the engine can't even try. */
export function openSession(request: NativeRequest, listener: SessionListener): Session {
  const native = open()
  const id = native.open(request)
  listeners.set(id, listener)
  native.hold(true)
  return {
    cancel: () => native.cancel(id),
    credit: (units) => native.credit(id, units),
    decideRetry: (goOn) => native.decideRetry(id, goOn),
  }
}

/** How many sessions of this environment are running. */
export function openSessions(): number {
  return listeners.size
}

/** Takes everything there is. Called by the engine, once per wake. */
function deliver(): void {
  const native = open()
  for (let text = native.take(records); text !== null; text = native.take(records)) {
    dispatch(text)
  }
}

function dispatch(text: string): void {
  const end = records[0]! + 1
  let from = 0
  for (let at = 1; at < end; at += 3) {
    const id = records[at]!
    const kind = records[at + 1]!
    const to = records[at + 2]!
    const listener = listeners.get(id)
    if (listener !== undefined) {
      try {
        tell(listener, id, kind, from === to ? '' : text.slice(from, to))
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
    case 7:
      return listener.usage(payload)
    case 8:
      return listener.metadata(payload)
    case 9:
      return listener.retry(payload)
    case 10:
      return listener.retryQuestion(payload)
    case 11:
      close(id)
      return listener.finish(payload)
    case 12:
      close(id)
      return listener.failed(payload)
    case 13:
      close(id)
      return listener.cancelled()
  }
}

function close(id: number): void {
  listeners.delete(id)
  if (listeners.size === 0) open().hold(false)
}

/** As an emitter's handler would: uncaught, but not in the middle of the other sessions' events. */
function raise(error: unknown): void {
  process.nextTick(() => {
    throw error
  })
}
