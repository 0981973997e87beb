// One whole answer; then nothing is left to keep the process alive.
import { AIStream } from 'millstream'
import { report, url } from './support.mjs'

const stream = new AIStream({ endpoint: url, model: 'm', protocol: 'openai' })
await stream.send('hello')
report({ text: stream.getMessages().at(-1).content })
