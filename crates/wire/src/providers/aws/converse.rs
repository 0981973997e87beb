//! Bedrock's ConverseStream: an event's name is in the message's header, its payload is an object.
//!
//! Blocks of tools begin, those of text and reasoning only come; the provider's own tools, their results and citations
//! come out as metadata. Nova, asked without Converse, sends the same events, each as the one member of an object.
//!
//! What always holds: the end is that of the body, after `messageStop`. Event names: the service's API model,
//! `ConverseStreamOutput`.

use super::super::blocks::{Block, Blocks};
use super::super::turn::{Dialect, NOT_AN_OBJECT, Turn};
use super::super::usage::count;
use crate::frame::{Fault, Frame, Sink};
use crate::json::Raw;
use crate::{Completion, FinishReason, RawJson, Usage};

static DIALECT: Dialect = Dialect { usage: read_usage, finish: normalise };

/// Reads the payloads of one answer.
#[derive(Debug, Clone)]
pub(crate) struct ConverseDecoder {
    turn: Turn,
    blocks: Blocks,
}

impl ConverseDecoder {
    /// `max_held_bytes` caps the tool calls that are held until they are complete.
    pub(crate) fn new(max_held_bytes: usize) -> Self {
        Self { turn: Turn::new(&DIALECT, max_held_bytes), blocks: Blocks::default() }
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.turn.ended
    }

    pub(crate) fn metadata(&mut self, json: RawJson, sink: &mut Sink<'_>) {
        self.turn.metadata(json, sink);
    }

    /// Reads one event.
    pub(crate) fn frame(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        if self.turn.ended {
            return Ok(());
        }
        let text = frame.text();
        let raw = Raw::parse(&text).filter(|raw| raw.is_object()).ok_or(NOT_AN_OBJECT)?;
        if super::protocol_of(frame.event) == Some(crate::Protocol::BedrockConverse) {
            return self.event(frame.event, raw, sink);
        }
        for (key, value) in raw.fields() {
            self.event(&key, value, sink)?;
        }
        Ok(())
    }

    fn event(&mut self, name: &str, raw: Raw<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let mut index = None;
        let mut inner = None;
        for (key, value) in raw.fields() {
            match &*key {
                "contentBlockIndex" => index = value.as_count(),
                "delta" | "start" => inner = Some(value),
                _ => {}
            }
        }
        match name {
            "messageStart" => {}
            "contentBlockStart" => self.begin_block(index, inner, sink)?,
            "contentBlockDelta" => {
                for (key, value) in inner.into_iter().flat_map(Raw::fields) {
                    self.delta(index, &key, value, sink)?;
                }
            }
            "contentBlockStop" => {
                if let Some(block) = self.blocks.take(index) {
                    block.close(&mut self.turn, sink)?;
                }
            }
            "messageStop" => {
                self.blocks.close_all(&mut self.turn, sink)?;
                for (key, value) in raw.fields() {
                    match &*key {
                        "stopReason" => self.turn.finish_reason(0, value, sink)?,
                        "p" => {}
                        name => self.turn.hold(0, name, value, sink),
                    }
                }
            }
            "metadata" => {
                for (key, value) in raw.fields() {
                    match &*key {
                        "usage" => self.turn.usage(value, sink),
                        "p" => {}
                        name => self.turn.hold(0, name, value, sink),
                    }
                }
            }
            "p" => {}
            name => self.turn.hold(0, name, raw, sink),
        }
        Ok(())
    }

    fn begin_block(&mut self, index: Option<u64>, start: Option<Raw<'_>>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        if let Some(block) = self.blocks.take(index) {
            block.close(&mut self.turn, sink)?;
        }
        for (key, value) in start.into_iter().flat_map(Raw::fields) {
            let text = |name: &str| value.field(name).and_then(Raw::as_str).unwrap_or_default();
            let block = match &*key {
                "toolUse" if text("type") == "server_tool_use" => {
                    self.turn.budget.take(value.text().len())?;
                    Block::Held { block: value.text().to_owned(), input: String::new() }
                }
                "toolUse" => {
                    let (calls, budget) = self.turn.calls(0)?;
                    let at = calls.begin(0, Some(&text("toolUseId")), &text("name"), budget, sink)?;
                    Block::Call { at, input: String::new() }
                }
                name => {
                    self.turn.give(0, name, value, sink);
                    Block::Given
                }
            };
            if let Some(oldest) = self.blocks.open(index, block) {
                oldest.close(&mut self.turn, sink)?;
            }
        }
        Ok(())
    }

    fn delta(&mut self, index: Option<u64>, name: &str, value: Raw<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        match name {
            "text" => self.turn.text(0, value.as_text().unwrap_or_default(), sink),
            "toolUse" => {
                let input = value.field("input").and_then(Raw::inner).unwrap_or_default();
                if !input.is_empty() && !self.blocks.input(index, input, &mut self.turn, sink)? {
                    self.turn.give(0, name, value, sink);
                }
            }
            "reasoningContent" => {
                for (key, value) in value.fields() {
                    match &*key {
                        "text" => self.turn.reasoning(0, value.as_str().unwrap_or_default(), None, sink),
                        "signature" => self.signature(index, &value.as_str().unwrap_or_default(), sink)?,
                        name => self.turn.give(0, name, value, sink),
                    }
                }
            }
            name => self.turn.give(0, name, value, sink),
        }
        Ok(())
    }

    /// The pieces of a signature are joined; its block does not say when it begins.
    fn signature(&mut self, index: Option<u64>, piece: &str, sink: &mut Sink<'_>) -> Result<(), Fault> {
        self.turn.budget.take(piece.len())?;
        if let Some(Block::Thinking { signature }) = self.blocks.find(index) {
            signature.push_str(piece);
        } else if let Some(oldest) = self.blocks.open(index, Block::Thinking { signature: piece.to_owned() }) {
            oldest.close(&mut self.turn, sink)?;
        }
        Ok(())
    }

    /// The body ended.
    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> Completion {
        let complete = self.turn.has_reasons();
        if !self.turn.ended && self.blocks.close_all(&mut self.turn, sink).is_err() {
            self.blocks = Blocks::default();
        }
        self.turn.end(complete, sink)
    }
}

fn normalise(raw: &str) -> FinishReason {
    match raw {
        "guardrail_intervened" => FinishReason::ContentFilter,
        "malformed_model_output" | "malformed_tool_use" => FinishReason::Error,
        "model_context_window_exceeded" => FinishReason::Length,
        _ => super::super::openai::normalise(raw, false),
    }
}

/// Bedrock counts what it reads from its cache and writes to it apart from `inputTokens`; the request is all three.
fn read_usage(raw: Raw<'_>) -> Option<Usage> {
    let members = raw.members();
    let input = count(&members, "inputTokens");
    let either = |a, b| count(&members, a).or_else(|| count(&members, b));
    let cached = either("cacheReadInputTokens", "cacheReadInputTokenCount");
    let written = either("cacheWriteInputTokens", "cacheWriteInputTokenCount");
    let output = count(&members, "outputTokens");
    input.or(output)?;
    let prompt = input.map(|input| input.saturating_add(cached.unwrap_or(0)).saturating_add(written.unwrap_or(0)));
    Some(Usage {
        prompt_tokens: prompt,
        completion_tokens: output,
        total_tokens: count(&members, "totalTokens").or_else(|| Some(prompt?.saturating_add(output?))),
        cached_tokens: cached,
        ..super::super::usage::with_raw(raw)
    })
}
