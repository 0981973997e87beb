//! What OpenAI's Responses and the servers that speak like it do, each in a body of its own under
//! `fixtures/openai-responses`.

mod support;

use millstream_wire::{Completion, Event, Protocol};
use serde_json::json;
use support::Decoded;

fn fixture(name: &str) -> Decoded {
    support::replay::fixture("openai-responses", name, Protocol::OpenAiResponses, "text/event-stream")
}

#[test]
fn text_comes_as_it_was_sent_and_usage_with_the_end() {
    for (name, text) in [("text", "Hello ☃ \"there\"\n"), ("keepalives", "Hi"), ("only-the-end", "Hello")] {
        let decoded = fixture(name);
        assert_eq!(decoded.text(), text, "{name}");
        assert_eq!(decoded.answer().model.as_deref(), Some("gpt-test"));
        assert_eq!(decoded.finish(), Some(("stop", Some("completed"))));
        let usage = decoded.usage()[0];
        assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (Some(12), Some(9), Some(21)));
        assert_eq!((usage.cached_tokens, usage.reasoning_tokens), (Some(4), Some(3)));
    }
    // What the response repeats of the request is nobody's business.
    assert!(!format!("{:?}", fixture("text").events).contains("secret"));
}

#[test]
fn reasoning_has_two_names_and_its_ciphertext_is_kept() {
    let decoded = fixture("reasoning");
    let choice = decoded.answer().choices.remove(&0).unwrap();
    assert_eq!((choice.reasoning.as_str(), choice.text.as_str()), ("Let me think", "Done"));
    let kept = json!({"output_item": {"id": "rs_1", "type": "reasoning", "encrypted_content": "cipher"}});
    assert_eq!(decoded.metadata(), [&kept]);
}

#[test]
fn calls_are_told_apart_by_their_position() {
    let decoded = fixture("calls");
    let expected = [("weather", "{\"city\":\"Rome\"}", true), ("now", "{}", true), ("sum", "{\"a\":1}", true)];
    assert_eq!(decoded.calls(), expected);
    assert_eq!(decoded.finish(), Some(("tool-calls", Some("completed"))));
    let ids: Vec<_> = decoded.answer().choices.remove(&0).unwrap().calls.into_values().map(|call| call.0).collect();
    assert_eq!(ids, ["call_a", "call_b", "call_c"]);
    assert_eq!(fixture("calls-interleaved").calls(), [("a", "{\"x\":1}", true), ("b", "{\"y\":2}", true)]);
}

#[test]
fn a_call_that_was_cut_is_not_valid() {
    let decoded = fixture("call-out-of-tokens");
    assert_eq!(decoded.calls(), [("weather", "{\"city\":\"Ro", false), ("now", "{}", false)]);
    assert_eq!(decoded.finish(), Some(("length", Some("max_output_tokens"))));
    let decoded = fixture("call-cut");
    assert_eq!(
        (decoded.calls(), decoded.end.clone()),
        (vec![("weather", "{\"city\":\"Ro", false)], Ok(Completion::Truncated))
    );
}

#[test]
fn without_its_terminal_event_an_answer_is_cut() {
    let decoded = fixture("text-without-end");
    assert_eq!((decoded.text().as_str(), decoded.end.clone()), ("Hello", Ok(Completion::Truncated)));
}

#[test]
fn an_error_is_given_once_whichever_way_it_is_said() {
    for (name, message, code) in [
        ("error-then-failed", "You exceeded your quota.", "insufficient_quota"),
        ("failed", "The model broke.", "server_error"),
        ("error-at-the-top", "Slow down.", "rate_limit_exceeded"),
    ] {
        let decoded = fixture(name);
        let error = decoded.error().unwrap();
        assert_eq!((error.message.as_str(), error.code.as_deref()), (message, Some(code)), "{name}");
    }
    assert_eq!(fixture("failed").text(), "Hel");
}

#[test]
fn filters_refusals_and_citations_are_told() {
    assert_eq!(fixture("content-filter").finish(), Some(("content-filter", Some("content_filter"))));
    let decoded = fixture("refusal-and-citations");
    let expected =
        [json!({"annotation": {"type": "url_citation", "url": "https://a.example"}}), json!({"refusal": "I can not."})];
    assert_eq!(decoded.metadata(), expected.iter().collect::<Vec<_>>());
}

#[test]
fn what_has_no_event_of_its_own_is_metadata_once_and_whole() {
    let decoded = fixture("tools-of-the-provider");
    let metadata = decoded.metadata();
    assert_eq!(metadata[0]["output_item"]["action"]["query"], "snow");
    assert_eq!(metadata[1]["output_item"]["input"], "SELECT 1");
    assert_eq!(metadata[2]["partial_image_b64"], "AAAA");
    assert_eq!((metadata.len(), decoded.calls().len()), (3, 0));
}

#[test]
fn servers_without_names_without_deltas_or_with_done_are_read() {
    let decoded = fixture("without-names-and-with-done");
    assert_eq!((decoded.text().as_str(), decoded.finish()), ("Hi", Some(("stop", Some("completed")))));
    let decoded = fixture("without-deltas");
    let choice = decoded.answer().choices.remove(&0).unwrap();
    assert_eq!((choice.reasoning.as_str(), choice.text.as_str()), ("Hm", "Hello"));
    assert_eq!(decoded.calls(), [("f", "{}", true)]);
    assert_eq!(decoded.events.iter().filter(|event| event.is_content()).count(), 5);
    assert!(matches!(decoded.events.first(), Some(Event::Start { .. })));
}
