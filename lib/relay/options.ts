/**
 * The options of an answer that is sent on, checked, and what a client is told before its first byte: the head of each
 * format, and the status of an answer that failed. What always holds: a misspelt or impossible option is refused before
 * anything is sent.
 */
import type { Answer } from '../answer.js'
import {
  checkBoolean,
  checkHeaders,
  checkMilliseconds,
  checkObject,
  checkOneOf,
  checkSignal,
  describe,
  fail,
} from '../check.js'
import { abortedError, type StreamError, type StreamErrorType, ValidationError } from '../errors.js'
import type { NativeRelayOptions } from '../native.js'
import type { WireFormat } from '../providers.js'
import type { PipeOptions } from '../relay.js'

export const formats: readonly WireFormat[] = ['events', 'openai', 'chunk', 'content', 'ui-message', 'ndjson', 'text']

/** {@link PipeOptions}, complete. */
export interface RelaySettings {
  format: WireFormat
  sink: 'auto' | 'socket' | 'write'
  heartbeat: number
  compression: boolean
  headers: Record<string, string>
  signal: AbortSignal | undefined
  /** How a failure before the first byte is told; default {@link failureHead}'s own way. */
  failureHead?: (error: StreamError) => FailureHead
}

const keys: readonly (keyof PipeOptions)[] = ['format', 'sink', 'heartbeat', 'compression', 'headers', 'signal']

/** They say how long the body is and how it is sent, which is not known to whoever gives headers. */
const framing = ['content-length', 'transfer-encoding']

/** @throws ValidationError */
export function relaySettings(options: unknown, further: readonly string[] = []): RelaySettings {
  const given = options === undefined ? {} : (checkObject(options, 'options', [...keys, ...further]) as PipeOptions)
  const headers = given.headers === undefined ? {} : checkHeaders(given.headers, 'headers')
  for (const name of Object.keys(headers)) {
    if (framing.includes(name.toLowerCase())) {
      fail('headers', 'without those that frame the body, which is not made yet', JSON.stringify(name))
    }
  }
  const sink = given.sink === undefined ? 'auto' : checkOneOf(given.sink, 'sink', ['auto', 'socket', 'write'])
  const compression = given.compression !== undefined && checkBoolean(given.compression, 'compression')
  if (sink === 'socket' && compression) {
    throw unavailable("`compression` is on, which is JavaScript's work: leave `sink` at 'auto'")
  }
  return {
    format: given.format === undefined ? 'events' : checkOneOf(given.format, 'format', formats),
    sink,
    heartbeat: given.heartbeat === undefined ? 0 : checkMilliseconds(given.heartbeat, 'heartbeat'),
    compression,
    headers,
    signal: given.signal === undefined ? undefined : checkSignal(given.signal, 'signal'),
  }
}

/** Why `sink: 'socket'` is impossible. */
export function unavailable(reason: string): ValidationError {
  return new ValidationError(`\`sink: 'socket'\` is not possible here: ${reason}`, 'sink', {
    code: 'SINK_UNAVAILABLE',
  })
}

/** Refuses an option that has no meaning where it was given. */
export function refuse(options: unknown, field: keyof PipeOptions, instead: string): void {
  const value = (options as PipeOptions | undefined)?.[field]
  if (value !== undefined) fail(field, `left out here: ${instead}`, describe(value))
}

/** How many encoded bytes may wait for a client: what one socket of the kernel takes on at least. */
const window = 64 * 1024

/** The engine's part of the settings. */
export function nativeOptions(answer: Answer, settings: RelaySettings): NativeRelayOptions {
  return {
    format: settings.format,
    id: crypto.randomUUID(),
    model: answer.model,
    heartbeat: settings.heartbeat,
    window,
    firstId: 0,
    idPrefix: '',
    part: false,
  }
}

/** What is sent in a format where nothing else is, so that the client and whatever stands between hears something. */
export function heartbeatOf(format: WireFormat): string {
  if (format === 'text') return ''
  return format === 'ndjson' ? '\n' : ': heartbeat\n\n'
}

/** The usual headers of a format; the given ones replace them. `keepsAlive`: whether the connection will stay open. */
export function headOf(settings: RelaySettings, keepsAlive: boolean): Record<string, string> {
  const { format } = settings
  const usual = {
    'Content-Type': contentType(format),
    'Cache-Control': 'no-cache, no-transform',
    ...(keepsAlive && format !== 'text' && format !== 'ndjson' && { Connection: 'keep-alive' }),
    'X-Accel-Buffering': 'no',
    ...(format === 'ui-message' && { 'x-vercel-ai-ui-message-stream': 'v1' }),
  }
  return replaceHeaders(usual, settings.headers)
}

function contentType(format: WireFormat): string {
  if (format === 'text') return 'text/plain; charset=utf-8'
  return format === 'ndjson' ? 'application/x-ndjson' : 'text/event-stream'
}

/** Names of headers are the same in any case of letters. */
function replaceHeaders(usual: Record<string, string>, given: Record<string, string>): Record<string, string> {
  const names = Object.keys(given).map((name) => name.toLowerCase())
  const kept = Object.entries(usual).filter(([name]) => !names.includes(name.toLowerCase()))
  return { ...Object.fromEntries(kept), ...given }
}

/** How an answer ended that did not come to its end. */
export function failureOf(answer: Answer): StreamError | undefined {
  const { outcome } = answer
  if (outcome?.kind === 'failed' || outcome?.kind === 'aborted') return outcome.error
  if (outcome?.kind !== 'stopped') return undefined
  return abortedError('The stream was stopped', { provider: answer.provider, partialText: answer.textSoFar })
}

/** The response to a request whose answer failed before its first byte. */
export interface FailureHead {
  status: number
  headers: Record<string, string>
  body: string
}

/** `{error, type, code}` as JSON. The given headers go along (they may be those that let a browser read it). */
export function failureHead(error: StreamError, settings: RelaySettings): FailureHead {
  if (settings.failureHead !== undefined) return settings.failureHead(error)
  const { message, type, code, retryAfter } = error
  const given = Object.entries(settings.headers).filter(([name]) => !name.toLowerCase().startsWith('content-'))
  const headers = { ...Object.fromEntries(given), 'Content-Type': 'application/json' }
  if (retryAfter !== undefined) Object.assign(headers, { 'Retry-After': String(Math.ceil(retryAfter / 1000)) })
  return { status: statusOf(error), headers, body: JSON.stringify({ error: message, type, code }) }
}

/** By the failure's type, where it came without a status of its own. */
const statuses: Record<StreamErrorType, number> = {
  timeout_error: 504,
  connection_error: 502,
  rate_limit_error: 429,
  auth_error: 401,
  invalid_request_error: 400,
  overloaded_error: 503,
  server_error: 502,
  protocol_error: 502,
  truncated_error: 502,
  content_policy_error: 400,
  circuit_open_error: 503,
  queue_full_error: 503,
  aborted_error: 503,
  unknown_error: 500,
}

/** The status a client is told: the provider's where it is one of an error, else one that says who failed. */
export function statusOf(error: StreamError): number {
  const { status, type } = error
  return status !== undefined && status >= 400 && status <= 599 ? status : (statuses[type] ?? 500)
}
