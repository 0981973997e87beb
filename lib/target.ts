/**
 * Where a request goes and how it is asked: endpoint, base URL, provider and key become an URL, headers and a shape.
 * Everything that can be wrong with them is found here, before any request.
 */
import { checkHeaders, checkNonEmpty, checkOneOf } from './check.js'
import { ValidationError } from './errors.js'
import {
  type Codec,
  checkKey,
  type ProviderConfig,
  type ProviderName,
  protocols,
  type Quirks,
  type RequestShape,
  type ResolvedProvider,
  resolveProvider,
  type Signing,
  type WireProtocol,
} from './providers.js'
import { appendPath, isAbsolute, parseUrl, shownUrl, withModel } from './urls.js'

/** What a caller says about the endpoint. */
export interface TargetConfig {
  endpoint?: string | undefined
  baseUrl?: string | undefined
  provider?: ProviderName | ProviderConfig | undefined
  apiKey?: string | undefined
  headers?: Record<string, string> | undefined
  protocol?: 'auto' | WireProtocol | undefined
}

/** Where to ask, and how. */
export interface Target {
  /** Of a request to this model. */
  url(model: string, stream: boolean): string
  headers: Record<string, string>
  /** Members of each request's body, under those of the request. */
  body: Record<string, unknown>
  /** What Amazon's signature is made with. */
  sign: Signing | undefined
  /** The body's shape: an app's own route's, or a provider's; `json` where the codec makes it. */
  shape: RequestShape | 'json'
  /** What carries request and answer. */
  carrier: 'http' | 'websocket'
  protocol: 'auto' | WireProtocol
  quirks: Quirks
  /** Stands in errors and results; `''` for an app's own route. */
  provider: string
  /** The name of its row in the table of providers, `''` where it has none. */
  vendor: string
  /** Asked where nobody names a model. */
  model: string | undefined
  /** What JavaScript reads and writes of its format. */
  codec: Codec | undefined
}

/** Resolves the endpoint. Throws a {@link ValidationError} where no request could succeed. */
export function resolveTarget(config: TargetConfig): Target {
  const protocol = config.protocol === undefined ? undefined : checkOneOf(config.protocol, 'protocol', protocols)
  const baseUrl = config.baseUrl === undefined ? undefined : checkNonEmpty(config.baseUrl, 'baseUrl')
  const apiKey = config.apiKey === undefined ? undefined : checkKey(config.apiKey, 'apiKey')
  const headers = config.headers === undefined ? undefined : checkHeaders(config.headers, 'headers')
  if (config.provider === undefined) return appTarget({ endpoint: config.endpoint, baseUrl, apiKey, headers, protocol })
  const provider = resolveProvider(config.provider, {
    ...(apiKey !== undefined && { apiKey }),
    ...(baseUrl !== undefined && { baseUrl }),
    ...(protocol !== undefined && { protocol }),
  })
  return providerTarget(provider, config.endpoint, headers)
}

/** An app's own route, or a provider's whose address says what it is. */
function appTarget({ endpoint, baseUrl, apiKey, headers, protocol = 'auto' }: Omit<TargetConfig, 'provider'>): Target {
  const { url, shape, carrier } = appRoute(endpoint, baseUrl, protocol)
  return {
    url,
    headers: mergeHeaders(apiKey === undefined ? undefined : { authorization: `Bearer ${apiKey}` }, headers),
    body: nothing,
    sign: undefined,
    shape,
    carrier,
    protocol,
    quirks: nothing,
    provider: '',
    vendor: '',
    model: undefined,
    codec: undefined,
  }
}

/** Nothing said: one for all, since there may be thousands of conversations. */
const nothing: Record<string, never> = Object.freeze({})

/** What follows from an application's route. */
interface AppRoute extends Pick<Target, 'url' | 'shape' | 'carrier'> {
  /** What it follows from. */
  of: readonly (string | undefined)[]
}

/** The last one: conversations of a process mostly go the same way. */
let lastRoute: AppRoute | undefined

function appRoute(
  endpoint: string | undefined,
  baseUrl: string | undefined,
  protocol: 'auto' | WireProtocol,
): AppRoute {
  const base = baseUrl ?? (endpoint !== undefined && isAbsolute(endpoint) ? undefined : process.env.MILLSTREAM_BASE_URL)
  const of = [endpoint, base, baseUrl, protocol]
  if (lastRoute?.of.every((part, index) => part === of[index])) return lastRoute
  const url = appUrl(endpoint, baseUrl)
  const { href } = url
  lastRoute = { of, url: () => href, shape: shapeOf(url, protocol), carrier: carrierOf(url) }
  return lastRoute
}

/** Where to ask a provider; `given` is an endpoint that stands for its path, or a whole URL. */
export function providerTarget(
  provider: ResolvedProvider & { name: string },
  given: string | undefined,
  headers: Record<string, string> | undefined,
): Target {
  const { baseUrl, path, wholePath, body, sign, shape, protocol, quirks, vendor, model, name, codec } = provider
  const endpoint = given === undefined ? undefined : checkNonEmpty(given, 'endpoint').trim()
  const place = (path: string) =>
    endpoint !== undefined && isAbsolute(endpoint)
      ? parseUrl(endpoint, undefined, 'endpoint').href
      : appendPath(baseUrl, endpoint ?? path)
  const [streamed, whole] = [place(path), place(wholePath)]
  const url = parseUrl(streamed, undefined, 'endpoint')
  return {
    url: (model, stream) => withModel(stream ? streamed : whole, model),
    headers: mergeHeaders(checkHeaders(provider.headers, 'headers'), headers),
    body,
    sign,
    shape: codec?.encode === undefined ? shape : 'json',
    carrier: carrierOf(url),
    protocol,
    quirks,
    provider: name || url.hostname,
    vendor,
    model,
    codec,
  }
}

/** Nothing beside the target's own. */
export const noHeaders: Record<string, string> = Object.freeze({})

/** Header sets laid over each other, the later one winning, whatever the case of the names. A copy, or {@link noHeaders}. */
export function mergeHeaders(...sets: (Record<string, string> | undefined)[]): Record<string, string> {
  const [first, ...others] = sets.filter((set) => set !== undefined)
  if (first === undefined) return noHeaders
  if (others.length === 0 && Object.keys(first).length === 1) return { ...first }
  const merged = new Map<string, [name: string, value: string]>()
  for (const set of sets) {
    for (const [name, value] of Object.entries(set ?? {})) merged.set(name.toLowerCase(), [name, value])
  }
  return Object.fromEntries(merged.values())
}

function carrierOf(url: URL): Target['carrier'] {
  return url.protocol === 'ws:' || url.protocol === 'wss:' ? 'websocket' : 'http'
}

/** How an endpoint without a provider is asked: as its path says, else as `protocol: 'openai'` does, else as an app. */
function shapeOf(url: URL, protocol: 'auto' | WireProtocol): RequestShape {
  const chatCompletions = url.pathname.endsWith('/chat/completions') && (protocol === 'auto' || protocol === 'openai')
  return protocol === 'openai' || chatCompletions ? 'openai' : 'events'
}

function appUrl(given: string | undefined, baseUrl: string | undefined): URL {
  if (given === undefined) {
    throw new ValidationError(
      'Expected `endpoint` (an URL or a path such as /api/chat) or `provider`, got neither',
      'endpoint',
    )
  }
  const endpoint = checkNonEmpty(given, 'endpoint').trim()
  if (isAbsolute(endpoint)) return parseUrl(endpoint, undefined, 'endpoint')
  const base = baseUrl ?? (process.env.MILLSTREAM_BASE_URL?.trim() || undefined)
  if (base === undefined) {
    throw new ValidationError(
      `The endpoint ${shownUrl(endpoint)} is relative: set \`baseUrl\` or MILLSTREAM_BASE_URL, or give an absolute URL`,
      'endpoint',
      { code: 'RELATIVE_ENDPOINT' },
    )
  }
  const field = baseUrl === undefined ? 'MILLSTREAM_BASE_URL' : 'baseUrl'
  return parseUrl(endpoint, parseUrl(base, undefined, field), 'endpoint')
}
