/** URLs of requests: checked, put together, and shown in messages without the secrets that may stand in them. */
import { fail } from './check.js'
import { ValidationError } from './errors.js'

/** Whether it has a scheme. */
export function isAbsolute(endpoint: string): boolean {
  return /^[a-z][a-z0-9+.-]*:/i.test(endpoint)
}

/** An URL that a request can go to. `field` stands in messages. */
export function parseUrl(text: string, base: URL | undefined, field: string): URL {
  let url: URL
  try {
    url = new URL(text, base)
  } catch {
    throw new ValidationError(
      `Expected \`${field}\` to be an http:, https:, ws: or wss: URL, got ${shownUrl(text)}`,
      field,
      { code: 'INVALID_URL' },
    )
  }
  if (!['http:', 'https:', 'ws:', 'wss:'].includes(url.protocol)) {
    throw new ValidationError(
      `Expected \`${field}\` to be an http:, https:, ws: or wss: URL, got one of ${url.protocol}`,
      field,
      { code: 'INVALID_URL' },
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw new ValidationError(
      `Expected \`${field}\` to be an URL without user name and password: credentials belong in \`apiKey\` or \`headers\``,
      field,
      { code: 'INVALID_URL' },
    )
  }
  return url
}

/**
 * A path appended to a base URL, which is a prefix (`…/v1`), not a page. What the base already ends in is not repeated,
 * where that is the whole path, or a part of it with a version: `v1/messages` under `https://example.com/v1` is
 * `https://example.com/v1/messages`. The queries of both stay, the path's wins.
 */
export function appendPath(base: URL, path: string): string {
  const [route = '', query] = split(path)
  const before = base.pathname.split('/').filter((segment) => segment !== '')
  const after = route.replace(/^\/+/, '').split('/')
  let overlap = Math.min(before.length, after.length)
  for (; overlap > 0; overlap--) {
    const shared = after.slice(0, overlap)
    const whole = overlap === after.length
    if ((whole || shared.some((segment) => /^v\d/.test(segment))) && endsWith(before, shared)) break
  }
  const search = new URLSearchParams(base.search)
  for (const [name, value] of new URLSearchParams(query ?? '')) search.set(name, value)
  const asked = search.toString()
  return `${base.origin}/${[...before, ...after.slice(overlap)].join('/')}${asked === '' ? '' : `?${asked}`}`
}

/** The model in its place: `{model}` is one segment, `{+model}` keeps its slashes and `@`. */
export function withModel(url: string, model: string): string {
  return url.replace(/\{\+?model\}/g, (place) => {
    const segments = model.split('/')
    if (segments.some((segment) => segment === '.' || segment === '..')) {
      fail('model', "a model's name without the segments '.' and '..'", 'one with them')
    }
    return place === '{model}'
      ? encodeURIComponent(model)
      : segments.map((segment) => encodeURIComponent(segment).replaceAll('%40', '@')).join('/')
  })
}

/** An URL as it may stand in a message: keys travel in queries and in the part before `@`. */
export function shownUrl(text: string): string {
  const path = text.replace(/[?#].*$/s, '').replace(/^([^/]*\/\/)?[^/]*@/s, '$1…@')
  return JSON.stringify(path.length > 80 ? `${path.slice(0, 80)}…` : path)
}

function split(path: string): [route: string, query: string | undefined] {
  const mark = path.indexOf('?')
  return mark === -1 ? [path, undefined] : [path.slice(0, mark), path.slice(mark + 1)]
}

function endsWith(all: readonly string[], end: readonly string[]): boolean {
  return end.every((segment, index) => all[all.length - end.length + index] === segment)
}
