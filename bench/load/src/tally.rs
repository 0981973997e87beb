//! What all streams of a job have in common: how far they are, how long their tokens took.

use std::cell::{Cell, RefCell};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::job::Latency;
use crate::say;

/// Microseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

pub(crate) struct Tally {
    streams: usize,
    begun: Cell<usize>,
    any_ended: Cell<bool>,
    tokens: Cell<u64>,
    timeline: RefCell<Vec<(f64, u64)>>,
    delays: RefCell<Vec<u64>>,
}

impl Tally {
    pub(crate) fn new(streams: usize) -> Self {
        Self {
            streams,
            begun: Cell::new(0),
            any_ended: Cell::new(false),
            tokens: Cell::new(0),
            timeline: RefCell::default(),
            delays: RefCell::default(),
        }
    }

    /// A stream had its first token.
    pub(crate) fn began(&self) {
        self.begun.set(self.begun.get() + 1);
        if self.begun.get() == self.streams {
            self.tick();
            // The driver is gone where this fails, and the job with it.
            let _ = say(&json!({ "event": "begun" }));
        }
    }

    /// A stream came to its end.
    pub(crate) fn ended(&self) {
        if !self.any_ended.replace(true) {
            self.tick();
            let _ = say(&json!({ "event": "ending" }));
        }
    }

    pub(crate) fn count(&self, tokens: u64) {
        self.tokens.set(self.tokens.get() + tokens);
    }

    /// Notes how many tokens have come by now.
    pub(crate) fn tick(&self) {
        self.timeline.borrow_mut().push((now() as f64 / 1e3, self.tokens.get()));
    }

    /// Notes how long a piece of stamped text was on its way. A stamp is a number of microseconds with a space behind.
    pub(crate) fn delay(&self, text: &str, arrived: u64) {
        let stamps = text.split_ascii_whitespace().filter_map(|stamp| stamp.parse::<u64>().ok());
        self.delays.borrow_mut().extend(stamps.map(|sent| arrived.saturating_sub(sent)));
    }

    pub(crate) fn timeline(&self) -> Vec<(f64, u64)> {
        self.timeline.take()
    }

    pub(crate) fn latency(&self) -> Option<Latency> {
        let mut delays = self.delays.take();
        delays.sort_unstable();
        let at = |share: f64| {
            let index = ((delays.len() as f64 * share).ceil() as usize).clamp(1, delays.len());
            delays.get(index - 1).copied()
        };
        if delays.is_empty() {
            return None;
        }
        Some(Latency { count: delays.len(), p50: at(0.5)?, p90: at(0.9)?, p99: at(0.99)?, max: at(1.0)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_sample() {
        let tally = Tally::new(1);
        assert!(tally.latency().is_none());
        for sent in 0..100 {
            tally.delay(&format!("{sent} "), 100);
        }
        let latency = tally.latency().expect("tokens were noted");
        assert_eq!((latency.count, latency.p50, latency.p99, latency.max), (100, 50, 99, 100));
    }
}
