//! Plain HTTP/1.1 without a proxy, as models on the own machine or network are asked: sockets are read in the session's own
//! task, into a buffer of the thread.
//!
//! What always holds: a connection belongs to one session or to nobody, and an idle one is kept for less time than common
//! servers keep it; an answer that is dropped before its end closes its connection. Imports the connector of `hyper-util`
//! (name resolution, several addresses) and `httparse`.
//!
//! Why not the client that serves all else: `docs/decisions/011-plain-http-in-the-session.md`.

mod framing;
mod head;

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::header::HeaderMap;
use reqwest::{StatusCode, Url};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};
use tower_service::Service;

use self::framing::Framing;
use self::head::{BadHead, Head, MAX_HEAD_BYTES, Read};
use crate::body::with_buffer;
use crate::connect::ConnectTimedOut;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What the client for all else does.
const TCP_KEEPALIVE: Duration = Duration::from_secs(15);

/// Connections over plain TCP.
pub(crate) struct Plain {
    connector: HttpConnector,
    idle: Arc<Idle>,
}

/// The head of an answer, and its body, unread.
pub(crate) struct PlainAnswer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: PlainBody,
}

impl Plain {
    /// `idle_for`: how long a connection may wait for its next request.
    pub(crate) fn new(runtime: Handle, idle_for: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_keepalive(Some(TCP_KEEPALIVE));
        let streams = Mutex::new(Streams { by_origin: HashMap::new(), swept: false });
        Self { connector, idle: Arc::new(Idle { streams, idle_for, runtime }) }
    }

    /// Sends a POST and waits for the answer's head. `limit`: on name resolution and connecting.
    pub(crate) async fn post(
        &self,
        url: &Url,
        headers: &HeaderMap,
        body: &Bytes,
        limit: Option<Duration>,
    ) -> Result<PlainAnswer, BoxError> {
        let origin = Origin::of(url).ok_or("the URL has no host")?;
        let request = head::request(url, headers, body.len());
        loop {
            let reused = self.idle.take(&origin);
            let fresh = reused.is_none();
            let mut stream = match reused {
                Some(stream) => stream,
                None => self.connect(&origin, limit).await?,
            };
            let mut exchange = Exchange { head: &request, body, sent: 0, received: Vec::new(), passed: 0 };
            match poll_fn(|cx| exchange.poll(cx, &mut stream)).await {
                Ok(Head { status, headers, framing, keep_alive, length }) => {
                    let unread = exchange.received.split_off(length);
                    // A server that answers before it has read the request won't read another behind it.
                    let keep_alive = keep_alive && exchange.is_sent();
                    let idle = keep_alive.then(|| Arc::clone(&self.idle));
                    let body = PlainBody { stream: Some(stream), unread, framing, idle, origin };
                    return Ok(PlainAnswer { status, headers, body });
                }
                // The server closed the connection before it got anything of the request.
                Err(_) if !fresh && exchange.sent == 0 => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn connect(&self, origin: &Origin, limit: Option<Duration>) -> Result<TcpStream, BoxError> {
        let uri = format!("http://{}:{}/", origin.host, origin.port).parse()?;
        let mut connector = self.connector.clone();
        let connecting = connector.call(uri);
        let stream = match limit {
            None => connecting.await?,
            Some(limit) => timeout(limit, connecting).await.map_err(|_| ConnectTimedOut)??,
        };
        Ok(stream.into_inner())
    }
}

/// A request on its way, and its answer's head.
struct Exchange<'a> {
    head: &'a [u8],
    body: &'a [u8],
    /// Of both together.
    sent: usize,
    received: Vec<u8>,
    /// Bytes of interim answers, which are passed over.
    passed: usize,
}

impl Exchange<'_> {
    fn is_sent(&self) -> bool {
        self.sent == self.head.len() + self.body.len()
    }

    fn poll(&mut self, cx: &mut Context<'_>, stream: &mut TcpStream) -> Poll<Result<Head, BoxError>> {
        let sending = self.poll_send(cx, stream);
        // A server may refuse a request before it has read it all: what it says comes first.
        match self.poll_receive(cx, stream) {
            Poll::Ready(Err(error)) => match sending {
                Poll::Ready(Err(cause)) => Poll::Ready(Err(cause.into())),
                _ => Poll::Ready(Err(error)),
            },
            Poll::Pending => match sending {
                Poll::Ready(Err(error)) => Poll::Ready(Err(error.into())),
                _ => Poll::Pending,
            },
            answer => answer,
        }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, stream: &mut TcpStream) -> Poll<io::Result<()>> {
        while !self.is_sent() {
            let head = self.head.get(self.sent..).unwrap_or_default();
            let body = self.body.get(self.sent.saturating_sub(self.head.len())..).unwrap_or_default();
            let slices = [io::IoSlice::new(head), io::IoSlice::new(body)];
            match Pin::new(&mut *stream).poll_write_vectored(cx, &slices) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => self.sent += written,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>, stream: &mut TcpStream) -> Poll<Result<Head, BoxError>> {
        with_buffer(|buffer| {
            loop {
                let mut read = ReadBuf::new(buffer);
                match Pin::new(&mut *stream).poll_read(cx, &mut read) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error.into())),
                    Poll::Ready(Ok(())) if read.filled().is_empty() => {
                        return Poll::Ready(Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()));
                    }
                    Poll::Ready(Ok(())) => {}
                }
                let seen = self.received.len();
                self.received.extend_from_slice(read.filled());
                match self.read_head(seen) {
                    Ok(None) => {}
                    Ok(Some(head)) => return Poll::Ready(Ok(*head)),
                    Err(error) => return Poll::Ready(Err(error.into())),
                }
            }
        })
    }
}

impl Exchange<'_> {
    /// Reads the head where it is there; what lies before `seen` was looked at before.
    fn read_head(&mut self, seen: usize) -> Result<Option<Box<Head>>, BadHead> {
        let mut whole = head::may_be_whole(&self.received, seen);
        while whole {
            match head::answer(&self.received)? {
                Read::Part => break,
                Read::Interim(length) => {
                    self.passed += length;
                    self.received.drain(..length);
                }
                Read::Final(head) => return Ok(Some(head)),
            }
            whole = !self.received.is_empty() && self.passed <= MAX_HEAD_BYTES;
        }
        if self.received.len() + self.passed > MAX_HEAD_BYTES { Err(BadHead::TooLong) } else { Ok(None) }
    }
}

/// The body of an answer, and the connection it comes by.
pub(crate) struct PlainBody {
    stream: Option<TcpStream>,
    /// What came with the head.
    unread: Vec<u8>,
    framing: Framing,
    /// Where the connection goes behind the body's end; `None` where it is closed then.
    idle: Option<Arc<Idle>>,
    origin: Origin,
}

impl PlainBody {
    /// Reads the next piece into `buffer` and gives its length. Once there is none, the connection is free for others.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<Option<Result<usize, BoxError>>> {
        loop {
            if self.framing == Framing::Ended && self.unread.is_empty() {
                if let (Some(stream), Some(idle)) = (self.stream.take(), self.idle.take()) {
                    idle.put(self.origin.clone(), stream);
                }
                return Poll::Ready(None);
            }
            let Some(stream) = &mut self.stream else { return Poll::Ready(None) };
            let read = if self.unread.is_empty() {
                let mut read = ReadBuf::new(buffer);
                match Pin::new(stream).poll_read(cx, &mut read) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                    Poll::Ready(Ok(())) => {}
                }
                read.filled().len()
            } else {
                let part = self.unread.len().min(buffer.len());
                buffer.iter_mut().zip(self.unread.drain(..part)).for_each(|(to, from)| *to = from);
                if self.unread.is_empty() {
                    self.unread = Vec::new();
                }
                part
            };
            if read == 0 {
                self.stream = None;
                return match self.framing {
                    Framing::UntilClose => Poll::Ready(None),
                    _ => Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()))),
                };
            }
            match self.framing.decode(buffer.get_mut(..read).unwrap_or_default()) {
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
                Ok(decoded) => {
                    if decoded.rest > 0 {
                        // Nothing was asked for that this could be the answer to.
                        self.idle = None;
                        self.unread = Vec::new();
                    }
                    if decoded.data > 0 {
                        return Poll::Ready(Some(Ok(decoded.data)));
                    }
                }
            }
        }
    }
}

/// Where connections lead.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Origin {
    host: String,
    port: u16,
}

impl Origin {
    fn of(url: &Url) -> Option<Self> {
        Some(Self { host: url.host_str()?.to_owned(), port: url.port_or_known_default()? })
    }
}

/// Connections that nobody uses.
struct Idle {
    streams: Mutex<Streams>,
    idle_for: Duration,
    runtime: Handle,
}

struct Streams {
    /// The most recently used last.
    by_origin: HashMap<Origin, Vec<(Instant, TcpStream)>>,
    /// Whether a task closes what nobody asks for again.
    swept: bool,
}

impl Idle {
    fn take(&self, origin: &Origin) -> Option<TcpStream> {
        let mut streams = self.streams();
        let waiting = streams.by_origin.get_mut(origin)?;
        while let Some((since, stream)) = waiting.pop() {
            // What the server closed meanwhile says so now, and what it has to say unasked is not for us.
            let quiet = stream.try_read(&mut [0]).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
            if quiet && since.elapsed() < self.idle_for {
                return Some(stream);
            }
        }
        None
    }

    fn put(self: &Arc<Self>, origin: Origin, stream: TcpStream) {
        let mut streams = self.streams();
        streams.by_origin.entry(origin).or_default().push((Instant::now(), stream));
        if !std::mem::replace(&mut streams.swept, true) {
            self.runtime.spawn(Arc::clone(self).sweep());
        }
    }

    /// Closes connections whose time is up, until there are none.
    async fn sweep(self: Arc<Self>) {
        loop {
            sleep(self.idle_for / 2).await;
            let mut streams = self.streams();
            streams.by_origin.retain(|_, waiting| {
                waiting.retain(|(since, _)| since.elapsed() < self.idle_for);
                !waiting.is_empty()
            });
            if streams.by_origin.is_empty() {
                streams.swept = false;
                return;
            }
        }
    }

    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
