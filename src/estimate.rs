//! An answer's usage where the provider reports none: counted by the session while the text streams. Nothing of it exists
//! where nobody asked for it.
//!
//! What always holds: whatever the provider reports, however little, puts an end to the estimate; texts are counted as
//! `countTokens` in `lib/tokens.ts` counts them, requests as `estimateRequestTokens`.

use millstream_tokens::Counter;
use millstream_wire::{Event, Usage};
use serde::Deserialize;
use serde_json::Value;

use crate::mailbox::utf16_units;
use crate::tokens::Encoding;

/// What JavaScript asks for; `NativeEstimate` in `lib/native.ts`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NativeEstimate {
    /// Loaded before; empty: a token is four characters.
    encoding: String,
    /// How much the estimate is worth, from 0 to 1.
    confidence: f64,
}

/// Tokens of a request besides its texts: what a message is wrapped in.
const MESSAGE_OVERHEAD: u64 = 4;
/// UTF-16 units of a token, where nothing better is known.
const UNITS_OF_A_TOKEN: u64 = 4;

/// The usage of one session as far as it is known here.
pub(crate) struct Estimate {
    encoding: Option<Encoding>,
    confidence: f64,
    /// The canonical request's JSON; read once it is needed.
    request: String,
    /// The first alternative's text.
    text: Tally,
    reasoning: Option<Tally>,
    /// Tool calls, and the other alternatives.
    rest: Option<Tally>,
    /// What the provider reported: JavaScript may not have heard of it yet.
    reported: Option<Usage>,
}

/// A text being counted.
enum Tally {
    Tokens(Box<Counter>),
    Units(u64),
}

impl Tally {
    fn new(encoding: Option<&Encoding>) -> Self {
        encoding.map_or(Self::Units(0), |encoding| Self::Tokens(Box::new(encoding.counter())))
    }

    fn push(&mut self, text: &str) {
        match self {
            Self::Tokens(counter) => counter.push(text),
            Self::Units(units) => *units += u64::from(utf16_units(text)),
        }
    }

    fn count(&mut self) -> u64 {
        match self {
            Self::Tokens(counter) => counter.count(),
            Self::Units(units) => units.div_ceil(UNITS_OF_A_TOKEN),
        }
    }
}

impl Estimate {
    /// `None` where the encoding wasn't loaded.
    pub(crate) fn new(asked: &NativeEstimate, request: &str) -> Option<Self> {
        let encoding = match asked.encoding.as_str() {
            "" => None,
            name => Some(Encoding::loaded(name)?),
        };
        Some(Self {
            text: Tally::new(encoding.as_ref()),
            encoding,
            confidence: asked.confidence,
            request: request.to_owned(),
            reasoning: None,
            rest: None,
            reported: None,
        })
    }

    /// An event of the answer.
    pub(crate) fn hear(&mut self, event: &Event<'_>) {
        let Self { encoding, text, reasoning, rest, .. } = self;
        let new = || Tally::new(encoding.as_ref());
        match event {
            Event::Text { choice: 0, text: piece } => text.push(piece),
            Event::Text { text: piece, .. } => rest.get_or_insert_with(new).push(piece),
            Event::Reasoning { text: piece, .. } => reasoning.get_or_insert_with(new).push(piece),
            Event::ToolCall(call) => {
                let rest = rest.get_or_insert_with(new);
                rest.push(&call.name);
                rest.push(&call.arguments);
            }
            Event::Usage(usage) => self.reported = Some(merged(self.reported.take(), usage)),
            _ => {}
        }
    }

    /// The usage so far; `None` where the provider reported one. `text` replaces what was heard of it.
    pub(crate) fn usage(&mut self, text: Option<&str>) -> Option<Usage> {
        if self.reported.is_some() {
            return None;
        }
        let said = match text {
            Some(text) => self.count(text),
            None => self.text.count(),
        };
        let reasoning = self.reasoning.as_mut().map(Tally::count);
        let rest = self.rest.as_mut().map_or(0, Tally::count);
        let (prompt, completion) = (self.prompt(), said + reasoning.unwrap_or(0) + rest);
        Some(Usage {
            prompt_tokens: Some(prompt),
            completion_tokens: Some(completion),
            total_tokens: Some(prompt + completion),
            reasoning_tokens: reasoning,
            is_estimated: Some(true),
            confidence: Some(self.confidence),
            ..Usage::default()
        })
    }

    /// What is known of an answer that JavaScript ends: a report that is still on its way there, else the usage so far.
    pub(crate) fn usage_at_stop(&mut self, text: Option<&str>) -> Option<Usage> {
        self.reported.clone().or_else(|| self.usage_of_part(text))
    }

    /// The usage of an answer that broke off: `None` as well where nothing of it had come.
    pub(crate) fn usage_of_part(&mut self, text: Option<&str>) -> Option<Usage> {
        self.usage(text).filter(|usage| usage.completion_tokens > Some(0))
    }

    fn count(&self, text: &str) -> u64 {
        match &self.encoding {
            Some(encoding) => encoding.count(text),
            None => u64::from(utf16_units(text)).div_ceil(UNITS_OF_A_TOKEN),
        }
    }

    /// The tokens of the request: its texts, and a few for each message.
    fn prompt(&self) -> u64 {
        let Ok(request) = serde_json::from_str::<Value>(&self.request) else { return 0 };
        let text = |value: &Value| value.as_str().map_or(0, |text| self.count(text));
        let message = |message: &Value| {
            let content = match &message["content"] {
                Value::Array(parts) => parts.iter().map(|part| text(&part["text"])).sum(),
                content => text(content),
            };
            let calls = message["toolCalls"].as_array().into_iter().flatten();
            content + calls.map(|call| self.count(&call.to_string())).sum::<u64>() + MESSAGE_OVERHEAD
        };
        let messages = request["messages"].as_array().into_iter().flatten().map(message).sum::<u64>();
        let tools = request["tools"].as_array().into_iter().flatten().map(|tool| self.count(&tool.to_string()));
        messages + text(&request["systemPrompt"]) + tools.sum::<u64>()
    }
}

/// Reports of one answer replace each other count by count.
fn merged(before: Option<Usage>, now: &Usage) -> Usage {
    let Some(before) = before else { return now.clone() };
    let prompt_tokens = now.prompt_tokens.or(before.prompt_tokens);
    let completion_tokens = now.completion_tokens.or(before.completion_tokens);
    // A total of before is out of date once a part of it changed.
    let sum = prompt_tokens.zip(completion_tokens).map(|(prompt, completion)| prompt.saturating_add(completion));
    Usage {
        prompt_tokens,
        completion_tokens,
        total_tokens: now.total_tokens.or(sum).or(before.total_tokens),
        cached_tokens: now.cached_tokens.or(before.cached_tokens),
        reasoning_tokens: now.reasoning_tokens.or(before.reasoning_tokens),
        audio_tokens: now.audio_tokens.or(before.audio_tokens),
        is_estimated: now.is_estimated,
        confidence: now.confidence,
        raw: now.raw.clone().or(before.raw),
    }
}
