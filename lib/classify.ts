/**
 * Any thrown value whatever → what kind of failure it is. Imports only `errors.ts`; never throws.
 */
import { isRecoverable, isStreamErrorType, StreamError, type StreamErrorType, suggestionFor } from './errors.js'

/**
 * What {@link classifyError} finds out.
 *
 * @example
 * const found: ErrorClassification = classifyError(new Error('?'))
 */
export interface ErrorClassification {
  type: StreamErrorType
  /** Whether trying again, perhaps later, can help. */
  recoverable: boolean
  /** What a person can do about it; never empty. */
  suggestion: string
  message: string
  /** Milliseconds since the epoch. */
  timestamp: number
  /** As given. */
  context: unknown
  /** HTTP status, where one was found. */
  status?: number
  /** Milliseconds to wait, where the value says so. */
  retryAfter?: number
}

const codes: Readonly<Record<string, StreamErrorType>> = {
  ABORT_ERR: 'aborted_error',
  ERR_CANCELED: 'aborted_error',
  ETIMEDOUT: 'timeout_error',
  ESOCKETTIMEDOUT: 'timeout_error',
  ECONNABORTED: 'timeout_error',
  UND_ERR_CONNECT_TIMEOUT: 'timeout_error',
  UND_ERR_HEADERS_TIMEOUT: 'timeout_error',
  UND_ERR_BODY_TIMEOUT: 'timeout_error',
  ECONNREFUSED: 'connection_error',
  ECONNRESET: 'connection_error',
  EPIPE: 'connection_error',
  ENOTFOUND: 'connection_error',
  EAI_AGAIN: 'connection_error',
  EHOSTUNREACH: 'connection_error',
  EHOSTDOWN: 'connection_error',
  ENETUNREACH: 'connection_error',
  ENETDOWN: 'connection_error',
  EADDRNOTAVAIL: 'connection_error',
  ERR_STREAM_PREMATURE_CLOSE: 'connection_error',
  UND_ERR_SOCKET: 'connection_error',
  UND_ERR_CLOSED: 'connection_error',
  EPROTO: 'connection_error',
  SELF_SIGNED_CERT_IN_CHAIN: 'connection_error',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'connection_error',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'connection_error',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'connection_error',
  CERT_HAS_EXPIRED: 'connection_error',
  rate_limit_exceeded: 'rate_limit_error',
  insufficient_quota: 'rate_limit_error',
  invalid_api_key: 'auth_error',
  context_length_exceeded: 'invalid_request_error',
  model_not_found: 'invalid_request_error',
  content_filter: 'content_policy_error',
  content_policy_violation: 'content_policy_error',
}

/** The `error.type` words of providers and of their SDKs' error objects. */
const words: Readonly<Record<string, StreamErrorType>> = {
  authentication_error: 'auth_error',
  permission_error: 'auth_error',
  not_found_error: 'invalid_request_error',
  request_too_large: 'invalid_request_error',
  api_error: 'server_error',
  server_error: 'server_error',
  overloaded_error: 'overloaded_error',
  rate_limit_error: 'rate_limit_error',
  invalid_request_error: 'invalid_request_error',
  timeout_error: 'timeout_error',
  tokens: 'rate_limit_error',
  requests: 'rate_limit_error',
  insufficient_quota: 'rate_limit_error',
}

const names: Readonly<Record<string, StreamErrorType>> = {
  AbortError: 'aborted_error',
  APIUserAbortError: 'aborted_error',
  TimeoutError: 'timeout_error',
  APIConnectionTimeoutError: 'timeout_error',
  ConnectTimeoutError: 'timeout_error',
  HeadersTimeoutError: 'timeout_error',
  BodyTimeoutError: 'timeout_error',
  APIConnectionError: 'connection_error',
  FetchError: 'connection_error',
  SocketError: 'connection_error',
  RateLimitError: 'rate_limit_error',
  AuthenticationError: 'auth_error',
  PermissionDeniedError: 'auth_error',
  BadRequestError: 'invalid_request_error',
  NotFoundError: 'invalid_request_error',
  UnprocessableEntityError: 'invalid_request_error',
  ConflictError: 'invalid_request_error',
  InternalServerError: 'server_error',
}

/** The type of failure an HTTP error status stands for. */
export function typeOfStatus(status: number): StreamErrorType {
  if (status === 408 || status === 504) return 'timeout_error'
  if (status === 429) return 'rate_limit_error'
  if (status === 401 || status === 403) return 'auth_error'
  if (status === 529) return 'overloaded_error'
  if (status >= 500 && status < 600) return 'server_error'
  if (status >= 400 && status < 500) return 'invalid_request_error'
  return 'unknown_error'
}

/** A property of anything: `undefined` where there is none, where reading it throws, or where `value` is no object. */
function read(value: unknown, key: string): unknown {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return undefined
  try {
    return (value as Record<string, unknown>)[key]
  } catch {
    return undefined
  }
}

function readString(value: unknown, key: string): string | undefined {
  const found = read(value, key)
  return typeof found === 'string' && found !== '' ? found : undefined
}

function readStatus(value: unknown): number | undefined {
  for (const found of [read(value, 'status'), read(value, 'statusCode'), read(read(value, 'response'), 'status')]) {
    if (typeof found === 'number' && Number.isInteger(found) && found >= 400 && found <= 599) return found
  }
  return undefined
}

function lookUp(
  table: Readonly<Record<string, StreamErrorType>>,
  key: string | undefined,
): StreamErrorType | undefined {
  return key !== undefined && Object.hasOwn(table, key) ? table[key] : undefined
}

/** The longest chain of causes that is followed; also what ends a cycle. */
const maxDepth = 8

/** How the network errors of `fetch` begin, in Node and in browsers. */
const fetchFailure = /^(fetch failed|failed to fetch|terminated|network ?error|load failed)/i

function typeOf(value: unknown, depth = 0): StreamErrorType | undefined {
  if (value === undefined || value === null || depth >= maxDepth) return undefined
  const type = readString(value, 'type')
  if (StreamError.isInstance(value) && isStreamErrorType(type)) return type
  // Provider SDKs keep the provider's own error object under `error`, sometimes one level deeper.
  const provider = read(value, 'error')
  const word =
    lookUp(codes, readString(value, 'code')) ??
    lookUp(words, readString(read(provider, 'error'), 'type')) ??
    lookUp(words, readString(provider, 'type')) ??
    lookUp(words, type) ??
    lookUp(codes, readString(provider, 'code'))
  const status = readStatus(value)
  if (status !== undefined) {
    // A status that says exactly one thing (401, 429) outranks the provider's words; 400 and 500 do not.
    const byStatus = typeOfStatus(status)
    return byStatus === 'server_error' || byStatus === 'invalid_request_error' ? (word ?? byStatus) : byStatus
  }
  const name = readString(value, 'name')
  const found = word ?? lookUp(names, name) ?? lookUp(names, readString(read(value, 'constructor'), 'name'))
  if (found !== undefined && found !== 'connection_error') return found
  // A wrapper such as undici's "fetch failed" or an SDK's connection error says less than its cause.
  const errors = read(value, 'errors')
  const deeper =
    typeOf(read(value, 'cause'), depth + 1) ?? (Array.isArray(errors) ? typeOf(errors[0], depth + 1) : undefined)
  if (deeper !== undefined || found !== undefined) return deeper ?? found
  return fetchFailure.test(readString(value, 'message') ?? '') ? 'connection_error' : undefined
}

function messageOf(value: unknown): string {
  const message = readString(value, 'message')
  if (message !== undefined) return message
  const inner = read(value, 'error')
  if (typeof inner === 'string' && inner !== '') return inner
  const deeper = readString(inner, 'message')
  if (deeper !== undefined) return deeper
  if (typeof value === 'string' && value !== '') return value
  if (value === undefined || value === null || typeof value === 'string') return 'Unknown error'
  if (typeof value !== 'object' && typeof value !== 'function') return String(value)
  const status = readStatus(value)
  return status === undefined ? 'Unknown error' : `HTTP ${status}`
}

function retryAfterOf(value: unknown): number | undefined {
  const own = read(value, 'retryAfter')
  if (typeof own === 'number' && Number.isFinite(own) && own >= 0) return own
  for (const headers of [read(value, 'headers'), read(read(value, 'response'), 'headers')]) {
    const milliseconds = Number.parseFloat(header(headers, 'retry-after-ms') ?? '')
    if (milliseconds >= 0 && milliseconds !== Number.POSITIVE_INFINITY) return milliseconds
    const given = header(headers, 'retry-after')
    if (given === undefined) continue
    if (/^\s*\d+(\.\d+)?\s*$/.test(given)) return Number.parseFloat(given) * 1000
    const date = Date.parse(given)
    if (!Number.isNaN(date)) return Math.max(0, date - Date.now())
  }
  return undefined
}

function header(headers: unknown, name: string): string | undefined {
  const get = read(headers, 'get')
  if (typeof get === 'function') {
    try {
      const found: unknown = get.call(headers, name)
      return typeof found === 'string' ? found : undefined
    } catch {
      return undefined
    }
  }
  return readString(headers, name)
}

/**
 * Says what kind of failure any thrown value is: ours, Node's, `fetch`'s, a provider SDK's, or something else. A pure
 * function that never throws, whatever it is given.
 *
 * @example
 * try {
 *   await fetch('http://127.0.0.1:1/')
 * } catch (error) {
 *   const { type, recoverable, suggestion } = classifyError(error, { stage: 'warm-up' })
 *   console.log(type, recoverable, suggestion) // connection_error true …
 * }
 */
export function classifyError(error: unknown, context?: unknown): ErrorClassification {
  const type = typeOf(error) ?? 'unknown_error'
  const own = StreamError.isInstance(error)
  const recoverable = own ? read(error, 'recoverable') : undefined
  const suggestion = own ? readString(error, 'suggestion') : undefined
  const status = readStatus(error)
  const retryAfter = retryAfterOf(error)
  return {
    type,
    recoverable: typeof recoverable === 'boolean' ? recoverable : isRecoverable(type),
    suggestion: suggestion ?? suggestionFor(type),
    message: messageOf(error),
    timestamp: Date.now(),
    context,
    ...(status !== undefined ? { status } : undefined),
    ...(retryAfter !== undefined ? { retryAfter } : undefined),
  }
}

/**
 * The same as {@link classifyError}.
 *
 * @example
 * const { type } = handleStreamingError(new Error('?')) // 'unknown_error'
 */
export const handleStreamingError = classifyError
