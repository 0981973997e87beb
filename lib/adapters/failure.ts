/**
 * What a provider SDK throws → what the client is told. What always holds: nothing that looks like a key is passed on,
 * whatever the message was made of; never throws.
 */
import { classifyError, typeOfStatus } from '../classify.js'
import type { ErrorEvent } from '../streaming-response/events.js'
import { countOf, type Fields, fieldsOf, filled, isObject } from './mapping.js'

/** Longest message that is passed on, in UTF-16 units. */
const maxMessage = 2048

/** The failure of a stream, of any kind whatever. */
export function failureOf(error: unknown): ErrorEvent {
  if (typeof error === 'string') return { error: mask(error), code: 'STREAM_ERROR' }
  const found = classifyError(error)
  const provider = providerError(error)
  const status = found.status ?? httpStatus(provider)
  const type = found.type === 'unknown_error' && status !== undefined ? typeOfStatus(status) : found.type
  const said = filled(provider.message) ?? found.message
  const fields = fieldsOf(error)
  const words = [
    fields.code,
    provider.code,
    provider.type,
    provider.status,
    fields.type,
    causeCode(fields),
    nameOf(error),
  ]
  return {
    error: mask(found.status === undefined ? said : `HTTP ${status}: ${said}`),
    code: mask(words.map(filled).find((word) => word !== undefined) ?? 'STREAM_ERROR'),
    ...(type !== 'unknown_error' && { type }),
    ...(status !== undefined && { status }),
    ...(found.retryAfter !== undefined && { retryAfterMs: found.retryAfter }),
  }
}

/** The error inside a chunk: an object of the provider's, or a message. */
export function chunkFailure(error: unknown, fallback: string): ErrorEvent {
  if (typeof error === 'string') return failureOf(error)
  return failureOf({ message: filled(fieldsOf(error).message) ?? fallback, error })
}

/** A chunk that is none. */
export function invalidChunk(provider: string): ErrorEvent {
  return { error: `Invalid ${provider} chunk format`, code: 'STREAM_ERROR', type: 'protocol_error' }
}

/** The stream ended before the provider said that it is whole. */
export function truncated(): ErrorEvent {
  return { error: 'The provider ended the answer before it was whole', code: 'TRUNCATED', type: 'truncated_error' }
}

/** The provider's own error object: SDKs keep it under `error`, one level deeper, or as JSON in the message. */
function providerError(error: unknown): Fields {
  let found: unknown
  try {
    found = fieldsOf(error).error
    if (!isObject(found)) {
      const message = String(fieldsOf(error).message ?? '')
      const start = message.indexOf('{')
      found = start < 0 ? undefined : JSON.parse(message.slice(start))
    }
    const inner = fieldsOf(found).error
    return fieldsOf(isObject(inner) ? inner : found)
  } catch {
    return {}
  }
}

/** Google's errors have the status as `code`, and gateways invent more. */
function httpStatus(provider: Fields): number | undefined {
  const status = countOf(provider.code) ?? countOf(provider.status)
  return status !== undefined && Number.isInteger(status) && status >= 400 && status <= 599 ? status : undefined
}

/** `fetch` says why it failed in the cause. */
function causeCode({ cause }: Fields): unknown {
  return fieldsOf(cause).code ?? fieldsOf(fieldsOf(cause).cause).code
}

function nameOf(error: unknown): string | undefined {
  return error instanceof Error ? error.name : undefined
}

/** Shapes of keys, wherever they stand. */
const secrets: readonly [RegExp, string][] = [
  [/\b(Bearer|Basic)\s+[^\s"',;]+/gi, '$1 [redacted]'],
  [/([?&](?:api[-_]?key|key|access[-_]token|token)=)[^&\s"']+/gi, '$1[redacted]'],
  [/\b(?:sk|pk|rk|gsk|xai|csk|nvapi|hf|r8|sess|pplx|fw)[-_][\w*.-]{6,}/g, '[redacted]'],
  [/\bAIza[\w-]{10,}/g, '[redacted]'],
  [/\bAKIA[A-Z0-9]{12,}/g, '[redacted]'],
]

function mask(text: string): string {
  // Cut first: nobody waits for the patterns to walk over a body that was taken for a message.
  let masked = text.length > maxMessage ? `${text.slice(0, maxMessage)}…` : text
  for (const [pattern, replacement] of secrets) masked = masked.replace(pattern, replacement)
  return masked
}
