/**
 * What a row of the providers' table says. Rows are data: nothing in them is executed, so that documentation can be made
 * of them and a new provider is a new row.
 */
import type { Quirks, RequestShape, WireProtocol } from './formats.js'

/**
 * Which of a provider's interfaces is asked, where it has several: chat completions in OpenAI's format, OpenAI's
 * Responses, the provider's own, or, on Bedrock, `InvokeModel` with a body in the model's own words.
 *
 * @example
 * import { StreamClient } from 'millstream'
 *
 * const client = new StreamClient({ providers: { openai: { api: 'responses' } }, defaultModel: 'gpt-5-mini' })
 */
export type ProviderApi = 'chat' | 'responses' | 'native' | 'invoke'

export const apis = ['chat', 'responses', 'native', 'invoke'] as const satisfies readonly ProviderApi[]

/**
 * An option of providers that stands in their URLs or headers.
 *
 * @example
 * const option: ProviderOption = 'region'
 */
export type ProviderOption =
  | 'accountId'
  | 'apiVersion'
  | 'deployment'
  | 'endpointName'
  | 'gateway'
  | 'location'
  | 'organization'
  | 'project'
  | 'region'
  | 'resource'

export const providerOptions = [
  'accountId',
  'apiVersion',
  'deployment',
  'endpointName',
  'gateway',
  'location',
  'organization',
  'project',
  'region',
  'resource',
] as const satisfies readonly ProviderOption[]

/**
 * How a request says who asks: `bearer` is `Authorization: Bearer …`, `header` another header that holds the key,
 * `optional` a bearer token where there is one, `sigv4` Amazon's signature.
 *
 * @example
 * const auth: ProviderAuth = { header: 'x-api-key' }
 */
export type ProviderAuth = 'bearer' | 'optional' | { header: string } | { sigv4: 'bedrock' | 'sagemaker' }

/** Where an option comes from besides the configuration. */
export interface OptionRow {
  /** Environment variables, the first one set wins. */
  variables?: readonly string[]
  default?: string
  /** What it is, in words. */
  about: string
}

/** One interface of a provider. */
export interface ApiRow {
  /**
   * Appended to the base URL. `{model}` stands for the model as one encoded segment, `{+model}` for the model with its
   * slashes, other names in braces for options.
   */
  path: string
  /** The path that asks for the whole answer at once, where it is another one. */
  wholePath?: string
  shape: RequestShape
  protocol: WireProtocol
  /** Where it differs from the row's. */
  auth?: ProviderAuth
  quirks?: Quirks
  /** What replaces parts of this where an option is given (`true`) or has a value; the first that fits is taken. */
  variants?: readonly Variant[]
}

/** What is different where an option says so. */
export interface Variant {
  where: { readonly [option in ProviderOption]?: string | true }
  baseUrl?: string
  path?: string
}

/** One provider. */
export interface ProviderRow {
  /** As its makers write it. */
  title: string
  aliases?: readonly string[]
  /** May have options in braces. */
  baseUrl: string
  /** Environment variables that replace `baseUrl`. */
  baseUrlVariables: readonly string[]
  /**
   * Where a base URL from outside is the root of the provider's whole API: what is appended to it, unless its path says
   * more already, by one of `unless`, or is that of a variant.
   */
  underRoot?: { path: string; unless: readonly string[] }
  auth: ProviderAuth
  /** Environment variables that hold the key, the first one set wins. */
  keyVariables: readonly string[]
  /** Where a person gets one. */
  keyPage: string
  docsPage: string
  options?: { readonly [option in ProviderOption]?: OptionRow }
  /** The option that is the model where a request names none. */
  modelOption?: ProviderOption
  /** Sent with each request; one with an option in braces only where that is given. */
  headers?: Readonly<Record<string, string>>
  /** Members of each request's body, under those of the request; with options in braces likewise. */
  body?: Readonly<Record<string, string>>
  /** The first is asked where nobody says which. */
  apis: { readonly [api in ProviderApi]?: ApiRow }
}
