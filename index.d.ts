// The public surface of `lib/index.ts`, bundled. Written by `npm run types`; a change here is a change of the API.

import { EventEmitter } from 'node:events';

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
} & ToolCall) | {
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
export interface CollectedResponse {
	text: string;
	/** `undefined` where the provider reported none. */
	usage: Usage | undefined;
	finishReason: FinishReason;
	toolCalls: ToolCall[];
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
	/** Parses `text` as JSON. Throws a {@link StreamError} of type `protocol_error`, code `INVALID_JSON`, where it is none. */
	getJson<T = unknown>(): T;
}
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
	/** Texts at which the model stops. */
	stop?: string | string[];
	seed?: number;
	frequencyPenalty?: number;
	presencePenalty?: number;
	/** Further fields of the request body, in the endpoint's own words; laid over everything else. */
	extraBody?: Record<string, unknown>;
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
	/** The whole answer, retries and waits included. */
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
 * How an endpoint answers. `auto` looks at the content type and the first event.
 *
 * @example
 * const protocol: WireProtocol = 'ndjson'
 */
export type WireProtocol = "openai" | WireFormat;
/**
 * The formats for web applications: `events` is `StreamingResponse`'s own.
 *
 * @example
 * const format: WireFormat = 'events'
 */
export type WireFormat = "events" | "chunk" | "content" | "ui-message" | "ndjson" | "text";
/**
 * A provider known by name.
 *
 * @example
 * const provider: ProviderName = 'openai'
 */
export type ProviderName = "openai";
/**
 * Any provider that understands OpenAI's chat completions.
 *
 * @example
 * const local: ProviderConfig = { name: 'local', baseUrl: 'http://127.0.0.1:8080/v1' }
 */
export interface ProviderConfig {
	/** Stands in errors. Default: the URL's host. */
	name?: string;
	/** The URL that `chat/completions` is appended to, e.g. `https://api.example.com/v1`. */
	baseUrl: string;
	/** Sent as `Authorization: Bearer …`. */
	apiKey?: string;
	headers?: Record<string, string>;
	/** How it answers. Default `'openai'`. */
	protocol?: "auto" | WireProtocol;
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
export interface StreamHandle extends PromiseLike<StreamResult>, AsyncIterable<StreamChunk> {
	/** Closes the upstream connection. Whoever still reads gets an `aborted_error` whose `cause` is `reason`. */
	abort(reason?: unknown): void;
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
export interface StreamResult extends AsyncIterable<StreamChunk> {
	/** All chunks; iterate it or call it. */
	readonly stream: AsyncIterable<StreamChunk> & (() => AsyncIterable<StreamChunk>);
	/** The text alone. */
	readonly textStream: AsyncIterable<string>;
	/** The whole text. */
	readonly text: Promise<string>;
	/**
	 * Token counts, `undefined` where none were reported; flagged `partial` after an abort. Asking for it, as for anything
	 * that is known only at the end, lets the answer be fetched at full speed.
	 */
	readonly usage: Promise<Usage | undefined>;
	readonly finishReason: Promise<FinishReason>;
	/** The whole text parsed as JSON. */
	readonly object: Promise<unknown>;
	/** The provider's name, `''` for an app's own route. */
	readonly provider: string;
	/** The model that answers, as the provider names it, else the one asked for. */
	readonly model: string;
	/** The provider's id of the request, where it gives one. */
	readonly requestId: string | undefined;
	/** The text so far; `''` with `retain: false`. */
	readonly partialText: string;
	/** The same as `text`. */
	getFullResponse(): Promise<string>;
	/** The whole answer as one object. */
	collect(): Promise<CollectedResponse>;
	/** As {@link StreamHandle.abort}. */
	abort(reason?: unknown): void;
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
 * What an {@link AIStream} talks to, and how.
 *
 * An app's own route is asked in `StreamingResponse`'s terms (`{messages, model, systemPrompt, stream: true}` and the
 * generation parameters). OpenAI's chat completions are spoken where `provider` is set, where `protocol` is `'openai'`,
 * or where the endpoint's path ends in `/chat/completions`.
 *
 * @example
 * const config: AIStreamConfig = { provider: 'openai', model: 'gpt-4o-mini', apiKey: 'sk-…' }
 */
export interface AIStreamConfig extends GenerationOptions {
	/**
	 * An app's own route or a provider's URL; with `ws:` or `wss:` it is asked over WebSocket. A relative one resolves as in a browser against `baseUrl`, else
	 * `MILLSTREAM_BASE_URL`; with `provider`, it is appended to the provider's base URL (default `chat/completions`).
	 */
	endpoint?: string;
	/** What `endpoint` is relative to; with `provider`, replaces the provider's base URL. */
	baseUrl?: string;
	/** A provider known by name, or where any other is that understands OpenAI's format. */
	provider?: ProviderName | ProviderConfig;
	/** Sent as `Authorization: Bearer …`. For a provider known by name, default from its environment variable. */
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
	/** Called with the merged usage whenever some is reported. */
	onCost?: (usage: Usage) => void;
	/** Called once where a turn fails for good. */
	onError?: (error: StreamError) => void;
	retry?: RetryConfig;
	timeout?: TimeoutConfig;
	resume?: ResumeMode;
	/** Whether `getUsage()` counts the last turn (default) or all of them. */
	usageMode?: "last" | "total";
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
	/** Least distance of two deliveries under load, in milliseconds. Default 1; 0 delivers each event as it comes. */
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
 * What a {@link StreamingResponse} needs of a response: Express's, `node:http`'s, `node:http2`'s, or a mock's.
 *
 * @example
 * const response: ResponseLike = { setHeader() {}, write: (chunk: string) => process.stdout.write(chunk), end() {} }
 */
export interface ResponseLike {
	setHeader(name: string, value: string): unknown;
	write(chunk: string): unknown;
	end(chunk?: string): unknown;
	writeHead?(status: number): unknown;
	on?(event: string, listener: (...args: any[]) => void): unknown;
}
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
	/** Sent with the four usual ones, which they may replace. */
	customHeaders?: Record<string, string>;
	/** Whether sending to a client that has left, or after the end, throws. Default false: it does nothing. */
	strict?: boolean;
	/** Called once where the client leaves before the end. */
	onClose?: () => void;
}
/**
 * Streams an answer to a client.
 *
 * The events carry ids, so that frames can be told apart; an answer is not kept, though. A client that reconnects with
 * `Last-Event-ID` is therefore told by status 204 that there is nothing to go on with, and `isStreamActive()` is false.
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
	/** @throws ValidationError where an option is not what it must be. */
	constructor(response: ResponseLike, options?: StreamingResponseOptions);
	/**
	 * Aborts when the client leaves before the end, so that the producer can stop.
	 *
	 * @example
	 * const answer = await fetch(url, { signal: response.signal })
	 */
	get signal(): AbortSignal;
	/**
	 * Sends the headers and the `start` event.
	 *
	 * @example
	 * response.start().sendToken('Hello').end()
	 */
	start(): this;
	/**
	 * Sends a piece of the answer's text.
	 *
	 * @example
	 * response.sendToken('Hello').sendToken(' world', 1)
	 */
	sendToken(token: string, index?: number): this;
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
	sendError(error: string | ErrorEvent$1): this;
	/**
	 * Sends anything else the client should know.
	 *
	 * @example
	 * response.sendMetadata({ model: 'gpt-4', temperature: 0.7 })
	 */
	sendMetadata(metadata: MetadataEvent): this;
	/**
	 * Sends the `done` event and ends the response. Again, or before the start: does nothing.
	 *
	 * @example
	 * response.end()
	 */
	end(): void;
	/**
	 * Sends an error, then `done` with `aborted: true`, and ends the response. Before the start nothing was promised yet:
	 * then it answers with status 500 and the error as JSON. Again: does nothing.
	 *
	 * @example
	 * response.abort('Internal server error')
	 */
	abort(error: string | ErrorEvent$1): void;
	/**
	 * Whether the stream was started, has not ended, and the client is still there.
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

export {
	ErrorEvent$1 as ErrorEvent,
};

export {};
