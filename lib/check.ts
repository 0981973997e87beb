/**
 * Options checked at the edge: every check throws a {@link ValidationError} that says what was expected and names the
 * option. Values of secrets (keys, headers) never stand in a message.
 */
import { ValidationError } from './errors.js'

/** A value as it may stand in a message: short, and never throwing. */
export function describe(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined) return String(value)
  return Array.isArray(value) ? 'an array' : kindOf(value)
}

/** A value's type in words, for values that may be secret. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  const type = typeof value
  return type === 'object' ? 'an object' : `a ${type}`
}

/** Throws "Expected `field` to be …, got …". */
export function fail(field: string, expected: string, got: string): never {
  throw new ValidationError(`Expected \`${field}\` to be ${expected}, got ${got}`, field)
}

/** A plain object, all of whose keys are known. `prefix` names it in messages, `''` for the options themselves. */
export function checkObject(
  value: unknown,
  name: string,
  known: readonly string[],
  prefix = '',
): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(name, 'an object', describe(value))
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue
    const field = prefix + key
    const near = nearest(key, known)
    const hint = near === undefined ? `Known: ${known.join(', ')}` : `Did you mean \`${prefix}${near}\`?`
    throw new ValidationError(`Unknown option \`${field}\`. ${hint}`, field, { code: 'UNKNOWN_OPTION' })
  }
  return value as Record<string, unknown>
}

export function checkString(value: unknown, field: string): string {
  return typeof value === 'string' ? value : fail(field, 'a string', describe(value))
}

export function checkNonEmpty(value: unknown, field: string): string {
  return typeof value === 'string' && value.trim() !== '' ? value : fail(field, 'a non-empty string', describe(value))
}

export function checkBoolean(value: unknown, field: string): boolean {
  return typeof value === 'boolean' ? value : fail(field, 'a boolean', describe(value))
}

export function checkFunction<T>(value: T, field: string): T {
  return typeof value === 'function' ? value : fail(field, 'a function', describe(value))
}

export function checkInteger(value: unknown, field: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  const kind = min === 0 ? 'a non-negative integer' : min === 1 ? 'a positive integer' : 'an integer'
  return fail(field, max === Number.MAX_SAFE_INTEGER ? kind : `${kind} up to ${max}`, describe(value))
}

/** A finite number within bounds. */
export function checkNumber(value: unknown, field: string, min: number, max = Number.POSITIVE_INFINITY): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max) return value
  const bounds =
    max !== Number.POSITIVE_INFINITY
      ? `a number from ${min} to ${max}`
      : min === 0
        ? 'a non-negative number'
        : min === Number.NEGATIVE_INFINITY
          ? 'a finite number'
          : `a number of at least ${min}`
  return fail(field, bounds, describe(value))
}

/** The longest wait a timer can be set to, about 24.8 days. */
const maxMilliseconds = 2 ** 31 - 1

/** A number of milliseconds, rounded up to a whole one. */
export function checkMilliseconds(value: unknown, field: string): number {
  if (typeof value === 'number' && value >= 0 && value <= maxMilliseconds) return Math.ceil(value)
  return fail(field, `a number of milliseconds from 0 to ${maxMilliseconds}`, describe(value))
}

export function checkOneOf<T extends string>(value: unknown, field: string, known: readonly T[]): T {
  if ((known as readonly unknown[]).includes(value)) return value as T
  return fail(field, `one of ${known.map((name) => `'${name}'`).join(', ')}`, describe(value))
}

export function checkSignal(value: unknown, field: string): AbortSignal {
  const signal = value as AbortSignal | null | undefined
  const ok =
    typeof signal === 'object' &&
    signal !== null &&
    typeof signal.aborted === 'boolean' &&
    typeof signal.addEventListener === 'function'
  return ok ? signal : fail(field, 'an AbortSignal', describe(value))
}

/** RFC 9110 §5.6.2: the characters of a header's name. */
const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** RFC 9110 §5.5, without the obsolete bytes above 0x7f: they would arrive as something else. */
const headerValue = /^[\t\x20-\x7e]*$/

/** Header names and values; messages name the header, never its value. */
export function checkHeaders(value: unknown, field: string): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail(field, 'an object of header names and values', kindOf(value))
  }
  for (const [name, content] of Object.entries(value)) {
    if (!headerName.test(name)) fail(field, 'an object whose keys are header names', JSON.stringify(name.slice(0, 40)))
    const named = `${field}.${name}`
    if (typeof content !== 'string') fail(named, 'a string', kindOf(content))
    if (!headerValue.test(content)) fail(named, 'printable ASCII without line breaks', 'something else')
  }
  return value as Record<string, string>
}

/** The known word closest to a mistyped one, where one is close. */
function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase().slice(0, 40), candidate.toLowerCase())
    if (distance < least) {
      least = distance
      best = candidate
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) {
      const substituted = (row[j] as number) + (a[i] === b[j] ? 0 : 1)
      next.push(Math.min(substituted, (row[j + 1] as number) + 1, (next[j] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
