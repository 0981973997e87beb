// For the tests of many relays: the server in a process of its own, and clients that read its answers to the byte.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** Starts the server that relays what the provider at `url` says. */
export async function startRelay(url) {
  const child = fork(fileURLToPath(new URL('../lifecycle/relay-server.mjs', import.meta.url)), [url], {
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })
  let stderr = ''
  child.stderr.on('data', (data) => {
    stderr += data
  })
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal, stderr }))
  const crashed = exited.then(({ code, signal }) => {
    throw new Error(`The server ended with ${signal ?? code}: ${stderr}`)
  })
  crashed.catch(() => {})
  const hear = () => Promise.race([once(child, 'message'), crashed]).then(([message]) => message)
  const { port, descriptors } = await hear()
  return {
    port,
    descriptors,
    /** What it relayed and what it holds open. */
    async state() {
      child.send('state')
      return hear()
    },
    /** Its state once `settled` says so, or the last one seen. */
    async settle(settled, patience = 10_000) {
      const deadline = performance.now() + patience
      for (;;) {
        const state = await this.state()
        if (settled(state) || performance.now() > deadline) return state
        await sleep(50)
      }
    },
    /** Stops listening; how the process then ends by itself, or `null` where it doesn't in time. */
    async end(patience = 10_000) {
      child.send('end')
      const timer = new AbortController()
      const late = sleep(patience, null, { signal: timer.signal }).catch(() => null)
      const how = await Promise.race([exited, late])
      timer.abort()
      if (how === null) child.kill('SIGKILL')
      return how
    },
    kill: () => child.kill('SIGKILL'),
  }
}

/**
 * What one client does. `leave`: once so many bytes have come, or so many milliseconds have passed, it goes, by `reset` or
 * by closing; or it ends its own side (`half`) and reads on. It asks over a connection of its own then. `slow`: it pauses
 * for so many milliseconds after each read.
 * @typedef {{ afterBytes: number, after: number, how: 'reset' | 'close' | 'half' }} Leaving
 * @typedef {{ leave?: Leaving, slow?: number }} Manner
 */

/**
 * Asks for stream `name`, whose answer is to be `answer` (of `MockProvider`), and reads it. Resolves with what came,
 * however it ended.
 * @param {Manner} manner
 */
export function read(port, { name, answer, sink, agent, manner = {} }) {
  const { leave, slow } = manner
  const came = { status: 0, body: '', ended: false, left: undefined, error: undefined }
  const headers = { 'x-stream': String(name), 'x-mock-fault': ascii(answer), 'x-sink': sink, 'content-length': 0 }
  return new Promise((resolve) => {
    const call = request({ host: '127.0.0.1', port, method: 'POST', path: '/', headers, agent: agent ?? false })
    const go = () => {
      if (came.left !== undefined) return
      came.left = Date.now()
      if (leave.how === 'half') call.socket.end()
      else if (leave.how === 'reset') call.socket.resetAndDestroy()
      else call.destroy()
    }
    if (leave) {
      call.once('socket', (socket) => {
        // On the socket, since bytes count that bring nothing whole.
        const look = () => {
          if (socket.bytesRead >= leave.afterBytes) go()
        }
        socket.on('data', look)
        socket.once('connect', () => {
          look()
          const timer = setTimeout(go, leave.after)
          socket.once('close', () => clearTimeout(timer))
        })
      })
    }
    call.once('response', (response) => {
      came.status = response.statusCode
      response.setEncoding('utf8')
      response.on('data', (text) => {
        came.body += text
        if (slow) {
          response.pause()
          setTimeout(() => response.resume(), slow)
        }
      })
      response.once('end', () => {
        came.ended = response.complete
      })
      response.once('error', (error) => {
        came.error ??= error
      })
      response.once('close', () => resolve(came))
    })
    call.on('error', (error) => {
      came.error ??= error
      if (came.status === 0) resolve(came)
    })
    call.end()
  })
}

/** JSON that a header can carry. */
function ascii(value) {
  const escaped = (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(value).replaceAll(/[^\x20-\x7e]/g, escaped)
}

/** The events of a body as far as it came: the text, and what else there was. Throws where a token is out of its turn. */
export function readEvents(body) {
  const seen = { text: '', tokens: 0, error: undefined, done: undefined }
  for (const frame of body.split('\n\n').slice(0, -1)) {
    const lines = frame.split('\n')
    const field = (name) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
    const data = JSON.parse(field('data') ?? 'null')
    if (seen.done !== undefined) throw new Error(`An event follows the end: ${frame}`)
    switch (field('event')) {
      case 'token':
        if (data.index !== seen.tokens) throw new Error(`Token ${data.index} came in place of ${seen.tokens}`)
        seen.tokens++
        seen.text += data.token
        break
      case 'error':
        seen.error = data
        break
      case 'done':
        seen.done = data
        break
    }
  }
  return seen
}

/** Numbers from 0 to 1 that a seed decides: mulberry32, by Tommy Ettinger. */
export function random(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
