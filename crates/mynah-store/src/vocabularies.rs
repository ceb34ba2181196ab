//! Hot-word lists of the vocabulary API, each seen by the key that made it and by no other.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::clock::unix_seconds;
use crate::{KeyId, Store, StoreError};

/// A list that is to be kept.
#[derive(Clone, Copy, Debug)]
pub struct NewVocabulary<'a> {
    /// Its id, which no list has yet.
    pub id: &'a str,
    /// The model it is for.
    pub target_model: &'a str,
    /// What its owner finds it by.
    pub prefix: &'a str,
    /// The words, in a form that is the caller's business.
    pub words: &'a str,
}

/// A list without its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VocabularyInfo {
    /// Its id.
    pub id: String,
    /// The model it is for.
    pub target_model: String,
    /// When it was made, in seconds since 1970 UTC.
    pub created_at: i64,
    /// When its words were last replaced, in seconds since 1970 UTC.
    pub modified_at: i64,
}

/// A list with its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    /// What else is known of it.
    pub info: VocabularyInfo,
    /// The words as they were given to the store.
    pub words: String,
}

/// Part of a longer list: at most `size` items, after `skip` others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many items come before the page.
    pub skip: u64,
    /// The most items that the page has.
    pub size: u32,
}

impl Store {
    /// Keeps a list, unless `owner` has `lists_max` already: then false.
    pub async fn create_vocabulary(
        &self,
        owner: &KeyId,
        list: NewVocabulary<'_>,
        lists_max: u32,
    ) -> Result<bool, StoreError> {
        let now = unix_seconds();
        // One statement, so that two at once cannot both take the last place.
        let done = sqlx::query(
            "INSERT INTO vocabularies
                 (id, owner, target_model, prefix, words, created_at, modified_at)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?6
             WHERE (SELECT COUNT(*) FROM vocabularies WHERE owner = ?2) < ?7",
        )
        .bind(list.id)
        .bind(owner.as_str())
        .bind(list.target_model)
        .bind(list.prefix)
        .bind(list.words)
        .bind(now)
        .bind(lists_max)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// The lists of `owner`, the newest first; with `prefix`, only those made with it.
    pub async fn vocabularies(
        &self,
        owner: &KeyId,
        prefix: Option<&str>,
        page: Page,
    ) -> Result<Vec<VocabularyInfo>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, target_model, created_at, modified_at FROM vocabularies
             WHERE owner = ?1 AND (?2 IS NULL OR prefix = ?2)
             ORDER BY created_at DESC, rowid DESC LIMIT ?3 OFFSET ?4",
        )
        .bind(owner.as_str())
        .bind(prefix)
        .bind(page.size)
        .bind(i64::try_from(page.skip).unwrap_or(i64::MAX))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(info).collect()
    }

    /// A list of `owner`, if there is one of this id.
    pub async fn vocabulary(
        &self,
        owner: &KeyId,
        id: &str,
    ) -> Result<Option<Vocabulary>, StoreError> {
        let row = sqlx::query(
            "SELECT id, target_model, words, created_at, modified_at FROM vocabularies
             WHERE owner = ? AND id = ?",
        )
        .bind(owner.as_str())
        .bind(id)
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref()
            .map(|row| {
                Ok(Vocabulary {
                    info: info(row)?,
                    words: row.try_get("words")?,
                })
            })
            .transpose()
    }

    /// Replaces the words of a list; false when `owner` has none of this id.
    pub async fn update_vocabulary(
        &self,
        owner: &KeyId,
        id: &str,
        words: &str,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE vocabularies SET words = ?, modified_at = ? WHERE owner = ? AND id = ?",
        )
        .bind(words)
        .bind(unix_seconds())
        .bind(owner.as_str())
        .bind(id)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Deletes a list; false when `owner` has none of this id.
    pub async fn delete_vocabulary(&self, owner: &KeyId, id: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM vocabularies WHERE owner = ? AND id = ?")
            .bind(owner.as_str())
            .bind(id)
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() == 1)
    }
}

fn info(row: &SqliteRow) -> Result<VocabularyInfo, StoreError> {
    Ok(VocabularyInfo {
        id: row.try_get("id")?,
        target_model: row.try_get("target_model")?,
        created_at: row.try_get("created_at")?,
        modified_at: row.try_get("modified_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list<'a>(id: &'a str, prefix: &'a str) -> NewVocabulary<'a> {
        NewVocabulary {
            id,
            target_model: "fun-asr-realtime",
            prefix,
            words: "[]",
        }
    }

    async fn ids(store: &Store, owner: &KeyId, prefix: Option<&str>, page: Page) -> String {
        let lists = store.vocabularies(owner, prefix, page).await.unwrap();
        let ids: Vec<_> = lists.into_iter().map(|list| list.id).collect();
        ids.join(" ")
    }

    const ALL: Page = Page { skip: 0, size: 10 };

    #[tokio::test]
    async fn a_list_lives_over_a_restart_until_it_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let owner = store.create_key("").await.unwrap().id;
        assert!(
            store
                .create_vocabulary(&owner, list("v", "p"), 10)
                .await
                .unwrap()
        );
        assert!(store.update_vocabulary(&owner, "v", "[1]").await.unwrap());
        drop(store);

        let store = Store::open(folder.path()).await.unwrap();
        let found = store.vocabulary(&owner, "v").await.unwrap().unwrap();
        assert_eq!(
            (found.words.as_str(), found.info.target_model.as_str()),
            ("[1]", "fun-asr-realtime")
        );
        assert!(found.info.modified_at >= found.info.created_at);
        assert!(store.delete_vocabulary(&owner, "v").await.unwrap());
        assert!(!store.delete_vocabulary(&owner, "v").await.unwrap());
        assert_eq!(store.vocabulary(&owner, "v").await.unwrap(), None);
    }

    #[tokio::test]
    async fn another_key_neither_sees_nor_changes_a_list() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let owner = store.create_key("").await.unwrap().id;
        let other = store.create_key("").await.unwrap().id;
        assert!(
            store
                .create_vocabulary(&owner, list("v", "p"), 10)
                .await
                .unwrap()
        );
        assert_eq!(store.vocabulary(&other, "v").await.unwrap(), None);
        assert!(!store.update_vocabulary(&other, "v", "[1]").await.unwrap());
        assert!(!store.delete_vocabulary(&other, "v").await.unwrap());
        assert_eq!(ids(&store, &other, None, ALL).await, "");
        assert_eq!(
            store.vocabulary(&owner, "v").await.unwrap().unwrap().words,
            "[]"
        );
    }

    #[tokio::test]
    async fn lists_are_found_by_prefix_and_in_pages_the_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let owner = store.create_key("").await.unwrap().id;
        for (id, prefix) in [("a", "p"), ("b", "q"), ("c", "p"), ("d", "p")] {
            assert!(
                store
                    .create_vocabulary(&owner, list(id, prefix), 10)
                    .await
                    .unwrap()
            );
        }
        assert_eq!(ids(&store, &owner, None, ALL).await, "d c b a");
        assert_eq!(ids(&store, &owner, Some("p"), ALL).await, "d c a");
        assert_eq!(ids(&store, &owner, Some(""), ALL).await, "");
        let second = Page { skip: 2, size: 2 };
        assert_eq!(ids(&store, &owner, None, second).await, "b a");
        let beyond = Page {
            skip: u64::MAX,
            size: 2,
        };
        assert_eq!(ids(&store, &owner, None, beyond).await, "");
    }

    #[tokio::test]
    async fn a_full_account_takes_no_further_list() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let owner = store.create_key("").await.unwrap().id;
        let other = store.create_key("").await.unwrap().id;
        assert!(
            store
                .create_vocabulary(&owner, list("a", "p"), 1)
                .await
                .unwrap()
        );
        assert!(
            !store
                .create_vocabulary(&owner, list("b", "p"), 1)
                .await
                .unwrap()
        );
        assert!(
            store
                .create_vocabulary(&other, list("c", "p"), 1)
                .await
                .unwrap()
        );
        assert!(store.delete_vocabulary(&owner, "a").await.unwrap());
        assert!(
            store
                .create_vocabulary(&owner, list("b", "p"), 1)
                .await
                .unwrap()
        );
    }
}
