//! The frames of the two formats a generated answer comes in: OpenAI's chat completion chunks, and `events`.

use std::io::Write;

use serde::Serialize;
use serde_json::Value;

use crate::fault::InStreamError;

/// What is the same in every frame of one answer.
#[derive(Debug)]
pub(crate) struct Identity {
    /// `chatcmpl-…`
    pub(crate) id: String,
    /// Seconds since 1970.
    pub(crate) created: u64,
    pub(crate) model: String,
}

/// Token counts as the mock makes them up: a request's characters by four, an answer's tokens as sent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) prompt: u64,
    pub(crate) answer: u64,
    pub(crate) reasoning: u64,
}

/// Writes JSON into a buffer, where it can't fail.
fn put(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let _ = serde_json::to_writer(out, value);
}

/// Encodes OpenAI chunks, with all that doesn't change from chunk to chunk written once.
#[derive(Debug)]
pub(crate) struct OpenAiFrames {
    prefix: Vec<u8>,
    usage: bool,
}

impl OpenAiFrames {
    /// With `usage`, every chunk says `"usage":null` until the one that counts, as under `include_usage`.
    pub(crate) fn new(identity: &Identity, usage: bool) -> Self {
        let mut prefix = b"data: {\"id\":".to_vec();
        put(&mut prefix, &identity.id);
        let _ = write!(prefix, ",\"object\":\"chat.completion.chunk\",\"created\":{},\"model\":", identity.created);
        put(&mut prefix, &identity.model);
        prefix
            .extend_from_slice(b",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_62a23a81ef\",\"choices\":[");
        Self { prefix, usage }
    }

    fn chunk(&self, out: &mut Vec<u8>, delta: impl FnOnce(&mut Vec<u8>), finish: Option<&str>) {
        out.extend_from_slice(&self.prefix);
        out.extend_from_slice(b"{\"index\":0,\"delta\":{");
        delta(out);
        out.extend_from_slice(b"},\"logprobs\":null,\"finish_reason\":");
        put(out, &finish);
        out.extend_from_slice(if self.usage { b"}],\"usage\":null}\n\n" } else { b"}]}\n\n" });
    }

    pub(crate) fn role(&self, out: &mut Vec<u8>) {
        self.chunk(out, |out| out.extend_from_slice(br#""role":"assistant","content":"","refusal":null"#), None);
    }

    pub(crate) fn text(&self, out: &mut Vec<u8>, field: &str, text: &str) {
        let delta = |out: &mut Vec<u8>| {
            put(out, field);
            out.push(b':');
            put(out, text);
        };
        self.chunk(out, delta, None);
    }

    /// A token of `bytes` bytes is written between these two.
    pub(crate) fn text_opening(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.prefix);
        out.extend_from_slice(b"{\"index\":0,\"delta\":{\"content\":\"");
    }

    pub(crate) fn text_closing(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\"},\"logprobs\":null,\"finish_reason\":null");
        out.extend_from_slice(if self.usage { b"}],\"usage\":null}\n\n" } else { b"}]}\n\n" });
    }

    pub(crate) fn tool_call(&self, out: &mut Vec<u8>, index: usize, id: &str, name: &str) {
        let delta = |out: &mut Vec<u8>| {
            out.extend_from_slice(if index == 0 { b"\"content\":null,\"tool_calls\":" } else { b"\"tool_calls\":" });
            let _ = write!(out, "[{{\"index\":{index},\"id\":");
            put(out, id);
            out.extend_from_slice(b",\"type\":\"function\",\"function\":{\"name\":");
            put(out, name);
            out.extend_from_slice(b",\"arguments\":\"\"}}]");
        };
        self.chunk(out, delta, None);
    }

    pub(crate) fn tool_arguments(&self, out: &mut Vec<u8>, index: usize, piece: &str) {
        let delta = |out: &mut Vec<u8>| {
            let _ = write!(out, "\"tool_calls\":[{{\"index\":{index},\"function\":{{\"arguments\":");
            put(out, piece);
            out.extend_from_slice(b"}}]");
        };
        self.chunk(out, delta, None);
    }

    pub(crate) fn finish(&self, out: &mut Vec<u8>, reason: &str) {
        self.chunk(out, |_| {}, Some(reason));
    }

    pub(crate) fn usage(&self, out: &mut Vec<u8>, counts: Counts) {
        out.extend_from_slice(&self.prefix);
        out.extend_from_slice(b"],\"usage\":");
        put(out, &OpenAiUsage::from(counts));
        out.extend_from_slice(b"}\n\n");
    }

    pub(crate) fn error(out: &mut Vec<u8>, error: &InStreamError) {
        let InStreamError { message, kind, code, status, .. } = error;
        let error = ApiError { message, kind: kind.as_deref(), param: None, code: code.as_ref(), status: *status };
        out.extend_from_slice(b"data: ");
        put(out, &Failure { error });
        out.extend_from_slice(b"\n\n");
    }

    pub(crate) fn done(out: &mut Vec<u8>) {
        out.extend_from_slice(b"data: [DONE]\n\n");
    }
}

/// An error as the API describes it.
#[derive(Serialize)]
pub(crate) struct Failure<'a> {
    pub(crate) error: ApiError<'a>,
}

#[derive(Serialize)]
pub(crate) struct ApiError<'a> {
    pub(crate) message: &'a str,
    #[serde(rename = "type")]
    pub(crate) kind: Option<&'a str>,
    pub(crate) param: Option<&'a str>,
    pub(crate) code: Option<&'a Value>,
    /// Some servers repeat the status, or invent one, inside a stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u64>,
}

/// The usage object of the chat completions API.
#[derive(Serialize)]
pub(crate) struct OpenAiUsage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

#[derive(Serialize)]
struct PromptDetails {
    cached_tokens: u64,
    audio_tokens: u64,
}

#[derive(Serialize)]
struct CompletionDetails {
    reasoning_tokens: u64,
    audio_tokens: u64,
    accepted_prediction_tokens: u64,
    rejected_prediction_tokens: u64,
}

impl From<Counts> for OpenAiUsage {
    fn from(counts: Counts) -> Self {
        let completion_tokens = counts.answer + counts.reasoning;
        Self {
            prompt_tokens: counts.prompt,
            completion_tokens,
            total_tokens: counts.prompt + completion_tokens,
            prompt_tokens_details: PromptDetails { cached_tokens: 0, audio_tokens: 0 },
            completion_tokens_details: CompletionDetails {
                reasoning_tokens: counts.reasoning,
                audio_tokens: 0,
                accepted_prediction_tokens: 0,
                rejected_prediction_tokens: 0,
            },
        }
    }
}

/// Encodes the frames of `StreamingResponse`: `event`, `id`, `data`, an empty line.
#[derive(Debug, Default)]
pub(crate) struct EventsFrames {
    ids: bool,
    next: u64,
}

impl EventsFrames {
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

    pub(crate) fn json(&mut self, out: &mut Vec<u8>, event: &str, data: &Value) {
        self.opening(out, event);
        put(out, data);
        out.extend_from_slice(b"\n\n");
    }

    pub(crate) fn token(&mut self, out: &mut Vec<u8>, token: &str, index: u64) {
        self.opening(out, "token");
        out.extend_from_slice(b"{\"token\":");
        put(out, token);
        let _ = write!(out, ",\"index\":{index}}}\n\n");
    }

    /// A token of many bytes is written between these two.
    pub(crate) fn token_opening(&mut self, out: &mut Vec<u8>) {
        self.opening(out, "token");
        out.extend_from_slice(b"{\"token\":\"");
    }

    pub(crate) fn token_closing(out: &mut Vec<u8>) {
        out.extend_from_slice(b"\"}\n\n");
    }

    pub(crate) fn error(&mut self, out: &mut Vec<u8>, error: &InStreamError) {
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
    }
}
