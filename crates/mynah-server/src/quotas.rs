//! What one key may use: how many tasks a second, how many stored lists.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use mynah_store::KeyId;
use mynah_wire::ApiError;
use serde::Deserialize;

use crate::limits::{RATE_MODEL_BYTES_MAX, RATES_MAX};

/// The documented quotas of an account, which the service raises on request and an operator here
/// by configuration. An account is a key.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quotas {
    /// Tasks that may be started in a second, of each model.
    pub tasks_per_second: NonZeroU32,
    /// Hot-word lists: so many of the vocabulary API, and so many of the phrase API.
    pub vocabularies: u32,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            tasks_per_second: const { NonZeroU32::new(20).unwrap() },
            vocabularies: 10,
        }
    }
}

/// Holds every key to its tasks per second and model.
///
/// A generic cell rate algorithm: a key that was quiet may start a second's worth of tasks at
/// once, and from then on one whenever its share of a second has passed.
#[derive(Debug)]
pub struct TaskRates {
    /// What a task uses of the second.
    share: Duration,
    /// Until when each key has used up its time with a model. Bounded by [`RATES_MAX`].
    used_until: Mutex<HashMap<(KeyId, String), Instant>>,
}

impl TaskRates {
    /// Nobody has started a task yet.
    pub fn new(tasks_per_second: NonZeroU32) -> Self {
        Self {
            share: Duration::from_secs(1) / tasks_per_second.get(),
            used_until: Mutex::default(),
        }
    }

    /// Counts a task of a key with a model, or refuses it.
    pub(crate) fn check(&self, key: &KeyId, model: &str) -> Result<(), ApiError> {
        self.check_at(key, model, Instant::now())
    }

    fn check_at(&self, key: &KeyId, model: &str, now: Instant) -> Result<(), ApiError> {
        let mut used_until = self
            .used_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if used_until.len() >= RATES_MAX {
            used_until.retain(|_, until| *until > now);
        }
        if used_until.len() >= RATES_MAX {
            return Err(ApiError::rate_quota());
        }
        let model = &model[..model.floor_char_boundary(RATE_MODEL_BYTES_MAX)];
        let until = used_until
            .entry((key.clone(), model.to_owned()))
            .or_insert(now);
        let next = (*until).max(now) + self.share;
        if next > now + Duration::from_secs(1) {
            tracing::info!(%key, model, "task refused: too many a second");
            return Err(ApiError::rate_quota());
        }
        *until = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use mynah_store::Store;

    use super::*;

    async fn keys() -> [KeyId; 2] {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let [a, b] = [store.create_key("").await, store.create_key("").await];
        [a.unwrap().id, b.unwrap().id]
    }

    #[tokio::test]
    async fn a_second_has_so_many_tasks_of_each_key_and_model() {
        let [key, other] = keys().await;
        let rates = TaskRates::new(Quotas::default().tasks_per_second);
        let now = Instant::now();
        for _ in 0..20 {
            rates.check_at(&key, "a", now).unwrap();
        }
        let error = rates.check_at(&key, "a", now).unwrap_err();
        assert_eq!((error.code, error.status), ("Throttling.RateQuota", 429));
        rates.check_at(&key, "b", now).unwrap();
        rates.check_at(&other, "a", now).unwrap();
        let soon = now + Duration::from_millis(49);
        rates.check_at(&key, "a", soon).unwrap_err();
        let share = now + Duration::from_millis(50);
        rates.check_at(&key, "a", share).unwrap();
        rates.check_at(&key, "a", share).unwrap_err();
        for _ in 0..20 {
            rates
                .check_at(&key, "a", now + Duration::from_secs(3))
                .unwrap();
        }
    }

    #[tokio::test]
    async fn what_is_remembered_is_bounded() {
        let [key, _] = keys().await;
        let rates = TaskRates::new(Quotas::default().tasks_per_second);
        let now = Instant::now();
        for model in 0..RATES_MAX {
            rates.check_at(&key, &model.to_string(), now).unwrap();
        }
        rates.check_at(&key, "one more", now).unwrap_err();
        rates
            .check_at(&key, "one more", now + Duration::from_secs(1))
            .unwrap();
        let long = |end| format!("one more{}{end}", "x".repeat(1000));
        rates
            .check_at(&key, &long("a"), now + Duration::from_secs(1))
            .unwrap();
        rates
            .check_at(&key, &long("b"), now + Duration::from_secs(1))
            .unwrap();
        assert_eq!(rates.used_until.lock().unwrap().len(), 2);
    }
}
