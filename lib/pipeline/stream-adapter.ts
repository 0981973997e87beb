/**
 * What a provider's own SDK gives, as chunks of this package. What always holds: one table per provider, shared with the
 * adapters that send answers on; a chunk is read without regard to those before it, but for `read`, which joins what
 * belongs together.
 */
import { AnthropicMapping } from '../adapters/anthropic.js'
import { GeminiMapping } from '../adapters/gemini.js'
import { type AnswerEvent, filled, type Mapping } from '../adapters/mapping.js'
import { OpenAIMapping } from '../adapters/openai.js'
import {
  type AdapterOptions,
  type AdapterSource,
  checkAdapterOptions,
  checkSource,
  Source,
} from '../adapters/source.js'
import { checkOneOf } from '../check.js'
import { isStreamErrorType, StreamError } from '../errors.js'
import type { ErrorEvent } from '../streaming-response/events.js'
import type { StreamChunk, ToolCall, Usage } from '../types.js'
import { toUsage } from '../usage.js'
import { MetricsRecorder, type PipelineMetrics } from './metrics.js'

/**
 * A provider whose SDK's chunks a {@link StreamAdapter} reads.
 *
 * @example
 * import { StreamAdapter, type StreamAdapterProvider } from 'millstream'
 *
 * const providers: StreamAdapterProvider[] = ['openai', 'anthropic', 'xai']
 * const adapters = providers.map((provider) => new StreamAdapter(provider))
 */
export type StreamAdapterProvider =
  | 'openai'
  | 'anthropic'
  | 'xai'
  | 'google'
  | 'gemini'
  | 'azure'
  | 'cerebras'
  | 'groq'
  | 'mistral'
  | 'deepseek'
  | 'openrouter'

const mappings: Record<StreamAdapterProvider, () => Mapping> = {
  openai: () => new OpenAIMapping(),
  xai: () => new OpenAIMapping(),
  azure: () => new OpenAIMapping(),
  cerebras: () => new OpenAIMapping(),
  groq: () => new OpenAIMapping(),
  mistral: () => new OpenAIMapping(),
  deepseek: () => new OpenAIMapping(),
  openrouter: () => new OpenAIMapping(),
  anthropic: () => new AnthropicMapping(),
  google: () => new GeminiMapping(),
  gemini: () => new GeminiMapping(),
}

/**
 * Reads the stream of a provider's own SDK, for an application that asks with that.
 *
 * @example
 * import OpenAI from 'openai'
 * import { collect, StreamAdapter } from 'millstream'
 *
 * const messages = [{ role: 'user' as const, content: 'Hello' }]
 * const completion = new OpenAI().chat.completions.create({ model: 'gpt-4o-mini', messages, stream: true })
 * console.log((await collect(new StreamAdapter('openai').read(completion))).text)
 */
export class StreamAdapter {
  readonly provider: StreamAdapterProvider
  #metrics = new MetricsRecorder()

  /** @throws ValidationError where the provider has no table here */
  constructor(provider: StreamAdapterProvider) {
    this.provider = checkOneOf(provider, 'provider', Object.keys(mappings) as StreamAdapterProvider[])
  }

  /** The text of one chunk of the SDK, `''` where it has none. Pure. */
  normalizeDelta(chunk: unknown): string {
    let text = ''
    for (const event of mappings[this.provider]().chunk(chunk)) {
      if (event.type === 'token' && event.choice === 0) text += event.token
    }
    return text
  }

  /** The token counts in one chunk of the SDK, as far as it has some. Pure. */
  extractUsage(chunk: unknown): Usage | undefined {
    const mapping = mappings[this.provider]()
    for (const event of [...mapping.chunk(chunk), ...mapping.end()]) {
      if (event.type === 'usage') return event.usage as Usage
    }
    return undefined
  }

  /** How fast the stream came that was last read. */
  get metrics(): PipelineMetrics {
    return this.#metrics.read()
  }

  /** The SDK's stream, or the promise of it, as chunks. Leaving it stops the SDK's stream. */
  read(stream: AdapterSource<unknown>, options?: AdapterOptions): AsyncIterableIterator<StreamChunk> {
    const mapping = mappings[this.provider]()
    const checked = checkSource<unknown>(stream, 'stream', '')
    const source = new Source(checked, mapping, checkAdapterOptions(options))
    const metrics = new MetricsRecorder()
    this.#metrics = metrics
    return new AdaptedChunks(source, mapping, metrics, this.provider)
  }
}

class AdaptedChunks implements AsyncIterableIterator<StreamChunk> {
  readonly provider: string
  readonly #source: Source<unknown>
  readonly #mapping: Mapping
  readonly #metrics: MetricsRecorder
  readonly #queue: StreamChunk[] = []
  #index = 0
  #usage: Usage | undefined
  #ended = false

  constructor(source: Source<unknown>, mapping: Mapping, metrics: MetricsRecorder, provider: string) {
    this.#source = source
    this.#mapping = mapping
    this.#metrics = metrics
    this.provider = provider
  }

  async next(): Promise<IteratorResult<StreamChunk, undefined>> {
    while (true) {
      const chunk = this.#queue.shift()
      if (chunk !== undefined) return { done: false, value: chunk }
      if (this.#ended) return { done: true, value: undefined }
      const { outcome } = this.#source
      if (outcome === undefined) {
        for (const event of await this.#source.next()) this.#take(event)
        this.#metrics.open()
        continue
      }
      this.#ended = true
      this.#metrics.end()
      if (outcome === 'stopped') continue
      if (outcome !== 'whole') throw failure(outcome, this.provider)
      const finishReason = this.#mapping.finishReason ?? 'unknown'
      const usage = this.#usage
      this.#queue.push({ type: 'finish', content: '', finished: true, finishReason, ...(usage && { usage }) })
    }
  }

  async return(): Promise<IteratorResult<StreamChunk, undefined>> {
    this.#ended = true
    this.#queue.length = 0
    this.#metrics.end()
    this.#source.stop()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #take(event: AnswerEvent): void {
    switch (event.type) {
      case 'token': {
        this.#metrics.text(event.token.length)
        const choice = event.choice > 0 ? { choice: event.choice } : undefined
        this.#queue.push({ type: 'text', content: event.token, index: this.#index++, ...choice })
        break
      }
      case 'reasoning': {
        const { text, signature, choice } = event
        const signed = signature === undefined ? undefined : { signature }
        this.#queue.push({ type: 'reasoning', content: '', reasoning: text, ...signed, ...(choice > 0 && { choice }) })
        break
      }
      case 'tool-call-delta': {
        const { name, delta, ...call } = event.call
        const named = name === undefined ? undefined : { tool: name }
        this.#queue.push({ type: 'tool-call-delta', content: '', ...call, ...named, argsDelta: delta })
        break
      }
      case 'tool-call':
        this.#queue.push({ type: 'tool-call', content: '', ...toolCall(event.call) })
        break
      case 'usage':
        this.#usage = toUsage(event.usage)
        this.#queue.push({ type: 'usage', content: '', usage: this.#usage })
        break
      case 'metadata':
        this.#queue.push({ type: 'metadata', content: '', metadata: event.metadata })
        break
      // The last of what its chunk says: it is how the answer ended.
      case 'error':
        break
    }
  }
}

function toolCall(call: Extract<AnswerEvent, { type: 'tool-call' }>['call']): ToolCall {
  const { id, index, name: tool, arguments: given, valid = true, choice } = call
  const rawArguments = typeof given === 'string' ? given : JSON.stringify(given)
  let args: unknown
  let isValid = valid
  if (valid) {
    try {
      args = JSON.parse(rawArguments)
    } catch {
      isValid = false
    }
  }
  return { id, index, tool, args, rawArguments, valid: isValid, ...(choice !== undefined && { choice }) }
}

function failure({ error, code, type, status, retryAfterMs }: ErrorEvent, provider: string): StreamError {
  return new StreamError(error, {
    type: isStreamErrorType(type) ? type : 'unknown_error',
    code: filled(code) ?? 'STREAM_ERROR',
    provider,
    ...(status !== undefined && { status }),
    ...(typeof retryAfterMs === 'number' && { retryAfter: retryAfterMs }),
  })
}
