// Why a recording is read otherwise by somebody else. Each reason is one of docs/differences.md, by its heading.

const isOneOf = (names) => (name) => names.includes(name)
const isOpenAi = isOneOf(['openai', '@ai-sdk/openai'])

/** Whether a chunk of the recording has something, anywhere in it. */
const has =
  (pattern) =>
  ({ bytes }) =>
    pattern.test(bytes.toString('latin1'))

const reasons = [
  {
    reason: 'Reasoning of OpenAI-compatible servers',
    applies: ({ name, field, other }) => isOpenAi(name) && field === 'reasoning' && !other.reasoning,
  },
  {
    reason: 'Reasoning of OpenAI-compatible servers',
    applies: (given) =>
      given.name === '@ai-sdk/openai responses' &&
      given.field === 'reasoning' &&
      has(/response\.reasoning_text\.delta/)(given),
  },
  {
    reason: 'Several alternatives',
    applies: (given) =>
      given.name === '@ai-sdk/openai' && isOneOf(['text', 'calls'])(given.field) && has(/"index": ?1\b/)(given),
  },
  {
    reason: 'Frames that lack what OpenAI sends',
    applies: ({ name, file, field }) =>
      isOpenAi(name) &&
      (/^(cloudflare|gemini|ollama)\/chat__/.test(file) ||
        (name === 'openai' && /^mistral\/chat__test-mistral/.test(file))) &&
      isOneOf(['failed', 'text', 'calls'])(field),
  },
  {
    reason: 'Tool calls without a number',
    applies: ({ name, file, field }) => name === 'openai' && /^cerebras\//.test(file) && field === 'calls',
  },
  {
    reason: 'Content in parts',
    applies: ({ name, field, other }) => name === 'openai' && field === 'text' && /^\[object Object]/.test(other.text),
  },
  {
    reason: 'Arguments that never came, of an answer that was cut',
    applies: ({ field, own }) => field === 'calls' && own.calls.some(({ args }) => args === undefined),
  },
  {
    reason: 'Frames that are no JSON',
    applies: ({ name, field, other }) =>
      field === 'failed' &&
      isOneOf(['openai', '@anthropic-ai/sdk'])(name) &&
      /malformed|not valid JSON/.test(other.failed),
  },
  {
    reason: 'Refusals',
    applies: ({ name, field, own, other }) =>
      name.startsWith('@ai-sdk/openai') && field === 'text' && own.text === '' && /^I'm (very )?sorry/.test(other.text),
  },
  {
    reason: 'Errors beside choices',
    applies: ({ name, file, field }) =>
      name === '@ai-sdk/openai' &&
      field === 'failed' &&
      file.startsWith('openrouter/chat__test-openrouter-stream-error'),
  },
  {
    reason: "xAI's completion tokens",
    applies: ({ name, file, field }) => isOpenAi(name) && file.startsWith('xai/') && field === 'tokens',
  },
  {
    reason: 'Several answers in one body',
    applies: (given) =>
      ['text', 'calls', 'tokens', 'failed'].includes(given.field) &&
      (
        given.bytes
          .toString('latin1')
          .match(/^event: ?message_start|"type": ?"message_start"|"type": ?"response\.created"/gm) ?? []
      ).length > 1,
  },
  {
    reason: 'A last event without its blank line',
    applies: ({ name, field, other }) =>
      name === '@anthropic-ai/sdk' && field === 'failed' && /without producing a Message/.test(other.failed),
  },
  {
    reason: "Compaction of Anthropic's",
    applies: ({ name, file }) => name === '@ai-sdk/anthropic' && /compaction/.test(file),
  },
  {
    reason: "Tools of the provider's own",
    applies: ({ name, file, field, other }) =>
      (name === '@ai-sdk/openai responses' &&
        field === 'calls' &&
        /(custom|apply-patch|tool-search|shell)/.test(file)) ||
      (name === '@ai-sdk/amazon-bedrock' && field === 'failed' && /toolResult/.test(other.failed)),
  },
  {
    reason: "Tokens of a provider's own tools",
    applies: (given) =>
      given.name === '@ai-sdk/google' && given.field === 'tokens' && has(/toolUsePromptTokenCount/)(given),
  },
  {
    reason: 'Events without a blank line between them',
    applies: ({ name, file, field }) =>
      name === '@ai-sdk/google' && field === 'text' && file.startsWith('gemini/generate__stream-basic-text-1'),
  },
  {
    reason: 'Frames that another version of the format has',
    applies: ({ name, field, other }) =>
      name === '@ai-sdk/openai responses' && field === 'failed' && /^Type validation failed/.test(other.failed),
  },
  {
    reason: 'Blocks that were not begun',
    applies: ({ name, file }) => name === '@ai-sdk/amazon-bedrock' && /converse__reasoning__/.test(file),
  },
]

/** The reason for a difference, or `undefined`. */
export function explanationOf(difference) {
  return reasons.find(({ applies }) => applies(difference))?.reason
}
