//! Events as records: a kind, an alternative and a payload, and back. `lib/mailbox.ts` and `lib/answer/entries.ts` read
//! them.

use std::borrow::Cow;

use millstream_wire::{Event, FinishReason, RawJson, ToolCall, ToolResult};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::mailbox::Kind;

/// Gives the records of an event. [`Event::Finish`] and [`Event::Error`] have none: the session's end says more.
pub(crate) fn write(event: &Event<'_>, push: &mut dyn FnMut(Kind, u32, &str)) {
    let mut json = |kind, value: Value| push(kind, 0, &value.to_string());
    match event {
        Event::Text { choice, text } => push(Kind::Text, *choice, text),
        Event::Reasoning { choice, text, signature } => {
            if !text.is_empty() {
                push(Kind::Reasoning, *choice, text);
            }
            if let Some(signature) = signature {
                push(Kind::ReasoningSignature, *choice, signature);
            }
        }
        Event::Start { id, model } => json(Kind::Start, json!({ "id": id, "model": model })),
        Event::ToolCallDelta { choice, index, id, name, arguments } => json(
            Kind::ToolCallDelta,
            json!({ "id": id, "index": index, "tool": name, "argsDelta": arguments, "choice": choice }),
        ),
        Event::ToolCall(call) => json(
            Kind::ToolCall,
            json!({
                "id": call.id, "index": call.index, "tool": call.name, "arguments": call.arguments,
                "valid": call.valid, "choice": call.choice,
            }),
        ),
        Event::ToolResult(ToolResult { id, name, result, is_error }) => {
            let record = CallResult { id: id.clone(), tool: name.clone(), result: result.clone(), is_error: *is_error };
            push(Kind::ToolResult, 0, &serde_json::to_string(&record).unwrap_or_default());
        }
        // Numbers and the provider's own object: always serialisable.
        Event::Usage(usage) => push(Kind::Usage, 0, &serde_json::to_string(usage).unwrap_or_default()),
        Event::Metadata(json) => push(Kind::Metadata, 0, json.as_str()),
        Event::Finish { .. } | Event::Error(_) => {}
    }
}

/// The event of a record that [`write()`] or the answer's end gave; `None` for other kinds.
pub(crate) fn read(kind: u32, choice: u32, payload: &str) -> Option<Event<'_>> {
    let event = match kind {
        kind if kind == Kind::Start as u32 => {
            let start: Start = serde_json::from_str(payload).ok()?;
            Event::Start { id: start.id.map(Cow::Owned), model: start.model.map(Cow::Owned) }
        }
        kind if kind == Kind::Text as u32 => Event::Text { choice, text: Cow::Borrowed(payload) },
        kind if kind == Kind::Reasoning as u32 => {
            Event::Reasoning { choice, text: Cow::Borrowed(payload), signature: None }
        }
        kind if kind == Kind::ReasoningSignature as u32 => {
            Event::Reasoning { choice, text: Cow::Borrowed(""), signature: Some(Cow::Borrowed(payload)) }
        }
        kind if kind == Kind::ToolCallDelta as u32 => {
            let delta: Delta = serde_json::from_str(payload).ok()?;
            Event::ToolCallDelta {
                choice: delta.choice,
                index: delta.index,
                id: Cow::Owned(delta.id),
                name: delta.tool.map(Cow::Owned),
                arguments: Cow::Owned(delta.args_delta),
            }
        }
        kind if kind == Kind::ToolCall as u32 => {
            let call: Call = serde_json::from_str(payload).ok()?;
            Event::ToolCall(ToolCall {
                choice: call.choice,
                index: call.index,
                id: call.id,
                name: call.tool,
                arguments: call.arguments,
                valid: call.valid,
            })
        }
        kind if kind == Kind::ToolResult as u32 => {
            let result: CallResult = serde_json::from_str(payload).ok()?;
            Event::ToolResult(ToolResult {
                id: result.id,
                name: result.tool,
                result: result.result,
                is_error: result.is_error,
            })
        }
        kind if kind == Kind::Usage as u32 => Event::Usage(serde_json::from_str(payload).ok()?),
        kind if kind == Kind::Metadata as u32 => Event::Metadata(RawJson::new(payload)?),
        kind if kind == Kind::Finish as u32 => {
            let finish: Finish = serde_json::from_str(payload).ok()?;
            Event::Finish { reason: finish_reason(&finish.reason), raw: finish.raw.map(Cow::Owned) }
        }
        _ => return None,
    };
    Some(event)
}

/// The reason of a name in the public API.
fn finish_reason(name: &str) -> FinishReason {
    use FinishReason::{ContentFilter, Error, Length, Other, Stop, ToolCalls, Unknown};
    let all = [Stop, Length, ToolCalls, ContentFilter, Error, Other];
    all.into_iter().find(|reason| reason.as_str() == name).unwrap_or(Unknown)
}

#[derive(Deserialize)]
struct Start {
    id: Option<String>,
    model: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delta {
    choice: u32,
    index: u32,
    id: String,
    tool: Option<String>,
    args_delta: String,
}

#[derive(Deserialize)]
struct Call {
    choice: u32,
    index: u32,
    id: String,
    tool: String,
    arguments: String,
    valid: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallResult {
    id: String,
    tool: String,
    result: RawJson,
    is_error: bool,
}

#[derive(Deserialize)]
struct Finish {
    reason: String,
    raw: Option<String>,
}
