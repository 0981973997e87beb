// One answer asked for with a key and a prompt that must not be seen anywhere; then the engine's threads are counted.
import { readdirSync, readFileSync } from 'node:fs'
import { AIStream } from 'millstream'
import { report, url } from './support.mjs'

const stream = new AIStream({
  endpoint: url,
  model: 'm',
  protocol: 'openai',
  headers: { authorization: 'Bearer canary-key-7f3a91' },
})
await stream.send('canary-prompt-4b8e02')
const tasks = process.platform === 'linux' ? readdirSync('/proc/self/task') : []
const names = tasks.map((task) => readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim())
report({ text: stream.getMessages().at(-1).content, threads: names.filter((name) => name === 'millstream').length })
