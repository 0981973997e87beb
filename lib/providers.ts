/**
 * Providers: known by name, as rows of a table, or described by the caller. Which one is asked, and with what, is
 * decided here; how that becomes an URL and headers, in `target.ts`.
 */
import { checkNonEmpty, describe } from './check.js'
import { ValidationError } from './errors.js'
import { findProvider, homeOf, isProviderName, knownProviders, providerNames } from './providers/registry.js'
import { isInEnvironment, type ResolvedProvider, resolveRow } from './providers/resolve.js'
import { checkProviderConfig, type ProviderConfig, type ProviderSettings } from './providers/settings.js'
import type { TableAlias, TableName } from './providers/table.js'

export type { Codec, CodecContext, DecodedChunk, ProviderCodec, ProviderRequest } from './providers/codec.js'
export type { ProviderApi, ProviderAuth, ProviderOption } from './providers/definition.js'
export {
  type MaxTokensField,
  maxTokensFields,
  protocols,
  type Quirks,
  type RequestShape,
  type WireFormat,
  type WireProtocol,
} from './providers/formats.js'
export { type ProviderDefinition, type ProviderDescription, registerProvider } from './providers/register.js'
export { findProvider, isProviderName, providerNames } from './providers/registry.js'
export type { ResolvedProvider, Signing } from './providers/resolve.js'
export {
  checkKey,
  checkSettings,
  type ProviderConfig,
  type ProviderSettings,
  settingKeys,
} from './providers/settings.js'

/**
 * A provider in the table of those known by name.
 *
 * @example
 * const provider: KnownProviderName = 'anthropic'
 */
export type KnownProviderName = TableName

/**
 * Names of providers that the application adds, for the types only: where it says so, `ProviderName` has them.
 *
 * @example
 * declare module 'millstream' {
 *   interface RegisteredProviders {
 *     'my-gateway': true
 *   }
 * }
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be added to.
export interface RegisteredProviders {}

/**
 * A provider known by name: one of the table, an alias of one (`gemini`, `grok`, `workers-ai`, …), or one that was added.
 *
 * @example
 * const provider: ProviderName = 'openai'
 */
export type ProviderName = KnownProviderName | TableAlias | keyof RegisteredProviders

/**
 * The providers, in the order of the table, for which the environment has all that is needed: their key, and where they
 * take options without a default, those. Servers that need no key are not found so.
 */
export function* providersInEnvironment(): Generator<string, undefined> {
  for (const [name, { row }] of knownProviders()) {
    if (isInEnvironment(row)) yield name
  }
}

/** The first of them. */
export function providerInEnvironment(): string | undefined {
  return providersInEnvironment().next().value
}

/** Looks a provider up or checks its description. `own` stands beside it and wins. */
export function resolveProvider(
  provider: string | ProviderConfig,
  own: ProviderSettings,
): ResolvedProvider & { name: string } {
  if (typeof provider === 'string') {
    const found = findProvider(provider) ?? unknown(provider, 'provider')
    return { name: found.name, ...resolveRow({ ...found, known: true }, own) }
  }
  const { name, ...given } = checkProviderConfig(provider)
  return resolveSettings(name, { ...given, ...defined(own) })
}

/**
 * The provider that settings describe: that of `vendor`, else that of `name` where it is known and no URL is given, else
 * one that is like the home of its `protocol` but for the key, which it may do without.
 */
export function resolveSettings(
  name: string | undefined,
  { vendor, ...settings }: ProviderSettings,
): ResolvedProvider & { name: string } {
  const wanted =
    vendor ?? (name !== undefined && settings.baseUrl === undefined && isProviderName(name) ? name : undefined)
  if (wanted !== undefined) {
    const found = findProvider(wanted) ?? unknown(wanted, vendor === undefined ? 'provider' : 'provider.vendor')
    return { name: name ?? found.name, ...resolveRow({ ...found, known: true }, settings) }
  }
  checkNonEmpty(settings.baseUrl, 'provider.baseUrl')
  const { row, api } = homeOf(settings.protocol ?? 'openai')
  const resolved = resolveRow({ name: name ?? 'custom', row, known: false }, { api, ...settings })
  return { ...resolved, vendor: '', name: name ?? '' }
}

function unknown(name: string, field: string): never {
  const known = providerNames().map((name) => `'${name}'`)
  throw new ValidationError(
    `Unknown provider ${describe(name)}. Known: ${known.join(', ')}. Any other that understands OpenAI's format ` +
      'can be given as { baseUrl, apiKey }',
    field,
    { code: 'UNKNOWN_PROVIDER' },
  )
}

function defined(settings: ProviderSettings): ProviderSettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}
