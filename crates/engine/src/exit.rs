//! Where a session's events go.

use std::task::{Context, Poll};
use std::time::Duration;

use millstream_wire::Event;

use crate::StreamError;

/// The receiving end of a session: the mailbox to JavaScript, a relay, a collector.
///
/// Signals come in order, from one task. `signal` must not block. `poll_ready` is asked before every read of the
/// upstream body: while it is pending the session reads nothing, so the peer is slowed down by TCP, and the clocks for
/// silence stand still. [`Session::wake`](crate::Session::wake) has it asked again.
pub trait Exit: Send + 'static {
    /// Takes one signal. After [`Signal::End`] nothing follows.
    fn signal(&mut self, signal: Signal<'_>);

    /// Ready once the exit has credit for more events.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Called when the body has nothing more to read for now: what was gathered can go out, in one piece. Where it must
    /// wait for room or time, it registers the waker.
    fn poll_flush(&mut self, _cx: &mut Context<'_>) {}

    /// Asked after [`Signal::End`], until it is ready; then the exit is dropped.
    fn poll_closed(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    /// Asked before a retry where [`RetryPolicy::ask`](crate::RetryPolicy::ask) is set; resolves to whether to go on.
    fn confirm_retry(&mut self, _error: &StreamError, _attempt: u32) -> impl Future<Output = bool> + Send {
        std::future::ready(true)
    }
}

/// What a session tells its exit.
#[derive(Debug)]
pub enum Signal<'a> {
    /// An answer with a success status began. Once per attempt that gets so far.
    Open(ResponseInfo),
    /// One event of the answer.
    Event(Event<'a>),
    /// A failed attempt will be followed by another after `delay`. Sent before the wait.
    Retry {
        /// 1 for the first retry.
        attempt: u32,
        /// The real wait.
        delay: Duration,
        /// What failed.
        error: &'a StreamError,
    },
    /// The session is over. Its upstream connection is closed, or, after [`Outcome::Complete`], read to the end of the
    /// body for at most 250 ms so that it can be used again.
    End(Outcome),
}

/// The head of a successful answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseInfo {
    /// HTTP status.
    pub status: u16,
    /// The provider's id of the request, from `x-request-id`, `request-id` and their like.
    pub request_id: Option<String>,
    /// From sending the request to the response head.
    pub elapsed: Duration,
}

/// How a session ended. The session gives a [`Event::Finish`] before `Complete` and none otherwise;
/// [`Event::Error`] never reaches an exit: it becomes `Failed`.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The answer came to its end.
    Complete,
    /// It did not.
    Failed(Box<StreamError>),
    /// The caller cancelled. Nothing is wrong.
    Cancelled,
}
