/**
 * Server-sent events for people with a transport of their own. The rules are those of WHATWG HTML §9.2.6 and stand in
 * `crates/wire`; this file makes objects of what comes from there.
 */
import { checkBoolean, checkInteger, checkObject, describe, fail } from './check.js'
import { StreamError } from './errors.js'
import { binding, type NativeBinding } from './native.js'

/**
 * One event of a `text/event-stream` body.
 *
 * @example
 * const [event]: ServerSentEvent[] = new EventStreamDecoder().feed('event: token\ndata: hi\n\n')
 */
export interface ServerSentEvent {
  /** The event's name, `message` where none was given; empty for a comment. */
  event: string
  /** Lines joined by `\n`. */
  data: string
  /** The last event ID in force, `''` if none yet; for a comment, that of the event before it. */
  id: string
  /** The reconnection time in milliseconds, where this event gave one. */
  retry?: number
  /** With `comments: true`, a comment is an entry of its own in this list, and this is its text. */
  comment?: string
}

/**
 * How an {@link EventStreamDecoder} reads.
 *
 * @example
 * const options: EventStreamDecoderOptions = { maxEventBytes: 64 * 1024 }
 */
export interface EventStreamDecoderOptions {
  /**
   * Cap on one event in bytes, up to 256 MiB. Beyond it reading fails, so that a server can't fill the memory.
   * @default 8388608
   */
  maxEventBytes?: number
  /**
   * Whether comments are given too: servers send them to keep a connection alive.
   * @default false
   */
  comments?: boolean
  /**
   * Whether `end()` gives a last event that lacks its blank line, or even the end of its last line. The standard drops
   * it; servers exist that close right after `data: [DONE]`. Its data may have been cut.
   * @default false
   */
  lenientEnd?: boolean
}

/** A decoder on the native side, freed when it is collected. */
declare const nativeStream: unique symbol
type NativeStream = { readonly [nativeStream]: never }

declare module './native.js' {
  /** `src/event_stream.rs`. */
  interface NativeBinding {
    eventStreamNew(maxEventBytes: number, comments: boolean, lenientEnd: boolean): NativeStream
    eventStreamFeed(stream: NativeStream, bytes: Uint8Array): string | null
    eventStreamEnd(stream: NativeStream): string | null
    eventStreamLastId(stream: NativeStream): string
    eventStreamRetry(stream: NativeStream): number | null
  }
}

const defaultMaxEventBytes = 8 * 1024 * 1024
/** Half of what the shortest of V8's limits on a string allows: a piece and an event must fit into one. */
const largestMaxEventBytes = 256 * 1024 * 1024
/** Larger pieces are read in parts, for the same reason. */
const largestPiece = 16 * 1024 * 1024

/** The flags of an item, as in `src/event_stream.rs`. */
const isComment = 1
const hasEvent = 2
const hasId = 4
const hasRetry = 8
const isFailure = 16

/**
 * Decodes server-sent events, piece by piece: bytes or text in, events out. Natively and in linear time, with the
 * standard's rules in full: byte-order mark, CR, LF and CRLF, IDs, invalid UTF-8, pieces cut anywhere.
 *
 * @example
 * const decoder = new EventStreamDecoder()
 * for (const event of decoder.feed('event: token\ndata: Hi\n\n')) {
 *   console.log(event.event, event.data) // token Hi
 * }
 * decoder.end()
 */
export class EventStreamDecoder {
  readonly #native: NativeBinding
  readonly #stream: NativeStream
  readonly #maxEventBytes: number
  /** A high surrogate at the end of a piece of text, whose other half may come with the next. */
  #half = ''
  #id = ''

  /** @throws ValidationError for an option that is not what it must be. */
  constructor(options: EventStreamDecoderOptions = {}) {
    const { maxEventBytes, comments, lenientEnd } = checkOptions(options)
    this.#maxEventBytes = maxEventBytes
    this.#native = binding()
    this.#stream = this.#native.eventStreamNew(maxEventBytes, comments, lenientEnd)
  }

  /**
   * Reads the next piece of the body and returns the events that it completes. Text counts as its UTF-8 bytes.
   *
   * @throws StreamError with code `EVENT_TOO_LARGE` at the cap, and from then on. Events that the same piece completed
   * before that are returned first, and the next call throws.
   */
  feed(bytes: Uint8Array | string): ServerSentEvent[] {
    const events: ServerSentEvent[] = []
    const whole = typeof bytes === 'string' ? this.#encode(bytes) : this.#unshared(bytes)
    if (typeof bytes !== 'string') this.#endText(events)
    for (let start = 0; start < whole.length; start += largestPiece) {
      const piece = whole.length <= largestPiece ? whole : whole.subarray(start, start + largestPiece)
      if (!this.#unpack(this.#native.eventStreamFeed(this.#stream, piece), events)) break
    }
    return events
  }

  /**
   * The body ended: drops an unfinished event, or with `lenientEnd` returns it. The decoder is then ready for the body
   * of a reconnection; `lastEventId` and `retry` stay.
   *
   * @throws StreamError with code `EVENT_TOO_LARGE` where the cap was exceeded.
   */
  end(): ServerSentEvent[] {
    const events: ServerSentEvent[] = []
    this.#endText(events)
    this.#unpack(this.#native.eventStreamEnd(this.#stream), events)
    return events
  }

  /** The last event ID in force, for the `Last-Event-ID` header of a reconnection; `''` if none yet. */
  get lastEventId(): string {
    return this.#native.eventStreamLastId(this.#stream)
  }

  /** The reconnection time that the server last asked for, in milliseconds. */
  get retry(): number | undefined {
    return this.#native.eventStreamRetry(this.#stream) ?? undefined
  }

  #encode(text: string): Uint8Array {
    const whole = this.#half + text
    const last = whole.charCodeAt(whole.length - 1)
    if (last < 0xd800 || last > 0xdbff || whole === '') {
      this.#half = ''
      return Buffer.from(whole)
    }
    this.#half = whole.slice(-1)
    return Buffer.from(whole.slice(0, -1))
  }

  /** No more text comes after a piece that ended in half a character. */
  #endText(events: ServerSentEvent[]): void {
    if (this.#half === '') return
    const half = Buffer.from(this.#half)
    this.#half = ''
    this.#unpack(this.#native.eventStreamFeed(this.#stream, half), events)
  }

  #unshared(bytes: Uint8Array): Uint8Array {
    if (!(bytes instanceof Uint8Array)) fail('bytes', 'a Uint8Array or a string', describe(bytes))
    // Another thread could write to shared memory while it is read.
    return bytes.buffer instanceof ArrayBuffer ? bytes : bytes.slice()
  }

  /** Makes objects of packed items. Returns whether the decoder can go on. */
  #unpack(packed: string | null, events: ServerSentEvent[]): boolean {
    if (packed === null) return true
    let at = 0
    const length = (): number => {
      let value = 0
      for (let shift = 0; ; shift += 6) {
        const digit = packed.charCodeAt(at++)
        value |= (digit & 0x3f) << shift
        if (digit < 0x40) return value
      }
    }
    const text = (length: number): string => {
      at += length
      return packed.slice(at - length, at)
    }
    while (at < packed.length) {
      const flags = packed.charCodeAt(at++)
      if (flags === isFailure) {
        if (events.length > 0) return false
        throw this.#tooLarge()
      }
      const eventLength = flags & hasEvent ? length() : 0
      const idLength = flags & hasId ? length() : 0
      const retryLength = flags & hasRetry ? length() : 0
      const dataLength = length()
      if (flags === isComment) {
        events.push({ event: '', data: '', id: this.#id, comment: text(dataLength) })
        continue
      }
      const event = eventLength > 0 ? text(eventLength) : 'message'
      if (flags & hasId) this.#id = text(idLength)
      const retry = text(retryLength)
      const item: ServerSentEvent = { event, data: text(dataLength), id: this.#id }
      if (retry !== '') item.retry = Number(retry)
      events.push(item)
    }
    return true
  }

  #tooLarge(): StreamError {
    return new StreamError(`An event exceeds the limit of ${this.#maxEventBytes} bytes`, {
      type: 'protocol_error',
      code: 'EVENT_TOO_LARGE',
      suggestion: 'Raise `maxEventBytes` if the server is trusted to send events that large.',
    })
  }
}

/**
 * The events of a body that came by some other way: a `fetch` body, a file, a socket. Leaving the loop early cancels
 * the source; an error of the source passes through.
 *
 * @example
 * async function* body() {
 *   yield 'data: one\n\nda'
 *   yield 'ta: two\n\n'
 * }
 * for await (const event of decodeEventStream(body())) {
 *   console.log(event.data) // one, two
 * }
 */
export function decodeEventStream(
  source: ReadableStream<Uint8Array | string> | AsyncIterable<Uint8Array | string>,
  options: EventStreamDecoderOptions = {},
): AsyncIterableIterator<ServerSentEvent> {
  const decoder = new EventStreamDecoder(options)
  return decode(pieces(source), decoder)
}

async function* decode(
  pieces: AsyncIterable<Uint8Array | string>,
  decoder: EventStreamDecoder,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  for await (const piece of pieces) yield* decoder.feed(piece)
  yield* decoder.end()
}

/** The source as an async iterable that lets go of it when its reader leaves, even while it waits for a piece. */
export function pieces(
  source: ReadableStream<Uint8Array | string> | AsyncIterable<Uint8Array | string>,
): AsyncIterable<Uint8Array | string> {
  // Not every runtime's streams are async iterable, so their reader comes first.
  const { getReader, [Symbol.asyncIterator]: iterate, body } = Object(source) as Record<PropertyKey, unknown>
  if (typeof getReader === 'function') {
    return { [Symbol.asyncIterator]: () => read(source as ReadableStream<Uint8Array | string>) }
  }
  if (typeof iterate === 'function') return source as AsyncIterable<Uint8Array | string>
  // A `Response`, most often.
  const got = typeof body === 'object' && body !== null ? 'an object that has it as its `body`' : describe(source)
  return fail('source', 'a ReadableStream or an async iterable', got)
}

/** No generator, which would come to its end only with the piece it waits for. */
function read(stream: ReadableStream<Uint8Array | string>): AsyncIterator<Uint8Array | string> {
  const reader = stream.getReader()
  return {
    async next() {
      const { done, value } = await reader.read()
      if (!done) return { done, value }
      reader.releaseLock()
      return { done, value: undefined }
    },
    async return() {
      // No effect on a stream that failed. A source that fails at being cancelled has nothing to tell a reader who left.
      await reader.cancel().catch(() => {})
      reader.releaseLock()
      return { done: true, value: undefined }
    },
  }
}

function checkOptions(options: unknown): Required<EventStreamDecoderOptions> {
  const given = checkObject(options, 'options', ['maxEventBytes', 'comments', 'lenientEnd'])
  const { maxEventBytes = defaultMaxEventBytes, comments = false, lenientEnd = false } = given
  return {
    maxEventBytes: checkInteger(maxEventBytes, 'maxEventBytes', 1, largestMaxEventBytes),
    comments: checkBoolean(comments, 'comments'),
    lenientEnd: checkBoolean(lenientEnd, 'lenientEnd'),
  }
}
