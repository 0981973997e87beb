//! OpenAI chat completions, the servers compatible with it, and legacy completions.
//!
//! A frame holds a `chat.completion.chunk`, or a whole `chat.completion`, or an error. What is read, and from where, is
//! what recorded streams of some thirty servers show; the doors are wide because every one of them differs somewhere:
//! content as a string, `null` or an array of parts; reasoning under four names, at times under two at once; calls
//! without a number; the same finish reason twice, or none; usage in every chunk, in one of its own, or filled with
//! zeros.
//!
//! What always holds: the laws of [`Event`]; usage and what the provider says beside the answer are held back and given
//! once, before the end; an error is the end. A frame that is like an earlier one is read by [`template`] comparison.

mod chunk;
pub(crate) mod extras;
mod template;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use self::chunk::Head;
use self::extras::{Extras, Held};
use self::template::{Content, HOLES, Lesson, Templates};
use super::tools::{Calls, Delta, Pushed};
use super::turn::{NOT_AN_OBJECT, member, metadata};
use super::{error_body, usage};
use crate::frame::{Budget, Fault, Frame, Sink};
use crate::json::{self, Raw};
use crate::{Completion, Event, FinishReason, ProviderError, RawJson};

/// Reads the payloads of one answer.
#[derive(Debug, Clone)]
pub(crate) struct OpenAiDecoder {
    budget: Budget,
    started: bool,
    ended: bool,
    choices: Vec<Choice>,
    /// JSON text of the last usage object that counted something.
    usage: String,
    extras: Extras,
    /// Goes up whenever what is held for the whole stream changes.
    generation: u64,
    templates: Templates,
    head: Head,
    /// Whether chunks may be read by comparison. Off only in tests, which compare both ways.
    compare: bool,
    /// Frames `{"value": …}` came: a legacy format without a word for its end.
    endless: bool,
    scratch: String,
}

/// One of `n` alternatives.
#[derive(Debug, Clone, Default)]
struct Choice {
    index: u32,
    finish: Option<String>,
    /// Whether content came: a whole `message` that follows repeats it.
    delivered: bool,
    calls: Calls,
}

/// What reading a chunk did, for learning from it.
#[derive(Debug, Clone)]
struct Trace<'a> {
    events: u32,
    /// Something was changed that a later chunk like this one would have to change too.
    lasting: bool,
    content: Option<(Content, &'a str)>,
    ignored: [Option<&'a str>; HOLES - 1],
}

impl<'a> Trace<'a> {
    fn new() -> Self {
        Self { events: 0, lasting: false, content: None, ignored: [None; HOLES - 1] }
    }

    fn ignore(&mut self, value: Raw<'a>) {
        if let (Some(inner), Some(slot)) = (value.inner(), self.ignored.iter_mut().find(|slot| slot.is_none())) {
            *slot = Some(inner);
        }
    }
}

impl OpenAiDecoder {
    /// `max_held_bytes` caps the tool calls that are held until they are complete.
    pub(crate) fn new(max_held_bytes: usize) -> Self {
        Self {
            budget: Budget::new(max_held_bytes),
            started: false,
            ended: false,
            choices: Vec::new(),
            usage: String::new(),
            extras: Extras::default(),
            generation: 0,
            templates: Templates::default(),
            head: Head::default(),
            compare: true,
            endless: false,
            scratch: String::new(),
        }
    }

    /// Reads every chunk in full.
    #[cfg(test)]
    fn without_comparison(mut self) -> Self {
        self.compare = false;
        self
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.ended
    }

    /// Reads one frame.
    pub(crate) fn frame(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        if self.ended {
            return Ok(());
        }
        let unnamed = frame.is_unnamed();
        if unnamed && let Some((content, inner, escaped)) = self.templates.find(frame.data, self.generation) {
            return self.compared(content, inner, escaped, sink);
        }
        self.read(frame, unnamed, sink)
    }

    #[inline]
    fn compared(&mut self, content: Content, inner: &str, escaped: bool, sink: &mut Sink<'_>) -> Result<(), Fault> {
        if let Content::Arguments { choice, call } = content {
            let Some(at) = self.choices.iter().position(|known| known.index == choice) else { return Ok(()) };
            let Some(known) = self.choices.get_mut(at) else { return Ok(()) };
            return known.calls.append(choice, call, inner, &mut self.budget, sink);
        }
        let text = Cow::Borrowed(json::unescaped(inner, escaped, &mut self.scratch));
        match content {
            Content::Reasoning { choice } => sink(Event::Reasoning { choice, text, signature: None }),
            Content::Text { choice } | Content::Arguments { choice, .. } => sink(Event::Text { choice, text }),
        }
        Ok(())
    }

    fn read(&mut self, frame: Frame<'_>, unnamed: bool, sink: &mut Sink<'_>) -> Result<(), Fault> {
        if frame.is_heartbeat() {
            return Ok(());
        }
        let text = frame.text();
        let is_error = frame.event == "error";
        let mut rest = text.trim_ascii_start();
        // More than one value in a frame: servers that forget the blank line between two events.
        while !rest.is_empty() && !self.ended {
            if let Some(after) = rest.strip_prefix("[DONE]").or_else(|| rest.strip_prefix("\"[DONE]\"")) {
                self.close(End::Marker, sink);
                rest = after;
            } else if rest.starts_with('{') {
                let mut trace = Trace::new();
                let after = self.object(rest, is_error, &mut trace, sink)?;
                let alone = rest.len() == text.len() && after.is_empty();
                if unnamed && self.compare && alone && matches!(text, Cow::Borrowed(_)) {
                    self.learn(rest, &trace);
                }
                rest = after;
            } else if is_error {
                let error = match Raw::parse(rest) {
                    Some(raw) => error_body::read_error_field(raw),
                    None => error_body::read_error_field(Raw::parse(&json::quote(rest)).ok_or(NOT_AN_OBJECT)?),
                };
                self.fail(error, sink);
            } else {
                match Raw::first(rest) {
                    Some((raw, after)) if raw.is_null() => rest = after,
                    _ => return Err(NOT_AN_OBJECT),
                }
            }
            rest = rest.trim_ascii_start();
        }
        Ok(())
    }

    fn learn(&mut self, chunk: &str, trace: &Trace<'_>) {
        if trace.events != 1 || trace.lasting {
            return;
        }
        let Some((content, inner)) = trace.content else { return };
        let mut holes = [Some(inner); HOLES];
        let [_, others @ ..] = &mut holes;
        others.copy_from_slice(&trace.ignored);
        self.templates.learn(chunk, &Lesson { content, holes, generation: self.generation });
    }

    /// Reads a field of old llama.cpp servers, `error: {…}`, which stands where `data` should.
    pub(crate) fn error_field(&mut self, value: &[u8], sink: &mut Sink<'_>) {
        if !self.ended {
            let text = String::from_utf8_lossy(value);
            let quoted = json::quote(text.trim());
            if let Some(raw) = Raw::parse(&text).or_else(|| Raw::parse(&quoted)) {
                self.fail(error_body::read_error_field(raw), sink);
            }
        }
    }

    /// The body ended.
    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> Completion {
        if self.ended {
            return Completion::Complete;
        }
        let finished = self.endless || !self.choices.is_empty();
        if finished && self.choices.iter().all(|choice| self.endless || choice.finish.is_some()) {
            self.close(End::Marker, sink);
            Completion::Complete
        } else {
            self.close(End::Cut, sink);
            Completion::Truncated
        }
    }

    /// What was read is the whole answer, whether it says so or not.
    pub(crate) fn finish(&mut self, sink: &mut Sink<'_>) {
        if !self.ended {
            self.close(End::Marker, sink);
        }
    }

    /// Gives what another reader found before this one was chosen.
    pub(crate) fn metadata(&mut self, json: RawJson, sink: &mut Sink<'_>) {
        self.started = true;
        sink(Event::Metadata(json.into_object()));
    }

    fn fail(&mut self, error: ProviderError, sink: &mut Sink<'_>) {
        self.close(End::Error, sink);
        sink(Event::Error(error));
    }

    /// Gives what was held back, and the finish where there is one.
    fn close(&mut self, end: End, sink: &mut Sink<'_>) {
        self.ended = true;
        let cut = end != End::Marker;
        let mut first: Option<(u32, FinishReason, Option<String>)> = None;
        for choice in &mut self.choices {
            let raw = choice.finish.take();
            let called = !choice.calls.is_empty();
            let reason = raw.as_deref().map_or(FinishReason::Unknown, |raw| normalise(raw, called));
            let short = matches!(reason, FinishReason::Length | FinishReason::ContentFilter | FinishReason::Error);
            choice.calls.give_all(choice.index, cut, short, sink);
            if first.as_ref().is_none_or(|(index, ..)| choice.index < *index) {
                first = Some((choice.index, reason, raw));
            }
        }
        // Reasons of the other choices were held as they came.
        let finish_of = first.as_ref().map_or(0, |(index, ..)| *index);
        while let Some(index) = self.extras.first_choice() {
            if index != 0 && index == finish_of && end == End::Marker {
                self.extras.forget(index, "finish_reason");
            }
            let members = self.extras.take(index);
            if !members.is_empty() {
                sink(metadata(index, members));
            }
        }
        if !self.usage.is_empty()
            && let Some(usage) = usage::read(Raw::known(&self.usage))
        {
            sink(Event::Usage(usage));
        }
        if end == End::Marker {
            let (reason, raw) = first.map_or((FinishReason::Unknown, None), |(_, reason, raw)| (reason, raw));
            sink(Event::Finish { reason, raw: raw.map(Cow::Owned) });
        }
    }

    fn start(&mut self, id: Option<Raw<'_>>, model: Option<Raw<'_>>, sink: &mut Sink<'_>) -> u32 {
        if self.started {
            return 0;
        }
        let id = id.and_then(Raw::as_filled_str);
        let model = model.and_then(Raw::as_filled_str);
        if id.is_none() && model.is_none() {
            // Azure's first chunk is without either; the next one says.
            return 0;
        }
        self.started = true;
        sink(Event::Start { id, model });
        1
    }

    /// Holds what the provider says beside the answer, or gives it where there is no room.
    fn hold<'a>(&mut self, choice: u32, name: &str, value: Raw<'a>, trace: &mut Trace<'a>, sink: &mut Sink<'_>) {
        if value.is_void() {
            return;
        }
        match self.extras.hold(choice, name, value) {
            Held::Same => {}
            Held::Changed => {
                self.generation += 1;
                trace.lasting = true;
            }
            Held::Full => self.give(choice, name, value, trace, sink),
        }
    }

    /// Gives what belongs to this very chunk.
    fn give<'a>(&mut self, choice: u32, name: &str, value: Raw<'a>, trace: &mut Trace<'a>, sink: &mut Sink<'_>) {
        if !value.is_null() && !value.is_void() {
            self.started = true;
            trace.events += 1;
            sink(metadata(choice, member(name, value)));
        }
    }

    fn keep_usage<'a>(&mut self, value: Raw<'a>, trace: &mut Trace<'a>) {
        if value.is_object() && (self.usage.is_empty() || !usage::is_zero(value)) {
            trace.lasting = true;
            value.text().clone_into(&mut self.usage);
        }
    }

    fn choice(&mut self, index: u32) -> Result<usize, Fault> {
        if let Some(at) = self.choices.iter().position(|choice| choice.index == index) {
            return Ok(at);
        }
        self.budget.take(Budget::ENTRY)?;
        self.choices.push(Choice { index, ..Choice::default() });
        Ok(self.choices.len() - 1)
    }

    fn text<'a>(&mut self, at: usize, value: Raw<'a>, trace: &mut Trace<'a>, sink: &mut Sink<'_>) {
        let (Some(text), Some(choice)) = (value.as_text().filter(|text| !text.is_empty()), self.choices.get_mut(at))
        else {
            return;
        };
        self.started = true;
        choice.delivered = true;
        trace.events += 1;
        trace.content = value.inner().map(|inner| (Content::Text { choice: choice.index }, inner));
        sink(Event::Text { choice: choice.index, text });
    }

    fn reasoning<'a>(
        &mut self,
        at: usize,
        text: Raw<'a>,
        signature: Option<Cow<'_, str>>,
        trace: &mut Trace<'a>,
        sink: &mut Sink<'_>,
    ) {
        let Some(choice) = self.choices.get_mut(at) else { return };
        let words = text.as_str().unwrap_or_default();
        if words.is_empty() && signature.is_none() {
            return;
        }
        self.started = true;
        choice.delivered = true;
        trace.events += 1;
        trace.content = if signature.is_some() {
            None
        } else {
            text.inner().map(|inner| (Content::Reasoning { choice: choice.index }, inner))
        };
        sink(Event::Reasoning { choice: choice.index, text: words, signature });
    }

    /// `inner` is the string the arguments stand in, where they do.
    fn call<'a>(
        &mut self,
        at: usize,
        delta: &Delta<'a>,
        inner: Option<&'a str>,
        trace: &mut Trace<'a>,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        let Some(choice) = self.choices.get_mut(at) else { return Ok(()) };
        let named = delta.name.as_deref().is_some_and(|name| !name.is_empty());
        match choice.calls.push(choice.index, delta, &mut self.budget, sink)? {
            Pushed::Nothing => return Ok(()),
            Pushed::Continued { call, firm } => {
                if !delta.arguments.is_empty() {
                    trace.events += 1;
                }
                // A name that is repeated is weighed against what came before it.
                trace.lasting |= named || !firm;
                trace.content = inner.map(|inner| (Content::Arguments { choice: choice.index, call }, inner));
            }
            Pushed::Began => {
                self.generation += 1;
                trace.lasting = true;
                trace.events += 1;
            }
        }
        self.started = true;
        choice.delivered = true;
        Ok(())
    }

    fn finish_reason<'a>(&mut self, at: usize, value: Raw<'a>, trace: &mut Trace<'a>, sink: &mut Sink<'_>) {
        let (Some(reason), Some(choice)) = (value.as_filled_str(), self.choices.get_mut(at)) else { return };
        trace.lasting = true;
        choice.finish = Some(reason.into_owned());
        if choice.calls.give_complete(choice.index, sink) {
            self.generation += 1;
            self.started = true;
        }
        // The first choice's reason is in the finish.
        if choice.index != 0 {
            let index = choice.index;
            self.hold(index, "finish_reason", value, trace, sink);
        }
    }
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// By its own word.
    Marker,
    Error,
    /// The body ended before it.
    Cut,
}

/// The one name for what providers call the reason. Some end with `stop` when they wait for the results of calls.
pub(crate) fn normalise(raw: &str, called: bool) -> FinishReason {
    match raw {
        "stop" | "eos" | "end_turn" | "stop_sequence" | "eos_token" | "COMPLETE" | "STOP" if called => {
            FinishReason::ToolCalls
        }
        "stop" | "eos" | "end_turn" | "stop_sequence" | "eos_token" | "COMPLETE" | "STOP" => FinishReason::Stop,
        "length" | "max_tokens" | "model_length" | "max_output_tokens" | "MAX_TOKENS" => FinishReason::Length,
        "tool_calls" | "tool-calls" | "function_call" | "tool_use" | "TOOL_CALL" => FinishReason::ToolCalls,
        "content_filter" | "content-filter" | "content_filtered" | "safety" | "SAFETY" => FinishReason::ContentFilter,
        "error" | "insufficient_system_resource" => FinishReason::Error,
        "unknown" => FinishReason::Unknown,
        _ => FinishReason::Other,
    }
}
