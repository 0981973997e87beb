// The public surface of `lib/index.ts`, bundled. Written by `npm run types`; a change here is a change of the API.

import { EventEmitter } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';

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
 * A provider known by name.
 *
 * @example
 * const provider: ProviderName = 'openai'
 */
export type ProviderName = "openai" | "cerebras";
/**
 * What a server of OpenAI's format calls the cap on the tokens of an answer.
 *
 * @example
 * const field: MaxTokensField = 'max_completion_tokens'
 */
export type MaxTokensField = "max_tokens" | "max_completion_tokens";
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
	/** What it calls `maxTokens`. Default `'max_tokens'`, which all compatible servers know. */
	maxTokensField?: MaxTokensField;
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
export interface ClientProvider {
	/** Sent as `Authorization: Bearer …`. For a provider known by name, default from its environment variable. */
	apiKey?: string;
	/** Where a server of OpenAI's format is: the URL that `chat/completions` is appended to. */
	baseUrl?: string;
	/**
	 * An app's own route, such as one that another millstream serves, with `baseUrl` as what a relative one is relative to;
	 * of a provider known by name, what is appended to its base URL instead of `chat/completions`.
	 */
	endpoint?: string;
	headers?: Record<string, string>;
	/** How it answers. Default: found out, of an app's own route; else `'openai'`. */
	protocol?: "auto" | WireProtocol;
	/** What it calls `maxTokens`. */
	maxTokensField?: MaxTokensField;
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
		[name in ProviderName]?: ClientProvider;
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
	/** Least distance of two deliveries under load, in milliseconds. Default 1; 0 delivers each event as it comes. */
	flushInterval?: number;
	/** How much of an answer may be under way to JavaScript before the engine stops reading, in characters. Default 65536. */
	bufferSize?: number;
	/** The largest single event that is accepted, in bytes. Default 8 MiB. */
	maxEventBytes?: number;
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
 * A piece of a message that is more than text, in OpenAI's words.
 *
 * @example
 * import type { ContentPart } from 'millstream'
 *
 * const picture: ContentPart = { type: 'image_url', image_url: { url: 'https://example.com/cat.png' } }
 */
export interface ContentPart {
	type: string;
	[field: string]: unknown;
}
/**
 * A tool the model may call, in OpenAI's words. It is passed on as it is.
 *
 * @example
 * import type { Tool } from 'millstream'
 *
 * const weather: Tool = {
 *   type: 'function',
 *   function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
 * }
 */
export interface Tool {
	type: string;
	function?: {
		name: string;
		description?: string;
		parameters?: unknown;
		strict?: boolean;
	};
	[field: string]: unknown;
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
	toolCalls?: readonly (Pick<ToolCall, "id" | "tool"> & Partial<ToolCall>)[];
	/** Which call a `tool` message answers. */
	toolCallId?: string;
	/** Not sent. */
	id?: string;
	/** Not sent. */
	timestamp?: number;
	/** Not sent. */
	partial?: boolean;
}
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
export interface RequestOptions extends GenerationOptions, StreamCallbacks {
	/** Whom to ask: one of the client's `providers`, one known by name, or any other by its URL. Default the client's. */
	provider?: ProviderName | "auto" | ClientProvider | (string & {});
	/** Default the client's. */
	model?: string;
	systemPrompt?: string;
	tools?: readonly Tool[];
	/** Further headers of this request. */
	headers?: Record<string, string>;
	/** Ends the answer: readers get an `aborted_error`. */
	signal?: AbortSignal;
	retry?: RetryConfig;
	timeout?: TimeoutConfig;
	resume?: ResumeMode;
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
export interface StreamRequest extends RequestOptions {
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
	stream(request: StreamRequest | string, options?: RequestOptions): StreamHandle;
	/**
	 * Asks, and gives the whole answer. Rejects where it fails or is aborted, or with what a callback threw; not before the
	 * callbacks are done.
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
	generate(request: Omit<StreamRequest, "retain" | "errors"> | string, options?: Omit<RequestOptions, "retain" | "errors">): Promise<CollectedResponse>;
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

export {
	ErrorEvent$1 as ErrorEvent,
};

export {};
