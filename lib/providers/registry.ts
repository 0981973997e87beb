/** The providers known by name: those of the table, and those an application added. */
import { ValidationError } from '../errors.js'
import type { Codec } from './codec.js'
import type { ProviderApi, ProviderRow } from './definition.js'
import type { WireProtocol } from './formats.js'
import { table } from './table.js'

/** A provider known by name. */
export interface KnownProvider {
  /** The row's own, whatever alias was asked for. */
  name: string
  row: ProviderRow
  /** What JavaScript reads and writes of its format. */
  codec: Codec | undefined
}

const providers = new Map<string, KnownProvider>()
/** By names and aliases. */
const names = new Map<string, KnownProvider>()

function add(provider: KnownProvider): void {
  providers.set(provider.name, provider)
  for (const name of [provider.name, ...(provider.row.aliases ?? [])]) names.set(name, provider)
}

for (const [name, row] of Object.entries(table)) add({ name, row, codec: undefined })

/** Adds a provider; the function that it returns takes it away again. */
export function addProvider(name: string, row: ProviderRow, codec: Codec | undefined): () => void {
  for (const wanted of [name, ...(row.aliases ?? [])]) {
    if (!names.has(wanted)) continue
    throw new ValidationError(`There is a provider '${wanted}' already`, 'name', { code: 'PROVIDER_EXISTS' })
  }
  const provider = { name, row, codec }
  add(provider)
  return () => {
    if (providers.get(name) !== provider) return
    providers.delete(name)
    for (const known of [name, ...(row.aliases ?? [])]) names.delete(known)
  }
}

/** The provider of a name or an alias. */
export function findProvider(name: string): KnownProvider | undefined {
  return names.get(name)
}

/** Whether `name` is known, as a name or as an alias. */
export function isProviderName(name: string): boolean {
  return names.has(name)
}

/** The names known, without aliases, in the order of the table. */
export function providerNames(): string[] {
  return [...providers.keys()]
}

/** The providers by name, in that order. */
export function knownProviders(): ReadonlyMap<string, KnownProvider> {
  return providers
}

/** Whose interface speaks a protocol; those that are nobody's are read from servers of OpenAI's format. */
export function homeOf(protocol: 'auto' | WireProtocol): { row: ProviderRow; api: ProviderApi } {
  for (const row of Object.values(table)) {
    for (const [api, { protocol: spoken }] of Object.entries(row.apis)) {
      if (spoken === protocol) return { row, api: api as ProviderApi }
    }
  }
  return { row: table.openai, api: 'chat' }
}
