//! OpenAI's legacy completions: a text continued, in chunks that end with `[DONE]`, or whole. Neither reasoning nor calls.

use serde_json::{Value, json};

use super::{Counts, Frames, Identity, Part, Whole, openai, put, text};
use crate::answer::{Omit, ToolCall};
use crate::fault::InStreamError;

/// Encodes chunks.
#[derive(Debug)]
pub(crate) struct Completions {
    id: String,
    created: u64,
    model: String,
    usage: bool,
}

impl Completions {
    pub(crate) fn new(identity: &Identity, usage: bool) -> Self {
        Self { id: completion_id(identity), created: identity.created, model: identity.model.clone(), usage }
    }

    fn chunk(&self, out: &mut Vec<u8>, choices: Value, usage: Option<Value>) {
        let mut chunk = json!({
            "id": self.id,
            "object": "text_completion",
            "created": self.created,
            "choices": choices,
            "model": self.model,
        });
        if let (true, Value::Object(map)) = (self.usage, &mut chunk) {
            map.insert("usage".to_owned(), usage.unwrap_or(Value::Null));
        }
        out.extend_from_slice(b"data: ");
        put(out, &chunk);
        out.extend_from_slice(b"\n\n");
    }
}

impl Frames for Completions {
    fn has(&self, part: Part, omit: Omit) -> bool {
        match part {
            Part::Start | Part::Metadata => false,
            Part::Finish => !omit.finish,
            Part::Usage => self.usage && !omit.usage,
            Part::Done => !omit.done,
        }
    }

    fn start(&mut self, _out: &mut Vec<u8>) {}

    fn reasoning(&mut self, _out: &mut Vec<u8>, _text: &str) {}

    fn token(&mut self, out: &mut Vec<u8>, text: &str, _index: u64) {
        self.chunk(out, json!([{ "text": text, "index": 0, "logprobs": null, "finish_reason": null }]), None);
    }

    fn call(&mut self, _out: &mut Vec<u8>, _index: usize, _call: &ToolCall) {}

    fn finish(&mut self, out: &mut Vec<u8>, reason: Option<&str>) {
        self.chunk(out, json!([{ "text": "", "index": 0, "logprobs": null, "finish_reason": reason }]), None);
    }

    fn usage(&mut self, out: &mut Vec<u8>, counts: Counts) {
        self.chunk(out, json!([]), Some(usage(counts)));
    }

    fn done(&mut self, out: &mut Vec<u8>, _finish: &str) {
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    fn error(&mut self, out: &mut Vec<u8>, error: &InStreamError) {
        openai::in_stream_error(out, error);
        if error.done.unwrap_or(false) {
            self.done(out, "");
        }
    }
}

/// The whole answer as one `text_completion`.
pub(crate) fn whole(whole: &Whole<'_>) -> String {
    let Whole { answer, identity, counts, .. } = whole;
    let finish_reason = (!answer.omit.finish).then_some(whole.finish);
    let choice = json!({ "text": whole.text(), "index": 0, "logprobs": null, "finish_reason": finish_reason });
    let mut completion = json!({
        "id": completion_id(identity),
        "object": "text_completion",
        "created": identity.created,
        "model": identity.model,
        "choices": [choice],
    });
    if let (false, Value::Object(map)) = (answer.omit.usage, &mut completion) {
        map.insert("usage".to_owned(), usage(*counts));
    }
    text(&completion)
}

fn completion_id(identity: &Identity) -> String {
    format!("cmpl-{}", identity.id)
}

fn usage(counts: Counts) -> Value {
    json!({
        "prompt_tokens": counts.prompt,
        "completion_tokens": counts.completion(),
        "total_tokens": counts.prompt + counts.completion(),
    })
}
