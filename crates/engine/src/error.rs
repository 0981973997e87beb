//! The one error of the engine: decided once, where the failure is known, and carried as data from there on.

use std::fmt;
use std::time::Duration;

/// What kind of failure it was. The names are those of `StreamError.type` in the public API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// One of the five clocks ran out, or the server answered 408 or 504.
    Timeout,
    /// Refused, reset, DNS, TLS, a body cut off mid-transfer.
    Connection,
    /// 429, or the provider's own word for it.
    RateLimit,
    /// 401, 403.
    Auth,
    /// 400, 404, 413, 422 and their like: the same request fails again.
    InvalidRequest,
    /// 529, 503 with an overload error, `overloaded_error` in a stream.
    Overloaded,
    /// Any other 5xx.
    Server,
    /// The answer is not what the protocol promises.
    Protocol,
    /// The body ended before the format's terminal marker.
    Truncated,
    /// The provider's content filter refused.
    ContentPolicy,
    /// Cancelled by the caller.
    Aborted,
    /// None of the above.
    Unknown,
}

impl ErrorKind {
    /// The name in the public API, e.g. `rate_limit_error`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout_error",
            Self::Connection => "connection_error",
            Self::RateLimit => "rate_limit_error",
            Self::Auth => "auth_error",
            Self::InvalidRequest => "invalid_request_error",
            Self::Overloaded => "overloaded_error",
            Self::Server => "server_error",
            Self::Protocol => "protocol_error",
            Self::Truncated => "truncated_error",
            Self::ContentPolicy => "content_policy_error",
            Self::Aborted => "aborted_error",
            Self::Unknown => "unknown_error",
        }
    }
}

/// Which clock ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Name resolution, TCP and TLS.
    Connect,
    /// From the request until the first content event of an attempt.
    FirstContent,
    /// Between two reads of the body, any bytes.
    Idle,
    /// Between two content events; comments, pings and empty events don't count.
    ContentIdle,
    /// The whole session, retries and waits included.
    Total,
}

impl Phase {
    /// The name in the public API, which is also the option that sets the clock.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::FirstContent => "firstContent",
            Self::Idle => "idle",
            Self::ContentIdle => "contentIdle",
            Self::Total => "total",
        }
    }
}

/// A failed session. No key, no prompt and no header value ever stands in one.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamError {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// Short machine-readable reason: the provider's code where it gave one (`insufficient_quota`), else the engine's
    /// own (`ECONNREFUSED`, `IDLE_TIMEOUT`, `EVENT_TOO_LARGE`, …).
    pub code: String,
    /// For people. Begins `HTTP 429: …` where a status is known, `fetch failed: …` for network failures.
    pub message: String,
    /// HTTP status, where an answer with an error status came.
    pub status: Option<u16>,
    /// Which clock, for [`ErrorKind::Timeout`].
    pub phase: Option<Phase>,
    /// Which attempt failed, counted from 1.
    pub attempt: u32,
    /// Whether the engine may ask again by itself (kind, status and the server's `x-should-retry`).
    pub retryable: bool,
    /// How long the server asked to wait.
    pub retry_after: Option<Duration>,
    /// The provider's id of the failed request, from its headers.
    pub request_id: Option<String>,
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StreamError {}
