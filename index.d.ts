// The public surface of `lib/index.ts`, bundled. Written by `npm run types`; a change here is a change of the API.

import { EventEmitter } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';

/** Names of formats: how endpoints are asked and how they answer. */
/**
 * How an endpoint answers: the format of a provider, or one that an application sends. `auto` looks at the content type
 * and the first event.
 *
 * @example
 * const protocol: WireProtocol = 'anthropic'
 */
export type WireProtocol = "openai-responses" | "anthropic" | "gemini" | "gemini-interactions" | "workers-ai" | "bedrock-converse" | "bedrock-invoke" | "sagemaker" | "ollama" | "cohere" | "watsonx" | WireFormat;
/**
 * What an answer can be sent on as. `events` is `StreamingResponse`'s own; `openai` is chat completions, `ui-message` the
 * AI SDK's UI message stream, `chunk` is `{type: 'chunk', content}`, `content` is `{content, finished}`.
 *
 * @example
 * const format: WireFormat = 'events'
 */
export type WireFormat = "events" | "openai" | "chunk" | "content" | "ui-message" | "ndjson" | "text";
/**
 * How an endpoint is asked: the shape of the request's body. `events` is an app's own route, the others are providers'.
 *
 * @example
 * const shape: RequestShape = 'anthropic'
 */
export type RequestShape = "events" | "openai" | "openai-responses" | "anthropic" | "gemini" | "workers-ai" | "ollama" | "cohere" | "watsonx" | "bedrock-converse" | "bedrock-invoke" | "sagemaker";
/**
 * What a server of OpenAI's format calls the cap on the tokens of an answer.
 *
 * @example
 * const field: MaxTokensField = 'max_completion_tokens'
 */
export type MaxTokensField = "max_tokens" | "max_completion_tokens";
/**
 * What a provider does otherwise than others of its format, as far as requests go (`Quirks` in
 * `crates/wire/src/request/quirks.rs`). What is not said is as others do.
 *
 * @example
 * const quirks: Quirks = { maxTokensField: 'max_completion_tokens', streamOptions: false }
 */
export interface Quirks {
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
/**
 * One event of a `text/event-stream` body.
 *
 * @example
 * const [event]: ServerSentEvent[] = new EventStreamDecoder().feed('event: token\ndata: hi\n\n')
 */
export interface ServerSentEvent {
	/** The event's name, `message` where none was given; empty for a comment. */
	event: string;
	/** Lines joined by `\n`. */
	data: string;
	/** The last event ID in force, `''` if none yet; for a comment, that of the event before it. */
	id: string;
	/** The reconnection time in milliseconds, where this event gave one. */
	retry?: number;
	/** With `comments: true`, a comment is an entry of its own in this list, and this is its text. */
	comment?: string;
}
/**
 * How an {@link EventStreamDecoder} reads.
 *
 * @example
 * const options: EventStreamDecoderOptions = { maxEventBytes: 64 * 1024 }
 */
export interface EventStreamDecoderOptions {
	/**
	 * Cap on one event in bytes, up to 256 MiB. Beyond it reading fails, so that a server can't fill the memory.
	 * @default 8388608
	 */
	maxEventBytes?: number;
	/**
	 * Whether comments are given too: servers send them to keep a connection alive.
	 * @default false
	 */
	comments?: boolean;
	/**
	 * Whether `end()` gives a last event that lacks its blank line, or even the end of its last line. The standard drops
	 * it; servers exist that close right after `data: [DONE]`. Its data may have been cut.
	 * @default false
	 */
	lenientEnd?: boolean;
}
/**
 * Decodes server-sent events, piece by piece: bytes or text in, events out. Natively and in linear time, with the
 * standard's rules in full: byte-order mark, CR, LF and CRLF, IDs, invalid UTF-8, pieces cut anywhere.
 *
 * @example
 * const decoder = new EventStreamDecoder()
 * for (const event of decoder.feed('event: token\ndata: Hi\n\n')) {
 *   console.log(event.event, event.data) // token Hi
 * }
 * decoder.end()
 */
export declare class EventStreamDecoder {
	#private;
	/** @throws ValidationError for an option that is not what it must be. */
	constructor(options?: EventStreamDecoderOptions);
	/**
	 * Reads the next piece of the body and returns the events that it completes. Text counts as its UTF-8 bytes.
	 *
	 * @throws StreamError with code `EVENT_TOO_LARGE` at the cap, and from then on. Events that the same piece completed
	 * before that are returned first, and the next call throws.
	 */
	feed(bytes: Uint8Array | string): ServerSentEvent[];
	/**
	 * The body ended: drops an unfinished event, or with `lenientEnd` returns it. The decoder is then ready for the body
	 * of a reconnection; `lastEventId` and `retry` stay.
	 *
	 * @throws StreamError with code `EVENT_TOO_LARGE` where the cap was exceeded.
	 */
	end(): ServerSentEvent[];
	/** The last event ID in force, for the `Last-Event-ID` header of a reconnection; `''` if none yet. */
	get lastEventId(): string;
	/** The reconnection time that the server last asked for, in milliseconds. */
	get retry(): number | undefined;
}
/**
 * The events of a body that came by some other way: a `fetch` body, a file, a socket. Leaving the loop early cancels
 * the source; an error of the source passes through.
 *
 * @example
 * async function* body() {
 *   yield 'data: one\n\nda'
 *   yield 'ta: two\n\n'
 * }
 * for await (const event of decodeEventStream(body())) {
 *   console.log(event.data) // one, two
 * }
 */
export declare function decodeEventStream(source: ReadableStream<Uint8Array | string> | AsyncIterable<Uint8Array | string>, options?: EventStreamDecoderOptions): AsyncIterableIterator<ServerSentEvent>;
/**
 * A schema of a validation library: Zod, Valibot, ArkType and all others that have the Standard Schema interface
 * (https://standardschema.dev).
 *
 * @example
 * import { type StandardSchema, StreamClient } from 'millstream'
 *
 * declare const river: StandardSchema<{ name: string }> // z.object({ name: z.string() })
 * const result = await new StreamClient().stream({ model: 'gpt-4o-mini', prompt: 'A river', output: { schema: river } })
 * console.log((await result.object).name)
 */
export interface StandardSchema<Output = unknown> {
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
/**
 * What a Standard Schema says of a value.
 *
 * @example
 * const result: StandardResult<string> = { issues: [{ message: 'Expected a string', path: ['name'] }] }
 */
export type StandardResult<Output> = {
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
/**
 * A JSON Schema as a plain object, of draft 2020-12 unless its `$schema` names 2019-09, 7 or 4.
 *
 * @example
 * const schema: JsonSchema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }
 */
export interface JsonSchema {
	readonly [keyword: string]: unknown;
}
/**
 * What describes a value, to the model and to the check of what it gives: a schema of a validation library, or a
 * {@link JsonSchema}, also one whose type some library gives.
 *
 * @example
 * const schema: Schema = { type: 'array', items: { type: 'string' } }
 */
export type Schema<T = unknown> = StandardSchema<T> | object;
/**
 * What the answer is to be. With a schema it is asked for as the provider has it, and the value is checked against it.
 *
 * @example
 * import { type OutputSpec, StreamClient } from 'millstream'
 *
 * const output: OutputSpec<{ rivers: string[] }> = {
 *   schema: {
 *     type: 'object',
 *     properties: { rivers: { type: 'array', items: { type: 'string' } } },
 *     required: ['rivers'],
 *   },
 * }
 * const { object } = await new StreamClient().generate({ model: 'gpt-4o-mini', prompt: 'Three rivers', output })
 * console.log(object?.rivers.length)
 */
export interface OutputSpec<T = unknown> {
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
/**
 * A value that is still arriving: any part of it may be missing, and strings may be cut.
 *
 * @example
 * const river: DeepPartial<{ name: string; length: { km: number } }> = { length: {} }
 */
export type DeepPartial<T> = T extends readonly (infer Item)[] ? DeepPartial<Item>[] : T extends object ? {
	[Key in keyof T]?: DeepPartial<T[Key]>;
} : T;
interface WireOutput {
	format: "json" | "structured";
	schema?: JsonSchema;
	name?: string;
	strict?: boolean;
}
/**
 * Retries of a failed attempt. They end at the first piece of the answer that was delivered: no text is ever delivered
 * twice.
 *
 * @example
 * const retry: RetryConfig = { maxRetries: 5, initialDelay: 500, shouldRetry: (error) => error.type !== 'rate_limit_error' }
 */
export interface RetryConfig {
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
/**
 * Milliseconds for the whole answer, or one clock per phase. 0 switches a clock off. Defaults: `connect` 5000,
 * `firstContent` 120000, `idle` 30000, `contentIdle` 120000, `total` none.
 *
 * @example
 * const timeout: TimeoutConfig = { connect: 2000, firstContent: 20_000, idle: 10_000 }
 */
export type TimeoutConfig = number | {
	/** Name resolution, TCP and TLS. */
	connect?: number;
	/** From the request until the first piece of the answer, per attempt. */
	firstContent?: number;
	/** Between two reads of the body, whatever they bring. */
	idle?: number;
	/** Between two pieces of the answer; comments, pings and empty events don't count. */
	contentIdle?: number;
	/** The whole answer, retries and waits included, and tools where some are run. */
	total?: number;
};
/**
 * What to do where an answer breaks off after its first piece. `'auto'`: reconnect with `Last-Event-ID` where the server
 * gave event ids, else fail with the partial text. `'restart'`: ask again and skip what was delivered, as long as the new
 * text repeats it. `'none'`: fail with the partial text.
 *
 * @example
 * const resume: ResumeMode = 'none'
 */
export type ResumeMode = "auto" | "restart" | "none";
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
	inputPerMillion: number;
	/** Reasoning included, which every vendor charges as output. */
	outputPerMillion: number;
	/** Input read from the provider's cache. Default: as other input. */
	cachedInputPerMillion?: number;
	/** Input written to the provider's cache, where that is charged. Default: as other input. */
	cacheWritePerMillion?: number;
}
/**
 * What the models of the table cost, in US dollars for a thousand tokens. Those whose maker is another than their vendor
 * stand there as `vendor/model`.
 *
 * @example
 * import { MODEL_PRICING } from 'millstream'
 *
 * console.log(MODEL_PRICING['gpt-4']) // { input: 0.03, output: 0.06 }
 */
export declare const MODEL_PRICING: Readonly<Record<string, {
	readonly input: number;
	readonly output: number;
}>>;
/**
 * Adds prices, or replaces those of the table, for the whole process. Of one vendor's models alone: `'groq/my-model'`.
 *
 * @throws ValidationError for a price that is none.
 *
 * @example
 * import { calculateCost, registerPrices } from 'millstream'
 *
 * registerPrices({ 'my-model': { inputPerMillion: 1, outputPerMillion: 2 } })
 * console.log(calculateCost(1000, 500, 'my-model')) // 0.002
 */
export declare function registerPrices(prices: Record<string, ModelPrice>): void;
/**
 * What an answer cost in US dollars, by its token counts or by its usage, in which cached tokens have their own price.
 * `undefined` where the model has no price. `model` may name its vendor: `'groq/llama-3.3-70b-versatile'`.
 *
 * @example
 * import { calculateCost } from 'millstream'
 *
 * console.log(calculateCost(1000, 500, 'gpt-4')) // 0.06
 * console.log(calculateCost({ promptTokens: 1000, completionTokens: 500, totalTokens: 1500 }, 'gpt-4')) // 0.06
 */
export declare function calculateCost(promptTokens: number, completionTokens: number, model: string): number | undefined;
export declare function calculateCost(usage: Usage, model: string): number | undefined;
/**
 * Which of a provider's interfaces is asked, where it has several: chat completions in OpenAI's format, OpenAI's
 * Responses, the provider's own, or, on Bedrock, `InvokeModel` with a body in the model's own words.
 *
 * @example
 * import { StreamClient } from 'millstream'
 *
 * const client = new StreamClient({ providers: { openai: { api: 'responses' } }, defaultModel: 'gpt-5-mini' })
 */
export type ProviderApi = "chat" | "responses" | "native" | "invoke";
/**
 * An option of providers that stands in their URLs or headers.
 *
 * @example
 * const option: ProviderOption = 'region'
 */
export type ProviderOption = "accountId" | "apiVersion" | "deployment" | "endpointName" | "gateway" | "location" | "organization" | "project" | "region" | "resource";
/**
 * How a request says who asks: `bearer` is `Authorization: Bearer …`, `header` another header that holds the key,
 * `optional` a bearer token where there is one, `sigv4` Amazon's signature.
 *
 * @example
 * const auth: ProviderAuth = { header: 'x-api-key' }
 */
export type ProviderAuth = "bearer" | "optional" | {
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
/**
 * What can be said about any provider. Each provider takes those options that stand in its row of `docs/providers.md`;
 * those it doesn't are refused. What is not given comes from the environment variables named there.
 *
 * @example
 * import { type ProviderSettings, StreamClient } from 'millstream'
 *
 * const east: ProviderSettings = { vendor: 'azure', resource: 'east', deployment: 'gpt-4o' }
 * const client = new StreamClient({ providers: { east }, defaultModel: 'gpt-4o' })
 */
export interface ProviderSettings extends Partial<Record<ProviderOption, string>> {
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
/**
 * A provider that has no name here, or one that has, with what differs.
 *
 * @example
 * const local: ProviderConfig = { name: 'local', baseUrl: 'http://127.0.0.1:8080/v1' }
 * const azure: ProviderConfig = { vendor: 'azure', resource: 'my-resource' }
 */
export interface ProviderConfig extends ProviderSettings {
	/** Stands in errors. Default: that of `vendor`, else the URL's host. */
	name?: string;
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
		readonly underRoot: {
			readonly path: "accounts/{accountId}/ai";
			readonly unless: readonly [
				"/accounts/",
				"/workers-ai"
			];
		};
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
/**
 * A provider to be known by name. What it doesn't say is as with the provider that it is `like`, else as with any server
 * of OpenAI's chat completions.
 *
 * @example
 * import { type ProviderDefinition, registerProvider } from 'millstream'
 *
 * const gateway: ProviderDefinition = {
 *   name: 'my-gateway',
 *   like: 'anthropic',
 *   baseUrl: 'https://llm.example.com',
 *   keyVariables: ['MY_GATEWAY_KEY'],
 * }
 * registerProvider(gateway)
 */
export interface ProviderDescription {
	/** Letters, digits, `.`, `_` and `-`; not one that is known. */
	name: string;
	/** As its makers write it. Default: the name. */
	title?: string;
	/** Further names. */
	aliases?: readonly string[];
	/** A provider known by name whose path, format, authorization, headers and quirks apply where nothing is said here. */
	like?: string;
	/** Which interface of that one. Default: its first. */
	api?: ProviderApi;
	/** May have options in braces: `https://{region}.example.com/v1`. */
	baseUrl: string;
	/** Environment variables that replace `baseUrl`, the first one set wins. */
	baseUrlVariables?: readonly string[];
	/** Default: a bearer token, which may be missing where no `keyVariables` are given. */
	auth?: ProviderAuth;
	/** Environment variables that hold the key, the first one set wins. */
	keyVariables?: readonly string[];
	/** Where a person gets a key. Stands in errors. */
	keyPage?: string;
	docsPage?: string;
	/** Options it takes in a configuration, for `baseUrl`, `path`, `headers` and `body`. */
	options?: {
		readonly [option in ProviderOption]?: {
			variables?: readonly string[];
			default?: string;
			about?: string;
		};
	};
	/** The option that is the model where a request names none. */
	modelOption?: ProviderOption;
	/** Sent with each request; one with an option in braces only where that is given. */
	headers?: Readonly<Record<string, string>>;
	/** Members of each request's body, under those of the request; with options in braces likewise. */
	body?: Readonly<Record<string, string>>;
	/** Appended to the base URL: `{model}` is the model as one segment, `{+model}` with its slashes. */
	path?: string;
	/** The path that asks for a whole answer, where it is another one. */
	wholePath?: string;
	/** How it is asked. Default: as providers are that answer so. */
	shape?: RequestShape;
	/** How it answers. */
	protocol?: WireProtocol;
	quirks?: Quirks;
}
/**
 * A {@link ProviderDescription}, with a decoder or an encoder of its own where no format known here is its own.
 *
 * @example
 * import { type ProviderDefinition, registerProvider } from 'millstream'
 *
 * const definition: ProviderDefinition = {
 *   name: 'tokens-by-line',
 *   baseUrl: 'http://127.0.0.1:9000',
 *   path: 'generate',
 *   framing: 'lines',
 *   encode: ({ messages }) => ({ input: messages.at(-1)?.content }),
 *   async *decode(lines) {
 *     for await (const line of lines) yield { type: 'text', content: line, index: 0 }
 *   },
 * }
 * registerProvider(definition)
 */
export type ProviderDefinition = ProviderDescription & ProviderCodec;
/**
 * Makes a provider known by name, to every `StreamClient` and `AIStream` of this thread. Returns a function that makes it
 * unknown again; answers under way go on.
 *
 * @throws ValidationError where the definition is not what it must be, or the name is taken.
 *
 * @example
 * import { registerProvider, StreamClient } from 'millstream'
 *
 * const unregister = registerProvider({
 *   name: 'nebula',
 *   baseUrl: 'https://api.nebula.example/v1',
 *   keyVariables: ['NEBULA_API_KEY'],
 *   keyPage: 'https://nebula.example/keys',
 *   quirks: { streamOptions: false },
 * })
 * const client = new StreamClient({ providers: { nebula: { apiKey: 'k' } } })
 * const answer = client.stream({ provider: 'nebula', model: 'nova-1', prompt: 'Hello' })
 * unregister()
 */
export declare function registerProvider(definition: ProviderDefinition): () => void;
/**
 * A provider in the table of those known by name.
 *
 * @example
 * const provider: KnownProviderName = 'anthropic'
 */
export type KnownProviderName = TableName;
/**
 * Names of providers that the application adds, for the types only: where it says so, `ProviderName` has them.
 *
 * @example
 * declare module 'millstream' {
 *   interface RegisteredProviders {
 *     'my-gateway': true
 *   }
 * }
 */
export interface RegisteredProviders {
}
/**
 * A provider known by name: one of the table, an alias of one (`gemini`, `grok`, `workers-ai`, …), or one that was added.
 *
 * @example
 * const provider: ProviderName = 'openai'
 */
export type ProviderName = KnownProviderName | TableAlias | keyof RegisteredProviders;
type FedChunk = StreamChunk | {
	type: "start";
	id?: string;
	model?: string;
};
type ByteSource = ReadableStream<Uint8Array | string> | AsyncIterable<Uint8Array | string>;
/**
 * Parameters of the generation. What is not given is not sent: the provider's defaults apply.
 *
 * @example
 * const options: GenerationOptions = { temperature: 0.2, maxTokens: 500, extraBody: { logit_bias: {} } }
 */
export interface GenerationOptions {
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
/**
 * How much a model thinks before it answers: in words or in tokens, as the model has it.
 *
 * @example
 * const reasoning: ReasoningOptions = { effort: 'low' }
 */
export interface ReasoningOptions {
	effort?: ReasoningEffort;
	/** Cap on the tokens spent on thinking. */
	budgetTokens?: number;
}
/**
 * See {@link ReasoningOptions}.
 *
 * @example
 * const effort: ReasoningEffort = 'high'
 */
export type ReasoningEffort = "none" | "minimal" | "low" | "medium" | "high";
/**
 * Whether the model must call a tool: as it sees fit, never, at least one, or this one.
 *
 * @example
 * const choice: ToolChoice = { tool: 'weather' }
 */
export type ToolChoice = "auto" | "none" | "required" | {
	tool: string;
};
interface WireMessage {
	role: string;
	content: unknown;
	name?: string;
	toolCalls?: unknown;
	toolCallId?: string;
	tool?: string;
	isError?: boolean;
	reasoning?: unknown;
	cacheControl?: unknown;
}
interface WireRequest extends GenerationOptions {
	model: string;
	messages: readonly WireMessage[];
	systemPrompt?: string | undefined;
	n?: number | undefined;
	tools?: readonly unknown[] | undefined;
	toolChoice?: ToolChoice | undefined;
	parallelToolCalls?: boolean | undefined;
	output?: WireOutput | undefined;
	/** False asks for the whole answer at once. */
	stream?: boolean | undefined;
}
/**
 * What a decoder gives: chunks, and where the provider says how it calls the answer and the model, that before them.
 *
 * @example
 * const chunk: DecodedChunk = { type: 'text', content: 'Hello', index: 0 }
 */
export type DecodedChunk = FedChunk;
/**
 * What a decoder and an encoder are told besides.
 *
 * @example
 * const context: CodecContext = { provider: 'nebula', model: 'nova-1' }
 */
export interface CodecContext {
	/** The name under which it was asked. */
	provider: string;
	/** The model asked for. */
	model: string;
}
/**
 * A request as every provider's encoder gets it: checked, and the same whoever is asked.
 *
 * @example
 * import type { ProviderRequest } from 'millstream'
 *
 * const encode = ({ model, messages, temperature = 1 }: ProviderRequest) => ({ model, messages, temperature })
 */
export interface ProviderRequest extends Readonly<WireRequest> {
}
/**
 * A decoder and an encoder in JavaScript. `decode` gets the body of an answer with a good status: its events (of
 * `text/event-stream`, the default), lines without their ends and without empty ones, or text as it comes, cut anywhere.
 * It ends with a `finish` chunk or with the source; what it throws is the answer's failure. `encode` gives what is sent
 * as JSON.
 *
 * @example
 * import type { ProviderCodec } from 'millstream'
 *
 * const codec: ProviderCodec = {
 *   async *decode(events) {
 *     for await (const { data } of events) {
 *       if (data === '[DONE]') return yield { type: 'finish', content: '', finished: true, finishReason: 'stop' }
 *       yield { type: 'text', content: JSON.parse(data).piece, index: 0 }
 *     }
 *   },
 * }
 */
export type ProviderCodec = {
	encode?(request: ProviderRequest, context: CodecContext): unknown;
} & ({
	framing?: "events";
	decode?(source: AsyncIterable<ServerSentEvent>, context: CodecContext): AsyncIterable<DecodedChunk>;
} | {
	framing: "lines" | "text";
	decode(source: AsyncIterable<string>, context: CodecContext): AsyncIterable<DecodedChunk>;
});
/**
 * What kind of failure.
 *
 * @example
 * const worthWaiting: StreamErrorType[] = ['rate_limit_error', 'overloaded_error']
 */
export type StreamErrorType = "timeout_error" | "connection_error" | "rate_limit_error" | "auth_error" | "invalid_request_error" | "overloaded_error" | "server_error" | "protocol_error" | "truncated_error" | "content_policy_error" | "circuit_open_error" | "queue_full_error" | "aborted_error" | "unknown_error";
/**
 * Which of the five clocks ran out. The names are those of the `timeout` option.
 *
 * @example
 * const phase: TimeoutPhase = 'firstContent'
 */
export type TimeoutPhase = "connect" | "firstContent" | "idle" | "contentIdle" | "total";
/**
 * What a {@link StreamError} is made of.
 *
 * @example
 * throw new StreamError('HTTP 503: no model is loaded', { type: 'server_error', code: 'NO_MODEL', status: 503 })
 */
export interface StreamErrorInit {
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
/**
 * An answer is not what was asked for: text that is no JSON (`INVALID_JSON`), or a value that does not match its schema
 * (`SCHEMA_MISMATCH`). The answer itself, as far as it came, is in `partialText`, and never in the message.
 *
 * @example
 * try {
 *   await result.object
 * } catch (error) {
 *   if (error instanceof OutputError) console.log(error.code, error.offset, error.path)
 * }
 */
export declare class OutputError extends StreamError {
	/** Of `INVALID_JSON`: where in the text the first impossible character stands, or the text ends too early. */
	readonly offset?: number;
	/** Of `SCHEMA_MISMATCH`: where in the value the first mismatch is, as names and indices; `[]` is the value itself. */
	readonly path?: readonly (string | number)[];
	/** Of `SCHEMA_MISMATCH`: all that was found. */
	readonly issues?: readonly OutputIssue[];
	constructor(message: string, init: Omit<StreamErrorInit, "type"> & {
		offset?: number | undefined;
		issues?: readonly OutputIssue[] | undefined;
	});
}
/**
 * One mismatch between a value and its schema.
 *
 * @example
 * const issue: OutputIssue = { path: ['rivers', 0], message: 'Expected a string' }
 */
export interface OutputIssue {
	/** Names and indices from the value itself to the place. */
	path: readonly (string | number)[];
	message: string;
}
/**
 * One message of a conversation.
 *
 * @example
 * const [first]: Message[] = stream.getMessages()
 */
export interface Message {
	/** Unique in the process. */
	id: string;
	role: "user" | "assistant" | "system";
	content: string;
	/** Milliseconds since the epoch. */
	timestamp: number;
	/** Set on an answer that was stopped before its end: `content` is what had come by then. */
	partial?: boolean;
	/** Tool calls the model made in this answer. */
	toolCalls?: ToolCall[];
}
/**
 * Token counts. The three counts are always numbers: where the server leaves one out it is derived from the other two,
 * and is 0 only where that can't be done either. An answer without any report has no `Usage` at all (`undefined`).
 *
 * @example
 * const usage: Usage = stream.getUsage()
 * console.log(usage.promptTokens, usage.completionTokens, usage.totalTokens)
 */
export interface Usage {
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
/**
 * A tool call the model made.
 *
 * @example
 * stream.on('tool-call', (call: ToolCall) => {
 *   if (call.valid) console.log(call.tool, call.args)
 * })
 */
export interface ToolCall {
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
/**
 * What a call gave, or why it gave nothing.
 *
 * @example
 * const failed = (result: ToolResult) => result.isError === true
 */
export interface ToolResult {
	/** Of the call. */
	id: string;
	/** Name of the tool. */
	tool: string;
	/** What the tool returned, as JSON; where `isError`, a text that says what went wrong. */
	result: unknown;
	isError?: boolean;
}
/**
 * Why an answer ended. `unknown`: the end marker came without a reason; `other`: a reason this version has no name for;
 * `aborted`: it was stopped from this side.
 *
 * @example
 * const { finishReason } = await (await stream.stream('Hello')).collect()
 * if (finishReason === 'length') console.log('cut at the token limit')
 */
export type FinishReason = "stop" | "length" | "tool-calls" | "content-filter" | "error" | "other" | "unknown" | "aborted";
/**
 * One piece of an answer. `content` exists on every chunk, `''` where there is none.
 *
 * @example
 * const isText = (chunk: StreamChunk) => chunk.type === 'text'
 */
export type StreamChunk = {
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
/**
 * When things happened in one answer, in milliseconds from the moment it was asked for.
 *
 * @example
 * const { metrics } = await (await stream.stream('Hello')).collect()
 * console.log(metrics.timeToFirstToken, metrics.duration)
 */
export interface StreamMetrics {
	/** Until the answer's head was in. */
	timeToOpen?: number;
	/** Until the first text. */
	timeToFirstToken?: number;
	/** Until the end. */
	duration: number;
	/** Text chunks received. */
	chunks: number;
}
/**
 * A whole answer.
 *
 * @example
 * const answer: CollectedResponse = await (await stream.stream('Hello')).collect()
 * console.log(answer.text, answer.usage?.totalTokens)
 */
export interface CollectedResponse<T = unknown> {
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
/**
 * The names of the events a {@link StreamingResponse} sends.
 *
 * @example
 * new EventSource('/events').addEventListener(SSEEventType.TOKEN, (event) => console.log(event.data))
 */
export declare const SSEEventType: {
	readonly START: "start";
	readonly TOKEN: "token";
	readonly USAGE: "usage";
	readonly ERROR: "error";
	readonly METADATA: "metadata";
	readonly DONE: "done";
};
/** One of the values of `SSEEventType`. */
export type SSEEventType = (typeof SSEEventType)[keyof typeof SSEEventType];
/**
 * Token counts for the client. Further fields are sent along.
 *
 * @example
 * const usage: UsageEvent = { promptTokens: 10, completionTokens: 20, totalTokens: 30, cached: true }
 */
export interface UsageEvent {
	promptTokens: number;
	completionTokens: number;
	totalTokens: number;
	[field: string]: unknown;
}
/**
 * An error for the client. Further fields are sent along.
 *
 * @example
 * const error: ErrorEvent = { error: 'Rate limit exceeded', code: 'RATE_LIMIT' }
 */
interface ErrorEvent$1 {
	error: string;
	code?: string;
	details?: unknown;
	/** HTTP status from 400 to 599 of an answer that fails before its start. Default 500. */
	status?: number;
	[field: string]: unknown;
}
/**
 * Anything the client should know: an object that can be written as JSON.
 *
 * @example
 * const metadata: MetadataEvent = { model: 'gpt-4', temperature: 0.7 }
 */
export type MetadataEvent = Record<string, unknown>;
/**
 * A piece of a tool call whose arguments are still being written.
 *
 * @example
 * response.sendToolCallDelta({ id: 'call_1', index: 0, name: 'get_weather', delta: '{"city":' })
 */
export interface ToolCallDeltaEvent {
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
/**
 * A tool call that is complete; after its pieces, or alone.
 *
 * @example
 * const call: ToolCallEvent = { id: 'call_1', index: 0, name: 'get_weather', arguments: '{"city":"Bern"}' }
 */
export interface ToolCallEvent {
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
/**
 * Some frames of a stream, as they were written.
 *
 * @example
 * const entry: ReplayEntry = { last: 2, frames: 'event: token\nid: a1:2\ndata: {"token":"Hi"}\n\n' }
 */
export interface ReplayEntry {
	/** Number of the last frame. Numbers go up by one per frame, from 1. */
	last: number;
	frames: string;
}
/**
 * Whoever writes a stream into a {@link ReplayLog}. Either is called once at most, and neither after `end`.
 *
 * @example
 * const stopped = new AbortController()
 * const writer: ReplayWriter = { cancelled: () => stopped.abort(), lost() {} }
 */
export interface ReplayWriter {
	/** Somebody asked for the stream to stop, maybe in another process. */
	cancelled(): void;
	/** The log gave the stream up: nobody will read it from there. */
	lost(): void;
}
/**
 * Keeps the frames of streams so that a client whose connection broke gets the rest. Every method may answer at once or
 * by a promise, so that a log can be shared by several machines; `StreamingResponse` waits for one append before it
 * begins the next. A log knows nothing of what frames are.
 *
 * @example
 * const replay: ReplayLog = new MemoryReplayLog({ ttl: 60_000 })
 * app.post('/api/chat', (req, res) => new StreamingResponse(res, { replay }).start().sendToken('Hi').end())
 */
export interface ReplayLog {
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
/**
 * Bounds of a {@link MemoryReplayLog}.
 *
 * @example
 * const options: MemoryReplayLogOptions = { maxBytes: 16 * 1024 * 1024, ttl: 60_000 }
 */
export interface MemoryReplayLogOptions {
	/** Of all frames together, with what keeping them costs. The oldest streams go first, whole ones before others. Default 64 MiB. */
	maxBytes?: number;
	/** Default 10000. */
	maxStreams?: number;
	/** Milliseconds for which a stream stays after it was last written or read. Default 300000, five minutes. */
	ttl?: number;
}
/**
 * Keeps answers in this process, for clients that come back to it.
 *
 * @example
 * const replay = new MemoryReplayLog()
 * app.post('/api/chat', async (req, res) => {
 *   const response = new StreamingResponse(res, { replay }).start()
 *   if (!response.isStreamActive()) return // a client came back, and gets the rest of its answer
 *   for (const word of ['Hello', ' ', 'world']) response.sendToken(word)
 *   response.end()
 * })
 */
export declare class MemoryReplayLog implements ReplayLog {
	#private;
	/** @throws ValidationError where an option is not what it must be. */
	constructor(options?: MemoryReplayLogOptions);
	/** How many streams are kept. */
	get size(): number;
	/** Bytes that are kept, counted as for `maxBytes`. */
	get bytes(): number;
	open(streamId: string, writer: ReplayWriter): void;
	append(streamId: string, last: number, frames: string): void;
	end(streamId: string): void;
	read(streamId: string, after: number, signal: AbortSignal): AsyncIterable<ReplayEntry> | undefined;
	/** Stops whoever writes the stream. */
	cancel(streamId: string): boolean;
	delete(streamId: string): void;
}
/**
 * What a {@link StreamingResponse} needs of a response: Express's, `node:http`'s, `node:http2`'s, or a mock's.
 *
 * @example
 * const response: ResponseLike = { setHeader() {}, write: (chunk: string) => process.stdout.write(chunk), end() {} }
 */
export interface ResponseLike {
	setHeader(name: string, value: string): unknown;
	/** Given bytes where the answer is compressed. */
	write(chunk: string | Uint8Array): unknown;
	end(chunk?: string): unknown;
	writeHead?(status: number): unknown;
	on?(event: string, listener: (...args: any[]) => void): unknown;
}
/**
 * What {@link StreamingResponse.web} needs of a request: a web `Request`, or what is like one.
 *
 * @example
 * const request: RequestLike = { headers: new Headers({ 'accept-encoding': 'gzip' }) }
 */
export interface RequestLike {
	headers: {
		get(name: string): string | null;
	};
	signal?: AbortSignal;
}
/**
 * Options of a {@link StreamingResponse}.
 *
 * @example
 * const options: StreamingResponseOptions = { enableHeartbeat: true, heartbeatInterval: 15_000 }
 */
export interface StreamingResponseOptions {
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
/**
 * Options of {@link StreamingResponse.web}.
 *
 * @example
 * const options: WebStreamingResponseOptions = { request: new Request('http://localhost/'), compressionEnabled: true }
 */
export interface WebStreamingResponseOptions extends StreamingResponseOptions {
	/** The request that is answered: its headers say what to compress and where to go on, its signal that the client left. */
	request?: RequestLike;
}
/**
 * What {@link StreamingResponse.pipeFrom} takes: text, chunks of an answer, or simple objects.
 *
 * @example
 * const items: PipeItem[] = ['Hello', { token: ' world' }, { metadata: { model: 'gpt-4' } }]
 */
export type PipeItem = string | StreamChunk | {
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
/**
 * Where {@link StreamingResponse.pipeFrom} takes its items from; a web `ReadableStream` is one in Node.
 *
 * @example
 * const source: PipeSource = ['Hello', ' ', 'world']
 */
export type PipeSource = AsyncIterable<PipeItem> | Iterable<PipeItem>;
/**
 * Streams an answer to a client.
 *
 * The events carry ids. Without `replay` an answer is not kept: a client that reconnects with `Last-Event-ID` is told by
 * status 204 that there is nothing to go on with. With it, such a client gets the rest of its answer. Either way
 * `isStreamActive()` is false then, `signal` is aborted, and there is nothing to produce.
 *
 * @example
 * app.post('/api/chat', async (req, res) => {
 *   const response = new StreamingResponse(res)
 *   response.start()
 *   for (const word of ['Hello', ' ', 'world']) response.sendToken(word)
 *   response.end()
 * })
 */
export declare class StreamingResponse {
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
/**
 * What {@link StreamingResponse.web} gives.
 *
 * @example
 * const stream: WebStreamingResponse = StreamingResponse.web()
 */
export interface WebStreamingResponse extends StreamingResponse {
	/**
	 * The response to return. Taken before `start` it promises status 200, and a failure is told within the stream; a log
	 * that answers later has to be waited for by `ready()`, or its no can't be status 204.
	 *
	 * @example
	 * const { status, headers } = StreamingResponse.web().start().response
	 */
	readonly response: Response;
}
/**
 * A stream of a provider's SDK, or the promise of one.
 *
 * @example
 * const source: AdapterSource<OpenAIChunk> = completion // of `openai.chat.completions.create({ …, stream: true })`
 */
export type AdapterSource<Chunk> = AsyncIterable<Chunk> | PromiseLike<AsyncIterable<Chunk>>;
/**
 * Options of an adapter.
 *
 * @example
 * const options: AdapterOptions = { controller: new AbortController() }
 */
export interface AdapterOptions {
	/**
	 * Aborted when the answer isn't wanted any more. For a client whose streams can't be closed: give its request this
	 * controller's signal.
	 */
	controller?: AbortController;
}
/**
 * Sends what a provider's SDK gives through a {@link StreamingResponse}. A response that isn't started yet is started with
 * the first chunk.
 *
 * @example
 * async function relay(adapter: ProviderAdapter<OpenAIChunk>, completion: AsyncIterable<OpenAIChunk>) {
 *   for await (const chunk of completion) adapter.processChunk(chunk)
 *   adapter.onComplete()
 * }
 */
export interface ProviderAdapter<Chunk = unknown> {
	/**
	 * Sends what a chunk says. One that can't be read becomes an `error` event.
	 *
	 * @example
	 * for await (const chunk of completion) adapter.processChunk(chunk)
	 */
	processChunk(chunk: Chunk): this;
	/**
	 * Sends what is left to say when all chunks were processed, such as usage. It does not end the response.
	 *
	 * @example
	 * adapter.onComplete()
	 * response.end()
	 */
	onComplete(): this;
	/**
	 * Tells the client of a failure, in an `error` event; where nothing was sent yet, by an answer with an error status.
	 *
	 * @example
	 * adapter.handleError(new Error('The provider is down'))
	 */
	handleError(error: unknown): this;
	/**
	 * All of it: sends the stream as fast as the client takes it, stops it when the client leaves, and ends the response.
	 * Failures, the provider's early end among them, are told to the client: before the first chunk by a status of their
	 * own. Resolves when there is nothing left to do; rejects only where `stream` is no stream or the response was sent by
	 * somebody else.
	 *
	 * @example
	 * await new OpenAIAdapter(response).pipeFrom(completion)
	 */
	pipeFrom(stream: AdapterSource<Chunk>): Promise<void>;
}
/**
 * An adapter as it is exported: to call, or to use with `new`.
 *
 * @example
 * const adapters: AdapterConstructor<never>[] = [OpenAIAdapter, AnthropicAdapter, GeminiAdapter]
 */
export interface AdapterConstructor<Chunk> {
	/** The body of a web response: bytes in the `events` format, made when they are read. */
	(stream: AdapterSource<Chunk>, options?: AdapterOptions): ReadableStream<Uint8Array>;
	new (response: StreamingResponse, options?: AdapterOptions): ProviderAdapter<Chunk>;
}
/**
 * What an {@link AnthropicAdapter} needs of an event: what the `@anthropic-ai/sdk` package gives.
 *
 * @example
 * const event: AnthropicChunk = { type: 'message_stop' }
 */
export interface AnthropicChunk {
	type: string;
}
/**
 * Streams an answer of the `@anthropic-ai/sdk` client. Called with the client's stream it gives the body of a web
 * response; with `new` and a {@link StreamingResponse} it sends what it is given. Tool calls, thinking with its signature,
 * citations, usage and failures go along either way.
 *
 * @example
 * import Anthropic from '@anthropic-ai/sdk'
 * import { AnthropicAdapter } from 'millstream/streaming/adapters'
 *
 * export async function POST(request: Request) {
 *   const { messages } = await request.json()
 *   const answer = new Anthropic().messages.create({ model: 'claude-opus-4-1', max_tokens: 1024, messages, stream: true })
 *   return new Response(AnthropicAdapter(answer), { headers: { 'content-type': 'text/event-stream' } })
 * }
 */
export declare const AnthropicAdapter: AdapterConstructor<AnthropicChunk>;
/** An {@link AnthropicAdapter} made with `new`. */
export type AnthropicAdapter = ProviderAdapter<AnthropicChunk>;
/**
 * What a {@link GeminiAdapter} needs of a chunk: what the `@google/genai` package gives.
 *
 * @example
 * const chunk: GeminiChunk = { candidates: [{ content: { parts: [{ text: 'Hello' }] }, finishReason: 'STOP' }] }
 */
export interface GeminiChunk {
	candidates?: readonly object[];
	promptFeedback?: object;
	usageMetadata?: object;
}
/**
 * Streams an answer of the `@google/genai` client. Called with the client's stream it gives the body of a web response;
 * with `new` and a {@link StreamingResponse} it sends what it is given. Function calls, thoughts with their signatures,
 * usage and failures go along either way.
 *
 * This client closes its connection for no other reason than its own `abortSignal`: give the controller of that signal to
 * the adapter as well, so that a reader who leaves stops the provider.
 *
 * @example
 * import { GoogleGenAI } from '@google/genai'
 * import { GeminiAdapter } from 'millstream/streaming/adapters'
 *
 * export async function POST(request: Request) {
 *   const { question } = await request.json()
 *   const controller = new AbortController()
 *   const config = { abortSignal: controller.signal }
 *   const answer = new GoogleGenAI({}).models.generateContentStream({ model: 'gemini-2.5-flash', contents: question, config })
 *   return new Response(GeminiAdapter(answer, { controller }), { headers: { 'content-type': 'text/event-stream' } })
 * }
 */
export declare const GeminiAdapter: AdapterConstructor<GeminiChunk>;
/** A {@link GeminiAdapter} made with `new`. */
export type GeminiAdapter = ProviderAdapter<GeminiChunk>;
/**
 * What an {@link OpenAIAdapter} needs of a chunk: what the `openai` package and compatible ones give.
 *
 * @example
 * const chunk: OpenAIChunk = { choices: [{ index: 0, delta: { content: 'Hello' }, finish_reason: null }] }
 */
export interface OpenAIChunk {
	choices: readonly object[];
}
/**
 * Streams an answer of the `openai` client, or of any other that gives chunks of chat completions.
 *
 * Called with the client's stream it gives the body of a web response; with `new` and a {@link StreamingResponse} it
 * sends what it is given. Tool calls, reasoning, usage and failures go along either way.
 *
 * @example
 * import OpenAI from 'openai'
 * import { OpenAIAdapter } from 'millstream/streaming/adapters'
 *
 * export async function POST(request: Request) {
 *   const { messages } = await request.json()
 *   const completion = await new OpenAI().chat.completions.create({ model: 'gpt-4', messages, stream: true })
 *   return new Response(OpenAIAdapter(completion), { headers: { 'content-type': 'text/event-stream' } })
 * }
 */
export declare const OpenAIAdapter: AdapterConstructor<OpenAIChunk>;
/** An {@link OpenAIAdapter} made with `new`. */
export type OpenAIAdapter = ProviderAdapter<OpenAIChunk>;
/**
 * What is needed of a WebSocket: the `ws` package's, a browser's, or that of another runtime.
 *
 * @example
 * wss.on('connection', (socket: WebSocketLike) => stream.stream('Hello').then((result) => result.pipeToWebSocket(socket)))
 */
export interface WebSocketLike {
	/** 1 while it is open, 0 before. */
	readonly readyState: number;
	/** Bytes that wait to be sent. */
	readonly bufferedAmount: number;
	send(data: string): void;
	addEventListener(type: "close" | "error" | "open", listener: () => void): void;
	removeEventListener(type: "close" | "error" | "open", listener: () => void): void;
}
/**
 * How an answer is sent on.
 *
 * @example
 * await result.pipe(res, { format: 'openai', heartbeat: 15_000 })
 */
export interface PipeOptions {
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
/**
 * What became of an answer that was sent on.
 *
 * @example
 * const { completed, tokens, error }: PipeReport = await result.pipe(res)
 */
export interface PipeReport {
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
/**
 * How an answer is sent on in a web `Response`.
 *
 * @example
 * export const POST = async (request: Request) => {
 *   const result = await stream.stream(await request.text())
 *   return result.toResponse({ request, compression: true } satisfies WebPipeOptions)
 * }
 */
export interface WebPipeOptions extends PipeOptions {
	/** Says whether the client takes compression, and by its `signal` when the client left. */
	request?: RequestLike;
}
/**
 * How an answer is sent on to a WebSocket.
 *
 * @example
 * const options: WebSocketPipeOptions = { signal: AbortSignal.timeout(60_000) }
 */
export interface WebSocketPipeOptions {
	/** Ends the answer, which the client is told. */
	signal?: AbortSignal;
}
/**
 * The pieces of a text. Each loop begins at the first.
 *
 * @example
 * const pieces: TextStream = result.textStream
 * for await (const piece of pieces) process.stdout.write(piece)
 */
export interface TextStream extends AsyncIterable<string> {
	/** Larger pieces, for a user interface that need not be drawn at each token. */
	buffered(options?: TextBufferOptions): AsyncIterable<string>;
}
/**
 * When a gathered piece is given.
 *
 * @example
 * for await (const piece of result.textStream.buffered({ maxChars: 200, onNewline: false })) console.log(piece)
 */
export interface TextBufferOptions {
	/** As soon as it has more characters (UTF-16 units) than this. Default 100. */
	maxChars?: number;
	/** As soon as there is a line break in it. Default true. */
	onNewline?: boolean;
}
/**
 * A running answer, to be iterated or awaited. It starts at once and is fetched as fast as it is read. Awaiting it waits
 * for the answer's head and gives the {@link StreamResult}, or throws what failed before. Leaving a loop closes the
 * upstream connection where nobody else reads.
 *
 * A failure that nobody looks at (the handle was neither awaited nor iterated, no `error` listener) becomes an unhandled
 * rejection; an abort never does.
 *
 * @example
 * for await (const chunk of stream.stream('Hello')) process.stdout.write(chunk.content)
 */
export interface StreamHandle<T = unknown> extends PromiseLike<StreamResult<T>>, AsyncIterable<StreamChunk> {
	/** Closes the upstream connection. Whoever still reads gets an `aborted_error` whose `cause` is `reason`. */
	abort(reason?: unknown): void;
	/** As {@link StreamResult.pipe}; an answer whose head never comes is told by an error status, too. */
	pipe(response: ResponseLike | StreamingResponse, options?: PipeOptions): Promise<PipeReport>;
}
/**
 * An answer whose head is in. Not thenable. Any number of readers at any time see the same chunks, from the first; with
 * `retain: false` there is one reader, and a second throws `ALREADY_CONSUMED`.
 *
 * Iterators end when the answer does; they throw the {@link StreamError} of an answer that failed or was aborted, unless
 * `errors: 'chunk'` asked for an `error` chunk instead.
 *
 * @example
 * const result = await stream.stream('Hello')
 * for await (const piece of result.textStream) process.stdout.write(piece)
 * console.log(await result.usage)
 */
export interface StreamResult<T = unknown> extends AsyncIterable<StreamChunk> {
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
/**
 * How readers learn of a failure.
 *
 * @example
 * const errors: ErrorMode = 'chunk'
 * for await (const chunk of stream.stream('Hello', { errors })) if (chunk.type === 'error') console.log(chunk.error)
 */
export type ErrorMode = "throw" | "chunk";
/**
 * How tokens are estimated. `'tiktoken'`: counted in the encoding of the model, or in OpenAI's newest where that isn't
 * known. `'character'`: four characters are a token. `'auto'`: the first where the model's encoding is known, else the
 * second.
 *
 * @example
 * import { StreamClient, type UsageEstimator } from 'millstream'
 *
 * const estimate: UsageEstimator = 'tiktoken'
 * const client = new StreamClient({ usage: { estimate } })
 */
export type UsageEstimator = "auto" | "tiktoken" | "character";
/**
 * Where an answer's usage comes from. `'reported'`: from the provider alone. `'estimate'`: where the provider reports none,
 * it is counted here and marked `isEstimated`; what the provider reports always wins.
 *
 * @example
 * import { StreamClient, type UsageMode } from 'millstream'
 *
 * const usage: UsageMode = 'estimate'
 * const client = new StreamClient({ usage })
 */
export type UsageMode = "reported" | "estimate" | {
	estimate: UsageEstimator;
};
/**
 * What an {@link AIStream} talks to, and how.
 *
 * An app's own route is asked in `StreamingResponse`'s terms (`{messages, model, systemPrompt, stream: true}` and the
 * generation parameters). A `provider` is asked in its own words. Without one, OpenAI's chat completions are spoken where
 * `protocol` is `'openai'`, or where the endpoint's path ends in `/chat/completions`.
 *
 * @example
 * const config: AIStreamConfig = { provider: 'openai', model: 'gpt-4o-mini', apiKey: 'sk-…' }
 */
export interface AIStreamConfig extends GenerationOptions {
	/**
	 * An app's own route or a provider's URL; with `ws:` or `wss:` it is asked over WebSocket. A relative one resolves as in a browser against `baseUrl`, else
	 * `MILLSTREAM_BASE_URL`; with `provider`, it stands for the provider's path, under its base URL.
	 */
	endpoint?: string;
	/** What `endpoint` is relative to; with `provider`, replaces the provider's base URL. */
	baseUrl?: string;
	/** A provider known by name (`docs/providers.md`), with what differs, or where any other is. */
	provider?: ProviderName | ProviderConfig;
	/** Sent as the provider wants it, else as `Authorization: Bearer …`. Of one known by name, default from its environment variable. */
	apiKey?: string;
	model: string;
	/** Sent with every request; they override the defaults whatever their case. */
	headers?: Record<string, string>;
	systemPrompt?: string;
	/** What was said before: the conversation starts with these. */
	messages?: readonly Pick<Message, "role" | "content">[];
	/** How the endpoint answers. Default: found out from its content type and first event. */
	protocol?: "auto" | WireProtocol;
	/** Called for each token, before its event. */
	onToken?: (token: string) => void;
	/** Called with the merged usage, and what it costs in US dollars where that is known, whenever some is reported. */
	onCost?: (usage: Usage, costUsd: number | undefined) => void;
	/** Called once where a turn fails for good. */
	onError?: (error: StreamError) => void;
	retry?: RetryConfig;
	timeout?: TimeoutConfig;
	resume?: ResumeMode;
	/** Whether `getUsage()` counts the last turn (default) or all of them. */
	usageMode?: "last" | "total";
	/** Whether usage is estimated where the endpoint reports none. Default `'reported'`: it is not. */
	usage?: UsageMode;
	/** What models cost, before any other price. */
	prices?: Record<string, ModelPrice>;
	/** What a `send` does while an answer is running: wait for its turn (default), or reject with code `BUSY`. */
	whenBusy?: "queue" | "reject";
	/** The largest single event that is accepted, in bytes. Default 8 MiB. */
	maxEventBytes?: number;
}
/**
 * How an {@link AIStream} is connected.
 *
 * @example
 * new AIStream({ endpoint: 'http://127.0.0.1:3000/api/chat', model: 'm' }, { transport: 'sse', reconnect: false })
 */
export interface AIStreamTransportOptions {
	/**
	 * `'sse'`: asks for server-sent events only. `'http'`: asks for newline-delimited JSON and reads it as such, unless
	 * `protocol` says otherwise. `'websocket'`: opens a WebSocket for each turn (`http:` becomes `ws:`, `https:` `wss:`),
	 * sends the request as one text message, and reads each message that comes back as one JSON object in any of the
	 * formats of `protocol` (under `protocol: 'text'`, as a piece of the text). Headers are sent with the upgrade.
	 * A close frame without a reason to complain ends the answer; another fails with code `WS_CLOSE_<code>`.
	 * Default: `'websocket'` for `ws:` and `wss:` endpoints; for others a POST that asks for either of the first two.
	 */
	transport?: "sse" | "websocket" | "http";
	/** `false`: as `resume: 'none'`. */
	reconnect?: boolean;
	/** `retry.maxRetries`, where that isn't given. */
	maxReconnectAttempts?: number;
	/** `retry.initialDelay` in milliseconds, where that isn't given. */
	reconnectDelay?: number;
	/** How much of an answer may be under way to JavaScript before the engine stops reading, in characters. Default 65536. */
	bufferSize?: number;
	/**
	 * Least distance of two deliveries under load, in milliseconds, and up to four times that where each brings dozens of
	 * events. Default 1; 0 delivers each event as it comes.
	 */
	flushInterval?: number;
}
/**
 * Options of one turn. They add to or replace those of the conversation.
 *
 * @example
 * const options: SendOptions = { temperature: 0, signal: AbortSignal.timeout(10_000) }
 * await stream.send('Hello', options)
 */
export interface SendOptions extends GenerationOptions {
	/** Ends the turn: `send` as `stop()` does; readers of `stream` get an `aborted_error`. */
	signal?: AbortSignal;
	timeout?: TimeoutConfig;
	retry?: RetryConfig;
	headers?: Record<string, string>;
}
/**
 * Options of one pulled turn.
 *
 * @example
 * for await (const chunk of stream.stream('A very long story', { retain: false })) process.stdout.write(chunk.content)
 */
export interface StreamSendOptions extends SendOptions {
	/**
	 * Whether chunks stay after they were read, for any number of readers. Default true. With `false`, memory stays flat
	 * however long the answer; it has one reader, and is not added to the conversation.
	 */
	retain?: boolean;
	/** Whether readers throw a failure (default) or get it as a chunk of type `error`. */
	errors?: ErrorMode;
}
/**
 * The events of an {@link AIStream} and what their listeners get. The order of a turn: `message` (the user's),
 * `streaming-start`, any number of `retry`, then `token`, `reasoning`, `tool-call`, `metadata` and `usage` as they come,
 * then `error` or `message` (the assistant's), then `streaming-end`.
 *
 * @example
 * const print = (...[token]: AIStreamEvents['token']) => process.stdout.write(token)
 * stream.on('token', print)
 */
export type AIStreamEvents = {
	/** A message joined the conversation: the user's when it is sent, the assistant's when it is complete or stopped. */
	message: [
		message: Message
	];
	"streaming-start": [
	];
	/** A piece of the answer's text. Never twice for the same place. */
	token: [
		token: string
	];
	/** A piece of the model's reasoning. */
	reasoning: [
		text: string
	];
	/** A tool call whose arguments are complete; see its `valid`. */
	"tool-call": [
		call: ToolCall
	];
	/** What a call gave, where the endpoint runs the tools. */
	"tool-result": [
		result: ToolResult
	];
	/** The merged token counts, whenever some are reported. */
	usage: [
		usage: Usage
	];
	metadata: [
		metadata: Record<string, unknown>
	];
	/** A wait of `delay` milliseconds begins, then attempt `attempt + 1`. */
	retry: [
		retry: {
			attempt: number;
			delay: number;
			error: StreamError;
		}
	];
	"streaming-end": [
	];
	/** The turn failed for good. */
	error: [
		error: StreamError
	];
	reset: [
	];
};
/**
 * One conversation with a language model.
 *
 * A turn that fails rejects `send` only where nobody else hears of it: no `error` listener, no `onError`, no loop over
 * the stream. Mistakes of the call itself (a content that is no string, `BUSY`) always do. The history then keeps the user's message, for `retry()`, and
 * no half answer: what had come is the error's `partialText`. A turn that was stopped keeps its text as a message with
 * `partial: true`. An exception in a listener or callback stops the turn and rejects `send` with that exception.
 *
 * @example
 * const stream = new AIStream({ endpoint: 'http://127.0.0.1:3000/api/chat', model: 'gpt-4' })
 * stream.on('token', (token) => process.stdout.write(token))
 * await stream.send('Hello, how are you?')
 */
export declare class AIStream extends EventEmitter<AIStreamEvents> implements AsyncIterable<StreamChunk> {
	#private;
	/**
	 * @throws ValidationError where an option is not what it must be, or no request could succeed: an unknown provider, a
	 * missing key, a relative endpoint without a base.
	 */
	constructor(config: AIStreamConfig, options?: AIStreamTransportOptions);
	/**
	 * Sends a message and streams the answer as events. Resolves when the answer is complete or was stopped. While another
	 * answer is running it waits for its turn, or rejects with code `BUSY` where `whenBusy` is `'reject'`.
	 *
	 * @example
	 * await stream.send('Write a haiku', { temperature: 0.2, signal: AbortSignal.timeout(10_000) })
	 */
	send(content: string, options?: SendOptions): Promise<void>;
	/**
	 * The same turn, pulled instead of pushed: the answer is fetched as fast as the handle's readers read. Events are
	 * emitted too, as the pieces arrive. A later turn waits until this one is read to its end, left or stopped.
	 *
	 * @example
	 * for await (const chunk of stream.stream('Write a haiku')) {
	 *   if (chunk.type === 'text') process.stdout.write(chunk.content)
	 * }
	 */
	stream(content: string, options?: StreamSendOptions): StreamHandle;
	/**
	 * Sends the last message of the user again. The answers to it are taken out of the history first. Without one, nothing
	 * happens.
	 *
	 * @example
	 * stream.once('error', () => stream.retry())
	 */
	retry(): Promise<void>;
	/**
	 * Stops the running turn at once: the connection is closed, no further event but the partial `message` and
	 * `streaming-end` comes, and nothing is an error. Turns that wait are taken back.
	 *
	 * @example
	 * stream.on('usage', (usage) => {
	 *   if (usage.totalTokens > 10_000) stream.stop()
	 * })
	 */
	stop(): void;
	/**
	 * Begins a new conversation: stops what is running, forgets all messages and counts.
	 *
	 * @example
	 * stream.reset()
	 * console.log(stream.getMessages()) // []
	 */
	reset(): void;
	/**
	 * A copy of the conversation.
	 *
	 * @example
	 * const last = stream.getMessages().at(-1)
	 */
	getMessages(): Message[];
	/**
	 * Whether a turn is running: true from `streaming-start` until the answer ended or was stopped.
	 *
	 * @example
	 * if (stream.getIsStreaming()) stream.stop()
	 */
	getIsStreaming(): boolean;
	/**
	 * A copy of the token counts: zeros at first, then those of the last turn that reported any, or of all turns together
	 * where `usageMode` is `'total'`.
	 *
	 * @example
	 * console.log(stream.getUsage().totalTokens)
	 */
	getUsage(): Usage;
	/**
	 * What `getUsage()` counts cost, in US dollars; `undefined` where nothing was counted, or the model has no price.
	 *
	 * @example
	 * const cost = stream.getCost()
	 * if (cost !== undefined) console.log(`$${cost.toFixed(4)}`)
	 */
	getCost(): number | undefined;
	/**
	 * The chunks of the running turn, from its first, or of the next one where none is running. Throws where the turn
	 * fails. Leaving the loop does not stop a turn begun by `send`.
	 *
	 * @example
	 * const sent = stream.send('Hello')
	 * for await (const chunk of stream) process.stdout.write(chunk.content)
	 * await sent
	 */
	[Symbol.asyncIterator](): AsyncIterator<StreamChunk, undefined>;
}
/**
 * What {@link classifyError} finds out.
 *
 * @example
 * const found: ErrorClassification = classifyError(new Error('?'))
 */
export interface ErrorClassification {
	type: StreamErrorType;
	/** Whether trying again, perhaps later, can help. */
	recoverable: boolean;
	/** What a person can do about it; never empty. */
	suggestion: string;
	message: string;
	/** Milliseconds since the epoch. */
	timestamp: number;
	/** As given. */
	context: unknown;
	/** HTTP status, where one was found. */
	status?: number;
	/** Milliseconds to wait, where the value says so. */
	retryAfter?: number;
}
/**
 * Says what kind of failure any thrown value is: ours, Node's, `fetch`'s, a provider SDK's, or something else. A pure
 * function that never throws, whatever it is given.
 *
 * @example
 * try {
 *   await fetch('http://127.0.0.1:1/')
 * } catch (error) {
 *   const { type, recoverable, suggestion } = classifyError(error, { stage: 'warm-up' })
 *   console.log(type, recoverable, suggestion) // connection_error true …
 * }
 */
export declare function classifyError(error: unknown, context?: unknown): ErrorClassification;
/**
 * The same as {@link classifyError}.
 *
 * @example
 * const { type } = handleStreamingError(new Error('?')) // 'unknown_error'
 */
export declare const handleStreamingError: typeof classifyError;
/**
 * A provider of a {@link StreamClient}: what replaces the defaults of one known by name, or all about another one, which
 * has a `baseUrl` or an `endpoint`.
 *
 * @example
 * import { type ClientProvider, StreamClient } from 'millstream'
 *
 * const local: ClientProvider = { baseUrl: 'http://127.0.0.1:8080/v1', model: 'llama-3.1-8b' }
 * const behind: ClientProvider = { endpoint: 'http://127.0.0.1:3000/api/chat' }
 * const client = new StreamClient({ providers: { local, behind }, defaultProvider: 'local' })
 */
export interface ClientProvider extends ProviderSettings {
	/**
	 * An app's own route, such as one that another millstream serves, with `baseUrl` as what a relative one is relative to;
	 * of a provider known by name, what is appended to its base URL instead of its own path.
	 */
	endpoint?: string;
	/** Asked where a request names none. */
	model?: string;
}
/**
 * What a {@link StreamClient} is made of. Nothing is needed: keys come from the environment.
 *
 * @example
 * import { type ClientConfig, StreamClient } from 'millstream'
 *
 * const config: ClientConfig = { defaultProvider: 'openai', defaultModel: 'gpt-4o-mini', retry: { maxRetries: 1 } }
 * const client = new StreamClient(config)
 */
export interface ClientConfig {
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
	/**
	 * Least distance of two deliveries under load, in milliseconds, and up to four times that where each brings dozens of
	 * events. Default 1; 0 delivers each event as it comes.
	 */
	flushInterval?: number;
	/** How much of an answer may be under way to JavaScript before the engine stops reading, in characters. Default 65536. */
	bufferSize?: number;
	/** The largest single event that is accepted, in bytes. Default 8 MiB. */
	maxEventBytes?: number;
}
/**
 * How {@link decodeStream} reads.
 *
 * @example
 * const options: DecodeStreamOptions = { protocol: 'anthropic', provider: 'anthropic' }
 */
export interface DecodeStreamOptions {
	/** The format of the bytes. `auto` looks at `contentType` and at the first of them. */
	protocol: "auto" | WireProtocol;
	/** The `content-type` header that came with them; worth giving where `protocol` is `auto`. */
	contentType?: string;
	/** For errors and results, where it is known who answers. */
	provider?: string;
	/** The model that was asked; the answer's own word goes before it. */
	model?: string;
	/**
	 * Cap on one event in bytes, up to 256 MiB.
	 * @default 8388608
	 */
	maxEventBytes?: number;
	/**
	 * How readers learn of a failure.
	 * @default 'throw'
	 */
	errors?: ErrorMode;
	/**
	 * Whether chunks stay after they were read, so that any number of readers see them all.
	 * @default true
	 */
	retain?: boolean;
}
/**
 * Reads a provider's answer that came some other way: a `fetch` body, a file, a queue. Every format of the engine can be
 * read, and the result is what an answer of the engine's own requests is: chunks, text, usage, `pipe`, `toResponse`.
 *
 * The source is read as fast as the result is, but for 64 KiB. It is let go of (its `return()`, or a stream's `cancel()`)
 * once the answer is complete, or nobody reads it any more. What it throws is the answer's failure.
 *
 * @throws ValidationError for a source or an option that is not what it must be.
 *
 * @example
 * const response = await fetch('http://localhost:11434/api/chat', { method: 'POST', body: '{"model":"llama3.2"}' })
 * if (response.body === null) throw new Error('no body')
 * const answer = decodeStream(response.body, { protocol: 'ollama' })
 * for await (const piece of answer.textStream) process.stdout.write(piece)
 */
export declare function decodeStream(source: ByteSource, options: DecodeStreamOptions): StreamResult;
/**
 * That the provider should cache the conversation up to here, where that has to be said.
 *
 * @example
 * const cacheControl: CacheControl = { type: 'ephemeral', ttl: '1h' }
 */
export interface CacheControl {
	type: "ephemeral";
	ttl?: "5m" | "1h";
}
/**
 * A piece of a message that is text.
 *
 * @example
 * const part: TextPart = { type: 'text', text: 'What is this?' }
 */
export interface TextPart {
	type: "text";
	text: string;
	cacheControl?: CacheControl;
}
/**
 * A picture in a message: an URL, a data URL, base64 or bytes. `mediaType` is needed where it can't be seen from these.
 *
 * @example
 * const part: ImagePart = { type: 'image', image: new URL('https://example.com/cat.png') }
 */
export interface ImagePart {
	type: "image";
	image: string | URL | Uint8Array;
	mediaType?: string;
	/** How closely to look, where a provider lets one choose. */
	detail?: "low" | "high" | "auto";
	cacheControl?: CacheControl;
}
/**
 * A file in a message: a document, a sound, a film, as far as the model takes them.
 *
 * @example
 * const part: FilePart = { type: 'file', data: new Uint8Array([37, 80, 68, 70]), mediaType: 'application/pdf' }
 */
export interface FilePart {
	type: "file";
	data: string | URL | Uint8Array;
	mediaType: string;
	filename?: string;
	cacheControl?: CacheControl;
}
/**
 * A piece of a message in a provider's own words. Those of OpenAI's (`image_url`, `input_audio`, `file`) go to every
 * provider that takes such things, others to that provider alone.
 *
 * @example
 * const part: ProviderPart = { type: 'image_url', image_url: { url: 'https://example.com/cat.png' } }
 */
export interface ProviderPart {
	type: string;
	[field: string]: unknown;
}
/**
 * A piece of a message.
 *
 * @example
 * import type { ContentPart } from 'millstream'
 *
 * const picture: ContentPart = { type: 'image', image: 'https://example.com/cat.png' }
 */
export type ContentPart = TextPart | ImagePart | FilePart | ProviderPart;
/**
 * A piece of what an assistant thought, as its answer's chunks of type `reasoning` give it (`text` is their `reasoning`):
 * providers that sign their thoughts want them back with the calls that followed.
 *
 * @example
 * const thought: ReasoningPart = { text: 'The user wants Oslo.', signature: 'c2ln' }
 */
export interface ReasoningPart {
	text?: string;
	signature?: string;
	/** The provider's id of it. */
	id?: string;
	/** What the provider keeps to itself, in its own writing. */
	redacted?: string;
}
/**
 * One message of a request. Those of `AIStream.getMessages()` are such messages, too.
 *
 * @example
 * import type { RequestMessage } from 'millstream'
 *
 * const messages: RequestMessage[] = [
 *   { role: 'user', content: 'How warm is it in Oslo?' },
 *   { role: 'assistant', content: null, toolCalls: [{ id: 'c1', tool: 'weather', args: { city: 'Oslo' } }] },
 *   { role: 'tool', toolCallId: 'c1', content: '{"celsius": 4}' },
 * ]
 */
export interface RequestMessage {
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
/**
 * What a tool is told beside its arguments.
 *
 * @example
 * const now = async (_: unknown, { signal }: ToolContext) => (await fetch('https://example.com/now', { signal })).text()
 */
export interface ToolContext {
	/** Aborts when nobody wants the answer any more. */
	signal: AbortSignal;
	toolCallId: string;
	/** The conversation up to the call, the model's last words included. */
	messages: readonly RequestMessage[];
}
/**
 * A tool that is run when the model calls it, and whose result goes back to the model. {@link defineTool} types it by its
 * schema.
 *
 * @example
 * const dice: ExecutableTool = { name: 'dice', description: 'Throws a die', execute: () => 1 + Math.floor(Math.random() * 6) }
 */
export interface ExecutableTool<Args = unknown, Result = unknown> {
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
/**
 * Gives the tool back, with its arguments typed by its schema.
 *
 * @example
 * import { defineTool, StreamClient, type StandardSchema } from 'millstream'
 *
 * declare const place: StandardSchema<{ city: string }> // z.object({ city: z.string() })
 * const weather = defineTool({
 *   name: 'weather',
 *   description: 'The weather at a place',
 *   parameters: place,
 *   execute: async ({ city }, { signal }) => (await fetch(`https://example.com/weather/${city}`, { signal })).json(),
 * })
 * const { text } = await new StreamClient().generate({ model: 'gpt-4o-mini', prompt: 'Oslo?', tools: [weather] })
 */
export declare function defineTool<Args, Result>(tool: ExecutableTool<Args, Result>): ExecutableTool<Args, Result>;
/**
 * One turn of the model in an answer with tools.
 *
 * @example
 * const onStep = ({ step, toolCalls }: ToolStep) => console.log(step, toolCalls.map((call) => call.tool))
 */
export interface ToolStep {
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
/**
 * A tool the model may call, and somebody else runs. `parameters` is a JSON Schema, or a schema of a validation library.
 *
 * @example
 * import type { FunctionTool } from 'millstream'
 *
 * const weather: FunctionTool = {
 *   name: 'weather',
 *   description: 'How warm it is',
 *   parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
 * }
 */
export interface FunctionTool {
	name: string;
	description?: string;
	parameters?: Schema;
	/** Whether arguments must keep to the schema, where a provider lets one choose. */
	strict?: boolean;
	cacheControl?: CacheControl;
	type?: undefined;
}
/**
 * A tool in OpenAI's words, which every provider is given in its own; or one that a provider runs itself, in its words
 * alone.
 *
 * @example
 * import type { ProviderTool } from 'millstream'
 *
 * const search: ProviderTool = { type: 'web_search_20250305', name: 'web_search' }
 */
export interface ProviderTool {
	type?: string;
	function?: {
		name: string;
		description?: string;
		parameters?: unknown;
		strict?: boolean;
	};
	[field: string]: unknown;
}
/**
 * A tool the model may call.
 *
 * @example
 * import type { Tool } from 'millstream'
 *
 * const weather: Tool = {
 *   type: 'function',
 *   function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
 * }
 */
export type Tool = FunctionTool | ProviderTool;
/**
 * What `onStart` is told.
 *
 * @example
 * import { StreamClient, type StreamStart } from 'millstream'
 *
 * const onStart = ({ provider, model }: StreamStart) => console.log(provider, model)
 * await new StreamClient({ defaultModel: 'gpt-4o-mini' }).generate({ prompt: 'Hello', onStart })
 */
export interface StreamStart {
	provider: string;
	model: string;
	/** The provider's id of the request, where it gives one. */
	requestId: string | undefined;
}
/**
 * Functions that are told of an answer. Where one returns a promise, it is awaited before anything else is told. The
 * order is `onStart`, then `onChunk`, `onToken` and `onUsage` as the pieces come, then either `onComplete` or `onError`.
 *
 * `onChunk`, `onToken` and `onUsage` read the answer into JavaScript, as fast as they take it: while they wait, the engine
 * stops reading from the provider. The others don't read; an answer that nobody has begun to read or to pipe when its
 * head is in is fetched at full speed for them.
 *
 * What a callback throws or rejects with ends the answer and closes the connection: `generate` rejects with it, readers
 * of a handle get an `aborted_error` whose `cause` it is, and where there are none, it is an unhandled rejection.
 *
 * @example
 * import { StreamClient, type StreamCallbacks } from 'millstream'
 *
 * const callbacks: StreamCallbacks = { onToken: (token) => process.stdout.write(token) }
 * await new StreamClient().generate({ model: 'gpt-4o-mini', prompt: 'Hello', ...callbacks })
 */
export interface StreamCallbacks {
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
/**
 * What applies to one request, besides the question itself.
 *
 * @example
 * import { type RequestOptions, StreamClient } from 'millstream'
 *
 * const options: RequestOptions = { temperature: 0, timeout: { total: 20_000 }, signal: AbortSignal.timeout(30_000) }
 * await new StreamClient({ defaultModel: 'gpt-4o-mini' }).stream('Hello', options)
 */
export interface RequestOptions<T = unknown> extends GenerationOptions, StreamCallbacks {
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
	 * `finishReason` is then `tool-calls`. Each turn is a request of its own, with the retries and timeouts of one, but for
	 * the total, which spans them all and the tools between them. Default 5.
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
/**
 * A question to a model: `messages`, or `prompt`, or `input.text`, and what applies to it.
 *
 * @example
 * import { StreamClient, type StreamRequest } from 'millstream'
 *
 * const request: StreamRequest = { provider: 'openai', model: 'gpt-4o-mini', prompt: 'Write a haiku' }
 * for await (const chunk of new StreamClient().stream(request)) process.stdout.write(chunk.content)
 */
export interface StreamRequest<T = unknown> extends RequestOptions<T> {
	/** The conversation, oldest first. */
	messages?: readonly RequestMessage[];
	/** One message of the user. */
	prompt?: string;
	/** The same as `prompt`. */
	input?: {
		text: string;
	};
}
/**
 * How much a client may send.
 *
 * @example
 * import { createHandler, type RequestLimits } from 'millstream'
 *
 * const limits: RequestLimits = { maxMessages: 20, maxMessageSize: 2000 }
 * export const POST = createHandler({ model: 'gpt-4o-mini', ...limits })
 */
export interface RequestLimits {
	/** Bytes of the body. Default 1048576 (1 MiB). More is answered with 413. */
	maxRequestSize?: number;
	/** Messages of a conversation. Default 100. More is answered with 400, as what follows. */
	maxMessages?: number;
	/** Bytes of one message, but for the assistant's own, which may be as long as the model makes them. Default 10240. */
	maxMessageSize?: number;
	/** Objects and arrays within each other. Default 10. */
	maxObjectDepth?: number;
}
/**
 * How a route answers.
 *
 * It understands bodies of three kinds: `{messages | prompt | input, model?, systemPrompt?, stream?}` with generation
 * parameters, as `AIStream` sends; what the AI SDK's `useChat` posts (`{id, messages}` with parts); and OpenAI's chat
 * completions. Fields it has no name for are for the hooks, and never reach the provider.
 *
 * @example
 * import { type HandlerOptions, StreamClient } from 'millstream'
 *
 * const options: HandlerOptions = {
 *   model: ['gpt-4o-mini', 'gpt-4o'],
 *   maxTokens: 1000,
 *   authorize: (request) => request.headers.get('authorization') === `Bearer ${process.env.APP_TOKEN}`,
 * }
 * export const POST = new StreamClient().handler(options)
 */
export interface HandlerOptions<R = Request> extends RequestLimits, Pick<PipeOptions, "heartbeat" | "compression" | "headers"> {
	/** Default `'ui-message'` for the bodies of `useChat`, else `'events'`. With `'openai'`, OpenAI's own clients can be pointed here. */
	format?: WireFormat;
	/**
	 * Whether a body that doesn't say gets the answer in pieces. Default true, but false with the format `'openai'`, whose
	 * clients say nothing where they want no stream.
	 */
	stream?: boolean;
	/** Who is asked; a client can't choose. Default the client's. */
	provider?: RequestOptions["provider"];
	/**
	 * A string: this one, whatever the body says. A list: the body's where it is on it, the first where it names none.
	 * Default: whatever the body names, else the client's; then anybody can ask for the most expensive.
	 */
	model?: string | readonly string[];
	/** The route's own. A body that brings one, or a system message, is refused. Default: the body's. */
	systemPrompt?: string;
	/** The most tokens an answer may have; a body that asks for more gets so many. Default: as many as it asks for. */
	maxTokens?: number;
	/**
	 * Asked of each request whose body is JSON, before anything else is looked at. `false` is answered with 403, a
	 * `Response` as it is, and anything else lets the request pass. What it throws, the handler rejects with, but for a
	 * `StreamError`, which the client is told.
	 */
	authorize?(request: R, body: unknown): unknown;
	/**
	 * May give another question in place of the body's, with anything a `StreamRequest` can have, or a `Response` in place
	 * of an answer. Exceptions as with `authorize`.
	 */
	transform?(question: StreamRequest, request: R, body: unknown): StreamRequest | Response | undefined | Promise<StreamRequest | Response | undefined>;
}
/**
 * A route of `node:http`, Express or Connect.
 *
 * @example
 * import { createServer } from 'node:http'
 * import { type NodeHandler, StreamClient } from 'millstream'
 *
 * const route: NodeHandler = new StreamClient({ defaultModel: 'gpt-4o-mini' }).nodeHandler()
 * createServer(route).listen(3000)
 */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;
/**
 * How a {@link JsonStreamDecoder} reads.
 *
 * @example
 * const options: JsonStreamDecoderOptions = { multiple: true }
 * const lines = new JsonStreamDecoder(options).feed('{"n":1}\n{"n":2}\n')
 * console.log(lines.length) // 2
 */
export interface JsonStreamDecoderOptions {
	/**
	 * Whether one value may follow another, with or without white space between them: newline-delimited JSON, `{}{}`.
	 * @default false
	 */
	multiple?: boolean;
	/**
	 * Whether the value may stand in a Markdown code fence, as models put it that have no JSON mode. Not with `multiple`.
	 * @default false
	 */
	fences?: boolean;
}
/**
 * Reads JSON text piece by piece, natively and in linear time: gives each value that is complete, the value so far at any
 * moment, and the place of the first character that can't be JSON as soon as it comes.
 *
 * The value so far is the text closed where it is whole: a string is cut behind its last character, a number behind the
 * last digit that makes it one (it may still grow), `true`, `false` and `null` count from their first letter, and a name
 * whose value says nothing yet is left out. Nesting beyond 128 is refused.
 *
 * @example
 * const decoder = new JsonStreamDecoder()
 * decoder.feed('{"rivers": ["Glom')
 * console.log(decoder.partial) // { rivers: [ 'Glom' ] }
 * const [whole] = decoder.feed('ma"]}')
 * decoder.end()
 */
export declare class JsonStreamDecoder {
	#private;
	/** @throws ValidationError for an option that is not what it must be. */
	constructor(options?: JsonStreamDecoderOptions);
	/**
	 * Reads the next piece and gives the values that it completes: one at most, unless there may be several.
	 *
	 * @throws OutputError with code `INVALID_JSON` and the `offset` of the first impossible character, and from then on.
	 *   Values that the same piece completed before it are given first, and the next call throws.
	 */
	feed(text: string): unknown[];
	/**
	 * The text ended. Gives a number that nothing delimited.
	 *
	 * @throws OutputError with code `INVALID_JSON` where the text ended too early, or was refused before.
	 */
	end(): unknown[];
	/**
	 * The value so far: `undefined` where none has begun that says anything yet, or, of several, where none has begun since
	 * the last one ended. Of text that was refused, what stood before the place.
	 */
	get partial(): unknown;
	/** The same as JSON text. */
	get partialText(): string | undefined;
	/** Whether the one value is whole. Of several it isn't known whether more come: always false. */
	get isComplete(): boolean;
}
/**
 * What {@link parsePartialJson} found.
 *
 * @example
 * const { value, state }: PartialJson = parsePartialJson('{"done": tr')
 * console.log(value, state) // { done: true } partial
 */
export interface PartialJson {
	/** As {@link JsonStreamDecoder.partial}. */
	value: unknown;
	/** `partial`: it can still become JSON. `invalid`: it can't, from `offset` on. */
	state: "complete" | "partial" | "invalid";
	/** The place of the first impossible character. */
	offset?: number;
}
/**
 * The value of JSON text that may be cut off, as in {@link JsonStreamDecoder}. For text that grows, a decoder doesn't read
 * it again each time.
 *
 * @example
 * import { parsePartialJson } from 'millstream'
 *
 * console.log(parsePartialJson('{"a":{"b":[1,2').value) // { a: { b: [ 1, 2 ] } }
 */
export declare function parsePartialJson(text: string, options?: {
	fences?: boolean;
}): PartialJson;
/** When the pieces of one answer came, as numbers. What always holds: constant memory, whatever comes. */
/**
 * How fast an answer came. Times are counted from the beginning of its reading.
 *
 * @example
 * import { collect, type PipelineMetrics, StreamClient } from 'millstream'
 *
 * const show = ({ timeToFirstToken, charsPerSecond }: PipelineMetrics) => console.log(timeToFirstToken, charsPerSecond)
 * show((await collect(new StreamClient({ defaultModel: 'gpt-4o-mini' }).stream('Hello'))).metrics)
 */
export interface PipelineMetrics {
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
/**
 * What stands on every event. Events are plain objects of the reader's own: a transformer may change them in place.
 *
 * @example
 * import type { EventContext } from 'millstream'
 *
 * const label = ({ provider, model, requestId }: EventContext) => `${provider}/${model} ${requestId}`
 */
export interface EventContext {
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
/**
 * What can be read as events: an answer, anything that gives chunks or text, or the events of another pipeline.
 *
 * @example
 * import { collect, type StreamSource } from 'millstream'
 *
 * async function* canned(): AsyncGenerator<string> {
 *   yield 'It follows '
 *   yield 'the valley.'
 * }
 * const source: StreamSource = canned()
 * console.log((await collect(source)).text)
 */
export type StreamSource = StreamHandle | StreamResult | AsyncIterable<StreamChunk> | AsyncIterable<StreamEvent> | AsyncIterable<string>;
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
/**
 * A provider whose SDK's chunks a {@link StreamAdapter} reads.
 *
 * @example
 * import { StreamAdapter, type StreamAdapterProvider } from 'millstream'
 *
 * const providers: StreamAdapterProvider[] = ['openai', 'anthropic', 'xai']
 * const adapters = providers.map((provider) => new StreamAdapter(provider))
 */
export type StreamAdapterProvider = "openai" | "anthropic" | "xai" | "google" | "gemini" | "azure" | "cerebras" | "groq" | "mistral" | "deepseek" | "openrouter";
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
/**
 * How one stream is processed.
 *
 * @example
 * import { EventProcessor, type ProcessOptions, StreamClient } from 'millstream'
 *
 * const options: ProcessOptions = { errors: 'event', onUsage: ({ totalTokens }) => console.log(totalTokens) }
 * const answer = new StreamClient({ defaultModel: 'gpt-4o-mini' }).stream('Hello')
 * for await (const event of new EventProcessor().process(answer, options)) console.log(event.type)
 */
export interface ProcessOptions extends EventCallbacks {
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
/**
 * An answer that was collected from a pipeline: the text is what went through.
 *
 * @example
 * import { collect, type ProcessedResponse, StreamClient } from 'millstream'
 *
 * const answer: ProcessedResponse = await collect(new StreamClient({ defaultModel: 'gpt-4o-mini' }).stream('Hello'))
 * console.log(answer.getText(), answer.metrics.charsPerSecond)
 */
export interface ProcessedResponse extends CollectedResponse {
	metrics: PipelineMetrics;
}
/**
 * The events of one stream, for one reader: it is iterated, or collected, once. Leaving a loop closes the source.
 *
 * @example
 * import { EventProcessor, type EventStream, StreamClient } from 'millstream'
 *
 * const answer = new StreamClient({ defaultModel: 'gpt-4o-mini' }).stream('Hello')
 * const events: EventStream = new EventProcessor().process(answer)
 * for await (const text of events.textStream) process.stdout.write(text)
 */
export interface EventStream extends AsyncIterable<StreamEvent> {
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
/**
 * How a stream is read by {@link collect} and {@link streamWithEvents}: as by {@link EventProcessor.process}, through a
 * processor, if one is given.
 *
 * @example
 * import { EventProcessor, type ReadOptions } from 'millstream'
 *
 * const options: ReadOptions = { processor: new EventProcessor({ addTimestamp: true }), json: true }
 */
export interface ReadOptions extends ProcessOptions {
	processor?: EventProcessor;
}
/**
 * Reads a stream to its end and gives the whole of it, with its token counts and metrics. Rejects where it fails.
 *
 * @example
 * import { collect, StreamClient } from 'millstream'
 *
 * const client = new StreamClient({ defaultModel: 'gpt-4o-mini' })
 * const { text, usage, metrics } = await collect(client.stream('Hello'))
 * console.log(text, usage?.totalTokens, metrics.timeToFirstToken)
 */
export declare function collect(stream: StreamSource, options?: ReadOptions): Promise<ProcessedResponse>;
/**
 * The typed events of a stream, told to callbacks on the way.
 *
 * @example
 * import { StreamClient, streamWithEvents } from 'millstream'
 *
 * const answer = new StreamClient({ defaultModel: 'gpt-4o-mini' }).stream('Hello')
 * const events = streamWithEvents(answer, { onUsage: ({ totalTokens }) => console.log(totalTokens) })
 * for await (const event of events) if (event.type === 'delta') process.stdout.write(event.delta)
 */
export declare function streamWithEvents(stream: StreamSource, options?: ReadOptions): EventStream;
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
/**
 * What {@link StreamClient.testConnection} asks.
 *
 * @example
 * import { type ConnectionTarget, StreamClient } from 'millstream'
 *
 * const target: ConnectionTarget = { provider: 'cerebras', model: 'llama3.1-8b' }
 * console.log(await new StreamClient().testConnection(target))
 */
export type ConnectionTarget = Pick<StreamRequest, "provider" | "model" | "prompt" | "maxTokens" | "headers" | "extraBody" | "signal" | "timeout">;
/**
 * What {@link StreamClient.testConnection} found. It can be sent as JSON.
 *
 * @example
 * import { type ConnectionReport, StreamClient } from 'millstream'
 *
 * const report: ConnectionReport = await new StreamClient().testConnection('openai')
 * if (!report.success) console.log(report.type, report.error)
 */
export interface ConnectionReport {
	/** Whether an answer came, to its end. */
	success: boolean;
	/** Milliseconds from the request to its end. */
	responseTime: number;
	/** Pieces of text. */
	chunkCount: number;
	/** Characters of text. */
	contentLength: number;
	/** The model that answered, else the one asked for, `''` where the question could not even be put. */
	model: string;
	provider: string;
	/** Why not. */
	error?: string;
	type?: StreamErrorType;
	code?: string;
	suggestion?: string;
}
/**
 * Asks models: many providers behind one call, each question on its own. For a conversation that is kept, take `AIStream`.
 *
 * @example
 * import { StreamClient } from 'millstream'
 *
 * const client = new StreamClient({ defaultModel: 'gpt-4o-mini' })
 * const { text, usage } = await client.generate({ prompt: 'Name three rivers' })
 * console.log(text, usage?.totalTokens)
 */
export declare class StreamClient {
	#private;
	/** @throws ValidationError where an option is not what it must be. A missing key shows when it is needed. */
	constructor(config?: ClientConfig);
	/**
	 * Asks, and gives the running answer, to be iterated, awaited or piped. It starts at once.
	 *
	 * Options stand in the request or beside it; those beside it win.
	 *
	 * @throws ValidationError where the request is not what it must be, or could not succeed: an unknown provider, a missing
	 *   key.
	 *
	 * @example
	 * import { StreamClient } from 'millstream'
	 *
	 * const client = new StreamClient({ providers: { local: { baseUrl: 'http://127.0.0.1:8080/v1', model: 'llama' } } })
	 * for await (const chunk of client.stream('Write a haiku')) process.stdout.write(chunk.content)
	 */
	stream<T = unknown>(request: StreamRequest<T> | string, options?: RequestOptions<T>): StreamHandle<T>;
	/**
	 * Asks, and gives the whole answer. Rejects where it fails or is aborted, where it is not the JSON that `output` asked
	 * for, or with what a callback threw; not before the callbacks are done.
	 *
	 * @example
	 * import { StreamClient } from 'millstream'
	 *
	 * const client = new StreamClient()
	 * const answer = await client.generate({
	 *   model: 'gpt-4o-mini',
	 *   systemPrompt: 'Answer in one word.',
	 *   messages: [{ role: 'user', content: 'The capital of Norway?' }],
	 *   onToken: (token) => process.stdout.write(token),
	 * })
	 * console.log(answer.finishReason)
	 */
	generate<T = unknown>(request: Omit<StreamRequest<T>, "retain" | "errors"> | string, options?: Omit<RequestOptions<T>, "retain" | "errors">): Promise<CollectedResponse<T>>;
	/**
	 * Asks for a few words and says how that went. Never throws, and takes ten seconds at most; `timeout` can lower that.
	 *
	 * @example
	 * import { StreamClient } from 'millstream'
	 *
	 * const client = new StreamClient({ defaultModel: 'gpt-4o-mini' })
	 * const { success, responseTime, error } = await client.testConnection()
	 * console.log(success ? `${responseTime} ms` : error)
	 */
	testConnection(target?: ConnectionTarget | string): Promise<ConnectionReport>;
	/**
	 * A route for frameworks with web requests (Next.js, Hono, …): a question comes as JSON, the answer goes out as a stream,
	 * or as the status and JSON `{error, type, code}` of a failure before its first byte. See {@link HandlerOptions}.
	 *
	 * 400: the body is not what it must be, or more than is allowed (413: longer). 405: not a POST. A provider's error status
	 * is passed on, with `Retry-After`; but where the provider refuses the app's own key it is 502, as where it can't be
	 * reached or understood, and 504 where it is too slow. 500: the app's own mistake, as a missing key. After the first byte
	 * a failure is told in the stream. The client's leaving closes the connection to the provider.
	 *
	 * @example
	 * import { StreamClient } from 'millstream'
	 *
	 * const client = new StreamClient({ defaultModel: 'gpt-4o-mini' })
	 * export const POST = client.handler({ systemPrompt: 'You are a helpful assistant.' })
	 */
	handler(options?: HandlerOptions): (request: Request) => Promise<Response>;
	/**
	 * The same for `node:http`, Express and Connect, where the engine can write to the client's socket itself. The body may
	 * have been read by a parser (`express.json()`) before. Hooks get the framework's request; what they throw rejects.
	 *
	 * @example
	 * import express from 'express'
	 * import { StreamClient } from 'millstream'
	 *
	 * const client = new StreamClient({ defaultModel: 'gpt-4o-mini' })
	 * express().post('/api/chat', client.nodeHandler({ maxTokens: 1000 }))
	 */
	nodeHandler(options?: HandlerOptions<IncomingMessage>): NodeHandler;
	/**
	 * What all answers of this client together cost so far, in US dollars: those that are over, as far as their models have
	 * prices. Of one answer: `costUsd` of its result.
	 *
	 * @example
	 * import { StreamClient } from 'millstream'
	 *
	 * const client = new StreamClient({ prices: { 'my-model': { inputPerMillion: 1, outputPerMillion: 2 } } })
	 * await client.generate({ model: 'my-model', prompt: 'Name three rivers' })
	 * console.log(client.totalCost.toFixed(6))
	 */
	get totalCost(): number;
	/**
	 * The token counts of all answers of this client together, of those that are over and have any.
	 *
	 * @example
	 * import { StreamClient } from 'millstream'
	 *
	 * const client = new StreamClient({ usage: 'estimate' })
	 * console.log(client.totalUsage.totalTokens)
	 */
	get totalUsage(): Usage;
}
/**
 * The options of {@link createHandler}: those of the client and those of the route.
 *
 * @example
 * import { createHandler, type HandlerConfig } from 'millstream'
 *
 * const config: HandlerConfig = { defaultProvider: 'openai', model: 'gpt-4o-mini', format: 'ui-message' }
 * export const POST = createHandler(config)
 */
export interface HandlerConfig extends ClientConfig, HandlerOptions {
}
/**
 * A client and its {@link StreamClient.handler} in one. Keys are looked up when the first request comes, so that an app can
 * be built without them.
 *
 * @example
 * import { createHandler } from 'millstream'
 *
 * export const POST = createHandler({ model: 'gpt-4o-mini' })
 */
export declare function createHandler(config?: HandlerConfig): (request: Request) => Promise<Response>;
declare const encodingNames: readonly [
	"o200k_base",
	"o200k_harmony",
	"cl100k_base",
	"p50k_base",
	"r50k_base"
];
/**
 * An encoding of OpenAI's.
 *
 * @example
 * import { type EncodingName, TokenCounter } from 'millstream'
 *
 * const encoding: EncodingName = 'cl100k_base'
 * console.log(new TokenCounter(encoding).push('Hello').tokens)
 */
export type EncodingName = (typeof encodingNames)[number];
/**
 * What a text, a message or a request comes to.
 *
 * @example
 * import { countTokens, type TokenCount } from 'millstream'
 *
 * const count: TokenCount = countTokens('Hello world', 'gpt-4o')
 * console.log(count.tokens, count.characters) // 2 11
 */
export interface TokenCount {
	tokens: number;
	/** UTF-16 units, as `length` counts. */
	characters: number;
	/** Set where the model's encoding isn't known, and four characters count as a token. */
	isEstimated?: true;
}
/**
 * A message as far as it is counted: its text, or the texts among its parts.
 *
 * @example
 * import { type CountedMessage, countMessageTokens } from 'millstream'
 *
 * const message: CountedMessage = { role: 'user', content: 'Hello world' }
 * console.log(countMessageTokens(message, 'gpt-4o').tokens) // 6
 */
export interface CountedMessage {
	role?: string;
	content: string | readonly object[];
}
/**
 * Counts a text's tokens: exactly for OpenAI's models and encodings, else, and without a model, one for every four
 * characters.
 *
 * @example
 * import { countTokens } from 'millstream'
 *
 * console.log(countTokens('Hello world', 'gpt-4o').tokens) // 2
 * console.log(countTokens('Hello world').tokens) // 3, estimated
 */
export declare function countTokens(text: string, model?: string): TokenCount;
/**
 * Counts a message: its text, and four tokens for what it is wrapped in. Of content in parts, the texts are counted.
 *
 * @example
 * import { countMessageTokens } from 'millstream'
 *
 * console.log(countMessageTokens({ role: 'user', content: 'Hello world' }).tokens) // 7
 */
export declare function countMessageTokens(message: CountedMessage, model?: string): TokenCount;
/**
 * Counts the messages of a conversation.
 *
 * @example
 * import { countMessagesTokens } from 'millstream'
 *
 * const messages = [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Hello' }]
 * console.log(countMessagesTokens(messages, 'gpt-4o').tokens) // 10
 */
export declare function countMessagesTokens(messages: readonly CountedMessage[], model?: string): TokenCount;
/**
 * Counts what a request sends: its messages and the system prompt.
 *
 * @example
 * import { estimateRequestTokens } from 'millstream'
 *
 * const { tokens } = estimateRequestTokens([{ role: 'user', content: 'Hello world' }], 'Be brief.', 'gpt-4o')
 * console.log(tokens) // 9
 */
export declare function estimateRequestTokens(messages: readonly CountedMessage[], systemPrompt?: string, model?: string): TokenCount;
/**
 * Counts a text while it grows. The count is that of the whole text, however it was cut into pieces, and asking for it
 * costs the same however long the text has become.
 *
 * @example
 * import { TokenCounter } from 'millstream'
 *
 * const counter = new TokenCounter('gpt-4o')
 * for (const piece of ['Hel', 'lo wor', 'ld']) counter.push(piece)
 * console.log(counter.tokens, counter.characters, counter.isEstimated) // 2 11 false
 */
export declare class TokenCounter {
	#private;
	/** The encoding that is counted in; `undefined` where four characters are taken for a token. */
	readonly encoding: EncodingName | undefined;
	/** @param model a model, or an encoding. Without one the count is an estimate. */
	constructor(model?: string);
	/** Appends a piece of the text. */
	push(text: string): this;
	/** The tokens of the text so far, as if it ended here. Half a character at its end counts once the other half is there. */
	get tokens(): number;
	/** The text's UTF-16 units. */
	get characters(): number;
	/** Whether four characters are taken for a token. */
	get isEstimated(): boolean;
}

export {
	ErrorEvent$1 as ErrorEvent,
};

export {};
