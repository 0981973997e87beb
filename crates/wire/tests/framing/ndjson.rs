//! The NDJSON decoder.

use crate::support::{config, cut};
use millstream_wire::DecodeError;
use millstream_wire::framing::ndjson::NdjsonDecoder;
use proptest::prelude::*;

type Outcome = (Vec<Vec<u8>>, Option<DecodeError>);

fn decode<'a>(limit: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut decoder = NdjsonDecoder::new(limit);
    let mut lines = Vec::new();
    let mut sink = |line: &[u8]| lines.push(line.to_vec());
    let mut result = Ok(());
    for piece in pieces {
        result = result.and_then(|()| decoder.feed(piece, &mut sink));
    }
    let error = result.and_then(|()| decoder.end(&mut sink)).err();
    (lines, error)
}

fn decode_every_way(limit: usize, body: &[u8]) -> Outcome {
    let whole = decode(limit, [body]);
    assert_eq!(decode(limit, body.chunks(1)), whole, "a byte at a time");
    for at in 0..=body.len() {
        assert_eq!(decode(limit, [&body[..at], &body[at..]]), whole, "cut at {at}");
    }
    whole
}

fn lines(body: &[u8]) -> Vec<String> {
    let (lines, error) = decode_every_way(1 << 20, body);
    assert_eq!(error, None);
    lines.into_iter().map(|line| String::from_utf8(line).unwrap()).collect()
}

#[test]
fn lines_end_in_lf_or_crlf() {
    assert_eq!(lines(b"{\"a\":1}\n{\"b\":2}\r\n{\"c\":3}\n"), ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"]);
}

#[test]
fn a_lone_cr_is_white_space_of_json() {
    assert_eq!(lines(b"{\r\"a\":1}\r\r\n"), ["{\r\"a\":1}\r"]);
}

#[test]
fn blank_lines_are_skipped() {
    assert_eq!(lines(b"\n\r\n  \t\n{}\n\n \r\n"), ["{}"]);
    assert!(lines(b"").is_empty());
    assert!(lines(b"  ").is_empty());
}

#[test]
fn the_last_line_needs_no_end() {
    assert_eq!(lines(b"{\"a\":1}\n{\"done\":true}"), ["{\"a\":1}", "{\"done\":true}"]);
    assert_eq!(lines(b"{}\r"), ["{}"]);
}

#[test]
fn a_leading_mark_is_dropped_once() {
    assert_eq!(lines(b"\xEF\xBB\xBF{}\n\xEF\xBB\xBF{}\n"), ["{}", "\u{FEFF}{}"]);
    assert_eq!(decode_every_way(9, b"\xEF\xBB").0, [b"\xEF\xBB"]);
}

#[test]
fn a_line_beyond_the_cap_is_refused_for_good() {
    let too_large = Some(DecodeError::EventTooLarge { limit: 8 });
    assert_eq!(
        decode_every_way(8, b"12345678\r\n12345678\n"),
        (vec![b"12345678".to_vec(), b"12345678".to_vec()], None)
    );
    assert_eq!(decode_every_way(8, b"{}\n123456789\n{}\n"), (vec![b"{}".to_vec()], too_large.clone()));
    assert_eq!(decode_every_way(8, b"{}\n12345678901").1, too_large);

    let mut decoder = NdjsonDecoder::new(8);
    let mut sink = |line: &[u8]| panic!("{line:?}");
    assert_eq!(decoder.feed(&[b'1'; 100], &mut sink).err(), too_large);
    assert_eq!(decoder.feed(b"\n{}\n", &mut sink).err(), too_large);
    assert_eq!(decoder.end(&mut sink).err(), too_large);
    assert_eq!(decoder.buffered_bytes(), 0);
    decoder.reset();
    assert!(decoder.feed(b"{", &mut sink).is_ok());
}

#[test]
fn lines_that_lie_whole_in_a_piece_are_borrowed() {
    let body = b"{\"a\":1}\n{\"b\":2}\r\n";
    let piece = body.as_ptr_range();
    let mut count = 0;
    NdjsonDecoder::new(64)
        .feed(body, &mut |line: &[u8]| {
            assert!(piece.contains(&line.as_ptr()), "the line was copied");
            count += 1;
        })
        .unwrap();
    assert_eq!(count, 2);
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_split_gives_the_same_and_splitting_at_lf_is_the_meaning(
        tokens in prop::collection::vec(prop::sample::select(vec![
            &b"{}"[..], b"{\"a\":\"", b"\"}", b"\n", b"\n", b"\r\n", b"\r", b" ", b"\xFF", b"\xEF\xBB\xBF", b"\xEF",
        ]), 0..32),
        limit in prop_oneof![0..24usize, Just(1 << 20)],
        places in prop::collection::vec(any::<usize>(), 0..8),
    ) {
        let body = tokens.concat();
        let whole = decode(limit, [body.as_slice()]);
        prop_assert_eq!(decode(limit, cut(&body, &places)), whole.clone());

        let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&body);
        let expected: Vec<&[u8]> = text
            .split(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
            .take_while(|line| line.len() <= limit)
            .filter(|line| !line.trim_ascii().is_empty())
            .collect();
        prop_assert_eq!(whole.0, expected);
    }
}
