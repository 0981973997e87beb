// The demo as a person runs it: a child process, its output, its status.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { MockProvider } from 'millstream/testing'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const key = 'sk-canary-of-the-demo-test'

let scratch

before(() => {
  scratch = mkdtempSync(join(tmpdir(), 'millstream-demo-'))
})

after(() => {
  rmSync(scratch, { recursive: true, force: true })
})

/**
 * Runs the demo to its end.
 *
 * @param {string[]} args
 * @param {{ env?: Record<string, string>, onText?: (text: string, child: import('node:child_process').ChildProcess) => void }} [options]
 */
function demo(args, { env = {}, onText } = {}) {
  const { OPENAI_API_KEY: _, OPENAI_BASE_URL: __, ...rest } = process.env
  const child = spawn(process.execPath, [join(root, 'scripts', 'demo.mjs'), ...args], {
    cwd: scratch,
    env: { ...rest, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
    onText?.(text, child)
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const clock = setTimeout(() => child.kill('SIGKILL'), 60_000)
  return new Promise((done, failed) => {
    child.once('error', failed)
    child.once('close', (code, signal) => {
      clearTimeout(clock)
      done({ code, signal, stdout, stderr })
    })
  })
}

describe('npm run demo', () => {
  it('streams an answer as it arrives, says what it came to, and ends', async () => {
    const times = []
    const { code, stdout } = await demo(['--tokens', '25', '--rate', '50', '--prompt', 'Why?'], {
      onText: () => times.push(performance.now()),
    })
    assert.equal(code, 0)
    assert.match(stdout, /^> Why\?\n\n\S/)
    assert.match(
      stdout,
      /\n {2}tokens +25\n {2}first token +\d+ ms\n {2}rate +[\d.]+ tokens\/s\n {2}usage +\d+ prompt \+ 25 completion = \d+\n$/,
    )
    // 25 tokens at 50 a second take half a second: they must not come in one go at the end.
    assert.ok(times.length >= 10, `the answer came in ${times.length} pieces`)
    assert.ok(times.at(-1) - times[0] > 250)
  })

  it('writes no control sequence where the output is no terminal', async () => {
    const { stdout, stderr } = await demo(['--tokens', '5', '--rate', '1000'])
    assert.ok(!stdout.includes('\x1b') && !stderr.includes('\x1b'))
  })

  it('plays a recorded stream, named from where the user stands', async () => {
    writeFileSync(join(scratch, 'recorded.sse'), recording('Recorded', ' once', ', played', ' often.'))
    const { code, stdout, stderr } = await demo(['--replay', 'recorded.sse', '--rate', '1000'])
    assert.equal(code, 0, stderr)
    assert.match(stdout, /\n\nRecorded once, played often\.\n/)
    assert.match(stdout, /usage +7 prompt \+ 4 completion = 11\n/)
  })

  it('says what is wrong with a recording that breaks off, and fails', async () => {
    const whole = recording('Half', ' of')
    writeFileSync(join(scratch, 'broken.sse'), whole.slice(0, whole.indexOf('"finish_reason":"stop"')))
    const { code, stdout, stderr } = await demo(['--replay', 'broken.sse', '--rate', '1000'])
    assert.equal(code, 1)
    assert.match(stdout, /Half of/)
    assert.match(stderr, /✗ truncated_error: /)
  })

  it('asks the real provider where a key is there', async () => {
    const provider = await MockProvider.start({ text: 'From the provider.', apiKey: key })
    try {
      const env = { OPENAI_API_KEY: key, OPENAI_BASE_URL: `${provider.url}/v1` }
      const { code, stdout, stderr } = await demo(['--model', 'some-model'], { env })
      assert.equal(code, 0, stderr)
      assert.match(stdout, /From the provider\./)
      assert.equal(provider.requests[0].body.model, 'some-model')
      assert.ok(!(stdout + stderr).includes(key))
    } finally {
      await provider.close()
    }
  })

  it('asks a compatible server by its URL', async () => {
    const provider = await MockProvider.start({ text: 'From nearby.' })
    try {
      const { code, stdout, stderr } = await demo(['--base-url', `${provider.url}/v1`, '--model', 'near'])
      assert.equal(code, 0, stderr)
      assert.match(stdout, /From nearby\./)
    } finally {
      await provider.close()
    }
  })

  it('shows why a provider refused, but not the key', async () => {
    const provider = await MockProvider.start({ apiKey: 'another' })
    try {
      const env = { OPENAI_API_KEY: key, OPENAI_BASE_URL: `${provider.url}/v1` }
      const { code, stdout, stderr } = await demo([], { env })
      assert.equal(code, 1)
      assert.match(stderr, /✗ auth_error: HTTP 401/)
      assert.ok(!(stdout + stderr).includes(key))
    } finally {
      await provider.close()
    }
  })

  it('stops cleanly when interrupted', { skip: process.platform === 'win32' && 'no signals there' }, async () => {
    let interrupted
    const { code, signal, stdout } = await demo(['--tokens', '5000', '--rate', '50'], {
      onText: (text, child) => {
        if (interrupted !== undefined || !/\w/.test(text) || text.startsWith('>')) return
        interrupted = performance.now()
        child.kill('SIGINT')
      },
    })
    assert.equal(signal, null)
    assert.equal(code, 130)
    assert.match(stdout, /tokens +\d+ \(stopped\)/)
    assert.ok(performance.now() - interrupted < 5000)
  })

  it('refuses what it does not understand', async () => {
    for (const [args, message] of [
      [['--bogus'], /Unknown option '--bogus'/],
      [['--replay', 'nowhere.sse'], /no recording at nowhere\.sse/],
      [['--rate', 'fast'], /Expected `--rate` to be a positive number, got fast/],
      [['--base-url', 'http://127.0.0.1:9/v1'], /--base-url needs --model/],
      [['--replay', 'x', '--provider', 'openai'], /goes with neither/],
    ]) {
      const { code, stderr } = await demo(args)
      assert.equal(code, 1, args.join(' '))
      assert.match(stderr, message)
    }
  })
})

/** A chat completion's stream that says these pieces. */
function recording(...pieces) {
  const chunk = (choices, more = {}) =>
    `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm', choices, ...more })}\n\n`
  const choice = (delta, reason = null) => [{ index: 0, delta, finish_reason: reason }]
  const usage = { prompt_tokens: 7, completion_tokens: pieces.length, total_tokens: 7 + pieces.length }
  return [
    chunk(choice({ role: 'assistant', content: '' })),
    ...pieces.map((content) => chunk(choice({ content }))),
    chunk(choice({}, 'stop')),
    chunk([], { usage }),
    'data: [DONE]\n\n',
  ].join('')
}
