//! What Ollama does, each in a body of its own under `fixtures/ollama`.

mod support;

use millstream_wire::{Completion, Protocol};
use support::replay::raw_of;
use support::{Decoded, decode, options};

fn fixture(name: &str) -> Decoded {
    support::replay::fixture("ollama", name, Protocol::Ollama, "application/x-ndjson")
}

#[test]
fn chat_and_generate_are_read() {
    let decoded = fixture("text");
    assert_eq!((decoded.text().as_str(), decoded.finish()), ("Hello ☃\n\"x\"", Some(("stop", Some("stop")))));
    assert_eq!(decoded.answer().model.as_deref(), Some("llama-test"));
    let usage = decoded.usage()[0];
    assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (Some(11), Some(5), Some(16)));
    assert_eq!(raw_of(usage)["total_duration"], 900);
    let decoded = fixture("generate");
    let choice = decoded.answer().choices.remove(&0).unwrap();
    assert_eq!((choice.text.as_str(), choice.reasoning.as_str()), ("Hello", "Hm"));
    assert_eq!(decoded.finish(), Some(("length", Some("length"))));
    // What was not counted is not said to be 0.
    assert_eq!((decoded.usage()[0].prompt_tokens, decoded.usage()[0].total_tokens), (None, None));
    assert_eq!(fixture("thinking").answer().choices[&0].reasoning, "Hm");
}

#[test]
fn calls_come_whole_and_end_with_stop() {
    let decoded = fixture("calls");
    let expected = [("weather", "{\"city\":\"Rome\"}", true), ("now", "{}", true), ("sum", "{\"a\":1}", true)];
    assert_eq!(decoded.calls(), expected);
    assert_eq!(decoded.finish(), Some(("tool-calls", Some("stop"))));
    let ids: Vec<_> = decoded.answer().choices.remove(&0).unwrap().calls.into_values().map(|call| call.0).collect();
    assert_eq!(ids, ["call_0", "c2", "call_2"]);
}

#[test]
fn a_bare_line_with_an_error_is_the_end() {
    let decoded = fixture("error-line");
    assert_eq!(decoded.error().unwrap().message, "an error was encountered while running the model");
    assert_eq!(decoded.text(), "Hel");
}

#[test]
fn done_is_the_end_with_a_reason_or_without() {
    assert_eq!(fixture("no-reason").finish(), Some(("unknown", None)));
    let decoded = fixture("cut");
    assert_eq!((decoded.text().as_str(), decoded.end.clone()), ("Hel", Ok(Completion::Truncated)));
    assert_eq!(fixture("one-line").text(), "Hello");
    assert_eq!(fixture("crlf-and-blank-lines").text(), "Hello");
}

#[test]
fn a_read_may_hold_half_a_line_or_several() {
    let expected = fixture("text");
    let body = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ollama/text.sse")).unwrap();
    let ends: Vec<_> = body.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    let [first, second, _] = ends[..] else { panic!("{ends:?}") };
    // Half of the first; the rest of it, the second, and half of the third; the rest.
    for pieces in [[first / 2, second + 20], [first + 20, second - 1], [second, second + 1]] {
        let [one, two] = pieces;
        let pieces = [&body[..one], &body[one..two], &body[two..]];
        assert_eq!(decode(options(Protocol::Ollama, Some("application/x-ndjson")), pieces), expected);
    }
}

#[test]
fn lines_are_found_out_by_their_first_without_a_content_type() {
    let body = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ollama/text.sse")).unwrap();
    let told = decode(options(Protocol::Ollama, None), [&*body]);
    for kind in [None, Some("application/json"), Some("application/x-ndjson")] {
        for protocol in [Protocol::Auto, Protocol::Ndjson] {
            assert_eq!(decode(options(protocol, kind), body.chunks(5)), told, "{kind:?}");
        }
    }
}
