/**
 * {@link StreamingOptions}: how answers are streamed, with defaults from the environment, and presets. What always holds:
 * what is said in the call wins over the environment, which wins over the default; presets never change.
 */
import {
  checkBoolean,
  checkInteger,
  checkMilliseconds,
  checkNumber,
  checkObject,
  checkOneOf,
  describe,
  fail,
} from '../../check.js'
import { ValidationError } from '../../errors.js'
import { checkEventCallbacks, type EventCallbacks, eventCallbackKeys } from '../../pipeline/callbacks.js'
import { EventProcessor } from '../../pipeline.js'
import { type EitherSpelling, inCamelCase } from './spelling.js'

/** How tokens are counted where the provider does not count them. */
export type AggregatorType = 'auto' | 'tiktoken' | 'character'

/** How an answer is streamed. Durations are in milliseconds. */
export interface StreamingOptionsFields extends EventCallbacks {
  /** Whether tokens are counted here where the provider reports none. Default true. */
  enableUsageAggregation?: boolean
  /** `tiktoken` counts as OpenAI's models do, `character` by length, `auto` as the model does, as far as that is known. */
  aggregatorType?: AggregatorType
  /** What `auto` means: `false` counts by length. Default true. */
  preferTiktoken?: boolean
  /** Whether an answer that was asked for as JSON is read while it comes: `getJson()` repairs one that was cut. */
  enableJsonStreamHandler?: boolean
  /** Whether the first character that can't be JSON ends the answer with an error that names its place. Default false. */
  validateJsonIncrementally?: boolean
  /** What the answer's events go through. */
  eventProcessor?: EventProcessor
  /** Until the connection stands. Default 5000; 0: no limit, as for the others. */
  connectionTimeout?: number
  /** Without anything from the provider. Default 30000. */
  readTimeout?: number
  /** For the whole answer. Default 0. */
  totalTimeout?: number
  /** Default true. */
  retryOnConnectionError?: boolean
  /** Attempts in all. Default 3. */
  maxReconnectAttempts?: number
  /** Before the second attempt; doubled from each to the next. Default 1000. */
  reconnectDelay?: number
  /**
   * Whether an answer that breaks off is asked for again, and continued where it broke off as long as the new text repeats
   * the old. Default false: it fails. The text is in `error.partialText` in any case, and none comes twice.
   */
  preservePartialResponse?: boolean
  /** Pieces of text are gathered until they have as many characters. Default 0: each as it comes. */
  chunkSize?: number
  /** How many characters may be under way before the provider is made to wait. Default 65536. */
  bufferSize?: number
  /** Least distance of two deliveries under load, in milliseconds. Default 1. */
  flushInterval?: number
  /** Whether the collected text is kept compressed. Default false. */
  enableCompression?: boolean
}

/** The same under either spelling; durations in snake case are in seconds. */
export type StreamingOptionsInput = EitherSpelling<StreamingOptionsFields>

/** Those that have a value, whatever was given. */
type Complete = Required<Omit<StreamingOptionsFields, keyof EventCallbacks | 'eventProcessor'>>

const defaults: Complete = {
  enableUsageAggregation: true,
  aggregatorType: 'auto',
  preferTiktoken: true,
  enableJsonStreamHandler: false,
  validateJsonIncrementally: false,
  connectionTimeout: 5000,
  readTimeout: 30_000,
  totalTimeout: 0,
  retryOnConnectionError: true,
  maxReconnectAttempts: 3,
  reconnectDelay: 1000,
  preservePartialResponse: false,
  chunkSize: 0,
  bufferSize: 65_536,
  flushInterval: 1,
  enableCompression: false,
}

const optionKeys = [
  ...(Object.keys(defaults) as (keyof Complete)[]),
  'eventProcessor',
  ...eventCallbackKeys,
] as const satisfies readonly (keyof StreamingOptionsFields)[]

const durations = ['connectionTimeout', 'readTimeout', 'totalTimeout', 'reconnectDelay', 'flushInterval']

/** What the environment can say; durations are in seconds there. */
const variables = {
  maxReconnectAttempts: ['STREAM_MAX_RECONNECTS', 'STREAMING_MAX_RECONNECTS'],
  connectionTimeout: ['STREAM_CONN_TIMEOUT', 'STREAMING_CONNECTION_TIMEOUT'],
  readTimeout: ['STREAM_READ_TIMEOUT', 'STREAMING_READ_TIMEOUT'],
  retryOnConnectionError: ['STREAM_RETRY_ON_ERROR', 'STREAMING_RETRY_ON_ERROR'],
  preservePartialResponse: ['STREAM_PRESERVE_PARTIAL', 'STREAMING_PRESERVE_PARTIAL'],
  enableUsageAggregation: ['STREAM_ENABLE_AGGREGATION', 'STREAMING_ENABLE_AGGREGATION'],
  preferTiktoken: ['STREAM_PREFER_TIKTOKEN', 'STREAMING_PREFER_TIKTOKEN'],
  enableJsonStreamHandler: ['STREAM_ENABLE_JSON_HANDLER', 'STREAMING_ENABLE_JSON_HANDLER'],
} as const satisfies { [Name in keyof Complete]?: readonly [string, string] }

/**
 * How answers are streamed. What is not given comes from the environment, at the time of the call, else it has its
 * default. A plain object with the same fields does as well.
 *
 * @example
 * import { SteerLLMClient, StreamingOptions } from 'millstream/compat/steer'
 *
 * const options = new StreamingOptions({ readTimeout: 30_000, maxReconnectAttempts: 3 })
 * await new SteerLLMClient().streamWithUsage('Hello', { model: 'gpt-4o-mini', streamingOptions: options })
 */
export const StreamingOptions: new (fields?: StreamingOptionsInput) => StreamingOptions = class StreamingOptions {
  constructor(fields: StreamingOptionsInput = {}) {
    const given = inCamelCase(checkObject(fields, 'options', spellings), durations)
    Object.assign(this, given)
    // What is wrong is said where it was written.
    resolveOptions(this, false)
  }
}

/** Streaming options: the fields that were given. */
export interface StreamingOptions extends StreamingOptionsFields {}

const spellings = optionKeys.flatMap((name) => [name, name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)])

/** Complete options of one call. */
export interface ResolvedOptions extends Complete {
  eventProcessor: EventProcessor | undefined
  callbacks: EventCallbacks
}

/** @throws ValidationError where an option or a variable is not what it must be */
export function resolveOptions(
  input: StreamingOptionsInput | StreamingOptions | undefined,
  useEnvironment = true,
): ResolvedOptions {
  const fields = inCamelCase(input === undefined ? {} : checkObject(input, 'streamingOptions', spellings), durations)
  const given = fields as StreamingOptionsFields
  const { eventProcessor } = given
  if (eventProcessor !== undefined && !(eventProcessor instanceof EventProcessor)) {
    fail('eventProcessor', 'an EventProcessor', describe(eventProcessor))
  }
  const value = <Name extends keyof Complete>(name: Name): unknown =>
    given[name] ?? (useEnvironment ? fromEnvironment(name) : undefined) ?? defaults[name]
  const flag = (name: keyof Complete) => checkBoolean(value(name), name)
  const duration = (name: keyof Complete) => checkMilliseconds(value(name), name)
  return {
    enableUsageAggregation: flag('enableUsageAggregation'),
    aggregatorType: checkOneOf(value('aggregatorType'), 'aggregatorType', ['auto', 'tiktoken', 'character']),
    preferTiktoken: flag('preferTiktoken'),
    enableJsonStreamHandler: flag('enableJsonStreamHandler'),
    validateJsonIncrementally: flag('validateJsonIncrementally'),
    connectionTimeout: duration('connectionTimeout'),
    readTimeout: duration('readTimeout'),
    totalTimeout: duration('totalTimeout'),
    retryOnConnectionError: flag('retryOnConnectionError'),
    maxReconnectAttempts: checkInteger(value('maxReconnectAttempts'), 'maxReconnectAttempts', 1, 1000),
    reconnectDelay: duration('reconnectDelay'),
    preservePartialResponse: flag('preservePartialResponse'),
    chunkSize: checkInteger(value('chunkSize'), 'chunkSize', 0),
    bufferSize: checkInteger(value('bufferSize'), 'bufferSize', 1, 2 ** 31 - 1),
    flushInterval: duration('flushInterval'),
    enableCompression: flag('enableCompression'),
    eventProcessor,
    callbacks: checkEventCallbacks(boundTo(input, given)),
  }
}

/** Callbacks are methods of the object they were written in. */
function boundTo(owner: unknown, given: EventCallbacks): EventCallbacks {
  const callbacks: Record<string, unknown> = {}
  for (const name of eventCallbackKeys) {
    const callback: unknown = given[name]
    if (callback !== undefined) callbacks[name] = typeof callback === 'function' ? callback.bind(owner) : callback
  }
  return callbacks
}

function fromEnvironment(name: keyof Complete): unknown {
  if (!Object.hasOwn(variables, name)) return undefined
  const [stem, other] = variables[name as keyof typeof variables]
  for (const variable of [`MILLSTREAM_${stem}`, `STEER_${stem}`, other]) {
    const text = process.env[variable]?.trim()
    if (text === undefined || text === '') continue
    if (typeof defaults[name] === 'boolean') return readFlag(text, variable)
    const number = checkVariable(Number(text), variable)
    return durations.includes(name) ? number * 1000 : number
  }
  return undefined
}

function checkVariable(number: number, variable: string): number {
  return Number.isFinite(number) ? checkNumber(number, variable, 0) : wrongVariable(variable, 'a number')
}

function readFlag(text: string, variable: string): boolean {
  if (/^(1|true|yes|on)$/i.test(text)) return true
  if (/^(0|false|no|off)$/i.test(text)) return false
  return wrongVariable(variable, '`true` or `false`')
}

function wrongVariable(variable: string, expected: string): never {
  throw new ValidationError(
    `Expected the environment variable ${variable} to be ${expected}, got something else`,
    variable,
  )
}

function preset(fields: StreamingOptionsFields): Readonly<StreamingOptions> {
  return Object.freeze(new StreamingOptions(fields))
}

/** What goes without saying. */
export const DEFAULT_OPTIONS: Readonly<StreamingOptions> = preset({})

/** For answers in JSON: read and validated while they come. */
export const JSON_MODE_OPTIONS: Readonly<StreamingOptions> = preset({
  enableJsonStreamHandler: true,
  validateJsonIncrementally: true,
  enableUsageAggregation: true,
})

/** For many answers at once: few and large pieces, nothing counted here. */
export const HIGH_THROUGHPUT_OPTIONS: Readonly<StreamingOptions> = preset({
  enableUsageAggregation: false,
  enableJsonStreamHandler: false,
  chunkSize: 4096,
  bufferSize: 65_536,
  flushInterval: 20,
})

/** For people who watch: each piece as it comes, and a failure soon. */
export const LOW_LATENCY_OPTIONS: Readonly<StreamingOptions> = preset({
  enableUsageAggregation: false,
  enableJsonStreamHandler: false,
  chunkSize: 0,
  flushInterval: 0,
  connectionTimeout: 2000,
  readTimeout: 15_000,
  retryOnConnectionError: false,
})

/** For finding out what happens: each event with a correlation id, the time it was processed, and metrics. */
export const DEBUG_OPTIONS: Readonly<StreamingOptions> = preset({
  enableUsageAggregation: true,
  enableJsonStreamHandler: true,
  eventProcessor: new EventProcessor({ addCorrelation: true, addTimestamp: true, addMetrics: true }),
})

/** For the least work per answer: nothing counted, nothing read, nothing tried again. */
export const HIGH_PERFORMANCE_OPTIONS: Readonly<StreamingOptions> = preset({
  enableUsageAggregation: false,
  enableJsonStreamHandler: false,
  connectionTimeout: 3000,
  readTimeout: 20_000,
  retryOnConnectionError: false,
})
