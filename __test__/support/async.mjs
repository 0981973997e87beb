// Waiting, and reading to the end.
import { setTimeout as pause } from 'node:timers/promises'

/** Waits until `condition()` holds, and gives what it gave. */
export async function until(condition, what = 'the condition', timeout = 8000) {
  for (const end = Date.now() + timeout; Date.now() < end; await pause(5)) {
    const value = condition()
    if (value) return value
  }
  throw new Error(`Waited ${timeout} ms in vain for ${what}`)
}

/** Everything that an iterable gives. */
export async function readAll(iterable) {
  const items = []
  for await (const item of iterable) items.push(item)
  return items
}

export { pause }
