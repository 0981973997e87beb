//! An encoding's tokens: their bytes, which two shorter tokens each was merged of, and a table to find them by.
//!
//! What always holds: a token's number is its rank, the lower the earlier it is merged; the first 256 are the single bytes;
//! whatever bytes a table is read from, reading never panics and takes no more memory than a small multiple of them.

/// The first bytes of a table's file.
const MAGIC: &[u8; 8] = b"msbpe\x00\x01\n";
/// Longer tokens are refused: no encoding has any, and counting looks back that far.
pub(crate) const MAX_TOKEN: usize = 128;
/// A number's place in a slot of the index; the rest of the 32 bits is part of the hash.
const NUMBER_BITS: u32 = 18;
const NUMBER_MASK: u32 = (1 << NUMBER_BITS) - 1;
const FREE: u32 = u32::MAX;

/// Why bytes are no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed token table: {0}")]
pub struct TableError(&'static str);

/// The tokens of an encoding. Some megabytes; meant to be shared.
pub struct Table {
    bytes: Vec<u8>,
    /// Where each token begins in `bytes`, and one more.
    starts: Vec<u32>,
    /// How long the first of the two tokens is that each was merged of; 0 for single bytes.
    firsts: Vec<u8>,
    /// Open addressing: a token's number, and above it some of the bits of its hash.
    index: Vec<u32>,
    /// By two bytes, the number of the token that they are, [`FREE`] where they are none: most of all look-ups are of two.
    pairs: Vec<u32>,
    /// The length of the longest token that ends with a byte.
    longest: [u8; 256],
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("tokens", &self.len()).finish_non_exhaustive()
    }
}

impl Table {
    /// Reads the first `tokens` tokens of a table's file: the magic number; the number of tokens, 32 bits; the single
    /// bytes by rank; then, for all other tokens by rank, the ranks of the two they are merged of, 24 bits each, as six
    /// planes: all lowest bytes of the first ones, all middle bytes, … Numbers are little-endian.
    ///
    /// # Errors
    /// [`TableError`] where it is none, or has fewer tokens.
    pub fn read(file: &[u8], tokens: usize) -> Result<Self, TableError> {
        let rest = file.strip_prefix(MAGIC).ok_or(TableError("it does not begin like one"))?;
        let (count, rest) = rest.split_first_chunk::<4>().ok_or(TableError("it is cut short"))?;
        let (singles, planes) = rest.split_first_chunk::<256>().ok_or(TableError("it is cut short"))?;
        let merges = (u32::from_le_bytes(*count) as usize)
            .checked_sub(256)
            .filter(|merges| merges.checked_mul(6) == Some(planes.len()))
            .ok_or(TableError("its length is not that of its tokens"))?;
        let wanted = tokens
            .checked_sub(256)
            .filter(|wanted| *wanted <= merges && tokens < NUMBER_MASK as usize)
            .ok_or(TableError("it has not as many tokens as were asked for"))?;
        let plane = |number: usize, at: usize| planes.get(number * merges + at).copied().map_or(0, u32::from);
        let mut table = Self {
            bytes: singles.to_vec(),
            starts: (0..=256).collect(),
            firsts: vec![0; 256],
            index: vec![FREE; (tokens * 2).next_power_of_two()],
            pairs: vec![FREE; 1 << 16],
            longest: [1; 256],
        };
        for number in 0..256 {
            table.enter(number)?;
        }
        for at in 0..wanted {
            let first = plane(0, at) | plane(1, at) << 8 | plane(2, at) << 16;
            let second = plane(3, at) | plane(4, at) << 8 | plane(5, at) << 16;
            table.merge(first, second)?;
        }
        Ok(table)
    }

    fn merge(&mut self, first: u32, second: u32) -> Result<(), TableError> {
        let number = self.len() as u32;
        if first >= number || second >= number {
            return Err(TableError("a token is merged of later ones"));
        }
        let (first, second) = (self.range(first), self.range(second));
        let length = first.len() + second.len();
        if length > MAX_TOKEN {
            return Err(TableError("a token is too long"));
        }
        self.firsts.push(first.len() as u8);
        self.bytes.extend_from_within(first);
        self.bytes.extend_from_within(second);
        self.starts.push(self.bytes.len() as u32);
        if let Some(longest) = self.bytes.last().and_then(|last| self.longest.get_mut(usize::from(*last))) {
            *longest = (*longest).max(length as u8);
        }
        self.enter(number)
    }

    /// Puts a token into the index.
    fn enter(&mut self, number: u32) -> Result<(), TableError> {
        let range = self.range(number);
        let token = self.bytes.get(range).unwrap_or_default();
        if let [first, second] = *token
            && let Some(pair) = self.pairs.get_mut(pair_of(first, second))
        {
            *pair = number;
        }
        let hash = hash(token);
        if self.find_hashed(token, hash).is_some() {
            return Err(TableError("a token is there twice"));
        }
        let mask = self.index.len() - 1;
        let mut slot = hash as usize & mask;
        while let Some(taken) = self.index.get(slot)
            && *taken != FREE
        {
            slot = (slot + 1) & mask;
        }
        if let Some(free) = self.index.get_mut(slot) {
            *free = tag(hash) | number;
        }
        Ok(())
    }

    /// How many tokens there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.firsts.len()
    }

    /// Never: the single bytes are always there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.firsts.is_empty()
    }

    /// About how much memory it takes, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.bytes.capacity()
            + self.firsts.capacity()
            + 4 * (self.starts.capacity() + self.index.capacity() + self.pairs.capacity())
    }

    /// The number of the token with these bytes.
    pub(crate) fn find(&self, token: &[u8]) -> Option<u32> {
        match *token {
            [first, second] => self.pairs.get(pair_of(first, second)).copied().filter(|number| *number != FREE),
            _ if token.len() > MAX_TOKEN => None,
            _ => self.find_hashed(token, hash(token)),
        }
    }

    fn find_hashed(&self, token: &[u8], hash: u64) -> Option<u32> {
        let (mask, tag) = (self.index.len() - 1, tag(hash));
        let mut slot = hash as usize & mask;
        // At least half of the slots are free.
        loop {
            let entry = *self.index.get(slot)?;
            if entry == FREE {
                return None;
            }
            let number = entry & NUMBER_MASK;
            if entry & !NUMBER_MASK == tag && self.token(number) == token {
                return Some(number);
            }
            slot = (slot + 1) & mask;
        }
    }

    pub(crate) fn token(&self, number: u32) -> &[u8] {
        self.bytes.get(self.range(number)).unwrap_or_default()
    }

    /// The two tokens that a token was merged of; `None` of single bytes.
    pub(crate) fn parts(&self, number: u32) -> Option<(u32, u32)> {
        let first = usize::from(*self.firsts.get(number as usize)?);
        let (first, second) = self.token(number).split_at_checked(first).filter(|_| first > 0)?;
        Some((self.find(first)?, self.find(second)?))
    }

    /// The token that two tokens are merged into.
    pub(crate) fn merged(&self, first: u32, second: u32) -> Option<u32> {
        let (first, second) = (self.token(first), self.token(second));
        let length = first.len() + second.len();
        let mut both = [0; MAX_TOKEN];
        let both = both.get_mut(..length)?;
        let (head, tail) = both.split_at_mut_checked(first.len())?;
        head.copy_from_slice(first);
        tail.copy_from_slice(second);
        let number = self.find(both)?;
        (usize::from(*self.firsts.get(number as usize)?) == first.len()).then_some(number)
    }

    /// The length of the longest token that ends with `byte`.
    pub(crate) fn longest_ending(&self, byte: u8) -> usize {
        self.longest.get(usize::from(byte)).copied().map_or(1, usize::from)
    }

    fn range(&self, number: u32) -> std::ops::Range<usize> {
        let at = number as usize;
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(start), Some(end)) => *start as usize..*end as usize,
            _ => 0..0,
        }
    }
}

fn pair_of(first: u8, second: u8) -> usize {
    usize::from(first) << 8 | usize::from(second)
}

/// The upper bits of a slot.
fn tag(hash: u64) -> u32 {
    ((hash >> 32) as u32) & !NUMBER_MASK
}

/// Of short texts that nobody chooses to collide: eight bytes a round.
fn hash(token: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut hash = token.len() as u64;
    let (words, rest) = token.as_chunks::<8>();
    for word in words {
        hash = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(FACTOR);
        hash ^= hash >> 29;
    }
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    hash = (hash ^ u64::from_le_bytes(last)).wrapping_mul(FACTOR);
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(FACTOR);
    hash ^ (hash >> 29)
}
