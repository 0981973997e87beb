/**
 * {@link CopilotEdge}: questions to the models of Workers AI, and routes for those questions, over `StreamClient`. What
 * always holds: a question is the same and has the same limits whether it came by a route or by `handleRequest`; a client
 * never chooses the model.
 */
import type { IncomingMessage } from 'node:http'
import { checkFunction, checkNonEmpty, checkObject } from '../../check.js'
import type { ClientProvider } from '../../client-config.js'
import { StreamError, type ValidationError } from '../../errors.js'
import { checkDepth, type QuestionRules, readQuestion, tooMuch } from '../../handler/question.js'
import { failureHeaders, messageFor, type Reply } from '../../handler/reply.js'
import { type HandlerOptions, type NodeHandler, nodeHandler, webHandler } from '../../handler.js'
import { askerOf, StreamClient } from '../../stream-client.js'
import type { StreamRequest } from '../../stream-request.js'
import { type CopilotEdgeConfig, credentials, type EdgeSettings, edgeSettings } from './config.js'
import { endpointOf } from './models.js'
import { type ChatCompletion, type StreamingChat, streamingChat, wholeChat } from './results.js'

/** A body as a route gets it; generation parameters may stand under OpenAI's names or under ours. */
export interface CopilotEdgeRequest {
  messages?: readonly unknown[]
  /** In place of `messages`: one message of the user. */
  prompt?: string
  /** Whether the answer comes in pieces. Default as the instance was made. */
  stream?: boolean
  /** Default 0.7. */
  temperature?: number
  /** Default 1000. */
  max_tokens?: number
  [field: string]: unknown
}

/** What the app says about a request, and a client can't. */
export interface HandleRequestOptions {
  /** In place of the instance's. */
  model?: string
  /** Ends the answer. */
  signal?: AbortSignal
  /** In place of the instance's. */
  onChunk?(chunk: string): unknown
  /**
   * `false`: a streamed answer is forgotten as it is read, however long it is. It can be read once then, by a loop or by
   * `getFullResponse()`, and not beside an `onChunk`. Default true.
   */
  retain?: boolean
}

/** What the models of Workers AI would cut after 256 tokens is cut after so many. */
const defaults = { temperature: 0.7, maxTokens: 1000 }

/**
 * Models of Cloudflare's Workers AI behind one call and behind routes. `S`: whether requests that don't say are streamed.
 *
 * @example
 * import { CopilotEdge } from 'millstream/compat/copilotedge'
 *
 * const edge = new CopilotEdge({ stream: true })
 * const response = await edge.handleRequest({ messages: [{ role: 'user', content: 'Hello' }] })
 * for await (const chunk of response.stream) process.stdout.write(chunk)
 */
export class CopilotEdge<S extends boolean = false> {
  readonly #settings: EdgeSettings
  readonly #client: StreamClient
  readonly #provider: (model: string) => ClientProvider

  /** @throws ValidationError where an option is not what it must be, or key or account are missing. */
  constructor(config: CopilotEdgeConfig & { stream?: S } = {}) {
    const settings = edgeSettings(config)
    const { apiKey, accountId } = credentials(settings)
    const { apiTimeout, maxRetries, headers, baseUrl } = settings
    this.#settings = settings
    const account = { vendor: 'cloudflare', apiKey, headers, accountId, baseUrl } as const
    this.#provider = (model) => ({ ...account, api: endpointOf(model) === 'chat' ? 'chat' : 'native' })
    this.#client = new StreamClient({
      retry: { maxRetries: maxRetries - 1, maxDelay: 8000, jitter: true },
      timeout: { connect: apiTimeout, firstContent: apiTimeout, idle: apiTimeout },
    })
  }

  /**
   * Asks. The body may be one that a client sent; `model` in it is not heard. With `stream` the result is there as soon as
   * the head of the answer is.
   *
   * Rejects with a `ValidationError` where the body is not what it must be, with an `APIError` where Cloudflare answers
   * with an error status, and with another `StreamError` where it can't be reached or breaks off.
   */
  async handleRequest<R extends boolean = S>(
    body: CopilotEdgeRequest & { stream?: R },
    options: HandleRequestOptions = {},
  ): Promise<R extends true ? StreamingChat : ChatCompletion> {
    const { limits } = this.#settings
    const given = checkHandling(options)
    checkDepth(body, limits)
    checkBodySize(body, limits.maxRequestSize)
    const { request, stream } = readQuestion(body, this.#rules(given.model))
    const asked = this.#asked(request, { ...given, stream })
    const result = stream ? await this.#streaming(asked) : await this.#whole(asked)
    return result as R extends true ? StreamingChat : ChatCompletion
  }

  /**
   * A route for frameworks with web requests. Streams go out in OpenAI's format, other answers as `chat.completion`, and
   * failures before the first byte as `{error, type}`: 400 where the body is not what it must be, Cloudflare's own status
   * where it gave one, else 500. A client that leaves takes its answer with it.
   */
  createNextHandler(): (request: Request) => Promise<Response> {
    const handle = webHandler(askerOf(this.#client), this.#route(), failureReply)
    return async (request) => {
      const began = performance.now()
      const response = await handle(request)
      response.headers.set('X-CopilotEdge-Latency', `${Math.round(performance.now() - began)}ms`)
      const { headers } = response
      if (headers.get('content-type')?.startsWith('text/event-stream')) headers.set('X-Streaming', 'true')
      return response
    }
  }

  /** The same for `node:http` and Express. */
  createNodeHandler(): NodeHandler {
    return nodeHandler(askerOf(this.#client), this.#route<IncomingMessage>(), failureReply)
  }

  /** The answer piece by piece. Whoever has its whole text knows that `onChunk` has had it, too. */
  async #streaming(asked: StreamRequest): Promise<StreamingChat> {
    const { onToken, onComplete, onError } = asked
    if (onToken === undefined) return streamingChat(await this.#client.stream(asked))
    let over = () => {}
    const told = new Promise<void>((resolve) => {
      over = resolve
    })
    const observed: StreamRequest = {
      ...asked,
      onComplete: (whole) => {
        over()
        return onComplete?.(whole)
      },
      onError: (error) => {
        over()
        return onError?.(error)
      },
    }
    return streamingChat(await this.#client.stream(observed), told)
  }

  /** The whole answer at once. */
  async #whole(asked: StreamRequest): Promise<ChatCompletion> {
    const { retain: _, ...request } = asked
    return wholeChat(await this.#client.generate(request))
  }

  #rules(model = this.#settings.model): QuestionRules {
    const { limits, stream } = this.#settings
    return { limits, model, stream, format: 'openai', systemPrompt: undefined, maxTokens: undefined }
  }

  #route<R = Request>(): HandlerOptions<R> {
    const { limits, stream, model, onChunk } = this.#settings
    return {
      ...limits,
      model,
      format: 'openai',
      stream,
      headers: { 'X-Powered-By': 'CopilotEdge', 'X-CopilotEdge-Model': model },
      transform: (question, _request, body) => {
        const asked = (body as { stream?: boolean | null }).stream ?? stream
        // Nobody can ask for the answer a second time.
        return this.#asked(question, { stream: asked, retain: onChunk !== undefined || !asked })
      },
    }
  }

  #asked(question: StreamRequest, given: HandleRequestOptions & { stream: boolean }): StreamRequest {
    const { debug, ...settings } = this.#settings
    const { stream, signal, retain, onChunk = settings.onChunk } = given
    const model = question.model ?? settings.model
    return {
      ...defaults,
      ...question,
      provider: this.#provider(model),
      // A whole answer has counts, whoever counted.
      ...(!stream && { stream, usage: 'estimate' as const }),
      ...(signal && { signal }),
      ...(retain !== undefined && stream && { retain }),
      ...(stream && onChunk && { onToken: (token: string) => onChunk(token) }),
      ...(debug && spoken(model, stream, question.messages?.length ?? 0)),
    }
  }
}

/** Lines about an answer on stderr. They hold sizes, times and codes, never a text or a key. */
function spoken(
  model: string,
  stream: boolean,
  messages: number,
): Pick<StreamRequest, 'onStart' | 'onComplete' | 'onError'> {
  const began = performance.now()
  const say = (what: string) =>
    void process.stderr.write(`[DEBUG] ${model}: ${what}, ${Math.round(performance.now() - began)} ms\n`)
  say(`asked with ${messages} message(s)${stream ? ', streaming' : ''}`)
  return {
    onStart: () => say(`answer began`),
    onComplete: ({ finishReason, metrics }) => say(`answer ended (${finishReason}), ${metrics.chunks} chunk(s)`),
    onError: ({ type, code, status }) => say(`failed with ${type} (${status ?? code})`),
  }
}

function checkHandling(options: HandleRequestOptions): HandleRequestOptions {
  checkObject(options, 'options', ['model', 'signal', 'onChunk', 'retain'])
  const { model, onChunk } = options
  if (model !== undefined) checkNonEmpty(model, 'model')
  if (onChunk !== undefined) checkFunction(onChunk, 'onChunk')
  return options
}

function checkBodySize(body: unknown, limit: number): void {
  const size = Buffer.byteLength(JSON.stringify(body) ?? '')
  if (size > limit) throw tooMuch('body', `at most ${limit} bytes`, String(size), 'REQUEST_TOO_LARGE', 413)
}

/** `{error, type}`: `type` is the error's name. */
function failureReply(error: StreamError, _format: unknown, headers: Record<string, string>): Reply {
  const { name, code } = error
  const { field } = error as Partial<ValidationError>
  return {
    status: statusOf(error),
    headers: failureHeaders(error, headers),
    body: { error: messageFor(error), type: name, code, ...(field !== undefined && { field }) },
  }
}

function statusOf({ status, name }: StreamError): number {
  if (status !== undefined && status >= 400 && status <= 599) return status
  return name === 'ValidationError' ? 400 : 500
}

/**
 * A {@link CopilotEdge} and its route in one. Key and account are looked up when the first request comes, so that an app
 * can be built without them; where they are missing then, requests are answered with 500.
 *
 * @example
 * import { createCopilotEdgeHandler } from 'millstream/compat/copilotedge'
 *
 * export const POST = createCopilotEdgeHandler({ stream: true })
 */
export function createCopilotEdgeHandler(config: CopilotEdgeConfig = {}): (request: Request) => Promise<Response> {
  edgeSettings(config)
  let handle: ((request: Request) => Promise<Response>) | undefined
  return async (request) => {
    try {
      handle ??= new CopilotEdge(config).createNextHandler()
    } catch (error) {
      if (!StreamError.isInstance(error)) throw error
      const { headers, body } = failureReply(error, undefined, {})
      return new Response(JSON.stringify(body), { status: 500, headers })
    }
    return handle(request)
  }
}
