/** Chunks of OpenAI's chat completions, and of those who speak their language, as events. */
import type { UsageEvent } from '../streaming-response/events.js'
import type { FinishReason } from '../types.js'
import { toUsage } from '../usage.js'
import { type AdapterConstructor, adapterFor, type ProviderAdapter } from './adapter.js'
import { chunkFailure, invalidChunk } from './failure.js'
import {
  type AnswerEvent,
  countOf,
  type Fields,
  fieldsOf,
  filled,
  isObject,
  jsonOf,
  listOf,
  type Mapping,
  metadata,
  UsageReport,
  warningFor,
} from './mapping.js'
import { ToolCalls } from './tool-calls.js'

/**
 * What an {@link OpenAIAdapter} needs of a chunk: what the `openai` package and compatible ones give.
 *
 * @example
 * const chunk: OpenAIChunk = { choices: [{ index: 0, delta: { content: 'Hello' }, finish_reason: null }] }
 */
export interface OpenAIChunk {
  choices: readonly object[]
}

interface Choice {
  calls: ToolCalls
  /** As given, once it was. */
  reason: string | undefined
}

/** Fields of a delta that have no event of their own. */
const passedOn = ['refusal', 'annotations', 'audio', 'images'] as const

export class OpenAIMapping implements Mapping {
  readonly #choices = new Map<number, Choice>()
  readonly #usage = new UsageReport()
  #tokens = 0
  #failed = false

  get finishReason(): FinishReason | undefined {
    const choice = this.#choices.get(0)
    return choice?.reason === undefined ? undefined : finishReasonOf(choice.reason, !choice.calls.isEmpty)
  }

  isCut(fromSdk: boolean): boolean {
    const choices = [...this.#choices.values()]
    return fromSdk && (choices.length === 0 || choices.some(({ reason }) => reason === undefined))
  }

  chunk(chunk: unknown): AnswerEvent[] {
    const { choices, error, usage, x_groq, citations } = fieldsOf(chunk)
    if (error !== undefined && error !== null) return this.#fail(chunkFailure(error, 'The provider failed'))
    if (!Array.isArray(choices)) return this.#fail(invalidChunk('OpenAI'))
    const events = choices.filter(isObject).flatMap((choice) => this.#choice(choice))
    if (Array.isArray(citations) && citations.length > 0 && this.#isLast(choices)) events.push(metadata({ citations }))
    // Groq's own place for it.
    events.push(...this.#usage.events(usageOf(usage) ?? usageOf(fieldsOf(x_groq).usage)))
    return events
  }

  end(): AnswerEvent[] {
    return [...this.#choices.values()].flatMap(({ calls, reason }) =>
      calls.giveAll(this.#failed || reason === undefined),
    )
  }

  #fail(error: ReturnType<typeof invalidChunk>): AnswerEvent[] {
    this.#failed = true
    return [{ type: 'error', error }]
  }

  #isLast(choices: readonly unknown[]): boolean {
    return choices.some((choice) => filled(fieldsOf(choice).finish_reason) !== undefined)
  }

  #choice(fields: Fields): AnswerEvent[] {
    const number = countOf(fields.index) ?? 0
    let choice = this.#choices.get(number)
    if (choice === undefined) {
      choice = { calls: new ToolCalls(number), reason: undefined }
      this.#choices.set(number, choice)
    }
    const delta = fieldsOf(fields.delta)
    const events = [...this.#reasoning(delta, number), ...this.#content(delta.content ?? fields.text, number)]
    for (const name of passedOn) {
      const value = delta[name]
      const blank =
        value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
      if (!blank) events.push(metadata({ [name]: value }))
    }
    for (const call of listOf(delta.tool_calls)) events.push(...pieceEvents(choice.calls, fieldsOf(call)))
    if (isObject(delta.function_call))
      events.push(...pieceEvents(choice.calls, { index: 0, function: delta.function_call }))
    const reason = filled(fields.finish_reason)
    // Some repeat it, with usage.
    if (reason !== undefined && reason !== choice.reason) {
      choice.reason = reason
      const finish = finishReasonOf(reason, false)
      events.push(...choice.calls.giveAll(finish === 'error'))
      events.push(metadata({ finishReason: reason, ...warningFor(finish) }))
    }
    return events
  }

  #token(token: string, choice: number): AnswerEvent[] {
    return token === '' ? [] : [{ type: 'token', token, index: this.#tokens++, choice }]
  }

  /** Text, or parts of text and thinking (Mistral). */
  #content(content: unknown, choice: number): AnswerEvent[] {
    if (typeof content === 'string') return this.#token(content, choice)
    return listOf(content).flatMap((part): AnswerEvent[] => {
      const { type, text, thinking } = fieldsOf(part)
      if (typeof text === 'string') return this.#token(text, choice)
      if (type !== 'thinking') return isObject(part) ? [metadata({ content: part })] : []
      const thoughts = typeof thinking === 'string' ? [{ text: thinking }] : listOf(thinking)
      return thoughts.flatMap((thought) => reasoningEvents(fieldsOf(thought).text, undefined, choice))
    })
  }

  /** Under the names that providers have for it. */
  #reasoning(delta: Fields, choice: number): AnswerEvent[] {
    const text = filled(delta.reasoning_content) ?? filled(delta.reasoning)
    const events = reasoningEvents(text, undefined, choice)
    for (const detail of listOf(delta.reasoning_details).map(fieldsOf)) {
      // The text stands there once more.
      const own = text === undefined ? (detail.text ?? detail.summary) : undefined
      events.push(...reasoningEvents(own, detail.signature, choice))
      if (detail.data !== undefined && detail.data !== null) events.push(metadata({ reasoningDetails: detail }))
    }
    return events
  }
}

function reasoningEvents(text: unknown, signature: unknown, choice: number): AnswerEvent[] {
  const [said, signed] = [filled(text), filled(signature)]
  if (said === undefined && signed === undefined) return []
  return [{ type: 'reasoning', text: said ?? '', choice, ...(signed !== undefined && { signature: signed }) }]
}

function pieceEvents(calls: ToolCalls, call: Fields): AnswerEvent[] {
  const custom = fieldsOf(call.custom)
  const isText = isObject(call.custom)
  const { name, arguments: given } = fieldsOf(call.function)
  const text = isText ? custom.input : given
  return calls.push({
    wireIndex: countOf(call.index),
    id: filled(call.id),
    name: filled(isText ? custom.name : name),
    arguments: typeof text === 'string' ? text : text === undefined || text === null ? '' : jsonOf(text),
    ...(isText && { isText }),
  })
}

function finishReasonOf(reason: string, called: boolean): FinishReason {
  switch (reason) {
    case 'stop':
    case 'eos':
      return called ? 'tool-calls' : 'stop'
    case 'length':
    case 'model_length':
      return 'length'
    case 'tool_calls':
    case 'function_call':
      return 'tool-calls'
    case 'content_filter':
      return 'content-filter'
    case 'error':
      return 'error'
    default:
      return 'other'
  }
}

function usageOf(value: unknown): UsageEvent | undefined {
  const fields = fieldsOf(value)
  const prompt = countOf(fields.prompt_tokens)
  let completion = countOf(fields.completion_tokens)
  const total = countOf(fields.total_tokens)
  if (prompt === undefined && completion === undefined && total === undefined) return undefined
  const [promptDetails, details] = [fieldsOf(fields.prompt_tokens_details), fieldsOf(fields.completion_tokens_details)]
  const cached = countOf(promptDetails.cached_tokens) ?? countOf(fields.prompt_cache_hit_tokens)
  const reasoning = countOf(details.reasoning_tokens)
  const audio = (countOf(promptDetails.audio_tokens) ?? 0) + (countOf(details.audio_tokens) ?? 0)
  // xAI leaves reasoning out of the completion and counts it in the total.
  if (reasoning && prompt !== undefined && completion !== undefined && total === prompt + completion + reasoning) {
    completion += reasoning
  }
  return {
    ...toUsage({ promptTokens: prompt, completionTokens: completion, totalTokens: total }),
    ...(cached ? { cachedTokens: cached } : undefined),
    ...(reasoning ? { reasoningTokens: reasoning } : undefined),
    ...(audio > 0 ? { audioTokens: audio } : undefined),
    provider: 'openai',
  }
}

/**
 * Streams an answer of the `openai` client, or of any other that gives chunks of chat completions.
 *
 * Called with the client's stream it gives the body of a web response; with `new` and a {@link StreamingResponse} it
 * sends what it is given. Tool calls, reasoning, usage and failures go along either way.
 *
 * @example
 * import OpenAI from 'openai'
 * import { OpenAIAdapter } from 'millstream/streaming/adapters'
 *
 * export async function POST(request: Request) {
 *   const { messages } = await request.json()
 *   const completion = await new OpenAI().chat.completions.create({ model: 'gpt-4', messages, stream: true })
 *   return new Response(OpenAIAdapter(completion), { headers: { 'content-type': 'text/event-stream' } })
 * }
 */
export const OpenAIAdapter: AdapterConstructor<OpenAIChunk> = adapterFor('OpenAIAdapter', () => new OpenAIMapping())

/** An {@link OpenAIAdapter} made with `new`. */
export type OpenAIAdapter = ProviderAdapter<OpenAIChunk>
