//! Recordings of any format, played back in pieces.

use millstream_wire::{Decoder, DecoderOptions, Event, Protocol, Usage};
use serde_json::Value;

use super::{Choice, Decoded, Recording, decode, options};

/// Files up to this size are decoded whole once for each of their bytes.
const SMALL: usize = 2 * 1024;

/// Every so many bytes a copy of the decoder is kept to begin from.
const STEP: usize = 256;

pub(crate) fn whole(recording: &Recording, protocol: Protocol, content_type: &str) -> Decoded {
    decode(options(protocol, Some(content_type)), [&*recording.body])
}

/// Byte by byte, in uneven pieces, and cut once at every byte.
pub(crate) fn reads_the_same_however_it_is_cut(recording: &Recording, protocol: Protocol, content_type: &str) {
    let Recording { file, body, .. } = recording;
    let options = options(protocol, Some(content_type));
    let expected = decode(options.clone(), [&**body]);
    assert_eq!(decode(options.clone(), body.chunks(1)), expected, "{file}, byte by byte");
    for seed in 1..8 {
        assert_eq!(decode(options.clone(), uneven(body, seed)), expected, "{file}, in uneven pieces {seed}");
    }
    if body.len() <= SMALL {
        for at in 0..=body.len() {
            let (head, tail) = body.split_at(at);
            assert_eq!(decode(options.clone(), [head, tail]), expected, "{file} at {at}");
        }
    }
    at_every_split(file, body, &options);
}

/// Pieces whose lengths look random, the same each time.
fn uneven(body: &[u8], seed: u32) -> Vec<&[u8]> {
    let mut state = seed.wrapping_mul(0x9E37_79B9) | 1;
    let mut rest = body;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let most = if seed.is_multiple_of(2) { 40 } else { 3000 };
        let (piece, after) = rest.split_at((1 + state as usize % most).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// What a decoder holds between two bytes is all it knows: so a split is felt soon or never. For each byte, a copy of
/// the decoder from shortly before it reads on in two pieces, to shortly behind it.
fn at_every_split(file: &str, body: &[u8], options: &DecoderOptions) {
    let stride = if cfg!(debug_assertions) { 7 } else { 1 };
    let mut states = Vec::new();
    let mut counts = Vec::new();
    let mut events: Vec<Event<'static>> = Vec::new();
    let mut decoder = Decoder::new(options.clone());
    for (step, piece) in body.chunks(STEP).enumerate() {
        states.push((step * STEP, decoder.clone()));
        counts.push(events.len());
        decoder.feed(piece, &mut |event| events.push(event.into_owned())).unwrap();
    }
    counts.push(events.len());
    for (step, (from, state)) in states.iter().enumerate() {
        let last = (step + 2).min(states.len());
        let until = (last * STEP).min(body.len());
        let expected = &events[counts[step]..counts[last]];
        for at in (*from..(from + STEP).min(body.len())).step_by(stride) {
            let mut decoder = state.clone();
            let mut rest = expected.iter();
            let mut sink = |event: Event<'_>| assert_eq!(Some(&event), rest.next(), "{file} at {at}");
            decoder.feed(&body[*from..at], &mut sink).unwrap();
            decoder.feed(&body[at..until], &mut sink).unwrap();
            assert_eq!(rest.next(), None, "{file} at {at}");
        }
    }
}

/// `auto` finds the format, whatever the content type says of it.
pub(crate) fn is_found_out(recording: &Recording, protocol: Protocol, content_types: &[Option<&str>]) {
    let told = decode(options(protocol, content_types[0]), [&*recording.body]);
    for content_type in content_types {
        let found = decode(options(Protocol::Auto, *content_type), [&*recording.body]);
        assert_eq!(found, told, "{} as {content_type:?}", recording.file);
    }
}

/// Calls are those of an independent reading: `id`, `name`, and `arguments` as text or as a value.
pub(crate) fn assert_calls(choice: &Choice, expected: &Value, file: &str) {
    let expected = expected.as_array().unwrap();
    assert_eq!(choice.calls.len(), expected.len(), "{file}: {:?}", choice.calls);
    for ((id, name, arguments, _), expected) in choice.calls.values().zip(expected) {
        if let Some(known) = expected["id"].as_str().filter(|id| !id.is_empty()) {
            assert_eq!(id, known, "{file}");
        }
        assert_eq!(Some(&**name), expected["name"].as_str(), "{file}");
        let wanted = if expected["args"].is_null() { &expected["arguments"] } else { &expected["args"] };
        match wanted {
            Value::String(text) if text.trim().is_empty() => assert_eq!(arguments, "{}", "{file}"),
            Value::String(text) => assert_eq!(arguments, text, "{file}"),
            value => assert!(same(&serde_json::from_str(arguments).unwrap(), value), "{file}: {arguments} {value}"),
        }
    }
}

/// Equal but for the last digit of a number, of which `serde_json` makes little.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= a.abs() * 1e-12
        }
        _ => a == b,
    }
}

/// The provider's own usage object.
pub(crate) fn raw_of(usage: &Usage) -> Value {
    serde_json::from_str(usage.raw.as_ref().unwrap().as_str()).unwrap()
}

pub(crate) fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A body of the project's own, with its name.
pub(crate) fn fixtures(folder: &str) -> Vec<Recording> {
    let folder = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let recording = |path: std::path::PathBuf| Recording {
        file: path.file_stem().unwrap().to_str().unwrap().to_owned(),
        api: String::new(),
        body: std::fs::read(&path).unwrap(),
        oracle: Value::Null,
    };
    files.map(recording).collect()
}

/// One of them, decoded; every split is tried.
pub(crate) fn fixture(folder: &str, name: &str, protocol: Protocol, content_type: &str) -> Decoded {
    let all = fixtures(folder);
    let recording = all.iter().find(|recording| recording.file == name).unwrap();
    let expected = whole(recording, protocol, content_type);
    for at in 0..=recording.body.len() {
        let (head, tail) = recording.body.split_at(at);
        assert_eq!(decode(options(protocol, Some(content_type)), [head, tail]), expected, "{name} at {at}");
    }
    assert_eq!(decode(options(protocol, Some(content_type)), recording.body.chunks(1)), expected, "{name}");
    let found = decode(options(Protocol::Auto, Some(content_type)), [&*recording.body]);
    assert_eq!(found, expected, "{name} is found out");
    expected
}
