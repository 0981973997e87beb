// Ten thousand short relays with faults on both sides at random. `FAULTS_SEED` repeats a run, `FAULTS_STREAMS` sets how
// many.
import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { test } from 'node:test'
import { MockProvider } from 'millstream/testing'
import { random, read, readEvents, startRelay } from './support/relaying.mjs'

const SEED = Number(process.env.FAULTS_SEED ?? 20_261_121)
const STREAMS = Number(process.env.FAULTS_STREAMS ?? 10_000)
const AT_ONCE = 100
const WORDS = ['mill', 'wheel', 'Mühlbach', 'вода', '水车', '🌊', '"grain"', 'line\nbreak', '</script>', '\u2028']

/** What one stream is to be: what the provider does, what the client does, and what the client may see. */
function draw(stream, chance) {
  const below = (count) => Math.floor(chance() * count)
  const one = (...choices) => choices[below(choices.length)]
  const length = 3 + below(20)
  const words = Array.from({ length }, () => `${one(...WORDS)}${below(1000)}`)
  const text = words.join(' ')
  const answer = { text, ...(chance() < 0.3 && { splitBytes: one(1 + below(40), 'random') }) }
  const plan = { stream, text, answer, sink: chance() < 0.25 ? 'write' : 'auto', manner: {}, reuse: chance() < 0.5 }

  // The client leaves: its answer takes far longer than the test, so that nothing but its leaving can end it.
  if (chance() < 0.25) {
    const how = one('reset', 'reset', 'close', 'half')
    // Where the bytes never come it leaves when it has waited long enough.
    plan.manner.leave = { afterBytes: below(1500), after: 20 + below(300), how }
    if (chance() < 0.5) answer.stall = { afterTokens: below(length) }
    else answer.tokensPerSecond = 0.05 * length
    answer.firstTokenDelay = one(0, 0, 5)
    plan.reuse = false
    return plan
  }

  // Else most would be over before the server had begun to send them on.
  if (chance() < 0.8) answer.tokensPerSecond = 200 + below(2000)
  if (chance() < 0.6) answer.firstTokenDelay = 1 + below(20)
  if (chance() < 0.15) plan.manner.slow = 1 + below(5)
  if (chance() < 0.1) answer.delayHead = below(30)
  plan.upstream = one('whole', 'whole', 'whole', 'whole', 'stall', 'reset', 'reset', 'end', 'error', 'status')
  const after = one({ afterTokens: below(length) }, { afterBytes: below(length * 320) })
  switch (plan.upstream) {
    case 'stall':
      answer.stall = { ...after, resumeAfter: 1 + below(60) }
      break
    case 'reset':
      answer.reset = one(after, after, { beforeHead: true })
      break
    case 'end':
      plan.sent = below(length)
      answer.end = { afterTokens: plan.sent }
      break
    case 'error':
      plan.sent = below(length)
      answer.error = { afterTokens: plan.sent, message: 'The wheel is stuck' }
      break
    case 'status':
      answer.status = one(400, 429, 500, 503)
      break
  }
  return plan
}

/** The first `count` tokens: the mock cuts where a word begins. */
const tokensOf = (text, count) =>
  text
    .match(/\s*\S+/g)
    .slice(0, count)
    .join('')

/** Whether the client got exactly what it may have got. */
function check({ stream, text, answer, upstream, sent, manner }, came) {
  const about = () => `stream ${stream} (${JSON.stringify({ ...answer, text: undefined, upstream, manner })})`
  const seen = came.status === 200 ? readEvents(came.body) : { text: '', tokens: 0 }
  if (manner.leave) {
    assert.ok(text.startsWith(seen.text), `${about()} got another text before it left`)
    return
  }
  assert.equal(came.error, undefined, about())
  assert.equal(came.ended, true, `${about()} broke off`)
  if (upstream === 'whole' || upstream === 'stall') {
    assert.equal(came.status, 200, about())
    assert.equal(seen.text, text, about())
    assert.ok(seen.error === undefined && seen.done && !seen.done.aborted, about())
    return
  }
  // A failure that came before there was anything to send is a status, one that came later an event at the end.
  if (came.status !== 200) {
    assert.ok(came.status >= 400, about())
    assert.ok(JSON.parse(came.body).error, about())
    // A reset may take what was sent before it along.
    assert.ok(upstream === 'status' || upstream === 'reset' || sent === 0, `${about()} lost its beginning`)
    return
  }
  assert.ok(seen.tokens > 0, `${about()} got a head, and nothing but a failure behind it`)
  assert.ok(seen.error && seen.done?.aborted === true, about())
  if (upstream === 'reset') assert.ok(text.startsWith(seen.text), about())
  else assert.equal(seen.text, tokensOf(text, sent), about())
}

test('ten thousand relays with faults on both sides leave nothing lost, open or crashed', {
  timeout: 300_000,
}, async (t) => {
  t.diagnostic(`seed ${SEED}, ${STREAMS} streams`)
  const mock = await MockProvider.start({ maxRequests: STREAMS + AT_ONCE, maxRecordedBody: 1, threads: 1 })
  const server = await startRelay(mock.url)
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE, maxFreeSockets: AT_ONCE })
  try {
    // What a process needs once, it has after these.
    const plain = { answer: { text: 'Once' }, sink: 'auto' }
    await Promise.all(Array.from({ length: 20 }, (_, i) => read(server.port, { name: `warm-${i}`, ...plain })))
    const { descriptors: warm } = await server.settle(({ relays }) => relays.ended === 20)
    mock.reset()

    const chance = random(SEED)
    const plans = Array.from({ length: STREAMS }, (_, stream) => draw(stream, chance))
    const left = new Map()
    let next = 0
    const work = async () => {
      while (next < plans.length) {
        const plan = plans[next++]
        const { stream, answer, sink, reuse, manner } = plan
        const came = await read(server.port, { name: stream, answer, sink, manner, agent: reuse ? agent : undefined })
        if (came.left !== undefined) left.set(stream, came.left)
        check(plan, came)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))

    // Nobody is left: no relay runs, and the provider has been told by every client's leaving.
    const over = await server.settle(({ relays }) => relays.begun === relays.ended)
    assert.equal(over.relays.begun, over.relays.ended, 'every `pipe` came to its end')
    assert.deepEqual(over.relays.refused, [])
    const deadline = performance.now() + 10_000
    while (mock.requests.some(({ outcome }) => outcome === undefined) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    t.diagnostic(
      `${over.relays.socket} by the socket, ${over.relays.write} by \`write\`, ${over.relays.completed} complete`,
    )
    const direct = process.platform === 'linux' || process.platform === 'darwin'
    assert.ok(
      over.relays.write > STREAMS / 5 && (over.relays.socket > STREAMS / 5 || !direct),
      'both sinks had their share',
    )
    const late = []
    for (const { headers, outcome, receivedAt, elapsed } of mock.requests) {
      const plan = plans[Number(headers['x-stream'])]
      if (!plan.manner.leave) continue
      assert.equal(outcome, 'client-left', `stream ${plan.stream}: its client left, and it runs on`)
      late.push(receivedAt + elapsed - left.get(plan.stream))
    }
    late.sort((a, b) => a - b)
    t.diagnostic(
      `${late.length} upstreams closed as their clients left, after ${Math.round(late[late.length >> 1])} ms (median), ` +
        `${Math.round(late[Math.floor(late.length * 0.99)])} ms (99 %)`,
    )

    // What is still open are connections for the next request, which go with the provider.
    agent.destroy()
    await mock.close()
    const { sockets } = server.descriptors
    const closed = await server.settle(({ descriptors }) => descriptors.sockets <= sockets)
    assert.deepEqual(closed.descriptors, { sockets, others: warm.others }, 'no descriptor is left')
    assert.deepEqual(await server.end(), { code: 0, signal: null, stderr: '' })
  } finally {
    agent.destroy()
    server.kill()
    await mock.close()
  }
})
