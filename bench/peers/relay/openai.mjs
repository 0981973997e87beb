/** The `openai` package, each token written with `res.write`. */
import OpenAI from 'openai'
import { MODEL, PROMPT, seedHeader } from '../../lib/options.mjs'
import { beginEvents, endEvents, sendToken } from './sse.mjs'

export function create(base) {
  const client = new OpenAI({ apiKey: 'unused', baseURL: `${base}/v1`, maxRetries: 0 })
  return async (seed, res) => {
    const body = { model: MODEL, stream: true, messages: [{ role: 'user', content: PROMPT }] }
    const stream = await client.chat.completions.create(body, { headers: seedHeader(seed) })
    beginEvents(res)
    for await (const chunk of stream) {
      const text = chunk.choices[0]?.delta?.content
      if (text) sendToken(res, text)
    }
    endEvents(res)
  }
}
