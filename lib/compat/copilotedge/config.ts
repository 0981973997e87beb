/**
 * What a `CopilotEdge` is made of: the types and their checks. What always holds: an option without effect is refused;
 * keys come from the environment only where none are given, and never stand in a message.
 */
import {
  checkBoolean,
  checkFunction,
  checkHeaders,
  checkInteger,
  checkMilliseconds,
  checkNonEmpty,
  checkObject,
  checkOneOf,
} from '../../check.js'
import { ValidationError } from '../../errors.js'
import type { RequestLimits } from '../../handler.js'
import { checkKey } from '../../providers.js'
import { defaultModel } from './models.js'

/** What a `CopilotEdge` is made of. Nothing is needed where key and account are in the environment. */
export interface CopilotEdgeConfig extends RequestLimits {
  /** Default `COPILOTEDGE_API_KEY`, else `CLOUDFLARE_API_TOKEN`. */
  apiKey?: string
  /** Default `COPILOTEDGE_ACCOUNT_ID`, else `CLOUDFLARE_ACCOUNT_ID`. */
  accountId?: string
  /** Default `@cf/meta/llama-3.1-8b-instruct`. */
  model?: string
  /** There is one. */
  provider?: 'cloudflare'
  /**
   * What stands before `/accounts/{accountId}/ai`, or an URL that has the account in it, up to `/ai`. Default
   * `CLOUDFLARE_BASE_URL`, else `https://api.cloudflare.com/client/v4`.
   */
  baseUrl?: string
  /** Sent with each request to Cloudflare. */
  headers?: Record<string, string>
  /** Whether requests that don't say get their answer in pieces. Default false. */
  stream?: boolean
  /** Called for each piece of a streamed answer, in order; awaited. */
  onChunk?(chunk: string): unknown
  /** Lines that begin with `[DEBUG]` on stderr, without keys and without texts. Default false. */
  debug?: boolean
  /** Requests in all for one answer, where they fail before its first piece. Default 3. */
  maxRetries?: number
  /** Milliseconds that may pass without anything coming from Cloudflare, however long the answer. Default 30000. */
  apiTimeout?: number
}

/** Options of other versions that would have no effect here, by what they are about. */
const absent: Readonly<Record<string, string>> = {
  cacheTimeout: 'answers are not cached',
  cacheSize: 'answers are not cached',
  kvNamespace: 'answers are not cached',
  kvCacheTTL: 'answers are not cached',
  kvCachePrefix: 'answers are not cached',
  rateLimit: 'clients are not counted',
  fallback: 'there is one model to ask',
  circuitBreakerFailureThreshold: 'there is no circuit breaker',
  circuitBreakerOpenStateTimeout: 'there is no circuit breaker',
  regionCheckTimeout: 'Cloudflare chooses the region itself',
  enableInternalSensitiveLogging: 'texts and keys are never logged',
  fetch: 'requests are made by the engine',
  telemetry: 'nothing is reported',
  security: 'requests are not signed',
  enableConversations: 'conversations are not kept',
  conversationId: 'conversations are not kept',
  defaultConversationId: 'conversations are not kept',
}

const keys = [
  'apiKey',
  'accountId',
  'model',
  'provider',
  'baseUrl',
  'headers',
  'stream',
  'onChunk',
  'debug',
  'maxRetries',
  'apiTimeout',
  'maxRequestSize',
  'maxMessages',
  'maxMessageSize',
  'maxObjectDepth',
] as const satisfies readonly (keyof CopilotEdgeConfig)[]

/** A checked {@link CopilotEdgeConfig}, defaults applied; key and account may still be missing. */
export interface EdgeSettings {
  apiKey: string | undefined
  accountId: string | undefined
  model: string
  baseUrl: string
  headers: Record<string, string>
  stream: boolean
  onChunk: CopilotEdgeConfig['onChunk']
  debug: boolean
  maxRetries: number
  apiTimeout: number
  limits: Required<RequestLimits>
}

/** Checks what a `CopilotEdge` is constructed with. */
export function edgeSettings(config: CopilotEdgeConfig): EdgeSettings {
  for (const [option, why] of Object.entries(absent)) {
    if ((config as Record<string, unknown> | null)?.[option] !== undefined) {
      throw new ValidationError(`\`${option}\` is not supported: ${why}`, option, { code: 'UNSUPPORTED_OPTION' })
    }
  }
  checkObject(config, 'config', keys)
  if (config.provider !== undefined) checkOneOf(config.provider, 'provider', ['cloudflare'])
  const limit = (name: keyof RequestLimits, otherwise: number) => checkInteger(config[name] ?? otherwise, name, 1)
  const baseUrl = config.baseUrl ?? environment('CLOUDFLARE_BASE_URL') ?? 'https://api.cloudflare.com/client/v4'
  return {
    apiKey: config.apiKey === undefined ? undefined : checkKey(config.apiKey, 'apiKey'),
    accountId: config.accountId === undefined ? undefined : checkNonEmpty(config.accountId, 'accountId').trim(),
    model: checkNonEmpty(config.model ?? defaultModel, 'model'),
    baseUrl: checkNonEmpty(baseUrl, 'baseUrl').trim().replace(/\/+$/, ''),
    headers: { ...checkHeaders(config.headers ?? {}, 'headers') },
    stream: checkBoolean(config.stream ?? false, 'stream'),
    onChunk: config.onChunk && checkFunction(config.onChunk, 'onChunk').bind(config),
    debug: checkBoolean(config.debug ?? false, 'debug'),
    maxRetries: checkInteger(config.maxRetries ?? 3, 'maxRetries', 1, 1000),
    apiTimeout: checkMilliseconds(config.apiTimeout ?? 30_000, 'apiTimeout'),
    limits: {
      maxRequestSize: limit('maxRequestSize', 1024 * 1024),
      maxMessages: limit('maxMessages', 100),
      maxMessageSize: limit('maxMessageSize', 10 * 1024),
      maxObjectDepth: limit('maxObjectDepth', 10),
    },
  }
}

/** Key and account: those that were given, else those of the environment. @throws ValidationError where one is missing. */
export function credentials({ apiKey, accountId }: EdgeSettings): { apiKey: string; accountId: string } {
  return {
    apiKey:
      apiKey ??
      checkKey(fromEnvironment('apiKey', 'COPILOTEDGE_API_KEY', 'CLOUDFLARE_API_TOKEN'), 'CLOUDFLARE_API_TOKEN'),
    accountId: accountId ?? fromEnvironment('accountId', 'COPILOTEDGE_ACCOUNT_ID', 'CLOUDFLARE_ACCOUNT_ID'),
  }
}

function fromEnvironment(field: 'apiKey' | 'accountId', ...names: readonly [string, string]): string {
  const value = environment(names[0]) ?? environment(names[1])
  if (value !== undefined) return value
  const what = field === 'apiKey' ? 'API key' : 'account id'
  throw new ValidationError(`No ${what} for Cloudflare: set ${names[1]} or pass \`${field}\``, field, {
    code: field === 'apiKey' ? 'MISSING_API_KEY' : 'MISSING_ACCOUNT_ID',
  })
}

function environment(name: string): string | undefined {
  return process.env[name]?.trim() || undefined
}
