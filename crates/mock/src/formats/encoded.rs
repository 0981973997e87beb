//! The formats in which an application answers its own clients, written by the encoders that write them in earnest.

use std::time::SystemTime;

use millstream_wire::encode::{Encoder, EncoderOptions, Failure, Format};
use millstream_wire::{Event, FinishReason, RawJson, ToolCall as WireCall, Usage};
use serde_json::Value;

use super::{Counts, Frames, Identity, Part, call_id};
use crate::answer::{Omit, ToolCall};
use crate::clock::since_epoch;
use crate::fault::InStreamError;

/// Encodes frames. The opening goes out with the first of them.
pub(crate) struct Encoded {
    encoder: Encoder,
    /// The open call, and how many bytes of its arguments went out.
    call: Option<(WireCall, usize)>,
}

impl Encoded {
    pub(crate) fn new(format: Format, identity: &Identity) -> Self {
        let encoder = Encoder::new(EncoderOptions {
            id: format!("msg-{}", identity.id),
            model: identity.model.clone(),
            began_ms: identity.created * 1000,
            ..EncoderOptions::new(format)
        });
        Self { encoder, call: None }
    }

    fn event(&mut self, out: &mut Vec<u8>, event: &Event<'_>) {
        let mut text = String::new();
        self.encoder.event(event, &mut text);
        out.extend_from_slice(text.as_bytes());
    }

    /// Says once more, as a whole, a call whose arguments are all out.
    fn end_call(&mut self, out: &mut Vec<u8>) {
        if let Some((call, _)) = self.call.take_if(|(call, sent)| *sent >= call.arguments.len()) {
            self.event(out, &Event::ToolCall(call));
        }
    }
}

impl Frames for Encoded {
    fn has(&self, part: Part, omit: Omit) -> bool {
        match part {
            Part::Start => false,
            Part::Metadata => true,
            Part::Finish => !omit.finish,
            Part::Usage => !omit.usage,
            Part::Done => !omit.done,
        }
    }

    fn start(&mut self, _out: &mut Vec<u8>) {}

    fn metadata(&mut self, out: &mut Vec<u8>, data: &Value) {
        self.event(out, &Event::Metadata(RawJson::from(data)));
    }

    fn reasoning(&mut self, out: &mut Vec<u8>, text: &str) {
        self.event(out, &Event::Reasoning { choice: 0, text: text.into(), signature: None });
    }

    fn token(&mut self, out: &mut Vec<u8>, text: &str, _index: u64) {
        self.event(out, &Event::Text { choice: 0, text: text.into() });
    }

    fn call(&mut self, out: &mut Vec<u8>, index: usize, call: &ToolCall) {
        let call = WireCall {
            choice: 0,
            index: u32::try_from(index).unwrap_or(u32::MAX),
            id: call_id(call, index, "call"),
            name: call.name.clone(),
            arguments: call.arguments.clone(),
            valid: serde_json::from_str::<Value>(&call.arguments).is_ok(),
        };
        let delta = Event::ToolCallDelta {
            choice: 0,
            index: call.index,
            id: call.id.as_str().into(),
            name: Some(call.name.as_str().into()),
            arguments: "".into(),
        };
        self.event(out, &delta);
        self.call = Some((call, 0));
        self.end_call(out);
    }

    fn has_pieces(&self) -> bool {
        true
    }

    fn arguments(&mut self, out: &mut Vec<u8>, _index: usize, piece: &str) {
        let Some((call, sent)) = &mut self.call else { return };
        *sent += piece.len();
        let delta = Event::ToolCallDelta {
            choice: 0,
            index: call.index,
            id: call.id.clone().into(),
            name: None,
            arguments: piece.into(),
        };
        self.event(out, &delta);
        self.end_call(out);
    }

    fn finish(&mut self, out: &mut Vec<u8>, reason: Option<&str>) {
        let Some(raw) = reason else { return };
        let (reason, raw) = match raw {
            "stop" => (FinishReason::Stop, None),
            "length" => (FinishReason::Length, None),
            "tool_calls" => (FinishReason::ToolCalls, None),
            "content_filter" => (FinishReason::ContentFilter, None),
            other => (FinishReason::Other, Some(other.into())),
        };
        self.event(out, &Event::Finish { reason, raw });
    }

    fn usage(&mut self, out: &mut Vec<u8>, counts: Counts) {
        self.event(
            out,
            &Event::Usage(Usage {
                prompt_tokens: Some(counts.prompt),
                completion_tokens: Some(counts.completion()),
                total_tokens: Some(counts.prompt + counts.completion()),
                reasoning_tokens: (counts.reasoning > 0).then_some(counts.reasoning),
                ..Usage::default()
            }),
        );
    }

    fn done(&mut self, out: &mut Vec<u8>, _finish: &str) {
        let mut text = String::new();
        let now = since_epoch(SystemTime::now()).as_millis();
        self.encoder.finish(u64::try_from(now).unwrap_or(u64::MAX), &mut text);
        out.extend_from_slice(text.as_bytes());
    }

    fn error(&mut self, out: &mut Vec<u8>, error: &InStreamError) {
        let code = error.code.as_ref().map(|code| code.as_str().map_or_else(|| code.to_string(), str::to_owned));
        let failure = Failure {
            message: &error.message,
            kind: error.kind.as_deref().unwrap_or_default(),
            code: code.as_deref().unwrap_or_default(),
            status: error.status.and_then(|status| u16::try_from(status).ok()),
            retry_after_ms: None,
        };
        let mut text = String::new();
        let now = since_epoch(SystemTime::now()).as_millis();
        self.encoder.fail(&failure, u64::try_from(now).unwrap_or(u64::MAX), &mut text);
        out.extend_from_slice(text.as_bytes());
    }
}
