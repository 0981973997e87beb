//! Anthropic's Messages, from Anthropic and from the servers that speak like it.
//!
//! A frame is an event that says its `type`, which the event's name repeats. An answer is a list of blocks, each begun,
//! continued and stopped by its number. Text, thinking and the calls of the caller's tools have events of their own;
//! what the provider's own tools do, their results, citations and ciphertext come out as metadata: `{content_block}` of
//! a whole block, `{citation}`, `{content_block_delta}` of what this version has no name for.
//!
//! What always holds: the end is `message_stop`, whatever reason was given before it; the pieces of a block's signature
//! come out as one; an `error` is the end. Most frames are deltas in Anthropic's own spelling, which are read by
//! comparing bytes; all others are walked once. Event names: docs.anthropic.com, "Streaming messages".

use std::borrow::Cow;

use super::blocks::{Block, Blocks};
use super::turn::{Dialect, NOT_AN_OBJECT, Objects, Turn};
use super::usage::{count, count_in};
use crate::frame::{Fault, Frame, Sink};
use crate::json::{self, Fields, Raw, string_end_escaped};
use crate::{Completion, FinishReason, RawJson, Usage};

static DIALECT: Dialect = Dialect { usage: read_usage, finish: normalise };

/// Reads the payloads of one answer.
#[derive(Debug, Clone)]
pub(crate) struct AnthropicDecoder {
    turn: Turn,
    blocks: Blocks,
    scratch: String,
}

/// The fields of an event.
#[derive(Debug, Default)]
struct Fielded<'a> {
    kind: Option<Raw<'a>>,
    index: Option<u64>,
    delta: Option<DeltaFields<'a>>,
    block: Option<Raw<'a>>,
    message: Option<Raw<'a>>,
    usage: Option<Raw<'a>>,
    error: Option<Raw<'a>>,
    /// There are fields beside these.
    others: bool,
}

#[derive(Debug)]
struct DeltaFields<'a> {
    kind: Option<Raw<'a>>,
    /// What stands under the name that the kind has for it.
    text: Option<Raw<'a>>,
    thinking: Option<Raw<'a>>,
    signature: Option<Raw<'a>>,
    json: Option<Raw<'a>>,
    citation: Option<Raw<'a>>,
    stop_reason: Option<Raw<'a>>,
    others: bool,
    whole: &'a str,
}

impl<'a> DeltaFields<'a> {
    /// The delta that `text` begins with, and what follows it.
    fn gather(text: &'a str) -> Option<(Self, &'a str)> {
        let mut delta = Self {
            kind: None,
            text: None,
            thinking: None,
            signature: None,
            json: None,
            citation: None,
            stop_reason: None,
            others: false,
            whole: text,
        };
        let mut fields = Fields::of(text);
        while let Some(key) = fields.key() {
            let value = fields.value()?;
            match &*key {
                "type" => delta.kind = Some(value),
                "text" => delta.text = Some(value),
                "thinking" => delta.thinking = Some(value),
                "signature" => delta.signature = Some(value),
                "partial_json" => delta.json = Some(value),
                "citation" => delta.citation = Some(value),
                "stop_reason" => delta.stop_reason = Some(value),
                // A progress count beside thinking that is not shown.
                "estimated_tokens" => {}
                _ => delta.others |= !value.is_void(),
            }
        }
        let rest = fields.rest()?;
        delta.whole = text.get(..text.len() - rest.len())?;
        Some((delta, rest))
    }
}

/// A delta in Anthropic's own spelling.
enum Plain {
    Text,
    Thinking,
    Json,
}

/// Takes such a delta apart by comparing bytes: its block, kind, and the inside of its string, with escapes or without.
#[inline]
fn plain_delta(data: &[u8]) -> Option<(u64, Plain, &str, bool)> {
    let rest = data.strip_prefix(b"{\"type\":\"content_block_delta\",\"index\":")?;
    let digits = rest.iter().take(9).take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = rest.split_at_checked(digits)?;
    if number.first().is_none_or(|first| *first == b'0' && digits > 1) {
        return None;
    }
    let index = number.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    let rest = rest.strip_prefix(b",\"delta\":{\"type\":\"")?;
    let (kind, rest) = if let Some(rest) = rest.strip_prefix(b"text_delta\",\"text\":\"") {
        (Plain::Text, rest)
    } else if let Some(rest) = rest.strip_prefix(b"input_json_delta\",\"partial_json\":\"") {
        (Plain::Json, rest)
    } else {
        (Plain::Thinking, rest.strip_prefix(b"thinking_delta\",\"thinking\":\"")?)
    };
    let (end, escaped) = string_end_escaped(rest, 0)?;
    let (inner, rest) = rest.split_at_checked(end)?;
    // Anthropic pads its events with spaces before the last brace.
    let rest = rest.strip_prefix(b"\"}")?.trim_ascii_start().strip_prefix(b"}")?;
    if !rest.trim_ascii_start().is_empty() {
        return None;
    }
    Some((index, kind, std::str::from_utf8(inner).ok()?, escaped))
}

impl Objects for AnthropicDecoder {
    fn turn(&self) -> &Turn {
        &self.turn
    }

    fn turn_mut(&mut self) -> &mut Turn {
        &mut self.turn
    }

    fn settle(&mut self, _whole: bool, sink: &mut Sink<'_>) -> Result<(), Fault> {
        self.blocks.close_all(&mut self.turn, sink)
    }

    fn frame(&mut self, frame: Frame<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        if self.is_ended() {
            return Ok(());
        }
        if (frame.event == "content_block_delta" || frame.is_unnamed())
            && let Some((index, kind, inner, escaped)) = plain_delta(frame.data)
        {
            return self.plain(index, &kind, inner, escaped, sink);
        }
        // A named ping may still say something.
        if frame.is_silent() {
            return Ok(());
        }
        self.objects(frame, sink)
    }

    fn object<'a>(&mut self, text: &'a str, name: &str, sink: &mut Sink<'_>) -> Result<&'a str, Fault> {
        let mut event = Fielded::default();
        let mut fields = Fields::of(text);
        while let Some(key) = fields.key() {
            if key == "delta" && fields.inside().starts_with('{') {
                let Some((delta, rest)) = DeltaFields::gather(fields.inside()) else { return Err(NOT_AN_OBJECT) };
                event.delta = Some(delta);
                fields.resume(rest);
                continue;
            }
            let Some(value) = fields.value() else { break };
            match &*key {
                "type" => event.kind = Some(value),
                "index" => event.index = value.as_count(),
                "content_block" => event.block = Some(value).filter(|block| block.is_object()),
                "message" => event.message = Some(value).filter(|message| message.is_object()),
                "usage" => event.usage = Some(value),
                "error" => event.error = Some(value).filter(|error| !error.is_void()),
                _ => event.others |= !value.is_void(),
            }
        }
        let rest = fields.rest().ok_or(NOT_AN_OBJECT)?;
        let whole = text.get(..text.len() - rest.len()).unwrap_or(text);
        self.event(&event, whole, name, sink)?;
        Ok(rest)
    }
}

impl AnthropicDecoder {
    /// `max_held_bytes` caps the tool calls that are held until they are complete.
    pub(crate) fn new(max_held_bytes: usize) -> Self {
        Self { turn: Turn::new(&DIALECT, max_held_bytes), blocks: Blocks::default(), scratch: String::new() }
    }

    fn plain(
        &mut self,
        index: u64,
        kind: &Plain,
        inner: &str,
        escaped: bool,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        if let Plain::Json = kind {
            return self.json_delta(Some(index), inner, sink);
        }
        let text = Cow::Borrowed(json::unescaped(inner, escaped, &mut self.scratch));
        match kind {
            Plain::Thinking => self.turn.reasoning(0, text, None, sink),
            Plain::Text | Plain::Json => self.turn.text(0, text, sink),
        }
        Ok(())
    }

    fn event(&mut self, event: &Fielded<'_>, whole: &str, name: &str, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let kind = event.kind.and_then(Raw::as_str).unwrap_or_default();
        let kind = if kind.is_empty() { name } else { &*kind };
        if kind == "error" || event.error.is_some() {
            self.blocks.close_all(&mut self.turn, sink)?;
            if let Some(raw) = Raw::parse(whole) {
                self.turn.fail_with(raw, sink);
            }
            return Ok(());
        }
        let others = |turn: &mut Turn, sink: &mut Sink<'_>| {
            if event.others {
                for (key, value) in Fields::of(whole) {
                    if !matches!(&*key, "type" | "index" | "delta" | "content_block" | "message" | "usage") {
                        turn.hold(0, &key, value, sink);
                    }
                }
            }
        };
        match kind {
            "message_start" => {
                self.blocks.close_all(&mut self.turn, sink)?;
                self.message(event.message, sink)?;
                others(&mut self.turn, sink);
            }
            "content_block_start" => self.begin_block(event.index, event.block, sink)?,
            "content_block_delta" => match &event.delta {
                Some(delta) => self.delta(event.index, delta, sink)?,
                None => self.unknown(whole, sink),
            },
            "content_block_stop" => {
                if let Some(block) = self.blocks.take(event.index) {
                    block.close(&mut self.turn, sink)?;
                }
            }
            "message_delta" => {
                if let Some(usage) = event.usage {
                    self.turn.usage(usage, sink);
                }
                if let Some(delta) = &event.delta {
                    self.message_delta(delta, sink)?;
                }
                others(&mut self.turn, sink);
            }
            "message_stop" => {
                others(&mut self.turn, sink);
                self.stop(sink)?;
            }
            "ping" => others(&mut self.turn, sink),
            _ => self.unknown(whole, sink),
        }
        Ok(())
    }

    /// What this version has no name for, as it came.
    fn unknown(&mut self, whole: &str, sink: &mut Sink<'_>) {
        if let Some(raw) = Raw::parse(whole).filter(|raw| !raw.is_void()) {
            self.turn.metadata(RawJson::of(raw), sink);
        }
    }

    fn message(&mut self, message: Option<Raw<'_>>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let Some(message) = message.map(Raw::members) else { return Ok(()) };
        self.turn.start(message.field("id"), message.field("model"), sink);
        for (key, value) in message.iter() {
            match key {
                "id" | "model" | "type" | "role" | "stop_reason" | "stop_sequence" => {}
                "usage" => self.turn.usage(value, sink),
                // Calls that running code makes are there from the beginning.
                "content" => {
                    for block in value.items().filter(|block| block.is_object()) {
                        self.begin_block(None, Some(block), sink)?;
                    }
                    self.blocks.close_all(&mut self.turn, sink)?;
                }
                name => self.turn.hold(0, name, value, sink),
            }
        }
        Ok(())
    }

    fn message_delta(&mut self, delta: &DeltaFields<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        if let Some(reason) = delta.stop_reason {
            self.turn.finish_reason(0, reason, sink)?;
        }
        if delta.others {
            for (key, value) in Fields::of(delta.whole) {
                if key != "stop_reason" && key != "type" {
                    self.turn.hold(0, &key, value, sink);
                }
            }
        }
        Ok(())
    }

    fn begin_block(&mut self, index: Option<u64>, raw: Option<Raw<'_>>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        // The same number again, or none: the one before is over.
        if let Some(block) = self.blocks.take(index) {
            block.close(&mut self.turn, sink)?;
        }
        let Some(raw) = raw else { return Ok(()) };
        let members = raw.members();
        let text = |name: &str| members.field(name).and_then(Raw::as_str).unwrap_or_default();
        let kind = text("type");
        let block = match &*kind {
            "text" => {
                self.turn.text(0, text("text"), sink);
                for citation in members.field("citations").into_iter().flat_map(Raw::items) {
                    self.turn.give(0, "citation", citation, sink);
                }
                Block::Text
            }
            "thinking" => {
                self.turn.reasoning(0, text("thinking"), None, sink);
                let signature = text("signature");
                self.turn.budget.take(signature.len())?;
                Block::Thinking { signature: signature.into_owned() }
            }
            "tool_use" => {
                let known = |name: &str| matches!(name, "type" | "id" | "name" | "input");
                if members.iter().any(|(name, value)| !known(name) && !value.is_void()) {
                    self.turn.give(0, "content_block", raw, sink);
                }
                let input = members.some("input").filter(|input| !input.is_void()).map_or("", Raw::text);
                self.turn.budget.take(input.len())?;
                let (calls, budget) = self.turn.calls(0)?;
                let at = calls.begin(0, Some(&text("id")), &text("name"), budget, sink)?;
                Block::Call { at, input: input.to_owned() }
            }
            // What the provider's own tools are asked.
            _ if members.field("input").is_some() => {
                self.turn.budget.take(raw.text().len())?;
                Block::Held { block: raw.text().to_owned(), input: String::new() }
            }
            _ => {
                self.turn.give(0, "content_block", raw, sink);
                Block::Given
            }
        };
        if let Some(oldest) = self.blocks.open(index, block) {
            oldest.close(&mut self.turn, sink)?;
        }
        Ok(())
    }

    fn delta(&mut self, index: Option<u64>, delta: &DeltaFields<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
        let kind = delta.kind.and_then(Raw::as_str).unwrap_or_default();
        let known = match &*kind {
            "text_delta" => delta.text,
            "thinking_delta" => delta.thinking,
            "signature_delta" => delta.signature,
            "input_json_delta" => delta.json,
            "citations_delta" => delta.citation,
            _ => None,
        };
        let Some(value) = known else {
            if let Some(raw) = Raw::parse(delta.whole) {
                self.turn.give(0, "content_block_delta", raw, sink);
            }
            return Ok(());
        };
        match &*kind {
            "text_delta" => self.turn.text(0, value.as_text().unwrap_or_default(), sink),
            "thinking_delta" => self.turn.reasoning(0, value.as_text().unwrap_or_default(), None, sink),
            "citations_delta" => self.turn.give(0, "citation", value, sink),
            "input_json_delta" => self.json_delta(index, value.inner().unwrap_or_default(), sink)?,
            _ => {
                let text = value.as_str().unwrap_or_default();
                if let Some(Block::Thinking { signature }) = self.blocks.find(index) {
                    self.turn.budget.take(text.len())?;
                    signature.push_str(&text);
                } else {
                    self.turn.reasoning(0, Cow::Borrowed(""), Some(text), sink);
                }
            }
        }
        Ok(())
    }

    /// `inner` is the inside of a JSON string.
    fn json_delta(&mut self, index: Option<u64>, inner: &str, sink: &mut Sink<'_>) -> Result<(), Fault> {
        if inner.is_empty() {
            return Ok(());
        }
        if !self.blocks.input(index, inner, &mut self.turn, sink)? {
            self.turn.give_text(0, "partial_json", &json::unescape(inner), sink);
        }
        Ok(())
    }

    fn stop(&mut self, sink: &mut Sink<'_>) -> Result<(), Fault> {
        self.blocks.close_all(&mut self.turn, sink)?;
        self.turn.finish(sink);
        Ok(())
    }

    /// The body ended.
    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> Completion {
        // The cap can't be met any more: blocks only give back what they hold, or move it to their call.
        if !self.turn.ended && self.blocks.close_all(&mut self.turn, sink).is_err() {
            self.blocks = Blocks::default();
        }
        self.turn.end(false, sink)
    }
}

fn normalise(raw: &str) -> FinishReason {
    match raw {
        "model_context_window_exceeded" => FinishReason::Length,
        "refusal" => FinishReason::ContentFilter,
        _ => super::openai::normalise(raw, false),
    }
}

/// Anthropic counts what it reads from its cache and writes to it apart from `input_tokens`; the request is all three
/// ("Prompt caching", docs.anthropic.com).
fn read_usage(raw: Raw<'_>) -> Option<Usage> {
    let members = raw.members();
    let input = count(&members, "input_tokens");
    let cached = count(&members, "cache_read_input_tokens");
    let written = count(&members, "cache_creation_input_tokens");
    let output = count(&members, "output_tokens");
    input.or(output).or(cached).or(written)?;
    let prompt = input.map(|input| input.saturating_add(cached.unwrap_or(0)).saturating_add(written.unwrap_or(0)));
    Some(Usage {
        prompt_tokens: prompt,
        completion_tokens: output,
        total_tokens: prompt.zip(output).map(|(prompt, output)| prompt.saturating_add(output)),
        cached_tokens: cached,
        reasoning_tokens: count_in(&members, "output_tokens_details", "thinking_tokens"),
        ..super::usage::with_raw(raw)
    })
}
