/** The AI SDK: `streamText().textStream` over its OpenAI chat model. */
import { createOpenAI } from '@ai-sdk/openai'
import { streamText } from 'ai'
import { MODEL, PROMPT, seedHeader } from '../lib/options.mjs'

export function create(base) {
  const model = createOpenAI({ apiKey: 'unused', baseURL: `${base}/v1` }).chat(MODEL)
  return async (seed, sink) => {
    let failure
    const { textStream } = streamText({
      model,
      prompt: PROMPT,
      headers: seedHeader(seed),
      maxRetries: 0,
      onError: ({ error }) => {
        failure = error
      },
    })
    for await (const text of textStream) sink.token(text)
    if (failure) throw failure
  }
}
