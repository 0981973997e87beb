//! Shared by the framing tests: items that own their text, ways to cut a body, and the specification told a second time,
//! as literally as it reads and without any thought of speed, as an oracle.

use millstream_wire::DecodeError;
use millstream_wire::framing::sse::{SseDecoder, SseItem, SseOptions};
use proptest::test_runner::Config;

/// 256 cases, or `PROPTEST_CASES`. A failure prints its smallest input, which belongs among the cases then.
pub(crate) fn config() -> Config {
    Config { failure_persistence: None, ..Config::default() }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    Event { event: String, data: String, id: String, retry: Option<u64>, complete: bool },
    Comment(String),
    Field(String, String),
}

impl From<SseItem<'_>> for Item {
    fn from(item: SseItem<'_>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match item {
            SseItem::Event(event) => Self::Event {
                event: event.event.to_owned(),
                data: event.data_str().into_owned(),
                id: event.id.to_owned(),
                retry: event.retry,
                complete: event.complete,
            },
            SseItem::Comment(comment) => Self::Comment(text(comment)),
            SseItem::Field { name, value } => Self::Field(text(name), text(value)),
        }
    }
}

/// What came of a body: its items, the error, and what stays in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) items: Vec<Item>,
    pub(crate) error: Option<DecodeError>,
    pub(crate) last_event_id: String,
    pub(crate) retry: Option<u64>,
}

/// Decodes pieces with a decoder of its own.
pub(crate) fn decode<'a>(options: SseOptions, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    decode_with(&mut SseDecoder::new(options), pieces)
}

pub(crate) fn decode_with<'a>(decoder: &mut SseDecoder, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut items = Vec::new();
    let mut sink = |item: SseItem<'_>| items.push(Item::from(item));
    let mut result = Ok(());
    for piece in pieces {
        result = result.and_then(|()| decoder.feed(piece, &mut sink));
    }
    let error = result.and_then(|()| decoder.end(&mut sink)).err();
    Outcome { items, error, last_event_id: decoder.last_event_id().to_owned(), retry: decoder.retry_ms() }
}

/// The body as a whole, a byte at a time, and in two pieces cut at every place: all must come to the same.
pub(crate) fn decode_every_way(options: SseOptions, last_event_id: &str, body: &[u8]) -> Outcome {
    let run = |pieces: &[&[u8]]| {
        let mut decoder = SseDecoder::new(options);
        decoder.set_last_event_id(last_event_id);
        decode_with(&mut decoder, pieces.iter().copied())
    };
    let whole = run(&[body]);
    let bytes: Vec<&[u8]> = body.chunks(1).collect();
    assert_eq!(run(&bytes), whole, "a byte at a time");
    for at in 0..=body.len() {
        assert_eq!(run(&[&body[..at], &body[at..]]), whole, "cut at {at}");
        assert_eq!(run(&[&body[..at], b"", &body[at..]]), whole, "cut at {at}, an empty piece between");
    }
    whole
}

/// Cuts `body` at the given places, in any order, beyond the end too.
pub(crate) fn cut<'a>(body: &'a [u8], places: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places.iter().map(|place| place % (body.len() + 1)).collect();
    places.sort_unstable();
    let mut pieces = Vec::new();
    let mut start = 0;
    for place in places {
        pieces.push(&body[start..place]);
        start = place;
    }
    pieces.push(&body[start..]);
    pieces
}

/// WHATWG HTML §9.2.6, step by step, on a body that is there as a whole. Strict end, no cap.
pub(crate) fn by_the_book(body: &[u8], options: SseOptions) -> Outcome {
    let text = String::from_utf8_lossy(body);
    let mut text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    let mut outcome = Outcome { items: Vec::new(), error: None, last_event_id: String::new(), retry: None };
    let (mut data, mut event, mut id_buffer, mut event_retry) = (String::new(), String::new(), String::new(), None);
    while let Some(end) = text.find(['\r', '\n']) {
        let line = &text[..end];
        text = if text[end..].starts_with("\r\n") { &text[end + 2..] } else { &text[end + 1..] };
        if line.is_empty() {
            outcome.last_event_id.clone_from(&id_buffer);
            if !data.is_empty() {
                data.pop();
                outcome.items.push(Item::Event {
                    event: std::mem::take(&mut event),
                    data: std::mem::take(&mut data),
                    id: outcome.last_event_id.clone(),
                    retry: event_retry,
                    complete: true,
                });
            }
            event.clear();
            event_retry = None;
            continue;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "" if options.comments => outcome.items.push(Item::Comment(value.to_owned())),
            "" => {}
            "event" => event = value.to_owned(),
            "data" => {
                data.push_str(value);
                data.push('\n');
            }
            "id" if !value.contains('\0') => id_buffer = value.to_owned(),
            "id" => {}
            "retry" if !value.is_empty() && value.chars().all(|digit| digit.is_ascii_digit()) => {
                event_retry = Some(value.parse().unwrap_or(u64::MAX));
                outcome.retry = event_retry;
            }
            "retry" => {}
            _ if options.unknown_fields => outcome.items.push(Item::Field(name.to_owned(), value.to_owned())),
            _ => {}
        }
    }
    outcome
}
