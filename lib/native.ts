/**
 * The addon as JavaScript sees it: the shapes that cross N-API, and the loader. Nothing else in `lib/` requires the
 * binary. The shapes mirror `src/`; strings named `json` are JSON text, parsed only by those who need it.
 */
import type { RequestShape } from './providers/formats.js'
import type { Signing } from './providers/resolve.js'

/** A request to the engine, but for its body. */
export interface NativeRequest extends Omit<Pace, 'deliver'> {
  plan: NativePlan
  /** JSON of a {@link NativeTarget}. */
  target: string
}

/** How an answer is handed over. */
export interface Pace {
  /**
   * Whether events go to the listener as they come: delivery itself then returns the credit, and the text is kept for
   * `Session.text`. Else they stay with the engine until `deliver`, `drain` or a relay asks for them.
   */
  push: boolean
  /** Of a pulled answer: whether its events stay for others after somebody got them. */
  retain: boolean
  /** Of a pulled answer: whether it begins as after `Session.deliver`. */
  deliver: boolean
}

/** Where a request goes, besides what is the plan's. */
export interface NativeTarget {
  url: string
  /** Name, value, name, value, … */
  headers: string[]
  /** What each attempt is signed with, for endpoints of Amazon. */
  sign?: Signing
}

/**
 * What requests of a kind have in common. Flat, validated, complete: defaults are applied before it gets here. Times are
 * milliseconds, 0 switches a clock off. The engine reads each once: equal ones should be one object, which doesn't change.
 */
export interface NativePlan {
  /** What carries request and answer; an `ws:` or `wss:` URL says `websocket` as well. */
  carrier: 'http' | 'websocket'
  /** How the endpoint wants to be asked; `json`: as the body says already. */
  shape: RequestShape | 'json'
  /** How it answers: a `WireProtocol` or `auto`. */
  protocol: string
  maxEventBytes: number
  connectTimeout: number
  firstContentTimeout: number
  idleTimeout: number
  contentIdleTimeout: number
  totalTimeout: number
  maxRetries: number
  backoff: 'exponential' | 'linear'
  initialDelay: number
  maxDelay: number
  multiplier: number
  jitter: number
  respectRetryAfter: boolean
  /** 0: no cap. */
  maxTotalDelay: number
  retryableStatusCodes: number[]
  /** Whether `retryQuestion` is asked before each retry. */
  askRetry: boolean
  resume: 'auto' | 'restart' | 'none'
  /** Units the session may have outstanding before it stops reading; see {@link eventCost}. */
  credit: number
  /**
   * Least distance of two deliveries under load, in milliseconds (default 1): an event after idleness is delivered at
   * once, later ones are gathered so long, or up to four times so long where they are many. 0 delivers each as it comes.
   */
  flushInterval: number
  /** How usage is counted where the provider reports none; absent: not at all. */
  estimate?: NativeEstimate | undefined
  /** Whether the text of the first alternative is to be JSON: the answer fails at the first character that can't be. */
  json?: boolean
}

/** An answer that JavaScript brings (`src/feed.rs`). The fields that {@link NativePlan} has too mean the same. */
export interface NativeFeed extends Pick<NativePlan, 'maxEventBytes' | 'credit' | 'flushInterval'> {
  /** How its bytes are to be read: a `WireProtocol` or `auto`. Without meaning for records. */
  protocol: string
  contentType?: string
  /** As in a request, and the canonical request it is an answer to. */
  estimate?: NativeEstimate
  question?: string
}

/** How a session estimates its usage. */
export interface NativeEstimate {
  /** An encoding whose table was loaded; `''`: four characters are a token. */
  encoding: string
  /** From 0 to 1. */
  confidence: number
}

/** How a relay encodes an answer (`EncoderOptions` in `crates/wire/src/encode`). */
export interface NativeRelayOptions {
  format: 'events' | 'openai' | 'chunk' | 'content' | 'ui-message' | 'ndjson' | 'text'
  /** Of the answer, for formats that carry one. */
  id: string
  /** For formats that carry one, until the provider names its own. */
  model: string
  /** A comment is sent where nothing else was for so many milliseconds; 0: none. */
  heartbeat: number
  /** How many encoded bytes may wait for the client before the answer is read no further. */
  window: number
  /** The number before that of the first frame, where frames have ids. */
  firstId: number
  /** Stands before the number of each frame. */
  idPrefix: string
  /** Whether somebody else opens and ends the response: format `events` only. */
  part: boolean
}

/** How a relay ended. */
export interface NativeRelayReport {
  /** Pieces of text that were encoded. */
  tokens: number
  /** Bytes of the body that were written or handed over. */
  bytes: number
  /** The number of the last frame, where frames have ids. */
  lastId: number
  /** How many hand-made events are among the frames. */
  injected: number
  /** Whether all that was encoded went out; false where the client left or the answer was cancelled under it. */
  flushed: boolean
}

/** A failure as data (`crates/engine/src/error.rs`); `StreamError` is built from it. */
export interface NativeError {
  type: string
  code: string
  message: string
  status?: number
  phase?: 'connect' | 'firstContent' | 'idle' | 'contentIdle' | 'total'
  attempt: number
  retryable: boolean
  recoverable: boolean
  /** What a person can do about it; never empty. */
  suggestion: string
  /** Milliseconds. */
  retryAfter?: number
  requestId?: string
  /** Of text that is no JSON: where. */
  offset?: number
  /** Of a request that was not sent: which member it is about. */
  field?: string
}

/** What JavaScript says of what it reads from. The rest of a {@link NativeError} follows from the type. */
export type NativeFailure = Omit<NativeError, 'recoverable' | 'suggestion'>

/** `src/mailbox.rs`. */
export interface NativeMailbox {
  take(records: Uint32Array): string | null
  /**
   * `target`: JSON of a {@link NativeTarget}. `body`: JSON of the canonical request (`crates/wire/src/request`), which
   * the engine encodes for the endpoint. `pace`: the bits of a {@link Pace}.
   */
  open(plan: NativePlanHandle, target: string, body: string, pace: number): number
  /** `request`: JSON of a {@link NativeFeed}. */
  openFed(request: string, pace: number): number
  feed(session: number, bytes: Uint8Array): number
  feedText(session: number, text: string): number
  feedRecord(session: number, kind: number, choice: number, payload: string): number
  feedEnd(session: number): void
  /** `failure`: JSON of a {@link NativeFailure}. */
  feedFail(session: number, failure: string): void
  cancel(session: number): void
  credit(session: number, units: number): void
  decideRetry(session: number, goOn: boolean): void
  estimate(session: number, text?: string): string | null
  deliver(session: number): void
  drain(session: number, keep: boolean): void
  relay(session: number, options: NativeRelayOptions): number
  relayToSocket(session: number, relay: number, descriptor: number, chunked: boolean): void
  relayToFrames(session: number, relay: number): void
  relayCredit(session: number, relay: number, bytes: number): void
  relayInject(session: number, relay: number, event: string, json: string): void
  relayStop(session: number, relay: number): void
  relayDrop(session: number, relay: number): void
  relayActivity(session: number, relay: number): number
  text(session: number): string
  close(session: number): string
  hold(hold: boolean): void
}

/** A {@link NativePlan} that the engine has read. */
export interface NativePlanHandle {
  readonly [brand]: never
}

declare const brand: unique symbol

/** What the addon exports. Helpers of one entry point extend it by declaration merging beside their use. */
export interface NativeBinding {
  Mailbox: new (wake: () => void) => NativeMailbox
  /** `json`: that of a {@link NativePlan}. */
  Plan: new (
    json: string,
  ) => NativePlanHandle
  /** An answer that is over, encoded: `records` has two numbers an event, as in a batch, without the session. */
  encodeAnswer(options: NativeRelayOptions, records: Uint32Array, payloads: string[], failure?: string): string
}

let loaded: NativeBinding | undefined

/**
 * The addon, loaded at first use.
 *
 * @throws Error with code `ERR_MILLSTREAM_BINARY` where it can't be loaded: says which package carries the binary for
 * this platform and shows what the loader really said.
 */
export function binding(): NativeBinding {
  loaded ??= load()
  return loaded
}

function load(): NativeBinding {
  try {
    return require('../native.cjs') as NativeBinding
  } catch (error) {
    const platform = platformName()
    throw Object.assign(
      new Error(
        `millstream could not load its native addon for ${platform} (Node.js ${process.version}).\n` +
          `It is carried by the package @millstream/native-${platform}. If that is missing, install it:\n` +
          `  npm install @millstream/native-${platform}\n` +
          'npm leaves it out where the lock file was made on another platform, or with --omit=optional.\n' +
          `What the loader said:\n${reasons(error)
            .map((reason) => `  - ${reason}`)
            .join('\n')}`,
        { cause: error },
      ),
      { code: 'ERR_MILLSTREAM_BINARY' },
    )
  }
}

/** The suffix of the platform package, e.g. `linux-x64-gnu`. */
function platformName(): string {
  const { platform, arch } = process
  if (platform === 'linux') {
    const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined
    return `linux-${arch}-${report?.header?.glibcVersionRuntime === undefined ? 'musl' : 'gnu'}`
  }
  return platform === 'win32' ? `win32-${arch}-msvc` : `${platform}-${arch}`
}

/** The messages of an error and of its causes, innermost last. */
function reasons(error: unknown): string[] {
  const found: string[] = []
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    const message = at.message.trim()
    if (message !== '' && !found.includes(message)) found.push(message)
  }
  return found
}
