/**
 * Those who have to do with an answer, and what they are told: its owner, readers, relays and feeders. Types, and the names
 * of an owner's methods.
 */
import type { Answer } from '../answer.js'
import type { StreamError } from '../errors.js'
import type { Room } from '../mailbox.js'
import type { NativeError, NativeRelayReport, NativeRequest } from '../native.js'
import type { RetryPlan } from '../policies.js'
import type { PriceMap } from '../pricing.js'
import type { OutputPlan } from '../structured-output.js'
import type { ToolCall, ToolResult } from '../types.js'
import type { UsageReport } from '../usage.js'

/**
 * How an answer ended. `stopped`: its owner wanted no more, which is no failure; `aborted`: a reader or a signal ended
 * it, and whoever still reads is told so.
 */
export type Outcome =
  | { kind: 'complete' }
  | { kind: 'failed'; error: StreamError }
  | { kind: 'stopped' }
  | { kind: 'aborted'; error: StreamError }

/** Names {@link AnswerOwner}'s methods, so that a public class can have them without showing them. */
export const hearToken = Symbol('millstream.token')
export const hearNews = Symbol('millstream.news')
export const isHeard = Symbol('millstream.heard')
export const isListening = Symbol('millstream.listening')

/** What an owner is told besides the text. `json` is the object of a metadata event. */
export type AnswerNews =
  | { kind: 'reasoning'; text: string }
  | { kind: 'tool-call'; call: ToolCall }
  | { kind: 'tool-result'; result: ToolResult }
  | { kind: 'usage'; report: UsageReport }
  | { kind: 'metadata'; json: string }
  | { kind: 'retry'; attempt: number; delay: number; error: StreamError }
  | { kind: 'ended'; outcome: Outcome }

/**
 * The owner of an answer, told of everything at once and synchronously. One object with methods: of an open answer there
 * may be thousands, and a function of its own for each kind of news would be held for each of them.
 */
export interface AnswerOwner {
  /**
   * A piece of the text. Called for every token, with thousands of answers in turn: what it has to touch should be few
   * objects.
   * @internal
   */
  [hearToken](text: string): void
  /** @internal */
  [hearNews](answer: Answer, news: AnswerNews): void
  /** Whether somebody beside the readers hears of a failure. @internal */
  [isHeard](): boolean
  /** Whether it wants the events of a pulled answer whoever else does. Asked when the request is made. @internal */
  [isListening](): boolean
}

/** Woken when there may be something new. */
export interface AnswerReader {
  wake(): void
  /** Whether it reads for callbacks, so that nobody hears of a failure by it. */
  readonly isDeaf?: boolean
}

/** Whoever sends an answer on to a client, told synchronously. Nothing follows `done`. */
export interface RelayListener {
  /** There is something to send: say where by one of {@link AnswerRelay}'s methods. Not called where nothing ever comes. */
  ready(): void
  /** Of a relay through JavaScript: whole frames. Give the credit back once the client took them. */
  frames(text: string): void
  /** The relay is over; where the answer is, its outcome follows. */
  done(report: NativeRelayReport): void
}

/** An answer that is over, encoded. */
export interface EncodedAnswer {
  text: string
  /** Pieces of text in it. */
  tokens: number
}

/** An answer on its way to a client. */
export interface AnswerRelay {
  /**
   * The whole encoded text, where the answer was over before the engine heard of the relay: then there is nothing else
   * to do, and nothing to hear. Set from the beginning, or when `ready` is called.
   */
  readonly whole: EncodedAnswer | undefined
  /** The engine writes to a duplicate of the socket's descriptor from here on, until `done`. */
  toSocket(descriptor: number, chunked: boolean): void
  /** Text comes to `frames` from here on. May be said before `ready`. */
  toFrames(): void
  credit(bytes: number): void
  /** Adds a hand-made event behind what was encoded so far. Format `events` only. */
  inject(event: string, json: string): void
  /** Bytes written so far. */
  activity(): number
  /** No more than what is encoded is sent. An answer that nobody else consumes is aborted. `done` follows. */
  stop(): void
  /** The client left: nothing more is sent. An answer that nobody else consumes is aborted. `done` follows. */
  drop(): void
}

/** What an answer needs to know about its request. */
export interface AnswerOptions {
  /** For errors and results; `''` for an app's own route. */
  provider: string
  /** The model asked for. */
  model: string
  retry: RetryPlan
  /** Whether events stay after they were read, so that any number of readers see them all. */
  retain: boolean
  /**
   * Whether the owner consumes everything as it comes; the engine then keeps the text, and nothing of a token stays in
   * JavaScript. Otherwise events stay with the engine until readers or relays ask for them.
   */
  push: boolean
  /** The session's credit. */
  credit: number
  /** Whether the engine counts what the provider doesn't report. */
  estimating?: boolean
  /** Own prices of models. */
  prices?: PriceMap | undefined
  owner?: AnswerOwner
  /** Whether somebody beside readers and owner hears of a failure. */
  observed?: () => boolean
  /** Where the text is to be JSON: how to read it. */
  output?: OutputPlan | undefined
  /** The error that a failure stands for, where the owner has it: that of an answer which JavaScript brings. */
  failure?: (native: NativeError) => StreamError | undefined
  /** Whoever asks for it, where that is not simply the engine. */
  via?: Via | undefined
}

/** Another way to an answer: whoever asks for it, and brings it by {@link Answer.feed}. */
export interface Via {
  ask(answer: Answer, request: NativeRequest, body: string): void
  failure(native: NativeError, answer: Answer): StreamError | undefined
}

/** What brings an answer, and hears whether more of it is wanted. */
export interface Feeder {
  room(room: Room): void
}
