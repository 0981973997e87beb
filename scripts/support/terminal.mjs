// The demo's picture: the answer as it arrives, and on a terminal a status line below it that keeps counting.

const esc = '\x1b'

export class Terminal {
  #out = process.stdout
  #live
  #start = performance.now()
  #first
  #last
  #tokens = 0
  #note = ''
  #timer
  #open = true

  constructor(prompt) {
    this.#live = this.#out.isTTY === true && process.env.TERM !== 'dumb' && (this.#out.rows ?? 0) > 4
    this.#out.write(`> ${prompt}\n\n`)
    if (!this.#live) return
    this.#claimLastRow()
    this.#out.on('resize', this.#claimLastRow)
    this.#timer = setInterval(() => this.#draw(), 100)
    this.#draw()
  }

  token(text) {
    this.#last = performance.now()
    this.#first ??= this.#last
    this.#tokens++
    this.#out.write(text)
  }

  /** A word beside the counts. */
  note(text) {
    this.#note = ` · ${text}`
    if (!this.#live) process.stderr.write(`(${text})\n`)
  }

  /** Gives the whole screen back. */
  close() {
    if (!this.#open) return
    this.#open = false
    if (this.#live) {
      clearInterval(this.#timer)
      this.#out.off('resize', this.#claimLastRow)
      // Clear the status row, scroll freely again, stay where the text ended.
      this.#out.write(`${esc}7${esc}[${this.#out.rows};1H${esc}[2K${esc}[r${esc}8`)
    }
    this.#out.write('\n')
  }

  /** What the answer came to. */
  report(usage, interrupted) {
    const lines = [
      [
        'tokens',
        `${this.#tokens}${interrupted ? ' (stopped)' : this.#tokens === 0 ? ' (an answer without text)' : ''}`,
      ],
      ['first token', this.#first === undefined ? 'none' : `${(this.#first - this.#start).toFixed(0)} ms`],
      ['rate', `${this.#rate()} tokens/s`],
      ['usage', describeUsage(usage)],
    ]
    this.#out.write(`\n${lines.map(([name, value]) => `  ${name.padEnd(12)} ${value}`).join('\n')}\n`)
  }

  #rate() {
    const seconds = ((this.#last ?? 0) - (this.#first ?? 0)) / 1000
    // The first token opens the interval that the others fill.
    return seconds > 0 ? ((this.#tokens - 1) / seconds).toFixed(1) : '–'
  }

  #draw() {
    const seconds = ((performance.now() - this.#start) / 1000).toFixed(1)
    const first = this.#first === undefined ? 'waiting' : `first after ${(this.#first - this.#start).toFixed(0)} ms`
    const status = ` ${this.#tokens} tokens · ${this.#rate()} tokens/s · ${first} · ${seconds} s${this.#note}`
    const line = status.slice(0, this.#out.columns).padEnd(this.#out.columns)
    this.#out.write(`${esc}7${esc}[${this.#out.rows};1H${esc}[7m${line}${esc}[0m${esc}8`)
  }

  // The answer scrolls in the rows above; the last one is the status line's.
  #claimLastRow = () => {
    const rows = this.#out.rows
    // Down and up again without a change of column, so that the cursor is not in the last row; then the region, whose
    // setting moves the cursor home.
    this.#out.write(`${esc}D${esc}[A${esc}7${esc}[1;${rows - 1}r${esc}8`)
  }
}

function describeUsage(usage) {
  if (usage === undefined || !(usage.totalTokens > 0)) return 'not reported'
  return `${usage.promptTokens} prompt + ${usage.completionTokens} completion = ${usage.totalTokens}`
}
