//! Gemini's Interactions: recordings, read once more in another way, and bodies of our own under
//! `fixtures/gemini-interactions`.

mod support;

use millstream_wire::{Completion, Protocol};
use serde_json::Value;
use support::replay::{is_found_out, raw_of, reads_the_same_however_it_is_cut, same, whole};
use support::{Decoded, recordings};

const KIND: &str = "text/event-stream";

fn fixture(name: &str) -> Decoded {
    support::replay::fixture("gemini-interactions", name, Protocol::GeminiInteractions, KIND)
}

#[test]
fn recordings_read_as_their_deltas_say() {
    for recording in recordings(&["interactions"]) {
        let file = &recording.file;
        let decoded = whole(&recording, Protocol::GeminiInteractions, KIND);
        let body = String::from_utf8_lossy(&recording.body);
        let events = body.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data:")?).ok());
        let (mut text, mut thoughts, mut signature, mut last) =
            (String::new(), String::new(), String::new(), Value::Null);
        for event in events {
            let delta = &event["delta"];
            text.push_str(delta["text"].as_str().unwrap_or_default());
            thoughts.push_str(delta["content"]["text"].as_str().unwrap_or_default());
            signature.push_str(delta["signature"].as_str().unwrap_or_default());
            last = event;
        }
        let choice = decoded.answer().choices.remove(&0).unwrap();
        assert_eq!((choice.text, choice.reasoning), (text, thoughts), "{file}");
        assert_eq!(choice.signatures, [signature], "{file}");
        let usage = decoded.usage()[0];
        assert!(same(&raw_of(usage), &last["interaction"]["usage"]), "{file}");
        assert_eq!(usage.total_tokens, last["interaction"]["usage"]["total_tokens"].as_u64(), "{file}");
        assert_eq!(usage.total_tokens, Some(usage.prompt_tokens.unwrap() + usage.completion_tokens.unwrap()), "{file}");
        assert_eq!(decoded.answer().model.as_deref(), last["interaction"]["model"].as_str(), "{file}");
        assert_eq!(decoded.finish(), Some(("stop", Some("completed"))), "{file}");
        reads_the_same_however_it_is_cut(&recording, Protocol::GeminiInteractions, KIND);
        is_found_out(&recording, Protocol::GeminiInteractions, &[Some(KIND), Some("text/plain"), None]);
    }
}

#[test]
fn text_thoughts_and_signatures_are_read() {
    let decoded = fixture("text");
    let choice = decoded.answer().choices.remove(&0).unwrap();
    assert_eq!((choice.text.as_str(), choice.reasoning.as_str()), ("Hello ☃", "Hm"));
    assert_eq!(choice.signatures, ["abcd"]);
    let usage = decoded.usage()[0];
    assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.reasoning_tokens), (Some(10), Some(20), Some(5)));
}

#[test]
fn calls_come_whole_or_in_pieces() {
    let decoded = fixture("calls");
    let mut calls = decoded.calls();
    calls.sort_unstable();
    assert_eq!(calls, [("now", "{}", true), ("sum", "{\"a\":1}", true), ("weather", "{\"city\":\"Rome\"}", true)]);
    assert_eq!(decoded.finish(), Some(("tool-calls", Some("requires_action"))));
}

#[test]
fn other_steps_are_metadata_and_failures_errors() {
    let decoded = fixture("other-steps");
    let metadata = decoded.metadata();
    assert_eq!((decoded.text().as_str(), metadata.len()), ("Hi", 2));
    assert_eq!(metadata[0]["step"]["arguments"]["q"], "x");
    assert_eq!(metadata[1]["step_delta"]["data"], "AAAA");
    let decoded = fixture("error");
    let error = decoded.error().unwrap();
    assert_eq!((error.message.as_str(), error.status, decoded.text().as_str()), ("Overloaded.", Some(503), "Hel"));
    assert_eq!(fixture("failed").error().unwrap().message, "It broke.");
    assert_eq!(fixture("cut").end, Ok(Completion::Truncated));
}
