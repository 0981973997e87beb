/** The native side of counting. An encoding's table is read from its file when it is first used, once in a process. */
import { join } from 'node:path'
import { binding, type NativeBinding } from '../native.js'
import type { EncodingName } from './encodings.js'

/** A counter on the native side, freed when it is collected. */
declare const nativeCounter: unique symbol
export type NativeCounter = { readonly [nativeCounter]: never }

declare module '../native.js' {
  /** `src/tokens.rs`. */
  interface NativeBinding {
    tokensLoad(encoding: string, file: string): number
    tokensCount(encoding: string, text: string): number
    tokensCounter(encoding: string): NativeCounter
    tokensPush(counter: NativeCounter, text: string): void
    tokensTotal(counter: NativeCounter, text: string): number
  }
}

/** Seen from `dist/millstream.js`, which all of `lib/` becomes. Written out, so that bundlers that trace files find them. */
const files: Record<EncodingName, () => string> = {
  o200k_base: () => join(__dirname, '../tables/o200k_base.bpe'),
  o200k_harmony: () => join(__dirname, '../tables/o200k_base.bpe'),
  cl100k_base: () => join(__dirname, '../tables/cl100k_base.bpe'),
  p50k_base: () => join(__dirname, '../tables/p50k_base.bpe'),
  r50k_base: () => join(__dirname, '../tables/p50k_base.bpe'),
}

const loaded = new Set<EncodingName>()

/** The binding, with the table of an encoding in memory. */
export function withEncoding(encoding: EncodingName): NativeBinding {
  const native = binding()
  if (!loaded.has(encoding)) {
    native.tokensLoad(encoding, files[encoding]())
    loaded.add(encoding)
  }
  return native
}
