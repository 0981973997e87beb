/** The AI SDK: `streamText().pipeUIMessageStreamToResponse(res)`. */
import { once } from 'node:events'
import { createOpenAI } from '@ai-sdk/openai'
import { streamText } from 'ai'
import { MODEL, PROMPT, seedHeader } from '../../lib/options.mjs'

export function create(base) {
  const model = createOpenAI({ apiKey: 'unused', baseURL: `${base}/v1` }).chat(MODEL)
  return async (seed, res) => {
    const closed = once(res, 'close')
    streamText({ model, prompt: PROMPT, headers: seedHeader(seed), maxRetries: 0 }).pipeUIMessageStreamToResponse(res)
    await closed
  }
}
