/** Names of formats: how endpoints are asked and how they answer. */

/**
 * How an endpoint answers: the format of a provider, or one that an application sends. `auto` looks at the content type
 * and the first event.
 *
 * @example
 * const protocol: WireProtocol = 'anthropic'
 */
export type WireProtocol =
  | 'openai-responses'
  | 'anthropic'
  | 'gemini'
  | 'gemini-interactions'
  | 'workers-ai'
  | 'bedrock-converse'
  | 'bedrock-invoke'
  | 'sagemaker'
  | 'ollama'
  | 'cohere'
  | 'watsonx'
  | WireFormat

/**
 * What an answer can be sent on as. `events` is `StreamingResponse`'s own; `openai` is chat completions, `ui-message` the
 * AI SDK's UI message stream, `chunk` is `{type: 'chunk', content}`, `content` is `{content, finished}`.
 *
 * @example
 * const format: WireFormat = 'events'
 */
export type WireFormat = 'events' | 'openai' | 'chunk' | 'content' | 'ui-message' | 'ndjson' | 'text'

export const protocols = [
  'auto',
  'openai',
  'openai-responses',
  'anthropic',
  'gemini',
  'gemini-interactions',
  'workers-ai',
  'ollama',
  'cohere',
  'watsonx',
  'bedrock-converse',
  'bedrock-invoke',
  'sagemaker',
  'events',
  'chunk',
  'content',
  'ui-message',
  'ndjson',
  'text',
] as const

/**
 * How an endpoint is asked: the shape of the request's body. `events` is an app's own route, the others are providers'.
 *
 * @example
 * const shape: RequestShape = 'anthropic'
 */
export type RequestShape =
  | 'events'
  | 'openai'
  | 'openai-responses'
  | 'anthropic'
  | 'gemini'
  | 'workers-ai'
  | 'ollama'
  | 'cohere'
  | 'watsonx'
  | 'bedrock-converse'
  | 'bedrock-invoke'
  | 'sagemaker'

export const shapes = [
  'events',
  'openai',
  'openai-responses',
  'anthropic',
  'gemini',
  'workers-ai',
  'ollama',
  'cohere',
  'watsonx',
  'bedrock-converse',
  'bedrock-invoke',
  'sagemaker',
] as const satisfies readonly RequestShape[]

/**
 * What a server of OpenAI's format calls the cap on the tokens of an answer.
 *
 * @example
 * const field: MaxTokensField = 'max_completion_tokens'
 */
export type MaxTokensField = 'max_tokens' | 'max_completion_tokens'

export const maxTokensFields = ['max_tokens', 'max_completion_tokens'] as const satisfies readonly MaxTokensField[]

/**
 * What a provider does otherwise than others of its format, as far as requests go (`Quirks` in
 * `crates/wire/src/request/quirks.rs`). What is not said is as others do.
 *
 * @example
 * const quirks: Quirks = { maxTokensField: 'max_completion_tokens', streamOptions: false }
 */
export interface Quirks {
  /** What it calls `maxTokens`. Default `'max_tokens'`, which all servers of OpenAI's format know. */
  maxTokensField?: MaxTokensField
  /** What it calls `seed`. */
  seedField?: string
  /** `false`: it refuses `stream_options`, or reports its usage without. */
  streamOptions?: boolean
  /** Whether a message may be of role `developer`; else the system says it. */
  developerRole?: boolean
  /** Whether it knows `top_k`, which OpenAI's own format lacks. */
  topK?: boolean
  /**
   * How it is asked to think: `reasoning_effort` (default), `reasoning: {effort, max_tokens}`, or
   * `thinking: {type}`.
   */
  reasoning?: 'effort' | 'object' | 'thinking'
  /** Where it takes back what an assistant thought before, if at all. */
  reasoningField?: 'reasoning_content' | 'reasoning' | 'reasoning_details'
  /** Whether it understands `cache_control` on parts and tools. */
  cacheControl?: boolean
  /** Members of a request that it has no word for, although its format has one, e.g. `seed` or `output.schema`. */
  lacks?: readonly string[]
}
