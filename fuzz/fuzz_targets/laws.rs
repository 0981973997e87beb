//! The laws that every decoder keeps: those that stand on `Event`; and a body gives the same events and the same end
//! however it is cut, save that plain text may come in other pieces. Shared by the targets:
//! `#[path = "laws.rs"] mod laws;`.

#[path = "pieces.rs"]
mod pieces;

use std::collections::BTreeMap;

use millstream_wire::{Completion, DecodeError, Decoder, DecoderOptions, Event, Protocol};

const CONTENT_TYPES: [Option<&str>; 7] = [
    None,
    Some("text/event-stream"),
    Some("application/json"),
    Some("application/x-ndjson"),
    Some("text/plain"),
    Some("text/html"),
    Some("application/vnd.amazon.eventstream"),
];

type Decoded = (Vec<Event<'static>>, Result<Completion, DecodeError>);

fn decode<'a>(options: &DecoderOptions, pieces: impl IntoIterator<Item = &'a [u8]>) -> Decoded {
    let mut events = Vec::new();
    let mut sink = |event: Event<'_>| events.push(event.into_owned());
    let mut decoder = Decoder::new(options.clone());
    let mut result = Ok(());
    for piece in pieces {
        let fed = decoder.feed(piece, &mut sink);
        if result.is_ok() {
            result = fed;
        } else {
            assert_eq!(fed, result, "a failed decoder stays failed");
        }
    }
    let end = result.and_then(|()| decoder.end(&mut sink));
    keeps_the_laws(&events, &end);
    (joined(events), end)
}

fn keeps_the_laws(events: &[Event<'_>], end: &Result<Completion, DecodeError>) {
    let mut open = BTreeMap::new();
    let mut given = Vec::new();
    for (at, event) in events.iter().enumerate() {
        match event {
            Event::Start { .. } => assert_eq!(at, 0, "the start comes first"),
            Event::Text { text, .. } => assert!(!text.is_empty()),
            Event::Reasoning { text, signature, .. } => assert!(!text.is_empty() || signature.is_some()),
            Event::ToolCallDelta { choice, index, id, arguments, .. } => {
                assert!(!given.contains(&(*choice, *index)), "a delta of a call that was given");
                let (known, text) = open.entry((*choice, *index)).or_insert_with(|| (id.clone(), String::new()));
                assert_eq!(known, id, "one call, one ID");
                text.push_str(arguments);
            }
            Event::ToolCall(call) => {
                let key = (call.choice, call.index);
                assert!(!given.contains(&key), "a call given twice");
                given.push(key);
                let (_, text) = open.remove(&key).expect("deltas come before their call");
                assert!(text == call.arguments || (text.trim().is_empty() && call.arguments == "{}"));
            }
            Event::ToolResult(result) => assert!(!result.id.is_empty()),
            Event::Metadata(json) => assert!(json.to_value().is_object()),
            Event::Usage(_) => {}
            Event::Finish { .. } | Event::Error(_) => assert_eq!(at + 1, events.len(), "nothing follows the end"),
        }
    }
    let ended = matches!(events.last(), Some(Event::Finish { .. } | Event::Error(_)));
    match end {
        Ok(completion) => assert_eq!(ended, *completion == Completion::Complete),
        Err(_) => assert!(!ended, "an answer that ended is not wrong"),
    }
}

fn joined(events: Vec<Event<'static>>) -> Vec<Event<'static>> {
    let mut out: Vec<Event<'static>> = Vec::new();
    for event in events {
        match (out.last_mut(), event) {
            (Some(Event::Text { choice: last, text }), Event::Text { choice, text: more }) if *last == choice => {
                text.to_mut().push_str(&more);
            }
            (_, event) => out.push(event),
        }
    }
    out
}

/// The body that the fuzzer's bytes hold, under a protocol of its choice, whole, in its pieces, and byte by byte.
pub fn keeps(data: &[u8], protocol: impl Fn(usize) -> Protocol) {
    let Some((choice, pieces, body)) = pieces::pieces(data) else { return };
    let choice = usize::from(choice);
    let options = DecoderOptions {
        protocol: protocol(choice),
        content_type: CONTENT_TYPES[choice / 8 % 7].map(str::to_owned),
        max_event_bytes: if choice < 192 { 1 << 20 } else { 64 },
    };
    let whole = decode(&options, [body]);
    assert_eq!(decode(&options, pieces), whole, "in the pieces that were chosen");
    assert_eq!(decode(&options, body.chunks(1)), whole, "a byte at a time");
}
