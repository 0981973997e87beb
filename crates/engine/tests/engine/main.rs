//! The engine against servers that misbehave on purpose, over real sockets on the loopback.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod cancelling;
mod certs;
mod enduring;
mod error_answers;
mod failing;
mod json;
mod resuming;
mod retrying;
mod secure;
mod signing;
mod support;
mod timeouts;
mod transport;
mod websocket;
