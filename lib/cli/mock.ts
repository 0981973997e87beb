/**
 * `millstream mock`: a mock provider in a process of its own, until it is interrupted.
 */
import { parseArgs } from 'node:util'
import { StreamError } from '../errors.js'
import { protocols, type WireProtocol } from '../providers/formats.js'
import { type MockAnswer, type MockOptions, MockProvider, type MockRequest } from '../testing.js'

const HELP = `Usage: millstream mock [options]

Runs a model provider on this machine until it is interrupted (Ctrl-C). It answers in the format of each provider at
that provider's own paths, whatever stands before them, as a stream or whole:
  POST /v1/chat/completions, /v1/completions, /v1/responses                             OpenAI and compatible ones
  POST /v1/messages                                                                     Anthropic
  POST /v1beta/models/<model>:streamGenerateContent, :generateContent, /interactions    Google
  POST /accounts/<id>/ai/run/<model>                                                    Cloudflare Workers AI
  POST /model/<model>/converse-stream, /converse, /invoke-with-response-stream, /invoke Amazon Bedrock
  POST /endpoints/<name>/invocations-response-stream, /invocations                      Amazon SageMaker
  POST /ollama/api/chat, /api/generate                                                  Ollama
  POST /v2/chat                                                                         Cohere
  POST /ml/v1/text/chat_stream, /chat, /generation_stream, /generation                  IBM watsonx.ai
  POST /api/chat                                                                        millstream's own events
  GET  /v1/models, /health

Server:
  --port <n>                 Port to listen on (default 0: any that is free)
  --host <address>           Address to listen on (default 127.0.0.1)
  --threads <n>              Threads that serve (default 1)
  --api-key <key>            Refuse requests without this key
  --model <name>             List this model; may be repeated
  --protocol <format>        Answer in this format at every path: one of openai, openai-responses, anthropic, gemini,
                             gemini-interactions, workers-ai, bedrock-converse, bedrock-invoke, sagemaker, ollama,
                             cohere, watsonx, events, chunk, content, ui-message, ndjson, text
  --route <path>=<format>    Answer here too, in one of these formats; '*' is every other path; may be repeated

Answer:
  --tokens <n>               Say so many made-up tokens (default 50)
  --text <text>              Say this
  --echo                     Say what the last user message says
  --replay <file or folder>  Play a recorded stream, or those of a folder in turn
  --reasoning <n>            Reason for so many tokens first
  --seed <n>                 Decides all that is made up (default 1)

Pace:
  --tokens-per-second <n>    (default: as fast as the client reads)
  --jitter <part>            Tokens come early or late by up to this part of their interval, 0 to 1
  --burst <n>                Tokens per write (default 1)
  --first-token-delay <ms>   Wait before the first token
  --split-bytes <n|random>   Cut what is sent into chunks and writes of so many bytes
  --split-delay <ms>         Wait between those
  --chunk-bytes <n>          Cut what is sent into chunks of so many bytes

Faults:
  --fault <json>             Any options of an answer, such as '{"status":500}', '{"reset":{"afterTokens":3}}'
                             or '{"stall":{"afterTokens":0},"keepAlive":1000}'; given several times, the
                             n-th goes with the n-th request, and the last with all that follow

Output:
  --json                     Print JSON lines: one with the url at the start, one per request
  --quiet                    Print nothing about requests
  -h, --help                 Show this help
`

const OPTIONS = {
  port: { type: 'string' },
  host: { type: 'string' },
  threads: { type: 'string' },
  'api-key': { type: 'string' },
  model: { type: 'string', multiple: true },
  protocol: { type: 'string' },
  route: { type: 'string', multiple: true },
  tokens: { type: 'string' },
  text: { type: 'string' },
  echo: { type: 'boolean' },
  replay: { type: 'string' },
  reasoning: { type: 'string' },
  seed: { type: 'string' },
  'tokens-per-second': { type: 'string' },
  jitter: { type: 'string' },
  burst: { type: 'string' },
  'first-token-delay': { type: 'string' },
  'split-bytes': { type: 'string' },
  'split-delay': { type: 'string' },
  'chunk-bytes': { type: 'string' },
  fault: { type: 'string', multiple: true },
  json: { type: 'boolean' },
  quiet: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** A mistake in the arguments, as opposed to a failure of the command. */
class UsageError extends Error {}

/** Runs the command; resolves with the exit code. */
export async function mock(args: string[]): Promise<number> {
  let mock: MockProvider
  let output: { json: boolean; quiet: boolean }
  try {
    const values = parse(args)
    if (values.help) {
      process.stdout.write(HELP)
      return 0
    }
    output = { json: values.json ?? false, quiet: values.quiet ?? false }
    mock = await MockProvider.start(toOptions(values))
  } catch (error) {
    const usage = error instanceof UsageError || StreamError.isInstance(error)
    const message = error instanceof Error ? inFlags(error.message) : String(error)
    process.stderr.write(`millstream mock: ${message}\n`)
    if (usage) process.stderr.write('See millstream mock --help\n')
    return usage ? 2 : 1
  }
  const stop = interrupted()
  if (!output.quiet) {
    mock.watch((request) => process.stdout.write(output.json ? jsonLine(request) : line(request)))
  }
  // Last: whoever reads the URL may ask or interrupt at once, and must be seen and heard.
  announce(mock, output.json)
  await stop
  await mock.close()
  return 0
}

type Values = ReturnType<typeof parse>

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, strict: true, allowPositionals: false }).values
  } catch (error) {
    // The first sentence says what is wrong; the next ones advise on writing values that look like options.
    const message = error instanceof Error ? error.message : String(error)
    throw new UsageError(message.split('. ')[0] ?? message)
  }
}

function toOptions(values: Values): MockOptions {
  const faults = (values.fault ?? []).map(fault)
  const options: MockOptions = {
    host: values.host,
    port: number(values, 'port'),
    threads: number(values, 'threads'),
    apiKey: values['api-key'],
    models: values.model,
    protocol: values.protocol === undefined ? undefined : format(values.protocol),
    routes: values.route && Object.fromEntries(values.route.map(route)),
    tokens: number(values, 'tokens'),
    text: values.text,
    echo: values.echo,
    replay: values.replay,
    reasoning: number(values, 'reasoning'),
    seed: number(values, 'seed'),
    tokensPerSecond: number(values, 'tokens-per-second'),
    jitter: number(values, 'jitter'),
    burst: number(values, 'burst'),
    firstTokenDelay: number(values, 'first-token-delay'),
    splitBytes: values['split-bytes'] === 'random' ? 'random' : number(values, 'split-bytes'),
    splitDelay: number(values, 'split-delay'),
    chunkBytes: number(values, 'chunk-bytes'),
    script: faults.length > 0 ? faults : undefined,
  }
  return options
}

function number(values: Values, name: keyof Values & keyof typeof OPTIONS): number | undefined {
  const text = values[name]
  if (text === undefined) return undefined
  const value = typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN
  if (!Number.isFinite(value))
    throw new UsageError(`Expected \`--${name}\` to be a number, got ${JSON.stringify(text)}`)
  return value
}

const formats = protocols.filter((name) => name !== 'auto')

function format(text: string): WireProtocol {
  const found = formats.find((name) => name === text)
  if (found !== undefined) return found
  throw new UsageError(`Expected \`--protocol\` to be one of ${formats.join(', ')}, got ${JSON.stringify(text)}`)
}

function route(text: string): [string, WireProtocol] {
  const at = text.lastIndexOf('=')
  const path = text.slice(0, Math.max(at, 0))
  const format = formats.find((name) => name === text.slice(at + 1))
  if (path === '' || format === undefined) {
    const expected = formats.map((name) => `<path>=${name}`).join(', ')
    throw new UsageError(`Expected \`--route\` to be one of ${expected}, got ${JSON.stringify(text)}`)
  }
  return [path, format]
}

function fault(text: string): MockAnswer {
  try {
    return JSON.parse(text) as MockAnswer
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(`Expected \`--fault\` to be JSON, got ${JSON.stringify(text)}: ${reason}`)
  }
}

/** Options are checked under the names they have in JavaScript; what was typed were flags. */
function inFlags(message: string): string {
  return message.replace(/`([a-z]+[A-Za-z]*)`/g, (whole, name: string) => {
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    return flag in OPTIONS ? `\`--${flag}\`` : whole
  })
}

function announce({ url, port }: MockProvider, json: boolean): void {
  process.stdout.write(
    json
      ? `${JSON.stringify({ event: 'listening', url, port, pid: process.pid })}\n`
      : `Mock provider on ${url}\nStop it with Ctrl-C.\n`,
  )
}

function jsonLine({ headers: _, body: __, ...request }: MockRequest): string {
  return `${JSON.stringify({ event: 'request', ...request })}\n`
}

function line(request: MockRequest): string {
  const time = new Date(request.receivedAt).toTimeString().slice(0, 8)
  const parts = [time, request.method, request.path, request.status ?? '-']
  if (request.recording !== undefined) parts.push(request.recording)
  if (request.tokensSent > 0) parts.push(`${request.tokensSent} tokens`)
  parts.push(size(request.bytesSent), `${((request.elapsed ?? 0) / 1000).toFixed(2)} s`)
  if (request.outcome === 'client-left') parts.push('the client left')
  if (request.outcome === 'cut') parts.push('cut')
  return `${parts.join('  ')}\n`
}

function size(bytes: number): string {
  return bytes < 1000 ? `${bytes} B` : bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

/** Resolves at the first signal to stop, or when nobody reads the output any more. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
    process.stdout.once('error', () => resolve())
  })
}
