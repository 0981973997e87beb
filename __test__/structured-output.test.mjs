// Answers that are JSON: asked for in the provider's words, seen while they arrive, checked against their schema.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { OutputError, StreamClient, StreamError, ValidationError } from 'millstream'
import { MockProvider } from 'millstream/testing'
import { z } from 'zod'

const river = {
  type: 'object',
  properties: { name: { type: 'string' }, km: { type: 'number' } },
  required: ['name', 'km'],
}
const rivers = { type: 'object', properties: { rivers: { type: 'array', items: river } }, required: ['rivers'] }
const value = {
  rivers: [
    { name: 'Glomma "the" wide', km: 621.5 },
    { name: 'Tana — é 😀', km: 361 },
  ],
}
const text = JSON.stringify(value)

async function provide(t, options) {
  const mock = await MockProvider.start(options)
  t.after(() => mock.close())
  const local = { baseUrl: `${mock.url}/v1`, model: 'mock' }
  return { mock, client: new StreamClient({ providers: { local }, retry: { maxRetries: 0 } }) }
}

const asked = (mock, at = 0) => mock.requests[at].body

test('an object is asked for by its schema, arrives in parts, and is what the schema says', async (t) => {
  const { mock, client } = await provide(t, { text, tokensPerSecond: 50 })
  const result = await client.stream({ prompt: 'Rivers?', output: { schema: rivers, name: 'rivers', strict: true } })
  const parts = []
  for await (const part of result.partialObjectStream) parts.push(part)
  assert.deepEqual(parts.at(-1), value)
  assert.ok(parts.length > 1, 'it came in parts')
  for (const [at, part] of parts.entries()) {
    if (at > 0) assert.ok(JSON.stringify(part).length >= JSON.stringify(parts[at - 1]).length - 4)
  }
  assert.deepEqual(await result.object, value)
  assert.deepEqual(result.partialObject, value)
  const collected = await result.collect()
  assert.deepEqual([collected.object, collected.getJson()], [value, value])
  const { response_format: format } = asked(mock)
  assert.deepEqual(format, { type: 'json_schema', json_schema: { name: 'rivers', strict: true, schema: rivers } })
})

test('the value so far is on every piece of the text, for those who look', async (t) => {
  const { client } = await provide(t, { text })
  const seen = []
  for await (const chunk of client.stream({ prompt: 'Rivers?', output: { format: 'json' } })) {
    if (chunk.type !== 'text') continue
    if (chunk.partial !== undefined) seen.push(structuredClone(chunk.partial))
    assert.ok(!('partial' in JSON.parse(JSON.stringify(chunk))), 'copying a chunk makes none')
  }
  assert.deepEqual(seen.at(-1), value)
  assert.ok(seen.length > 3)
  for await (const chunk of client.stream('Rivers?')) assert.equal(chunk.partial, undefined)
})

test('JSON mode asks for JSON of any form', async (t) => {
  const { mock, client } = await provide(t, { text: ' [1, 2]\n' })
  const { object } = await client.generate({ prompt: 'Numbers?', output: { format: 'json' } })
  assert.deepEqual(object, [1, 2])
  assert.deepEqual(asked(mock).response_format, { type: 'json_object' })
  assert.equal('object' in (await client.generate({ prompt: 'Numbers?' })), false)
})

test('the object is what a schema of a library makes of it', async (t) => {
  const { mock, client } = await provide(t, {
    script: [{ text }, { text: '{"rivers": [{"name": "Tana", "km": "long"}]}' }],
  })
  const schema = z.object({
    rivers: z.array(z.object({ name: z.string().transform((name) => name.length), km: z.number() })),
    source: z.string().default('memory'),
  })
  const { object } = await client.generate({ prompt: 'Rivers?', output: { schema } })
  assert.deepEqual(object, {
    rivers: [
      { name: 17, km: 621.5 },
      { name: 11, km: 361 },
    ],
    source: 'memory',
  })
  const { schema: sent } = asked(mock).response_format.json_schema
  assert.deepEqual(sent.required, ['rivers'], 'what has a default need not be said')
  assert.equal(sent.properties.rivers.items.properties.name.type, 'string')
  assert.equal('$schema' in sent, false)
  await assert.rejects(client.generate({ prompt: 'Rivers?', output: { schema } }), (error) => {
    assert.ok(error instanceof OutputError)
    assert.deepEqual([error.type, error.code, error.provider], ['protocol_error', 'SCHEMA_MISMATCH', 'local'])
    assert.deepEqual(error.path, ['rivers', 0, 'km'])
    assert.match(error.message, /at `rivers\[0\]\.km`/)
    return true
  })
})

test('what does not match a JSON schema is told by its place, and never by what it says', async (t) => {
  const wrong = { rivers: [{ name: 'Tana', km: 361 }, { name: 'secret words', km: -1 }, { km: 5 }] }
  const { client } = await provide(t, { text: JSON.stringify(wrong) })
  const schema = structuredClone(rivers)
  schema.properties.rivers.items.properties.km.minimum = 0
  const result = await client.stream({ prompt: 'Rivers?', output: { schema } })
  await assert.rejects(result.object, (error) => {
    assert.deepEqual(
      error.issues.map(({ path }) => path),
      [
        ['rivers', 1, 'km'],
        ['rivers', 2],
      ],
    )
    assert.deepEqual(error.path, ['rivers', 1, 'km'])
    assert.equal(error.partialText, JSON.stringify(wrong))
    assert.doesNotMatch(JSON.stringify({ ...error, message: error.message }), /secret|-1/)
    return true
  })
  const collected = await result.collect()
  assert.equal(collected.object, undefined, 'the answer itself is there all the same')
  assert.deepEqual(collected.getJson(), wrong)
})

test('a code fence around the object is no part of it', async (t) => {
  const { client } = await provide(t, { text: `\`\`\`json\n${text}\n\`\`\`` })
  const answer = await client.generate({ prompt: 'Rivers?', output: { schema: rivers } })
  assert.deepEqual([answer.object, answer.getJson()], [value, value])
})

test('text that can be no JSON ends the answer at its first impossible character, long before its end', async (t) => {
  const { mock, client } = await provide(t, { text: `{"rivers": oh no ${'more '.repeat(500)}`, tokensPerSecond: 100 })
  const errors = []
  const began = performance.now()
  const result = await client.stream({
    prompt: 'Rivers?',
    output: { schema: rivers },
    onError: (error) => errors.push(error),
  })
  const parts = []
  await assert.rejects(
    async () => {
      for await (const part of result.partialObjectStream) parts.push(part)
    },
    (error) => {
      assert.ok(StreamError.isInstance(error) && error instanceof OutputError)
      assert.deepEqual([error.code, error.offset, error.type], ['INVALID_JSON', 11, 'protocol_error'])
      assert.match(error.message, /offset 11/)
      return true
    },
  )
  assert.ok(performance.now() - began < 4000, 'the whole of it takes five seconds')
  assert.deepEqual(parts.at(-1), {})
  await assert.rejects(result.object, { code: 'INVALID_JSON', offset: 11 })
  assert.equal(errors.length, 1)
  assert.match(errors[0].partialText, /^\{"rivers": oh/)
  assert.equal(mock.requests.length, 1, 'it is not asked again')
})

test('a client that is sent the answer is told of it, too', async (t) => {
  const { client } = await provide(t, { text: 'Sure! Here it is' })
  const handle = client.stream({ prompt: 'Rivers?', output: { format: 'json' } })
  const body = await (await handle).toResponse().text()
  assert.match(body, /event: error\n/)
  assert.match(body, /INVALID_JSON/)
})

test('with validation at the end, only the object rejects', async (t) => {
  const { client } = await provide(t, { text: 'Sure! Here it is' })
  const result = await client.stream({ prompt: 'Rivers?', output: { format: 'json', validate: 'end' } })
  assert.equal(await result.text, 'Sure! Here it is')
  await assert.rejects(result.object, { code: 'INVALID_JSON', offset: 0 })
  await assert.rejects(
    async () => {
      for await (const _ of result.partialObjectStream);
    },
    { code: 'INVALID_JSON', offset: 0 },
  )
})

test('of a cut answer there is what came, and no object', async (t) => {
  const { client } = await provide(t, { text: '{"a":{"b":[1,2', finishReason: 'length' })
  const result = await client.stream({ prompt: 'Numbers?', output: { format: 'json' } })
  await assert.rejects(result.object, { code: 'INVALID_JSON', offset: 14 })
  assert.deepEqual(result.partialObject, { a: { b: [1, 2] } })
  assert.equal(await result.finishReason, 'length')
})

test('an object can be asked of an answer that was asked for text', async (t) => {
  const { client } = await provide(t, { text: '{"a": {"n": 1}}' })
  const result = await client.stream('Numbers?')
  const parts = []
  for await (const part of result.partialObjectStream) parts.push(part)
  assert.deepEqual(parts.at(-1), { a: { n: 1 } })
  assert.deepEqual(await result.object, { a: { n: 1 } })
})

test('drafts, references and patterns of JSON Schema are understood', async (t) => {
  const { client } = await provide(t, { text: '{"self": {"self": {"code": "AB-12"}}, "pair": [1, "x"]}' })
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $ref: '#/definitions/node',
    definitions: {
      node: {
        type: 'object',
        properties: {
          self: { $ref: '#/definitions/node' },
          code: { type: 'string', pattern: '^[A-Z]{2}-\\d+$' },
          pair: { items: [{ type: 'number' }, { type: 'string' }], additionalItems: false },
        },
        additionalProperties: false,
      },
    },
  }
  assert.equal((await client.generate({ prompt: '?', output: { schema } })).object.pair[1], 'x')
  schema.definitions.node.properties.pair.items[1].type = 'boolean'
  await assert.rejects(client.generate({ prompt: '?', output: { schema } }), {
    code: 'SCHEMA_MISMATCH',
    message: /`pair\[1\]`/,
  })
})

test('what is wrong with `output` is told before anything is sent', async (t) => {
  const { mock, client } = await provide(t, {})
  const refused = (output, field, message) =>
    assert.throws(
      () => client.stream({ prompt: '?', output }),
      (error) => {
        assert.ok(error instanceof ValidationError)
        assert.equal(error.field, field)
        if (message !== undefined) assert.match(error.message, message)
        return true
      },
    )
  refused({ format: 'xml' }, 'output.format')
  refused({ format: 'structured' }, 'output.schema')
  refused({ format: 'text', schema: rivers }, 'output.schema')
  refused({ schema: 'river' }, 'output.schema')
  refused({ schema: { name: z.string() } }, 'output.schema', /one schema, got an object of schemas/)
  refused({ schema: { type: 'string', pattern: '(' } }, 'output.schema', /valid JSON Schema/)
  refused({ schema: { loop: 1n } }, 'output.schema')
  refused({ schema: z.custom(() => true) }, 'output.schema', /JSON Schema can express/)
  refused(
    { schema: { '~standard': { version: 1, vendor: 'mine', validate: () => ({ value: 1 }) } } },
    'output.schema',
    /"mine"/,
  )
  refused({ schema: rivers, name: 'my rivers' }, 'output.name')
  refused({ schema: rivers, validate: 'never' }, 'output.validate')
  refused({ shema: rivers }, 'output.shema', /Did you mean `output.schema`/)
  assert.equal(mock.requests.length, 0)
})

test('the example draws a recipe while it arrives, and says where one is wrong', async (t) => {
  const recipe = { title: 'Pancakes', minutes: 20, ingredients: ['milk', 'flour', 'eggs'] }
  const mock = await MockProvider.start({
    script: [{ text: JSON.stringify(recipe) }, { text: '{"title": "Pancakes", "ingredients": [1]}' }],
  })
  t.after(() => mock.close())
  const file = fileURLToPath(new URL('../examples/structured-output.mjs', import.meta.url))
  const env = { ...process.env, OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: `${mock.url}/v1` }
  const run = () => promisify(execFile)(process.execPath, [file], { env, timeout: 20_000 })
  const { stdout } = await run()
  assert.equal(stdout, '- milk\n- flour\n- eggs\nPancakes, 20 minutes\n')
  await assert.rejects(run(), (error) => {
    assert.equal(error.code, 1)
    assert.match(error.stderr, /^not a recipe: SCHEMA_MISMATCH \[ 'minutes' \]\n$/)
    return true
  })
})
