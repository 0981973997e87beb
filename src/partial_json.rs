//! JSON that is still arriving, for JavaScript: text in, whole values and the value so far out, as JSON text. What is
//! JSON is decided by `millstream-wire`; `lib/partial-json.ts` is the other end.
//!
//! Functions over an `External` and not a class, as in [`event_stream`](crate::event_stream), and for the same reason.

use std::fmt::Write as _;

use millstream_wire::partial_json::{JsonReader, JsonReaderOptions};
use napi::Env;
use napi::JsString;
use napi::bindgen_prelude::{External, Result};
use napi_derive::napi;

/// A reader for one text. `multiple` and `fences` as in [`JsonReaderOptions`].
#[napi(ts_return_type = "ExternalObject<JsonReader>")]
pub(crate) fn json_reader_new(multiple: bool, fences: bool) -> External<JsonReader> {
    External::new(JsonReader::new(JsonReaderOptions { multiple, fences }))
}

/// Reads the next piece, or with `null` the end. Gives what there is to tell, or `null`: the text of each value that is
/// complete by it, and last, where the text was refused, `!`, the offset, a space, and what is wrong: no value begins so.
#[napi(ts_args_type = "reader: ExternalObject<JsonReader>, piece: string | null", ts_return_type = "string[] | null")]
pub(crate) fn json_reader_feed(reader: &mut External<JsonReader>, piece: Option<String>) -> Option<Vec<String>> {
    let mut told: Option<Vec<String>> = None;
    let mut take = |value: &str| told.get_or_insert_default().push(value.to_owned());
    let result = match piece {
        Some(piece) => reader.feed(&piece, &mut take),
        None => reader.end(&mut take),
    };
    if let Err(error) = result {
        let mut line = String::from("!");
        // Writing to a string can't fail.
        let _ = write!(line, "{} {}", error.offset, error.problem);
        told.get_or_insert_default().push(line);
    }
    told
}

/// The value so far as JSON text; `null` where there is none.
#[napi(ts_return_type = "string | null")]
pub(crate) fn json_reader_repaired<'env>(
    env: &'env Env,
    reader: &External<JsonReader>,
) -> Result<Option<JsString<'env>>> {
    reader.repaired().map(|text| env.create_string(text)).transpose()
}
