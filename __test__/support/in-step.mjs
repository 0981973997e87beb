// A producer and a reader that go in step: each token is sent only after the one before it was read.
import assert from 'node:assert/strict'

export function inStep(count = 5) {
  let go
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
    /** Reads to the end; stalls for good where a token waits for the next one. */
    async read(body) {
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
    },
  }
}
