/** Chunks of Google's `generateContentStream` as events. */
import type { UsageEvent } from '../streaming-response/events.js'
import type { FinishReason } from '../types.js'
import { toUsage } from '../usage.js'
import { type AdapterConstructor, adapterFor, type ProviderAdapter } from './adapter.js'
import { chunkFailure, invalidChunk } from './failure.js'
import {
  type AnswerEvent,
  countOf,
  type Fields,
  fieldsOf,
  filled,
  isObject,
  jsonOf,
  listOf,
  type Mapping,
  metadata,
  UsageReport,
  warningFor,
} from './mapping.js'
import { PartialArguments } from './partial-arguments.js'
import { ToolCalls } from './tool-calls.js'

/**
 * What a {@link GeminiAdapter} needs of a chunk: what the `@google/genai` package gives.
 *
 * @example
 * const chunk: GeminiChunk = { candidates: [{ content: { parts: [{ text: 'Hello' }] }, finishReason: 'STOP' }] }
 */
export interface GeminiChunk {
  candidates?: readonly object[]
  promptFeedback?: object
  usageMetadata?: object
}

interface Candidate {
  calls: ToolCalls
  /** As given, once it was. */
  reason: string | undefined
  /** The call whose arguments are still coming, and which number it has. */
  partial: { piece: { id: string | undefined; name: string | undefined }; args: PartialArguments } | undefined
  called: number
}

/** Fields of a candidate that have no event of their own; they come once, or grow. */
const passedOn = ['citationMetadata', 'groundingMetadata', 'urlContextMetadata'] as const

export class GeminiMapping implements Mapping {
  readonly #candidates = new Map<number, Candidate>()
  readonly #usage = new UsageReport()
  #counts: UsageEvent | undefined
  #blocked = false
  #tokens = 0
  #failed = false

  get finishReason(): FinishReason | undefined {
    if (this.#blocked) return 'content-filter'
    const candidate = this.#candidates.get(0)
    return candidate?.reason === undefined ? undefined : finishReasonOf(candidate.reason, !candidate.calls.isEmpty)
  }

  isCut(): boolean {
    if (this.#blocked) return false
    const candidates = [...this.#candidates.values()]
    return candidates.length === 0 || candidates.some(({ reason }) => reason === undefined)
  }

  chunk(chunk: unknown): AnswerEvent[] {
    const { candidates, promptFeedback, usageMetadata, error } = fieldsOf(chunk)
    if (error !== undefined && error !== null) return this.#fail(chunkFailure(error, 'The provider failed'))
    if (!Array.isArray(candidates) && !isObject(promptFeedback) && !isObject(usageMetadata)) {
      return this.#fail(invalidChunk('Gemini'))
    }
    const events = listOf(candidates)
      .filter(isObject)
      .flatMap((candidate) => this.#candidate(candidate))
    const { blockReason } = fieldsOf(promptFeedback)
    if (filled(blockReason) !== undefined) {
      this.#blocked = true
      events.push(metadata({ finishReason: blockReason, promptFeedback, ...warningFor('content-filter') }))
    }
    // On nearly every chunk: the last one counts.
    this.#counts = usageOf(usageMetadata) ?? this.#counts
    if (this.#blocked || listOf(candidates).some((candidate) => filled(fieldsOf(candidate).finishReason))) {
      events.push(...this.#usage.events(this.#counts))
    }
    return events
  }

  end(): AnswerEvent[] {
    const calls = [...this.#candidates.values()].flatMap((candidate) => {
      const { calls, reason } = candidate
      return [...this.#endPartial(candidate), ...calls.giveAll(this.#failed || reason === undefined)]
    })
    return [...calls, ...this.#usage.events(this.#counts)]
  }

  #fail(error: ReturnType<typeof invalidChunk>): AnswerEvent[] {
    this.#failed = true
    return [{ type: 'error', error }]
  }

  #candidate(fields: Fields): AnswerEvent[] {
    const number = countOf(fields.index) ?? 0
    let candidate = this.#candidates.get(number)
    if (candidate === undefined) {
      candidate = { calls: new ToolCalls(number), reason: undefined, partial: undefined, called: 0 }
      this.#candidates.set(number, candidate)
    }
    const known = candidate
    const events = listOf(fieldsOf(fields.content).parts).flatMap((part) => this.#part(fieldsOf(part), known, number))
    for (const name of passedOn) {
      const value = fields[name]
      if (isObject(value) && Object.keys(value).length > 0) events.push(metadata({ [name]: value }))
    }
    const reason = filled(fields.finishReason)
    if (reason !== undefined && reason !== candidate.reason) {
      candidate.reason = reason
      events.push(...this.#endPartial(candidate), ...candidate.calls.giveAll(false))
      const { finishMessage } = fields
      const message = filled(finishMessage) === undefined ? undefined : { finishMessage }
      events.push(metadata({ finishReason: reason, ...message, ...warningFor(finishReasonOf(reason, false)) }))
    }
    return events
  }

  #part(part: Fields, candidate: Candidate, choice: number): AnswerEvent[] {
    const { text, thought, thoughtSignature, functionCall, ...rest } = part
    const signature = filled(thoughtSignature)
    const said = filled(text)
    const events: AnswerEvent[] = []
    if (thought === true || signature !== undefined) {
      const thinking = thought === true ? (said ?? '') : ''
      if (thinking !== '' || signature !== undefined) {
        events.push({ type: 'reasoning', text: thinking, choice, ...(signature !== undefined && { signature }) })
      }
    }
    if (thought !== true && said !== undefined)
      events.push({ type: 'token', token: said, index: this.#tokens++, choice })
    if (isObject(functionCall)) events.push(...this.#call(functionCall, candidate))
    // Code that was run, images, files.
    const others = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined && value !== null))
    if (Object.keys(others).length > 0) events.push(metadata({ part: others }))
    return events
  }

  /** A call comes whole, or begun here and filled in by the parts that follow. */
  #call(call: Fields, candidate: Candidate): AnswerEvent[] {
    const { partial } = candidate
    const name = filled(call.name)
    const goesOn = call.willContinue === true
    if (partial !== undefined && name === undefined) {
      partial.args.apply(call.partialArgs)
      return goesOn ? [] : this.#endPartial(candidate)
    }
    const events = this.#endPartial(candidate)
    const piece = { id: filled(call.id), name }
    if (goesOn || Array.isArray(call.partialArgs)) {
      candidate.partial = { piece, args: new PartialArguments(call.args) }
      candidate.partial.args.apply(call.partialArgs)
      return goesOn ? events : [...events, ...this.#endPartial(candidate)]
    }
    return [...events, ...this.#whole(candidate, piece, isObject(call.args) ? jsonOf(call.args) : '{}')]
  }

  #endPartial(candidate: Candidate): AnswerEvent[] {
    const { partial } = candidate
    candidate.partial = undefined
    return partial === undefined ? [] : this.#whole(candidate, partial.piece, partial.args.toJson())
  }

  #whole(
    candidate: Candidate,
    piece: { id: string | undefined; name: string | undefined },
    args: string,
  ): AnswerEvent[] {
    const id = piece.id ?? `call_${candidate.called}`
    candidate.called++
    return [...candidate.calls.push({ id, name: piece.name, arguments: args }), ...candidate.calls.give(id)]
  }
}

function finishReasonOf(reason: string, called: boolean): FinishReason {
  switch (reason) {
    case 'STOP':
      return called ? 'tool-calls' : 'stop'
    case 'MAX_TOKENS':
      return 'length'
    case 'SAFETY':
    case 'RECITATION':
    case 'BLOCKLIST':
    case 'PROHIBITED_CONTENT':
    case 'SPII':
    case 'IMAGE_SAFETY':
      return 'content-filter'
    case 'MALFORMED_FUNCTION_CALL':
      return 'error'
    default:
      return 'other'
  }
}

function usageOf(value: unknown): UsageEvent | undefined {
  const fields = fieldsOf(value)
  const [prompt, tools] = [countOf(fields.promptTokenCount), countOf(fields.toolUsePromptTokenCount)]
  const [answer, thoughts] = [countOf(fields.candidatesTokenCount), countOf(fields.thoughtsTokenCount)]
  const total = countOf(fields.totalTokenCount)
  if (prompt === undefined && answer === undefined && total === undefined) return undefined
  const cached = countOf(fields.cachedContentTokenCount)
  return {
    ...toUsage({
      ...(prompt !== undefined && { promptTokens: prompt + (tools ?? 0) }),
      ...((answer !== undefined || thoughts !== undefined) && { completionTokens: (answer ?? 0) + (thoughts ?? 0) }),
      ...(total !== undefined && { totalTokens: total }),
    }),
    ...(cached ? { cachedTokens: cached } : undefined),
    ...(thoughts ? { reasoningTokens: thoughts } : undefined),
    provider: 'gemini',
  }
}

/**
 * Streams an answer of the `@google/genai` client. Called with the client's stream it gives the body of a web response;
 * with `new` and a {@link StreamingResponse} it sends what it is given. Function calls, thoughts with their signatures,
 * usage and failures go along either way.
 *
 * This client closes its connection for no other reason than its own `abortSignal`: give the controller of that signal to
 * the adapter as well, so that a reader who leaves stops the provider.
 *
 * @example
 * import { GoogleGenAI } from '@google/genai'
 * import { GeminiAdapter } from 'millstream/streaming/adapters'
 *
 * export async function POST(request: Request) {
 *   const { question } = await request.json()
 *   const controller = new AbortController()
 *   const config = { abortSignal: controller.signal }
 *   const answer = new GoogleGenAI({}).models.generateContentStream({ model: 'gemini-2.5-flash', contents: question, config })
 *   return new Response(GeminiAdapter(answer, { controller }), { headers: { 'content-type': 'text/event-stream' } })
 * }
 */
export const GeminiAdapter: AdapterConstructor<GeminiChunk> = adapterFor('GeminiAdapter', () => new GeminiMapping())

/** A {@link GeminiAdapter} made with `new`. */
export type GeminiAdapter = ProviderAdapter<GeminiChunk>
