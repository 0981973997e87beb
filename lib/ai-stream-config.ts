/** The options of `AIStream`: their types, their checks, and the engine request they become. No state. */
import {
  checkBoolean,
  checkFunction,
  checkHeaders,
  checkInteger,
  checkMilliseconds,
  checkNonEmpty,
  checkObject,
  checkOneOf,
  checkSignal,
  checkString,
  describe,
  fail,
} from './check.js'
import { type StreamError, ValidationError } from './errors.js'
import { checkGeneration, type GenerationOptions, generationKeys } from './generation.js'
import type { NativeRequest, NativeTarget } from './native.js'
import {
  checkResume,
  noRetryConfig,
  planRetry,
  planTimeouts,
  type ResumeMode,
  type RetryConfig,
  type RetryPlan,
  type TimeoutConfig,
} from './policies.js'
import { checkPrices, type ModelPrice, type PriceMap } from './pricing.js'
import type { ProviderConfig, ProviderName, WireProtocol } from './providers.js'
import { type PlanBasis, requestPlan } from './request-plan.js'
import type { ErrorMode } from './stream-result.js'
import { mergeHeaders, noHeaders, resolveTarget, type Target } from './target.js'
import { checkUsageMode, nativeEstimate, type UsageEstimator, type UsageMode } from './tokens/estimate.js'
import type { Message, Usage } from './types.js'

/**
 * What an {@link AIStream} talks to, and how.
 *
 * An app's own route is asked in `StreamingResponse`'s terms (`{messages, model, systemPrompt, stream: true}` and the
 * generation parameters). A `provider` is asked in its own words. Without one, OpenAI's chat completions are spoken where
 * `protocol` is `'openai'`, or where the endpoint's path ends in `/chat/completions`.
 *
 * @example
 * const config: AIStreamConfig = { provider: 'openai', model: 'gpt-4o-mini', apiKey: 'sk-…' }
 */
export interface AIStreamConfig extends GenerationOptions {
  /**
   * An app's own route or a provider's URL; with `ws:` or `wss:` it is asked over WebSocket. A relative one resolves as in a browser against `baseUrl`, else
   * `MILLSTREAM_BASE_URL`; with `provider`, it stands for the provider's path, under its base URL.
   */
  endpoint?: string
  /** What `endpoint` is relative to; with `provider`, replaces the provider's base URL. */
  baseUrl?: string
  /** A provider known by name (`docs/providers.md`), with what differs, or where any other is. */
  provider?: ProviderName | ProviderConfig
  /** Sent as the provider wants it, else as `Authorization: Bearer …`. Of one known by name, default from its environment variable. */
  apiKey?: string
  model: string
  /** Sent with every request; they override the defaults whatever their case. */
  headers?: Record<string, string>
  systemPrompt?: string
  /** What was said before: the conversation starts with these. */
  messages?: readonly Pick<Message, 'role' | 'content'>[]
  /** How the endpoint answers. Default: found out from its content type and first event. */
  protocol?: 'auto' | WireProtocol
  /** Called for each token, before its event. */
  onToken?: (token: string) => void
  /** Called with the merged usage, and what it costs in US dollars where that is known, whenever some is reported. */
  onCost?: (usage: Usage, costUsd: number | undefined) => void
  /** Called once where a turn fails for good. */
  onError?: (error: StreamError) => void
  retry?: RetryConfig
  timeout?: TimeoutConfig
  resume?: ResumeMode
  /** Whether `getUsage()` counts the last turn (default) or all of them. */
  usageMode?: 'last' | 'total'
  /** Whether usage is estimated where the endpoint reports none. Default `'reported'`: it is not. */
  usage?: UsageMode
  /** What models cost, before any other price. */
  prices?: Record<string, ModelPrice>
  /** What a `send` does while an answer is running: wait for its turn (default), or reject with code `BUSY`. */
  whenBusy?: 'queue' | 'reject'
  /** The largest single event that is accepted, in bytes. Default 8 MiB. */
  maxEventBytes?: number
}

/**
 * How an {@link AIStream} is connected.
 *
 * @example
 * new AIStream({ endpoint: 'http://127.0.0.1:3000/api/chat', model: 'm' }, { transport: 'sse', reconnect: false })
 */
export interface AIStreamTransportOptions {
  /**
   * `'sse'`: asks for server-sent events only. `'http'`: asks for newline-delimited JSON and reads it as such, unless
   * `protocol` says otherwise. `'websocket'`: opens a WebSocket for each turn (`http:` becomes `ws:`, `https:` `wss:`),
   * sends the request as one text message, and reads each message that comes back as one JSON object in any of the
   * formats of `protocol` (under `protocol: 'text'`, as a piece of the text). Headers are sent with the upgrade.
   * A close frame without a reason to complain ends the answer; another fails with code `WS_CLOSE_<code>`.
   * Default: `'websocket'` for `ws:` and `wss:` endpoints; for others a POST that asks for either of the first two.
   */
  transport?: 'sse' | 'websocket' | 'http'
  /** `false`: as `resume: 'none'`. */
  reconnect?: boolean
  /** `retry.maxRetries`, where that isn't given. */
  maxReconnectAttempts?: number
  /** `retry.initialDelay` in milliseconds, where that isn't given. */
  reconnectDelay?: number
  /** How much of an answer may be under way to JavaScript before the engine stops reading, in characters. Default 65536. */
  bufferSize?: number
  /**
   * Least distance of two deliveries under load, in milliseconds, and up to four times that where each brings dozens of
   * events. Default 1; 0 delivers each event as it comes.
   */
  flushInterval?: number
}

/**
 * Options of one turn. They add to or replace those of the conversation.
 *
 * @example
 * const options: SendOptions = { temperature: 0, signal: AbortSignal.timeout(10_000) }
 * await stream.send('Hello', options)
 */
export interface SendOptions extends GenerationOptions {
  /** Ends the turn: `send` as `stop()` does; readers of `stream` get an `aborted_error`. */
  signal?: AbortSignal
  timeout?: TimeoutConfig
  retry?: RetryConfig
  headers?: Record<string, string>
}

/**
 * Options of one pulled turn.
 *
 * @example
 * for await (const chunk of stream.stream('A very long story', { retain: false })) process.stdout.write(chunk.content)
 */
export interface StreamSendOptions extends SendOptions {
  /**
   * Whether chunks stay after they were read, for any number of readers. Default true. With `false`, memory stays flat
   * however long the answer; it has one reader, and is not added to the conversation.
   */
  retain?: boolean
  /** Whether readers throw a failure (default) or get it as a chunk of type `error`. */
  errors?: ErrorMode
}

/** A checked {@link AIStreamConfig}, defaults applied. */
export interface AIStreamSettings {
  target: Target
  model: string
  systemPrompt: string | undefined
  history: readonly Pick<Message, 'role' | 'content'>[]
  onToken: AIStreamConfig['onToken']
  onCost: AIStreamConfig['onCost']
  onError: AIStreamConfig['onError']
  retryConfig: RetryConfig
  retry: RetryPlan
  timeouts: ReturnType<typeof planTimeouts>
  resume: ResumeMode
  usageMode: 'last' | 'total'
  estimator: UsageEstimator | undefined
  prices: PriceMap | undefined
  whenBusy: 'queue' | 'reject'
  generation: Readonly<GenerationOptions>
  maxEventBytes: number
  credit: number
  flushInterval: number
}

/** Checked options of one turn. */
export interface TurnSettings {
  signal: AbortSignal | undefined
  timeouts: ReturnType<typeof planTimeouts>
  retry: RetryPlan
  headers: Record<string, string>
  generation: Readonly<GenerationOptions>
  retain: boolean
  errors: ErrorMode
  push: boolean
}

const configKeys = [
  'endpoint',
  'baseUrl',
  'provider',
  'apiKey',
  'model',
  'headers',
  'systemPrompt',
  'messages',
  'protocol',
  'onToken',
  'onCost',
  'onError',
  'retry',
  'timeout',
  'resume',
  'usageMode',
  'usage',
  'prices',
  'whenBusy',
  'maxEventBytes',
  ...generationKeys,
] as const satisfies readonly (keyof AIStreamConfig)[]

const transportKeys = [
  'transport',
  'reconnect',
  'maxReconnectAttempts',
  'reconnectDelay',
  'bufferSize',
  'flushInterval',
] as const satisfies readonly (keyof AIStreamTransportOptions)[]

const sendKeys = [
  'signal',
  'timeout',
  'retry',
  'headers',
  ...generationKeys,
] as const satisfies readonly (keyof SendOptions)[]
const streamKeys = [...sendKeys, 'retain', 'errors'] as const satisfies readonly (keyof StreamSendOptions)[]

/** Checks what an `AIStream` is constructed with. */
export function settings(config: AIStreamConfig, options: AIStreamTransportOptions | undefined): AIStreamSettings {
  checkObject(config, 'config', configKeys)
  const transport =
    options === undefined ? {} : (checkObject(options, 'options', transportKeys) as AIStreamTransportOptions)
  const target = withTransport(resolveTarget(config), config, transport)
  const model = checkNonEmpty(config.model ?? target.model, 'model')
  // What can't stand in its URL shows now.
  target.url(model, true)
  const fallback = reconnection(transport)
  return {
    target,
    model,
    systemPrompt: config.systemPrompt === undefined ? undefined : checkString(config.systemPrompt, 'systemPrompt'),
    history: checkHistory(config.messages),
    onToken: config.onToken === undefined ? undefined : checkFunction(config.onToken, 'onToken'),
    onCost: config.onCost === undefined ? undefined : checkFunction(config.onCost, 'onCost'),
    onError: config.onError === undefined ? undefined : checkFunction(config.onError, 'onError'),
    retryConfig: config.retry === undefined ? fallback : { ...fallback, ...config.retry },
    retry: planRetry(config.retry, fallback),
    timeouts: planTimeouts(config.timeout),
    resume: resumeMode(config.resume, transport.reconnect),
    usageMode: checkOneOf(config.usageMode ?? 'last', 'usageMode', ['last', 'total']),
    estimator: checkUsageMode(config.usage, 'usage'),
    prices: config.prices === undefined ? undefined : checkPrices(config.prices, 'prices'),
    whenBusy: checkOneOf(config.whenBusy ?? 'queue', 'whenBusy', ['queue', 'reject']),
    generation: orNothing(checkGeneration(config)),
    maxEventBytes: checkInteger(config.maxEventBytes ?? 8 * 1024 * 1024, 'maxEventBytes', 1, 2 ** 31 - 1),
    credit: checkInteger(transport.bufferSize ?? 65_536, 'bufferSize', 1, 2 ** 31 - 1),
    flushInterval: checkMilliseconds(transport.flushInterval ?? 1, 'flushInterval'),
  }
}

/** Nothing asked of the generation: one for all, since there may be thousands of conversations. */
const noGeneration: Readonly<GenerationOptions> = Object.freeze({})

function orNothing(generation: GenerationOptions): Readonly<GenerationOptions> {
  return Object.keys(generation).length === 0 ? noGeneration : generation
}

/** What the options of the transport say of retries. */
function reconnection({ maxReconnectAttempts, reconnectDelay }: AIStreamTransportOptions): Readonly<RetryConfig> {
  if (maxReconnectAttempts === undefined && reconnectDelay === undefined) return noRetryConfig
  return {
    ...(maxReconnectAttempts !== undefined && {
      maxRetries: checkInteger(maxReconnectAttempts, 'maxReconnectAttempts', 0, 1000),
    }),
    ...(reconnectDelay !== undefined && { initialDelay: checkMilliseconds(reconnectDelay, 'reconnectDelay') }),
  }
}

/** A turn of a conversation that says nothing of all this: one for all of them. */
const usualPush: Readonly<TurnSettings> = Object.freeze({
  signal: undefined,
  timeouts: planTimeouts(undefined),
  retry: planRetry(undefined),
  headers: noHeaders,
  generation: noGeneration,
  retain: true,
  errors: 'throw',
  push: true,
})
const usualPull: Readonly<TurnSettings> = Object.freeze({ ...usualPush, push: false })

/** Checks the options of one turn and lays them over those of the conversation. */
export function turnSettings(
  base: AIStreamSettings,
  options: StreamSendOptions | undefined,
  pulled: boolean,
): Readonly<TurnSettings> {
  if (options === undefined) {
    const { timeouts, retry, generation } = base
    const push = !pulled
    const { timeouts: usualTimeouts, retry: usualRetry, generation: usualGeneration } = usualPush
    if (timeouts === usualTimeouts && retry === usualRetry && generation === usualGeneration) {
      return push ? usualPush : usualPull
    }
    return { signal: undefined, timeouts, retry, headers: noHeaders, generation, retain: true, errors: 'throw', push }
  }
  const given = checkObject(options, 'options', pulled ? streamKeys : sendKeys) as StreamSendOptions
  return {
    signal: given.signal === undefined ? undefined : checkSignal(given.signal, 'signal'),
    timeouts: planTimeouts(given.timeout, base.timeouts),
    retry: given.retry === undefined ? base.retry : planRetry(given.retry, base.retryConfig),
    headers: given.headers === undefined ? noHeaders : checkHeaders(given.headers, 'headers'),
    generation: { ...base.generation, ...checkGeneration(given) },
    retain: given.retain === undefined || checkBoolean(given.retain, 'retain'),
    errors: checkOneOf(given.errors ?? 'throw', 'errors', ['throw', 'chunk']),
    push: !pulled,
  }
}

/** The request the engine takes. `stream`: whether the answer is to come in pieces. */
export function nativeRequest(
  base: PlanBasis & Pick<AIStreamSettings, 'target' | 'model' | 'estimator'>,
  turn: Pick<TurnSettings, 'headers' | 'timeouts' | 'retry' | 'push' | 'retain'>,
  stream = true,
): NativeRequest {
  const { target, model, estimator } = base
  const { timeouts, retry, push, retain, headers } = turn
  return {
    plan: requestPlan(base, timeouts, retry, nativeEstimate(estimator, model)),
    target: nativeTarget(target, model, headers, stream),
    push,
    retain,
  }
}

function nativeTarget(target: Target, model: string, extra: Record<string, string>, stream: boolean): string {
  const merged = extra === noHeaders ? target.headers : mergeHeaders(target.headers, extra)
  const headers: string[] = []
  for (const name of Object.keys(merged)) headers.push(name, merged[name] as string)
  const url = target.url(model, stream)
  const { sign } = target
  const native: NativeTarget = sign === undefined ? { url, headers } : { url, headers, sign }
  return JSON.stringify(native)
}

function withTransport(target: Target, config: AIStreamConfig, options: AIStreamTransportOptions): Target {
  if (options.transport === undefined) return target
  const transport = checkOneOf(options.transport, 'transport', ['sse', 'websocket', 'http'])
  if (transport === 'websocket') return { ...target, carrier: 'websocket' }
  if (target.carrier === 'websocket') {
    throw new ValidationError(
      `Expected \`transport: 'websocket'\` with an endpoint that is asked over WebSocket, got '${transport}'`,
      'transport',
    )
  }
  const lines = transport === 'http'
  return {
    ...target,
    headers: mergeHeaders({ accept: lines ? 'application/x-ndjson' : 'text/event-stream' }, target.headers),
    protocol: lines && config.protocol === undefined ? 'ndjson' : target.protocol,
  }
}

function resumeMode(given: unknown, reconnect: unknown): ResumeMode {
  const mode = given === undefined ? undefined : checkResume(given)
  if (reconnect === undefined || checkBoolean(reconnect, 'reconnect')) return mode ?? 'auto'
  if (mode !== undefined && mode !== 'none') {
    throw new ValidationError(
      `Expected \`reconnect: false\` or \`resume: '${mode}'\`, got both: they contradict`,
      'reconnect',
    )
  }
  return 'none'
}

const roles = ['user', 'assistant', 'system'] as const

const noHistory: readonly never[] = []

function checkHistory(messages: unknown): readonly Pick<Message, 'role' | 'content'>[] {
  if (messages === undefined) return noHistory
  if (!Array.isArray(messages)) fail('messages', 'an array of messages', describe(messages))
  return messages.map((message: unknown, index) => {
    if (typeof message !== 'object' || message === null) fail(`messages[${index}]`, 'a message', describe(message))
    const { role, content } = message as Record<string, unknown>
    if (typeof content !== 'string') fail(`messages[${index}].content`, 'a string', describe(content))
    return { role: checkOneOf(role, `messages[${index}].role`, roles), content }
  })
}
