// A producer and a reader that go in step: each token is sent only after the one before it was read.
import assert from 'node:assert/strict'

export function inStep(count = 5) {
  let go
  async function readAll(body) {
    const decoder = new TextDecoder()
    let text = ''
    let n = 0
    for await (const piece of body) {
      text += decoder.decode(piece, { stream: true })
      while (n < count && text.includes(`"t${n}"`)) {
        n++
        go()
      }
    }
    assert.equal(n, count)
    assert.match(text, /event: done/)
  }
  return {
    /** Sends the tokens and ends the stream. */
    async produce(stream) {
      for (let n = 0; n < count; n++) {
        const read = new Promise((resolve) => {
          go = resolve
        })
        stream.sendToken(`t${n}`)
        await read
      }
      stream.end()
    },
    /** Reads to the end; rejects where a token stays away until the next one is sent. */
    read(body) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('A token stays away until the next one is sent')), 10_000)
        readAll(body)
          .finally(() => clearTimeout(timer))
          .then(resolve, reject)
      })
    },
  }
}
