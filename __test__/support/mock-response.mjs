// The least a response can be, and what was written on it.

export function mockResponse() {
  return {
    headers: {},
    frames: [],
    listeners: {},
    ended: 0,
    setHeader(name, value) {
      this.headers[name] = value
    },
    writeHead(status) {
      this.status = status
    },
    write(chunk) {
      this.frames.push(chunk)
      return true
    },
    end(chunk) {
      if (chunk !== undefined) this.frames.push(chunk)
      this.ended++
    },
    on(event, listener) {
      this.listeners[event] = listener
    },
  }
}

/** A frame as its fields. */
export function parseFrame(frame) {
  const fields = Object.fromEntries(
    frame
      .trimEnd()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  )
  return { event: fields.event, id: fields.id, data: JSON.parse(fields.data) }
}

/** The frames of a whole body, without its comments. */
export function parseFrames(text) {
  return text
    .split('\n\n')
    .filter((frame) => frame !== '' && !frame.startsWith(':'))
    .map(parseFrame)
}

/** The text of an answer's frames. */
export function textIn(frames) {
  return frames
    .filter(({ event }) => event === 'token')
    .map(({ data }) => data.token)
    .join('')
}
