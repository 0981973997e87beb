/**
 * The messages of a request: the public types, their checks, and what the engine takes. Bytes become base64 here;
 * everything else goes on as it was said, for the engine to put into the provider's words.
 */
import { checkBoolean, checkNonEmpty, checkObject, checkOneOf, checkString, describe, fail, kindOf } from './check.js'
import { toJson, type WireMessage } from './generation.js'
import type { ToolCall } from './types.js'

/**
 * That the provider should cache the conversation up to here, where that has to be said.
 *
 * @example
 * const cacheControl: CacheControl = { type: 'ephemeral', ttl: '1h' }
 */
export interface CacheControl {
  type: 'ephemeral'
  ttl?: '5m' | '1h'
}

/**
 * A piece of a message that is text.
 *
 * @example
 * const part: TextPart = { type: 'text', text: 'What is this?' }
 */
export interface TextPart {
  type: 'text'
  text: string
  cacheControl?: CacheControl
}

/**
 * A picture in a message: an URL, a data URL, base64 or bytes. `mediaType` is needed where it can't be seen from these.
 *
 * @example
 * const part: ImagePart = { type: 'image', image: new URL('https://example.com/cat.png') }
 */
export interface ImagePart {
  type: 'image'
  image: string | URL | Uint8Array
  mediaType?: string
  /** How closely to look, where a provider lets one choose. */
  detail?: 'low' | 'high' | 'auto'
  cacheControl?: CacheControl
}

/**
 * A file in a message: a document, a sound, a film, as far as the model takes them.
 *
 * @example
 * const part: FilePart = { type: 'file', data: new Uint8Array([37, 80, 68, 70]), mediaType: 'application/pdf' }
 */
export interface FilePart {
  type: 'file'
  data: string | URL | Uint8Array
  mediaType: string
  filename?: string
  cacheControl?: CacheControl
}

/**
 * A piece of a message in a provider's own words. Those of OpenAI's (`image_url`, `input_audio`, `file`) go to every
 * provider that takes such things, others to that provider alone.
 *
 * @example
 * const part: ProviderPart = { type: 'image_url', image_url: { url: 'https://example.com/cat.png' } }
 */
export interface ProviderPart {
  type: string
  [field: string]: unknown
}

/**
 * A piece of a message.
 *
 * @example
 * import type { ContentPart } from 'millstream'
 *
 * const picture: ContentPart = { type: 'image', image: 'https://example.com/cat.png' }
 */
export type ContentPart = TextPart | ImagePart | FilePart | ProviderPart

/**
 * A piece of what an assistant thought, as its answer's chunks of type `reasoning` give it (`text` is their `reasoning`):
 * providers that sign their thoughts want them back with the calls that followed.
 *
 * @example
 * const thought: ReasoningPart = { text: 'The user wants Oslo.', signature: 'c2ln' }
 */
export interface ReasoningPart {
  text?: string
  signature?: string
  /** The provider's id of it. */
  id?: string
  /** What the provider keeps to itself, in its own writing. */
  redacted?: string
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
  toolCalls?: readonly (Pick<ToolCall, 'id' | 'tool'> & Partial<ToolCall> & { signature?: string })[]
  /** What an assistant thought before it spoke. Providers that don't take it back don't get it. */
  reasoning?: string | readonly ReasoningPart[]
  /** Which call a `tool` message answers. */
  toolCallId?: string
  /** The tool of a `tool` message. Default that of the call with this id. */
  tool?: string
  /** Whether a `tool` message says what went wrong. */
  isError?: boolean
  /** Asks to cache the conversation up to the end of this message. */
  cacheControl?: CacheControl
  /** Not sent. */
  id?: string
  /** Not sent. */
  timestamp?: number
  /** Not sent. */
  partial?: boolean
}

const roles = ['system', 'developer', 'user', 'assistant', 'tool'] as const
const messageKeys = [
  'role',
  'content',
  'name',
  'toolCalls',
  'reasoning',
  'toolCallId',
  'tool',
  'isError',
  'cacheControl',
  'id',
  'timestamp',
  'partial',
] as const satisfies readonly (keyof RequestMessage)[]

/** Checks the message at `index`. */
export function checkMessage(given: unknown, index: number): WireMessage {
  const field = `messages[${index}]`
  const message = checkObject(given, field, messageKeys, `${field}.`)
  const role = checkOneOf(message.role, `${field}.role`, roles)
  const calls = message.toolCalls === undefined ? undefined : checkCalls(message.toolCalls, `${field}.toolCalls`)
  const thoughts = message.reasoning === undefined ? undefined : checkReasoning(message.reasoning, `${field}.reasoning`)
  const silent = calls !== undefined || thoughts !== undefined
  const checked: WireMessage = { role, content: checkContent(message.content, `${field}.content`, silent) }
  if (message.name !== undefined) checked.name = checkNonEmpty(message.name, `${field}.name`)
  if (calls !== undefined) {
    if (role !== 'assistant') fail(`${field}.toolCalls`, 'left out: only an assistant calls tools', 'some')
    checked.toolCalls = calls
  }
  if (thoughts !== undefined) {
    if (role !== 'assistant') fail(`${field}.reasoning`, 'left out of other messages than an assistant’s', 'some')
    checked.reasoning = thoughts
  }
  if (role === 'tool') checked.toolCallId = checkNonEmpty(message.toolCallId, `${field}.toolCallId`)
  for (const name of ['toolCallId', 'tool', 'isError'] as const) {
    if (role !== 'tool' && message[name] !== undefined) {
      fail(`${field}.${name}`, 'left out of other messages than a tool’s', 'one')
    }
  }
  if (message.tool !== undefined) checked.tool = checkNonEmpty(message.tool, `${field}.tool`)
  if (message.isError !== undefined) checked.isError = checkBoolean(message.isError, `${field}.isError`)
  if (message.cacheControl !== undefined) {
    checked.cacheControl = checkCacheControl(message.cacheControl, `${field}.cacheControl`)
  }
  return checked
}

function checkContent(content: unknown, field: string, silent: boolean): unknown {
  if (typeof content === 'string' || (content === null && silent)) return content
  if (content === undefined && silent) return null
  if (!Array.isArray(content)) fail(field, 'a string or an array of parts', describe(content))
  return content.map((part, index) => checkPart(part, `${field}[${index}]`))
}

function checkPart(given: unknown, field: string): unknown {
  if (typeof given !== 'object' || given === null) fail(field, 'an object with a `type`', describe(given))
  const part = given as Record<string, unknown>
  if (typeof part.type !== 'string') fail(field, 'an object with a `type`', describe(given))
  const copy: Record<string, unknown> = { ...part }
  if (part.type === 'text') checkString(part.text, `${field}.text`)
  // In OpenAI's and other words, these types carry other members.
  else if (part.type === 'image' && part.image !== undefined) copy.image = checkData(part.image, `${field}.image`)
  else if (part.type === 'file' && part.data !== undefined) copy.data = checkData(part.data, `${field}.data`)
  if (part.mediaType !== undefined) checkNonEmpty(part.mediaType, `${field}.mediaType`)
  if (part.cacheControl !== undefined) checkCacheControl(part.cacheControl, `${field}.cacheControl`)
  return JSON.parse(toJson(copy, field))
}

/** An URL, a data URL or base64. */
function checkData(data: unknown, field: string): string {
  if (data instanceof URL) return data.href
  if (data instanceof Uint8Array) {
    if (data.length === 0) fail(field, 'some bytes', 'none')
    return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')
  }
  if (typeof data === 'string' && data !== '') return data
  return fail(field, 'an URL, a data URL, base64 or a Uint8Array', data === '' ? 'an empty string' : kindOf(data))
}

/** Checks a wish to cache. */
export function checkCacheControl(given: unknown, field: string): CacheControl {
  const { type, ttl } = checkObject(given, field, ['type', 'ttl'], `${field}.`)
  checkOneOf(type, `${field}.type`, ['ephemeral'])
  return {
    type: 'ephemeral',
    ...(ttl !== undefined && { ttl: checkOneOf(ttl, `${field}.ttl`, ['5m', '1h'] as const) }),
  }
}

const thoughtKeys = ['text', 'signature', 'id', 'redacted'] as const satisfies readonly (keyof ReasoningPart)[]

function checkReasoning(given: unknown, field: string): ReasoningPart[] | undefined {
  if (typeof given === 'string') return given === '' ? undefined : [{ text: given }]
  if (!Array.isArray(given)) fail(field, 'a string or an array of thoughts', describe(given))
  if (given.length === 0) return undefined
  return given.map((thought: unknown, index) => {
    const at = `${field}[${index}]`
    const said = checkObject(thought, at, thoughtKeys, `${at}.`)
    const checked: ReasoningPart = {}
    for (const name of thoughtKeys) {
      if (said[name] !== undefined) checked[name] = checkString(said[name], `${at}.${name}`)
    }
    return checked
  })
}

function checkCalls(calls: unknown, field: string): unknown[] | undefined {
  if (!Array.isArray(calls)) fail(field, 'an array of tool calls', describe(calls))
  if (calls.length === 0) return undefined
  return calls.map((call: unknown, index) => {
    const at = `${field}[${index}]`
    if (typeof call !== 'object' || call === null) fail(at, 'a tool call', describe(call))
    const { id, tool, args, rawArguments, signature } = call as Partial<ToolCall> & { signature?: unknown }
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
      ...(signature !== undefined && { signature: checkNonEmpty(signature, `${at}.signature`) }),
    }
  })
}
