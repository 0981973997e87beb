/** The models of Workers AI that are known by name, and where a model is asked. Data; imports nothing. */

/** A model of Workers AI. */
export interface CopilotEdgeModel {
  name: string
  /** Whether it answers in pieces, too. */
  streaming: boolean
  /** `chat`: `/ai/v1/chat/completions`; `run`: `/ai/run/{model}`. */
  endpoint: 'chat' | 'run'
}

/** Asked where nothing else is said. */
export const defaultModel = '@cf/meta/llama-3.1-8b-instruct'

/**
 * The models known by name. Any other can be asked, too.
 *
 * @example
 * import { supportedModels } from 'millstream/compat/copilotedge'
 *
 * console.log(supportedModels.filter(({ streaming }) => streaming).map(({ name }) => name))
 */
export const supportedModels: readonly Readonly<CopilotEdgeModel>[] = [
  defaultModel,
  '@cf/meta/llama-3.1-70b',
  '@cf/mistral/mistral-7b-instruct',
  '@cf/google/gemma-7b-it',
  '@cf/openai/gpt-oss-120b',
  '@cf/openai/gpt-oss-20b',
].map((name) => Object.freeze({ name, streaming: true, endpoint: endpointOf(name) }))

/** Families that are asked as OpenAI's models are; the others have an address of their own each. */
export function endpointOf(model: string): CopilotEdgeModel['endpoint'] {
  return /^@cf\/(meta|mistral|google)\//.test(model) ? 'chat' : 'run'
}
