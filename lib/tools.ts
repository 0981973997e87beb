/**
 * Tools: their types and checks. What always holds: what is wrong with a tool is told where it is given; a tool is called
 * with arguments that its schema accepted, and what it gives back is JSON.
 */
import { checkBoolean, checkFunction, checkNonEmpty, checkObject, checkString, describe, fail } from './check.js'
import { ValidationError } from './errors.js'
import { toJson } from './generation.js'
import type { CacheControl, RequestMessage } from './request-messages.js'
import { type CompiledSchema, compileSchema, pathText, type Schema } from './schema.js'
import type { FinishReason, ToolCall, ToolResult, Usage } from './types.js'

/**
 * What a tool is told beside its arguments.
 *
 * @example
 * const now = async (_: unknown, { signal }: ToolContext) => (await fetch('https://example.com/now', { signal })).text()
 */
export interface ToolContext {
  /** Aborts when nobody wants the answer any more. */
  signal: AbortSignal
  toolCallId: string
  /** The conversation up to the call, the model's last words included. */
  messages: readonly RequestMessage[]
}

/**
 * A tool that is run when the model calls it, and whose result goes back to the model. {@link defineTool} types it by its
 * schema.
 *
 * @example
 * const dice: ExecutableTool = { name: 'dice', description: 'Throws a die', execute: () => 1 + Math.floor(Math.random() * 6) }
 */
export interface ExecutableTool<Args = unknown, Result = unknown> {
  name: string
  /** Tells the model what it is good for. */
  description?: string
  /** Of its arguments: of a validation library, or a JSON Schema. Without one it takes none. */
  parameters?: Schema<Args>
  /** Whether the provider is to enforce the schema, where that is a choice. */
  strict?: boolean
  cacheControl?: CacheControl
  type?: undefined
  /**
   * Called with what the schema made of the arguments. What it returns or resolves to is sent to the model as JSON, a string
   * as it is; what it throws is told to the model by its message, and the answer goes on.
   */
  execute(args: Args, context: ToolContext): Result | Promise<Result>
}

/**
 * Gives the tool back, with its arguments typed by its schema.
 *
 * @example
 * import { defineTool, StreamClient, type StandardSchema } from 'millstream'
 *
 * declare const place: StandardSchema<{ city: string }> // z.object({ city: z.string() })
 * const weather = defineTool({
 *   name: 'weather',
 *   description: 'The weather at a place',
 *   parameters: place,
 *   execute: async ({ city }, { signal }) => (await fetch(`https://example.com/weather/${city}`, { signal })).json(),
 * })
 * const { text } = await new StreamClient().generate({ model: 'gpt-4o-mini', prompt: 'Oslo?', tools: [weather] })
 */
export function defineTool<Args, Result>(tool: ExecutableTool<Args, Result>): ExecutableTool<Args, Result> {
  return tool
}

/**
 * One turn of the model in an answer with tools.
 *
 * @example
 * const onStep = ({ step, toolCalls }: ToolStep) => console.log(step, toolCalls.map((call) => call.tool))
 */
export interface ToolStep {
  /** Counted from 1. */
  step: number
  text: string
  toolCalls: ToolCall[]
  toolResults: ToolResult[]
  finishReason: FinishReason
  usage: Usage | undefined
  /** What this turn added to the conversation: the model's words and calls, and the results. */
  messages: RequestMessage[]
}

/** The tools of a request, checked. */
export interface ToolSet {
  /** For the model: what was given, with schemas as JSON. */
  definitions: unknown[]
  /** Those that are run here, by name. */
  runnable: ReadonlyMap<string, RunnableTool>
  /** Names of those that somebody else runs; `undefined` where a provider's own are among them, which may have any. */
  others: ReadonlySet<string> | undefined
}

export interface RunnableTool {
  execute(args: unknown, context: ToolContext): unknown
  parameters: CompiledSchema | undefined
}

const keys = [
  'name',
  'description',
  'parameters',
  'strict',
  'cacheControl',
  'type',
  'execute',
] as const satisfies readonly (keyof ExecutableTool)[]

/** Checks those of the tools that have a name of their own, and makes the schemas of all of them JSON. */
export function checkToolSet(given: unknown): ToolSet {
  if (!Array.isArray(given)) fail('tools', 'an array of tools', describe(given))
  const runnable = new Map<string, RunnableTool>()
  const others = new Set<string>()
  let opaque = false
  const definitions = given.map((tool, index) => {
    const field = `tools[${index}]`
    if (typeof tool !== 'object' || tool === null) return tool
    const { name: called, execute, type, function: inner } = tool as Partial<Record<string, unknown>>
    if (type !== undefined || (called === undefined && execute === undefined)) {
      if (execute !== undefined) {
        fail(
          `${field}.execute`,
          "left out of a provider's own definition: give `name` and `parameters` beside it",
          'one',
        )
      }
      const { name: own } = (inner ?? {}) as { name?: unknown }
      if (type === 'function' && typeof own === 'string') others.add(own)
      else opaque = true
      return tool
    }
    const checked = checkObject(tool, field, keys, `${field}.`)
    const name = checkName(checked.name, `${field}.name`)
    if (runnable.has(name) || others.has(name)) {
      throw new ValidationError(`Expected the names of \`tools\` to differ, got two \`${name}\``, `${field}.name`)
    }
    const parameters =
      checked.parameters === undefined ? undefined : compileSchema(checked.parameters, `${field}.parameters`)
    if (execute === undefined) others.add(name)
    else {
      const run = checkFunction(execute as ExecutableTool['execute'], `${field}.execute`)
      runnable.set(name, { execute: (args, context) => run.call(tool as ExecutableTool, args, context), parameters })
    }
    const { description, strict, cacheControl } = checked
    return {
      name,
      ...(description !== undefined && { description: checkString(description, `${field}.description`) }),
      parameters: parameters?.json ?? { type: 'object', properties: {} },
      ...(strict !== undefined && { strict: checkBoolean(strict, `${field}.strict`) }),
      ...(cacheControl !== undefined && { cacheControl }),
    }
  })
  return { definitions, runnable, others: opaque ? undefined : others }
}

function checkName(name: unknown, field: string): string {
  const text = checkNonEmpty(name, field)
  // What all providers take.
  return /^[\w-]{1,64}$/.test(text)
    ? text
    : fail(field, 'a name of up to 64 letters, digits, `_` and `-`', JSON.stringify(text.slice(0, 80)))
}

/** Runs a call to its end. Never rejects: what goes wrong is the result. */
export async function runCall(call: ToolCall, tools: ToolSet, context: ToolContext): Promise<ToolResult> {
  const { id, tool: name } = call
  const failed = (result: string): ToolResult => ({ id, tool: name, result, isError: true })
  const tool = tools.runnable.get(name)
  if (tool === undefined) {
    const known = [...tools.runnable.keys(), ...(tools.others ?? [])].map((one) => `\`${one}\``).join(', ')
    return failed(`There is no tool \`${name.slice(0, 100)}\`. Known: ${known}`)
  }
  if (!call.valid)
    return failed(`The arguments are not complete, well-formed JSON: ${call.rawArguments.slice(0, 2000)}`)
  try {
    const checked = await tool.parameters?.validate(call.args)
    if (checked?.issues !== undefined) {
      const issues = checked.issues.slice(0, 10).map(({ path, message }) => {
        return path.length === 0 ? message : `${pathText(path)}: ${message}`
      })
      return failed(`The arguments do not match the tool's schema: ${issues.join('; ')}`)
    }
    if (context.signal.aborted) return failed('The answer was aborted')
    const result = await tool.execute(checked === undefined ? call.args : checked.value, context)
    // As it will be read back; nothing returned is nothing to say.
    return { id, tool: name, result: result === undefined ? null : JSON.parse(toJson(result, 'the result of a tool')) }
  } catch (error) {
    return failed(error instanceof Error && error.message !== '' ? error.message : `The tool failed: ${String(error)}`)
  }
}

/** What a result is to the model. */
export function resultText({ result }: ToolResult): string {
  return typeof result === 'string' ? result : JSON.stringify(result)
}
