// Recorded answers, read by the engine and by the vendors' and the AI SDK's own readers, from the same bytes: text, reasoning,
// tool calls, tokens, why it ended. What is read otherwise has to be explained in differential/explained.mjs; the reasons stand
// in docs/differences.md, with a table, which has to say what comes out here. Needs the recordings in ../shared/fixtures and,
// once, `npm ci` in scripts/differential. `--verbose` shows both readings of what has no reason, `--reasons` where each applies.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { explanationOf, reasons } from './differential/explained.mjs'
import { readersOf } from './differential/readers.mjs'
import { say } from './support/process.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const fixtures = join(root, '..', 'shared', 'fixtures')
const { decodeStream } = createRequire(join(root, 'package.json'))('millstream')

const protocols = {
  'chat.completions': 'openai',
  completions: 'openai',
  chat: 'openai',
  responses: 'openai-responses',
  messages: 'anthropic',
  'messages (vertex streamRawPredict)': 'anthropic',
  generateContent: 'gemini',
  interactions: 'gemini-interactions',
  'ollama chat': 'ollama',
  'ollama generate': 'ollama',
  'cohere v2 chat': 'cohere',
  'cohere v1 chat': 'cohere',
  'cohere v1 generate': 'cohere',
  'workers-ai': 'workers-ai',
  'converse-stream': 'bedrock-converse',
  'invoke-with-response-stream': 'bedrock-invoke',
  'invoke-endpoint-with-response-stream': 'sagemaker',
}

async function ours(bytes, protocol) {
  const answer = await decodeStream(new Blob([bytes]).stream(), { protocol }).collect()
  const { text, reasoning, toolCalls, usage, finishReason } = answer
  return {
    text,
    reasoning,
    calls: toolCalls.filter(({ choice }) => choice === undefined).map(({ id, tool, args }) => ({ id, tool, args })),
    tokens: usage && { prompt: usage.promptTokens, completion: usage.completionTokens },
    cached: usage?.cachedTokens ?? 0,
    reasoned: usage?.reasoningTokens ?? 0,
    finish: finishReason,
  }
}

async function attempt(read) {
  try {
    return await read()
  } catch (error) {
    return { failed: String(error?.message ?? error).slice(0, 120) }
  }
}

/** A reading's field to compare; calls are compared without their IDs, which have a field of their own. */
function told(reading, field) {
  if (field === 'failed') return reading.failed ?? null
  if (field === 'calls') return reading.calls?.map(({ tool, args }) => ({ tool, args }))
  return field === 'ids' ? reading.calls?.map(({ id }) => id) : reading[field]
}

const fields = ['text', 'reasoning', 'calls', 'ids', 'tokens', 'cached', 'reasoned', 'finish']

/** The fields in which two readings differ; what a reader doesn't tell is not compared. */
function differences(own, other, bytes) {
  if (own.failed !== undefined || other.failed !== undefined) {
    return (own.failed === undefined) === (other.failed === undefined) ? [] : ['failed']
  }
  return fields.filter((field) => {
    const [ours, theirs] = [told(own, field), told(other, field)]
    // An ID that the recording doesn't have was made up, as some calls have none.
    if (field === 'ids') return theirs?.some((id, at) => id && bytes.includes(id) && at in ours && id !== ours[at])
    return theirs !== undefined && JSON.stringify(ours) !== JSON.stringify(theirs)
  })
}

if (!existsSync(join(fixtures, 'ORACLE.jsonl'))) {
  say('skipped: no ../shared/fixtures here')
  process.exit()
}
const verbose = process.argv.includes('--verbose')
const totals = new Map()
const applied = new Map(reasons.map((reason) => [reason, []]))
let unexplained = 0
for (const line of readFileSync(join(fixtures, 'ORACLE.jsonl'), 'utf8').trim().split('\n')) {
  const { file, api } = JSON.parse(line)
  const protocol = protocols[api]
  if (protocol === undefined) continue
  const bytes = readFileSync(join(fixtures, file))
  const own = await attempt(() => ours(bytes, protocol))
  for (const [name, read] of readersOf(api, file)) {
    const other = await attempt(() => read(bytes))
    const total = totals.get(name) ?? { read: 0, same: 0 }
    totals.set(name, total)
    total.read++
    const found = differences(own, other, bytes)
    if (found.length === 0) total.same++
    for (const field of found) {
      const reason = explanationOf({ name, file, field, own, other, bytes })
      if (reason !== undefined) {
        applied.get(reason).push(`${name}: ${file}: ${field}`)
        continue
      }
      unexplained++
      say(`${name}: ${file}: ${field}`)
      if (verbose) say(`  ours:   ${shown(own, field)}\n  theirs: ${shown(other, field)}`)
    }
  }
}

function shown(reading, field) {
  return String(JSON.stringify(told(reading, field))).slice(0, 300)
}

/** The table of docs/differences.md: most recordings first. */
function table() {
  const rows = [...totals].sort(([, a], [, b]) => b.read - a.read)
  return rows.map(([reader, { read, same }]) => {
    const [name, ...interfaces] = reader.split(' ')
    return `| \`${name}\`${interfaces.map((one) => ` (${one})`).join('')} | ${read} | ${same} | ${read - same} |`
  })
}

if (process.argv.includes('--reasons')) {
  for (const [reason, places] of applied) say(`${reason}\n  ${places.join('\n  ')}`)
}
const rows = table()
say(rows.join('\n'))
const sum = (field) => [...totals.values()].reduce((all, total) => all + total[field], 0)
say(`${sum('read')} readings, ${sum('same')} alike`)
const complaints = reasons
  .filter((reason) => applied.get(reason).length === 0)
  .map((reason) => `nothing is read otherwise any more for the reason "${reason}"`)
const documented = readFileSync(join(root, 'docs', 'differences.md'), 'utf8')
if (documented.match(/^\| `.*$/gm)?.join('\n') !== rows.join('\n'))
  complaints.push('docs/differences.md has another table')
if (unexplained > 0) complaints.push(`${unexplained} differences without a reason`)
for (const complaint of complaints) say(complaint)
if (complaints.length > 0) process.exitCode = 1
