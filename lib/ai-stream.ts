/**
 * {@link AIStream}: one conversation with one model. Turns run one after another; each is an {@link Answer} whose events
 * are told on. What always holds: a turn's events come in the documented order, `streaming-start` and `streaming-end`
 * once each; after `stop()` or `reset()` a turn says nothing more.
 */

import { EventEmitter } from 'node:events'
import {
  type AIStreamConfig,
  type AIStreamSettings,
  type AIStreamTransportOptions,
  nativeRequest,
  type SendOptions,
  type StreamSendOptions,
  settings,
  type TurnSettings,
  turnSettings,
} from './ai-stream-config.js'
import {
  type AnswerNews,
  type AnswerOptions,
  hearNews,
  hearToken,
  isHeard,
  isListening,
  type Outcome,
} from './answer/roles.js'
import { Answer } from './answer.js'
import { describe, fail } from './check.js'
import { StreamError } from './errors.js'
import { requestBody } from './generation.js'
import { viaDecoder } from './providers/decoded.js'
import { AnswerHandle, readChunks, type StreamHandle } from './stream-result.js'
import type { Message, StreamChunk, ToolCall, ToolResult, Usage } from './types.js'
import { addUsage, noUsage, toUsage, type UsageReport } from './usage.js'

/**
 * The events of an {@link AIStream} and what their listeners get. The order of a turn: `message` (the user's),
 * `streaming-start`, any number of `retry`, then `token`, `reasoning`, `tool-call`, `metadata` and `usage` as they come,
 * then `error` or `message` (the assistant's), then `streaming-end`.
 *
 * @example
 * const print = (...[token]: AIStreamEvents['token']) => process.stdout.write(token)
 * stream.on('token', print)
 */
export type AIStreamEvents = {
  /** A message joined the conversation: the user's when it is sent, the assistant's when it is complete or stopped. */
  message: [message: Message]
  'streaming-start': []
  /** A piece of the answer's text. Never twice for the same place. */
  token: [token: string]
  /** A piece of the model's reasoning. */
  reasoning: [text: string]
  /** A tool call whose arguments are complete; see its `valid`. */
  'tool-call': [call: ToolCall]
  /** What a call gave, where the endpoint runs the tools. */
  'tool-result': [result: ToolResult]
  /** The merged token counts, whenever some are reported. */
  usage: [usage: Usage]
  metadata: [metadata: Record<string, unknown>]
  /** A wait of `delay` milliseconds begins, then attempt `attempt + 1`. */
  retry: [retry: { attempt: number; delay: number; error: StreamError }]
  'streaming-end': []
  /** The turn failed for good. */
  error: [error: StreamError]
  reset: []
}

/** The events that tell of an answer piece by piece. */
const pieces = ['token', 'reasoning', 'tool-call', 'tool-result', 'metadata'] as const

/** What no conversation holds a list of its own for, as long as it is empty: there may be thousands. */
const none: never[] = []

/** One `send`, `stream` or `retry`. */
interface Turn {
  /** The user's message; `undefined` repeats the last one. */
  content: string | undefined
  settings: TurnSettings
  answer: Answer
  /** Whether `streaming-start` was emitted. */
  started: boolean
  /** The calls that came so far. */
  toolCalls: ToolCall[] | undefined
  /** One of them is called once, when the turn is over. */
  resolve(): void
  reject(error: unknown): void
}

/** Says that a turn is over. `thrown`: why `send` rejects. */
function conclude(turn: Turn, thrown?: { error: unknown }): void {
  if (thrown === undefined) turn.resolve()
  else turn.reject(thrown.error)
}

/**
 * One conversation with a language model.
 *
 * A turn that fails rejects `send` only where nobody else hears of it: no `error` listener, no `onError`, no loop over
 * the stream. Mistakes of the call itself (a content that is no string, `BUSY`) always do. The history then keeps the user's message, for `retry()`, and
 * no half answer: what had come is the error's `partialText`. A turn that was stopped keeps its text as a message with
 * `partial: true`. An exception in a listener or callback stops the turn and rejects `send` with that exception.
 *
 * @example
 * const stream = new AIStream({ endpoint: 'http://127.0.0.1:3000/api/chat', model: 'gpt-4' })
 * stream.on('token', (token) => process.stdout.write(token))
 * await stream.send('Hello, how are you?')
 */
export class AIStream extends EventEmitter<AIStreamEvents> implements AsyncIterable<StreamChunk> {
  // What every token touches comes first, side by side in memory.
  /** How deep we are in calls of the user's code about the running turn. */
  #telling = 0
  readonly #onToken: ((token: string) => void) | undefined
  /** The listener of `token`, where there is just one: spares each token the way through the emitter's tables. */
  #onlyListener: ((token: string) => void) | undefined
  /** What is left to do for a turn that ended while the user's code was being told of it. */
  #unfinished: (() => void) | undefined

  readonly #settings: AIStreamSettings
  #messages: Message[]
  #queue: Turn[] = none
  #current: Turn | undefined
  #streaming = false
  /** Counts of earlier turns, where `usageMode` is `'total'`. */
  #earlier: Usage | undefined
  #usage: Usage | undefined
  /** What they cost. */
  #earlierCost: number | undefined
  #cost: number | undefined
  /** Iterators that wait for the next turn. */
  #awaiting: ((answer: Answer) => void)[] = none
  /** What the user's code threw in the running turn. */
  #thrown: { error: unknown } | undefined
  /** Whether what is stopped now is forgotten, too. */
  #discarding = false
  /**
   * @throws ValidationError where an option is not what it must be, or no request could succeed: an unknown provider, a
   * missing key, a relative endpoint without a base.
   */
  constructor(config: AIStreamConfig, options?: AIStreamTransportOptions) {
    super()
    this.#settings = settings(config, options)
    this.#onToken = this.#settings.onToken
    const { history } = this.#settings
    this.#messages = history.length === 0 ? none : history.map(({ role, content }) => this.#message(role, content))
  }

  /**
   * Sends a message and streams the answer as events. Resolves when the answer is complete or was stopped. While another
   * answer is running it waits for its turn, or rejects with code `BUSY` where `whenBusy` is `'reject'`.
   *
   * @example
   * await stream.send('Write a haiku', { temperature: 0.2, signal: AbortSignal.timeout(10_000) })
   */
  send(content: string, options?: SendOptions): Promise<void> {
    // What throws in here rejects.
    return new Promise((resolve, reject) => {
      if (typeof content !== 'string') fail('content', 'a string', describe(content))
      this.#enqueue(this.#turn(content, turnSettings(this.#settings, options, false), resolve, reject))
    })
  }

  /**
   * The same turn, pulled instead of pushed: the answer is fetched as fast as the handle's readers read. Events are
   * emitted too, as the pieces arrive. A later turn waits until this one is read to its end, left or stopped.
   *
   * @example
   * for await (const chunk of stream.stream('Write a haiku')) {
   *   if (chunk.type === 'text') process.stdout.write(chunk.content)
   * }
   */
  stream(content: string, options?: StreamSendOptions): StreamHandle {
    if (typeof content !== 'string') fail('content', 'a string', describe(content))
    const rejected = (error: unknown) => {
      // Readers learn of an exception in a listener by the abort it causes; where there is none, it must not vanish.
      const { outcome, witnessed } = turn.answer
      const told = witnessed && outcome?.kind === 'aborted' && outcome.error.cause === error
      if (!told) void Promise.reject(error)
    }
    const turn = this.#turn(content, turnSettings(this.#settings, options, true), nothing, rejected)
    const handle = new AnswerHandle(turn.answer, turn.settings.errors)
    this.#enqueue(turn)
    return handle
  }

  /**
   * Sends the last message of the user again. The answers to it are taken out of the history first. Without one, nothing
   * happens.
   *
   * @example
   * stream.once('error', () => stream.retry())
   */
  retry(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#enqueue(this.#turn(undefined, turnSettings(this.#settings, undefined, false), resolve, reject))
    })
  }

  /**
   * Stops the running turn at once: the connection is closed, no further event but the partial `message` and
   * `streaming-end` comes, and nothing is an error. Turns that wait are taken back.
   *
   * @example
   * stream.on('usage', (usage) => {
   *   if (usage.totalTokens > 10_000) stream.stop()
   * })
   */
  stop(): void {
    const waiting = this.#queue
    this.#queue = none
    for (const turn of waiting) {
      turn.answer.stop()
      conclude(turn)
    }
    this.#current?.answer.stop()
  }

  /**
   * Begins a new conversation: stops what is running, forgets all messages and counts.
   *
   * @example
   * stream.reset()
   * console.log(stream.getMessages()) // []
   */
  reset(): void {
    this.#discarding = true
    this.stop()
    this.#unfinished?.()
    this.#discarding = false
    this.#messages = none
    this.#earlier = undefined
    this.#usage = undefined
    this.#earlierCost = undefined
    this.#cost = undefined
    this.emit('reset')
  }

  /**
   * A copy of the conversation.
   *
   * @example
   * const last = stream.getMessages().at(-1)
   */
  getMessages(): Message[] {
    return structuredClone(this.#messages)
  }

  /**
   * Whether a turn is running: true from `streaming-start` until the answer ended or was stopped.
   *
   * @example
   * if (stream.getIsStreaming()) stream.stop()
   */
  getIsStreaming(): boolean {
    return this.#streaming
  }

  /**
   * A copy of the token counts: zeros at first, then those of the last turn that reported any, or of all turns together
   * where `usageMode` is `'total'`.
   *
   * @example
   * console.log(stream.getUsage().totalTokens)
   */
  getUsage(): Usage {
    return this.#usage === undefined ? noUsage() : { ...this.#usage }
  }

  /**
   * What `getUsage()` counts cost, in US dollars; `undefined` where nothing was counted, or the model has no price.
   *
   * @example
   * const cost = stream.getCost()
   * if (cost !== undefined) console.log(`$${cost.toFixed(4)}`)
   */
  getCost(): number | undefined {
    return this.#cost
  }

  /**
   * The chunks of the running turn, from its first, or of the next one where none is running. Throws where the turn
   * fails. Leaving the loop does not stop a turn begun by `send`.
   *
   * @example
   * const sent = stream.send('Hello')
   * for await (const chunk of stream) process.stdout.write(chunk.content)
   * await sent
   */
  [Symbol.asyncIterator](): AsyncIterator<StreamChunk, undefined> {
    if (this.#current !== undefined) return readChunks(this.#current.answer, 'throw')
    let reader: AsyncIterator<StreamChunk, undefined> | undefined
    let left = false
    const { promise, resolve, reject } = withResolvers<void>()
    promise.catch(() => {})
    const join = (answer: Answer) => {
      try {
        reader = readChunks(answer, 'throw')
        resolve()
      } catch (error) {
        reject(error)
      }
    }
    this.#awaiting = this.#awaiting.concat(join)
    return {
      next: async () => {
        if (reader === undefined) await promise
        return left || reader === undefined ? { done: true, value: undefined } : reader.next()
      },
      return: async () => {
        left = true
        this.#awaiting = this.#awaiting.filter((other) => other !== join)
        resolve()
        await reader?.return?.()
        return { done: true, value: undefined }
      },
    }
  }

  #turn(
    content: string | undefined,
    turnOptions: TurnSettings,
    resolve: Turn['resolve'],
    reject: Turn['reject'],
  ): Turn {
    if ((this.#streaming || this.#queue.length > 0) && this.#settings.whenBusy === 'reject') {
      throw new StreamError("The stream is busy: an answer is running, and `whenBusy` is 'reject'", {
        type: 'queue_full_error',
        code: 'BUSY',
        provider: this.#settings.target.provider,
      })
    }
    const options: AnswerOptions = {
      provider: this.#settings.target.provider,
      model: this.#settings.model,
      estimating: this.#settings.estimator !== undefined,
      prices: this.#settings.prices,
      retry: turnOptions.retry,
      retain: turnOptions.retain,
      credit: this.#settings.credit,
      push: turnOptions.push,
      owner: this,
    }
    const { codec } = this.#settings.target
    if (codec !== undefined) options.via = viaDecoder(codec, options)
    const answer = new Answer(options)
    return { content, settings: turnOptions, answer, started: false, toolCalls: undefined, resolve, reject }
  }

  #enqueue(turn: Turn): void {
    const { signal } = turn.settings
    if (signal !== undefined) {
      const onAbort = () => this.#signalled(turn, signal.reason)
      if (signal.aborted) {
        onAbort()
        return
      }
      signal.addEventListener('abort', onAbort, { once: true })
      turn.answer.whenEnded(() => signal.removeEventListener('abort', onAbort))
    }
    if (this.#current === undefined) this.#run(turn)
    else if (this.#queue === none) this.#queue = [turn]
    else this.#queue.push(turn)
  }

  #signalled(turn: Turn, reason: unknown): void {
    turn.answer.abort(reason)
    // A turn that never ran has nobody else to end it.
    if (turn !== this.#current) this.#drop(turn)
  }

  #drop(turn: Turn): void {
    this.#queue = this.#queue.filter((other) => other !== turn)
    conclude(turn)
  }

  #next(): void {
    while (this.#current === undefined && this.#queue.length > 0) {
      const turn = this.#queue.shift() as Turn
      if (turn.answer.outcome === undefined) this.#run(turn)
      else conclude(turn)
    }
  }

  #run(turn: Turn): void {
    if (turn.content === undefined && !this.#rewind()) {
      turn.answer.stop()
      conclude(turn)
      return
    }
    this.#current = turn
    this.#thrown = undefined
    this.#streaming = true
    if (this.#settings.usageMode === 'total') {
      this.#earlier = this.#usage
      this.#earlierCost = this.#cost
    }
    const joining = this.#awaiting
    this.#awaiting = none
    for (const join of joining) join(turn.answer)
    this.#tell(turn.answer, () => {
      if (turn.content !== undefined) this.#remember(this.#message('user', turn.content))
      if (turn.answer.outcome !== undefined) return
      turn.started = true
      this.emit('streaming-start')
    })
    if (turn.answer.outcome !== undefined) return
    const { model, systemPrompt, target } = this.#settings
    let body: string
    try {
      body = requestBody(model, systemPrompt, this.#messages, turn.settings.generation, target)
    } catch (error) {
      // An encoder of the application's.
      turn.answer.refuse(error)
      return
    }
    turn.answer.ask(nativeRequest(this.#settings, turn.settings), body)
  }

  /** Takes the answers to the user's last message out of the history; false where there is no such message. */
  #rewind(): boolean {
    const last = this.#messages.findLastIndex((message) => message.role === 'user')
    if (last === -1) return false
    this.#messages = this.#messages.slice(0, last + 1)
    return true
  }

  static {
    // Whoever changes the listeners, the emitter itself included, comes through one of these.
    const changes = ['on', 'addListener', 'prependListener', 'once', 'prependOnceListener'] as const
    for (const name of [...changes, 'off', 'removeListener', 'removeAllListeners'] as const) {
      const change = EventEmitter.prototype[name] as (...given: unknown[]) => unknown
      const value = function (this: AIStream, ...given: unknown[]): unknown {
        change.apply(this, given)
        // Without a name, those of all events go.
        if (given[0] !== 'token' && given[0] !== undefined) return this
        const listeners = this.rawListeners('token') as ((token: string) => void)[]
        const direct = listeners.length === 1 && !EventEmitter.captureRejections
        this.#onlyListener = direct ? listeners[0] : undefined
        return this
      }
      Object.defineProperty(AIStream.prototype, name, { value, writable: true, configurable: true })
    }
  }

  /** @internal The hot path: no closure, no allocation. */
  [hearToken](text: string): void {
    this.#telling++
    try {
      this.#onToken?.(text)
      // Somebody may have put an `emit` of his own in the way.
      const listener = this.emit === emit ? this.#onlyListener : undefined
      if (listener === undefined) this.emit('token', text)
      else listener.call(this, text)
    } catch (error) {
      if (this.#current !== undefined) this.#threw(this.#current.answer, error)
    }
    if (--this.#telling === 0) this.#unfinished?.()
  }

  /** @internal */
  [hearNews](answer: Answer, news: AnswerNews): void {
    const turn = this.#current
    if (turn?.answer !== answer) return
    switch (news.kind) {
      case 'reasoning':
        return this.#tell(answer, () => this.emit('reasoning', news.text))
      case 'tool-call':
        turn.toolCalls ??= []
        turn.toolCalls.push(news.call)
        return this.#tell(answer, () => this.emit('tool-call', news.call))
      case 'tool-result':
        return this.#tell(answer, () => this.emit('tool-result', news.result))
      case 'usage':
        return this.#tell(answer, () => this.#counted(answer, news.report))
      case 'metadata':
        if (this.listenerCount('metadata') === 0) return
        return this.#tell(answer, () => this.emit('metadata', JSON.parse(news.json) as Record<string, unknown>))
      case 'retry': {
        const { attempt, delay, error } = news
        return this.#tell(answer, () => this.emit('retry', { attempt, delay, error }))
      }
      case 'ended':
        this.#streaming = false
        if (this.#telling === 0) this.#finish(turn, news.outcome)
        else this.#unfinished = () => this.#finish(turn, news.outcome)
    }
  }

  /** @internal */
  [isHeard](): boolean {
    return this.#settings.onError !== undefined || this.listenerCount('error') > 0
  }

  /** @internal */
  [isListening](): boolean {
    return this.#onToken !== undefined || pieces.some((event) => this.listenerCount(event) > 0)
  }

  #counted(answer: Answer, report: UsageReport): void {
    const usage = toUsage(report)
    this.#usage = this.#settings.usageMode === 'total' ? addUsage(this.#earlier ?? noUsage(), usage) : usage
    const cost = answer.costOf(usage)
    this.#cost =
      cost === undefined && this.#earlierCost === undefined ? undefined : (cost ?? 0) + (this.#earlierCost ?? 0)
    this.#settings.onCost?.(this.getUsage(), this.#cost)
    if (this.#hears('usage')) this.emit('usage', this.getUsage())
  }

  /** The turn is over: says so, and lets the next one run. */
  #finish(turn: Turn, outcome: Outcome): void {
    this.#unfinished = undefined
    const { answer } = turn
    if (outcome.kind !== 'complete' && this.#usage !== undefined && answer.usageSoFar !== undefined) {
      this.#usage.partial = true
    }
    let failure: { error: unknown } | undefined
    this.#tell(answer, () => {
      if (outcome.kind === 'failed') {
        if (this[isHeard]()) {
          this.#settings.onError?.(outcome.error)
          if (this.listenerCount('error') > 0) this.emit('error', outcome.error)
        } else if (turn.settings.push && !answer.witnessed) {
          failure = { error: outcome.error }
        }
      } else if (!this.#discarding) {
        this.#answered(answer, outcome.kind !== 'complete', turn.toolCalls)
      }
    })
    if (turn.started) this.#tell(answer, () => this.emit('streaming-end'))
    // A listener may have sent the next message already: it waits in the queue.
    this.#current = undefined
    conclude(turn, this.#thrown ?? failure)
    this.#next()
  }

  #answered(answer: Answer, partial: boolean, toolCalls: ToolCall[] | undefined): void {
    const content = answer.textSoFar
    // Nothing came, or nothing was kept: no message to remember.
    if (!answer.keepsText || (partial && content === '' && toolCalls === undefined)) return
    const message = this.#message('assistant', content)
    if (partial) message.partial = true
    if (toolCalls !== undefined) message.toolCalls = toolCalls
    this.#remember(message)
  }

  /** Adds to the conversation. A copied list has no spare room: most conversations never need it. */
  #remember(message: Message): void {
    this.#messages = this.#messages.concat(message)
    if (!this.#hears('message')) return
    this.emit('message', message.toolCalls === undefined ? { ...message } : structuredClone(message))
  }

  /** Whether what an event carries is worth making. Somebody may have put an `emit` of his own in the way. */
  #hears(event: 'message' | 'usage'): boolean {
    return this.emit !== emit || this.listenerCount(event) > 0
  }

  /** Calls the user's code. What it throws ends the turn. */
  #tell(answer: Answer, call: () => void): void {
    this.#telling++
    try {
      call()
    } catch (error) {
      this.#threw(answer, error)
    }
    if (--this.#telling === 0) this.#unfinished?.()
  }

  #threw(answer: Answer, error: unknown): void {
    this.#thrown ??= { error }
    if (this.#current?.settings.push) answer.stop()
    else answer.abort(error, 'A listener threw')
  }

  #message(role: Message['role'], content: string): Message {
    return { id: messageId(), role, content, timestamp: Date.now() }
  }
}

/** Tells this process apart. The counter makes ids short: a UUID is held as a chain of fifteen strings until somebody looks. */
let idPrefix: string | undefined
let lastId = 0

function messageId(): string {
  idPrefix ??= `msg_${Buffer.from(crypto.getRandomValues(new Uint8Array(9))).toString('base64url')}_`
  lastId++
  return idPrefix + lastId
}

function nothing(): void {}

const { emit } = EventEmitter.prototype

/** `Promise.withResolvers`, which Node has from version 22 on. */
function withResolvers<T>() {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}
