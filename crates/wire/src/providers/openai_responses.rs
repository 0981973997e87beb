//! OpenAI's Responses, from OpenAI, Azure, xAI, and the servers that speak like it.
//!
//! A frame is an event that says its `type`; the event's name repeats it with most servers. An answer is a list of
//! output items, each added, continued and done. Text, reasoning and the calls of the caller's functions have events of
//! their own, from their deltas, or from what comes whole where a server sent no deltas. Every other item comes out
//! once, when it is done, as metadata `{output_item}`: the deltas of it, which it repeats, are not read. Citations come
//! as `{annotation}`, refusals as `{refusal}`.
//!
//! What always holds: items are known by their position, since some servers change their IDs on the way; the end is
//! `response.completed`, `.incomplete` or `.failed`, and an `error` before that. What the response repeats of the request
//! is not read. Event names: platform.openai.com, "Streaming events".

use super::turn::{Dialect, NOT_AN_OBJECT, Objects, Turn};
use crate::frame::{Budget, Fault, Sink};
use crate::json::{Fields, ObjectText, Raw};
use crate::{Completion, FinishReason, RawJson};

static DIALECT: Dialect = Dialect { usage: super::usage::read, finish: normalise };

/// Reads the payloads of one answer.
#[derive(Debug, Clone)]
pub(crate) struct ResponsesDecoder {
    turn: Turn,
    items: Vec<OutputItem>,
}

/// What is known of an output item.
#[derive(Debug, Clone, Default)]
struct OutputItem {
    index: u64,
    /// Its position among the calls.
    call: Option<usize>,
    /// Its content came in deltas, or whole.
    told: bool,
    done: bool,
}

/// The fields of an event.
#[derive(Debug, Default)]
struct Fielded<'a> {
    kind: Option<Raw<'a>>,
    index: Option<u64>,
    delta: Option<Raw<'a>>,
    text: Option<Raw<'a>>,
    arguments: Option<Raw<'a>>,
    item: Option<Raw<'a>>,
    response: Option<Raw<'a>>,
    annotation: Option<Raw<'a>>,
    logprobs: Option<Raw<'a>>,
    error: Option<Raw<'a>>,
    others: bool,
}

impl Objects for ResponsesDecoder {
    fn turn(&self) -> &Turn {
        &self.turn
    }

    fn turn_mut(&mut self) -> &mut Turn {
        &mut self.turn
    }

    fn object<'a>(&mut self, text: &'a str, name: &str, sink: &mut Sink<'_>) -> Result<&'a str, Fault> {
        let mut event = Fielded::default();
        let mut fields = Fields::of(text);
        while let Some(key) = fields.key() {
            let Some(value) = fields.value() else { break };
            match &*key {
                "type" => event.kind = Some(value),
                "output_index" => event.index = value.as_count(),
                "delta" => event.delta = Some(value),
                "text" => event.text = Some(value),
                "arguments" => event.arguments = Some(value),
                "item" => event.item = Some(value).filter(|item| item.is_object()),
                "response" => event.response = Some(value).filter(|response| response.is_object()),
                "annotation" => event.annotation = Some(value),
                "logprobs" => event.logprobs = Some(value).filter(|logprobs| !logprobs.is_void()),
                "error" => event.error = Some(value).filter(|error| !error.is_void()),
                "sequence_number" | "item_id" | "content_index" | "summary_index" | "obfuscation" => {}
                _ => event.others |= !value.is_void(),
            }
        }
        let rest = fields.rest().ok_or(NOT_AN_OBJECT)?;
        let whole = text.get(..text.len() - rest.len()).unwrap_or(text);
        self.event(&event, whole, name, sink)?;
        Ok(rest)
    }
}

impl ResponsesDecoder {
    /// `max_held_bytes` caps the tool calls that are held until they are complete.
    pub(crate) fn new(max_held_bytes: usize) -> Self {
        Self { turn: Turn::new(&DIALECT, max_held_bytes), items: Vec::new() }
    }

    fn event(&mut self, event: &Fielded<'_>, whole: &str, name: &str, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let kind = event.kind.and_then(Raw::as_str).unwrap_or_default();
        let kind = if kind.is_empty() { name } else { &*kind };
        if kind == "error" || event.error.is_some() {
            if let Some(raw) = Raw::parse(whole) {
                self.turn.fail_with(raw, sink);
            }
            return Ok(());
        }
        let delta = || event.delta.and_then(Raw::as_text).unwrap_or_default();
        match kind {
            "response.output_text.delta" => {
                self.turn.text(0, delta(), sink);
                self.told(event.index)?;
                if let Some(logprobs) = event.logprobs {
                    self.turn.give(0, "logprobs", logprobs, sink);
                }
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.turn.reasoning(0, delta(), None, sink);
                self.told(event.index)?;
            }
            "response.refusal.delta" => {
                if let Some(delta) = event.delta {
                    self.turn.give(0, "refusal", delta, sink);
                }
                self.told(event.index)?;
            }
            "response.function_call_arguments.delta" => {
                let inner = event.delta.and_then(Raw::inner).unwrap_or_default();
                if let (Some(at), false) = (self.call(event.index), inner.is_empty()) {
                    let (calls, budget) = self.turn.calls(0)?;
                    calls.append(0, at, inner, budget, sink)?;
                }
            }
            "response.function_call_arguments.done" => self.whole_arguments(event.index, event.arguments, sink)?,
            "response.output_item.added" => {
                let at = self.item(event.index)?;
                if let Some(item) = event.item.filter(|item| is_call(*item)) {
                    self.begin_call(at, item, sink)?;
                }
            }
            "response.output_item.done" => {
                let at = self.item(event.index)?;
                if let Some(item) = event.item {
                    self.done(at, item, sink)?;
                }
            }
            "response.output_text.annotation.added" => {
                if let Some(annotation) = event.annotation {
                    self.turn.give(0, "annotation", annotation, sink);
                }
            }
            "response.completed"
            | "response.incomplete"
            | "response.failed"
            | "response.cancelled"
            | "response.canceled" => {
                if event.others {
                    for (key, value) in Fields::of(whole).filter(|(key, _)| !is_own(key)) {
                        self.turn.hold(0, &key, value, sink);
                    }
                }
                self.terminal(kind, event.response, sink)?;
            }
            "response.created" | "response.queued" | "response.in_progress" => {
                if let Some(response) = event.response {
                    self.turn.start(response.field("id"), response.field("model"), sink);
                }
            }
            // An image on its way is not repeated.
            "response.image_generation_call.partial_image" => self.unknown(whole, sink),
            // What the item says again when it is done.
            "keepalive" => {}
            kind if kind.starts_with("response.") && REPEATED.iter().any(|end| kind.ends_with(end)) => {}
            _ => self.unknown(whole, sink),
        }
        Ok(())
    }

    fn unknown(&mut self, whole: &str, sink: &mut Sink<'_>) {
        if let Some(raw) = Raw::parse(whole).filter(|raw| !raw.is_void()) {
            self.turn.metadata(RawJson::of(raw), sink);
        }
    }

    /// The position of an item; without an index, the one spoken of last.
    fn item(&mut self, index: Option<u64>) -> Result<usize, Fault> {
        let found = match index {
            Some(index) => self.items.iter().rposition(|item| item.index == index),
            None => self.items.iter().rposition(|item| !item.done),
        };
        if let Some(at) = found {
            return Ok(at);
        }
        self.turn.budget.take(Budget::ENTRY)?;
        let next = self.items.last().map_or(0, |item| item.index.saturating_add(1));
        self.items.push(OutputItem { index: index.unwrap_or(next), ..OutputItem::default() });
        Ok(self.items.len() - 1)
    }

    fn told(&mut self, index: Option<u64>) -> Result<(), Fault> {
        let at = self.item(index)?;
        if let Some(item) = self.items.get_mut(at) {
            item.told = true;
        }
        Ok(())
    }

    /// The call that is open at this index.
    fn call(&self, index: Option<u64>) -> Option<usize> {
        let mut calls = self.items.iter().rev().filter(|item| item.call.is_some() && !item.done);
        calls.find(|item| index.is_none_or(|index| index == item.index))?.call
    }

    fn begin_call(&mut self, at: usize, item: Raw<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let text = |name: &str| item.field(name).and_then(Raw::as_str).unwrap_or_default();
        let id = Some(text("call_id")).filter(|id| !id.is_empty()).unwrap_or_else(|| text("id"));
        let Some(known) = self.items.get_mut(at).filter(|known| known.call.is_none()) else { return Ok(()) };
        let (calls, budget) = self.turn.calls(0)?;
        let call = calls.begin(0, Some(&id), &text("name"), budget, sink)?;
        known.call = Some(call);
        if let Some(inner) = item.field("arguments").and_then(Raw::inner).filter(|inner| !inner.is_empty()) {
            calls.append(0, call, inner, budget, sink)?;
        }
        Ok(())
    }

    /// Arguments that are said once more, which count where they were not said in pieces.
    fn whole_arguments(
        &mut self,
        index: Option<u64>,
        arguments: Option<Raw<'_>>,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        let inner = arguments.and_then(Raw::inner).unwrap_or_default();
        let Some(at) = self.call(index) else { return Ok(()) };
        let (calls, budget) = self.turn.calls(0)?;
        if !inner.is_empty() && !calls.has_arguments(at) {
            calls.append(0, at, inner, budget, sink)?;
        }
        Ok(())
    }

    /// An item is whole.
    fn done(&mut self, at: usize, item: Raw<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let Some((known, told)) = self.items.get(at).filter(|item| !item.done).map(|item| (item.index, item.told))
        else {
            return Ok(());
        };
        let kind = item.field("type").and_then(Raw::as_str).unwrap_or_default();
        match &*kind {
            "function_call" => {
                self.begin_call(at, item, sink)?;
                self.whole_arguments(Some(known), item.field("arguments"), sink)?;
                let (calls, _) = self.turn.calls(0)?;
                calls.give_complete(0, sink);
            }
            "message" => {
                for part in item.field("content").into_iter().flat_map(Raw::items).filter(|_| !told) {
                    self.part(part, sink);
                }
                self.others(item, &["id", "type", "status", "role", "content"], sink);
            }
            "reasoning" => {
                let parts = ["summary", "content"].into_iter().filter_map(|name| item.field(name));
                for text in parts.flat_map(Raw::items).filter_map(|part| part.field("text")).filter(|_| !told) {
                    self.turn.reasoning(0, text.as_str().unwrap_or_default(), None, sink);
                }
                // What has to be sent back is its ID and its ciphertext.
                self.others(item, &["status", "summary", "content"], sink);
            }
            _ => self.turn.give(0, "output_item", item, sink),
        }
        if let Some(item) = self.items.get_mut(at) {
            item.done = true;
        }
        Ok(())
    }

    /// A part of a message that came without deltas.
    fn part(&mut self, part: Raw<'_>, sink: &mut Sink<'_>) {
        for (key, value) in part.fields() {
            match &*key {
                "text" => self.turn.text(0, value.as_str().unwrap_or_default(), sink),
                "type" => {}
                "annotations" => {
                    for annotation in value.items() {
                        self.turn.give(0, "annotation", annotation, sink);
                    }
                }
                name => self.turn.give(0, name, value, sink),
            }
        }
    }

    /// Gives an item without the members that were read otherwise, where there is more than its name and type.
    fn others(&mut self, item: Raw<'_>, known: &[&str], sink: &mut Sink<'_>) {
        let mut members = ObjectText::new();
        let mut more = false;
        for (key, value) in item.fields().filter(|(_, value)| !value.is_void()) {
            let known = known.contains(&&*key);
            if !known || matches!(&*key, "id" | "type") {
                more |= !known && key != "type";
                members.put(&key, value);
            }
        }
        if more {
            self.turn.give(0, "output_item", Raw::known(&members.into_text()), sink);
        }
    }

    fn terminal(&mut self, kind: &str, response: Option<Raw<'_>>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let mut reason = None;
        if let Some(response) = response {
            self.turn.start(response.field("id"), response.field("model"), sink);
            let output = response.field("output").into_iter().flat_map(Raw::items);
            // What was never said to be done is given now. What was never spoken of is, where nothing was: positions
            // in here are not always those of the events.
            let silent = self.items.is_empty();
            for (index, item) in (0..).zip(output).filter(|(_, item)| item.is_object()) {
                if silent || self.items.iter().any(|known| known.index == index && !known.done) {
                    let at = self.item(Some(index))?;
                    self.done(at, item, sink)?;
                }
            }
            for (key, value) in response.fields() {
                match &*key {
                    "usage" => self.turn.usage(value, sink),
                    "service_tier" | "conversation" => self.turn.hold(0, &key, value, sink),
                    "status" => reason = reason.or(Some(value)),
                    "incomplete_details" => reason = value.some("reason").or(reason),
                    _ => {}
                }
            }
            let error = response.some("error").filter(|error| !error.is_void());
            if let Some(error) =
                error.or(Some(response).filter(|_| !matches!(kind, "response.completed" | "response.incomplete")))
            {
                self.turn.fail_with(error, sink);
                return Ok(());
            }
        }
        if let Some(reason) = reason {
            self.turn.finish_reason(0, reason, sink)?;
        }
        self.turn.finish(sink);
        Ok(())
    }

    /// The body ended.
    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> Completion {
        self.turn.end(false, sink)
    }
}

/// Ends of the names of events that speak of an item which is given whole when it is done.
const REPEATED: [&str; 9] = [
    ".delta",
    ".done",
    ".added",
    ".completed",
    ".in_progress",
    ".searching",
    ".interpreting",
    ".generating",
    ".failed",
];

fn is_call(item: Raw<'_>) -> bool {
    item.field("type").and_then(Raw::inner) == Some("function_call")
}

/// Fields of a terminal event that are read.
fn is_own(key: &str) -> bool {
    matches!(key, "type" | "response" | "sequence_number" | "output_index" | "error")
}

fn normalise(raw: &str) -> FinishReason {
    match raw {
        "completed" => FinishReason::Stop,
        // Incomplete, and nothing about why.
        "incomplete" => FinishReason::Other,
        _ => super::openai::normalise(raw, false),
    }
}
