/**
 * The tools that were registered with a `NeuroLink`, and those of them that a question wants. What always holds: a name
 * that nobody registered is refused before anything is sent.
 */
import { checkBoolean, checkNonEmpty, describe, fail } from '../../check.js'
import { ValidationError } from '../../errors.js'
import type { StreamRequest } from '../../stream-request.js'
import { checkToolSet, type ExecutableTool } from '../../tools.js'

type EngineTool = NonNullable<StreamRequest['tools']>[number]

export class RegisteredTools {
  readonly #tools = new Map<string, ExecutableTool>()

  /** Adds a tool, or replaces the one of that name. @throws ValidationError where it is none. */
  add(name: string, tool: Omit<ExecutableTool, 'name'>): void {
    if (typeof tool !== 'object' || tool === null) fail('tool', 'a tool with `execute`', describe(tool))
    const named = { ...tool, name: checkNonEmpty(name, 'name') }
    if (typeof named.execute !== 'function') fail('tool.execute', 'a function', describe(named.execute))
    checkToolSet([named])
    this.#tools.set(name, named)
  }

  remove(name: string): boolean {
    return this.#tools.delete(name)
  }

  /** The tools of a question. */
  chosen(given: unknown): EngineTool[] | undefined {
    if (given === undefined) return this.#tools.size === 0 ? undefined : [...this.#tools.values()]
    if (!Array.isArray(given)) fail('tools', 'an array of tools', describe(given))
    const tools = given.flatMap((tool: unknown, index) => {
      const { name, enabled = true, ...more } = (tool ?? {}) as { name?: unknown; enabled?: unknown }
      if (name === undefined || Object.keys(more).length > 0) return [tool as EngineTool]
      const registered = this.#tools.get(checkNonEmpty(name, `tools[${index}].name`))
      if (registered === undefined) this.#unknown(String(name), index)
      return checkBoolean(enabled, `tools[${index}].enabled`) ? [registered] : []
    })
    return tools.length === 0 ? undefined : tools
  }

  #unknown(name: string, index: number): never {
    const known = [...this.#tools.keys()].map((one) => `'${one}'`)
    throw new ValidationError(
      `Unknown tool ${describe(name)}. Registered: ${known.length === 0 ? 'none' : known.join(', ')}`,
      `tools[${index}].name`,
      { code: 'UNKNOWN_TOOL' },
    )
  }
}
