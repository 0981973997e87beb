//! One answer, from the request to its end: attempts, waits between them, cancellation.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use reqwest::Url;
use tokio::time::{Instant, sleep};

use crate::attempt::{self, Ending};
use crate::body::{Body, with_buffer};
use crate::cancel::CancelSwitch;
use crate::classify;
use crate::clocks::Clocks;
use crate::config::{EngineConfig, EngineError};
use crate::delivery::Delivery;
use crate::fed::{self, FedBody, FedRequest};
use crate::redact::Secrets;
use crate::transport::{Prepared, Transport};
use crate::{ErrorKind, Exit, Outcome, ResumeMode, RetryPolicy, SessionRequest, Signal, StreamError};

/// How much of a body is read after the answer's end so that its connection can be used again.
const DRAIN_BYTES: usize = 64 * 1024;
/// How long for.
const DRAIN_TIME: Duration = Duration::from_millis(250);

/// The engine of a process: its HTTP client and the runtime its sessions run on. A clone is the same engine.
#[derive(Clone)]
pub struct Engine {
    transport: Arc<Transport>,
    runtime: tokio::runtime::Handle,
}

impl Engine {
    /// Sets up the HTTP client.
    ///
    /// # Errors
    /// [`EngineError`] where TLS can't be set up.
    pub fn new(config: EngineConfig) -> Result<Self, EngineError> {
        let runtime = config.runtime.clone();
        Ok(Self { transport: Arc::new(Transport::new(config)?), runtime })
    }

    /// Starts a session. May be called from any thread. Every failure, a malformed request included, reaches `exit` as
    /// its [`Signal::End`]; an exit dropped without one was cut off by the end of its runtime.
    pub fn open<E: Exit>(&self, request: SessionRequest, exit: E) -> Session {
        self.open_with(move || Ok(request), exit)
    }

    /// Starts a session whose request is put together on a thread of the runtime, so that the caller's is free at once.
    pub fn open_with<E: Exit>(
        &self,
        request: impl FnOnce() -> Result<SessionRequest, StreamError> + Send + 'static,
        exit: E,
    ) -> Session {
        let cancel = Arc::new(CancelSwitch::default());
        let task = drive(Arc::clone(&self.transport), request, exit, Arc::clone(&cancel));
        self.runtime.spawn(task);
        Session { cancel }
    }

    /// Starts a session for an answer that the program itself brings, through the [`Feed`](crate::Feed) of `body`.
    pub fn open_fed<E: Exit>(&self, request: FedRequest, body: FedBody, exit: E) -> Session {
        let cancel = Arc::new(CancelSwitch::default());
        self.runtime.spawn(drive_fed(request, body, exit, Arc::clone(&cancel)));
        Session { cancel }
    }
}

/// A running session. Dropping it leaves the session running.
#[derive(Debug, Clone)]
pub struct Session {
    cancel: Arc<CancelSwitch>,
}

impl Session {
    /// Closes the upstream connection and ends the session as [`Outcome::Cancelled`], unless it has ended. May be
    /// called any number of times, from any thread.
    pub fn cancel(&self) {
        self.cancel.throw();
    }

    /// Has the session's task look at its exit again. From any thread.
    pub fn wake(&self) {
        self.cancel.wake();
    }
}

/// The task of a session.
#[expect(clippy::manual_async_fn, reason = "an `async fn` has room for its arguments twice")]
fn drive<E: Exit>(
    transport: Arc<Transport>,
    request: impl FnOnce() -> Result<SessionRequest, StreamError> + Send,
    mut exit: E,
    cancel: Arc<CancelSwitch>,
) -> impl Future<Output = ()> + Send {
    async move {
        let began = Instant::now();
        // Not taken apart by value, for the same reason.
        let mut request = request();
        let (outcome, rest) = match &mut request {
            Err(error) => (Outcome::Failed(Box::new(error.clone())), None),
            Ok(request) => {
                let running = pin!(run(&transport, request, &mut exit));
                // Leaving this block drops what runs, and with it the connection.
                unless_cancelled(running, &cancel).await.unwrap_or((Outcome::Cancelled, None))
            }
        };
        tell_end(began, outcome, &mut exit);
        drop(request);
        see_off(&mut Some(exit), rest, &cancel).await;
    }
}

/// The task of a session whose answer the program brings.
async fn drive_fed<E: Exit>(request: FedRequest, body: FedBody, mut exit: E, cancel: Arc<CancelSwitch>) {
    let began = Instant::now();
    let outcome = {
        let running = pin!(fed::run(&request, body, &mut exit));
        // Leaving this block tells the program that no more is wanted.
        unless_cancelled(running, &cancel).await.unwrap_or(Outcome::Cancelled)
    };
    tell_end(began, outcome, &mut exit);
    drop(request);
    see_off(&mut Some(exit), None, &cancel).await;
}

/// Waits for what runs; `None` where the switch is thrown before it is done.
async fn unless_cancelled<T>(mut running: Pin<&mut impl Future<Output = T>>, cancel: &CancelSwitch) -> Option<T> {
    poll_fn(|cx| match cancel.poll(cx) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => running.as_mut().poll(cx).map(Some),
    })
    .await
}

fn tell_end(began: Instant, outcome: Outcome, exit: &mut impl Exit) {
    let ms = began.elapsed().as_millis();
    match &outcome {
        Outcome::Complete => tracing::debug!(ms, "session complete"),
        Outcome::Cancelled => tracing::debug!(ms, "session cancelled"),
        Outcome::Failed(error) => {
            tracing::debug!(
                ms,
                kind = error.kind.as_str(),
                status = error.status,
                attempt = error.attempt,
                "session failed"
            );
        }
    }
    exit.signal(Signal::End(outcome));
}

/// What follows an answer's end: the rest of its body, and an exit that isn't done with it.
async fn see_off<E: Exit>(exit: &mut Option<E>, rest: Option<Box<Rest>>, cancel: &CancelSwitch) {
    let mut draining = pin!(async {
        if let Some(rest) = rest {
            let Rest { body, url } = *rest;
            drain(body, &url, cancel).await;
        }
    });
    let mut drained = false;
    poll_fn(|cx| {
        // Watches for a wake as well as for a cancel: an exit may have left to hear of either.
        let _ = cancel.poll(cx);
        if exit.as_mut().is_some_and(|exit| exit.poll_closed(cx).is_ready()) {
            *exit = None;
        }
        drained = drained || draining.as_mut().poll(cx).is_ready();
        if drained && exit.is_none() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// What may follow an answer's end.
struct Rest {
    body: Body,
    url: Url,
}

/// Reads what follows the answer's end, so that the connection goes back to the pool, or is closed in good order.
async fn drain(mut body: Body, url: &Url, cancel: &CancelSwitch) {
    body.finish();
    let mut left = DRAIN_BYTES;
    let mut time = pin!(sleep(DRAIN_TIME));
    poll_fn(|cx| {
        with_buffer(|buffer| {
            loop {
                match body.poll_data(cx, url, buffer) {
                    Poll::Ready(Some(Ok(data))) => match left.checked_sub(data.len()) {
                        Some(less) => left = less,
                        None => return Poll::Ready(()),
                    },
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending if cancel.poll(cx).is_ready() => return Poll::Ready(()),
                    Poll::Pending => return time.as_mut().poll(cx),
                }
            }
        })
    })
    .await;
}

/// Makes attempts until one ends the session.
async fn run<E: Exit>(
    transport: &Transport,
    request: &mut SessionRequest,
    exit: &mut E,
) -> (Outcome, Option<Box<Rest>>) {
    let fail = |error: StreamError| (Outcome::Failed(Box::new(error)), None);
    let prepared = match Prepared::new(request) {
        Ok(prepared) => prepared,
        Err(error) => return fail(error),
    };
    let request = &*request;
    let policy = &request.retry;
    let mut clocks = Clocks::new(request.timeouts.clone());
    let mut delivery = Delivery::new(request.resume, request.json);
    // Why the answer that is being continued broke off.
    let mut broke: Option<Box<StreamError>> = None;
    let mut waited = Duration::ZERO;
    let mut attempt = 1;
    loop {
        clocks.begin_attempt();
        delivery.begin_attempt();
        let ending = attempt::run(transport, request, &prepared, exit, &mut clocks, &mut delivery).await;
        let (mut error, for_good) = match ending {
            Ending::Complete(rest) => {
                return (Outcome::Complete, rest.map(|body| Box::new(Rest { body, url: prepared.url })));
            }
            Ending::Failed(error) => (error, false),
            Ending::Diverged => (diverged(broke.take().map(|broke| *broke), request.resume), true),
        };
        error.attempt = attempt;
        Secrets { url: &prepared.url, headers: &prepared.headers, sign: prepared.sign.as_deref(), body: &request.body }
            .mask(&mut error);
        let mut delay = if for_good { None } else { next_delay(policy, attempt, &error, &delivery) };
        if policy.max_total_delay.is_some_and(|cap| delay.is_some_and(|delay| waited.saturating_add(delay) > cap)) {
            delay = None;
        }
        let go_on = match delay {
            Some(_) if policy.ask => match until_total(&mut clocks, exit.confirm_retry(&error, attempt)).await {
                Ok(answer) => answer,
                Err(timeout) => {
                    delivery.give_up(exit);
                    return fail(after(timeout, &error));
                }
            },
            Some(_) => true,
            None => false,
        };
        // A failure to continue says less than what broke the answer off.
        if delivery.attempt_delivered() || !delivery.has_delivered() || broke.is_none() {
            broke = Some(Box::new(error.clone()));
        }
        let Some(delay) = delay.filter(|_| go_on) else {
            delivery.give_up(exit);
            let mut last = broke.map_or(error, |broke| *broke);
            last.attempt = attempt;
            return fail(last);
        };
        tracing::debug!(
            attempt,
            delay_ms = delay.as_millis(),
            kind = error.kind.as_str(),
            status = error.status,
            "retry"
        );
        exit.signal(Signal::Retry { attempt, delay, error: &error });
        if let Err(timeout) = until_total(&mut clocks, sleep(delay)).await {
            delivery.give_up(exit);
            return fail(after(timeout, &error));
        }
        waited = waited.saturating_add(delay);
        attempt += 1;
    }
}

/// The wait before the next attempt; `None` where there is none.
fn next_delay(policy: &RetryPolicy, attempt: u32, error: &StreamError, delivery: &Delivery) -> Option<Duration> {
    if !error.retryable || attempt > policy.max_retries {
        return None;
    }
    if !delivery.has_delivered() {
        // Once anything has left, another attempt would repeat it.
        return if delivery.is_committed() { None } else { policy.delay(attempt, error.retry_after) };
    }
    let broke_off = matches!(error.kind, ErrorKind::Connection | ErrorKind::Truncated | ErrorKind::Timeout);
    if !delivery.can_resume() || (delivery.attempt_delivered() && !broke_off) {
        return None;
    }
    match delivery.reconnection_ms() {
        Some(ms) => Some(Duration::from_millis(ms).min(policy.max_delay)),
        None => policy.delay(attempt, error.retry_after),
    }
}

/// The second answer is not a continuation of the first, and nothing of it was let out.
fn diverged(broke: Option<StreamError>, resume: ResumeMode) -> StreamError {
    let why = broke.as_ref().map_or_else(String::new, |error| format!(" ({})", error.message));
    match (resume, broke) {
        (ResumeMode::Auto, Some(broke)) => broke,
        _ => {
            let message = format!("the answer broke off{why}, and the new one does not repeat it");
            let mut error = StreamError::new(ErrorKind::Truncated, "RESUME_DIVERGED", message);
            error.retryable = true;
            error
        }
    }
}

/// Waits for something that isn't the upstream; only the session's own clock runs.
async fn until_total<T>(clocks: &mut Clocks, waiting: impl Future<Output = T>) -> Result<T, StreamError> {
    let mut waiting = pin!(waiting);
    poll_fn(|cx| match waiting.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(Ok(value)),
        Poll::Pending => clocks.poll_waiting(cx).map(|phase| Err(classify::timeout(phase, clocks.limits()))),
    })
    .await
}

/// The session's clock ran out while it waited to ask again: says why it waited.
fn after(mut timeout: StreamError, last: &StreamError) -> StreamError {
    timeout.message = format!("{} (attempt {} failed: {})", timeout.message, last.attempt, last.message);
    timeout.attempt = last.attempt;
    timeout
}
