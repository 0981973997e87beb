// The public surface of `lib/testing.ts`, bundled. Written by `npm run types`; a change here is a change of the API.

import { WireProtocol } from './index.js';
/** Where in an answer something happens: after so many bytes of its body, or after so many tokens. */
export type MockPosition = {
	afterBytes: number;
} | {
	afterTokens: number;
};
/** What one answer is. Every field may be left out. */
export interface MockAnswer {
	/**
	 * Answers in this format, whatever the path that is asked; without it, the path decides. `bedrock-invoke` carries
	 * Anthropic's events, `sagemaker` OpenAI's chunks.
	 */
	protocol?: WireProtocol;
	/** Says this. One of `text`, `echo`, `tokens` and `replay` at a time. */
	text?: string;
	/** Says what the last user message says. */
	echo?: boolean;
	/** Says so many made-up tokens, the same ones for the same `seed`. Default 50. */
	tokens?: number;
	/** Default 1. Decides made-up text, jitter, garbage and random cuts. */
	seed?: number;
	/**
	 * Makes each token of a streamed text the time at which it goes out, in microseconds since 1970 and a space behind it,
	 * so that a client can tell how long it was on its way.
	 */
	stamp?: boolean;
	/** Reasons first: this text, or so many made-up tokens. */
	reasoning?: string | number;
	/** The delta's field for it in OpenAI's format. Default `reasoning_content`. */
	reasoningField?: "reasoning_content" | "reasoning";
	/**
	 * Calls these tools after the text, in formats that have a place for calls. `arguments`, or `args`, may be a string,
	 * sent as it is, valid JSON or not; it comes in pieces where the format has them.
	 */
	toolCalls?: {
		name: string;
		id?: string;
		arguments?: unknown;
		args?: unknown;
	}[];
	/**
	 * Instead of `stop`, `length` (where the request's own limit cut the answer) or `tool_calls`. These, and
	 * `content_filter`, are said in the words of the format: `end_turn` to a client of Anthropic's; others go out as given.
	 */
	finishReason?: string;
	/**
	 * Tells these counts in place of those that are made up (a request's characters by four, an answer's tokens as sent).
	 * With it, or with `true`, OpenAI's stream tells them whether or not the request asks for them, as Mistral's does.
	 */
	usage?: boolean | {
		promptTokens?: number;
		completionTokens?: number;
		reasoningTokens?: number;
	};
	/** Sends metadata, in the formats of applications. */
	metadata?: Record<string, unknown>;
	/**
	 * Plays a recorded answer byte for byte: a file (`.sse`, `.ndjson`, `.json`, …), or a folder, whose files are played
	 * in turn; a request may choose one by sending its name without extension as `model`. Each event counts as a token.
	 * The extension decides the content type (`.eventstream.bin` is an AWS event stream), a number before it the status:
	 * `refused.429.json`.
	 */
	replay?: string;
	/** Tokens per second; 0 or nothing: as fast as the client reads. */
	tokensPerSecond?: number;
	/** By what part of its interval a token may come early or late, 0 to 1. Default 0. */
	jitter?: number;
	/** Tokens per write. Default 1: each in a TCP segment of its own. */
	burst?: number;
	/** Milliseconds from the head to the first token. */
	firstTokenDelay?: number;
	/** Cuts what is sent into HTTP chunks and TCP writes of so many bytes, or of 1 to 64 at random. */
	splitBytes?: number | "random";
	/** Milliseconds between those. */
	splitDelay?: number;
	/** Cuts what is sent into HTTP chunks of so many bytes; with `splitBytes` the writes don't line up with them. */
	chunkBytes?: number;
	/** Cuts SageMaker's payload into parts of so many bytes, or of 1 to 64 at random. Default: a part for each frame. */
	partBytes?: number | "random";
	/** The status, with an error body like the provider's where it is 300 or more. Default 200. */
	status?: number;
	contentType?: string;
	/** A body in place of the stream: a string as it is, anything else as JSON. */
	body?: unknown;
	/** A canned body in place of the stream, under 200 unless `status` says otherwise. */
	as?: "html" | "json" | "empty";
	headers?: Record<string, string | number>;
	/** The header of that name: seconds, or any text. */
	retryAfter?: number | string;
	/** The `retry-after-ms` header. */
	retryAfterMs?: number;
	/** A `retry-after` header with the date so many seconds from now. */
	retryAfterDate?: number;
	/** Redirects there, with 307 unless `status` says otherwise. */
	redirect?: string;
	/** Milliseconds before the head. */
	delayHead?: number;
	/** Milliseconds between the bytes of the head. */
	dripHead?: number;
	/**
	 * What the format has to keep a connection alive (a comment, an empty line, a message that says nothing; `text` has
	 * none) whenever nothing was sent for so many milliseconds; `text` goes out in its place, as it is.
	 */
	keepAlive?: number | {
		every: number;
		text?: string;
	};
	/**
	 * Leaves out the first frame, the finish reason, the usage or the format's terminal marker, where the format has them:
	 * Gemini's has no first frame and, as events, no marker but the finish reason; OpenAI's Responses have one event for
	 * the reason and the end; Bedrock's Converse and watsonx.ai's end with their body; Ollama's last line has all three.
	 */
	omit?: ("start" | "finish" | "usage" | "done")[];
	/** Whether frames of the `events` format carry ids, by which `Last-Event-ID` goes on after them. Default true. */
	ids?: boolean;
	/** Closes the connection after the answer. */
	closeConnection?: boolean;
	/** Breaks the connection (RST). */
	reset?: MockPosition | {
		beforeHead: true;
	};
	/** Closes the connection (FIN); `clean`: ends the body as if it were whole instead. */
	end?: (MockPosition | {
		beforeHead: true;
	}) & {
		clean?: boolean;
	};
	/** Sends nothing any more, or nothing for `resumeAfter` milliseconds. With `keepAlive`: nothing but keep-alives. */
	stall?: MockPosition & {
		resumeAfter?: number;
	};
	/** Puts so many random bytes into the body. */
	garbage?: MockPosition & {
		bytes: number;
	};
	/**
	 * Reports a failure inside the stream and ends it; `done` says whether the terminal marker follows (default: as is
	 * the format's habit; OpenAI's and Anthropic's end without). Gemini's takes `code` or `status` as the HTTP status. In
	 * AWS's streams it is an exception: the one that `type` names, else the one that goes with `status`.
	 */
	error?: {
		afterTokens?: number;
		message?: string;
		type?: string;
		code?: string | number;
		status?: number;
		done?: boolean;
	};
	/** Sends one token of so many bytes. */
	hugeEvent?: {
		bytes: number;
		afterTokens?: number;
	};
}
/** What a mock provider is started with: its own options, and the answer it gives. */
export interface MockOptions extends MockAnswer {
	/** Default `127.0.0.1`. */
	host?: string;
	/** Default 0: any that is free. */
	port?: number;
	/** Threads that serve. Default 1, which is enough for a thousand streams at 50 tokens a second. */
	threads?: number;
	/** Refuses requests that don't carry it. */
	apiKey?: string;
	/** What `GET /v1/models` lists besides the recordings. */
	models?: string[];
	/**
	 * Paths that answer, and how; `'*'` stands for every other path. Without it, each provider's own paths do, whatever
	 * stands before them: `/chat/completions`, `/completions`, `/responses`, `/messages`, `/interactions`, `/v2/chat`
	 * (Cohere), `/api/generate` (Ollama), `/models/<model>:streamGenerateContent`, `:generateContent`,
	 * `:streamRawPredict` and `:rawPredict`, `/ai/run/<model>` (Workers AI), `/model/<model>/converse-stream`,
	 * `/converse`, `/invoke-with-response-stream` and `/invoke`, `/endpoints/<name>/invocations-response-stream` and
	 * `/invocations`, `/text/chat_stream`, `/text/chat`, `/text/generation_stream` and `/text/generation` (watsonx.ai).
	 * `/api/chat` is `events`; Ollama, which has the same path, answers at `/ollama/api/chat`, or where `protocol` or a
	 * route says so.
	 */
	routes?: Record<string, WireProtocol>;
	/** The n-th request gets the n-th of these, laid over the rest of the options; the last one repeats. */
	script?: MockAnswer[];
	/** Requests that are remembered. Default 10,000; the oldest are forgotten first. */
	maxRequests?: number;
	/** Longest request body that is remembered, in bytes. Default 262,144. */
	maxRecordedBody?: number;
}
/** One request a mock provider was asked, and what became of its answer. */
export interface MockRequest {
	/** 0, 1, 2, … since the start or the last `reset()`. */
	readonly index: number;
	/** Which connection it came by: 0, 1, 2, … */
	readonly connection: number;
	readonly method: string;
	readonly path: string;
	readonly query?: string;
	/** Names in lower case. */
	readonly headers: Readonly<Record<string, string>>;
	/** Parsed where it is JSON, else the text. Absent where there is none or it is too long to be remembered. */
	readonly body?: unknown;
	readonly bodyBytes: number;
	readonly bodyTruncated?: boolean;
	/** Milliseconds since 1970. */
	readonly receivedAt: number;
	readonly status?: number;
	/** Name of the recording that was played. */
	readonly recording?: string;
	readonly tokensSent: number;
	/** Of the body, without HTTP's framing. */
	readonly bytesSent: number;
	/** `cut`: ended by the mock before its end, as it was told to. Absent while the answer runs. */
	readonly outcome?: "complete" | "cut" | "client-left";
	/** Whether the client left before the end. */
	readonly closedByClient: boolean;
	/** Milliseconds from the request to the end of its answer. */
	readonly elapsed?: number;
}
/** How long a wait for a request may take. */
export interface MockWaitOptions {
	/** Milliseconds. Default 5000. */
	timeout?: number;
}
/**
 * A model provider that listens on this machine. It runs on threads of its own, and keeps the process alive until it is
 * closed, as a server of `node:http` does; {@link MockProvider.unref} lifts that.
 *
 * A request may lay options of its own over the answer: `x-mock-fault: {"status": 503}`, any of {@link MockAnswer}.
 *
 * @example
 * import { MockProvider } from 'millstream/testing'
 *
 * const mock = await MockProvider.start({ text: 'Hello from the mill', tokensPerSecond: 50 })
 * const response = await fetch(`${mock.url}/v1/chat/completions`, {
 *   method: 'POST',
 *   headers: { 'content-type': 'application/json' },
 *   body: JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'Hi' }] }),
 * })
 * console.log(await response.text(), mock.requests[0]?.body)
 * await mock.close()
 */
export declare class MockProvider {
	#private;
	/** Without a trailing slash: `http://127.0.0.1:49152`. */
	readonly url: string;
	readonly port: number;
	/** Starts a mock provider; rejects where an option is wrong or the port is taken. */
	static start(options?: MockOptions): Promise<MockProvider>;
	private constructor();
	/** What was asked so far, oldest first: a new array at each reading, which stays as it was. */
	get requests(): readonly MockRequest[];
	/** Connections that are open now. */
	get openConnections(): number;
	/** The most that were open at a time since the start or the last `reset()`. */
	get peakConnections(): number;
	/** Answers so from now on, or in turn; replaces everything that was said about answers before. */
	respondWith(answer: MockAnswer | MockAnswer[]): void;
	/** Forgets all requests; the next is number 0 and gets the script's first answer. */
	reset(): void;
	/** Resolves with request number `index` (0 is the first) once it has come. */
	waitForRequest(index?: number, options?: MockWaitOptions): Promise<MockRequest>;
	/** Resolves with request number `index` once its answer has ended, one way or another. */
	waitForClose(index?: number, options?: MockWaitOptions): Promise<MockRequest>;
	/** Resolves once exactly so many connections are open. */
	waitForConnections(count: number, options?: MockWaitOptions): Promise<void>;
	/**
	 * Calls `listener` with each request whose answer ended from now on. Several may come at once: a watcher is told
	 * every 50 ms. Returns what stops it.
	 */
	watch(listener: (request: MockRequest) => void): () => void;
	/** Lets the process end while this server listens. */
	unref(): this;
	/** Undoes `unref()`. */
	ref(): this;
	/** Stops, breaking off what is under way. What was asked can still be read. */
	close(): Promise<void>;
	[Symbol.asyncDispose](): Promise<void>;
}
export {};
