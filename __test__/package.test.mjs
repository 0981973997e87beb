// What users get: the packed tarballs, installed into an empty project, imported in every way.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { packBoth } from '../scripts/support/pack.mjs'
import { npm, root } from '../scripts/support/process.mjs'

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const entries = Object.keys(manifest.exports).filter((name) => name !== './package.json')
const specifiers = entries.map((name) => name.replace(/^\./, 'millstream'))

let scratch
let packed
/** A project with the package and this machine's platform package. */
let app

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'millstream-package-'))
  packed = await packBoth()
  app = await project('app', packed.tarball, packed.platformTarball)
})

after(() => {
  packed?.dispose()
  if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true, maxRetries: 3 })
})

async function project(name, ...tarballs) {
  const folder = join(scratch, name)
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  await npm(['install', '--offline', '--no-audit', '--no-fund', '--no-package-lock', ...tarballs], { cwd: folder })
  return folder
}

/** Runs a program of the project to its end, which must come by itself. */
function runIn(folder, args, { program = process.execPath, timeout = 60_000 } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text
    })
    const clock = setTimeout(() => child.kill('SIGKILL'), timeout)
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(clock)
      resolve({ code, signal, stdout, stderr })
    })
  })
}

function write(folder, name, text) {
  writeFileSync(join(folder, name), text)
  return name
}

async function succeeds(folder, args, options) {
  const result = await runIn(folder, args, options)
  assert.equal(result.signal, null, `did not end by itself: ${result.stderr}`)
  assert.equal(result.code, 0, result.stderr + result.stdout)
  return result.stdout
}

describe('the packed package', () => {
  it('carries what it promises and nothing else', () => {
    const folder = join(app, 'node_modules', 'millstream')
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) =>
        join(entry.parentPath ?? entry.path, entry.name)
          .slice(folder.length + 1)
          .replaceAll('\\', '/'),
      )
    const strangers = files.filter(
      (file) =>
        !/^(package\.json|README\.md|LICENSE|index\.d\.ts|testing\.d\.ts|compat-\w+\.d\.ts|native\.cjs|tables\/\w+\.bpe|dist\/[\w/-]+\.(js|mjs|d\.mts|d\.ts))$/.test(
          file,
        ),
    )
    assert.deepEqual(strangers, [])
    for (const target of promisedFiles(manifest))
      assert.ok(files.includes(target), `${target} is promised but not packed`)
  })

  it('runs no script on installation and depends on nothing', () => {
    const installed = JSON.parse(readFileSync(join(app, 'node_modules', 'millstream', 'package.json'), 'utf8'))
    for (const hook of ['preinstall', 'install', 'postinstall', 'prepare'])
      assert.equal(installed.scripts[hook], undefined)
    assert.deepEqual(installed.dependencies ?? {}, {})
  })

  it('gives ES modules and CommonJS the same names and the same objects', async () => {
    const file = write(
      app,
      'same.mjs',
      `import { createRequire } from 'node:module'
       const require = createRequire(import.meta.url)
       for (const name of ${JSON.stringify(specifiers)}) {
         const es = await import(name), cjs = require(name)
         const names = Object.keys(cjs).filter((key) => key !== '__esModule').sort()
         const esNames = Object.keys(es).filter((key) => key !== 'module.exports').sort()
         if (names.length === 0 || names.join() !== esNames.join()) throw new Error(name + ': ' + names + ' / ' + esNames)
         for (const key of names) if (es[key] !== cjs[key]) throw new Error(name + '.' + key + ' exists twice')
       }`,
    )
    await succeeds(app, [file])
  })

  it('streams an answer as an ES module and ends by itself', async () => {
    copyFileSync(join(root, '__test__', 'support', 'smoke.mjs'), join(app, 'smoke.mjs'))
    assert.equal(await succeeds(app, ['smoke.mjs']), 'ok\n')
  })

  it('streams an answer through require and ends by itself', async () => {
    copyFileSync(join(root, '__test__', 'support', 'smoke.cjs'), join(app, 'smoke.cjs'))
    assert.equal(await succeeds(app, ['smoke.cjs']), 'ok\n')
  })

  it('ends by itself after a mere import', async () => {
    await succeeds(app, ['--input-type=module', '-e', specifiers.map((name) => `import '${name}'`).join('\n')], {
      timeout: 20_000,
    })
  })

  it('has a command that tells its version', async () => {
    const command = join(app, 'node_modules', 'millstream', manifest.bin.millstream)
    assert.match(
      await succeeds(app, [command, '--version']),
      new RegExp(`\\b${manifest.version.replaceAll('.', '\\.')}\\b`),
    )
  })
})

describe('a missing or broken binary', () => {
  const useIt = `import('millstream').then(({ EventStreamDecoder }) => new EventStreamDecoder()).then(
    () => console.log('loaded'), (error) => console.log(JSON.stringify({ message: error.message, code: error.code })))`

  it('names the package to install and the real cause where the platform package is missing', async () => {
    const bare = await project('bare', packed.tarball)
    const { message, code } = JSON.parse(await succeeds(bare, ['-e', useIt]))
    assert.equal(code, 'ERR_MILLSTREAM_BINARY')
    assert.ok(message.includes(`npm install ${packed.platformPackage}`), message)
    assert.match(message, /Cannot find module/)
  })

  it('shows what the loader said where the binary is garbage', async () => {
    const broken = await project('broken', packed.tarball, packed.platformTarball)
    const folder = join(broken, 'node_modules', ...packed.platformPackage.split('/'))
    const binary = readdirSync(folder).find((name) => name.endsWith('.node'))
    writeFileSync(join(folder, binary), 'this is no shared object')
    const { message, code } = JSON.parse(await succeeds(broken, ['-e', useIt]))
    assert.equal(code, 'ERR_MILLSTREAM_BINARY')
    assert.ok(message.includes(packed.platformPackage), message)
    assert.match(message, loaderComplaint(), message)
  })

  it('does not keep types, errors and constants from being imported', async () => {
    const bare = join(scratch, 'bare')
    const out = await succeeds(bare, ['-p', `typeof require('millstream').StreamError`])
    assert.equal(out, 'function\n')
  })
})

describe('the types', () => {
  const consumer = `
    import { AIStream, StreamError, type StreamChunk, type Usage } from 'millstream'
    import { AIStream as Streaming, StreamingResponse } from 'millstream/streaming'
    import { MockProvider } from 'millstream/testing'
    export async function ask(): Promise<Usage | undefined> {
      const provider = await MockProvider.start({ text: 'hi' })
      const stream: AIStream = new Streaming({ provider: { baseUrl: provider.url }, model: 'mock' })
      stream.on('token', (token) => token.toUpperCase())
      stream.on('error', (error) => { if (StreamError.isInstance(error)) error.retryAfter?.toFixed() })
      const chunks: StreamChunk[] = []
      for await (const chunk of stream.stream('hi')) chunks.push(chunk)
      // @ts-expect-error: a token is a string
      stream.on('token', (token: number) => token)
      await provider.close()
      return stream.getUsage()
    }
    export const server = StreamingResponse
  `

  before(() => {
    // The compiler and Node's types come from the repository: the test needs no network.
    const types = join(app, 'node_modules', '@types')
    mkdirSync(types, { recursive: true })
    for (const name of ['@types/node', 'undici-types']) {
      const target = join(app, 'node_modules', ...name.split('/'))
      if (!existsSync(target)) symlinkSync(join(root, 'node_modules', ...name.split('/')), target, 'junction')
    }
  })

  it('compile in an ES module and in CommonJS, and are the same in both', async () => {
    write(app, 'consumer.mts', consumer)
    write(app, 'consumer.cts', consumer)
    write(
      app,
      'made.cts',
      `import { AIStream } from 'millstream'
       export const make = (): AIStream => new AIStream({ endpoint: 'http://127.0.0.1/', model: 'm' })`,
    )
    write(
      app,
      'used.mts',
      `import { AIStream } from 'millstream/streaming'
       import { make } from './made.cjs'
       export const same: AIStream = make()`,
    )
    await compile(['consumer.mts', 'consumer.cts', 'used.mts'], ['--module', 'node16'])
  })

  it('compile for a bundler', async () => {
    write(app, 'bundled.ts', consumer)
    await compile(['bundled.ts'], ['--module', 'esnext', '--moduleResolution', 'bundler'])
  })

  function compile(files, modules) {
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const strict = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2023,dom', '--types', 'node']
    return succeeds(app, [tsc, ...modules, ...strict, '--skipLibCheck', 'false', ...files], { timeout: 120_000 })
  }
})

describe('the platform packages', () => {
  it('are one per target, of the same version', () => {
    const found = readdirSync(join(root, 'npm')).sort()
    assert.deepEqual(found, manifest.napi.targets.map(platformOf).sort())
    for (const platform of found) {
      const own = JSON.parse(readFileSync(join(root, 'npm', platform, 'package.json'), 'utf8'))
      assert.equal(own.name, `${manifest.napi.packageName}-${platform}`)
      assert.equal(own.version, manifest.version)
      assert.equal(own.main, `millstream.${platform}.node`)
      assert.deepEqual(own.files, [own.main])
      assert.ok(own.os.includes(platform.split('-')[0]) && own.cpu.includes(platform.split('-')[1]))
    }
  })
})

/** `x86_64-unknown-linux-musl` → `linux-x64-musl`. */
function platformOf(target) {
  const [cpu, , system, abi] = target.split('-')
  const arch = cpu === 'x86_64' ? 'x64' : 'arm64'
  const os = { linux: 'linux', darwin: 'darwin', windows: 'win32' }[system]
  return [os, arch, abi].filter((part) => part !== undefined).join('-')
}

function loaderComplaint() {
  if (process.platform === 'win32') return /not a valid Win32 application/
  return process.platform === 'darwin' ? /dlopen|mach-o/i : /file too short|invalid ELF header|Exec format/i
}

function promisedFiles({ main, types, exports, bin }) {
  const targets = [main, types, ...Object.values(bin)]
  const collect = (value) => {
    if (typeof value === 'string') targets.push(value)
    else for (const inner of Object.values(value)) collect(inner)
  }
  collect(exports)
  return [...new Set(targets.map((target) => target.replace(/^\.\//, '')))]
}
