//! Anthropic's Messages: named events around content blocks, from `message_start` to `message_stop`, and one object
//! where no stream is asked for. The shapes are those of <https://docs.anthropic.com/en/api/messages-streaming>.

use std::io::Write;

use serde_json::{Value, json};

use super::{Counts, Frames, Identity, Whole, arguments_of, call_id, put, signature_of};
use crate::answer::ToolCall;
use crate::fault::InStreamError;

/// Encodes events. A content block is opened with the first frame that belongs to it, and closed with the first that
/// doesn't: a frame and these marks go out together.
#[derive(Debug)]
pub(crate) struct Anthropic {
    id: String,
    model: String,
    signature: String,
    counts: Counts,
    omit_usage: bool,
    /// The block that is open, and its number.
    block: Option<Block>,
    next: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Thinking,
    Text,
    /// And which call.
    Tool(usize),
}

impl Anthropic {
    pub(crate) fn new(identity: &Identity, counts: Counts, omit_usage: bool) -> Self {
        Self {
            id: message_id(identity),
            model: identity.model.clone(),
            signature: signature_of(identity),
            counts,
            omit_usage,
            block: None,
            next: 0,
        }
    }

    fn event(out: &mut Vec<u8>, name: &str, data: &Value) {
        let _ = write!(out, "event: {name}\ndata: ");
        put(out, data);
        out.extend_from_slice(b"\n\n");
    }

    /// The number of the open block.
    fn index(&self) -> usize {
        self.next.saturating_sub(1)
    }

    fn enter(&mut self, out: &mut Vec<u8>, block: Block, content: impl FnOnce() -> Value) {
        if self.block == Some(block) {
            return;
        }
        self.leave(out);
        self.block = Some(block);
        self.next += 1;
        let start = json!({ "type": "content_block_start", "index": self.index(), "content_block": content() });
        Self::event(out, "content_block_start", &start);
        if self.next == 1 {
            Self::event(out, "ping", &json!({ "type": "ping" }));
        }
    }

    fn leave(&mut self, out: &mut Vec<u8>) {
        let Some(block) = self.block.take() else { return };
        if block == Block::Thinking {
            self.delta_opening(out, "signature_delta", "signature");
            put(out, &self.signature);
            out.extend_from_slice(b"}}\n\n");
        }
        let stop = json!({ "type": "content_block_stop", "index": self.index() });
        Self::event(out, "content_block_stop", &stop);
    }

    fn delta_opening(&self, out: &mut Vec<u8>, kind: &str, field: &str) {
        let index = self.index();
        let _ = write!(
            out,
            "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":{index},\
             \"delta\":{{\"type\":\"{kind}\",\"{field}\":"
        );
    }

    fn delta(&self, out: &mut Vec<u8>, kind: &str, field: &str, text: &str) {
        self.delta_opening(out, kind, field);
        put(out, text);
        out.extend_from_slice(b"}}\n\n");
    }

    fn enter_text(&mut self, out: &mut Vec<u8>) {
        self.enter(out, Block::Text, || json!({ "type": "text", "text": "" }));
    }
}

impl Frames for Anthropic {
    fn start(&mut self, out: &mut Vec<u8>) {
        let mut message = json!({
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": [],
            "stop_reason": null,
            "stop_sequence": null,
        });
        if let (false, Value::Object(map)) = (self.omit_usage, &mut message) {
            // As the API does: the first token is counted before it comes.
            map.insert("usage".to_owned(), usage(self.counts, 1));
        }
        Self::event(out, "message_start", &json!({ "type": "message_start", "message": message }));
    }

    fn reasoning(&mut self, out: &mut Vec<u8>, text: &str) {
        self.enter(out, Block::Thinking, || json!({ "type": "thinking", "thinking": "", "signature": "" }));
        self.delta(out, "thinking_delta", "thinking", text);
    }

    fn token(&mut self, out: &mut Vec<u8>, text: &str, _index: u64) {
        self.enter_text(out);
        self.delta(out, "text_delta", "text", text);
    }

    fn call(&mut self, out: &mut Vec<u8>, index: usize, call: &ToolCall) {
        let id = call_id(call, index, "toolu");
        let content = || json!({ "type": "tool_use", "id": id, "name": call.name, "input": {} });
        self.enter(out, Block::Tool(index), content);
        self.delta(out, "input_json_delta", "partial_json", "");
    }

    fn has_pieces(&self) -> bool {
        true
    }

    fn arguments(&mut self, out: &mut Vec<u8>, _index: usize, piece: &str) {
        self.delta(out, "input_json_delta", "partial_json", piece);
    }

    fn finish(&mut self, out: &mut Vec<u8>, reason: Option<&str>) {
        self.leave(out);
        let delta = json!({ "stop_reason": reason.map(stop_reason), "stop_sequence": null });
        let mut data = json!({ "type": "message_delta", "delta": delta });
        if let (false, Value::Object(map)) = (self.omit_usage, &mut data) {
            map.insert("usage".to_owned(), json!({ "output_tokens": self.counts.completion() }));
        }
        Self::event(out, "message_delta", &data);
    }

    fn done(&mut self, out: &mut Vec<u8>, _finish: &str) {
        self.leave(out);
        Self::event(out, "message_stop", &json!({ "type": "message_stop" }));
    }

    fn error(&mut self, out: &mut Vec<u8>, error: &InStreamError) {
        // OpenAI's word for a failure of the server's own, which is the default, is not one of this API's.
        let kind = error.kind.as_deref().filter(|kind| *kind != "server_error");
        let kind =
            kind.unwrap_or_else(|| kind_of(error.status.and_then(|status| u16::try_from(status).ok()).unwrap_or(500)));
        let error_object = json!({ "type": kind, "message": error.message });
        Self::event(out, "error", &json!({ "type": "error", "error": error_object }));
        if error.done.unwrap_or(false) {
            Self::event(out, "message_stop", &json!({ "type": "message_stop" }));
        }
    }
}

/// The whole answer as one message.
pub(crate) fn whole(whole: &Whole<'_>) -> String {
    let Whole { answer, identity, counts, .. } = whole;
    let mut content = Vec::new();
    if let Some(thinking) = whole.reasoning() {
        content.push(json!({ "type": "thinking", "thinking": thinking, "signature": signature_of(identity) }));
    }
    let text = whole.text();
    if !text.is_empty() {
        content.push(json!({ "type": "text", "text": text }));
    }
    for (index, call) in answer.tool_calls.iter().enumerate() {
        let id = call_id(call, index, "toolu");
        content.push(json!({ "type": "tool_use", "id": id, "name": call.name, "input": arguments_of(call) }));
    }
    let mut message = json!({
        "id": message_id(identity),
        "type": "message",
        "role": "assistant",
        "model": identity.model,
        "content": content,
        "stop_reason": (!answer.omit.finish).then(|| stop_reason(whole.finish)),
        "stop_sequence": null,
    });
    if let (false, Value::Object(map)) = (answer.omit.usage, &mut message) {
        map.insert("usage".to_owned(), usage(*counts, counts.completion()));
    }
    message.to_string()
}

fn message_id(identity: &Identity) -> String {
    format!("msg_01{}", identity.id.get(..22).unwrap_or(&identity.id))
}

fn usage(counts: Counts, output: u64) -> Value {
    json!({
        "input_tokens": counts.prompt,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": output,
        "service_tier": "standard",
    })
}

/// OpenAI's words for it, or what a test wants in their place.
fn stop_reason(finish: &str) -> &str {
    match finish {
        "stop" => "end_turn",
        "length" => "max_tokens",
        "tool_calls" => "tool_use",
        "content_filter" => "refusal",
        other => other,
    }
}

/// The error type that goes with a status.
fn kind_of(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        _ if status < 500 => "invalid_request_error",
        _ => "api_error",
    }
}

pub(crate) fn message_of(status: u16) -> &'static str {
    match status {
        401 => "invalid x-api-key",
        402 => "Your credit balance is too low to access the API.",
        403 => "Your API key does not have permission to use the specified resource.",
        404 => "The requested resource could not be found.",
        413 => "Request exceeds the maximum size",
        429 => "This request would exceed your organization's rate limit. Please try again later.",
        504 => "Request timed out",
        529 => "Overloaded",
        300..=399 => "See the Location header.",
        _ if status < 500 => "The request was malformed.",
        _ => "Internal server error",
    }
}

pub(crate) fn error_body(status: u16, message: &str) -> String {
    let error = json!({ "type": kind_of(status), "message": message });
    json!({ "type": "error", "error": error, "request_id": "req_mock" }).to_string()
}
