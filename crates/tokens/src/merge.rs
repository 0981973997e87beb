//! Byte pair encoding of one piece: the pair that makes the lowest-ranked token is merged, the leftmost of equals first,
//! until no pair makes one. Short pieces are searched from end to end for each merge, long ones keep their pairs in a heap.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::table::Table;

/// From this length on a heap pays.
const LONG: usize = 96;
const NONE: u32 = u32::MAX;

/// A token of the piece under way. Dead ones were merged into the one before.
#[derive(Debug, Clone, Copy)]
struct Part {
    start: u32,
    end: u32,
    /// What it makes with the next one.
    pair: u32,
}

/// Counts pieces; keeps its memory from one to the next.
#[derive(Debug, Clone, Default)]
pub(crate) struct Merger {
    parts: Vec<Part>,
    /// By the place where a part begins, the place where the one before it does.
    before: Vec<u32>,
    heap: BinaryHeap<Reverse<(u32, u32)>>,
}

impl Merger {
    /// How many tokens a piece is.
    pub(crate) fn count(&mut self, table: &Table, piece: &[u8]) -> usize {
        match piece.len() {
            0 => 0,
            1 => 1,
            _ if table.find(piece).is_some() => 1,
            2 => 2,
            length if length < LONG => self.count_short(table, piece),
            _ => self.count_long(table, piece),
        }
    }

    fn count_short(&mut self, table: &Table, piece: &[u8]) -> usize {
        let parts = &mut self.parts;
        parts.clear();
        parts.extend((0..piece.len() as u32).map(|start| Part {
            start,
            end: start + 1,
            pair: found(table, piece, start, start + 2),
        }));
        while let Some((at, pair)) = lowest(parts) {
            if pair == NONE {
                break;
            }
            let merged = parts.remove(at + 1);
            let next = parts.get(at + 1).map_or(NONE, |next| next.end);
            if let Some(part) = parts.get_mut(at) {
                part.end = merged.end;
                part.pair = if next == NONE { NONE } else { found(table, piece, part.start, next) };
            }
            if let Some(index) = at.checked_sub(1)
                && let Some(part) = parts.get_mut(index)
            {
                part.pair = found(table, piece, part.start, merged.end);
            }
        }
        parts.len()
    }

    /// The same with a heap of pairs. An entry is out of date once one of its parts has changed.
    fn count_long(&mut self, table: &Table, piece: &[u8]) -> usize {
        let (parts, before, heap) = (&mut self.parts, &mut self.before, &mut self.heap);
        parts.clear();
        before.clear();
        heap.clear();
        for start in 0..piece.len() as u32 {
            let pair = found(table, piece, start, start + 2);
            parts.push(Part { start, end: start + 1, pair });
            before.push(start.wrapping_sub(1));
            if pair != NONE {
                heap.push(Reverse((pair, start)));
            }
        }
        let mut count = parts.len();
        while let Some(Reverse((pair, start))) = heap.pop() {
            let Some(&Part { pair: current, end: middle, .. }) = parts.get(start as usize) else { continue };
            let Some(&Part { end, .. }) = parts.get(middle as usize) else { continue };
            if current != pair {
                continue;
            }
            count -= 1;
            if let Some(dead) = parts.get_mut(middle as usize) {
                dead.pair = NONE;
            }
            let next = parts.get(end as usize).map(|next| next.end);
            if next.is_some()
                && let Some(previous) = before.get_mut(end as usize)
            {
                *previous = start;
            }
            let with_next = next.map_or(NONE, |next| found(table, piece, start, next));
            if let Some(part) = parts.get_mut(start as usize) {
                part.end = end;
                part.pair = with_next;
            }
            if with_next != NONE {
                heap.push(Reverse((with_next, start)));
            }
            let Some(&previous) = before.get(start as usize) else { continue };
            let Some(part) = parts.get_mut(previous as usize) else { continue };
            part.pair = found(table, piece, previous, end);
            if part.pair != NONE {
                heap.push(Reverse((part.pair, previous)));
            }
        }
        // What a giant piece took is not kept for the small ones to come.
        if parts.len() > 4096 {
            *self = Self::default();
        }
        count
    }
}

/// The rank of the token that stands at this place; [`NONE`] where it is none, or the piece ends before.
fn found(table: &Table, piece: &[u8], start: u32, end: u32) -> u32 {
    piece.get(start as usize..end as usize).and_then(|token| table.find(token)).unwrap_or(NONE)
}

/// The place and rank of the leftmost of the lowest pairs.
fn lowest(parts: &[Part]) -> Option<(usize, u32)> {
    parts.iter().enumerate().map(|(at, part)| (at, part.pair)).min_by_key(|(_, pair)| *pair)
}
