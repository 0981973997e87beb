/**
 * What a `StreamClient` is asked: the public types, their checks, and the engine's request they become. Nothing here has
 * state or does I/O; whatever can be wrong with a request is found before anything is sent.
 */
import {
  checkBoolean,
  checkFunction,
  checkHeaders,
  checkNonEmpty,
  checkObject,
  checkOneOf,
  checkSignal,
  checkString,
  describe,
  fail,
} from './check.js'
import type { ClientProvider } from './client-config.js'
import { type StreamError, ValidationError } from './errors.js'
import {
  type Asked,
  checkGeneration,
  encodeRequest,
  type GenerationOptions,
  generationKeys,
  toJson,
  type WireMessage,
} from './generation.js'
import type { ResumeMode, RetryConfig, TimeoutConfig } from './policies.js'
import type { ProviderName } from './providers.js'
import type { ErrorMode } from './stream-result.js'
import type { CollectedResponse, StreamChunk, ToolCall, Usage } from './types.js'

/**
 * A piece of a message that is more than text, in OpenAI's words.
 *
 * @example
 * import type { ContentPart } from 'millstream'
 *
 * const picture: ContentPart = { type: 'image_url', image_url: { url: 'https://example.com/cat.png' } }
 */
export interface ContentPart {
  type: string
  [field: string]: unknown
}

/**
 * A tool the model may call, in OpenAI's words. It is passed on as it is.
 *
 * @example
 * import type { Tool } from 'millstream'
 *
 * const weather: Tool = {
 *   type: 'function',
 *   function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
 * }
 */
export interface Tool {
  type: string
  function?: { name: string; description?: string; parameters?: unknown; strict?: boolean }
  [field: string]: unknown
}

/**
 * One message of a request. Those of `AIStream.getMessages()` are such messages, too.
 *
 * @example
 * import type { RequestMessage } from 'millstream'
 *
 * const messages: RequestMessage[] = [
 *   { role: 'user', content: 'How warm is it in Oslo?' },
 *   { role: 'assistant', content: null, toolCalls: [{ id: 'c1', tool: 'weather', args: { city: 'Oslo' } }] },
 *   { role: 'tool', toolCallId: 'c1', content: '{"celsius": 4}' },
 * ]
 */
export interface RequestMessage {
  role: 'system' | 'developer' | 'user' | 'assistant' | 'tool'
  /** `null` for an assistant that only called tools. */
  content: string | readonly ContentPart[] | null
  /** Name of the speaker. */
  name?: string
  /** The calls an assistant made; `rawArguments` stands for `args` where it is given. */
  toolCalls?: readonly (Pick<ToolCall, 'id' | 'tool'> & Partial<ToolCall>)[]
  /** Which call a `tool` message answers. */
  toolCallId?: string
  /** Not sent. */
  id?: string
  /** Not sent. */
  timestamp?: number
  /** Not sent. */
  partial?: boolean
}

/**
 * What `onStart` is told.
 *
 * @example
 * import { StreamClient, type StreamStart } from 'millstream'
 *
 * const onStart = ({ provider, model }: StreamStart) => console.log(provider, model)
 * await new StreamClient({ defaultModel: 'gpt-4o-mini' }).generate({ prompt: 'Hello', onStart })
 */
export interface StreamStart {
  provider: string
  model: string
  /** The provider's id of the request, where it gives one. */
  requestId: string | undefined
}

/**
 * Functions that are told of an answer. Where one returns a promise, it is awaited before anything else is told. The
 * order is `onStart`, then `onChunk`, `onToken` and `onUsage` as the pieces come, then either `onComplete` or `onError`.
 *
 * `onChunk`, `onToken` and `onUsage` read the answer into JavaScript, as fast as they take it: while they wait, the engine
 * stops reading from the provider. The others don't read; an answer that nobody has begun to read or to pipe when its
 * head is in is fetched at full speed for them.
 *
 * What a callback throws or rejects with ends the answer and closes the connection: `generate` rejects with it, readers
 * of a handle get an `aborted_error` whose `cause` it is, and where there are none, it is an unhandled rejection.
 *
 * @example
 * import { StreamClient, type StreamCallbacks } from 'millstream'
 *
 * const callbacks: StreamCallbacks = { onToken: (token) => process.stdout.write(token) }
 * await new StreamClient().generate({ model: 'gpt-4o-mini', prompt: 'Hello', ...callbacks })
 */
export interface StreamCallbacks {
  /** Called once, when the head of the answer is in; not at all where the request fails before. */
  onStart?(start: StreamStart): unknown
  /** Called for each chunk, in order. */
  onChunk?(chunk: StreamChunk): unknown
  /** Called for each piece of the text of the first alternative, after `onChunk`. */
  onToken?(token: string): unknown
  /** Called with the counts so far whenever the provider reports some: once, with nearly all of them. */
  onUsage?(usage: Usage): unknown
  /** Called once, where the answer came to its end. With `retain: false` its text is `''`. */
  onComplete?(response: CollectedResponse): unknown
  /** Called once, where it did not: it failed, or was aborted (`aborted_error`), by a callback that threw, too. */
  onError?(error: StreamError): unknown
}

/**
 * What applies to one request, besides the question itself.
 *
 * @example
 * import { type RequestOptions, StreamClient } from 'millstream'
 *
 * const options: RequestOptions = { temperature: 0, timeout: { total: 20_000 }, signal: AbortSignal.timeout(30_000) }
 * await new StreamClient({ defaultModel: 'gpt-4o-mini' }).stream('Hello', options)
 */
export interface RequestOptions extends GenerationOptions, StreamCallbacks {
  /** Whom to ask: one of the client's `providers`, one known by name, or any other by its URL. Default the client's. */
  provider?: ProviderName | 'auto' | ClientProvider | (string & {})
  /** Default the client's. */
  model?: string
  systemPrompt?: string
  tools?: readonly Tool[]
  /** Further headers of this request. */
  headers?: Record<string, string>
  /** Ends the answer: readers get an `aborted_error`. */
  signal?: AbortSignal
  retry?: RetryConfig
  timeout?: TimeoutConfig
  resume?: ResumeMode
  /** Whether chunks stay after they were read, for any number of readers. Default true. */
  retain?: boolean
  /** Whether readers throw a failure (default) or get it as a chunk of type `error`. */
  errors?: ErrorMode
  /** `false` asks for the whole answer at once, of a model or gateway that can't stream: it is one text chunk. Default true. */
  stream?: boolean
}

/**
 * A question to a model: `messages`, or `prompt`, or `input.text`, and what applies to it.
 *
 * @example
 * import { StreamClient, type StreamRequest } from 'millstream'
 *
 * const request: StreamRequest = { provider: 'openai', model: 'gpt-4o-mini', prompt: 'Write a haiku' }
 * for await (const chunk of new StreamClient().stream(request)) process.stdout.write(chunk.content)
 */
export interface StreamRequest extends RequestOptions {
  /** The conversation, oldest first. */
  messages?: readonly RequestMessage[]
  /** One message of the user. */
  prompt?: string
  /** The same as `prompt`. */
  input?: { text: string }
}

export const callbackKeys = [
  'onStart',
  'onChunk',
  'onToken',
  'onUsage',
  'onComplete',
  'onError',
] as const satisfies readonly (keyof StreamCallbacks)[]

export const optionKeys = [
  'provider',
  'model',
  'systemPrompt',
  'tools',
  'headers',
  'signal',
  'retry',
  'timeout',
  'resume',
  'retain',
  'errors',
  'stream',
  ...generationKeys,
  ...callbackKeys,
] as const satisfies readonly (keyof RequestOptions)[]

export const requestKeys = [
  ...optionKeys,
  'messages',
  'prompt',
  'input',
] as const satisfies readonly (keyof StreamRequest)[]

/** A checked request, but for whom it goes to and the policies. */
export interface CheckedRequest {
  model: string
  /** The engine's request as JSON. */
  body(asked: Asked): string
  headers: Record<string, string>
  signal: AbortSignal | undefined
  retain: boolean
  errors: ErrorMode
  callbacks: StreamCallbacks
}

/** Checks a request. `defaultModel` is asked where it names none. */
export function checkRequest(given: StreamRequest, defaultModel: string | undefined): CheckedRequest {
  const model = given.model ?? defaultModel
  if (model === undefined) {
    fail('model', "a model's name, in the request, its provider or the client's `defaultModel`", 'none')
  }
  const request = {
    model: checkNonEmpty(model, 'model'),
    messages: checkQuestion(given),
    systemPrompt: given.systemPrompt === undefined ? undefined : checkString(given.systemPrompt, 'systemPrompt'),
    tools: given.tools === undefined ? undefined : checkTools(given.tools),
    stream: given.stream === undefined ? undefined : checkBoolean(given.stream, 'stream'),
    ...checkGeneration(given),
  }
  return {
    model: request.model,
    body: (asked) => encodeRequest(request, asked),
    headers: given.headers === undefined ? {} : checkHeaders(given.headers, 'headers'),
    signal: given.signal === undefined ? undefined : checkSignal(given.signal, 'signal'),
    retain: given.retain === undefined || checkBoolean(given.retain, 'retain'),
    errors: checkOneOf(given.errors ?? 'throw', 'errors', ['throw', 'chunk']),
    callbacks: checkCallbacks(given),
  }
}

function checkCallbacks(given: StreamCallbacks): StreamCallbacks {
  const callbacks: Record<string, unknown> = {}
  for (const name of callbackKeys) {
    // Called as methods of the object they were given in, as written there.
    if (given[name] !== undefined) callbacks[name] = checkFunction(given[name] as () => void, name).bind(given)
  }
  return callbacks
}

function checkQuestion({ messages, prompt, input }: StreamRequest): WireMessage[] {
  const forms = Object.entries({ messages, prompt, input }).filter(([, value]) => value !== undefined)
  const [first, second] = forms
  if (first === undefined) {
    throw new ValidationError('Expected `messages`, `prompt` or `input.text`, got none of them', 'messages')
  }
  if (second !== undefined) {
    throw new ValidationError(
      `Expected one of \`messages\`, \`prompt\` and \`input.text\`, got \`${first[0]}\` and \`${second[0]}\``,
      second[0],
    )
  }
  if (prompt !== undefined) return [{ role: 'user', content: checkNonEmpty(prompt, 'prompt') }]
  if (input !== undefined) {
    checkObject(input, 'input', ['text'], 'input.')
    return [{ role: 'user', content: checkNonEmpty(input.text, 'input.text') }]
  }
  if (!Array.isArray(messages)) fail('messages', 'an array of messages', describe(messages))
  if (messages.length === 0) fail('messages', 'an array of at least one message', 'an empty one')
  return messages.map(checkMessage)
}

const roles = ['system', 'developer', 'user', 'assistant', 'tool'] as const
const messageKeys = ['role', 'content', 'name', 'toolCalls', 'toolCallId', 'id', 'timestamp', 'partial'] as const

function checkMessage(given: unknown, index: number): WireMessage {
  const field = `messages[${index}]`
  const message = checkObject(given, field, messageKeys, `${field}.`)
  const role = checkOneOf(message.role, `${field}.role`, roles)
  const calls = message.toolCalls === undefined ? undefined : checkCalls(message.toolCalls, `${field}.toolCalls`)
  const checked: WireMessage = { role, content: checkContent(message.content, `${field}.content`, calls !== undefined) }
  if (message.name !== undefined) checked.name = checkNonEmpty(message.name, `${field}.name`)
  if (calls !== undefined) {
    if (role !== 'assistant') fail(`${field}.toolCalls`, 'left out: only an assistant calls tools', 'some')
    checked.toolCalls = calls
  }
  if (role === 'tool') checked.toolCallId = checkNonEmpty(message.toolCallId, `${field}.toolCallId`)
  else if (message.toolCallId !== undefined)
    fail(`${field}.toolCallId`, 'left out of other messages than a tool’s', 'one')
  return checked
}

function checkContent(content: unknown, field: string, calls: boolean): unknown {
  if (typeof content === 'string' || (content === null && calls)) return content
  if (content === undefined && calls) return null
  if (!Array.isArray(content)) fail(field, 'a string or an array of parts', describe(content))
  const wrong = content.findIndex((part) => typeof part !== 'object' || part === null || typeof part.type !== 'string')
  if (wrong !== -1) fail(`${field}[${wrong}]`, 'an object with a `type`', describe(content[wrong]))
  return JSON.parse(toJson(content, field))
}

function checkCalls(calls: unknown, field: string): unknown[] | undefined {
  if (!Array.isArray(calls)) fail(field, 'an array of tool calls', describe(calls))
  if (calls.length === 0) return undefined
  return calls.map((call: unknown, index) => {
    const at = `${field}[${index}]`
    if (typeof call !== 'object' || call === null) fail(at, 'a tool call', describe(call))
    const { id, tool, args, rawArguments } = call as Partial<ToolCall>
    return {
      id: checkNonEmpty(id, `${at}.id`),
      type: 'function',
      function: {
        name: checkNonEmpty(tool, `${at}.tool`),
        arguments:
          rawArguments === undefined
            ? toJson(args ?? {}, `${at}.args`)
            : checkString(rawArguments, `${at}.rawArguments`),
      },
    }
  })
}

function checkTools(tools: unknown): unknown[] {
  if (!Array.isArray(tools)) fail('tools', 'an array of tools', describe(tools))
  const wrong = tools.findIndex((tool) => typeof tool !== 'object' || tool === null || typeof tool.type !== 'string')
  if (wrong !== -1) fail(`tools[${wrong}]`, 'an object with a `type`', describe(tools[wrong]))
  return JSON.parse(toJson(tools, 'tools')) as unknown[]
}
