/**
 * The clients that a server under test streams to: `bench/load`, built when it is first needed, one process per run, so
 * that its CPU counts for nobody.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../load/', import.meta.url))
let program

/** Path of the program. Cargo says where it has put it, since `CARGO_TARGET_DIR` may be set. */
export function loadProgram() {
  if (program !== undefined) return program
  process.stderr.write('Building the load client …\n')
  const args = ['build', '--release', '--locked', '--message-format=json']
  const { status, stdout } = spawnSync('cargo', args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error(`\`cargo ${args.join(' ')}\` failed in bench/load`)
  const messages = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
  program = messages.findLast(({ executable }) => executable)?.executable
  if (!program) throw new Error('Cargo built no program in bench/load')
  return program
}

/** A certificate for 127.0.0.1 and its key, both PEM, good for this run alone. */
export function makeCertificate() {
  const { status, stdout } = spawnSync(loadProgram(), ['certificate'], { encoding: 'utf8' })
  if (status !== 0) throw new Error('The load client made no certificate')
  return JSON.parse(stdout)
}

/**
 * Opens streams as `job` says (`bench/load/src/job.rs`). `begun` resolves once every stream has had a token, `ending`
 * when the first one ends, `report` when all have; each rejects where the clients go before.
 */
export function startLoad(job) {
  const child = spawn(loadProgram(), { stdio: ['pipe', 'pipe', 'inherit'] })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const gone = once(child, 'exit').finally(() => process.off('exit', kill))
  const lines = createInterface({ input: child.stdout })
  const said = new Map()
  const closed = once(lines, 'close')
  const told = (event) => {
    const heard = new Promise((resolve) => said.set(event, resolve))
    const missed = closed.then(() => {
      throw new Error(`The load client ended before all streams were ${event}`)
    })
    const either = Promise.race([heard, missed])
    // Not every run waits for all of them.
    either.catch(() => {})
    return either
  }
  const begun = told('begun')
  const ending = told('ending')
  const report = told('report')
  lines.on('line', (line) => {
    const message = JSON.parse(line)
    said.get(message.event)?.(message)
  })
  child.stdin.end(`${JSON.stringify(job)}\n`)
  return {
    begun,
    ending,
    report,
    async stop() {
      kill()
      await gone
    },
  }
}

/** How many tokens had come at a moment (milliseconds since 1970), by a report's timeline. */
export function tokensAt(timeline, moment) {
  const after = timeline.findIndex(([at]) => at >= moment)
  if (after < 0) return timeline.at(-1)?.[1] ?? 0
  if (after === 0) return timeline[0][1]
  const [fromAt, from] = timeline[after - 1]
  const [toAt, to] = timeline[after]
  return toAt === fromAt ? to : from + ((to - from) * (moment - fromAt)) / (toAt - fromAt)
}
