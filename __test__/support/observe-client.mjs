// Callbacks of a StreamClient that fail, with nobody to hear of it, or somebody; see stream-client.test.mjs.
import { setTimeout as pause } from 'node:timers/promises'
import { StreamClient } from 'millstream'

const [baseUrl, how] = process.argv.slice(2)
const client = new StreamClient({ providers: { local: { baseUrl, model: 'mock' } }, retry: { maxRetries: 0 } })
const refused = { headers: { 'x-mock-fault': '{"status":401}' } }
const tell = (error) => console.log(error.type)
const bug = (name) => () => {
  throw new Error(`a bug in ${name}`)
}

switch (how) {
  case 'thrown':
    await client.stream('Hi', { onToken: bug('onToken') })
    break
  case 'thrown-at-end':
    for await (const _ of client.stream('Hi', { onComplete: bug('onComplete') }));
    break
  case 'failed':
    client.stream('Hi', { onToken() {}, ...refused })
    break
  case 'failed-heard':
    client.stream('Hi', { onError: tell, ...refused })
    break
  case 'aborted':
    client.stream('Hi', { onError: tell, signal: AbortSignal.abort() })
    break
}
await pause(300)
