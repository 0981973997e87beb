// `npm run demo`: on a bare clone, installs and builds what it needs, starts a model provider and an Express server on
// this machine, and streams an answer through both to the terminal. Only Node builtins may be imported at the top.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { main, root, StepError, say } from './support/process.mjs'
import { setUp } from './support/setup.mjs'

const usage = `npm run demo [-- options]

Streams an answer through AIStream and an Express server to this terminal. Without a key the model is a local stand-in.

  --prompt TEXT        what to ask
  --replay FILE        play a recorded provider stream (for instance ../shared/fixtures/openai/…)
  --tokens N           length of the stand-in's answer (default 200)
  --rate N             tokens per second of the stand-in (default 50)
  --provider NAME      ask a real provider (default openai where OPENAI_API_KEY is set)
  --base-url URL       ask an OpenAI-compatible server
  --model NAME         the model to ask
  --help`

const options = {
  prompt: { type: 'string', default: 'Why do millstreams bend?' },
  replay: { type: 'string' },
  tokens: { type: 'string' },
  rate: { type: 'string' },
  provider: { type: 'string' },
  'base-url': { type: 'string' },
  model: { type: 'string' },
  help: { type: 'boolean' },
}

await main(async () => {
  const values = readOptions()
  if (values.help) {
    say(usage)
    return
  }
  await setUp()

  const stops = []
  let stopping
  const stop = () => {
    stopping ??= (async () => {
      for (const close of stops.reverse()) await close()
    })()
    return stopping
  }
  let stream
  const interrupt = () => {
    process.exitCode = 130
    stream?.stop()
  }
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    const { AIStream } = await import('millstream')
    const { Terminal } = await import('./support/terminal.mjs')
    const { upstream, title } = await findUpstream(values, stops)
    const url = await serve(upstream, stops)
    say(`\n${title} → Express at ${url}/api/chat → AIStream → here\n`)

    stream = new AIStream({ endpoint: '/api/chat', baseUrl: url, model: upstream.model })
    const terminal = new Terminal(values.prompt)
    stops.push(() => terminal.close())
    let failure
    stream.on('error', (error) => {
      failure = error
    })
    stream.on('retry', ({ attempt, delay }) => terminal.note(`retry ${attempt} in ${delay} ms`))
    stream.on('token', (token) => terminal.token(token))
    // Interrupted during the set-up: there is nothing to ask any more.
    if (process.exitCode !== 130) await stream.send(values.prompt)
    terminal.close()
    if (failure !== undefined) {
      throw new StepError(`${failure.type}: ${failure.message}${failure.suggestion ? `\n  ${failure.suggestion}` : ''}`)
    }
    terminal.report(stream.getUsage(), process.exitCode === 130)
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
    await stop()
  }
})

function readOptions() {
  try {
    return parseArgs({ options, allowPositionals: false }).values
  } catch (error) {
    throw new StepError(`${error.message}\n\n${usage}`)
  }
}

/** Who answers: a real provider where one is asked for or a key is there, else the local stand-in. */
async function findUpstream(values, stops) {
  const { model, replay, 'base-url': baseUrl } = values
  if (replay !== undefined && (values.provider ?? baseUrl) !== undefined) {
    throw new StepError('--replay plays a recording: it goes with neither --provider nor --base-url')
  }
  if (baseUrl !== undefined && values.provider === undefined) {
    const apiKey = process.env.OPENAI_API_KEY
    if (model === undefined) throw new StepError('--base-url needs --model: which model to ask there')
    return { upstream: { provider: { baseUrl, apiKey }, model }, title: baseUrl }
  }
  const provider = values.provider ?? (process.env.OPENAI_API_KEY && replay === undefined ? 'openai' : undefined)
  if (provider !== undefined) {
    return { upstream: { provider, baseUrl, model: model ?? 'gpt-4o-mini' }, title: provider }
  }

  const { MockProvider } = await import('millstream/testing')
  const tokensPerSecond = positive(values.rate, '--rate', 50)
  const content =
    replay === undefined ? { tokens: positive(values.tokens, '--tokens', 200) } : { replay: recording(replay) }
  const mock = await MockProvider.start({ ...content, tokensPerSecond, firstTokenDelay: 150 })
  stops.push(() => mock.close())
  return {
    upstream: { provider: { baseUrl: `${mock.url}/v1` }, model: model ?? 'stand-in' },
    title: replay === undefined ? `stand-in model at ${mock.url}` : `recording at ${mock.url}`,
  }
}

async function serve(upstream, stops) {
  const { createApp } = await import('../examples/express-chat/server.mjs')
  const server = createApp(upstream).listen(0, '127.0.0.1')
  await new Promise((ready, failed) => server.once('listening', ready).once('error', failed))
  stops.push(async () => {
    server.closeAllConnections()
    await new Promise((closed) => server.close(closed))
  })
  return `http://127.0.0.1:${server.address().port}`
}

/** npm changes to the project's folder; the user means the one they stand in. */
function recording(name) {
  const places = [process.env.INIT_CWD, process.cwd(), root].filter((place) => place !== undefined)
  const found = places.map((place) => resolve(place, name)).find((path) => existsSync(path))
  if (found === undefined) throw new StepError(`no recording at ${name} (looked in ${[...new Set(places)].join(', ')})`)
  return found
}

function positive(text, name, fallback) {
  const number = text === undefined ? fallback : Number(text)
  if (!(number > 0)) throw new StepError(`Expected \`${name}\` to be a positive number, got ${text}`)
  return number
}
