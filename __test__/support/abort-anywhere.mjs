// Starts many streams in every way, aborts each at some point, and looks after none of them; see stream-result.test.mjs.
import { setTimeout as pause } from 'node:timers/promises'
import { AIStream } from 'millstream'

const [url] = process.argv.slice(2)
process.on('unhandledRejection', (error) => {
  console.error('unhandled', error)
  process.exit(2)
})

let ended = 0
async function one(n) {
  const stream = new AIStream({ endpoint: url, model: 'm', retry: { maxRetries: 0 } })
  const controller = new AbortController()
  const options = { signal: controller.signal }
  const end = [() => controller.abort(), () => stream.stop(), () => stream.reset()][n % 3]
  switch (n % 5) {
    case 0:
      // Nobody holds the promise.
      stream.send('x', options)
      break
    case 1:
      stream.stream('x', options)
      break
    case 2: {
      const handle = stream.stream('x', options)
      Promise.resolve(handle).then(
        (result) => {
          // Promises taken and never looked at.
          result.text
          result.usage
          result.finishReason
          result.collect()
        },
        () => {},
      )
      break
    }
    case 3:
      readQuietly(stream.stream('x', options))
      break
    case 4:
      stream.send('x', options)
      stream.send('y')
      readQuietly(stream)
      break
  }
  await pause(n % 23)
  end()
  stream.stop()
  ended++
}

async function readQuietly(iterable) {
  try {
    for await (const _ of iterable);
  } catch (error) {
    if (error.type !== 'aborted_error') throw error
  }
}

for (let round = 0; round < 4; round++) await Promise.all(Array.from({ length: 30 }, (_, n) => one(round * 30 + n)))
await pause(50)
console.log('ended', ended)
process.exit(0)
