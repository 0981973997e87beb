/** Events of Anthropic's Messages API as events of ours. */
import type { UsageEvent } from '../streaming-response/events.js'
import type { FinishReason } from '../types.js'
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
 * What an {@link AnthropicAdapter} needs of an event: what the `@anthropic-ai/sdk` package gives.
 *
 * @example
 * const event: AnthropicChunk = { type: 'message_stop' }
 */
export interface AnthropicChunk {
  type: string
}

/** The block that is being streamed. */
type Block =
  | { kind: 'tool'; id: string; input: unknown; spoken: boolean }
  /** A tool that the provider runs itself, and anything else that comes in pieces of JSON. */
  | { kind: 'other'; fields: Fields; json: string[] }

const counted = ['input_tokens', 'output_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens'] as const

/** Units of JSON of blocks that have no event of their own; beyond it a block goes without. */
const maxHeld = 8 * 1024 * 1024

export class AnthropicMapping implements Mapping {
  readonly #calls = new ToolCalls()
  readonly #usage = new UsageReport()
  /** The last count given of each kind: they are totals, never parts. */
  readonly #counts: { -readonly [name in (typeof counted)[number]]?: number } = {}
  #thinkingTokens: number | undefined
  readonly #blocks = new Map<number, Block>()
  #held = 0
  #tokens = 0
  #started = false
  #stopped = false
  #failed = false
  #stop: { reason?: string; sequence?: unknown; details?: unknown } = {}

  get finishReason(): FinishReason | undefined {
    if (this.#stop.reason !== undefined) return finishReasonOf(this.#stop.reason)
    return this.#stopped ? 'stop' : undefined
  }

  isCut(fromSdk: boolean): boolean {
    return (this.#started || fromSdk) && !this.#stopped
  }

  chunk(chunk: unknown): AnswerEvent[] {
    const event = fieldsOf(chunk)
    if (typeof event.type !== 'string') return this.#fail(invalidChunk('Anthropic'))
    switch (event.type) {
      case 'ping':
        return []
      case 'message_start':
        return this.#start(event.message)
      case 'content_block_start':
        return this.#open(countOf(event.index) ?? 0, fieldsOf(event.content_block))
      case 'content_block_delta':
        return this.#delta(countOf(event.index) ?? 0, fieldsOf(event.delta))
      case 'content_block_stop':
        return this.#close(countOf(event.index) ?? 0)
      case 'message_delta':
        return this.#change(event)
      case 'message_stop':
        return this.#finish()
      case 'error':
        return this.#fail(chunkFailure(event.error, 'The provider failed'))
      default:
        return [metadata({ warning: `Unknown chunk type: ${event.type.slice(0, 100)}` })]
    }
  }

  end(): AnswerEvent[] {
    return [...this.#calls.giveAll(this.#failed || !this.#stopped), ...this.#usage.events(this.#usageEvent())]
  }

  #fail(error: ReturnType<typeof invalidChunk>): AnswerEvent[] {
    this.#failed = true
    return [{ type: 'error', error }]
  }

  #start(message: unknown): AnswerEvent[] {
    this.#started = true
    if (!isObject(message)) return []
    this.#count(message.usage)
    // Seldom anything: an answer that goes on where the provider's own tools called ours begins with that call.
    const blocks = listOf(message.content).flatMap((block, index) => [
      ...this.#open(-1 - index, fieldsOf(block)),
      ...this.#close(-1 - index),
    ])
    return [metadata({ messageId: message.id, model: message.model, role: message.role }), ...blocks]
  }

  #open(index: number, block: Fields): AnswerEvent[] {
    switch (block.type) {
      case 'text':
        return this.#token(block.text)
      case 'thinking':
        return reasoning(block.thinking, block.signature)
      case 'tool_use': {
        const id = filled(block.id) ?? `toolu_${index}`
        this.#blocks.set(index, { kind: 'tool', id, input: block.input, spoken: false })
        return this.#calls.push({ id, name: filled(block.name), arguments: '' })
      }
      case undefined:
        return []
      default:
        // Told when it is complete.
        this.#blocks.set(index, { kind: 'other', fields: block, json: [] })
        return []
    }
  }

  #delta(index: number, delta: Fields): AnswerEvent[] {
    const block = this.#blocks.get(index)
    switch (delta.type) {
      case 'thinking_delta':
        return reasoning(delta.thinking, undefined)
      case 'signature_delta':
        return reasoning(undefined, delta.signature)
      case 'citations_delta':
        return [metadata({ citation: delta.citation })]
      case 'input_json_delta': {
        const piece = filled(delta.partial_json)
        if (piece === undefined) return []
        if (block?.kind === 'tool') {
          block.spoken = true
          return this.#calls.push({ id: block.id, arguments: piece })
        }
        if (block === undefined) return [metadata({ input: piece })]
        this.#held += piece.length
        if (this.#held <= maxHeld) block.json.push(piece)
        return []
      }
      default: {
        const text = this.#token(delta.text)
        if (text.length > 0 || delta.type === undefined || delta.type === 'text_delta') return text
        return [metadata({ delta })]
      }
    }
  }

  #close(index: number): AnswerEvent[] {
    const block = this.#blocks.get(index)
    if (block === undefined) return []
    this.#blocks.delete(index)
    if (block.kind === 'other') {
      const json = block.json.join('')
      return [metadata({ contentBlock: json === '' ? block.fields : { ...block.fields, input: parsed(json) } })]
    }
    const whole = !block.spoken && isObject(block.input) && Object.keys(block.input).length > 0
    const spoken = whole ? this.#calls.push({ id: block.id, arguments: jsonOf(block.input) }) : []
    return [...spoken, ...this.#calls.give(block.id)]
  }

  #change({ delta, usage, ...rest }: Fields): AnswerEvent[] {
    this.#count(usage)
    const { stop_reason, stop_sequence, stop_details } = fieldsOf(delta)
    this.#stop.reason = filled(stop_reason) ?? this.#stop.reason
    this.#stop.sequence = stop_sequence ?? this.#stop.sequence
    this.#stop.details = stop_details ?? this.#stop.details
    const { context_management } = rest
    return isObject(context_management) ? [metadata({ contextManagement: context_management })] : []
  }

  #finish(): AnswerEvent[] {
    this.#stopped = true
    const { reason, sequence, details } = this.#stop
    const end = {
      stopReason: reason ?? 'end_turn',
      ...(sequence !== undefined && { stopSequence: sequence }),
      ...(details !== undefined && { stopDetails: details }),
      ...(reason !== undefined && warningFor(finishReasonOf(reason))),
    }
    return [...this.#calls.giveAll(false), metadata(end)]
  }

  #token(token: unknown): AnswerEvent[] {
    const text = filled(token)
    return text === undefined ? [] : [{ type: 'token', token: text, index: this.#tokens++, choice: 0 }]
  }

  #count(usage: unknown): void {
    const fields = fieldsOf(usage)
    for (const name of counted) {
      const count = countOf(fields[name])
      if (count !== undefined) this.#counts[name] = count
    }
    this.#thinkingTokens = countOf(fieldsOf(fields.output_tokens_details).thinking_tokens) ?? this.#thinkingTokens
  }

  #usageEvent(): UsageEvent | undefined {
    const { input_tokens = 0, output_tokens = 0, cache_read_input_tokens: read = 0 } = this.#counts
    const written = this.#counts.cache_creation_input_tokens ?? 0
    // What is read from the cache or written to it is not counted as input by this API; it is part of the prompt.
    const prompt = input_tokens + read + written
    if (prompt === 0 && output_tokens === 0) return undefined
    return {
      promptTokens: prompt,
      completionTokens: output_tokens,
      totalTokens: prompt + output_tokens,
      ...(read > 0 && { cachedTokens: read }),
      ...(written > 0 && { cacheCreationTokens: written }),
      ...(this.#thinkingTokens !== undefined && { reasoningTokens: this.#thinkingTokens }),
      provider: 'anthropic',
    }
  }
}

function reasoning(text: unknown, signature: unknown): AnswerEvent[] {
  const [said, signed] = [filled(text), filled(signature)]
  if (said === undefined && signed === undefined) return []
  return [{ type: 'reasoning', text: said ?? '', choice: 0, ...(signed !== undefined && { signature: signed }) }]
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return json
  }
}

function finishReasonOf(reason: string): FinishReason {
  switch (reason) {
    case 'end_turn':
    case 'stop_sequence':
      return 'stop'
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length'
    case 'tool_use':
      return 'tool-calls'
    case 'refusal':
      return 'content-filter'
    default:
      return 'other'
  }
}

/**
 * Streams an answer of the `@anthropic-ai/sdk` client. Called with the client's stream it gives the body of a web
 * response; with `new` and a {@link StreamingResponse} it sends what it is given. Tool calls, thinking with its signature,
 * citations, usage and failures go along either way.
 *
 * @example
 * import Anthropic from '@anthropic-ai/sdk'
 * import { AnthropicAdapter } from 'millstream/streaming/adapters'
 *
 * export async function POST(request: Request) {
 *   const { messages } = await request.json()
 *   const answer = new Anthropic().messages.create({ model: 'claude-opus-4-1', max_tokens: 1024, messages, stream: true })
 *   return new Response(AnthropicAdapter(answer), { headers: { 'content-type': 'text/event-stream' } })
 * }
 */
export const AnthropicAdapter: AdapterConstructor<AnthropicChunk> = adapterFor(
  'AnthropicAdapter',
  () => new AnthropicMapping(),
)

/** An {@link AnthropicAdapter} made with `new`. */
export type AnthropicAdapter = ProviderAdapter<AnthropicChunk>
