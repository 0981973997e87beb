// A process, or a worker in it, that ends while it relays an answer to itself; see relay-http.test.mjs.
import { once } from 'node:events'
import http from 'node:http'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { AIStream } from 'millstream'

const [how, url] = isMainThread ? process.argv.slice(2) : workerData

if (how === 'worker' && isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { workerData: [how, url] })
  await once(worker, 'message')
  await worker.terminate()
  console.log('begun')
} else {
  const server = http.createServer(async (_req, res) => {
    const stream = new AIStream({ provider: { baseUrl: `${url}/v1` }, model: 'mock' })
    await stream.stream('x').pipe(res, { format: 'text' })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const [response] = await once(http.get({ port: server.address().port, host: '127.0.0.1' }), 'response')
  await once(response, 'data')
  if (how === 'drain') {
    // Nothing else keeps the process alive than the answer under way.
    server.close()
    await once(response.resume(), 'end')
    console.log('whole')
  } else if (how === 'exit') {
    console.log('begun')
    process.exit(0)
  } else {
    parentPort.postMessage('begun')
  }
}
