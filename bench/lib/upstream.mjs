/**
 * The model provider that everything is measured against: the product's own mock server in a process of its own, so that
 * its CPU counts for nobody. One TCP segment per token.
 */
import { spawn } from 'node:child_process'
import { request } from 'node:http'
import { createInterface } from 'node:readline'
import { digestOf, hashOf } from './evidence.mjs'
import { chatBody, chatUrl, seedHeader } from './options.mjs'
import { productCli } from './product.mjs'

/**
 * Starts a server; `flags` are those of `millstream mock`. Resolves with its base URL and `stop()`.
 * @param {string[]} flags
 */
export async function startUpstream(flags) {
  const args = [productCli, 'mock', '--port', '0', '--json', '--quiet', ...flags]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const lines = createInterface({ input: child.stdout })
  const url = await new Promise((resolve, reject) => {
    lines.once('line', (line) => resolve(JSON.parse(line).url))
    child.once('exit', (code) => reject(new Error(`\`millstream mock ${flags.join(' ')}\` ended with code ${code}`)))
  })
  lines.on('line', () => {})
  return {
    url: url.replace(/\/$/, ''),
    async stop() {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      const timer = setTimeout(kill, 2_000)
      await gone
      clearTimeout(timer)
      process.off('exit', kill)
    },
  }
}

/** One whole answer, read without any of the peers: its bytes, and its tokens by the plainest possible decoding. */
function readAnswer(base, seed) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', ...seedHeader(seed) }
    const call = request(chatUrl(base), { method: 'POST', headers }, (response) => {
      const pieces = []
      response.on('data', (piece) => pieces.push(piece))
      response.once('error', reject)
      response.once('end', () => {
        const body = Buffer.concat(pieces)
        const tokens = body
          .toString('utf8')
          .split('\n\n')
          .filter((frame) => frame.startsWith('data: {'))
          .map((frame) => JSON.parse(frame.slice(6)).choices[0]?.delta?.content)
          .filter(Boolean)
        resolve({ bytes: body.length, tokens: tokens.length, text: tokens.join('') })
      })
    })
    call.once('error', reject)
    call.end(chatBody())
  })
}

/** What streams `0..streams-1` must come out as, where each has so many tokens. */
export async function referenceFor(streams, tokens) {
  const upstream = await startUpstream(['--tokens', String(tokens)])
  try {
    const answers = await readReference(upstream.url, streams)
    const short = answers.findIndex((answer) => answer.tokens !== tokens)
    if (short >= 0) throw new Error(`The upstream sent ${answers[short].tokens} tokens instead of ${tokens}`)
    const bytes = answers.reduce((sum, answer) => sum + answer.bytes, 0)
    const hashes = answers.map(({ text }) => hashOf(text))
    return { answers, hashes, digest: digestOf(answers), bytesPerToken: bytes / (streams * tokens) }
  } finally {
    await upstream.stop()
  }
}

async function readReference(base, streams) {
  const answers = []
  for (let seed = 0; seed < streams; seed += 50) {
    const next = Array.from({ length: Math.min(50, streams - seed) }, (_, i) => readAnswer(base, seed + i))
    answers.push(...(await Promise.all(next)))
  }
  return answers
}
