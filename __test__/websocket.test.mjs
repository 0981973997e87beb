import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { AIStream, StreamError } from 'millstream'
import { WebSocketServer } from 'ws'
import { record, until } from './support/scripted-server.mjs'

/**
 * A WebSocket server that lives as long as the test. `answer(turn)` is called with each first message as
 * `{ socket, request, body, say(value) }`; later `turn.code` is the code the client closed with.
 */
async function serve(t, answer, verifyClient) {
  const turns = []
  const http = createServer((_, response) => response.writeHead(426).end())
  const sockets = new WebSocketServer({ server: http, verifyClient })
  sockets.on('connection', (socket, request) => {
    socket.once('message', (message, isBinary) => {
      const say = (value) => socket.send(typeof value === 'string' ? value : JSON.stringify(value))
      const turn = { socket, request, isBinary, body: JSON.parse(message.toString()), say, code: undefined }
      turns.push(turn)
      socket.on('close', (code) => {
        turn.code = code
        turn.closedAt = Date.now()
      })
      answer(turn)
    })
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate()
    sockets.close()
    http.close()
  })
  return { host: `127.0.0.1:${http.address().port}`, turns }
}

const open = (server, config = {}, options = { transport: 'websocket' }) =>
  new AIStream({ endpoint: `http://${server.host}/chat`, model: 'm', retry: { maxRetries: 0 }, ...config }, options)

const openai = (content) => ({ id: 'c1', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content } }] })

test('each turn is one message there and one per piece back', async (t) => {
  const server = await serve(t, ({ say }) => {
    say({ type: 'chunk', content: 'Hel' })
    say({ type: 'chunk', content: 'lo 🌍' })
    say({ type: 'complete' })
  })
  const stream = open(server, { apiKey: 'sk-abcdef123456', systemPrompt: 'Be brief', headers: { 'x-room': '7' } })
  const events = record(stream)
  await stream.send('Hi')
  assert.deepEqual(
    events.filter(([name]) => name === 'token').map(([, token]) => token),
    ['Hel', 'lo 🌍'],
  )
  assert.equal(stream.getMessages().at(-1).content, 'Hello 🌍')
  const [turn] = server.turns
  assert.equal(turn.isBinary, false)
  assert.equal(turn.request.headers.authorization, 'Bearer sk-abcdef123456')
  assert.equal(turn.request.headers['x-room'], '7')
  assert.deepEqual(turn.body, {
    messages: [{ role: 'user', content: 'Hi' }],
    model: 'm',
    systemPrompt: 'Be brief',
    stream: true,
  })
  await until(() => turn.code !== undefined)
  assert.equal(turn.code, 1000)
  await stream.send('Again')
  assert.equal(server.turns.length, 2)
  assert.deepEqual(
    server.turns[1].body.messages.map(({ content }) => content),
    ['Hi', 'Hello 🌍', 'Again'],
  )
})

test('every format of single objects is understood, and a ws: endpoint needs no option', async (t) => {
  const cases = {
    openai: [openai('a'), openai('b'), '[DONE]'],
    events: [{ token: 'a' }, { token: 'b' }, '[DONE]'],
    chunk: [{ type: 'chunk', content: 'a' }, { type: 'chunk', content: 'b' }, { type: 'complete' }],
    content: [{ content: 'a' }, { content: 'b', finished: true }],
  }
  const server = await serve(t, ({ request, say }) => {
    for (const message of cases[request.url.slice(1)]) say(message)
  })
  for (const format of Object.keys(cases)) {
    for (const protocol of ['auto', format]) {
      const stream = open(server, { endpoint: `ws://${server.host}/${format}`, protocol }, undefined)
      let text = ''
      for await (const chunk of stream.stream('x')) if (chunk.type === 'text') text += chunk.content
      assert.equal(text, 'ab', `${format} as ${protocol}`)
    }
  }
})

test('stop closes the socket at once and keeps the text', async (t) => {
  const server = await serve(t, ({ say }) => say({ type: 'chunk', content: 'A' }))
  const stream = open(server)
  const events = record(stream)
  const sent = stream.send('x')
  await until(() => events.some(([name]) => name === 'token'))
  const at = Date.now()
  stream.stop()
  await sent
  await until(() => server.turns[0].code !== undefined)
  assert.ok(server.turns[0].closedAt - at < 200, String(server.turns[0].closedAt - at))
  const { content, partial } = stream.getMessages().at(-1)
  assert.deepEqual({ content, partial }, { content: 'A', partial: true })
})

test('a refused upgrade, an error message and a close frame are typed errors', async (t) => {
  const refusing = await serve(
    t,
    () => {},
    (_, answer) => answer(false, 401, 'no such key'),
  )
  const failing = await serve(t, ({ request, say, socket }) => {
    if (request.url === '/error') say({ type: 'error', error: { type: 'rate_limit_error', message: 'Slow down' } })
    else socket.close(request.url === '/clean' ? 1000 : 1011, 'crashed')
  })
  const cases = [
    [refusing, '/', { type: 'auth_error', status: 401 }],
    [failing, '/error', { type: 'rate_limit_error', message: 'Slow down' }],
    [failing, '/crash', { type: 'connection_error', code: 'WS_CLOSE_1011' }],
    [failing, '/clean', { type: 'protocol_error', code: 'EMPTY_BODY' }],
  ]
  for (const [server, path, expected] of cases) {
    const stream = open(server, { endpoint: `ws://${server.host}${path}` })
    await assert.rejects(stream.send('x'), (error) => {
      assert.ok(error instanceof StreamError)
      for (const [name, value] of Object.entries(expected)) assert.equal(error[name], value, `${path} ${name}`)
      return true
    })
  }
})

test('an answer that breaks off before its first token is asked for again', async (t) => {
  let turns = 0
  const server = await serve(t, ({ socket, say }) => {
    if (++turns === 1) return socket.terminate()
    say({ type: 'chunk', content: 'here' })
    say({ type: 'complete' })
  })
  const stream = open(server, { retry: { maxRetries: 1, initialDelay: 1 } })
  await stream.send('x')
  assert.equal(stream.getMessages().at(-1).content, 'here')
  assert.equal(turns, 2)
})
