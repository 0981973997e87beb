//! Cloudflare's Workers AI: recordings of its two shapes, and bodies of our own under `fixtures/workers-ai`.

mod support;

use millstream_wire::{Completion, Protocol};
use support::replay::{assert_calls, reads_the_same_however_it_is_cut, same, text_of, whole};
use support::{Decoded, recordings};

const KIND: &str = "text/event-stream";

fn fixture(name: &str) -> Decoded {
    support::replay::fixture("workers-ai", name, Protocol::WorkersAi, KIND)
}

#[test]
fn recordings_read_as_an_independent_reading_reads() {
    let cloudflare = |recording: &support::Recording| recording.file.starts_with("cloudflare/");
    for recording in recordings(&["workers-ai", "chat.completions"]).into_iter().filter(cloudflare) {
        let file = &recording.file;
        let decoded = whole(&recording, Protocol::WorkersAi, KIND);
        let oracle = &recording.oracle;
        let expected = if oracle["choices"].is_array() { &oracle["choices"][0] } else { oracle };
        let choice = decoded.answer().choices.remove(&0).unwrap_or_default();
        assert_eq!(choice.text, text_of(&expected["text"]), "{file}");
        assert_eq!(choice.reasoning, text_of(&expected["reasoning"]), "{file}");
        assert_calls(&choice, &expected["tool_calls"], file);
        if let Some(usage) = decoded.usage().first() {
            assert!(same(&support::replay::raw_of(usage), &oracle["usage"]), "{file}");
        }
        assert_eq!(decoded.end, Ok(Completion::Complete), "{file}");
        assert_eq!(decoded, whole(&recording, Protocol::OpenAi, KIND), "{file}");
        reads_the_same_however_it_is_cut(&recording, Protocol::WorkersAi, KIND);
    }
}

#[test]
fn an_answer_is_in_response_or_in_choices() {
    let decoded = fixture("text");
    assert_eq!((decoded.text().as_str(), decoded.finish()), ("Hel5lo ☃", Some(("unknown", None))));
    assert_eq!(decoded.usage()[0].total_tokens, Some(5));
    let decoded = fixture("choices");
    assert_eq!((decoded.text().as_str(), decoded.finish()), ("Hello", Some(("stop", Some("stop")))));
    assert_eq!(decoded.usage()[0].total_tokens, Some(5));
    assert_eq!(fixture("zero-usage").usage()[0].total_tokens, Some(5));
}

#[test]
fn calls_come_whole_and_an_error_ends_the_answer() {
    let decoded = fixture("calls");
    assert_eq!(decoded.calls(), [("weather", "{\"city\": \"Rome\"}", true)]);
    assert_eq!(decoded.finish(), Some(("tool-calls", Some("tool_calls"))));
    let decoded = fixture("error");
    assert_eq!(decoded.error().unwrap().message, "AiError: Capacity temporarily exceeded");
    assert_eq!(decoded.text(), "Hel");
}
