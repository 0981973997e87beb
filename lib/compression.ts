/**
 * Compression of answers that are still being written: which coding a client takes ({@link negotiateEncoding}), and a
 * {@link Compressor} that hands out the bytes of every event as soon as it is told of it.
 *
 * What always holds: whatever was written can be read by the client once the compressor has come to it, without anything
 * that follows; what is written while it is at work goes in one piece afterwards, so that the cost per event falls as the
 * load rises; what waits is counted, and `needDrain` says when it is enough.
 */
import type { Transform } from 'node:stream'
import { zlib } from './node.js'

/** A content coding for streams. No `deflate`: browsers never agreed on what it is. */
export type Encoding = 'br' | 'gzip' | 'zstd'

/** Not in every Node. */
interface Zstd {
  createZstdCompress?(options: { flush: number; params: Record<number, number> }): Transform
  constants: { ZSTD_e_flush?: number; ZSTD_c_compressionLevel?: number; ZSTD_c_windowLog?: number }
}

/** The smaller an answer becomes, flushed after every event, the better. */
function preferred(): readonly Encoding[] {
  return (zlib() as Zstd).createZstdCompress === undefined ? ['br', 'gzip'] : ['br', 'zstd', 'gzip']
}

/**
 * The coding to use for a client with this `Accept-Encoding` (RFC 9110 §12.5.3): of those it likes best the one that
 * compresses best; `undefined` where it takes none of ours, or likes none better than the plain text.
 */
export function negotiateEncoding(acceptEncoding: string | undefined): Encoding | undefined {
  if (acceptEncoding === undefined) return undefined
  const qualities = new Map<string, number>()
  for (const item of acceptEncoding.split(',')) {
    const [coding = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase())
    if (coding === '') continue
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    const quality = weight === undefined ? 1 : Number(weight.slice(2))
    // What can't be read is not asked for.
    qualities.set(coding === 'x-gzip' ? 'gzip' : coding, quality >= 0 && quality <= 1 ? quality : 0)
  }
  const any = qualities.get('*') ?? 0
  let best: Encoding | undefined
  let most = qualities.get('identity') ?? 0
  for (const encoding of preferred()) {
    const quality = qualities.get(encoding) ?? any
    if (quality > most || (quality === most && quality > 0 && best === undefined)) {
      best = encoding
      most = quality
    }
  }
  return best
}

/**
 * Flushed after every write. The windows are small, since answers are short and every client has one: measured, gzip takes
 * a quarter of a megabyte, brotli somewhat more than half.
 */
function createStream(encoding: Encoding): Transform {
  const { constants, createBrotliCompress, createGzip } = zlib()
  switch (encoding) {
    case 'gzip':
      return createGzip({ flush: constants.Z_SYNC_FLUSH })
    case 'br':
      return createBrotliCompress({
        flush: constants.BROTLI_OPERATION_FLUSH,
        params: {
          [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
          [constants.BROTLI_PARAM_QUALITY]: 4,
          [constants.BROTLI_PARAM_LGWIN]: 16,
        },
      })
    case 'zstd': {
      const { createZstdCompress, constants: zstd } = zlib() as Zstd
      // Negotiated only where it is there.
      return (createZstdCompress as NonNullable<Zstd['createZstdCompress']>)({
        flush: zstd.ZSTD_e_flush as number,
        params: { [zstd.ZSTD_c_compressionLevel as number]: 3, [zstd.ZSTD_c_windowLog as number]: 16 },
      })
    }
  }
}

/** Told of what a {@link Compressor} makes. Never called from within one of its methods. */
export interface CompressorListener {
  data(bytes: Buffer): void
  /** Enough was taken on: `needDrain` is false again. Called only after it was true. */
  drain(): void
  /** All is out. Nothing follows. */
  end(): void
  /** Nothing follows. */
  error(error: Error): void
}

/** Bytes that may wait, as in a socket of Node. */
const highWaterMark = 16 * 1024

/** Compresses one answer. */
export class Compressor {
  readonly #stream: Transform
  readonly #listener: CompressorListener
  #waiting: (string | Uint8Array)[] = []
  /** Bytes that wait or are being compressed. */
  #size = 0
  #working = false
  #full = false
  #ending = false
  #over = false

  constructor(encoding: Encoding, listener: CompressorListener) {
    this.#listener = listener
    this.#stream = createStream(encoding)
    this.#stream.on('data', (bytes: Buffer) => this.#over || listener.data(bytes))
    this.#stream.on('end', () => {
      if (this.#over) return
      this.#over = true
      listener.end()
    })
    this.#stream.on('error', (error) => {
      if (this.#over) return
      this.#over = true
      listener.error(error)
    })
  }

  /** Takes a whole event, or several. False: enough waits, go on after `drain`. Nothing is ever refused. */
  write(chunk: string | Uint8Array): boolean {
    if (this.#over || this.#ending) return true
    this.#waiting.push(chunk)
    this.#size += typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.byteLength
    this.#full ||= this.#size >= highWaterMark
    this.#soon()
    return !this.#full
  }

  /** Whether to wait for `drain`. */
  get needDrain(): boolean {
    return this.#full
  }

  /** No more `data` until {@link Compressor.resume}: the client takes none. */
  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }

  /** Compresses what waits and closes the coding. `end` follows. */
  end(): void {
    if (this.#over || this.#ending) return
    this.#ending = true
    this.#soon()
  }

  /** Frees everything. Nothing follows. */
  destroy(): void {
    this.#over = true
    this.#waiting = []
    this.#size = 0
    this.#full = false
    this.#stream.destroy()
  }

  /** What comes within one tick goes together. */
  #soon(): void {
    if (this.#working) return
    this.#working = true
    process.nextTick(() => this.#next())
  }

  #next(): void {
    if (this.#over) return
    const { length } = this.#waiting
    if (length === 0) {
      this.#working = false
      if (this.#ending) this.#stream.end()
      return
    }
    const batch =
      length === 1
        ? (this.#waiting[0] as string | Uint8Array)
        : Buffer.concat(this.#waiting.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk)))
    this.#waiting = []
    const size = typeof batch === 'string' ? Buffer.byteLength(batch) : batch.byteLength
    this.#stream.write(batch, () => {
      if (this.#over) return
      this.#size -= size
      if (this.#full && this.#size < highWaterMark) {
        this.#full = false
        this.#listener.drain()
      }
      this.#next()
    })
  }
}
