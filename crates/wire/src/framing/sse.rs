//! Server-sent events, in (WHATWG HTML §9.2.6).
//!
//! What always holds: the items of a body do not depend on how it was cut into pieces; an event that lies whole in one
//! piece and has one `data` line is borrowed from it; every byte is searched once and copied at most twice; no more
//! than the cap is ever held. Nothing is known here about what the data means. Imports `memchr`.
//!
//! Text is handed out as bytes, and decoded where somebody asks for it. Decoding value by value is the same as decoding
//! the body first, as the specification does: every byte that the grammar knows is ASCII, where a broken sequence ends.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::bom::LeadingMark;
use super::{KEPT_CAPACITY, recycle, work};
use crate::DecodeError;

/// Cap on one event where none is given: 8 MiB. The largest events seen in the field are images in base64, of 2 to 3 MiB.
pub const DEFAULT_MAX_EVENT_BYTES: usize = 8 * 1024 * 1024;

/// From this size on, in bytes, a piece is asked whether it has any CR.
const WORTH_ASKING: usize = 512;

/// How an [`SseDecoder`] reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SseOptions {
    /// Cap on what one event may hold, in bytes: its data so far, its name and ID, and the line being read. One endless
    /// line counts, of a comment too; comments that went by do not.
    pub max_event_bytes: usize,
    /// Whether [`SseDecoder::end`] delivers an event that lacks its blank line, and even the end of its last line. The
    /// specification drops it. Servers exist that write `data: [DONE]` and close, so a client of model providers wants
    /// it; it must then be ready for data that was cut.
    pub lenient_end: bool,
    /// Whether comments are given as [`SseItem::Comment`].
    pub comments: bool,
    /// Whether fields that the specification ignores are given as [`SseItem::Field`]. Old llama.cpp servers report
    /// failures in a field `error`.
    pub unknown_fields: bool,
}

impl Default for SseOptions {
    /// The specification: nothing but whole events.
    fn default() -> Self {
        Self { max_event_bytes: DEFAULT_MAX_EVENT_BYTES, lenient_end: false, comments: false, unknown_fields: false }
    }
}

/// What the decoder found, in the order of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SseItem<'a> {
    /// An event, at its blank line.
    Event(SseEvent<'a>),
    /// A comment, at the end of its line: what follows the colon and one space after it. Servers send comments to keep
    /// a connection alive; they say nothing about content. Only with [`SseOptions::comments`].
    Comment(&'a [u8]),
    /// A field the specification does not name, at the end of its line. Only with [`SseOptions::unknown_fields`].
    Field {
        /// Never empty. `data`, `event`, `id` and `retry` never come here; other spellings of them do.
        name: &'a [u8],
        /// What follows the colon and one space after it; empty where there is no colon.
        value: &'a [u8],
    },
}

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SseEvent<'a> {
    /// The event's name as sent; empty where none was. A browser calls that one `message`; here the difference is kept.
    pub event: &'a str,
    /// The data as sent, its lines joined by a line feed; any bytes. See [`SseEvent::data_str`].
    pub data: &'a [u8],
    /// The last event ID in force, this event's own or an earlier one's; empty where there is none.
    pub id: &'a str,
    /// The reconnection time given in this event's own lines, in milliseconds.
    pub retry: Option<u64>,
    /// Whether the event had its blank line. `false` only under [`SseOptions::lenient_end`], for the last of a body:
    /// its data may be cut anywhere.
    pub complete: bool,
}

impl<'a> SseEvent<'a> {
    /// The data as text: every broken UTF-8 sequence becomes U+FFFD, as in the UTF-8 decode algorithm of the WHATWG
    /// Encoding standard. Borrowed where the data is valid.
    #[must_use]
    pub fn data_str(&self) -> Cow<'a, str> {
        text(self.data)
    }
}

/// Cuts a body into server-sent events, piece by piece.
///
/// ```
/// use millstream_wire::framing::sse::{SseDecoder, SseItem, SseOptions};
///
/// let mut decoder = SseDecoder::new(SseOptions::default());
/// let mut texts = Vec::new();
/// let mut sink = |item: SseItem<'_>| {
///     if let SseItem::Event(event) = item {
///         texts.push(event.data_str().into_owned());
///     }
/// };
/// decoder.feed(b"data: one\n\nda", &mut sink)?;
/// decoder.feed(b"ta: two\r\n\r\n", &mut sink)?;
/// decoder.end(&mut sink)?;
/// assert_eq!(texts, ["one", "two"]);
/// # Ok::<(), millstream_wire::DecodeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SseDecoder {
    options: SseOptions,
    mark: LeadingMark,
    /// The last piece ended in CR, which ended its line: an LF that comes next belongs to it.
    after_cr: bool,
    /// The cap was exceeded.
    failed: bool,
    /// First the event's data lines that were copied, each with LF after it, `data_len` bytes; then the start of the
    /// line being read. One buffer for both, so that a long line that comes in many pieces moves only once more.
    buffer: Vec<u8>,
    data_len: usize,
    /// The event's name so far, if `named`, else that of the event before: most are called as that was.
    event: String,
    named: bool,
    /// The ID given in the event's lines, if `id_given`; takes effect at the blank line.
    id: String,
    id_given: bool,
    /// The reconnection time given in the event's lines.
    event_retry: Option<u64>,
    last_event_id: String,
    retry: Option<u64>,
}

/// What a line says.
enum Line<'a> {
    Comment(&'a [u8]),
    Field { name: &'a [u8], value: &'a [u8], colon: bool },
}

impl SseDecoder {
    /// A decoder at the start of a body.
    #[must_use]
    pub fn new(options: SseOptions) -> Self {
        Self {
            options,
            mark: LeadingMark::new(),
            after_cr: false,
            failed: false,
            buffer: Vec::new(),
            data_len: 0,
            event: String::new(),
            named: false,
            id: String::new(),
            id_given: false,
            event_retry: None,
            last_event_id: String::new(),
            retry: None,
        }
    }

    /// Reads the next piece of the body, of any size, cut anywhere. An event is given as soon as its blank line is
    /// there, after a CR at the end of a piece too: the LF that may follow is then dropped from the next piece.
    ///
    /// # Errors
    /// [`DecodeError::EventTooLarge`] at the cap, and from then on. What was given before stands.
    pub fn feed<F>(&mut self, bytes: &[u8], sink: &mut F) -> Result<(), DecodeError>
    where
        F: FnMut(SseItem<'_>) + ?Sized,
    {
        if self.failed {
            return Err(self.too_large());
        }
        let (held_back, mut rest) = self.mark.strip(bytes);
        self.buffer.extend_from_slice(held_back);
        if self.after_cr && !rest.is_empty() {
            self.after_cr = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        if self.buffer.len() > self.data_len {
            let Some(end) = line_end::<true>(rest) else { return self.keep(rest) };
            self.keep(&rest[..end])?;
            rest = self.after_line_end(rest, end);
            self.held_line(sink);
            self.check(self.data_len, 0)?;
        }
        self.lines(rest, sink)
    }

    /// The body ended. An event without its blank line is dropped, or, under [`SseOptions::lenient_end`], delivered: a
    /// last line without an end then counts if it is data, a comment or an unknown field. An `id`, `event` or `retry`
    /// that was cut would not be short but wrong, so it does not count; and an event whose last line was cut does not
    /// advance the last event ID, so that resuming asks for it again.
    ///
    /// Afterwards the decoder is at the start of the next body, as after [`SseDecoder::reset`].
    ///
    /// # Errors
    /// [`DecodeError::EventTooLarge`] where the cap was exceeded before.
    pub fn end<F>(&mut self, sink: &mut F) -> Result<(), DecodeError>
    where
        F: FnMut(SseItem<'_>) + ?Sized,
    {
        if self.failed {
            return Err(self.too_large());
        }
        if self.options.lenient_end {
            let held_back = self.mark.end();
            self.buffer.extend_from_slice(held_back);
            let cut = self.buffer.len() > self.data_len;
            if cut {
                self.held_cut_line(sink);
                self.id_given = false;
            }
            self.dispatch(None, false, sink);
        }
        self.reset();
        Ok(())
    }

    /// Forgets the unfinished event and starts anew with the next body. The last event ID and the reconnection time
    /// stay in force, as on a reconnection.
    pub fn reset(&mut self) {
        self.mark = LeadingMark::new();
        self.after_cr = false;
        self.failed = false;
        recycle(&mut self.buffer);
        self.data_len = 0;
        self.forget_event();
        self.id_given = false;
    }

    /// The last event ID in force: that of the last event whose blank line came, with or without data. Empty where
    /// there is none. A reconnection sends it as `Last-Event-ID`.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// Sets the last event ID, for a body that continues an earlier one.
    pub fn set_last_event_id(&mut self, id: &str) {
        id.clone_into(&mut self.last_event_id);
    }

    /// The reconnection time last given by `retry`, in milliseconds; [`u64::MAX`] for a number beyond it.
    #[must_use]
    pub fn retry_ms(&self) -> Option<u64> {
        self.retry
    }

    /// Bytes of the unfinished event that are held: the start of a line, data, name and ID. Never more than the cap.
    #[must_use]
    pub fn buffered_bytes(&self) -> usize {
        self.buffer.len() + self.names_len()
    }

    /// Reads lines from their start, as long as they lie whole in `rest`. Hardly any body has a CR: asking that once,
    /// and then searching for LF alone, costs half of searching for both.
    fn lines<F>(&mut self, rest: &[u8], sink: &mut F) -> Result<(), DecodeError>
    where
        F: FnMut(SseItem<'_>) + ?Sized,
    {
        if rest.len() >= WORTH_ASKING {
            work::count(rest.len());
            if memchr(b'\r', rest).is_none() {
                return self.lines_until::<false, F>(rest, sink);
            }
        }
        self.lines_until::<true, F>(rest, sink)
    }

    /// As [`SseDecoder::lines`]; without `CR` there is none in `rest`.
    fn lines_until<const CR: bool, F>(&mut self, mut rest: &[u8], sink: &mut F) -> Result<(), DecodeError>
    where
        F: FnMut(SseItem<'_>) + ?Sized,
    {
        // The event's only data line so far, where it lies in this piece.
        let mut single: Option<&[u8]> = None;
        loop {
            if let [b'\n', after @ ..] = rest {
                work::count(1);
                rest = after;
                self.dispatch(single.take(), true, sink);
                continue;
            }
            let Some(end) = line_end::<CR>(rest) else { break };
            let line = &rest[..end];
            rest = if CR { self.after_line_end(rest, end) } else { &rest[end + 1..] };
            if CR && line.is_empty() {
                self.dispatch(single.take(), true, sink);
                continue;
            }
            let held = single.map_or(self.data_len, |data| data.len() + 1);
            self.check(held, line.len())?;
            if let Some(value) = data_value(line) {
                if self.data_len == 0 && single.is_none() {
                    single = Some(value);
                } else {
                    self.keep_data(single.take());
                    self.keep_data(Some(value));
                }
            } else {
                match line.strip_prefix(b"event:") {
                    Some(value) => self.name(without_space(value)),
                    None => self.line(line, sink),
                }
                // A broken name or ID grows in decoding, threefold at most.
                self.check(held, 0)?;
            }
        }
        self.keep_data(single);
        self.keep(rest)
    }

    /// What follows the line end at `end`. A CR that is the last byte leaves open whether LF follows.
    #[inline]
    fn after_line_end<'a>(&mut self, bytes: &'a [u8], end: usize) -> &'a [u8] {
        let rest = &bytes[end + 1..];
        if bytes[end] == b'\n' {
            return rest;
        }
        self.after_cr = rest.is_empty();
        rest.strip_prefix(b"\n").unwrap_or(rest)
    }

    /// Copies a data line that another line or piece follows.
    fn keep_data(&mut self, line: Option<&[u8]>) {
        if let Some(line) = line {
            work::count(line.len());
            self.buffer.extend_from_slice(line);
            self.buffer.push(b'\n');
            self.data_len = self.buffer.len();
        }
    }

    /// Copies a piece of a line whose end is not there yet.
    fn keep(&mut self, piece: &[u8]) -> Result<(), DecodeError> {
        self.check(self.buffer.len(), piece.len())?;
        work::count(piece.len());
        self.buffer.extend_from_slice(piece);
        Ok(())
    }

    /// Holds the event to the cap: `held` bytes of it and the line being read, and `more`.
    #[inline]
    fn check(&mut self, held: usize, more: usize) -> Result<(), DecodeError> {
        if held + self.names_len() + more > self.options.max_event_bytes { Err(self.fail()) } else { Ok(()) }
    }

    /// Reads the line that was put together in the buffer.
    fn held_line<F>(&mut self, sink: &mut F)
    where
        F: FnMut(SseItem<'_>) + ?Sized,
    {
        let line = &self.buffer[self.data_len..];
        if let Some(value) = data_value(line) {
            let start = self.buffer.len() - value.len();
            self.hold_data(start);
            return;
        }
        // Not data, so the buffer does not change under it.
        let buffer = std::mem::take(&mut self.buffer);
        self.line(&buffer[self.data_len..], sink);
        self.buffer = buffer;
        self.drop_held_line();
    }

    /// Reads the last line of the body, which has no end.
    fn held_cut_line<F>(&mut self, sink: &mut F)
    where
        F: FnMut(SseItem<'_>) + ?Sized,
    {
        match Line::parse(&self.buffer[self.data_len..]) {
            Line::Field { name: b"data", value, colon: true } => {
                let start = self.buffer.len() - value.len();
                self.hold_data(start);
            }
            Line::Field { name: b"event" | b"id" | b"retry", .. } | Line::Field { colon: false, .. } => {
                self.drop_held_line();
            }
            Line::Field { .. } | Line::Comment(_) => self.held_line(sink),
        }
    }

    /// Makes the end of the buffer, from `start`, a data line.
    fn hold_data(&mut self, start: usize) {
        work::count(self.buffer.len() - start);
        self.buffer.copy_within(start.., self.data_len);
        self.buffer.truncate(self.data_len + self.buffer.len() - start);
        self.buffer.push(b'\n');
        self.data_len = self.buffer.len();
    }

    fn drop_held_line(&mut self) {
        if self.data_len == 0 {
            recycle(&mut self.buffer);
        } else {
            self.buffer.truncate(self.data_len);
        }
    }

    /// Reads a line other than data.
    fn line<F>(&mut self, line: &[u8], sink: &mut F)
    where
        F: FnMut(SseItem<'_>) + ?Sized,
    {
        match Line::parse(line) {
            Line::Comment(text) => {
                if self.options.comments {
                    sink(SseItem::Comment(text));
                }
            }
            Line::Field { name: b"event", value, .. } => self.name(value),
            Line::Field { name: b"id", value, .. } => {
                if !value.contains(&0) {
                    self.id.clear();
                    self.id.push_str(&text(value));
                    self.id_given = true;
                }
            }
            Line::Field { name: b"retry", value, .. } => {
                if let Some(milliseconds) = digits(value) {
                    self.event_retry = Some(milliseconds);
                    self.retry = Some(milliseconds);
                }
            }
            Line::Field { name, value, .. } => {
                if self.options.unknown_fields {
                    sink(SseItem::Field { name, value });
                }
            }
        }
    }

    #[inline]
    fn name(&mut self, value: &[u8]) {
        if self.event.as_bytes() != value {
            self.event.clear();
            self.event.push_str(&text(value));
        }
        self.named = true;
    }

    /// The blank line: gives the event, if it has data. `single` is its data where that was not copied.
    #[inline]
    fn dispatch<F>(&mut self, single: Option<&[u8]>, complete: bool, sink: &mut F)
    where
        F: FnMut(SseItem<'_>) + ?Sized,
    {
        if self.id_given {
            self.id_given = false;
            std::mem::swap(&mut self.last_event_id, &mut self.id);
        }
        let data = match single {
            Some(data) => Some(data),
            // Without the line feed after the last line.
            None => self.data_len.checked_sub(1).map(|len| &self.buffer[..len]),
        };
        if let Some(data) = data {
            sink(SseItem::Event(SseEvent {
                event: if self.named { &self.event } else { "" },
                data,
                id: &self.last_event_id,
                retry: self.event_retry,
                complete,
            }));
        }
        if self.data_len != 0 {
            recycle(&mut self.buffer);
            self.data_len = 0;
        }
        self.forget_event();
    }

    #[inline]
    fn forget_event(&mut self) {
        self.named = false;
        if self.event.capacity() > KEPT_CAPACITY {
            self.event = String::new();
        }
        self.event_retry = None;
    }

    #[inline]
    fn names_len(&self) -> usize {
        let name = if self.named { self.event.len() } else { 0 };
        name + if self.id_given { self.id.len() } else { 0 }
    }

    fn too_large(&self) -> DecodeError {
        DecodeError::EventTooLarge { limit: self.options.max_event_bytes }
    }

    #[cold]
    fn fail(&mut self) -> DecodeError {
        self.reset();
        self.failed = true;
        self.too_large()
    }
}

impl<'a> Line<'a> {
    /// Reads a line that is not empty.
    fn parse(line: &'a [u8]) -> Self {
        let colon = memchr(b':', line);
        work::count(colon.unwrap_or(line.len()));
        let (name, value, colon) = match colon {
            Some(colon) => (&line[..colon], without_space(&line[colon + 1..]), true),
            None => (line, &line[line.len()..], false),
        };
        if name.is_empty() { Line::Comment(value) } else { Line::Field { name, value, colon } }
    }
}

/// Where the line that `bytes` begin with ends, at LF, or with `CR` at CR or LF.
#[inline]
fn line_end<const CR: bool>(bytes: &[u8]) -> Option<usize> {
    let end = if CR { memchr2(b'\n', b'\r', bytes) } else { memchr(b'\n', bytes) };
    work::count(end.map_or(bytes.len(), |end| end + 1));
    end
}

/// The value of a `data` line.
#[inline]
fn data_value(line: &[u8]) -> Option<&[u8]> {
    match line.strip_prefix(b"data")? {
        [b':', value @ ..] => Some(without_space(value)),
        [] => Some(&[]),
        _ => None,
    }
}

/// One space after the colon belongs to the grammar, a second one to the value.
#[inline]
fn without_space(value: &[u8]) -> &[u8] {
    value.strip_prefix(b" ").unwrap_or(value)
}

/// Bytes as text, broken sequences replaced. Valid text, which is nearly all there is, is checked several times faster
/// by itself than while looking for what to replace.
#[inline]
fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// A number of ASCII digits only, and at least one.
fn digits(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(value.iter().fold(0u64, |number, digit| number.saturating_mul(10).saturating_add(u64::from(digit - b'0'))))
}
