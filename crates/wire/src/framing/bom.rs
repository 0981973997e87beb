//! The UTF-8 byte-order mark at the start of a body, which the UTF-8 decode algorithm drops (WHATWG Encoding §6).
//! Once only: a second mark is text. Imports nothing.

const MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// How much of a leading mark was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeadingMark {
    /// So many bytes of the mark came, and nothing else.
    Reading(u8),
    /// The start of the body is past.
    Past,
}

impl LeadingMark {
    pub(super) const fn new() -> Self {
        Self::Reading(0)
    }

    /// Takes the mark off the start of the body. Returns bytes of an earlier piece that looked like a mark and were
    /// none, which come before the rest, and the rest of this piece.
    #[inline]
    pub(super) fn strip<'a>(&mut self, bytes: &'a [u8]) -> (&'static [u8], &'a [u8]) {
        match *self {
            Self::Past => (&[], bytes),
            Self::Reading(seen) => self.strip_start(seen, bytes),
        }
    }

    #[cold]
    fn strip_start<'a>(&mut self, seen: u8, bytes: &'a [u8]) -> (&'static [u8], &'a [u8]) {
        let wanted = &MARK[usize::from(seen)..];
        let common = wanted.iter().zip(bytes).take_while(|(mark, byte)| mark == byte).count();
        if common == wanted.len() {
            *self = Self::Past;
            return (&[], &bytes[common..]);
        }
        if common == bytes.len() {
            // Fewer than three bytes, all of them of the mark.
            *self = Self::Reading(seen + u8::try_from(common).unwrap_or(0));
            return (&[], &[]);
        }
        *self = Self::Past;
        (&MARK[..usize::from(seen)], bytes)
    }

    /// The body ended: bytes that looked like the start of a mark.
    pub(super) fn end(&mut self) -> &'static [u8] {
        match std::mem::replace(self, Self::Past) {
            Self::Reading(seen) => &MARK[..usize::from(seen)],
            Self::Past => &[],
        }
    }
}
