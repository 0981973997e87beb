/**
 * An answer as `streamWithUsage` gives it, and what it is gathered from. What always holds: the text is what went through,
 * character for character, whether it is kept compressed or not.
 */

import { StreamError } from '../../errors.js'
import { zlib } from '../../node.js'
import type { EventStream, ProcessedResponse } from '../../pipeline.js'
import type { ToolCall, Usage } from '../../types.js'
import type { JsonText } from './json-text.js'

/** Token counts, with those of the cache where it is looked for. */
export interface SteerUsage extends Usage {
  /** Given where the provider read some of the prompt from its cache. */
  cacheInfo?: { cachedTokens: number }
}

/** A whole answer. */
export interface StreamingResponseWithUsage extends Omit<ProcessedResponse, 'usage' | 'text'> {
  readonly text: string
  /** `undefined` where the provider reported none and none were counted. */
  usage: SteerUsage | undefined
  /** What the answer cost in US dollars; `undefined` where the price of the model is not known. */
  costUsd: number | undefined
  getText(): string
  /**
   * The answer as JSON. Where it was read as such while it came: the value; of several, an array of them; of one that was
   * cut, what is there. Else it is parsed, and throws where it is none.
   */
  getJson<T = unknown>(): T
}

/** Keeps a text. */
interface TextStore {
  append(text: string): void
  read(): string
}

class PlainText implements TextStore {
  #text = ''

  append(text: string): void {
    this.#text += text
  }

  read(): string {
    return this.#text
  }
}

/** How many characters are gathered before they are compressed. */
const blockSize = 64 * 1024

/** Compressed in blocks. As UTF-16, in which any string is what it was. */
export class CompressedText implements TextStore {
  readonly #blocks: Buffer[] = []
  #rest = ''

  /** Bytes held, compressed or not. */
  get size(): number {
    return this.#blocks.reduce((sum, block) => sum + block.length, 2 * this.#rest.length)
  }

  append(text: string): void {
    this.#rest += text
    if (this.#rest.length < blockSize) return
    this.#blocks.push(zlib().deflateRawSync(Buffer.from(this.#rest, 'utf16le'), { level: 1 }))
    this.#rest = ''
  }

  read(): string {
    let text = ''
    for (const block of this.#blocks) text += zlib().inflateRawSync(block).toString('utf16le')
    return text + this.#rest
  }
}

export interface GatherOptions {
  compressed: boolean
  json: JsonText | undefined
  cost(answer: { provider: string; model: string; usage: Usage }): number | undefined
}

/** Reads all of a stream of events. Rejects with what failed. */
export async function gather(events: EventStream, options: GatherOptions): Promise<StreamingResponseWithUsage> {
  const text: TextStore = options.compressed ? new CompressedText() : new PlainText()
  const toolCalls: ToolCall[] = []
  let reasoning = ''
  let metadata: Record<string, unknown> = {}
  let usage: SteerUsage | undefined
  let end = { finishReason: 'unknown' as ProcessedResponse['finishReason'], provider: '', model: '' }
  try {
    for await (const chunk of events.chunks) {
      if (chunk.type === 'text' && chunk.choice === undefined) text.append(chunk.content)
      else if (chunk.type === 'reasoning' && chunk.choice === undefined) reasoning += chunk.reasoning
      else if (chunk.type === 'tool-call') {
        const { type: _, content: __, ...call } = chunk
        toolCalls.push(call)
      } else if (chunk.type === 'metadata') metadata = { ...metadata, ...chunk.metadata }
      else if (chunk.type === 'usage') usage = withCacheInfo(chunk.usage)
      else if (chunk.type === 'finish') {
        if (chunk.usage !== undefined) usage = withCacheInfo(chunk.usage)
        end = { finishReason: chunk.finishReason, ...events.source }
      }
    }
  } catch (error) {
    throw withPartialText(error, text)
  }
  const { provider, model } = end
  const { json } = options
  return {
    get text() {
      return text.read()
    },
    usage,
    costUsd: usage && options.cost({ provider, model, usage }),
    toolCalls,
    reasoning,
    metadata,
    ...end,
    partial: false,
    metrics: events.metrics,
    getText: () => text.read(),
    getJson: <T>() => (json === undefined ? parse(text.read(), provider) : json.value()) as T,
  }
}

/** The same counts, with those of the cache where this face has them. */
export function withCacheInfo(usage: Usage): SteerUsage {
  const { cachedTokens } = usage
  return !cachedTokens ? usage : { ...usage, cacheInfo: { cachedTokens } }
}

/** An answer that isn't kept in the engine has its text here. */
function withPartialText(error: unknown, text: TextStore): unknown {
  if (StreamError.isInstance(error) && error.partialText === '') {
    Object.defineProperty(error, 'partialText', { value: text.read(), configurable: true })
  }
  return error
}

function parse(text: string, provider: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new StreamError('Expected the answer to be JSON, got something else', {
      type: 'protocol_error',
      code: 'INVALID_JSON',
      provider,
      partialText: text,
    })
  }
}
