//! Reads options out of JSON, naming the field in whatever is wrong with it.

use std::fmt::Write;

use serde_json::{Map, Value};

/// An option that is not what it should be. The message names the field and shows what was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct OptionError(String);

impl OptionError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// The fields of one JSON object; `null` counts as absent.
pub(crate) struct Fields<'a> {
    path: &'a str,
    map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// The top level, whose fields are called by their bare names.
    pub(crate) fn top(map: &'a Map<String, Value>) -> Self {
        Self { path: "", map }
    }

    /// An object inside; `path` is put before its fields' names.
    pub(crate) fn object(path: &'a str, value: &'a Value) -> Result<Self, OptionError> {
        match value {
            Value::Object(map) => Ok(Self { path, map }),
            other => Err(expected(path, "an object", other)),
        }
    }

    pub(crate) fn name(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }

    /// The object's own name.
    pub(crate) fn path_name(&self) -> String {
        self.path.to_owned()
    }

    pub(crate) fn get(&self, field: &str) -> Option<&'a Value> {
        self.map.get(field).filter(|value| !value.is_null())
    }

    pub(crate) fn only(&self, known: &[&str]) -> Result<(), OptionError> {
        match self.map.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => {
                let mut message = format!("Unknown option `{}`; expected one of ", self.name(&shown_name(key)));
                for (index, name) in known.iter().enumerate() {
                    let _ = write!(message, "{}`{name}`", if index == 0 { "" } else { ", " });
                }
                Err(OptionError(message))
            }
        }
    }

    pub(crate) fn wrong<T>(&self, field: &str, what: &str) -> Result<T, OptionError> {
        Err(expected(&self.name(field), what, self.map.get(field).unwrap_or(&Value::Null)))
    }

    pub(crate) fn integer(&self, field: &str, min: u64, max: u64) -> Result<Option<u64>, OptionError> {
        match self.get(field) {
            None => Ok(None),
            Some(value) => match whole(value).filter(|number| (min..=max).contains(number)) {
                Some(number) => Ok(Some(number)),
                None => self.wrong(field, &format!("an integer from {min} to {max}")),
            },
        }
    }

    pub(crate) fn number(&self, field: &str, min: f64, max: f64) -> Result<Option<f64>, OptionError> {
        match self.get(field) {
            None => Ok(None),
            Some(value) => match value.as_f64().filter(|number| (min..=max).contains(number)) {
                Some(number) => Ok(Some(number)),
                None => self.wrong(field, &format!("a number from {min} to {max}")),
            },
        }
    }

    pub(crate) fn string(&self, field: &str) -> Result<Option<&'a str>, OptionError> {
        match self.get(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => self.wrong(field, "a string"),
        }
    }

    pub(crate) fn boolean(&self, field: &str) -> Result<Option<bool>, OptionError> {
        match self.get(field) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(_) => self.wrong(field, "a boolean"),
        }
    }

    pub(crate) fn array(&self, field: &str) -> Result<Option<&'a [Value]>, OptionError> {
        match self.get(field) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => self.wrong(field, "an array"),
        }
    }

    pub(crate) fn map(&self, field: &str) -> Result<Option<&'a Map<String, Value>>, OptionError> {
        match self.get(field) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(map)),
            Some(_) => self.wrong(field, "an object"),
        }
    }

    /// Header names and values, refused where they would change the shape of the head.
    pub(crate) fn headers(&self, field: &str) -> Result<Vec<(String, String)>, OptionError> {
        let mut headers = Vec::new();
        for (name, value) in self.map(field)?.into_iter().flatten() {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => return Err(expected(&format!("{}.{}", self.name(field), shown_name(name)), "a string", value)),
            };
            if name.is_empty() || !name.bytes().all(is_name_byte) {
                return Err(OptionError(format!(
                    "Expected the keys of `{}` to be header names, got `{}`",
                    self.name(field),
                    shown_name(name)
                )));
            }
            if !is_header_value(&text) {
                return Err(OptionError(format!(
                    "Expected `{}.{name}` to be a header value without control characters",
                    self.name(field)
                )));
            }
            headers.push((name.clone(), text));
        }
        Ok(headers)
    }
}

/// `Expected `field` to be what, got value`, the value cut to a length that fits in a message.
pub(crate) fn expected(name: &str, what: &str, got: &Value) -> OptionError {
    let name = if name.is_empty() { "options" } else { name };
    OptionError(format!("Expected `{name}` to be {what}, got {}", shown(got)))
}

/// Whether a text can stand as the value of a header.
pub(crate) fn is_header_value(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f))
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// JavaScript writes whole numbers with or without a fraction; both count.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let number = value.as_f64()?;
        // Above 2^53 a double is no longer one certain integer.
        let exact = number >= 0.0 && number.fract() == 0.0 && number <= 9_007_199_254_740_992.0;
        exact.then_some(number as u64)
    })
}

fn shown(value: &Value) -> String {
    let mut text = value.to_string();
    cut(&mut text);
    text
}

fn shown_name(name: &str) -> String {
    let mut text = name.to_owned();
    cut(&mut text);
    text
}

fn cut(text: &mut String) {
    const LONGEST: usize = 60;
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: &Value) -> Fields<'_> {
        Fields::object("stall", value).unwrap()
    }

    #[test]
    fn names_the_field_and_shows_the_value() {
        let value = json!({"bytes": -1, "name": 7, "long": "é".repeat(80)});
        let fields = fields(&value);
        assert_eq!(
            fields.integer("bytes", 0, 10).unwrap_err().to_string(),
            "Expected `stall.bytes` to be an integer from 0 to 10, got -1"
        );
        assert_eq!(fields.string("name").unwrap_err().to_string(), "Expected `stall.name` to be a string, got 7");
        let message = fields.boolean("long").unwrap_err().to_string();
        assert!(message.ends_with('…') && message.len() < 140, "{message}");
    }

    #[test]
    fn reads_whole_numbers_written_as_fractions_and_null_as_absent() {
        let value = json!({"a": 5.0, "b": 5.5, "c": null});
        let fields = fields(&value);
        assert_eq!(fields.integer("a", 0, 10), Ok(Some(5)));
        assert!(fields.integer("b", 0, 10).is_err());
        assert_eq!(fields.integer("c", 0, 10), Ok(None));
    }

    #[test]
    fn refuses_headers_that_would_split_the_head() {
        for headers in [json!({"a": "b\r\nc: d"}), json!({"a b": "c"}), json!({"": "c"}), json!({"a": true})] {
            let value = json!({ "headers": headers });
            assert!(fields(&value).headers("headers").is_err(), "{value}");
        }
    }
}
