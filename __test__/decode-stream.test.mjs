// Every recorded answer, of every format, read from a source of the app's own: what comes out in pieces of random sizes is
// what an independent reading of the recordings says, or, where that says nothing comparable, what comes out in one piece.
// The recordings are in ../shared/fixtures, where it is.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { decodeStream } from 'millstream'

const fixtures = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'shared', 'fixtures')
const oracle = join(fixtures, 'ORACLE.jsonl')
const skip = existsSync(oracle) ? false : 'no ../shared/fixtures here'

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
  'watsonx text_stream': 'watsonx',
  'workers-ai': 'workers-ai',
  'converse-stream': 'bedrock-converse',
  'invoke-with-response-stream': 'bedrock-invoke',
  'invoke-endpoint-with-response-stream': 'sagemaker',
}

/** Whose text the independent reading doesn't have, or reads otherwise: see docs/differences.md. */
const otherText = [
  /^anthropic\/messages__anthropic-(programmatic-tool-calling|tool-search-regex)\.1/,
  /^bedrock\/invoke__.*claude-v2-1/,
  /^gemini\/(interactions__|generate__stream-basic-text-1)/,
  /^openai\/responses__openai-shell-tool\.1/,
  /^sagemaker\//,
  /^together\/(chat|completions)__should-set-attributes/,
  /^watsonx\//,
  /^writer\/completions/,
]

/** Written by hand for other tests, and without an end. */
const cut = ['cohere/cohere-v1-chat__llm', 'cohere/cohere-v1-generate__llm', 'openai/completions__llm']

function contentType(file) {
  if (file.endsWith('.bin')) return 'application/vnd.amazon.eventstream'
  if (file.endsWith('.ndjson')) return 'application/x-ndjson'
  return file.endsWith('.sse') ? 'text/event-stream' : 'application/json'
}

async function* split(bytes, pick) {
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + Math.floor(pick() * 900)
    yield bytes.subarray(at, at + size)
    at += size
  }
}

/** A source of a different kind each time. */
function source(bytes, turn) {
  if (turn % 3 === 0) return split(bytes, Math.random)
  if (turn % 3 === 1) return Readable.from(split(bytes, Math.random), { objectMode: false })
  return new Blob([bytes]).stream()
}

async function outcome(source, options) {
  try {
    const { text, reasoning, toolCalls, usage, finishReason } = await decodeStream(source, options).collect()
    return { text, reasoning, toolCalls, usage, finishReason }
  } catch (error) {
    const { type, code, message, partialText } = error
    return { type, code, message, partialText }
  }
}

function textOf({ choices, text }) {
  return choices ? ((choices.find(({ index }) => index === 0) ?? choices[0])?.text ?? '') : (text ?? '')
}

test('recorded answers of every format are read from bytes of the app', { skip, timeout: 120_000 }, async () => {
  const recordings = readFileSync(oracle, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const seen = new Set()
  let turn = 0
  for (const { file, api, summary } of recordings) {
    const bytes = readFileSync(join(fixtures, file))
    const protocol = protocols[api]
    assert.ok(protocol, api)
    seen.add(protocol)
    const whole = await outcome(
      split(bytes, () => 1e9),
      { protocol },
    )
    const read = await outcome(source(bytes, turn++), { protocol })
    assert.deepEqual(read, whole, file)
    assert.deepEqual(
      await outcome(source(bytes, turn), { protocol: 'auto', contentType: contentType(file) }),
      whole,
      file,
    )
    const text = whole.text ?? whole.partialText
    if (!otherText.some((pattern) => pattern.test(file)) && !cut.some((name) => file.startsWith(name)))
      assert.equal(text, textOf(summary), file)
    const fails = summary.errors?.length > 0 || cut.some((name) => file.startsWith(name))
    assert.equal(whole.type !== undefined, fails, `${file}: ${whole.message}`)
  }
  assert.equal(seen.size, 12)
})

test('Gemini answers as one JSON array are read from bytes of the app', { timeout: 20_000 }, async () => {
  const pieces = ['Hel', 'lo'].map((text, index) => ({
    candidates: [{ content: { parts: [{ text }] }, ...(index === 1 && { finishReason: 'STOP' }) }],
  }))
  const body = Buffer.from(JSON.stringify(pieces, undefined, 2))
  for (const protocol of ['gemini', 'auto']) {
    const answer = decodeStream(
      split(body, () => 0),
      { protocol, contentType: 'application/json' },
    )
    const texts = []
    for await (const piece of answer.textStream) texts.push(piece)
    assert.deepEqual(texts, ['Hel', 'lo'], protocol)
    assert.equal(await answer.finishReason, 'stop')
  }
})

test('an answer in another format than was said is a failure that says so', { timeout: 20_000 }, async () => {
  const body = 'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\ndata: [DONE]\n\n'
  await assert.rejects(
    decodeStream(
      split(Buffer.from(body), () => 0),
      { protocol: 'anthropic' },
    ).text,
    {
      type: 'protocol_error',
      code: 'WRONG_PROTOCOL',
      message: 'nothing in the body could be read as `anthropic`: it looks like `openai`',
      partialText: '',
    },
  )
})

test("Amazon's messages read as text, or text as them, are told for what they are", { timeout: 20_000 }, async () => {
  const message = readFileSync(new URL('../crates/wire/tests/fixtures/bedrock-converse/text.bin', import.meta.url))
  const events = Buffer.from('data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\ndata: [DONE]\n\n')
  for (const [body, protocol, found] of [
    [message, 'openai', 'bedrock-converse'],
    [message, 'anthropic', 'bedrock-converse'],
    [message, 'ollama', 'bedrock-converse'],
    [events, 'bedrock-converse', 'openai'],
    [events, 'sagemaker', 'openai'],
  ]) {
    await assert.rejects(
      decodeStream(
        split(body, () => 0),
        { protocol },
      ).text,
      {
        type: 'protocol_error',
        code: 'WRONG_PROTOCOL',
        message: `nothing in the body could be read as \`${protocol}\`: it looks like \`${found}\``,
      },
    )
  }
})
