// Why a recording is read otherwise by somebody else. Each reason is one of docs/differences.md, by its heading.

const isOneOf = (names) => (name) => names.includes(name)
const isChat = isOneOf(['openai chat', '@ai-sdk/openai chat', '@ai-sdk/openai-compatible'])
const isAiSdk = isOneOf(['@ai-sdk/openai chat', '@ai-sdk/openai-compatible', '@ai-sdk/openai completions'])
const isCompletions = isOneOf(['openai completions', '@ai-sdk/openai completions'])
const interrupted = ({ field, other }) =>
  field === 'failed' && /^the answer was interrupted$|ended without a finish reason/.test(other.failed)

/** Whether something stands anywhere in the recording. */
const has =
  (pattern) =>
  ({ bytes }) =>
    pattern.test(bytes.toString('latin1'))

const explanations = [
  {
    reason: 'A stop beside calls',
    applies: ({ name, field, own, other }) =>
      isChat(name) &&
      field === 'finish' &&
      own.calls.length > 0 &&
      own.finish === 'tool-calls' &&
      other.finish === 'stop',
  },
  {
    reason: "Reasons in a server's own words",
    applies: (given) =>
      (isChat(given.name) || isCompletions(given.name)) &&
      given.field === 'finish' &&
      given.other.finish === 'other' &&
      has(/"finish_reason": ?"(eos|model_length|error)"/)(given),
  },
  {
    reason: 'An end without a reason',
    applies: (given) =>
      isChat(given.name) && interrupted(given) && given.own.finish === 'unknown' && has(/^data: ?\[DONE]/m)(given),
  },
  {
    reason: 'An end without a reason',
    applies: ({ name, field, own, other }) =>
      name === 'workers-ai-provider' && field === 'finish' && own.finish === 'unknown' && other.finish === 'stop',
  },
  {
    reason: 'Reasoning of OpenAI-compatible servers',
    applies: ({ name, field, other }) => name === '@ai-sdk/openai chat' && field === 'reasoning' && !other.reasoning,
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
    applies: (given) => isAiSdk(given.name) && isOneOf(['text', 'calls'])(given.field) && has(/"index": ?1\b/)(given),
  },
  {
    reason: 'Frames that lack what OpenAI sends',
    applies: ({ name, file, field }) =>
      isChat(name) &&
      (/^(cloudflare|gemini|ollama)\/chat__/.test(file) ||
        (name === 'openai chat' && /^mistral\/chat__test-mistral/.test(file))) &&
      isOneOf(['failed', 'text', 'calls', 'finish'])(field),
  },
  {
    reason: 'Frames that lack what OpenAI sends',
    applies: ({ name, file, field }) =>
      isCompletions(name) &&
      /^(self-hosted-openai-compatible|writer)\//.test(file) &&
      isOneOf(['failed', 'text', 'finish'])(field),
  },
  {
    reason: 'Frames that lack what OpenAI sends',
    applies: ({ name, field, other }) =>
      name === 'openai responses' && field === 'failed' && other.failed === 'missing output at index undefined',
  },
  {
    reason: 'Answers that were shortened',
    applies: ({ name, file, field }) =>
      name === 'openai responses' && field === 'text' && file.startsWith('openai/responses__openai-phase.1'),
  },
  {
    reason: 'Tool calls without a number',
    applies: ({ name, file, field }) => name === 'openai chat' && /^cerebras\//.test(file) && field === 'calls',
  },
  {
    reason: 'Tool calls without a number',
    applies: (given) =>
      given.name === '@mistralai/mistralai' && given.field === 'calls' && !has(/"tool_calls": ?\[\{"index"/)(given),
  },
  {
    reason: 'Answers that are cut',
    applies: ({ field, own, other }) =>
      field === 'failed' && other.failed === undefined && /without the format's terminal marker$/.test(own.failed),
  },
  {
    reason: 'Content in parts',
    applies: ({ name, field, other }) =>
      name === 'openai chat' && field === 'text' && /^\[object Object]/.test(other.text),
  },
  {
    reason: 'Arguments that never came, of an answer that was cut',
    applies: ({ field, own }) => field === 'calls' && own.calls.some(({ args }) => args === undefined),
  },
  {
    reason: 'Frames that are no JSON',
    applies: ({ name, field, other }) =>
      field === 'failed' &&
      isOneOf(['openai chat', '@anthropic-ai/sdk'])(name) &&
      /malformed|not valid JSON/.test(other.failed),
  },
  {
    reason: 'Refusals',
    applies: ({ name, field, own, other }) =>
      name.startsWith('@ai-sdk/openai') && field === 'text' && own.text === '' && /^I'm (very )?sorry/.test(other.text),
  },
  {
    reason: 'Refusals',
    applies: (given) =>
      given.name.startsWith('@ai-sdk/openai') &&
      given.field === 'finish' &&
      given.own.finish === 'stop' &&
      given.other.finish === 'content-filter' &&
      has(/"refusal"/)(given),
  },
  {
    reason: 'Errors beside choices',
    applies: ({ name, file, field }) =>
      name === '@ai-sdk/openai chat' &&
      field === 'failed' &&
      file.startsWith('openrouter/chat__test-openrouter-stream-error'),
  },
  {
    reason: "xAI's completion tokens",
    applies: ({ name, file, field }) => isChat(name) && file.startsWith('xai/') && field === 'tokens',
  },
  {
    reason: 'Several answers in one body',
    applies: (given) =>
      ['text', 'calls', 'tokens', 'finish', 'failed'].includes(given.field) &&
      (given.bytes.toString('latin1').match(/"type": ?"(message_start|response\.created)"/g) ?? []).length > 1,
  },
  {
    reason: 'IDs that change on the way',
    applies: ({ name, field, other }) =>
      name === 'openai responses' && field === 'failed' && other.failed === 'Lifecycle response identity changed.',
  },
  {
    reason: 'A last event without its blank line',
    applies: ({ name, field, other }) =>
      name === '@anthropic-ai/sdk' && field === 'failed' && /without producing a Message/.test(other.failed),
  },
  {
    reason: 'A last event without its blank line',
    applies: (given) =>
      given.name === '@ai-sdk/anthropic' && interrupted(given) && has(/"message_stop" ?\}\n?$/)(given),
  },
  {
    reason: 'Turns that pause',
    applies: (given) =>
      given.name === '@ai-sdk/anthropic' &&
      given.field === 'finish' &&
      given.own.finish === 'other' &&
      has(/"stop_reason": ?"pause_turn"/)(given),
  },
  {
    reason: "Compaction of Anthropic's",
    applies: ({ name, file }) => name === '@ai-sdk/anthropic' && /compaction/.test(file),
  },
  {
    reason: "Tools of the provider's own",
    applies: ({ name, file, field, other }) =>
      (name === '@ai-sdk/openai responses' &&
        isOneOf(['calls', 'finish'])(field) &&
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
      isOneOf(['@google/genai generateContent', '@ai-sdk/google'])(name) &&
      field === 'failed' &&
      file.startsWith('gemini/generate__stream-basic-text-1'),
  },
  {
    reason: 'Calls in pieces',
    applies: (given) =>
      given.name === '@google/genai generateContent' && given.field === 'calls' && has(/"partialArgs"/)(given),
  },
  {
    reason: 'Frames that another version of the format has',
    applies: ({ name, field, other }) =>
      name === '@ai-sdk/openai responses' && field === 'failed' && /^Type validation failed/.test(other.failed),
  },
  {
    reason: 'Frames that another version of the format has',
    applies: ({ name, field, other }) =>
      name === 'openai responses' && field === 'failed' && /^Unhandled response stream event/.test(other.failed),
  },
  {
    reason: "Messages that don't say what they are",
    applies: (given) =>
      isOneOf(['@aws-sdk/client-bedrock-runtime converse', '@ai-sdk/amazon-bedrock'])(given.name) &&
      !has(/:message-type/)(given),
  },
  {
    reason: 'Tokens as they are billed',
    applies: ({ name, file, field }) =>
      name === '@aws-sdk/client-bedrock-runtime invoke' && field === 'tokens' && /model-cohere\./.test(file),
  },
]

/** The reasons there are, each once. */
export const reasons = [...new Set(explanations.map(({ reason }) => reason))]

/** The reason for a difference, or `undefined`. */
export function explanationOf(difference) {
  return explanations.find(({ applies }) => applies(difference))?.reason
}
