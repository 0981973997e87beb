//! Arguments that come as values at paths, e.g. `$.recipe.steps[2]`.
//!
//! What always holds: an array grows by one at a time and nesting is bounded, whatever a path says; the time is linear
//! in the paths and values; what can't be placed makes the whole unreadable, never wrong.

use serde_json::{Map, Value};

use crate::frame::{Budget, Fault};
use crate::json::Raw;

const MAX_DEPTH: usize = 64;

#[derive(Debug, Clone, Default)]
pub(super) struct Partial {
    root: Value,
    broken: bool,
}

impl Partial {
    /// Takes in `{jsonPath, stringValue | numberValue | boolValue | nullValue}`. Strings at one path are joined.
    pub(super) fn take(&mut self, piece: Raw<'_>, budget: &mut Budget) -> Result<(), Fault> {
        let Some(path) = piece.field("jsonPath").and_then(Raw::as_str) else { return Ok(()) };
        budget.take(piece.text().len())?;
        let slot = if self.broken { None } else { place(&mut self.root, &path) };
        let Some(slot) = slot else {
            self.broken = true;
            return Ok(());
        };
        for (key, value) in piece.fields() {
            match (&*key, &mut *slot) {
                ("stringValue", Value::String(text)) => text.push_str(&value.as_str().unwrap_or_default()),
                ("stringValue" | "numberValue" | "boolValue", slot) => *slot = value.to_value(),
                ("nullValue", slot) => *slot = Value::Null,
                _ => {}
            }
        }
        Ok(())
    }

    /// JSON text of the arguments; no JSON where a piece had no place.
    pub(super) fn into_text(self) -> String {
        match self {
            Self { broken: true, root } => format!("{root} …"),
            Self { root: Value::Null, .. } => "{}".to_owned(),
            Self { root, .. } => root.to_string(),
        }
    }
}

/// The value at a path, made where it is not there yet.
fn place<'a>(root: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    let mut rest = path.strip_prefix('$')?;
    let mut slot = root;
    for _ in 0..MAX_DEPTH {
        if rest.is_empty() {
            return Some(slot);
        }
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, behind) = after.split_at_checked(end)?;
            slot = member(slot, name)?;
            rest = behind;
        } else {
            let inside = rest.strip_prefix('[')?;
            let quote = inside.chars().next().filter(|first| matches!(first, '"' | '\''));
            if let Some(quote) = quote {
                let (name, behind) = inside.get(1..)?.split_once(quote)?;
                slot = member(slot, name)?;
                rest = behind.strip_prefix(']')?;
            } else {
                let (index, behind) = inside.split_once(']')?;
                slot = element(slot, index.parse().ok()?)?;
                rest = behind;
            }
        }
    }
    None
}

fn member<'a>(slot: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    if slot.is_null() {
        *slot = Value::Object(Map::new());
    }
    let members = slot.as_object_mut()?;
    Some(members.entry(name).or_insert(Value::Null))
}

fn element(slot: &mut Value, index: usize) -> Option<&mut Value> {
    if slot.is_null() {
        *slot = Value::Array(Vec::new());
    }
    let elements = slot.as_array_mut()?;
    if index == elements.len() {
        elements.push(Value::Null);
    }
    elements.get_mut(index)
}
