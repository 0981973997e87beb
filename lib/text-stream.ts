/**
 * The text of an answer, piece by piece, or gathered into larger pieces for whoever draws them. What always holds: the
 * pieces put together are the text; what was gathered when a failure came is given before it is thrown.
 */
import { checkBoolean, checkInteger, checkObject } from './check.js'

/**
 * The pieces of a text. Each loop begins at the first.
 *
 * @example
 * const pieces: TextStream = result.textStream
 * for await (const piece of pieces) process.stdout.write(piece)
 */
export interface TextStream extends AsyncIterable<string> {
  /** Larger pieces, for a user interface that need not be drawn at each token. */
  buffered(options?: TextBufferOptions): AsyncIterable<string>
}

/**
 * When a gathered piece is given.
 *
 * @example
 * for await (const piece of result.textStream.buffered({ maxChars: 200, onNewline: false })) console.log(piece)
 */
export interface TextBufferOptions {
  /** As soon as it has more characters (UTF-16 units) than this. Default 100. */
  maxChars?: number
  /** As soon as there is a line break in it. Default true. */
  onNewline?: boolean
}

/** @throws ValidationError */
export function bufferText(source: AsyncIterable<string>, options: TextBufferOptions = {}): AsyncIterable<string> {
  checkObject(options, 'options', ['maxChars', 'onNewline'])
  const maxChars = checkInteger(options.maxChars ?? 100, 'maxChars', 0)
  const onNewline = checkBoolean(options.onNewline ?? true, 'onNewline')
  return {
    async *[Symbol.asyncIterator]() {
      let gathered = ''
      try {
        for await (const piece of source) {
          gathered += piece
          if (gathered.length <= maxChars && !(onNewline && piece.includes('\n'))) continue
          const whole = gathered
          gathered = ''
          yield whole
        }
      } catch (error) {
        if (gathered !== '') yield gathered
        throw error
      }
      if (gathered !== '') yield gathered
    },
  }
}
