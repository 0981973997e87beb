// POST /api/chat in Koa: `ctx.respond = false` leaves the response of Node to the engine.
import { bodyParser } from '@koa/bodyparser'
import Koa from 'koa'
import { ValidationError } from 'millstream'
import { ask } from './model.mjs'

const app = new Koa()
app.use(bodyParser())

app.use(async (ctx) => {
  if (ctx.method !== 'POST' || ctx.path !== '/api/chat') return
  let answer
  try {
    answer = ask(ctx.request.body?.messages)
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    ctx.status = 400
    ctx.body = { error: error.message, field: error.field }
    return
  }
  ctx.respond = false
  await answer.pipe(ctx.res, { heartbeat: 15_000 })
})

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`POST http://127.0.0.1:${server.address().port}/api/chat`)
})
// Answers under way are brought to their end.
process.once('SIGTERM', () => server.close())
