// The lints that guard the tree find what they look for: a lint that can't fail guards nothing.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { faceBreaches, rustBreaches } from '../scripts/check-floors.mjs'
import { breachesOf, gapsOf } from '../scripts/check-hygiene.mjs'
import { staleOf } from '../scripts/check-locks.mjs'

/** A `cargo metadata` document with these crates, each a name and what it depends on. */
function metadata(crates, members = Object.keys(crates)) {
  const dependency = (pkg) => {
    const [name, kind] = pkg.split(':')
    return { name, pkg: name, dep_kinds: [{ kind: kind ?? null, target: null }] }
  }
  const all = new Set([
    ...Object.keys(crates),
    ...Object.values(crates)
      .flat()
      .map((name) => name.split(':')[0]),
  ])
  return {
    packages: [...all].map((name) => ({ id: name, name })),
    workspace_members: members,
    resolve: { root: 'millstream', nodes: [...all].map((id) => ({ id, deps: (crates[id] ?? []).map(dependency) })) },
  }
}

const sound = {
  millstream: ['napi', 'millstream-engine', 'millstream-mock', 'millstream-wire'],
  'millstream-engine': ['tokio', 'reqwest', 'millstream-wire'],
  'millstream-mock': ['tokio', 'millstream-wire'],
  'millstream-wire': ['memchr', 'tokio:dev'],
}
const members = Object.keys(sound)

describe('the floors lint', () => {
  it('accepts the house as designed, test dependencies aside', () => {
    assert.deepEqual(rustBreaches(metadata(sound, members)), [])
  })

  it('finds a runtime below the engine, and says by which way', () => {
    const crates = { ...sound, 'millstream-wire': ['helper'], helper: ['tokio'] }
    assert.deepEqual(rustBreaches(metadata(crates, members)), ['millstream-wire → helper → tokio'])
  })

  it('finds N-API outside the addon', () => {
    for (const name of ['millstream-wire', 'millstream-engine', 'millstream-mock']) {
      const breaches = rustBreaches(metadata({ ...sound, [name]: [...sound[name], 'napi'] }, members))
      assert.ok(breaches.includes(`${name} → napi`), breaches.join())
    }
  })

  it('finds a mock that stands on the engine', () => {
    const breaches = rustBreaches(metadata({ ...sound, 'millstream-mock': ['millstream-engine'] }, members))
    assert.ok(breaches.includes('millstream-mock → millstream-engine'), breaches.join())
  })

  it('wants a rule for every crate', () => {
    const breaches = rustBreaches(metadata({ ...sound, 'millstream-new': [] }))
    assert.equal(breaches.length, 1)
    assert.match(breaches[0], /millstream-new has no rule/)
  })

  it('finds a file of the face that loads the binary past the loader', () => {
    const files = new Map([
      ['native.ts', `require('../native.cjs')`],
      ['index.ts', `export * from './native.js'`],
      ['sly.ts', `const x = require('../native.cjs')`],
      ['deep/slier.ts', `await import('@millstream/native-linux-x64-gnu')`],
    ])
    assert.deepEqual(faceBreaches(files), [
      'lib/sly.ts loads ../native.cjs: only lib/native.ts may',
      'lib/deep/slier.ts loads @millstream/native-linux-x64-gnu: only lib/native.ts may',
    ])
  })
})

describe('the hygiene lint', () => {
  // Put together here, so that this file passes the lint itself.
  const key = ['sk', 'proj', 'Ab3dEf6hIj9kLm2nOp5q'].join('-')
  const path = ['', 'home', 'ada', 'src', 'x.rs'].join('/')

  it('finds a key and does not repeat it', () => {
    const [breach] = breachesOf('a.md', `line\nuse ${key}`)
    assert.equal(breach, 'a.md:2: a key')
  })

  it('lets a key pass that says it is for tests', () => {
    assert.deepEqual(breachesOf('a.mjs', `sk-canary-${'0'.repeat(24)}`), [])
  })

  it("finds a machine's path", () => {
    assert.match(breachesOf('a.md', path)[0] ?? '', /a\.md:1: a path of somebody's machine/)
  })

  it('finds a host in a lock file', () => {
    const line = `${'"resolved"'}: "https://host.invalid/x.tgz"`
    assert.match(breachesOf('bench/package-lock.json', line)[0] ?? '', /where a package was fetched from/)
    assert.deepEqual(breachesOf('notes.json', line), [])
    assert.match(
      breachesOf('fuzz/Cargo.lock', 'source = "registry+https://host.invalid/index"')[0] ?? '',
      /where a crate/,
    )
  })

  it('finds a package that a lock file needs and does not lock', () => {
    const lock = (packages) => JSON.stringify({ packages })
    const tool = { version: '1.0.0', optionalDependencies: { '@tool/win32': '1.0.0' } }
    const whole = { '': {}, 'node_modules/tool': tool, 'node_modules/@tool/win32': { version: '1.0.0' } }
    assert.deepEqual(gapsOf('package-lock.json', lock(whole)), [])
    const nested = { '': {}, 'node_modules/a/node_modules/tool': tool, 'node_modules/a/node_modules/@tool/win32': {} }
    assert.deepEqual(gapsOf('package-lock.json', lock(nested)), [])
    assert.deepEqual(gapsOf('package-lock.json', lock({ '': {}, 'node_modules/tool': tool })), [
      'package-lock.json: node_modules/tool needs @tool/win32, which is not locked',
    ])
  })
})

describe('the locks lint', () => {
  it('finds a lock file that is older than its package', () => {
    const dependencies = { a: '1.0.0', b: '2.0.0' }
    const lock = JSON.stringify({ packages: { '': { dependencies, devDependencies: { c: '1.0.0' } } } })
    const stale = (manifest) => staleOf('package-lock.json', lock, JSON.stringify(manifest))
    assert.deepEqual(stale({ dependencies, devDependencies: { c: '1.0.0' }, peerDependencies: {} }), [])
    assert.deepEqual(stale({ dependencies: { a: '1.0.0', b: '2.0.1', d: '1.0.0' } }), [
      'package-lock.json: `dependencies` asks for b 2.0.1, the lock file knows 2.0.0',
      'package-lock.json: `dependencies` asks for d 1.0.0, the lock file knows nothing',
      'package-lock.json: `devDependencies` asks for c nothing, the lock file knows 1.0.0',
    ])
  })
})
