//! Framing: bodies cut into events and lines, and written.
#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests too")]

mod encode;
mod ndjson;
mod sse;
mod support;
