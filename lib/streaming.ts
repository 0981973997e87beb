/** `millstream/streaming`: the streaming part under the names an app may know it by. */
export type { AdapterConstructor, ProviderAdapter } from './adapters/adapter.js'
export { AnthropicAdapter, type AnthropicChunk } from './adapters/anthropic.js'
export { GeminiAdapter, type GeminiChunk } from './adapters/gemini.js'
export { OpenAIAdapter, type OpenAIChunk } from './adapters/openai.js'
export type { AdapterOptions, AdapterSource } from './adapters/source.js'
export { AIStream, type AIStreamEvents } from './ai-stream.js'
export type {
  AIStreamConfig,
  AIStreamConfig as StreamConfig,
  AIStreamTransportOptions,
  AIStreamTransportOptions as StreamOptions,
  SendOptions,
} from './ai-stream-config.js'
export { APIError, StreamError, TimeoutError, ValidationError } from './errors.js'
export type { RetryConfig, TimeoutConfig } from './policies.js'
export {
  calculateCost,
  MODEL_PRICING,
  type ModelPrice,
  registerPrices,
} from './pricing.js'
export {
  MemoryReplayLog,
  type MemoryReplayLogOptions,
  type ReplayEntry,
  type ReplayLog,
  type ReplayWriter,
} from './replay.js'
export type { StreamHandle, StreamResult } from './stream-result.js'
export {
  type ErrorEvent,
  type MetadataEvent,
  type PipeItem,
  type PipeSource,
  type RequestLike,
  type ResponseLike,
  SSEEventType,
  StreamingResponse,
  type StreamingResponseOptions,
  type StreamingResponseOptions as StreamingOptions,
  type ToolCallDeltaEvent,
  type ToolCallEvent,
  type UsageEvent,
  type WebStreamingResponse,
  type WebStreamingResponseOptions,
} from './streaming-response.js'
export type { UsageEstimator, UsageMode } from './tokens/estimate.js'
export {
  type CountedMessage,
  countMessagesTokens,
  countMessageTokens,
  countTokens,
  type EncodingName,
  estimateRequestTokens,
  type TokenCount,
  TokenCounter,
} from './tokens.js'
export type { Message, StreamChunk, Usage } from './types.js'
