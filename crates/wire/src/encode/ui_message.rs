//! The AI SDK's UI message stream, version 1, as `useChat` reads it: the chunks of `ui-message-chunks.ts` of the `ai`
//! package, versions 6 and 7.
//!
//! One message, of one step for each time the model spoke: what follows the results of calls begins another. A part of text or reasoning is open until something else begins; each has an id of its own.
//! Metadata goes into the message's metadata, where usage (in the AI SDK's names), model and what is known of a failure
//! beside its message stand as well; frames `data-*` and `source-url` that an endpoint of this format sent go out as
//! they came. A call whose first piece doesn't name its tool is given whole, since the format has no place for it
//! before.

use super::json::{self, Object, typed_frame as frame};
use super::{Answer, Failure, members};
use crate::json::Raw;
use crate::{Event, FinishReason, ToolCall, ToolResult, Usage};

#[derive(Debug, Clone, Default)]
pub(super) struct UiMessage {
    open: Part,
    /// How many parts were begun.
    parts: u64,
    /// Numbers of the calls that were begun.
    calls: Vec<u32>,
    /// Results were given since the model last spoke.
    answered: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Part {
    #[default]
    None,
    Text,
    Reasoning,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::None | Self::Text => "text",
            Self::Reasoning => "reasoning",
        }
    }
}

impl UiMessage {
    pub(super) fn open(&mut self, answer: &Answer, out: &mut String) {
        frame("start", out, |start| {
            start.filled("messageId", &answer.id);
            if !answer.model.is_empty() {
                Object::begin(start.key("messageMetadata")).string("model", &answer.model).end();
            }
        });
        frame("start-step", out, |_| {});
    }

    /// `data: {"type":"text-delta","id":"3"`, of the part that is open.
    #[inline]
    fn part_head(&self, stage: &str, out: &mut String) {
        out.push_str("data: {\"type\":\"");
        out.push_str(self.open.name());
        out.push_str(stage);
        out.push_str("\",\"id\":\"");
        json::number(out, self.parts);
        out.push('"');
    }

    /// What comes after results is the model's next answer.
    fn step(&mut self, out: &mut String) {
        if std::mem::take(&mut self.answered) {
            self.close(out);
            frame("finish-step", out, |_| {});
            frame("start-step", out, |_| {});
        }
    }

    fn begin(&mut self, part: Part, out: &mut String) {
        if self.open != part {
            self.step(out);
            self.close(out);
            self.open = part;
            self.parts += 1;
            self.part_head("-start", out);
            out.push_str("}\n\n");
        }
    }

    fn close(&mut self, out: &mut String) {
        if self.open != Part::None {
            self.part_head("-end", out);
            out.push_str("}\n\n");
            self.open = Part::None;
        }
    }

    #[inline]
    pub(super) fn text(&mut self, text: &str, out: &mut String) {
        self.begin(Part::Text, out);
        self.delta(text, out);
        out.push_str("}\n\n");
    }

    #[inline]
    fn delta(&self, text: &str, out: &mut String) {
        self.part_head("-delta", out);
        out.push_str(",\"delta\":");
        json::string(out, text);
    }

    pub(super) fn event(&mut self, event: &Event<'_>, out: &mut String) {
        match event {
            Event::Reasoning { choice: 0, text, signature } => {
                self.begin(Part::Reasoning, out);
                self.delta(text, out);
                if let Some(signature) = signature {
                    let mut delta = Object::resume(out);
                    let mut providers = Object::begin(delta.key("providerMetadata"));
                    Object::begin(providers.key("millstream")).string("signature", signature).end();
                    providers.end();
                }
                out.push_str("}\n\n");
            }
            Event::ToolCallDelta { choice: 0, index, id, name, arguments } => {
                if let (Some(name), false) = (name, self.calls.contains(index)) {
                    self.step(out);
                    self.close(out);
                    self.calls.push(*index);
                    frame("tool-input-start", out, |start| {
                        start.string("toolCallId", id).string("toolName", name);
                    });
                }
                if !arguments.is_empty() && self.calls.contains(index) {
                    frame("tool-input-delta", out, |delta| {
                        delta.string("toolCallId", id).string("inputTextDelta", arguments);
                    });
                }
            }
            Event::ToolCall(call) if call.choice == 0 => {
                self.step(out);
                self.close(out);
                input(call, out);
            }
            Event::ToolResult(result) => {
                self.close(out);
                output(result, out);
                self.answered = true;
            }
            Event::Metadata(value) if is_part(value.raw()) => {
                out.push_str("data: ");
                json::text(out, value.as_str());
                out.push_str("\n\n");
            }
            Event::Metadata(value) => frame("message-metadata", out, |metadata| {
                json::text(metadata.key("messageMetadata"), value.as_str());
            }),
            _ => {}
        }
    }

    pub(super) fn finish(&mut self, answer: &Answer, out: &mut String) {
        self.close(out);
        frame("finish-step", out, |_| {});
        frame("finish", out, |finish| {
            if answer.reason != FinishReason::Unknown {
                finish.string("finishReason", answer.reason.as_str());
            }
            let raw = answer.raw_reason.as_deref().filter(|_| answer.reason == FinishReason::Other);
            if answer.usage.is_some() || raw.is_some() {
                let mut metadata = Object::begin(finish.key("messageMetadata"));
                metadata.filled("rawFinishReason", raw.unwrap_or_default());
                usage(&mut metadata, answer.usage.as_ref());
                metadata.end();
            }
        });
        out.push_str("data: [DONE]\n\n");
    }

    pub(super) fn fail(&mut self, answer: &Answer, failure: &Failure<'_>, out: &mut String) {
        self.close(out);
        frame("message-metadata", out, |frame| {
            let mut metadata = Object::begin(frame.key("messageMetadata"));
            let mut error = Object::begin(metadata.key("error"));
            error.string("message", failure.message);
            members::failure(&mut error, "type", failure);
            error.end();
            usage(&mut metadata, answer.usage.as_ref());
            metadata.end();
        });
        frame("error", out, |error| {
            error.string("errorText", failure.message);
        });
        out.push_str("data: [DONE]\n\n");
    }
}

/// A complete call. One that is not well-formed is an error to the AI SDK, with the arguments as they came.
fn input(call: &ToolCall, out: &mut String) {
    let well_formed = Raw::parse(&call.arguments).is_some();
    let kind = if call.valid { "tool-input-available" } else { "tool-input-error" };
    frame(kind, out, |frame| {
        frame.string("toolCallId", &call.id).string("toolName", &call.name);
        if well_formed {
            json::text(frame.key("input"), &call.arguments);
        } else {
            frame.string("input", &call.arguments);
        }
        if !call.valid {
            frame.string("errorText", "the arguments of the call are incomplete or malformed");
        }
    });
}

/// What a call gave.
fn output(result: &ToolResult, out: &mut String) {
    let text = result.result.as_str();
    frame(if result.is_error { "tool-output-error" } else { "tool-output-available" }, out, |frame| {
        frame.string("toolCallId", &result.id);
        match Raw::parse(text).and_then(Raw::as_str) {
            _ if !result.is_error => json::text(frame.key("output"), text),
            Some(said) => {
                frame.string("errorText", &said);
            }
            None => {
                frame.string("errorText", text);
            }
        }
    });
}

/// Whether metadata is a frame of this format that needs nothing else around it.
fn is_part(value: Raw<'_>) -> bool {
    let is_string = |name: &str| value.field(name).is_some_and(Raw::is_string);
    match value.field("type").and_then(Raw::as_str).as_deref() {
        Some("source-url") => is_string("sourceId") && is_string("url"),
        Some(kind) if kind.len() > 5 && kind.starts_with("data-") => {
            let transient = value.field("transient").is_none_or(|flag| matches!(flag.text(), "true" | "false"));
            value.field("data").is_some() && value.field("id").is_none_or(Raw::is_string) && transient
        }
        _ => false,
    }
}

/// A member `usage` in the names of the AI SDK's `LanguageModelUsage`.
fn usage(metadata: &mut Object<'_>, report: Option<&Usage>) {
    let Some(report) = report else { return };
    let mut counts = Object::begin(metadata.key("usage"));
    counts
        .count("inputTokens", report.prompt_tokens)
        .count("outputTokens", report.completion_tokens)
        .count("totalTokens", report.total_tokens);
    if report.cached_tokens.is_some() {
        Object::begin(counts.key("inputTokenDetails")).count("cacheReadTokens", report.cached_tokens).end();
    }
    if report.reasoning_tokens.is_some() {
        Object::begin(counts.key("outputTokenDetails")).count("reasoningTokens", report.reasoning_tokens).end();
    }
    counts.count("audioTokens", report.audio_tokens);
    members::estimate(&mut counts, report);
    if let Some(raw) = &report.raw {
        json::text(counts.key("raw"), raw.as_str());
    }
    counts.end();
}
