//! From JavaScript to the engine: a flat request becomes a session, and what JavaScript wants of it later goes to its
//! exit as commands.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use millstream_engine::{
    Backoff, Carrier, ErrorKind, Feed, Place, ResumeMode, RetryPolicy, Session, SessionRequest, Signing,
    SigningService, StreamError, Timeouts,
};
use millstream_wire::Protocol;
use millstream_wire::request::{ChatRequest, RequestError, RequestShape, encode};
use napi::{Error, Result, Status};
use serde::Deserialize;
use tokio::sync::oneshot;

use crate::client_socket::ClientSocket;
use crate::estimate::{Estimate, NativeEstimate};
use crate::exit::{Mode, Pull, SessionExit};
use crate::kept::Kept;
use crate::mailbox::Shared;
use crate::relay::{NativeRelayOptions, Relay};
use crate::runtime;

/// What requests of a kind have in common: read once, shared by all sessions that go by it.
pub(crate) struct SessionPlan {
    carrier: Carrier,
    /// `None`: the body is JavaScript's own.
    shape: Option<RequestShape>,
    protocol: Protocol,
    max_event_bytes: usize,
    timeouts: Timeouts,
    retry: RetryPolicy,
    resume: ResumeMode,
    json: bool,
    credit: f64,
    spacing: Duration,
    estimate: Option<NativeEstimate>,
}

/// See `NativePlan` in `lib/native.ts`, which validates and applies defaults. It crosses as JSON: reading an object's
/// members over N-API costs several times as much.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NativePlan {
    carrier: String,
    shape: String,
    protocol: String,
    max_event_bytes: u32,
    connect_timeout: f64,
    first_content_timeout: f64,
    idle_timeout: f64,
    content_idle_timeout: f64,
    total_timeout: f64,
    max_retries: u32,
    backoff: String,
    initial_delay: f64,
    max_delay: f64,
    multiplier: f64,
    jitter: f64,
    respect_retry_after: bool,
    max_total_delay: f64,
    retryable_status_codes: Vec<u16>,
    ask_retry: bool,
    resume: String,
    credit: f64,
    flush_interval: f64,
    #[serde(default)]
    json: bool,
    estimate: Option<NativeEstimate>,
}

impl SessionPlan {
    /// Of the JSON text of a [`NativePlan`].
    pub(crate) fn parse(json: &str) -> Result<Self> {
        let plan: NativePlan = serde_json::from_str(json).map_err(|_| invalid("plan"))?;
        Ok(Self {
            carrier: match plan.carrier.as_str() {
                "http" => Carrier::Http,
                "websocket" => Carrier::WebSocket,
                _ => return Err(invalid("carrier")),
            },
            shape: match plan.shape.as_str() {
                "json" => None,
                shape => Some(shape.parse().map_err(|_| invalid("shape"))?),
            },
            protocol: plan.protocol.parse().map_err(|_| invalid("protocol"))?,
            max_event_bytes: plan.max_event_bytes as usize,
            timeouts: Timeouts {
                connect: clock(plan.connect_timeout),
                first_content: clock(plan.first_content_timeout),
                idle: clock(plan.idle_timeout),
                content_idle: clock(plan.content_idle_timeout),
                total: clock(plan.total_timeout),
            },
            retry: RetryPolicy {
                max_retries: plan.max_retries,
                backoff: match plan.backoff.as_str() {
                    "exponential" => Backoff::Exponential,
                    "linear" => Backoff::Linear,
                    _ => return Err(invalid("backoff")),
                },
                initial_delay: milliseconds(plan.initial_delay),
                max_delay: milliseconds(plan.max_delay),
                multiplier: plan.multiplier,
                jitter: plan.jitter,
                respect_retry_after: plan.respect_retry_after,
                max_total_delay: clock(plan.max_total_delay),
                retryable_status_codes: plan.retryable_status_codes,
                ask: plan.ask_retry,
            },
            resume: match plan.resume.as_str() {
                "auto" => ResumeMode::Auto,
                "restart" => ResumeMode::Restart,
                "none" => ResumeMode::None,
                _ => return Err(invalid("resume")),
            },
            json: plan.json,
            credit: plan.credit,
            spacing: milliseconds(plan.flush_interval),
            estimate: plan.estimate,
        })
    }

    /// What is asked under it, of the JSON texts of a [`NativeTarget`] and the canonical request.
    fn request(&self, target: &str, body: &str) -> std::result::Result<SessionRequest, StreamError> {
        let target: NativeTarget = serde_json::from_str(target).map_err(|_| malformed("target"))?;
        let body = match self.shape {
            None => body.as_bytes().to_vec(),
            Some(shape) => {
                let chat: ChatRequest = serde_json::from_str(body).map_err(|_| malformed("body"))?;
                encode(shape, &chat).map_err(|error| refused(&error))?
            }
        };
        let mut headers = Vec::with_capacity(target.headers.len() / 2);
        let mut names_and_values = target.headers.into_iter();
        while let (Some(name), Some(value)) = (names_and_values.next(), names_and_values.next()) {
            headers.push((name, value));
        }
        Ok(SessionRequest {
            url: target.url,
            carrier: self.carrier,
            headers,
            sign: target.sign.map(|sign| sign.into_signing().map(Box::new)).transpose()?,
            body: Bytes::from(body),
            protocol: self.protocol,
            max_event_bytes: self.max_event_bytes,
            timeouts: self.timeouts.clone(),
            retry: self.retry.clone(),
            resume: self.resume,
            json: self.json,
        })
    }
}

/// See `NativeTarget` in `lib/native.ts`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NativeTarget {
    url: String,
    /// Names and values in turn.
    headers: Vec<String>,
    sign: Option<NativeSigning>,
}

/// See `Signing` in `lib/providers/resolve.ts`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NativeSigning {
    service: String,
    region: String,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
}

impl NativeSigning {
    fn into_signing(self) -> std::result::Result<Signing, StreamError> {
        let services = [SigningService::Bedrock, SigningService::SageMaker];
        let service = services.into_iter().find(|service| service.as_str() == self.service);
        Ok(Signing {
            service: service.ok_or_else(|| malformed("sign.service"))?,
            region: self.region,
            access_key_id: self.access_key_id,
            secret_access_key: self.secret_access_key,
            session_token: self.session_token,
        })
    }
}

/// How an answer is handed over.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    push: bool,
    retain: bool,
    deliver: bool,
}

impl Pace {
    /// Of the bits that `lib/mailbox.ts` puts together.
    pub(crate) fn of_bits(bits: u32) -> Self {
        Self { push: bits & 1 != 0, retain: bits & 2 != 0, deliver: bits & 4 != 0 }
    }

    pub(crate) fn mode(self, credit: f64, control: &Control) -> Mode {
        let window = credit as i64;
        if self.push {
            return Mode::Push { window, batch: 0, spent: 0 };
        }
        control.credit.store(window, Ordering::Release);
        Mode::Pull(Box::new(Pull::new(self.retain, self.deliver)))
    }
}

/// What the shape has no word for: the caller's to correct, so it says which member.
fn refused(error: &RequestError) -> StreamError {
    let mut refused = StreamError::new(ErrorKind::InvalidRequest, error.code(), error.to_string());
    refused.place = Some(Place::Field(Box::new(error.field().to_owned())));
    refused
}

/// What `lib/` should have refused: a defect of ours, so the name is all there is to say.
fn malformed(part: &str) -> StreamError {
    StreamError::new(ErrorKind::Unknown, "ENGINE_REFUSED", format!("malformed `{part}` in a native request"))
}

/// A field that `lib/` should have refused: a defect of ours, so the name of the field is all there is to say.
pub(crate) fn invalid(field: &str) -> Error {
    Error::new(Status::InvalidArg, format!("malformed `{field}` in a native request"))
}

pub(crate) fn milliseconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value / 1000.0).unwrap_or_default()
}

/// 0 switches a clock off.
fn clock(value: f64) -> Option<Duration> {
    let duration = milliseconds(value);
    (!duration.is_zero()).then_some(duration)
}

/// What JavaScript wants of a pulled answer. Relays are named by their numbers.
pub(crate) enum Command {
    /// Tell of events as they come, those that came first.
    Deliver,
    /// Fetch everything; `keep`: for whoever wants the whole.
    Drain {
        keep: bool,
    },
    Relay(Box<Relay>),
    ToSocket {
        relay: u32,
        socket: ClientSocket,
    },
    ToFrames {
        relay: u32,
    },
    Credit {
        relay: u32,
        bytes: usize,
    },
    Inject {
        relay: u32,
        event: String,
        json: String,
    },
    Stop {
        relay: u32,
    },
    Drop {
        relay: u32,
    },
}

/// What JavaScript can do to a running session.
#[derive(Default)]
pub(crate) struct Control {
    session: OnceLock<Session>,
    /// Where the answer comes from JavaScript.
    feed: OnceLock<Feed>,
    cancelled: AtomicBool,
    /// Units left, where the consumer returns them itself.
    credit: AtomicI64,
    pub(crate) answer: Mutex<Option<oneshot::Sender<bool>>>,
    /// What the session keeps: bytes here cost a fraction of what as many small strings cost JavaScript's collector.
    kept: Mutex<Kept>,
    /// The usage as far as it is counted here, where that was asked for.
    estimate: Mutex<Option<Box<Estimate>>>,
    commands: Mutex<Commands>,
    /// Whether `commands` has any: asked for every token.
    commanded: AtomicBool,
    relays: AtomicU32,
    /// Bytes written, by relay.
    written: Mutex<Vec<Arc<AtomicU64>>>,
}

#[derive(Default)]
struct Commands {
    waiting: VecDeque<Command>,
    /// The exit takes no more.
    concluded: bool,
}

impl Control {
    pub(crate) fn set_session(&self, session: Session) {
        // Nobody else sets it.
        let _ = self.session.set(session);
    }

    pub(crate) fn set_feed(&self, feed: Feed) {
        // Nobody else sets it.
        let _ = self.feed.set(feed);
    }

    pub(crate) fn feed(&self) -> Option<&Feed> {
        self.feed.get()
    }

    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
        if let Some(session) = self.session.get() {
            session.cancel();
            // Once the session is over, its exit may still serve a client.
            session.wake();
        }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    pub(crate) fn return_credit(&self, units: i64) {
        let before = self.credit.fetch_add(units, Ordering::AcqRel);
        if before <= 0 && before.saturating_add(units) > 0 {
            self.wake();
        }
    }

    pub(crate) fn spend(&self, units: i64) {
        self.credit.fetch_sub(units, Ordering::AcqRel);
    }

    pub(crate) fn has_credit(&self) -> bool {
        self.credit.load(Ordering::Acquire) > 0
    }

    pub(crate) fn decide_retry(&self, go_on: bool) {
        let sender = self.answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender {
            // The session may have been cancelled meanwhile.
            let _ = sender.send(go_on);
        }
    }

    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the session count its usage, where `asked` to. `request` is the canonical request's JSON.
    pub(crate) fn estimate_by(&self, asked: Option<&NativeEstimate>, request: &str) -> Result<bool> {
        let Some(asked) = asked else { return Ok(false) };
        *self.estimate() = Some(Box::new(Estimate::new(asked, request).ok_or_else(|| invalid("estimate"))?));
        Ok(true)
    }

    pub(crate) fn estimate(&self) -> MutexGuard<'_, Option<Box<Estimate>>> {
        self.estimate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `false` where the exit is over.
    pub(crate) fn command(&self, command: Command) -> bool {
        {
            let mut commands = self.commands();
            if commands.concluded {
                return false;
            }
            commands.waiting.push_back(command);
            self.commanded.store(true, Ordering::Release);
        }
        self.wake();
        true
    }

    pub(crate) fn next_command(&self) -> Option<Command> {
        if !self.commanded.load(Ordering::Acquire) {
            return None;
        }
        let mut commands = self.commands();
        let command = commands.waiting.pop_front();
        self.commanded.store(!commands.waiting.is_empty(), Ordering::Release);
        command
    }

    /// No commands from here on; `false` where some wait.
    pub(crate) fn conclude(&self) -> bool {
        let mut commands = self.commands();
        commands.concluded = commands.waiting.is_empty();
        if !commands.concluded {
            self.wake();
        }
        commands.concluded
    }

    /// A new relay's number; 0 where the session is over.
    pub(crate) fn relay(&self, options: &NativeRelayOptions) -> Result<u32> {
        let id = self.relays.fetch_add(1, Ordering::Relaxed) + 1;
        let written = Arc::new(AtomicU64::new(0));
        self.written.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&written));
        let _guard = runtime::handle()?.enter();
        let relay = Relay::new(id, options, written)?;
        Ok(if self.command(Command::Relay(Box::new(relay))) { id } else { 0 })
    }

    /// Bytes a relay has written.
    pub(crate) fn relay_activity(&self, relay: u32) -> u64 {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let written = (relay as usize).checked_sub(1).and_then(|index| written.get(index));
        written.map_or(0, |bytes| bytes.load(Ordering::Relaxed))
    }

    fn commands(&self) -> MutexGuard<'_, Commands> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        if let Some(session) = self.session.get() {
            session.wake();
        }
    }
}

/// Starts a session whose events go to `mailbox` under the number `id`. What can take long is left to the runtime.
pub(crate) fn start(
    plan: Arc<SessionPlan>,
    target: String,
    body: String,
    pace: Pace,
    id: u32,
    mailbox: Arc<Shared>,
    control: Arc<Control>,
) -> Result<()> {
    let engine = runtime::engine()?;
    let mode = pace.mode(plan.credit, &control);
    let estimating = control.estimate_by(plan.estimate.as_ref(), &body)?;
    let spacing = plan.spacing;
    let exit = SessionExit { id, mailbox, control: Arc::clone(&control), spacing, finish: None, mode, estimating };
    control.set_session(engine.open_with(move || plan.request(&target, &body), exit));
    Ok(())
}
