/**
 * The JavaScript end of the mailbox: packed batches from the engine become calls on the sessions' listeners. Runs once
 * per batch, not once per token; a listener that throws does not stop the others.
 */
import type { NativeRequest } from './native.js'

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

export declare function openSession(request: NativeRequest, listener: SessionListener): Session
