// Writes the public surface (`index.d.ts`, `testing.d.ts`) from `lib/`, or with `--check` fails where it drifted.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { main, root, StepError, say } from './support/process.mjs'
import { bundledDeclarations } from './support/surface.mjs'

await main(async () => {
  const check = process.argv.includes('--check')
  const drifted = []
  for (const [name, text] of bundledDeclarations()) {
    const path = join(root, name)
    const old = existsSync(path) ? readFileSync(path, 'utf8') : ''
    if (old === text) continue
    if (!check) writeFileSync(path, text)
    drifted.push(`${name}: ${firstDifference(old, text)}`)
  }
  for (const line of drifted) say(line)
  if (check && drifted.length > 0)
    throw new StepError('the checked-in declarations differ from lib/: run `npm run types`')
})

function firstDifference(old, text) {
  const before = old.split('\n')
  const after = text.split('\n')
  const at = after.findIndex((line, index) => line !== before[index])
  const line = at === -1 ? after.length : at
  return `line ${line + 1}: ${JSON.stringify(before[line] ?? '')} → ${JSON.stringify(after[line] ?? '')}`
}
