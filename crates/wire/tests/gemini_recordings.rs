//! Every recorded stream of Gemini's `streamGenerateContent`: what is read equals an independent reading, however it is
//! cut, as events, as an array, and with nothing between the objects.

mod support;

use millstream_wire::{Completion, Protocol};
use serde_json::Value;
use support::replay::{assert_calls, is_found_out, raw_of, reads_the_same_however_it_is_cut, same, text_of, whole};
use support::{Recording, decode, options, recordings};

const APIS: [&str; 1] = ["generateContent"];
const KIND: &str = "text/event-stream";

/// The objects of a recording.
fn objects(recording: &Recording) -> Vec<String> {
    let body = String::from_utf8_lossy(&recording.body);
    body.lines().filter_map(|line| line.strip_prefix("data:")).map(|data| data.trim().to_owned()).collect()
}

#[test]
fn reads_what_an_independent_reading_reads() {
    for recording in recordings(&APIS) {
        let file = &recording.file;
        let decoded = whole(&recording, Protocol::Gemini, KIND);
        let answer = decoded.answer();
        let oracle = &recording.oracle;
        if oracle["n_events"] == 0 {
            // Without blank lines, all of it is one event.
            let texts = objects(&recording).into_iter().map(|object| serde_json::from_str::<Value>(&object).unwrap());
            let part =
                |object: Value| object["candidates"][0]["content"]["parts"][0]["text"].as_str().map(str::to_owned);
            assert_eq!(decoded.text(), texts.filter_map(part).collect::<String>(), "{file}");
            assert_eq!(decoded.finish(), Some(("stop", Some("STOP"))), "{file}");
            continue;
        }
        let choice = answer.choices.get(&0).cloned().unwrap_or_default();
        assert_eq!(choice.text, text_of(&oracle["text"]), "{file}");
        assert_eq!(choice.reasoning, text_of(&oracle["reasoning"]), "{file}");
        if file.contains("google-stream-") || file.contains("google-vertex-stream-") {
            // Arguments in pieces, which the independent reading does not put together.
            let names = oracle["tool_calls"].as_array().unwrap().iter().filter_map(|call| call["name"].as_str());
            let calls = decoded.calls();
            assert_eq!(calls.iter().map(|call| call.0).collect::<Vec<_>>(), names.collect::<Vec<_>>(), "{file}");
            assert!(calls.iter().all(|call| call.2), "{file}: {calls:?}");
        } else {
            assert_calls(&choice, &oracle["tool_calls"], file);
        }
        if let Some(usage) = answer.usage.first() {
            let raw = &raw_of(usage);
            if file.contains("/generate__streaming-") {
                continue;
            }
            assert!(same(raw, &oracle["usage"]), "{file}: {raw}");
            assert_eq!(usage.prompt_tokens, raw["promptTokenCount"].as_u64(), "{file}");
            assert_eq!(usage.total_tokens, raw["totalTokenCount"].as_u64(), "{file}");
        } else {
            assert!(oracle["usage"].as_object().is_none_or(serde_json::Map::is_empty), "{file}");
        }
        assert_eq!(decoded.end, Ok(Completion::Complete), "{file}");
        match oracle["finish_reason"].as_str() {
            Some(reason) => assert_eq!(decoded.finish().unwrap().1, Some(reason), "{file}"),
            None => assert_eq!(decoded.finish(), Some(("content-filter", Some("SAFETY"))), "{file}: blocked"),
        }
    }
}

#[test]
fn an_array_and_objects_with_nothing_between_them_read_the_same() {
    for recording in recordings(&APIS).iter().filter(|recording| recording.oracle["n_events"] != 0) {
        let expected = whole(recording, Protocol::Gemini, KIND);
        let objects = objects(recording);
        for body in [format!("[{}\n]\n", objects.join(",\r\n")), objects.concat(), objects.join("\n")] {
            for protocol in [Protocol::Gemini, Protocol::Auto] {
                for kind in [Some("application/json"), None] {
                    let decoded = decode(options(protocol, kind), [body.as_bytes()]);
                    assert_eq!(decoded, expected, "{} as {kind:?}", recording.file);
                }
            }
            let body = Recording { body: body.into_bytes(), ..recording.clone() };
            reads_the_same_however_it_is_cut(&body, Protocol::Gemini, "application/json");
        }
        let in_one_event = format!("data: {}\n\n", objects.concat());
        assert_eq!(decode(options(Protocol::Gemini, Some(KIND)), [in_one_event.as_bytes()]), expected);
    }
}

#[test]
fn cuts_make_no_difference() {
    for recording in recordings(&APIS) {
        reads_the_same_however_it_is_cut(&recording, Protocol::Gemini, KIND);
    }
}

#[test]
fn is_found_out_without_being_told() {
    for recording in recordings(&APIS).iter().filter(|recording| recording.oracle["n_events"] != 0) {
        is_found_out(recording, Protocol::Gemini, &[Some(KIND), Some("text/plain"), None]);
    }
}
