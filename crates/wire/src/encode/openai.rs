//! `chat.completion.chunk`s, as OpenAI streams them, and `[DONE]`.
//!
//! The first chunk of each choice names the role, the last gives the finish reason, and a chunk without choices the
//! usage, where there was a report. Reasoning goes by `reasoning_content`, as with DeepSeek and many others; a signature
//! by `reasoning_details`, as with OpenRouter. Metadata stands where providers have it: at the top of a chunk, in the
//! choice where it belongs to one, in the delta where OpenAI has it there; what would be mistaken for something else goes
//! under `metadata`, and what is said again into the delta, where pieces are. A failure is a frame `{"error":…}`, without
//! `[DONE]`: that says that all went well.

use serde_json::{Map, Value};

use super::json::{self, Object};
use super::{Answer, Failure};
use crate::json::Raw;
use crate::{Event, FinishReason, Usage};

#[derive(Debug, Clone, Default)]
pub(super) struct OpenAi {
    /// What every chunk begins with, up to the number of its choice.
    head: String,
    choices: Vec<Choice>,
    /// Names that stood at the top of a chunk: what comes again would be taken for a later word on the same.
    said: Vec<String>,
}

#[derive(Debug, Clone)]
struct Choice {
    index: u32,
    /// Numbers of the calls that were begun.
    calls: Vec<u32>,
    /// The reason, where it was given apart from the answer's.
    finish: Option<String>,
}

/// Names at the top of a chunk that mean something, so that nobody else may use them.
const TAKEN: [&str; 16] = [
    "id",
    "object",
    "created",
    "model",
    "choices",
    "usage",
    "error",
    "metadata",
    "type",
    "response",
    "value",
    "tool_calls",
    "finish_reason",
    "stream_options",
    "obfuscation",
    "p",
];

/// Names in a choice that mean something.
const TAKEN_IN_CHOICE: [&str; 6] = ["index", "delta", "message", "text", "finish_reason", "usage"];

/// Names in a delta that mean something.
const TAKEN_IN_DELTA: [&str; 11] = [
    "role",
    "content",
    "reasoning_content",
    "reasoning",
    "thinking",
    "reasoning_text",
    "reasoning_details",
    "tool_calls",
    "function_call",
    "token_id",
    "channel",
];

/// As many names are told apart; what comes after them is taken as said before.
const MAX_SAID: usize = 64;

impl OpenAi {
    pub(super) fn open(&mut self, answer: &Answer, out: &mut String) {
        let head = &mut self.head;
        head.push_str("data: ");
        let mut chunk = Object::begin(head);
        chunk.string("id", &answer.id).string("object", "chat.completion.chunk");
        chunk.number("created", answer.began_ms / 1000).string("model", &answer.model);
        chunk.key("choices").push('[');
        self.choice(0, out);
    }

    /// Where the choice is in `choices`; begins it with a chunk of its own where it is new.
    #[inline]
    fn choice(&mut self, index: u32, out: &mut String) -> usize {
        match self.choices.iter().position(|choice| choice.index == index) {
            Some(at) => at,
            None => self.begin(index, out),
        }
    }

    #[cold]
    fn begin(&mut self, index: u32, out: &mut String) -> usize {
        self.choices.push(Choice { index, calls: Vec::new(), finish: None });
        self.delta(index, out, |delta| {
            delta.string("role", "assistant").string("content", "");
        });
        self.choices.len() - 1
    }

    /// A chunk with a delta.
    fn delta(&self, index: u32, out: &mut String, members: impl FnOnce(&mut Object<'_>)) {
        out.push_str(&self.head);
        let mut choice = Object::begin(out);
        choice.number("index", u64::from(index));
        let mut delta = Object::begin(choice.key("delta"));
        members(&mut delta);
        delta.end();
        out.push_str(",\"finish_reason\":null}]}\n\n");
    }

    /// A chunk without choices.
    fn chunk(&self, out: &mut String, members: impl FnOnce(&mut Object<'_>)) {
        out.push_str(&self.head);
        out.push(']');
        let mut chunk = Object::resume(out);
        members(&mut chunk);
        chunk.end();
        out.push_str("\n\n");
    }

    #[inline]
    pub(super) fn text(&mut self, choice: u32, text: &str, out: &mut String) {
        self.choice(choice, out);
        out.push_str(&self.head);
        out.push_str("{\"index\":");
        json::number(out, u64::from(choice));
        out.push_str(",\"delta\":{\"content\":");
        json::string(out, text);
        out.push_str("},\"finish_reason\":null}]}\n\n");
    }

    pub(super) fn event(&mut self, event: &Event<'_>, out: &mut String) {
        match event {
            Event::Reasoning { choice, text, signature } => {
                self.choice(*choice, out);
                self.delta(*choice, out, |delta| {
                    delta.filled("reasoning_content", text);
                    if let Some(signature) = signature {
                        let out = delta.key("reasoning_details");
                        out.push('[');
                        Object::begin(out).string("type", "reasoning.text").string("signature", signature).end();
                        out.push(']');
                    }
                });
            }
            Event::ToolCallDelta { choice, index, id, name, arguments } => {
                self.call(*choice, *index, id, name.as_deref(), arguments, out);
            }
            // Its deltas said it all; one that had none is said in one.
            Event::ToolCall(call) => {
                let at = self.choice(call.choice, out);
                if self.choices.get(at).is_some_and(|choice| !choice.calls.contains(&call.index)) {
                    self.call(call.choice, call.index, &call.id, Some(&call.name), &call.arguments, out);
                }
            }
            Event::Metadata(json) => {
                if let Value::Object(members) = json.to_value() {
                    self.metadata(&members, out);
                }
            }
            _ => {}
        }
    }

    fn call(&mut self, choice: u32, index: u32, id: &str, name: Option<&str>, arguments: &str, out: &mut String) {
        let at = self.choice(choice, out);
        let Some(known) = self.choices.get_mut(at) else { return };
        let begins = !known.calls.contains(&index);
        if begins {
            known.calls.push(index);
        }
        self.delta(choice, out, |delta| {
            let out = delta.key("tool_calls");
            out.push('[');
            let mut call = Object::begin(out);
            call.number("index", u64::from(index));
            if begins {
                call.string("id", id).string("type", "function");
            }
            let mut function = Object::begin(call.key("function"));
            if let Some(name) = name.or(begins.then_some("")) {
                function.string("name", name);
            }
            function.string("arguments", arguments).end();
            call.end();
            out.push(']');
        });
    }

    fn metadata(&mut self, members: &Map<String, Value>, out: &mut String) {
        let choice = members.get("choice").and_then(Value::as_u64).and_then(|choice| u32::try_from(choice).ok());
        let of = choice.filter(|choice| *choice != 0);
        let mut places = Places::default();
        let mut others = Map::new();
        for (name, value) in members {
            match (name.as_str(), of) {
                ("choice", Some(_)) => {}
                ("finish_reason", Some(index)) if value.is_string() => {
                    let at = self.choice(index, out);
                    if let Some(choice) = self.choices.get_mut(at) {
                        choice.finish = value.as_str().map(str::to_owned);
                    }
                }
                (name, _) if is_of_delta(name, value) => places.delta.push((name, value)),
                ("logprobs", _) => places.choice.push((name, value)),
                (name, Some(_)) if !TAKEN_IN_CHOICE.contains(&name) && !is_long(value) => {
                    places.choice.push((name, value));
                }
                (name, None) if is_free(name, value) && self.is_first(name) => places.top.push((name, value)),
                (name, _)
                    if (of.is_some() || is_free(name, value)) && !TAKEN_IN_DELTA.contains(&name) && is_long(value) =>
                {
                    places.delta.push((name, value));
                }
                _ => {
                    others.insert(name.clone(), value.clone());
                }
            }
        }
        let others = Value::Object(others);
        if others.as_object().is_some_and(|others| !others.is_empty()) {
            let first = of.is_none() && self.is_first("metadata");
            let place = if first { &mut places.top } else { &mut places.delta };
            place.push(("metadata", &others));
        }
        self.place(of.unwrap_or(0), places, out);
    }

    /// Whether nothing of that name stood at the top of a chunk before.
    fn is_first(&mut self, name: &str) -> bool {
        if self.said.len() == MAX_SAID || self.said.iter().any(|said| said == name) {
            return false;
        }
        self.said.push(name.to_owned());
        true
    }

    fn place(&mut self, index: u32, places: Places<'_>, out: &mut String) {
        let Places { top, choice, delta } = places;
        if !delta.is_empty() || !choice.is_empty() {
            self.choice(index, out);
            out.push_str(&self.head);
            let mut object = Object::begin(out);
            object.number("index", u64::from(index));
            let mut inner = Object::begin(object.key("delta"));
            for (name, value) in delta {
                let out = inner.any_key(name);
                if name == "reasoning_details" {
                    out.push('[');
                    json::value(out, value);
                    out.push(']');
                } else {
                    json::value(out, value);
                }
            }
            inner.end();
            for (name, value) in choice {
                json::value(object.any_key(name), value);
            }
            out.push_str(",\"finish_reason\":null}]}\n\n");
        }
        if !top.is_empty() {
            self.chunk(out, |chunk| {
                for (name, value) in top {
                    json::value(chunk.any_key(name), value);
                }
            });
        }
    }

    pub(super) fn finish(&mut self, answer: &Answer, out: &mut String) {
        let reason = match answer.reason {
            FinishReason::Stop => "stop",
            FinishReason::Length => "length",
            FinishReason::ToolCalls => "tool_calls",
            FinishReason::ContentFilter => "content_filter",
            FinishReason::Error => "error",
            FinishReason::Other => answer.raw_reason.as_deref().filter(|raw| !raw.is_empty()).unwrap_or("other"),
            FinishReason::Unknown => "",
        };
        for choice in &self.choices {
            let said = choice.finish.as_deref().or(Some(reason)).filter(|reason| !reason.is_empty());
            // A reader waits for a reason, whether the provider gave one or not.
            let likely = if choice.calls.is_empty() { "stop" } else { "tool_calls" };
            out.push_str(&self.head);
            Object::begin(out)
                .number("index", u64::from(choice.index))
                .raw("delta", "{}")
                .string("finish_reason", said.unwrap_or(likely))
                .end();
            out.push_str("]}\n\n");
        }
        if let Some(report) = &answer.usage {
            self.chunk(out, |chunk| usage(chunk, report));
        }
        out.push_str("data: [DONE]\n\n");
    }

    pub(super) fn fail(&mut self, answer: &Answer, failure: &Failure<'_>, out: &mut String) {
        if let Some(report) = &answer.usage {
            self.chunk(out, |chunk| usage(chunk, report));
        }
        out.push_str("data: ");
        let mut frame = Object::begin(out);
        let mut error = Object::begin(frame.key("error"));
        error.string("message", failure.message);
        for (name, text) in [("type", failure.kind), ("code", failure.code)] {
            if text.is_empty() {
                error.raw(name, "null");
            } else {
                error.string(name, text);
            }
        }
        error.raw("param", "null");
        error.count("status", failure.status.map(u64::from)).count("retry_after_ms", failure.retry_after_ms).end();
        frame.end();
        out.push_str("\n\n");
    }
}

/// Where in a chunk members of metadata stand.
#[derive(Debug, Default)]
struct Places<'v> {
    top: Vec<(&'v str, &'v Value)>,
    choice: Vec<(&'v str, &'v Value)>,
    delta: Vec<(&'v str, &'v Value)>,
}

/// Whether a value in a delta is a piece of something; of numbers and the like the last word counts.
fn is_long(value: &Value) -> bool {
    value.is_string() || value.is_array() || value.is_object()
}

/// Whether a member at the top of a chunk is nothing but metadata to its readers. Groq says failures and usage in one.
fn is_free(name: &str, value: &Value) -> bool {
    let of_groq = || !value["id"].is_null() && value["error"].is_null() && value["usage"].is_null();
    !TAKEN.contains(&name) && (name != "x_groq" || of_groq())
}

/// Whether OpenAI, or OpenRouter, says this in the delta.
fn is_of_delta(name: &str, value: &Value) -> bool {
    match name {
        "refusal" => value.is_string(),
        "annotations" => value.is_array(),
        "audio" => value.is_object(),
        // One of the details; where it has text or a signature, they were told as reasoning.
        "reasoning_details" => {
            !value["data"].is_null() && ["text", "summary", "signature"].iter().all(|told| value.get(told).is_none())
        }
        _ => false,
    }
}

/// The counts as OpenAI names them: the provider's own object where it is in these names.
fn usage(chunk: &mut Object<'_>, report: &Usage) {
    let out = chunk.key("usage");
    if let Some(raw) = report.raw.as_ref().map(|raw| Raw::known(raw.as_str())) {
        let counts = |name: &str| raw.field(name).and_then(Raw::as_count).is_some();
        if ["prompt_tokens", "completion_tokens", "total_tokens"].into_iter().all(counts) {
            json::text(out, raw.text());
            return;
        }
    }
    let (prompt, completion) = (report.prompt_tokens.unwrap_or(0), report.completion_tokens.unwrap_or(0));
    let mut counts = Object::begin(out);
    counts
        .number("prompt_tokens", prompt)
        .number("completion_tokens", completion)
        .number("total_tokens", report.total_tokens.unwrap_or(prompt.saturating_add(completion)));
    if report.cached_tokens.is_some() {
        Object::begin(counts.key("prompt_tokens_details")).count("cached_tokens", report.cached_tokens).end();
    }
    if report.reasoning_tokens.is_some() || report.audio_tokens.is_some() {
        Object::begin(counts.key("completion_tokens_details"))
            .count("reasoning_tokens", report.reasoning_tokens)
            .count("audio_tokens", report.audio_tokens)
            .end();
    }
    counts.end();
}
