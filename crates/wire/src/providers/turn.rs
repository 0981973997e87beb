//! What every provider's decoder keeps of an answer, and the laws it keeps by it.
//!
//! What always holds: the laws of [`Event`]; usage is put together field by field, the last that is not `null`, and
//! given once, just before the end; so is what the provider says beside the answer again and again. Imports the crate's
//! vocabulary.

use std::borrow::Cow;

use super::error_body;
use super::openai::extras::{Extras, Held};
use super::tools::Calls;
use crate::frame::{Budget, Fault, Frame, Sink};
use crate::json::{ObjectText, Raw, quote};
use crate::{Completion, Event, FinishReason, ProviderError, RawJson, Usage};

/// What a format says in its own way.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// Reads the usage object, put together.
    pub(crate) usage: fn(Raw<'_>) -> Option<Usage>,
    /// The one name for what the provider calls the reason.
    pub(crate) finish: fn(&str) -> FinishReason,
}

#[derive(Debug, Clone)]
pub(crate) struct Turn {
    dialect: &'static Dialect,
    pub(crate) budget: Budget,
    started: bool,
    pub(crate) ended: bool,
    choices: Vec<Choice>,
    usage: Extras,
    extras: Extras,
}

/// One of several alternatives.
#[derive(Debug, Clone, Default)]
struct Choice {
    index: u32,
    finish: Option<String>,
    calls: Calls,
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

impl Turn {
    /// `max_held_bytes` caps what is held until it is complete.
    pub(crate) fn new(dialect: &'static Dialect, max_held_bytes: usize) -> Self {
        Self {
            dialect,
            budget: Budget::new(max_held_bytes),
            started: false,
            ended: false,
            choices: Vec::new(),
            usage: Extras::default(),
            extras: Extras::default(),
        }
    }

    pub(crate) fn start(&mut self, id: Option<Raw<'_>>, model: Option<Raw<'_>>, sink: &mut Sink<'_>) {
        if self.started {
            return;
        }
        let id = id.and_then(Raw::as_filled_str);
        let model = model.and_then(Raw::as_filled_str);
        if id.is_some() || model.is_some() {
            self.started = true;
            sink(Event::Start { id, model });
        }
    }

    #[inline]
    pub(crate) fn text(&mut self, choice: u32, text: Cow<'_, str>, sink: &mut Sink<'_>) {
        if !text.is_empty() {
            self.started = true;
            sink(Event::Text { choice, text });
        }
    }

    #[inline]
    pub(crate) fn reasoning(
        &mut self,
        choice: u32,
        text: Cow<'_, str>,
        signature: Option<Cow<'_, str>>,
        sink: &mut Sink<'_>,
    ) {
        let signature = signature.filter(|signature| !signature.is_empty());
        if !text.is_empty() || signature.is_some() {
            self.started = true;
            sink(Event::Reasoning { choice, text, signature });
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

    /// The calls of a choice, and the budget they take from.
    pub(crate) fn calls(&mut self, index: u32) -> Result<(&mut Calls, &mut Budget), Fault> {
        let at = self.choice(index)?;
        self.started = true;
        match self.choices.get_mut(at) {
            Some(choice) => Ok((&mut choice.calls, &mut self.budget)),
            None => Err(Fault::TooLarge),
        }
    }

    /// Gives what has no event of its own, as the member of an object.
    pub(crate) fn give(&mut self, choice: u32, name: &str, value: Raw<'_>, sink: &mut Sink<'_>) {
        if !value.is_void() {
            self.started = true;
            sink(metadata(choice, member(name, value)));
        }
    }

    /// As [`Turn::give`], of a text.
    pub(crate) fn give_text(&mut self, choice: u32, name: &str, text: &str, sink: &mut Sink<'_>) {
        self.give(choice, name, Raw::known(&quote(text)), sink);
    }

    /// Gives an object as it is.
    pub(crate) fn metadata(&mut self, json: RawJson, sink: &mut Sink<'_>) {
        self.started = true;
        sink(Event::Metadata(json.into_object()));
    }

    /// Holds what may be said again, and gives its last word before the end; or at once where there is no room.
    pub(crate) fn hold(&mut self, choice: u32, name: &str, value: Raw<'_>, sink: &mut Sink<'_>) {
        if !value.is_void() && self.extras.hold(choice, name, value) == Held::Full {
            self.give(choice, name, value, sink);
        }
    }

    /// Takes in the fields of a usage object that say something.
    pub(crate) fn usage(&mut self, usage: Raw<'_>, sink: &mut Sink<'_>) {
        self.usage_where(usage, |_| true, sink);
    }

    /// As [`Turn::usage`], of those fields that are counts.
    pub(crate) fn usage_where(&mut self, usage: Raw<'_>, is_count: impl Fn(&str) -> bool, sink: &mut Sink<'_>) {
        for (key, value) in usage.fields().filter(|(key, value)| !value.is_null() && is_count(key)) {
            if self.usage.hold(0, &key, value) == Held::Full {
                let rest = member(&key, value).into_text();
                self.give(0, "usage", Raw::known(&rest), sink);
            }
        }
    }

    /// Remembers why a choice ended. Its calls whose arguments are complete are given.
    pub(crate) fn finish_reason(&mut self, choice: u32, reason: Raw<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let Some(raw) = reason.as_filled_str() else { return Ok(()) };
        let at = self.choice(choice)?;
        if let Some(known) = self.choices.get_mut(at) {
            known.finish = Some(raw.into_owned());
            self.started |= known.calls.give_complete(choice, sink);
        }
        // The first choice's reason is in the finish.
        if choice != 0 {
            self.hold(choice, "finish_reason", reason, sink);
        }
        Ok(())
    }

    /// Whether a reason is known for every choice.
    pub(crate) fn has_reasons(&self) -> bool {
        !self.choices.is_empty() && self.choices.iter().all(|choice| choice.finish.is_some())
    }

    /// The format's terminal marker came.
    pub(crate) fn finish(&mut self, sink: &mut Sink<'_>) {
        if !self.ended {
            self.close(End::Marker, sink);
        }
    }

    pub(crate) fn fail(&mut self, error: ProviderError, sink: &mut Sink<'_>) {
        if !self.ended {
            self.close(End::Error, sink);
            sink(Event::Error(error));
        }
    }

    pub(crate) fn fail_with(&mut self, raw: Raw<'_>, sink: &mut Sink<'_>) {
        self.fail(error_body::read_error_field(raw), sink);
    }

    /// The body ended; `complete` where that, with what was said before, is the format's end.
    pub(crate) fn end(&mut self, complete: bool, sink: &mut Sink<'_>) -> Completion {
        if !self.ended {
            self.close(if complete { End::Marker } else { End::Cut }, sink);
            return if complete { Completion::Complete } else { Completion::Truncated };
        }
        Completion::Complete
    }

    fn close(&mut self, end: End, sink: &mut Sink<'_>) {
        self.ended = true;
        let mut first: Option<(u32, FinishReason, Option<String>)> = None;
        for choice in &mut self.choices {
            let raw = choice.finish.take();
            let called = !choice.calls.is_empty();
            let reason = match raw.as_deref().map(self.dialect.finish) {
                Some(FinishReason::Stop) if called => FinishReason::ToolCalls,
                Some(reason) => reason,
                None => FinishReason::Unknown,
            };
            let short = matches!(reason, FinishReason::Length | FinishReason::ContentFilter | FinishReason::Error);
            choice.calls.give_all(choice.index, end != End::Marker, short, sink);
            if first.as_ref().is_none_or(|(index, ..)| choice.index < *index) {
                first = Some((choice.index, reason, raw));
            }
        }
        while let Some(index) = self.extras.first_choice() {
            let members = self.extras.take(index);
            sink(metadata(index, members));
        }
        let usage = self.usage.take(0).into_text();
        if let Some(usage) = (self.dialect.usage)(Raw::known(&usage)) {
            sink(Event::Usage(usage));
        }
        if end == End::Marker {
            let (reason, raw) = first.map_or((FinishReason::Unknown, None), |(_, reason, raw)| (reason, raw));
            sink(Event::Finish { reason, raw: raw.map(Cow::Owned) });
        }
    }
}

/// What is said of a choice; `choice` stands in it where it is not the first.
pub(super) fn metadata(choice: u32, mut members: ObjectText) -> Event<'static> {
    if choice != 0 {
        members.put("choice", Raw::known(&choice.to_string()));
    }
    Event::Metadata(RawJson::object(members))
}

/// An object of one member.
pub(super) fn member(name: &str, value: Raw<'_>) -> ObjectText {
    let mut members = ObjectText::new();
    members.put(name, value);
    members
}

/// What a frame is wrong in where it is not even that.
pub(crate) const NOT_AN_OBJECT: Fault = Fault::Malformed("a JSON object");

/// What a frame's data begins with.
enum Item<'a> {
    /// `[DONE]`, with which many formats end.
    Done,
    /// An object begins here.
    Object(&'a str),
}

/// Goes through the values of a frame; there is one, save where a server forgot the blank line between two events.
/// `null` is no value. `each` returns what follows its object, or nothing to go no further.
fn each_item<'a>(text: &'a str, mut each: impl FnMut(Item<'a>) -> Result<Option<&'a str>, Fault>) -> Result<(), Fault> {
    let mut rest = text.trim_ascii();
    while !rest.is_empty() {
        if rest.starts_with("[DONE]") {
            return each(Item::Done).map(|_| ());
        }
        if rest.starts_with('{') {
            let Some(after) = each(Item::Object(rest))? else { return Ok(()) };
            rest = after;
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

/// A decoder of frames with objects in them, all of one [`Turn`].
pub(crate) trait Objects {
    /// Whether what an event named `error` holds is, where it is an object, one of the format's. Else it is the error.
    const HAVE_ERRORS: bool = true;

    fn turn(&self) -> &Turn;

    fn turn_mut(&mut self) -> &mut Turn;

    /// Reads the object that `text` begins with, of an event of that name; returns what follows it.
    fn object<'a>(&mut self, text: &'a str, name: &str, sink: &mut Sink<'_>) -> Result<&'a str, Fault>;

    /// The answer is over, by its own word where it is `whole`: gives what waited for more of it.
    fn settle(&mut self, _whole: bool, _sink: &mut Sink<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn is_ended(&self) -> bool {
        self.turn().ended
    }

    fn metadata(&mut self, json: RawJson, sink: &mut Sink<'_>) {
        self.turn_mut().metadata(json, sink);
    }

    /// Reads one frame.
    fn frame(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        if self.is_ended() || frame.is_heartbeat() {
            return Ok(());
        }
        self.objects(frame, sink)
    }

    /// Reads the objects of a frame.
    fn objects(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let text = frame.text();
        if frame.event == "error" && !(Self::HAVE_ERRORS && text.trim_ascii_start().starts_with('{')) {
            self.settle(false, sink)?;
            self.turn_mut().fail(read_error(&frame), sink);
            return Ok(());
        }
        each_item(&text, |item| match item {
            Item::Done => {
                self.settle(true, sink)?;
                self.turn_mut().finish(sink);
                Ok(None)
            }
            Item::Object(text) => {
                let rest = self.object(text, frame.event, sink)?;
                Ok((!self.is_ended()).then_some(rest))
            }
        })
    }
}

/// An `error` event whose data is no object of the format's: whatever it says is the error.
fn read_error(frame: &Frame<'_>) -> ProviderError {
    let text = frame.text();
    let quoted = quote(text.trim());
    Raw::parse(&text).or_else(|| Raw::parse(&quoted)).map(error_body::read_error_field).unwrap_or_default()
}
