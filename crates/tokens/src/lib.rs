//! Token counts in OpenAI's encodings: exact, of whole texts and of texts that grow piece by piece.
//!
//! A text is cut into pieces by the encoding's pattern ([`split`]), and each piece is merged by byte pairs as the
//! encoding's table says ([`table`], [`merge`]). What always holds: the count of a text is that of the encoding's
//! reference, whatever pieces the text came in; markers such as `<|endoftext|>` are text like any other; time is linear
//! in the text, but for a logarithm in the length of one piece.
//!
//! No I/O: tables come as bytes. Imports nothing of the project.

mod class;
mod counter;
mod long;
mod merge;
mod split;
mod table;

pub use counter::Counter;
pub use split::{MAX_PIECE, Pattern};
pub use table::{Table, TableError};

/// An encoding: a table, how much of it counts, and the pattern that cuts texts into pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodingName {
    /// As OpenAI calls it.
    pub name: &'static str,
    /// The name of the table it reads.
    pub table: &'static str,
    /// How many of the table's tokens it has.
    pub tokens: usize,
    /// How it cuts texts.
    pub pattern: Pattern,
}

/// The encodings, newest first. Names, sizes and patterns are those of OpenAI's `tiktoken`; `o200k_harmony` differs from
/// `o200k_base` in its markers alone, and `r50k_base` is what `p50k_base` was before it got its runs of spaces.
pub const ENCODINGS: [EncodingName; 5] = [
    EncodingName { name: "o200k_base", table: "o200k_base", tokens: 199_998, pattern: Pattern::O200k },
    EncodingName { name: "o200k_harmony", table: "o200k_base", tokens: 199_998, pattern: Pattern::O200k },
    EncodingName { name: "cl100k_base", table: "cl100k_base", tokens: 100_256, pattern: Pattern::Cl100k },
    EncodingName { name: "p50k_base", table: "p50k_base", tokens: 50_280, pattern: Pattern::R50k },
    EncodingName { name: "r50k_base", table: "p50k_base", tokens: 50_256, pattern: Pattern::R50k },
];

/// The encoding of a name.
#[must_use]
pub fn encoding(name: &str) -> Option<EncodingName> {
    ENCODINGS.into_iter().find(|encoding| encoding.name == name)
}
