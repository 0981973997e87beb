/**
 * What models cost, as data: US dollars for a million tokens, by the vendor that serves them. List prices of the standard
 * tier, without batch, priority or regional terms. `source` is the vendor's own page, `checked` the day the prices were
 * current. Prices change: `prices` of a client and `registerPrices` come before this table.
 */

/**
 * What a model costs, in US dollars for a million tokens.
 *
 * @example
 * import { type ModelPrice, registerPrices } from 'millstream'
 *
 * const price: ModelPrice = { inputPerMillion: 0.5, outputPerMillion: 1.5, cachedInputPerMillion: 0.05 }
 * registerPrices({ 'my-model': price })
 */
export interface ModelPrice {
  inputPerMillion: number
  /** Reasoning included, which every vendor charges as output. */
  outputPerMillion: number
  /** Input read from the provider's cache. Default: as other input. */
  cachedInputPerMillion?: number
  /** Input written to the provider's cache, where that is charged. Default: as other input. */
  cacheWritePerMillion?: number
}

/** A row: input, output, cached input, written to the cache. */
type Row = readonly [input: number, output: number, cached?: number, written?: number]

export interface PriceList {
  source: string
  checked: string
  /** Whether the vendor serves what others made, at prices of its own. */
  resold?: true
  models: Readonly<Record<string, Row>>
}

export const priceTable: Readonly<Record<string, PriceList>> = {
  openai: {
    source: 'https://developers.openai.com/api/docs/pricing',
    checked: '2026-09-23',
    models: {
      'gpt-3.5-turbo': [0.5, 1.5],
      'gpt-3.5-turbo-16k': [3, 4],
      'gpt-3.5-turbo-instruct': [1.5, 2],
      'gpt-4': [30, 60],
      'gpt-4-32k': [60, 120],
      'gpt-4-turbo': [10, 30],
      'gpt-4-vision-preview': [10, 30],
      'gpt-4.1': [2, 8, 0.5],
      'gpt-4.1-mini': [0.4, 1.6, 0.1],
      'gpt-4.1-nano': [0.1, 0.4, 0.025],
      'gpt-4.5-preview': [75, 150, 37.5],
      'gpt-4o': [2.5, 10, 1.25],
      'gpt-4o-2024-05-13': [5, 15],
      'gpt-4o-mini': [0.15, 0.6, 0.075],
      'chatgpt-4o-latest': [5, 15],
      'gpt-5': [1.25, 10, 0.125],
      'gpt-5-mini': [0.25, 2, 0.025],
      'gpt-5-nano': [0.05, 0.4, 0.005],
      'gpt-5-pro': [15, 120],
      'gpt-5.1': [1.25, 10, 0.125],
      'gpt-5.1-codex-mini': [0.25, 2, 0.025],
      'gpt-5.2': [1.75, 14, 0.175],
      'gpt-5.2-pro': [21, 168],
      'gpt-5.3': [1.75, 14, 0.175],
      'gpt-5.3-codex': [1.75, 14, 0.175],
      'gpt-5.4': [2.5, 15, 0.25],
      'gpt-5.4-mini': [0.75, 4.5, 0.075],
      'gpt-5.4-nano': [0.2, 1.25, 0.02],
      'gpt-5.4-pro': [30, 180],
      'gpt-5.5': [5, 30, 0.5],
      'gpt-5.5-pro': [30, 180],
      'gpt-5.6-luna': [0.2, 1.2, 0.02, 0.25],
      'gpt-5.6-sol': [4, 20, 0.4, 5],
      'gpt-5.6-terra': [2, 12, 0.2, 2.5],
      'gpt-6-astra': [10, 50, 1, 12.5],
      'gpt-6-luna': [0.1, 0.5, 0.01, 0.125],
      'gpt-6-sol': [2, 10, 0.2, 2.5],
      'gpt-chat-latest': [5, 30, 0.5],
      'codex-mini': [1.5, 6, 0.375],
      'computer-use-preview': [3, 12],
      o1: [15, 60, 7.5],
      'o1-mini': [1.1, 4.4, 0.55],
      'o1-preview': [15, 60, 7.5],
      'o1-pro': [150, 600],
      o3: [2, 8, 0.5],
      'o3-mini': [1.1, 4.4, 0.55],
      'o3-pro': [20, 80],
      'o4-mini': [1.1, 4.4, 0.275],
    },
  },
  anthropic: {
    source: 'https://www.anthropic.com/pricing#api',
    checked: '2026-09-23',
    models: {
      'claude-2': [8, 24],
      'claude-3-haiku': [0.25, 1.25, 0.03, 0.3],
      'claude-3-sonnet': [3, 15, 0.3, 3.75],
      'claude-3-opus': [15, 75, 1.5, 18.75],
      'claude-3-5-haiku': [0.8, 4, 0.08, 1],
      'claude-3-5-sonnet': [3, 15, 0.3, 3.75],
      'claude-3-7-sonnet': [3, 15, 0.3, 3.75],
      'claude-sonnet-4': [3, 15, 0.3, 3.75],
      'claude-sonnet-4-0': [3, 15, 0.3, 3.75],
      'claude-sonnet-4-5': [3, 15, 0.3, 3.75],
      'claude-sonnet-4-6': [3, 15, 0.3, 3.75],
      'claude-sonnet-5': [2, 10, 0.2, 2.5],
      'claude-opus-4': [15, 75, 1.5, 18.75],
      'claude-opus-4-0': [15, 75, 1.5, 18.75],
      'claude-opus-4-1': [15, 75, 1.5, 18.75],
      'claude-opus-4-5': [5, 25, 0.5, 6.25],
      'claude-opus-4-6': [5, 25, 0.5, 6.25],
      'claude-opus-4-7': [5, 25, 0.5, 6.25],
      'claude-opus-4-8': [5, 25, 0.5, 6.25],
      'claude-opus-5': [5, 25, 0.5, 6.25],
      'claude-opus-5-5': [4, 20, 0.2, 5],
      'claude-haiku-4-5': [1, 5, 0.1, 1.25],
      'claude-fable-5': [10, 50, 1, 12.5],
      'claude-fable-5-1': [10, 50, 0.25, 12.5],
    },
  },
  google: {
    source: 'https://ai.google.dev/gemini-api/docs/pricing',
    checked: '2026-09-23',
    models: {
      'gemini-1.5-flash': [0.075, 0.3, 0.01875],
      'gemini-1.5-flash-8b': [0.0375, 0.15, 0.01],
      'gemini-1.5-pro': [1.25, 5],
      'gemini-2.0-flash': [0.1, 0.4, 0.025],
      'gemini-2.0-flash-lite': [0.075, 0.3],
      'gemini-2.5-flash': [0.3, 2.5, 0.03],
      'gemini-2.5-flash-lite': [0.1, 0.4, 0.01],
      'gemini-2.5-pro': [1.25, 10, 0.125],
      'gemini-3-flash-preview': [0.5, 3, 0.05],
      'gemini-3-pro-preview': [2, 12, 0.2],
      'gemini-3.1-flash-lite': [0.25, 1.5, 0.025],
      'gemini-3.1-pro-preview': [2, 12, 0.2],
      'gemini-3.5-flash': [1.5, 9, 0.15],
      'gemini-3.5-flash-lite': [0.3, 2.5, 0.03],
      'gemini-3.6-flash': [0.75, 3.75, 0.075],
      'gemini-3.7-flash': [0.75, 3.75, 0.075],
      'gemini-3.8-flash': [0.75, 3.75, 0.075],
    },
  },
  xai: {
    source: 'https://docs.x.ai/docs/models',
    checked: '2026-09-23',
    models: {
      'grok-2-1212': [2, 10],
      'grok-3': [3, 15, 0.75],
      'grok-3-mini': [0.3, 0.5, 0.075],
      'grok-4-0709': [3, 15, 0.75],
      'grok-4-fast-reasoning': [0.2, 0.5, 0.05],
      'grok-4-fast-non-reasoning': [0.2, 0.5, 0.05],
      'grok-4-1-fast-reasoning': [0.2, 0.5, 0.05],
      'grok-4-1-fast-non-reasoning': [0.2, 0.5, 0.05],
      'grok-4.20': [1.25, 2.5, 0.2],
      'grok-4.3': [1.25, 2.5, 0.2],
      'grok-4.5': [2, 6, 0.3],
      'grok-4.6': [2, 6, 0.5],
      'grok-code-fast-1': [0.2, 1.5, 0.02],
    },
  },
  mistral: {
    source: 'https://mistral.ai/pricing/api',
    checked: '2026-09-23',
    models: {
      'codestral-latest': [0.3, 0.9],
      'codestral-2508': [0.3, 0.9, 0.03],
      'devstral-2512': [0.4, 2, 0.04],
      'magistral-medium-latest': [2, 5],
      'magistral-small-latest': [0.5, 1.5],
      'ministral-3b-2512': [0.1, 0.1, 0.01],
      'ministral-8b-latest': [0.15, 0.15, 0.015],
      'ministral-14b-2512': [0.2, 0.2, 0.02],
      'mistral-large-2411': [2, 6],
      'mistral-large-2512': [0.5, 1.5, 0.05],
      'mistral-medium-latest': [1.5, 7.5, 0.15],
      'mistral-small-latest': [0.1, 0.3],
      'mistral-small-2603': [0.15, 0.6, 0.015],
      'open-mistral-nemo': [0.15, 0.15],
      'pixtral-large-latest': [2, 6],
    },
  },
  deepseek: {
    source: 'https://api-docs.deepseek.com/quick_start/pricing',
    checked: '2026-09-23',
    // Off-peak; at peak hours twice as much.
    models: { 'deepseek-v4-flash': [0.22, 0.66, 0.007], 'deepseek-v4-pro': [0.66, 1.98, 0.022] },
  },
  groq: {
    source: 'https://groq.com/pricing',
    checked: '2026-09-23',
    resold: true,
    models: {
      'llama-3.1-8b-instant': [0.05, 0.08],
      'llama-3.3-70b-versatile': [0.59, 0.79],
      'llama3-70b-8192': [0.59, 0.79],
      'llama3-8b-8192': [0.05, 0.08],
      'meta-llama/llama-4-maverick-17b-128e-instruct': [0.2, 0.6],
      'meta-llama/llama-4-scout-17b-16e-instruct': [0.11, 0.34],
      'moonshotai/kimi-k2-instruct': [1, 3, 0.5],
      'openai/gpt-oss-120b': [0.15, 0.6, 0.075],
      'openai/gpt-oss-20b': [0.075, 0.3, 0.0375],
      'qwen/qwen3-32b': [0.29, 0.59],
    },
  },
  cerebras: {
    source: 'https://www.cerebras.ai/pricing',
    checked: '2026-09-23',
    resold: true,
    models: {
      'gpt-oss-120b': [0.35, 0.75],
      'gemma-4-31b': [0.99, 1.49],
      'llama-3.3-70b': [0.85, 1.2],
      'llama3.1-8b': [0.1, 0.1],
      'qwen-3-32b': [0.4, 0.8],
      'zai-glm-4.7': [2.25, 2.75],
    },
  },
  cohere: {
    source: 'https://cohere.com/pricing',
    checked: '2026-09-23',
    models: {
      'command-a-03-2025': [2.5, 10],
      'command-r-08-2024': [0.15, 0.6],
      'command-r-plus-08-2024': [2.5, 10],
      'command-r7b-12-2024': [0.0375, 0.15],
    },
  },
  perplexity: {
    source: 'https://docs.perplexity.ai/docs/getting-started/pricing',
    checked: '2026-09-23',
    // Tokens alone: a search is charged besides.
    models: { sonar: [1, 1], 'sonar-pro': [3, 15], 'sonar-reasoning': [1, 5], 'sonar-reasoning-pro': [2, 8] },
  },
  together: {
    source: 'https://www.together.ai/pricing',
    checked: '2026-09-23',
    resold: true,
    models: {
      'meta-llama/Llama-3.3-70B-Instruct-Turbo': [0.88, 0.88],
      'meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8': [0.27, 0.85],
      'meta-llama/Llama-4-Scout-17B-16E-Instruct': [0.18, 0.59],
      'meta-llama/Meta-Llama-3.1-405B-Instruct-Turbo': [3.5, 3.5],
      'meta-llama/Meta-Llama-3.1-70B-Instruct-Turbo': [0.88, 0.88],
      'meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo': [0.18, 0.18],
    },
  },
  fireworks: {
    source: 'https://fireworks.ai/pricing',
    checked: '2026-09-23',
    resold: true,
    models: {
      'accounts/fireworks/models/deepseek-v3-0324': [0.9, 0.9],
      'accounts/fireworks/models/deepseek-v3p2': [0.56, 1.68, 0.28],
      'accounts/fireworks/models/gpt-oss-120b': [0.15, 0.6, 0.014],
      'accounts/fireworks/models/gpt-oss-20b': [0.07, 0.3, 0.035],
      'accounts/fireworks/models/kimi-k2p5': [0.6, 3, 0.1],
      'accounts/fireworks/models/llama-v3p1-8b-instruct': [0.2, 0.2],
      'accounts/fireworks/models/qwen3-235b-a22b': [0.22, 0.88],
    },
  },
  // Of nobody in particular: open models at what they usually cost.
  meta: {
    source: 'https://www.llama.com/',
    checked: '2026-09-23',
    models: { 'llama-3-70b': [0.8, 0.8], 'llama-3-8b': [0.2, 0.2] },
  },
}
