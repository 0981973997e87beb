// What every command needs before it can start: packages, the addon, the compiled face. Each is made only where it is
// missing or older than what it is made from, so that a second run starts at once. Node builtins only.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { npm, root, run, StepError, say } from './process.mjs'

/** Packages installed, addon and face built. */
export async function setUp() {
  await installPackages()
  await buildAddon()
  await buildFace()
}

/** `npm ci`, where what is installed differs from the lock file. */
export async function installPackages() {
  if (packagesAreCurrent()) return
  await npm(['ci', '--no-audit', '--no-fund'], { progress: 'installing packages' })
}

/**
 * The native addon, optimised but without link-time optimisation: it compiles in a fraction of the release build's
 * time. A newer binary of any profile (`npm run build` makes a release one) is left alone.
 */
export async function buildAddon() {
  const sources = [join(root, 'src'), ...crateSources(), ...topFiles('Cargo.toml', 'Cargo.lock', 'build.rs')]
  const binaries = addonFiles()
  const made =
    binaries.length > 0 && existsSync(join(root, 'native.cjs')) ? oldest([...binaries, join(root, 'native.cjs')]) : 0
  if (made > newest(sources)) return
  await needCargo()
  await run(process.execPath, napiArguments('ci'), {
    progress: made === 0 ? 'building the native engine (some minutes the first time)' : 'building the native engine',
  })
}

/** `lib/` compiled to `dist/`. */
export async function buildFace() {
  const sources = [
    join(root, 'lib'),
    join(root, 'scripts', 'build-lib.mjs'),
    ...topFiles('index.d.ts', 'testing.d.ts', 'tsconfig.json'),
  ]
  const stamp = join(root, 'dist', '.stamp')
  if (existsSync(stamp) && statSync(stamp).mtimeMs > newest(sources)) return
  await run(process.execPath, [join(root, 'scripts', 'build-lib.mjs')], { progress: 'compiling the TypeScript face' })
}

/** The arguments of Node that build the addon by a cargo profile. */
export function napiArguments(profile) {
  const napi = join(root, 'node_modules', '@napi-rs', 'cli', 'dist', 'cli.js')
  return [napi, 'build', '--platform', '--profile', profile, '--js', 'native.cjs', '--dts', 'native.d.ts']
}

/** The compiled addons in the root, as full paths. */
export function addonFiles() {
  return readdirSync(root)
    .filter((name) => /^millstream\..+\.node$/.test(name))
    .map((name) => join(root, name))
}

async function needCargo() {
  const found = await run('cargo', ['--version'], { allowFailure: true }).catch(() => undefined)
  if (found?.code !== 0) {
    throw new StepError('cargo is not on the PATH: the native engine needs a Rust toolchain (rustup.rs) to be built')
  }
}

function packagesAreCurrent() {
  const installed = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installed)) return false
  const have = JSON.parse(readFileSync(installed, 'utf8')).packages
  const want = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  // Optional packages are those of other platforms, absent by right.
  const missing = Object.entries(want).find(
    ([path, { version, optional }]) => path !== '' && optional !== true && have[path]?.version !== version,
  )
  if (missing !== undefined) say(`${missing[0]} is not installed as the lock file says`)
  return missing === undefined
}

function crateSources() {
  const crates = join(root, 'crates')
  return readdirSync(crates).flatMap((name) => [join(crates, name, 'src'), join(crates, name, 'Cargo.toml')])
}

function topFiles(...names) {
  return names.map((name) => join(root, name)).filter((path) => existsSync(path))
}

/** When the youngest file at or under the paths changed, in milliseconds since the epoch. */
function newest(paths) {
  let latest = 0
  for (const path of paths) {
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined) continue
    latest = Math.max(
      latest,
      stat.isDirectory() ? newest(readdirSync(path).map((name) => join(path, name))) : stat.mtimeMs,
    )
  }
  return latest
}

function oldest(files) {
  return Math.min(...files.map((file) => statSync(file).mtimeMs))
}
