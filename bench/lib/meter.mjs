/**
 * What a stretch of work cost this process: the main thread's CPU, the whole process's CPU, and how busy the event loop
 * was. Runs in the process under test.
 */
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'

/** The main thread's time on a CPU so far, in µs. Its own thread id equals the process id on Linux. */
function mainThreadMicros() {
  if (process.threadCpuUsage) {
    const { user, system } = process.threadCpuUsage()
    return user + system
  }
  const text = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1')
  return Number(text.slice(0, text.indexOf(' '))) / 1000
}

/** A point in time and CPU. `tokens` is whatever the caller has counted so far. */
export function mark(tokens) {
  const { user, system } = process.cpuUsage()
  return {
    at: performance.now(),
    main: mainThreadMicros(),
    process: user + system,
    loop: performance.eventLoopUtilization(),
    tokens,
  }
}

/** What lies between two marks: µs per token of the main thread and of the process, tokens per second, loop busy 0..1. */
export function between(from, to) {
  const tokens = to.tokens - from.tokens
  const seconds = (to.at - from.at) / 1000
  return {
    tokens,
    seconds,
    mainPerToken: (to.main - from.main) / tokens,
    processPerToken: (to.process - from.process) / tokens,
    tokensPerSecond: tokens / seconds,
    loopBusy: performance.eventLoopUtilization(to.loop, from.loop).utilization,
  }
}
