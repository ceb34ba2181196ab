//! Temporary keys: `st-` and 32 hexadecimal digits, for browsers and phones that must not hold a
//! key for good.
//!
//! A temporary key acts for the key that made it. It is stored as a hash like the others: so a
//! restart does not cut off its holder, and revoking the key that made it ends it too, in the query
//! that authenticates.

use std::time::Duration;

use crate::clock::unix_seconds;
use crate::keys::{hash, random_hex};
use crate::{Store, StoreError};

/// Temporary keys of one key that may be valid at once.
pub const TEMPORARY_KEYS_MAX: u32 = 1000;

/// A temporary key just made: the only time its secret is seen.
#[derive(Clone, Debug)]
pub struct TemporaryKey {
    /// What clients send.
    pub secret: String,
    /// When it stops working, in seconds since 1970 UTC.
    pub expires_at: i64,
}

/// Why a temporary key was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTemporaryKey {
    /// The secret is not that of a key made for good, or that was revoked.
    Unknown,
    /// The key has [`TEMPORARY_KEYS_MAX`] that are still valid.
    TooMany,
}

impl Store {
    /// Makes a key that acts for the key of `secret` for so long. A temporary key makes no others,
    /// or it could renew itself.
    pub async fn create_temporary_key(
        &self,
        secret: &str,
        life: Duration,
    ) -> Result<Result<TemporaryKey, NoTemporaryKey>, StoreError> {
        self.create_temporary_key_at(secret, life, unix_seconds())
            .await
    }

    async fn create_temporary_key_at(
        &self,
        secret: &str,
        life: Duration,
        now: i64,
    ) -> Result<Result<TemporaryKey, NoTemporaryKey>, StoreError> {
        let Some(owner) = self.permanent_key(secret).await? else {
            return Ok(Err(NoTemporaryKey::Unknown));
        };
        sqlx::query("DELETE FROM temporary_keys WHERE expires_at <= ?")
            .bind(now)
            .execute(&self.pool)
            .await?;
        let key = TemporaryKey {
            secret: format!("st-{}", random_hex::<16>()?),
            expires_at: now.saturating_add(i64::try_from(life.as_secs()).unwrap_or(i64::MAX)),
        };
        let done = sqlx::query(
            "INSERT INTO temporary_keys (hash, owner, expires_at) SELECT ?1, ?2, ?3
             WHERE (SELECT COUNT(*) FROM temporary_keys WHERE owner = ?2) < ?4",
        )
        .bind(hash(&key.secret))
        .bind(owner.as_str())
        .bind(key.expires_at)
        .bind(TEMPORARY_KEYS_MAX)
        .execute(&self.pool)
        .await?;
        if done.rows_affected() == 1 {
            Ok(Ok(key))
        } else {
            Ok(Err(NoTemporaryKey::TooMany))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Duration = Duration::from_mins(1);

    async fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        (folder, store)
    }

    #[tokio::test]
    async fn a_temporary_key_acts_for_its_maker_until_it_expires() {
        let (_folder, store) = store().await;
        let maker = store.create_key("").await.unwrap();
        let made = store.create_temporary_key_at(&maker.secret, LIFE, 1000);
        let key = made.await.unwrap().unwrap();
        assert!(key.secret.starts_with("st-") && key.expires_at == 1060);
        let at = |now| store.authenticate_at(&key.secret, now);
        assert_eq!(at(1000).await.unwrap(), Some(maker.id.clone()));
        assert_eq!(at(1059).await.unwrap(), Some(maker.id.clone()));
        assert_eq!(at(1060).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_temporary_key_survives_a_restart_but_not_its_maker() {
        let (folder, store) = store().await;
        let maker = store.create_key("").await.unwrap();
        let made = store.create_temporary_key(&maker.secret, LIFE).await;
        let key = made.unwrap().unwrap();
        drop(store);
        let store = Store::open(folder.path()).await.unwrap();
        let found = store.authenticate(&key.secret).await.unwrap();
        assert_eq!(found, Some(maker.id.clone()));
        store.revoke_key(&maker.id.to_string()).await.unwrap();
        assert_eq!(store.authenticate(&key.secret).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_temporary_key_makes_no_other() {
        let (_folder, store) = store().await;
        let maker = store.create_key("").await.unwrap();
        let made = store.create_temporary_key(&maker.secret, LIFE).await;
        let key = made.unwrap().unwrap();
        let again = store.create_temporary_key(&key.secret, LIFE).await.unwrap();
        assert_eq!(again.unwrap_err(), NoTemporaryKey::Unknown);
    }

    #[tokio::test]
    async fn a_key_has_so_many_and_the_expired_make_room() {
        let (_folder, store) = store().await;
        let maker = store.create_key("").await.unwrap();
        let make = |now| store.create_temporary_key_at(&maker.secret, LIFE, now);
        for _ in 0..TEMPORARY_KEYS_MAX {
            make(1000).await.unwrap().unwrap();
        }
        assert_eq!(
            make(1059).await.unwrap().unwrap_err(),
            NoTemporaryKey::TooMany
        );
        make(1060).await.unwrap().unwrap();
    }
}
