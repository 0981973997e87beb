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

    /// The kind of a name in the public API; [`ErrorKind::Unknown`] for names that no failure of a session has.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        use ErrorKind::{
            Aborted, Auth, Connection, ContentPolicy, InvalidRequest, Overloaded, Protocol, RateLimit, Server, Timeout,
            Truncated, Unknown,
        };
        let named = [
            Timeout,
            Connection,
            RateLimit,
            Auth,
            InvalidRequest,
            Overloaded,
            Server,
            Protocol,
            Truncated,
            ContentPolicy,
            Aborted,
        ];
        named.into_iter().find(|kind| kind.as_str() == name).unwrap_or(Unknown)
    }

    /// Whether the same request may succeed later or with a retry, so that a caller does well to offer one.
    #[must_use]
    pub fn recoverable(self) -> bool {
        match self {
            Self::Timeout
            | Self::Connection
            | Self::RateLimit
            | Self::Overloaded
            | Self::Server
            | Self::Protocol
            | Self::Truncated => true,
            Self::Auth | Self::InvalidRequest | Self::ContentPolicy | Self::Aborted | Self::Unknown => false,
        }
    }

    /// What a person can do about it; never empty.
    #[must_use]
    pub fn suggestion(self) -> &'static str {
        match self {
            Self::Timeout => "The endpoint was too slow. Try again, or raise the timeout named in `phase`.",
            Self::Connection => {
                "The endpoint can't be reached. Check the URL, the network and any proxy, then try again."
            }
            Self::RateLimit => "Too many requests, or the quota is used up. Wait for `retryAfter`, or check the plan.",
            Self::Auth => "The key was refused. Check that it is set, valid, and allowed to use this model.",
            Self::InvalidRequest => {
                "The request can't succeed as it is. Check the model's name, the messages and their length."
            }
            Self::Overloaded => "The provider is overloaded. Wait a little and try again, or use another model.",
            Self::Server => "The provider failed. Try again; if it stays so, look at the provider's status page.",
            Self::Protocol => "The endpoint answered with something that is no stream. Check its URL and `protocol`.",
            Self::Truncated => "The answer was cut off. What came is in `partialText`; try again for the whole.",
            Self::ContentPolicy => "The provider's content policy refused. Rephrase the request.",
            Self::Aborted => "The stream was stopped by the caller. Nothing needs to be done.",
            Self::Unknown => "The cause is not known. The message holds what the provider said.",
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

    /// The clock of a name in the public API.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let all = [Self::Connect, Self::FirstContent, Self::Idle, Self::ContentIdle, Self::Total];
        all.into_iter().find(|phase| phase.as_str() == name)
    }
}

/// Where something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Of text that is to be JSON: how many UTF-16 units lie before it.
    Offset(u64),
    /// Of a request that was not sent: the member, e.g. `topK`. Boxed, since errors are passed about by value.
    Field(Box<String>),
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
    /// Whether asking again can help, by kind, status and the server's `x-should-retry`. Says nothing about whether the
    /// engine did: content may have been delivered, or the retries used up.
    pub retryable: bool,
    /// How long the server asked to wait.
    pub retry_after: Option<Duration>,
    /// The provider's id of the failed request, from its headers.
    pub request_id: Option<String>,
    /// What in particular is wrong, where that can be told.
    pub place: Option<Place>,
}

impl StreamError {
    /// A failure of the first attempt that asking again doesn't help; the rest is filled in where it is known.
    #[must_use]
    pub fn new(kind: ErrorKind, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind,
            code: code.into(),
            message: message.into(),
            status: None,
            phase: None,
            attempt: 1,
            retryable: false,
            retry_after: None,
            request_id: None,
            place: None,
        }
    }

    /// The JSON object that crosses into JavaScript: `type`, `code`, `message`, `attempt`, `retryable`, `recoverable`,
    /// `suggestion`, and where known `status`, `phase`, `retryAfter` (milliseconds), `requestId` and `offset`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut object = serde_json::json!({
            "type": self.kind.as_str(),
            "code": self.code,
            "message": self.message,
            "attempt": self.attempt,
            "retryable": self.retryable,
            "recoverable": self.kind.recoverable(),
            "suggestion": self.kind.suggestion(),
        });
        if let Some(fields) = object.as_object_mut() {
            if let Some(status) = self.status {
                fields.insert("status".to_owned(), status.into());
            }
            if let Some(phase) = self.phase {
                fields.insert("phase".to_owned(), phase.as_str().into());
            }
            if let Some(wait) = self.retry_after {
                fields.insert("retryAfter".to_owned(), u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).into());
            }
            if let Some(id) = &self.request_id {
                fields.insert("requestId".to_owned(), id.as_str().into());
            }
            match &self.place {
                Some(Place::Offset(offset)) => fields.insert("offset".to_owned(), (*offset).into()),
                Some(Place::Field(field)) => fields.insert("field".to_owned(), field.as_str().into()),
                None => None,
            };
        }
        object.to_string()
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StreamError {}
