//! Hot-word lists of the older phrase API, each seen by the key that made it and by no other.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::clock::unix_seconds;
use crate::{KeyId, Page, Store, StoreError};

/// A phrase list that is to be kept.
#[derive(Clone, Copy, Debug)]
pub struct NewPhraseList<'a> {
    /// Its id, which no list has yet.
    pub id: &'a str,
    /// The model it is for.
    pub model: &'a str,
    /// The job that compiled it.
    pub job_id: &'a str,
    /// The phrases, in a form that is the caller's business.
    pub phrases: &'a str,
}

/// A phrase list without its phrases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhraseListInfo {
    /// Its id.
    pub id: String,
    /// The model it is for.
    pub model: String,
    /// The newest job that compiled it.
    pub job_id: String,
    /// When it was made, in seconds since 1970 UTC.
    pub created_at: i64,
}

/// A phrase list with its phrases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhraseList {
    /// What else is known of it.
    pub info: PhraseListInfo,
    /// The phrases as they were given to the store.
    pub phrases: String,
}

impl Store {
    /// Keeps a phrase list, unless `owner` has `lists_max` already: then false.
    pub async fn create_phrase_list(
        &self,
        owner: &KeyId,
        list: NewPhraseList<'_>,
        lists_max: u32,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO phrase_lists (id, owner, model, job_id, phrases, created_at)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6
             WHERE (SELECT COUNT(*) FROM phrase_lists WHERE owner = ?2) < ?7",
        )
        .bind(list.id)
        .bind(owner.as_str())
        .bind(list.model)
        .bind(list.job_id)
        .bind(list.phrases)
        .bind(unix_seconds())
        .bind(lists_max)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// The phrase lists of `owner`, the newest first.
    pub async fn phrase_lists(
        &self,
        owner: &KeyId,
        page: Page,
    ) -> Result<Vec<PhraseListInfo>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, model, job_id, created_at FROM phrase_lists WHERE owner = ?
             ORDER BY created_at DESC, rowid DESC LIMIT ? OFFSET ?",
        )
        .bind(owner.as_str())
        .bind(page.size)
        .bind(i64::try_from(page.skip).unwrap_or(i64::MAX))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(info).collect()
    }

    /// How many phrase lists `owner` has.
    pub async fn phrase_list_count(&self, owner: &KeyId) -> Result<u32, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) FROM phrase_lists WHERE owner = ?")
            .bind(owner.as_str())
            .fetch_one(&self.pool)
            .await?;
        Ok(row.try_get(0)?)
    }

    /// A phrase list of `owner`, if there is one of this id.
    pub async fn phrase_list(
        &self,
        owner: &KeyId,
        id: &str,
    ) -> Result<Option<PhraseList>, StoreError> {
        let row = sqlx::query(
            "SELECT id, model, job_id, phrases, created_at FROM phrase_lists
             WHERE owner = ? AND id = ?",
        )
        .bind(owner.as_str())
        .bind(id)
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref()
            .map(|row| {
                Ok(PhraseList {
                    info: info(row)?,
                    phrases: row.try_get("phrases")?,
                })
            })
            .transpose()
    }

    /// Replaces the phrases of a list; false when `owner` has none of this id.
    pub async fn update_phrase_list(
        &self,
        owner: &KeyId,
        id: &str,
        job_id: &str,
        phrases: &str,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE phrase_lists SET job_id = ?, phrases = ? WHERE owner = ? AND id = ?",
        )
        .bind(job_id)
        .bind(phrases)
        .bind(owner.as_str())
        .bind(id)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Deletes a phrase list; false when `owner` has none of this id.
    pub async fn delete_phrase_list(&self, owner: &KeyId, id: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM phrase_lists WHERE owner = ? AND id = ?")
            .bind(owner.as_str())
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() == 1)
    }
}

fn info(row: &SqliteRow) -> Result<PhraseListInfo, StoreError> {
    Ok(PhraseListInfo {
        id: row.try_get("id")?,
        model: row.try_get("model")?,
        job_id: row.try_get("job_id")?,
        created_at: row.try_get("created_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(id: &str) -> NewPhraseList<'_> {
        NewPhraseList {
            id,
            model: "paraformer-realtime-v1",
            job_id: "ft-1",
            phrases: "{}",
        }
    }

    #[tokio::test]
    async fn a_list_belongs_to_its_key_and_lives_over_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let owner = store.create_key("").await.unwrap().id;
        let other = store.create_key("").await.unwrap().id;
        assert!(
            store
                .create_phrase_list(&owner, list("l"), 2)
                .await
                .unwrap()
        );
        assert!(
            !store
                .update_phrase_list(&other, "l", "ft-2", "{}")
                .await
                .unwrap()
        );
        assert!(
            store
                .update_phrase_list(&owner, "l", "ft-2", "[]")
                .await
                .unwrap()
        );
        drop(store);

        let store = Store::open(folder.path()).await.unwrap();
        let found = store.phrase_list(&owner, "l").await.unwrap().unwrap();
        assert_eq!(
            (found.info.job_id.as_str(), found.phrases.as_str()),
            ("ft-2", "[]")
        );
        assert_eq!(store.phrase_list(&other, "l").await.unwrap(), None);
        assert!(!store.delete_phrase_list(&other, "l").await.unwrap());
        assert!(store.delete_phrase_list(&owner, "l").await.unwrap());
        assert!(!store.delete_phrase_list(&owner, "l").await.unwrap());
    }

    #[tokio::test]
    async fn lists_come_in_pages_and_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let owner = store.create_key("").await.unwrap().id;
        for id in ["a", "b", "c"] {
            assert!(store.create_phrase_list(&owner, list(id), 3).await.unwrap());
        }
        assert!(
            !store
                .create_phrase_list(&owner, list("d"), 3)
                .await
                .unwrap()
        );
        let page = Page { skip: 1, size: 1 };
        let found = store.phrase_lists(&owner, page).await.unwrap();
        assert_eq!((found.len(), found[0].id.as_str()), (1, "b"));
        assert_eq!(store.phrase_list_count(&owner).await.unwrap(), 3);
    }
}
