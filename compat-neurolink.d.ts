// The public surface of `lib/compat-neurolink.ts`, bundled. Written by `npm run types`; a change here is a change of the API.

import { APIError, ClientConfig, ClientProvider, CollectedResponse, ExecutableTool, FinishReason, PipeOptions, PipeReport, ResponseLike, StreamChunk, StreamError, StreamErrorType, StreamRequest, TextStream, TimeoutError, ToolCall, Usage, ValidationError, WebPipeOptions, WebSocketLike, WebSocketPipeOptions } from './index.js';
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
/** A provider that was asked and did not answer. */
export interface ProviderFailure {
	provider: string;
	type: StreamErrorType;
	code: string;
	/** HTTP status, where an answer with an error status came. */
	status?: number;
}
/** Who answered in whose place, and why. */
export interface ProviderFallback {
	/** Who was asked first. */
	from: string;
	/** Who answered. */
	to: string;
	/** Of all that were asked before, in order. */
	failures: readonly ProviderFailure[];
}
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
	/**
	 * Whom to ask. `'auto'`: the first that is configured, or whose key is in the environment, and where it doesn't answer, the
	 * next. Default the constructor's `defaultProvider`, else `'auto'`.
	 */
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
	/** Where another provider answers than the one that was asked first. */
	readonly fallback: ProviderFallback | undefined;
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
	/** As the provider's own, with `fallback` where it answers for the one that was asked first. */
	metadata: Record<string, unknown> & {
		fallback?: ProviderFallback;
	};
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
	 * Asks. Resolves as soon as the head of the answer is in; where nobody is named, as soon as something of the answer is
	 * there, or all of it. Rejects with a `ValidationError` where the question can't be put, and with another `StreamError`
	 * where the provider refuses it or can't be reached, or all of them: then its `cause` is an `AggregateError` of the
	 * others'. Later failures are thrown at whoever reads, or with `errors: 'chunk'` come as a chunk.
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
export { APIError, StreamError, TimeoutError, ValidationError };
