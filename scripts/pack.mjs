// `npm run pack`: what would be published for this machine, as tarballs to install elsewhere: the package, and the
// platform package with the addon as it was last built. `-- FOLDER` says where they go (default: the current one).
import { copyFileSync, mkdirSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { packBoth } from './support/pack.mjs'
import { main, say } from './support/process.mjs'
import { setUp } from './support/setup.mjs'

await main(async () => {
  const folder = resolve(process.env.INIT_CWD ?? '.', process.argv[2] ?? '.')
  await setUp()
  const packed = await packBoth()
  try {
    mkdirSync(folder, { recursive: true })
    const tarballs = [packed.tarball, packed.platformTarball].map((path) => {
      const target = join(folder, basename(path))
      copyFileSync(path, target)
      return target
    })
    say(`npm install ${tarballs.join(' ')}`)
  } finally {
    packed.dispose()
  }
})
