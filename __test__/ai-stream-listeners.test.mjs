// A single `token` listener is called without the emitter; nobody may be able to tell.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { AIStream } from 'millstream'
import { MockProvider } from 'millstream/testing'

const text = 'one two three four'
let provider
before(async () => {
  provider = await MockProvider.start({ text })
})
after(() => provider.close())

const open = () => new AIStream({ provider: { baseUrl: `${provider.url}/v1` }, model: 'm' })

test('listeners come and go between and during answers as with any emitter', async () => {
  const stream = open()
  const heard = { first: '', second: '', once: '' }
  const first = (token) => (heard.first += token)
  const second = (token) => (heard.second += token)

  stream.on('token', first)
  await stream.send('alone')
  assert.equal(heard.first, text)

  stream.prependListener('token', second)
  await stream.send('together')
  assert.deepEqual([heard.first, heard.second], [text + text, text])

  stream.off('token', first)
  stream.off('token', second)
  stream.once('token', (token) => (heard.once += token))
  await stream.send('once')
  assert.ok(heard.once !== '' && text.startsWith(heard.once) && heard.once !== text)
  assert.equal(heard.first, text + text)

  // The first token adds a listener and takes itself out.
  let added = ''
  stream.on('token', function only() {
    stream.on('token', (token) => (added += token))
    stream.off('token', only)
  })
  await stream.send('handed over')
  assert.ok(added !== '' && text.endsWith(added) && added !== text)

  stream.removeAllListeners()
  await stream.send('nobody')
  assert.equal(stream.listenerCount('token'), 0)
  assert.equal(heard.second, text)
})

test('a listener is called with the stream as `this`, and an `emit` put in its way is used', async () => {
  const stream = open()
  const seen = new Set()
  stream.on('token', function () {
    seen.add(this)
  })
  await stream.send('this')
  assert.deepEqual([...seen], [stream])

  let emitted = ''
  const { emit } = stream
  stream.emit = function (event, ...given) {
    if (event === 'token') emitted += given[0]
    return emit.call(this, event, ...given)
  }
  await stream.send('seen by all')
  assert.equal(emitted, text)
})
