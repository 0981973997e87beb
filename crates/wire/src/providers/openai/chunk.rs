//! One chunk, read in full: which field means what.

use std::borrow::Cow;

use super::{Fault, NOT_AN_OBJECT, OpenAiDecoder, Trace};
use crate::frame::Sink;
use crate::json::{Fields, Raw};
use crate::providers::error_body;
use crate::providers::tools::Delta;

/// The fields of a chunk that mean something to everybody.
#[derive(Debug, Clone, Default)]
struct Chunk<'a> {
    id: Option<Raw<'a>>,
    model: Option<Raw<'a>>,
    choices: Option<Raw<'a>>,
    usage: Option<Raw<'a>>,
    error: Option<Raw<'a>>,
    groq: Option<Raw<'a>>,
    object: Option<Raw<'a>>,
    /// Workers AI says these at the top.
    response: Option<Raw<'a>>,
    tool_calls: Option<Raw<'a>>,
    finish_reason: Option<Raw<'a>>,
    /// Writer's legacy completions.
    value: Option<Raw<'a>>,
    /// OpenAI says these two in every chunk.
    service_tier: Option<Raw<'a>>,
    system_fingerprint: Option<Raw<'a>>,
    /// There are fields beside these.
    others: bool,
    /// Fields that errors have and chunks don't.
    complaint: bool,
}

impl OpenAiDecoder {
    /// Reads the object that `text` begins with; returns what follows it. Nothing has happened where it is malformed.
    pub(super) fn object<'a>(
        &mut self,
        text: &'a str,
        is_error: bool,
        trace: &mut Trace<'a>,
        sink: &mut Sink<'_>,
    ) -> Result<&'a str, Fault> {
        let mut chunk = Chunk::default();
        let mut fields = Fields::of(text);
        for (key, value) in &mut fields {
            match &*key {
                "choices" => chunk.choices = Some(value),
                "id" => chunk.id = Some(value),
                "model" => chunk.model = Some(value),
                "usage" => chunk.usage = Some(value),
                "error" => chunk.error = Some(value),
                "x_groq" => chunk.groq = Some(value),
                "object" => chunk.object = Some(value),
                "response" => chunk.response = Some(value),
                "tool_calls" => chunk.tool_calls = Some(value),
                "finish_reason" => chunk.finish_reason = Some(value),
                "value" => chunk.value = Some(value),
                "service_tier" => chunk.service_tier = Some(value),
                "system_fingerprint" => chunk.system_fingerprint = Some(value),
                "obfuscation" | "p" => trace.ignore(value),
                "created" | "stream_options" | "type" => {}
                name => {
                    chunk.others |= !value.is_null();
                    chunk.complaint |= matches!(name, "message" | "detail" | "errors") && !value.is_void();
                }
            }
        }
        let rest = fields.rest().ok_or(NOT_AN_OBJECT)?;
        let whole = text.get(..text.len() - rest.len()).unwrap_or(text);
        self.chunk(&chunk, whole, is_error, trace, sink)?;
        Ok(rest)
    }

    fn chunk<'a>(
        &mut self,
        chunk: &Chunk<'a>,
        whole: &'a str,
        is_error: bool,
        trace: &mut Trace<'a>,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        let in_error_object = |kind: Raw<'_>| kind.inner() == Some("error");
        let says_nothing = chunk.choices.is_none() && chunk.response.is_none() && chunk.value.is_none();
        let of_groq = chunk.groq.and_then(|groq| groq.some("error"));
        let error = chunk.error.filter(|error| error.is_string() || error.is_object() || error.is_array()).or(of_groq);
        if is_error || chunk.object.is_some_and(in_error_object) || (says_nothing && chunk.complaint) {
            if let Some(raw) = Raw::parse(whole) {
                self.fail(error_body::read_error_field(raw), sink);
            }
            return Ok(());
        }
        let error = error.filter(|error| error.inner() != Some(""));

        if error.is_none() || !says_nothing {
            trace.events += self.start(chunk.id, chunk.model, sink);
        }
        for choice in chunk.choices.into_iter().flat_map(Raw::items) {
            self.read_choice(choice, trace, sink)?;
        }
        if let Some(value) = chunk.response.or(chunk.value).filter(|value| value.as_text().is_some()) {
            // Beside `choices`, Workers AI says the same twice.
            if chunk.choices.is_none_or(Raw::is_void) {
                self.endless |= chunk.value.is_some();
                let at = self.choice(0)?;
                self.text(at, value, trace, sink);
            } else {
                trace.ignore(value);
            }
        }
        if chunk.choices.is_none() {
            for call in chunk.tool_calls.into_iter().flat_map(Raw::items) {
                let at = self.choice(0)?;
                self.read_call(at, call, trace, sink)?;
            }
            if let Some(reason) = chunk.finish_reason.filter(|reason| !reason.is_null()) {
                let at = self.choice(0)?;
                self.finish_reason(at, reason, trace, sink);
            }
        }
        if let Some(usage) = chunk.usage {
            self.keep_usage(usage, trace);
        }
        for (key, value) in chunk.groq.into_iter().flat_map(Raw::fields) {
            match &*key {
                "usage" => self.keep_usage(value, trace),
                // An ID and a seed: in the first chunk, and again beside the usage.
                "id" | "seed" if chunk.groq.is_some_and(|groq| groq.some("usage").is_none()) => {
                    self.hold(0, "x_groq", chunk.groq.unwrap_or(value), trace, sink);
                }
                _ => {}
            }
        }
        for (name, value) in [("service_tier", chunk.service_tier), ("system_fingerprint", chunk.system_fingerprint)] {
            if let Some(value) = value {
                self.hold(0, name, value, trace, sink);
            }
        }
        if chunk.others {
            self.read_others(whole, trace, sink);
        }
        if let Some(error) = error {
            // A bare message has its code beside it.
            let whole = Raw::parse(whole).filter(|_| error.is_string());
            self.fail(error_body::read_error_field(whole.unwrap_or(error)), sink);
        }
        Ok(())
    }

    fn read_others<'a>(&mut self, whole: &'a str, trace: &mut Trace<'a>, sink: &mut Sink<'_>) {
        for (key, value) in Fields::of(whole) {
            match &*key {
                "choices" | "id" | "model" | "usage" | "error" | "x_groq" | "object" | "response" | "tool_calls"
                | "finish_reason" | "value" | "service_tier" | "system_fingerprint" | "obfuscation" | "p"
                | "created" | "stream_options" | "type" => {}
                name => self.hold(0, name, value, trace, sink),
            }
        }
    }

    fn read_choice<'a>(&mut self, raw: Raw<'a>, trace: &mut Trace<'a>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let mut index = 0;
        let (mut delta, mut message, mut text, mut finish, mut logprobs) = (None, None, None, None, None);
        let mut others = false;
        for (key, value) in raw.fields() {
            match &*key {
                "index" => index = value.as_count().and_then(|index| u32::try_from(index).ok()).unwrap_or(0),
                "delta" => delta = Some(value).filter(|value| value.is_object()),
                "message" => message = Some(value).filter(|value| value.is_object()),
                "text" => text = Some(value),
                "finish_reason" => finish = Some(value),
                "logprobs" => logprobs = Some(value),
                // Moonshot counts here.
                "usage" => self.keep_usage(value, trace),
                _ => others |= !value.is_null(),
            }
        }
        let at = self.choice(index)?;
        let delivered = self.choices.get(at).is_some_and(|choice| choice.delivered);
        let mut content = None;
        match (delta, message) {
            (Some(delta), message) => {
                content = self.read_delta(at, index, delta, trace, sink)?;
                // Perplexity and Writer send the whole message so far beside the delta.
                if let Some(copy) = message.and_then(|message| message.field("content")) {
                    trace.ignore(copy);
                }
            }
            (None, Some(message)) => {
                trace.lasting = true;
                if !delivered {
                    content = self.read_delta(at, index, message, trace, sink)?;
                }
            }
            (None, None) => {}
        }
        match text {
            // Together says it in `text` and in `delta` both.
            Some(text) if content.is_some_and(|content: Raw<'_>| !content.is_null()) => trace.ignore(text),
            Some(text) => self.text(at, text, trace, sink),
            None => {}
        }
        if let Some(logprobs) = logprobs {
            self.give(index, "logprobs", logprobs, trace, sink);
        }
        if others {
            for (key, value) in raw.fields() {
                match &*key {
                    "index" | "delta" | "message" | "text" | "finish_reason" | "logprobs" | "usage" => {}
                    name => self.hold(index, name, value, trace, sink),
                }
            }
        }
        if let Some(finish) = finish {
            self.finish_reason(at, finish, trace, sink);
        }
        Ok(())
    }

    /// Reads a delta, or a whole message, which has the same fields. Returns its `content`.
    fn read_delta<'a>(
        &mut self,
        at: usize,
        index: u32,
        delta: Raw<'a>,
        trace: &mut Trace<'a>,
        sink: &mut Sink<'_>,
    ) -> Result<Option<Raw<'a>>, Fault> {
        let (mut content, mut reasoning, mut details, mut calls, mut function) =
            (None, None::<Raw<'a>>, None, None, None);
        let mut others = false;
        for (key, value) in delta.fields() {
            match &*key {
                "role" => {}
                "content" => content = Some(value),
                "reasoning_content" | "reasoning" | "thinking" | "reasoning_text" => {
                    // Two of them at once say the same.
                    if value.inner().is_none_or(str::is_empty) {
                        others |= value.is_object() || value.is_array();
                    } else if reasoning.is_none() {
                        reasoning = Some(value);
                    } else {
                        trace.ignore(value);
                    }
                }
                "reasoning_details" => details = Some(value),
                "tool_calls" => calls = Some(value),
                "function_call" => function = Some(value),
                _ => others |= !value.is_null(),
            }
        }
        if let Some(reasoning) = reasoning {
            self.reasoning(at, reasoning, None, trace, sink);
        }
        for detail in details.into_iter().flat_map(Raw::items) {
            self.read_detail(at, index, detail, reasoning.is_some(), trace, sink);
        }
        if let Some(content) = content {
            self.read_content(at, index, content, trace, sink);
        }
        for call in calls.into_iter().flat_map(Raw::items) {
            self.read_call(at, call, trace, sink)?;
        }
        if let Some(function) = function.filter(|function| function.is_object()) {
            self.read_call(at, function, trace, sink)?;
        }
        if others {
            for (key, value) in delta.fields() {
                match &*key {
                    "role" | "content" | "reasoning_details" | "tool_calls" | "function_call" => {}
                    "reasoning_content" | "reasoning" | "thinking" | "reasoning_text" if value.is_string() => {}
                    // Together numbers its tokens, Groq names the channel of each.
                    "token_id" | "channel" => {}
                    name if value.is_string() || value.is_array() || value.is_object() => {
                        self.give(index, name, value, trace, sink);
                    }
                    name => self.hold(index, name, value, trace, sink),
                }
            }
        }
        Ok(content)
    }

    fn read_content<'a>(
        &mut self,
        at: usize,
        index: u32,
        content: Raw<'a>,
        trace: &mut Trace<'a>,
        sink: &mut Sink<'_>,
    ) {
        if !content.is_array() {
            self.text(at, content, trace, sink);
            return;
        }
        // Mistral's reasoning models send typed parts.
        for part in content.items() {
            let kind = part.field("type").and_then(Raw::as_str);
            match (kind.as_deref(), part.field("text"), part.field("thinking")) {
                (Some("text"), Some(text), _) => self.text(at, text, trace, sink),
                (Some("thinking" | "reasoning"), text, thinking) => {
                    let signature = part.some("signature").and_then(Raw::as_filled_str);
                    for piece in thinking.into_iter().flat_map(Raw::items) {
                        if let Some(text) = piece.field("text") {
                            self.reasoning(at, text, None, trace, sink);
                        }
                    }
                    if let Some(text) = thinking.filter(|thinking| thinking.is_string()).or(text) {
                        self.reasoning(at, text, None, trace, sink);
                    }
                    if signature.is_some() {
                        self.reasoning(at, part, signature, trace, sink);
                    }
                }
                _ if part.is_string() => self.text(at, part, trace, sink),
                _ => self.give(index, "content", part, trace, sink),
            }
        }
    }

    /// OpenRouter's reasoning in full: text, which most servers repeat in a plain field, a signature, or ciphertext.
    fn read_detail<'a>(
        &mut self,
        at: usize,
        index: u32,
        detail: Raw<'a>,
        repeated: bool,
        trace: &mut Trace<'a>,
        sink: &mut Sink<'_>,
    ) {
        let signature = detail.some("signature").and_then(Raw::as_filled_str);
        let text = detail.some("text").or_else(|| detail.some("summary")).filter(|text| text.is_string());
        match text {
            Some(text) if repeated => trace.ignore(text),
            Some(text) => self.reasoning(at, text, None, trace, sink),
            None => {}
        }
        if signature.is_some() {
            // An object reads as no text: only the signature goes out.
            self.reasoning(at, detail, signature, trace, sink);
        }
        if detail.some("data").is_some() {
            // The provider wants this part back as it was.
            self.give(index, "reasoning_details", detail, trace, sink);
        }
    }

    fn read_call<'a>(
        &mut self,
        at: usize,
        raw: Raw<'a>,
        trace: &mut Trace<'a>,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        let mut delta = Delta::default();
        let mut function = None;
        let mut arguments = None;
        for (key, value) in raw.fields() {
            match &*key {
                "index" => delta.wire_index = value.as_count(),
                "id" => delta.id = value.as_text(),
                "function" | "custom" => function = Some(value).filter(|value| value.is_object()).or(function),
                // Workers AI has these without a `function` around them.
                "name" => delta.name = value.as_str(),
                "arguments" | "input" => arguments = Some(value),
                _ => {}
            }
        }
        for (key, value) in function.into_iter().flat_map(Raw::fields) {
            match &*key {
                "name" => delta.name = value.as_str(),
                "arguments" | "input" => arguments = Some(value),
                _ => {}
            }
        }
        let arguments = arguments.filter(|arguments| !arguments.is_null());
        delta.arguments = match arguments {
            // Some servers send the arguments themselves instead of their text.
            Some(value) => value.as_str().unwrap_or(Cow::Borrowed(value.text())),
            None => Cow::Borrowed(""),
        };
        self.call(at, &delta, arguments.and_then(Raw::inner), trace, sink)
    }
}
