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

/** Marks without end behind one letter are no character any more: they are cut, so that memory stays bounded. */
const longestCharacter = 65_536

const segmenter = new Intl.Segmenter()

export class Gatherer {
  readonly #chars: number
  readonly #bytes: number
  #text = ''
  /** Its bytes, where they count. */
  #size = 0
  /** Of how much text it is known that it ends within a character. */
  #vain = 0

  constructor({ chars = 0, bytes = 0 }: GatherLimits) {
    this.#chars = chars
    this.#bytes = bytes
  }

  /** Takes a piece. Gives what was gathered before it, if that was enough and the piece doesn't go on with its last character. */
  add(piece: string): string | undefined {
    const end = this.#text.length
    const enough = end > this.#vain && end >= this.#chars && this.#size >= this.#bytes
    this.#text += piece
    if (this.#bytes > 0) this.#size += Buffer.byteLength(piece)
    if (!enough || piece === '') return undefined
    if (this.#characterAt(end) === end || end > this.#chars + this.#bytes + longestCharacter) return this.#take(end)
    // Looked at again when there is half as much more, so that the work stays linear in the text.
    this.#vain = Math.ceil(end * 1.5)
    return undefined
  }

  /** All that is certain not to grow, because its time has come. */
  flush(): string | undefined {
    const end = this.#characterAt(this.#text.length - 1)
    return end > 0 ? this.#take(end) : undefined
  }

  /** All there is, because nothing follows. */
  rest(): string | undefined {
    return this.#text === '' ? undefined : this.#take(this.#text.length)
  }

  /** Whether there is more than a character that may still grow. */
  get isWaiting(): boolean {
    return this.#text.length > 1 && this.#characterAt(this.#text.length - 1) > 0
  }

  /** Where the character begins that has this place in it. */
  #characterAt(place: number): number {
    return segmenter.segment(this.#text).containing(place)?.index ?? 0
  }

  #take(end: number): string {
    const taken = this.#text.slice(0, end)
    this.#text = this.#text.slice(end)
    this.#size = this.#bytes > 0 ? Buffer.byteLength(this.#text) : 0
    this.#vain = 0
    return taken
  }
}
