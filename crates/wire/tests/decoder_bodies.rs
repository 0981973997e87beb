//! What a body is found to be, and what is said of one that is no stream.
#![expect(clippy::panic, reason = "a test")]

mod support;

use millstream_wire::{Completion, DecodeError, Decoder, DecoderOptions, Event, Protocol};
use proptest::prelude::*;
use support::{decode, options, whole};

fn not_a_stream(decoded: &support::Decoded) -> &'static str {
    match decoded.end {
        Err(DecodeError::NotAStream { got, .. }) => got,
        ref other => panic!("{other:?}"),
    }
}

const SSE: [Protocol; 5] =
    [Protocol::OpenAi, Protocol::Events, Protocol::Chunk, Protocol::Content, Protocol::UiMessage];

#[test]
fn an_empty_body_is_no_stream() {
    for protocol in Protocol::ALL {
        for kind in [None, Some("text/event-stream"), Some("text/plain")] {
            assert_eq!(not_a_stream(&decode(options(protocol, kind), [])), "an empty body");
        }
    }
}

#[test]
fn a_web_page_is_no_stream() {
    let page = "\n<!DOCTYPE html><html><body>Login</body></html>";
    for protocol in SSE.into_iter().chain([Protocol::Auto, Protocol::Ndjson]) {
        for kind in [None, Some("text/html; charset=utf-8"), Some("text/event-stream"), Some("application/json")] {
            assert_eq!(not_a_stream(&decode(options(protocol, kind), [page.as_bytes()])), "an HTML page");
        }
    }
    for at in 0..page.len() {
        let (head, tail) = page.as_bytes().split_at(at);
        let decoded = decode(options(Protocol::Auto, Some("text/plain")), [head, tail]);
        assert_eq!(not_a_stream(&decoded), "an HTML page");
    }
}

#[test]
fn a_json_document_without_an_answer_is_no_stream() {
    for document in ["{\"status\":\"ok\"}", "[1,2]", "{\n  \"status\": \"ok\"\n}\n", "\"text\"x"] {
        for protocol in [Protocol::Auto, Protocol::OpenAi, Protocol::Events] {
            let decoded = decode(options(protocol, Some("application/json")), [document.as_bytes()]);
            if protocol == Protocol::Auto || !document.starts_with('"') {
                assert_eq!(not_a_stream(&decoded), "a JSON document without an answer in it", "{document}");
            }
        }
    }
    let cut = decode(options(Protocol::OpenAi, Some("application/json")), [&b"{\"choices\":[{\"mess"[..]]);
    assert_eq!(not_a_stream(&cut), "a JSON document that is malformed or cut");
}

#[test]
fn bytes_of_no_known_kind_are_no_stream() {
    // Compressed, by a proxy that did not say so; and what begins like the length of a message, and is none.
    for bytes in [&b"\x1f\x8b\x08\0\0\0"[..], b"\0\0\0\x5b\0\0\0\x4b\0\0\0\0\x0b:event", b"\0\0\0\x5b"] {
        for protocol in SSE.into_iter().chain([Protocol::Auto, Protocol::Ndjson, Protocol::Anthropic]) {
            for kind in [None, Some("text/event-stream"), Some("application/json"), Some("application/x-ndjson")] {
                for piece in [1, 100] {
                    let decoded = decode(options(protocol, kind), bytes.chunks(piece));
                    assert_eq!(not_a_stream(&decoded), "binary data", "{protocol} {kind:?}");
                }
            }
        }
    }
    assert_eq!(not_a_stream(&decode(options(Protocol::Auto, None), [&b"Hello"[..]])), "text of no known format");
    let alien = decode(options(Protocol::Auto, Some("text/event-stream")), [&b"data: Hello\n\n"[..]]);
    assert_eq!(not_a_stream(&alien), "events without JSON in them");
    let unknown = decode(options(Protocol::Auto, None), [&b"data: {\"x\":1}\n\n"[..]]);
    assert_eq!(not_a_stream(&unknown), "events of no known format");
}

#[test]
fn an_answer_that_was_not_streamed_is_read_all_the_same() {
    let completion = r#"{
      "id": "chatcmpl-1", "object": "chat.completion", "model": "m-1",
      "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
      "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    }"#;
    for protocol in [Protocol::Auto, Protocol::OpenAi, Protocol::Events] {
        for kind in [Some("application/json"), Some("text/event-stream"), None] {
            for at in [0, 1, 7, completion.len() - 1] {
                let (head, tail) = completion.as_bytes().split_at(at);
                let decoded = decode(options(protocol, kind), [head, tail]);
                assert_eq!((decoded.text().as_str(), decoded.finish()), ("Hello", Some(("stop", Some("stop")))));
                assert_eq!(decoded.usage()[0].total_tokens, Some(3));
            }
        }
    }
    for (document, text) in [
        (r#"{"content":"Hi"}"#, "Hi"),
        (r#"{"text":"Hi","usage":{"promptTokens":1,"completionTokens":1}}"#, "Hi"),
        (r#"{"message":{"role":"assistant","content":"Hi"}}"#, "Hi"),
        (r#"{"type":"message","content":[{"type":"text","text":"H"},{"type":"text","text":"i"}]}"#, "Hi"),
        (r#"{"response":"Hi"}"#, "Hi"),
    ] {
        let decoded = decode(options(Protocol::Auto, Some("application/json")), [document.as_bytes()]);
        assert_eq!((decoded.text().as_str(), decoded.end.clone()), (text, Ok(Completion::Complete)), "{document}");
    }
    for (document, message) in [
        (
            r#"{"error":{"message":"no such model","type":"invalid_request_error","code":"model_not_found"}}"#,
            "no such model",
        ),
        (r#"{"error":"quota"}"#, "quota"),
        (r#"[{"error":{"code":400,"message":"bad key","status":"INVALID_ARGUMENT"}}]"#, "bad key"),
        (r#"{"detail":"Invalid API Key"}"#, "Invalid API Key"),
    ] {
        for kind in ["application/json", "text/event-stream"] {
            let decoded = decode(options(Protocol::Auto, Some(kind)), [document.as_bytes()]);
            assert_eq!(decoded.error().unwrap().message, message);
        }
    }
}

#[test]
fn text_that_looks_like_events_is_events_and_other_text_is_text() {
    let events = "data: {\"token\":\"Hi\"}\n\ndata: [DONE]\n\n";
    assert_eq!(decode(options(Protocol::Auto, Some("text/plain")), events.as_bytes().chunks(1)).text(), "Hi");
    assert_eq!(decode(options(Protocol::Auto, Some("text/html")), [events.as_bytes()]).text(), "Hi");
    for text in
        ["dat", "data and more", "<think>Hm</think> Hi", ": it begins\nwith a colon", "{\"a\":1}", "d", "\n\nHi"]
    {
        for kind in ["text/plain; charset=utf-8", "text/markdown"] {
            let decoded = decode(options(Protocol::Auto, Some(kind)), text.as_bytes().chunks(1));
            assert_eq!(decoded.text(), text);
            assert_eq!(decoded.end, Ok(Completion::Complete));
        }
    }
}

#[test]
fn blank_lines_and_comments_before_the_first_event_confuse_nobody() {
    let body = format!("{}: waiting\n\n: waiting\n\ndata: {{\"token\":\"Hi\"}}\n\ndata: [DONE]\n\n", "\n".repeat(3000));
    for kind in [None, Some("text/event-stream")] {
        assert_eq!(decode(options(Protocol::Auto, kind), body.as_bytes().chunks(7)).text(), "Hi");
    }
    let comments = format!("{}data: {{\"token\":\"Hi\"}}\n\n", ": waiting\n\n".repeat(20));
    assert_eq!(decode(options(Protocol::Auto, Some("text/plain")), comments.as_bytes().chunks(1)).text(), "Hi");
    // However a body is cut: where the window for such things closes, too.
    for (blanks, mark, kind) in
        [(1020, "\n", None), (1020, " ", Some("application/json")), (500, ":\n", Some("text/plain"))]
    {
        for more in 0..16 {
            let body = format!("{}{{\"content\":\"Hi\"}}", mark.repeat(blanks + more));
            let whole = decode(options(Protocol::Auto, kind), [body.as_bytes()]);
            let single = decode(options(Protocol::Auto, kind), body.as_bytes().chunks(1));
            assert_eq!((joined(single.events), single.end), (joined(whole.events), whole.end), "{kind:?} {more}");
        }
    }
    let silent = decode(options(Protocol::Auto, Some("text/event-stream")), [&b": waiting\n\n: waiting\n\n"[..]]);
    assert_eq!((silent.events.len(), silent.end), (0, Ok(Completion::Truncated)));
}

#[test]
fn says_what_it_found_and_what_a_reconnection_needs() {
    let mut decoder = Decoder::new(options(Protocol::Auto, Some("text/event-stream")));
    assert_eq!(decoder.protocol(), Protocol::Auto);
    decoder.feed(b"retry: 1500\nid: 7\nevent: token\ndata: {\"token\":\"Hi\"}\n\n", &mut |_| {}).unwrap();
    assert_eq!((decoder.protocol(), decoder.last_event_id(), decoder.retry_ms()), (Protocol::Events, "7", Some(1500)));
    assert!(!decoder.is_finished());
    decoder.feed(b"event: done\ndata: {}\n\n", &mut |_| {}).unwrap();
    assert!(decoder.is_finished());
    let late = |event: Event<'_>| panic!("{event:?}");
    decoder.feed(b"event: token\ndata: {\"token\":\"late\"}\n\n", &mut |event| late(event)).unwrap();
    assert_eq!(decoder.end(&mut |event| late(event)), Ok(Completion::Complete));
}

#[test]
fn a_body_larger_than_the_cap_is_fine_and_an_event_is_not() {
    let small = DecoderOptions { max_event_bytes: 256, ..options(Protocol::Auto, None) };
    let many = "data: {\"token\":\"Hi\"}\n\n".repeat(1000);
    assert_eq!(decode(small.clone(), [many.as_bytes()]).text().len(), 2000);
    // Lines that are said to be one document are found out before they are too long for one.
    let lines = "{\"token\":\"Hi\"}\n".repeat(1000);
    let mislabelled = DecoderOptions { max_event_bytes: 256, ..options(Protocol::Auto, Some("application/json")) };
    for piece in [1, 7, 300, lines.len()] {
        assert_eq!(decode(mislabelled.clone(), lines.as_bytes().chunks(piece)).text().len(), 2000);
    }
    let too_large = Err(DecodeError::EventTooLarge { limit: 256 });
    for start in ["data: ", "{\"content\":\"", "data: {\"token\":\"Hi\"}\n\nevent: "] {
        let mut body = start.to_owned();
        body.push_str(&"x".repeat(1000));
        assert_eq!(decode(small.clone(), body.as_bytes().chunks(10)).end, too_large, "{start}");
    }
}

/// Pieces of bodies that decoders know, and some that nobody does.
fn fragment() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "data: ",
        "event: ",
        "\n\n",
        "\n",
        "\r\n",
        "[DONE]",
        "{",
        "}",
        "null",
        "\"",
        "\\",
        ": ",
        "error",
        "token",
        "done",
        "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}",
        "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}]}",
        "{\"choices\":[{\"index\":0,\"delta\":{\"reasoning\":\"r\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1}}",
        "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]}}]}",
        "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"}\"}}]}}]}",
        "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"function\":{\"name\":\"g\",\"arguments\":\"x\"}}]}}]}",
        "{\"error\":\"no\"}",
        "{\"token\":\"t\"}",
        "{\"reasoning\":\"r\",\"token\":\"t\"}",
        "{\"usage\":{\"totalTokens\":3}}",
        "{\"type\":\"chunk\",\"content\":\"c\"}",
        "{\"type\":\"complete\",\"data\":{\"x\":1}}",
        "{\"content\":\"c\",\"finished\":false}",
        "{\"content\":\"\",\"finished\":true}",
        "{\"type\":\"text-delta\",\"id\":\"1\",\"delta\":\"d\"}",
        "{\"type\":\"finish\"}",
        "{\"type\":\"tool-input-start\",\"toolCallId\":\"1\",\"toolName\":\"f\"}",
        "{\"type\":\"start\",\"messageId\":\"m\"}",
        "{\"type\":\"tool-input-available\",\"toolCallId\":\"1\",\"toolName\":\"f\",\"input\":{}}",
        "{\"id\":\"i\",\"model\":\"m\",\"choices\":[]}",
        "event: tool_call\ndata: {\"id\":\"1\",\"name\":\"f\",\"arguments\":{}}\n\n",
        "event: start\ndata: {\"id\":\"s\"}\n\n",
        "<html>",
        "\u{feff}",
        "\u{e9}",
    ]);
    prop_oneof![
        8 => known.prop_map(|text| text.as_bytes().to_vec()),
        4 => Just(b"data: ".to_vec()),
        4 => Just(b"\n\n".to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(fragment(), 0..24).prop_map(|fragments| fragments.concat())
}

/// The same events, where adjacent pieces of plain text may be cut anywhere.
fn joined(events: Vec<Event<'static>>) -> Vec<Event<'static>> {
    let mut out: Vec<Event<'static>> = Vec::new();
    for event in events {
        match (out.last_mut(), event) {
            (Some(Event::Text { choice: a, text }), Event::Text { choice: b, text: more }) if *a == b => {
                text.to_mut().push_str(&more);
            }
            (_, event) => out.push(event),
        }
    }
    out
}

const KINDS: [Option<&str>; 6] = [
    None,
    Some("text/event-stream"),
    Some("text/plain"),
    Some("application/json"),
    Some("application/x-ndjson"),
    Some("text/html"),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// `decode` checks the laws of events.
    #[test]
    fn any_bytes_keep_the_laws_and_read_the_same_at_any_split(
        body in body(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)
    ) {
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
        at.sort_unstable();
        for protocol in Protocol::ALL {
            for kind in KINDS {
                let expected = decode(options(protocol, kind), [&*body]);
                let mut pieces: Vec<&[u8]> = Vec::new();
                let mut from = 0;
                for &cut in &at {
                    pieces.push(&body[from..cut]);
                    from = cut;
                }
                pieces.push(&body[from..]);
                let split = decode(options(protocol, kind), pieces);
                prop_assert_eq!(joined(split.events), joined(expected.events), "{} {:?}", protocol, kind);
                prop_assert_eq!(split.end, expected.end, "{} {:?}", protocol, kind);
            }
        }
    }
}

#[test]
fn the_whole_of_a_format_name_is_known() {
    for protocol in Protocol::ALL {
        assert_eq!(protocol.as_str().parse(), Ok(protocol));
    }
    assert_eq!(whole(Protocol::Text, "x").text(), "x");
}
