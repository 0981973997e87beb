//! The frames of the `events` format, by the list that `StreamingResponse` is held to as well.
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::*;
use crate::{RawJson, ToolCall};

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
        is_estimated: value.get("isEstimated").and_then(Value::as_bool),
        confidence: value.get("confidence").and_then(Value::as_f64),
        raw: value.get("raw").map(Into::into),
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
        "sendMetadata" => Event::Metadata(RawJson::from(first)),
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

fn hello() -> Event<'static> {
    Event::Text { choice: 0, text: "Hello".into() }
}

const FAILURE: Failure<'static> =
    Failure { message: "no", kind: "server_error", code: "", status: None, retry_after_ms: None };

/// What an encoder writes in the end, and the encoder.
fn written(format: Format, write: impl FnOnce(&mut Encoder, &mut String)) -> String {
    let mut out = String::new();
    write(&mut Encoder::new(EncoderOptions::new(format)), &mut out);
    out
}

#[test]
fn names_of_formats_are_read_back() {
    for format in Format::ALL {
        assert_eq!(format.as_str().parse(), Ok(format));
        assert_eq!(format.to_string(), format.as_str());
    }
    assert!("sse".parse::<Format>().is_err());
}

#[test]
fn an_answer_without_a_word_has_its_opening_and_its_end() {
    let finished = |format| written(format, |encoder, out| encoder.finish(0, out));
    let failed = |format| written(format, |encoder, out| encoder.fail(&FAILURE, 0, out));
    let time = "\"timestamp\":\"1970-01-01T00:00:00.000Z\"";
    assert_eq!(
        finished(Format::Events),
        format!("event: start\nid: 1\ndata: {{{time}}}\n\nevent: done\nid: 2\ndata: {{{time}}}\n\n")
    );
    assert_eq!(
        finished(Format::Ndjson),
        format!("{{\"event\":\"start\",\"data\":{{{time}}}}}\n{{\"event\":\"done\",\"data\":{{{time}}}}}\n")
    );
    let head = "data: {\"id\":\"\",\"object\":\"chat.completion.chunk\",\"created\":0,\"model\":\"\",\"choices\":[{\"index\":0,";
    let role = format!("{head}\"delta\":{{\"role\":\"assistant\",\"content\":\"\"}},\"finish_reason\":null}}]}}\n\n");
    assert_eq!(
        finished(Format::OpenAi),
        format!("{role}{head}\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\ndata: [DONE]\n\n")
    );
    assert_eq!(
        failed(Format::OpenAi),
        format!(
            "{role}data: {{\"error\":{{\"message\":\"no\",\"type\":\"server_error\",\"code\":null,\"param\":null}}}}\n\n"
        )
    );
    assert_eq!(
        finished(Format::Chunk),
        "data: {\"type\":\"complete\",\"data\":{\"content\":\"\",\"processingTime\":0,\"totalChunks\":0}}\n\n"
    );
    assert_eq!(failed(Format::Chunk), "data: {\"type\":\"error\",\"error\":\"no\",\"errorType\":\"server_error\"}\n\n");
    assert_eq!(finished(Format::Content), "data: {\"content\":\"\",\"finished\":true}\n\n");
    assert_eq!(
        failed(Format::Content),
        "data: {\"content\":\"\",\"finished\":true,\"error\":\"no\",\"type\":\"server_error\"}\n\n"
    );
    let start = "data: {\"type\":\"start\"}\n\ndata: {\"type\":\"start-step\"}\n\n";
    assert_eq!(
        finished(Format::UiMessage),
        format!("{start}data: {{\"type\":\"finish-step\"}}\n\ndata: {{\"type\":\"finish\"}}\n\ndata: [DONE]\n\n")
    );
    assert!(failed(Format::UiMessage).ends_with("data: {\"type\":\"error\",\"errorText\":\"no\"}\n\ndata: [DONE]\n\n"));
    assert_eq!((finished(Format::Text), failed(Format::Text)), (String::new(), String::new()));
}

#[test]
fn a_part_of_an_answer_has_neither_start_nor_end() {
    let part = |first_id| {
        Encoder::new(EncoderOptions {
            part: true,
            first_id,
            id: "a".to_owned(),
            id_prefix: "s\r\n\0:".to_owned(),
            ..EncoderOptions::new(Format::Events)
        })
    };
    let mut encoder = part(41);
    let mut out = String::new();
    encoder.event(&Event::Start { id: Some("x".into()), model: None }, &mut out);
    assert_eq!((out.as_str(), encoder.last_id()), ("", 41));
    encoder.event(&hello(), &mut out);
    encoder.inject("metadata", "{\"a\":1}", &mut out).unwrap();
    encoder.inject("", "1", &mut out).unwrap();
    encoder.finish(0, &mut out);
    assert_eq!(
        out,
        "event: token\nid: s:42\ndata: {\"token\":\"Hello\",\"index\":0}\n\n\
         event: metadata\nid: s:43\ndata: {\"a\":1}\n\nid: s:44\ndata: 1\n\n"
    );
    assert_eq!((encoder.last_id(), encoder.text_pieces()), (44, 1));
    out.clear();
    encoder = part(0);
    encoder.fail(&FAILURE, 0, &mut out);
    assert_eq!(
        out,
        "event: error\nid: s:1\ndata: {\"error\":\"no\",\"type\":\"server_error\"}\n\n\
         event: done\nid: s:2\ndata: {\"timestamp\":\"1970-01-01T00:00:00.000Z\",\"aborted\":true}\n\n"
    );
}

#[test]
fn a_frame_of_the_callers_own_can_harm_nothing() {
    let mut encoder = Encoder::new(EncoderOptions::new(Format::Events));
    let mut out = String::new();
    assert_eq!(encoder.inject("a\nb", "{}", &mut out), Err(EncodeError::EventName));
    assert_eq!(encoder.inject("a", "{\r}", &mut out), Err(EncodeError::Data));
    assert_eq!(out, "");
    encoder.inject("a", "{}", &mut out).unwrap();
    assert!(out.starts_with("event: start\nid: 1\n"), "the opening comes first");
    assert!(out.ends_with("event: a\nid: 2\ndata: {}\n\n"));
    encoder.finish(0, &mut out);
    assert_eq!(encoder.inject("a", "{}", &mut out), Err(EncodeError::Ended));
    for format in Format::ALL.into_iter().filter(|format| *format != Format::Events) {
        let mut encoder = Encoder::new(EncoderOptions::new(format));
        assert_eq!(encoder.inject("a", "{}", &mut out), Err(EncodeError::Format), "{format}");
    }
}

#[test]
fn a_heartbeat_is_what_readers_pass_over() {
    for format in Format::ALL {
        let expected = match format {
            Format::Text => "",
            Format::Ndjson => "\n",
            _ => ": heartbeat\n\n",
        };
        assert_eq!(written(format, |encoder, out| encoder.heartbeat(out)), expected, "{format}");
        let ended = written(format, |encoder, out| {
            encoder.finish(0, out);
            out.clear();
            encoder.heartbeat(out);
        });
        assert_eq!(ended, "", "{format}");
    }
}

#[test]
fn counts_the_text_of_the_first_choice() {
    for format in Format::ALL {
        let mut encoder = Encoder::new(EncoderOptions { first_id: 5, ..EncoderOptions::new(format) });
        let mut out = String::new();
        for choice in [0, 1, 0, 2, 0] {
            encoder.event(&Event::Text { choice, text: "x".into() }, &mut out);
        }
        assert_eq!(encoder.text_pieces(), 3, "{format}");
        let frames = if format == Format::Events { 6 } else { 0 };
        assert_eq!(encoder.last_id(), 5 + frames, "{format}");
    }
}

#[test]
fn a_provider_names_the_answer_only_as_its_first_word() {
    let start = |id: &'static str| Event::Start { id: Some(id.into()), model: None };
    for format in [Format::Events, Format::OpenAi, Format::UiMessage] {
        let out = written(format, |encoder, out| {
            encoder.event(&start("first"), out);
            encoder.event(&start("second"), out);
            encoder.event(&hello(), out);
        });
        assert!(out.contains("\"first\"") && !out.contains("second"), "{out}");
    }
}
