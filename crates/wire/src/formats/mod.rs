//! The shapes a web application answers in, millstream's own first, read back.
//!
//! What always holds: the laws of [`Event`](crate::Event), for any payload; a frame of a format that this version does
//! not know the type of comes out as metadata and harms nothing. Imports what [`providers`](crate::providers) share.

mod answer;
pub mod chunk;
pub mod content;
pub mod events;
pub(crate) mod text;
pub mod ui_message;
pub(crate) mod whole;
mod whole_answers;
