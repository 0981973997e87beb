//! An answer on its way to a client: encoded in the session's task, written to the client's socket from there, or handed
//! to JavaScript as text.
//!
//! What always holds: frames go out whole, in order, and none twice; what waits for the client is bounded by `window` and
//! one read of the provider's socket; between two frames anything may come from JavaScript. Imports the encoders of
//! `millstream-wire`.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use millstream_engine::{Outcome, StreamError};
use millstream_wire::Event;
use millstream_wire::encode::{Encoder, EncoderOptions, Failure, Format};
use napi::{Result, Status};
use napi_derive::napi;
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, Sleep, sleep};

use crate::client_socket::ClientSocket;
use crate::kept::{Cursor, Kept};
use crate::mailbox::{Kind, Shared};
use crate::payload;

/// See `NativeRelayOptions` in `lib/native.ts`, which validates and applies defaults.
#[napi(object, object_to_js = false)]
pub struct NativeRelayOptions {
    pub format: String,
    pub id: String,
    pub model: String,
    pub heartbeat: f64,
    pub window: u32,
    pub first_id: f64,
    pub id_prefix: String,
    pub part: bool,
}

impl NativeRelayOptions {
    fn encoder(&self) -> Result<Encoder> {
        let format = self
            .format
            .parse::<Format>()
            .map_err(|_| napi::Error::new(Status::InvalidArg, "malformed `format` of a relay"))?;
        Ok(Encoder::new(EncoderOptions {
            format,
            id: self.id.clone(),
            model: self.model.clone(),
            began_ms: now_ms(),
            first_id: self.first_id as u64,
            id_prefix: self.id_prefix.clone(),
            part: self.part,
        }))
    }
}

/// Milliseconds since the epoch.
fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Where a relay's records go.
#[derive(Clone, Copy)]
pub(crate) struct Address<'a> {
    pub(crate) mailbox: &'a Shared,
    pub(crate) session: u32,
    pub(crate) spacing: Duration,
}

impl Address<'_> {
    fn push(&self, kind: Kind, relay: u32, payload: &str) {
        self.mailbox.push(self.session, kind, relay, payload, self.spacing);
    }
}

/// One client.
pub(crate) struct Relay {
    pub(crate) id: u32,
    encoder: Encoder,
    /// Whole frames that were not handed on.
    out: String,
    sink: Sink,
    window: usize,
    /// Behind the last event that was encoded.
    cursor: Cursor,
    written: Arc<AtomicU64>,
    heartbeat: Option<Box<Heartbeat>>,
    /// How many hand-made events were encoded.
    injected: u32,
    /// Whether there is anything in it that a client waits for. Until then a failure can still be a real status.
    said: bool,
    /// Whether nothing more is encoded: the format's end was, or nobody wants it.
    ended: bool,
}

enum Sink {
    /// JavaScript has to say. `asked`: it knows that.
    Undecided {
        asked: bool,
    },
    /// JavaScript. `outstanding`: bytes the client has not taken.
    Frames {
        outstanding: usize,
    },
    Socket(Box<ClientSocket>),
    /// The client left.
    Gone,
}

struct Heartbeat {
    every: Duration,
    timer: Pin<Box<Sleep>>,
    last_sent: Instant,
}

impl Relay {
    pub(crate) fn new(id: u32, options: &NativeRelayOptions, written: Arc<AtomicU64>) -> Result<Self> {
        Ok(Self {
            id,
            encoder: options.encoder()?,
            out: String::new(),
            sink: Sink::Undecided { asked: false },
            window: options.window as usize,
            cursor: Cursor::default(),
            written,
            heartbeat: Duration::try_from_secs_f64(options.heartbeat / 1000.0)
                .ok()
                .filter(|every| !every.is_zero())
                .map(|every| Box::new(Heartbeat { every, timer: Box::pin(sleep(every)), last_sent: Instant::now() })),
            injected: 0,
            // A started response has sent its status, and waits for whatever the answer says, a failure too.
            said: options.part,
            ended: false,
        })
    }

    pub(crate) fn use_socket(&mut self, socket: ClientSocket) {
        if matches!(self.sink, Sink::Undecided { .. }) {
            self.sink = Sink::Socket(Box::new(socket));
        }
    }

    pub(crate) fn use_frames(&mut self) {
        if matches!(self.sink, Sink::Undecided { .. }) {
            self.sink = Sink::Frames { outstanding: 0 };
        }
    }

    pub(crate) fn credit(&mut self, bytes: usize) {
        if let Sink::Frames { outstanding } = &mut self.sink {
            *outstanding = outstanding.saturating_sub(bytes);
        }
    }

    pub(crate) fn inject(&mut self, event: &str, json: &str) {
        // `lib/` lets only format `events` come here, with names of its own.
        if !self.ended && self.encoder.inject(event, json, &mut self.out).is_ok() {
            self.said = true;
            self.injected += 1;
        }
    }

    /// Whatever is encoded goes out, and no more.
    pub(crate) fn stop(&mut self) {
        self.ended = true;
    }

    pub(crate) fn leave(&mut self) {
        self.sink = Sink::Gone;
    }

    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.sink, Sink::Gone)
    }

    /// Whether more may be encoded.
    pub(crate) fn has_room(&self) -> bool {
        let beyond = match &self.sink {
            Sink::Frames { outstanding } => *outstanding,
            Sink::Socket(socket) => socket.waiting(),
            Sink::Undecided { .. } | Sink::Gone => 0,
        };
        !self.ended && self.out.len() + beyond < self.window
    }

    /// Whether it has encoded all before a place.
    pub(crate) fn is_at(&self, cursor: Cursor) -> bool {
        self.cursor == cursor
    }

    /// Encodes an event; `behind` is the place behind it.
    pub(crate) fn event(&mut self, event: &Event<'_>, behind: Cursor) {
        self.cursor = behind;
        if !self.ended {
            self.said |= event.is_content();
            self.encoder.event(event, &mut self.out);
        }
    }

    /// Encodes what it has not of what is kept, as far as there is room.
    pub(crate) fn catch_up(&mut self, kept: &Kept) {
        while self.has_room()
            && let Some((event, behind)) = kept.at(self.cursor)
        {
            self.event(&event, behind);
        }
    }

    /// Encodes what is kept, all at once: it is about to be forgotten.
    pub(crate) fn take_all(&mut self, kept: &Kept) {
        while let Some((event, behind)) = kept.at(self.cursor) {
            self.event(&event, behind);
        }
    }

    /// From here on the kept events begin with the next one.
    pub(crate) fn restart_cursor(&mut self) {
        self.cursor = Cursor::default();
    }

    /// Encodes how the answer ended. An answer that failed before anything was said is for JavaScript to report.
    pub(crate) fn end(&mut self, outcome: &Outcome, finish: &Event<'_>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let nothing_said = !self.said && self.is_unasked();
        match outcome {
            Outcome::Complete => {
                self.said = true;
                self.encoder.event(finish, &mut self.out);
                self.encoder.finish(now_ms(), &mut self.out);
            }
            _ if nothing_said => self.sink = Sink::Gone,
            Outcome::Failed(error) => self.encoder.fail(&failure(error), now_ms(), &mut self.out),
            Outcome::Cancelled => {
                let failure = Failure {
                    message: "The stream was aborted",
                    kind: "aborted_error",
                    code: "ABORTED",
                    status: None,
                    retry_after_ms: None,
                };
                self.encoder.fail(&failure, now_ms(), &mut self.out);
            }
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    fn is_unasked(&self) -> bool {
        matches!(self.sink, Sink::Undecided { asked: false })
    }

    /// Hands on what was encoded. Ready once nothing waits, be it because the client left.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>, address: Address<'_>) -> Poll<()> {
        self.beat(cx);
        match &mut self.sink {
            Sink::Undecided { asked } => {
                if self.out.is_empty() || !self.said {
                    return Poll::Ready(());
                }
                if !std::mem::replace(asked, true) {
                    address.push(Kind::RelayReady, self.id, "");
                }
                Poll::Pending
            }
            Sink::Frames { outstanding } => {
                if !self.out.is_empty() {
                    address.push(Kind::Frames, self.id, &self.out);
                    *outstanding += self.out.len();
                    self.written.fetch_add(self.out.len() as u64, Ordering::Relaxed);
                    self.out = String::new();
                }
                Poll::Ready(())
            }
            Sink::Socket(socket) => {
                self.written.fetch_add(self.out.len() as u64, Ordering::Relaxed);
                socket.queue(&mut self.out);
                match socket.poll_write(cx) {
                    Poll::Ready(Err(_)) => {
                        self.sink = Sink::Gone;
                        Poll::Ready(())
                    }
                    Poll::Ready(Ok(())) => Poll::Ready(()),
                    Poll::Pending => Poll::Pending,
                }
            }
            Sink::Gone => Poll::Ready(()),
        }
    }

    /// Says that it is over. `flushed`: all that was encoded went out.
    pub(crate) fn report(&self, flushed: bool, address: Address<'_>) {
        let report = json!({
            "tokens": self.encoder.text_pieces(),
            "bytes": self.written.load(Ordering::Relaxed),
            "lastId": self.encoder.last_id(),
            "injected": self.injected,
            "flushed": flushed && !self.is_gone(),
        });
        address.push(Kind::Relayed, self.id, &report.to_string());
    }

    /// A comment, where nothing else was sent for long enough and the client takes what it is sent.
    fn beat(&mut self, cx: &mut Context<'_>) {
        let decided = !matches!(self.sink, Sink::Undecided { .. });
        let idle = self.out.is_empty()
            && match &self.sink {
                Sink::Frames { outstanding } => *outstanding < self.window,
                Sink::Socket(socket) => socket.waiting() == 0,
                Sink::Undecided { .. } | Sink::Gone => false,
            };
        let Some(heartbeat) = &mut self.heartbeat else { return };
        if !self.out.is_empty() {
            heartbeat.last_sent = Instant::now();
        }
        while heartbeat.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let due = heartbeat.last_sent + heartbeat.every;
            if due <= now {
                if decided && idle && !self.ended {
                    self.encoder.heartbeat(&mut self.out);
                }
                heartbeat.last_sent = now;
            }
            heartbeat.timer.as_mut().reset(heartbeat.last_sent + heartbeat.every);
        }
    }
}

fn failure(error: &StreamError) -> Failure<'_> {
    Failure {
        message: &error.message,
        kind: error.kind.as_str(),
        code: &error.code,
        status: error.status,
        retry_after_ms: error.retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
    }
}

/// What `lib/answer.ts` knows of an answer that failed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KnownFailure {
    message: String,
    #[serde(rename = "type")]
    kind: String,
    code: String,
    status: Option<u16>,
    retry_after: Option<f64>,
}

/// An answer that is over, encoded. `records`: for each event its kind and its alternative.
#[napi]
pub(crate) fn encode_answer(
    options: NativeRelayOptions,
    records: &[u32],
    payloads: Vec<String>,
    failure: Option<String>,
) -> Result<String> {
    let mut encoder = options.encoder()?;
    let mut out = String::new();
    for (record, payload) in records.chunks_exact(2).zip(&payloads) {
        if let [kind, choice] = record
            && let Some(event) = payload::read(*kind, *choice, payload)
        {
            encoder.event(&event, &mut out);
        }
    }
    match failure.as_deref().map(serde_json::from_str::<KnownFailure>) {
        None => encoder.finish(now_ms(), &mut out),
        Some(Err(_)) => return Err(napi::Error::new(Status::InvalidArg, "malformed `failure` of an answer")),
        Some(Ok(known)) => {
            let failure = Failure {
                message: &known.message,
                kind: &known.kind,
                code: &known.code,
                status: known.status,
                retry_after_ms: known.retry_after.map(|wait| wait as u64),
            };
            encoder.fail(&failure, now_ms(), &mut out);
        }
    }
    Ok(out)
}
