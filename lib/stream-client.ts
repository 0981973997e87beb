/**
 * {@link StreamClient}: questions to models, each on its own. It keeps nothing but its configuration; every question is an
 * {@link Answer}, read, piped or told to callbacks. What always holds: whatever is wrong with a request is thrown before
 * anything is sent; an answer nobody wants any more is closed.
 */
import type { IncomingMessage } from 'node:http'
import { nativeRequest } from './ai-stream-config.js'
import { Answer, type AnswerOptions } from './answer.js'
import { tell } from './callbacks.js'
import { checkObject, describe, fail } from './check.js'
import { classifyError } from './classify.js'
import { type ClientConfig, type ClientSettings, clientKeys, clientSettings, resolveChoice } from './client-config.js'
import type { StreamErrorType } from './errors.js'
import { type Asker, type HandlerOptions, handlerKeys, type NodeHandler, nodeHandler, webHandler } from './handler.js'
import type { NativeRequest } from './native.js'
import { checkResume, planRetry, planTimeouts } from './policies.js'
import { viaDecoder } from './providers/decoded.js'
import {
  callbackKeys,
  checkRequest,
  optionKeys,
  type RequestOptions,
  requestKeys,
  type StreamCallbacks,
  type StreamRequest,
} from './stream-request.js'
import { AnswerHandle, collect, type ErrorMode, type StreamHandle } from './stream-result.js'
import type { CollectedResponse } from './types.js'

/**
 * What {@link StreamClient.testConnection} asks.
 *
 * @example
 * import { type ConnectionTarget, StreamClient } from 'millstream'
 *
 * const target: ConnectionTarget = { provider: 'cerebras', model: 'llama3.1-8b' }
 * console.log(await new StreamClient().testConnection(target))
 */
export type ConnectionTarget = Pick<
  StreamRequest,
  'provider' | 'model' | 'prompt' | 'maxTokens' | 'headers' | 'extraBody' | 'signal' | 'timeout'
>

/**
 * What {@link StreamClient.testConnection} found. It can be sent as JSON.
 *
 * @example
 * import { type ConnectionReport, StreamClient } from 'millstream'
 *
 * const report: ConnectionReport = await new StreamClient().testConnection('openai')
 * if (!report.success) console.log(report.type, report.error)
 */
export interface ConnectionReport {
  /** Whether an answer came, to its end. */
  success: boolean
  /** Milliseconds from the request to its end. */
  responseTime: number
  /** Pieces of text. */
  chunkCount: number
  /** Characters of text. */
  contentLength: number
  /** The model that answered, else the one asked for, `''` where the question could not even be put. */
  model: string
  provider: string
  /** Why not. */
  error?: string
  type?: StreamErrorType
  code?: string
  suggestion?: string
}

/** What routes ask a client by, for faces that have routes of their own. */
export let askerOf: (client: StreamClient) => Asker

/** How long a test of a connection may take, in milliseconds. */
const testLimit = 10_000

/**
 * Asks models: many providers behind one call, each question on its own. For a conversation that is kept, take `AIStream`.
 *
 * @example
 * import { StreamClient } from 'millstream'
 *
 * const client = new StreamClient({ defaultModel: 'gpt-4o-mini' })
 * const { text, usage } = await client.generate({ prompt: 'Name three rivers' })
 * console.log(text, usage?.totalTokens)
 */
export class StreamClient {
  static {
    askerOf = (client) => client.#asker
  }

  readonly #settings: ClientSettings

  /** @throws ValidationError where an option is not what it must be. A missing key shows when it is needed. */
  constructor(config: ClientConfig = {}) {
    this.#settings = clientSettings(config)
  }

  /**
   * Asks, and gives the running answer, to be iterated, awaited or piped. It starts at once.
   *
   * Options stand in the request or beside it; those beside it win.
   *
   * @throws ValidationError where the request is not what it must be, or could not succeed: an unknown provider, a missing
   *   key.
   *
   * @example
   * import { StreamClient } from 'millstream'
   *
   * const client = new StreamClient({ providers: { local: { baseUrl: 'http://127.0.0.1:8080/v1', model: 'llama' } } })
   * for await (const chunk of client.stream('Write a haiku')) process.stdout.write(chunk.content)
   */
  stream(request: StreamRequest | string, options?: RequestOptions): StreamHandle {
    const question = this.#prepare(merge(request, options))
    const handle = new AnswerHandle(question.answer, question.errors)
    begin(question)
    return handle
  }

  /**
   * Asks, and gives the whole answer. Rejects where it fails or is aborted, or with what a callback threw; not before the
   * callbacks are done.
   *
   * @example
   * import { StreamClient } from 'millstream'
   *
   * const client = new StreamClient()
   * const answer = await client.generate({
   *   model: 'gpt-4o-mini',
   *   systemPrompt: 'Answer in one word.',
   *   messages: [{ role: 'user', content: 'The capital of Norway?' }],
   *   onToken: (token) => process.stdout.write(token),
   * })
   * console.log(answer.finishReason)
   */
  async generate(
    request: Omit<StreamRequest, 'retain' | 'errors'> | string,
    options?: Omit<RequestOptions, 'retain' | 'errors'>,
  ): Promise<CollectedResponse> {
    const merged = merge(request, options)
    for (const key of ['retain', 'errors'] as const) {
      if (merged[key] !== undefined)
        fail(key, 'left out: the whole answer is given, or the error thrown', describe(merged[key]))
    }
    return whole(this.#prepare(merged))
  }

  /**
   * Asks for a few words and says how that went. Never throws, and takes ten seconds at most; `timeout` can lower that.
   *
   * @example
   * import { StreamClient } from 'millstream'
   *
   * const client = new StreamClient({ defaultModel: 'gpt-4o-mini' })
   * const { success, responseTime, error } = await client.testConnection()
   * console.log(success ? `${responseTime} ms` : error)
   */
  async testConnection(target?: ConnectionTarget | string): Promise<ConnectionReport> {
    const began = performance.now()
    let answer: Answer | undefined
    let failure: unknown
    try {
      const given = target === undefined ? {} : typeof target === 'string' ? { provider: target } : target
      checkObject(given, 'target', testKeys)
      const timeouts = planTimeouts(given.timeout, this.#settings.timeouts)
      const total = timeouts.totalTimeout === 0 ? testLimit : Math.min(timeouts.totalTimeout, testLimit)
      const question = this.#prepare({
        prompt: 'Reply with the word: ready',
        maxTokens: 16,
        ...given,
        timeout: {
          connect: timeouts.connectTimeout,
          firstContent: timeouts.firstContentTimeout,
          idle: timeouts.idleTimeout,
          contentIdle: timeouts.contentIdleTimeout,
          total,
        },
        retry: { maxRetries: 0 },
      })
      answer = question.answer
      await whole(question)
    } catch (error) {
      failure = error
    }
    const report: ConnectionReport = {
      success: failure === undefined,
      responseTime: Math.ceil(performance.now() - began),
      chunkCount: answer?.metrics.chunks ?? 0,
      contentLength: answer?.textSoFar.length ?? 0,
      model: answer?.model ?? '',
      provider: answer?.provider ?? '',
    }
    if (failure === undefined) return report
    const { message: error, type, suggestion } = classifyError(failure)
    const { code } = failure as { code?: unknown }
    return { ...report, error, type, suggestion, ...(typeof code === 'string' && { code }) }
  }

  /**
   * A route for frameworks with web requests (Next.js, Hono, …): a question comes as JSON, the answer goes out as a stream,
   * or as the status and JSON `{error, type, code}` of a failure before its first byte. See {@link HandlerOptions}.
   *
   * 400: the body is not what it must be, or more than is allowed (413: longer). 405: not a POST. A provider's error status
   * is passed on, with `Retry-After`; but where the provider refuses the app's own key it is 502, as where it can't be
   * reached or understood, and 504 where it is too slow. 500: the app's own mistake, as a missing key. After the first byte
   * a failure is told in the stream. The client's leaving closes the connection to the provider.
   *
   * @example
   * import { StreamClient } from 'millstream'
   *
   * const client = new StreamClient({ defaultModel: 'gpt-4o-mini' })
   * export const POST = client.handler({ systemPrompt: 'You are a helpful assistant.' })
   */
  handler(options: HandlerOptions = {}): (request: Request) => Promise<Response> {
    return webHandler(this.#asker, options)
  }

  /**
   * The same for `node:http`, Express and Connect, where the engine can write to the client's socket itself. The body may
   * have been read by a parser (`express.json()`) before. Hooks get the framework's request; what they throw rejects.
   *
   * @example
   * import express from 'express'
   * import { StreamClient } from 'millstream'
   *
   * const client = new StreamClient({ defaultModel: 'gpt-4o-mini' })
   * express().post('/api/chat', client.nodeHandler({ maxTokens: 1000 }))
   */
  nodeHandler(options: HandlerOptions<IncomingMessage> = {}): NodeHandler {
    return nodeHandler(this.#asker, options)
  }

  get #asker(): Asker {
    return {
      ask: (request) => {
        const question = this.#prepare(request)
        begin(question)
        return question.answer
      },
      whole: async (request) => whole(this.#prepare(request)),
    }
  }

  /** Checks a request and makes its answer, which is not asked for yet. */
  #prepare(request: StreamRequest): Prepared {
    checkObject(request, 'request', requestKeys)
    const settings = this.#settings
    const { target, model } = resolveChoice(settings, request.provider)
    const checked = checkRequest(request, model ?? settings.defaultModel)
    const retry = request.retry === undefined ? settings.retry : planRetry(request.retry, settings.retryConfig)
    const resume = request.resume === undefined ? settings.resume : checkResume(request.resume)
    const turn = {
      headers: checked.headers,
      timeouts: planTimeouts(request.timeout, settings.timeouts),
      retry,
      push: false,
      retain: checked.retain,
    }
    const { callbacks, errors, signal } = checked
    const options: AnswerOptions = {
      provider: target.provider,
      model: checked.model,
      retry,
      retain: checked.retain,
      push: false,
      credit: settings.credit,
      observed: () => callbacks.onError !== undefined,
    }
    if (target.codec !== undefined) options.via = viaDecoder(target.codec, options)
    return {
      answer: new Answer(options),
      request: nativeRequest({ ...settings, target, model: checked.model, resume }, turn, request.stream),
      body: checked.body(target),
      callbacks,
      errors,
      signal,
    }
  }
}

/** A checked question. */
interface Prepared {
  answer: Answer
  request: NativeRequest
  body: string
  callbacks: StreamCallbacks
  errors: ErrorMode
  signal: AbortSignal | undefined
}

const testKeys = [
  'provider',
  'model',
  'prompt',
  'maxTokens',
  'headers',
  'extraBody',
  'signal',
  'timeout',
] as const satisfies readonly (keyof ConnectionTarget)[]

/** Options laid over a request; those that are not given hide nothing. */
function merge(request: StreamRequest | string, options: RequestOptions | undefined): StreamRequest {
  if (options !== undefined) checkObject(options, 'options', optionKeys)
  if (typeof request !== 'string' && (typeof request !== 'object' || request === null || Array.isArray(request))) {
    fail('request', 'a string or an object', describe(request))
  }
  const merged: Record<string, unknown> = typeof request === 'string' ? { prompt: request } : { ...request }
  for (const [key, value] of Object.entries(options ?? {})) {
    if (value !== undefined) merged[key] = value
  }
  return merged
}

/** Asks. Whoever wants the answer in pieces has to be there by now. */
function start({ answer, request, body, signal }: Prepared): void {
  if (signal !== undefined) {
    const abort = () => answer.abort(signal.reason)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    answer.whenEnded(() => signal.removeEventListener('abort', abort))
  }
  answer.ask(request, body)
}

/** Asks, and tells the callbacks, if any. */
function begin(question: Prepared): void {
  const { answer, callbacks } = question
  if (callbackKeys.some((name) => callbacks[name] !== undefined)) {
    void tell(answer, callbacks).then((told) => {
      if (!('thrown' in told)) return
      // Readers learn of it by the abort it caused; where there are none, it must not vanish.
      const { outcome, witnessed } = answer
      if (witnessed && outcome?.kind === 'aborted' && outcome.error.cause === told.thrown) return
      void Promise.reject(told.thrown)
    })
  }
  start(question)
}

/** Asks for the whole answer, told to the callbacks on the way. */
async function whole(question: Prepared): Promise<CollectedResponse> {
  const { answer, callbacks } = question
  const told = tell(answer, callbacks)
  // Nobody but those who read piece by piece needs it slowly.
  if (answer.isUnclaimed) answer.claim(true)
  start(question)
  const end = await told
  if ('thrown' in end) throw end.thrown
  if (end.error !== undefined) throw end.error
  return collect(answer)
}

/**
 * The options of {@link createHandler}: those of the client and those of the route.
 *
 * @example
 * import { createHandler, type HandlerConfig } from 'millstream'
 *
 * const config: HandlerConfig = { defaultProvider: 'openai', model: 'gpt-4o-mini', format: 'ui-message' }
 * export const POST = createHandler(config)
 */
export interface HandlerConfig extends ClientConfig, HandlerOptions {}

/**
 * A client and its {@link StreamClient.handler} in one. Keys are looked up when the first request comes, so that an app can
 * be built without them.
 *
 * @example
 * import { createHandler } from 'millstream'
 *
 * export const POST = createHandler({ model: 'gpt-4o-mini' })
 */
export function createHandler(config: HandlerConfig = {}): (request: Request) => Promise<Response> {
  const given = checkObject(config, 'config', [...clientKeys, ...handlerKeys])
  const pick = (keys: readonly string[]) =>
    Object.fromEntries(Object.entries(given).filter(([key]) => keys.includes(key)))
  return new StreamClient(pick(clientKeys)).handler(pick(handlerKeys))
}
