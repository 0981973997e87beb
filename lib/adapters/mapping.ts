/**
 * What an adapter makes of a provider's chunks: events of `StreamingResponse`. One mapping per provider, used by both
 * forms of its adapter. What always holds: a mapping does no I/O and never throws, whatever a chunk is; it keeps only
 * what later chunks need, and that is bounded; its time is linear in what it was given.
 */
import {
  type ErrorEvent,
  type MetadataEvent,
  reasoningJson,
  recordJson,
  SSEEventType,
  type ToolCallDeltaEvent,
  type ToolCallEvent,
  tokenJson,
  toolCallDeltaJson,
  toolCallJson,
  type UsageEvent,
} from '../streaming-response/events.js'
import type { FinishReason } from '../types.js'

/** One event for the client. */
export type AnswerEvent =
  | { type: 'token'; token: string; index: number; choice: number }
  | { type: 'reasoning'; text: string; signature?: string; choice: number }
  | { type: 'tool-call-delta'; call: ToolCallDeltaEvent }
  | { type: 'tool-call'; call: ToolCallEvent }
  | { type: 'usage'; usage: UsageEvent }
  | { type: 'metadata'; metadata: MetadataEvent }
  | { type: 'error'; error: ErrorEvent }

/** Reads the chunks of one answer. */
export interface Mapping {
  chunk(chunk: unknown): AnswerEvent[]
  /** What is left to say when no more chunks come. */
  end(): AnswerEvent[]
  /** How the answer ended, once the provider said so. */
  readonly finishReason: FinishReason | undefined
  /**
   * Whether the provider had not said that the answer is whole. `fromSdk`: the chunks came from an SDK's stream, which
   * ends in peace where its connection ends early.
   */
  isCut(fromSdk: boolean): boolean
}

/** An event as it stands on the wire: its name and its JSON text. */
export function encode(event: AnswerEvent): [name: string, json: string] {
  switch (event.type) {
    case 'token':
      return [SSEEventType.TOKEN, tokenJson(event.token, event.index, event.choice)]
    case 'reasoning':
      return ['reasoning', reasoningJson(event.text, event.signature, event.choice)]
    case 'tool-call-delta':
      return ['tool_call_delta', toolCallDeltaJson(event.call)]
    case 'tool-call':
      return ['tool_call', toolCallJson(event.call)]
    case 'usage':
      return [SSEEventType.USAGE, recordJson(event.usage, 'usage')]
    case 'metadata':
      return [SSEEventType.METADATA, recordJson(event.metadata, 'metadata')]
    case 'error':
      return [SSEEventType.ERROR, recordJson(event.error, 'error')]
  }
}

const lengthWarning = 'Response truncated due to length limit'
const filterWarning = 'Content filtered by moderation system'

/** The warning that goes with an end that is not what was hoped for. */
export function warningFor(reason: FinishReason): { warning: string } | undefined {
  if (reason === 'length') return { warning: lengthWarning }
  return reason === 'content-filter' ? { warning: filterWarning } : undefined
}

export type Fields = Readonly<Record<string, unknown>>

/** The fields of an object, none of anything else. */
export function fieldsOf(value: unknown): Fields {
  return isObject(value) ? value : {}
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** A string with something in it. */
export function filled(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

export function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}

/** JSON text of a value that came out of JSON; what can't be written is left out. */
export function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null'
  } catch {
    return 'null'
  }
}

/** Metadata that JSON can carry, whatever an SDK has put into its objects. */
export function metadata(fields: MetadataEvent): AnswerEvent {
  return { type: 'metadata', metadata: JSON.parse(jsonOf(fields)) as MetadataEvent }
}

/** Gives usage when it has changed, never adds it up. */
export class UsageReport {
  #last: string | undefined

  events(usage: UsageEvent | undefined): AnswerEvent[] {
    if (usage === undefined) return []
    const json = jsonOf(usage)
    if (json === this.#last) return []
    this.#last = json
    return [{ type: 'usage', usage }]
  }
}
