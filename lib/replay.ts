/**
 * Answers kept for clients that come back: the contract of a {@link ReplayLog}, and one in memory.
 *
 * What always holds in {@link MemoryReplayLog}: it keeps no more than it was told to, and nothing longer than it was told
 * to; what it drops it drops whole, so that a reader gets all of an answer's rest or an error, never a part as the whole;
 * it keeps no process alive.
 */
import { checkInteger, checkMilliseconds, checkObject, fail } from './check.js'
import { StreamError } from './errors.js'

/**
 * Some frames of a stream, as they were written.
 *
 * @example
 * const entry: ReplayEntry = { last: 2, frames: 'event: token\nid: a1:2\ndata: {"token":"Hi"}\n\n' }
 */
export interface ReplayEntry {
  /** Number of the last frame. Numbers go up by one per frame, from 1. */
  last: number
  frames: string
}

/**
 * Whoever writes a stream into a {@link ReplayLog}. Either is called once at most, and neither after `end`.
 *
 * @example
 * const stopped = new AbortController()
 * const writer: ReplayWriter = { cancelled: () => stopped.abort(), lost() {} }
 */
export interface ReplayWriter {
  /** Somebody asked for the stream to stop, maybe in another process. */
  cancelled(): void
  /** The log gave the stream up: nobody will read it from there. */
  lost(): void
}

/**
 * Keeps the frames of streams so that a client whose connection broke gets the rest. Every method may answer at once or
 * by a promise, so that a log can be shared by several machines; `StreamingResponse` waits for one append before it
 * begins the next. A log knows nothing of what frames are.
 *
 * @example
 * const replay: ReplayLog = new MemoryReplayLog({ ttl: 60_000 })
 * app.post('/api/chat', (req, res) => new StreamingResponse(res, { replay }).start().sendToken('Hi').end())
 */
export interface ReplayLog {
  /** A stream begins. Its id is new, or it throws. */
  open(streamId: string, writer: ReplayWriter): void | PromiseLike<void>
  /** Frames up to number `last`. For a stream that the log doesn't have (any more) it does nothing. */
  append(streamId: string, last: number, frames: string): void | PromiseLike<void>
  /** The stream is whole. It can be read until it expires. */
  end(streamId: string): void | PromiseLike<void>
  /**
   * The entries with frames after number `after`, then those that are still to come, until the stream ends. The first
   * may begin earlier, where `after` lies within it. `undefined` where there is nothing to go on with: the log doesn't
   * have the stream, never had that frame, or the stream ended with it. The iteration throws where the stream is given up
   * before its end, and ends when `signal` aborts.
   */
  read(
    streamId: string,
    after: number,
    signal: AbortSignal,
  ): AsyncIterable<ReplayEntry> | undefined | PromiseLike<AsyncIterable<ReplayEntry> | undefined>
  /** Asks whoever writes the stream to stop. False where nobody does. */
  cancel(streamId: string): boolean | PromiseLike<boolean>
  /** Forgets the stream. */
  delete(streamId: string): void | PromiseLike<void>
}

/**
 * Bounds of a {@link MemoryReplayLog}.
 *
 * @example
 * const options: MemoryReplayLogOptions = { maxBytes: 16 * 1024 * 1024, ttl: 60_000 }
 */
export interface MemoryReplayLogOptions {
  /** Of all frames together, with what keeping them costs. The oldest streams go first, whole ones before others. Default 64 MiB. */
  maxBytes?: number
  /** Default 10000. */
  maxStreams?: number
  /** Milliseconds for which a stream stays after it was last written or read. Default 300000, five minutes. */
  ttl?: number
}

const optionKeys = ['maxBytes', 'maxStreams', 'ttl'] as const satisfies readonly (keyof MemoryReplayLogOptions)[]

/** What keeping an entry costs beside its frames, in bytes. */
const entryCost = 64

interface Kept {
  readonly id: string
  readonly writer: ReplayWriter
  readonly entries: ReplayEntry[]
  bytes: number
  last: number
  ended: boolean
  dropped: boolean
  timer: ReturnType<typeof setTimeout> | undefined
  /** Of the readers that have read everything so far. */
  waiting: (() => void)[]
}

/**
 * Keeps answers in this process, for clients that come back to it.
 *
 * @example
 * const replay = new MemoryReplayLog()
 * app.post('/api/chat', async (req, res) => {
 *   const response = new StreamingResponse(res, { replay }).start()
 *   if (!response.isStreamActive()) return // a client came back, and gets the rest of its answer
 *   for (const word of ['Hello', ' ', 'world']) response.sendToken(word)
 *   response.end()
 * })
 */
export class MemoryReplayLog implements ReplayLog {
  readonly #maxBytes: number
  readonly #maxStreams: number
  readonly #ttl: number
  /** Streams that are still written, the oldest first. */
  readonly #live = new Map<string, Kept>()
  /** Those that are whole, in the order of their ends. */
  readonly #whole = new Map<string, Kept>()
  #bytes = 0

  /** @throws ValidationError where an option is not what it must be. */
  constructor(options?: MemoryReplayLogOptions) {
    const given = options === undefined ? {} : (checkObject(options, 'options', optionKeys) as MemoryReplayLogOptions)
    this.#maxBytes = given.maxBytes === undefined ? 64 * 1024 * 1024 : checkInteger(given.maxBytes, 'maxBytes', 1)
    this.#maxStreams = given.maxStreams === undefined ? 10_000 : checkInteger(given.maxStreams, 'maxStreams', 1)
    this.#ttl = given.ttl === undefined ? 300_000 : checkMilliseconds(given.ttl, 'ttl')
    if (this.#ttl === 0) fail('ttl', 'a positive number of milliseconds', '0')
  }

  /** How many streams are kept. */
  get size(): number {
    return this.#live.size + this.#whole.size
  }

  /** Bytes that are kept, counted as for `maxBytes`. */
  get bytes(): number {
    return this.#bytes
  }

  open(streamId: string, writer: ReplayWriter): void {
    if (this.#find(streamId) !== undefined) {
      throw new StreamError('Expected `streamId` to be new, got one that is in use', {
        type: 'invalid_request_error',
        code: 'STREAM_ID_IN_USE',
      })
    }
    const kept: Kept = {
      id: streamId,
      writer,
      entries: [],
      bytes: 0,
      last: 0,
      ended: false,
      dropped: false,
      timer: undefined,
      waiting: [],
    }
    this.#live.set(streamId, kept)
    this.#touch(kept)
    this.#makeRoom()
  }

  append(streamId: string, last: number, frames: string): void {
    const kept = this.#live.get(streamId)
    if (kept === undefined) return
    const bytes = Buffer.byteLength(frames) + entryCost
    kept.entries.push({ last, frames })
    kept.last = last
    kept.bytes += bytes
    this.#bytes += bytes
    this.#touch(kept)
    wake(kept)
    this.#makeRoom()
  }

  end(streamId: string): void {
    const kept = this.#live.get(streamId)
    if (kept === undefined) return
    kept.ended = true
    this.#live.delete(streamId)
    this.#whole.set(streamId, kept)
    wake(kept)
  }

  read(streamId: string, after: number, signal: AbortSignal): AsyncIterable<ReplayEntry> | undefined {
    const kept = this.#find(streamId)
    if (kept === undefined || after > kept.last || (kept.ended && after === kept.last)) return undefined
    return this.#follow(kept, after, signal)
  }

  /** Stops whoever writes the stream. */
  cancel(streamId: string): boolean {
    const kept = this.#live.get(streamId)
    kept?.writer.cancelled()
    return kept !== undefined
  }

  delete(streamId: string): void {
    const kept = this.#find(streamId)
    if (kept !== undefined) this.#drop(kept)
  }

  #find(streamId: string): Kept | undefined {
    return this.#live.get(streamId) ?? this.#whole.get(streamId)
  }

  /** Its time begins anew. */
  #touch(kept: Kept): void {
    if (kept.timer?.refresh !== undefined) {
      kept.timer.refresh()
      return
    }
    clearTimeout(kept.timer)
    kept.timer = setTimeout(() => this.#drop(kept), this.#ttl)
    kept.timer.unref?.()
  }

  async *#follow(kept: Kept, after: number, signal: AbortSignal): AsyncGenerator<ReplayEntry> {
    const interrupt = (): void => wake(kept)
    signal.addEventListener('abort', interrupt)
    try {
      const first = kept.entries.findIndex(({ last }) => last > after)
      let at = first === -1 ? kept.entries.length : first
      while (!signal.aborted) {
        if (kept.dropped) {
          throw new StreamError('The answer is no longer kept', { type: 'truncated_error', code: 'REPLAY_LOST' })
        }
        const entry = kept.entries[at]
        if (entry !== undefined) {
          at++
          this.#touch(kept)
          yield entry
        } else if (kept.ended) {
          return
        } else {
          await new Promise<void>((resolve) => kept.waiting.push(resolve))
        }
      }
    } finally {
      signal.removeEventListener('abort', interrupt)
    }
  }

  #makeRoom(): void {
    while (this.size > this.#maxStreams || this.#bytes > this.#maxBytes) {
      const [oldest] = this.#whole.size > 0 ? this.#whole.values() : this.#live.values()
      if (oldest === undefined) return
      this.#drop(oldest)
    }
  }

  #drop(kept: Kept): void {
    clearTimeout(kept.timer)
    this.#live.delete(kept.id)
    this.#whole.delete(kept.id)
    this.#bytes -= kept.bytes
    kept.dropped = true
    // A slow reader must not keep what the log no longer counts.
    kept.entries.length = 0
    wake(kept)
    if (!kept.ended) kept.writer.lost()
  }
}

function wake(kept: Kept): void {
  const waiting = kept.waiting
  kept.waiting = []
  for (const resolve of waiting) resolve()
}
