//! What servers of any format do around its frames that no specification has: each is put into a body of every format
//! that comes as an event stream, and the answer stays what it was, however the bytes are cut.
#![expect(clippy::unwrap_used, reason = "a test")]

mod support;

use std::path::PathBuf;

use millstream_wire::{Completion, Protocol};
use support::{Decoded, decode, options};

const KIND: &str = "text/event-stream";

const FIXTURES: [(Protocol, &str); 9] = [
    (Protocol::OpenAi, "openai/mistral-parts.sse"),
    (Protocol::OpenAi, "openai/groq.sse"),
    (Protocol::Anthropic, "anthropic/thinking-with-signatures.sse"),
    (Protocol::OpenAiResponses, "openai-responses/calls.sse"),
    (Protocol::Gemini, "gemini/calls.sse"),
    (Protocol::GeminiInteractions, "gemini-interactions/text.sse"),
    (Protocol::Cohere, "cohere/calls.sse"),
    (Protocol::WorkersAi, "workers-ai/text.sse"),
    (Protocol::Watsonx, "watsonx/text.sse"),
];

/// An answer of each format, its lines ended by LF.
fn bodies() -> Vec<(Protocol, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let fixtures = FIXTURES.map(|(protocol, name)| {
        let body = std::fs::read_to_string(folder.join(name)).unwrap().replace("\r\n", "\n");
        assert!(!body.contains('\r') && body.ends_with("\n\n"), "{name}");
        (protocol, body)
    });
    let own = [
        (
            Protocol::Events,
            "event: start\ndata: {}\n\nevent: token\nid: 1\ndata: {\"token\":\"Hi\"}\n\nevent: done\ndata: {}\n\n",
        ),
        (Protocol::Chunk, "data: {\"type\":\"chunk\",\"content\":\"Hi\"}\n\ndata: {\"type\":\"complete\"}\n\n"),
        (
            Protocol::Content,
            "data: {\"content\":\"Hi\",\"finished\":false}\n\ndata: {\"content\":\"\",\"finished\":true}\n\n",
        ),
        (
            Protocol::UiMessage,
            "data: {\"type\":\"start\"}\n\ndata: {\"type\":\"text-start\",\"id\":\"0\"}\n\n\
             data: {\"type\":\"text-delta\",\"id\":\"0\",\"delta\":\"Hi\"}\n\n\
             data: {\"type\":\"text-end\",\"id\":\"0\"}\n\ndata: {\"type\":\"finish\"}\n\ndata: [DONE]\n\n",
        ),
    ];
    fixtures.into_iter().chain(own.map(|(protocol, body)| (protocol, body.to_owned()))).collect()
}

/// What it is in one piece; it is the same byte by byte, and cut once at either side of every line end.
fn read(protocol: Protocol, body: &str) -> Decoded {
    let options = options(protocol, Some(KIND));
    let body = body.as_bytes();
    let whole = decode(options.clone(), [body]);
    assert_eq!(decode(options.clone(), body.chunks(1)), whole, "{protocol}, byte by byte");
    for at in (1..body.len()).filter(|at| body[at - 1..=*at].iter().any(|byte| matches!(byte, b'\r' | b'\n'))) {
        let (head, tail) = body.split_at(at);
        assert_eq!(decode(options.clone(), [head, tail]), whole, "{protocol} at {at}");
    }
    assert_eq!(decode(support::options(Protocol::Auto, Some(KIND)), [body]), whole, "{protocol} is found out");
    whole
}

/// However this changes a body, it changes nothing.
fn changes_nothing(change: impl Fn(&str) -> String) {
    for (protocol, body) in bodies() {
        let plain = read(protocol, &body);
        assert_eq!(plain.end, Ok(Completion::Complete), "{protocol}");
        let changed = change(&body);
        assert_ne!(changed, body, "{protocol}");
        assert_eq!(read(protocol, &changed), plain, "{protocol}");
    }
}

/// Puts a frame before every other, and behind the last.
fn strewn(body: &str, frame: &str) -> String {
    body.split_inclusive("\n\n").map(|event| format!("{frame}\n\n{event}")).collect::<String>() + frame + "\n\n"
}

#[test]
fn data_may_come_without_the_space_behind_its_colon() {
    changes_nothing(|body| body.replace("\ndata: ", "\ndata:").replacen("data: ", "data:", 1));
}

#[test]
fn lines_may_end_in_crlf() {
    changes_nothing(|body| body.replace('\n', "\r\n"));
}

#[test]
fn lines_may_end_in_a_lone_cr() {
    changes_nothing(|body| body.replace('\n', "\r"));
}

#[test]
fn cr_and_lf_may_come_in_different_pieces() {
    for (protocol, body) in bodies() {
        let body = body.replace('\n', "\r\n");
        let plain = decode(options(protocol, Some(KIND)), [body.as_bytes()]);
        let pieces = body.split_inclusive('\r').map(str::as_bytes);
        assert_eq!(decode(options(protocol, Some(KIND)), pieces), plain, "{protocol}");
    }
}

#[test]
fn line_ends_may_be_mixed_in_one_piece() {
    // A CR before the LF of an empty line would be one line end with it.
    let mut ends = ["\n", "\r", "\r\n"].into_iter().cycle();
    let mixed = |body: &str| body.lines().map(|line| line.to_owned() + ends.next().unwrap()).collect::<String>();
    let mixed = std::cell::RefCell::new(mixed);
    changes_nothing(|body| (mixed.borrow_mut())(body));
}

#[test]
fn openrouter_says_processing_in_comments() {
    changes_nothing(|body| strewn(body, ": OPENROUTER PROCESSING"));
}

#[test]
fn a_ping_may_be_a_bare_colon() {
    changes_nothing(|body| strewn(body, ":"));
}

#[test]
fn a_gateway_sends_comments_again_as_data() {
    for frame in ["data: : OPENROUTER PROCESSING", "data: :", "data::ping"] {
        changes_nothing(|body| strewn(body, frame));
    }
}

#[test]
fn empty_data_says_nothing() {
    for frame in ["data:", "data", "data: \ndata:"] {
        changes_nothing(|body| strewn(body, frame));
    }
}

#[test]
fn a_chunk_may_be_null() {
    changes_nothing(|body| strewn(body, "data: null"));
}

#[test]
fn the_last_event_may_lack_its_blank_line() {
    changes_nothing(|body| body.strip_suffix("\n").unwrap().to_owned());
    changes_nothing(|body| body.strip_suffix("\n\n").unwrap().to_owned());
}
