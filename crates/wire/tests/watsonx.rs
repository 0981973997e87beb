//! IBM watsonx.ai's generation stream: a recording, and bodies of our own under `fixtures/watsonx`.

mod support;

use millstream_wire::{Completion, Protocol};
use support::replay::{is_found_out, raw_of, reads_the_same_however_it_is_cut, whole};
use support::{Decoded, recordings};

const KIND: &str = "text/event-stream";

fn fixture(name: &str) -> Decoded {
    support::replay::fixture("watsonx", name, Protocol::Watsonx, KIND)
}

#[test]
fn the_recording_reads_as_it_stands() {
    for recording in recordings(&["watsonx text_stream"]) {
        let decoded = whole(&recording, Protocol::Watsonx, KIND);
        let text = decoded.text();
        assert!(text.starts_with("the sun") && text.ends_with(" in the sky"), "{text}");
        assert_eq!(decoded.finish(), Some(("stop", Some("eos_token"))));
        assert_eq!((decoded.usage()[0].prompt_tokens, decoded.usage()[0].completion_tokens), (Some(8), Some(11)));
        reads_the_same_however_it_is_cut(&recording, Protocol::Watsonx, KIND);
        is_found_out(&recording, Protocol::Watsonx, &[Some(KIND), Some("text/plain"), None]);
    }
}

#[test]
fn counts_that_are_0_where_they_are_not_said_again_do_not_count() {
    let decoded = fixture("text");
    assert_eq!((decoded.text().as_str(), decoded.finish()), ("Hello ☃", Some(("stop", Some("eos_token")))));
    assert_eq!(raw_of(decoded.usage()[0])["input_token_count"], 8);
    assert_eq!(decoded.usage()[0].total_tokens, Some(10));
    assert_eq!(decoded.metadata()[0]["system"]["warnings"][0]["message"], "careful");
}

#[test]
fn a_reason_makes_it_complete_and_an_error_ends_it() {
    assert_eq!(fixture("length").finish(), Some(("length", Some("max_tokens"))));
    assert_eq!(fixture("cut").end, Ok(Completion::Truncated));
    let decoded = fixture("error");
    assert_eq!(decoded.error().unwrap().message, "It broke.");
    assert_eq!(decoded.usage()[0].prompt_tokens, Some(8));
}

#[test]
fn its_chat_speaks_like_openai() {
    let body = "data: {\"model_id\":\"ibm/test\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\n";
    let decoded = support::whole(Protocol::Watsonx, body);
    assert_eq!((decoded.text().as_str(), decoded.finish()), ("Hi", Some(("stop", Some("stop")))));
}
