// The text of `docs/providers.md`: what is said of providers in general, and a section for each row of the table.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { root } from './process.mjs'

const formats = {
  openai: "OpenAI's chat completions",
  'openai-responses': "OpenAI's Responses",
  anthropic: "Anthropic's Messages",
  gemini: "Gemini's generateContent",
  'workers-ai': "Workers AI's own",
  ollama: "Ollama's own",
  cohere: "Cohere's chat, version 2",
  watsonx: "watsonx.ai's chat",
  'bedrock-converse': 'Converse',
  'bedrock-invoke': "InvokeModel, in the model's own words",
  sagemaker: 'InvokeEndpoint',
}

const quirks = {
  maxTokensField: (name) => `\`maxTokens\` goes as \`${name}\``,
  seedField: (name) => `\`seed\` goes as \`${name}\``,
  streamOptions: (taken) =>
    taken ? '`stream_options` are sent' : 'usage comes unasked: `stream_options` are not sent',
  developerRole: () => 'a message may be of role `developer`',
  topK: () => '`topK` goes as `top_k`',
  reasoning: (style) =>
    style === 'object'
      ? '`reasoning` goes as `reasoning: {effort, max_tokens}`'
      : '`reasoning` goes as `thinking: {type}`',
  reasoningField: (name) => `what an assistant thought goes back as \`${name}\``,
  cacheControl: () => '`cacheControl` goes as `cache_control`',
  lacks: (names) => `has no ${names.map((name) => `\`${name}\``).join(', ')}: asking for one is an error`,
}

/** The whole document. */
export function providersDocument() {
  const { table } = createRequire(import.meta.url)(join(root, 'dist', 'internal.js'))
  const rows = Object.entries(table)
  const intro = readFileSync(join(root, 'scripts', 'support', 'providers-intro.md'), 'utf8')
  const overview = [
    '| name | provider | asked in | key |',
    '|---|---|---|---|',
    ...rows.map(([name, row]) => `| [\`${name}\`](#${name}) | ${row.title} | ${asked(row)} | ${keys(row)} |`),
  ]
  const sections = rows.map(([name, row]) => section(name, row))
  return `${intro.trimEnd()}\n\n## All providers\n\n${overview.join('\n')}\n\n${sections.join('\n\n')}\n`
}

function asked({ apis }) {
  return Object.values(apis)
    .map(({ shape }) => formats[shape])
    .join('; ')
}

function keys({ keyVariables, auth }) {
  const named = keyVariables.map((name) => `\`${name}\``).join(', ')
  const signed = auth.sigv4 === undefined ? '' : '`AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`'
  const all = [named, signed].filter((text) => text !== '').join(', or ')
  return auth === 'optional' ? `none, or ${all}` : all
}

function section(name, row) {
  const lines = [`### ${name}`, '']
  const also = row.aliases === undefined ? '' : ` Also \`${row.aliases.join('`, `')}\`.`
  lines.push(`[${row.title}](${row.docsPage}).${also} Keys come from <${row.keyPage}>.`, '')
  lines.push(`- Base URL: \`${row.baseUrl}\`, unless \`${row.baseUrlVariables.join('` or `')}\` says another`)
  if (row.underRoot !== undefined) {
    const parts = row.underRoot.unless.map((part) => `\`${part}\``).join(' or ')
    lines.push(
      `  - That variable and \`baseUrl\` are the root of the API: \`${row.underRoot.path}\` is appended, unless the path has ${parts} in it`,
    )
  }
  lines.push(`- Key: ${keys(row)}; ${sent(row.auth)}`)
  for (const [option, { about, variables = [], default: otherwise }] of Object.entries(row.options ?? {})) {
    const sources = variables.map((variable) => `\`${variable}\``).join(', ')
    const fallback = otherwise === undefined ? '' : `; default \`${otherwise}\``
    lines.push(`- \`${option}\`: ${about}. ${sources}${fallback}`)
  }
  for (const [header, value] of Object.entries(row.headers ?? {})) lines.push(`- Header \`${header}: ${value}\``)
  for (const [member, value] of Object.entries(row.body ?? {})) lines.push(`- In each body: \`${member}: ${value}\``)
  for (const [api, given] of Object.entries(row.apis)) {
    const whole = given.wholePath === undefined ? '' : `, whole answers \`${given.wholePath}\``
    const auth = given.auth === undefined ? '' : `; ${sent(given.auth)}`
    lines.push(`- \`api: '${api}'\`: ${formats[given.shape]}, \`${given.path}\`${whole}${auth}`)
    for (const { where, baseUrl, path } of given.variants ?? []) {
      const when = Object.entries(where).map(([option, value]) =>
        value === true ? `\`${option}\`` : `\`${option}: '${value}'\``,
      )
      const places = [baseUrl, path].filter((text) => text !== undefined).map((text) => `\`${text}\``)
      lines.push(`  - with ${when.join(' and ')}: ${places.join(', ')}`)
    }
    for (const [quirk, value] of Object.entries(given.quirks ?? {})) lines.push(`  - ${quirks[quirk](value)}`)
  }
  return lines.join('\n')
}

function sent(auth) {
  if (auth === 'bearer') return 'sent as a bearer token'
  if (auth === 'optional') return 'sent as a bearer token where there is one'
  if (auth.sigv4 !== undefined)
    return `requests are signed for the service \`${auth.sigv4}\`; a key is sent as a bearer token`
  return `sent as \`${auth.header}\``
}
