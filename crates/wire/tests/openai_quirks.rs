//! What servers do that the format does not say, each in a body of its own under `fixtures/openai`.
#![expect(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use millstream_wire::{Completion, DecodeError, Decoder, DecoderOptions, Event, Protocol};
use serde_json::json;
use support::{Decoded, decode, options, whole};

fn fixture(name: &str) -> Decoded {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/openai/{name}.sse"));
    whole(Protocol::OpenAi, &fs::read_to_string(path).unwrap())
}

#[test]
fn every_quirk_reads_the_same_at_every_split_and_by_itself() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/openai");
    let mut count = 0;
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        let body = fs::read(&file).unwrap();
        let expected = decode(options(Protocol::OpenAi, None), [&*body]);
        assert!(!expected.events.is_empty(), "{file:?}");
        for at in 0..=body.len() {
            let (head, tail) = body.split_at(at);
            assert_eq!(decode(options(Protocol::OpenAi, None), [head, tail]), expected, "{file:?} at {at}");
        }
        assert_eq!(decode(options(Protocol::OpenAi, None), body.chunks(1)), expected, "{file:?}");
        assert_eq!(decode(options(Protocol::Auto, Some("text/event-stream")), [&*body]), expected, "{file:?}");
        count += 1;
    }
    assert!(count > 30);
}

#[test]
fn comments_pings_and_empty_data_say_nothing() {
    let decoded = fixture("comments");
    assert_eq!(decoded.text(), "Hello");
    assert_eq!(decoded.events.len(), 4, "a start, two pieces of text and a finish");
    assert_eq!(decoded.finish(), Some(("stop", Some("stop"))));
}

#[test]
fn old_llama_cpp_says_errors_in_a_field_of_its_own() {
    let decoded = fixture("llama-error-field");
    let error = decoded.error().unwrap();
    assert_eq!((error.message.as_str(), error.status), ("slot unavailable", Some(500)));
    assert_eq!(error.kind.as_deref(), Some("server_error"));
    assert_eq!(decoded.text(), "Hel");
}

#[test]
fn the_first_chunk_may_have_null_for_content() {
    let decoded = fixture("null-opener");
    assert_eq!((decoded.text().as_str(), decoded.end.clone()), ("Hi", Ok(Completion::Complete)));
    assert_eq!(decoded.events.iter().filter(|event| matches!(event, Event::Text { .. })).count(), 1);
}

#[test]
fn done_may_lack_its_blank_line() {
    let body = |end: &str| {
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"Hi\"}}}}]}}\n\ndata: [DONE]{end}")
    };
    let expected = whole(Protocol::OpenAi, &body("\n\n"));
    assert_eq!(expected.end, Ok(Completion::Complete));
    for end in ["", "\n", "\r", "\r\n"] {
        assert_eq!(whole(Protocol::OpenAi, &body(end)), expected, "{end:?}");
        assert_eq!(decode(options(Protocol::OpenAi, None), body(end).as_bytes().chunks(1)), expected, "{end:?}");
    }
}

#[test]
fn data_may_come_without_a_space_and_with_crlf() {
    assert_eq!(fixture("no-space-crlf").text(), "ab");
}

#[test]
fn azures_first_chunk_has_empty_choices_and_no_names() {
    let decoded = fixture("azure");
    let answer = decoded.answer();
    assert_eq!((answer.id.as_deref(), answer.model.as_deref()), (Some("chatcmpl-1"), Some("m-1")));
    assert_eq!(decoded.text(), "Hi");
    assert!(decoded.metadata()[0]["prompt_filter_results"].is_array());
}

#[test]
fn azures_last_choice_has_no_delta() {
    let decoded = fixture("azure");
    let [metadata] = decoded.metadata()[..] else { panic!("{:?}", decoded.metadata()) };
    assert_eq!(metadata["content_filter_offsets"], json!({ "check_offset": 1 }));
    // It comes behind the one that has the reason.
    assert_eq!(decoded.finish(), Some(("stop", Some("stop"))));
}

#[test]
fn a_chunk_of_usage_alone_has_empty_choices() {
    let decoded = fixture("azure");
    assert_eq!((decoded.usage().len(), decoded.usage()[0].total_tokens), (1, Some(4)));
    // Without a reason before it, it is no end.
    let usage = r#"data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"#;
    let text = r#"data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}"#;
    let cut = whole(Protocol::OpenAi, &format!("{text}\n\n{usage}\n\n"));
    assert_eq!((cut.usage()[0].total_tokens, cut.end.clone()), (Some(4), Ok(Completion::Truncated)));
}

#[test]
fn groq_gives_usage_under_x_groq() {
    let decoded = fixture("groq");
    let usage = decoded.usage()[0];
    assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (Some(5), Some(2), Some(7)));
    assert_eq!(decoded.metadata(), [&json!({ "x_groq": { "id": "req_1", "seed": 7 } })]);
}

#[test]
fn groq_sends_a_whole_tool_call_in_one_delta() {
    let decoded = fixture("groq");
    assert_eq!(decoded.calls(), [("weather", r#"{"city":"Rome"}"#, true)]);
    assert_eq!(decoded.finish(), Some(("tool-calls", Some("tool_calls"))));
}

#[test]
fn a_finish_reason_may_be_empty() {
    assert_eq!(fixture("empty-finish-reason").finish(), Some(("unknown", None)));
    let one = |reason: &str, done: &str| {
        let delta = r#"{"index":0,"delta":{"content":"Hi"},"finish_reason":"@"}"#.replace('@', reason);
        whole(Protocol::OpenAi, &format!("data: {{\"choices\":[{delta}]}}\n\n{done}"))
    };
    // It ends nothing, neither the answer nor the body.
    assert_eq!(one("", "").end, Ok(Completion::Truncated));
    assert_eq!(one("stop", "").end, Ok(Completion::Complete));
    assert_eq!(one("", "data: [DONE]\n\n").end, Ok(Completion::Complete));
}

#[test]
fn a_finish_reason_may_never_come() {
    let decoded = fixture("no-finish-reason");
    assert_eq!((decoded.finish(), decoded.end.clone()), (Some(("unknown", None)), Ok(Completion::Complete)));
}

#[test]
fn tool_calls_may_end_with_stop() {
    assert_eq!(fixture("tool-calls-ending-with-stop").finish(), Some(("tool-calls", Some("stop"))));
}

#[test]
fn openrouter_sends_an_error_beside_choices_that_finish_with_error() {
    let decoded = fixture("openrouter-error");
    let error = decoded.error().unwrap();
    assert_eq!(error.message, "Provider disconnected");
    assert_eq!((error.code.as_deref(), error.status, error.retry_after_ms), (Some("502"), Some(502), Some(3000)));
    assert_eq!(decoded.text(), "Par");
    assert_eq!(decoded.usage()[0].total_tokens, Some(4));
}

#[test]
fn an_error_inside_a_stream_is_said_once_even_if_done_follows() {
    for (name, message) in [
        ("error-then-done", "The server had an error"),
        ("error-event", "Tool call failed"),
        ("error-string", "model is overloaded"),
        ("error-flat", "context too long"),
        ("error-plain-event", "upstream timed out"),
    ] {
        let decoded = fixture(name);
        assert_eq!(decoded.error().unwrap().message, message, "{name}");
        assert_eq!(decoded.finish(), None, "{name}");
        let errors = decoded.events.iter().filter(|event| matches!(event, Event::Error(_)));
        assert_eq!(errors.count(), 1, "{name}");
        assert_eq!(decoded.end, Ok(Completion::Complete), "{name}");
    }
    let error = fixture("error-event").error().unwrap().clone();
    assert_eq!((error.code.as_deref(), error.status), (Some("tool_use_failed"), Some(400)));
    assert_eq!(fixture("error-string").error().unwrap().retry_after_ms, Some(2000));
}

#[test]
fn mistral_sends_content_as_an_array_of_typed_parts() {
    let decoded = fixture("mistral-parts");
    let choice = &decoded.answer().choices[&0];
    assert_eq!((choice.reasoning.as_str(), choice.text.as_str()), ("Let me see.", "It is four."));
    assert_eq!(decoded.metadata(), [&json!({ "content": { "type": "reference", "reference_ids": [4] } })]);
}

#[test]
fn alternatives_interleave_and_are_told_apart_by_their_index() {
    let decoded = fixture("n-2");
    let answer = decoded.answer();
    assert_eq!((answer.choices[&0].text.as_str(), answer.choices[&1].text.as_str()), ("abc", "xy"));
    assert_eq!(decoded.finish(), Some(("length", Some("length"))));
    assert_eq!(decoded.metadata(), [&json!({ "choice": 1, "finish_reason": "stop" })]);
}

#[test]
fn workers_ai_counts_zero_beside_the_truth() {
    let decoded = fixture("cloudflare");
    assert_eq!(decoded.usage().len(), 1);
    assert_eq!(decoded.usage()[0].total_tokens, Some(12));
}

#[test]
fn workers_ai_answers_in_response_in_choices_or_in_both_at_once() {
    assert_eq!(fixture("cloudflare").text(), "The 4!");
    assert_eq!(fixture("cloudflare-beside-choices").text(), "Hi you");
}

#[test]
fn parallel_calls_come_out_whatever_their_numbers() {
    let x = |n: u32| format!("{{\"x\":{n}}}");
    assert_eq!(fixture("calls-without-index").calls(), [("f", &*x(1), true), ("g", r#"{"y":2}"#, true)]);
    assert_eq!(fixture("calls-always-0").calls(), [("f", &*x(1), true), ("f", &*x(2), true), ("g", &*x(3), true)]);
    assert_eq!(
        fixture("calls-always-0-without-id").calls(),
        [("f", &*x(1), true), ("f", &*x(2), true), ("g", "{}", true)]
    );
    assert_eq!(fixture("calls-interleaved").calls(), [("f", &*x(1), true), ("g", r#"{"y":2}"#, true)]);
    assert_eq!(fixture("calls-with-repeated-id-and-name").calls(), [("f", &*x(1), true)]);
    assert_eq!(fixture("calls-as-objects").calls(), [("f", r#"{"x":[1,2]}"#, true), ("now", "{}", true)]);
    assert_eq!(fixture("call-null-finalisation").calls(), [("f", "{}", true)]);
    assert_eq!(fixture("legacy-function-call").calls(), [("f", &*x(1), true)]);
}

#[test]
fn a_call_is_valid_only_if_it_is_whole_and_the_stream_was_not_cut() {
    let cut = fixture("call-cut");
    assert_eq!(cut.calls(), [("f", r#"{"x":1}"#, true), ("g", r#"{"y":"#, false)]);
    assert_eq!(cut.end, Ok(Completion::Truncated));
    assert_eq!(fixture("call-malformed").calls(), [("f", r#"{"x":1,}"#, false)]);
    let complete_but_cut = r#"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}}]}"#;
    assert_eq!(whole(Protocol::OpenAi, &format!("{complete_but_cut}\n\n")).calls(), [("f", "{}", false)]);
}

#[test]
fn deltas_may_follow_a_finish_reason_that_comes_again_with_usage() {
    let decoded = fixture("early-finish-reason");
    let choice = &decoded.answer().choices[&0];
    assert_eq!((choice.reasoning.as_str(), choice.text.as_str()), ("ab", "c"));
    assert_eq!(decoded.usage().len(), 1);
    assert_eq!(decoded.usage()[0].total_tokens, Some(4));
    assert_eq!(decoded.finish(), Some(("length", Some("length"))));
}

#[test]
fn the_last_usage_counts_and_is_not_added_up() {
    let decoded = fixture("usage-in-every-chunk");
    assert_eq!(decoded.usage().len(), 1);
    assert_eq!(decoded.usage()[0].completion_tokens, Some(3));
    assert_eq!(fixture("usage-in-choice").usage()[0].cached_tokens, Some(2));
    assert!(fixture("comments").usage().is_empty(), "what is not said is not zero");
}

#[test]
fn reasoning_under_every_name_is_read_once() {
    assert_eq!(fixture("reasoning-names").answer().choices[&0].reasoning, "abcde");
    let doubled = fixture("reasoning-doubled");
    let choice = &doubled.answer().choices[&0];
    assert_eq!(choice.reasoning, "one two three");
    assert_eq!(choice.signatures, ["sig-1"]);
    let encrypted = json!({ "reasoning_details": { "type": "reasoning.encrypted", "data": "AAAA", "id": "rs_1" } });
    assert_eq!(doubled.metadata(), [&encrypted]);
}

#[test]
fn what_has_no_event_of_its_own_is_metadata_and_padding_is_nothing() {
    let decoded = fixture("metadata");
    assert_eq!(decoded.text(), "Hi you.");
    let expected = [
        json!({ "annotations": [{ "type": "url_citation" }] }),
        json!({ "refusal": "I can't" }),
        json!({ "logprobs": { "content": [{ "token": ".", "logprob": -0.1 }] } }),
        json!({
            "service_tier": "default", "system_fingerprint": "fp_1", "citations": ["https://a.example"], "provider": "P",
        }),
    ];
    assert_eq!(decoded.metadata(), expected.iter().collect::<Vec<_>>());
}

#[test]
fn a_whole_completion_gives_the_same_events() {
    let decoded = fixture("whole-completion");
    let choice = &decoded.answer().choices[&0];
    assert_eq!((choice.text.as_str(), choice.reasoning.as_str()), ("Hello", "Hm"));
    assert_eq!(decoded.calls(), [("f", "{}", true)]);
    assert_eq!(decoded.finish(), Some(("tool-calls", Some("tool_calls"))));
    assert_eq!(fixture("message-beside-delta").text(), "1 2 3");
    assert_eq!(fixture("legacy-completions").text(), "One two");
}

#[test]
fn ends_as_the_format_says_or_is_truncated() {
    for (name, end) in [
        ("no-done", Completion::Complete),
        ("no-finish-reason", Completion::Complete),
        ("cut", Completion::Truncated),
        ("forgotten-blank-lines", Completion::Complete),
    ] {
        assert_eq!(fixture(name).end, Ok(end), "{name}");
    }
    assert_eq!(fixture("cut").text(), "Hi there");
    assert_eq!(fixture("forgotten-blank-lines").text(), "ab");
}

#[test]
fn text_is_what_was_written() {
    let decoded = fixture("escapes");
    assert_eq!(decoded.text(), "acaf\u{e9} \"quoted\" \\ back\n\tline \u{1f600} \0plain\u{fffd} lone");
    let text = fixture("content-like-its-frame").text();
    assert_eq!(text, "ab\"},\"finish_reason\":\"stop\"}]}\\\"},\"finish_reason\":null}]}data: [DONE]");
}

#[test]
fn a_frame_that_is_no_object_is_an_error_without_its_content() {
    for frame in ["secret", "{\"secret\":", "[1]", "12", "{\"choices\":[}"] {
        let decoded = whole(Protocol::OpenAi, &format!("data: {{\"choices\":[]}}\n\ndata: {frame}\n\n"));
        let error = decoded.end.unwrap_err();
        assert_eq!(error, DecodeError::Malformed { format: "openai", what: "a JSON object", frame: 2 });
        assert!(!error.to_string().contains("secret"));
    }
}

#[test]
fn a_hundred_thousand_argument_deltas_take_linear_time() {
    let head = r#"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}}]}"#;
    let mut body = format!("{head}\n\n");
    let arguments = format!("{{\"x\":\"{}\"}}", "y".repeat(100_000));
    for byte in arguments.chars() {
        let text = if byte == '"' { "\\\"".to_owned() } else { byte.to_string() };
        write!(
            body,
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{{\"index\":0,\"function\":{{\"arguments\":\"{text}\"}}}}]}}}}]}}\n\n"
        )
        .unwrap();
    }
    body.push_str("data: [DONE]\n\n");
    // Work grows with the square of the deltas where a decoder looks back at what it has: that would be ten thousand
    // times the bytes, and no test runner waits for it.
    let decoded = whole(Protocol::OpenAi, &body);
    assert_eq!(decoded.end, Ok(Completion::Complete));
    assert!(decoded.calls() == [("f", &*arguments, true)]);
    assert_eq!(decoded.events.len(), 1 + arguments.len() + 2);
}

#[test]
fn what_is_held_is_bounded() {
    let options =
        DecoderOptions { protocol: Protocol::OpenAi, max_event_bytes: 64 * 1024, ..DecoderOptions::default() };
    let endless_call = r#"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}}]}}]}"#;
    let mut decoder = Decoder::new(options.clone());
    let too_large = Err(DecodeError::EventTooLarge { limit: 64 * 1024 });
    let mut frames = (0..100_000).map(|_| decoder.feed(format!("{endless_call}\n\n").as_bytes(), &mut |_| {}));
    assert_eq!(frames.find(Result::is_err), Some(too_large.clone()));

    let mut decoder = Decoder::new(options.clone());
    let choice =
        |index: usize| format!("data: {{\"choices\":[{{\"index\":{index},\"delta\":{{\"content\":\"x\"}}}}]}}\n\n");
    let mut frames = (0..100_000).map(|index| decoder.feed(choice(index).as_bytes(), &mut |_| {}));
    assert_eq!(frames.find(Result::is_err), Some(too_large));

    // Names of a provider's own, without end: they go out instead of being held.
    let mut decoder = Decoder::new(options);
    let mut given = 0;
    for index in 0..10_000 {
        let frame = format!("data: {{\"choices\":[],\"extra_{index}\":\"{}\"}}\n\n", "x".repeat(50));
        decoder.feed(frame.as_bytes(), &mut |event| given += usize::from(matches!(event, Event::Metadata(_)))).unwrap();
    }
    assert!(given > 9_000, "{given}");
}
