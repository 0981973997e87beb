//! The wire formats an answer comes in: one file each, and what they have in common.
//!
//! What always holds: a format writes bytes into a buffer and decides nothing else; which part of an answer comes when
//! is decided by `chat`, pace and faults by `play`. Formats know nothing of each other.

pub(crate) mod anthropic;
pub(crate) mod events;
pub(crate) mod gemini;
pub(crate) mod openai;

use serde::Serialize;
use serde_json::Value;

use crate::answer::{Answer, Omit, ToolCall};
use crate::fault::InStreamError;
use crate::text::Words;

/// Which format a path answers in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Chat completions.
    OpenAi,
    /// Messages.
    Anthropic,
    /// `generateContent` and `streamGenerateContent`.
    Gemini,
    /// `StreamingResponse`'s own.
    Events,
}

/// How they are called in options.
pub(crate) const NAMES: &str = "'openai', 'anthropic', 'gemini' or 'events'";

impl Format {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "openai" => Some(Self::OpenAi),
            "anthropic" => Some(Self::Anthropic),
            "gemini" => Some(Self::Gemini),
            "events" => Some(Self::Events),
            _ => None,
        }
    }

    /// The frames of one answer.
    pub(crate) fn frames(
        self,
        identity: &Identity,
        counts: Counts,
        answer: &Answer,
        wishes: &Wishes,
    ) -> Box<dyn Frames> {
        match self {
            Self::OpenAi => Box::new(openai::OpenAi::new(identity, answer, wishes.include_usage)),
            Self::Anthropic => Box::new(anthropic::Anthropic::new(identity, counts, answer.omit.usage)),
            Self::Gemini => Box::new(gemini::Gemini::new(identity, counts, answer, wishes.array)),
            Self::Events => Box::new(events::Events::new(answer.ids)),
        }
    }

    /// The whole answer at once, for requests that don't ask for a stream.
    pub(crate) fn whole(self, whole: &Whole<'_>) -> String {
        match self {
            Self::OpenAi => openai::whole(whole),
            Self::Anthropic => anthropic::whole(whole),
            Self::Gemini => gemini::whole(whole),
            // This format is always a stream.
            Self::Events => String::new(),
        }
    }

    /// What a stream says of itself in its head.
    pub(crate) fn headers(self, array: bool) -> Vec<(String, String)> {
        let headers: &[(&str, &str)] = match self {
            Self::OpenAi | Self::Anthropic => {
                &[("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache")]
            }
            Self::Gemini if array => &[("content-type", "application/json; charset=UTF-8")],
            Self::Gemini => &[("content-type", "text/event-stream"), ("content-disposition", "attachment")],
            Self::Events => &[
                ("content-type", "text/event-stream"),
                ("cache-control", "no-cache, no-transform"),
                ("x-accel-buffering", "no"),
            ],
        };
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// An error as the format's servers describe it. Some formats derive its kind from the status.
    pub(crate) fn error_body(self, status: u16, message: &str, kind: &str, code: Option<&str>) -> String {
        match self {
            Self::OpenAi => openai::error_body(message, kind, code),
            Self::Anthropic => anthropic::error_body(status, message),
            Self::Gemini => gemini::error_body(status, message),
            Self::Events => events::error_body(message, code.unwrap_or(kind)),
        }
    }

    /// What the API says with a status, where nothing else is asked for.
    pub(crate) fn status_body(self, status: u16) -> String {
        match self {
            Self::Anthropic => anthropic::error_body(status, anthropic::message_of(status)),
            Self::Gemini => gemini::error_body(status, gemini::message_of(status)),
            Self::OpenAi | Self::Events => {
                let (message, kind, code) = openai::words_of(status);
                self.error_body(status, message, kind, code)
            }
        }
    }
}

/// Parts of an answer that not every format has, and that can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Start,
    Metadata,
    Finish,
    Usage,
    Done,
}

/// Writes the frames of one answer.
pub(crate) trait Frames: Send {
    /// Whether the format has a frame for this part, `omit` left out.
    fn has(&self, part: Part, omit: Omit) -> bool;
    fn start(&mut self, out: &mut Vec<u8>);
    fn metadata(&mut self, _out: &mut Vec<u8>, _data: &Value) {}
    fn reasoning(&mut self, out: &mut Vec<u8>, text: &str);
    fn token(&mut self, out: &mut Vec<u8>, text: &str, index: u64);
    /// A token of many bytes is written between these two.
    fn open_token(&mut self, out: &mut Vec<u8>);
    fn close_token(&mut self, out: &mut Vec<u8>);
    /// The call's name and number, or all of it where `has_pieces` says so.
    fn call(&mut self, out: &mut Vec<u8>, index: usize, call: &ToolCall);
    /// Whether a call's arguments come in pieces after it.
    fn has_pieces(&self) -> bool {
        false
    }
    fn arguments(&mut self, _out: &mut Vec<u8>, _index: usize, _piece: &str) {}
    /// `None` where the reason is to be left out and something else goes by the same frame.
    fn finish(&mut self, out: &mut Vec<u8>, reason: Option<&str>);
    fn usage(&mut self, _out: &mut Vec<u8>, _counts: Counts) {}
    fn done(&mut self, out: &mut Vec<u8>, finish: &str);
    /// A failure inside the stream and, where it is asked for or the format's habit, the terminal marker.
    fn error(&mut self, out: &mut Vec<u8>, error: &InStreamError);
}

/// What is the same in every frame of one answer.
#[derive(Debug)]
pub(crate) struct Identity {
    /// 29 letters and digits.
    pub(crate) id: String,
    /// Seconds since 1970.
    pub(crate) created: u64,
    pub(crate) model: String,
}

/// Token counts as the mock makes them up: a request's characters by four, an answer's tokens as sent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) prompt: u64,
    pub(crate) answer: u64,
    pub(crate) reasoning: u64,
}

impl Counts {
    pub(crate) fn completion(self) -> u64 {
        self.answer + self.reasoning
    }
}

/// What a request says about the answer it wants.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes {
    pub(crate) include_usage: bool,
    /// Chunks as the elements of a JSON array rather than as events.
    pub(crate) array: bool,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) prompt_tokens: u64,
    /// Frames up to this id have reached the client before.
    pub(crate) last_event_id: u64,
}

/// An answer that is not streamed.
pub(crate) struct Whole<'a> {
    pub(crate) answer: &'a Answer,
    pub(crate) words: &'a Words,
    pub(crate) identity: &'a Identity,
    pub(crate) counts: Counts,
    /// Under OpenAI's name.
    pub(crate) finish: &'a str,
}

impl Whole<'_> {
    fn text(&self) -> String {
        self.words.join(self.counts.answer)
    }

    fn reasoning(&self) -> Option<String> {
        self.answer.reasoning.as_ref().map(|words| words.join(u64::MAX))
    }
}

/// A call's own id, or one made of its number.
fn call_id(call: &ToolCall, index: usize, prefix: &str) -> String {
    call.id.clone().unwrap_or_else(|| format!("{prefix}_mock{index:020}"))
}

/// A call's arguments where the format wants them as JSON. Those that are none go out as the text they are: a reader's
/// business.
fn arguments_of(call: &ToolCall) -> Value {
    serde_json::from_str(&call.arguments).unwrap_or_else(|_| Value::String(call.arguments.clone()))
}

/// What a provider sends along with reasoning, to be handed back: of no meaning, the same for the same answer.
fn signature_of(identity: &Identity) -> String {
    format!("Eq{}QwYAg==", identity.id)
}

/// Writes JSON into a buffer, where it can't fail.
fn put(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let _ = serde_json::to_writer(out, value);
}

/// JSON text of what can't fail to be one.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
