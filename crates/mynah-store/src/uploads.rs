//! Files that clients lend to the server for a while, in a folder of the data folder.
//!
//! There is no table of them: a name says whose file it is, its place in the folder follows from
//! the name, and its age is the file's own. So nothing can disagree after a crash.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, PersistError};

use crate::KeyId;

/// Life of an upload.
pub const UPLOAD_LIFE: Duration = Duration::from_hours(48);
/// All uploads together, in bytes.
pub const UPLOADS_BYTES_MAX: u64 = 10 << 30;
/// Uploads that are kept at the same time.
pub const UPLOADS_MAX: u64 = 10_000;
/// Longest name of a file, in bytes.
pub const FILE_NAME_BYTES_MAX: usize = 255;

/// Every name begins like this; the Python SDK knows uploads of its own service by it.
const PREFIX: &str = "dashscope-instant";
/// Life of a temporary file that no process holds any more.
const SCRATCH_LIFE: Duration = Duration::from_hours(1);

/// The name of an upload: `dashscope-instant/<owner>/<unguessable>/<file name>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadName {
    owner: String,
    folder: String,
    file: String,
}

impl UploadName {
    /// What the names of a new upload's files begin with, without a slash at the end.
    pub fn new_folder(owner: &KeyId) -> String {
        format!("{PREFIX}/{owner}/{}", uuid::Uuid::new_v4())
    }

    /// Reads a name. Nothing but the form is looked at.
    pub fn parse(name: &str) -> Option<Self> {
        let rest = name.strip_prefix(PREFIX)?.strip_prefix('/')?;
        let (owner, rest) = rest.split_once('/')?;
        let (folder, file) = rest.split_once('/')?;
        let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_owner = !owner.is_empty() && owner.len() <= 64 && is_hex(owner);
        let is_folder = uuid::Uuid::try_parse(folder).is_ok();
        let is_file = !file.is_empty() && file.len() <= FILE_NAME_BYTES_MAX && !file.contains('/');
        (is_owner && is_folder && is_file).then(|| Self {
            owner: owner.to_owned(),
            folder: folder.to_owned(),
            file: file.to_owned(),
        })
    }

    /// Whether a key made this upload.
    pub fn belongs_to(&self, key: &KeyId) -> bool {
        self.owner == key.to_string()
    }

    /// Whether the name is inside a folder that [`UploadName::new_folder`] made.
    pub fn is_in(&self, folder: &str) -> bool {
        folder == format!("{PREFIX}/{}/{}", self.owner, self.folder)
    }

    /// File names come from strangers, so none is used on the disk.
    fn path(&self) -> PathBuf {
        let hash = Sha256::digest(self.file.as_bytes());
        let hex = hash.iter().fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        Path::new(&self.owner).join(&self.folder).join(hex)
    }
}

/// Why an upload cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// An upload of this name is there already.
    #[error("the upload exists already")]
    Exists,
    /// The folder is full.
    #[error("there is no room for more uploads")]
    Full,
    /// The disk failed.
    #[error("uploads: {0}")]
    Disk(#[from] io::Error),
}

/// The folder of uploads, and the folder where files grow. All methods touch the disk.
#[derive(Clone, Debug)]
pub struct Uploads {
    kept: PathBuf,
    scratch: PathBuf,
}

impl Uploads {
    /// The uploads of a data folder. What a dead process left half-written is removed.
    pub fn open(data_folder: &Path) -> io::Result<Self> {
        let uploads = Self {
            kept: data_folder.join("uploads"),
            scratch: data_folder.join("scratch"),
        };
        fs::create_dir_all(&uploads.kept)?;
        fs::create_dir_all(&uploads.scratch)?;
        remove_older(&uploads.scratch, SCRATCH_LIFE)?;
        uploads.remove_expired()?;
        Ok(uploads)
    }

    /// Where files grow: on the disk that keeps them. What a process left that died is removed at a
    /// later start.
    pub fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// Keeps a complete file under a name.
    pub fn keep(&self, file: NamedTempFile, name: &UploadName) -> Result<(), UploadError> {
        self.remove_expired()?;
        let bytes = file.as_file().metadata()?.len();
        let (count, total) = self.used()?;
        if count >= UPLOADS_MAX || total + bytes > UPLOADS_BYTES_MAX {
            return Err(UploadError::Full);
        }
        let path = self.kept.join(name.path());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        match file.persist_noclobber(path) {
            Ok(_) => Ok(()),
            Err(PersistError { error, .. }) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(UploadError::Exists)
            }
            Err(PersistError { error, .. }) => Err(error.into()),
        }
    }

    /// An upload's file, unless there is none or its life is over.
    pub fn find(&self, name: &UploadName) -> Option<PathBuf> {
        let path = self.kept.join(name.path());
        let age = age(&fs::metadata(&path).ok()?);
        (age < UPLOAD_LIFE).then_some(path)
    }

    /// Removes uploads whose life is over.
    pub fn remove_expired(&self) -> io::Result<()> {
        remove_older(&self.kept, UPLOAD_LIFE)
    }

    /// How many uploads there are, and their bytes.
    fn used(&self) -> io::Result<(u64, u64)> {
        let (mut count, mut total) = (0, 0);
        visit(&self.kept, &mut |_, metadata| {
            count += 1;
            total += metadata.len();
            Ok(())
        })?;
        Ok((count, total))
    }
}

/// Removes the files below a folder that are older, and the folders that hold none.
fn remove_older(folder: &Path, life: Duration) -> io::Result<()> {
    visit(folder, &mut |path, metadata| {
        if age(metadata) < life {
            return Ok(());
        }
        match fs::remove_file(path) {
            // Another request was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    })
}

/// Shows every file below a folder, and then removes the folders in it that are empty and old: a new
/// one may be about to get its file.
fn visit(
    folder: &Path,
    see: &mut dyn FnMut(&Path, &fs::Metadata) -> io::Result<()>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Another request may have removed it meanwhile.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        let path = entry.path();
        if metadata.is_dir() {
            visit(&path, see)?;
            if age(&metadata) >= SCRATCH_LIFE {
                // Fails, as it should, for one that is not empty.
                let _ = fs::remove_dir(&path);
            }
        } else if metadata.is_file() {
            see(&path, &metadata)?;
        }
    }
    Ok(())
}

fn age(metadata: &fs::Metadata) -> Duration {
    let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    // A file from the future is new.
    SystemTime::now()
        .duration_since(modified)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::Store;

    fn draft(uploads: &Uploads, text: &str) -> NamedTempFile {
        let mut file = NamedTempFile::new_in(uploads.scratch()).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    async fn key(folder: &Path) -> KeyId {
        let store = Store::open(folder).await.unwrap();
        store.create_key("tests").await.unwrap().id
    }

    #[tokio::test]
    async fn an_upload_is_found_by_its_name_until_its_life_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let key = key(folder.path()).await;
        let uploads = Uploads::open(folder.path()).unwrap();
        let dir = UploadName::new_folder(&key);
        let name = UploadName::parse(&format!("{dir}/你好 1.wav")).unwrap();
        assert!(name.belongs_to(&key) && name.is_in(&dir));
        assert_eq!(uploads.find(&name), None);
        uploads.keep(draft(&uploads, "one"), &name).unwrap();
        let again = uploads.keep(draft(&uploads, "two"), &name);
        assert!(matches!(again, Err(UploadError::Exists)));

        let uploads = Uploads::open(folder.path()).unwrap();
        let path = uploads.find(&name).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(uploads.used().unwrap(), (1, 3));

        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::now() - UPLOAD_LIFE).unwrap();
        assert_eq!(uploads.find(&name), None);
        uploads.remove_expired().unwrap();
        assert_eq!(uploads.used().unwrap(), (0, 0));
    }

    #[tokio::test]
    async fn names_lead_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let (mine, other) = (key(folder.path()).await, key(folder.path()).await);
        let dir = UploadName::new_folder(&mine);
        let name = UploadName::parse(&format!("{dir}/a.wav")).unwrap();
        assert!(!name.belongs_to(&other));
        assert!(!name.is_in(&UploadName::new_folder(&mine)));
        // The name of the file never becomes a name on the disk.
        let dots = UploadName::parse(&format!("{dir}/..")).unwrap();
        assert_eq!(dots.path().parent(), name.path().parent());
        for wrong in [
            "",
            "dashscope-instant",
            &dir,
            &format!("{dir}/"),
            &format!("{dir}/a/b"),
            &format!("{dir}/{}", "a".repeat(FILE_NAME_BYTES_MAX + 1)),
            "dashscope-instant/../x/y",
            "dashscope-instant/ab/../a.wav",
            "other/ab/6f1f6b0e-0000-4000-8000-000000000002/a.wav",
        ] {
            assert_eq!(UploadName::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_a_dead_process_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = Uploads::open(folder.path()).unwrap();
        let left = uploads.scratch().join("left");
        let file = fs::File::create(&left).unwrap();
        file.set_modified(SystemTime::now() - SCRATCH_LIFE).unwrap();
        fs::write(uploads.scratch().join("used"), "").unwrap();
        Uploads::open(folder.path()).unwrap();
        assert!(!left.exists() && uploads.scratch().join("used").exists());
    }
}
