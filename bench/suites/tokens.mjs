/** What it costs to know how many tokens have come while a text streams, and to count a whole one. */
import { spawnSync } from 'node:child_process'
import { productRoot } from '../lib/product.mjs'
import { ratio, table } from '../lib/report.mjs'
import { median } from '../lib/stats.mjs'
import { startSubject } from '../lib/subject.mjs'

export const title = 'Token counting'

/** In the order of the tables. `exact`: what it says after each delta is the count of the text so far. */
const STREAMED = {
  engine: { name: 'millstream: in the engine, as an answer streams', exact: 'yes' },
  'millstream-end': { name: 'millstream: `TokenCounter`, asked at the end', exact: 'yes' },
  millstream: { name: 'millstream: `TokenCounter`, asked after each delta', exact: 'yes' },
  tiktoken: { name: '`tiktoken` (WASM): each delta on its own', exact: 'no' },
  'tiktoken-whole': { name: '`tiktoken` (WASM): the text so far, again each time', exact: 'yes' },
  'js-tiktoken': { name: '`js-tiktoken`: each delta on its own', exact: 'no' },
  'ai-tokenizer': { name: '`ai-tokenizer`: each delta on its own', exact: 'no' },
}
const WHOLE = {
  millstream: '`countTokens`',
  tiktoken: '`tiktoken` (WASM)',
  'js-tiktoken': '`js-tiktoken`',
  'ai-tokenizer': '`ai-tokenizer`',
}

/** @param {{ quick: boolean, rounds: number, log(line: string): void }} options */
export async function run({ quick, rounds, log }) {
  const streamed = {}
  const whole = {}
  let load
  for (let round = 0; round < rounds; round++) {
    log(`token counting: round ${round + 1} of ${rounds}`)
    for (const peer of Object.keys(STREAMED)) {
      streamed[peer] ??= []
      if (peer === 'engine') {
        streamed[peer].push(inTheEngine())
        continue
      }
      const subject = startSubject('tokens')
      try {
        const sample = await subject.ask({ peer, kind: 'streamed', quick }, 300_000)
        streamed[peer].push(sample)
      } finally {
        await subject.stop()
      }
    }
    for (const peer of Object.keys(WHOLE)) {
      const subject = startSubject('tokens')
      try {
        const sample = await subject.ask({ peer, kind: 'whole', quick }, 300_000)
        whole[peer] ??= []
        whole[peer].push(sample)
        if (peer === 'millstream') load = sample.load
      } finally {
        await subject.stop()
      }
    }
  }
  return { rounds, streamed, whole, load, targets: targets(streamed) }
}

/** Without JavaScript in between: a benchmark of its own, that the other tests of the crate say is exact. */
function inTheEngine() {
  const args = ['bench', '--quiet', '-p', 'millstream-tokens', '--bench', 'streamed']
  const { status, stdout } = spawnSync('cargo', args, { cwd: productRoot, stdio: ['ignore', 'pipe', 'inherit'] })
  if (status !== 0) throw new Error(`\`cargo ${args.join(' ')}\` failed`)
  return { ...JSON.parse(stdout), off: 0 }
}

const nanoseconds = (samples) => median(samples.map(({ nanoseconds }) => nanoseconds))

function targets(streamed) {
  const theirs = nanoseconds(streamed.tiktoken)
  const right = streamed.millstream.every(({ off }) => off === 0)
  return [
    ['engine', 'counted in the engine'],
    ['millstream-end', 'by a `TokenCounter` in JavaScript'],
    ['millstream', 'by a `TokenCounter` that is asked after every delta'],
  ].map(([peer, what]) => {
    const times = theirs / nanoseconds(streamed[peer])
    return {
      id: 'P12',
      what: `streamed delta of \`tiktoken\`, ${what}`,
      wanted: '≥ 20 ×, exact',
      reached: `${ratio(times)} ×, ${right ? 'exact' : 'off'}`,
      met: right && times >= 20,
    }
  })
}

export function tables({ rounds, streamed, whole, load }) {
  const ours = nanoseconds(streamed.millstream)
  const rows = Object.entries(STREAMED).map(([peer, { name, exact }]) => [
    name,
    Math.round(nanoseconds(streamed[peer])).toLocaleString('en-US'),
    ratio(nanoseconds(streamed[peer]) / ours),
    exact,
    `${streamed[peer][0].off} of ${streamed[peer][0].tokens}`,
  ])
  const wholes = Object.entries(WHOLE).map(([peer, name]) => {
    const speed = median(whole[peer].map(({ megabytesPerSecond }) => megabytesPerSecond))
    return [name, speed.toFixed(speed < 10 ? 1 : 0), `${whole[peer][0].off} of ${whole[peer][0].tokens}`]
  })
  const intro = `Median of ${rounds} rounds, each peer in a process of its own, warmed up; time on a CPU. The text: prose, code, JSON and Chinese, in deltas of a few characters, in \`o200k_base\`.`
  return [
    intro,
    '**While it streams**',
    table(['ns per delta', 'time', 'of ours, asked each time', 'exact all along', 'off at the end'], rows),
    '**Whole texts of 100 KB**',
    table(['', 'MB/s', 'off'], wholes),
    `The table of \`o200k_base\` is read on first use, in ${load.milliseconds.toFixed(0)} ms, and takes ${(load.bytes / 1e6).toFixed(1)} MB.`,
  ].join('\n\n')
}
