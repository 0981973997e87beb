/**
 * An answer as the body of a web response, in the `events` format. What always holds: a chunk is taken from the provider
 * when the reader asks for one, never before; the last event is `done`, whatever happens.
 */
import { doneJson, recordJson, SSEEventType, startJson } from '../streaming-response/events.js'
import { encode, type Mapping } from './mapping.js'
import type { Source } from './source.js'

const encoder = new TextEncoder()

export function byteStream<Chunk>(source: Source<Chunk>, mapping: Mapping): ReadableStream<Uint8Array> {
  let sent = 0
  const frame = ([event, json]: [string, string]): string => `event: ${event}\nid: ${++sent}\ndata: ${json}\n\n`
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    // At once: the reader knows that it is answered before the provider has found a word.
    if (sent === 0) {
      controller.enqueue(encoder.encode(frame([SSEEventType.START, startJson(Date.now())])))
      return
    }
    let text = ''
    // A pull that enqueues nothing is not followed by another.
    while (text === '' && source.outcome === undefined) {
      for (const event of await source.next()) text += frame(encode(event))
    }
    const { outcome } = source
    if (outcome === 'stopped') return
    if (outcome !== undefined) {
      const failed = outcome !== 'whole'
      if (failed) text += frame([SSEEventType.ERROR, recordJson(outcome, 'error')])
      text += frame([SSEEventType.DONE, doneJson(Date.now(), failed ? undefined : mapping.finishReason, failed)])
    }
    controller.enqueue(encoder.encode(text))
    if (outcome !== undefined) controller.close()
  }
  return new ReadableStream<Uint8Array>({ pull, cancel: () => source.stop() }, { highWaterMark: 0 })
}
