//! Where an entry's files can be had.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::{FileName, FileSpec, Platform};
use crate::Digest;

/// The files that a source has: name in the store to path at the source.
pub type Paths = BTreeMap<FileName, String>;

/// A place that has some or all files of an entry.
///
/// Hubs and web sites hand out single files over HTTPS; registries hand out one archive that holds
/// the files, fetched by the registry's own client program.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "from", rename_all = "lowercase")]
pub enum Source {
    /// A repository on Hugging Face.
    HuggingFace(Repository),
    /// A repository on ModelScope.
    ModelScope(Repository),
    /// A package of the npm registry.
    Npm(Package),
    /// A distribution on the Python Package Index.
    Pypi(Package),
    /// The publisher's own web site.
    Web(Website),
}

impl Source {
    /// The files this source has.
    pub fn paths(&self) -> &Paths {
        match self {
            Self::HuggingFace(repository) | Self::ModelScope(repository) => &repository.paths,
            Self::Npm(package) | Self::Pypi(package) => &package.paths,
            Self::Web(site) => &site.paths,
        }
    }

    /// The only platform this source serves; `None` for all.
    pub fn platform(&self) -> Option<&Platform> {
        match self {
            Self::HuggingFace(repository) | Self::ModelScope(repository) => {
                repository.platform.as_ref()
            }
            Self::Npm(package) | Self::Pypi(package) => package.platform.as_ref(),
            Self::Web(site) => site.platform.as_ref(),
        }
    }

    /// Whether the source has `file`.
    pub fn offers(&self, file: &FileSpec) -> bool {
        self.platform() == file.platform.as_ref() && self.paths().contains_key(&file.name)
    }

    /// Whether this is a package registry.
    pub fn is_registry(&self) -> bool {
        matches!(self, Self::Npm(_) | Self::Pypi(_))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HuggingFace(repository) => write!(f, "Hugging Face {}", repository.repository),
            Self::ModelScope(repository) => write!(f, "ModelScope {}", repository.repository),
            Self::Npm(package) => write!(f, "npm package {} {}", package.package, package.version),
            Self::Pypi(package) => {
                write!(f, "PyPI package {} {}", package.package, package.version)
            }
            Self::Web(site) => f.write_str(site.host()),
        }
    }
}

/// A repository of a hub at one revision.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// Owner and name, `Xenova/whisper-base` for instance.
    pub repository: String,
    /// A commit, or the name of a branch where no commit is known.
    pub revision: String,
    /// The only platform it is for.
    pub platform: Option<Platform>,
    /// The files it has.
    pub paths: Paths,
}

/// A folder of a web site.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Website {
    /// The address that the paths are appended to, with a `/` at its end.
    pub base: String,
    /// The only platform it is for.
    pub platform: Option<Platform>,
    /// The files it has.
    pub paths: Paths,
}

impl Website {
    /// The host, with its port where it has one.
    pub fn host(&self) -> &str {
        host_of(&self.base)
    }
}

/// The host of a web address, with its port where it has one.
pub(crate) fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

/// A package of a registry: one archive that holds files.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Its name, with its scope if it has one.
    pub package: String,
    /// Its exact version.
    pub version: String,
    /// The SHA-256 of the archive.
    pub sha256: Digest,
    /// The size of the archive.
    pub size_bytes: u64,
    /// For PyPI: the tags of the wheel; `None` for a source distribution. No meaning for npm.
    pub wheel: Option<WheelTags>,
    /// The only platform it is for.
    pub platform: Option<Platform>,
    /// The files it has, by their paths in the archive.
    pub paths: Paths,
}

/// Which of a version's wheels is meant, in the words of `pip download`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WheelTags {
    /// `any`, or a platform tag: `manylinux_2_28_x86_64`, `macosx_14_0_arm64`.
    pub platform: String,
    /// The Python version of a wheel that is for one version only: `3.11`. Such a wheel's ABI tag
    /// is taken to be `cp311`.
    pub python: Option<String>,
}
