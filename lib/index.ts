/** The public surface of `millstream`. */
export type { AdapterConstructor, ProviderAdapter } from './adapters/adapter.js'
export { AnthropicAdapter, type AnthropicChunk } from './adapters/anthropic.js'
export { GeminiAdapter, type GeminiChunk } from './adapters/gemini.js'
export { OpenAIAdapter, type OpenAIChunk } from './adapters/openai.js'
export type { AdapterOptions, AdapterSource } from './adapters/source.js'
export { AIStream, type AIStreamEvents } from './ai-stream.js'
export type { AIStreamConfig, AIStreamTransportOptions, SendOptions, StreamSendOptions } from './ai-stream-config.js'
export { classifyError, type ErrorClassification, handleStreamingError } from './classify.js'
export type { ClientConfig, ClientProvider } from './client-config.js'
export { type DecodeStreamOptions, decodeStream } from './decode-stream.js'
export {
  APIError,
  OutputError,
  type OutputIssue,
  StreamError,
  type StreamErrorInit,
  type StreamErrorType,
  TimeoutError,
  type TimeoutPhase,
  ValidationError,
} from './errors.js'
export {
  decodeEventStream,
  EventStreamDecoder,
  type EventStreamDecoderOptions,
  type ServerSentEvent,
} from './event-stream.js'
export type { GenerationOptions, ReasoningEffort, ReasoningOptions, ToolChoice } from './generation.js'
export type { HandlerOptions, NodeHandler, RequestLimits } from './handler.js'
export { JsonStreamDecoder, type JsonStreamDecoderOptions, type PartialJson, parsePartialJson } from './partial-json.js'
export {
  collect,
  createEventProcessor,
  type EventCallbacks,
  type EventContext,
  type EventFilter,
  EventProcessor,
  type EventProcessorOptions,
  type EventStream,
  type EventTransformer,
  isTextDelta,
  type PipelineMetrics,
  type ProcessedResponse,
  type ProcessOptions,
  type ReadOptions,
  StreamAdapter,
  type StreamAdapterProvider,
  type StreamEvent,
  type StreamEventOf,
  StreamingHelper,
  type StreamSource,
  streamWithEvents,
} from './pipeline.js'
export type { ResumeMode, RetryConfig, TimeoutConfig } from './policies.js'
export {
  calculateCost,
  MODEL_PRICING,
  type ModelPrice,
  registerPrices,
} from './pricing.js'
export {
  type CodecContext,
  type DecodedChunk,
  type KnownProviderName,
  type MaxTokensField,
  type ProviderApi,
  type ProviderAuth,
  type ProviderCodec,
  type ProviderConfig,
  type ProviderDefinition,
  type ProviderDescription,
  type ProviderName,
  type ProviderOption,
  type ProviderRequest,
  type ProviderSettings,
  type Quirks,
  type RegisteredProviders,
  type RequestShape,
  registerProvider,
  type WireFormat,
  type WireProtocol,
} from './providers.js'
export type { PipeOptions, PipeReport, WebPipeOptions, WebSocketLike, WebSocketPipeOptions } from './relay.js'
export {
  MemoryReplayLog,
  type MemoryReplayLogOptions,
  type ReplayEntry,
  type ReplayLog,
  type ReplayWriter,
} from './replay.js'
export type {
  CacheControl,
  ContentPart,
  FilePart,
  ImagePart,
  ProviderPart,
  ReasoningPart,
  RequestMessage,
  TextPart,
} from './request-messages.js'
export type { JsonSchema, Schema, StandardResult, StandardSchema } from './schema.js'
export {
  type ConnectionReport,
  type ConnectionTarget,
  createHandler,
  type HandlerConfig,
  StreamClient,
} from './stream-client.js'
export type {
  FunctionTool,
  ProviderTool,
  RequestOptions,
  StreamCallbacks,
  StreamRequest,
  StreamStart,
  Tool,
} from './stream-request.js'
export type { ErrorMode, StreamHandle, StreamResult } from './stream-result.js'
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
  type ToolCallDeltaEvent,
  type ToolCallEvent,
  type UsageEvent,
  type WebStreamingResponse,
  type WebStreamingResponseOptions,
} from './streaming-response.js'
export type { DeepPartial, OutputSpec } from './structured-output.js'
export type { TextBufferOptions, TextStream } from './text-stream.js'
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
export { defineTool, type ExecutableTool, type ToolContext, type ToolStep } from './tools.js'
export type {
  CollectedResponse,
  FinishReason,
  Message,
  StreamChunk,
  StreamMetrics,
  ToolCall,
  ToolResult,
  Usage,
} from './types.js'
