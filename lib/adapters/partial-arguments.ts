/**
 * Arguments of a function call that arrive value by value (Vertex): `$.city` is `"Ber"`, then `"n"`. What always holds:
 * a path leads only to where its values are; nothing of it reaches a prototype; arrays grow by one at a time.
 */
import { fieldsOf, isObject, jsonOf, listOf } from './mapping.js'

const values = ['stringValue', 'numberValue', 'boolValue'] as const

/** Steps of a path: more is nobody's arguments. */
const maxDepth = 64

type Container = Record<string, unknown> | unknown[]

export class PartialArguments {
  readonly #root: Record<string, unknown>

  constructor(args?: unknown) {
    this.#root = isObject(args) ? { ...args } : {}
  }

  apply(partialArgs: unknown): void {
    for (const piece of listOf(partialArgs).map(fieldsOf)) {
      const value = 'nullValue' in piece ? null : values.map((name) => piece[name]).find((given) => given !== undefined)
      const steps = typeof piece.jsonPath === 'string' ? stepsOf(piece.jsonPath) : undefined
      if (value !== undefined && steps !== undefined) put(this.#root, steps, value)
    }
  }

  toJson(): string {
    return jsonOf(this.#root)
  }
}

/** The names and numbers of `$.a.b[0]['c']`; `undefined` where it is no such path. */
function stepsOf(path: string): (string | number)[] | undefined {
  const steps: (string | number)[] = []
  const step = /\.([^.[\]]+)|\[(\d{1,6})\]|\['([^']*)'\]|\["([^"]*)"\]/y
  step.lastIndex = path.startsWith('$') ? 1 : 0
  while (step.lastIndex < path.length && steps.length < maxDepth) {
    const found = step.exec(path)
    if (found === null) return undefined
    const [, name, number, quoted = found[4]] = found
    steps.push(number === undefined ? ((name ?? quoted) as string) : Number(number))
  }
  return steps.length > 0 ? steps : undefined
}

function put(root: Container, steps: readonly (string | number)[], value: unknown): void {
  let at = root
  for (const [depth, step] of steps.entries()) {
    if (Array.isArray(at) ? typeof step !== 'number' || step > at.length : typeof step !== 'string') return
    const own = Object.getOwnPropertyDescriptor(at, step)?.value as unknown
    if (depth === steps.length - 1) {
      const whole = typeof own === 'string' && typeof value === 'string' ? own + value : value
      define(at, step, whole)
      return
    }
    const next =
      isObject(own) || Array.isArray(own) ? (own as Container) : typeof steps[depth + 1] === 'number' ? [] : {}
    define(at, step, next)
    at = next
  }
}

/** As an own property, whatever its name: `__proto__` is one like any other. */
function define(target: Container, key: string | number, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
}
