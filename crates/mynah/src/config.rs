//! Settings: the command line and environment first, then the configuration file, then defaults.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use mynah_server::{Quotas, Reach};
use mynah_speech::Pipeline;
use serde::Deserialize;

use crate::cli::{Common, Serve};

/// The configuration file that is read when none is named.
const DEFAULT_FILE: &str = "mynah.toml";

/// The configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Address to listen on.
    pub(crate) listen: Option<SocketAddr>,
    /// Folder of the server's state.
    data: Option<PathBuf>,
    /// Folder of the installed models.
    models: Option<PathBuf>,
    /// Threads that recognise speech.
    workers: Option<usize>,
    /// Live streams that may be open at once.
    pub(crate) slots: Option<usize>,
    /// What one key may use.
    #[serde(default)]
    pub(crate) quotas: Quotas,
    /// Whether clients may have files fetched from private addresses.
    allow_private_urls: Option<bool>,
    /// Which recognisers serve a model id and its snapshots, instead of the default.
    #[serde(default)]
    pub(crate) serve: BTreeMap<String, Pipeline>,
}

impl Config {
    /// Reads the configuration file that the options name, or the default one if it exists.
    pub(crate) fn read(options: &Common) -> Result<Self> {
        let path = match &options.config {
            Some(path) => path.as_path(),
            None if Path::new(DEFAULT_FILE).is_file() => Path::new(DEFAULT_FILE),
            None => return Ok(Self::default()),
        };
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the configuration file {}", path.display()))?;
        toml::from_str(&text)
            .with_context(|| format!("the configuration file {} is not valid", path.display()))
    }

    /// Folder of the server's state.
    pub(crate) fn data(&self, options: &Common) -> Result<PathBuf> {
        if let Some(folder) = options.data.as_ref().or(self.data.as_ref()) {
            return Ok(folder.clone());
        }
        let folders = directories::ProjectDirs::from("", "", "mynah")
            .context("this user has no home folder: name a data folder with --data")?;
        Ok(folders.data_dir().to_owned())
    }

    /// The store of models.
    pub(crate) fn models(&self, options: &Common) -> Result<mynah_models::Store> {
        Ok(match options.models.as_ref().or(self.models.as_ref()) {
            Some(folder) => mynah_models::Store::open(folder),
            None => mynah_models::Store::open_default()?,
        })
    }

    /// Where files that clients name by URL may be fetched from.
    pub(crate) fn reach(&self, arguments: &Serve) -> Reach {
        if arguments.allow_private_urls || self.allow_private_urls == Some(true) {
            Reach::Everywhere
        } else {
            Reach::Public
        }
    }

    /// Threads that recognise speech: one per core unless set.
    pub(crate) fn workers(&self, options: &Common) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        options
            .workers
            .or(self.workers)
            .unwrap_or_else(cores)
            .max(1)
    }
}

#[cfg(test)]
mod tests {
    use mynah_speech::Effort;

    use super::*;

    fn options(config: Option<PathBuf>) -> Common {
        Common {
            config,
            data: None,
            models: None,
            workers: None,
        }
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "data = \"/of/file\"\nworkers = 3\n[serve.\"fun-asr-realtime\"]\n\
                    recognizer = \"whisper-base\"\neffort = \"accurate\"\npartials = []\n";
        std::fs::write(file.path(), text).unwrap();
        let mut options = options(Some(file.path().to_owned()));
        let config = Config::read(&options).unwrap();
        assert_eq!(config.data(&options).unwrap(), Path::new("/of/file"));
        assert_eq!(config.workers(&options), 3);
        assert_eq!(config.serve["fun-asr-realtime"].effort, Effort::Accurate);
        options.data = Some(PathBuf::from("/of/line"));
        assert_eq!(config.data(&options).unwrap(), Path::new("/of/line"));
    }

    #[test]
    fn quotas_are_raised_one_by_one() {
        let quotas = |text| toml::from_str::<Config>(text).map(|config| config.quotas);
        let found = quotas("[quotas]\nvocabularies = 50\n").unwrap();
        assert_eq!((found.vocabularies, found.tasks_per_second.get()), (50, 20));
        quotas("[quotas]\ntasks_per_second = 0\n").unwrap_err();
        quotas("[quotas]\nvocabulary = 1\n").unwrap_err();
    }

    #[test]
    fn a_misspelt_setting_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "lisen = \"127.0.0.1:1\"").unwrap();
        let error = Config::read(&options(Some(file.path().to_owned()))).unwrap_err();
        assert!(format!("{error:#}").contains("lisen"), "{error:#}");
    }
}
