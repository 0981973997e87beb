//! Every recorded stream of Bedrock and SageMaker: what is read equals an independent reading, however it is cut.
#![expect(clippy::unwrap_used, reason = "a test")]

mod support;

use millstream_wire::{Completion, Protocol};
use serde_json::Value;
use support::replay::{is_found_out, raw_of, reads_the_same_however_it_is_cut, same, text_of, whole};
use support::{Choice, Decoded, Recording, recordings};

const KIND: &str = "application/vnd.amazon.eventstream";
const APIS: [(&str, Protocol); 3] = [
    ("converse-stream", Protocol::BedrockConverse),
    ("invoke-with-response-stream", Protocol::BedrockInvoke),
    ("invoke-endpoint-with-response-stream", Protocol::SageMaker),
];

fn of(api: &str) -> Vec<Recording> {
    recordings(&[api])
}

/// Calls of the caller's tools: the independent reading has those of the provider's own among them.
fn assert_calls(decoded: &Decoded, choice: &Choice, oracle: &Value, file: &str) {
    let own: Vec<String> = decoded
        .metadata()
        .iter()
        .filter_map(|value| value["content_block"]["toolUseId"].as_str().map(str::to_owned))
        .collect();
    let mut expected = oracle["tool_calls"].clone();
    expected.as_array_mut().unwrap().retain(|call| !own.iter().any(|id| call["id"] == **id));
    support::replay::assert_calls(choice, &expected, file);
    for (.., arguments, valid) in choice.calls.values() {
        assert_eq!(*valid, serde_json::from_str::<Value>(arguments).is_ok(), "{file}: {arguments}");
    }
}

#[test]
fn converse_reads_what_an_independent_reading_reads() {
    for recording in of("converse-stream") {
        let file = &recording.file;
        let decoded = whole(&recording, Protocol::BedrockConverse, KIND);
        let answer = decoded.answer();
        let oracle = &recording.oracle;
        let choice = answer.choices.get(&0).cloned().unwrap_or_default();
        assert_eq!(choice.text, text_of(&oracle["text"]), "{file}");
        assert_eq!(choice.reasoning, text_of(&oracle["reasoning"]), "{file}");
        assert_eq!(choice.signatures.join(""), text_of(&oracle["signature"]), "{file}");
        assert_calls(&decoded, &choice, oracle, file);
        assert_eq!(decoded.end, Ok(Completion::Complete), "{file}");
        if let Some(errors) = oracle["errors"].as_array() {
            let error = decoded.error().unwrap();
            assert_eq!(error.message, text_of(&errors[0]["body"]["message"]), "{file}");
            assert_eq!(error.kind.as_deref(), errors[0]["type"].as_str(), "{file}");
            continue;
        }
        assert_eq!(decoded.finish().unwrap().1, oracle["stop_reason"].as_str(), "{file}");
        match answer.usage.first() {
            Some(usage) => {
                assert!(same(&raw_of(usage), &oracle["usage"]), "{file}: {}", raw_of(usage));
                assert_eq!(usage.completion_tokens, oracle["usage"]["outputTokens"].as_u64(), "{file}");
                assert_eq!(usage.total_tokens, oracle["usage"]["totalTokens"].as_u64(), "{file}");
            }
            None => assert!(oracle["usage"].is_null(), "{file}"),
        }
    }
}

#[test]
fn invoke_reads_what_an_independent_reading_reads() {
    for recording in of("invoke-with-response-stream") {
        let file = &recording.file;
        let decoded = whole(&recording, Protocol::BedrockInvoke, KIND);
        let answer = decoded.answer();
        let oracle = &recording.oracle;
        let choice = answer.choices.get(&0).cloned().unwrap_or_default();
        let text = match text_of(&oracle["text"]) {
            // The independent reading takes the first Claude's objects for Anthropic's events.
            "" if file.contains("claude-v2-1") => " The capital of France is Paris.",
            text => text,
        };
        assert_eq!(choice.text, text, "{file}");
        assert_eq!(choice.reasoning, text_of(&oracle["reasoning"]), "{file}");
        let signatures = oracle["signatures"].as_array().into_iter().flatten().map(text_of);
        assert_eq!(choice.signatures, signatures.collect::<Vec<_>>(), "{file}");
        if oracle["tool_calls"].is_array() {
            assert_calls(&decoded, &choice, oracle, file);
        }
        assert_eq!(decoded.end, Ok(Completion::Complete), "{file}");
        if let Some(reason) = oracle["stop_reason"].as_str() {
            assert_eq!(decoded.finish().unwrap().1, Some(reason), "{file}");
        }
        let usage = &answer.usage[0];
        if oracle["usage"].as_object().is_some_and(|usage| !usage.is_empty()) {
            assert!(same(&raw_of(usage), &oracle["usage"]), "{file}: {}", raw_of(usage));
        } else if file.contains("cohere.command-r-v1") {
            // It counts its template too, which Bedrock does not.
            assert_eq!((usage.prompt_tokens, usage.completion_tokens), (Some(73), Some(8)), "{file}");
        } else if let Some(metrics) = oracle["invocationMetrics"].as_object() {
            assert_eq!(usage.prompt_tokens, metrics["inputTokenCount"].as_u64(), "{file}");
            assert_eq!(usage.completion_tokens, metrics["outputTokenCount"].as_u64(), "{file}");
        }
    }
}

#[test]
fn sagemakers_parts_are_put_together_before_they_are_read() {
    for recording in of("invoke-endpoint-with-response-stream") {
        use base64::Engine as _;
        let file = &recording.file;
        let decoded = whole(&recording, Protocol::SageMaker, KIND);
        let payload = recording.oracle["payload_b64"].as_str().unwrap();
        let body = base64::engine::general_purpose::STANDARD.decode(payload).unwrap();
        let inner = support::decode(support::options(Protocol::OpenAi, None), [&*body]);
        assert_eq!(decoded.answer().choices, inner.answer().choices, "{file}");
        if file.contains("model-stream-error") {
            let error = decoded.error().unwrap();
            assert_eq!(error.kind.as_deref(), Some("ModelStreamError"), "{file}");
            assert_eq!(error.code.as_deref(), Some("StreamBroken"), "{file}");
            assert!(error.message.ends_with("the connection was reset."), "{file}");
        } else {
            assert_eq!(decoded, inner, "{file}");
        }
    }
}

#[test]
fn cuts_make_no_difference() {
    for (api, protocol) in APIS {
        for recording in of(api) {
            reads_the_same_however_it_is_cut(&recording, protocol, KIND);
        }
    }
}

#[test]
fn is_found_out_by_the_content_type_and_the_first_message() {
    for (api, protocol) in APIS {
        for recording in of(api) {
            is_found_out(&recording, protocol, &[Some(KIND)]);
        }
    }
}
