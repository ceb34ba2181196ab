//! What can be pulled: entries, their files, and where the bytes can be had.
//!
//! The catalogue is a TOML text that people read and edit, see `catalogue.toml` beside this file.
//! [`Catalogue::parse`] checks everything the rest of the crate relies on, so that an entry in
//! memory is always whole: names are plain, digests and sizes are given, every file has a source.

mod names;
mod source;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::limits::FILE_BYTES_MAX;
use crate::{Digest, Error};

pub use names::{FileName, ModelId, Platform};
pub(crate) use source::host_of;
pub use source::{Package, Paths, Repository, Source, Website, WheelTags};

/// The catalogue that this program was built with.
static EMBEDDED: LazyLock<Catalogue> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "the text is compiled in and parsed by a test below"
    )]
    Catalogue::parse(include_str!("catalogue.toml")).expect("the embedded catalogue is valid")
});

/// All entries and the named sets of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    #[serde(default)]
    sets: BTreeMap<String, Vec<ModelId>>,
    #[serde(default, rename = "model")]
    entries: Vec<Entry>,
}

impl Catalogue {
    /// The catalogue that this program was built with.
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// Reads and checks a catalogue in the format of the embedded one.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let catalogue: Self =
            toml::from_str(text).map_err(|error| Error::Catalogue(error.to_string()))?;
        catalogue.check().map_err(Error::Catalogue)?;
        Ok(catalogue)
    }

    /// All entries, in the order of the text.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The named sets, `starter` for instance.
    pub fn sets(&self) -> impl Iterator<Item = (&str, &[ModelId])> {
        self.sets
            .iter()
            .map(|(name, ids)| (name.as_str(), ids.as_slice()))
    }

    /// The entry called `id`.
    pub fn entry(&self, id: &str) -> Result<&Entry, Error> {
        let found = self.entries.iter().find(|entry| entry.id.as_str() == id);
        found.ok_or_else(|| Error::NotInCatalogue(id.to_owned()))
    }

    /// The entries of the set called `name`, or else the one entry of that name.
    pub fn resolve(&self, name: &str) -> Result<Vec<&Entry>, Error> {
        match self.sets.get(name) {
            Some(ids) => ids.iter().map(|id| self.entry(id.as_str())).collect(),
            None => Ok(vec![self.entry(name)?]),
        }
    }

    fn check(&self) -> Result<(), String> {
        let mut ids = BTreeSet::new();
        for entry in &self.entries {
            if !ids.insert(&entry.id) {
                return Err(format!("{} is there twice", entry.id));
            }
            entry
                .check()
                .map_err(|problem| format!("{}: {problem}", entry.id))?;
        }
        for (set, members) in &self.sets {
            if let Some(stranger) = members.iter().find(|id| !ids.contains(id)) {
                return Err(format!("set {set} has {stranger}, which is no entry"));
            }
        }
        Ok(())
    }
}

/// One thing that can be installed as a whole: a model, or a native library.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name in commands, configuration and the store.
    pub id: ModelId,
    /// What it is for.
    pub kind: Kind,
    /// What it is, for people.
    pub title: String,
    /// The licence of the files: an SPDX expression where there is one, else its name.
    pub licence: String,
    /// What a user should know about the licence.
    pub licence_notes: Option<String>,
    /// Who made the files and how they came to where they are pulled from.
    pub provenance: String,
    /// The languages it knows, as codes that DashScope and Whisper use. Empty where languages do
    /// not matter.
    #[serde(default)]
    pub languages: Vec<String>,
    /// Measured quality, best known figures first.
    #[serde(default)]
    pub quality: Vec<Quality>,
    /// All files, of all platforms. See [`Self::files_on`].
    #[serde(rename = "file")]
    pub files: Vec<FileSpec>,
    /// Where the files can be had, in order of preference. See [`Self::sources_on`].
    #[serde(rename = "source")]
    pub sources: Vec<Source>,
}

impl Entry {
    /// The files that this entry consists of on `platform`.
    pub fn files_on(&self, platform: &Platform) -> impl Iterator<Item = &FileSpec> {
        self.files
            .iter()
            .filter(move |file| suits(file.platform.as_ref(), platform))
    }

    /// The sources that have files for `platform`.
    pub fn sources_on(&self, platform: &Platform) -> impl Iterator<Item = &Source> {
        self.sources
            .iter()
            .filter(move |source| suits(source.platform(), platform))
    }

    /// Bytes on disk on `platform`, without anything prepared from the files later.
    pub fn size_bytes(&self, platform: &Platform) -> u64 {
        self.files_on(platform).map(|file| file.size_bytes).sum()
    }

    fn check(&self) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        for file in &self.files {
            if !seen.insert((&file.platform, &file.name)) {
                return Err(format!("file {} is there twice", file.name));
            }
            check_size(&file.name, file.size_bytes)?;
            if !self.sources.iter().any(|source| source.offers(file)) {
                return Err(format!("no source has {}", file.name));
            }
        }
        for source in &self.sources {
            self.check_source(source)
                .map_err(|problem| format!("{source}: {problem}"))?;
        }
        if seen.is_empty() {
            Err("it has no files".to_owned())
        } else {
            Ok(())
        }
    }

    fn check_source(&self, source: &Source) -> Result<(), String> {
        let known = |name: &FileName| {
            self.files
                .iter()
                .any(|file| file.name == *name && source.offers(file))
        };
        if let Some(stranger) = source.paths().keys().find(|name| !known(name)) {
            return Err(format!(
                "{stranger} is no file of the entry on that platform"
            ));
        }
        match source {
            Source::Web(site)
                if !site.base.starts_with("https://") && !site.base.starts_with("http://") =>
            {
                Err(format!("{:?} is no web address", site.base))
            }
            Source::Npm(package) | Source::Pypi(package) => check_size(source, package.size_bytes),
            _ => Ok(()),
        }
    }
}

/// What an entry is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Speech to text.
    Recognizer,
    /// A native library that other entries need.
    RuntimeLibrary,
    /// Tells speech from silence.
    VoiceActivity,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Recognizer => "recognizer",
            Self::RuntimeLibrary => "runtime library",
            Self::VoiceActivity => "voice activity",
        })
    }
}

/// A measured figure and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quality {
    /// What was measured: `CER`, `WER`.
    pub metric: String,
    /// On which recordings.
    pub dataset: String,
    /// The figure with its unit.
    pub value: String,
    /// Who measured it, and what exactly: other weights than these are named here.
    pub measured_by: String,
}

/// One file of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSpec {
    /// Its name in the store.
    pub name: FileName,
    /// The SHA-256 of its content.
    pub sha256: Digest,
    /// Its size.
    pub size_bytes: u64,
    /// The only platform that uses it; `None` for all.
    pub platform: Option<Platform>,
}

fn suits(only: Option<&Platform>, platform: &Platform) -> bool {
    only.is_none_or(|only| only == platform)
}

fn check_size(what: &impl fmt::Display, bytes: u64) -> Result<(), String> {
    match bytes {
        1..=FILE_BYTES_MAX => Ok(()),
        _ => Err(format!("{what}: {bytes} bytes is no sensible size")),
    }
}

#[cfg(test)]
mod tests;
