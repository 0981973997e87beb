/**
 * What a web client asks → what a model is asked. It understands the bodies of `AIStream`, of the AI SDK's `useChat` and
 * of OpenAI's chat completions. What always holds: nothing reaches a provider that is not named here, and whatever is
 * wrong or too much is a `ValidationError` that says so, with the status the client gets.
 */
import { checkBoolean, checkNonEmpty, describe, fail } from '../check.js'
import { ValidationError } from '../errors.js'
import { checkGeneration, type GenerationOptions, toJson } from '../generation.js'
import type { WireFormat } from '../providers.js'
import type { RequestMessage } from '../request-messages.js'
import { checkRequest, type StreamRequest } from '../stream-request.js'

/**
 * How much a client may send.
 *
 * @example
 * import { createHandler, type RequestLimits } from 'millstream'
 *
 * const limits: RequestLimits = { maxMessages: 20, maxMessageSize: 2000 }
 * export const POST = createHandler({ model: 'gpt-4o-mini', ...limits })
 */
export interface RequestLimits {
  /** Bytes of the body. Default 1048576 (1 MiB). More is answered with 413. */
  maxRequestSize?: number
  /** Messages of a conversation. Default 100. More is answered with 400, as what follows. */
  maxMessages?: number
  /** Bytes of one message, but for the assistant's own, which may be as long as the model makes them. Default 10240. */
  maxMessageSize?: number
  /** Objects and arrays within each other. Default 10. */
  maxObjectDepth?: number
}

/** What a handler lets a client decide. */
export interface QuestionRules {
  limits: Required<RequestLimits>
  /** The model, the models there are to choose from, or any. */
  model: string | readonly string[] | undefined
  systemPrompt: string | undefined
  /** The most tokens an answer may have. */
  maxTokens: number | undefined
  format: WireFormat | undefined
  /** Whether a body that doesn't say gets the answer in pieces; `undefined`: as is the habit of the format. */
  stream: boolean | undefined
}

/** A client's question. */
export interface WebQuestion {
  request: StreamRequest
  format: WireFormat
  /** Whether the answer is to come in pieces. */
  stream: boolean
}

type Json = Record<string, unknown>

/** Text as JSON, within the limit of depth. */
export function parseBody(text: string, limits: Required<RequestLimits>): unknown {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw new ValidationError('Expected the body to be JSON, got something else', 'body', { code: 'INVALID_JSON' })
  }
  checkDepth(body, limits)
  return body
}

/** Refuses what is deeper than allowed. It goes no deeper itself. */
export function checkDepth(value: unknown, limits: Required<RequestLimits>): void {
  if (depth(value, limits.maxObjectDepth) > limits.maxObjectDepth) {
    throw tooMuch('body', `objects and arrays at most ${limits.maxObjectDepth} deep`, 'deeper ones', 'TOO_DEEP')
  }
}

function depth(value: unknown, limit: number): number {
  if (typeof value !== 'object' || value === null) return 0
  if (limit === 0) return 1
  let deepest = 0
  for (const item of Array.isArray(value) ? value : Object.values(value)) {
    deepest = Math.max(deepest, depth(item, limit - 1))
    if (deepest > limit - 1) break
  }
  return deepest + 1
}

/** The error of a body that is more than is allowed. */
export function tooMuch(field: string, expected: string, got: string, code: string, status = 400): ValidationError {
  return new ValidationError(`Expected \`${field}\` to have ${expected}, got ${got}`, field, { code, status })
}

/** Understands a body. */
export function readQuestion(body: unknown, rules: QuestionRules): WebQuestion {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) fail('body', 'a JSON object', describe(body))
  const given = body as Json
  const inParts = Array.isArray(given.messages) && given.messages.some((message) => Array.isArray(message?.parts))
  const format = rules.format ?? (inParts ? 'ui-message' : 'events')
  const request: StreamRequest = { ...conversation(given, rules), ...parameters(given, rules) }
  const model = chooseModel(given.model, rules.model)
  if (model !== undefined) request.model = model
  const prompt = systemPrompt(given, rules)
  if (prompt !== undefined) request.systemPrompt = prompt
  // Whatever is wrong with it is the client's mistake; later, it would be the app's.
  checkRequest(request, 'any')
  return { request, format, stream: wantsStream(given.stream, format, rules) }
}

/** OpenAI's clients say nothing where they want no stream; all others want one. */
function wantsStream(stream: unknown, format: WireFormat, rules: QuestionRules): boolean {
  return stream === undefined || stream === null
    ? (rules.stream ?? format !== 'openai')
    : checkBoolean(stream, 'stream')
}

function chooseModel(asked: unknown, models: QuestionRules['model']): string | undefined {
  if (typeof models === 'string') return models
  if (asked === undefined || asked === null) return models?.[0]
  const model = checkNonEmpty(asked, 'model')
  if (models === undefined || models.includes(model)) return model
  const known = models.map((name) => `'${name}'`).join(', ')
  throw new ValidationError(`Expected \`model\` to be one of ${known}, got ${describe(model)}`, 'model')
}

function systemPrompt(given: Json, { systemPrompt: own }: QuestionRules): string | undefined {
  const asked = given.systemPrompt ?? undefined
  if (own === undefined) return asked === undefined ? undefined : checkNonEmpty(asked, 'systemPrompt')
  if (asked !== undefined) fail('systemPrompt', 'left out: this route has its own', describe(asked))
  return own
}

function conversation(given: Json, rules: QuestionRules): Pick<StreamRequest, 'messages'> {
  const { prompt, input } = given
  const text = typeof input === 'object' && input !== null ? (input as Json).text : input
  const forms = { messages: given.messages, prompt, input: text }
  const said = Object.entries(forms).filter(([, value]) => value !== undefined && value !== null)
  if (said.length > 1) {
    throw new ValidationError(
      `Expected one of \`messages\`, \`prompt\` and \`input\`, got ${said.map(([name]) => `\`${name}\``).join(' and ')}`,
      said[1]?.[0] ?? 'messages',
    )
  }
  const [form, value] = said[0] ?? ['messages', undefined]
  if (form !== 'messages') {
    const content = checkNonEmpty(value, form)
    checkSize(content, form, rules)
    return { messages: [{ role: 'user', content }] }
  }
  if (!Array.isArray(value)) fail('messages', 'an array of messages', describe(value))
  const { maxMessages } = rules.limits
  if (value.length > maxMessages) {
    throw tooMuch('messages', `at most ${maxMessages} messages`, String(value.length), 'TOO_MANY_MESSAGES')
  }
  return { messages: value.flatMap((message: unknown, index) => readMessage(message, `messages[${index}]`, rules)) }
}

function readMessage(message: unknown, field: string, rules: QuestionRules): RequestMessage[] {
  if (typeof message !== 'object' || message === null) fail(field, 'a message', describe(message))
  const given = message as Json
  const { role } = given
  if (rules.systemPrompt !== undefined && (role === 'system' || role === 'developer')) {
    fail(`${field}.role`, 'another one: this route has its own system prompt', describe(role))
  }
  if (role !== 'assistant') checkSize(Array.isArray(given.parts) ? given.parts : given.content, field, rules)
  if (Array.isArray(given.parts)) return readParts(role, given.parts, field)
  const calls = given.toolCalls ?? given.tool_calls ?? undefined
  const answered = given.toolCallId ?? given.tool_call_id ?? undefined
  const read: Json = { role, content: given.content }
  if (given.name !== undefined && given.name !== null) read.name = given.name
  if (calls !== undefined) read.toolCalls = Array.isArray(calls) ? calls.map(readCall) : calls
  if (answered !== undefined) read.toolCallId = answered
  for (const own of ['reasoning', 'tool', 'isError', 'cacheControl'] as const) {
    if (given[own] !== undefined && given[own] !== null) read[own] = given[own]
  }
  return [read as unknown as RequestMessage]
}

/** A call in OpenAI's words or in ours. */
function readCall(call: unknown): unknown {
  const { id, function: called } = (call ?? {}) as Json
  if (typeof called !== 'object' || called === null) return call
  const { name, arguments: rawArguments } = called as Json
  return { id, tool: name, rawArguments }
}

/** A message of the AI SDK's user interface: text, pictures, and tool calls with their results. */
function readParts(role: unknown, parts: unknown[], field: string): RequestMessage[] {
  const content: Json[] = []
  const calls: Json[] = []
  const results: RequestMessage[] = []
  for (const [index, part] of parts.entries()) {
    const at = `${field}.parts[${index}]`
    if (typeof part !== 'object' || part === null) fail(at, 'a part of a message', describe(part))
    const given = part as Json
    const type = checkNonEmpty(given.type, `${at}.type`)
    if (type === 'text') {
      if (typeof given.text !== 'string') fail(`${at}.text`, 'a string', describe(given.text))
      content.push({ type: 'text', text: given.text })
    } else if (type === 'file') {
      content.push(readFile(given, at))
    } else if (type === 'dynamic-tool' || type.startsWith('tool-')) {
      const tool = type === 'dynamic-tool' ? given.toolName : type.slice('tool-'.length)
      const result = given.state === 'output-error' ? given.errorText : given.output
      // No provider takes a call without its result, and one that is still under way has none.
      if (result === undefined) continue
      calls.push({ id: given.toolCallId, tool, args: given.input ?? {} })
      const text = typeof result === 'string' ? result : toJson(result, `${at}.output`)
      results.push({ role: 'tool', toolCallId: given.toolCallId as string, content: text })
    }
    // What is left (reasoning, sources, steps, data of the app) is for the reader of a conversation, not for the model.
  }
  const plain = content.every(({ type }) => type === 'text')
  const message = {
    role,
    content: plain ? content.map(({ text }) => text).join('') : content,
    ...(calls.length > 0 && { toolCalls: calls }),
  }
  return [message as unknown as RequestMessage, ...results]
}

function readFile({ mediaType, url }: Json, field: string): Json {
  const type = checkNonEmpty(mediaType, `${field}.mediaType`)
  if (!type.startsWith('image/')) fail(`${field}.mediaType`, 'one of an image', describe(type))
  if (typeof url !== 'string' || !/^(https?|data):/.test(url)) fail(`${field}.url`, 'an URL', describe(url))
  return { type: 'image_url', image_url: { url } }
}

function checkSize(content: unknown, field: string, { limits }: QuestionRules): void {
  const text = typeof content === 'string' ? content : (JSON.stringify(content) ?? '')
  const size = Buffer.byteLength(text)
  if (size > limits.maxMessageSize) {
    throw tooMuch(field, `at most ${limits.maxMessageSize} bytes`, String(size), 'MESSAGE_TOO_LARGE')
  }
}

/** The parameters a client may set, under our names and OpenAI's. */
const names: Record<Exclude<keyof GenerationOptions, 'extraBody' | 'reasoning'>, readonly string[]> = {
  temperature: ['temperature'],
  maxTokens: ['maxTokens', 'max_completion_tokens', 'max_tokens'],
  topP: ['topP', 'top_p'],
  topK: ['topK', 'top_k'],
  stop: ['stop'],
  seed: ['seed'],
  frequencyPenalty: ['frequencyPenalty', 'frequency_penalty'],
  presencePenalty: ['presencePenalty', 'presence_penalty'],
}

function parameters(given: Json, { maxTokens }: QuestionRules): Partial<StreamRequest> {
  const asked: Json = {}
  for (const [name, aliases] of Object.entries(names)) asked[name] = first(given, aliases)
  const effort = given.reasoning_effort ?? undefined
  asked.reasoning = given.reasoning ?? (effort === undefined ? undefined : { effort })
  const request: Partial<StreamRequest> = checkGeneration(asked)
  if (maxTokens !== undefined) request.maxTokens = Math.min(request.maxTokens ?? maxTokens, maxTokens)
  const tools: Json = {
    tools: first(given, ['tools']),
    toolChoice: first(given, ['toolChoice', 'tool_choice']),
    parallelToolCalls: first(given, ['parallelToolCalls', 'parallel_tool_calls']),
    output: given.output ?? readFormat(given.response_format ?? undefined),
  }
  for (const [name, value] of Object.entries(tools)) {
    if (value !== undefined) Object.assign(request, { [name]: value })
  }
  return request
}

/** What was given under the first of these names under which something was. */
function first(given: Json, aliases: readonly string[]): unknown {
  const alias = aliases.find((name) => given[name] !== undefined && given[name] !== null)
  return alias === undefined ? undefined : given[alias]
}

/** The form of the answer in OpenAI's words. */
function readFormat(format: unknown): unknown {
  if (format === undefined) return undefined
  const { type, json_schema: named } = format as Json
  if (type === 'text') return undefined
  if (type === 'json_object') return { format: 'json' }
  if (type !== 'json_schema' || typeof named !== 'object' || named === null) {
    fail('response_format', "one of type 'text', 'json_object' or 'json_schema'", describe(type))
  }
  const { name, schema, strict } = named as Json
  const given = Object.entries({ name, schema, strict }).filter(([, value]) => value !== undefined && value !== null)
  return { format: 'structured', ...Object.fromEntries(given) }
}
