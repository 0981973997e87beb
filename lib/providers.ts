/**
 * Providers known by name, as data: where they are, where their key comes from. A provider that speaks OpenAI's format is
 * one row.
 */
import { checkHeaders, checkNonEmpty, checkObject, checkOneOf, describe, fail, kindOf } from './check.js'
import { ValidationError } from './errors.js'

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
 * A provider known by name.
 *
 * @example
 * const provider: ProviderName = 'openai'
 */
export type ProviderName = 'openai' | 'cerebras'

/**
 * What a server of OpenAI's format calls the cap on the tokens of an answer.
 *
 * @example
 * const field: MaxTokensField = 'max_completion_tokens'
 */
export type MaxTokensField = 'max_tokens' | 'max_completion_tokens'

export const maxTokensFields = ['max_tokens', 'max_completion_tokens'] as const satisfies readonly MaxTokensField[]

/**
 * Any provider that understands OpenAI's chat completions.
 *
 * @example
 * const local: ProviderConfig = { name: 'local', baseUrl: 'http://127.0.0.1:8080/v1' }
 */
export interface ProviderConfig {
  /** Stands in errors. Default: the URL's host. */
  name?: string
  /** The URL that `chat/completions` is appended to, e.g. `https://api.example.com/v1`. */
  baseUrl: string
  /** Sent as `Authorization: Bearer …`. */
  apiKey?: string
  headers?: Record<string, string>
  /** How it answers. Default `'openai'`. */
  protocol?: 'auto' | WireProtocol
  /** What it calls `maxTokens`. Default `'max_tokens'`, which all compatible servers know. */
  maxTokensField?: MaxTokensField
}

interface ProviderRow {
  baseUrl: string
  /** Environment variable that replaces `baseUrl`. */
  baseUrlVariable: string
  /** Environment variable that holds the key. */
  keyVariable: string
  /** Where a person gets one. */
  keyPage: string
  protocol: WireProtocol
  maxTokensField: MaxTokensField
}

const table: Record<ProviderName, ProviderRow> = {
  openai: {
    baseUrl: 'https://api.openai.com/v1',
    baseUrlVariable: 'OPENAI_BASE_URL',
    keyVariable: 'OPENAI_API_KEY',
    keyPage: 'https://platform.openai.com/api-keys',
    protocol: 'openai',
    // Its reasoning models refuse `max_tokens`.
    maxTokensField: 'max_completion_tokens',
  },
  cerebras: {
    baseUrl: 'https://api.cerebras.ai/v1',
    baseUrlVariable: 'CEREBRAS_BASE_URL',
    keyVariable: 'CEREBRAS_API_KEY',
    keyPage: 'https://cloud.cerebras.ai',
    protocol: 'openai',
    maxTokensField: 'max_completion_tokens',
  },
}

/** The providers known by name. */
export const providerNames = Object.keys(table) as ProviderName[]

/** Whether `name` is a {@link ProviderName}. */
export function isProviderName(name: string): name is ProviderName {
  return Object.hasOwn(table, name)
}

/** The first provider whose key is in the environment. */
export function providerInEnvironment(): ProviderName | undefined {
  return providerNames.find((name) => environment(table[name].keyVariable) !== undefined)
}

/** A provider, ready to be asked. */
export interface ResolvedProvider {
  name: string
  baseUrl: string
  apiKey: string | undefined
  headers: Record<string, string>
  protocol: 'auto' | WireProtocol
  maxTokensField: MaxTokensField
}

/** Looks a provider up or checks its description. `apiKey` and `baseUrl` are the caller's own, which win. */
export function resolveProvider(
  provider: ProviderName | ProviderConfig,
  own: { apiKey?: string | undefined; baseUrl?: string | undefined },
): ResolvedProvider {
  if (typeof provider === 'string') {
    const row = Object.hasOwn(table, provider) ? table[provider] : undefined
    if (row === undefined) {
      const known = Object.keys(table).map((name) => `'${name}'`)
      throw new ValidationError(
        `Unknown provider ${describe(provider)}. Known: ${known.join(', ')}. Any other that understands OpenAI's format ` +
          'can be given as { baseUrl, apiKey }',
        'provider',
        { code: 'UNKNOWN_PROVIDER' },
      )
    }
    const apiKey = own.apiKey ?? environment(row.keyVariable)
    if (apiKey === undefined) {
      throw new ValidationError(
        `No API key for provider '${provider}': set ${row.keyVariable} or pass \`apiKey\`. Keys come from ${row.keyPage}`,
        'apiKey',
        { type: 'auth_error', code: 'MISSING_API_KEY', provider },
      )
    }
    const baseUrl = own.baseUrl ?? environment(row.baseUrlVariable) ?? row.baseUrl
    const { protocol, maxTokensField } = row
    return { name: provider, baseUrl, apiKey, headers: {}, protocol, maxTokensField }
  }
  if (typeof provider !== 'object' || provider === null) {
    fail('provider', 'the name of a provider or an object with its `baseUrl`', describe(provider))
  }
  checkObject(provider, 'provider', ['name', 'baseUrl', 'apiKey', 'headers', 'protocol', 'maxTokensField'], 'provider.')
  return {
    name: provider.name === undefined ? '' : checkNonEmpty(provider.name, 'provider.name'),
    baseUrl: own.baseUrl ?? checkNonEmpty(provider.baseUrl, 'provider.baseUrl'),
    apiKey: own.apiKey ?? (provider.apiKey === undefined ? undefined : checkKey(provider.apiKey, 'provider.apiKey')),
    headers: provider.headers === undefined ? {} : checkHeaders(provider.headers, 'provider.headers'),
    protocol:
      provider.protocol === undefined ? 'openai' : checkOneOf(provider.protocol, 'provider.protocol', protocols),
    maxTokensField: checkOneOf(provider.maxTokensField ?? 'max_tokens', 'provider.maxTokensField', maxTokensFields),
  }
}

/** A key that can stand in a header. Its value never stands in a message. */
export function checkKey(value: unknown, field: string): string {
  if (typeof value !== 'string') fail(field, 'a string', kindOf(value))
  if (value.trim() === '') fail(field, 'a non-empty string', 'an empty one')
  const key = value.trim()
  if (!/^[\x21-\x7e]+$/.test(key)) fail(field, 'printable ASCII without spaces or line breaks', 'something else')
  return key
}

function environment(name: string): string | undefined {
  const value = process.env[name]?.trim()
  return value === undefined || value === '' ? undefined : value
}
