//! API keys: `sk-` and 32 hexadecimal digits, shown once and stored as a hash.

use std::fmt;

use sha2::{Digest, Sha256};
use sqlx::Row;

use crate::clock::unix_seconds;
use crate::{Store, StoreError};

/// Characters of a secret that are kept in the clear: `sk-` and four digits.
const HINT_CHARACTERS: usize = 7;

/// Names a key without giving it away.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(String);

impl KeyId {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key just made: the only time its secret is seen.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its name for `revoke`.
    pub id: KeyId,
    /// What clients send.
    pub secret: String,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its name for `revoke`.
    pub id: KeyId,
    /// What it is for, in its creator's words.
    pub name: String,
    /// The secret's first characters.
    pub hint: String,
    /// When it was made, in seconds since 1970 UTC.
    pub created_at: i64,
    /// When it was revoked, if it was.
    pub revoked_at: Option<i64>,
}

impl Store {
    /// Makes a key.
    pub async fn create_key(&self, name: &str) -> Result<NewKey, StoreError> {
        let secret = format!("sk-{}", random_hex::<16>()?);
        let id = KeyId(random_hex::<4>()?);
        sqlx::query(
            "INSERT INTO api_keys (id, name, hash, hint, created_at) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(&id.0)
        .bind(name)
        .bind(hash(&secret))
        .bind(&secret[..HINT_CHARACTERS])
        .bind(unix_seconds())
        .execute(&self.pool)
        .await?;
        Ok(NewKey { id, secret })
    }

    /// All keys, oldest first, the revoked ones too.
    pub async fn keys(&self) -> Result<Vec<KeyInfo>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, name, hint, created_at, revoked_at FROM api_keys ORDER BY created_at, id",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(KeyInfo {
                    id: KeyId(row.try_get("id")?),
                    name: row.try_get("name")?,
                    hint: row.try_get("hint")?,
                    created_at: row.try_get("created_at")?,
                    revoked_at: row.try_get("revoked_at")?,
                })
            })
            .collect()
    }

    /// Revokes a key by its id; false when there is none, or it was revoked before.
    pub async fn revoke_key(&self, id: &str) -> Result<bool, StoreError> {
        let done =
            sqlx::query("UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL")
                .bind(unix_seconds())
                .bind(id)
                .execute(&self.pool)
                .await?;
        Ok(done.rows_affected() == 1)
    }

    /// The key that a client's secret belongs to, unless it is unknown, revoked or expired. The
    /// secret of a temporary key belongs to the key that made it.
    ///
    /// The search is by hash, so what its time could tell is of the hash, not of the secret.
    pub async fn authenticate(&self, secret: &str) -> Result<Option<KeyId>, StoreError> {
        self.authenticate_at(secret, unix_seconds()).await
    }

    pub(crate) async fn authenticate_at(
        &self,
        secret: &str,
        now: i64,
    ) -> Result<Option<KeyId>, StoreError> {
        let row = sqlx::query(
            "SELECT id FROM api_keys WHERE revoked_at IS NULL AND (hash = ?1 OR id =
                 (SELECT owner FROM temporary_keys WHERE hash = ?1 AND expires_at > ?2))",
        )
        .bind(hash(secret))
        .bind(now)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| row.try_get("id")).transpose()?.map(KeyId))
    }

    /// The key made for good whose secret this is.
    pub(crate) async fn permanent_key(&self, secret: &str) -> Result<Option<KeyId>, StoreError> {
        let row = sqlx::query("SELECT id FROM api_keys WHERE hash = ? AND revoked_at IS NULL")
            .bind(hash(secret))
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|row| row.try_get("id")).transpose()?.map(KeyId))
    }
}

pub(crate) fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

pub(crate) fn random_hex<const BYTES: usize>() -> Result<String, StoreError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| StoreError::Random(error.to_string()))?;
    Ok(bytes
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_works_until_it_is_revoked_and_over_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let key = store.create_key("tests").await.unwrap();
        assert!(key.secret.starts_with("sk-") && key.secret.len() == 35);
        drop(store);

        let store = Store::open(folder.path()).await.unwrap();
        assert_eq!(
            store.authenticate(&key.secret).await.unwrap(),
            Some(key.id.clone())
        );
        assert_eq!(store.authenticate("sk-00").await.unwrap(), None);
        assert_eq!(store.authenticate("").await.unwrap(), None);
        assert!(store.revoke_key(&key.id.to_string()).await.unwrap());
        assert!(!store.revoke_key(&key.id.to_string()).await.unwrap());
        assert_eq!(store.authenticate(&key.secret).await.unwrap(), None);
    }

    #[tokio::test]
    async fn the_secret_is_nowhere_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let key = store.create_key("tests").await.unwrap();
        assert_eq!(store.keys().await.unwrap()[0].hint, key.secret[..7]);
        drop(store);
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            let secret = key.secret.as_bytes();
            assert!(!bytes.windows(secret.len()).any(|window| window == secret));
        }
    }
}
