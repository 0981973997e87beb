// Streams until somebody ends the process.
import { AIStream } from 'millstream'
import { report, url } from './support.mjs'

const stream = new AIStream({ endpoint: url, model: 'm', protocol: 'openai' })
stream.once('token', () => report({ streaming: true }))
await stream.send('hello')
