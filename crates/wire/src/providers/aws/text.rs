//! Objects with a piece of text in them, as Titan, Llama, Mistral and the first Claudes stream through Bedrock.
//!
//! What always holds: the names tell the fields apart, whoever sends them; an answer is complete where its body ends
//! after a reason, or after Bedrock's own count of it, which stands in the last object.

use super::super::turn::{Dialect, NOT_AN_OBJECT, Turn};
use super::super::usage::count;
use crate::frame::{Fault, Frame, Sink};
use crate::json::Raw;
use crate::{Completion, FinishReason, RawJson, Usage};

static DIALECT: Dialect = Dialect { usage: read_usage, finish: normalise };

const METRICS: &str = "amazon-bedrock-invocationMetrics";

#[derive(Debug, Clone)]
pub(super) struct TextDecoder {
    turn: Turn,
    counted: bool,
}

impl TextDecoder {
    pub(super) fn new(max_held_bytes: usize) -> Self {
        Self { turn: Turn::new(&DIALECT, max_held_bytes), counted: false }
    }

    pub(super) fn is_ended(&self) -> bool {
        self.turn.ended
    }

    pub(super) fn metadata(&mut self, json: RawJson, sink: &mut Sink<'_>) {
        self.turn.metadata(json, sink);
    }

    pub(super) fn frame(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let text = frame.text();
        let raw = Raw::parse(&text).filter(|raw| raw.is_object()).ok_or(NOT_AN_OBJECT)?;
        if let Some(error) = raw.some("error").filter(|error| !error.is_void()) {
            self.turn.fail_with(error, sink);
            return Ok(());
        }
        self.object(raw, sink)
    }

    fn object(&mut self, raw: Raw<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        for (key, value) in raw.fields() {
            match &*key {
                "outputText" | "generation" | "completion" | "text" => {
                    self.turn.text(0, value.as_text().unwrap_or_default(), sink);
                }
                "outputs" | "generations" => {
                    for output in value.items() {
                        let text = output.field("text").and_then(Raw::as_text).unwrap_or_default();
                        self.turn.text(0, text, sink);
                        if let Some(reason) = output.some("stop_reason").or_else(|| output.some("finish_reason")) {
                            self.turn.finish_reason(0, reason, sink)?;
                        }
                    }
                }
                "completionReason" | "stop_reason" | "finish_reason" => self.turn.finish_reason(0, value, sink)?,
                METRICS => {
                    self.counted = true;
                    self.turn.usage(value, sink);
                }
                "index" | "type" => {}
                name if COUNTS.contains(&name) => self.turn.usage_where(raw, |known| known == name, sink),
                name => self.turn.hold(0, name, value, sink),
            }
        }
        Ok(())
    }

    pub(super) fn end(&mut self, sink: &mut Sink<'_>) -> Completion {
        self.turn.end(self.counted || self.turn.has_reasons(), sink)
    }
}

const COUNTS: [&str; 4] =
    ["prompt_token_count", "generation_token_count", "inputTextTokenCount", "totalOutputTextTokenCount"];

fn normalise(raw: &str) -> FinishReason {
    match raw {
        "FINISH" | "endoftext" | "STOP_CRITERIA_MET" => FinishReason::Stop,
        "LENGTH" => FinishReason::Length,
        "CONTENT_FILTERED" | "CONTENT_FILTER" => FinishReason::ContentFilter,
        _ => super::super::openai::normalise(raw, false),
    }
}

/// Bedrock's own counts, else the model's.
fn read_usage(raw: Raw<'_>) -> Option<Usage> {
    let members = raw.members();
    let of = |names: [&str; 3]| names.into_iter().find_map(|name| count(&members, name));
    let prompt = of(["inputTokenCount", "prompt_token_count", "inputTextTokenCount"]);
    let completion = of(["outputTokenCount", "generation_token_count", "totalOutputTextTokenCount"]);
    prompt.or(completion)?;
    Some(Usage {
        prompt_tokens: prompt,
        completion_tokens: completion,
        total_tokens: prompt.zip(completion).map(|(prompt, completion)| prompt.saturating_add(completion)),
        ..super::super::usage::with_raw(raw)
    })
}
