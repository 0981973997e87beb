/** The options of a {@link StreamingResponse}, checked. */
import { checkBoolean, checkFunction, checkHeaders, checkMilliseconds, checkObject, describe, fail } from '../check.js'
import type { ReplayLog } from '../replay.js'
import type { RequestLike } from './web-body.js'

/**
 * Options of a {@link StreamingResponse}.
 *
 * @example
 * const options: StreamingResponseOptions = { enableHeartbeat: true, heartbeatInterval: 15_000 }
 */
export interface StreamingResponseOptions {
  /** Whether a comment is sent where nothing else was for `heartbeatInterval`. Default false. */
  enableHeartbeat?: boolean
  /** In milliseconds. Default 30000. */
  heartbeatInterval?: number
  /** Whether to compress (brotli, zstd or gzip) for a client that accepts it; it gets every event at once. Default false. */
  compressionEnabled?: boolean
  /** Sent with the usual ones, which they may replace. */
  customHeaders?: Record<string, string>
  /** Whether sending to a client that has left, or after the end, throws. Default false: it does nothing. */
  strict?: boolean
  /** Called once where the client leaves before the end. */
  onClose?: () => void
  /**
   * Keeps the answer, so that a client whose connection broke gets the rest of it. That a client leaves then stops nothing:
   * see {@link StreamingResponse.cancel}.
   */
  replay?: ReplayLog
  /**
   * With `replay`: names the stream, in 1 to 128 letters, digits, `.`, `_`, `~` or `-`. Whoever knows the id can read the
   * answer, so it must not be guessable. Default a random UUID.
   */
  streamId?: string
}

/**
 * Options of {@link StreamingResponse.web}.
 *
 * @example
 * const options: WebStreamingResponseOptions = { request: new Request('http://localhost/'), compressionEnabled: true }
 */
export interface WebStreamingResponseOptions extends StreamingResponseOptions {
  /** The request that is answered: its headers say what to compress and where to go on, its signal that the client left. */
  request?: RequestLike
}

const optionKeys = [
  'enableHeartbeat',
  'heartbeatInterval',
  'compressionEnabled',
  'customHeaders',
  'strict',
  'onClose',
  'replay',
  'streamId',
] as const satisfies readonly (keyof StreamingResponseOptions)[]

const logMethods = ['open', 'append', 'end', 'read', 'cancel', 'delete'] as const satisfies readonly (keyof ReplayLog)[]

export interface CheckedOptions {
  headers: Record<string, string>
  compression: boolean
  /** 0: none. */
  heartbeat: number
  strict: boolean
  onClose: (() => void) | undefined
  replay: ReplayLog | undefined
  streamId: string | undefined
}

export function checkOptions(options: StreamingResponseOptions | undefined): CheckedOptions {
  const given = options === undefined ? {} : (checkObject(options, 'options', optionKeys) as StreamingResponseOptions)
  const interval =
    given.heartbeatInterval === undefined ? 30_000 : checkMilliseconds(given.heartbeatInterval, 'heartbeatInterval')
  if (interval === 0) fail('heartbeatInterval', 'a positive number of milliseconds', '0')
  const beats = given.enableHeartbeat !== undefined && checkBoolean(given.enableHeartbeat, 'enableHeartbeat')
  const replay = given.replay === undefined ? undefined : checkLog(given.replay)
  if (given.streamId !== undefined) {
    if (typeof given.streamId !== 'string' || !/^[\w.~-]{1,128}$/.test(given.streamId)) {
      fail('streamId', '1 to 128 letters, digits, `.`, `_`, `~` or `-`', describe(given.streamId))
    }
    if (replay === undefined) fail('streamId', 'left out where there is no `replay`', describe(given.streamId))
  }
  return {
    headers: given.customHeaders === undefined ? {} : checkHeaders(given.customHeaders, 'customHeaders'),
    compression: given.compressionEnabled !== undefined && checkBoolean(given.compressionEnabled, 'compressionEnabled'),
    heartbeat: beats ? interval : 0,
    strict: given.strict !== undefined && checkBoolean(given.strict, 'strict'),
    onClose: given.onClose === undefined ? undefined : checkFunction(given.onClose, 'onClose'),
    replay,
    streamId: given.streamId,
  }
}

/** Takes the request out of the options of a web response. */
export function splitRequest(
  options: WebStreamingResponseOptions | undefined,
): [RequestLike | undefined, StreamingResponseOptions | undefined] {
  if (options === undefined) return [undefined, undefined]
  const { request, ...rest } = checkObject(options, 'options', [
    ...optionKeys,
    'request',
  ]) as WebStreamingResponseOptions
  if (request !== undefined && typeof request?.headers?.get !== 'function') {
    fail('request', 'a web Request', describe(request))
  }
  return [request, rest]
}

function checkLog(log: ReplayLog): ReplayLog {
  const missing = logMethods.find((name) => typeof log?.[name] !== 'function')
  if (missing === undefined) return log
  return fail('replay', `a ReplayLog with \`${missing}\``, describe(log))
}
