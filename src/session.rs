//! From JavaScript to the engine: a flat request becomes a session, and what JavaScript wants of it later goes to its
//! exit as commands.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use millstream_engine::{
    Backoff, Carrier, Feed, ResumeMode, RetryPolicy, Session, SessionRequest, Signing, SigningService, Timeouts,
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

/// See `NativeRequest` in `lib/native.ts`, which validates and applies defaults. It crosses as JSON: reading an object's
/// members over N-API costs several times as much.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NativeRequest {
    url: String,
    carrier: String,
    headers: Vec<String>,
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
    mode: String,
    retain: bool,
    deliver: bool,
    flush_interval: f64,
    sign: Option<NativeSigning>,
    #[serde(default)]
    json: bool,
    estimate: Option<NativeEstimate>,
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
    fn into_signing(self) -> Result<Signing> {
        let services = [SigningService::Bedrock, SigningService::SageMaker];
        let service = services.into_iter().find(|service| service.as_str() == self.service);
        Ok(Signing {
            service: service.ok_or_else(|| invalid("sign.service"))?,
            region: self.region,
            access_key_id: self.access_key_id,
            secret_access_key: self.secret_access_key,
            session_token: self.session_token,
        })
    }
}

/// How an answer is handed over.
pub(crate) struct Pace<'a> {
    pub(crate) mode: &'a str,
    pub(crate) credit: f64,
    pub(crate) retain: bool,
    pub(crate) deliver: bool,
}

impl Pace<'_> {
    pub(crate) fn mode(&self, control: &Control) -> Result<Mode> {
        let window = self.credit as i64;
        match self.mode {
            "push" => Ok(Mode::Push { window, batch: 0, spent: 0 }),
            "pull" => {
                control.credit.store(window, Ordering::Release);
                Ok(Mode::Pull(Box::new(Pull::new(self.retain, self.deliver))))
            }
            _ => Err(invalid("mode")),
        }
    }
}

impl NativeRequest {
    /// Of its JSON text.
    pub(crate) fn parse(json: &str) -> Result<Self> {
        serde_json::from_str(json).map_err(|_| invalid("request"))
    }

    fn into_session_request(self, body: &str) -> Result<SessionRequest> {
        let body = match self.shape.as_str() {
            // JavaScript has its own words for it.
            "json" => body.as_bytes().to_vec(),
            shape => {
                let shape: RequestShape = shape.parse().map_err(|_| invalid("shape"))?;
                let chat: ChatRequest = serde_json::from_str(body).map_err(|_| invalid("body"))?;
                encode(shape, &chat).map_err(|error| refused(&error))?
            }
        };
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
            sign: self.sign.map(NativeSigning::into_signing).transpose()?,
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
            json: self.json,
        })
    }
}

/// What the shape has no word for: the caller's to correct, so it says which member, for `lib/mailbox.ts` to throw.
fn refused(error: &RequestError) -> Error {
    let said = serde_json::json!({ "field": error.field(), "code": error.code(), "message": error.to_string() });
    Error::new(Status::InvalidArg, said.to_string())
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
    estimate: Mutex<Option<Estimate>>,
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
        *self.estimate() = Some(Estimate::new(asked, request).ok_or_else(|| invalid("estimate"))?);
        Ok(true)
    }

    pub(crate) fn estimate(&self) -> MutexGuard<'_, Option<Estimate>> {
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

/// Starts a session for `request` whose events go to `mailbox` under the number `id`.
pub(crate) fn start(
    request: NativeRequest,
    body: &str,
    id: u32,
    mailbox: Arc<Shared>,
    control: Arc<Control>,
) -> Result<()> {
    let engine = runtime::engine()?;
    let spacing = milliseconds(request.flush_interval);
    let NativeRequest { ref mode, credit, retain, deliver, .. } = request;
    let mode = Pace { mode, credit, retain, deliver }.mode(&control)?;
    let estimating = control.estimate_by(request.estimate.as_ref(), body)?;
    let request = request.into_session_request(body)?;
    let exit = SessionExit { id, mailbox, control: Arc::clone(&control), spacing, finish: None, mode, estimating };
    control.set_session(engine.open(request, exit));
    Ok(())
}
