//! What the driver asks for, and what it is told.

use serde::{Deserialize, Serialize};

/// How a server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Transport {
    /// HTTP/1.1 over TCP.
    Http,
    /// HTTP/1.1 over TLS.
    Https,
    /// HTTP/2 over TLS, each stream on a connection of its own, as from so many browsers.
    Http2,
}

/// One run.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Job {
    /// `host:port` of each server; they take the streams in turn.
    pub(crate) addresses: Vec<String>,
    pub(crate) transport: Transport,
    /// PEM of the server's certificate, where there is TLS.
    #[serde(default)]
    pub(crate) certificate: Option<String>,
    pub(crate) path: String,
    pub(crate) streams: usize,
    /// Milliseconds over which the streams are opened.
    pub(crate) spread: u64,
    /// Milliseconds after which what is open is given up.
    pub(crate) timeout: u64,
    /// Whether tokens are the times at which the upstream sent them.
    #[serde(default)]
    pub(crate) stamped: bool,
}

/// What came of one stream.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Outcome {
    /// 0 where there was no answer.
    pub(crate) status: u16,
    /// Pieces of text.
    pub(crate) tokens: u64,
    /// Bytes of the body.
    pub(crate) bytes: u64,
    /// SHA-256 of the whole text, in hexadecimal.
    pub(crate) hash: String,
    /// Whether the format's own end was seen, and the body ended well.
    pub(crate) completed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

/// How long tokens were on their way, in microseconds.
#[derive(Debug, Serialize)]
pub(crate) struct Latency {
    pub(crate) count: usize,
    pub(crate) p50: u64,
    pub(crate) p90: u64,
    pub(crate) p99: u64,
    pub(crate) max: u64,
}

/// What came of a job.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) event: &'static str,
    /// Milliseconds from the first connection to the last end.
    pub(crate) elapsed: f64,
    /// Tokens that had come, of all streams, and when: milliseconds since 1970.
    pub(crate) timeline: Vec<(f64, u64)>,
    /// Of stamped tokens.
    pub(crate) latency: Option<Latency>,
    /// In the order of their numbers.
    pub(crate) streams: Vec<Outcome>,
}
