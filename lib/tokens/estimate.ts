/** Whether an answer's usage is estimated where the provider reports none, and how. */
import { checkObject, checkOneOf, describe, fail } from '../check.js'
import type { NativeEstimate } from '../native.js'
import { encodingOf } from './encodings.js'
import { withEncoding } from './native.js'

/**
 * How tokens are estimated. `'tiktoken'`: counted in the encoding of the model, or in OpenAI's newest where that isn't
 * known. `'character'`: four characters are a token. `'auto'`: the first where the model's encoding is known, else the
 * second.
 *
 * @example
 * import { StreamClient, type UsageEstimator } from 'millstream'
 *
 * const estimate: UsageEstimator = 'tiktoken'
 * const client = new StreamClient({ usage: { estimate } })
 */
export type UsageEstimator = 'auto' | 'tiktoken' | 'character'

/**
 * Where an answer's usage comes from. `'reported'`: from the provider alone. `'estimate'`: where the provider reports none,
 * it is counted here and marked `isEstimated`; what the provider reports always wins.
 *
 * @example
 * import { StreamClient, type UsageMode } from 'millstream'
 *
 * const usage: UsageMode = 'estimate'
 * const client = new StreamClient({ usage })
 */
export type UsageMode = 'reported' | 'estimate' | { estimate: UsageEstimator }

/** The estimator a mode asks for; `undefined`: none. */
export function checkUsageMode(value: unknown, field: string): UsageEstimator | undefined {
  if (value === 'reported' || value === undefined) return undefined
  if (value === 'estimate') return 'auto'
  if (typeof value !== 'object') fail(field, "'reported', 'estimate' or an object", describe(value))
  const { estimate } = checkObject(value, field, ['estimate'], `${field}.`)
  return checkOneOf<UsageEstimator>(estimate, `${field}.estimate`, ['auto', 'tiktoken', 'character'])
}

/** What the engine is asked for. The model's encoding is read now, where it wasn't before. */
export function nativeEstimate(estimator: UsageEstimator | undefined, model: string): NativeEstimate | undefined {
  if (estimator === undefined) return undefined
  const known = encodingOf(model)
  const encoding = estimator === 'tiktoken' ? (known ?? 'o200k_base') : estimator === 'auto' ? known : undefined
  if (encoding === undefined) return { encoding: '', confidence: 0.75 }
  withEncoding(encoding)
  // What a provider adds to a request's texts isn't known; a strange model's text may come to some more or fewer.
  return { encoding, confidence: known === undefined ? 0.85 : 0.95 }
}
