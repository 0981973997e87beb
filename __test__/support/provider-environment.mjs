/** The variables that name keys, places and models of the providers that tests ask: what a machine has of them is hidden. */
export const providerVariables = [
  ...['OPENAI', 'ANTHROPIC', 'XAI', 'CEREBRAS', 'GROQ', 'MISTRAL', 'DEEPSEEK', 'OPENROUTER'].flatMap((name) => [
    `${name}_API_KEY`,
    `${name}_BASE_URL`,
    `${name}_MODEL`,
  ]),
  ...['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_AI_API_KEY', 'GOOGLE_GENERATIVE_AI_API_KEY'],
  ...['GOOGLE_GEMINI_BASE_URL', 'GOOGLE_AI_MODEL'],
  ...['CLOUDFLARE_API_TOKEN', 'CLOUDFLARE_API_KEY', 'CLOUDFLARE_ACCOUNT_ID', 'CLOUDFLARE_BASE_URL', 'CLOUDFLARE_MODEL'],
  ...['COPILOTEDGE_API_KEY', 'COPILOTEDGE_ACCOUNT_ID', 'CLOUDFLARE_GATEWAY_ID'],
  ...['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'],
  ...['SAGEMAKER_DEFAULT_ENDPOINT', 'SAGEMAKER_ENDPOINT', 'AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME'],
]

/** Hides them; the function it gives brings them back. */
export function hideProviders() {
  const saved = providerVariables.map((name) => [name, process.env[name]])
  for (const name of providerVariables) delete process.env[name]
  return () => {
    for (const [name, value] of saved) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}
