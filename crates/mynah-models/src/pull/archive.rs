//! Taking files out of an archive whose SHA-256 has been verified.
//!
//! Only the paths that the catalogue names are looked for, only plain files are taken, and they are
//! written under the catalogue's names: nothing in an archive decides where bytes go.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use zip::ZipArchive;
use zip::result::ZipError;

use super::partial::Partial;
use super::{Failure, Job};
use crate::limits::CHUNK_BYTES;
use crate::{Error, FileSpec, Paths, Phase, SourceError};

/// Takes `wanted` out of a `.tgz`, `.tar.gz`, `.zip` or `.whl`.
pub(super) fn extract(
    path: &Path,
    paths: &Paths,
    wanted: &[&FileSpec],
    job: &mut Job<'_>,
) -> Result<(), Failure> {
    let archive = Archive {
        name: name(path),
        paths,
    };
    let file = File::open(path).map_err(|error| Error::io("open", path, error))?;
    if has_end(&archive.name, &[".whl", ".zip"]) {
        archive.extract_zip(file, wanted, job)
    } else if has_end(&archive.name, &[".tgz", ".tar.gz"]) {
        archive.extract_tar(file, wanted, job)
    } else {
        Err(archive.broken(&"neither a zip nor a tar.gz").into())
    }
}

/// The name of an archive for people.
pub(super) fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

fn has_end(name: &str, ends: &[&str]) -> bool {
    ends.iter().any(|end| name.ends_with(end))
}

struct Archive<'a> {
    name: String,
    paths: &'a Paths,
}

impl Archive<'_> {
    fn extract_zip(
        &self,
        file: File,
        wanted: &[&FileSpec],
        job: &mut Job<'_>,
    ) -> Result<(), Failure> {
        let mut zip = ZipArchive::new(file).map_err(|error| self.broken(&error))?;
        for file in wanted {
            let path = self.path_of(file);
            let mut member = match zip.by_name(path) {
                Ok(member) if member.is_file() => member,
                Ok(_) | Err(ZipError::FileNotFound) => return Err(self.absent(path).into()),
                Err(error) => return Err(self.broken(&error).into()),
            };
            self.take(&mut member, file, job)?;
        }
        Ok(())
    }

    /// A tar has no table of contents: it is read once, and every wanted file taken as it passes.
    fn extract_tar(
        &self,
        file: File,
        wanted: &[&FileSpec],
        job: &mut Job<'_>,
    ) -> Result<(), Failure> {
        let mut left = wanted.to_vec();
        let mut tar = tar::Archive::new(GzDecoder::new(file));
        for member in tar.entries().map_err(|error| self.broken(&error))? {
            let mut member = member.map_err(|error| self.broken(&error))?;
            if !member.header().entry_type().is_file() {
                continue;
            }
            let matches = |file: &&FileSpec| self.path_of(file).as_bytes() == &*member.path_bytes();
            let Some(index) = left.iter().position(matches) else {
                continue;
            };
            self.take(&mut member, left.swap_remove(index), job)?;
            if left.is_empty() {
                return Ok(());
            }
        }
        match left.first() {
            Some(file) => Err(self.absent(self.path_of(file)).into()),
            None => Ok(()),
        }
    }

    fn take(
        &self,
        member: &mut impl Read,
        file: &FileSpec,
        job: &mut Job<'_>,
    ) -> Result<(), Failure> {
        let mut partial = Partial::open(&job.folder, file)?;
        partial.restart()?;
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            match member.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => partial.write(&chunk[..count])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.broken(&error).into()),
            }
            job.step(
                file.name.as_str(),
                Phase::Extracting,
                partial.len(),
                file.size_bytes,
            );
        }
        partial.finish()?;
        job.missing.retain(|missing| missing.name != file.name);
        Ok(())
    }

    fn path_of(&self, file: &FileSpec) -> &str {
        self.paths.get(&file.name).map_or("", String::as_str)
    }

    fn broken(&self, detail: &impl ToString) -> SourceError {
        SourceError::Archive {
            archive: self.name.clone(),
            detail: detail.to_string(),
        }
    }

    fn absent(&self, path: &str) -> SourceError {
        SourceError::NotInArchive {
            archive: self.name.clone(),
            path: path.to_owned(),
        }
    }
}
