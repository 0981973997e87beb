/**
 * {@link SteerLLMClient}: answers as text, or whole with their counts and cost, over `StreamClient`. What always holds:
 * every option is checked and has its effect before anything is sent; text that was given is never given again.
 */
import { checkNonEmpty, checkObject, checkString, describe, fail } from '../../check.js'
import { type ClientConfig, clientKeys } from '../../client-config.js'
import { ValidationError } from '../../errors.js'
import { type GenerationOptions, generationKeys } from '../../generation.js'
import { checkEventCallbacks, type EventCallbacks, eventCallbackKeys } from '../../pipeline/callbacks.js'
import { EventProcessor, type EventStream } from '../../pipeline.js'
import { checkPrices, costOf, type PriceMap } from '../../pricing.js'
import type { CacheControl, RequestMessage } from '../../request-messages.js'
import { StreamClient } from '../../stream-client.js'
import type { RequestOptions, StreamRequest } from '../../stream-request.js'
import type { OutputSpec } from '../../structured-output.js'
import type { Usage } from '../../types.js'
import { gathered } from './gathered.js'
import { JsonText } from './json-text.js'
import {
  type AggregatorType,
  type ResolvedOptions,
  resolveOptions,
  type StreamingOptions,
  type StreamingOptionsInput,
} from './options.js'
import { gather, type StreamingResponseWithUsage, withCacheInfo } from './response.js'
import { type EitherSpelling, inCamelCase } from './spelling.js'

/** What a client is made of: as of `StreamClient`, and options for all its answers. */
export interface SteerConfig extends ClientConfig {
  streamingOptions?: StreamingOptionsInput | StreamingOptions
}

/** A message; `cache_control` marks what the provider should cache. */
export interface SteerMessage extends RequestMessage {
  cache_control?: CacheControl
}

/** In which form the answer is wanted. */
export type ResponseFormat =
  | { type: 'text' | 'json_object' }
  | { type: 'json_schema'; json_schema: { name: string; schema: object; strict?: boolean } }

interface SteerFields
  extends GenerationOptions,
    EventCallbacks,
    Pick<
      RequestOptions,
      | 'provider'
      | 'systemPrompt'
      | 'n'
      | 'tools'
      | 'toolChoice'
      | 'maxSteps'
      | 'parallelToolCalls'
      | 'headers'
      | 'signal'
      | 'stream'
    > {
  /** Asked where the client has no `defaultModel`. */
  model?: string
  responseFormat?: ResponseFormat
  streamingOptions?: StreamingOptionsInput | StreamingOptions
}

/** What applies to one answer; names may stand in snake case. */
export type SteerOptions = EitherSpelling<SteerFields>

/** A question with what applies to it. */
export type SteerRequest = SteerOptions &
  ({ messages: string | readonly SteerMessage[]; prompt?: never } | { prompt: string; messages?: never })

const passedOn = [
  ...generationKeys,
  'provider',
  'systemPrompt',
  'n',
  'tools',
  'toolChoice',
  'parallelToolCalls',
  'maxSteps',
  'headers',
  'signal',
  'stream',
] as const satisfies readonly (keyof StreamRequest)[]

const requestKeys = [
  ...passedOn,
  'messages',
  'prompt',
  'model',
  'responseFormat',
  'streamingOptions',
  'returnUsage',
  ...eventCallbackKeys,
] as const

/** Which provider has models of this name. */
const families: readonly (readonly [pattern: RegExp, provider: string])[] = [
  [/^(gpt|o\d|chatgpt|text-davinci|davinci|babbage|codex|ft:)/, 'openai'],
  [/^claude/, 'anthropic'],
  [/^grok/, 'xai'],
]

/** A question, ready to be asked. */
interface Question {
  request: StreamRequest
  options: ResolvedOptions
  callbacks: EventCallbacks
  isJson: boolean
}

/**
 * Asks models of OpenAI, Anthropic and xAI, and of any other provider of the client. The provider follows from the model's
 * name where none is named.
 *
 * @example
 * import { SteerLLMClient } from 'millstream/compat/steer'
 *
 * const client = new SteerLLMClient()
 * for await (const chunk of client.stream('Tell me a story', { model: 'gpt-4o-mini' })) process.stdout.write(chunk)
 */
export class SteerLLMClient {
  readonly #config: ClientConfig
  readonly #options: StreamingOptionsInput | StreamingOptions | undefined
  readonly #prices: PriceMap | undefined
  /** By what only a whole client can be told. */
  readonly #clients = new Map<string, StreamClient>()

  /** @throws ValidationError where an option is not what it must be. A missing key shows when it is needed. */
  constructor(config: SteerConfig = {}) {
    const { streamingOptions, ...rest } = checkObject(config, 'config', [...clientKeys, 'streamingOptions'])
    this.#config = rest
    this.#prices = config.prices === undefined ? undefined : checkPrices(config.prices, 'prices')
    this.#options = streamingOptions as StreamingOptionsInput | undefined
    this.#clientFor(resolveOptions(this.#options, false))
  }

  /**
   * Asks, and gives the text as it comes. To be iterated, not awaited. It starts at once.
   *
   * @throws ValidationError where something is not what it must be; and for `returnUsage`, which is `streamWithUsage` now
   */
  stream(
    messages: string | readonly SteerMessage[] | SteerRequest,
    model?: string | SteerOptions,
    options?: SteerOptions,
  ): AsyncIterable<string> {
    const question = this.#question(messages, model, options)
    return this.#ask(question).events.textStream
  }

  /** Asks, and gives the whole answer when it is there. Callbacks are told while it comes. Rejects where it fails. */
  async streamWithUsage(
    messages: string | readonly SteerMessage[] | SteerRequest,
    model?: string | SteerOptions,
    options?: SteerOptions,
  ): Promise<StreamingResponseWithUsage> {
    const question = this.#question(messages, model, options)
    const { events, json } = this.#ask(question)
    const cost = ({ usage, model, provider }: { usage: Usage; model: string; provider: string }) =>
      costOf(usage, model, provider, this.#prices)
    return gather(events, { compressed: question.options.enableCompression, json, cost })
  }

  /** @internal What happens while a question is answered. */
  events(request: SteerRequest): EventStream {
    return this.#ask(this.#question(request, undefined, undefined)).events
  }

  #ask({ request, options, callbacks, isJson }: Question): { events: EventStream; json: JsonText | undefined } {
    const handle = this.#clientFor(options).stream(request)
    const { validateJsonIncrementally, enableJsonStreamHandler, eventProcessor, chunkSize } = options
    const reads = validateJsonIncrementally || (enableJsonStreamHandler && isJson)
    const json = reads ? new JsonText(validateJsonIncrementally) : undefined
    const reader = new EventProcessor().addTransformer((event) => {
      if (event.type === 'usage') event.usage = withCacheInfo(event.usage)
      return event
    })
    if (json !== undefined) {
      reader.addTransformer((event) => {
        if (event.type === 'delta' && event.choice === undefined) json.feed(event.delta)
        return event
      })
    }
    const source = gathered(reader.process(handle, { json: isJson || reads }), chunkSize)
    return { events: (eventProcessor ?? new EventProcessor()).process(source, callbacks), json }
  }

  #question(
    first: string | readonly SteerMessage[] | SteerRequest,
    second: string | SteerOptions | undefined,
    third: SteerOptions | undefined,
  ): Question {
    const owner = typeof second === 'object' ? second : third
    if (typeof second === 'object' && third !== undefined) fail('model', "a model's name", describe(second))
    const isRequest = typeof first === 'object' && first !== null && !Array.isArray(first)
    if (isRequest && owner !== undefined) fail('options', 'left out: they stand in the request', describe(owner))
    const given = inCamelCase(isRequest ? first : (owner ?? {}))
    const fields = checkObject(given, 'options', requestKeys) as SteerFields & {
      messages?: unknown
      prompt?: unknown
      returnUsage?: unknown
    }
    if (fields.returnUsage !== undefined && fields.returnUsage !== false) {
      throw new ValidationError(
        'The option `returnUsage` is gone: call `streamWithUsage()`, which gives the text with its usage and cost',
        'returnUsage',
        { code: 'RETURN_USAGE_REMOVED' },
      )
    }
    if (typeof second === 'string') {
      if (fields.model !== undefined)
        fail('options.model', 'left out where the model stands before it', describe(fields.model))
      fields.model = second
    }
    const { messages, prompt } = fields
    for (const [name, value] of Object.entries({ messages, prompt })) {
      if (!isRequest && value !== undefined) {
        fail(`options.${name}`, 'left out where the question stands before it', describe(value))
      }
    }
    if (messages !== undefined && prompt !== undefined) fail('prompt', 'left out beside `messages`', describe(prompt))
    const options = resolveOptions(mergeOptions(this.#options, fields.streamingOptions))
    const isJson = fields.responseFormat !== undefined && checkFormat(fields.responseFormat) !== 'text'
    const callbacks = { ...options.callbacks, ...ownCallbacks(fields, isRequest ? first : owner) }
    const question = isRequest ? (messages ?? (prompt === undefined ? prompt : checkString(prompt, 'prompt'))) : first
    return { request: this.#request(question, fields, options), options, callbacks, isJson }
  }

  #request(messages: unknown, fields: SteerFields, options: ResolvedOptions): StreamRequest {
    const { model, provider, responseFormat } = fields
    const request: Record<string, unknown> = { ...questionOf(messages) }
    for (const name of passedOn) {
      if (fields[name] !== undefined) request[name] = fields[name]
    }
    if (model !== undefined) request.model = checkNonEmpty(model, 'model')
    if (provider === undefined && model !== undefined && this.#config.defaultProvider === undefined) {
      const family = families.find(([pattern]) => pattern.test(model))
      if (family !== undefined) request.provider = family[1]
    }
    if (responseFormat !== undefined) request.output = outputOf(responseFormat)
    const { connectionTimeout, readTimeout, totalTimeout } = options
    // Whoever allows a long silence allows it before the first word, too.
    const slow = readTimeout === 0 ? 0 : Math.max(readTimeout, 120_000)
    return {
      ...request,
      usage: options.enableUsageAggregation ? { estimate: estimatorOf(options) } : 'reported',
      timeout: {
        connect: connectionTimeout,
        idle: readTimeout,
        firstContent: slow,
        contentIdle: slow,
        total: totalTimeout,
      },
      retry: {
        maxRetries: options.retryOnConnectionError ? options.maxReconnectAttempts - 1 : 0,
        initialDelay: options.reconnectDelay,
        maxDelay: Math.max(10_000, options.reconnectDelay),
      },
      resume: options.preservePartialResponse ? 'restart' : 'auto',
      // What is kept compressed here is not kept in the engine.
      ...(options.enableCompression && { retain: false }),
    }
  }

  #clientFor({ bufferSize, flushInterval }: ResolvedOptions): StreamClient {
    const key = `${bufferSize}/${flushInterval}`
    let client = this.#clients.get(key)
    if (client === undefined) {
      client = new StreamClient({ bufferSize, flushInterval, ...this.#config })
      this.#clients.set(key, client)
    }
    return client
  }
}

function estimatorOf({ aggregatorType, preferTiktoken }: ResolvedOptions): AggregatorType {
  return aggregatorType === 'auto' && !preferTiktoken ? 'character' : aggregatorType
}

function questionOf(messages: unknown): Pick<StreamRequest, 'prompt' | 'messages'> {
  if (typeof messages === 'string') return { prompt: messages }
  if (!Array.isArray(messages)) fail('messages', 'a string or an array of messages', describe(messages))
  return { messages: messages.map(messageOf) }
}

function messageOf(message: SteerMessage): RequestMessage {
  if (typeof message !== 'object' || message === null || message.cache_control === undefined) return message
  const { cache_control: cacheControl, ...rest } = message
  return { ...rest, cacheControl }
}

function outputOf(format: ResponseFormat): OutputSpec {
  if (format.type === 'text') return { format: 'text' }
  // What can't be JSON is found by this face's own reader, where that is wanted.
  const validate = 'end'
  if (format.type === 'json_object') return { format: 'json', validate }
  const { schema, name, strict } = (format as Extract<ResponseFormat, { json_schema: unknown }>).json_schema ?? {}
  return { format: 'structured', validate, schema, name, ...(strict !== undefined && { strict }) }
}

/** Options of the call over those of the client. */
function mergeOptions(base: object | undefined, own: object | undefined): StreamingOptionsInput {
  if (own !== undefined && (typeof own !== 'object' || own === null)) {
    fail('streamingOptions', 'StreamingOptions or an object', describe(own))
  }
  return base === undefined ? ((own ?? {}) as StreamingOptionsInput) : { ...base, ...own }
}

function ownCallbacks(fields: SteerFields, owner: unknown): EventCallbacks {
  const callbacks: Record<string, unknown> = {}
  for (const name of eventCallbackKeys) {
    const callback: unknown = fields[name]
    if (callback !== undefined) callbacks[name] = typeof callback === 'function' ? callback.bind(owner) : callback
  }
  return checkEventCallbacks(callbacks)
}

function checkFormat(format: ResponseFormat): ResponseFormat['type'] {
  const type: unknown = (format as Partial<ResponseFormat> | null)?.type
  if (type === 'text' || type === 'json_object' || type === 'json_schema') return type
  return fail('responseFormat.type', "one of 'text', 'json_object', 'json_schema'", describe(type))
}
