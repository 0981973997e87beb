//! Answers that JavaScript brings: bytes or records go in, and the session behind them is like any other.

use std::sync::Arc;

use bytes::Bytes;
use millstream_engine::{ErrorKind, FedRequest, Feed, FeedNotice, Phase, Room, StreamError};
use millstream_wire::Protocol;
use napi::Result;
use serde::Deserialize;

use crate::estimate::NativeEstimate;
use crate::exit::SessionExit;
use crate::mailbox::{Kind, Shared};
use crate::payload;
use crate::runtime;
use crate::session::{Control, Pace, invalid, milliseconds};

/// See `NativeFeed` in `lib/native.ts`. It crosses as JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NativeFeed {
    protocol: String,
    content_type: Option<String>,
    max_event_bytes: u32,
    credit: f64,
    flush_interval: f64,
    estimate: Option<NativeEstimate>,
    question: Option<String>,
}

/// See `NativeFailure` in `lib/native.ts`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NativeFailure {
    r#type: String,
    code: String,
    message: String,
    status: Option<u16>,
    phase: Option<String>,
    attempt: u32,
    retryable: bool,
    retry_after: Option<f64>,
    request_id: Option<String>,
}

/// What JavaScript is told of room for more: the same numbers as in `lib/mailbox.ts`.
pub(crate) fn told(room: Room) -> u32 {
    match room {
        Room::More => 0,
        Room::Full => 1,
        Room::Closed => 2,
    }
}

/// Starts a session that is fed through `control`. `json` is a [`NativeFeed`].
pub(crate) fn start(json: &str, pace: Pace, id: u32, mailbox: Arc<Shared>, control: Arc<Control>) -> Result<()> {
    let NativeFeed { protocol, content_type, max_event_bytes, credit, flush_interval, estimate, question } =
        serde_json::from_str(json).map_err(|_| invalid("feed"))?;
    let engine = runtime::engine()?;
    let protocol = protocol.parse::<Protocol>().map_err(|_| invalid("protocol"))?;
    let request = FedRequest { protocol, content_type, max_event_bytes: max_event_bytes as usize };
    let mode = pace.mode(credit, &control);
    let spacing = milliseconds(flush_interval);
    let notices = Arc::clone(&mailbox);
    let (feed, body) = Feed::new(move |notice| {
        let room = match notice {
            FeedNotice::Room => Room::More,
            FeedNotice::Closed => Room::Closed,
        };
        notices.push(id, Kind::Room, told(room), "", spacing);
    });
    control.set_feed(feed);
    let estimating = control.estimate_by(estimate.as_ref(), question.as_deref().unwrap_or_default())?;
    let exit = SessionExit { id, mailbox, control: Arc::clone(&control), spacing, finish: None, mode, estimating };
    control.set_session(engine.open_fed(request, body, exit));
    Ok(())
}

/// Bytes of a body, copied.
pub(crate) fn bytes(feed: &Feed, bytes: &[u8]) -> Room {
    feed.bytes(Bytes::copy_from_slice(bytes))
}

/// An event as a record, of those that [`payload::read`] knows.
pub(crate) fn record(feed: &Feed, kind: u32, choice: u32, payload: &str) -> Result<Room> {
    let event = payload::read(kind, choice, payload).ok_or_else(|| invalid("record"))?;
    Ok(feed.event(event.into_owned(), payload.len()))
}

/// The failure of what JavaScript reads from. `json` is a [`NativeFailure`].
pub(crate) fn fail(feed: &Feed, json: &str) -> Result<()> {
    let failure: NativeFailure = serde_json::from_str(json).map_err(|_| invalid("failure"))?;
    let kind = ErrorKind::of_name(&failure.r#type);
    let mut error = StreamError::new(kind, failure.code, failure.message);
    error.status = failure.status;
    error.phase = failure.phase.as_deref().and_then(Phase::of_name);
    error.attempt = failure.attempt;
    error.retryable = failure.retryable;
    error.retry_after = failure.retry_after.map(milliseconds);
    error.request_id = failure.request_id;
    feed.fail(error);
    Ok(())
}
