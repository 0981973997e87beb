// The adapters take what the providers' clients give, and nothing of another's. Compiled by types.test.mjs; never run.
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import {
  type AdapterOptions,
  AnthropicAdapter,
  GeminiAdapter,
  OpenAIAdapter,
  type OpenAIChunk,
  type ProviderAdapter,
  StreamingResponse,
} from 'millstream'
import { OpenAIAdapter as SameAdapter } from 'millstream/streaming/adapters'
import OpenAI from 'openai'

declare const response: StreamingResponse
const messages = [{ role: 'user' as const, content: 'Hello' }]
const options: AdapterOptions = { controller: new AbortController() }

const openai = new OpenAI().chat.completions.create({ model: 'm', messages, stream: true })
const anthropic = new Anthropic().messages.create({ model: 'm', max_tokens: 1, messages, stream: true })
const gemini = new GoogleGenAI({}).models.generateContentStream({ model: 'm', contents: 'Hello' })

// Called: with the promise, with what it resolves to, with the clients' helpers.
const body: ReadableStream<Uint8Array> = OpenAIAdapter(openai)
new Response(OpenAIAdapter(await openai, options))
new Response(AnthropicAdapter(anthropic))
new Response(AnthropicAdapter(await anthropic))
new Response(AnthropicAdapter(new Anthropic().messages.stream({ model: 'm', max_tokens: 1, messages })))
new Response(OpenAIAdapter(new OpenAI().chat.completions.stream({ model: 'm', messages })))
new Response(GeminiAdapter(gemini, options))
new Response(GeminiAdapter(await gemini))
void body

// With `new`.
const adapter: ProviderAdapter<OpenAIChunk> = new OpenAIAdapter(response, options)
const same: OpenAIAdapter = new SameAdapter(response)
for await (const chunk of await openai) adapter.processChunk(chunk).processChunk(chunk)
for await (const chunk of await anthropic) new AnthropicAdapter(response).processChunk(chunk)
for await (const chunk of await gemini) new GeminiAdapter(StreamingResponse.web()).processChunk(chunk)
adapter.onComplete().handleError(new Error('x')).handleError('x')
const finished: Promise<void> = same.pipeFrom(openai)
void finished

// @ts-expect-error another provider's stream
OpenAIAdapter(anthropic)
// @ts-expect-error another provider's stream
AnthropicAdapter(openai)
// @ts-expect-error another provider's stream
GeminiAdapter(anthropic)
// @ts-expect-error no stream at all
OpenAIAdapter(5)
// @ts-expect-error no StreamingResponse
new OpenAIAdapter({})
