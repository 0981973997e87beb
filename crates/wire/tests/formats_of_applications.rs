//! The shapes a web application answers in, read back; the bodies are under `fixtures/formats`, named for their format.
#![expect(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fs;
use std::path::PathBuf;

use millstream_wire::{Completion, Event, FinishReason, Protocol, RawJson, Usage};
use serde_json::json;
use support::{Decoded, decode, options, whole};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats").join(name)
}

fn fixture(name: &str) -> Decoded {
    let protocol = path(name).extension().unwrap().to_str().unwrap().parse().unwrap();
    whole(protocol, &fs::read_to_string(path(name)).unwrap())
}

#[test]
fn every_format_reads_the_same_at_every_split_and_is_found_out() {
    let mut count = 0;
    for file in fs::read_dir(path("")).unwrap() {
        let file = file.unwrap().path();
        let protocol: Protocol = file.extension().unwrap().to_str().unwrap().parse().unwrap();
        let body = fs::read(&file).unwrap();
        let expected = decode(options(protocol, None), [&*body]);
        assert!(!expected.events.is_empty(), "{file:?}");
        for at in 0..=body.len() {
            let (head, tail) = body.split_at(at);
            assert_eq!(decode(options(protocol, None), [head, tail]), expected, "{file:?} at {at}");
        }
        assert_eq!(decode(options(protocol, None), body.chunks(1)), expected, "{file:?}");
        if file.file_name().unwrap() != "prelude.events" {
            for kind in [None, Some("text/event-stream"), Some("text/plain"), Some("application/json")] {
                let lines = protocol == Protocol::Ndjson;
                // Lines of JSON under these names are text, or one document as long as there is one line.
                let own = lines && (kind == Some("text/plain") || file.file_name().unwrap() == "error.ndjson");
                if !own {
                    assert_eq!(decode(options(Protocol::Auto, kind), [&*body]), expected, "{file:?} {kind:?}");
                }
            }
        }
        count += 1;
    }
    assert!(count > 20);
}

#[test]
fn reads_millstreams_own_events() {
    let decoded = fixture("events.events");
    let answer = decoded.answer();
    assert_eq!((answer.id.as_deref(), answer.model.as_deref()), (Some("s-1"), Some("m-1")));
    let choice = &answer.choices[&0];
    assert_eq!((choice.text.as_str(), choice.reasoning.as_str()), ("Hello", "Hm"));
    assert_eq!(choice.signatures, ["sig"]);
    assert_eq!(decoded.calls(), [("f", r#"{"x":1}"#, true), ("g", r#"{"y":[2]}"#, true)]);
    assert_eq!(decoded.metadata(), [&json!({ "model": "gpt-4", "temperature": 0.7 })]);
    let totals: Vec<_> = decoded.usage().iter().map(|usage| usage.total_tokens).collect();
    assert_eq!(totals, [Some(4), Some(5)], "each at once, in either spelling");
    assert_eq!(decoded.finish(), Some(("tool-calls", Some("tool-calls"))));
}

#[test]
fn a_done_that_was_aborted_is_a_failure() {
    let failed = fixture("events-error.events");
    let error = failed.error().unwrap();
    assert_eq!((error.message.as_str(), error.code.as_deref()), ("Rate limit exceeded", Some("RATE_LIMIT")));
    let aborted = fixture("events-aborted.events");
    assert_eq!(aborted.error().unwrap().code.as_deref(), Some("aborted"));
    assert_eq!(aborted.text(), "Par");
}

#[test]
fn each_format_is_truncated_without_its_own_end() {
    for name in ["events-cut.events", "chunk-cut.chunk", "content-cut.content", "ui-cut.ui-message"] {
        let decoded = fixture(name);
        assert_eq!(decoded.end, Ok(Completion::Truncated), "{name}");
        assert!(!decoded.text().is_empty(), "{name}");
    }
}

#[test]
fn a_format_without_an_end_of_its_own_ends_with_the_body() {
    for name in ["unnamed-endless.events", "content-endless.content", "tokens.ndjson"] {
        let decoded = fixture(name);
        assert_eq!((decoded.text().as_str(), decoded.finish()), ("Hello", Some(("unknown", None))), "{name}");
    }
}

#[test]
fn events_without_a_name_are_read_by_their_members() {
    let decoded = fixture("unnamed.events");
    assert_eq!(decoded.text(), "Hello");
    assert_eq!(decoded.usage()[0].total_tokens, Some(3));
    assert_eq!(decoded.finish(), Some(("unknown", None)));
}

#[test]
fn an_event_of_an_unknown_name_is_metadata() {
    let decoded = fixture("events-unknown.events");
    assert_eq!(decoded.metadata(), [&json!({ "event": "progress", "data": { "percent": 50 } })]);
    let prelude = decode(options(Protocol::Auto, None), [&*fs::read(path("prelude.events")).unwrap()]);
    assert_eq!(prelude.metadata(), [&json!({ "conversation": "abc" })]);
    assert_eq!(prelude.text(), "Hi");
}

#[test]
fn reads_typed_chunks() {
    let decoded = fixture("chunk.chunk");
    assert_eq!(decoded.text(), "Hello", "`complete` repeats the text");
    assert_eq!(decoded.metadata(), [&json!({ "processingTime": 12, "totalChunks": 2 })]);
    assert_eq!(decoded.usage()[0].total_tokens, Some(3));
    assert_eq!(fixture("chunk-alone.chunk").text(), "Hello");
    assert_eq!(fixture("chunk-error.chunk").error().unwrap().message, "quota used up");
}

#[test]
fn reads_content_frames() {
    let decoded = fixture("content.content");
    assert_eq!(decoded.text(), "Hello");
    assert_eq!(decoded.finish(), Some(("length", Some("length"))));
    assert_eq!(decoded.usage()[0].total_tokens, Some(3));
}

#[test]
fn reads_the_ui_message_stream() {
    let decoded = fixture("ui.ui-message");
    let answer = decoded.answer();
    assert_eq!(answer.id.as_deref(), Some("msg-1"));
    let choice = &answer.choices[&0];
    assert_eq!((choice.text.as_str(), choice.reasoning.as_str()), ("Hello", "Hm"));
    assert_eq!(choice.signatures, ["sig"]);
    assert_eq!(decoded.calls(), [("f", r#"{"x":1}"#, true), ("g", "{}", true)]);
    assert_eq!(decoded.usage()[0].reasoning_tokens, Some(1));
    let types: Vec<_> = decoded.metadata().iter().filter_map(|value| value["type"].as_str()).collect();
    assert_eq!(types, ["data-weather", "source-url"]);
    assert_eq!(answer.results.len(), 1);
    assert_eq!((answer.results[0].id.as_str(), answer.results[0].result.as_str()), ("c2", r#"{"ok":true}"#));
    // It waits for the results of its calls, whatever it says.
    assert_eq!(decoded.finish(), Some(("tool-calls", Some("stop"))));
    assert_eq!(fixture("ui-error.ui-message").error().unwrap().message, "An error occurred.");
    let aborted = fixture("ui-abort.ui-message");
    let error = aborted.error().unwrap();
    assert_eq!((error.message.as_str(), error.code.as_deref()), ("user left", Some("aborted")));
}

#[test]
fn reads_lines_in_each_of_these_shapes() {
    for name in ["openai.ndjson", "events.ndjson", "chunk.ndjson"] {
        assert_eq!(fixture(name).text(), "Hello", "{name}");
        assert_eq!(fixture(name).end, Ok(Completion::Complete), "{name}");
    }
    assert_eq!(fixture("error.ndjson").error().unwrap().message, "out of memory");
    let cut = whole(Protocol::Ndjson, "{\"event\":\"token\",\"token\":\"Hi\"}\n{\"event\":\"tok");
    assert_eq!((cut.text().as_str(), cut.end), ("Hi", Ok(Completion::Truncated)));
}

#[test]
fn reads_text_across_splits() {
    let text = "\u{feff}caf\u{e9} \u{1f600}\u{feff} \u{4f60}\u{597d}";
    for at in 0..=text.len() {
        let (head, tail) = text.as_bytes().split_at(at);
        let decoded = decode(options(Protocol::Text, None), [head, tail]);
        assert_eq!(decoded.text(), &text[3..], "the mark at the start is dropped, at {at}");
        assert_eq!(decoded.finish(), Some(("unknown", None)));
    }
    let broken = b"a\xE2\x82b\xF0\x9F\x98\xFF\xC3";
    let expected = String::from_utf8_lossy(broken);
    assert_eq!(decode(options(Protocol::Text, None), [&broken[..]]).text(), expected);
    assert_eq!(decode(options(Protocol::Text, None), broken.chunks(1)).text(), expected);
    let event = Event::Finish { reason: FinishReason::Unknown, raw: None };
    assert_eq!(decode(options(Protocol::Text, None), [&b"x"[..]]).events.last(), Some(&event));
}

#[test]
fn usage_that_was_not_given_stays_unknown() {
    let decoded = whole(Protocol::Events, "event: usage\ndata: {\"promptTokens\":7}\n\nevent: done\ndata: {}\n\n");
    let expected = Usage { prompt_tokens: Some(7), raw: RawJson::new("{\"promptTokens\":7}"), ..Usage::default() };
    assert_eq!(decoded.usage(), [&expected]);
}
