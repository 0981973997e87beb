/**
 * The chunks of this face: those of the engine under the names that its apps know, in one of two formats. What always
 * holds: `content` is on every chunk; what the engine tells is told, each thing once.
 */
import type { StreamError } from '../../errors.js'
import type { FinishReason, StreamChunk, ToolCall, Usage } from '../../types.js'

/** What may be asked of any chunk without looking at its type. */
interface Common {
  /** The text, `''` where there is none. */
  content: string
  /** On the error chunk. */
  error?: string
  /** On the last chunk of an answer that came to its end. */
  finished?: true
}

/** How far an answer is. */
export interface StreamingProgress {
  /** Text chunks given so far. */
  chunkCount: number
  /** Bytes of text in them. */
  totalBytes: number
  /** Milliseconds since the reading began. */
  elapsedTime: number
  phase: 'initializing' | 'streaming' | 'complete' | 'error'
}

/** What a tool gave. */
interface ToolResult {
  name: string
  /** As text: JSON, where it is no string. */
  content: string
}

/** Plain text. */
type TextChunk = Common & { type: 'text'; index: number; choice?: number; readonly partial?: unknown }
/** Plain text, with `chunkFormat: 'parts'`. `partial`: where JSON was asked for, what it is so far. */
type TextDeltaChunk = Omit<TextChunk, 'type'> & { type: 'text-delta'; textDelta: string }
/** A tool call, whole. */
type ToolUseChunk = Common & { type: 'tool_use' } & ToolCall
/** A tool call, whole, with `chunkFormat: 'parts'`. */
type ToolCallChunk = Common & { type: 'tool-call'; toolCallId: string; toolName: string } & Omit<
    ToolCall,
    'id' | 'tool'
  >
type ToolResultChunk = Common & { type: 'tool-result'; id: string; toolResult: ToolResult; isError?: boolean }
type ReasoningChunk = Common & { type: 'reasoning'; reasoning: string; signature?: string }
type ProgressChunk = Common & { type: 'progress'; progress: StreamingProgress }
type ErrorChunk = Common & { type: 'error'; error: string; cause: StreamError }
type FinishChunk = Common & { type: 'finish'; finished: true; finishReason: FinishReason; usage?: Usage }
/** What has the same name on all faces. */
type SharedChunk = Common & Extract<StreamChunk, { type: 'tool-call-delta' | 'usage' | 'metadata' }>

/** One piece of an answer. */
export type NeuroLinkChunk =
  | TextChunk
  | TextDeltaChunk
  | ReasoningChunk
  | ToolUseChunk
  | ToolCallChunk
  | ToolResultChunk
  | ProgressChunk
  | ErrorChunk
  | FinishChunk
  | SharedChunk

/**
 * How chunks are named. `chunks`: text is `text`, a tool call is `tool_use`; `parts`: text is `text-delta`, a tool call
 * `tool-call` with `toolCallId` and `toolName`.
 */
export type ChunkFormat = 'chunks' | 'parts'

/** A chunk of the engine under the names of a format. */
export function toNeuroLinkChunk(chunk: StreamChunk, format: ChunkFormat): NeuroLinkChunk {
  switch (chunk.type) {
    case 'tool-result': {
      const { id, tool, result, isError } = chunk
      const text = typeof result === 'string' ? result : (JSON.stringify(result) ?? '')
      const toolResult = { name: tool, content: text }
      return { type: 'tool-result', content: '', id, toolResult, ...(isError !== undefined && { isError }) }
    }
    case 'text': {
      if (format === 'chunks') return chunk
      const delta: TextDeltaChunk = { ...chunk, type: 'text-delta', textDelta: chunk.content }
      // It is made only where somebody looks at it.
      if ('partial' in chunk) Object.defineProperty(delta, 'partial', { get: () => chunk.partial, enumerable: false })
      return delta
    }
    case 'tool-call': {
      if (format === 'chunks') return { ...chunk, type: 'tool_use' }
      const { id, tool, ...call } = chunk
      return { ...call, toolCallId: id, toolName: tool }
    }
    default:
      return chunk
  }
}
