//! The addon: N-API in and out, batching. No policy: what is decided about a stream is decided in the engine, what a
//! developer types lives in `lib/`. The only Rust in the project that names `napi`.
//!
//! - [`event_stream`]: server-sent events for people with a transport of their own.
//! - [`mailbox`]: from the engine to JavaScript, many events at once; one per environment (main thread, each worker).
//! - [`mock`]: the mock provider, for `millstream/testing` and the command line.
//! - [`session`]: from JavaScript to the engine: a flat request becomes a session whose exit is the mailbox.
//! - [`runtime`]: the process-wide tokio runtime and engine.
//! - [`log`] reads `MILLSTREAM_LOG`.

mod event_stream;
mod log;
mod mailbox;
mod mock;
mod runtime;
mod session;
