/**
 * The error family of the public API. Every failure of a stream is a {@link StreamError}; what kind it is was decided
 * once, where the failure was known. No key, no prompt and no header value ever stands in one.
 */
import type { NativeError } from './native.js'

/**
 * What kind of failure.
 *
 * @example
 * const worthWaiting: StreamErrorType[] = ['rate_limit_error', 'overloaded_error']
 */
export type StreamErrorType =
  | 'timeout_error'
  | 'connection_error'
  | 'rate_limit_error'
  | 'auth_error'
  | 'invalid_request_error'
  | 'overloaded_error'
  | 'server_error'
  | 'protocol_error'
  | 'truncated_error'
  | 'content_policy_error'
  | 'circuit_open_error'
  | 'queue_full_error'
  | 'aborted_error'
  | 'unknown_error'

/**
 * Which of the five clocks ran out. The names are those of the `timeout` option.
 *
 * @example
 * const phase: TimeoutPhase = 'firstContent'
 */
export type TimeoutPhase = 'connect' | 'firstContent' | 'idle' | 'contentIdle' | 'total'

/** What the rest of the house decides by a failure's type, in one table. */
const kinds: Record<StreamErrorType, { recoverable: boolean; suggestion: string }> = {
  timeout_error: {
    recoverable: true,
    suggestion: 'Try again; where answers are slow by nature, raise the timeout that the error names.',
  },
  connection_error: { recoverable: true, suggestion: 'Check the network and the endpoint, then try again.' },
  rate_limit_error: { recoverable: true, suggestion: 'Wait as long as `retryAfter` says, or send fewer requests.' },
  auth_error: { recoverable: false, suggestion: 'Check the API key and what it is allowed to do.' },
  invalid_request_error: {
    recoverable: false,
    suggestion: 'Correct the request: the same one would fail again. The message says what was wrong.',
  },
  overloaded_error: {
    recoverable: true,
    suggestion: 'The provider is overloaded: try again later or ask another one.',
  },
  server_error: { recoverable: true, suggestion: 'The provider failed: try again later.' },
  protocol_error: {
    recoverable: false,
    suggestion: 'The endpoint did not answer as expected: check its URL and the `protocol` option.',
  },
  truncated_error: {
    recoverable: true,
    suggestion: 'The answer broke off: `partialText` holds what had come. Try again, or go on from there.',
  },
  content_policy_error: {
    recoverable: false,
    suggestion: "The provider's content filter refused: change the prompt.",
  },
  circuit_open_error: {
    recoverable: true,
    suggestion: 'The provider failed repeatedly and is given a rest: try later.',
  },
  queue_full_error: { recoverable: true, suggestion: 'Too many requests are waiting: try again when some are done.' },
  aborted_error: { recoverable: false, suggestion: 'The request was cancelled; nothing is wrong.' },
  unknown_error: { recoverable: false, suggestion: 'Look at the message and at `cause`.' },
}

/** Whether trying again, perhaps later, can help against a failure of this type. */
export function isRecoverable(type: StreamErrorType): boolean {
  return kinds[type].recoverable
}

/** What a person can do about a failure of this type. */
export function suggestionFor(type: StreamErrorType): string {
  return kinds[type].suggestion
}

/** Whether `type` is a {@link StreamErrorType}. */
export function isStreamErrorType(type: unknown): type is StreamErrorType {
  return typeof type === 'string' && Object.hasOwn(kinds, type)
}

/**
 * What a {@link StreamError} is made of.
 *
 * @example
 * throw new StreamError('HTTP 503: no model is loaded', { type: 'server_error', code: 'NO_MODEL', status: 503 })
 */
export interface StreamErrorInit {
  type: StreamErrorType
  code: string
  status?: number
  provider?: string
  attempt?: number
  retryable?: boolean
  recoverable?: boolean
  suggestion?: string
  retryAfter?: number
  partialText?: string
  requestId?: string
  cause?: unknown
}

/** Shared by all copies of the package in a process, unlike the class itself. */
const marker = Symbol.for('millstream.StreamError')

/**
 * A failed stream.
 *
 * @example
 * try {
 *   await stream.send('Hello')
 * } catch (error) {
 *   if (StreamError.isInstance(error) && error.type === 'rate_limit_error') console.log('wait', error.retryAfter, 'ms')
 * }
 */
export class StreamError extends Error {
  static {
    StreamError.prototype.name = 'StreamError'
  }

  readonly type: StreamErrorType
  /** Short machine-readable reason: the provider's code where it gave one, else ours (`ECONNREFUSED`, `IDLE_TIMEOUT`, …). */
  readonly code: string
  /** HTTP status, where an answer with an error status came. */
  declare readonly status?: number
  /** The provider asked, where one was named. */
  declare readonly provider?: string
  /** Which attempt failed, counted from 1; 0 where no request was made. */
  readonly attempt: number
  /** Whether the engine itself would try again, had it attempts left. */
  readonly retryable: boolean
  /** Whether trying again, perhaps later, can help. */
  readonly recoverable: boolean
  /** What a person can do about it. */
  readonly suggestion: string
  /** How long the server asked to wait, in milliseconds. */
  declare readonly retryAfter?: number
  /** The provider's id of the failed request. */
  declare readonly requestId?: string
  /** The text received before the failure, in full. Not enumerable, so that logging an error does not log the answer. */
  declare readonly partialText: string

  constructor(message: string, init: StreamErrorInit) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause })
    this.type = init.type
    this.code = init.code
    if (init.status !== undefined) this.status = init.status
    if (init.provider !== undefined) this.provider = init.provider
    this.attempt = init.attempt ?? 0
    this.retryable = init.retryable ?? false
    this.recoverable = init.recoverable ?? isRecoverable(init.type)
    this.suggestion = init.suggestion ?? suggestionFor(init.type)
    if (init.retryAfter !== undefined) this.retryAfter = init.retryAfter
    if (init.requestId !== undefined) this.requestId = init.requestId
    Object.defineProperty(this, 'partialText', { value: init.partialText ?? '', configurable: true })
    Object.defineProperty(this, marker, { value: true })
  }

  /** The same as {@link StreamError.status}. */
  get statusCode(): number | undefined {
    return this.status
  }

  /** The same as {@link StreamError.partialText}. */
  get partialContent(): string {
    return this.partialText
  }

  /**
   * Whether `value` is a `StreamError` of any copy of this package. Never throws.
   *
   * @example
   * stream.on('error', (error) => console.log(StreamError.isInstance(error))) // true
   */
  static isInstance(value: unknown): value is StreamError {
    try {
      return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[marker] === true
    } catch {
      return false
    }
  }
}

/**
 * One of the five clocks ran out.
 *
 * @example
 * stream.on('error', (error) => {
 *   if (error instanceof TimeoutError) console.log('too slow:', error.phase)
 * })
 */
export class TimeoutError extends StreamError {
  static {
    TimeoutError.prototype.name = 'TimeoutError'
  }

  readonly phase: TimeoutPhase

  constructor(message: string, init: Omit<StreamErrorInit, 'type'> & { phase: TimeoutPhase }) {
    super(message, { ...init, type: 'timeout_error' })
    this.phase = init.phase
  }
}

/**
 * An option or an argument is not what it must be. Raised before any request is made.
 *
 * @example
 * try {
 *   new AIStream({ endpoint: '/api/chat', model: '' })
 * } catch (error) {
 *   if (error instanceof ValidationError) console.log(error.field) // 'model'
 * }
 */
export class ValidationError extends StreamError {
  static {
    ValidationError.prototype.name = 'ValidationError'
  }

  /** The option, e.g. `retry.maxRetries`. */
  readonly field: string

  constructor(message: string, field: string, init: Partial<StreamErrorInit> = {}) {
    super(message, { type: 'invalid_request_error', code: 'INVALID_ARGUMENT', ...init })
    this.field = field
  }
}

/**
 * The endpoint answered with an error status.
 *
 * @example
 * stream.on('error', (error) => {
 *   if (error instanceof APIError) console.log(error.statusCode, error.requestId)
 * })
 */
export class APIError extends StreamError {
  static {
    APIError.prototype.name = 'APIError'
  }

  constructor(message: string, init: StreamErrorInit & { status: number }) {
    super(message, init)
  }

  override get statusCode(): number {
    return this.status as number
  }
}

/**
 * An answer is not what was asked for: text that is no JSON (`INVALID_JSON`), or a value that does not match its schema
 * (`SCHEMA_MISMATCH`). The answer itself, as far as it came, is in `partialText`, and never in the message.
 *
 * @example
 * try {
 *   await result.object
 * } catch (error) {
 *   if (error instanceof OutputError) console.log(error.code, error.offset, error.path)
 * }
 */
export class OutputError extends StreamError {
  static {
    OutputError.prototype.name = 'OutputError'
  }

  /** Of `INVALID_JSON`: where in the text the first impossible character stands, or the text ends too early. */
  declare readonly offset?: number
  /** Of `SCHEMA_MISMATCH`: where in the value the first mismatch is, as names and indices; `[]` is the value itself. */
  declare readonly path?: readonly (string | number)[]
  /** Of `SCHEMA_MISMATCH`: all that was found. */
  declare readonly issues?: readonly OutputIssue[]

  constructor(
    message: string,
    init: Omit<StreamErrorInit, 'type'> & { offset?: number | undefined; issues?: readonly OutputIssue[] | undefined },
  ) {
    super(message, {
      suggestion:
        'Ask again, or allow the model more tokens; a model with structured output of its own keeps to a schema.',
      ...init,
      type: 'protocol_error',
    })
    if (init.offset !== undefined) this.offset = init.offset
    if (init.issues !== undefined) {
      this.issues = init.issues
      this.path = init.issues[0]?.path ?? []
    }
  }
}

/**
 * One mismatch between a value and its schema.
 *
 * @example
 * const issue: OutputIssue = { path: ['rivers', 0], message: 'Expected a string' }
 */
export interface OutputIssue {
  /** Names and indices from the value itself to the place. */
  path: readonly (string | number)[]
  message: string
}

/** The public error for a failure reported by the engine. */
export function fromNative(
  native: NativeError,
  context: { provider?: string; partialText: string; cause?: unknown },
): StreamError {
  if (native.field !== undefined) return new ValidationError(native.message, native.field, { code: native.code })
  const init: StreamErrorInit = {
    type: isStreamErrorType(native.type) ? native.type : 'unknown_error',
    code: native.code,
    attempt: native.attempt,
    retryable: native.retryable,
    partialText: context.partialText,
    ...(context.provider ? { provider: context.provider } : undefined),
    ...(native.status !== undefined ? { status: native.status } : undefined),
    ...(native.recoverable !== undefined ? { recoverable: native.recoverable } : undefined),
    ...(native.suggestion !== undefined ? { suggestion: native.suggestion } : undefined),
    ...(native.retryAfter !== undefined ? { retryAfter: native.retryAfter } : undefined),
    ...(native.requestId !== undefined ? { requestId: native.requestId } : undefined),
    ...(context.cause !== undefined ? { cause: context.cause } : undefined),
  }
  if (native.offset !== undefined) {
    const { suggestion: _, ...rest } = init
    return new OutputError(native.message, { ...rest, offset: native.offset })
  }
  if (native.phase !== undefined) return new TimeoutError(native.message, { ...init, phase: native.phase })
  if (native.status !== undefined) return new APIError(native.message, { ...init, status: native.status })
  return new StreamError(native.message, init)
}

/** The error readers of an aborted stream see. */
export function abortedError(
  message: string,
  context: { provider?: string; partialText: string; cause?: unknown },
): StreamError {
  return new StreamError(message, {
    type: 'aborted_error',
    code: 'ABORTED',
    partialText: context.partialText,
    ...(context.provider ? { provider: context.provider } : undefined),
    ...(context.cause !== undefined ? { cause: context.cause } : undefined),
  })
}
