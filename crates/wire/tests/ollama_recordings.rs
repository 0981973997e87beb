//! Every recorded stream of Ollama's own format: what is read equals an independent reading, however it is cut.

mod support;

use millstream_wire::{Completion, Protocol};
use support::recordings;
use support::replay::{assert_calls, is_found_out, raw_of, reads_the_same_however_it_is_cut, same, text_of, whole};

const APIS: [&str; 2] = ["ollama chat", "ollama generate"];
const KIND: &str = "application/x-ndjson";

#[test]
fn reads_what_an_independent_reading_reads() {
    for recording in recordings(&APIS) {
        let file = &recording.file;
        let decoded = whole(&recording, Protocol::Ollama, KIND);
        let answer = decoded.answer();
        let oracle = &recording.oracle;
        let choice = answer.choices.get(&0).cloned().unwrap_or_default();
        assert_eq!(choice.text, text_of(&oracle["text"]), "{file}");
        assert_eq!(choice.reasoning, text_of(&oracle["reasoning"]), "{file}");
        assert_calls(&choice, &oracle["tool_calls"], file);
        assert!(choice.calls.values().all(|call| call.3), "{file}");
        let usage = &answer.usage[0];
        let raw = raw_of(usage);
        for (name, value) in oracle["usage"].as_object().unwrap() {
            assert!(same(&raw[name], value), "{file}: {name} {raw}");
        }
        assert_eq!(usage.prompt_tokens, oracle["usage"]["prompt_eval_count"].as_u64(), "{file}");
        assert_eq!(usage.completion_tokens, oracle["usage"]["eval_count"].as_u64(), "{file}");
        assert_eq!(decoded.end, Ok(Completion::Complete), "{file}");
        assert_eq!(decoded.finish().unwrap().1, oracle["done_reason"].as_str(), "{file}");
    }
}

#[test]
fn cuts_make_no_difference() {
    for recording in recordings(&APIS) {
        reads_the_same_however_it_is_cut(&recording, Protocol::Ollama, KIND);
        reads_the_same_however_it_is_cut(&recording, Protocol::Auto, "application/json");
    }
}

#[test]
fn is_found_out_without_being_told() {
    for recording in recordings(&APIS) {
        is_found_out(&recording, Protocol::Ollama, &[Some(KIND), Some("application/json"), None]);
    }
}
