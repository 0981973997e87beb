/**
 * Token counts: exact where the model's encoding is known, else an estimate that says so. What always holds: an exact count
 * is that of OpenAI's own tokenizer; `characters` are UTF-16 units, as `length` counts; markers such as `<|endoftext|>` are
 * text like any other.
 */
import { checkNonEmpty, checkString, describe, fail } from './check.js'
import { type EncodingName, encodingOf } from './tokens/encodings.js'
import { type NativeCounter, withEncoding } from './tokens/native.js'

export type { EncodingName } from './tokens/encodings.js'

/**
 * What a text, a message or a request comes to.
 *
 * @example
 * import { countTokens, type TokenCount } from 'millstream'
 *
 * const count: TokenCount = countTokens('Hello world', 'gpt-4o')
 * console.log(count.tokens, count.characters) // 2 11
 */
export interface TokenCount {
  tokens: number
  /** UTF-16 units, as `length` counts. */
  characters: number
  /** Set where the model's encoding isn't known, and four characters count as a token. */
  isEstimated?: true
}

/**
 * A message as far as it is counted: its text, or the texts among its parts.
 *
 * @example
 * import { type CountedMessage, countMessageTokens } from 'millstream'
 *
 * const message: CountedMessage = { role: 'user', content: 'Hello world' }
 * console.log(countMessageTokens(message, 'gpt-4o').tokens) // 6
 */
export interface CountedMessage {
  role?: string
  content: string | readonly object[]
}

/** What a message is wrapped in, in tokens. */
const messageOverhead = 4
/** Characters of a token, where nothing better is known. */
const charactersOfToken = 4

/**
 * Counts a text's tokens: exactly for OpenAI's models and encodings, else, and without a model, one for every four
 * characters.
 *
 * @example
 * import { countTokens } from 'millstream'
 *
 * console.log(countTokens('Hello world', 'gpt-4o').tokens) // 2
 * console.log(countTokens('Hello world').tokens) // 3, estimated
 */
export function countTokens(text: string, model?: string): TokenCount {
  checkString(text, 'text')
  const characters = text.length
  const encoding = model === undefined ? undefined : encodingOf(checkNonEmpty(model, 'model'))
  if (encoding !== undefined) return { tokens: withEncoding(encoding).tokensCount(encoding, text), characters }
  return { tokens: Math.ceil(characters / charactersOfToken), characters, isEstimated: true }
}

/**
 * Counts a message: its text, and four tokens for what it is wrapped in. Of content in parts, the texts are counted.
 *
 * @example
 * import { countMessageTokens } from 'millstream'
 *
 * console.log(countMessageTokens({ role: 'user', content: 'Hello world' }).tokens) // 7
 */
export function countMessageTokens(message: CountedMessage, model?: string): TokenCount {
  const sum = textsOf(message, 'message').map((text) => countTokens(text, model))
  return add(sum, model, messageOverhead)
}

/**
 * Counts the messages of a conversation.
 *
 * @example
 * import { countMessagesTokens } from 'millstream'
 *
 * const messages = [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Hello' }]
 * console.log(countMessagesTokens(messages, 'gpt-4o').tokens) // 10
 */
export function countMessagesTokens(messages: readonly CountedMessage[], model?: string): TokenCount {
  if (!Array.isArray(messages)) fail('messages', 'an array of messages', describe(messages))
  return add(
    messages.map((message) => countMessageTokens(message, model)),
    model,
  )
}

/**
 * Counts what a request sends: its messages and the system prompt.
 *
 * @example
 * import { estimateRequestTokens } from 'millstream'
 *
 * const { tokens } = estimateRequestTokens([{ role: 'user', content: 'Hello world' }], 'Be brief.', 'gpt-4o')
 * console.log(tokens) // 9
 */
export function estimateRequestTokens(
  messages: readonly CountedMessage[],
  systemPrompt?: string,
  model?: string,
): TokenCount {
  const counts = [countMessagesTokens(messages, model)]
  if (systemPrompt !== undefined) counts.push(countTokens(checkString(systemPrompt, 'systemPrompt'), model))
  return add(counts, model)
}

function add(counts: readonly TokenCount[], model: string | undefined, overhead = 0): TokenCount {
  const sum: TokenCount = { tokens: overhead, characters: 0 }
  for (const { tokens, characters } of counts) {
    sum.tokens += tokens
    sum.characters += characters
  }
  if (model === undefined || encodingOf(model) === undefined) sum.isEstimated = true
  return sum
}

function textsOf(message: CountedMessage, name: string): string[] {
  if (typeof message !== 'object' || message === null) fail(name, 'a message', describe(message))
  const { content } = message as { content: unknown }
  if (typeof content === 'string') return [content]
  if (!Array.isArray(content)) fail(`${name}.content`, 'a string or an array of parts', describe(content))
  return content
    .map((part) => (part as { text?: unknown } | null)?.text)
    .filter((text): text is string => typeof text === 'string')
}

/** Text waits here for so long, in UTF-16 units, before it goes to the native side: crossing costs more than counting. */
const flushAt = 1024

/**
 * Counts a text while it grows. The count is that of the whole text, however it was cut into pieces, and asking for it
 * costs the same however long the text has become.
 *
 * @example
 * import { TokenCounter } from 'millstream'
 *
 * const counter = new TokenCounter('gpt-4o')
 * for (const piece of ['Hel', 'lo wor', 'ld']) counter.push(piece)
 * console.log(counter.tokens, counter.characters, counter.isEstimated) // 2 11 false
 */
export class TokenCounter {
  /** The encoding that is counted in; `undefined` where four characters are taken for a token. */
  readonly encoding: EncodingName | undefined
  readonly #counter: NativeCounter | undefined
  readonly #push: ((counter: NativeCounter, text: string) => void) | undefined
  readonly #total: ((counter: NativeCounter, text: string) => number) | undefined
  #waiting = ''
  #characters = 0
  #tokens = 0
  #isCounted = true

  /** @param model a model, or an encoding. Without one the count is an estimate. */
  constructor(model?: string) {
    this.encoding = model === undefined ? undefined : encodingOf(checkNonEmpty(model, 'model'))
    if (this.encoding === undefined) return
    const native = withEncoding(this.encoding)
    this.#push = native.tokensPush
    this.#total = native.tokensTotal
    this.#counter = native.tokensCounter(this.encoding)
  }

  /** Appends a piece of the text. */
  push(text: string): this {
    if (typeof text !== 'string') fail('text', 'a string', describe(text))
    this.#characters += text.length
    if (this.#counter === undefined) return this
    this.#isCounted = false
    this.#waiting += text
    if (this.#waiting.length >= flushAt) this.#push?.(this.#counter, this.#take())
    return this
  }

  /** The tokens of the text so far, as if it ended here. Half a character at its end counts once the other half is there. */
  get tokens(): number {
    if (this.#counter === undefined) return Math.ceil(this.#characters / charactersOfToken)
    if (!this.#isCounted) {
      this.#tokens = this.#total?.(this.#counter, this.#take()) ?? 0
      this.#isCounted = true
    }
    return this.#tokens
  }

  /** The text's UTF-16 units. */
  get characters(): number {
    return this.#characters
  }

  /** Whether four characters are taken for a token. */
  get isEstimated(): boolean {
    return this.#counter === undefined
  }

  /** What waits, but for the first half of a character at its end. */
  #take(): string {
    const text = this.#waiting
    const last = text.charCodeAt(text.length - 1)
    const whole = last >= 0xd800 && last <= 0xdbff ? text.slice(0, -1) : text
    this.#waiting = text.slice(whole.length)
    return whole
  }
}
