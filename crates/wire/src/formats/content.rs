//! Frames `{"content":…,"finished":…}`.
//!
//! `finished: true` ends the answer; `usage`, `finishReason` and `error` may stand beside it. Beside `content` there may
//! be `reasoning`, `signature`, `toolCallDelta`, `toolCall`, `toolResult` and `metadata`, as [`encode`](crate::encode) writes them. A route whose frames never
//! say `finished` at all (`undefined` leaves no trace in JSON) ends with a clean end of the body, since it has no other.

use super::answer::{Answer, Objects, call_of, reason_of};
use crate::frame::{Fault, Frame, Sink};
use crate::json::Raw;
use crate::{Completion, RawJson};

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

    pub(crate) fn metadata(&mut self, json: RawJson, sink: &mut Sink<'_>) {
        self.answer.metadata(json, sink);
    }

    pub(crate) fn frame(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        self.read(frame, sink)
    }

    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> Completion {
        let complete = !self.marked && self.answer.told;
        self.answer.end(complete, None, sink)
    }
}

impl Objects for ContentDecoder {
    fn answer(&mut self) -> &mut Answer {
        &mut self.answer
    }

    fn object(&mut self, raw: Raw<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        if let Some(error) = raw.some("error").filter(|error| !error.is_void() && error.text() != "false") {
            let whole = if error.is_object() { error } else { raw };
            if let Some(usage) = raw.some("usage") {
                self.answer.keep_usage(usage);
            }
            self.answer.fail_with(whole, sink);
            return Ok(());
        }
        self.answer.reasoning(raw.some("reasoning"), raw.some("signature"), sink);
        if let Some(content) = raw.some("content") {
            self.answer.text(content, sink);
        }
        if let Some(delta) = raw.some("toolCallDelta") {
            self.answer.call_delta(0, &call_of(delta), sink)?;
        }
        if let Some(call) = raw.some("toolCall") {
            let valid = call.field("valid").is_none_or(Raw::is_true);
            self.answer.call(0, &call_of(call), valid, sink)?;
        }
        if let Some(result) = raw.some("toolResult") {
            self.answer.result(result, sink);
        }
        if let Some(usage) = raw.some("usage") {
            self.answer.keep_usage(usage);
        }
        if let Some(metadata) = raw.some("metadata") {
            self.answer.metadata(RawJson::of(metadata), sink);
        }
        let known = [
            "content",
            "finished",
            "finishReason",
            "finish_reason",
            "rawFinishReason",
            "toolCallDelta",
            "toolCall",
            "toolResult",
            "metadata",
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
            self.answer.finish(reason_of(raw), sink);
        }
        Ok(())
    }
}
