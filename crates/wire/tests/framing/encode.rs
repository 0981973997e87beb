//! The SSE encoder, read back by the decoder.

use crate::support::{Item, config, decode, decode_every_way};
use millstream_wire::framing::encode::{EncodeError, encode_comment, encode_event};
use millstream_wire::framing::sse::SseOptions;
use proptest::prelude::*;

const COMMENTS: SseOptions =
    SseOptions { max_event_bytes: 1 << 20, lenient_end: false, comments: true, unknown_fields: false };

fn encoded(event: Option<&str>, id: Option<&str>, retry: Option<u64>, data: &str) -> String {
    let mut out = Vec::new();
    encode_event(&mut out, event, id, retry, data).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn writes_every_field() {
    assert_eq!(
        encoded(Some("token"), Some("7"), Some(3000), "{\"token\":\"a\"}"),
        "event: token\nid: 7\nretry: 3000\ndata: {\"token\":\"a\"}\n\n"
    );
}

#[test]
fn data_alone_is_one_line() {
    assert_eq!(encoded(None, None, None, "[DONE]"), "data: [DONE]\n\n");
}

#[test]
fn data_is_split_at_every_kind_of_line_end() {
    assert_eq!(
        encoded(None, None, None, "a\nb\rc\r\nd\n\re"),
        "data: a\ndata: b\ndata: c\ndata: d\ndata: \ndata: e\n\n"
    );
    assert_eq!(encoded(None, None, None, "a\n"), "data: a\ndata: \n\n");
}

#[test]
fn empty_data_is_an_event_and_an_empty_id_takes_the_last_one_back() {
    assert_eq!(encoded(Some(""), Some(""), None, ""), "id: \ndata: \n\n");
}

#[test]
fn line_breaks_in_names_and_ids_are_refused_and_nothing_is_written() {
    let mut out = b": before\n\n".to_vec();
    for name in ["a\nb", "a\rdata: forged", "\r\n", "a\n"] {
        assert_eq!(encode_event(&mut out, Some(name), None, None, "x"), Err(EncodeError::EventName));
        assert_eq!(encode_event(&mut out, None, Some(name), None, "x"), Err(EncodeError::Id));
    }
    assert_eq!(encode_event(&mut out, None, Some("a\0b"), None, "x"), Err(EncodeError::Id));
    assert_eq!(out, b": before\n\n");
    assert_eq!(EncodeError::EventName.to_string(), "expected an event name without CR or LF");
    assert_eq!(EncodeError::Id.to_string(), "expected an event ID without CR, LF or NUL");
}

#[test]
fn comments_of_any_text_stay_comments() {
    let mut out = Vec::new();
    encode_comment(&mut out, "ping");
    encode_comment(&mut out, "");
    encode_comment(&mut out, "a\r\ndata: forged\rb");
    assert_eq!(out, b": ping\n\n: \n\n: a\n: data: forged\n: b\n\n");
    let comments = ["ping", "", "a", "data: forged", "b"].map(|text| Item::Comment(text.to_owned()));
    assert_eq!(decode_every_way(COMMENTS, "", &out).items, comments);
}

/// Text rich in what could break the grammar.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        prop::collection::vec(
            prop::sample::select(vec![
                "a", " ", "\n", "\r", "\r\n", ":", "data: x", "id: 1", "\0", "\u{FEFF}", "\u{2028}", "é", "😀", "\"",
                "\\n",
            ]),
            0..16
        )
        .prop_map(|tokens| tokens.concat()),
    ]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_written_reads_back(
        event in prop::option::of(text()),
        id in prop::option::of(text()),
        retry in prop::option::of(any::<u64>()),
        data in text(),
    ) {
        let mut out = Vec::new();
        let result = encode_event(&mut out, event.as_deref(), id.as_deref(), retry, &data);
        let broken = |text: &Option<String>, set: &[char]| text.as_ref().is_some_and(|text| text.contains(set));
        if broken(&event, &['\r', '\n']) {
            prop_assert_eq!(result, Err(EncodeError::EventName));
        } else if broken(&id, &['\r', '\n', '\0']) {
            prop_assert_eq!(result, Err(EncodeError::Id));
        } else {
            prop_assert_eq!(result, Ok(()));
            let expected = Item::Event {
                event: event.unwrap_or_default(),
                data: data.replace("\r\n", "\n").replace('\r', "\n"),
                id: id.unwrap_or_default(),
                retry,
                complete: true,
            };
            prop_assert_eq!(decode(COMMENTS, [out.as_slice()]).items, vec![expected]);
        }
    }
}
