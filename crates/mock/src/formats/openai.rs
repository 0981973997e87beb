//! OpenAI's chat completions: chunks that end with `[DONE]`, and one object where no stream is asked for.

use std::io::Write;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Counts, Frames, Identity, Part, Whole, call_id, put, text};
use crate::answer::{Answer, Omit, ToolCall};
use crate::fault::InStreamError;

/// Encodes chunks, with all that doesn't change from chunk to chunk written once.
#[derive(Debug)]
pub(crate) struct OpenAi {
    prefix: Vec<u8>,
    usage: bool,
    reasoning_field: String,
}

impl OpenAi {
    /// With `usage`, every chunk says `"usage":null` until the one that counts, as under `include_usage`.
    pub(crate) fn new(identity: &Identity, answer: &Answer, usage: bool) -> Self {
        let mut prefix = b"data: {\"id\":".to_vec();
        put(&mut prefix, &format!("chatcmpl-{}", identity.id));
        let _ = write!(prefix, ",\"object\":\"chat.completion.chunk\",\"created\":{},\"model\":", identity.created);
        put(&mut prefix, &identity.model);
        prefix
            .extend_from_slice(b",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_62a23a81ef\",\"choices\":[");
        Self { prefix, usage, reasoning_field: answer.reasoning_field.clone() }
    }

    fn chunk(&self, out: &mut Vec<u8>, delta: impl FnOnce(&mut Vec<u8>), finish: Option<&str>) {
        out.extend_from_slice(&self.prefix);
        out.extend_from_slice(b"{\"index\":0,\"delta\":{");
        delta(out);
        out.extend_from_slice(b"},\"logprobs\":null,\"finish_reason\":");
        put(out, &finish);
        out.extend_from_slice(if self.usage { b"}],\"usage\":null}\n\n" } else { b"}]}\n\n" });
    }

    fn text(&self, out: &mut Vec<u8>, field: &str, text: &str) {
        let delta = |out: &mut Vec<u8>| {
            put(out, field);
            out.push(b':');
            put(out, text);
        };
        self.chunk(out, delta, None);
    }
}

impl Frames for OpenAi {
    fn has(&self, part: Part, omit: Omit) -> bool {
        match part {
            Part::Start => !omit.start,
            Part::Metadata => false,
            Part::Finish => !omit.finish,
            Part::Usage => self.usage && !omit.usage,
            Part::Done => !omit.done,
        }
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        self.chunk(out, |out| out.extend_from_slice(br#""role":"assistant","content":"","refusal":null"#), None);
    }

    fn reasoning(&mut self, out: &mut Vec<u8>, text: &str) {
        self.text(out, &self.reasoning_field, text);
    }

    fn token(&mut self, out: &mut Vec<u8>, text: &str, _index: u64) {
        self.text(out, "content", text);
    }

    fn call(&mut self, out: &mut Vec<u8>, index: usize, call: &ToolCall) {
        let delta = |out: &mut Vec<u8>| {
            out.extend_from_slice(if index == 0 { b"\"content\":null,\"tool_calls\":" } else { b"\"tool_calls\":" });
            let _ = write!(out, "[{{\"index\":{index},\"id\":");
            put(out, &call_id(call, index, "call"));
            out.extend_from_slice(b",\"type\":\"function\",\"function\":{\"name\":");
            put(out, &call.name);
            out.extend_from_slice(b",\"arguments\":\"\"}}]");
        };
        self.chunk(out, delta, None);
    }

    fn has_pieces(&self) -> bool {
        true
    }

    fn arguments(&mut self, out: &mut Vec<u8>, index: usize, piece: &str) {
        let delta = |out: &mut Vec<u8>| {
            let _ = write!(out, "\"tool_calls\":[{{\"index\":{index},\"function\":{{\"arguments\":");
            put(out, piece);
            out.extend_from_slice(b"}}]");
        };
        self.chunk(out, delta, None);
    }

    fn finish(&mut self, out: &mut Vec<u8>, reason: Option<&str>) {
        self.chunk(out, |_| {}, reason);
    }

    fn usage(&mut self, out: &mut Vec<u8>, counts: Counts) {
        out.extend_from_slice(&self.prefix);
        out.extend_from_slice(b"],\"usage\":");
        put(out, &Usage::from(counts));
        out.extend_from_slice(b"}\n\n");
    }

    fn done(&mut self, out: &mut Vec<u8>, _finish: &str) {
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    fn error(&mut self, out: &mut Vec<u8>, error: &InStreamError) {
        in_stream_error(out, error);
        if error.done.unwrap_or(false) {
            self.done(out, "");
        }
    }
}

/// A failure in place of a chunk.
pub(super) fn in_stream_error(out: &mut Vec<u8>, error: &InStreamError) {
    let InStreamError { message, kind, code, status, .. } = error;
    let error = ApiError { message, kind: kind.as_deref(), param: None, code: code.as_ref(), status: *status };
    out.extend_from_slice(b"data: ");
    put(out, &Failure { error });
    out.extend_from_slice(b"\n\n");
}

/// An error as the API describes it.
#[derive(Serialize)]
struct Failure<'a> {
    error: ApiError<'a>,
}

#[derive(Serialize)]
struct ApiError<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: Option<&'a str>,
    param: Option<&'a str>,
    code: Option<&'a Value>,
    /// Some servers repeat the status, or invent one, inside a stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u64>,
}

/// The usage object of the chat completions API.
#[derive(Serialize)]
struct Usage {
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

impl From<Counts> for Usage {
    fn from(counts: Counts) -> Self {
        let completion_tokens = counts.completion();
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

/// The whole answer as one `chat.completion`.
pub(crate) fn whole(whole: &Whole<'_>) -> String {
    let Whole { answer, identity, .. } = whole;
    let call = |(index, call): (usize, &ToolCall)| {
        let function = json!({ "name": call.name, "arguments": call.arguments });
        json!({ "id": call_id(call, index, "call"), "type": "function", "function": function })
    };
    let reasoning = whole.reasoning();
    let other = answer.reasoning_field == "reasoning";
    let message = Message {
        role: "assistant",
        content: &whole.text(),
        refusal: None,
        reasoning_content: reasoning.as_deref().filter(|_| !other),
        reasoning: reasoning.as_deref().filter(|_| other),
        tool_calls: answer.tool_calls.iter().enumerate().map(call).collect(),
    };
    let finish_reason = (!answer.omit.finish).then_some(whole.finish);
    text(&Completion {
        id: &format!("chatcmpl-{}", identity.id),
        object: "chat.completion",
        created: identity.created,
        model: &identity.model,
        choices: [Choice { index: 0, message, logprobs: None, finish_reason }],
        usage: (!answer.omit.usage).then(|| whole.counts.into()),
        service_tier: "default",
        system_fingerprint: "fp_62a23a81ef",
    })
}

#[derive(Serialize)]
struct Completion<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: [Choice<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    service_tier: &'static str,
    system_fingerprint: &'static str,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    message: Message<'a>,
    logprobs: Option<&'a str>,
    finish_reason: Option<&'a str>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Value>,
}

/// What the API says with a status: message, type, code.
pub(crate) fn words_of(status: u16) -> (&'static str, &'static str, Option<&'static str>) {
    match status {
        400 => ("The request was malformed.", "invalid_request_error", None),
        401 => ("Incorrect API key provided: ***.", "invalid_request_error", Some("invalid_api_key")),
        402 => ("Your account has no credit left.", "billing_error", Some("billing_not_active")),
        403 => (
            "You are not allowed to use this model.",
            "invalid_request_error",
            Some("unsupported_country_region_territory"),
        ),
        404 => (
            "The model does not exist or you do not have access to it.",
            "invalid_request_error",
            Some("model_not_found"),
        ),
        408 => ("The request took too long to arrive.", "invalid_request_error", Some("request_timeout")),
        413 => ("The request is too large.", "invalid_request_error", Some("request_too_large")),
        429 => ("Rate limit reached. Please try again later.", "requests", Some("rate_limit_exceeded")),
        503 => {
            ("The engine is currently overloaded, please try again later.", "server_error", Some("engine_overloaded"))
        }
        504 => ("The upstream server did not answer in time.", "server_error", Some("gateway_timeout")),
        529 => ("Overloaded", "overloaded_error", Some("overloaded_error")),
        300..=399 => ("See the Location header.", "redirect", None),
        _ if status < 500 => ("The request was refused.", "invalid_request_error", None),
        _ => ("The server had an error while processing your request. Sorry about that!", "server_error", None),
    }
}

pub(crate) fn error_body(message: &str, kind: &str, code: Option<&str>) -> String {
    let code = code.map(Value::from);
    text(&Failure { error: ApiError { message, kind: Some(kind), param: None, code: code.as_ref(), status: None } })
}
