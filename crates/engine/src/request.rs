//! What a caller asks of a session, as plain data.

use std::time::Duration;

use bytes::Bytes;
use millstream_wire::Protocol;

use crate::Signing;

/// One answer to ask for.
#[derive(Clone)]
pub struct SessionRequest {
    /// Absolute `http:` or `https:` URL; or `ws:` or `wss:`, which say [`Carrier::WebSocket`] as well.
    pub url: String,
    /// What carries request and answer.
    pub carrier: Carrier,
    /// Header names and values, sent as given; they override the defaults.
    pub headers: Vec<(String, String)>,
    /// What each attempt is signed with. Its `authorization` replaces one among the headers.
    pub sign: Option<Box<Signing>>,
    /// The body, already in the endpoint's shape. Over WebSocket it is one text message.
    pub body: Bytes,
    /// How the endpoint answers.
    pub protocol: Protocol,
    /// Cap on one event, in bytes.
    pub max_event_bytes: usize,
    /// The five clocks.
    pub timeouts: Timeouts,
    /// What to do about failures before the first content.
    pub retry: RetryPolicy,
    /// What to do about a break after it.
    pub resume: ResumeMode,
    /// Whether the text of the first alternative is to be JSON: the session fails at the first character that can't be.
    pub json: bool,
}

/// What carries a request and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Carrier {
    /// A POST and its body.
    #[default]
    Http,
    /// A WebSocket of its own: the request is one text message, and each message that comes back is one line of NDJSON
    /// (under [`Protocol::Text`], a piece of the text). The close frame ends the body.
    WebSocket,
}

/// The five clocks; `None` switches one off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeouts {
    /// Name resolution, TCP and TLS. Default 5 s.
    pub connect: Option<Duration>,
    /// From the request until the first content event, per attempt. Default 120 s.
    pub first_content: Option<Duration>,
    /// Between two reads of the body once its first byte came. Default 30 s.
    pub idle: Option<Duration>,
    /// Between two content events. Default 120 s.
    pub content_idle: Option<Duration>,
    /// The whole session. Default none.
    pub total: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Some(Duration::from_secs(5)),
            first_content: Some(Duration::from_secs(120)),
            idle: Some(Duration::from_secs(30)),
            content_idle: Some(Duration::from_secs(120)),
            total: None,
        }
    }
}

/// How long to wait between attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backoff {
    /// `initial_delay × multiplier^(n-1)`.
    Exponential,
    /// `initial_delay × n`.
    Linear,
}

/// Retries of a failed attempt, before the first content event left the session.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPolicy {
    /// Retries after the first try. Default 3.
    pub max_retries: u32,
    /// Default exponential.
    pub backoff: Backoff,
    /// Default 1 s.
    pub initial_delay: Duration,
    /// Cap on a computed delay. Default 10 s. A `Retry-After` longer than this ends the session with that error, so
    /// that a long wait is surfaced rather than slept through.
    pub max_delay: Duration,
    /// Factor of the exponential back-off. Default 2.
    pub multiplier: f64,
    /// Share of a computed delay that is random, 0 to 1: the wait is drawn from `delay × (1 ± jitter)`. Default 0.
    pub jitter: f64,
    /// Whether `retry-after-ms` and `Retry-After` (seconds or HTTP date) replace the computed delay. Default true.
    pub respect_retry_after: bool,
    /// Cap on the sum of all waits.
    pub max_total_delay: Option<Duration>,
    /// Statuses that are tried again. Default 408, 409, 429, 500, 502, 503, 504, 529.
    pub retryable_status_codes: Vec<u16>,
    /// Whether the exit is asked before each retry.
    pub ask: bool,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_retries: 3,
            backoff: Backoff::Exponential,
            initial_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(10),
            multiplier: 2.0,
            jitter: 0.0,
            respect_retry_after: true,
            max_total_delay: None,
            retryable_status_codes: vec![408, 409, 429, 500, 502, 503, 504, 529],
            ask: false,
        }
    }
}

/// What to do when an answer breaks off after its first content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResumeMode {
    /// Reconnect with `Last-Event-ID` where the server gave ids, else fail with the partial text.
    #[default]
    Auto,
    /// Ask again and skip what was delivered, as long as the new text repeats it; fail where it does not.
    Restart,
    /// Fail.
    None,
}
