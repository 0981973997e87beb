/**
 * The configuration of a `StreamClient`: its types, its checks, and how a request's choice of provider becomes a target.
 * Keys are looked up in the environment when somebody asks, never before: a module that makes a client can be loaded
 * where there are none, as when an app is built.
 */
import { checkInteger, checkMilliseconds, checkNonEmpty, checkObject, describe, fail } from './check.js'
import { ValidationError } from './errors.js'
import {
  checkResume,
  planRetry,
  planTimeouts,
  type ResumeMode,
  type RetryConfig,
  type RetryPlan,
  type TimeoutConfig,
} from './policies.js'
import { checkPrices, type ModelPrice, type PriceMap } from './pricing.js'
import {
  checkSettings,
  findProvider,
  isProviderName,
  type KnownProviderName,
  type ProviderName,
  type ProviderSettings,
  providerInEnvironment,
  providerNames,
  resolveSettings,
  settingKeys,
} from './providers.js'
import { providerTarget, resolveTarget, type Target } from './target.js'
import { checkUsageMode, type UsageEstimator, type UsageMode } from './tokens/estimate.js'

/**
 * A provider of a {@link StreamClient}: what replaces the defaults of one known by name, or all about another one, which
 * has a `baseUrl` or an `endpoint`.
 *
 * @example
 * import { type ClientProvider, StreamClient } from 'millstream'
 *
 * const local: ClientProvider = { baseUrl: 'http://127.0.0.1:8080/v1', model: 'llama-3.1-8b' }
 * const behind: ClientProvider = { endpoint: 'http://127.0.0.1:3000/api/chat' }
 * const client = new StreamClient({ providers: { local, behind }, defaultProvider: 'local' })
 */
export interface ClientProvider extends ProviderSettings {
  /**
   * An app's own route, such as one that another millstream serves, with `baseUrl` as what a relative one is relative to;
   * of a provider known by name, what is appended to its base URL instead of its own path.
   */
  endpoint?: string
  /** Asked where a request names none. */
  model?: string
}

/**
 * What a {@link StreamClient} is made of. Nothing is needed: keys come from the environment.
 *
 * @example
 * import { type ClientConfig, StreamClient } from 'millstream'
 *
 * const config: ClientConfig = { defaultProvider: 'openai', defaultModel: 'gpt-4o-mini', retry: { maxRetries: 1 } }
 * const client = new StreamClient(config)
 */
export interface ClientConfig {
  /** By name: those known by name are there anyway. */
  providers?: { [name in KnownProviderName]?: ClientProvider } & Record<string, ClientProvider>
  /**
   * Asked where a request names none. Default: the first of `providers`, else the first known one whose key is in the
   * environment.
   */
  defaultProvider?: ProviderName | (string & {})
  /** Asked where neither the request nor its provider names one. */
  defaultModel?: string
  retry?: RetryConfig
  timeout?: TimeoutConfig
  resume?: ResumeMode
  /** Whether usage is estimated where a provider reports none. Default `'reported'`: it is not. */
  usage?: UsageMode
  /** What models cost, before any other price. Of one provider's models alone: `'groq/my-model'`. */
  prices?: Record<string, ModelPrice>
  /**
   * Least distance of two deliveries under load, in milliseconds, and up to four times that where each brings dozens of
   * events. Default 1; 0 delivers each event as it comes.
   */
  flushInterval?: number
  /** How much of an answer may be under way to JavaScript before the engine stops reading, in characters. Default 65536. */
  bufferSize?: number
  /** The largest single event that is accepted, in bytes. Default 8 MiB. */
  maxEventBytes?: number
}

export const clientKeys = [
  'providers',
  'defaultProvider',
  'defaultModel',
  'retry',
  'timeout',
  'resume',
  'usage',
  'prices',
  'flushInterval',
  'bufferSize',
  'maxEventBytes',
] as const satisfies readonly (keyof ClientConfig)[]

/** A checked {@link ClientConfig}, defaults applied. */
export interface ClientSettings {
  providers: ReadonlyMap<string, ClientProvider>
  /** Where to ask those of them for whom nothing depends on the environment, once that was resolved. */
  targets: Map<string, Target>
  defaultProvider: string | undefined
  defaultModel: string | undefined
  retryConfig: RetryConfig | undefined
  retry: RetryPlan
  timeouts: ReturnType<typeof planTimeouts>
  resume: ResumeMode
  estimator: UsageEstimator | undefined
  prices: PriceMap | undefined
  flushInterval: number
  credit: number
  maxEventBytes: number
}

/** Checks what a client is constructed with. */
export function clientSettings(config: ClientConfig): ClientSettings {
  checkObject(config, 'config', clientKeys)
  const providers = checkProviders(config.providers)
  return {
    providers,
    targets: new Map(),
    defaultProvider: checkDefault(config.defaultProvider, providers),
    defaultModel: config.defaultModel === undefined ? undefined : checkNonEmpty(config.defaultModel, 'defaultModel'),
    retryConfig: config.retry === undefined ? undefined : { ...config.retry },
    retry: planRetry(config.retry),
    timeouts: planTimeouts(config.timeout),
    resume: config.resume === undefined ? 'auto' : checkResume(config.resume),
    estimator: checkUsageMode(config.usage, 'usage'),
    prices: config.prices === undefined ? undefined : checkPrices(config.prices, 'prices'),
    flushInterval: checkMilliseconds(config.flushInterval ?? 1, 'flushInterval'),
    credit: checkInteger(config.bufferSize ?? 65_536, 'bufferSize', 1, 2 ** 31 - 1),
    maxEventBytes: checkInteger(config.maxEventBytes ?? 8 * 1024 * 1024, 'maxEventBytes', 1, 2 ** 31 - 1),
  }
}

/** Whom a request goes to, and which model it asks where it names none. */
export function resolveChoice(
  settings: ClientSettings,
  choice: string | ClientProvider | undefined,
): { target: Target; model: string | undefined } {
  if (choice === undefined || choice === 'auto') {
    const name = settings.defaultProvider ?? providerInEnvironment() ?? 'openai'
    return resolveChoice(settings, name)
  }
  if (typeof choice === 'string') {
    // An alias stands for the name, whatever configures it.
    const name = settings.providers.has(choice) ? choice : (findProvider(choice)?.name ?? choice)
    const own = settings.providers.get(name)
    const target = settings.targets.get(name) ?? resolveNamed(settings, name, own)
    return { target, model: own?.model ?? target.model }
  }
  const given = checkProvider(choice, 'provider')
  const target = resolve('', given, 'provider')
  return { target, model: given.model ?? target.model }
}

function resolveNamed(settings: ClientSettings, name: string, own: ClientProvider | undefined): Target {
  if (own === undefined && !isProviderName(name)) unknownProvider(name, 'provider', settings.providers)
  const target = resolve(name, own ?? {}, 'provider')
  if (own !== undefined && target.vendor === '' && !isRelative(own)) settings.targets.set(name, target)
  return target
}

function checkProviders(providers: unknown): Map<string, ClientProvider> {
  if (providers === undefined) return new Map()
  if (typeof providers !== 'object' || providers === null || Array.isArray(providers)) {
    fail('providers', 'an object of providers by name', describe(providers))
  }
  return new Map(
    Object.entries(providers)
      .filter(([, given]) => given !== undefined)
      .map(([name, given]) => {
        const field = `providers.${name}`
        if (name === '' || name === 'auto')
          fail('providers', "an object with names other than '' and 'auto'", `'${name}'`)
        const provider = checkProvider(given, field)
        checkEarly(name, provider, field)
        return [name, provider]
      }),
  )
}

/** What can be wrong with a provider is found when the client is made; what the environment has may come later. */
function checkEarly(name: string, provider: ClientProvider, field: string): void {
  if (isRelative(provider)) return
  try {
    // Some key, so that all the rest is looked at.
    resolve(name, { accessToken: 'unset', ...provider }, field)
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (code !== 'MISSING_OPTION') throw error
  }
}

/** Whether its URL depends on the environment. */
function isRelative({ endpoint, baseUrl }: ClientProvider): boolean {
  return endpoint !== undefined && baseUrl === undefined && !/^[a-z][a-z0-9+.-]*:/i.test(endpoint)
}

const providerKeys = ['endpoint', 'model', ...settingKeys] as const satisfies readonly (keyof ClientProvider)[]

/** A copy, checked. */
function checkProvider(given: unknown, field: string): ClientProvider {
  const { endpoint, model } = checkObject(given, field, providerKeys, `${field}.`) as ClientProvider
  return {
    ...checkSettings(given as ClientProvider, field),
    ...(endpoint !== undefined && { endpoint: checkNonEmpty(endpoint, `${field}.endpoint`) }),
    ...(model !== undefined && { model: checkNonEmpty(model, `${field}.model`) }),
  }
}

function checkDefault(name: unknown, providers: ReadonlyMap<string, ClientProvider>): string | undefined {
  if (name === undefined || name === 'auto') return providers.keys().next().value
  const given = checkNonEmpty(name, 'defaultProvider')
  return providers.has(given) || isProviderName(given) ? given : unknownProvider(given, 'defaultProvider', providers)
}

/** The target of a provider; `name` is `''` where it has none but its URL's host. */
function resolve(name: string, { model: _, endpoint, ...settings }: ClientProvider, field: string): Target {
  if (settings.vendor === undefined && !isProviderName(name)) {
    const { baseUrl, apiKey, headers, protocol } = settings
    if (endpoint !== undefined) {
      return { ...resolveTarget({ endpoint, baseUrl, apiKey, headers, protocol }), provider: name }
    }
    if (baseUrl === undefined) {
      throw new ValidationError(
        `Expected \`${field}\` to have a \`baseUrl\` or an \`endpoint\`, got neither. Known by name: ${quoted(providerNames())}`,
        `${field}.baseUrl`,
      )
    }
  }
  const { headers, ...others } = settings
  const vendor = settings.vendor ?? (isProviderName(name) ? name : undefined)
  const provider = resolveSettings(name === '' ? undefined : name, {
    ...others,
    ...(vendor !== undefined && { vendor }),
  })
  return providerTarget(provider, endpoint, headers)
}

function unknownProvider(name: string, field: string, providers: ReadonlyMap<string, ClientProvider>): never {
  const known = quoted([...new Set([...providers.keys(), ...providerNames()])])
  throw new ValidationError(
    `Unknown provider ${describe(name)}. Known: ${known}. Any other can be given as { baseUrl, apiKey }`,
    field,
    { code: 'UNKNOWN_PROVIDER' },
  )
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ')
}
