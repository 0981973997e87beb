/**
 * What a `NeuroLink` is made of and asked: the types, their checks, and the engine's request they become. What always
 * holds: an option is refused where it is misspelt, wrong, or would have no effect.
 */
import { checkBoolean, checkInteger, checkMilliseconds, checkObject, checkOneOf, describe, fail } from '../../check.js'
import type { ClientConfig, ClientProvider } from '../../client-config.js'
import { ValidationError } from '../../errors.js'
import { requestKeys, type StreamRequest } from '../../stream-request.js'
import type { ChunkFormat } from './chunks.js'
import type { GatherLimits } from './gather.js'

/** A provider, and whether it streams. */
export interface NeuroLinkProvider extends ClientProvider {
  /** `false`: its answers are asked for whole, and come as one chunk. Default true. */
  streaming?: boolean
}

/** What a `NeuroLink` is made of. Nothing is needed: providers are found by their keys in the environment. */
export interface NeuroLinkConfig extends Omit<ClientConfig, 'providers'> {
  /** By name. Their options replace those of the environment. */
  providers?: Record<string, NeuroLinkProvider>
  /** Default `'chunks'`. */
  chunkFormat?: ChunkFormat
}

/** How pieces of text are gathered, and how long an answer is waited for. */
export interface StreamConfig {
  /** Bytes of text that make a chunk. Default 1024. */
  bufferSize?: number
  /** Milliseconds after which less makes one, too. Default 100. */
  flushInterval?: number
  /** `false`: chunks are as the provider sends them. Default true. */
  enableChunking?: boolean
  /** Milliseconds for the whole answer. Default 60000. */
  timeout?: number
  /** Retries after the first try, as long as nothing of the answer came. Default 3. */
  retryAttempts?: number
  /** First wait before a retry, in milliseconds. Default 1000. */
  reconnectDelay?: number
}

/** How the chunks of an answer are made. */
export interface StreamingOutput {
  /** Characters that a text chunk has at least, but for the last before something else. Default 0: as they come. */
  chunkSize?: number
  /** Characters that may be under way before no more is read from the provider. Default 65536. */
  bufferSize?: number
  /** Whether `progress` chunks say how far the answer is. Default false. */
  enableProgress?: boolean
}

/** A question, and how its answer is to come. */
export interface NeuroLinkRequest extends Omit<StreamRequest, 'stream' | 'output' | 'provider' | 'tools'> {
  /**
   * Whom to ask. `'auto'`: the first that is configured, or whose key is in the environment, and where it doesn't answer, the
   * next. Default the constructor's `defaultProvider`, else `'auto'`.
   */
  provider?: string | ClientProvider
  /** `false`: the whole answer as one chunk. An object: how its text is gathered. Default: as the provider sends it. */
  stream?: boolean | StreamConfig
  /**
   * What the answer is to be, and how its chunks are made. A provider that can't be asked for JSON by a parameter is asked
   * in its system prompt.
   */
  output?: { format?: 'text' | 'json' | 'structured'; schema?: unknown; streaming?: StreamingOutput }
  /** The same as `output.schema`. */
  schema?: unknown
  /**
   * Tools of the engine, and by their names those that were registered. Default: all that were registered. Where there are
   * some, they are run, and the answer goes on, in five turns at most (`maxSteps`).
   */
  tools?: readonly (NonNullable<StreamRequest['tools']>[number] | { name: string; enabled?: boolean })[]
  /** Stays on this side: it is found again in the result's `metadata.context`. */
  context?: Record<string, unknown>
  /** Default the constructor's. */
  chunkFormat?: ChunkFormat
}

/** Options of other versions that would have no effect here, by what they are about. */
const absent: Readonly<Record<string, string>> = {
  enableAnalytics: 'nothing is analysed',
  analytics: 'nothing is analysed',
  enableEvaluation: 'answers are not evaluated',
  evaluationDomain: 'answers are not evaluated',
  modelSelection: 'models are chosen by name',
}

const configKeys = [
  'providers',
  'defaultProvider',
  'defaultModel',
  'retry',
  'timeout',
  'resume',
  'flushInterval',
  'bufferSize',
  'maxEventBytes',
  'chunkFormat',
] as const satisfies readonly (keyof NeuroLinkConfig)[]

/** A checked {@link NeuroLinkConfig}. The engine's client checks the rest. */
export interface NeuroLinkSettings {
  client: ClientConfig
  providers: Record<string, NeuroLinkProvider>
  chunkFormat: ChunkFormat
}

/** Checks what a `NeuroLink` is constructed with. */
export function neuroLinkSettings(config: NeuroLinkConfig): NeuroLinkSettings {
  refuseAbsent(config)
  checkObject(config, 'config', configKeys)
  const { providers = {}, chunkFormat = 'chunks', ...client } = config
  if (typeof providers !== 'object' || providers === null || Array.isArray(providers)) {
    fail('providers', 'an object of providers by name', describe(providers))
  }
  const plain = Object.entries(providers).map(([name, given]) => {
    if (typeof given !== 'object' || given === null) fail(`providers.${name}`, 'an object', describe(given))
    const { streaming, ...provider } = given
    if (streaming !== undefined) checkBoolean(streaming, `providers.${name}.streaming`)
    return [name, provider] as const
  })
  return {
    client: { ...client, ...(plain.length > 0 && { providers: Object.fromEntries(plain) }) },
    providers: Object.fromEntries(Object.entries(providers).map(([name, given]) => [name, { ...given }])),
    chunkFormat: checkFormat(chunkFormat),
  }
}

const ownKeys = ['context', 'chunkFormat', 'output', 'schema'] as const

/** What is asked, and how the answer is given. */
export interface NeuroLinkQuestion {
  /** Without whom it goes to. */
  request: Omit<StreamRequest, 'provider'>
  provider: string | ClientProvider | undefined
  /** As given. */
  tools: NeuroLinkRequest['tools']
  context: Record<string, unknown> | undefined
  /** As given; `undefined`: the constructor's. */
  chunkFormat: ChunkFormat | undefined
  /** How text is gathered; `undefined`: not at all. */
  gather: { limits: GatherLimits; flushInterval: number | undefined } | undefined
  /** The client's `bufferSize` for this answer. */
  bufferSize: number | undefined
  progress: boolean
}

/** Takes a question apart. What only the engine knows about is checked there. */
export function neuroLinkQuestion(given: NeuroLinkRequest): NeuroLinkQuestion {
  refuseAbsent(given)
  checkObject(given, 'request', [...requestKeys, ...ownKeys])
  const { provider, stream, output, schema, tools, context, chunkFormat, ...rest } = given
  if (context !== undefined && (typeof context !== 'object' || context === null || Array.isArray(context))) {
    fail('context', 'an object', describe(context))
  }
  if (output !== undefined && (typeof output !== 'object' || output === null || Array.isArray(output))) {
    fail('output', 'an object', describe(output))
  }
  const { streaming, ...form } = output ?? {}
  const format = schema === undefined ? form : { ...form, schema }
  const shape = checkStreaming(streaming)
  const config = typeof stream === 'object' ? checkStreamConfig(stream) : undefined
  if (stream !== undefined && config === undefined) checkBoolean(stream, 'stream')
  const chars = shape.chunkSize
  const limits: GatherLimits = chars > 0 ? { chars } : config?.enableChunking ? { bytes: config.bufferSize } : {}
  const flushInterval = config?.enableChunking ? config.flushInterval : undefined
  const request: Record<string, unknown> = { ...rest }
  if (Object.keys(format).length > 0) request.output = format
  if (stream === false) request.stream = false
  if (config !== undefined) {
    request.timeout ??= config.timeout
    request.retry ??= { maxRetries: config.retryAttempts, initialDelay: config.reconnectDelay }
  }
  return {
    request: request as Omit<StreamRequest, 'provider'>,
    provider,
    tools,
    context,
    chunkFormat: chunkFormat === undefined ? undefined : checkFormat(chunkFormat),
    gather: Object.keys(limits).length > 0 ? { limits, flushInterval } : undefined,
    bufferSize: shape.bufferSize,
    progress: shape.enableProgress,
  }
}

function refuseAbsent(given: unknown): void {
  for (const [option, why] of Object.entries(absent)) {
    if ((given as Record<string, unknown> | null | undefined)?.[option] !== undefined) {
      throw new ValidationError(`\`${option}\` is not supported: ${why}`, option, { code: 'UNSUPPORTED_OPTION' })
    }
  }
}

function checkFormat(format: unknown): ChunkFormat {
  return checkOneOf(format, 'chunkFormat', ['chunks', 'parts'])
}

function checkStreaming(given: StreamingOutput | undefined) {
  const field = 'output.streaming'
  const streaming = given ?? {}
  checkObject(streaming, field, ['chunkSize', 'bufferSize', 'enableProgress'], `${field}.`)
  const { bufferSize } = streaming
  return {
    chunkSize: checkInteger(streaming.chunkSize ?? 0, `${field}.chunkSize`, 0, largest),
    bufferSize: bufferSize === undefined ? undefined : checkInteger(bufferSize, `${field}.bufferSize`, 1, 2 ** 31 - 1),
    enableProgress: checkBoolean(streaming.enableProgress ?? false, `${field}.enableProgress`),
  }
}

/** More would be no stream any more. */
const largest = 1024 * 1024

function checkStreamConfig(given: StreamConfig): Required<StreamConfig> {
  const keys = ['bufferSize', 'flushInterval', 'enableChunking', 'timeout', 'retryAttempts', 'reconnectDelay']
  checkObject(given, 'stream', keys, 'stream.')
  return {
    bufferSize: checkInteger(given.bufferSize ?? 1024, 'stream.bufferSize', 1, largest),
    flushInterval: checkMilliseconds(given.flushInterval ?? 100, 'stream.flushInterval'),
    enableChunking: checkBoolean(given.enableChunking ?? true, 'stream.enableChunking'),
    timeout: checkMilliseconds(given.timeout ?? 60_000, 'stream.timeout'),
    retryAttempts: checkInteger(given.retryAttempts ?? 3, 'stream.retryAttempts', 0, 1000),
    reconnectDelay: checkMilliseconds(given.reconnectDelay ?? 1000, 'stream.reconnectDelay'),
  }
}
