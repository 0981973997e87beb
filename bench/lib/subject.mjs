/**
 * Processes under test, seen from the driver: one child per subject, asked for one piece of work at a time over IPC, and
 * surely gone at the end.
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const running = new Set()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts `subjects/<name>.mjs` with `args`; `ask` sends one request and resolves with its answer. */
export function startSubject(name, args = [], execArgv = []) {
  const file = fileURLToPath(new URL(`../subjects/${name}.mjs`, import.meta.url))
  const child = fork(file, args, { execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  running.add(child)
  const ended = new Promise((resolve) => child.once('exit', resolve))
  ended.then(() => running.delete(child))
  return {
    pid: child.pid,
    ask(request, timeout) {
      return new Promise((resolve, reject) => {
        const settle = (act) => (value) => {
          clearTimeout(timer)
          child.off('message', onMessage)
          child.off('exit', onExit)
          act(value)
        }
        const onMessage = settle((answer) => ('failed' in answer ? reject(new Error(answer.failed)) : resolve(answer)))
        const onExit = settle((code) => reject(new Error(`${name} ${args.join(' ')} ended with code ${code}`)))
        const onTimeout = settle(() =>
          reject(new Error(`${name} ${args.join(' ')} did not answer within ${timeout} ms`)),
        )
        const timer = setTimeout(onTimeout, timeout)
        child.on('message', onMessage)
        child.on('exit', onExit)
        child.send(request)
      })
    },
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** In the child: answers each request with what `work` resolves to. */
export function serve(work) {
  process.on('message', async (request) => {
    try {
      process.send(await work(request))
    } catch (error) {
      process.send({ failed: error?.stack ?? String(error) })
    }
  })
  process.once('disconnect', () => process.exit(0))
}
