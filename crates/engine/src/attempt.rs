//! One request and the answer to it, read to its end or to what broke it.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use millstream_wire::providers::error_body::parse_error_body;
use millstream_wire::{Completion, DecodeError, Decoder, DecoderOptions, Event, Protocol};
use reqwest::Url;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tokio::time::{Instant, timeout_at};

use crate::body::{Body, with_buffer};
use crate::classify;
use crate::clocks::Clocks;
use crate::delivery::Delivery;
use crate::transport::{Answer, Prepared, Transport};
use crate::websocket;
use crate::{ErrorKind, Exit, ResponseInfo, SessionRequest, Signal, StreamError};

/// How much of an error answer's body is read.
const ERROR_BODY_BYTES: usize = 64 * 1024;
/// How long for; the status alone is an error too.
const ERROR_BODY_TIME: Duration = Duration::from_secs(2);
/// Chunks read before the task lets others run.
pub(crate) const CHUNKS_PER_TURN: u32 = 32;

/// How an attempt ended.
pub(crate) enum Ending {
    /// With the answer's end. The rest of the body, where there may be some, is worth reading for the connection's sake.
    Complete(Option<Body>),
    /// Otherwise.
    Failed(StreamError),
    /// With an answer that contradicts what an earlier attempt delivered.
    Diverged,
}

pub(crate) async fn run<E: Exit>(
    transport: &Transport,
    request: &SessionRequest,
    prepared: &Prepared,
    exit: &mut E,
    clocks: &mut Clocks,
    delivery: &mut Delivery,
) -> Ending {
    let last_event_id = delivery
        .continue_after()
        .and_then(|id| Some((HeaderName::from_static("last-event-id"), HeaderValue::from_str(id).ok()?)));
    // Several KiB that are of no use any more once the answer streams.
    let sending = Box::pin(transport.send(prepared, last_event_id, clocks));
    let answer = match sending.await {
        Ok(answer) => answer,
        Err(error) => return Ending::Failed(error),
    };
    tracing::debug!(
        host = prepared.url.host_str(),
        status = answer.status.as_u16(),
        ms = clocks.attempt_elapsed().as_millis(),
        "answer began"
    );
    let upgraded = matches!(answer.body, Body::WebSocket(_));
    if !answer.status.is_success() && !upgraded {
        return Ending::Failed(refused(answer, &prepared.url, &request.retry.retryable_status_codes, clocks).await);
    }
    if let Some(error) = encoded(&answer.headers) {
        return Ending::Failed(error);
    }
    let request_id = classify::request_id(&answer.headers);
    let content_type =
        if upgraded { Some(websocket::CONTENT_TYPE.to_owned()) } else { header_text(&answer.headers, &CONTENT_TYPE) };
    // The headers are slices of the connection's first read buffer, which would live as long as the answer.
    drop(answer.headers);
    exit.signal(Signal::Open(ResponseInfo {
        status: answer.status.as_u16(),
        request_id: request_id.clone(),
        elapsed: clocks.attempt_elapsed(),
    }));
    let decoder = Decoder::new(DecoderOptions {
        protocol: request.protocol,
        content_type,
        max_event_bytes: request.max_event_bytes,
    });
    let incoming = Incoming::new(decoder, exit, clocks, delivery);
    let mut reading = Reading { body: answer.body, incoming, prepared };
    let ending = poll_fn(|cx| reading.poll(cx)).await;
    match ending {
        _ if reading.incoming.delivery.is_diverged() => Ending::Diverged,
        Err(mut error) => {
            error.request_id = error.request_id.or(request_id);
            Ending::Failed(error)
        }
        Ok(more) => Ending::Complete(more.then_some(reading.body)),
    }
}

/// An answer in the middle of being read.
struct Reading<'a, E> {
    body: Body,
    incoming: Incoming<'a, E>,
    prepared: &'a Prepared,
}

impl<E: Exit> Reading<'_, E> {
    /// Reads until nothing is there to read. Ready with whether the body may go on after the answer's end.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, StreamError>> {
        with_buffer(|buffer| self.poll_with(cx, buffer))
    }

    fn poll_with(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Result<bool, StreamError>> {
        let incoming = &mut self.incoming;
        for _ in 0..CHUNKS_PER_TURN {
            if incoming.exit.poll_ready(cx).is_pending() {
                incoming.exit.poll_flush(cx);
                let clocks = &mut incoming.clocks;
                return clocks.poll_paused(cx).map(|phase| Err(classify::timeout(phase, clocks.limits())));
            }
            incoming.clocks.unpause();
            match self.body.poll_data(cx, &self.prepared.url, buffer) {
                Poll::Ready(Some(Ok(data))) => {
                    if let Some(ending) = incoming.chunk(&data) {
                        return Poll::Ready(ending);
                    }
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                Poll::Ready(None) => return Poll::Ready(incoming.end()),
                Poll::Pending => {
                    incoming.exit.poll_flush(cx);
                    let clocks = &mut incoming.clocks;
                    return clocks.poll_running(cx).map(|phase| Err(classify::timeout(phase, clocks.limits())));
                }
            }
        }
        incoming.exit.poll_flush(cx);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// The way of an answer's bytes through decoder and delivery, wherever they come from. An ending is whether the body may go
/// on after the answer's end, or what is wrong with it.
pub(crate) struct Incoming<'a, E> {
    decoder: Decoder,
    bytes: u64,
    pub(crate) exit: &'a mut E,
    pub(crate) clocks: &'a mut Clocks,
    delivery: &'a mut Delivery,
}

impl<'a, E: Exit> Incoming<'a, E> {
    pub(crate) fn new(decoder: Decoder, exit: &'a mut E, clocks: &'a mut Clocks, delivery: &'a mut Delivery) -> Self {
        Self { decoder, bytes: 0, exit, clocks, delivery }
    }

    /// An event that never was bytes.
    pub(crate) fn event(&mut self, event: Event<'static>) -> Option<Result<bool, StreamError>> {
        self.delivery.event(event, self.exit);
        self.delivery.is_finished().then_some(Ok(false))
    }

    pub(crate) fn chunk(&mut self, data: &[u8]) -> Option<Result<bool, StreamError>> {
        if data.is_empty() {
            self.clocks.note_bytes(false);
            return None;
        }
        self.bytes += data.len() as u64;
        let fed = if self.delivery.wants_boundaries() && is_event_stream(self.decoder.protocol()) {
            self.feed_by_line(data)
        } else {
            self.decoder.feed(data, &mut |event| self.delivery.event(event, self.exit))
        };
        self.delivery.chunk_done(data.len(), self.decoder.last_event_id(), self.decoder.retry_ms(), self.exit);
        self.clocks.note_bytes(self.delivery.take_content());
        if let Some(error) = self.delivery.not_json() {
            return Some(Err(classify::not_json(error)));
        }
        if self.delivery.is_finished() || self.delivery.is_diverged() {
            return Some(Ok(true));
        }
        if let Some(error) = self.delivery.provider_error() {
            return Some(Err(classify::in_stream(error)));
        }
        fed.err().map(|error| Err(classify::decode(&error)))
    }

    /// Feeds line by line, so that no two events lie between two looks at the event ID.
    fn feed_by_line(&mut self, data: &[u8]) -> Result<(), DecodeError> {
        for line in data.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            self.decoder.feed(line, &mut |event| self.delivery.event(event, self.exit))?;
            self.delivery.boundary(self.decoder.last_event_id(), self.exit);
        }
        Ok(())
    }

    pub(crate) fn end(&mut self) -> Result<bool, StreamError> {
        if self.bytes == 0 {
            return Err(StreamError::new(ErrorKind::Protocol, "EMPTY_BODY", "expected a stream, got an empty body"));
        }
        let mut events = Vec::new();
        let ended = self.decoder.end(&mut |event| events.push(event.into_owned()));
        self.delivery.end_of_body(events, self.exit);
        self.delivery.boundary(self.decoder.last_event_id(), self.exit);
        if let Some(error) = self.delivery.not_json() {
            return Err(classify::not_json(error));
        }
        if self.delivery.is_finished() {
            return Ok(false);
        }
        if let Some(error) = self.delivery.provider_error() {
            return Err(classify::in_stream(error));
        }
        match ended {
            Err(error) => Err(classify::decode(&error)),
            Ok(Completion::Complete | Completion::Truncated) => Err(classify::truncated(self.bytes)),
        }
    }
}

/// An answer with an error status: reads what it says about it.
async fn refused(mut answer: Answer, url: &Url, retryable_codes: &[u16], clocks: &mut Clocks) -> StreamError {
    let body = bounded_body(&mut answer.body, url, clocks).await;
    let content_type = header_text(&answer.headers, &CONTENT_TYPE);
    let provider = parse_error_body(answer.status.as_u16(), content_type.as_deref(), &body);
    classify::status(answer.status, &answer.headers, provider.as_ref(), retryable_codes)
}

/// As much of a body as comes within bounds of size and time.
async fn bounded_body(body: &mut Body, url: &Url, clocks: &mut Clocks) -> Vec<u8> {
    let mut read = Vec::new();
    let reading = poll_fn(|cx| {
        with_buffer(|buffer| {
            loop {
                match body.poll_data(cx, url, buffer) {
                    Poll::Ready(Some(Ok(data))) => {
                        let room = ERROR_BODY_BYTES.saturating_sub(read.len());
                        read.extend(data.iter().take(room));
                        if data.len() >= room {
                            return Poll::Ready(());
                        }
                    }
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => return clocks.poll_waiting(cx).map(|_| ()),
                }
            }
        })
    });
    // Running out of time is no failure of its own: the status is known.
    let _ = timeout_at(Instant::now() + ERROR_BODY_TIME, reading).await;
    read
}

/// Whether event IDs may come at all.
fn is_event_stream(protocol: Protocol) -> bool {
    !matches!(protocol, Protocol::Text | Protocol::Ndjson)
}

/// A body that can't be read as it is.
fn encoded(headers: &HeaderMap) -> Option<StreamError> {
    let encoding = header_text(headers, &CONTENT_ENCODING)?;
    (!encoding.eq_ignore_ascii_case("identity") && !encoding.is_empty()).then(|| {
        StreamError::new(
            ErrorKind::Protocol,
            "UNSUPPORTED_ENCODING",
            "expected a stream without content encoding, got a compressed one",
        )
    })
}

fn header_text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
