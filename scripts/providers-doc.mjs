// Writes `docs/providers.md` from the table of providers, or with `--check` fails where it drifted. The table is read as
// built (`node scripts/build-lib.mjs`).
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { main, root, StepError, say } from './support/process.mjs'
import { providersDocument } from './support/providers-document.mjs'

await main(async () => {
  const path = join(root, 'docs', 'providers.md')
  const old = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const text = providersDocument()
  if (old === text) return
  if (process.argv.includes('--check')) {
    throw new StepError('docs/providers.md differs from lib/providers/table.ts: run `npm run docs:providers`')
  }
  writeFileSync(path, text)
  say('docs/providers.md')
})
