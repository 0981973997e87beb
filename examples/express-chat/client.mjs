// A client of server.mjs: prints the answer as it arrives. `node client.mjs 'Why do millstreams bend?'`
import { AIStream } from 'millstream'

const stream = new AIStream({
  endpoint: '/api/chat',
  baseUrl: process.env.MILLSTREAM_BASE_URL ?? 'http://127.0.0.1:3000',
  model: 'chosen-by-the-server',
})
stream.on('token', (token) => process.stdout.write(token))
stream.on('error', (error) => console.error(`\n${error.type}: ${error.message}\n${error.suggestion}`))
await stream.send(process.argv[2] ?? 'Why do millstreams bend?')
process.stdout.write('\n')
console.log(stream.getUsage())
