//! Counts of whole texts, and of texts that grow.

use std::sync::Arc;

use crate::class::class_of;
use crate::long::Prefixes;
use crate::merge::Merger;
use crate::split::{Pattern, Splitter, Step};
use crate::table::Table;

/// From this length on, the count of an unfinished piece is carried on instead of made anew.
const CARRIED: usize = 512;
/// So much of finished text may lie about before it is moved out of the way.
const SPENT: usize = 4096;

/// Counts the tokens of a text that comes in pieces. The count does not depend on where it was broken into them.
#[derive(Debug, Clone)]
pub struct Counter {
    table: Arc<Table>,
    splitter: Splitter,
    merger: Merger,
    /// Of the text so far, what is not counted for good begins at `start`; the splitter has seen it up to `seen`.
    text: String,
    start: usize,
    seen: usize,
    total: u64,
    /// Of the unfinished piece, or of the first one of two, and of the second one, which begins at the place said.
    prefixes: Option<Prefixes>,
    second: Option<(usize, Prefixes)>,
}

impl Counter {
    /// A counter of nothing yet.
    #[must_use]
    pub fn new(table: Arc<Table>, pattern: Pattern) -> Self {
        Self {
            table,
            splitter: Splitter::new(pattern),
            merger: Merger::default(),
            text: String::new(),
            start: 0,
            seen: 0,
            total: 0,
            prefixes: None,
            second: None,
        }
    }

    /// Appends a piece of the text.
    pub fn push(&mut self, piece: &str) {
        self.text.push_str(piece);
        while let Some(c) = self.text.get(self.seen..).and_then(|rest| rest.chars().next()) {
            let at = self.seen - self.start;
            match self.splitter.step(at, c, class_of(c)) {
                Step::Take => self.seen += c.len_utf8(),
                Step::Cut(length) => self.cut(length),
            }
        }
        if self.start == self.text.len() {
            self.text.clear();
            (self.start, self.seen) = (0, 0);
        } else if self.start > SPENT {
            self.text.drain(..self.start);
            self.seen -= self.start;
            self.start = 0;
        }
    }

    /// How many tokens the text so far is, as if it ended here.
    pub fn count(&mut self) -> u64 {
        let end = self.seen - self.start;
        if end == 0 {
            return self.total;
        }
        let middle = self.splitter.split_at_end(end);
        let piece = self.text.as_bytes().get(self.start..self.seen).unwrap_or_default();
        let (first, second) = piece.split_at_checked(middle).unwrap_or((piece, &[]));
        let mut count = carried(&self.table, &mut self.merger, &mut self.prefixes, first);
        if !second.is_empty() {
            if self.second.as_ref().is_none_or(|(begin, _)| *begin != middle) {
                self.second = (second.len() >= CARRIED).then(|| (middle, Prefixes::new()));
            }
            let mut prefixes = self.second.take().map(|(_, prefixes)| prefixes);
            count += carried(&self.table, &mut self.merger, &mut prefixes, second);
            self.second = prefixes.map(|prefixes| (middle, prefixes));
        }
        self.total + count as u64
    }

    /// The piece under way ends `length` bytes from its beginning; what follows is looked at again.
    fn cut(&mut self, length: usize) {
        let end = self.start + length;
        let piece = self.text.as_bytes().get(self.start..end).unwrap_or_default();
        let count = match &mut self.prefixes {
            Some(prefixes) => prefixes.count(&self.table, piece, length),
            None => self.merger.count(&self.table, piece),
        };
        self.total += count as u64;
        self.start = end;
        self.seen = end;
        self.prefixes = self.second.take().filter(|(begin, _)| *begin == length).map(|(_, prefixes)| prefixes);
    }
}

fn carried(table: &Table, merger: &mut Merger, prefixes: &mut Option<Prefixes>, piece: &[u8]) -> usize {
    if prefixes.is_none() && piece.len() < CARRIED {
        return merger.count(table, piece);
    }
    prefixes.get_or_insert_with(Prefixes::new).count(table, piece, piece.len())
}

impl Table {
    /// How many tokens a text is.
    #[must_use]
    pub fn count(&self, pattern: Pattern, text: &str) -> u64 {
        let (mut splitter, mut merger) = (Splitter::new(pattern), Merger::default());
        let (mut start, mut seen, mut total) = (0, 0, 0);
        while let Some(c) = text.get(seen..).and_then(|rest| rest.chars().next()) {
            match splitter.step(seen - start, c, class_of(c)) {
                Step::Take => seen += c.len_utf8(),
                Step::Cut(length) => {
                    let piece = text.as_bytes().get(start..start + length).unwrap_or_default();
                    total += merger.count(self, piece) as u64;
                    start += length;
                    seen = start;
                }
            }
        }
        let rest = text.as_bytes().get(start..).unwrap_or_default();
        let (first, second) = rest.split_at_checked(splitter.split_at_end(rest.len())).unwrap_or((rest, &[]));
        total + (merger.count(self, first) + merger.count(self, second)) as u64
    }
}
