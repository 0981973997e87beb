// What the readers share: the question that is never sent, and the answer that is a recording.

export const key = 'test-key-for-replay'
export const asked = [{ role: 'user', content: 'x' }]
export const kinds = {
  sse: 'text/event-stream',
  ndjson: 'application/x-ndjson',
  eventstream: 'application/vnd.amazon.eventstream',
}

/** A `fetch` that answers with the recording. */
export function replay(bytes, contentType) {
  return async () => new Response(bytes, { headers: { 'content-type': contentType } })
}

/** A call's arguments, `undefined` where they are no JSON. */
export function parsed(text) {
  try {
    return JSON.parse(text || '{}')
  } catch {
    return undefined
  }
}

/** A reader's word for the reason an answer ended for, in the engine's words. */
export function named(reasons, word) {
  if (word === undefined || word === null || word === '') return 'unknown'
  return reasons[word] ?? 'other'
}
