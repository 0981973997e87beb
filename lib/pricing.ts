/**
 * What answers cost: token counts times prices. What always holds: a model without a price has no cost (`undefined`), never
 * a cost of nothing; an own price comes before the table's; the same usage costs the same wherever it is asked.
 */
import { checkInteger, checkNonEmpty, checkNumber, checkObject, describe, fail } from './check.js'
import { type ModelPrice, type PriceList, priceTable } from './pricing/table.js'
import type { Usage } from './types.js'

export type { ModelPrice } from './pricing/table.js'

/** Prices by model; of one vendor alone where the name is `vendor/model`. */
export type PriceMap = ReadonlyMap<string, ModelPrice>

/**
 * What the models of the table cost, in US dollars for a thousand tokens. Those whose maker is another than their vendor
 * stand there as `vendor/model`.
 *
 * @example
 * import { MODEL_PRICING } from 'millstream'
 *
 * console.log(MODEL_PRICING['gpt-4']) // { input: 0.03, output: 0.06 }
 */
export const MODEL_PRICING: Readonly<Record<string, { readonly input: number; readonly output: number }>> =
  Object.freeze(
    Object.fromEntries(
      Object.entries(priceTable).flatMap(([vendor, { models, resold }]) =>
        Object.entries(models).map(([model, [input, output]]) => [
          resold ? `${vendor}/${model}` : model,
          Object.freeze({ input: thousandth(input), output: thousandth(output) }),
        ]),
      ),
    ),
  )

/** Without the noise of binary fractions: 0.15 / 1000 is 0.00015. */
function thousandth(price: number): number {
  return Number((price / 1000).toPrecision(12))
}

/** Who serves models under their makers' prices. */
const sellers: Readonly<Record<string, readonly string[]>> = {
  azure: ['openai'],
  vertex: ['google', 'anthropic'],
  bedrock: ['anthropic'],
}

/** Who serves models at prices of their own, or for nothing: what others take says nothing about them. */
const ownPrices: ReadonlySet<string> = new Set([
  'openrouter',
  'cloudflare',
  'sagemaker',
  'watsonx',
  'ollama',
  'vllm',
  'llamacpp',
  'lmstudio',
])

const registered = new Map<string, ModelPrice>()

/**
 * Adds prices, or replaces those of the table, for the whole process. Of one vendor's models alone: `'groq/my-model'`.
 *
 * @throws ValidationError for a price that is none.
 *
 * @example
 * import { calculateCost, registerPrices } from 'millstream'
 *
 * registerPrices({ 'my-model': { inputPerMillion: 1, outputPerMillion: 2 } })
 * console.log(calculateCost(1000, 500, 'my-model')) // 0.002
 */
export function registerPrices(prices: Record<string, ModelPrice>): void {
  for (const [model, price] of checkPrices(prices, 'prices')) registered.set(model, price)
  found.clear()
}

/**
 * What an answer cost in US dollars, by its token counts or by its usage, in which cached tokens have their own price.
 * `undefined` where the model has no price. `model` may name its vendor: `'groq/llama-3.3-70b-versatile'`.
 *
 * @example
 * import { calculateCost } from 'millstream'
 *
 * console.log(calculateCost(1000, 500, 'gpt-4')) // 0.06
 * console.log(calculateCost({ promptTokens: 1000, completionTokens: 500, totalTokens: 1500 }, 'gpt-4')) // 0.06
 */
export function calculateCost(promptTokens: number, completionTokens: number, model: string): number | undefined
export function calculateCost(usage: Usage, model: string): number | undefined
export function calculateCost(first: number | Usage, second: number | string, third?: string): number | undefined {
  if (typeof first === 'object' && first !== null) return costOf(first, checkNonEmpty(second, 'model'), '')
  const promptTokens = checkInteger(first, 'promptTokens', 0)
  const completionTokens = checkInteger(second, 'completionTokens', 0)
  const usage = { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens }
  return costOf(usage, checkNonEmpty(third, 'model'), '')
}

/** What a usage cost at a provider. `own` comes before everything else. */
export function costOf(usage: Usage, model: string, provider: string, own?: PriceMap): number | undefined {
  const price = priceOf(model, provider, own)
  if (price === undefined) return undefined
  const { inputPerMillion, outputPerMillion, cachedInputPerMillion, cacheWritePerMillion } = price
  const cached = Math.min(usage.cachedTokens ?? 0, usage.promptTokens)
  const written = Math.min(writtenTokens(usage.raw), usage.promptTokens - cached)
  const cost = (tokens: number, perMillion: number) => (tokens / 1000) * thousandth(perMillion)
  return (
    cost(usage.promptTokens - cached - written, inputPerMillion) +
    (cached === 0 ? 0 : cost(cached, cachedInputPerMillion ?? inputPerMillion)) +
    (written === 0 ? 0 : cost(written, cacheWritePerMillion ?? inputPerMillion)) +
    cost(usage.completionTokens, outputPerMillion)
  )
}

/** What was written to the cache, of which only the provider's own object tells. */
function writtenTokens(raw: unknown): number {
  const { cache_creation_input_tokens: anthropic, cacheWriteInputTokens: bedrock } = (raw ?? {}) as Record<
    string,
    unknown
  >
  const written = anthropic ?? bedrock
  return typeof written === 'number' && written > 0 ? written : 0
}

/** What was looked up, by provider and model: an application asks a few of them, again and again. */
const found = new Map<string, ModelPrice | undefined>()

/** Models' names come from outside as well: so many are remembered at most, and none that is longer. */
const mostFound = 256
const longestFound = 256

/** A model's price at a provider; `''` where that is not known. */
function priceOf(model: string, provider: string, own: PriceMap | undefined): ModelPrice | undefined {
  const price = own && pricedIn(own, model, provider)
  if (price !== undefined) return price
  const key = `${provider}\n${model}`
  if (found.has(key)) return found.get(key)
  const known = pricedIn(registered, model, provider) ?? listedPrice(model, provider)
  if (found.size >= mostFound) found.clear()
  if (key.length <= longestFound) found.set(key, known)
  return known
}

function pricedIn(prices: PriceMap, model: string, provider: string): ModelPrice | undefined {
  if (prices.size === 0) return undefined
  for (const name of namesOf(model)) {
    const price = prices.get(`${provider}/${name}`) ?? prices.get(name)
    if (price !== undefined) return price
  }
  return undefined
}

function listedPrice(model: string, provider: string): ModelPrice | undefined {
  if (ownPrices.has(provider)) return undefined
  const vendor = model.slice(0, model.indexOf('/'))
  if (provider === '' && priceTable[vendor] !== undefined)
    return listed(priceTable[vendor], model.slice(vendor.length + 1))
  const lists = (sellers[provider] ?? [provider]).map((name) => priceTable[name]).filter((list) => list !== undefined)
  for (const list of lists.length > 0 ? lists : Object.values(priceTable).filter(({ resold }) => !resold)) {
    const price = listed(list, model)
    if (price !== undefined) return price
  }
  return undefined
}

function listed(list: PriceList, model: string): ModelPrice | undefined {
  for (const name of namesOf(model)) {
    const row = Object.hasOwn(list.models, name) ? list.models[name] : undefined
    if (row === undefined) continue
    const [inputPerMillion, outputPerMillion, cachedInputPerMillion, cacheWritePerMillion] = row
    return {
      inputPerMillion,
      outputPerMillion,
      ...(cachedInputPerMillion !== undefined && { cachedInputPerMillion }),
      ...(cacheWritePerMillion !== undefined && { cacheWritePerMillion }),
    }
  }
  return undefined
}

/** A date or a version at the end of a model's name: the same model at the same price, unless it is listed itself. */
const endings = [/-v\d+(?::\d+)?$/, /@[\w-]+$/, /-\d{4}-\d{2}-\d{2}$/, /-\d{8}$/, /-\d{4}$/, /-\d{3}$/, /-latest$/]
/** Who stands before it: a region, a vendor, a folder. */
const fronts = [
  /^(?:(?:us|eu|apac|global|jp|au|ca)\.)?(?:anthropic|meta|mistral|cohere|amazon|deepseek|openai)\./,
  /^models\//,
  /^.*\//,
]

/** What a model may be listed as: as it is named, then with less and less around it. */
function namesOf(model: string): string[] {
  const names = [model]
  let name = model
  for (const [part] of [...endings.map((pattern) => [pattern]), ...fronts.map((pattern) => [pattern])]) {
    const shorter = name.replace(part as RegExp, '')
    if (shorter !== name && shorter !== '') {
      name = shorter
      names.push(name)
    }
  }
  return names
}

const priceKeys = [
  'inputPerMillion',
  'outputPerMillion',
  'cachedInputPerMillion',
  'cacheWritePerMillion',
] as const satisfies readonly (keyof ModelPrice)[]

/** Checked copies. */
export function checkPrices(given: unknown, field: string): Map<string, ModelPrice> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    fail(field, 'an object of prices by model', describe(given))
  }
  return new Map(
    Object.entries(given).map(([model, price]) => {
      const name = `${field}.${model}`
      const checked = { ...(checkObject(price, name, priceKeys, `${name}.`) as unknown as ModelPrice) }
      for (const key of priceKeys) {
        const optional = key === 'cachedInputPerMillion' || key === 'cacheWritePerMillion'
        if (optional && checked[key] === undefined) delete checked[key]
        else checked[key] = checkNumber(checked[key], `${name}.${key}`, 0)
      }
      return [model, checked]
    }),
  )
}
