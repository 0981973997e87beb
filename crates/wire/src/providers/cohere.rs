//! Cohere's chat, version 2 as events, and version 1, whose events stand on lines.
//!
//! A frame says its `type`; version 1 calls it `event_type`. Text, thinking and calls have events of their own;
//! citations come out as metadata, and so does the plan that a model makes before its calls, as `{tool_plan}`, once it
//! is whole.
//!
//! What always holds: the end is `message-end` or `stream-end`; an error it carries is the end instead. Event names:
//! docs.cohere.com, "Chat (V2), streaming".

use super::turn::{Dialect, NOT_AN_OBJECT, Objects, Turn};
use super::usage::{count, count_in};
use crate::frame::{Fault, Sink};
use crate::json::{self, Fields, Raw};
use crate::{Completion, FinishReason, RawJson, Usage};

static DIALECT: Dialect = Dialect { usage: read_usage, finish: normalise };

/// Reads the payloads of one answer.
#[derive(Debug, Clone)]
pub(crate) struct CohereDecoder {
    turn: Turn,
    /// The call that is open: the format's number of it, its position.
    call: Option<(Option<u64>, usize)>,
    plan: String,
    /// Text came: the last event of version 1 repeats it.
    told: bool,
}

/// The fields of an event.
#[derive(Debug, Default)]
struct Fielded<'a> {
    kind: Option<Raw<'a>>,
    index: Option<u64>,
    delta: Option<Raw<'a>>,
    logprobs: Option<Raw<'a>>,
    whole: &'a str,
}

impl<'a> Fielded<'a> {
    fn raw(&self) -> Option<Raw<'a>> {
        Raw::parse(self.whole)
    }
}

impl Objects for CohereDecoder {
    const HAVE_ERRORS: bool = false;

    fn turn(&self) -> &Turn {
        &self.turn
    }

    fn turn_mut(&mut self) -> &mut Turn {
        &mut self.turn
    }

    fn settle(&mut self, _whole: bool, sink: &mut Sink<'_>) -> Result<(), Fault> {
        self.give_plan(sink);
        Ok(())
    }

    fn object<'a>(&mut self, text: &'a str, name: &str, sink: &mut Sink<'_>) -> Result<&'a str, Fault> {
        let mut event = Fielded::default();
        let mut finished = None;
        let mut fields = Fields::of(text);
        while let Some(key) = fields.key() {
            let Some(value) = fields.value() else { break };
            match &*key {
                "type" | "event_type" => event.kind = Some(value),
                "index" => event.index = value.as_count(),
                "delta" => event.delta = Some(value),
                "logprobs" => event.logprobs = Some(value),
                "is_finished" => finished = Some(value.is_true()),
                _ => {}
            }
        }
        let rest = fields.rest().ok_or(NOT_AN_OBJECT)?;
        event.whole = text.get(..text.len() - rest.len()).unwrap_or(text);
        let kind = event.kind.and_then(Raw::as_str).unwrap_or_default();
        let kind = if !kind.is_empty() || finished.is_some() { &*kind } else { name };
        match finished {
            Some(finished) => self.first_version(kind, finished, &event, sink)?,
            None => self.event(kind, &event, sink)?,
        }
        Ok(rest)
    }
}

impl CohereDecoder {
    /// `max_held_bytes` caps the tool calls that are held until they are complete.
    pub(crate) fn new(max_held_bytes: usize) -> Self {
        Self { turn: Turn::new(&DIALECT, max_held_bytes), call: None, plan: String::new(), told: false }
    }

    fn event(&mut self, kind: &str, event: &Fielded<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let message = || event.delta.and_then(|delta| delta.some("message"));
        match kind {
            "message-start" => self.turn.start(event.raw().and_then(|raw| raw.field("id")), None, sink),
            "content-start" | "content-delta" => {
                for (key, value) in
                    message().and_then(|message| message.some("content")).into_iter().flat_map(Raw::fields)
                {
                    match &*key {
                        "text" => self.turn.text(0, value.as_text().unwrap_or_default(), sink),
                        "thinking" => self.turn.reasoning(0, value.as_text().unwrap_or_default(), None, sink),
                        "type" => {}
                        name => self.turn.give(0, name, value, sink),
                    }
                }
                if let Some(logprobs) = event.logprobs {
                    self.turn.give(0, "logprobs", logprobs, sink);
                }
            }
            "tool-plan-delta" => {
                let before = self.plan.len();
                let plan = message().and_then(|message| message.field("tool_plan")).and_then(Raw::inner);
                json::unescape_into(plan.unwrap_or_default(), &mut self.plan);
                self.turn.budget.take(self.plan.len() - before)?;
            }
            "tool-call-start" => {
                self.give_plan(sink);
                let call = message().and_then(|message| message.some("tool_calls"));
                let function = call.and_then(|call| call.some("function"));
                let name =
                    function.and_then(|function| function.field("name")).and_then(Raw::as_str).unwrap_or_default();
                let id = call.and_then(|call| call.field("id")).and_then(Raw::as_text);
                let (calls, budget) = self.turn.calls(0)?;
                let at = calls.begin(0, id.as_deref(), &name, budget, sink)?;
                self.call = Some((event.index, at));
                self.arguments(function, sink)?;
            }
            "tool-call-delta" => {
                let call = message().and_then(|message| message.some("tool_calls"));
                if self.call.is_some_and(|(index, _)| index == event.index) {
                    self.arguments(call.and_then(|call| call.some("function")), sink)?;
                } else if let Some(call) = call {
                    self.turn.give(0, "tool_calls", call, sink);
                }
            }
            "tool-call-end" => {
                self.call = None;
                let (calls, _) = self.turn.calls(0)?;
                calls.give_complete(0, sink);
            }
            "citation-start" => {
                if let Some(citation) = message().and_then(|message| message.some("citations")) {
                    self.turn.give(0, "citation", citation, sink);
                }
            }
            "message-end" => {
                self.give_plan(sink);
                let delta = event.delta.filter(|delta| delta.is_object());
                if let Some(usage) = delta.and_then(|delta| delta.some("usage")) {
                    self.turn.usage(usage, sink);
                }
                if let Some(error) = delta.and_then(|delta| delta.some("error")).filter(|error| !error.is_void()) {
                    self.turn.fail_with(error, sink);
                    return Ok(());
                }
                if let Some(reason) = delta.and_then(|delta| delta.some("finish_reason")) {
                    self.turn.finish_reason(0, reason, sink)?;
                }
                self.turn.finish(sink);
            }
            "content-end" | "citation-end" => {}
            _ => self.unknown(event, sink),
        }
        Ok(())
    }

    /// An event of version 1, which says of each whether it is the last.
    fn first_version(
        &mut self,
        kind: &str,
        finished: bool,
        event: &Fielded<'_>,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        let Some(raw) = event.raw() else { return Ok(()) };
        match kind {
            "stream-start" => self.turn.start(raw.field("generation_id"), None, sink),
            // `generate` names no event.
            "text-generation" | "" | "stream-end" => {
                let text = raw.field("text").and_then(Raw::as_text).unwrap_or_default();
                if !finished || !self.told {
                    self.told |= !text.is_empty();
                    self.turn.text(0, text, sink);
                }
            }
            "tool-calls-chunk" => {}
            "tool-calls-generation" => {
                for call in raw.field("tool_calls").into_iter().flat_map(Raw::items) {
                    let name = call.field("name").and_then(Raw::as_str).unwrap_or_default();
                    let (calls, budget) = self.turn.calls(0)?;
                    let at = calls.begin(0, None, &name, budget, sink)?;
                    calls.append_text(0, at, call.some("parameters").map_or("{}", Raw::text), budget, sink)?;
                    calls.give_complete(0, sink);
                }
            }
            _ => {
                for (key, value) in raw.fields() {
                    if !matches!(&*key, "event_type" | "is_finished") {
                        self.turn.give(0, &key, value, sink);
                    }
                }
            }
        }
        if finished {
            let response = raw.some("response");
            if let Some(meta) = response.and_then(|response| response.some("meta")) {
                self.turn.usage(meta, sink);
            }
            // Bedrock counts in an object of its own.
            if let Some(metrics) = raw.some("amazon-bedrock-invocationMetrics") {
                self.turn.usage(metrics, sink);
            }
            if let Some(reason) = raw.some("finish_reason") {
                self.turn.finish_reason(0, reason, sink)?;
            }
            self.turn.finish(sink);
        }
        Ok(())
    }

    /// Something without a name that is known: an error, where it has a message.
    fn unknown(&mut self, event: &Fielded<'_>, sink: &mut Sink<'_>) {
        let Some(raw) = event.raw() else { return };
        if event.kind.is_none() && (raw.some("message").is_some_and(Raw::is_string) || raw.some("error").is_some()) {
            self.turn.fail_with(raw, sink);
        } else if !raw.is_void() {
            self.turn.metadata(RawJson::of(raw), sink);
        }
    }

    fn arguments(&mut self, function: Option<Raw<'_>>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let inner = function.and_then(|function| function.field("arguments")).and_then(Raw::inner).unwrap_or_default();
        let (Some((_, at)), false) = (self.call, inner.is_empty()) else { return Ok(()) };
        let (calls, budget) = self.turn.calls(0)?;
        calls.append(0, at, inner, budget, sink)
    }

    fn give_plan(&mut self, sink: &mut Sink<'_>) {
        if !self.plan.is_empty() {
            let plan = std::mem::take(&mut self.plan);
            self.turn.budget.put_back(plan.len());
            self.turn.give_text(0, "tool_plan", &plan, sink);
        }
    }

    /// The body ended.
    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> Completion {
        if !self.turn.ended {
            self.give_plan(sink);
        }
        self.turn.end(false, sink)
    }
}

fn normalise(raw: &str) -> FinishReason {
    match raw {
        "COMPLETE" | "STOP_SEQUENCE" => FinishReason::Stop,
        "ERROR" | "TIMEOUT" => FinishReason::Error,
        "ERROR_TOXIC" => FinishReason::ContentFilter,
        "ERROR_LIMIT" => FinishReason::Length,
        _ => super::openai::normalise(raw, false),
    }
}

/// What is counted stands in `tokens`; `billed_units` leaves out what a template adds.
fn read_usage(raw: Raw<'_>) -> Option<Usage> {
    let members = raw.members();
    let of = |name: &str| count_in(&members, "tokens", name).or_else(|| count_in(&members, "billed_units", name));
    let prompt = of("input_tokens").or_else(|| count(&members, "inputTokenCount"));
    let completion = of("output_tokens").or_else(|| count(&members, "outputTokenCount"));
    prompt.or(completion)?;
    Some(Usage {
        prompt_tokens: prompt,
        completion_tokens: completion,
        total_tokens: prompt.zip(completion).map(|(prompt, completion)| prompt.saturating_add(completion)),
        cached_tokens: count(&members, "cached_tokens"),
        reasoning_tokens: count_in(&members, "tokens", "reasoning_tokens"),
        ..super::usage::with_raw(raw)
    })
}
