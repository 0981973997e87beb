// An Express route that streams a model's answer to its client: AIStream asks the model, StreamingResponse speaks to the
// client. The key stays on the server. Run it with `node server.mjs`, or mount `chat()` in an app of yours.
import { pathToFileURL } from 'node:url'
import express from 'express'
import { AIStream, StreamingResponse, ValidationError } from 'millstream'

/**
 * The route's handler.
 *
 * @param {object} upstream how the model is reached: `provider`, `model`, `baseUrl`, … as in AIStream's configuration
 */
export function chat(upstream) {
  return async (req, res) => {
    const messages = Array.isArray(req.body?.messages) ? req.body.messages : []
    const question = messages.at(-1)
    if (question?.role !== 'user' || typeof question.content !== 'string') {
      res.status(400).json({ error: 'Expected `messages` to end with a message of the user' })
      return
    }

    let result
    try {
      const conversation = new AIStream({ ...upstream, messages: messages.slice(0, -1) })
      const turn = conversation.stream(question.content)
      // Gone is the client only where the response closes before it was ended; the request closes earlier.
      res.on('close', () => {
        if (!res.writableEnded) turn.abort()
      })
      // Until the model has answered, a failure can still be a proper status.
      result = await turn
    } catch (error) {
      const status = error instanceof ValidationError ? 400 : (error.status ?? 502)
      if (!res.destroyed) res.status(status).json({ error: error.message, code: error.code })
      return
    }

    const response = new StreamingResponse(res, { enableHeartbeat: true }).start()
    try {
      for await (const chunk of result) {
        if (chunk.type === 'text') response.sendToken(chunk.content)
        else if (chunk.type === 'usage') response.sendUsage(chunk.usage)
      }
      response.end()
    } catch (error) {
      response.abort({ error: error.message, code: error.code, type: error.type })
    }
  }
}

/** The app of this example. */
export function createApp(upstream) {
  const app = express()
  app.use(express.json({ limit: '1mb' }))
  app.post('/api/chat', chat(upstream))
  return app
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { PORT = '3000', MODEL = 'gpt-4o-mini' } = process.env
  const app = createApp({ provider: 'openai', model: MODEL })
  app.listen(Number(PORT), '127.0.0.1', () => console.log(`POST http://127.0.0.1:${PORT}/api/chat`))
}
