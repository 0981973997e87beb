/**
 * Server-sent events for people with a transport of their own. The rules are those of WHATWG HTML §9.2.6 and stand in
 * `crates/wire`; this file makes objects of what comes from there.
 */
import { checkBoolean, checkInteger, checkObject, describe, fail } from './check.js'
import { StreamError } from './errors.js'
import { binding } from './native.js'

/** One event of a `text/event-stream` body. */
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

/** How an {@link EventStreamDecoder} reads. */
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

/** `src/event_stream.rs`. */
interface NativeDecoder {
  feed(bytes: Uint8Array, words: Uint32Array): string | null
  end(words: Uint32Array): string | null
  take(words: Uint32Array): string | null
  readonly lastEventId: string
  readonly retry: number | null
}

declare module './native.js' {
  interface NativeBinding {
    EventStreamDecoder: new (maxEventBytes: number, comments: boolean, lenientEnd: boolean) => NativeDecoder
  }
}

const defaultMaxEventBytes = 8 * 1024 * 1024
/** Half of what the shortest of V8's limits on a string allows: a piece and an event must fit into one. */
const largestMaxEventBytes = 256 * 1024 * 1024
/** Larger pieces are read in parts, for the same reason. */
const largestPiece = 16 * 1024 * 1024

/** The words of `src/event_stream.rs`: the flags of an item, and what stands instead of a count. */
const isComment = 1
const hasEvent = 2
const hasId = 4
const hasRetry = 8
const failed = 0xffffffff

/** One for all decoders of a thread: it is read before anything else can run. */
const usualWords = new Uint32Array(4096)

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
  readonly #native: NativeDecoder
  readonly #maxEventBytes: number
  /** A high surrogate at the end of a piece of text, whose other half may come with the next. */
  #half = ''
  #id = ''

  /** @throws ValidationError for an option that is not what it must be. */
  constructor(options: EventStreamDecoderOptions = {}) {
    const { maxEventBytes, comments, lenientEnd } = checkOptions(options)
    this.#maxEventBytes = maxEventBytes
    this.#native = new (binding().EventStreamDecoder)(maxEventBytes, comments, lenientEnd)
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
    for (let start = 0; start < whole.length; start += largestPiece) {
      const piece = whole.length <= largestPiece ? whole : whole.subarray(start, start + largestPiece)
      if (!this.#unpack(this.#native.feed(piece, usualWords), events)) break
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
    if (this.#half !== '') {
      const half = Buffer.from(this.#half)
      this.#half = ''
      this.#unpack(this.#native.feed(half, usualWords), events)
    }
    this.#unpack(this.#native.end(usualWords), events)
    return events
  }

  /** The last event ID in force, for the `Last-Event-ID` header of a reconnection; `''` if none yet. */
  get lastEventId(): string {
    return this.#native.lastEventId
  }

  /** The reconnection time that the server last asked for, in milliseconds. */
  get retry(): number | undefined {
    return this.#native.retry ?? undefined
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

  #unshared(bytes: Uint8Array): Uint8Array {
    if (!(bytes instanceof Uint8Array)) fail('bytes', 'a Uint8Array or a string', describe(bytes))
    // Another thread could write to shared memory while it is read.
    return bytes.buffer instanceof ArrayBuffer ? bytes : bytes.slice()
  }

  /** Makes objects of packed items. Returns whether the decoder can go on. */
  #unpack(packed: string | null, events: ServerSentEvent[]): boolean {
    let text = packed
    let words = usualWords
    if (text === null) {
      const count = words[0] as number
      if (count === 0) return true
      if (count === failed) {
        if (events.length > 0) return false
        throw this.#tooLarge()
      }
      words = new Uint32Array(count + 1)
      text = this.#native.take(words) as string
    }
    const end = (words[0] as number) + 1
    let start = 0
    for (let at = 1; at < end; ) {
      const flags = words[at++] as number
      if (flags === isComment) {
        const stop = words[at++] as number
        events.push({ event: '', data: '', id: this.#id, comment: text.slice(start, stop) })
        start = stop
        continue
      }
      let event = 'message'
      let retry: number | undefined
      if (flags & hasEvent) {
        const stop = words[at++] as number
        event = text.slice(start, stop)
        start = stop
      }
      if (flags & hasId) {
        const stop = words[at++] as number
        this.#id = text.slice(start, stop)
        start = stop
      }
      if (flags & hasRetry) {
        const stop = words[at++] as number
        retry = Number(text.slice(start, stop))
        start = stop
      }
      const stop = words[at++] as number
      const item: ServerSentEvent = { event, data: text.slice(start, stop), id: this.#id }
      if (retry !== undefined) item.retry = retry
      events.push(item)
      start = stop
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

/** The source as an async iterable that lets go of it when its reader leaves. */
function pieces(
  source: ReadableStream<Uint8Array | string> | AsyncIterable<Uint8Array | string>,
): AsyncIterable<Uint8Array | string> {
  // Not every runtime's streams are async iterable, so their reader comes first.
  const { getReader, [Symbol.asyncIterator]: iterate } = Object(source) as Record<PropertyKey, unknown>
  if (typeof getReader === 'function') return read(source as ReadableStream<Uint8Array | string>)
  if (typeof iterate === 'function') return source as AsyncIterable<Uint8Array | string>
  return fail('source', 'a ReadableStream or an async iterable', describe(source))
}

async function* read(
  stream: ReadableStream<Uint8Array | string>,
): AsyncGenerator<Uint8Array | string, void, undefined> {
  const reader = stream.getReader()
  let open = true
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) {
        open = false
        return
      }
      yield value
    }
  } finally {
    // No effect on a stream that failed. A source that fails at being cancelled has nothing to tell a reader who left.
    if (open) await reader.cancel().catch(() => {})
    reader.releaseLock()
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
