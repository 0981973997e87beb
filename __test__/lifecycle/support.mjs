/** For the child processes of the lifecycle tests: what they are told, and how they report. */
export const url = process.argv[2] ?? ''

/** Tells the parent something; it reads one JSON object a line. */
export function report(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
