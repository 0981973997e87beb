/** The `openai` package: `for await (const chunk of stream)`. */
import OpenAI from 'openai'
import { MODEL, PROMPT, seedHeader } from '../lib/options.mjs'

export function create(base) {
  const client = new OpenAI({ apiKey: 'unused', baseURL: `${base}/v1`, maxRetries: 0 })
  return async (seed, sink) => {
    const body = { model: MODEL, stream: true, messages: [{ role: 'user', content: PROMPT }] }
    const stream = await client.chat.completions.create(body, { headers: seedHeader(seed) })
    for await (const chunk of stream) {
      const text = chunk.choices[0]?.delta?.content
      if (text) sink.token(text)
    }
  }
}
