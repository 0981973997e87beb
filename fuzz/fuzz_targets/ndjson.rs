//! Newline-delimited JSON: any bytes, cut anywhere.
//!
//! Laws: a body gives the same lines and the same error however it is cut; no more than the cap is held; and the lines
//! are those that splitting the body at LF gives.
#![no_main]

#[path = "pieces.rs"]
mod pieces;

use libfuzzer_sys::fuzz_target;
use millstream_wire::DecodeError;
use millstream_wire::framing::ndjson::NdjsonDecoder;

fn decode<'a>(limit: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, Option<DecodeError>) {
    let mut decoder = NdjsonDecoder::new(limit);
    let mut lines = Vec::new();
    let mut result = Ok(());
    for piece in pieces {
        let fed = decoder.feed(piece, &mut |line: &[u8]| lines.push(line.to_vec()));
        assert!(decoder.buffered_bytes() <= limit + 1, "more is held than the cap allows");
        if result.is_ok() {
            result = fed;
        } else {
            assert_eq!(fed, result, "a failed decoder stays failed");
        }
    }
    let error = result.and_then(|()| decoder.end(&mut |line: &[u8]| lines.push(line.to_vec()))).err();
    (lines, error)
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, pieces, body)) = pieces::pieces(data) else { return };
    let limit = [1 << 20, 64, 8, 0][usize::from(choice) % 4];
    let whole = decode(limit, [body]);
    assert_eq!(decode(limit, pieces), whole, "in the pieces that were chosen");
    assert_eq!(decode(limit, body.chunks(1)), whole, "a byte at a time");

    let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let lines = text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let fitting = lines.clone().take_while(|line| line.len() <= limit);
    let expected: Vec<&[u8]> = fitting.filter(|line| !line.trim_ascii().is_empty()).collect();
    assert_eq!(whole.0, expected);
    let too_large = lines.clone().any(|line| line.len() > limit);
    assert_eq!(whole.1.is_some(), too_large);
});
