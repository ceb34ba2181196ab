//! How often, and after which pause, an overloaded server is asked again.
//!
//! Only the *start* of a task is ever repeated, while no audio has been sent and nothing can be
//! lost or doubled. A task that fails later is the caller's to judge.

use std::time::Duration;

use crate::Error;
use crate::limits::{BACKOFF_BASE, BACKOFF_MAX, START_ATTEMPTS_MAX};

/// Attempts and pauses of a start: exponential back-off with full jitter, so that clients that
/// were refused together do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all; 1 means no second one.
    pub attempts: u32,
    /// Upper end of the first pause; doubles with each further one.
    pub base: Duration,
    /// Upper end of every pause, also of one that the server asks for by `Retry-After`.
    pub max: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: START_ATTEMPTS_MAX,
            base: BACKOFF_BASE,
            max: BACKOFF_MAX,
        }
    }
}

impl RetryPolicy {
    /// One attempt only.
    pub fn none() -> Self {
        Self {
            attempts: 1,
            ..Self::default()
        }
    }

    /// The pause after the failed attempt number `attempt` (from 1), or `None` when `error` is to
    /// be reported: no attempts are left, or it is not the overload of a server.
    /// `jitter` is a random number in 0..1.
    pub(crate) fn pause(&self, attempt: u32, error: &Error, jitter: f64) -> Option<Duration> {
        if attempt >= self.attempts || !error.is_overload() {
            return None;
        }
        let doublings = (attempt - 1).min(u32::BITS - 1);
        let ceiling = self.base.saturating_mul(1 << doublings).min(self.max);
        let asked = match error {
            Error::Handshake(refusal) => refusal.retry_after.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        Some(ceiling.mul_f64(jitter).max(asked).min(self.max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttled() -> Error {
        Error::TaskFailed {
            code: "Throttling.RateQuota".to_owned(),
            message: String::new(),
            task_id: String::new(),
        }
    }

    fn refused(status: u16, retry_after_s: Option<u64>) -> Error {
        Error::Handshake(crate::Refusal {
            status,
            body: String::new(),
            code: None,
            message: None,
            request_id: None,
            retry_after: retry_after_s.map(Duration::from_secs),
        })
    }

    #[test]
    fn pauses_double_up_to_the_maximum_and_end() {
        let policy = RetryPolicy {
            attempts: 5,
            base: Duration::from_millis(500),
            max: Duration::from_millis(1_800),
        };
        let pauses: Vec<_> = (1..=5)
            .map(|n| policy.pause(n, &throttled(), 1.0))
            .collect();
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(pauses, [ms(500), ms(1_000), ms(1_800), ms(1_800), None]);
    }

    #[test]
    fn jitter_scales_the_pause() {
        let pause = RetryPolicy::default().pause(1, &throttled(), 0.25);
        assert_eq!(pause, Some(BACKOFF_BASE / 4));
    }

    #[test]
    fn retry_after_is_obeyed_within_the_maximum() {
        let policy = RetryPolicy::default();
        let pause = |s| policy.pause(1, &refused(503, Some(s)), 0.0);
        assert_eq!(pause(3), Some(Duration::from_secs(3)));
        assert_eq!(pause(3_600), Some(BACKOFF_MAX));
    }

    #[test]
    fn other_errors_are_not_retried() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.pause(1, &refused(401, None), 1.0), None);
        assert_eq!(policy.pause(1, &Error::Stopped, 1.0), None);
        assert_eq!(RetryPolicy::none().pause(1, &throttled(), 1.0), None);
    }

    #[test]
    fn a_huge_attempt_number_does_not_overflow() {
        let policy = RetryPolicy {
            attempts: u32::MAX,
            ..RetryPolicy::default()
        };
        assert_eq!(
            policy.pause(u32::MAX - 1, &throttled(), 1.0),
            Some(BACKOFF_MAX)
        );
    }
}
