//! The engine against servers that misbehave on purpose, over real sockets on the loopback.

mod cancelling;
mod support;
mod transport;
