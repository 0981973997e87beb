//! Where a session's events go: to JavaScript as they come (`push`), or to whoever asks for them (`pull`): readers in
//! JavaScript, relays to clients, or nobody yet.
//!
//! What always holds: the session's end is the last record, after those of all relays; what nobody has asked for is kept,
//! and bounded by the session's credit; the provider's socket is read while anybody has room for more.

use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use millstream_engine::{Exit, Outcome, Signal, StreamError};
use millstream_wire::{Event, FinishReason, Usage};
use serde_json::json;
use tokio::sync::oneshot;

use crate::kept::Kept;
use crate::mailbox::{Kind, Shared, utf16_units};
use crate::payload;
use crate::relay::{Address, Relay};
use crate::runtime;
use crate::session::{Command, Control};

/// Credit units of one event besides its payload: about what its objects weigh in JavaScript. `eventCost` in
/// `lib/mailbox.ts` counts the same.
const EVENT_COST: i64 = 64;

/// The exit of a session.
pub(crate) struct SessionExit {
    pub(crate) id: u32,
    pub(crate) mailbox: Arc<Shared>,
    pub(crate) control: Arc<Control>,
    /// Least distance of wakes under load.
    pub(crate) spacing: Duration,
    /// The finish event, held until the session's own end says the same.
    pub(crate) finish: Option<(FinishReason, Option<String>)>,
    pub(crate) mode: Mode,
    /// Whether the session counts its usage.
    pub(crate) estimating: bool,
}

/// Who consumes.
pub(crate) enum Mode {
    /// Delivery itself: what JavaScript took is consumed. `spent` went into batches that are still queued, `batch` the
    /// newest of them.
    Push {
        window: i64,
        batch: u64,
        spent: i64,
    },
    Pull(Box<Pull>),
}

/// An answer that is fetched as far as somebody wants it.
pub(crate) struct Pull {
    /// Whether events stay for others after somebody got them.
    pub(crate) retain: bool,
    /// Whether events are kept.
    pub(crate) keeping: bool,
    /// Whether JavaScript is told of events as they come.
    pub(crate) delivering: bool,
    /// Whether everything is wanted at once.
    pub(crate) draining: bool,
    pub(crate) relays: Vec<Relay>,
    /// Whether there ever was a relay.
    pub(crate) relayed: bool,
    /// The last usage, where events are not kept.
    pub(crate) usage: Option<Usage>,
    /// How the session ended, once it did.
    pub(crate) outcome: Option<Outcome>,
    pub(crate) began: Instant,
    pub(crate) chunks: u32,
    pub(crate) first_text: Option<Duration>,
}

impl Pull {
    pub(crate) fn new(retain: bool, deliver: bool) -> Self {
        Self {
            retain,
            keeping: retain || !deliver,
            delivering: deliver,
            draining: false,
            relays: Vec::new(),
            relayed: false,
            usage: None,
            outcome: None,
            began: Instant::now(),
            chunks: 0,
            first_text: None,
        }
    }

    /// Somebody consumes. What isn't retained is kept for nobody else.
    fn claimed(&mut self, kept: &mut Kept) {
        if !self.retain {
            self.keeping = false;
            kept.clear();
            for relay in &mut self.relays {
                relay.restart_cursor();
            }
        }
    }
}

impl SessionExit {
    fn push(&mut self, kind: Kind, choice: u32, payload: &str) {
        let number = self.mailbox.push(self.id, kind, choice, payload, self.spacing);
        let cost = cost(payload);
        match &mut self.mode {
            Mode::Push { batch, spent, .. } => {
                if *batch != number {
                    if self.mailbox.is_taken(*batch) {
                        *spent = 0;
                    }
                    *batch = number;
                }
                *spent += cost;
            }
            Mode::Pull(_) => self.control.spend(cost),
        }
    }

    fn push_json(&mut self, kind: Kind, value: &serde_json::Value) {
        self.push(kind, 0, &value.to_string());
    }

    fn event(&mut self, event: Event<'_>) {
        if self.estimating
            && let Some(estimate) = self.control.estimate().as_mut()
        {
            estimate.hear(&event);
        }
        match event {
            Event::Finish { reason, raw } => self.finish = Some((reason, raw.map(|raw| raw.into_owned()))),
            // The session turns it into a failed outcome.
            Event::Error(_) => {}
            event => match &mut self.mode {
                Mode::Push { .. } => {
                    if let Event::Text { choice: 0, text } = &event {
                        self.control.kept().push_text(text);
                    }
                    self.deliver(&event);
                }
                Mode::Pull(_) => self.pulled(&event),
            },
        }
    }

    /// The usage, where the provider has reported none by the end.
    fn estimate(&mut self, outcome: &Outcome) {
        if !self.estimating {
            return;
        }
        let usage = self.control.estimate().as_mut().and_then(|estimate| match outcome {
            Outcome::Complete => estimate.usage(None),
            Outcome::Failed(_) | Outcome::Cancelled => estimate.usage_of_part(None),
        });
        if let Some(usage) = usage {
            self.event(Event::Usage(usage));
        }
    }

    fn deliver(&mut self, event: &Event<'_>) {
        payload::write(event, &mut |kind, choice, payload| self.push(kind, choice, payload));
    }

    fn pulled(&mut self, event: &Event<'_>) {
        self.obey();
        let Mode::Pull(pull) = &mut self.mode else { return };
        if event.is_content() {
            pull.chunks = pull.chunks.saturating_add(1);
            if let Event::Text { .. } = event {
                pull.first_text.get_or_insert_with(|| pull.began.elapsed());
            }
        }
        let begins = matches!(event, Event::Start { .. });
        if let (false, Event::Usage(usage)) = (pull.keeping, event) {
            pull.usage = Some(usage.clone());
        }
        if pull.keeping {
            let mut kept = self.control.kept();
            let before = kept.end();
            kept.push(event);
            let behind = kept.end();
            for relay in &mut pull.relays {
                if relay.is_at(before) && relay.has_room() {
                    relay.event(event, behind);
                }
            }
        } else {
            for relay in &mut pull.relays {
                relay.event(event, Default::default());
            }
        }
        if !pull.relays.is_empty() && !self.spacing.is_zero() {
            runtime::count_event(runtime::RELAYED);
        }
        if pull.delivering || begins {
            self.deliver(event);
        } else {
            self.control.spend(event_cost(event));
        }
    }

    /// Does what JavaScript asked for since the last time.
    fn obey(&mut self) {
        while let Some(command) = self.control.next_command() {
            let Mode::Pull(pull) = &mut self.mode else { continue };
            match command {
                Command::Deliver if !pull.delivering => {
                    pull.delivering = true;
                    let kept = std::mem::take(&mut *self.control.kept());
                    self.replay(&kept);
                    *self.control.kept() = kept;
                    if let Mode::Pull(pull) = &mut self.mode {
                        pull.claimed(&mut self.control.kept());
                    }
                }
                Command::Deliver => {}
                Command::Drain { keep } => {
                    pull.draining = true;
                    if !keep && !pull.retain {
                        pull.usage = last_usage(&self.control.kept()).or(pull.usage.take());
                        pull.claimed(&mut self.control.kept());
                    }
                }
                Command::Relay(mut relay) => {
                    pull.relayed = true;
                    let mut kept = self.control.kept();
                    if pull.retain {
                        relay.catch_up(&kept);
                        pull.relays.push(*relay);
                    } else {
                        relay.take_all(&kept);
                        pull.usage = last_usage(&kept).or(pull.usage.take());
                        pull.relays.push(*relay);
                        pull.claimed(&mut kept);
                    }
                }
                Command::ToSocket { relay, socket } => pull.with(relay, |relay| relay.use_socket(socket)),
                Command::ToFrames { relay } => pull.with(relay, Relay::use_frames),
                Command::Credit { relay, bytes } => pull.with(relay, |relay| relay.credit(bytes)),
                Command::Inject { relay, event, json } => pull.with(relay, |relay| relay.inject(&event, &json)),
                Command::Stop { relay } => pull.with(relay, Relay::stop),
                Command::Drop { relay } => pull.with(relay, Relay::leave),
            }
        }
    }

    /// Tells JavaScript of what came so far.
    fn replay(&mut self, kept: &Kept) {
        for event in kept.events() {
            self.replay_event(&event);
        }
    }

    /// JavaScript heard of the start when it came; the rest was paid for then.
    fn replay_event(&mut self, event: &Event<'_>) {
        if !matches!(event, Event::Start { .. }) {
            payload::write(event, &mut |kind, choice, payload| {
                self.mailbox.push(self.id, kind, choice, payload, self.spacing);
            });
        }
    }

    /// Writes what relays have. Where the last client has left, nobody wants the answer.
    fn flush_relays(&mut self, cx: &mut Context<'_>) {
        let address = Address { mailbox: &self.mailbox, session: self.id, spacing: self.spacing };
        let Mode::Pull(pull) = &mut self.mode else { return };
        if pull.settle(cx, address, false) && pull.relays.is_empty() && !pull.draining && !pull.delivering {
            self.control.cancel();
        }
    }

    /// Whether somebody wants more.
    fn poll_pull(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.obey();
        let Mode::Pull(pull) = &mut self.mode else { return Poll::Ready(()) };
        if pull.relays.is_empty() {
            // Whoever returns credit, or claims the answer, wakes the session.
            return if pull.draining || self.control.has_credit() { Poll::Ready(()) } else { Poll::Pending };
        }
        if pull.keeping {
            let kept = self.control.kept();
            pull.relays.iter_mut().for_each(|relay| relay.catch_up(&kept));
        }
        if pull.relays.iter().all(|relay| !relay.has_room()) {
            self.flush_relays(cx);
        }
        let Mode::Pull(pull) = &mut self.mode else { return Poll::Ready(()) };
        let wanted =
            pull.draining || (pull.delivering && self.control.has_credit()) || pull.relays.iter().any(Relay::has_room);
        if wanted { Poll::Ready(()) } else { Poll::Pending }
    }

    /// The session is over: serves those who are still being served, then says how it ended.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.obey();
        let finish = Event::Finish {
            reason: self.finish.as_ref().map_or(FinishReason::Unknown, |(reason, _)| *reason),
            raw: self.finish.as_ref().and_then(|(_, raw)| raw.as_deref().map(Into::into)),
        };
        let address = Address { mailbox: &self.mailbox, session: self.id, spacing: self.spacing };
        let Mode::Pull(pull) = &mut self.mode else { return Poll::Ready(()) };
        // Each turn frees room, so that what is kept can be encoded in pieces.
        loop {
            let Some(outcome) = &pull.outcome else { return Poll::Ready(()) };
            let cancelled = *outcome == Outcome::Cancelled || self.control.is_cancelled();
            let mut progress = false;
            {
                let kept = self.control.kept();
                for relay in &mut pull.relays {
                    if pull.keeping && !relay.is_at(kept.end()) {
                        let room = relay.has_room();
                        relay.catch_up(&kept);
                        progress |= room && !relay.is_at(kept.end());
                    }
                    if !relay.has_ended() && (cancelled || !pull.keeping || relay.is_at(kept.end())) {
                        relay.end(if cancelled { &Outcome::Cancelled } else { outcome }, &finish);
                    }
                }
            }
            pull.settle(cx, address, cancelled);
            if !progress {
                break;
            }
        }
        if !pull.relays.is_empty() || !self.control.conclude() {
            return Poll::Pending;
        }
        self.conclude();
        Poll::Ready(())
    }

    /// The last records.
    fn conclude(&mut self) {
        let Mode::Pull(pull) = &mut self.mode else { return };
        let Some(outcome) = pull.outcome.take() else { return };
        let (usage, relayed) = (pull.usage.take(), pull.relayed);
        if !pull.delivering {
            if pull.keeping {
                let first_text = pull.first_text.map(|time| time.as_secs_f64() * 1000.0);
                let summary = json!({ "chunks": pull.chunks, "firstText": first_text });
                self.push_json(Kind::Summary, &summary);
                let kept = std::mem::take(&mut *self.control.kept());
                // Who had it sent to a client wants the text, if anything; others may care for the pieces.
                if relayed { kept.joined(&mut |event| self.replay_event(&event)) } else { self.replay(&kept) }
            } else if let Some(usage) = usage {
                self.deliver(&Event::Usage(usage));
            }
        }
        self.last_record(outcome);
    }

    fn last_record(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Complete => {
                let (reason, raw) = self.finish.take().unwrap_or((FinishReason::Unknown, None));
                self.push_json(Kind::Finish, &json!({ "reason": reason.as_str(), "raw": raw }));
            }
            Outcome::Failed(error) => self.push(Kind::Failed, 0, &error.to_json()),
            Outcome::Cancelled => self.push(Kind::Cancelled, 0, ""),
        }
    }
}

impl Pull {
    /// Writes what relays have, and reports and forgets those that are over; `all`: whatever they still have. Says whether a
    /// client left.
    fn settle(&mut self, cx: &mut Context<'_>, address: Address<'_>, all: bool) -> bool {
        let mut left = false;
        self.relays.retain_mut(|relay| {
            let flushed = relay.poll_flush(cx, address).is_ready() && relay.has_ended();
            left |= relay.is_gone();
            let over = flushed || relay.is_gone() || all;
            if over {
                relay.report(flushed, address);
            }
            !over
        });
        left
    }

    fn with(&mut self, id: u32, act: impl FnOnce(&mut Relay)) {
        if let Some(relay) = self.relays.iter_mut().find(|relay| relay.id == id) {
            act(relay);
        }
    }
}

fn cost(payload: &str) -> i64 {
    i64::from(utf16_units(payload)) + EVENT_COST
}

/// What an event will cost when it is delivered.
fn event_cost(event: &Event<'_>) -> i64 {
    let mut spent = 0;
    payload::write(event, &mut |_, _, payload| spent += cost(payload));
    spent
}

fn last_usage(kept: &Kept) -> Option<Usage> {
    let usages = kept.events().filter_map(|event| if let Event::Usage(usage) = event { Some(usage) } else { None });
    usages.last()
}

impl Exit for SessionExit {
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
            Signal::End(outcome) => {
                self.estimate(&outcome);
                match &mut self.mode {
                    Mode::Push { .. } => self.last_record(outcome),
                    Mode::Pull(pull) => pull.outcome = Some(outcome),
                }
            }
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.mode {
            Mode::Push { window, batch, spent } => {
                if *spent < *window {
                    return Poll::Ready(());
                }
                let ready = self.mailbox.poll_taken(*batch, cx);
                if ready.is_ready() {
                    *spent = 0;
                }
                ready
            }
            Mode::Pull(_) => self.poll_pull(cx),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) {
        self.flush_relays(cx);
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_end(cx)
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
