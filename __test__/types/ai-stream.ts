// What the compiler must and must not let pass. Compiled by types.test.mjs; never run.
import type { EventEmitter } from 'node:events'
import {
  AIStream,
  type AIStreamConfig,
  type CollectedResponse,
  classifyError,
  type Message,
  type ProviderConfig,
  type RetryConfig,
  StreamError,
  type StreamHandle,
  type StreamResult,
  TimeoutError,
  type Usage,
  ValidationError,
} from 'millstream'
import { AIStream as SameAIStream, type StreamConfig, type StreamOptions } from 'millstream/streaming'

const stream = new AIStream({ endpoint: '/api/chat', model: 'm' })
const emitter: EventEmitter = stream as unknown as EventEmitter
const same: AIStream = new SameAIStream({ provider: 'openai', model: 'm' })
void emitter

// Events are typed by name.
stream.on('token', (token) => token.toUpperCase())
stream.once('usage', (usage) => usage.totalTokens.toFixed())
stream.on('message', ({ role, content, partial }) => [role, content, partial])
stream.off('retry', ({ attempt, delay, error }) => [attempt + delay, error.suggestion])
stream.on('error', (error: Error) => error.message)
stream.on('tool-call', ({ tool, args, valid }) => [tool, args, valid])
stream.emit('token', 'text')
// @ts-expect-error a token is a string
stream.on('token', (token: number) => token)
// @ts-expect-error streaming-end carries nothing
stream.once('streaming-end', (token: string) => token)
// @ts-expect-error usage has no such field
stream.on('usage', (usage) => usage.tokens)
// @ts-expect-error there is no such event
stream.on('tokens', () => {})
// @ts-expect-error a token is a string
stream.emit('token', 5)

// Options.
const config: AIStreamConfig = {
  provider: { baseUrl: 'http://127.0.0.1:8080/v1' },
  model: 'm',
  temperature: 0.5,
  stop: ['x'],
  retry: { maxRetries: 1, shouldRetry: async (error, attempt) => error.retryable && attempt < 2 },
  timeout: { idle: 1000 },
  onError: (error: Error) => error,
}
const seedConfig: StreamConfig = config
const seedOptions: StreamOptions = { transport: 'sse', reconnect: false }
void seedConfig
// @ts-expect-error the model is required
new AIStream({ endpoint: '/api/chat' })
// @ts-expect-error no such provider
new AIStream({ provider: 'openapi', model: 'm' })
// @ts-expect-error no such option
new AIStream({ endpoint: '/', model: 'm', temprature: 1 })
// @ts-expect-error this version does not continue answers
new AIStream({ endpoint: '/', model: 'm', resume: 'continue' })
new AIStream(config, { transport: 'websocket' })
// @ts-expect-error no such transport
new AIStream(config, { transport: 'pigeon' })
new AIStream(config, seedOptions)
// @ts-expect-error send pushes: nothing to retain
stream.send('x', { retain: false })
const provider: ProviderConfig = { baseUrl: 'http://127.0.0.1' }
const retry: RetryConfig = { backoff: 'linear' }
// @ts-expect-error no such back-off
retry.backoff = 'random'
void provider

// A handle is awaited or iterated; a result is no promise.
async function read(handle: StreamHandle): Promise<CollectedResponse> {
  const result: StreamResult = await handle
  for await (const chunk of handle) {
    const content: string = chunk.content
    if (chunk.type === 'text') chunk.index.toFixed()
    if (chunk.type === 'finish') chunk.finishReason satisfies string
    // @ts-expect-error only where it is a text
    chunk.index
    void content
  }
  for await (const text of result.textStream) text.trim()
  for await (const chunk of result.stream()) chunk.content.trim()
  for await (const chunk of result.stream) chunk.content.trim()
  const usage: Usage | undefined = await result.usage
  // @ts-expect-error unknown where nothing was reported
  const known: Usage = await result.usage
  // @ts-expect-error not thenable
  result.then
  void usage
  void known
  return result.collect()
}
void read(stream.stream('x', { retain: false, errors: 'chunk' }))

// Messages are copies of a known shape.
const messages: Message[] = stream.getMessages()
// @ts-expect-error no such role
messages[0].role = 'robot'

// Errors narrow.
try {
  await same.send('x')
} catch (error) {
  if (StreamError.isInstance(error)) error.partialText.trim()
  if (error instanceof TimeoutError) error.phase satisfies 'connect' | 'firstContent' | 'idle' | 'contentIdle' | 'total'
  if (error instanceof ValidationError) error.field.trim()
  classifyError(error, { any: 'context' }).type satisfies string
  // @ts-expect-error read only
  if (StreamError.isInstance(error)) error.type = 'auth_error'
}
