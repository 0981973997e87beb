// An answer piped into a StreamingResponse, in order with what the app sends itself.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { AIStream, MemoryReplayLog, StreamingResponse } from 'millstream'
import { ask, direct, parseResponses, pause, provide, RawClient, serve, until } from './support/relay.mjs'

/** The events of a body, and whether every byte of it belongs to one. */
function eventsOf(body) {
  const frames = body.split('\n\n')
  assert.equal(frames.pop(), '', 'the body ends behind a frame')
  return frames
    .filter((frame) => !frame.startsWith(':'))
    .map((frame) => {
      const [, event, id, data] =
        /^event: (\S+)\nid: (\S+)\ndata: (.*)$/.exec(frame) ?? assert.fail(`no frame: ${frame}`)
      return { event, id, number: Number(id.split(':').at(-1)), data: JSON.parse(data) }
    })
}

function assertNumbered(events) {
  assert.deepEqual(
    events.map(({ number }) => number),
    events.map((_, index) => index + 1),
  )
}

const variants = {
  'written by Node': { sink: 'write' },
  compressed: { options: { compressionEnabled: true }, headers: 'Accept-Encoding: gzip\r\n' },
  'kept for replay': { replay: true },
}
if (direct) variants['written by the engine'] = { sink: 'socket' }

for (const [variant, { sink, options, headers = '', replay }] of Object.entries(variants)) {
  describe(`a StreamingResponse ${variant}`, () => {
    const begin = (res) =>
      new StreamingResponse(res, { ...options, ...(replay && { replay: new MemoryReplayLog() }) }).start()

    async function run(t, route) {
      const served = await serve(t, (res) => route(begin(res), res))
      const client = await RawClient.connect(t, served.port)
      client.get('/', `Connection: close\r\n${headers}`)
      return { ...served, client }
    }

    async function bodyOf(client) {
      await client.ended()
      const [response] = parseResponses(client.received)
      assert.equal(response.whole, true)
      assert.equal(response.headers['content-encoding'], headers === '' ? undefined : 'gzip')
      return headers === '' ? response.body : gunzipSync(response.bytes).toString()
    }

    it('gets the answer between what the app sends, numbered through', async (t) => {
      const mock = await provide(t, { tokens: 40, tokensPerSecond: 200, reasoning: 'Hm, well.' })
      const { client, outcome } = await run(t, async (response) => {
        response.sendMetadata({ step: 'before' })
        const result = await ask(mock)
        const piped = result.pipe(response, { sink })
        let during = 0
        const timer = setInterval(() => response.sendMetadata({ step: 'during', n: during++ }), 10)
        const report = await piped
        clearInterval(timer)
        response.sendMetadata({ step: 'after' })
        assert.equal(response.isStreamActive(), true)
        response.end()
        return { report, during, text: await result.text, count: response.getMessageCount() }
      })
      const events = eventsOf(await bodyOf(client))
      const { report, during, text, count } = await outcome()
      assert.equal(report.completed, true)
      assert.equal(report.tokens, 40)
      assert.equal(report.sink, sink ?? 'write')
      assertNumbered(events)
      assert.equal(events.length, count)
      const tokens = events.filter(({ event }) => event === 'token')
      assert.equal(tokens.map(({ data }) => data.token).join(''), text)
      assert.equal(
        events
          .filter(({ event }) => event === 'reasoning')
          .map(({ data }) => data.reasoning)
          .join(''),
        'Hm, well.',
      )
      const steps = events.filter(({ event, data }) => event === 'metadata' && data.step).map(({ data }) => data)
      assert.ok(during > 3, `${during} sent meanwhile`)
      assert.deepEqual(steps, [
        { step: 'before' },
        ...Array.from({ length: during }, (_, n) => ({ step: 'during', n })),
        { step: 'after' },
      ])
      const places = events.flatMap(({ event, data }, index) =>
        event === 'metadata' && data.step === 'during' ? [index] : [],
      )
      assert.ok(places[0] < events.lastIndexOf(tokens.at(-1)), 'the app is heard while tokens come')
      assert.deepEqual(events.at(-1).event, 'done')
    })

    it('gets two answers, one behind the other', async (t) => {
      const mock = await provide(t, { script: [{ text: 'one two', tokensPerSecond: 100 }, { text: ' three four' }] })
      const { client } = await run(t, async (response) => {
        for (let n = 0; n < 2; n++) await (await ask(mock)).pipe(response, { sink: sink === 'write' ? sink : 'auto' })
        response.end()
      })
      const events = eventsOf(await bodyOf(client))
      assertNumbered(events)
      const tokens = events.filter(({ event }) => event === 'token')
      assert.equal(tokens.map(({ data }) => data.token).join(''), 'one two three four')
      assert.equal(events.filter(({ event }) => event === 'done').length, 1)
    })

    it('is aborted by an answer that fails, before and after its first byte', async (t) => {
      for (const fault of [
        { text: 'one two three', tokensPerSecond: 50, reset: { afterTokens: 2 } },
        { delayHead: 30, status: 503 },
        { firstTokenDelay: 30, omit: ['start'], error: { afterTokens: 0, message: 'no luck' } },
      ]) {
        const mock = await provide(t, fault)
        const { client, outcome } = await run(t, async (response) => {
          const report = await ask(mock).pipe(response)
          assert.equal(response.isStreamActive(), false)
          response.sendToken('too late').end()
          return report
        })
        const events = eventsOf(await bodyOf(client))
        assertNumbered(events)
        assert.deepEqual(
          events.slice(-2).map(({ event }) => event),
          ['error', 'done'],
        )
        assert.equal(events.at(-1).data.aborted, true)
        const { error, completed } = await outcome()
        assert.equal(completed, false)
        assert.equal(events.at(-2).data.error, error.message)
        assert.equal(events.at(-2).data.type, error.type)
      }
    })

    it('is aborted by an answer that fails as it is piped, however the two meet', async (t) => {
      const mock = await provide(t, { omit: ['start'], error: { afterTokens: 0, message: 'no luck' } })
      const served = await serve(t, (res) => ask(mock).pipe(begin(res)))
      const calls = Array.from({ length: 400 }, (_, index) => index)
      const bodies = []
      const next = async () => {
        for (let call = calls.pop(); call !== undefined; call = calls.pop()) {
          const client = await RawClient.connect(t, served.port)
          client.get('/', `Connection: close\r\n${headers}`)
          bodies.push(await bodyOf(client))
        }
      }
      await Promise.all(Array.from({ length: 8 }, next))
      for (const body of bodies) {
        const events = eventsOf(body)
        assert.deepEqual(
          events.map(({ event }) => event),
          ['start', 'error', 'done'],
        )
        assert.equal(events[1].data.error, 'no luck')
      }
    })

    for (const how of ['end', 'abort', 'cancel']) {
      it(`that the app ends in the middle ends behind a whole frame: ${how}`, async (t) => {
        const mock = await provide(t, { tokens: 10_000, tokensPerSecond: 200 })
        const { client, outcome } = await run(t, async (response) => {
          const piped = (await ask(mock)).pipe(response, { sink })
          setTimeout(() => {
            response.sendMetadata({ last: true })
            if (how === 'abort') response.abort('enough')
            else response[how]()
          }, 120)
          return piped
        })
        const events = eventsOf(await bodyOf(client))
        assertNumbered(events)
        const tail = how === 'end' ? ['done'] : ['error', 'done']
        assert.deepEqual(
          events.slice(-tail.length).map(({ event }) => event),
          tail,
        )
        assert.equal(events.filter(({ data }) => data.last).length, 1)
        assert.ok(events.filter(({ event }) => event === 'token').length > 5)
        assert.equal((await outcome()).completed, false)
        assert.equal((await mock.waitForClose()).closedByClient, true)
      })
    }

    it('lets go of the provider when the client leaves, unless it keeps the answer', async (t) => {
      const mock = await provide(t, { tokens: replay ? 40 : 10_000, tokensPerSecond: 200 })
      const { client, outcome } = await run(t, async (response) => {
        const report = await (await ask(mock)).pipe(response, { sink })
        response.end()
        return report
      })
      await client.until(({ text }) => /\r\n\r\n[\s\S]/.test(text))
      await pause(30)
      client.socket.destroy()
      const { completed, error } = await outcome()
      assert.deepEqual([completed, error], [replay === true, undefined])
      assert.equal((await mock.waitForClose()).closedByClient, replay !== true)
    })

    it('lets go of the provider before its head, too', { skip: replay }, async (t) => {
      const mock = await provide(t, { delayHead: 20_000 })
      const { client, outcome } = await run(t, async (response) => {
        response.sendToken('so far')
        return ask(mock).pipe(response, { sink })
      })
      await mock.waitForRequest()
      client.socket.destroy()
      assert.deepEqual((({ completed, error }) => [completed, error])(await outcome()), [false, undefined])
      assert.equal((await mock.waitForClose()).closedByClient, true)
    })

    it('beats as it was told to, while the answer is silent', async (t) => {
      const mock = await provide(t, {
        text: 'one two',
        tokensPerSecond: 100,
        stall: { afterTokens: 1, resumeAfter: 350 },
      })
      const served = await serve(t, async (res) => {
        const response = new StreamingResponse(res, {
          ...options,
          ...(replay && { replay: new MemoryReplayLog() }),
          enableHeartbeat: true,
          heartbeatInterval: 100,
        }).start()
        await (await ask(mock)).pipe(response, { sink })
        response.end()
      })
      const client = await RawClient.connect(t, served.port)
      client.get('/', `Connection: close\r\n${headers}`)
      const body = await bodyOf(client)
      const beats = body.split(': heartbeat\n\n').length - 1
      assert.ok(beats >= 1 && beats <= 4, `${beats} heartbeats`)
      assertNumbered(eventsOf(body))
    })
  })
}

it('gives an answer that is over, as it is', async (t) => {
  const mock = await provide(t, { text: 'one two three' })
  const { port } = await serve(t, async (res) => {
    const result = await ask(mock)
    await result.text
    const response = new StreamingResponse(res).start()
    const report = await result.pipe(response)
    assert.equal(report.completed, true)
    response.sendMetadata({ after: true }).end()
  })
  const client = await RawClient.connect(t, port)
  await client.get('/').lastChunk()
  const events = eventsOf(parseResponses(client.received)[0].body)
  assertNumbered(events)
  assert.match(JSON.stringify(events), /three.*after/)
})

it('gives a web response the answer too', async (t) => {
  const mock = await provide(t, { text: 'one two three', tokensPerSecond: 100 })
  const response = StreamingResponse.web().start()
  const piped = (await ask(mock)).pipe(response)
  await pause(10)
  response.sendMetadata({ app: true })
  piped.then(() => response.end())
  const events = eventsOf(await response.response.text())
  assertNumbered(events)
  assert.equal(events.filter(({ event }) => event === 'token').length, 3)
  assert.equal(events.filter(({ data }) => data.app).length, 1)
})

it('is picked up by AIStream where it broke off, nothing twice', async (t) => {
  const mock = await provide(t, { tokens: 60, tokensPerSecond: 200 })
  const replay = new MemoryReplayLog()
  let connections = 0
  const { url } = await serve(t, async (res, req) => {
    for await (const _ of req);
    if (connections++ === 0) setTimeout(() => res.socket.destroy(), 120)
    const response = new StreamingResponse(res, { replay }).start()
    await response.ready()
    if (!response.isStreamActive()) return
    await (await ask(mock)).pipe(response)
    response.end()
  })
  const result = await new AIStream({ endpoint: url, model: 'any', retry: { initialDelay: 20 } }).stream('Hi')
  const text = await result.text
  assert.equal(mock.requests.length, 1)
  assert.ok(connections >= 2)
  const whole = await (await ask(mock)).text
  assert.equal(text, whole)
})

it('refuses what the StreamingResponse decides, and a second answer at the same time', async (t) => {
  const mock = await provide(t, { tokens: 30, tokensPerSecond: 100 })
  const { port, outcome } = await serve(t, async (res) => {
    const result = await ask(mock)
    const response = new StreamingResponse(res)
    await assert.rejects(result.pipe(response), { code: 'NOT_STARTED' })
    response.start()
    await assert.rejects(result.pipe(response, { headers: {} }), /Expected `headers` to be left out here/)
    await assert.rejects(result.pipe(response, { format: 'openai' }), /Expected `format` to be left out here/)
    await assert.rejects(result.pipe(response, { heartbeat: 5 }), /Expected `heartbeat` to be left out here/)
    const piped = result.pipe(response)
    await assert.rejects(result.pipe(response), { code: 'STREAM_IN_USE' })
    const report = await piped
    response.end()
    await assert.rejects(result.pipe(response), { code: 'ALREADY_ENDED' })
    return report
  })
  const client = await RawClient.connect(t, port)
  await client.get('/').lastChunk()
  assert.equal((await outcome()).completed, true)
  await until(() => client.text.includes('event: done'))
})
