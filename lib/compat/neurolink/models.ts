/**
 * Whom this face asks, and which model where nobody names one. Data, and the look at the environment; models of providers
 * change, so that every one of them can be replaced by a variable.
 */
import { findProvider, providersInEnvironment } from '../../providers.js'

interface Known {
  /** Environment variable that names the model. */
  variable: string
  model: string
}

/** By the names of the engine. */
const models: Readonly<Record<string, Known>> = {
  openai: { variable: 'OPENAI_MODEL', model: 'gpt-4o-mini' },
  anthropic: { variable: 'ANTHROPIC_MODEL', model: 'claude-sonnet-4-5' },
  google: { variable: 'GOOGLE_AI_MODEL', model: 'gemini-2.5-flash' },
  cerebras: { variable: 'CEREBRAS_MODEL', model: 'llama-4-maverick-17b-128e-instruct' },
  cloudflare: { variable: 'CLOUDFLARE_MODEL', model: '@cf/meta/llama-3.1-8b-instruct' },
  xai: { variable: 'XAI_MODEL', model: 'grok-4' },
}

/** Names that differ from the engine's. */
const shown: Readonly<Record<string, string>> = { google: 'google-ai' }

/** The name under which apps of this face know a provider. */
export function shownName(provider: string): string {
  return Object.hasOwn(shown, provider) ? (shown[provider] as string) : provider
}

/** All names of a provider: the one given, the engine's, and the one apps know. */
export function namesOf(provider: string): string[] {
  const name = findProvider(provider)?.name ?? provider
  return [provider, name, shownName(name)]
}

/** The model of a provider that is asked where nobody names one. */
export function modelOf(provider: string): string | undefined {
  const name = findProvider(provider)?.name
  const known = name !== undefined && Object.hasOwn(models, name) ? models[name] : undefined
  return known === undefined ? undefined : process.env[known.variable]?.trim() || known.model
}

/**
 * Whom to ask where nobody is named, in order: those that are configured, then those for which the environment has a key,
 * each once.
 */
export function availableProviders(configured: readonly string[]): string[] {
  const known = new Set<string>()
  const available = [...configured, ...providersInEnvironment()].filter((name) => {
    const own = findProvider(name)?.name ?? name
    return !known.has(own) && known.add(own)
  })
  return available.length > 0 ? available : ['openai']
}
