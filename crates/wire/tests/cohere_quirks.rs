//! What Cohere's chat does, each in a body of its own under `fixtures/cohere`.

mod support;

use millstream_wire::{Completion, Protocol};
use serde_json::json;
use support::Decoded;

fn fixture(name: &str) -> Decoded {
    support::replay::fixture("cohere", name, Protocol::Cohere, "text/event-stream")
}

#[test]
fn text_thinking_and_citations_are_read() {
    let decoded = fixture("text");
    let answer = decoded.answer();
    assert_eq!((answer.choices[&0].text.as_str(), answer.choices[&0].reasoning.as_str()), ("Hello ☃", "Hm"));
    assert_eq!(decoded.finish(), Some(("stop", Some("COMPLETE"))));
    assert_eq!(answer.id.as_deref(), Some("m1"));
    assert_eq!(answer.metadata[0], json!({"logprobs": {"token_ids": [1], "logprobs": [-0.5]}}));
    assert_eq!(answer.metadata[1]["citation"]["text"], "Hello");
    let usage = decoded.usage()[0];
    assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (Some(20), Some(9), Some(29)));
    assert_eq!((usage.cached_tokens, usage.reasoning_tokens), (Some(8), Some(4)));
}

#[test]
fn calls_are_put_together_and_the_plan_before_them_is_metadata() {
    let decoded = fixture("calls");
    assert_eq!(decoded.calls(), [("weather", "{\"city\": \"Rome\"}", true), ("now", "{}", true)]);
    assert_eq!(decoded.metadata(), [&json!({"tool_plan": "I will look."})]);
    assert_eq!(decoded.finish(), Some(("tool-calls", Some("TOOL_CALL"))));
}

#[test]
fn a_call_that_was_cut_is_not_valid() {
    let decoded = fixture("call-cut");
    assert_eq!(
        (decoded.calls(), decoded.end.clone()),
        (vec![("weather", "{\"city\":", false)], Ok(Completion::Truncated))
    );
    let decoded = fixture("call-out-of-tokens");
    assert_eq!(decoded.calls(), [("weather", "{\"city\":", false)]);
    assert_eq!(decoded.finish(), Some(("length", Some("MAX_TOKENS"))));
}

#[test]
fn an_error_at_the_end_is_an_error_and_no_end_is_a_cut() {
    let decoded = fixture("error-at-the-end");
    assert_eq!((decoded.error().unwrap().message.as_str(), decoded.text().as_str()), ("The model broke.", "Hel"));
    assert_eq!(fixture("no-end").end, Ok(Completion::Truncated));
    let decoded = fixture("unknown");
    assert_eq!(decoded.metadata(), [&json!({"type": "debug", "prompt": "x"})]);
    assert_eq!(decoded.finish(), Some(("stop", Some("STOP_SEQUENCE"))));
}

#[test]
fn the_first_version_is_read_too() {
    let decoded = fixture("first-version");
    assert_eq!((decoded.text().as_str(), decoded.finish()), ("Hello", Some(("tool-calls", Some("COMPLETE")))));
    assert_eq!(decoded.calls(), [("f", "{\"a\":1}", true)]);
    assert_eq!(decoded.usage()[0].total_tokens, Some(6));
    assert_eq!(decoded.metadata(), [&json!({"citations": [{"start": 0}]})]);
    let decoded = fixture("first-version-cut");
    assert_eq!((decoded.text().as_str(), decoded.end.clone()), ("Hel", Ok(Completion::Truncated)));
}
