//! The count of a piece that grows: of every beginning of it, at a cost that does not depend on how long it is.
//!
//! What is known of byte pair encodings makes that possible: the tokens of a beginning are those of a shorter beginning
//! and one more, and which one that is can be told from the last two tokens alone. So for each place it is enough to know
//! the last token and the count, and the places a token's length back. The idea and the proof are those of the `bpe` crate.

use crate::table::{MAX_TOKEN, Table};

/// Places kept: a token's length back from any of the last few, which are where a cut may come to stand after all.
const KEPT: usize = 2 * MAX_TOKEN;

#[derive(Debug, Clone, Copy, Default)]
struct Place {
    last: u32,
    count: u32,
}

/// The counts of a growing piece.
#[derive(Debug, Clone)]
pub(crate) struct Prefixes {
    /// By place modulo [`KEPT`].
    places: Box<[Place; KEPT]>,
    length: usize,
}

impl Prefixes {
    pub(crate) fn new() -> Self {
        Self { places: Box::new([Place::default(); KEPT]), length: 0 }
    }

    /// How many tokens the piece's first `end` bytes are. `end` grows from call to call, or goes back by one character.
    pub(crate) fn count(&mut self, table: &Table, piece: &[u8], end: usize) -> usize {
        while self.length < end {
            self.grow(table, piece);
        }
        self.place(end).count as usize
    }

    fn grow(&mut self, table: &Table, piece: &[u8]) {
        let end = self.length + 1;
        let longest = piece.get(end - 1).map_or(1, |byte| table.longest_ending(*byte)).min(end);
        let mut found = Place::default();
        // A single byte is always a token, and one of the candidates is always right.
        for length in (1..=longest).rev() {
            let start = end - length;
            let Some(token) = piece.get(start..end).and_then(|token| table.find(token)) else { continue };
            let before = self.place(start);
            if start == 0 || stands(table, before.last, token) {
                found = Place { last: token, count: before.count + 1 };
                break;
            }
        }
        self.length = end;
        if let Some(place) = self.places.get_mut(end % KEPT) {
            *place = found;
        }
    }

    fn place(&self, at: usize) -> Place {
        if at == 0 { Place::default() } else { self.places.get(at % KEPT).copied().unwrap_or_default() }
    }
}

/// Whether encoding the text of two tokens gives these two tokens: undoes the latest merge of the two again and again, and
/// looks whether a merge across their border would have come before it.
fn stands(table: &Table, mut first: u32, mut second: u32) -> bool {
    let mut limit = u32::MAX;
    loop {
        if table.merged(first, second).is_some_and(|merged| merged < limit) {
            return false;
        }
        // Of equal ranks the left one is merged first.
        let (undo_first, undo_second) = (
            table.parts(first).map(|(_, end)| (first, end)),
            table.parts(second).map(|(begin, _)| (second.saturating_add(1), begin)),
        );
        let first_is_later = first > second;
        match (undo_first, undo_second) {
            (None, None) => return true,
            (Some((before, end)), _) if first_is_later || undo_second.is_none() => {
                limit = before;
                first = end;
            }
            (_, Some((before, begin))) => {
                limit = before;
                second = begin;
            }
            (Some(_), None) => return true,
        }
    }
}
