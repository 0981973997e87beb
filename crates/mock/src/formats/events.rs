//! The format of `StreamingResponse`: `event`, `id`, `data`, an empty line. Always a stream.

use std::io::Write;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::{Counts, Frames, Part, arguments_of, call_id, put};
use crate::answer::{Omit, ToolCall};
use crate::clock::iso;
use crate::fault::InStreamError;

#[derive(Debug, Default)]
pub(crate) struct Events {
    ids: bool,
    next: u64,
}

impl Events {
    /// With `ids`, frames are numbered from 1.
    pub(crate) fn new(ids: bool) -> Self {
        Self { ids, next: 1 }
    }

    fn opening(&mut self, out: &mut Vec<u8>, event: &str) {
        let _ = writeln!(out, "event: {event}");
        if self.ids {
            let _ = writeln!(out, "id: {}", self.next);
        }
        self.next += 1;
        out.extend_from_slice(b"data: ");
    }

    fn json(&mut self, out: &mut Vec<u8>, event: &str, data: &Value) {
        self.opening(out, event);
        put(out, data);
        out.extend_from_slice(b"\n\n");
    }
}

impl Frames for Events {
    fn has(&self, part: Part, omit: Omit) -> bool {
        match part {
            Part::Start => !omit.start,
            Part::Metadata => true,
            // It goes with `done`.
            Part::Finish => false,
            Part::Usage => !omit.usage,
            Part::Done => !omit.done,
        }
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        self.json(out, "start", &json!({ "timestamp": iso(SystemTime::now()) }));
    }

    fn metadata(&mut self, out: &mut Vec<u8>, data: &Value) {
        self.json(out, "metadata", data);
    }

    fn reasoning(&mut self, out: &mut Vec<u8>, text: &str) {
        self.json(out, "reasoning", &json!({ "reasoning": text }));
    }

    fn token(&mut self, out: &mut Vec<u8>, text: &str, index: u64) {
        self.opening(out, "token");
        out.extend_from_slice(b"{\"token\":");
        put(out, text);
        let _ = write!(out, ",\"index\":{index}}}\n\n");
    }

    fn call(&mut self, out: &mut Vec<u8>, index: usize, call: &ToolCall) {
        let id = call_id(call, index, "call");
        let call = json!({ "id": id, "index": index, "name": call.name, "arguments": arguments_of(call) });
        self.json(out, "tool_call", &call);
    }

    fn finish(&mut self, _out: &mut Vec<u8>, _reason: Option<&str>) {}

    fn usage(&mut self, out: &mut Vec<u8>, counts: Counts) {
        let mut usage = json!({
            "promptTokens": counts.prompt,
            "completionTokens": counts.completion(),
            "totalTokens": counts.prompt + counts.completion(),
        });
        if let (true, Value::Object(map)) = (counts.reasoning > 0, &mut usage) {
            map.insert("reasoningTokens".to_owned(), counts.reasoning.into());
        }
        self.json(out, "usage", &usage);
    }

    fn done(&mut self, out: &mut Vec<u8>, finish: &str) {
        let mut data = json!({ "timestamp": iso(SystemTime::now()) });
        if let (true, Value::Object(map)) = (finish != "stop", &mut data) {
            map.insert("finishReason".to_owned(), finish.into());
        }
        self.json(out, "done", &data);
    }

    fn error(&mut self, out: &mut Vec<u8>, error: &InStreamError) {
        self.opening(out, "error");
        out.extend_from_slice(b"{\"error\":");
        put(out, &error.message);
        if let Some(code) = &error.code {
            out.extend_from_slice(b",\"code\":");
            put(out, code);
        } else if let Some(kind) = &error.kind {
            out.extend_from_slice(b",\"code\":");
            put(out, kind);
        }
        if let Some(status) = error.status {
            let _ = write!(out, ",\"details\":{{\"status\":{status}}}");
        }
        out.extend_from_slice(b"}\n\n");
        if error.done.unwrap_or(true) {
            self.json(out, "done", &json!({ "timestamp": iso(SystemTime::now()), "aborted": true }));
        }
    }
}

pub(crate) fn error_body(message: &str, code: &str) -> String {
    json!({ "error": message, "code": code }).to_string()
}
