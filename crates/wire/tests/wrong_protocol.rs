//! A body read as another format than it is in: whatever becomes of it, never an answer without a word that is complete.

mod support;

use std::collections::BTreeMap;

use millstream_wire::encode::{Encoder, EncoderOptions, Format};
use millstream_wire::{Completion, DecodeError, Event, Protocol};
use support::{Decoded, decode, message, options, recordings};

/// Every interface that was recorded, and the format it is in.
const APIS: [(&str, Protocol); 18] = [
    ("chat.completions", Protocol::OpenAi),
    ("completions", Protocol::OpenAi),
    ("chat", Protocol::OpenAi),
    ("responses", Protocol::OpenAiResponses),
    ("messages", Protocol::Anthropic),
    ("messages (vertex streamRawPredict)", Protocol::Anthropic),
    ("generateContent", Protocol::Gemini),
    ("interactions", Protocol::GeminiInteractions),
    ("ollama chat", Protocol::Ollama),
    ("ollama generate", Protocol::Ollama),
    ("cohere v2 chat", Protocol::Cohere),
    ("cohere v1 chat", Protocol::Cohere),
    ("cohere v1 generate", Protocol::Cohere),
    ("watsonx text_stream", Protocol::Watsonx),
    ("workers-ai", Protocol::WorkersAi),
    ("converse-stream", Protocol::BedrockConverse),
    ("invoke-with-response-stream", Protocol::BedrockInvoke),
    ("invoke-endpoint-with-response-stream", Protocol::SageMaker),
];
/// Of each interface.
const RECORDINGS: usize = 6;

fn says_something(decoded: &Decoded) -> bool {
    decoded.events.iter().any(Event::is_content)
}

/// Complete, and without a word.
fn is_silent(decoded: &Decoded) -> bool {
    decoded.end == Ok(Completion::Complete)
        && matches!(decoded.events.last(), Some(Event::Finish { .. }))
        && !says_something(decoded)
}

fn all_protocols() -> impl Iterator<Item = Protocol> {
    Protocol::ALL.into_iter().filter(|protocol| !matches!(protocol, Protocol::Auto | Protocol::Text))
}

#[test]
fn recordings_read_as_another_format_are_no_silent_success() {
    let mut silent = BTreeMap::new();
    for (api, own) in APIS {
        for recording in recordings(&[api]).into_iter().take(RECORDINGS) {
            let right = decode(options(own, None), [&*recording.body]);
            if !says_something(&right) {
                continue;
            }
            for protocol in all_protocols().filter(|protocol| *protocol != own) {
                let wrong = decode(options(protocol, None), recording.body.chunks(37));
                if is_silent(&wrong) {
                    silent.entry((own.as_str(), protocol.as_str())).or_insert(recording.file.clone());
                }
            }
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
fn formats_of_our_own_read_as_another_are_no_silent_success() {
    let events = [
        Event::Reasoning { choice: 0, text: "Hm".into(), signature: None },
        Event::Text { choice: 0, text: "Hello".into() },
        Event::Finish { reason: millstream_wire::FinishReason::Stop, raw: None },
    ];
    for format in Format::ALL.into_iter().filter(|format| *format != Format::Text) {
        let mut body = String::new();
        let mut encoder = Encoder::new(EncoderOptions::new(format));
        events.iter().for_each(|event| encoder.event(event, &mut body));
        encoder.finish(0, &mut body);
        for protocol in all_protocols() {
            let read = decode(options(protocol, Some(format.content_type())), [body.as_bytes()]);
            assert!(!is_silent(&read), "{format} read as {protocol}: {:?}", read.events);
        }
    }
}

#[test]
fn says_what_was_asked_for_and_what_came() {
    let openai = "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\ndata: [DONE]\n\n";
    for protocol in [Protocol::Anthropic, Protocol::Events, Protocol::OpenAiResponses, Protocol::UiMessage] {
        let decoded = decode(options(protocol, None), [openai.as_bytes()]);
        let error = DecodeError::WrongProtocol { protocol: protocol.as_str(), looks_like: Some("openai") };
        assert_eq!(decoded.end, Err(error.clone()), "{protocol}");
        let said = format!("nothing in the body could be read as `{protocol}`: it looks like `openai`");
        assert_eq!(error.to_string(), said);
    }
    let own = "data: {\"status\":\"busy\"}\n\ndata: [DONE]\n\n";
    let decoded = decode(options(Protocol::OpenAi, None), [own.as_bytes()]);
    let error = decoded.end.unwrap_err();
    let said = "nothing in the body could be read as `openai`: it is in no format that is known";
    assert_eq!(error.to_string(), said);
}

#[test]
fn whole_messages_of_other_formats_are_no_complaints() {
    let start = r#"{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[]}}"#;
    let text = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}"#;
    let anthropic = format!("event: message_start\ndata: {start}\n\nevent: content_block_delta\ndata: {text}\n\n");
    let ollama = r#"data: {"model":"m","message":{"role":"assistant","content":"Hi"},"done":false}"#;
    for body in [anthropic, format!("{ollama}\n\n")] {
        let decoded = decode(options(Protocol::OpenAi, None), [body.as_bytes()]);
        assert!(!decoded.events.iter().any(|event| matches!(event, Event::Error(_))), "{:?}", decoded.events);
        assert!(matches!(decoded.end, Err(DecodeError::WrongProtocol { .. })), "{:?}", decoded.end);
    }
    let complaint = r#"data: {"message":{"detail":[{"msg":"Field required"}]}}"#;
    let decoded = decode(options(Protocol::OpenAi, None), [format!("{complaint}\n\n").as_bytes()]);
    let said = |event: &Event<'_>| matches!(event, Event::Error(error) if error.message == "Field required");
    assert!(decoded.events.iter().any(said), "{:?}", decoded.events);
}

#[test]
fn a_failure_that_was_told_is_the_end_behind_strange_frames_too() {
    // Cut behind its last word, so that nothing else says that it is over.
    let body = "event: error\ndata: busy";
    let mut failures = 0;
    for protocol in all_protocols() {
        let decoded = decode(options(protocol, None), [body.as_bytes()]);
        if decoded.events.iter().any(|event| matches!(event, Event::Error(_))) {
            assert_eq!(decoded.end, Ok(Completion::Complete), "{protocol}");
            failures += 1;
        }
    }
    assert!(failures > 0);
}

#[test]
fn an_answer_without_a_word_in_the_right_format_is_one() {
    let bodies = [
        (
            Protocol::OpenAi,
            "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
        ),
        (Protocol::OpenAi, "data: [DONE]\n\n"),
        (Protocol::Events, "event: start\ndata: {}\n\nevent: done\ndata: {}\n\n"),
        (Protocol::Content, "data: {\"content\":\"\",\"finished\":true}\n\n"),
        (Protocol::Ollama, "{\"model\":\"m\",\"message\":{\"content\":\"\"},\"done\":true}\n"),
        (
            Protocol::Anthropic,
            "data: {\"type\":\"message_start\",\"message\":{}}\n\ndata: {\"type\":\"message_stop\"}\n\n",
        ),
    ];
    for (protocol, body) in bodies {
        let decoded = decode(options(protocol, None), [body.as_bytes()]);
        assert_eq!(decoded.end, Ok(Completion::Complete), "{protocol}: {body}");
    }
}

#[test]
fn frames_of_an_application_before_the_answer_raise_no_doubt() {
    let body = "data: {\"conversation\":7}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
                data: [DONE]\n\n";
    let decoded = decode(options(Protocol::OpenAi, None), [body.as_bytes()]);
    assert_eq!(decoded.end, Ok(Completion::Complete));
}

/// At every split, and byte by byte.
fn end_of(protocol: Protocol, kind: Option<&str>, body: &[u8]) -> Decoded {
    let decoded = decode(options(protocol, kind), [body]);
    for at in 0..=body.len() {
        let (head, tail) = body.split_at(at);
        assert_eq!(decode(options(protocol, kind), [head, tail]), decoded, "{protocol} at {at}");
    }
    assert_eq!(decode(options(protocol, kind), body.chunks(1)), decoded, "{protocol}");
    decoded
}

fn in_messages(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::BedrockConverse | Protocol::BedrockInvoke | Protocol::SageMaker)
}

const KINDS: [Option<&str>; 4] =
    [None, Some("text/event-stream"), Some("application/vnd.amazon.eventstream"), Some("application/octet-stream")];

#[test]
fn amazons_binary_messages_read_as_text_are_told_for_what_they_are() {
    let bodies = [
        (
            "bedrock-converse",
            message("event", "contentBlockDelta", br#"{"contentBlockIndex":0,"delta":{"text":"Hello"}}"#),
        ),
        ("bedrock-invoke", message("event", "chunk", br#"{"bytes":"eyJjb21wbGV0aW9uIjoiSGkifQ=="}"#)),
        ("sagemaker", message("event", "PayloadPart", b"data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n")),
    ];
    for (found, body) in bodies {
        let body = [message("event", "initial-response", b"{}"), body].concat();
        for protocol in all_protocols().filter(|protocol| !in_messages(*protocol)) {
            for kind in KINDS {
                let decoded = end_of(protocol, kind, &body);
                assert!(decoded.events.is_empty(), "{protocol}: {:?}", decoded.events);
                let error = decoded.end.unwrap_err();
                if protocol == Protocol::Ndjson {
                    assert_eq!(error.to_string(), "expected JSON lines, got an AWS event stream");
                    continue;
                }
                let protocol = protocol.as_str();
                assert_eq!(error, DecodeError::WrongProtocol { protocol, looks_like: Some(found) }, "{kind:?}");
            }
        }
        // The checksum is proof enough without a content type.
        for kind in KINDS {
            let decoded = end_of(Protocol::Auto, kind, &body);
            assert!(decoded.end.is_ok(), "{kind:?}: {:?}", decoded.end);
        }
    }
}

#[test]
fn an_exception_among_amazons_messages_is_told_whatever_was_asked_for() {
    let body = message("exception", "throttlingException", br#"{"message":"Too many requests."}"#);
    for protocol in all_protocols().filter(|protocol| *protocol != Protocol::Ndjson) {
        let decoded = end_of(protocol, None, &body);
        let error = decoded.error().unwrap();
        assert_eq!((error.message.as_str(), error.status), ("Too many requests.", Some(429)), "{protocol}");
        assert_eq!(decoded.end, Ok(Completion::Complete), "{protocol}");
    }
}

#[test]
fn text_read_as_amazons_binary_messages_is_told_for_what_it_is() {
    let bodies = [
        (Some("openai"), "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\ndata: [DONE]\n\n"),
        (
            Some("anthropic"),
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\"}}\n\n\
             event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        ),
        (Some("gemini"), "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"Hi\"}]}}]}\r\n\r\n"),
        (
            Some("ollama"),
            "{\"model\":\"m\",\"message\":{\"content\":\"Hi\"},\"done\":false}\n{\"model\":\"m\",\"done\":true}\n",
        ),
        (None, "data: {\"status\":\"busy\"}\n\ndata: [DONE]\n\n"),
        // Names of the messages' own, on events of an application.
        (Some("events"), "event: chunk\ndata: {\"text\":\"Hi\"}\n\n"),
        (Some("events"), "event: metadata\ndata: {\"text\":\"Hi\"}\n\n"),
    ];
    for (found, body) in bodies {
        for protocol in all_protocols().filter(|protocol| in_messages(*protocol)) {
            for kind in KINDS {
                let decoded = end_of(protocol, kind, body.as_bytes());
                let protocol = protocol.as_str();
                let error = DecodeError::WrongProtocol { protocol, looks_like: found };
                assert_eq!(decoded.end, Err(error), "{kind:?}: {body}");
            }
        }
    }
}
