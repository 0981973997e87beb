// An nginx to test with: the machine's own, or Debian's package unpacked into a folder. Nothing is installed, and no
// service is started.
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { run, say } from './process.mjs'

/**
 * @param {string} folder for what is fetched
 * @returns {Promise<string | undefined>} the program, or nothing where there is none to be had; then it has said so
 */
export async function findNginx(folder) {
  if (await works('nginx')) return 'nginx'
  const unpacked = join(folder, 'nginx')
  const program = join(unpacked, 'usr', 'sbin', 'nginx')
  mkdirSync(unpacked, { recursive: true })
  try {
    if (await download(unpacked)) {
      const archive = readdirSync(unpacked).find((name) => name.endsWith('.deb'))
      await run('dpkg-deb', ['-x', join(unpacked, archive), unpacked])
      if (existsSync(program) && (await works(program))) return program
    }
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  say('There is no nginx here, and none that apt-get could fetch: the tests behind nginx are skipped.')
  return undefined
}

async function download(folder) {
  const fetch = (...options) =>
    run('apt-get', [...options, 'download', 'nginx'], { cwd: folder, allowFailure: true, timeout: 60_000 })
  if ((await fetch()).code === 0) return true
  // A machine that has never listed its packages lists them here.
  const own = ['-o', `Dir::State::lists=${folder}/lists`, '-o', `Dir::Cache=${folder}/cache`]
  for (const name of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(folder, name), { recursive: true })
  const listed = await run('apt-get', [...own, 'update'], { cwd: folder, allowFailure: true, timeout: 120_000 })
  return listed.code === 0 && (await fetch(...own)).code === 0
}

async function works(program) {
  const found = await run(program, ['-v'], { allowFailure: true }).catch(() => undefined)
  return found?.code === 0
}
