//! IBM watsonx.ai: `text/chat_stream`, which speaks like OpenAI in numbered `message` events, `text/generation_stream`,
//! and their whole answers. The shapes are those of <https://cloud.ibm.com/apidocs/watsonx-ai>. A stream ends with its
//! body.

use std::io::Write;
use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::{Counts, Frames, Identity, Part, Whole, call_id, put};
use crate::answer::{Omit, ToolCall};
use crate::clock::iso;
use crate::fault::InStreamError;

/// Encodes chunks.
#[derive(Debug)]
pub(crate) struct Watsonx {
    id: String,
    model: String,
    created: u64,
    counts: Counts,
    omit_usage: bool,
    /// Whether a text is continued (`generation`), not a conversation.
    generation: bool,
    next: u64,
    tokens: u64,
}

impl Watsonx {
    pub(crate) fn new(identity: &Identity, counts: Counts, omit_usage: bool, generation: bool) -> Self {
        Self {
            id: format!("chatcmpl-{}", identity.id),
            model: identity.model.clone(),
            created: identity.created,
            counts,
            omit_usage,
            generation,
            next: 1,
            tokens: 0,
        }
    }

    fn event(&mut self, out: &mut Vec<u8>, name: &str, data: &Value) {
        let _ = write!(out, "id: {}\nevent: {name}\ndata: ", self.next);
        put(out, data);
        out.extend_from_slice(b"\n\n");
        self.next += 1;
    }

    fn chunk(&mut self, out: &mut Vec<u8>, choices: Value, usage: Option<Value>) {
        let mut chunk = Map::from_iter([
            ("id".to_owned(), self.id.as_str().into()),
            ("object".to_owned(), "chat.completion.chunk".into()),
            ("model_id".to_owned(), self.model.as_str().into()),
            ("model".to_owned(), self.model.as_str().into()),
            ("choices".to_owned(), choices),
            ("created".to_owned(), self.created.into()),
            ("model_version".to_owned(), "1.0.0".into()),
            ("created_at".to_owned(), iso(SystemTime::now()).into()),
        ]);
        chunk.extend(usage.map(|usage| ("usage".to_owned(), usage)));
        self.event(out, "message", &Value::Object(chunk));
    }

    fn delta(&mut self, out: &mut Vec<u8>, delta: Value) {
        self.chunk(out, json!([{ "index": 0, "finish_reason": null, "delta": delta }]), None);
    }

    /// A step of a generation. The request's tokens are counted once.
    fn step(&mut self, out: &mut Vec<u8>, text: &str, reason: &str) {
        let mut result = json!({ "generated_text": text, "stop_reason": reason });
        if let (false, Value::Object(map)) = (self.omit_usage, &mut result) {
            let input = if self.next == 1 { self.counts.prompt } else { 0 };
            map.insert("generated_token_count".to_owned(), self.tokens.min(self.counts.completion()).into());
            map.insert("input_token_count".to_owned(), input.into());
        }
        let data = json!({ "model_id": self.model, "created_at": iso(SystemTime::now()), "results": [result] });
        self.event(out, "message", &data);
    }
}

impl Frames for Watsonx {
    fn has(&self, part: Part, omit: Omit) -> bool {
        match part {
            Part::Start => !omit.start,
            Part::Metadata | Part::Done => false,
            Part::Finish => !omit.finish,
            Part::Usage => !self.generation && !omit.usage,
        }
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        if self.generation {
            self.step(out, "", "not_finished");
        } else {
            self.delta(out, json!({ "role": "assistant", "content": "" }));
        }
    }

    fn reasoning(&mut self, out: &mut Vec<u8>, text: &str) {
        self.delta(out, json!({ "reasoning_content": text }));
    }

    fn token(&mut self, out: &mut Vec<u8>, text: &str, _index: u64) {
        if self.generation {
            self.tokens += 1;
            self.step(out, text, "not_finished");
        } else {
            self.delta(out, json!({ "content": text }));
        }
    }

    fn call(&mut self, out: &mut Vec<u8>, index: usize, call: &ToolCall) {
        let function = json!({ "name": call.name, "arguments": "" });
        let id = call_id(call, index, "chatcmpl-tool");
        let call = json!({ "index": index, "id": id, "type": "function", "function": function });
        self.delta(out, json!({ "tool_calls": [call] }));
    }

    fn has_pieces(&self) -> bool {
        true
    }

    fn arguments(&mut self, out: &mut Vec<u8>, index: usize, piece: &str) {
        self.delta(out, json!({ "tool_calls": [{ "index": index, "function": { "name": "", "arguments": piece } }] }));
    }

    fn finish(&mut self, out: &mut Vec<u8>, reason: Option<&str>) {
        let reason = reason.unwrap_or("stop");
        if self.generation {
            self.tokens = self.counts.completion();
            self.step(out, "", stop_reason(reason));
        } else {
            let choice = json!({ "index": 0, "finish_reason": reason, "delta": { "content": "" } });
            self.chunk(out, json!([choice]), None);
        }
    }

    fn usage(&mut self, out: &mut Vec<u8>, counts: Counts) {
        self.chunk(out, json!([]), Some(usage(counts)));
    }

    fn done(&mut self, _out: &mut Vec<u8>, _finish: &str) {}

    fn error(&mut self, out: &mut Vec<u8>, error: &InStreamError) {
        let status = error.status.and_then(|status| u16::try_from(status).ok()).unwrap_or(500);
        let code = error.code.as_ref().and_then(Value::as_str).unwrap_or_else(|| code_of(status));
        let failure = failure(status, code, &error.message);
        self.event(out, "error", &failure);
    }
}

/// The whole answer as one object.
pub(crate) fn whole(whole: &Whole<'_>, generation: bool) -> String {
    let Whole { answer, identity, counts, .. } = whole;
    let created_at = iso(SystemTime::now());
    if generation {
        let mut result = json!({ "generated_text": whole.text() });
        if let Value::Object(map) = &mut result {
            if !answer.omit.usage {
                map.insert("generated_token_count".to_owned(), counts.answer.into());
                map.insert("input_token_count".to_owned(), counts.prompt.into());
            }
            if !answer.omit.finish {
                map.insert("stop_reason".to_owned(), stop_reason(whole.finish).into());
            }
        }
        return json!({ "model_id": identity.model, "created_at": created_at, "results": [result] }).to_string();
    }
    let mut message = json!({ "role": "assistant", "content": whole.text() });
    if let Value::Object(map) = &mut message {
        map.extend(whole.reasoning().map(|text| ("reasoning_content".to_owned(), text.into())));
        if !answer.tool_calls.is_empty() {
            let call = |(index, call): (usize, &ToolCall)| {
                let function = json!({ "name": call.name, "arguments": call.arguments });
                json!({ "id": call_id(call, index, "chatcmpl-tool"), "type": "function", "function": function })
            };
            map.insert("tool_calls".to_owned(), answer.tool_calls.iter().enumerate().map(call).collect());
        }
    }
    let finish_reason = (!answer.omit.finish).then_some(whole.finish);
    let mut response = json!({
        "id": format!("chatcmpl-{}", identity.id),
        "object": "chat.completion",
        "model_id": identity.model,
        "model": identity.model,
        "choices": [{ "index": 0, "message": message, "finish_reason": finish_reason }],
        "created": identity.created,
        "created_at": created_at,
    });
    if let (false, Value::Object(map)) = (answer.omit.usage, &mut response) {
        map.insert("usage".to_owned(), usage(*counts));
    }
    response.to_string()
}

fn usage(counts: Counts) -> Value {
    json!({
        "completion_tokens": counts.completion(),
        "prompt_tokens": counts.prompt,
        "total_tokens": counts.prompt + counts.completion(),
        "completion_tokens_details": { "reasoning_tokens": counts.reasoning },
    })
}

/// OpenAI's words for it, or what a test wants in their place.
fn stop_reason(finish: &str) -> &str {
    match finish {
        "stop" => "eos_token",
        "length" => "max_tokens",
        other => other,
    }
}

fn code_of(status: u16) -> &'static str {
    match status {
        401 => "authentication_token_not_valid",
        402 | 403 => "authorization_rejected",
        404 => "model_not_supported",
        408 | 504 => "request_timeout",
        429 => "rate_limit_reached_requests",
        503 | 529 => "downstream_request_failed",
        _ if status < 500 => "invalid_request_entity",
        _ => "internal_error",
    }
}

pub(crate) fn message_of(status: u16) -> &'static str {
    match status {
        401 => "Failed to authenticate the request due to invalid token",
        402 | 403 => "Access to this resource is not authorized",
        404 => "Model 'mock' is not supported for this environment",
        429 => "Rate limit reached for requests per second. Please retry later.",
        503 | 529 => "Downstream request failed",
        300..=399 => "See the Location header",
        _ if status < 500 => "Json document validation error",
        _ => "An internal error occurred",
    }
}

fn failure(status: u16, code: &str, message: &str) -> Value {
    let error = json!({ "code": code, "message": message, "more_info": "https://cloud.ibm.com/apidocs/watsonx-ai" });
    json!({ "errors": [error], "trace": "00000000000000000000000000000000", "status_code": status })
}

pub(crate) fn error_body(status: u16, message: &str) -> String {
    failure(status, code_of(status), message).to_string()
}
