// `pipe` through real sockets: every format by both sinks, what a client is told of failures, and what the report says.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AIStream, StreamError } from 'millstream'
import {
  ask,
  direct,
  formats,
  parseResponses,
  pause,
  provide,
  RawClient,
  serve,
  timeless,
  until,
} from './support/relay.mjs'

const text = 'Der Mühlbach "treibt"\n das Rad,\u2028 水 flows 🌊 and\tmore.'
const sinks = direct ? ['socket', 'write'] : ['write']

/** One request on a connection of its own. */
async function fetchRaw(t, port, path = '/') {
  const client = await RawClient.connect(t, port)
  client.get(path, 'Connection: close\r\n')
  await client.ended()
  return parseResponses(client.received)[0]
}

describe('an answer piped to a response', () => {
  for (const format of formats) {
    it(`is the same byte for byte whoever writes it, in format ${format}`, async (t) => {
      const mock = await provide(t, {
        text,
        reasoning: 'Let me think.',
        toolCalls: [{ name: 'look', arguments: { at: 'the "wheel"' } }],
        metadata: { place: 'Mühle' },
        tokensPerSecond: 200,
      })
      const route = async (res, req) => (await ask(mock)).pipe(res, { format, sink: req.url.slice(1) })
      const { port, outcome } = await serve(t, route)
      const responses = []
      for (const [index, sink] of sinks.entries()) {
        responses.push(await fetchRaw(t, port, `/${sink}`))
        const report = await outcome(index)
        assert.equal(report.sink, sink)
        assert.equal(report.completed, true)
        assert.equal(report.error, undefined)
        assert.equal(report.bytes, responses[index].bytes.length)
        assert.ok(report.tokens >= 5, `${report.tokens} tokens`)
        assert.ok(report.usage.totalTokens > 0)
      }
      for (const { status, whole, body, headers } of responses) {
        assert.equal(status, 200)
        assert.equal(whole, true)
        assert.ok(body.length > text.length / 2)
        const type =
          { text: 'text/plain; charset=utf-8', ndjson: 'application/x-ndjson' }[format] ?? 'text/event-stream'
        assert.equal(headers['content-type'], type)
        assert.equal(headers['cache-control'], 'no-cache, no-transform')
        assert.equal(headers['x-accel-buffering'], 'no')
        assert.equal(headers['x-vercel-ai-ui-message-stream'], format === 'ui-message' ? 'v1' : undefined)
      }
      assert.equal(timeless(responses.at(-1).body), timeless(responses[0].body))
      if (format === 'text') assert.equal(responses[0].body, text)
    })
  }

  it('goes out token by token', { skip: !direct }, async (t) => {
    const mock = await provide(t, { tokens: 30, tokensPerSecond: 100 })
    const { port, outcome } = await serve(t, async (res) => (await ask(mock)).pipe(res, { format: 'content' }))
    const response = await fetchRaw(t, port)
    assert.ok(response.chunks >= 15, `${response.chunks} chunks`)
    assert.equal((await outcome()).sink, 'socket')
  })

  it('is read by AIStream from the default format, with nothing lost', async (t) => {
    const mock = await provide(t, {
      text,
      reasoning: 'Let me think.',
      toolCalls: [{ name: 'look', arguments: { at: 'the wheel' } }],
    })
    const { url } = await serve(t, async (res) => (await ask(mock)).pipe(res))
    const result = await new AIStream({ endpoint: `${url}/chat`, model: 'any' }).stream('Hi')
    const answer = await result.collect()
    assert.equal(answer.text, text)
    assert.equal(answer.reasoning, 'Let me think.')
    assert.deepEqual(answer.toolCalls[0].args, { at: 'the wheel' })
    assert.ok(answer.usage.totalTokens > 0)
    assert.equal(answer.finishReason, 'tool-calls')
    assert.equal(answer.model, 'mock')
  })

  it('keeps text, usage and chunks for the app, before, while and after it goes out', async (t) => {
    const mock = await provide(t, { tokens: 40, tokensPerSecond: 200 })
    const seen = {}
    const { port, outcome } = await serve(t, async (res) => {
      const result = await ask(mock)
      const before = result.text
      const report = result.pipe(res, { format: 'text' })
      await pause(50)
      seen.partial = result.partialText
      seen.during = result.text
      seen.chunks = []
      for await (const chunk of result) if (chunk.type === 'text') seen.chunks.push(chunk.content)
      seen.before = await before
      await report
      seen.after = await result.text
      seen.usage = await result.usage
      return report
    })
    const { body } = await fetchRaw(t, port)
    const report = await outcome()
    assert.ok(seen.partial.length > 0 && body.startsWith(seen.partial))
    for (const whole of [seen.before, await seen.during, seen.after, seen.chunks.join('')]) assert.equal(whole, body)
    assert.equal(seen.chunks.length, 40)
    assert.deepEqual(report.usage, seen.usage)
  })

  it('goes to two clients at once, one of them slow to begin', async (t) => {
    const mock = await provide(t, { tokens: 60, tokensPerSecond: 300 })
    let shared
    const { port, outcome } = await serve(t, async (res, req) => {
      shared ??= ask(mock)
      const result = await shared
      if (req.url === '/late') await pause(100)
      return result.pipe(res, { format: req.url === '/late' ? 'openai' : 'text' })
    })
    const [early, late] = await Promise.all([fetchRaw(t, port, '/early'), fetchRaw(t, port, '/late')])
    const deltas = late.body.match(/"content":"(?:[^"\\]|\\.)*"/g).map((match) => JSON.parse(`{${match}}`).content)
    assert.equal(deltas.join(''), early.body)
    assert.equal((await outcome(0)).completed && (await outcome(1)).completed, true)
    assert.equal(mock.requests.length, 1)
  })

  it('is the same whether it was over before or not', async (t) => {
    const mock = await provide(t, {
      text,
      reasoning: 'Let me think.',
      toolCalls: [{ name: 'look', arguments: { at: 'the "wheel"' } }],
      metadata: { place: 'Mühle' },
      tokensPerSecond: 300,
    })
    const live = await ask(mock)
    // Its pieces are kept as they came where somebody reads them so.
    const read = (async () => {
      for await (const _ of live);
    })()
    const bodies = formats.map((format) => live.toResponse({ format }).text())
    await read
    for (const [index, format] of formats.entries()) {
      const over = await live.toResponse({ format }).text()
      assert.equal(timeless(over), timeless(await bodies[index]), format)
    }
  })

  it('can be sent after it is over, as often as one likes', async (t) => {
    const mock = await provide(t, { text })
    const result = await ask(mock)
    assert.equal(await result.text, text)
    const { port, outcome } = await serve(t, (res, req) => result.pipe(res, { format: req.url.slice(1) }))
    for (const [index, format] of formats.entries()) {
      const response = await fetchRaw(t, port, `/${format}`)
      assert.equal(response.status, 200)
      assert.equal(response.whole, true)
      const report = await outcome(index)
      assert.equal(report.completed, true)
      assert.equal(report.bytes, response.bytes.length)
      if (format === 'text') assert.equal(response.body, text)
    }
  })

  it('has one consumer where it is not retained', async (t) => {
    const mock = await provide(t, { tokens: 30 })
    const { port, outcome } = await serve(t, async (res) => {
      const result = await ask(mock, { retain: false })
      const report = await result.pipe(res, { format: 'text' })
      await assert.rejects(result.pipe(res, {}), { code: 'RESPONSE_ALREADY_SENT' })
      await assert.rejects(async () => result.text, { code: 'ALREADY_CONSUMED' })
      assert.throws(() => result.toResponse(), { code: 'ALREADY_CONSUMED' })
      assert.equal(result.partialText, '')
      return { ...report, known: await result.usage }
    })
    const { body } = await fetchRaw(t, port)
    const report = await outcome()
    assert.equal(report.completed, true)
    assert.equal(report.tokens, 30)
    assert.ok(body.length > 30)
    assert.ok(report.usage.totalTokens > 0)
    assert.deepEqual(report.known, report.usage)
  })

  it('pipes a handle as well as its result', async (t) => {
    const mock = await provide(t, { text, delayHead: 30 })
    const { port, outcome } = await serve(t, (res) => ask(mock).pipe(res, { format: 'text' }))
    assert.equal((await fetchRaw(t, port)).body, text)
    assert.equal((await outcome()).completed, true)
  })

  it('is a turn of its conversation, which goes on afterwards', async (t) => {
    const mock = await provide(t, {
      script: [{ text: 'It turns.' }, { tokens: 1000, tokensPerSecond: 100 }, { text: 'Yes.' }],
    })
    const stream = new AIStream({ provider: { baseUrl: `${mock.url}/v1` }, model: 'mock' })
    const { port, outcome } = await serve(t, async (res, req) => {
      const piped = stream.stream(req.url).pipe(res)
      if (req.url === '/stopped') setTimeout(() => stream.stop(), 100)
      return piped
    })
    assert.match((await fetchRaw(t, port, '/first')).body, /It.*turns/s)
    const stopped = await fetchRaw(t, port, '/stopped')
    assert.equal(stopped.whole, true)
    assert.match(stopped.body, /event: token.*event: error.*"aborted":true/s)
    assert.match((await fetchRaw(t, port, '/last')).body, /Yes\./)
    const reports = [await outcome(0), await outcome(1), await outcome(2)]
    assert.deepEqual(
      reports.map(({ completed }) => completed),
      [true, false, true],
    )
    assert.equal(reports[1].error.type, 'aborted_error')
    const said = stream.getMessages().map(({ role, content, partial }) => [role, partial ? 'cut' : content])
    assert.deepEqual(said, [
      ['user', '/first'],
      ['assistant', 'It turns.'],
      ['user', '/stopped'],
      ['assistant', 'cut'],
      ['user', '/last'],
      ['assistant', 'Yes.'],
    ])
  })

  it('takes headers over the usual ones, whatever their case', async (t) => {
    const mock = await provide(t, { text })
    const headers = { 'content-type': 'text/event-stream; charset=utf-8', 'X-Mill': 'yes' }
    const { port } = await serve(t, async (res) => {
      res.setHeader('Content-Length', '3')
      res.setHeader('X-Own', 'kept')
      return (await ask(mock)).pipe(res, { headers })
    })
    const response = await fetchRaw(t, port)
    assert.equal(response.headers['content-type'], 'text/event-stream; charset=utf-8')
    assert.equal(response.headers['x-mill'], 'yes')
    assert.equal(response.headers['x-own'], 'kept')
    assert.equal(response.headers['content-length'], undefined)
    assert.match(response.body, /event: done/)
  })
})

describe('an answer that fails', () => {
  for (const [what, fault, status] of [
    ['a refused key', { status: 401 }, 401],
    ['an unknown model', { status: 404 }, 404],
    ['a limit', { status: 429, retryAfter: 3 }, 429],
    ['an outage', { status: 503 }, 503],
    ['a reset before the head', { reset: { beforeHead: true } }, 502],
    ['HTML in place of a stream', { as: 'html' }, 502],
    ['an empty body', { as: 'empty' }, 502],
  ]) {
    it(`before its first byte is a real error status: ${what}`, async (t) => {
      const mock = await provide(t, fault)
      const headers = { 'Access-Control-Allow-Origin': '*', 'Content-Type': 'text/event-stream' }
      const { port, outcome } = await serve(t, (res) => ask(mock).pipe(res, { headers }))
      const response = await fetchRaw(t, port)
      assert.equal(response.status, status)
      assert.equal(response.headers['content-type'], 'application/json')
      assert.equal(response.headers['access-control-allow-origin'], '*')
      assert.equal(response.headers['retry-after'], fault.retryAfter === undefined ? undefined : '3')
      const report = await outcome()
      assert.equal(report.completed, false)
      assert.ok(StreamError.isInstance(report.error))
      const { error, type, code } = JSON.parse(response.body)
      assert.deepEqual(
        { error, type, code },
        {
          error: report.error.message,
          type: report.error.type,
          code: report.error.code,
        },
      )
    })
  }

  it('by its first clock is a 504', async (t) => {
    const mock = await provide(t, { stall: { afterTokens: 0 }, omit: ['start'] })
    const { port } = await serve(t, async (res) => (await ask(mock, { timeout: { firstContent: 100 } })).pipe(res))
    assert.equal((await fetchRaw(t, port)).status, 504)
  })

  it('before its result was piped is a real error status still', async (t) => {
    const mock = await provide(t, { omit: ['start'], error: { afterTokens: 0, message: 'no luck', status: 500 } })
    const { port, outcome } = await serve(t, async (res) => {
      const result = await ask(mock)
      await assert.rejects(result.text)
      return result.pipe(res)
    })
    const response = await fetchRaw(t, port)
    assert.ok(response.status >= 500, `status ${response.status}`)
    assert.match(JSON.parse(response.body).error, /no luck/)
    assert.match((await outcome()).error.message, /no luck/)
  })

  for (const sink of sinks) {
    for (const format of formats.filter((name) => name !== 'text')) {
      it(`after its first byte says so in the body and ends it: ${format}, sink ${sink}`, async (t) => {
        const mock = await provide(t, {
          text: 'one two three four',
          firstTokenDelay: 40,
          error: { afterTokens: 2, message: 'mill on fire' },
        })
        const { port, outcome } = await serve(t, async (res) => (await ask(mock)).pipe(res, { format, sink }))
        const response = await fetchRaw(t, port)
        assert.equal(response.status, 200)
        assert.equal(response.whole, true)
        assert.match(response.body, /one/)
        assert.match(response.body, /mill on fire/)
        assert.doesNotMatch(
          response.body,
          /"finish_reason":"stop"|"type":"complete"|"finished":true,"finishReason":"stop"/,
        )
        const report = await outcome()
        assert.equal(report.completed, false)
        assert.equal(report.sink, sink)
        assert.match(report.error.message, /mill on fire/)
      })
    }

    it(`breaks the connection where it is plain text, sink ${sink}`, async (t) => {
      const mock = await provide(t, { text: 'one two three four', tokensPerSecond: 100, reset: { afterTokens: 3 } })
      const { port, outcome } = await serve(t, async (res) => (await ask(mock)).pipe(res, { format: 'text', sink }))
      const client = await RawClient.connect(t, port)
      client.get('/')
      await client.ended()
      const [response] = parseResponses(client.received)
      assert.match(response.body, /^one two/)
      assert.equal(response.whole, false)
      const report = await outcome()
      assert.equal(report.completed, false)
      assert.equal(report.error.type, 'connection_error')
      await assert.rejects((await fetch(`http://127.0.0.1:${port}/`)).text())
    })
  }

  it('breaks plain text of HTTP/1.0 so that it is not taken for the end', async (t) => {
    const mock = await provide(t, { text: 'one two three four', tokensPerSecond: 50, reset: { afterTokens: 3 } })
    const { port } = await serve(t, async (res) => (await ask(mock)).pipe(res, { format: 'text' }))
    const client = await RawClient.connect(t, port)
    client.get('/', '', '1.0')
    await client.ended()
    assert.equal(client.over, 'ECONNRESET')
  })

  it('is told to nobody else: a promise taken before and a handle are silent', async (t) => {
    const mock = await provide(t, { text: 'one two three', firstTokenDelay: 40, reset: { afterTokens: 2 } })
    const loud = []
    const onRejection = (error) => loud.push(error)
    process.on('unhandledRejection', onRejection)
    t.after(() => process.off('unhandledRejection', onRejection))
    const { port, outcome } = await serve(t, async (res) => {
      const result = await ask(mock)
      void result.text
      void result.usage
      return result.pipe(res)
    })
    await fetchRaw(t, port)
    assert.ok((await outcome()).error)
    await pause(50)
    assert.deepEqual(loud, [])
  })
})

describe('a signal', () => {
  for (const sink of sinks) {
    it(`ends the answer and tells the client, sink ${sink}`, async (t) => {
      const mock = await provide(t, { tokens: 10_000, tokensPerSecond: 100 })
      const controller = new AbortController()
      const { signal } = controller
      const { port, outcome } = await serve(t, async (res) => (await ask(mock)).pipe(res, { sink, signal }))
      const client = await RawClient.connect(t, port)
      client.get('/', 'Connection: close\r\n')
      await client.until((it) => it.text.includes('event: token'))
      controller.abort(new Error('enough'))
      await client.ended()
      const [response] = parseResponses(client.received)
      assert.equal(response.whole, true)
      assert.match(response.body, /event: error/)
      assert.match(response.body, /"aborted":true/)
      const report = await outcome()
      assert.equal(report.error.type, 'aborted_error')
      assert.equal(report.error.cause.message, 'enough')
      assert.equal((await mock.waitForClose()).closedByClient, true)
    })
  }

  it('that fired before the first byte is a status', async (t) => {
    const mock = await provide(t, { tokens: 5, delayHead: 5000 })
    const { port } = await serve(t, (res, req) => {
      const signal = req.url === '/now' ? AbortSignal.abort() : AbortSignal.timeout(50)
      return ask(mock).pipe(res, { signal })
    })
    for (const path of ['/now', '/soon']) {
      const response = await fetchRaw(t, port, path)
      assert.equal(response.status, 503)
      assert.equal(JSON.parse(response.body).type, 'aborted_error')
    }
  })
})

describe('heartbeats', () => {
  for (const [where, fault] of [
    ['before the head', { delayHead: 350 }],
    ['before the first token', { firstTokenDelay: 350, omit: ['start'] }],
    ['in the middle', { stall: { afterTokens: 2, resumeAfter: 350 } }],
  ]) {
    for (const sink of sinks) {
      it(`fill a silence ${where}, sink ${sink}`, async (t) => {
        const mock = await provide(t, { text: 'one two three', tokensPerSecond: 50, ...fault })
        const { port, outcome } = await serve(t, (res) => ask(mock).pipe(res, { heartbeat: 100, sink }))
        const { body, bytes } = await fetchRaw(t, port)
        const beats = body.split(': heartbeat\n\n').length - 1
        assert.ok(beats >= 1 && beats <= 4, `${beats} heartbeats`)
        assert.equal(body.match(/event: token/g).length, 3)
        const report = await outcome()
        assert.equal(report.sink, sink)
        assert.equal(report.bytes, bytes.length)
      })
    }
  }

  it('make a failure one of the body, since the head is out', async (t) => {
    const mock = await provide(t, { delayHead: 300, status: 503 })
    const { port, outcome } = await serve(t, (res) => ask(mock).pipe(res, { heartbeat: 50 }))
    const { status, body, whole } = await fetchRaw(t, port)
    assert.equal(status, 200)
    assert.equal(whole, true)
    assert.match(body, /^(: heartbeat\n\n)+event: /)
    assert.match(body, /event: error\nid: \d+\ndata: \{"error":"HTTP 503/)
    assert.equal((await outcome()).error.status, 503)
  })

  it('leave nothing behind', async (t) => {
    const mock = await provide(t, { text: 'one' })
    const left = {}
    const controller = new AbortController()
    const { port } = await serve(t, async (res) => {
      const own = Object.getOwnPropertyNames(res)
      const listeners = res.eventNames().map((name) => [name, res.listenerCount(name)])
      const { socket } = res
      const ofSocket = socket.eventNames().map((name) => [name, socket.listenerCount(name)])
      await ask(mock).pipe(res, { heartbeat: 20, signal: controller.signal })
      // Node's own, by `writeHead`.
      const usual = [...own, 'statusCode', 'statusMessage']
      left.own = Object.getOwnPropertyNames(res).filter((name) => !usual.includes(name))
      left.listeners = [res.eventNames().map((name) => [name, res.listenerCount(name)]), listeners]
      await pause(60)
      left.socket = [socket.eventNames().map((name) => [name, socket.listenerCount(name)]), ofSocket]
    })
    const client = await RawClient.connect(t, port)
    await client.get('/').lastChunk()
    await until(() => left.socket)
    assert.deepEqual(left.own, [])
    assert.deepEqual(left.listeners[0], left.listeners[1])
    assert.equal(left.socket[0].length <= left.socket[1].length, true)
  })
})

describe('what can not be piped', () => {
  it('is refused with what was expected, and the answer stays whole', async (t) => {
    const mock = await provide(t, { text })
    const result = await ask(mock)
    const bad = async (response, options, pattern) => {
      await assert.rejects(result.pipe(response, options), (error) => {
        assert.ok(StreamError.isInstance(error), String(error))
        assert.match(error.message, pattern)
        return true
      })
    }
    const mockResponse = { setHeader() {}, write() {}, end() {} }
    await bad(undefined, {}, /Expected `response` to be a response with `setHeader`.*got undefined/)
    await bad({}, {}, /Expected `response`/)
    await bad(mockResponse, { fromat: 'text' }, /Unknown option `fromat`. Did you mean `format`/)
    await bad(mockResponse, { format: 'xml' }, /Expected `format` to be one of 'events'/)
    await bad(mockResponse, { sink: 'pipe' }, /Expected `sink` to be one of 'auto', 'socket', 'write'/)
    await bad(mockResponse, { heartbeat: -1 }, /Expected `heartbeat`/)
    await bad(mockResponse, { headers: { 'X-A': 'a\r\nSet-Cookie: b' } }, /Expected `headers.X-A` to be printable/)
    await bad(mockResponse, { headers: { 'Content-length': '3' } }, /Expected `headers` to be without/)
    await bad(mockResponse, { signal: {} }, /Expected `signal` to be an AbortSignal/)
    await bad(mockResponse, { compression: 'yes' }, /Expected `compression` to be a boolean/)
    await bad(mockResponse, { sink: 'socket' }, /`sink: 'socket'` is not possible here/)
    await bad(mockResponse, { sink: 'socket', compression: true }, /`compression` is on/)
    assert.throws(() => result.toReadableStream({ headers: {} }), /Expected `headers` to be left out here/)
    assert.throws(() => result.toResponse({ sink: 'socket' }), { code: 'SINK_UNAVAILABLE' })
    assert.throws(() => result.toResponse({ compression: true }), /Expected `request`/)
    await assert.rejects(result.pipeToWebSocket({}), /Expected `socket` to be a WebSocket/)
    assert.equal(await result.text, text)
  })

  it('is a response that was sent, or ended', async (t) => {
    const mock = await provide(t, { text })
    const { port, outcome } = await serve(t, async (res, req) => {
      const result = await ask(mock)
      if (req.url === '/sent') res.flushHeaders()
      else res.end('x')
      const error = await result.pipe(res).catch((reason) => reason)
      res.end()
      return error
    })
    for (const [index, path] of ['/sent', '/ended'].entries()) {
      assert.equal((await fetchRaw(t, port, path)).status, 200)
      assert.equal((await outcome(index)).code, 'RESPONSE_ALREADY_SENT')
    }
  })

  it('is a mock that has only what it needs: that works', async (t) => {
    const mock = await provide(t, { text })
    const written = []
    const headers = {}
    const response = {
      setHeader: (name, value) => {
        headers[name] = value
      },
      write: (chunk) => written.push(chunk) > 0 && undefined,
      end: () => written.push('END'),
    }
    const report = await (await ask(mock)).pipe(response, { format: 'text' })
    assert.deepEqual([report.completed, report.sink], [true, 'write'])
    assert.equal(written.join(''), `${text}END`)
    assert.equal(headers['Content-Type'], 'text/plain; charset=utf-8')
  })

  it('a response that throws is reported, and the provider let go', async (t) => {
    const mock = await provide(t, { tokens: 10_000, tokensPerSecond: 500 })
    const response = {
      setHeader() {},
      write() {
        throw new Error('no ink')
      },
      end() {},
    }
    const report = await (await ask(mock)).pipe(response)
    assert.equal(report.completed, false)
    assert.equal(report.error.code, 'RESPONSE_FAILED')
    assert.equal(report.error.cause.message, 'no ink')
    assert.equal((await mock.waitForClose()).closedByClient, true)
  })
})
