// Leaves by process.exit while many streams run.
import { AIStream } from 'millstream'
import { report, url } from './support.mjs'

let tokens = 0
for (let n = 0; n < 50; n++) {
  const stream = new AIStream({ endpoint: url, model: 'm', protocol: 'openai' })
  stream.on('error', () => {})
  stream.on('token', () => {
    if (++tokens === 500) {
      report({ tokens })
      process.exit(7)
    }
  })
  void stream.send('hello')
}
