//! Every recorded stream of Anthropic's Messages: what is read equals an independent reading, however it is cut.

mod support;

use millstream_wire::{Completion, Protocol};
use serde_json::Value;
use support::replay::{assert_calls, is_found_out, raw_of, reads_the_same_however_it_is_cut, same, text_of, whole};
use support::{Decoded, Recording, recordings};

const APIS: [&str; 2] = ["messages", "messages (vertex streamRawPredict)"];
const KIND: &str = "text/event-stream; charset=utf-8";

/// Two files hold several answers, one behind the other. The independent reading makes one of them.
fn answers(recording: &Recording) -> Vec<Recording> {
    let end = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    let body = String::from_utf8_lossy(&recording.body);
    let bodies = body.split_inclusive(end).filter(|body| body.contains("message_start"));
    bodies.map(|body| Recording { body: body.as_bytes().to_vec(), ..recording.clone() }).collect()
}

fn one_answer() -> Vec<Recording> {
    recordings(&APIS).into_iter().filter(|recording| answers(recording).len() == 1).collect()
}

#[test]
fn an_answer_ends_where_it_says_and_what_follows_is_not_read() {
    for recording in recordings(&APIS) {
        let parts = answers(&recording);
        if parts.len() == 1 {
            continue;
        }
        let read: Vec<_> = parts.iter().map(|part| whole(part, Protocol::Anthropic, KIND)).collect();
        assert_eq!(whole(&recording, Protocol::Anthropic, KIND), read[0], "{}", recording.file);
        let last = read.last().unwrap().text();
        assert!(text_of(&recording.oracle["text"]).starts_with(&last) && !last.is_empty(), "{}", recording.file);
        // Each of the calls that running code made stands in the beginning of an answer of its own.
        assert!(read.iter().rev().skip(1).all(|read| read.calls().iter().all(|call| call.2)), "{}", recording.file);
        let ids = |read: &Decoded| read.answer().choices.remove(&0).unwrap_or_default().calls;
        let ids: Vec<_> = read.iter().flat_map(ids).map(|(_, call)| call.0).collect();
        for call in recording.oracle["tool_calls"].as_array().unwrap() {
            assert!(ids.iter().any(|id| *id == call["id"]), "{}", recording.file);
        }
        let calling = |part: &&Recording| String::from_utf8_lossy(&part.body).contains("\"type\":\"tool_use\"");
        assert_eq!(ids.len(), parts.iter().filter(calling).count(), "{}", recording.file);
    }
}

#[test]
fn reads_what_an_independent_reading_reads() {
    for recording in one_answer() {
        let file = &recording.file;
        let decoded = whole(&recording, Protocol::Anthropic, KIND);
        let answer = decoded.answer();
        let oracle = &recording.oracle;
        let mut choice = answer.choices.get(&0).cloned().unwrap_or_default();
        let mut signatures = choice.signatures.clone();
        if file.contains("spliced-message-start") {
            // What came before the second beginning was given as it came, and can't be taken back: its call is not valid.
            assert_eq!(choice.reasoning, "I will call the tool.Let me call the tool.");
            let cut = choice.calls.remove(&0).unwrap();
            assert_eq!((&*cut.2, cut.3), ("{\"value\":\"Spark", false));
            signatures.remove(0);
        } else {
            assert_eq!(choice.reasoning, text_of(&oracle["reasoning"]), "{file}");
        }
        assert_eq!(choice.text, text_of(&oracle["text"]), "{file}");
        assert_calls(&choice, &oracle["tool_calls"], file);
        for (.., arguments, valid) in choice.calls.values() {
            assert_eq!(*valid, serde_json::from_str::<Value>(arguments).is_ok(), "{file}");
        }
        let expected: Vec<&str> = oracle["signatures"].as_array().into_iter().flatten().map(text_of).collect();
        assert_eq!(signatures, expected, "{file}");
        assert_eq!(answer.model.as_deref(), oracle["model"].as_str(), "{file}");

        let usage = &answer.usage[0];
        let raw = &raw_of(usage);
        let mut wanted = oracle["usage"].clone();
        // A null that follows a value says nothing.
        wanted.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        assert!(raw.as_object().unwrap().len() >= wanted.as_object().unwrap().len(), "{file}");
        for (name, value) in wanted.as_object().unwrap() {
            assert!(same(&raw[name], value), "{file}: {name} {raw} {wanted}");
        }
        let of = |name: &str| wanted[name].as_u64().unwrap_or(0);
        let prompt = of("input_tokens") + of("cache_read_input_tokens") + of("cache_creation_input_tokens");
        assert_eq!(usage.prompt_tokens, Some(prompt), "{file}");
        assert_eq!(usage.completion_tokens, wanted["output_tokens"].as_u64(), "{file}");
        assert_eq!(usage.total_tokens, Some(prompt + of("output_tokens")), "{file}");

        assert_eq!(decoded.end, Ok(Completion::Complete), "{file}");
        if let Some(errors) = oracle["errors"].as_array() {
            let error = decoded.error().unwrap();
            assert_eq!(error.message, text_of(&errors[0]["message"]), "{file}");
            assert_eq!(error.kind.as_deref(), errors[0]["type"].as_str(), "{file}");
        } else {
            assert_eq!(decoded.finish().unwrap().1, oracle["stop_reason"].as_str(), "{file}");
        }
        // What the provider's own tools did is there, block by block.
        let blocks: Vec<&str> =
            answer.metadata.iter().filter_map(|value| value["content_block"]["type"].as_str()).collect();
        let own = |kind: &&str| !matches!(*kind, "text" | "thinking" | "tool_use");
        let wanted: Vec<&str> = oracle["blocks"].as_array().into_iter().flatten().map(text_of).filter(own).collect();
        assert_eq!(blocks.into_iter().filter(own).collect::<Vec<_>>(), wanted, "{file}");
    }
}

#[test]
fn cuts_make_no_difference() {
    for recording in recordings(&APIS) {
        reads_the_same_however_it_is_cut(&recording, Protocol::Anthropic, KIND);
    }
}

#[test]
fn is_found_out_without_being_told() {
    for recording in recordings(&APIS) {
        is_found_out(&recording, Protocol::Anthropic, &[Some(KIND), Some("text/plain"), None]);
    }
}
