//! What a provider says went wrong: in the body of an answer with an error status, or in an object inside a stream.
//!
//! What always holds: nothing here fails; a body without a message in it gives `None`; a message is never longer than
//! [`MAX_MESSAGE_BYTES`]. Imports the crate's vocabulary.

use crate::ProviderError;
use crate::json::Raw;

/// A message beyond this is cut: it is for people, and may quote what was sent.
pub const MAX_MESSAGE_BYTES: usize = 2048;

/// How deep a message is looked for. Gateways wrap the error of another provider in their own, seldom twice.
const MAX_WRAPPING: u32 = 4;

/// Reads the body of an answer with an error status.
///
/// `status` becomes [`ProviderError::status`] where the body gives none of its own. `content_type` matters only for
/// plain text, which is taken as the message where it says it is that. A JSON body is read whatever its content type:
/// providers send errors as `text/event-stream` and `application/octet-stream` too.
#[must_use]
pub fn parse_error_body(status: u16, content_type: Option<&str>, body: &[u8]) -> Option<ProviderError> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    let mut error = match Raw::first(text) {
        Some((raw, _)) if raw.is_object() || raw.is_array() => read(raw),
        _ => from_event_stream(text).or_else(|| plain_text(content_type, text)),
    }?;
    error.status = error.status.or(Some(status));
    Some(error)
}

/// An error in an event stream: the first `data` line that holds one.
fn from_event_stream(text: &str) -> Option<ProviderError> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
    data.filter_map(Raw::parse).find_map(read)
}

fn plain_text(content_type: Option<&str>, text: &str) -> Option<ProviderError> {
    let plain = content_type.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/plain"));
    let printable = !text.starts_with('<') && !text.contains(['\u{fffd}', '\0']);
    (plain && printable && !text.is_empty()).then(|| ProviderError { message: cut(text), ..ProviderError::default() })
}

/// Reads an error object, of any shape met so far: `{error: {…}}`, `{error: "…"}`, `{message, code}`, `{detail}`,
/// `{errors: […]}`, SageMaker's `{Message, ErrorCode}`, an array of one of them. `None` where it holds no message.
pub(crate) fn read(raw: Raw<'_>) -> Option<ProviderError> {
    read_wrapped(raw, 0)
}

/// Reads what stands in a field that is an error by its name. There always is one then, whatever it says.
pub(crate) fn read_error_field(raw: Raw<'_>) -> ProviderError {
    let read = match raw.as_filled_str() {
        Some(message) => Some(ProviderError { message: cut(&message), ..ProviderError::default() }),
        None => read(raw),
    };
    read.unwrap_or_else(|| {
        let mut error = ProviderError::default();
        details(raw, &mut error);
        let named = error.kind.clone().or_else(|| error.code.clone());
        error.message = named.unwrap_or_else(|| "the provider reported an error without a message".to_owned());
        error
    })
}

fn read_wrapped(raw: Raw<'_>, depth: u32) -> Option<ProviderError> {
    if depth > MAX_WRAPPING {
        return None;
    }
    if raw.is_array() {
        return raw.items().find_map(|item| read_wrapped(item, depth + 1));
    }
    let mut error =
        ["error", "errors", "detail", "message", "error_message", "errorText", "Message", "reason", "msg", "title"]
            .iter()
            .find_map(|name| {
                let value = raw.some(name)?;
                match value.as_filled_str() {
                    Some(message) => Some(ProviderError { message: cut(&message), ..ProviderError::default() }),
                    None => read_wrapped(value, depth + 1),
                }
            })?;
    details(raw, &mut error);
    Some(error)
}

/// Fills in what stands beside a message; what was found further inside stays.
fn details(raw: Raw<'_>, error: &mut ProviderError) {
    let text = |name: &str| raw.some(name).and_then(Raw::as_text).filter(|text| !text.is_empty());
    let own = |text: std::borrow::Cow<'_, str>| cut(&text);
    // An envelope's `type` says that it is an error, not which.
    let kind = text("type").filter(|kind| kind != "error").or_else(|| text("error_type")).or_else(|| text("errorType"));
    // Google's `status` is a name, others' a number.
    let kind = kind.or_else(|| raw.some("status").filter(|status| status.is_string()).and_then(Raw::as_filled_str));
    error.kind = error.kind.take().or_else(|| kind.map(own));
    // Of Google's details, `ErrorInfo` has a reason that says more than the status beside it.
    let reason = || raw.some("details")?.items().find_map(|detail| detail.some("reason")?.as_filled_str());
    error.code = error.code.take().or_else(|| reason().or_else(|| text("code")).or_else(|| text("ErrorCode")).map(own));
    if error.code.as_deref() == Some("invalid-argument") && error.message.starts_with("Incorrect API key") {
        // xAI has no other word for it.
        error.code = Some("invalid_api_key".to_owned());
    }
    error.param = error.param.take().or_else(|| text("param").map(own));
    let status = ["status_code", "statusCode", "raw_status_code", "status", "code"].iter().find_map(|name| {
        let status = raw.some(name)?;
        let status = status.as_count().or_else(|| status.as_str()?.parse().ok())?;
        u16::try_from(status).ok().filter(|status| (400..600).contains(status))
    });
    error.status = error.status.or(status);
    error.retry_after_ms = error.retry_after_ms.or_else(|| retry_after_ms(raw));
}

/// A wait that the error object asks for: `retry_after_ms`, `retry_after` in seconds, Google's `RetryInfo`.
fn retry_after_ms(raw: Raw<'_>) -> Option<u64> {
    let number = |name: &str| raw.some(name)?.as_text()?.parse::<f64>().ok();
    let seconds = |name: &str| number(name).map(|seconds| seconds * 1000.0);
    let delay = number("retry_after_ms")
        .or_else(|| number("retryAfterMs"))
        .or_else(|| seconds("retry_after"))
        .or_else(|| seconds("retryAfter"))
        .or_else(|| seconds("retry_after_seconds"))
        .or_else(|| {
            // `google.protobuf.Duration` in JSON: seconds with an `s`.
            let duration = |raw: Raw<'_>| raw.some("retryDelay")?.as_str()?.strip_suffix('s')?.parse::<f64>().ok();
            raw.some("details")?.items().find_map(duration).map(|seconds| seconds * 1000.0)
        })
        .or_else(|| raw.some("metadata").and_then(retry_after_ms).map(|wait| wait as f64))?;
    (delay.is_finite() && (0.0..=1e15).contains(&delay)).then(|| delay.ceil() as u64)
}

fn cut(message: &str) -> String {
    let mut end = message.len().min(MAX_MESSAGE_BYTES);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    message.get(..end).unwrap_or_default().to_owned()
}
