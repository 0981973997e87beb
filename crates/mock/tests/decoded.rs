//! Every format as this project's own decoders read it: the same answer, whatever the format.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use millstream_wire::providers::error_body::parse_error_body;
use millstream_wire::{Completion, Decoder, DecoderOptions, Event, FinishReason, Protocol, Usage};
use serde_json::{Value, json};
use support::{Answer, Client, Ending, start};

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

#[test]
fn failures_inside_a_stream_are_read_as_such() {
    let server = start(with_routes(json!({
        "text": "one two three",
        "error": { "afterTokens": 2, "message": "mill on fire", "status": 503 },
    })));
    let mut client = Client::new(&server);
    for Case { protocol, path, body, .. } in cases() {
        let answer = client.ask(path, &body);
        assert_eq!((answer.status, answer.ending), (200, Ending::Whole), "{path}");
        let read = decode(protocol, &answer, 5);
        assert_eq!(read.text, "one two", "{protocol} {path}");
        if protocol == Protocol::Text {
            continue;
        }
        assert_eq!(read.error.as_deref(), Some("mill on fire"), "{protocol} {path}: {}", answer.text());
        assert_eq!((read.finish, read.completion), (None, Some(Completion::Complete)), "{protocol} {path}");
    }
}

#[test]
fn a_token_may_be_longer_than_anything_that_is_held() {
    const BYTES: usize = 150_000;
    let server = start(with_routes(json!({ "text": "one two", "hugeEvent": { "afterTokens": 1, "bytes": BYTES } })));
    let mut client = Client::new(&server);
    for Case { protocol, path, body, .. } in cases() {
        let read = decode(protocol, &client.ask(path, &body), 4096);
        // Base64 has four letters for three bytes.
        let length = if protocol == Protocol::BedrockInvoke { BYTES / 4 * 3 } else { BYTES };
        assert_eq!((read.error, read.completion), (None, Some(Completion::Complete)), "{protocol} {path}");
        assert!(read.text == format!("one{} two", "x".repeat(length)), "{protocol} {path}: {}", read.text.len());
    }
}

#[test]
fn what_is_left_out_is_missed() {
    let server = start(with_routes(json!({ "text": "one two", "omit": ["start", "finish", "usage", "done"] })));
    let mut client = Client::new(&server);
    for Case { protocol, path, body, .. } in cases() {
        let read = decode(protocol, &client.ask(path, &body), usize::MAX);
        assert_eq!((read.text.as_str(), read.error), ("one two", None), "{protocol} {path}");
        assert_eq!(read.usage, None, "{protocol} {path}");
        if protocol != Protocol::Text {
            assert_eq!(read.completion, Some(Completion::Truncated), "{protocol} {path}");
        }
    }
}

#[test]
fn counts_may_be_told_that_nobody_counted() {
    let told = json!({ "promptTokens": 1000, "completionTokens": 300, "reasoningTokens": 120 });
    let server = start(with_routes(json!({ "text": "one two", "reasoning": "hm", "usage": told })));
    let mut client = Client::new(&server);
    for Case { protocol, path, mut body, says } in cases() {
        if protocol == Protocol::Text {
            continue;
        }
        // Told, asked for or not.
        body.as_object_mut().unwrap().remove("stream_options");
        let read = decode(protocol, &client.ask(path, &body), usize::MAX);
        let usage = read.usage.unwrap();
        assert_eq!(read.text, "one two", "{protocol} {path}");
        assert_eq!((usage.prompt_tokens, usage.completion_tokens), (Some(1000), Some(300)), "{protocol} {path}");
        if says.reasoning_tokens {
            assert_eq!(usage.reasoning_tokens, Some(120), "{protocol} {path}");
        }
    }
    let whole = client.ask("/v1/chat/completions", &json!({ "model": "m", "messages": [] })).json();
    assert_eq!(whole["choices"][0]["message"]["content"], "one two");
    assert_eq!(whole["usage"]["total_tokens"], 1300);
    for (usage, part) in [
        (json!("yes"), "a boolean or an object"),
        (json!({ "tokens": 1 }), "Unknown option `usage.tokens`"),
        (json!({ "completionTokens": 1, "reasoningTokens": 2 }), "no more than `usage.completionTokens`"),
    ] {
        let refused = support::refusal(json!({ "usage": usage }));
        assert!(refused.contains(part), "{refused}");
    }
}

#[test]
fn heartbeats_say_nothing() {
    let server = start(with_routes(json!({
        "text": "one two", "stall": { "afterTokens": 1, "resumeAfter": 120 }, "keepAlive": 15,
    })));
    let quiet = start(with_routes(json!({ "text": "one two" })));
    for Case { protocol, path, body, .. } in cases() {
        // Plain text has none.
        if protocol == Protocol::Text {
            continue;
        }
        let answer = Client::new(&server).ask(path, &body);
        let without = Client::new(&quiet).ask(path, &body);
        assert!(answer.chunks.len() > without.chunks.len(), "{protocol} {path}");
        let read = decode(protocol, &answer, usize::MAX);
        assert_eq!((read.text.as_str(), read.error), ("one two", None), "{protocol} {path}");
        assert_eq!(read.completion, Some(Completion::Complete), "{protocol} {path}");
    }
}

#[test]
fn a_payload_comes_in_parts_of_any_length() {
    let (_, body) = of(Protocol::SageMaker);
    let path = "/endpoints/m/invocations-response-stream";
    for parts in [json!(1), json!(50), json!("random")] {
        let mut options = everything();
        options["partBytes"] = parts;
        let answer = Client::new(&start(options)).ask(path, &body);
        let read = decode(Protocol::SageMaker, &answer, 11);
        assert_eq!((read.text.as_str(), read.calls.len()), (TEXT, 2));
        let parts = answer.bytes().windows(11).filter(|window| window == b"PayloadPart").count();
        assert!(parts > answer.chunks.len(), "{parts}");
    }
}

fn of(protocol: Protocol) -> (&'static str, Value) {
    let case = cases().into_iter().find(|case| case.protocol == protocol).unwrap();
    (case.path, case.body)
}

/// Where each format has what in a whole answer: text, reasoning, a call's arguments, tokens of the answer, the reason.
#[test]
fn every_format_says_the_same_whole() {
    let server = start(everything());
    let mut client = Client::new(&server);
    let body = |protocol| {
        let (_, mut body) = of(protocol);
        body["stream"] = json!(false);
        body
    };
    let arguments = json!({ "query": "mühle am rauschenden bach", "deep": [1, { "a": null }] });
    for (path, body, text, reasoning, call, tokens, reason) in [
        (
            "/v1/chat/completions",
            body(Protocol::OpenAi),
            "/choices/0/message/content",
            "/choices/0/message/reasoning_content",
            "/choices/0/message/tool_calls/0/function/arguments",
            "/usage/completion_tokens",
            ("/choices/0/finish_reason", "tool_calls"),
        ),
        (
            "/v1/responses",
            body(Protocol::OpenAiResponses),
            "/output/1/content/0/text",
            "/output/0/summary/0/text",
            "/output/2/arguments",
            "/usage/output_tokens",
            ("/status", "completed"),
        ),
        (
            "/v1/messages",
            body(Protocol::Anthropic),
            "/content/1/text",
            "/content/0/thinking",
            "/content/2/input",
            "/usage/output_tokens",
            ("/stop_reason", "tool_use"),
        ),
        (
            "/v1beta/models/m:generateContent",
            body(Protocol::Gemini),
            "/candidates/0/content/parts/1/text",
            "/candidates/0/content/parts/0/text",
            "/candidates/0/content/parts/2/functionCall/args",
            "",
            ("/candidates/0/finishReason", "STOP"),
        ),
        (
            "/v1beta/interactions",
            body(Protocol::GeminiInteractions),
            "/steps/1/content/0/text",
            "/steps/0/summary/0/text",
            "/steps/2/arguments",
            "",
            ("/status", "requires_action"),
        ),
        (
            "/accounts/a/ai/run/@cf/m",
            body(Protocol::WorkersAi),
            "/result/choices/0/message/content",
            "/result/choices/0/message/reasoning_content",
            "/result/choices/0/message/tool_calls/0/function/arguments",
            "/result/usage/completion_tokens",
            ("/result/choices/0/finish_reason", "tool_calls"),
        ),
        (
            "/model/m/converse",
            body(Protocol::BedrockConverse),
            "/output/message/content/1/text",
            "/output/message/content/0/reasoningContent/reasoningText/text",
            "/output/message/content/2/toolUse/input",
            "/usage/outputTokens",
            ("/stopReason", "tool_use"),
        ),
        (
            "/model/m/invoke",
            body(Protocol::BedrockInvoke),
            "/content/1/text",
            "/content/0/thinking",
            "/content/2/input",
            "/usage/output_tokens",
            ("/stop_reason", "tool_use"),
        ),
        (
            "/endpoints/m/invocations",
            body(Protocol::SageMaker),
            "/choices/0/message/content",
            "/choices/0/message/reasoning_content",
            "/choices/0/message/tool_calls/0/function/arguments",
            "/usage/completion_tokens",
            ("/choices/0/finish_reason", "tool_calls"),
        ),
        (
            "/ollama/api/chat",
            body(Protocol::Ollama),
            "/message/content",
            "/message/thinking",
            "/message/tool_calls/0/function/arguments",
            "/eval_count",
            ("/done_reason", "stop"),
        ),
        (
            "/v2/chat",
            body(Protocol::Cohere),
            "/message/content/1/text",
            "/message/content/0/thinking",
            "/message/tool_calls/0/function/arguments",
            "/usage/tokens/output_tokens",
            ("/finish_reason", "TOOL_CALL"),
        ),
        (
            "/ml/v1/text/chat",
            body(Protocol::Watsonx),
            "/choices/0/message/content",
            "/choices/0/message/reasoning_content",
            "/choices/0/message/tool_calls/0/function/arguments",
            "/usage/completion_tokens",
            ("/choices/0/finish_reason", "tool_calls"),
        ),
    ] {
        let answer = client.ask(path, &body);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{path}");
        let whole = answer.json();
        let at = |pointer: &str| whole.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!((at(text), at(reasoning)), (json!(TEXT), json!(REASONING)), "{path} {whole}");
        let given = match at(call) {
            Value::String(text) => serde_json::from_str(&text).unwrap(),
            value => value,
        };
        assert_eq!(given, arguments, "{path}");
        assert_eq!(at(reason.0), reason.1, "{path}");
        if !tokens.is_empty() {
            assert_eq!(at(tokens), 13, "{path}");
        }
    }
    // Without reasoning, Workers AI has words of its own.
    let plain = start(json!({ "text": "Hi", "toolCalls": [{ "name": "now" }] }));
    let (_, mut body) = of(Protocol::WorkersAi);
    body["stream"] = json!(false);
    let whole = Client::new(&plain).ask("/accounts/a/ai/run/@cf/m", &body).json();
    assert_eq!((&whole["success"], &whole["result"]["response"]), (&json!(true), &json!("Hi")));
    assert_eq!(whole["result"]["tool_calls"], json!([{ "name": "now", "arguments": {} }]));
    // So it has in a stream.
    let answer = Client::new(&plain).ask("/accounts/a/ai/run/@cf/m", &of(Protocol::WorkersAi).1);
    assert!(answer.text().starts_with("data: {\"response\":\"Hi\",\"p\":"), "{}", answer.text());
    let read = decode(Protocol::WorkersAi, &answer, 9);
    assert_eq!(
        (read.text.as_str(), read.calls[0].1.as_str(), read.finish),
        ("Hi", "now", Some(FinishReason::ToolCalls))
    );
}

#[test]
fn each_api_honours_its_own_name_of_the_limit_and_echoes_the_last_question() {
    let server = start(json!({ "echo": true }));
    let mut client = Client::new(&server);
    for (protocol, pointer) in [
        (Protocol::OpenAiResponses, "max_output_tokens"),
        (Protocol::GeminiInteractions, "generation_config/max_output_tokens"),
        (Protocol::WorkersAi, "max_tokens"),
        (Protocol::BedrockConverse, "inferenceConfig/maxTokens"),
        (Protocol::BedrockInvoke, "max_tokens"),
        (Protocol::SageMaker, "max_tokens"),
        (Protocol::Ollama, "options/num_predict"),
        (Protocol::Cohere, "max_tokens"),
        (Protocol::Watsonx, "max_tokens"),
    ] {
        let (path, mut body) = of(protocol);
        assert_eq!(decode(protocol, &client.ask(path, &body), 64).text, "How does a mill work?", "{protocol}");
        match pointer.split_once('/') {
            Some((outer, inner)) => body[outer] = json!({ inner: 2 }),
            None => body[pointer] = json!(2),
        }
        let read = decode(protocol, &client.ask(path, &body), 64);
        assert_eq!((read.text.as_str(), read.finish), ("How does", Some(FinishReason::Length)), "{protocol}");
    }
}

#[test]
fn refusals_are_read_from_each_apis_own_shape() {
    let server = start(with_routes(json!({ "text": "x", "script": [{}] })));
    let mut client = Client::new(&server);
    for status in [400, 401, 403, 404, 408, 413, 424, 429, 500, 503, 504, 529] {
        server.respond_with(&json!({ "status": status }).to_string()).unwrap();
        for Case { protocol, path, body, .. } in cases() {
            let answer = client.ask(path, &body);
            assert_eq!(answer.status, status, "{path}");
            let kind = answer.header("content-type").map(str::to_owned);
            let error = parse_error_body(status, kind.as_deref(), &answer.bytes());
            let error = error.unwrap_or_else(|| panic!("{protocol} {path} {status}: {}", answer.text()));
            assert!(error.message.len() > 8, "{protocol} {path} {status}: {error:?}");
            assert!(!error.message.starts_with('{'), "{protocol} {path} {status}: {error:?}");
            if path.starts_with("/model/") || path.starts_with("/endpoints/") {
                assert!(answer.header("x-amzn-errortype").is_some(), "{path}");
            }
        }
    }
}

#[test]
fn keys_are_asked_for_where_each_api_has_them() {
    let server = start(json!({ "text": "x", "apiKey": "KEY0123456789" }));
    let mut client = Client::new(&server);
    let signed =
        "AWS4-HMAC-SHA256 Credential=KEY0123456789/20260101/eu-west-1/bedrock/aws4_request, SignedHeaders=host";
    for (protocol, right) in [
        (Protocol::OpenAiResponses, "Bearer KEY0123456789"),
        (Protocol::WorkersAi, "Bearer KEY0123456789"),
        (Protocol::BedrockConverse, signed),
        (Protocol::BedrockInvoke, "Bearer KEY0123456789"),
        (Protocol::SageMaker, signed),
        (Protocol::Ollama, "Bearer KEY0123456789"),
        (Protocol::Cohere, "Bearer KEY0123456789"),
        (Protocol::Watsonx, "Bearer KEY0123456789"),
    ] {
        let (path, body) = of(protocol);
        let wrong = right.replace("0123456789", "canary");
        for (given, expected) in [(None, false), (Some(wrong.as_str()), false), (Some(right), true)] {
            let headers: Vec<_> = given.map(|value| ("authorization", value)).into_iter().collect();
            client.post(path, &body, &headers);
            let answer = client.answer();
            assert_eq!(answer.status == 200, expected, "{protocol} {given:?}");
            assert!(!answer.text().contains("canary") && !answer.text().contains("0123456789"), "{protocol}");
            if !expected {
                assert!(matches!(answer.status, 401 | 403), "{protocol}");
                let error = parse_error_body(answer.status, answer.header("content-type"), &answer.bytes()).unwrap();
                assert!(error.message.len() > 8, "{protocol}: {error:?}");
            }
        }
    }
}

#[test]
fn what_each_api_needs_is_asked_for() {
    let server = start(json!({ "text": "x" }));
    let mut client = Client::new(&server);
    for (path, body, part) in [
        ("/v1/responses", json!({ "model": "m" }), "input"),
        ("/v1beta/interactions", json!({ "model": "m" }), "input"),
        ("/v1beta/interactions", json!({ "input": "x" }), "model"),
        ("/ai/run/@cf/m", json!({}), "messages"),
        ("/model/m/converse", json!({}), "messages"),
        ("/model/m/invoke", json!({ "messages": [], "max_tokens": 1 }), "anthropic_version"),
        ("/model/m/invoke", json!({ "anthropic_version": "x", "messages": [] }), "max_tokens"),
        ("/ollama/api/chat", json!({ "messages": [] }), "model"),
        ("/v2/chat", json!({ "model": "m" }), "message"),
        ("/ml/v1/text/chat", json!({ "messages": [] }), "model_id"),
        ("/ml/v1/text/chat", json!({ "model_id": "m" }), "messages"),
        ("/v1/completions", json!({ "prompt": "x" }), "model"),
    ] {
        let answer = client.ask(path, &body);
        assert_eq!(answer.status, 400, "{path}");
        let error = parse_error_body(400, answer.header("content-type"), &answer.bytes()).unwrap();
        assert!(error.message.contains(part), "{path}: {error:?}");
    }
}

#[test]
fn a_protocol_answers_at_every_path() {
    let server =
        start(json!({ "text": "Hi there", "script": [{ "protocol": "ollama" }, { "protocol": "cohere" }, {}] }));
    let mut client = Client::new(&server);
    let mut ask = |path| client.ask(path, &support::question());
    assert_eq!(decode(Protocol::Ollama, &ask("/no/such/path"), 64).text, "Hi there");
    assert_eq!(decode(Protocol::Cohere, &ask("/v1/messages"), 64).text, "Hi there");
    assert_eq!(ask("/no/such/path").status, 404, "this one says none");
    assert_eq!(decode(Protocol::OpenAi, &ask("/v1/chat/completions"), 64).text, "Hi there");
    let forced = start(json!({ "text": "Hi", "protocol": "bedrock-converse" }));
    let mut client = Client::new(&forced);
    let answer = client.ask("/api/chat", &support::question());
    assert_eq!(answer.header("content-type"), Some("application/vnd.amazon.eventstream"));
    assert_eq!(decode(Protocol::Auto, &answer, 64).text, "Hi");
    assert_eq!(client.get("/health").status, 200);
    assert_eq!(client.get("/v1/models").status, 200);
    let refused = support::refusal(json!({ "protocol": "soap" }));
    assert!(refused.contains("'openai', 'openai-responses'") && refused.contains("'ndjson' or 'text'"), "{refused}");
}

#[test]
fn models_are_named_as_the_path_names_them() {
    let server = start(json!({ "text": "x" }));
    let mut client = Client::new(&server);
    let body = json!({ "messages": [], "prompt": "x", "max_tokens": 1 });
    let azure = client.ask("/openai/deployments/my%20gpt/chat/completions", &json!({ "messages": [] })).json();
    assert_eq!(azure["model"], "my gpt");
    let vertex = client.ask("/v1/projects/p/publishers/anthropic/models/claude@1:rawPredict", &body).json();
    assert_eq!((&vertex["type"], &vertex["model"]), (&json!("message"), &json!("claude@1")));
}
