// Recorded answers of OpenAI-compatible providers, played by the mock provider in pieces of random sizes, come out of a
// pulled result as an independent reading of the recordings says. The recordings are in ../shared/fixtures, where it is.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { AIStream } from 'millstream'
import { MockProvider } from 'millstream/testing'

const fixtures = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'shared', 'fixtures')
const oracle = join(fixtures, 'ORACLE.jsonl')
const skip = existsSync(oracle) ? false : 'no ../shared/fixtures here'
/** What is enough to see JavaScript's part; the decoder is tested over all of them in Rust. */
const providers = ['openai', 'azure', 'groq', 'mistral', 'openrouter', 'deepseek', 'xai']

test('recorded answers come out as they were recorded', { skip }, async (t) => {
  const recordings = readFileSync(oracle, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ file, api, summary }) => {
      const [provider] = file.split('/')
      return (
        api === 'chat.completions' &&
        file.endsWith('.sse') &&
        providers.includes(provider) &&
        summary.terminal === '[DONE]' &&
        summary.errors === null &&
        statSync(join(fixtures, file)).size < 64 * 1024
      )
    })
  assert.ok(recordings.length > 20, `${recordings.length} recordings`)
  const provider = await MockProvider.start()
  t.after(() => provider.close())
  const stream = new AIStream({ provider: { baseUrl: `${provider.url}/v1` }, model: 'm', retry: { maxRetries: 0 } })
  for (const { file, summary } of recordings) {
    provider.respondWith({ replay: join(fixtures, file), splitBytes: 'random' })
    stream.reset()
    let tokens = ''
    stream.removeAllListeners('token').on('token', (token) => {
      tokens += token
    })
    const { text, reasoning, toolCalls, usage, finishReason } = await (await stream.stream('x')).collect()
    const [choice = { text: '', reasoning: '', tool_calls: [], finish_reason: null }] = summary.choices
    assert.equal(text, choice.text, file)
    assert.equal(tokens, choice.text, file)
    assert.equal(reasoning, choice.reasoning, file)
    const calls = toolCalls.filter((call) => call.choice === undefined)
    assert.deepEqual(
      calls.map(({ tool, rawArguments }) => [tool, rawArguments]),
      choice.tool_calls.map(({ name, arguments: text }) => [name, text || '{}']),
      file,
    )
    if (choice.finish_reason === 'tool_calls') assert.ok(calls.length > 0 && calls.every(({ valid }) => valid), file)
    if (calls.length === 0 && ['stop', 'length'].includes(choice.finish_reason)) {
      assert.equal(finishReason, choice.finish_reason, file)
    }
    if (summary.usage?.prompt_tokens > 0) {
      assert.equal(usage.promptTokens, summary.usage.prompt_tokens, file)
      assert.equal(usage.raw.completion_tokens, summary.usage.completion_tokens, file)
    }
    assert.equal(stream.getMessages().at(-1).content, choice.text, file)
  }
})
