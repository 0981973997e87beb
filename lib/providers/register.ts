/** Providers that an application adds: their description, its checks, and the row it becomes. */
import { checkHeaders, checkNonEmpty, checkObject, checkOneOf, checkString, describe, fail } from '../check.js'
import { parseUrl } from '../urls.js'
import { type Codec, codecKeys, type ProviderCodec, readCodec } from './codec.js'
import {
  type ApiRow,
  type OptionRow,
  type ProviderApi,
  type ProviderAuth,
  type ProviderOption,
  type ProviderRow,
  providerOptions,
} from './definition.js'
import { protocols, type Quirks, type RequestShape, shapes, type WireProtocol } from './formats.js'
import { addProvider, findProvider, homeOf } from './registry.js'
import { checkQuirks } from './settings.js'

/**
 * A provider to be known by name. What it doesn't say is as with the provider that it is `like`, else as with any server
 * of OpenAI's chat completions.
 *
 * @example
 * import { type ProviderDefinition, registerProvider } from 'millstream'
 *
 * const gateway: ProviderDefinition = {
 *   name: 'my-gateway',
 *   like: 'anthropic',
 *   baseUrl: 'https://llm.example.com',
 *   keyVariables: ['MY_GATEWAY_KEY'],
 * }
 * registerProvider(gateway)
 */
export interface ProviderDescription {
  /** Letters, digits, `.`, `_` and `-`; not one that is known. */
  name: string
  /** As its makers write it. Default: the name. */
  title?: string
  /** Further names. */
  aliases?: readonly string[]
  /** A provider known by name whose path, format, authorization, headers and quirks apply where nothing is said here. */
  like?: string
  /** Which interface of that one. Default: its first. */
  api?: ProviderApi
  /** May have options in braces: `https://{region}.example.com/v1`. */
  baseUrl: string
  /** Environment variables that replace `baseUrl`, the first one set wins. */
  baseUrlVariables?: readonly string[]
  /** Default: a bearer token, which may be missing where no `keyVariables` are given. */
  auth?: ProviderAuth
  /** Environment variables that hold the key, the first one set wins. */
  keyVariables?: readonly string[]
  /** Where a person gets a key. Stands in errors. */
  keyPage?: string
  docsPage?: string
  /** Options it takes in a configuration, for `baseUrl`, `path`, `headers` and `body`. */
  options?: {
    readonly [option in ProviderOption]?: { variables?: readonly string[]; default?: string; about?: string }
  }
  /** The option that is the model where a request names none. */
  modelOption?: ProviderOption
  /** Sent with each request; one with an option in braces only where that is given. */
  headers?: Readonly<Record<string, string>>
  /** Members of each request's body, under those of the request; with options in braces likewise. */
  body?: Readonly<Record<string, string>>
  /** Appended to the base URL: `{model}` is the model as one segment, `{+model}` with its slashes. */
  path?: string
  /** The path that asks for a whole answer, where it is another one. */
  wholePath?: string
  /** How it is asked. Default: as providers are that answer so. */
  shape?: RequestShape
  /** How it answers. */
  protocol?: WireProtocol
  quirks?: Quirks
}

/**
 * A {@link ProviderDescription}, with a decoder or an encoder of its own where no format known here is its own.
 *
 * @example
 * import { type ProviderDefinition, registerProvider } from 'millstream'
 *
 * const definition: ProviderDefinition = {
 *   name: 'tokens-by-line',
 *   baseUrl: 'http://127.0.0.1:9000',
 *   path: 'generate',
 *   framing: 'lines',
 *   encode: ({ messages }) => ({ input: messages.at(-1)?.content }),
 *   async *decode(lines) {
 *     for await (const line of lines) yield { type: 'text', content: line, index: 0 }
 *   },
 * }
 * registerProvider(definition)
 */
export type ProviderDefinition = ProviderDescription & ProviderCodec

const descriptionKeys = [
  'name',
  'title',
  'aliases',
  'like',
  'api',
  'baseUrl',
  'baseUrlVariables',
  'auth',
  'keyVariables',
  'keyPage',
  'docsPage',
  'options',
  'modelOption',
  'headers',
  'body',
  'path',
  'wholePath',
  'shape',
  'protocol',
  'quirks',
] as const satisfies readonly (keyof ProviderDescription)[]

/**
 * Makes a provider known by name, to every `StreamClient` and `AIStream` of this thread. Returns a function that makes it
 * unknown again; answers under way go on.
 *
 * @throws ValidationError where the definition is not what it must be, or the name is taken.
 *
 * @example
 * import { registerProvider, StreamClient } from 'millstream'
 *
 * const unregister = registerProvider({
 *   name: 'nebula',
 *   baseUrl: 'https://api.nebula.example/v1',
 *   keyVariables: ['NEBULA_API_KEY'],
 *   keyPage: 'https://nebula.example/keys',
 *   quirks: { streamOptions: false },
 * })
 * const client = new StreamClient({ providers: { nebula: { apiKey: 'k' } } })
 * const answer = client.stream({ provider: 'nebula', model: 'nova-1', prompt: 'Hello' })
 * unregister()
 */
export function registerProvider(definition: ProviderDefinition): () => void {
  checkObject(definition, 'definition', [...descriptionKeys, ...codecKeys])
  const name = checkName(definition.name, 'name')
  const aliases = checkList(definition.aliases, 'aliases').map((alias, index) => checkName(alias, `aliases[${index}]`))
  const { row, codec } = readDefinition(name, definition)
  return addProvider(name, { ...row, aliases }, codec)
}

function readDefinition(name: string, given: ProviderDefinition): { row: ProviderRow; codec: Codec | undefined } {
  const codec = readCodec(given)
  const protocol = given.protocol === undefined ? undefined : checkOneOf(given.protocol, 'protocol', answers)
  if (codec?.decode !== undefined && protocol !== undefined) {
    fail('protocol', 'left out: `decode` reads the answers', describe(protocol))
  }
  const shape = given.shape === undefined ? undefined : checkOneOf(given.shape, 'shape', shapes)
  if (codec?.encode !== undefined && shape !== undefined) {
    fail('shape', 'left out: `encode` makes the body', describe(shape))
  }
  const model = likeness(given, protocol)
  const { row: like, api: from } = model
  const api: ApiRow = {
    path: given.path === undefined ? from.path : checkPath(given.path, 'path'),
    shape: shape ?? from.shape,
    protocol: protocol ?? from.protocol,
    ...(given.wholePath !== undefined && { wholePath: checkPath(given.wholePath, 'wholePath') }),
    ...(given.path === undefined && given.wholePath === undefined && from.wholePath && { wholePath: from.wholePath }),
    ...(given.path === undefined && from.variants !== undefined && { variants: from.variants }),
    quirks: { ...(model.named && from.quirks), ...(given.quirks !== undefined && checkQuirks(given.quirks, 'quirks')) },
  }
  const keyVariables = checkList(given.keyVariables, 'keyVariables')
  const auth = from.auth ?? like.auth
  const otherwise = model.named || typeof auth === 'object' || keyVariables.length > 0 ? auth : 'optional'
  const headers = given.headers === undefined ? {} : checkHeaders(given.headers, 'headers')
  const body = given.body === undefined ? {} : checkStrings(given.body, 'body')
  const own = given.options === undefined ? {} : checkOptions(given.options)
  const row: ProviderRow = {
    title: given.title === undefined ? name : checkNonEmpty(given.title, 'title'),
    baseUrl: checkBaseUrl(given.baseUrl),
    baseUrlVariables: checkList(given.baseUrlVariables, 'baseUrlVariables'),
    auth: given.auth === undefined ? otherwise : checkAuth(given.auth),
    keyVariables,
    keyPage: given.keyPage === undefined ? '' : checkString(given.keyPage, 'keyPage'),
    docsPage: given.docsPage === undefined ? '' : checkString(given.docsPage, 'docsPage'),
    options: { ...like.options, ...own },
    headers: { ...like.headers, ...headers },
    body: { ...like.body, ...body },
    apis: { [model.name]: api },
  }
  const modelOption =
    given.modelOption === undefined ? like.modelOption : checkOneOf(given.modelOption, 'modelOption', providerOptions)
  return { row: modelOption === undefined ? row : { ...row, modelOption }, codec }
}

const answers = protocols.filter((name): name is WireProtocol => name !== 'auto')

/** Whose interface says what the definition leaves open. */
function likeness(
  { like, api }: ProviderDefinition,
  protocol: WireProtocol | undefined,
): { row: ProviderRow; name: ProviderApi; api: ApiRow; named: boolean } {
  if (like === undefined) {
    if (api !== undefined) fail('api', 'left out: it says which interface of `like` is meant', describe(api))
    const { row, api: name } = homeOf(protocol ?? 'openai')
    return { row, name, api: row.apis[name] as ApiRow, named: false }
  }
  const found = findProvider(checkNonEmpty(like, 'like'))
  if (found === undefined) fail('like', 'the name of a known provider', describe(like))
  const known = Object.keys(found.row.apis) as ProviderApi[]
  const name = api === undefined ? (known[0] as ProviderApi) : checkOneOf(api, 'api', known)
  return { row: found.row, name, api: found.row.apis[name] as ApiRow, named: true }
}

function checkName(given: unknown, field: string): string {
  const name = checkNonEmpty(given, field)
  if (/^[\w.-]+$/.test(name) && name !== 'auto') return name
  return fail(field, "letters, digits, '.', '_' and '-', and not 'auto'", describe(given))
}

function checkBaseUrl(given: unknown): string {
  const baseUrl = checkNonEmpty(given, 'baseUrl')
  checkPlaceholders(baseUrl, 'baseUrl')
  parseUrl(baseUrl.replace(/\{\w+\}/g, 'x'), undefined, 'baseUrl')
  return baseUrl
}

function checkPath(given: unknown, field: string): string {
  const path = checkString(given, field)
  checkPlaceholders(path.replace(/\{\+?model\}/g, ''), field)
  return path
}

function checkPlaceholders(template: string, field: string): void {
  for (const [place, name] of template.matchAll(/\{([^}]*)\}/g)) {
    if ((providerOptions as readonly string[]).includes(name as string)) continue
    fail(field, `a template of options (${providerOptions.join(', ')})`, `one with ${JSON.stringify(place)}`)
  }
}

function checkAuth(given: unknown): ProviderAuth {
  if (given === 'bearer' || given === 'optional') return given
  const expected = "'bearer', 'optional', { header } or { sigv4 }"
  if (typeof given !== 'object' || given === null) fail('auth', expected, describe(given))
  const { header, sigv4 } = checkObject(given, 'auth', ['header', 'sigv4'], 'auth.')
  if ((header === undefined) === (sigv4 === undefined)) fail('auth', expected, 'something else')
  if (sigv4 !== undefined) return { sigv4: checkOneOf(sigv4, 'auth.sigv4', ['bedrock', 'sagemaker']) }
  const name = checkNonEmpty(header, 'auth.header')
  checkHeaders({ [name]: '' }, 'auth.header')
  return { header: name }
}

function checkOptions(given: unknown): Partial<Record<ProviderOption, OptionRow>> {
  const options = checkObject(given, 'options', providerOptions, 'options.')
  return Object.fromEntries(
    Object.entries(options).map(([name, row]) => {
      const field = `options.${name}`
      const {
        variables,
        default: otherwise,
        about,
      } = checkObject(row, field, ['variables', 'default', 'about'], `${field}.`)
      return [
        name,
        {
          variables: checkList(variables, `${field}.variables`),
          about: about === undefined ? name : checkString(about, `${field}.about`),
          ...(otherwise !== undefined && { default: checkNonEmpty(otherwise, `${field}.default`) }),
        },
      ]
    }),
  )
}

function checkStrings(given: unknown, field: string): Record<string, string> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) fail(field, 'an object', describe(given))
  for (const [name, value] of Object.entries(given)) checkString(value, `${field}.${name}`)
  return given as Record<string, string>
}

function checkList(given: unknown, field: string): string[] {
  if (given === undefined) return []
  if (!Array.isArray(given)) fail(field, 'an array of strings', describe(given))
  return given.map((item, index) => checkNonEmpty(item, `${field}[${index}]`))
}
