/** Process under test of the token benchmark: one peer counts one kind of text, after a warm-up, in this process alone. */
import { performance } from 'node:perf_hooks'
import { productEntry } from '../lib/product.mjs'
import { serve } from '../lib/subject.mjs'

const ENCODING = 'o200k_base'

/** Prose, code, JSON and Chinese, as models write them; the same in every process. */
function sampleText(length) {
  const paragraphs = [
    "The mill had stood by the stream for three hundred years, and nobody remembered who'd built it. ",
    'Water doesn’t ask; it turns the wheel, 24 hours a day, 7 days a week (except in August).\n\n',
    'for (let index = 0; index < items.length; index++) {\n  total += items[index].price * 1.08;\n}\n',
    '{"id":"call_8f2","type":"function","function":{"name":"get_weather","arguments":"{\\"city\\":\\"Oslo\\"}"}}\n',
    '- **Step 1:** install the package\n- **Step 2:** read https://example.com/docs?page=2#start\n',
    '水车在小溪边转动了三百年，没有人记得是谁建造的。🎉\n',
  ]
  let text = ''
  for (let at = 0; text.length < length; at++) text += paragraphs[(at * 7 + (at >> 2)) % paragraphs.length]
  return text.slice(0, length)
}

/** Pieces of one to eight characters, about what one token is, never cut within a character. */
function deltasOf(text) {
  const deltas = []
  for (let at = 0, n = 0; at < text.length; n++) {
    let end = Math.min(text.length, at + 1 + ((n * 5 + (n >> 3)) % 8))
    const code = text.charCodeAt(end - 1)
    if (code >= 0xd800 && code <= 0xdbff) end++
    deltas.push(text.slice(at, end))
    at = end
  }
  return deltas
}

/** For each peer: counts a text at once, and makes a counter of a stream: told of a delta, asked for the count. */
const peers = {
  async millstream() {
    const { countTokens, TokenCounter } = await import(productEntry)
    return {
      whole: (text) => countTokens(text, ENCODING).tokens,
      stream: () => {
        const counter = new TokenCounter(ENCODING)
        return (delta) => counter.push(delta).tokens
      },
    }
  },
  async 'millstream-end'() {
    const { countTokens, TokenCounter } = await import(productEntry)
    return {
      whole: (text) => countTokens(text, ENCODING).tokens,
      stream: () => {
        const counter = new TokenCounter(ENCODING)
        return (delta, last) => (last ? counter.push(delta).tokens : void counter.push(delta))
      },
    }
  },
  async tiktoken() {
    const { get_encoding } = await import('tiktoken')
    const encoding = get_encoding(ENCODING)
    return onTheirOwn((text) => encoding.encode_ordinary(text).length)
  },
  async 'tiktoken-whole'() {
    const { get_encoding } = await import('tiktoken')
    const encoding = get_encoding(ENCODING)
    const whole = (text) => encoding.encode_ordinary(text).length
    return {
      whole,
      stream: () => {
        let text = ''
        return (delta) => {
          text += delta
          return whole(text)
        }
      },
    }
  },
  async 'js-tiktoken'() {
    const { getEncoding } = await import('js-tiktoken')
    const encoding = getEncoding(ENCODING)
    return onTheirOwn((text) => encoding.encode(text, [], []).length)
  },
  async 'ai-tokenizer'() {
    const { default: Tokenizer } = await import('ai-tokenizer')
    const tokenizer = new Tokenizer(await import('ai-tokenizer/encoding/o200k_base'))
    return onTheirOwn((text) => tokenizer.count(text))
  },
}

function onTheirOwn(whole) {
  return {
    whole,
    stream: () => {
      let count = 0
      return (delta) => {
        count += whole(delta)
        return count
      }
    },
  }
}

/** The right count, by OpenAI's own tokenizer. */
async function reference(text) {
  const { get_encoding } = await import('tiktoken')
  const encoding = get_encoding(ENCODING)
  const tokens = encoding.encode_ordinary(text).length
  encoding.free()
  return tokens
}

async function measure({ peer, kind, quick }) {
  let load
  if (peer === 'millstream') load = await measureLoad()
  const { whole, stream } = await peers[peer]()
  // An answer of a usual length: who begins at the beginning with every delta pays for longer ones.
  const text = sampleText(kind === 'whole' ? 100_000 : 4000)
  const tokens = await reference(text)
  if (kind === 'whole') {
    const repeats = quick ? 3 : 20
    let counted = whole(text)
    const began = process.cpuUsage()
    for (let n = 0; n < repeats; n++) counted = whole(text)
    const { user, system } = process.cpuUsage(began)
    const seconds = (user + system) / 1e6
    const megabytesPerSecond = (Buffer.byteLength(text) * repeats) / 1e6 / seconds
    return { megabytesPerSecond, tokens, off: Math.abs(counted - tokens), load }
  }
  const deltas = deltasOf(text)
  const slow = peer === 'tiktoken-whole'
  const repeats = Math.ceil((quick ? 20 : 200) / (slow ? 20 : 1))
  const once = () => {
    const told = stream()
    let counted
    for (const [at, delta] of deltas.entries()) counted = told(delta, at === deltas.length - 1)
    return counted
  }
  let counted = once()
  for (let n = 0; n < repeats / 4; n++) counted = once()
  // Time on a CPU: others may want it, too.
  const began = process.cpuUsage()
  for (let n = 0; n < repeats; n++) counted = once()
  const { user, system } = process.cpuUsage(began)
  const nanoseconds = ((user + system) * 1000) / (repeats * deltas.length)
  return { nanoseconds, deltas: deltas.length, tokens, off: Math.abs(counted - tokens), load }
}

/** What the first count in a process costs. */
async function measureLoad() {
  const { countTokens, EventStreamDecoder } = await import(productEntry)
  // The addon itself is loaded before.
  new EventStreamDecoder().end()
  const before = process.memoryUsage().rss
  const began = performance.now()
  countTokens('Hello', ENCODING)
  return { milliseconds: performance.now() - began, bytes: process.memoryUsage().rss - before }
}

serve(measure)
