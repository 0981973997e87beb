//! AWS event streams: messages with their lengths and checksums, events and exceptions.
//!
//! Framing: <https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html>, the same for every service.

use serde_json::{Value, json};

use super::{FILLER, LongToken};
use crate::fault::InStreamError;

/// Lengths and checksums around headers and payload.
const AROUND: usize = 16;
/// The type number of a header that is a string.
const STRING: u8 = 7;

/// What Bedrock pads its payloads with, to lengths that say nothing of the text.
const PADDING: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// So much padding as goes with event number `number`.
pub(super) fn padding(number: u64) -> &'static str {
    PADDING.get(..(crate::text::mix(0x9ad, number) % 60) as usize + 1).unwrap_or(PADDING)
}

/// Appends an event.
pub(super) fn event(out: &mut Vec<u8>, name: &str, content_type: &str, payload: &[u8]) {
    let headers = headers("event", name, content_type);
    let (head, mut crc) = opening(&headers, payload.len());
    crc.update(payload);
    out.extend_from_slice(&head);
    out.extend_from_slice(payload);
    out.extend_from_slice(&crc.finalize().to_be_bytes());
}

/// Appends a failure, after which a stream ends.
pub(super) fn exception(out: &mut Vec<u8>, name: &str, payload: &Value) {
    let headers = headers("exception", name, "application/json");
    let payload = payload.to_string();
    let (head, mut crc) = opening(&headers, payload.len());
    crc.update(payload.as_bytes());
    out.extend_from_slice(&head);
    out.extend_from_slice(payload.as_bytes());
    out.extend_from_slice(&crc.finalize().to_be_bytes());
}

/// An event whose payload is `before`, so many bytes of filler, and `after`.
pub(super) fn long_event(
    name: &str,
    content_type: &str,
    [before, after]: [&[u8]; 2],
    filler: &'static [u8],
    bytes: u64,
) -> LongToken {
    let headers = headers("event", name, content_type);
    // A length that its four bytes can't say makes a message that no reader believes, as would one far shorter.
    let length = usize::try_from(bytes).unwrap_or(usize::MAX).saturating_add(before.len() + after.len());
    let (mut head, mut crc) = opening(&headers, length);
    crc.update(before);
    let block = filler.repeat(16 * 1024);
    let mut left = bytes;
    while left > 0 {
        let size = left.min(block.len() as u64) as usize;
        crc.update(block.get(..size).unwrap_or_default());
        left -= size as u64;
    }
    crc.update(after);
    head.extend_from_slice(before);
    let mut tail = after.to_vec();
    tail.extend_from_slice(&crc.finalize().to_be_bytes());
    LongToken { before: head, filler, bytes, after: tail }
}

fn headers(kind: &str, name: &str, content_type: &str) -> Vec<u8> {
    let mut headers = Vec::with_capacity(96);
    let name_header = if kind == "event" { ":event-type" } else { ":exception-type" };
    for (header, value) in [(name_header, name), (":content-type", content_type), (":message-type", kind)] {
        headers.push(u8::try_from(header.len()).unwrap_or(u8::MAX));
        headers.extend_from_slice(header.as_bytes());
        headers.push(STRING);
        headers.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    headers
}

/// What stands before a payload of so many bytes, and the checksum up to there.
fn opening(headers: &[u8], payload: usize) -> (Vec<u8>, crc32fast::Hasher) {
    let total = u32::try_from(payload.saturating_add(headers.len() + AROUND)).unwrap_or(u32::MAX);
    let mut head = Vec::with_capacity(12 + headers.len());
    head.extend_from_slice(&total.to_be_bytes());
    head.extend_from_slice(&u32::try_from(headers.len()).unwrap_or(u32::MAX).to_be_bytes());
    head.extend_from_slice(&crc32fast::hash(&head).to_be_bytes());
    head.extend_from_slice(headers);
    let mut crc = crc32fast::Hasher::new();
    crc.update(&head);
    (head, crc)
}

/// The exception of Bedrock's streams that tells of a failure: the one named, or the one that goes with its status.
pub(super) fn bedrock_exception(error: &InStreamError) -> (String, Value) {
    let named = error.kind.as_deref().filter(|kind| kind.ends_with("Exception"));
    let status = error.status.or_else(|| error.code.as_ref().and_then(Value::as_u64)).unwrap_or(500);
    let name = named.unwrap_or(match status {
        400..=403 => "validationException",
        408 => "modelTimeoutException",
        424 => "modelStreamErrorException",
        429 => "throttlingException",
        503 | 529 => "serviceUnavailableException",
        _ => "internalServerException",
    });
    let payload = if name == "modelStreamErrorException" {
        json!({ "message": error.message, "originalStatusCode": 500, "originalMessage": error.message })
    } else {
        json!({ "message": error.message })
    };
    (name.to_owned(), payload)
}

/// The name of an error that goes with an HTTP status, in `x-amzn-errortype`.
pub(crate) fn error_type(status: u16, sagemaker: bool) -> &'static str {
    match status {
        401 => "UnrecognizedClientException",
        402 | 403 => "AccessDeniedException",
        404 => "ResourceNotFoundException",
        408 | 504 => "ModelTimeoutException",
        424 if sagemaker => "ModelError",
        424 => "ModelErrorException",
        429 => "ThrottlingException",
        503 | 529 if sagemaker => "ServiceUnavailable",
        503 | 529 => "ServiceUnavailableException",
        _ if status < 500 && sagemaker => "ValidationError",
        _ if status < 500 => "ValidationException",
        _ if sagemaker => "InternalFailure",
        _ => "InternalServerException",
    }
}

pub(crate) fn message_of(status: u16) -> &'static str {
    match status {
        401 => "The security token included in the request is invalid.",
        402 | 403 => "You don't have access to the model with the specified model ID.",
        404 => "The requested resource is not found.",
        408 | 504 => "Model has timed out in processing the request. Try your request again.",
        424 => "The model returned an error while it processed the request.",
        429 => "Too many requests, please wait before trying again.",
        503 | 529 => "The service is temporarily unable to process your request. Try again later.",
        300..=399 => "See the Location header.",
        _ if status < 500 => "The provided request is not valid.",
        _ => "The system encountered an unexpected error during processing. Try your request again.",
    }
}

pub(crate) fn error_body(status: u16, message: &str, sagemaker: bool) -> String {
    if sagemaker && status == 424 {
        return json!({
            "ErrorCode": "CLIENT_ERROR_FROM_MODEL",
            "LogStreamArn": "",
            "Message": format!("Received client error (400) from primary with message \"{message}\"."),
            "OriginalMessage": message,
            "OriginalStatusCode": 400,
        })
        .to_string();
    }
    json!({ "message": message }).to_string()
}

/// The filler of a payload that is base64: three times the one of plain text.
pub(super) const FILLER_BASE64: &[u8] = b"eHh4";
const _: () = assert!(FILLER.len() == 1 && FILLER[0] == b'x', "`eHh4` is base64 for three of them");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_event_is_the_event_of_its_whole_payload() {
        let long = long_event("chunk", "text/plain", [b"<<", b">>"], FILLER, 100_000);
        let mut bytes = long.before;
        bytes.extend(long.filler.repeat(100_000));
        bytes.extend(long.after);
        let mut whole = Vec::new();
        event(&mut whole, "chunk", "text/plain", format!("<<{}>>", "x".repeat(100_000)).as_bytes());
        assert!(bytes == whole);
    }

    #[test]
    fn paddings_differ() {
        let lengths: std::collections::HashSet<_> = (0..20).map(|number| padding(number).len()).collect();
        assert!(lengths.len() > 5 && !lengths.contains(&0));
    }
}
