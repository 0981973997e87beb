//! Formats that carry another one in the messages of an AWS event stream: Bedrock's InvokeModelWithResponseStream, here
//! with Anthropic's events, and SageMaker's InvokeEndpointWithResponseStream, here with OpenAI's chunks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::anthropic::Anthropic;
use super::openai::OpenAi;
use super::{Counts, FILLER, Frames, Identity, LongToken, MARK, Part, aws};
use crate::answer::{Answer, Omit, Split, ToolCall};
use crate::fault::InStreamError;
use crate::text::mix;

/// Encodes the events of Anthropic's Messages as `chunk`s.
#[derive(Debug)]
pub(crate) struct Invoke {
    inner: Anthropic,
    counts: Counts,
    events: u64,
}

impl Invoke {
    pub(crate) fn new(identity: &Identity, counts: Counts, omit_usage: bool) -> Self {
        Self { inner: Anthropic::new(identity, counts, omit_usage), counts, events: 0 }
    }

    fn pass(&mut self, out: &mut Vec<u8>, write: impl FnOnce(&mut Anthropic, &mut Vec<u8>)) {
        let mut events = Vec::new();
        write(&mut self.inner, &mut events);
        for data in data_of(&String::from_utf8_lossy(&events)) {
            let payload = self.payload(&STANDARD.encode(data));
            aws::event(out, "chunk", "application/json", payload.as_bytes());
        }
    }

    fn payload(&mut self, encoded: &str) -> String {
        self.events += 1;
        json!({ "bytes": encoded, "p": aws::padding(self.events) }).to_string()
    }
}

/// A `chunk` that says nothing.
pub(super) fn ping(out: &mut Vec<u8>) {
    let payload = json!({ "bytes": STANDARD.encode(r#"{"type":"ping"}"#) }).to_string();
    aws::event(out, "chunk", "application/json", payload.as_bytes());
}

/// The data of Anthropic's events that Bedrock passes on: not its pings.
fn data_of(events: &str) -> Vec<String> {
    let data = events.split("\n\n").filter_map(|event| event.split_once("\ndata: "));
    data.filter(|(name, _)| *name != "event: ping").map(|(_, data)| data.to_owned()).collect()
}

impl Frames for Invoke {
    fn has(&self, part: Part, omit: Omit) -> bool {
        self.inner.has(part, omit)
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        self.pass(out, |inner, events| inner.start(events));
    }

    fn reasoning(&mut self, out: &mut Vec<u8>, text: &str) {
        self.pass(out, |inner, events| inner.reasoning(events, text));
    }

    fn token(&mut self, out: &mut Vec<u8>, text: &str, index: u64) {
        self.pass(out, |inner, events| inner.token(events, text, index));
    }

    fn long_token(&mut self, index: u64, bytes: u64) -> LongToken {
        let mut events = Vec::new();
        self.inner.token(&mut events, MARK, index);
        let mut data = data_of(&String::from_utf8_lossy(&events));
        let long = data.pop().unwrap_or_default();
        let mut opening = Vec::new();
        for data in data {
            let payload = self.payload(&STANDARD.encode(data));
            aws::event(&mut opening, "chunk", "application/json", payload.as_bytes());
        }
        let (before, after) = long.split_once(MARK).unwrap_or((&long, ""));
        // Base64 goes by three bytes: white space in front lets the filler begin where one of its groups does.
        let before = format!("{}{before}", " ".repeat((3 - before.len() % 3) % 3));
        let encoded = format!("{}{MARK}{}", STANDARD.encode(before), STANDARD.encode(after));
        let payload = self.payload(&encoded);
        let (before, after) = payload.split_once(MARK).unwrap_or((&payload, ""));
        let groups = (bytes / aws::FILLER_BASE64.len() as u64).max(1);
        let bytes = groups * aws::FILLER_BASE64.len() as u64;
        let payload = [before.as_bytes(), after.as_bytes()];
        let mut long = aws::long_event("chunk", "application/json", payload, aws::FILLER_BASE64, bytes);
        opening.append(&mut long.before);
        LongToken { before: opening, ..long }
    }

    fn call(&mut self, out: &mut Vec<u8>, index: usize, call: &ToolCall) {
        self.pass(out, |inner, events| inner.call(events, index, call));
    }

    fn has_pieces(&self) -> bool {
        true
    }

    fn arguments(&mut self, out: &mut Vec<u8>, index: usize, piece: &str) {
        self.pass(out, |inner, events| inner.arguments(events, index, piece));
    }

    fn finish(&mut self, out: &mut Vec<u8>, reason: Option<&str>) {
        self.pass(out, |inner, events| inner.finish(events, reason));
    }

    fn done(&mut self, out: &mut Vec<u8>, finish: &str) {
        let mut events = Vec::new();
        self.inner.done(&mut events, finish);
        for data in data_of(&String::from_utf8_lossy(&events)) {
            let mut data: Value = serde_json::from_str(&data).unwrap_or_default();
            if let (true, Value::Object(map)) = (data["type"] == "message_stop", &mut data) {
                let metrics = json!({
                    "inputTokenCount": self.counts.prompt,
                    "outputTokenCount": self.counts.completion(),
                    "invocationLatency": 234,
                    "firstByteLatency": 123,
                });
                map.insert("amazon-bedrock-invocationMetrics".to_owned(), metrics);
            }
            let payload = self.payload(&STANDARD.encode(data.to_string()));
            aws::event(out, "chunk", "application/json", payload.as_bytes());
        }
    }

    fn error(&mut self, out: &mut Vec<u8>, error: &InStreamError) {
        let (name, payload) = aws::bedrock_exception(error);
        aws::exception(out, &name, &payload);
    }
}

/// Encodes OpenAI's chunks as the parts of a payload, one part a frame, or in parts of any length.
#[derive(Debug)]
pub(crate) struct SageMaker {
    inner: OpenAi,
    cut: Option<Split>,
    seed: u64,
    draws: u64,
}

impl SageMaker {
    pub(crate) fn new(identity: &Identity, answer: &Answer, usage: bool) -> Self {
        let inner = OpenAi::new(identity, answer, usage);
        Self { inner, cut: answer.cut.parts, seed: answer.seed, draws: 0 }
    }

    fn pass(&mut self, out: &mut Vec<u8>, write: impl FnOnce(&mut OpenAi, &mut Vec<u8>)) {
        let mut bytes = Vec::new();
        write(&mut self.inner, &mut bytes);
        self.parts(out, &bytes);
    }

    fn parts(&mut self, out: &mut Vec<u8>, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let size = match self.cut {
                None => rest.len(),
                Some(Split::Bytes(size)) => size.max(1),
                Some(Split::Random) => {
                    self.draws += 1;
                    (mix(self.seed ^ 0x9a27, self.draws) % 64) as usize + 1
                }
            };
            let (part, later) = rest.split_at(size.min(rest.len()));
            aws::event(out, "PayloadPart", "application/octet-stream", part);
            rest = later;
        }
    }
}

impl Frames for SageMaker {
    fn has(&self, part: Part, omit: Omit) -> bool {
        self.inner.has(part, omit)
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        self.pass(out, |inner, bytes| inner.start(bytes));
    }

    fn reasoning(&mut self, out: &mut Vec<u8>, text: &str) {
        self.pass(out, |inner, bytes| inner.reasoning(bytes, text));
    }

    fn token(&mut self, out: &mut Vec<u8>, text: &str, index: u64) {
        self.pass(out, |inner, bytes| inner.token(bytes, text, index));
    }

    fn long_token(&mut self, index: u64, bytes: u64) -> LongToken {
        let inner = self.inner.long_token(index, bytes);
        let payload = [inner.before.as_slice(), inner.after.as_slice()];
        aws::long_event("PayloadPart", "application/octet-stream", payload, FILLER, bytes)
    }

    fn call(&mut self, out: &mut Vec<u8>, index: usize, call: &ToolCall) {
        self.pass(out, |inner, bytes| inner.call(bytes, index, call));
    }

    fn has_pieces(&self) -> bool {
        true
    }

    fn arguments(&mut self, out: &mut Vec<u8>, index: usize, piece: &str) {
        self.pass(out, |inner, bytes| inner.arguments(bytes, index, piece));
    }

    fn finish(&mut self, out: &mut Vec<u8>, reason: Option<&str>) {
        self.pass(out, |inner, bytes| inner.finish(bytes, reason));
    }

    fn usage(&mut self, out: &mut Vec<u8>, counts: Counts) {
        self.pass(out, |inner, bytes| inner.usage(bytes, counts));
    }

    fn done(&mut self, out: &mut Vec<u8>, finish: &str) {
        self.pass(out, |inner, bytes| inner.done(bytes, finish));
    }

    fn error(&mut self, out: &mut Vec<u8>, error: &InStreamError) {
        let code = error.code.as_ref().and_then(Value::as_str);
        if error.kind.as_deref() == Some("InternalStreamFailure") {
            aws::exception(out, "InternalStreamFailure", &json!({ "Message": error.message }));
        } else {
            let payload = json!({ "Message": error.message, "ErrorCode": code.unwrap_or("StreamBroken") });
            aws::exception(out, "ModelStreamError", &payload);
        }
    }
}
