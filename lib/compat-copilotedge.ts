/** `millstream/compat/copilotedge`: the models of Cloudflare's Workers AI, and routes that ask them. */
export type { CopilotEdgeConfig } from './compat/copilotedge/config.js'
export {
  CopilotEdge,
  type CopilotEdgeRequest,
  createCopilotEdgeHandler,
  type HandleRequestOptions,
} from './compat/copilotedge/edge.js'
export { type CopilotEdgeModel, supportedModels } from './compat/copilotedge/models.js'
export type {
  ChatCompletion,
  StreamingChat,
  TextStreamResult,
  TextStreamResult as StreamingResponse,
} from './compat/copilotedge/results.js'
export { APIError, StreamError, ValidationError } from './errors.js'
