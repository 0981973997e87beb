/** `millstream/streaming/adapters`: answers of the providers' own SDKs, streamed on. */
export type { AdapterConstructor, ProviderAdapter } from './adapters/adapter.js'
export { AnthropicAdapter, type AnthropicChunk } from './adapters/anthropic.js'
export { GeminiAdapter, type GeminiChunk } from './adapters/gemini.js'
export { OpenAIAdapter, type OpenAIChunk } from './adapters/openai.js'
export type { AdapterOptions, AdapterSource } from './adapters/source.js'
