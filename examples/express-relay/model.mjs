// How the model is reached: a server with OpenAI's chat format at LLM_URL, else a stand-in on this machine.
import { StreamClient } from 'millstream'
import { MockProvider } from 'millstream/testing'

const { LLM_URL = await standIn(), LLM_KEY, MODEL = 'gpt-4o-mini' } = process.env
const client = new StreamClient({ providers: { model: { baseUrl: LLM_URL, apiKey: LLM_KEY, model: MODEL } } })

/** Asks the model. The answer can be piped at once, or awaited and made a web response. */
export function ask(messages, signal) {
  return client.stream({ messages, signal })
}

async function standIn() {
  const provider = await MockProvider.start({ tokensPerSecond: 20 })
  return `${provider.unref().url}/v1`
}
