//! Server-sent events: any bytes, cut anywhere, under any options.
//!
//! Laws: a body gives the same items and the same error however it is cut; no more than the cap is held; the strict
//! reading is a prefix of the lenient one; comments and unknown fields come and go without touching the events; and what
//! is read can be written and read again.
#![no_main]

#[path = "pieces.rs"]
mod pieces;

use libfuzzer_sys::fuzz_target;
use millstream_wire::DecodeError;
use millstream_wire::framing::encode::encode_event;
use millstream_wire::framing::sse::{SseDecoder, SseItem, SseOptions};

#[derive(Debug, Clone, PartialEq)]
enum Item {
    Event { event: String, data: Vec<u8>, text: String, id: String, retry: Option<u64>, complete: bool },
    Comment(Vec<u8>),
    Field(Vec<u8>, Vec<u8>),
}

#[derive(Debug, PartialEq)]
struct Outcome {
    items: Vec<Item>,
    error: Option<DecodeError>,
    last_event_id: String,
    retry: Option<u64>,
}

fn own(item: SseItem<'_>) -> Item {
    match item {
        SseItem::Event(event) => Item::Event {
            event: event.event.to_owned(),
            data: event.data.to_vec(),
            text: event.data_str().into_owned(),
            id: event.id.to_owned(),
            retry: event.retry,
            complete: event.complete,
        },
        SseItem::Comment(comment) => Item::Comment(comment.to_vec()),
        SseItem::Field { name, value } => Item::Field(name.to_vec(), value.to_vec()),
    }
}

fn decode<'a>(options: SseOptions, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut decoder = SseDecoder::new(options);
    let mut items = Vec::new();
    let mut result = Ok(());
    for piece in pieces {
        let fed = decoder.feed(piece, &mut |item: SseItem<'_>| items.push(own(item)));
        assert!(decoder.buffered_bytes() <= options.max_event_bytes, "more is held than the cap allows");
        if result.is_ok() {
            result = fed;
        } else {
            assert_eq!(fed, result, "a failed decoder stays failed");
        }
    }
    let error = result.and_then(|()| decoder.end(&mut |item: SseItem<'_>| items.push(own(item)))).err();
    Outcome { items, error, last_event_id: decoder.last_event_id().to_owned(), retry: decoder.retry_ms() }
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, pieces, body)) = pieces::pieces(data) else { return };
    let options = SseOptions {
        max_event_bytes: [1 << 20, 64, 16, 0][usize::from(choice >> 3) % 4],
        lenient_end: choice & 1 != 0,
        comments: choice & 2 != 0,
        unknown_fields: choice & 4 != 0,
    };
    let whole = decode(options, [body]);
    assert_eq!(decode(options, pieces), whole, "in the pieces that were chosen");
    assert_eq!(decode(options, body.chunks(1)), whole, "a byte at a time");

    let strict = decode(SseOptions { lenient_end: false, ..options }, [body]);
    assert!(whole.items.starts_with(&strict.items), "a lenient end changed what came before it");

    let silent = decode(SseOptions { comments: false, unknown_fields: false, ..options }, [body]);
    let events: Vec<&Item> = whole.items.iter().filter(|item| matches!(item, Item::Event { .. })).collect();
    assert_eq!(silent.items.iter().collect::<Vec<_>>(), events, "comments or fields changed the events");
    assert_eq!(silent.error, whole.error);

    for item in &whole.items {
        let Item::Event { event, text, id, retry, .. } = item else { continue };
        let mut out = Vec::new();
        encode_event(&mut out, Some(event), Some(id), *retry, text)
            .expect("what was read has no line breaks in its names");
        let again = decode(SseOptions { max_event_bytes: usize::MAX, ..options }, [out.as_slice()]);
        let [Item::Event { event: event_again, text: text_again, id: id_again, retry: retry_again, .. }] =
            again.items.as_slice()
        else {
            panic!("one event was written, and read as {:?}", again.items);
        };
        assert_eq!((event_again, text_again, id_again, retry_again), (event, text, id, retry));
    }
});
