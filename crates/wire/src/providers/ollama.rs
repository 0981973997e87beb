//! Ollama's own `chat` and `generate`: one object a line, the last with `done: true`.
//!
//! A call comes whole, its arguments as a value; an error is an object with nothing but that, and the end. The counts of
//! the last object are its usage, durations in nanoseconds among them. Field names: `docs/api.md` of ollama/ollama.

use super::turn::{Dialect, NOT_AN_OBJECT, Objects, Turn};
use super::usage::count;
use crate::frame::{Fault, Sink};
use crate::json::{Fields, Raw};
use crate::{Completion, FinishReason, Usage};

static DIALECT: Dialect = Dialect { usage: read_usage, finish: normalise };

/// Reads the payloads of one answer.
#[derive(Debug, Clone)]
pub(crate) struct OllamaDecoder {
    turn: Turn,
}

impl Objects for OllamaDecoder {
    const HAVE_ERRORS: bool = false;

    fn turn(&self) -> &Turn {
        &self.turn
    }

    fn turn_mut(&mut self) -> &mut Turn {
        &mut self.turn
    }

    fn object<'a>(&mut self, text: &'a str, _name: &str, sink: &mut Sink<'_>) -> Result<&'a str, Fault> {
        let (mut model, mut message, mut response, mut thinking) = (None, None, None, None);
        let (mut done, mut reason, mut error, mut others) = (false, None, None, false);
        let mut fields = Fields::of(text);
        while let Some(key) = fields.key() {
            let Some(value) = fields.value() else { break };
            match &*key {
                "model" => model = Some(value),
                "message" => message = Some(value).filter(|message| message.is_object()),
                "response" => response = Some(value),
                "thinking" => thinking = Some(value),
                "done" => done = value.is_true(),
                "done_reason" => reason = Some(value),
                "error" => error = Some(value).filter(|error| !error.is_void()),
                "created_at" => {}
                _ => others |= !value.is_void(),
            }
        }
        let rest = fields.rest().ok_or(NOT_AN_OBJECT)?;
        let whole = text.get(..text.len() - rest.len()).unwrap_or(text);
        if error.is_some() {
            if let Some(raw) = Raw::parse(whole) {
                self.turn.fail_with(raw, sink);
            }
            return Ok(rest);
        }
        self.turn.start(None, model, sink);
        let text_of = |value: Option<Raw<'a>>| value.and_then(Raw::as_text).unwrap_or_default();
        self.turn.reasoning(0, text_of(thinking), None, sink);
        self.turn.text(0, text_of(response), sink);
        for (key, value) in message.into_iter().flat_map(Raw::fields) {
            match &*key {
                "role" => {}
                "thinking" => self.turn.reasoning(0, text_of(Some(value)), None, sink),
                "content" => self.turn.text(0, text_of(Some(value)), sink),
                "tool_calls" => {
                    for call in value.items() {
                        self.call(call, sink)?;
                    }
                }
                name => self.turn.give(0, name, value, sink),
            }
        }
        if others {
            for (key, value) in Fields::of(whole) {
                match &*key {
                    "model" | "message" | "response" | "thinking" | "done" | "done_reason" | "error" | "created_at" => {
                    }
                    name if is_count(name) => {}
                    name => self.turn.hold(0, name, value, sink),
                }
            }
        }
        if done {
            if let Some(raw) = Raw::parse(whole) {
                self.turn.usage_where(raw, is_count, sink);
            }
            if let Some(reason) = reason {
                self.turn.finish_reason(0, reason, sink)?;
            }
            self.turn.finish(sink);
        }
        Ok(rest)
    }
}

impl OllamaDecoder {
    /// `max_held_bytes` caps the tool calls that are held until they are complete.
    pub(crate) fn new(max_held_bytes: usize) -> Self {
        Self { turn: Turn::new(&DIALECT, max_held_bytes) }
    }

    fn call(&mut self, call: Raw<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let function = call.some("function").unwrap_or(call);
        let name = function.field("name").and_then(Raw::as_str).unwrap_or_default();
        let id = call.field("id").and_then(Raw::as_text);
        let (calls, budget) = self.turn.calls(0)?;
        let at = calls.begin(0, id.as_deref(), &name, budget, sink)?;
        match function.some("arguments") {
            Some(value) if value.is_string() => calls.append(0, at, value.inner().unwrap_or_default(), budget, sink)?,
            Some(value) => calls.append_text(0, at, value.text(), budget, sink)?,
            None => calls.append_text(0, at, "{}", budget, sink)?,
        }
        calls.give_complete(0, sink);
        Ok(())
    }

    /// The body ended.
    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> Completion {
        self.turn.end(false, sink)
    }
}

/// Counts and durations, all of which stand in the last object.
fn is_count(name: &str) -> bool {
    name.ends_with("_count") || name.ends_with("_duration")
}

fn normalise(raw: &str) -> FinishReason {
    super::openai::normalise(raw, false)
}

fn read_usage(raw: Raw<'_>) -> Option<Usage> {
    let members = raw.members();
    // The first is left out where the prompt was read from the cache.
    let prompt = count(&members, "prompt_eval_count");
    let completion = count(&members, "eval_count");
    prompt.or(completion)?;
    Some(Usage {
        prompt_tokens: prompt,
        completion_tokens: completion,
        total_tokens: prompt.zip(completion).map(|(prompt, completion)| prompt.saturating_add(completion)),
        ..super::usage::with_raw(raw)
    })
}
