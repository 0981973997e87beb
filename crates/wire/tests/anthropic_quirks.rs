//! What Anthropic's Messages and the servers that speak like it do, each in a body of its own under
//! `fixtures/anthropic`.

mod support;

use std::fmt::Write as _;

use millstream_wire::{Completion, DecodeError, Decoder, DecoderOptions, Event, FinishReason, Protocol};
use serde_json::json;
use support::replay::raw_of;
use support::{Decoded, decode, options, whole};

fn fixture(name: &str) -> Decoded {
    support::replay::fixture("anthropic", name, Protocol::Anthropic, "text/event-stream")
}

#[test]
fn text_comes_as_it_was_sent() {
    let decoded = fixture("text");
    let answer = decoded.answer();
    assert_eq!((answer.id.as_deref(), answer.model.as_deref()), (Some("msg_1"), Some("claude-test")));
    assert_eq!(decoded.text(), "Hello ☃ \"there\"\n\\ 😀");
    assert_eq!(decoded.finish(), Some(("stop", Some("end_turn"))));
    assert_eq!(decoded.events.iter().filter(|event| matches!(event, Event::Text { .. })).count(), 3);
}

#[test]
fn a_signature_may_come_in_several_deltas_and_ciphertext_is_kept() {
    let decoded = fixture("thinking-with-signatures");
    let choice = decoded.answer().choices.remove(&0).unwrap();
    assert_eq!((choice.reasoning.as_str(), choice.text.as_str()), ("First", "Done"));
    assert_eq!(choice.signatures, ["abcdef=="]);
    assert_eq!(decoded.metadata()[0], &json!({"content_block": {"type": "redacted_thinking", "data": "hidden"}}));
    let usage = decoded.usage()[0];
    assert_eq!((usage.completion_tokens, usage.reasoning_tokens), (Some(12), Some(5)));
}

#[test]
fn calls_are_given_when_they_are_whole() {
    let decoded = fixture("tools");
    let expected = [
        ("weather", "{\"city\": \"Berlin\"}", true),
        ("sum", "{\"a\":1,\"b\":[2,{\"c\":\"}\"}]}", true),
        ("now", "{}", true),
    ];
    assert_eq!(decoded.calls(), expected);
    assert_eq!(decoded.finish(), Some(("tool-calls", Some("tool_use"))));
    // The first is there before the second begins.
    let given = decoded.events.iter().position(|event| matches!(event, Event::ToolCall(call) if call.index == 0));
    let next = decoded.events.iter().position(|event| matches!(event, Event::ToolCallDelta { index: 1, .. }));
    assert!(given < next);
    assert_eq!(
        fixture("tool-without-deltas").calls(),
        [("weather", "{\"city\":\"Rome\"}", true), ("clock", "{}", true)]
    );
    let decoded = fixture("calls-in-the-beginning");
    assert_eq!(decoded.calls(), [("roll", "{\"die\":6}", true)]);
    assert_eq!(decoded.metadata()[0]["content_block"]["caller"], json!({"type": "code_execution"}));
}

#[test]
fn a_call_that_was_cut_is_not_valid() {
    let decoded = fixture("tool-cut");
    assert_eq!(decoded.calls(), [("weather", "{\"city\": \"Be", false)]);
    assert_eq!(decoded.end, Ok(Completion::Truncated));
    let decoded = fixture("tool-out-of-tokens");
    assert_eq!(decoded.calls(), [("weather", "{\"city\": \"Be", false), ("now", "{}", false)]);
    assert_eq!(decoded.finish(), Some(("length", Some("max_tokens"))));
}

#[test]
fn blocks_that_are_all_numbered_0_are_told_apart() {
    let decoded = fixture("blocks-numbered-0");
    assert_eq!(decoded.calls(), [("a", "{\"x\":1}", true), ("b", "{\"y\":2}", true)]);
    assert_eq!(decoded.text(), "Two calls");
}

#[test]
fn tools_of_the_provider_are_no_calls_of_ours() {
    let decoded = fixture("tools-of-the-provider");
    assert_eq!(decoded.calls(), []);
    assert_eq!(decoded.text(), "It snows.");
    let metadata = decoded.metadata();
    let used = json!({"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "snow"}});
    assert_eq!(metadata[0], &json!({ "content_block": used }));
    assert_eq!(metadata[1]["content_block"]["content"][0]["title"], "Snow");
    assert_eq!(metadata[2]["citation"]["url"], "https://snow.example");
    assert_eq!(metadata[3], &json!({"container": {"id": "c_1"}}));
    assert_eq!(raw_of(decoded.usage()[0])["server_tool_use"]["web_search_requests"], 1);
    assert_eq!(decoded.finish(), Some(("other", Some("pause_turn"))));
}

#[test]
fn an_error_inside_the_stream_is_the_end_whatever_follows() {
    let decoded = fixture("error-in-stream");
    let error = decoded.error().unwrap();
    assert_eq!((error.message.as_str(), error.kind.as_deref()), ("Overloaded", Some("overloaded_error")));
    assert_eq!(decoded.text(), "Hello");
    let decoded = fixture("error-as-text");
    assert_eq!(decoded.error().unwrap().message, "upstream went away");
}

#[test]
fn the_last_count_that_is_not_null_stands_and_none_are_added_up() {
    let decoded = fixture("usage-null-after-values");
    let usage = decoded.usage()[0];
    assert_eq!(raw_of(usage)["input_tokens"], 9);
    assert_eq!(raw_of(usage)["output_tokens"], 7);
    assert_eq!((usage.completion_tokens, usage.cached_tokens), (Some(7), Some(4)));
    // The request: what was read anew, from the cache, and into it.
    assert_eq!((usage.prompt_tokens, usage.total_tokens), (Some(9 + 4 + 2), Some(22)));
    let unsaid = whole(Protocol::Anthropic, "data: {\"type\":\"message_stop\"}\n\n");
    assert!(unsaid.usage().is_empty());
}

#[test]
fn the_end_is_message_stop_not_message_delta() {
    let decoded = fixture("no-message-stop");
    assert_eq!((decoded.text().as_str(), decoded.end.clone()), ("Hello", Ok(Completion::Truncated)));
    assert_eq!(decoded.usage()[0].completion_tokens, Some(7));
    assert_eq!(fixture("done-marker").finish(), Some(("stop", Some("end_turn"))));
}

#[test]
fn a_refusal_is_the_providers_filter() {
    let decoded = fixture("refusal");
    assert_eq!(decoded.finish(), Some((FinishReason::ContentFilter.as_str(), Some("refusal"))));
    assert_eq!(decoded.metadata()[0]["stop_details"]["category"], "x");
}

#[test]
fn spelling_makes_no_difference() {
    let decoded = fixture("keys-in-another-order");
    assert_eq!((decoded.text().as_str(), decoded.finish()), ("Hello", Some(("stop", Some("end_turn")))));
    let texts = ["", "a", "\\n", "\\ud83d\\ude00", "\\ud83d", "é\\\\", "\\u0022"];
    let kinds = [("text_delta", "text"), ("thinking_delta", "thinking"), ("input_json_delta", "partial_json")];
    for (kind, name) in kinds {
        for text in texts {
            for index in ["0", "7", "123456789", "1234567890", "00"] {
                let start = "data: {\"type\":\"content_block_start\",\"index\":7,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}}\n\n";
                let plain = format!(
                    "{start}data: {{\"type\":\"content_block_delta\",\"index\":{index},\"delta\":{{\"type\":\"{kind}\",\"{name}\":\"{text}\"}}   }}\n\n"
                );
                let other = format!(
                    "{start}data: {{\"delta\":{{\"{name}\":\"{text}\",\"type\":\"{kind}\"}},\"index\":{index},\"type\":\"content_block_delta\"}}\n\n"
                );
                assert_eq!(whole(Protocol::Anthropic, &plain), whole(Protocol::Anthropic, &other), "{plain}");
            }
        }
    }
}

#[test]
fn what_has_no_event_of_its_own_is_metadata() {
    let decoded = fixture("what-is-unknown");
    let expected = [
        json!({"type": "message_note", "note": "new"}),
        json!({"content_block": {"type": "compaction", "content": null}}),
        json!({"content_block_delta": {"type": "compaction_delta", "content": "short"}}),
        json!({"partial_json": "{}"}),
        json!({"cost": "0.01"}),
    ];
    assert_eq!(decoded.metadata(), expected.iter().collect::<Vec<_>>());
}

#[test]
fn a_frame_that_is_no_object_is_malformed() {
    let decoded = whole(Protocol::Anthropic, "data: {\"type\":\"ping\"}\n\ndata: Hello\n\n");
    let expected = DecodeError::Malformed { format: "anthropic", what: "a JSON object", frame: 2 };
    assert_eq!(decoded.end, Err(expected));
}

#[test]
fn a_hundred_thousand_deltas_of_a_call_are_put_together_and_bounded() {
    let mut body = "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\"}}\n\n".to_owned();
    let delta = |text: &str| {
        format!(
            "data: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"input_json_delta\",\"partial_json\":{}}}}}\n\n",
            json!(text)
        )
    };
    body.push_str(&delta("\""));
    for _ in 0..100_000 {
        body.push_str(&delta("x"));
    }
    body.push_str(&delta("\""));
    body.push_str("data: {\"type\":\"message_stop\"}\n\n");
    let decoded = whole(Protocol::Anthropic, &body);
    assert_eq!((decoded.calls()[0].1.len(), decoded.calls()[0].2), (100_002, true));
    let small = DecoderOptions { max_event_bytes: 50_000, ..options(Protocol::Anthropic, None) };
    assert_eq!(decode(small, [body.as_bytes()]).end, Err(DecodeError::EventTooLarge { limit: 50_000 }));
}

#[test]
fn blocks_that_are_never_stopped_are_bounded() {
    let mut body = String::new();
    for index in 0..20_000 {
        let block = json!({"type": "server_tool_use", "id": "s", "name": "n", "input": {}});
        let event = json!({"type": "content_block_start", "index": index, "content_block": block});
        write!(body, "data: {event}\n\n").unwrap();
    }
    let mut decoder = Decoder::new(options(Protocol::Anthropic, None));
    let mut given = 0;
    decoder.feed(body.as_bytes(), &mut |_| given += 1).unwrap();
    assert!(given > 19_000, "the oldest give way");
}
