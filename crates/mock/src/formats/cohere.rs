//! Cohere's chat, version 2: named events from `message-start` to `message-end` and `[DONE]`, and one object where no
//! stream is asked for. The shapes are those of <https://docs.cohere.com/v2/reference/chat-stream>.

use std::io::Write;

use serde_json::{Value, json};

use super::{Counts, Frames, Identity, Whole, call_id, put};
use crate::answer::ToolCall;
use crate::fault::InStreamError;

/// Encodes events. Contents and calls are opened with the first frame that belongs to them, and closed with the first
/// that doesn't; each of the two is numbered on its own.
#[derive(Debug)]
pub(crate) struct Cohere {
    id: String,
    counts: Counts,
    omit_usage: bool,
    block: Option<Block>,
    contents: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Thinking,
    Text,
    /// And which call.
    Call(usize),
}

impl Cohere {
    pub(crate) fn new(identity: &Identity, counts: Counts, omit_usage: bool) -> Self {
        Self { id: message_id(identity), counts, omit_usage, block: None, contents: 0 }
    }

    fn event(out: &mut Vec<u8>, name: &str, data: &Value) {
        let _ = write!(out, "event: {name}\ndata: ");
        put(out, data);
        out.extend_from_slice(b"\n\n");
    }

    /// An event of the open block.
    fn of_block(&self, out: &mut Vec<u8>, name: &str, message: Option<Value>) {
        let index = match self.block {
            Some(Block::Call(index)) => index,
            _ => self.contents.saturating_sub(1),
        };
        let mut data = json!({ "type": name, "index": index });
        if let (Some(message), Value::Object(map)) = (message, &mut data) {
            map.insert("delta".to_owned(), json!({ "message": message }));
        }
        Self::event(out, name, &data);
    }

    fn enter(&mut self, out: &mut Vec<u8>, block: Block, start: (&str, Value)) {
        if self.block == Some(block) {
            return;
        }
        self.leave(out);
        self.block = Some(block);
        if !matches!(block, Block::Call(_)) {
            self.contents += 1;
        }
        self.of_block(out, start.0, Some(start.1));
    }

    fn leave(&mut self, out: &mut Vec<u8>) {
        let Some(block) = self.block else { return };
        let name = if matches!(block, Block::Call(_)) { "tool-call-end" } else { "content-end" };
        self.of_block(out, name, None);
        self.block = None;
    }
}

impl Frames for Cohere {
    fn start(&mut self, out: &mut Vec<u8>) {
        let message = json!({ "role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": [] });
        let data = json!({ "id": self.id, "type": "message-start", "delta": { "message": message } });
        Self::event(out, "message-start", &data);
    }

    fn reasoning(&mut self, out: &mut Vec<u8>, text: &str) {
        let content = json!({ "content": { "type": "thinking", "thinking": "" } });
        self.enter(out, Block::Thinking, ("content-start", content));
        self.of_block(out, "content-delta", Some(json!({ "content": { "thinking": text } })));
    }

    fn token(&mut self, out: &mut Vec<u8>, text: &str, _index: u64) {
        let content = json!({ "content": { "type": "text", "text": "" } });
        self.enter(out, Block::Text, ("content-start", content));
        self.of_block(out, "content-delta", Some(json!({ "content": { "text": text } })));
    }

    fn call(&mut self, out: &mut Vec<u8>, index: usize, call: &ToolCall) {
        let function = json!({ "name": call.name, "arguments": "" });
        let id = call_id(call, index, &call.name);
        let start = json!({ "tool_calls": { "id": id, "type": "function", "function": function } });
        self.enter(out, Block::Call(index), ("tool-call-start", start));
    }

    fn has_pieces(&self) -> bool {
        true
    }

    fn arguments(&mut self, out: &mut Vec<u8>, _index: usize, piece: &str) {
        let delta = json!({ "tool_calls": { "function": { "arguments": piece } } });
        self.of_block(out, "tool-call-delta", Some(delta));
    }

    fn finish(&mut self, out: &mut Vec<u8>, reason: Option<&str>) {
        self.leave(out);
        let mut delta = serde_json::Map::new();
        if let Some(reason) = reason {
            delta.insert("finish_reason".to_owned(), finish_reason(reason).into());
        }
        if !self.omit_usage {
            delta.insert("usage".to_owned(), usage(self.counts));
        }
        Self::event(out, "message-end", &json!({ "type": "message-end", "delta": delta }));
    }

    fn done(&mut self, out: &mut Vec<u8>, _finish: &str) {
        self.leave(out);
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    fn error(&mut self, out: &mut Vec<u8>, error: &InStreamError) {
        // A failure ends the message, with a reason of its own.
        let delta = json!({ "finish_reason": "ERROR", "error": error.message });
        Self::event(out, "message-end", &json!({ "type": "message-end", "delta": delta }));
        if error.done.unwrap_or(true) {
            out.extend_from_slice(b"data: [DONE]\n\n");
        }
    }
}

/// The whole answer as one object.
pub(crate) fn whole(whole: &Whole<'_>) -> String {
    let Whole { answer, identity, .. } = whole;
    let mut content = Vec::new();
    if let Some(thinking) = whole.reasoning() {
        content.push(json!({ "type": "thinking", "thinking": thinking }));
    }
    let text = whole.text();
    if !text.is_empty() {
        content.push(json!({ "type": "text", "text": text }));
    }
    let mut message = json!({ "role": "assistant", "content": content });
    if let (false, Value::Object(map)) = (answer.tool_calls.is_empty(), &mut message) {
        let call = |(index, call): (usize, &ToolCall)| {
            let function = json!({ "name": call.name, "arguments": call.arguments });
            json!({ "id": call_id(call, index, &call.name), "type": "function", "function": function })
        };
        map.insert("tool_calls".to_owned(), answer.tool_calls.iter().enumerate().map(call).collect());
    }
    let mut response = json!({ "id": message_id(identity), "message": message });
    whole.put_ending(&mut response, ("finish_reason", finish_reason(whole.finish)), usage);
    response.to_string()
}

/// In the shape of a UUID.
fn message_id(identity: &Identity) -> String {
    let mut digits = identity.id.bytes().cycle().map(|byte| format!("{:x}", byte & 15));
    [8, 4, 4, 4, 12].map(|length| digits.by_ref().take(length).collect::<String>()).join("-")
}

/// What is billed doesn't count the template around a conversation; here it is the same.
fn usage(counts: Counts) -> Value {
    let tokens = json!({ "input_tokens": counts.prompt, "output_tokens": counts.completion() });
    json!({ "billed_units": tokens, "tokens": tokens, "cached_tokens": 0 })
}

/// OpenAI's words for it, or what a test wants in their place.
fn finish_reason(finish: &str) -> &str {
    match finish {
        "stop" => "COMPLETE",
        "length" => "MAX_TOKENS",
        "tool_calls" => "TOOL_CALL",
        "content_filter" => "ERROR_TOXIC",
        other => other,
    }
}

pub(crate) fn message_of(status: u16) -> &'static str {
    match status {
        401 => "Incorrect API key provided: ***. You can find your API key at https://dashboard.cohere.com/api-keys.",
        402 => "Please add or update your payment method at https://dashboard.cohere.com/billing?tab=payment",
        403 => "Your account doesn't have permission to access this resource",
        404 => "model 'mock' not found, make sure the correct model ID was used and that you have access to the model.",
        429 => "You are past the per minute request limit, please wait and try again later.",
        300..=399 => "See the Location header.",
        _ if status < 500 => "invalid request: the request was malformed",
        _ => "internal server error",
    }
}

pub(crate) fn error_body(message: &str) -> String {
    json!({ "id": "00000000-0000-4000-8000-000000000000", "message": message }).to_string()
}
