/** What the peers ask for: one request, the same for each of them but for the seed, from which the text is generated. */
export const MODEL = 'bench-model'
export const PROMPT = 'Tell me a story about a mill on a stream.'

export const chatUrl = (base) => `${base}/v1/chat/completions`

/** Body of a request for stream number `seed`, as the hand-written peers send it. */
export function chatBody(seed) {
  return JSON.stringify({ model: MODEL, stream: true, seed, messages: [{ role: 'user', content: PROMPT }] })
}
