//! The AI SDK's UI message stream, version 1: frames that say their type, from `start` to `finish` and `[DONE]`.
//!
//! Text, reasoning and tool input are read; sources, files, tool output and `data-*` parts come out as metadata, the
//! frame as it is. Usage is not part of the format; applications put it into the message's metadata, where it is found.
//! The types are those of `ui-message-chunks.ts` of the `ai` package, version 6.

use super::answer::{Answer, Item, call_of, each_item};
use crate::Completion;
use crate::frame::{Fault, Frame, Sink};
use crate::json::Raw;
use crate::providers::tools::Delta;

/// Reads the frames of one answer.
#[derive(Debug, Clone)]
pub(crate) struct UiMessageDecoder {
    answer: Answer,
    /// JSON text of the reason in `finish`, once it came.
    finish: Option<String>,
}

impl UiMessageDecoder {
    pub(crate) fn new(max_held_bytes: usize) -> Self {
        Self { answer: Answer::new(max_held_bytes), finish: None }
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
                Item::Done => {
                    let reason = self.finish.take();
                    self.answer.finish(reason.as_deref().and_then(Raw::parse), sink);
                }
                Item::Value(raw) if is_error => self.answer.fail_with(raw, sink),
                Item::Value(raw) if raw.is_object() => self.part(raw, sink)?,
                Item::Value(_) => return Err(Fault::Malformed("a JSON object")),
            }
            Ok(!self.answer.ended)
        })
    }

    fn part(&mut self, raw: Raw<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let kind = raw.field("type").and_then(Raw::as_str).unwrap_or_default();
        match &*kind {
            "start" => {
                self.answer.start(raw.field("messageId"), None, sink);
                self.message_metadata(raw, sink);
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
                self.answer.call_delta(&Delta { arguments: "".into(), ..call_of(raw) }, sink)?;
            }
            "tool-input-delta" => self.answer.call_delta(&call_of(raw), sink)?,
            "tool-input-available" => self.answer.call(&input_of(raw), true, sink)?,
            "tool-input-error" => {
                self.answer.call(&input_of(raw), false, sink)?;
                self.answer.metadata(raw.to_value(), sink);
            }
            "error" => self.answer.fail_with(raw, sink),
            "abort" => self.answer.aborted(raw.some("reason"), sink),
            "finish" => {
                self.message_metadata(raw, sink);
                let reason = raw.some("finishReason").map_or("null", Raw::text);
                self.finish = Some(reason.to_owned());
            }
            "message-metadata" => self.message_metadata(raw, sink),
            "text-start" | "text-end" | "start-step" | "finish-step" | "ping" => {}
            _ if raw.is_void() => {}
            _ => self.answer.metadata(raw.to_value(), sink),
        }
        Ok(())
    }

    fn message_metadata(&mut self, raw: Raw<'_>, sink: &mut Sink<'_>) {
        let Some(metadata) = raw.some("messageMetadata").filter(|metadata| !metadata.is_void()) else { return };
        if let Some(usage) = metadata.some("usage").or_else(|| metadata.some("totalUsage")) {
            self.answer.keep_usage(usage);
        }
        self.answer.metadata(metadata.to_value(), sink);
    }

    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> Completion {
        let reason = self.finish.take();
        self.answer.end(reason.is_some(), reason.as_deref().and_then(Raw::parse), sink)
    }
}

/// A complete call, whose input is a value, a string among them, not a text to be parsed.
fn input_of(raw: Raw<'_>) -> Delta<'_> {
    let mut delta = call_of(raw);
    if let Some(input) = raw.some("input") {
        delta.arguments = input.text().into();
    }
    delta
}
