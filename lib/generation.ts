/** What a caller can ask of the model, checked, and the request body it becomes. */
import { checkInteger, checkNumber, checkObject, checkOneOf, describe, fail } from './check.js'
import { ValidationError } from './errors.js'
import type { Codec, Quirks } from './providers.js'
import type { WireOutput } from './structured-output.js'
import type { Message } from './types.js'

/**
 * Parameters of the generation. What is not given is not sent: the provider's defaults apply.
 *
 * @example
 * const options: GenerationOptions = { temperature: 0.2, maxTokens: 500, extraBody: { logit_bias: {} } }
 */
export interface GenerationOptions {
  temperature?: number
  /** Cap on the answer's tokens. */
  maxTokens?: number
  /** From 0 to 1. */
  topP?: number
  /** Of how many of the likeliest tokens each is chosen. */
  topK?: number
  /** Texts at which the model stops. */
  stop?: string | string[]
  seed?: number
  frequencyPenalty?: number
  presencePenalty?: number
  /** How much the model thinks before it answers. */
  reasoning?: ReasoningOptions
  /** Further fields of the request body, in the endpoint's own words; laid over everything else. */
  extraBody?: Record<string, unknown>
}

/**
 * How much a model thinks before it answers: in words or in tokens, as the model has it.
 *
 * @example
 * const reasoning: ReasoningOptions = { effort: 'low' }
 */
export interface ReasoningOptions {
  effort?: ReasoningEffort
  /** Cap on the tokens spent on thinking. */
  budgetTokens?: number
}

/**
 * See {@link ReasoningOptions}.
 *
 * @example
 * const effort: ReasoningEffort = 'high'
 */
export type ReasoningEffort = 'none' | 'minimal' | 'low' | 'medium' | 'high'

const efforts = ['none', 'minimal', 'low', 'medium', 'high'] as const satisfies readonly ReasoningEffort[]

/**
 * Whether the model must call a tool: as it sees fit, never, at least one, or this one.
 *
 * @example
 * const choice: ToolChoice = { tool: 'weather' }
 */
export type ToolChoice = 'auto' | 'none' | 'required' | { tool: string }

export const generationKeys = [
  'temperature',
  'maxTokens',
  'topP',
  'topK',
  'stop',
  'seed',
  'frequencyPenalty',
  'presencePenalty',
  'reasoning',
  'extraBody',
] as const satisfies readonly (keyof GenerationOptions)[]

/** Checks the generation parameters among `given`, and picks them out. */
export function checkGeneration(given: GenerationOptions): GenerationOptions {
  const checked: GenerationOptions = {}
  if (given.temperature !== undefined) checked.temperature = checkNumber(given.temperature, 'temperature', 0)
  if (given.maxTokens !== undefined) checked.maxTokens = checkInteger(given.maxTokens, 'maxTokens', 1)
  if (given.topP !== undefined) checked.topP = checkNumber(given.topP, 'topP', 0, 1)
  if (given.topK !== undefined) checked.topK = checkInteger(given.topK, 'topK', 1)
  if (given.stop !== undefined) checked.stop = checkStop(given.stop)
  if (given.seed !== undefined) checked.seed = checkInteger(given.seed, 'seed', Number.MIN_SAFE_INTEGER)
  for (const field of ['frequencyPenalty', 'presencePenalty'] as const) {
    if (given[field] !== undefined) checked[field] = checkNumber(given[field], field, Number.NEGATIVE_INFINITY)
  }
  if (given.reasoning !== undefined) checked.reasoning = checkReasoning(given.reasoning)
  if (given.extraBody !== undefined) checked.extraBody = checkExtraBody(given.extraBody)
  return checked
}

function checkReasoning(given: unknown): ReasoningOptions {
  const { effort, budgetTokens } = checkObject(given, 'reasoning', ['effort', 'budgetTokens'], 'reasoning.')
  const checked: ReasoningOptions = {}
  if (effort !== undefined) checked.effort = checkOneOf(effort, 'reasoning.effort', efforts)
  if (budgetTokens !== undefined) checked.budgetTokens = checkInteger(budgetTokens, 'reasoning.budgetTokens', 0)
  return checked
}

function checkStop(stop: unknown): string[] {
  const list = typeof stop === 'string' ? [stop] : stop
  if (!Array.isArray(list) || list.some((item) => typeof item !== 'string' || item === '')) {
    fail(
      'stop',
      'a non-empty string or an array of them',
      Array.isArray(stop) ? 'an array of something else' : describe(stop),
    )
  }
  return [...list]
}

function checkExtraBody(extra: unknown): Record<string, unknown> {
  if (typeof extra !== 'object' || extra === null || Array.isArray(extra))
    fail('extraBody', 'an object', describe(extra))
  if ('stream' in extra && extra.stream !== true) {
    fail('extraBody.stream', 'left out: answers are always streamed', describe(extra.stream))
  }
  return JSON.parse(toJson(extra, 'extraBody')) as Record<string, unknown>
}

/** JSON text, or a {@link ValidationError} that says what can't be written as such. Never quotes the value. */
export function toJson(value: unknown, field: string): string {
  let json: string | undefined
  try {
    json = JSON.stringify(value)
  } catch (cause) {
    const why =
      cause instanceof TypeError && /BigInt/.test(cause.message)
        ? 'a BigInt in it'
        : cause instanceof TypeError && /circular|cyclic/i.test(cause.message)
          ? 'a cycle'
          : 'something that throws'
    throw new ValidationError(`Expected \`${field}\` to be JSON, got ${why}`, field)
  }
  return json ?? fail(field, 'JSON', describe(value))
}

/** JSON text that is Unicode throughout. */
function toUnicodeJson(value: unknown): string | undefined {
  const json: string | undefined = JSON.stringify(value)
  // `JSON.stringify` escapes lone surrogates and nothing else so. A replacer would be called for every member.
  return json?.includes('\\ud') ? JSON.stringify(value, wellFormed) : json
}

/** A lone surrogate is no Unicode text: no server could read it, so it is replaced as `TextEncoder` would. */
function wellFormed(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? (value as string & { toWellFormed(): string }).toWellFormed() : value
}

/** One message as the engine takes it (`Message` in `crates/wire/src/request`); calls in OpenAI's shape. */
export interface WireMessage {
  role: string
  content: unknown
  name?: string
  toolCalls?: unknown
  toolCallId?: string
  tool?: string
  isError?: boolean
  reasoning?: unknown
  cacheControl?: unknown
}

/** The canonical request (`ChatRequest` in `crates/wire/src/request`), which the engine encodes for the endpoint. */
export interface WireRequest extends GenerationOptions {
  model: string
  messages: readonly WireMessage[]
  systemPrompt?: string | undefined
  n?: number | undefined
  tools?: readonly unknown[] | undefined
  toolChoice?: ToolChoice | undefined
  parallelToolCalls?: boolean | undefined
  output?: WireOutput | undefined
  /** False asks for the whole answer at once. */
  stream?: boolean | undefined
}

/** What depends on who is asked (`Target`): where it departs from its format, and its own members of the body. */
export interface Asked {
  quirks: Quirks
  body: Record<string, unknown>
  provider: string
  codec: Codec | undefined
}

/** The request's JSON, for the engine to encode; where the provider has an encoder of its own, what that makes of it. */
export function encodeRequest(request: WireRequest, { quirks, body, provider, codec }: Asked): string {
  if (codec?.encode !== undefined) {
    const made = codec.encode({ ...request }, { provider, model: request.model })
    const isObject = typeof made === 'object' && made !== null && !Array.isArray(made)
    return toUnicodeJson(isObject ? { ...body, ...made, ...request.extraBody } : made) ?? 'null'
  }
  const own = isEmpty(body) ? request : { ...request, extraBody: { ...body, ...request.extraBody } }
  return toUnicodeJson(isEmpty(quirks) ? own : { ...own, quirks }) as string
}

/** Spreading costs more than all else of a request. */
function isEmpty(members: object): boolean {
  for (const _ in members) return false
  return true
}

/** The request for the next answer of a conversation. */
export function requestBody(
  model: string,
  systemPrompt: string | undefined,
  messages: readonly Message[],
  generation: GenerationOptions,
  asked: Asked,
): string {
  const said: WireMessage[] = []
  for (const { role, content } of messages) {
    // An answer without text (tool calls only, or stopped before its first token) is nothing to send back.
    if (role !== 'assistant' || content !== '') said.push({ role, content })
  }
  const request: WireRequest = { model, messages: said, systemPrompt }
  return encodeRequest(isEmpty(generation) ? request : { ...request, ...generation }, asked)
}
