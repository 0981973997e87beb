/** Modules of Node that take milliseconds to load, and that much of what is done here never needs: loaded when asked for. */
export const http = lazily(() => require('node:http') as typeof import('node:http'))
export const net = lazily(() => require('node:net') as typeof import('node:net'))
export const streamPromises = lazily(() => require('node:stream/promises') as typeof import('node:stream/promises'))
export const zlib = lazily(() => require('node:zlib') as typeof import('node:zlib'))

function lazily<T>(load: () => T): () => T {
  let loaded: T | undefined
  return () => {
    loaded ??= load()
    return loaded
  }
}
