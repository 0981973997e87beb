//! Every recorded stream of OpenAI's Responses: what is read equals an independent reading, however it is cut.

mod support;

use millstream_wire::{Completion, Protocol};
use serde_json::{Value, json};
use support::recordings;
use support::replay::{assert_calls, is_found_out, raw_of, reads_the_same_however_it_is_cut, same, text_of, whole};

const APIS: [&str; 1] = ["responses"];
const KIND: &str = "text/event-stream; charset=utf-8";

#[test]
fn reads_what_an_independent_reading_reads() {
    for recording in recordings(&APIS) {
        let file = &recording.file;
        let decoded = whole(&recording, Protocol::OpenAiResponses, KIND);
        let answer = decoded.answer();
        let oracle = &recording.oracle;
        let choice = answer.choices.get(&0).cloned().unwrap_or_default();
        if String::from_utf8_lossy(&recording.body).matches("event: response.created").count() > 1 {
            // Two answers, one behind the other: what follows the end of the first is not read.
            assert!(choice.text.is_empty() && decoded.finish().is_some(), "{file}");
            continue;
        }
        assert_eq!(choice.text, text_of(&oracle["text"]), "{file}");
        assert_eq!(choice.reasoning, text_of(&oracle["reasoning"]), "{file}");
        assert_calls(&choice, &oracle["tool_calls"], file);
        for (.., arguments, valid) in choice.calls.values() {
            assert_eq!(*valid, serde_json::from_str::<Value>(arguments).is_ok(), "{file}");
        }
        assert!(oracle["model"].is_null() || answer.model.as_deref() == oracle["model"].as_str(), "{file}");
        if oracle["status"].is_null() {
            // Its last event is without a blank line, and counts all the same.
            assert_eq!(answer.usage[0].prompt_tokens, Some(10), "{file}");
            assert_eq!(decoded.finish(), Some(("stop", Some("completed"))), "{file}");
            continue;
        }
        match answer.usage.first() {
            Some(usage) => {
                let mut wanted = oracle["usage"].clone();
                wanted.as_object_mut().unwrap().retain(|_, value| !value.is_null());
                assert!(same(&raw_of(usage), &wanted), "{file}: {usage:?} {wanted}");
                assert_eq!(usage.prompt_tokens, wanted["input_tokens"].as_u64(), "{file}");
                assert_eq!(usage.total_tokens, wanted["total_tokens"].as_u64(), "{file}");
            }
            None => assert!(oracle["usage"].is_null(), "{file}"),
        }
        assert_eq!(decoded.end, Ok(Completion::Complete), "{file}");
        match text_of(&oracle["status"]) {
            "failed" => {
                let error = decoded.error().unwrap();
                assert_eq!(error.message, text_of(&oracle["error"]["message"]), "{file}");
                assert_eq!(error.code.as_deref(), oracle["error"]["code"].as_str(), "{file}");
            }
            "completed" => {
                let expected = if choice.calls.is_empty() { "stop" } else { "tool-calls" };
                assert_eq!(decoded.finish(), Some((expected, Some("completed"))), "{file}");
            }
            "incomplete" => {
                assert_eq!(oracle["incomplete_details"], json!({"reason": "max_output_tokens"}));
                assert_eq!(decoded.finish(), Some(("length", Some("max_output_tokens"))), "{file}");
            }
            status => panic!("{file}: {status}"),
        }
        // Items without an event of their own are there, each once.
        let items: Vec<&str> =
            answer.metadata.iter().filter_map(|value| value["output_item"]["type"].as_str()).collect();
        let own = |kind: &&str| !matches!(*kind, "message" | "function_call" | "reasoning");
        let wanted: Vec<&str> =
            oracle["item_types"].as_array().into_iter().flatten().map(text_of).filter(own).collect();
        let mut items: Vec<&str> = items.into_iter().filter(own).collect();
        if file.contains("backfills-missing") {
            // Three are said to be done, of which the last event, and so the independent reading, repeats one.
            assert_eq!(items.len(), 3, "{file}");
            items.truncate(1);
        }
        assert_eq!(items, wanted, "{file}");
    }
}

#[test]
fn cuts_make_no_difference() {
    for recording in recordings(&APIS) {
        reads_the_same_however_it_is_cut(&recording, Protocol::OpenAiResponses, KIND);
    }
}

#[test]
fn is_found_out_without_being_told() {
    for recording in recordings(&APIS) {
        is_found_out(&recording, Protocol::OpenAiResponses, &[Some(KIND), Some("text/plain"), None]);
    }
}
