// The public surface of `lib/compat-steer.ts`, bundled. Written by `npm run types`; a change here is a change of the API.

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
type DeepPartial<T> = T extends readonly (infer Item)[] ? DeepPartial<Item>[] : T extends object ? {
	[Key in keyof T]?: DeepPartial<T[Key]>;
} : T;
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
interface UsageEvent {
	promptTokens: number;
	completionTokens: number;
	totalTokens: number;
	[field: string]: unknown;
}
interface ErrorEvent$1 {
	error: string;
	code?: string;
	details?: unknown;
	/** HTTP status from 400 to 599 of an answer that fails before its start. Default 500. */
	status?: number;
	[field: string]: unknown;
}
type MetadataEvent = Record<string, unknown>;
interface ToolCallDeltaEvent {
	id: string;
	/** Position among the calls of the answer. */
	index: number;
	/** Name of the tool, with the first piece. */
	name?: string;
	/** The next piece of the arguments' JSON text. */
	delta: string;
	/** Which alternative the call belongs to, where more than one was asked for. */
	choice?: number;
}
interface ToolCallEvent {
	id: string;
	/** Position among the calls of the answer. */
	index: number;
	/** Name of the tool. */
	name: string;
	/** The JSON text, or the value itself. */
	arguments: unknown;
	/** Whether the arguments are complete, well-formed JSON. Default true. */
	valid?: boolean;
	/** Which alternative the call belongs to, where more than one was asked for. */
	choice?: number;
}
interface ReplayEntry {
	/** Number of the last frame. Numbers go up by one per frame, from 1. */
	last: number;
	frames: string;
}
interface ReplayWriter {
	/** Somebody asked for the stream to stop, maybe in another process. */
	cancelled(): void;
	/** The log gave the stream up: nobody will read it from there. */
	lost(): void;
}
interface ReplayLog {
	/** A stream begins. Its id is new, or it throws. */
	open(streamId: string, writer: ReplayWriter): void | PromiseLike<void>;
	/** Frames up to number `last`. For a stream that the log doesn't have (any more) it does nothing. */
	append(streamId: string, last: number, frames: string): void | PromiseLike<void>;
	/** The stream is whole. It can be read until it expires. */
	end(streamId: string): void | PromiseLike<void>;
	/**
	 * The entries with frames after number `after`, then those that are still to come, until the stream ends. The first
	 * may begin earlier, where `after` lies within it. `undefined` where there is nothing to go on with: the log doesn't
	 * have the stream, never had that frame, or the stream ended with it. The iteration throws where the stream is given up
	 * before its end, and ends when `signal` aborts.
	 */
	read(streamId: string, after: number, signal: AbortSignal): AsyncIterable<ReplayEntry> | undefined | PromiseLike<AsyncIterable<ReplayEntry> | undefined>;
	/** Asks whoever writes the stream to stop. False where nobody does. */
	cancel(streamId: string): boolean | PromiseLike<boolean>;
	/** Forgets the stream. */
	delete(streamId: string): void | PromiseLike<void>;
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
interface StreamingResponseOptions {
	/** Whether a comment is sent where nothing else was for `heartbeatInterval`. Default false. */
	enableHeartbeat?: boolean;
	/** In milliseconds. Default 30000. */
	heartbeatInterval?: number;
	/** Whether to compress (brotli, zstd or gzip) for a client that accepts it; it gets every event at once. Default false. */
	compressionEnabled?: boolean;
	/** Sent with the usual ones, which they may replace. */
	customHeaders?: Record<string, string>;
	/** Whether sending to a client that has left, or after the end, throws. Default false: it does nothing. */
	strict?: boolean;
	/** Called once where the client leaves before the end. */
	onClose?: () => void;
	/**
	 * Keeps the answer, so that a client whose connection broke gets the rest of it. That a client leaves then stops nothing:
	 * see {@link StreamingResponse.cancel}.
	 */
	replay?: ReplayLog;
	/**
	 * With `replay`: names the stream, in 1 to 128 letters, digits, `.`, `_`, `~` or `-`. Whoever knows the id can read the
	 * answer, so it must not be guessable. Default a random UUID.
	 */
	streamId?: string;
}
interface WebStreamingResponseOptions extends StreamingResponseOptions {
	/** The request that is answered: its headers say what to compress and where to go on, its signal that the client left. */
	request?: RequestLike;
}
type PipeItem = string | StreamChunk | {
	token: string;
	index?: number;
} | {
	content: string;
} | {
	text: string;
} | {
	reasoning: string;
	signature?: string;
} | {
	usage: UsageEvent | Usage;
} | {
	metadata: MetadataEvent;
} | ErrorEvent$1;
type PipeSource = AsyncIterable<PipeItem> | Iterable<PipeItem>;
declare class StreamingResponse {
	#private;
	/**
	 * The same for web responses: `response.response` is the `Response` to return, while the answer is being sent.
	 *
	 * @example
	 * export async function POST(request: Request) {
	 *   const stream = StreamingResponse.web({ request })
	 *   stream.start().sendToken('Hello').end()
	 *   return stream.response
	 * }
	 */
	static web(options?: WebStreamingResponseOptions): WebStreamingResponse;
	/** @throws ValidationError where an option is not what it must be. */
	constructor(response: ResponseLike, options?: StreamingResponseOptions);
	/**
	 * Aborts when there is nobody left to produce for: the client left before the end, or the stream was cancelled.
	 *
	 * @example
	 * const answer = await fetch(url, { signal: response.signal })
	 */
	get signal(): AbortSignal;
	/**
	 * With `replay`: the stream's name in the log, once it was started.
	 *
	 * @example
	 * const id = new StreamingResponse(res, { replay: new MemoryReplayLog() }).start().streamId
	 */
	get streamId(): string | undefined;
	/**
	 * Sends the headers and the `start` event.
	 *
	 * @example
	 * response.start().sendToken('Hello').end()
	 */
	start(): this;
	/**
	 * Sends a piece of the answer's text; `choice` is the number of the alternative, where there are several.
	 *
	 * @example
	 * response.sendToken('Hello').sendToken(' world', 1)
	 */
	sendToken(token: string, index?: number, choice?: number): this;
	/**
	 * Sends a piece of the model's reasoning, with the signature that some providers want back.
	 *
	 * @example
	 * response.sendReasoning('The user greets me.')
	 */
	sendReasoning(text: string, signature?: string, choice?: number): this;
	/**
	 * Sends a piece of a tool call whose arguments are still being written.
	 *
	 * @example
	 * response.sendToolCallDelta({ id: 'call_1', index: 0, name: 'get_weather', delta: '{"city":"Bern"}' })
	 */
	sendToolCallDelta(piece: ToolCallDeltaEvent): this;
	/**
	 * Sends a complete tool call, after its pieces or alone.
	 *
	 * @example
	 * response.sendToolCall({ id: 'call_1', index: 0, name: 'get_weather', arguments: { city: 'Bern' } })
	 */
	sendToolCall(call: ToolCallEvent | ToolCall): this;
	/**
	 * Sends token counts.
	 *
	 * @example
	 * response.sendUsage({ promptTokens: 10, completionTokens: 20, totalTokens: 30 })
	 */
	sendUsage(usage: UsageEvent | Usage): this;
	/**
	 * Sends an error and leaves the stream open; see {@link StreamingResponse.abort}.
	 *
	 * @example
	 * response.sendError({ error: 'Rate limit exceeded', code: 'RATE_LIMIT' })
	 */
	sendError(error: string | ErrorEvent$1 | Error): this;
	/**
	 * Sends anything else the client should know.
	 *
	 * @example
	 * response.sendMetadata({ model: 'gpt-4', temperature: 0.7 })
	 */
	sendMetadata(metadata: MetadataEvent): this;
	/**
	 * Sends every item, waiting where the client reads slowly, and resolves with their number. Stops, and stops the source,
	 * when there is nobody left to produce for; rejects with what the source throws. The stream stays open.
	 *
	 * @example
	 * await response.pipeFrom(['Hello', ' ', 'world'])
	 * response.end()
	 */
	pipeFrom(source: PipeSource): Promise<number>;
	/**
	 * Resolves when the client has taken enough of what was sent, or at once where it has, or has left. Whoever produces
	 * faster than a client may read waits for it.
	 *
	 * @example
	 * for (const word of 'a very long answer'.split(' ')) {
	 *   response.sendToken(word)
	 *   await response.ready()
	 * }
	 */
	ready(): Promise<void>;
	/**
	 * Sends the `done` event and ends the response. Again, or before the start: does nothing.
	 *
	 * @example
	 * response.end()
	 */
	end(): void;
	/**
	 * Sends an error, then `done` with `aborted: true`, and ends the response. Before the start nothing was promised yet:
	 * then it answers with the error as JSON and its `status`, 500 where it has none. Again: does nothing.
	 *
	 * @example
	 * response.abort('Internal server error')
	 */
	abort(error: string | ErrorEvent$1 | Error): void;
	/**
	 * Stops the stream for good: aborts `signal`, so that the producer stops, and tells the client. With `replay` a client
	 * that leaves does not do that, since it may come back.
	 *
	 * @example
	 * app.post('/api/chat/stop', (_req, res) => {
	 *   response.cancel()
	 *   res.writeHead(204).end()
	 * })
	 */
	cancel(): void;
	/**
	 * Whether the stream was started, has not ended, and somebody can still read it: the client, or with `replay` one that
	 * comes back.
	 *
	 * @example
	 * while (response.isStreamActive()) response.sendToken(await nextToken())
	 */
	isStreamActive(): boolean;
	/**
	 * How many events were sent, `start` and `done` included; heartbeats don't count.
	 *
	 * @example
	 * console.log(response.getMessageCount())
	 */
	getMessageCount(): number;
}
interface WebStreamingResponse extends StreamingResponse {
	/**
	 * The response to return. Taken before `start` it promises status 200, and a failure is told within the stream; a log
	 * that answers later has to be waited for by `ready()`, or its no can't be status 204.
	 *
	 * @example
	 * const { status, headers } = StreamingResponse.web().start().response
	 */
	readonly response: Response;
}
type AdapterSource<Chunk> = AsyncIterable<Chunk> | PromiseLike<AsyncIterable<Chunk>>;
interface AdapterOptions {
	/**
	 * Aborted when the answer isn't wanted any more. For a client whose streams can't be closed: give its request this
	 * controller's signal.
	 */
	controller?: AbortController;
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
interface StreamHandle<T = unknown> extends PromiseLike<StreamResult<T>>, AsyncIterable<StreamChunk> {
	/** Closes the upstream connection. Whoever still reads gets an `aborted_error` whose `cause` is `reason`. */
	abort(reason?: unknown): void;
	/** As {@link StreamResult.pipe}; an answer whose head never comes is told by an error status, too. */
	pipe(response: ResponseLike | StreamingResponse, options?: PipeOptions): Promise<PipeReport>;
}
interface StreamResult<T = unknown> extends AsyncIterable<StreamChunk> {
	/** All chunks; iterate it or call it. */
	readonly stream: AsyncIterable<StreamChunk> & (() => AsyncIterable<StreamChunk>);
	/** The text alone. */
	readonly textStream: TextStream;
	/** The whole text. */
	readonly text: Promise<string>;
	/**
	 * Token counts, `undefined` where none were reported; flagged `partial` after an abort. Asking for it, as for anything
	 * that is known only at the end, lets the answer be fetched at full speed.
	 */
	readonly usage: Promise<Usage | undefined>;
	/** What the answer cost, in US dollars: `undefined` where there is no usage, or no price for the model. */
	readonly costUsd: Promise<number | undefined>;
	readonly finishReason: Promise<FinishReason>;
	/**
	 * The whole text parsed as JSON, out of its code fence where it stands in one; with an `output.schema`, what that makes
	 * of it. Rejects with an {@link OutputError} where it is no JSON, or does not match. Of an answer in several steps it is
	 * the text of the last.
	 */
	readonly object: Promise<T>;
	/**
	 * The object as it arrives: each time there is more of the text, the value so far, as {@link JsonStreamDecoder} gives it.
	 * It is not checked against a schema. While nobody asks for the next one, pieces gather.
	 */
	readonly partialObjectStream: AsyncIterable<DeepPartial<T>>;
	/** The object as far as it came; `undefined` where none has begun, and with `retain: false`. */
	readonly partialObject: DeepPartial<T> | undefined;
	/** The provider's name, `''` for an app's own route. */
	readonly provider: string;
	/** The model that answers, as the provider names it, else the one asked for. */
	readonly model: string;
	/** The provider's id of the request, where it gives one. */
	readonly requestId: string | undefined;
	/** The text so far; `''` with `retain: false`. */
	readonly partialText: string;
	/** When things happened so far. Chunks are counted as they come to JavaScript, else at the end. */
	readonly metrics: StreamMetrics;
	/** The same as `text`. */
	getFullResponse(): Promise<string>;
	/** The whole answer as one object. */
	collect(): Promise<CollectedResponse<T>>;
	/** As {@link StreamHandle.abort}. */
	abort(reason?: unknown): void;
	/**
	 * Sends the answer to a client, as fast as the client reads, and ends the response. An answer that fails before its
	 * first byte becomes an error status with `{error, type, code}` as JSON; a later failure stands in the body, in the
	 * format's own way (in `text`, the connection breaks off). A client that leaves ends the answer, unless somebody else
	 * reads it.
	 *
	 * A started `StreamingResponse` gets the answer's events in order with what the app sends itself, and is left open; a
	 * failure aborts it.
	 *
	 * Rejects only where nothing can be sent: a response that was sent, wrong options, an answer that has its one reader.
	 * What became of the answer and of the client is in the report.
	 *
	 * While it goes on, what the app writes to `response` comes after what the engine writes to the socket, or between two
	 * frames where Node writes; ending `response` ends the answer.
	 */
	pipe(response: ResponseLike | StreamingResponse, options?: PipeOptions): Promise<PipeReport>;
	/**
	 * The answer as a web `Response` of status 200, for Next.js, Hono and their like. A failure stands in its body. Its
	 * body is read as fast as the client reads, and cancelled when the client leaves.
	 */
	toResponse(options?: WebPipeOptions): Response;
	/** The body of that response alone. */
	toReadableStream(options?: PipeOptions): ReadableStream<Uint8Array>;
	/**
	 * Sends the answer to a WebSocket: messages `{type: 'chunk', content}`, at the end `{type: 'complete', data}` or
	 * `{type: 'error', error}`. A socket that closes ends the answer; at the end it stays open.
	 */
	pipeToWebSocket(socket: WebSocketLike, options?: WebSocketPipeOptions): Promise<void>;
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
interface PipelineMetrics {
	/** Pieces of text. */
	chunks: number;
	/** Characters of text, in UTF-16 units. */
	totalChars: number;
	durationSeconds: number;
	/** Milliseconds, the same as `durationSeconds`. */
	duration: number;
	chunksPerSecond: number;
	charsPerSecond: number;
	/** Milliseconds until the head of the answer was in. */
	timeToOpen?: number;
	/** Milliseconds until the first text. */
	timeToFirstToken?: number;
	/** Mean distance of two pieces of text, in milliseconds; given from the second on. */
	interTokenLatency?: number;
}
interface EventContext {
	/** The provider's name, `''` where none is known. */
	provider: string;
	/** The model that answers, `''` where none is known. */
	model: string;
	/** The provider's id of the request, else one made for this stream; the same on all of its events. */
	requestId: string;
	/** When the event came, in milliseconds since the epoch. */
	timestamp: number;
	/** For the application and its transformers; of a `metadata` event, what the provider said. */
	metadata: Record<string, unknown>;
}
/**
 * An event of an answer. Of each stream: one `start`, then its content in order, at most one `usage`, and at the end one
 * `complete` or one `error`. What fails before the head of the answer is in has no `start`.
 *
 * @example
 * import { EventProcessor, type StreamEvent, StreamClient } from 'millstream'
 *
 * const show = (event: StreamEvent) => (event.type === 'delta' ? event.delta : `[${event.type}]`)
 * const answer = new StreamClient({ defaultModel: 'gpt-4o-mini' }).stream('Hello')
 * for await (const event of new EventProcessor().process(answer)) console.log(show(event))
 */
export type StreamEvent = EventContext & ({
	type: "start";
} | {
	type: "delta";
	/** A piece of the text. */
	delta: string;
	/** 0, 1, 2, … over the pieces that came. */
	chunkIndex: number;
	/** Whether the text is JSON, as far as was asked for. */
	isJson: boolean;
	/** Only on alternatives other than the first. */
	choice?: number;
} | {
	type: "reasoning";
	reasoning: string;
	signature?: string;
	choice?: number;
} | {
	type: "tool-call-delta";
	id: string;
	index: number;
	tool?: string;
	argsDelta: string;
	choice?: number;
} | ({
	type: "tool-call";
} & ToolCall) | ({
	type: "tool-result";
} & ToolResult) | {
	type: "metadata";
} | {
	type: "usage";
	/** All that was reported, the later report winning. */
	usage: Usage;
	/** Whether it was counted here, because the provider reported none. */
	isEstimated: boolean;
	/** How sure the counts are, from 0 to 1; 1 where the provider reported them. */
	confidence: number;
} | {
	type: "complete";
	finishReason: FinishReason;
	/** Pieces of text that came. */
	totalChunks: number;
	/** Milliseconds from the start of the reading to the end of the answer. */
	durationMs: number;
	finalUsage: Usage | undefined;
	metrics: PipelineMetrics;
} | {
	type: "error";
	error: StreamError;
	errorType: StreamError["type"];
	/** Whether asking again, perhaps later, can help. */
	isRetryable: boolean;
});
/**
 * The events of one type.
 *
 * @example
 * import type { StreamEventOf } from 'millstream'
 *
 * const took = ({ totalChunks, durationMs }: StreamEventOf<'complete'>) => `${totalChunks} chunks in ${durationMs} ms`
 */
export type StreamEventOf<Type extends StreamEvent["type"]> = Extract<StreamEvent, {
	type: Type;
}>;
/**
 * Whether an event is a piece of text.
 *
 * @example
 * import { EventProcessor, isTextDelta } from 'millstream'
 *
 * const loud = new EventProcessor().addTransformer((event) => {
 *   if (isTextDelta(event)) event.delta = event.delta.toUpperCase()
 *   return event
 * })
 */
export declare function isTextDelta(event: StreamEvent): event is StreamEventOf<"delta">;
/**
 * Functions that are told of a stream's events, after all filters and transformers, in order, one at a time; a promise
 * they return is awaited. What one throws ends the stream and is thrown on.
 *
 * @example
 * import { type EventCallbacks, StreamClient, streamWithEvents } from 'millstream'
 *
 * const callbacks: EventCallbacks = {
 *   onDelta: (text, { chunkIndex }) => console.log(chunkIndex, text),
 *   onComplete: (text, { totalChunks, durationMs }) => console.log(`${totalChunks} chunks in ${durationMs} ms`),
 * }
 * const answer = new StreamClient({ defaultModel: 'gpt-4o-mini' }).stream('Hello')
 * for await (const event of streamWithEvents(answer, callbacks)) console.log(event.type)
 */
export interface EventCallbacks {
	onStart?(start: Pick<EventContext, "provider" | "model" | "requestId">, event: StreamEventOf<"start">): unknown;
	onDelta?(text: string, event: StreamEventOf<"delta">): unknown;
	onUsage?(usage: Usage, event: StreamEventOf<"usage">): unknown;
	/** Given the whole text, as it went through the pipeline. */
	onComplete?(text: string, event: StreamEventOf<"complete">): unknown;
	onError?(error: StreamError, event: StreamEventOf<"error">): unknown;
}
type StreamSource = StreamHandle | StreamResult | AsyncIterable<StreamChunk> | AsyncIterable<StreamEvent> | AsyncIterable<string>;
/**
 * Says which events stay: what it gives falsely is dropped. A function, or an object with a method `filter`.
 *
 * @example
 * import { EventProcessor, type EventFilter } from 'millstream'
 *
 * const noReasoning: EventFilter = (event) => event.type !== 'reasoning'
 * const processor = new EventProcessor().addFilter(noReasoning)
 */
export type EventFilter = ((event: StreamEvent) => unknown) | {
	filter(event: StreamEvent): unknown;
};
/**
 * Makes of an event the one that goes on: the same, changed or not, or another; `null` drops it. It may be async: the
 * events after wait for it. A function, or an object with a method `transform`.
 *
 * @example
 * import { EventProcessor, type EventTransformer } from 'millstream'
 *
 * const tagged: EventTransformer = (event) => ({ ...event, metadata: { ...event.metadata, tenant: 'acme' } })
 * const processor = new EventProcessor().addTransformer(tagged)
 */
export type EventTransformer = ((event: StreamEvent) => Transformed | PromiseLike<Transformed>) | {
	transform(event: StreamEvent): Transformed | PromiseLike<Transformed>;
};
type Transformed = StreamEvent | null;
/**
 * What an {@link EventProcessor} does. The order is: `eventTypes`, `providers`, `predicate`, what is added to `metadata`,
 * then `filters`, `transformers` and what `addFilter` and `addTransformer` add later.
 *
 * @example
 * import { createEventProcessor, type EventProcessorOptions } from 'millstream'
 *
 * const options: EventProcessorOptions = {
 *   eventTypes: ['delta', 'usage', 'error'],
 *   addCorrelation: true,
 *   batchSize: 100,
 *   batchTimeoutMs: 500,
 *   batchHandler: (events) => console.log(events.length, 'events'),
 * }
 * const processor = createEventProcessor(options)
 */
export interface EventProcessorOptions {
	/** Only events of these types. */
	eventTypes?: readonly StreamEvent["type"][];
	/** Only events of these providers. */
	providers?: readonly string[];
	/** Only events for which it gives true. */
	predicate?(event: StreamEvent): unknown;
	/** `metadata.correlationId`: one for all events of a stream; a string is used as it is, `true` makes one per stream. */
	addCorrelation?: boolean | string;
	/** `metadata.processedAt`: when the event went through, in milliseconds since the epoch. */
	addTimestamp?: boolean;
	/** `metadata.metrics`: the stream's {@link PipelineMetrics} at that moment. */
	addMetrics?: boolean;
	filters?: readonly EventFilter[];
	transformers?: readonly EventTransformer[];
	/**
	 * Whether events are read and processed ahead of whoever iterates, up to 256 of them, from the call of `process` on.
	 * Default false: each is processed when it is asked for.
	 */
	background?: boolean;
	/** Told of the processed events in groups, one group at a time; awaited. What it throws ends the stream. */
	batchHandler?(events: StreamEvent[]): unknown;
	/** Events in a group. Default 100. */
	batchSize?: number;
	/** Milliseconds after which a group is told of, full or not. Default 500; 0: not before the end. */
	batchTimeoutMs?: number;
}
type StreamAdapterProvider = "openai" | "anthropic" | "xai" | "google" | "gemini" | "azure" | "cerebras" | "groq" | "mistral" | "deepseek" | "openrouter";
/**
 * Reads the stream of a provider's own SDK, for an application that asks with that.
 *
 * @example
 * import OpenAI from 'openai'
 * import { collect, StreamAdapter } from 'millstream'
 *
 * const messages = [{ role: 'user' as const, content: 'Hello' }]
 * const completion = new OpenAI().chat.completions.create({ model: 'gpt-4o-mini', messages, stream: true })
 * console.log((await collect(new StreamAdapter('openai').read(completion))).text)
 */
export declare class StreamAdapter {
	#private;
	readonly provider: StreamAdapterProvider;
	/** @throws ValidationError where the provider has no table here */
	constructor(provider: StreamAdapterProvider);
	/** The text of one chunk of the SDK, `''` where it has none. Pure. */
	normalizeDelta(chunk: unknown): string;
	/** The token counts in one chunk of the SDK, as far as it has some. Pure. */
	extractUsage(chunk: unknown): Usage | undefined;
	/** How fast the stream came that was last read. */
	get metrics(): PipelineMetrics;
	/** The SDK's stream, or the promise of it, as chunks. Leaving it stops the SDK's stream. */
	read(stream: AdapterSource<unknown>, options?: AdapterOptions): AsyncIterableIterator<StreamChunk>;
}
interface ProcessOptions extends EventCallbacks {
	/**
	 * A failure is the last event, and then thrown (`'throw'`, the default), or the last event and nothing more (`'event'`).
	 * Where a filter dropped that event, it is thrown in any case.
	 */
	errors?: "throw" | "event";
	/** Whether the text is JSON: what `isJson` says. Default false. */
	json?: boolean;
	/** Stands on the events of a source that doesn't say who answers. */
	provider?: string;
	/** Stands on the events of a source that doesn't say which model answers. */
	model?: string;
}
interface ProcessedResponse extends CollectedResponse {
	metrics: PipelineMetrics;
}
interface EventStream extends AsyncIterable<StreamEvent> {
	/** The text alone. */
	readonly textStream: AsyncIterable<string>;
	/** The same as chunks of an answer, ended by `finish`; a failure is thrown. */
	readonly chunks: AsyncIterable<StreamChunk>;
	/** Who answers, as far as is known. */
	readonly source: Pick<EventContext, "provider" | "model" | "requestId">;
	/** How fast the source came, so far. */
	readonly metrics: PipelineMetrics;
	/** Reads all, and gives the whole. Rejects with what failed. */
	collect(): Promise<ProcessedResponse>;
	/** What went through as an answer like any other, to be read any number of times, piped, or awaited. */
	toStream(): StreamHandle;
	/** Sends what went through to a client; see `pipe` of a {@link StreamResult}. */
	pipe(response: ResponseLike | StreamingResponse, options?: PipeOptions): Promise<PipeReport>;
	/** What went through as a web `Response`; see `toResponse` of a {@link StreamResult}. */
	toResponse(options?: WebPipeOptions): Response;
	/** The body of that response alone. */
	toReadableStream(options?: PipeOptions): ReadableStream<Uint8Array>;
	/** Closes the source. Whoever reads gets an `aborted_error` whose `cause` is `reason`. */
	abort(reason?: unknown): void;
}
/**
 * Filters and transformers that events of answers go through, in the order in which they were added.
 *
 * A stage that throws ends its stream: the source is closed, the last event is an `error` whose `error.cause` is what was
 * thrown, and that is thrown.
 *
 * @example
 * import { EventProcessor, isTextDelta, StreamClient } from 'millstream'
 *
 * const processor = new EventProcessor()
 *   .addFilter((event) => event.type !== 'reasoning')
 *   .addTransformer((event) => {
 *     if (isTextDelta(event)) event.delta = event.delta.toUpperCase()
 *     return event
 *   })
 * const answer = new StreamClient({ defaultModel: 'gpt-4o-mini' }).stream('Hello')
 * for await (const event of processor.process(answer)) if (isTextDelta(event)) process.stdout.write(event.delta)
 */
export declare class EventProcessor {
	#private;
	/** @throws ValidationError where an option is not what it must be */
	constructor(options?: EventProcessorOptions);
	/** For the streams that are processed from now on. */
	addFilter(filter: EventFilter): this;
	/** For the streams that are processed from now on. */
	addTransformer(transformer: EventTransformer): this;
	/**
	 * The events of a stream, processed.
	 *
	 * @throws ValidationError where it is no stream, or an option is not what it must be
	 */
	process(stream: StreamSource, options?: ProcessOptions): EventStream;
}
/**
 * A processor with what most applications need of one, by options.
 *
 * @example
 * import { createEventProcessor, StreamClient } from 'millstream'
 *
 * const processor = createEventProcessor({ eventTypes: ['delta', 'complete'], addCorrelation: true, addMetrics: true })
 * const answer = new StreamClient({ defaultModel: 'gpt-4o-mini' }).stream('Hello')
 * for await (const { type, metadata } of processor.process(answer)) console.log(type, metadata.correlationId)
 */
export declare function createEventProcessor(options?: EventProcessorOptions): EventProcessor;
interface ReadOptions extends ProcessOptions {
	processor?: EventProcessor;
}
declare function collect(stream: StreamSource, options?: ReadOptions): Promise<ProcessedResponse>;
declare function streamWithEvents(stream: StreamSource, options?: ReadOptions): EventStream;
/**
 * {@link collect} and {@link streamWithEvents} under the names by which they go together.
 *
 * @example
 * import { StreamClient, StreamingHelper } from 'millstream'
 *
 * const client = new StreamClient({ defaultModel: 'gpt-4o-mini' })
 * const answer = await StreamingHelper.collectWithUsage(client.stream('Hello'))
 * console.log(answer.usage?.totalTokens)
 */
export declare const StreamingHelper: Readonly<{
	collectWithUsage: typeof collect;
	streamWithEvents: typeof streamWithEvents;
}>;
type Snake<Name extends string> = Name extends `${infer First}${infer Rest}` ? First extends Uppercase<First> ? First extends Lowercase<First> ? `${First}${Snake<Rest>}` : `_${Lowercase<First>}${Snake<Rest>}` : `${First}${Snake<Rest>}` : "";
type EitherSpelling<Fields> = Fields & {
	[Name in keyof Fields & string as Snake<Name> extends Name ? never : Snake<Name>]?: Fields[Name];
};
/** How tokens are counted where the provider does not count them. */
export type AggregatorType = "auto" | "tiktoken" | "character";
/** How an answer is streamed. Durations are in milliseconds. */
export interface StreamingOptionsFields extends EventCallbacks {
	/** Whether tokens are counted here where the provider reports none. Default true. */
	enableUsageAggregation?: boolean;
	/** `tiktoken` counts as OpenAI's models do, `character` by length, `auto` as the model does, as far as that is known. */
	aggregatorType?: AggregatorType;
	/** What `auto` means: `false` counts by length. Default true. */
	preferTiktoken?: boolean;
	/** Whether an answer that was asked for as JSON is read while it comes: `getJson()` repairs one that was cut. */
	enableJsonStreamHandler?: boolean;
	/** Whether the first character that can't be JSON ends the answer with an error that names its place. Default false. */
	validateJsonIncrementally?: boolean;
	/** What the answer's events go through. */
	eventProcessor?: EventProcessor;
	/** Until the connection stands. Default 5000; 0: no limit, as for the others. */
	connectionTimeout?: number;
	/** Without anything from the provider. Default 30000. */
	readTimeout?: number;
	/** For the whole answer. Default 0. */
	totalTimeout?: number;
	/** Default true. */
	retryOnConnectionError?: boolean;
	/** Attempts in all. Default 3. */
	maxReconnectAttempts?: number;
	/** Before the second attempt; doubled from each to the next. Default 1000. */
	reconnectDelay?: number;
	/**
	 * Whether an answer that breaks off is asked for again, and continued where it broke off as long as the new text repeats
	 * the old. Default false: it fails. The text is in `error.partialText` in any case, and none comes twice.
	 */
	preservePartialResponse?: boolean;
	/** Pieces of text are gathered until they have as many characters. Default 0: each as it comes. */
	chunkSize?: number;
	/** How many characters may be under way before the provider is made to wait. Default 65536. */
	bufferSize?: number;
	/** Least distance of two deliveries under load, in milliseconds. Default 1. */
	flushInterval?: number;
	/** Whether the collected text is kept compressed. Default false. */
	enableCompression?: boolean;
}
/** The same under either spelling; durations in snake case are in seconds. */
export type StreamingOptionsInput = EitherSpelling<StreamingOptionsFields>;
/**
 * How answers are streamed. What is not given comes from the environment, at the time of the call, else it has its
 * default. A plain object with the same fields does as well.
 *
 * @example
 * import { SteerLLMClient, StreamingOptions } from 'millstream/compat/steer'
 *
 * const options = new StreamingOptions({ readTimeout: 30_000, maxReconnectAttempts: 3 })
 * await new SteerLLMClient().streamWithUsage('Hello', { model: 'gpt-4o-mini', streamingOptions: options })
 */
export declare const StreamingOptions: new (fields?: StreamingOptionsInput) => StreamingOptions;
/** Streaming options: the fields that were given. */
export interface StreamingOptions extends StreamingOptionsFields {
}
/** What goes without saying. */
export declare const DEFAULT_OPTIONS: Readonly<StreamingOptions>;
/** For answers in JSON: read and validated while they come. */
export declare const JSON_MODE_OPTIONS: Readonly<StreamingOptions>;
/** For many answers at once: few and large pieces, nothing counted here. */
export declare const HIGH_THROUGHPUT_OPTIONS: Readonly<StreamingOptions>;
/** For people who watch: each piece as it comes, and a failure soon. */
export declare const LOW_LATENCY_OPTIONS: Readonly<StreamingOptions>;
/** For finding out what happens: each event with a correlation id, the time it was processed, and metrics. */
export declare const DEBUG_OPTIONS: Readonly<StreamingOptions>;
/** For the least work per answer: nothing counted, nothing read, nothing tried again. */
export declare const HIGH_PERFORMANCE_OPTIONS: Readonly<StreamingOptions>;
/** Token counts, with those of the cache where it is looked for. */
export interface SteerUsage extends Usage {
	/** Given where the provider read some of the prompt from its cache. */
	cacheInfo?: {
		cachedTokens: number;
	};
}
/** A whole answer. */
export interface StreamingResponseWithUsage extends Omit<ProcessedResponse, "usage" | "text"> {
	readonly text: string;
	/** `undefined` where the provider reported none and none were counted. */
	usage: SteerUsage | undefined;
	/** What the answer cost in US dollars; `undefined` where the price of the model is not known. */
	costUsd: number | undefined;
	getText(): string;
	/**
	 * The answer as JSON. Where it was read as such while it came: the value; of several, an array of them; of one that was
	 * cut, what is there. Else it is parsed, and throws where it is none.
	 */
	getJson<T = unknown>(): T;
}
/** What a client is made of: as of `StreamClient`, and options for all its answers. */
export interface SteerConfig extends ClientConfig {
	streamingOptions?: StreamingOptionsInput | StreamingOptions;
}
/** A message; `cache_control` marks what the provider should cache. */
export interface SteerMessage extends RequestMessage {
	cache_control?: CacheControl;
}
/** In which form the answer is wanted. */
export type ResponseFormat = {
	type: "text" | "json_object";
} | {
	type: "json_schema";
	json_schema: {
		name: string;
		schema: object;
		strict?: boolean;
	};
};
interface SteerFields extends GenerationOptions, EventCallbacks, Pick<RequestOptions, "provider" | "systemPrompt" | "n" | "tools" | "toolChoice" | "maxSteps" | "parallelToolCalls" | "headers" | "signal" | "stream"> {
	/** Asked where the client has no `defaultModel`. */
	model?: string;
	responseFormat?: ResponseFormat;
	streamingOptions?: StreamingOptionsInput | StreamingOptions;
}
/** What applies to one answer; names may stand in snake case. */
export type SteerOptions = EitherSpelling<SteerFields>;
/** A question with what applies to it. */
export type SteerRequest = SteerOptions & {
	messages: string | readonly SteerMessage[];
};
/**
 * Asks models of OpenAI, Anthropic and xAI, and of any other provider of the client. The provider follows from the model's
 * name where none is named.
 *
 * @example
 * import { SteerLLMClient } from 'millstream/compat/steer'
 *
 * const client = new SteerLLMClient()
 * for await (const chunk of client.stream('Tell me a story', { model: 'gpt-4o-mini' })) process.stdout.write(chunk)
 */
export declare class SteerLLMClient {
	#private;
	/** @throws ValidationError where an option is not what it must be. A missing key shows when it is needed. */
	constructor(config?: SteerConfig);
	/**
	 * Asks, and gives the text as it comes. To be iterated, not awaited. It starts at once.
	 *
	 * @throws ValidationError where something is not what it must be; and for `returnUsage`, which is `streamWithUsage` now
	 */
	stream(messages: string | readonly SteerMessage[] | SteerRequest, model?: string | SteerOptions, options?: SteerOptions): AsyncIterable<string>;
	/** Asks, and gives the whole answer when it is there. Callbacks are told while it comes. Rejects where it fails. */
	streamWithUsage(messages: string | readonly SteerMessage[] | SteerRequest, model?: string | SteerOptions, options?: SteerOptions): Promise<StreamingResponseWithUsage>;
}
interface AgentFields extends Pick<RequestOptions, "provider" | "tools" | "toolChoice"> {
	model: string;
	/** What the model is told to be. May hold `{variables}`, as `userTemplate`. */
	system?: string;
	/** What is asked: each `{name}` is replaced with the variable of that name, `{{` and `}}` are braces. Default `{query}`. */
	userTemplate?: string;
	/** Temperature and the like. */
	parameters?: EitherSpelling<GenerationOptions>;
	/** A JSON Schema: the answer is JSON of this form. */
	jsonSchema?: object;
}
/** Who is asked, for what, with which tools. Those with an `execute` are run. */
export type AgentDefinition = EitherSpelling<AgentFields>;
/** How one question is run. */
export type AgentOptions = EitherSpelling<{
	/** `false` asks for whole answers. Default true. */
	streaming?: boolean;
	/** Turns of the model, where tools are run. Default 5. */
	maxSteps?: number;
	signal?: AbortSignal;
	streamingOptions?: StreamingOptionsInput | StreamingOptions;
}>;
/** A question to an agent. */
export interface AgentRequest {
	definition: AgentDefinition;
	variables?: Readonly<Record<string, unknown>>;
	options?: AgentOptions;
}
/** What happens while an agent answers: the events of a stream, its calls of tools and their results. */
export type AgentEvent = Exclude<StreamEvent, {
	type: "tool-call" | "tool-call-delta" | "tool-result";
}> | (EventContext & {
	type: "tool_call";
	metadata: {
		tool: string;
		id: string;
		args: unknown;
		valid: boolean;
	};
}) | (EventContext & {
	type: "tool_result";
	metadata: {
		tool: string;
		id: string;
		result: unknown;
		isError: boolean;
	};
});
/**
 * Has a model do a task with tools.
 *
 * @example
 * import { AgentRunner } from 'millstream/compat/steer'
 *
 * const definition = {
 *   model: 'gpt-4o-mini',
 *   system: 'You calculate.',
 *   tools: [{ name: 'now', description: 'The time', execute: () => new Date().toISOString() }],
 * }
 * for await (const event of new AgentRunner().stream({ definition, variables: { query: 'What time is it?' } })) {
 *   if (event.type === 'delta') process.stdout.write(event.delta)
 *   else if (event.type === 'tool_call') console.log(event.metadata.tool)
 * }
 */
export declare class AgentRunner {
	#private;
	/** Asks by a client of its own, or by one that is given. */
	constructor(client?: SteerLLMClient | SteerConfig);
	/** Asks, and gives what happens. It starts at once; leaving the loop ends it. */
	stream(request: AgentRequest): AsyncIterable<AgentEvent>;
}

export {};
