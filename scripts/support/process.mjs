// Runs the tools that the scripts stand on and shows that they are alive: quiet on success, everything on failure.
// Node builtins only: these run before anything is installed.
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

const onTerminal = process.stderr.isTTY === true && process.env.CI === undefined
const npmProgram = process.platform === 'win32' ? 'npm.cmd' : 'npm'

/** Seconds since `start` (a `performance.now()`), for people. */
export function since(start) {
  const seconds = (performance.now() - start) / 1000
  const whole = Math.round(seconds)
  return seconds < 90 ? `${seconds.toFixed(1)} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}

/**
 * Runs a program to its end.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, progress?: string, show?: boolean, allowFailure?: boolean, timeout?: number }} [options]
 *   `progress`: a title under which signs of life are shown while the output is kept back, to be shown on failure;
 *   `show`: the output goes straight through; `timeout` in milliseconds.
 * @returns {Promise<{ code: number, output: string }>}
 * @throws where the program fails, unless `allowFailure`.
 */
export async function run(command, args, options = {}) {
  const { cwd = root, env = {}, progress, show = false, allowFailure = false, timeout } = options
  const start = performance.now()
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: show ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    // npm is a batch file on Windows, which only a shell can run; the arguments are ours.
    shell: process.platform === 'win32' && command.endsWith('.cmd'),
  })
  const forget = passSignalsTo(child)
  const pulse = progress === undefined ? undefined : new Pulse(progress)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      output += text
      pulse?.heard(text)
    })
  }
  const clock = timeout === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), timeout)
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) => resolve(status ?? (signal === 'SIGINT' ? 130 : 1)))
  }).finally(() => {
    clearTimeout(clock)
    forget()
    pulse?.stop()
  })
  if (progress !== undefined) say(`${code === 0 ? '✓' : '✗'} ${progress} (${since(start)})`)
  if (code !== 0 && !allowFailure) {
    if (output !== '') process.stderr.write(output.endsWith('\n') ? output : `${output}\n`)
    throw new StepError(`${command} ${args.slice(0, 3).join(' ')} failed with status ${code}`, code)
  }
  return { code, output }
}

/** npm, as it is called on this platform. */
export function npm(args, options) {
  return run(npmProgram, args, options)
}

/** A program of `node_modules/.bin`. */
export function bin(name, args, options) {
  const file = join(root, 'node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name)
  return run(file, args, options)
}

/** A line for people; never mixed into what a program prints on standard output. */
export function say(line) {
  process.stderr.write(`${line}\n`)
}

/** A step that failed and has already shown why. */
export class StepError extends Error {
  constructor(message, code = 1) {
    super(message)
    this.code = code
  }
}

/** Runs a script's main function; a failed step ends it with one line and its status. */
export async function main(body) {
  try {
    await body()
  } catch (error) {
    say(error instanceof StepError ? `✗ ${error.message}` : (error?.stack ?? String(error)))
    process.exitCode = error instanceof StepError && error.code === 130 ? 130 : 1
  }
}

function passSignalsTo(child) {
  // A terminal sends its Ctrl-C to the whole group; a lone `kill` reaches only us.
  const pass = (signal) => child.kill(signal)
  process.on('SIGINT', pass).on('SIGTERM', pass)
  return () => process.off('SIGINT', pass).off('SIGTERM', pass)
}

/** One line that moves on a terminal; a line every ten seconds elsewhere. */
class Pulse {
  #title
  #start = performance.now()
  #compiled = 0
  #last = ''
  #timer

  constructor(title) {
    this.#title = title
    if (onTerminal) this.#draw()
    else say(`… ${title}`)
    this.#timer = setInterval(() => this.#draw(), onTerminal ? 200 : 10_000)
  }

  heard(text) {
    for (const [, name] of text.matchAll(/^\s*(?:Compiling|Checking|Documenting)\s+(\S+)/gm)) {
      this.#compiled++
      this.#last = name
    }
  }

  stop() {
    clearInterval(this.#timer)
    if (onTerminal) process.stderr.write('\r\x1b[2K')
  }

  #draw() {
    const crates = this.#compiled === 0 ? '' : ` · ${this.#compiled} crates, now ${this.#last}`
    const line = `… ${this.#title} · ${since(this.#start)}${crates}`
    if (onTerminal) process.stderr.write(`\r\x1b[2K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`)
    else say(line)
  }
}
