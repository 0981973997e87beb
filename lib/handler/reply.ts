/**
 * What a web client is told when there is no stream to send: failures, with a status that says whose they are, and whole
 * answers. What always holds: a provider's refusal of the app's key never looks like a refusal of the client.
 */
import type { StreamError } from '../errors.js'
import type { WireFormat } from '../providers.js'
import type { CollectedResponse, FinishReason } from '../types.js'

/** Status, headers and JSON. */
export interface Reply {
  status: number
  headers: Record<string, string>
  body: unknown
}

/** The reply to a failure, in a format's words; the headers are those that go along. */
export type FailureReply = (
  error: StreamError,
  format: WireFormat | undefined,
  headers: Record<string, string>,
) => Reply

/**
 * The reply to a failure before the first byte. The status is the provider's where it refused this request (400, 404,
 * 422, 429, …) or failed (500, 503, …); 502 where it refused the app's key (401, 402, 403, 407) or could not be reached or
 * understood; 504 where it took too long; 503 where the app itself is busy.
 *
 * `given`: headers that go along.
 */
export function failureReply(error: StreamError, format: WireFormat | undefined, given: Record<string, string>): Reply {
  const credentials = isAboutCredentials(error)
  const message = messageFor(error)
  const headers = failureHeaders(error, given)
  const { type, code } = error
  const field = (error as { field?: string }).field
  return {
    status: credentials ? (error.status === undefined ? 500 : 502) : statusOf(error),
    headers,
    body:
      format === 'openai'
        ? { error: { message, type, code, param: field ?? null } }
        : { error: message, type, code, ...(field !== undefined && { field }) },
  }
}

function isAboutCredentials({ type, status }: StreamError): boolean {
  return type === 'auth_error' || [401, 402, 403, 407].includes(status ?? 0)
}

/** A failure's message for a client. What the provider says about a key is for the app's own logs. */
export function messageFor(error: StreamError): string {
  const refused = isAboutCredentials(error) && error.status !== undefined
  return refused ? 'The provider refused the credentials of this server' : error.message
}

/** The headers of a failure's reply. */
export function failureHeaders(error: StreamError, given: Record<string, string>): Record<string, string> {
  const headers: Record<string, string> = { ...withoutContent(given), 'Content-Type': 'application/json' }
  if (error.retryAfter !== undefined) headers['Retry-After'] = String(Math.ceil(error.retryAfter / 1000))
  return headers
}

const statuses: Partial<Record<StreamError['type'], number>> = {
  timeout_error: 504,
  rate_limit_error: 429,
  invalid_request_error: 400,
  content_policy_error: 400,
  overloaded_error: 503,
  circuit_open_error: 503,
  queue_full_error: 503,
  aborted_error: 503,
  unknown_error: 500,
}

function statusOf({ status, type }: StreamError): number {
  if (status !== undefined && status >= 400 && status <= 599) return status
  return statuses[type] ?? 502
}

/** The app's own headers, but for those that speak of the stream's body. */
function withoutContent(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.toLowerCase().startsWith('content-')))
}

/** A whole answer: as OpenAI's `chat.completion` in that format, else in our own words. */
export function wholeReply(answer: CollectedResponse, format: WireFormat, given: Record<string, string>): Reply {
  const headers = { ...withoutContent(given), 'Content-Type': 'application/json' }
  return { status: 200, headers, body: format === 'openai' ? completion(answer) : plain(answer) }
}

function plain({ text, reasoning, toolCalls, finishReason, usage, provider, model }: CollectedResponse): unknown {
  return { text, reasoning, toolCalls, finishReason, usage: usage && { ...usage, raw: undefined }, provider, model }
}

const reasons: Partial<Record<FinishReason, string>> = {
  length: 'length',
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
}

/** OpenAI's `chat.completion`. */
export function completion({ text, reasoning, toolCalls, finishReason, usage, model }: CollectedResponse): unknown {
  const calls = toolCalls
    .filter(({ choice }) => choice === undefined)
    .map(({ id, tool, rawArguments }) => ({ id, type: 'function', function: { name: tool, arguments: rawArguments } }))
  return {
    id: `chatcmpl-${crypto.randomUUID()}`,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text === '' && calls.length > 0 ? null : text,
          refusal: null,
          ...(reasoning !== '' && { reasoning_content: reasoning }),
          ...(calls.length > 0 && { tool_calls: calls }),
        },
        logprobs: null,
        finish_reason: reasons[finishReason] ?? 'stop',
      },
    ],
    ...(usage && {
      usage: {
        prompt_tokens: usage.promptTokens,
        completion_tokens: usage.completionTokens,
        total_tokens: usage.totalTokens,
      },
    }),
  }
}
