/**
 * {@link AgentRunner}: a model with a task, variables and tools, over `SteerLLMClient`. What always holds: a template
 * without its variable is never sent; tools are run by the client, which checks their arguments.
 */
import { checkNonEmpty, checkObject, checkString, describe, fail } from '../../check.js'
import type { GenerationOptions } from '../../generation.js'
import type { EventContext, EventStream, StreamEvent } from '../../pipeline.js'
import type { RequestOptions } from '../../stream-request.js'
import { type ResponseFormat, type SteerConfig, SteerLLMClient, type SteerOptions } from './client.js'
import type { StreamingOptions, StreamingOptionsInput } from './options.js'
import { type EitherSpelling, inCamelCase } from './spelling.js'

interface AgentFields extends Pick<RequestOptions, 'provider' | 'tools' | 'toolChoice'> {
  model: string
  /** What the model is told to be. May hold `{variables}`, as `userTemplate`. */
  system?: string
  /** What is asked: each `{name}` is replaced with the variable of that name, `{{` and `}}` are braces. Default `{query}`. */
  userTemplate?: string
  /** Temperature and the like. */
  parameters?: EitherSpelling<GenerationOptions>
  /** A JSON Schema: the answer is JSON of this form. */
  jsonSchema?: object
}

/** Who is asked, for what, with which tools. Those with an `execute` are run. */
export type AgentDefinition = EitherSpelling<AgentFields>

/** How one question is run. */
export type AgentOptions = EitherSpelling<{
  /** `false` asks for whole answers. Default true. */
  streaming?: boolean
  /** Turns of the model, where tools are run. Default 5. */
  maxSteps?: number
  signal?: AbortSignal
  streamingOptions?: StreamingOptionsInput | StreamingOptions
}>

/** A question to an agent. */
export interface AgentRequest {
  definition: AgentDefinition
  variables?: Readonly<Record<string, unknown>>
  options?: AgentOptions
}

/** What happens while an agent answers: the events of a stream, its calls of tools and their results. */
export type AgentEvent =
  | Exclude<StreamEvent, { type: 'tool-call' | 'tool-call-delta' | 'tool-result' }>
  | (EventContext & { type: 'tool_call'; metadata: { tool: string; id: string; args: unknown; valid: boolean } })
  | (EventContext & { type: 'tool_result'; metadata: { tool: string; id: string; result: unknown; isError: boolean } })

const definitionKeys = [
  'model',
  'provider',
  'system',
  'userTemplate',
  'tools',
  'toolChoice',
  'parameters',
  'jsonSchema',
] as const satisfies readonly (keyof AgentFields)[]

/**
 * Has a model do a task with tools.
 *
 * @example
 * import { AgentRunner } from 'millstream/compat/steer'
 *
 * const definition = {
 *   model: 'gpt-4o-mini',
 *   system: 'You calculate.',
 *   tools: [{ name: 'now', description: 'The time', execute: () => new Date().toISOString() }],
 * }
 * for await (const event of new AgentRunner().stream({ definition, variables: { query: 'What time is it?' } })) {
 *   if (event.type === 'delta') process.stdout.write(event.delta)
 *   else if (event.type === 'tool_call') console.log(event.metadata.tool)
 * }
 */
export class AgentRunner {
  readonly #client: SteerLLMClient

  /** Asks by a client of its own, or by one that is given. */
  constructor(client: SteerLLMClient | SteerConfig = {}) {
    this.#client = client instanceof SteerLLMClient ? client : new SteerLLMClient(client)
  }

  /** Asks, and gives what happens. It starts at once; leaving the loop ends it. */
  stream(request: AgentRequest): AsyncIterable<AgentEvent> {
    const {
      definition,
      variables = {},
      options = {},
    } = checkObject(request, 'request', ['definition', 'variables', 'options']) as unknown as AgentRequest
    return agentEvents(this.#client.events(question(definition, variables, options)))
  }
}

function question(given: AgentDefinition, variables: object, options: AgentOptions) {
  const fields = checkObject(
    inCamelCase(given ?? {}),
    'definition',
    definitionKeys,
    'definition.',
  ) as unknown as AgentFields
  const { model, provider, system, userTemplate = '{query}', tools, toolChoice, parameters = {}, jsonSchema } = fields
  if (typeof variables !== 'object' || variables === null) fail('variables', 'an object', describe(variables))
  const fill = (template: unknown, field: string) => filled(checkString(template, field), variables, field)
  const keys = ['streaming', 'maxSteps', 'signal', 'streamingOptions']
  const {
    streaming = true,
    maxSteps,
    signal,
    streamingOptions,
  } = checkObject(inCamelCase(options), 'options', keys, 'options.')
  const responseFormat: ResponseFormat | undefined = jsonSchema && {
    type: 'json_schema',
    json_schema: { name: 'answer', schema: jsonSchema },
  }
  return {
    ...inCamelCase(parameters),
    messages: fill(userTemplate, 'definition.userTemplate'),
    model: checkNonEmpty(model, 'definition.model'),
    stream: streaming,
    ...(system !== undefined && { systemPrompt: fill(system, 'definition.system') }),
    ...(responseFormat && { responseFormat }),
    ...defined({ provider, tools, toolChoice, maxSteps, signal, streamingOptions }),
  } as SteerOptions & { messages: string }
}

function defined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function filled(template: string, variables: object, field: string): string {
  return template.replace(/\{\{|\}\}|\{(\w+)\}/g, (found, name: string | undefined) => {
    if (name === undefined) return found.slice(1)
    if (!Object.hasOwn(variables, name)) fail(`variables.${name}`, `given, as \`${field}\` asks for it`, 'none')
    return String((variables as Record<string, unknown>)[name])
  })
}

function agentEvents(events: EventStream): AsyncIterable<AgentEvent> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = events[Symbol.asyncIterator]()
      return {
        async next(): Promise<IteratorResult<AgentEvent>> {
          while (true) {
            const step = await iterator.next()
            if (step.done === true) return { done: true, value: undefined }
            const value = agentEvent(step.value)
            if (value !== undefined) return { done: false, value }
          }
        },
        async return(): Promise<IteratorResult<AgentEvent>> {
          await iterator.return?.()
          return { done: true, value: undefined }
        },
      }
    },
  }
}

function agentEvent(event: StreamEvent): AgentEvent | undefined {
  const { provider, model, requestId, timestamp, metadata } = event
  const context = { provider, model, requestId, timestamp }
  switch (event.type) {
    case 'tool-call': {
      const { tool, id, args, valid } = event
      return { ...context, type: 'tool_call', metadata: { ...metadata, tool, id, args, valid } }
    }
    case 'tool-result': {
      const { tool, id, result, isError = false } = event
      return { ...context, type: 'tool_result', metadata: { ...metadata, tool, id, result, isError } }
    }
    // The call comes whole.
    case 'tool-call-delta':
      return undefined
    default:
      return event
  }
}
