/**
 * Routes: a client's request in, a model's answer out. What always holds: nothing of a body is kept beyond its limit; a
 * mistake of the client, one of the app and one of the provider have statuses of their own; a client that leaves takes its
 * answer with it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from './answer.js'
import {
  checkBoolean,
  checkFunction,
  checkHeaders,
  checkInteger,
  checkMilliseconds,
  checkNonEmpty,
  checkObject,
  checkOneOf,
  describe,
  fail,
} from './check.js'
import { abortedError, StreamError, ValidationError } from './errors.js'
import {
  checkDepth,
  parseBody,
  type QuestionRules,
  type RequestLimits,
  readQuestion,
  tooMuch,
  type WebQuestion,
} from './handler/question.js'
import { type FailureReply, failureReply, type Reply, wholeReply } from './handler/reply.js'
import { streamPromises } from './node.js'
import type { WireFormat } from './providers.js'
import { checkResponse, pipeToResponse } from './relay/node-response.js'
import { failureOf, formats, relaySettings } from './relay/options.js'
import { type PipeOptions, respond } from './relay.js'
import type { RequestOptions, StreamRequest } from './stream-request.js'
import type { CollectedResponse } from './types.js'

export type { RequestLimits } from './handler/question.js'

/**
 * How a route answers.
 *
 * It understands bodies of three kinds: `{messages | prompt | input, model?, systemPrompt?, stream?}` with generation
 * parameters, as `AIStream` sends; what the AI SDK's `useChat` posts (`{id, messages}` with parts); and OpenAI's chat
 * completions. Fields it has no name for are for the hooks, and never reach the provider.
 *
 * @example
 * import { type HandlerOptions, StreamClient } from 'millstream'
 *
 * const options: HandlerOptions = {
 *   model: ['gpt-4o-mini', 'gpt-4o'],
 *   maxTokens: 1000,
 *   authorize: (request) => request.headers.get('authorization') === `Bearer ${process.env.APP_TOKEN}`,
 * }
 * export const POST = new StreamClient().handler(options)
 */
export interface HandlerOptions<R = Request>
  extends RequestLimits,
    Pick<PipeOptions, 'heartbeat' | 'compression' | 'headers'> {
  /** Default `'ui-message'` for the bodies of `useChat`, else `'events'`. With `'openai'`, OpenAI's own clients can be pointed here. */
  format?: WireFormat
  /**
   * Whether a body that doesn't say gets the answer in pieces. Default true, but false with the format `'openai'`, whose
   * clients say nothing where they want no stream.
   */
  stream?: boolean
  /** Who is asked; a client can't choose. Default the client's. */
  provider?: RequestOptions['provider']
  /**
   * A string: this one, whatever the body says. A list: the body's where it is on it, the first where it names none.
   * Default: whatever the body names, else the client's; then anybody can ask for the most expensive.
   */
  model?: string | readonly string[]
  /** The route's own. A body that brings one, or a system message, is refused. Default: the body's. */
  systemPrompt?: string
  /** The most tokens an answer may have; a body that asks for more gets so many. Default: as many as it asks for. */
  maxTokens?: number
  /**
   * Asked of each request whose body is JSON, before anything else is looked at. `false` is answered with 403, a
   * `Response` as it is, and anything else lets the request pass. What it throws, the handler rejects with, but for a
   * `StreamError`, which the client is told.
   */
  authorize?(request: R, body: unknown): unknown
  /**
   * May give another question in place of the body's, with anything a `StreamRequest` can have, or a `Response` in place
   * of an answer. Exceptions as with `authorize`.
   */
  transform?(
    question: StreamRequest,
    request: R,
    body: unknown,
  ): StreamRequest | Response | undefined | Promise<StreamRequest | Response | undefined>
}

export const handlerKeys = [
  'format',
  'stream',
  'provider',
  'model',
  'systemPrompt',
  'maxTokens',
  'authorize',
  'transform',
  'heartbeat',
  'compression',
  'headers',
  'maxRequestSize',
  'maxMessages',
  'maxMessageSize',
  'maxObjectDepth',
] as const satisfies readonly (keyof HandlerOptions)[]

interface HandlerSettings<R> extends QuestionRules {
  provider: RequestOptions['provider']
  pipe: Pick<PipeOptions, 'heartbeat' | 'compression'>
  headers: Record<string, string>
  authorize: HandlerOptions<R>['authorize']
  transform: HandlerOptions<R>['transform']
  failure: FailureReply
}

/**
 * A route of `node:http`, Express or Connect.
 *
 * @example
 * import { createServer } from 'node:http'
 * import { type NodeHandler, StreamClient } from 'millstream'
 *
 * const route: NodeHandler = new StreamClient({ defaultModel: 'gpt-4o-mini' }).nodeHandler()
 * createServer(route).listen(3000)
 */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** What a route needs of a client. Both throw a `ValidationError` where the question can't be put. */
export interface Asker {
  /** Asks. */
  ask(request: StreamRequest): Answer
  /** Asks for the whole answer. */
  whole(request: StreamRequest): Promise<CollectedResponse>
}

/** Checks what a route is made with. */
export function handlerSettings<R>(options: HandlerOptions<R>, failure: FailureReply): HandlerSettings<R> {
  checkObject(options, 'options', handlerKeys)
  const limit = (name: keyof RequestLimits, otherwise: number) => checkInteger(options[name] ?? otherwise, name, 1)
  return {
    format: options.format === undefined ? undefined : checkOneOf(options.format, 'format', formats),
    stream: options.stream === undefined ? undefined : checkBoolean(options.stream, 'stream'),
    provider: options.provider,
    model: checkModels(options.model),
    systemPrompt: options.systemPrompt === undefined ? undefined : checkNonEmpty(options.systemPrompt, 'systemPrompt'),
    maxTokens: options.maxTokens === undefined ? undefined : checkInteger(options.maxTokens, 'maxTokens', 1),
    pipe: {
      heartbeat: checkMilliseconds(options.heartbeat ?? 0, 'heartbeat'),
      compression: checkBoolean(options.compression ?? false, 'compression'),
    },
    headers: { ...checkHeaders(options.headers ?? {}, 'headers') },
    authorize: options.authorize && checkFunction(options.authorize, 'authorize').bind(options),
    transform: options.transform && checkFunction(options.transform, 'transform').bind(options),
    failure,
    limits: {
      maxRequestSize: limit('maxRequestSize', 1024 * 1024),
      maxMessages: limit('maxMessages', 100),
      maxMessageSize: limit('maxMessageSize', 10 * 1024),
      maxObjectDepth: limit('maxObjectDepth', 10),
    },
  }
}

function checkModels(model: unknown): string | readonly string[] | undefined {
  if (model === undefined) return undefined
  if (!Array.isArray(model)) return checkNonEmpty(model, 'model')
  if (model.length === 0) fail('model', 'a name or a list of at least one', 'an empty one')
  return model.map((name, index) => checkNonEmpty(name, `model[${index}]`))
}

/** A request, whatever brought it. */
interface Incoming<R> {
  method: string
  /** What hooks get. */
  request: R
  /** The parsed body, within the limits. */
  body(): Promise<unknown>
  /** Aborts where the client leaves. */
  signal: AbortSignal
  /** Sends an answer. What a failure before its first byte is told by is made of `failure`. */
  stream(running: Answer, format: WireFormat, failure: (error: StreamError) => Reply): Promise<void>
  reply(reply: Reply): void
  /** A hook answered. */
  respond(response: Response): Promise<void>
}

/** Answers a request. Rejects with what a hook threw, unless that is a `StreamError`. */
async function serve<R>(incoming: Incoming<R>, asker: Asker, settings: HandlerSettings<R>): Promise<void> {
  let { format } = settings
  try {
    if (incoming.method !== 'POST') return incoming.reply(notAllowed(incoming.method, settings, format))
    const body = await incoming.body()
    const allowed = await settings.authorize?.(incoming.request, body)
    if (allowed === false) return incoming.reply(forbidden(settings, format))
    if (isResponse(allowed)) return await incoming.respond(allowed)
    const question = readQuestion(body, settings)
    format = question.format
    const asked = await transformed(question, incoming.request, body, settings)
    if (isResponse(asked)) return await incoming.respond(asked)
    await answer(incoming, asker, asked, question, settings)
  } catch (error) {
    if (!StreamError.isInstance(error)) throw error
    incoming.reply(settings.failure(error, format, settings.headers))
  }
}

async function transformed<R>(
  { request: question }: WebQuestion,
  request: R,
  body: unknown,
  { provider, transform }: HandlerSettings<R>,
): Promise<StreamRequest | Response> {
  const own = provider === undefined ? question : { ...question, provider }
  const given = await transform?.(own, request, body)
  if (given === undefined || given === null || isResponse(given)) return given ?? own
  if (typeof given === 'object') return given
  return fail('transform', 'a function that gives a question or a Response', describe(given))
}

async function answer<R>(
  incoming: Incoming<R>,
  asker: Asker,
  asked: StreamRequest,
  { format, stream, request: { model } }: WebQuestion,
  { headers, failure }: HandlerSettings<R>,
): Promise<void> {
  const { signal } = incoming
  let running: Answer
  try {
    if (!stream) {
      const both = asked.signal === undefined ? signal : AbortSignal.any([asked.signal, signal])
      return incoming.reply(wholeReply(await asker.whole({ ...asked, signal: both }), format, headers))
    }
    running = asker.ask(asked)
  } catch (error) {
    // The body was found good: what can't be asked now is the app's mistake, but for a model that nobody named.
    if (!(error instanceof ValidationError) || (error.field === 'model' && model === undefined)) throw error
    return incoming.reply({ ...failure(error, format, headers), status: 500 })
  }
  const abort = () => running.abort(signal.reason, 'The client left')
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
  running.whenEnded(() => signal.removeEventListener('abort', abort))
  await incoming.stream(running, format, (error) => failure(error, format, headers))
}

/** `client.handler`. `failure`: how a failure before the first byte is told. */
export function webHandler(
  asker: Asker,
  options: HandlerOptions,
  failure: FailureReply = failureReply,
): (request: Request) => Promise<Response> {
  const settings = handlerSettings<Request>(options, failure)
  const { pipe, limits, headers } = settings
  return async (request) => {
    if (typeof request?.headers?.get !== 'function' || typeof request.method !== 'string') {
      fail('request', 'a web Request', describe(request))
    }
    let response: Response | undefined
    const reply = (reply: Reply) => {
      response = new Response(JSON.stringify(reply.body), { status: reply.status, headers: reply.headers })
    }
    const incoming: Incoming<Request> = {
      method: request.method,
      request,
      body: async () => parseBody(await readWeb(request, limits.maxRequestSize), limits),
      signal: request.signal,
      reply,
      respond: async (given) => {
        response = given
      },
      stream: async (running, format, failure) => {
        response = await respond(running, { ...pipe, format, headers, request })
        const error = response.status === 200 ? undefined : failureOf(running)
        if (error !== undefined) reply(failure(error))
      },
    }
    await serve(incoming, asker, settings)
    return response as Response
  }
}

/** `client.nodeHandler`. `failure` as of {@link webHandler}. */
export function nodeHandler(
  asker: Asker,
  options: HandlerOptions<IncomingMessage>,
  failure: FailureReply = failureReply,
): NodeHandler {
  const settings = handlerSettings<IncomingMessage>(options, failure)
  const { pipe, limits, headers } = settings
  return async (request, response) => {
    const leaving = new AbortController()
    // The request closes as soon as its body was read; only the response's `close` tells of the client.
    response.once('close', () => {
      if (!response.writableFinished) leaving.abort()
    })
    const reply = ({ status, headers, body }: Reply) => {
      if (response.headersSent || response.destroyed) return
      // What was not read of the body is not waited for.
      response.writeHead(status, request.complete ? headers : { ...headers, Connection: 'close' })
      response.end(JSON.stringify(body))
    }
    const incoming: Incoming<IncomingMessage> = {
      method: request.method ?? '',
      request,
      body: () => readNode(request, limits),
      signal: leaving.signal,
      reply,
      respond: (given) => sendWeb(given, response),
      stream: async (running, format, failure) => {
        const sent = relaySettings({ ...pipe, format, headers })
        const failureHead = (error: StreamError) => {
          const { body, ...head } = failure(error)
          return { ...head, body: JSON.stringify(body) }
        }
        checkResponse(response, sent)
        await pipeToResponse(running, response, { ...sent, failureHead })
      },
    }
    await serve(incoming, asker, settings)
  }
}

function notAllowed(
  method: string,
  { headers, failure }: HandlerSettings<never>,
  format: WireFormat | undefined,
): Reply {
  const error = new ValidationError(`Expected a POST request, got ${describe(method)}`, 'method', {
    code: 'METHOD_NOT_ALLOWED',
    status: 405,
  })
  return failure(error, format, { ...headers, Allow: 'POST' })
}

function forbidden({ headers, failure }: HandlerSettings<never>, format: WireFormat | undefined): Reply {
  const message = 'This request is not allowed'
  const error = new StreamError(message, { type: 'invalid_request_error', code: 'FORBIDDEN' })
  return { ...failure(error, format, headers), status: 403 }
}

/** Responses of another realm or polyfill are responses, too. */
function isResponse(value: unknown): value is Response {
  const response = value as Response | null | undefined
  return (
    typeof response === 'object' && typeof response?.headers?.get === 'function' && typeof response.status === 'number'
  )
}

const tooLarge = (limit: number) => tooMuch('body', `at most ${limit} bytes`, 'more', 'REQUEST_TOO_LARGE', 413)

/** The body as text. What is longer than allowed is not read any further. */
async function readWeb(request: Request, limit: number): Promise<string> {
  if (Number(request.headers.get('content-length')) > limit) throw tooLarge(limit)
  if (request.body === null) fail('body', 'JSON', 'none')
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    // Leaving the loop cancels the body.
    if (size > limit) throw tooLarge(limit)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

/** The body, read by a parser before or by us now. */
async function readNode(
  request: IncomingMessage & { body?: unknown },
  limits: Required<RequestLimits>,
): Promise<unknown> {
  const { body } = request
  const limit = limits.maxRequestSize
  if (typeof body === 'string' || Buffer.isBuffer(body)) {
    if (Buffer.byteLength(body) > limit) throw tooLarge(limit)
    return parseBody(body.toString(), limits)
  }
  // Express 4 has `{}` there where no parser was meant; then the body is still to come.
  if (body !== undefined && (request.readableEnded || Object.keys(body ?? {}).length > 0)) {
    if (Number(request.headers['content-length']) > limit) throw tooLarge(limit)
    checkDepth(body, limits)
    return body
  }
  if (Number(request.headers['content-length']) > limit) throw tooLarge(limit)
  return parseBody(await readAll(request, limit), limits)
}

function readAll(request: IncomingMessage, limit: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    let size = 0
    const settle = (error?: Error) => {
      request.off('data', onData).off('end', onEnd).off('error', settle).off('close', onClose)
      if (error === undefined) return resolve(Buffer.concat(pieces).toString())
      request.pause()
      reject(error)
    }
    const onData = (piece: Buffer) => {
      size += piece.length
      if (size > limit) settle(tooLarge(limit))
      else pieces.push(piece)
    }
    const onEnd = () => settle()
    const onClose = () => settle(abortedError('The client left', { partialText: '' }))
    request.on('data', onData).on('end', onEnd).on('error', settle).on('close', onClose)
  })
}

/** Sends what a hook gave in place of an answer. */
async function sendWeb(given: Response, response: ServerResponse): Promise<void> {
  response.writeHead(given.status, Object.fromEntries(given.headers))
  const body = given.body === null ? [] : (given.body as unknown as AsyncIterable<Uint8Array>)
  await streamPromises().pipeline(body, response)
}
