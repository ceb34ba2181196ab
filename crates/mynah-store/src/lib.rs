//! State on disk: API keys and hot-word lists, in one SQLite file in the data folder, and uploads
//! beside it.

mod clock;
mod keys;
mod phrases;
mod schema;
mod temporary_keys;
pub mod uploads;
mod vocabularies;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

pub use keys::{KeyId, KeyInfo, NewKey};
pub use phrases::{NewPhraseList, PhraseList, PhraseListInfo};
pub use temporary_keys::{NoTemporaryKey, TEMPORARY_KEYS_MAX, TemporaryKey};
pub use uploads::{UploadError, UploadName, Uploads};
pub use vocabularies::{NewVocabulary, Page, Vocabulary, VocabularyInfo};

/// How long a writer waits for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections to the database file.
const CONNECTIONS_MAX: u32 = 8;

/// The data folder's database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pool: SqlitePool,
}

/// A failure of the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data folder cannot be made.
    #[error("data folder {path}: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The database file cannot be opened, read or written.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The database is from another version of the program.
    #[error("database schema: {0}")]
    Schema(#[from] sqlx::migrate::MigrateError),
    /// The system gives no random numbers.
    #[error("no random numbers: {0}")]
    Random(String),
}

impl Store {
    /// Opens the database of a data folder, and makes both if need be.
    pub async fn open(folder: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder).map_err(|source| StoreError::Folder {
            path: folder.to_owned(),
            source,
        })?;
        let options = SqliteConnectOptions::new()
            .filename(folder.join("mynah.sqlite"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .connect_with(options)
            .await?;
        schema::migrator().run(&pool).await?;
        Ok(Self { pool })
    }
}
