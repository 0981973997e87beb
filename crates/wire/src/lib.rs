//! Bytes from a model provider become [`Event`]s, and events become bytes for a client.
//!
//! What always holds here: no I/O, no clock, no async, no threads. Input goes in, events come out, so that every
//! recorded stream can be replayed at every split, and fuzzed. Bytes from outside never panic, never grow memory
//! without bound and never take more than linear time. May import neither `tokio` nor `reqwest` nor `napi`.
//!
//! - [`framing`]: server-sent events and newline-delimited JSON, in and out.
//! - [`providers`]: one decoder per wire format of a model provider.
//! - [`formats`]: millstream's own outputs and the other shapes a web application answers in, read back.
//! - [`Decoder`]: the one to use: protocol in, events out.
//! - [`partial_json`]: JSON text that is still arriving.
//! - [`encode`]: the way back: events in, any of these formats out.

mod decoder;
mod detect;
pub mod encode;
mod error;
mod event;
pub mod formats;
mod frame;
pub mod framing;
mod json;
pub mod partial_json;
mod protocol;
pub mod providers;
mod reader;
pub mod request;

pub use decoder::{Completion, Decoder, DecoderOptions};
pub use error::DecodeError;
pub use event::{Event, FinishReason, ProviderError, RawJson, ToolCall, ToolResult, Usage};
pub use protocol::Protocol;
