/**
 * An answer told to callbacks: in order, one at a time, each awaited, each as often as documented. What always holds:
 * after a callback threw nothing more is told but the failure this is, and the connection is closed.
 */
import type { Answer } from './answer.js'
import type { StreamError } from './errors.js'
import type { StreamCallbacks } from './stream-request.js'
import { collect, readForCallbacks } from './stream-result.js'
import type { StreamChunk } from './types.js'

/** How the telling ended: with the answer, well or not, or with what a callback threw. */
export type Told = { error: StreamError | undefined } | { thrown: unknown }

/** Tells the callbacks of an answer, from before it is asked for until it is over and they are done. Never rejects. */
export async function tell(answer: Answer, callbacks: StreamCallbacks): Promise<Told> {
  let failure: { thrown: unknown } | undefined
  const threw = (thrown: unknown) => {
    failure ??= { thrown }
    answer.abort(thrown, 'A callback threw')
  }
  const call = async (callback: () => unknown) => {
    try {
      await callback()
    } catch (thrown) {
      threw(thrown)
    }
  }
  const { onStart, onComplete, onError } = callbacks
  const inPieces = pieceKeys.some((name) => callbacks[name] !== undefined)
  // Announced before the request is made, so that the engine delivers from the beginning.
  const chunks = inPieces ? readForCallbacks(answer) : undefined
  await new Promise<void>((resolve) => answer.whenOpen(resolve))
  if (answer.isOpen && onStart !== undefined) {
    const { provider, model, requestId } = answer
    await call(() => onStart({ provider, model, requestId }))
  }
  if (chunks !== undefined) {
    try {
      for await (const chunk of chunks) {
        // Whoever aborts wants to hear no more, though some had come already.
        if (answer.outcome?.kind === 'aborted') break
        try {
          const heard = piece(chunk, callbacks, answer)
          if (isThenable(heard)) await heard
        } catch (thrown) {
          threw(thrown)
          break
        }
      }
    } catch {
      // How the answer failed is its outcome.
    }
  } else {
    // Who was given the handle has had the time to begin.
    setImmediate(() => {
      if (answer.isUnclaimed) answer.drain()
    })
    await new Promise<void>((resolve) => answer.whenEnded(resolve))
  }
  const { outcome } = answer
  const error = outcome?.kind === 'failed' || outcome?.kind === 'aborted' ? outcome.error : undefined
  if (error !== undefined) await call(() => onError?.(error))
  else await call(() => onComplete?.(collect(answer)))
  return failure ?? { error }
}

/** Those that are told of pieces. */
const pieceKeys = ['onChunk', 'onToken', 'onToolCall', 'onToolResult', 'onUsage'] as const

/** Tells of one chunk. A promise only where a callback gave one: a token need not wait for the loop then. */
function piece(chunk: StreamChunk, callbacks: StreamCallbacks, answer: Answer): unknown {
  const { onChunk, onToken, onToolCall, onToolResult, onUsage } = callbacks
  const heard = onChunk?.(chunk)
  if (chunk.type === 'text' && chunk.choice === undefined && onToken !== undefined) {
    return isThenable(heard) ? heard.then(() => onToken(chunk.content)) : onToken(chunk.content)
  }
  if (chunk.type === 'usage' && onUsage !== undefined) {
    // Of reports that complete each other, this one and those before it.
    const usage = answer.usageSoFar ?? chunk.usage
    return isThenable(heard) ? heard.then(() => onUsage(usage)) : onUsage(usage)
  }
  if (chunk.type === 'tool-call' && onToolCall !== undefined) {
    const { type: _, content: __, ...call } = chunk
    return isThenable(heard) ? heard.then(() => onToolCall(call)) : onToolCall(call)
  }
  if (chunk.type === 'tool-result' && onToolResult !== undefined) {
    const { type: _, content: __, ...result } = chunk
    return isThenable(heard) ? heard.then(() => onToolResult(result)) : onToolResult(result)
  }
  return heard
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}
