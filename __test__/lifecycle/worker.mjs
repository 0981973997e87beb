// A worker that streams until it is terminated.
import { parentPort, workerData } from 'node:worker_threads'
import { AIStream } from 'millstream'

for (let n = 0; n < 5; n++) {
  const stream = new AIStream({ endpoint: workerData.url, model: 'm', protocol: 'openai' })
  stream.on('error', () => {})
  stream.once('token', () => parentPort.postMessage('streaming'))
  void stream.send('hello')
}
