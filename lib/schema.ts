/**
 * Schemas: those of validation libraries by the Standard Schema interface, and plain JSON Schema. What always holds: a
 * schema is checked at the edge, where it is given; what it says of a value is data, never an exception; a message about a
 * value doesn't quote it.
 */
import { describe, fail } from './check.js'
import { type OutputIssue, ValidationError } from './errors.js'

/**
 * A schema of a validation library: Zod, Valibot, ArkType and all others that have the Standard Schema interface
 * (https://standardschema.dev).
 *
 * @example
 * import { type StandardSchema, StreamClient } from 'millstream'
 *
 * declare const river: StandardSchema<{ name: string }> // z.object({ name: z.string() })
 * const result = await new StreamClient().stream({ model: 'gpt-4o-mini', prompt: 'A river', output: { schema: river } })
 * console.log((await result.object).name)
 */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/**
 * What a Standard Schema says of a value.
 *
 * @example
 * const result: StandardResult<string> = { issues: [{ message: 'Expected a string', path: ['name'] }] }
 */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
      }[]
    }

/**
 * A JSON Schema as a plain object, of draft 2020-12 unless its `$schema` names 2019-09, 7 or 4.
 *
 * @example
 * const schema: JsonSchema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }
 */
export interface JsonSchema {
  readonly [keyword: string]: unknown
}

/**
 * What describes a value, to the model and to the check of what it gives: a schema of a validation library, or a
 * {@link JsonSchema}, also one whose type some library gives.
 *
 * @example
 * const schema: Schema = { type: 'array', items: { type: 'string' } }
 */
export type Schema<T = unknown> = StandardSchema<T> | object

/** A schema, ready to be sent and to check values. */
export interface CompiledSchema<T = unknown> {
  /** For the model. */
  readonly json: JsonSchema
  validate(value: unknown): Validated<T> | Promise<Validated<T>>
}

export type Validated<T> = { value: T; issues?: undefined } | { issues: readonly OutputIssue[] }

/** Checks a schema that was given as the option `field`. */
export function compileSchema<T>(given: unknown, field: string): CompiledSchema<T> {
  if ((typeof given !== 'object' && typeof given !== 'function') || given === null || Array.isArray(given)) {
    fail(field, 'a JSON Schema, or a schema of a library with the Standard Schema interface', describe(given))
  }
  const standard = (given as Partial<StandardSchema<T>>)['~standard']
  if (standard === undefined) {
    // Read as a JSON Schema, it would allow everything.
    if (Object.values(given).some((value) => Object(value)['~standard'] !== undefined)) {
      fail(field, 'one schema', 'an object of schemas: make one of it, such as `z.object({ … })`')
    }
    return plain(given as JsonSchema, field)
  }
  if (standard.version !== 1 || typeof standard.validate !== 'function') {
    fail(field, 'a schema of version 1 of the Standard Schema interface', describe(standard.version))
  }
  return {
    json: jsonOf(given as StandardSchema, field),
    validate: (value) => {
      const result = standard.validate(value)
      return result instanceof Promise ? result.then(told) : told(result)
    },
  }
}

function told<T>(result: StandardResult<T>): Validated<T> {
  if (result.issues === undefined) return { value: result.value }
  const issues = result.issues.map(({ message, path = [] }) => ({ message, path: path.map(stepOf) }))
  return { issues: issues.length > 0 ? issues : [{ message: 'The value does not match', path: [] }] }
}

function stepOf(step: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof step === 'object' ? step.key : step
  return typeof key === 'number' ? key : String(key)
}

/** What libraries call the making of a JSON Schema, beside the interface that the newer ones share. */
interface JsonSchemaMaker {
  readonly '~standard': {
    readonly vendor?: unknown
    readonly jsonSchema?: { input?: (options: { target: string }) => unknown }
  }
  toJSONSchema?: (options: { io: 'input' }) => unknown
  toJsonSchema?: () => unknown
}

/** The schema as the model is to see it: of what comes in, before any transformation. */
function jsonOf(given: unknown, field: string): JsonSchema {
  const maker = given as JsonSchemaMaker
  const { vendor, jsonSchema } = maker['~standard']
  let made: unknown
  try {
    if (typeof jsonSchema?.input === 'function') made = jsonSchema.input({ target: 'draft-2020-12' })
    else if (typeof maker.toJSONSchema === 'function') made = maker.toJSONSchema({ io: 'input' })
    else if (typeof maker.toJsonSchema === 'function') made = maker.toJsonSchema()
  } catch (cause) {
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    throw new ValidationError(`Expected \`${field}\` to be a schema that JSON Schema can express${why}`, field, {
      cause,
    })
  }
  if (typeof made !== 'object' || made === null) {
    const library = typeof vendor === 'string' ? ` of ${JSON.stringify(vendor.slice(0, 40))}` : ''
    fail(
      field,
      'a schema that makes a JSON Schema of itself (Standard JSON Schema, as Zod has since 4.2)',
      `one${library} that doesn't: give a JSON Schema, or wrap the schema with the library's converter`,
    )
  }
  // Some endpoints refuse the marker; whatever else is no JSON (functions, symbols) is none of the model's business.
  const { $schema: _, ...json } = JSON.parse(JSON.stringify(made)) as Record<string, unknown>
  return json
}

type Validator = typeof import('@cfworker/json-schema')
type Draft = import('@cfworker/json-schema').SchemaDraft

const drafts: readonly [RegExp, Draft][] = [
  [/draft-04/, '4'],
  [/draft-0[67]/, '7'],
  [/2019-09/, '2019-09'],
]

function plain<T>(given: JsonSchema, field: string): CompiledSchema<T> {
  let json: JsonSchema
  try {
    json = JSON.parse(JSON.stringify(given)) as JsonSchema
  } catch (cause) {
    throw new ValidationError(`Expected \`${field}\` to be JSON Schema, got something that is no JSON`, field, {
      cause,
    })
  }
  const { $schema } = json
  const named = typeof $schema === 'string' ? drafts.find(([pattern]) => pattern.test($schema)) : undefined
  // Copied there by the build, so that the package depends on nothing.
  const { Validator } = require('./vendor/json-schema/index.js') as Validator
  const refuse = (cause: unknown): never => {
    const why = cause instanceof Error ? cause.message.split('\n', 1)[0] : 'it was refused'
    throw new ValidationError(`Expected \`${field}\` to be a valid JSON Schema: ${why}`, field, { cause })
  }
  let validator: InstanceType<Validator['Validator']>
  try {
    validator = new Validator(json as ConstructorParameters<Validator['Validator']>[0], named?.[1] ?? '2020-12', false)
    compilePatterns(json)
  } catch (cause) {
    return refuse(cause)
  }
  const { $schema: _, ...sent } = json
  return {
    json: sent,
    validate: (value) => {
      let errors: readonly { keyword: string; instanceLocation: string; error: string }[]
      try {
        const result = validator.validate(value)
        if (result.valid) return { value: value as T }
        errors = result.errors
      } catch (cause) {
        // A reference to what isn't there shows only when it is followed.
        return refuse(cause)
      }
      const innermost = errors.filter(({ keyword }) => !outer.has(keyword))
      const issues = (innermost.length > 0 ? innermost : errors).map(({ instanceLocation, error }) => ({
        path: pathOf(instanceLocation),
        message: unquoted(error),
      }))
      return { issues }
    },
  }
}

/** Keywords whose error says only that there is another one inside. */
const outer: ReadonlySet<string> = new Set([
  '$ref',
  'allOf',
  'dependentSchemas',
  'else',
  'items',
  'additionalItems',
  'patternProperties',
  'prefixItems',
  'properties',
  'then',
])

/** A pattern that is none is told where the schema is given. */
function compilePatterns(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === 'pattern' && typeof value === 'string') new RegExp(value, 'u')
    else if (keyword === 'patternProperties' && typeof value === 'object' && value !== null) {
      for (const pattern of Object.keys(value)) new RegExp(pattern, 'u')
    }
    // What stands in these are values, not schemas.
    if (keyword !== 'enum' && keyword !== 'const' && keyword !== 'default' && keyword !== 'examples')
      compilePatterns(value)
  }
}

/** The names and indices of `#/rivers/0`. */
function pathOf(location: string): (string | number)[] {
  return location
    .split('/')
    .slice(1)
    .map((step) => {
      const name = decodeURIComponent(step.replaceAll('~1', '/').replaceAll('~0', '~'))
      return /^\d+$/.test(name) ? Number(name) : name
    })
}

/** Without the value itself, where a message begins with it. */
function unquoted(message: string): string {
  return message.replace(/^-?\d[\d.e+-]* is /, 'It is ')
}

/** A path as it stands in a message: `rivers[0].name`. */
export function pathText(path: readonly (string | number)[]): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else if (/^[A-Za-z_$][\w$]*$/.test(step)) text += text === '' ? step : `.${step}`
    else text += `[${JSON.stringify(step.slice(0, 60))}]`
  }
  return text
}
