// One Express app in many clothes: `node express.mjs 5 compression helmet`. The model is at LLM_URL.
//   POST /relay     the engine writes the answer (`pipe`), with `options` from the query as JSON
//   POST /response  the app writes it (StreamingResponse)
// What `pipe` reports, and what a wrapped `res.write` saw, goes to standard output, a line each.
import { Buffer } from 'node:buffer'
import compression from 'compression'
import express5 from 'express'
import express4 from 'express4'
import helmet from 'helmet'
import { AIStream, StreamingResponse } from 'millstream'
import morgan from 'morgan'

const [version, ...clothes] = process.argv.slice(2)
const express = version === '4' ? express4 : express5
const app = express()

/** As many monitoring tools do it: counts what is written, and hands it on. */
function countWrites(req, res, next) {
  const { write, end } = res
  let bytes = 0
  res.write = function (chunk, ...rest) {
    bytes += Buffer.byteLength(chunk)
    return write.call(this, chunk, ...rest)
  }
  res.end = function (chunk, ...rest) {
    if (chunk !== undefined && typeof chunk !== 'function') bytes += Buffer.byteLength(chunk)
    console.log(`written ${req.url} ${bytes}`)
    return end.call(this, chunk, ...rest)
  }
  next()
}

const wear = {
  compression: () => compression(),
  helmet: () => helmet(),
  morgan: () => morgan(':method :url :status', { stream: { write: (line) => console.log(`log ${line.trim()}`) } }),
  wrapped: () => countWrites,
}
for (const piece of clothes) app.use(wear[piece]())
app.use(express.json())

const conversation = () =>
  new AIStream({ provider: { baseUrl: process.env.LLM_URL }, model: 'm', retry: { maxRetries: 0 } })
const question = (req) => req.body.messages.at(-1).content

app.post('/relay', async (req, res) => {
  const report = await conversation()
    .stream(question(req))
    .pipe(res, JSON.parse(req.query.options ?? '{}'))
  console.log(`report ${req.url} ${JSON.stringify({ ...report, error: report.error?.type })}`)
})

app.post('/response', async (req, res) => {
  const turn = conversation().stream(question(req))
  const response = new StreamingResponse(res, { onClose: () => turn.abort() })
  res.on('close', () => !res.writableEnded && turn.abort())
  try {
    const result = await turn
    response.start()
    for await (const chunk of result) {
      if (chunk.type === 'text') response.sendToken(chunk.content)
      else if (chunk.type === 'usage') response.sendUsage(chunk.usage)
    }
    response.end()
  } catch (error) {
    if (res.headersSent || res.destroyed) response.abort({ error: error.message, code: error.code, type: error.type })
    else res.status(error.status ?? 502).json({ error: error.message, code: error.code, type: error.type })
  }
})

const server = app.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
process.once('SIGTERM', () => server.close())
