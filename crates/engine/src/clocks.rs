//! The five clocks of a session, on one timer.
//!
//! Reading a chunk only notes the time. The timer is left where it is and, when it fires early, moved to where the
//! nearest deadline is by then, so that a token costs no timer operation.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::{Phase, Timeouts};

pub(crate) struct Clocks {
    limits: Timeouts,
    total: Option<Instant>,
    attempt_began: Instant,
    /// When the last bytes of the body came; `None` before the first.
    last_bytes: Option<Instant>,
    /// When the last content came; `None` before the first.
    last_content: Option<Instant>,
    /// Since when the exit has had no credit.
    paused: Option<Instant>,
    timer: Pin<Box<Sleep>>,
    /// Where the timer stands; `None` when it isn't set.
    armed: Option<Instant>,
}

impl Clocks {
    /// Starts the clock of the whole session.
    pub(crate) fn new(limits: Timeouts) -> Self {
        let now = Instant::now();
        Self {
            total: limits.total.and_then(|limit| now.checked_add(limit)),
            limits,
            attempt_began: now,
            last_bytes: None,
            last_content: None,
            paused: None,
            timer: Box::pin(sleep_until(now)),
            armed: None,
        }
    }

    pub(crate) fn limits(&self) -> &Timeouts {
        &self.limits
    }

    /// A request is about to be sent.
    pub(crate) fn begin_attempt(&mut self) {
        self.attempt_began = Instant::now();
        self.last_bytes = None;
        self.last_content = None;
        self.paused = None;
    }

    /// Since the request was sent.
    pub(crate) fn attempt_elapsed(&self) -> Duration {
        self.attempt_began.elapsed()
    }

    /// Bytes of the body came, with content among them or not.
    pub(crate) fn note_bytes(&mut self, content: bool) {
        let now = Instant::now();
        self.last_bytes = Some(now);
        if content {
            self.last_content = Some(now);
        }
    }

    /// The exit has no credit: the clocks for silence stop. Returns whether the session's own clock has run out.
    pub(crate) fn poll_paused(&mut self, cx: &mut Context<'_>) -> Poll<Phase> {
        if self.paused.is_none() {
            self.paused = Some(Instant::now());
        }
        self.poll_until(cx, self.session_deadline())
    }

    /// The exit has credit: the clocks for silence go on from where they stopped.
    pub(crate) fn unpause(&mut self) {
        if let Some(since) = self.paused.take() {
            let pause = since.elapsed();
            self.attempt_began += pause;
            self.last_bytes = self.last_bytes.map(|at| at + pause);
            self.last_content = self.last_content.map(|at| at + pause);
        }
    }

    /// Ready with the first clock that has run out, while a request or an answer is under way.
    pub(crate) fn poll_running(&mut self, cx: &mut Context<'_>) -> Poll<Phase> {
        self.poll_until(cx, self.nearest())
    }

    /// Ready once the session's own clock has run out, between attempts.
    pub(crate) fn poll_waiting(&mut self, cx: &mut Context<'_>) -> Poll<Phase> {
        self.poll_until(cx, self.session_deadline())
    }

    fn nearest(&self) -> Option<(Instant, Phase)> {
        let limits = &self.limits;
        let at = |since: Option<Instant>, limit: Option<Duration>, phase| Some((since?.checked_add(limit?)?, phase));
        let first_content = if self.last_content.is_none() {
            at(Some(self.attempt_began), limits.first_content, Phase::FirstContent)
        } else {
            None
        };
        [
            self.session_deadline(),
            first_content,
            at(self.last_bytes, limits.idle, Phase::Idle),
            at(self.last_content, limits.content_idle, Phase::ContentIdle),
        ]
        .into_iter()
        .flatten()
        .min_by_key(|(deadline, _)| *deadline)
    }

    fn session_deadline(&self) -> Option<(Instant, Phase)> {
        self.total.map(|deadline| (deadline, Phase::Total))
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, deadline: Option<(Instant, Phase)>) -> Poll<Phase> {
        let Some((at, phase)) = deadline else { return Poll::Pending };
        loop {
            // Set early enough and, since only this task polls it, already watched.
            if self.armed.is_some_and(|armed| armed <= at) && !self.timer.is_elapsed() {
                return Poll::Pending;
            }
            if Instant::now() >= at {
                return Poll::Ready(phase);
            }
            self.timer.as_mut().reset(at);
            self.armed = Some(at);
            if self.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}
