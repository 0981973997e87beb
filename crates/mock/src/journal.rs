//! What the server was asked, and how each answer ended. Bounded in entries and in bytes per entry.

use std::collections::VecDeque;
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Instant, SystemTime};

use serde_json::{Map, Value, json};

use crate::clock::since_epoch;
use crate::http::Request;

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All of it was sent.
    Complete,
    /// The server cut it, as it was told to.
    Cut,
    /// The client left before.
    Left,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Cut => "cut",
            Self::Left => "client-left",
        }
    }
}

/// One request.
#[derive(Debug)]
pub(crate) struct Entry {
    index: u64,
    connection: u64,
    request: Value,
    received: SystemTime,
    start: Instant,
    pub(crate) tokens: AtomicU64,
    pub(crate) bytes: AtomicU64,
    status: OnceLock<u16>,
    recording: OnceLock<String>,
    end: OnceLock<(Outcome, f64)>,
}

impl Entry {
    /// The request's number since the last reset.
    pub(crate) fn index(&self) -> u64 {
        self.index
    }

    pub(crate) fn answered_with(&self, status: u16) {
        let _ = self.status.set(status);
    }

    pub(crate) fn played(&self, recording: &str) {
        let _ = self.recording.set(recording.to_owned());
    }

    fn to_json(&self) -> Value {
        let mut map = match &self.request {
            Value::Object(map) => map.clone(),
            _ => Map::new(),
        };
        map.insert("index".to_owned(), self.index.into());
        map.insert("connection".to_owned(), self.connection.into());
        map.insert("receivedAt".to_owned(), (since_epoch(self.received).as_secs_f64() * 1e3).into());
        map.insert("tokensSent".to_owned(), self.tokens.load(Relaxed).into());
        map.insert("bytesSent".to_owned(), self.bytes.load(Relaxed).into());
        if let Some(status) = self.status.get() {
            map.insert("status".to_owned(), (*status).into());
        }
        if let Some(recording) = self.recording.get() {
            map.insert("recording".to_owned(), recording.as_str().into());
        }
        let end = self.end.get();
        map.insert("closedByClient".to_owned(), end.is_some_and(|(outcome, _)| *outcome == Outcome::Left).into());
        if let Some((outcome, elapsed)) = end {
            map.insert("outcome".to_owned(), outcome.as_str().into());
            map.insert("elapsed".to_owned(), (*elapsed).into());
        }
        Value::Object(map)
    }
}

type Hook = Box<dyn Fn() + Send + Sync>;

/// All requests since the last reset, the newest so many of them kept.
pub(crate) struct Journal {
    entries: Mutex<Entries>,
    most: usize,
    most_body: usize,
    open: AtomicU64,
    peak: AtomicU64,
    connections: AtomicU64,
    /// Called at the next change, once; whoever wants more asks again.
    armed: AtomicBool,
    on_change: Hook,
}

#[derive(Default)]
struct Entries {
    kept: VecDeque<Arc<Entry>>,
    count: u64,
}

impl Journal {
    pub(crate) fn new(most: usize, most_body: usize, on_change: Hook) -> Self {
        Self {
            entries: Mutex::default(),
            most,
            most_body,
            open: AtomicU64::new(0),
            peak: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            armed: false.into(),
            on_change,
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for one call of the hook at the next change.
    pub(crate) fn arm(&self) {
        self.armed.store(true, SeqCst);
    }

    fn changed(&self) {
        // Either the change is seen by who armed it before looking, or the arming is seen here.
        if self.armed.load(SeqCst) && self.armed.swap(false, SeqCst) {
            (self.on_change)();
        }
    }

    /// A client connected; gives the connection's number.
    pub(crate) fn connected(&self) -> u64 {
        let open = self.open.fetch_add(1, Relaxed) + 1;
        self.peak.fetch_max(open, Relaxed);
        let number = self.connections.fetch_add(1, Relaxed);
        self.changed();
        number
    }

    pub(crate) fn disconnected(&self) {
        self.open.fetch_sub(1, Relaxed);
        self.changed();
    }

    pub(crate) fn open_connections(&self) -> u64 {
        self.open.load(Relaxed)
    }

    pub(crate) fn peak_connections(&self) -> u64 {
        self.peak.load(Relaxed)
    }

    /// A request was read to its end.
    pub(crate) fn asked(&self, connection: u64, request: &Request, body: Option<&Value>) -> Arc<Entry> {
        let mut told = json!({
            "method": request.method,
            "path": request.path,
            "headers": headers(request),
            "bodyBytes": request.body.len(),
        });
        if let Value::Object(map) = &mut told {
            if let Some(query) = &request.query {
                map.insert("query".to_owned(), query.as_str().into());
            }
            if request.body.len() > self.most_body {
                map.insert("bodyTruncated".to_owned(), true.into());
            } else if let Some(body) = body {
                map.insert("body".to_owned(), body.clone());
            } else if !request.body.is_empty() {
                map.insert("body".to_owned(), String::from_utf8_lossy(&request.body).into());
            }
        }
        let mut entries = self.entries();
        let entry = Arc::new(Entry {
            index: entries.count,
            connection,
            request: told,
            received: SystemTime::now(),
            start: Instant::now(),
            tokens: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            status: OnceLock::new(),
            recording: OnceLock::new(),
            end: OnceLock::new(),
        });
        entries.count += 1;
        entries.kept.push_back(Arc::clone(&entry));
        if entries.kept.len() > self.most {
            entries.kept.pop_front();
        }
        drop(entries);
        self.changed();
        entry
    }

    pub(crate) fn ended(&self, entry: &Entry, outcome: Outcome) {
        let _ = entry.end.set((outcome, entry.start.elapsed().as_secs_f64() * 1e3));
        self.changed();
    }

    /// Every kept request whose number is at least `from`, as a JSON array.
    pub(crate) fn to_json(&self, from: u64) -> Value {
        let wanted: Vec<_> = self.entries().kept.iter().filter(|entry| entry.index >= from).cloned().collect();
        Value::Array(wanted.iter().map(|entry| entry.to_json()).collect())
    }

    pub(crate) fn count(&self) -> u64 {
        self.entries().count
    }

    /// Forgets the requests; numbers begin at 0 again.
    pub(crate) fn reset(&self) {
        *self.entries() = Entries::default();
        self.peak.store(self.open.load(Relaxed), Relaxed);
        self.changed();
    }
}

/// Header values by name; values of repeated headers joined as RFC 9110 §5.3 allows.
fn headers(request: &Request) -> Value {
    let mut map: Map<String, Value> = Map::new();
    for (name, value) in &request.headers {
        match map.get_mut(name) {
            Some(Value::String(before)) => {
                before.push_str(", ");
                before.push_str(value);
            }
            _ => {
                map.insert(name.clone(), value.as_str().into());
            }
        }
    }
    Value::Object(map)
}
