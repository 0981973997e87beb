//! The process-wide tokio runtime and the engine on it. Both are made at first use and live until the process ends:
//! environments (worker threads) come and go on top of them.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use millstream_engine::{Engine, EngineConfig};
use napi::{Error, Result};
use tokio::runtime::{Builder, Handle, Runtime};

/// More threads than this do not help: one thread moves far more events than one JavaScript thread takes.
const MAX_DEFAULT_THREADS: usize = 4;

/// A cap on `MILLSTREAM_THREADS` against slips of the keyboard.
const MAX_THREADS: usize = 64;

/// The runtime's handle.
///
/// # Errors
/// Where the operating system gives no threads.
pub(crate) fn handle() -> Result<&'static Handle> {
    static RUNTIME: OnceLock<std::result::Result<Runtime, String>> = OnceLock::new();
    RUNTIME
        .get_or_init(|| {
            crate::log::init();
            let threads = threads_from_environment();
            tracing::debug!(threads, "runtime starts");
            Builder::new_multi_thread()
                .worker_threads(threads)
                // Name resolution is all that blocks.
                .max_blocking_threads(16)
                .thread_name("millstream")
                .enable_all()
                .on_thread_park(gather)
                .build()
                .map_err(|error| format!("the engine's threads could not be started: {error}"))
        })
        .as_ref()
        .map(Runtime::handle)
        .map_err(Error::from_reason)
}

/// How far apart reads are under load: as far as deliveries to JavaScript are by default, so that nobody waits longer
/// than he would anyway.
const GATHER: Duration = Duration::from_millis(1);

/// So many events in [`GATHER`] are load, weighed by [`DELIVERED`] and [`RELAYED`].
const BUSY: u64 = 4 * DELIVERED;

/// An event on its way to JavaScript, which is told once a millisecond anyway.
pub(crate) const DELIVERED: u64 = 6;

/// One on its way to a client, who would have it sooner: only where waking costs more than that is worth.
pub(crate) const RELAYED: u64 = 1;

/// Events that sessions gave so far, weighed, of those that don't ask to be delivered at once.
static EVENTS: AtomicU64 = AtomicU64::new(0);

/// Counts an event whose delivery may be gathered with others.
pub(crate) fn count_event(weight: u64) {
    EVENTS.fetch_add(weight, Ordering::Relaxed);
}

/// Called by a thread of the runtime before it waits for its sockets. Under load a thousand streams would wake it for
/// every token, and waking costs several times what reading does: so the thread sleeps out its millisecond and then
/// finds all that came meanwhile. Without load it waits at once, and no first token is held up.
fn gather() {
    thread_local! {
        static WINDOW: Cell<Option<(Instant, u64)>> = const { Cell::new(None) };
    }
    let events = EVENTS.load(Ordering::Relaxed);
    let now = Instant::now();
    let window = WINDOW.get();
    if let Some((began, before)) = window
        && let Some(left) = GATHER.checked_sub(now - began)
    {
        if events.wrapping_sub(before) < BUSY {
            return;
        }
        std::thread::sleep(left);
        WINDOW.set(Some((now + left, events)));
    } else {
        WINDOW.set(Some((now, events)));
    }
}

/// The engine.
///
/// # Errors
/// Where its HTTP client can't be set up, e.g. because the platform's trust store is unreadable.
pub(crate) fn engine() -> Result<&'static Engine> {
    static ENGINE: OnceLock<std::result::Result<Engine, String>> = OnceLock::new();
    let handle = handle()?;
    ENGINE
        .get_or_init(|| Engine::new(EngineConfig::from_env(handle.clone())).map_err(|error| error.to_string()))
        .as_ref()
        .map_err(Error::from_reason)
}

/// `MILLSTREAM_THREADS`, else half of the machine's cores, between 1 and 4: the other half belongs to JavaScript.
fn threads_from_environment() -> usize {
    let default = (available_parallelism().map_or(1, usize::from) / 2).clamp(1, MAX_DEFAULT_THREADS);
    let Ok(value) = std::env::var("MILLSTREAM_THREADS") else { return default };
    match value.trim().parse::<usize>() {
        Ok(threads @ 1..=MAX_THREADS) => threads,
        _ => {
            tracing::warn!(
                default,
                "expected MILLSTREAM_THREADS to be a whole number from 1 to {MAX_THREADS}; using the default"
            );
            default
        }
    }
}
