/**
 * Answers that JavaScript brings: bytes of a provider's stream, or chunks. They go through the engine like any other, so
 * that readers, relays and results find nothing unusual. What always holds: the source is read no faster than the answer
 * is, but for 64 KiB; it is let go of once, as soon as nobody wants more of it; what it throws is the answer's failure.
 */
import { failureOf } from './adapters/failure.js'
import { kindNumbers } from './answer/entries.js'
import type { AnswerOptions, Feeder } from './answer/roles.js'
import { Answer } from './answer.js'
import { classifyError } from './classify.js'
import { isStreamErrorType, StreamError } from './errors.js'
import { pieces } from './event-stream.js'
import { type FedSession, type Room, roomClosed, roomForMore, roomFull } from './mailbox.js'
import type { NativeError, NativeEstimate, NativeFailure } from './native.js'
import { planRetry } from './policies.js'
import type { WireProtocol } from './providers.js'
import type { StreamChunk, ToolCall } from './types.js'

/** What a fed answer may say of itself; all of it has a default. */
export interface FedAnswerOptions extends Partial<Omit<AnswerOptions, 'retry' | 'failure'>> {
  /** Cap on one event of a body, in bytes. Default 8 MiB. */
  maxEventBytes?: number
  /** As the option of the same name. Default 1. */
  flushInterval?: number
}

/** The body of a provider's answer. */
export interface FedBytesOptions extends FedAnswerOptions {
  protocol: 'auto' | WireProtocol
  /** The `content-type` it came with. */
  contentType?: string
}

/** A chunk, or what a provider says of its answer, which comes before the chunks. */
export type FedChunk = StreamChunk | { type: 'start'; id?: string; model?: string }

export type ByteSource = ReadableStream<Uint8Array | string> | AsyncIterable<Uint8Array | string>

/**
 * The answer that a body holds, read as an endpoint's would be. The source is asked for its first piece at once. Throws
 * where the source is none.
 */
export function answerFromBytes(source: ByteSource, options: FedBytesOptions): Answer {
  const { protocol, contentType } = options
  const text = new TextPieces()
  return fed(
    pieces(source),
    {
      write: (piece, session) => {
        if (typeof piece === 'string') return session.feedText(text.next(piece))
        if (!(piece instanceof Uint8Array)) throw new TypeError('Expected the source to give bytes or strings')
        const half = text.end()
        if (half !== '') session.feedText(half)
        // Another thread could write to shared memory while it is read.
        return session.feed(piece.buffer instanceof ArrayBuffer ? piece : piece.slice())
      },
      end: (session) => {
        const half = text.end()
        if (half !== '') session.feedText(half)
        session.feedEnd()
      },
    },
    { protocol, contentType },
    options,
  )
}

/**
 * The answer that chunks make. It is complete with the `finish` chunk, or where the source ends without one; an `error`
 * chunk is its failure.
 */
export function answerFromChunks(source: AsyncIterable<FedChunk>, options: FedAnswerOptions = {}): Answer {
  return fed(source, chunkWriter(), { protocol: 'events' }, options)
}

/** The chunks of an answer that was there before they are: one that waits for its turn, or has its owner's options. */
export class ChunkFeed {
  #pump: Pump<FedChunk> | undefined

  /** Has the answer made of what the source gives; the options are those that it was made with. */
  begin(answer: Answer, source: AsyncIterable<FedChunk>, options: SessionOptions): void {
    this.#pump = new Pump(source, chunkWriter())
    begin(answer, this.#pump, { protocol: 'events' }, options)
  }

  /** Of the answer's options: the error of a failure that came from the source. */
  failure(native: NativeError, answer: Answer): StreamError | undefined {
    return this.#pump?.failure(native, answer)
  }
}

function chunkWriter(): Writer<FedChunk> {
  let reported = false
  let finished = false
  return {
    write: (chunk, session) => {
      if (chunk.type === 'usage') reported = true
      if (chunk.type === 'finish') {
        finished = true
        // One that was made by hand may carry the only report.
        if (!reported && chunk.usage !== undefined) session.feedRecord(kindNumbers.usage, 0, json(chunk.usage))
      }
      return writeChunk(chunk, session)
    },
    end: (session) => {
      if (!finished) session.feedRecord(kindNumbers.finish, 0, json({ reason: 'unknown' }))
      session.feedEnd()
    },
  }
}

/** How values of a source become what a session is fed. */
interface Writer<T> {
  write(value: T, session: FedSession): Room
  end(session: FedSession): void
}

/** Nothing is asked, so nothing is asked again. */
const noRetry = planRetry({ maxRetries: 0 })

function fed<T>(
  source: AsyncIterable<T>,
  writer: Writer<T>,
  reading: { protocol: string; contentType?: string | undefined },
  options: FedAnswerOptions,
): Answer {
  const { maxEventBytes = 8 * 1024 * 1024, flushInterval = 1, ...given } = options
  const { provider = '', model = '', retain = true, push = false, credit = 65_536 } = given
  const pump: Pump<T> = new Pump(source, writer)
  const answer: Answer = new Answer({
    ...given,
    provider,
    model,
    retry: noRetry,
    retain,
    push,
    credit,
    failure: (native) => pump.failure(native, answer),
  })
  begin(answer, pump, reading, { maxEventBytes, flushInterval, retain, push, credit })
  return answer
}

/** What a session is told of its answer, besides how it is read. */
type SessionOptions = Required<
  Pick<FedAnswerOptions, 'maxEventBytes' | 'flushInterval' | 'retain' | 'push' | 'credit'>
> & {
  /** How its usage is estimated, and the request that it answers. */
  estimate?: NativeEstimate | undefined
  question?: string
}

function begin<T>(
  answer: Answer,
  pump: Pump<T>,
  { protocol, contentType }: { protocol: string; contentType?: string | undefined },
  { maxEventBytes, flushInterval, retain, push, credit, estimate, question = '' }: SessionOptions,
): void {
  const session = answer.feed(
    {
      protocol,
      ...(contentType !== undefined && { contentType }),
      maxEventBytes,
      credit,
      flushInterval,
      ...(estimate !== undefined && { estimate, question }),
    },
    { push, retain },
    pump,
  )
  if (session !== undefined) void pump.run(session)
  // Where this side ended it, the engine's notice would come a moment later.
  answer.whenEnded(() => pump.room(roomClosed))
}

/** Moves what a source gives into a session. */
class Pump<T> implements Feeder {
  readonly #source: AsyncIterable<T>
  readonly #writer: Writer<T>
  #iterator: AsyncIterator<T> | undefined
  #room: Room = roomForMore
  #waiter: (() => void) | undefined
  /** What the source threw, and what the session was told of it. */
  #thrown: { error: unknown; told: NativeFailure } | undefined

  constructor(source: AsyncIterable<T>, writer: Writer<T>) {
    this.#source = source
    this.#writer = writer
  }

  async run(session: FedSession): Promise<void> {
    try {
      this.#iterator = this.#source[Symbol.asyncIterator]()
      while (!this.#isClosed()) {
        const step = await this.#iterator.next()
        if (this.#isClosed()) return
        if (step.done) {
          this.#iterator = undefined
          this.#writer.end(session)
          return
        }
        this.#room = this.#writer.write(step.value, session)
        if (this.#room === roomFull) await this.#roomForMore()
      }
      this.#letGo()
    } catch (error) {
      if (this.#isClosed()) return
      // A source that threw is over; one whose value was no good is not.
      this.#letGo()
      const told = failureFor(error)
      this.#thrown = { error, told }
      session.feedFail(told)
    }
  }

  room(room: Room): void {
    if (this.#isClosed()) return
    this.#room = room
    this.#waiter?.()
    if (room === roomClosed) this.#letGo()
  }

  /** The error of a failure that the session had from here. */
  failure(native: NativeError, answer: Answer): StreamError | undefined {
    if (this.#thrown === undefined) return undefined
    const { error, told } = this.#thrown
    if (told.message !== native.message || told.code !== native.code) return undefined
    if (StreamError.isInstance(error)) return withText(error, answer)
    const { type, code, message, status, retryAfter } = told
    return new StreamError(message, {
      type: isStreamErrorType(type) ? type : 'unknown_error',
      code,
      partialText: answer.textSoFar,
      cause: error,
      ...(answer.provider !== '' && { provider: answer.provider }),
      ...(status !== undefined && { status }),
      ...(retryAfter !== undefined && { retryAfter }),
    })
  }

  /** Said by whoever ends it while this waits, too. */
  #isClosed(): boolean {
    return this.#room === roomClosed
  }

  #roomForMore(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiter = () => {
        this.#waiter = undefined
        resolve()
      }
    })
  }

  #letGo(): void {
    const iterator = this.#iterator
    this.#iterator = undefined
    if (iterator === undefined || typeof iterator.return !== 'function') return
    // Not awaited: a generator that is waiting itself comes to it only later. One that fails at it has nobody to tell.
    try {
      Promise.resolve(iterator.return()).catch(() => {})
      // A stream of Node's is a generator to its readers, but can be closed while it waits.
      const { destroy } = this.#source as { destroy?: unknown }
      if (typeof destroy === 'function') destroy.call(this.#source)
    } catch {
      // As above.
    }
  }
}

/** An error that says nothing of what came before it, as one of a part that kept no text, has the answer's. */
function withText(error: StreamError, { textSoFar }: Answer): StreamError {
  if (error.partialText === '' && Object.isExtensible(error)) {
    Object.defineProperty(error, 'partialText', { value: textSoFar, configurable: true })
  }
  return error
}

/** What a session is told of something that was thrown. */
function failureFor(error: unknown): NativeFailure {
  if (StreamError.isInstance(error)) {
    const { type, code, message, attempt, retryable, status, retryAfter, requestId } = error
    const phase = (error as { phase?: NativeFailure['phase'] }).phase
    return {
      type,
      code,
      message,
      attempt,
      retryable,
      ...(status !== undefined && { status }),
      ...(phase !== undefined && { phase }),
      ...(retryAfter !== undefined && { retryAfter }),
      ...(requestId !== undefined && { requestId }),
    }
  }
  const { error: message, code = 'STREAM_ERROR', type, status, retryAfterMs } = failureOf(error) as Told
  return {
    type: type ?? classifyError(error).type,
    code,
    message,
    attempt: 0,
    retryable: false,
    ...(status !== undefined && { status }),
    ...(retryAfterMs !== undefined && { retryAfter: retryAfterMs }),
  }
}

/** What {@link failureOf} gives. */
interface Told {
  error: string
  code?: string
  type?: string
  status?: number
  retryAfterMs?: number
}

/** Strings whose pieces may be cut inside a character. */
class TextPieces {
  #half = ''

  /** As much of it as is whole characters. */
  next(piece: string): string {
    const whole = this.#half + piece
    const last = whole.charCodeAt(whole.length - 1)
    const cut = last >= 0xd800 && last <= 0xdbff
    this.#half = cut ? whole.slice(-1) : ''
    return cut ? whole.slice(0, -1) : whole
  }

  /** The half that has no other. */
  end(): string {
    const half = this.#half
    this.#half = ''
    return half
  }
}

function json(value: unknown): string {
  return JSON.stringify(value)
}

/** Feeds a chunk as the record that such an event comes in. Pieces without anything in them are passed over. */
function writeChunk(chunk: FedChunk, session: FedSession): Room {
  switch (chunk.type) {
    case 'start': {
      const { id, model } = chunk
      return session.feedRecord(kindNumbers.start, 0, json({ id, model }))
    }
    case 'text':
      if (chunk.content === '') return roomForMore
      return session.feedRecord(kindNumbers.text, chunk.choice ?? 0, chunk.content)
    case 'reasoning': {
      const { reasoning, signature, choice = 0 } = chunk
      let room: Room = roomForMore
      if (reasoning !== '') room = session.feedRecord(kindNumbers.reasoning, choice, reasoning)
      return signature === undefined ? room : session.feedRecord(kindNumbers.signature, choice, signature)
    }
    case 'tool-call-delta': {
      const { id, index, tool, argsDelta, choice = 0 } = chunk
      return session.feedRecord(kindNumbers['tool-call-delta'], 0, json({ id, index, tool, argsDelta, choice }))
    }
    case 'tool-call':
      return session.feedRecord(kindNumbers['tool-call'], 0, json(callRecord(chunk)))
    case 'tool-result': {
      const { id, tool, result = null, isError = false } = chunk
      return session.feedRecord(kindNumbers['tool-result'], 0, json({ id, tool, result, isError }))
    }
    case 'usage':
      return session.feedRecord(kindNumbers.usage, 0, json(chunk.usage))
    case 'metadata':
      return session.feedRecord(kindNumbers.metadata, 0, json(chunk.metadata))
    case 'finish': {
      const { finishReason: reason, rawFinishReason: raw } = chunk
      return session.feedRecord(kindNumbers.finish, 0, json({ reason, raw }))
    }
    case 'error':
      throw chunk.cause ?? new Error(chunk.error)
  }
}

/** One made by hand may have its arguments alone. */
function callRecord(call: ToolCall): unknown {
  const { id, tool, args, index = 0, rawArguments = json(args ?? {}), valid = true, choice = 0 } = call
  return { id, index, tool, arguments: rawArguments, valid, choice }
}
