/** `millstream/compat/steer`: answers as text or whole with their cost, options in one object, typed events. */
export {
  type ResponseFormat,
  type SteerConfig,
  SteerLLMClient,
  type SteerMessage,
  type SteerOptions,
  type SteerRequest,
} from './compat/steer/client.js'
export {
  type AggregatorType,
  DEBUG_OPTIONS,
  DEFAULT_OPTIONS,
  HIGH_PERFORMANCE_OPTIONS,
  HIGH_THROUGHPUT_OPTIONS,
  JSON_MODE_OPTIONS,
  LOW_LATENCY_OPTIONS,
  StreamingOptions,
  type StreamingOptionsFields,
  type StreamingOptionsInput,
} from './compat/steer/options.js'
export type { SteerUsage, StreamingResponseWithUsage } from './compat/steer/response.js'
export {
  type AgentDefinition,
  type AgentEvent,
  type AgentOptions,
  type AgentRequest,
  AgentRunner,
} from './compat/steer/runner.js'
export { APIError, StreamError, TimeoutError, ValidationError } from './errors.js'
export {
  createEventProcessor,
  type EventCallbacks,
  type EventFilter,
  EventProcessor,
  type EventProcessorOptions,
  type EventTransformer,
  isTextDelta,
  StreamAdapter,
  type StreamEvent,
  type StreamEventOf,
  StreamingHelper,
} from './pipeline.js'
