//! An answer that was not streamed: one JSON document.
//!
//! Read are the answers of providers, an error in any of its shapes, and an object that holds the text under one of the
//! names that applications give it. Anything else is no answer.

use super::answer::Answer;
use super::whole_answers;
use crate::frame::{Fault, Sink};
use crate::json::Raw;
use crate::providers::error_body;

/// Where applications put the text.
const TEXT: [&str; 10] =
    ["content", "text", "message", "response", "answer", "output", "completion", "reply", "result", "token"];

/// Reads a document; `false` where it is no answer.
pub(crate) fn read(raw: Raw<'_>, max_held_bytes: usize, sink: &mut Sink<'_>) -> Result<bool, Fault> {
    if whole_answers::read(raw, max_held_bytes, sink)? {
        return Ok(true);
    }
    let mut answer = Answer::new(max_held_bytes);
    let text = TEXT.iter().find_map(|name| text_of(raw.some(name)?));
    let says_error = raw
        .some("error")
        .or_else(|| raw.some("errors"))
        .is_some_and(|error| !error.is_void() && error.text() != "false");
    let error_type =
        raw.field("type").or_else(|| raw.field("object")).is_some_and(|kind| kind.inner() == Some("error"));
    if raw.is_array() || says_error || error_type || (text.is_none() && raw.some("detail").is_some()) {
        let Some(error) = error_body::read(raw) else { return Ok(false) };
        answer.fail(error, sink);
        return Ok(true);
    }
    let Some(text) = text else { return Ok(false) };
    let (id, model) = (raw.field("id"), raw.field("model"));
    if id.or(model).and_then(Raw::as_filled_str).is_some() {
        answer.start(id, model, sink);
    }
    for piece in text {
        answer.text(piece, sink);
    }
    if let Some(usage) = raw.some("usage") {
        answer.keep_usage(usage);
    }
    answer.finish(["finishReason", "finish_reason", "stop_reason"].iter().find_map(|name| raw.some(name)), sink);
    Ok(true)
}

/// The text in a value: a string, `{content}`, or typed parts.
fn text_of(value: Raw<'_>) -> Option<Vec<Raw<'_>>> {
    let inner = if value.is_object() { value.some("content").or_else(|| value.some("text"))? } else { value };
    if inner.is_string() {
        return Some(vec![inner]);
    }
    let texts: Vec<_> = inner.items().filter_map(|part| part.some("text").filter(|text| text.is_string())).collect();
    (!texts.is_empty()).then_some(texts)
}
