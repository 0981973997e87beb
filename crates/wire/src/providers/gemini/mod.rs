//! Gemini's `streamGenerateContent`, from Google AI and Vertex, as events or as one JSON array.
//!
//! A frame is a `GenerateContentResponse`: candidates with parts. Parts that are text, thoughts and function calls have
//! events of their own; a thought signature comes out as that of a reasoning, just before what it stands beside. Other
//! parts, citations and grounding come out as metadata under their names.
//!
//! What always holds: there is no terminal marker, so an answer is complete where its body ends after a finish reason of
//! every candidate, or after the prompt was blocked. Calls come whole, or in values at paths, which are put together.
//! Field names: ai.google.dev, "GenerateContentResponse".

mod partial;

use std::borrow::Cow;

use self::partial::Partial;
use super::turn::{Dialect, NOT_AN_OBJECT, Objects, Turn};
use super::usage::count;
use crate::frame::{Fault, Sink};
use crate::json::{Fields, Raw};
use crate::{Completion, FinishReason, Usage};

static DIALECT: Dialect = Dialect { usage: read_usage, finish: normalise };

/// Reads the payloads of one answer.
#[derive(Debug, Clone)]
pub(crate) struct GeminiDecoder {
    turn: Turn,
    /// A call whose arguments come in values at paths: its candidate, its position there.
    partial: Option<(u32, usize, Partial)>,
}

impl Objects for GeminiDecoder {
    fn turn(&self) -> &Turn {
        &self.turn
    }

    fn turn_mut(&mut self) -> &mut Turn {
        &mut self.turn
    }

    fn settle(&mut self, whole: bool, sink: &mut Sink<'_>) -> Result<(), Fault> {
        self.close_partial(whole, sink)
    }

    fn object<'a>(&mut self, text: &'a str, name: &str, sink: &mut Sink<'_>) -> Result<&'a str, Fault> {
        let (mut id, mut model, mut candidates, mut usage, mut feedback, mut error) =
            (None, None, None, None, None, None);
        let mut others = false;
        let mut fields = Fields::of(text);
        while let Some(key) = fields.key() {
            let Some(value) = fields.value() else { break };
            match &*key {
                "responseId" => id = Some(value),
                "modelVersion" => model = Some(value),
                "candidates" => candidates = Some(value),
                "usageMetadata" => usage = Some(value),
                "promptFeedback" => feedback = Some(value),
                "error" => error = Some(value).filter(|error| !error.is_void()),
                "createTime" => {}
                _ => others |= !value.is_void(),
            }
        }
        let rest = fields.rest().ok_or(NOT_AN_OBJECT)?;
        let whole = text.get(..text.len() - rest.len()).unwrap_or(text);
        self.turn.start(id, model, sink);
        if let Some(usage) = usage {
            self.turn.usage(usage, sink);
        }
        if name == "error" || error.is_some() {
            self.close_partial(false, sink)?;
            if let Some(raw) = Raw::parse(whole) {
                self.turn.fail_with(raw, sink);
            }
            return Ok(rest);
        }
        for candidate in candidates.into_iter().flat_map(Raw::items).filter(|candidate| candidate.is_object()) {
            self.candidate(candidate, sink)?;
        }
        if let Some(feedback) = feedback.filter(|feedback| feedback.is_object()) {
            self.turn.hold(0, "promptFeedback", feedback, sink);
            if let Some(reason) = feedback.some("blockReason") {
                self.turn.finish_reason(0, reason, sink)?;
            }
        }
        if others {
            for (key, value) in Fields::of(whole) {
                if !matches!(
                    &*key,
                    "responseId"
                        | "modelVersion"
                        | "candidates"
                        | "usageMetadata"
                        | "promptFeedback"
                        | "error"
                        | "createTime"
                ) {
                    self.turn.hold(0, &key, value, sink);
                }
            }
        }
        Ok(rest)
    }
}

impl GeminiDecoder {
    /// `max_held_bytes` caps the tool calls that are held until they are complete.
    pub(crate) fn new(max_held_bytes: usize) -> Self {
        Self { turn: Turn::new(&DIALECT, max_held_bytes), partial: None }
    }

    fn candidate(&mut self, candidate: Raw<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let (mut index, mut content, mut finish) = (0, None, None);
        let mut others = false;
        for (key, value) in candidate.fields() {
            match &*key {
                "index" => index = value.as_count().and_then(|index| u32::try_from(index).ok()).unwrap_or(0),
                "content" => content = Some(value),
                "finishReason" => finish = Some(value),
                _ => others |= !value.is_void(),
            }
        }
        let parts = content.and_then(|content| content.field("parts"));
        for part in parts.into_iter().flat_map(Raw::items) {
            self.part(index, part, sink)?;
        }
        if others {
            for (key, value) in candidate.fields() {
                match &*key {
                    "index" | "content" | "finishReason" => {}
                    // Said again and again.
                    "safetyRatings" | "tokenCount" | "avgLogprobs" | "finishMessage" => {
                        self.turn.hold(index, &key, value, sink);
                    }
                    name => self.turn.give(index, name, value, sink),
                }
            }
        }
        if let Some(finish) = finish {
            self.turn.finish_reason(index, finish, sink)?;
        }
        Ok(())
    }

    fn part(&mut self, choice: u32, part: Raw<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let (mut text, mut thought, mut signature, mut call) = (None, false, None, None);
        let mut others = false;
        for (key, value) in part.fields() {
            match &*key {
                "text" => text = value.as_text(),
                "thought" => thought = value.is_true(),
                "thoughtSignature" => signature = value.as_filled_str(),
                "functionCall" => call = Some(value).filter(|call| call.is_object()),
                _ => others |= !value.is_void(),
            }
        }
        let text = text.unwrap_or_default();
        if thought {
            self.turn.reasoning(choice, text, signature, sink);
        } else {
            self.turn.reasoning(choice, Cow::Borrowed(""), signature, sink);
            self.turn.text(choice, text, sink);
        }
        if let Some(call) = call {
            self.call(choice, call, sink)?;
        }
        if others {
            for (key, value) in part.fields() {
                if !matches!(&*key, "text" | "thought" | "thoughtSignature" | "functionCall") {
                    self.turn.give(choice, &key, value, sink);
                }
            }
        }
        Ok(())
    }

    fn call(&mut self, choice: u32, call: Raw<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let (mut id, mut name, mut arguments, mut pieces, mut goes_on) = (None, None, None, None, false);
        for (key, value) in call.fields() {
            match &*key {
                "id" => id = value.as_filled_str(),
                "name" => name = value.as_filled_str(),
                "args" => arguments = Some(value).filter(|value| !value.is_null()),
                "partialArgs" => pieces = Some(value),
                "willContinue" => goes_on = value.is_true(),
                _ => {}
            }
        }
        if let Some(name) = &name {
            self.close_partial(false, sink)?;
            let (calls, budget) = self.turn.calls(choice)?;
            let at = calls.begin(choice, id.as_deref(), name, budget, sink)?;
            if goes_on || pieces.is_some() {
                self.partial = Some((choice, at, Partial::default()));
            } else {
                let arguments = arguments.map_or("{}", Raw::text);
                calls.append_text(choice, at, arguments, budget, sink)?;
                calls.give_complete(choice, sink);
            }
        }
        match (&mut self.partial, pieces) {
            (Some((.., partial)), pieces) => {
                for piece in pieces.into_iter().flat_map(Raw::items) {
                    partial.take(piece, &mut self.turn.budget)?;
                }
                if !goes_on {
                    self.close_partial(true, sink)?;
                }
            }
            // Pieces of nothing.
            (None, Some(_)) => self.turn.give(choice, "functionCall", call, sink),
            (None, None) => {}
        }
        Ok(())
    }

    /// The call that comes in pieces is over; `whole` where its end was said.
    fn close_partial(&mut self, whole: bool, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let Some((choice, at, partial)) = self.partial.take() else { return Ok(()) };
        let mut text = partial.into_text();
        if !whole {
            // What could be read as complete is not.
            text.pop();
        }
        let (calls, budget) = self.turn.calls(choice)?;
        calls.append_text(choice, at, &text, budget, sink)?;
        if whole {
            calls.give_complete(choice, sink);
        }
        Ok(())
    }

    /// The body ended.
    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> Completion {
        let complete = self.turn.has_reasons();
        if !self.turn.ended && self.close_partial(false, sink).is_err() {
            self.partial = None;
        }
        self.turn.end(complete, sink)
    }
}

fn normalise(raw: &str) -> FinishReason {
    match raw {
        "STOP" => FinishReason::Stop,
        "MAX_TOKENS" => FinishReason::Length,
        "SAFETY"
        | "RECITATION"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION"
        | "MODEL_ARMOR"
        | "JAILBREAK" => FinishReason::ContentFilter,
        "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" | "TOO_MANY_TOOL_CALLS" | "MALFORMED_RESPONSE" => {
            FinishReason::Error
        }
        "FINISH_REASON_UNSPECIFIED" => FinishReason::Unknown,
        _ => super::openai::normalise(raw, false),
    }
}

/// Thoughts are counted apart from the candidates; the answer is both.
fn read_usage(raw: Raw<'_>) -> Option<Usage> {
    let members = raw.members();
    let prompt = count(&members, "promptTokenCount");
    let thoughts = count(&members, "thoughtsTokenCount");
    let completion = match (count(&members, "candidatesTokenCount"), thoughts) {
        (None, None) => None,
        (text, thoughts) => Some(text.unwrap_or(0).saturating_add(thoughts.unwrap_or(0))),
    };
    let total = count(&members, "totalTokenCount");
    prompt.or(completion).or(total)?;
    Some(Usage {
        prompt_tokens: prompt,
        completion_tokens: completion,
        total_tokens: total.or_else(|| Some(prompt?.saturating_add(completion?))),
        cached_tokens: count(&members, "cachedContentTokenCount"),
        reasoning_tokens: thoughts,
        ..super::usage::with_raw(raw)
    })
}
