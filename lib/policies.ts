/**
 * The policies a caller can set (retry, timeouts, resuming) and what they mean to the engine: aliases resolved, defaults
 * applied, everything checked.
 */
import {
  checkBoolean,
  checkFunction,
  checkInteger,
  checkMilliseconds,
  checkNumber,
  checkObject,
  checkOneOf,
  describe,
  fail,
} from './check.js'
import { type StreamError, ValidationError } from './errors.js'
import type { NativePlan } from './native.js'

/**
 * Retries of a failed attempt. They end at the first piece of the answer that was delivered: no text is ever delivered
 * twice.
 *
 * @example
 * const retry: RetryConfig = { maxRetries: 5, initialDelay: 500, shouldRetry: (error) => error.type !== 'rate_limit_error' }
 */
export interface RetryConfig {
  /** `false`: no retries at all. Default true. */
  enabled?: boolean
  /** Retries after the first try. Default 3. */
  maxRetries?: number
  /** Requests in all: another way to say `maxRetries + 1`. */
  maxAttempts?: number
  /** Waits of 1, 2, 4, … or of 1, 2, 3, … times `initialDelay`. Default `'exponential'`. */
  backoff?: 'exponential' | 'linear'
  /** First wait, in milliseconds. Default 1000. */
  initialDelay?: number
  /** Longest wait, in milliseconds. Default 10000. A server that asks for more ends the stream with its error. */
  maxDelay?: number
  /** Factor of the exponential back-off. Default 2. */
  multiplier?: number
  /** The same as `multiplier`. */
  backoffMultiplier?: number
  /** Share of a wait that is random, from 0 to 1; `true` means 0.5. Default 0. */
  jitter?: number | boolean
  /** Whether `retry-after-ms` and `Retry-After` replace the computed wait. Default true. */
  respectRetryAfter?: boolean
  /** Cap on the sum of all waits, in milliseconds. Default none. */
  maxTotalDelay?: number
  /** HTTP statuses that are tried again. Default 408, 409, 429, 500, 502, 503, 504, 529. */
  retryableStatusCodes?: number[]
  /**
   * Of the failures without an HTTP status, tries only those again whose `type` or `code` is listed, e.g.
   * `['ECONNRESET', 'timeout_error']`. Default all that can be tried again.
   */
  retryableErrors?: string[]
  /**
   * Asked before each retry of a failure that can be tried again; `attempt` is the retry's number, from 1. Where it
   * throws or rejects there is no retry, and what it threw is the `cause` of the error.
   */
  shouldRetry?(error: StreamError, attempt: number): boolean | Promise<boolean>
}

/**
 * Milliseconds for the whole answer, or one clock per phase. 0 switches a clock off. Defaults: `connect` 5000,
 * `firstContent` 120000, `idle` 30000, `contentIdle` 120000, `total` none.
 *
 * @example
 * const timeout: TimeoutConfig = { connect: 2000, firstContent: 20_000, idle: 10_000 }
 */
export type TimeoutConfig =
  | number
  | {
      /** Name resolution, TCP and TLS. */
      connect?: number
      /** From the request until the first piece of the answer, per attempt. */
      firstContent?: number
      /** Between two reads of the body, whatever they bring. */
      idle?: number
      /** Between two pieces of the answer; comments, pings and empty events don't count. */
      contentIdle?: number
      /** The whole answer, retries and waits included, and tools where some are run. */
      total?: number
    }

/**
 * What to do where an answer breaks off after its first piece. `'auto'`: reconnect with `Last-Event-ID` where the server
 * gave event ids, else fail with the partial text. `'restart'`: ask again and skip what was delivered, as long as the new
 * text repeats it. `'none'`: fail with the partial text.
 *
 * @example
 * const resume: ResumeMode = 'none'
 */
export type ResumeMode = 'auto' | 'restart' | 'none'

type RetryFields = Pick<
  NativePlan,
  | 'maxRetries'
  | 'backoff'
  | 'initialDelay'
  | 'maxDelay'
  | 'multiplier'
  | 'jitter'
  | 'respectRetryAfter'
  | 'maxTotalDelay'
  | 'retryableStatusCodes'
>

/** A {@link RetryConfig} as the engine wants it, and the questions that are asked in JavaScript. */
export interface RetryPlan {
  native: RetryFields
  shouldRetry?: NonNullable<RetryConfig['shouldRetry']>
  retryableErrors?: readonly string[]
}

/** The five clocks. */
export type TimeoutFields = Pick<
  NativePlan,
  'connectTimeout' | 'firstContentTimeout' | 'idleTimeout' | 'contentIdleTimeout' | 'totalTimeout'
>

const retryKeys = [
  'enabled',
  'maxRetries',
  'maxAttempts',
  'backoff',
  'initialDelay',
  'maxDelay',
  'multiplier',
  'backoffMultiplier',
  'jitter',
  'respectRetryAfter',
  'maxTotalDelay',
  'retryableStatusCodes',
  'retryableErrors',
  'shouldRetry',
] as const satisfies readonly (keyof RetryConfig)[]

/** The most retries that can be asked for; enough for any purpose, and within the engine's counter. */
const maxRetriesLimit = 1000

/** Nothing said about retries. */
export const noRetryConfig: Readonly<RetryConfig> = Object.freeze({})

/** What that comes to; one for all streams, since there may be thousands of them. */
let usualRetry: RetryPlan | undefined

/** Checks a {@link RetryConfig}. `fallback` holds what applies where it says nothing. */
export function planRetry(config: RetryConfig | undefined, fallback = noRetryConfig): RetryPlan {
  if (config !== undefined || fallback !== noRetryConfig) return checkedPlan(config, fallback)
  usualRetry ??= checkedPlan(undefined, noRetryConfig)
  return usualRetry
}

function checkedPlan(config: RetryConfig | undefined, fallback: Readonly<RetryConfig>): RetryPlan {
  const given = config === undefined ? {} : (checkObject(config, 'retry', retryKeys, 'retry.') as RetryConfig)
  exclude(given, 'maxRetries', 'maxAttempts')
  exclude(given, 'multiplier', 'backoffMultiplier')
  // An alias in `given` replaces its other name in `fallback`.
  const inherited = { ...fallback }
  if (given.maxRetries !== undefined || given.maxAttempts !== undefined) {
    delete inherited.maxRetries
    delete inherited.maxAttempts
  }
  if (given.multiplier !== undefined || given.backoffMultiplier !== undefined) {
    delete inherited.multiplier
    delete inherited.backoffMultiplier
  }
  const set = { ...inherited, ...defined(given) }
  const enabled = set.enabled === undefined || checkBoolean(set.enabled, 'retry.enabled')
  const maxRetries =
    set.maxAttempts !== undefined
      ? checkInteger(set.maxAttempts, 'retry.maxAttempts', 1, maxRetriesLimit + 1) - 1
      : checkInteger(set.maxRetries ?? 3, 'retry.maxRetries', 0, maxRetriesLimit)
  const multiplier =
    set.multiplier !== undefined
      ? checkNumber(set.multiplier, 'retry.multiplier', 1, 1000)
      : checkNumber(set.backoffMultiplier ?? 2, 'retry.backoffMultiplier', 1, 1000)
  const jitter =
    typeof set.jitter === 'boolean' ? (set.jitter ? 0.5 : 0) : checkNumber(set.jitter ?? 0, 'retry.jitter', 0, 1)
  const plan: RetryPlan = {
    native: {
      maxRetries: enabled ? maxRetries : 0,
      backoff: checkOneOf(set.backoff ?? 'exponential', 'retry.backoff', ['exponential', 'linear']),
      initialDelay: checkMilliseconds(set.initialDelay ?? 1000, 'retry.initialDelay'),
      maxDelay: checkMilliseconds(set.maxDelay ?? 10_000, 'retry.maxDelay'),
      multiplier,
      jitter,
      respectRetryAfter: checkBoolean(set.respectRetryAfter ?? true, 'retry.respectRetryAfter'),
      maxTotalDelay: checkMilliseconds(set.maxTotalDelay ?? 0, 'retry.maxTotalDelay'),
      retryableStatusCodes: checkList(
        set.retryableStatusCodes ?? [408, 409, 429, 500, 502, 503, 504, 529],
        'retry.retryableStatusCodes',
        'HTTP statuses from 400 to 599',
        (status) => typeof status === 'number' && Number.isInteger(status) && status >= 400 && status <= 599,
      ),
    },
  }
  if (set.shouldRetry !== undefined) plan.shouldRetry = checkFunction(set.shouldRetry, 'retry.shouldRetry').bind(set)
  if (set.retryableErrors !== undefined) {
    plan.retryableErrors = checkList(
      set.retryableErrors,
      'retry.retryableErrors',
      'error types or codes',
      (name) => typeof name === 'string' && name !== '',
    )
  }
  return plan
}

const usualTimeouts: TimeoutFields = Object.freeze({
  connectTimeout: 5000,
  firstContentTimeout: 120_000,
  idleTimeout: 30_000,
  contentIdleTimeout: 120_000,
  totalTimeout: 0,
})

const clocks = ['connect', 'firstContent', 'idle', 'contentIdle', 'total'] as const

/** Checks a {@link TimeoutConfig}. What it leaves open is taken from `fallback`. */
export function planTimeouts(config: TimeoutConfig | undefined, fallback?: TimeoutFields): TimeoutFields {
  const base = fallback ?? usualTimeouts
  if (config === undefined) return base
  if (typeof config === 'number') return { ...base, totalTimeout: checkMilliseconds(config, 'timeout') }
  if (typeof config !== 'object' || config === null)
    fail('timeout', 'a number of milliseconds or an object', describe(config))
  const given = checkObject(config, 'timeout', clocks, 'timeout.') as Exclude<TimeoutConfig, number>
  const clock = (name: (typeof clocks)[number], otherwise: number) =>
    given[name] === undefined ? otherwise : checkMilliseconds(given[name], `timeout.${name}`)
  return {
    connectTimeout: clock('connect', base.connectTimeout),
    firstContentTimeout: clock('firstContent', base.firstContentTimeout),
    idleTimeout: clock('idle', base.idleTimeout),
    contentIdleTimeout: clock('contentIdle', base.contentIdleTimeout),
    totalTimeout: clock('total', base.totalTimeout),
  }
}

/** Checks a {@link ResumeMode}. */
export function checkResume(mode: unknown): ResumeMode {
  if (mode === 'continue') {
    throw new ValidationError(
      "Expected `resume` to be 'auto', 'restart' or 'none', got 'continue': that takes a provider which goes on from " +
        'an assistant prefix, and none of those this version speaks to does',
      'resume',
    )
  }
  return checkOneOf(mode, 'resume', ['auto', 'restart', 'none'])
}

function exclude(given: RetryConfig, first: keyof RetryConfig, second: keyof RetryConfig): void {
  if (given[first] === undefined || given[second] === undefined) return
  throw new ValidationError(
    `Expected either \`retry.${first}\` or \`retry.${second}\`, got both: they say the same`,
    `retry.${second}`,
  )
}

function defined<T extends object>(object: T): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Partial<T>
}

function checkList<T>(value: T[], field: string, of: string, ok: (item: unknown) => boolean): T[] {
  if (!Array.isArray(value)) fail(field, `an array of ${of}`, describe(value))
  const wrong = value.findIndex((item) => !ok(item))
  if (wrong !== -1) fail(`${field}[${wrong}]`, `one of ${of}`, describe(value[wrong]))
  return [...value]
}
