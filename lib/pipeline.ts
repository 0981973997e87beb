/**
 * The event pipeline: an answer as typed events, through filters and transformers, to callbacks and whoever iterates.
 * What always holds: a processor keeps nothing of a stream, so that one serves any number of them at once.
 */
import type { Answer } from './answer.js'
import { checkBoolean, checkObject, checkOneOf, checkString, describe, fail } from './check.js'
import { StreamError } from './errors.js'
import { answerFromChunks, type FedChunk } from './fed-answer.js'
import { checkEventCallbacks, type EventCallbacks, eventCallbackKeys } from './pipeline/callbacks.js'
import { EventRun } from './pipeline/event-run.js'
import type { EventContext, StreamEvent } from './pipeline/events.js'
import type { PipelineMetrics } from './pipeline/metrics.js'
import type { StreamSource } from './pipeline/reader.js'
import {
  type EventFilter,
  type EventProcessorOptions,
  type EventTransformer,
  filterStage,
  type ProcessorSettings,
  processorSettings,
  transformerStage,
} from './pipeline/stages.js'
import { costOf } from './pricing.js'
import { type PipeOptions, type PipeReport, pipe, toReadableStream, toResponse, type WebPipeOptions } from './relay.js'
import { AnswerHandle, type StreamHandle, type StreamResult } from './stream-result.js'
import type { ResponseLike } from './streaming-response/output.js'
import type { StreamingResponse } from './streaming-response.js'
import type { CollectedResponse, FinishReason, StreamChunk, ToolCall, ToolResult, Usage } from './types.js'

export type { EventCallbacks } from './pipeline/callbacks.js'
export { type EventContext, isTextDelta, type StreamEvent, type StreamEventOf } from './pipeline/events.js'
export type { PipelineMetrics } from './pipeline/metrics.js'
export type { StreamSource } from './pipeline/reader.js'
export type { EventFilter, EventProcessorOptions, EventTransformer } from './pipeline/stages.js'
export { StreamAdapter, type StreamAdapterProvider } from './pipeline/stream-adapter.js'

/**
 * How one stream is processed.
 *
 * @example
 * import { EventProcessor, type ProcessOptions, StreamClient } from 'millstream'
 *
 * const options: ProcessOptions = { errors: 'event', onUsage: ({ totalTokens }) => console.log(totalTokens) }
 * const answer = new StreamClient({ defaultModel: 'gpt-4o-mini' }).stream('Hello')
 * for await (const event of new EventProcessor().process(answer, options)) console.log(event.type)
 */
export interface ProcessOptions extends EventCallbacks {
  /**
   * A failure is the last event, and then thrown (`'throw'`, the default), or the last event and nothing more (`'event'`).
   * Where a filter dropped that event, it is thrown in any case.
   */
  errors?: 'throw' | 'event'
  /** Whether the text is JSON: what `isJson` says. Default false. */
  json?: boolean
  /** Stands on the events of a source that doesn't say who answers. */
  provider?: string
  /** Stands on the events of a source that doesn't say which model answers. */
  model?: string
}

const processKeys = [
  'errors',
  'json',
  'provider',
  'model',
  ...eventCallbackKeys,
] as const satisfies readonly (keyof ProcessOptions)[]

/**
 * An answer that was collected from a pipeline: the text is what went through.
 *
 * @example
 * import { collect, type ProcessedResponse, StreamClient } from 'millstream'
 *
 * const answer: ProcessedResponse = await collect(new StreamClient({ defaultModel: 'gpt-4o-mini' }).stream('Hello'))
 * console.log(answer.getText(), answer.metrics.charsPerSecond)
 */
export interface ProcessedResponse extends CollectedResponse {
  metrics: PipelineMetrics
}

/**
 * The events of one stream, for one reader: it is iterated, or collected, once. Leaving a loop closes the source.
 *
 * @example
 * import { EventProcessor, type EventStream, StreamClient } from 'millstream'
 *
 * const answer = new StreamClient({ defaultModel: 'gpt-4o-mini' }).stream('Hello')
 * const events: EventStream = new EventProcessor().process(answer)
 * for await (const text of events.textStream) process.stdout.write(text)
 */
export interface EventStream extends AsyncIterable<StreamEvent> {
  /** The text alone. */
  readonly textStream: AsyncIterable<string>
  /** The same as chunks of an answer, ended by `finish`; a failure is thrown. */
  readonly chunks: AsyncIterable<StreamChunk>
  /** Who answers, as far as is known. */
  readonly source: Pick<EventContext, 'provider' | 'model' | 'requestId'>
  /** How fast the source came, so far. */
  readonly metrics: PipelineMetrics
  /** Reads all, and gives the whole. Rejects with what failed. */
  collect(): Promise<ProcessedResponse>
  /** What went through as an answer like any other, to be read any number of times, piped, or awaited. */
  toStream(): StreamHandle
  /** Sends what went through to a client; see `pipe` of a {@link StreamResult}. */
  pipe(response: ResponseLike | StreamingResponse, options?: PipeOptions): Promise<PipeReport>
  /** What went through as a web `Response`; see `toResponse` of a {@link StreamResult}. */
  toResponse(options?: WebPipeOptions): Response
  /** The body of that response alone. */
  toReadableStream(options?: PipeOptions): ReadableStream<Uint8Array>
  /** Closes the source. Whoever reads gets an `aborted_error` whose `cause` is `reason`. */
  abort(reason?: unknown): void
}

/**
 * Filters and transformers that events of answers go through, in the order in which they were added.
 *
 * A stage that throws ends its stream: the source is closed, the last event is an `error` whose `error.cause` is what was
 * thrown, and that is thrown.
 *
 * @example
 * import { EventProcessor, isTextDelta, StreamClient } from 'millstream'
 *
 * const processor = new EventProcessor()
 *   .addFilter((event) => event.type !== 'reasoning')
 *   .addTransformer((event) => {
 *     if (isTextDelta(event)) event.delta = event.delta.toUpperCase()
 *     return event
 *   })
 * const answer = new StreamClient({ defaultModel: 'gpt-4o-mini' }).stream('Hello')
 * for await (const event of processor.process(answer)) if (isTextDelta(event)) process.stdout.write(event.delta)
 */
export class EventProcessor {
  readonly #settings: ProcessorSettings

  /** @throws ValidationError where an option is not what it must be */
  constructor(options: EventProcessorOptions = {}) {
    this.#settings = processorSettings(options)
  }

  /** For the streams that are processed from now on. */
  addFilter(filter: EventFilter): this {
    this.#settings.stages.push(filterStage(filter, 'filter'))
    return this
  }

  /** For the streams that are processed from now on. */
  addTransformer(transformer: EventTransformer): this {
    this.#settings.stages.push(transformerStage(transformer, 'transformer'))
    return this
  }

  /**
   * The events of a stream, processed.
   *
   * @throws ValidationError where it is no stream, or an option is not what it must be
   */
  process(stream: StreamSource, options: ProcessOptions = {}): EventStream {
    const { errors = 'throw', json = false, provider = '', model = '' } = checkObject(options, 'options', processKeys)
    if (typeof (stream as Partial<StreamSource> | null | undefined)?.[Symbol.asyncIterator] !== 'function') {
      fail('stream', 'an answer or another async iterable of chunks, events or text', describe(stream))
    }
    return new ProcessedEvents(
      new EventRun(stream, {
        ...this.#settings,
        callbacks: checkEventCallbacks(options),
        errors: checkOneOf(errors, 'errors', ['throw', 'event']),
        facts: {
          json: checkBoolean(json, 'json'),
          provider: checkString(provider, 'provider'),
          model: checkString(model, 'model'),
        },
      }),
    )
  }
}

/**
 * A processor with what most applications need of one, by options.
 *
 * @example
 * import { createEventProcessor, StreamClient } from 'millstream'
 *
 * const processor = createEventProcessor({ eventTypes: ['delta', 'complete'], addCorrelation: true, addMetrics: true })
 * const answer = new StreamClient({ defaultModel: 'gpt-4o-mini' }).stream('Hello')
 * for await (const { type, metadata } of processor.process(answer)) console.log(type, metadata.correlationId)
 */
export function createEventProcessor(options: EventProcessorOptions = {}): EventProcessor {
  return new EventProcessor(options)
}

/**
 * How a stream is read by {@link collect} and {@link streamWithEvents}: as by {@link EventProcessor.process}, through a
 * processor, if one is given.
 *
 * @example
 * import { EventProcessor, type ReadOptions } from 'millstream'
 *
 * const options: ReadOptions = { processor: new EventProcessor({ addTimestamp: true }), json: true }
 */
export interface ReadOptions extends ProcessOptions {
  processor?: EventProcessor
}

/**
 * Reads a stream to its end and gives the whole of it, with its token counts and metrics. Rejects where it fails.
 *
 * @example
 * import { collect, StreamClient } from 'millstream'
 *
 * const client = new StreamClient({ defaultModel: 'gpt-4o-mini' })
 * const { text, usage, metrics } = await collect(client.stream('Hello'))
 * console.log(text, usage?.totalTokens, metrics.timeToFirstToken)
 */
export async function collect(stream: StreamSource, options: ReadOptions = {}): Promise<ProcessedResponse> {
  return streamWithEvents(stream, options).collect()
}

/**
 * The typed events of a stream, told to callbacks on the way.
 *
 * @example
 * import { StreamClient, streamWithEvents } from 'millstream'
 *
 * const answer = new StreamClient({ defaultModel: 'gpt-4o-mini' }).stream('Hello')
 * const events = streamWithEvents(answer, { onUsage: ({ totalTokens }) => console.log(totalTokens) })
 * for await (const event of events) if (event.type === 'delta') process.stdout.write(event.delta)
 */
export function streamWithEvents(stream: StreamSource, options: ReadOptions = {}): EventStream {
  const { processor = new EventProcessor(), ...rest } = checkObject(options, 'options', [
    'processor',
    ...processKeys,
  ]) as ReadOptions
  if (!(processor instanceof EventProcessor)) fail('processor', 'an EventProcessor', describe(processor))
  return processor.process(stream, bound(rest, options))
}

/**
 * {@link collect} and {@link streamWithEvents} under the names by which they go together.
 *
 * @example
 * import { StreamClient, StreamingHelper } from 'millstream'
 *
 * const client = new StreamClient({ defaultModel: 'gpt-4o-mini' })
 * const answer = await StreamingHelper.collectWithUsage(client.stream('Hello'))
 * console.log(answer.usage?.totalTokens)
 */
export const StreamingHelper: Readonly<{
  collectWithUsage: typeof collect
  streamWithEvents: typeof streamWithEvents
}> = Object.freeze({ collectWithUsage: collect, streamWithEvents })

/** Callbacks are methods of the object in which they were given, whatever was taken out of it. */
function bound(rest: ProcessOptions, owner: object): ProcessOptions {
  const callbacks: Record<string, unknown> = {}
  for (const name of eventCallbackKeys) {
    const callback: unknown = rest[name]
    if (typeof callback === 'function') callbacks[name] = callback.bind(owner)
  }
  return { ...rest, ...callbacks }
}

class ProcessedEvents implements EventStream {
  readonly #run: EventRun
  #taken = false

  constructor(run: EventRun) {
    this.#run = run
  }

  get source(): Pick<EventContext, 'provider' | 'model' | 'requestId'> {
    return this.#run.reader.context
  }

  get metrics(): PipelineMetrics {
    return this.#run.reader.metrics.read()
  }

  get textStream(): AsyncIterable<string> {
    return this.#mapped((event) => (event.type === 'delta' && event.choice === undefined ? event.delta : undefined))
  }

  get chunks(): AsyncIterable<StreamChunk> {
    return { [Symbol.asyncIterator]: () => this.#chunks(toChunk) }
  }

  toStream(): StreamHandle {
    return new AnswerHandle(this.#answer(), 'throw')
  }

  pipe(response: ResponseLike | StreamingResponse, options?: PipeOptions): Promise<PipeReport> {
    return pipe(this.#answer(), response, options)
  }

  toResponse(options?: WebPipeOptions): Response {
    return toResponse(this.#answer(), options)
  }

  toReadableStream(options?: PipeOptions): ReadableStream<Uint8Array> {
    return toReadableStream(this.#answer(), options)
  }

  [Symbol.asyncIterator](): AsyncIterator<StreamEvent, undefined> {
    return this.#iterate((event) => event)
  }

  abort(reason?: unknown): void {
    this.#run.abort(reason)
  }

  async collect(): Promise<ProcessedResponse> {
    this.#take()
    const run = this.#run
    run.keepText()
    const toolCalls: ToolCall[] = []
    const toolResults: ToolResult[] = []
    let reasoning = ''
    let metadata: Record<string, unknown> = {}
    let usage: Usage | undefined
    for (let event = await run.next(); event !== undefined; event = await run.next()) {
      if (event.type === 'tool-call') toolCalls.push(callOf(event))
      else if (event.type === 'tool-result') toolResults.push(resultOf(event))
      else if (event.type === 'reasoning' && event.choice === undefined) reasoning += event.reasoning
      else if (event.type === 'metadata') metadata = { ...metadata, ...event.metadata }
      else if (event.type === 'usage') usage = event.usage
    }
    const { failure, text, reader } = run
    if (failure !== undefined) throw failure.thrown
    const { provider, model } = reader.context
    usage ??= reader.usage
    return {
      text,
      usage,
      costUsd: usage && costOf(usage, model, provider),
      finishReason: reader.finishReason ?? 'unknown',
      toolCalls,
      ...(toolResults.length > 0 && { toolResults }),
      reasoning,
      metadata,
      provider,
      model,
      partial: reader.finishReason === undefined,
      metrics: this.metrics,
      getText: () => text,
      getJson: <T>() => parseAnswer(text, provider) as T,
    }
  }

  #take(): void {
    if (this.#taken) {
      throw new StreamError('The events of a pipeline have one reader, and this stream has it already', {
        type: 'invalid_request_error',
        code: 'ALREADY_CONSUMED',
      })
    }
    this.#taken = true
  }

  #mapped<T>(pick: (event: StreamEvent) => T | undefined): AsyncIterable<T> {
    return { [Symbol.asyncIterator]: () => this.#iterate(pick) }
  }

  /** An iterator by hand: a generator that waits for its source can't be left. */
  #iterate<T>(pick: (event: StreamEvent) => T | undefined): AsyncIterator<T, undefined> {
    this.#take()
    const run = this.#run
    return {
      async next() {
        for (let event = await run.next(); event !== undefined; event = await run.next()) {
          const value = pick(event)
          if (value !== undefined) return { done: false, value }
        }
        return { done: true, value: undefined }
      },
      async return() {
        await run.leave()
        return { done: true, value: undefined }
      },
    }
  }

  #answer(): Answer {
    const { provider, model } = this.#run.reader.context
    const source = { [Symbol.asyncIterator]: () => this.#chunks<FedChunk>(toFedChunk) }
    return answerFromChunks(source, { provider, model })
  }

  #chunks<Chunk extends FedChunk>(convert: Converter<Chunk>): AsyncIterator<Chunk | StreamChunk, undefined> {
    const run = this.#run
    let index = 0
    const events = this.#iterate((event) => convert(event, () => index++))
    let finished = false
    return {
      async next() {
        if (finished) return { done: true, value: undefined }
        const step = await events.next()
        if (step.done !== true) {
          finished = step.value.type === 'finish'
          return step
        }
        if (run.failure !== undefined) throw run.failure.thrown
        finished = true
        const { finishReason, usage } = run.reader
        // That the answer is whole is nothing a filter can hide from a client.
        return finishReason === undefined ? step : { done: false, value: finish(finishReason, usage) }
      },
      return: async () => (await events.return?.()) ?? { done: true, value: undefined },
    }
  }
}

type Converter<Chunk> = (event: StreamEvent, nextIndex: () => number) => Chunk | undefined

/** An answer that is fed knows its model from the start. */
function toFedChunk(event: StreamEvent, nextIndex: () => number): FedChunk | undefined {
  if (event.type !== 'start') return toChunk(event, nextIndex)
  return event.model === '' ? undefined : { type: 'start', model: event.model }
}

function toChunk(event: StreamEvent, nextIndex: () => number): StreamChunk | undefined {
  const content = ''
  switch (event.type) {
    case 'delta': {
      const choice = event.choice === undefined ? undefined : { choice: event.choice }
      return { type: 'text', content: event.delta, index: nextIndex(), ...choice }
    }
    case 'reasoning': {
      const { type, reasoning, signature, choice } = event
      return {
        type,
        content,
        reasoning,
        ...(signature !== undefined && { signature }),
        ...(choice !== undefined && { choice }),
      }
    }
    case 'tool-call-delta': {
      const { type, id, index, tool, argsDelta, choice } = event
      return {
        type,
        content,
        id,
        index,
        ...(tool !== undefined && { tool }),
        argsDelta,
        ...(choice !== undefined && { choice }),
      }
    }
    case 'tool-call':
      return { type: 'tool-call', content, ...callOf(event) }
    case 'tool-result':
      return { type: 'tool-result', content, ...resultOf(event) }
    case 'metadata':
      return { type: 'metadata', content, metadata: event.metadata }
    case 'usage':
      return { type: 'usage', content, usage: event.usage }
    case 'complete':
      return finish(event.finishReason, event.finalUsage)
    default:
      return undefined
  }
}

function finish(finishReason: FinishReason, usage: Usage | undefined): StreamChunk {
  return { type: 'finish', content: '', finished: true, finishReason, ...(usage && { usage }) }
}

function callOf({ id, index, tool, args, rawArguments, valid, choice }: ToolCall): ToolCall {
  return { id, index, tool, args, rawArguments, valid, ...(choice !== undefined && { choice }) }
}

function resultOf({ id, tool, result, isError }: ToolResult): ToolResult {
  return { id, tool, result, ...(isError !== undefined && { isError }) }
}

function parseAnswer(text: string, provider: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new StreamError('Expected the answer to be JSON, got something else', {
      type: 'protocol_error',
      code: 'INVALID_JSON',
      provider,
      partialText: text,
      // The parser's message quotes the answer; which place it fails at is all that is of use here.
      cause: new SyntaxError(/position \d+/.exec(cause instanceof Error ? cause.message : '')?.[0] ?? 'invalid JSON'),
    })
  }
}
