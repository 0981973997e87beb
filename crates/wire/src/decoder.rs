//! The decoder that a session drives: protocol in, events out.
//!
//! What always holds: how a body is cut, and into which format's hands its frames come, is found out once, at its first
//! bytes and its first frame; from there on a frame goes straight to its decoder. What is wrong with a body is said once
//! and stays said.

use crate::detect::{self, Body, Promise, Shape, Wanted};
use crate::formats::text::TextDecoder;
use crate::formats::whole;
use crate::frame::{Fault, Frame, Sink};
use crate::framing::aws_event_stream::{AwsEventStreamDecoder, Message};
use crate::framing::ndjson::NdjsonDecoder;
use crate::framing::sse::{self, SseDecoder, SseItem, SseOptions};
use crate::framing::values::ValuesDecoder;
use crate::json::Raw;
use crate::providers::aws::{self, Kind};
use crate::reader::Reader;
use crate::{DecodeError, Event, Protocol, RawJson};

/// Frames of an application's own that may come before one that shows the format.
const MAX_PRELUDE: usize = 16;

/// How a [`Decoder`] treats what it reads.
#[derive(Debug, Clone)]
pub struct DecoderOptions {
    /// The endpoint's format.
    pub protocol: Protocol,
    /// The answer's `Content-Type`, where there is one; read under [`Protocol::Auto`].
    pub content_type: Option<String>,
    /// Cap on one event, line or frame, in bytes; also on the tool calls that are held until they are complete.
    pub max_event_bytes: usize,
}

impl Default for DecoderOptions {
    fn default() -> Self {
        Self { protocol: Protocol::Auto, content_type: None, max_event_bytes: sse::DEFAULT_MAX_EVENT_BYTES }
    }
}

/// Whether an answer came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion {
    /// The format's terminal marker or a finish reason was seen; a `Finish` or `Error` event was given.
    Complete,
    /// The bytes ended before it.
    Truncated,
}

/// Turns the bytes of one answer into [`Event`]s.
///
/// ```
/// use millstream_wire::{Completion, Decoder, DecoderOptions, Event};
///
/// let mut text = String::new();
/// let mut decoder = Decoder::new(DecoderOptions::default());
/// let mut sink = |event: Event<'_>| {
///     if let Event::Text { text: piece, .. } = event {
///         text.push_str(&piece);
///     }
/// };
/// decoder.feed(b"data: {\"choices\":[{\"delta\":{\"content\":\"Hel", &mut sink)?;
/// decoder.feed(b"lo\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n", &mut sink)?;
/// assert_eq!(decoder.end(&mut sink)?, Completion::Complete);
/// assert_eq!(text, "Hello");
/// # Ok::<(), millstream_wire::DecodeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Decoder {
    options: DecoderOptions,
    body: Cut,
    frames: Frames,
    failed: Option<DecodeError>,
    /// Whether any byte came.
    any: bool,
}

/// How the body is cut.
#[derive(Debug, Clone)]
enum Cut {
    /// The first bytes, which don't tell yet.
    Unknown {
        held: Vec<u8>,
    },
    Events(Box<SseDecoder>),
    Lines(NdjsonDecoder),
    /// One JSON document, as far as it came; or lines of them, as long as `lines` is possible.
    Document {
        held: Vec<u8>,
        first_line: FirstLine,
        first_value: FirstValue,
    },
    /// Objects one behind the other.
    Values(ValuesDecoder),
    Messages(AwsEventStreamDecoder),
    Text(TextDecoder),
    Ended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FirstLine {
    /// No line end up to this offset.
    Reading(usize),
    /// It ends here, and is an object: if another follows, these are lines.
    Object(usize),
    /// The document goes on over it.
    Open,
}

/// The first object of a document, which may be the first of many.
#[derive(Debug, Clone)]
enum FirstValue {
    /// It is not whole yet.
    Reading(ValuesDecoder),
    /// It is of no format that comes so.
    Alone,
}

impl FirstValue {
    /// Reads on; whether the object is of a format whose objects come one behind the other.
    fn is_of_many(&mut self, bytes: &[u8]) -> bool {
        let Self::Reading(decoder) = self else { return false };
        let mut found = None;
        let read = decoder.feed(bytes, &mut |value: &[u8]| {
            let frame = Frame { event: "", data: value };
            found.get_or_insert_with(|| detect::shape(frame) == Shape::Provider(Protocol::Gemini));
        });
        if read.is_err() || found.is_some() {
            *self = Self::Alone;
        }
        found.unwrap_or_default()
    }
}

/// Who reads the frames.
#[derive(Debug, Clone)]
struct Frames {
    reader: Reader,
    /// How many frames came.
    count: u64,
    max_held_bytes: usize,
    /// While no frame has shown that the body is of the format asked for.
    doubt: Option<Doubt>,
}

/// What speaks against the format that was asked for.
#[derive(Debug, Clone, Default)]
struct Doubt {
    /// Whether anything does: an object that means nothing in it.
    strange: bool,
    /// The format that those objects show.
    looks_like: Option<&'static str>,
}

const EXPECTED: &str = "a stream of events, JSON lines or text";

impl Frames {
    #[inline]
    fn item(&mut self, item: SseItem<'_>, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        match item {
            SseItem::Event(event) => {
                // Amazon's names prove something on its messages alone: applications have a `chunk` of their own.
                let borrowed = self.doubt.is_some() && aws::protocol_of(event.event).is_some();
                let name = if borrowed && self.reader.is_in_messages() { "" } else { event.event };
                let result = self.frame(Frame { event: name, data: event.data }, sink);
                // The body broke off inside this one: that it can't be read says nothing about the server.
                if event.complete { result } else { result.or_else(forgive) }
            }
            SseItem::Field { name: b"error", value } => {
                if let Reader::Undecided { .. } = self.reader {
                    self.reader = Reader::of(Protocol::OpenAi, self.max_held_bytes);
                }
                if let Reader::OpenAi(decoder) = &mut self.reader {
                    decoder.error_field(value, sink);
                }
                Ok(())
            }
            SseItem::Field { .. } | SseItem::Comment(_) => Ok(()),
        }
    }

    #[inline]
    fn frame(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        if self.reader.is_ended() {
            return Ok(());
        }
        self.count += 1;
        if let Reader::Undecided { .. } = self.reader {
            return self.decide(frame, sink);
        }
        if self.doubt.is_some() {
            return self.doubtful(frame, sink);
        }
        self.reader.frame(frame, sink).map_err(|fault| self.error(fault))
    }

    /// A frame before the first that is known to be of the format asked for. Most readers pass over what they don't know, so
    /// that an end without anything before it would look like an answer without a word.
    fn doubtful(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let Some(asked) = self.reader.protocol().filter(|asked| !detect::is_of(*asked, frame)) else {
            self.doubt = None;
            return self.reader.frame(frame, sink).map_err(|fault| self.error(fault));
        };
        let was_strange = self.doubt.as_ref().is_some_and(|doubt| doubt.strange);
        if let Some(doubt) = &mut self.doubt
            && let Some(looks_like) = detect::strange(asked, frame)
        {
            doubt.strange = true;
            doubt.looks_like = doubt.looks_like.or(looks_like);
        }
        let (mut content, mut failed, mut finish) = (false, false, None);
        let result = self.reader.frame(frame, &mut |event| {
            content |= event.is_content();
            failed |= matches!(event, Event::Error(_));
            match event {
                Event::Finish { .. } if !content => finish = Some(event.into_owned()),
                event => sink(event),
            }
        });
        // A failure that was told is the end, whatever else was strange.
        if content || failed {
            self.doubt = None;
        }
        if let Some(finish) = finish {
            self.believe()?;
            sink(finish);
        }
        result.or_else(|fault| {
            // Not one frame was right: then this one is not what is wrong.
            if was_strange {
                self.believe()?;
            }
            Err(self.error(fault))
        })
    }

    /// The body is at its end, or at a frame that can't be read. Fails where all that came was strange to its format.
    fn believe(&mut self) -> Result<(), DecodeError> {
        match (self.doubt.take(), self.reader.protocol()) {
            (Some(Doubt { strange: true, looks_like }), Some(protocol)) => {
                // Its reader takes this for the end of an answer.
                self.reader = Reader::of(Protocol::Auto, self.max_held_bytes);
                Err(DecodeError::WrongProtocol { protocol: protocol.as_str(), looks_like })
            }
            _ => Ok(()),
        }
    }

    fn message(&mut self, message: &Message<'_>, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        if self.reader.is_ended() {
            return Ok(());
        }
        let kind = aws::kind_of(message);
        if let Reader::Undecided { .. } = self.reader {
            let protocol = match &kind {
                Kind::Event(event) => aws::protocol_of(event),
                Kind::Failure(_) => Some(Protocol::BedrockConverse),
            };
            let Some(protocol) = protocol else { return Ok(()) };
            self.reader = Reader::of(protocol, self.max_held_bytes);
        }
        if let (Kind::Event(event), Some(asked)) = (&kind, self.reader.protocol())
            && !self.reader.is_in_messages()
        {
            let Some(found) = aws::protocol_of(event) else {
                self.doubt.get_or_insert_default().strange = true;
                return Ok(());
            };
            // What it carries may look like a frame of yet another format, and is not looked at.
            return Err(DecodeError::WrongProtocol { protocol: asked.as_str(), looks_like: Some(found.as_str()) });
        }
        match kind {
            Kind::Event(event) => self.frame(Frame { event, data: message.payload }, sink),
            Kind::Failure(error) => {
                // What is held is given, an end aside.
                let _ = self.reader.end(&mut |event| {
                    if !matches!(event, Event::Finish { .. } | Event::Error(_)) {
                        sink(event);
                    }
                });
                sink(Event::Error(error));
                Ok(())
            }
        }
    }

    #[cold]
    fn error(&self, fault: Fault) -> DecodeError {
        match fault {
            Fault::Malformed(what) => DecodeError::Malformed {
                format: self.reader.protocol().unwrap_or(Protocol::Auto).as_str(),
                what,
                frame: self.count,
            },
            Fault::TooLarge => DecodeError::EventTooLarge { limit: self.max_held_bytes },
        }
    }

    #[cold]
    fn decide(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let Reader::Undecided { prelude } = &mut self.reader else { return Ok(()) };
        let shape = detect::shape(frame);
        let Some(protocol) = shape.protocol() else {
            let got = match shape {
                Shape::Unknown if prelude.len() < MAX_PRELUDE => {
                    prelude.extend(Raw::parse(&frame.text()).map(RawJson::of));
                    return Ok(());
                }
                Shape::Unknown => "events of no known format",
                Shape::Alien => "events without JSON in them",
                _ => return Ok(()),
            };
            return Err(DecodeError::NotAStream { expected: EXPECTED, got });
        };
        let prelude = std::mem::take(prelude);
        self.doubt = None;
        self.reader = Reader::of(protocol, self.max_held_bytes);
        self.frame_after(prelude, frame, sink)
    }

    /// The first frame of a known format, then what came before it: the answer's start has to be first.
    fn frame_after(&mut self, prelude: Vec<RawJson>, frame: Frame<'_>, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let result = self.reader.frame(frame, sink).map_err(|fault| self.error(fault));
        if result.is_ok() && !self.reader.is_ended() {
            for json in prelude {
                self.reader.metadata(json, sink);
            }
        }
        result
    }
}

fn forgive(error: DecodeError) -> Result<(), DecodeError> {
    match error {
        DecodeError::Malformed { .. } | DecodeError::NotAStream { .. } => Ok(()),
        DecodeError::EventTooLarge { .. } | DecodeError::WrongProtocol { .. } => Err(error),
    }
}

impl Decoder {
    /// A decoder at the start of a body.
    #[must_use]
    pub fn new(options: DecoderOptions) -> Self {
        let max_held_bytes = options.max_event_bytes;
        Self {
            body: Cut::Unknown { held: Vec::new() },
            frames: Frames {
                reader: Reader::of(options.protocol, max_held_bytes),
                count: 0,
                max_held_bytes,
                doubt: Some(Doubt::default()),
            },
            failed: None,
            any: false,
            options,
        }
    }

    /// Reads the next piece of the body, of any size and split anywhere. Events borrow from `bytes` where they lie in
    /// it whole.
    ///
    /// # Errors
    /// [`DecodeError`] once the bytes can't be what the protocol promises, and from then on; events before that have
    /// been given.
    pub fn feed(&mut self, bytes: &[u8], sink: &mut dyn FnMut(Event<'_>)) -> Result<(), DecodeError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.is_finished() {
            return Ok(());
        }
        self.any |= !bytes.is_empty();
        let result = self.take(bytes, sink);
        self.settle(result)
    }

    /// What is wrong with a body behind the end of its answer is of no interest, wherever the body was cut.
    fn settle(&mut self, result: Result<(), DecodeError>) -> Result<(), DecodeError> {
        match result {
            Err(error) if !self.is_finished() => {
                self.failed = Some(error.clone());
                Err(error)
            }
            _ => Ok(()),
        }
    }

    fn take(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        match &mut self.body {
            Cut::Events(decoder) => {
                let frames = &mut self.frames;
                let mut result = Ok(());
                let cut = decoder.feed(bytes, &mut |item: SseItem<'_>| {
                    if result.is_ok() {
                        result = frames.item(item, sink);
                    }
                });
                // What an event is wrong in comes before what is wrong behind it.
                result.and(cut)
            }
            Cut::Lines(decoder) => {
                let frames = &mut self.frames;
                let mut result = Ok(());
                let cut = decoder.feed(bytes, &mut |line: &[u8]| {
                    if result.is_ok() {
                        result = frames.frame(Frame { event: "", data: line }, sink);
                    }
                });
                result.and(cut)
            }
            Cut::Messages(decoder) => {
                let frames = &mut self.frames;
                let mut result = Ok(());
                let cut = decoder.feed(bytes, &mut |message: Message<'_>| {
                    if result.is_ok() {
                        result = frames.message(&message, sink);
                    }
                });
                result.and(cut)
            }
            Cut::Text(decoder) => {
                decoder.feed(bytes, sink);
                Ok(())
            }
            Cut::Values(decoder) => {
                let frames = &mut self.frames;
                let mut result = Ok(());
                let cut = decoder.feed(bytes, &mut |value: &[u8]| {
                    if result.is_ok() {
                        result = frames.frame(Frame { event: "", data: value }, sink);
                    }
                });
                result.and(cut)
            }
            Cut::Document { held, first_line, first_value } => {
                let limit = self.options.max_event_bytes;
                // Within the limit, so that it does not matter how the body was cut.
                let window = limit.saturating_sub(held.len()).min(bytes.len());
                let of_many = first_value.is_of_many(bytes.get(..window).unwrap_or_default());
                held.extend_from_slice(bytes);
                if of_many {
                    let held = std::mem::take(held);
                    self.body = Cut::Values(ValuesDecoder::new(limit));
                    return self.take(&held, sink);
                }
                if !has_second_line(held, first_line, limit) {
                    return if held.len() > limit { Err(DecodeError::EventTooLarge { limit }) } else { Ok(()) };
                }
                let held = std::mem::take(held);
                self.body = Cut::Lines(NdjsonDecoder::new(self.options.max_event_bytes));
                self.take(&held, sink)
            }
            Cut::Unknown { held } if held.is_empty() => self.find_out(bytes, false, sink),
            Cut::Unknown { held } => {
                let mut held = std::mem::take(held);
                held.extend_from_slice(bytes);
                self.find_out(&held, false, sink)
            }
            Cut::Ended => Ok(()),
        }
    }

    /// Finds out how the body is to be cut, and cuts what came so far. What does not tell is held: a kilobyte at most.
    fn find_out(&mut self, bytes: &[u8], last: bool, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let wanted = match self.options.protocol {
            Protocol::Auto => Wanted::Anything,
            Protocol::Ndjson | Protocol::Ollama => Wanted::Lines,
            Protocol::Text => Wanted::Text,
            protocol if aws::is_in_messages(protocol) => Wanted::Messages,
            _ => Wanted::Events,
        };
        let promise = Promise::of(self.options.content_type.as_deref());
        let max = self.options.max_event_bytes;
        self.body = match detect::body(wanted, promise, bytes, last) {
            None => {
                self.body = Cut::Unknown { held: bytes.to_vec() };
                return Ok(());
            }
            Some(Body::EventStream) => Cut::Events(Box::new(SseDecoder::new(SseOptions {
                max_event_bytes: max,
                // Real servers write `data: [DONE]` and close.
                lenient_end: true,
                comments: false,
                unknown_fields: true,
            }))),
            Some(Body::Lines) => Cut::Lines(NdjsonDecoder::new(max)),
            Some(Body::Json) if self.options.protocol == Protocol::Gemini => Cut::Values(ValuesDecoder::new(max)),
            Some(Body::Json) => Cut::Document {
                held: Vec::new(),
                first_line: FirstLine::Reading(0),
                first_value: match self.options.protocol {
                    Protocol::Auto => FirstValue::Reading(ValuesDecoder::new(max)),
                    _ => FirstValue::Alone,
                },
            },
            Some(Body::Messages) if self.options.protocol == Protocol::Ndjson => {
                return Err(DecodeError::NotAStream { expected: self.expected(), got: "an AWS event stream" });
            }
            Some(Body::Messages) => Cut::Messages(AwsEventStreamDecoder::new(max)),
            Some(Body::Text) => Cut::Text(TextDecoder::default()),
            Some(Body::Alien(got)) => return Err(DecodeError::NotAStream { expected: self.expected(), got }),
        };
        self.take(bytes, sink)
    }

    fn expected(&self) -> &'static str {
        match self.options.protocol {
            Protocol::Auto => EXPECTED,
            Protocol::Ndjson | Protocol::Ollama => "JSON lines",
            Protocol::Text => "text",
            _ => "a stream of events",
        }
    }

    /// The body ended cleanly. Gives what was held back (usage, finish).
    ///
    /// # Errors
    /// As [`Decoder::feed`]; [`DecodeError::NotAStream`] for an empty body, and for a document that holds no answer.
    pub fn end(&mut self, sink: &mut dyn FnMut(Event<'_>)) -> Result<Completion, DecodeError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.is_finished() {
            return Ok(Completion::Complete);
        }
        match self.finish(sink) {
            Ok(completion) => Ok(completion),
            Err(error) => self.settle(Err(error)).map(|()| Completion::Complete),
        }
    }

    fn finish(&mut self, sink: &mut Sink<'_>) -> Result<Completion, DecodeError> {
        if !self.any {
            return Err(DecodeError::NotAStream { expected: self.expected(), got: "an empty body" });
        }
        if let Cut::Unknown { held } = &mut self.body {
            let held = std::mem::take(held);
            self.find_out(&held, true, sink)?;
        }
        let frames = &mut self.frames;
        let mut result = Ok(());
        match &mut self.body {
            Cut::Events(decoder) => decoder.end(&mut |item: SseItem<'_>| {
                if result.is_ok() {
                    result = frames.item(item, sink);
                }
            })?,
            // A last line without its end may be a piece of one.
            Cut::Lines(decoder) => decoder.end(&mut |line: &[u8]| {
                if result.is_ok() {
                    result = frames.frame(Frame { event: "", data: line }, sink).or_else(forgive);
                }
            })?,
            Cut::Values(decoder) => decoder.end(&mut |value: &[u8]| {
                if result.is_ok() {
                    result = frames.frame(Frame { event: "", data: value }, sink).or_else(forgive);
                }
            })?,
            Cut::Text(decoder) => return Ok(decoder.end(sink)),
            Cut::Document { held, .. } => {
                let held = std::mem::take(held);
                let completion = self.document(&held, sink)?;
                self.body = Cut::Ended;
                return Ok(completion);
            }
            // A message that was cut says nothing.
            Cut::Messages(_) | Cut::Unknown { .. } | Cut::Ended => {}
        }
        result?;
        if let (Reader::Undecided { prelude }, Protocol::Auto | Protocol::Ndjson) =
            (&self.frames.reader, self.options.protocol)
            && !prelude.is_empty()
        {
            return Err(DecodeError::NotAStream { expected: self.expected(), got: "events of no known format" });
        }
        self.frames.believe()?;
        Ok(self.frames.reader.end(sink))
    }

    fn document(&mut self, held: &[u8], sink: &mut Sink<'_>) -> Result<Completion, DecodeError> {
        let got = "a JSON document without an answer in it";
        let text = String::from_utf8_lossy(held);
        let text = text.trim_start_matches('\u{feff}');
        let Some(raw) = Raw::parse(text) else {
            let got = "a JSON document that is malformed or cut";
            return Err(DecodeError::NotAStream { expected: self.expected(), got });
        };
        // One line alone, of a format whose objects stand on lines.
        let frame = Frame { event: "", data: raw.text().as_bytes() };
        if let Shape::Provider(protocol) = detect::shape(frame)
            && (self.options.protocol == Protocol::Auto || self.options.protocol == protocol)
        {
            self.frames.frame(frame, sink)?;
            return Ok(self.frames.reader.end(sink));
        }
        match whole::read(raw, self.frames.max_held_bytes, sink) {
            Ok(true) => Ok(Completion::Complete),
            Ok(false) => Err(DecodeError::NotAStream { expected: self.expected(), got }),
            Err(fault) => Err(self.frames.error(fault)),
        }
    }

    /// Whether the terminal event was given: what follows in the body is of no interest.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match &self.body {
            Cut::Text(decoder) => decoder.is_ended(),
            Cut::Ended => true,
            _ => self.frames.reader.is_ended(),
        }
    }

    /// The last event ID in force (WHATWG HTML §9.2.6), empty where the server gave none.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        if let Cut::Events(decoder) = &self.body { decoder.last_event_id() } else { "" }
    }

    /// The reconnection time the server asked for by `retry:`, in milliseconds.
    #[must_use]
    pub fn retry_ms(&self) -> Option<u64> {
        if let Cut::Events(decoder) = &self.body { decoder.retry_ms() } else { None }
    }

    /// The protocol in force: the one asked for, or under [`Protocol::Auto`] the one found, once it is.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        match (self.options.protocol, &self.body) {
            (Protocol::Auto, Cut::Text(_)) => Protocol::Text,
            (Protocol::Auto, Cut::Lines(_)) => Protocol::Ndjson,
            (Protocol::Auto, _) => self.frames.reader.protocol().unwrap_or(Protocol::Auto),
            (asked, _) => asked,
        }
    }
}

/// Whether a document is the first of several lines: its first line is an object, and another begins behind it, within
/// the limit, so that it does not matter how the body was cut.
fn has_second_line(held: &[u8], first_line: &mut FirstLine, limit: usize) -> bool {
    let held = held.get(..limit).unwrap_or(held);
    if let FirstLine::Reading(from) = *first_line {
        let rest = held.get(from..).unwrap_or_default();
        // What was looked through once has no line end.
        let Some(end) = memchr::memchr(b'\n', rest).map(|at| from + at) else {
            *first_line = FirstLine::Reading(held.len());
            return false;
        };
        let line = String::from_utf8_lossy(held.get(..end).unwrap_or_default());
        let object = Raw::parse(line.trim_start_matches('\u{feff}')).is_some_and(Raw::is_object);
        *first_line = if object { FirstLine::Object(end) } else { FirstLine::Open };
    }
    let FirstLine::Object(end) = *first_line else { return false };
    held.get(end..).unwrap_or_default().trim_ascii_start().first() == Some(&b'{')
}
