//! How long to wait before asking again.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::{Backoff, RetryPolicy};

/// The wait a server asks for: `retry-after-ms`, else `Retry-After` in seconds (fractions too) or as a date
/// (RFC 9110, section 10.2.3). A date that has passed is no wait at all.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(ms) = text("retry-after-ms").and_then(|ms| ms.parse::<f64>().ok()) {
        return Duration::try_from_secs_f64(ms / 1000.0).ok();
    }
    let value = text(RETRY_AFTER.as_str())?;
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

impl RetryPolicy {
    /// The wait before retry `n`, counted from 1; `None` where the server asked for a longer one than
    /// [`RetryPolicy::max_delay`].
    pub(crate) fn delay(&self, n: u32, retry_after: Option<Duration>) -> Option<Duration> {
        if let Some(asked) = retry_after.filter(|_| self.respect_retry_after) {
            return (asked <= self.max_delay).then_some(asked);
        }
        let factor = match self.backoff {
            Backoff::Exponential => self.multiplier.powf(f64::from(n.saturating_sub(1))),
            Backoff::Linear => f64::from(n),
        };
        let cap = self.max_delay.as_secs_f64();
        // `min` also drops a NaN or an infinity that an absurd multiplier made.
        let computed = (self.initial_delay.as_secs_f64() * factor).min(cap).max(0.0);
        let jitter = self.jitter.clamp(0.0, 1.0);
        let spread = 1.0 + jitter * (fastrand::f64() * 2.0 - 1.0);
        Some(Duration::try_from_secs_f64((computed * spread).min(cap)).unwrap_or(self.max_delay))
    }
}
