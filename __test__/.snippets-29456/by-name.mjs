import { StreamClient } from 'millstream'

const client = new StreamClient()
for (const [provider, model] of [
  ['openai', 'gpt-4o-mini'],
  ['anthropic', 'claude-sonnet-4-5'],
  ['google', 'gemini-2.5-flash'],
  ['xai', 'grok-4'],
]) {
  const { text } = await client.generate({ provider, model, prompt: 'Where does the river go?' })
  console.log(provider, text)
}
