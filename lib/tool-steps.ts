/**
 * An answer in which tools are run: the model's turns, one after the other, as one stream of chunks. What always holds: a
 * call comes before its result, and its result before what the model says to it; a call is run once, after the turn it came
 * in has ended, so that an answer that breaks off has run nothing of its last turn; whoever leaves ends the provider's
 * answer and aborts the tools that run.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Answer } from './answer.js'
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
  /** Asks the model to go on from here; turns are counted from 1. */
  ask(messages: readonly RequestMessage[], step: number): Answer
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
  #answer: Answer | undefined
  /** Ids of calls so far: providers that have none count from 0 in each turn. */
  readonly #ids = new Set<string>()
  #calls = 0
  /** What was told of the answer besides it, by name. */
  readonly #metadata = new Map<string, unknown>()
  #usage: Usage | undefined

  constructor(options: ToolStepOptions) {
    this.#options = options
  }

  [Symbol.asyncIterator](): AsyncIterator<FedChunk> {
    const chunks = this.#run()
    return {
      next: () => chunks.next(),
      // A generator that waits would hear of it only later.
      return: () => {
        this.#abort.abort()
        this.#answer?.abort(undefined)
        return chunks.return(undefined)
      },
    }
  }

  async *#run(): AsyncGenerator<FedChunk, undefined> {
    const { tools, maxSteps, asked, ask, onStep } = this.#options
    await asked
    const messages = [...this.#options.messages]
    for (let step = 1; ; step++) {
      const turn = new Turn()
      const answer = ask(messages, step)
      this.#answer = answer
      try {
        yield* this.#turn(answer, turn, step)
      } catch (error) {
        // What was used until then is known, whatever became of the rest.
        const used = sum(this.#usage, answer.usageSoFar)
        if (used !== undefined) yield { type: 'usage', content: '', usage: used }
        throw error
      }
      this.#usage = sum(this.#usage, turn.usage)
      const added = [turn.message]
      messages.push(turn.message)
      const refused = turn.finishReason === 'content-filter' || turn.finishReason === 'error'
      const ours = refused ? [] : turn.calls.filter((call) => this.#isOurs(call))
      const results: ToolResult[] = []
      const said = [...messages]
      const running = ours.map((call) =>
        runCall(call, tools, { signal: this.#abort.signal, toolCallId: call.id, messages: said }),
      )
      for (const result of running) {
        const done = await this.#orAborted(result)
        if (done === undefined) return
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
      if (this.#abort.signal.aborted) return
      const waits = turn.calls.length > results.length
      if (results.length > 0 && !waits && step < maxSteps) continue
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

function sum(a: Usage | undefined, b: Usage | undefined): Usage | undefined {
  return a === undefined || b === undefined ? (a ?? b) : addUsage(a, b)
}
