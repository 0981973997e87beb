/**
 * Answers that a provider's own decoder reads. What always holds: the engine asks, retries, watches the clocks and tells
 * what a status means; the decoder gets the body of a good answer, no faster than its chunks are read; where nobody wants
 * more, the connection is closed, whatever the decoder is waiting for.
 */

import {
  type AnswerOptions,
  type AnswerOwner,
  hearNews,
  hearToken,
  isHeard,
  isListening,
  type Via,
} from '../answer/roles.js'
import { Answer } from '../answer.js'
import { StreamError } from '../errors.js'
import { decodeEventStream, type ServerSentEvent } from '../event-stream.js'
import { ChunkFeed } from '../fed-answer.js'
import { samePlan } from '../request-plan.js'
import { AnswerHandle } from '../stream-result.js'
import type { Codec, CodecContext, DecodedChunk } from './codec.js'

/** How an answer is asked for that the codec decodes; `undefined` where the engine does so. `options` are the answer's. */
export function viaDecoder({ framing, decode }: Codec, options: AnswerOptions): Via | undefined {
  if (decode === undefined) return undefined
  const { provider, model, retry, credit, owner } = options
  const feed = new ChunkFeed()
  let told = false
  return {
    ask: (answer, request, body) => {
      // Whoever hears of the answer's failure hears of this one's.
      const deaf: AnswerOwner = {
        [hearToken]() {},
        [hearNews]: (_, news) => {
          if (news.kind === 'retry') owner?.[hearNews](answer, news)
        },
        [isHeard]: () => true,
        [isListening]: () => false,
      }
      const inner = new Answer({ provider, model, retry, credit, retain: false, push: false, owner: deaf })
      const chunks = async function* (): AsyncGenerator<DecodedChunk, void, undefined> {
        try {
          const context: CodecContext = { provider, model }
          const { textStream } = await new AnswerHandle(inner, 'throw')
          yield { type: 'start' }
          yield* decode(cut(textStream, framing, request.plan.maxEventBytes), context)
        } catch (error) {
          told = (inner.outcome as { error?: unknown } | undefined)?.error === error
          throw error
        }
      }
      // What the source waits for would hold the connection open.
      answer.whenEnded(() => inner.abort(undefined))
      const { maxEventBytes, flushInterval, estimate } = request.plan
      feed.begin(answer, chunks(), { ...options, maxEventBytes, flushInterval, estimate, question: body })
      // What is counted are the decoder's texts.
      const { estimate: _, ...plan } = request.plan
      inner.ask({ ...request, plan: samePlan({ ...plan, protocol: 'text' }), push: false, retain: false }, body)
    },
    // What the engine said of the body is told as if it were of the answer, with the text that was decoded.
    failure: (native, answer) => (told ? undefined : feed.failure(native, answer)),
  }
}

/** A body's text as its decoder wants it. */
function cut(text: AsyncIterable<string>, framing: Codec['framing'], maxEventBytes: number): never {
  const source: AsyncIterable<string | ServerSentEvent> =
    framing === 'text' ? text : framing === 'lines' ? lines(text, maxEventBytes) : events(text, maxEventBytes)
  // The codec was checked to be of one kind, its framing with it.
  return source as never
}

/** Its events; an end without an empty line behind it counts as one. */
function events(text: AsyncIterable<string>, maxEventBytes: number): AsyncIterable<ServerSentEvent> {
  return decodeEventStream(text, { maxEventBytes, lenientEnd: true })
}

/** Its lines that have anything in them. */
async function* lines(text: AsyncIterable<string>, limit: number): AsyncGenerator<string, void, undefined> {
  const pieces: string[] = []
  let held = 0
  for await (const piece of text) {
    const [first = '', ...others] = piece.split(/\r?\n|\r/)
    pieces.push(first)
    held += first.length
    if (held > limit) tooLong(limit)
    if (others.length === 0) continue
    const last = others.pop() as string
    for (const line of [pieces.join(''), ...others]) if (line.trim() !== '') yield line
    pieces.splice(0, pieces.length, last)
    held = last.length
  }
  const rest = pieces.join('')
  if (rest.trim() !== '') yield rest
}

function tooLong(limit: number): never {
  throw new StreamError(`A line exceeds the limit of ${limit} bytes`, {
    type: 'protocol_error',
    code: 'EVENT_TOO_LARGE',
    suggestion: 'Raise `maxEventBytes` if the server is trusted to send lines that large.',
  })
}
