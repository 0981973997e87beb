/**
 * The typed events of an answer: what filters and transformers get, and callbacks as their second argument. Types, and the
 * predicates that narrow them; no state.
 */
import type { StreamError } from '../errors.js'
import type { FinishReason, ToolCall, ToolResult, Usage } from '../types.js'
import type { PipelineMetrics } from './metrics.js'

/**
 * What stands on every event. Events are plain objects of the reader's own: a transformer may change them in place.
 *
 * @example
 * import type { EventContext } from 'millstream'
 *
 * const label = ({ provider, model, requestId }: EventContext) => `${provider}/${model} ${requestId}`
 */
export interface EventContext {
  /** The provider's name, `''` where none is known. */
  provider: string
  /** The model that answers, `''` where none is known. */
  model: string
  /** The provider's id of the request, else one made for this stream; the same on all of its events. */
  requestId: string
  /** When the event came, in milliseconds since the epoch. */
  timestamp: number
  /** For the application and its transformers; of a `metadata` event, what the provider said. */
  metadata: Record<string, unknown>
}

/**
 * An event of an answer. Of each stream: one `start`, then its content in order, at most one `usage`, and at the end one
 * `complete` or one `error`. What fails before the head of the answer is in has no `start`.
 *
 * @example
 * import { EventProcessor, type StreamEvent, StreamClient } from 'millstream'
 *
 * const show = (event: StreamEvent) => (event.type === 'delta' ? event.delta : `[${event.type}]`)
 * const answer = new StreamClient({ defaultModel: 'gpt-4o-mini' }).stream('Hello')
 * for await (const event of new EventProcessor().process(answer)) console.log(show(event))
 */
export type StreamEvent = EventContext &
  (
    | { type: 'start' }
    | {
        type: 'delta'
        /** A piece of the text. */
        delta: string
        /** 0, 1, 2, … over the pieces that came. */
        chunkIndex: number
        /** Whether the text is JSON, as far as was asked for. */
        isJson: boolean
        /** Only on alternatives other than the first. */
        choice?: number
      }
    | { type: 'reasoning'; reasoning: string; signature?: string; choice?: number }
    | { type: 'tool-call-delta'; id: string; index: number; tool?: string; argsDelta: string; choice?: number }
    | ({ type: 'tool-call' } & ToolCall)
    | ({ type: 'tool-result' } & ToolResult)
    | { type: 'metadata' }
    | {
        type: 'usage'
        /** All that was reported, the later report winning. */
        usage: Usage
        /** Whether it was counted here, because the provider reported none. */
        isEstimated: boolean
        /** How sure the counts are, from 0 to 1; 1 where the provider reported them. */
        confidence: number
      }
    | {
        type: 'complete'
        finishReason: FinishReason
        /** Pieces of text that came. */
        totalChunks: number
        /** Milliseconds from the start of the reading to the end of the answer. */
        durationMs: number
        finalUsage: Usage | undefined
        metrics: PipelineMetrics
      }
    | {
        type: 'error'
        error: StreamError
        errorType: StreamError['type']
        /** Whether asking again, perhaps later, can help. */
        isRetryable: boolean
      }
  )

/**
 * The events of one type.
 *
 * @example
 * import type { StreamEventOf } from 'millstream'
 *
 * const took = ({ totalChunks, durationMs }: StreamEventOf<'complete'>) => `${totalChunks} chunks in ${durationMs} ms`
 */
export type StreamEventOf<Type extends StreamEvent['type']> = Extract<StreamEvent, { type: Type }>

export const eventTypes = [
  'start',
  'delta',
  'reasoning',
  'tool-call-delta',
  'tool-call',
  'tool-result',
  'metadata',
  'usage',
  'complete',
  'error',
] as const satisfies readonly StreamEvent['type'][]

/**
 * Whether an event is a piece of text.
 *
 * @example
 * import { EventProcessor, isTextDelta } from 'millstream'
 *
 * const loud = new EventProcessor().addTransformer((event) => {
 *   if (isTextDelta(event)) event.delta = event.delta.toUpperCase()
 *   return event
 * })
 */
export function isTextDelta(event: StreamEvent): event is StreamEventOf<'delta'> {
  return event?.type === 'delta'
}
