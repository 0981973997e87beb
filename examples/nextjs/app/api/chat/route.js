import { model, refusal } from '../../../lib/model.js'

export const runtime = 'nodejs'

// Events that `AIStream` reads.
export async function POST(request) {
  const { messages } = await request.json()
  try {
    const result = await model.stream({ messages, signal: request.signal })
    return result.toResponse({ heartbeat: 15_000 })
  } catch (error) {
    return refusal(error)
  }
}
