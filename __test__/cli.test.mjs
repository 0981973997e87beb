import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'))
const program = fileURLToPath(new URL(`../${manifest.bin.millstream}`, import.meta.url))

function run(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  return { status, stdout, stderr }
}

/** Starts `millstream mock`; gives its lines as they come. */
function startMock(...args) {
  const child = spawn(process.execPath, [program, 'mock', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
  let errors = ''
  child.stderr.on('data', (piece) => {
    errors += piece
  })
  return {
    line: async () => (await lines.next()).value,
    async stop(signal = 'SIGINT') {
      child.kill(signal)
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
      const { code } = await ended
      clearTimeout(timer)
      assert.equal(errors, '')
      return code
    },
  }
}

const body = JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'Hi' }] })
const ask = (url) => fetch(`${url}/v1/chat/completions`, { method: 'POST', body })

describe('millstream', () => {
  it('shows its help and its version', () => {
    const help = run('--help')
    assert.equal(help.status, 0)
    assert.match(help.stdout, /^Usage: millstream <command>[\s\S]*\n {2}mock /)
    assert.deepEqual(run('-h'), help)
    assert.deepEqual(run('--version'), { status: 0, stdout: `${manifest.version}\n`, stderr: '' })
  })

  it('refuses what it does not know, with exit code 2', () => {
    for (const [args, message] of [
      [[], /^Usage: millstream/],
      [['sream'], /^millstream: unknown command 'sream'\n\nUsage/],
      [['--vresion'], /^millstream: unknown option '--vresion'\n\nUsage/],
      [['mock', '--prot', '1'], /^millstream mock: Unknown option '--prot'\nSee millstream mock --help\n$/],
      [['mock', 'extra'], /^millstream mock: Unexpected argument 'extra'/],
      [['mock', '--port'], /^millstream mock: Option '--port <value>' argument missing/],
      [['mock', '--port', 'x'], /^millstream mock: Expected `--port` to be a number, got "x"/],
      [['mock', '--tokens-per-second', '-1'], /Option '--tokens-per-second' argument is ambiguous/],
      [
        ['mock', '--tokens-per-second=-1'],
        /Expected `--tokens-per-second` to be a number from 0 to 1000000000, got -1/,
      ],
      [['mock', '--fault', '{'], /^millstream mock: Expected `--fault` to be JSON, got "\{"/],
      [['mock', '--fault', '{"sttus":500}'], /Unknown option `sttus`/],
      [['mock', '--route', '/x=soap'], /Expected `--route` to be one of <path>=openai, .*<path>=text, got "\/x=soap"/],
      [['mock', '--protocol', 'soap'], /Expected `--protocol` to be one of openai, .*, text, got "soap"/],
      [['mock', '--replay', '/nowhere'], /Expected `--replay` to be a recorded stream or a folder of them/],
      [['mock', '--text', 'a', '--echo'], /Expected one of `--text` and `--echo`, got both/],
    ]) {
      const { status, stdout, stderr } = run(...args)
      assert.match(stderr, message)
      assert.deepEqual([status, stdout], [2, ''], args.join(' '))
    }
  })
})

describe('millstream mock', () => {
  it('shows its help, which names only options it takes', () => {
    const { status, stdout } = run('mock', '--help')
    assert.equal(status, 0)
    assert.match(stdout, /^Usage: millstream mock \[options\]/)
    const named = [...stdout.matchAll(/^ {2}(?:-h, )?(--[\w-]+)( <)?/gm)]
    assert.ok(named.length >= 23)
    const flags = named.flatMap(([, flag, value]) => (value === undefined ? [flag] : [flag, '1']))
    assert.deepEqual(run('mock', ...flags), { status: 0, stdout, stderr: '' })
    assert.equal(run('mock', ...flags, '--unknown').status, 2)
  })

  it('prints its URL, a line per request, and stops at Ctrl-C', async () => {
    const mock = startMock(
      '--text',
      'Hello there',
      '--tokens-per-second',
      '200',
      '--fault',
      '{}',
      '--fault',
      '{"status":500}',
    )
    const [, url] = /^Mock provider on (http:\/\/127\.0\.0\.1:\d+)$/.exec(await mock.line())
    assert.equal(await mock.line(), 'Stop it with Ctrl-C.')
    const answer = await (await ask(url)).text()
    assert.match(answer, /"Hello"[\s\S]*" there"[\s\S]*\[DONE\]/)
    assert.match(
      await mock.line(),
      /^\d\d:\d\d:\d\d {2}POST {2}\/v1\/chat\/completions {2}200 {2}2 tokens {2}1\.\d kB {2}0\.\d\d s$/,
    )
    assert.equal((await ask(url)).status, 500)
    assert.match(await mock.line(), /POST {2}\/v1\/chat\/completions {2}500 {2}\d+ B/)
    assert.equal(await mock.stop('SIGINT'), 0)
    await assert.rejects(ask(url))
  })

  it('speaks JSON to programs', async () => {
    const args = [
      '--port',
      '0',
      '--json',
      '--tokens',
      '7',
      '--threads',
      '2',
      '--api-key',
      'sk-canary',
      '--model',
      'big',
      '--burst',
      '2',
    ]
    const mock = startMock(...args)
    const listening = JSON.parse(await mock.line())
    assert.equal(listening.event, 'listening')
    assert.equal(listening.url, `http://127.0.0.1:${listening.port}`)
    assert.equal((await ask(listening.url)).status, 401)
    const refused = await mock.line()
    assert.equal(JSON.parse(refused).status, 401)
    const headers = { authorization: 'Bearer sk-canary' }
    const models = await (await fetch(`${listening.url}/v1/models`, { headers })).json()
    assert.equal(models.data[0].id, 'big')
    await mock.line()
    await (await fetch(`${listening.url}/v1/chat/completions`, { method: 'POST', body, headers })).text()
    const line = await mock.line()
    const request = JSON.parse(line)
    assert.deepEqual([request.event, request.tokensSent, request.outcome], ['request', 7, 'complete'])
    assert.doesNotMatch(refused + line, /canary/)
    assert.equal(await mock.stop('SIGTERM'), 0)
  })

  it('says nothing about requests where it is to be quiet, and says when clients leave', async () => {
    const quiet = startMock('--json', '--quiet')
    const { url } = JSON.parse(await quiet.line())
    await (await ask(url)).text()
    assert.equal(await quiet.stop(), 0)
    assert.equal(await quiet.line(), undefined)
    const mock = startMock('--fault', '{"stall":{"afterTokens":1}}')
    const [, slow] = /(http:\S+)$/.exec(await mock.line())
    await mock.line()
    const leaving = new AbortController()
    await fetch(`${slow}/v1/chat/completions`, { method: 'POST', body, signal: leaving.signal })
    leaving.abort()
    assert.match(await mock.line(), / {2}the client left$/)
    assert.equal(await mock.stop(), 0)
  })

  it('says which port is taken, with exit code 1', async () => {
    const mock = startMock('--json')
    const { port } = JSON.parse(await mock.line())
    const { status, stderr } = run('mock', '--port', String(port))
    assert.equal(status, 1)
    assert.match(stderr, new RegExp(`^millstream mock: can't listen on 127\\.0\\.0\\.1:${port}: `))
    await mock.stop()
  })
})
