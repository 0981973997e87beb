/**
 * An answer's chunks on their way to a reader of this face: renamed, gathered, with word of the progress between them.
 * What always holds: the text is the same, in the same order with what stands between; a reader that leaves takes its
 * place in the answer with it.
 */
import type { StreamChunk } from '../../types.js'
import { type ChunkFormat, type NeuroLinkChunk, type StreamingProgress, toNeuroLinkChunk } from './chunks.js'
import { Gatherer, type GatherLimits } from './gather.js'

/** How chunks are given. */
export interface ReadingOptions {
  format: ChunkFormat
  gather: { limits: GatherLimits; flushInterval: number | undefined } | undefined
  progress: boolean
}

/** The chunks of an answer as this face gives them. */
export async function* read(
  chunks: AsyncIterable<StreamChunk>,
  { format, gather, progress }: ReadingOptions,
): AsyncGenerator<NeuroLinkChunk, void, undefined> {
  const gathered = gather === undefined ? chunks : gatherText(chunks, gather.limits, gather.flushInterval)
  if (!progress) {
    for await (const chunk of gathered) yield toNeuroLinkChunk(chunk, format)
    return
  }
  const began = performance.now()
  let chunkCount = 0
  let totalBytes = 0
  const tell = (phase: StreamingProgress['phase']): NeuroLinkChunk => {
    const elapsedTime = Math.round(performance.now() - began)
    return { type: 'progress', content: '', progress: { chunkCount, totalBytes, elapsedTime, phase } }
  }
  yield tell('initializing')
  try {
    for await (const chunk of gathered) {
      if (chunk.type === 'finish') yield tell('complete')
      if (chunk.type === 'error') yield tell('error')
      yield toNeuroLinkChunk(chunk, format)
      if (chunk.type !== 'text') continue
      chunkCount++
      totalBytes += Buffer.byteLength(chunk.content)
      yield tell('streaming')
    }
  } catch (error) {
    yield tell('error')
    throw error
  }
}

/** They stand beside the text, and need not wait for it. */
const asides: ReadonlySet<StreamChunk['type']> = new Set(['usage', 'metadata'])

/** Text in larger chunks; what is no text comes behind the text before it. */
async function* gatherText(
  chunks: AsyncIterable<StreamChunk>,
  limits: GatherLimits,
  flushInterval: number | undefined,
): AsyncGenerator<StreamChunk, void, undefined> {
  const reader = chunks[Symbol.asyncIterator]()
  const gatherer = new Gatherer(limits)
  let index = 0
  const text = (content: string): StreamChunk => ({ type: 'text', content, index: index++ })
  /** When the oldest piece that waits is to be given. */
  let due: number | undefined
  let next: Promise<IteratorResult<StreamChunk>> | undefined
  try {
    for (;;) {
      next ??= reader.next()
      if (due !== undefined && !(await isInTime(next, due))) {
        due = undefined
        const piece = gatherer.flush()
        if (piece !== undefined) yield text(piece)
        continue
      }
      const step = await next
      next = undefined
      if (step.done) break
      const chunk = step.value
      if (chunk.type === 'text' && chunk.choice === undefined) {
        const piece = gatherer.add(chunk.content)
        if (piece !== undefined) {
          due = undefined
          yield text(piece)
        }
        if (flushInterval !== undefined && due === undefined && gatherer.isWaiting) {
          due = performance.now() + flushInterval
        }
        continue
      }
      if (!asides.has(chunk.type)) {
        due = undefined
        const rest = gatherer.rest()
        if (rest !== undefined) yield text(rest)
      }
      yield chunk
    }
  } catch (error) {
    const rest = gatherer.rest()
    if (rest !== undefined) yield text(rest)
    throw error
  } finally {
    await reader.return?.()
  }
  const rest = gatherer.rest()
  if (rest !== undefined) yield text(rest)
}

/** Whether something comes before the moment does. */
async function isInTime(coming: Promise<unknown>, due: number): Promise<boolean> {
  const left = due - performance.now()
  if (left <= 0) return false
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), left)
  })
  const came = coming.then(
    () => true,
    () => true,
  )
  try {
    return await Promise.race([came, late])
  } finally {
    clearTimeout(timer)
  }
}
