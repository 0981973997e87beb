/**
 * Whether the engine may write to a response's socket itself, and what keeps Node and the app out of its way meanwhile.
 *
 * What always holds: only a response that nobody has changed is written around; nothing of Node's own waits in front of
 * what the engine writes; what the app does to the response meanwhile is neither lost nor put into the middle of a frame.
 */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { http, net } from '../node.js'

/** What of Node's own is looked at: the handle under a socket, which has the descriptor where there is one. */
type PlainSocket = Socket & {
  _handle?: { fd?: number; writeQueueSize?: number } | null
  encrypted?: boolean
}

/** Not `writeHead`: wrapping it is how middleware learns of the head, and does not touch the body. */
const responseMethods = ['write', 'end', 'flushHeaders'] as const
const socketMethods = ['write', '_write', '_writev'] as const

/** Why the engine can't write to the response's socket, or `undefined` where it can. */
export function obstacle(response: unknown): string | undefined {
  if (process.platform !== 'linux' && process.platform !== 'darwin') return 'it needs Linux or macOS'
  const { ServerResponse } = http()
  if (!(response instanceof ServerResponse)) return 'the response is not one of `node:http`'
  const socket = response.socket as PlainSocket | null
  if (socket === null) return 'the connection has an earlier response to send, or is closed'
  const { Socket } = net()
  if (!(socket instanceof Socket) || socket.encrypted === true) return 'the connection is encrypted'
  const fd = socket._handle?.fd
  if (typeof fd !== 'number' || fd < 0) return 'the connection has no descriptor'
  for (const name of responseMethods) {
    if (response[name] !== ServerResponse.prototype[name]) {
      return `somebody, perhaps a middleware, has replaced \`${name}\` of the response`
    }
  }
  const usual = Socket.prototype as unknown as PlainSocket
  for (const name of socketMethods) {
    if (socket[name] !== usual[name]) return `somebody has replaced \`${name}\` of the socket`
  }
  return undefined
}

/** The descriptor of a response without {@link obstacle}, or `undefined` while bytes of Node's wait to be written. */
export function quietDescriptor(response: ServerResponse): number | undefined {
  const socket = response.socket as PlainSocket | null
  const handle = socket?._handle
  const quiet = response.writableLength === 0 && socket?.writableLength === 0 && (handle?.writeQueueSize ?? 0) === 0
  return quiet ? handle?.fd : undefined
}

/** Keeps the app's own `write` and `end` back while the engine owns the socket. */
export class Guard {
  readonly #response: ServerResponse
  readonly #own: Pick<ServerResponse, 'write' | 'end'>
  readonly #written: Parameters<ServerResponse['write']>[] = []
  #end: Parameters<ServerResponse['end']> | undefined
  #released = false

  /** `ended` is called when the app ends the response. */
  constructor(response: ServerResponse, ended: () => void) {
    this.#response = response
    const { write, end } = http().ServerResponse.prototype
    // Whoever wraps these meanwhile goes on calling them afterwards.
    this.#own = {
      write: ((...given: Parameters<ServerResponse['write']>) => {
        if (this.#released) return write.apply(response, given)
        this.#written.push(given)
        return true
      }) as ServerResponse['write'],
      end: ((...given: Parameters<ServerResponse['end']>) => {
        if (this.#released) return end.apply(response, given)
        if (this.#end === undefined) {
          this.#end = given
          ended()
        }
        return response
      }) as ServerResponse['end'],
    }
    for (const name of ['write', 'end'] as const) {
      Object.defineProperty(response, name, { value: this.#own[name], configurable: true, writable: true })
    }
  }

  /** Gives the response back as it was. `replay`: does what the app wanted to do to it meanwhile. */
  release(replay: boolean): void {
    if (this.#released) return
    this.#released = true
    for (const name of ['write', 'end'] as const) {
      if (Object.getOwnPropertyDescriptor(this.#response, name)?.value === this.#own[name]) {
        Reflect.deleteProperty(this.#response, name)
      }
    }
    if (!replay) return
    for (const given of this.#written) this.#response.write(...given)
    if (this.#end !== undefined) this.#response.end(...this.#end)
  }
}

/**
 * Node closes a socket that was silent for its timeout, and does not see what the engine writes: tells it, where there is
 * a timeout. Returns what stops that.
 */
export function keepAwake(socket: Socket, bytesWritten: () => number): () => void {
  const { timeout } = socket
  if (timeout === undefined || timeout === 0) return () => {}
  let seen = 0
  const timer = setInterval(
    () => {
      const bytes = bytesWritten()
      if (bytes === seen) return
      seen = bytes
      socket.setTimeout(socket.timeout ?? 0)
    },
    Math.max(1, timeout / 4),
  )
  timer.unref()
  return () => clearInterval(timer)
}
