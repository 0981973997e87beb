//! millstream's own format, and the same objects as lines. The shapes are those of
//! [`formats::events`](crate::formats::events); `StreamingResponse` writes the same bytes for the same things.
//!
//! `start` is `{timestamp, id?, model?}`, `token` is `{token, index}`, the index counting all pieces of text. What
//! belongs to another choice than the first says so by `choice`. A line is `{"event":…,"data":…}`, without an id.

use super::json::{self, Object};
use super::{Answer, Failure, members};
use crate::{Event, Usage};

#[derive(Debug, Clone)]
pub(super) struct Events {
    framing: Framing,
    last_id: u64,
    index: u64,
}

#[derive(Debug, Clone)]
enum Framing {
    /// Server-sent events; what stands before the number in an id.
    Events {
        id_prefix: String,
    },
    Lines,
}

impl Events {
    pub(super) fn new(id_prefix: String, first_id: u64) -> Self {
        Self { framing: Framing::Events { id_prefix }, last_id: first_id, index: 0 }
    }

    pub(super) fn lines(first_id: u64) -> Self {
        Self { framing: Framing::Lines, last_id: first_id, index: 0 }
    }

    pub(super) fn last_id(&self) -> u64 {
        self.last_id
    }

    /// One frame; the data is written between.
    #[inline]
    fn frame(&mut self, name: &str, out: &mut String, data: impl FnOnce(&mut String)) {
        match &self.framing {
            Framing::Events { id_prefix } => {
                self.last_id += 1;
                if !name.is_empty() {
                    out.push_str("event: ");
                    out.push_str(name);
                    out.push('\n');
                }
                out.push_str("id: ");
                out.push_str(id_prefix);
                json::number(out, self.last_id);
                out.push_str("\ndata: ");
                data(out);
                out.push_str("\n\n");
            }
            Framing::Lines => {
                out.push_str("{\"event\":\"");
                out.push_str(name);
                out.push_str("\",\"data\":");
                data(out);
                out.push_str("}\n");
            }
        }
    }

    /// A frame whose data is an object.
    fn object(&mut self, name: &str, out: &mut String, members: impl FnOnce(&mut Object<'_>)) {
        self.frame(name, out, |out| {
            let mut object = Object::begin(out);
            members(&mut object);
            object.end();
        });
    }

    #[inline]
    pub(super) fn text(&mut self, choice: u32, text: &str, out: &mut String) {
        let index = self.index;
        self.index += 1;
        self.frame("token", out, |out| {
            out.push_str("{\"token\":");
            json::string(out, text);
            out.push_str(",\"index\":");
            json::number(out, index);
            if choice != 0 {
                out.push_str(",\"choice\":");
                json::number(out, u64::from(choice));
            }
            out.push('}');
        });
    }

    pub(super) fn open(&mut self, answer: &Answer, out: &mut String) {
        self.object("start", out, |object| {
            json::timestamp(object.key("timestamp"), answer.began_ms);
            object.filled("id", &answer.id).filled("model", &answer.model);
        });
    }

    pub(super) fn usage(&mut self, usage: &Usage, out: &mut String) {
        self.object("usage", out, |object| members::usage(object, usage));
    }

    pub(super) fn event(&mut self, event: &Event<'_>, out: &mut String) {
        match event {
            Event::Reasoning { choice, text, signature } => self.object("reasoning", out, |object| {
                object.string("reasoning", text);
                if let Some(signature) = signature {
                    object.string("signature", signature);
                }
                members::choice(object, *choice);
            }),
            Event::ToolCallDelta { choice, index, id, name, arguments } => {
                self.object("tool_call_delta", out, |object| {
                    members::call_delta(object, *choice, *index, id, name.as_deref(), arguments);
                });
            }
            Event::ToolCall(call) => self.object("tool_call", out, |object| members::call(object, call)),
            Event::ToolResult(result) => self.object("tool_result", out, |object| members::result(object, result)),
            Event::Metadata(value) => self.frame("metadata", out, |out| json::text(out, value.as_str())),
            _ => {}
        }
    }

    pub(super) fn inject(&mut self, name: &str, data: &str, out: &mut String) {
        self.frame(name, out, |out| out.push_str(data));
    }

    pub(super) fn finish(&mut self, answer: &Answer, now_ms: u64, out: &mut String) {
        self.object("done", out, |object| {
            json::timestamp(object.key("timestamp"), now_ms);
            members::reason(object, answer);
        });
    }

    pub(super) fn fail(&mut self, failure: &Failure<'_>, now_ms: u64, out: &mut String) {
        self.object("error", out, |object| {
            object.string("error", failure.message);
            members::failure(object, "type", failure);
        });
        self.object("done", out, |object| {
            json::timestamp(object.key("timestamp"), now_ms);
            object.raw("aborted", "true");
        });
    }
}
