// Fastify, both ways: POST /api/chat hands the response of Node to the engine, POST /api/web answers with a web response.
import Fastify from 'fastify'
import { StreamError } from 'millstream'
import { ask } from './model.mjs'

const app = Fastify()

app.post('/api/chat', async (request, reply) => {
  const answer = ask(request.body?.messages)
  reply.hijack()
  await answer.pipe(reply.raw, { heartbeat: 15_000 })
})

app.post('/api/web', async (request, reply) => {
  const answer = ask(request.body?.messages)
  // Not `request.signal`, which is aborted as soon as the body was read.
  reply.raw.once('close', () => answer.abort())
  const result = await answer
  return result.toResponse({ heartbeat: 15_000 })
})

app.setErrorHandler((error, _request, reply) => {
  if (!StreamError.isInstance(error)) throw error
  reply.code(statusOf(error)).send({ error: error.message, type: error.type, code: error.code })
})

/** The model's own status; 400 for wrong arguments, and 502 where the model could not be reached. */
function statusOf({ status, type }) {
  return status ?? (type === 'invalid_request_error' ? 400 : 502)
}

const address = await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' })
console.log(`POST ${address}/api/chat`)
// Answers under way are brought to their end.
process.once('SIGTERM', () => app.close())
