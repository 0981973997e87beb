// The public surface of `lib/compat-steer.ts`, bundled. Written by `npm run types`; a change here is a change of the API.

import { APIError, CacheControl, ClientConfig, EventCallbacks, EventContext, EventFilter, EventProcessor, EventProcessorOptions, EventTransformer, GenerationOptions, ProcessedResponse, RequestMessage, RequestOptions, StreamAdapter, StreamError, StreamEvent, StreamEventOf, StreamingHelper, TimeoutError, Usage, ValidationError, createEventProcessor, isTextDelta } from './index.js';
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
export type SteerRequest = SteerOptions & ({
	messages: string | readonly SteerMessage[];
	prompt?: never;
} | {
	prompt: string;
	messages?: never;
});
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
export { APIError, EventCallbacks, EventFilter, EventProcessor, EventProcessorOptions, EventTransformer, StreamAdapter, StreamError, StreamEvent, StreamEventOf, StreamingHelper, TimeoutError, ValidationError, createEventProcessor, isTextDelta };
