// POST /api/chat in Express: the engine asks the model and writes its answer to the client, frame by frame.
import express from 'express'
import { ValidationError } from 'millstream'
import { ask } from './model.mjs'

const app = express()
app.use(express.json({ limit: '1mb' }))

app.post('/api/chat', async (req, res) => {
  await ask(req.body?.messages).pipe(res, { heartbeat: 15_000 })
})

app.use((error, _req, res, next) => {
  if (!(error instanceof ValidationError)) return next(error)
  res.status(400).json({ error: error.message, field: error.field })
})

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`POST http://127.0.0.1:${server.address().port}/api/chat`)
})
// Answers under way are brought to their end.
process.once('SIGTERM', () => server.close())
