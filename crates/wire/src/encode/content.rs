//! Frames `{"content":…,"finished":…}`: one for each piece of the first choice's text, and a last one with
//! `finished: true`.
//!
//! What is no text stands beside an empty `content`: `reasoning` and `signature`; `toolCallDelta`, `toolCall` and `toolResult`,
//! objects with the members of the `events` format; `metadata`. The last frame has `finishReason`, `usage`, `id` and `model`, or
//! `error` with `code` and `type`.

use super::json::{self, Object};
use super::{Answer, Failure, members};
use crate::Event;

#[derive(Debug, Clone)]
pub(super) struct Content;

/// A frame without text.
fn frame(finished: bool, out: &mut String, members: impl FnOnce(&mut Object<'_>)) {
    out.push_str("data: ");
    let mut object = Object::begin(out);
    object.string("content", "").raw("finished", if finished { "true" } else { "false" });
    members(&mut object);
    object.end();
    out.push_str("\n\n");
}

impl Content {
    #[inline]
    pub(super) fn text(&self, text: &str, out: &mut String) {
        out.push_str("data: {\"content\":");
        json::string(out, text);
        out.push_str(",\"finished\":false}\n\n");
    }

    pub(super) fn event(&self, event: &Event<'_>, out: &mut String) {
        match event {
            Event::Reasoning { choice: 0, text, signature } => frame(false, out, |object| {
                object.filled("reasoning", text);
                object.filled("signature", signature.as_deref().unwrap_or_default());
            }),
            Event::ToolCallDelta { choice: 0, index, id, name, arguments } => frame(false, out, |object| {
                let mut call = Object::begin(object.key("toolCallDelta"));
                members::call_delta(&mut call, 0, *index, id, name.as_deref(), arguments);
                call.end();
            }),
            Event::ToolCall(call) if call.choice == 0 => frame(false, out, |object| {
                let mut inner = Object::begin(object.key("toolCall"));
                members::call(&mut inner, call);
                inner.end();
            }),
            Event::ToolResult(result) => frame(false, out, |object| {
                let mut inner = Object::begin(object.key("toolResult"));
                members::result(&mut inner, result);
                inner.end();
            }),
            Event::Metadata(value) => frame(false, out, |object| json::text(object.key("metadata"), value.as_str())),
            _ => {}
        }
    }

    pub(super) fn finish(&self, answer: &Answer, out: &mut String) {
        frame(true, out, |object| {
            members::reason(object, answer);
            members::usage_member(object, answer.usage.as_ref());
            object.filled("id", &answer.id).filled("model", &answer.model);
        });
    }

    pub(super) fn fail(&self, answer: &Answer, failure: &Failure<'_>, out: &mut String) {
        frame(true, out, |object| {
            object.string("error", failure.message);
            members::failure(object, "type", failure);
            members::usage_member(object, answer.usage.as_ref());
        });
    }
}
