//! The body of an answer, whatever carries it.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Body as _;
use reqwest::Url;

use crate::StreamError;
use crate::classify;
use crate::websocket::Socket;

/// The body of an answer, unread or in the middle.
pub(crate) enum Body {
    Http(reqwest::Body),
    WebSocket(Box<Socket>),
}

impl Body {
    /// The next piece. An empty one is no content, but shows that the other side is there. `url` gives the host for an
    /// error's message.
    #[inline]
    pub(crate) fn poll_data(&mut self, cx: &mut Context<'_>, url: &Url) -> Poll<Option<Result<Bytes, StreamError>>> {
        match self {
            Self::Http(body) => Pin::new(body).poll_frame(cx).map(|frame| {
                // Trailers are no data.
                frame.map(|frame| match frame {
                    Ok(frame) => Ok(frame.into_data().unwrap_or_default()),
                    Err(error) => Err(classify::network(&error, url, None)),
                })
            }),
            Self::WebSocket(socket) => socket.poll_data(cx, url),
        }
    }

    /// Nothing more is wanted of it: where the other side doesn't know yet, it is told with the next poll.
    pub(crate) fn finish(&mut self) {
        if let Self::WebSocket(socket) = self {
            socket.finish();
        }
    }
}
