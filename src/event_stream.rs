//! Server-sent events for people with a transport of their own: bytes in, packed events out. `lib/event-stream.ts` is the
//! other end.
//!
//! What always holds here: one crossing for each piece of a body, however many events it has; nothing is decided here
//! that the decoder of `millstream-wire` doesn't decide. Imports that decoder and `napi`.
//!
//! The items of a piece cross as one string and an array of `u32`. The array begins with the number of words that follow
//! it, or with [`FAILED`]. An item is a word of flags, then, for each of [`EVENT`], [`ID`] and [`RETRY`] that is set, the
//! end of that text in UTF-16 units, then the end of the data or comment; texts stand in the string in this order. A
//! string and numbers are made at once and read by the optimizer's own means; an object made from here takes a call for
//! each of its properties.

use std::fmt::Write as _;

use millstream_wire::framing::sse::{SseDecoder, SseItem, SseOptions};
use napi::bindgen_prelude::{Result, Uint8ArraySlice, Uint32ArraySlice};
use napi::{Env, Error, JsString, Status};
use napi_derive::napi;

/// The item is a comment.
const COMMENT: u32 = 1;
/// The event has a name.
const EVENT: u32 = 2;
/// The last event ID is another than before this item.
const ID: u32 = 4;
/// The event gave a reconnection time, here in decimal.
const RETRY: u32 = 8;

/// Instead of a number of words: the event is too large, and nothing came before it.
const FAILED: u32 = u32::MAX;

/// A text buffer that grew beyond this for one piece is given back after it.
const KEEP_BYTES: usize = 256 * 1024;

/// A decoder of server-sent events.
#[napi]
pub struct EventStreamDecoder {
    decoder: SseDecoder,
    packed: Packed,
}

/// Items on their way to JavaScript.
#[derive(Default)]
struct Packed {
    text: String,
    /// Length of `text` in UTF-16 units.
    units: u32,
    words: Vec<u32>,
    /// The last event ID as JavaScript knows it.
    id: String,
}

impl Packed {
    fn push(&mut self, item: SseItem<'_>) {
        match item {
            SseItem::Event(event) => {
                let flags_at = self.words.len();
                let mut flags = 0;
                self.words.push(flags);
                if !event.event.is_empty() {
                    flags |= EVENT;
                    self.text(event.event);
                }
                if event.id != self.id {
                    flags |= ID;
                    event.id.clone_into(&mut self.id);
                    self.text(event.id);
                }
                if let Some(milliseconds) = event.retry {
                    flags |= RETRY;
                    let before = self.text.len();
                    // Writing to a string can't fail.
                    let _ = write!(self.text, "{milliseconds}");
                    self.end(self.text.len() - before);
                }
                self.text(&event.data_str());
                if let Some(word) = self.words.get_mut(flags_at) {
                    *word = flags;
                }
            }
            SseItem::Comment(comment) => {
                self.words.push(COMMENT);
                self.text(&String::from_utf8_lossy(comment));
            }
            SseItem::Field { .. } => {}
        }
    }

    fn text(&mut self, text: &str) {
        self.text.push_str(text);
        self.end(if text.is_ascii() { text.len() } else { text.encode_utf16().count() });
    }

    /// So many units were added. Pieces and events are so limited by `lib/event-stream.ts` that a `u32` can't overflow.
    fn end(&mut self, units: usize) {
        self.units = self.units.saturating_add(u32::try_from(units).unwrap_or(u32::MAX));
        self.words.push(self.units);
    }

    fn clear(&mut self) {
        self.text.clear();
        self.text.shrink_to(KEEP_BYTES);
        self.units = 0;
        self.words.clear();
        self.words.shrink_to(KEEP_BYTES / size_of::<u32>());
    }
}

#[napi]
impl EventStreamDecoder {
    /// A decoder at the start of a body. `max_event_bytes` caps one event.
    #[napi(constructor)]
    pub fn new(max_event_bytes: u32, comments: bool, lenient_end: bool) -> Self {
        let max_event_bytes = usize::try_from(max_event_bytes).unwrap_or(usize::MAX);
        let options = SseOptions { max_event_bytes, lenient_end, comments, unknown_fields: false };
        Self { decoder: SseDecoder::new(options), packed: Packed::default() }
    }

    /// Reads a piece of the body. Returns the text of its items and writes their words; null where there are none, where
    /// the decoder failed ([`FAILED`]), or where `words` has too little room for the number it begins with: then
    /// `take` returns them. Where events came before a failure, they are returned and the next call reports it.
    #[napi(ts_return_type = "string | null")]
    pub fn feed<'env>(
        &mut self,
        env: &'env Env,
        bytes: Uint8ArraySlice<'_>,
        words: Uint32ArraySlice<'_>,
    ) -> Result<Option<JsString<'env>>> {
        let Self { decoder, packed } = self;
        let result = decoder.feed(&bytes, &mut |item: SseItem<'_>| packed.push(item));
        self.hand_over(env, words, result.is_err())
    }

    /// The body ended. As [`EventStreamDecoder::feed`].
    #[napi(ts_return_type = "string | null")]
    pub fn end<'env>(&mut self, env: &'env Env, words: Uint32ArraySlice<'_>) -> Result<Option<JsString<'env>>> {
        let Self { decoder, packed } = self;
        let result = decoder.end(&mut |item: SseItem<'_>| packed.push(item));
        self.hand_over(env, words, result.is_err())
    }

    /// Items for which there was too little room.
    #[napi(ts_return_type = "string | null")]
    pub fn take<'env>(&mut self, env: &'env Env, words: Uint32ArraySlice<'_>) -> Result<Option<JsString<'env>>> {
        self.hand_over(env, words, false)
    }

    /// The last event ID in force, empty where there is none.
    #[napi(getter)]
    pub fn last_event_id(&self) -> &str {
        self.decoder.last_event_id()
    }

    /// The reconnection time last given, in milliseconds.
    #[napi(getter)]
    pub fn retry(&self) -> Option<f64> {
        self.decoder.retry_ms().map(|milliseconds| milliseconds as f64)
    }

    fn hand_over<'env>(
        &mut self,
        env: &'env Env,
        mut words: Uint32ArraySlice<'_>,
        failed: bool,
    ) -> Result<Option<JsString<'env>>> {
        #[expect(unsafe_code, reason = "the buffer is `lib/event-stream.ts`'s own and not shared with another thread")]
        // SAFETY: this runs on the environment's thread, JavaScript stands still until it returns, and the buffer was
        // allocated by `lib/event-stream.ts` over a plain ArrayBuffer that nobody else holds.
        let words = unsafe { words.as_mut() };
        let Some((head, room)) = words.split_first_mut() else {
            return Err(Error::new(Status::InvalidArg, "expected a buffer for words"));
        };
        let count = self.packed.words.len();
        if count == 0 {
            *head = if failed { FAILED } else { 0 };
            return Ok(None);
        }
        *head = u32::try_from(count).unwrap_or(FAILED - 1);
        let Some(room) = room.get_mut(..count) else { return Ok(None) };
        room.copy_from_slice(&self.packed.words);
        let text = &self.packed.text;
        let ascii = usize::try_from(self.packed.units) == Ok(text.len());
        // ASCII needs no decoding on the other side.
        let text = if ascii { env.create_string_latin1(text)? } else { env.create_string(text)? };
        self.packed.clear();
        Ok(Some(text))
    }
}
