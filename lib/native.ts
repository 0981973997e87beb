/**
 * The addon as JavaScript sees it: the shapes that cross N-API, and the loader. Nothing else in `lib/` requires the
 * binary. The shapes mirror `src/`; strings named `json` are JSON text, parsed only by those who need it.
 */

/** Flat, validated, complete: defaults are applied before it gets here. Times are milliseconds, 0 switches a clock off. */
export interface NativeRequest {
  url: string
  /** Name, value, name, value, … */
  headers: string[]
  /** The canonical request as JSON (`crates/wire/src/request.rs`), encoded for the endpoint by the engine. */
  body: string
  /** How the endpoint wants to be asked. */
  shape: 'events' | 'openai'
  /** How it answers: a `WireProtocol` or `auto`. */
  protocol: string
  maxEventBytes: number
  connectTimeout: number
  firstContentTimeout: number
  idleTimeout: number
  contentIdleTimeout: number
  totalTimeout: number
  maxRetries: number
  backoff: 'exponential' | 'linear'
  initialDelay: number
  maxDelay: number
  multiplier: number
  jitter: number
  respectRetryAfter: boolean
  /** 0: no cap. */
  maxTotalDelay: number
  retryableStatusCodes: number[]
  /** Whether `retryQuestion` is asked before each retry. */
  askRetry: boolean
  resume: 'auto' | 'restart' | 'none'
  /** Units the session may have outstanding before it stops reading; see {@link eventCost}. */
  credit: number
  /** Whether delivery itself returns the credit (push), or `Session.credit` does (pull). */
  autoCredit: boolean
}

/** A failure as data (`crates/engine/src/error.rs`); `StreamError` is built from it. */
export interface NativeError {
  type: string
  code: string
  message: string
  status?: number
  phase?: 'connect' | 'firstContent' | 'idle' | 'contentIdle' | 'total'
  attempt: number
  retryable: boolean
  /** Milliseconds. */
  retryAfter?: number
  requestId?: string
}
