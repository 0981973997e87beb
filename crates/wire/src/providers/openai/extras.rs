//! What a provider says beside its answer. Most of it stands in every chunk, so it is held, the last word of each name,
//! and given once before the end.
//!
//! What always holds: at most [`MAX_ENTRIES`] names and [`MAX_BYTES`] of text are held; what goes beyond is given as it
//! comes, so nothing is lost and memory is bounded. Imports the JSON reader.

use crate::json::{ObjectText, Raw};

const MAX_ENTRIES: usize = 64;
const MAX_BYTES: usize = 256 * 1024;

#[derive(Debug, Clone)]
struct Extra {
    choice: u32,
    name: String,
    /// JSON text.
    text: String,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Extras {
    held: Vec<Extra>,
    bytes: usize,
}

/// What became of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// It says what was held already.
    Same,
    Changed,
    /// There is no room: it must be given now.
    Full,
}

impl Extras {
    pub(crate) fn hold(&mut self, choice: u32, name: &str, value: Raw<'_>) -> Held {
        let text = value.text();
        if let Some(extra) = self.held.iter_mut().find(|extra| extra.choice == choice && extra.name == name) {
            if extra.text == text {
                return Held::Same;
            }
            if self.bytes - extra.text.len() + text.len() > MAX_BYTES {
                return Held::Full;
            }
            self.bytes = self.bytes - extra.text.len() + text.len();
            text.clone_into(&mut extra.text);
            return Held::Changed;
        }
        let bytes = self.bytes + name.len() + text.len();
        if self.held.len() == MAX_ENTRIES || bytes > MAX_BYTES {
            return Held::Full;
        }
        self.bytes = bytes;
        self.held.push(Extra { choice, name: name.to_owned(), text: text.to_owned() });
        Held::Changed
    }

    /// Whether this is what is held of that name for the whole answer, or nothing to hold.
    pub(super) fn says(&self, name: &str, value: Raw<'_>) -> bool {
        let same = |extra: &Extra| extra.choice == 0 && extra.name == name && extra.text == value.text();
        value.is_void() || self.held.iter().any(same)
    }

    /// What is held for a choice, as members of one object. What concerns the whole answer is held for choice 0.
    pub(crate) fn take(&mut self, choice: u32) -> ObjectText {
        let mut members = ObjectText::new();
        for extra in self.held.extract_if(.., |extra| extra.choice == choice) {
            members.put(&extra.name, Raw::known(&extra.text));
        }
        members
    }

    /// Forgets a name.
    pub(super) fn forget(&mut self, choice: u32, name: &str) {
        self.held.retain(|extra| extra.choice != choice || extra.name != name);
    }

    /// The lowest choice that something is held for.
    pub(crate) fn first_choice(&self) -> Option<u32> {
        self.held.iter().map(|extra| extra.choice).min()
    }
}
