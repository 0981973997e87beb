/**
 * What an engine request has in common with others, made once: thousands of conversations go by few plans. What always
 * holds: equal plans are one object, as long as few kinds are in use; a plan doesn't change.
 */
import type { NativeEstimate, NativePlan } from './native.js'
import type { ResumeMode, RetryPlan, TimeoutFields } from './policies.js'
import type { Target } from './target.js'

/** What a plan follows from, besides what may differ from turn to turn. */
export interface PlanBasis {
  target: Pick<Target, 'carrier' | 'shape' | 'protocol'>
  maxEventBytes: number
  resume: ResumeMode
  credit: number
  flushInterval: number
}

/** By their JSON. */
const plans = new Map<string, NativePlan>()

/** Options may differ from request to request: so many plans are remembered at most. */
const mostPlans = 64

/** The plan that was asked for last, with what it was made of: mostly the next one is the same. */
let last: { plan: NativePlan; timeouts: TimeoutFields; retry: RetryPlan['native'] } | undefined

/** The plan of a request. */
export function requestPlan(
  basis: PlanBasis,
  timeouts: TimeoutFields,
  retry: RetryPlan,
  estimate: NativeEstimate | undefined,
): NativePlan {
  const { target, maxEventBytes, resume, credit, flushInterval } = basis
  const { carrier, shape, protocol } = target
  const askRetry = retry.shouldRetry !== undefined || retry.retryableErrors !== undefined
  if (last !== undefined && last.timeouts === timeouts && last.retry === retry.native && estimate === undefined) {
    const { plan } = last
    if (
      plan.estimate === undefined &&
      plan.carrier === carrier &&
      plan.shape === shape &&
      plan.protocol === protocol &&
      plan.askRetry === askRetry &&
      plan.maxEventBytes === maxEventBytes &&
      plan.resume === resume &&
      plan.credit === credit &&
      plan.flushInterval === flushInterval
    )
      return plan
  }
  const plan = samePlan({
    carrier,
    shape,
    protocol,
    maxEventBytes,
    ...timeouts,
    ...retry.native,
    askRetry,
    resume,
    credit,
    flushInterval,
    ...(estimate !== undefined && { estimate }),
  })
  last = { plan, timeouts, retry: retry.native }
  return plan
}

/** The plan that says what this one says. */
export function samePlan(plan: NativePlan): NativePlan {
  const key = JSON.stringify(plan)
  const known = plans.get(key)
  if (known !== undefined) return known
  if (plans.size >= mostPlans) plans.clear()
  plans.set(key, plan)
  return plan
}
