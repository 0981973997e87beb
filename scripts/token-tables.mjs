// `node scripts/token-tables.mjs`: writes `tables/`, the token tables that counting reads, from those of the package
// `tiktoken`. `-- --check` says whether they are what it would write. The format is that of `crates/tokens/src/table.rs`.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { main, root, StepError, say } from './support/process.mjs'

/** `r50k_base` is the beginning of `p50k_base`, and `o200k_harmony` has the tokens of `o200k_base`. */
export const tables = ['o200k_base', 'cl100k_base', 'p50k_base']

const require = createRequire(import.meta.url)

/** A table's file. */
export function tableOf(name) {
  const tokens = readTokens(require(`tiktoken/encoders/${name}.json`).bpe_ranks)
  const ranks = new Map(tokens.map((token, rank) => [token, rank]))
  const merges = tokens.slice(256).map((token, at) => {
    const parts = partsOf(token, at + 256, ranks)
    return parts.map((part) => ranks.get(part))
  })
  const singles = tokens.slice(0, 256)
  if (singles.some((token) => token.length !== 1)) throw new StepError(`${name} does not begin with the single bytes`)
  const head = Buffer.from('msbpe\0\x01\n', 'latin1')
  const count = Buffer.alloc(4)
  count.writeUInt32LE(tokens.length)
  const planes = [0, 1].flatMap((part) =>
    [0, 8, 16].map((shift) => Buffer.from(merges.map((parts) => (parts[part] >> shift) & 255))),
  )
  return Buffer.concat([head, count, Buffer.from(singles.join(''), 'latin1'), ...planes])
}

/** The tokens by rank, each byte a character. A gap in the ranks is that of a marker; only the order matters here. */
function readTokens(ranks) {
  const tokens = []
  for (const line of ranks.split('\n')) {
    const [, offset, ...encoded] = line.split(' ')
    for (const [at, token] of encoded.entries())
      tokens[Number(offset) + at] = Buffer.from(token, 'base64').toString('latin1')
  }
  return tokens.filter((token) => token !== undefined)
}

/** The two tokens that the token of a rank is merged of. */
function partsOf(token, rank, ranks) {
  const parts = [...token]
  while (parts.length > 2) {
    let best = rank
    let place = -1
    for (let at = 0; at + 1 < parts.length; at++) {
      const found = ranks.get(parts[at] + parts[at + 1])
      if (found !== undefined && found < best) {
        best = found
        place = at
      }
    }
    if (place === -1) throw new StepError(`token ${rank} is not merged of two`)
    parts.splice(place, 2, parts[place] + parts[place + 1])
  }
  return parts
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    const folder = join(root, 'tables')
    mkdirSync(folder, { recursive: true })
    for (const name of tables) {
      const path = join(folder, `${name}.bpe`)
      const table = tableOf(name)
      if (!process.argv.includes('--check')) writeFileSync(path, table)
      else if (!readFileSync(path).equals(table)) throw new StepError(`tables/${name}.bpe is not what tiktoken has`)
      say(`tables/${name}.bpe ${table.length}`)
    }
  })
}
