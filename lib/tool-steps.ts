/**
 * An answer in which tools are run: the model's turns, one after the other, as one stream of chunks. What always holds: a
 * call comes before its result, and its result before what the model says to it; a call is run once, after the turn it came
 * in has ended, so that an answer that breaks off has run nothing of its last turn; whoever leaves ends the provider's
 * answer and aborts the tools that run; the total timeout spans all turns and the tools between them.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Answer } from './answer.js'
import { StreamError, TimeoutError } from './errors.js'
import type { FedChunk } from './fed-answer.js'
import type { RequestMessage } from './request-messages.js'
import { readChunks } from './stream-result.js'
import { resultText, runCall, type ToolSet, type ToolStep } from './tools.js'
import type { FinishReason, ToolCall, ToolResult, Usage } from './types.js'
import { addUsage } from './usage.js'

/** How an answer with tools is made. */
export interface ToolStepOptions {
  tools: ToolSet
  maxSteps: number
  /** The conversation so far. */
  messages: readonly RequestMessage[]
  /** Resolves when the first turn may be asked for. */
  asked: Promise<void>
  /** Whom the model's turns are asked of, for errors. */
  provider: string
  /** Milliseconds from then on that the whole may take; 0 for any. */
  total: number
  /** Asks the model to go on from here, within `total` milliseconds (0: any); turns are counted from 1. */
  ask(messages: readonly RequestMessage[], step: number, total: number): Answer
  /** Told after each turn and its results. Never rejects. */
  onStep(step: ToolStep): Promise<void>
}

type Thought = { text: string; signature?: string }

/** What came in a turn of the model. */
class Turn {
  text = ''
  readonly thoughts: Thought[] = []
  readonly calls: ToolCall[] = []
  finishReason: FinishReason = 'unknown'
  rawFinishReason: string | undefined
  usage: Usage | undefined

  think(text: string, signature: string | undefined): void {
    const last = this.thoughts.at(-1)
    // A signature ends a thought.
    if (last === undefined || last.signature !== undefined) this.thoughts.push({ text })
    else last.text += text
    const open = this.thoughts.at(-1) as Thought
    if (signature !== undefined) open.signature = signature
  }

  /** What the model said, as it goes back to it. */
  get message(): RequestMessage {
    const { text, thoughts, calls } = this
    return {
      role: 'assistant',
      content: text === '' ? null : text,
      ...(thoughts.length > 0 && { reasoning: thoughts }),
      ...(calls.length > 0 && { toolCalls: calls.map(callMessage) }),
    }
  }
}

/** A call as it goes back to the model. Arguments that are no JSON object are nothing that a provider would take. */
function callMessage(call: ToolCall): Pick<ToolCall, 'id' | 'tool'> & Partial<ToolCall> & { signature?: string } {
  const { id, tool, args, rawArguments } = call
  const { signature } = call as { signature?: string }
  const isObject = call.valid && typeof args === 'object' && args !== null && !Array.isArray(args)
  return {
    id,
    tool,
    ...(isObject ? { args, rawArguments } : { args: {} }),
    ...(signature !== undefined && { signature }),
  }
}

/** The chunks of an answer with tools. */
export class ToolSteps implements AsyncIterable<FedChunk> {
  readonly #options: ToolStepOptions
  readonly #abort = new AbortController()
  readonly #clock: TotalClock
  #answer: Answer | undefined
  /** Ids of calls so far: providers that have none count from 0 in each turn. */
  readonly #ids = new Set<string>()
  #calls = 0
  /** What was told of the answer besides it, by name. */
  readonly #metadata = new Map<string, unknown>()
  #usage: Usage | undefined

  constructor(options: ToolStepOptions) {
    this.#options = options
    this.#clock = new TotalClock(options.total, () => this.#abort.abort(this.#late()))
  }

  [Symbol.asyncIterator](): AsyncIterator<FedChunk> {
    const chunks = this.#run()
    return {
      next: () => chunks.next(),
      // A generator that waits would hear of it only later.
      return: () => {
        this.#clock.stop()
        this.#abort.abort()
        this.#answer?.abort(undefined)
        return chunks.return(undefined)
      },
    }
  }

  async *#run(): AsyncGenerator<FedChunk, undefined> {
    await this.#options.asked
    if (this.#abort.signal.aborted) return
    this.#clock.start()
    try {
      yield* this.#steps()
    } catch (error) {
      // What was used until then is known, whatever became of the rest.
      if (this.#usage !== undefined) yield { type: 'usage', content: '', usage: this.#usage }
      throw error
    } finally {
      this.#clock.stop()
    }
  }

  async *#steps(): AsyncGenerator<FedChunk, undefined> {
    const { tools, maxSteps, ask, onStep } = this.#options
    const messages = [...this.#options.messages]
    for (let step = 1; ; step++) {
      const turn = new Turn()
      const answer = ask(messages, step, this.#clock.left)
      this.#answer = answer
      try {
        yield* this.#turn(answer, turn, step)
      } catch (error) {
        // The turn was given what was left.
        throw step > 1 && isTotal(error) ? this.#late(error) : error
      } finally {
        this.#usage = sum(this.#usage, answer.usageSoFar)
      }
      const added = [turn.message]
      messages.push(turn.message)
      const refused = turn.finishReason === 'content-filter' || turn.finishReason === 'error'
      const ours = refused ? [] : turn.calls.filter((call) => this.#isOurs(call))
      const results: ToolResult[] = []
      const said = [...messages]
      if (ours.length > 0) this.#checkTime()
      const running = ours.map((call) =>
        runCall(call, tools, { signal: this.#abort.signal, toolCallId: call.id, messages: said }),
      )
      for (const result of running) {
        const done = await this.#orAborted(result)
        if (done === undefined) {
          this.#checkTime()
          return
        }
        results.push(done)
        const { id, tool, isError } = done
        const message: RequestMessage = {
          role: 'tool',
          toolCallId: id,
          tool,
          content: resultText(done),
          ...(isError && { isError }),
        }
        messages.push(message)
        added.push(message)
        yield { type: 'tool-result', content: '', ...done }
      }
      const { text, calls: toolCalls, finishReason, usage, rawFinishReason } = turn
      await onStep({ step, text, toolCalls, toolResults: results, finishReason, usage, messages: added })
      const waits = turn.calls.length > results.length
      const goesOn = results.length > 0 && !waits && step < maxSteps
      if (goesOn) this.#checkTime()
      if (this.#abort.signal.aborted && !this.#clock.isOver) return
      if (goesOn) continue
      if (this.#usage !== undefined) yield { type: 'usage', content: '', usage: this.#usage }
      const raw = rawFinishReason === undefined ? undefined : { rawFinishReason }
      yield { type: 'finish', content: '', finished: true, finishReason, ...raw }
      return
    }
  }

  /** The chunks of a turn, but for its end, which is noted in `turn`. */
  async *#turn(answer: Answer, turn: Turn, step: number): AsyncGenerator<FedChunk, undefined> {
    const first = this.#calls
    const ids = new Map<string, string>()
    const idOf = (id: string) => {
      const known = ids.get(id)
      if (known !== undefined) return known
      let own = id
      for (let count = step; this.#ids.has(own); count++) own = `${id}_${count}`
      this.#ids.add(own)
      ids.set(id, own)
      return own
    }
    let named = step > 1
    for await (const chunk of readChunks(answer, 'throw')) {
      if (!named) {
        named = true
        const { id, model } = answer
        yield { type: 'start', model, ...(id !== undefined && { id }) }
      }
      switch (chunk.type) {
        case 'text':
          turn.text += chunk.content
          yield chunk
          break
        case 'reasoning':
          turn.think(chunk.reasoning, chunk.signature)
          yield chunk
          break
        case 'tool-call-delta':
          yield { ...chunk, id: idOf(chunk.id), index: first + chunk.index }
          break
        case 'tool-call': {
          const { type, content, ...call } = { ...chunk, id: idOf(chunk.id), index: first + chunk.index }
          this.#calls++
          turn.calls.push(call)
          yield { type, content, ...call }
          break
        }
        case 'usage':
          break
        case 'finish':
          turn.finishReason = chunk.finishReason
          turn.rawFinishReason = chunk.rawFinishReason
          break
        case 'metadata': {
          const metadata = this.#fresh(chunk.metadata, step)
          if (metadata !== undefined) yield { ...chunk, metadata }
          break
        }
        default:
          yield chunk
      }
    }
    turn.usage = answer.usageSoFar
  }

  /** What a turn tells that no turn before it told, word for word. */
  #fresh(metadata: Record<string, unknown>, step: number): Record<string, unknown> | undefined {
    const told = this.#metadata
    const entries = Object.entries(metadata).filter(([name, value]) => {
      return step === 1 || !told.has(name) || !isDeepStrictEqual(told.get(name), value)
    })
    for (const [name, value] of entries) told.set(name, value)
    return entries.length === 0 ? undefined : Object.fromEntries(entries)
  }

  /** There is more to do: is there time for it? */
  #checkTime(): void {
    if (this.#clock.isOver) throw this.#late()
  }

  /** The whole took too long; in the engine's words, which has a clock for each turn alone. */
  #late(of?: StreamError): TimeoutError {
    const { total, provider } = this.#options
    return new TimeoutError(`total timeout: the answer was not complete within ${total} ms`, {
      code: 'TOTAL_TIMEOUT',
      phase: 'total',
      provider,
      attempt: of?.attempt ?? 1,
      ...(of?.requestId !== undefined && { requestId: of.requestId }),
    })
  }

  /** Whether a call is answered here: by a tool, or by saying that there is none. */
  #isOurs({ tool }: ToolCall): boolean {
    const { runnable, others } = this.#options.tools
    return runnable.has(tool) || (others !== undefined && !others.has(tool))
  }

  /** What is waited for, or `undefined` where nobody wants it any more. */
  #orAborted<T>(waiting: Promise<T>): Promise<T | undefined> {
    const { signal } = this.#abort
    if (signal.aborted) return Promise.resolve(undefined)
    return new Promise((resolve, reject) => {
      const leave = () => resolve(undefined)
      signal.addEventListener('abort', leave, { once: true })
      waiting.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
    })
  }
}

/** The clock over all of it. */
class TotalClock {
  readonly #total: number
  readonly #ring: () => void
  #timer: ReturnType<typeof setTimeout> | undefined
  #end = Number.POSITIVE_INFINITY
  /** Whether it ran out. */
  isOver = false

  /** `total`: milliseconds, 0 for none. */
  constructor(total: number, ring: () => void) {
    this.#total = total
    this.#ring = ring
  }

  start(): void {
    if (this.#total === 0) return
    this.#end = performance.now() + this.#total
    this.#timer = setTimeout(() => {
      this.isOver = true
      this.#ring()
    }, this.#total)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  /** Milliseconds, 0 for any number of them. */
  get left(): number {
    return this.#total === 0 ? 0 : Math.max(1, Math.ceil(this.#end - performance.now()))
  }
}

function isTotal(error: unknown): error is TimeoutError {
  return StreamError.isInstance(error) && (error as Partial<TimeoutError>).phase === 'total'
}

function sum(a: Usage | undefined, b: Usage | undefined): Usage | undefined {
  return a === undefined || b === undefined ? (a ?? b) : addUsage(a, b)
}
