//! The body of an answer, whatever carries it.

use std::cell::Cell;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Body as _;
use reqwest::Url;

use crate::StreamError;
use crate::classify;
use crate::plain::PlainBody;
use crate::websocket::Socket;

/// The body of an answer, unread or in the middle.
pub(crate) enum Body {
    Http(reqwest::Body),
    Plain(Box<PlainBody>),
    WebSocket(Box<Socket>),
}

/// A piece of a body.
pub(crate) enum Piece<'b> {
    Owned(Bytes),
    /// In the reader's buffer.
    Read(&'b [u8]),
}

impl Deref for Piece<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Read(bytes) => bytes,
        }
    }
}

/// How much is read at once.
const READ_BYTES: usize = 64 * 1024;

/// Lends the thread's read buffer: a stream that waits has none of its own.
pub(crate) fn with_buffer<T>(read: impl FnOnce(&mut [u8]) -> T) -> T {
    thread_local! {
        static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut buffer = BUFFER.take();
    buffer.resize(READ_BYTES, 0);
    let result = read(&mut buffer);
    BUFFER.set(buffer);
    result
}

impl Body {
    /// The next piece, read into `buffer` where it has no place of its own. An empty one is no content, but shows that the
    /// other side is there. `url` gives the host for an error's message.
    #[inline]
    pub(crate) fn poll_data<'b>(
        &mut self,
        cx: &mut Context<'_>,
        url: &Url,
        buffer: &'b mut [u8],
    ) -> Poll<Option<Result<Piece<'b>, StreamError>>> {
        let data = match self {
            Self::Plain(body) => {
                return body.poll_read(cx, buffer).map(|read| {
                    read.map(|read| match read {
                        Ok(length) => Ok(Piece::Read(buffer.get(..length).unwrap_or_default())),
                        Err(error) => Err(classify::network(&*error, url, None)),
                    })
                });
            }
            Self::Http(body) => Pin::new(body).poll_frame(cx).map(|frame| {
                // Trailers are no data.
                frame.map(|frame| match frame {
                    Ok(frame) => Ok(frame.into_data().unwrap_or_default()),
                    Err(error) => Err(classify::network(&error, url, None)),
                })
            }),
            Self::WebSocket(socket) => socket.poll_data(cx, url),
        };
        data.map(|data| data.map(|data| data.map(Piece::Owned)))
    }

    /// Nothing more is wanted of it: where the other side doesn't know yet, it is told with the next poll.
    pub(crate) fn finish(&mut self) {
        if let Self::WebSocket(socket) = self {
            socket.finish();
        }
    }
}
