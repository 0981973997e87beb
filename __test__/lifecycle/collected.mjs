// Streams that are over, completed or broken off, leave nothing that the collector can't take.
import { AIStream } from 'millstream'
import { pause, report, url } from './support.mjs'

const references = []
async function completed() {
  const stream = new AIStream({ endpoint: url, model: 'm', protocol: 'openai' })
  stream.on('token', () => {})
  await stream.send('hello')
  references.push(new WeakRef(stream))
}
async function brokenOff() {
  const stream = new AIStream({ endpoint: url, model: 'm', protocol: 'openai' })
  for await (const chunk of stream.stream('hello')) if (chunk.type === 'text') break
  references.push(new WeakRef(stream))
}
for (let n = 0; n < 50; n++) await (n % 2 === 0 ? completed() : brokenOff())
// The end of a broken-off session is one more batch away, and WeakRefs live to the end of their turn.
for (let n = 0; n < 20; n++) {
  await pause(10)
  globalThis.gc()
}
report({ streams: references.length, alive: references.filter((reference) => reference.deref() !== undefined).length })
