/**
 * An answer on its way to a response of Node: {@link pipeToResponse}.
 *
 * What always holds: nothing is sent before there is something to say, so that an answer that fails first is a real error
 * status; the engine and Node never write to a socket at the same time; when the report is there, the response is ended
 * or destroyed, and nothing of this is left on it, on its socket or on the signal.
 */
import type { ServerResponse } from 'node:http'
import type { AnswerRelay, EncodedAnswer, RelayListener } from '../answer/roles.js'
import type { Answer } from '../answer.js'
import { StreamError } from '../errors.js'
import type { NativeRelayReport } from '../native.js'
import type { PipeReport } from '../relay.js'
import { agreeOnEncoding } from '../streaming-response/output.js'
import { WebBody } from '../streaming-response/web-body.js'
import {
  failureHead,
  failureOf,
  headOf,
  heartbeatOf,
  nativeOptions,
  type RelaySettings,
  unavailable,
} from './options.js'
import { Guard, keepAwake, obstacle, quietDescriptor } from './socket.js'
import { type RelayResponse, Writer } from './writer.js'

/** @throws StreamError where the response can't take an answer, or not in the way that was asked for. */
export function checkResponse(response: RelayResponse, settings: RelaySettings): void {
  if (response.headersSent === true || response.writableEnded === true) throw alreadySent()
  const reason = settings.sink === 'socket' && !isGone(response) ? obstacle(response) : undefined
  if (reason !== undefined) throw unavailable(reason)
}

function alreadySent(): StreamError {
  return new StreamError('Expected a response of which nothing was sent, got one whose headers were', {
    type: 'invalid_request_error',
    code: 'RESPONSE_ALREADY_SENT',
  })
}

/** Whether the client left. */
function isGone(response: RelayResponse): boolean {
  return response.destroyed === true || response.stream?.destroyed === true
}

/** RFC 9110 §9.3.2. */
function hasNoBody(response: RelayResponse): boolean {
  return response.req?.method === 'HEAD'
}

/** How a pipe ends: with its report, or, where the answer has another consumer, with an error. */
export interface PipeEnd {
  resolve(report: PipeReport): void
  reject(error: unknown): void
  /** The status is decided, be it that of a failure. */
  headed?(): void
}

/** Sends an answer to a response that {@link checkResponse} let pass. Rejects where the answer has another consumer. */
export function pipeToResponse(answer: Answer, response: RelayResponse, settings: RelaySettings): Promise<PipeReport> {
  return new Promise((resolve, reject) => new Pipe(answer, response, settings, { resolve, reject }).run())
}

/** The same to a web body. `eager`: the head is promised, and a failure is told in the body. */
export function pipeToBody(answer: Answer, body: WebBody, settings: RelaySettings, end: PipeEnd, eager: boolean): void {
  new Pipe(answer, body, settings, end, eager).run()
}

class Pipe implements RelayListener {
  readonly #answer: Answer
  readonly #response: RelayResponse
  readonly #settings: RelaySettings
  readonly #pipeEnd: PipeEnd
  readonly #eager: boolean
  /**
   * `waiting`: nothing was sent; `headed`: the head, and perhaps heartbeats, before the answer's own head was in;
   * `sending`: the answer; `ending`: all of it is out but for what Node still holds; `left`: the client is gone.
   */
  #stage: 'waiting' | 'headed' | 'sending' | 'ending' | 'left' | 'over' = 'waiting'
  #relay: AnswerRelay | undefined
  #sink: 'socket' | 'write' = 'write'
  #writer: Writer | undefined
  #guard: Guard | undefined
  #stopWaking: (() => void) | undefined
  #timer: ReturnType<typeof setInterval> | undefined
  /** Bytes the client has not taken, and the engine waits for. */
  #owed = 0
  #tokens = 0
  #bytes = 0
  #flushed = false
  /** Whether somebody on this side of the provider wanted no more: the client, or the app that ended the response. */
  #dropped = false
  /** What the response did wrong. */
  #error: StreamError | undefined

  readonly #onClose = () => this.#closed()
  readonly #onFinish = () => this.#finished()
  readonly #onAbort = () => this.#answer.abort(this.#settings.signal?.reason)

  constructor(answer: Answer, response: RelayResponse, settings: RelaySettings, end: PipeEnd, eager = false) {
    this.#answer = answer
    this.#response = response
    this.#settings = settings
    this.#pipeEnd = end
    this.#eager = eager
  }

  run(): void {
    const { heartbeat, format, signal } = this.#settings
    // The request closes as soon as its body was read; only the response's `close` tells of the client.
    this.#response.on?.('close', this.#onClose)
    if (signal?.aborted === true) this.#onAbort()
    else signal?.addEventListener('abort', this.#onAbort)
    if (heartbeat > 0 && heartbeatOf(format) !== '') this.#timer = setInterval(() => this.#beat(), heartbeat).unref()
    if (isGone(this.#response)) this.#leave()
    else this.#answer.whenOpen(() => this.#attach())
  }

  /** The answer's head is in, or the answer over. */
  #attach(): void {
    if (this.#stage === 'left') return
    if (hasNoBody(this.#response) && failureOf(this.#answer) === undefined) {
      this.#dropped = true
      this.#answer.leave()
      if (this.#stage === 'headed' || this.#head()) this.#end()
      return
    }
    let relay: AnswerRelay
    try {
      relay = this.#answer.relay(nativeOptions(this.#answer, this.#settings), this)
    } catch (error) {
      this.#free()
      this.#pipeEnd.reject(error)
      return
    }
    this.#relay = relay
    if (relay.whole !== undefined) this.#whole(relay.whole)
    else if (this.#stage === 'headed' || this.#eager) this.#begin()
  }

  // What the engine tells.

  ready(): void {
    const whole = this.#relay?.whole
    if (whole !== undefined) this.#whole(whole)
    // An answer that was aborted before its first byte says so by its status, once the engine has let go.
    else if (this.#stage === 'waiting' && this.#answer.outcome === undefined) this.#begin()
  }

  frames(text: string): void {
    if (this.#stage !== 'sending') return
    if (this.#response.writableEnded === true) {
      this.#leave()
      return
    }
    const bytes = Buffer.byteLength(text)
    if (this.#write(text) && this.#owed === 0) this.#relay?.credit(bytes)
    else this.#owed += bytes
  }

  done(report: NativeRelayReport): void {
    this.#tokens = report.tokens
    this.#bytes += report.bytes
    this.#flushed = report.flushed
    const { format } = this.#settings
    this.#letGo(report.flushed && (format !== 'text' || this.#dropped))
    if (this.#stage === 'left') this.#conclude()
    else if (this.#stage !== 'sending') this.#answer.whenEnded(() => this.#nothingCame())
    else if (!report.flushed) {
      // The client left, or takes nothing: what it has may end in the middle of a frame.
      this.#dropped ||= this.#answer.outcome === undefined
      this.#stage = 'left'
      this.#response.destroy?.()
      this.#conclude()
    } else if (format === 'text' && !this.#dropped) {
      this.#answer.whenEnded(() => (failureOf(this.#answer) === undefined ? this.#end() : this.#cut()))
    } else this.#end()
  }

  /** The answer was over when it was asked for. */
  #whole({ text, tokens }: EncodedAnswer): void {
    if (this.#stage === 'left') {
      this.#conclude()
      return
    }
    const failure = failureOf(this.#answer)
    if (this.#stage === 'waiting' && !this.#eager && failure !== undefined && this.#answer.isEmpty) {
      this.#refuse(failure)
      return
    }
    this.#letGo(false)
    if (this.#stage === 'waiting' && !this.#head()) return
    this.#stage = 'sending'
    this.#sink = 'write'
    this.#tokens = tokens
    this.#bytes += Buffer.byteLength(text)
    this.#flushed = true
    this.#write(text)
    if (this.#settings.format === 'text' && failure !== undefined) this.#cut()
    else this.#end()
  }

  #nothingCame(): void {
    if (this.#stage === 'left') return
    const failure = failureOf(this.#answer)
    if (failure !== undefined) this.#refuse(failure)
    else if (this.#head()) this.#end()
  }

  // What is sent.

  /** The head; false where the response doesn't take it. */
  #head(): boolean {
    const response = this.#response
    if (response.headersSent === true || response.writableEnded === true) {
      this.#break(alreadySent())
      return false
    }
    try {
      const { httpVersionMajor = 1 } = response.req ?? {}
      response.removeHeader?.('Content-Length')
      // HTTP/2 knows no `Connection` (RFC 9113 §8.2.2); a client that asked to close waits for that.
      const keepsAlive = httpVersionMajor < 2 && response.shouldKeepAlive !== false
      for (const [name, value] of Object.entries(headOf(this.#settings, keepsAlive))) {
        response.setHeader(name, value)
      }
      const encoding = this.#settings.compression ? agreeOnEncoding(response) : undefined
      this.#writeHead(200)
      this.#writer = new Writer(response, encoding, {
        drained: () => this.#drained(),
        ended: () => this.#awaitFinish(),
        failed: (error) => this.#break(error),
      })
      return true
    } catch (error) {
      this.#break(error)
      return false
    }
  }

  #writeHead(status: number): void {
    if (this.#response.writeHead === undefined) this.#response.statusCode = status
    else this.#response.writeHead(status)
    this.#pipeEnd.headed?.()
  }

  /** There is something to send, or it is time to say that there will be. */
  #begin(): void {
    clearInterval(this.#timer)
    const direct = this.#settings.sink !== 'write' && obstacle(this.#response) === undefined
    if (this.#stage === 'waiting' && !this.#head()) return
    this.#stage = 'sending'
    const response = this.#response as unknown as ServerResponse
    if (!direct || response.hasHeader('Content-Encoding')) this.#toFrames()
    else {
      response.flushHeaders()
      this.#toSocket(response)
    }
  }

  #toSocket(response: ServerResponse): void {
    const { socket } = response
    const descriptor = quietDescriptor(response)
    if (socket === null || (descriptor === undefined && this.#settings.sink === 'auto')) {
      this.#toFrames()
      return
    }
    if (descriptor === undefined) {
      // Called back behind what waits. Not asked again at once: whatever else holds it back needs its turn of the loop. On
      // a socket that is gone it fails, and the response's `close` follows.
      socket.write('', (error) => {
        if (error) return
        setImmediate(() => {
          if (this.#stage === 'sending') this.#toSocket(response)
        })
      })
      return
    }
    this.#guard = new Guard(response, () => {
      this.#dropped = true
      this.#relay?.stop()
    })
    try {
      this.#relay?.toSocket(descriptor, response.chunkedEncoding)
    } catch {
      // No descriptor was to be had for a duplicate.
      this.#letGo(true)
      this.#toFrames()
      return
    }
    this.#sink = 'socket'
    this.#stopWaking = keepAwake(socket, () => this.#relay?.activity() ?? 0)
  }

  #toFrames(): void {
    this.#relay?.toFrames()
  }

  /** False: the response asks to wait. */
  #write(text: string): boolean {
    try {
      return this.#writer?.write(text) ?? true
    } catch (error) {
      this.#break(error)
      return true
    }
  }

  #drained(): void {
    const bytes = this.#owed
    this.#owed = 0
    if (bytes > 0 && this.#stage === 'sending') this.#relay?.credit(bytes)
  }

  /** Nothing was sent for a while. From the moment the engine knows where to write, this is its work. */
  #beat(): void {
    if (this.#stage === 'waiting') {
      if (this.#relay !== undefined) {
        this.#begin()
        this.#response.flushHeaders?.()
        return
      }
      if (!this.#head()) return
      this.#stage = 'headed'
    }
    if (this.#stage !== 'headed' || this.#response.writableNeedDrain === true) return
    const comment = heartbeatOf(this.#settings.format)
    this.#bytes += comment.length
    this.#write(comment)
  }

  /** The answer failed before anything was said. */
  #refuse(error: StreamError): void {
    const { status, headers, body } = failureHead(error, this.#settings)
    const response = this.#response
    if (response.headersSent === true || response.writableEnded === true) {
      this.#break(alreadySent())
      return
    }
    try {
      for (const name of ['Content-Length', 'Content-Encoding']) response.removeHeader?.(name)
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      this.#writeHead(status)
      response.end(body)
      this.#awaitFinish()
    } catch (cause) {
      this.#break(cause)
    }
  }

  // The end.

  #end(): void {
    this.#stage = 'ending'
    try {
      this.#writer?.end()
    } catch (error) {
      this.#break(error)
    }
  }

  /** Breaks the connection off behind what was sent: in plain text there is no other way to tell of a failure. */
  #cut(): void {
    this.#flushed = false
    this.#stage = 'ending'
    const { socket, stream, chunkedEncoding } = this.#response
    // HTTP/2's INTERNAL_ERROR (RFC 9113 §7).
    if (stream?.close !== undefined) stream.close(2)
    // The last chunk is missing then (RFC 9112 §8).
    else if (chunkedEncoding === true && socket?.destroySoon !== undefined) socket.destroySoon()
    else if (socket?.resetAndDestroy !== undefined) socket.resetAndDestroy()
    else if (this.#response instanceof WebBody) this.#response.destroy(failureOf(this.#answer))
    else this.#response.destroy?.()
    this.#conclude()
  }

  /** What Node holds has to go out. A mock holds nothing. */
  #awaitFinish(): void {
    if (this.#stage === 'left' || this.#stage === 'over') return
    this.#stage = 'ending'
    if (this.#isPending) this.#response.on?.('finish', this.#onFinish)
    else this.#conclude()
  }

  get #isPending(): boolean {
    const { writableFinished, stream } = this.#response
    return (writableFinished ?? stream?.writableFinished) === false
  }

  #finished(): void {
    if (this.#stage === 'ending') this.#conclude()
  }

  #closed(): void {
    if (this.#stage !== 'ending') this.#leave()
    else if (this.#isPending) {
      this.#flushed = false
      this.#dropped = true
      this.#conclude()
    }
  }

  /** The client is gone, or the app has ended the response. */
  #leave(): void {
    if (this.#stage === 'left' || this.#stage === 'over') return
    this.#stage = 'left'
    this.#dropped = true
    clearInterval(this.#timer)
    if (this.#relay !== undefined) this.#relay.drop()
    else {
      this.#answer.leave()
      this.#conclude()
    }
  }

  /** The response does not do what a response does. */
  #break(cause: unknown): void {
    this.#error = StreamError.isInstance(cause)
      ? cause
      : new StreamError('The response could not be written', {
          type: 'connection_error',
          code: 'RESPONSE_FAILED',
          cause,
        })
    const sending = this.#stage !== 'waiting'
    this.#leave()
    if (sending) this.#response.destroy?.()
  }

  #conclude(): void {
    if (this.#stage === 'over') return
    this.#free()
    this.#stage = 'over'
    // Others may go on with an answer that this client left.
    if (this.#dropped) this.#report()
    else this.#answer.whenEnded(() => this.#report())
  }

  #report(): void {
    const { outcome, usageSoFar: usage } = this.#answer
    const failed = outcome?.kind === 'failed' || !this.#dropped
    const error = this.#error ?? (failed ? failureOf(this.#answer) : undefined)
    this.#pipeEnd.resolve({
      tokens: this.#tokens,
      bytes: this.#bytes,
      sink: this.#sink,
      completed: this.#flushed && outcome?.kind === 'complete',
      ...(usage && { usage }),
      ...(error && { error }),
    })
  }

  /** The engine has let go of the socket. `replay`: what the app did to the response meanwhile is done now. */
  #letGo(replay: boolean): void {
    this.#guard?.release(replay)
    this.#guard = undefined
    this.#stopWaking?.()
    this.#stopWaking = undefined
  }

  #free(): void {
    clearInterval(this.#timer)
    this.#letGo(false)
    this.#writer?.dispose()
    this.#response.removeListener?.('close', this.#onClose)
    this.#response.removeListener?.('finish', this.#onFinish)
    this.#settings.signal?.removeEventListener('abort', this.#onAbort)
  }
}
