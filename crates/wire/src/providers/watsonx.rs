//! IBM watsonx.ai: `text/generation_stream`, and `text/chat_stream`, which speaks like OpenAI.
//!
//! What always holds: the first frame shows which of the two it is. An object of the first holds results; its counts are
//! running ones, 0 where they are not said again, so the largest stands. There is no terminal marker: an answer is
//! complete where its body ends after a reason.

use super::openai::OpenAiDecoder;
use super::turn::{Dialect, NOT_AN_OBJECT, Objects, Turn};
use super::usage::count;
use crate::frame::{Fault, Frame, Sink};
use crate::json::{Fields, Raw};
use crate::{Completion, FinishReason, RawJson, Usage};

static DIALECT: Dialect = Dialect { usage: read_usage, finish: normalise };

/// Reads the payloads of one answer.
#[derive(Debug, Clone)]
pub(crate) struct WatsonxDecoder {
    turn: Turn,
    chat: OpenAiDecoder,
    kind: Kind,
    input: u64,
    generated: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unknown,
    Chat,
    Generation,
}

impl Objects for WatsonxDecoder {
    const HAVE_ERRORS: bool = false;

    fn turn(&self) -> &Turn {
        &self.turn
    }

    fn turn_mut(&mut self) -> &mut Turn {
        &mut self.turn
    }

    fn settle(&mut self, _whole: bool, sink: &mut Sink<'_>) -> Result<(), Fault> {
        self.count(sink);
        Ok(())
    }

    fn is_ended(&self) -> bool {
        if self.kind == Kind::Chat { self.chat.is_ended() } else { self.turn.ended }
    }

    fn metadata(&mut self, json: RawJson, sink: &mut Sink<'_>) {
        if self.kind == Kind::Chat { self.chat.metadata(json, sink) } else { self.turn.metadata(json, sink) }
    }

    fn frame(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        if self.is_ended() || frame.is_heartbeat() {
            return Ok(());
        }
        if self.kind == Kind::Unknown {
            let text = frame.text();
            let first = Raw::first(text.trim_ascii_start()).map(|(raw, _)| raw).filter(|raw| raw.is_object());
            self.kind = match first {
                Some(first) if first.field("choices").is_some() => Kind::Chat,
                Some(first) if first.field("results").is_some() => Kind::Generation,
                _ => Kind::Unknown,
            };
        }
        if self.kind == Kind::Chat {
            return self.chat.frame(frame, sink);
        }
        self.objects(frame, sink)
    }

    fn object<'a>(&mut self, text: &'a str, _name: &str, sink: &mut Sink<'_>) -> Result<&'a str, Fault> {
        let (mut model, mut results, mut error, mut others) = (None, None, false, false);
        let mut fields = Fields::of(text);
        while let Some(key) = fields.key() {
            let Some(value) = fields.value() else { break };
            match &*key {
                "model_id" => model = Some(value),
                "results" => results = Some(value),
                "error" | "errors" => error |= !value.is_void(),
                "created_at" | "model_version" => {}
                _ => others |= !value.is_void(),
            }
        }
        let rest = fields.rest().ok_or(NOT_AN_OBJECT)?;
        let whole = text.get(..text.len() - rest.len()).unwrap_or(text);
        if error {
            self.count(sink);
            if let Some(raw) = Raw::parse(whole) {
                self.turn.fail_with(raw, sink);
            }
            return Ok(rest);
        }
        self.turn.start(None, model, sink);
        for result in results.into_iter().flat_map(Raw::items) {
            for (key, value) in result.fields() {
                match &*key {
                    "generated_text" => self.turn.text(0, value.as_text().unwrap_or_default(), sink),
                    "input_token_count" => self.input = self.input.max(value.as_count().unwrap_or(0)),
                    "generated_token_count" => self.generated = self.generated.max(value.as_count().unwrap_or(0)),
                    "stop_reason" if value.inner() != Some("not_finished") => {
                        self.turn.finish_reason(0, value, sink)?;
                    }
                    "stop_reason" => {}
                    name => self.turn.give(0, name, value, sink),
                }
            }
        }
        if others {
            for (key, value) in Fields::of(whole) {
                if !matches!(&*key, "model_id" | "results" | "error" | "errors" | "created_at" | "model_version") {
                    self.turn.hold(0, &key, value, sink);
                }
            }
        }
        Ok(rest)
    }
}

impl WatsonxDecoder {
    /// `max_held_bytes` caps the tool calls that are held until they are complete.
    pub(crate) fn new(max_held_bytes: usize) -> Self {
        Self {
            turn: Turn::new(&DIALECT, max_held_bytes),
            chat: OpenAiDecoder::new(max_held_bytes),
            kind: Kind::Unknown,
            input: 0,
            generated: 0,
        }
    }

    /// Takes the counts together, once, for the end.
    fn count(&mut self, sink: &mut Sink<'_>) {
        if self.input > 0 || self.generated > 0 {
            let counts =
                format!("{{\"input_token_count\":{},\"generated_token_count\":{}}}", self.input, self.generated);
            if let Some(raw) = Raw::parse(&counts) {
                self.turn.usage(raw, sink);
            }
        }
    }

    /// The body ended.
    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> Completion {
        if self.kind == Kind::Chat {
            return self.chat.end(sink);
        }
        if !self.turn.ended {
            self.count(sink);
        }
        let complete = self.turn.has_reasons();
        self.turn.end(complete, sink)
    }
}

fn normalise(raw: &str) -> FinishReason {
    match raw.to_ascii_lowercase().as_str() {
        "eos_token" | "stop_sequence" => FinishReason::Stop,
        "max_tokens" | "token_limit" | "time_limit" => FinishReason::Length,
        "error" => FinishReason::Error,
        _ => super::openai::normalise(raw, false),
    }
}

fn read_usage(raw: Raw<'_>) -> Option<Usage> {
    let members = raw.members();
    let prompt = count(&members, "input_token_count");
    let completion = count(&members, "generated_token_count");
    Some(Usage {
        prompt_tokens: prompt,
        completion_tokens: completion,
        total_tokens: prompt.zip(completion).map(|(prompt, completion)| prompt.saturating_add(completion)),
        ..super::usage::with_raw(raw)
    })
    .filter(|usage| usage.total_tokens.is_some())
}
