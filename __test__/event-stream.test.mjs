// `EventStreamDecoder` and `decodeEventStream`: the native decoder as JavaScript sees it. The same cases as in
// crates/wire, and the web platform tests, at every byte split.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { decodeEventStream, EventStreamDecoder, StreamError, ValidationError } from 'millstream'
import { readAll } from './support/async.mjs'

const cases = JSON.parse(readFileSync(new URL('../crates/wire/tests/fixtures/sse/cases.json', import.meta.url), 'utf8'))
const platformTests = new URL('../../shared/wpt-eventsource.json', import.meta.url)

/** Everything that comes of a body given in pieces. */
function decode(options, pieces, decoder = new EventStreamDecoder(options)) {
  const events = pieces.flatMap((piece) => decoder.feed(piece))
  events.push(...decoder.end())
  return { events, lastEventId: decoder.lastEventId, retry: decoder.retry }
}

/** The body as a whole, a byte at a time, and in two pieces cut at every place: all must come to the same. */
function decodeEveryWay(options, bytes, prepare = () => new EventStreamDecoder(options)) {
  const whole = decode(options, [bytes], prepare())
  assert.deepEqual(
    decode(
      options,
      Array.from(bytes, (byte) => Uint8Array.of(byte)),
      prepare(),
    ),
    whole,
    'a byte at a time',
  )
  for (let at = 0; at <= bytes.length; at++) {
    assert.deepEqual(
      decode(options, [bytes.subarray(0, at), bytes.subarray(at)], prepare()),
      whole,
      `cut after ${at} bytes`,
    )
  }
  return whole
}

test('reads the cases at every byte split', () => {
  assert.ok(cases.length > 40)
  for (const { name, input, input_hex, comments = false, lenient_end: lenientEnd = false, items } of cases) {
    const bytes = input === undefined ? Buffer.from(input_hex, 'hex') : Buffer.from(input)
    const { events } = decodeEveryWay({ comments, lenientEnd }, bytes)
    const expected = items.filter((item) => !('field' in item)).map(({ complete, ...item }) => item)
    const seen = events.map(({ comment, ...event }) => (comment === undefined ? event : { comment }))
    assert.deepEqual(
      seen,
      expected.map((item) => ('event' in item ? { ...item, event: item.event || 'message' } : item)),
      name,
    )
  }
})

test('passes the web platform tests at every byte split', (t) => {
  if (!existsSync(platformTests)) return t.skip('../shared/wpt-eventsource.json is not there')
  const { cases, count } = JSON.parse(readFileSync(platformTests, 'utf8'))
  assert.equal(cases.length, count)
  for (const { name, input_b64, connection_ok, chunks_utf8, expected, expected_retry_ms } of cases) {
    // The only stateful case goes on from a first answer, which gave this ID.
    const prepare = () => {
      const decoder = new EventStreamDecoder()
      if (name.startsWith('format-field-id-2')) decode({}, ['id: …\ndata: hello\n\n'], decoder)
      return decoder
    }
    const { events, retry } = decodeEveryWay({}, Buffer.from(input_b64, 'base64'), prepare)
    if (chunks_utf8 !== undefined) assert.deepEqual(decode({}, chunks_utf8).events, events, name)
    if (!connection_ok) {
      // These are about the content type: a browser does not read the body, which is a good one.
      assert.equal(events.length, 1, name)
      continue
    }
    assert.equal(events.length, expected.length, name)
    for (const [index, { event, data, lastEventId }] of expected.entries()) {
      assert.equal(events[index].event, event, name)
      assert.equal(events[index].data, data, name)
      if (lastEventId !== undefined) assert.equal(events[index].id, lastEventId, name)
    }
    assert.equal(retry, expected_retry_ms, name)
  }
})

test('text is read as its UTF-8 bytes, cut between any two UTF-16 units', () => {
  const body = '\ufeffevent: é\nid: …\ndata: 😀 \ud83d \ude00 ☃\r\n\r\ndata: b\n\n'
  const whole = decode({}, [Buffer.from(body)])
  assert.equal(whole.events[0].data, '😀 \ufffd \ufffd ☃')
  assert.deepEqual(decode({}, body.split('')), whole)
  for (let at = 0; at <= body.length; at++) {
    assert.deepEqual(decode({}, [body.slice(0, at), '', body.slice(at)]), whole, `cut after ${at} units`)
  }
})

test('half a character at the end of text is replaced', () => {
  assert.equal(decode({ lenientEnd: true }, ['data: a\ud83d']).events[0].data, 'a\ufffd')
  assert.equal(decode({}, ['data: a\ud83d', Buffer.from('b\n\n')]).events[0].data, 'a\ufffdb')
})

test('events of any length and number survive the crossing', () => {
  for (const length of [0, 1, 63, 64, 4095, 4096, 262_143, 262_144, 1_000_000]) {
    for (const character of ['x', 'é', '☃', '😀']) {
      const data = character.repeat(length)
      const event = { event: data || 'message', data, id: data }
      assert.deepEqual(
        new EventStreamDecoder({ maxEventBytes: 2 ** 24 }).feed(`event: ${data}\nid: ${data}\ndata: ${data}\n\n`),
        [event],
      )
    }
  }
  const many = Array.from({ length: 20_000 }, (_, index) => `${index}`)
  const events = new EventStreamDecoder().feed(many.map((data) => `data: ${data}\n\n`).join(''))
  assert.deepEqual(
    events.map(({ data }) => data),
    many,
  )
})

test('a piece larger than what crosses at once is read in parts', () => {
  const event = `data: ${'x'.repeat(1_000_000)}\n\n`
  const events = new EventStreamDecoder().feed(Buffer.from(event.repeat(40)))
  assert.equal(events.length, 40)
  assert.ok(events.every(({ data }) => data.length === 1_000_000))
})

test('any Uint8Array will do, a view of shared memory too', () => {
  const bytes = new TextEncoder().encode('--data: a\n\n--')
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
  shared.set(bytes)
  for (const view of [bytes, Buffer.from(bytes), shared]) {
    assert.deepEqual(new EventStreamDecoder().feed(view.subarray(2, -2)), [{ event: 'message', data: 'a', id: '' }])
  }
  assert.deepEqual(new EventStreamDecoder().feed(new Uint8Array()), [])
})

test('without lenientEnd an unfinished event is dropped, with it delivered', () => {
  assert.deepEqual(decode({}, ['data: [DONE]']).events, [])
  assert.deepEqual(decode({ lenientEnd: true }, ['data: [DONE]']).events, [
    { event: 'message', data: '[DONE]', id: '' },
  ])
})

test('comments stand in their place, as entries of their own', () => {
  assert.deepEqual(decode({ comments: true }, ['id: 1\ndata: a\n\n: ping\n\ndata: b\n\n']).events, [
    { event: 'message', data: 'a', id: '1' },
    { event: '', data: '', id: '1', comment: 'ping' },
    { event: 'message', data: 'b', id: '1' },
  ])
})

test('id and retry stay in force for the next body', () => {
  const decoder = new EventStreamDecoder()
  assert.deepEqual([decoder.lastEventId, decoder.retry], ['', undefined])
  decode({}, ['id: 7\nretry: 1500\ndata: a\n\ndata: lost'], decoder)
  assert.deepEqual([decoder.lastEventId, decoder.retry], ['7', 1500])
  assert.deepEqual(decode({}, ['\ufeffdata: b\n\n'], decoder).events, [{ event: 'message', data: 'b', id: '7' }])
})

const tooLarge = (error) =>
  error instanceof StreamError &&
  error.type === 'protocol_error' &&
  error.code === 'EVENT_TOO_LARGE' &&
  error.message === 'An event exceeds the limit of 64 bytes'

test('an event beyond maxEventBytes is a typed error, for good', () => {
  for (const start of ['data: ', ': ', 'id: ', '']) {
    const decoder = new EventStreamDecoder({ maxEventBytes: 64 })
    decoder.feed(start)
    assert.throws(() => {
      for (let bytes = 0; bytes < 1000; bytes += 10) decoder.feed('x'.repeat(10))
    }, tooLarge)
    assert.throws(() => decoder.feed('\n\ndata: a\n\n'), tooLarge)
    assert.throws(() => decoder.end(), tooLarge)
  }
})

test('events before one that is too large are not lost', () => {
  const decoder = new EventStreamDecoder({ maxEventBytes: 64 })
  const events = decoder.feed(`data: a\n\ndata: b\n\ndata: ${'x'.repeat(100)}`)
  assert.deepEqual(
    events.map(({ data }) => data),
    ['a', 'b'],
  )
  assert.throws(() => decoder.end(), tooLarge)
})

test('options and arguments of a wrong type are refused, and say what was expected', () => {
  const refuses = (run, message) =>
    assert.throws(run, (error) => error instanceof ValidationError && error.message === message)
  for (const [value, got] of [
    [0, '0'],
    [-1, '-1'],
    [1.5, '1.5'],
    ['8', '"8"'],
    [Number.NaN, 'NaN'],
    [2 ** 29, '536870912'],
  ]) {
    refuses(
      () => new EventStreamDecoder({ maxEventBytes: value }),
      `Expected \`maxEventBytes\` to be a positive integer up to 268435456, got ${got}`,
    )
  }
  refuses(() => new EventStreamDecoder({ comments: 'yes' }), 'Expected `comments` to be a boolean, got "yes"')
  refuses(() => new EventStreamDecoder({ lenientEnd: 1 }), 'Expected `lenientEnd` to be a boolean, got 1')
  refuses(() => new EventStreamDecoder(5), 'Expected `options` to be an object, got 5')
  refuses(
    () => new EventStreamDecoder({ maxEvents: 1 }),
    'Unknown option `maxEvents`. Known: maxEventBytes, comments, lenientEnd',
  )
  const decoder = new EventStreamDecoder()
  for (const [value, got] of [
    [undefined, 'undefined'],
    [null, 'null'],
    [[1], 'an array'],
    [new ArrayBuffer(1), 'an object'],
    [new Uint16Array(1), 'an object'],
  ]) {
    refuses(() => decoder.feed(value), `Expected \`bytes\` to be a Uint8Array or a string, got ${got}`)
  }
  refuses(() => decodeEventStream(null), 'Expected `source` to be a ReadableStream or an async iterable, got null')
  refuses(
    () => decodeEventStream('data: a'),
    'Expected `source` to be a ReadableStream or an async iterable, got "data: a"',
  )
  refuses(
    () => decodeEventStream(new Response('data: a')),
    'Expected `source` to be a ReadableStream or an async iterable, got an object that has it as its `body`',
  )
  refuses(
    () => decodeEventStream(new ReadableStream(), { maxEventBytes: 0 }),
    'Expected `maxEventBytes` to be a positive integer up to 268435456, got 0',
  )
})

/** A source that records how its reader left. */
function source(pieces, log) {
  return {
    async *[Symbol.asyncIterator]() {
      try {
        yield* pieces
        log.push('read to the end')
      } finally {
        log.push('let go')
      }
    },
  }
}

const datas = async (events) => (await readAll(events)).map(({ data }) => data)

test('decodeEventStream reads async iterables of bytes and of text', async () => {
  const log = []
  assert.deepEqual(await datas(decodeEventStream(source(['data: a\n\nda', Buffer.from('ta: b\r\n\r\n')], log))), [
    'a',
    'b',
  ])
  assert.deepEqual(log, ['read to the end', 'let go'])
})

test('decodeEventStream reads a ReadableStream and leaves it unlocked', async () => {
  const { body } = new Response('data: a\n\ndata: b\n\ndata: lost')
  assert.deepEqual(await datas(decodeEventStream(body)), ['a', 'b'])
  assert.equal(body.locked, false)
})

test('decodeEventStream takes the options of the decoder', async () => {
  const { body } = new Response(': hi\ndata: [DONE]')
  const events = await readAll(decodeEventStream(body, { comments: true, lenientEnd: true }))
  assert.deepEqual(
    events.map(({ comment, data }) => comment ?? data),
    ['hi', '[DONE]'],
  )
})

test('leaving the loop lets go of an async iterable', async () => {
  const log = []
  for await (const { data } of decodeEventStream(source(['data: a\n\ndata: b\n\n', 'data: c\n\n'], log))) {
    assert.equal(data, 'a')
    break
  }
  assert.deepEqual(log, ['let go'])
})

test('leaving the loop cancels a ReadableStream, whose failure at that stays its own', async () => {
  for (const fails of [false, true]) {
    let cancelled = 0
    const stream = new ReadableStream({
      pull: (controller) => controller.enqueue('data: a\n\n'),
      cancel() {
        cancelled++
        if (fails) throw new Error('no')
      },
    })
    for await (const { data } of decodeEventStream(stream)) {
      assert.equal(data, 'a')
      break
    }
    assert.equal(cancelled, 1)
    assert.equal(stream.locked, false)
  }
})

test('an event that is too large cancels the source', async () => {
  const log = []
  const events = decodeEventStream(source([`data: a\n\ndata: ${'x'.repeat(100)}`, 'x', 'x'], log), {
    maxEventBytes: 64,
  })
  assert.equal((await events.next()).value.data, 'a')
  await assert.rejects(events.next(), tooLarge)
  assert.deepEqual(log, ['let go'])
})

test('an event that is too large at the very end of the source is reported too', async () => {
  const events = decodeEventStream(source([`data: a\n\ndata: ${'x'.repeat(100)}`], []), { maxEventBytes: 64 })
  await assert.rejects(readAll(events), tooLarge)
})

test('an error of the source passes through, after the events before it', async () => {
  const broken = new Error('broken pipe')
  const iterable = source(
    (function* () {
      yield 'data: a\n\ndata: lost'
      throw broken
    })(),
    [],
  )
  const pulls = [(controller) => controller.enqueue('data: a\n\ndata: lost'), (controller) => controller.error(broken)]
  const stream = new ReadableStream({ pull: (controller) => pulls.shift()(controller) }, { highWaterMark: 0 })
  for (const source of [iterable, stream]) {
    const seen = []
    await assert.rejects(
      async () => {
        for await (const { data } of decodeEventStream(source)) seen.push(data)
      },
      (error) => error === broken,
    )
    assert.deepEqual(seen, ['a'])
  }
})
