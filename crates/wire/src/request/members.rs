//! Objects under construction.

use serde_json::{Map, Value};

/// The members of a JSON object, in the order in which they were put.
pub(super) type Members = Map<String, Value>;

/// Adding to an object what was given.
pub(super) trait Put {
    /// Adds `value` if there is one.
    fn put<T: Into<Value>>(&mut self, name: &str, value: Option<T>);
}

impl Put for Members {
    fn put<T: Into<Value>>(&mut self, name: &str, value: Option<T>) {
        if let Some(value) = value {
            self.insert(name.to_owned(), value.into());
        }
    }
}

/// `null` where nothing was put.
pub(super) fn filled(members: Members) -> Option<Value> {
    (!members.is_empty()).then_some(Value::Object(members))
}

/// An object of these members.
pub(super) fn object<const N: usize>(members: [(&str, Value); N]) -> Members {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Turns and their parts, neighbours of one role joined: for formats whose roles alternate.
#[derive(Default)]
pub(super) struct Turns(Vec<(&'static str, Vec<Value>)>);

impl Turns {
    /// Adds what `role` says; nothing where it says nothing.
    pub(super) fn say(&mut self, role: &'static str, parts: Vec<Value>) {
        if parts.is_empty() {
            return;
        }
        match self.0.last_mut() {
            Some((last, said)) if *last == role => said.extend(parts),
            _ => self.0.push((role, parts)),
        }
    }

    /// The turns, each `{role, <name>: parts}`.
    pub(super) fn encode(self, name: &str) -> Value {
        self.0
            .into_iter()
            .map(|(role, parts)| Value::Object(object([("role", role.into()), (name, parts.into())])))
            .collect()
    }
}
