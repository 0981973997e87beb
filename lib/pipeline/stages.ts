/**
 * Filters and transformers, and what an {@link EventProcessor} can be made of: the public types and their checks. What
 * always holds: a stage is made anew for each stream, so that nothing of one stream is seen in another.
 */
import {
  checkBoolean,
  checkFunction,
  checkInteger,
  checkMilliseconds,
  checkNonEmpty,
  checkObject,
  checkOneOf,
  describe,
  fail,
} from '../check.js'
import { ValidationError } from '../errors.js'
import type { BatchSettings } from './batches.js'
import { eventTypes, type StreamEvent } from './events.js'
import type { PipelineMetrics } from './metrics.js'

/**
 * Says which events stay: what it gives falsely is dropped. A function, or an object with a method `filter`.
 *
 * @example
 * import { EventProcessor, type EventFilter } from 'millstream'
 *
 * const noReasoning: EventFilter = (event) => event.type !== 'reasoning'
 * const processor = new EventProcessor().addFilter(noReasoning)
 */
export type EventFilter = ((event: StreamEvent) => unknown) | { filter(event: StreamEvent): unknown }

/**
 * Makes of an event the one that goes on: the same, changed or not, or another; `null` drops it. It may be async: the
 * events after wait for it. A function, or an object with a method `transform`.
 *
 * @example
 * import { EventProcessor, type EventTransformer } from 'millstream'
 *
 * const tagged: EventTransformer = (event) => ({ ...event, metadata: { ...event.metadata, tenant: 'acme' } })
 * const processor = new EventProcessor().addTransformer(tagged)
 */
export type EventTransformer =
  | ((event: StreamEvent) => Transformed | PromiseLike<Transformed>)
  | { transform(event: StreamEvent): Transformed | PromiseLike<Transformed> }

type Transformed = StreamEvent | null

/**
 * What an {@link EventProcessor} does. The order is: `eventTypes`, `providers`, `predicate`, what is added to `metadata`,
 * then `filters`, `transformers` and what `addFilter` and `addTransformer` add later.
 *
 * @example
 * import { createEventProcessor, type EventProcessorOptions } from 'millstream'
 *
 * const options: EventProcessorOptions = {
 *   eventTypes: ['delta', 'usage', 'error'],
 *   addCorrelation: true,
 *   batchSize: 100,
 *   batchTimeoutMs: 500,
 *   batchHandler: (events) => console.log(events.length, 'events'),
 * }
 * const processor = createEventProcessor(options)
 */
export interface EventProcessorOptions {
  /** Only events of these types. */
  eventTypes?: readonly StreamEvent['type'][]
  /** Only events of these providers. */
  providers?: readonly string[]
  /** Only events for which it gives true. */
  predicate?(event: StreamEvent): unknown
  /** `metadata.correlationId`: one for all events of a stream; a string is used as it is, `true` makes one per stream. */
  addCorrelation?: boolean | string
  /** `metadata.processedAt`: when the event went through, in milliseconds since the epoch. */
  addTimestamp?: boolean
  /** `metadata.metrics`: the stream's {@link PipelineMetrics} at that moment. */
  addMetrics?: boolean
  filters?: readonly EventFilter[]
  transformers?: readonly EventTransformer[]
  /**
   * Whether events are read and processed ahead of whoever iterates, up to 256 of them, from the call of `process` on.
   * Default false: each is processed when it is asked for.
   */
  background?: boolean
  /** Told of the processed events in groups, one group at a time; awaited. What it throws ends the stream. */
  batchHandler?(events: StreamEvent[]): unknown
  /** Events in a group. Default 100. */
  batchSize?: number
  /** Milliseconds after which a group is told of, full or not. Default 500; 0: not before the end. */
  batchTimeoutMs?: number
}

const optionKeys = [
  'eventTypes',
  'providers',
  'predicate',
  'addCorrelation',
  'addTimestamp',
  'addMetrics',
  'filters',
  'transformers',
  'background',
  'batchHandler',
  'batchSize',
  'batchTimeoutMs',
] as const satisfies readonly (keyof EventProcessorOptions)[]

/** What a stage may know of the stream it is made for. */
export interface StageScope {
  metrics(): PipelineMetrics
}

/** What becomes of one event: an event, nothing, or the promise of either. */
export type Stage = (event: StreamEvent) => StreamEvent | undefined | PromiseLike<StreamEvent | undefined>

export type StageFactory = (scope: StageScope) => Stage

export interface ProcessorSettings {
  stages: StageFactory[]
  background: boolean
  batches: BatchSettings | undefined
}

/** @throws ValidationError */
export function processorSettings(options: EventProcessorOptions): ProcessorSettings {
  const given = checkObject(options, 'options', optionKeys) as EventProcessorOptions
  const { predicate, filters = [], transformers = [], background = false } = given
  const stages: StageFactory[] = []
  if (given.eventTypes !== undefined) {
    const names = checkList(given.eventTypes, 'eventTypes').map((name, index) =>
      checkOneOf(name, `eventTypes[${index}]`, eventTypes),
    )
    stages.push(kept((event) => names.includes(event.type)))
  }
  if (given.providers !== undefined) {
    const names = checkList(given.providers, 'providers').map((name, index) =>
      checkNonEmpty(name, `providers[${index}]`),
    )
    stages.push(kept((event) => names.includes(event.provider)))
  }
  if (predicate !== undefined) stages.push(kept(checkFunction(predicate, 'predicate').bind(options)))
  stages.push(...additions(given))
  stages.push(...checkList(filters, 'filters').map((filter, index) => filterStage(filter, `filters[${index}]`)))
  stages.push(
    ...checkList(transformers, 'transformers').map((one, index) => transformerStage(one, `transformers[${index}]`)),
  )
  return { stages, background: checkBoolean(background, 'background'), batches: checkBatches(given) }
}

function additions({ addCorrelation = false, addTimestamp = false, addMetrics = false }: EventProcessorOptions) {
  const stages: StageFactory[] = []
  if (typeof addCorrelation === 'string') {
    const correlationId = checkNonEmpty(addCorrelation, 'addCorrelation')
    stages.push(() => (event) => Object.assign(event, { metadata: { ...event.metadata, correlationId } }))
  } else if (checkBoolean(addCorrelation, 'addCorrelation')) {
    stages.push(() => {
      const correlationId = crypto.randomUUID()
      return (event) => Object.assign(event, { metadata: { ...event.metadata, correlationId } })
    })
  }
  if (checkBoolean(addTimestamp, 'addTimestamp')) {
    stages.push(() => (event) => Object.assign(event, { metadata: { ...event.metadata, processedAt: Date.now() } }))
  }
  if (checkBoolean(addMetrics, 'addMetrics')) {
    stages.push(
      ({ metrics }) =>
        (event) =>
          Object.assign(event, { metadata: { ...event.metadata, metrics: metrics() } }),
    )
  }
  return stages
}

function checkBatches(given: EventProcessorOptions): BatchSettings | undefined {
  const { batchHandler, batchSize, batchTimeoutMs } = given
  if (batchHandler === undefined) {
    for (const name of ['batchSize', 'batchTimeoutMs'] as const) {
      if (given[name] !== undefined) fail(name, 'left out where there is no `batchHandler`', describe(given[name]))
    }
    return undefined
  }
  return {
    handler: checkFunction(batchHandler, 'batchHandler').bind(given),
    size: checkInteger(batchSize ?? 100, 'batchSize', 1),
    timeout: checkMilliseconds(batchTimeoutMs ?? 500, 'batchTimeoutMs'),
  }
}

export function filterStage(filter: EventFilter, field: string): StageFactory {
  if (typeof filter === 'function') return kept(filter)
  const method = (filter as { filter?: unknown } | null | undefined)?.filter
  if (typeof method !== 'function') fail(field, 'a function or an object with a method `filter`', describe(filter))
  return kept((event) => filter.filter(event))
}

export function transformerStage(transformer: EventTransformer, field: string): StageFactory {
  let call: (event: StreamEvent) => unknown
  if (typeof transformer === 'function') call = transformer
  else {
    const method = (transformer as { transform?: unknown } | null | undefined)?.transform
    if (typeof method !== 'function') {
      fail(field, 'a function or an object with a method `transform`', describe(transformer))
    }
    call = (event) => transformer.transform(event)
  }
  return () => (event) => {
    const made = call(event)
    return isThenable(made) ? made.then(checkEvent) : checkEvent(made)
  }
}

/** A forgotten `return` must not swallow the answer. */
function checkEvent(made: unknown): StreamEvent | undefined {
  if (made === null) return undefined
  if (typeof made === 'object' && typeof (made as Partial<StreamEvent>).type === 'string') return made as StreamEvent
  throw new ValidationError(
    `Expected a transformer to return an event, or null to drop it, got ${describe(made)}`,
    'transformers',
  )
}

function kept(predicate: (event: StreamEvent) => unknown): StageFactory {
  return () => (event) => {
    const keep = predicate(event)
    return isThenable(keep) ? keep.then((yes) => (yes ? event : undefined)) : keep ? event : undefined
  }
}

function checkList<T>(value: readonly T[], field: string): readonly T[] {
  return Array.isArray(value) ? value : fail(field, 'an array', describe(value))
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}
