/** The providers known by name: those of the table, and those an application added. */
import type { ProviderRow } from './definition.js'
import { table } from './table.js'

/** Names and aliases in lower case, to the name of the row. */
const names = new Map<string, string>()
const rows = new Map<string, ProviderRow>()
for (const [name, row] of Object.entries(table)) {
  rows.set(name, row)
  for (const known of [name, ...(row.aliases ?? [])]) names.set(known, name)
}

/** A provider known by name. */
export interface KnownProvider {
  /** The row's own, whatever alias was asked for. */
  name: string
  row: ProviderRow
}

/** The provider of a name or an alias. */
export function findProvider(name: string): KnownProvider | undefined {
  const own = names.get(name)
  const row = own === undefined ? undefined : rows.get(own)
  return own === undefined || row === undefined ? undefined : { name: own, row }
}

/** Whether `name` is known, as a name or as an alias. */
export function isProviderName(name: string): boolean {
  return names.has(name)
}

/** The names known, without aliases, in the order of the table. */
export function providerNames(): string[] {
  return [...rows.keys()]
}

/** The rows by name, in that order. */
export function providerRows(): ReadonlyMap<string, ProviderRow> {
  return rows
}
