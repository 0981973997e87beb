// What the environment variables MILLSTREAM_LOG and MILLSTREAM_THREADS do, each in a process of its own.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { MockProvider } from 'millstream/testing'

const script = fileURLToPath(new URL('./lifecycle/one-answer.mjs', import.meta.url))

let provider
before(async () => {
  provider = await MockProvider.start({ text: 'canary-answer-c55d13' })
})
after(() => provider.close())

async function run(variables) {
  const { MILLSTREAM_LOG, MILLSTREAM_THREADS, ...rest } = process.env
  const child = spawn(process.execPath, [script, `${provider.url}/v1/chat/completions`], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...rest, ...variables },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data) => (stdout += data))
  child.stderr.on('data', (data) => (stderr += data))
  const [code] = await once(child, 'close')
  assert.equal(code, 0, stderr)
  const answer = JSON.parse(stdout)
  assert.equal(answer.text, 'canary-answer-c55d13')
  return { threads: answer.threads, stderr }
}

test('nothing is logged unless asked for', async () => {
  assert.equal((await run({})).stderr, '')
  assert.equal((await run({ MILLSTREAM_LOG: 'off' })).stderr, '')
})

test('the log says what happens, and never a key or a prompt', async () => {
  for (const level of ['debug', 'trace']) {
    const { stderr } = await run({ MILLSTREAM_LOG: level })
    assert.match(stderr, /DEBUG millstream.*: session complete/)
    assert.doesNotMatch(stderr, /canary/)
  }
})

test('a level that does not exist is said, and only warnings are shown', async () => {
  const { stderr } = await run({ MILLSTREAM_LOG: 'loud' })
  assert.match(stderr, /WARN millstream.*expected MILLSTREAM_LOG to be off, error, warn, info, debug or trace/)
  assert.equal(stderr.trim().split('\n').length, 1)
})

test('the engine has as many threads as asked for', { skip: process.platform !== 'linux' }, async () => {
  assert.equal((await run({ MILLSTREAM_THREADS: '3' })).threads, 3)
  assert.equal((await run({ MILLSTREAM_THREADS: '1' })).threads, 1)
  const usual = Math.min(Math.max(Math.floor(availableParallelism() / 2), 1), 4)
  assert.equal((await run({})).threads, usual)
  const { threads, stderr } = await run({ MILLSTREAM_THREADS: 'many', MILLSTREAM_LOG: 'warn' })
  assert.equal(threads, usual)
  assert.match(stderr, /expected MILLSTREAM_THREADS to be a whole number from 1 to 64/)
})
