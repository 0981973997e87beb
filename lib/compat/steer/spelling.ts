/**
 * Options as Python spells them, next to ours. What always holds: a name in snake case means the same as the one in camel
 * case, but that durations are in seconds there and in milliseconds here; given twice, it is refused.
 */
import { checkNumber } from '../../check.js'
import { ValidationError } from '../../errors.js'

/** `connectionTimeout` → `connection_timeout`. */
type Snake<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? First extends Uppercase<First>
    ? First extends Lowercase<First>
      ? `${First}${Snake<Rest>}`
      : `_${Lowercase<First>}${Snake<Rest>}`
    : `${First}${Snake<Rest>}`
  : ''

/** An object's fields under either spelling. */
export type EitherSpelling<Fields> = Fields & {
  [Name in keyof Fields & string as Snake<Name> extends Name ? never : Snake<Name>]?: Fields[Name]
}

/** The fields of `given` in camel case. `durations` are in seconds where they stand in snake case. */
export function inCamelCase(given: object, durations: readonly string[] = []): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const [spelt, value] of Object.entries(given)) {
    const name = spelt.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    if (name !== spelt && (given as Record<string, unknown>)[name] !== undefined) {
      throw new ValidationError(`Expected either \`${name}\` or \`${spelt}\`, got both: they say the same`, spelt)
    }
    if (value === undefined && name in fields) continue
    const inSeconds = name !== spelt && value !== undefined && durations.includes(name)
    fields[name] = inSeconds ? checkNumber(value, spelt, 0) * 1000 : value
  }
  return fields
}
