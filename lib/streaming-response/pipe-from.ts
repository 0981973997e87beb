/**
 * `StreamingResponse.pipeFrom`: an iterable's items as events, as fast as the client takes them. What always holds: the
 * iterable is asked for no more once there is nobody to produce for, and is told so by `return`.
 */
import { describe, fail } from '../check.js'
import type { StreamChunk, Usage } from '../types.js'
import {
  type ErrorEvent,
  errorJson,
  type MetadataEvent,
  reasoningJson,
  recordJson,
  SSEEventType,
  tokenJson,
  toolCallDeltaJson,
  toolCallJson,
  toolResultJson,
  type UsageEvent,
} from './events.js'

/**
 * What {@link StreamingResponse.pipeFrom} takes: text, chunks of an answer, or simple objects.
 *
 * @example
 * const items: PipeItem[] = ['Hello', { token: ' world' }, { metadata: { model: 'gpt-4' } }]
 */
export type PipeItem =
  | string
  | StreamChunk
  | { token: string; index?: number }
  | { content: string }
  | { text: string }
  | { reasoning: string; signature?: string }
  | { usage: UsageEvent | Usage }
  | { metadata: MetadataEvent }
  | ErrorEvent

/**
 * Where {@link StreamingResponse.pipeFrom} takes its items from; a web `ReadableStream` is one in Node.
 *
 * @example
 * const source: PipeSource = ['Hello', ' ', 'world']
 */
export type PipeSource = AsyncIterable<PipeItem> | Iterable<PipeItem>

/** The stream that the items go into. */
export interface PipeTarget {
  readonly signal: AbortSignal
  isStreamActive(): boolean
  send(event: string, json: string): void
  /** How the answer ended, for `done`. */
  finish(chunk: Extract<StreamChunk, { type: 'finish' }>): void
  ready(): Promise<void>
}

/** Resolves with the number of items that were sent. */
export async function pipeInto(target: PipeTarget, source: PipeSource): Promise<number> {
  const iterator = iteratorOf(source)
  let interrupt: (() => void) | undefined
  const onAbort = (): void => interrupt?.()
  target.signal.addEventListener('abort', onAbort)
  let count = 0
  let exhausted = false
  try {
    while (target.isStreamActive()) {
      const step = await new Promise<IteratorResult<PipeItem> | undefined>((resolve, reject) => {
        interrupt = () => resolve(undefined)
        // What throws here has ended by itself.
        exhausted = true
        Promise.resolve(iterator.next()).then((result) => {
          exhausted = result.done === true
          resolve(result)
        }, reject)
      })
      if (step === undefined) {
        exhausted = false
        break
      }
      if (step.done === true || !target.isStreamActive()) break
      sendItem(target, step.value)
      count++
      await target.ready()
    }
  } finally {
    target.signal.removeEventListener('abort', onAbort)
    // Not awaited: a generator that is waiting itself comes to it only later.
    if (!exhausted) Promise.resolve(iterator.return?.()).catch(() => {})
  }
  return count
}

function iteratorOf(source: PipeSource): AsyncIterator<PipeItem> | Iterator<PipeItem> {
  if (typeof source === 'object' && source !== null) {
    if (typeof (source as AsyncIterable<PipeItem>)[Symbol.asyncIterator] === 'function') {
      return (source as AsyncIterable<PipeItem>)[Symbol.asyncIterator]()
    }
    if (typeof (source as Iterable<PipeItem>)[Symbol.iterator] === 'function') {
      return (source as Iterable<PipeItem>)[Symbol.iterator]()
    }
  }
  return fail('source', 'an async iterable', describe(source))
}

function sendItem(target: PipeTarget, item: PipeItem): void {
  if (typeof item === 'string') {
    target.send(SSEEventType.TOKEN, tokenJson(item, undefined))
  } else if (typeof item === 'object' && item !== null) {
    if ('type' in item && typeof item.type === 'string') sendChunk(target, item as StreamChunk)
    else sendSimple(target, item as Simple)
  } else {
    fail('item', 'a string or an object', describe(item))
  }
}

function sendChunk(target: PipeTarget, chunk: StreamChunk): void {
  switch (chunk.type) {
    case 'text':
      return target.send(SSEEventType.TOKEN, tokenJson(chunk.content, chunk.index, chunk.choice))
    case 'reasoning':
      return target.send('reasoning', reasoningJson(chunk.reasoning, chunk.signature, chunk.choice))
    case 'tool-call-delta': {
      const { tool: name, argsDelta: delta, ...call } = chunk
      return target.send('tool_call_delta', toolCallDeltaJson({ ...call, delta, ...(name !== undefined && { name }) }))
    }
    case 'tool-call':
      return target.send('tool_call', toolCallJson(chunk))
    case 'tool-result':
      return target.send('tool_result', toolResultJson(chunk))
    case 'usage':
      return target.send(SSEEventType.USAGE, recordJson(chunk.usage, 'usage'))
    case 'metadata':
      return target.send(SSEEventType.METADATA, recordJson(chunk.metadata, 'metadata'))
    case 'error':
      return target.send(SSEEventType.ERROR, errorJson(chunk.cause ?? chunk.error))
    case 'finish':
      return target.finish(chunk)
    default:
      fail('item.type', 'the type of a StreamChunk', describe((chunk as { type: unknown }).type))
  }
}

/** Any of the simple objects; what the fields hold is checked where they are written. */
interface Simple extends ErrorEvent {
  token?: string
  content?: string
  text?: string
  index?: number
  reasoning?: string
  signature?: string
  usage?: UsageEvent
  metadata?: MetadataEvent
}

function sendSimple(target: PipeTarget, item: Simple): void {
  const text = item.token ?? item.content ?? item.text
  if (text !== undefined) target.send(SSEEventType.TOKEN, tokenJson(text, item.index))
  else if (item.reasoning !== undefined) target.send('reasoning', reasoningJson(item.reasoning, item.signature))
  else if (item.usage !== undefined) target.send(SSEEventType.USAGE, recordJson(item.usage, 'usage'))
  else if (item.metadata !== undefined) target.send(SSEEventType.METADATA, recordJson(item.metadata, 'metadata'))
  else if (item.error !== undefined) target.send(SSEEventType.ERROR, errorJson(item))
  else
    fail(
      'item',
      'a string, a chunk, or an object with `token`, `reasoning`, `usage`, `metadata` or `error`',
      'an object',
    )
}
