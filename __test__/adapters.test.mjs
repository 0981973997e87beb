// The adapters with the providers' real clients, which talk to the mock provider; what comes out is read back by AIStream.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import express from 'express'
import { AIStream, StreamError, StreamingResponse } from 'millstream'
import { MockProvider } from 'millstream/testing'
import { clients, parseEvents, summary } from './support/provider-clients.mjs'

let mock
before(async () => {
  mock = await MockProvider.start()
})
after(() => mock.close())
beforeEach(() => mock.reset())

const everything = {
  text: 'Water turns the wheel.',
  reasoning: 'Let me think.',
  toolCalls: [
    { name: 'search', id: 'given_1', arguments: { query: 'mühle am rauschenden bach', limit: 3 } },
    { name: 'now' },
  ],
}

/** The body of a web response that was made by calling the adapter. */
const bodyOf = async (name, options) => {
  const { Adapter, ask } = clients[name]
  return new Response(Adapter(await ask(mock.url, options))).text()
}

/** A server whose routes are functions of a request and a response of Node, for as long as a test runs. */
async function listen(t, handler) {
  const server = createServer(handler).listen(0, '127.0.0.1')
  t.after(() => server.close())
  t.after(() => server.closeAllConnections())
  await once(server, 'listening')
  return `http://127.0.0.1:${server.address().port}/api/chat`
}

/** What AIStream makes of a route: everything it tells, in the end. */
async function read(endpoint) {
  const stream = new AIStream({ endpoint, model: 'm', retry: { maxRetries: 0 } })
  return (await stream.stream('How does a mill work?')).collect()
}

function servesBody(name) {
  return (_request, response) => {
    const { Adapter, ask } = clients[name]
    const web = new Response(Adapter(ask(mock.url)), { headers: { 'content-type': 'text/event-stream' } })
    response.writeHead(web.status, Object.fromEntries(web.headers))
    Readable.fromWeb(web.body).pipe(response)
  }
}

for (const [name, { Adapter, ask, name: title }] of Object.entries(clients)) {
  describe(`${title}Adapter with its provider's client`, () => {
    it('gives text, reasoning, tool calls, usage and the reason for the end', async () => {
      mock.respondWith(everything)
      const body = await bodyOf(name)
      const events = parseEvents(body)
      assert.deepEqual(
        events.map(({ id }) => id),
        events.map((_, index) => index + 1),
      )
      assert.equal(events[0].event, 'start')
      assert.equal(events.at(-1).event, 'done')
      assert.equal(events.at(-1).data.finishReason, 'tool-calls')
      const { text, reasoning, signatures, calls, deltas, usage, errors } = summary(events)
      assert.equal(text, everything.text)
      assert.equal(reasoning, everything.reasoning)
      assert.equal(signatures.length, name === 'openai' ? 0 : 1)
      assert.deepEqual(errors, [])
      assert.deepEqual(
        calls.map(({ index, name, arguments: args, valid }) => [index, name, JSON.parse(args), valid]),
        [
          [0, 'search', everything.toolCalls[0].arguments, undefined],
          [1, 'now', {}, undefined],
        ],
      )
      assert.equal(calls[0].id, 'given_1')
      assert.notEqual(calls[1].id, 'given_1')
      for (const call of calls) {
        const pieces = deltas.filter(({ index }) => index === call.index)
        assert.equal(pieces.map(({ delta }) => delta).join(''), call.arguments)
        assert.equal(pieces[0].name, call.name)
        assert.ok(pieces.slice(1).every((piece) => piece.name === undefined))
      }
      const tokens = events.filter(({ event }) => event === 'token').map(({ data }) => data.index)
      assert.deepEqual(tokens, [0, 1, 2, 3])
      assert.deepEqual(usage, {
        promptTokens: 6,
        completionTokens: 7,
        totalTokens: 13,
        ...(name === 'anthropic' ? undefined : { reasoningTokens: 3 }),
        provider: name,
      })
    })

    it('is read back by AIStream from a web response', async (t) => {
      mock.respondWith(everything)
      const answer = await read(await listen(t, servesBody(name)))
      assert.equal(answer.text, everything.text)
      assert.equal(answer.reasoning, everything.reasoning)
      assert.equal(answer.finishReason, 'tool-calls')
      assert.deepEqual(
        answer.toolCalls.map(({ tool, args, valid }) => [tool, args, valid]),
        [
          ['search', everything.toolCalls[0].arguments, true],
          ['now', {}, true],
        ],
      )
      assert.equal(answer.usage.totalTokens, 13)
    })

    it('says the same through a StreamingResponse, by hand and by pipeFrom', async (t) => {
      mock.respondWith(everything)
      const app = express()
      app.post('/by-hand', async (_request, res) => {
        const response = new StreamingResponse(res)
        const adapter = new Adapter(response)
        for await (const chunk of await ask(mock.url)) assert.equal(adapter.processChunk(chunk), adapter)
        adapter.onComplete()
        response.end()
      })
      app.post('/api/chat', (_request, res) => new Adapter(new StreamingResponse(res)).pipeFrom(ask(mock.url)))
      const url = await listen(t, app)
      const post = async (path) => (await fetch(new URL(path, url), { method: 'POST' })).text()
      const plain = (body) =>
        // What is made up anew for each answer is not compared.
        parseEvents(body).map(({ event, data: { timestamp, messageId, signature, id, ...data } }) => [event, data])
      const expected = plain(await bodyOf(name))
      assert.deepEqual(plain(await post('/by-hand')), expected)
      assert.deepEqual(plain(await post('/api/chat')), expected)
      const answer = await read(url)
      assert.equal(answer.text, everything.text)
      assert.equal(answer.toolCalls.length, 2)
      assert.equal(answer.finishReason, 'tool-calls')
    })

    it('tells that the answer was cut at the limit', async () => {
      mock.respondWith({ text: 'one two', finishReason: 'length' })
      const { metadata, done } = summary(parseEvents(await bodyOf(name)))
      assert.equal(metadata.at(-1).warning, 'Response truncated due to length limit')
      assert.equal(done[0].finishReason, 'length')
    })

    it('reports a failure inside the stream, once, and ends', async (t) => {
      mock.respondWith({
        text: 'a b c',
        error: { afterTokens: 2, type: 'overloaded_error', message: 'Overloaded', code: name === 'gemini' ? 503 : 'x' },
      })
      const events = parseEvents(await bodyOf(name))
      const { text, errors, done } = summary(events)
      assert.equal(text, 'a b')
      assert.equal(errors.length, 1)
      assert.match(errors[0].error, /Overloaded/)
      assert.equal(errors[0].type, name === 'gemini' ? 'server_error' : 'overloaded_error')
      assert.equal(done[0].aborted, true)
      assert.deepEqual(
        events.slice(-2).map(({ event }) => event),
        ['error', 'done'],
      )
      const endpoint = await listen(t, servesBody(name))
      const client = new AIStream({ endpoint, model: 'm', retry: { maxRetries: 0 } })
      const failed = await client.send('How does a mill work?').then(assert.fail, (error) => error)
      assert.ok(StreamError.isInstance(failed))
      // With a 503 the engine knows better what its server means.
      assert.equal(failed.type, 'overloaded_error')
      assert.match(failed.message, /Overloaded/)
      assert.equal(failed.partialText, 'a b')
    })

    it('reports an answer that ends early, or whose connection breaks', async () => {
      for (const [fault, type] of [
        [{ end: { afterTokens: 2, clean: true } }, 'truncated_error'],
        [{ reset: { afterTokens: 2 } }, 'connection_error'],
      ]) {
        mock.respondWith({ text: 'a b c', toolCalls: [{ name: 'f' }], ...fault })
        const { text, errors, done, calls } = summary(parseEvents(await bodyOf(name)))
        // What is in flight when a connection is reset may be lost with it.
        assert.ok('a b'.startsWith(text), text)
        assert.equal(errors[0].type, type)
        assert.equal(done[0].aborted, true)
        assert.deepEqual(calls, [])
      }
    })

    it('does not take a call for complete whose answer broke off', async () => {
      // A call goes whole in this provider's chunks.
      if (name === 'gemini') mock.respondWith({ tokens: 0, toolCalls: [{ name: 'f' }], omit: ['finish', 'usage'] })
      else
        mock.respondWith({
          tokens: 0,
          toolCalls: [{ name: 'f', arguments: '{"a":"bcdefghi"}' }],
          end: { afterTokens: 2 },
        })
      const { calls, deltas, errors } = summary(parseEvents(await bodyOf(name)))
      assert.equal(calls.length, 1)
      assert.equal(calls[0].valid, name === 'gemini' ? undefined : false)
      assert.equal(deltas[0].name, 'f')
      assert.equal(errors.length, 1)
    })

    it('refuses an answer with a real status, before the first byte', async (t) => {
      mock.respondWith({ status: 429, retryAfter: 2 })
      const url = await listen(t, (_request, res) => new Adapter(new StreamingResponse(res)).pipeFrom(ask(mock.url)))
      const response = await fetch(url, { method: 'POST' })
      assert.equal(response.status, 429)
      const { error, type, status, code } = await response.json()
      assert.match(error, /^HTTP 429: /)
      assert.deepEqual([type, status, typeof code], ['rate_limit_error', 429, 'string'])
      // Of a web response the status is out before the provider answers.
      const { errors, done } = summary(parseEvents(await bodyOf2(name)))
      assert.deepEqual([errors[0].type, done[0].aborted], ['rate_limit_error', true])
    })

    it('closes the connection to the provider when the reader leaves', async (t) => {
      mock.respondWith({ tokens: 10_000, tokensPerSecond: 50 })
      const controller = new AbortController()
      const stream = Adapter(ask(mock.url, { signal: controller.signal }), { controller })
      const reader = stream.getReader()
      for (let count = 0; count < 4; count++) await reader.read()
      const left = performance.now()
      await reader.cancel()
      assert.equal((await mock.waitForClose(0)).outcome, 'client-left')
      assert.ok(performance.now() - left < 2000)

      // The same where Node's response closes.
      const url = await listen(t, (_request, res) => {
        const controller = new AbortController()
        const response = new StreamingResponse(res)
        new Adapter(response, { controller }).pipeFrom(ask(mock.url, { signal: controller.signal }))
      })
      const leave = new AbortController()
      const { body } = await fetch(url, { signal: leave.signal })
      await body.getReader().read()
      leave.abort()
      assert.equal((await mock.waitForClose(1)).outcome, 'client-left')
    })

    it('asks the provider for no more than is read', async () => {
      // Far more than the sockets and the client between take up.
      mock.respondWith({ tokens: 400_000 })
      const controller = new AbortController()
      const reader = Adapter(ask(mock.url, { signal: controller.signal }), { controller }).getReader()
      await reader.read()
      await reader.read()
      let sent = -1
      // Once nothing more is sent, everything between is full.
      for (let before = -2; before !== sent; await sleep(250)) {
        before = sent
        sent = mock.requests[0].tokensSent
      }
      assert.ok(sent < 100_000, `${sent} tokens`)
      assert.equal(mock.requests[0].outcome, undefined)
      await reader.cancel()
      await mock.waitForClose(0)
    })
  })
}

/** As `bodyOf`, with the promise itself. */
function bodyOf2(name) {
  const { Adapter, ask } = clients[name]
  return new Response(Adapter(ask(mock.url))).text()
}

describe('pipeFrom', () => {
  const chunk = (content, finish_reason = null) => ({ choices: [{ index: 0, delta: { content }, finish_reason }] })

  it('feeds a web response as well', async () => {
    mock.respondWith({ text: 'Water turns the wheel.' })
    for (const { Adapter, ask } of Object.values(clients)) {
      const response = StreamingResponse.web().start()
      const piped = new Adapter(response).pipeFrom(ask(mock.url))
      const { text, done } = summary(parseEvents(await response.response.text()))
      await piped
      assert.deepEqual([text, done[0].finishReason], ['Water turns the wheel.', 'stop'])
    }
  })

  it('waits for a client that does not read', async (t) => {
    let asked = 0
    let left = false
    async function* endless() {
      try {
        for (;;) {
          asked++
          yield chunk('x'.repeat(16 * 1024))
          await new Promise(setImmediate)
        }
      } finally {
        left = true
      }
    }
    let piped
    const url = await listen(t, (_request, res) => {
      piped = new clients.openai.Adapter(new StreamingResponse(res)).pipeFrom(endless())
    })
    const leave = new AbortController()
    await fetch(url, { signal: leave.signal })
    let before = -1
    for (; before !== asked; await sleep(250)) before = asked
    // What sockets and clients hold by themselves is a few megabytes.
    assert.ok(asked < 2000, `${asked} chunks of 16 KiB`)
    assert.equal(left, false)
    leave.abort()
    await piped
    await sleep(20)
    assert.equal(left, true)
  })

  it('stops the provider where the response can not be used, or was ended by the app', async (t) => {
    const stopped = []
    async function* answer(name) {
      try {
        for (;;) {
          yield chunk(name)
          await sleep(1)
        }
      } finally {
        stopped.push(name)
      }
    }
    const results = []
    const url = await listen(t, async (request, res) => {
      const { Adapter } = clients.openai
      const response = new StreamingResponse(res)
      if (request.method === 'GET') {
        const piped = new Adapter(response).pipeFrom(answer('ended'))
        await sleep(20)
        response.end()
        results.push(await piped)
      } else {
        res.write('mine')
        results.push(await new Adapter(response).pipeFrom(answer('sent')).catch(({ code }) => code))
        res.end()
      }
    })
    const body = await (await fetch(url)).text()
    assert.equal(parseEvents(body).at(-1).event, 'done')
    assert.equal(await (await fetch(url, { method: 'POST' })).text(), 'mine')
    for (let waited = 0; stopped.length < 2 && waited < 100; waited++) await sleep(20)
    assert.deepEqual(stopped, ['ended', 'sent'])
    assert.deepEqual(results, [undefined, 'RESPONSE_ALREADY_SENT'])
  })
})

describe('recorded answers, through the clients and the adapters', () => {
  const fixtures = join(dirname(dirname(fileURLToPath(import.meta.url))), '..', 'shared', 'fixtures')
  const oracle = join(fixtures, 'ORACLE.jsonl')
  const skip = existsSync(oracle) ? false : 'no ../shared/fixtures here'
  const kinds = { openai: 'chat.completions', anthropic: 'messages', gemini: 'generateContent' }

  for (const [name, api] of Object.entries(kinds)) {
    it(`lose nothing of ${clients[name].name}'s`, { skip }, async () => {
      const provider = await MockProvider.start({ replay: join(fixtures, name) })
      try {
        const entries = readFileSync(oracle, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line))
          .filter(({ file, api: spoken }) => file.startsWith(`${name}/`) && file.endsWith('.sse') && spoken === api)
        let whole = 0
        for (const { file, summary: expected } of entries) {
          const { Adapter, ask } = clients[name]
          const model = file.slice(name.length + 1).replace(/\.\w+$/, '')
          const events = parseEvents(await new Response(Adapter(ask(provider.url, { model }))).text())
          assert.equal(events.at(-1).event, 'done', file)
          const { errors, metadata } = summary(events)
          assert.equal(events.at(-1).data.aborted, errors.length > 0 ? true : undefined, file)
          if (expected.errors?.length > 0) assert.equal(errors.length, 1, file)
          // Of several messages spliced into one stream, the independent reading keeps the last.
          const spliced = metadata.filter(({ messageId }) => messageId !== undefined).length > 1
          if (errors.length > 0 || spliced) continue
          whole++
          for (const choice of expected.choices ?? [expected]) {
            const found = summary(events, choice.index ?? 0)
            assert.equal(found.text, choice.text, file)
            // The independent reading does not put together arguments that come value by value.
            const calls = choice.tool_calls.filter(({ name }) => name !== null)
            const inPieces = choice.tool_calls.length > calls.length
            assert.equal(found.reasoning, choice.reasoning, file)
            const argsOf = (value) => (inPieces ? undefined : value)
            assert.deepEqual(
              found.calls.map((call) => [call.name, argsOf(JSON.parse(call.arguments)), call.valid]),
              calls.map(({ name, args, arguments: text }) => [
                name,
                argsOf(args ?? JSON.parse(text || '{}')),
                undefined,
              ]),
              file,
            )
          }
          const { usage } = summary(events)
          const said = expected.usage ?? {}
          if (said.completion_tokens > 0) assert.equal(usage.completionTokens, said.completion_tokens, file)
          if (said.output_tokens > 0) assert.equal(usage.completionTokens, said.output_tokens, file)
          if (said.totalTokenCount > 0) assert.equal(usage.totalTokens, said.totalTokenCount, file)
        }
        assert.ok(whole > 15, `${whole} of ${entries.length} recordings`)
      } finally {
        await provider.close()
      }
    })
  }
})
