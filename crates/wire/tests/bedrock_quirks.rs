//! What Bedrock and SageMaker do, each in a body of its own under `fixtures/bedrock-converse`, `fixtures/bedrock-invoke`
//! and `fixtures/sagemaker`.

mod support;

use millstream_wire::{Completion, DecodeError, Protocol};
use serde_json::json;
use support::{Decoded, decode, message, options};

const KIND: &str = "application/vnd.amazon.eventstream";

fn converse(name: &str) -> Decoded {
    support::replay::fixture("bedrock-converse", name, Protocol::BedrockConverse, KIND)
}

fn invoke(name: &str) -> Decoded {
    support::replay::fixture("bedrock-invoke", name, Protocol::BedrockInvoke, KIND)
}

fn sagemaker(name: &str) -> Decoded {
    support::replay::fixture("sagemaker", name, Protocol::SageMaker, KIND)
}

#[test]
fn text_reasoning_and_usage_are_read() {
    let decoded = converse("text");
    assert_eq!((decoded.text().as_str(), decoded.finish()), ("Hello ☃ \"x\"\n", Some(("stop", Some("end_turn")))));
    let usage = decoded.usage()[0];
    assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (Some(14), Some(5), Some(19)));
    assert_eq!((usage.cached_tokens, decoded.metadata()), (Some(4), vec![&json!({"metrics": {"latencyMs": 7}})]));
    let decoded = converse("reasoning");
    let choice = decoded.answer().choices.remove(&0).unwrap();
    assert_eq!((choice.reasoning.as_str(), choice.text.as_str()), ("Hm", "Hi"));
    assert_eq!(choice.signatures, ["abcd"]);
    assert_eq!(decoded.metadata()[0], &json!({"redactedContent": "xx"}));
    assert_eq!(converse("guardrail").finish(), Some(("content-filter", Some("guardrail_intervened"))));
}

#[test]
fn calls_are_whole_or_not_valid() {
    let decoded = converse("calls");
    assert_eq!(decoded.calls(), [("weather", "{\"city\": \"Rome\"}", true), ("now", "{}", true)]);
    assert_eq!(decoded.finish(), Some(("tool-calls", Some("tool_use"))));
    let decoded = converse("call-cut");
    assert_eq!((decoded.calls(), decoded.end.clone()), (vec![("weather", "{\"ci", false)], Ok(Completion::Truncated)));
    assert_eq!(converse("call-out-of-tokens").calls(), [("weather", "{\"ci", false)]);
}

#[test]
fn tools_of_the_provider_are_no_calls_of_ours() {
    let decoded = converse("tools-of-the-provider");
    assert_eq!((decoded.calls().len(), decoded.text().as_str()), (0, "Hi"));
    let metadata = decoded.metadata();
    assert_eq!(metadata[0]["content_block"]["input"], json!({"q": "x"}));
    assert_eq!(metadata[1]["toolResult"]["status"], "success");
    assert_eq!(metadata[2]["toolResult"], json!([{"text": "r"}]));
    assert_eq!(metadata[3]["citation"]["location"]["web"]["url"], "https://a.example");
}

#[test]
fn an_exception_message_is_the_end_with_its_name_and_status() {
    for (decoded, message, kind, status) in [
        (converse("exception"), "Too many requests, please wait.", "throttlingException", 429),
        (converse("model-exception"), "It broke.", "modelStreamErrorException", 500),
        (converse("exception-first"), "No such thing.", "validationException", 400),
        (invoke("exception"), "Too slow.", "modelTimeoutException", 408),
    ] {
        let error = decoded.error().unwrap();
        assert_eq!((error.message.as_str(), error.kind.as_deref()), (message, Some(kind)));
        assert_eq!(error.status, Some(status), "{kind}");
    }
    assert_eq!(converse("exception").text(), "Hel");
    let decoded = converse("unmodelled-error");
    let error = decoded.error().unwrap();
    assert_eq!(
        (error.message.as_str(), error.code.as_deref()),
        ("An internal server error occurred", Some("InternalError"))
    );
}

#[test]
fn a_message_that_was_cut_says_nothing() {
    let decoded = converse("cut");
    assert_eq!((decoded.text().as_str(), decoded.end.clone()), ("Hel", Ok(Completion::Truncated)));
    let mut broken =
        std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/bedrock-converse/text.bin")).unwrap();
    broken[200] ^= 1;
    let decoded = decode(options(Protocol::BedrockConverse, Some(KIND)), [&*broken]);
    assert!(matches!(decoded.end, Err(DecodeError::Malformed { format: "aws-event-stream", .. })));
}

#[test]
fn every_models_own_events_are_read_out_of_base64() {
    for (name, reason) in [
        ("anthropic", "end_turn"),
        ("nova", "end_turn"),
        ("titan", "FINISH"),
        ("llama", "stop"),
        ("mistral", "stop"),
        ("claude-2", "stop_sequence"),
        ("cohere", "COMPLETE"),
        ("ai21", "stop"),
    ] {
        let decoded = invoke(name);
        assert_eq!((decoded.text().as_str(), decoded.finish()), ("Hello ☃", Some(("stop", Some(reason)))), "{name}");
        let usage = decoded.usage()[0];
        assert_eq!((usage.prompt_tokens, usage.completion_tokens), (Some(7), Some(3)), "{name}");
    }
}

#[test]
fn payload_parts_do_not_line_up_with_the_events_in_them() {
    for name in ["events-in-odd-parts", "lines-in-one-part", "lines-in-odd-parts"] {
        let decoded = sagemaker(name);
        assert_eq!((decoded.text().as_str(), decoded.finish()), ("Hello ☃", Some(("stop", Some("stop")))), "{name}");
    }
    // Parts of every size, which end in the middle of characters too.
    let body = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Grüße ☃ 😀\"},\"finish_reason\":\"stop\"}]}\r\n\r\ndata: [DONE]\r\n\r\n";
    for size in 1..=body.len() {
        let parts: Vec<u8> =
            body.as_bytes().chunks(size).flat_map(|part| message("event", "PayloadPart", part)).collect();
        let decoded = decode(options(Protocol::SageMaker, Some(KIND)), parts.chunks(29));
        assert_eq!((decoded.text().as_str(), decoded.finish()), ("Grüße ☃ 😀", Some(("stop", Some("stop")))), "{size}");
    }
    let decoded = sagemaker("exception");
    let error = decoded.error().unwrap();
    assert_eq!((error.message.as_str(), error.code.as_deref()), ("The connection was reset.", Some("StreamBroken")));
    assert_eq!((decoded.text().as_str(), sagemaker("cut").end), ("Hel", Ok(Completion::Truncated)));
}

#[test]
fn an_error_document_instead_of_messages_is_read() {
    let body = br#"{"message":"The security token included in the request is invalid."}"#;
    for protocol in [Protocol::BedrockConverse, Protocol::BedrockInvoke, Protocol::SageMaker] {
        for kind in [KIND, "application/json"] {
            let decoded = decode(options(protocol, Some(kind)), [&body[..]]);
            assert!(decoded.end.is_ok(), "{protocol}: {:?}", decoded.end);
        }
    }
}
