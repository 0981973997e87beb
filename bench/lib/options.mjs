/** What the peers ask for: one request, the same for each of them but for the seed of the text. */
export const MODEL = 'bench-model'
export const PROMPT = 'Tell me a story about a mill on a stream.'

export const chatUrl = (base) => `${base}/v1/chat/completions`

/** Body of a request, as the hand-written peers send it. */
export function chatBody() {
  return JSON.stringify({ model: MODEL, stream: true, messages: [{ role: 'user', content: PROMPT }] })
}

/** Tells the upstream which text stream number `seed` is to have, so that no two streams can be taken for each other. */
export const seedHeader = (seed) => ({ 'x-mock-fault': `{"seed":${seed}}` })
