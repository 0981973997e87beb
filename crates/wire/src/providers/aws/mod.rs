//! What comes in AWS event streams: Bedrock's two ways to stream, and SageMaker's.
//!
//! The framing says what a message is; a failure is a message of its own, which becomes an error here. Imports the
//! framing's messages.

pub(crate) mod converse;
pub(crate) mod invoke;
pub(crate) mod sagemaker;
mod text;

use crate::framing::aws_event_stream::Message;
use crate::json::Raw;
use crate::{Protocol, ProviderError};

/// Statuses of the exceptions that Bedrock's streams may carry (the service's API model). That of a model's own failure,
/// 424, is left out: it reads like a fault of the caller's.
const STATUSES: [(&str, u16); 5] = [
    ("internalServerException", 500),
    ("modelTimeoutException", 408),
    ("serviceUnavailableException", 503),
    ("throttlingException", 429),
    ("validationException", 400),
];

/// What a message is.
pub(crate) enum Kind<'a> {
    /// An event of that name.
    Event(&'a str),
    Failure(ProviderError),
}

pub(crate) fn kind_of<'a>(message: &Message<'a>) -> Kind<'a> {
    match message.text_header(":message-type") {
        Some("exception") => Kind::Failure(exception(message)),
        Some("error") => {
            let code = message.text_header(":error-code").map(str::to_owned);
            let text = message.text_header(":error-message").filter(|text| !text.is_empty()).map(str::to_owned);
            let message = text.or_else(|| code.clone()).unwrap_or_else(|| "the stream broke off".to_owned());
            Kind::Failure(ProviderError { message, code, ..ProviderError::default() })
        }
        _ => Kind::Event(message.text_header(":event-type").unwrap_or_default()),
    }
}

fn exception(message: &Message<'_>) -> ProviderError {
    let kind = message.text_header(":exception-type").filter(|kind| !kind.is_empty()).unwrap_or("exception");
    let payload = String::from_utf8_lossy(message.payload);
    let raw = Raw::parse(&payload);
    let text = |names: [&str; 2]| {
        let found = raw.and_then(|raw| names.into_iter().find_map(|name| raw.some(name)?.as_text()));
        found.filter(|text| !text.is_empty()).map(std::borrow::Cow::into_owned)
    };
    let known = STATUSES.iter().find(|(name, _)| name.eq_ignore_ascii_case(kind)).map(|(_, status)| *status);
    let original = raw.and_then(|raw| raw.some("originalStatusCode")?.as_count());
    let original = original.and_then(|status| u16::try_from(status).ok()).filter(|status| (400..600).contains(status));
    ProviderError {
        message: text(["message", "Message"]).unwrap_or_else(|| kind.to_owned()),
        kind: Some(kind.to_owned()),
        code: text(["ErrorCode", "code"]),
        // What the model answered says more than that it was the model.
        status: original.or(known),
        ..ProviderError::default()
    }
}

/// Whether a format's events are the messages of such a stream.
pub(crate) fn is_in_messages(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::BedrockConverse | Protocol::BedrockInvoke | Protocol::SageMaker)
}

/// The format whose event is named so.
pub(crate) fn protocol_of(event: &str) -> Option<Protocol> {
    match event {
        "chunk" => Some(Protocol::BedrockInvoke),
        "PayloadPart" => Some(Protocol::SageMaker),
        "messageStart" | "contentBlockStart" | "contentBlockDelta" | "contentBlockStop" | "messageStop"
        | "metadata" => Some(Protocol::BedrockConverse),
        _ => None,
    }
}
