/** The decoders alone: runs the benchmarks of `crates/wire`, which print their own tables and leave JSON behind. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { productRoot } from '../lib/product.mjs'
import { range, table } from '../lib/report.mjs'

export const title = 'Decoders'
const BENCHES = ['framing', 'decode', 'providers']

/** @param {{ log(line: string): void }} options */
export async function run({ log }) {
  const results = {}
  for (const bench of BENCHES) {
    log(`rust: cargo bench -p millstream-wire --bench ${bench}`)
    const args = ['bench', '-p', 'millstream-wire', '--bench', bench]
    const { status } = spawnSync('cargo', args, { cwd: productRoot, stdio: ['ignore', 'ignore', 'inherit'] })
    if (status !== 0) throw new Error(`\`cargo ${args.join(' ')}\` failed`)
    results[bench] = JSON.parse(readFileSync(new URL(`../results/${bench}.json`, import.meta.url), 'utf8'))
  }
  return { ...results, targets: targets(results) }
}

const OURS = 'millstream'
const THEIRS = 'eventsource-stream'
const READS = '16 KiB reads'

function find({ rows }, scene, reader) {
  const row = rows.find((row) => row.scene === scene && row.reader === reader)
  if (!row) throw new Error(`Expected a row for ${reader} on ${scene}`)
  return row
}

const gigabytes = (row) => row.megabytesPerSecond.median / 1000

function targets({ framing, decode, providers }) {
  const ours = gigabytes(find(framing, READS, OURS))
  const times = find(framing, READS, THEIRS).oursIsTimes
  return [
    {
      id: 'P7',
      what: `SSE decoding, ${READS}`,
      wanted: '≥ 5 GB/s',
      reached: `${ours.toFixed(1)} GB/s`,
      met: ours >= 5,
    },
    {
      id: 'P7',
      what: `SSE decoding, ${READS}, times \`${THEIRS}\``,
      wanted: '≥ 15',
      reached: times.toFixed(0),
      met: times >= 15,
    },
    ...decode.rows.filter(({ reader }) => reader === OURS).map(decoding),
    ...providers.rows
      .filter(({ format }) => format === 'anthropic')
      .map(({ what, gigabytesPerSecond: median }) =>
        decoding({ scene: `Anthropic's ${what}`, gigabytesPerSecond: { median } }),
      ),
  ]
}

function decoding({ scene, gigabytesPerSecond: { median } }) {
  return {
    id: 'P8',
    what: `bytes to events, ${scene}`,
    wanted: '≥ 1.5 GB/s',
    reached: `${median.toFixed(2)} GB/s`,
    met: median >= 1.5,
  }
}

function decodeTables({ rows, rounds, pieceBytes }) {
  const scenes = [...new Set(rows.map(({ scene }) => scene))]
  return scenes.flatMap((scene) => [
    `**Bytes to events**, ${scene} in ${pieceBytes / 1024} KiB reads, ${rounds} rounds`,
    table(
      ['', 'GB/s', 'ns per chunk', 'allocations per chunk'],
      rows
        .filter((row) => row.scene === scene)
        .map(
          ({ reader, gigabytesPerSecond: { median, lowest, highest }, nanosecondsPerChunk, allocationsPerChunk }) => [
            reader,
            range({ median, min: lowest, max: highest }, 2),
            nanosecondsPerChunk.toFixed(0),
            allocationsPerChunk.toFixed(2),
          ],
        ),
    ),
  ])
}

function providersTable({ rows, rounds, pieceBytes }) {
  return [
    `**Bytes to events, by format**, in ${pieceBytes / 1024} KiB reads, ${rounds} rounds; all recordings of the format, each decoded from its start, and their text deltas alone as one long answer`,
    table(
      ['', 'MB', 'GB/s', 'line ends alone, GB/s', 'ns per piece of content', 'allocations per piece'],
      rows.map((row) => [
        `${row.format}, ${row.what}`,
        row.megabytes.toFixed(2),
        row.gigabytesPerSecond.toFixed(2),
        row.lineEndsGigabytesPerSecond.toFixed(1),
        row.nanosecondsPerContent.toFixed(0),
        row.allocationsPerContent.toFixed(2),
      ]),
    ),
  ]
}

export function tables({ framing, decode, providers }) {
  const digits = (value) => value.toFixed(value < 10 ? 2 : 0)
  const rate = ({ megabytesPerSecond: { median, lowest, highest } }) =>
    `${digits(median)} (${digits(lowest)}–${digits(highest)})`
  const readers = [...new Set(framing.rows.map(({ reader }) => reader))]
  const scenes = [...new Set(framing.rows.map(({ scene }) => scene))]
  const rows = scenes.map((scene) => [scene, ...readers.map((reader) => rate(find(framing, scene, reader)))])
  return [
    `**Framing**, MB/s, median (range) of ${framing.rounds} rounds over ${framing.body}`,
    table(['', ...readers], rows),
    ...decodeTables(decode),
    ...providersTable(providers),
  ].join('\n\n')
}
