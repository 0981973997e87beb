//! Frames that say their type: `{"type":"chunk","content":…}`, `{"type":"complete","data":{…}}`,
//! `{"type":"error","error":…}`.
//!
//! `complete` ends the answer. Its `data` repeats the text, which counts only where no chunk came before; `usage` and
//! `finishReason` in it are read, the rest is metadata. Types of [`encode`](crate::encode)'s own are `reasoning`,
//! `tool_call_delta`, `tool_call`, `tool_result` and `metadata`.

use super::answer::{Answer, Objects, call_of, reason_of};
use crate::frame::{Fault, Frame, Sink};
use crate::json::Raw;
use crate::{Completion, RawJson};

/// Reads the frames of one answer.
#[derive(Debug, Clone)]
pub(crate) struct ChunkDecoder {
    answer: Answer,
}

impl ChunkDecoder {
    pub(crate) fn new(max_held_bytes: usize) -> Self {
        Self { answer: Answer::new(max_held_bytes) }
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
        self.answer.end(false, None, sink)
    }
}

impl Objects for ChunkDecoder {
    fn answer(&mut self) -> &mut Answer {
        &mut self.answer
    }

    fn object(&mut self, raw: Raw<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let kind = raw.field("type").and_then(Raw::as_str).unwrap_or_default();
        match &*kind {
            "chunk" => {
                if let Some(content) = raw.some("content") {
                    self.answer.text(content, sink);
                }
                if let Some(usage) = raw.some("usage") {
                    self.answer.keep_usage(usage);
                }
                self.answer.metadata_without(raw, &["type", "content", "usage", "fullContent"], sink);
            }
            "reasoning" => {
                let text = raw.some("content").or_else(|| raw.some("reasoning"));
                self.answer.reasoning(text, raw.field("signature"), sink);
            }
            "complete" => {
                let data = raw.some("data").unwrap_or(raw);
                if let Some(content) = data.some("content").filter(|_| !self.answer.told) {
                    self.answer.text(content, sink);
                }
                if let Some(usage) = data.some("usage") {
                    self.answer.keep_usage(usage);
                }
                let known =
                    ["type", "content", "fullContent", "usage", "finishReason", "finish_reason", "rawFinishReason"];
                self.answer.metadata_without(data, &known, sink);
                self.answer.finish(reason_of(data), sink);
            }
            "tool_call_delta" => self.answer.call_delta(0, &call_of(raw), sink)?,
            "tool_call" => {
                let valid = raw.field("valid").is_none_or(Raw::is_true);
                self.answer.call(0, &call_of(raw), valid, sink)?;
            }
            "tool_result" => self.answer.result(raw, sink),
            "metadata" if raw.some("metadata").is_some_and(Raw::is_object) => {
                self.answer.metadata(RawJson::of(raw.some("metadata").unwrap_or(raw)), sink);
            }
            "error" => {
                if let Some(usage) = raw.some("usage") {
                    self.answer.keep_usage(usage);
                }
                self.answer.fail_with(raw, sink);
            }
            _ => match raw.some("error").filter(|error| !error.is_void()) {
                Some(error) => self.answer.fail_with(error, sink),
                None if raw.is_void() => {}
                None => self.answer.metadata(RawJson::of(raw), sink),
            },
        }
        Ok(())
    }
}
