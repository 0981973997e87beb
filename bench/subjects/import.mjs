/** A fresh process that imports the modules named on its command line and says how long it took and how big it is then. */
import { performance } from 'node:perf_hooks'

const begin = performance.now()
for (const specifier of process.argv.slice(2)) await import(specifier)
const milliseconds = performance.now() - begin
process.stdout.write(JSON.stringify({ milliseconds, rss: process.memoryUsage.rss() }))
