//! Server-sent events, out.
//!
//! What always holds: whatever is written, a conforming reader reads the same name, ID and data, with every line end in
//! the data as a line feed; nothing a caller passes can begin a line of its own. Imports `memchr`.

use memchr::{memchr2, memchr3};

/// Why a text can't be put on the wire. Nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// An event name with a line break would begin a field of its own.
    #[error("expected an event name without CR or LF")]
    EventName,
    /// An ID with a line break would begin a field of its own; one with NUL is ignored by readers.
    #[error("expected an event ID without CR, LF or NUL")]
    Id,
    /// JSON text with a line break in it would begin a line of its own.
    #[error("expected JSON text without CR or LF")]
    Data,
    /// Frames of one's own are of the `events` format only.
    #[error("expected the format `events`")]
    Format,
    /// The end of the answer is written already.
    #[error("expected an answer that has not ended")]
    Ended,
}

/// Appends one event. An empty name is the same as none; an empty ID is written, since it takes the last one back; empty
/// data is an event with empty data. `retry` is in milliseconds.
///
/// # Errors
/// [`EncodeError`] where name or ID can't be written; `out` is then as it was.
pub fn encode_event(
    out: &mut Vec<u8>,
    event: Option<&str>,
    id: Option<&str>,
    retry: Option<u64>,
    data: &str,
) -> Result<(), EncodeError> {
    let event = event.filter(|name| !name.is_empty());
    if event.is_some_and(|name| memchr2(b'\r', b'\n', name.as_bytes()).is_some()) {
        return Err(EncodeError::EventName);
    }
    if id.is_some_and(|id| memchr3(b'\r', b'\n', 0, id.as_bytes()).is_some()) {
        return Err(EncodeError::Id);
    }
    if let Some(name) = event {
        field(out, b"event: ", name.as_bytes());
    }
    if let Some(id) = id {
        field(out, b"id: ", id.as_bytes());
    }
    if let Some(milliseconds) = retry {
        field(out, b"retry: ", milliseconds.to_string().as_bytes());
    }
    lines(out, b"data: ", data);
    out.push(b'\n');
    Ok(())
}

/// Appends a comment, which readers ignore, with a blank line after it so that proxies that wait for one pass it on. One
/// line for each line of the text. Not to be written between the fields of an event, which the blank line would end.
pub fn encode_comment(out: &mut Vec<u8>, text: &str) {
    lines(out, b": ", text);
    out.push(b'\n');
}

/// One field or comment for each line of `text`, which ends at CR, LF or CRLF.
fn lines(out: &mut Vec<u8>, prefix: &[u8], text: &str) {
    let mut rest = text.as_bytes();
    while let Some(end) = memchr2(b'\r', b'\n', rest) {
        field(out, prefix, &rest[..end]);
        let width = if rest[end..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = &rest[end + width..];
    }
    field(out, prefix, rest);
}

fn field(out: &mut Vec<u8>, prefix: &[u8], value: &[u8]) {
    out.reserve(prefix.len() + value.len() + 1);
    out.extend_from_slice(prefix);
    out.extend_from_slice(value);
    out.push(b'\n');
}
