/**
 * From a row, the configuration and the environment to where a request goes and what it carries. What always holds:
 * whatever is missing is a {@link ValidationError} that names the option and its variable before anything is sent;
 * options can't reach out of their place in an URL; no secret stands in a message.
 */
import { ValidationError } from '../errors.js'
import { appendPath, parseUrl } from '../urls.js'
import type { Codec } from './codec.js'
import {
  type ApiRow,
  type ProviderApi,
  type ProviderAuth,
  type ProviderOption,
  type ProviderRow,
  providerOptions,
  type Variant,
} from './definition.js'
import type { Quirks, RequestShape, WireProtocol } from './formats.js'
import { checkKey, type ProviderSettings } from './settings.js'

/** What Amazon's signature is made with. */
export interface Signing {
  service: 'bedrock' | 'sagemaker'
  region: string
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}

/** A provider, ready to be asked. */
export interface ResolvedProvider {
  /** Of the row; `''` where it has none. */
  vendor: string
  /** Has neither path nor query of the request. */
  baseUrl: URL
  /** The request's path and query, under the base URL; `{model}` and `{+model}` stand for the model. */
  path: string
  /** The one that asks for a whole answer. */
  wholePath: string
  /** Those that say who asks, and the provider's own. */
  headers: Record<string, string>
  /** Members of each request's body, under those of the request. */
  body: Record<string, string>
  sign: Signing | undefined
  shape: RequestShape
  protocol: 'auto' | WireProtocol
  quirks: Quirks
  /** Asked where nobody names a model. */
  model: string | undefined
  /** What JavaScript reads and writes of its format. */
  codec: Codec | undefined
}

/** Whose row is resolved, and how strictly. */
export interface Subject {
  /** Stands in messages. */
  name: string
  row: ProviderRow
  codec?: Codec | undefined
  /** Whether it is the provider itself, so that the environment counts and a key is needed, or just another of its kind. */
  known: boolean
}

/** Looks up what the settings leave open, and puts it together. */
export function resolveRow({ name, row, codec, known }: Subject, settings: ProviderSettings): ResolvedProvider {
  const api = apiOf(name, row, settings.api)
  const value = (option: ProviderOption): string | undefined => {
    const { variables, default: otherwise } = row.options?.[option] ?? {}
    return settings[option] ?? (known ? firstOf(variables) : undefined)?.value ?? otherwise
  }
  for (const option of Object.keys(settings) as (keyof ProviderSettings)[]) {
    if (isOption(option) && row.options?.[option] === undefined) {
      const takes = Object.keys(row.options ?? {})
      throw new ValidationError(
        `Provider '${name}' has no option \`${option}\`. ${takes.length === 0 ? 'It has none' : `It has: ${takes.join(', ')}`}`,
        option,
        { code: 'UNKNOWN_OPTION' },
      )
    }
  }
  const variant: Partial<Variant> = api.variants?.find(({ where }) => fits(where, value)) ?? {}
  const needed = (option: ProviderOption): string => value(option) ?? missing(name, row, option)
  const path = variant.path ?? api.path
  const baseUrl = baseUrlOf(row, settings, known, variant.baseUrl, needed)
  const auth = authorize(name, row, api.auth ?? row.auth, settings, known, value)
  return {
    vendor: name,
    baseUrl,
    path: expand(path, needed, encodeURIComponent),
    wholePath: expand(variant.path ?? api.wholePath ?? api.path, needed, encodeURIComponent),
    headers: { ...present(row.headers, value), ...auth.headers },
    body: present(row.body, value),
    sign: auth.sign,
    shape: api.shape,
    protocol: settings.protocol ?? api.protocol,
    quirks: {
      ...(known && api.quirks),
      ...settings.quirks,
      ...(settings.maxTokensField !== undefined && { maxTokensField: settings.maxTokensField }),
    },
    model: row.modelOption === undefined ? undefined : value(row.modelOption),
    codec,
  }
}

/** Whether the environment has what this provider needs: its key, and each option without a default. */
export function isInEnvironment(row: ProviderRow): boolean {
  if (row.auth === 'optional') return false
  const signs = typeof row.auth === 'object' && 'sigv4' in row.auth
  const keyed = firstOf(row.keyVariables) !== undefined
  if (!keyed && !(signs && amazonVariables.every((name) => environment(name) !== undefined))) return false
  const value = (option: ProviderOption) => {
    const { variables, default: otherwise } = row.options?.[option] ?? {}
    return firstOf(variables)?.value ?? otherwise
  }
  const api = Object.values(row.apis)[0] as ApiRow
  const variant: Partial<Variant> = api.variants?.find(({ where }) => fits(where, value)) ?? {}
  const given = firstOf(row.baseUrlVariables)
  const base = given === undefined ? (variant.baseUrl ?? row.baseUrl) : (rest(row, given.value, variant.baseUrl) ?? '')
  return placeholders(base + (variant.path ?? api.path)).every((option) => value(option) !== undefined)
}

const amazonVariables = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const

function apiOf(name: string, row: ProviderRow, wanted: ProviderApi | undefined): ApiRow {
  const [first] = Object.values(row.apis)
  const api = wanted === undefined ? first : row.apis[wanted]
  if (api !== undefined) return api
  const known = Object.keys(row.apis).map((known) => `'${known}'`)
  throw new ValidationError(
    `Expected \`api\` of provider '${name}' to be one of ${known.join(', ')}, got '${wanted}'`,
    'api',
  )
}

function baseUrlOf(
  row: ProviderRow,
  settings: ProviderSettings,
  known: boolean,
  variant: string | undefined,
  needed: (option: ProviderOption) => string,
): URL {
  const found = settings.baseUrl === undefined && known ? firstOf(row.baseUrlVariables) : undefined
  const given = settings.baseUrl ?? found?.value
  if (given === undefined)
    return parseUrl(expand(variant ?? row.baseUrl, needed, hostOrSegment), undefined, 'provider.baseUrl')
  // Such as OLLAMA_HOST, which may be no more than a host and a port.
  const whole = found === undefined || /^[a-z][a-z0-9+.-]*:\/\//i.test(given)
  const url = parseUrl(whole ? given : `http://${given}`, undefined, found?.variable ?? 'provider.baseUrl')
  const path = known ? rest(row, url.pathname, variant) : undefined
  return path === undefined ? url : new URL(appendPath(url, expand(path, needed, hostOrSegment)))
}

/** What is to be appended to a base URL from outside, where it is the root of the provider's API. */
function rest({ underRoot }: ProviderRow, path: string, variant: string | undefined): string | undefined {
  if (underRoot === undefined || variant !== undefined) return undefined
  return underRoot.unless.some((part) => path.includes(part)) ? undefined : underRoot.path
}

/** The headers that say who asks, or what to sign with. */
function authorize(
  name: string,
  row: ProviderRow,
  auth: ProviderAuth,
  settings: ProviderSettings,
  known: boolean,
  value: (option: ProviderOption) => string | undefined,
): { headers: Record<string, string>; sign?: Signing } {
  const { accessToken, apiKey, accessKeyId, secretAccessKey, sessionToken } = settings
  const signs = typeof auth === 'object' && 'sigv4' in auth
  if (!signs) {
    const stray = accessKeyId ?? secretAccessKey ?? sessionToken
    if (stray !== undefined) {
      throw new ValidationError(`Provider '${name}' signs no requests: it takes \`apiKey\``, 'accessKeyId', {
        code: 'UNKNOWN_OPTION',
      })
    }
  }
  if (accessToken !== undefined) return { headers: bearer(accessToken) }
  if (signs && (accessKeyId !== undefined || secretAccessKey !== undefined)) {
    if (accessKeyId === undefined) missingCredentials(name, row, 'accessKeyId')
    if (secretAccessKey === undefined) missingCredentials(name, row, 'secretAccessKey')
    return { headers: {}, sign: signing(name, row, auth.sigv4, value, { accessKeyId, secretAccessKey, sessionToken }) }
  }
  const key = apiKey ?? (known ? keyInEnvironment(row) : undefined)
  if (key !== undefined) {
    const header = typeof auth === 'object' && 'header' in auth ? auth.header : undefined
    return { headers: header === undefined ? bearer(key) : { [header]: key } }
  }
  if (!known || auth === 'optional') return { headers: {} }
  if (!signs) missingKey(name, row)
  const [id, secret] = amazonVariables.map((variable) => {
    const found = environment(variable)
    return found === undefined ? undefined : checkKey(found, variable)
  })
  if (id === undefined) missingCredentials(name, row, 'accessKeyId')
  if (secret === undefined) missingCredentials(name, row, 'secretAccessKey')
  const found = environment('AWS_SESSION_TOKEN')
  const token = found === undefined ? undefined : checkKey(found, 'AWS_SESSION_TOKEN')
  const credentials = { accessKeyId: id, secretAccessKey: secret, sessionToken: token }
  return { headers: {}, sign: signing(name, row, auth.sigv4, value, credentials) }
}

function signing(
  name: string,
  row: ProviderRow,
  service: Signing['service'],
  value: (option: ProviderOption) => string | undefined,
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string | undefined },
): Signing {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  return {
    service,
    region: hostOrSegment(value('region') ?? missing(name, row, 'region'), 'region'),
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && { sessionToken }),
  }
}

function bearer(key: string): Record<string, string> {
  return { authorization: `Bearer ${key}` }
}

function keyInEnvironment(row: ProviderRow): string | undefined {
  const found = firstOf(row.keyVariables)
  return found === undefined ? undefined : checkKey(found.value, found.variable)
}

function missingKey(name: string, row: ProviderRow): never {
  const set = row.keyVariables.length === 0 ? '' : `set ${row.keyVariables.join(' or ')} or `
  const page = row.keyPage === '' ? '' : `. Keys come from ${row.keyPage}`
  throw new ValidationError(`No API key for provider '${name}': ${set}pass \`apiKey\`${page}`, 'apiKey', {
    type: 'auth_error',
    code: 'MISSING_API_KEY',
    provider: name,
  })
}

function missingCredentials(name: string, row: ProviderRow, field: 'accessKeyId' | 'secretAccessKey'): never {
  const key = row.keyVariables.length === 0 ? '' : `, or ${row.keyVariables.join(' or ')} for a bearer token`
  throw new ValidationError(
    `No credentials for provider '${name}': set ${amazonVariables.join(' and ')}${key}, or pass \`accessKeyId\` and ` +
      `\`secretAccessKey\`. Keys come from ${row.keyPage}`,
    field,
    { type: 'auth_error', code: 'MISSING_API_KEY', provider: name },
  )
}

function missing(name: string, row: ProviderRow, option: ProviderOption): never {
  const { variables = [], about } = row.options?.[option] ?? { about: option }
  const set = variables.length === 0 ? '' : `set ${variables.join(' or ')} or `
  throw new ValidationError(`No \`${option}\` (${about}) for provider '${name}': ${set}pass \`${option}\``, option, {
    code: 'MISSING_OPTION',
    provider: name,
  })
}

function isOption(name: string): name is ProviderOption {
  return placeholder.has(name)
}

const placeholder = new Set<string>(providerOptions)

function fits(where: Variant['where'], value: (option: ProviderOption) => string | undefined): boolean {
  return Object.entries(where).every(([option, wanted]) => {
    const given = value(option as ProviderOption)
    return wanted === true ? given !== undefined : given === wanted
  })
}

/** The options named in a template. */
function placeholders(template: string): ProviderOption[] {
  return [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as ProviderOption).filter(isOption)
}

/** A template with its options filled in; the model's place stays. */
function expand(
  template: string,
  needed: (option: ProviderOption) => string,
  encode: (value: string, option: ProviderOption) => string,
): string {
  return template.replace(/\{(\w+)\}/g, (whole, option: string) =>
    isOption(option) ? encode(needed(option), option) : whole,
  )
}

/** What may stand in a host name or as a segment of a base URL. */
function hostOrSegment(value: string, option: ProviderOption): string {
  if (/^[a-z0-9][a-z0-9_-]*$/i.test(value)) return value
  throw new ValidationError(`Expected \`${option}\` to be letters, digits and dashes, got something else`, option)
}

/** Templates whose options are all given. */
function present(
  templates: Readonly<Record<string, string>> | undefined,
  value: (option: ProviderOption) => string | undefined,
): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [name, template] of Object.entries(templates ?? {})) {
    if (placeholders(template).some((option) => value(option) === undefined)) continue
    found[name] = expand(
      template,
      (option) => value(option) as string,
      (given) => given,
    )
  }
  return found
}

function firstOf(variables: readonly string[] | undefined): { variable: string; value: string } | undefined {
  for (const variable of variables ?? []) {
    const value = environment(variable)
    if (value !== undefined) return { variable, value }
  }
  return undefined
}

function environment(name: string): string | undefined {
  const value = process.env[name]?.trim()
  return value === undefined || value === '' ? undefined : value
}
