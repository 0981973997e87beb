// The public surface of `lib/compat-neurolink.ts`, bundled. Written by `npm run types`; a change here is a change of the API.

type WireProtocol = "openai-responses" | "anthropic" | "gemini" | "gemini-interactions" | "workers-ai" | "bedrock-converse" | "bedrock-invoke" | "sagemaker" | "ollama" | "cohere" | "watsonx" | WireFormat;
type WireFormat = "events" | "openai" | "chunk" | "content" | "ui-message" | "ndjson" | "text";
type RequestShape = "events" | "openai" | "openai-responses" | "anthropic" | "gemini" | "workers-ai" | "ollama" | "cohere" | "watsonx" | "bedrock-converse" | "bedrock-invoke" | "sagemaker";
type MaxTokensField = "max_tokens" | "max_completion_tokens";
interface Quirks {
	/** What it calls `maxTokens`. Default `'max_tokens'`, which all servers of OpenAI's format know. */
	maxTokensField?: MaxTokensField;
	/** What it calls `seed`. */
	seedField?: string;
	/** `false`: it refuses `stream_options`, or reports its usage without. */
	streamOptions?: boolean;
	/** Whether a message may be of role `developer`; else the system says it. */
	developerRole?: boolean;
	/** Whether it knows `top_k`, which OpenAI's own format lacks. */
	topK?: boolean;
	/**
	 * How it is asked to think: `reasoning_effort` (default), `reasoning: {effort, max_tokens}`, or
	 * `thinking: {type}`.
	 */
	reasoning?: "effort" | "object" | "thinking";
	/** Where it takes back what an assistant thought before, if at all. */
	reasoningField?: "reasoning_content" | "reasoning" | "reasoning_details";
	/** Whether it understands `cache_control` on parts and tools. */
	cacheControl?: boolean;
	/** Members of a request that it has no word for, although its format has one, e.g. `seed` or `output.schema`. */
	lacks?: readonly string[];
}
interface RetryConfig {
	/** `false`: no retries at all. Default true. */
	enabled?: boolean;
	/** Retries after the first try. Default 3. */
	maxRetries?: number;
	/** Requests in all: another way to say `maxRetries + 1`. */
	maxAttempts?: number;
	/** Waits of 1, 2, 4, … or of 1, 2, 3, … times `initialDelay`. Default `'exponential'`. */
	backoff?: "exponential" | "linear";
	/** First wait, in milliseconds. Default 1000. */
	initialDelay?: number;
	/** Longest wait, in milliseconds. Default 10000. A server that asks for more ends the stream with its error. */
	maxDelay?: number;
	/** Factor of the exponential back-off. Default 2. */
	multiplier?: number;
	/** The same as `multiplier`. */
	backoffMultiplier?: number;
	/** Share of a wait that is random, from 0 to 1; `true` means 0.5. Default 0. */
	jitter?: number | boolean;
	/** Whether `retry-after-ms` and `Retry-After` replace the computed wait. Default true. */
	respectRetryAfter?: boolean;
	/** Cap on the sum of all waits, in milliseconds. Default none. */
	maxTotalDelay?: number;
	/** HTTP statuses that are tried again. Default 408, 409, 429, 500, 502, 503, 504, 529. */
	retryableStatusCodes?: number[];
	/**
	 * Of the failures without an HTTP status, tries only those again whose `type` or `code` is listed, e.g.
	 * `['ECONNRESET', 'timeout_error']`. Default all that can be tried again.
	 */
	retryableErrors?: string[];
	/**
	 * Asked before each retry of a failure that can be tried again; `attempt` is the retry's number, from 1. Where it
	 * throws or rejects there is no retry, and what it threw is the `cause` of the error.
	 */
	shouldRetry?(error: StreamError, attempt: number): boolean | Promise<boolean>;
}
type TimeoutConfig = number | {
	/** Name resolution, TCP and TLS. */
	connect?: number;
	/** From the request until the first piece of the answer, per attempt. */
	firstContent?: number;
	/** Between two reads of the body, whatever they bring. */
	idle?: number;
	/** Between two pieces of the answer; comments, pings and empty events don't count. */
	contentIdle?: number;
	/** The whole answer, retries and waits included. */
	total?: number;
};
type ResumeMode = "auto" | "restart" | "none";
interface ModelPrice {
	inputPerMillion: number;
	/** Reasoning included, which every vendor charges as output. */
	outputPerMillion: number;
	/** Input read from the provider's cache. Default: as other input. */
	cachedInputPerMillion?: number;
	/** Input written to the provider's cache, where that is charged. Default: as other input. */
	cacheWritePerMillion?: number;
}
interface StandardSchema<Output = unknown> {
	readonly "~standard": {
		readonly version: 1;
		readonly vendor: string;
		readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
		readonly types?: {
			readonly input: unknown;
			readonly output: Output;
		} | undefined;
	};
}
type StandardResult<Output> = {
	readonly value: Output;
	readonly issues?: undefined;
} | {
	readonly issues: readonly {
		readonly message: string;
		readonly path?: readonly (PropertyKey | {
			readonly key: PropertyKey;
		})[] | undefined;
	}[];
};
type Schema<T = unknown> = StandardSchema<T> | object;
interface OutputSpec<T = unknown> {
	/**
	 * `json`: any JSON, by the provider's JSON mode; `structured`: JSON that follows the schema; `text`: as without all this.
	 * Default `structured` where there is a schema, else `text`.
	 */
	format?: "text" | "json" | "structured";
	/** Of a validation library (Zod, Valibot, ArkType, …), or a JSON Schema. The value is what it makes of the answer. */
	schema?: Schema<T>;
	/** What the provider calls the schema, where it wants a name: letters, digits, `_` and `-`, 64 at most. */
	name?: string;
	/** Whether the provider is to enforce the schema, where that is a choice. */
	strict?: boolean;
	/**
	 * When text that is no JSON ends the answer with an `INVALID_JSON` error: `incremental`, at the first character that
	 * can't be; `end`: never, and only `object` rejects. Default `incremental`.
	 */
	validate?: "incremental" | "end";
}
type ProviderApi = "chat" | "responses" | "native" | "invoke";
type ProviderOption = "accountId" | "apiVersion" | "deployment" | "endpointName" | "gateway" | "location" | "organization" | "project" | "region" | "resource";
type ProviderAuth = "bearer" | "optional" | {
	header: string;
} | {
	sigv4: "bedrock" | "sagemaker";
};
interface OptionRow {
	/** Environment variables, the first one set wins. */
	variables?: readonly string[];
	default?: string;
	/** What it is, in words. */
	about: string;
}
interface ApiRow {
	/**
	 * Appended to the base URL. `{model}` stands for the model as one encoded segment, `{+model}` for the model with its
	 * slashes, other names in braces for options.
	 */
	path: string;
	/** The path that asks for the whole answer at once, where it is another one. */
	wholePath?: string;
	shape: RequestShape;
	protocol: WireProtocol;
	/** Where it differs from the row's. */
	auth?: ProviderAuth;
	quirks?: Quirks;
	/** What replaces parts of this where an option is given (`true`) or has a value; the first that fits is taken. */
	variants?: readonly Variant[];
}
interface Variant {
	where: {
		readonly [option in ProviderOption]?: string | true;
	};
	baseUrl?: string;
	path?: string;
}
interface ProviderSettings extends Partial<Record<ProviderOption, string>> {
	/**
	 * Which provider known by name it is, where its own name doesn't say it: for several of one kind, or a server that
	 * behaves like one under another URL.
	 */
	vendor?: string;
	/** Which of the provider's interfaces is asked. Default: the first of its row. */
	api?: ProviderApi;
	/** Sent as the provider wants it: as `Authorization: Bearer …`, or in a header of its own. */
	apiKey?: string;
	/** Sent as `Authorization: Bearer …` instead of a key: of Vertex, of Azure's Entra ID, of watsonx.ai, … */
	accessToken?: string;
	/** Of Amazon: what requests are signed with. */
	accessKeyId?: string;
	secretAccessKey?: string;
	sessionToken?: string;
	/** The URL that the provider's paths are appended to, e.g. `https://api.example.com/v1`. */
	baseUrl?: string;
	headers?: Record<string, string>;
	/** How it answers. */
	protocol?: "auto" | WireProtocol;
	/** What it calls `maxTokens`. */
	maxTokensField?: MaxTokensField;
	/** What else it does otherwise than others of its format. */
	quirks?: Quirks;
}
declare const rows: {
	readonly openai: {
		readonly title: "OpenAI";
		readonly baseUrl: "https://api.openai.com/v1";
		readonly baseUrlVariables: readonly [
			"OPENAI_BASE_URL"
		];
		readonly auth: "bearer";
		readonly keyVariables: readonly [
			"OPENAI_API_KEY"
		];
		readonly keyPage: "https://platform.openai.com/api-keys";
		readonly docsPage: "https://platform.openai.com/docs/api-reference";
		readonly options: {
			readonly organization: {
				readonly variables: readonly [
					"OPENAI_ORG_ID"
				];
				readonly about: "on whose behalf, where the key has several";
			};
			readonly project: {
				readonly variables: readonly [
					"OPENAI_PROJECT_ID"
				];
				readonly about: "for which project, where the key has several";
			};
		};
		readonly headers: {
			readonly "openai-organization": "{organization}";
			readonly "openai-project": "{project}";
		};
		readonly apis: {
			readonly chat: ApiRow;
			readonly responses: ApiRow;
		};
	};
	readonly anthropic: {
		readonly title: "Anthropic";
		readonly baseUrl: "https://api.anthropic.com";
		readonly baseUrlVariables: readonly [
			"ANTHROPIC_BASE_URL"
		];
		readonly auth: {
			readonly header: "x-api-key";
		};
		readonly keyVariables: readonly [
			"ANTHROPIC_API_KEY"
		];
		readonly keyPage: "https://console.anthropic.com/settings/keys";
		readonly docsPage: "https://docs.anthropic.com/en/api/messages";
		readonly headers: {
			readonly "anthropic-version": "2023-06-01";
		};
		readonly apis: {
			readonly native: {
				readonly path: "v1/messages";
				readonly shape: "anthropic";
				readonly protocol: "anthropic";
			};
		};
	};
	readonly google: {
		readonly title: "Google AI";
		readonly aliases: readonly [
			"gemini",
			"google-ai"
		];
		readonly baseUrl: "https://generativelanguage.googleapis.com";
		readonly baseUrlVariables: readonly [
			"GOOGLE_GEMINI_BASE_URL"
		];
		readonly auth: {
			readonly header: "x-goog-api-key";
		};
		readonly keyVariables: readonly [
			"GEMINI_API_KEY",
			"GOOGLE_API_KEY",
			"GOOGLE_AI_API_KEY",
			"GOOGLE_GENERATIVE_AI_API_KEY"
		];
		readonly keyPage: "https://aistudio.google.com/apikey";
		readonly docsPage: "https://ai.google.dev/api/generate-content";
		readonly apis: {
			readonly native: {
				readonly path: "v1beta/models/{model}:streamGenerateContent?alt=sse";
				readonly wholePath: "v1beta/models/{model}:generateContent";
				readonly shape: "gemini";
				readonly protocol: "gemini";
			};
			readonly chat: {
				readonly auth: "bearer";
				readonly path: string;
				readonly wholePath?: string;
				readonly shape: RequestShape;
				readonly protocol: WireProtocol;
				readonly quirks?: Quirks;
				readonly variants?: readonly Variant[];
			};
		};
	};
	readonly xai: {
		readonly title: "xAI";
		readonly aliases: readonly [
			"grok"
		];
		readonly baseUrl: "https://api.x.ai/v1";
		readonly baseUrlVariables: readonly [
			"XAI_BASE_URL"
		];
		readonly auth: "bearer";
		readonly keyVariables: readonly [
			"XAI_API_KEY"
		];
		readonly keyPage: "https://console.x.ai";
		readonly docsPage: "https://docs.x.ai/docs/api-reference";
		readonly apis: {
			readonly chat: ApiRow;
			readonly responses: ApiRow;
		};
	};
	readonly cerebras: {
		readonly title: "Cerebras";
		readonly baseUrl: "https://api.cerebras.ai/v1";
		readonly baseUrlVariables: readonly [
			"CEREBRAS_BASE_URL"
		];
		readonly auth: "bearer";
		readonly keyVariables: readonly [
			"CEREBRAS_API_KEY"
		];
		readonly keyPage: "https://cloud.cerebras.ai";
		readonly docsPage: "https://inference-docs.cerebras.ai/api-reference/chat-completions";
		readonly apis: {
			readonly chat: ApiRow;
		};
	};
	readonly groq: {
		readonly title: "Groq";
		readonly baseUrl: "https://api.groq.com/openai/v1";
		readonly baseUrlVariables: readonly [
			"GROQ_BASE_URL"
		];
		readonly auth: "bearer";
		readonly keyVariables: readonly [
			"GROQ_API_KEY"
		];
		readonly keyPage: "https://console.groq.com/keys";
		readonly docsPage: "https://console.groq.com/docs/api-reference";
		readonly apis: {
			readonly chat: ApiRow;
			readonly responses: ApiRow;
		};
	};
	readonly mistral: {
		readonly title: "Mistral";
		readonly baseUrl: "https://api.mistral.ai/v1";
		readonly baseUrlVariables: readonly [
			"MISTRAL_BASE_URL"
		];
		readonly auth: "bearer";
		readonly keyVariables: readonly [
			"MISTRAL_API_KEY"
		];
		readonly keyPage: "https://console.mistral.ai/api-keys";
		readonly docsPage: "https://docs.mistral.ai/api";
		readonly apis: {
			readonly chat: ApiRow;
		};
	};
	readonly deepseek: {
		readonly title: "DeepSeek";
		readonly baseUrl: "https://api.deepseek.com";
		readonly baseUrlVariables: readonly [
			"DEEPSEEK_BASE_URL"
		];
		readonly auth: "bearer";
		readonly keyVariables: readonly [
			"DEEPSEEK_API_KEY"
		];
		readonly keyPage: "https://platform.deepseek.com/api_keys";
		readonly docsPage: "https://api-docs.deepseek.com";
		readonly apis: {
			readonly chat: ApiRow;
			readonly responses: ApiRow;
		};
	};
	readonly openrouter: {
		readonly title: "OpenRouter";
		readonly baseUrl: "https://openrouter.ai/api/v1";
		readonly baseUrlVariables: readonly [
			"OPENROUTER_BASE_URL"
		];
		readonly auth: "bearer";
		readonly keyVariables: readonly [
			"OPENROUTER_API_KEY"
		];
		readonly keyPage: "https://openrouter.ai/settings/keys";
		readonly docsPage: "https://openrouter.ai/docs/api-reference/overview";
		readonly apis: {
			readonly chat: ApiRow;
			readonly responses: ApiRow;
		};
	};
	readonly together: {
		readonly title: "Together AI";
		readonly aliases: readonly [
			"togetherai"
		];
		readonly baseUrl: "https://api.together.xyz/v1";
		readonly baseUrlVariables: readonly [
			"TOGETHER_BASE_URL"
		];
		readonly auth: "bearer";
		readonly keyVariables: readonly [
			"TOGETHER_API_KEY",
			"TOGETHER_AI_API_KEY"
		];
		readonly keyPage: "https://api.together.ai/settings/api-keys";
		readonly docsPage: "https://docs.together.ai/reference/chat-completions-1";
		readonly apis: {
			readonly chat: ApiRow;
		};
	};
	readonly fireworks: {
		readonly title: "Fireworks AI";
		readonly baseUrl: "https://api.fireworks.ai/inference/v1";
		readonly baseUrlVariables: readonly [
			"FIREWORKS_BASE_URL"
		];
		readonly auth: "bearer";
		readonly keyVariables: readonly [
			"FIREWORKS_API_KEY"
		];
		readonly keyPage: "https://app.fireworks.ai/settings/users/api-keys";
		readonly docsPage: "https://docs.fireworks.ai/api-reference/post-chatcompletions";
		readonly apis: {
			readonly chat: ApiRow;
			readonly responses: ApiRow;
		};
	};
	readonly perplexity: {
		readonly title: "Perplexity";
		readonly baseUrl: "https://api.perplexity.ai";
		readonly baseUrlVariables: readonly [
			"PERPLEXITY_BASE_URL"
		];
		readonly auth: "bearer";
		readonly keyVariables: readonly [
			"PERPLEXITY_API_KEY"
		];
		readonly keyPage: "https://www.perplexity.ai/settings/api";
		readonly docsPage: "https://docs.perplexity.ai/api-reference/chat-completions-post";
		readonly apis: {
			readonly chat: ApiRow;
		};
	};
	readonly cohere: {
		readonly title: "Cohere";
		readonly baseUrl: "https://api.cohere.com";
		readonly baseUrlVariables: readonly [
			"COHERE_BASE_URL",
			"CO_API_URL"
		];
		readonly auth: "bearer";
		readonly keyVariables: readonly [
			"COHERE_API_KEY",
			"CO_API_KEY"
		];
		readonly keyPage: "https://dashboard.cohere.com/api-keys";
		readonly docsPage: "https://docs.cohere.com/reference/chat-stream";
		readonly apis: {
			readonly native: {
				readonly path: "v2/chat";
				readonly shape: "cohere";
				readonly protocol: "cohere";
			};
			readonly chat: ApiRow;
		};
	};
	readonly azure: {
		readonly title: "Azure OpenAI";
		readonly aliases: readonly [
			"azure-openai"
		];
		readonly baseUrl: "https://{resource}.openai.azure.com";
		readonly baseUrlVariables: readonly [
			"AZURE_OPENAI_ENDPOINT"
		];
		readonly auth: {
			readonly header: "api-key";
		};
		readonly keyVariables: readonly [
			"AZURE_OPENAI_API_KEY",
			"AZURE_API_KEY"
		];
		readonly keyPage: "https://ai.azure.com";
		readonly docsPage: "https://learn.microsoft.com/azure/ai-foundry/openai/reference";
		readonly options: {
			readonly resource: {
				readonly variables: readonly [
					"AZURE_RESOURCE_NAME"
				];
				readonly about: "name of the resource, the first label of its host";
			};
			readonly deployment: {
				readonly variables: readonly [
					"AZURE_OPENAI_DEPLOYMENT"
				];
				readonly about: "asks under the URL of this deployment; without it, the request names the deployment as its model";
			};
			readonly apiVersion: {
				readonly variables: readonly [
					"AZURE_OPENAI_API_VERSION",
					"OPENAI_API_VERSION"
				];
				readonly about: "asks under the URL of a deployment (by default the model) with this version; without it, under /openai/v1";
			};
		};
		readonly modelOption: "deployment";
		readonly apis: {
			readonly chat: {
				readonly variants: readonly [
					{
						readonly where: {
							readonly deployment: true;
							readonly apiVersion: true;
						};
						readonly path: "openai/deployments/{deployment}/chat/completions?api-version={apiVersion}";
					},
					{
						readonly where: {
							readonly deployment: true;
						};
						readonly path: "openai/deployments/{deployment}/chat/completions?api-version=2024-10-21";
					},
					{
						readonly where: {
							readonly apiVersion: true;
						};
						readonly path: "openai/deployments/{model}/chat/completions?api-version={apiVersion}";
					}
				];
				readonly path: string;
				readonly wholePath?: string;
				readonly shape: RequestShape;
				readonly protocol: WireProtocol;
				readonly auth?: ProviderAuth;
				readonly quirks?: Quirks;
			};
			readonly responses: {
				readonly variants: readonly [
					{
						readonly where: {
							readonly apiVersion: true;
						};
						readonly path: "openai/responses?api-version={apiVersion}";
					}
				];
				readonly path: string;
				readonly wholePath?: string;
				readonly shape: RequestShape;
				readonly protocol: WireProtocol;
				readonly auth?: ProviderAuth;
				readonly quirks?: Quirks;
			};
		};
	};
	readonly cloudflare: {
		readonly title: "Cloudflare Workers AI";
		readonly aliases: readonly [
			"workers-ai"
		];
		readonly baseUrl: "https://api.cloudflare.com/client/v4/accounts/{accountId}/ai";
		readonly baseUrlVariables: readonly [
			"CLOUDFLARE_BASE_URL"
		];
		readonly auth: "bearer";
		readonly keyVariables: readonly [
			"CLOUDFLARE_API_TOKEN",
			"CLOUDFLARE_API_KEY"
		];
		readonly keyPage: "https://dash.cloudflare.com/profile/api-tokens";
		readonly docsPage: "https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility";
		readonly options: {
			readonly accountId: {
				readonly variables: readonly [
					"CLOUDFLARE_ACCOUNT_ID"
				];
				readonly about: "id of the account";
			};
			readonly gateway: {
				readonly variables: readonly [
					"CLOUDFLARE_GATEWAY_ID"
				];
				readonly about: "asks through this AI Gateway";
			};
		};
		readonly apis: {
			readonly chat: {
				readonly variants: readonly [
					{
						readonly where: {
							readonly gateway: true;
						};
						readonly baseUrl: "https://gateway.ai.cloudflare.com/v1/{accountId}/{gateway}/workers-ai";
					}
				];
				readonly path: string;
				readonly wholePath?: string;
				readonly shape: RequestShape;
				readonly protocol: WireProtocol;
				readonly auth?: ProviderAuth;
				readonly quirks?: Quirks;
			};
			readonly native: {
				readonly path: "run/{+model}";
				readonly shape: "workers-ai";
				readonly protocol: "workers-ai";
				readonly variants: readonly [
					{
						readonly where: {
							readonly gateway: true;
						};
						readonly baseUrl: "https://gateway.ai.cloudflare.com/v1/{accountId}/{gateway}/workers-ai";
						readonly path: "{+model}";
					}
				];
			};
			readonly responses: ApiRow;
		};
	};
	readonly vertex: {
		readonly title: "Google Vertex AI";
		readonly aliases: readonly [
			"google-vertex"
		];
		readonly baseUrl: "https://{location}-aiplatform.googleapis.com";
		readonly baseUrlVariables: readonly [
			"GOOGLE_VERTEX_BASE_URL"
		];
		readonly auth: "bearer";
		readonly keyVariables: readonly [
			"GOOGLE_VERTEX_ACCESS_TOKEN",
			"GOOGLE_OAUTH_ACCESS_TOKEN",
			"CLOUDSDK_AUTH_ACCESS_TOKEN"
		];
		readonly keyPage: "https://cloud.google.com/docs/authentication/rest";
		readonly docsPage: "https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference";
		readonly options: {
			readonly project: {
				readonly variables: readonly [
					"GOOGLE_VERTEX_PROJECT",
					"GOOGLE_CLOUD_PROJECT"
				];
				readonly about: "id of the Google Cloud project";
			};
			readonly location: {
				readonly variables: readonly [
					"GOOGLE_VERTEX_LOCATION",
					"GOOGLE_CLOUD_LOCATION"
				];
				readonly default: "global";
				readonly about: "region, or 'global'";
			};
		};
		readonly apis: {
			readonly native: {
				readonly path: "v1/projects/{project}/locations/{location}/publishers/google/models/{model}:streamGenerateContent?alt=sse";
				readonly wholePath: "v1/projects/{project}/locations/{location}/publishers/google/models/{model}:generateContent";
				readonly shape: "gemini";
				readonly protocol: "gemini";
				readonly variants: readonly [
					{
						readonly where: {
							readonly location: "global";
						};
						readonly baseUrl: "https://aiplatform.googleapis.com";
					}
				];
			};
			readonly chat: {
				readonly variants: readonly [
					{
						readonly where: {
							readonly location: "global";
						};
						readonly baseUrl: "https://aiplatform.googleapis.com";
					}
				];
				readonly path: string;
				readonly wholePath?: string;
				readonly shape: RequestShape;
				readonly protocol: WireProtocol;
				readonly auth?: ProviderAuth;
				readonly quirks?: Quirks;
			};
		};
	};
	readonly watsonx: {
		readonly title: "IBM watsonx.ai";
		readonly baseUrl: "https://{region}.ml.cloud.ibm.com";
		readonly baseUrlVariables: readonly [
			"WATSONX_AI_SERVICE_URL",
			"WATSONX_URL"
		];
		readonly auth: "bearer";
		readonly keyVariables: readonly [
			"WATSONX_AI_BEARER_TOKEN",
			"WATSONX_ACCESS_TOKEN"
		];
		readonly keyPage: "https://cloud.ibm.com/docs/account?topic=account-iamtoken_from_apikey";
		readonly docsPage: "https://cloud.ibm.com/apidocs/watsonx-ai#text-chat-stream";
		readonly options: {
			readonly region: {
				readonly variables: readonly [
					"WATSONX_REGION"
				];
				readonly default: "us-south";
				readonly about: "IBM's region";
			};
			readonly project: {
				readonly variables: readonly [
					"WATSONX_AI_PROJECT_ID",
					"WATSONX_PROJECT_ID"
				];
				readonly about: "id of the project, sent as project_id";
			};
			readonly apiVersion: {
				readonly variables: readonly [
					"WATSONX_AI_VERSION"
				];
				readonly default: "2024-10-08";
				readonly about: "version, a date";
			};
		};
		readonly body: {
			readonly project_id: "{project}";
		};
		readonly apis: {
			readonly native: {
				readonly path: "ml/v1/text/chat_stream?version={apiVersion}";
				readonly wholePath: "ml/v1/text/chat?version={apiVersion}";
				readonly shape: "watsonx";
				readonly protocol: "watsonx";
			};
		};
	};
	readonly bedrock: {
		readonly title: "Amazon Bedrock";
		readonly aliases: readonly [
			"amazon-bedrock"
		];
		readonly baseUrl: "https://bedrock-runtime.{region}.amazonaws.com";
		readonly baseUrlVariables: readonly [
			"AWS_ENDPOINT_URL_BEDROCK_RUNTIME"
		];
		readonly auth: {
			readonly sigv4: "bedrock";
		};
		readonly keyVariables: readonly [
			"AWS_BEARER_TOKEN_BEDROCK"
		];
		readonly keyPage: "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html";
		readonly docsPage: "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html";
		readonly options: {
			readonly region: OptionRow;
		};
		readonly apis: {
			readonly native: {
				readonly path: "model/{model}/converse-stream";
				readonly wholePath: "model/{model}/converse";
				readonly shape: "bedrock-converse";
				readonly protocol: "bedrock-converse";
			};
			readonly invoke: {
				readonly path: "model/{model}/invoke-with-response-stream";
				readonly wholePath: "model/{model}/invoke";
				readonly shape: "bedrock-invoke";
				readonly protocol: "bedrock-invoke";
			};
		};
	};
	readonly sagemaker: {
		readonly title: "Amazon SageMaker";
		readonly baseUrl: "https://runtime.sagemaker.{region}.amazonaws.com";
		readonly baseUrlVariables: readonly [
			"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"
		];
		readonly auth: {
			readonly sigv4: "sagemaker";
		};
		readonly keyVariables: readonly [
		];
		readonly keyPage: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html";
		readonly docsPage: "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointWithResponseStream.html";
		readonly options: {
			readonly region: OptionRow;
			readonly endpointName: {
				readonly variables: readonly [
					"SAGEMAKER_DEFAULT_ENDPOINT",
					"SAGEMAKER_ENDPOINT"
				];
				readonly about: "name of the endpoint; the model, where a request names none";
			};
		};
		readonly modelOption: "endpointName";
		readonly apis: {
			readonly native: {
				readonly path: "endpoints/{endpointName}/invocations-response-stream";
				readonly wholePath: "endpoints/{endpointName}/invocations";
				readonly shape: "sagemaker";
				readonly protocol: "sagemaker";
			};
		};
	};
	readonly ollama: {
		readonly title: "Ollama";
		readonly baseUrl: "http://127.0.0.1:11434";
		readonly baseUrlVariables: readonly [
			"OLLAMA_BASE_URL",
			"OLLAMA_HOST"
		];
		readonly auth: "optional";
		readonly keyVariables: readonly [
			"OLLAMA_API_KEY"
		];
		readonly keyPage: "https://ollama.com/settings/keys";
		readonly docsPage: "https://docs.ollama.com/api/chat";
		readonly apis: {
			readonly native: {
				readonly path: "api/chat";
				readonly shape: "ollama";
				readonly protocol: "ollama";
			};
			readonly chat: ApiRow;
		};
	};
	readonly vllm: {
		readonly title: "vLLM";
		readonly baseUrl: "http://127.0.0.1:8000/v1";
		readonly baseUrlVariables: readonly [
			"VLLM_BASE_URL"
		];
		readonly auth: "optional";
		readonly keyVariables: readonly [
			"VLLM_API_KEY"
		];
		readonly keyPage: "https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html";
		readonly docsPage: "https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html";
		readonly apis: {
			readonly chat: ApiRow;
			readonly responses: ApiRow;
		};
	};
	readonly llamacpp: {
		readonly title: "llama.cpp";
		readonly aliases: readonly [
			"llama.cpp"
		];
		readonly baseUrl: "http://127.0.0.1:8080/v1";
		readonly baseUrlVariables: readonly [
			"LLAMACPP_BASE_URL"
		];
		readonly auth: "optional";
		readonly keyVariables: readonly [
			"LLAMA_API_KEY"
		];
		readonly keyPage: "https://github.com/ggml-org/llama.cpp/tree/master/tools/server";
		readonly docsPage: "https://github.com/ggml-org/llama.cpp/tree/master/tools/server";
		readonly apis: {
			readonly chat: ApiRow;
		};
	};
	readonly lmstudio: {
		readonly title: "LM Studio";
		readonly baseUrl: "http://127.0.0.1:1234/v1";
		readonly baseUrlVariables: readonly [
			"LMSTUDIO_BASE_URL"
		];
		readonly auth: "optional";
		readonly keyVariables: readonly [
			"LMSTUDIO_API_KEY"
		];
		readonly keyPage: "https://lmstudio.ai/docs/developer/openai-compat";
		readonly docsPage: "https://lmstudio.ai/docs/developer/openai-compat";
		readonly apis: {
			readonly chat: ApiRow;
			readonly responses: ApiRow;
		};
	};
};
type TableName = keyof typeof rows;
type Aliased = Extract<(typeof rows)[TableName], {
	aliases: readonly string[];
}>;
type TableAlias = Aliased["aliases"][number];
type KnownProviderName = TableName;
interface RegisteredProviders {
}
type ProviderName = KnownProviderName | TableAlias | keyof RegisteredProviders;
interface GenerationOptions {
	temperature?: number;
	/** Cap on the answer's tokens. */
	maxTokens?: number;
	/** From 0 to 1. */
	topP?: number;
	/** Of how many of the likeliest tokens each is chosen. */
	topK?: number;
	/** Texts at which the model stops. */
	stop?: string | string[];
	seed?: number;
	frequencyPenalty?: number;
	presencePenalty?: number;
	/** How much the model thinks before it answers. */
	reasoning?: ReasoningOptions;
	/** Further fields of the request body, in the endpoint's own words; laid over everything else. */
	extraBody?: Record<string, unknown>;
}
interface ReasoningOptions {
	effort?: ReasoningEffort;
	/** Cap on the tokens spent on thinking. */
	budgetTokens?: number;
}
type ReasoningEffort = "none" | "minimal" | "low" | "medium" | "high";
type ToolChoice = "auto" | "none" | "required" | {
	tool: string;
};
type StreamErrorType = "timeout_error" | "connection_error" | "rate_limit_error" | "auth_error" | "invalid_request_error" | "overloaded_error" | "server_error" | "protocol_error" | "truncated_error" | "content_policy_error" | "circuit_open_error" | "queue_full_error" | "aborted_error" | "unknown_error";
type TimeoutPhase = "connect" | "firstContent" | "idle" | "contentIdle" | "total";
interface StreamErrorInit {
	type: StreamErrorType;
	code: string;
	status?: number;
	provider?: string;
	attempt?: number;
	retryable?: boolean;
	recoverable?: boolean;
	suggestion?: string;
	retryAfter?: number;
	partialText?: string;
	requestId?: string;
	cause?: unknown;
}
/**
 * A failed stream.
 *
 * @example
 * try {
 *   await stream.send('Hello')
 * } catch (error) {
 *   if (StreamError.isInstance(error) && error.type === 'rate_limit_error') console.log('wait', error.retryAfter, 'ms')
 * }
 */
export declare class StreamError extends Error {
	readonly type: StreamErrorType;
	/** Short machine-readable reason: the provider's code where it gave one, else ours (`ECONNREFUSED`, `IDLE_TIMEOUT`, …). */
	readonly code: string;
	/** HTTP status, where an answer with an error status came. */
	readonly status?: number;
	/** The provider asked, where one was named. */
	readonly provider?: string;
	/** Which attempt failed, counted from 1; 0 where no request was made. */
	readonly attempt: number;
	/** Whether the engine itself would try again, had it attempts left. */
	readonly retryable: boolean;
	/** Whether trying again, perhaps later, can help. */
	readonly recoverable: boolean;
	/** What a person can do about it. */
	readonly suggestion: string;
	/** How long the server asked to wait, in milliseconds. */
	readonly retryAfter?: number;
	/** The provider's id of the failed request. */
	readonly requestId?: string;
	/** The text received before the failure, in full. Not enumerable, so that logging an error does not log the answer. */
	readonly partialText: string;
	constructor(message: string, init: StreamErrorInit);
	/** The same as {@link StreamError.status}. */
	get statusCode(): number | undefined;
	/** The same as {@link StreamError.partialText}. */
	get partialContent(): string;
	/**
	 * Whether `value` is a `StreamError` of any copy of this package. Never throws.
	 *
	 * @example
	 * stream.on('error', (error) => console.log(StreamError.isInstance(error))) // true
	 */
	static isInstance(value: unknown): value is StreamError;
}
/**
 * One of the five clocks ran out.
 *
 * @example
 * stream.on('error', (error) => {
 *   if (error instanceof TimeoutError) console.log('too slow:', error.phase)
 * })
 */
export declare class TimeoutError extends StreamError {
	readonly phase: TimeoutPhase;
	constructor(message: string, init: Omit<StreamErrorInit, "type"> & {
		phase: TimeoutPhase;
	});
}
/**
 * An option or an argument is not what it must be. Raised before any request is made.
 *
 * @example
 * try {
 *   new AIStream({ endpoint: '/api/chat', model: '' })
 * } catch (error) {
 *   if (error instanceof ValidationError) console.log(error.field) // 'model'
 * }
 */
export declare class ValidationError extends StreamError {
	/** The option, e.g. `retry.maxRetries`. */
	readonly field: string;
	constructor(message: string, field: string, init?: Partial<StreamErrorInit>);
}
/**
 * The endpoint answered with an error status.
 *
 * @example
 * stream.on('error', (error) => {
 *   if (error instanceof APIError) console.log(error.statusCode, error.requestId)
 * })
 */
export declare class APIError extends StreamError {
	constructor(message: string, init: StreamErrorInit & {
		status: number;
	});
	get statusCode(): number;
}
interface Usage {
	promptTokens: number;
	completionTokens: number;
	totalTokens: number;
	/** Of the prompt tokens, those read from the provider's cache. */
	cachedTokens?: number;
	/** Of the completion tokens, those spent on reasoning. */
	reasoningTokens?: number;
	audioTokens?: number;
	/** Set where the provider reported nothing, and the tokens were counted here. */
	isEstimated?: true;
	/** Of an estimate, how much it is worth, from 0 to 1. */
	confidence?: number;
	/** Set where the answer was stopped or broke off: these are the counts reported until then. */
	partial?: boolean;
	/** The provider's usage object as it came. */
	raw?: unknown;
}
interface ToolCall {
	id: string;
	/** Position among the calls of the answer. */
	index: number;
	/** Name of the tool. */
	tool: string;
	/** The parsed arguments; `undefined` where `valid` is false. */
	args: unknown;
	/** The arguments' JSON text exactly as received. */
	rawArguments: string;
	/** Whether the arguments are complete, well-formed JSON and the stream was not cut. Never run a call that is not. */
	valid: boolean;
	/** Which alternative the call belongs to, where more than one was asked for. */
	choice?: number;
}
interface ToolResult {
	/** Of the call. */
	id: string;
	/** Name of the tool. */
	tool: string;
	/** What the tool returned, as JSON; where `isError`, a text that says what went wrong. */
	result: unknown;
	isError?: boolean;
}
type FinishReason = "stop" | "length" | "tool-calls" | "content-filter" | "error" | "other" | "unknown" | "aborted";
type StreamChunk = {
	type: "text";
	content: string;
	/** 0, 1, 2, … over the text chunks of the answer. */
	index: number;
	/** Only on alternatives other than the first. */
	choice?: number;
	/**
	 * Where JSON was asked for: the value so far, when this is read. It is not enumerable, so that copying or printing a
	 * chunk makes none.
	 */
	readonly partial?: unknown;
} | {
	type: "reasoning";
	content: "";
	reasoning: string;
	signature?: string;
	choice?: number;
} | {
	type: "tool-call-delta";
	content: "";
	id: string;
	index: number;
	/** Name of the tool, on the first delta of a call. */
	tool?: string;
	argsDelta: string;
	choice?: number;
} | ({
	type: "tool-call";
	content: "";
} & ToolCall) | ({
	type: "tool-result";
	content: "";
} & ToolResult) | {
	type: "usage";
	content: "";
	usage: Usage;
} | {
	type: "metadata";
	content: "";
	metadata: Record<string, unknown>;
} | {
	type: "error";
	content: "";
	error: string;
	cause: StreamError;
} | {
	type: "finish";
	content: "";
	finished: true;
	finishReason: FinishReason;
	/** The provider's own word, where the reason is `other`. */
	rawFinishReason?: string;
	usage?: Usage;
};
interface StreamMetrics {
	/** Until the answer's head was in. */
	timeToOpen?: number;
	/** Until the first text. */
	timeToFirstToken?: number;
	/** Until the end. */
	duration: number;
	/** Text chunks received. */
	chunks: number;
}
interface CollectedResponse<T = unknown> {
	text: string;
	/** Where JSON was asked for, and the answer is what was asked for. */
	object?: T;
	/** `undefined` where the provider reported none. */
	usage: Usage | undefined;
	/** What it cost, in US dollars; `undefined` where there is no usage, or no price for the model. */
	costUsd: number | undefined;
	finishReason: FinishReason;
	toolCalls: ToolCall[];
	/** What they gave, where they were run. */
	toolResults?: ToolResult[];
	/** The model's reasoning, `''` where it showed none. */
	reasoning: string;
	/** The fields of all metadata events; of fields given twice, the later one. */
	metadata: Record<string, unknown>;
	/** The provider's name, `''` for an app's own route. */
	provider: string;
	/** The model that answered, as the provider named it, else the one asked for. */
	model: string;
	/** Whether the answer was stopped before its end. */
	partial: boolean;
	metrics: StreamMetrics;
	getText(): string;
	/**
	 * Parses `text` as JSON, out of its code fence where it stands in one; it is not checked against a schema. Throws an
	 * {@link OutputError}, code `INVALID_JSON`, where it is none.
	 */
	getJson<J = unknown>(): J;
}
interface ResponseLike {
	setHeader(name: string, value: string): unknown;
	/** Given bytes where the answer is compressed. */
	write(chunk: string | Uint8Array): unknown;
	end(chunk?: string): unknown;
	writeHead?(status: number): unknown;
	on?(event: string, listener: (...args: any[]) => void): unknown;
}
interface RequestLike {
	headers: {
		get(name: string): string | null;
	};
	signal?: AbortSignal;
}
interface WebSocketLike {
	/** 1 while it is open, 0 before. */
	readonly readyState: number;
	/** Bytes that wait to be sent. */
	readonly bufferedAmount: number;
	send(data: string): void;
	addEventListener(type: "close" | "error" | "open", listener: () => void): void;
	removeEventListener(type: "close" | "error" | "open", listener: () => void): void;
}
interface PipeOptions {
	/** Default `'events'`: what `AIStream` and `StreamingResponse` speak. */
	format?: WireFormat;
	/**
	 * Who writes to a response of Node: the engine to the client's socket, or `res.write`. Default `'auto'`: the socket
	 * where it can be written, and the client can't tell the two apart. `'socket'` throws where it can't.
	 */
	sink?: "auto" | "socket" | "write";
	/** A comment is sent where nothing else was for so many milliseconds. Default 0: none. */
	heartbeat?: number;
	/** Whether to compress as the client's `Accept-Encoding` allows, each event at once. Default false. */
	compression?: boolean;
	/** Sent with the usual ones, which they may replace. */
	headers?: Record<string, string>;
	/** Ends the answer, which the client is told. */
	signal?: AbortSignal;
}
interface PipeReport {
	/** Pieces of text. */
	tokens: number;
	/** Bytes of the body, before compression. */
	bytes: number;
	sink: "socket" | "write";
	/** Whether the answer came to its end, and all of it went out. */
	completed: boolean;
	usage?: Usage;
	/** Why the answer failed; the client was told. `undefined` also where the client left. */
	error?: StreamError;
}
interface WebPipeOptions extends PipeOptions {
	/** Says whether the client takes compression, and by its `signal` when the client left. */
	request?: RequestLike;
}
interface WebSocketPipeOptions {
	/** Ends the answer, which the client is told. */
	signal?: AbortSignal;
}
interface TextStream extends AsyncIterable<string> {
	/** Larger pieces, for a user interface that need not be drawn at each token. */
	buffered(options?: TextBufferOptions): AsyncIterable<string>;
}
interface TextBufferOptions {
	/** As soon as it has more characters (UTF-16 units) than this. Default 100. */
	maxChars?: number;
	/** As soon as there is a line break in it. Default true. */
	onNewline?: boolean;
}
type ErrorMode = "throw" | "chunk";
type UsageEstimator = "auto" | "tiktoken" | "character";
type UsageMode = "reported" | "estimate" | {
	estimate: UsageEstimator;
};
interface ClientProvider extends ProviderSettings {
	/**
	 * An app's own route, such as one that another millstream serves, with `baseUrl` as what a relative one is relative to;
	 * of a provider known by name, what is appended to its base URL instead of its own path.
	 */
	endpoint?: string;
	/** Asked where a request names none. */
	model?: string;
}
interface ClientConfig {
	/** By name: those known by name are there anyway. */
	providers?: {
		[name in KnownProviderName]?: ClientProvider;
	} & Record<string, ClientProvider>;
	/**
	 * Asked where a request names none. Default: the first of `providers`, else the first known one whose key is in the
	 * environment.
	 */
	defaultProvider?: ProviderName | (string & {});
	/** Asked where neither the request nor its provider names one. */
	defaultModel?: string;
	retry?: RetryConfig;
	timeout?: TimeoutConfig;
	resume?: ResumeMode;
	/** Whether usage is estimated where a provider reports none. Default `'reported'`: it is not. */
	usage?: UsageMode;
	/** What models cost, before any other price. Of one provider's models alone: `'groq/my-model'`. */
	prices?: Record<string, ModelPrice>;
	/** Least distance of two deliveries under load, in milliseconds. Default 1; 0 delivers each event as it comes. */
	flushInterval?: number;
	/** How much of an answer may be under way to JavaScript before the engine stops reading, in characters. Default 65536. */
	bufferSize?: number;
	/** The largest single event that is accepted, in bytes. Default 8 MiB. */
	maxEventBytes?: number;
}
interface CacheControl {
	type: "ephemeral";
	ttl?: "5m" | "1h";
}
interface TextPart {
	type: "text";
	text: string;
	cacheControl?: CacheControl;
}
interface ImagePart {
	type: "image";
	image: string | URL | Uint8Array;
	mediaType?: string;
	/** How closely to look, where a provider lets one choose. */
	detail?: "low" | "high" | "auto";
	cacheControl?: CacheControl;
}
interface FilePart {
	type: "file";
	data: string | URL | Uint8Array;
	mediaType: string;
	filename?: string;
	cacheControl?: CacheControl;
}
interface ProviderPart {
	type: string;
	[field: string]: unknown;
}
type ContentPart = TextPart | ImagePart | FilePart | ProviderPart;
interface ReasoningPart {
	text?: string;
	signature?: string;
	/** The provider's id of it. */
	id?: string;
	/** What the provider keeps to itself, in its own writing. */
	redacted?: string;
}
interface RequestMessage {
	role: "system" | "developer" | "user" | "assistant" | "tool";
	/** `null` for an assistant that only called tools. */
	content: string | readonly ContentPart[] | null;
	/** Name of the speaker. */
	name?: string;
	/** The calls an assistant made; `rawArguments` stands for `args` where it is given. */
	toolCalls?: readonly (Pick<ToolCall, "id" | "tool"> & Partial<ToolCall> & {
		signature?: string;
	})[];
	/** What an assistant thought before it spoke. Providers that don't take it back don't get it. */
	reasoning?: string | readonly ReasoningPart[];
	/** Which call a `tool` message answers. */
	toolCallId?: string;
	/** The tool of a `tool` message. Default that of the call with this id. */
	tool?: string;
	/** Whether a `tool` message says what went wrong. */
	isError?: boolean;
	/** Asks to cache the conversation up to the end of this message. */
	cacheControl?: CacheControl;
	/** Not sent. */
	id?: string;
	/** Not sent. */
	timestamp?: number;
	/** Not sent. */
	partial?: boolean;
}
interface ToolContext {
	/** Aborts when nobody wants the answer any more. */
	signal: AbortSignal;
	toolCallId: string;
	/** The conversation up to the call, the model's last words included. */
	messages: readonly RequestMessage[];
}
interface ExecutableTool<Args = unknown, Result = unknown> {
	name: string;
	/** Tells the model what it is good for. */
	description?: string;
	/** Of its arguments: of a validation library, or a JSON Schema. Without one it takes none. */
	parameters?: Schema<Args>;
	/** Whether the provider is to enforce the schema, where that is a choice. */
	strict?: boolean;
	cacheControl?: CacheControl;
	type?: undefined;
	/**
	 * Called with what the schema made of the arguments. What it returns or resolves to is sent to the model as JSON, a string
	 * as it is; what it throws is told to the model by its message, and the answer goes on.
	 */
	execute(args: Args, context: ToolContext): Result | Promise<Result>;
}
interface ToolStep {
	/** Counted from 1. */
	step: number;
	text: string;
	toolCalls: ToolCall[];
	toolResults: ToolResult[];
	finishReason: FinishReason;
	usage: Usage | undefined;
	/** What this turn added to the conversation: the model's words and calls, and the results. */
	messages: RequestMessage[];
}
interface FunctionTool {
	name: string;
	description?: string;
	parameters?: Schema;
	/** Whether arguments must keep to the schema, where a provider lets one choose. */
	strict?: boolean;
	cacheControl?: CacheControl;
	type?: undefined;
}
interface ProviderTool {
	type?: string;
	function?: {
		name: string;
		description?: string;
		parameters?: unknown;
		strict?: boolean;
	};
	[field: string]: unknown;
}
type Tool = FunctionTool | ProviderTool;
interface StreamStart {
	provider: string;
	model: string;
	/** The provider's id of the request, where it gives one. */
	requestId: string | undefined;
}
interface StreamCallbacks {
	/** Called once, when the head of the answer is in; not at all where the request fails before. */
	onStart?(start: StreamStart): unknown;
	/** Called for each chunk, in order. */
	onChunk?(chunk: StreamChunk): unknown;
	/** Called for each piece of the text of the first alternative, after `onChunk`. */
	onToken?(token: string): unknown;
	/** Called for each call of a tool, before it is run. */
	onToolCall?(call: ToolCall): unknown;
	/** Called for what each call gave, where tools are run. */
	onToolResult?(result: ToolResult): unknown;
	/** Called after each turn of the model in an answer with tools, and the results of its calls. Does not read. */
	onStep?(step: ToolStep): unknown;
	/** Called with the counts so far whenever the provider reports some: once, with nearly all of them. */
	onUsage?(usage: Usage): unknown;
	/** Called once, where the answer came to its end. With `retain: false` its text is `''`. */
	onComplete?(response: CollectedResponse): unknown;
	/** Called once, where it did not: it failed, or was aborted (`aborted_error`), by a callback that threw, too. */
	onError?(error: StreamError): unknown;
}
interface RequestOptions<T = unknown> extends GenerationOptions, StreamCallbacks {
	/** Whom to ask: one of the client's `providers`, one known by name, or any other by its URL. Default the client's. */
	provider?: ProviderName | "auto" | ClientProvider | (string & {});
	/** Default the client's. */
	model?: string;
	systemPrompt?: string;
	/** How many alternatives to give. Default 1. */
	n?: number;
	/**
	 * What the model may call. Those with an `execute` are run when it does, and the answer goes on with what they gave;
	 * where it calls others, too, the answer ends, for whoever runs those.
	 */
	tools?: readonly (Tool | ExecutableTool)[];
	/**
	 * How many turns of the model an answer with tools may have. After the last, its calls are run, but not sent back:
	 * `finishReason` is then `tool-calls`. Each turn is a request of its own, with the timeouts and retries of one. Default 5.
	 */
	maxSteps?: number;
	/** Default `'auto'`. */
	toolChoice?: ToolChoice;
	/** Whether the model may call several tools at once. Default the provider's, which is nearly always yes. */
	parallelToolCalls?: boolean;
	/** What form the answer's text is to have. */
	output?: OutputSpec<T>;
	/** Further headers of this request. */
	headers?: Record<string, string>;
	/** Ends the answer: readers get an `aborted_error`. */
	signal?: AbortSignal;
	retry?: RetryConfig;
	timeout?: TimeoutConfig;
	resume?: ResumeMode;
	/** Whether usage is estimated where the provider reports none. Default the client's. */
	usage?: UsageMode;
	/** Whether chunks stay after they were read, for any number of readers. Default true. */
	retain?: boolean;
	/** Whether readers throw a failure (default) or get it as a chunk of type `error`. */
	errors?: ErrorMode;
	/** `false` asks for the whole answer at once, of a model or gateway that can't stream: it is one text chunk. Default true. */
	stream?: boolean;
}
interface StreamRequest<T = unknown> extends RequestOptions<T> {
	/** The conversation, oldest first. */
	messages?: readonly RequestMessage[];
	/** One message of the user. */
	prompt?: string;
	/** The same as `prompt`. */
	input?: {
		text: string;
	};
}
interface Common {
	/** The text, `''` where there is none. */
	content: string;
	/** On the error chunk. */
	error?: string;
	/** On the last chunk of an answer that came to its end. */
	finished?: true;
}
/** How far an answer is. */
export interface StreamingProgress {
	/** Text chunks given so far. */
	chunkCount: number;
	/** Bytes of text in them. */
	totalBytes: number;
	/** Milliseconds since the reading began. */
	elapsedTime: number;
	phase: "initializing" | "streaming" | "complete" | "error";
}
interface ToolResult$1 {
	name: string;
	/** As text: JSON, where it is no string. */
	content: string;
}
type TextChunk = Common & {
	type: "text";
	index: number;
	choice?: number;
	readonly partial?: unknown;
};
type TextDeltaChunk = Omit<TextChunk, "type"> & {
	type: "text-delta";
	textDelta: string;
};
type ToolUseChunk = Common & {
	type: "tool_use";
} & ToolCall;
type ToolCallChunk = Common & {
	type: "tool-call";
	toolCallId: string;
	toolName: string;
} & Omit<ToolCall, "id" | "tool">;
type ToolResultChunk = Common & {
	type: "tool-result";
	id: string;
	toolResult: ToolResult$1;
	isError?: boolean;
};
type ReasoningChunk = Common & {
	type: "reasoning";
	reasoning: string;
	signature?: string;
};
type ProgressChunk = Common & {
	type: "progress";
	progress: StreamingProgress;
};
type ErrorChunk = Common & {
	type: "error";
	error: string;
	cause: StreamError;
};
type FinishChunk = Common & {
	type: "finish";
	finished: true;
	finishReason: FinishReason;
	usage?: Usage;
};
type SharedChunk = Common & Extract<StreamChunk, {
	type: "tool-call-delta" | "usage" | "metadata";
}>;
/** One piece of an answer. */
export type NeuroLinkChunk = TextChunk | TextDeltaChunk | ReasoningChunk | ToolUseChunk | ToolCallChunk | ToolResultChunk | ProgressChunk | ErrorChunk | FinishChunk | SharedChunk;
/**
 * How chunks are named. `chunks`: text is `text`, a tool call is `tool_use`; `parts`: text is `text-delta`, a tool call
 * `tool-call` with `toolCallId` and `toolName`.
 */
export type ChunkFormat = "chunks" | "parts";
/** A provider, and whether it streams. */
export interface NeuroLinkProvider extends ClientProvider {
	/** `false`: its answers are asked for whole, and come as one chunk. Default true. */
	streaming?: boolean;
}
/** What a `NeuroLink` is made of. Nothing is needed: providers are found by their keys in the environment. */
export interface NeuroLinkConfig extends Omit<ClientConfig, "providers"> {
	/** By name. Their options replace those of the environment. */
	providers?: Record<string, NeuroLinkProvider>;
	/** Default `'chunks'`. */
	chunkFormat?: ChunkFormat;
}
/** How pieces of text are gathered, and how long an answer is waited for. */
export interface StreamConfig {
	/** Bytes of text that make a chunk. Default 1024. */
	bufferSize?: number;
	/** Milliseconds after which less makes one, too. Default 100. */
	flushInterval?: number;
	/** `false`: chunks are as the provider sends them. Default true. */
	enableChunking?: boolean;
	/** Milliseconds for the whole answer. Default 60000. */
	timeout?: number;
	/** Retries after the first try, as long as nothing of the answer came. Default 3. */
	retryAttempts?: number;
	/** First wait before a retry, in milliseconds. Default 1000. */
	reconnectDelay?: number;
}
/** How the chunks of an answer are made. */
export interface StreamingOutput {
	/** Characters that a text chunk has at least, but for the last before something else. Default 0: as they come. */
	chunkSize?: number;
	/** Characters that may be under way before no more is read from the provider. Default 65536. */
	bufferSize?: number;
	/** Whether `progress` chunks say how far the answer is. Default false. */
	enableProgress?: boolean;
}
/** A question, and how its answer is to come. */
export interface NeuroLinkRequest extends Omit<StreamRequest, "stream" | "output" | "provider" | "tools"> {
	/** Whom to ask. Default, as `'auto'`: the constructor's, else the first whose key is in the environment. */
	provider?: string | ClientProvider;
	/** `false`: the whole answer as one chunk. An object: how its text is gathered. Default: as the provider sends it. */
	stream?: boolean | StreamConfig;
	/**
	 * What the answer is to be, and how its chunks are made. A provider that can't be asked for JSON by a parameter is asked
	 * in its system prompt.
	 */
	output?: {
		format?: "text" | "json" | "structured";
		schema?: unknown;
		streaming?: StreamingOutput;
	};
	/** The same as `output.schema`. */
	schema?: unknown;
	/**
	 * Tools of the engine, and by their names those that were registered. Default: all that were registered. Where there are
	 * some, they are run, and the answer goes on, in five turns at most (`maxSteps`).
	 */
	tools?: readonly (NonNullable<StreamRequest["tools"]>[number] | {
		name: string;
		enabled?: boolean;
	})[];
	/** Stays on this side: it is found again in the result's `metadata.context`. */
	context?: Record<string, unknown>;
	/** Default the constructor's. */
	chunkFormat?: ChunkFormat;
}
/** When things happened, in milliseconds from the question. */
export interface StreamPerformance {
	timeToFirstToken?: number;
	duration: number;
	chunks: number;
}
/** What is known about an answer at any time. */
export interface StreamMetadata {
	/** Milliseconds since the epoch. */
	readonly startTime: number;
	/** Text chunks so far, as the provider sent them: all of them once the answer was read, or waited for, to its end. */
	readonly totalChunks: number;
	/** The provider's id of the request, where it gives one. */
	readonly requestId: string | undefined;
	/** As given with the question. */
	readonly context: Record<string, unknown> | undefined;
}
/** A running answer. Not thenable. */
export interface NeuroLinkResult extends AsyncIterable<NeuroLinkChunk> {
	/** The same chunks; iterate it or call it. Each loop gets all of them. */
	readonly stream: AsyncIterable<NeuroLinkChunk> & (() => AsyncIterable<NeuroLinkChunk>);
	readonly textStream: TextStream;
	readonly text: Promise<string>;
	readonly usage: Promise<Usage | undefined>;
	readonly finishReason: Promise<FinishReason>;
	/** The whole text parsed as JSON, and checked against the schema, where there is one. */
	readonly object: Promise<unknown>;
	/** What the JSON is so far. */
	readonly partialObject: unknown;
	readonly partialObjectStream: AsyncIterable<unknown>;
	readonly performance: Promise<StreamPerformance>;
	/** Never set: nothing is analysed. */
	readonly analytics: undefined;
	readonly metadata: StreamMetadata;
	readonly provider: string;
	/** The model that answers, as the provider names it, else the one asked for. */
	readonly model: string;
	readonly selectedModel: {
		readonly modelId: string;
	};
	readonly fromCache: false;
	readonly streaming: true;
	/** The text so far. */
	readonly partialText: string;
	getFullResponse(): Promise<string>;
	collect(): Promise<CollectedResponse>;
	/** Closes the connection; whoever reads gets an `aborted_error`. */
	abort(reason?: unknown): void;
	/** As of the engine's results, whose own chunks are sent. */
	pipe(response: ResponseLike, options?: PipeOptions): Promise<PipeReport>;
	toResponse(options?: WebPipeOptions): Response;
	toReadableStream(options?: PipeOptions): ReadableStream<Uint8Array>;
	pipeToWebSocket(socket: WebSocketLike, options?: WebSocketPipeOptions): Promise<void>;
}
/** A whole answer. */
export interface NeuroLinkAnswer extends CollectedResponse {
	/** The same as `text`. */
	content: string;
	/** Milliseconds from the question to the end. */
	responseTime: number;
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
export declare class NeuroLink {
	#private;
	/** @throws ValidationError where an option is not what it must be. A missing key shows when it is needed. */
	constructor(config?: NeuroLinkConfig);
	/**
	 * Asks. Resolves as soon as the head of the answer is in. Rejects with a `ValidationError` where the question can't be
	 * put, and with another `StreamError` where the provider refuses it or can't be reached; later failures are thrown at
	 * whoever reads, or with `errors: 'chunk'` come as a chunk.
	 */
	stream(request: NeuroLinkRequest): Promise<NeuroLinkResult>;
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
	registerTool(name: string, tool: Omit<ExecutableTool, "name">): void;
	/** Takes a tool away; whether there was one. */
	unregisterTool(name: string): boolean;
	/** Asks, and gives the whole answer; with `stream: true`, or settings for a stream, the same as {@link NeuroLink.stream}. */
	generate(request: NeuroLinkRequest & {
		stream: true | StreamConfig;
	}): Promise<NeuroLinkResult>;
	generate(request: NeuroLinkRequest & {
		stream?: false;
	}): Promise<NeuroLinkAnswer>;
}

export {
	NeuroLinkRequest as StreamOptions,
};

export {};
