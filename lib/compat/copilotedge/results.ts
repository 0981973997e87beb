/**
 * What `handleRequest` gives: a streamed answer, or a whole one as OpenAI's `chat.completion`. Both are made of results of
 * the engine; nothing is kept here.
 */
import { completion } from '../../handler/reply.js'
import type { PipeOptions, PipeReport, WebPipeOptions } from '../../relay.js'
import type { StreamResult } from '../../stream-result.js'
import type { ResponseLike } from '../../streaming-response.js'
import type { CollectedResponse, FinishReason, Usage } from '../../types.js'
import { ReplayableText } from './text.js'

/** An answer as its text, in pieces and whole. */
export interface TextStreamResult {
  /** The pieces. Any number of loops, at any time, get the whole text; leaving all of them closes the connection. */
  readonly stream: AsyncGenerator<string, void, unknown>
  /** The whole text, whoever reads the pieces, before, meanwhile or afterwards. */
  readonly getFullResponse: () => Promise<string>
}

/** A streamed answer. */
export interface StreamingChat extends TextStreamResult {
  readonly id: string
  readonly object: 'chat.completion.chunk'
  /** Seconds since the epoch. */
  readonly created: number
  readonly model: string
  readonly streaming: true
  /** Token counts, known at the end; `undefined` where none were reported. */
  readonly usage: Promise<Usage | undefined>
  readonly finishReason: Promise<FinishReason>
  /** Closes the connection; whoever reads gets an `aborted_error`. */
  abort(reason?: unknown): void
  /** Sends the answer to a client of Express or `node:http`; format `'openai'` unless another is asked for. */
  pipe(response: ResponseLike, options?: PipeOptions): Promise<PipeReport>
  /** The answer as a web `Response`; format `'openai'` unless another is asked for. */
  toResponse(options?: WebPipeOptions): Response
}

/** A whole answer. */
export interface ChatCompletion {
  id: string
  object: 'chat.completion'
  /** Seconds since the epoch. */
  created: number
  model: string
  choices: {
    index: number
    message: { role: 'assistant'; content: string | null; tool_calls?: unknown[]; reasoning_content?: string }
    finish_reason: string
  }[]
  /** Whole numbers; estimated where Cloudflare counted nothing. */
  usage?: { prompt_tokens: number; completion_tokens: number; total_tokens: number }
}

/** `told`: when its callbacks have heard all of it. */
export function streamingChat(result: StreamResult, told?: Promise<void>): StreamingChat {
  const stream = new ReplayableText(result.textStream)
  return {
    id: `chat-${crypto.randomUUID()}`,
    object: 'chat.completion.chunk',
    created: Math.floor(Date.now() / 1000),
    model: result.model,
    streaming: true,
    stream,
    getFullResponse: async () => {
      const text = await result.getFullResponse()
      await told
      return text
    },
    get usage() {
      return result.usage
    },
    get finishReason() {
      return result.finishReason
    },
    abort: (reason) => result.abort(reason),
    pipe: (response, options) => result.pipe(response, { format: 'openai', ...options }),
    toResponse: (options) => result.toResponse({ format: 'openai', ...options }),
  }
}

export function wholeChat(answer: CollectedResponse): ChatCompletion {
  return completion(answer) as ChatCompletion
}
