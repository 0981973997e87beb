// Twenty workers, each with five streams, terminated in the middle; the main thread's own stream is untouched.
import { Worker } from 'node:worker_threads'
import { AIStream } from 'millstream'
import { report, url } from './support.mjs'

const own = new AIStream({ endpoint: url, model: 'm', protocol: 'openai' })
let tokens = 0
own.on('token', () => tokens++)
own.on('error', () => {})
void own.send('hello')

const workers = Array.from(
  { length: 20 },
  () => new Worker(new URL('./worker.mjs', import.meta.url), { workerData: { url } }),
)
await Promise.all(
  workers.map(async (worker) => {
    await new Promise((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
    await worker.terminate()
  }),
)
const before = tokens
await new Promise((resolve) => own.once('token', resolve))
report({ terminated: workers.length, ownStreamGoesOn: tokens > before })
own.stop()
