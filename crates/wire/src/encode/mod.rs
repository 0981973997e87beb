//! Events of an answer, out: in every format that a client of an application reads.
//!
//! What always holds: whatever the events, the frames of an answer are well-formed, in order, and each begins on a line
//! of its own; the opening is written once and first, the end once and last, and nothing follows it; a piece of text
//! costs no allocation but the growth of `out`. No clock: moments are given by the caller. Imports the crate's
//! vocabulary and `serde_json`'s values.
//!
//! What each format carries; what it has no place for is left out:
//!
//! | | text | alternatives | reasoning, signature | tool calls | their results | metadata | id, model | usage | failure |
//! |---|---|---|---|---|---|---|---|---|---|
//! | [`Events`](Format::Events), [`Ndjson`](Format::Ndjson) | yes | yes | yes | yes | yes | yes | yes | each report | message, type, code, status, wait |
//! | [`OpenAi`](Format::OpenAi) | yes | yes | yes | yes, not whether one is valid | no | yes | yes | last | the same |
//! | [`Chunk`](Format::Chunk), [`Content`](Format::Content) | yes | first only | yes | yes | yes | yes | at the end | last | the same |
//! | [`UiMessage`](Format::UiMessage) | yes | first only | yes | yes | yes | yes | yes | last | message; the rest as metadata |
//! | [`Text`](Format::Text) | yes | first only | no | no | no | no | no | no | no |
//!
//! Reasons to end are told by their names in the public API, in `openai` by OpenAI's; the provider's own word goes along
//! where there is no name for it.

mod chunk;
mod content;
mod events;
mod json;
mod members;
mod openai;
#[cfg(test)]
mod tests;
mod ui_message;

use std::fmt;
use std::str::FromStr;

use memchr::memchr2;

use self::chunk::Chunk;
use self::content::Content;
use self::events::Events;
use self::openai::OpenAi;
use self::ui_message::UiMessage;
pub use crate::framing::encode::EncodeError;
use crate::protocol::UnknownProtocol;
use crate::{Event, FinishReason, Usage};

/// How an answer is written for a client. The names are those of the public API (`WireFormat`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// `StreamingResponse`'s own events: `start token usage error metadata done`; see
    /// [`formats::events`](crate::formats::events).
    Events,
    /// `chat.completion.chunk` and `[DONE]`.
    OpenAi,
    /// `data: {"type":"chunk","content":…}`, `complete`, `error`.
    Chunk,
    /// `data: {"content":…,"finished":…}`.
    Content,
    /// The AI SDK's UI message stream, version 1.
    UiMessage,
    /// The objects of `events`, one a line: `{"event":…,"data":…}`.
    Ndjson,
    /// The text alone. A failure can't be told in it: the body has to be cut off.
    Text,
}

impl Format {
    /// Every format, in the order in which error messages list them.
    pub const ALL: [Self; 7] =
        [Self::Events, Self::OpenAi, Self::Chunk, Self::Content, Self::UiMessage, Self::Ndjson, Self::Text];

    /// The name in the public API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::OpenAi => "openai",
            Self::Chunk => "chunk",
            Self::Content => "content",
            Self::UiMessage => "ui-message",
            Self::Ndjson => "ndjson",
            Self::Text => "text",
        }
    }

    /// The `Content-Type` of a body in this format. Event streams are UTF-8 by definition.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Events | Self::OpenAi | Self::Chunk | Self::Content | Self::UiMessage => "text/event-stream",
            Self::Ndjson => "application/x-ndjson",
            Self::Text => "text/plain; charset=utf-8",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = UnknownProtocol;

    fn from_str(name: &str) -> Result<Self, UnknownProtocol> {
        Self::ALL.into_iter().find(|format| format.as_str() == name).ok_or(UnknownProtocol)
    }
}

/// What an [`Encoder`] has to know beforehand.
#[derive(Debug, Clone)]
pub struct EncoderOptions {
    /// How the answer is written.
    pub format: Format,
    /// The answer's id, until the provider names one; empty for none.
    pub id: String,
    /// The model that was asked for, until the provider names one; empty for none.
    pub model: String,
    /// When the answer began, in milliseconds since the epoch.
    pub began_ms: u64,
    /// The number before that of the first frame, in formats whose frames have ids.
    pub first_id: u64,
    /// Stands before the number of each frame, e.g. `abc:`. Characters that an id can't have are left out.
    pub id_prefix: String,
    /// The frames are the middle of an answer that somebody else opened and will end: neither `start` nor `done` is
    /// written, but a failure ends it all. Of [`Format::Events`] only; the others open and end by themselves always.
    pub part: bool,
}

impl EncoderOptions {
    /// An answer in this format, without a name, from the beginning.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self {
            format,
            id: String::new(),
            model: String::new(),
            began_ms: 0,
            first_id: 0,
            id_prefix: String::new(),
            part: false,
        }
    }
}

/// Why an answer failed. What is empty or `None` is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Failure<'a> {
    /// For people.
    pub message: &'a str,
    /// The error's `type` in the public API, e.g. `rate_limit_error`.
    pub kind: &'a str,
    /// Its `code` in the public API.
    pub code: &'a str,
    /// The HTTP status it came with.
    pub status: Option<u16>,
    /// How long the provider asks to wait, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

/// Writes one answer.
///
/// ```
/// use millstream_wire::Event;
/// use millstream_wire::encode::{Encoder, EncoderOptions, Format};
///
/// let mut out = String::new();
/// let mut encoder = Encoder::new(EncoderOptions::new(Format::Content));
/// encoder.event(&Event::Text { choice: 0, text: "Hello".into() }, &mut out);
/// encoder.finish(0, &mut out);
/// assert_eq!(
///     out,
///     "data: {\"content\":\"Hello\",\"finished\":false}\n\ndata: {\"content\":\"\",\"finished\":true}\n\n"
/// );
/// ```
#[derive(Debug, Clone)]
pub struct Encoder {
    format: Format,
    part: bool,
    stage: Stage,
    shape: Shape,
    answer: Answer,
    first_id: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Open,
    Ended,
}

/// What is known of the answer so far.
#[derive(Debug, Clone)]
struct Answer {
    id: String,
    model: String,
    began_ms: u64,
    /// Pieces of text of the first choice.
    pieces: u64,
    reason: FinishReason,
    /// The provider's word for it.
    raw_reason: Option<String>,
    /// Of formats that give it once, at the end.
    usage: Option<Usage>,
}

#[derive(Debug, Clone)]
enum Shape {
    Events(Events),
    OpenAi(OpenAi),
    Chunk(Chunk),
    Content(Content),
    UiMessage(UiMessage),
    Text,
}

impl Encoder {
    /// An encoder at the start of an answer.
    #[must_use]
    pub fn new(options: EncoderOptions) -> Self {
        let EncoderOptions { format, id, model, began_ms, first_id, mut id_prefix, part } = options;
        id_prefix.retain(|character| !matches!(character, '\r' | '\n' | '\0'));
        let part = part && format == Format::Events;
        Self {
            format,
            part,
            stage: if part { Stage::Open } else { Stage::New },
            shape: match format {
                Format::Events => Shape::Events(Events::new(id_prefix, first_id)),
                Format::Ndjson => Shape::Events(Events::lines(first_id)),
                Format::OpenAi => Shape::OpenAi(OpenAi::default()),
                Format::Chunk => Shape::Chunk(Chunk::default()),
                Format::Content => Shape::Content(Content),
                Format::UiMessage => Shape::UiMessage(UiMessage::default()),
                Format::Text => Shape::Text,
            },
            answer: Answer {
                id,
                model,
                began_ms,
                pieces: 0,
                reason: FinishReason::Unknown,
                raw_reason: None,
                usage: None,
            },
            first_id,
        }
    }

    /// Appends what an event comes to, the opening before the first. A `Start` names the answer, if it comes first; a
    /// `Finish` is remembered for the end; an `Error` is for the caller to tell, by [`Encoder::fail`].
    #[inline]
    pub fn event(&mut self, event: &Event<'_>, out: &mut String) {
        match event {
            Event::Text { choice, text } if self.stage == Stage::Open => self.text(*choice, text, out),
            _ => self.take(event, out),
        }
    }

    #[inline]
    fn text(&mut self, choice: u32, text: &str, out: &mut String) {
        self.answer.pieces += u64::from(choice == 0);
        match &mut self.shape {
            Shape::Events(events) => events.text(choice, text, out),
            Shape::OpenAi(openai) => openai.text(choice, text, out),
            // The rest have no place for alternatives.
            _ if choice != 0 => {}
            Shape::Chunk(chunk) => chunk.text(text, out),
            Shape::Content(content) => content.text(text, out),
            Shape::UiMessage(ui) => ui.text(text, out),
            Shape::Text => out.push_str(text),
        }
    }

    fn take(&mut self, event: &Event<'_>, out: &mut String) {
        if self.stage == Stage::Ended {
            return;
        }
        match event {
            Event::Error(_) => return,
            Event::Start { id, model } if self.stage == Stage::New => {
                if let Some(id) = id {
                    (**id).clone_into(&mut self.answer.id);
                }
                if let Some(model) = model {
                    (**model).clone_into(&mut self.answer.model);
                }
            }
            Event::Finish { reason, raw } => {
                self.answer.reason = *reason;
                self.answer.raw_reason = raw.as_deref().map(str::to_owned);
            }
            _ => {}
        }
        self.open(out);
        match event {
            Event::Text { choice, text } => self.text(*choice, text, out),
            Event::Start { .. } | Event::Finish { .. } | Event::Error(_) => {}
            Event::Usage(usage) => match &mut self.shape {
                Shape::Events(events) => events.usage(usage, out),
                _ => members::merge(&mut self.answer.usage, usage),
            },
            _ => match &mut self.shape {
                Shape::Events(events) => events.event(event, out),
                Shape::OpenAi(openai) => openai.event(event, out),
                Shape::Chunk(chunk) => chunk.event(event, out),
                Shape::Content(content) => content.event(event, out),
                Shape::UiMessage(ui) => ui.event(event, out),
                Shape::Text => {}
            },
        }
    }

    fn open(&mut self, out: &mut String) {
        if self.stage != Stage::New {
            return;
        }
        self.stage = Stage::Open;
        match &mut self.shape {
            Shape::Events(events) => events.open(&self.answer, out),
            Shape::OpenAi(openai) => openai.open(&self.answer, out),
            Shape::UiMessage(ui) => ui.open(&self.answer, out),
            Shape::Chunk(_) | Shape::Content(_) | Shape::Text => {}
        }
    }

    /// Appends the end of an answer that came to its end, the opening before it if nothing came. `now_ms`: milliseconds
    /// since the epoch.
    pub fn finish(&mut self, now_ms: u64, out: &mut String) {
        if self.stage == Stage::Ended {
            return;
        }
        self.open(out);
        self.stage = Stage::Ended;
        match &mut self.shape {
            Shape::Events(_) if self.part => {}
            Shape::Events(events) => events.finish(&self.answer, now_ms, out),
            Shape::OpenAi(openai) => openai.finish(&self.answer, out),
            Shape::Chunk(chunk) => chunk.finish(&self.answer, now_ms, out),
            Shape::Content(content) => content.finish(&self.answer, out),
            Shape::UiMessage(ui) => ui.finish(&self.answer, out),
            Shape::Text => {}
        }
    }

    /// Appends a failure and the format's end, the opening before it if nothing came. `now_ms`: milliseconds since the
    /// epoch.
    pub fn fail(&mut self, failure: &Failure<'_>, now_ms: u64, out: &mut String) {
        if self.stage == Stage::Ended {
            return;
        }
        self.open(out);
        self.stage = Stage::Ended;
        match &mut self.shape {
            Shape::Events(events) => events.fail(failure, now_ms, out),
            Shape::OpenAi(openai) => openai.fail(&self.answer, failure, out),
            Shape::Chunk(chunk) => chunk.fail(&self.answer, failure, out),
            Shape::Content(content) => content.fail(&self.answer, failure, out),
            Shape::UiMessage(ui) => ui.fail(&self.answer, failure, out),
            Shape::Text => {}
        }
    }

    /// Appends what readers ignore and proxies pass on; nothing in a format that has no such thing.
    pub fn heartbeat(&self, out: &mut String) {
        match self.format {
            _ if self.stage == Stage::Ended => {}
            Format::Text => {}
            // Readers of lines skip blank ones.
            Format::Ndjson => out.push('\n'),
            _ => out.push_str(": heartbeat\n\n"),
        }
    }

    /// Appends a frame of the caller's making, with a number of its own, the opening before it if nothing came.
    ///
    /// # Errors
    /// [`EncodeError`] where the format is not [`Format::Events`], where name or data would begin a line of their own,
    /// and after the end; `out` is then as it was.
    pub fn inject(&mut self, event: &str, json: &str, out: &mut String) -> Result<(), EncodeError> {
        let breaks = |text: &str| memchr2(b'\r', b'\n', text.as_bytes()).is_some();
        if self.format != Format::Events {
            return Err(EncodeError::Format);
        }
        if breaks(event) {
            return Err(EncodeError::EventName);
        }
        if breaks(json) {
            return Err(EncodeError::Data);
        }
        if self.stage == Stage::Ended {
            return Err(EncodeError::Ended);
        }
        self.open(out);
        if let Shape::Events(events) = &mut self.shape {
            events.inject(event, json, out);
        }
        Ok(())
    }

    /// The number of the last frame that was written, or the one before the first; stays so in formats whose frames
    /// have no ids.
    #[must_use]
    pub fn last_id(&self) -> u64 {
        match &self.shape {
            Shape::Events(events) => events.last_id(),
            _ => self.first_id,
        }
    }

    /// How many text events of the first choice came.
    #[must_use]
    pub fn text_pieces(&self) -> u64 {
        self.answer.pieces
    }
}
