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

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(backoff: Backoff) -> RetryPolicy {
        RetryPolicy { backoff, ..RetryPolicy::default() }
    }

    fn delays(policy: &RetryPolicy) -> Vec<u128> {
        (1..=6).map(|n| policy.delay(n, None).unwrap().as_millis()).collect()
    }

    #[test]
    fn grows_exponentially_or_linearly_up_to_the_cap() {
        assert_eq!(delays(&policy(Backoff::Exponential)), [1000, 2000, 4000, 8000, 10_000, 10_000]);
        assert_eq!(delays(&policy(Backoff::Linear)), [1000, 2000, 3000, 4000, 5000, 6000]);
        let tripled = RetryPolicy { multiplier: 3.0, ..policy(Backoff::Exponential) };
        assert_eq!(delays(&tripled), [1000, 3000, 9000, 10_000, 10_000, 10_000]);
    }

    #[test]
    fn jitter_stays_within_its_share_and_under_the_cap() {
        let jittered = RetryPolicy { jitter: 0.25, ..policy(Backoff::Exponential) };
        let drawn: Vec<_> = (0..200).map(|_| jittered.delay(1, None).unwrap()).collect();
        assert!(drawn.iter().all(|delay| (750..=1250).contains(&delay.as_millis())));
        assert!(drawn.iter().any(|delay| delay.as_millis() != drawn[0].as_millis()));
        assert!((0..200).all(|_| jittered.delay(9, None).unwrap() <= jittered.max_delay));
    }

    #[test]
    fn absurd_settings_give_a_delay_nevertheless() {
        for (multiplier, jitter) in [(f64::NAN, 0.0), (f64::INFINITY, 9.0), (-2.0, -1.0), (1e300, f64::NAN)] {
            let absurd = RetryPolicy { multiplier, jitter, ..RetryPolicy::default() };
            assert!((1..=50).all(|n| absurd.delay(n, None).unwrap() <= absurd.max_delay));
        }
    }

    #[test]
    fn a_header_that_says_nothing_sensible_is_disregarded() {
        for (name, value) in
            [("retry-after", "soon"), ("retry-after", "-1"), ("retry-after-ms", "NaN"), ("retry-after", "inf")]
        {
            let headers = HeaderMap::from_iter([(
                reqwest::header::HeaderName::from_static(name),
                reqwest::header::HeaderValue::from_static(value),
            )]);
            assert_eq!(retry_after(&headers), None, "{name}: {value}");
        }
    }
}
