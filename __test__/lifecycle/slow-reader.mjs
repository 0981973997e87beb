// Reads a stream of 100 MB slowly at first, then to its end, and reports how much memory that took.
import { AIStream } from 'millstream'
import { pause, report, url } from './support.mjs'

const stream = new AIStream({ endpoint: url, model: 'm', protocol: 'openai' })
const rss = () => process.memoryUsage.rss() / 2 ** 20
let characters = 0
let chunks = 0
let peak = 0
let base = 0
for await (const chunk of stream.stream('hello', { retain: false })) {
  if (chunk.type !== 'text') continue
  if (base === 0) base = rss()
  characters += chunk.content.length
  // A consumer that takes its time: two seconds of doing nothing in all, spread over the first part.
  if (++chunks <= 200) await pause(10)
  if (chunks % 200 === 0) peak = Math.max(peak, rss())
}
report({ characters, growth: Math.max(peak, rss()) - base })
