//! What went wrong, decided once: from the status, the body, the headers, the error object in a stream, the network.

use std::error::Error;
use std::io;
use std::time::Duration;

use millstream_wire::partial_json::JsonError;
use millstream_wire::{DecodeError, ProviderError};
use reqwest::header::HeaderMap;
use reqwest::{StatusCode, Url};

use crate::connect::ConnectTimedOut;
use crate::retry::retry_after;
use crate::{ErrorKind, Phase, Place, StreamError, Timeouts};

/// Headers that carry a provider's id of the request, most telling first.
const REQUEST_ID_HEADERS: [&str; 7] = [
    "x-request-id",
    "request-id",
    "x-amzn-requestid",
    "apim-request-id",
    "x-ms-request-id",
    "x-goog-request-id",
    "nvcf-reqid",
];
/// Longer ids are no ids.
const MAX_REQUEST_ID: usize = 200;

/// The provider's id of a request.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    REQUEST_ID_HEADERS.iter().find_map(|name| {
        let value = headers.get(*name)?.to_str().ok()?.trim();
        (!value.is_empty() && value.len() <= MAX_REQUEST_ID).then(|| value.to_owned())
    })
}

/// One of the clocks ran out.
pub(crate) fn timeout(phase: Phase, limits: &Timeouts) -> StreamError {
    let (limit, code, what) = match phase {
        Phase::Connect => (limits.connect, "CONNECT_TIMEOUT", "no connection"),
        Phase::FirstContent => (limits.first_content, "FIRST_CONTENT_TIMEOUT", "no content came"),
        Phase::Idle => (limits.idle, "IDLE_TIMEOUT", "no bytes came"),
        Phase::ContentIdle => (limits.content_idle, "CONTENT_IDLE_TIMEOUT", "no further content came"),
        Phase::Total => (limits.total, "TOTAL_TIMEOUT", "the answer was not complete"),
    };
    let ms = limit.unwrap_or_default().as_millis();
    let mut error =
        StreamError::new(ErrorKind::Timeout, code, format!("{} timeout: {what} within {ms} ms", phase.as_str()));
    error.phase = Some(phase);
    error.retryable = phase != Phase::Total;
    error
}

/// An answer with an error status.
pub(crate) fn status(
    status: StatusCode,
    headers: &HeaderMap,
    provider: Option<&ProviderError>,
    retryable_codes: &[u16],
) -> StreamError {
    let code = status.as_u16();
    let reason = status.canonical_reason().unwrap_or("unknown status");
    let text = provider.map_or(reason, |error| error.message.as_str());
    let mut error = StreamError::new(kind_of_status(code), "", format!("HTTP {code}: {text}"));
    if let Some(provider) = provider {
        refine(&mut error, provider);
    }
    if let Some(word) = headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok()) {
        // `ThrottlingException:http://…`
        let word = word.split(':').next().unwrap_or_default();
        error.kind = kind_of_word(word).map_or(error.kind, |by_word| weigh(error.kind, by_word));
        if error.code.is_empty() {
            error.code = word.to_owned();
        }
    }
    if error.code.is_empty() {
        error.code = format!("HTTP_{code}");
    }
    error.status = Some(code);
    error.request_id = request_id(headers);
    error.retry_after = retry_after(headers).or(error.retry_after);
    error.retryable = match headers.get("x-should-retry").map(|value| value.as_bytes()) {
        Some(b"true") => true,
        Some(b"false") => false,
        _ => retryable_codes.contains(&code),
    } && !never_retried(&error);
    error
}

/// An error object inside an answer with a success status.
pub(crate) fn in_stream(provider: &ProviderError) -> StreamError {
    let status = provider.status.filter(|status| *status >= 400);
    let message = match status {
        Some(status) => format!("HTTP {status}: {}", provider.message),
        None => provider.message.clone(),
    };
    let mut error = StreamError::new(status.map_or(ErrorKind::Unknown, kind_of_status), "", message);
    refine(&mut error, provider);
    if error.code.is_empty() {
        error.code = "STREAM_ERROR".to_owned();
    }
    error.status = status;
    error.retryable = matches!(
        error.kind,
        ErrorKind::Timeout | ErrorKind::Connection | ErrorKind::RateLimit | ErrorKind::Overloaded | ErrorKind::Server
    ) && !never_retried(&error);
    error
}

/// Money that isn't there doesn't come by asking again.
fn never_retried(error: &StreamError) -> bool {
    error.kind == ErrorKind::ContentPolicy
        || matches!(error.code.as_str(), "insufficient_quota" | "billing_hard_limit_reached" | "billing_not_active")
}

fn kind_of_status(status: u16) -> ErrorKind {
    match status {
        401 | 403 => ErrorKind::Auth,
        408 | 504 => ErrorKind::Timeout,
        429 => ErrorKind::RateLimit,
        529 => ErrorKind::Overloaded,
        400..=499 => ErrorKind::InvalidRequest,
        500..=599 => ErrorKind::Server,
        _ => ErrorKind::Unknown,
    }
}

/// Takes over the provider's words where they say more than the status.
fn refine(error: &mut StreamError, provider: &ProviderError) {
    // A number repeats the status, or is of use only with the vendor's manual.
    let is_number = |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit());
    let words = || [&provider.code, &provider.kind].into_iter().flatten().map(String::as_str);
    let telling = words().find(|word| !is_number(word));
    let number = words().find(|word| provider.status.is_none_or(|status| **word != *status.to_string()));
    error.code = telling.or(number).unwrap_or_default().to_owned();
    error.retry_after = provider.retry_after_ms.map(Duration::from_millis);
    if let Some(by_word) = words().find_map(kind_of_word) {
        error.kind = weigh(error.kind, by_word);
    }
}

/// The kind, where status and body each say one. The status is what intermediaries and SDKs go by; the body counts
/// where it is the more special of the two.
fn weigh(by_status: ErrorKind, by_word: ErrorKind) -> ErrorKind {
    use ErrorKind::{Auth, ContentPolicy, InvalidRequest, Overloaded, RateLimit, Server, Timeout, Unknown};
    match (by_status, by_word) {
        (Unknown, _)
        | (Server, Overloaded | RateLimit | ContentPolicy | Timeout)
        | (InvalidRequest, ContentPolicy | RateLimit | Overloaded | Auth) => by_word,
        _ => by_status,
    }
}

/// The kinds behind the types and codes that providers use.
fn kind_of_word(word: &str) -> Option<ErrorKind> {
    Some(match word {
        // Amazon's, whose services don't agree on how a name begins.
        word if word.ends_with("Exception") => return kind_of_exception(word),
        "ModelStreamError" | "InternalStreamFailure" | "InternalFailure" | "ModelError" => ErrorKind::Server,
        "ServiceUnavailable" => ErrorKind::Overloaded,
        "ValidationError" => ErrorKind::InvalidRequest,
        "overloaded_error"
        | "overloaded"
        | "server_overloaded"
        | "engine_overloaded"
        | "slow_down"
        | "UNAVAILABLE"
        | "capacity_exceeded"
        | "engine_overloaded_error" => ErrorKind::Overloaded,
        "rate_limit_error"
        | "rate_limit_exceeded"
        | "rate_limit"
        | "too_many_requests"
        | "insufficient_quota"
        | "RESOURCE_EXHAUSTED"
        | "tokens"
        | "requests"
        | "RateLimitReached" => ErrorKind::RateLimit,
        "authentication_error"
        | "permission_error"
        | "invalid_api_key"
        | "API_KEY_INVALID"
        | "invalid_authentication"
        | "UNAUTHENTICATED"
        | "PERMISSION_DENIED"
        | "billing_error"
        | "unauthorized" => ErrorKind::Auth,
        "content_filter"
        | "content_policy_violation"
        | "content_policy"
        | "content_policy_error"
        | "ResponsibleAIPolicyViolation"
        | "moderation_blocked" => ErrorKind::ContentPolicy,
        "invalid_request_error"
        | "context_length_exceeded"
        | "invalid_request"
        | "not_found_error"
        | "model_not_found"
        | "request_too_large"
        | "invalid_prompt"
        | "string_above_max_length"
        | "INVALID_ARGUMENT"
        | "NOT_FOUND"
        | "FAILED_PRECONDITION" => ErrorKind::InvalidRequest,
        "timeout_error" | "timeout" | "DEADLINE_EXCEEDED" => ErrorKind::Timeout,
        "api_error" | "server_error" | "internal_error" | "internal_server_error" | "INTERNAL" => ErrorKind::Server,
        // Our own names, from a route that hands on what happened to its own request.
        "auth_error" => ErrorKind::Auth,
        "connection_error" => ErrorKind::Connection,
        "protocol_error" => ErrorKind::Protocol,
        "truncated_error" => ErrorKind::Truncated,
        _ => return None,
    })
}

/// The exceptions of Bedrock, SageMaker and what stands before every service of Amazon's (their API models; "Common errors").
fn kind_of_exception(word: &str) -> Option<ErrorKind> {
    let name = word.strip_suffix("Exception").unwrap_or(word).to_ascii_lowercase();
    Some(match name.as_str() {
        "throttling" | "servicequotaexceeded" | "limitexceeded" | "toomanyrequests" => ErrorKind::RateLimit,
        "serviceunavailable" | "modelnotready" => ErrorKind::Overloaded,
        "modeltimeout" => ErrorKind::Timeout,
        "internalserver" | "modelstreamerror" | "modelerror" | "internaldependency" => ErrorKind::Server,
        "accessdenied"
        | "unrecognizedclient"
        | "expiredtoken"
        | "invalidsignature"
        | "incompletesignature"
        | "missingauthenticationtoken"
        | "optinrequired" => ErrorKind::Auth,
        "validation" | "resourcenotfound" | "conflict" | "unknownoperation" => ErrorKind::InvalidRequest,
        _ => return None,
    })
}

/// Bytes that aren't what the protocol promises.
pub(crate) fn decode(error: &DecodeError) -> StreamError {
    let code = match error {
        DecodeError::EventTooLarge { .. } => "EVENT_TOO_LARGE",
        DecodeError::NotAStream { .. } => "NOT_A_STREAM",
        DecodeError::WrongProtocol { .. } => "WRONG_PROTOCOL",
        _ => "MALFORMED_FRAME",
    };
    StreamError::new(ErrorKind::Protocol, code, error.to_string())
}

/// Text that can't become the JSON that was asked for. Asking again may help, which is for the caller to decide: content
/// was delivered.
pub(crate) fn not_json(error: JsonError) -> StreamError {
    let mut failure = StreamError::new(ErrorKind::Protocol, "INVALID_JSON", format!("expected JSON: {error}"));
    failure.place = Some(Place::Offset(error.offset));
    failure
}

/// The body ended cleanly, but not the answer.
pub(crate) fn truncated(bytes: u64) -> StreamError {
    let mut error = StreamError::new(
        ErrorKind::Truncated,
        "UNEXPECTED_END",
        format!("the stream ended after {bytes} bytes without the format's terminal marker"),
    );
    error.retryable = true;
    error
}

/// No answer came, or its body broke off. `url` gives the host for the message.
pub(crate) fn network(error: &(dyn Error + 'static), url: &Url, connect: Option<Duration>) -> StreamError {
    let host = url.host_str().unwrap_or("the endpoint");
    let mut found = None;
    for cause in causes(error) {
        if cause.is::<ConnectTimedOut>() {
            let limits = Timeouts { connect, ..Timeouts::default() };
            return timeout(Phase::Connect, &limits);
        }
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            found = Some(of_tls(tls));
        } else if let Some(known) = cause.downcast_ref::<io::Error>().and_then(of_io) {
            found = Some(known);
        }
    }
    let (code, what, retryable) = found.unwrap_or_else(|| of_text(error));
    let mut failure =
        StreamError::new(ErrorKind::Connection, code.clone(), format!("fetch failed: {what} ({host}, {code})"));
    failure.retryable = retryable;
    failure
}

/// An error and what is behind it. An `io::Error` steps over the error it wraps when asked for its source.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&cause: &&'a (dyn Error + 'static)| {
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|wrapped| wrapped as &(dyn Error + 'static)).or_else(|| cause.source())
    })
}

type Found = (String, String, bool);

fn found(code: &str, what: &str) -> Found {
    (code.to_owned(), what.to_owned(), true)
}

fn of_io(error: &io::Error) -> Option<Found> {
    Some(match error.kind() {
        io::ErrorKind::ConnectionRefused => found("ECONNREFUSED", "connection refused"),
        io::ErrorKind::ConnectionReset => found("ECONNRESET", "connection reset by peer"),
        io::ErrorKind::ConnectionAborted => found("ECONNABORTED", "connection aborted"),
        io::ErrorKind::BrokenPipe => found("EPIPE", "broken pipe"),
        io::ErrorKind::TimedOut => found("ETIMEDOUT", "the network gave no answer"),
        io::ErrorKind::HostUnreachable => found("EHOSTUNREACH", "host unreachable"),
        io::ErrorKind::NetworkUnreachable => found("ENETUNREACH", "network unreachable"),
        io::ErrorKind::AddrNotAvailable => found("EADDRNOTAVAIL", "address not available"),
        io::ErrorKind::UnexpectedEof => found("ECONNRESET", "connection closed by peer"),
        _ if error.to_string().contains("failed to lookup address") => found("ENOTFOUND", "host name not found"),
        _ => return None,
    })
}

fn of_tls(error: &rustls::Error) -> Found {
    let code = match error {
        rustls::Error::InvalidCertificate(reason) => match reason {
            rustls::CertificateError::Expired | rustls::CertificateError::ExpiredContext { .. } => "CERT_HAS_EXPIRED",
            rustls::CertificateError::NotValidForName | rustls::CertificateError::NotValidForNameContext { .. } => {
                "CERT_NAME_MISMATCH"
            }
            rustls::CertificateError::UnknownIssuer => "CERT_UNKNOWN_ISSUER",
            rustls::CertificateError::Revoked => "CERT_REVOKED",
            _ => "CERT_INVALID",
        },
        _ => "TLS_ERROR",
    };
    // A bad certificate is as bad the next time.
    let retryable = !matches!(error, rustls::Error::InvalidCertificate(_));
    (code.to_owned(), format!("TLS: {error}"), retryable)
}

/// Causes that come as no type of their own; the texts are those of `hyper` and `hyper-util`.
fn of_text(error: &(dyn Error + 'static)) -> Found {
    let cause = root_cause(error);
    if cause.contains("dns error") || cause.contains("failed to lookup") {
        found("ENOTFOUND", "host name not found")
    } else if cause.contains("closed") || cause.contains("end of file") || cause.contains("canceled") {
        found("ECONNRESET", "connection closed by peer")
    } else if cause.contains("tunnel") || cause.contains("proxy") {
        found("PROXY_ERROR", "the proxy refused the connection")
    } else if error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_connect) {
        found("CONNECT_FAILED", &format!("can't connect: {cause}"))
    } else {
        found("NETWORK_ERROR", &format!("the connection failed: {cause}"))
    }
}

/// The innermost message of an error, which names no URL.
pub(crate) fn root_cause(error: &(dyn Error + 'static)) -> String {
    let cause = causes(error).last().unwrap_or(error);
    match cause.downcast_ref::<reqwest::Error>() {
        // Printing it would print the URL.
        Some(_) => "the connection failed".to_owned(),
        None => cause.to_string(),
    }
}
