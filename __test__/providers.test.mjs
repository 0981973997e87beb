// Providers by name: where each is asked, what says who asks, what is missing where, and what no option can do.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { after, afterEach, before, test } from 'node:test'
import { AIStream, StreamClient, ValidationError } from 'millstream'
import { providersDocument } from '../scripts/support/providers-document.mjs'

const environment = { ...process.env }
/** Variables of providers that the machine running the tests may have set. */
const foreign =
  /_API_KEY$|^AWS_|^AZURE_|^CLOUDFLARE_|^GOOGLE_|^OPENAI_|_BASE_URL$|^OLLAMA_|^SAGEMAKER_|^WATSONX_|^CO_API/
const clear = () => {
  for (const name of Object.keys(process.env)) if (foreign.test(name)) delete process.env[name]
}

let server
let base
let received = []
before(async () => {
  clear()
  server = createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    const { url, headers } = request
    received.push({ url, headers, body: JSON.parse(Buffer.concat(chunks).toString() || 'null') })
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end('data: {"choices":[{"index":0,"delta":{"content":"ok"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${server.address().port}`
})
after(() => {
  server.close()
  server.closeAllConnections()
})
afterEach(() => {
  received = []
  clear()
  Object.assign(process.env, Object.fromEntries(Object.entries(environment).filter(([name]) => !foreign.test(name))))
})

/** What a provider of OpenAI's format gets. */
async function asked(provider, model = 'm') {
  const client = new StreamClient({ retry: { maxRetries: 0 }, timeout: 5000 })
  const { text } = await client.generate({ provider, model, prompt: 'Hi' })
  assert.equal(text, 'ok')
  return received.at(-1)
}

test('providers of OpenAI’s format are asked under their base URL with a bearer token', async () => {
  const vendors = ['openai', 'xai', 'cerebras', 'groq', 'mistral', 'deepseek', 'openrouter', 'together', 'fireworks']
  for (const vendor of [...vendors, 'perplexity', 'vllm', 'llamacpp', 'lmstudio']) {
    const { url, headers, body } = await asked({ vendor, baseUrl: `${base}/v1`, apiKey: 'key-1' })
    assert.equal(url, '/v1/chat/completions', vendor)
    assert.equal(headers.authorization, 'Bearer key-1', vendor)
    assert.equal(body.model, 'm', vendor)
  }
})

test('what the base URL already ends in is not repeated', async () => {
  const api = 'chat'
  const google = async (path) => (await asked({ vendor: 'google', api, baseUrl: base + path, apiKey: 'k' })).url
  assert.equal(await google(''), '/v1beta/openai/chat/completions')
  assert.equal(await google('/v1beta'), '/v1beta/openai/chat/completions')
  assert.equal(await google('/proxy/v1beta/openai/'), '/proxy/v1beta/openai/chat/completions')
  assert.equal(await google('/v1beta/openai/chat/completions'), '/v1beta/openai/chat/completions')
  assert.equal((await asked({ baseUrl: `${base}/chat?a=1` })).url, '/chat/chat/completions?a=1')
})

test('a provider’s keys and options come from its environment variables', async () => {
  Object.assign(process.env, {
    XAI_API_KEY: 'xai-key',
    XAI_BASE_URL: `${base}/x`,
    OPENAI_API_KEY: ' openai-key ',
    OPENAI_BASE_URL: `${base}/o`,
    OPENAI_ORG_ID: 'org-1',
    AZURE_OPENAI_API_KEY: 'azure-key',
    AZURE_OPENAI_ENDPOINT: base,
    OPENAI_API_VERSION: '2025-01-01-preview',
    OLLAMA_HOST: base.slice('http://'.length),
  })
  const xai = await asked('xai')
  assert.deepEqual([xai.url, xai.headers.authorization], ['/x/chat/completions', 'Bearer xai-key'])
  assert.equal((await asked('grok')).url, '/x/chat/completions')
  const { headers } = await asked('openai')
  assert.equal(headers.authorization, 'Bearer openai-key')
  assert.deepEqual([headers['openai-organization'], headers['openai-project']], ['org-1', undefined])
  const azure = await asked('azure', 'gpt-4o')
  assert.equal(azure.url, '/openai/deployments/gpt-4o/chat/completions?api-version=2025-01-01-preview')
  assert.deepEqual([azure.headers['api-key'], azure.headers.authorization], ['azure-key', undefined])
  const ollama = await asked({ vendor: 'ollama', api: 'chat' })
  assert.deepEqual([ollama.url, ollama.headers.authorization], ['/v1/chat/completions', undefined])
})

test('what the configuration says wins over the environment', async () => {
  Object.assign(process.env, { XAI_API_KEY: 'from-environment', XAI_BASE_URL: 'http://127.0.0.1:9' })
  const { headers } = await asked({ vendor: 'xai', apiKey: 'from-configuration', baseUrl: base })
  assert.equal(headers.authorization, 'Bearer from-configuration')
})

test('Azure is asked under its version 1, or under a deployment’s URL', async () => {
  const azure = { vendor: 'azure', baseUrl: base, apiKey: 'k' }
  assert.equal((await asked(azure)).url, '/openai/v1/chat/completions')
  assert.equal((await asked({ ...azure, baseUrl: `${base}/openai/v1/` })).url, '/openai/v1/chat/completions')
  assert.equal(
    (await asked({ ...azure, deployment: 'my gpt' })).url,
    '/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21',
  )
  assert.equal(
    (await asked({ ...azure, deployment: 'd', apiVersion: '2025-04-01-preview' })).url,
    '/openai/deployments/d/chat/completions?api-version=2025-04-01-preview',
  )
  const { headers } = await asked({ vendor: 'azure', baseUrl: base, accessToken: 'entra' })
  assert.deepEqual([headers.authorization, headers['api-key']], ['Bearer entra', undefined])
})

test('several providers of one kind stand under names of their own', async () => {
  const east = { vendor: 'azure', baseUrl: `${base}/east`, apiKey: 'east-key', deployment: 'gpt' }
  const west = { ...east, baseUrl: `${base}/west`, apiKey: 'west-key' }
  const client = new StreamClient({ providers: { east, west } })
  const result = await client.stream({ provider: 'west', prompt: 'Hi' })
  assert.equal(await result.text, 'ok')
  assert.deepEqual([result.provider, result.model], ['west', 'gpt'])
  assert.match(received[0].url, /^\/west\/openai\/deployments\/gpt\//)
  assert.equal(received[0].headers['api-key'], 'west-key')
})

test('an alias is asked as the provider it stands for, with its configuration', async () => {
  const google = { baseUrl: base, apiKey: 'k', api: 'chat', model: 'gemini-2.5-flash' }
  const client = new StreamClient({ providers: { google } })
  const result = await client.stream({ provider: 'google-ai', prompt: 'Hi' })
  await result.text
  assert.deepEqual([result.provider, result.model], ['google', 'gemini-2.5-flash'])
})

/** The error of asking, which must be one about an option. */
function refused(provider, request = {}) {
  try {
    new StreamClient().stream({ provider, model: 'm', prompt: 'Hi', ...request }).abort()
  } catch (error) {
    assert.ok(error instanceof ValidationError, error.stack)
    return error
  }
  return assert.fail(`${JSON.stringify(provider)} was not refused`)
}

test('a missing key names its variables and the page where keys come from, before any request', () => {
  const expected = {
    openai: ['OPENAI_API_KEY', 'platform.openai.com'],
    anthropic: ['ANTHROPIC_API_KEY', 'console.anthropic.com'],
    google: ['GEMINI_API_KEY or GOOGLE_API_KEY', 'aistudio.google.com'],
    gemini: ['GEMINI_API_KEY', "provider 'google'"],
    xai: ['XAI_API_KEY', 'console.x.ai'],
    groq: ['GROQ_API_KEY', 'console.groq.com'],
    mistral: ['MISTRAL_API_KEY', 'console.mistral.ai'],
    deepseek: ['DEEPSEEK_API_KEY', 'platform.deepseek.com'],
    openrouter: ['OPENROUTER_API_KEY', 'openrouter.ai'],
    together: ['TOGETHER_API_KEY', 'api.together.ai'],
    fireworks: ['FIREWORKS_API_KEY', 'app.fireworks.ai'],
    perplexity: ['PERPLEXITY_API_KEY', 'www.perplexity.ai'],
    cohere: ['COHERE_API_KEY or CO_API_KEY', 'dashboard.cohere.com'],
  }
  for (const [provider, words] of Object.entries(expected)) {
    const error = refused(provider)
    assert.deepEqual([error.type, error.code, error.field], ['auth_error', 'MISSING_API_KEY', 'apiKey'])
    for (const word of words) assert.ok(error.message.includes(word), error.message)
  }
  assert.equal(received.length, 0)
})

test('so it does of every provider of the table', () => {
  const { table } = createRequire(import.meta.url)('../dist/internal.js')
  const options = { resource: 'r', accountId: 'a', project: 'p', region: 'us-east-1', endpointName: 'e' }
  for (const [vendor, row] of Object.entries(table)) {
    const given = Object.fromEntries(Object.entries(options).filter(([name]) => row.options?.[name] !== undefined))
    if (row.auth === 'optional') continue
    const error = refused({ vendor, ...given })
    assert.deepEqual([error.type, error.code, error.provider], ['auth_error', 'MISSING_API_KEY', vendor])
    for (const word of [...row.keyVariables, row.keyPage]) assert.ok(error.message.includes(word), error.message)
  }
})

test('a missing option names itself and its variables', () => {
  const missing = (provider, option, variable) => {
    const error = refused(provider)
    assert.deepEqual([error.code, error.field], ['MISSING_OPTION', option])
    assert.ok(error.message.includes(`set ${variable}`) && error.message.includes(`pass \`${option}\``), error.message)
  }
  missing({ vendor: 'cloudflare', apiKey: 'k' }, 'accountId', 'CLOUDFLARE_ACCOUNT_ID')
  missing({ vendor: 'azure', apiKey: 'k' }, 'resource', 'AZURE_RESOURCE_NAME')
  missing({ vendor: 'vertex', accessToken: 'k' }, 'project', 'GOOGLE_VERTEX_PROJECT or GOOGLE_CLOUD_PROJECT')
  missing({ vendor: 'bedrock', apiKey: 'k' }, 'region', 'AWS_REGION or AWS_DEFAULT_REGION')
  missing({ vendor: 'sagemaker', apiKey: 'k', region: 'us-east-1' }, 'endpointName', 'SAGEMAKER_DEFAULT_ENDPOINT')
})

test('missing credentials of Amazon name both ways to give them', () => {
  for (const given of [{}, { accessKeyId: 'AKIA' }, { secretAccessKey: 'secret' }]) {
    const error = refused({ vendor: 'bedrock', region: 'us-east-1', ...given })
    assert.deepEqual([error.type, error.code], ['auth_error', 'MISSING_API_KEY'])
    assert.match(error.message, /set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_BEARER_TOKEN_BEDROCK/)
  }
})

test('options a provider doesn’t have, and interfaces it doesn’t have, are refused', () => {
  assert.match(refused({ vendor: 'openai', apiKey: 'k', region: 'x' }).message, /has no option `region`. It has: org/)
  assert.match(refused({ vendor: 'groq', apiKey: 'k', region: 'x' }).message, /has no option `region`. It has none/)
  assert.match(refused({ vendor: 'groq', apiKey: 'k', accessKeyId: 'x' }).message, /signs no requests/)
  assert.match(refused({ vendor: 'groq', apiKey: 'k', api: 'native' }).message, /one of 'chat', 'responses'/)
  assert.match(refused({ vendor: 'groq', apiKey: 'k', api: 'grpc' }).message, /'provider\.api'|`provider\.api`/)
  assert.match(refused({ vendor: 'nobody', apiKey: 'k' }).message, /Unknown provider "nobody"\. Known: 'openai'/)
  assert.match(refused({ vendor: 'azure', resorce: 'x' }).message, /Did you mean `provider\.resource`/)
  assert.throws(() => new StreamClient({ providers: { openai: { region: 'x' } } }), /has no option `region`/)
  // What may still come from the environment is not missed yet.
  assert.doesNotThrow(() => new StreamClient({ providers: { azure: { apiVersion: 'v' }, bedrock: {} } }))
})

test('an option can’t lead a request anywhere else', async () => {
  for (const resource of ['evil.example/', 'a@b', 'x.y', '../x', 'a?b']) {
    assert.match(refused({ vendor: 'azure', apiKey: 'k', resource }).message, /`resource` to be letters, digits/)
  }
  assert.match(
    refused({ vendor: 'bedrock', accessKeyId: 'a', secretAccessKey: 'b', region: 'x.evil.example#' }).message,
    /`region` to be letters, digits/,
  )
  const { url } = await asked({ vendor: 'azure', baseUrl: base, apiKey: 'k', deployment: '../../x?y={model}' })
  assert.equal(url, '/openai/deployments/..%2F..%2Fx%3Fy%3D%7Bmodel%7D/chat/completions?api-version=2024-10-21')
  const inPath = { vendor: 'azure', baseUrl: base, apiKey: 'k', apiVersion: 'v' }
  assert.equal((await asked(inPath, 'a/b')).url, '/openai/deployments/a%2Fb/chat/completions?api-version=v')
  assert.match(refused(inPath, { model: '../x' }).message, /`model` to be a model's name without/)
})

test('no secret stands in a message', () => {
  const canary = 'canary-77aa'
  process.env.XAI_API_KEY = `${canary}\nx`
  const errors = [
    refused('xai'),
    refused({ vendor: 'azure', apiKey: `${canary} x` }),
    refused({ vendor: 'azure', accessToken: `${canary} x` }),
    refused({ vendor: 'bedrock', region: 'x', accessKeyId: canary }),
    refused({ vendor: 'bedrock', region: 'x y', accessKeyId: canary, secretAccessKey: canary, sessionToken: canary }),
    refused({ vendor: 'cloudflare', apiKey: canary }),
    refused({ vendor: 'openai', apiKey: canary, organization: `x\r\n${canary}` }),
  ]
  for (const error of errors) {
    assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes(canary), error.message)
  }
  assert.match(errors[0].message, /`XAI_API_KEY` to be printable ASCII/)
})

test('the provider is the first in the environment that lacks nothing', async () => {
  const provider = async () => {
    const result = await new StreamClient({ retry: { maxRetries: 0 } }).stream({ model: 'm', prompt: 'Hi' })
    await result.text
    return result.provider
  }
  assert.match(refused('auto').message, /No API key for provider 'openai'/)
  // An account is missing: it isn't meant.
  Object.assign(process.env, { CLOUDFLARE_API_TOKEN: 'k', CLOUDFLARE_BASE_URL: '', OLLAMA_API_KEY: 'k' })
  assert.match(refused('auto').message, /No API key for provider 'openai'/)
  process.env.CLOUDFLARE_BASE_URL = `${base}/client/v4`
  assert.match(refused('auto').message, /No API key for provider 'openai'/)
  process.env.CLOUDFLARE_BASE_URL = `${base}/accounts/acc/ai`
  assert.equal(await provider(), 'cloudflare')
  Object.assign(process.env, { DEEPSEEK_API_KEY: 'k', DEEPSEEK_BASE_URL: base })
  assert.equal(await provider(), 'deepseek')
  Object.assign(process.env, { CEREBRAS_API_KEY: 'k', CEREBRAS_BASE_URL: base })
  assert.equal(await provider(), 'cerebras')
})

test('a base URL of Cloudflare is the root of its API, or has the account in it', async () => {
  Object.assign(process.env, { CLOUDFLARE_API_TOKEN: 'k', CLOUDFLARE_ACCOUNT_ID: 'acc' })
  const asked = async (given, options) => {
    process.env.CLOUDFLARE_BASE_URL = options === undefined ? given : ''
    const provider = { vendor: 'cloudflare', model: '@cf/m', ...options, ...(options && { baseUrl: given }) }
    const client = new StreamClient({ retry: { maxRetries: 0 } })
    await client.generate({ provider, prompt: 'Hi' }).catch(() => {})
    return received.pop().url
  }
  for (const options of [undefined, {}]) {
    assert.equal(await asked(`${base}/client/v4`, options), '/client/v4/accounts/acc/ai/v1/chat/completions')
    assert.equal(await asked(`${base}/client/v4/`, options), '/client/v4/accounts/acc/ai/v1/chat/completions')
    assert.equal(await asked(`${base}?a=b`, options), '/accounts/acc/ai/v1/chat/completions?a=b')
    assert.equal(await asked(`${base}/accounts/other/ai`, options), '/accounts/other/ai/v1/chat/completions')
    assert.equal(await asked(`${base}/v1/acc/gate/workers-ai`, options), '/v1/acc/gate/workers-ai/v1/chat/completions')
  }
  assert.equal(await asked(base, { api: 'native' }), '/accounts/acc/ai/run/@cf/m')
  assert.equal(await asked(`${base}/gate`, { gateway: 'g' }), '/gate/v1/chat/completions')
  delete process.env.CLOUDFLARE_ACCOUNT_ID
  assert.match(refused({ vendor: 'cloudflare', baseUrl: base }).message, /No `accountId`/)
})

test('a conversation takes every provider, too', async () => {
  const stream = new AIStream({ provider: { vendor: 'azure', baseUrl: base, apiKey: 'k', deployment: 'gpt' } })
  await stream.send('Hi')
  assert.equal(stream.getMessages().at(-1).content, 'ok')
  assert.match(received[0].url, /deployments\/gpt/)
  const named = new AIStream({ provider: 'xai', baseUrl: base, apiKey: 'k', model: 'grok-4' })
  await named.send('Hi')
  assert.equal(received[1].body.model, 'grok-4')
})

test('the document says what the table says', () => {
  const file = new URL('../docs/providers.md', import.meta.url)
  assert.ok(readFileSync(file, 'utf8') === providersDocument(), 'run `npm run docs:providers`')
})
