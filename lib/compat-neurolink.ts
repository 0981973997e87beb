/** `millstream/compat/neurolink`: questions to any provider, and their answers in chunks. */
export type { ChunkFormat, NeuroLinkChunk, StreamingProgress } from './compat/neurolink/chunks.js'
export type { ProviderFailure, ProviderFallback } from './compat/neurolink/fallback.js'
export { NeuroLink, type NeuroLinkAnswer } from './compat/neurolink/neurolink.js'
export type {
  NeuroLinkConfig,
  NeuroLinkProvider,
  NeuroLinkRequest,
  NeuroLinkRequest as StreamOptions,
  StreamConfig,
  StreamingOutput,
} from './compat/neurolink/options.js'
export type { NeuroLinkResult, StreamMetadata, StreamPerformance } from './compat/neurolink/result.js'
export { APIError, StreamError, TimeoutError, ValidationError } from './errors.js'
