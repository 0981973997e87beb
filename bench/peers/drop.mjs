/** `http.request`, bytes read and dropped: the floor under everything that is read through Node. Nothing is parsed. */
import { client } from './http-request.mjs'

/** Counts bytes, so its runs are checked by the length of the body and not by its text. */
export const countsBytes = true

export function create(base) {
  const post = client(base)
  return (seed, sink) => post(seed, (response) => response.on('data', (bytes) => sink.bytesRead(bytes.length)))
}
