/**
 * A service that has answers of Cerebras told to callbacks: `generateDreamStream` and what goes with it, over
 * `StreamClient`. What always holds: one call of `onComplete` or `onError` per answer; a slot is held until its answer is
 * over; whatever fails is a `StreamError` that keeps the text.
 */
import { checkBoolean, checkFunction, checkInteger, checkMilliseconds, checkNonEmpty, checkObject } from '../check.js'
import { classifyError, type ErrorClassification } from '../classify.js'
import { StreamError, type StreamErrorType } from '../errors.js'
import type { MaxTokensField } from '../providers.js'
import { type ConnectionReport, StreamClient } from '../stream-client.js'
import type { CollectedResponse, FinishReason, Usage } from '../types.js'
import { Slots } from './slots.js'
import { StreamProcessor, type StreamProcessorOptions } from './stream-processor.js'

export { type ProcessedStream, StreamProcessor, type StreamProcessorOptions } from './stream-processor.js'

/** What a service is made of. Nothing is needed: the key comes from `CEREBRAS_API_KEY`. */
export interface CerebrasConfig {
  apiKey?: string
  /** Default `CEREBRAS_BASE_URL`, else `https://api.cerebras.ai/v1`. */
  baseUrl?: string
  headers?: Record<string, string>
  /** Default `llama-4-maverick-17b-128e-instruct`. */
  model?: string
  systemPrompt?: string
  /** What the server calls `maxTokens`. Default `'max_completion_tokens'`. */
  maxTokensField?: MaxTokensField
  streaming?: {
    /** `false`: answers are asked for whole and come as one chunk. Default true. */
    enabled?: boolean
    /** Of the service's `StreamProcessor`: how many characters are gathered per call of `onProgress`. Default 0. */
    chunkSize?: number
    /** Milliseconds `generateDreamStreamWithTimeout` may take. Default 60000. */
    timeout?: number
  }
  optimization?: {
    /** Answers that are open at a time. Default 5. */
    maxConcurrentRequests?: number
    /** Requests that wait for one of those to end; one more is rejected with code `QUEUE_FULL`. Default 100. */
    requestQueueSize?: number
    /** Retries after the first try. Default 3. */
    retryAttempts?: number
    /** First wait before a retry, in milliseconds; it doubles, up to 30000. Default 1000. */
    retryDelay?: number
  }
}

/** Parameters of one answer. */
export interface DreamOptions {
  model?: string
  /** Default 0.6. */
  temperature?: number
  /** Default 32768. */
  maxTokens?: number
  /** Default 0.9. */
  topP?: number
  stop?: string | string[]
  seed?: number
  /** Milliseconds for the whole answer, the wait for its turn included. */
  timeout?: number
  /** Ends the answer. */
  signal?: AbortSignal
}

/** What `onChunk` gets. */
export interface DreamChunk {
  content: string
  /** All so far, with this. */
  fullContent: string
  /** 0, 1, 2, … */
  chunkIndex: number
  /** Milliseconds since the epoch. */
  timestamp: number
  isComplete: false
}

/** An answer. */
export interface DreamResult {
  content: string
  /** Milliseconds from the call to the end. */
  processingTime: number
  finishReason: FinishReason
  chunkCount: number
  /** The same as `chunkCount`. */
  totalChunks: number
  /** Characters per chunk. */
  averageChunkSize: number
  /** `undefined` where none was reported. */
  usage: Usage | undefined
  model: string
  /** False where it failed, and `onError` was told why. */
  isComplete: boolean
}

/** What `onError` gets. It can be sent as JSON. */
export interface DreamError {
  message: string
  type: StreamErrorType
  code: string
  recoverable: boolean
  suggestion: string
  /** The text that had come, in full. */
  partialContent: string
  chunkCount: number
  processingTime: number
  /** How far it had come; `callback`: a callback threw. */
  stage: 'queue' | 'initialization' | 'streaming' | 'callback'
}

/** What {@link createCerebrasService} gives. Its functions need no `this`. */
export interface CerebrasService {
  /**
   * Generates an answer piece by piece. Callbacks are awaited; one that throws ends the answer and rejects the call. A
   * failure goes to `onError`, and rejects the call only where there is none; else the result has `isComplete: false`.
   */
  generateDreamStream(
    prompt: string,
    options?: DreamOptions | null,
    onChunk?: ((chunk: DreamChunk) => unknown) | null,
    onComplete?: ((result: DreamResult) => unknown) | null,
    onError?: ((error: DreamError) => unknown) | null,
  ): Promise<DreamResult>
  /** Generates an answer within `timeout`, else rejects with a `timeout_error` whose `partialContent` is what had come. */
  generateDreamStreamWithTimeout(prompt: string, options?: DreamOptions | null): Promise<DreamResult>
  /** Generates an answer. */
  generateDream(prompt: string, options?: DreamOptions | null): Promise<DreamResult>
  /** Asks for a few words and says how that went, within 10 seconds; never throws. */
  testStreamingConnection(): Promise<ConnectionReport>
  /** What kind of failure anything thrown is; never throws. */
  handleStreamingError(error: unknown, context?: unknown): ErrorClassification
  StreamProcessor: typeof StreamProcessor
}

const defaults = { model: 'llama-4-maverick-17b-128e-instruct', temperature: 0.6, maxTokens: 32_768, topP: 0.9 }

interface Callbacks {
  onChunk?: ((chunk: DreamChunk) => unknown) | null | undefined
  onComplete?: ((result: DreamResult) => unknown) | null | undefined
  onError?: ((error: DreamError) => unknown) | null | undefined
}

/**
 * Makes a service.
 *
 * @example
 * import { createCerebrasService } from 'millstream/compat/cerebras'
 *
 * const service = createCerebrasService({ streaming: { timeout: 30_000 }, optimization: { maxConcurrentRequests: 2 } })
 * await service.generateDreamStream('A peaceful garden', { maxTokens: 200 }, ({ content }) => process.stdout.write(content))
 */
export function createCerebrasService(config: CerebrasConfig = {}): CerebrasService {
  const { streaming, limits, provider, model, systemPrompt, retry } = checkConfig(config)
  const client = new StreamClient({ providers: { cerebras: provider }, defaultProvider: 'cerebras', retry })
  const slots = new Slots(limits.running, limits.waiting)

  const run = async (prompt: string, given: DreamOptions | null | undefined, callbacks: Callbacks) => {
    const began = performance.now()
    const elapsed = () => Math.round(performance.now() - began)
    let stage: DreamError['stage'] = 'queue'
    let content = ''
    let chunkCount = 0
    let thrown: { error: unknown } | undefined
    /** Calls the user's code. What it throws is thrown on, but known from what the engine fails with. */
    const call = async (callback: () => unknown) => {
      try {
        await callback()
      } catch (error) {
        thrown ??= { error }
        throw error
      }
    }
    const result = (answer: CollectedResponse): DreamResult =>
      dreamResult(answer.text, answer.metrics.chunks, elapsed(), answer)
    let answer: CollectedResponse
    try {
      checkCallbacks(callbacks)
      const { timeout = 0, signal, ...options } = checkOptions(given)
      await slots.take(timeout, signal)
      try {
        stage = 'initialization'
        answer = await client.generate({
          prompt,
          ...(systemPrompt !== undefined && { systemPrompt }),
          ...defaults,
          model,
          ...options,
          ...(!streaming.enabled && { stream: false }),
          ...(signal && { signal }),
          ...(timeout > 0 && { timeout: Math.max(1, timeout - elapsed()) }),
          onStart: () => {
            stage = 'streaming'
          },
          onToken: (token) => {
            content += token
            const { onChunk } = callbacks
            const chunk = { content: token, fullContent: content, chunkIndex: chunkCount++, timestamp: Date.now() }
            return onChunk ? call(() => onChunk({ ...chunk, isComplete: false })) : undefined
          },
        })
      } finally {
        slots.release()
      }
    } catch (error) {
      const { type, recoverable, suggestion, message } = classifyError(error)
      const { onError } = callbacks
      const code = StreamError.isInstance(error) ? error.code : 'CALLBACK_THREW'
      const partialContent = StreamError.isInstance(error) && error.partialText !== '' ? error.partialText : content
      const failure = { message, type, code, recoverable, suggestion, partialContent, chunkCount }
      if (typeof onError === 'function') {
        await onError({ ...failure, processingTime: elapsed(), stage: thrown === undefined ? stage : 'callback' })
      }
      // A mistake in a callback is the caller's to hear of, whoever else was told.
      if (thrown !== undefined || typeof onError !== 'function') throw error
      return dreamResult(partialContent, chunkCount, elapsed())
    }
    const complete = result(answer)
    await callbacks.onComplete?.(complete)
    return complete
  }

  class ConfiguredProcessor extends StreamProcessor {
    constructor(options: StreamProcessorOptions = {}) {
      super({ chunkSize: streaming.chunkSize, ...options })
    }
  }
  Object.defineProperty(ConfiguredProcessor, 'name', { value: 'StreamProcessor' })

  return {
    generateDreamStream: (prompt, options, onChunk, onComplete, onError) =>
      run(prompt, options, { onChunk, onComplete, onError }),
    generateDreamStreamWithTimeout: (prompt, options) =>
      run(prompt, { ...options, timeout: options?.timeout ?? streaming.timeout }, {}),
    generateDream: (prompt, options) => run(prompt, options, {}),
    testStreamingConnection: () => client.testConnection({ model }),
    handleStreamingError: classifyError,
    StreamProcessor: ConfiguredProcessor,
  }
}

function dreamResult(
  content: string,
  chunkCount: number,
  processingTime: number,
  answer?: CollectedResponse,
): DreamResult {
  return {
    content,
    processingTime,
    finishReason: answer?.finishReason ?? 'error',
    chunkCount,
    totalChunks: chunkCount,
    averageChunkSize: chunkCount === 0 ? 0 : content.length / chunkCount,
    usage: answer?.usage,
    model: answer?.model ?? '',
    isComplete: answer !== undefined,
  }
}

function checkConfig(config: CerebrasConfig) {
  const keys = ['apiKey', 'baseUrl', 'headers', 'model', 'systemPrompt', 'maxTokensField', 'streaming', 'optimization']
  checkObject(config, 'config', keys)
  const { apiKey, baseUrl, headers, maxTokensField } = config
  const streaming = config.streaming ?? {}
  checkObject(streaming, 'streaming', ['enabled', 'chunkSize', 'timeout'], 'streaming.')
  const optimization = config.optimization ?? {}
  const names = ['maxConcurrentRequests', 'requestQueueSize', 'retryAttempts', 'retryDelay']
  checkObject(optimization, 'optimization', names, 'optimization.')
  const whole = (name: keyof typeof optimization, otherwise: number, min: number, max?: number) =>
    checkInteger(optimization[name] ?? otherwise, `optimization.${name}`, min, max)
  const given = { apiKey, baseUrl, headers, maxTokensField }
  return {
    streaming: {
      enabled: checkBoolean(streaming.enabled ?? true, 'streaming.enabled'),
      chunkSize: checkInteger(streaming.chunkSize ?? 0, 'streaming.chunkSize', 0),
      timeout: checkMilliseconds(streaming.timeout ?? 60_000, 'streaming.timeout'),
    },
    limits: { running: whole('maxConcurrentRequests', 5, 1), waiting: whole('requestQueueSize', 100, 0) },
    retry: {
      maxRetries: whole('retryAttempts', 3, 0, 1000),
      initialDelay: checkMilliseconds(optimization.retryDelay ?? 1000, 'optimization.retryDelay'),
      maxDelay: 30_000,
    },
    provider: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    model: checkNonEmpty(config.model ?? defaults.model, 'model'),
    systemPrompt: config.systemPrompt === undefined ? undefined : checkNonEmpty(config.systemPrompt, 'systemPrompt'),
  }
}

const optionKeys = ['model', 'temperature', 'maxTokens', 'topP', 'stop', 'seed', 'timeout', 'signal']

/** The options that are given; the client checks the rest of them. */
function checkOptions(options: DreamOptions | null | undefined): DreamOptions {
  if (options === undefined || options === null) return {}
  checkObject(options, 'options', optionKeys)
  const given: DreamOptions = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  if (given.timeout !== undefined) given.timeout = checkMilliseconds(given.timeout, 'timeout')
  return given
}

function checkCallbacks(callbacks: Callbacks): void {
  for (const [name, callback] of Object.entries(callbacks)) {
    if (callback !== undefined && callback !== null) checkFunction(callback, name)
  }
}

/**
 * A service with everything from the environment.
 *
 * @example
 * import { cerebrasService } from 'millstream/compat/cerebras'
 *
 * const { success, responseTime } = await cerebrasService.testStreamingConnection()
 * console.log(success, responseTime)
 */
export const cerebrasService: CerebrasService = createCerebrasService()

// For `import * as cerebrasService` and `require`.
export const {
  generateDreamStream,
  generateDreamStreamWithTimeout,
  generateDream,
  testStreamingConnection,
  handleStreamingError,
} = cerebrasService
