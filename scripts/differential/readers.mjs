// Who reads the recordings beside the engine: the AI SDK's providers, here, and the vendors' clients (vendors.mjs).
import { createAmazonBedrock } from '@ai-sdk/amazon-bedrock'
import { createAnthropic } from '@ai-sdk/anthropic'
import { createCohere } from '@ai-sdk/cohere'
import { createDeepSeek } from '@ai-sdk/deepseek'
import { createGoogleGenerativeAI } from '@ai-sdk/google'
import { createGroq } from '@ai-sdk/groq'
import { createMistral } from '@ai-sdk/mistral'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { createXai } from '@ai-sdk/xai'
import { createWorkersAI } from 'workers-ai-provider'
import { key, kinds, named, parsed, replay } from './support.mjs'
import * as vendors from './vendors.mjs'

/** The AI SDK's words are the engine's; its `other` also says that there was no word. */
const reasons = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'tool-calls',
  'content-filter': 'content-filter',
  error: 'error',
}

/** An AI SDK model's stream of parts. */
async function collectParts(model) {
  const { stream } = await model.doStream({ prompt: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }] })
  const read = { text: '', reasoning: '', calls: [], tokens: undefined, finish: undefined }
  for await (const part of stream) {
    if (part.type === 'text-delta') read.text += part.delta
    else if (part.type === 'reasoning-delta') read.reasoning += part.delta
    else if (part.type === 'tool-call' && !part.providerExecuted) {
      read.calls.push({ id: part.toolCallId, tool: part.toolName, args: parsed(part.input) })
    } else if (part.type === 'error') throw part.error
    else if (part.type === 'finish') {
      const { inputTokens, outputTokens } = part.usage
      const prompt = inputTokens?.total ?? (typeof inputTokens === 'number' ? inputTokens : undefined)
      const completion = outputTokens?.total ?? (typeof outputTokens === 'number' ? outputTokens : undefined)
      // Nobody answers for no tokens at all: they weren't told.
      if (prompt + completion > 0) {
        read.tokens = { prompt, completion }
        read.cached = inputTokens?.cacheRead
        read.reasoned = outputTokens?.reasoning
      }
      const { unified, raw } = part.finishReason
      if (unified === 'interrupted') throw new Error('the answer was interrupted')
      read.finish = unified === 'other' && raw === undefined ? 'unknown' : named(reasons, unified)
    }
  }
  return read
}

const settings = (bytes, kind = kinds.sse) => ({ apiKey: key, fetch: replay(bytes, kind) })

const aiSdk = {
  openai: (bytes) => collectParts(createOpenAI(settings(bytes)).chat('m')),
  completions: (bytes) => collectParts(createOpenAI(settings(bytes)).completion('m')),
  responses: (bytes) => collectParts(createOpenAI(settings(bytes)).responses('gpt-4o')),
  anthropic: (bytes) => collectParts(createAnthropic(settings(bytes))('claude-sonnet-4-5')),
  google: (bytes) => collectParts(createGoogleGenerativeAI(settings(bytes))('gemini-2.5-flash')),
  compatible: (bytes) =>
    collectParts(
      createOpenAICompatible({ name: 'x', baseURL: 'http://127.0.0.1:9', includeUsage: true, ...settings(bytes) })('m'),
    ),
  deepseek: (bytes) => collectParts(createDeepSeek(settings(bytes))('deepseek-chat')),
  groq: (bytes) => collectParts(createGroq(settings(bytes))('m')),
  xai: (bytes) => collectParts(createXai(settings(bytes)).responses('grok-4')),
  mistral: (bytes) => collectParts(createMistral(settings(bytes))('mistral-large-latest')),
  cohere: (bytes) => collectParts(createCohere(settings(bytes))('command-a-03-2025')),
  workers: (bytes) =>
    collectParts(createWorkersAI({ binding: { run: async () => new Response(bytes).body } })('@cf/m')),
  bedrock: (bytes) =>
    collectParts(
      createAmazonBedrock({ region: 'us-east-1', ...settings(bytes, kinds.eventstream) })('amazon.nova-pro-v1:0'),
    ),
}

/** Who reads what a server sends in OpenAI's format, beside those that are OpenAI's. */
function relatives(file) {
  const [server] = file.split('/')
  switch (server) {
    case 'openai':
    case 'azure':
      return []
    case 'mistral':
      return [
        ['@mistralai/mistralai', vendors.mistral],
        ['@ai-sdk/mistral', aiSdk.mistral],
      ]
    case 'deepseek':
    case 'groq':
      return [[`@ai-sdk/${server}`, aiSdk[server]]]
    default:
      return [['@ai-sdk/openai-compatible', aiSdk.compatible]]
  }
}

/** The readers of an interface's recordings, by their names. */
export function readersOf(api, file) {
  switch (api) {
    case 'chat.completions':
    case 'chat':
      return [
        ['openai chat', vendors.openaiChat],
        ...(file.startsWith('mistral/') ? [] : [['@ai-sdk/openai chat', aiSdk.openai]]),
        ...relatives(file),
      ]
    case 'completions':
      return [
        ['openai completions', vendors.openaiCompletions],
        ['@ai-sdk/openai completions', aiSdk.completions],
      ]
    case 'responses':
      return [
        ['openai responses', vendors.openaiResponses],
        ['@ai-sdk/openai responses', aiSdk.responses],
        ...(file.startsWith('xai/') ? [['@ai-sdk/xai', aiSdk.xai]] : []),
      ]
    case 'messages':
    case 'messages (vertex streamRawPredict)':
      return [
        ['@anthropic-ai/sdk', vendors.anthropic],
        ['@ai-sdk/anthropic', aiSdk.anthropic],
      ]
    case 'generateContent':
      return [
        ['@google/genai generateContent', vendors.googleGenerate],
        ['@ai-sdk/google', aiSdk.google],
      ]
    case 'interactions':
      return [['@google/genai interactions', vendors.googleInteractions]]
    case 'ollama chat':
      return [['ollama', vendors.ollamaChat]]
    case 'ollama generate':
      return [['ollama', vendors.ollamaGenerate]]
    case 'cohere v2 chat':
      return [
        ['cohere-ai', vendors.cohere],
        ['@ai-sdk/cohere', aiSdk.cohere],
      ]
    case 'cohere v1 chat':
    case 'cohere v1 generate':
      return [['cohere-ai', (bytes) => vendors.cohereFirst(bytes, { generate: api.endsWith('generate') })]]
    case 'workers-ai':
      return [['workers-ai-provider', aiSdk.workers]]
    case 'converse-stream':
      return [
        ['@aws-sdk/client-bedrock-runtime converse', vendors.bedrockConverse],
        ['@ai-sdk/amazon-bedrock', aiSdk.bedrock],
      ]
    case 'invoke-with-response-stream':
      return [['@aws-sdk/client-bedrock-runtime invoke', vendors.bedrockInvoke]]
    case 'invoke-endpoint-with-response-stream':
      return [['@aws-sdk/client-sagemaker-runtime', vendors.sagemaker]]
    default:
      return []
  }
}
