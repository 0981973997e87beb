// Opens a thousand streams, breaks off each after its first token, and ends without being told to.
import { AIStream } from 'millstream'
import { report, url } from './support.mjs'

let broken = 0
async function one() {
  const stream = new AIStream({ endpoint: url, model: 'm', protocol: 'openai' })
  for await (const chunk of stream.stream('hello')) {
    if (chunk.type === 'text') {
      broken++
      break
    }
  }
}
for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 100 }, one))
report({ broken })
