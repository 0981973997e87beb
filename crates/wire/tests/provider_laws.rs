//! Any frames of the providers' formats, in any order, whole and broken: the laws of events hold, and cuts make no
//! difference.

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use millstream_wire::Protocol;
use proptest::prelude::*;
use support::{decode, options};

const PROTOCOLS: [Protocol; 8] = [
    Protocol::Anthropic,
    Protocol::OpenAiResponses,
    Protocol::Gemini,
    Protocol::GeminiInteractions,
    Protocol::Ollama,
    Protocol::Cohere,
    Protocol::WorkersAi,
    Protocol::Watsonx,
];

const MESSAGES: [Protocol; 4] =
    [Protocol::BedrockConverse, Protocol::BedrockInvoke, Protocol::SageMaker, Protocol::Auto];

/// Values that stand where a format has others.
const ODD: &[&str] = &["null", "0", "-1", "1e99", "true", "\"\"", "\"x\"", "[]", "[1]", "{}", "{\"a\":{}}"];

const ANTHROPIC: &[&str] = &[
    r#"{"type":"message_start","message":{"id":"m","model":"n","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}"#,
    r#"{"type":"message_start","message":{"content":[{"type":"tool_use","id":"c","name":"f","input":{"a":1}}]}}"#,
    r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
    r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
    r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}"#,
    r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"u","name":"g","input":{"b":2}}}"#,
    r#"{"type":"content_block_start","index":1,"content_block":{"type":"server_tool_use","id":"s","name":"h","input":{}}}"#,
    r#"{"type":"content_block_start","index":2,"content_block":@}"#,
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}"#,
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm"} }"#,
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"ab"}}"#,
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"x\":"}}"#,
    r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"1}"}}"#,
    r#"{"delta":{"partial_json":"1}","type":"input_json_delta"},"type":"content_block_delta"}"#,
    r#"{"type":"content_block_delta","index":@,"delta":@}"#,
    r#"{"type":"content_block_stop","index":0}"#,
    r#"{"type":"content_block_stop","index":1}"#,
    r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":5}}"#,
    r#"{"type":"message_delta","delta":{"stop_reason":@},"usage":@}"#,
    r#"{"type":"message_stop"}"#,
    r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
    r#"{"type":"ping"}"#,
];

const RESPONSES: &[&str] = &[
    r#"{"type":"response.created","response":{"id":"r","model":"m"}}"#,
    r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","call_id":"c","name":"f","arguments":""}}"#,
    r#"{"type":"response.output_item.added","output_index":1,"item":{"type":"message"}}"#,
    r#"{"type":"response.output_item.added","output_index":@,"item":@}"#,
    r#"{"type":"response.output_text.delta","output_index":1,"delta":"Hi","logprobs":@}"#,
    r#"{"type":"response.output_text.delta","delta":@}"#,
    r#"{"type":"response.reasoning_text.delta","output_index":2,"delta":"Hm"}"#,
    r#"{"type":"response.function_call_arguments.delta","output_index":0,"delta":"{"x":"}"#,
    r#"{"type":"response.function_call_arguments.delta","output_index":@,"delta":"1}"}"#,
    r#"{"type":"response.function_call_arguments.done","output_index":0,"arguments":"{"x":1}"}"#,
    r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}}"#,
    r#"{"type":"response.output_item.done","output_index":1,"item":{"type":"message","phase":"x","content":[{"type":"output_text","text":"Hi"}]}}"#,
    r#"{"type":"response.output_item.done","item":{"type":"reasoning","id":"s","summary":[{"text":"Hm"}],"encrypted_content":"c"}}"#,
    r#"{"type":"response.output_item.done","output_index":@,"item":{"type":"shell_call","x":@}}"#,
    r#"{"type":"response.completed","response":{"status":"completed","usage":{"input_tokens":1},"output":[{"type":"message","content":[{"text":"z"}]},@]}}"#,
    r#"{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":@,"usage":@}}"#,
    r#"{"type":"response.failed","response":{"error":@}}"#,
    r#"{"type":"error","message":"no","code":@}"#,
];

const GEMINI: &[&str] = &[
    r#"{"candidates":[{"content":{"parts":[{"text":"Hi"}]}}],"modelVersion":"m","responseId":"r"}"#,
    r#"{"candidates":[{"content":{"parts":[{"text":"Hm","thought":true,"thoughtSignature":"s"}]},"index":1}],"usageMetadata":{"promptTokenCount":1}}"#,
    r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":1}}}]},"finishReason":"STOP"}]}"#,
    r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"g","willContinue":true}}]}}]}"#,
    r#"{"candidates":[{"content":{"parts":[{"functionCall":{"partialArgs":[{"jsonPath":"$.a[0].b","stringValue":"x"}],"willContinue":true}}]}}]}"#,
    r#"{"candidates":[{"content":{"parts":[{"functionCall":{"partialArgs":[{"jsonPath":"$.a[1]","numberValue":@}]}}]}}]}"#,
    r#"{"candidates":[{"content":{"parts":[{"functionCall":@},{"x":@}]},"finishReason":@,"index":@}]}"#,
    r#"{"promptFeedback":{"blockReason":@}}"#,
    r#"{"error":{"code":503,"message":"no"}}"#,
];

const OLLAMA_AND_COHERE: &[&str] = &[
    r#"{"model":"m","message":{"content":"Hi","thinking":@},"done":false}"#,
    r#"{"model":"m","message":{"tool_calls":[{"id":@,"function":{"name":"f","arguments":@}}]},"done":false}"#,
    r#"{"model":"m","response":"Hi","x":@,"done":false}"#,
    r#"{"model":"m","message":{},"done":true,"done_reason":@,"eval_count":@}"#,
    r#"{"type":"message-start","id":"m"}"#,
    r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"Hi","x":@}}}}"#,
    r#"{"type":"tool-plan-delta","delta":{"message":{"tool_plan":"I"}}}"#,
    r#"{"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"c","function":{"name":"f","arguments":""}}}}}"#,
    r#"{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"{}"}}}}}"#,
    r#"{"type":"tool-call-delta","index":@,"delta":@}"#,
    r#"{"type":"tool-call-end","index":0}"#,
    r#"{"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":@}}"#,
    r#"{"event_type":"text-generation","is_finished":false,"text":@}"#,
    r#"{"event_type":"tool-calls-generation","is_finished":false,"tool_calls":[{"name":"f","parameters":@}]}"#,
    r#"{"event_type":"stream-end","is_finished":true,"finish_reason":@,"text":"x","response":@}"#,
];

const INTERACTIONS_AND_OTHERS: &[&str] = &[
    r#"{"event_type":"interaction.created","interaction":{"id":"v","model":"m"}}"#,
    r#"{"event_type":"step.start","index":0,"step":{"type":"thought"}}"#,
    r#"{"event_type":"step.start","index":1,"step":{"type":"function_call","id":"c","name":"f","arguments":@}}"#,
    r#"{"event_type":"step.start","index":@,"step":@}"#,
    r#"{"event_type":"step.delta","index":0,"delta":{"type":"thought_signature","signature":"s"}}"#,
    r#"{"event_type":"step.delta","index":1,"delta":{"type":"arguments_delta","arguments":"{}"}}"#,
    r#"{"event_type":"step.delta","index":2,"delta":{"type":"text","text":"Hi"}}"#,
    r#"{"event_type":"step.stop","index":1}"#,
    r#"{"event_type":"interaction.completed","interaction":{"status":@,"usage":{"total_tokens":@}}}"#,
    r#"{"model_id":"m","results":[{"generated_text":"Hi","input_token_count":@,"stop_reason":@}]}"#,
    r#"{"response":"Hi","p":"x","usage":@}"#,
    r#"{"tool_calls":[{"name":"f","arguments":@}]}"#,
    r#"{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":@}]}"#,
];

fn frames() -> Vec<&'static str> {
    [ANTHROPIC, RESPONSES, GEMINI, OLLAMA_AND_COHERE, INTERACTIONS_AND_OTHERS].concat()
}

/// A frame of one of the formats, at times with a value in it that is none of its own.
fn frame() -> impl Strategy<Value = String> {
    (prop::sample::select(frames()), prop::sample::select(ODD)).prop_map(|(frame, odd)| frame.replace('@', odd))
}

/// What a body is made of.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => frame().prop_map(|frame| format!("data: {frame}\n\n")),
        2 => (frame(), prop::sample::select(vec!["error", "ping", "message", "done", "content_block_delta"]))
            .prop_map(|(frame, name)| format!("event: {name}\r\ndata: {frame}\r\n\r\n")),
        2 => frame().prop_map(|frame| format!("{frame}\n")),
        1 => frame().prop_map(|frame| format!("data: {frame}{frame}\n\n")),
        1 => frame().prop_map(|frame| format!("data: {frame}[DONE]{frame}\n\n")),
        1 => (frame(), any::<prop::sample::Index>()).prop_map(|(frame, at)| {
            let cut: String = frame.chars().take(at.index(frame.len())).collect();
            format!("data: {cut}\n\n")
        }),
        1 => prop::sample::select(vec!["data: [DONE]\n\n", "[", ",", "]", "\n", ": x\n", "data: null\n\n"])
            .prop_map(str::to_owned),
    ]
}

const KINDS: [Option<&str>; 4] =
    [None, Some("text/event-stream"), Some("application/json"), Some("application/x-ndjson")];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// `decode` checks the laws.
    #[test]
    fn any_frames_keep_the_laws_and_read_the_same_at_any_split(
        pieces in prop::collection::vec(piece(), 0..14), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8)
    ) {
        let body = pieces.concat().into_bytes();
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
        at.sort_unstable();
        for protocol in PROTOCOLS.into_iter().chain([Protocol::Auto, Protocol::Ndjson]) {
            for kind in KINDS {
                for max_event_bytes in [1 << 20, 2048] {
                    let options = millstream_wire::DecoderOptions { max_event_bytes, ..options(protocol, kind) };
                    let expected = decode(options.clone(), [&*body]);
                    let mut from = 0;
                    let mut pieces: Vec<&[u8]> = Vec::new();
                    for &cut in &at {
                        pieces.push(&body[from..cut]);
                        from = cut;
                    }
                    pieces.push(&body[from..]);
                    prop_assert_eq!(decode(options, pieces), expected, "{} {:?}", protocol, kind);
                }
            }
        }
    }
}

const EVENTS: [&str; 7] =
    ["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata", "chunk"];

const CONVERSE: &[&str] = &[
    r#"{"contentBlockIndex":0,"delta":{"text":"Hi"}}"#,
    r#"{"contentBlockIndex":1,"start":{"toolUse":{"toolUseId":"t","name":"f"}}}"#,
    r#"{"contentBlockIndex":1,"delta":{"toolUse":{"input":"{\"x\":1}"}}}"#,
    r#"{"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"u","name":"g","type":"server_tool_use"}}}"#,
    r#"{"contentBlockIndex":2,"delta":{"reasoningContent":{"signature":"s","text":@}}}"#,
    r#"{"contentBlockIndex":@,"delta":@}"#,
    r#"{"contentBlockIndex":1}"#,
    r#"{"stopReason":"tool_use","x":@}"#,
    r#"{"usage":{"inputTokens":1,"outputTokens":@}}"#,
    r#"{"message":"no","originalStatusCode":@}"#,
    r#"{"outputText":"Hi","completionReason":@}"#,
];

/// An AWS message: an event, a model's event in base64, a part of another body, or an exception.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let odd = |(frame, odd): (&str, &str)| frame.replace('@', odd);
    let event = (prop::sample::select(EVENTS.to_vec()), prop::sample::select(CONVERSE), prop::sample::select(ODD))
        .prop_map(move |(name, frame, value)| ("event", name, odd((frame, value)).into_bytes()));
    let chunk = prop_oneof![frame(), (prop::sample::select(CONVERSE), prop::sample::select(ODD)).prop_map(odd)]
        .prop_map(|frame| ("event", "chunk", format!("{{\"bytes\":\"{}\"}}", STANDARD.encode(frame)).into_bytes()));
    let part = piece().prop_map(|piece| ("event", "PayloadPart", piece.into_bytes()));
    let exception = frame().prop_map(|frame| ("exception", "throttlingException", frame.into_bytes()));
    prop_oneof![4 => event, 4 => chunk, 4 => part, 1 => exception]
        .prop_map(|(kind, name, payload)| support::message(kind, name, &payload))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_messages_keep_the_laws_and_read_the_same_at_any_split(
        messages in prop::collection::vec(message(), 0..14), flip in prop::option::of(any::<prop::sample::Index>()),
        piece in 1..90_usize,
    ) {
        let mut body = messages.concat();
        if let Some(flip) = flip.filter(|_| !body.is_empty()) {
            let at = flip.index(body.len());
            body[at] ^= 0x10;
        }
        for protocol in MESSAGES {
            for max_event_bytes in [1 << 20, 2048] {
                let options = options(protocol, Some("application/vnd.amazon.eventstream"));
                let options = millstream_wire::DecoderOptions { max_event_bytes, ..options };
                let expected = decode(options.clone(), [&*body]);
                prop_assert_eq!(decode(options, body.chunks(piece)), expected, "{}", protocol);
            }
        }
    }
}
