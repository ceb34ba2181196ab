//! A file on its way into the store: written and hashed under `<name>.partial`, renamed when right.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::Failure;
use crate::digest::Hasher;
use crate::{Error, FileSpec, SourceError, disk};

/// The unfinished file of one [`FileSpec`]. Dropping it keeps what was written, for a later resume.
pub(super) struct Partial<'s> {
    spec: &'s FileSpec,
    folder: PathBuf,
    path: PathBuf,
    file: File,
    hasher: Hasher,
    written_bytes: u64,
}

impl<'s> Partial<'s> {
    /// Opens the unfinished file in `folder`, keeping and hashing what is already there.
    pub(super) fn open(folder: &Path, spec: &'s FileSpec) -> Result<Self, Error> {
        let path = folder.join(format!("{}.partial", spec.name));
        let failed = |error| Error::io("open", &path, error);
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let mut file = file.map_err(failed)?;
        let mut hasher = Hasher::default();
        let written_bytes = hasher.absorb(&mut file, &mut |_| {}).map_err(failed)?;
        let folder = folder.to_owned();
        let mut partial = Self {
            spec,
            folder,
            path,
            file,
            hasher,
            written_bytes,
        };
        if written_bytes > spec.size_bytes {
            partial.restart()?;
        }
        Ok(partial)
    }

    /// Bytes written so far.
    pub(super) fn len(&self) -> u64 {
        self.written_bytes
    }

    /// Bytes still to come.
    pub(super) fn missing_bytes(&self) -> u64 {
        self.spec.size_bytes - self.written_bytes
    }

    /// Forgets everything written so far.
    pub(super) fn restart(&mut self) -> Result<(), Error> {
        let emptied = self
            .file
            .set_len(0)
            .and_then(|()| self.file.seek(SeekFrom::Start(0)));
        emptied.map_err(|error| Error::io("empty", &self.path, error))?;
        self.hasher = Hasher::default();
        self.written_bytes = 0;
        Ok(())
    }

    /// Appends bytes. More than the catalogue's size, or a full disk, end the file: it is removed.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if bytes.len() as u64 > self.missing_bytes() {
            disk::remove(&self.path)?;
            return Err(self.wrong_size("more").into());
        }
        if let Err(error) = self.file.write_all(bytes) {
            return Err(self.write_failed(error).into());
        }
        self.hasher.update(bytes);
        self.written_bytes += bytes.len() as u64;
        Ok(())
    }

    /// Gives the file its name if it is whole and right; otherwise removes it.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        let got = self.hasher.digest();
        if self.missing_bytes() > 0 {
            disk::remove(&self.path)?;
            let got = format!("{} bytes", self.written_bytes);
            return Err(self.wrong_size(&got).into());
        }
        if got != self.spec.sha256 {
            disk::remove(&self.path)?;
            let (file, expected) = (self.spec.name.to_string(), self.spec.sha256);
            return Err(SourceError::WrongHash {
                file,
                expected,
                got,
            }
            .into());
        }
        if let Err(error) = self.file.sync_all() {
            // Some file systems notice only here that there is no room.
            return Err(self.write_failed(error).into());
        }
        let target = self.folder.join(self.spec.name.as_str());
        let named = fs::rename(&self.path, &target).and_then(|()| disk::flush_dir(&self.folder));
        named.map_err(|error| Error::io("name", &target, error))?;
        Ok(())
    }

    fn write_failed(&mut self, error: io::Error) -> Error {
        let failure = disk::write_failed(&self.path, self.missing_bytes(), error);
        if matches!(failure, Error::DiskFull { .. }) {
            // The error to report is the full disk, whether or not the removal works.
            let _ = disk::remove(&self.path);
        }
        failure
    }

    fn wrong_size(&self, got: &str) -> SourceError {
        let (file, expected_bytes) = (self.spec.name.to_string(), self.spec.size_bytes);
        SourceError::WrongSize {
            file,
            expected_bytes,
            got: got.to_owned(),
        }
    }
}
