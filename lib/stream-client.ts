/**
 * {@link StreamClient}: questions to models, each on its own. It keeps nothing but its configuration; every question is an
 * {@link Answer}, read, piped or told to callbacks. What always holds: whatever is wrong with a request is thrown before
 * anything is sent; an answer nobody wants any more is closed.
 */
import type { IncomingMessage } from 'node:http'
import { nativeRequest } from './ai-stream-config.js'
import type { AnswerOptions } from './answer/roles.js'
import { Answer } from './answer.js'
import { tell } from './callbacks.js'
import { checkObject, describe, fail } from './check.js'
import { classifyError } from './classify.js'
import { type ClientConfig, type ClientSettings, clientKeys, clientSettings, resolveChoice } from './client-config.js'
import type { StreamErrorType } from './errors.js'
import { answerFromChunks } from './fed-answer.js'
import type { ToolChoice } from './generation.js'
import { type Asker, type HandlerOptions, handlerKeys, type NodeHandler, nodeHandler, webHandler } from './handler.js'
import type { NativeRequest } from './native.js'
import { checkResume, planRetry, planTimeouts, type RetryPlan } from './policies.js'
import { viaDecoder } from './providers/decoded.js'
import type { RequestMessage } from './request-messages.js'
import { samePlan } from './request-plan.js'
import {
  type CheckedRequest,
  callbackKeys,
  checkRequest,
  optionKeys,
  type RequestOptions,
  requestKeys,
  type StreamCallbacks,
  type StreamRequest,
  type Tool,
} from './stream-request.js'
import { AnswerHandle, collect, type ErrorMode, readObject, type StreamHandle } from './stream-result.js'
import type { Target } from './target.js'
import { checkUsageMode } from './tokens/estimate.js'
import { ToolSteps } from './tool-steps.js'
import type { CollectedResponse, Usage } from './types.js'
import { addUsage, noUsage } from './usage.js'

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
  #totalUsage = noUsage()
  #totalCost = 0

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
  stream<T = unknown>(request: StreamRequest<T> | string, options?: RequestOptions<T>): StreamHandle<T> {
    const question = this.#prepare(merge(request, options))
    const handle = new AnswerHandle(question.answer, question.errors)
    begin(question)
    // What `object` is follows from the schema.
    return handle as StreamHandle as StreamHandle<T>
  }

  /**
   * Asks, and gives the whole answer. Rejects where it fails or is aborted, where it is not the JSON that `output` asked
   * for, or with what a callback threw; not before the callbacks are done.
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
  async generate<T = unknown>(
    request: Omit<StreamRequest<T>, 'retain' | 'errors'> | string,
    options?: Omit<RequestOptions<T>, 'retain' | 'errors'>,
  ): Promise<CollectedResponse<T>> {
    const merged = merge(request, options)
    for (const key of ['retain', 'errors'] as const) {
      if (merged[key] !== undefined)
        fail(key, 'left out: the whole answer is given, or the error thrown', describe(merged[key]))
    }
    return (await whole(this.#prepare(merged))) as CollectedResponse<T>
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

  /**
   * What all answers of this client together cost so far, in US dollars: those that are over, as far as their models have
   * prices. Of one answer: `costUsd` of its result.
   *
   * @example
   * import { StreamClient } from 'millstream'
   *
   * const client = new StreamClient({ prices: { 'my-model': { inputPerMillion: 1, outputPerMillion: 2 } } })
   * await client.generate({ model: 'my-model', prompt: 'Name three rivers' })
   * console.log(client.totalCost.toFixed(6))
   */
  get totalCost(): number {
    return this.#totalCost
  }

  /**
   * The token counts of all answers of this client together, of those that are over and have any.
   *
   * @example
   * import { StreamClient } from 'millstream'
   *
   * const client = new StreamClient({ usage: 'estimate' })
   * console.log(client.totalUsage.totalTokens)
   */
  get totalUsage(): Usage {
    return { ...this.#totalUsage }
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

  /** An answer is over. */
  #account(answer: Answer): void {
    const usage = answer.usageSoFar
    if (usage === undefined) return
    this.#totalUsage = addUsage(this.#totalUsage, usage)
    this.#totalCost += answer.costOf(usage) ?? 0
  }

  /** Checks a request and makes its answer, which is not asked for yet. */
  #prepare(request: StreamRequest): Prepared {
    checkObject(request, 'request', requestKeys)
    const turn = this.#turn(request)
    const { checked } = turn
    const { callbacks, errors, signal, tools } = checked
    const common = { callbacks, errors, signal }
    // Not a function made here: it would keep all that this one knows of the request for as long as the answer lives.
    const observed = callbacks.onError === undefined ? never : always
    if (tools !== undefined) return { ...common, ...this.#withTools(request, turn, tools, observed) }
    const answer = this.#answer(turn, { retain: checked.retain, observed, output: checked.output })
    const { request: native, body } = turn
    const asked =
      checked.output?.isIncremental === true ? { ...native, plan: samePlan({ ...native.plan, json: true }) } : native
    return { ...common, answer, ask: () => answer.ask(asked, body) }
  }

  /** An answer in which tools are run: each turn of the model is a request of its own. */
  #withTools(
    request: StreamRequest,
    first: Turn,
    { set, maxSteps }: NonNullable<CheckedRequest['tools']>,
    observed: () => boolean,
  ): Pick<Prepared, 'answer' | 'ask' | 'threw'> {
    const { prompt, input, messages, onStep: _, maxSteps: __, tools: ___, toolChoice, ...rest } = request
    const question: readonly RequestMessage[] = [{ role: 'user', content: prompt ?? input?.text ?? '' }]
    // Told to call a tool, the model would do nothing else, again and again.
    const later: ToolChoice | undefined = toolChoice === undefined || toolChoice === 'none' ? toolChoice : 'auto'
    const { checked, target } = first
    let ask = () => {}
    let threw: { thrown: unknown } | undefined
    const asked = new Promise<void>((resolve) => {
      ask = resolve
    })
    const steps = new ToolSteps({
      tools: set,
      maxSteps,
      messages: messages ?? question,
      asked,
      provider: target.provider,
      total: first.request.plan.totalTimeout,
      ask: (said, step, totalTimeout) => {
        const next = { ...rest, messages: said, tools: set.definitions as Tool[], ...(later && { toolChoice: later }) }
        const turn = step === 1 ? first : this.#turn(next)
        const answer = this.#answer(turn, { retain: false, observed: always })
        const plan = { ...turn.request.plan, totalTimeout }
        answer.ask({ ...turn.request, plan, retain: false }, turn.body)
        return answer
      },
      onStep: async (step) => {
        try {
          await checked.callbacks.onStep?.(step)
        } catch (thrown) {
          threw ??= { thrown }
          answer.abort(thrown, 'A callback threw')
        }
      },
    })
    const { retain, model, output } = checked
    const credit = this.#settings.credit
    const answer: Answer = answerFromChunks(steps, {
      provider: target.provider,
      model,
      retain,
      credit,
      prices: this.#settings.prices,
      observed,
      output,
    })
    return { answer, ask, threw: () => threw }
  }

  #answer(
    { checked, target, retry, request }: Turn,
    given: Pick<AnswerOptions, 'retain' | 'observed' | 'output'>,
  ): Answer {
    const { provider, codec } = target
    const credit = this.#settings.credit
    const options: AnswerOptions = {
      provider,
      model: checked.model,
      retry,
      push: false,
      credit,
      estimating: request.plan.estimate !== undefined,
      prices: this.#settings.prices,
      ...given,
    }
    if (codec !== undefined) options.via = viaDecoder(codec, options)
    const answer = new Answer(options)
    answer.whenEnded(() => this.#account(answer))
    return answer
  }

  /** Checks what is asked in one turn of the model, and makes the engine's request of it. */
  #turn(request: StreamRequest): Turn {
    const settings = this.#settings
    const { target, model } = resolveChoice(settings, request.provider)
    const checked = checkRequest(request, model ?? settings.defaultModel)
    const retry = request.retry === undefined ? settings.retry : planRetry(request.retry, settings.retryConfig)
    const resume = request.resume === undefined ? settings.resume : checkResume(request.resume)
    const estimator = request.usage === undefined ? settings.estimator : checkUsageMode(request.usage, 'usage')
    const turn = {
      headers: checked.headers,
      timeouts: planTimeouts(request.timeout, settings.timeouts),
      retry,
      push: false,
      retain: checked.retain,
    }
    return {
      checked,
      target,
      retry,
      request: nativeRequest({ ...settings, target, model: checked.model, resume, estimator }, turn, request.stream),
      body: checked.body(target),
    }
  }
}

const always = () => true
const never = () => false

/** A checked turn of the model. */
interface Turn {
  checked: CheckedRequest
  target: Target
  retry: RetryPlan
  request: NativeRequest
  body: string
}

/** A checked question. */
interface Prepared {
  answer: Answer
  ask(): void
  callbacks: StreamCallbacks
  errors: ErrorMode
  signal: AbortSignal | undefined
  /** What `onStep` threw, which ended the answer. */
  threw?(): { thrown: unknown } | undefined
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
function start({ answer, ask, signal }: Prepared): void {
  if (signal !== undefined) {
    const abort = () => answer.abort(signal.reason)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    answer.whenEnded(() => signal.removeEventListener('abort', abort))
  }
  ask()
}

/** Asks, and tells the callbacks, if any. */
function begin(question: Prepared): void {
  const { answer, callbacks } = question
  if (callbackKeys.some((name) => callbacks[name] !== undefined)) {
    void tell(answer, callbacks).then((told) => {
      const failure = 'thrown' in told ? told : question.threw?.()
      if (failure === undefined) return
      // Readers learn of it by the abort it caused; where there are none, it must not vanish.
      const { outcome, witnessed } = answer
      if (witnessed && outcome?.kind === 'aborted' && outcome.error.cause === failure.thrown) return
      void Promise.reject(failure.thrown)
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
  const failure = 'thrown' in end ? end : question.threw?.()
  if (failure !== undefined) throw failure.thrown
  if ('error' in end && end.error !== undefined) throw end.error
  const collected = collect(answer)
  if (answer.output === undefined || waitsForTools(collected)) return collected
  return { ...collected, object: await readObject(answer) }
}

/** Whether the model said nothing but what is to be done before it answers. */
function waitsForTools({ text, finishReason }: CollectedResponse): boolean {
  return finishReason === 'tool-calls' && text.trim() === ''
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
