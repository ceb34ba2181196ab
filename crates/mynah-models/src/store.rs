//! The folder that holds what was pulled: `<store>/<id>/<file>`.
//!
//! Readers need no lock: a file under its own name is whole, see the crate's invariants. Pulls and
//! removals of an entry take its lock, `<store>/.locks/<id>`, which the system releases when the
//! holder ends, however it ends.

use std::env;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use crate::{
    Catalogue, Digest, Entry, Error, FileName, FileSpec, ModelId, Phase, Platform, Progress, Step,
    disk,
};

/// The environment variable that names the store's folder.
pub(crate) const DIR_VARIABLE: &str = "MYNAH_MODELS_DIR";

/// A folder of installed entries, and the catalogue that says what they consist of.
#[derive(Clone, Debug)]
pub struct Store {
    dir: PathBuf,
    catalogue: Catalogue,
    platform: Platform,
}

impl Store {
    /// The store in `dir`, with the embedded catalogue. Nothing is created until the first pull.
    pub fn open(dir: impl Into<PathBuf>) -> Self {
        Self::with_catalogue(dir, Catalogue::embedded().clone())
    }

    /// The store in `dir`, with another catalogue.
    pub fn with_catalogue(dir: impl Into<PathBuf>, catalogue: Catalogue) -> Self {
        Self {
            dir: dir.into(),
            catalogue,
            platform: Platform::current(),
        }
    }

    /// The store in [`Self::default_dir`], with the embedded catalogue.
    pub fn open_default() -> Result<Self, Error> {
        Ok(Self::open(Self::default_dir()?))
    }

    /// Where models are kept unless somebody says otherwise: the folder that `MYNAH_MODELS_DIR`
    /// names, else `mynah/models` in the user's cache folder.
    pub fn default_dir() -> Result<PathBuf, Error> {
        if let Some(dir) = env::var_os(DIR_VARIABLE).filter(|dir| !dir.is_empty()) {
            return Ok(dir.into());
        }
        let dirs = ProjectDirs::from("", "", "mynah").ok_or(Error::NoCacheDir)?;
        Ok(dirs.cache_dir().join("models"))
    }

    /// The store's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What the store can hold.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The platform whose files are meant: this one.
    pub fn platform(&self) -> &Platform {
        &self.platform
    }

    /// The folder of an entry, whether it is there or not.
    pub fn folder(&self, id: &str) -> Result<PathBuf, Error> {
        Ok(self.folder_of(self.catalogue.entry(id)?))
    }

    /// The path of an entry's file, whether it is there or not.
    pub fn path(&self, id: &str, file: &str) -> Result<PathBuf, Error> {
        let entry = self.catalogue.entry(id)?;
        let unknown = || Error::UnknownFile {
            id: entry.id.clone(),
            file: file.to_owned(),
        };
        let known = entry
            .files_on(&self.platform)
            .find(|spec| spec.name.as_str() == file);
        Ok(self
            .folder_of(entry)
            .join(known.ok_or_else(unknown)?.name.as_str()))
    }

    /// Whether all files of an entry are there, in their right sizes.
    pub fn installed(&self, id: &str) -> Result<bool, Error> {
        Ok(self.status(id)? == Status::Complete)
    }

    /// The state of an entry by the presence and size of its files, without reading them.
    pub fn status(&self, id: &str) -> Result<Status, Error> {
        let entry = self.catalogue.entry(id)?;
        let folder = self.folder_of(entry);
        let states = self.files(entry)?.map(|file| quick_state(&folder, file));
        Ok(Status::of(&states.collect::<Result<Vec<_>, _>>()?))
    }

    /// Reads all files of an entry and compares their SHA-256 with the catalogue's.
    pub fn check(&self, id: &str, progress: &mut dyn Progress) -> Result<Vec<FileReport>, Error> {
        let entry = self.catalogue.entry(id)?;
        let folder = self.folder_of(entry);
        let report = |file: &FileSpec| {
            let state = full_state(&folder, &entry.id, file, progress)?;
            Ok(FileReport {
                name: file.name.clone(),
                state,
            })
        };
        self.files(entry)?.map(report).collect()
    }

    /// Removes an entry's folder with everything in it, and returns the bytes that freed. Waits
    /// for a pull of the entry to end.
    pub fn remove(&self, id: &str) -> Result<u64, Error> {
        let entry = self.catalogue.entry(id)?;
        let folder = self.folder_of(entry);
        if !fs::exists(&folder).map_err(|error| Error::io("look for", &folder, error))? {
            return Ok(0);
        }
        let _lock = Lock::acquire(&self.dir, &entry.id, || {})?;
        let freed_bytes = disk::usage_bytes(&folder);
        disk::remove(&folder)?;
        Ok(freed_bytes)
    }

    /// Bytes on disk of an entry: its files, unfinished ones, and what was prepared from them.
    pub fn disk_usage_bytes(&self, id: &str) -> Result<u64, Error> {
        Ok(disk::usage_bytes(&self.folder(id)?))
    }

    pub(crate) fn folder_of(&self, entry: &Entry) -> PathBuf {
        self.dir.join(entry.id.as_str())
    }

    /// The files of an entry on this platform; an entry without any is an error.
    pub(crate) fn files<'a>(
        &'a self,
        entry: &'a Entry,
    ) -> Result<impl Iterator<Item = &'a FileSpec>, Error> {
        let mut files = entry.files_on(&self.platform).peekable();
        if files.peek().is_none() {
            let (id, platform) = (entry.id.clone(), self.platform.clone());
            return Err(Error::NoFilesForPlatform { id, platform });
        }
        Ok(files)
    }
}

/// The state of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// All files are there, in their right sizes.
    Complete,
    /// A file has not the catalogue's size: another version, or changed since it was pulled.
    Damaged,
    /// Some files are there, some are missing: a pull was interrupted.
    Incomplete,
    /// No file is there.
    Missing,
}

impl Status {
    fn of(states: &[FileState]) -> Self {
        let missing = states
            .iter()
            .filter(|state| **state == FileState::Missing)
            .count();
        if states
            .iter()
            .any(|s| !matches!(s, FileState::Missing | FileState::Complete))
        {
            Self::Damaged
        } else if missing == 0 {
            Self::Complete
        } else if missing == states.len() {
            Self::Missing
        } else {
            Self::Incomplete
        }
    }
}

/// What a check found of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileReport {
    /// The file.
    pub name: FileName,
    /// Its state.
    pub state: FileState,
}

/// The state of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// It is there and right.
    Complete,
    /// It is not there.
    Missing,
    /// Its content is not the catalogue's.
    WrongHash {
        /// The digest of what is there.
        got: Digest,
    },
    /// Its size is not the catalogue's.
    WrongSize {
        /// The size of what is there.
        got_bytes: u64,
    },
}

fn quick_state(folder: &Path, file: &FileSpec) -> Result<FileState, Error> {
    let path = folder.join(file.name.as_str());
    match fs::metadata(&path) {
        Ok(metadata) if metadata.len() == file.size_bytes => Ok(FileState::Complete),
        Ok(metadata) => Ok(FileState::WrongSize {
            got_bytes: metadata.len(),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(FileState::Missing),
        Err(error) => Err(Error::io("look at", &path, error)),
    }
}

/// The state of a file by its content.
pub(crate) fn full_state(
    folder: &Path,
    model: &ModelId,
    file: &FileSpec,
    progress: &mut dyn Progress,
) -> Result<FileState, Error> {
    let quick = quick_state(folder, file)?;
    if quick != FileState::Complete {
        return Ok(quick);
    }
    let path = folder.join(file.name.as_str());
    let (model, name, total_bytes) = (model.as_str(), file.name.as_str(), file.size_bytes);
    let got = Digest::of_file(&path, |done_bytes| {
        let phase = Phase::Verifying;
        progress.step(&Step {
            model,
            file: name,
            phase,
            done_bytes,
            total_bytes,
        });
    });
    let got = got.map_err(|error| Error::io("read", &path, error))?;
    Ok(if got == file.sha256 {
        FileState::Complete
    } else {
        FileState::WrongHash { got }
    })
}

/// Excludes other pulls and removals of one entry, in this process and in others, until dropped.
pub(crate) struct Lock(#[expect(dead_code, reason = "held for its lock")] File);

impl Lock {
    /// Waits for the lock; `on_wait` is called once if another holds it.
    pub(crate) fn acquire(dir: &Path, id: &ModelId, on_wait: impl FnOnce()) -> Result<Self, Error> {
        // Lock files lie outside the folders they guard and are never removed: a lock on a removed
        // file guards nothing.
        let folder = dir.join(".locks");
        fs::create_dir_all(&folder).map_err(|error| Error::io("create", &folder, error))?;
        let path = folder.join(id.as_str());
        let failed = |error| Error::io("lock", &path, error);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let file = file.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                on_wait();
                file.lock().map_err(failed)?;
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        Ok(Self(file))
    }
}
