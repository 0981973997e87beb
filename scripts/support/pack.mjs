// Packs what npm would upload: the package itself, and the platform package that carries this machine's binary.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { npm, root, StepError } from './process.mjs'
import { addonFiles } from './setup.mjs'

/** The package, without any binary, as npm would upload it. */
export async function packMain() {
  const out = mkdtempSync(join(tmpdir(), 'millstream-pack-'))
  return { tarball: await pack(root, out), dispose: () => rmSync(out, { recursive: true, force: true }) }
}

/** The package and this machine's platform package. */
export async function packBoth() {
  const out = mkdtempSync(join(tmpdir(), 'millstream-pack-'))
  const [addon, ...more] = addonFiles()
  if (addon === undefined) throw new StepError('there is no compiled addon to pack: run `npm run build`')
  if (more.length > 0)
    throw new StepError(
      `several compiled addons, only one can be this machine's: remove one of ${[addon, ...more].map((path) => basename(path)).join(', ')}`,
    )
  const platform = basename(addon).replace(/^millstream\.(.+)\.node$/, '$1')

  // In a copy, so that no binary ever lies in the checked-in folder by accident.
  const staged = join(out, platform)
  mkdirSync(staged)
  copyFileSync(join(root, 'npm', platform, 'package.json'), join(staged, 'package.json'))
  copyFileSync(addon, join(staged, basename(addon)))
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const manifest = JSON.parse(readFileSync(join(staged, 'package.json'), 'utf8'))
  writeFileSync(join(staged, 'package.json'), `${JSON.stringify({ ...manifest, version }, null, 2)}\n`)

  return {
    tarball: await pack(root, out),
    platformTarball: await pack(staged, out),
    platformPackage: manifest.name,
    dispose: () => rmSync(out, { recursive: true, force: true }),
  }
}

async function pack(folder, out) {
  const { output } = await npm(['pack', '--json', '--ignore-scripts', '--pack-destination', out], { cwd: folder })
  const [{ filename }] = JSON.parse(output.slice(output.indexOf('[')))
  return join(out, filename)
}
