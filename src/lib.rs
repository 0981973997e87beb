//! The addon: N-API in and out, batching. No policy: what is decided about a stream is decided in the engine, what a
//! developer types lives in `lib/`. The only Rust in the project that names `napi`.
//!
//! - [`client_socket`]: a client's connection, written to beside Node.
//! - [`estimate`]: an answer's usage, counted where the provider reports none; [`tokens`]: counts for JavaScript.
//! - [`event_stream`]: server-sent events for people with a transport of their own.
//! - [`exit`]: where a session's events go; [`kept`]: what it keeps for those who come later; [`payload`]: events as records.
//! - [`feed`]: answers that JavaScript brings.
//! - [`mailbox`]: from the engine to JavaScript, many events at once; one per environment (main thread, each worker).
//! - [`mock`]: the mock provider, for `millstream/testing` and the command line.
//! - [`partial_json`]: JSON that is still arriving.
//! - [`relay`]: an answer encoded for a client.
//! - [`session`]: from JavaScript to the engine: a flat request becomes a session, and takes commands.
//! - [`runtime`]: the process-wide tokio runtime and engine.
//! - [`log`] reads `MILLSTREAM_LOG`.

mod client_socket;
mod estimate;
mod event_stream;
mod exit;
mod feed;
mod kept;
mod log;
mod mailbox;
mod mock;
mod partial_json;
mod payload;
mod relay;
mod runtime;
mod session;
mod tokens;
