import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JsonStreamDecoder, OutputError, parsePartialJson, StreamError, ValidationError } from 'millstream'

const document = {
  title: 'Rivers "of" \\ Norway\n',
  counts: [0, -1.5, 2e21, 1e-7],
  flags: { yes: true, no: false, none: null, __proto__x: {} },
  names: ['Glomma', 'Pasvikelva', 'Tana', '😀 é ÿ \u0000'],
  nested: [[[]], [{}], { a: { b: { c: [] } } }],
}

test('a cut text gives the value so far', () => {
  assert.deepEqual(parsePartialJson('{"a":{"b":[1,2'), { value: { a: { b: [1, 2] } }, state: 'partial' })
  assert.deepEqual(parsePartialJson('{"say":"she said \\"hi\\" {'), {
    value: { say: 'she said "hi" {' },
    state: 'partial',
  })
  assert.deepEqual(parsePartialJson('{"a":1}'), { value: { a: 1 }, state: 'complete' })
  assert.deepEqual(parsePartialJson('12'), { value: 12, state: 'complete' })
  assert.deepEqual(parsePartialJson(''), { value: undefined, state: 'partial' })
  assert.deepEqual(parsePartialJson('{"a":1,}'), { value: { a: 1 }, state: 'invalid', offset: 7 })
  assert.deepEqual(parsePartialJson('```json\n{"a":1'), { value: undefined, state: 'invalid', offset: 0 })
  assert.deepEqual(parsePartialJson('```json\n{"a":1', { fences: true }), { value: { a: 1 }, state: 'partial' })
})

test('every cut of a document ends as JSON.parse reads it', () => {
  for (const text of [JSON.stringify(document), JSON.stringify(document, null, 2), JSON.stringify('😀')]) {
    for (let cut = 0; cut <= text.length; cut++) {
      const decoder = new JsonStreamDecoder()
      const before = decoder.feed(text.slice(0, cut))
      if (decoder.partialText !== undefined) assert.deepEqual(decoder.partial, JSON.parse(decoder.partialText))
      const values = [...before, ...decoder.feed(text.slice(cut))]
      assert.deepEqual(values, [JSON.parse(text)], `cut at ${cut}`)
      assert.equal(decoder.isComplete, true)
      assert.deepEqual(decoder.end(), [])
      assert.deepEqual(decoder.partial, JSON.parse(text))
    }
  }
})

test('names that are special in JavaScript are names like any other', () => {
  const { value } = parsePartialJson('{"__proto__":{"polluted":true},"constructor":1')
  assert.deepEqual(Object.keys(value), ['__proto__', 'constructor'])
  assert.equal({}.polluted, undefined)
})

test('a character cut between two pieces is one character', () => {
  const decoder = new JsonStreamDecoder()
  decoder.feed('["\ud83d')
  assert.deepEqual(decoder.partial, [''])
  assert.deepEqual(decoder.feed('\ude00"]'), [['😀']])
})

test('the first impossible character is told with its offset, and from then on', () => {
  const decoder = new JsonStreamDecoder()
  decoder.feed('{"😀":1, ')
  const isRefused = (error) => {
    assert.ok(error instanceof OutputError && StreamError.isInstance(error))
    assert.deepEqual([error.type, error.code, error.offset], ['protocol_error', 'INVALID_JSON', 9])
    assert.match(error.message, /^Expected JSON: expected a name in quotes at offset 9$/)
    return true
  }
  assert.throws(() => decoder.feed('secret'), isRefused)
  assert.throws(() => decoder.feed('"b":1}'), isRefused)
  assert.throws(() => decoder.end(), isRefused)
  assert.deepEqual(decoder.partial, { '😀': 1 })
  assert.equal(decoder.isComplete, false)
})

test('a text that ends too early is told with its length', () => {
  for (const text of ['', '[1', '{"a":"x']) {
    const decoder = new JsonStreamDecoder()
    decoder.feed(text)
    assert.throws(() => decoder.end(), { code: 'INVALID_JSON', offset: text.length })
  }
})

test('several values are given as they are complete', () => {
  const decoder = new JsonStreamDecoder({ multiple: true })
  assert.deepEqual(decoder.feed('{"n":1}\n{"n":'), [{ n: 1 }])
  assert.deepEqual(decoder.partial, {})
  assert.deepEqual(decoder.feed('2}{"n":3}4'), [{ n: 2 }, { n: 3 }])
  assert.deepEqual(decoder.feed('2 ["x'), [42])
  assert.deepEqual(decoder.partial, ['x'])
  assert.deepEqual(decoder.feed('"] oops'), [['x']], 'what was complete before the mistake is given')
  assert.throws(() => decoder.feed(''), { code: 'INVALID_JSON', offset: 31 })
})

test('options are checked', () => {
  assert.throws(() => new JsonStreamDecoder({ multiple: 1 }), ValidationError)
  assert.throws(() => new JsonStreamDecoder({ multiples: true }), /Did you mean `multiple`/)
  assert.throws(() => new JsonStreamDecoder({ multiple: true, fences: true }), { field: 'fences' })
  assert.throws(() => new JsonStreamDecoder().feed(new Uint8Array()), { field: 'text' })
  assert.throws(() => parsePartialJson('', { multiple: true }), ValidationError)
})

test('reading is linear in the text, however small the pieces', () => {
  // A quadratic reader takes minutes for this.
  const text = `{"text":"${'word '.repeat(400_000)}"}`
  const decoder = new JsonStreamDecoder()
  let values = []
  for (let at = 0; at < text.length; at += 8) values = decoder.feed(text.slice(at, at + 8))
  assert.equal(values[0].text.length, 2_000_000)
})
