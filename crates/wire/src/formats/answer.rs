//! What every format of an application keeps of an answer, and the laws it keeps by it.

use std::borrow::Cow;

use crate::frame::{Budget, Fault, Frame, Sink};
use crate::json::{ObjectText, Raw};
use crate::providers::tools::{Calls, Delta};
use crate::providers::{error_body, openai, usage};
use crate::{Completion, Event, FinishReason, ProviderError, RawJson, ToolResult, Usage};

#[derive(Debug, Clone)]
pub(super) struct Answer {
    budget: Budget,
    started: bool,
    pub(super) ended: bool,
    /// Text came.
    pub(super) told: bool,
    /// The calls of each choice that has any; the first choice's where no other is told apart.
    calls: Vec<(u32, Calls)>,
    /// How many results of calls came.
    results: usize,
    /// The last usage, where the format gives it once, before the end.
    usage: Option<Usage>,
}

impl Answer {
    pub(super) fn new(max_held_bytes: usize) -> Self {
        Self {
            budget: Budget::new(max_held_bytes),
            started: false,
            ended: false,
            told: false,
            calls: Vec::new(),
            results: 0,
            usage: None,
        }
    }

    pub(super) fn start(&mut self, id: Option<Raw<'_>>, model: Option<Raw<'_>>, sink: &mut Sink<'_>) {
        if !std::mem::replace(&mut self.started, true) {
            sink(Event::Start { id: id.and_then(Raw::as_filled_str), model: model.and_then(Raw::as_filled_str) });
        }
    }

    pub(super) fn text(&mut self, value: Raw<'_>, sink: &mut Sink<'_>) {
        self.text_of(0, value, sink);
    }

    pub(super) fn text_of(&mut self, choice: u32, value: Raw<'_>, sink: &mut Sink<'_>) {
        if let Some(text) = value.as_text().filter(|text| !text.is_empty()) {
            self.started = true;
            self.told = true;
            sink(Event::Text { choice, text });
        }
    }

    pub(super) fn reasoning(&mut self, text: Option<Raw<'_>>, signature: Option<Raw<'_>>, sink: &mut Sink<'_>) {
        self.reasoning_of(0, text, signature, sink);
    }

    pub(super) fn reasoning_of(
        &mut self,
        choice: u32,
        text: Option<Raw<'_>>,
        signature: Option<Raw<'_>>,
        sink: &mut Sink<'_>,
    ) {
        let text = text.and_then(Raw::as_text).unwrap_or_default();
        let signature = signature.and_then(Raw::as_filled_str);
        if !text.is_empty() || signature.is_some() {
            self.started = true;
            sink(Event::Reasoning { choice, text, signature });
        }
    }

    pub(super) fn call_delta(&mut self, choice: u32, delta: &Delta<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        self.started = true;
        let at = self.calls_of(choice)?;
        if let Some((_, calls)) = self.calls.get_mut(at) {
            calls.push(choice, delta, &mut self.budget, sink)?;
        }
        Ok(())
    }

    pub(super) fn call(
        &mut self,
        choice: u32,
        delta: &Delta<'_>,
        valid: bool,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        self.started = true;
        let at = self.calls_of(choice)?;
        match self.calls.get_mut(at) {
            Some((_, calls)) => calls.whole(choice, delta, valid, &mut self.budget, sink),
            None => Ok(()),
        }
    }

    /// Where a choice's calls are.
    fn calls_of(&mut self, choice: u32) -> Result<usize, Fault> {
        if let Some(at) = self.calls.iter().position(|(known, _)| *known == choice) {
            return Ok(at);
        }
        self.budget.take(Budget::ENTRY)?;
        self.calls.push((choice, Calls::default()));
        Ok(self.calls.len() - 1)
    }

    fn give_calls(&mut self, cut: bool, short: bool, sink: &mut Sink<'_>) {
        for (choice, calls) in &mut self.calls {
            calls.give_all(*choice, cut, short, sink);
        }
    }

    /// What a call gave, in the words of the formats that tell it. Without the call's id it says nothing, and is metadata.
    pub(super) fn result(&mut self, raw: Raw<'_>, sink: &mut Sink<'_>) {
        let text = |names: &[&str]| names.iter().find_map(|name| raw.some(name)).and_then(Raw::as_str);
        let Some(id) = text(&["id", "toolCallId"]).filter(|id| !id.is_empty()) else {
            self.metadata(RawJson::of(raw), sink);
            return;
        };
        self.started = true;
        self.results = self.results.saturating_add(1);
        let failure = raw.some("errorText");
        let value = failure.or_else(|| raw.field("result")).or_else(|| raw.field("output"));
        sink(Event::ToolResult(ToolResult {
            id: id.into_owned(),
            name: text(&["name", "toolName", "tool"]).unwrap_or_default().into_owned(),
            result: value.map_or_else(|| RawJson::of(Raw::known("null")), RawJson::of),
            is_error: failure.is_some() || raw.field("isError").is_some_and(Raw::is_true),
        }));
    }

    pub(super) fn metadata(&mut self, json: RawJson, sink: &mut Sink<'_>) {
        self.started = true;
        sink(Event::Metadata(json.into_object()));
    }

    /// The members of an object that have no meaning of their own here.
    pub(super) fn metadata_without(&mut self, raw: Raw<'_>, known: &[&str], sink: &mut Sink<'_>) {
        let mut members = ObjectText::new();
        for (key, value) in raw.fields().filter(|(key, value)| !known.contains(&&**key) && !value.is_null()) {
            members.put(&key, value);
        }
        if !members.is_empty() {
            self.metadata(RawJson::object(members), sink);
        }
    }

    pub(super) fn usage_now(&mut self, raw: Raw<'_>, sink: &mut Sink<'_>) {
        if let Some(usage) = usage::read(raw) {
            self.started = true;
            sink(Event::Usage(usage));
        }
    }

    pub(super) fn keep_usage(&mut self, raw: Raw<'_>) {
        if self.usage.is_none() || !usage::is_zero(raw) {
            self.usage = usage::read(raw).or(self.usage.take());
        }
    }

    pub(super) fn finish(&mut self, reason: Option<Raw<'_>>, sink: &mut Sink<'_>) {
        let raw = reason.and_then(Raw::as_filled_str);
        // An answer that has the results of its calls doesn't wait for them.
        let called = self.calls.iter().map(|(_, calls)| calls.len()).sum::<usize>() > self.results;
        let reason = raw.as_deref().map_or(FinishReason::Unknown, |raw| openai::normalise(raw, called));
        let short = matches!(reason, FinishReason::Length | FinishReason::ContentFilter | FinishReason::Error);
        self.give_calls(false, short, sink);
        self.close(sink);
        sink(Event::Finish { reason, raw });
    }

    pub(super) fn fail(&mut self, error: ProviderError, sink: &mut Sink<'_>) {
        self.give_calls(true, false, sink);
        self.close(sink);
        sink(Event::Error(error));
    }

    pub(super) fn fail_with(&mut self, raw: Raw<'_>, sink: &mut Sink<'_>) {
        self.fail(error_body::read_error_field(raw), sink);
    }

    /// The server says that it gave up.
    pub(super) fn aborted(&mut self, reason: Option<Raw<'_>>, sink: &mut Sink<'_>) {
        let mut error = reason.filter(|reason| !reason.is_void()).map(error_body::read_error_field).unwrap_or_default();
        if error.message.is_empty() {
            error.message = "the server aborted the answer".to_owned();
        }
        error.code = error.code.or_else(|| Some("aborted".to_owned()));
        self.fail(error, sink);
    }

    fn close(&mut self, sink: &mut Sink<'_>) {
        self.ended = true;
        if let Some(usage) = self.usage.take() {
            sink(Event::Usage(usage));
        }
    }

    /// The body ended; `complete` where the format's own marker is not to be had.
    pub(super) fn end(&mut self, complete: bool, reason: Option<Raw<'_>>, sink: &mut Sink<'_>) -> Completion {
        if self.ended {
            return Completion::Complete;
        }
        if complete {
            self.finish(reason, sink);
            return Completion::Complete;
        }
        self.give_calls(true, false, sink);
        self.close(sink);
        Completion::Truncated
    }
}

/// One value of a frame's data.
pub(super) enum Item<'a> {
    /// `[DONE]`, with which many formats end.
    Done,
    Value(Raw<'a>),
}

/// Goes through the values of a frame; there is one, save where a server forgot the blank line between two events.
/// `null` is no value. Ends early where `each` says so.
pub(super) fn each_item(frame: Frame<'_>, mut each: impl FnMut(Item<'_>) -> Result<bool, Fault>) -> Result<(), Fault> {
    if frame.is_heartbeat() {
        return Ok(());
    }
    let text = frame.text();
    let mut rest = text.trim_ascii();
    while !rest.is_empty() {
        let item = if let Some(after) = rest.strip_prefix("[DONE]") {
            rest = after;
            Item::Done
        } else {
            let (raw, after) = Raw::first(rest).ok_or(Fault::Malformed("JSON"))?;
            rest = after;
            if raw.is_null() {
                rest = rest.trim_ascii_start();
                continue;
            }
            Item::Value(raw)
        };
        if !each(item)? {
            break;
        }
        rest = rest.trim_ascii_start();
    }
    Ok(())
}

/// A format whose frames are objects: the loop over them, and what the decoder asks of every format.
pub(super) trait Objects {
    fn answer(&mut self) -> &mut Answer;

    fn object(&mut self, raw: Raw<'_>, sink: &mut Sink<'_>) -> Result<(), Fault>;

    /// `[DONE]` came.
    fn done(&mut self, sink: &mut Sink<'_>) {
        self.answer().finish(None, sink);
    }

    fn read(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let is_error = frame.event == "error";
        each_item(frame, |item| {
            match item {
                Item::Done => self.done(sink),
                Item::Value(raw) if is_error => self.answer().fail_with(raw, sink),
                Item::Value(raw) if raw.is_object() => self.object(raw, sink)?,
                Item::Value(_) => return Err(Fault::Malformed("a JSON object")),
            }
            Ok(!self.answer().ended)
        })
    }
}

/// The reason to end: the provider's own word, where there was no name for it.
pub(super) fn reason_of(raw: Raw<'_>) -> Option<Raw<'_>> {
    ["rawFinishReason", "finishReason", "finish_reason"].iter().find_map(|name| raw.some(name))
}

/// A call out of the fields of an object, under the names that formats give them.
pub(super) fn call_of<'a>(raw: Raw<'a>) -> Delta<'a> {
    let mut delta = Delta::default();
    for (key, value) in raw.fields() {
        match &*key {
            "id" | "toolCallId" => delta.id = value.as_text(),
            "name" | "toolName" | "tool" => delta.name = value.as_str(),
            "index" => delta.wire_index = value.as_count(),
            "arguments" | "args" | "input" | "delta" | "argsDelta" | "inputTextDelta" if !value.is_null() => {
                delta.arguments = value.as_str().unwrap_or(Cow::Borrowed(value.text()));
            }
            _ => {}
        }
    }
    delta
}
