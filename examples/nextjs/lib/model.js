// How the model is reached: a server with OpenAI's chat format at LLM_URL, or the stand-in that `npm run model` starts.
import { StreamClient } from 'millstream'

const { LLM_URL = 'http://127.0.0.1:4000/v1', LLM_KEY, MODEL = 'gpt-4o-mini' } = process.env

export const model = new StreamClient({ providers: { model: { baseUrl: LLM_URL, apiKey: LLM_KEY, model: MODEL } } })

/** What the client gets where there is no answer: the model's own status, 400 for a wrong question, else 502. */
export function refusal({ message, type, code, status = type === 'invalid_request_error' ? 400 : 502 }) {
  return Response.json({ error: message, type, code }, { status })
}
