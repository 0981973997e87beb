//! Frames `{"content":…,"finished":…}`.
//!
//! `finished: true` ends the answer; `usage`, `finishReason` and `error` may stand beside it. A route whose frames never
//! say `finished` at all (`undefined` leaves no trace in JSON) ends with a clean end of the body, since it has no other.

use super::answer::{Answer, Item, each_item};
use crate::Completion;
use crate::frame::{Fault, Frame, Sink};
use crate::json::Raw;

/// Reads the frames of one answer.
#[derive(Debug, Clone)]
pub(crate) struct ContentDecoder {
    answer: Answer,
    /// A frame said whether it is the last.
    marked: bool,
}

impl ContentDecoder {
    pub(crate) fn new(max_held_bytes: usize) -> Self {
        Self { answer: Answer::new(max_held_bytes), marked: false }
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.answer.ended
    }

    pub(crate) fn metadata(&mut self, value: serde_json::Value, sink: &mut Sink<'_>) {
        self.answer.metadata(value, sink);
    }

    pub(crate) fn frame(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let is_error = frame.event == "error";
        each_item(frame, |item| {
            match item {
                Item::Done => self.answer.finish(None, sink),
                Item::Value(raw) if is_error => self.answer.fail_with(raw, sink),
                Item::Value(raw) if raw.is_object() => self.object(raw, sink),
                Item::Value(_) => return Err(Fault::Malformed("a JSON object")),
            }
            Ok(!self.answer.ended)
        })
    }

    fn object(&mut self, raw: Raw<'_>, sink: &mut Sink<'_>) {
        if let Some(error) = raw.some("error").filter(|error| !error.is_void() && error.text() != "false") {
            let whole = if error.is_object() { error } else { raw };
            self.answer.fail_with(whole, sink);
            return;
        }
        self.answer.reasoning(raw.some("reasoning"), raw.some("signature"), sink);
        if let Some(content) = raw.some("content") {
            self.answer.text(content, sink);
        }
        if let Some(usage) = raw.some("usage") {
            self.answer.keep_usage(usage);
        }
        let known = [
            "content",
            "finished",
            "finishReason",
            "finish_reason",
            "usage",
            "reasoning",
            "signature",
            "error",
            "index",
        ];
        self.answer.metadata_without(raw, &known, sink);
        let finished = raw.some("finished");
        self.marked |= finished.is_some();
        if finished.is_some_and(Raw::is_true) {
            self.answer.finish(raw.some("finishReason").or_else(|| raw.some("finish_reason")), sink);
        }
    }

    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> Completion {
        let complete = !self.marked && self.answer.told;
        self.answer.end(complete, None, sink)
    }
}
