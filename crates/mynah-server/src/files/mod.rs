//! Files: where they come from, and their recognition while somebody waits for it.
//!
//! What the DashScope routes and OpenAI's share, so that a file is recognised in one way only:
//! [`AudioSource`] finds the file, [`Recognition`] makes sentences of it, [`Transcript`] puts them
//! together.

mod recognition;
mod source;
mod transcript;

use std::path::Path;
use std::sync::Arc;

use mynah_fetch::{FetchError, Fetcher, Reach};
use mynah_store::Uploads;
use mynah_wire::ApiError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(crate) use self::recognition::{Recognition, Wanted};
pub(crate) use self::source::{AudioFile, AudioSource};
pub(crate) use self::transcript::{Transcript, count_tokens};
use crate::limits::{RECOGNITIONS_MAX, UPLOADS_AT_ONCE_MAX};
use crate::uploads::Policies;

/// What the routes that take files share.
#[derive(Debug)]
pub struct Files {
    /// Downloads.
    pub(crate) fetcher: Fetcher,
    /// Uploads, and the folder where files grow.
    pub(crate) uploads: Uploads,
    /// Certificates for uploads.
    pub(crate) policies: Policies,
    recognitions: Arc<Semaphore>,
    uploading: Arc<Semaphore>,
}

/// A place among the requests of its kind, free again when dropped.
pub(crate) struct Place(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

/// Why the routes that take files cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The data folder cannot be used.
    #[error("the folder of uploads: {0}")]
    Folder(#[from] std::io::Error),
    /// The system gives no random numbers.
    #[error("no random numbers: {0}")]
    Random(String),
    /// Downloads are not possible.
    #[error("downloads: {0}")]
    Fetch(#[from] FetchError),
}

impl Files {
    /// Files in a data folder, and downloads from where `reach` allows.
    pub fn open(data_folder: &Path, reach: Reach) -> Result<Self, FilesError> {
        Ok(Self {
            fetcher: Fetcher::new(reach)?,
            uploads: Uploads::open(data_folder)?,
            policies: Policies::new()?,
            recognitions: Arc::new(Semaphore::new(RECOGNITIONS_MAX)),
            uploading: Arc::new(Semaphore::new(UPLOADS_AT_ONCE_MAX)),
        })
    }

    /// A place for a recognition, or the refusal.
    pub(crate) fn recognition_place(&self) -> Result<Place, ApiError> {
        place(&self.recognitions)
    }

    /// A place for an upload, or the refusal.
    pub(crate) fn upload_place(&self) -> Result<Place, ApiError> {
        place(&self.uploading)
    }
}

fn place(places: &Arc<Semaphore>) -> Result<Place, ApiError> {
    let place = places.clone().try_acquire_owned();
    place.map(Place).map_err(|_| ApiError::rate_quota())
}

/// Runs work that would hold up the other requests, such as reading a disk.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "work on a file failed");
        ApiError::internal()
    })
}
