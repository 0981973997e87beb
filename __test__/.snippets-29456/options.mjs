import { AIStream, StreamClient } from 'millstream'

const client = new StreamClient({
  providers: {
    azure: { resource: 'my-resource', deployment: 'my-gpt-4o' },
    cloudflare: { accountId: '0123456789abcdef', model: '@cf/meta/llama-3.1-8b-instruct' },
    openai: { api: 'responses', project: 'proj_1', model: 'gpt-5-mini' },
  },
})
for (const provider of ['azure', 'cloudflare', 'openai']) {
  const { text } = await client.generate({ provider, prompt: 'Where does the river go?' })
  console.log(provider, text)
}

const provider = { vendor: 'vertex', project: 'my-project', location: 'europe-west1' }
const stream = new AIStream({ provider, model: 'gemini-2.5-flash' })
await stream.send('Where does the river go?')
console.log(stream.getMessages()[1].content)
