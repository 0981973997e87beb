//! Every recorded stream of an OpenAI-compatible server: what is read equals an independent reading, at every split.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test")]

mod support;

use millstream_wire::{Completion, Decoder, Event, Protocol};
use proptest::prelude::*;
use serde_json::Value;
use support::{Choice, Decoded, Recording, decode, options, recordings};

const APIS: [&str; 4] = ["chat.completions", "completions", "chat", "workers-ai"];

/// Files up to this size are decoded whole once for each of their bytes.
const SMALL: usize = 4 * 1024;

fn whole(recording: &Recording) -> Decoded {
    decode(options(Protocol::OpenAi, Some("text/event-stream")), [&*recording.body])
}

/// Reasoning that stands in `reasoning_details` alone, which the independent reading leaves out.
fn detailed_reasoning(recording: &Recording, choice: u64) -> String {
    let body = String::from_utf8_lossy(&recording.body);
    let frames = body.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data:")?).ok());
    let mut reasoning = String::new();
    for frame in frames {
        for item in frame["choices"].as_array().into_iter().flatten().filter(|item| item["index"] == choice) {
            let delta = &item["delta"];
            for detail in delta["reasoning_details"].as_array().into_iter().flatten() {
                reasoning.push_str(detail["text"].as_str().unwrap_or_default());
            }
        }
    }
    reasoning
}

/// What stands in this field of the first choice of all chunks.
fn fields(recording: &Recording, name: &str) -> Option<String> {
    let body = String::from_utf8_lossy(&recording.body);
    let frames = body.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data:")?).ok());
    frames.filter_map(|frame| frame["choices"][0][name].as_str().map(str::to_owned)).reduce(|text, more| text + &more)
}

/// Equal but for the last digit of a number, of which `serde_json` makes little.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= a.abs() * 1e-12
        }
        _ => a == b,
    }
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn reads_what_an_independent_reading_reads() {
    for recording in recordings(&APIS) {
        let file = &recording.file;
        let decoded = whole(&recording);
        let answer = decoded.answer();
        let oracle = &recording.oracle;
        if oracle["choices"].as_array().is_some_and(Vec::is_empty) {
            // The independent reading knows neither `{"value": …}` nor a last event without its blank line.
            let (text, end) = if file.starts_with("writer/") {
                ("Sure, here's a light-hearted joke about OpenTelemetry", Completion::Complete)
            } else {
                ("the answer", Completion::Truncated)
            };
            assert!(answer.choices[&0].text.starts_with(text), "{file}");
            assert_eq!(decoded.end, Ok(end), "{file}");
            continue;
        }
        let native = [serde_json::json!({
            "index": 0, "text": oracle["text"], "reasoning": oracle["reasoning"], "tool_calls": oracle["tool_calls"],
            "finish_reason": oracle["finish_reason"],
        })];
        let choices = oracle["choices"].as_array().map_or(&native[..], Vec::as_slice);
        for expected in choices {
            let index = expected["index"].as_u64().unwrap();
            let choice = answer.choices.get(&u32::try_from(index).unwrap()).cloned().unwrap_or_default();
            match fields(&recording, "text") {
                // Said twice in every chunk, and read twice by the independent reading.
                Some(text) if file.starts_with("together/") => assert_eq!(choice.text, text, "{file}"),
                _ => assert_eq!(choice.text, text_of(&expected["text"]), "{file}"),
            }
            let reasoning = match text_of(&expected["reasoning"]) {
                "" => detailed_reasoning(&recording, index),
                reasoning => reasoning.to_owned(),
            };
            assert_eq!(choice.reasoning, reasoning, "{file}");
            let stopped = expected["finish_reason"] == "length";
            assert_calls(&choice, &expected["tool_calls"], stopped, file);
        }
        assert!(answer.choices.len() <= choices.len(), "{file}: {answer:?}");
        assert_end(&decoded, oracle, choices, file);
    }
}

fn assert_calls(choice: &Choice, expected: &Value, stopped: bool, file: &str) {
    let expected = expected.as_array().unwrap();
    assert_eq!(choice.calls.len(), expected.len(), "{file}");
    for ((id, name, arguments, valid), expected) in choice.calls.values().zip(expected) {
        if let Some(known) = expected["id"].as_str().filter(|id| !id.is_empty()) {
            assert_eq!(id, known, "{file}");
        }
        assert_eq!(name, text_of(&expected["name"]), "{file}");
        let text = text_of(&expected["arguments"]);
        assert_eq!(arguments, if text.is_empty() { "{}" } else { text }, "{file}");
        // Where there are none, the model may have been about to write some.
        let complete = if text.is_empty() { !stopped } else { serde_json::from_str::<Value>(text).is_ok() };
        assert_eq!(*valid, complete, "{file}: {arguments}");
    }
}

fn assert_end(decoded: &Decoded, oracle: &Value, choices: &[Value], file: &str) {
    let answer = decoded.answer();
    if oracle["usage"].is_null() {
        assert!(answer.usage.is_empty(), "{file}: {:?}", answer.usage);
    } else {
        assert_eq!(answer.usage.len(), 1, "{file}");
        let raw = answer.usage[0].raw.as_ref().unwrap().to_value();
        assert!(same(&raw, &oracle["usage"]), "{file}: {raw} {}", oracle["usage"]);
        assert_eq!(answer.usage[0].prompt_tokens, oracle["usage"]["prompt_tokens"].as_u64(), "{file}");
        assert_eq!(answer.usage[0].total_tokens, oracle["usage"]["total_tokens"].as_u64(), "{file}");
    }
    if let Some(errors) = oracle["errors"].as_array() {
        let error = decoded.error().unwrap_or_else(|| panic!("{file}: no error"));
        assert_eq!(error.message, text_of(&errors[0]["message"]), "{file}");
        return;
    }
    let reason = choices.iter().find(|choice| choice["index"] == 0).map(|choice| choice["finish_reason"].as_str());
    match decoded.finish() {
        Some((_, raw)) => assert_eq!(raw, reason.flatten(), "{file}"),
        None => assert!(reason.flatten().is_none() && oracle["terminal"].is_null(), "{file}"),
    }
}

#[test]
fn reads_the_same_byte_by_byte() {
    for recording in recordings(&APIS) {
        let expected = whole(&recording);
        let single = decode(options(Protocol::OpenAi, Some("text/event-stream")), recording.body.chunks(1));
        assert_eq!(single, expected, "{}", recording.file);
    }
}

#[test]
fn small_recordings_read_the_same_at_every_split() {
    for recording in recordings(&APIS).iter().filter(|recording| recording.body.len() <= SMALL) {
        let expected = whole(recording);
        for at in 0..=recording.body.len() {
            let (head, tail) = recording.body.split_at(at);
            let decoded = decode(options(Protocol::OpenAi, Some("text/event-stream")), [head, tail]);
            assert_eq!(decoded, expected, "{} at {at}", recording.file);
        }
    }
}

/// A decoder does not remember what it read but for what it holds: so a split is felt in the frames around it or never.
/// For each byte, a copy of the decoder from some frames before it reads on in two pieces, to some frames behind it.
#[test]
fn every_recording_reads_the_same_at_every_split() {
    let stride = if cfg!(debug_assertions) { 13 } else { 1 };
    for recording in recordings(&APIS) {
        let body = &recording.body;
        let blank = memchr::memmem::find_iter(body, b"\n\n").map(|at| at + 2);
        let mut ends: Vec<usize> = blank.filter(|end| *end < body.len()).collect();
        ends.push(body.len());
        let mut states = Vec::new();
        let mut decoder = Decoder::new(options(Protocol::OpenAi, Some("text/event-stream")));
        let mut counts = Vec::new();
        let mut events: Vec<Event<'static>> = Vec::new();
        let mut from = 0;
        for &end in &ends {
            states.push((from, decoder.clone()));
            counts.push(events.len());
            decoder.feed(&body[from..end], &mut |event| events.push(event.into_owned())).unwrap();
            from = end;
        }
        counts.push(events.len());
        for frame in 0..ends.len() {
            let first = frame.saturating_sub(1);
            let last = (frame + 2).min(ends.len());
            let (start, state) = &states[first];
            let expected = &events[counts[first]..counts[last]];
            let from = states[frame].0;
            for at in (from..ends[frame]).step_by(stride) {
                let mut decoder = state.clone();
                let mut rest = expected.iter();
                let mut sink = |event: Event<'_>| assert_eq!(Some(&event), rest.next(), "{} at {at}", recording.file);
                decoder.feed(&body[*start..at], &mut sink).unwrap();
                decoder.feed(&body[at..ends[last - 1]], &mut sink).unwrap();
                assert_eq!(rest.next(), None, "{} at {at}", recording.file);
            }
        }
    }
}

#[test]
fn is_found_out_without_being_told() {
    for recording in recordings(&APIS) {
        let told = whole(&recording);
        for content_type in [Some("text/event-stream; charset=utf-8"), Some("text/plain"), None] {
            let found = decode(options(Protocol::Auto, content_type), [&*recording.body]);
            assert_eq!(found, told, "{}", recording.file);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reads_the_same_at_any_splits(cuts in prop::collection::vec(any::<prop::sample::Index>(), 1..40)) {
        for recording in recordings(&APIS).iter().step_by(9) {
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(recording.body.len())).collect();
            at.sort_unstable();
            let mut from = 0;
            let mut pieces: Vec<&[u8]> = Vec::new();
            for cut in at {
                pieces.push(&recording.body[from..cut]);
                from = cut;
            }
            pieces.push(&recording.body[from..]);
            let decoded = decode(options(Protocol::OpenAi, None), pieces);
            prop_assert_eq!(decoded, whole(recording), "{}", &recording.file);
        }
    }
}
