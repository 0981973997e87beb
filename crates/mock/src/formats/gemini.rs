//! Google's `generateContent`: chunks as server-sent events with CRLF (`alt=sse`), or as the elements of one JSON array;
//! and one object where no stream is asked for. The shapes are those of <https://ai.google.dev/api/generate-content>.

use std::io::Write;

use serde_json::{Map, Value, json};

use super::{Counts, Frames, Identity, Part, Whole, arguments_of, put, signature_of};
use crate::answer::{Answer, Omit, ToolCall};
use crate::fault::InStreamError;

/// Encodes chunks. There is no terminal marker: the last chunk has the finish reason.
#[derive(Debug)]
pub(crate) struct Gemini {
    /// What stands behind the candidates of every chunk but the last.
    suffix: Vec<u8>,
    /// The same for the last.
    last: Vec<u8>,
    signature: Option<String>,
    array: bool,
    /// Whether a chunk stands before the next one.
    begun: bool,
}

impl Gemini {
    pub(crate) fn new(identity: &Identity, counts: Counts, answer: &Answer, array: bool) -> Self {
        let tail = |usage: Value| {
            let mut tail = Vec::new();
            if !answer.omit.usage {
                tail.extend_from_slice(b",\"usageMetadata\":");
                put(&mut tail, &usage);
            }
            tail.extend_from_slice(b",\"modelVersion\":");
            put(&mut tail, &identity.model);
            tail.extend_from_slice(b",\"responseId\":");
            put(&mut tail, response_id(identity));
            tail.push(b'}');
            tail
        };
        Self {
            suffix: tail(json!({ "promptTokenCount": counts.prompt, "totalTokenCount": counts.prompt })),
            last: tail(usage(counts)),
            signature: answer.reasoning.is_some().then(|| signature_of(identity)),
            array,
            begun: false,
        }
    }

    fn opening(&mut self, out: &mut Vec<u8>) {
        let first = !std::mem::replace(&mut self.begun, true);
        out.extend_from_slice(match (self.array, first) {
            (false, _) => b"data: ".as_slice(),
            (true, true) => b"[",
            (true, false) => b",\r\n",
        });
    }

    fn closing(&self, out: &mut Vec<u8>) {
        if !self.array {
            out.extend_from_slice(b"\r\n\r\n");
        }
    }

    fn parts(&mut self, out: &mut Vec<u8>, parts: impl FnOnce(&mut Vec<u8>)) {
        self.opening(out);
        out.extend_from_slice(b"{\"candidates\":[{\"content\":{\"parts\":[");
        parts(out);
        out.extend_from_slice(b"],\"role\":\"model\"},\"index\":0}]");
        out.extend_from_slice(&self.suffix);
        self.closing(out);
    }
}

impl Frames for Gemini {
    fn has(&self, part: Part, omit: Omit) -> bool {
        match part {
            // Usage goes with every chunk.
            Part::Start | Part::Metadata | Part::Usage => false,
            Part::Finish => !omit.finish || !omit.usage,
            Part::Done => self.array && !omit.done,
        }
    }

    fn start(&mut self, _out: &mut Vec<u8>) {}

    fn reasoning(&mut self, out: &mut Vec<u8>, text: &str) {
        self.parts(out, |out| {
            out.extend_from_slice(b"{\"text\":");
            put(out, text);
            out.extend_from_slice(b",\"thought\":true}");
        });
    }

    fn token(&mut self, out: &mut Vec<u8>, text: &str, _index: u64) {
        self.parts(out, |out| {
            out.extend_from_slice(b"{\"text\":");
            put(out, text);
            out.push(b'}');
        });
    }

    fn call(&mut self, out: &mut Vec<u8>, _index: usize, call: &ToolCall) {
        let part = call_part(call, self.signature.take());
        self.parts(out, |out| put(out, &part));
    }

    fn finish(&mut self, out: &mut Vec<u8>, reason: Option<&str>) {
        let mut part = json!({ "text": "" });
        if let (Some(signature), Value::Object(map)) = (self.signature.take(), &mut part) {
            map.insert("thoughtSignature".to_owned(), signature.into());
        }
        self.opening(out);
        out.extend_from_slice(b"{\"candidates\":[{\"content\":{\"parts\":[");
        put(out, &part);
        out.extend_from_slice(b"],\"role\":\"model\"}");
        if let Some(reason) = reason {
            let _ = write!(out, ",\"finishReason\":");
            put(out, finish_reason(reason));
        }
        out.extend_from_slice(b",\"index\":0}]");
        out.extend_from_slice(&self.last);
        self.closing(out);
    }

    fn done(&mut self, out: &mut Vec<u8>, _finish: &str) {
        out.extend_from_slice(if self.begun { b"\r\n]".as_slice() } else { b"[]" });
    }

    fn error(&mut self, out: &mut Vec<u8>, error: &InStreamError) {
        let code = error.code.as_ref().and_then(Value::as_u64).or(error.status).unwrap_or(500);
        // A word of another API's is not one of this one's.
        let kind =
            error.kind.as_deref().filter(|kind| kind.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'));
        let kind = kind.unwrap_or_else(|| kind_of(u16::try_from(code).unwrap_or(500)));
        self.opening(out);
        put(out, &json!({ "error": { "code": code, "message": error.message, "status": kind } }));
        self.closing(out);
        if self.array && error.done.unwrap_or(true) {
            self.done(out, "");
        }
    }
}

/// The whole answer as one chunk.
pub(crate) fn whole(whole: &Whole<'_>) -> String {
    let Whole { answer, identity, counts, .. } = whole;
    let mut parts = Vec::new();
    let mut signature = None;
    if let Some(thought) = whole.reasoning() {
        parts.push(json!({ "text": thought, "thought": true }));
        signature = Some(signature_of(identity));
    }
    let text = whole.text();
    if !text.is_empty() {
        parts.push(json!({ "text": text }));
    }
    for call in &answer.tool_calls {
        parts.push(call_part(call, signature.take()));
    }
    let mut candidate = json!({ "content": { "parts": parts, "role": "model" }, "index": 0 });
    if let (false, Value::Object(map)) = (answer.omit.finish, &mut candidate) {
        map.insert("finishReason".to_owned(), finish_reason(whole.finish).into());
    }
    let mut response = json!({
        "candidates": [candidate],
        "modelVersion": identity.model,
        "responseId": response_id(identity),
    });
    if let (false, Value::Object(map)) = (answer.omit.usage, &mut response) {
        map.insert("usageMetadata".to_owned(), usage(*counts));
    }
    response.to_string()
}

/// A call comes whole in one part. It has an id only where one was given: most models give none.
fn call_part(call: &ToolCall, signature: Option<String>) -> Value {
    let mut function =
        Map::from_iter([("name".to_owned(), call.name.as_str().into()), ("args".to_owned(), arguments_of(call))]);
    if let Some(id) = &call.id {
        function.insert("id".to_owned(), id.as_str().into());
    }
    let mut part = Map::from_iter([("functionCall".to_owned(), Value::Object(function))]);
    if let Some(signature) = signature {
        part.insert("thoughtSignature".to_owned(), signature.into());
    }
    Value::Object(part)
}

fn response_id(identity: &Identity) -> &str {
    identity.id.get(..22).unwrap_or(&identity.id)
}

fn usage(counts: Counts) -> Value {
    let mut usage = json!({
        "promptTokenCount": counts.prompt,
        "candidatesTokenCount": counts.answer,
        "totalTokenCount": counts.prompt + counts.completion(),
    });
    if let (true, Value::Object(map)) = (counts.reasoning > 0, &mut usage) {
        map.insert("thoughtsTokenCount".to_owned(), counts.reasoning.into());
    }
    usage
}

/// OpenAI's words for it, or what a test wants in their place. Calls end like any other answer.
fn finish_reason(finish: &str) -> &str {
    match finish {
        "stop" | "tool_calls" => "STOP",
        "length" => "MAX_TOKENS",
        "content_filter" => "SAFETY",
        other => other,
    }
}

/// The canonical status that goes with an HTTP status.
fn kind_of(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        402 | 403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        503 | 529 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ if status < 500 => "INVALID_ARGUMENT",
        _ => "INTERNAL",
    }
}

pub(crate) fn message_of(status: u16) -> &'static str {
    match status {
        401 => "Request had invalid authentication credentials.",
        402 | 403 => "The caller does not have permission",
        404 => "The model is not found for API version v1beta, or is not supported for generateContent.",
        429 => "You exceeded your current quota, please check your plan and billing details.",
        503 | 529 => "The model is overloaded. Please try again later.",
        504 => "Deadline expired before operation could complete.",
        300..=399 => "See the Location header.",
        _ if status < 500 => "Request contains an invalid argument.",
        _ => "An internal error has occurred. Please retry.",
    }
}

pub(crate) fn error_body(status: u16, message: &str) -> String {
    json!({ "error": { "code": status, "message": message, "status": kind_of(status) } }).to_string()
}
