//! Room on the disk: asked for before work starts, and recognised when it runs out.

use std::fs;
use std::io;
use std::path::Path;

use crate::Error;
use crate::limits::SPARE_BYTES;

/// Fails when `dir`'s disk has less than `needed_bytes` and some spare room free.
pub(crate) fn require_space(dir: &Path, needed_bytes: u64) -> Result<(), Error> {
    // A file system that cannot tell is not a reason to give up: writing will show.
    let Ok(available_bytes) = fs4::available_space(dir) else {
        return Ok(());
    };
    if available_bytes < needed_bytes.saturating_add(SPARE_BYTES) {
        return Err(Error::DiskFull {
            dir: dir.to_owned(),
            needed_bytes,
            available_bytes,
        });
    }
    Ok(())
}

/// The error for a failed write of `path` that had `needed_bytes` still to write.
pub(crate) fn write_failed(path: &Path, needed_bytes: u64, source: io::Error) -> Error {
    if !matches!(
        source.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    ) {
        return Error::io("write", path, source);
    }
    let dir = path.parent().unwrap_or(path);
    full(dir, needed_bytes)
}

/// The error for a disk that is known to have run out of room.
pub(crate) fn full(dir: &Path, needed_bytes: u64) -> Error {
    let available_bytes = fs4::available_space(dir).unwrap_or(0);
    Error::DiskFull {
        dir: dir.to_owned(),
        needed_bytes,
        available_bytes,
    }
}

/// Bytes of all plain files below `dir`. Files that vanish meanwhile count as nothing, and links
/// are not followed.
pub(crate) fn usage_bytes(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => usage_bytes(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Removes a file or a folder with all it holds; it is no error when nothing is there. A link is
/// removed, never what it points to.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io("remove", path, error))
        }
        _ => Ok(()),
    }
}

/// Makes a rename inside `dir` survive a power cut, where the system can.
pub(crate) fn flush_dir(dir: &Path) -> io::Result<()> {
    if cfg!(unix) {
        fs::File::open(dir)?.sync_all()
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_disk_has_room_for_everything() {
        let dir = tempfile::tempdir().unwrap();
        assert!(require_space(dir.path(), 1).is_ok());
        let error = require_space(dir.path(), u64::MAX / 2).unwrap_err();
        let Error::DiskFull {
            needed_bytes,
            available_bytes,
            ..
        } = error
        else {
            panic!("{error}")
        };
        assert!(available_bytes < needed_bytes);
    }

    #[test]
    fn removing_a_link_spares_its_target() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("target");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("file"), "x").unwrap();
        #[cfg(unix)]
        {
            let link = dir.path().join("link");
            std::os::unix::fs::symlink(&target, &link).unwrap();
            remove(&link).unwrap();
            assert!(!fs::exists(&link).unwrap());
        }
        assert!(fs::exists(target.join("file")).unwrap());
        remove(&target).unwrap();
        remove(&target).unwrap();
        assert!(!fs::exists(&target).unwrap());
    }
}
