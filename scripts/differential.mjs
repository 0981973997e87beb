// Recorded answers, read by the engine and by the vendors' and the AI SDK's own readers, from the same bytes: text, reasoning,
// tool calls, tokens. What is read otherwise has to be explained in differential/explained.mjs; the reasons stand in
// docs/differences.md. Needs the recordings in ../shared/fixtures and, once, `npm ci` in scripts/differential.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { explanationOf } from './differential/explained.mjs'
import { readersOf } from './differential/readers.mjs'
import { say } from './support/process.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const fixtures = join(root, '..', 'shared', 'fixtures')
const { decodeStream } = createRequire(join(root, 'package.json'))('millstream')

const protocols = {
  'chat.completions': 'openai',
  responses: 'openai-responses',
  messages: 'anthropic',
  generateContent: 'gemini',
  'ollama chat': 'ollama',
  'cohere v2 chat': 'cohere',
  'converse-stream': 'bedrock-converse',
}

async function ours(bytes, protocol) {
  const { text, reasoning, toolCalls, usage } = await decodeStream(new Blob([bytes]).stream(), { protocol }).collect()
  return {
    text,
    reasoning,
    calls: toolCalls.filter(({ choice }) => choice === undefined).map(({ tool, args }) => ({ tool, args })),
    tokens: usage && { prompt: usage.promptTokens, completion: usage.completionTokens },
  }
}

async function attempt(read) {
  try {
    return await read()
  } catch (error) {
    return { failed: String(error?.message ?? error).slice(0, 120) }
  }
}

/** The fields in which two readings differ; what a reader doesn't tell is not compared. */
function differences(own, other) {
  if (own.failed !== undefined || other.failed !== undefined) {
    return (own.failed === undefined) === (other.failed === undefined) ? [] : ['failed']
  }
  return Object.keys(other).filter(
    (field) => other[field] !== undefined && JSON.stringify(own[field]) !== JSON.stringify(other[field]),
  )
}

if (!existsSync(join(fixtures, 'ORACLE.jsonl'))) {
  say('skipped: no ../shared/fixtures here')
  process.exit()
}
const verbose = process.argv.includes('--verbose')
const totals = new Map()
let unexplained = 0
for (const line of readFileSync(join(fixtures, 'ORACLE.jsonl'), 'utf8').trim().split('\n')) {
  const { file, api } = JSON.parse(line)
  const protocol = protocols[api]
  if (protocol === undefined) continue
  const bytes = readFileSync(join(fixtures, file))
  const own = await attempt(() => ours(bytes, protocol))
  for (const [name, read] of readersOf(api, file)) {
    const other = await attempt(() => read(bytes))
    const total = totals.get(name) ?? { read: 0, same: 0, explained: 0 }
    totals.set(name, total)
    total.read++
    const found = differences(own, other)
    const open = found.filter((field) => explanationOf({ name, file, field, own, other, bytes }) === undefined)
    if (found.length === 0) total.same++
    else if (open.length === 0) total.explained++
    unexplained += open.length
    for (const field of open) {
      say(`${name}: ${file}: ${field}`)
      if (verbose) say(`  ours:   ${shown(own, field)}\n  theirs: ${shown(other, field)}`)
    }
  }
}

function shown(reading, field) {
  return String(JSON.stringify(field === 'failed' ? (reading.failed ?? null) : reading[field])).slice(0, 300)
}

say('')
for (const [name, { read, same, explained }] of totals) {
  say(`${name}: ${read} recordings, ${same} read alike, ${explained} otherwise with a reason`)
}
if (unexplained > 0) {
  say(`${unexplained} differences without a reason`)
  process.exitCode = 1
}
