//! What a body is, from its content type and its first bytes, and which format its frames are in, from the first one.
//!
//! What always holds: a guess is made once, at the first bytes or frame that tell; until then nothing is given out.

use crate::Protocol;
use crate::frame::Frame;
use crate::framing::aws_event_stream::begins_with_a_message;
use crate::json::Raw;
use crate::providers::aws;

/// What a content type promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    EventStream,
    Lines,
    Json,
    Text,
    Messages,
    Html,
    /// Anything else, or nothing.
    Other,
}

impl Promise {
    pub(crate) fn of(content_type: Option<&str>) -> Self {
        let essence =
            content_type.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase();
        match &*essence {
            "text/event-stream" => Self::EventStream,
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/x-jsonlines"
            | "application/jsonlines"
            | "application/json-lines"
            | "application/x-json-stream"
            | "application/stream+json" => Self::Lines,
            "application/vnd.amazon.eventstream" => Self::Messages,
            "application/json" | "text/json" => Self::Json,
            "text/html" | "application/xhtml+xml" | "text/xml" | "application/xml" => Self::Html,
            kind if kind.starts_with("text/") => Self::Text,
            kind if kind.ends_with("+json") => Self::Json,
            _ => Self::Other,
        }
    }
}

/// How a body is to be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    EventStream,
    Lines,
    /// One JSON document, or lines of them, which its second line tells.
    Json,
    /// Messages of an AWS event stream.
    Messages,
    Text,
    /// None of these: what it looks like.
    Alien(&'static str),
}

/// What the asked format needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Anything,
    Events,
    Lines,
    Messages,
    Text,
}

/// White space at the start of a body beyond which its first byte is no longer waited for.
const MAX_BLANK: usize = 1024;

/// Looks at the first bytes; `None` where they don't tell yet. `last`: no more will come.
pub(crate) fn body(wanted: Wanted, promise: Promise, bytes: &[u8], last: bool) -> Option<Body> {
    if wanted == Wanted::Text {
        return Some(Body::Text);
    }
    // A message begins with its length, which no text does.
    let messages = wanted == Wanted::Messages || (wanted == Wanted::Anything && promise == Promise::Messages);
    if bytes.first().is_some_and(|first| *first < 8) {
        // Where none is expected, the first one's checksum tells.
        match if messages { Some(true) } else { begins_with_a_message(bytes) } {
            Some(true) => return Some(Body::Messages),
            None if !last => return None,
            _ => {}
        }
    }
    // A byte-order mark tells nothing, and its first bytes less.
    let mark: &[u8] = b"\xEF\xBB\xBF";
    if bytes.len() < mark.len() && mark.starts_with(bytes) && !last {
        return None;
    }
    let text = bytes.strip_prefix(mark).unwrap_or(bytes);
    let seen = text.trim_ascii_start();
    let blank = text.len() - seen.len() > MAX_BLANK;
    let Some(&first) = seen.first().filter(|_| !blank) else {
        // Some servers send blank lines while a request waits. They are not looked through again and again.
        return (last || blank).then_some(match (wanted, promise) {
            (Wanted::Lines, _) | (_, Promise::Lines) => Body::Lines,
            (_, Promise::Json) => Body::Json,
            (Wanted::Anything, Promise::Text) => Body::Text,
            _ => Body::EventStream,
        });
    };
    let seen = if promise == Promise::Text { after_comments(seen, last)? } else { seen };
    let fields: &[&[u8]] =
        if promise == Promise::Text { &FIELDS } else { &[b"data:", b"event:", b"id:", b"retry:", b":"] };
    let stream_like = fields.iter().any(|field| seen.starts_with(field));
    let may_become = !last && fields.iter().any(|field| field.starts_with(seen));
    let markup = looks_like_markup(seen, last);
    Some(match (wanted, promise) {
        (_, Promise::Text) if wanted == Wanted::Anything => {
            if may_become || markup.is_none() {
                return None;
            }
            match (stream_like, markup) {
                (true, _) => Body::EventStream,
                (_, Some(true)) => Body::Alien(HTML),
                _ => Body::Text,
            }
        }
        _ if first == b'<' => Body::Alien(HTML),
        // No text begins so; compressed bodies do. The first byte alone decides: it is there however the body is cut.
        _ if matches!(first, 0..0x20 | 0x7F..0xC2 | 0xF5..) => Body::Alien("binary data"),
        (Wanted::Lines, _) | (_, Promise::Lines) => Body::Lines,
        _ if matches!(first, b'{' | b'[') => Body::Json,
        (Wanted::Events, _) | (_, Promise::EventStream) => Body::EventStream,
        _ if stream_like => Body::EventStream,
        _ if may_become => return None,
        (_, Promise::Json) => Body::Alien("a JSON document without an answer in it"),
        (_, Promise::Html) => Body::Alien(HTML),
        _ => Body::Alien("text of no known format"),
    })
}

const FIELDS: [&[u8]; 4] = [b"data:", b"event:", b"id:", b"retry:"];

/// Text may begin with a colon, so what looks like comments tells nothing; the line behind them does, if it comes soon.
/// `None`: wait.
fn after_comments(seen: &[u8], last: bool) -> Option<&[u8]> {
    let window = seen.get(..MAX_BLANK).unwrap_or(seen);
    let full = window.len() == MAX_BLANK;
    let mut at = 0;
    while window.get(at) == Some(&b':') {
        let line = window.get(at..).unwrap_or_default();
        let end = memchr::memchr(b'\n', line).unwrap_or(line.len());
        let rest = line.get(end..).unwrap_or_default();
        at = window.len() - rest.trim_ascii_start().len();
    }
    match window.get(at..) {
        Some(rest) if !rest.is_empty() => seen.get(at..),
        // No end in sight.
        _ if full => Some(seen),
        _ => last.then_some(seen),
    }
}

pub(crate) const HTML: &str = "an HTML page";

/// Whether text is a web page rather than an answer, which may well begin with a tag of its own. `None`: can't tell yet.
fn looks_like_markup(seen: &[u8], last: bool) -> Option<bool> {
    const PAGES: [&[u8]; 4] = [b"<!doctype", b"<html", b"<head", b"<?xml"];
    let begins = |page: &[u8]| {
        let length = page.len().min(seen.len());
        seen.get(..length).is_some_and(|start| start.eq_ignore_ascii_case(page.get(..length).unwrap_or_default()))
    };
    let candidates: Vec<_> = PAGES.iter().filter(|page| begins(page)).collect();
    if candidates.iter().any(|page| seen.len() >= page.len()) {
        Some(true)
    } else if candidates.is_empty() || last {
        Some(false)
    } else {
        None
    }
}

/// The format a frame shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    OpenAi,
    /// A provider's format that has one mark of its own.
    Provider(Protocol),
    Events,
    Chunk,
    Content,
    UiMessage,
    /// It says nothing about it.
    Silent,
    /// An object of none of them. Applications send one of their own first.
    Unknown,
    /// No JSON.
    Alien,
}

impl Shape {
    /// The format that it is; `None` where it shows none.
    pub(crate) fn protocol(self) -> Option<Protocol> {
        match self {
            Self::OpenAi => Some(Protocol::OpenAi),
            Self::Provider(protocol) => Some(protocol),
            Self::Events => Some(Protocol::Events),
            Self::Chunk => Some(Protocol::Chunk),
            Self::Content => Some(Protocol::Content),
            Self::UiMessage => Some(Protocol::UiMessage),
            Self::Silent | Self::Unknown | Self::Alien => None,
        }
    }
}

/// Whether a frame shows that it is of this format, by more than what several have.
pub(crate) fn is_of(protocol: Protocol, frame: Frame<'_>) -> bool {
    // Some providers name events as applications do.
    let shape_of_data = || shape(Frame { event: "", data: frame.data });
    match protocol {
        protocol if aws::is_in_messages(protocol) => aws::protocol_of(frame.event) == Some(protocol),
        Protocol::OpenAi | Protocol::WorkersAi => shape_of_data() == Shape::OpenAi && !is_end_mark(frame),
        Protocol::Events => shape(frame) == Shape::Events && !is_end_mark(frame),
        Protocol::Chunk => shape_of_data() == Shape::Chunk,
        Protocol::Content => shape_of_data() == Shape::Content,
        Protocol::UiMessage => shape_of_data() == Shape::UiMessage,
        Protocol::Auto | Protocol::Ndjson | Protocol::Text => true,
        provider => shape_of_data() == Shape::Provider(provider),
    }
}

/// Of a frame that means nothing in the format asked for, the name of the one it shows, if any; `None` where it says nothing
/// in any.
pub(crate) fn strange(asked: Protocol, frame: Frame<'_>) -> Option<Option<&'static str>> {
    let shown = || if is_end_mark(frame) { Shape::Silent } else { shape(frame) };
    if aws::is_in_messages(asked) {
        let named = aws::protocol_of(frame.event);
        return Some(named.or_else(|| shown().protocol()).map(Protocol::as_str));
    }
    match shown() {
        Shape::Silent => None,
        shape => Some(shape.protocol().map(Protocol::as_str)),
    }
}

/// What ends the streams of many formats, and says nothing else.
fn is_end_mark(frame: Frame<'_>) -> bool {
    frame.data.trim_ascii().starts_with(b"[DONE]")
}

/// Looks at the first frame of a body.
pub(crate) fn shape(frame: Frame<'_>) -> Shape {
    if frame.is_heartbeat() {
        return Shape::Silent;
    }
    if frame.event != "error" && crate::formats::events::EVENTS.contains(&frame.event) {
        return Shape::Events;
    }
    let text = frame.text();
    if text.trim_ascii().starts_with("[DONE]") || frame.event == "error" {
        return Shape::OpenAi;
    }
    let Some((raw, _)) = Raw::first(&text) else { return Shape::Alien };
    if raw.is_null() {
        return Shape::Silent;
    }
    if raw.is_string() {
        return Shape::Events;
    }
    if !raw.is_object() {
        return Shape::Alien;
    }
    let members = raw.members();
    if members.some("choices").is_some() {
        return Shape::OpenAi;
    }
    if members.some("candidates").is_some_and(Raw::is_array)
        || ["promptFeedback", "usageMetadata"].iter().any(|name| members.some(name).is_some_and(Raw::is_object))
    {
        return Shape::Provider(Protocol::Gemini);
    }
    let names = |names: &[&str]| names.iter().any(|name| members.some(name).is_some());
    if names(&["done"]) && names(&["created_at", "model"]) && names(&["message", "response"]) {
        return Shape::Provider(Protocol::Ollama);
    }
    let kind = members.some("event_type").and_then(Raw::inner).unwrap_or_default();
    if kind.starts_with("interaction.") || kind.starts_with("step.") {
        return Shape::Provider(Protocol::GeminiInteractions);
    }
    let results = members.some("results").and_then(|results| results.items().next());
    if results.is_some_and(|result| result.field("generated_text").is_some()) {
        return Shape::Provider(Protocol::Watsonx);
    }
    if names(&["is_finished"]) {
        return Shape::Provider(Protocol::Cohere);
    }
    let event = members.some("event").and_then(Raw::as_str);
    if event.is_some_and(|name| crate::formats::events::EVENTS.contains(&&*name)) {
        return Shape::Events;
    }
    if let Some(kind) = members.some("type").and_then(Raw::as_str) {
        match &*kind {
            "message_start"
            | "message_delta"
            | "message_stop"
            | "content_block_start"
            | "content_block_delta"
            | "content_block_stop" => return Shape::Provider(Protocol::Anthropic),
            "message-start" | "message-end" | "content-start" | "content-delta" | "content-end" | "tool-plan-delta"
            | "tool-call-start" | "tool-call-delta" | "tool-call-end" | "citation-start" | "citation-end" => {
                return Shape::Provider(Protocol::Cohere);
            }
            kind if kind.starts_with("response.") => return Shape::Provider(Protocol::OpenAiResponses),
            "chunk" | "complete" => return Shape::Chunk,
            "ping" => return Shape::Silent,
            "error" if members.some("errorText").is_some() => return Shape::UiMessage,
            "error" if members.some("error").is_some_and(Raw::is_string) => return Shape::Chunk,
            "error" => return Shape::OpenAi,
            "start" | "start-step" | "finish-step" | "message-metadata" | "source-url" | "source-document"
            | "abort" => {
                return Shape::UiMessage;
            }
            kind if ["text-", "reasoning-", "tool-input-", "tool-output-", "data-"]
                .iter()
                .any(|prefix| kind.starts_with(prefix)) =>
            {
                return Shape::UiMessage;
            }
            _ => {}
        }
    }
    let has = |name: &str| members.some(name).is_some();
    if has("content") && has("finished") {
        // A failure may stand beside these.
        Shape::Content
    } else if has("error") || members.field("object").and_then(Raw::inner).is_some_and(|kind| kind == "error") {
        Shape::OpenAi
    } else if has("token") {
        Shape::Events
    } else if members.field("content").is_some() || has("finished") {
        Shape::Content
    } else if has("response") || has("value") || has("tool_calls") {
        Shape::OpenAi
    } else if ["usage", "promptTokens", "reasoning", "metadata", "text", "delta"].iter().any(|name| has(name)) {
        Shape::Events
    } else if raw.is_void() {
        Shape::Silent
    } else {
        Shape::Unknown
    }
}
