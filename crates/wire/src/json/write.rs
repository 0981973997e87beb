//! JSON text, written: strings and objects, as `JSON.stringify` writes them.
//!
//! What always holds: what is read back is what was written. Imports nothing but the reader.

use super::{Raw, special_marks};

/// The text of an object, put together of members whose values are text already.
#[derive(Debug, Clone)]
pub(crate) struct ObjectText(String);

impl ObjectText {
    pub(crate) fn new() -> Self {
        Self("{".to_owned())
    }

    /// Adds a member.
    pub(crate) fn put(&mut self, name: &str, value: Raw<'_>) {
        self.0.reserve(name.len() + value.text().len() + 5);
        if !self.is_empty() {
            self.0.push(',');
        }
        string(&mut self.0, name);
        self.0.push(':');
        self.0.push_str(value.text());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.len() == 1
    }

    pub(crate) fn into_text(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// `text` with every control character, quote and backslash escaped, between quotes.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    string(&mut quoted, text);
    quoted
}

/// Where the next character is that has to be escaped: a quote, a backslash or a control character (RFC 8259 §7).
#[inline]
fn next_special(bytes: &[u8], mut at: usize) -> usize {
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let marks = special_marks(*eight);
        if marks != 0 {
            return at + marks.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, 0..0x20 | b'"' | b'\\') {
            break;
        }
        at += 1;
    }
    at
}

/// The inside of a string, appended to `out` as `JSON.stringify` writes it.
#[inline]
pub(crate) fn escape(out: &mut String, text: &str) {
    let mut from = 0;
    loop {
        let at = next_special(text.as_bytes(), from);
        out.push_str(text.get(from..at).unwrap_or_default());
        let Some(&byte) = text.as_bytes().get(at) else { break };
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x08 => out.push_str("\\b"),
            0x0C => out.push_str("\\f"),
            _ => {
                out.push_str(if byte < 0x10 { "\\u000" } else { "\\u001" });
                out.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
            }
        }
        from = at + 1;
    }
}

/// A string, appended to `out`.
#[inline]
pub(crate) fn string(out: &mut String, text: &str) {
    out.push('"');
    escape(out, text);
    out.push('"');
}
