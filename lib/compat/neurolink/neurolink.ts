/**
 * {@link NeuroLink}: questions to any provider, over `StreamClient`. What always holds: whom to ask is decided for each
 * question anew, from the environment as it is then; a question that can't be put is a rejection.
 */
import type { ClientProvider } from '../../client-config.js'
import type { ValidationError } from '../../errors.js'
import { StreamClient } from '../../stream-client.js'
import type { StreamRequest } from '../../stream-request.js'
import type { ExecutableTool } from '../../tools.js'
import type { CollectedResponse } from '../../types.js'
import { availableProvider, modelOf, namesOf, shownName } from './models.js'
import {
  type NeuroLinkConfig,
  type NeuroLinkQuestion,
  type NeuroLinkRequest,
  type NeuroLinkSettings,
  neuroLinkQuestion,
  neuroLinkSettings,
  type StreamConfig,
} from './options.js'
import { EngineResult, type NeuroLinkResult } from './result.js'
import { RegisteredTools } from './tools.js'

/** A whole answer. */
export interface NeuroLinkAnswer extends CollectedResponse {
  /** The same as `text`. */
  content: string
  /** Milliseconds from the question to the end. */
  responseTime: number
}

/**
 * Asks models of any provider.
 *
 * @example
 * import { NeuroLink } from 'millstream/compat/neurolink'
 *
 * const neurolink = new NeuroLink()
 * const result = await neurolink.stream({ input: { text: 'Tell me a story' } })
 * for await (const chunk of result) process.stdout.write(chunk.content)
 */
export class NeuroLink {
  readonly #settings: NeuroLinkSettings
  readonly #client: StreamClient
  readonly #tools = new RegisteredTools()

  /** @throws ValidationError where an option is not what it must be. A missing key shows when it is needed. */
  constructor(config: NeuroLinkConfig = {}) {
    this.#settings = neuroLinkSettings(config)
    this.#client = new StreamClient(this.#settings.client)
  }

  /**
   * Asks. Resolves as soon as the head of the answer is in. Rejects with a `ValidationError` where the question can't be
   * put, and with another `StreamError` where the provider refuses it or can't be reached; later failures are thrown at
   * whoever reads, or with `errors: 'chunk'` come as a chunk.
   */
  async stream(request: NeuroLinkRequest): Promise<NeuroLinkResult> {
    const { question, asked, client } = this.#prepare(request)
    const startTime = Date.now()
    const result = await askForJson(asked, async (asked) => client.stream(asked))
    const { gather, progress, context, chunkFormat: format = this.#settings.chunkFormat } = question
    return new EngineResult(result, { format, gather, progress }, startTime, context)
  }

  /**
   * Adds a tool that models may call from now on, under a name by which requests choose it: `tools: [{ name }]`.
   *
   * @throws ValidationError where it is no tool.
   *
   * @example
   * import { NeuroLink } from 'millstream/compat/neurolink'
   *
   * const neurolink = new NeuroLink()
   * neurolink.registerTool('now', { description: 'The time', execute: () => new Date().toISOString() })
   */
  registerTool(name: string, tool: Omit<ExecutableTool, 'name'>): void {
    this.#tools.add(name, tool)
  }

  /** Takes a tool away; whether there was one. */
  unregisterTool(name: string): boolean {
    return this.#tools.remove(name)
  }

  /** Asks, and gives the whole answer; with `stream: true`, or settings for a stream, the same as {@link NeuroLink.stream}. */
  generate(request: NeuroLinkRequest & { stream: true | StreamConfig }): Promise<NeuroLinkResult>
  generate(request: NeuroLinkRequest & { stream?: false }): Promise<NeuroLinkAnswer>
  async generate(request: NeuroLinkRequest): Promise<NeuroLinkResult | NeuroLinkAnswer> {
    if (request?.stream) return this.stream(request)
    const { asked, client } = this.#prepare(request)
    const answer = await askForJson(asked, (asked) => client.generate(asked))
    const { text, provider, metrics } = answer
    return {
      ...answer,
      provider: shownName(provider),
      content: text,
      responseTime: Math.round(metrics.duration),
    }
  }

  #prepare(request: NeuroLinkRequest): { question: NeuroLinkQuestion; asked: StreamRequest; client: StreamClient } {
    const question = neuroLinkQuestion(request)
    const { bufferSize } = question
    const tools = this.#tools.chosen(question.tools)
    return {
      question,
      asked: { ...question.request, ...(tools && { tools }), ...this.#whom(question) },
      client: bufferSize === undefined ? this.#client : new StreamClient({ ...this.#settings.client, bufferSize }),
    }
  }

  /** Whom to ask, and which model. */
  #whom({ provider, request }: NeuroLinkQuestion): Pick<StreamRequest, 'provider' | 'model' | 'stream'> {
    const { client, providers } = this.#settings
    const given = provider === undefined || provider === 'auto' ? this.#default() : provider
    if (typeof given !== 'string') return { provider: given as ClientProvider }
    const name = namesOf(given).find((name) => Object.hasOwn(providers, name)) ?? given
    const own = Object.hasOwn(providers, name) ? providers[name] : undefined
    const model = request.model ?? own?.model ?? client.defaultModel ?? modelOf(own?.vendor ?? name)
    return {
      provider: name,
      ...(model !== undefined && { model }),
      ...(own?.streaming === false && { stream: false }),
    }
  }

  #default(): string {
    const { client, providers } = this.#settings
    const { defaultProvider } = client
    if (defaultProvider !== undefined && defaultProvider !== 'auto') return defaultProvider
    return Object.keys(providers)[0] ?? availableProvider()
  }
}

/** Asks; where a provider can't be asked for JSON by a parameter, once more in words. Nothing was sent before then. */
async function askForJson<T>(asked: StreamRequest, ask: (asked: StreamRequest) => Promise<T>): Promise<T> {
  try {
    return await ask(asked)
  } catch (error) {
    const { code, field } = error as Partial<ValidationError>
    if (code !== 'UNSUPPORTED_BY_PROVIDER' || field !== 'output' || asked.output === undefined) throw error
    const { output, systemPrompt, ...rest } = asked
    const schema =
      output.schema === undefined ? '' : ` It has to fit this JSON schema: ${JSON.stringify(output.schema)}`
    const wish = `Answer with one JSON value and nothing else: no explanation, no code fence.${schema}`
    return ask({ ...rest, systemPrompt: systemPrompt === undefined ? wish : `${systemPrompt}\n\n${wish}` })
  }
}
