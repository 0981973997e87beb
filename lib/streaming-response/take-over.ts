/**
 * How the relay borrows a started {@link StreamingResponse}: `const taken = response[takeOver](borrower)`.
 *
 * From then on until `taken.release` the frames are the borrower's: it numbers them from `taken.lastId + 1`, with
 * `taken.idPrefix` before each number, and writes them to `taken.response` itself or through `taken.write`. What the app
 * sends meanwhile comes to `borrower.inject`. The response's own heartbeats are off.
 *
 * The client's leaving shows, as for any producer, in the response's `signal`; with a replay log it doesn't, and the frames
 * go on into the log.
 */
import type { ResponseLike } from './output.js'

/** Names {@link StreamingResponse}'s method, so that a public class can have it without showing it. */
export const takeOver = Symbol('millstream.takeOver')

export interface Borrower {
  /**
   * An event of the app's, to be sent behind what is out, with a number of its own. False: it is too late for that, and the
   * response sends it after the release.
   */
  inject(event: string, json: string): boolean
  /** The app ended or aborted the response, which does so after the release: send no more than what is out. */
  stop(): void
}

export interface TakenResponse {
  /** To write to in any way; `undefined` where every frame must pass through `write`: web, compressed, or kept for replay. */
  readonly response: ResponseLike | undefined
  /** Number of the last frame that is out. */
  readonly lastId: number
  /** `''`, or the stream's id and a colon. */
  readonly idPrefix: string
  /** Milliseconds of silence before a comment is due; 0: never. */
  readonly heartbeat: number
  /** Writes whole frames, `count` of them with numbers. False: enough waits for the client, go on after `ready`. */
  write(frames: string, count: number): boolean
  /** Resolves when more may be written, or when there is no use in waiting. */
  ready(): Promise<void>
  /**
   * Gives the response back; `lastId` is the number of the last frame that was written. `over`: the borrower has written
   * the end of the stream (an `error` and a `done` event, usually), and the response has only to be ended.
   */
  release(lastId: number, over?: boolean): void
}
