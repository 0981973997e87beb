//! What is encoded is read back: every recorded answer, and answers made up at random, in every format, at random
//! splits. What a format has no place for is written down here, in `told`; everything else comes back as it was.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use millstream_wire::encode::{Encoder, EncoderOptions, Failure, Format};
use millstream_wire::{Completion, Event, FinishReason, Protocol, ProviderError, RawJson, ToolCall, ToolResult, Usage};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use support::{Answer, Decoded, decode, options, recordings};

const ID: &str = "asked-1";
const MODEL: &str = "asked-for";
const BEGAN: u64 = 1_741_569_952_123;

/// How an answer ends for its client.
fn metadata(value: Value) -> Event<'static> {
    Event::Metadata(RawJson::from(&value))
}

fn failure_of(decoded: &Decoded) -> Option<ProviderError> {
    match (&decoded.end, decoded.events.last()) {
        (_, Some(Event::Error(error))) => Some(error.clone()),
        (_, Some(Event::Finish { .. })) => None,
        _ => Some(ProviderError {
            message: "the answer was cut off".to_owned(),
            kind: Some("truncated_error".to_owned()),
            ..ProviderError::default()
        }),
    }
}

fn encoder(format: Format) -> Encoder {
    Encoder::new(EncoderOptions {
        id: ID.to_owned(),
        model: MODEL.to_owned(),
        began_ms: BEGAN,
        ..EncoderOptions::new(format)
    })
}

fn end(encoder: &mut Encoder, failure: Option<&ProviderError>, out: &mut String) {
    match failure {
        Some(error) => encoder.fail(
            &Failure {
                message: &error.message,
                kind: error.kind.as_deref().unwrap_or_default(),
                code: error.code.as_deref().unwrap_or_default(),
                status: error.status,
                retry_after_ms: error.retry_after_ms,
            },
            BEGAN + 7,
            out,
        ),
        None => encoder.finish(BEGAN + 7, out),
    }
}

fn encode(format: Format, events: &[Event<'_>], failure: Option<&ProviderError>) -> String {
    let mut out = String::new();
    let mut encoder = encoder(format);
    for event in events {
        encoder.event(event, &mut out);
    }
    end(&mut encoder, failure, &mut out);
    let whole = out.clone();
    encoder.event(&Event::Text { choice: 0, text: "late".into() }, &mut out);
    encoder.heartbeat(&mut out);
    encoder.fail(&Failure::default(), 0, &mut out);
    encoder.finish(0, &mut out);
    assert_eq!(out, whole, "nothing follows the end");
    out
}

fn choice_of(event: &Event<'_>) -> u32 {
    match event {
        Event::Text { choice, .. } | Event::Reasoning { choice, .. } | Event::ToolCallDelta { choice, .. } => *choice,
        Event::ToolCall(call) => call.choice,
        _ => 0,
    }
}

/// Counts replace each other; a total follows from its parts.
fn merged(reports: impl IntoIterator<Item = Usage>) -> Option<Usage> {
    reports.into_iter().reduce(|before, now| {
        let changed = now.total_tokens.or(now.prompt_tokens).or(now.completion_tokens).is_some();
        let prompt_tokens = now.prompt_tokens.or(before.prompt_tokens);
        let completion_tokens = now.completion_tokens.or(before.completion_tokens);
        let sum = prompt_tokens.zip(completion_tokens).map(|(prompt, completion)| prompt + completion);
        Usage {
            prompt_tokens,
            completion_tokens,
            total_tokens: if changed { now.total_tokens } else { before.total_tokens }.or(sum),
            cached_tokens: now.cached_tokens.or(before.cached_tokens),
            reasoning_tokens: now.reasoning_tokens.or(before.reasoning_tokens),
            audio_tokens: now.audio_tokens.or(before.audio_tokens),
            is_estimated: now.is_estimated,
            confidence: now.confidence,
            raw: now.raw.or(before.raw),
        }
    })
}

/// What a reader of the format is told of an answer.
fn told(format: Format, events: &[Event<'static>], failure: Option<&ProviderError>) -> Vec<Event<'static>> {
    let named = !matches!(format, Format::Chunk | Format::Content | Format::Text);
    let reports_at_once = matches!(format, Format::Events | Format::Ndjson);
    let mut told = Vec::new();
    let (mut id, mut model) = (Some(ID.to_owned()), Some(MODEL.to_owned()));
    if let Some(Event::Start { id: said, model: said_model }) = events.first() {
        id = said.as_deref().map(str::to_owned).or(id);
        model = said_model.as_deref().map(str::to_owned).or(model);
    }
    if named {
        // The caller knows them where the provider doesn't say.
        told.push(Event::Start { id: id.clone().map(Into::into), model: model.clone().map(Into::into) });
    }
    let mut reports = Vec::new();
    // Calls that the AI SDK is told of before they are complete.
    let mut begun = BTreeSet::new();
    for event in events {
        if choice_of(event) != 0 && !reports_at_once {
            // One answer is all there is room for.
            continue;
        }
        match event {
            Event::Start { .. } | Event::Finish { .. } | Event::Error(_) => {}
            Event::Usage(usage) if !reports_at_once => reports.push(usage.clone()),
            Event::Text { .. } => told.push(event.clone()),
            _ if format == Format::Text => {}
            Event::ToolCallDelta { choice, index, id, name, arguments } if format == Format::UiMessage => {
                // The name first, then the arguments; nothing of a call without a name, until it is whole.
                let mut piece = |name, arguments| {
                    told.push(Event::ToolCallDelta { choice: *choice, index: *index, id: id.clone(), name, arguments });
                };
                if name.is_some() && begun.insert(*index) {
                    piece(name.clone(), "".into());
                }
                if begun.contains(index) && !arguments.is_empty() {
                    piece(None, arguments.clone());
                }
            }
            Event::ToolCall(call) if format == Format::UiMessage && !call.valid => {
                told.push(event.clone());
                let input = serde_json::from_str(&call.arguments).unwrap_or_else(|_| json!(call.arguments));
                told.push(metadata(json!({
                    "type": "tool-input-error", "toolCallId": call.id, "toolName": call.name, "input": input,
                    "errorText": "the arguments of the call are incomplete or malformed",
                })));
            }
            Event::ToolResult(_) if format == Format::OpenAi => {}
            // It is told by the call's id alone, and a failure by what it says.
            Event::ToolResult(result) if format == Format::UiMessage => {
                let said: Value = serde_json::from_str(result.result.as_str()).unwrap();
                let result_told = match result.is_error {
                    true if !said.is_string() => RawJson::from(&json!(result.result.as_str())),
                    _ => result.result.clone(),
                };
                told.push(Event::ToolResult(ToolResult { name: String::new(), result: result_told, ..result.clone() }));
            }
            Event::Metadata(value) if format == Format::UiMessage && value.to_value() == json!({}) => {}
            _ => told.push(event.clone()),
        }
    }
    let usage = merged(reports);
    if !named && format != Format::Text && failure.is_none() {
        let mut last = Map::from_iter([("id".to_owned(), json!(id)), ("model".to_owned(), json!(model))]);
        if format == Format::Chunk {
            let pieces = events.iter().filter(|event| matches!(event, Event::Text { choice: 0, .. })).count();
            last.extend([("processingTime".to_owned(), json!(7)), ("totalChunks".to_owned(), json!(pieces))]);
        }
        told.push(metadata(Value::Object(last)));
    }
    told.extend(usage.filter(|_| format != Format::Text).map(Event::Usage));
    match failure {
        _ if format == Format::Text => told.push(Event::Finish { reason: FinishReason::Unknown, raw: None }),
        Some(error) => told.push(Event::Error(ProviderError { param: None, ..error.clone() })),
        None => {
            let Some(Event::Finish { reason, raw }) = events.last() else { panic!("an answer without an end") };
            let word = match (reason, raw) {
                (FinishReason::Unknown, _) => None,
                (FinishReason::Other, Some(raw)) => Some(raw.clone()),
                _ => Some(reason.as_str().into()),
            };
            told.push(Event::Finish { reason: *reason, raw: word });
        }
    }
    told
}

/// Members of metadata, by choice: where they stood doesn't matter to `openai`.
fn members(answer: &Answer) -> Vec<(u64, String, String)> {
    let mut all = Vec::new();
    let mut last = BTreeMap::new();
    for metadata in &answer.metadata {
        let choice = metadata["choice"].as_u64().unwrap_or(0);
        for (name, value) in metadata.as_object().unwrap() {
            let inner = value.as_object().filter(|_| name == "metadata");
            let one = Map::from_iter([(name.clone(), value.clone())]);
            for (name, value) in inner.unwrap_or(&one) {
                if name == "choice" || is_void(value) {
                    continue;
                }
                if value.is_string() || value.is_array() || value.is_object() {
                    all.push((choice, name.clone(), value.to_string()));
                } else {
                    // The last word counts.
                    last.insert((choice, name.clone()), value.to_string());
                }
            }
        }
    }
    all.extend(last.into_iter().map(|((choice, name), value)| (choice, name, value)));
    all.sort();
    all.dedup();
    all
}

/// What says nothing, of which the reader makes nothing.
fn is_void(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(is_void),
        Value::Object(members) => members.values().all(is_void),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// `openai` tells the same in another order, and less of some things.
fn assert_openai(events: &[Event<'static>], failure: Option<&ProviderError>, read: &Decoded, what: &str) {
    let (mut before, mut after) = (Answer::of(events), Answer::of(&read.events));
    assert_eq!(after.id.as_deref(), Some(before.id.as_deref().unwrap_or(ID)), "{what}");
    assert_eq!(after.model.as_deref(), Some(before.model.as_deref().unwrap_or(MODEL)), "{what}");
    for choice in before.choices.values_mut().chain(after.choices.values_mut()) {
        for (_, _, _, valid) in choice.calls.values_mut() {
            // Found out anew, from the arguments alone.
            *valid = true;
        }
    }
    before.choices.retain(|_, choice| *choice != support::Choice::default());
    assert_eq!(after.choices, before.choices, "{what}");
    let usage = merged(before.usage.clone()).map(|usage| {
        let (prompt, completion) = (usage.prompt_tokens.unwrap_or(0), usage.completion_tokens.unwrap_or(0));
        // The three that OpenAI always gives.
        Usage {
            prompt_tokens: Some(prompt),
            completion_tokens: Some(completion),
            total_tokens: usage.total_tokens.or(Some(prompt + completion)),
            // It has no word for counts that nobody reported.
            is_estimated: None,
            confidence: None,
            raw: None,
            ..usage
        }
    });
    let read_usage = after.usage.first().map(|usage| Usage { raw: None, ..usage.clone() });
    assert_eq!(read_usage, usage, "{what}");
    let other_reasons = |member: &(u64, String, String)| member.0 == 0 || member.1 != "finish_reason";
    let said = members(&before);
    let mut read_members = members(&after);
    // A choice without a reason of its own has the answer's.
    read_members.retain(|member| other_reasons(member) || said.contains(member));
    assert_eq!(read_members, said, "{what}");
    match (failure, after.last) {
        (Some(error), Some(Event::Error(read))) => {
            assert_eq!(read, ProviderError { param: None, ..error.clone() }, "{what}");
        }
        (None, Some(Event::Finish { reason: read, .. })) => {
            let Some(Event::Finish { reason, .. }) = events.last() else { panic!("{what}") };
            match reason {
                FinishReason::Unknown if before.choices.get(&0).is_some_and(|choice| !choice.calls.is_empty()) => {
                    assert_eq!(read, FinishReason::ToolCalls, "{what}");
                }
                FinishReason::Unknown => assert_eq!(read, FinishReason::Stop, "{what}"),
                reason => assert_eq!(read, *reason, "{what}"),
            }
        }
        (_, last) => panic!("{what}: {last:?}"),
    }
}

/// Encodes in every format, decodes in pieces, compares.
fn assert_round_trips(events: &[Event<'static>], failure: Option<&ProviderError>, sizes: &[usize], what: &str) {
    for format in Format::ALL {
        let body = encode(format, events, failure);
        if format == Format::Text && (body.is_empty() || body.starts_with('\u{feff}')) {
            // To a reader of text an empty body is none, and a mark at its start says how it is encoded.
            assert!(!body.is_empty() || told(format, events, failure).len() == 1, "{what}");
            continue;
        }
        let kind = (format != Format::Text).then(|| format.content_type());
        let protocols = if format == Format::Text {
            vec![Protocol::Text]
        } else {
            // Known by name, or found out.
            vec![format.as_str().parse().unwrap(), Protocol::Auto]
        };
        for protocol in protocols {
            let mut rest = body.as_bytes();
            let mut pieces = Vec::new();
            for size in sizes.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, behind) = rest.split_at((*size).clamp(1, rest.len()));
                pieces.push(piece);
                rest = behind;
            }
            let read = decode(options(protocol, kind), pieces);
            let what = format!("{what} as {format} read as {protocol}");
            assert_eq!(read.end, Ok(Completion::Complete), "{what}\n{body}");
            if format == Format::OpenAi {
                assert_openai(events, failure, &read, &what);
                continue;
            }
            let mut expected = told(format, events, failure);
            let mut found = read.events;
            if format == Format::Text {
                // Pieces are not told apart in it.
                let text = |events: &[Event<'static>]| Answer::of(events).choices.remove(&0).unwrap_or_default().text;
                assert_eq!(text(&found), text(&expected), "{what}");
                expected.retain(|event| !matches!(event, Event::Text { .. }));
                found.retain(|event| !matches!(event, Event::Text { .. }));
            }
            assert_eq!(found, expected, "{what}\n{body}");
        }
    }
}

#[test]
fn recorded_answers_come_back_from_every_format() {
    let mut count = 0;
    for recording in recordings(&["chat.completions", "completions", "chat", "workers-ai"]) {
        let decoded = decode(options(Protocol::OpenAi, Some("text/event-stream")), [&*recording.body]);
        let sizes = [1 + recording.body.len() % 61, 3, 1000, 1 + recording.body.len() % 7];
        assert_round_trips(&decoded.events, failure_of(&decoded).as_ref(), &sizes, &recording.file);
        count += 1;
    }
    assert!(count == 0 || count > 100, "{count}");
}

#[test]
fn own_fixtures_come_back_from_every_format() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/openai");
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        let body = std::fs::read(&file).unwrap();
        let decoded = decode(options(Protocol::OpenAi, None), [&*body]);
        assert_round_trips(&decoded.events, failure_of(&decoded).as_ref(), &[5, 1, 64], &file.display().to_string());
    }
}

#[test]
fn a_failure_is_told_at_every_position() {
    let events = sample();
    let error = ProviderError {
        message: "HTTP 429: slow \"down\"\n\u{2028}".to_owned(),
        kind: Some("rate_limit_error".to_owned()),
        code: Some("slow_down".to_owned()),
        status: Some(429),
        param: None,
        retry_after_ms: Some(1_500),
    };
    for at in 0..events.len() {
        let mut cut: Vec<_> = events.iter().take(at).cloned().collect();
        // Calls that were under way are given, as every decoder does it.
        if let Some(Event::ToolCallDelta { choice, index, .. }) = cut.last().cloned() {
            let of = |event: &Event<'_>| matches!(event, Event::ToolCallDelta { index: other, .. } if *other == index);
            let (mut id, mut name, mut text) = (String::new(), String::new(), String::new());
            for event in cut.iter().filter(|event| of(event)) {
                if let Event::ToolCallDelta { id: said, name: said_name, arguments, .. } = event {
                    id = said.to_string();
                    name = said_name.as_deref().map_or(name, str::to_owned);
                    text.push_str(arguments);
                }
            }
            let arguments = if text.is_empty() { "{}".to_owned() } else { text };
            cut.push(Event::ToolCall(ToolCall { choice, index, id, name, arguments, valid: false }));
        }
        assert_round_trips(&cut, Some(&error), &[7], &format!("after {at} events"));
    }
}

fn sample() -> Vec<Event<'static>> {
    let delta = |name: Option<&'static str>, arguments: &'static str| Event::ToolCallDelta {
        choice: 0,
        index: 0,
        id: "c-1".into(),
        name: name.map(Into::into),
        arguments: arguments.into(),
    };
    vec![
        Event::Start { id: Some("x".into()), model: None },
        Event::Reasoning { choice: 0, text: "Hm\n".into(), signature: None },
        Event::Reasoning { choice: 0, text: "".into(), signature: Some("sig==".into()) },
        Event::Text { choice: 0, text: "Hel\"\\\u{0}\u{7f}\r".into() },
        Event::Text { choice: 1, text: "other".into() },
        metadata(json!({ "citations": ["https://a.example"] })),
        delta(Some("f"), ""),
        delta(None, "{\"a\":\n"),
        delta(None, "1}"),
        Event::ToolCall(ToolCall {
            choice: 0,
            index: 0,
            id: "c-1".to_owned(),
            name: "f".to_owned(),
            arguments: "{\"a\":\n1}".to_owned(),
            valid: true,
        }),
        Event::Text { choice: 0, text: "lo".into() },
        Event::Usage(Usage {
            prompt_tokens: Some(3),
            completion_tokens: Some(5),
            total_tokens: Some(8),
            raw: RawJson::new("{\"prompt_tokens\":3,\"completion_tokens\":5,\"total_tokens\":8}"),
            ..Usage::default()
        }),
        Event::Finish { reason: FinishReason::ToolCalls, raw: Some("tool_calls".into()) },
    ]
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z ]{1,8}",
        any::<String>().prop_filter("text is never empty", |text| !text.is_empty()),
        Just("\r\n\u{2028}\"\\data: {\"\0".to_owned()),
        Just("[DONE]".to_owned()),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,3}", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Names that mean something to some reader, and others.
fn name() -> impl Strategy<Value = String> {
    const NAMES: [&str; 24] = [
        "id",
        "object",
        "created",
        "model",
        "content",
        "choices",
        "x_groq",
        "refusal",
        "logprobs",
        "annotations",
        "audio",
        "reasoning_details",
        "message",
        "detail",
        "p",
        "finish_reason",
        "event",
        "data",
        "role",
        "service_tier",
        "citations",
        "tool_calls",
        "token_id",
        "finished",
    ];
    prop_oneof![prop::sample::select(&NAMES[..]).prop_map(str::to_owned), "[a-z]{1,4}", any::<String>()]
}

/// One thing a model does.
#[derive(Debug, Clone)]
enum Deed {
    Text(u32, String),
    Reasoning(u32, String, Option<String>),
    Call(u32, String, String, usize),
    Result(String, Value, bool),
    Metadata(u32, BTreeMap<String, Value>),
    Usage([Option<u32>; 5]),
}

fn deed() -> impl Strategy<Value = Deed> {
    let choice = || prop_oneof![4 => Just(0_u32), 1 => 0..3_u32];
    let arguments = prop_oneof![
        prop::collection::btree_map("[a-z\"]{1,3}", value(), 0..3)
            .prop_map(|members| Value::Object(members.into_iter().collect()).to_string()),
        Just("{\n  \"a\" : 1\r\n}".to_owned()),
        Just("{\"cut".to_owned()),
        Just(String::new()),
        any::<String>().prop_filter("or none", |text| !text.trim().is_empty()),
    ];
    prop_oneof![
        5 => (choice(), words()).prop_map(|(choice, text)| Deed::Text(choice, text)),
        2 => (choice(), words(), prop::option::of(words()))
            .prop_map(|(choice, text, signature)| Deed::Reasoning(choice, text, signature)),
        2 => (choice(), words(), arguments, 1..9_usize)
            .prop_map(|(choice, name, arguments, size)| Deed::Call(choice, name, arguments, size)),
        1 => (words(), value(), any::<bool>()).prop_map(|(id, result, is_error)| Deed::Result(id, result, is_error)),
        1 => (choice(), prop::collection::btree_map(name(), value(), 0..4))
            .prop_map(|(choice, members)| Deed::Metadata(choice, members)),
        1 => prop::array::uniform5(prop::option::of(any::<u32>())).prop_map(Deed::Usage),
    ]
}

/// The events of these deeds, by the laws of [`Event`].
fn events_of(deeds: &[Deed], named: bool) -> Vec<Event<'static>> {
    let mut events = Vec::new();
    if named {
        events.push(Event::Start { id: Some("id \"1\"".into()), model: Some("m\n".into()) });
    }
    let mut calls: BTreeMap<u32, u32> = BTreeMap::new();
    for (at, deed) in deeds.iter().enumerate() {
        match deed {
            Deed::Text(choice, text) => events.push(Event::Text { choice: *choice, text: text.clone().into() }),
            Deed::Reasoning(choice, text, signature) => {
                // A text and its signature come one after the other from every decoder.
                events.push(Event::Reasoning { choice: *choice, text: text.clone().into(), signature: None });
                if let Some(signature) = signature {
                    let signature = Some(signature.clone().into());
                    events.push(Event::Reasoning { choice: *choice, text: "".into(), signature });
                }
            }
            Deed::Call(choice, name, arguments, size) => {
                let next = calls.entry(*choice).or_default();
                let (index, id) = (*next, format!("call-{at}"));
                *next += 1;
                let piece = |name: Option<&str>, arguments: &str| Event::ToolCallDelta {
                    choice: *choice,
                    index,
                    id: id.clone().into(),
                    name: name.map(|name| name.to_owned().into()),
                    arguments: arguments.to_owned().into(),
                };
                events.push(piece(Some(name), ""));
                let characters: Vec<_> = arguments.chars().collect();
                for part in characters.chunks(*size) {
                    events.push(piece(None, &part.iter().collect::<String>()));
                }
                let arguments = if arguments.is_empty() { "{}" } else { arguments };
                events.push(Event::ToolCall(ToolCall {
                    choice: *choice,
                    index,
                    id,
                    name: name.clone(),
                    arguments: arguments.to_owned(),
                    valid: serde_json::from_str::<Value>(arguments).is_ok(),
                }));
            }
            Deed::Result(id, result, is_error) => events.push(Event::ToolResult(ToolResult {
                id: id.clone(),
                name: "f".to_owned(),
                result: RawJson::from(result),
                is_error: *is_error,
            })),
            Deed::Metadata(choice, members) => {
                let mut members: Map<_, _> = members.clone().into_iter().collect();
                if *choice != 0 {
                    members.insert("choice".to_owned(), (*choice).into());
                }
                events.push(metadata(Value::Object(members)));
            }
            Deed::Usage(counts) => {
                let [prompt, completion, cached, reasoning, audio] = counts.map(|count| count.map(u64::from));
                let total_tokens = prompt.zip(completion).map(|(prompt, completion)| prompt + completion);
                let raw = RawJson::new(&format!("{{\"n\":{at}}}"));
                if prompt.or(completion).or(cached).or(reasoning).or(audio).is_some() {
                    events.push(Event::Usage(Usage {
                        prompt_tokens: prompt,
                        completion_tokens: completion,
                        total_tokens,
                        cached_tokens: cached,
                        reasoning_tokens: reasoning,
                        audio_tokens: audio,
                        is_estimated: (at % 3 == 0).then_some(true),
                        confidence: (at % 3 == 0).then_some(0.75),
                        raw,
                    }));
                }
            }
        }
    }
    events
}

#[test]
fn an_answer_goes_on_after_the_results_of_its_calls() {
    let call = |index, id: &str| {
        let name = Some("weather".into());
        [
            Event::ToolCallDelta { choice: 0, index, id: id.to_owned().into(), name, arguments: "{}".into() },
            Event::ToolCall(ToolCall {
                choice: 0,
                index,
                id: id.to_owned(),
                name: "weather".to_owned(),
                arguments: "{}".to_owned(),
                valid: true,
            }),
        ]
    };
    let result = |id: &str, result: &Value, is_error| {
        let (id, name, result) = (id.to_owned(), "weather".to_owned(), RawJson::from(result));
        Event::ToolResult(ToolResult { id, name, result, is_error })
    };
    let mut events = vec![Event::Text { choice: 0, text: "I look.".into() }];
    events.extend(call(0, "a"));
    events.extend(call(1, "b"));
    events.push(result("a", &json!({ "celsius": 4.5 }), false));
    events.push(result("b", &json!("no such city"), true));
    events.push(Event::Text { choice: 0, text: "It is cold.".into() });
    events.push(Event::Finish { reason: FinishReason::Stop, raw: Some("stop".into()) });
    for format in Format::ALL {
        let body = encode(format, &events, None);
        let decoded = support::whole(format.as_str().parse().unwrap(), &body);
        decoded.keeps_the_laws();
        let answer = decoded.answer();
        assert_eq!(answer.choices[&0].text, "I look.It is cold.");
        if format == Format::Text {
            continue;
        }
        let expected = if format == Format::OpenAi { "tool-calls" } else { "stop" };
        assert_eq!(decoded.finish().map(|(reason, _)| reason), Some(expected), "{format}");
        let results: Vec<_> = answer.results.iter().map(|r| (r.id.as_str(), r.result.as_str(), r.is_error)).collect();
        if format == Format::OpenAi {
            assert!(results.is_empty(), "it has no place for them");
            continue;
        }
        assert_eq!(results, [("a", r#"{"celsius":4.5}"#, false), ("b", r#""no such city""#, true)], "{format}");
    }
    let body = encode(Format::UiMessage, &events, None);
    let types: Vec<_> = body.lines().filter_map(|line| line.split('"').nth(3)).collect();
    assert_eq!(
        types[types.iter().position(|kind| *kind == "tool-output-available").unwrap()..][..5],
        ["tool-output-available", "tool-output-error", "finish-step", "start-step", "text-start"],
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_answer_comes_back_from_every_format(
        deeds in prop::collection::vec(deed(), 0..12),
        named in any::<bool>(),
        reason in prop::sample::select(vec![
            FinishReason::Stop, FinishReason::Length, FinishReason::ToolCalls, FinishReason::ContentFilter,
            FinishReason::Error, FinishReason::Other, FinishReason::Unknown,
        ]),
        failure in prop::option::of((words(), prop::option::of("[a-z_]{1,9}"), prop::option::of(500..504_u16))),
        sizes in prop::collection::vec(1..80_usize, 1..6),
    ) {
        let mut events = events_of(&deeds, named);
        let failure = failure.map(|(message, kind, status)| ProviderError {
            message, code: kind.clone(), kind, status, param: None, retry_after_ms: status.map(u64::from),
        });
        if failure.is_none() {
            let called = events.iter().any(|event| matches!(event, Event::ToolCall(_)));
            // Readers make of `stop` after calls what it means.
            let answered = events.iter().any(|event| matches!(event, Event::ToolResult(_)));
            let reason = match reason {
                // Whether some call still waits differs with what a format has room for.
                FinishReason::Stop if called && answered => FinishReason::Length,
                FinishReason::Stop if called => FinishReason::ToolCalls,
                reason => reason,
            };
            events.push(Event::Finish { reason, raw: Some("own \"word\"".into()) });
        }
        assert_round_trips(&events, failure.as_ref(), &sizes, "made up");
    }
}
