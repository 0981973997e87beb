//! Gemini's Interactions: an interaction of steps, each begun, continued and stopped by its number.
//!
//! A frame says its `event_type`. Text, thought summaries and function calls have events of their own; the pieces of a
//! step's signature come out as one; other steps and deltas come out as metadata.
//!
//! What always holds: the end is `interaction.completed`, with the status it carries, or `[DONE]`. Event names:
//! ai.google.dev, "Interactions API", and recorded streams.

use std::borrow::Cow;

use super::blocks::{Block, Blocks};
use super::turn::{Dialect, NOT_AN_OBJECT, Objects, Turn};
use super::usage::count;
use crate::frame::{Fault, Sink};
use crate::json::{Fields, Raw};
use crate::{Completion, FinishReason, RawJson, Usage};

static DIALECT: Dialect = Dialect { usage: read_usage, finish: normalise };

/// Reads the payloads of one answer.
#[derive(Debug, Clone)]
pub(crate) struct InteractionsDecoder {
    turn: Turn,
    steps: Blocks,
}

/// The fields of an event.
#[derive(Debug, Default)]
struct Fielded<'a> {
    kind: Option<Raw<'a>>,
    index: Option<u64>,
    step: Option<Raw<'a>>,
    delta: Option<Raw<'a>>,
    interaction: Option<Raw<'a>>,
    metadata: Option<Raw<'a>>,
    error: Option<Raw<'a>>,
}

impl Objects for InteractionsDecoder {
    fn turn(&self) -> &Turn {
        &self.turn
    }

    fn turn_mut(&mut self) -> &mut Turn {
        &mut self.turn
    }

    fn settle(&mut self, _whole: bool, sink: &mut Sink<'_>) -> Result<(), Fault> {
        self.steps.close_all(&mut self.turn, sink)
    }

    fn object<'a>(&mut self, text: &'a str, name: &str, sink: &mut Sink<'_>) -> Result<&'a str, Fault> {
        let mut event = Fielded::default();
        let mut fields = Fields::of(text);
        while let Some(key) = fields.key() {
            let Some(value) = fields.value() else { break };
            match &*key {
                "event_type" => event.kind = Some(value),
                "index" => event.index = value.as_count(),
                "step" => event.step = Some(value).filter(|step| step.is_object()),
                "delta" => event.delta = Some(value).filter(|delta| delta.is_object()),
                "interaction" => event.interaction = Some(value),
                "metadata" => event.metadata = Some(value),
                "error" => event.error = Some(value).filter(|error| !error.is_void()),
                _ => {}
            }
        }
        let rest = fields.rest().ok_or(NOT_AN_OBJECT)?;
        let whole = text.get(..text.len() - rest.len()).unwrap_or(text);
        let kind = event.kind.and_then(Raw::as_str).unwrap_or_default();
        let kind = if kind.is_empty() { name } else { &*kind };
        self.event(kind, &event, whole, sink)?;
        Ok(rest)
    }
}

impl InteractionsDecoder {
    /// `max_held_bytes` caps the tool calls that are held until they are complete.
    pub(crate) fn new(max_held_bytes: usize) -> Self {
        Self { turn: Turn::new(&DIALECT, max_held_bytes), steps: Blocks::default() }
    }

    fn event(&mut self, kind: &str, event: &Fielded<'_>, whole: &str, sink: &mut Sink<'_>) -> Result<(), Fault> {
        if let Some(usage) = event.metadata.and_then(|metadata| metadata.some("usage")) {
            self.turn.usage(usage, sink);
        }
        if let Some(interaction) = event.interaction {
            self.turn.start(interaction.field("id"), interaction.field("model"), sink);
            if let Some(usage) = interaction.some("usage") {
                self.turn.usage(usage, sink);
            }
        }
        if kind == "error" || event.error.is_some() {
            self.steps.close_all(&mut self.turn, sink)?;
            if let Some(raw) = Raw::parse(whole) {
                self.turn.fail_with(raw, sink);
            }
            return Ok(());
        }
        match kind {
            "interaction.created" | "interaction.status_update" | "interaction.in_progress" => {}
            "step.start" => self.begin_step(event.index, event.step, sink)?,
            "step.delta" => {
                if let Some(delta) = event.delta {
                    self.delta(event.index, delta, sink)?;
                }
            }
            "step.stop" => {
                if let Some(step) = self.steps.take(event.index) {
                    step.close(&mut self.turn, sink)?;
                }
            }
            "interaction.completed" | "interaction.complete" => self.complete(event.interaction, sink)?,
            _ => {
                if let Some(raw) = Raw::parse(whole).filter(|raw| !raw.is_void()) {
                    self.turn.metadata(RawJson::of(raw), sink);
                }
            }
        }
        Ok(())
    }

    fn begin_step(&mut self, index: Option<u64>, step: Option<Raw<'_>>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        if let Some(step) = self.steps.take(index) {
            step.close(&mut self.turn, sink)?;
        }
        let Some(raw) = step else { return Ok(()) };
        let kind = raw.field("type").and_then(Raw::as_str).unwrap_or_default();
        let step = match &*kind {
            "thought" => Block::Thinking { signature: String::new() },
            "model_output" => Block::Text,
            "function_call" => self.begin_call(raw, sink)?,
            _ => {
                self.turn.give(0, "step", raw, sink);
                Block::Given
            }
        };
        if let Some(oldest) = self.steps.open(index, step) {
            oldest.close(&mut self.turn, sink)?;
        }
        Ok(())
    }

    /// Arguments that stand in the beginning count where none follow.
    fn begin_call(&mut self, raw: Raw<'_>, sink: &mut Sink<'_>) -> Result<Block, Fault> {
        let text = |name: &str| raw.field(name).and_then(Raw::as_str).unwrap_or_default();
        let input = raw.some("arguments").filter(|input| input.is_object() && !input.is_void()).map_or("", Raw::text);
        self.turn.budget.take(input.len())?;
        let (calls, budget) = self.turn.calls(0)?;
        let at = calls.begin(0, Some(&text("id")), &text("name"), budget, sink)?;
        Ok(Block::Call { at, input: input.to_owned() })
    }

    fn delta(&mut self, index: Option<u64>, delta: Raw<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let kind = delta.field("type").and_then(Raw::as_str).unwrap_or_default();
        let text = |raw: Raw<'_>| raw.field("text").and_then(Raw::as_str).map(Cow::into_owned).unwrap_or_default();
        match &*kind {
            "text" => {
                self.turn.text(0, delta.field("text").and_then(Raw::as_text).unwrap_or_default(), sink);
                for annotation in delta.field("annotations").into_iter().flat_map(Raw::items) {
                    self.turn.give(0, "annotation", annotation, sink);
                }
            }
            "thought_summary" => {
                let summary = delta.some("content").map(text).unwrap_or_default();
                self.turn.reasoning(0, Cow::Owned(summary), None, sink);
            }
            "thought_signature" => {
                let piece = delta.field("signature").and_then(Raw::as_str).unwrap_or_default();
                if let Some(Block::Thinking { signature }) = self.steps.find(index) {
                    self.turn.budget.take(piece.len())?;
                    signature.push_str(&piece);
                } else {
                    self.turn.reasoning(0, Cow::Borrowed(""), Some(piece), sink);
                }
            }
            "arguments_delta" | "function_call" => {
                let arguments = delta.some("arguments");
                if delta.some("name").is_some() {
                    let step = self.begin_call(delta, sink)?;
                    step.close(&mut self.turn, sink)?;
                } else if let Some(inner) = arguments.and_then(Raw::inner)
                    && !self.steps.input(index, inner, &mut self.turn, sink)?
                {
                    self.turn.give(0, "step_delta", delta, sink);
                }
            }
            _ => self.turn.give(0, "step_delta", delta, sink),
        }
        Ok(())
    }

    fn complete(&mut self, interaction: Option<Raw<'_>>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        self.steps.close_all(&mut self.turn, sink)?;
        let status = interaction.and_then(|interaction| interaction.some("status"));
        if status.and_then(Raw::inner).is_some_and(|status| matches!(status, "failed" | "cancelled")) {
            if let Some(interaction) = interaction {
                self.turn.fail_with(interaction, sink);
            }
            return Ok(());
        }
        if let Some(tier) = interaction.and_then(|interaction| interaction.some("service_tier")) {
            self.turn.hold(0, "service_tier", tier, sink);
        }
        if let Some(status) = status {
            self.turn.finish_reason(0, status, sink)?;
        }
        self.turn.finish(sink);
        Ok(())
    }

    /// The body ended.
    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> Completion {
        if !self.turn.ended && self.steps.close_all(&mut self.turn, sink).is_err() {
            self.steps = Blocks::default();
        }
        self.turn.end(false, sink)
    }
}

fn normalise(raw: &str) -> FinishReason {
    match raw {
        "completed" => FinishReason::Stop,
        "requires_action" => FinishReason::ToolCalls,
        "incomplete" => FinishReason::Length,
        _ => super::openai::normalise(raw, false),
    }
}

/// Thoughts are counted apart from the output; the answer is both.
fn read_usage(raw: Raw<'_>) -> Option<Usage> {
    let members = raw.members();
    let prompt = count(&members, "total_input_tokens");
    let thoughts = count(&members, "total_thought_tokens");
    let output = count(&members, "total_output_tokens");
    let total = count(&members, "total_tokens");
    prompt.or(output).or(total)?;
    Some(Usage {
        prompt_tokens: prompt,
        completion_tokens: output.map(|output| output.saturating_add(thoughts.unwrap_or(0))),
        total_tokens: total.or_else(|| Some(prompt?.saturating_add(output?).saturating_add(thoughts.unwrap_or(0)))),
        cached_tokens: count(&members, "total_cached_tokens"),
        reasoning_tokens: thoughts,
        ..super::usage::with_raw(raw)
    })
}
