// An Express route that streams a model's answer to its client: AIStream asks the model, StreamingResponse speaks to the
// client. The key stays on the server. Run it with `node server.mjs`, or mount `chat()` in an app of yours.
import { pathToFileURL } from 'node:url'
import express from 'express'
import { AIStream, StreamingResponse } from 'millstream'

/**
 * The route's handler.
 *
 * @param {object} upstream how the model is reached: `provider`, `model`, `baseUrl`, … as in AIStream's configuration
 */
export function chat(upstream) {
  return async (req, res) => {
    const question = req.body?.messages?.findLast?.(({ role }) => role === 'user')?.content
    if (typeof question !== 'string' || question === '') {
      res.status(400).json({ error: 'Expected `messages` to hold a message of the user' })
      return
    }

    const conversation = new AIStream(upstream)
    const turn = conversation.stream(question)
    // Gone is the client only where the response closes before it was ended; the request closes earlier.
    res.on('close', () => {
      if (!res.writableEnded) turn.abort()
    })

    let result
    try {
      // Until the model has answered, a failure can still be a proper status.
      result = await turn
    } catch (error) {
      if (!res.destroyed) res.status(error.status ?? 502).json({ error: error.message, code: error.code })
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
      response.abort({ error: error.message, code: error.code })
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
