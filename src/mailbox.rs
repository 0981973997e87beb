//! From the engine to JavaScript: events of all sessions, packed into few strings, at most one wake in flight.
//!
//! What always holds here: order within a session is kept; no event is dropped while the environment lives; what is
//! queued is bounded by the sessions' credits; after the environment's teardown nothing calls into it.
//!
//! A batch is one string with the payloads of all its events, and for each event a record of three `u32`: session,
//! kind (low 8 bits; above them the choice), end of its payload in UTF-16 units. JavaScript takes batches with
//! [`Mailbox::take`]; `lib/mailbox.ts` is the other end.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use millstream_engine::{Feed, Room};
use napi::bindgen_prelude::{Function, Result, Uint32ArraySlice};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Error, JsString, Status};
use napi_derive::napi;
use tokio::sync::Notify;

use crate::client_socket::ClientSocket;
use crate::feed;
use crate::relay::NativeRelayOptions;
use crate::runtime;
use crate::session::{Command, Control, Pace, SessionPlan};

/// What a record says, in its low 8 bits. `lib/mailbox.ts` has the same table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Kind {
    Open = 0,
    Start = 1,
    Text = 2,
    Reasoning = 3,
    ReasoningSignature = 4,
    ToolCallDelta = 5,
    ToolCall = 6,
    Usage = 7,
    Metadata = 8,
    Retry = 9,
    RetryQuestion = 10,
    Finish = 11,
    Failed = 12,
    Cancelled = 13,
    Frames = 14,
    RelayReady = 15,
    Relayed = 16,
    Summary = 17,
    Room = 18,
    ToolResult = 19,
}

/// A batch is closed at this many bytes: no single string keeps the JavaScript thread long, and all of them are born in
/// V8's young generation.
const BATCH_BYTES: usize = 64 * 1024;

/// … or at this many events. `lib/mailbox.ts` allocates its record buffer for it.
const BATCH_RECORDS: usize = 4096;

/// Numbers of a record.
const RECORD: usize = 3;

/// Wakes are as many spacings apart as there are so many events in one.
const EVENTS_PER_WAKE: usize = 8;

/// Wakes are at most so many spacings apart.
const MAX_STRETCH: u32 = 4;

/// Flag in the number of records: another batch waits.
const MORE: u32 = 1 << 31;

/// Buffers larger than this are not kept for reuse.
const KEEP_BYTES: usize = 4 * BATCH_BYTES;

type Wake = ThreadsafeFunction<(), (), (), Status, false, true, 0>;

/// Events on their way to JavaScript.
#[derive(Default)]
struct Batch {
    text: String,
    /// Length of `text` in UTF-16 units.
    units: u32,
    records: Vec<u32>,
    /// Sessions that wait for this batch to be taken.
    waiting: Vec<Waker>,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    fn is_full(&self) -> bool {
        self.text.len() >= BATCH_BYTES || self.records.len() >= BATCH_RECORDS * RECORD
    }

    fn clear(&mut self) {
        self.text.clear();
        self.units = 0;
        self.records.clear();
        self.waiting.clear();
    }
}

/// Where the next wake stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WakeState {
    /// Nobody was told anything.
    Idle,
    /// The pacer wakes JavaScript then, at the end of the spacing.
    Paced(Instant),
    /// JavaScript was woken and has not taken everything yet.
    InFlight,
}

struct State {
    /// Closed batches, oldest first.
    closed: VecDeque<Batch>,
    /// The batch being filled.
    open: Batch,
    /// An emptied batch, for its buffers.
    spare: Option<Batch>,
    wake_state: WakeState,
    /// When JavaScript last took everything.
    last_taken: Option<Instant>,
    /// How many events it has taken since it was woken.
    woken_for: usize,
    /// By how much wakes are further apart than their spacing: more where each brings many events.
    stretch: u32,
    /// Gone once the environment is.
    wake: Option<Wake>,
    /// By their numbers. JavaScript indexes its own table with them, so they stay small: a number is given again once
    /// its session was closed.
    sessions: Vec<Option<Arc<Control>>>,
    free: Vec<u32>,
}

impl State {
    /// Puts the batch being filled into the queue and begins another.
    fn close_open(&mut self) {
        let fresh = self.spare.take().unwrap_or_default();
        let full = std::mem::replace(&mut self.open, fresh);
        self.closed.push_back(full);
    }

    /// JavaScript took everything. A wake costs as much as a dozen events: where an interval brings more than that, wakes
    /// may be further apart.
    fn settle_stretch(&mut self) {
        let each_spacing = std::mem::take(&mut self.woken_for) / self.stretch as usize;
        self.stretch = u32::try_from(each_spacing / EVENTS_PER_WAKE).unwrap_or(u32::MAX).clamp(1, MAX_STRETCH);
    }

    fn register(&mut self, control: &Arc<Control>) -> u32 {
        let id = self.free.pop().unwrap_or_else(|| {
            self.sessions.push(None);
            u32::try_from(self.sessions.len() - 1).unwrap_or(u32::MAX)
        });
        if let Some(slot) = self.sessions.get_mut(id as usize) {
            *slot = Some(Arc::clone(control));
        }
        id
    }

    fn forget(&mut self, id: u32) -> Option<Arc<Control>> {
        let control = self.sessions.get_mut(id as usize)?.take()?;
        self.free.push(id);
        Some(control)
    }
}

/// The part of a mailbox that sessions on the runtime's threads share with it.
pub(crate) struct Shared {
    state: Mutex<State>,
    /// How many batches JavaScript took; changes under the lock alone. Batches are numbered from 0 in the order in which
    /// they were begun, so this is the number of the oldest in the queue.
    taken: AtomicU64,
    pacer: Notify,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while holding the lock can't leave the state half-written: nothing in here calls out.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends one event of a session whose wakes are at least `spacing` apart under load. Returns the number of the
    /// batch it went into.
    pub(crate) fn push(&self, session: u32, kind: Kind, choice: u32, payload: &str, spacing: Duration) -> u64 {
        if !spacing.is_zero() {
            runtime::count_event(runtime::DELIVERED);
        }
        let units = utf16_units(payload);
        let mut state = self.lock();
        let number = self.taken.load(Ordering::Relaxed) + state.closed.len() as u64;
        if state.wake.is_none() {
            return number;
        }
        let batch = &mut state.open;
        batch.text.push_str(payload);
        batch.units = batch.units.saturating_add(units);
        batch.records.extend_from_slice(&[session, kind as u32 | (choice << 8), batch.units]);
        let full = batch.is_full();
        if full {
            state.close_open();
        }
        self.schedule(&mut state, if full { Duration::ZERO } else { spacing });
        number
    }

    /// Sees to it that JavaScript hears of what is queued: at once after idleness, else at the end of the spacing.
    fn schedule(&self, state: &mut State, spacing: Duration) {
        if state.wake_state == WakeState::InFlight {
            return;
        }
        let due = match state.last_taken {
            Some(at) if !spacing.is_zero() => at + spacing * state.stretch,
            _ => return Self::wake(state),
        };
        if let WakeState::Paced(planned) = state.wake_state
            && planned <= due
        {
            return;
        }
        if due <= Instant::now() {
            Self::wake(state);
        } else {
            state.wake_state = WakeState::Paced(due);
            self.pacer.notify_one();
        }
    }

    fn wake(state: &mut State) {
        state.wake_state = WakeState::InFlight;
        if let Some(wake) = &state.wake {
            // Fails only where the environment is closing, and then nobody is left to tell.
            let _ = wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    /// Takes the oldest batch off the queue, and says whether there is another. Where there is none, the next event
    /// wakes JavaScript again.
    fn next_batch(&self) -> Option<(Batch, bool)> {
        let mut state = self.lock();
        if state.closed.is_empty() && !state.open.is_empty() {
            state.close_open();
        }
        let batch = state.closed.pop_front();
        let more = !state.closed.is_empty() || !state.open.is_empty();
        if let Some(batch) = &batch {
            self.taken.fetch_add(1, Ordering::Release);
            state.woken_for += batch.records.len() / RECORD;
        }
        if !more {
            state.settle_stretch();
            if state.wake_state == WakeState::InFlight {
                state.wake_state = WakeState::Idle;
            }
            state.last_taken = Some(Instant::now());
        }
        drop(state);
        let mut batch = batch?;
        batch.waiting.drain(..).for_each(Waker::wake);
        Some((batch, more))
    }

    /// Waits out the spacing under load. Ends with the environment.
    async fn pace(self: Arc<Self>) {
        loop {
            let due = {
                let state = self.lock();
                if state.wake.is_none() {
                    return;
                }
                match state.wake_state {
                    WakeState::Paced(due) => Some(due),
                    WakeState::Idle | WakeState::InFlight => None,
                }
            };
            let Some(due) = due else {
                self.pacer.notified().await;
                continue;
            };
            tokio::time::sleep_until(due.into()).await;
            let mut state = self.lock();
            if let WakeState::Paced(due) = state.wake_state
                && due <= Instant::now()
            {
                Self::wake(&mut state);
            }
        }
    }

    /// Whether JavaScript took the batch `number`.
    pub(crate) fn is_taken(&self, number: u64) -> bool {
        self.taken.load(Ordering::Acquire) > number
    }

    /// Ready once JavaScript took the batch `number`.
    pub(crate) fn poll_taken(&self, number: u64, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_taken(number) {
            return Poll::Ready(());
        }
        let mut state = self.lock();
        let taken = self.taken.load(Ordering::Acquire);
        if taken > number || state.wake.is_none() {
            return Poll::Ready(());
        }
        let index = usize::try_from(number - taken).unwrap_or(usize::MAX);
        let batch = match state.closed.get_mut(index) {
            Some(batch) => batch,
            None => &mut state.open,
        };
        batch.waiting.push(cx.waker().clone());
        // Who has to wait for JavaScript does not wait for the spacing as well.
        if let WakeState::Paced(_) = state.wake_state {
            Self::wake(&mut state);
        }
        Poll::Pending
    }

    /// The environment goes: nothing is delivered from here on, and its sessions end.
    fn close(&self) {
        let (wake, sessions, waiting) = {
            let mut state = self.lock();
            let mut waiting: Vec<Waker> = state.closed.drain(..).flat_map(|batch| batch.waiting).collect();
            waiting.append(&mut state.open.waiting);
            state.open = Batch::default();
            state.spare = None;
            (state.wake.take(), std::mem::take(&mut state.sessions), waiting)
        };
        for control in sessions.into_iter().flatten() {
            control.cancel();
        }
        waiting.into_iter().for_each(Waker::wake);
        self.pacer.notify_one();
        drop(wake);
    }
}

/// What requests of a kind have in common, in the engine's terms.
#[napi]
pub struct Plan {
    shared: Arc<SessionPlan>,
}

#[napi]
impl Plan {
    /// `json` is that of a `NativePlan`.
    #[napi(constructor)]
    pub fn new(json: String) -> Result<Self> {
        Ok(Self { shared: Arc::new(SessionPlan::parse(&json)?) })
    }
}

/// One environment's end of the engine.
#[napi]
pub struct Mailbox {
    shared: Arc<Shared>,
    /// Whether the environment is kept alive: while a session is open.
    holding: bool,
}

#[napi]
impl Mailbox {
    /// `wake` is called, without arguments, when there is something to take.
    #[napi(constructor)]
    pub fn new(env: &Env, wake: Function<(), ()>) -> Result<Self> {
        let wake: Wake =
            wake.build_threadsafe_function().weak::<true>().callee_handled::<false>().build_callback(|_| Ok(()))?;
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                closed: VecDeque::new(),
                open: Batch::default(),
                spare: None,
                wake_state: WakeState::Idle,
                last_taken: None,
                woken_for: 0,
                stretch: 1,
                wake: Some(wake),
                sessions: Vec::new(),
                free: Vec::new(),
            }),
            taken: AtomicU64::new(0),
            pacer: Notify::new(),
        });
        env.add_env_cleanup_hook(Arc::clone(&shared), |shared| shared.close())?;
        runtime::handle()?.spawn(Arc::clone(&shared).pace());
        Ok(Self { shared, holding: false })
    }

    /// The next batch: its text, with its records written into `records` behind their number of `u32`s in
    /// `records[0]`, which has [`MORE`] set where another batch waits; null where there is none. The buffer must hold
    /// the largest batch.
    #[napi(ts_return_type = "string | null")]
    pub fn take<'env>(&self, env: &'env Env, mut records: Uint32ArraySlice<'_>) -> Result<Option<JsString<'env>>> {
        #[expect(unsafe_code, reason = "the buffer is `lib/mailbox.ts`'s own and not shared with another thread")]
        // SAFETY: this runs on the environment's thread, JavaScript stands still until it returns, and the buffer was
        // allocated by `lib/mailbox.ts` over a plain ArrayBuffer that nobody else holds.
        let records = unsafe { records.as_mut() };
        let Some((room_for_count, room)) = records.split_first_mut() else {
            return Err(Error::new(Status::InvalidArg, "expected a buffer for records"));
        };
        let Some((mut batch, more)) = self.shared.next_batch() else { return Ok(None) };
        let count = batch.records.len();
        let Some(room) = room.get_mut(..count) else {
            return Err(Error::new(Status::InvalidArg, "expected room for a whole batch of records"));
        };
        room.copy_from_slice(&batch.records);
        *room_for_count = u32::try_from(count).unwrap_or(u32::MAX) | if more { MORE } else { 0 };
        // One byte a unit: pure ASCII, which V8 copies instead of decoding.
        let text = if batch.units as usize == batch.text.len() {
            env.create_string_latin1(batch.text.as_bytes())?
        } else {
            env.create_string(&batch.text)?
        };
        if batch.text.capacity() <= KEEP_BYTES {
            batch.clear();
            self.shared.lock().spare = Some(batch);
        }
        Ok(Some(text))
    }

    /// Starts a session and returns its number. Its records follow. `target` is JSON of a `NativeTarget`, `body` of the
    /// canonical request; `pace` says in bits how the answer is handed over.
    #[napi]
    pub fn open(&self, plan: &Plan, target: String, body: String, pace: u32) -> Result<u32> {
        let control = Arc::new(Control::default());
        let id = self.shared.lock().register(&control);
        let plan = Arc::clone(&plan.shared);
        crate::session::start(plan, target, body, Pace::of_bits(pace), id, Arc::clone(&self.shared), control)
            .inspect_err(|_| {
                self.shared.lock().forget(id);
            })?;
        Ok(id)
    }

    /// Starts a session whose answer JavaScript brings, and returns its number. `request` is JSON of a `NativeFeed`.
    #[napi]
    pub fn open_fed(&self, request: String, pace: u32) -> Result<u32> {
        let control = Arc::new(Control::default());
        let id = self.shared.lock().register(&control);
        feed::start(&request, Pace::of_bits(pace), id, Arc::clone(&self.shared), control).inspect_err(|_| {
            self.shared.lock().forget(id);
        })?;
        Ok(id)
    }

    /// The next piece of a fed session's body, copied. Returns whether more is wanted: 0 now, 1 after a `Room` record, 2
    /// never.
    #[napi]
    pub fn feed(&self, session: u32, bytes: &[u8]) -> u32 {
        self.fed(session, |feed| feed::bytes(feed, bytes))
    }

    /// The same, of text.
    #[napi]
    pub fn feed_text(&self, session: u32, text: String) -> u32 {
        self.fed(session, |feed| feed.bytes(text.into_bytes().into()))
    }

    /// The next event of a fed session that has no body: a record as in a batch.
    #[napi]
    pub fn feed_record(&self, session: u32, kind: u32, choice: u32, payload: String) -> Result<u32> {
        let control = self.control(session);
        let room = control.as_ref().and_then(|control| control.feed());
        room.map_or(Ok(Room::Closed), |feed| feed::record(feed, kind, choice, &payload)).map(feed::told)
    }

    /// A fed session's body ended.
    #[napi]
    pub fn feed_end(&self, session: u32) {
        self.fed(session, |feed| {
            feed.end();
            Room::Closed
        });
    }

    /// A fed session's body can't be had. `failure` is JSON of a `NativeFailure`.
    #[napi]
    pub fn feed_fail(&self, session: u32, failure: String) -> Result<()> {
        let control = self.control(session);
        control.as_ref().and_then(|control| control.feed()).map_or(Ok(()), |feed| feed::fail(feed, &failure))
    }

    /// Closes a session's upstream socket; its `Cancelled` record follows. Without effect once it is over.
    #[napi]
    pub fn cancel(&self, session: u32) {
        if let Some(control) = self.control(session) {
            control.cancel();
        }
    }

    /// Returns credit to a session that was opened without automatic credit.
    #[napi]
    pub fn credit(&self, session: u32, units: f64) {
        if let Some(control) = self.control(session) {
            control.return_credit(units as i64);
        }
    }

    /// The text of a session's first alternative as far as it has come and is kept, delivered or not.
    #[napi]
    pub fn text(&self, session: u32) -> String {
        self.control(session).map(|control| control.kept().text().to_owned()).unwrap_or_default()
    }

    /// Forgets a session whose last record was taken, and returns its kept text.
    #[napi]
    pub fn close(&self, session: u32) -> String {
        let control = self.shared.lock().forget(session);
        control.map(|control| control.kept().take_text()).unwrap_or_default()
    }

    /// Tells of a pulled session's events as they come, those that came so far first.
    #[napi]
    pub fn deliver(&self, session: u32) {
        self.command(session, Command::Deliver);
    }

    /// Fetches a pulled session at full speed. Where `keep`, its events come at the end, joined.
    #[napi]
    pub fn drain(&self, session: u32, keep: bool) {
        self.command(session, Command::Drain { keep });
    }

    /// Encodes a pulled session for a client. Returns the relay's number; 0 where the session is over and its last record
    /// on its way.
    #[napi]
    pub fn relay(&self, session: u32, options: NativeRelayOptions) -> Result<u32> {
        self.control(session).map_or(Ok(0), |control| control.relay(&options))
    }

    /// Has a relay write to a duplicate of a descriptor, as chunks of HTTP/1.1 or as it is.
    #[napi]
    pub fn relay_to_socket(&self, session: u32, relay: u32, descriptor: i32, chunked: bool) -> Result<()> {
        let socket = ClientSocket::duplicate(descriptor, chunked).map_err(|error| {
            Error::new(Status::GenericFailure, format!("can't write to the client's socket: {}", error.kind()))
        })?;
        self.command(session, Command::ToSocket { relay, socket });
        Ok(())
    }

    /// Has a relay hand its text to JavaScript.
    #[napi]
    pub fn relay_to_frames(&self, session: u32, relay: u32) {
        self.command(session, Command::ToFrames { relay });
    }

    /// The client took so many bytes of a relay's text.
    #[napi]
    pub fn relay_credit(&self, session: u32, relay: u32, bytes: u32) {
        self.command(session, Command::Credit { relay, bytes: bytes as usize });
    }

    /// Adds a hand-made event to a relay of format `events`.
    #[napi]
    pub fn relay_inject(&self, session: u32, relay: u32, event: String, json: String) {
        self.command(session, Command::Inject { relay, event, json });
    }

    /// Nothing more is encoded for a relay; what is goes out.
    #[napi]
    pub fn relay_stop(&self, session: u32, relay: u32) {
        self.command(session, Command::Stop { relay });
    }

    /// The client of a relay left.
    #[napi]
    pub fn relay_drop(&self, session: u32, relay: u32) {
        self.command(session, Command::Drop { relay });
    }

    /// How many bytes a relay has written.
    #[napi]
    pub fn relay_activity(&self, session: u32, relay: u32) -> f64 {
        self.control(session).map_or(0.0, |control| control.relay_activity(relay) as f64)
    }

    /// JSON of the usage of a session that JavaScript ends: counted so far, or reported and still on its way there; null
    /// where nothing is counted, or nothing came.
    /// `text` is what JavaScript was told of the first alternative's text, where it knows.
    #[napi(ts_return_type = "string | null")]
    pub fn estimate(&self, session: u32, text: Option<String>) -> Option<String> {
        let control = self.control(session)?;
        let usage = control.estimate().as_mut()?.usage_at_stop(text.as_deref())?;
        serde_json::to_string(&usage).ok()
    }

    /// Answers a session's `RetryQuestion`.
    #[napi]
    pub fn decide_retry(&self, session: u32, go_on: bool) {
        if let Some(control) = self.control(session) {
            control.decide_retry(go_on);
        }
    }

    /// Keeps the environment's event loop alive, or lets it go.
    #[napi]
    pub fn hold(&mut self, env: &Env, hold: bool) -> Result<()> {
        if self.holding == hold {
            return Ok(());
        }
        self.holding = hold;
        let mut state = self.shared.lock();
        let Some(wake) = &mut state.wake else { return Ok(()) };
        #[expect(
            deprecated,
            reason = "the only way to hold an event loop for a while; dropping it would lose the wake"
        )]
        if hold { wake.refer(env) } else { wake.unref(env) }
    }

    fn fed(&self, session: u32, act: impl FnOnce(&Feed) -> Room) -> u32 {
        let control = self.control(session);
        let feed = control.as_ref().and_then(|control| control.feed());
        feed::told(feed.map_or(Room::Closed, act))
    }

    fn command(&self, session: u32, command: Command) {
        if let Some(control) = self.control(session) {
            control.command(command);
        }
    }

    fn control(&self, session: u32) -> Option<Arc<Control>> {
        self.shared.lock().sessions.get(session as usize).cloned().flatten()
    }
}

/// Length in UTF-16 units, as JavaScript counts.
pub(crate) fn utf16_units(text: &str) -> u32 {
    let units = if text.is_ascii() { text.len() } else { text.encode_utf16().count() };
    u32::try_from(units).unwrap_or(u32::MAX)
}
