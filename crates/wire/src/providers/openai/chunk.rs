//! One chunk, read in full: which field means what.

use std::borrow::Cow;

use super::{Fault, NOT_AN_OBJECT, OpenAiDecoder, Trace};
use crate::frame::Sink;
use crate::json::{Fields, Raw};
use crate::providers::error_body;
use crate::providers::tools::Delta;

/// The fields of a chunk that mean something to everybody.
#[derive(Debug, Default)]
struct Chunk<'a> {
    id: Option<Raw<'a>>,
    model: Option<Raw<'a>>,
    choices: Choices<'a>,
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

/// The choices of a chunk. One is the rule, and is taken apart on the way, so that nothing is walked over twice.
#[derive(Debug, Default)]
#[expect(
    clippy::large_enum_variant,
    reason = "it lives on the stack for one chunk; a box would cost more than it saves"
)]
enum Choices<'a> {
    #[default]
    None,
    Null,
    One(ChoiceFields<'a>),
    Many(Raw<'a>),
}

impl Choices<'_> {
    fn is_absent(&self) -> bool {
        matches!(self, Self::None)
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Many(choices) if choices.is_void())
    }
}

/// What the chunks of a stream have in common before their choices: two thirds of each. Where it is known to the byte,
/// it is not read again.
///
/// Why nothing is missed by that. It holds nothing but names of the answer, which count once, and what is held for the
/// whole stream, which is held already: a chunk read in full that begins otherwise takes its place, and chunks that hold
/// something beside their content are read in full.
#[derive(Debug, Clone, Default)]
pub(super) struct Head(String);

/// A head longer than this is read again and again.
const MAX_HEAD: usize = 1024;

/// The head of a chunk that is being read.
struct Seen<'a> {
    length: usize,
    service_tier: Option<Raw<'a>>,
    system_fingerprint: Option<Raw<'a>>,
}

impl<'a> Seen<'a> {
    /// The head that ends before the value of `choices`, if there is nothing else in it.
    fn of(chunk: &Chunk<'a>, trace: &Trace<'a>, length: usize) -> Option<Self> {
        let silent = [chunk.error, chunk.groq, chunk.response, chunk.tool_calls, chunk.finish_reason, chunk.value];
        let plain = silent.iter().all(Option::is_none)
            && chunk.choices.is_absent()
            && chunk.usage.is_none_or(Raw::is_null)
            && chunk.object.is_none_or(|kind| kind.inner() != Some("error"))
            && trace.ignored.iter().all(Option::is_none)
            && !chunk.others;
        let Chunk { service_tier, system_fingerprint, .. } = *chunk;
        (plain && length <= MAX_HEAD).then_some(Self { length, service_tier, system_fingerprint })
    }

    /// Whether nothing that the head holds came again behind it.
    fn is_all_of(&self, chunk: &Chunk<'a>) -> bool {
        self.service_tier == chunk.service_tier && self.system_fingerprint == chunk.system_fingerprint
    }
}

impl Head {
    /// Goes past the head of `text`, and takes its choices, where it is the one that is known.
    fn skip<'a>(&self, text: &'a str, chunk: &mut Chunk<'a>, fields: &mut Fields<'a>) -> Option<Seen<'a>> {
        if self.0.is_empty() || !text.starts_with(&self.0) {
            return None;
        }
        let mut behind = Fields::at_value(text, self.0.len());
        chunk.take_choices(&mut behind);
        if let Choices::One(choice) = &chunk.choices
            && !choice.others
            && choice.delta.as_ref().is_none_or(|delta| !delta.others)
        {
            *fields = behind;
            return Some(Seen { length: self.0.len(), service_tier: None, system_fingerprint: None });
        }
        chunk.choices = Choices::None;
        None
    }

    fn keep(&mut self, text: &str, seen: Option<Seen<'_>>) {
        let length = seen.map_or(0, |seen| seen.length);
        if length != self.0.len() || !text.starts_with(&self.0) {
            self.0.clear();
            self.0.push_str(text.get(..length).unwrap_or_default());
        }
    }
}

impl<'a> Chunk<'a> {
    fn take_choices(&mut self, fields: &mut Fields<'a>) {
        let inside = fields.inside();
        let one = inside.strip_prefix('[').and_then(|first| {
            let (choice, rest) = ChoiceFields::gather(first)?;
            Some((choice, rest.trim_ascii_start().strip_prefix(']')?))
        });
        if let Some((choice, rest)) = one {
            fields.resume(rest);
            self.choices = Choices::One(choice);
        } else if let Some(choices) = fields.value() {
            self.choices = if choices.is_array() { Choices::Many(choices) } else { Choices::Null };
        }
    }
}

/// The fields of a choice.
#[derive(Debug)]
struct ChoiceFields<'a> {
    whole: &'a str,
    index: u32,
    delta: Option<DeltaFields<'a>>,
    message: Option<Raw<'a>>,
    /// Of legacy completions.
    text: Option<Raw<'a>>,
    finish: Option<Raw<'a>>,
    logprobs: Option<Raw<'a>>,
    /// Moonshot counts here.
    usage: Option<Raw<'a>>,
    others: bool,
}

impl<'a> ChoiceFields<'a> {
    /// The choice that `text` begins with, and what follows it.
    fn gather(text: &'a str) -> Option<(Self, &'a str)> {
        let mut choice = Self {
            whole: text,
            index: 0,
            delta: None,
            message: None,
            text: None,
            finish: None,
            logprobs: None,
            usage: None,
            others: false,
        };
        let mut fields = Fields::of(text);
        while let Some(key) = fields.key() {
            if key == "delta" && fields.inside().starts_with('{') {
                let (delta, rest) = DeltaFields::gather(fields.inside())?;
                choice.delta = Some(delta);
                fields.resume(rest);
                continue;
            }
            let value = fields.value()?;
            match &*key {
                "index" => choice.index = value.as_count().and_then(|index| u32::try_from(index).ok()).unwrap_or(0),
                "delta" => choice.delta = None,
                "message" => choice.message = Some(value).filter(|value| value.is_object()),
                "text" => choice.text = Some(value),
                "finish_reason" => choice.finish = Some(value),
                "logprobs" => choice.logprobs = Some(value),
                "usage" => choice.usage = Some(value),
                _ => choice.others |= !value.is_null(),
            }
        }
        let rest = fields.rest()?;
        Some((choice, rest))
    }
}

/// The fields of a delta or a message.
#[derive(Debug)]
struct DeltaFields<'a> {
    whole: &'a str,
    content: Option<Raw<'a>>,
    reasoning: Option<Raw<'a>>,
    /// The same under a second name.
    reasoning_again: Option<Raw<'a>>,
    details: Option<Raw<'a>>,
    calls: Option<Raw<'a>>,
    function: Option<Raw<'a>>,
    others: bool,
}

impl<'a> DeltaFields<'a> {
    /// The delta that `text` begins with, and what follows it.
    fn gather(text: &'a str) -> Option<(Self, &'a str)> {
        let mut delta = Self {
            whole: text,
            content: None,
            reasoning: None,
            reasoning_again: None,
            details: None,
            calls: None,
            function: None,
            others: false,
        };
        let mut fields = Fields::of(text);
        while let Some(key) = fields.key() {
            let value = fields.value()?;
            match &*key {
                "role" => {}
                "content" => delta.content = Some(value),
                "reasoning_content" | "reasoning" | "thinking" | "reasoning_text" => {
                    if value.inner().is_none_or(str::is_empty) {
                        delta.others |= value.is_object() || value.is_array();
                    } else if delta.reasoning.is_none() {
                        delta.reasoning = Some(value);
                    } else {
                        delta.reasoning_again = Some(value);
                    }
                }
                "reasoning_details" => delta.details = Some(value),
                "tool_calls" => delta.calls = Some(value),
                "function_call" => delta.function = Some(value),
                _ => delta.others |= !value.is_null(),
            }
        }
        let rest = fields.rest()?;
        Some((delta, rest))
    }
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
        let mut head = self.head.skip(text, &mut chunk, &mut fields);
        while let Some(key) = fields.key() {
            if key == "choices" {
                head = Seen::of(&chunk, trace, text.len() - fields.inside().len());
                chunk.take_choices(&mut fields);
                continue;
            }
            let Some(value) = fields.value() else { break };
            match &*key {
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
                    chunk.complaint |= match name {
                        // Whole messages stand there in other formats, of Anthropic and Ollama.
                        "message" if value.is_object() => error_body::read(value).is_some(),
                        "message" | "detail" | "errors" => !value.is_void(),
                        _ => false,
                    };
                }
            }
        }
        let rest = fields.rest().ok_or(NOT_AN_OBJECT)?;
        let whole = text.get(..text.len() - rest.len()).unwrap_or(text);
        self.chunk(&chunk, whole, is_error, trace, sink)?;
        let held = |name, value: Option<Raw<'_>>| value.is_none_or(|value| self.extras.says(name, value));
        let lasts = self.compare
            && self.started
            && held("service_tier", chunk.service_tier)
            && held("system_fingerprint", chunk.system_fingerprint);
        self.head.keep(text, head.filter(|head| lasts && head.is_all_of(&chunk)));
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
        let says_nothing = chunk.choices.is_absent() && chunk.response.is_none() && chunk.value.is_none();
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
        match &chunk.choices {
            Choices::One(choice) => self.apply_choice(choice, trace, sink)?,
            Choices::Many(choices) => self.read_choices(*choices, trace, sink)?,
            Choices::None | Choices::Null => {}
        }
        if let Some(value) = chunk.response.or(chunk.value).filter(|value| value.as_text().is_some()) {
            // Beside `choices`, Workers AI says the same twice.
            if matches!(chunk.choices, Choices::None | Choices::Null) || chunk.choices.is_empty() {
                self.endless |= chunk.value.is_some();
                let at = self.choice(0)?;
                self.text(at, value, trace, sink);
            } else {
                trace.ignore(value);
            }
        }
        if chunk.choices.is_absent() {
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

    fn read_choices<'a>(&mut self, choices: Raw<'a>, trace: &mut Trace<'a>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        for choice in choices.items() {
            if let Some((fields, _)) = ChoiceFields::gather(choice.text()) {
                self.apply_choice(&fields, trace, sink)?;
            }
        }
        Ok(())
    }

    fn apply_choice<'a>(
        &mut self,
        choice: &ChoiceFields<'a>,
        trace: &mut Trace<'a>,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        let index = choice.index;
        if let Some(usage) = choice.usage {
            self.keep_usage(usage, trace);
        }
        let at = self.choice(index)?;
        let delivered = self.choices.get(at).is_some_and(|choice| choice.delivered);
        let mut content = None;
        if let Some(delta) = &choice.delta {
            content = delta.content;
            self.apply_delta(at, index, delta, trace, sink)?;
            // Perplexity and Writer send the whole message so far beside the delta.
            if let Some(copy) = choice.message.and_then(|message| message.field("content")) {
                trace.ignore(copy);
            }
        } else if let Some(message) = choice.message {
            trace.lasting = true;
            if let (false, Some((fields, _))) = (delivered, DeltaFields::gather(message.text())) {
                content = fields.content;
                self.apply_delta(at, index, &fields, trace, sink)?;
            }
        }
        match choice.text {
            // Together says it in `text` and in `delta` both.
            Some(text) if content.is_some_and(|content: Raw<'_>| !content.is_null()) => trace.ignore(text),
            Some(text) => self.text(at, text, trace, sink),
            None => {}
        }
        if let Some(logprobs) = choice.logprobs {
            self.give(index, "logprobs", logprobs, trace, sink);
        }
        if choice.others {
            for (key, value) in Fields::of(choice.whole) {
                match &*key {
                    "index" | "delta" | "message" | "text" | "finish_reason" | "logprobs" | "usage" => {}
                    name => self.hold(index, name, value, trace, sink),
                }
            }
        }
        if let Some(finish) = choice.finish {
            self.finish_reason(at, finish, trace, sink);
        }
        Ok(())
    }

    /// Applies a delta, or a whole message, which has the same fields.
    fn apply_delta<'a>(
        &mut self,
        at: usize,
        index: u32,
        delta: &DeltaFields<'a>,
        trace: &mut Trace<'a>,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        if let Some(reasoning) = delta.reasoning {
            self.reasoning(at, reasoning, None, trace, sink);
        }
        if let Some(again) = delta.reasoning_again {
            trace.ignore(again);
        }
        for detail in delta.details.into_iter().flat_map(Raw::items) {
            self.read_detail(at, index, detail, delta.reasoning.is_some(), trace, sink);
        }
        if let Some(content) = delta.content {
            self.read_content(at, index, content, trace, sink);
        }
        for call in delta.calls.into_iter().flat_map(Raw::items) {
            self.read_call(at, call, trace, sink)?;
        }
        if let Some(function) = delta.function.filter(|function| function.is_object()) {
            self.read_call(at, function, trace, sink)?;
        }
        if delta.others {
            for (key, value) in Fields::of(delta.whole) {
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
        Ok(())
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
