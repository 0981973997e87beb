/**
 * Partial JSON: the arguments of a large tool call as they arrive, and the value so far after each piece. Readers that
 * begin anew with every piece take time that grows with the square of the text; what all of them have to do is make the
 * values.
 */
import assert from 'node:assert/strict'
import { productEntry } from '../lib/product.mjs'
import { range, ratio, table } from '../lib/report.mjs'
import { median, summary } from '../lib/stats.mjs'

export const title = 'Partial JSON'

const LABELS = {
  millstream: 'millstream: `JsonStreamDecoder`',
  'partial-json': '`partial-json`',
  ai: '`ai`: `parsePartialJson`',
}

/** An edit of a long file: what an agent's largest calls are like. */
function toolCall(bytes) {
  const edits = []
  let size = 0
  for (let at = 0; size < bytes; at++) {
    const edit = {
      line: at * 7,
      kind: at % 3 === 0 ? 'insert' : 'replace',
      text: `  const value${at} = read("é ${at}")\n\treturn value${at}`,
    }
    size += Buffer.byteLength(JSON.stringify(edit)) + 1
    edits.push(edit)
  }
  return JSON.stringify({ path: 'src/main.ts', dry: false, edits })
}

/** Each makes a reader of one text: a function that takes a piece and gives the value so far. */
async function readers() {
  const { JsonStreamDecoder } = await import(productEntry)
  const { parse } = await import('partial-json')
  const { parsePartialJson } = await import('ai')
  return {
    millstream: () => {
      const decoder = new JsonStreamDecoder()
      return (piece) => {
        decoder.feed(piece)
        return decoder.partial
      }
    },
    'partial-json': () => {
      let text = ''
      return (piece) => {
        text += piece
        return parse(text)
      }
    },
    ai: () => {
      let text = ''
      return async (piece) => {
        text += piece
        return (await parsePartialJson(text)).value
      }
    },
  }
}

/** Milliseconds for a text in pieces of `size` characters. */
async function read(make, text, size) {
  const next = make()
  const began = performance.now()
  let value
  for (let at = 0; at < text.length; at += size) {
    value = next(text.slice(at, at + size))
    if (value instanceof Promise) value = await value
  }
  const milliseconds = performance.now() - began
  assert.deepEqual(value, JSON.parse(text))
  return milliseconds
}

/** @param {{ quick: boolean, rounds: number, log(line: string): void }} options */
export async function run({ quick, rounds, log }) {
  const bytes = quick ? 50_000 : 200_000
  const size = 64
  const text = toolCall(bytes)
  const peers = await readers()
  const samples = Object.fromEntries(Object.keys(peers).map((name) => [name, []]))
  const alone = []
  for (let round = -1; round < rounds; round++) {
    for (const [name, make] of Object.entries(peers)) {
      const milliseconds = await read(make, round < 0 ? toolCall(10_000) : text, size)
      if (round >= 0) samples[name].push(milliseconds)
    }
    const { JsonStreamDecoder } = await import(productEntry)
    const began = performance.now()
    const decoder = new JsonStreamDecoder()
    for (let at = 0; at < text.length; at += 4) decoder.feed(text.slice(at, at + 4))
    if (round >= 0) alone.push(performance.now() - began)
  }
  const results = Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, summary(values)]))
  for (const [name, values] of Object.entries(samples)) log(`  ${name}: ${median(values).toFixed(0)} ms`)
  return {
    bytes: Buffer.byteLength(text),
    pieces: Math.ceil(text.length / size),
    size,
    rounds,
    peers: results,
    alone: summary(alone),
    targets: [],
  }
}

export function tables({ bytes, pieces, size, rounds, peers, alone }) {
  const own = peers.millstream.median
  const rows = Object.entries(peers).map(([name, milliseconds]) => [
    LABELS[name],
    range(milliseconds, 0),
    ratio(milliseconds.median / own),
  ])
  return [
    `A call of ${Math.round(bytes / 1000)} KB in ${pieces.toLocaleString('en-US')} pieces of ${size} characters, and the value so far after each. Median (range) of ${rounds} rounds.`,
    table(['', 'ms for the whole', 'as against millstream'], rows),
    `Read in pieces of 4 characters, with the value at the end alone: ${range(alone, 1)} ms with \`JsonStreamDecoder\`.`,
  ].join('\n\n')
}
