//! Cloudflare's Workers AI on its own path: `{"response": …}` frames that end with `[DONE]`, calls whole in one of them,
//! and one object in Cloudflare's envelope where no stream is asked for. Models that reason answer there in OpenAI's
//! chunks. The shapes are those of <https://developers.cloudflare.com/workers-ai/>.

use std::io::Write;

use serde_json::{Value, json};

use super::{Counts, Frames, Part, Whole, arguments_of, aws::padding, put};
use crate::answer::{Omit, ToolCall};
use crate::fault::InStreamError;

/// Encodes frames.
#[derive(Debug, Default)]
pub(crate) struct WorkersAi {
    frames: u64,
}

impl WorkersAi {
    fn frame(out: &mut Vec<u8>, data: &Value) {
        out.extend_from_slice(b"data: ");
        put(out, data);
        out.extend_from_slice(b"\n\n");
    }
}

impl Frames for WorkersAi {
    fn has(&self, part: Part, omit: Omit) -> bool {
        match part {
            Part::Start | Part::Metadata => false,
            Part::Finish => !omit.finish,
            Part::Usage => !omit.usage,
            Part::Done => !omit.done,
        }
    }

    fn start(&mut self, _out: &mut Vec<u8>) {}

    fn reasoning(&mut self, _out: &mut Vec<u8>, _text: &str) {}

    fn token(&mut self, out: &mut Vec<u8>, text: &str, _index: u64) {
        self.frames += 1;
        out.extend_from_slice(b"data: {\"response\":");
        put(out, text);
        let _ = write!(out, ",\"p\":\"{}\"}}\n\n", padding(self.frames));
    }

    fn call(&mut self, out: &mut Vec<u8>, _index: usize, call: &ToolCall) {
        Self::frame(out, &json!({ "response": "", "tool_calls": [tool_call(call)] }));
    }

    fn finish(&mut self, out: &mut Vec<u8>, reason: Option<&str>) {
        Self::frame(out, &json!({ "response": "", "finish_reason": reason }));
    }

    fn usage(&mut self, out: &mut Vec<u8>, counts: Counts) {
        Self::frame(out, &json!({ "response": "", "usage": usage(counts) }));
    }

    fn done(&mut self, out: &mut Vec<u8>, _finish: &str) {
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    fn error(&mut self, out: &mut Vec<u8>, error: &InStreamError) {
        let status = error.status.and_then(|status| u16::try_from(status).ok()).unwrap_or(500);
        let code = error.code.clone().unwrap_or_else(|| code_of(status).into());
        Self::frame(out, &json!({ "errors": [{ "code": code, "message": error.message }], "success": false }));
        if error.done.unwrap_or(false) {
            self.done(out, "");
        }
    }
}

/// Most models give a call no id.
fn tool_call(call: &ToolCall) -> Value {
    let mut value = json!({ "name": call.name, "arguments": arguments_of(call) });
    if let (Some(id), Value::Object(map)) = (&call.id, &mut value) {
        map.insert("id".to_owned(), id.as_str().into());
    }
    value
}

/// The whole answer in Cloudflare's envelope. `chat`: that of OpenAI, for a model that reasons.
pub(crate) fn whole(whole: &Whole<'_>, chat: Option<String>) -> String {
    let Whole { answer, .. } = whole;
    let result = match chat.and_then(|chat| serde_json::from_str(&chat).ok()) {
        Some(chat) => chat,
        None => {
            let mut result = json!({ "response": whole.text() });
            if let (false, Value::Object(map)) = (answer.tool_calls.is_empty(), &mut result) {
                map.insert("tool_calls".to_owned(), answer.tool_calls.iter().map(tool_call).collect());
            }
            whole.put_ending(&mut result, ("finish_reason", whole.finish), usage);
            result
        }
    };
    json!({ "result": result, "success": true, "errors": [], "messages": [] }).to_string()
}

fn usage(counts: Counts) -> Value {
    json!({
        "prompt_tokens": counts.prompt,
        "completion_tokens": counts.completion(),
        "total_tokens": counts.prompt + counts.completion(),
    })
}

/// Cloudflare's number for what goes with a status.
fn code_of(status: u16) -> u64 {
    match status {
        401 => 10_000,
        402 | 403 => 5018,
        404 => 3042,
        405 => 5019,
        408 | 504 => 3007,
        413 => 3006,
        429 => 3036,
        503 | 529 => 3040,
        _ if status < 500 => 5004,
        _ => 3043,
    }
}

pub(crate) fn message_of(status: u16) -> &'static str {
    match status {
        401 => "Authentication error",
        402 | 403 => "This account is not allowed to use this model.",
        404 => "Model not found",
        408 | 504 => "Request timeout",
        413 => "Request too large",
        429 => "You have used up your daily free allocation of 10,000 neurons.",
        503 | 529 => "Capacity temporarily exceeded, please try again.",
        300..=399 => "See the Location header.",
        _ if status < 500 => "Invalid data",
        _ => "Internal server error",
    }
}

pub(crate) fn error_body(status: u16, message: &str) -> String {
    let errors = json!([{ "code": code_of(status), "message": message }]);
    json!({ "result": null, "success": false, "errors": errors, "messages": [] }).to_string()
}
