//! JSON text, appended to what is there: the bytes that `JSON.stringify` writes for the same values.
//!
//! What always holds: nothing is allocated but what `out` grows by; what is written holds no line end. Imports
//! `serde_json`'s value type.

use std::fmt::Write;

use serde_json::Value;

pub(super) use crate::json::{escape, string};

/// A whole number.
#[inline]
pub(super) fn number(out: &mut String, mut number: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    for &digit in &digits[at..] {
        out.push(char::from(digit));
    }
}

/// Any value.
pub(super) fn value(out: &mut String, value: &Value) {
    // A string takes whatever it is given.
    let _ = write!(out, "{value}");
}

/// JSON text of somebody else's, on one line: line ends stand only between its tokens.
pub(super) fn text(out: &mut String, json: &str) {
    for piece in json.split(['\r', '\n']) {
        out.push_str(piece);
    }
}

/// A string with the moment in it, as `Date.prototype.toISOString` writes it.
pub(super) fn timestamp(out: &mut String, milliseconds: u64) {
    // The last moment a JavaScript date can be (ECMA-262, "Time Values and Time Range").
    let milliseconds = milliseconds.min(8_640_000_000_000_000);
    let (days, rest) = (milliseconds / 86_400_000, milliseconds % 86_400_000);
    // Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days: years begin in March, so that the
    // leap day is the last of its year; an era is 400 years.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    let (second, milli) = (rest / 1_000 % 60, rest % 1_000);
    out.push('"');
    let _ = if year > 9_999 { write!(out, "+{year:06}") } else { write!(out, "{year:04}") };
    let _ = write!(out, "-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z\"");
}

/// An object being written, member by member.
#[derive(Debug)]
pub(super) struct Object<'o> {
    out: &'o mut String,
    any: bool,
}

impl<'o> Object<'o> {
    pub(super) fn begin(out: &'o mut String) -> Self {
        out.push('{');
        Self { out, any: false }
    }

    /// Goes on with an object that has members already.
    pub(super) fn resume(out: &'o mut String) -> Self {
        Self { out, any: true }
    }

    /// A member's name; its value is to follow. The name is one of ours: nothing in it needs escaping.
    pub(super) fn key(&mut self, name: &str) -> &mut String {
        self.out.push_str(if std::mem::replace(&mut self.any, true) { ",\"" } else { "\"" });
        self.out.push_str(name);
        self.out.push_str("\":");
        self.out
    }

    /// As [`Object::key`], of any name.
    pub(super) fn any_key(&mut self, name: &str) -> &mut String {
        if std::mem::replace(&mut self.any, true) {
            self.out.push(',');
        }
        string(self.out, name);
        self.out.push(':');
        self.out
    }

    pub(super) fn string(&mut self, name: &str, text: &str) -> &mut Self {
        string(self.key(name), text);
        self
    }

    /// A string that is left out where it is empty.
    pub(super) fn filled(&mut self, name: &str, text: &str) -> &mut Self {
        if text.is_empty() { self } else { self.string(name, text) }
    }

    pub(super) fn number(&mut self, name: &str, count: u64) -> &mut Self {
        number(self.key(name), count);
        self
    }

    pub(super) fn count(&mut self, name: &str, count: Option<u64>) -> &mut Self {
        match count {
            Some(count) => self.number(name, count),
            None => self,
        }
    }

    /// JSON text as it stands.
    pub(super) fn raw(&mut self, name: &str, json: &str) -> &mut Self {
        self.key(name).push_str(json);
        self
    }

    pub(super) fn end(&mut self) {
        self.out.push('}');
    }
}

/// A frame with an object in it that says its type.
pub(super) fn typed_frame(kind: &str, out: &mut String, members: impl FnOnce(&mut Object<'_>)) {
    out.push_str("data: ");
    let mut object = Object::begin(out);
    object.string("type", kind);
    members(&mut object);
    object.end();
    out.push_str("\n\n");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(write: impl FnOnce(&mut String)) -> String {
        let mut out = String::new();
        write(&mut out);
        out
    }

    #[test]
    fn escapes_every_character_that_json_wants_escaped() {
        for code in 0..0x300_u32 {
            let text = format!("padding {} padding", char::from_u32(code).unwrap());
            assert_eq!(written(|out| string(out, &text)), serde_json::to_string(&text).unwrap());
        }
    }

    #[test]
    fn writes_moments_as_javascript_does() {
        // From `new Date(x).toISOString()` in Node.
        for (milliseconds, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (1_741_569_952_123, "2025-03-10T01:25:52.123Z"),
            (1_767_225_599_001, "2025-12-31T23:59:59.001Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_800_000, "+010000-01-01T00:00:00.000Z"),
            (8_640_000_000_000_000, "+275760-09-13T00:00:00.000Z"),
            (u64::MAX, "+275760-09-13T00:00:00.000Z"),
        ] {
            assert_eq!(written(|out| timestamp(out, milliseconds)), format!("\"{expected}\""));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn writes_strings_and_numbers_as_serde_json_does(text in any::<String>(), count in any::<u64>()) {
            prop_assert_eq!(written(|out| string(out, &text)), serde_json::to_string(&text).unwrap());
            prop_assert_eq!(written(|out| number(out, count >> (count % 64))), (count >> (count % 64)).to_string());
        }
    }
}
