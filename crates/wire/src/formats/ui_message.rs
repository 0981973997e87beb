//! The AI SDK's UI message stream, version 1: frames that say their type, from `start` to `finish` and `[DONE]`.
//!
//! Text, reasoning, tool input and output are read; sources, files and `data-*` parts come out as metadata, the
//! frame as it is. Usage is not part of the format; applications put it into the message's metadata, where it is found, as are
//! the model, and what [`encode`](crate::encode) tells of a failure.
//! The types are those of `ui-message-chunks.ts` of the `ai` package, version 6.

use super::answer::{Answer, Objects, call_of};
use crate::frame::{Fault, Frame, Sink};
use crate::json::{ObjectText, Raw};
use crate::providers::tools::Delta;
use crate::providers::usage;
use crate::{Completion, RawJson};

/// Reads the frames of one answer.
#[derive(Debug, Clone)]
pub(crate) struct UiMessageDecoder {
    answer: Answer,
    /// JSON text of the reason in `finish`, once it came.
    finish: Option<String>,
    /// JSON text of what the message's metadata says of a failure; `error`, which gives its message alone, is to follow.
    failure: Option<String>,
}

impl UiMessageDecoder {
    pub(crate) fn new(max_held_bytes: usize) -> Self {
        Self { answer: Answer::new(max_held_bytes), finish: None, failure: None }
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

    /// The message's metadata; the members that are told otherwise are `known`.
    fn message_metadata(&mut self, raw: Raw<'_>, known: &[&str], sink: &mut Sink<'_>) {
        let Some(metadata) = raw.some("messageMetadata") else { return };
        if !metadata.is_object() {
            if !metadata.is_void() {
                self.answer.metadata(RawJson::of(metadata), sink);
            }
            return;
        }
        let counts = metadata.some("usage").or_else(|| metadata.some("totalUsage"));
        let counts = counts.filter(|counts| usage::read(*counts).is_some());
        if let Some(usage) = counts {
            self.answer.keep_usage(usage);
        }
        let is_told = |key: &str, value: Raw<'_>| {
            known.contains(&key)
                || (counts.is_some() && matches!(key, "usage" | "totalUsage"))
                || (key == "error" && value.some("message").is_some_and(Raw::is_string))
        };
        let mut rest = ObjectText::new();
        for (key, value) in metadata.fields() {
            if !is_told(&key, value) {
                rest.put(&key, value);
            } else if key == "error" {
                self.failure = Some(value.text().to_owned());
            }
        }
        if !rest.is_empty() {
            self.answer.metadata(RawJson::object(rest), sink);
        }
    }

    /// A failure in the metadata that was none of the answer's.
    fn give_failure(&mut self, sink: &mut Sink<'_>) {
        if let Some(failure) = self.failure.take().as_deref().and_then(Raw::parse) {
            let mut rest = ObjectText::new();
            rest.put("error", failure);
            self.answer.metadata(RawJson::object(rest), sink);
        }
    }

    fn fail(&mut self, raw: Raw<'_>, sink: &mut Sink<'_>) {
        let text = raw.field("errorText").and_then(Raw::as_str);
        let same = |held: &Raw<'_>| held.field("message").and_then(Raw::as_str) == text;
        let held = self.failure.take();
        if let Some(told) = held.as_deref().and_then(Raw::parse).filter(same) {
            self.answer.fail_with(told, sink);
        } else {
            self.failure = held;
            self.give_failure(sink);
            self.answer.fail_with(raw, sink);
        }
    }

    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> Completion {
        let reason = self.finish.take();
        if !self.answer.ended {
            self.give_failure(sink);
        }
        self.answer.end(reason.is_some(), reason.as_deref().and_then(Raw::parse), sink)
    }
}

impl Objects for UiMessageDecoder {
    fn answer(&mut self) -> &mut Answer {
        &mut self.answer
    }

    fn done(&mut self, sink: &mut Sink<'_>) {
        let reason = self.finish.take();
        self.give_failure(sink);
        self.answer.finish(reason.as_deref().and_then(Raw::parse), sink);
    }

    fn object(&mut self, raw: Raw<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let kind = raw.field("type").and_then(Raw::as_str).unwrap_or_default();
        match &*kind {
            "start" => {
                let model = raw.some("messageMetadata").and_then(|metadata| metadata.field("model"));
                self.answer.start(raw.field("messageId"), model, sink);
                self.message_metadata(raw, &["model"], sink);
            }
            "text-delta" => {
                if let Some(delta) = raw.some("delta") {
                    self.answer.text(delta, sink);
                }
            }
            "reasoning-start" | "reasoning-delta" | "reasoning-end" => {
                // Each provider has a key of its own in there.
                let providers = raw.some("providerMetadata").into_iter().flat_map(Raw::fields);
                let signature = providers.filter_map(|(_, provider)| provider.some("signature")).last();
                self.answer.reasoning(raw.some("delta"), signature, sink);
            }
            "tool-input-start" => {
                self.answer.call_delta(0, &Delta { arguments: "".into(), ..call_of(raw) }, sink)?;
            }
            "tool-input-delta" => self.answer.call_delta(0, &call_of(raw), sink)?,
            "tool-input-available" => self.answer.call(0, &input_of(raw), true, sink)?,
            "tool-input-error" => {
                self.answer.call(0, &input_of(raw), false, sink)?;
                self.answer.metadata(RawJson::of(raw), sink);
            }
            "tool-output-available" | "tool-output-error" => self.answer.result(raw, sink),
            "error" => self.fail(raw, sink),
            "abort" => self.answer.aborted(raw.some("reason"), sink),
            "finish" => {
                self.message_metadata(raw, &["rawFinishReason"], sink);
                let own = raw.some("messageMetadata").and_then(|metadata| metadata.some("rawFinishReason"));
                let reason = own.or_else(|| raw.some("finishReason")).map_or("null", Raw::text);
                self.finish = Some(reason.to_owned());
            }
            "message-metadata" => self.message_metadata(raw, &[], sink),
            "text-start" | "text-end" | "start-step" | "finish-step" | "ping" => {}
            _ if raw.is_void() => {}
            _ => self.answer.metadata(RawJson::of(raw), sink),
        }
        Ok(())
    }
}

/// A complete call, whose input is a value, a string among them, not a text to be parsed.
fn input_of(raw: Raw<'_>) -> Delta<'_> {
    let mut delta = call_of(raw);
    if let Some(input) = raw.some("input") {
        // Of arguments that are no JSON, the text.
        let text = raw.field("errorText").and_then(|_| input.as_str());
        delta.arguments = text.unwrap_or_else(|| input.text().into());
    }
    delta
}
