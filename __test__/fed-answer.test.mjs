import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeStream, StreamError, StreamingResponse } from 'millstream'
import { readAll, until } from './support/async.mjs'

// What the rest of the package makes answers of; not part of its surface.
const { AnswerHandle, answerFromBytes, answerFromChunks, hearNews, hearToken, isHeard, resultOf } = createRequire(
  import.meta.url,
)('../dist/internal.js')

const limit = { timeout: 20_000 }

async function* from(...items) {
  yield* items
}

const every = [
  { type: 'reasoning', content: '', reasoning: 'hm' },
  { type: 'reasoning', content: '', reasoning: '', signature: 'sig=' },
  { type: 'text', content: 'A "quoted"\n', index: 0 },
  { type: 'text', content: 'other', index: 1, choice: 1 },
  { type: 'reasoning', content: '', reasoning: 'second', choice: 1 },
  { type: 'text', content: 'ü🙂 ', index: 2 },
  { type: 'tool-call-delta', content: '', id: 'c1', index: 0, tool: 'f', argsDelta: '{"a"' },
  { type: 'tool-call-delta', content: '', id: 'c1', index: 0, argsDelta: ': 1}' },
  {
    type: 'tool-call',
    content: '',
    id: 'c1',
    index: 0,
    tool: 'f',
    args: { a: 1 },
    rawArguments: '{"a": 1}',
    valid: true,
  },
  {
    type: 'tool-call',
    content: '',
    id: 'c2',
    index: 1,
    tool: 'g',
    args: undefined,
    rawArguments: '{"cut',
    valid: false,
    choice: 1,
  },
  { type: 'tool-result', content: '', id: 'c1', tool: 'f', result: { ok: [1, null, 'ü'] } },
  { type: 'tool-result', content: '', id: 'c2', tool: 'g', result: 'it broke', isError: true },
  { type: 'metadata', content: '', metadata: { a: [1, { b: null }], 'x-ü': 1.5 } },
  {
    type: 'usage',
    content: '',
    usage: {
      promptTokens: 3,
      completionTokens: 2,
      totalTokens: 5,
      cachedTokens: 1,
      reasoningTokens: 1,
      audioTokens: 0,
      raw: { prompt_tokens: 3, cost: '0.10', list: [1] },
    },
  },
]

test('chunks of every kind come out as they went in', limit, async () => {
  const usage = every.at(-1).usage
  const end = { type: 'finish', content: '', finished: true, finishReason: 'length', usage }
  const handle = new AnswerHandle(answerFromChunks(from(...every, end), { provider: 'p', model: 'm' }), 'throw')
  assert.deepEqual(await readAll(handle), [...every, end])
  const result = await handle
  assert.equal(result.provider, 'p')
  assert.equal(result.model, 'm')
  assert.equal(await result.text, 'A "quoted"\nü🙂 ')
  assert.deepEqual(await result.usage, usage)
  const all = await result.collect()
  assert.equal(all.reasoning, 'hm')
  assert.equal(all.toolCalls.length, 2)
  assert.deepEqual(all.metadata, every[12].metadata)
})

test('chunks whose source ends without a finish are a complete answer of unknown reason', limit, async () => {
  const answer = answerFromChunks(from({ type: 'text', content: 'A', index: 0 }))
  const chunks = await readAll(new AnswerHandle(answer, 'throw'))
  assert.deepEqual(chunks, [
    { type: 'text', content: 'A', index: 0 },
    { type: 'finish', content: '', finished: true, finishReason: 'unknown' },
  ])
  const none = await readAll(new AnswerHandle(answerFromChunks(from()), 'throw'))
  assert.deepEqual(
    none.map(({ type }) => type),
    ['finish'],
  )
})

test("a provider's own word for the end, its model and a usage only the end knows are kept", limit, async () => {
  const usage = { promptTokens: 1, completionTokens: 1, totalTokens: 2 }
  const end = { type: 'finish', content: '', finished: true, finishReason: 'other', rawFinishReason: 'bored', usage }
  const source = from({ type: 'start', id: 'r1', model: 'real' }, { type: 'text', content: 'A', index: 0 }, end)
  const handle = new AnswerHandle(answerFromChunks(source, { model: 'asked' }), 'throw')
  const chunks = await readAll(handle)
  assert.deepEqual(chunks.at(-1), end)
  assert.deepEqual(
    chunks.map(({ type }) => type),
    ['text', 'usage', 'finish'],
  )
  assert.equal((await handle).model, 'real')
})

test('a chunk is told as soon as the source gives it', limit, async () => {
  let release
  const held = new Promise((resolve) => {
    release = resolve
  })
  async function* source() {
    yield { type: 'metadata', content: '', metadata: { step: 1 } }
    await held
    yield { type: 'text', content: 'A', index: 0 }
  }
  const reader = new AnswerHandle(answerFromChunks(source()), 'throw')[Symbol.asyncIterator]()
  assert.deepEqual((await reader.next()).value.metadata, { step: 1 })
  release()
  assert.equal((await reader.next()).value.content, 'A')
  await reader.return()
})

test('what the source throws is the failure of the answer', limit, async () => {
  const failure = new StreamError('HTTP 429: slow down', {
    type: 'rate_limit_error',
    code: 'slow',
    status: 429,
    retryAfter: 7000,
  })
  async function* source() {
    yield { type: 'text', content: 'A', index: 0 }
    throw failure
  }
  const handle = new AnswerHandle(answerFromChunks(source(), { provider: 'p' }), 'throw')
  await assert.rejects(readAll(handle), (error) => error === failure)

  async function* broken() {
    yield 'data: {"choices":[{"index":0,"delta":{"content":"par"}}]}\n\n'
    throw Object.assign(new TypeError('terminated'), {
      cause: Object.assign(new Error('x'), { code: 'UND_ERR_SOCKET' }),
    })
  }
  const cut = decodeStream(broken(), { protocol: 'openai', provider: 'p' })
  await assert.rejects(cut.text, {
    name: 'StreamError',
    type: 'connection_error',
    code: 'UND_ERR_SOCKET',
    message: 'terminated',
    provider: 'p',
    partialText: 'par',
  })

  const told = { type: 'error', content: '', error: 'no more', cause: failure }
  await assert.rejects(readAll(new AnswerHandle(answerFromChunks(from(told)), 'throw')), (error) => error === failure)
})

test('a failure before anything came is thrown by awaiting the answer, and never lost', limit, async () => {
  // biome-ignore lint/correctness/useYield: it fails before it has anything to give.
  async function* source() {
    throw new Error('sk-abcdefghijklmnop is wrong')
  }
  const handle = new AnswerHandle(answerFromChunks(source()), 'throw')
  await assert.rejects(async () => handle, {
    type: 'unknown_error',
    code: 'Error',
    message: '[redacted] is wrong',
  })
})

test('leaving the loop lets go of the source', limit, async () => {
  let left = false
  async function* endless() {
    try {
      for (let index = 0; ; index++) yield { type: 'text', content: `${index} `, index }
    } finally {
      left = true
    }
  }
  for await (const chunk of new AnswerHandle(answerFromChunks(endless()), 'throw')) {
    if (chunk.index === 3) break
  }
  await until(() => left, 'the source is let go of')
})

test('an aborted answer lets go of a source that is waiting', limit, async () => {
  let cancelled
  const stream = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{"message":{"content":"A"}}\n')),
    cancel: (reason) => {
      cancelled = { reason }
    },
  })
  const result = decodeStream(stream, { protocol: 'ollama' })
  const reader = result[Symbol.asyncIterator]()
  assert.equal((await reader.next()).value.content, 'A')
  const waiting = reader.next()
  result.abort('enough')
  await assert.rejects(waiting, { type: 'aborted_error', cause: 'enough' })
  await until(() => cancelled !== undefined, 'the stream is cancelled')
  assert.equal(stream.locked, false)
})

test('a source that goes on after the end of the answer is let go of', limit, async () => {
  let left = false
  async function* source() {
    try {
      yield 'data: {"choices":[{"index":0,"delta":{"content":"A"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
      for (;;) {
        await sleep(5)
        yield ': still here\n\n'
      }
    } finally {
      left = true
    }
  }
  assert.equal(await decodeStream(source(), { protocol: 'openai' }).text, 'A')
  await until(() => left, 'the source is let go of')
})

test('a source is read no faster than its answer', limit, async () => {
  const piece = 'x'.repeat(1024)
  let given = 0
  async function* source() {
    for (let index = 0; index < 2000; index++) {
      given++
      yield { type: 'text', content: piece, index }
    }
  }
  const reader = new AnswerHandle(answerFromChunks(source(), { retain: false }), 'throw')[Symbol.asyncIterator]()
  await reader.next()
  await sleep(100)
  const ahead = given
  assert.ok(ahead < 300, `read ${ahead} KiB ahead`)
  await sleep(100)
  assert.equal(given, ahead)
  let rest = 1
  for (let step = await reader.next(); !step.done; step = await reader.next()) rest++
  assert.equal(given, 2000)
  assert.equal(rest, 2001)
})

test('a source that never waits leaves room for everybody else', limit, async () => {
  let over = false
  const source = {
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ done: over, value: { type: 'text', content: 'x', index: 0 } }),
      return: async () => {
        over = true
        return { done: true, value: undefined }
      },
    }),
  }
  const answer = answerFromChunks(source)
  await sleep(20)
  answer.abort()
  await until(() => over, 'the source is let go of')
})

test('fed answers are piped as those of an endpoint are', limit, async (t) => {
  const words = ['Hel', 'lo ', 'wörld']
  const chunks = words.map((content, index) => ({ type: 'text', content, index }))
  const reports = []
  const server = createServer(async (request, response) => {
    const answer = answerFromChunks(from(...chunks), { model: 'm' })
    const sink = request.url === '/write' ? 'write' : 'socket'
    const format = request.headers.accept
    reports.push(await new AnswerHandle(answer, 'throw').pipe(response, { sink, format }))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close().closeAllConnections())
  const { port } = server.address()
  for (const path of ['/write', '/socket']) {
    const format = (accept) => fetch(`http://127.0.0.1:${port}${path}`, { headers: { accept } })
    assert.equal(await (await format('text')).text(), words.join(''))
    const again = decodeStream((await format('ui-message')).body, {
      protocol: 'auto',
      contentType: 'text/event-stream',
    })
    assert.equal(await again.text, words.join(''))
    const events = decodeStream((await format('events')).body, { protocol: 'events' })
    assert.deepEqual(
      (await readAll(events)).filter(({ type }) => type === 'text'),
      chunks,
    )
  }
  await until(() => reports.length === 6, 'all reports')
  for (const { completed, tokens } of reports) assert.deepEqual({ completed, tokens }, { completed: true, tokens: 3 })
})

test('results of tools are sent on, from a pipe and from an app, as readers know them', limit, async (t) => {
  const results = every.filter(({ type }) => type === 'tool-result')
  const server = createServer(async (request, response) => {
    if (request.url === '/app') {
      const stream = new StreamingResponse(response).start()
      await stream.pipeFrom(from(...results))
      stream.end()
      return
    }
    const answer = answerFromChunks(from(...every.filter(({ choice }) => choice === undefined)))
    await new AnswerHandle(answer, 'throw').pipe(response, { format: request.url.slice(1) })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close().closeAllConnections())
  for (const path of ['app', 'events', 'ndjson', 'chunk', 'content']) {
    const { body, headers } = await fetch(`http://127.0.0.1:${server.address().port}/${path}`)
    const answer = decodeStream(body, { protocol: 'auto', contentType: headers.get('content-type') })
    const read = (await readAll(answer)).filter(({ type }) => type === 'tool-result')
    assert.deepEqual(read, results, path)
  }
})

test('a failed fed answer is a status before its first content', limit, async (t) => {
  const server = createServer((_, response) => {
    async function* source() {
      yield { type: 'metadata', content: '', metadata: { step: 1 } }
      throw new StreamError('HTTP 503: no', { type: 'overloaded_error', code: 'busy', status: 503, retryAfter: 2000 })
    }
    void new AnswerHandle(answerFromChunks(source()), 'throw').pipe(response)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close().closeAllConnections())
  const response = await fetch(`http://127.0.0.1:${server.address().port}`)
  assert.equal(response.status, 503)
  assert.equal(response.headers.get('retry-after'), '2')
  assert.deepEqual(await response.json(), { error: 'HTTP 503: no', type: 'overloaded_error', code: 'busy' })
})

test('a client that leaves lets go of the source', limit, async (t) => {
  let left = false
  const server = createServer((_, response) => {
    async function* source() {
      try {
        for (let index = 0; ; index++) {
          yield { type: 'text', content: 'word ', index }
          await sleep(5)
        }
      } finally {
        left = true
      }
    }
    void new AnswerHandle(answerFromChunks(source()), 'throw').pipe(response)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close().closeAllConnections())
  const leaving = new AbortController()
  const response = await fetch(`http://127.0.0.1:${server.address().port}`, { signal: leaving.signal })
  const reader = response.body.getReader()
  await reader.read()
  leaving.abort()
  await until(() => left, 'the source is let go of')
})

test('several readers, a response and the whole text see one fed answer', limit, async () => {
  const chunks = Array.from({ length: 50 }, (_, index) => ({ type: 'text', content: `${index} `, index }))
  const result = resultOf(answerFromChunks(from(...chunks)), 'throw')
  const text = chunks.map(({ content }) => content).join('')
  const response = result.toResponse({ format: 'text' })
  const all = await Promise.all([readAll(result.textStream), readAll(result), result.text, response.text()])
  assert.equal(all[0].join(''), text)
  assert.equal(all[1].length, 51)
  assert.equal(all[2], text)
  assert.equal(all[3], text)
})

test('an answer that is pushed to its owner is fed too', limit, async () => {
  const tokens = []
  const answer = answerFromBytes(from('event: token\ndata: {"token":"A"}\n\n', 'event: done\ndata: {}\n\n'), {
    protocol: 'events',
    push: true,
    owner: { [hearToken]: (text) => tokens.push(text), [hearNews]() {}, [isHeard]: () => false },
  })
  await new Promise((resolve) => answer.whenEnded(resolve))
  assert.deepEqual(tokens, ['A'])
  assert.equal(answer.textSoFar, 'A')
})

test('characters that are cut between two strings are put together', limit, async () => {
  const line = JSON.stringify({ message: { content: 'a🙂b' }, done: true, done_reason: 'stop' })
  const at = line.indexOf('🙂') + 1
  const result = decodeStream(from(line.slice(0, at), line.slice(at), '\n'), { protocol: 'ollama' })
  assert.equal(await result.text, 'a🙂b')
})

test('a source that gives something else fails the answer', limit, async () => {
  const result = decodeStream(from({ not: 'bytes' }), { protocol: 'openai' })
  await assert.rejects(result.text, { message: 'Expected the source to give bytes or strings' })
})

test('what is no source, and unknown options, are refused', () => {
  assert.throws(() => decodeStream('data', { protocol: 'openai' }), {
    message: 'Expected `source` to be a ReadableStream or an async iterable, got "data"',
  })
  assert.throws(() => decodeStream(from(), {}), { field: 'protocol' })
  assert.throws(() => decodeStream(from(), { protocol: 'opnai' }), { field: 'protocol' })
  assert.throws(() => decodeStream(from(), { protocol: 'openai', contenttype: 'x' }), { code: 'UNKNOWN_OPTION' })
  assert.throws(() => decodeStream(from(), { protocol: 'openai', maxEventBytes: 0 }), { field: 'maxEventBytes' })
})
