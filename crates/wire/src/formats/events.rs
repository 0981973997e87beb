//! millstream's own format, which `StreamingResponse` writes: named events with a JSON object each.
//!
//! | event | data |
//! |---|---|
//! | `start` | `{id?, model?, timestamp?, …}` |
//! | `token` | `{token, index?}` |
//! | `reasoning` | `{reasoning, signature?}` |
//! | `tool_call_delta` | `{id, index?, name?, delta}`: a piece of the arguments' JSON text; `name` with the first |
//! | `tool_call` | `{id, index?, name, arguments}`: the arguments as JSON, or their JSON text; after its deltas, or alone |
//! | `tool_result` | `{id, name?, result, isError?}`: what a call gave, any JSON; of one that failed, why, as a string |
//! | `usage` | `{promptTokens, completionTokens, totalTokens}`, also in snake case, also under `usage` |
//! | `metadata` | any object |
//! | `error` | `{error, code?, details?}`, or a string |
//! | `done` | `{finishReason?, timestamp?, aborted?}` |
//!
//! What belongs to another alternative than the first says so by `choice: 1`, 2, … A reason that has no name of its own
//! stands in `rawFinishReason`.
//!
//! `done` ends the answer; with `aborted: true` it is a failure, unless `error` said so before. An event of another name
//! comes out as metadata `{event, data}`. Every usage frame is passed on at once.
//!
//! Events without a name are read by their members: `{token}`, `{reasoning}`, `{usage}`, `{metadata}`, `{error}`,
//! `{done: true}`, and `[DONE]`; a member `event` may stand for the name. A route that sends nothing but these and never
//! says that it is done ends with a clean end of the body, since it has no other.

use serde_json::json;

use super::answer::{Answer, Item, call_of, each_item, reason_of};
use crate::frame::{Fault, Frame, Sink};
use crate::json::{self, Raw};
use crate::{Completion, Event, RawJson};

/// The names of the events, as in the public `SSEEventType`, and those for tools and reasoning.
pub const EVENTS: [&str; 10] = [
    "start",
    "token",
    "reasoning",
    "tool_call_delta",
    "tool_call",
    "tool_result",
    "usage",
    "metadata",
    "error",
    "done",
];

/// Reads the events of one answer.
#[derive(Debug, Clone)]
pub(crate) struct EventsDecoder {
    answer: Answer,
    /// An event had a name: the server knows the format, and how it ends.
    named: bool,
}

impl EventsDecoder {
    pub(crate) fn new(max_held_bytes: usize) -> Self {
        Self { answer: Answer::new(max_held_bytes), named: false }
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.answer.ended
    }

    pub(crate) fn metadata(&mut self, json: RawJson, sink: &mut Sink<'_>) {
        self.answer.metadata(json, sink);
    }

    pub(crate) fn frame(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        if frame.is_unnamed() {
            return each_item(frame, |item| {
                match item {
                    Item::Done => self.answer.finish(None, sink),
                    Item::Value(raw) if raw.is_object() => self.unnamed(raw, sink)?,
                    Item::Value(raw) if raw.is_string() => self.answer.text(raw, sink),
                    Item::Value(_) => return Err(Fault::Malformed("a JSON object")),
                }
                Ok(!self.answer.ended)
            });
        }
        if !EVENTS.contains(&frame.event) {
            if !frame.is_heartbeat() {
                let text = frame.text();
                let data = Raw::parse(&text).map_or_else(|| json!(text), Raw::to_value);
                self.answer.metadata(RawJson::from(&json!({ "event": frame.event, "data": data })), sink);
            }
            return Ok(());
        }
        self.named = true;
        let text = frame.text();
        let quoted;
        let raw = match Raw::parse(&text) {
            Some(raw) => raw,
            // These may come without a word, or with one that is not JSON.
            None if matches!(frame.event, "error" | "start" | "done" | "metadata") => {
                quoted = json::quote(text.trim());
                Raw::parse(&quoted).ok_or(Fault::Malformed("JSON"))?
            }
            None if frame.is_heartbeat() => return Ok(()),
            None => return Err(Fault::Malformed("a JSON object")),
        };
        self.event(frame.event, raw, sink)
    }

    fn event(&mut self, name: &str, raw: Raw<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let choice = raw.field("choice").and_then(Raw::as_count).and_then(|choice| u32::try_from(choice).ok());
        let choice = choice.unwrap_or(0);
        match name {
            "start" => {
                self.answer.start(raw.field("id"), raw.field("model"), sink);
                self.answer.metadata_without(raw, &["id", "model", "timestamp", "event"], sink);
            }
            "token" if raw.is_object() => {
                let token = raw.some("token").or_else(|| raw.some("content")).or_else(|| raw.some("text"));
                self.answer.text_of(choice, token.ok_or(Fault::Malformed("an object with a `token`"))?, sink);
            }
            "token" => self.answer.text(raw, sink),
            "reasoning" if raw.is_object() => {
                let text = raw.some("reasoning").or_else(|| raw.some("token")).or_else(|| raw.some("text"));
                self.answer.reasoning_of(choice, text, raw.field("signature"), sink);
            }
            "reasoning" => self.answer.reasoning(Some(raw), None, sink),
            "tool_call_delta" => self.answer.call_delta(choice, &call_of(raw), sink)?,
            "tool_call" => {
                let valid = raw.field("valid").is_none_or(Raw::is_true);
                self.answer.call(choice, &call_of(raw), valid, sink)?;
            }
            "tool_result" => self.answer.result(raw, sink),
            "usage" => self.answer.usage_now(raw.some("usage").unwrap_or(raw), sink),
            "metadata" => self.answer.metadata(RawJson::of(raw), sink),
            "error" => self.answer.fail_with(raw, sink),
            _ if raw.field("aborted").is_some_and(Raw::is_true) => self.answer.aborted(raw.some("reason"), sink),
            _ => self.answer.finish(reason_of(raw), sink),
        }
        Ok(())
    }

    fn unnamed(&mut self, raw: Raw<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        if let Some(name) = raw.some("event").and_then(Raw::as_str).filter(|name| EVENTS.contains(&&**name)) {
            self.named = true;
            return self.event(&name, raw.some("data").unwrap_or(raw), sink);
        }
        if let Some(error) = raw.some("error").filter(|error| !error.is_void() && error.text() != "false") {
            let whole = if error.is_object() { error } else { raw };
            self.answer.fail_with(whole, sink);
            return Ok(());
        }
        self.answer.reasoning(raw.some("reasoning"), raw.some("signature"), sink);
        for name in ["token", "content", "text", "delta"] {
            if let Some(token) = raw.some(name).filter(|token| !token.is_object() && !token.is_array()) {
                self.answer.text(token, sink);
                break;
            }
        }
        if let Some(usage) = raw.some("usage") {
            self.answer.usage_now(usage, sink);
        } else if raw.some("promptTokens").is_some() {
            self.answer.usage_now(raw, sink);
        }
        if let Some(metadata) = raw.some("metadata") {
            self.answer.metadata(RawJson::of(metadata), sink);
        }
        let known = [
            "event",
            "token",
            "content",
            "text",
            "delta",
            "index",
            "usage",
            "metadata",
            "reasoning",
            "signature",
            "done",
            "error",
            "finishReason",
            "timestamp",
            "promptTokens",
            "completionTokens",
            "totalTokens",
        ];
        self.answer.metadata_without(raw, &known, sink);
        if raw.field("done").is_some_and(Raw::is_true) {
            self.answer.finish(raw.some("finishReason"), sink);
        }
        Ok(())
    }

    pub(crate) fn end(&mut self, sink: &mut dyn FnMut(Event<'_>)) -> Completion {
        let complete = !self.named && self.answer.told;
        self.answer.end(complete, None, sink)
    }
}
