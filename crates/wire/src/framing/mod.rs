//! Framing: how a body is cut into events, before anybody asks what they mean.

pub mod encode;
pub mod ndjson;
pub mod sse;
