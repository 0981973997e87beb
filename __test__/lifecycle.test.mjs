// How the addon lives and dies with its process: every case in a child process of its own, against a plain node:http
// server that counts sockets.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const chunk = (content) =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content } }] })}\n\n`
const END = `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`

const sockets = new Set()
/** How the next answers behave; a test sets it. */
let answer = (res) => res.end()
const server = http.createServer((req, res) => {
  req.resume()
  req.on('end', () => {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    answer(res)
  })
})
server.on('connection', (socket) => {
  sockets.add(socket)
  socket.on('error', () => {})
  socket.on('close', () => sockets.delete(socket))
})

/** An endless answer: a token every few milliseconds until the client leaves. */
function endless(res) {
  const timer = setInterval(() => res.write(chunk('token ')), 5)
  res.on('close', () => clearInterval(timer))
}

let url
before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${server.address().port}/v1/chat/completions`
})
after(() => {
  server.closeAllConnections()
  server.close()
})

/** Runs a child to its own end. It gets no signal unless it is stuck. */
async function run(name, { timeout = 60_000, onStdout, flags = [] } = {}) {
  const script = fileURLToPath(new URL(`./lifecycle/${name}.mjs`, import.meta.url))
  const child = spawn(process.execPath, [...flags, script, url], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data) => {
    stdout += data
    onStdout?.(child, stdout)
  })
  child.stderr.on('data', (data) => (stderr += data))
  const stuck = setTimeout(() => child.kill('SIGKILL'), timeout)
  const [code, signal] = await once(child, 'close')
  clearTimeout(stuck)
  const reports = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
  return { code, signal, reports, stderr }
}

async function socketsClosed() {
  for (let waited = 0; sockets.size > 0 && waited < 5000; waited += 20) await new Promise((r) => setTimeout(r, 20))
  return sockets.size
}

test('a thousand streams broken off leave no socket, and the process exits by itself', async () => {
  answer = endless
  let peak = 0
  const watch = setInterval(() => (peak = Math.max(peak, sockets.size)), 5)
  const { code, signal, reports, stderr } = await run('break-many')
  clearInterval(watch)
  assert.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' })
  assert.deepEqual(reports, [{ broken: 1000 }])
  assert.ok(peak > 10, `the streams were really open at once, ${peak} at the most`)
  assert.equal(await socketsClosed(), 0)
})

test('the upstream socket of a broken-off stream is closed while the process lives on', async () => {
  let closedAfter
  answer = (res) => {
    const began = performance.now()
    endless(res)
    res.on('close', () => (closedAfter = performance.now() - began))
  }
  const { AIStream } = await import('millstream')
  for await (const part of new AIStream({ endpoint: url, model: 'm', protocol: 'openai' }).stream('hello')) {
    if (part.type === 'text') break
  }
  const left = performance.now()
  while (closedAfter === undefined && performance.now() - left < 2000) await new Promise((r) => setTimeout(r, 2))
  assert.notEqual(closedAfter, undefined, 'the server saw its client leave')
})

test('nothing keeps the process alive once the last stream is over', async () => {
  answer = (res) => {
    res.write(chunk('Hello'))
    res.end(chunk(', world') + END)
  }
  const { code, reports, stderr } = await run('finish-and-exit', { timeout: 15_000 })
  assert.deepEqual({ code, reports, stderr }, { code: 0, reports: [{ text: 'Hello, world' }], stderr: '' })
})

test('loading the addon keeps no process alive', async () => {
  const { code, reports } = await run('import-only', { timeout: 15_000 })
  assert.deepEqual({ code, reports }, { code: 0, reports: [{ events: 1 }] })
})

test('process.exit in the middle of fifty streams ends the process with its own code', async () => {
  answer = endless
  const { code, signal, reports, stderr } = await run('exit-in-the-middle', { timeout: 30_000 })
  assert.deepEqual({ code, signal, reports, stderr }, { code: 7, signal: null, reports: [{ tokens: 500 }], stderr: '' })
  assert.equal(await socketsClosed(), 0)
})

test('Ctrl-C in the middle of a stream ends the process at once', { skip: process.platform === 'win32' }, async () => {
  answer = endless
  const { code, signal, stderr } = await run('stream-for-ever', {
    timeout: 30_000,
    // Its first report says that tokens are coming.
    onStdout: (child) => child.kill('SIGINT'),
  })
  assert.deepEqual({ code, signal, stderr }, { code: null, signal: 'SIGINT', stderr: '' })
  assert.equal(await socketsClosed(), 0)
})

test('twenty workers terminated in the middle of their streams crash nothing', async () => {
  answer = endless
  const { code, signal, reports, stderr } = await run('terminate-workers')
  assert.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' })
  assert.deepEqual(reports, [{ terminated: 20, ownStreamGoesOn: true }])
  assert.equal(await socketsClosed(), 0)
})

test('streams that are over are collected', async () => {
  answer = (res) => {
    res.write(chunk('Hello'))
    setTimeout(() => res.end(chunk(', world') + END), 5)
  }
  const { code, reports, stderr } = await run('collected', { timeout: 30_000, flags: ['--expose-gc'] })
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  assert.equal(reports[0].streams, 50)
  // The last one may still stand on the stack.
  assert.ok(reports[0].alive <= 1, `${reports[0].alive} of 50 are still alive`)
})

test('a hundred megabytes into a slow reader cost less than 32 MB of memory', async () => {
  const piece = chunk('x'.repeat(10_000))
  const pieces = 10_486
  let paused = 0
  answer = (res) => {
    let sent = 0
    const write = () => {
      while (sent < pieces) {
        sent++
        if (!res.write(piece)) {
          paused++
          return res.once('drain', write)
        }
      }
      res.end(END)
    }
    write()
  }
  const { code, reports, stderr } = await run('slow-reader', { timeout: 120_000 })
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  assert.equal(reports[0].characters, pieces * 10_000)
  assert.ok(paused > 0, 'the server was made to wait')
  assert.ok(reports[0].growth < 32, `memory grew by ${reports[0].growth.toFixed(1)} MB`)
})
