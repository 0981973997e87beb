//! A client's connection, written to beside Node: a duplicate of its descriptor.
//!
//! What always holds: bytes go out in order; what the kernel has no room for waits here, and whoever owns this stops
//! encoding before that is much; Node writes nothing meanwhile (`lib/relay.ts` sees to it). Imports `tokio`.

use std::io::{self, Write};
use std::task::{Context, Poll};

/// A buffer that grew beyond this is given back once it is empty: most clients are idle most of the time.
const KEEP_BYTES: usize = 2 * 1024;

/// The duplicate. Dropping it leaves Node's own descriptor as it is.
pub(crate) struct ClientSocket {
    stream: Stream,
    /// Whether the body is sent as chunks of HTTP/1.1 (RFC 9112 §7.1).
    chunked: bool,
    pending: Vec<u8>,
    /// How much of `pending` is written.
    at: usize,
}

/// Most sockets never fill up, and are never watched for room.
enum Stream {
    Unwatched(std::net::TcpStream),
    Watched(tokio::net::TcpStream),
    /// While one becomes the other.
    Gone,
}

impl ClientSocket {
    /// Duplicates a descriptor of this process.
    ///
    /// # Errors
    /// Where there is no such descriptor, or no room for another.
    #[cfg(unix)]
    pub(crate) fn duplicate(descriptor: i32, chunked: bool) -> io::Result<Self> {
        use std::os::fd::BorrowedFd;
        if descriptor < 0 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        #[expect(unsafe_code, reason = "descriptors cross N-API as numbers")]
        // SAFETY: the caller's thread is Node's, which owns the descriptor and does not close it before this returns;
        // were it closed, duplicating fails or gives another socket of this process, which is no breach of memory.
        let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
        let owned = borrowed.try_clone_to_owned()?;
        // libuv made it non-blocking, which the duplicate shares. Any stream socket is written to in the same way.
        let stream = Stream::Unwatched(std::net::TcpStream::from(owned));
        Ok(Self { stream, chunked, pending: Vec::new(), at: 0 })
    }

    /// # Errors
    /// Always: here Node writes.
    #[cfg(not(unix))]
    pub(crate) fn duplicate(_descriptor: i32, _chunked: bool) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Bytes that wait for room.
    pub(crate) fn waiting(&self) -> usize {
        self.pending.len() - self.at
    }

    /// Takes all of `body` to be written next.
    pub(crate) fn queue(&mut self, body: &mut String) {
        if body.is_empty() {
            return;
        }
        if self.chunked {
            // Writing to a vector can't fail.
            let _ = write!(self.pending, "{:x}\r\n", body.len());
            self.pending.extend_from_slice(body.as_bytes());
            self.pending.extend_from_slice(b"\r\n");
        } else {
            self.pending.extend_from_slice(body.as_bytes());
        }
        body.clear();
        if body.capacity() > KEEP_BYTES {
            *body = String::new();
        }
    }

    /// Writes what waits. Ready once nothing does.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.at < self.pending.len() {
            let rest = &self.pending[self.at..];
            let written = match &mut self.stream {
                Stream::Unwatched(stream) => stream.write(rest),
                Stream::Watched(stream) => stream.try_write(rest),
                Stream::Gone => Err(io::ErrorKind::NotConnected.into()),
            };
            match written {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(written) => self.at += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => match self.poll_room(cx) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => {
                        self.forget_written();
                        return Poll::Pending;
                    }
                },
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        self.at = 0;
        self.pending.clear();
        self.pending.shrink_to(KEEP_BYTES);
        Poll::Ready(Ok(()))
    }

    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Stream::Unwatched(_) = &self.stream
            && let Stream::Unwatched(stream) = std::mem::replace(&mut self.stream, Stream::Gone)
        {
            match tokio::net::TcpStream::from_std(stream) {
                Ok(stream) => self.stream = Stream::Watched(stream),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        match &self.stream {
            Stream::Watched(stream) => stream.poll_write_ready(cx),
            _ => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    /// Keeps what is written from piling up before what is not, in linear time.
    fn forget_written(&mut self) {
        if self.at > self.pending.len() / 2 {
            self.pending.drain(..self.at);
            self.at = 0;
        }
    }
}
