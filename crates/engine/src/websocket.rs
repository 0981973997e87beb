//! WebSocket (RFC 6455) as a carrier: an upgrade made with the HTTP clients, the request as one message, and every
//! message that comes back as one line of an NDJSON body.
//!
//! What always holds: reading never runs ahead of who asks for it; no message is larger than the cap; only the answer
//! to the key that was sent upgrades a connection.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink;
use millstream_wire::DecodeError;
use reqwest::header::{
    CONNECTION, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use reqwest::{Response, StatusCode, Upgraded, Url};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes, error::ProtocolError};

use crate::{ErrorKind, StreamError, classify};

/// The buffer of a connection; it is there from the beginning, and tokens are small.
const READ_BUFFER: usize = 16 * 1024;
/// What messages are read as: each is a line.
pub(crate) const CONTENT_TYPE: &str = "application/x-ndjson";

/// How messages become a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Framing {
    /// Cap on one message, in bytes.
    pub(crate) max_message: usize,
    /// Whether messages are lines; else they are pieces of one text.
    pub(crate) lines: bool,
}

/// The headers that ask for an upgrade, and the key of this one.
pub(crate) fn ask(headers: &mut HeaderMap) -> String {
    let key = generate_key();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    // Sixteen random bytes in base64: always a header value.
    if let Ok(value) = HeaderValue::from_str(&key) {
        headers.insert(SEC_WEBSOCKET_KEY, value);
    }
    key
}

/// Whether an answer without an error status upgrades the connection (RFC 6455 §4.1).
pub(crate) fn check(response: &Response, asked: &HeaderMap, key: &str) -> Result<(), StreamError> {
    let refused = |what: &str| Err(StreamError::new(ErrorKind::Protocol, "WS_UPGRADE_FAILED", what));
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return refused(&format!("expected an upgrade to WebSocket, got HTTP {}", response.status().as_u16()));
    }
    let headers = response.headers();
    let names = |name, wanted: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.split(',').any(|word| word.trim().eq_ignore_ascii_case(wanted)))
    };
    if !names(UPGRADE, "websocket") || !names(CONNECTION, "upgrade") {
        return refused("expected an upgrade to WebSocket, got one to something else");
    }
    if headers
        .get(SEC_WEBSOCKET_ACCEPT)
        .is_none_or(|value| value.as_bytes() != derive_accept_key(key.as_bytes()).as_bytes())
    {
        return refused("the server's `sec-websocket-accept` does not fit the key it was sent");
    }
    if headers.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
        return refused("the server chose a WebSocket extension, none was offered");
    }
    let offered = |protocol: &str| {
        asked
            .get_all(SEC_WEBSOCKET_PROTOCOL)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.split(',').any(|word| word.trim() == protocol))
    };
    match headers.get(SEC_WEBSOCKET_PROTOCOL) {
        Some(chosen) if !chosen.to_str().is_ok_and(|chosen| offered(chosen.trim())) => {
            refused("the server chose a WebSocket subprotocol that was not offered")
        }
        _ => Ok(()),
    }
}

/// An upgraded connection.
pub(crate) struct Socket {
    stream: WebSocketStream<Upgraded>,
    framing: Framing,
    /// What is to be sent next.
    outgoing: Option<Message>,
    /// Whether something may be sent only in part.
    unflushed: bool,
}

impl Socket {
    /// A connection that sends `request` with its first poll.
    pub(crate) async fn new(connection: Upgraded, framing: Framing, request: &Bytes) -> Result<Self, StreamError> {
        let request = Utf8Bytes::try_from(request.clone()).map_err(|_| {
            StreamError::new(ErrorKind::InvalidRequest, "INVALID_BODY", "a WebSocket request's body must be text")
        })?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .max_message_size(Some(framing.max_message))
            .max_frame_size(Some(framing.max_message));
        let stream = WebSocketStream::from_raw_socket(connection, Role::Client, Some(config)).await;
        Ok(Self { stream, framing, outgoing: Some(Message::Text(request)), unflushed: false })
    }

    /// See [`Body::poll_data`](crate::body::Body::poll_data).
    pub(crate) fn poll_data(&mut self, cx: &mut Context<'_>, url: &Url) -> Poll<Option<Result<Bytes, StreamError>>> {
        // The server may want to be read before it reads on: what can't be sent yet holds nothing up.
        if let Poll::Ready(Err(error)) = self.poll_send(cx) {
            return Poll::Ready(self.broken(&error, url).map(Err));
        }
        Poll::Ready(match ready!(Pin::new(&mut self.stream).poll_next(cx)) {
            None => None,
            Some(Ok(Message::Text(text))) => Some(Ok(self.line(text.as_ref()))),
            Some(Ok(Message::Binary(bytes))) => Some(Ok(self.line(&bytes))),
            Some(Ok(Message::Close(frame))) => {
                // The other side closes without its answer too, so one try is enough.
                let _ = Pin::new(&mut self.stream).poll_flush(cx);
                closed(frame.as_ref()).map(Err)
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Some(Ok(Bytes::new())),
            Some(Err(error)) => self.broken(&error, url).map(Err),
        })
    }

    /// Closes with the next poll, after which what still comes is for nobody.
    pub(crate) fn finish(&mut self) {
        self.outgoing =
            Some(Message::Close(Some(CloseFrame { code: CloseCode::Normal, reason: Utf8Bytes::default() })));
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut stream = Pin::new(&mut self.stream);
        if self.outgoing.is_some() {
            ready!(stream.as_mut().poll_ready(cx))?;
            if let Some(message) = self.outgoing.take() {
                stream.as_mut().start_send(message)?;
                self.unflushed = true;
            }
        }
        if self.unflushed {
            ready!(stream.as_mut().poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// A message as a piece of the body. White space between the parts of a JSON document may be line ends, and a line
    /// has none.
    fn line(&self, message: &[u8]) -> Bytes {
        if !self.framing.lines {
            return Bytes::copy_from_slice(message);
        }
        let mut line = Vec::with_capacity(message.len() + 1);
        line.extend(message.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }));
        line.push(b'\n');
        line.into()
    }

    fn broken(&self, error: &Error, url: &Url) -> Option<StreamError> {
        Some(match error {
            Error::ConnectionClosed | Error::AlreadyClosed => return None,
            Error::Capacity(_) => classify::decode(&DecodeError::EventTooLarge { limit: self.framing.max_message }),
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                close_error(1006, "the connection was closed without a closing handshake", true)
            }
            Error::Io(error) => classify::network(error, url, None),
            Error::Protocol(_) | Error::Utf8(_) => StreamError::new(
                ErrorKind::Protocol,
                "MALFORMED_FRAME",
                "expected WebSocket frames, got something that breaks their rules",
            ),
            other => classify::network(other, url, None),
        })
    }
}

/// What the server's close frame says; `None`: that this was all.
fn closed(frame: Option<&CloseFrame>) -> Option<StreamError> {
    let frame = frame?;
    let code = u16::from(frame.code);
    if matches!(frame.code, CloseCode::Normal | CloseCode::Away | CloseCode::Status) {
        return None;
    }
    // 1011 to 1014 (RFC 6455 §7.4.1, IANA's registry): trouble on the server's side. The others say that this request
    // won't do, or are an application's own.
    let transient = matches!(code, 1011..=1014);
    Some(if frame.reason.is_empty() {
        close_error(code, "the server closed the connection", transient)
    } else {
        close_error(code, &format!("the server closed the connection: {}", frame.reason), transient)
    })
}

fn close_error(code: u16, what: &str, retryable: bool) -> StreamError {
    let mut error = StreamError::new(
        ErrorKind::Connection,
        format!("WS_CLOSE_{code}"),
        format!("WebSocket closed ({code}): {what}"),
    );
    error.retryable = retryable;
    error
}
