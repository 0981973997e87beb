/**
 * Process under test of the first-token benchmark: one stream at a time in an otherwise idle process, the peers in turn,
 * timed from the call to the first token.
 */
import { request } from 'node:http'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { chatBody, chatUrl, seedHeader } from '../lib/options.mjs'
import { serve } from '../lib/subject.mjs'

/** `http.request` and its `data` event, nothing decoded: as early as the bytes can be seen in JavaScript. */
function raw(base) {
  const url = chatUrl(base)
  return (seed, sink) =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', ...seedHeader(seed) }
      const call = request(url, { method: 'POST', headers }, (response) => {
        response.setEncoding('latin1')
        response.on('data', (text) => {
          if (/"content":"[^"]/.test(text)) sink.token(text)
        })
        response.once('error', reject)
        response.once('end', resolve)
      })
      call.once('error', reject)
      call.end(chatBody())
    })
}

async function measure({ base, peers, samples, gap }) {
  const clients = await Promise.all(
    peers.map(async (peer) => (peer === 'raw' ? raw(base) : (await import(`../peers/${peer}.mjs`)).create(base))),
  )
  const times = peers.map(() => [])
  const WARM_UP = 30
  for (let sample = -WARM_UP; sample < samples; sample++) {
    for (const [i, open] of clients.entries()) {
      await sleep(gap)
      let first = 0
      const begin = performance.now()
      await open(sample + WARM_UP, {
        token() {
          if (first === 0) first = performance.now()
        },
      })
      if (first === 0) throw new Error(`${peers[i]} delivered no token`)
      if (sample >= 0) times[i].push(first - begin)
    }
  }
  return { times: Object.fromEntries(peers.map((peer, i) => [peer, times[i]])) }
}

serve(measure)
