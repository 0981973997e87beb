//! JSON that is still arriving: any text, cut anywhere.
//!
//! Laws: a text gives the same values and the same error however it is cut; what is read as one whole value is what a
//! parser accepts, nesting aside; the value so far is well-formed at every cut, and a failed reader stays failed.
#![no_main]

#[path = "pieces.rs"]
mod pieces;

use libfuzzer_sys::fuzz_target;
use millstream_wire::partial_json::{JsonError, JsonProblem, JsonReader, JsonReaderOptions};
use serde::de::IgnoredAny;

fn read<'a>(
    options: JsonReaderOptions,
    pieces: impl IntoIterator<Item = &'a str>,
) -> (Vec<String>, Option<String>, Result<(), JsonError>) {
    let mut reader = JsonReader::new(options);
    let mut values = Vec::new();
    let mut result = Ok(());
    for piece in pieces {
        let fed = reader.feed(piece, &mut |value| values.push(value.to_owned()));
        if result.is_ok() {
            result = fed;
        } else {
            assert_eq!(fed, result, "a failed reader stays failed");
        }
        if let Some(repaired) = reader.repaired() {
            serde_json::from_str::<IgnoredAny>(&repaired).expect("the value so far is JSON");
        }
    }
    let repaired = reader.repaired();
    let result = result.and_then(|()| reader.end(&mut |value| values.push(value.to_owned())));
    for value in &values {
        serde_json::from_str::<IgnoredAny>(value).expect("a value is JSON");
    }
    (values, repaired, result)
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, pieces, body)) = pieces::pieces(data) else { return };
    let Ok(text) = std::str::from_utf8(body) else { return };
    let options = JsonReaderOptions { multiple: choice % 2 == 1, fences: choice % 4 == 2 };
    let whole = read(options, [text]);
    let mut buffer = [0; 4];
    let mut letters = Vec::new();
    for letter in text.chars() {
        letters.push(letter.encode_utf8(&mut buffer).to_owned());
    }
    assert_eq!(read(options, letters.iter().map(String::as_str)), whole, "a letter at a time");
    if pieces.iter().all(|piece| std::str::from_utf8(piece).is_ok()) {
        let pieces = pieces.iter().filter_map(|piece| std::str::from_utf8(piece).ok());
        assert_eq!(read(options, pieces), whole, "in the pieces that were chosen");
    }
    if options == JsonReaderOptions::default() {
        let too_deep = matches!(whole.2, Err(JsonError { problem: JsonProblem::TooDeep, .. }));
        let parsed = serde_json::from_str::<IgnoredAny>(text);
        assert!(too_deep || parsed.is_ok() == whole.2.is_ok(), "{parsed:?} {:?}", whole.2);
    }
});
