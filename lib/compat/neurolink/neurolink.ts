/**
 * {@link NeuroLink}: questions to any provider, over `StreamClient`. What always holds: whom to ask is decided for each
 * question anew, from the environment as it is then; a question that can't be put is a rejection.
 */
import type { ValidationError } from '../../errors.js'
import { findProvider } from '../../providers.js'
import { askerOf, StreamClient } from '../../stream-client.js'
import type { StreamRequest } from '../../stream-request.js'
import { resultOf } from '../../stream-result.js'
import type { ExecutableTool } from '../../tools.js'
import type { CollectedResponse } from '../../types.js'
import { answerTo, askInTurn, HeldCallbacks, type ProviderFallback, wholeOf } from './fallback.js'
import { availableProviders, modelOf, namesOf, shownName } from './models.js'
import {
  type NeuroLinkConfig,
  type NeuroLinkProvider,
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
  /** As the provider's own, with `fallback` where it answers for the one that was asked first. */
  metadata: Record<string, unknown> & { fallback?: ProviderFallback }
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
   * Asks. Resolves as soon as the head of the answer is in; where nobody is named, as soon as something of the answer is
   * there, or all of it. Rejects with a `ValidationError` where the question can't be put, and with another `StreamError`
   * where the provider refuses it or can't be reached, or all of them: then its `cause` is an `AggregateError` of the
   * others'. Later failures are thrown at whoever reads, or with `errors: 'chunk'` come as a chunk.
   */
  async stream(request: NeuroLinkRequest): Promise<NeuroLinkResult> {
    const { question, asked, client, isOpen } = this.#prepare(request)
    const startTime = Date.now()
    const { gather, progress, context, chunkFormat: format = this.#settings.chunkFormat } = question
    const reading = { format, gather, progress }
    if (!isOpen) {
      const result = await askForJson(asked[0], async (asked) => client.stream(asked))
      return new EngineResult(result, reading, { startTime, requestId: result.requestId, context, lead: 0 })
    }
    const { bufferSize = this.#settings.client.bufferSize } = question
    const asker = askerOf(client)
    const { given, ...circumstances } = await askInTurn(asked, (asked) => {
      const held = new HeldCallbacks(asked, false)
      return askForJson(asked, (asked) => answerTo(asked, held, bufferSize, asker.ask))
    })
    const { answer, requestId } = given
    const result = resultOf(answer, asked[0].errors ?? 'throw')
    return new EngineResult(result, reading, { startTime, requestId, context, ...circumstances })
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
    const { asked, client, isOpen } = this.#prepare(request)
    const { given, fallback, lead } = isOpen
      ? await askInTurn(asked, (one) => {
          if (asked.length === 1) return askForJson(one, (one) => client.generate(one))
          const held = new HeldCallbacks(one, true)
          return askForJson(one, (one) => wholeOf(one, held, (one) => client.generate(one)))
        })
      : { given: await askForJson(asked[0], (one) => client.generate(one)), lead: 0 }
    const { text, provider, metrics, metadata } = given
    return {
      ...given,
      provider: shownName(provider),
      content: text,
      responseTime: Math.round(lead + metrics.duration),
      metadata: { ...metadata, ...(fallback && { fallback }) },
    }
  }

  #prepare(request: NeuroLinkRequest): Prepared {
    const question = neuroLinkQuestion(request)
    const { bufferSize } = question
    const tools = this.#tools.chosen(question.tools)
    const { isOpen, choices } = this.#whom(question)
    const [first, ...others] = choices.map((choice) => ({ ...question.request, ...(tools && { tools }), ...choice }))
    return {
      question,
      asked: [first as StreamRequest, ...others],
      client: bufferSize === undefined ? this.#client : new StreamClient({ ...this.#settings.client, bufferSize }),
      isOpen,
    }
  }

  /** Whom to ask, in order, and which models; `isOpen`: nobody was named. */
  #whom({ provider, request: { model } }: NeuroLinkQuestion): { isOpen: boolean; choices: Choice[] } {
    const { client, providers } = this.#settings
    const preferred = client.defaultProvider === 'auto' ? undefined : client.defaultProvider
    const named = provider ?? preferred ?? 'auto'
    if (typeof named !== 'string') return { isOpen: false, choices: [{ provider: named }] }
    const first = ({ name, own, vendor }: Known): Choice =>
      this.#choice(name, own, model ?? own?.model ?? client.defaultModel ?? modelOf(vendor))
    if (named !== 'auto') return { isOpen: false, choices: [first(this.#known(named))] }
    const configured = [...(preferred === undefined ? [] : [preferred]), ...Object.keys(providers)]
    const [one, ...others] = availableProviders(configured).map((name) => this.#known(name)) as [Known, ...Known[]]
    // Whoever names a model means that of the provider asked first; others of its kind have it, too.
    const wanted = model ?? client.defaultModel
    const later = others.flatMap(({ name, own, vendor }) => {
      const asked = own?.model ?? (vendor === one.vendor ? wanted : modelOf(vendor)) ?? (own && wanted)
      return asked === undefined && own === undefined ? [] : [this.#choice(name, own, asked)]
    })
    return { isOpen: true, choices: [first(one), ...later] }
  }

  /** A provider by any of its names. */
  #known(given: string): Known {
    const { providers } = this.#settings
    const name = namesOf(given).find((name) => Object.hasOwn(providers, name)) ?? given
    const own = Object.hasOwn(providers, name) ? providers[name] : undefined
    return { name, own, vendor: own?.vendor ?? findProvider(name)?.name ?? name }
  }

  #choice(provider: string, own: NeuroLinkProvider | undefined, model: string | undefined): Choice {
    return { provider, ...(model !== undefined && { model }), ...(own?.streaming === false && { stream: false }) }
  }
}

type Choice = Pick<StreamRequest, 'provider' | 'model' | 'stream'>

/** A provider, what is configured of it, and whose kind it is. */
interface Known {
  name: string
  own: NeuroLinkProvider | undefined
  vendor: string
}

/** A checked question, and whom to ask. */
interface Prepared {
  question: NeuroLinkQuestion
  /** In order; the first alone, unless nobody was named. */
  asked: [StreamRequest, ...StreamRequest[]]
  client: StreamClient
  isOpen: boolean
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
