//! JSON text, walked in place: values are slices of the payload they stand in, so that a field's position is known
//! and nothing is copied that nobody asks for.
//!
//! What always holds: a [`Raw`] is one well-formed value (RFC 8259), without white space around it; walking is linear
//! and does not recurse, [`Raw::to_value`] recurses at most [`MAX_DEPTH`] deep. A lone surrogate escape, which the
//! RFC permits and `JSON.parse` accepts, reads as U+FFFD. Imports nothing but `serde_json`'s value type.

mod write;

use std::borrow::Cow;

use memchr::memchr;
use serde_json::{Map, Number, Value};

pub(crate) use self::write::{ObjectText, escape, quote, string};

/// Nesting beyond this is refused; `serde_json` draws its line at 128.
const MAX_DEPTH: u32 = 120;

/// One well-formed JSON value as it stands in its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Raw<'a>(&'a str);

impl<'a> Raw<'a> {
    /// The value that `text` begins with, and what follows it. `None` where `text` begins with no well-formed value.
    pub(crate) fn first(text: &'a str) -> Option<(Self, &'a str)> {
        let start = skip_space(text.as_bytes(), 0);
        let end = value_end(text.as_bytes(), start)?;
        Some((Self(text.get(start..end)?), text.get(end..)?))
    }

    /// The value that `text` is, white space aside.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (value, rest) = Self::first(text)?;
        is_blank(rest).then_some(value)
    }

    /// The value whose text was kept.
    pub(crate) fn known(text: &'a str) -> Self {
        debug_assert!(Self::parse(text).is_some(), "text of a value");
        Self(text)
    }

    /// The JSON text.
    pub(crate) fn text(self) -> &'a str {
        self.0
    }

    fn lead(self) -> u8 {
        self.0.as_bytes().first().copied().unwrap_or(b'n')
    }

    pub(crate) fn is_null(self) -> bool {
        self.lead() == b'n'
    }

    pub(crate) fn is_object(self) -> bool {
        self.lead() == b'{'
    }

    pub(crate) fn is_array(self) -> bool {
        self.lead() == b'['
    }

    pub(crate) fn is_string(self) -> bool {
        self.lead() == b'"'
    }

    pub(crate) fn is_true(self) -> bool {
        self.lead() == b't'
    }

    /// Whether it says nothing: `null`, `""`, `[]`, `{}`, or an object or array of nothing else.
    pub(crate) fn is_void(self) -> bool {
        match self.lead() {
            b'n' => true,
            b'"' => self.0.len() == 2,
            // Most often it is, at first sight, and nothing need be walked.
            b'{' | b'[' if self.0.len() == 2 => true,
            b'{' | b'[' => {
                // Keys don't count, scalars do: void is what has neither text, number nor boolean in it.
                let mut open = vec![self];
                while let Some(value) = open.pop() {
                    let mut visit = |inner: Raw<'a>| match inner.lead() {
                        b'{' | b'[' => {
                            open.push(inner);
                            true
                        }
                        b'n' => true,
                        b'"' => inner.0.len() == 2,
                        _ => false,
                    };
                    let void = if value.is_object() {
                        value.fields().all(|(_, inner)| visit(inner))
                    } else {
                        value.items().all(visit)
                    };
                    if !void {
                        return false;
                    }
                }
                true
            }
            _ => false,
        }
    }

    /// What stands between the quotes, escapes and all; `None` where it is no string.
    pub(crate) fn inner(self) -> Option<&'a str> {
        if self.is_string() { self.0.get(1..self.0.len().saturating_sub(1)) } else { None }
    }

    /// The string it is.
    pub(crate) fn as_str(self) -> Option<Cow<'a, str>> {
        self.inner().map(unescape)
    }

    /// The string it is, where it has at least one character.
    pub(crate) fn as_filled_str(self) -> Option<Cow<'a, str>> {
        self.as_str().filter(|text| !text.is_empty())
    }

    /// A string, or a number as it is written. Some servers send a token that looks like a number as one.
    pub(crate) fn as_text(self) -> Option<Cow<'a, str>> {
        match self.lead() {
            b'"' => self.as_str(),
            b'-' | b'0'..=b'9' => Some(Cow::Borrowed(self.0)),
            _ => None,
        }
    }

    /// A count: a number that is whole and not negative, whichever way it is written.
    pub(crate) fn as_count(self) -> Option<u64> {
        if !self.lead().is_ascii_digit() {
            return None;
        }
        self.0.parse().ok().or_else(|| {
            let number: f64 = self.0.parse().ok()?;
            (number.fract() == 0.0 && number <= (1_u64 << 53) as f64).then_some(number as u64)
        })
    }

    /// The members of an object, in order, duplicates included; nothing for any other value.
    pub(crate) fn fields(self) -> Fields<'a> {
        Fields::of(if self.is_object() { self.0 } else { "{}" })
    }

    /// The last member of that name, as JavaScript reads it.
    pub(crate) fn field(self, name: &str) -> Option<Raw<'a>> {
        self.fields().filter(|(key, _)| key == name).last().map(|(_, value)| value)
    }

    /// As [`Raw::field`], `null` being absence.
    pub(crate) fn some(self, name: &str) -> Option<Raw<'a>> {
        self.field(name).filter(|value| !value.is_null())
    }

    /// Its members, walked once: for who asks for several.
    pub(crate) fn members(self) -> Members<'a> {
        Members(self.fields().collect())
    }

    /// The elements of an array; nothing for any other value.
    pub(crate) fn items(self) -> Items<'a> {
        Items { text: if self.is_array() { self.0 } else { "[]" }, at: 1 }
    }

    /// A value on its own. A number beyond what a double holds becomes the text it was written as.
    pub(crate) fn to_value(self) -> Value {
        match self.lead() {
            b'"' => Value::String(self.as_str().unwrap_or_default().into_owned()),
            b't' => Value::Bool(true),
            b'f' => Value::Bool(false),
            b'n' => Value::Null,
            b'[' => Value::Array(self.items().map(Raw::to_value).collect()),
            b'{' => {
                let mut members = Map::new();
                for (key, value) in self.fields() {
                    members.insert(key.into_owned(), value.to_value());
                }
                Value::Object(members)
            }
            _ => {
                let number = (self.0.parse::<u64>().ok().map(Number::from))
                    .or_else(|| self.0.parse::<i64>().ok().map(Number::from))
                    .or_else(|| self.0.parse::<f64>().ok().and_then(Number::from_f64));
                number.map_or_else(|| Value::String(self.0.to_owned()), Value::Number)
            }
        }
    }
}

/// The members of an object, by name.
#[derive(Debug)]
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, Raw<'a>)>);

impl<'a> Members<'a> {
    /// As [`Raw::field`].
    pub(crate) fn field(&self, name: &str) -> Option<Raw<'a>> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    /// As [`Raw::some`].
    pub(crate) fn some(&self, name: &str) -> Option<Raw<'a>> {
        self.field(name).filter(|value| !value.is_null())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Raw<'a>)> {
        self.0.iter().map(|(key, value)| (&**key, *value))
    }
}

/// Iterator over the members of an object.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    text: &'a str,
    at: usize,
    state: Walk,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walk {
    First,
    Further,
    Ended,
    Malformed,
}

impl<'a> Fields<'a> {
    /// Walks the object that `text` begins with, which need not be known to be well-formed: ask [`Fields::rest`]
    /// afterwards.
    pub(crate) fn of(text: &'a str) -> Self {
        let at = skip_space(text.as_bytes(), 0);
        let state = if text.as_bytes().get(at) == Some(&b'{') { Walk::First } else { Walk::Malformed };
        Self { text, at: at + 1, state }
    }

    /// As [`Fields::of`], at the value of a member whose place is known.
    pub(crate) fn at_value(text: &'a str, at: usize) -> Self {
        Self { text, at, state: Walk::Further }
    }

    /// What follows the object, once the walk is over; `None` where the object was malformed.
    pub(crate) fn rest(&self) -> Option<&'a str> {
        if self.state == Walk::Ended { self.text.get(self.at..) } else { None }
    }

    /// The next member's name; its value comes next, by [`Fields::value`] or [`Fields::inside`].
    #[inline]
    pub(crate) fn key(&mut self) -> Option<Cow<'a, str>> {
        let key = self.step();
        if key.is_none() && self.state != Walk::Ended {
            self.state = Walk::Malformed;
        }
        key
    }

    /// The value of the member whose name was taken.
    #[inline]
    pub(crate) fn value(&mut self) -> Option<Raw<'a>> {
        let bytes = self.text.as_bytes();
        // Most values are these two.
        let end = match bytes.get(self.at) {
            Some(b'"') => string_end(bytes, self.at + 1).map(|end| end + 1),
            Some(b'n') => bytes.get(self.at..).filter(|rest| rest.starts_with(b"null")).map(|_| self.at + 4),
            _ => value_end(bytes, self.at),
        };
        let value = end.and_then(|end| self.text.get(self.at..end).map(Raw));
        match value {
            Some(value) => self.at += value.0.len(),
            None => self.state = Walk::Malformed,
        }
        value
    }

    /// The text from the value of the member whose name was taken, for a walk of one's own; what it leaves is given back
    /// by [`Fields::resume`].
    pub(crate) fn inside(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes on where a walk of one's own stopped: `rest` is the end of what [`Fields::inside`] gave.
    pub(crate) fn resume(&mut self, rest: &str) {
        self.at = self.text.len() - rest.len();
    }

    fn step(&mut self) -> Option<Cow<'a, str>> {
        if matches!(self.state, Walk::Ended | Walk::Malformed) {
            return None;
        }
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        // Hardly anybody puts white space between members.
        if self.state == Walk::Further && bytes.get(at..at + 2) == Some(b",\"") {
            at += 1;
        } else {
            at = skip_space(bytes, at);
            match (self.state, bytes.get(at)?) {
                (Walk::First | Walk::Further, b'}') => {
                    self.at = at + 1;
                    self.state = Walk::Ended;
                    return None;
                }
                (Walk::First, _) => {}
                (Walk::Further, b',') => at = skip_space(bytes, at + 1),
                _ => return None,
            }
            if bytes.get(at) != Some(&b'"') {
                return None;
            }
        }
        let (key_end, escaped) = string_end_escaped(bytes, at + 1)?;
        let inner = self.text.get(at + 1..key_end)?;
        let key = if escaped { unescape(inner) } else { Cow::Borrowed(inner) };
        at = key_end + 1;
        if bytes.get(at) != Some(&b':') {
            at = skip_space(bytes, at);
        }
        if bytes.get(at) != Some(&b':') {
            return None;
        }
        self.at = skip_space(bytes, at + 1);
        self.state = Walk::Further;
        Some(key)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (Cow<'a, str>, Raw<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let key = self.key()?;
        let value = self.value()?;
        Some((key, value))
    }
}

/// Iterator over the elements of an array.
#[derive(Debug, Clone)]
pub(crate) struct Items<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Items<'a> {
    type Item = Raw<'a>;

    fn next(&mut self) -> Option<Raw<'a>> {
        let bytes = self.text.as_bytes();
        let mut at = skip_space(bytes, self.at);
        if bytes.get(at) == Some(&b',') {
            at = skip_space(bytes, at + 1);
        }
        let end = value_end(bytes, at)?;
        self.at = end;
        self.text.get(at..end).map(Raw)
    }
}

/// Whether nothing but JSON white space is left.
pub(crate) fn is_blank(text: &str) -> bool {
    skip_space(text.as_bytes(), 0) == text.len()
}

#[inline]
fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Index of the quote that closes the string whose inside begins at `at`; `None` where a control character, a
/// malformed escape or the end comes first.
#[inline]
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    string_end_escaped(bytes, at).map(|(end, _)| end)
}

/// The top bit of each of eight bytes that has to be escaped in a string: quotes, backslashes, control characters (RFC
/// 8259 §7). The lowest mark is the first such byte; marks above it may be false, for borrows run upwards only.
#[inline]
fn special_marks(eight: [u8; 8]) -> u64 {
    let word = u64::from_le_bytes(eight);
    let quote = word ^ (LOW * 0x22);
    let slash = word ^ (LOW * 0x5c);
    let marks = (quote.wrapping_sub(LOW) & !quote)
        | (slash.wrapping_sub(LOW) & !slash)
        | (word.wrapping_sub(LOW * 0x20) & !word);
    marks & HIGH
}

/// As [`string_end`], and whether there are escapes before it.
#[inline]
pub(crate) fn string_end_escaped(bytes: &[u8], at: usize) -> Option<(usize, bool)> {
    // Most strings are names and tokens.
    match special(bytes, at) {
        Found::Quote(end) => Some((end, false)),
        Found::Other(at) => long_string_end(bytes, at),
        Found::Nothing => None,
    }
}

/// What stands first of all that has to be escaped in a string.
enum Found {
    Quote(usize),
    /// None of it, up to here, or something else than a quote.
    Other(usize),
    /// The text ends before.
    Nothing,
}

/// Looks at the next eight bytes.
#[inline]
fn special(bytes: &[u8], at: usize) -> Found {
    let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) else {
        return if at < bytes.len() { Found::Other(at) } else { Found::Nothing };
    };
    let marks = special_marks(*eight);
    if marks == 0 {
        return Found::Other(at + 8);
    }
    let at = at + marks.trailing_zeros() as usize / 8;
    if bytes.get(at) == Some(&b'"') { Found::Quote(at) } else { Found::Other(at) }
}

/// The rest of a string that is longer than eight bytes or has an escape.
fn long_string_end(bytes: &[u8], mut at: usize) -> Option<(usize, bool)> {
    /// As many as two vector registers of any machine hold, so that the compiler uses them.
    const WIDE: usize = 32;
    let mut escaped = false;
    loop {
        let mut left = 2;
        while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            let marks = special_marks(*eight);
            if marks != 0 {
                at += marks.trailing_zeros() as usize / 8;
                if bytes.get(at) == Some(&b'"') {
                    return Some((at, escaped));
                }
                break;
            }
            at += 8;
            left -= 1;
            if left == 0 {
                while let Some(wide) = bytes.get(at..).and_then(<[u8]>::first_chunk::<WIDE>)
                    && !wide.iter().fold(false, |any, &byte| any | (byte == b'"') | (byte == b'\\') | (byte < 0x20))
                {
                    at += WIDE;
                }
                left = WIDE / 8;
            }
        }
        match *bytes.get(at)? {
            b'"' => return Some((at, escaped)),
            b'\\' => {
                escaped = true;
                match *bytes.get(at + 1)? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at += 2,
                    b'u' => {
                        hex4(bytes, at + 2)?;
                        at += 6;
                    }
                    _ => return None,
                }
            }
            0..0x20 => return None,
            _ => at += 1,
        }
    }
}

fn hex4(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 4)?.iter().try_fold(0_u16, |sum, &byte| {
        let digit = char::from(byte).to_digit(16)?;
        Some(sum << 4 | u16::try_from(digit).ok()?)
    })
}

fn number_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    let digits = |mut at: usize| {
        let start = at;
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        (at > start).then_some(at)
    };
    if bytes.get(at) == Some(&b'-') {
        at += 1;
    }
    at = if bytes.get(at) == Some(&b'0') { at + 1 } else { digits(at)? };
    if bytes.get(at) == Some(&b'.') {
        at = digits(at + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = bytes.get(at) {
            at += 1;
        }
        at = digits(at)?;
    }
    Some(at)
}

/// Past a member's key and colon, to where its value may begin.
#[inline]
fn key_end(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let at = skip_space(bytes, string_end(bytes, at + 1)? + 1);
    (bytes.get(at) == Some(&b':')).then_some(at + 1)
}

fn value_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0_u32;
    // One bit per open container, the innermost lowest: 1 for an object.
    let mut objects = 0_u128;
    let word = |at: usize, word: &[u8]| bytes.get(at..)?.starts_with(word).then_some(at + word.len());
    loop {
        at = skip_space(bytes, at);
        match *bytes.get(at)? {
            b'"' => at = string_end(bytes, at + 1)? + 1,
            open @ (b'{' | b'[') => {
                let object = open == b'{';
                at = skip_space(bytes, at + 1);
                if bytes.get(at) == Some(if object { &b'}' } else { &b']' }) {
                    at += 1;
                } else {
                    if depth == MAX_DEPTH {
                        return None;
                    }
                    depth += 1;
                    objects = objects << 1 | u128::from(object);
                    if object {
                        at = key_end(bytes, at)?;
                    }
                    continue;
                }
            }
            b'-' | b'0'..=b'9' => at = number_end(bytes, at)?,
            b't' => at = word(at, b"true")?,
            b'f' => at = word(at, b"false")?,
            b'n' => at = word(at, b"null")?,
            _ => return None,
        }
        loop {
            if depth == 0 {
                return Some(at);
            }
            at = skip_space(bytes, at);
            let object = objects & 1 == 1;
            match *bytes.get(at)? {
                b',' if object => {
                    at = key_end(bytes, skip_space(bytes, at + 1))?;
                    break;
                }
                b',' => {
                    at += 1;
                    break;
                }
                b'}' if object => {}
                b']' if !object => {}
                _ => return None,
            }
            at += 1;
            depth -= 1;
            objects >>= 1;
        }
    }
}

/// The text that the inside of a well-formed JSON string stands for.
pub(crate) fn unescape(inner: &str) -> Cow<'_, str> {
    if memchr(b'\\', inner.as_bytes()).is_none() {
        return Cow::Borrowed(inner);
    }
    let mut text = String::with_capacity(inner.len());
    unescape_into(inner, &mut text);
    Cow::Owned(text)
}

/// As [`unescape`], of a text that is known to have escapes or none; `scratch` is where they are resolved.
#[inline]
pub(crate) fn unescaped<'t>(inner: &'t str, escaped: bool, scratch: &'t mut String) -> &'t str {
    if !escaped {
        return inner;
    }
    scratch.clear();
    unescape_into(inner, scratch);
    scratch
}

/// As [`unescape`], appended to `out`.
pub(crate) fn unescape_into(inner: &str, out: &mut String) {
    let bytes = inner.as_bytes();
    let mut at = 0;
    while let Some(offset) = bytes.get(at..).and_then(|rest| memchr(b'\\', rest)) {
        let slash = at + offset;
        out.push_str(inner.get(at..slash).unwrap_or_default());
        at = slash + 2;
        match bytes.get(slash + 1) {
            Some(b'b') => out.push('\u{8}'),
            Some(b'f') => out.push('\u{c}'),
            Some(b'n') => out.push('\n'),
            Some(b'r') => out.push('\r'),
            Some(b't') => out.push('\t'),
            Some(b'u') => {
                at = slash + 6;
                let unit = hex4(bytes, slash + 2).unwrap_or(0xFFFD);
                let low = || (bytes.get(at..at + 2) == Some(b"\\u")).then(|| hex4(bytes, at + 2)).flatten();
                if let (0xD800..0xDC00, Some(low @ 0xDC00..0xE000)) = (unit, low()) {
                    let code = 0x10000 + (u32::from(unit - 0xD800) << 10) + u32::from(low - 0xDC00);
                    out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    at += 6;
                } else {
                    out.push(char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
            }
            Some(&byte) => out.push(char::from(byte)),
            None => {}
        }
    }
    out.push_str(inner.get(at..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_the_rfc_allows_and_nothing_else() {
        for good in [
            "{}",
            "[]",
            "0",
            "-0",
            "1.5e-3",
            "\"\"",
            "\"\\u00e9\\ud83d\\ude00\"",
            "null",
            "true",
            "false",
            " { \"a\" : [ 1 , { } , [ ] ] , \"b\" : null } ",
        ] {
            assert!(Raw::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            " ",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "{\"a\"}",
            "{a:1}",
            "01",
            "1.",
            ".5",
            "1e",
            "+1",
            "\"\n\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "nul",
            "truee",
            "[1 2]",
            "{\"a\":1 \"b\":2}",
            "[}",
            "{]",
            "\"",
            "1 2",
            "--1",
        ] {
            assert!(Raw::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn refuses_nesting_that_would_exhaust_a_reader() {
        assert!(Raw::parse(&format!("{}{}", "[".repeat(120), "]".repeat(120))).is_some());
        assert!(Raw::parse(&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))).is_none());
    }

    #[test]
    fn reads_a_lone_surrogate_as_the_replacement_character() {
        assert_eq!(Raw::parse(r#""a\ud83db\ude00""#).and_then(Raw::as_str).as_deref(), Some("a\u{fffd}b\u{fffd}"));
    }

    #[test]
    fn void_is_what_says_nothing() {
        for void in ["null", "\"\"", "[]", "{}", "[null,[],{}]", "{\"content\":null,\"refusal\":[\"\"]}"] {
            assert!(Raw::parse(void).unwrap().is_void(), "{void}");
        }
        for said in ["0", "false", "\"a\"", "[0]", "{\"a\":{\"b\":false}}"] {
            assert!(!Raw::parse(said).unwrap().is_void(), "{said}");
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<i16>().prop_map(|number| Value::from(f64::from(number) / 4.0)),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::hash_map(any::<String>(), inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn agrees_with_serde_json_on_well_formed_text(value in json()) {
            for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                prop_assert_eq!(Raw::parse(&text).map(Raw::to_value), serde_json::from_str::<Value>(&text).ok());
            }
        }

        #[test]
        fn agrees_with_serde_json_on_what_is_well_formed(
            value in json(), at in any::<prop::sample::Index>(), byte in prop::sample::select(br#"{}[]",:0-e\n x"#.to_vec())
        ) {
            let mut bytes = value.to_string().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(text) = String::from_utf8(bytes) {
                let ours = Raw::parse(&text).is_some();
                prop_assert_eq!(ours, serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok(), "{}", text);
            }
        }

        #[test]
        fn quotes_what_it_reads_back(text in any::<String>()) {
            let quoted = quote(&text);
            let read = Raw::parse(&quoted).and_then(Raw::as_str);
            prop_assert_eq!(read.as_deref(), Some(text.as_str()));
        }
    }
}
