/**
 * The text of an answer as the generator that apps of this face iterate. What always holds: every loop gets the whole
 * text, whoever read it before; leaving a loop closes the connection where nobody else reads.
 */

type Step = IteratorResult<string, void>

/**
 * A generator over a text that can be read from its beginning any number of times: the first loop goes on where `next()`
 * left off, each later one begins anew. Nothing is opened before somebody reads.
 */
export class ReplayableText implements AsyncGenerator<string, void, unknown> {
  readonly #text: AsyncIterable<string>
  #reader: AsyncIterator<string> | undefined
  #looped = false

  constructor(text: AsyncIterable<string>) {
    this.#text = text
  }

  // `async`, so that a text that can be read only once refuses by a rejection.
  async next(): Promise<Step> {
    return this.#open().next() as Promise<Step>
  }

  async return(value?: void | PromiseLike<void>): Promise<Step> {
    await this.#open().return?.()
    return { done: true, value: await value }
  }

  async throw(error: unknown): Promise<Step> {
    await this.return()
    throw error
  }

  [Symbol.asyncIterator](): ReplayableText {
    if (this.#looped) return new ReplayableText(this.#text)[Symbol.asyncIterator]()
    this.#looped = true
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  #open(): AsyncIterator<string> {
    this.#reader ??= this.#text[Symbol.asyncIterator]()
    return this.#reader
  }
}
