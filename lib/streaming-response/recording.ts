/**
 * A stream on its way into a {@link ReplayLog}, and out of it again for a client that came back.
 *
 * What always holds: frames are appended in order, one append at a time, whether the log answers at once or later; a log
 * that fails is not asked again, and the stream goes on without it.
 */
import type { ReplayEntry, ReplayLog, ReplayWriter } from '../replay.js'
import { doneJson } from './events.js'
import type { Output } from './output.js'

/** Frames that may wait for a slow log before the writer is asked to wait too. */
const highWaterMark = 64 * 1024

export class Recording {
  readonly #log: ReplayLog
  readonly #id: string
  readonly #writer: ReplayWriter
  #frames = ''
  #last = 0
  #ending = false
  /** Whether the log is at work and will be asked again by itself. */
  #working = false
  #over = false
  #waiting: (() => void)[] = []

  constructor(log: ReplayLog, id: string, writer: ReplayWriter) {
    this.#log = log
    this.#id = id
    this.#writer = writer
    this.#step(() =>
      log.open(id, {
        cancelled: () => this.#over || writer.cancelled(),
        lost: () => this.#lose(),
      }),
    )
  }

  /** Whether what is written can be read again. */
  get isKept(): boolean {
    return !this.#over || this.#ending
  }

  append(last: number, frames: string): void {
    if (this.#over || this.#ending) return
    this.#frames += frames
    this.#last = last
    this.#next()
  }

  /** The stream is whole. */
  end(): void {
    if (this.#over || this.#ending) return
    this.#ending = true
    this.#next()
  }

  /** Whether a slow log should be waited for. */
  get needDrain(): boolean {
    return !this.#over && this.#frames.length >= highWaterMark
  }

  /** Resolves when the log has taken enough of what was appended. */
  ready(): Promise<void> {
    if (!this.needDrain) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #next(): void {
    if (this.#working || this.#over) return
    const frames = this.#frames
    if (frames !== '') {
      this.#frames = ''
      const last = this.#last
      this.#step(() => this.#log.append(this.#id, last, frames))
      this.#wake()
    } else if (this.#ending) {
      this.#over = true
      this.#step(() => this.#log.end(this.#id))
    }
  }

  #step(act: () => void | PromiseLike<void>): void {
    let answer: void | PromiseLike<void>
    try {
      answer = act()
    } catch (error) {
      // Its own mistake, like an id in use, is for the one who made it.
      if (this.#last === 0) throw error
      this.#lose()
      return
    }
    if (answer === undefined) {
      if (this.#frames !== '' || (this.#ending && !this.#over)) this.#next()
      return
    }
    this.#working = true
    answer.then(
      () => {
        this.#working = false
        this.#next()
      },
      () => this.#lose(),
    )
  }

  #lose(): void {
    if (this.#over) return
    this.#over = true
    this.#frames = ''
    this.#wake()
    this.#writer.lost()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}

/** The stream and the number of the frame in an event id that {@link StreamingResponse} gave; `undefined` where it gave none such. */
export function parseEventId(id: string): { streamId: string; number: number } | undefined {
  const found = /^([\w.~-]{1,128}):(\d{1,15})$/.exec(id)
  return found === null ? undefined : { streamId: found[1] as string, number: Number(found[2]) }
}

/** Sends the rest of a kept stream to a client that came back, as fast as the client takes it; `undefined`: there is none. */
export async function replayTo(
  output: Output,
  entries: AsyncIterable<ReplayEntry> | undefined,
  from: { streamId: string; number: number },
  signal: AbortSignal,
): Promise<void> {
  let seen = from.number
  let whole = false
  try {
    for await (const { last, frames } of entries ?? []) {
      if (signal.aborted) return
      if (last <= seen) continue
      output.write(after(frames, `${from.streamId}:${seen}`))
      seen = last
      await output.ready()
    }
    whole = entries !== undefined
  } catch {
    // The log gave the stream up.
  }
  // No ids: nothing can be asked for after these.
  if (!whole) {
    output.write(
      'event: error\ndata: {"error":"The answer is no longer kept","code":"REPLAY_LOST","type":"truncated_error"}\n\n' +
        `event: done\ndata: ${doneJson(Date.now(), undefined, true)}\n\n`,
    )
  }
  output.end()
}

/** The frames behind the one with this id, if it is among them. The id stands on a line of its own, behind the event's name. */
function after(frames: string, id: string): string {
  const at = frames.indexOf(`\nid: ${id}\n`)
  return at === -1 ? frames : frames.slice(frames.indexOf('\n\n', at) + 2)
}
