#!/usr/bin/env node
/**
 * The command line. Each command is a module of its own, loaded only when it is asked for: help and mistakes are
 * answered without the addon.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const HELP = `Usage: millstream <command> [options]

Commands:
  mock        Run a model provider on this machine that streams generated or recorded answers,
              at any pace, and breaks them in any way.

Options:
  -h, --help  Show this help, or a command's: millstream mock --help
  --version   Show the version
`

async function main(args: string[]): Promise<number> {
  const [command, ...rest] = args
  switch (command) {
    case 'mock':
      return (await import('./cli/mock.js')).mock(rest)
    case '-h':
    case '--help':
      process.stdout.write(HELP)
      return 0
    case '--version':
      process.stdout.write(`${version()}\n`)
      return 0
    case undefined:
      process.stderr.write(HELP)
      return 2
    default: {
      const kind = command.startsWith('-') ? 'option' : 'command'
      process.stderr.write(`millstream: unknown ${kind} '${command}'\n\n${HELP}`)
      return 2
    }
  }
}

function version(): string {
  const { version } = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')) as { version: string }
  return version
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    process.stderr.write(`millstream: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  },
)
