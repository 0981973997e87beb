/**
 * The providers known by name, a row each. Nothing about a single provider stands anywhere else. Their order is that in
 * which the environment is searched for a key: those whose keys say that somebody means them come first, those whose
 * variables serve other purposes as well, last.
 */
import type { ApiRow, OptionRow, ProviderRow } from './definition.js'
import type { Quirks } from './formats.js'

/** OpenAI's chat completions. */
const chat = (path = 'chat/completions', quirks?: Quirks): ApiRow => ({
  path,
  shape: 'openai',
  protocol: 'openai',
  ...(quirks !== undefined && { quirks }),
})

/** OpenAI's Responses. */
const responses = (path = 'responses'): ApiRow => ({ path, shape: 'openai-responses', protocol: 'openai-responses' })

/** Reasoning models refuse `max_tokens`, or it is on its way out. */
const renamed: Quirks = { maxTokensField: 'max_completion_tokens' }

/** Of OpenAI's models, wherever they run. */
const openaiModels: Quirks = { ...renamed, developerRole: true }

const awsRegion: OptionRow = {
  variables: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
  about: "Amazon's region, such as us-east-1",
}

const rows = {
  openai: {
    title: 'OpenAI',
    baseUrl: 'https://api.openai.com/v1',
    baseUrlVariables: ['OPENAI_BASE_URL'],
    auth: 'bearer',
    keyVariables: ['OPENAI_API_KEY'],
    keyPage: 'https://platform.openai.com/api-keys',
    docsPage: 'https://platform.openai.com/docs/api-reference',
    options: {
      organization: { variables: ['OPENAI_ORG_ID'], about: 'on whose behalf, where the key has several' },
      project: { variables: ['OPENAI_PROJECT_ID'], about: 'for which project, where the key has several' },
    },
    headers: { 'openai-organization': '{organization}', 'openai-project': '{project}' },
    apis: { chat: chat(undefined, openaiModels), responses: responses() },
  },
  anthropic: {
    title: 'Anthropic',
    baseUrl: 'https://api.anthropic.com',
    baseUrlVariables: ['ANTHROPIC_BASE_URL'],
    auth: { header: 'x-api-key' },
    keyVariables: ['ANTHROPIC_API_KEY'],
    keyPage: 'https://console.anthropic.com/settings/keys',
    docsPage: 'https://docs.anthropic.com/en/api/messages',
    headers: { 'anthropic-version': '2023-06-01' },
    apis: { native: { path: 'v1/messages', shape: 'anthropic', protocol: 'anthropic' } },
  },
  google: {
    title: 'Google AI',
    aliases: ['gemini', 'google-ai'],
    baseUrl: 'https://generativelanguage.googleapis.com',
    baseUrlVariables: ['GOOGLE_GEMINI_BASE_URL'],
    auth: { header: 'x-goog-api-key' },
    keyVariables: ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_AI_API_KEY', 'GOOGLE_GENERATIVE_AI_API_KEY'],
    keyPage: 'https://aistudio.google.com/apikey',
    docsPage: 'https://ai.google.dev/api/generate-content',
    apis: {
      native: {
        path: 'v1beta/models/{model}:streamGenerateContent?alt=sse',
        wholePath: 'v1beta/models/{model}:generateContent',
        shape: 'gemini',
        protocol: 'gemini',
      },
      chat: { ...chat('v1beta/openai/chat/completions'), auth: 'bearer' },
    },
  },
  xai: {
    title: 'xAI',
    aliases: ['grok'],
    baseUrl: 'https://api.x.ai/v1',
    baseUrlVariables: ['XAI_BASE_URL'],
    auth: 'bearer',
    keyVariables: ['XAI_API_KEY'],
    keyPage: 'https://console.x.ai',
    docsPage: 'https://docs.x.ai/docs/api-reference',
    apis: { chat: chat(), responses: responses() },
  },
  cerebras: {
    title: 'Cerebras',
    baseUrl: 'https://api.cerebras.ai/v1',
    baseUrlVariables: ['CEREBRAS_BASE_URL'],
    auth: 'bearer',
    keyVariables: ['CEREBRAS_API_KEY'],
    keyPage: 'https://cloud.cerebras.ai',
    docsPage: 'https://inference-docs.cerebras.ai/api-reference/chat-completions',
    apis: {
      chat: chat(undefined, {
        ...renamed,
        reasoningField: 'reasoning',
        // "will result in a 400 error if they are supplied"
        lacks: ['frequencyPenalty', 'presencePenalty'],
      }),
    },
  },
  groq: {
    title: 'Groq',
    baseUrl: 'https://api.groq.com/openai/v1',
    baseUrlVariables: ['GROQ_BASE_URL'],
    auth: 'bearer',
    keyVariables: ['GROQ_API_KEY'],
    keyPage: 'https://console.groq.com/keys',
    docsPage: 'https://console.groq.com/docs/api-reference',
    apis: { chat: chat(undefined, { ...renamed, reasoningField: 'reasoning' }), responses: responses() },
  },
  mistral: {
    title: 'Mistral',
    baseUrl: 'https://api.mistral.ai/v1',
    baseUrlVariables: ['MISTRAL_BASE_URL'],
    auth: 'bearer',
    keyVariables: ['MISTRAL_API_KEY'],
    keyPage: 'https://console.mistral.ai/api-keys',
    docsPage: 'https://docs.mistral.ai/api',
    // Its last chunk has the usage unasked, and fields it doesn't know are refused.
    apis: { chat: chat(undefined, { streamOptions: false, seedField: 'random_seed' }) },
  },
  deepseek: {
    title: 'DeepSeek',
    baseUrl: 'https://api.deepseek.com',
    baseUrlVariables: ['DEEPSEEK_BASE_URL'],
    auth: 'bearer',
    keyVariables: ['DEEPSEEK_API_KEY'],
    keyPage: 'https://platform.deepseek.com/api_keys',
    docsPage: 'https://api-docs.deepseek.com',
    apis: {
      chat: chat(undefined, {
        reasoning: 'thinking',
        reasoningField: 'reasoning_content',
        lacks: ['seed', 'output.schema'],
      }),
      responses: responses(),
    },
  },
  openrouter: {
    title: 'OpenRouter',
    baseUrl: 'https://openrouter.ai/api/v1',
    baseUrlVariables: ['OPENROUTER_BASE_URL'],
    auth: 'bearer',
    keyVariables: ['OPENROUTER_API_KEY'],
    keyPage: 'https://openrouter.ai/settings/keys',
    docsPage: 'https://openrouter.ai/docs/api-reference/overview',
    apis: {
      chat: chat(undefined, {
        topK: true,
        reasoning: 'object',
        reasoningField: 'reasoning_details',
        cacheControl: true,
      }),
      responses: responses(),
    },
  },
  together: {
    title: 'Together AI',
    aliases: ['togetherai'],
    baseUrl: 'https://api.together.xyz/v1',
    baseUrlVariables: ['TOGETHER_BASE_URL'],
    auth: 'bearer',
    keyVariables: ['TOGETHER_API_KEY', 'TOGETHER_AI_API_KEY'],
    keyPage: 'https://api.together.ai/settings/api-keys',
    docsPage: 'https://docs.together.ai/reference/chat-completions-1',
    apis: { chat: chat(undefined, { topK: true }) },
  },
  fireworks: {
    title: 'Fireworks AI',
    baseUrl: 'https://api.fireworks.ai/inference/v1',
    baseUrlVariables: ['FIREWORKS_BASE_URL'],
    auth: 'bearer',
    keyVariables: ['FIREWORKS_API_KEY'],
    keyPage: 'https://app.fireworks.ai/settings/users/api-keys',
    docsPage: 'https://docs.fireworks.ai/api-reference/post-chatcompletions',
    apis: { chat: chat(undefined, { topK: true }), responses: responses() },
  },
  perplexity: {
    title: 'Perplexity',
    baseUrl: 'https://api.perplexity.ai',
    baseUrlVariables: ['PERPLEXITY_BASE_URL'],
    auth: 'bearer',
    keyVariables: ['PERPLEXITY_API_KEY'],
    keyPage: 'https://www.perplexity.ai/settings/api',
    docsPage: 'https://docs.perplexity.ai/api-reference/chat-completions-post',
    // Each of its chunks has the usage unasked.
    apis: { chat: chat(undefined, { streamOptions: false, topK: true, lacks: ['tools'] }) },
  },
  cohere: {
    title: 'Cohere',
    baseUrl: 'https://api.cohere.com',
    baseUrlVariables: ['COHERE_BASE_URL', 'CO_API_URL'],
    auth: 'bearer',
    keyVariables: ['COHERE_API_KEY', 'CO_API_KEY'],
    keyPage: 'https://dashboard.cohere.com/api-keys',
    docsPage: 'https://docs.cohere.com/reference/chat-stream',
    apis: {
      native: { path: 'v2/chat', shape: 'cohere', protocol: 'cohere' },
      chat: chat('compatibility/v1/chat/completions'),
    },
  },
  azure: {
    title: 'Azure OpenAI',
    aliases: ['azure-openai'],
    baseUrl: 'https://{resource}.openai.azure.com',
    baseUrlVariables: ['AZURE_OPENAI_ENDPOINT'],
    auth: { header: 'api-key' },
    keyVariables: ['AZURE_OPENAI_API_KEY', 'AZURE_API_KEY'],
    keyPage: 'https://ai.azure.com',
    docsPage: 'https://learn.microsoft.com/azure/ai-foundry/openai/reference',
    options: {
      resource: { variables: ['AZURE_RESOURCE_NAME'], about: 'name of the resource, the first label of its host' },
      deployment: {
        variables: ['AZURE_OPENAI_DEPLOYMENT'],
        about: 'asks under the URL of this deployment; without it, the request names the deployment as its model',
      },
      apiVersion: {
        variables: ['AZURE_OPENAI_API_VERSION', 'OPENAI_API_VERSION'],
        about:
          'asks under the URL of a deployment (by default the model) with this version; without it, under /openai/v1',
      },
    },
    modelOption: 'deployment',
    apis: {
      chat: {
        ...chat('openai/v1/chat/completions', openaiModels),
        variants: [
          {
            where: { deployment: true, apiVersion: true },
            path: 'openai/deployments/{deployment}/chat/completions?api-version={apiVersion}',
          },
          {
            where: { deployment: true },
            path: 'openai/deployments/{deployment}/chat/completions?api-version=2024-10-21',
          },
          {
            where: { apiVersion: true },
            path: 'openai/deployments/{model}/chat/completions?api-version={apiVersion}',
          },
        ],
      },
      responses: {
        ...responses('openai/v1/responses'),
        variants: [{ where: { apiVersion: true }, path: 'openai/responses?api-version={apiVersion}' }],
      },
    },
  },
  cloudflare: {
    title: 'Cloudflare Workers AI',
    aliases: ['workers-ai'],
    baseUrl: 'https://api.cloudflare.com/client/v4/accounts/{accountId}/ai',
    baseUrlVariables: ['CLOUDFLARE_BASE_URL'],
    underRoot: { path: 'accounts/{accountId}/ai', unless: ['/accounts/', '/workers-ai'] },
    auth: 'bearer',
    keyVariables: ['CLOUDFLARE_API_TOKEN', 'CLOUDFLARE_API_KEY'],
    keyPage: 'https://dash.cloudflare.com/profile/api-tokens',
    docsPage: 'https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility',
    options: {
      accountId: { variables: ['CLOUDFLARE_ACCOUNT_ID'], about: 'id of the account' },
      gateway: { variables: ['CLOUDFLARE_GATEWAY_ID'], about: 'asks through this AI Gateway' },
    },
    apis: {
      chat: {
        ...chat('v1/chat/completions'),
        variants: [
          {
            where: { gateway: true },
            baseUrl: 'https://gateway.ai.cloudflare.com/v1/{accountId}/{gateway}/workers-ai',
          },
        ],
      },
      native: {
        path: 'run/{+model}',
        shape: 'workers-ai',
        protocol: 'workers-ai',
        variants: [
          {
            where: { gateway: true },
            baseUrl: 'https://gateway.ai.cloudflare.com/v1/{accountId}/{gateway}/workers-ai',
            path: '{+model}',
          },
        ],
      },
      responses: responses('v1/responses'),
    },
  },
  vertex: {
    title: 'Google Vertex AI',
    aliases: ['google-vertex'],
    baseUrl: 'https://{location}-aiplatform.googleapis.com',
    baseUrlVariables: ['GOOGLE_VERTEX_BASE_URL'],
    auth: 'bearer',
    keyVariables: ['GOOGLE_VERTEX_ACCESS_TOKEN', 'GOOGLE_OAUTH_ACCESS_TOKEN', 'CLOUDSDK_AUTH_ACCESS_TOKEN'],
    keyPage: 'https://cloud.google.com/docs/authentication/rest',
    docsPage: 'https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference',
    options: {
      project: {
        variables: ['GOOGLE_VERTEX_PROJECT', 'GOOGLE_CLOUD_PROJECT'],
        about: 'id of the Google Cloud project',
      },
      location: {
        variables: ['GOOGLE_VERTEX_LOCATION', 'GOOGLE_CLOUD_LOCATION'],
        default: 'global',
        about: "region, or 'global'",
      },
    },
    apis: {
      native: {
        path: 'v1/projects/{project}/locations/{location}/publishers/google/models/{model}:streamGenerateContent?alt=sse',
        wholePath: 'v1/projects/{project}/locations/{location}/publishers/google/models/{model}:generateContent',
        shape: 'gemini',
        protocol: 'gemini',
        variants: [{ where: { location: 'global' }, baseUrl: 'https://aiplatform.googleapis.com' }],
      },
      chat: {
        ...chat('v1/projects/{project}/locations/{location}/endpoints/openapi/chat/completions'),
        variants: [{ where: { location: 'global' }, baseUrl: 'https://aiplatform.googleapis.com' }],
      },
    },
  },
  watsonx: {
    title: 'IBM watsonx.ai',
    baseUrl: 'https://{region}.ml.cloud.ibm.com',
    baseUrlVariables: ['WATSONX_AI_SERVICE_URL', 'WATSONX_URL'],
    auth: 'bearer',
    keyVariables: ['WATSONX_AI_BEARER_TOKEN', 'WATSONX_ACCESS_TOKEN'],
    keyPage: 'https://cloud.ibm.com/docs/account?topic=account-iamtoken_from_apikey',
    docsPage: 'https://cloud.ibm.com/apidocs/watsonx-ai#text-chat-stream',
    options: {
      region: { variables: ['WATSONX_REGION'], default: 'us-south', about: "IBM's region" },
      project: {
        variables: ['WATSONX_AI_PROJECT_ID', 'WATSONX_PROJECT_ID'],
        about: 'id of the project, sent as project_id',
      },
      apiVersion: { variables: ['WATSONX_AI_VERSION'], default: '2024-10-08', about: 'version, a date' },
    },
    body: { project_id: '{project}' },
    apis: {
      native: {
        path: 'ml/v1/text/chat_stream?version={apiVersion}',
        wholePath: 'ml/v1/text/chat?version={apiVersion}',
        shape: 'watsonx',
        protocol: 'watsonx',
      },
    },
  },
  bedrock: {
    title: 'Amazon Bedrock',
    aliases: ['amazon-bedrock'],
    baseUrl: 'https://bedrock-runtime.{region}.amazonaws.com',
    baseUrlVariables: ['AWS_ENDPOINT_URL_BEDROCK_RUNTIME'],
    auth: { sigv4: 'bedrock' },
    keyVariables: ['AWS_BEARER_TOKEN_BEDROCK'],
    keyPage: 'https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html',
    docsPage: 'https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html',
    options: { region: awsRegion },
    apis: {
      native: {
        path: 'model/{model}/converse-stream',
        wholePath: 'model/{model}/converse',
        shape: 'bedrock-converse',
        protocol: 'bedrock-converse',
      },
      invoke: {
        path: 'model/{model}/invoke-with-response-stream',
        wholePath: 'model/{model}/invoke',
        shape: 'bedrock-invoke',
        protocol: 'bedrock-invoke',
      },
    },
  },
  sagemaker: {
    title: 'Amazon SageMaker',
    baseUrl: 'https://runtime.sagemaker.{region}.amazonaws.com',
    baseUrlVariables: ['AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME'],
    auth: { sigv4: 'sagemaker' },
    keyVariables: [],
    keyPage: 'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html',
    docsPage:
      'https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointWithResponseStream.html',
    options: {
      region: awsRegion,
      endpointName: {
        variables: ['SAGEMAKER_DEFAULT_ENDPOINT', 'SAGEMAKER_ENDPOINT'],
        about: 'name of the endpoint; the model, where a request names none',
      },
    },
    modelOption: 'endpointName',
    apis: {
      native: {
        path: 'endpoints/{endpointName}/invocations-response-stream',
        wholePath: 'endpoints/{endpointName}/invocations',
        shape: 'sagemaker',
        protocol: 'sagemaker',
      },
    },
  },
  ollama: {
    title: 'Ollama',
    baseUrl: 'http://127.0.0.1:11434',
    baseUrlVariables: ['OLLAMA_BASE_URL', 'OLLAMA_HOST'],
    auth: 'optional',
    keyVariables: ['OLLAMA_API_KEY'],
    keyPage: 'https://ollama.com/settings/keys',
    docsPage: 'https://docs.ollama.com/api/chat',
    apis: {
      native: { path: 'api/chat', shape: 'ollama', protocol: 'ollama' },
      chat: chat('v1/chat/completions'),
    },
  },
  vllm: {
    title: 'vLLM',
    baseUrl: 'http://127.0.0.1:8000/v1',
    baseUrlVariables: ['VLLM_BASE_URL'],
    auth: 'optional',
    keyVariables: ['VLLM_API_KEY'],
    keyPage: 'https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html',
    docsPage: 'https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html',
    apis: { chat: chat(undefined, { topK: true }), responses: responses() },
  },
  llamacpp: {
    title: 'llama.cpp',
    aliases: ['llama.cpp'],
    baseUrl: 'http://127.0.0.1:8080/v1',
    baseUrlVariables: ['LLAMACPP_BASE_URL'],
    auth: 'optional',
    keyVariables: ['LLAMA_API_KEY'],
    keyPage: 'https://github.com/ggml-org/llama.cpp/tree/master/tools/server',
    docsPage: 'https://github.com/ggml-org/llama.cpp/tree/master/tools/server',
    apis: { chat: chat(undefined, { topK: true }) },
  },
  lmstudio: {
    title: 'LM Studio',
    baseUrl: 'http://127.0.0.1:1234/v1',
    baseUrlVariables: ['LMSTUDIO_BASE_URL'],
    auth: 'optional',
    keyVariables: ['LMSTUDIO_API_KEY'],
    keyPage: 'https://lmstudio.ai/docs/developer/openai-compat',
    docsPage: 'https://lmstudio.ai/docs/developer/openai-compat',
    apis: { chat: chat(undefined, { topK: true }), responses: responses() },
  },
} as const satisfies Record<string, ProviderRow>

/** The names of the rows. */
export type TableName = keyof typeof rows

type Aliased = Extract<(typeof rows)[TableName], { aliases: readonly string[] }>

/** Other names of the rows. */
export type TableAlias = Aliased['aliases'][number]

/** The rows by name. */
export const table: Readonly<Record<TableName, ProviderRow>> = rows
