//! The frames of the `events` format, by the list that `StreamingResponse` is held to as well.
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::*;
use crate::ToolCall;

fn count(value: &Value, name: &str) -> Option<u64> {
    value[name].as_u64()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn usage_of(value: &Value) -> Usage {
    Usage {
        prompt_tokens: count(value, "promptTokens"),
        completion_tokens: count(value, "completionTokens"),
        total_tokens: count(value, "totalTokens"),
        cached_tokens: count(value, "cachedTokens"),
        reasoning_tokens: count(value, "reasoningTokens"),
        audio_tokens: count(value, "audioTokens"),
        raw: value.get("raw").cloned(),
    }
}

fn index_of(value: &Value) -> u32 {
    u32::try_from(count(value, "index").unwrap()).unwrap()
}

/// The event that a call of `StreamingResponse` stands for.
fn event_of<'a>(call: &str, args: &'a Value) -> Event<'a> {
    let first = &args[0];
    match call {
        "sendToken" => Event::Text { choice: 0, text: first.as_str().unwrap().into() },
        "sendReasoning" => Event::Reasoning {
            choice: 0,
            text: first.as_str().unwrap().into(),
            signature: args[1].as_str().map(Into::into),
        },
        "sendToolCallDelta" => Event::ToolCallDelta {
            choice: 0,
            index: index_of(first),
            id: text(first, "id").into(),
            name: first["name"].as_str().map(Into::into),
            arguments: text(first, "delta").into(),
        },
        "sendToolCall" => Event::ToolCall(ToolCall {
            choice: 0,
            index: index_of(first),
            id: text(first, "id").to_owned(),
            name: text(first, "name").to_owned(),
            arguments: text(first, "arguments").to_owned(),
            valid: first["valid"] != false,
        }),
        "sendMetadata" => Event::Metadata(first.clone()),
        "sendUsage" => Event::Usage(usage_of(first)),
        "start" => Event::Start { id: None, model: None },
        other => panic!("no event for {other}"),
    }
}

#[test]
fn writes_the_frames_that_a_hand_made_answer_has() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/events-frames.json");
    let answers: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let mut frames = 0;
    for answer in answers.as_array().unwrap() {
        let now = count(answer, "now").unwrap();
        let id_prefix = text(answer, "idPrefix").to_owned();
        let mut encoder =
            Encoder::new(EncoderOptions { began_ms: now, id_prefix, ..EncoderOptions::new(Format::Events) });
        for step in answer["calls"].as_array().unwrap() {
            let mut out = String::new();
            let (call, args) = (text(step, "call"), &step["args"]);
            match call {
                "end" => encoder.finish(now, &mut out),
                "abort" => {
                    let error = &args[0];
                    let failure = Failure {
                        message: text(error, "error"),
                        kind: text(error, "type"),
                        code: text(error, "code"),
                        status: count(error, "status").map(|status| u16::try_from(status).unwrap()),
                        retry_after_ms: count(error, "retryAfterMs"),
                    };
                    encoder.fail(&failure, now, &mut out);
                }
                _ => encoder.event(&event_of(call, args), &mut out),
            }
            assert_eq!(out, text(step, "frame"), "{call} {args}");
            frames += 1;
        }
    }
    assert!(frames > 30);
}
