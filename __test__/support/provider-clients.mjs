// The providers' own clients, pointed at a mock provider, and the adapters that go with them.
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import { AnthropicAdapter, GeminiAdapter, OpenAIAdapter } from 'millstream/streaming/adapters'
import OpenAI from 'openai'

const key = 'sk-test-0123456789'
const question = 'How does a mill work?'
const messages = [{ role: 'user', content: question }]

/**
 * `ask(url, options)` gives the promise of the client's stream; `options.model` names a recording. A client whose stream
 * can't be closed wants `options.signal`.
 */
export const clients = {
  openai: {
    Adapter: OpenAIAdapter,
    name: 'OpenAI',
    ask: (url, { model = 'm', n } = {}) =>
      new OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: 0 }).chat.completions.create({
        model,
        messages,
        stream: true,
        stream_options: { include_usage: true },
        ...(n && { n }),
      }),
  },
  anthropic: {
    Adapter: AnthropicAdapter,
    name: 'Anthropic',
    ask: (url, { model = 'm' } = {}) =>
      new Anthropic({ apiKey: key, baseURL: url, maxRetries: 0 }).messages.create({
        model,
        max_tokens: 1_000_000,
        messages,
        stream: true,
      }),
  },
  gemini: {
    Adapter: GeminiAdapter,
    name: 'Gemini',
    ask: (url, { model = 'm', signal } = {}) =>
      new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } }).models.generateContentStream({
        model,
        contents: question,
        ...(signal && { config: { abortSignal: signal } }),
      }),
  },
}

/** Name, id and data of each event of a body in the `events` format. */
export function parseEvents(body) {
  return body
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => {
      const [, event, id, data] = /^event: (\w+)\nid: (\d+)\ndata: (.*)$/.exec(block) ?? assertEvent(block)
      return { event, id: Number(id), data: JSON.parse(data) }
    })
}

function assertEvent(block) {
  throw new Error(`no event of the format: ${JSON.stringify(block)}`)
}

/** What an answer comes to, put together from its events: its first alternative, or another. */
export function summary(events, choice = 0) {
  const all = (name) =>
    events.filter(({ event, data }) => event === name && (data.choice ?? 0) === choice).map(({ data }) => data)
  return {
    text: all('token')
      .map(({ token }) => token)
      .join(''),
    reasoning: all('reasoning')
      .map(({ reasoning }) => reasoning)
      .join(''),
    signatures: all('reasoning').flatMap(({ signature }) => signature ?? []),
    calls: all('tool_call'),
    deltas: all('tool_call_delta'),
    usage: all('usage').at(-1),
    metadata: all('metadata'),
    errors: all('error'),
    done: all('done'),
  }
}
