/**
 * What a `StreamClient` is asked: the public types, their checks, and the engine's request they become. Nothing here has
 * state or does I/O; whatever can be wrong with a request is found before anything is sent.
 */
import {
  checkBoolean,
  checkFunction,
  checkHeaders,
  checkInteger,
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
  type ToolChoice,
  toJson,
  type WireMessage,
} from './generation.js'
import type { ResumeMode, RetryConfig, TimeoutConfig } from './policies.js'
import type { ProviderName } from './providers.js'
import { type CacheControl, checkCacheControl, checkMessage, type RequestMessage } from './request-messages.js'
import type { Schema } from './schema.js'
import type { ErrorMode } from './stream-result.js'
import { checkOutput, type OutputPlan, type OutputSpec } from './structured-output.js'
import { noHeaders } from './target.js'
import type { UsageMode } from './tokens/estimate.js'
import { checkToolSet, type ExecutableTool, type ToolSet, type ToolStep } from './tools.js'
import type { CollectedResponse, StreamChunk, ToolCall, ToolResult, Usage } from './types.js'

/**
 * A tool the model may call, and somebody else runs. `parameters` is a JSON Schema, or a schema of a validation library.
 *
 * @example
 * import type { FunctionTool } from 'millstream'
 *
 * const weather: FunctionTool = {
 *   name: 'weather',
 *   description: 'How warm it is',
 *   parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
 * }
 */
export interface FunctionTool {
  name: string
  description?: string
  parameters?: Schema
  /** Whether arguments must keep to the schema, where a provider lets one choose. */
  strict?: boolean
  cacheControl?: CacheControl
  type?: undefined
}

/**
 * A tool in OpenAI's words, which every provider is given in its own; or one that a provider runs itself, in its words
 * alone.
 *
 * @example
 * import type { ProviderTool } from 'millstream'
 *
 * const search: ProviderTool = { type: 'web_search_20250305', name: 'web_search' }
 */
export interface ProviderTool {
  type?: string
  function?: { name: string; description?: string; parameters?: unknown; strict?: boolean }
  [field: string]: unknown
}

/**
 * A tool the model may call.
 *
 * @example
 * import type { Tool } from 'millstream'
 *
 * const weather: Tool = {
 *   type: 'function',
 *   function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
 * }
 */
export type Tool = FunctionTool | ProviderTool

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
  /** Called for each call of a tool, before it is run. */
  onToolCall?(call: ToolCall): unknown
  /** Called for what each call gave, where tools are run. */
  onToolResult?(result: ToolResult): unknown
  /** Called after each turn of the model in an answer with tools, and the results of its calls. Does not read. */
  onStep?(step: ToolStep): unknown
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
export interface RequestOptions<T = unknown> extends GenerationOptions, StreamCallbacks {
  /** Whom to ask: one of the client's `providers`, one known by name, or any other by its URL. Default the client's. */
  provider?: ProviderName | 'auto' | ClientProvider | (string & {})
  /** Default the client's. */
  model?: string
  systemPrompt?: string
  /** How many alternatives to give. Default 1. */
  n?: number
  /**
   * What the model may call. Those with an `execute` are run when it does, and the answer goes on with what they gave;
   * where it calls others, too, the answer ends, for whoever runs those.
   */
  tools?: readonly (Tool | ExecutableTool)[]
  /**
   * How many turns of the model an answer with tools may have. After the last, its calls are run, but not sent back:
   * `finishReason` is then `tool-calls`. Each turn is a request of its own, with the retries and timeouts of one, but for
   * the total, which spans them all and the tools between them. Default 5.
   */
  maxSteps?: number
  /** Default `'auto'`. */
  toolChoice?: ToolChoice
  /** Whether the model may call several tools at once. Default the provider's, which is nearly always yes. */
  parallelToolCalls?: boolean
  /** What form the answer's text is to have. */
  output?: OutputSpec<T>
  /** Further headers of this request. */
  headers?: Record<string, string>
  /** Ends the answer: readers get an `aborted_error`. */
  signal?: AbortSignal
  retry?: RetryConfig
  timeout?: TimeoutConfig
  resume?: ResumeMode
  /** Whether usage is estimated where the provider reports none. Default the client's. */
  usage?: UsageMode
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
export interface StreamRequest<T = unknown> extends RequestOptions<T> {
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
  'onToolCall',
  'onToolResult',
  'onStep',
  'onUsage',
  'onComplete',
  'onError',
] as const satisfies readonly (keyof StreamCallbacks)[]

export const optionKeys = [
  'provider',
  'model',
  'systemPrompt',
  'n',
  'tools',
  'maxSteps',
  'toolChoice',
  'parallelToolCalls',
  'output',
  'headers',
  'signal',
  'retry',
  'timeout',
  'resume',
  'usage',
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
  /** Where JSON is asked for: how to read it. */
  output: OutputPlan | undefined
  /** Where there are tools to be run. */
  tools: { set: ToolSet; maxSteps: number } | undefined
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
  const output = given.output === undefined ? undefined : checkOutput(given.output)
  const set = given.tools === undefined ? undefined : checkToolSet(given.tools)
  const request = {
    model: checkNonEmpty(model, 'model'),
    messages: checkQuestion(given),
    systemPrompt: given.systemPrompt === undefined ? undefined : checkString(given.systemPrompt, 'systemPrompt'),
    n: given.n === undefined ? undefined : checkInteger(given.n, 'n', 1, 2 ** 32 - 1),
    tools: set === undefined ? undefined : checkTools(set.definitions),
    toolChoice: given.toolChoice === undefined ? undefined : checkToolChoice(given, set),
    parallelToolCalls:
      given.parallelToolCalls === undefined ? undefined : checkBoolean(given.parallelToolCalls, 'parallelToolCalls'),
    output: output?.wire,
    stream: given.stream === undefined ? undefined : checkBoolean(given.stream, 'stream'),
    ...checkGeneration(given),
  }
  return {
    model: request.model,
    body: (asked) => encodeRequest(request, asked),
    output,
    tools: checkSteps(given, set),
    headers: given.headers === undefined ? noHeaders : checkHeaders(given.headers, 'headers'),
    signal: given.signal === undefined ? undefined : checkSignal(given.signal, 'signal'),
    retain: given.retain === undefined || checkBoolean(given.retain, 'retain'),
    errors: checkOneOf(given.errors ?? 'throw', 'errors', ['throw', 'chunk']),
    callbacks: checkCallbacks(given),
  }
}

function checkSteps({ maxSteps, n = 1, onStep }: StreamRequest, set: ToolSet | undefined): CheckedRequest['tools'] {
  if (set === undefined || set.runnable.size === 0) {
    const without = 'left out where no tool has an `execute`'
    if (maxSteps !== undefined) fail('maxSteps', without, describe(maxSteps))
    if (onStep !== undefined) fail('onStep', without, 'a function')
    return undefined
  }
  if (n > 1) fail('n', '1 where tools are run', describe(n))
  return { set, maxSteps: maxSteps === undefined ? 5 : checkInteger(maxSteps, 'maxSteps', 1) }
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

function checkTools(tools: readonly unknown[]): unknown[] {
  for (const [index, given] of tools.entries()) {
    const tool = given as Record<string, unknown> | null
    const field = `tools[${index}]`
    if (typeof tool !== 'object' || tool === null || Object.keys(tool).length === 0) {
      fail(field, "an object with a `name`, a `type` or, of a provider's own, another member", describe(tool))
    }
    if (tool.type !== undefined) checkNonEmpty(tool.type, `${field}.type`)
    if (tool.name !== undefined) checkNonEmpty(tool.name, `${field}.name`)
    if (tool.cacheControl !== undefined) checkCacheControl(tool.cacheControl, `${field}.cacheControl`)
  }
  return JSON.parse(toJson(tools, 'tools')) as unknown[]
}

function checkToolChoice(request: StreamRequest, set: ToolSet | undefined): ToolChoice {
  const choice = readToolChoice(request.toolChoice)
  // What stands in a provider's own words may have any name.
  const names = set === undefined ? [] : set.others && [...set.runnable.keys(), ...set.others]
  if (typeof choice === 'string' ? choice !== 'required' : names?.includes(choice.tool)) return choice
  if (names === undefined || request.extraBody?.tools !== undefined) return choice
  const got = typeof choice === 'string' ? `'${choice}'` : `{ tool: '${choice.tool.slice(0, 100)}' }`
  if (names.length === 0) fail('toolChoice', "'auto', 'none' or left out where there are no `tools`", got)
  if (choice === 'required') return choice
  return fail('toolChoice', `one of the \`tools\` (${names.map((name) => `'${name}'`).join(', ')})`, got)
}

function readToolChoice(given: unknown): ToolChoice {
  if (typeof given === 'string') return checkOneOf(given, 'toolChoice', ['auto', 'none', 'required'] as const)
  const named = given as { type?: unknown; function?: { name?: unknown } } | null
  // OpenAI's words for it.
  if (named?.type === 'function') return { tool: checkNonEmpty(named.function?.name, 'toolChoice.function.name') }
  const { tool } = checkObject(given, 'toolChoice', ['tool'], 'toolChoice.')
  return { tool: checkNonEmpty(tool, 'toolChoice.tool') }
}
