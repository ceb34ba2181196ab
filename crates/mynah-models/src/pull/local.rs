//! A folder of files that somebody carried here.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::partial::Partial;
use super::{Failure, Job};
use crate::limits::CHUNK_BYTES;
use crate::{Error, FileSpec, Phase, SourceError};

/// Copies `file` from `dir/<id>/` or `dir/`, whichever has the right bytes.
pub(super) fn copy(dir: &Path, file: &FileSpec, job: &mut Job<'_>) -> Result<(), Failure> {
    let name = file.name.as_str();
    let mut reason = SourceError::NotInDir {
        file: file.name.clone(),
        dir: dir.to_owned(),
    };
    for path in [dir.join(job.model.as_str()).join(name), dir.join(name)] {
        match copy_one(&path, file, job) {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(Failure::Source(wrong)) => reason = wrong,
            Err(fatal) => return Err(fatal),
        }
    }
    Err(reason.into())
}

/// Copies one file; `false` when there is none.
fn copy_one(path: &PathBuf, file: &FileSpec, job: &mut Job<'_>) -> Result<bool, Failure> {
    let mut source = match File::open(path) {
        Ok(source) => source,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(Error::io("open", path, error).into()),
    };
    let mut partial = Partial::open(&job.folder, file)?;
    partial.restart()?;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let count = source
            .read(&mut chunk)
            .map_err(|error| Error::io("read", path, error))?;
        if count == 0 {
            break;
        }
        partial.write(&chunk[..count])?;
        job.step(
            file.name.as_str(),
            Phase::Downloading,
            partial.len(),
            file.size_bytes,
        );
    }
    partial.finish()?;
    Ok(true)
}
