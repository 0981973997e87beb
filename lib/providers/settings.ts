/** What a configuration says about a provider, besides its name: the public types, and their checks. */
import { checkBoolean, checkHeaders, checkNonEmpty, checkObject, checkOneOf, describe, fail, kindOf } from '../check.js'
import { apis, type ProviderApi, type ProviderOption, providerOptions } from './definition.js'
import { type MaxTokensField, maxTokensFields, protocols, type Quirks, type WireProtocol } from './formats.js'

/**
 * What can be said about any provider. Each provider takes those options that stand in its row of `docs/providers.md`;
 * those it doesn't are refused. What is not given comes from the environment variables named there.
 *
 * @example
 * import { type ProviderSettings, StreamClient } from 'millstream'
 *
 * const east: ProviderSettings = { vendor: 'azure', resource: 'east', deployment: 'gpt-4o' }
 * const client = new StreamClient({ providers: { east }, defaultModel: 'gpt-4o' })
 */
export interface ProviderSettings extends Partial<Record<ProviderOption, string>> {
  /**
   * Which provider known by name it is, where its own name doesn't say it: for several of one kind, or a server that
   * behaves like one under another URL.
   */
  vendor?: string
  /** Which of the provider's interfaces is asked. Default: the first of its row. */
  api?: ProviderApi
  /** Sent as the provider wants it: as `Authorization: Bearer …`, or in a header of its own. */
  apiKey?: string
  /** Sent as `Authorization: Bearer …` instead of a key: of Vertex, of Azure's Entra ID, of watsonx.ai, … */
  accessToken?: string
  /** Of Amazon: what requests are signed with. */
  accessKeyId?: string
  secretAccessKey?: string
  sessionToken?: string
  /** The URL that the provider's paths are appended to, e.g. `https://api.example.com/v1`. */
  baseUrl?: string
  headers?: Record<string, string>
  /** How it answers. */
  protocol?: 'auto' | WireProtocol
  /** What it calls `maxTokens`. */
  maxTokensField?: MaxTokensField
  /** What else it does otherwise than others of its format. */
  quirks?: Quirks
}

export const settingKeys = [
  'vendor',
  'api',
  'apiKey',
  'accessToken',
  'accessKeyId',
  'secretAccessKey',
  'sessionToken',
  'baseUrl',
  'headers',
  'protocol',
  'maxTokensField',
  'quirks',
  ...providerOptions,
] as const satisfies readonly (keyof ProviderSettings)[]

const secrets = ['apiKey', 'accessToken', 'accessKeyId', 'secretAccessKey', 'sessionToken'] as const

/** A copy of the settings among `given`, checked. `field` stands in messages. */
export function checkSettings(given: object, field: string): ProviderSettings {
  const settings = given as ProviderSettings
  const checked: ProviderSettings = {}
  for (const name of ['vendor', 'baseUrl', ...providerOptions] as const) {
    if (settings[name] !== undefined) checked[name] = checkNonEmpty(settings[name], `${field}.${name}`).trim()
  }
  for (const name of secrets) {
    if (settings[name] !== undefined) checked[name] = checkKey(settings[name], `${field}.${name}`)
  }
  const { api, headers, protocol, maxTokensField, quirks } = settings
  if (api !== undefined) checked.api = checkOneOf(api, `${field}.api`, apis)
  if (headers !== undefined) checked.headers = { ...checkHeaders(headers, `${field}.headers`) }
  if (protocol !== undefined) checked.protocol = checkOneOf(protocol, `${field}.protocol`, protocols)
  if (maxTokensField !== undefined) {
    checked.maxTokensField = checkOneOf(maxTokensField, `${field}.maxTokensField`, maxTokensFields)
  }
  if (quirks !== undefined) checked.quirks = checkQuirks(quirks, `${field}.quirks`)
  return checked
}

const flags = ['streamOptions', 'developerRole', 'topK', 'cacheControl'] as const
const words = {
  maxTokensField: maxTokensFields,
  reasoning: ['effort', 'object', 'thinking'],
  reasoningField: ['reasoning_content', 'reasoning', 'reasoning_details'],
} as const

/** A checked copy of {@link Quirks}. */
export function checkQuirks(given: unknown, field: string): Quirks {
  const known = [...flags, ...Object.keys(words), 'seedField', 'lacks']
  const quirks = checkObject(given, field, known, `${field}.`)
  const checked: Record<string, unknown> = {}
  for (const name of flags) {
    if (quirks[name] !== undefined) checked[name] = checkBoolean(quirks[name], `${field}.${name}`)
  }
  for (const [name, allowed] of Object.entries(words)) {
    if (quirks[name] !== undefined) checked[name] = checkOneOf<string>(quirks[name], `${field}.${name}`, allowed)
  }
  const { seedField, lacks } = quirks
  if (seedField !== undefined) checked.seedField = checkNonEmpty(seedField, `${field}.seedField`)
  if (lacks !== undefined) {
    if (!Array.isArray(lacks)) fail(`${field}.lacks`, 'an array of names', describe(lacks))
    checked.lacks = lacks.map((name, index) => checkNonEmpty(name, `${field}.lacks[${index}]`))
  }
  return checked
}

/**
 * A provider that has no name here, or one that has, with what differs.
 *
 * @example
 * const local: ProviderConfig = { name: 'local', baseUrl: 'http://127.0.0.1:8080/v1' }
 * const azure: ProviderConfig = { vendor: 'azure', resource: 'my-resource' }
 */
export interface ProviderConfig extends ProviderSettings {
  /** Stands in errors. Default: that of `vendor`, else the URL's host. */
  name?: string
}

/** A checked {@link ProviderConfig}. */
export function checkProviderConfig(given: unknown): ProviderConfig {
  if (typeof given !== 'object' || given === null) {
    fail('provider', 'the name of a provider or an object with its `baseUrl`', describe(given))
  }
  const { name } = checkObject(given, 'provider', ['name', ...settingKeys], 'provider.')
  return {
    ...checkSettings(given, 'provider'),
    ...(name !== undefined && { name: checkNonEmpty(name, 'provider.name') }),
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
