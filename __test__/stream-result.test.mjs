import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { AIStream, StreamError } from 'millstream'
import { readAll } from './support/async.mjs'
import {
  chunk,
  delta,
  done,
  doneMark,
  finish,
  pause,
  record,
  say,
  serve,
  token,
  until,
  usageFrame,
} from './support/scripted-server.mjs'

const open = (server, config = {}, options) =>
  new AIStream({ endpoint: `${server.url}/api/chat`, model: 'm', retry: { maxRetries: 0 }, ...config }, options)

/** Answers, then holds the connection open until the client closes it. */
const hanging =
  (...tokens) =>
  async (exchange) => {
    exchange.sse()
    for (const text of tokens) exchange.write(token(text))
    await exchange.closed
  }

test('chunks come as documented, with content on each', async (t) => {
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
  const server = await serve(t, (exchange) => {
    const piece = (fields) => exchange.write(chunk([{ index: 0, delta: fields, finish_reason: null }]))
    exchange.sse()
    piece({ role: 'assistant', content: '' })
    piece({ reasoning_content: 'hm' })
    piece({ content: 'Hel' })
    piece({ content: 'lo' })
    piece({ tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a"' } }] })
    piece({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] })
    exchange.write(finish('tool_calls')).write(chunk([], { usage }))
    exchange.response.end(doneMark)
  })
  const chunks = await readAll(open(server, { protocol: 'openai' }).stream('x'))
  for (const { content } of chunks) assert.equal(typeof content, 'string')
  const { usage: reported } = chunks.at(-2)
  assert.deepEqual(reported.raw, usage)
  const full = { promptTokens: 3, completionTokens: 2, totalTokens: 5, raw: usage }
  assert.deepEqual(chunks, [
    { type: 'reasoning', content: '', reasoning: 'hm' },
    { type: 'text', content: 'Hel', index: 0 },
    { type: 'text', content: 'lo', index: 1 },
    { type: 'tool-call-delta', content: '', id: 'c1', index: 0, tool: 'f', argsDelta: '{"a"' },
    { type: 'tool-call-delta', content: '', id: 'c1', index: 0, argsDelta: ':1}' },
    {
      type: 'tool-call',
      content: '',
      id: 'c1',
      index: 0,
      tool: 'f',
      args: { a: 1 },
      rawArguments: '{"a":1}',
      valid: true,
    },
    { type: 'usage', content: '', usage: full },
    { type: 'finish', content: '', finished: true, finishReason: 'tool-calls', usage: full },
  ])
})

test('alternatives are told apart', async (t) => {
  const server = await serve(t, (exchange) => {
    exchange
      .sse()
      .write(chunk([{ index: 0, delta: { content: 'a' } }]))
      .write(chunk([{ index: 1, delta: { content: 'b' } }]))
    exchange.write(finish()).write(chunk([{ index: 1, delta: {}, finish_reason: 'stop' }]))
    exchange.response.end(doneMark)
  })
  const result = await open(server, { protocol: 'openai', extraBody: { n: 2 } }).stream('x')
  assert.equal(server.exchanges[0].body.n, 2)
  const texts = (await readAll(result)).filter(({ type }) => type === 'text')
  assert.deepEqual(texts, [
    { type: 'text', content: 'a', index: 0 },
    { type: 'text', content: 'b', index: 1, choice: 1 },
  ])
  assert.equal(await result.text, 'a')
  assert.deepEqual(await readAll(result.textStream), ['a'])
})

test('any number of readers, at any time, see the same', async (t) => {
  const server = await serve(t, say('A', 'B', 'C'))
  const result = await open(server).stream('x')
  assert.equal(typeof result.then, 'undefined')
  const [text, chunks, strings, called] = await Promise.all([
    result.text,
    readAll(result),
    readAll(result.textStream),
    readAll(result.stream()),
  ])
  assert.equal(text, 'ABC')
  assert.deepEqual(strings, ['A', 'B', 'C'])
  assert.deepEqual(called, chunks)
  // Afterwards it is all still there.
  assert.deepEqual(await readAll(result.stream), chunks)
  assert.equal(await result.getFullResponse(), 'ABC')
  assert.equal(result.partialText, 'ABC')
  assert.equal(await result.finishReason, 'unknown')
  assert.equal(server.exchanges.length, 1)
})

test('the whole text is there only where somebody wanted it before the break', async (t) => {
  const server = await serve(t, async (exchange) => {
    exchange.sse().write(token('A'))
    await pause(40)
    exchange.write(token('B'))
    exchange.response.end(done())
  })
  const cut = await open(server).stream('x')
  for await (const { type } of cut) if (type === 'text') break
  await assert.rejects(cut.text, (error) => error.type === 'aborted_error' && error.partialText === 'A')
  const wanted = await open(server).stream('x')
  const whole = wanted.text
  for await (const { type } of wanted) if (type === 'text') break
  assert.equal(await whole, 'AB')
})

test('a result knows provider, model, usage and times', async (t) => {
  const server = await serve(t, async (exchange) => {
    exchange.sse(200, { 'x-request-id': 'req-7' })
    await pause(30)
    exchange.write(delta('{"a":')).write(delta('1}')).write(finish('length'))
    exchange.write(chunk([], { usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } }))
    exchange.response.end(doneMark)
  })
  const stream = new AIStream({ provider: { name: 'mine', baseUrl: server.url }, model: 'asked' })
  const result = await stream.stream('x')
  assert.equal(result.provider, 'mine')
  assert.equal(result.requestId, 'req-7')
  assert.equal(result.model, 'asked')
  const all = await result.collect()
  assert.equal(result.model, 'answering-model')
  assert.equal(all.model, 'answering-model')
  assert.equal(all.text, '{"a":1}')
  assert.equal(all.getText(), all.text)
  assert.deepEqual(all.getJson(), { a: 1 })
  assert.deepEqual(await result.object, { a: 1 })
  assert.equal(all.usage.totalTokens, 3)
  assert.equal((await result.usage).totalTokens, 3)
  assert.equal(all.finishReason, 'length')
  assert.equal(all.partial, false)
  assert.deepEqual(all.toolCalls, [])
  const { timeToOpen, timeToFirstToken, duration, chunks } = all.metrics
  assert.ok(timeToOpen >= 0 && timeToOpen <= timeToFirstToken && timeToFirstToken <= duration)
  assert.ok(timeToFirstToken >= 25 && duration < 2000)
  assert.equal(chunks, 2)
})

test('an unknown usage is undefined', async (t) => {
  const server = await serve(t, say('A'))
  const result = await open(server).stream('x')
  assert.equal(await result.usage, undefined)
  assert.equal((await result.collect()).usage, undefined)
  await assert.rejects(result.object, { code: 'INVALID_JSON' })
})

test('no report of usage makes a count that is no number, and one that says nothing is none', async (t) => {
  const counts = (promptTokens, completionTokens, totalTokens) => ({ promptTokens, completionTokens, totalTokens })
  const reports = [
    [null, undefined],
    [{}, undefined],
    [[], undefined],
    ['x', undefined],
    [{ cost: 0.5 }, undefined],
    [{ prompt_tokens: null, completion_tokens: null }, undefined],
    [{ prompt_tokens: '7' }, undefined],
    [{ prompt_tokens: 1e30 }, undefined],
    [{ prompt_tokens: 5 }, counts(5, 0, 5)],
    [{ completion_tokens: 3 }, counts(0, 3, 3)],
    [{ prompt_tokens: 5, completion_tokens: 2, total_tokens: null }, counts(5, 2, 7)],
    [{ prompt_tokens: 5, completion_tokens: 2, total_tokens: 'many' }, counts(5, 2, 7)],
    [{ prompt_tokens: 5, total_tokens: 20 }, counts(5, 15, 20)],
    [{ prompt_tokens: -1, completion_tokens: 2 }, counts(0, 2, 2)],
    [{ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }, counts(0, 0, 0)],
  ]
  const server = await serve(t, (exchange) => {
    const [usage] = reports[exchange.index]
    exchange.sse().write(delta('A')).write(finish('stop')).write(chunk([], { usage }))
    exchange.response.end(doneMark)
  })
  for (const [report, expected] of reports) {
    const usage = await (await open(server, { protocol: 'openai' }).stream('x')).usage
    const { raw, ...told } = usage ?? {}
    assert.deepEqual(usage && told, expected, JSON.stringify(report))
    assert.deepEqual(raw, expected && report)
  }
})

test('awaiting the handle waits for the head, and rejects what failed before it', async (t) => {
  const server = await serve(t, async ({ response }) => {
    await pause(30)
    response.writeHead(401).end()
  })
  await assert.rejects(
    Promise.resolve(open(server).stream('x')),
    (error) => StreamError.isInstance(error) && error.status === 401,
  )
  const slow = await serve(t, async (exchange) => {
    await pause(30)
    exchange.sse()
    await exchange.closed
  })
  const handle = open(slow).stream('x')
  const start = Date.now()
  const result = await handle
  assert.ok(Date.now() - start >= 25)
  assert.equal(await handle, result)
  result.abort()
})

test('readers throw a failure, after what came before it', async (t) => {
  const server = await serve(t, async (exchange) => {
    exchange.sse().write(token('A')).write(token('B'))
    await pause(20)
    exchange.reset()
  })
  const result = await open(server).stream('x')
  const seen = []
  await assert.rejects(
    async () => {
      for await (const piece of result.textStream) seen.push(piece)
    },
    (error) => error.type === 'connection_error' && error.partialText === 'AB',
  )
  assert.deepEqual(seen, ['A', 'B'])
  await assert.rejects(result.text, { partialText: 'AB' })
  await assert.rejects(result.collect(), { partialText: 'AB' })
  await assert.rejects(result.usage, { partialText: 'AB' })
  await assert.rejects(result.finishReason, { partialText: 'AB' })
  await assert.rejects(readAll(result))
  assert.equal(result.partialText, 'AB')
})

test('with errors: chunk, the failure is the last chunk', async (t) => {
  const server = await serve(t, (exchange) => {
    exchange.sse().write(token('A')).write('event: error\ndata: {"error":"broke"}\n\n')
    exchange.response.end(done())
  })
  const chunks = await readAll(open(server).stream('x', { errors: 'chunk' }))
  assert.deepEqual(
    chunks.map(({ type }) => type),
    ['text', 'error'],
  )
  assert.match(chunks[1].error, /broke/)
  assert.equal(chunks[1].cause.partialText, 'A')
  assert.equal(chunks[1].content, '')
})

test('break closes the connection, unless somebody else reads', async (t) => {
  const server = await serve(t, hanging('A', 'B'))
  const stream = open(server)
  for await (const { type } of stream.stream('x')) if (type === 'text') break
  const broken = Date.now()
  await server.exchanges[0].closed
  assert.ok(server.exchanges[0].closedAt - broken < 100)
  assert.equal(stream.getMessages().at(-1).partial, true)

  const result = await stream.stream('y')
  const other = result[Symbol.asyncIterator]()
  await other.next()
  for await (const { type } of result) if (type === 'text') break
  await pause(60)
  assert.equal(server.exchanges[1].left, undefined)
  assert.equal((await other.next()).value.content, 'B')
  await other.return()
  await server.exchanges[1].closed
  assert.ok(server.exchanges[1].left)
  assert.equal((await other.next()).done, true)
})

test('abort tells the readers why, closes the connection, and leaves what was counted', async (t) => {
  const server = await serve(t, async (exchange) => {
    exchange
      .sse()
      .write(usageFrame({ promptTokens: 4 }))
      .write(token('A'))
    await exchange.closed
  })
  const reason = new Error('enough')
  const stream = open(server, { onError: () => assert.fail('an abort is no error') })
  const result = await stream.stream('x')
  const { usage } = result
  await assert.rejects(
    async () => {
      for await (const { type } of result) if (type === 'text') result.abort(reason)
    },
    (error) => {
      assert.equal(error.type, 'aborted_error')
      assert.equal(error.cause, reason)
      assert.equal(error.partialText, 'A')
      return true
    },
  )
  await server.exchanges[0].closed
  assert.deepEqual(await usage, { ...(await usage), promptTokens: 4, partial: true })
  assert.equal(await result.finishReason, 'aborted')
  await assert.rejects(result.text, { type: 'aborted_error' })
  result.abort()
})

test('a signal aborts, also one that fired before', async (t) => {
  const server = await serve(t, hanging('A'))
  const stream = open(server)
  const reason = new Error('too slow')
  const controller = new AbortController()
  const handle = stream.stream('x', { signal: controller.signal })
  setTimeout(() => controller.abort(reason), 30)
  await assert.rejects(readAll(handle), (error) => error.type === 'aborted_error' && error.cause === reason)
  await server.exchanges[0].closed
  await assert.rejects(readAll(stream.stream('y', { signal: AbortSignal.abort(reason) })), { type: 'aborted_error' })
  await assert.rejects(async () => await stream.stream('y', { signal: AbortSignal.abort(reason) }), { cause: reason })
  assert.equal(server.exchanges.length, 1)
  assert.equal(stream.getMessages().length, 2)
})

test('stop ends the readers quietly with the text so far', async (t) => {
  const server = await serve(t, hanging('A', 'B'))
  const stream = open(server)
  const result = await stream.stream('x')
  const all = result.collect()
  let text = ''
  for await (const piece of result.textStream) {
    text += piece
    if (text === 'AB') stream.stop()
  }
  assert.equal(text, 'AB')
  assert.equal(await result.text, 'AB')
  const { partial, finishReason } = await all
  assert.deepEqual({ partial, finishReason }, { partial: true, finishReason: 'aborted' })
})

test('events of a pulled turn are heard, too', async (t) => {
  const server = await serve(t, say('A', 'B'))
  const stream = open(server)
  const events = record(stream)
  await readAll(stream.stream('x'))
  assert.deepEqual(
    events.map(([name]) => name),
    ['message', 'streaming-start', 'token', 'token', 'message', 'streaming-end'],
  )
  assert.equal(stream.getMessages().at(-1).content, 'AB')
})

test('a pulled turn waits behind a running one', async (t) => {
  const server = await serve(t, async (exchange) => {
    exchange.sse().write(token(`${exchange.index}`))
    await pause(20)
    exchange.response.end(done())
  })
  const stream = open(server)
  const sent = stream.send('a')
  const handle = stream.stream('b')
  const dropped = stream.stream('never')
  dropped.abort()
  await assert.rejects(readAll(dropped), { type: 'aborted_error' })
  const [result] = await Promise.all([handle, sent])
  assert.equal(await result.text, '1')
  await stream.send('c')
  assert.equal(server.exchanges.length, 3)
})

test('an answer nobody reads is not fetched', async (t) => {
  const piece = 'x'.repeat(16_384)
  const pieces = 2048
  const server = await serve(t, async (exchange) => {
    exchange.sse()
    for (exchange.sent = 0; exchange.sent < pieces && !exchange.left; exchange.sent++) {
      if (exchange.response.write(token(piece))) continue
      await Promise.race([new Promise((resolve) => exchange.response.once('drain', resolve)), exchange.closed])
    }
    exchange.response.end(done())
  })
  const stream = open(server)
  const result = await stream.stream('x', { retain: false })
  await pause(300)
  const held = server.exchanges[0].sent
  await pause(200)
  assert.equal(server.exchanges[0].sent, held)
  assert.ok(held < pieces / 2, `${held} pieces were taken`)
  let length = 0
  for await (const text of result.textStream) length += text.length
  assert.equal(length, pieces * piece.length)
  // Nothing of it is kept.
  assert.equal(result.partialText, '')
  assert.deepEqual(
    stream.getMessages().map(({ role }) => role),
    ['user'],
  )
})

test('bufferSize bounds what is under way to a reader who does not read', async (t) => {
  const server = await serve(t, async (exchange) => {
    exchange.sse()
    for (let n = 0; n < 100; n++) {
      exchange.write(token('x'.repeat(36)))
      await pause(1)
    }
    exchange.response.end(done())
  })
  const heard = async (options) => {
    const stream = open(server, {}, options)
    const events = record(stream, ['token'])
    const result = await stream.stream('x')
    const exchange = server.exchanges.at(-1)
    await exchange.closed
    await pause(20)
    const before = events.length
    assert.equal((await result.text).length, 3600)
    return before
  }
  // A piece costs 100.
  assert.ok((await heard({ bufferSize: 1000 })) < 60)
  assert.equal(await heard({ bufferSize: 100_000 }), 100)
})

test('without retain there is one reader, and a second is told so', async (t) => {
  const server = await serve(t, say('A', 'B'))
  const stream = open(server)
  const result = await stream.stream('x', { retain: false })
  const { usage } = result
  assert.deepEqual(
    (await readAll(result)).map(({ content }) => content),
    ['A', 'B', ''],
  )
  assert.throws(() => result[Symbol.asyncIterator](), { code: 'ALREADY_CONSUMED' })
  await assert.rejects(result.text, { code: 'ALREADY_CONSUMED' })
  await assert.rejects(result.collect(), { code: 'ALREADY_CONSUMED' })
  assert.equal(await usage, undefined)

  const whole = await stream.stream('x', { retain: false })
  assert.equal(await whole.text, 'AB')
  assert.throws(() => whole.stream()[Symbol.asyncIterator](), { code: 'ALREADY_CONSUMED' })
})

test('long answers are forgotten as they are read, and arrive whole', async (t) => {
  const server = await serve(t, (exchange) => {
    exchange.sse()
    let body = ''
    for (let n = 0; n < 20_000; n++) body += token(`${n} `)
    exchange.response.end(body + done())
  })
  let expected = 0
  for await (const chunk of open(server).stream('x', { retain: false })) {
    if (chunk.type !== 'text') continue
    assert.equal(chunk.content, `${expected} `)
    assert.equal(chunk.index, expected++)
  }
  assert.equal(expected, 20_000)
})

test('next may be called ahead', async (t) => {
  const server = await serve(t, say('A', 'B'))
  const iterator = open(server).stream('x')[Symbol.asyncIterator]()
  const steps = await Promise.all([iterator.next(), iterator.next(), iterator.next(), iterator.next()])
  assert.deepEqual(
    steps.map(({ value }) => value?.type),
    ['text', 'text', 'finish', undefined],
  )
})

test('an exception in a listener ends a pulled turn and reaches its reader', async (t) => {
  const server = await serve(t, hanging('A', 'B'))
  const stream = open(server)
  const mistake = new Error('my mistake')
  stream.on('token', () => {
    throw mistake
  })
  await assert.rejects(
    readAll(stream.stream('x')),
    (error) => error.type === 'aborted_error' && error.cause === mistake,
  )
  await server.exchanges[0].closed
})

/** Runs a script in a process of its own and gives what it printed and how it ended. */
function child(name, ...args) {
  const path = fileURLToPath(new URL(`./support/${name}`, import.meta.url))
  return new Promise((resolve) => {
    execFile(process.execPath, [path, ...args], { timeout: 15_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr })
    })
  })
}

test('a failure that nobody looks at is an unhandled rejection; one that is looked at is not', async (t) => {
  const server = await serve(t, ({ response }) => response.writeHead(401).end())
  const unobserved = await child('observe.mjs', server.url, 'nobody')
  assert.equal(unobserved.code, 1)
  assert.match(unobserved.stderr, /HTTP 401/)
  for (const how of ['awaited', 'iterated', 'listener', 'late', 'send']) {
    const { code, stdout, stderr } = await child('observe.mjs', server.url, how)
    assert.equal(code, 0, `${how}: ${stderr}`)
    assert.equal(stdout, 'HTTP 401\n', how)
  }
})

test('aborts at any point leave no unhandled rejection', async (t) => {
  const server = await serve(t, async (exchange) => {
    if (exchange.index % 3 === 0) await pause(5)
    exchange.sse()
    for (let n = 0; n < 10 && !exchange.left; n++) {
      exchange.write(token(`${n}`))
      await pause(2)
    }
    exchange.response.end(done())
  })
  const { code, stdout, stderr } = await child('abort-anywhere.mjs', server.url)
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^ended 120\n$/)
  await until(() => server.openConnections === 0, 'every connection to be closed')
})

test('text is gathered into larger pieces: by length, and by line', async (t) => {
  const pieces = ['a'.repeat(60), 'b'.repeat(40), 'c', 'd\ne', 'f', '\n', 'g'.repeat(300), 'h']
  const server = await serve(t, say(...pieces))
  const { textStream } = await open(server).stream('x')
  // What a loop by hand over the same pieces draws, and the rest.
  const byHand = []
  let buffer = ''
  for (const piece of pieces) {
    buffer += piece
    if (buffer.includes('\n') || buffer.length > 100) {
      byHand.push(buffer)
      buffer = ''
    }
  }
  byHand.push(buffer)
  assert.deepEqual(await readAll(textStream.buffered()), byHand)
  assert.deepEqual(await readAll(textStream.buffered({ maxChars: 100, onNewline: true })), byHand)
  const text = pieces.join('')
  assert.deepEqual(await readAll(textStream.buffered({ maxChars: 1000, onNewline: false })), [text])
  assert.deepEqual(await readAll(textStream.buffered({ maxChars: 0 })), pieces)
  assert.throws(() => textStream.buffered({ maxChars: -1 }), { name: 'ValidationError', field: 'maxChars' })
  assert.throws(() => textStream.buffered({ maxLength: 1 }), { code: 'UNKNOWN_OPTION' })
})

test('gathered text is given before the failure behind it, and leaving it closes the connection', async (t) => {
  const server = await serve(t, async (exchange) => {
    exchange.sse().write(token('A')).write(token('B\n')).write(token('C'))
    await pause(20)
    if (exchange.index === 0) exchange.reset()
    else await exchange.closed
  })
  const seen = []
  const failing = await open(server).stream('x')
  await assert.rejects(
    async () => {
      for await (const piece of failing.textStream.buffered()) seen.push(piece)
    },
    { type: 'connection_error' },
  )
  assert.deepEqual(seen, ['AB\n', 'C'])
  const left = await open(server).stream('x')
  for await (const _ of left.textStream.buffered()) break
  await until(() => server.exchanges[1].left, 'the connection to be closed')
})
