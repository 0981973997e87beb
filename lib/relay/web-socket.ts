/**
 * An answer on its way to a WebSocket, as messages of JSON: the frames of the `chunk` format.
 *
 * What always holds: one message an event, in order; what waits in the socket is bounded; a socket that closes ends the
 * answer, where nobody else wants it; the socket stays open, for it may have more to say.
 */

import type { AnswerRelay, EncodedAnswer, RelayListener } from '../answer/roles.js'
import type { Answer } from '../answer.js'
import { describe, fail } from '../check.js'
import type { NativeRelayReport } from '../native.js'
import { nativeOptions, type RelaySettings } from './options.js'

/**
 * What is needed of a WebSocket: the `ws` package's, a browser's, or that of another runtime.
 *
 * @example
 * wss.on('connection', (socket: WebSocketLike) => stream.stream('Hello').then((result) => result.pipeToWebSocket(socket)))
 */
export interface WebSocketLike {
  /** 1 while it is open, 0 before. */
  readonly readyState: number
  /** Bytes that wait to be sent. */
  readonly bufferedAmount: number
  send(data: string): void
  addEventListener(type: 'close' | 'error' | 'open', listener: () => void): void
  removeEventListener(type: 'close' | 'error' | 'open', listener: () => void): void
}

const connecting = 0
const open = 1

/** Bytes that may wait in the socket before the answer is read no further. */
const maxBuffered = 64 * 1024

/** How often a socket that is full is looked at: none tells when it is not any more. */
const pollInterval = 10

const prefix = 'data: '

/** Resolves when the answer is over, or the socket closed. Rejects where the answer has another consumer. */
export async function pipeToWebSocket(answer: Answer, socket: WebSocketLike, settings: RelaySettings): Promise<void> {
  if (socket.readyState === connecting) await settled(socket)
  if (socket.readyState === open)
    await new Promise<void>((resolve) => new SocketPipe(answer, socket, settings, resolve).run())
  else answer.leave()
}

/** Resolves once the socket is open, or never will be. */
function settled(socket: WebSocketLike): Promise<void> {
  const events = ['open', 'close', 'error'] as const
  return new Promise((resolve) => {
    const heard = () => {
      for (const event of events) socket.removeEventListener(event, heard)
      resolve()
    }
    for (const event of events) socket.addEventListener(event, heard)
  })
}

class SocketPipe implements RelayListener {
  readonly #answer: Answer
  readonly #socket: WebSocketLike
  readonly #settings: RelaySettings
  readonly #resolve: () => void
  #relay: AnswerRelay | undefined
  #owed = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #over = false

  readonly #onClose = () => this.#left()
  readonly #onAbort = () => this.#answer.abort(this.#settings.signal?.reason)

  constructor(answer: Answer, socket: WebSocketLike, settings: RelaySettings, resolve: () => void) {
    this.#answer = answer
    this.#socket = socket
    this.#settings = settings
    this.#resolve = resolve
  }

  run(): void {
    const { signal } = this.#settings
    if (signal?.aborted === true) this.#onAbort()
    const relay = this.#answer.relay(nativeOptions(this.#answer, this.#settings), this)
    this.#relay = relay
    signal?.addEventListener('abort', this.#onAbort)
    this.#socket.addEventListener('close', this.#onClose)
    this.#socket.addEventListener('error', this.#onClose)
    if (relay.whole !== undefined) this.#whole(relay.whole)
    else relay.toFrames()
  }

  ready(): void {
    if (this.#relay?.whole !== undefined) this.#whole(this.#relay.whole)
  }

  frames(text: string): void {
    this.#send(text)
    this.#owed += Buffer.byteLength(text)
    this.#credit()
  }

  done(_report: NativeRelayReport): void {
    this.#end()
  }

  #whole({ text }: EncodedAnswer): void {
    this.#send(text)
    this.#end()
  }

  #send(frames: string): void {
    if (this.#over) return
    for (const frame of frames.split('\n\n')) {
      // A heartbeat is for those who count bytes.
      if (frame.startsWith(prefix)) this.#message(frame.slice(prefix.length))
    }
  }

  #message(json: string): void {
    if (this.#socket.readyState !== open) return
    try {
      this.#socket.send(json)
    } catch {
      this.#left()
    }
  }

  /** Lets the engine go on as soon as the socket has room. */
  #credit(): void {
    if (this.#over || this.#timer !== undefined) return
    if (this.#socket.bufferedAmount < maxBuffered) {
      this.#relay?.credit(this.#owed)
      this.#owed = 0
      return
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#credit()
    }, pollInterval)
  }

  #left(): void {
    if (this.#over) return
    this.#end()
    this.#relay?.drop()
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.#timer)
    this.#settings.signal?.removeEventListener('abort', this.#onAbort)
    this.#socket.removeEventListener('close', this.#onClose)
    this.#socket.removeEventListener('error', this.#onClose)
    this.#resolve()
  }
}

/** @throws ValidationError where it is no WebSocket. */
export function checkWebSocket(socket: unknown): WebSocketLike {
  const { readyState, bufferedAmount, send, addEventListener } = (socket ?? {}) as Partial<WebSocketLike>
  const ok =
    typeof readyState === 'number' &&
    typeof bufferedAmount === 'number' &&
    typeof send === 'function' &&
    typeof addEventListener === 'function'
  return ok
    ? (socket as WebSocketLike)
    : fail('socket', 'a WebSocket with `send`, `readyState`, `bufferedAmount` and `addEventListener`', describe(socket))
}
