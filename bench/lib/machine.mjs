/** Where and with what a run was taken. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { productRoot, productVersion } from './product.mjs'

/** Express comes from the product's own tests. */
const PACKAGES = ['openai', 'ai', '@ai-sdk/openai', 'eventsource-parser', 'express']

function git(...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: productRoot, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : null
}

export function describeMachine() {
  const versions = Object.fromEntries(
    PACKAGES.map((name) => {
      const folders = ['../node_modules', '../../node_modules'].map((folder) => new URL(folder, import.meta.url))
      const manifest = folders.map(({ pathname }) => `${pathname}/${name}/package.json`).find(existsSync)
      return [name, manifest ? JSON.parse(readFileSync(manifest, 'utf8')).version : 'absent']
    }),
  )
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${process.arch}`,
    load: loadavg()[0],
    node: process.version,
    versions: { millstream: productVersion, ...versions },
    commit: git('rev-parse', 'HEAD'),
    changed: git('status', '--porcelain') !== '',
  }
}

/** One line for a reader: date, machine, versions. */
export function machineLine({ date, cpu, cores, memoryGiB, system, node, versions }) {
  const packages = Object.entries(versions).map(([name, version]) => `\`${name}\` ${version}`)
  return `${date.slice(0, 10)}, ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}; ${packages.join(', ')}.`
}
