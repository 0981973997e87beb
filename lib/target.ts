/**
 * Where a request goes and how it is asked: endpoint, base URL, provider and key become one URL, headers and a shape.
 * Everything that can be wrong with them is found here, before any request.
 */
import { checkHeaders, checkNonEmpty, checkOneOf } from './check.js'
import { ValidationError } from './errors.js'
import {
  checkKey,
  type MaxTokensField,
  type ProviderConfig,
  type ProviderName,
  protocols,
  type ResolvedProvider,
  resolveProvider,
  type WireProtocol,
} from './providers.js'

/** What a caller says about the endpoint. */
export interface TargetConfig {
  endpoint?: string
  baseUrl?: string
  provider?: ProviderName | ProviderConfig
  apiKey?: string
  headers?: Record<string, string>
  protocol?: 'auto' | WireProtocol
}

/** Where to ask, and how. */
export interface Target {
  url: string
  headers: Record<string, string>
  /** The body's shape: an app's own route, or OpenAI's chat completions. */
  shape: 'events' | 'openai'
  /** What carries request and answer. */
  carrier: 'http' | 'websocket'
  protocol: 'auto' | WireProtocol
  /** What a provider calls `maxTokens`. */
  maxTokensField: MaxTokensField
  /** Stands in errors and results; `''` for an app's own route. */
  provider: string
}

/** Resolves the endpoint. Throws a {@link ValidationError} where no request could succeed. */
export function resolveTarget(config: TargetConfig): Target {
  const own = config.protocol === undefined ? undefined : checkOneOf(config.protocol, 'protocol', protocols)
  const baseUrl = config.baseUrl === undefined ? undefined : checkNonEmpty(config.baseUrl, 'baseUrl')
  const apiKey = config.apiKey === undefined ? undefined : checkKey(config.apiKey, 'apiKey')
  const provider = config.provider === undefined ? undefined : resolveProvider(config.provider, { apiKey, baseUrl })
  const url = provider === undefined ? appUrl(config.endpoint, baseUrl) : providerUrl(provider, config.endpoint)
  const protocol = own ?? provider?.protocol ?? 'auto'
  const chatCompletions = url.pathname.endsWith('/chat/completions') && (protocol === 'auto' || protocol === 'openai')
  const key = provider === undefined ? apiKey : provider.apiKey
  const headers = mergeHeaders(
    key === undefined ? undefined : { authorization: `Bearer ${key}` },
    provider?.headers,
    config.headers === undefined ? undefined : checkHeaders(config.headers, 'headers'),
  )
  return {
    url: url.href,
    headers,
    shape: provider !== undefined || protocol === 'openai' || chatCompletions ? 'openai' : 'events',
    carrier: url.protocol === 'ws:' || url.protocol === 'wss:' ? 'websocket' : 'http',
    protocol,
    maxTokensField: provider?.maxTokensField ?? 'max_tokens',
    provider: provider === undefined ? '' : provider.name || url.hostname,
  }
}

/** Header sets laid over each other, the later one winning, whatever the case of the names. */
export function mergeHeaders(...sets: (Record<string, string> | undefined)[]): Record<string, string> {
  const merged = new Map<string, [name: string, value: string]>()
  for (const set of sets) {
    for (const [name, value] of Object.entries(set ?? {})) merged.set(name.toLowerCase(), [name, value])
  }
  return Object.fromEntries(merged.values())
}

function appUrl(given: string | undefined, baseUrl: string | undefined): URL {
  if (given === undefined) {
    throw new ValidationError(
      'Expected `endpoint` (an URL or a path such as /api/chat) or `provider`, got neither',
      'endpoint',
    )
  }
  const endpoint = checkNonEmpty(given, 'endpoint').trim()
  if (isAbsolute(endpoint)) return parse(endpoint, undefined, 'endpoint')
  const base = baseUrl ?? (process.env.MILLSTREAM_BASE_URL?.trim() || undefined)
  if (base === undefined) {
    throw new ValidationError(
      `The endpoint ${shown(endpoint)} is relative: set \`baseUrl\` or MILLSTREAM_BASE_URL, or give an absolute URL`,
      'endpoint',
      { code: 'RELATIVE_ENDPOINT' },
    )
  }
  return parse(endpoint, parse(base, undefined, baseUrl === undefined ? 'MILLSTREAM_BASE_URL' : 'baseUrl'), 'endpoint')
}

/** A provider's base URL is a prefix (`…/v1`), not a page: paths are appended to it. */
function providerUrl(provider: ResolvedProvider, given: string | undefined): URL {
  const endpoint = given === undefined ? undefined : checkNonEmpty(given, 'endpoint').trim()
  if (endpoint !== undefined && isAbsolute(endpoint)) return parse(endpoint, undefined, 'endpoint')
  const url = parse(provider.baseUrl, undefined, 'provider.baseUrl')
  const path = url.pathname.replace(/\/+$/, '')
  if (endpoint === undefined && path.endsWith('/chat/completions')) return url
  const [suffix = '', query] = (endpoint ?? 'chat/completions').split('?', 2)
  url.pathname = `${path}/${suffix.replace(/^\/+/, '')}`
  if (query !== undefined) url.search = query
  return url
}

function isAbsolute(endpoint: string): boolean {
  return /^[a-z][a-z0-9+.-]*:/i.test(endpoint)
}

function parse(text: string, base: URL | undefined, field: string): URL {
  let url: URL
  try {
    url = new URL(text, base)
  } catch {
    throw new ValidationError(
      `Expected \`${field}\` to be an http:, https:, ws: or wss: URL, got ${shown(text)}`,
      field,
      { code: 'INVALID_URL' },
    )
  }
  if (!['http:', 'https:', 'ws:', 'wss:'].includes(url.protocol)) {
    throw new ValidationError(
      `Expected \`${field}\` to be an http:, https:, ws: or wss: URL, got one of ${url.protocol}`,
      field,
      { code: 'INVALID_URL' },
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw new ValidationError(
      `Expected \`${field}\` to be an URL without user name and password: credentials belong in \`apiKey\` or \`headers\``,
      field,
      { code: 'INVALID_URL' },
    )
  }
  return url
}

/** An URL as it may stand in a message: keys travel in queries and in the part before `@`. */
function shown(text: string): string {
  const path = text.replace(/[?#].*$/s, '').replace(/^([^/]*\/\/)?[^/]*@/s, '$1…@')
  return JSON.stringify(path.length > 80 ? `${path.slice(0, 80)}…` : path)
}
