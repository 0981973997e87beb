// The public surface of `lib/compat-cerebras.ts`, bundled. Written by `npm run types`; a change here is a change of the API.

import { ConnectionReport, ErrorClassification, FinishReason, MaxTokensField, StreamErrorType, Usage } from './index.js';
/** What a {@link StreamProcessor} is made of. */
export interface StreamProcessorOptions {
	/** Milliseconds from its construction during which chunks are taken. Default 0: no limit. */
	timeout?: number;
	/** How many characters are gathered before `onProgress` is told. Default 0: it is told of each chunk. */
	chunkSize?: number;
	/** Told of the text so far; awaited. */
	onProgress?(progress: {
		chunkCount: number;
		buffer: string;
	}): unknown;
	/** Told once, of the first thing that goes wrong. */
	onError?(error: unknown): unknown;
}
/** What was put together. */
export interface ProcessedStream<C = {
	content: string;
}> {
	content: string;
	/** What was fed, in order. */
	chunks: C[];
	totalChunks: number;
	/** Milliseconds since the processor was made. */
	processingTime: number;
	/** Characters per chunk. */
	averageChunkSize: number;
}
/**
 * Puts the chunks of an answer together.
 *
 * @example
 * import { StreamProcessor } from 'millstream/compat/cerebras'
 *
 * const processor = new StreamProcessor({ onProgress: ({ chunkCount }) => console.log(chunkCount) })
 * await processor.processChunk({ content: 'Once upon a time' })
 * console.log(processor.getResult().content)
 */
export declare class StreamProcessor {
	#private;
	constructor(options?: StreamProcessorOptions);
	/** Takes a chunk. Rejects after the time limit (`timeout_error`), or with what `onProgress` threw. */
	processChunk(chunk: {
		content: string;
	}): Promise<{
		success: true;
		buffer: string;
		chunkCount: number;
	}>;
	/** Tells `onProgress` of what it wasn't told of, because it was less than `chunkSize`. */
	flush(): Promise<void>;
	/** What came so far. `onProgress` is told of the rest, as by {@link StreamProcessor.flush}. */
	getResult(): ProcessedStream;
}
/** What a service is made of. Nothing is needed: the key comes from `CEREBRAS_API_KEY`. */
export interface CerebrasConfig {
	apiKey?: string;
	/** Default `CEREBRAS_BASE_URL`, else `https://api.cerebras.ai/v1`. */
	baseUrl?: string;
	headers?: Record<string, string>;
	/** Default `llama-4-maverick-17b-128e-instruct`. */
	model?: string;
	systemPrompt?: string;
	/** What the server calls `maxTokens`. Default `'max_completion_tokens'`. */
	maxTokensField?: MaxTokensField;
	streaming?: {
		/** `false`: answers are asked for whole and come as one chunk. Default true. */
		enabled?: boolean;
		/** Of the service's `StreamProcessor`: how many characters are gathered per call of `onProgress`. Default 0. */
		chunkSize?: number;
		/** Milliseconds `generateDreamStreamWithTimeout` may take. Default 60000. */
		timeout?: number;
	};
	optimization?: {
		/** Answers that are open at a time. Default 5. */
		maxConcurrentRequests?: number;
		/** Requests that wait for one of those to end; one more is rejected with code `QUEUE_FULL`. Default 100. */
		requestQueueSize?: number;
		/** Retries after the first try. Default 3. */
		retryAttempts?: number;
		/** First wait before a retry, in milliseconds; it doubles, up to 30000. Default 1000. */
		retryDelay?: number;
	};
}
/** Parameters of one answer. */
export interface DreamOptions {
	model?: string;
	/** Default 0.6. */
	temperature?: number;
	/** Default 32768. */
	maxTokens?: number;
	/** Default 0.9. */
	topP?: number;
	stop?: string | string[];
	seed?: number;
	/** Milliseconds for the whole answer, the wait for its turn included. */
	timeout?: number;
	/** Ends the answer. */
	signal?: AbortSignal;
}
/** What `onChunk` gets. */
export interface DreamChunk {
	content: string;
	/** All so far, with this. */
	fullContent: string;
	/** 0, 1, 2, … */
	chunkIndex: number;
	/** Milliseconds since the epoch. */
	timestamp: number;
	isComplete: false;
}
/** An answer. */
export interface DreamResult {
	content: string;
	/** Milliseconds from the call to the end. */
	processingTime: number;
	finishReason: FinishReason;
	chunkCount: number;
	/** The same as `chunkCount`. */
	totalChunks: number;
	/** Characters per chunk. */
	averageChunkSize: number;
	/** `undefined` where none was reported. */
	usage: Usage | undefined;
	model: string;
	/** False where it failed, and `onError` was told why. */
	isComplete: boolean;
}
/** What `onError` gets. It can be sent as JSON. */
export interface DreamError {
	message: string;
	type: StreamErrorType;
	code: string;
	recoverable: boolean;
	suggestion: string;
	/** The text that had come, in full. */
	partialContent: string;
	chunkCount: number;
	processingTime: number;
	/** How far it had come; `callback`: a callback threw. */
	stage: "queue" | "initialization" | "streaming" | "callback";
}
/** What {@link createCerebrasService} gives. Its functions need no `this`. */
export interface CerebrasService {
	/**
	 * Generates an answer piece by piece. Callbacks are awaited; one that throws ends the answer and rejects the call. A
	 * failure goes to `onError`, and rejects the call only where there is none; else the result has `isComplete: false`.
	 */
	generateDreamStream(prompt: string, options?: DreamOptions | null, onChunk?: ((chunk: DreamChunk) => unknown) | null, onComplete?: ((result: DreamResult) => unknown) | null, onError?: ((error: DreamError) => unknown) | null): Promise<DreamResult>;
	/** Generates an answer within `timeout`, else rejects with a `timeout_error` whose `partialContent` is what had come. */
	generateDreamStreamWithTimeout(prompt: string, options?: DreamOptions | null): Promise<DreamResult>;
	/** Generates an answer. */
	generateDream(prompt: string, options?: DreamOptions | null): Promise<DreamResult>;
	/** Asks for a few words and says how that went, within 10 seconds; never throws. */
	testStreamingConnection(): Promise<ConnectionReport>;
	/** What kind of failure anything thrown is; never throws. */
	handleStreamingError(error: unknown, context?: unknown): ErrorClassification;
	StreamProcessor: typeof StreamProcessor;
}
/**
 * Makes a service.
 *
 * @example
 * import { createCerebrasService } from 'millstream/compat/cerebras'
 *
 * const service = createCerebrasService({ streaming: { timeout: 30_000 }, optimization: { maxConcurrentRequests: 2 } })
 * await service.generateDreamStream('A peaceful garden', { maxTokens: 200 }, ({ content }) => process.stdout.write(content))
 */
export declare function createCerebrasService(config?: CerebrasConfig): CerebrasService;
/**
 * A service with everything from the environment.
 *
 * @example
 * import { cerebrasService } from 'millstream/compat/cerebras'
 *
 * const { success, responseTime } = await cerebrasService.testStreamingConnection()
 * console.log(success, responseTime)
 */
export declare const cerebrasService: CerebrasService;
export declare const generateDreamStream: (prompt: string, options?: DreamOptions | null, onChunk?: ((chunk: DreamChunk) => unknown) | null, onComplete?: ((result: DreamResult) => unknown) | null, onError?: ((error: DreamError) => unknown) | null) => Promise<DreamResult>, generateDreamStreamWithTimeout: (prompt: string, options?: DreamOptions | null) => Promise<DreamResult>, generateDream: (prompt: string, options?: DreamOptions | null) => Promise<DreamResult>, testStreamingConnection: () => Promise<ConnectionReport>, handleStreamingError: (error: unknown, context?: unknown) => ErrorClassification;
export {};
