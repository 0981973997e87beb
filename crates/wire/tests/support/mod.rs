//! Shared by the decoder tests: decoding in pieces, the laws of events, a summary of an answer.
#![expect(clippy::expect_used, clippy::unwrap_used, clippy::print_stdout, reason = "a test")]
#![expect(dead_code, reason = "each test program uses a part of it")]

pub(crate) mod replay;

use std::collections::BTreeMap;
use std::path::PathBuf;

use millstream_wire::{Completion, DecodeError, Decoder, DecoderOptions, Event, Protocol, ToolResult, Usage};
use serde_json::Value;

/// What a decoder made of a body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Decoded {
    pub(crate) events: Vec<Event<'static>>,
    pub(crate) end: Result<Completion, DecodeError>,
    /// What stands in the metadata.
    metadata: Vec<Value>,
}

pub(crate) fn options(protocol: Protocol, content_type: Option<&str>) -> DecoderOptions {
    DecoderOptions { protocol, content_type: content_type.map(str::to_owned), ..DecoderOptions::default() }
}

/// Decodes a body that comes in these pieces.
pub(crate) fn decode<'a>(options: DecoderOptions, pieces: impl IntoIterator<Item = &'a [u8]>) -> Decoded {
    let mut events = Vec::new();
    let mut sink = |event: Event<'_>| events.push(event.into_owned());
    let mut decoder = Decoder::new(options);
    let mut end = Ok(Completion::Complete);
    for piece in pieces {
        if let Err(error) = decoder.feed(piece, &mut sink) {
            assert_eq!(decoder.feed(b"data: {}\n\n", &mut sink), Err(error.clone()), "an error stays");
            end = Err(error);
            break;
        }
    }
    if end.is_ok() {
        end = decoder.end(&mut sink);
    }
    let metadata = events.iter().filter_map(|event| match event {
        Event::Metadata(json) => Some(json.to_value()),
        _ => None,
    });
    let metadata = metadata.collect();
    let decoded = Decoded { events, end, metadata };
    decoded.keeps_the_laws();
    decoded
}

/// Decodes a body in one piece.
pub(crate) fn whole(protocol: Protocol, body: &str) -> Decoded {
    decode(options(protocol, None), [body.as_bytes()])
}

impl Decoded {
    /// The laws that stand on `Event`.
    pub(crate) fn keeps_the_laws(&self) {
        let mut open_calls = BTreeMap::new();
        let mut given_calls = Vec::new();
        for (at, event) in self.events.iter().enumerate() {
            match event {
                Event::Start { .. } => assert_eq!(at, 0, "the start comes first: {:?}", self.events),
                Event::Text { text, .. } => assert!(!text.is_empty()),
                Event::Reasoning { text, signature, .. } => assert!(!text.is_empty() || signature.is_some()),
                Event::ToolCallDelta { choice, index, id, name, arguments } => {
                    let key = (*choice, *index);
                    assert!(!given_calls.contains(&key), "a delta after its call was given");
                    let known = open_calls.entry(key).or_insert_with(|| (id.clone(), String::new(), String::new()));
                    assert_eq!(&known.0, id, "one call, one ID");
                    if let Some(name) = name {
                        assert!(known.1.is_empty(), "a name is given once");
                        known.1.push_str(name);
                    }
                    known.2.push_str(arguments);
                }
                Event::ToolCall(call) => {
                    let key = (call.choice, call.index);
                    assert!(!given_calls.contains(&key), "a call is given once");
                    given_calls.push(key);
                    let (id, name, arguments) = open_calls.remove(&key).expect("deltas come before their call");
                    assert_eq!((id.as_ref(), &name), (call.id.as_str(), &call.name));
                    if arguments.trim().is_empty() {
                        assert_eq!(call.arguments, "{}");
                    } else {
                        assert_eq!(arguments, call.arguments);
                    }
                    if call.valid {
                        assert!(serde_json::from_str::<Value>(&call.arguments).is_ok(), "{}", call.arguments);
                        assert!(!call.name.is_empty());
                    }
                }
                Event::ToolResult(result) => assert!(!result.id.is_empty()),
                Event::Metadata(json) => assert!(json.to_value().is_object(), "{json:?}"),
                Event::Usage(_) => {}
                Event::Finish { .. } | Event::Error(_) => {
                    assert_eq!(at + 1, self.events.len(), "nothing follows the end");
                    if let Event::Error(error) = event {
                        assert!(!error.message.is_empty());
                    }
                }
            }
        }
        assert!(open_calls.is_empty() || self.end.is_err(), "every call is given in the end");
        let terminal = matches!(self.events.last(), Some(Event::Finish { .. } | Event::Error(_)));
        match self.end {
            Ok(Completion::Complete) => assert!(terminal, "{:?}", self.events.last()),
            Ok(Completion::Truncated) => assert!(!terminal),
            Err(_) => {}
        }
    }

    pub(crate) fn answer(&self) -> Answer {
        Answer::of(&self.events)
    }

    pub(crate) fn text(&self) -> String {
        self.answer().choices.remove(&0).unwrap_or_default().text
    }

    pub(crate) fn error(&self) -> Option<&millstream_wire::ProviderError> {
        match self.events.last() {
            Some(Event::Error(error)) => Some(error),
            _ => None,
        }
    }

    pub(crate) fn usage(&self) -> Vec<&Usage> {
        let usages = self.events.iter().filter_map(|event| match event {
            Event::Usage(usage) => Some(usage),
            _ => None,
        });
        usages.collect()
    }

    pub(crate) fn metadata(&self) -> Vec<&Value> {
        self.metadata.iter().collect()
    }

    /// `(name, arguments, valid)` of each call.
    pub(crate) fn calls(&self) -> Vec<(&str, &str, bool)> {
        let calls = self.events.iter().filter_map(|event| match event {
            Event::ToolCall(call) => Some((call.name.as_str(), call.arguments.as_str(), call.valid)),
            _ => None,
        });
        calls.collect()
    }

    /// `(normalised, raw)`.
    pub(crate) fn finish(&self) -> Option<(&'static str, Option<&str>)> {
        match self.events.last() {
            Some(Event::Finish { reason, raw }) => Some((reason.as_str(), raw.as_deref())),
            _ => None,
        }
    }
}

/// What an answer comes to, whatever pieces it came in.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) id: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) choices: BTreeMap<u32, Choice>,
    pub(crate) usage: Vec<Usage>,
    pub(crate) metadata: Vec<Value>,
    pub(crate) results: Vec<ToolResult>,
    pub(crate) last: Option<Event<'static>>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Choice {
    pub(crate) text: String,
    pub(crate) reasoning: String,
    pub(crate) signatures: Vec<String>,
    /// ID, name, arguments, validity.
    pub(crate) calls: BTreeMap<u32, (String, String, String, bool)>,
}

impl Answer {
    pub(crate) fn of(events: &[Event<'static>]) -> Self {
        let mut answer = Self::default();
        for event in events {
            match event {
                Event::Start { id, model } => {
                    answer.id = id.as_deref().map(str::to_owned);
                    answer.model = model.as_deref().map(str::to_owned);
                }
                Event::Text { choice, text } => answer.choices.entry(*choice).or_default().text.push_str(text),
                Event::Reasoning { choice, text, signature } => {
                    let choice = answer.choices.entry(*choice).or_default();
                    choice.reasoning.push_str(text);
                    choice.signatures.extend(signature.as_deref().map(str::to_owned));
                }
                Event::ToolCall(call) => {
                    let calls = &mut answer.choices.entry(call.choice).or_default().calls;
                    calls.insert(call.index, (call.id.clone(), call.name.clone(), call.arguments.clone(), call.valid));
                }
                Event::ToolResult(result) => answer.results.push(result.clone()),
                Event::ToolCallDelta { .. } => {}
                Event::Usage(usage) => answer.usage.push(usage.clone()),
                Event::Metadata(json) => answer.metadata.push(json.to_value()),
                Event::Finish { .. } | Event::Error(_) => answer.last = Some(event.clone()),
            }
        }
        answer
    }
}

/// A message of an AWS event stream, by its kind, `event` or `exception`, and what that one is called.
pub(crate) fn message(kind: &str, name: &str, payload: &[u8]) -> Vec<u8> {
    let called = if kind == "exception" { ":exception-type" } else { ":event-type" };
    let mut headers = Vec::new();
    for (name, value) in [(":message-type", kind), (called, name)] {
        headers.push(u8::try_from(name.len()).unwrap());
        headers.extend_from_slice(name.as_bytes());
        headers.push(7);
        headers.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let length = |length: usize| u32::try_from(length).unwrap().to_be_bytes();
    let mut bytes = Vec::new();
    bytes.extend(length(16 + headers.len() + payload.len()));
    bytes.extend(length(headers.len()));
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes.extend(headers);
    bytes.extend_from_slice(payload);
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes
}

/// The recordings beside the repository, where they are.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let found = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path);
    if found.exists() {
        Some(found)
    } else {
        println!("skipped: {path} is not beside the repository");
        None
    }
}

/// One recorded stream, and an independent reading of it.
#[derive(Debug, Clone)]
pub(crate) struct Recording {
    pub(crate) file: String,
    pub(crate) api: String,
    pub(crate) body: Vec<u8>,
    pub(crate) oracle: Value,
}

/// The recorded streams of these interfaces.
pub(crate) fn recordings(apis: &[&str]) -> Vec<Recording> {
    let Some(oracle) = shared("fixtures/ORACLE.jsonl") else { return Vec::new() };
    let folder = oracle.parent().unwrap().to_owned();
    let oracle = std::fs::read_to_string(oracle).unwrap();
    let lines = oracle.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let wanted = lines.filter(|line| apis.contains(&line["api"].as_str().unwrap()));
    wanted
        .map(|line| {
            let file = line["file"].as_str().unwrap().to_owned();
            Recording {
                body: std::fs::read(folder.join(&file)).unwrap(),
                api: line["api"].as_str().unwrap().to_owned(),
                file,
                oracle: line["summary"].clone(),
            }
        })
        .collect()
}
