//! The SSE decoder against hand-written cases, the web platform tests, the specification told a second time, and
//! another crate.

use std::path::Path;

use crate::support::{Item, by_the_book, config, cut, decode, decode_every_way, decode_with};
use eventsource_stream::Eventsource;
use futures::StreamExt;
use millstream_wire::DecodeError;
use millstream_wire::framing::sse::{SseDecoder, SseItem, SseOptions};
use proptest::prelude::*;
use serde::Deserialize;

const ALL: SseOptions =
    SseOptions { max_event_bytes: 1 << 20, lenient_end: false, comments: true, unknown_fields: true };

#[derive(Deserialize)]
struct Case {
    name: String,
    input: Option<String>,
    input_hex: Option<String>,
    #[serde(default)]
    comments: bool,
    #[serde(default)]
    unknown_fields: bool,
    #[serde(default)]
    lenient_end: bool,
    items: Vec<CaseItem>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum CaseItem {
    Event {
        event: String,
        data: String,
        id: String,
        retry: Option<u64>,
        #[serde(default = "yes")]
        complete: bool,
    },
    Comment {
        comment: String,
    },
    Field {
        field: String,
        value: String,
    },
}

fn yes() -> bool {
    true
}

impl From<CaseItem> for Item {
    fn from(item: CaseItem) -> Self {
        match item {
            CaseItem::Event { event, data, id, retry, complete } => Self::Event { event, data, id, retry, complete },
            CaseItem::Comment { comment } => Self::Comment(comment),
            CaseItem::Field { field, value } => Self::Field(field, value),
        }
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn reads_the_cases_at_every_split() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../fixtures/sse/cases.json")).unwrap();
    assert!(cases.len() > 40);
    for case in cases {
        let body = case.input.map(String::into_bytes).or_else(|| case.input_hex.as_deref().map(unhex)).unwrap();
        let options = SseOptions {
            comments: case.comments,
            unknown_fields: case.unknown_fields,
            lenient_end: case.lenient_end,
            ..SseOptions::default()
        };
        let outcome = decode_every_way(options, "", &body);
        let expected: Vec<Item> = case.items.into_iter().map(Item::from).collect();
        assert_eq!(outcome.items, expected, "{}", case.name);
        assert_eq!(outcome.error, None, "{}", case.name);
        if !case.lenient_end {
            assert_eq!(outcome, by_the_book(&body, options), "{}: the oracle", case.name);
        }
    }
}

#[derive(Deserialize)]
struct PlatformTests {
    count: usize,
    cases: Vec<PlatformTest>,
}

#[derive(Deserialize)]
struct PlatformTest {
    name: String,
    input_b64: String,
    connection_ok: bool,
    chunks_utf8: Option<Vec<String>>,
    expected: Vec<PlatformEvent>,
    expected_retry_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlatformEvent {
    event: String,
    data: String,
    last_event_id: Option<String>,
}

#[test]
fn passes_the_web_platform_tests_at_every_split() {
    use base64::Engine as _;

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/wpt-eventsource.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: ../shared/wpt-eventsource.json is not there");
        return;
    };
    let tests: PlatformTests = serde_json::from_str(&text).unwrap();
    assert_eq!(tests.cases.len(), tests.count);
    for test in tests.cases {
        let name = &test.name;
        let body = base64::engine::general_purpose::STANDARD.decode(&test.input_b64).unwrap();
        // The only stateful case goes on from a first answer, which gave this ID.
        let last_event_id = if name.starts_with("format-field-id-2") { "…" } else { "" };
        let outcome = decode_every_way(SseOptions::default(), last_event_id, &body);
        assert_eq!(outcome.error, None, "{name}");
        if let Some(chunks) = test.chunks_utf8 {
            let chunked = decode(SseOptions::default(), chunks.iter().map(String::as_bytes));
            assert_eq!(chunked, outcome, "{name}: as the test cuts it");
        }
        if !test.connection_ok {
            // These are about the content type: a browser does not read the body, which is a good one.
            assert_eq!(outcome.items.len(), 1, "{name}");
            continue;
        }
        assert_eq!(outcome.items.len(), test.expected.len(), "{name}: {:?}", outcome.items);
        for (item, expected) in outcome.items.iter().zip(&test.expected) {
            let Item::Event { event, data, id, complete, .. } = item else { panic!("{name}: {item:?}") };
            let event = if event.is_empty() { "message" } else { event };
            assert_eq!(
                (event, data.as_str(), *complete),
                (expected.event.as_str(), expected.data.as_str(), true),
                "{name}"
            );
            if let Some(expected_id) = &expected.last_event_id {
                assert_eq!(id, expected_id, "{name}");
            }
        }
        assert_eq!(outcome.retry, test.expected_retry_ms, "{name}");
    }
}

/// Bytes made of what the grammar is made of, so that a few of them meet every rule.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let token = prop::sample::select(vec![
        &b"data"[..],
        b"data: ",
        b"data:",
        b"event: ",
        b"event",
        b"id: ",
        b"id",
        b"retry: ",
        b"retry",
        b"error",
        b":",
        b": ",
        b" ",
        b"\n",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\r\n\r\n",
        b"\0",
        b"x",
        b"12",
        b"{\"a\":1}",
        b"\xEF\xBB\xBF",
        b"\xEF",
        b"\xBB",
        "é".as_bytes(),
        "😀".as_bytes(),
        b"\xFF",
        b"\xF0\x9F",
        b"\x80",
    ]);
    prop::collection::vec(token, 0..48).prop_map(|tokens| tokens.concat())
}

fn options() -> impl Strategy<Value = SseOptions> {
    (prop_oneof![0..64usize, Just(1 << 20)], any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(max_event_bytes, lenient_end, comments, unknown_fields)| SseOptions {
            max_event_bytes,
            lenient_end,
            comments,
            unknown_fields,
        },
    )
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_split_gives_the_same(options in options(), body in body(), places in prop::collection::vec(any::<usize>(), 0..12)) {
        let whole = decode(options, [body.as_slice()]);
        prop_assert_eq!(decode(options, cut(&body, &places)), whole.clone());
        prop_assert_eq!(decode(options, body.chunks(1)), whole);
    }

    #[test]
    fn reads_as_the_specification_says(body in body(), comments: bool, unknown_fields: bool) {
        let options = SseOptions { comments, unknown_fields, ..ALL };
        prop_assert_eq!(decode(options, [body.as_slice()]), by_the_book(&body, options));
    }

    #[test]
    fn lenient_end_only_adds(body in body()) {
        let strict = decode(ALL, [body.as_slice()]);
        let lenient = decode(SseOptions { lenient_end: true, ..ALL }, [body.as_slice()]);
        prop_assert_eq!(&lenient.items[..strict.items.len()], &strict.items[..]);
        prop_assert!(lenient.items.len() <= strict.items.len() + 2, "a field or comment, and an event");
    }

    #[test]
    fn never_holds_more_than_the_cap(limit in 0..64usize, body in body(), places in prop::collection::vec(any::<usize>(), 0..12)) {
        let mut decoder = SseDecoder::new(SseOptions { max_event_bytes: limit, ..ALL });
        for piece in cut(&body, &places) {
            let result = decoder.feed(piece, &mut |item: SseItem<'_>| {
                if let SseItem::Event(event) = item {
                    assert!(event.data.len() + event.event.len() <= limit);
                }
            });
            prop_assert!(decoder.buffered_bytes() <= limit);
            prop_assert!(decoder.last_event_id().len() <= limit);
            if result.is_err() {
                break;
            }
        }
    }

    /// `eventsource-stream` 0.2.3 is right on valid UTF-8 that does not begin with a byte-order mark (it panics), has no
    /// CR as its last byte (it waits for LF), and no sign or overflow in a `retry` (it takes the one, drops the other).
    #[test]
    fn agrees_with_another_crate_where_that_is_right(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "data", "data: ", "event: ", "event", "id: ", "id", "retry: ", "retry", "error", ":", ": ", " ", "\n", "\n", "\r",
            "\r\n", "\n\n", "\r\n\r\n", "\0", "x", "12", "{\"a\":1}", "\u{FEFF}", "é", "😀", "\u{2028}",
        ]), 0..48),
        places in prop::collection::vec(any::<usize>(), 0..12),
    ) {
        let mut body = tokens.concat().trim_start_matches('\u{FEFF}').to_owned();
        if body.ends_with('\r') {
            body.push('\n');
        }
        let pieces = cut(body.as_bytes(), &places);
        let theirs: Vec<Item> = futures::executor::block_on(
            futures::stream::iter(pieces.iter().map(|piece| Ok::<_, std::convert::Infallible>(*piece)))
                .eventsource()
                .map(|event| {
                    let event = event.expect("valid UTF-8");
                    Item::Event {
                        event: if event.event == "message" { String::new() } else { event.event },
                        data: event.data,
                        id: event.id,
                        retry: event.retry.map(|retry| u64::try_from(retry.as_millis()).unwrap()),
                        complete: true,
                    }
                })
                .collect(),
        );
        let ours = decode(SseOptions::default(), pieces).items;
        prop_assert_eq!(ours, theirs);
    }
}

#[test]
fn gives_an_event_at_once_after_cr_and_drops_the_lf_of_the_next_piece() {
    let mut decoder = SseDecoder::new(SseOptions::default());
    let mut datas = Vec::new();
    let mut sink = |item: SseItem<'_>| {
        if let SseItem::Event(event) = item {
            datas.push(event.data.to_vec());
        }
    };
    decoder.feed(b"data: a\r\n\r", &mut sink).unwrap();
    decoder.feed(b"\ndata: b\r", &mut sink).unwrap();
    decoder.feed(b"", &mut sink).unwrap();
    decoder.feed(b"\n\r", &mut sink).unwrap();
    assert_eq!(datas, [b"a", b"b"]);
}

#[test]
fn borrows_an_event_that_lies_whole_in_a_piece() {
    let body = b": ping\n\nevent: x\nid: 7\ndata: first\n\ndata: second\r\n\r\n";
    let piece = body.as_ptr_range();
    let mut events = 0;
    let mut decoder = SseDecoder::new(SseOptions::default());
    decoder
        .feed(body, &mut |item: SseItem<'_>| {
            let SseItem::Event(event) = item else { panic!("{item:?}") };
            assert!(piece.contains(&event.data.as_ptr()), "the data was copied");
            assert!(matches!(event.data_str(), std::borrow::Cow::Borrowed(_)));
            events += 1;
        })
        .unwrap();
    assert_eq!(events, 2);
    assert_eq!(decoder.buffered_bytes(), 0);
}

#[test]
fn refuses_an_event_beyond_the_cap_and_stays_refusing() {
    let options = SseOptions { max_event_bytes: 32, ..ALL };
    let too_large = Some(DecodeError::EventTooLarge { limit: 32 });
    let endless = |line: &str| format!("data: ok\n\n{line}{}", "x".repeat(40)).into_bytes();
    for line in ["data: ", ": ", "id: ", "event: ", "retry: ", "error: ", "", "data: 12345678\ndata: 12345678\ndata: "]
    {
        let outcome = decode_every_way(options, "", &endless(line));
        assert_eq!(outcome.error, too_large, "{line:?}");
        assert_eq!(outcome.items.len(), 1, "{line:?}: what came before stands");
    }
    let many_lines = "data:\n".repeat(40).into_bytes();
    assert_eq!(decode_every_way(options, "", &many_lines).error, too_large);
    let name_and_data = format!("event: {}\ndata: {}\n\n", "x".repeat(16), "x".repeat(16));
    assert_eq!(decode_every_way(options, "", name_and_data.as_bytes()).error, too_large);

    // Twelve broken bytes are 36 as text.
    for field in ["event: ", "id: "] {
        let broken = [field.as_bytes(), &[0xFF; 12][..], b"\n"].concat();
        assert_eq!(decode_every_way(options, "", &broken).error, too_large, "{field:?}");
    }

    let mut decoder = SseDecoder::new(options);
    let mut sink = |item: SseItem<'_>| panic!("{item:?}");
    assert!(decoder.feed(&[b'x'; 33], &mut sink).is_err());
    assert!(decoder.feed(b"\n\ndata: a\n\n", &mut sink).is_err());
    assert!(decoder.end(&mut sink).is_err());
    assert_eq!(decoder.buffered_bytes(), 0);
    decoder.reset();
    assert_eq!(decode_with(&mut decoder, [&b"data: a\n\n"[..]]).items.len(), 1);
}

#[test]
fn keep_alives_without_end_do_not_count_towards_the_cap() {
    let mut decoder = SseDecoder::new(SseOptions { max_event_bytes: 64, ..ALL });
    let mut comments = 0;
    decoder.feed(b"data: a\n", &mut |_: SseItem<'_>| {}).unwrap();
    for _ in 0..1000 {
        decoder.feed(b": keep-alive\n", &mut |_: SseItem<'_>| comments += 1).unwrap();
    }
    assert_eq!(comments, 1000);
    assert!(decoder.buffered_bytes() <= 64);
}

#[test]
fn an_event_of_exactly_the_cap_passes() {
    let body = format!("data: {}\n\n", "x".repeat(26));
    let outcome = decode_every_way(SseOptions { max_event_bytes: 32, ..ALL }, "", body.as_bytes());
    assert_eq!((outcome.error, outcome.items.len()), (None, 1));
}

#[test]
fn a_second_body_keeps_id_and_retry_and_nothing_else() {
    let mut decoder = SseDecoder::new(SseOptions::default());
    let first =
        decode_with(&mut decoder, [&b"\xEF\xBB\xBFid: 1\nretry: 5\ndata: a\n\nid: 2\nevent: x\ndata: lost"[..]]);
    assert_eq!((first.items.len(), first.last_event_id.as_str(), first.retry), (1, "1", Some(5)));
    let second = decode_with(&mut decoder, [&b"\xEF\xBB\xBFdata: b\n\n"[..]]);
    let expected =
        Item::Event { event: String::new(), data: "b".to_owned(), id: "1".to_owned(), retry: None, complete: true };
    assert_eq!((second.items, second.retry), (vec![expected], Some(5)));
}

#[test]
fn an_id_of_an_unfinished_event_never_takes_effect() {
    let body = b"id: 1\ndata: a\n\nid: 2\ndata: b\n";
    assert_eq!(decode(SseOptions::default(), [&body[..]]).last_event_id, "1");
    // The event is delivered whole, so resuming must not ask for it again.
    let lenient = SseOptions { lenient_end: true, ..SseOptions::default() };
    assert_eq!(decode(lenient, [&body[..]]).last_event_id, "2");
    // Its data may be cut, so resuming must ask for it again.
    assert_eq!(decode(lenient, [&body[..body.len() - 1]]).last_event_id, "1");
}

#[test]
fn a_retry_beyond_all_numbers_is_the_largest() {
    let body = format!("retry: {}\ndata: a\n\n", "9".repeat(40));
    assert_eq!(decode(SseOptions::default(), [body.as_bytes()]).retry, Some(u64::MAX));
}
