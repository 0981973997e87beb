// The public surface of `lib/compat-copilotedge.ts`, bundled. Written by `npm run types`; a change here is a change of the API.

import { APIError, FinishReason, NodeHandler, PipeOptions, PipeReport, RequestLimits, ResponseLike, StreamError, Usage, ValidationError, WebPipeOptions } from './index.js';
/** What a `CopilotEdge` is made of. Nothing is needed where key and account are in the environment. */
export interface CopilotEdgeConfig extends RequestLimits {
	/** Default `COPILOTEDGE_API_KEY`, else `CLOUDFLARE_API_TOKEN`. */
	apiKey?: string;
	/** Default `COPILOTEDGE_ACCOUNT_ID`, else `CLOUDFLARE_ACCOUNT_ID`. */
	accountId?: string;
	/** Default `@cf/meta/llama-3.1-8b-instruct`. */
	model?: string;
	/** There is one. */
	provider?: "cloudflare";
	/**
	 * What stands before `/accounts/{accountId}/ai`, or an URL that has the account in it, up to `/ai`. Default
	 * `CLOUDFLARE_BASE_URL`, else `https://api.cloudflare.com/client/v4`.
	 */
	baseUrl?: string;
	/** Sent with each request to Cloudflare. */
	headers?: Record<string, string>;
	/** Whether requests that don't say get their answer in pieces. Default false. */
	stream?: boolean;
	/** Called for each piece of a streamed answer, in order; awaited. */
	onChunk?(chunk: string): unknown;
	/** Lines that begin with `[DEBUG]` on stderr, without keys and without texts. Default false. */
	debug?: boolean;
	/** Requests in all for one answer, where they fail before its first piece. Default 3. */
	maxRetries?: number;
	/** Milliseconds that may pass without anything coming from Cloudflare, however long the answer. Default 30000. */
	apiTimeout?: number;
}
/** An answer as its text, in pieces and whole. */
export interface TextStreamResult {
	/** The pieces. Any number of loops, at any time, get the whole text; leaving all of them closes the connection. */
	readonly stream: AsyncGenerator<string, void, unknown>;
	/** The whole text, whoever reads the pieces, before, meanwhile or afterwards. */
	readonly getFullResponse: () => Promise<string>;
}
/** A streamed answer. */
export interface StreamingChat extends TextStreamResult {
	readonly id: string;
	readonly object: "chat.completion.chunk";
	/** Seconds since the epoch. */
	readonly created: number;
	readonly model: string;
	readonly streaming: true;
	/** Token counts, known at the end; `undefined` where none were reported. */
	readonly usage: Promise<Usage | undefined>;
	readonly finishReason: Promise<FinishReason>;
	/** Closes the connection; whoever reads gets an `aborted_error`. */
	abort(reason?: unknown): void;
	/** Sends the answer to a client of Express or `node:http`; format `'openai'` unless another is asked for. */
	pipe(response: ResponseLike, options?: PipeOptions): Promise<PipeReport>;
	/** The answer as a web `Response`; format `'openai'` unless another is asked for. */
	toResponse(options?: WebPipeOptions): Response;
}
/** A whole answer. */
export interface ChatCompletion {
	id: string;
	object: "chat.completion";
	/** Seconds since the epoch. */
	created: number;
	model: string;
	choices: {
		index: number;
		message: {
			role: "assistant";
			content: string | null;
			tool_calls?: unknown[];
			reasoning_content?: string;
		};
		finish_reason: string;
	}[];
	/** Whole numbers; estimated where Cloudflare counted nothing. */
	usage?: {
		prompt_tokens: number;
		completion_tokens: number;
		total_tokens: number;
	};
}
/** A body as a route gets it; generation parameters may stand under OpenAI's names or under ours. */
export interface CopilotEdgeRequest {
	messages?: readonly unknown[];
	/** In place of `messages`: one message of the user. */
	prompt?: string;
	/** Whether the answer comes in pieces. Default as the instance was made. */
	stream?: boolean;
	/** Default 0.7. */
	temperature?: number;
	/** Default 1000. */
	max_tokens?: number;
	[field: string]: unknown;
}
/** What the app says about a request, and a client can't. */
export interface HandleRequestOptions {
	/** In place of the instance's. */
	model?: string;
	/** Ends the answer. */
	signal?: AbortSignal;
	/** In place of the instance's. */
	onChunk?(chunk: string): unknown;
	/**
	 * `false`: a streamed answer is forgotten as it is read, however long it is. It can be read once then, by a loop or by
	 * `getFullResponse()`, and not beside an `onChunk`. Default true.
	 */
	retain?: boolean;
}
/**
 * Models of Cloudflare's Workers AI behind one call and behind routes. `S`: whether requests that don't say are streamed.
 *
 * @example
 * import { CopilotEdge } from 'millstream/compat/copilotedge'
 *
 * const edge = new CopilotEdge({ stream: true })
 * const response = await edge.handleRequest({ messages: [{ role: 'user', content: 'Hello' }] })
 * for await (const chunk of response.stream) process.stdout.write(chunk)
 */
export declare class CopilotEdge<S extends boolean = false> {
	#private;
	/** @throws ValidationError where an option is not what it must be, or key or account are missing. */
	constructor(config?: CopilotEdgeConfig & {
		stream?: S;
	});
	/**
	 * Asks. The body may be one that a client sent; `model` in it is not heard. With `stream` the result is there as soon as
	 * the head of the answer is.
	 *
	 * Rejects with a `ValidationError` where the body is not what it must be, with an `APIError` where Cloudflare answers
	 * with an error status, and with another `StreamError` where it can't be reached or breaks off.
	 */
	handleRequest<R extends boolean = S>(body: CopilotEdgeRequest & {
		stream?: R;
	}, options?: HandleRequestOptions): Promise<R extends true ? StreamingChat : ChatCompletion>;
	/**
	 * A route for frameworks with web requests. Streams go out in OpenAI's format, other answers as `chat.completion`, and
	 * failures before the first byte as `{error, type}`: 400 where the body is not what it must be, Cloudflare's own status
	 * where it gave one, else 500. A client that leaves takes its answer with it.
	 */
	createNextHandler(): (request: Request) => Promise<Response>;
	/** The same for `node:http` and Express. */
	createNodeHandler(): NodeHandler;
}
/**
 * A {@link CopilotEdge} and its route in one. Key and account are looked up when the first request comes, so that an app
 * can be built without them; where they are missing then, requests are answered with 500.
 *
 * @example
 * import { createCopilotEdgeHandler } from 'millstream/compat/copilotedge'
 *
 * export const POST = createCopilotEdgeHandler({ stream: true })
 */
export declare function createCopilotEdgeHandler(config?: CopilotEdgeConfig): (request: Request) => Promise<Response>;
/** The models of Workers AI that are known by name, and where a model is asked. Data; imports nothing. */
/** A model of Workers AI. */
export interface CopilotEdgeModel {
	name: string;
	/** Whether it answers in pieces, too. */
	streaming: boolean;
	/** `chat`: `/ai/v1/chat/completions`; `run`: `/ai/run/{model}`. */
	endpoint: "chat" | "run";
}
/**
 * The models known by name. Any other can be asked, too.
 *
 * @example
 * import { supportedModels } from 'millstream/compat/copilotedge'
 *
 * console.log(supportedModels.filter(({ streaming }) => streaming).map(({ name }) => name))
 */
export declare const supportedModels: readonly Readonly<CopilotEdgeModel>[];
export {
	TextStreamResult as StreamingResponse,
};
export {};
export { APIError, StreamError, ValidationError };
