// POST /api/chat in Hono on Node: the answer is a web response, whose body fetches no faster than the client reads.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { StreamError } from 'millstream'
import { ask } from './model.mjs'

const app = new Hono()

app.post('/api/chat', async (c) => {
  const { messages } = await c.req.json()
  const result = await ask(messages, c.req.raw.signal)
  return result.toResponse({ heartbeat: 15_000 })
})

app.onError((error, c) => {
  if (!StreamError.isInstance(error)) throw error
  return c.json({ error: error.message, type: error.type, code: error.code }, statusOf(error))
})

/** The model's own status; 400 for wrong arguments, and 502 where the model could not be reached. */
function statusOf({ status, type }) {
  return status ?? (type === 'invalid_request_error' ? 400 : 502)
}

const server = serve(
  { fetch: app.fetch, port: Number(process.env.PORT ?? 3000), hostname: '127.0.0.1' },
  ({ port }) => {
    console.log(`POST http://127.0.0.1:${port}/api/chat`)
  },
)
// Answers under way are brought to their end.
process.once('SIGTERM', () => server.close())
