/**
 * The vocabulary of the public API: messages, usage, tool calls, chunks. Types only, no code; imported by everybody.
 */
import type { StreamError } from './errors.js'

/**
 * One message of a conversation.
 *
 * @example
 * const [first]: Message[] = stream.getMessages()
 */
export interface Message {
  /** Unique in the process. */
  id: string
  role: 'user' | 'assistant' | 'system'
  content: string
  /** Milliseconds since the epoch. */
  timestamp: number
  /** Set on an answer that was stopped before its end: `content` is what had come by then. */
  partial?: boolean
  /** Tool calls the model made in this answer. */
  toolCalls?: ToolCall[]
}

/**
 * Token counts. The three counts are always numbers: where the server leaves one out it is derived from the other two,
 * and is 0 only where that can't be done either. An answer without any report has no `Usage` at all (`undefined`).
 *
 * @example
 * const usage: Usage = stream.getUsage()
 * console.log(usage.promptTokens, usage.completionTokens, usage.totalTokens)
 */
export interface Usage {
  promptTokens: number
  completionTokens: number
  totalTokens: number
  /** Of the prompt tokens, those read from the provider's cache. */
  cachedTokens?: number
  /** Of the completion tokens, those spent on reasoning. */
  reasoningTokens?: number
  audioTokens?: number
  /** Set where the provider reported nothing, and the tokens were counted here. */
  isEstimated?: true
  /** Of an estimate, how much it is worth, from 0 to 1. */
  confidence?: number
  /** Set where the answer was stopped or broke off: these are the counts reported until then. */
  partial?: boolean
  /** The provider's usage object as it came. */
  raw?: unknown
}

/**
 * A tool call the model made.
 *
 * @example
 * stream.on('tool-call', (call: ToolCall) => {
 *   if (call.valid) console.log(call.tool, call.args)
 * })
 */
export interface ToolCall {
  id: string
  /** Position among the calls of the answer. */
  index: number
  /** Name of the tool. */
  tool: string
  /** The parsed arguments; `undefined` where `valid` is false. */
  args: unknown
  /** The arguments' JSON text exactly as received. */
  rawArguments: string
  /** Whether the arguments are complete, well-formed JSON and the stream was not cut. Never run a call that is not. */
  valid: boolean
  /** Which alternative the call belongs to, where more than one was asked for. */
  choice?: number
}

/**
 * What a call gave, or why it gave nothing.
 *
 * @example
 * const failed = (result: ToolResult) => result.isError === true
 */
export interface ToolResult {
  /** Of the call. */
  id: string
  /** Name of the tool. */
  tool: string
  /** What the tool returned, as JSON; where `isError`, a text that says what went wrong. */
  result: unknown
  isError?: boolean
}

/**
 * Why an answer ended. `unknown`: the end marker came without a reason; `other`: a reason this version has no name for;
 * `aborted`: it was stopped from this side.
 *
 * @example
 * const { finishReason } = await (await stream.stream('Hello')).collect()
 * if (finishReason === 'length') console.log('cut at the token limit')
 */
export type FinishReason =
  | 'stop'
  | 'length'
  | 'tool-calls'
  | 'content-filter'
  | 'error'
  | 'other'
  | 'unknown'
  | 'aborted'

/**
 * One piece of an answer. `content` exists on every chunk, `''` where there is none.
 *
 * @example
 * const isText = (chunk: StreamChunk) => chunk.type === 'text'
 */
export type StreamChunk =
  | {
      type: 'text'
      content: string
      /** 0, 1, 2, … over the text chunks of the answer. */
      index: number
      /** Only on alternatives other than the first. */
      choice?: number
      /**
       * Where JSON was asked for: the value so far, when this is read. It is not enumerable, so that copying or printing a
       * chunk makes none.
       */
      readonly partial?: unknown
    }
  | { type: 'reasoning'; content: ''; reasoning: string; signature?: string; choice?: number }
  | {
      type: 'tool-call-delta'
      content: ''
      id: string
      index: number
      /** Name of the tool, on the first delta of a call. */
      tool?: string
      argsDelta: string
      choice?: number
    }
  | ({ type: 'tool-call'; content: '' } & ToolCall)
  | ({ type: 'tool-result'; content: '' } & ToolResult)
  | { type: 'usage'; content: ''; usage: Usage }
  | { type: 'metadata'; content: ''; metadata: Record<string, unknown> }
  | { type: 'error'; content: ''; error: string; cause: StreamError }
  | {
      type: 'finish'
      content: ''
      finished: true
      finishReason: FinishReason
      /** The provider's own word, where the reason is `other`. */
      rawFinishReason?: string
      usage?: Usage
    }

/**
 * When things happened in one answer, in milliseconds from the moment it was asked for.
 *
 * @example
 * const { metrics } = await (await stream.stream('Hello')).collect()
 * console.log(metrics.timeToFirstToken, metrics.duration)
 */
export interface StreamMetrics {
  /** Until the answer's head was in. */
  timeToOpen?: number
  /** Until the first text. */
  timeToFirstToken?: number
  /** Until the end. */
  duration: number
  /** Text chunks received. */
  chunks: number
}

/**
 * A whole answer.
 *
 * @example
 * const answer: CollectedResponse = await (await stream.stream('Hello')).collect()
 * console.log(answer.text, answer.usage?.totalTokens)
 */
export interface CollectedResponse<T = unknown> {
  text: string
  /** Where JSON was asked for, and the answer is what was asked for. */
  object?: T
  /** `undefined` where the provider reported none. */
  usage: Usage | undefined
  /** What it cost, in US dollars; `undefined` where there is no usage, or no price for the model. */
  costUsd: number | undefined
  finishReason: FinishReason
  toolCalls: ToolCall[]
  /** What they gave, where they were run. */
  toolResults?: ToolResult[]
  /** The model's reasoning, `''` where it showed none. */
  reasoning: string
  /** The fields of all metadata events; of fields given twice, the later one. */
  metadata: Record<string, unknown>
  /** The provider's name, `''` for an app's own route. */
  provider: string
  /** The model that answered, as the provider named it, else the one asked for. */
  model: string
  /** Whether the answer was stopped before its end. */
  partial: boolean
  metrics: StreamMetrics
  getText(): string
  /**
   * Parses `text` as JSON, out of its code fence where it stands in one; it is not checked against a schema. Throws an
   * {@link OutputError}, code `INVALID_JSON`, where it is none.
   */
  getJson<J = unknown>(): J
}
