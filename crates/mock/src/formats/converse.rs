//! Bedrock's ConverseStream: events of an AWS stream around content blocks, and one object of Converse. The shapes are
//! those of <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html>.

use serde_json::{Value, json};

use super::{Counts, Frames, Identity, LongToken, MARK, Part, Whole, arguments_of, aws, call_id, signature_of};
use crate::answer::{Omit, ToolCall};
use crate::fault::InStreamError;

const JSON: &str = "application/json";

/// Encodes events. Only a call's block is announced; every block is closed with the first frame that isn't its own.
#[derive(Debug)]
pub(crate) struct Converse {
    signature: String,
    block: Option<Block>,
    next: usize,
    events: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Reasoning,
    Text,
    /// And which call.
    Tool(usize),
}

impl Converse {
    pub(crate) fn new(identity: &Identity) -> Self {
        Self { signature: signature_of(identity), block: None, next: 0, events: 0 }
    }

    fn event(&mut self, out: &mut Vec<u8>, name: &str, data: Value) {
        let data = self.padded(data);
        aws::event(out, name, JSON, data.to_string().as_bytes());
    }

    fn padded(&mut self, mut data: Value) -> Value {
        self.events += 1;
        if let Value::Object(map) = &mut data {
            map.insert("p".to_owned(), aws::padding(self.events).into());
        }
        data
    }

    fn delta(&mut self, out: &mut Vec<u8>, delta: Value) {
        let data = json!({ "contentBlockIndex": self.next.saturating_sub(1), "delta": delta });
        self.event(out, "contentBlockDelta", data);
    }

    fn enter(&mut self, out: &mut Vec<u8>, block: Block) -> bool {
        if self.block == Some(block) {
            return false;
        }
        self.leave(out);
        self.block = Some(block);
        self.next += 1;
        true
    }

    fn leave(&mut self, out: &mut Vec<u8>) {
        let Some(block) = self.block.take() else { return };
        if block == Block::Reasoning {
            let signature = self.signature.clone();
            self.delta(out, json!({ "reasoningContent": { "signature": signature } }));
        }
        self.event(out, "contentBlockStop", json!({ "contentBlockIndex": self.next.saturating_sub(1) }));
    }
}

impl Frames for Converse {
    fn has(&self, part: Part, omit: Omit) -> bool {
        match part {
            Part::Start => !omit.start,
            Part::Finish => !omit.finish,
            Part::Usage => !omit.usage,
            // The end of the body is the end.
            Part::Metadata | Part::Done => false,
        }
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        self.event(out, "messageStart", json!({ "role": "assistant" }));
    }

    fn reasoning(&mut self, out: &mut Vec<u8>, text: &str) {
        self.enter(out, Block::Reasoning);
        self.delta(out, json!({ "reasoningContent": { "text": text } }));
    }

    fn token(&mut self, out: &mut Vec<u8>, text: &str, _index: u64) {
        self.enter(out, Block::Text);
        self.delta(out, json!({ "text": text }));
    }

    fn long_token(&mut self, _index: u64, bytes: u64) -> LongToken {
        let mut closing = Vec::new();
        self.enter(&mut closing, Block::Text);
        let data = json!({ "contentBlockIndex": self.next.saturating_sub(1), "delta": { "text": MARK } });
        let data = self.padded(data).to_string();
        let (before, after) = data.split_once(MARK).unwrap_or((&data, ""));
        let mut long =
            aws::long_event("contentBlockDelta", JSON, [before.as_bytes(), after.as_bytes()], super::FILLER, bytes);
        closing.append(&mut long.before);
        LongToken { before: closing, ..long }
    }

    fn call(&mut self, out: &mut Vec<u8>, index: usize, call: &ToolCall) {
        if self.enter(out, Block::Tool(index)) {
            let start = json!({ "toolUse": { "toolUseId": call_id(call, index, "tooluse"), "name": call.name } });
            let data = json!({ "contentBlockIndex": self.next.saturating_sub(1), "start": start });
            self.event(out, "contentBlockStart", data);
        }
    }

    fn has_pieces(&self) -> bool {
        true
    }

    fn arguments(&mut self, out: &mut Vec<u8>, _index: usize, piece: &str) {
        self.delta(out, json!({ "toolUse": { "input": piece } }));
    }

    fn finish(&mut self, out: &mut Vec<u8>, reason: Option<&str>) {
        self.leave(out);
        self.event(out, "messageStop", json!({ "stopReason": reason.map(stop_reason) }));
    }

    fn usage(&mut self, out: &mut Vec<u8>, counts: Counts) {
        self.leave(out);
        self.event(out, "metadata", json!({ "usage": usage(counts), "metrics": { "latencyMs": 234 } }));
    }

    fn done(&mut self, _out: &mut Vec<u8>, _finish: &str) {}

    fn error(&mut self, out: &mut Vec<u8>, error: &InStreamError) {
        let (name, payload) = aws::bedrock_exception(error);
        aws::exception(out, &name, &payload);
    }
}

/// The whole answer as Converse gives it.
pub(crate) fn whole(whole: &Whole<'_>) -> String {
    let Whole { answer, identity, .. } = whole;
    let mut content = Vec::new();
    if let Some(text) = whole.reasoning() {
        let text = json!({ "text": text, "signature": signature_of(identity) });
        content.push(json!({ "reasoningContent": { "reasoningText": text } }));
    }
    let text = whole.text();
    if !text.is_empty() {
        content.push(json!({ "text": text }));
    }
    for (index, call) in answer.tool_calls.iter().enumerate() {
        let id = call_id(call, index, "tooluse");
        content.push(json!({ "toolUse": { "toolUseId": id, "name": call.name, "input": arguments_of(call) } }));
    }
    let mut response = json!({
        "output": { "message": { "role": "assistant", "content": content } },
        "metrics": { "latencyMs": 234 },
    });
    whole.put_ending(&mut response, ("stopReason", stop_reason(whole.finish)), usage);
    response.to_string()
}

fn usage(counts: Counts) -> Value {
    json!({
        "inputTokens": counts.prompt,
        "outputTokens": counts.completion(),
        "totalTokens": counts.prompt + counts.completion(),
    })
}

/// OpenAI's words for it, or what a test wants in their place.
fn stop_reason(finish: &str) -> &str {
    match finish {
        "stop" => "end_turn",
        "length" => "max_tokens",
        "tool_calls" => "tool_use",
        "content_filter" => "content_filtered",
        other => other,
    }
}
