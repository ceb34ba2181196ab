//! Where things are: the checkout, the caches outside it, the built program, the recordings.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Overrides the folder that `mynah models pull` fills and the server reads.
pub(crate) const MODELS_DIR_VARIABLE: &str = "MYNAH_MODELS_DIR";
/// Overrides the folder with the larger set of test recordings.
pub(crate) const AUDIO_DIR_VARIABLE: &str = "MYNAH_AUDIO_DIR";

/// The folder of the checkout.
pub(crate) fn root() -> PathBuf {
    let manifest_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest_dir.parent().unwrap_or(manifest_dir).to_path_buf()
}

/// A folder for downloads and environments that are kept between runs, outside the checkout.
pub(crate) fn cache_dir(name: &str) -> Result<PathBuf> {
    let dir = user_cache_dir()?.join("mynah").join(name);
    std::fs::create_dir_all(&dir).with_context(|| format!("creating {}", dir.display()))?;
    Ok(dir)
}

/// The weights: where the program keeps them by itself, unless the environment says otherwise.
pub(crate) fn models_dir() -> Result<PathBuf> {
    match env::var_os(MODELS_DIR_VARIABLE) {
        Some(dir) => Ok(PathBuf::from(dir)),
        None => Ok(user_cache_dir()?.join("mynah").join("models")),
    }
}

/// The larger set of recordings for the benches, where the environment names one.
pub(crate) fn audio_dir() -> Option<PathBuf> {
    let dir = PathBuf::from(env::var_os(AUDIO_DIR_VARIABLE)?);
    dir.is_dir().then_some(dir)
}

/// A program as cargo built it, in this folder of its outputs.
pub(crate) fn program(output_dir: &str, name: &str) -> PathBuf {
    target_dir()
        .join(output_dir)
        .join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

/// Where test runs leave their logs.
pub(crate) fn logs_dir(name: &str) -> Result<PathBuf> {
    let dir = target_dir().join("logs").join(name);
    std::fs::create_dir_all(&dir).with_context(|| format!("creating {}", dir.display()))?;
    Ok(dir)
}

fn target_dir() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

fn user_cache_dir() -> Result<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value: &OsString| !value.is_empty());
    set("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| set("HOME").map(|home| PathBuf::from(home).join(".cache")))
        .context("neither XDG_CACHE_HOME nor HOME is set: no place for downloads")
}
