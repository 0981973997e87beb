/** Callbacks that are told of events: the plain value first, the event second. */
import { checkFunction } from '../check.js'
import type { StreamError } from '../errors.js'
import type { Usage } from '../types.js'
import type { EventContext, StreamEvent, StreamEventOf } from './events.js'

/**
 * Functions that are told of a stream's events, after all filters and transformers, in order, one at a time; a promise
 * they return is awaited. What one throws ends the stream and is thrown on.
 *
 * @example
 * import { type EventCallbacks, StreamClient, streamWithEvents } from 'millstream'
 *
 * const callbacks: EventCallbacks = {
 *   onDelta: (text, { chunkIndex }) => console.log(chunkIndex, text),
 *   onComplete: (text, { totalChunks, durationMs }) => console.log(`${totalChunks} chunks in ${durationMs} ms`),
 * }
 * const answer = new StreamClient({ defaultModel: 'gpt-4o-mini' }).stream('Hello')
 * for await (const event of streamWithEvents(answer, callbacks)) console.log(event.type)
 */
export interface EventCallbacks {
  onStart?(start: Pick<EventContext, 'provider' | 'model' | 'requestId'>, event: StreamEventOf<'start'>): unknown
  onDelta?(text: string, event: StreamEventOf<'delta'>): unknown
  onUsage?(usage: Usage, event: StreamEventOf<'usage'>): unknown
  /** Given the whole text, as it went through the pipeline. */
  onComplete?(text: string, event: StreamEventOf<'complete'>): unknown
  onError?(error: StreamError, event: StreamEventOf<'error'>): unknown
}

export const eventCallbackKeys = [
  'onStart',
  'onDelta',
  'onUsage',
  'onComplete',
  'onError',
] as const satisfies readonly (keyof EventCallbacks)[]

/** Those that are given, called as methods of the object they were given in. */
export function checkEventCallbacks(given: EventCallbacks): EventCallbacks {
  const callbacks: Record<string, unknown> = {}
  for (const name of eventCallbackKeys) {
    if (given[name] !== undefined) callbacks[name] = checkFunction(given[name] as () => void, name).bind(given)
  }
  return callbacks
}

/** A promise only where a callback gave one. */
export function tellEvent(callbacks: EventCallbacks, event: StreamEvent, text: string): unknown {
  switch (event.type) {
    case 'start': {
      const { provider, model, requestId } = event
      return callbacks.onStart?.({ provider, model, requestId }, event)
    }
    case 'delta':
      return event.choice === undefined ? callbacks.onDelta?.(event.delta, event) : undefined
    case 'usage':
      return callbacks.onUsage?.(event.usage, event)
    case 'complete':
      return callbacks.onComplete?.(text, event)
    case 'error':
      return callbacks.onError?.(event.error, event)
    default:
      return undefined
  }
}
