//! Server-sent events for people with a transport of their own: bytes in, packed events out. `lib/event-stream.ts` is the
//! other end.
//!
//! What always holds here: one crossing for each piece of a body, however many events it has; nothing is decided here
//! that the decoder of `millstream-wire` doesn't decide. Imports that decoder and `napi`.
//!
//! The items of a piece cross as one string. An item is a character of flags, then the lengths in UTF-16 units of its
//! texts, then the texts: the event's name, the last event ID and the reconnection time in decimal, each where its flag
//! ([`EVENT`], [`ID`], [`RETRY`]) is set, and the data or the comment. Flags and lengths ([`push_length`]) are ASCII, so that
//! they never make a string wider than its texts do.
//!
//! Why not a class whose methods return objects: for a piece with one event, checking a class's receiver takes twice as
//! long as calling the function, and each property of an object made from here is a call of its own.

use std::fmt::Write as _;

use millstream_wire::framing::sse::{SseDecoder, SseItem, SseOptions};
use napi::bindgen_prelude::{External, Result, Uint8ArraySlice};
use napi::{Env, JsString};
use napi_derive::napi;

/// The item is a comment.
const COMMENT: u8 = 1;
/// The event has a name.
const EVENT: u8 = 2;
/// The last event ID is another than before this item.
const ID: u8 = 4;
/// The event gave a reconnection time.
const RETRY: u8 = 8;
/// No item: the event being read is too large. The last of a string, and all that comes from then on.
const FAILED: u8 = 16;

/// A text buffer that grew beyond this for one piece is given back after it.
const KEEP_BYTES: usize = 256 * 1024;

/// A decoder and its items on their way to JavaScript.
pub(crate) struct EventStream {
    decoder: SseDecoder,
    packed: Packed,
}

#[derive(Default)]
struct Packed {
    text: String,
    /// The last event ID as JavaScript knows it.
    id: String,
    /// For the decimal of a reconnection time.
    number: String,
}

impl Packed {
    fn push(&mut self, item: SseItem<'_>) {
        match item {
            SseItem::Event(event) => {
                let new_id = event.id != self.id;
                self.number.clear();
                if let Some(milliseconds) = event.retry {
                    // Writing to a string can't fail.
                    let _ = write!(self.number, "{milliseconds}");
                }
                let data = event.data_str();
                let texts = [
                    (EVENT, !event.event.is_empty(), event.event),
                    (ID, new_id, event.id),
                    (RETRY, event.retry.is_some(), &self.number),
                    (0, true, &data),
                ];
                let set = |(flag, set, _): &(u8, bool, &str)| if *set { *flag } else { 0 };
                self.text.push(char::from(texts.iter().map(set).sum::<u8>()));
                for (_, _, text) in texts.iter().filter(|(_, set, _)| *set) {
                    push_length(&mut self.text, text);
                }
                for (_, _, text) in texts.iter().filter(|(_, set, _)| *set) {
                    self.text.push_str(text);
                }
                if new_id {
                    event.id.clone_into(&mut self.id);
                }
            }
            SseItem::Comment(comment) => {
                let comment = String::from_utf8_lossy(comment);
                self.text.push(char::from(COMMENT));
                push_length(&mut self.text, &comment);
                self.text.push_str(&comment);
            }
            SseItem::Field { .. } => {}
        }
    }

    fn take<'env>(&mut self, env: &'env Env) -> Result<Option<JsString<'env>>> {
        if self.text.is_empty() {
            return Ok(None);
        }
        // ASCII needs no decoding on the other side.
        let text =
            if self.text.is_ascii() { env.create_string_latin1(&self.text) } else { env.create_string(&self.text) };
        self.text.clear();
        self.text.shrink_to(KEEP_BYTES);
        text.map(Some)
    }
}

/// Appends a text's length in UTF-16 units: six bits a character, the lowest first, with 64 added to all but the last.
fn push_length(out: &mut String, text: &str) {
    let mut length = if text.is_ascii() { text.len() } else { text.encode_utf16().count() };
    while length > 0x3F {
        out.push(char::from(0x40 | low_bits(length)));
        length >>= 6;
    }
    out.push(char::from(low_bits(length)));
}

/// The lowest six bits.
fn low_bits(number: usize) -> u8 {
    number.to_le_bytes()[0] & 0x3F
}

/// A decoder at the start of a body. `max_event_bytes` caps one event.
#[napi]
pub(crate) fn event_stream_new(max_event_bytes: u32, comments: bool, lenient_end: bool) -> External<EventStream> {
    let max_event_bytes = usize::try_from(max_event_bytes).unwrap_or(usize::MAX);
    let options = SseOptions { max_event_bytes, lenient_end, comments, unknown_fields: false };
    External::new(EventStream { decoder: SseDecoder::new(options), packed: Packed::default() })
}

/// Reads a piece of the body and returns its items, null where there are none.
#[napi(ts_return_type = "string | null")]
pub(crate) fn event_stream_feed<'env>(
    env: &'env Env,
    stream: &mut External<EventStream>,
    bytes: Uint8ArraySlice<'_>,
) -> Result<Option<JsString<'env>>> {
    let EventStream { decoder, packed } = &mut **stream;
    if decoder.feed(&bytes, &mut |item: SseItem<'_>| packed.push(item)).is_err() {
        packed.text.push(char::from(FAILED));
    }
    packed.take(env)
}

/// The body ended. As [`event_stream_feed`].
#[napi(ts_return_type = "string | null")]
pub(crate) fn event_stream_end<'env>(
    env: &'env Env,
    stream: &mut External<EventStream>,
) -> Result<Option<JsString<'env>>> {
    let EventStream { decoder, packed } = &mut **stream;
    if decoder.end(&mut |item: SseItem<'_>| packed.push(item)).is_err() {
        packed.text.push(char::from(FAILED));
    }
    packed.take(env)
}

/// The last event ID in force, empty where there is none.
#[napi]
pub(crate) fn event_stream_last_id(stream: &External<EventStream>) -> String {
    stream.decoder.last_event_id().to_owned()
}

/// The reconnection time last given, in milliseconds.
#[napi]
pub(crate) fn event_stream_retry(stream: &External<EventStream>) -> Option<f64> {
    stream.decoder.retry_ms().map(|milliseconds| milliseconds as f64)
}
