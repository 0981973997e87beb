//! A model provider to talk to: for demonstrations, tests and benchmarks, this project's own and its users'.
//!
//! HTTP/1.1 over plain TCP with a loop of its own, because control over every byte is the point: which bytes go out in
//! which TCP segment, when, and how an answer breaks. One TCP segment per event unless asked otherwise. What always
//! holds here: whatever a client sends, the server neither panics nor keeps more than a bounded part of it; every wait
//! watches for the client's leaving. May import `tokio` and the wire crate's encoders; never the engine, never `napi`.
//!
//! - [`Options`]: what a server is told, read from JSON with messages that name the field.
//! - [`Server`]: starts, records what it was asked, stops.

mod answer;
mod asked;
mod chat;
mod clock;
mod connection;
mod fault;
mod fields;
mod formats;
mod http;
mod journal;
mod options;
mod paths;
mod play;
mod recording;
mod routes;
mod server;
mod text;

pub use fields::OptionError;
pub use options::Options;
pub use server::{Server, StartError};
