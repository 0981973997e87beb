/**
 * Small pieces of text gathered into larger ones. What always holds: the text is the same; no character as a reader sees
 * it (a grapheme cluster, Unicode UAX #29) is cut in two by a piece's end; nothing waits longer than it is told to, but for
 * the last character, which may still grow.
 */

/** When what was gathered is given, whichever comes first. */
export interface GatherLimits {
  /** So many characters (UTF-16 units). */
  chars?: number
  /** So many bytes of UTF-8. */
  bytes?: number
}

/** Marks without end behind one letter are no character any more: longer ones are cut, so that memory stays bounded. */
const longestCharacter = 65_536

const segmenter = new Intl.Segmenter()

export class Gatherer {
  readonly #limits: GatherLimits
  #text = ''
  /** Bytes of what was gathered, where they count. */
  #bytes = 0
  /** Of how much text it is known that it is too little. */
  #vain = 0

  constructor(limits: GatherLimits) {
    this.#limits = limits
  }

  /** Takes a piece. Gives what is to be given now, if anything. */
  add(piece: string): string | undefined {
    this.#text += piece
    const { chars = 0, bytes = 0 } = this.#limits
    if (bytes > 0) this.#bytes += Buffer.byteLength(piece)
    if (this.#text.length <= this.#vain) return undefined
    if (this.#text.length < chars || this.#bytes < bytes) return undefined
    const end = this.#boundary()
    const enough = end > 0 && end >= chars && (bytes === 0 || Buffer.byteLength(this.#text.slice(0, end)) >= bytes)
    if (enough) return this.#take(end)
    // Looked at again when the last character is half as long again, so that the work stays linear in the text.
    this.#vain = end + Math.floor((this.#text.length - end) * 1.5)
    return this.#text.length > longestCharacter ? this.rest() : undefined
  }

  /** All that is certain not to grow, because its time has come. */
  flush(): string | undefined {
    const end = this.#boundary()
    return end > 0 ? this.#take(end) : undefined
  }

  /** All there is, because nothing follows. */
  rest(): string | undefined {
    return this.#text === '' ? undefined : this.#take(this.#text.length)
  }

  /** Whether there is more than a character that may still grow. */
  get isWaiting(): boolean {
    return this.#text.length > 1 && this.#boundary() > 0
  }

  /** Where the last character begins. */
  #boundary(): number {
    return segmenter.segment(this.#text).containing(this.#text.length - 1)?.index ?? 0
  }

  #take(end: number): string {
    const taken = this.#text.slice(0, end)
    this.#text = this.#text.slice(end)
    this.#bytes = this.#limits.bytes === undefined ? 0 : Buffer.byteLength(this.#text)
    this.#vain = 0
    return taken
  }
}
