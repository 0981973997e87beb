//! What Gemini and the proxies before it do, each in a body of its own under `fixtures/gemini`.

mod support;

use millstream_wire::{Completion, DecodeError, Event, Protocol};
use serde_json::json;
use support::{Decoded, decode, options};

fn fixture(name: &str) -> Decoded {
    support::replay::fixture("gemini", name, Protocol::Gemini, "text/event-stream")
}

#[test]
fn text_ends_with_the_body_and_the_last_counts_stand() {
    let decoded = fixture("text");
    assert_eq!((decoded.text().as_str(), decoded.finish()), ("Hello ☃ \"there\"\n", Some(("stop", Some("STOP")))));
    let answer = decoded.answer();
    assert_eq!((answer.id.as_deref(), answer.model.as_deref()), (Some("r1"), Some("gemini-test")));
    let usage = decoded.usage()[0];
    assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (Some(10), Some(10), Some(20)));
    assert_eq!((usage.cached_tokens, usage.reasoning_tokens), (Some(3), Some(4)));
    let decoded = fixture("cut");
    assert_eq!((decoded.text().as_str(), decoded.end.clone()), ("Hel", Ok(Completion::Truncated)));
}

#[test]
fn thoughts_and_signatures_are_reasoning() {
    let choice = fixture("thoughts").answer().choices.remove(&0).unwrap();
    assert_eq!((choice.reasoning.as_str(), choice.text.as_str()), ("Let me think", "Done"));
    assert_eq!(choice.signatures, ["sig1", "sig2"]);
}

#[test]
fn calls_come_whole_and_parallel() {
    let decoded = fixture("calls");
    assert_eq!(decoded.calls(), [("weather", "{\"city\": \"Rome\"}", true), ("now", "{}", true), ("tick", "{}", true)]);
    let ids: Vec<_> = decoded.answer().choices.remove(&0).unwrap().calls.into_values().map(|call| call.0).collect();
    assert_eq!(ids, ["call_0", "id-2", "call_2"]);
    assert_eq!(decoded.finish(), Some(("tool-calls", Some("STOP"))));
    assert!(decoded.events.iter().any(|event| matches!(event, Event::Reasoning { signature: Some(_), .. })));
}

#[test]
fn arguments_in_pieces_are_put_together_or_are_not_valid() {
    let decoded = fixture("calls-in-pieces");
    let calls = decoded.calls();
    let arguments: serde_json::Value = serde_json::from_str(calls[0].1).unwrap();
    let recipe = json!({"name": "Lasagna", "steps": ["Boil", "Bake"]});
    assert_eq!(arguments, json!({"recipe": recipe, "hot": true, "minutes": 25, "odd.name": null}));
    assert_eq!((calls[0].2, calls[1]), (true, ("none", "{}", true)));
    for name in ["call-in-pieces-cut", "call-in-pieces-out-of-place"] {
        let decoded = fixture(name);
        assert_eq!((decoded.calls().len(), decoded.calls()[0].2), (1, false), "{name}");
    }
}

#[test]
fn a_blocked_prompt_and_a_malformed_call_are_told() {
    let decoded = fixture("blocked");
    assert_eq!(decoded.finish(), Some(("content-filter", Some("PROHIBITED_CONTENT"))));
    assert_eq!(decoded.metadata()[0]["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
    assert_eq!(fixture("malformed-call").finish(), Some(("error", Some("MALFORMED_FUNCTION_CALL"))));
}

#[test]
fn an_error_inside_the_stream_is_the_end() {
    let decoded = fixture("error-in-stream");
    let error = decoded.error().unwrap();
    assert_eq!((error.message.as_str(), error.status), ("The model is overloaded.", Some(503)));
    assert_eq!((error.kind.as_deref(), decoded.text().as_str()), (Some("UNAVAILABLE"), "Hel"));
    let decoded = fixture("array-of-an-error");
    assert_eq!(
        (decoded.error().unwrap().message.as_str(), decoded.error().unwrap().status),
        ("API key not valid.", Some(400))
    );
}

#[test]
fn candidates_are_told_apart_by_their_index() {
    let answer = fixture("candidates-interleaved").answer();
    assert_eq!((answer.choices[&0].text.as_str(), answer.choices[&1].text.as_str()), ("ac", "bd"));
    assert_eq!(answer.metadata, [json!({"choice": 1, "finish_reason": "MAX_TOKENS"})]);
}

#[test]
fn other_parts_are_metadata() {
    let decoded = fixture("other-parts");
    let keys: Vec<_> = decoded.metadata().iter().flat_map(|value| value.as_object().unwrap().keys().cloned()).collect();
    let expected = [
        "executableCode",
        "codeExecutionResult",
        "inlineData",
        "groundingMetadata",
        "citationMetadata",
        "safetyRatings",
    ];
    assert_eq!(keys, expected);
}

#[test]
fn without_alt_sse_a_body_is_an_array() {
    let decoded = fixture("array");
    assert_eq!((decoded.text().as_str(), decoded.finish()), ("Hel}{[\"lo ]", Some(("stop", Some("STOP")))));
}

#[test]
fn proxies_put_objects_one_behind_the_other_with_nothing_between() {
    assert_eq!(fixture("concatenated").text(), "Hello");
    assert_eq!(fixture("concatenated-in-events").text(), "Hello");
}

#[test]
fn an_element_beyond_the_cap_is_refused_and_junk_between_them_is_malformed() {
    let long = format!("[{{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{}\"}}]}}}}]}}]", "x".repeat(500));
    for protocol in [Protocol::Gemini, Protocol::Auto] {
        let small = millstream_wire::DecoderOptions { max_event_bytes: 300, ..options(protocol, None) };
        for piece in [7, 1000] {
            let decoded = decode(small.clone(), long.as_bytes().chunks(piece));
            assert_eq!(decoded.end, Err(DecodeError::EventTooLarge { limit: 300 }));
        }
    }
    let decoded = decode(options(Protocol::Gemini, None), [&b"[{\"candidates\":[]},x]"[..]]);
    assert_eq!(decoded.end, Err(DecodeError::Malformed { format: "gemini", what: "a JSON object", frame: 2 }));
}
