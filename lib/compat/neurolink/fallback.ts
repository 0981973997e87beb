/**
 * One question put to several providers in turn, until one of them answers. What always holds: the next one is asked only
 * where nothing of an answer has come yet, and where the failure was the provider's own; the caller's callbacks hear of no
 * answer but the one they get.
 */
import type { Answer } from '../../answer.js'
import { OutputError, StreamError, type StreamErrorType } from '../../errors.js'
import { answerFromChunks, type FedChunk } from '../../fed-answer.js'
import type { StreamCallbacks, StreamRequest } from '../../stream-request.js'
import { readChunks } from '../../stream-result.js'
import type { StreamChunk } from '../../types.js'
import { shownName } from './models.js'

/** A provider that was asked and did not answer. */
export interface ProviderFailure {
  provider: string
  type: StreamErrorType
  code: string
  /** HTTP status, where an answer with an error status came. */
  status?: number
}

/** Who answered in whose place, and why. */
export interface ProviderFallback {
  /** Who was asked first. */
  from: string
  /** Who answered. */
  to: string
  /** Of all that were asked before, in order. */
  failures: readonly ProviderFailure[]
}

/** What the provider that answered gave. */
export interface Answered<T> {
  given: T
  /** Absent where it was the first that was asked. */
  fallback?: ProviderFallback
  /** Milliseconds that went by before it was asked. */
  lead: number
}

/** Failures that say something of a provider, and nothing of the question. */
const elsewhere: ReadonlySet<StreamErrorType> = new Set([
  'timeout_error',
  'connection_error',
  'rate_limit_error',
  'auth_error',
  'overloaded_error',
  'server_error',
  'protocol_error',
  'truncated_error',
])

/** Whether another provider may answer what this failure left without an answer. */
export function isOwnFailure(error: unknown): error is StreamError {
  return StreamError.isInstance(error) && elsewhere.has(error.type) && !(error instanceof OutputError)
}

/** A failure of a provider's own, before anything of an answer came. */
class Unanswered extends Error {
  constructor(readonly error: StreamError) {
    super(error.message)
  }
}

/**
 * Asks one after the other, by {@link answerTo} or {@link wholeOf}. Rejects with the last failure, whose `cause` is an
 * `AggregateError` of the others.
 */
export async function askInTurn<T extends { provider: string }>(
  requests: readonly StreamRequest[],
  ask: (request: StreamRequest) => Promise<T>,
): Promise<Answered<T>> {
  const began = performance.now()
  const failed: StreamError[] = []
  const failures: ProviderFailure[] = []
  let missing: unknown
  for (const request of requests) {
    const lead = performance.now() - began
    try {
      const given = await ask(request)
      const [first] = failures
      const fallback = first && { from: first.provider, to: shownName(given.provider), failures }
      return { given, lead, ...(fallback && { fallback }) }
    } catch (thrown) {
      const error = thrown instanceof Unanswered ? thrown.error : thrown
      if (isMissing(error, request)) {
        missing ??= error
        continue
      }
      if (!(thrown instanceof Unanswered) && !isUnsupported(error)) throw withCause(error, failed, failures)
      const { provider = String(request.provider), type, code, status } = error as StreamError
      failed.push(error as StreamError)
      failures.push({ provider: shownName(provider), type, code, ...(status !== undefined && { status }) })
    }
  }
  // One that could not even be asked says less than one that failed.
  const told = failed.findLastIndex((error) => !isUnsupported(error))
  const at = told === -1 ? failed.length - 1 : told
  if (at === -1) throw missing
  const others = (_: unknown, index: number) => index !== at
  const error = withCause(failed[at], failed.filter(others), failures.filter(others))
  // Of the failures themselves the callbacks heard nothing.
  if (told !== -1) await requests[0]?.onError?.(error as StreamError)
  throw error
}

/** Whether a provider can't be asked because what it takes isn't there: its key, its place, a model. */
function isMissing(error: unknown, { model }: StreamRequest): boolean {
  const { code, field } = error as { code?: unknown; field?: unknown }
  return code === 'MISSING_API_KEY' || code === 'MISSING_OPTION' || (field === 'model' && model === undefined)
}

function isUnsupported(error: unknown): error is StreamError {
  return StreamError.isInstance(error) && error.code === 'UNSUPPORTED_BY_PROVIDER'
}

/** The error, with those of the providers that were asked besides. */
function withCause(error: unknown, others: readonly StreamError[], failures: readonly ProviderFailure[]): unknown {
  if (others.length === 0 || !StreamError.isInstance(error) || error.type === 'aborted_error') return error
  const asked = failures.map(({ provider, type, code }) => `${provider} (${type}, ${code})`).join(', ')
  const own = error.cause === undefined ? undefined : { cause: error.cause }
  const value = new AggregateError(others, `No answer came from the others either: ${asked}`, own)
  return Object.defineProperty(error, 'cause', { value, configurable: true, writable: true })
}

/** An answer of which something is there, or all. */
export interface Begun {
  answer: Answer
  provider: string
  requestId: string | undefined
}

/** The answer to a request, as soon as something of it is there or it has come to its end. `credit`: as of its client. */
export async function answerTo(
  request: StreamRequest,
  held: HeldCallbacks,
  credit: number | undefined,
  ask: (request: StreamRequest) => Answer,
): Promise<Begun> {
  const answer = ask({ ...request, ...held.callbacks })
  const begun = request.retain === false ? await readUntilContent(answer, credit) : await untilContent(answer)
  const { outcome, provider, requestId } = answer
  if (begun === undefined && (outcome?.kind === 'failed' || outcome?.kind === 'aborted')) {
    held.end()
    throw unanswered(outcome.error)
  }
  try {
    await held.begin()
  } catch (thrown) {
    answer.abort(thrown, 'A callback threw')
    throw thrown
  }
  return { answer: begun ?? answer, provider, requestId }
}

/** The whole answer to a request. */
export async function wholeOf<T>(
  request: StreamRequest,
  held: HeldCallbacks,
  ask: (request: StreamRequest) => Promise<T>,
): Promise<T> {
  try {
    return await ask({ ...request, ...held.callbacks })
  } catch (error) {
    throw held.hasBegun ? error : unanswered(error)
  }
}

function unanswered(error: unknown): unknown {
  return isOwnFailure(error) ? new Unanswered(error) : error
}

/** The answer itself once there is something of it, `undefined` where it ended without. */
async function untilContent(answer: Answer): Promise<Answer | undefined> {
  await new Promise<void>((resolve) => answer.whenBegun(resolve))
  return answer.isEmpty ? undefined : answer
}

/**
 * An answer that is read once is read up to its first content, and goes on as another that begins with what was read;
 * `undefined` where it failed without.
 */
async function readUntilContent(answer: Answer, credit: number | undefined): Promise<Answer | undefined> {
  const reader = readChunks(answer, 'throw')
  const read: StreamChunk[] = []
  try {
    for (let step = await reader.next(); !step.done; step = await reader.next()) {
      read.push(step.value)
      if (isContent(step.value)) break
    }
  } catch {
    return undefined
  }
  const { provider, model, id, output } = answer
  const start: FedChunk = { type: 'start', model, ...(id !== undefined && { id }) }
  const early = [start, ...read].values()
  // A generator that waits could not be left before something comes.
  const chunks: AsyncIterator<FedChunk> = {
    next: async () => {
      const { done, value } = early.next()
      return done ? reader.next() : { done: false, value }
    },
    return: async () => {
      await reader.return?.()
      return { done: true, value: undefined }
    },
  }
  return answerFromChunks(
    { [Symbol.asyncIterator]: () => chunks },
    { provider, model, output, retain: false, ...(credit !== undefined && { credit }) },
  )
}

function isContent({ type }: StreamChunk): boolean {
  return type !== 'usage' && type !== 'metadata' && type !== 'finish' && type !== 'error'
}

/**
 * Callbacks that are told of an answer only once something of it is there: what was to be told before is told then, in
 * order. An answer that fails without it, so that another provider may be asked, they never hear of.
 */
export class HeldCallbacks {
  readonly callbacks: StreamCallbacks = {}
  readonly #waiting: (() => unknown)[] = []
  #begun = false
  /** The telling of what waited. */
  #telling: Promise<void> | undefined
  #isTold = false
  /** It is known whether something came. */
  readonly #known: Promise<void> | undefined
  #know = () => {}

  /** `watch`: that something is there shows in the chunks alone; else whoever holds these says so. */
  constructor(given: StreamCallbacks, watch: boolean) {
    const { onStart, onChunk, onUsage, onComplete, onError } = given
    if (!watch) {
      this.#known = new Promise((resolve) => {
        this.#know = resolve
      })
    }
    const held = this.callbacks
    // What is no function is left for the engine to refuse.
    if (typeof onStart === 'function') held.onStart = (start) => this.#tell(() => onStart.call(given, start))
    if (typeof onUsage === 'function') held.onUsage = (usage) => this.#tell(() => onUsage.call(given, usage))
    const isRead = watch || pieceKeys.some((name) => given[name] !== undefined)
    if (isRead && (onChunk === undefined || typeof onChunk === 'function')) {
      held.onChunk = (chunk) => {
        if (isContent(chunk)) void this.begin().catch(() => {})
        return this.#tell(() => onChunk?.call(given, chunk))
      }
    }
    if (typeof onComplete === 'function') {
      held.onComplete = async (response) => {
        await this.#ready()
        await onComplete.call(given, response)
      }
    }
    if (typeof onError === 'function') {
      held.onError = async (error) => {
        await this.#known
        if (!this.#begun && isOwnFailure(error)) return
        await this.#ready()
        await onError.call(given, error)
      }
    }
  }

  get hasBegun(): boolean {
    return this.#begun
  }

  /** Something is there, or all. */
  begin(): Promise<void> {
    this.#begun = true
    this.#know()
    this.#telling ??= this.#tellWaiting()
    return this.#telling
  }

  /** It is over, and nothing came. */
  end(): void {
    this.#know()
  }

  /** It was told what waited. Where whoever holds these told it, what a callback threw then was thrown there. */
  #ready(): Promise<void> {
    return this.#known === undefined ? this.begin() : this.begin().catch(() => {})
  }

  async #tellWaiting(): Promise<void> {
    for (const tell of this.#waiting) await tell()
    this.#isTold = true
  }

  #tell(tell: () => unknown): unknown {
    if (this.#isTold) return tell()
    if (this.#telling !== undefined) return this.#ready().then(tell)
    this.#waiting.push(tell)
    return undefined
  }
}

/** Those for which an answer is read in pieces. */
const pieceKeys = ['onChunk', 'onToken', 'onToolCall', 'onToolResult', 'onUsage'] as const
