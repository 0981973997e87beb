//! From JavaScript to the engine: a flat request becomes a session whose exit is the mailbox.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use millstream_engine::{
    Backoff, Carrier, Exit, Outcome, ResumeMode, RetryPolicy, Session, SessionRequest, Signal, StreamError, Timeouts,
};
use millstream_wire::request::{ChatRequest, RequestShape, encode};
use millstream_wire::{Event, FinishReason, Protocol};
use napi::{Error, Result, Status};
use napi_derive::napi;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::mailbox::{Kind, Shared, utf16_units};
use crate::runtime;

/// Credit units of one event besides its payload: about what its objects weigh in JavaScript. `eventCost` in
/// `lib/mailbox.ts` counts the same.
const EVENT_COST: i64 = 64;

/// See `NativeRequest` in `lib/native.ts`, which validates and applies defaults.
#[napi(object, object_to_js = false)]
pub struct NativeRequest {
    pub url: String,
    pub carrier: String,
    pub headers: Vec<String>,
    pub body: String,
    pub shape: String,
    pub protocol: String,
    pub max_event_bytes: u32,
    pub connect_timeout: f64,
    pub first_content_timeout: f64,
    pub idle_timeout: f64,
    pub content_idle_timeout: f64,
    pub total_timeout: f64,
    pub max_retries: u32,
    pub backoff: String,
    pub initial_delay: f64,
    pub max_delay: f64,
    pub multiplier: f64,
    pub jitter: f64,
    pub respect_retry_after: bool,
    pub max_total_delay: f64,
    pub retryable_status_codes: Vec<u16>,
    pub ask_retry: bool,
    pub resume: String,
    pub credit: f64,
    pub auto_credit: bool,
    pub flush_interval: f64,
    pub keep_text: bool,
}

impl NativeRequest {
    fn into_session_request(self) -> Result<SessionRequest> {
        let shape = match self.shape.as_str() {
            "events" => RequestShape::Events,
            "openai" => RequestShape::OpenAi,
            _ => return Err(invalid("shape")),
        };
        let chat: ChatRequest = serde_json::from_str(&self.body).map_err(|_| invalid("body"))?;
        let body = encode(shape, &chat).map_err(|error| Error::new(Status::InvalidArg, error.to_string()))?;
        let mut headers = Vec::with_capacity(self.headers.len() / 2);
        let mut names_and_values = self.headers.into_iter();
        while let (Some(name), Some(value)) = (names_and_values.next(), names_and_values.next()) {
            headers.push((name, value));
        }
        Ok(SessionRequest {
            url: self.url,
            carrier: match self.carrier.as_str() {
                "http" => Carrier::Http,
                "websocket" => Carrier::WebSocket,
                _ => return Err(invalid("carrier")),
            },
            headers,
            body: Bytes::from(body),
            protocol: self.protocol.parse::<Protocol>().map_err(|_| invalid("protocol"))?,
            max_event_bytes: self.max_event_bytes as usize,
            timeouts: Timeouts {
                connect: clock(self.connect_timeout),
                first_content: clock(self.first_content_timeout),
                idle: clock(self.idle_timeout),
                content_idle: clock(self.content_idle_timeout),
                total: clock(self.total_timeout),
            },
            retry: RetryPolicy {
                max_retries: self.max_retries,
                backoff: match self.backoff.as_str() {
                    "exponential" => Backoff::Exponential,
                    "linear" => Backoff::Linear,
                    _ => return Err(invalid("backoff")),
                },
                initial_delay: milliseconds(self.initial_delay),
                max_delay: milliseconds(self.max_delay),
                multiplier: self.multiplier,
                jitter: self.jitter,
                respect_retry_after: self.respect_retry_after,
                max_total_delay: clock(self.max_total_delay),
                retryable_status_codes: self.retryable_status_codes,
                ask: self.ask_retry,
            },
            resume: match self.resume.as_str() {
                "auto" => ResumeMode::Auto,
                "restart" => ResumeMode::Restart,
                "none" => ResumeMode::None,
                _ => return Err(invalid("resume")),
            },
        })
    }
}

/// A field that `lib/` should have refused: a defect of ours, so the name of the field is all there is to say.
fn invalid(field: &str) -> Error {
    Error::new(Status::InvalidArg, format!("malformed `{field}` in a native request"))
}

fn milliseconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value / 1000.0).unwrap_or_default()
}

/// 0 switches a clock off.
fn clock(value: f64) -> Option<Duration> {
    let duration = milliseconds(value);
    (!duration.is_zero()).then_some(duration)
}

/// What JavaScript can do to a running session.
#[derive(Default)]
pub(crate) struct Control {
    session: OnceLock<Session>,
    /// Units left, where the consumer returns them itself.
    credit: AtomicI64,
    waiting: Mutex<Option<Waker>>,
    answer: Mutex<Option<oneshot::Sender<bool>>>,
    /// The text of the first alternative, where the session keeps it: bytes here cost a fraction of what as many small
    /// strings cost JavaScript's collector.
    text: Mutex<String>,
}

impl Control {
    pub(crate) fn cancel(&self) {
        if let Some(session) = self.session.get() {
            session.cancel();
        }
    }

    pub(crate) fn return_credit(&self, units: i64) {
        let before = self.credit.fetch_add(units, Ordering::AcqRel);
        if before <= 0 && before.saturating_add(units) > 0 {
            let waker = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    pub(crate) fn decide_retry(&self, go_on: bool) {
        let sender = self.answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender {
            // The session may have been cancelled meanwhile.
            let _ = sender.send(go_on);
        }
    }

    fn keep_text(&self, text: &str) {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
    }

    pub(crate) fn text(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn take_text(&self) -> String {
        std::mem::take(&mut self.text.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn poll_credit(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.credit.load(Ordering::Acquire) > 0 {
            return Poll::Ready(());
        }
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
        // Credit may have come between the look and the registration.
        if self.credit.load(Ordering::Acquire) > 0 { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Starts a session for `request` whose events go to `mailbox` under the number `id`.
pub(crate) fn start(request: NativeRequest, id: u32, mailbox: Arc<Shared>, control: Arc<Control>) -> Result<()> {
    let engine = runtime::engine()?;
    let window = request.credit as i64;
    let spacing = milliseconds(request.flush_interval);
    let credit = if request.auto_credit {
        Credit::Automatic { window, batch: 0, spent: 0 }
    } else {
        control.credit.store(window, Ordering::Release);
        Credit::Returned
    };
    let keep_text = request.keep_text;
    let request = request.into_session_request()?;
    let exit = MailboxExit { id, mailbox, control: Arc::clone(&control), credit, spacing, keep_text, finish: None };
    let session = engine.open(request, exit);
    // Nobody else sets it.
    let _ = control.session.set(session);
    Ok(())
}

/// Who returns a session's credit.
enum Credit {
    /// Delivery itself: what JavaScript took is consumed. `spent` went into batches
    /// that are still queued, `batch` the newest of them.
    Automatic { window: i64, batch: u64, spent: i64 },
    /// The consumer, by `Mailbox::credit`.
    Returned,
}

/// The exit that leads to JavaScript.
struct MailboxExit {
    id: u32,
    mailbox: Arc<Shared>,
    control: Arc<Control>,
    credit: Credit,
    /// The finish event, held until the session's own end says the same.
    finish: Option<(FinishReason, Option<String>)>,
    /// Least distance of wakes under load.
    spacing: Duration,
    keep_text: bool,
}

impl MailboxExit {
    fn push(&mut self, kind: Kind, choice: u32, payload: &str) {
        let number = self.mailbox.push(self.id, kind, choice, payload, self.spacing);
        let cost = i64::from(utf16_units(payload)) + EVENT_COST;
        match &mut self.credit {
            Credit::Automatic { batch, spent, .. } => {
                if *batch != number {
                    if self.mailbox.is_taken(*batch) {
                        *spent = 0;
                    }
                    *batch = number;
                }
                *spent += cost;
            }
            Credit::Returned => {
                self.control.credit.fetch_sub(cost, Ordering::AcqRel);
            }
        }
    }

    fn push_json(&mut self, kind: Kind, value: &Value) {
        self.push(kind, 0, &value.to_string());
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Text { choice, text } => {
                if self.keep_text && choice == 0 {
                    self.control.keep_text(&text);
                }
                self.push(Kind::Text, choice, &text);
            }
            Event::Reasoning { choice, text, signature } => {
                if !text.is_empty() {
                    self.push(Kind::Reasoning, choice, &text);
                }
                if let Some(signature) = signature {
                    self.push(Kind::ReasoningSignature, choice, &signature);
                }
            }
            Event::Start { id, model } => self.push_json(Kind::Start, &json!({ "id": id, "model": model })),
            Event::ToolCallDelta { choice, index, id, name, arguments } => self.push_json(
                Kind::ToolCallDelta,
                &json!({ "id": id, "index": index, "tool": name, "argsDelta": arguments, "choice": choice }),
            ),
            Event::ToolCall(call) => self.push_json(
                Kind::ToolCall,
                &json!({
                    "id": call.id, "index": call.index, "tool": call.name, "arguments": call.arguments,
                    "valid": call.valid, "choice": call.choice,
                }),
            ),
            Event::Usage(usage) => {
                // Numbers and the provider's own object: always serialisable.
                let value = serde_json::to_value(&usage).unwrap_or_default();
                self.push_json(Kind::Usage, &value);
            }
            Event::Metadata(value) => self.push_json(Kind::Metadata, &value),
            Event::Finish { reason, raw } => self.finish = Some((reason, raw.map(|raw| raw.into_owned()))),
            // The session turns it into a failed outcome.
            Event::Error(_) => {}
        }
    }
}

impl Exit for MailboxExit {
    fn signal(&mut self, signal: Signal<'_>) {
        match signal {
            Signal::Event(event) => self.event(event),
            Signal::Open(info) => self.push_json(
                Kind::Open,
                &json!({
                    "status": info.status,
                    "requestId": info.request_id,
                    "elapsed": info.elapsed.as_secs_f64() * 1000.0,
                }),
            ),
            Signal::Retry { attempt, delay, error } => {
                let payload = format!(
                    r#"{{"attempt":{attempt},"delay":{},"error":{}}}"#,
                    delay.as_secs_f64() * 1000.0,
                    error.to_json()
                );
                self.push(Kind::Retry, 0, &payload);
            }
            Signal::End(Outcome::Complete) => {
                let (reason, raw) = self.finish.take().unwrap_or((FinishReason::Unknown, None));
                self.push_json(Kind::Finish, &json!({ "reason": reason.as_str(), "raw": raw }));
            }
            Signal::End(Outcome::Failed(error)) => self.push(Kind::Failed, 0, &error.to_json()),
            Signal::End(Outcome::Cancelled) => self.push(Kind::Cancelled, 0, ""),
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.credit {
            Credit::Automatic { window, batch, spent } => {
                if *spent < *window {
                    return Poll::Ready(());
                }
                let ready = self.mailbox.poll_taken(*batch, cx);
                if ready.is_ready() {
                    *spent = 0;
                }
                ready
            }
            Credit::Returned => self.control.poll_credit(cx),
        }
    }

    async fn confirm_retry(&mut self, error: &StreamError, attempt: u32) -> bool {
        let (sender, receiver) = oneshot::channel();
        *self.control.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        let payload = format!(r#"{{"attempt":{attempt},"error":{}}}"#, error.to_json());
        self.push(Kind::RetryQuestion, 0, &payload);
        // No answer is a no: whoever should give it is gone.
        receiver.await.unwrap_or(false)
    }
}
