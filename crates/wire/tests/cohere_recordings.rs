//! Every recorded stream of Cohere's chat: what is read equals an independent reading, however it is cut.

mod support;

use millstream_wire::{Completion, Protocol};
use support::recordings;
use support::replay::{assert_calls, is_found_out, raw_of, reads_the_same_however_it_is_cut, same, text_of, whole};

const APIS: [&str; 1] = ["cohere v2 chat"];
const FIRST: [&str; 2] = ["cohere v1 chat", "cohere v1 generate"];
const KIND: &str = "text/event-stream";

#[test]
fn reads_what_an_independent_reading_reads() {
    for recording in recordings(&APIS) {
        let file = &recording.file;
        let decoded = whole(&recording, Protocol::Cohere, KIND);
        let answer = decoded.answer();
        let oracle = &recording.oracle;
        let choice = answer.choices.get(&0).cloned().unwrap_or_default();
        assert_eq!(choice.text, text_of(&oracle["text"]), "{file}");
        assert_eq!(choice.reasoning, text_of(&oracle["reasoning"]), "{file}");
        assert_calls(&choice, &oracle["tool_calls"], file);
        assert!(choice.calls.values().all(|call| call.3), "{file}");
        let plan: String = answer.metadata.iter().filter_map(|value| value["tool_plan"].as_str()).collect();
        assert_eq!(plan, text_of(&oracle["tool_plan"]), "{file}");
        let citations = answer.metadata.iter().filter(|value| value["citation"].is_object()).count();
        assert_eq!(Some(citations as u64), oracle["citations"].as_u64(), "{file}");
        let usage = &answer.usage[0];
        assert!(same(&raw_of(usage), &oracle["usage"]), "{file}");
        assert_eq!(usage.prompt_tokens, oracle["usage"]["tokens"]["input_tokens"].as_u64(), "{file}");
        assert_eq!(usage.completion_tokens, oracle["usage"]["tokens"]["output_tokens"].as_u64(), "{file}");
        assert_eq!(decoded.end, Ok(Completion::Complete), "{file}");
        assert_eq!(decoded.finish().unwrap().1, oracle["finish_reason"].as_str(), "{file}");
    }
    for recording in recordings(&FIRST) {
        let decoded = whole(&recording, Protocol::Cohere, "application/x-ndjson");
        assert_eq!((decoded.text().as_str(), decoded.end.clone()), ("the answer", Ok(Completion::Truncated)));
    }
}

#[test]
fn cuts_make_no_difference() {
    for recording in recordings(&APIS) {
        reads_the_same_however_it_is_cut(&recording, Protocol::Cohere, KIND);
    }
    for recording in recordings(&FIRST) {
        reads_the_same_however_it_is_cut(&recording, Protocol::Cohere, "application/x-ndjson");
    }
}

#[test]
fn is_found_out_without_being_told() {
    for recording in recordings(&APIS) {
        is_found_out(&recording, Protocol::Cohere, &[Some(KIND), Some("text/plain"), None]);
    }
    for recording in recordings(&FIRST) {
        is_found_out(&recording, Protocol::Cohere, &[Some("application/x-ndjson"), Some("application/json"), None]);
    }
}
