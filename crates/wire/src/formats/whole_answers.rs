//! A provider's answer that was not streamed, told in the words of its stream to the decoder of that.
//!
//! What always holds: what a document says comes out as if it had been streamed, in the same events; a document that is
//! none of these is left alone. Imports the decoders.

use std::borrow::Cow;

use crate::frame::{Fault, Frame, Sink};
use crate::json::Raw;
use crate::providers::anthropic::AnthropicDecoder;
use crate::providers::aws::converse::ConverseDecoder;
use crate::providers::cohere::CohereDecoder;
use crate::providers::openai::OpenAiDecoder;
use crate::providers::openai_responses::ResponsesDecoder;
use crate::providers::turn::Objects;

/// Reads a document by what it shows itself to be; `false` where it is no provider's answer.
pub(super) fn read(raw: Raw<'_>, max_held_bytes: usize, sink: &mut Sink<'_>) -> Result<bool, Fault> {
    let text = |name: &str| raw.some(name).and_then(Raw::as_str).unwrap_or_default();
    if raw.some("choices").is_some_and(Raw::is_array) {
        chat_completion(raw, max_held_bytes, sink)?;
    } else if text("object") == "response" && raw.some("output").is_some_and(Raw::is_array) {
        response(raw, &text("status"), max_held_bytes, sink)?;
    } else if text("type") == "message" && raw.some("content").is_some_and(Raw::is_array) {
        message(raw, max_held_bytes, sink)?;
    } else if let (Some(message), true) =
        (raw.some("output").and_then(|output| output.some("message")), raw.some("stopReason").is_some())
    {
        converse(raw, message, max_held_bytes, sink)?;
    } else if let Some(message) = cohere_message(raw) {
        cohere(raw, message, max_held_bytes, sink)?;
    } else if let Some(result) = raw.some("result").filter(|_| raw.some("success").is_some_and(Raw::is_true)) {
        return workers_ai(result, max_held_bytes, sink);
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn frame<'a>(event: &'a str, data: &'a str) -> Frame<'a> {
    Frame { event, data: data.as_bytes() }
}

/// The JSON text of a member, `null` where there is none.
fn json_of<'a>(raw: Raw<'a>, name: &str) -> &'a str {
    raw.field(name).map_or("null", Raw::text)
}

/// OpenAI's chat completions, and all who speak them.
fn chat_completion(raw: Raw<'_>, max_held_bytes: usize, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let mut decoder = OpenAiDecoder::new(max_held_bytes);
    decoder.frame(frame("", raw.text()), sink)?;
    decoder.finish(sink);
    Ok(())
}

/// OpenAI's Responses: their last event holds all of it.
fn response(raw: Raw<'_>, status: &str, max_held_bytes: usize, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let status = if matches!(status, "incomplete" | "failed" | "cancelled") { status } else { "completed" };
    let event = format!(r#"{{"type":"response.{status}","response":{}}}"#, raw.text());
    ResponsesDecoder::new(max_held_bytes).frame(frame("", &event), sink)
}

/// Anthropic's Messages: their first event may hold blocks.
fn message(raw: Raw<'_>, max_held_bytes: usize, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let mut decoder = AnthropicDecoder::new(max_held_bytes);
    decoder.frame(frame("", &format!(r#"{{"type":"message_start","message":{}}}"#, raw.text())), sink)?;
    let (reason, sequence) = (json_of(raw, "stop_reason"), json_of(raw, "stop_sequence"));
    let delta = format!(r#"{{"type":"message_delta","delta":{{"stop_reason":{reason},"stop_sequence":{sequence}}}}}"#);
    decoder.frame(frame("", &delta), sink)?;
    decoder.frame(frame("", r#"{"type":"message_stop"}"#), sink)
}

/// Bedrock's Converse.
fn converse(raw: Raw<'_>, message: Raw<'_>, max_held_bytes: usize, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let mut decoder = ConverseDecoder::new(max_held_bytes);
    for (index, block) in message.some("content").into_iter().flat_map(Raw::items).enumerate() {
        let mut event = |name: &str, member: &str, value: &str| {
            let data = format!(r#"{{"contentBlockIndex":{index},"{member}":{value}}}"#);
            decoder.frame(frame(name, &data), sink)
        };
        for (kind, value) in block.fields() {
            match &*kind {
                "toolUse" => {
                    event("contentBlockStart", "start", block.text())?;
                    let input = crate::json::quote(value.some("input").map_or("{}", Raw::text));
                    event("contentBlockDelta", "delta", &format!(r#"{{"toolUse":{{"input":{input}}}}}"#))?;
                }
                // Text and signature stand deeper than in a stream.
                "reasoningContent" if value.some("reasoningText").is_some() => {
                    let text = json_of(value, "reasoningText");
                    event("contentBlockDelta", "delta", &format!(r#"{{"reasoningContent":{text}}}"#))?;
                }
                _ => event("contentBlockDelta", "delta", block.text())?,
            }
        }
        event("contentBlockStop", "p", "null")?;
    }
    // What the last two events say, and whatever else stands beside the answer.
    for (name, known) in [("messageStop", true), ("metadata", false)] {
        let members: Vec<_> = raw
            .fields()
            .filter(|(key, _)| {
                key != "output" && known == matches!(&**key, "stopReason" | "additionalModelResponseFields")
            })
            .map(|(key, value)| format!("{}:{}", crate::json::quote(&key), value.text()))
            .collect();
        decoder.frame(frame(name, &format!("{{{}}}", members.join(","))), sink)?;
    }
    decoder.end(sink);
    Ok(())
}

/// The message of an answer of Cohere's chat, version 2; applications that put theirs there have no word for the end.
fn cohere_message(raw: Raw<'_>) -> Option<Raw<'_>> {
    let message = raw.some("message").filter(|message| message.is_object())?;
    let parts = message.some("content").is_some_and(Raw::is_array) || message.some("tool_calls").is_some();
    (parts && raw.some("finish_reason").is_some()).then_some(message)
}

fn cohere(raw: Raw<'_>, message: Raw<'_>, max_held_bytes: usize, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let mut decoder = CohereDecoder::new(max_held_bytes);
    decoder.frame(frame("", &format!(r#"{{"type":"message-start","id":{}}}"#, json_of(raw, "id"))), sink)?;
    let mut event = |kind: &str, index: usize, member: &str, value: &str| {
        let data = format!(r#"{{"type":"{kind}","index":{index},"delta":{{"message":{{"{member}":{value}}}}}}}"#);
        decoder.frame(frame("", &data), sink)
    };
    if let Some(plan) = message.some("tool_plan") {
        event("tool-plan-delta", 0, "tool_plan", plan.text())?;
    }
    for (name, kind, member) in
        [("content", "content-start", "content"), ("tool_calls", "tool-call-start", "tool_calls")]
    {
        for (index, item) in message.some(name).into_iter().flat_map(Raw::items).enumerate() {
            event(kind, index, member, item.text())?;
            if name == "tool_calls" {
                event("tool-call-end", index, "tool_calls", "null")?;
            }
        }
    }
    for (index, citation) in message.some("citations").into_iter().flat_map(Raw::items).enumerate() {
        event("citation-start", index, "citations", citation.text())?;
    }
    let (reason, usage) = (json_of(raw, "finish_reason"), json_of(raw, "usage"));
    let end = format!(r#"{{"type":"message-end","delta":{{"finish_reason":{reason},"usage":{usage}}}}}"#);
    decoder.frame(frame("", &end), sink)
}

/// Workers AI: in an envelope, its own frame as it is streamed, or an answer of another format.
fn workers_ai(result: Raw<'_>, max_held_bytes: usize, sink: &mut Sink<'_>) -> Result<bool, Fault> {
    if result.some("response").is_none() && result.some("tool_calls").is_none() {
        return if result.is_object() { read(result, max_held_bytes, sink) } else { Ok(false) };
    }
    // A model that was asked for JSON gives a value, which is text in a stream.
    let value = result.some("response").filter(|value| !value.is_string());
    let data = value.map_or(Cow::Borrowed(result.text()), |value| {
        let members = result.fields().map(|(key, member)| {
            let text = if key == "response" { crate::json::quote(value.text()) } else { member.text().to_owned() };
            format!("{}:{text}", crate::json::quote(&key))
        });
        Cow::Owned(format!("{{{}}}", members.collect::<Vec<_>>().join(",")))
    });
    let mut decoder = OpenAiDecoder::new(max_held_bytes);
    decoder.frame(frame("", &data), sink)?;
    decoder.frame(frame("", "[DONE]"), sink)?;
    decoder.finish(sink);
    Ok(true)
}
