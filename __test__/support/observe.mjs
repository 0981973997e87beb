// A stream that fails with status 401, looked at in one way or another; see stream-result.test.mjs.
import { setTimeout as pause } from 'node:timers/promises'
import { AIStream } from 'millstream'

const [url, how] = process.argv.slice(2)
const stream = new AIStream({ endpoint: url, model: 'm' })
const tell = (error) => console.log(error.message.slice(0, 8))

switch (how) {
  case 'nobody':
    stream.stream('x')
    break
  case 'awaited':
    await stream.stream('x').then(() => {}, tell)
    break
  case 'iterated':
    try {
      for await (const _ of stream.stream('x'));
    } catch (error) {
      tell(error)
    }
    break
  case 'listener':
    stream.on('error', tell)
    stream.stream('x')
    break
  case 'late':
    try {
      const handle = stream.stream('x')
      const result = await handle
      await result.text
    } catch (error) {
      tell(error)
    }
    break
  case 'send':
    await stream.send('x').catch(tell)
    break
}
await pause(200)
