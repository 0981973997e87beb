// The vendors' own clients: each takes a recording's bytes in the place of an answer, and gives what it makes of them. How a
// client names the reasons an answer ended for stands in a table beside it, as the vendor's documentation has them; a word
// that isn't there is `other`, no word `unknown`.
import { Readable } from 'node:stream'
import Anthropic from '@anthropic-ai/sdk'
import {
  BedrockRuntimeClient,
  ConverseStreamCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime'
import { InvokeEndpointWithResponseStreamCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime'
import { GoogleGenAI } from '@google/genai'
import { HTTPClient, Mistral } from '@mistralai/mistralai'
import { CohereClient, CohereClientV2 } from 'cohere-ai'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { asked, key, kinds, named, parsed, replay } from './support.mjs'

const joined = (list, field) => list.map((item) => item[field]).join('')
const ofType = (list, type) => list.filter((item) => item.type === type)

/** Calls that come in pieces, under a number each. */
class Calls {
  #pieces = []

  add(index, tool, text, id) {
    this.#pieces[index] ??= { tool: '', text: '' }
    this.#pieces[index].id ??= id || undefined
    this.#pieces[index].tool += tool ?? ''
    this.#pieces[index].text += text ?? ''
  }

  all() {
    return this.#pieces.filter(Boolean).map(({ id, tool, text }) => ({ id, tool, args: parsed(text) }))
  }
}

const openaiReasons = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'content-filter',
}
const openaiTokens = (usage) =>
  usage?.prompt_tokens === undefined
    ? {}
    : {
        tokens: { prompt: usage.prompt_tokens, completion: usage.completion_tokens },
        cached: usage.prompt_tokens_details?.cached_tokens,
        reasoned: usage.completion_tokens_details?.reasoning_tokens,
      }
const openai = (bytes) => new OpenAI({ apiKey: key, maxRetries: 0, logLevel: 'off', fetch: replay(bytes, kinds.sse) })

export async function openaiChat(bytes) {
  const read = { text: '', tokens: undefined }
  const calls = new Calls()
  let reason
  for await (const { choices, usage } of await openai(bytes).chat.completions.create({
    model: 'm',
    messages: asked,
    stream: true,
  })) {
    const choice = choices?.find(({ index }) => index === 0)
    read.text += choice?.delta?.content ?? ''
    for (const { index, id, function: called } of choice?.delta?.tool_calls ?? []) {
      calls.add(index, called?.name, called?.arguments, id)
    }
    reason = choice?.finish_reason ?? reason
    Object.assign(read, openaiTokens(usage))
  }
  return { ...read, calls: calls.all(), finish: named(openaiReasons, reason) }
}

export async function openaiCompletions(bytes) {
  const read = { text: '', tokens: undefined }
  let reason
  for await (const { choices, usage } of await openai(bytes).completions.create({
    model: 'm',
    prompt: 'x',
    stream: true,
  })) {
    const choice = choices?.find(({ index }) => index === 0)
    read.text += choice?.text ?? ''
    reason = choice?.finish_reason ?? reason
    Object.assign(read, openaiTokens(usage))
  }
  return { ...read, finish: named(openaiReasons, reason) }
}

const responsesReasons = { completed: 'stop', max_output_tokens: 'length', content_filter: 'content-filter' }

export async function openaiResponses(bytes) {
  const stream = openai(bytes).responses.stream({ model: 'm', input: 'x' })
  const { output, usage, status, incomplete_details: incomplete } = await stream.finalResponse()
  const calls = ofType(output, 'function_call')
  const of = (type, part) => ofType(output, type).flatMap(({ content }) => ofType(content ?? [], part))
  return {
    text: joined(of('message', 'output_text'), 'text'),
    reasoning: joined(
      ofType(output, 'reasoning').flatMap(({ summary, content }) => [...(content ?? []), ...(summary ?? [])]),
      'text',
    ),
    calls: calls.map(({ call_id: id, name, arguments: text }) => ({ id, tool: name, args: parsed(text) })),
    tokens: usage && { prompt: usage.input_tokens, completion: usage.output_tokens },
    cached: usage?.input_tokens_details?.cached_tokens,
    reasoned: usage?.output_tokens_details?.reasoning_tokens,
    finish:
      status === 'completed' && calls.length > 0 ? 'tool-calls' : named(responsesReasons, incomplete?.reason ?? status),
  }
}

const anthropicReasons = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool-calls',
  refusal: 'content-filter',
}

export async function anthropic(bytes) {
  const client = new Anthropic({ apiKey: key, maxRetries: 0, logLevel: 'off', fetch: replay(bytes, kinds.sse) })
  const stream = client.messages.stream({ model: 'm', max_tokens: 1, messages: asked })
  const { content, stop_reason: reason, usage } = await stream.finalMessage()
  const prompt = [usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens]
  return {
    text: joined(ofType(content, 'text'), 'text'),
    reasoning: joined(ofType(content, 'thinking'), 'thinking'),
    calls: ofType(content, 'tool_use').map(({ id, name, input }) => ({ id, tool: name, args: input })),
    tokens: { prompt: prompt.reduce((sum, count) => sum + (count ?? 0), 0), completion: usage.output_tokens },
    cached: usage.cache_read_input_tokens ?? undefined,
    finish: named(anthropicReasons, reason),
  }
}

/** Gemini has no word for an answer that waits for its calls' results. */
const googleReasons = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'content-filter',
  RECITATION: 'content-filter',
  BLOCKLIST: 'content-filter',
  PROHIBITED_CONTENT: 'content-filter',
  SPII: 'content-filter',
  IMAGE_SAFETY: 'content-filter',
  MALFORMED_FUNCTION_CALL: 'error',
  UNEXPECTED_TOOL_CALL: 'error',
}
const google = (bytes) =>
  new GoogleGenAI({ apiKey: key, httpOptions: { fetch: replay(bytes, kinds.sse), retryOptions: { attempts: 1 } } })

export async function googleGenerate(bytes) {
  const read = { text: '', reasoning: '', calls: [], tokens: undefined }
  let reason
  const stream = await google(bytes).models.generateContentStream({ model: 'gemini-2.5-flash', contents: 'x' })
  for await (const { candidates, promptFeedback, usageMetadata: usage } of stream) {
    const candidate = candidates?.find(({ index }) => (index ?? 0) === 0)
    for (const { text, thought, functionCall } of candidate?.content?.parts ?? []) {
      read[thought ? 'reasoning' : 'text'] += text ?? ''
      if (functionCall) read.calls.push({ id: functionCall.id, tool: functionCall.name, args: functionCall.args ?? {} })
    }
    reason = candidate?.finishReason ?? promptFeedback?.blockReason ?? reason
    if (usage?.promptTokenCount !== undefined) {
      const completion = (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0)
      read.tokens = { prompt: usage.promptTokenCount, completion }
      read.cached = usage.cachedContentTokenCount
      read.reasoned = usage.thoughtsTokenCount
    }
  }
  const finish = reason === 'STOP' && read.calls.length > 0 ? 'tool-calls' : named(googleReasons, reason)
  return { ...read, finish }
}

const interactionReasons = { completed: 'stop', requires_action: 'tool-calls', incomplete: 'length' }

export async function googleInteractions(bytes) {
  const read = { text: '', reasoning: '', tokens: undefined }
  let reason
  const stream = await google(bytes).interactions.create({ model: 'gemini-2.5-flash', input: 'x', stream: true })
  for await (const event of stream) {
    const { delta, interaction } = event
    if (delta?.type === 'text') read.text += delta.text
    else if (delta?.type === 'thought_summary') read.reasoning += delta.content?.text ?? ''
    reason = interaction?.status ?? reason
    const usage = interaction?.usage
    if (usage?.total_input_tokens !== undefined) {
      const completion = (usage.total_output_tokens ?? 0) + (usage.total_thought_tokens ?? 0)
      read.tokens = { prompt: usage.total_input_tokens, completion }
      read.cached = usage.total_cached_tokens
      read.reasoned = usage.total_thought_tokens
    }
  }
  return { ...read, finish: named(interactionReasons, reason) }
}

const mistralReasons = { ...openaiReasons, model_length: 'length', error: 'error' }

export async function mistral(bytes) {
  const client = new Mistral({ apiKey: key, httpClient: new HTTPClient({ fetcher: replay(bytes, kinds.sse) }) })
  const read = { text: '', reasoning: '', tokens: undefined }
  const calls = new Calls()
  let reason
  for await (const { data } of await client.chat.stream({ model: 'm', messages: asked })) {
    const choice = data.choices.find(({ index }) => index === 0)
    const content = choice?.delta.content ?? []
    const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : content
    read.text += joined(ofType(parts, 'text'), 'text')
    read.reasoning += joined(
      ofType(parts, 'thinking').flatMap(({ thinking }) => ofType(thinking, 'text')),
      'text',
    )
    for (const { index, id, function: called } of choice?.delta.toolCalls ?? []) {
      calls.add(index, called.name, called.arguments, id)
    }
    reason = choice?.finishReason ?? reason
    if (data.usage) read.tokens = { prompt: data.usage.promptTokens, completion: data.usage.completionTokens }
  }
  return { ...read, calls: calls.all(), finish: named(mistralReasons, reason) }
}

const cohereReasons = {
  COMPLETE: 'stop',
  STOP_SEQUENCE: 'stop',
  MAX_TOKENS: 'length',
  ERROR_LIMIT: 'length',
  TOOL_CALL: 'tool-calls',
  ERROR_TOXIC: 'content-filter',
  ERROR: 'error',
  TIMEOUT: 'error',
}

export async function cohere(bytes) {
  const client = new CohereClientV2({ token: key, maxRetries: 0, fetch: replay(bytes, kinds.sse) })
  const read = { text: '', reasoning: '', tokens: undefined }
  const calls = new Calls()
  let reason
  for await (const event of await client.chatStream({ model: 'm', messages: asked })) {
    const { index, delta } = event
    const content = delta?.message?.content
    if (event.type === 'content-delta' || event.type === 'content-start') {
      read.text += content?.text ?? ''
      read.reasoning += content?.thinking ?? ''
    } else if (event.type === 'tool-call-start' || event.type === 'tool-call-delta') {
      const { id, function: called } = delta?.message?.toolCalls ?? {}
      calls.add(index, called?.name, called?.arguments, id)
    } else if (event.type === 'message-end') {
      reason = delta?.finishReason
      const tokens = delta?.usage?.tokens
      if (tokens) read.tokens = { prompt: tokens.inputTokens, completion: tokens.outputTokens }
      read.cached = delta?.usage?.cachedTokens
    }
  }
  return { ...read, calls: calls.all(), finish: named(cohereReasons, reason) }
}

/** The first version's answers, of its chat and of its completions. */
export async function cohereFirst(bytes, { generate }) {
  const client = new CohereClient({ token: key, maxRetries: 0, fetch: replay(bytes, kinds.ndjson) })
  const stream = await (generate ? client.generateStream({ prompt: 'x' }) : client.chatStream({ message: 'x' }))
  const read = { text: '' }
  let reason
  for await (const event of stream) {
    if (event.eventType === 'text-generation') read.text += event.text
    reason = event.finishReason ?? reason
  }
  return { ...read, finish: named(cohereReasons, reason) }
}

const converseReasons = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool-calls',
  content_filtered: 'content-filter',
  guardrail_intervened: 'content-filter',
  malformed_model_output: 'error',
  malformed_tool_use: 'error',
}

function amazon(bytes) {
  const headers = { 'content-type': kinds.eventstream }
  return {
    region: 'us-east-1',
    credentials: { accessKeyId: key, secretAccessKey: key },
    maxAttempts: 1,
    requestHandler: { handle: async () => ({ response: { statusCode: 200, headers, body: Readable.from([bytes]) } }) },
  }
}
const bedrock = (bytes) => new BedrockRuntimeClient(amazon(bytes))

async function readConverse(stream) {
  const read = { text: '', reasoning: '', tokens: undefined }
  const calls = new Calls()
  const own = new Set()
  let reason
  for await (const { contentBlockStart, contentBlockDelta, messageStop, metadata } of stream) {
    const { contentBlockIndex: index } = contentBlockStart ?? contentBlockDelta ?? {}
    const begun = contentBlockStart?.start?.toolUse
    if (begun?.type === 'server_tool_use') own.add(index)
    else if (begun) calls.add(index, begun.name, '', begun.toolUseId)
    const { text, toolUse, reasoningContent } = contentBlockDelta?.delta ?? {}
    read.text += text ?? ''
    read.reasoning += reasoningContent?.text ?? ''
    if (toolUse && !own.has(index)) calls.add(index, '', toolUse.input)
    reason = messageStop?.stopReason ?? reason
    const usage = metadata?.usage
    if (usage) {
      const prompt = usage.inputTokens + (usage.cacheReadInputTokens ?? 0) + (usage.cacheWriteInputTokens ?? 0)
      read.tokens = { prompt, completion: usage.outputTokens }
      read.cached = usage.cacheReadInputTokens
    }
  }
  return { ...read, calls: calls.all(), finish: named(converseReasons, reason) }
}

export async function bedrockConverse(bytes) {
  const asked = [{ role: 'user', content: [{ text: 'x' }] }]
  const { stream } = await bedrock(bytes).send(new ConverseStreamCommand({ modelId: 'm', messages: asked }))
  return readConverse(stream)
}

/** Titan's, Llama's, Cohere's and Claude 2's words, which have one object for each piece of text. */
const invokeReasons = {
  FINISH: 'stop',
  FINISHED: 'stop',
  LENGTH: 'length',
  CONTENT_FILTERED: 'content-filter',
  length: 'length',
  stop: 'stop',
}

/** What Amazon's client gives of InvokeModelWithResponseStream are the objects of the model's own format. */
export async function bedrockInvoke(bytes) {
  const { body } = await bedrock(bytes).send(new InvokeModelWithResponseStreamCommand({ modelId: 'm', body: '{}' }))
  const objects = []
  for await (const { chunk } of body) objects.push(JSON.parse(new TextDecoder().decode(chunk.bytes)))
  if (objects.some(({ type }) => type === 'message_start')) {
    const events = objects.map((object) => `event: ${object.type}\ndata: ${JSON.stringify(object)}\n\n`)
    return anthropic(Buffer.from(events.join('')))
  }
  if (objects.some(({ messageStart }) => messageStart)) return readConverse(objects)
  const read = { text: '', tokens: undefined }
  let reason
  for (const object of objects) {
    const piece = object.generations?.[0] ?? object
    read.text += piece.outputText ?? piece.generation ?? piece.completion ?? piece.text ?? ''
    reason = piece.completionReason ?? piece.stop_reason ?? piece.finish_reason ?? reason
    const counted = object['amazon-bedrock-invocationMetrics']
    if (counted) read.tokens = { prompt: counted.inputTokenCount, completion: counted.outputTokenCount }
  }
  return { ...read, finish: named({ ...cohereReasons, ...anthropicReasons, ...invokeReasons }, reason) }
}

/** What Amazon's client gives of an endpoint's answer is what the model's server sent, in OpenAI's format. */
export async function sagemaker(bytes) {
  const asking = new InvokeEndpointWithResponseStreamCommand({ EndpointName: 'm', Body: '{}' })
  const { Body: body } = await new SageMakerRuntimeClient(amazon(bytes)).send(asking)
  const parts = []
  for await (const { PayloadPart: part } of body) parts.push(part.Bytes)
  return openaiChat(Buffer.concat(parts))
}

/** Ollama has no word for an answer that waits for its calls' results. */
const ollamaReasons = { stop: 'stop', length: 'length' }
const ollama = (bytes) => new Ollama({ host: 'http://127.0.0.1:9', fetch: replay(bytes, kinds.ndjson) })

export async function ollamaChat(bytes) {
  const read = { text: '', reasoning: '', calls: [], tokens: undefined }
  let reason
  for await (const answer of await ollama(bytes).chat({ model: 'm', messages: asked, stream: true })) {
    const { message, done, done_reason: word, prompt_eval_count: prompt, eval_count: completion } = answer
    read.text += message?.content ?? ''
    read.reasoning += message?.thinking ?? ''
    for (const { function: called } of message?.tool_calls ?? []) {
      read.calls.push({ tool: called.name, args: called.arguments })
    }
    if (done) reason = word
    if (done && prompt !== undefined && completion !== undefined) read.tokens = { prompt, completion }
  }
  return { ...read, finish: reason === 'stop' && read.calls.length > 0 ? 'tool-calls' : named(ollamaReasons, reason) }
}

export async function ollamaGenerate(bytes) {
  const read = { text: '', reasoning: '', tokens: undefined }
  let reason
  for await (const answer of await ollama(bytes).generate({ model: 'm', prompt: 'x', stream: true })) {
    read.text += answer.response ?? ''
    read.reasoning += answer.thinking ?? ''
    if (answer.done) {
      reason = answer.done_reason
      read.tokens = { prompt: answer.prompt_eval_count, completion: answer.eval_count }
    }
  }
  return { ...read, finish: named(ollamaReasons, reason) }
}
