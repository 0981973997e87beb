// The other readers: each takes a recording's bytes through its own `fetch` and gives what it makes of them.
import { createAmazonBedrock } from '@ai-sdk/amazon-bedrock'
import { createAnthropic } from '@ai-sdk/anthropic'
import { createCohere } from '@ai-sdk/cohere'
import { createGoogleGenerativeAI } from '@ai-sdk/google'
import { createMistral } from '@ai-sdk/mistral'
import { createOpenAI } from '@ai-sdk/openai'
import Anthropic from '@anthropic-ai/sdk'
import { Ollama } from 'ollama'
import OpenAI from 'openai'

const key = 'test-key-for-replay'

function replay(bytes, contentType) {
  return async () => new Response(bytes, { headers: { 'content-type': contentType } })
}

function parsed(text) {
  try {
    return JSON.parse(text || '{}')
  } catch {
    return undefined
  }
}

/** An AI SDK model's stream of parts. */
async function collectParts(model) {
  const { stream } = await model.doStream({ prompt: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }] })
  const read = { text: '', reasoning: '', calls: [], tokens: undefined }
  for await (const part of stream) {
    if (part.type === 'text-delta') read.text += part.delta
    else if (part.type === 'reasoning-delta') read.reasoning += part.delta
    else if (part.type === 'tool-call' && !part.providerExecuted) {
      read.calls.push({ tool: part.toolName, args: parsed(part.input) })
    } else if (part.type === 'error') throw part.error
    else if (part.type === 'finish') {
      const { inputTokens, outputTokens } = part.usage
      const prompt = inputTokens?.total ?? (typeof inputTokens === 'number' ? inputTokens : undefined)
      const completion = outputTokens?.total ?? (typeof outputTokens === 'number' ? outputTokens : undefined)
      if (prompt !== undefined && completion !== undefined) read.tokens = { prompt, completion }
    }
  }
  return read
}

const sse = 'text/event-stream'
const settings = (bytes, kind = sse) => ({ apiKey: key, fetch: replay(bytes, kind) })

const aiSdk = {
  openai: (bytes) => collectParts(createOpenAI(settings(bytes)).chat('m')),
  responses: (bytes) => collectParts(createOpenAI(settings(bytes)).responses('gpt-4o')),
  anthropic: (bytes) => collectParts(createAnthropic(settings(bytes))('claude-sonnet-4-5')),
  google: (bytes) => collectParts(createGoogleGenerativeAI(settings(bytes))('gemini-2.5-flash')),
  mistral: (bytes) => collectParts(createMistral(settings(bytes))('mistral-large-latest')),
  cohere: (bytes) => collectParts(createCohere(settings(bytes))('command-a-03-2025')),
  bedrock: (bytes) =>
    collectParts(
      createAmazonBedrock({ region: 'us-east-1', ...settings(bytes, 'application/vnd.amazon.eventstream') })(
        'amazon.nova-pro-v1:0',
      ),
    ),
}

async function openaiSdk(bytes) {
  const client = new OpenAI({ apiKey: key, maxRetries: 0, fetch: replay(bytes, sse) })
  const stream = await client.chat.completions.create({
    model: 'm',
    messages: [{ role: 'user', content: 'x' }],
    stream: true,
  })
  const read = { text: '', tokens: undefined }
  const calls = []
  for await (const { choices, usage } of stream) {
    const delta = choices?.find(({ index }) => index === 0)?.delta
    read.text += delta?.content ?? ''
    for (const { index, function: called } of delta?.tool_calls ?? []) {
      calls[index] ??= { tool: '', text: '' }
      calls[index].tool += called?.name ?? ''
      calls[index].text += called?.arguments ?? ''
    }
    if (usage?.prompt_tokens !== undefined) {
      read.tokens = { prompt: usage.prompt_tokens, completion: usage.completion_tokens }
    }
  }
  return { ...read, calls: calls.filter(Boolean).map(({ tool, text }) => ({ tool, args: parsed(text) })) }
}

async function anthropicSdk(bytes) {
  const client = new Anthropic({ apiKey: key, maxRetries: 0, fetch: replay(bytes, sse) })
  const asked = { model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'x' }] }
  const { content } = await client.messages.stream(asked).finalMessage()
  const of = (type) => content.filter((block) => block.type === type)
  return {
    text: of('text')
      .map(({ text }) => text)
      .join(''),
    reasoning: of('thinking')
      .map(({ thinking }) => thinking)
      .join(''),
    calls: of('tool_use').map(({ name, input }) => ({ tool: name, args: input })),
  }
}

async function ollamaSdk(bytes) {
  const client = new Ollama({ host: 'http://127.0.0.1:9', fetch: replay(bytes, 'application/x-ndjson') })
  const read = { text: '', reasoning: '', calls: [], tokens: undefined }
  const stream = await client.chat({ model: 'm', messages: [{ role: 'user', content: 'x' }], stream: true })
  for await (const { message, done, prompt_eval_count: prompt, eval_count: completion } of stream) {
    read.text += message?.content ?? ''
    read.reasoning += message?.thinking ?? ''
    for (const { function: called } of message?.tool_calls ?? []) {
      read.calls.push({ tool: called.name, args: called.arguments })
    }
    if (done && prompt !== undefined && completion !== undefined) read.tokens = { prompt, completion }
  }
  return read
}

/** The readers of an interface's recordings, by their names. */
export function readersOf(api, file) {
  switch (api) {
    case 'chat.completions':
      return [
        ['openai', openaiSdk],
        file.startsWith('mistral/') ? ['@ai-sdk/mistral', aiSdk.mistral] : ['@ai-sdk/openai', aiSdk.openai],
      ]
    case 'responses':
      return [['@ai-sdk/openai responses', aiSdk.responses]]
    case 'messages':
      return [
        ['@anthropic-ai/sdk', anthropicSdk],
        ['@ai-sdk/anthropic', aiSdk.anthropic],
      ]
    case 'generateContent':
      return [['@ai-sdk/google', aiSdk.google]]
    case 'ollama chat':
      return [['ollama', ollamaSdk]]
    case 'cohere v2 chat':
      return [['@ai-sdk/cohere', aiSdk.cohere]]
    case 'converse-stream':
      return [['@ai-sdk/amazon-bedrock', aiSdk.bedrock]]
    default:
      return []
  }
}
