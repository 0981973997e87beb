/** Start: time to import in a fresh process, what it adds to the process's size, and the size of the binary. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { productBinaries, productEntry } from '../lib/product.mjs'
import { range, table } from '../lib/report.mjs'
import { median, summary } from '../lib/stats.mjs'

export const title = 'Start'
const SUBJECT = fileURLToPath(new URL('../subjects/import.mjs', import.meta.url))
const PACKAGES = {
  bare: [],
  millstream: [productEntry],
  openai: ['openai'],
  ai: ['ai', '@ai-sdk/openai'],
}
const LABELS = { millstream: 'millstream', openai: '`openai`', ai: '`ai` + `@ai-sdk/openai`' }
const MB = 1e6

/** @param {{ quick: boolean, log(line: string): void }} options */
export async function run({ quick, log }) {
  const repeats = quick ? 5 : 15
  log(`start: ${repeats} fresh processes each`)
  const samples = Object.fromEntries(Object.keys(PACKAGES).map((name) => [name, []]))
  for (let repeat = -1; repeat < repeats; repeat++) {
    for (const [name, specifiers] of Object.entries(PACKAGES)) {
      const child = spawnSync(process.execPath, [SUBJECT, ...specifiers], { encoding: 'utf8', timeout: 30_000 })
      if (child.status !== 0) throw new Error(`Importing ${name} failed: ${child.stderr}`)
      // The first time fills the page cache for all of them.
      if (repeat >= 0) samples[name].push(JSON.parse(child.stdout))
    }
  }
  const bare = median(samples.bare.map(({ rss }) => rss))
  const peers = {}
  for (const name of Object.keys(LABELS)) {
    peers[name] = {
      milliseconds: summary(samples[name].map(({ milliseconds }) => milliseconds)),
      megabytes: summary(samples[name].map(({ rss }) => (rss - bare) / MB)),
    }
    log(`  ${name}: ${peers[name].milliseconds.median.toFixed(1)} ms, ${peers[name].megabytes.median.toFixed(1)} MB`)
  }
  const binaries = productBinaries().map((file) => ({ file: basename(file), bytes: strippedSize(file) }))
  return { repeats, peers, binaries, targets: targets(peers, binaries) }
}

/** Size without symbols, as it is shipped; the file's own size where no `strip` is installed. */
function strippedSize(file) {
  const folder = mkdtempSync(join(tmpdir(), 'millstream-bench-'))
  try {
    const stripped = join(folder, 'stripped.node')
    const { status } = spawnSync('strip', ['-o', stripped, file])
    return statSync(status === 0 ? stripped : file).size
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function targets({ millstream }, binaries) {
  const largest = Math.max(...binaries.map(({ bytes }) => bytes))
  const time = millstream.milliseconds.median
  const size = millstream.megabytes.median
  return [
    { id: 'P10', what: '`import`', wanted: '≤ 15 ms', reached: `${time.toFixed(1)} ms`, met: time <= 15 },
    { id: 'P10', what: 'RSS over bare Node', wanted: '≤ 8 MB', reached: `${size.toFixed(1)} MB`, met: size <= 8 },
    {
      id: 'P10',
      what: 'addon, stripped',
      wanted: '≤ 8 MB',
      reached: `${(largest / MB).toFixed(1)} MB`,
      met: largest <= 8 * MB,
    },
  ]
}

export function tables({ repeats, peers, binaries }) {
  const rows = Object.entries(peers).map(([name, { milliseconds, megabytes }]) => [
    LABELS[name],
    range(milliseconds, 1),
    range(megabytes, 1),
  ])
  const sizes = binaries.map(({ file, bytes }) => [`\`${file}\``, (bytes / MB).toFixed(2)])
  return [
    `Median (range) of ${repeats} fresh processes.`,
    table(['', 'import, ms', 'MB of RSS over bare Node'], rows),
    table(['binary, stripped', 'MB'], sizes),
  ].join('\n\n')
}
