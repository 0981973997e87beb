import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { decodeStream } from 'millstream'
import { MockProvider } from 'millstream/testing'

const root = fileURLToPath(new URL('..', import.meta.url))
const running = new Set()
after(() => Promise.all([...running].map((mock) => mock.close())))

async function start(options) {
  const mock = await MockProvider.start(options)
  running.add(mock)
  return mock
}

const question = { model: 'm', stream: true, messages: [{ role: 'user', content: 'How does a mill work?' }] }

function ask(mock, { path = '/v1/chat/completions', headers = {}, body = question, signal } = {}) {
  return fetch(mock.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    redirect: 'manual',
    signal,
  })
}

/** The text of an OpenAI stream. */
function said(body) {
  return body
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event) => JSON.parse(event.slice(6)).choices?.[0]?.delta?.content ?? '')
    .join('')
}

describe('an answer', () => {
  it('streams through fetch, and is remembered', async () => {
    const mock = await start({ text: 'Water turns the wheel.', tokensPerSecond: 200 })
    const response = await ask(mock, { headers: { 'x-mine': 'yes' } })
    assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    assert.equal(said(await response.text()), 'Water turns the wheel.')
    const request = await mock.waitForClose()
    assert.deepEqual(request.body, question)
    assert.equal(request.headers['x-mine'], 'yes')
    assert.equal(request.method, 'POST')
    assert.equal(request.path, '/v1/chat/completions')
    assert.equal(request.status, 200)
    assert.equal(request.tokensSent, 4)
    assert.equal(request.outcome, 'complete')
    assert.equal(request.closedByClient, false)
    assert.ok(request.elapsed >= 15)
    assert.ok(Math.abs(request.receivedAt - Date.now()) < 60_000)
  })

  it('comes in the events format', async () => {
    const mock = await start({ text: 'a b' })
    const body = await (await ask(mock, { path: '/api/chat' })).text()
    const names = [...body.matchAll(/^event: (.*)$/gm)].map(([, name]) => name)
    assert.deepEqual(names, ['start', 'token', 'token', 'usage', 'done'])
  })

  it('plays a recording', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mock-'))
    try {
      const bytes = 'data: {"a":1}\r\n\r\n: comment\r\n\r\ndata: [DONE]\r\n\r\n'
      writeFileSync(join(folder, 'one.sse'), bytes)
      const mock = await start({ replay: folder })
      assert.equal(await (await ask(mock)).text(), bytes)
      assert.equal(mock.requests[0].recording, 'one')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('arrives token by token', async () => {
    const mock = await start({ tokens: 10, tokensPerSecond: 20 })
    const sizes = await new Promise((resolve, reject) => {
      const request = http.request(`${mock.url}/v1/chat/completions`, { method: 'POST' }, (response) => {
        const sizes = []
        response.on('data', (piece) => sizes.push(piece.length))
        response.on('end', () => resolve(sizes))
      })
      request.on('error', reject)
      request.end(JSON.stringify(question))
    })
    // The role goes with the first token, the end with the last; those between are 50 ms apart.
    assert.ok(sizes.length >= 10, `${sizes.length} pieces`)
  })
})

describe('a format', () => {
  const answer = {
    text: 'Water turns the wheel: 水车 🌊.',
    reasoning: 'Let me think.',
    toolCalls: [{ name: 'search', id: 'given_1', args: { query: 'mühle' } }],
  }
  const protocols = [
    'openai',
    'openai-responses',
    'anthropic',
    'gemini',
    'gemini-interactions',
    'workers-ai',
    'bedrock-converse',
    'bedrock-invoke',
    'sagemaker',
    'ollama',
    'cohere',
    'watsonx',
    'events',
    'chunk',
    'content',
    'ui-message',
    'ndjson',
  ]

  for (const protocol of protocols) {
    it(`comes where it is asked for, cut anywhere, and is read back: ${protocol}`, async () => {
      const mock = await start({ ...answer, protocol, splitBytes: 'random', partBytes: 'random' })
      const body = { ...question, stream_options: { include_usage: true } }
      const response = await ask(mock, { path: '/anything', body })
      const read = decodeStream(response.body, {
        protocol: 'auto',
        contentType: response.headers.get('content-type'),
      })
      const { text, reasoning, toolCalls, usage } = await read.collect()
      assert.deepEqual([text, reasoning], [answer.text, answer.reasoning])
      const calls = toolCalls.map(({ id, tool, args }) => [id, tool, args])
      assert.deepEqual(calls, [['given_1', 'search', { query: 'mühle' }]])
      assert.equal(usage.completionTokens, 6 + 3)
      const request = await mock.waitForClose(0)
      assert.deepEqual([request.status, request.outcome], [200, 'complete'])
    })
  }

  it('is plain text, too', async () => {
    const mock = await start({ ...answer, protocol: 'text' })
    const response = await ask(mock, { path: '/anything' })
    assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8')
    assert.equal(await response.text(), answer.text)
  })

  it('is what the path says, for each request of its own', async () => {
    const mock = await start({ text: 'Hi' })
    const kinds = {}
    for (const path of ['/v1/chat/completions', '/model/m/converse-stream', '/api/generate', '/v1/responses']) {
      const body = { ...question, input: 'Hi', prompt: undefined }
      const response = await ask(mock, { path, body })
      kinds[path] = [response.status, response.headers.get('content-type')]
      await response.arrayBuffer()
    }
    assert.deepEqual(kinds, {
      '/v1/chat/completions': [200, 'text/event-stream; charset=utf-8'],
      '/model/m/converse-stream': [200, 'application/vnd.amazon.eventstream'],
      '/api/generate': [200, 'application/x-ndjson'],
      '/v1/responses': [200, 'text/event-stream; charset=utf-8'],
    })
    assert.deepEqual(
      mock.requests.map(({ path }) => path),
      Object.keys(kinds),
    )
  })
})

describe('a fault', () => {
  it('comes by script, by request header, or for all', async () => {
    const mock = await start({ text: 'well', script: [{ status: 503, retryAfter: 1 }, {}] })
    const refused = await ask(mock)
    assert.equal(refused.status, 503)
    assert.equal(refused.headers.get('retry-after'), '1')
    assert.equal((await refused.json()).error.type, 'server_error')
    assert.equal(said(await (await ask(mock)).text()), 'well')
    const own = await ask(mock, { headers: { 'x-mock-fault': '{"status": 429}' } })
    assert.equal(own.status, 429)
    await own.text()
    mock.respondWith({ status: 401 })
    assert.equal((await ask(mock)).status, 401)
    mock.respondWith([{ text: 'first' }, { text: 'then' }])
    assert.equal(said(await (await ask(mock)).text()), 'first')
    assert.equal(said(await (await ask(mock)).text()), 'then')
  })

  it('breaks a stream where it is told to', async () => {
    const mock = await start({ text: 'one two three' })
    for (const fault of [{ reset: { afterTokens: 2 } }, { end: { afterTokens: 2 } }]) {
      const response = await ask(mock, { headers: { 'x-mock-fault': JSON.stringify(fault) } })
      let text = ''
      const reading = (async () => {
        const decoder = new TextDecoder()
        for await (const piece of response.body) text += decoder.decode(piece, { stream: true })
      })()
      await assert.rejects(reading, TypeError)
      assert.equal(said(text), 'one two')
    }
    assert.deepEqual(
      mock.requests.map(({ outcome, tokensSent }) => [outcome, tokensSent]),
      [
        ['cut', 2],
        ['cut', 2],
      ],
    )
  })

  it('redirects', async () => {
    const mock = await start({ redirect: 'http://127.0.0.1:1/elsewhere' })
    const response = await ask(mock)
    assert.equal(response.status, 307)
    assert.equal(response.headers.get('location'), 'http://127.0.0.1:1/elsewhere')
  })
})

describe('what is known of clients', () => {
  it('tells when one leaves, and how far it had got', async () => {
    const mock = await start({ tokens: 10_000, tokensPerSecond: 50 })
    const leaving = new AbortController()
    const response = await ask(mock, { signal: leaving.signal })
    const reader = response.body.getReader()
    await reader.read()
    const open = await mock.waitForRequest()
    assert.equal(open.outcome, undefined)
    assert.equal(mock.openConnections, 1)
    const left = performance.now()
    leaving.abort()
    const request = await mock.waitForClose(0)
    assert.ok(performance.now() - left < 1000)
    assert.equal(request.outcome, 'client-left')
    assert.equal(request.closedByClient, true)
    assert.ok(request.tokensSent >= 1 && request.tokensSent < 10_000)
    await mock.waitForConnections(0)
    assert.equal(mock.peakConnections, 1)
  })

  it('waits for what has not come yet, with a limit', async () => {
    const mock = await start({ tokens: 1 })
    const second = mock.waitForRequest(1)
    await (await ask(mock)).text()
    await (await ask(mock, { body: { ...question, model: 'second' } })).text()
    assert.equal((await second).body.model, 'second')
    await assert.rejects(
      mock.waitForRequest(7, { timeout: 20 }),
      /Waited 20 ms for request 7 to come; it had 2 requests/,
    )
    const never = mock.waitForClose(9)
    await mock.close()
    await assert.rejects(never, /closed/)
    await assert.rejects(mock.waitForRequest(9), /closed/)
    assert.equal(mock.requests.length, 2)
  })

  it('reads the same whether requests end in order or not', async () => {
    const mock = await start({ text: 'x', script: [{ stall: { afterTokens: 0 } }, { text: 'x' }] })
    const leaving = new AbortController()
    await ask(mock, { signal: leaving.signal })
    for (let index = 0; index < 3; index++) await (await ask(mock)).text()
    await mock.waitForClose(3)
    const outcomes = () => mock.requests.map(({ index, outcome }) => `${index} ${outcome}`)
    assert.deepEqual(outcomes(), ['0 undefined', '1 complete', '2 complete', '3 complete'])
    leaving.abort()
    await mock.waitForClose(0)
    assert.deepEqual(outcomes(), ['0 client-left', '1 complete', '2 complete', '3 complete'])
    mock.reset()
    assert.deepEqual(mock.requests, [])
  })

  it('tells a watcher of each ended request once', async () => {
    const mock = await start({ text: 'x' })
    await (await ask(mock)).text()
    await mock.waitForClose(0)
    const seen = []
    const stop = mock.watch((request) => seen.push(request.index))
    await Promise.all([1, 2, 3].map(async () => (await ask(mock)).text()))
    await mock.waitForClose(3)
    for (let waited = 0; seen.length < 3 && waited < 100; waited++) await sleep(10)
    assert.deepEqual(seen.sort(), [1, 2, 3])
    stop()
    await (await ask(mock)).text()
    await mock.waitForClose(4)
    await sleep(120)
    assert.equal(seen.length, 3)
  })

  it('forgets the oldest requests beyond its limit', async () => {
    const mock = await start({ text: 'x', maxRequests: 2 })
    for (let index = 0; index < 2; index++) await (await ask(mock)).text()
    assert.deepEqual(
      mock.requests.map(({ index }) => index),
      [0, 1],
    )
    for (let index = 0; index < 4; index++) await (await ask(mock)).text()
    await mock.waitForClose(5)
    assert.deepEqual(
      mock.requests.map(({ index }) => index),
      [4, 5],
    )
    assert.equal((await mock.waitForRequest(5)).index, 5)
  })
})

describe('options', () => {
  it('are refused with the name of what is wrong', async () => {
    for (const [options, message, field] of [
      [{ tokens: -1 }, 'Expected `tokens` to be an integer from 0 to 1000000000, got -1', 'tokens'],
      [{ tokensPerSecond: Number.NaN }, 'Expected `tokensPerSecond` to be a finite number, got NaN', 'tokensPerSecond'],
      [{ text: () => 'x' }, 'Expected `text` to be representable as JSON, got a function', 'text'],
      [{ port: 70_000 }, 'Expected `port` to be an integer from 0 to 65535, got 70000', 'port'],
      [{ script: [{ reset: {} }] }, /^Expected `reset` to be an object with exactly one of .*script\[0\]/, 'reset'],
      [{ tokns: 1 }, /^Unknown option `tokns`; expected one of `host`/, 'tokns'],
      [null, 'Expected `options` to be an object, got null', 'options'],
      ['text', 'Expected `options` to be an object, got string', 'options'],
    ]) {
      await assert.rejects(MockProvider.start(options), (error) => {
        assert.equal(error.name, 'ValidationError')
        assert.equal(error.field, field)
        if (typeof message === 'string') assert.equal(error.message, message)
        else assert.match(error.message, message)
        return true
      })
    }
    const mock = await start({ text: 'as before' })
    assert.throws(() => mock.respondWith({ status: 'bad' }), { name: 'ValidationError', field: 'status' })
    const circular = {}
    circular.body = circular
    assert.throws(() => mock.respondWith(circular), { name: 'ValidationError' })
    assert.equal(said(await (await ask(mock)).text()), 'as before')
  })

  it('refuse a port that is taken', async () => {
    const mock = await start({})
    await assert.rejects(MockProvider.start({ port: mock.port }), /can't listen on 127\.0\.0\.1:\d+: /)
  })

  it('never show the key', async () => {
    const mock = await start({ apiKey: 'sk-canary-right' })
    const response = await ask(mock, { headers: { authorization: 'Bearer sk-canary-wrong' } })
    assert.equal(response.status, 401)
    assert.doesNotMatch(await response.text(), /canary/)
    await assert.rejects(MockProvider.start({ apiKey: ['canary'] }), (error) => !/canary/.test(error.message))
  })
})

describe('its life', () => {
  function run(source) {
    const program = `import { MockProvider } from 'millstream/testing'\n${source}`
    const begin = performance.now()
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: root,
      encoding: 'utf8',
      timeout: 20_000,
    })
    return { ...child, elapsed: performance.now() - begin }
  }

  it('keeps the process alive until it is closed or let go', () => {
    const kept = run(`
      const mock = await MockProvider.start()
      process.on('exit', () => console.log('ended'))
      setTimeout(() => { console.log('still here'); mock.close() }, 300).unref()
    `)
    assert.equal(kept.stdout, 'still here\nended\n', kept.stderr)
    const free = run(`
      const mock = (await MockProvider.start()).unref()
      await fetch(mock.url + '/health').then((response) => response.text())
      setTimeout(() => console.log('too late'), 10_000).unref()
    `)
    assert.deepEqual([free.status, free.stdout, free.stderr], [0, '', ''])
  })

  it('never keeps it from exiting, with answers under way', () => {
    const child = run(`
      const mock = await MockProvider.start({ tokens: 1e6, tokensPerSecond: 100 })
      const body = JSON.stringify({ model: 'm', stream: true, messages: [] })
      for (let i = 0; i < 20; i++) await fetch(mock.url + '/v1/chat/completions', { method: 'POST', body })
      mock.waitForClose(0).catch(() => {})
      process.exit(7)
    `)
    assert.deepEqual([child.status, child.signal, child.stderr], [7, null, ''])
  })

  it('ends with its worker', async () => {
    const source = `
      const { parentPort } = require('node:worker_threads')
      const { MockProvider } = require('millstream/testing')
      MockProvider.start({ tokens: 1e6, tokensPerSecond: 1000 }).then((mock) => {
        mock.waitForClose(5)
        parentPort.postMessage(mock.url)
      })
    `
    const file = join(root, '__test__', `.mock-worker-${process.pid}.cjs`)
    writeFileSync(file, source)
    try {
      for (let round = 0; round < 5; round++) {
        const worker = new Worker(file)
        const url = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
        const response = await ask({ url })
        await response.body.getReader().read()
        await worker.terminate()
        await assert.rejects(ask({ url }), TypeError, 'nobody listens any more')
      }
    } finally {
      rmSync(file)
    }
  })

  it('closes once, and by `await using`', async () => {
    const mock = await start({})
    await Promise.all([mock.close(), mock.close()])
    await assert.rejects(ask(mock), TypeError)
    const disposed = await start({})
    await disposed[Symbol.asyncDispose]()
    await assert.rejects(ask(disposed), TypeError)
  })
})
