/** Token counts as reported become the `Usage` of the public API. Pure. */
import type { Usage } from './types.js'

const optional = ['cachedTokens', 'reasoningTokens', 'audioTokens'] as const

/** A report of the engine: only what the provider said. */
export interface UsageReport {
  promptTokens?: number
  completionTokens?: number
  totalTokens?: number
  cachedTokens?: number
  reasoningTokens?: number
  audioTokens?: number
  isEstimated?: true
  confidence?: number
  raw?: unknown
}

/** Reports of one answer replace each other field by field; they are never added up. */
export function mergeReports(before: UsageReport | undefined, now: UsageReport): UsageReport {
  const merged = { ...before, ...now }
  // What a provider reports after all makes an end of the estimate.
  if (before?.isEstimated && !now.isEstimated) {
    delete merged.isEstimated
    delete merged.confidence
  }
  // A total that only the earlier report gave is out of date once a part of it changed.
  if (now.totalTokens === undefined && (now.promptTokens !== undefined || now.completionTokens !== undefined)) {
    delete merged.totalTokens
  }
  return merged
}

/** All three counts, the missing one derived from the others; see {@link Usage}. */
export function toUsage(report: UsageReport): Usage {
  const { promptTokens: prompt, completionTokens: completion, totalTokens: total } = report
  const usage: Usage = {
    promptTokens: prompt ?? Math.max(0, (total ?? 0) - (completion ?? total ?? 0)),
    completionTokens: completion ?? Math.max(0, (total ?? 0) - (prompt ?? total ?? 0)),
    totalTokens: total ?? (prompt ?? 0) + (completion ?? 0),
  }
  for (const field of optional) {
    if (report[field] !== undefined) usage[field] = report[field]
  }
  if (report.isEstimated) {
    usage.isEstimated = true
    if (report.confidence !== undefined) usage.confidence = report.confidence
  }
  if (report.raw !== undefined) usage.raw = report.raw
  return usage
}

/** The sum of two answers' counts. `raw` and `partial` are of single answers and don't add up. */
export function addUsage(a: Usage, b: Usage): Usage {
  const sum: Usage = {
    promptTokens: a.promptTokens + b.promptTokens,
    completionTokens: a.completionTokens + b.completionTokens,
    totalTokens: a.totalTokens + b.totalTokens,
  }
  for (const field of optional) {
    if (a[field] !== undefined || b[field] !== undefined) sum[field] = (a[field] ?? 0) + (b[field] ?? 0)
  }
  if (a.isEstimated || b.isEstimated) {
    sum.isEstimated = true
    sum.confidence = Math.min(a.confidence ?? 1, b.confidence ?? 1)
  }
  return sum
}

/** Nothing counted yet. */
export function noUsage(): Usage {
  return { promptTokens: 0, completionTokens: 0, totalTokens: 0 }
}
