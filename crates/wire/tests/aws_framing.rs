//! AWS event streams: what is intact is given, what is not is refused, however it is cut.
#![expect(clippy::unwrap_used, reason = "a test")]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use millstream_wire::DecodeError;
use millstream_wire::framing::aws_event_stream::{AwsEventStreamDecoder, HeaderValue};
use proptest::prelude::*;
use serde_json::Value;

/// Headers and payload of every message, and how it ended.
type Read = (Vec<(Vec<(String, String)>, Vec<u8>)>, Result<usize, DecodeError>);

fn read<'a>(limit: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> Read {
    let mut decoder = AwsEventStreamDecoder::new(limit);
    let mut messages = Vec::new();
    for piece in pieces {
        let result = decoder.feed(piece, &mut |message| {
            let headers = message.headers().map(|(name, value)| (name.to_owned(), format!("{value:?}")));
            messages.push((headers.collect(), message.payload.to_vec()));
        });
        if let Err(error) = result {
            assert_eq!(decoder.feed(b"more", &mut |_| {}), Err(error.clone()), "an error stays");
            return (messages, Err(error));
        }
    }
    (messages, Ok(decoder.buffered_bytes()))
}

/// The same at every split, or as one.
fn read_cut(bytes: &[u8]) -> Read {
    let whole = read(1 << 20, [bytes]);
    for at in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(at);
        assert_eq!(read(1 << 20, [head, tail]), whole, "at {at}");
    }
    assert_eq!(read(1 << 20, bytes.chunks(1)), whole);
    whole
}

fn message(headers: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(u32::try_from(16 + headers.len() + payload.len()).unwrap().to_be_bytes());
    bytes.extend(u32::try_from(headers.len()).unwrap().to_be_bytes());
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes.extend_from_slice(headers);
    bytes.extend_from_slice(payload);
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes
}

fn malformed(read: &Read) -> &'static str {
    match read.1 {
        Err(DecodeError::Malformed { format: "aws-event-stream", what, .. }) => what,
        _ => "",
    }
}

#[test]
fn the_vectors_of_other_implementations_read_as_they_say() {
    let Some(folder) = support::shared("aws-vectors") else { return };
    let files = |path: &str| {
        let files = std::fs::read_dir(folder.join(path)).unwrap().map(|file| file.unwrap().path());
        files.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap()))
    };
    let mut count = 0;
    for (name, bytes) in files("smithy-typescript/encoded/positive") {
        let (messages, end) = read_cut(&bytes);
        assert_eq!((messages.len(), end), (1, Ok(0)), "{name}");
        let decoded = std::fs::read(folder.join("smithy-typescript/decoded/positive").join(&name)).unwrap();
        let decoded: Value = serde_json::from_slice(&decoded).unwrap();
        let (headers, payload) = &messages[0];
        assert_eq!(STANDARD.encode(payload), decoded["payload"].as_str().unwrap(), "{name}");
        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let wanted = decoded["headers"].as_array().unwrap();
        assert_eq!(names, wanted.iter().map(|header| header["name"].as_str().unwrap()).collect::<Vec<_>>());
        for ((_, value), wanted) in headers.iter().zip(wanted) {
            let text = |value: &Value| String::from_utf8(STANDARD.decode(value.as_str().unwrap()).unwrap()).unwrap();
            match wanted["type"].as_u64().unwrap() {
                0 | 1 => assert_eq!(*value, format!("{:?}", HeaderValue::Bool(wanted["value"].as_bool().unwrap()))),
                2..=5 => assert_eq!(*value, format!("{:?}", HeaderValue::Integer(wanted["value"].as_i64().unwrap()))),
                7 => assert_eq!(*value, format!("{:?}", HeaderValue::Text(&text(&wanted["value"])))),
                8 => assert_eq!(*value, format!("{:?}", HeaderValue::Timestamp(wanted["value"].as_i64().unwrap()))),
                _ => {}
            }
        }
        count += 1;
    }
    for (name, bytes) in files("smithy-typescript/encoded/negative") {
        let read = read_cut(&bytes);
        assert!(read.0.is_empty() && !malformed(&read).is_empty(), "{name}: {read:?}");
        count += 1;
    }
    for (name, bytes) in files("smithy-rs") {
        let read = read_cut(&bytes);
        assert_eq!(read.0.len(), usize::from(name.starts_with("valid")), "{name}: {read:?}");
        assert_eq!(malformed(&read).is_empty(), name.starts_with("valid"), "{name}: {read:?}");
        count += 1;
    }
    let vectors: Value = serde_json::from_slice(&std::fs::read(folder.join("botocore/vectors.json")).unwrap()).unwrap();
    for vector in vectors.as_array().unwrap() {
        let name = &vector["name"];
        let Some(input) = vector["input_b64"].as_str() else { continue };
        let read = read_cut(&STANDARD.decode(input).unwrap());
        let expected = vector["expected_source"].as_str().unwrap_or_default();
        if expected.starts_with("EventStreamMessage") {
            assert_eq!((read.0.len(), read.1), (1, Ok(0)), "{name}");
        } else {
            assert!(!malformed(&read).is_empty(), "{name}: {read:?} {vector}");
        }
        count += 1;
    }
    assert!(count > 25, "{count}");
}

#[test]
fn every_type_of_header_is_read() {
    let mut headers = Vec::new();
    let mut add = |name: &str, kind: u8, value: &[u8]| {
        headers.push(u8::try_from(name.len()).unwrap());
        headers.extend_from_slice(name.as_bytes());
        headers.push(kind);
        headers.extend_from_slice(value);
    };
    add("yes", 0, &[]);
    add("no", 1, &[]);
    add("byte", 2, &[0xFF]);
    add("short", 3, &[0x80, 0]);
    add("integer", 4, &[0, 0, 1, 0]);
    add("long", 5, &[0xFF; 8]);
    add("bytes", 6, &[0, 2, 9, 9]);
    add("text", 7, &[0, 3, 0xE2, 0x98, 0x83]);
    add("time", 8, &[0, 0, 0, 0, 0, 0, 0, 5]);
    add("uuid", 9, &[7; 16]);
    let (messages, end) = read_cut(&message(&headers, b"{}"));
    let expected = [
        ("yes", HeaderValue::Bool(true)),
        ("no", HeaderValue::Bool(false)),
        ("byte", HeaderValue::Integer(-1)),
        ("short", HeaderValue::Integer(-32768)),
        ("integer", HeaderValue::Integer(256)),
        ("long", HeaderValue::Integer(-1)),
        ("bytes", HeaderValue::Bytes(&[9, 9])),
        ("text", HeaderValue::Text("☃")),
        ("time", HeaderValue::Timestamp(5)),
        ("uuid", HeaderValue::Uuid([7; 16])),
    ];
    let expected: Vec<_> = expected.iter().map(|(name, value)| ((*name).to_owned(), format!("{value:?}"))).collect();
    assert_eq!((messages[0].0.clone(), messages[0].1.as_slice(), end), (expected, &b"{}"[..], Ok(0)));
}

#[test]
fn headers_that_do_not_fit_are_refused() {
    for headers in [
        &b"\x00"[..],
        b"\x04nam",
        b"\x01a",
        b"\x01a\x0A",
        b"\x01a\x04\x00",
        b"\x01a\x07\x00\x09x",
        b"\x01\xFF\x00",
        b"\x01a\x07\x00\x01\xFF",
    ] {
        assert_eq!(malformed(&read_cut(&message(headers, b""))), "well-formed headers", "{headers:?}");
    }
    for more in [0, 40] {
        let mut twice = b"\x04test\x00".repeat(2);
        twice.extend((0..more).flat_map(|at| [1, b'0' + at, 0]));
        assert_eq!(malformed(&read(1 << 20, [&*message(&twice, b"")])), "headers of different names");
    }
    let mut long = Vec::new();
    for _ in 0..3000 {
        long.extend_from_slice(b"\x01a\x07\x00\x30");
        long.extend_from_slice(&[b'x'; 48]);
    }
    assert_eq!(malformed(&read(1 << 20, [&*message(&long, b"")])), "lengths that fit together");
    let mut short = 15_u32.to_be_bytes().to_vec();
    short.extend([0; 4]);
    short.extend(crc32fast::hash(&short).to_be_bytes());
    assert_eq!(malformed(&read_cut(&short)), "lengths that fit together");
}

#[test]
fn one_flipped_bit_anywhere_is_found_out() {
    let good = message(b"\x01a\x07\x00\x01x", b"{\"a\":1}");
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let read = read(1 << 20, [&*bad]);
        assert!(read.0.is_empty() && !malformed(&read).is_empty(), "bit {bit}: {read:?}");
    }
}

#[test]
fn a_message_beyond_the_cap_is_refused_before_it_is_there() {
    let long = message(b"", &[b'x'; 1000]);
    let too_large = Err(DecodeError::EventTooLarge { limit: 500 });
    assert_eq!(read(500, [&long[..12]]).1, too_large);
    assert_eq!(read(500, long.chunks(7)).1, too_large);
    assert_eq!(read(1016, long.chunks(7)).0.len(), 1);
    assert_eq!(read(1 << 20, [&long[..1000]]).1, Ok(1000), "it is held, and was cut");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn messages_come_out_as_they_went_in_however_they_are_cut(
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..6),
        junk in prop::collection::vec(any::<u8>(), 0..20),
        piece in 1..40_usize,
    ) {
        let mut body: Vec<u8> = payloads.iter().flat_map(|payload| message(b"\x01a\x00", payload)).collect();
        body.extend_from_slice(&junk);
        let whole = read(1 << 10, [&*body]);
        prop_assert_eq!(&read(1 << 10, body.chunks(piece)), &whole);
        let read: Vec<_> = whole.0.iter().map(|(_, payload)| payload.clone()).collect();
        prop_assert_eq!(read, payloads);
    }
}
