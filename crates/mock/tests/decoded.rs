//! Every format as this project's own decoders read it: the same answer, whatever the format.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use millstream_wire::{Completion, Decoder, DecoderOptions, Event, FinishReason, Protocol, Usage};
use serde_json::{Value, json};
use support::{Answer, Client, start};

/// What a format can say.
#[derive(Clone, Copy, PartialEq)]
struct Says {
    reasoning: bool,
    calls: bool,
    /// Whether a finish reason of its own tells that calls were made.
    calls_reason: bool,
    reasoning_tokens: bool,
}

const ALL: Says = Says { reasoning: true, calls: true, calls_reason: true, reasoning_tokens: true };

struct Case {
    protocol: Protocol,
    path: &'static str,
    body: Value,
    says: Says,
}

fn cases() -> Vec<Case> {
    let chat = || json!({ "messages": [{ "role": "user", "content": "How does a mill work?" }], "stream": true });
    let with = |members: Value| {
        let mut body = chat();
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        body
    };
    let model = || with(json!({ "model": "m" }));
    let usage = || with(json!({ "model": "m", "stream_options": { "include_usage": true } }));
    let parts = json!({ "messages": [{ "role": "user", "content": [{ "text": "How does a mill work?" }] }] });
    let contents = json!({ "contents": [{ "role": "user", "parts": [{ "text": "How does a mill work?" }] }] });
    let input = json!({ "model": "m", "input": "How does a mill work?", "stream": true });
    let invoke = with(json!({ "anthropic_version": "bedrock-2023-05-31", "max_tokens": 100 }));
    let text_only = Says { reasoning: false, calls: false, calls_reason: false, reasoning_tokens: false };
    let case = |protocol, path, body, says| Case { protocol, path, body, says };
    vec![
        case(Protocol::OpenAi, "/v1/chat/completions", usage(), ALL),
        case(
            Protocol::OpenAi,
            "/v1/completions",
            json!({ "model": "m", "prompt": "How does a mill work?", "stream": true, "stream_options": { "include_usage": true } }),
            text_only,
        ),
        case(Protocol::OpenAiResponses, "/v1/responses", input.clone(), ALL),
        case(
            Protocol::Anthropic,
            "/v1/messages",
            with(json!({ "model": "m", "max_tokens": 100 })),
            Says { reasoning_tokens: false, ..ALL },
        ),
        case(
            Protocol::Gemini,
            "/v1beta/models/m:streamGenerateContent?alt=sse",
            contents.clone(),
            Says { calls_reason: false, ..ALL },
        ),
        case(Protocol::Gemini, "/v1beta/models/m:streamGenerateContent", contents, Says { calls_reason: false, ..ALL }),
        case(Protocol::GeminiInteractions, "/v1beta/interactions", input, ALL),
        case(Protocol::WorkersAi, "/client/v4/accounts/a/ai/run/@cf/meta/m", chat(), ALL),
        case(Protocol::BedrockConverse, "/model/m%3A0/converse-stream", parts, Says { reasoning_tokens: false, ..ALL }),
        case(
            Protocol::BedrockInvoke,
            "/model/m/invoke-with-response-stream",
            invoke,
            Says { reasoning_tokens: false, ..ALL },
        ),
        case(Protocol::SageMaker, "/endpoints/m/invocations-response-stream", usage(), ALL),
        case(
            Protocol::Ollama,
            "/ollama/api/chat",
            model(),
            Says { calls_reason: false, reasoning_tokens: false, ..ALL },
        ),
        case(
            Protocol::Ollama,
            "/api/generate",
            json!({ "model": "m", "prompt": "How does a mill work?" }),
            Says { reasoning: true, ..text_only },
        ),
        case(Protocol::Cohere, "/v2/chat", model(), Says { reasoning_tokens: false, ..ALL }),
        case(Protocol::Watsonx, "/ml/v1/text/chat_stream?version=2025-01-01", with(json!({ "model_id": "m" })), ALL),
        case(
            Protocol::Watsonx,
            "/ml/v1/text/generation_stream?version=2025-01-01",
            json!({ "model_id": "m", "input": "How does a mill work?" }),
            text_only,
        ),
        case(Protocol::Events, "/api/chat", model(), ALL),
        case(Protocol::Chunk, "/chunk", model(), ALL),
        case(Protocol::Content, "/content", model(), ALL),
        case(Protocol::UiMessage, "/ui-message", model(), ALL),
        case(Protocol::Ndjson, "/ndjson", model(), ALL),
        case(Protocol::Text, "/text", model(), text_only),
    ]
}

/// The formats that no provider has a path for.
fn with_routes(mut options: Value) -> Value {
    options["routes"] = json!({
        "/chunk": "chunk", "/content": "content", "/ui-message": "ui-message", "/ndjson": "ndjson", "/text": "text",
    });
    options
}

/// What was read of an answer.
#[derive(Debug, Default)]
struct Read {
    text: String,
    reasoning: String,
    signatures: usize,
    calls: Vec<(String, String, Value, bool)>,
    usage: Option<Usage>,
    usages: usize,
    finish: Option<FinishReason>,
    error: Option<String>,
    completion: Option<Completion>,
}

fn decode(protocol: Protocol, answer: &Answer, piece: usize) -> Read {
    let content_type = answer.header("content-type").map(str::to_owned);
    let mut decoder = Decoder::new(DecoderOptions { protocol, content_type, ..DecoderOptions::default() });
    let mut read = Read::default();
    let mut sink = |event: Event<'_>| match event {
        Event::Text { text, .. } => read.text.push_str(&text),
        Event::Reasoning { text, signature, .. } => {
            read.reasoning.push_str(&text);
            read.signatures += usize::from(signature.is_some_and(|signature| !signature.is_empty()));
        }
        Event::ToolCall(call) => {
            let arguments = serde_json::from_str(&call.arguments).unwrap_or(Value::String(call.arguments));
            read.calls.push((call.id, call.name, arguments, call.valid));
        }
        Event::Usage(usage) => {
            read.usage = Some(usage);
            read.usages += 1;
        }
        Event::Finish { reason, .. } => read.finish = Some(reason),
        Event::Error(error) => read.error = Some(error.message),
        Event::Start { .. } | Event::ToolCallDelta { .. } | Event::ToolResult(_) | Event::Metadata(_) => {}
    };
    for bytes in answer.bytes().chunks(piece) {
        decoder.feed(bytes, &mut sink).unwrap();
    }
    let completion = decoder.end(&mut sink).unwrap();
    read.completion = Some(completion);
    read
}

const TEXT: &str = "Water turns the wheel: \"wasser\" \\ 水车 🌊.";
const REASONING: &str = "Let me think.\nA mill…";

fn everything() -> Value {
    json!({
        "text": TEXT,
        "reasoning": REASONING,
        "toolCalls": [
            { "name": "search", "id": "given_1", "args": { "query": "mühle am rauschenden bach", "deep": [1, { "a": null }] } },
            { "name": "now" },
        ],
    })
}

#[test]
fn every_format_says_the_same() {
    let server = start(with_routes(everything()));
    let mut client = Client::new(&server);
    for Case { protocol, path, body, says } in cases() {
        let answer = client.ask(path, &body);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        for (how, piece) in [(protocol, usize::MAX), (protocol, 7), (Protocol::Auto, 64)] {
            let read = decode(how, &answer, piece);
            assert_eq!(read.text, TEXT, "{protocol} {path}");
            assert_eq!(read.error, None, "{protocol} {path}");
            assert_eq!(read.completion, Some(Completion::Complete), "{protocol} {path}");
            assert_eq!(read.reasoning, if says.reasoning { REASONING } else { "" }, "{protocol} {path}");
            let calls: Vec<_> = read
                .calls
                .iter()
                .map(|(_, name, arguments, valid)| (name.as_str(), arguments.clone(), *valid))
                .collect();
            if says.calls {
                let query = json!({ "query": "mühle am rauschenden bach", "deep": [1, { "a": null }] });
                assert_eq!(calls, [("search", query, true), ("now", json!({}), true)], "{protocol} {path}");
                assert_eq!(read.calls[0].0, "given_1", "{protocol} {path}");
                assert_ne!(read.calls[1].0, read.calls[0].0, "{protocol} {path}");
            } else {
                assert!(calls.is_empty(), "{protocol} {path}");
            }
            if protocol == Protocol::Text {
                assert_eq!((read.usage, read.finish), (None, Some(FinishReason::Unknown)));
                continue;
            }
            let usage = read.usage.unwrap();
            assert_eq!(read.usages, 1, "{protocol} {path}");
            assert_eq!(usage.prompt_tokens, Some(6), "{protocol} {path}: 21 letters by four");
            let reasoning = if says.reasoning { 5 } else { 0 };
            assert_eq!(usage.completion_tokens, Some(8 + reasoning), "{protocol} {path}: {usage:?}");
            assert_eq!(usage.total_tokens, Some(14 + reasoning), "{protocol} {path}: {usage:?}");
            if says.reasoning_tokens {
                assert_eq!(usage.reasoning_tokens, Some(5), "{protocol} {path}");
            }
            // Formats without a word for it let the calls speak.
            let finishes: &[FinishReason] = match (says.calls, says.calls_reason) {
                (true, true) => &[FinishReason::ToolCalls],
                (true, false) => &[FinishReason::ToolCalls, FinishReason::Stop],
                (false, _) => &[FinishReason::Stop],
            };
            assert!(
                read.finish.is_some_and(|finish| finishes.contains(&finish)),
                "{protocol} {path} {:?}",
                read.finish
            );
        }
    }
}
