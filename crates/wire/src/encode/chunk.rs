//! Frames that say their type: `{"type":"chunk","content":…}`, and at the end `{"type":"complete","data":{…}}` or
//! `{"type":"error","error":…}`.
//!
//! Every piece of the first choice's text is a `chunk`; `complete` repeats the whole text, so it is kept for that, once,
//! escaped. Reasoning is `{"type":"reasoning","content","signature"}`; `tool_call_delta`, `tool_call` and `tool_result` have the
//! members of the `events` format; metadata is `{"type":"metadata","metadata"}`. Readers pass over types they don't know; an empty chunk
//! comes first where the answer doesn't begin with text, so that the format shows from its first frame.

use super::json::{self, Object, typed_frame as frame};
use super::{Answer, Failure, members};
use crate::Event;

#[derive(Debug, Clone, Default)]
pub(super) struct Chunk {
    /// The text so far, escaped.
    content: String,
    /// A chunk was written: the format shows.
    shown: bool,
}

impl Chunk {
    #[inline]
    pub(super) fn text(&mut self, text: &str, out: &mut String) {
        self.shown = true;
        out.push_str("data: {\"type\":\"chunk\",\"content\":\"");
        let start = out.len();
        json::escape(out, text);
        self.content.push_str(out.get(start..).unwrap_or_default());
        out.push_str("\"}\n\n");
    }

    pub(super) fn event(&mut self, event: &Event<'_>, out: &mut String) {
        if !self.shown {
            self.text("", out);
        }
        match event {
            Event::Reasoning { choice: 0, text, signature } => frame("reasoning", out, |object| {
                object.string("content", text);
                object.filled("signature", signature.as_deref().unwrap_or_default());
            }),
            Event::ToolCallDelta { choice: 0, index, id, name, arguments } => {
                frame("tool_call_delta", out, |object| {
                    members::call_delta(object, 0, *index, id, name.as_deref(), arguments);
                });
            }
            Event::ToolCall(call) if call.choice == 0 => {
                frame("tool_call", out, |object| members::call(object, call));
            }
            Event::ToolResult(result) => frame("tool_result", out, |object| members::result(object, result)),
            Event::Metadata(value) => {
                frame("metadata", out, |object| json::text(object.key("metadata"), value.as_str()));
            }
            _ => {}
        }
    }

    pub(super) fn finish(&mut self, answer: &Answer, now_ms: u64, out: &mut String) {
        let content = std::mem::take(&mut self.content);
        frame("complete", out, |object| {
            let mut data = Object::begin(object.key("data"));
            let text = data.key("content");
            text.push('"');
            text.push_str(&content);
            text.push('"');
            data.filled("id", &answer.id).filled("model", &answer.model);
            members::reason(&mut data, answer);
            members::usage_member(&mut data, answer.usage.as_ref());
            data.number("processingTime", now_ms.saturating_sub(answer.began_ms)).number("totalChunks", answer.pieces);
            data.end();
        });
    }

    pub(super) fn fail(&mut self, answer: &Answer, failure: &Failure<'_>, out: &mut String) {
        frame("error", out, |object| {
            object.string("error", failure.message);
            members::failure(object, "errorType", failure);
            members::usage_member(object, answer.usage.as_ref());
        });
    }
}
