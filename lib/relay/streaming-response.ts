/**
 * An answer on its way into a started {@link StreamingResponse}, in order with what the app sends itself.
 *
 * What always holds: every event, the answer's and the app's, has a number of its own, and none is lost or doubled; the
 * response stays open for the app's own `end()`, unless the answer fails, which aborts it.
 */
import type { ServerResponse } from 'node:http'
import type { AnswerRelay, EncodedAnswer, RelayListener } from '../answer/roles.js'
import type { Answer } from '../answer.js'
import type { NativeRelayReport } from '../native.js'
import { http } from '../node.js'
import type { PipeReport } from '../relay.js'
import { type Borrower, type TakenResponse, takeOver } from '../streaming-response/take-over.js'
import type { StreamingResponse } from '../streaming-response.js'
import { failureOf, nativeOptions, type RelaySettings, refuse, relaySettings, unavailable } from './options.js'
import { Guard, keepAwake, obstacle, quietDescriptor } from './socket.js'

/** Whether it is a {@link StreamingResponse}. */
export function takesOver(response: unknown): response is StreamingResponse {
  return typeof response === 'object' && response !== null && takeOver in response
}

/** The options that mean something here: the response has a format, headers, compression and heartbeats of its own. */
export function streamingSettings(options: unknown): RelaySettings {
  const settings = relaySettings(options)
  for (const name of ['headers', 'compression', 'heartbeat'] as const)
    refuse(options, name, 'it is an option of the StreamingResponse')
  if (settings.format !== 'events') refuse(options, 'format', "a StreamingResponse's is 'events'")
  return settings
}

export function pipeToStreamingResponse(
  answer: Answer,
  response: StreamingResponse,
  settings: RelaySettings,
): Promise<PipeReport> {
  return new Promise((resolve, reject) => {
    const pipe = new StreamingPipe(answer, response, settings, resolve)
    pipe.listen()
    answer.whenOpen(() => {
      try {
        pipe.run()
      } catch (error) {
        pipe.free()
        reject(error)
      }
    })
  })
}

class StreamingPipe implements RelayListener, Borrower {
  readonly #answer: Answer
  readonly #response: StreamingResponse
  readonly #settings: RelaySettings
  readonly #resolve: (report: PipeReport) => void
  #taken: TakenResponse | undefined
  #relay: AnswerRelay | undefined
  #sink: 'socket' | 'write' = 'write'
  #guard: Guard | undefined
  #stopWaking: (() => void) | undefined
  /** What the app sent through the engine. The engine says how many of them went out. */
  readonly #injected: [event: string, json: string][] = []
  #stopped = false
  #owed = 0
  #tokens = 0
  #bytes = 0

  readonly #onLeft = () => this.#left()
  readonly #onAbort = () => this.#answer.abort(this.#settings.signal?.reason)

  constructor(
    answer: Answer,
    response: StreamingResponse,
    settings: RelaySettings,
    resolve: (report: PipeReport) => void,
  ) {
    this.#answer = answer
    this.#response = response
    this.#settings = settings
    this.#resolve = resolve
  }

  /** From here on the answer ends where nobody waits for it. */
  listen(): void {
    const { signal } = this.#settings
    this.#response.signal.addEventListener('abort', this.#onLeft)
    if (signal?.aborted === true) this.#onAbort()
    else signal?.addEventListener('abort', this.#onAbort)
  }

  /** The answer's head is in, or the answer over. */
  run(): void {
    const { sink } = this.#settings
    const taken = this.#response[takeOver](this)
    if (taken === undefined) {
      this.#left()
      this.free()
      this.#report(false)
      return
    }
    const socket = sink === 'write' ? undefined : socketOf(taken)
    let relay: AnswerRelay
    try {
      if (sink === 'socket' && typeof socket === 'string') throw unavailable(socket)
      const { lastId: firstId, idPrefix, heartbeat } = taken
      const options = nativeOptions(this.#answer, this.#settings)
      relay = this.#answer.relay({ ...options, firstId, idPrefix, heartbeat, part: true }, this)
    } catch (error) {
      taken.release(taken.lastId)
      throw error
    }
    this.#taken = taken
    this.#relay = relay
    if (relay.whole !== undefined) this.#whole(relay.whole)
    else if (!(socket instanceof http().ServerResponse && this.#toSocket(socket))) relay.toFrames()
  }

  #toSocket(response: ServerResponse): boolean {
    const descriptor = quietDescriptor(response)
    const { socket } = response
    if (descriptor === undefined || socket === null) return false
    this.#guard = new Guard(response, () => this.stop())
    try {
      this.#relay?.toSocket(descriptor, response.chunkedEncoding)
    } catch {
      // No descriptor was to be had for a duplicate.
      this.#guard.release(true)
      return false
    }
    this.#sink = 'socket'
    this.#stopWaking = keepAwake(socket, () => this.#relay?.activity() ?? 0)
    return true
  }

  // What the app does meanwhile.

  inject(event: string, json: string): boolean {
    if (this.#relay === undefined || this.#stopped) return false
    this.#injected.push([event, json])
    this.#relay.inject(event, json)
    return true
  }

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#relay?.stop()
  }

  #left(): void {
    if (this.#stopped) return
    this.#stopped = true
    if (this.#relay === undefined) this.#answer.leave()
    else this.#relay.drop()
  }

  free(): void {
    this.#response.signal.removeEventListener('abort', this.#onLeft)
    this.#settings.signal?.removeEventListener('abort', this.#onAbort)
  }

  // What the engine tells.

  ready(): void {
    if (this.#relay?.whole !== undefined) this.#whole(this.#relay.whole)
  }

  frames(text: string): void {
    const bytes = Buffer.byteLength(text)
    const waits = this.#owed > 0
    const taken = this.#taken?.write(text, countOf(text)) ?? true
    if (taken && !waits) {
      this.#relay?.credit(bytes)
      return
    }
    this.#owed += bytes
    if (!waits) void this.#taken?.ready().then(() => this.#drained())
  }

  #drained(): void {
    const bytes = this.#owed
    this.#owed = 0
    this.#relay?.credit(bytes)
  }

  done({ tokens, bytes, lastId, injected, flushed }: NativeRelayReport): void {
    this.#tokens = tokens
    this.#bytes = bytes
    this.#letGo(flushed)
    if (!flushed && this.#sink === 'socket') (this.#taken?.response as ServerResponse | undefined)?.destroy()
    if (!flushed || this.#stopped) {
      this.#stopped = true
      this.#giveBack(lastId, injected, false)
      this.#report(false)
    } else this.#answer.whenEnded(() => this.#ended(lastId, injected))
  }

  #whole({ text, tokens }: EncodedAnswer): void {
    const count = countOf(text)
    this.#tokens = tokens
    this.#bytes = Buffer.byteLength(text)
    this.#letGo(true)
    this.#taken?.write(text, count)
    this.#ended((this.#taken?.lastId ?? 0) + count, 0)
  }

  #letGo(replay: boolean): void {
    this.#guard?.release(replay)
    this.#stopWaking?.()
  }

  /** A failure's `error` and `done` are out already. */
  #ended(lastId: number, injected: number): void {
    const failed = failureOf(this.#answer) !== undefined
    this.#giveBack(lastId, injected, failed)
    this.#report(!failed)
  }

  /** What came too late for the engine goes behind what it sent. */
  #giveBack(lastId: number, injected: number, over: boolean): void {
    const taken = this.#taken
    this.#relay = undefined
    this.free()
    if (taken === undefined) return
    if (!over) {
      for (const [event, json] of this.#injected.slice(injected)) {
        lastId++
        taken.write(`event: ${event}\nid: ${taken.idPrefix}${lastId}\ndata: ${json}\n\n`, 1)
      }
    }
    taken.release(lastId, over)
  }

  #report(completed: boolean): void {
    const { usageSoFar: usage } = this.#answer
    const error = this.#stopped ? undefined : failureOf(this.#answer)
    this.#resolve({
      tokens: this.#tokens,
      bytes: this.#bytes,
      sink: this.#sink,
      completed,
      ...(usage && { usage }),
      ...(error && { error }),
    })
  }
}

/** The response whose socket the engine may write to, or why it may not. */
function socketOf({ response }: TakenResponse): ServerResponse | string {
  if (response === undefined) return 'the StreamingResponse compresses, keeps a log or answers a web request'
  return obstacle(response) ?? (response as unknown as ServerResponse)
}

/** How many frames have an id. Their data is JSON, which has no line of its own. */
function countOf(frames: string): number {
  return frames.split('\nid: ').length - 1
}
