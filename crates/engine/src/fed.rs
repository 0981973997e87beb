//! Answers that the program itself has: bytes of a body that came some other way, or events it made. They go through a
//! session like those of an endpoint, so that whatever can be done with an answer can be done with these.
//!
//! What always holds: what waits between the program and the session is bounded, as far as the program heeds
//! [`Room::Full`]; nothing is asked twice and no clock runs, since nobody can be asked again; [`FeedNotice::Closed`] comes
//! once, before the session's end. No I/O.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use atomic_waker::AtomicWaker;
use bytes::Bytes;
use millstream_wire::{Decoder, DecoderOptions, Event, Protocol};

use crate::attempt::{CHUNKS_PER_TURN, Incoming};
use crate::clocks::Clocks;
use crate::delivery::Delivery;
use crate::{Exit, Outcome, ResponseInfo, ResumeMode, Signal, StreamError, Timeouts};

/// How much may wait before the program is told that it is enough: what a socket's buffer would hold.
const WINDOW: usize = 64 * 1024;
/// What an event counts besides its payload.
const EVENT_BYTES: usize = 64;

/// An answer whose body the program brings.
#[derive(Debug, Clone)]
pub struct FedRequest {
    /// How its bytes are to be read. Without meaning for events.
    pub protocol: Protocol,
    /// The `content-type` they came with, where it is known.
    pub content_type: Option<String>,
    /// Cap on one event, in bytes.
    pub max_event_bytes: usize,
}

/// What the program learns of the other end of its feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedNotice {
    /// After [`Room::Full`]: there is room again.
    Room,
    /// Nothing more is wanted: the answer is over, or nobody reads it.
    Closed,
}

/// Whether more is wanted now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// It is.
    More,
    /// Not before [`FeedNotice::Room`]. What was given is taken nevertheless.
    Full,
    /// Never again.
    Closed,
}

enum Item {
    Bytes(Bytes),
    Event { event: Box<Event<'static>>, bytes: usize },
}

impl Item {
    fn bytes(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Event { bytes, .. } => bytes.saturating_add(EVENT_BYTES),
        }
    }
}

#[derive(Default)]
struct State {
    items: VecDeque<Item>,
    /// Bytes of all items.
    held: usize,
    /// Whether the program waits for room.
    full: bool,
    end: Option<Result<(), StreamError>>,
    closed: bool,
}

struct Channel {
    state: Mutex<State>,
    reader: AtomicWaker,
    notify: Box<dyn Fn(FeedNotice) + Send + Sync>,
}

impl Channel {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock calls out, so that a panic can't leave it half-written.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The program's end. A clone feeds the same answer.
#[derive(Clone)]
pub struct Feed {
    channel: Arc<Channel>,
}

/// The session's end.
pub struct FedBody {
    channel: Arc<Channel>,
}

impl Feed {
    /// Both ends. `notify` is called on any thread, and must not block.
    #[must_use]
    pub fn new(notify: impl Fn(FeedNotice) + Send + Sync + 'static) -> (Self, FedBody) {
        let channel = Arc::new(Channel {
            state: Mutex::new(State::default()),
            reader: AtomicWaker::new(),
            notify: Box::new(notify),
        });
        (Self { channel: Arc::clone(&channel) }, FedBody { channel })
    }

    /// The next piece of the body, of any size and cut anywhere.
    pub fn bytes(&self, bytes: Bytes) -> Room {
        self.push(Item::Bytes(bytes))
    }

    /// The next event of an answer that never was a body. [`Event::Finish`] is its end. `bytes`: about how many its
    /// payload takes.
    pub fn event(&self, event: Event<'static>, bytes: usize) -> Room {
        self.push(Item::Event { event: Box::new(event), bytes })
    }

    fn push(&self, item: Item) -> Room {
        let mut state = self.channel.lock();
        if state.closed || state.end.is_some() {
            return Room::Closed;
        }
        state.held = state.held.saturating_add(item.bytes());
        state.items.push_back(item);
        state.full = state.held >= WINDOW;
        let room = if state.full { Room::Full } else { Room::More };
        drop(state);
        self.channel.reader.wake();
        room
    }

    /// The body ended. What follows is of no effect, a failure included.
    pub fn end(&self) {
        self.conclude(Ok(()));
    }

    /// The body can't be had to its end: what came is told, then this.
    pub fn fail(&self, error: StreamError) {
        self.conclude(Err(error));
    }

    fn conclude(&self, end: Result<(), StreamError>) {
        self.channel.lock().end.get_or_insert(end);
        self.channel.reader.wake();
    }
}

impl FedBody {
    fn poll_next(&mut self, cx: &Context<'_>) -> Poll<Option<Result<Item, StreamError>>> {
        self.channel.reader.register(cx.waker());
        let mut state = self.channel.lock();
        let Some(item) = state.items.pop_front() else {
            return match state.end.clone() {
                None => Poll::Pending,
                Some(Ok(())) => Poll::Ready(None),
                Some(Err(error)) => Poll::Ready(Some(Err(error))),
            };
        };
        state.held = state.held.saturating_sub(item.bytes());
        // At half, so that it need not be told for every piece.
        let room = state.full && state.held <= WINDOW / 2;
        if room {
            state.full = false;
        }
        drop(state);
        if room {
            (self.channel.notify)(FeedNotice::Room);
        }
        Poll::Ready(Some(Ok(item)))
    }
}

impl Drop for FedBody {
    fn drop(&mut self) {
        let left = {
            let mut state = self.channel.lock();
            state.closed = true;
            std::mem::take(&mut state.items)
        };
        drop(left);
        (self.channel.notify)(FeedNotice::Closed);
    }
}

/// Reads an answer to its end or to what broke it.
pub(crate) async fn run<E: Exit>(request: &FedRequest, mut body: FedBody, exit: &mut E) -> Outcome {
    let mut clocks = Clocks::new(Timeouts::NONE);
    let mut delivery = Delivery::new(ResumeMode::None, false);
    // No attempt follows that would have to look like the first.
    delivery.commit(exit);
    let decoder = Decoder::new(DecoderOptions {
        protocol: request.protocol,
        content_type: request.content_type.clone(),
        max_event_bytes: request.max_event_bytes,
    });
    let mut incoming = Incoming::new(decoder, exit, &mut clocks, &mut delivery);
    let mut opened = false;
    let ending = poll_fn(|cx| {
        for _ in 0..CHUNKS_PER_TURN {
            if incoming.exit.poll_ready(cx).is_pending() {
                incoming.exit.poll_flush(cx);
                return Poll::Pending;
            }
            let next = body.poll_next(cx);
            if !opened && matches!(next, Poll::Ready(None | Some(Ok(_)))) {
                opened = true;
                incoming.exit.signal(Signal::Open(ResponseInfo {
                    status: 200,
                    request_id: None,
                    elapsed: incoming.clocks.attempt_elapsed(),
                }));
            }
            let ending = match next {
                Poll::Ready(Some(Ok(Item::Bytes(bytes)))) => incoming.chunk(&bytes),
                Poll::Ready(Some(Ok(Item::Event { event, .. }))) => incoming.event(*event),
                Poll::Ready(Some(Err(error))) => Some(Err(error)),
                Poll::Ready(None) => Some(incoming.end()),
                Poll::Pending => {
                    incoming.exit.poll_flush(cx);
                    return Poll::Pending;
                }
            };
            if let Some(ending) = ending {
                return Poll::Ready(ending);
            }
        }
        incoming.exit.poll_flush(cx);
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
    match ending {
        Ok(_) => Outcome::Complete,
        Err(error) => Outcome::Failed(Box::new(error)),
    }
}

impl Timeouts {
    /// No clock at all.
    pub(crate) const NONE: Self =
        Self { connect: None, first_content: None, idle: None, content_idle: None, total: None::<Duration> };
}
