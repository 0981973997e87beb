/**
 * The events of a {@link StreamingResponse} and their JSON text. What stands here is held to the same list of frames as
 * the engine's encoder (`crates/wire/tests/vectors`): members come in a fixed order, and nothing holds a line end.
 */
import { checkBoolean, checkInteger, checkString, describe, fail } from '../check.js'
import { StreamError, ValidationError } from '../errors.js'
import { toJson } from '../generation.js'
import type { FinishReason, ToolCall, ToolResult } from '../types.js'

/**
 * The names of the events a {@link StreamingResponse} sends.
 *
 * @example
 * new EventSource('/events').addEventListener(SSEEventType.TOKEN, (event) => console.log(event.data))
 */
export const SSEEventType = {
  START: 'start',
  TOKEN: 'token',
  USAGE: 'usage',
  ERROR: 'error',
  METADATA: 'metadata',
  DONE: 'done',
} as const

/** One of the values of `SSEEventType`. */
export type SSEEventType = (typeof SSEEventType)[keyof typeof SSEEventType]

/**
 * Token counts for the client. Further fields are sent along.
 *
 * @example
 * const usage: UsageEvent = { promptTokens: 10, completionTokens: 20, totalTokens: 30, cached: true }
 */
export interface UsageEvent {
  promptTokens: number
  completionTokens: number
  totalTokens: number
  [field: string]: unknown
}

/**
 * An error for the client. Further fields are sent along.
 *
 * @example
 * const error: ErrorEvent = { error: 'Rate limit exceeded', code: 'RATE_LIMIT' }
 */
export interface ErrorEvent {
  error: string
  code?: string
  details?: unknown
  /** HTTP status from 400 to 599 of an answer that fails before its start. Default 500. */
  status?: number
  [field: string]: unknown
}

/**
 * Anything the client should know: an object that can be written as JSON.
 *
 * @example
 * const metadata: MetadataEvent = { model: 'gpt-4', temperature: 0.7 }
 */
export type MetadataEvent = Record<string, unknown>

/**
 * A piece of a tool call whose arguments are still being written.
 *
 * @example
 * response.sendToolCallDelta({ id: 'call_1', index: 0, name: 'get_weather', delta: '{"city":' })
 */
export interface ToolCallDeltaEvent {
  id: string
  /** Position among the calls of the answer. */
  index: number
  /** Name of the tool, with the first piece. */
  name?: string
  /** The next piece of the arguments' JSON text. */
  delta: string
  /** Which alternative the call belongs to, where more than one was asked for. */
  choice?: number
}

/**
 * A tool call that is complete; after its pieces, or alone.
 *
 * @example
 * const call: ToolCallEvent = { id: 'call_1', index: 0, name: 'get_weather', arguments: '{"city":"Bern"}' }
 */
export interface ToolCallEvent {
  id: string
  /** Position among the calls of the answer. */
  index: number
  /** Name of the tool. */
  name: string
  /** The JSON text, or the value itself. */
  arguments: unknown
  /** Whether the arguments are complete, well-formed JSON. Default true. */
  valid?: boolean
  /** Which alternative the call belongs to, where more than one was asked for. */
  choice?: number
}

/** The JSON text of a `token` event: the most frequent one, so it is put together by hand. */
export function tokenJson(token: string, index: number | undefined, choice?: number): string {
  checkString(token, 'token')
  let json = `{"token":${JSON.stringify(token)}`
  if (index !== undefined) {
    if (!Number.isFinite(index)) fail('index', 'a finite number', describe(index))
    json += `,"index":${index}`
  }
  return choice ? `${json},"choice":${checkInteger(choice, 'choice', 0)}}` : `${json}}`
}

export function reasoningJson(reasoning: string, signature: string | undefined, choice?: number): string {
  return JSON.stringify({
    reasoning: checkString(reasoning, 'reasoning'),
    ...(signature === undefined ? undefined : { signature: checkString(signature, 'signature') }),
    ...ofChoice(choice),
  })
}

export function toolCallDeltaJson(piece: ToolCallDeltaEvent): string {
  const { id, index, name, delta, choice } = checkRecord(piece, 'piece')
  return JSON.stringify({
    id: checkString(id, 'piece.id'),
    index: checkInteger(index, 'piece.index', 0),
    ...(name === undefined ? undefined : { name: checkString(name, 'piece.name') }),
    delta: checkString(delta, 'piece.delta'),
    ...ofChoice(choice),
  })
}

/** Takes the calls that `AIStream` and readers of an answer give as well. */
export function toolCallJson(call: ToolCallEvent | ToolCall): string {
  const { id, index, valid, choice, ...rest } = checkRecord(call, 'call') as ToolCallEvent & ToolCall
  const named = rest.name === undefined && rest.tool !== undefined ? 'tool' : 'name'
  const given = rest.arguments ?? rest.rawArguments ?? rest.args
  const event = {
    id: checkString(id, 'call.id'),
    index: checkInteger(index, 'call.index', 0),
    name: checkString(rest[named], `call.${named}`),
    arguments: given ?? fail('call.arguments', 'JSON text or a value that can be written as such', describe(given)),
    ...(valid !== undefined && !checkBoolean(valid, 'call.valid') && { valid }),
    ...ofChoice(choice),
  }
  return toJson(event, 'call')
}

/** What came of a call. */
export function toolResultJson(result: ToolResult): string {
  const { id, tool, result: given = null, isError } = result
  const event = {
    id: checkString(id, 'chunk.id'),
    ...(tool !== '' && { name: checkString(tool, 'chunk.tool') }),
    result: given,
    ...(isError !== undefined && checkBoolean(isError, 'chunk.isError') && { isError }),
  }
  return toJson(event, 'chunk')
}

/** The first alternative goes without saying. */
function ofChoice(choice: number | undefined): { choice: number } | undefined {
  return choice ? { choice: checkInteger(choice, 'choice', 0) } : undefined
}

/** Takes whatever an app may have caught and been told of. */
export function errorJson(error: string | ErrorEvent | Error): string {
  if (typeof error === 'string') return JSON.stringify({ error })
  if (error instanceof Error || StreamError.isInstance(error)) {
    const { message, code, type, status } = error as Error & { code?: unknown; type?: unknown; status?: unknown }
    return JSON.stringify({
      error: message,
      ...(typeof code === 'string' && { code }),
      ...(StreamError.isInstance(error) && { type, ...(status !== undefined && { status }) }),
    })
  }
  if (typeof error !== 'object' || error === null || typeof error.error !== 'string') {
    throw new ValidationError(
      `Expected \`error\` to be a string or an object with one in \`error\`, or an Error, got ${describe(error)}`,
      'error',
    )
  }
  return toJson(error, 'error')
}

/** The HTTP status of an answer that fails before its start. */
export function errorStatus(error: string | ErrorEvent | Error): number {
  if (typeof error === 'string') return 500
  const { status } = error as { status?: unknown }
  // An error that was caught may have a status of its own, or something else by that name.
  if (error instanceof Error)
    return Number.isInteger(status) && isErrorStatus(status as number) ? (status as number) : 500
  if (status === undefined) return 500
  if (typeof status === 'number' && Number.isInteger(status) && isErrorStatus(status)) return status
  return fail('error.status', 'an HTTP status from 400 to 599', describe(status))
}

function isErrorStatus(status: number): boolean {
  return status >= 400 && status <= 599
}

/** The JSON text of an event whose fields are the app's own. */
export function recordJson(value: object, field: string): string {
  return toJson(checkRecord(value, field), field)
}

/** @param now Milliseconds since the epoch. */
export function startJson(now: number): string {
  return JSON.stringify({ timestamp: new Date(now).toISOString() })
}

/** @param now Milliseconds since the epoch. */
export function doneJson(now: number, finishReason: FinishReason | undefined, aborted: boolean): string {
  return JSON.stringify({
    timestamp: new Date(now).toISOString(),
    ...(finishReason === undefined ? undefined : { finishReason }),
    ...(aborted ? { aborted } : undefined),
  })
}

function checkRecord<T extends object>(value: T, field: string): T {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? value
    : fail(field, 'an object', describe(value))
}
