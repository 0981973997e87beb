import { model, refusal } from '../../../lib/model.js'

export const runtime = 'nodejs'

// The answer's text alone, for page.jsx to read with `fetch`.
export async function POST(request) {
  const { messages } = await request.json()
  try {
    const result = await model.stream({ messages, signal: request.signal })
    return result.toResponse({ format: 'text' })
  } catch (error) {
    return refusal(error)
  }
}
