// The documents tell the truth: every JavaScript block runs as it stands or stands in a file that does, every command named
// exists, every link leads somewhere.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { MockProvider } from 'millstream/testing'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const documents = ['README.md', 'CONTRIBUTING.md', ...markdownUnder('docs'), ...markdownUnder('examples')]
/** Inside the package, so that `millstream` resolves to it. */
const scratch = join(root, '__test__', `.snippets-${process.pid}`)

/** What a block must print; every block must be named here. */
const expected = {
  'README.md': {
    'quick-start': /^It follows the valley\.\n17 tokens\nIt follows the valley\.\n26 tokens\n$/,
    pull: /^(word ?){21}It follows the valley\. \{.*totalTokens: \d+,/s,
    compatible: /^It follows the valley\.\n$/,
    providers: /^(It follows the valley\.){3}$/,
    'tools-and-objects': /^4 degrees\.\n([^\n]*\n)*\{ rivers: \[ 'Glomma', 'Rhine', 'Po' \] \}\n3\n$/,
    route: /^It follows the valley\.$/,
    handler: /^200 text\/event-stream\nIt follows the valley\.\n400 messages\n$/,
    'by-hand': /^start (metadata( token){4} metadata usage done)\n\1\nstart metadata error done\n$/,
    adapter: /^start( token){4} metadata done\n$/,
    errors: /^rate_limit_error \w+\ntrue 2000 \S.*\n\n$/,
    testing: /^It follows the valley\.\n$/,
    decoder: /^\[\]\n\[ \{ event: 'greeting', data: 'hello', id: '' \} \]\none\ntwo\n$/,
  },
  'docs/compat-copilotedge.md': {
    edge: /^chat\.completion It follows the valley\. \d+\nIt follows the valley\.\nIt follows the valley\.\n$/,
    'edge-route': /^200 text\/event-stream It follows the valley\.\n400 ValidationError\n$/,
  },
  'docs/compat-neurolink.md': {
    neurolink: /^It follows the valley\.\n openai \d+\nIt follows the valley\. 4\nIt follows the valley\.\n$/,
    'neurolink-fallback':
      /^anthropic It follows the valley\.\nopenai to anthropic \[\n {2}\{\n {4}provider: 'openai',\n {4}type: 'overloaded_error',\n {4}code: '\w+',\n {4}status: 503\n {2}\}\n\]\n$/,
    'neurolink-gathered':
      /^initializing 0 0\n"It follows"\nstreaming 1 10\n" the valley\."\nstreaming 2 22\ncomplete 2 22\n$/,
  },
  'docs/providers.md': {
    'by-name': /^((openai|anthropic|google|xai) It follows the valley\.\n){4}$/,
    options: /^((azure|cloudflare|openai) It follows the valley\.\n){3}It follows the valley\.\n$/,
    several: /^west It follows the valley\.\nIt follows the valley\.\n$/,
    local: /^It follows the valley\.\n$/,
    others: /^(It follows the valley\.\n){3}$/,
  },
  'docs/requests.md': {
    requests: /^((openai|anthropic|google) It follows the valley\.\n){3}seed UNSUPPORTED_BY_PROVIDER\n$/,
  },
  'docs/compat-steer.md': {
    steer: /^It follows the valley\.\nIt follows the valley\.\ntrue true\n$/,
    'steer-json': /^(true ".*"\n)+Lamp: \$12\.5\n$/,
  },
  'docs/pipeline.md': {
    pipeline: /^IT FOLLOWS THE VALLEY\.\n4 chunks, 4 tokens\n$/,
    'pipeline-failure': /^start \n(delta \n){3}error no valleys here\n$/,
    'pipeline-collect':
      /^openai gpt-4o-mini\n0 "It"\n1 " follows"\n2 " the"\n3 " valley\."\n4 false\nIt follows the valley\. stop\ntrue true \d+\n$/,
    'pipeline-batches': /^delta delta delta\ndelta complete\nIt follows the valley\.\n$/,
    'pipeline-response': /^200 It follows the ······\.\n$/,
    'pipeline-sdk': /^openai stop It follows the valley\.\n$/,
  },
  'docs/structured-output.md': {
    structured: /^([0-3]\n)+Pancakes milk, flour, eggs\n$/,
    'structured-failure':
      /^SCHEMA_MISMATCH \[ 'minutes' \] \{ minutes: 'ten' \}\nINVALID_JSON 14 \{ minutes: 1 \}\nINVALID_JSON 0 undefined\n$/,
    'structured-decoder':
      /^\[ \{ n: 1 \}, \{ n: 2 \} \]\n\{ rivers: \[ 'Glom' \] \}\n\{ value: \{ a: \{ b: \[Array\] \} \}, state: 'partial' \}\n$/,
  },
  'docs/tools.md': {
    'tool-weather':
      /^call \{ city: 'Oslo' \}\ncall \{ city: 'Rome' \}\nresult \{ city: 'Oslo', celsius: 4 \}\nresult \{ city: 'Rome', celsius: 4 \}\nIt\n follows\n the\n valley\.\n$/,
    'tool-route': /^1 assistant tool\n2 assistant\ntool-output-available finish-step finish-step\n4\n$/,
  },
  'docs/tokens.md': {
    tokens: /^2\n\{ tokens: 3, characters: 11, isEstimated: true \}\n\d+\n1\n2\n2\n$/,
    'tokens-estimate': /^5 true 0\.95\n$/,
    'tokens-cost': /^0\.06\nundefined\ntrue\ntrue true\n$/,
  },
  'docs/testing.md': {
    formats: /^thinking, text 7\n\/v1\/messages 100\n$/,
    tools: /^Half a metre\.\nMühlbach: 0\.5 m\n$/,
    faults: /^truncated_error It follows\n$/,
  },
}

/** What is done with the routes of blocks that only define them. */
const afterwards = {
  handler: `
    const ask = (body) => POST(new Request('http://app.test/api/chat', { method: 'POST', body: JSON.stringify(body) }))
    const answer = await ask({ messages: [{ role: 'user', content: 'Hi' }] })
    console.log(answer.status, answer.headers.get('content-type'))
    console.log([...(await answer.text()).matchAll(/"token":"([^"]*)"/g)].map(([, token]) => token).join(''))
    const refused = await ask({ messages: 'Hi' })
    console.log(refused.status, (await refused.json()).field)`,
  'edge-route': `
    const ask = (body) => POST(new Request('http://app.test/api/copilot', { method: 'POST', body: JSON.stringify(body) }))
    const answer = await ask({ messages: [{ role: 'user', content: 'Hi' }] })
    const text = [...(await answer.text()).matchAll(/"content":"([^"]*)"/g)].map(([, piece]) => piece).join('')
    console.log(answer.status, answer.headers.get('content-type'), text)
    const refused = await ask({ messages: 'Hi' })
    console.log(refused.status, (await refused.json()).type)`,
  'by-hand': served(`
    const whole = await ask()
    await ask({ 'last-event-id': /^id: (.*)$/m.exec(whole)[1] })
    await ask({}, 'Hi')`),
  adapter: served('await ask()'),
}

/** Serves a block's `app`, and prints the names of the events that `asks` gets from it. */
function served(asks) {
  return `
    const server = app.listen(0, '127.0.0.1', async () => {
      const ask = async (headers, messages = [{ role: 'user', content: 'Hi' }]) => {
        const response = await fetch(\`http://127.0.0.1:\${server.address().port}/api/chat\`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify({ messages }),
        })
        const body = await response.text()
        console.log([...body.matchAll(/^event: (.*)$/gm)].map(([, name]) => name).join(' '))
        return body
      }
      ${asks}
      server.close()
      server.closeIdleConnections()
    })`
}

/** What answers a block, by its name; the others get `plain`. */
const providers = {}

before(async () => {
  mkdirSync(scratch, { recursive: true })
  const text = 'It follows the valley.'
  providers.plain = await MockProvider.start({ text })
  providers.pull = await MockProvider.start({ script: [{ text: 'word '.repeat(1000) }, { text }] })
  const recipe = JSON.stringify({ title: 'Pancakes', minutes: 20, ingredients: ['milk', 'flour', 'eggs'] })
  providers.structured = await MockProvider.start({ text: recipe })
  const failures = ['{"minutes": "ten"}', '{"minutes": 1 hour}', 'Roses are red']
  providers['structured-failure'] = await MockProvider.start({ script: failures.map((text) => ({ text })) })
  const calls = ['Oslo', 'Rome'].map((city) => ({ name: 'weather', args: { city } }))
  providers['tool-weather'] = await MockProvider.start({ script: [{ tokens: 0, toolCalls: calls }, { text }] })
  const rivers = JSON.stringify({ rivers: ['Glomma', 'Rhine', 'Po'] })
  const oslo = [{ name: 'weather', args: { city: 'Oslo' } }]
  const script = [{ tokens: 0, toolCalls: oslo }, { text: '4 degrees.' }, { text: rivers }]
  providers['tools-and-objects'] = await MockProvider.start({ script })
  const now = [{ name: 'now', args: {} }]
  providers['tool-route'] = await MockProvider.start({ script: [{ tokens: 0, toolCalls: now }, { text }] })
  providers['steer-json'] = await MockProvider.start({ text: '{"name": "Lamp", "price": 12.5}' })
  providers['neurolink-fallback'] = await MockProvider.start({ script: [{ status: 503 }, { text }] })
  providers.errors = await MockProvider.start({ status: 429, retryAfter: 2 })
})

after(async () => {
  rmSync(scratch, { recursive: true, force: true })
  for (const provider of Object.values(providers)) await provider.close()
})

for (const document of documents) {
  const text = readFileSync(join(root, document), 'utf8')
  const fences = [...text.matchAll(/^```(\w+)\b(.*)\n([\s\S]*?)^```$/gm)]
  // What a document quotes from a file runs where that file does; the rest of the JavaScript runs here.
  const quotes = fences.filter(([, , info]) => info.includes('file='))
  const blocks = fences.filter((fence) => /^(?:js|ts|javascript|typescript)$/.test(fence[1]) && !quotes.includes(fence))
  const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, target]) => target)
  const scripts = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name)

  describe(document, () => {
    it('links to what exists', () => {
      const missing = links.filter((target) => !existsSync(resolve(root, dirname(document), target)))
      assert.deepEqual(missing, [])
    })

    it('names scripts that exist', () => {
      // An example's own, or the repository's.
      const manifests = [root, join(root, dirname(document))].map((folder) => join(folder, 'package.json'))
      const known = Object.assign(
        {},
        ...manifests.filter(existsSync).map((file) => JSON.parse(readFileSync(file)).scripts),
      )
      assert.deepEqual(
        scripts.filter((name) => known[name] === undefined),
        [],
      )
    })

    for (const [, , info, code] of blocks) {
      const name = /\brun=([\w-]+)/.exec(info)?.[1]
      it(`runs the block ${name ?? JSON.stringify(code.slice(0, 40))}`, async () => {
        assert.ok(name !== undefined, 'a JavaScript block without a name never runs: mark it `js run=…`')
        const pattern = expected[document]?.[name]
        assert.ok(pattern !== undefined, `say in this test what the block ${name} prints`)
        const { code: status, stdout, stderr } = await execute(name, code, (providers[name] ?? providers.plain).url)
        assert.equal(stderr, '')
        assert.equal(status, 0)
        assert.match(stdout, pattern)
      })
    }

    for (const [, , info, code] of quotes) {
      const file = /\bfile=(\S+)/.exec(info)[1]
      it(`quotes ${file} as it is`, () => {
        assert.ok(readFileSync(join(root, file), 'utf8').includes(code), `${file} holds no such lines:\n${code}`)
      })
    }

    it('has every block that this test expects', () => {
      const names = blocks.map(([, , info]) => /\brun=([\w-]+)/.exec(info)?.[1])
      assert.deepEqual(Object.keys(expected[document] ?? {}), names)
    })
  })
}

function execute(name, code, url) {
  const file = join(scratch, `${name}.mjs`)
  writeFileSync(file, code + (afterwards[name] ?? ''))
  const child = spawn(process.execPath, [file], {
    cwd: scratch,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      OPENAI_API_KEY: 'sk-canary-of-the-readme-test',
      OPENAI_BASE_URL: `${url}/v1`,
      LLM_URL: `${url}/v1`,
      LLM_KEY: 'sk-canary-of-the-readme-test',
      ...elsewhere(url),
      NO_COLOR: '1',
    },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const clock = setTimeout(() => child.kill('SIGKILL'), 30_000)
  return new Promise((done, failed) => {
    child.once('error', failed)
    child.once('close', (status) => {
      clearTimeout(clock)
      done({ code: status, stdout, stderr })
    })
  })
}

/** The other providers that documents ask, all of them here. */
function elsewhere(url) {
  const key = 'sk-canary-of-the-readme-test'
  return {
    ANTHROPIC_API_KEY: key,
    ANTHROPIC_BASE_URL: url,
    GEMINI_API_KEY: key,
    GOOGLE_GEMINI_BASE_URL: url,
    XAI_API_KEY: key,
    XAI_BASE_URL: `${url}/v1`,
    AZURE_OPENAI_API_KEY: key,
    AZURE_OPENAI_ENDPOINT: url,
    CLOUDFLARE_API_TOKEN: key,
    CLOUDFLARE_ACCOUNT_ID: '0123456789abcdef',
    CLOUDFLARE_BASE_URL: url,
    GOOGLE_VERTEX_ACCESS_TOKEN: key,
    GOOGLE_VERTEX_BASE_URL: url,
    OLLAMA_HOST: `${url}/ollama`,
    NEBULA_API_KEY: key,
    NEBULA_BASE_URL: `${url}/v1`,
  }
}

function markdownUnder(folder) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
    .map((name) => relative(root, join(root, folder, name)).replaceAll('\\', '/'))
    .sort()
}
