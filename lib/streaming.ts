/** `millstream/streaming`: the streaming part under the names an app may know it by. */
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
export type { StreamHandle, StreamResult } from './stream-result.js'
export {
  type ErrorEvent,
  type MetadataEvent,
  type ResponseLike,
  SSEEventType,
  StreamingResponse,
  type StreamingResponseOptions,
  type StreamingResponseOptions as StreamingOptions,
  type UsageEvent,
} from './streaming-response.js'
export type { Message, StreamChunk, Usage } from './types.js'
