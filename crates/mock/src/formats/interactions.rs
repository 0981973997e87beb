//! Gemini's Interactions: named events around steps, from `interaction.created` to `interaction.completed` and `[DONE]`,
//! and one object where no stream is asked for. The shapes are those of <https://ai.google.dev/api/interactions-api>.

use std::io::Write;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::{Counts, Frames, Identity, Whole, arguments_of, call_id, put, signature_of};
use crate::answer::ToolCall;
use crate::clock::iso;
use crate::fault::InStreamError;

/// Encodes events. A step is opened with the first frame that belongs to it, and closed with the first that doesn't.
#[derive(Debug)]
pub(crate) struct Interactions {
    id: String,
    model: String,
    signature: String,
    counts: Counts,
    omit_usage: bool,
    step: Option<Step>,
    next: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Thought,
    Output,
    /// And which call.
    Call(usize),
}

impl Interactions {
    pub(crate) fn new(identity: &Identity, counts: Counts, omit_usage: bool) -> Self {
        Self {
            id: interaction_id(identity),
            model: identity.model.clone(),
            signature: signature_of(identity),
            counts,
            omit_usage,
            step: None,
            next: 0,
        }
    }

    fn event(out: &mut Vec<u8>, name: &str, mut data: Value) {
        if let Value::Object(map) = &mut data {
            map.insert("event_type".to_owned(), name.into());
        }
        let _ = write!(out, "event: {name}\ndata: ");
        put(out, &data);
        out.extend_from_slice(b"\n\n");
    }

    fn delta(&self, out: &mut Vec<u8>, delta: &Value) {
        Self::event(out, "step.delta", json!({ "index": self.next.saturating_sub(1), "delta": delta }));
    }

    fn enter(&mut self, out: &mut Vec<u8>, step: Step, start: impl FnOnce() -> Value) {
        if self.step == Some(step) {
            return;
        }
        self.leave(out);
        self.step = Some(step);
        self.next += 1;
        Self::event(out, "step.start", json!({ "index": self.next - 1, "step": start() }));
    }

    fn leave(&mut self, out: &mut Vec<u8>) {
        let Some(step) = self.step.take() else { return };
        if step == Step::Thought {
            self.delta(out, &json!({ "type": "thought_signature", "signature": self.signature }));
        }
        Self::event(out, "step.stop", json!({ "index": self.next.saturating_sub(1) }));
    }
}

impl Frames for Interactions {
    fn start(&mut self, out: &mut Vec<u8>) {
        let interaction =
            json!({ "id": self.id, "status": "in_progress", "object": "interaction", "model": self.model });
        Self::event(out, "interaction.created", json!({ "interaction": interaction }));
        let data = json!({ "interaction_id": self.id, "status": "in_progress" });
        Self::event(out, "interaction.status_update", data);
    }

    fn reasoning(&mut self, out: &mut Vec<u8>, text: &str) {
        self.enter(out, Step::Thought, || json!({ "type": "thought" }));
        self.delta(out, &json!({ "type": "thought_summary", "content": { "type": "text", "text": text } }));
    }

    fn token(&mut self, out: &mut Vec<u8>, text: &str, _index: u64) {
        self.enter(out, Step::Output, || json!({ "type": "model_output" }));
        self.delta(out, &json!({ "type": "text", "text": text }));
    }

    fn call(&mut self, out: &mut Vec<u8>, index: usize, call: &ToolCall) {
        let id = call_id(call, index, "call");
        let start = || json!({ "type": "function_call", "id": id, "name": call.name, "arguments": {} });
        self.enter(out, Step::Call(index), start);
    }

    fn has_pieces(&self) -> bool {
        true
    }

    fn arguments(&mut self, out: &mut Vec<u8>, _index: usize, piece: &str) {
        self.delta(out, &json!({ "type": "arguments_delta", "arguments": piece }));
    }

    fn finish(&mut self, out: &mut Vec<u8>, reason: Option<&str>) {
        self.leave(out);
        let now = iso(SystemTime::now());
        let mut interaction = json!({
            "id": self.id,
            "created": now,
            "updated": now,
            "service_tier": "standard",
            "object": "interaction",
            "model": self.model,
        });
        if let Value::Object(map) = &mut interaction {
            map.extend(reason.map(|reason| ("status".to_owned(), status(reason).into())));
            if !self.omit_usage {
                map.insert("usage".to_owned(), usage(self.counts));
            }
        }
        Self::event(out, "interaction.completed", json!({ "interaction": interaction }));
    }

    fn done(&mut self, out: &mut Vec<u8>, _finish: &str) {
        self.leave(out);
        out.extend_from_slice(b"event: done\ndata: [DONE]\n\n");
    }

    fn error(&mut self, out: &mut Vec<u8>, error: &InStreamError) {
        let given = error.code.as_ref().map(|code| code.as_str().map_or_else(|| code.to_string(), str::to_owned));
        let code = given.unwrap_or_else(|| {
            code_of(error.status.and_then(|status| u16::try_from(status).ok()).unwrap_or(500)).to_owned()
        });
        Self::event(out, "error", json!({ "error": { "code": code, "message": error.message } }));
        if error.done.unwrap_or(false) {
            out.extend_from_slice(b"event: done\ndata: [DONE]\n\n");
        }
    }
}

/// The whole answer as one interaction.
pub(crate) fn whole(whole: &Whole<'_>) -> String {
    let Whole { answer, identity, .. } = whole;
    let mut steps = Vec::new();
    if let Some(text) = whole.reasoning() {
        let summary = json!([{ "type": "text", "text": text }]);
        steps.push(json!({ "type": "thought", "summary": summary, "signature": signature_of(identity) }));
    }
    let text = whole.text();
    if !text.is_empty() {
        steps.push(json!({ "type": "model_output", "content": [{ "type": "text", "text": text }] }));
    }
    for (index, call) in answer.tool_calls.iter().enumerate() {
        let id = call_id(call, index, "call");
        steps.push(json!({ "type": "function_call", "id": id, "name": call.name, "arguments": arguments_of(call) }));
    }
    let now = iso(SystemTime::now());
    let mut interaction = json!({
        "id": interaction_id(identity),
        "created": now,
        "updated": now,
        "object": "interaction",
        "model": identity.model,
        "steps": steps,
    });
    whole.put_ending(&mut interaction, ("status", status(whole.finish)), usage);
    interaction.to_string()
}

fn interaction_id(identity: &Identity) -> String {
    format!("v1_{}", identity.id)
}

fn usage(counts: Counts) -> Value {
    json!({
        "total_tokens": counts.prompt + counts.completion(),
        "total_input_tokens": counts.prompt,
        "total_cached_tokens": 0,
        "total_output_tokens": counts.answer,
        "total_tool_use_tokens": 0,
        "total_thought_tokens": counts.reasoning,
    })
}

/// OpenAI's words for it, or what a test wants in their place.
fn status(finish: &str) -> &str {
    match finish {
        "stop" => "completed",
        "length" => "incomplete",
        "tool_calls" => "requires_action",
        other => other,
    }
}

/// The word that goes with a status.
fn code_of(status: u16) -> &'static str {
    match status {
        401 => "authentication",
        402 | 403 => "permission_denied",
        404 => "not_found",
        429 => "rate_limit_exceeded",
        503 | 529 => "service_unavailable",
        504 => "gateway_timeout",
        _ if status < 500 => "invalid_request",
        _ => "api_error",
    }
}

pub(crate) fn error_body(status: u16, message: &str) -> String {
    json!({ "error": { "message": message, "code": code_of(status) } }).to_string()
}
