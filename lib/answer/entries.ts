/**
 * What an answer keeps, event by event, and what others are given of it. Pure: the log belongs to the {@link Answer}. JSON is
 * parsed only for whoever reads it.
 */
import type { Answer } from '../answer.js'
import type { StreamError } from '../errors.js'
import { binding, type NativeRelayOptions } from '../native.js'
import type { StreamChunk, ToolCall, ToolResult } from '../types.js'
import { toUsage, type UsageReport } from '../usage.js'
import type { EncodedAnswer } from './roles.js'

/** A kept event. Plain text, which is nearly all of them, is kept as the bare string. */
export type Entry = string | KeptEvent

export interface KeptEvent {
  kind:
    | 'text'
    | 'reasoning'
    | 'signature'
    | 'tool-call-delta'
    | 'tool-call'
    | 'tool-result'
    | 'usage'
    | 'metadata'
    | 'finish'
  /** Text, or JSON text that is parsed only when somebody reads it. */
  payload: string
  choice: number
}

/** What is said about an answer, and not by it. */
const asides: ReadonlySet<KeptEvent['kind']> = new Set(['usage', 'metadata', 'finish'])

/** Whether a client waits for such. */
export function isContent(entry: Entry): boolean {
  return typeof entry === 'string' || !asides.has(entry.kind)
}

/** By the kinds of entries; `Kind` in `src/mailbox.rs`. */
export const kindNumbers: Record<KeptEvent['kind'] | 'start', number> = {
  start: 1,
  text: 2,
  reasoning: 3,
  signature: 4,
  'tool-call-delta': 5,
  'tool-call': 6,
  'tool-result': 19,
  usage: 7,
  metadata: 8,
  finish: 11,
}

/** What a collected answer has besides its text. */
export interface Gathered {
  toolCalls: ToolCall[]
  toolResults?: ToolResult[]
  reasoning: string
  metadata: Record<string, unknown>
}

/** The tool calls, reasoning and metadata of a log. */
export function gathered(log: readonly Entry[]): Gathered {
  const toolCalls: ToolCall[] = []
  const toolResults: ToolResult[] = []
  let reasoning = ''
  let metadata: Record<string, unknown> = {}
  for (const entry of log) {
    if (typeof entry === 'string') continue
    if (entry.kind === 'tool-call') toolCalls.push(parseToolCall(entry.payload))
    else if (entry.kind === 'tool-result') toolResults.push(parseToolResult(entry.payload))
    else if (entry.kind === 'reasoning' && entry.choice === 0) reasoning += entry.payload
    else if (entry.kind === 'metadata') metadata = { ...metadata, ...JSON.parse(entry.payload) }
  }
  return { toolCalls, ...(toolResults.length > 0 && { toolResults }), reasoning, metadata }
}

/** The log of an answer that is over, as a client is sent it. */
export function encoded(
  log: readonly Entry[],
  options: NativeRelayOptions,
  failure: StreamError | undefined,
): EncodedAnswer {
  const records: number[] = []
  const payloads: string[] = []
  let tokens = 0
  for (const entry of log) {
    const kept = typeof entry === 'string' ? { kind: 'text' as const, payload: entry, choice: 0 } : entry
    records.push(kindNumbers[kept.kind], kept.choice)
    payloads.push(kept.payload)
    if (kept.kind === 'text' && kept.choice === 0) tokens++
  }
  const json =
    failure &&
    JSON.stringify({
      message: failure.message,
      type: failure.type,
      code: failure.code,
      status: failure.status,
      retryAfter: failure.retryAfter,
    })
  return { text: binding().encodeAnswer(options, Uint32Array.from(records), payloads, json), tokens }
}

export function parseToolCall(json: string): ToolCall {
  const call = JSON.parse(json) as {
    id: string
    index: number
    tool: string
    arguments: string
    valid: boolean
    choice: number
  }
  const parsed: ToolCall = {
    id: call.id,
    index: call.index,
    tool: call.tool,
    args: call.valid ? JSON.parse(call.arguments) : undefined,
    rawArguments: call.arguments,
    valid: call.valid,
  }
  if (call.choice > 0) parsed.choice = call.choice
  return parsed
}

export function parseToolResult(json: string): ToolResult {
  const { id, tool, result, isError } = JSON.parse(json) as Required<ToolResult>
  return { id, tool, result, ...(isError && { isError }) }
}

/** What a reader gets for a kept event. `index` counts the text chunks before it. */
export function toChunk(entry: Entry, index: number, answer: Answer): StreamChunk {
  if (typeof entry === 'string') return { type: 'text', content: entry, index }
  const { kind, payload } = entry
  const choice = entry.choice > 0 ? { choice: entry.choice } : undefined
  switch (kind) {
    case 'text':
      return { type: 'text', content: payload, index, ...choice }
    case 'reasoning':
      return { type: 'reasoning', content: '', reasoning: payload, ...choice }
    case 'signature':
      return { type: 'reasoning', content: '', reasoning: '', signature: payload, ...choice }
    case 'tool-call-delta': {
      const { id, index: at, tool, argsDelta, choice: which } = JSON.parse(payload) as ToolCallDelta
      const named = tool ? { tool } : undefined
      return { type: kind, content: '', id, index: at, ...named, argsDelta, ...(which > 0 && { choice: which }) }
    }
    case 'tool-call':
      return { type: 'tool-call', content: '', ...parseToolCall(payload) }
    case 'tool-result':
      return { type: 'tool-result', content: '', ...parseToolResult(payload) }
    case 'usage':
      return { type: 'usage', content: '', usage: toUsage(JSON.parse(payload) as UsageReport) }
    case 'metadata':
      return { type: 'metadata', content: '', metadata: JSON.parse(payload) as Record<string, unknown> }
    case 'finish': {
      const usage = answer.usageSoFar
      const { finishReason } = answer
      const raw = finishReason === 'other' ? (JSON.parse(payload) as { raw?: string | null }).raw : undefined
      const said = raw ? { rawFinishReason: raw } : undefined
      return { type: 'finish', content: '', finished: true, finishReason, ...said, ...(usage && { usage }) }
    }
  }
}

interface ToolCallDelta {
  id: string
  index: number
  tool?: string | null
  argsDelta: string
  choice: number
}
